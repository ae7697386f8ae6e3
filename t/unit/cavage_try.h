
/*
 * For the tests of cavage: requests tried whole.  Signing strings are written
 * out by hand and signed by libcrypto's one-shot functions, so that the
 * verifier is held against the draft and not against itself.
 */


#ifndef _CAVAGE_TRY_H_INCLUDED_
#define _CAVAGE_TRY_H_INCLUDED_


#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sign_steps.h"
#include "sign_scheme.h"
#include "sign_verify.h"


#define SECRET  "an example secret of more than 32 bytes"
#define DATE    "Tue, 20 Apr 2021 02:07:53 GMT"       /* CREATED */

#define GET     "GET /a?b=c HTTP/1.1\nHost: app.example\nDate: " DATE "\n"
#define LISTED  "headers=\"(request-target) host date\","
#define BASE    "(request-target): get /a?b=c\nhost: app.example\n"           \
                "date: " DATE


static postern_str_t  try_secret = postern_string(SECRET);
static const EVP_MD  *(*try_hash)(void) = EVP_sha256;


/* base64 of the HMAC */

static inline void
try_mac(const char *base, char *out)
{
    unsigned      len;
    unsigned char  mac[EVP_MAX_MD_SIZE];

    HMAC(try_hash(), SECRET, sizeof(SECRET) - 1, (const unsigned char *) base,
         strlen(base), mac, &len);
    EVP_EncodeBlock((unsigned char *) out, mac, (int) len);
}


/* cover, window and key as they are; SIG in the text becomes the signature */

static inline sign_code_e
try_text(const char *text, const char *signature)
{
    char         whole[16384];
    sign_key_t  *ready;
    const char  *at;
    sign_code_e  code;

    at = strstr(text, "SIG\"");
    at = at ? at : text + strlen(text);

    snprintf(whole, sizeof(whole), "%.*s%s%s\n", (int) (at - text), text,
             *at ? signature : "", *at ? at + 3 : "");

    code = check_of(whole);

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    if (code == SIGN_OK) {
        ready = sign_key_create(&key, try_secret);
        code = ready ? sign_verify(ready, &message) : SIGN_KEY_UNUSABLE;
        sign_key_destroy(ready);

        if (code == SIGN_INVALID) {
            (void) strcpy(message.detail, "invalid");
        }
    }

    return code;
}


static inline sign_code_e
try_base(const char *text, const char *base)
{
    char  signature[256];

    try_mac(base, signature);

    return try_text(text, signature);
}


static inline void
try_defaults(void)
{
    defaults();

    policy.schemes = SIGN_CAVAGE;
    policy.cover = SIGN_COVER_DEFAULT;
    try_hash = EVP_sha256;
}


#endif /* _CAVAGE_TRY_H_INCLUDED_ */
