
/*
 * Keys made ready.
 */


#include "sign_verify.h"
#include "sign_mtls.h"
#include "postern_assert.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


static int sign_length_fits(const sign_curve_t *curve, size_t len,
    const sign_message_t *msg);
static int sign_key_make(sign_key_t *k, const postern_key_t *key,
    postern_str_t secret);
static int sign_key_secret(sign_key_t *k, const postern_key_t *key,
    postern_str_t secret);
static int sign_key_ready(sign_key_t *k);
static int sign_key_numbers(sign_key_t *k);
static int sign_key_padding(sign_key_t *k, int pss, sign_digest_e hash);


/* the orders of the groups: FIPS 186-4, section D.1.2 */

static const unsigned char  sign_p256_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

static const unsigned char  sign_p384_order[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a,
    0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73
};

static const unsigned char  sign_p521_order[66] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc,
    0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89,
    0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09
};

const sign_curve_t  sign_p256 = {
    "prime256v1", sizeof(sign_p256_order), sign_p256_order, SIGN_DIGEST_SHA256
};

const sign_curve_t  sign_p384 = {
    "secp384r1", sizeof(sign_p384_order), sign_p384_order, SIGN_DIGEST_SHA384
};

const sign_curve_t  sign_p521 = {
    "secp521r1", sizeof(sign_p521_order), sign_p521_order, SIGN_DIGEST_SHA512
};


sign_key_t *
sign_key_create(const postern_key_t *key, postern_str_t secret)
{
    int          rc;
    sign_key_t  *k;

    k = calloc(1, sizeof(sign_key_t));
    if (k == NULL) {
        return NULL;
    }

    /* libcrypto must not remember our failures: nginx would take them for
       those of the next TLS connection */

    ERR_set_mark();

    k->algorithm = key->algorithm;

    rc = sign_key_make(k, key, secret);

    ERR_pop_to_mark();

    if (rc != 0) {
        sign_key_destroy(k);
        return NULL;
    }

    return k;
}


static int
sign_key_make(sign_key_t *k, const postern_key_t *key, postern_str_t secret)
{
    switch (key->algorithm) {

    case POSTERN_ALG_HMAC_SHA256:
    case POSTERN_ALG_HMAC_SHA384:
    case POSTERN_ALG_HMAC_SHA512:
        return sign_key_secret(k, key, secret);

    case POSTERN_ALG_ED25519:
        return sign_key_ed25519(k, key->public_key);

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return sign_key_curve(k, &sign_p256, key->public_key);

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return sign_key_curve(k, &sign_p384, key->public_key);

    case POSTERN_ALG_RSA_PSS_SHA512:
        return sign_key_rsa(k, key->public_key, 1, SIGN_DIGEST_SHA512);

    case POSTERN_ALG_RSA_V1_5_SHA256:
        return sign_key_rsa(k, key->public_key, 0, SIGN_DIGEST_SHA256);

    case POSTERN_ALG_SSH:
    case POSTERN_ALG_SSH_CA:
        k->ssh = sign_sshsig_key(key->public_key);
        return k->ssh ? 0 : -1;

    case POSTERN_ALG_X509:
    case POSTERN_ALG_X509_CA:
        k->x509 = sign_x509_create(key);
        return k->x509 ? 0 : -1;

    default:
        return -1;
    }
}


static int
sign_key_secret(sign_key_t *k, const postern_key_t *key, postern_str_t secret)
{
    int  rc;

    if (sign_key_hmac(k, secret) != 0) {
        return -1;
    }

    if (!(key->schemes & POSTERN_SCHEME_ENOS)) {
        return 0;
    }

    rc = sodium_init();

    if (POSTERN_NEVER(rc < 0)) {
        return -1;
    }

    k->enos = sodium_malloc(secret.len);

    if (POSTERN_NEVER(k->enos == NULL)) {
        return -1;
    }

    memcpy(k->enos, secret.data, secret.len);
    k->enos_len = secret.len;

    return 0;
}


void
sign_key_destroy(sign_key_t *k)
{
    if (k == NULL) {
        return;
    }

    sign_key_destroy(k->sigv4a);
    EVP_PKEY_CTX_free(k->verifier);
    EVP_PKEY_free(k->pkey);
    sign_ssh_key_destroy(k->ssh);
    sign_x509_destroy(k->x509);
    sodium_free(k->enos);

    OPENSSL_cleanse(k, sizeof(sign_key_t));
    free(k);
}


/* the schemes with credentials of other forms judge them themselves */

int
sign_fits(const sign_key_t *key, const sign_message_t *msg)
{
    if (msg->scheme == SIGN_SSHSIG) {
        return sign_sshsig_fits(key->ssh, msg);
    }

    if (msg->scheme == SIGN_ENOS) {
        return 1;
    }

    /* a number beyond the modulus is refused without arithmetic; that the rest
       of it is not compared costs one signature in 2^128 its key */

    if (key->verifier && key->curve == NULL
        && msg->signature.len == key->len
        && memcmp(msg->signature.data, key->top, SIGN_RSA_TOP) >= 0)
    {
        return 0;
    }

    return sign_length_fits(key->curve, key->len, msg);
}


int
sign_alg_fits(postern_alg_e alg, const sign_message_t *msg)
{
    switch (alg) {

    case POSTERN_ALG_HMAC_SHA256:
        return sign_length_fits(NULL, SHA256_DIGEST_LENGTH, msg);

    case POSTERN_ALG_HMAC_SHA384:
        return sign_length_fits(NULL, SHA384_DIGEST_LENGTH, msg);

    case POSTERN_ALG_HMAC_SHA512:
        return sign_length_fits(NULL, SHA512_DIGEST_LENGTH, msg);

    case POSTERN_ALG_ED25519:
        return sign_length_fits(NULL, crypto_sign_BYTES, msg);

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return sign_length_fits(&sign_p256, 2 * sign_p256.len, msg);

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return sign_length_fits(&sign_p384, 2 * sign_p384.len, msg);

    case POSTERN_ALG_RSA_PSS_SHA512:
    case POSTERN_ALG_RSA_V1_5_SHA256:
        return msg->signature.len >= SIGN_RSA_MIN_BITS / 8
               && msg->signature.len <= SIGN_RSA_MAX_BITS / 8;

    default:
        return 0;
    }
}


/* cavage sends ECDSA as DER, which is shorter where r or s are */

static int
sign_length_fits(const sign_curve_t *curve, size_t len,
    const sign_message_t *msg)
{
    switch (msg->scheme) {

    case SIGN_CAVAGE:

        if (curve) {
            return msg->signature.len
                   <= sizeof("\x30\x81\x00") - 1
                      + 2 * (sizeof("\x02\x00\x00") - 1 + curve->len);
        }

        /* fall through */

    case SIGN_RFC9421:
    case SIGN_SIGV4:
        return msg->signature.len == len;

    default:
        return 1;
    }
}


int
sign_key_hmac(sign_key_t *k, postern_str_t secret)
{
    unsigned char  aws4[5 + POSTERN_SECRET_MAX];

    if (secret.len == 0 || secret.len > POSTERN_SECRET_MAX) {
        return -1;
    }

    if (k->algorithm != POSTERN_ALG_HMAC_SHA256) {
        k->len = (k->algorithm == POSTERN_ALG_HMAC_SHA384)
                 ? SHA384_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;

        sign_hmac512_key(&k->mac512, k->len, secret.data, secret.len);

        return 0;
    }

    k->len = SHA256_DIGEST_LENGTH;

    memcpy(aws4, "AWS4", 4);
    memcpy(aws4 + 4, secret.data, secret.len);

    sign_hmac_key(&k->mac, secret.data, secret.len);
    sign_hmac_key(&k->aws4, aws4, 4 + secret.len);

    memcpy(aws4, "AWS4A", 5);
    memcpy(aws4 + 5, secret.data, secret.len);

    sign_hmac_key(&k->aws4a, aws4, 5 + secret.len);

    OPENSSL_cleanse(aws4, sizeof(aws4));

    return 0;
}


int
sign_key_ed25519(sign_key_t *k, postern_str_t public)
{
    int  rc;

    rc = sodium_init();

    if (public.len != sizeof(k->ed25519) || POSTERN_NEVER(rc < 0)) {
        return -1;
    }

    memcpy(k->ed25519, public.data, public.len);
    k->algorithm = POSTERN_ALG_ED25519;
    k->len = crypto_sign_BYTES;

    return 0;
}


/* a point that is not on the curve does not make a key */

int
sign_key_curve(sign_key_t *k, const sign_curve_t *curve, postern_str_t point)
{
    int            rc;
    OSSL_PARAM     params[3];
    EVP_PKEY_CTX  *ctx;

    if (point.len != 1 + 2 * curve->len || point.data[0] != 0x04) {
        return -1;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) curve->name, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  (void *) point.data,
                                                  point.len);
    params[2] = OSSL_PARAM_construct_end();

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL) {
        return -1;
    }

    rc = EVP_PKEY_fromdata_init(ctx) == 1
         && EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;

    EVP_PKEY_CTX_free(ctx);

    k->curve = curve;
    k->hash = curve->hash;
    k->len = 2 * curve->len;

    return rc ? sign_key_ready(k) : -1;
}


/*
 * The bounds are for the time of a verification, and for keys that would be
 * broken.  A key that is for PSS alone (id-RSASSA-PSS) is for nothing else, and
 * for no other parameters than its own.
 */

int
sign_key_rsa(sign_key_t *k, postern_str_t spki, int pss, sign_digest_e hash)
{
    const unsigned char  *p;

    p = spki.data;

    if (p == NULL) {
        return -1;
    }

    k->pkey = d2i_PUBKEY(NULL, &p, (long) spki.len);

    if (k->pkey == NULL
        || p != spki.data + spki.len
        || !(EVP_PKEY_is_a(k->pkey, "RSA")
             || (pss && EVP_PKEY_is_a(k->pkey, "RSA-PSS"))))
    {
        return -1;
    }

    return sign_key_rsa_ready(k, pss, hash);
}


int
sign_key_rsa_ready(sign_key_t *k, int pss, sign_digest_e hash)
{
    int  bits;

    bits = EVP_PKEY_get_bits(k->pkey);

    if (bits < SIGN_RSA_MIN_BITS || bits > SIGN_RSA_MAX_BITS) {
        return -1;
    }

    k->hash = hash;
    k->len = EVP_PKEY_get_size(k->pkey);

    if (sign_key_numbers(k) != 0 || sign_key_ready(k) != 0) {
        return -1;
    }

    return sign_key_padding(k, pss, hash);
}


/*
 * What can be seen of an RSA key at once: an even number, or an exponent of
 * one, by which everything verifies.  Whether the modulus has two prime factors
 * takes libcrypto's EVP_PKEY_public_check() 3 ms for 2048 bits and 15 ms for
 * 4096, in which a worker would serve nobody; whose key it is knows better.
 */

static int
sign_key_numbers(sign_key_t *k)
{
    int             rc;
    BIGNUM         *n, *e;
    unsigned char   modulus[SIGN_RSA_MAX_BITS / 8];

    n = NULL;
    e = NULL;
    rc = -1;

    if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1
        && EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1
        && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e)
        && BN_num_bits(e) <= SIGN_RSA_MAX_EXPONENT)
    {
        (void) BN_bn2binpad(n, modulus, (int) k->len);
        memcpy(k->top, modulus, SIGN_RSA_TOP);
        rc = 0;
    }

    BN_free(n);
    BN_free(e);

    return rc;
}


/*
 * Makes the verifier.  Of curves with a prime number of points, which all of
 * ours are, every point is a key but the one at infinity: the quick check is
 * the whole one.
 */

static int
sign_key_ready(sign_key_t *k)
{
    k->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);

    if (k->verifier == NULL
        || (k->curve && EVP_PKEY_public_check_quick(k->verifier) != 1)
        || EVP_PKEY_verify_init(k->verifier) != 1)
    {
        return -1;
    }

    return 0;
}


/* RFC 9421, sections 3.3.1 and 3.3.2; hash and salt of PSS are of one length
   in RFC 9421, and nothing else is accepted */

static int
sign_key_padding(sign_key_t *k, int pss, sign_digest_e hash)
{
    const EVP_MD  *md;

    md = (hash == SIGN_DIGEST_SHA256) ? EVP_sha256() : EVP_sha512();

    if (EVP_PKEY_CTX_set_rsa_padding(k->verifier,
                                     pss ? RSA_PKCS1_PSS_PADDING
                                         : RSA_PKCS1_PADDING)
        != 1
        || EVP_PKEY_CTX_set_signature_md(k->verifier, md) != 1)
    {
        return -1;
    }

    if (!pss) {
        return 0;
    }

    if (EVP_PKEY_CTX_set_rsa_mgf1_md(k->verifier, md) != 1
        || EVP_PKEY_CTX_set_rsa_pss_saltlen(k->verifier, EVP_MD_get_size(md))
           != 1)
    {
        return -1;
    }

    return 0;
}
