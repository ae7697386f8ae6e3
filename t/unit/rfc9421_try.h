
/*
 * For the tests of RFC 9421: the parts that their requests are put together of.
 * B2 is the request of appendix B.2, without what signs it.
 */


#ifndef _RFC9421_TRY_H_INCLUDED_
#define _RFC9421_TRY_H_INCLUDED_


#include "sign_steps.h"


#define SIGNED(input)                                                         \
    "Signature-Input: sig=" input "\nSignature: sig=:AAECAw==:\n\n"

#define GET        "GET /path?param=value HTTP/1.1\nHost: www.example.com\n"
#define PARAMS     ";created=1618884473;keyid=\"k\""
#define KEY        ";keyid=\"k\""
#define TIME       ";created=1618884473"

#define B2                                                                    \
    "POST /foo?param=Value&Pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"                                   \
    "Content-Type: application/json\n"                                        \
    "Content-Digest: " B2_DIGEST "\n"                                         \
    "Content-Length: 18\n"

#define B2_DIGEST                                                             \
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7" \
    "BNNyealdVLvRwEmTHWXvJwew==:"


#endif /* _RFC9421_TRY_H_INCLUDED_ */
