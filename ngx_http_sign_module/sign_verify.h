
/*
 * Cryptography: keys made ready once and used for many requests.  The functions
 * are declared in sign_message.h; this tells where keyed state lives.
 *
 * An HMAC key becomes the inner and the outer state of its hash, computed once;
 * a verification starts from copies of them.  A key for SigV4 is the same
 * secret behind "AWS4", and from it, for each (date, region, service) that
 * somebody proved to hold the key for, a signing key made ready in the same
 * way: SIGN_SCOPES of them, the least recently used one makes room.  A scope is
 * kept only after a signature in it verified, so that requests with invented
 * scopes cannot push out the ones in use.
 *
 * Whoever has such a state can sign, though not tell the secret: all of them
 * lie in the sign_key_t, or on the stack while one is derived from another, and
 * are wiped there.  The copy of the secret with "AWS4" in front exists on the
 * stack of sign_key_create() only.  Public keys lie in the sign_key_t in the
 * clear.
 */


#ifndef _SIGN_VERIFY_H_INCLUDED_
#define _SIGN_VERIFY_H_INCLUDED_


#include "sign_message.h"

#include <openssl/sha.h>


#define SIGN_SCOPES  4


/* HMAC-SHA256 (RFC 2104), in sign_digest.c; data of any length */

typedef struct {
    SHA256_CTX  inner;
    SHA256_CTX  outer;
} sign_hmac_t;

void sign_hmac_key(sign_hmac_t *mac, const unsigned char *key, size_t len);
void sign_hmac(const sign_hmac_t *mac, postern_str_t data,
    unsigned char out[32]);


#endif /* _SIGN_VERIFY_H_INCLUDED_ */
