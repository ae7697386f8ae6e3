
/*
 * What a verification costs by algorithm, without nginx: sign_key_verify() of
 * 300 bytes with a key that was made ready, and making it ready.
 *
 *     verify_bench [MILLISECONDS]
 *
 * Prints, by algorithm, nanoseconds of CPU time for either, and how often
 * libcrypto asked for memory during one verification.  bench/pure compiles
 * this.  "ed25519, libcrypto" is what we do not use.
 */


#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "sign_verify.h"


#define SECRET  "0123456789abcdef0123456789abcdef"


typedef struct {
    const char      *name;
    postern_alg_e    alg;
    const char      *type;      /* of key, as libcrypto calls it; NULL: HMAC */
    const char      *curve;
    int              bits;
    const EVP_MD    *(*md)(void);
} row_t;


static const row_t  rows[] = {
    { "hmac-sha256", POSTERN_ALG_HMAC_SHA256, NULL, NULL, 0, EVP_sha256 },
    { "hmac-sha384", POSTERN_ALG_HMAC_SHA384, NULL, NULL, 0, EVP_sha384 },
    { "hmac-sha512", POSTERN_ALG_HMAC_SHA512, NULL, NULL, 0, EVP_sha512 },
    { "ed25519", POSTERN_ALG_ED25519, "ED25519", NULL, 0, NULL },
    { "ecdsa-p256-sha256", POSTERN_ALG_ECDSA_P256_SHA256, "EC", "P-256", 0,
      EVP_sha256 },
    { "ecdsa-p384-sha384", POSTERN_ALG_ECDSA_P384_SHA384, "EC", "P-384", 0,
      EVP_sha384 },
    { "rsa-pss-sha512, 2048", POSTERN_ALG_RSA_PSS_SHA512, "RSA", NULL, 2048,
      EVP_sha512 },
    { "rsa-pss-sha512, 4096", POSTERN_ALG_RSA_PSS_SHA512, "RSA", NULL, 4096,
      EVP_sha512 },
    { "rsa-v1_5-sha256, 2048", POSTERN_ALG_RSA_V1_5_SHA256, "RSA", NULL, 2048,
      EVP_sha256 },
    { "rsa-v1_5-sha256, 4096", POSTERN_ALG_RSA_V1_5_SHA256, "RSA", NULL, 4096,
      EVP_sha256 }
};


static unsigned char  text[300];
static long           asked;


static void *
count_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    asked++;

    return malloc(size);
}


static void *
count_realloc(void *p, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    asked++;

    return realloc(p, size);
}


static void
count_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    free(p);
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
fail(const char *what)
{
    fprintf(stderr, "verify_bench: %s\n", what);
    exit(1);
}


static EVP_PKEY *
generate(const row_t *row)
{
    EVP_PKEY  *pkey;

    if (row->curve) {
        pkey = EVP_EC_gen(row->curve);

    } else if (row->bits) {
        pkey = EVP_RSA_gen((unsigned) row->bits);

    } else {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, row->type);
    }

    if (pkey == NULL) {
        fail("no key");
    }

    return pkey;
}


/* in the wire forms of RFC 9421; returns how many bytes */

static size_t
sign_text(const row_t *row, EVP_PKEY *pkey, unsigned char *out, size_t room)
{
    size_t                len;
    ECDSA_SIG            *sig;
    EVP_MD_CTX           *ctx;
    EVP_PKEY_CTX         *how;
    const unsigned char  *p;

    ctx = EVP_MD_CTX_new();
    EVP_DigestSignInit(ctx, &how, row->md ? row->md() : NULL, NULL, pkey);

    if (row->alg == POSTERN_ALG_RSA_PSS_SHA512) {
        EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 64);
    }

    len = room;
    if (EVP_DigestSign(ctx, out, &len, text, sizeof(text)) != 1) {
        fail("no signature");
    }

    EVP_MD_CTX_free(ctx);

    if (row->curve) {
        p = out;
        sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
        len = row->alg == POSTERN_ALG_ECDSA_P256_SHA256 ? 32 : 48;
        BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int) len);
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + len, (int) len);
        ECDSA_SIG_free(sig);
        len *= 2;
    }

    return len;
}


/* the public key as a directory has it */

static size_t
public_of(const row_t *row, EVP_PKEY *pkey, unsigned char *out, size_t room)
{
    size_t          len;
    unsigned char  *p;

    len = room;
    p = out;

    if (row->bits) {
        return (size_t) i2d_PUBKEY(pkey, &p);
    }

    if (row->curve) {
        EVP_PKEY_get_octet_string_param(pkey, "pub", out, room, &len);

    } else {
        EVP_PKEY_get_raw_public_key(pkey, out, &len);
    }

    return len;
}


static void
libcrypto_ed25519(EVP_PKEY *pkey, postern_str_t signature, double seconds)
{
    long         n;
    double       start, spent;
    EVP_MD_CTX  *ctx;

    asked = 0;
    start = now();

    for (n = 0, spent = 0; spent < seconds; n++) {
        ctx = EVP_MD_CTX_new();

        if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1
            || EVP_DigestVerify(ctx, signature.data, signature.len, text,
                                sizeof(text))
               != 1)
        {
            fail("libcrypto says no");
        }

        EVP_MD_CTX_free(ctx);
        spent = now() - start;
    }

    printf("%-24s %10.0f %12s %12.1f\n", "ed25519, libcrypto",
           spent * 1e9 / (double) n, "", (double) asked / (double) n);
}


static void
measure(const row_t *row, double seconds)
{
    long            i, n, made;
    double          start, spent, making;
    unsigned        maclen;
    EVP_PKEY       *pkey;
    sign_key_t     *key;
    postern_key_t   k;
    postern_str_t   base, secret, signature;
    unsigned char   public[1200], bytes[1100];

    memset(&k, 0, sizeof(k));
    k.algorithm = row->alg;
    secret = (postern_str_t) postern_string(SECRET);
    base.data = text;
    base.len = sizeof(text);
    signature.data = bytes;
    pkey = NULL;

    if (row->type) {
        pkey = generate(row);
        k.public_key.data = public;
        k.public_key.len = public_of(row, pkey, public, sizeof(public));
        signature.len = sign_text(row, pkey, bytes, sizeof(bytes));

    } else {
        HMAC(row->md(), SECRET, sizeof(SECRET) - 1, text, sizeof(text), bytes,
             &maclen);
        signature.len = maclen;
    }

    start = now();

    for (made = 0, making = 0; making < seconds / 10; made++) {
        key = sign_key_create(&k, secret);
        sign_key_destroy(key);
        making = now() - start;
    }

    key = sign_key_create(&k, secret);

    if (key == NULL || !sign_key_verify(key, base, signature)) {
        fail(row->name);
    }

    asked = 0;
    n = 0;
    start = now();

    do {
        for (i = 0; i < 16; i++, n++) {
            if (!sign_key_verify(key, base, signature)) {
                fail(row->name);
            }
        }

        spent = now() - start;
    } while (spent < seconds);

    printf("%-24s %10.0f %12.0f %12.1f\n", row->name,
           spent * 1e9 / (double) n, making * 1e9 / (double) made,
           (double) asked / (double) n);

    if (row->alg == POSTERN_ALG_ED25519) {
        libcrypto_ed25519(pkey, signature, seconds);
    }

    sign_key_destroy(key);
    EVP_PKEY_free(pkey);
}


int
main(int argc, char **argv)
{
    size_t  i;
    double  seconds;

    CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free);

    seconds = (argc > 1 ? atof(argv[1]) : 300) / 1000;
    memset(text, 'x', sizeof(text));

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        measure(&rows[i], seconds);
    }

    return 0;
}
