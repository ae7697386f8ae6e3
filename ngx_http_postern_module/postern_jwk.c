
#include <sodium.h>

#include "postern_jwk.h"


/* where the modulus begins in what postern_public_rsa() writes */

#define POSTERN_RSA_NUMBERS  28


static size_t postern_jwk_put(char *out, size_t size, const char *before,
    postern_str_t bytes);
static size_t postern_jwk_rsa(postern_str_t raw, char *out, size_t size);
static postern_str_t postern_jwk_integer(const unsigned char **p, size_t len);


const char *
postern_jwk_alg(postern_alg_e alg)
{
    switch (alg) {

    case POSTERN_ALG_ED25519:
        return "EdDSA";

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return "ES256";

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return "ES384";

    case POSTERN_ALG_RSA_PSS_SHA512:
        return "PS512";

    case POSTERN_ALG_RSA_V1_5_SHA256:
        return "RS256";

    default:
        return NULL;
    }
}


size_t
postern_jwk_write(postern_alg_e alg, postern_str_t raw, char *out,
    size_t size)
{
    size_t         n, half;
    postern_str_t  x, y;

    /* room for the names, the braces and a NUL, and for the numbers */

    if (raw.len == 0 || size < 64 + raw.len / 3 * 4 + 16) {
        return 0;
    }

    switch (alg) {

    case POSTERN_ALG_ED25519:
        n = postern_jwk_put(out, size,
                            "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"",
                            raw);
        break;

    case POSTERN_ALG_ECDSA_P256_SHA256:
    case POSTERN_ALG_ECDSA_P384_SHA384:
        half = raw.len / 2;
        x.data = raw.data + 1;
        x.len = half;
        y.data = x.data + half;
        y.len = half;

        n = postern_jwk_put(out, size,
                            alg == POSTERN_ALG_ECDSA_P256_SHA256
                            ? "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\""
                            : "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"", x);
        n += postern_jwk_put(out + n, size - n, "\",\"y\":\"", y);
        break;

    case POSTERN_ALG_RSA_PSS_SHA512:
    case POSTERN_ALG_RSA_V1_5_SHA256:
        n = postern_jwk_rsa(raw, out, size);
        break;

    default:
        return 0;
    }

    memcpy(out + n, "\"}", 3);

    return n + 2;
}


static size_t
postern_jwk_put(char *out, size_t size, const char *before,
    postern_str_t bytes)
{
    size_t  n;

    n = strlen(before);
    memcpy(out, before, n);

    sodium_bin2base64(out + n, size - n, bytes.data, bytes.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    return n + strlen(out + n);
}


/* what postern_public_rsa() wrote */

static size_t
postern_jwk_rsa(postern_str_t raw, char *out, size_t size)
{
    size_t                n;
    postern_str_t         modulus, exponent;
    const unsigned char  *p;

    p = raw.data + POSTERN_RSA_NUMBERS + 4;
    modulus = postern_jwk_integer(&p, (size_t) p[-2] << 8 | p[-1]);

    p += 2;
    exponent = postern_jwk_integer(&p, p[-1]);

    n = postern_jwk_put(out, size, "{\"e\":\"", exponent);
    n += postern_jwk_put(out + n, size - n, "\",\"kty\":\"RSA\",\"n\":\"",
                         modulus);

    return n;
}


/* without the 0 that keeps it from being negative */

static postern_str_t
postern_jwk_integer(const unsigned char **p, size_t len)
{
    postern_str_t  s;

    s.data = *p + (**p == 0);
    s.len = len - (**p == 0);

    *p += len;

    return s;
}


int
postern_jwk_thumbprint(postern_alg_e alg, postern_str_t raw,
    char out[POSTERN_THUMBPRINT_LEN + 1])
{
    char           text[POSTERN_JWK_MAX];
    size_t         len;
    unsigned char  digest[crypto_hash_sha256_BYTES];

    len = postern_jwk_write(alg, raw, text, sizeof(text));
    if (len == 0) {
        return -1;
    }

    crypto_hash_sha256(digest, (unsigned char *) text, len);

    sodium_bin2base64(out, POSTERN_THUMBPRINT_LEN + 1, digest, sizeof(digest),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    return 0;
}
