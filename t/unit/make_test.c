/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

/*
 * Requests and responses that are signed outward: what is left out, what is put
 * in, and that the verifier takes it.
 */


#include "sign_steps.h"
#include "scarce.h"
#include "sign_make.h"
#include "sign_verify.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


#define SECRET  "a secret of more than sixteen bytes"
#define NOW     1440938160       /* 2015-08-30T12:36:00Z */


static sign_make_t      make;
static sign_make_now_t  now_;
static postern_key_t    hmac_key;
static postern_str_t    made;
static size_t           made_len;


static void
setup(sign_scheme_e scheme)
{
    postern_arena_destroy(request_arena);
    request_arena = postern_arena_create();
    request_memory = postern_arena_allocator(request_arena);

    memset(&make, 0, sizeof(make));
    memset(&now_, 0, sizeof(now_));
    memset(&hmac_key, 0, sizeof(hmac_key));

    make.scheme = scheme;
    make.key_id = text_of("out");
    make.region = text_of("eu-central-1");
    make.service = text_of("s3");

    now_.scheme = text_of("http");
    now_.now = NOW;

    hmac_key.algorithm = POSTERN_ALG_HMAC_SHA256;
}


static sign_code_e
make_head(const char *head)
{
    sign_code_e    code;
    sign_maker_t  *maker;

    maker = sign_maker_create(&hmac_key, text_of(SECRET));

    if (!EXPECT(maker != NULL)) {
        return SIGN_NO_MEMORY;
    }

    message.detail[0] = '\0';
    made.len = 0;

    code = sign_make_request(text_of(head), &make, &now_, maker,
                             &request_memory, &message, &made, &made_len);

    sign_maker_destroy(maker);

    return code;
}


static int
has(const char *text)
{
    return memmem(made.data, made.len, text, strlen(text)) != NULL;
}


/* the made head as a request again, through all the steps of a verifier */

static sign_code_e
verified(sign_scheme_e scheme, int has_body)
{
    size_t          i;
    sign_key_t     *sign_key;
    sign_code_e     code;
    sign_head_t     head;
    sign_policy_t   wants;
    postern_str_t   none;

    memset(&request, 0, sizeof(request));
    memset(&wants, 0, sizeof(wants));

    code = sign_head_read(made, &request_memory, &message, &head);

    if (code != SIGN_OK) {
        return code;
    }

    request.method = head.method;
    request.target = head.target;
    request.scheme = text_of("http");
    request.fields = head.fields;
    request.nfields = head.nfields;
    request.has_body = has_body;

    for (i = 0; i < head.nfields; i++) {
        if (postern_str_is(head.fields[i].name, "host")) {
            request.authority = head.fields[i].value;
        }
    }

    wants.schemes = scheme;
    wants.cover = SIGN_COVER_DEFAULT;
    wants.window = 900;
    wants.skew = 60;
    wants.insecure = make.unsigned_body ? SIGN_INSECURE_BODY : 0;

    code = sign_parse(&request, &wants, &request_memory, &message);

    if (code != SIGN_OK) {
        return code;
    }

    key = hmac_key;
    key.org = &acme;
    key.id = text_of("out");
    key.schemes = SIGN_RFC9421 | SIGN_SIGV4;
    key.not_before = POSTERN_TIME_MIN;
    key.not_after = POSTERN_TIME_MAX;

    none.len = 0;
    none.data = NULL;

    code = sign_check(&request, &wants, &key, none, NULL, NOW, &message);

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    if (code != SIGN_OK) {
        return code;
    }

    sign_key = sign_key_create(&key, text_of(SECRET));
    code = sign_verify(sign_key, &message);
    sign_key_destroy(sign_key);

    return code;
}


TEST(a_request_is_signed_and_verifies)
{
    setup(SIGN_RFC9421);

    EXPECT_INT(make_head("GET /a%2fb?c=d HTTP/1.0\r\nHost: Example.com:80\r\n"
                         "Connection: close\r\nX-Kept:  v \r\n\r\n"), SIGN_OK);

    EXPECT(has("GET /a%2fb?c=d HTTP/1.0\r\nHost: Example.com:80\r\n"
               "Connection: close\r\nX-Kept:  v \r\nSignature-Input: sig1=("
               "\"@method\" \"@authority\" \"@path\" \"@query\");created="
               "1440938160;keyid=\"out\";nonce=\"AAAAAAAAAAAAAAAAAAAAAA==\""
               "\r\nSignature: sig1=:"));

    EXPECT_STR(message.base,
               "\"@method\": GET\n\"@authority\": example.com\n"
               "\"@path\": /a%2fb\n\"@query\": ?c=d\n"
               "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" "
               "\"@query\");created=1440938160;keyid=\"out\";"
               "nonce=\"AAAAAAAAAAAAAAAAAAAAAA==\"");

    EXPECT_INT(verified(SIGN_RFC9421, 0), SIGN_OK);
    EXPECT_STR(message.nonce, "AAAAAAAAAAAAAAAAAAAAAA==");
}


TEST(what_follows_the_head_is_left_alone)
{
    const char  *head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    setup(SIGN_RFC9421);

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n\r\nmore"),
               SIGN_OK);
    EXPECT_INT(made_len, strlen(head));
    EXPECT(!has("body"));
}


TEST(a_body_is_covered_by_its_digest)
{
    unsigned char  hash[64];

    setup(SIGN_RFC9421);

    memset(hash, 0, sizeof(hash));
    now_.hash = hash;
    now_.has_body = 1;
    make.tag = text_of("app");

    EXPECT_INT(make_head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                         "Content-Digest: sha-256=:x:\r\n"
                         "Content-Type: b/c\r\n\r\n"), SIGN_OK);
    EXPECT(!has(":x:"));
    EXPECT(has("Content-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
               "AAAAA=:\r\n"));
    EXPECT(has("\"content-type\" \"content-digest\");created"));
    EXPECT(has("==\";tag=\"app\"\r\n"));
    EXPECT_INT(verified(SIGN_RFC9421, 1), SIGN_OK);
}


TEST(a_digest_stays_where_there_is_no_other_one)
{
    setup(SIGN_RFC9421);

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\n"
                         "Content-Digest: sha-256=:x:\r\n\r\n"), SIGN_OK);
    EXPECT(has("Content-Digest: sha-256=:x:\r\n"));
}


TEST(credentials_are_left_out)
{
    setup(SIGN_RFC9421);

    now_.credential = text_of("x-hook");

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\nX-Hook: 1\r\n"
                         "Signature: sig1=:AAAA:\r\n"
                         "SIGNATURE-INPUT: sig1=()\r\n"
                         "Authorization: AWS4-HMAC-SHA256 Credential=b\r\n"
                         "authorization: Basic YTpi\r\n"
                         "authorization: AW\r\n"
                         "Authorization: AWS AK:x\r\n"
                         "Authorization: Signature keyId=\r\n"
                         "Authorization: hmac x\r\n"
                         "X-Amz-Meta-C: d\r\nX-Amz-Trailer: e\r\n"
                         "Apim-Signature: f\r\n\r\n"), SIGN_OK);
    EXPECT(!has("X-Hook"));
    EXPECT(!has("sig1=:AAAA:\r\n"));
    EXPECT(!has("SIGNATURE"));
    EXPECT(!has("AWS4"));
    EXPECT(!has("AWS"));
    EXPECT(!has("keyId"));
    EXPECT(!has("hmac"));
    EXPECT(has("authorization: Basic YTpi\r\nauthorization: AW\r\n"));
    EXPECT(has("X-Amz-Meta-C: d\r\n"));
    EXPECT(!has("Trailer"));
    EXPECT(!has("Apim"));
}


TEST(fields_are_covered_once_each)
{
    postern_str_t  fields[2];

    setup(SIGN_RFC9421);

    fields[0] = text_of("x-a");
    fields[1] = text_of("x-absent");
    make.fields = fields;
    make.nfields = 2;

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-B: 2\r\n"
                         "X-A: 3\r\nPostern-Subject: alice\r\n\r\n"), SIGN_OK);
    EXPECT(has("\"@query\" \"x-a\" \"postern-subject\");created"));
    EXPECT_INT(verified(SIGN_RFC9421, 0), SIGN_OK);
}


TEST(sigv4_is_signed_and_verifies)
{
    setup(SIGN_SIGV4);

    EXPECT_INT(make_head("GET /a(b)?c=d+e&f&X-Amz-Signature=g HTTP/1.1\r\n"
                         "Host: h\r\nX-Amz-Meta-Zz: 1\r\n"
                         "X-Amz-Meta-Z: 2\r\nX-Amz-Meta-A: 3\r\n"
                         "X-Amz-Meta-Aa:\t4 \t\r\nX-Amz-Meta-B:\r\n"
                         "Content-Type: t\r\nContent-MD5: m\r\n"
                         "Amz-Sdk-Invocation-Id: i\r\n"
                         "Authorization: Bearer x\r\n\r\n"), SIGN_OK);
    EXPECT(has("GET /a%28b%29?c=d%20e&f HTTP/1.1\r\n"));
    EXPECT(has("X-Amz-Date: 20150830T123600Z\r\n"));
    EXPECT(has("X-Amz-Content-Sha256: e3b0c442"));
    EXPECT(has("amz-sdk-invocation-id: 00000000000000000000000000000000\r\n"));
    EXPECT(!has("Bearer"));
    EXPECT(has("Credential=out/20150830/eu-central-1/s3/aws4_request, "
               "SignedHeaders=amz-sdk-invocation-id;content-md5;content-type;"
               "host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;"
               "x-amz-meta-aa;x-amz-meta-b;x-amz-meta-z;x-amz-meta-zz, "
               "Signature="));
    EXPECT_INT(verified(SIGN_SIGV4, 0), SIGN_OK);
}


TEST(sigv4_signs_the_hash_of_a_body_or_says_that_it_does_not)
{
    unsigned char  hash[64];

    setup(SIGN_SIGV4);

    memset(hash, 0xab, sizeof(hash));
    now_.hash = hash;
    now_.has_body = 1;

    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: h\r\n\r\n"), SIGN_OK);
    EXPECT(has("X-Amz-Content-Sha256: abababab"));
    EXPECT_INT(verified(SIGN_SIGV4, 1), SIGN_OK);

    now_.hash = NULL;
    make.unsigned_body = 1;

    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: h\r\n\r\n"), SIGN_OK);
    EXPECT(has("X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n"));
    EXPECT_INT(verified(SIGN_SIGV4, 1), SIGN_OK);
}


TEST(sigv4_dates_are_those_of_the_calendar)
{
    size_t  i;

    static const struct {
        int64_t      now;
        const char  *date;
    } dates[] = {
        { 0, "19700101T000000Z" },
        { 951782399, "20000228T235959Z" },
        { 951782400, "20000229T000000Z" },
        { 951868800, "20000301T000000Z" },
        { 1735689599, "20241231T235959Z" },
        { 4107542400, "21000301T000000Z" }
    };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        setup(SIGN_SIGV4);
        now_.now = dates[i].now;

        EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), SIGN_OK);
        EXPECT(has(dates[i].date));
    }
}


TEST(other_services_get_the_path_as_it_is)
{
    setup(SIGN_SIGV4);
    make.service = text_of("execute-api");

    EXPECT_INT(make_head("GET /a(b)%2f%7e HTTP/1.1\r\nHost: h\r\n\r\n"),
               SIGN_OK);
    EXPECT(has("GET /a(b)%2f%7e HTTP/1.1\r\n"));
    EXPECT_INT(verified(SIGN_SIGV4, 0), SIGN_OK);
}


TEST(targets)
{
    size_t         i;
    postern_str_t  out;

    static const struct {
        const char     *target;
        const char     *want;
        sign_scheme_e   scheme;
        int             enos;
    } targets[] = {
        { "/", "/", SIGN_RFC9421, 0 },
        { "/?", "/?", SIGN_RFC9421, 0 },
        { "/?&", "/?&", SIGN_RFC9421, 0 },
        { "/a?b+c=(d)&e", "/a?b+c=(d)&e", SIGN_RFC9421, 0 },
        { "/?X-Amz-Signature=1", "/", SIGN_RFC9421, 0 },
        { "/?&X-Amz-Signature=1", "/", SIGN_RFC9421, 0 },
        { "/?a&x-amz-%73ignature", "/?a", SIGN_RFC9421, 0 },
        { "/?x-amz-date=1&x-amz-dat=2&x-amz-dates=3",
          "/?x-amz-dat=2&x-amz-dates=3", SIGN_RFC9421, 0 },
        { "/?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&a&X-Amz-Trailer=b"
          "&X-Amz-Decoded-Content-Length=1&X-Amz-S3session-Token=c", "/?a",
          SIGN_RFC9421, 0 },
        { "/?x-amz-signature%2=1", "/?x-amz-signature%2=1", SIGN_RFC9421, 0 },
        { "/?sign=1&accessKey=2&a=3", "/?sign=1&accessKey=2&a=3",
          SIGN_RFC9421, 0 },
        { "/?sign=1&accessKey=2&requestTimestamp=3&a=4", "/?a=4",
          SIGN_RFC9421, 1 },
        { "/%41%zz%/a//%2f+~!", "/A%25zz%25/a///%2B~%21", SIGN_SIGV4, 0 },
        { "/?a+b=%2B+c%&=&d", "/?a%20b=%2B%20c%25&=&d", SIGN_SIGV4, 0 },
        { "/?%4=%g1=%1g", "/?%254=%25g1%3D%251g", SIGN_SIGV4, 0 },
        { "/?a/b=/", "/?a%2Fb=%2F", SIGN_SIGV4, 0 },
        { "/\xc3\xa9-._~0", "/%C3%A9-._~0", SIGN_SIGV4, 0 }
    };

    for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        setup(targets[i].scheme);
        now_.enos = targets[i].enos;

        EXPECT_INT(sign_make_target(text_of(targets[i].target), &make, &now_,
                                    &request_memory, &message, &out), SIGN_OK);
        EXPECT_STR(out, targets[i].want);
    }
}


TEST(what_is_no_path_is_not_signed)
{
    postern_str_t  out;
    static char    large[40000];

    setup(SIGN_RFC9421);

    EXPECT_INT(sign_make_target(text_of(""), &make, &now_, &request_memory,
                                &message, &out), SIGN_UNSUPPORTED);

    EXPECT_INT(make_head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
               SIGN_UNSUPPORTED);
    EXPECT_INT(make_head("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
               SIGN_UNSUPPORTED);

    strcpy(large, "GET /");
    memset(large + 5, 'a', 30000);
    strcpy(large + 30005, " HTTP/1.1\r\nHost: a\r\n\r\n");

    EXPECT_INT(make_head(large), SIGN_TOO_LARGE);
}


TEST(heads_that_two_readers_read_in_two_ways)
{
    size_t  i;

    static const char *const  heads[] = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\tfolded: b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
        " / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n"
    };

    setup(SIGN_RFC9421);

    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        EXPECT_INT(make_head(heads[i]), SIGN_MALFORMED);
        EXPECT(message.detail[0] != '\0');
    }
}


TEST(heads_without_an_end)
{
    size_t       i;
    static char  many[10000], large[70000];

    setup(SIGN_RFC9421);

    EXPECT_INT(make_head(""), SIGN_TOO_LARGE);
    EXPECT_INT(make_head("GET / HTTP/1.1"), SIGN_TOO_LARGE);
    EXPECT_INT(make_head("GET / HTTP/1.1\r\n"), SIGN_TOO_LARGE);
    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\n"), SIGN_TOO_LARGE);

    strcpy(many, "GET / HTTP/1.1\r\nHost: a\r\n");

    for (i = 0; i < SIGN_MAX_FIELDS; i++) {
        strcat(many, "X: y\r\n");
    }

    strcat(many, "\r\n");
    EXPECT_INT(make_head(many), SIGN_TOO_LARGE);

    strcpy(large, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(large + strlen(large), 'x', 66000);
    strcat(large, "\r\n\r\n");

    EXPECT_INT(make_head(large), SIGN_TOO_LARGE);

    strcpy(large, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    memset(large + strlen(large), 'x', 66000);

    EXPECT_INT(make_head(large), SIGN_OK);
}


TEST(a_body_with_the_clients_signatures_is_not_signed)
{
    setup(SIGN_SIGV4);

    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: a\r\n"
                         "Content-Encoding: gzip, AWS-chunked\r\n\r\n"),
               SIGN_UNSUPPORTED);
    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: a\r\n"
                         "X-Amz-Content-Sha256: STREAMING-X\r\n\r\n"),
               SIGN_UNSUPPORTED);
    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: a\r\n"
                         "Content-Encoding: gzip\r\n"
                         "X-Amz-Content-Sha256: abc\r\n\r\n"), SIGN_OK);

    now_.decoded = 1;

    EXPECT_INT(make_head("PUT / HTTP/1.1\r\nHost: a\r\n"
                         "X-Amz-Content-Sha256: STREAMING-X\r\n\r\n"), SIGN_OK);
    EXPECT(!has("STREAMING"));
}


TEST(what_cannot_be_covered)
{
    size_t       i;
    char         line[64];
    static char  many[20000];

    setup(SIGN_RFC9421);

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nX: a\r\n\r\n"), SIGN_COVERAGE);
    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\n"
                         "Content-Type: c\r\n\r\n"), SIGN_AMBIGUOUS);

    setup(SIGN_SIGV4);

    EXPECT_INT(make_head("GET / HTTP/1.1\r\nX: a\r\n\r\n"), SIGN_COVERAGE);
    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\nX-Amz-B: b\r\n"
                         "X-Amz-B: c\r\n\r\n"), SIGN_AMBIGUOUS);
    EXPECT_INT(make_head("GET / HTTP/1.1\r\nHost: a\r\nX-Amz-;: b\r\n\r\n"),
               SIGN_MALFORMED);

    strcpy(many, "GET / HTTP/1.1\r\nHost: a\r\n");

    for (i = 0; i < SIGN_MAX_COMPONENTS; i++) {
        snprintf(line, sizeof(line), "X-Amz-Meta-%zu: y\r\n", i);
        strcat(many, line);
    }

    strcat(many, "\r\n");
    EXPECT_INT(make_head(many), SIGN_TOO_LARGE);
}


/* every request for memory fails once, and the caller says so */

TEST(nothing_is_signed_without_memory)
{
    size_t       i;
    sign_code_e  code;

    static const sign_scheme_e  schemes[] = { SIGN_RFC9421, SIGN_SIGV4 };

    for (i = 0; i < 2; i++) {
        setup(schemes[i]);

        while (scarce_next()) {
            postern_alloc_t  alloc = scarce_allocator();

            sign_maker_t    *maker;

            scarce_on = 0;
            maker = sign_maker_create(&hmac_key, text_of(SECRET));
            scarce_on = 1;

            code = sign_make_request(text_of("POST /a?b HTTP/1.1\r\nHost: A\r\n"
                                             "Content-Type: b\r\n\r\n"),
                                     &make, &now_, maker, &alloc, &message,
                                     &made, &made_len);

            EXPECT_INT(code, scarce_failed() ? SIGN_NO_MEMORY : SIGN_OK);

            sign_maker_destroy(maker);
        }
    }
}


/* keys of every kind, made here */

static EVP_PKEY *
pair_of(postern_alg_e alg)
{
    switch (alg) {

    case POSTERN_ALG_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");

    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);
    }
}


static postern_str_t
pem_of(EVP_PKEY *pkey, const char *password)
{
    BIO            *bio;
    char           *data;
    long            len;
    postern_str_t   pem;

    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, pkey, password ? EVP_aes_128_cbc() : NULL,
                             (const unsigned char *) password,
                             password ? (int) strlen(password) : 0, NULL, NULL);
    len = BIO_get_mem_data(bio, &data);
    pem = copy_of(data, (size_t) len, 0);
    BIO_free(bio);

    return pem;
}


/* as the directory keeps it */

static postern_str_t
public_of(EVP_PKEY *pkey, postern_alg_e alg)
{
    int             len;
    size_t          n;
    postern_str_t   public;
    unsigned char  *der, point[97];

    if (alg == POSTERN_ALG_RSA_PSS_SHA512 || alg == POSTERN_ALG_RSA_V1_5_SHA256)
    {
        der = NULL;
        len = i2d_PUBKEY(pkey, &der);
        public = copy_of((char *) der, (size_t) len, 0);
        OPENSSL_free(der);

        return public;
    }

    n = 32;

    if (alg == POSTERN_ALG_ED25519) {
        EVP_PKEY_get_raw_public_key(pkey, point, &n);

    } else {
        EVP_PKEY_get_octet_string_param(pkey, "pub", point, sizeof(point), &n);
    }

    return copy_of((char *) point, n, 0);
}


static const postern_alg_e  pair_algs[] = {
    POSTERN_ALG_ED25519, POSTERN_ALG_ECDSA_P256_SHA256,
    POSTERN_ALG_ECDSA_P384_SHA384, POSTERN_ALG_RSA_PSS_SHA512,
    POSTERN_ALG_RSA_V1_5_SHA256
};

#define NPAIRS  (sizeof(pair_algs) / sizeof(pair_algs[0]))


TEST(every_key_pair_signs_what_its_public_half_verifies)
{
    size_t          i;
    EVP_PKEY       *pkey, *other;
    sign_key_t     *sign_key;
    postern_key_t   pair;
    postern_str_t   text, signature;
    sign_maker_t   *maker;
    unsigned char   raw[SIGN_MAKE_MAX_BYTES];

    setup(SIGN_RFC9421);
    text = text_of("what is signed");

    for (i = 0; i < NPAIRS; i++) {
        memset(&pair, 0, sizeof(pair));

        pkey = pair_of(pair_algs[i]);
        other = pair_of(pair_algs[i]);

        pair.algorithm = pair_algs[i];
        pair.public_key = public_of(pkey, pair_algs[i]);

        maker = sign_maker_create(&pair, pem_of(pkey, NULL));

        if (!EXPECT(maker != NULL)) {
            return;
        }

        EXPECT_INT(sign_maker_sign(maker, text, raw), 0);
        EXPECT_INT(sign_maker_sigv4(maker, &message, raw + 512), -1);

        signature.data = raw;
        signature.len = sign_maker_size(maker);

        sign_key = sign_key_create(&pair,
                                   (postern_str_t) postern_null_string);
        EXPECT_INT(sign_key_verify(sign_key, text, signature), 1);

        raw[0] ^= 1;
        EXPECT_INT(sign_key_verify(sign_key, text, signature), 0);

        sign_key_destroy(sign_key);
        sign_maker_destroy(maker);

        /* another private half, or one that a password hides */

        EXPECT(sign_maker_create(&pair, pem_of(other, NULL)) == NULL);
        EXPECT(sign_maker_create(&pair, pem_of(pkey, "password")) == NULL);

        /* the directory need not have the public half */

        pair.public_key.len = 0;
        maker = sign_maker_create(&pair, pem_of(pkey, NULL));
        EXPECT(maker != NULL);
        sign_maker_destroy(maker);

        EVP_PKEY_free(pkey);
        EVP_PKEY_free(other);
    }

    /* libcrypto's queue of errors is as it was */

    EXPECT_INT(ERR_peek_error(), 0);
}


TEST(what_does_not_sign)
{
    size_t          i;
    EVP_PKEY       *pkey, *small;
    postern_key_t   pair;
    postern_str_t   pem, large;

    setup(SIGN_RFC9421);
    memset(&pair, 0, sizeof(pair));

    EXPECT(sign_maker_create(&hmac_key, text_of("")) == NULL);
    sign_maker_destroy(NULL);

    pkey = pair_of(POSTERN_ALG_ECDSA_P256_SHA256);
    pem = pem_of(pkey, NULL);
    EVP_PKEY_free(pkey);

    /* a key of another kind, another curve, or for nothing that signs */

    for (i = 0; i < NPAIRS; i++) {
        pair.algorithm = pair_algs[i];

        if (pair.algorithm != POSTERN_ALG_ECDSA_P256_SHA256) {
            EXPECT(sign_maker_create(&pair, pem) == NULL);
        }
    }

    pair.algorithm = POSTERN_ALG_SSH;
    EXPECT(sign_maker_create(&pair, pem) == NULL);

    pair.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    EXPECT(sign_maker_create(&pair, text_of("")) == NULL);
    EXPECT(sign_maker_create(&pair, text_of("no PEM")) == NULL);

    large = pem;
    large.len = POSTERN_PRIVATE_MAX + 1;
    EXPECT(sign_maker_create(&pair, large) == NULL);

    /* public halves of another length */

    pair.public_key = text_of("short");
    EXPECT(sign_maker_create(&pair, pem) == NULL);

    pair.algorithm = POSTERN_ALG_RSA_V1_5_SHA256;
    pkey = pair_of(pair.algorithm);
    EXPECT(sign_maker_create(&pair, pem_of(pkey, NULL)) == NULL);
    EVP_PKEY_free(pkey);

    /* RSA that is too small, and too large */

    pair.public_key.len = 0;
    small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 1024);
    EXPECT(sign_maker_create(&pair, pem_of(small, NULL)) == NULL);
    EVP_PKEY_free(small);

    EXPECT_INT(ERR_peek_error(), 0);
}


TEST(a_key_that_verifies_signs_too_where_both_hold_it)
{
    sign_key_t       *sign_key;
    postern_key_t     pair;
    sign_maker_t     *maker;
    unsigned char     one[32], two[32];

    setup(SIGN_RFC9421);

    sign_key = sign_key_create(&hmac_key, text_of(SECRET));
    maker = sign_maker_of(sign_key, &request_memory);

    EXPECT_INT(sign_maker_size(maker), 32);
    EXPECT_INT(sign_maker_sign(maker, text_of("a"), one), 0);

    sign_hmac(&sign_key->mac, text_of("a"), two);
    EXPECT_MEM(one, two, 32);

    while (scarce_next()) {
        postern_alloc_t  alloc = scarce_allocator();

        maker = sign_maker_of(sign_key, &alloc);
        EXPECT((maker == NULL) == (scarce_failed() != 0));
    }

    sign_key_destroy(sign_key);

    memset(&pair, 0, sizeof(pair));
    pair.algorithm = POSTERN_ALG_ED25519;
    pair.public_key = copy_of("12345678901234567890123456789012", 32, 0);

    sign_key = sign_key_create(&pair, (postern_str_t) postern_null_string);
    EXPECT(sign_maker_of(sign_key, &request_memory) == NULL);
    sign_key_destroy(sign_key);

    while (scarce_next()) {
        maker = sign_maker_create(&hmac_key, text_of(SECRET));
        EXPECT((maker == NULL) == (scarce_failed() != 0));
        sign_maker_destroy(maker);
    }
}


TEST(one_key_signs_many_requests)
{
    int             i;
    sign_maker_t   *maker;
    postern_str_t   first;

    setup(SIGN_SIGV4);
    maker = sign_maker_create(&hmac_key, text_of(SECRET));

    for (i = 0; i < 3; i++) {
        first = made;

        EXPECT_INT(sign_make_request(text_of("GET / HTTP/1.1\r\nHost: a\r\n"
                                             "\r\n"),
                                     &make, &now_, maker, &request_memory,
                                     &message, &made, &made_len), SIGN_OK);

        if (i) {
            EXPECT(postern_str_eq(first, made));
        }
    }

    sign_maker_destroy(maker);
}


TEST(a_key_pair_makes_no_sigv4)
{
    EVP_PKEY       *pkey;
    postern_key_t   pair;
    sign_maker_t   *maker;

    setup(SIGN_SIGV4);
    memset(&pair, 0, sizeof(pair));

    pkey = pair_of(POSTERN_ALG_ED25519);
    pair.algorithm = POSTERN_ALG_ED25519;
    maker = sign_maker_create(&pair, pem_of(pkey, NULL));

    EXPECT_INT(sign_make_request(text_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                 &make, &now_, maker, &request_memory,
                                 &message, &made, &made_len),
               SIGN_KEY_UNUSABLE);

    sign_maker_destroy(maker);
    EVP_PKEY_free(pkey);
}


static sign_field_t          answer_fields[2];
static sign_make_response_t  answer;

static void
answer_of(void)
{
    request_of("GET /a?b HTTP/1.1\nHost: Example.com\n"
               "Signature-Input: sig9=(\"@method\");keyid=\"k\"\n"
               "Signature: sig9=:AAEC:\n\n");

    memset(&answer, 0, sizeof(answer));

    answer_fields[0].name = text_of("content-type");
    answer_fields[0].value = text_of("text/plain");
    answer_fields[1].name = text_of("content-digest");
    answer_fields[1].value = text_of("sha-256=:AAAA:");

    answer.status = 200;
    answer.fields = answer_fields;
    answer.nfields = 2;
    answer.request = &request;
    answer.key_id = text_of("out");
    answer.now = NOW;
}


TEST(a_response_is_bound_to_its_request)
{
    postern_str_t   input, signature;
    sign_maker_t   *maker;

    setup(SIGN_RFC9421);
    answer_of();
    maker = sign_maker_create(&hmac_key, text_of(SECRET));

    EXPECT_INT(sign_make_response(&answer, maker, &request_memory, &message,
                                  &input, &signature), SIGN_OK);
    EXPECT_STR(input, "sig1=(\"@status\" \"content-type\" \"content-digest\" "
               "\"@method\";req \"@authority\";req \"@path\";req "
               "\"@query\";req);created=1440938160;keyid=\"out\"");
    EXPECT_STR(message.base,
               "\"@status\": 200\n\"content-type\": text/plain\n"
               "\"content-digest\": sha-256=:AAAA:\n\"@method\";req: GET\n"
               "\"@authority\";req: example.com\n\"@path\";req: /a\n"
               "\"@query\";req: ?b\n\"@signature-params\": (\"@status\" "
               "\"content-type\" \"content-digest\" \"@method\";req "
               "\"@authority\";req \"@path\";req \"@query\";req);"
               "created=1440938160;keyid=\"out\"");
    EXPECT_INT(signature.len, sizeof("sig1=::") - 1 + 44);

    answer.label = text_of("sig9");
    answer.tag = text_of("t");
    answer.nfields = 0;

    EXPECT_INT(sign_make_response(&answer, maker, &request_memory, &message,
                                  &input, &signature), SIGN_OK);
    EXPECT_STR(input, "sig1=(\"@status\" \"@method\";req \"@authority\";req "
               "\"@path\";req \"@query\";req \"signature\";req;key=\"sig9\");"
               "created=1440938160;keyid=\"out\";tag=\"t\"");
    made = message.base;
    EXPECT(has("\"signature\";req;key=\"sig9\": :AAEC:\n"));

    /* a signature that the request does not have */

    answer.label = text_of("sig1");
    EXPECT(sign_make_response(&answer, maker, &request_memory, &message,
                              &input, &signature) != SIGN_OK);

    sign_maker_destroy(maker);
}


/* RFC 9421, section 2.1.4: taken from the trailers, whatever the head says */

TEST(a_signature_in_trailers_covers_trailers)
{
    postern_str_t   input, signature;
    sign_maker_t   *maker;
    sign_field_t    trailers[2];

    setup(SIGN_RFC9421);
    answer_of();
    maker = sign_maker_create(&hmac_key, text_of(SECRET));

    trailers[0].name = text_of("content-digest");
    trailers[0].value = text_of("sha-256=:BBBB:");
    trailers[1].name = text_of("grpc-status");
    trailers[1].value = text_of("0");

    answer.trailers = trailers;
    answer.ntrailers = 2;

    EXPECT_INT(sign_make_response(&answer, maker, &request_memory, &message,
                                  &input, &signature), SIGN_OK);
    EXPECT_STR(input, "sig2=(\"@status\" \"content-type\" "
               "\"content-digest\" \"content-digest\";tr "
               "\"grpc-status\";tr \"@method\";req \"@authority\";req "
               "\"@path\";req \"@query\";req);created=1440938160;"
               "keyid=\"out\"");

    made = message.base;
    EXPECT(has("\"content-digest\": sha-256=:AAAA:\n"
               "\"content-digest\";tr: sha-256=:BBBB:\n"
               "\"grpc-status\";tr: 0\n"));

    made = signature;
    EXPECT(has("sig2=:"));
    EXPECT_INT(signature.len, sizeof("sig2=::") - 1 + 44);

    /* what would end a line of the base */

    trailers[1].value = text_of("0\n\"@status\": 500");
    EXPECT_INT(sign_make_response(&answer, maker, &request_memory, &message,
                                  &input, &signature), SIGN_MALFORMED);

    sign_maker_destroy(maker);
}


TEST(no_response_is_signed_without_memory)
{
    sign_code_e     code;
    postern_str_t   input, signature;
    sign_maker_t   *maker;

    setup(SIGN_RFC9421);
    answer_of();
    answer.label = text_of("sig9");
    maker = sign_maker_create(&hmac_key, text_of(SECRET));

    while (scarce_next()) {
        postern_alloc_t  alloc = scarce_allocator();

        code = sign_make_response(&answer, maker, &alloc, &message, &input,
                                  &signature);
        EXPECT_INT(code, scarce_failed() ? SIGN_NO_MEMORY : SIGN_OK);
    }

    sign_maker_destroy(maker);
}


TEST(base64_of_every_length)
{
    size_t         n;
    unsigned char  out[8];

    static const char *const  want[] = { "", "Zg==", "Zm8=", "Zm9v" };

    for (n = 0; n < 4; n++) {
        EXPECT_INT(sign_make_base64((const unsigned char *) "foo", n, out),
                   strlen(want[n]));
        EXPECT_MEM(out, want[n], strlen(want[n]));
    }
}


UNIT_MAIN()
