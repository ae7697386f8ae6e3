/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=calloc,--wrap=EVP_PKEY_CTX_new_from_name
   -Wl,--wrap=EVP_PKEY_CTX_new_from_pkey,--wrap=EVP_PKEY_fromdata_init
   -Wl,--wrap=EVP_PKEY_fromdata,--wrap=EVP_PKEY_public_check_quick
   -Wl,--wrap=EVP_PKEY_verify_init,--wrap=EVP_PKEY_get_bn_param
   -Wl,--wrap=EVP_PKEY_CTX_set_rsa_padding
   -Wl,--wrap=EVP_PKEY_CTX_set_signature_md
   -Wl,--wrap=EVP_PKEY_CTX_set_rsa_mgf1_md
   -Wl,--wrap=EVP_PKEY_CTX_set_rsa_pss_saltlen -lhiredis */

/* Keys where the library has no memory or no such algorithm: none is made, and
   nothing verifies. */

#include <openssl/err.h>
#include <openssl/evp.h>

#include "unit.h"
#include "rfc9421_vectors.h"
#include "sign_sigv4.h"
#include "sign_verify.h"


/* the calls that fail, one after the other */

enum {
    CALLOC = 1,
    NEW_FROM_NAME,
    FROMDATA_INIT,
    FROMDATA,
    GET_MODULUS,
    GET_EXPONENT,
    NEW_FROM_PKEY,
    PUBLIC_CHECK,
    VERIFY_INIT,
    SET_PADDING,
    SET_MD,
    SET_MGF1,
    SET_SALT,
    FAILURES
};


static int  failing;
static int  failed;         /* that the call was made */


/* the functions that take and give nothing but a context */

#define WRAP(n, type, name, params, args)                                     \
    type __real_ ## name params;                                              \
    type __wrap_ ## name params;                                              \
                                                                              \
    type                                                                      \
    __wrap_ ## name params                                                    \
    {                                                                         \
        if (failing == n) {                                                   \
            failed = 1;                                                       \
            return 0;                                                         \
        }                                                                     \
                                                                              \
        return __real_ ## name args;                                          \
    }

WRAP(CALLOC, void *, calloc, (size_t n, size_t size), (n, size))

WRAP(NEW_FROM_NAME, EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name,
     (OSSL_LIB_CTX *lib, const char *name, const char *query),
     (lib, name, query))

WRAP(FROMDATA_INIT, int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *ctx), (ctx))

WRAP(FROMDATA, int, EVP_PKEY_fromdata,
     (EVP_PKEY_CTX *ctx, EVP_PKEY **key, int selection, OSSL_PARAM *params),
     (ctx, key, selection, params))

int __real_EVP_PKEY_get_bn_param(const EVP_PKEY *key, const char *name,
    BIGNUM **n);
int __wrap_EVP_PKEY_get_bn_param(const EVP_PKEY *key, const char *name,
    BIGNUM **n);

int
__wrap_EVP_PKEY_get_bn_param(const EVP_PKEY *key, const char *name, BIGNUM **n)
{
    if (failing == (strcmp(name, "n") == 0 ? GET_MODULUS : GET_EXPONENT)) {
        failed = 1;
        return 0;
    }

    return __real_EVP_PKEY_get_bn_param(key, name, n);
}


WRAP(NEW_FROM_PKEY, EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey,
     (OSSL_LIB_CTX *lib, EVP_PKEY *key, const char *query), (lib, key, query))

WRAP(PUBLIC_CHECK, int, EVP_PKEY_public_check_quick, (EVP_PKEY_CTX *ctx),
     (ctx))

WRAP(VERIFY_INIT, int, EVP_PKEY_verify_init, (EVP_PKEY_CTX *ctx), (ctx))

WRAP(SET_PADDING, int, EVP_PKEY_CTX_set_rsa_padding,
     (EVP_PKEY_CTX *ctx, int padding), (ctx, padding))

WRAP(SET_MD, int, EVP_PKEY_CTX_set_signature_md,
     (EVP_PKEY_CTX *ctx, const EVP_MD *md), (ctx, md))

WRAP(SET_MGF1, int, EVP_PKEY_CTX_set_rsa_mgf1_md,
     (EVP_PKEY_CTX *ctx, const EVP_MD *md), (ctx, md))

WRAP(SET_SALT, int, EVP_PKEY_CTX_set_rsa_pss_saltlen,
     (EVP_PKEY_CTX *ctx, int len), (ctx, len))


/* every kind of call that is made fails */

static void
no_key(const postern_key_t *k, postern_alg_e decoy, size_t len)
{
    int             fails;
    sign_key_t     *key;
    postern_str_t   none = postern_null_string;

    fails = 0;

    for (failing = 1; failing <= FAILURES; failing++) {
        failed = 0;

        key = k ? sign_key_create(k, none) : sign_decoy_create(decoy, len);

        EXPECT((key == NULL) == (failed != 0));
        EXPECT_INT(ERR_peek_error(), 0);
        sign_key_destroy(key);

        fails += failed;
    }

    failing = 0;

    EXPECT(fails > 4 || decoy < POSTERN_ALG_ECDSA_P256_SHA256);
}


TEST(no_key_is_made_by_halves)
{
    postern_key_t   k;
    unsigned char   spki[512];

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
    no_key(&k, k.algorithm, 0);

    k.public_key.data = spki;
    EXPECT_INT(sodium_base642bin(spki, sizeof(spki), KEY_RSA, strlen(KEY_RSA),
                                 NULL, &k.public_key.len, NULL,
                                 sodium_base64_VARIANT_ORIGINAL), 0);

    k.algorithm = POSTERN_ALG_RSA_PSS_SHA512;
    no_key(&k, k.algorithm, 0);
    k.algorithm = POSTERN_ALG_RSA_V1_5_SHA256;
    no_key(&k, k.algorithm, 0);
}


TEST(no_key_is_made_of_what_is_none)
{
    postern_key_t  k;
    postern_str_t  none = postern_null_string;

    memset(&k, 0, sizeof(k));
    k.algorithm = POSTERN_ALG_SSH;
    k.public_key = (postern_str_t) postern_string("no blob");

    EXPECT(sign_key_create(&k, none) == NULL);
}


TEST(no_decoy_is_made_by_halves)
{
    no_key(NULL, POSTERN_ALG_HMAC_SHA256, 32);
    no_key(NULL, POSTERN_ALG_ED25519, 64);
    no_key(NULL, POSTERN_ALG_ECDSA_P384_SHA384, 96);
    no_key(NULL, POSTERN_ALG_RSA_PSS_SHA512, 256);
    no_key(NULL, POSTERN_ALG_RSA_V1_5_SHA256, 512);
}


UNIT_MAIN()
