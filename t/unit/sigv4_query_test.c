/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc */

/* Presigned URLs: what is accepted, and every way to write a parameter that an
   application could read differently. */

#include "sigv4_scarce.h"


#define QUERY_SCOPE  "20261121%2Fus-east-1%2Fs3%2Faws4_request"
#define QUERY        "X-Amz-Algorithm=AWS4-HMAC-SHA256"                       \
                     "&X-Amz-Credential=AK1%2F" QUERY_SCOPE                   \
                     "&X-Amz-Date=" TIME                                      \
                     "&X-Amz-Expires=60"                                      \
                     "&X-Amz-SignedHeaders=host"
#define S3_SCOPE     "20261121/us-east-1/s3/aws4_request"
#define ANY_SIG      "&X-Amz-Signature=" EMPTY


static try_t  t;


/* a GET of "/a" with that query, signed as the query "canonical" */

static sign_code_e
presigned(const char *query, const char *canonical, const char *headers)
{
    static char  line[4096], text[4096];
    char         hex[65];

    snprintf(text, sizeof(text), "GET\n/a\n%s\nhost:app.example\n\nhost\n"
             "UNSIGNED-PAYLOAD", canonical);
    sign_text_sigv4(SECRET, TIME, S3_SCOPE, text, hex);

    snprintf(line, sizeof(line), "GET /a?%s&X-Amz-Signature=%s", query, hex);

    memset(&t, 0, sizeof(t));
    t.line = line;
    t.headers = headers;
    t.authorization = "Accept: */*\n";

    return try_request(&t);
}


TEST(a_presigned_url_verifies)
{
    EXPECT_INT(presigned(QUERY, QUERY, HOST), SIGN_OK);
    EXPECT_STR(t.msg.key_id, "AK1");
    EXPECT_INT(t.msg.alg, POSTERN_ALG_HMAC_SHA256);
    EXPECT_INT(t.msg.created, 1795303155);
    EXPECT_INT(t.msg.expires, 1795303155 + 60);
    EXPECT_INT(t.msg.body, SIGN_BODY_NONE);
    EXPECT(t.msg.weak == NULL);

    /* whatever the order, and where the signature is */

    EXPECT_INT(presigned("b=1&" QUERY "&a=2", QUERY "&a=2&b=1", HOST), SIGN_OK);
    EXPECT_INT(presigned(QUERY "&x-id=GetObject", QUERY "&x-id=GetObject",
                         HOST), SIGN_OK);
    EXPECT_INT(presigned(QUERY "&a=2", QUERY "&a=1", HOST), SIGN_INVALID);
    EXPECT_INT(presigned(QUERY "&a=2", QUERY, HOST), SIGN_INVALID);

    /* there is one way to write its query */

    EXPECT_INT(presigned("b=1&" QUERY, "b=1&" QUERY, HOST), SIGN_INVALID);

    EXPECT_INT(presigned(QUERY, QUERY, "Host: other.example\n"), SIGN_INVALID);
}


TEST(the_signature_may_stand_anywhere)
{
    size_t       i;
    char         line[2048], text[2048], hex[65];
    const char  *places[3][2] = { { "", QUERY }, { QUERY, "" },
                                  { "a=1", "b=2&" QUERY } };

    for (i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "GET\n/a\n%s%s\nhost:app.example\n\n"
                 "host\nUNSIGNED-PAYLOAD", QUERY, i == 2 ? "&a=1&b=2" : "");
        sign_text_sigv4(SECRET, TIME, S3_SCOPE, text, hex);

        snprintf(line, sizeof(line), "GET /a?%s%sX-Amz-Signature=%s%s%s",
                 places[i][0], *places[i][0] ? "&" : "", hex,
                 *places[i][1] ? "&" : "", places[i][1]);

        memset(&t, 0, sizeof(t));
        t.line = line;
        t.headers = HOST;
        t.authorization = "Accept: */*\n";
        EXPECT_INT(try_request(&t), SIGN_OK);
    }
}


TEST(a_body_of_s3_is_not_signed)
{
    EXPECT_INT(presigned(QUERY, QUERY, HOST), SIGN_OK);

    t.body = "hello";
    EXPECT_INT(try_request(&t), SIGN_COVERAGE);
    EXPECT(strstr(t.detail, "sign_insecure_body") != NULL);

    t.insecure = SIGN_INSECURE_BODY;
    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT(t.msg.weak != NULL);
    EXPECT_INT(t.msg.body, SIGN_BODY_NONE);
}


TEST(the_hash_of_a_body_may_be_in_the_query)
{
    char  line[2048], hex[65];

    sign_text_sigv4(SECRET, TIME, S3_SCOPE, "PUT\n/a\n"
                    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                    "&X-Amz-Content-Sha256=" HELLO
                    "&X-Amz-Credential=AK1%2F" QUERY_SCOPE
                    "&X-Amz-Date=" TIME "&X-Amz-Expires=60"
                    "&X-Amz-SignedHeaders=host\nhost:app.example\n\nhost\n"
                    HELLO, hex);
    snprintf(line, sizeof(line), "PUT /a?%s&X-Amz-Content-Sha256=" HELLO
             "&X-Amz-Signature=%s", QUERY, hex);

    memset(&t, 0, sizeof(t));
    t.line = line;
    t.headers = HOST;
    t.body = "hello";
    t.authorization = "Accept: */*\n";

    EXPECT_INT(try_request(&t), SIGN_OK);
    EXPECT_INT(t.msg.digest, SIGN_DIGEST_SHA256);
    EXPECT(t.msg.weak == NULL);

    /* of no chunks, and in one place */

    EXPECT_INT(presigned(QUERY "&X-Amz-Content-Sha256="
                         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", HOST),
               SIGN_UNSUPPORTED);
    EXPECT_INT(presigned(QUERY "&X-Amz-Content-Sha256=" HELLO, "", HOST
                         "X-Amz-Content-Sha256: " HELLO "\n"),
               SIGN_AMBIGUOUS);
    EXPECT_INT(presigned(QUERY, "", HOST "X-Amz-Content-Sha256: \n"),
               SIGN_MALFORMED);
}


TEST(host_must_be_signed)
{
    EXPECT_INT(presigned("X-Amz-Algorithm=AWS4-HMAC-SHA256"
                         "&X-Amz-Credential=AK1%2F" QUERY_SCOPE
                         "&X-Amz-Date=" TIME "&X-Amz-Expires=60"
                         "&X-Amz-SignedHeaders=accept", QUERY, HOST),
               SIGN_COVERAGE);
}


TEST(each_parameter_is_demanded)
{
    size_t             i;
    char               query[2048], *p, *end;
    static const char  *const names[] = { "X-Amz-Algorithm",
        "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
        "X-Amz-SignedHeaders" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        /* empty */

        snprintf(query, sizeof(query), "%s", QUERY);
        p = strstr(query, names[i]) + strlen(names[i]) + 1;
        end = p + strcspn(p, "&");
        memmove(p, end, strlen(end) + 1);
        EXPECT_INT(presigned(query, QUERY, HOST), SIGN_MALFORMED);

        /* absent */

        p -= strlen(names[i]) + 1;
        *p = 'Y';
        EXPECT_INT(presigned(query, QUERY, HOST), SIGN_MALFORMED);
    }

    EXPECT_INT(presigned("X-Amz-Signature", QUERY, HOST), SIGN_AMBIGUOUS);
}


static sign_code_e
expires(const char *value)
{
    char  query[1024];

    snprintf(query, sizeof(query), "X-Amz-Algorithm=AWS4-HMAC-SHA256"
             "&X-Amz-Credential=AK1%%2F%s&X-Amz-Date=" TIME
             "&X-Amz-Expires=%s&X-Amz-SignedHeaders=host", QUERY_SCOPE, value);

    return presigned(query, query, HOST);
}


TEST(expires_is_a_number_up_to_seven_days)
{
    EXPECT_INT(expires("1"), SIGN_OK);
    EXPECT_INT(expires("604800"), SIGN_OK);
    EXPECT_INT(t.msg.expires - t.msg.created, 604800);

    EXPECT_INT(expires("0"), SIGN_MALFORMED);
    EXPECT_INT(expires("604801"), SIGN_MALFORMED);
    EXPECT_INT(expires("-1"), SIGN_MALFORMED);
    EXPECT_INT(expires("1h"), SIGN_MALFORMED);
    EXPECT_INT(expires("+60"), SIGN_MALFORMED);
    EXPECT_INT(expires("18446744073709551617"), SIGN_MALFORMED);
    EXPECT_INT(expires("%30"), SIGN_MALFORMED);
}


TEST(values_are_read_to_the_letter)
{
#define WITH(algorithm, credential, date, headers)                            \
    presigned("X-Amz-Algorithm=" algorithm "&X-Amz-Credential=" credential    \
              "&X-Amz-Date=" date "&X-Amz-Expires=60"                         \
              "&X-Amz-SignedHeaders=" headers, QUERY, HOST)
#define CREDENTIAL  "AK1%2F" QUERY_SCOPE

    EXPECT_INT(WITH("AWS4-HMAC-SHA512", CREDENTIAL, TIME, "host"),
               SIGN_UNSUPPORTED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "AK1", TIME, "host"), SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", CREDENTIAL, TIME, "host;"),
               SIGN_AMBIGUOUS);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", CREDENTIAL, TIME, "host%3B"),
               SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", CREDENTIAL, TIME, "Host"),
               SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", CREDENTIAL, "20261122T231915Z",
                    "host"), SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", CREDENTIAL, "20261121", "host"),
               SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "AK1%2", TIME, "host"),
               SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "AK1%2x", TIME, "host"),
               SIGN_MALFORMED);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "AK1%x2", TIME, "host"),
               SIGN_MALFORMED);

    /* slashes may stand as they are, and a key id hold some */

    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "AK1/20261121/us-east-1/s3/"
                    "aws4_request", TIME, "host"), SIGN_OK);
    EXPECT_INT(WITH("AWS4-HMAC-SHA256", "a%2FAK1%2F" QUERY_SCOPE, TIME,
                    "host"), SIGN_INVALID);
    EXPECT_STR(t.msg.key_id, "a/AK1");
}


/* of what an application takes for the same name the verifier must not take
   the other one */

TEST(aws_iam_authenticator_cve_2022_2385_in_a_presigned_url)
{
    size_t             i;
    char               query[2048];
    static const char  *const more[] = {
        "X-Amz-Date=20261121T231915Z",            /* twice */
        "X-Amz-Expires=604800",
        "X-Amz-Credential=AK2%2F" QUERY_SCOPE,
        "x-amz-credential=AK2%2F" QUERY_SCOPE,    /* in another case */
        "X-AMZ-EXPIRES=604800",
        "x-amz-signedheaders=host",
        "X%2DAmz%2DCredential=AK2",               /* escaped */
        "%58-Amz-Date=20261121T231915Z",
        "x-amz-security-token=t;x-amz-date=1",    /* split at ";" */
        "a=1;X-Amz-Expires=604800",
        "X-Amz-Security-Token=t;a=1",
        "x-amz-algorithm",                        /* without a value */
        "X-Amz-Signature=" EMPTY,
        "x-amz-signature=" EMPTY,
        "X-Amz-Acl=private&x-amz-acl=public-read",
        "x-amz-acl=private&x-amz-acl=public-read",
        "x-amz-acl=private&x-amz%2Dacl=public-read"
    };

    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        snprintf(query, sizeof(query), "%s&%s", QUERY, more[i]);
        EXPECT_INT(presigned(query, query, HOST), SIGN_AMBIGUOUS);

        snprintf(query, sizeof(query), "%s&%s", more[i], QUERY);
        EXPECT_INT(presigned(query, query, HOST), SIGN_AMBIGUOUS);
    }

    /* names that only begin so, or are too long for any */

    EXPECT_INT(presigned(QUERY "&X-Amz-Zone=1",
                         QUERY "&X-Amz-Zone=1", HOST), SIGN_OK);
    EXPECT_INT(presigned(QUERY "&X-Amz-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                         "aaaaaaaaaaaaaaaaaaaaaaaaa=1",
                         QUERY "&X-Amz-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                         "aaaaaaaaaaaaaaaaaaaaaaaaa=1", HOST), SIGN_OK);
    EXPECT_INT(presigned(QUERY "&x=1", QUERY "&x=1", HOST), SIGN_OK);
    EXPECT_INT(presigned(QUERY "&x-amx-a=1&x-amx-a=2",
                         QUERY "&x-amx-a=1&x-amx-a=2", HOST), SIGN_OK);
}


TEST(minio_cve_2026_40344_header_and_query)
{
    EXPECT_INT(presigned(QUERY, QUERY, HOST
                         "Authorization: AWS4-HMAC-SHA256 " GOOD_CRED ", "
                         GOOD_LIST ", " GOOD_SIG "\n"), SIGN_AMBIGUOUS);
    EXPECT_INT(presigned(QUERY, QUERY, HOST "Authorization: Basic YTpi\n"),
               SIGN_AMBIGUOUS);
    EXPECT_INT(presigned(QUERY, QUERY, HOST DATE), SIGN_AMBIGUOUS);
    EXPECT_INT(presigned(QUERY "&X-Amz-Security-Token=t", QUERY, HOST
                         "X-Amz-Security-Token: u\n"), SIGN_AMBIGUOUS);

    /* a field of the family that is not signed */

    EXPECT_INT(presigned(QUERY, QUERY, HOST "X-Amz-Acl: public-read\n"),
               SIGN_COVERAGE);
}


TEST(bounds)
{
    size_t  i, n;
    char    query[32768];

    n = snprintf(query, sizeof(query), "%s", QUERY);

    for (i = 0; i < SIGN_SIGV4_PARAMS_MAX; i++) {
        n += snprintf(query + n, sizeof(query) - n, "&x-amz-%zu=1", i);
    }

    EXPECT_INT(presigned(query, query, HOST), SIGN_TOO_LARGE);

    memset(query, 'a', sizeof(query));
    memcpy(query, "GET /a?" QUERY ANY_SIG "&",
           sizeof("GET /a?" QUERY ANY_SIG "&") - 1);
    query[SIGN_MAX_HEADER + 7 + 1] = '\0';

    {
        sign_message_t   msg;
        sign_policy_t    policy;
        sign_request_t   req;
        postern_alloc_t  memory;

        memset(&msg, 0, sizeof(msg));
        memset(&req, 0, sizeof(req));
        memset(&policy, 0, sizeof(policy));
        msg.scheme = SIGN_SIGV4;
        memory = postern_arena_allocator(arena);
        req.method = sign_text_str("GET");
        req.target = sign_text_str(query + 4);
        EXPECT_INT(sign_sigv4_parse(&req, &policy, &memory, &msg),
                   SIGN_TOO_LARGE);
    }
}


TEST(other_schemes_are_not_mistaken_for_it)
{
    memset(&t, 0, sizeof(t));
    t.line = "GET /?x=X-Amz-Signature";
    t.headers = HOST;
    t.authorization = "Accept: */*\n";
    EXPECT_INT(try_request(&t), SIGN_MISSING);

    t.line = "GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=" TIME;
    EXPECT_INT(try_request(&t), SIGN_MISSING);

    t.line = "GET /a";
    EXPECT_INT(try_request(&t), SIGN_MISSING);

    t.line = "GET /a?";
    EXPECT_INT(try_request(&t), SIGN_MISSING);
}


TEST(out_of_memory)
{
    char         line[2048];
    sign_text_t  http;

    EXPECT_INT(presigned(QUERY, QUERY, HOST), SIGN_OK);

    snprintf(line, sizeof(line), "%s HTTP/1.1\n" HOST "\n", t.line);
    sign_text_parse(&http, line, strlen(line));

    try_scarce(&http, SIGN_OK);
}


UNIT_MAIN()
