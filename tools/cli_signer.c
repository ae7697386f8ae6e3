
/*
 * The client's side of a key, and signatures made with it.
 */


#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "cli_request.h"
#include "sign_sigv4.h"


static void cli_signer_hmac(const unsigned char *key, size_t len,
    postern_str_t data, unsigned char out[32]);
static void cli_signer_sigv4(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[32]);
static size_t cli_signer_pkey(const cli_signer_t *s, postern_str_t base,
    unsigned char out[CLI_SIGNATURE_MAX]);


int
cli_signer_secret(cli_signer_t *s, const char *file)
{
    if (cli_read(file, POSTERN_SECRET_MAX + 2, &s->secret) != 0) {
        return -1;
    }

    s->alg = POSTERN_ALG_HMAC_SHA256;

    if (s->secret.len && s->secret.data[s->secret.len - 1] == '\n') {
        s->secret.len--;

        if (s->secret.len && s->secret.data[s->secret.len - 1] == '\r') {
            s->secret.len--;
        }
    }

    if (s->secret.len == 0) {
        cli_error("%s holds no secret", file);
        return -1;
    }

    if (s->secret.len > POSTERN_SECRET_MAX) {
        cli_error("the secret in %s has more than %d bytes", file,
                  POSTERN_SECRET_MAX);
        return -1;
    }

    if (s->secret.len > 11 && memcmp(s->secret.data, "-----BEGIN ", 11) == 0) {
        cli_error("%s is a key in PEM form: name it by --key-file", file);
        return -1;
    }

    return 0;
}


int
cli_signer_key(cli_signer_t *s, const char *file)
{
    BIO            *bio;
    EVP_PKEY       *pkey;
    postern_str_t   pem;

    if (cli_read(file, CLI_MAX_TEXT, &pem) != 0) {
        return -1;
    }

    bio = BIO_new_mem_buf(pem.data, (int) pem.len);
    pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    cli_free(&pem);

    if (pkey == NULL) {
        ERR_clear_error();
        cli_error("%s is no private key in PEM form", file);
        return -1;
    }

    s->pkey = pkey;

    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        s->alg = POSTERN_ALG_ED25519;

    } else if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_bits(pkey) == 256) {
        s->alg = POSTERN_ALG_ECDSA_P256_SHA256;

    } else {
        cli_error("%s is neither an Ed25519 nor a P-256 key", file);
        return -1;
    }

    return 0;
}


void
cli_signer_free(cli_signer_t *s)
{
    cli_free(&s->secret);
    EVP_PKEY_free(s->pkey);
    s->pkey = NULL;
}


size_t
cli_signer_sign(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[CLI_SIGNATURE_MAX])
{
    if (msg->scheme == SIGN_SIGV4) {

        if (s->alg != POSTERN_ALG_HMAC_SHA256) {
            cli_error("SigV4 needs the secret of an hmac-sha256 key");
            return 0;
        }

        cli_signer_sigv4(s, msg, out);
        return 32;
    }

    if (s->alg == POSTERN_ALG_HMAC_SHA256) {
        cli_signer_hmac(s->secret.data, s->secret.len, msg->base, out);
        return 32;
    }

    return cli_signer_pkey(s, msg->base, out);
}


static void
cli_signer_hmac(const unsigned char *key, size_t len, postern_str_t data,
    unsigned char out[32])
{
    crypto_auth_hmacsha256_state  state;

    crypto_auth_hmacsha256_init(&state, key, len);
    crypto_auth_hmacsha256_update(&state, data.data, data.len);
    crypto_auth_hmacsha256_final(&state, out);

    sodium_memzero(&state, sizeof(state));
}


static void
cli_signer_sigv4(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[32])
{
    size_t               i;
    unsigned char        key[POSTERN_SECRET_MAX + 4];
    const sign_sigv4_t  *v4;
    postern_str_t        steps[5];

    v4 = msg->scheme_data;

    steps[0] = v4->date;
    steps[1] = v4->region;
    steps[2] = v4->service;
    steps[3] = cli_str("aws4_request");
    steps[4] = msg->base;

    memcpy(key, "AWS4", 4);
    memcpy(key + 4, s->secret.data, s->secret.len);

    cli_signer_hmac(key, s->secret.len + 4, steps[0], out);

    for (i = 1; i < 5; i++) {
        memcpy(key, out, 32);
        cli_signer_hmac(key, 32, steps[i], out);
    }

    sodium_memzero(key, sizeof(key));
}


static size_t
cli_signer_pkey(const cli_signer_t *s, postern_str_t base,
    unsigned char out[CLI_SIGNATURE_MAX])
{
    int                   ok;
    size_t                len;
    ECDSA_SIG            *sig;
    EVP_MD_CTX           *ctx;
    unsigned char         der[128];
    const unsigned char  *p;

    ctx = EVP_MD_CTX_new();
    len = sizeof(der);

    ok = ctx != NULL
         && EVP_DigestSignInit(ctx, NULL,
                               s->alg == POSTERN_ALG_ED25519 ? NULL
                                                             : EVP_sha256(),
                               NULL, s->pkey) == 1
         && EVP_DigestSign(ctx, der, &len, base.data, base.len) == 1;

    EVP_MD_CTX_free(ctx);

    if (!ok) {
        cli_error("OpenSSL cannot sign with this key");
        return 0;
    }

    if (s->alg == POSTERN_ALG_ED25519) {
        memcpy(out, der, 64);
        return 64;
    }

    /* RFC 9421 section 3.3.4: r and s, 32 bytes each */

    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) len);

    ok = sig != NULL
         && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32
         && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;

    ECDSA_SIG_free(sig);

    return ok ? 64 : 0;
}
