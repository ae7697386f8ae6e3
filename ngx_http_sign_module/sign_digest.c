
/*
 * SHA-256 and SHA-512 of what streams by, and hashes of what lies there.
 *
 * These are libcrypto's plain-memory hash functions, on purpose.  A state lies
 * in the request's own memory and needs no freeing, so a request that ends
 * anywhere leaks nothing and no cleanup has to be registered; an EVP_MD_CTX
 * needs both, an allocation, and a look-up of the algorithm per request.  They
 * use the processor's SHA instructions, which libsodium's plain-memory hash
 * does not.  OpenSSL 3 marks them as deprecated in favour of EVP but keeps
 * them, as do LibreSSL, BoringSSL and AWS-LC, which never did.
 */


#define OPENSSL_SUPPRESS_DEPRECATED

#include "sign_verify.h"

#include <openssl/crypto.h>


struct sign_digest_s {
    sign_digest_e      kind;

    union {
        SHA256_CTX     sha256;
        SHA512_CTX     sha512;
    } u;
};


size_t
sign_digest_size(void)
{
    return sizeof(sign_digest_t);
}


sign_digest_t *
sign_digest_begin(void *memory, sign_digest_e kind)
{
    sign_digest_t  *d;

    d = memory;
    d->kind = kind;

    switch (kind) {

    case SIGN_DIGEST_SHA256:
        SHA256_Init(&d->u.sha256);
        break;

    case SIGN_DIGEST_SHA512:
        SHA512_Init(&d->u.sha512);
        break;

    default:
        break;
    }

    return d;
}


void
sign_digest_update(sign_digest_t *d, const unsigned char *data, size_t len)
{
    switch (d->kind) {

    case SIGN_DIGEST_SHA256:
        SHA256_Update(&d->u.sha256, data, len);
        break;

    case SIGN_DIGEST_SHA512:
        SHA512_Update(&d->u.sha512, data, len);
        break;

    default:
        break;
    }
}


size_t
sign_digest_final(sign_digest_t *d, unsigned char out[64])
{
    switch (d->kind) {

    case SIGN_DIGEST_SHA256:
        SHA256_Final(out, &d->u.sha256);
        return SHA256_DIGEST_LENGTH;

    case SIGN_DIGEST_SHA512:
        SHA512_Final(out, &d->u.sha512);
        return SHA512_DIGEST_LENGTH;

    default:
        return 0;
    }
}


/* a kind that is no digest equals nothing: what cannot be compared fails */

int
sign_digest_equal(sign_digest_e kind, const unsigned char *a,
    const unsigned char *b)
{
    switch (kind) {

    case SIGN_DIGEST_SHA256:
        return CRYPTO_memcmp(a, b, SHA256_DIGEST_LENGTH) == 0;

    case SIGN_DIGEST_SHA512:
        return CRYPTO_memcmp(a, b, SHA512_DIGEST_LENGTH) == 0;

    default:
        return 0;
    }
}


void
sign_sha256(const postern_str_t *parts, size_t n, unsigned char out[32])
{
    size_t      i;
    SHA256_CTX  ctx;

    SHA256_Init(&ctx);

    for (i = 0; i < n; i++) {
        SHA256_Update(&ctx, parts[i].data, parts[i].len);
    }

    SHA256_Final(out, &ctx);
}


size_t
sign_hash(sign_digest_e kind, const postern_str_t *parts, size_t n,
    unsigned char out[64])
{
    size_t      i;
    SHA512_CTX  ctx;

    if (kind == SIGN_DIGEST_SHA256) {
        sign_sha256(parts, n, out);
        return SHA256_DIGEST_LENGTH;
    }

    if (kind == SIGN_DIGEST_SHA384) {
        SHA384_Init(&ctx);

    } else {
        SHA512_Init(&ctx);
    }

    for (i = 0; i < n; i++) {
        SHA512_Update(&ctx, parts[i].data, parts[i].len);
    }

    SHA512_Final(out, &ctx);

    return ctx.md_len;
}
