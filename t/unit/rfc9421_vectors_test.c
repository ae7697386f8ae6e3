/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

/*
 * RFC 9421: every published signature of a request or a response verifies by
 * its published key, through all steps, and not once a bit was changed.
 */


#include <sodium.h>

#include "rfc9421_vectors.h"
#include "scarce.h"
#include "sign_steps.h"
#include "sign_rfc9421.h"
#include "sign_verify.h"


static sign_field_t    answered_fields[SIGN_MAX_FIELDS];
static sign_request_t  answered;
static unsigned char   key_octets[1024];


static sign_key_t *
key_of(postern_alg_e alg, const char *text)
{
    size_t  len;

    EXPECT_INT(sodium_base642bin(key_octets, sizeof(key_octets), text,
                                 strlen(text), NULL, &len, NULL,
                                 sodium_base64_VARIANT_ORIGINAL), 0);

    key.algorithm = alg;
    key.public_key.data = key_octets;
    key.public_key.len = len;

    return sign_key_create(&key, text_of(NULL));
}


/* after base_of(): the base and each octet of the signature count */

static void
verifies(postern_alg_e alg, const char *text)
{
    size_t          i, step;
    sign_key_t     *ready;
    unsigned char   octets[1024];

    ready = key_of(alg, text);

    if (!EXPECT(ready != NULL)) {
        return;
    }

    EXPECT(sign_fits(ready, &message));
    EXPECT(sign_alg_fits(alg, &message));
    EXPECT_CODE(sign_verify(ready, &message), SIGN_OK);

    memcpy(octets, message.signature.data, message.signature.len);
    message.signature.data = octets;

    step = message.signature.len / 16;

    for (i = 0; i < message.signature.len; i += step) {
        octets[i] ^= 1 << (i % 8);
        EXPECT_INT(sign_verify(ready, &message), SIGN_INVALID);
        octets[i] ^= 1 << (i % 8);
    }

    ((unsigned char *) message.base.data)[3] ^= 1;
    EXPECT_INT(sign_verify(ready, &message), SIGN_INVALID);
    ((unsigned char *) message.base.data)[3] ^= 1;

    EXPECT_INT(sign_verify(ready, &message), SIGN_OK);
    sign_key_destroy(ready);
}


static void
published(const char *text, postern_alg_e alg, const char *public)
{
    defaults();
    EXPECT_CODE(base_of(text), SIGN_OK);
    verifies(alg, public);
}


static int
begins(postern_str_t s, const char *text)
{
    return s.len >= strlen(text) && memcmp(s.data, text, strlen(text)) == 0;
}


static int
holds(postern_str_t s, const char *text)
{
    postern_str_t  t;

    for (t = s; t.len; t.data++, t.len--) {
        if (begins(t, text)) {
            return 1;
        }
    }

    return 0;
}


/* the request becomes the one that is answered; a status line and fields */

static sign_code_e
response_of(const char *to, const char *text)
{
    const char  *end;

    memset(&answered, 0, sizeof(answered));

    if (to) {
        request_of(to);
        answered = request;
        memcpy(answered_fields, request_fields, sizeof(answered_fields));
        answered.fields = answered_fields;

    } else {
        request_of("GET / HTTP/1.1\n\n");
    }

    memset(&request, 0, sizeof(request));
    request.fields = request_fields;
    request.status = atoi(text + sizeof("HTTP/1.1"));
    request.answered = to ? &answered : NULL;

    text = strchr(text, '\n') + 1;

    while ((end = strchr(text, '\n')) != NULL && end > text) {
        request_field(text, end - text);
        text = end + 1;
    }

    return sign_parse(&request, &policy, &request_memory, &message);
}


static void
response_published(const char *to, const char *text)
{
    defaults();

    EXPECT_CODE(response_of(to, text), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    verifies(POSTERN_ALG_ECDSA_P256_SHA256, KEY_P256);
}


TEST(b_2_1_rsa_pss)
{
    published(B21, POSTERN_ALG_RSA_PSS_SHA512, KEY_RSA_PSS);
}


TEST(b_2_2_rsa_pss)
{
    published(B22, POSTERN_ALG_RSA_PSS_SHA512, KEY_RSA_PSS);
}


TEST(b_2_3_rsa_pss)
{
    published(B23, POSTERN_ALG_RSA_PSS_SHA512, KEY_RSA_PSS);
}


TEST(b_2_4_a_response)
{
    response_published(NULL, B24);
    EXPECT(begins(message.base, "\"@status\": 200\n"));
}


TEST(b_4_ed25519_over_two_lines_of_one_field)
{
    published(B4, POSTERN_ALG_ED25519, KEY_ED25519);
}


TEST(section_2_4_a_response_bound_to_its_request)
{
    response_published(R24_REQUEST, R24_RESPONSE);
    response_published(R24_SIGNED_REQUEST, R24_SIGNED_RESPONSE);
}


TEST(section_2_4_a_response_to_another_request)
{
    sign_key_t  *ready;

    defaults();

    EXPECT_CODE(response_of("POST /fop HTTP/1.1\nHost: example.com\n"
                            "Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGW"
                            "oRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLv"
                            "RwEmTHWXvJwew==:\n\n", R24_RESPONSE), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    ready = key_of(POSTERN_ALG_ECDSA_P256_SHA256, KEY_P256);
    EXPECT_INT(sign_verify(ready, &message), SIGN_INVALID);
    sign_key_destroy(ready);
}


TEST(section_2_4_the_request_itself)
{
    published(R24_SIGNED_REQUEST, POSTERN_ALG_RSA_PSS_SHA512, KEY_RSA_PSS);
}


TEST(section_4_3_the_client)
{
    published(R43_REQUEST, POSTERN_ALG_ECDSA_P256_SHA256, KEY_P256);
}


/* the authority is another one now, so the client's signature fails; the
   proxy's is good */

TEST(section_4_3_the_proxy_behind_the_client)
{
    sign_key_t  *ready;

    defaults();

    EXPECT_CODE(base_of(R43_FORWARDED), SIGN_OK);
    EXPECT_STR(message.label, "sig1");
    EXPECT(message.further);

    ready = key_of(POSTERN_ALG_ECDSA_P256_SHA256, KEY_P256);
    EXPECT_INT(sign_verify(ready, &message), SIGN_INVALID);
    sign_key_destroy(ready);

    EXPECT_CODE(sign_next(&request, &policy, &request_memory, &message),
                SIGN_OK);
    EXPECT_STR(message.label, "proxy_sig");
    EXPECT_STR(message.key_id, "test-key-rsa");
    EXPECT_INT(message.alg, POSTERN_ALG_RSA_V1_5_SHA256);
    EXPECT_INT(message.expires, 1618884540);
    EXPECT(!message.further);

    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    verifies(POSTERN_ALG_RSA_V1_5_SHA256, KEY_RSA);
}


/* what we would sign is what a verifier reads */

TEST(what_is_composed_is_what_is_read)
{
    sign_message_t  made;
    postern_str_t   member;

    static const char  text[] =
        "(\"@status\"  \"content-digest\" \"content-type\" \"@authority\";req"
        " \"@method\";req \"@path\";req \"content-digest\";req)"
        ";created=01618884479;keyid=\"test-key-ecc-p256\"";

    defaults();

    EXPECT_CODE(response_of(R24_REQUEST, R24_RESPONSE), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    member = text_of(text);
    EXPECT_INT(sign_rfc9421_compose(&request, member, &request_memory, &made),
               SIGN_OK);
    EXPECT(postern_str_eq(made.base, message.base));
    EXPECT(made.canonical.data[0] == '(');
    EXPECT(memcmp(made.base.data + made.base.len - made.canonical.len,
                  made.canonical.data, made.canonical.len) == 0);
    EXPECT(holds(made.canonical, ";created=1618884479;"));
}


TEST(without_memory_nothing_is_composed)
{
    int              refused;
    sign_code_e      code;
    sign_message_t   made;
    postern_alloc_t  memory;

    defaults();
    EXPECT_CODE(response_of("GET /A HTTP/1.1\nHost: A.example\n\n",
                            "HTTP/1.1 200 OK\nDate: x\n\n"), SIGN_MISSING);

    memory = scarce_allocator();
    refused = 0;

    while (scarce_next()) {
        code = sign_rfc9421_compose(&request, text_of(
            "(\"@status\" \"date\" \"@authority\";req \"@target-uri\";req);"
            "created=1;keyid=\"k\\\"\""), &memory, &made);

        if (scarce_failed()) {
            EXPECT_INT(code, SIGN_NO_MEMORY);
            refused++;

        } else {
            EXPECT_INT(code, SIGN_OK);
        }
    }

    EXPECT(refused > 5);
}


TEST(section_2_1_4_trailers)
{
    sign_field_t     trailers[2];
    sign_message_t   made;

    static const char  params[] = "(\"@status\" \"trailer\" "
                                  "\"expires\";tr)";
    static const char  base[] =
        "\"@status\": 200\n\"trailer\": Expires\n"
        "\"expires\";tr: Wed, 9 Nov 2022 07:28:00 GMT\n"
        "\"@signature-params\": (\"@status\" \"trailer\" \"expires\";tr)";

    defaults();

    EXPECT_CODE(response_of(NULL, "HTTP/1.1 200 OK\nContent-Type: text/plain\n"
                            "Transfer-Encoding: chunked\nTrailer: Expires\n"
                            "\n"), SIGN_MISSING);

    /* one that is not there */

    EXPECT_INT(sign_rfc9421_compose(&request, text_of(params), &request_memory,
                                    &made), SIGN_COVERAGE);

    trailers[0].name = text_of("expires");
    trailers[0].value = text_of("Wed, 9 Nov 2022 07:28:00 GMT");
    trailers[1].name = text_of("x");
    trailers[1].value = text_of("a");

    request.trailers = trailers;
    request.ntrailers = 2;

    EXPECT_INT(sign_rfc9421_compose(&request, text_of(params), &request_memory,
                                    &made), SIGN_OK);
    EXPECT_STR(made.base, base);

    /* nor is it a header field, or one of the request */

    EXPECT_INT(sign_rfc9421_compose(&request, text_of("(\"expires\")"),
                                    &request_memory, &made), SIGN_COVERAGE);
    EXPECT_INT(sign_rfc9421_compose(&request, text_of("(\"x\";tr;req)"),
                                    &request_memory, &made),
               SIGN_UNSUPPORTED);

    /* both may be covered, but neither of them twice */

    EXPECT_INT(sign_rfc9421_compose(&request,
                                    text_of("(\"trailer\" \"x\";tr;bs)"),
                                    &request_memory, &made), SIGN_OK);
    EXPECT(holds(made.base, "\"x\";tr;bs: :YQ==:\n"));

    trailers[1].name = text_of("trailer");

    EXPECT_INT(sign_rfc9421_compose(&request,
                                    text_of("(\"trailer\" \"trailer\";tr)"),
                                    &request_memory, &made), SIGN_OK);
    EXPECT(holds(made.base, "\"trailer\": Expires\n\"trailer\";tr: a\n"));
    EXPECT_INT(sign_rfc9421_compose(&request,
                                    text_of("(\"x\";tr \"x\";tr)"),
                                    &request_memory, &made), SIGN_AMBIGUOUS);
    EXPECT_INT(sign_rfc9421_compose(&request, text_of("(\"x\";tr;tr)"),
                                    &request_memory, &made), SIGN_AMBIGUOUS);
    EXPECT_INT(sign_rfc9421_compose(&request, text_of("(\"x\";tr=?0)"),
                                    &request_memory, &made),
               SIGN_UNSUPPORTED);
}


static sign_code_e
composed(const char *text)
{
    sign_message_t  made;

    return sign_rfc9421_compose(&request, text_of(text), &request_memory,
                                &made);
}


TEST(what_cannot_be_signed_is_not_composed)
{
    defaults();

    request_of("GET /a HTTP/1.1\nHost: a\n\n");
    EXPECT_INT(composed("(\"@method\" \"@path\");created=1"), SIGN_OK);
    EXPECT_INT(composed("(\"@status\");created=1"), SIGN_UNSUPPORTED);
    EXPECT_INT(composed("(\"@path\";req);created=1"), SIGN_UNSUPPORTED);
    EXPECT_INT(composed("(\"expires\";tr);created=1"), SIGN_UNSUPPORTED);
    EXPECT_INT(composed("(\"date\");created=1"), SIGN_COVERAGE);
    EXPECT_INT(composed("(\"@method\");created=1 x"), SIGN_MALFORMED);
    EXPECT_INT(composed("\"@method\""), SIGN_MALFORMED);
    EXPECT_INT(composed(""), SIGN_MALFORMED);

    request_of("GET /a#b HTTP/1.1\nHost: a\n\n");
    EXPECT_INT(composed("(\"@method\");created=1"), SIGN_MALFORMED);
}


static sign_code_e
response_with(const char *to, const char *components)
{
    char  text[512];

    snprintf(text, sizeof(text), "HTTP/1.1 204 No\nDate: x\nSignature-Input: "
             "s=(%s);created=1;keyid=\"k\"\nSignature: s=:AAEC:\n\n",
             components);

    return response_of(to, text);
}


/* sections 2.2.9, 2.4 and 2.1.4 */

TEST(a_response_has_a_status_and_fields_and_its_request_the_rest)
{
    static const char  get[] = "GET /a?b HTTP/1.1\nHost: a\nDate: y\n\n";

    defaults();

    EXPECT_CODE(response_with(get, "\"@status\" \"date\" \"date\";req "
                                   "\"@query\";req"), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT(begins(message.base, "\"@status\": 204\n\"date\": x\n"
                                "\"date\";req: y\n\"@query\";req: ?b\n"));

    EXPECT_CODE(response_with(get, "\"@method\""), SIGN_UNSUPPORTED);
    EXPECT_CODE(response_with(get, "\"@status\";req"), SIGN_UNSUPPORTED);
    EXPECT_CODE(response_with(get, "\"date\";tr"), SIGN_OK);
    EXPECT_CODE(response_with(get, "\"date\";tr;req"), SIGN_UNSUPPORTED);
    EXPECT_CODE(response_with(get, "\"date\";req;req"), SIGN_AMBIGUOUS);
    EXPECT_CODE(response_with(get, "\"date\";req \"date\";req"),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(response_with(get, "\"date\";req=?0"), SIGN_UNSUPPORTED);
    EXPECT_CODE(response_with(NULL, "\"@status\""), SIGN_OK);
    EXPECT_CODE(response_with(NULL, "\"date\";req"), SIGN_COVERAGE);
    EXPECT_CODE(response_with(NULL, "\"@path\";req"), SIGN_COVERAGE);
}


UNIT_MAIN()
