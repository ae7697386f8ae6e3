/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/* EnOS, versions 1 and 2 and the call for a token: the vector of its documents
   and those made by other means from the same parts. */

#include "sign_steps.h"
#include "directory.h"
#include "sign_enos.h"
#include "sign_scheme.h"


#define AT       1572574909697LL
#define STAMP    "apim-timestamp: 1572574909697\n"
#define TOKEN    "apim-accesstoken: xxxxaaaxxxx\n"

/* support.enos-iot.com, "Invoking API with Access Token", Chinese edition */

#define BODY     "{\n  \"count\": 20,\n  \"page\": 1,\n  \"desc\": \"描述\"\n}"
#define DOC                                                                   \
    "59828328f6c1f9771015dc74e4929ae30f518a35a3d2353972c2ea46556fc981"

/* the same without a body, and with that of the English edition, which prints
   the signature of the Chinese one for it */

#define NO_BODY                                                               \
    "9c7e8810c67a4c1642b41acf89c6d8ebdb697d19ba45a6ee9f170dbbc8ad0e0a"
#define ENGLISH                                                               \
    "{\n  \"count\": 20,\n  \"page\": 1,\n  \"desc\": \"description\"\n}"
#define ENGLISH_RIGHT                                                         \
    "ad6dc6fc97f4290f3724e94eab38168d8613c41c3a4569b4b8b0efbce96a816c"

#define V2(query, signature)                                                  \
    "POST /m/v1/b" query " HTTP/1.1\n" TOKEN STAMP                            \
    "apim-signature: " signature "\n\n"
#define DOC_QUERY  "?k3=v3&k1=v1&k2=v2"

/* by openssl dgst -sha1 and -sha256 */

#define V1_GET   "BDF1D79D80117EED05A5791BF60D45087BFA4A12"
#define V1_POST  "6AA48EACF451E2B835504623C4AE313287C53C06"
#define V1(sign)                                                              \
    "GET /api?sign=" sign "&orgId=o1&accessKey=myAK&"                         \
    "requestTimestamp=1572574909697 HTTP/1.1\n\n"
#define CALL                                                                  \
    "2df2c12a5428844a93ba3f01ba70818cafab0f5fe4b3dcfd90b6b7ab766228e2"


static sign_key_t  *opened;


static void
enos(const char *id, const char *secret)
{
    defaults();

    policy.schemes = SIGN_ENOS;
    policy.insecure = SIGN_INSECURE_COVERAGE;
    key.id = text_of(id);
    key.schemes = SIGN_ENOS;
    now = AT / 1000 + 1;

    sign_key_destroy(opened);
    opened = sign_key_create(&key, text_of(secret));
}


/* what sign_parse() is followed by, in pieces of a few octets */

static sign_code_e
go_on(const char *body)
{
    size_t        n;
    sign_code_e   code;
    sign_sink_t  *sink;

    code = sign_check(&request, &policy, &key, organization, address, now,
                      &message);

    if (code != SIGN_OK) {
        return code;
    }

    if (message.body == SIGN_BODY_BEFORE) {
        sink = sign_sink(opened, &request_memory, &message);

        for ( /* void */ ; *body; body += n) {
            n = strlen(body) < 5 ? strlen(body) : 5;
            EXPECT_INT(sink->update(sink, (const unsigned char *) body, n,
                                    &message), SIGN_OK);
        }

        EXPECT_INT(sink->final(sink, &message), SIGN_OK);
    }

    EXPECT(sign_fits(opened, &message));

    code = sign_base(&request, &request_memory, &message);

    return code == SIGN_OK ? sign_verify(opened, &message) : code;
}


static sign_code_e
enos_try(const char *head, const char *body)
{
    sign_code_e  code;

    request_of(head);
    request.has_body = *body != '\0';

    code = sign_parse(&request, &policy, &request_memory, &message);

    return code == SIGN_OK ? go_on(body) : code;
}


static sign_code_e
call_try(const char *body, int *status)
{
    sign_code_e         code;
    sign_enos_status_e  found;

    request_of("POST / HTTP/1.1\n\n");

    code = sign_enos_call(copy_of(body, strlen(body), 0), &request_memory,
                          &message, &found);
    *status = found;

    return code == SIGN_OK ? go_on("") : code;
}


TEST(v2_of_the_documents)
{
    enos("app", "xxxappSecretxxx");

    EXPECT_INT(enos_try(V2(DOC_QUERY, DOC), BODY), SIGN_OK);
    EXPECT_STR(sign_enos_token(&message), "xxxxaaaxxxx");
    EXPECT_INT(message.key_id.len, 0);
    EXPECT_INT(message.created, AT / 1000);
    EXPECT_INT(message.claim_ttl, 900);
    EXPECT(message.once);
    EXPECT_STR(text_of(message.weak),
               "neither method, path nor host are covered, names and values "
               "run together");
    EXPECT_STR(text_of(sign_scheme_name(message.scheme)), "enos");

    EXPECT_INT(enos_try(V2(DOC_QUERY, NO_BODY), ""), SIGN_OK);
    EXPECT_INT(enos_try(V2(DOC_QUERY, NO_BODY), BODY), SIGN_INVALID);
    EXPECT_INT(enos_try(V2(DOC_QUERY, DOC), ""), SIGN_INVALID);
    EXPECT_INT(enos_try(V2("?k1=v1&k2=v2&k3=v3&&", DOC), BODY), SIGN_OK);
    EXPECT_INT(enos_try(V2("?%6b1=v%31&k2=v2&k3=v3", DOC), BODY), SIGN_OK);
    EXPECT_INT(enos_try(V2("", DOC), BODY), SIGN_INVALID);
}


TEST(the_vector_of_the_english_documents_is_wrong)
{
    enos("app", "xxxappSecretxxx");

    EXPECT_INT(enos_try(V2(DOC_QUERY, DOC), ENGLISH), SIGN_INVALID);
    EXPECT_INT(enos_try(V2(DOC_QUERY, ENGLISH_RIGHT), ENGLISH), SIGN_OK);
}


TEST(v1)
{
    enos("myAK", "mySK");

    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_OK);
    EXPECT_STR(message.key_id, "myAK");
    EXPECT_INT(message.created, AT / 1000);
    EXPECT_INT(sign_enos_token(&message).len, 0);
    EXPECT_STR(text_of(message.weak),
               "neither method, path nor host are covered, names and values "
               "run together, SHA-1");

    EXPECT_INT(enos_try(V1(V1_POST), "{\"a\":1}"), SIGN_OK);
    EXPECT_INT(enos_try(V1(V1_POST), "{\"a\":2}"), SIGN_INVALID);
    EXPECT_INT(enos_try(V1(V1_POST), ""), SIGN_INVALID);
    EXPECT_INT(enos_try("GET /api?sign=" V1_GET "&orgId=o2&accessKey=myAK&"
                        "requestTimestamp=1572574909697 HTTP/1.1\n\n", ""),
               SIGN_INVALID);
    EXPECT_INT(enos_try("GET /api?sign=" V1_GET "&orgId=o1&accessKey=myAK&"
                        "requestTimestamp=1572574909698 HTTP/1.1\n\n", ""),
               SIGN_INVALID);
}


TEST(what_is_left_open_is_open)
{
    enos("myAK", "mySK");

    /* names and values run together: "orgId=o1" is "orgIdo=1" */

    EXPECT_INT(enos_try("DELETE /other?orgIdo=1&accessKey=myAK&sign=" V1_GET
                        "&requestTimestamp=1572574909697 HTTP/1.1\n\n", ""),
               SIGN_OK);

    policy.insecure = 0;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_COVERAGE);

    policy.insecure = SIGN_INSECURE_COVERAGE;
    policy.nfields = 1;
    policy.fields = &key.id;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_COVERAGE);
}


TEST(the_window)
{
    enos("myAK", "mySK");

    now = AT / 1000 + 899;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_OK);
    now = AT / 1000 + 900;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_EXPIRED);
    now = AT / 1000 - 31;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_FUTURE);
}


TEST(bodies_of_several_parts_are_not_covered)
{
#define PARTS  "Content-Type: Multipart/form-data; boundary=x\n"

    static const char  head[] =
        "POST /m/v1/b" DOC_QUERY " HTTP/1.1\n" TOKEN STAMP PARTS
        "apim-signature: " NO_BODY "\n\n";

    enos("app", "xxxappSecretxxx");

    EXPECT_INT(enos_try(head, "--x"), SIGN_COVERAGE);
    EXPECT_INT(enos_try(head, ""), SIGN_OK);
    EXPECT_INT(message.body, SIGN_BODY_NONE);

    policy.insecure |= SIGN_INSECURE_BODY;
    EXPECT_INT(enos_try(head, "--x"), SIGN_OK);
    EXPECT_STR(text_of(message.weak),
               "neither method, path, host nor body are covered, names and "
               "values run together");
    EXPECT_INT(enos_try("POST /m/v1/b" DOC_QUERY " HTTP/1.1\n" TOKEN STAMP
                        PARTS "apim-signature: " DOC "\n\n", BODY),
               SIGN_INVALID);

    /* and only these */

    EXPECT_INT(enos_try("POST /m/v1/b" DOC_QUERY " HTTP/1.1\n" TOKEN STAMP
                        "Content-Type: multipart\napim-signature: " DOC "\n\n",
                        BODY), SIGN_OK);
    EXPECT_INT(enos_try("POST /m/v1/b" DOC_QUERY " HTTP/1.1\n" TOKEN STAMP
                        "Content-Type: multiparty/x\napim-signature: " DOC
                        "\n\n", BODY), SIGN_OK);
    EXPECT_INT(enos_try("POST /m/v1/b" DOC_QUERY " HTTP/1.1\n" TOKEN STAMP
                        PARTS PARTS "apim-signature: " NO_BODY "\n\n", "--x"),
               SIGN_AMBIGUOUS);

    enos("myAK", "mySK");
    policy.insecure |= SIGN_INSECURE_BODY;
    EXPECT_INT(enos_try("POST /api?sign=" V1_GET "&orgId=o1&accessKey=myAK&"
                        "requestTimestamp=1572574909697 HTTP/1.1\n" PARTS
                        "\n", "--x"), SIGN_OK);
    EXPECT_STR(text_of(message.weak),
               "neither method, path, host nor body are covered, names and "
               "values run together, SHA-1");
}


TEST(shapes_of_v2)
{
    enos("app", "xxxappSecretxxx");

    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN STAMP "\n", ""),
               SIGN_MISSING);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN "apim-signature: " DOC
                        "\n\n", ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" STAMP "apim-signature: " DOC
                        "\n\n", ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" STAMP "apim-accesstoken:\n"
                        "apim-signature: " DOC "\n\n", ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN TOKEN STAMP
                        "apim-signature: " DOC "\n\n", ""), SIGN_AMBIGUOUS);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN STAMP STAMP
                        "apim-signature: " DOC "\n\n", ""), SIGN_AMBIGUOUS);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN STAMP "apim-signature: " DOC
                        "\napim-signature: " DOC "\n\n", ""), SIGN_AMBIGUOUS);
    EXPECT_INT(enos_try(V2("", ""), ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try(V2("", "59"), ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try(V2("", DOC "00"), ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try(V2("", "xx828328f6c1f9771015dc74e4929ae30f518a35a3d235"
                           "3972c2ea46556fc981"), ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try(V2("", "59828328f6c1f9771015dc74e4929ae30f518a35a3d235"
                           "3972c2ea46556fc98x"), ""), SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN "apim-timestamp: 15725749096"
                        "97x\napim-signature: " DOC "\n\n", ""),
               SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN "apim-timestamp: 15725749096"
                        "97000\napim-signature: " DOC "\n\n", ""),
               SIGN_MALFORMED);
    EXPECT_INT(enos_try("GET / HTTP/1.1\n" TOKEN "apim-timestamp: 01572574909"
                        "697\napim-signature: " DOC "\n\n", ""),
               SIGN_MALFORMED);

    /* both versions in one request */

    EXPECT_INT(enos_try("GET /?accessKey=a&sign=b HTTP/1.1\n" TOKEN STAMP
                        "apim-signature: " DOC "\n\n", ""), SIGN_AMBIGUOUS);
}


TEST(shapes_of_v1)
{
    size_t  i;

    static const char  *const missing[] = {
        "GET /?accessKey=a HTTP/1.1\n\n", "GET /?sign=a HTTP/1.1\n\n",
        "GET /accessKey=a&sign=b HTTP/1.1\n\n",
        "GET /?AccessKey=a&Sign=b HTTP/1.1\n\n", "GET / HTTP/1.1\n\n",
        "GET /?accessKeyy=a&sign HTTP/1.1\n\n"
    };

    static const char  *const malformed[] = {
        "GET /?accessKey=&sign=" V1_GET "&requestTimestamp=1 HTTP/1.1\n\n",
        "GET /?accessKey=a&sign=" V1_GET " HTTP/1.1\n\n",
        "GET /?accessKey=a&sign=" V1_GET "&requestTimestamp= HTTP/1.1\n\n",
        "GET /?accessKey=a&sign=&requestTimestamp=1 HTTP/1.1\n\n",
        "GET /?accessKey=a&sign&requestTimestamp=1 HTTP/1.1\n\n",
        "GET /?accessKey=a&sign=" DOC "&requestTimestamp=1 HTTP/1.1\n\n"
    };

    enos("myAK", "mySK");

    for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        EXPECT_INT(enos_try(missing[i], ""), SIGN_MISSING);
    }

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        EXPECT_INT(enos_try(malformed[i], ""), SIGN_MALFORMED);
    }

    /* what is signed of several values is the first, and read perhaps the
       last */

    EXPECT_INT(enos_try("GET /api?sign=" V1_GET "&orgId=o1&orgId=o2&"
                        "accessKey=myAK&requestTimestamp=1572574909697 "
                        "HTTP/1.1\n\n", ""), SIGN_AMBIGUOUS);
    EXPECT_INT(enos_try("GET /api?sign=" V1_GET "&orgId=o1&org%49d=o2&"
                        "accessKey=myAK&requestTimestamp=1572574909697 "
                        "HTTP/1.1\n\n", ""), SIGN_AMBIGUOUS);
}


/* the text of a query as version 2 signs it */

static const char *
text_of_query(const char *target, char *out)
{
    sign_code_e        code;
    sign_enos_query_t  query;

    request_of("GET / HTTP/1.1\n\n");

    code = sign_enos_query(copy_of(target, strlen(target), 0), 2,
                           &request_memory, &query, &message);

    sprintf(out, "%.*s", code == SIGN_OK ? (int) query.text.len : 0,
            query.text.data);

    return code == SIGN_OK ? out : sign_code(code);
}


TEST(queries)
{
    size_t  i;
    char    out[256];

    static const char  *const pairs[][2] = {
        { "", "" },
        { "/a", "" },
        { "/a?a=%!1%:1", "a%!1%:1" },
        { "/a?", "" },
        { "/a?b=2&a=1", "a1b2" },
        { "/a?b=2&a=1&B=3", "B3a1b2" },
        { "/a?ab=1&a=2&abc=3", "a2ab1abc3" },
        { "/a?a=b=c&d", "ab=cd" },
        { "/a?a=1+2%2B3%20", "a1 2+3 " },
        { "/a?a=%&b=%4&c=%zz&d=%4z&e=%z4", "a%b%4c%zzd%4ze%z4" },
        { "/a?a=%C3%bC", "a\xc3\xbc" },
        { "/a?&&=&a=1", "a1" },
        { "/a?=x", "x" },
        { "/a?a=1&a=2", "sign/ambiguous" },
        { "/a?a&%61", "sign/ambiguous" },
        { "http://b/a?c=1", "c1" }
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        EXPECT_STR(text_of(text_of_query(pairs[i][0], out)), pairs[i][1]);
    }
}


TEST(bounds)
{
    size_t              i;
    char               *target;
    sign_enos_query_t   query;

    enos("app", "xxxappSecretxxx");

    target = malloc(SIGN_MAX_BASE + 64);
    strcpy(target, "/?");

    for (i = 0; i < SIGN_MAX_QUERY; i++) {
        sprintf(target + strlen(target), "%zx&", i);
    }

    request_of("GET / HTTP/1.1\n\n");
    EXPECT_INT(sign_enos_query(text_of(target), 2, &request_memory, &query,
                               &message), SIGN_OK);
    strcat(target, "z");
    EXPECT_INT(sign_enos_query(text_of(target), 2, &request_memory, &query,
                               &message), SIGN_TOO_LARGE);

    memset(target, 'a', SIGN_MAX_BASE + 3);
    memcpy(target, "/?", 2);
    target[SIGN_MAX_BASE + 3] = '\0';
    EXPECT_INT(sign_enos_query(text_of(target), 2, &request_memory, &query,
                               &message), SIGN_TOO_LARGE);
    target[SIGN_MAX_BASE + 2] = '\0';
    EXPECT_INT(sign_enos_query(text_of(target), 2, &request_memory, &query,
                               &message), SIGN_OK);

    memset(target, 0, 64);
    sprintf(target, "GET / HTTP/1.1\n" STAMP "apim-signature: " DOC
            "\napim-accesstoken: ");
    i = strlen(target);
    memset(target + i, 'a', SIGN_ENOS_TOKEN_MAX + 1);
    strcpy(target + i + SIGN_ENOS_TOKEN_MAX + 1, "\n\n");
    EXPECT_INT(enos_try(target, ""), SIGN_TOO_LARGE);

    strcpy(target, "GET /?sign=" V1_GET "&requestTimestamp=1&accessKey=");
    i = strlen(target);
    memset(target + i, 'a', SIGN_MAX_KEY_ID + 1);
    strcpy(target + i + SIGN_MAX_KEY_ID + 1, " HTTP/1.1\n\n");
    EXPECT_INT(enos_try(target, ""), SIGN_MALFORMED);

    free(target);
}


TEST(calls_for_a_token)
{
    int     status;
    size_t  i;

    static const struct {
        const char  *body;
        int          code;
        int          status;
    } calls[] = {
        { "", SIGN_MALFORMED, 1004 },
        { "[]", SIGN_MALFORMED, 1004 },
        { "{}", SIGN_MALFORMED, 1202 },
        { "{\"appKey\":\"\",\"encryption\":\"" CALL "\",\"timestamp\":1}",
          SIGN_MALFORMED, 1202 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"" CALL "\"}",
          SIGN_MALFORMED, 1202 },
        { "{\"appKey\":\"myAK\",\"encryption\":null,\"timestamp\":1}",
          SIGN_MALFORMED, 1202 },
        { "{\"appKey\":\"myAK\",\"encryption\":true,\"timestamp\":1}",
          SIGN_MALFORMED, 1004 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"1\",\"timestamp\":1}",
          SIGN_MALFORMED, 1004 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"" CALL "\",\"timestamp\":-1}",
          SIGN_MALFORMED, 1004 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"" CALL
          "\",\"timestamp\":1.5}", SIGN_MALFORMED, 1004 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"" CALL
          "\",\"timestamp\":1572574909697,\"x\":1}", SIGN_MALFORMED, 1004 },
        { "{\"appKey\":\"myAK\",\"encryption\":\"" CALL
          "\",\"timestamp\":1572574909698}", SIGN_INVALID, 0 },
        { "{\"appKey\":\"myAk\",\"encryption\":\"" CALL
          "\",\"timestamp\":1572574909697}", SIGN_INVALID, 0 },
    };

    static const char  number[] =
        "{\"appKey\":\"myAK\",\"encryption\":\"" CALL
        "\",\"timestamp\":1572574909697}";
    static const char  text[] =
        "{\"timestamp\":\"1572574909697\",\"appKey\":\"myAK\","
        "\"encryption\":\"" CALL "\"}";

    enos("myAK", "mySK");

    EXPECT_INT(call_try(number, &status), SIGN_OK);
    EXPECT_STR(message.key_id, "myAK");
    EXPECT_INT(message.created, AT / 1000);
    EXPECT_INT(sign_enos_token(&message).len, 0);
    EXPECT_INT(call_try(text, &status), SIGN_OK);

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        EXPECT_INT(call_try(calls[i].body, &status), calls[i].code);
        EXPECT_INT(status, calls[i].status);
    }
}


TEST(a_key_id_of_a_call_is_bounded)
{
    int   status;
    char  body[512];

    enos("myAK", "mySK");

    snprintf(body, sizeof(body), "{\"appKey\":\"%0129d\",\"encryption\":\""
             CALL "\",\"timestamp\":1}", 1);
    EXPECT_INT(call_try(body, &status), SIGN_MALFORMED);
    EXPECT_INT(status, 1004);
}


TEST(keys_of_other_schemes_have_no_secret_to_hash)
{
    enos("myAK", "mySK");

    key.schemes = 0;
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_KEY_SCHEME);

    /* nor where somebody hashed with none */

    enos("myAK", "mySK");
    key.schemes = SIGN_RFC9421;
    sign_key_destroy(opened);
    opened = sign_key_create(&key, text_of("mySK"));
    key.schemes = SIGN_ENOS;

    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_INVALID);
    EXPECT_INT(enos_try(V1("2d25f89326848d58511891ed842d2c648f7c93f4"), ""),
               SIGN_INVALID);
}


TEST(the_claim_is_of_the_signature)
{
    size_t         len;
    unsigned char  claim[SIGN_CLAIM_MAX];

    enos("myAK", "mySK");

    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_OK);
    len = message.claim_len;
    memcpy(claim, message.claim, len);

    /* however it is written */

    EXPECT_INT(enos_try("PUT /b?accessKey=myAK&requestTimestamp=1572574909697"
                        "&orgId=%6f1&sign=bdf1d79d80117eed05a5791bf60d45087bfa"
                        "4a12 HTTP/1.1\n\n", ""), SIGN_OK);
    EXPECT_INT(message.claim_len, len);
    EXPECT_MEM(message.claim, claim, len);
}


TEST(the_body_must_be_known)
{
    enos("myAK", "mySK");

    request_of(V1(V1_GET));
    EXPECT_INT(sign_parse(&request, &policy, &request_memory, &message),
               SIGN_OK);
    EXPECT_INT(sign_base(&request, &request_memory, &message), SIGN_DIGEST);
}


/* memory of which the n-th piece is not there */

static size_t  few_left;


static void *
few_alloc(void *data, size_t size)
{
    return few_left-- ? postern_arena_alloc(request_arena, size) : NULL;
}


static postern_alloc_t
few(size_t n)
{
    postern_alloc_t  alloc = { few_alloc, NULL };

    few_left = n;

    return alloc;
}


TEST(memory_runs_out)
{
    size_t               n, i;
    sign_code_e          code;
    postern_str_t        call;
    postern_alloc_t      memory;
    sign_enos_status_e   status;

    static const char  *const heads[] = { V2(DOC_QUERY, DOC), V1(V1_GET) };

    enos("app", "xxxappSecretxxx");

    for (i = 0; i < 2; i++) {

        for (n = 0, code = SIGN_NO_MEMORY; code == SIGN_NO_MEMORY; n++) {
            request_of(heads[i]);
            memory = few(n);
            code = sign_parse(&request, &policy, &memory, &message);
        }

        EXPECT_INT(code, SIGN_OK);
        EXPECT_INT(n, 5);
    }

    memory = few(0);
    EXPECT(sign_sink(opened, &memory, &message) == NULL);

    call = text_of("{\"appKey\":\"myAK\",\"encryption\":\"" CALL
                   "\",\"timestamp\":1572574909697}");

    for (n = 0; n < 5; n++) {
        request_of("POST / HTTP/1.1\n\n");
        memory = few(n);
        EXPECT_INT(sign_enos_call(call, &memory, &message, &status),
                   SIGN_NO_MEMORY);
        EXPECT_INT(status, SIGN_ENOS_INTERNAL);
    }

    memory = few(5);
    EXPECT_INT(sign_enos_call(call, &memory, &message, &status), SIGN_OK);
}


TEST(keys_are_found_by_their_id)
{
    postern_directory_t  *dir;
    postern_error_t       err;

    dir = parse("{'version':1,'organizations':{'acme':{'keys':{'myAK':{"
                "'roles':[],'algorithm':'hmac-sha256','schemes':['enos'],"
                "'secret':'plain:the secret of an app of EnOS'}},"
                "'permissions':{},'resources':{},'roles':{}}}}", &err);

    if (!EXPECT(dir != NULL)) {
        return;
    }

    enos("myAK", "mySK");
    EXPECT_INT(enos_try(V1(V1_GET), ""), SIGN_OK);
    EXPECT(sign_find(&request, &policy, dir, &message)
           == postern_directory_key(dir, text_of("myAK")));

    /* messages of other schemes have no token */

    message.scheme = SIGN_RFC9421;
    EXPECT(sign_enos_token(&message).data == NULL);

    /* with a token there is none before it was looked up */

    EXPECT_INT(enos_try(V2(DOC_QUERY, DOC), ""), SIGN_INVALID);
    EXPECT(sign_find(&request, &policy, dir, &message) == NULL);

    postern_directory_destroy(dir);
}


UNIT_MAIN()
