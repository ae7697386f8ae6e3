
/*
 * The client's side of a key, and signatures made with it.
 */


#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "cli_request.h"
#include "sign_verify.h"


static void cli_signer_hmac(const unsigned char *key, size_t len,
    postern_str_t data, unsigned char out[32]);
static void cli_signer_sigv4(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[32]);
static size_t cli_signer_sigv4a(const cli_signer_t *s,
    const sign_message_t *msg, unsigned char out[CLI_SIGNATURE_MAX]);
static EVP_PKEY *cli_signer_scalar(const unsigned char scalar[32]);
static size_t cli_signer_mac(const cli_signer_t *s, postern_str_t base,
    unsigned char out[CLI_SIGNATURE_MAX]);
static size_t cli_signer_pkey(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[CLI_SIGNATURE_MAX]);
static size_t cli_signer_raw(unsigned char out[CLI_SIGNATURE_MAX], size_t len,
    int size);


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

    } else if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_bits(pkey) == 384) {
        s->alg = POSTERN_ALG_ECDSA_P384_SHA384;

    } else if (EVP_PKEY_is_a(pkey, "RSA")
               && EVP_PKEY_get_size(pkey) <= CLI_SIGNATURE_MAX)
    {
        s->alg = POSTERN_ALG_RSA_PSS_SHA512;

    } else {
        cli_error("%s is neither an Ed25519, P-256, P-384 nor RSA key", file);
        return -1;
    }

    return 0;
}


int
cli_signer_choose(cli_signer_t *s, postern_alg_e alg)
{
    int            rsa;
    postern_str_t  name;

    rsa = alg == POSTERN_ALG_RSA_PSS_SHA512
          || alg == POSTERN_ALG_RSA_V1_5_SHA256;

    if (alg == s->alg
        || (postern_alg_is_hmac(s->alg) && postern_alg_is_hmac(alg))
        || (rsa && s->alg == POSTERN_ALG_RSA_PSS_SHA512))
    {
        s->alg = alg;
        return 0;
    }

    name = postern_alg_name(alg);
    cli_error("%.*s is no algorithm of this key", (int) name.len,
              name.data ? (const char *) name.data : "");

    return -1;
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
    if (msg->scheme & (SIGN_SIGV4|SIGN_SIGV4A)) {

        if (s->alg != POSTERN_ALG_HMAC_SHA256) {
            cli_error("SigV4 needs the secret of an hmac-sha256 key");
            return 0;
        }

        if (msg->scheme == SIGN_SIGV4A) {
            return cli_signer_sigv4a(s, msg, out);
        }

        cli_signer_sigv4(s, msg, out);
        return 32;
    }

    if (postern_alg_is_hmac(s->alg)) {
        return cli_signer_mac(s, msg->base, out);
    }

    return cli_signer_pkey(s, msg, out);
}


static size_t
cli_signer_mac(const cli_signer_t *s, postern_str_t base,
    unsigned char out[CLI_SIGNATURE_MAX])
{
    unsigned       len;
    const EVP_MD  *md;

    md = s->alg == POSTERN_ALG_HMAC_SHA256 ? EVP_sha256()
         : s->alg == POSTERN_ALG_HMAC_SHA384 ? EVP_sha384() : EVP_sha512();

    if (HMAC(md, s->secret.data, (int) s->secret.len, base.data, base.len,
             out, &len)
        == NULL)
    {
        cli_error("OpenSSL cannot sign with this secret");
        return 0;
    }

    return len;
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


/* by the pair of keys that the gateway derives as well */

static size_t
cli_signer_sigv4a(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[CLI_SIGNATURE_MAX])
{
    int             rc;
    size_t          len;
    sign_key_t     *derived;
    cli_signer_t    pair;
    postern_key_t   key;
    unsigned char   scalar[32];

    memset(&key, 0, sizeof(key));
    memset(&pair, 0, sizeof(pair));

    key.algorithm = POSTERN_ALG_HMAC_SHA256;
    derived = sign_key_create(&key, s->secret);
    rc = derived ? sign_sigv4a_private(derived, msg->key_id, scalar) : -1;
    sign_key_destroy(derived);

    pair.alg = POSTERN_ALG_ECDSA_P256_SHA256;
    pair.pkey = rc == 0 ? cli_signer_scalar(scalar) : NULL;
    sodium_memzero(scalar, sizeof(scalar));

    if (pair.pkey == NULL) {
        ERR_clear_error();
        cli_error("OpenSSL cannot sign with this secret");
        return 0;
    }

    len = cli_signer_pkey(&pair, msg, out);

    cli_signer_free(&pair);

    return len;
}


static EVP_PKEY *
cli_signer_scalar(const unsigned char scalar[32])
{
    BIGNUM          *n;
    EVP_PKEY        *pkey;
    OSSL_PARAM      *params;
    EVP_PKEY_CTX    *ctx;
    OSSL_PARAM_BLD  *build;

    pkey = NULL;
    n = BN_secure_new();
    build = OSSL_PARAM_BLD_new();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    params = n && build && ctx && BN_bin2bn(scalar, 32, n)
             && OSSL_PARAM_BLD_push_utf8_string(build,
                                        OSSL_PKEY_PARAM_GROUP_NAME,
                                        sign_p256.name, 0) == 1
             && OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY,
                                           n, 32) == 1
             ? OSSL_PARAM_BLD_to_param(build) : NULL;

    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
    {
        pkey = NULL;
    }

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_clear_free(n);

    return pkey;
}


static size_t
cli_signer_pkey(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[CLI_SIGNATURE_MAX])
{
    int            ok;
    size_t         len;
    EVP_MD_CTX    *ctx;
    const EVP_MD  *md;
    EVP_PKEY_CTX  *pctx;

    switch (s->alg) {

    case POSTERN_ALG_ED25519:
        md = NULL;
        break;

    case POSTERN_ALG_ECDSA_P384_SHA384:
        md = EVP_sha384();
        break;

    case POSTERN_ALG_RSA_PSS_SHA512:
        md = EVP_sha512();
        break;

    default:
        md = EVP_sha256();
        break;
    }

    ctx = EVP_MD_CTX_new();
    len = CLI_SIGNATURE_MAX;

    ok = ctx != NULL
         && EVP_DigestSignInit(ctx, &pctx, md, NULL, s->pkey) == 1;

    if (ok && s->alg == POSTERN_ALG_RSA_PSS_SHA512) {
        ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1
             && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST)
                == 1;
    }

    ok = ok && EVP_DigestSign(ctx, out, &len, msg->base.data, msg->base.len)
               == 1;

    EVP_MD_CTX_free(ctx);

    if (!ok) {
        ERR_clear_error();
        cli_error("OpenSSL cannot sign with this key");
        return 0;
    }

    /* what cavage and SigV4A send is what OpenSSL makes */

    if ((msg->scheme & (SIGN_CAVAGE|SIGN_SIGV4A))
        || (s->alg != POSTERN_ALG_ECDSA_P256_SHA256
            && s->alg != POSTERN_ALG_ECDSA_P384_SHA384))
    {
        return len;
    }

    return cli_signer_raw(out, len, s->alg == POSTERN_ALG_ECDSA_P256_SHA256
                                    ? 32 : 48);
}


/* RFC 9421, sections 3.3.4 and 3.3.5: r and s, each of one length */

static size_t
cli_signer_raw(unsigned char out[CLI_SIGNATURE_MAX], size_t len, int size)
{
    int                   ok;
    ECDSA_SIG            *sig;
    const unsigned char  *p;

    p = out;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) len);

    ok = sig != NULL
         && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, size) == size
         && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + size, size) == size;

    ECDSA_SIG_free(sig);

    return ok ? 2 * (size_t) size : 0;
}
