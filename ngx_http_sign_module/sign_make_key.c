
/*
 * Keys that sign.  An HMAC key is the one that verifies, as both ends hold the
 * same secret; of the others libcrypto reads the private key.
 */


#include "sign_make.h"
#include "postern_assert.h"
#include "sign_verify.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


#define maker_is_rsa(alg)                                                     \
    ((alg) == POSTERN_ALG_RSA_PSS_SHA512                                      \
     || (alg) == POSTERN_ALG_RSA_V1_5_SHA256)


struct sign_maker_s {
    postern_alg_e     algorithm;
    sign_key_t       *key;           /* HMAC */
    EVP_PKEY         *pkey;          /* of the others, the private key */
    size_t            size;          /* bytes of a signature */
    unsigned char     ed25519[crypto_sign_SECRETKEYBYTES];
};


static int maker_private(sign_maker_t *maker, const postern_key_t *key,
    postern_str_t pem);
static EVP_PKEY *maker_read(postern_str_t pem);
static int maker_no_password(char *buf, int size, int rwflag, void *data);
static int maker_ed25519(sign_maker_t *maker);
static int maker_is_of(EVP_PKEY *pkey, const postern_key_t *key);
static int maker_sign_pkey(sign_maker_t *maker, postern_str_t text,
    unsigned char *out);
static int maker_digest_sign(sign_maker_t *maker, postern_str_t text,
    unsigned char *out, size_t *len);
static int maker_raw(const unsigned char *der, size_t der_len,
    unsigned char *out, size_t len);


sign_maker_t *
sign_maker_create(const postern_key_t *key, postern_str_t secret)
{
    int            rc;
    sign_maker_t  *maker;

    maker = calloc(1, sizeof(sign_maker_t));
    if (maker == NULL) {
        return NULL;
    }

    maker->algorithm = key->algorithm;

    if (key->algorithm == POSTERN_ALG_HMAC_SHA256) {
        maker->key = sign_key_create(key, secret);
        maker->size = 32;

        rc = maker->key ? 0 : -1;

    } else {
        ERR_set_mark();
        rc = maker_private(maker, key, secret);
        ERR_pop_to_mark();
    }

    if (rc != 0) {
        sign_maker_destroy(maker);
        return NULL;
    }

    return maker;
}


void
sign_maker_destroy(sign_maker_t *maker)
{
    if (maker == NULL) {
        return;
    }

    sign_key_destroy(maker->key);
    EVP_PKEY_free(maker->pkey);

    OPENSSL_cleanse(maker, sizeof(sign_maker_t));
    free(maker);
}


sign_maker_t *
sign_maker_of(sign_key_t *key, const postern_alloc_t *alloc)
{
    sign_maker_t  *maker;

    if (key->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return NULL;
    }

    maker = postern_alloc(alloc, sizeof(sign_maker_t));
    if (maker == NULL) {
        return NULL;
    }

    memset(maker, 0, sizeof(sign_maker_t));

    maker->algorithm = key->algorithm;
    maker->key = key;
    maker->size = 32;

    return maker;
}


static int
maker_private(sign_maker_t *maker, const postern_key_t *key,
    postern_str_t pem)
{
    const char  *type, *curve;
    char         group[32];

    maker->pkey = maker_read(pem);

    if (maker->pkey == NULL) {
        return -1;
    }

    type = NULL;
    curve = NULL;

    switch (key->algorithm) {

    case POSTERN_ALG_ED25519:
        type = "ED25519";
        break;

    case POSTERN_ALG_ECDSA_P256_SHA256:
        type = "EC";
        curve = sign_p256.name;
        maker->size = 2 * sign_p256.len;
        break;

    case POSTERN_ALG_ECDSA_P384_SHA384:
        type = "EC";
        curve = sign_p384.name;
        maker->size = 2 * sign_p384.len;
        break;

    case POSTERN_ALG_RSA_PSS_SHA512:
    case POSTERN_ALG_RSA_V1_5_SHA256:
        type = "RSA";
        break;

    default:
        return -1;
    }

    if (!EVP_PKEY_is_a(maker->pkey, type)) {
        return -1;
    }

    if (curve) {
        group[0] = '\0';
        (void) EVP_PKEY_get_group_name(maker->pkey, group, sizeof(group), NULL);

        if (strcmp(group, curve) != 0) {
            return -1;
        }
    }

    /* the PEM of more than SIGN_MAKE_MAX_BYTES is too long to get here */

    if (maker_is_rsa(key->algorithm)) {

        if (EVP_PKEY_get_bits(maker->pkey) < SIGN_RSA_MIN_BITS) {
            return -1;
        }

        maker->size = (size_t) EVP_PKEY_get_size(maker->pkey);
    }

    if (!maker_is_of(maker->pkey, key)) {
        return -1;
    }

    return key->algorithm == POSTERN_ALG_ED25519 ? maker_ed25519(maker) : 0;
}


static EVP_PKEY *
maker_read(postern_str_t pem)
{
    BIO       *bio;
    EVP_PKEY  *pkey;

    if (pem.len == 0 || pem.len > POSTERN_PRIVATE_MAX) {
        return NULL;
    }

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    if (POSTERN_NEVER(bio == NULL)) {
        return NULL;
    }

    pkey = PEM_read_bio_PrivateKey(bio, NULL, maker_no_password, NULL);

    BIO_free(bio);

    return pkey;
}


/* libcrypto would ask whoever sits at the terminal */

static int
maker_no_password(char *buf, int size, int rwflag, void *data)
{
    return -1;
}


/* libsodium signs in half the time; its secret key is seed and public key */

static int
maker_ed25519(sign_maker_t *maker)
{
    int            rc;
    size_t         len;
    unsigned char  seed[crypto_sign_SEEDBYTES];
    unsigned char  public[crypto_sign_PUBLICKEYBYTES];

    len = sizeof(seed);

    rc = sodium_init();

    if (POSTERN_NEVER(rc < 0)) {
        return -1;
    }

    rc = EVP_PKEY_get_raw_private_key(maker->pkey, seed, &len);

    if (POSTERN_NEVER(rc != 1)) {
        return -1;
    }

    rc = crypto_sign_seed_keypair(public, maker->ed25519, seed);

    OPENSSL_cleanse(seed, sizeof(seed));

    maker->size = crypto_sign_BYTES;

    return rc;
}


/* a private key beside another public one would sign what nobody can verify */

static int
maker_is_of(EVP_PKEY *pkey, const postern_key_t *key)
{
    int             same, len, ok;
    size_t          n;
    unsigned char  *der, point[97];

    if (key->public_key.len == 0) {
        return 1;
    }

    if (maker_is_rsa(key->algorithm)) {
        der = NULL;
        len = i2d_PUBKEY(pkey, &der);

        same = POSTERN_ALWAYS(len > 0) && (size_t) len == key->public_key.len
               && memcmp(der, key->public_key.data, (size_t) len) == 0;

        OPENSSL_free(der);

        return same;
    }

    n = 32;
    ok = key->algorithm == POSTERN_ALG_ED25519
         ? EVP_PKEY_get_raw_public_key(pkey, point, &n)
         : EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
                                           point, sizeof(point), &n);

    if (POSTERN_NEVER(ok != 1)) {
        return 0;
    }

    return n == key->public_key.len
           && memcmp(point, key->public_key.data, n) == 0;
}


size_t
sign_maker_size(const sign_maker_t *maker)
{
    return maker->size;
}


int
sign_maker_sign(sign_maker_t *maker, postern_str_t text, unsigned char *out)
{
    int  rc;

    switch (maker->algorithm) {

    case POSTERN_ALG_HMAC_SHA256:
        sign_hmac(&maker->key->mac, text, out);
        return 0;

    case POSTERN_ALG_ED25519:
        return crypto_sign_detached(out, NULL, text.data, text.len,
                                    maker->ed25519);

    default:
        ERR_set_mark();
        rc = maker_sign_pkey(maker, text, out);
        ERR_pop_to_mark();

        return rc;
    }
}


int
sign_maker_sigv4(sign_maker_t *maker, sign_message_t *msg,
    unsigned char out[32])
{
    if (maker->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return -1;
    }

    sign_sigv4_make(maker->key, msg, out);

    return 0;
}


/* RFC 9421, section 3.3: of ECDSA r and s, one behind the other */

static int
maker_sign_pkey(sign_maker_t *maker, postern_str_t text, unsigned char *out)
{
    int            rc;
    size_t         len;
    unsigned char  der[SIGN_ECDSA_DER_MAX];

    if (maker_is_rsa(maker->algorithm)) {
        len = maker->size;

        return maker_digest_sign(maker, text, out, &len);
    }

    len = sizeof(der);

    rc = maker_digest_sign(maker, text, der, &len);

    if (POSTERN_NEVER(rc != 0)) {
        return -1;
    }

    return maker_raw(der, len, out, maker->size / 2);
}


static int
maker_digest_sign(sign_maker_t *maker, postern_str_t text, unsigned char *out,
    size_t *len)
{
    int            ok;
    const char    *hash;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    hash = maker->algorithm == POSTERN_ALG_RSA_PSS_SHA512 ? "SHA512"
           : maker->algorithm == POSTERN_ALG_ECDSA_P384_SHA384 ? "SHA384"
           : "SHA256";

    ctx = EVP_MD_CTX_new();
    if (POSTERN_NEVER(ctx == NULL)) {
        return -1;
    }

    pctx = NULL;

    ok = EVP_DigestSignInit_ex(ctx, &pctx, hash, NULL, NULL, maker->pkey, NULL)
         == 1;

    if (maker->algorithm == POSTERN_ALG_RSA_PSS_SHA512) {
        ok &= EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1;
        ok &= EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST)
              == 1;
    }

    ok &= EVP_DigestSign(ctx, out, len, text.data, text.len) == 1;

    EVP_MD_CTX_free(ctx);

    return ok - 1;
}


static int
maker_raw(const unsigned char *der, size_t der_len, unsigned char *out,
    size_t len)
{
    int            ok;
    ECDSA_SIG     *sig;
    const BIGNUM  *r, *s;

    sig = d2i_ECDSA_SIG(NULL, &der, (long) der_len);
    if (POSTERN_NEVER(sig == NULL)) {
        return -1;
    }

    ECDSA_SIG_get0(sig, &r, &s);

    ok = BN_bn2binpad(r, out, (int) len) > 0;
    ok &= BN_bn2binpad(s, out + len, (int) len) > 0;

    ECDSA_SIG_free(sig);

    return ok - 1;
}
