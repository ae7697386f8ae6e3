/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=calloc,--wrap=EVP_PKEY_CTX_new_from_name
   -Wl,--wrap=EVP_PKEY_CTX_new_from_pkey,--wrap=EVP_PKEY_fromdata_init
   -Wl,--wrap=EVP_PKEY_public_check,--wrap=EVP_PKEY_verify_init -lhiredis */

/* Keys where the library has no memory or no such algorithm: none is made, and
   nothing verifies. */

#include <openssl/err.h>
#include <openssl/evp.h>

#include "unit.h"
#include "sign_sigv4.h"
#include "sign_verify.h"


static int  failing;       /* which of the calls below, from 1 */


void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
EVP_PKEY_CTX *__real_EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *lib,
    const char *name, const char *query);
EVP_PKEY_CTX *__wrap_EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *lib,
    const char *name, const char *query);
EVP_PKEY_CTX *__real_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *lib,
    EVP_PKEY *key, const char *query);
EVP_PKEY_CTX *__wrap_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *lib,
    EVP_PKEY *key, const char *query);
int __real_EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
int __wrap_EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
int __real_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx);
int __wrap_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx);
int __real_EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);
int __wrap_EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);


void *
__wrap_calloc(size_t n, size_t size)
{
    return failing == 1 ? NULL : __real_calloc(n, size);
}


EVP_PKEY_CTX *
__wrap_EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *lib, const char *name,
    const char *query)
{
    return failing == 2 ? NULL
                        : __real_EVP_PKEY_CTX_new_from_name(lib, name, query);
}


int
__wrap_EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx)
{
    return failing == 3 ? 0 : __real_EVP_PKEY_fromdata_init(ctx);
}


EVP_PKEY_CTX *
__wrap_EVP_PKEY_CTX_new_from_pkey(OSSL_LIB_CTX *lib, EVP_PKEY *key,
    const char *query)
{
    return failing == 4 ? NULL
                        : __real_EVP_PKEY_CTX_new_from_pkey(lib, key, query);
}


int
__wrap_EVP_PKEY_public_check(EVP_PKEY_CTX *ctx)
{
    return failing == 5 ? 0 : __real_EVP_PKEY_public_check(ctx);
}


int
__wrap_EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx)
{
    return failing == 6 ? 0 : __real_EVP_PKEY_verify_init(ctx);
}


TEST(no_key_is_made_by_halves)
{
    sign_key_t     *key;
    postern_key_t   k;
    postern_str_t   none = postern_null_string;

    /* the generator of P-256, SEC 2 section 2.4.2 */

    static const unsigned char  point[65] = {
        0x04,
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47,
        0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
        0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0,
        0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b,
        0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
        0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce,
        0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5
    };

    memset(&k, 0, sizeof(k));
    k.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    k.public_key.data = point;
    k.public_key.len = sizeof(point);

    for (failing = 1; failing <= 6; failing++) {
        EXPECT(sign_key_create(&k, none) == NULL);
        EXPECT_INT(ERR_peek_error(), 0);
    }

    failing = 0;
    key = sign_key_create(&k, none);
    EXPECT(key != NULL);
    sign_key_destroy(key);
}


TEST(a_key_verifies_what_was_read_for_it_alone)
{
    sign_key_t      *key;
    postern_key_t    k;
    postern_str_t    secret = postern_string("secret");
    sign_message_t   msg;

    memset(&k, 0, sizeof(k));
    memset(&msg, 0, sizeof(msg));
    k.algorithm = POSTERN_ALG_HMAC_SHA256;

    key = sign_key_create(&k, secret);

    if (!EXPECT(key != NULL)) {
        return;
    }

    /* of SigV4, but never parsed */

    msg.scheme = SIGN_SIGV4;
    msg.base = secret;
    EXPECT_INT(sign_verify(key, &msg), SIGN_INVALID);

    sign_key_destroy(key);
}


UNIT_MAIN()
