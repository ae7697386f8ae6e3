/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/* SigV4: the spellings of a path and a query, and the requests of real
   clients. */

#include "sigv4_try.h"


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


/* to some servers "?a=1;b=2" has two parameters, to none has "?a=1%3Bb%3D2" */

TEST(a_semicolon_in_a_query_is_not_its_escape)
{
    EXPECT_INT(try_target(NULL, "/?a=1%3Bb%3D2", "/", "a=1%3Bb%3D2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=1%3bb%3d2", "/", "a=1%3Bb%3D2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?a=1;b=2", "/", "a=1%3Bb%3D2"),
               SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/?a%3D1;b=2", "/", "a%3D1%3Bb=2"),
               SIGN_INVALID);

    EXPECT_INT(try_target(NULL, "/?a=1;b=2", "/", "a=1;b%3D2"),
               SIGN_INVALID);
    EXPECT_INT(try_target(NULL, "/?a=1%3Bb%3D2", "/", "a=1;b=2"),
               SIGN_INVALID);

    /* as it was sent, and in no other way */

    EXPECT_INT(try_target(NULL, "/?a=1;b=2", "/", "a=1;b=2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?b&a=1;2", "/", "b&a=1;2"), SIGN_OK);
    EXPECT_INT(try_target(NULL, "/?b&a=1;2", "/", "a=1;2&b="), SIGN_INVALID);
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

    /* where there is no body, nothing is left open */

    EXPECT_INT(try_curl("GET /h", CURL_HEADERS
        "x-amz-content-sha256: UNSIGNED-PAYLOAD\n", NULL,
        CURL("s3", "host;x-amz-content-sha256;x-amz-date",
             "1c9276cd4a25a711393cd3bc04c428ec"
             "b17dbbe0d45286889c9e44ff652714c6")), SIGN_OK);

    EXPECT_INT(try_curl("GET /h", CURL_HEADERS
        "x-amz-content-sha256: UNSIGNED-PAYLOAD\n", "hello",
        CURL("s3", "host;x-amz-content-sha256;x-amz-date",
             "1c9276cd4a25a711393cd3bc04c428ec"
             "b17dbbe0d45286889c9e44ff652714c6")), SIGN_COVERAGE);

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
