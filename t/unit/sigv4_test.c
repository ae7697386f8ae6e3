/* link:
   ngx_http_sign_module/sign_message.c ngx_http_sign_module/sign_digest.c
   ngx_http_sign_module/sign_verify.c ngx_http_sign_module/sign_sigv4.c
   ngx_http_sign_module/sign_sigv4_canonical.c
   ngx_http_sign_module/sign_sigv4_present.c
   ngx_http_sign_module/sign_sigv4_uri.c
   ngx_http_sign_module/sign_sigv4_time.c
   ngx_http_sign_module/sign_rfc9421.c
   ngx_http_sign_module/sign_rfc9421_base.c
   ngx_http_sign_module/sign_rfc9421_component.c
   ngx_http_sign_module/sign_rfc9421_cover.c
   ngx_http_sign_module/sign_rfc9421_field.c
   ngx_http_sign_module/sign_rfc9421_query.c
   ngx_http_sign_module/sign_rfc9421_target.c
   ngx_http_sign_module/sign_sf.c ngx_http_sign_module/sign_sf_tree.c
   ngx_http_sign_module/sign_sf_write.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_network.c
   -ljansson -lsodium -lcrypto */

/*
 * SigV4: what is accepted, what is refused, and by which name.  Signatures are
 * made here from canonical requests written out by hand, so that the verifier
 * is held against the text of the standard and not against itself.
 */


#include "unit.h"
#include "sign_request.h"
#include "sign_sigv4.h"


#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TIME    "20261121T231915Z"
#define SCOPE   "20261121/us-east-1/execute-api/aws4_request"
#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb924"                            \
                "27ae41e4649b934ca495991b7852b855"
#define HELLO   "2cf24dba5fb0a30e26e83b2ac5b9e29e"                            \
                "1b161e5c1fa7425e73043362938b9824"
#define HOST    "Host: app.example\n"
#define DATE    "X-Amz-Date: " TIME "\n"
#define LISTED  "host;x-amz-date"
#define LINES   "host:app.example\nx-amz-date:" TIME "\n"


typedef struct {
    const char      *line;        /* "GET /": method and target */
    const char      *headers;     /* beside Authorization */
    const char      *body;
    const char      *scope;       /* SCOPE where NULL */
    const char      *listed;      /* LISTED where NULL */
    const char      *canonical;   /* what the client signs */
    const char      *authorization;   /* in full, in place of all that */
    unsigned         cover;
    const char      *demanded;    /* a further field of the policy */
    const char      *secret;      /* SECRET where NULL */

    /* what came out */
    sign_message_t   msg;
    char             detail[256];
} try_t;


static postern_arena_t  *arena;


/* the steps of sign_message.h, without the clock */

static sign_code_e
try_request(try_t *t)
{
    char             text[8192], hex[65];
    sign_code_e      rc;
    sign_key_t      *key;
    const char      *scope, *listed, *body;
    postern_key_t    dkey;
    postern_str_t    demanded, body_str;
    sign_text_t      http;
    sign_policy_t    policy;
    postern_alloc_t  memory;

    postern_arena_destroy(arena);
    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);

    scope = t->scope ? t->scope : SCOPE;
    listed = t->listed ? t->listed : LISTED;
    body = t->body ? t->body : "";

    memset(hex, '0', 64);
    hex[64] = '\0';

    if (t->canonical) {
        sign_text_sigv4(SECRET, TIME, scope, t->canonical, hex);
    }

    if (t->authorization) {
        snprintf(text, sizeof(text), "%s HTTP/1.1\n%s%s\n%s", t->line,
                 t->headers, t->authorization, body);

    } else {
        snprintf(text, sizeof(text),
                 "%s HTTP/1.1\n%sAuthorization: AWS4-HMAC-SHA256 "
                 "Credential=AK1/%s, SignedHeaders=%s, Signature=%s\n\n%s",
                 t->line, t->headers, scope, listed, hex, body);
    }

    sign_text_parse(&http, text, strlen(text));

    memset(&t->msg, 0, sizeof(t->msg));
    memset(&policy, 0, sizeof(policy));
    memset(&dkey, 0, sizeof(dkey));

    t->msg.scheme = SIGN_SIGV4;
    policy.schemes = SIGN_SIGV4;
    policy.cover = SIGN_COVER_DEFAULT | t->cover;
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    if (t->demanded) {
        demanded = sign_text_str(t->demanded);
        policy.fields = &demanded;
        policy.nfields = 1;
    }

    if (!sign_sigv4_present(&http.req)) {
        return SIGN_MISSING;
    }

    rc = sign_sigv4_parse(&http.req, &memory, &t->msg);

    if (rc == SIGN_OK) {
        rc = sign_sigv4_cover(&http.req, &policy, &dkey, &t->msg);
    }

    if (rc == SIGN_OK && t->msg.needs_body) {
        body_str = http.body;
        sign_sha256(&body_str, 1, t->msg.body_hash);
        t->msg.has_body_hash = 1;
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_base(&http.req, &memory, &t->msg);
    }

    if (rc == SIGN_OK) {
        sign_claim(&t->msg);

        key = sign_key_create(&dkey, sign_text_str(t->secret ? t->secret
                                                             : SECRET));
        rc = sign_verify(key, &t->msg);
        sign_key_destroy(key);
    }

    memcpy(t->detail, t->msg.detail, sizeof(t->detail));

    return rc;
}


/* GET with the usual headers and this target, signed with this path and
   query */

static sign_code_e
try_target(const char *scope, const char *target, const char *path,
    const char *query)
{
    char         line[4096], canonical[4096];
    try_t        t = { 0 };
    sign_code_e  rc;

    snprintf(line, sizeof(line), "GET %s", target);
    snprintf(canonical, sizeof(canonical),
             "GET\n%s\n%s\n" LINES "\n" LISTED "\n" EMPTY, path, query);

    t.line = line;
    t.headers = HOST DATE;
    t.scope = scope;
    t.canonical = canonical;

    rc = try_request(&t);

    return rc;
}


/* a header more, listed and signed */

static sign_code_e
try_header(const char *headers, const char *listed, const char *lines)
{
    char   canonical[2048];
    try_t  t = { 0 };

    snprintf(canonical, sizeof(canonical), "GET\n/\n\n%s\n%s\n" EMPTY, lines,
             listed);

    t.line = "GET /";
    t.headers = headers;
    t.listed = listed;
    t.canonical = canonical;

    return try_request(&t);
}


static sign_code_e
try_authorization(const char *authorization)
{
    char   line[4096];
    try_t  t = { 0 };

    snprintf(line, sizeof(line), "Authorization: %s\n", authorization);

    t.line = "GET /";
    t.headers = HOST DATE;
    t.authorization = line;

    return try_request(&t);
}


#define GOOD_CRED  "Credential=AK1/" SCOPE
#define GOOD_LIST  "SignedHeaders=" LISTED
#define GOOD_SIG   "Signature=" EMPTY


TEST(a_plain_get_verifies)
{
    try_t  t = { 0 };

    t.line = "GET /a/b";
    t.headers = HOST DATE;
    t.canonical = "GET\n/a/b\n\n" LINES "\n" LISTED "\n" EMPTY;

    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_STR(t.msg.key_id, "AK1");
    EXPECT_INT(t.msg.alg, POSTERN_ALG_HMAC_SHA256);
    EXPECT_INT(t.msg.created, 1795303155);
    EXPECT_INT(t.msg.needs_body, 0);
    EXPECT_STR(t.msg.canonical, t.canonical);
    EXPECT(((const sign_sigv4_t *) t.msg.scheme_data)->nreadings == 0);
}


TEST(method_path_query_and_host_are_signed)
{
    try_t  t = { 0 };

    t.line = "GET /a?x=1";
    t.headers = HOST DATE;
    t.canonical = "GET\n/a\nx=1\n" LINES "\n" LISTED "\n" EMPTY;

    EXPECT_INT(try_request(&t), SIGN_OK);
    t.line = "PUT /a?x=1";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.line = "GET /b?x=1";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.line = "GET /a?x=2";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.line = "GET /a";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.line = "GET /a?x=1&y=1";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.line = "GET /a?x=1";
    t.headers = "Host: other.example\n" DATE;
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.headers = HOST "X-Amz-Date: 20261121T231916Z\n";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
}


TEST(the_body_is_hashed_where_no_header_names_its_hash)
{
    try_t  t = { 0 };

    t.line = "POST /a";
    t.headers = HOST DATE "Content-Length: 5\n";
    t.body = "hello";
    t.canonical = "POST\n/a\n\n" LINES "\n" LISTED "\n" HELLO;

    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_INT(t.msg.needs_body, 1);
    EXPECT_INT(t.msg.digest, SIGN_DIGEST_NONE);

    t.body = "hellO";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.body = "";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
}


TEST(an_unhashed_body_is_never_taken_for_an_empty_one)
{
    try_t            t = { 0 };
    sign_request_t   req;
    postern_alloc_t  memory;

    t.line = "POST /a";
    t.headers = HOST DATE;
    t.body = "hello";
    t.canonical = "POST\n/a\n\n" LINES "\n" LISTED "\n" EMPTY;

    EXPECT_INT(try_request(&t), SIGN_INVALID);

    memset(&req, 0, sizeof(req));
    req.method = sign_text_str("POST");
    req.authority = sign_text_str("app.example");
    req.has_body = 1;
    memory = postern_arena_allocator(arena);
    t.msg.has_body_hash = 0;
    ((sign_sigv4_t *) t.msg.scheme_data)->nnames = 1;
    EXPECT_INT(sign_sigv4_base(&req, &memory, &t.msg), SIGN_DIGEST);
}


TEST(x_amz_content_sha256_is_the_digest)
{
    try_t  t = { 0 };

    t.line = "POST /a";
    t.headers = HOST DATE "X-Amz-Content-Sha256: " HELLO "\n";
    t.listed = "host;x-amz-content-sha256;x-amz-date";
    t.body = "hello";
    t.canonical = "POST\n/a\n\nhost:app.example\n"
                  "x-amz-content-sha256:" HELLO "\nx-amz-date:" TIME "\n\n"
                  "host;x-amz-content-sha256;x-amz-date\n" HELLO;

    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_INT(t.msg.needs_body, 0);
    EXPECT_INT(t.msg.digest, SIGN_DIGEST_SHA256);
    EXPECT_MEM(t.msg.digest_value, "\x2c\xf2\x4d\xba", 4);

    /* the body went missing: nobody would ever hash it */
    t.body = "";
    EXPECT_INT(try_request(&t), SIGN_DIGEST);

    t.body = "hello";
    t.headers = HOST DATE "X-Amz-Content-Sha256: " EMPTY "\n";
    EXPECT_INT(try_request(&t), SIGN_INVALID);
    t.headers = HOST DATE "X-Amz-Content-Sha256: 2CF24D\n";
    EXPECT_INT(try_request(&t), SIGN_MALFORMED);
    t.headers = HOST DATE "X-Amz-Content-Sha256: " HELLO "\n"
                "X-Amz-Content-Sha256: " HELLO "\n";
    EXPECT_INT(try_request(&t), SIGN_AMBIGUOUS);
}


TEST(minio_cve_2026_40344_streaming_unsigned_payload_trailer)
{
    size_t              i;
    char                headers[512];
    try_t               t = { 0 };

    static const char  *const values[] = {
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "UNSIGNED-PAYLOAD"
    };

    t.line = "PUT /bucket/object";
    t.headers = headers;
    t.body = "hello";

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(headers, sizeof(headers),
                 HOST DATE "X-Amz-Content-Sha256: %s\n", values[i]);
        EXPECT_INT(try_request(&t), SIGN_UNSUPPORTED);
        EXPECT(strstr(t.detail, values[i]) != NULL);
    }
}


TEST(minio_cve_2026_40344_credentials_in_header_and_query)
{
    EXPECT_INT(try_target(NULL, "/?X-Amz-Signature=00", "/",
                          "X-Amz-Signature=00"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?a=1&X-Amz-Credential=AK2%2Fx", "/",
                          "X-Amz-Credential=AK2%2Fx&a=1"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?X-Amz-Security-Token=t", "/",
                          "X-Amz-Security-Token=t"), SIGN_AMBIGUOUS);
}


TEST(aws_iam_authenticator_cve_2022_2385_case_and_escape_variants)
{
    EXPECT_INT(try_target(NULL, "/?x-amz-credential=AK2", "/",
                          "x-amz-credential=AK2"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?X-AMZ-SignedHeaders=host", "/",
                          "X-AMZ-SignedHeaders=host"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?%58-Amz%2dSignature=1", "/",
                          "X-Amz-Signature=1"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?a=1;X-Amz-Date=1", "/",
                          "a=1%3BX-Amz-Date%3D1"), SIGN_AMBIGUOUS);
    EXPECT_INT(try_target(NULL, "/?X-Amz-Signatures=1", "/",
                          "X-Amz-Signatures=1"), SIGN_OK);
}


TEST(a_presigned_url_is_unsupported_and_not_missing)
{
    try_t  t = { 0 };

    t.line = "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
    t.headers = HOST;
    t.authorization = "Accept: */*\n";
    EXPECT_INT(try_request(&t), SIGN_UNSUPPORTED);

    t.line = "GET /?x=X-Amz-Signature";
    EXPECT_INT(try_request(&t), SIGN_MISSING);
}


TEST(authorization_twice_is_ambiguous)
{
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256 " GOOD_CRED ", " GOOD_LIST
                                 ", " GOOD_SIG "\nAuthorization: Basic YTpi"),
               SIGN_AMBIGUOUS);
    EXPECT_INT(try_authorization("Basic YTpi\nAuthorization: AWS4-HMAC-SHA256 "
                                 GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG),
               SIGN_AMBIGUOUS);
    EXPECT_INT(try_authorization("Basic YTpi"), SIGN_MISSING);
}


TEST(authorization_is_read_to_the_letter)
{
#define AUTH(text)  try_authorization("AWS4-HMAC-SHA256 " text)

    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG), SIGN_INVALID);
    EXPECT_INT(AUTH(GOOD_SIG "," GOOD_LIST "," GOOD_CRED), SIGN_INVALID);

    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST), SIGN_MALFORMED);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", Signature="), SIGN_MALFORMED);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", Signature=00"),
               SIGN_MALFORMED);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG "0"),
               SIGN_MALFORMED);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG ", "
                    GOOD_SIG), SIGN_AMBIGUOUS);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG),
               SIGN_AMBIGUOUS);
    EXPECT_INT(AUTH(GOOD_CRED ", " GOOD_LIST ", " GOOD_SIG ", X=1"),
               SIGN_MALFORMED);
    EXPECT_INT(AUTH(GOOD_CRED ", , " GOOD_LIST ", " GOOD_SIG),
               SIGN_MALFORMED);
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256"), SIGN_MALFORMED);

    EXPECT_INT(try_authorization("AWS4-ECDSA-P256-SHA256 " GOOD_CRED ", "
                                 GOOD_LIST ", " GOOD_SIG), SIGN_UNSUPPORTED);
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256-PAYLOAD " GOOD_CRED ", "
                                 GOOD_LIST ", " GOOD_SIG), SIGN_UNSUPPORTED);
}


TEST(the_credential_is_read_to_the_letter)
{
#define CRED(text)                                                            \
    try_authorization("AWS4-HMAC-SHA256 Credential=" text ", " GOOD_LIST      \
                      ", " GOOD_SIG)

    EXPECT_INT(CRED("org/AK1/" SCOPE), SIGN_INVALID);
    EXPECT_INT(CRED(SCOPE), SIGN_MALFORMED);
    EXPECT_INT(CRED("/" SCOPE), SIGN_MALFORMED);
    EXPECT_INT(CRED("AK1"), SIGN_MALFORMED);
    EXPECT_INT(CRED("AK1/20261121/us-east-1/execute-api/aws4_requests"),
               SIGN_MALFORMED);
    EXPECT_INT(CRED("AK1/20261121//execute-api/aws4_request"),
               SIGN_MALFORMED);
    EXPECT_INT(CRED("AK1/2026112/r/s/aws4_request"), SIGN_MALFORMED);

    /* another day's credential, even where it is signed with that day's key */
    EXPECT_INT(CRED("AK1/20261120/us-east-1/execute-api/aws4_request"),
               SIGN_MALFORMED);
}


TEST(a_key_id_is_bounded)
{
    char  line[1024], id[SIGN_MAX_KEY_ID + 2];

    memset(id, 'k', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';

    snprintf(line, sizeof(line), "AWS4-HMAC-SHA256 Credential=%s/" SCOPE ", "
             GOOD_LIST ", " GOOD_SIG, id);
    EXPECT_INT(try_authorization(line), SIGN_TOO_LARGE);

    snprintf(line, sizeof(line), "AWS4-HMAC-SHA256 Credential=%s/" SCOPE ", "
             GOOD_LIST ", " GOOD_SIG, id + 1);
    EXPECT_INT(try_authorization(line), SIGN_INVALID);
}


TEST(signed_headers_are_read_to_the_letter)
{
#define LIST(text)                                                            \
    try_authorization("AWS4-HMAC-SHA256 " GOOD_CRED ", SignedHeaders=" text   \
                      ", " GOOD_SIG)

    EXPECT_INT(LIST("host;;x-amz-date"), SIGN_MALFORMED);
    EXPECT_INT(LIST("host;x-amz-date;"), SIGN_MALFORMED);
    EXPECT_INT(LIST("Host;x-amz-date"), SIGN_MALFORMED);
    EXPECT_INT(LIST("authorization;host;x-amz-date"), SIGN_MALFORMED);
    EXPECT_INT(LIST("host;x-amz-date;x-dup;x-dup"), SIGN_AMBIGUOUS);
    EXPECT_INT(LIST("host host;x-amz-date"), SIGN_MALFORMED);
}


TEST(too_many_signed_headers_are_refused)
{
    int   i;
    char  line[4096], *p;

    p = line + sprintf(line, "AWS4-HMAC-SHA256 " GOOD_CRED ", " GOOD_SIG
                       ", " GOOD_LIST);

    for (i = 0; i < SIGN_MAX_COMPONENTS; i++) {
        p += sprintf(p, ";h%d", i);
    }

    EXPECT_INT(try_authorization(line), SIGN_TOO_LARGE);
}


TEST(host_and_date_must_be_covered)
{
    EXPECT_INT(try_header(HOST DATE, "x-amz-date", "x-amz-date:" TIME "\n"),
               SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST DATE, "host", "host:app.example\n"),
               SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST DATE, ":authority;x-amz-date",
                          ":authority:app.example\nx-amz-date:" TIME "\n"),
               SIGN_OK);
}


TEST(unsigned_date_does_not_make_a_request_eternal)
{
    /* Date counts where there is no X-Amz-Date, and must be covered then */

    EXPECT_INT(try_header(HOST "Date: Sat, 21 Nov 2026 23:19:15 GMT\n", "host",
                          "host:app.example\n"), SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST "Date: Sat, 21 Nov 2026 23:19:15 GMT\n",
                          "date;host",
                          "date:Sat, 21 Nov 2026 23:19:15 GMT\n"
                          "host:app.example\n"), SIGN_OK);
    EXPECT_INT(try_header(HOST "Date: " TIME "\n", "date;host",
                          "date:" TIME "\nhost:app.example\n"), SIGN_OK);
    EXPECT_INT(try_header(HOST DATE "Date: Sat, 21 Nov 2026 23:19:15 GMT\n",
                          "date;host", "date:Sat, 21 Nov 2026 23:19:15 GMT\n"
                          "host:app.example\n"), SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST, "host", "host:app.example\n"),
               SIGN_MALFORMED);
    EXPECT_INT(try_header(HOST DATE DATE, LISTED, LINES), SIGN_AMBIGUOUS);
}


TEST(dates_that_do_not_exist_are_refused)
{
    size_t              i;
    char                headers[256];

    static const char  *const dates[] = {
        "20261131T231915Z", "20260229T000000Z", "20261321T231915Z",
        "20261121T241915Z", "20261121T236015Z", "20261121T231960Z",
        "20261121T231915",  "2026-11-21T23:19:15Z", "20261121 231915Z",
        "19691121T231915Z", "", "Sat, 21 Nov 2026 23:19:15 UTC",
        "Sat, 31 Nov 2026 23:19:15 GMT", "Foo, 21 Nov 2026 23:19:15 GMT",
        "Sat, 21 Noo 2026 23:19:15 GMT"
    };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        snprintf(headers, sizeof(headers), HOST "X-Amz-Date: %s\n", dates[i]);
        EXPECT_INT(try_header(headers, LISTED, LINES), SIGN_MALFORMED);
    }
}


TEST(times_are_those_of_the_calendar)
{
    size_t         i;
    int64_t        seconds;
    unsigned char  basic[SIGN_SIGV4_TIME_LEN];

    static const struct {
        const char  *text;
        int64_t      seconds;
        const char  *basic;
    } times[] = {
        { "19700101T000000Z", 0, "19700101T000000Z" },
        { "20000229T235959Z", 951868799, "20000229T235959Z" },
        { "20150830T123600Z", 1440938160, "20150830T123600Z" },
        { "20240229T000000Z", 1709164800, "20240229T000000Z" },
        { "21000301T000000Z", 4107542400, "21000301T000000Z" },
        { "99991231T235959Z", 253402300799, "99991231T235959Z" },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, "19941106T084937Z" }
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        EXPECT_INT(sign_sigv4_time(sign_text_str(times[i].text), &seconds,
                                   basic), 0);
        EXPECT_INT(seconds, times[i].seconds);
        EXPECT_MEM(basic, times[i].basic, SIGN_SIGV4_TIME_LEN);
    }
}


TEST(every_x_amz_header_must_be_covered)
{
    EXPECT_INT(try_header(HOST DATE "X-Amz-Security-Token: t\n", LISTED,
                          LINES), SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST DATE "X-Amz-Copy-Source: /b/o\n", LISTED,
                          LINES), SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST DATE "X-Amz-Security-Token: t\n",
                          LISTED ";x-amz-security-token",
                          LINES "x-amz-security-token:t\n"), SIGN_OK);
    EXPECT_INT(try_header(HOST DATE "X-Amz-Security-Token: t\n"
                          "X-Amz-Security-Token: u\n",
                          LISTED ";x-amz-security-token",
                          LINES "x-amz-security-token:t,u\n"),
               SIGN_AMBIGUOUS);
}


TEST(a_listed_header_that_is_absent_is_refused)
{
    EXPECT_INT(try_header(HOST DATE, LISTED ";x-role", LINES "x-role:\n"),
               SIGN_COVERAGE);
    EXPECT_INT(try_header(HOST DATE "X-Role:\n", LISTED ";x-role",
                          LINES "x-role:\n"), SIGN_OK);
}


TEST(the_name_of_a_header_is_signed)
{
    /* CVE-2017-16005: values moved from one name to another */

    EXPECT_INT(try_header(HOST DATE "X-Other: admin\n", LISTED ";x-other",
                          LINES "x-role:admin\n"), SIGN_INVALID);
}


TEST(a_repeated_singleton_is_ambiguous_and_a_repeated_list_is_joined)
{
    EXPECT_INT(try_header(HOST DATE "Content-Type: a/b\nContent-Type: c/d\n",
                          "content-type;" LISTED,
                          "content-type:a/b,c/d\n" LINES), SIGN_AMBIGUOUS);
    EXPECT_INT(try_header(HOST DATE "Accept: a/b\nAccept: c/d\n",
                          "accept;" LISTED, "accept:a/b,c/d\n" LINES),
               SIGN_OK);
    EXPECT_INT(try_header(HOST HOST DATE, LISTED, LINES), SIGN_AMBIGUOUS);
}


TEST(what_the_policy_demands_must_be_listed_and_present)
{
    try_t  t = { 0 };

    t.line = "GET /";
    t.headers = HOST DATE "X-Tenant: t1\n";
    t.canonical = "GET\n/\n\n" LINES "\n" LISTED "\n" EMPTY;
    EXPECT_INT(try_request(&t), SIGN_OK);

    t.demanded = "x-tenant";
    EXPECT_INT(try_request(&t), SIGN_COVERAGE);

    t.listed = LISTED ";x-tenant";
    t.canonical = "GET\n/\n\n" LINES "x-tenant:t1\n\n" LISTED ";x-tenant\n"
                  EMPTY;
    EXPECT_INT(try_request(&t), SIGN_OK);

    t.headers = HOST DATE;
    EXPECT_INT(try_request(&t), SIGN_COVERAGE);

    t.demanded = "host";
    t.listed = NULL;
    t.canonical = "GET\n/\n\n" LINES "\n" LISTED "\n" EMPTY;
    EXPECT_INT(try_request(&t), SIGN_OK);

    t.cover = SIGN_COVER_SCHEME;
    EXPECT_INT(try_request(&t), SIGN_COVERAGE);
}


TEST(paths_as_sent_and_encoded_once_more)
{
    /* curl signs the path as it is, other clients encode it once more */

    EXPECT_INT(try_target(NULL, "/a%20b", "/a%20b", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a%20b", "/a%2520b", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a%2Fb", "/a%2Fb", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a(b)", "/a(b)", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a(b)", "/a%28b%29", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/%e1%88%b4", "/%e1%88%b4", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a%20b", "/a b", ""), SIGN_INVALID);

    /* S3 never encodes once more */

#define S3  "20261121/us-east-1/s3/aws4_request"

    EXPECT_INT(try_target(S3, "/a%20b", "/a%20b", ""), SIGN_OK);
    EXPECT_INT(try_target(S3, "/a%20b", "/a%2520b", ""), SIGN_INVALID);
    EXPECT_INT(try_target(S3, "/a%2520b", "/a%2520b", ""), SIGN_OK);
}


TEST(a_signature_for_one_path_is_none_for_another)
{
    /* "/a%20b" signed with one more encoding reads "/a%2520b"; as sent, that
       is another path, so this reading of it does not count */

    EXPECT_INT(try_target(NULL, "/a%2520b", "/a%2520b", ""), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/a%2520b", "/a%252520b", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/a%3Bb", "/a%3Bb", ""), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/a%3Bb", "/a%253Bb", ""), SIGN_OK);

    /* nothing is normalized away */

    EXPECT_INT(try_target(NULL, "/a/../b", "/b", ""), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/a/../b", "/a/../b", ""), SIGN_OK);
    EXPECT_INT(try_target(NULL, "//b", "/b", ""), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/b/", "/b", ""), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/b;x", "/b", ""), SIGN_INVALID);
}


TEST(queries_sorted_and_as_sent)
{
    EXPECT_INT(try_target(NULL, "/?b=2&a=1", "/", "a=1&b=2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?b=2&a=1", "/", "b=2&a=1"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a", "/", "a="), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a", "/", "a"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=%2f", "/", "a=%2F"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=%2f", "/", "a=%2f"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=b=c", "/", "a=b%3Dc"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a-b=1&a=2", "/", "a=2&a-b=1"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=2&a=1", "/", "a=1&a=2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=1&&b=2", "/", "a=1&b=2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a='(x)'", "/", "a=%27%28x%29%27"),
               SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?", "/", ""), SIGN_OK);

    /* a signature of the query as sent is good for that very query */

    EXPECT_INT(try_target(NULL, "/?a=1&b=2", "/", "b=2&a=1"), SIGN_INVALID);
}


TEST(plus_in_a_query_is_neither_a_blank_nor_an_escape)
{
    EXPECT_INT(try_target(NULL, "/?a=b+c", "/", "a=b+c"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=b%2Bc", "/", "a=b%2Bc"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=b%20c", "/", "a=b%20c"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=b+c", "/", "a=b%2Bc"), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/?a=b+c", "/", "a=b%20c"), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/?a=b%2Bc", "/", "a=b+c"), SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/?a=b%20c", "/", "a=b+c"), SIGN_INVALID);
}


TEST(a_broken_query_is_malformed)
{
    EXPECT_INT(try_target(NULL, "/?a=%zz", "/", "a=%zz"), SIGN_MALFORMED);
    EXPECT_INT(try_target(NULL, "/?a=%4", "/", "a=%4"), SIGN_MALFORMED);
    EXPECT_INT(try_target(NULL, "/#x", "/#x", ""), SIGN_MALFORMED);
    EXPECT_INT(try_target(NULL, "/\x01", "/\x01", ""), SIGN_MALFORMED);
}


TEST(a_query_of_too_many_parameters_is_refused)
{
    int   i;
    char  target[4096], *p;

    p = target + sprintf(target, "/?a");

    for (i = 0; i < SIGN_MAX_QUERY - 1; i++) {
        *p++ = '&';
    }

    *p = '\0';
    EXPECT_INT(try_target(NULL, target, "/", "a="), SIGN_OK);

    strcpy(p, "&");
    EXPECT_INT(try_target(NULL, target, "/", "a="), SIGN_TOO_LARGE);
}


TEST(one_signature_is_one_claim_however_the_request_is_written)
{
    try_t          t = { 0 };
    unsigned char  claim[SIGN_CLAIM_MAX];

    /* the signature that curl makes for "/%E1%88%B4" also fits the same path
       with its bytes bare: it must not be good once more */

    t.line = "GET /%E1%88%B4";
    t.headers = HOST DATE;
    t.canonical = "GET\n/%E1%88%B4\n\n" LINES "\n" LISTED "\n" EMPTY;

    EXPECT_INT(try_request(&t), SIGN_OK);
    memcpy(claim, t.msg.claim, t.msg.claim_len);

    t.line = "GET /\xe1\x88\xb4";
    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_MEM(t.msg.claim, claim, t.msg.claim_len);

    t.line = "GET /x";
    t.canonical = "GET\n/x\n\n" LINES "\n" LISTED "\n" EMPTY;
    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT(memcmp(t.msg.claim, claim, t.msg.claim_len) != 0);
}


/*
 * Requests that curl 7.88.1 sent with --aws-sigv4 aws:amz:us-east-1:SERVICE
 * --user AK:SECRET, as they came over the wire.
 */

#define CURL(service, signed, signature)                                      \
    "Authorization: AWS4-HMAC-SHA256 Credential=AK/20261121/us-east-1/"       \
    service "/aws4_request, SignedHeaders=" signed ", Signature="             \
    signature "\n"

#define CURL_HEADERS                                                          \
    "Host: 127.0.0.1:18400\n" DATE "User-Agent: curl/7.88.1\nAccept: */*\n"

static sign_code_e
try_curl(const char *line, const char *headers, const char *body,
    const char *authorization)
{
    try_t  t = { 0 };

    t.line = line;
    t.headers = headers;
    t.body = body;
    t.authorization = authorization;
    t.secret = "SECRET";

    return try_request(&t);
}


TEST(requests_of_stock_curl_verify)
{
    EXPECT_INT(try_curl("GET /a", CURL_HEADERS, NULL,
        CURL("s3", LISTED, "b044e7238167dde843a22b909156673b"
             "fe89f4220530b85539d091751033c1fa")), SIGN_OK);

    EXPECT_INT(try_curl("GET /a?b=2&a=1", CURL_HEADERS, NULL,
        CURL("s3", LISTED, "64e5a08fad22c93c4b9951ddb5d27887"
             "b9596c8ab9a8d9e30b1cd4a661b6278d")), SIGN_OK);

    EXPECT_INT(try_curl("GET /a%20b/(x)?x=%2f&y=a+b&z", CURL_HEADERS, NULL,
        CURL("execute-api", LISTED, "a6dda3e9032e227d875890ac4a4b171c"
             "89e79e87c70ce900f047c3951b62c091")), SIGN_OK);

    EXPECT_INT(try_curl("HEAD /h", CURL_HEADERS, NULL,
        CURL("execute-api", LISTED, "2d77d1225cfee95e7162fe179851b7fb"
             "58bdea2112339eec8a59d31291e363f5")), SIGN_OK);

    EXPECT_INT(try_curl("POST /a", CURL_HEADERS "Content-Length: 5\n"
        "Content-Type: application/x-www-form-urlencoded\n", "hello",
        CURL("execute-api", LISTED, "e485d0ad563831584f999cddde0fc399"
             "791a0f718198ca6c87ad2fc1abaa55a8")), SIGN_OK);

    EXPECT_INT(try_curl("POST /h", CURL_HEADERS
        "content-type: application/json\nContent-Length: 2\n", "{}",
        CURL("execute-api", "content-type;" LISTED,
             "38fa6150a4d52e918d255ef1818cbd5e"
             "cc3ed961906c0611a414e24e85ff74e9")), SIGN_OK);

    EXPECT_INT(try_curl("PUT /a", CURL_HEADERS "Content-Length: 5\n"
        "Content-Type: application/x-www-form-urlencoded\n", "hello",
        CURL("s3", LISTED, "40d9c1914f11de5659dbd4383105da2b"
             "bd0e467c72c102706243ef60847154f9")), SIGN_OK);
}


TEST(requests_of_stock_curl_that_sign_less_are_refused)
{
    /* -T signs the hash of nothing */

    EXPECT_INT(try_curl("PUT /up", CURL_HEADERS "Content-Length: 983\n"
        "Expect: 100-continue\n", "import socket",
        CURL("s3", LISTED, "c79e9fd41170584b6c7567c513d73395"
             "fd27ddbb8c84258d9909d99079751b6b")), SIGN_INVALID);

    EXPECT_INT(try_curl("GET /h", CURL_HEADERS
        "x-amz-content-sha256: UNSIGNED-PAYLOAD\n", NULL,
        CURL("s3", "host;x-amz-content-sha256;x-amz-date",
             "1c9276cd4a25a711393cd3bc04c428ec"
             "b17dbbe0d45286889c9e44ff652714c6")), SIGN_UNSUPPORTED);

    /* a header that comes twice is listed twice */

    EXPECT_INT(try_curl("GET /h", CURL_HEADERS "X-Dup: 1\nX-Dup: 2\n"
        "X-Multi:   a   b\n", NULL,
        CURL("s3", "host;x-amz-date;x-dup;x-dup;x-multi",
             "9fa7f5e706819ddeb183f3267cf4a064"
             "835569fc24e47a117e92a2cad6be192f")), SIGN_AMBIGUOUS);
}


TEST(targets_of_every_form)
{
    postern_str_t  path, query;

    EXPECT_INT(sign_sigv4_target(sign_text_str("/a?b?c"), &path, &query), 0);
    EXPECT_STR(path, "/a");
    EXPECT_STR(query, "b?c");

    EXPECT_INT(sign_sigv4_target(sign_text_str("http://h:80/a?b"), &path,
                                 &query), 0);
    EXPECT_STR(path, "/a");
    EXPECT_STR(query, "b");

    EXPECT_INT(sign_sigv4_target(sign_text_str("https://h?b"), &path, &query),
               0);
    EXPECT_STR(path, "/");
    EXPECT_STR(query, "b");

    EXPECT_INT(sign_sigv4_target(sign_text_str("https://h"), &path, &query),
               0);
    EXPECT_STR(path, "/");
    EXPECT_INT(query.len, 0);

    EXPECT_INT(sign_sigv4_target(sign_text_str("*"), &path, &query), -1);
    EXPECT_INT(sign_sigv4_target(sign_text_str("h:443"), &path, &query), -1);
    EXPECT_INT(sign_sigv4_target(sign_text_str(""), &path, &query), -1);

    postern_arena_destroy(arena);
    arena = NULL;
}


UNIT_MAIN()
