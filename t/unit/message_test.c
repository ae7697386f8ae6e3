/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * What all schemes have in common: which one it is, the key, freshness, the
 * claim, the codes.
 */


#include "sign_scheme.h"
#include "sign_steps.h"


#define SIGNED(input)                                                         \
    "GET / HTTP/1.1\nHost: a\nSignature-Input: sig=" input                    \
    "\nSignature: sig=:AAECAw==:\n\n"

#define PLAIN       SIGNED("(\"@method\");created=1618884473;keyid=\"k\"")

#define SIGV4                                                                 \
    "X-Amz-Date: 20150830T123600Z\n"                                          \
    "Authorization: AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/service" \
    "/aws4_request, SignedHeaders=host;x-amz-date, Signature="                \
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n"


static sign_code_e
fresh(int64_t created, int64_t expires, int64_t at)
{
    char  text[512], until[64];

    snprintf(until, sizeof(until), ";expires=%lld", (long long) expires);
    snprintf(text, sizeof(text),
             SIGNED("(\"@method\");created=%lld;keyid=\"k\"%s"),
             (long long) created, expires ? until : "");
    now = at;

    return check_of(text);
}


TEST(no_signature_is_missing)
{
    defaults();

    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n\n"), SIGN_MISSING);
    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n"
                         "Authorization: Basic YTpi\n\n"), SIGN_MISSING);
}


TEST(a_scheme_that_is_not_allowed_is_not_looked_at)
{
    defaults();

    policy.schemes = SIGN_SIGV4;
    EXPECT_CODE(parse_of(PLAIN), SIGN_MISSING);

    policy.schemes = SIGN_RFC9421;
    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n" SIGV4 "\n"),
                SIGN_MISSING);
    EXPECT_CODE(parse_of(PLAIN), SIGN_OK);
    EXPECT_INT(message.scheme, SIGN_RFC9421);

    policy.schemes = 0;
    EXPECT_CODE(parse_of(PLAIN), SIGN_MISSING);
}


TEST(a_message_of_a_scheme_that_is_not_allowed_is_refused)
{
    defaults();

    EXPECT_CODE(parse_of(PLAIN), SIGN_OK);
    policy.schemes = SIGN_SIGV4;
    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address, now,
                           &message), SIGN_UNSUPPORTED);
}


TEST(sigv4_is_found_too)
{
    defaults();

    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n" SIGV4 "\n"), SIGN_OK);
    EXPECT_INT(message.scheme, SIGN_SIGV4);
    EXPECT_STR(message.key_id, "AK");
}


/* MinIO, CVE-2026-40344: exactly one place of credentials */

TEST(credentials_of_two_schemes_are_ambiguous)
{
    defaults();

    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n" SIGV4
        "Signature-Input: sig=(\"@method\");created=1618884473;keyid=\"k\"\n"
        "Signature: sig=:AAAA:\n\n"), SIGN_AMBIGUOUS);

    /* also where one of them is broken */

    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\n" SIGV4
                         "Signature: x\n\n"), SIGN_AMBIGUOUS);
}


TEST(names_that_cgi_takes_for_one_are_ambiguous)
{
    static const struct {
        const char   *fields;
        sign_code_e   code;
    } cases[] = {
        { "X-Tenant: a\nX_Tenant: b", SIGN_AMBIGUOUS },
        { "X_Tenant: a\nX-Tenant: a", SIGN_AMBIGUOUS },
        { "X-A-B: a\nX: 1\nX-A_B: b", SIGN_AMBIGUOUS },
        { "X_A-B: a\nX-A_B: b", SIGN_AMBIGUOUS },
        { "Signature_Input: sig=()", SIGN_AMBIGUOUS },
        { "X_Tenant: a\nX_Tenant: b", SIGN_OK },
        { "X-Tenant: a\nX.Tenant: b", SIGN_AMBIGUOUS },
        { "X[Tenant: a\nX-Tenant: b", SIGN_AMBIGUOUS },
        { "Content.Length: 1", SIGN_AMBIGUOUS },
        { "X.Tenant: a\nX1Tenant: b\nX-Tenants: c", SIGN_OK },
        { "X_Tenant: a\nX-Tenan: b\nX-Tenants: c", SIGN_OK },
        { "_: a\nX_: b", SIGN_OK }
    };

    char    text[512];
    size_t  i;

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n%s\n"
                 "Signature-Input: sig=(\"@method\");created=1618884473;"
                 "keyid=\"k\"\nSignature: sig=:AAECAw==:\n\n",
                 cases[i].fields);

        EXPECT_CODE(parse_of(text), cases[i].code);
    }

    EXPECT_CODE(parse_of("GET / HTTP/1.1\nHost: a\nX_A: 1\nX-A: 2\n\n"),
                SIGN_MISSING);
}


TEST(names_with_odd_signs_are_bounded)
{
    int     n;
    char    text[1024];
    size_t  i, len;

    defaults();

    for (n = SIGN_MAX_ODD; n <= SIGN_MAX_ODD + 1; n++) {
        len = snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n");

        for (i = 0; i < (size_t) n; i++) {
            len += snprintf(text + len, sizeof(text) - len, "x_y: 1\n");
        }

        snprintf(text + len, sizeof(text) - len,
                 "Signature-Input: sig=(\"@method\");created=1618884473;"
                 "keyid=\"k\"\nSignature: sig=:AAECAw==:\n\n");

        EXPECT_CODE(parse_of(text), n > SIGN_MAX_ODD ? SIGN_TOO_LARGE
                                                     : SIGN_OK);
    }
}


TEST(fields_are_bounded)
{
    size_t  i;

    defaults();
    request_of(PLAIN);

    for (i = request.nfields; i <= SIGN_MAX_FIELDS; i++) {
        request_fields[i].name = text_of("x");
        request_fields[i].value = text_of("y");
    }

    request.nfields = SIGN_MAX_FIELDS;
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);

    request.nfields = SIGN_MAX_FIELDS + 1;
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_TOO_LARGE);
}


TEST(revoked_or_unknown_keys_are_refused_before_anything_else)
{
    static const char  covers_nothing[] =
        SIGNED("();created=1618884473;keyid=\"k\"");

    defaults();

    EXPECT_CODE(parse_of(covers_nothing), SIGN_OK);
    EXPECT_CODE(sign_check(&request, &policy, NULL, organization, address, now,
                           &message), SIGN_UNKNOWN_KEY);

    key.status = POSTERN_STATUS_DISABLED;
    EXPECT_CODE(check_of(covers_nothing), SIGN_KEY_DISABLED);

    key.status = POSTERN_STATUS_ACTIVE;
    key.user = &alice;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);

    alice.status = POSTERN_STATUS_DISABLED;
    EXPECT_CODE(check_of(covers_nothing), SIGN_KEY_DISABLED);
}


TEST(keys_have_a_time)
{
    defaults();

    key.not_before = now;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);
    key.not_before = now + 1;
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_EXPIRED);

    key.not_before = POSTERN_TIME_MIN;
    key.not_after = now + 1;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);
    key.not_after = now;
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_EXPIRED);
}


TEST(keys_have_networks)
{
    unsigned char  inside[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
                                  10, 1, 2, 3 };
    unsigned char  outside[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
                                   11, 1, 2, 3 };

    static const postern_network_t  ten = {
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0 }, 104
    };

    defaults();
    key.networks = &ten;
    key.nnetworks = 1;

    address = inside;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);

    address = outside;
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_NETWORK);

    address = NULL;
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_NETWORK);

    key.nnetworks = 0;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);
}


TEST(keys_have_an_organization)
{
    defaults();

    organization = text_of("acme");
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);

    organization = text_of("acme2");
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_ORG);

    /* a variable that came out empty is no permission */

    organization = text_of("");
    EXPECT_CODE(check_of(PLAIN), SIGN_KEY_ORG);
}


TEST(sigv4_wants_an_hmac_key)
{
    defaults();
    key.algorithm = POSTERN_ALG_ED25519;
    now = 1440938160;

    EXPECT_CODE(check_of("GET / HTTP/1.1\nHost: a\n" SIGV4 "\n"),
                SIGN_ALGORITHM);
}


TEST(a_signature_lives_as_long_as_the_window)
{
    defaults();

    EXPECT_CODE(fresh(1000, 0, 1000), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 901);
    EXPECT_CODE(fresh(1000, 0, 1899), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 2);
    EXPECT_CODE(fresh(1000, 0, 1900), SIGN_EXPIRED);
    EXPECT_CODE(fresh(1000, 0, 100000), SIGN_EXPIRED);
}


TEST(expires_shortens_and_never_lengthens)
{
    defaults();

    EXPECT_CODE(fresh(1000, 1060, 1059), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 2);
    EXPECT_CODE(fresh(1000, 1060, 1060), SIGN_EXPIRED);
    EXPECT_CODE(fresh(1000, 5000, 1000), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 901);
    EXPECT_CODE(fresh(1000, 5000, 1900), SIGN_EXPIRED);

    EXPECT_CODE(fresh(1000, 1000, 1000), SIGN_MALFORMED);
    EXPECT_CODE(fresh(1000, 999, 990), SIGN_MALFORMED);
}


TEST(the_future_is_no_further_than_the_skew)
{
    defaults();

    EXPECT_CODE(fresh(1030, 0, 1000), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 931);
    EXPECT_CODE(fresh(1031, 0, 1000), SIGN_FUTURE);
    EXPECT_CODE(fresh(999999999999999, 0, 1000), SIGN_FUTURE);

    policy.skew = 0;
    EXPECT_CODE(fresh(1001, 0, 1000), SIGN_FUTURE);
    EXPECT_CODE(fresh(1000, 0, 1000), SIGN_OK);
}


/* awsteele.com on AWS Identity Center: a claim forgotten before the signature
   is, is a replay */

TEST(the_claim_is_kept_until_the_signature_is_void)
{
    int64_t  at;

    defaults();

    for (at = 970; at < 1100; at++) {

        if (fresh(1000, 1060, at) != SIGN_OK) {
            EXPECT(at >= 1060);
            continue;
        }

        EXPECT(at + message.claim_ttl > 1060);
        EXPECT(message.claim_ttl >= 1);
    }
}


static size_t
claim(const char *text, unsigned char out[SIGN_CLAIM_MAX])
{
    EXPECT_CODE(base_of(text), SIGN_OK);
    sign_claim(&message);
    memcpy(out, message.claim, message.claim_len);

    return message.claim_len;
}


static int
same_claim(const char *a, const char *b)
{
    size_t         n;
    unsigned char  x[SIGN_CLAIM_MAX], y[SIGN_CLAIM_MAX];

    defaults();
    n = claim(a, x);

    return n == claim(b, y) && memcmp(x, y, n) == 0;
}


TEST(a_nonce_is_what_may_be_used_once)
{
    EXPECT(same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"n\""),
        SIGNED("(\"@path\");created=2;keyid=\"k\";nonce=\"n\"")));
    EXPECT(!same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"n\""),
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"m\"")));
    EXPECT(!same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"n\""),
        SIGNED("(\"@method\");created=1;keyid=\"l\";nonce=\"n\"")));
}


TEST(without_a_nonce_it_is_the_base)
{
    EXPECT(same_claim(PLAIN, PLAIN));
    EXPECT(!same_claim(PLAIN,
        SIGNED("(\"@method\");created=1618884474;keyid=\"k\"")));
    EXPECT(!same_claim(PLAIN,
        SIGNED("(\"@path\");created=1618884473;keyid=\"k\"")));
}


/* the claim of one signature cannot be changed by who only saw it: not by its
   label, not by the octets of an ECDSA signature, not by how it is spelt */

TEST(a_replay_cannot_be_dressed_up)
{
    static const char  *dressed[] = {

        "GET / HTTP/1.1\nHost: a\nSignature: x=:AAECAw==:\n"
        "Signature-Input: x=(\"@method\");created=1618884473;keyid=\"k\"\n\n",

        "GET / HTTP/1.1\nHost: a\nSignature: sig=://///w==:\n"
        "Signature-Input: sig=(\"@method\");created=1618884473;keyid=\"k\"\n\n",

        "GET / HTTP/1.1\nHost: a\nSignature: sig=:AAECAw==:\nX: y\n"
        "Signature-Input: sig=(  \"@method\" ); created=01618884473;"
        " keyid=\"k\", other=()\n\n"
    };

    EXPECT(same_claim(PLAIN, dressed[0]));
    EXPECT(same_claim(PLAIN, dressed[1]));
    EXPECT(same_claim(PLAIN, dressed[2]));
}


TEST(parts_of_a_claim_cannot_be_shifted)
{
    EXPECT(!same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"ab\";nonce=\"c\""),
        SIGNED("(\"@method\");created=1;keyid=\"a\";nonce=\"bc\"")));
}


#define N16   "0123456789abcdef"
#define N64   N16 N16 N16 N16
#define N124  N64 N16 N16 N16 "0123456789ab"      /* with "k": all there is */

TEST(the_claim_is_the_same_on_every_node_and_release)
{
    unsigned char  got[SIGN_CLAIM_MAX];

    /* SHA-256 of the lengths 1 and 125 as four bytes each, "k" and the nonce;
       the same of the base */

    static const unsigned char  long_nonce[] = "\1l"
        "\x5a\x5e\x58\x91\x79\x20\xbb\x05\x25\xcf\x29\xbb\xa0\xd8\x82\x1d"
        "\x83\xd8\xd5\x73\xd0\x78\x5b\xbf\x46\xc4\xa2\x1f\xf6\x4e\x35\xda";
    static const unsigned char  base[] = "\1b"
        "\xf6\x9f\xa7\x32\x5a\xe7\xa8\x35\x73\x82\x55\xf4\x30\x61\x22\x6f"
        "\x47\x07\x69\xd5\x39\x35\xa4\x5e\x7a\x55\xd8\xed\x66\xb0\x6e\xa7";

    defaults();
    EXPECT_INT(claim(SIGNED("(\"@method\");created=1;keyid=\"k\";"
                            "nonce=\"n\""), got), 5);
    EXPECT_MEM(got, "\1n\1kn", 5);

    EXPECT_INT(claim(SIGNED("(\"@method\");created=1;keyid=\"k\";"
                            "nonce=\"" N124 "\""), got), SIGN_CLAIM_MAX);
    EXPECT_MEM(got, "\1n\1k" N124, SIGN_CLAIM_MAX);

    EXPECT_INT(claim(SIGNED("(\"@method\");created=1;keyid=\"k\";"
                            "nonce=\"" N124 "c\""), got), 34);
    EXPECT_MEM(got, long_nonce, 34);

    EXPECT_INT(claim(SIGNED("(\"@method\");created=1;keyid=\"k\""), got),
               34);
    EXPECT_MEM(got, base, 34);
}


TEST(long_nonces_are_told_apart)
{
    EXPECT(!same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"" N124 "c\""),
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"" N124 "d\"")));
    EXPECT(!same_claim(
        SIGNED("(\"@method\");created=1;keyid=\"kc\";nonce=\"" N124 "\""),
        SIGNED("(\"@method\");created=1;keyid=\"k\";nonce=\"c" N124 "\"")));
}


TEST(codes_and_schemes_have_names)
{
    int  code;

    EXPECT_STR(text_of(sign_code(SIGN_EXPIRED)), "sign/expired");
    EXPECT_STR(text_of(sign_code(SIGN_MISSING)), "sign/missing");
    EXPECT_STR(text_of(sign_code(SIGN_KEY_UNUSABLE)), "sign/key-unusable");
    EXPECT_STR(text_of(sign_code(SIGN_DIGEST)), "sign/digest");
    EXPECT_STR(text_of(sign_code(SIGN_NO_MEMORY)), "sign/internal");
    EXPECT_STR(text_of(sign_code((sign_code_e) 1000)), "sign/internal");

    for (code = SIGN_OK; code <= SIGN_NO_MEMORY; code++) {
        EXPECT(strncmp(sign_code(code), "sign/", 5) == 0);
    }

    EXPECT_STR(text_of(sign_scheme_name(SIGN_RFC9421)), "rfc9421");
    EXPECT_STR(text_of(sign_scheme_name(SIGN_SIGV4)), "sigv4");
    EXPECT_STR(text_of(sign_scheme_name(0)), "");
}


static size_t  left;


static void *
scarce(void *data, size_t size)
{
    if (left == 0) {
        return NULL;
    }

    left--;

    return postern_arena_alloc(data, size);
}


TEST(no_memory_lets_nobody_in)
{
    size_t           pieces;
    sign_code_e      code;
    postern_alloc_t  poor;

    defaults();

    for (pieces = 0; /* void */ ; pieces++) {

        request_of("GET /?a=%20 HTTP/1.1\nHost: A\nX: 1\nX: 2\nPriority: u\n"
            "Signature-Input: sig=(\"@target-uri\" \"@query-param\";name=\"a\""
            " \"x\" \"priority\";sf \"priority\";key=\"u\" \"x\";bs)"
            ";created=1618884473;keyid=\"\\\"\"\nSignature: sig=:AAAA:\n\n");

        poor.alloc = scarce;
        poor.data = request_arena;
        left = pieces;

        code = sign_parse(&request, &policy, &poor, &message);

        if (code == SIGN_OK) {
            code = sign_base(&request, &poor, &message);
        }

        if (code == SIGN_OK) {
            break;
        }

        if (!EXPECT_INT(code, SIGN_NO_MEMORY)) {
            printf("# %zu: %s\n", pieces, detail());
        }
    }

    EXPECT(pieces > 8);
}


TEST(what_a_key_is_asked_for_by)
{
    char                long_[POSTERN_NAME_MAX + 1];
    postern_key_t       key = { .id = postern_string("k") };
    sign_apart_t        apart = { &key, 1 };
    postern_key_name_t  names[SIGN_MAX_NAMES];

    memset(long_, 'a', sizeof(long_));

    defaults();

    message.scheme = SIGN_RFC9421;
    message.key_id = text_of("k");
    EXPECT_INT(sign_names(&request, &policy, NULL, NULL, &message, names), 1);
    EXPECT_INT(names[0].by, POSTERN_BY_ID);
    EXPECT_STR(((postern_str_t) { names[0].len, names[0].text }), "k");

    /* what the directory has is not asked for */

    EXPECT_INT(sign_names(&request, &policy, NULL, &key, &message, names), 0);

    /* nor what is no id */

    message.key_id.len = 0;
    EXPECT_INT(sign_names(&request, &policy, NULL, NULL, &message, names), 0);
    message.key_id.data = (unsigned char *) long_;
    message.key_id.len = sizeof(long_);
    EXPECT_INT(sign_names(&request, &policy, NULL, NULL, &message, names), 0);
    message.key_id.len--;
    EXPECT_INT(sign_names(&request, &policy, NULL, NULL, &message, names), 1);

    EXPECT(sign_choose(&request, &policy, NULL, &apart, 1, &message) == &key);
    EXPECT(sign_choose(&request, &policy, NULL, &apart, 0, &message) == NULL);

    message.scheme = 0;
    EXPECT_INT(sign_names(&request, &policy, NULL, NULL, &message, names), 0);
    EXPECT(sign_choose(&request, &policy, NULL, &apart, 1, &message) == NULL);
}


TEST(a_message_of_no_scheme_has_nothing_of_one)
{
    defaults();
    EXPECT_CODE(parse_of(PLAIN), SIGN_OK);

    message.scheme = 0;
    EXPECT(sign_find(&request, &policy, NULL, &message) == NULL);
    EXPECT(sign_scheme_challenge(0) == NULL);
    EXPECT(sign_sink(NULL, &request_memory, &message) != NULL);
    EXPECT_INT(sign_verify(NULL, &message), SIGN_INVALID);
}


TEST(what_has_no_base_does_not_verify)
{
    int  any;

    defaults();
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);
    EXPECT(message.base.data == NULL);

    /* the key is not looked at */
    EXPECT_INT(sign_verify((sign_key_t *) &any, &message), SIGN_INVALID);
}


TEST(beside_sshsig_a_plain_signature_is_what_it_was)
{
    defaults();

    policy.schemes = SIGN_RFC9421|SIGN_SSHSIG;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);
    EXPECT_INT(message.scheme, SIGN_RFC9421);
}


TEST(a_nonce_that_is_demanded_must_be_there)
{
    defaults();

    policy.nonces = SIGN_SIGV4;
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);

    policy.nonces = SIGN_RFC9421;
    EXPECT_CODE(check_of(PLAIN), SIGN_COVERAGE);
    EXPECT(strcmp(detail(), "there is no nonce") == 0);

    EXPECT_CODE(check_of(SIGNED("(\"@method\");created=1618884473;nonce=\"n\""
                                ";keyid=\"k\"")), SIGN_OK);
}


/* SHA-256 of "body" (FIPS 180-4) */

static const unsigned char  body_hash[32] = {
    0x23, 0x0d, 0x83, 0x58, 0xdc, 0x8e, 0x88, 0x90,
    0xb4, 0xc5, 0x8d, 0xee, 0xb6, 0x29, 0x12, 0xee,
    0x2f, 0x20, 0x35, 0x7a, 0xe9, 0x2a, 0x5c, 0xc8,
    0x61, 0xb9, 0x8e, 0x68, 0xfe, 0x31, 0xac, 0xb5
};


TEST(a_body_is_hashed_before_or_compared_after)
{
    sign_sink_t      *sink;
    postern_alloc_t   poor;

    defaults();
    EXPECT_CODE(check_of(PLAIN), SIGN_OK);

    message.digest = SIGN_DIGEST_SHA256;
    memcpy(message.digest_value, body_hash, sizeof(body_hash));

    sink = sign_sink(NULL, &request_memory, &message);
    EXPECT_INT(sink->update(sink, (unsigned char *) "bo", 2, &message),
               SIGN_OK);
    EXPECT_INT(sink->update(sink, (unsigned char *) "dy", 2, &message),
               SIGN_OK);
    EXPECT_CODE(sink->final(sink, &message), SIGN_OK);
    EXPECT(!message.has_body_hash);

    sink = sign_sink(NULL, &request_memory, &message);
    EXPECT_CODE(sink->final(sink, &message), SIGN_DIGEST);

    message.body = SIGN_BODY_BEFORE;

    sink = sign_sink(NULL, &request_memory, &message);
    EXPECT_INT(sink->update(sink, (unsigned char *) "body", 4, &message),
               SIGN_OK);
    EXPECT_CODE(sink->final(sink, &message), SIGN_OK);
    EXPECT(message.has_body_hash);
    EXPECT(memcmp(message.body_hash, body_hash, sizeof(body_hash)) == 0);

    poor.alloc = scarce;
    poor.data = request_arena;

    left = 0;
    EXPECT(sign_sink(NULL, &poor, &message) == NULL);
    left = 1;
    EXPECT(sign_sink(NULL, &poor, &message) == NULL);
}


/* as internal redirects do; what became of the body stays so */

TEST(a_message_is_judged_again)
{
    defaults();
    EXPECT_CODE(check_of("POST / HTTP/1.1\n"
                         "Host: localhost\n"
                         "Content-Length: 4\n"
                         "Content-Digest: sha-256=:Iw2DWNyOiJC0xY3utikS7i8gNXrp"
                         "KlzIYbmOaP41xrU=:\n"
                         "Signature-Input: sig1=(\"@method\" "
                         "\"content-digest\");created=1618884473"
                         ";keyid=\"k\"\n"
                         "Signature: sig1=:AAAA:\n\n"), SIGN_OK);
    EXPECT_INT(message.body, SIGN_BODY_AFTER);

    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address, now,
                           &message), SIGN_OK);
    EXPECT_INT(message.body, SIGN_BODY_AFTER);
}


TEST(a_key_is_found_in_the_directory)
{
    postern_str_t         json;
    postern_directory_t  *dir;
    postern_error_t  err;

    json = text_of("{\"version\":1,\"organizations\":{\"acme\":{\"roles\":"
                   "{\"r\":{}},\"keys\":{\"k\":{\"roles\":[\"r\"],"
                   "\"algorithm\":\"hmac-sha256\","
                   "\"secret\":\"plain:a secret of sixteen\"}}}}}");

    dir = postern_directory_parse(json, &err);

    if (!EXPECT(dir != NULL)) {
        printf("# %s: %s\n", err.path, err.text);
        return;
    }

    defaults();
    EXPECT_CODE(parse_of(PLAIN), SIGN_OK);
    EXPECT(sign_find(&request, &policy, dir, &message) != NULL);

    EXPECT_CODE(parse_of(SIGNED("(\"@method\");created=1618884473"
                                ";keyid=\"other\"")), SIGN_OK);
    EXPECT(sign_find(&request, &policy, dir, &message) == NULL);

    postern_directory_destroy(dir);
}


TEST(a_detail_is_cut_and_ends)
{
    char  text[SIGN_MAX_KEY_ID + 512], id[SIGN_MAX_KEY_ID + 1];

    defaults();
    memset(id, 'k', SIGN_MAX_KEY_ID);
    id[SIGN_MAX_KEY_ID] = '\0';
    snprintf(text, sizeof(text),
             SIGNED("(\"@method\");created=1618884473;keyid=\"%s\""), id);

    EXPECT_CODE(parse_of(text), SIGN_OK);
    EXPECT_CODE(sign_check(&request, &policy, NULL, organization, address, now,
                           &message), SIGN_UNKNOWN_KEY);
    EXPECT_INT(strlen(detail()), sizeof("no key \"\"") - 1 + 64);
}


UNIT_MAIN()
