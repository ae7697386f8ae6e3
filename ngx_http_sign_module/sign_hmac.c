
/*
 * HMAC (RFC 2104) from states that are kept.  The EVP_MAC of OpenSSL 3
 * allocates three times for each message and costs 1,900 instructions beside
 * the hashing; from two states that are kept it is none and 150.  Why these
 * functions of libcrypto and not EVP: see sign_digest.c.
 */


#define OPENSSL_SUPPRESS_DEPRECATED

#include "sign_verify.h"

#include <openssl/crypto.h>


static void sign_sha512_init(SHA512_CTX *ctx, size_t len);


void
sign_hmac_key(sign_hmac_t *mac, const unsigned char *key, size_t len)
{
    size_t         i;
    unsigned char  pad[SHA256_CBLOCK];

    memset(pad, 0, sizeof(pad));

    if (len <= sizeof(pad)) {
        memcpy(pad, key, len);

    } else {
        SHA256(key, len, pad);
    }

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36;
    }

    SHA256_Init(&mac->inner);
    SHA256_Update(&mac->inner, pad, sizeof(pad));

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    SHA256_Init(&mac->outer);
    SHA256_Update(&mac->outer, pad, sizeof(pad));

    OPENSSL_cleanse(pad, sizeof(pad));
}


void
sign_hmac(const sign_hmac_t *mac, postern_str_t data, unsigned char out[32])
{
    SHA256_CTX  ctx;

    ctx = mac->inner;
    SHA256_Update(&ctx, data.data, data.len);
    SHA256_Final(out, &ctx);

    ctx = mac->outer;
    SHA256_Update(&ctx, out, SHA256_DIGEST_LENGTH);
    SHA256_Final(out, &ctx);

    OPENSSL_cleanse(&ctx, sizeof(ctx));
}


/* SHA-384 is SHA-512 from another beginning, cut off */

static void
sign_sha512_init(SHA512_CTX *ctx, size_t len)
{
    if (len == SHA384_DIGEST_LENGTH) {
        SHA384_Init(ctx);

    } else {
        SHA512_Init(ctx);
    }
}


void
sign_hmac512_key(sign_hmac512_t *mac, size_t len, const unsigned char *key,
    size_t key_len)
{
    size_t         i;
    SHA512_CTX     ctx;
    unsigned char  pad[SHA512_CBLOCK];

    mac->len = len;

    memset(pad, 0, sizeof(pad));

    if (key_len <= sizeof(pad)) {
        memcpy(pad, key, key_len);

    } else {
        sign_sha512_init(&ctx, len);
        SHA512_Update(&ctx, key, key_len);
        SHA512_Final(pad, &ctx);
        OPENSSL_cleanse(&ctx, sizeof(ctx));
    }

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36;
    }

    sign_sha512_init(&mac->inner, len);
    SHA512_Update(&mac->inner, pad, sizeof(pad));

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    sign_sha512_init(&mac->outer, len);
    SHA512_Update(&mac->outer, pad, sizeof(pad));

    OPENSSL_cleanse(pad, sizeof(pad));
}


void
sign_hmac512(const sign_hmac512_t *mac, postern_str_t data,
    unsigned char out[64])
{
    SHA512_CTX  ctx;

    ctx = mac->inner;
    SHA512_Update(&ctx, data.data, data.len);
    SHA512_Final(out, &ctx);

    ctx = mac->outer;
    SHA512_Update(&ctx, out, mac->len);
    SHA512_Final(out, &ctx);

    OPENSSL_cleanse(&ctx, sizeof(ctx));
}


size_t
sign_mac_begin(sign_mac_t *m, const sign_key_t *k)
{
    m->key = k;

    switch (k->algorithm) {

    case POSTERN_ALG_HMAC_SHA256:
        m->u.sha256 = k->mac.inner;
        return SHA256_DIGEST_LENGTH;

    case POSTERN_ALG_HMAC_SHA384:
    case POSTERN_ALG_HMAC_SHA512:
        m->u.sha512 = k->mac512.inner;
        return k->mac512.len;

    default:
        return 0;
    }
}


void
sign_mac_update(sign_mac_t *m, const unsigned char *data, size_t len)
{
    if (m->key->algorithm == POSTERN_ALG_HMAC_SHA256) {
        SHA256_Update(&m->u.sha256, data, len);

    } else {
        SHA512_Update(&m->u.sha512, data, len);
    }
}


size_t
sign_mac_final(sign_mac_t *m, unsigned char out[64])
{
    size_t  len;

    if (m->key->algorithm == POSTERN_ALG_HMAC_SHA256) {
        len = SHA256_DIGEST_LENGTH;

        SHA256_Final(out, &m->u.sha256);
        m->u.sha256 = m->key->mac.outer;
        SHA256_Update(&m->u.sha256, out, len);
        SHA256_Final(out, &m->u.sha256);

    } else {
        len = m->key->mac512.len;

        SHA512_Final(out, &m->u.sha512);
        m->u.sha512 = m->key->mac512.outer;
        SHA512_Update(&m->u.sha512, out, len);
        SHA512_Final(out, &m->u.sha512);
    }

    OPENSSL_cleanse(m, sizeof(sign_mac_t));

    return len;
}


int
sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature)
{
    int            equal;
    unsigned char  out[SHA256_DIGEST_LENGTH];

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
