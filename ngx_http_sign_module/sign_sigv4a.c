
/*
 * SigV4A: the pair of keys on P-256 that is made of an access key.  Both sides
 * derive it from the id and the secret, by the counter mode of NIST SP 800-108
 * with HMAC-SHA256:
 *
 *     key      "AWS4A" secret
 *     message  00000001 "AWS4-ECDSA-P256-SHA256" 00 id counter 00000100
 *
 * What comes out counts where it is at most n - 2, n being the order of the
 * group, and the private key is one more; else the counter goes on from 1.
 */


#include "sign_verify.h"
#include "postern_assert.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>


#define SIGN_SIGV4A_TRIALS  254
#define SIGN_SIGV4A_LEN     32


static void sign_sigv4a_trial(const sign_key_t *k, postern_str_t id,
    unsigned counter, unsigned char out[SIGN_SIGV4A_LEN]);
static sign_key_t *sign_sigv4a_pair(
    const unsigned char scalar[SIGN_SIGV4A_LEN]);
static int sign_sigv4a_point(const unsigned char scalar[SIGN_SIGV4A_LEN],
    unsigned char point[1 + 2 * SIGN_SIGV4A_LEN]);


sign_key_t *
sign_sigv4a_key(sign_key_t *k, postern_str_t id)
{
    int            rc;
    unsigned char  scalar[SIGN_SIGV4A_LEN];

    if (k->sigv4a != NULL || k->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return k->sigv4a;
    }

    rc = sign_sigv4a_private(k, id, scalar);

    if (POSTERN_ALWAYS(rc == 0)) {
        k->sigv4a = sign_sigv4a_pair(scalar);
    }

    OPENSSL_cleanse(scalar, sizeof(scalar));

    return k->sigv4a;
}


int
sign_sigv4a_private(const sign_key_t *k, postern_str_t id,
    unsigned char scalar[SIGN_SIGV4A_LEN])
{
    int       valid;
    unsigned  counter;

    counter = 0;

    /* the first one is it, but for a chance of 1 in 2^32 */

    do {
        sign_sigv4a_trial(k, id, ++counter, scalar);
        valid = sign_sigv4a_scalar(scalar);

    } while (POSTERN_NEVER(!valid) && counter < SIGN_SIGV4A_TRIALS);

    return POSTERN_ALWAYS(valid) ? 0 : -1;
}


static void
sign_sigv4a_trial(const sign_key_t *k, postern_str_t id, unsigned counter,
    unsigned char out[SIGN_SIGV4A_LEN])
{
    unsigned char               *p;
    postern_str_t                text;
    unsigned char                buf[64 + SIGN_MAX_KEY_ID];

    static const postern_str_t   begin =
        postern_string("\0\0\0\1AWS4-ECDSA-P256-SHA256\0");
    static const postern_str_t   end = postern_string("\0\0\1\0");

    p = sign_put(buf, begin);
    p = sign_put(p, id);
    *p++ = (unsigned char) counter;
    p = sign_put(p, end);

    text.data = buf;
    text.len = p - buf;

    sign_hmac(&k->aws4a, text, out);
}


/* in constant time: what is compared is as good as the private key */

int
sign_sigv4a_scalar(unsigned char c[SIGN_SIGV4A_LEN])
{
    int       i;
    unsigned  n, borrow, carry;

    borrow = 0;

    for (i = SIGN_SIGV4A_LEN - 1; i >= 0; i--) {

        /* the order is odd, so that two less is its last octet */

        n = sign_p256.order[i] - (i == SIGN_SIGV4A_LEN - 1 ? 2 : 0);
        borrow = ((n - c[i] - borrow) >> 8) & 1;
    }

    carry = 1;

    for (i = SIGN_SIGV4A_LEN - 1; i >= 0; i--) {
        carry += c[i];
        c[i] = (unsigned char) carry;
        carry >>= 8;
    }

    return borrow == 0;
}


static sign_key_t *
sign_sigv4a_pair(const unsigned char scalar[SIGN_SIGV4A_LEN])
{
    int            rc;
    postern_key_t  key;
    postern_str_t  none;
    unsigned char  point[1 + 2 * SIGN_SIGV4A_LEN];

    ERR_set_mark();
    rc = sign_sigv4a_point(scalar, point);
    ERR_pop_to_mark();

    if (rc != 0) {
        return NULL;
    }

    memset(&key, 0, sizeof(key));

    key.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    key.public_key.data = point;
    key.public_key.len = sizeof(point);

    none.data = NULL;
    none.len = 0;

    return sign_key_create(&key, none);
}


/* libcrypto multiplies the generator in constant time */

static int
sign_sigv4a_point(const unsigned char scalar[SIGN_SIGV4A_LEN],
    unsigned char point[1 + 2 * SIGN_SIGV4A_LEN])
{
    int        rc;
    BIGNUM    *n;
    EC_GROUP  *group;
    EC_POINT  *p;

    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    p = group ? EC_POINT_new(group) : NULL;
    n = BN_secure_new();

    rc = p != NULL && n != NULL
         && BN_bin2bn(scalar, SIGN_SIGV4A_LEN, n) != NULL
         && EC_POINT_mul(group, p, n, NULL, NULL, NULL) == 1
         && EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED,
                               point, 1 + 2 * SIGN_SIGV4A_LEN, NULL)
            == 1 + 2 * SIGN_SIGV4A_LEN;

    BN_clear_free(n);
    EC_POINT_free(p);
    EC_GROUP_free(group);

    return rc ? 0 : -1;
}
