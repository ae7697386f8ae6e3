
/*
 * Keys that are nobody's, for requests by keys that nobody has: what is refused
 * for its key takes as long as what is refused for its signature.
 */


#include "sign_verify.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>


static int sign_decoy_make(sign_key_t *k, postern_alg_e alg, size_t len);
static int sign_decoy_rsa(sign_key_t *k, int pss, sign_digest_e hash,
    size_t len);


/* the base points of the curves: good for nothing but the arithmetic */

static const unsigned char  sign_decoy_ed25519[] = {
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66
};

static const unsigned char  sign_decoy_p256[] = {
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

static const unsigned char  sign_decoy_p384[] = {
    0x04,
    0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37,
    0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98,
    0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38,
    0x55, 0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c,
    0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
    0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f,
    0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29,
    0xf8, 0xf4, 0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c,
    0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0,
    0x0a, 0x60, 0xb1, 0xce, 0x1d, 0x7e, 0x81, 0x9d,
    0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f
};


/*
 * Which algorithm an unknown key would have is anybody's guess: one that keys
 * of the directory have and whose signatures can be what was sent, never one
 * that no key has, which would cost more than any signature here can.
 */

size_t
sign_decoy_algs(unsigned algorithms, const sign_message_t *msg,
    postern_alg_e fit[SIGN_DECOY_ALGS])
{
    size_t         n;
    postern_alg_e  alg;

    n = 0;

    for (alg = POSTERN_ALG_HMAC_SHA256; alg <= POSTERN_ALG_HMAC_SHA512; alg++) {

        if ((algorithms & 1u << alg)
            && (msg->alg == 0 || msg->alg == alg)
            && sign_alg_fits(alg, msg))
        {
            fit[n++] = alg;
        }
    }

    if (n == 0) {
        fit[n++] = POSTERN_ALG_HMAC_SHA256;
    }

    return n;
}


sign_key_t *
sign_decoy_create(postern_alg_e alg, size_t len)
{
    int          rc;
    sign_key_t  *k;

    k = calloc(1, sizeof(sign_key_t));
    if (k == NULL) {
        return NULL;
    }

    ERR_set_mark();

    rc = sign_decoy_make(k, alg, len);

    ERR_pop_to_mark();

    if (rc != 0) {
        sign_key_destroy(k);
        return NULL;
    }

    k->algorithm = alg;

    return k;
}


static int
sign_decoy_make(sign_key_t *k, postern_alg_e alg, size_t len)
{
    unsigned char  bytes[32];

    static const postern_str_t  ed25519 = {
        sizeof(sign_decoy_ed25519), sign_decoy_ed25519
    };

    static const postern_str_t  p256 = {
        sizeof(sign_decoy_p256), sign_decoy_p256
    };

    static const postern_str_t  p384 = {
        sizeof(sign_decoy_p384), sign_decoy_p384
    };

    switch (alg) {

    case POSTERN_ALG_ED25519:
        return sign_key_ed25519(k, ed25519);

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return sign_key_curve(k, &sign_p256, p256);

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return sign_key_curve(k, &sign_p384, p384);

    case POSTERN_ALG_RSA_PSS_SHA512:
        return sign_decoy_rsa(k, 1, SIGN_DIGEST_SHA512, len);

    case POSTERN_ALG_RSA_V1_5_SHA256:
        return sign_decoy_rsa(k, 0, SIGN_DIGEST_SHA256, len);

    default: /* HMAC */
        k->algorithm = alg;
        randombytes_buf(bytes, sizeof(bytes));

        return sign_key_hmac(k, (postern_str_t) { sizeof(bytes), bytes });
    }
}


/*
 * A modulus as long as the signature that came, for a real key's would be that
 * long, and greater than nearly all: what a real key refuses without arithmetic
 * because it is not less than its modulus does not fit (sign_fits), and comes
 * here as well.  Odd, and nothing else of a key.
 */

static int
sign_decoy_rsa(sign_key_t *k, int pss, sign_digest_e hash, size_t len)
{
    int             rc;
    OSSL_PARAM      params[3];
    EVP_PKEY_CTX   *ctx;
    unsigned char   n[SIGN_RSA_MAX_BITS / 8];

    static const unsigned char  e[] = { 0x01, 0x00, 0x01 };

    if (len < SIGN_RSA_MIN_BITS / 8 || len > sizeof(n)) {
        return -1;
    }

    /* the least significant byte in front or behind, as the machine has it:
       both ends are as they must be */

    memset(n, 0xff, len);
    randombytes_buf(n + SIGN_RSA_TOP, len - 2 * SIGN_RSA_TOP);

    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, len);
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E,
                                        (unsigned char *) e, sizeof(e));
    params[2] = OSSL_PARAM_construct_end();

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx == NULL) {
        return -1;
    }

    rc = EVP_PKEY_fromdata_init(ctx) == 1
         && EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;

    EVP_PKEY_CTX_free(ctx);

    return rc ? sign_key_rsa_ready(k, pss, hash) : -1;
}
