/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * cavage: the forms of the draft and of the gateways, the parameters, the
 * times.  What it covers: cavage_cover_test.c.
 */


#include "cavage_try.h"


#define AUTH(params)   GET "Authorization: Signature " params                 \
                       ",signature=\"SIG\"\n"
#define HEADER(params) GET "Signature: " params ",signature=\"SIG\"\n"
#define PARAMS         "keyId=\"AK1\"," LISTED "algorithm=\"hmac-sha256\""


TEST(the_draft_in_both_places)
{
    try_defaults();

    EXPECT_CODE(try_base(AUTH(PARAMS), BASE), SIGN_OK);
    EXPECT_STR(message.key_id, "AK1");
    EXPECT_INT(message.scheme, SIGN_CAVAGE);
    EXPECT_INT(message.alg, POSTERN_ALG_HMAC_SHA256);
    EXPECT_INT(message.created, CREATED);
    EXPECT(message.claim_len == 2 + 32);
    EXPECT(!message.once && message.weak == NULL);

    EXPECT_CODE(try_base(HEADER(PARAMS), BASE), SIGN_OK);
    EXPECT_CODE(try_base(AUTH(PARAMS), BASE "x"), SIGN_INVALID);

    /* names of schemes and parameters in any case, blanks around commas */
    EXPECT_CODE(try_base(GET "Authorization: SIGNATURE  KeyID=\"AK1\" ,\t"
                         "HEADERS=\"(request-target) host date\", "
                         "Algorithm=hs2019, signature=\"SIG\" \n", BASE),
                SIGN_OK);
    EXPECT_CODE(try_base(GET "Proxy-Authorization: Signature " PARAMS
                         ",signature=\"SIG\"\n", BASE), SIGN_OK);
}


TEST(one_signature_is_one_claim_in_either_place)
{
    unsigned char  claim[SIGN_CLAIM_MAX];

    try_defaults();

    EXPECT_CODE(try_base(AUTH(PARAMS), BASE), SIGN_OK);
    memcpy(claim, message.claim, sizeof(claim));

    EXPECT_CODE(try_base(HEADER(PARAMS), BASE), SIGN_OK);
    EXPECT_MEM(message.claim, claim, 2 + 32);
    EXPECT_CODE(try_base(HEADER(PARAMS ",opaque=\"x\""), BASE), SIGN_OK);
    EXPECT_MEM(message.claim, claim, 2 + 32);
}


/* Kong: hmac-auth */

TEST(kong_request_line)
{
    const char  *text =
        GET "Authorization: hmac username=\"AK1\", "
        "algorithm=\"hmac-sha256\", headers=\"Date request-line host\", "
        "signature=\"SIG\"\n";

    try_defaults();

    EXPECT_CODE(try_base(text, "Date: " DATE "\nGET /a?b=c HTTP/1.1\n"
                         "host: app.example"), SIGN_OK);
    EXPECT_STR(message.key_id, "AK1");
    EXPECT_CODE(try_base(text, "date: " DATE "\nGET /a?b=c HTTP/1.1\n"
                         "host: app.example"), SIGN_INVALID);
    EXPECT_CODE(try_base(text, "Date: " DATE "\nGET /a?b=c HTTP/2.0\n"
                         "host: app.example"), SIGN_INVALID);
}


TEST(kong_request_target_and_proxy)
{
    try_defaults();

    EXPECT_CODE(try_base(GET "Proxy-Authorization: Hmac username=\"AK1\", "
                         "algorithm=\"hmac-sha256\", "
                         "headers=\"date @request-target host\", "
                         "signature=\"SIG\"\n",
                         "date: " DATE "\n@request-target: get /a?b=c\n"
                         "host: app.example"), SIGN_OK);

    EXPECT_CODE(try_base(GET "Authorization: hmac username=\"AK1\", "
                         "headers=\"date (request-target) host\", "
                         "signature=\"SIG\"\n", ""), SIGN_UNSUPPORTED);

    /* a listed header that is absent is "name:" to Kong */
    EXPECT_CODE(try_base(GET "Authorization: hmac username=\"AK1\", "
                         "headers=\"date request-line host digest\", "
                         "signature=\"SIG\"\n",
                         "date: " DATE "\nGET /a?b=c HTTP/1.1\n"
                         "host: app.example\ndigest:"), SIGN_COVERAGE);
}


TEST(kong_x_date)
{
    const char  *text =
        "GET / HTTP/1.1\nHost: app.example\nDate: Thu, 01 Jan 1970 00:00:00 "
        "GMT\nX-Date: " DATE "\nAuthorization: hmac username=\"AK1\", "
        "headers=\"date x-date host request-line\", signature=\"SIG\"\n";

    try_defaults();

    EXPECT_CODE(try_base(text, "date: Thu, 01 Jan 1970 00:00:00 GMT\n"
                         "x-date: " DATE "\nhost: app.example\n"
                         "GET / HTTP/1.1"), SIGN_OK);
    EXPECT_INT(message.created, CREATED);
}


TEST(request_line_needs_a_protocol)
{
    try_defaults();

    EXPECT_CODE(check_of(GET "Authorization: hmac username=\"AK1\", "
                         "headers=\"date request-line host\", "
                         "signature=\"AAAA\"\n\n"), SIGN_OK);
    request.protocol = text_of(NULL);
    EXPECT_CODE(sign_base(&request, &request_memory, &message),
                SIGN_UNSUPPORTED);
}


/* of drafts before 03, and still of npm's http-signature */

TEST(request_line_in_the_draft)
{
    try_defaults();

    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\",headers=\"Host request-line "
                              "Date\""),
                         "host: app.example\nGET /a?b=c HTTP/1.1\n"
                         "date: " DATE), SIGN_OK);
}


/* APISIX: hmac-auth since 3.11 */

TEST(apisix)
{
    const char  *text =
        AUTH("keyId=\"AK1\",algorithm=\"hmac-sha256\","
             "headers=\"@request-target Date host\"");

    try_defaults();

    EXPECT_CODE(try_base(text, "AK1\nGET /a?b=c\nDate: " DATE "\n"
                         "host: app.example\n"), SIGN_OK);

    /* of none of the other forms */
    EXPECT_CODE(try_base(text, "GET /a?b=c\nDate: " DATE "\n"
                         "host: app.example\n"), SIGN_INVALID);
    EXPECT_CODE(try_base(text, "AK1\nGET /a?b=c\nDate: " DATE "\n"
                         "host: app.example"), SIGN_INVALID);
    EXPECT_CODE(try_base(text, "AK1\nget /a?b=c\nDate: " DATE "\n"
                         "host: app.example\n"), SIGN_INVALID);
    EXPECT_CODE(try_base(text, "@request-target: get /a?b=c\ndate: " DATE "\n"
                         "host: app.example"), SIGN_INVALID);

    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\",headers=\"@request-target date "
                              "host request-line\""), ""), SIGN_UNSUPPORTED);
    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\",headers=\"@request-target date "
                              "host (request-target)\""), ""),
                SIGN_UNSUPPORTED);
}


/* APISIX skips it: whoever took the header away changed nothing that is
   signed */

TEST(apisix_listed_but_absent)
{
    try_defaults();

    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\",headers=\"@request-target date "
                              "host x-tenant\""),
                         "AK1\nGET /a?b=c\ndate: " DATE "\n"
                         "host: app.example\n"), SIGN_COVERAGE);
    EXPECT(strstr(detail(), "x-tenant") != NULL);
}


/* Tyk escapes base64 as in a URL */

TEST(tyk_escapes_the_signature)
{
    char    plain[256], escaped[512], *p;
    size_t  i;

    try_defaults();
    try_mac(BASE, plain);

    p = escaped;

    for (i = 0; plain[i]; i++) {
        p += sprintf(p, strchr("+/=", plain[i]) ? "%%%02x" : "%c", plain[i]);
    }

    EXPECT_CODE(try_text(AUTH(PARAMS), escaped), SIGN_OK);

    for (p = escaped; *p; p++) {
        *p = *p >= 'a' && p > escaped && p[-1] == '3' ? *p - 32 : *p;
    }

    EXPECT_CODE(try_text(AUTH(PARAMS), escaped), SIGN_OK);

    EXPECT_CODE(try_text(AUTH(PARAMS), "%2B%2f%3D%"), SIGN_MALFORMED);
    EXPECT_CODE(try_text(AUTH(PARAMS), "AA%"), SIGN_MALFORMED);
    EXPECT_CODE(try_text(AUTH(PARAMS), "%41AAA"), SIGN_MALFORMED);
}


TEST(hmac_of_each_length)
{
    try_defaults();

    key.algorithm = POSTERN_ALG_HMAC_SHA384;
    try_hash = EVP_sha384;
    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\"," LISTED
                              "algorithm=\"hmac-sha384\""), BASE), SIGN_OK);

    key.algorithm = POSTERN_ALG_HMAC_SHA512;
    try_hash = EVP_sha512;
    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\"," LISTED
                              "algorithm=\"hmac-sha512\""), BASE), SIGN_OK);
    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\"," LISTED
                              "algorithm=\"hs2019\""), BASE), SIGN_OK);
    EXPECT_CODE(try_base(AUTH(PARAMS), BASE), SIGN_ALGORITHM);
}


TEST(algorithms)
{
    size_t       i;
    char         text[1024];

    static const char  *const  refused[] = {
        "hmac-sha1", "rsa-sha1", "rsa-sha512", "dsa-sha1", "none", "",
        "HMAC-SHA256", "hmac-sha25", "rsa-pss-sha512"
    };

    static const char  *const  others[] = {
        "rsa-sha256", "hmac-sha384", "hmac-sha512", "ecdsa-sha256",
        "ecdsa-sha384", "ed25519", "ed25519-sha512"
    };

    try_defaults();

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        snprintf(text, sizeof(text),
                 AUTH("keyId=\"AK1\"," LISTED "algorithm=\"%s\""), refused[i]);
        EXPECT_CODE(try_base(text, BASE), SIGN_UNSUPPORTED);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(text, sizeof(text),
                 AUTH("keyId=\"AK1\"," LISTED "algorithm=\"%s\""), others[i]);
        EXPECT_CODE(try_base(text, BASE), SIGN_ALGORITHM);
    }

    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\"," LISTED "x=1"), BASE), SIGN_OK);
}


TEST(present)
{
    size_t  i;

    static const char  *const  absent[] = {
        GET "Authorization: Bearer keyId=\"x\"\n\n",
        GET "Authorization: Signature\n\n",
        GET "Authorization: Signature x=1\n\n",
        GET "Authorization: Signatures keyId=\"x\"\n\n",
        GET "Authorization: hmac keyId=\"x\"\n\n",
        GET "Authorization: hmac\n\n",
        GET "Signature: sig1=:AAAA:\n\n",
        GET "Signature-Input: sig1=()\nSignature: keyId=\"x\"\n\n",
        GET "X-Signature: keyId=\"x\"\n\n",
        GET "\n"
    };

    try_defaults();

    for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        EXPECT_CODE(parse_of(absent[i]), SIGN_MISSING);
    }
}


TEST(schemes_are_told_apart)
{
    try_defaults();
    policy.schemes = SIGN_CAVAGE | SIGN_RFC9421 | SIGN_SIGV4;

    EXPECT_CODE(try_base(HEADER(PARAMS), BASE), SIGN_OK);
    EXPECT_CODE(try_base(AUTH(PARAMS), BASE), SIGN_OK);
    EXPECT_CODE(parse_of(GET "Signature: sig1=:AAAA:\n\n"), SIGN_MALFORMED);

    /* two credentials */
    EXPECT_CODE(parse_of(GET "Authorization: Signature " PARAMS
                         "\nSignature-Input: s=()\nSignature: s=:AAAA:\n\n"),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET "Authorization: AWS4-HMAC-SHA256 x\nSignature: "
                         PARAMS "\n\n"), SIGN_AMBIGUOUS);

    policy.schemes = SIGN_RFC9421;
    EXPECT_CODE(parse_of(GET "Signature: " PARAMS "\n\n"), SIGN_MISSING);
}


TEST(two_signatures)
{
    size_t  i;

    static const char  *const  two[] = {
        GET "Signature: " PARAMS "\nSignature: " PARAMS "\n\n",
        GET "Signature: " PARAMS "\nSignature: x\n\n",
        GET "Signature: " PARAMS "\nAuthorization: Signature " PARAMS "\n\n",
        GET "Authorization: Signature " PARAMS "\nAuthorization: Basic x\n\n",
        GET "Authorization: Signature " PARAMS "\nProxy-Authorization: hmac "
            "username=\"AK1\"\n\n"
    };

    try_defaults();

    for (i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
        EXPECT_CODE(parse_of(two[i]), SIGN_AMBIGUOUS);
    }

    /* a token of another kind, for the application */
    EXPECT_CODE(try_base(GET "Authorization: Bearer x\nSignature: " PARAMS
                         ",signature=\"SIG\"\n", BASE), SIGN_OK);
}


TEST(parameters)
{
    size_t  i;

    static const struct {
        const char   *params;
        sign_code_e   code;
    } cases[] = {
        { "keyId=\"AK1\",signature=\"AAAA\",", SIGN_MALFORMED },
        { ",keyId=\"AK1\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",,signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\" signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AAAA", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature", SIGN_MALFORMED },
        { "keyId=\"AK1\",=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature =\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK\\1\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK\t1\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK\xff\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"\"", SIGN_MALFORMED },
        { "keyId=\"AK1\"", SIGN_MALFORMED },
        { "xkeyId=\"AK1\",signature=\"AAAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AAAA\",KEYID=\"AK2\"", SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AAAA\",Signature=\"\"", SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AAAA\",headers=\"host\",headers=\"date\"",
          SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AAAA\",algorithm=hs2019,algorithm=hs2019",
          SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AAAA\",created=1,created=2",
          SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AAAA\",created=\"1\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AAAA\",expires=\"1\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA*A\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AAA\"", SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"host  date\"",
          SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\" host\"",
          SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"host \"",
          SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"host,date\"",
          SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"host: date\"",
          SIGN_MALFORMED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"host Host\"",
          SIGN_AMBIGUOUS },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"(keyid) host\"",
          SIGN_UNSUPPORTED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"@method\"",
          SIGN_UNSUPPORTED },
        { "keyId=\"AK1\",signature=\"AA==\",headers=\"\"", SIGN_COVERAGE },
        { "keyId=\"AK1\",signature=AA==", SIGN_OK },
        { "keyId=\"AK1\",signature=AA==,unknown=\"(\",unknown=2", SIGN_OK }
    };

    try_defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  text[1024];

        snprintf(text, sizeof(text), GET "Signature: %s\n\n",
                 cases[i].params);
        EXPECT_CODE(parse_of(text), cases[i].code);
    }
}


TEST(bounds)
{
    char    text[32768], *p;
    size_t  i;

    try_defaults();

    memset(text, 0, sizeof(text));
    p = text + sprintf(text, GET "Signature: keyId=\"");
    memset(p, 'k', SIGN_MAX_KEY_ID + 1);
    strcat(p, "\",signature=\"AAAA\"\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    memset(text, 0, sizeof(text));
    p = text + sprintf(text, GET "Signature: keyId=\"k\",signature=\"");
    memset(p, 'A', 3 * 1024 + 4);
    strcat(p, "\"\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    memset(text, 0, sizeof(text));
    p = text + sprintf(text, GET "Signature: keyId=\"k\",x=\"");
    memset(p, 'A', SIGN_MAX_HEADER);
    strcat(p, "\"\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    p = text + sprintf(text, GET "Signature: keyId=\"k\",signature=\"AAAA\","
                             "headers=\"host");

    for (i = 0; i < SIGN_MAX_COMPONENTS; i++) {
        p += sprintf(p, " x%zu", i);
    }

    strcpy(p, "\"\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);
}


TEST(a_base_has_bounds)
{
    char           *text, *p;
    size_t          i;
    postern_str_t   long_value;
    unsigned char  *value;

    try_defaults();

    text = malloc(8192);
    p = text + sprintf(text, "GET / HTTP/1.1\nHost: a\nX-0: a\nX-1: a\n"
                             "X-2: a\nX-3: a\nX-4: a\nSignature: keyId=\"k\","
                             "signature=\"AAAA\",headers=\"host");

    for (i = 0; i < 5; i++) {
        p += sprintf(p, " x-%zu", i);
    }

    strcpy(p, "\"\n\n");

    EXPECT_CODE(parse_of(text), SIGN_OK);

    value = malloc(SIGN_MAX_HEADER);
    memset(value, 'a', SIGN_MAX_HEADER);
    long_value.data = value;
    long_value.len = SIGN_MAX_HEADER;

    for (i = 0; i < request.nfields; i++) {
        if (request_fields[i].name.data[0] == 'x') {
            request_fields[i].value = long_value;
        }
    }

    EXPECT_CODE(sign_base(&request, &request_memory, &message),
                SIGN_TOO_LARGE);

    free(value);
    free(text);
}


TEST(created_and_expires)
{
    size_t  i;

    static const struct {
        const char   *params;
        sign_code_e   code;
    } cases[] = {
        { "algorithm=\"hs2019\",created=12,headers=\"(created)\"", SIGN_OK },
        { "created=12", SIGN_OK },
        { "created=12,headers=\"(created)\"", SIGN_OK },
        { "created=12,expires=13.5,headers=\"(created) (expires)\"", SIGN_OK },
        { "algorithm=\"ed25519\",created=12,headers=\"(created)\"", SIGN_OK },
        { "created=12,headers=\"date\"", SIGN_OK },
        { "expires=13,headers=\"date\"", SIGN_COVERAGE },
        { "created=12,expires=13,headers=\"(created)\"", SIGN_COVERAGE },
        { "algorithm=\"hmac-sha256\",created=12,headers=\"(created)\"",
          SIGN_MALFORMED },
        { "algorithm=\"rsa-sha256\",created=12,headers=\"(created)\"",
          SIGN_MALFORMED },
        { "algorithm=\"ecdsa-sha256\",expires=12,headers=\"(expires) date\"",
          SIGN_MALFORMED },
        { "headers=\"(created)\"", SIGN_MALFORMED },
        { "headers=\"(expires) date\"", SIGN_MALFORMED },
        { "created=-1,headers=\"(created)\"", SIGN_MALFORMED },
        { "created=1x,headers=\"(created)\"", SIGN_MALFORMED },
        { "created=1.5,headers=\"(created)\"", SIGN_MALFORMED },
        { "created=1000000000000,headers=\"(created)\"", SIGN_MALFORMED },
        { "created=999999999999,headers=\"(created)\"", SIGN_OK },
        { "created=99999999999999999999,headers=\"(created)\"",
          SIGN_MALFORMED },
        { "expires=.5,headers=\"(expires) date\"", SIGN_MALFORMED },
        { "expires=1.5.5,headers=\"(expires) date\"", SIGN_MALFORMED },
        { "expires=1.,headers=\"(expires) date\"", SIGN_OK },
        { "expires=1e5,headers=\"(expires) date\"", SIGN_MALFORMED }
    };

    try_defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  text[1024];

        snprintf(text, sizeof(text), GET "Signature: keyId=\"AK1\","
                 "signature=\"AAAA\",%s\n\n", cases[i].params);
        EXPECT_CODE(parse_of(text), cases[i].code);
    }
}


TEST(created_counts_before_the_date)
{
    char  text[1024], base[256];

    try_defaults();

    snprintf(text, sizeof(text),
             HEADER("keyId=\"AK1\",created=%d,expires=%d,headers=\"(created) "
                    "(expires) (request-target) host date\""), CREATED + 5,
             CREATED + 60);
    snprintf(base, sizeof(base), "(created): %d\n(expires): %d\n" BASE,
             CREATED + 5, CREATED + 60);

    EXPECT_CODE(try_base(text, base), SIGN_OK);
    EXPECT_INT(message.created, CREATED + 5);
    EXPECT_INT(message.claim_ttl, 51);

    now = CREATED + 60;
    EXPECT_CODE(try_base(text, base), SIGN_EXPIRED);
    now = CREATED - 26;
    EXPECT_CODE(try_base(text, base), SIGN_FUTURE);
}


TEST(dates)
{
    size_t  i;

    static const struct {
        const char   *fields;
        const char   *headers;
        sign_code_e   code;
    } cases[] = {
        { "Date: " DATE "\n", "host date", SIGN_OK },
        { "X-Date: " DATE "\n", "host x-date", SIGN_OK },
        { "Date: yesterday\nX-Date: " DATE "\n", "host x-date", SIGN_OK },
        { "Date: 2021-04-20T02:07:53Z\n", "host date", SIGN_MALFORMED },
        { "Date: Tue, 20 Apr 2021 02:07:53 CET\n", "host date",
          SIGN_MALFORMED },
        { "Date: Tue, 31 Apr 2021 02:07:53 GMT\n", "host date",
          SIGN_MALFORMED },
        { "Date: 20210420T020753Z\n", "host date", SIGN_MALFORMED },
        { "Date: Tuesday, 20-Apr-21 02:07:53 GMT\n", "host date",
          SIGN_MALFORMED },
        { "Date: \n", "host date", SIGN_MALFORMED },
        { "X-Date: " DATE "\n", "host date", SIGN_COVERAGE },
        { "Date: " DATE "\n", "host x-date", SIGN_COVERAGE },
        { "Date: " DATE "\nDate: " DATE "\n", "host date", SIGN_AMBIGUOUS },
        { "X-Date: " DATE "\nX-Date: " DATE "\n", "host x-date",
          SIGN_AMBIGUOUS }
    };

    try_defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  text[1024];

        snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n%sSignature: "
                 "keyId=\"AK1\",signature=\"AAAA\",headers=\"%s\"\n\n",
                 cases[i].fields, cases[i].headers);
        EXPECT_CODE(parse_of(text), cases[i].code);
    }
}


/* Kong by default, and APISIX for years: a date that is not signed */

TEST(a_date_that_is_not_signed_is_none)
{
    try_defaults();

    EXPECT_CODE(try_base(AUTH("keyId=\"AK1\",headers=\"(request-target) "
                              "host\""),
                         "(request-target): get /a?b=c\nhost: app.example"),
                SIGN_COVERAGE);
    EXPECT(strstr(detail(), "time") != NULL);
}


TEST(targets)
{
    try_defaults();
    policy.cover = SIGN_COVER_METHOD | SIGN_COVER_TARGET;

    EXPECT_CODE(try_base("OPTIONS * HTTP/1.1\nHost: a\nDate: " DATE "\n"
                         "Signature: keyId=\"AK1\",headers=\"(request-target) "
                         "date\",signature=\"SIG\"\n",
                         "(request-target): options *\ndate: " DATE), SIGN_OK);
    EXPECT_CODE(try_base("GET http://a/b?c HTTP/1.1\nHost: a\nDate: " DATE "\n"
                         "Signature: keyId=\"AK1\",headers=\"(request-target) "
                         "date\",signature=\"SIG\"\n",
                         "(request-target): get /b?c\ndate: " DATE), SIGN_OK);
    EXPECT_CODE(try_base("GET http://a HTTP/1.1\nHost: a\nDate: " DATE "\n"
                         "Signature: keyId=\"AK1\",headers=\"(request-target) "
                         "date\",signature=\"SIG\"\n",
                         "(request-target): get /\ndate: " DATE), SIGN_OK);
    EXPECT_CODE(try_base("GET http://b/ HTTP/1.1\nHost: a\nDate: " DATE "\n"
                         "Signature: keyId=\"AK1\",headers=\"(request-target) "
                         "date\",signature=\"SIG\"\n", ""), SIGN_AMBIGUOUS);
    EXPECT_CODE(try_base("Get / HTTP/1.1\nHost: a\nDate: " DATE "\n"
                         "Signature: keyId=\"AK1\",headers=\"(request-target) "
                         "date\",signature=\"SIG\"\n", ""), SIGN_UNSUPPORTED);
}


UNIT_MAIN()
