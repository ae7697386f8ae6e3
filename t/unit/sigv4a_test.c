/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis
   -Wl,--wrap=EC_GROUP_new_by_curve_name,--wrap=EC_POINT_new
   -Wl,--wrap=BN_secure_new,--wrap=BN_bin2bn,--wrap=EC_POINT_mul
   -Wl,--wrap=EC_POINT_point2oct */

/* SigV4A: the derived key, what AWS's clients sign, and what differs
   from version 4. */

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "sigv4_try.h"
#include "sigv4_chunks.h"


static int  fails;      /* which of the calls below fails, 0: none */


#define WRAP(n, type, name, params, args, failure)                            \
    type __real_##name params;                                                \
    type __wrap_##name params;                                                \
    type                                                                      \
    __wrap_##name params                                                      \
    {                                                                         \
        return fails == (n) ? (failure) : __real_##name args;                 \
    }

WRAP(1, EC_GROUP *, EC_GROUP_new_by_curve_name, (int nid), (nid), NULL)
WRAP(2, EC_POINT *, EC_POINT_new, (const EC_GROUP *g), (g), NULL)
WRAP(3, BIGNUM *, BN_secure_new, (void), (), NULL)
WRAP(4, BIGNUM *, BN_bin2bn, (const unsigned char *s, int len, BIGNUM *n),
     (s, len, n), NULL)
WRAP(5, int, EC_POINT_mul, (const EC_GROUP *g, EC_POINT *r, const BIGNUM *n,
     const EC_POINT *q, const BIGNUM *m, BN_CTX *c), (g, r, n, q, m, c), 0)
WRAP(6, size_t, EC_POINT_point2oct, (const EC_GROUP *g, const EC_POINT *p,
     point_conversion_form_t form, unsigned char *buf, size_t len, BN_CTX *c),
     (g, p, form, buf, len, c), 0)


static sign_key_t *
key_of(const char *secret)
{
    postern_key_t  key;

    memset(&key, 0, sizeof(key));
    key.algorithm = POSTERN_ALG_HMAC_SHA256;

    return sign_key_create(&key, sign_text_str(secret));
}


static void
expect_public(sign_key_t *pair, const char *x, const char *y)
{
    char           hex[65];
    size_t         len;
    unsigned char  point[65];

    if (!EXPECT(pair != NULL)) {
        return;
    }

    EXPECT(EVP_PKEY_get_octet_string_param(pair->pkey, "pub", point,
                                           sizeof(point), &len) == 1);
    sign_text_hex(point + 1, 32, hex);
    EXPECT_STR(sign_text_str(hex), x);
    sign_text_hex(point + 33, 32, hex);
    EXPECT_STR(sign_text_str(hex), y);
}


/* the values that Go, IAM and aws-c-auth agree upon */

TEST(the_key_that_others_derive)
{
    sign_key_t  *key, *pair;

    key = key_of("q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom");

    pair = sign_sigv4a_key(key, sign_text_str("AKISORANDOMAASORANDOM"));
    expect_public(pair, "15d242ceebf8d8169fd6a8b5a746c411"
                        "40414c3b07579038da06af89190fffcb",
                  "0515242cedd82e94799482e4c0514b50"
                  "5afccf2c0c98d6a553bf539f424c5ec0");

    /* once, for as long as the key lives */

    EXPECT(sign_sigv4a_key(key, sign_text_str("AKISORANDOMAASORANDOM"))
           == pair);

    sign_key_destroy(key);
}


TEST(what_was_derived_is_at_most_two_less_than_the_order)
{
    size_t               i;
    unsigned char        n[32];
    static const int     offsets[] = { -1, 0, 1, 2, 3 };

    for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        memcpy(n, sign_p256.order, 32);
        n[31] -= offsets[i];

        EXPECT_INT(sign_sigv4a_scalar(n), offsets[i] >= 2);
        EXPECT_INT(n[31], (unsigned char) (sign_p256.order[31] - offsets[i]
                                           + 1));
    }

    memset(n, 0xff, sizeof(n));
    EXPECT_INT(sign_sigv4a_scalar(n), 0);

    memset(n, 0, sizeof(n));
    memset(n + 20, 0xff, 12);
    EXPECT_INT(sign_sigv4a_scalar(n), 1);
    EXPECT_INT(n[19], 1);
    EXPECT_INT(n[20], 0);
    EXPECT_INT(n[31], 0);
}


#define A_HEADERS  "Host: example.amazonaws.com\n"                            \
                   "X-Amz-Date: 20150830T123600Z\n"                           \
                   "X-Amz-Region-Set: us-east-1\n"
#define A_CRED     "AKIDEXAMPLE/20150830/service/aws4_request"
#define A_AUTH(cred, listed, sig)                                             \
    "Authorization: AWS4-ECDSA-P256-SHA256 Credential=" cred                  \
    ", SignedHeaders=" listed ", Signature=" sig "\n"
#define A_LISTED   "host;x-amz-date;x-amz-region-set"
#define A_SIG      "304402206c8e97f7ed2541ed924ade73b4acf7c40156ee796b1f57"   \
                   "156c77319278c93042022006cc88645c0342fe86de83298e9e7aadba" \
                   "79f110d4362782ce14b44836ac6854"
#define A_QUERY    "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=" \
                   "AK1%2F20150830%2Fservice%2Faws4_request"                  \
                   "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600"          \
                   "&X-Amz-Region-Set=us-east-1&X-Amz-SignedHeaders=host"


static try_t  t;


static sign_code_e
try_4a(const char *line, const char *headers, const char *authorization)
{
    memset(&t, 0, sizeof(t));
    t.line = line;
    t.headers = headers;
    t.authorization = authorization;
    t.scheme = SIGN_SIGV4A;

    return try_request(&t);
}


/* signed by @smithy/signature-v4a */

TEST(get_vanilla)
{
    EXPECT_INT(try_4a("GET /", A_HEADERS, A_AUTH(A_CRED, A_LISTED, A_SIG)),
               SIGN_OK);
    EXPECT_STR(t.msg.key_id, "AKIDEXAMPLE");
    EXPECT_STR(t.msg.regions, "us-east-1");
    EXPECT_INT(t.msg.created, 1440938160);

    EXPECT_INT(try_4a("HEAD /", A_HEADERS, A_AUTH(A_CRED, A_LISTED, A_SIG)),
               SIGN_INVALID);
    EXPECT_INT(try_4a("GET /", "Host: example.amazonaws.com\n"
                      "X-Amz-Date: 20150830T123600Z\n"
                      "X-Amz-Region-Set: us-east-2\n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_INVALID);
}


TEST(signatures_that_are_none)
{
#define SIG(sig)  try_4a("GET /", A_HEADERS, A_AUTH(A_CRED, A_LISTED, sig))

    /* r = s = 0, not DER, a bit of each number changed, too short, too long */

    EXPECT_INT(SIG("3006020100020100"), SIGN_INVALID);
    EXPECT_INT(SIG("0000000000000000"), SIGN_INVALID);
    EXPECT_INT(SIG("304402206c8e97f7ed2541ed924ade73b4acf7c40156ee796b1f57"
                   "156c77319278c93043022006cc88645c0342fe86de83298e9e7aadba"
                   "79f110d4362782ce14b44836ac6854"), SIGN_INVALID);
    EXPECT_INT(SIG("304402206c8e97f7ed2541ed924ade73b4acf7c40156ee796b1f57"
                   "156c77319278c93042022006cc88645c0342fe86de83298e9e7aadba"
                   "79f110d4362782ce14b44836ac6855"), SIGN_INVALID);

    /* the same numbers, longer than they need be: BER, and not DER */

    EXPECT_INT(SIG("30450221006c8e97f7ed2541ed924ade73b4acf7c40156ee796b1f57"
                   "156c77319278c93042022006cc88645c0342fe86de83298e9e7aadba"
                   "79f110d4362782ce14b44836ac6854"), SIGN_INVALID);
    EXPECT_INT(SIG("30060201000201"), SIGN_MALFORMED);
    EXPECT_INT(SIG("300602010002010"), SIGN_MALFORMED);
    EXPECT_INT(SIG("30060201000201000"), SIGN_MALFORMED);
    EXPECT_INT(SIG("300602010002010g"), SIGN_MALFORMED);
    EXPECT_INT(SIG(A_SIG EMPTY), SIGN_MALFORMED);

    /* another secret */

    EXPECT_INT(SIG(A_SIG), SIGN_OK);
    t.secret = "another";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
}


TEST(what_differs_is_read_to_the_letter)
{
    static char  long_set[1024];

    /* a scope has no region, X-Amz-Region-Set has */

    EXPECT_INT(try_4a("GET /", A_HEADERS,
                      A_AUTH("A/20150830/us-east-1/service/aws4_request",
                             A_LISTED, A_SIG)), SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", A_HEADERS,
                      A_AUTH("A/20150830//aws4_request", A_LISTED, A_SIG)),
               SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", A_HEADERS,
                      A_AUTH("20150830/service/aws4_request", A_LISTED,
                             A_SIG)), SIGN_MALFORMED);

#define NO_SET  "Host: example.amazonaws.com\nX-Amz-Date: 20150830T123600Z\n"

    EXPECT_INT(try_4a("GET /", NO_SET, A_AUTH(A_CRED, "host;x-amz-date",
                                              A_SIG)), SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", NO_SET "X-Amz-Region-Set: \n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", NO_SET "X-Amz-Region-Set: a\001\n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", NO_SET "X-Amz-Region-Set: \xc3\xa4\n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_MALFORMED);
    EXPECT_INT(try_4a("GET /", A_HEADERS "X-Amz-Region-Set: a\n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_AMBIGUOUS);
    EXPECT_INT(try_4a("GET /", A_HEADERS, A_AUTH(A_CRED, "host;x-amz-date",
                                                 A_SIG)), SIGN_COVERAGE);

    snprintf(long_set, sizeof(long_set), NO_SET "X-Amz-Region-Set: %0300d\n",
             1);
    EXPECT_INT(try_4a("GET /", long_set, A_AUTH(A_CRED, A_LISTED, A_SIG)),
               SIGN_MALFORMED);

    /* chunks of the other version */

    EXPECT_INT(try_4a("GET /", A_HEADERS "X-Amz-Content-Sha256: "
                      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD\n",
                      A_AUTH(A_CRED, A_LISTED, A_SIG)), SIGN_UNSUPPORTED);
}


/* each scheme alone calls the other unsupported, both know which is meant */

TEST(one_of_two_versions)
{
    char            text[1024];
    sign_text_t     http;
    sign_policy_t   policy;

    memset(&policy, 0, sizeof(policy));

    snprintf(text, sizeof(text), "GET / HTTP/1.1\n%s%s\n", A_HEADERS,
             A_AUTH(A_CRED, A_LISTED, A_SIG));
    sign_text_parse(&http, text, strlen(text));

    policy.schemes = SIGN_SIGV4;
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 1);
    policy.schemes = SIGN_SIGV4 | SIGN_SIGV4A;
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 0);
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 1);

    snprintf(text, sizeof(text), "GET /?%s&X-Amz-Signature=00 HTTP/1.1\n%s\n",
             A_QUERY, HOST);
    sign_text_parse(&http, text, strlen(text));
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 0);
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 1);

    snprintf(text, sizeof(text), "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256"
             "&X-Amz-Signature=00 HTTP/1.1\n%s\n", HOST);
    sign_text_parse(&http, text, strlen(text));
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 1);
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 0);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\n%sAuthorization: "
             "AWS4-HMAC-SHA256 a\n\n", HOST);
    sign_text_parse(&http, text, strlen(text));
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 1);
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 0);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\n%sAuthorization: AWS4-\n\n",
             HOST);
    sign_text_parse(&http, text, strlen(text));
    EXPECT_INT(sign_sigv4_present(&http.req, &policy), 1);
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 0);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\n%s\n", HOST);
    sign_text_parse(&http, text, strlen(text));
    EXPECT_INT(sign_sigv4a_present(&http.req, &policy), 0);
}


/* chunks, signed with the derived key; the signatures are of any length up to
   72 octets, and may be filled up */

static void
sign_4a(const char *text, char *hex)
{
    char              *p;
    size_t             len;
    EVP_PKEY          *pkey;
    EVP_PKEY_CTX      *ctx;
    OSSL_PARAM         params[4];
    sign_key_t        *key;
    EVP_MD_CTX        *md;
    unsigned char      scalar[32], native[32], point[65], sig[80];
    size_t             i, n;
    sign_hmac_t        mac;

    /* the private key, which the verifier does not keep */

    key = key_of(CHUNKS_SECRET);
    sign_sigv4a_key(key, sign_text_str("AK1"));
    EVP_PKEY_get_octet_string_param(key->sigv4a->pkey, "pub", point,
                                    sizeof(point), &n);
    mac = key->aws4a;
    sign_hmac(&mac, (postern_str_t) postern_string("\0\0\0\1"
              "AWS4-ECDSA-P256-SHA256\0AK1\1\0\0\1\0"), scalar);
    EXPECT(sign_sigv4a_scalar(scalar));
    sign_key_destroy(key);

    for (i = 0; i < 32; i++) {
        native[i] = scalar[31 - i];
    }

    params[0] = OSSL_PARAM_construct_utf8_string("group",
                                                 (char *) "prime256v1", 0);
    params[1] = OSSL_PARAM_construct_BN("priv", native, 32);
    params[2] = OSSL_PARAM_construct_octet_string("pub", point, 65);
    params[3] = OSSL_PARAM_construct_end();

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY_fromdata_init(ctx);
    EXPECT(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1);
    EVP_PKEY_CTX_free(ctx);

    md = EVP_MD_CTX_new();
    len = sizeof(sig);
    EXPECT(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey) == 1);
    EXPECT(EVP_DigestSign(md, sig, &len, (const unsigned char *) text,
                          strlen(text)) == 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);

    sign_text_hex(sig, len, hex);

    for (p = hex + 2 * len; p < hex + 144; p++) {
        *p = '*';
    }

    *p = '\0';
}


/* of a canonical request */

static void
sign_4a_request(const char *canonical, char *hex)
{
    char           text[512], sum[65];
    unsigned char  hash[32];

    EVP_Digest(canonical, strlen(canonical), hash, NULL, EVP_sha256(), NULL);
    sign_text_hex(hash, 32, sum);
    snprintf(text, sizeof(text), "AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n"
             "20150830/service/aws4_request\n%s", sum);
    sign_4a(text, hex);
}


TEST(a_presigned_url)
{
    char  text[1024], line[2048], hex[160];

    snprintf(text, sizeof(text), "GET\n/\n%s\nhost:example.amazonaws.com\n\n"
             "host\n%s", A_QUERY, EMPTY);
    sign_4a_request(text, hex);

    snprintf(line, sizeof(line), "GET /?%s&X-Amz-Signature=%.*s", A_QUERY,
             (int) strcspn(hex, "*"), hex);

    EXPECT_INT(try_4a(line, "Host: example.amazonaws.com\n", ""),
               SIGN_INVALID);
    t.secret = CHUNKS_SECRET;
    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_STR(t.msg.regions, "us-east-1");
    EXPECT_INT(t.msg.expires, 1440938160 + 3600);

    t.line = line;
    *strstr(line, "us-east-1") = 'x';
    EXPECT_INT(try_request(&t), SIGN_INVALID);

    t.line = "GET /?" "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential="
             "AK1%2F20150830%2Fservice%2Faws4_request"
             "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600"
             "&X-Amz-SignedHeaders=host&X-Amz-Signature=3006020101020101";
    EXPECT_INT(try_request(&t), SIGN_MALFORMED);
    EXPECT(strstr(t.detail, "Region") != NULL);
}


TEST(chunks_of_version_4a)
{
    char              text[1024], first[160], last[160];
    chunks_t          body;
    chunks_request_t  request;

#define A_CHUNK  "AWS4-ECDSA-P256-SHA256-PAYLOAD\n20130524T000000Z\n"         \
                 "20130524/s3/aws4_request\n"
#define A_SEED   "3006020101020101"

    sign_4a(A_CHUNK A_SEED "\n" CHUNKS_EMPTY "\n" HELLO, first);
    snprintf(text, sizeof(text), A_CHUNK "%.*s\n" CHUNKS_EMPTY "\n"
             CHUNKS_EMPTY, (int) strcspn(first, "*"), first);
    sign_4a(text, last);

    chunks_begin(&body, A_SEED);
    chunks_text(&body, "5;chunk-signature=");
    chunks_text(&body, first);
    chunks_text(&body, "\r\nhello\r\n0;chunk-signature=");
    chunks_text(&body, last);
    chunks_text(&body, "\r\n\r\n");

    chunks_open(&request, A_SEED, 5, 0);
    request.msg.scheme = SIGN_SIGV4A;
    request.msg.key_id = sign_text_str("AK1");
    request.v4.algorithm = sign_text_str("AWS4-ECDSA-P256-SHA256");
    request.v4.scope = sign_text_str("20130524/s3/aws4_request");

    EXPECT_INT(chunks_feed(&request, body.data, body.len, 11), SIGN_OK);

    body.data[165] ^= 1;        /* of "hello" */
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 11), SIGN_DIGEST);
    body.data[165] ^= 1;
    body.data[40] = body.data[40] == '0' ? '1' : '0';
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 11), SIGN_DIGEST);

    /* nothing but what signatures are filled up with */

    memset(body.data + 18, '*', 144);
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 11), SIGN_DIGEST);

    chunks_close(&request);
}


TEST(libcrypto_out_of_memory)
{
    int              i;
    sign_key_t      *key;
    sign_message_t   msg;

    for (i = 1; i <= 6; i++) {
        key = key_of(SECRET);
        fails = i;
        EXPECT(sign_sigv4a_key(key, sign_text_str("AK1")) == NULL);

        /* no signature verifies then, of a request or of a chunk */

        memset(&msg, 0, sizeof(msg));
        msg.scheme = SIGN_SIGV4A;
        EXPECT_INT(sign_sigv4a_verify(key, &msg), 0);
        EXPECT_INT(sign_sigv4_verify(key, &msg), 0);
        EXPECT_INT(sign_sigv4_verify_text(key, &msg, msg.base, msg.base), 0);

        fails = 0;
        EXPECT(sign_sigv4a_key(key, sign_text_str("AK1")) != NULL);
        sign_key_destroy(key);
    }
}


TEST(a_public_key_has_none)
{
    sign_key_t     *key;
    postern_key_t   dkey;
    unsigned char   public[32] = { 1 };

    memset(&dkey, 0, sizeof(dkey));
    dkey.algorithm = POSTERN_ALG_ED25519;
    dkey.public_key.data = public;
    dkey.public_key.len = 32;
    key = sign_key_create(&dkey, dkey.secret);

    EXPECT(sign_sigv4a_key(key, sign_text_str("AK1")) == NULL);
    sign_key_destroy(key);

    postern_arena_destroy(arena);
    arena = NULL;
}


UNIT_MAIN()
