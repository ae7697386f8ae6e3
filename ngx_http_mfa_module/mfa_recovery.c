
#include <sodium.h>
#include <stdio.h>

#include "mfa_otp.h"
#include "mfa_recovery.h"
#include "postern_argon2.h"


#define MFA_RECOVERY_TYPED_MAX  64     /* bytes of a typed code */
#define MFA_RECOVERY_SET_MAX    64     /* hashes of a set */
#define MFA_RECOVERY_HASH       32     /* bytes of a hash we make */


static int mfa_recovery_work(const char code[MFA_RECOVERY_CODE],
    const unsigned char salt[POSTERN_ARGON2_SALT], uint32_t passes,
    uint32_t memory, unsigned char *out, size_t len);


void
mfa_recovery_generate(char code[MFA_RECOVERY_SHOWN])
{
    char            text[MFA_RECOVERY_CODE + 1];
    unsigned        i, n;
    postern_str_t   s;
    unsigned char   bytes[MFA_RECOVERY_BYTES];

    randombytes_buf(bytes, sizeof(bytes));

    s.data = bytes;
    s.len = sizeof(bytes);
    mfa_base32_encode(s, text, sizeof(text));

    n = 0;

    for (i = 0; i < MFA_RECOVERY_CODE; i++) {

        if (i > 0 && i % 4 == 0) {
            code[n++] = '-';
        }

        code[n++] = text[i];
    }

    code[n] = '\0';

    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text, sizeof(text));
}


int
mfa_recovery_normalize(postern_str_t typed, char code[MFA_RECOVERY_CODE])
{
    size_t         i;
    unsigned       n;
    unsigned char  c;

    if (typed.len > MFA_RECOVERY_TYPED_MAX) {
        return -1;
    }

    n = 0;

    for (i = 0; i < typed.len; i++) {
        c = typed.data[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (c >= 'a' && c <= 'z') {
            c = (unsigned char) (c - 'a' + 'A');
        }

        /* digits that base32 does not have, for letters they look like */

        c = c == '0' ? 'O' : c == '1' ? 'I' : c == '8' ? 'B' : c;

        if (n == MFA_RECOVERY_CODE
            || !((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')))
        {
            return -1;
        }

        code[n++] = (char) c;
    }

    return n == MFA_RECOVERY_CODE ? 0 : -1;
}


int
mfa_recovery_hash(const mfa_argon2_t *params,
    const char (*codes)[MFA_RECOVERY_SHOWN], unsigned n,
    char (*hashes)[MFA_HASH_TEXT])
{
    int            rc;
    char           code[MFA_RECOVERY_CODE];
    char           salt64[POSTERN_ARGON2_SALT * 2];
    char           hash64[MFA_RECOVERY_HASH * 2];
    unsigned       i;
    unsigned char  salt[POSTERN_ARGON2_SALT], hash[MFA_RECOVERY_HASH];
    postern_str_t  shown;

    randombytes_buf(salt, sizeof(salt));
    sodium_bin2base64(salt64, sizeof(salt64), salt, sizeof(salt),
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);

    rc = 0;

    for (i = 0; i < n; i++) {
        shown.data = (const unsigned char *) codes[i];
        shown.len = strnlen(codes[i], MFA_RECOVERY_SHOWN);

        if (mfa_recovery_normalize(shown, code) != 0
            || mfa_recovery_work(code, salt, params->passes, params->memory,
                                 hash, sizeof(hash))
               != 0)
        {
            rc = -1;
            break;
        }

        sodium_bin2base64(hash64, sizeof(hash64), hash, sizeof(hash),
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        snprintf(hashes[i], MFA_HASH_TEXT, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
                 params->memory, params->passes, salt64, hash64);
    }

    sodium_memzero(code, sizeof(code));

    return rc;
}


int
mfa_recovery_match(const char code[MFA_RECOVERY_CODE],
    const postern_str_t *hashes, unsigned n)
{
    int               found;
    unsigned          i;
    unsigned char     hash[POSTERN_ARGON2_HASH_MAX];
    postern_argon2_t  first, other;

    if (n == 0) {
        return -1;
    }

    if (n > MFA_RECOVERY_SET_MAX || postern_argon2_parse(hashes[0], &first) != 0
        || first.lanes != 1 || first.salt_len != POSTERN_ARGON2_SALT
        || !postern_argon2_bearable(&first))
    {
        return -2;
    }

    /* a set is read whole before the work, so that one of its hashes which does
       not fit is not found out by a code that would match it */

    for (i = 1; i < n; i++) {
        if (postern_argon2_parse(hashes[i], &other) != 0
            || !postern_str_eq(first.prefix, other.prefix)
            || first.hash_len != other.hash_len)
        {
            return -2;
        }
    }

    if (mfa_recovery_work(code, first.salt, first.passes, first.memory, hash,
                          first.hash_len)
        != 0)
    {
        return -2;
    }

    found = -1;

    for (i = 0; i < n; i++) {
        postern_argon2_parse(hashes[i], &other);

        if (sodium_memcmp(hash, other.hash, first.hash_len) == 0) {
            found = (int) i;
        }
    }

    sodium_memzero(hash, sizeof(hash));

    return found;
}


static int
mfa_recovery_work(const char code[MFA_RECOVERY_CODE],
    const unsigned char salt[POSTERN_ARGON2_SALT], uint32_t passes,
    uint32_t memory, unsigned char *out, size_t len)
{
    return crypto_pwhash(out, len, code, MFA_RECOVERY_CODE, salt, passes,
                         (size_t) memory * 1024, crypto_pwhash_ALG_ARGON2ID13);
}
