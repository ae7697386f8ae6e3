
/*
 * Verification by the algorithm of the key: RFC 9421, section 3.3.
 */


#include "sign_verify.h"
#include "postern_assert.h"

#include <openssl/crypto.h>
#include <openssl/err.h>


static int sign_verify_mac512(const sign_key_t *k, postern_str_t data,
    postern_str_t signature);
static int sign_verify_ed25519(const sign_key_t *k, postern_str_t data,
    postern_str_t signature);
static int sign_verify_pkey(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature);
static size_t sign_hash_len(sign_digest_e kind);
static postern_str_t sign_no_zeros(postern_str_t n);
static int sign_in_range(const sign_curve_t *curve, postern_str_t n);
static unsigned char *sign_der_integer(unsigned char *p, postern_str_t n);


/* what the message says of its algorithm was compared with the key by
   sign_check(); here it is not even read */

int
sign_rfc9421_verify(sign_key_t *k, sign_message_t *msg)
{
    return sign_key_verify(k, msg->base, msg->signature);
}


int
sign_key_verify(sign_key_t *k, postern_str_t data, postern_str_t signature)
{
    unsigned char  hash[64];

    switch (k->algorithm) {

    case POSTERN_ALG_HMAC_SHA256:
        return sign_mac_equal(&k->mac, data, signature);

    case POSTERN_ALG_HMAC_SHA384:
    case POSTERN_ALG_HMAC_SHA512:
        return sign_verify_mac512(k, data, signature);

    case POSTERN_ALG_ED25519:
        return sign_verify_ed25519(k, data, signature);

    default:
        (void) sign_hash(k->hash, &data, 1, hash);

        return sign_key_verify_hash(k, hash, signature);
    }
}


int
sign_key_verify_der(sign_key_t *k, postern_str_t data, postern_str_t signature)
{
    unsigned char  hash[64];

    if (k->curve == NULL) {
        return sign_key_verify(k, data, signature);
    }

    (void) sign_hash(k->hash, &data, 1, hash);

    return sign_key_verify_hash_der(k, hash, signature);
}


int
sign_key_verify_hash(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature)
{
    postern_str_t  r, s;

    if (k->curve == NULL) {
        return sign_key_verify_hash_der(k, hash, signature);
    }

    /* RFC 9421, sections 3.3.4 and 3.3.5 */

    if (signature.len != k->len) {
        return 0;
    }

    r.data = signature.data;
    r.len = k->curve->len;
    s.data = signature.data + r.len;
    s.len = r.len;

    return sign_key_verify_rs(k, hash, r, s);
}


/* libcrypto refuses an ECDSA-Sig-Value that is not DER, and r and s out of
   range */

int
sign_key_verify_hash_der(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature)
{
    if (k->verifier == NULL
        || signature.len == 0
        || signature.len > (k->curve ? SIGN_ECDSA_DER_MAX : k->len)
        || (k->curve == NULL && signature.len < k->len))
    {
        return 0;
    }

    return sign_verify_pkey(k, hash, signature);
}


/*
 * Zero, which verified everything in careless implementations, and what lies
 * beyond the order of the group are refused before any arithmetic.
 */

int
sign_key_verify_rs(sign_key_t *k, const unsigned char *hash, postern_str_t r,
    postern_str_t s)
{
    postern_str_t  signature;
    unsigned char  der[SIGN_ECDSA_DER_MAX];

    if (k->curve == NULL) {
        return 0;
    }

    r = sign_no_zeros(r);
    s = sign_no_zeros(s);

    if (!sign_in_range(k->curve, r) || !sign_in_range(k->curve, s)) {
        return 0;
    }

    signature.len = sign_ecdsa_der(r, s, der);
    signature.data = der;

    return sign_verify_pkey(k, hash, signature);
}


static int
sign_verify_mac512(const sign_key_t *k, postern_str_t data,
    postern_str_t signature)
{
    int            equal;
    unsigned char  out[64];

    if (signature.len != k->len) {
        return 0;
    }

    sign_hmac512(&k->mac512, data, out);

    equal = CRYPTO_memcmp(out, signature.data, k->len) == 0;

    OPENSSL_cleanse(out, sizeof(out));

    return equal;
}


/* libsodium: in less than half the time of libcrypto */

static int
sign_verify_ed25519(const sign_key_t *k, postern_str_t data,
    postern_str_t signature)
{
    return signature.len == crypto_sign_BYTES
           && crypto_sign_verify_detached(signature.data, data.data, data.len,
                                          k->ed25519)
              == 0;
}


static int
sign_verify_pkey(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature)
{
    int  valid;

    ERR_set_mark();

    valid = EVP_PKEY_verify(k->verifier, signature.data, signature.len, hash,
                            sign_hash_len(k->hash))
            == 1;

    ERR_pop_to_mark();

    return valid;
}


static size_t
sign_hash_len(sign_digest_e kind)
{
    switch (kind) {

    case SIGN_DIGEST_SHA256:
        return SHA256_DIGEST_LENGTH;

    case SIGN_DIGEST_SHA384:
        return SHA384_DIGEST_LENGTH;

    default: /* SIGN_DIGEST_SHA512 */
        return SHA512_DIGEST_LENGTH;
    }
}


static postern_str_t
sign_no_zeros(postern_str_t n)
{
    while (n.len && *n.data == 0) {
        n.data++;
        n.len--;
    }

    return n;
}


/* n without zeros in front, more than 0 and less than the order */

static int
sign_in_range(const sign_curve_t *curve, postern_str_t n)
{
    if (n.len == 0 || n.len > curve->len) {
        return 0;
    }

    return n.len < curve->len || memcmp(n.data, curve->order, n.len) < 0;
}


/* a sequence of two integers, each as short as it can be */

size_t
sign_ecdsa_der(postern_str_t r, postern_str_t s,
    unsigned char out[SIGN_ECDSA_DER_MAX])
{
    size_t          len;
    unsigned char  *p, integers[2 * (3 + SIGN_CURVE_MAX)];

    p = sign_der_integer(integers, sign_no_zeros(r));
    p = sign_der_integer(p, sign_no_zeros(s));

    len = p - integers;
    p = out;

    *p++ = 0x30;

    if (len > 0x7f) {
        *p++ = 0x81;
    }

    *p++ = (unsigned char) len;

    memcpy(p, integers, len);

    return p + len - out;
}


/* a zero byte in front where it would look negative */

static unsigned char *
sign_der_integer(unsigned char *p, postern_str_t n)
{
    unsigned  negative;

    negative = *n.data >> 7;

    *p++ = 0x02;
    *p++ = (unsigned char) (n.len + negative);

    if (negative) {
        *p++ = 0;
    }

    memcpy(p, n.data, n.len);

    return p + n.len;
}
