
#include "sign_verify.h"
#include "postern_assert.h"
#include "sign_sigv4.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>


#define SIGN_P256_LEN       32      /* bytes of r, s and the order */
#define SIGN_P256_POINT     65      /* 04 X Y */
#define SIGN_P256_DER_MAX   72      /* 30 len, twice 02 len 00 and 32 bytes */


typedef struct {
    sign_hmac_t      mac;           /* keyed by kSigning */
    uint64_t         used;          /* 0: not in use */
    size_t           len;
    unsigned char    text[8 + 1 + 2 * SIGN_SIGV4_SCOPE_MAX + 1];
} sign_scope_t;


struct sign_key_s {
    postern_alg_e    algorithm;

    sign_hmac_t      mac;           /* HMAC: keyed by the secret */
    sign_hmac_t      aws4;          /* keyed by "AWS4" and the secret */
    sign_scope_t     scopes[SIGN_SCOPES];
    uint64_t         clock;         /* of sign_scope_t.used */

    unsigned char    ed25519[crypto_sign_PUBLICKEYBYTES];
    EVP_PKEY        *p256;
    EVP_PKEY_CTX    *verifier;      /* of p256, made ready to verify */
};


static int sign_key_hmac(sign_key_t *k, postern_str_t secret);
static int sign_key_ed25519(sign_key_t *k, postern_str_t public);
static int sign_key_p256(sign_key_t *k, postern_str_t public);
static int sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature);
static int sign_verify_readings(const sign_hmac_t *mac, sign_message_t *msg);
static sign_scope_t *sign_scope_find(sign_key_t *k, postern_str_t text);
static void sign_scope_keep(sign_key_t *k, postern_str_t text,
    const sign_hmac_t *mac);
static void sign_scope_derive(const sign_key_t *k, const sign_sigv4_t *v4,
    sign_hmac_t *mac);
static int sign_verify_p256(sign_key_t *k, const sign_message_t *msg);
static int sign_p256_in_range(const unsigned char *n);
static size_t sign_p256_der(const unsigned char *raw,
    unsigned char out[SIGN_P256_DER_MAX]);


/* the order of the group, big endian: FIPS 186-4 section D.1.2.3 */

static const unsigned char  sign_p256_order[SIGN_P256_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
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

    switch (key->algorithm) {

    case POSTERN_ALG_HMAC_SHA256:
        rc = sign_key_hmac(k, secret);
        break;

    case POSTERN_ALG_ED25519:
        rc = sign_key_ed25519(k, key->public_key);
        break;

    case POSTERN_ALG_ECDSA_P256_SHA256:
        rc = sign_key_p256(k, key->public_key);
        break;

    default:
        rc = -1;
        break;
    }

    ERR_pop_to_mark();

    if (rc != 0) {
        sign_key_destroy(k);
        return NULL;
    }

    return k;
}


int
sign_fits(const postern_key_t *key, const sign_message_t *msg)
{
    size_t  len;

    len = (key->algorithm == POSTERN_ALG_HMAC_SHA256) ? 32 : 64;

    return msg->signature.len == len;
}


void
sign_key_destroy(sign_key_t *k)
{
    if (k == NULL) {
        return;
    }

    EVP_PKEY_CTX_free(k->verifier);
    EVP_PKEY_free(k->p256);

    OPENSSL_cleanse(k, sizeof(sign_key_t));
    free(k);
}


static int
sign_key_hmac(sign_key_t *k, postern_str_t secret)
{
    unsigned char  aws4[4 + POSTERN_SECRET_MAX];

    if (secret.len == 0 || secret.len > POSTERN_SECRET_MAX) {
        return -1;
    }

    memcpy(aws4, "AWS4", 4);
    memcpy(aws4 + 4, secret.data, secret.len);

    sign_hmac_key(&k->mac, secret.data, secret.len);
    sign_hmac_key(&k->aws4, aws4, 4 + secret.len);

    OPENSSL_cleanse(aws4, sizeof(aws4));

    return 0;
}


static int
sign_key_ed25519(sign_key_t *k, postern_str_t public)
{
    int  rc;

    rc = sodium_init();

    if (public.len != sizeof(k->ed25519) || POSTERN_NEVER(rc < 0)) {
        return -1;
    }

    memcpy(k->ed25519, public.data, public.len);

    return 0;
}


/* a point that is not on the curve does not make a key */

static int
sign_key_p256(sign_key_t *k, postern_str_t public)
{
    int                    rc;
    OSSL_PARAM             params[3];
    EVP_PKEY_CTX          *ctx;

    if (public.len != SIGN_P256_POINT) {
        return -1;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) "prime256v1", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  (void *) public.data,
                                                  public.len);
    params[2] = OSSL_PARAM_construct_end();

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL) {
        return -1;
    }

    rc = EVP_PKEY_fromdata_init(ctx) == 1
         && EVP_PKEY_fromdata(ctx, &k->p256, EVP_PKEY_PUBLIC_KEY, params) == 1;

    EVP_PKEY_CTX_free(ctx);

    if (!rc) {
        return -1;
    }

    k->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, k->p256, NULL);

    if (k->verifier == NULL
        || EVP_PKEY_public_check(k->verifier) != 1
        || EVP_PKEY_verify_init(k->verifier) != 1)
    {
        return -1;
    }

    return 0;
}


static int
sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature)
{
    int            equal;
    unsigned char  out[32];

    /* an empty or shortened signature is none: nothing is compared by its
       length alone */

    if (signature.len != sizeof(out)) {
        return 0;
    }

    sign_hmac(mac, data, out);

    equal = CRYPTO_memcmp(out, signature.data, sizeof(out)) == 0;

    OPENSSL_cleanse(out, sizeof(out));

    return equal;
}


/* what the message says of its algorithm was compared with the key by
   sign_check(); here it is not even read */

int
sign_rfc9421_verify(sign_key_t *k, sign_message_t *msg)
{
    if (k->algorithm == POSTERN_ALG_HMAC_SHA256) {
        return sign_mac_equal(&k->mac, msg->base, msg->signature);
    }

    if (k->algorithm == POSTERN_ALG_ED25519) {
        return msg->signature.len == crypto_sign_BYTES
               && crypto_sign_verify_detached(msg->signature.data,
                                              msg->base.data, msg->base.len,
                                              k->ed25519) == 0;
    }

    return POSTERN_ALWAYS(k->algorithm == POSTERN_ALG_ECDSA_P256_SHA256)
           && sign_verify_p256(k, msg);
}


int
sign_sigv4_verify(sign_key_t *k, sign_message_t *msg)
{
    int                  valid;
    sign_hmac_t          mac;
    sign_scope_t        *scope;
    postern_str_t        text;
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    if (k->algorithm != POSTERN_ALG_HMAC_SHA256 || v4 == NULL) {
        return 0;
    }

    /* date/region/service, without the constant behind */

    text.data = v4->scope.data;
    text.len = v4->service.data + v4->service.len - text.data;

    scope = sign_scope_find(k, text);

    if (scope != NULL) {
        return sign_verify_readings(&scope->mac, msg);
    }

    sign_scope_derive(k, v4, &mac);

    valid = sign_verify_readings(&mac, msg);

    if (valid) {
        sign_scope_keep(k, text, &mac);
    }

    OPENSSL_cleanse(&mac, sizeof(mac));

    return valid;
}


/* one of the readings of sign_sigv4.h; the base becomes the one signed */

static int
sign_verify_readings(const sign_hmac_t *mac, sign_message_t *msg)
{
    size_t               i;
    const sign_sigv4_t  *v4;

    if (sign_mac_equal(mac, msg->base, msg->signature)) {
        return 1;
    }

    v4 = msg->scheme_data;

    for (i = 0; i < v4->nreadings; i++) {

        if (sign_mac_equal(mac, v4->readings[i], msg->signature)) {
            msg->base = v4->readings[i];

            return 1;
        }
    }

    return 0;
}


static sign_scope_t *
sign_scope_find(sign_key_t *k, postern_str_t text)
{
    size_t         i;
    sign_scope_t  *scope;

    for (i = 0; i < SIGN_SCOPES; i++) {
        scope = &k->scopes[i];

        if (scope->used && scope->len == text.len
            && memcmp(scope->text, text.data, text.len) == 0)
        {
            scope->used = ++k->clock;
            return scope;
        }
    }

    return NULL;
}


static void
sign_scope_keep(sign_key_t *k, postern_str_t text, const sign_hmac_t *mac)
{
    size_t         i;
    sign_scope_t  *scope;

    if (POSTERN_NEVER(text.len > sizeof(scope->text))) {
        return;
    }

    scope = &k->scopes[0];

    for (i = 1; i < SIGN_SCOPES; i++) {
        if (k->scopes[i].used < scope->used) {
            scope = &k->scopes[i];
        }
    }

    scope->mac = *mac;
    scope->used = ++k->clock;
    scope->len = text.len;
    memcpy(scope->text, text.data, text.len);
}


/* kDate, kRegion, kService, kSigning: each the key of the next */

static void
sign_scope_derive(const sign_key_t *k, const sign_sigv4_t *v4,
    sign_hmac_t *mac)
{
    size_t         i;
    postern_str_t  steps[4];
    unsigned char  key[32];

    static const postern_str_t  end = postern_string("aws4_request");

    steps[0] = v4->date;
    steps[1] = v4->region;
    steps[2] = v4->service;
    steps[3] = end;

    *mac = k->aws4;

    for (i = 0; i < 4; i++) {
        sign_hmac(mac, steps[i], key);
        sign_hmac_key(mac, key, sizeof(key));
    }

    OPENSSL_cleanse(key, sizeof(key));
}


/*
 * RFC 9421 section 3.3.4: r and s of 32 bytes each, one behind the other.
 * Zero, which verified everything in careless implementations, and what lies
 * beyond the order of the group are refused before any arithmetic.
 */

static int
sign_verify_p256(sign_key_t *k, const sign_message_t *msg)
{
    int                   valid;
    size_t                len;
    const unsigned char  *raw;
    unsigned char         hash[32], der[SIGN_P256_DER_MAX];

    raw = msg->signature.data;

    if (msg->signature.len != 2 * SIGN_P256_LEN
        || !sign_p256_in_range(raw)
        || !sign_p256_in_range(raw + SIGN_P256_LEN))
    {
        return 0;
    }

    len = sign_p256_der(raw, der);
    sign_sha256(&msg->base, 1, hash);

    ERR_set_mark();
    valid = EVP_PKEY_verify(k->verifier, der, len, hash, sizeof(hash)) == 1;
    ERR_pop_to_mark();

    return valid;
}


static int
sign_p256_in_range(const unsigned char *n)
{
    return !sodium_is_zero(n, SIGN_P256_LEN)
           && memcmp(n, sign_p256_order, SIGN_P256_LEN) < 0;
}


/* ECDSA-Sig-Value of RFC 3279: a sequence of two integers, each as short as it
   can be and with a zero byte in front where it would look negative */

static size_t
sign_p256_der(const unsigned char *raw, unsigned char out[SIGN_P256_DER_MAX])
{
    size_t                i, len;
    unsigned char        *p;
    const unsigned char  *n;

    p = out + 2;

    for (i = 0; i < 2; i++) {
        n = raw + i * SIGN_P256_LEN;
        len = SIGN_P256_LEN;

        while (*n == 0 && POSTERN_ALWAYS(len > 1)) {
            n++;
            len--;
        }

        *p++ = 0x02;
        *p++ = (unsigned char) (len + (*n >> 7));

        if (*n >> 7) {
            *p++ = 0;
        }

        memcpy(p, n, len);
        p += len;
    }

    out[0] = 0x30;
    out[1] = (unsigned char) (p - out - 2);

    return p - out;
}
