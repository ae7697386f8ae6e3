/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/* SigV4: what is accepted, what is refused, and by which name: the credential,
   the headers, the date and the body. */

#include "sigv4_try.h"


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
    EXPECT_INT(t.msg.body, SIGN_BODY_NONE);
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
    EXPECT_INT(t.msg.body, SIGN_BODY_BEFORE);
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
    EXPECT_INT(t.msg.body, SIGN_BODY_NONE);
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
    char                headers[512], canonical[512], listed[256];
    try_t               t = { 0 };

    static const char  *const values[] = {
        "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    };

    t.line = "PUT /bucket/object";
    t.headers = headers;
    t.body = "hello";
    t.canonical = canonical;
    t.listed = listed;

    snprintf(listed, sizeof(listed), "host;x-amz-content-sha256;x-amz-date"
             ";x-amz-decoded-content-length;x-amz-trailer");

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(headers, sizeof(headers), HOST DATE
                 "X-Amz-Content-Sha256: %s\nX-Amz-Decoded-Content-Length: 5\n"
                 "%s", values[i], i ? "X-Amz-Trailer: x-amz-checksum-crc32\n"
                                    : "X-Amz-Trailer: a\n");
        snprintf(canonical, sizeof(canonical), "PUT\n/bucket/object\n\n"
                 "host:app.example\nx-amz-content-sha256:%s\n"
                 "x-amz-date:" TIME "\nx-amz-decoded-content-length:5\n"
                 "x-amz-trailer:%s\n\n%s\n%s", values[i],
                 i ? "x-amz-checksum-crc32" : "a", listed, values[i]);

        t.insecure = 0;
        EXPECT_INT(try_request(&t), SIGN_COVERAGE);
        EXPECT(strstr(t.detail, values[i]) != NULL);

        t.insecure = SIGN_INSECURE_BODY;
        EXPECT_INT(try_request(&t), SIGN_OK);
        EXPECT(t.msg.weak != NULL);
        EXPECT_INT(t.msg.body, i ? SIGN_BODY_AFTER : SIGN_BODY_NONE);
        EXPECT_INT(t.msg.framed, i);
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
    EXPECT_INT(try_header(HOST DATE "Cookie: s=1\nCookie: 2\n",
                          "cookie;" LISTED, "cookie:s=1,2\n" LINES),
               SIGN_AMBIGUOUS);
    EXPECT_INT(try_header(HOST DATE "Origin: http://a\nOrigin: b\n",
                          LISTED ";origin", LINES "origin:http://a,b\n"),
               SIGN_AMBIGUOUS);
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


UNIT_MAIN()
