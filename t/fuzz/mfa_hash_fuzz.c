/* link:
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   -lsodium -lutf8proc */

/*
 * Any bytes as the text of a hash.  What counts as one keeps within its limits,
 * and libsodium, which reads it in its own way, does not say otherwise; where
 * it is cheap enough to try, no password that is not its own is let in.
 */


#include <stdlib.h>

#include <sodium.h>

#include "mfa_hash.h"
#include "postern_argon2.h"


#define HELD(cond)  do { if (!(cond)) { abort(); } } while (0)

#define CHEAP  64     /* KiB times passes */


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const mfa_argon2_t  params = { 8, 1 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                rc, old, needs;
    char               text[POSTERN_ARGON2_TEXT + 1];
    unsigned char     *copy;
    postern_str_t      hash, password = postern_string("a password");
    postern_argon2_t   parts;

    copy = malloc(size ? size : 1);
    HELD(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    hash.data = copy;
    hash.len = size;

    rc = mfa_hash_parse(hash, &params, &old);

    if (rc == 0) {
        HELD(old == 0);
        HELD(mfa_hash_verify(&params, hash, password) == MFA_HASH_NO);
        free(copy);
        return 0;
    }

    HELD(size <= POSTERN_ARGON2_TEXT);
    memcpy(text, copy, size);
    text[size] = '\0';
    HELD(strlen(text) == size);

    HELD(postern_argon2_parse(hash, &parts) == 0);
    HELD(parts.memory <= MFA_ARGON2_MEMORY_MAX);
    HELD(parts.passes <= MFA_ARGON2_PASSES_MAX);
    HELD(old == (parts.memory < params.memory
                 || parts.passes < params.passes));

    /* it reads no text of 128 bytes and more here */

    if (size < crypto_pwhash_argon2id_STRBYTES) {
        needs = crypto_pwhash_argon2id_str_needs_rehash(text, 1, 8192);
        HELD(needs == 0 || needs == 1);
    }

    if ((uint64_t) parts.memory * parts.passes <= CHEAP) {
        HELD(mfa_hash_verify(&params, hash, password) == MFA_HASH_NO);
    }

    free(copy);

    return 0;
}
