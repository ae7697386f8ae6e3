/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * The cryptography of signatures: RFC 9421 appendices B.2.4 to B.2.6, and every
 * way a signature, a key or an algorithm can be wrong.
 */


#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "unit.h"
#include "sign_request.h"
#include "sign_sigv4.h"
#include "sign_verify.h"


#define B24_BASE                                                              \
    "\"@status\": 200\n"                                                      \
    "\"content-type\": application/json\n"                                    \
    "\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41"  \
    "QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n"                      \
    "\"content-length\": 23\n"                                                \
    "\"@signature-params\": (\"@status\" \"content-type\" "                   \
    "\"content-digest\" \"content-length\");created=1618884473;"              \
    "keyid=\"test-key-ecc-p256\""

#define B24_SIGNATURE                                                         \
    "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdl" \
    "YUEkLIj+32oiasw=="

#define B24_KEY                                                               \
    "BKiFWGVSwqz2Rxh4z9ewk1tP/g/S38NBJI6he8QeBYrwMc4nN9LTDOBhfoUeg8Ye9WedFRh" \
    "nZXZJA12Qp0zZ6F0="

#define B25_BASE                                                              \
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"                               \
    "\"@authority\": example.com\n"                                           \
    "\"content-type\": application/json\n"                                    \
    "\"@signature-params\": (\"date\" \"@authority\" \"content-type\")"       \
    ";created=1618884473;keyid=\"test-shared-secret\""

#define B25_SIGNATURE  "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="

#define B25_KEY                                                               \
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6" \
    "pcl8jsasjlTMtDQ=="

#define B26_BASE                                                              \
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"                               \
    "\"@method\": POST\n"                                                     \
    "\"@path\": /foo\n"                                                       \
    "\"@authority\": example.com\n"                                           \
    "\"content-type\": application/json\n"                                    \
    "\"content-length\": 18\n"                                                \
    "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" "  \
    "\"content-type\" \"content-length\");created=1618884473;"                \
    "keyid=\"test-key-ed25519\""

#define B26_SIGNATURE                                                         \
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vu" \
    "Qv5lIp5WPpBKRCw=="

#define B26_KEY  "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="


/* n, the order of P-256, as in FIPS 186-4 */

#define ORDER                                                                 \
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"


typedef struct {
    sign_key_t      *key;
    postern_key_t    dkey;
    sign_message_t   msg;
    unsigned char    public[128];
    unsigned char    signature[128];
} try_t;


static size_t
decode(const char *text, unsigned char out[128])
{
    size_t  len;

    if (sodium_base642bin(out, 128, text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL)
        != 0)
    {
        exit(2);
    }

    return len;
}


static void
prepare(try_t *t, postern_alg_e alg, const char *key, const char *base,
    const char *signature)
{
    size_t         len;
    postern_str_t  secret;

    memset(t, 0, sizeof(try_t));

    t->dkey.algorithm = alg;
    len = decode(key, t->public);
    secret.len = len;
    secret.data = t->public;

    if (alg != POSTERN_ALG_HMAC_SHA256) {
        t->dkey.public_key = secret;
        memset(&secret, 0, sizeof(secret));
    }

    t->key = sign_key_create(&t->dkey, secret);

    t->msg.scheme = SIGN_RFC9421;
    t->msg.base = sign_text_str(base);
    t->msg.signature.len = decode(signature, t->signature);
    t->msg.signature.data = t->signature;
}


/* every bit of the signature and every byte of the base counts */

static void
tamper(try_t *t)
{
    char    base[1024];
    size_t  i;

    EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_OK);

    for (i = 0; i < t->msg.signature.len; i++) {
        t->signature[i] ^= 1 << (i % 8);
        EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);
        t->signature[i] ^= 1 << (i % 8);
    }

    memcpy(base, t->msg.base.data, t->msg.base.len);
    t->msg.base.data = (unsigned char *) base;

    for (i = 0; i < t->msg.base.len; i += 17) {
        base[i] ^= 0x20;
        EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);
        base[i] ^= 0x20;
    }

    EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_OK);

    t->msg.base.len--;
    EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);
    t->msg.base.len++;
}


/* svix-webhooks#1190, standard-webhooks#115: "v1," was accepted */

static void
shorten(try_t *t)
{
    size_t  i, len;

    len = t->msg.signature.len;

    for (i = 0; i < len; i++) {
        t->msg.signature.len = i;
        EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);
    }

    t->msg.signature.len = len + 1;
    EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);

    t->msg.signature.len = 0;
    t->msg.signature.data = NULL;
    EXPECT_INT(sign_verify(t->key, &t->msg), SIGN_INVALID);
}


TEST(rfc9421_b24_ecdsa)
{
    try_t  t;

    prepare(&t, POSTERN_ALG_ECDSA_P256_SHA256, B24_KEY, B24_BASE,
            B24_SIGNATURE);
    tamper(&t);
    shorten(&t);
    sign_key_destroy(t.key);
}


TEST(rfc9421_b25_hmac)
{
    try_t  t;

    prepare(&t, POSTERN_ALG_HMAC_SHA256, B25_KEY, B25_BASE, B25_SIGNATURE);
    tamper(&t);
    shorten(&t);
    sign_key_destroy(t.key);
}


TEST(rfc9421_b26_ed25519)
{
    try_t  t;

    prepare(&t, POSTERN_ALG_ED25519, B26_KEY, B26_BASE, B26_SIGNATURE);
    tamper(&t);
    shorten(&t);
    sign_key_destroy(t.key);
}


TEST(ecdsa_r_or_s_of_zero_or_out_of_range_cve_2022_21449)
{
    int            i;
    try_t          t;
    unsigned char  good[64], order[32];

    prepare(&t, POSTERN_ALG_ECDSA_P256_SHA256, B24_KEY, B24_BASE,
            B24_SIGNATURE);
    memcpy(good, t.signature, 64);
    sodium_hex2bin(order, 32, ORDER, 64, NULL, NULL, NULL);

    memset(t.signature, 0, 64);
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);

    for (i = 0; i < 64; i += 32) {
        memcpy(t.signature, good, 64);
        memset(t.signature + i, 0, 32);
        EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);

        memcpy(t.signature + i, order, 32);
        EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);

        memset(t.signature + i, 0xff, 32);
        EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    }

    memcpy(t.signature, good, 64);
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_OK);
    sign_key_destroy(t.key);
}


TEST(ecdsa_r_and_s_of_every_length_verify)
{
    int             i, len, short_ones;
    char            base[64];
    size_t          n, publen;
    try_t           t;
    EVP_PKEY       *pkey;
    EVP_MD_CTX     *ctx;
    unsigned char   der[128], *p;

    pkey = EVP_EC_gen("P-256");
    memset(&t, 0, sizeof(t));
    EVP_PKEY_get_octet_string_param(pkey, "pub", t.public, sizeof(t.public),
                                    &publen);
    t.dkey.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    t.dkey.public_key.data = t.public;
    t.dkey.public_key.len = publen;
    t.key = sign_key_create(&t.dkey, t.dkey.public_key);
    t.msg.scheme = SIGN_RFC9421;
    t.msg.signature.data = t.signature;
    short_ones = 0;

    /* one r or s in 128 begins with a zero byte */

    for (i = 0; i < 400; i++) {
        snprintf(base, sizeof(base), "message %d", i);
        t.msg.base = sign_text_str(base);

        ctx = EVP_MD_CTX_new();
        n = sizeof(der);
        EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey);
        EVP_DigestSign(ctx, der, &n, (unsigned char *) base, strlen(base));
        EVP_MD_CTX_free(ctx);

        memset(t.signature, 0, 64);
        len = der[3];
        p = der + 4;
        memcpy(t.signature + 32 - (len == 33 ? 32 : len), p + (len == 33),
               len == 33 ? 32 : len);
        p += len;
        short_ones += len < 32 || p[1] < 32;
        len = p[1];
        p += 2;
        memcpy(t.signature + 64 - (len == 33 ? 32 : len), p + (len == 33),
               len == 33 ? 32 : len);

        t.msg.signature.len = 64;
        EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_OK);
    }

    printf("# %d pairs with a short r or s\n", short_ones);

    /* DER is not what RFC 9421 sends */

    memcpy(t.signature, der, n);
    t.msg.signature.len = n;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);

    EVP_PKEY_free(pkey);
    sign_key_destroy(t.key);
}


TEST(a_public_key_is_no_hmac_secret)
{
    try_t          t;
    unsigned char  mac[32];

    /* algorithm confusion: HMAC by the bytes of the public key */

    prepare(&t, POSTERN_ALG_ED25519, B26_KEY, B26_BASE, B26_SIGNATURE);
    sign_text_hmac(t.public, 32, B26_BASE, mac);
    memcpy(t.signature, mac, 32);
    t.msg.signature.len = 32;
    t.msg.alg = POSTERN_ALG_HMAC_SHA256;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);

    t.msg.scheme = SIGN_SIGV4;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    sign_key_destroy(t.key);

    prepare(&t, POSTERN_ALG_ECDSA_P256_SHA256, B24_KEY, B24_BASE,
            B24_SIGNATURE);
    sign_text_hmac(t.public, 65, B24_BASE, mac);
    memcpy(t.signature, mac, 32);
    t.msg.signature.len = 32;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    sign_key_destroy(t.key);
}


TEST(nothing_verifies_without_a_key_or_a_base)
{
    try_t  t;

    prepare(&t, POSTERN_ALG_HMAC_SHA256, B25_KEY, B25_BASE, B25_SIGNATURE);
    EXPECT_INT(sign_verify(NULL, &t.msg), SIGN_INVALID);
    t.msg.base.data = NULL;
    t.msg.base.len = 0;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    sign_key_destroy(t.key);
    sign_key_destroy(NULL);
}


TEST(unusable_keys_are_refused)
{
    postern_key_t   k;
    postern_str_t   secret;
    unsigned char   bytes[POSTERN_SECRET_MAX + 1], point[128];
    sign_key_t     *key;

    memset(&k, 0, sizeof(k));
    memset(bytes, 1, sizeof(bytes));
    secret.data = bytes;

    k.algorithm = POSTERN_ALG_HMAC_SHA256;
    secret.len = 0;
    EXPECT(sign_key_create(&k, secret) == NULL);
    secret.len = POSTERN_SECRET_MAX + 1;
    EXPECT(sign_key_create(&k, secret) == NULL);
    secret.len = POSTERN_SECRET_MAX;
    key = sign_key_create(&k, secret);
    EXPECT(key != NULL);
    sign_key_destroy(key);

    k.algorithm = 0;
    EXPECT(sign_key_create(&k, secret) == NULL);
    k.algorithm = 99;
    EXPECT(sign_key_create(&k, secret) == NULL);

    k.algorithm = POSTERN_ALG_ED25519;
    k.public_key.data = bytes;
    k.public_key.len = 31;
    EXPECT(sign_key_create(&k, secret) == NULL);
    k.public_key.len = 0;
    EXPECT(sign_key_create(&k, secret) == NULL);

    k.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    decode(B24_KEY, point);
    k.public_key.data = point;
    k.public_key.len = 64;
    EXPECT(sign_key_create(&k, secret) == NULL);
    k.public_key.len = 65;
    point[64] ^= 1;                              /* off the curve */
    EXPECT(sign_key_create(&k, secret) == NULL);
    point[64] ^= 1;
    point[0] = 0x05;
    EXPECT(sign_key_create(&k, secret) == NULL);
    memset(point, 0, 65);                        /* infinity */
    EXPECT(sign_key_create(&k, secret) == NULL);
}


TEST(failures_leave_no_errors_in_libcrypto)
{
    try_t          t;
    unsigned char  point[128];
    postern_key_t  k;
    postern_str_t  none = postern_null_string;

    ERR_clear_error();

    prepare(&t, POSTERN_ALG_ECDSA_P256_SHA256, B24_KEY, B24_BASE,
            B24_SIGNATURE);
    t.signature[5] ^= 1;
    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    sign_key_destroy(t.key);

    memset(&k, 0, sizeof(k));
    decode(B24_KEY, point);
    point[64] ^= 1;
    k.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    k.public_key.data = point;
    k.public_key.len = 65;
    EXPECT(sign_key_create(&k, none) == NULL);

    EXPECT_INT(ERR_peek_error(), 0);
}


TEST(an_ed25519_key_of_small_order_verifies_nothing)
{
    try_t  t;

    /* the neutral element as key, and as R with S = 0: the equation holds for
       every message where nobody looks */

    memset(&t, 0, sizeof(t));
    t.public[0] = 1;
    t.dkey.algorithm = POSTERN_ALG_ED25519;
    t.dkey.public_key.data = t.public;
    t.dkey.public_key.len = 32;
    t.key = sign_key_create(&t.dkey, t.dkey.public_key);

    t.msg.scheme = SIGN_RFC9421;
    t.msg.base = sign_text_str("anything");
    t.signature[0] = 1;
    t.msg.signature.data = t.signature;
    t.msg.signature.len = 64;

    EXPECT_INT(sign_verify(t.key, &t.msg), SIGN_INVALID);
    sign_key_destroy(t.key);
}


/* SigV4 over many scopes: more than are kept, and wrong ones between */

static sign_code_e
scoped(sign_key_t *key, const char *secret, unsigned day, const char *region)
{
    char             scope[128], hex[65];
    size_t           len;
    sign_sigv4_t     v4;
    unsigned char    signature[32];
    sign_message_t   msg;
    postern_alloc_t  memory;
    postern_arena_t *arena;
    sign_code_e      rc;

    snprintf(scope, sizeof(scope), "202611%02u/%s/execute-api/aws4_request",
             day, region);
    sign_text_sigv4(secret, "20261121T231915Z", scope, "canonical", hex);
    sodium_hex2bin(signature, 32, hex, 64, NULL, &len, NULL);

    memset(&v4, 0, sizeof(v4));
    memset(&msg, 0, sizeof(msg));

    v4.algorithm = sign_text_str("AWS4-HMAC-SHA256");
    v4.scope = sign_text_str(scope);
    v4.date.data = v4.scope.data;
    v4.date.len = 8;
    v4.region.data = v4.scope.data + 9;
    v4.region.len = strlen(region);
    v4.service.data = v4.region.data + v4.region.len + 1;
    v4.service.len = strlen("execute-api");
    memcpy(v4.time, "20261121T231915Z", SIGN_SIGV4_TIME_LEN);

    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);

    msg.scheme = SIGN_SIGV4;
    msg.scheme_data = &v4;
    msg.signature.data = signature;
    msg.signature.len = 32;
    sign_sigv4_string(sign_text_str("canonical"), &memory, &v4, &msg.base);

    rc = sign_verify(key, &msg);
    postern_arena_destroy(arena);

    return rc;
}


TEST(sigv4_scopes_are_kept_and_make_room)
{
    int             i;
    char            region[80];
    sign_key_t     *key;
    postern_key_t   k;

    memset(&k, 0, sizeof(k));
    k.algorithm = POSTERN_ALG_HMAC_SHA256;
    key = sign_key_create(&k, sign_text_str("secret"));

    for (i = 0; i < 3 * SIGN_SCOPES; i++) {
        snprintf(region, sizeof(region), "region-%d", i % (SIGN_SCOPES + 2));
        EXPECT_INT(scoped(key, "secret", 21, region), SIGN_OK);
        EXPECT_INT(scoped(key, "secret", 21, region), SIGN_OK);
        EXPECT_INT(scoped(key, "wrong", 21, region), SIGN_INVALID);
        EXPECT_INT(scoped(key, "secret", 22, region), SIGN_OK);
        EXPECT_INT(scoped(key, "wrong", 23, region), SIGN_INVALID);
    }

    memset(region, 'r', SIGN_SIGV4_SCOPE_MAX);
    region[SIGN_SIGV4_SCOPE_MAX] = '\0';
    EXPECT_INT(scoped(key, "secret", 21, region), SIGN_OK);
    EXPECT_INT(scoped(key, "secret", 21, region), SIGN_OK);

    sign_key_destroy(key);
}


UNIT_MAIN()
