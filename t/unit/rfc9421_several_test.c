/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * RFC 9421: several signatures in one message, and which of them count.  Web
 * Bot Auth, whose tag brings rules of its own.
 */


#include "sign_steps.h"


#define GET  "GET /a HTTP/1.1\nHost: a.example\n"

#define THUMB  "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"


static postern_str_t  tags[SIGN_MAX_TAGS];


static void
tagged(const char *first, const char *second)
{
    defaults();

    tags[0] = text_of(first);
    tags[1] = text_of(second);
    policy.tags = tags;
    policy.ntags = second ? 2 : 1;
}


static sign_code_e
next(void)
{
    return sign_next(&request, &policy, &request_memory, &message);
}


TEST(a_signature_in_front_does_not_hide_the_next)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: proxy=(\"@method\");created=1;keyid=\"p\","
        " sig1=(\"@path\");created=2;keyid=\"k\";nonce=\"n\"\n"
        "Signature: sig1=:AAECAw==:, proxy=:AAEC:\n\n"), SIGN_OK);
    EXPECT_STR(message.label, "proxy");
    EXPECT_STR(message.key_id, "p");
    EXPECT_INT(message.signature.len, 3);
    EXPECT_INT(message.nth, 0);
    EXPECT(message.further);

    EXPECT_CODE(next(), SIGN_OK);
    EXPECT_STR(message.label, "sig1");
    EXPECT_STR(message.key_id, "k");
    EXPECT_STR(message.nonce, "n");
    EXPECT_INT(message.created, 2);
    EXPECT_INT(message.signature.len, 4);
    EXPECT_INT(message.nth, 1);
    EXPECT(!message.further);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_STR(message.base, "\"@path\": /a\n\"@signature-params\": "
                             "(\"@path\");created=2;keyid=\"k\";nonce=\"n\"");

    EXPECT_CODE(next(), SIGN_MISSING);
}


TEST(no_more_than_two_are_tried)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\", b=();created=1;"
        "keyid=\"2\", c=();created=1;keyid=\"3\"\n"
        "Signature: a=:AAEC:, b=:AAEC:, c=:AAEC:\n\n"), SIGN_OK);
    EXPECT_STR(message.key_id, "1");
    EXPECT_CODE(next(), SIGN_OK);
    EXPECT_STR(message.key_id, "2");
    EXPECT(!message.further);
    EXPECT_CODE(next(), SIGN_MISSING);
}


TEST(what_counts_not_is_not_the_next)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\", b=();created=1\n"
        "Signature: a=:AAEC:, b=:AAEC:\n\n"), SIGN_OK);
    EXPECT(message.further);
    EXPECT_CODE(next(), SIGN_MISSING);

    /* one alone has no next one */

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\"\n"
        "Signature: a=:AAEC:\n\n"), SIGN_OK);
    EXPECT(!message.further);
    EXPECT_CODE(next(), SIGN_MISSING);

    memset(&message, 0, sizeof(message));
    message.further = 1;
    EXPECT_CODE(next(), SIGN_MISSING);
}


/* an intermediary may sign with what we do not know */

TEST(what_is_wrong_with_one_is_not_wrong_with_the_next)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@new\");created=1;keyid=\"1\","
        " b=();created=1;keyid=\"2\"\n"
        "Signature: a=:AAEC:, b=:AAEC:\n\n"), SIGN_UNSUPPORTED);
    EXPECT(message.further);
    EXPECT_CODE(next(), SIGN_OK);
    EXPECT_STR(message.key_id, "2");

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\","
        " b=(\"@new\");created=1;keyid=\"2\"\n"
        "Signature: a=:AAEC:, b=:AAEC:\n\n"), SIGN_OK);
    EXPECT_CODE(next(), SIGN_UNSUPPORTED);

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\","
        " b=();created=1;keyid=\"2\"\n"
        "Signature: b=:AAEC:\n\n"), SIGN_MALFORMED);
    EXPECT(message.further);
    EXPECT_CODE(next(), SIGN_OK);

    /* but what is no dictionary is none for anybody */

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=();created=1;keyid=\"1\", b=(;keyid=\"2\"\n"
        "Signature: a=:AAEC:, b=:AAEC:\n\n"), SIGN_MALFORMED);
    EXPECT(!message.further);
}


#define THREE                                                                 \
    GET "Signature-Input: a=();created=1;keyid=\"1\";tag=\"other\","          \
    " b=();created=1;keyid=\"2\", c=();created=1;keyid=\"3\";tag=\"app\"\n"   \
    "Signature: a=:AAEC:, b=:AAEC:, c=:AAEC:\n\n"

TEST(only_tags_of_the_policy_count)
{
    tagged("app", NULL);
    EXPECT_CODE(parse_of(THREE), SIGN_OK);
    EXPECT_STR(message.key_id, "3");
    EXPECT_STR(message.tag, "app");
    EXPECT(!message.further);

    tagged("", NULL);
    EXPECT_CODE(parse_of(THREE), SIGN_OK);
    EXPECT_STR(message.key_id, "2");
    EXPECT(message.tag.data == NULL);
    EXPECT_CODE(next(), SIGN_MISSING);

    tagged("app", "");
    EXPECT_CODE(parse_of(THREE), SIGN_OK);
    EXPECT_STR(message.key_id, "2");
    EXPECT_CODE(next(), SIGN_OK);
    EXPECT_STR(message.key_id, "3");

    tagged("ap", NULL);
    EXPECT_CODE(parse_of(THREE), SIGN_MISSING);
    tagged("app2", NULL);
    EXPECT_CODE(parse_of(THREE), SIGN_MISSING);
    tagged("App", NULL);
    EXPECT_CODE(parse_of(THREE), SIGN_MISSING);
}


/* of another location, by a redirect within nginx */

TEST(a_tag_that_counted_may_not_count_elsewhere)
{
    static const char  text[] = GET
        "Signature-Input: a=(\"@path\");created=1618884473;keyid=\"1\""
        ";tag=\"app\"\nSignature: a=:AAEC:\n\n";

    tagged("app", NULL);
    EXPECT_CODE(check_of(text), SIGN_OK);

    tags[0] = text_of("other");
    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address,
                           now, &message), SIGN_COVERAGE);
}


static sign_code_e
bot(const char *components, const char *params, const char *fields)
{
    char  text[1024];

    snprintf(text, sizeof(text), "%s%sSignature-Input: sig2=(%s)%s;tag=\""
             "web-bot-auth\"\nSignature: sig2=:AAEC:\n\n", GET, fields,
             components, params);

    return check_of(text);
}


#define PARAMS  ";created=1618884473;expires=1618888073;keyid=\"" THUMB "\""
#define AGENT   "Signature-Agent: sig2=\"https://bot.example\"\n"

TEST(web_bot_auth)
{
    defaults();
    key.algorithm = POSTERN_ALG_ED25519;

    EXPECT_CODE(bot("\"@authority\"", PARAMS, ""), SIGN_OK);
    EXPECT_CODE(bot("\"@target-uri\"", PARAMS, ""), SIGN_OK);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\";key=\"sig2\"", PARAMS,
                    AGENT), SIGN_OK);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\"", PARAMS, AGENT),
                SIGN_OK);

    /* the string of older drafts */

    EXPECT_CODE(bot("\"@authority\" \"signature-agent\"", PARAMS,
                    "Signature-Agent: \"https://bot.example\"\n"), SIGN_OK);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\";sf", PARAMS,
                    "Signature-Agent: \"https://bot.example\"\n"), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\";sf", PARAMS, AGENT),
                SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
}


TEST(web_bot_auth_covers_whom_and_where_from)
{
    defaults();
    key.algorithm = POSTERN_ALG_ED25519;

    EXPECT_CODE(bot("\"@path\"", PARAMS, ""), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\"", PARAMS, AGENT), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\";key=\"sig1\"", PARAMS,
                    "Signature-Agent: sig1=\"https://a.example\", "
                    "sig2=\"https://b.example\"\n"), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\" \"user-agent\"", PARAMS,
                    AGENT "User-Agent: x\n"), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\" \"signature-agent\"", PARAMS, ""),
                SIGN_COVERAGE);
}


TEST(web_bot_auth_ghsa_x9cc_346q_g27m)
{
    defaults();
    key.algorithm = POSTERN_ALG_ED25519;

    EXPECT_CODE(bot("", PARAMS, ""), SIGN_COVERAGE);

    /* whatever the location demands, or does not */

    policy.insecure = SIGN_INSECURE_COVERAGE;
    EXPECT_CODE(bot("", PARAMS, ""), SIGN_COVERAGE);
}


TEST(web_bot_auth_says_when_it_ends_and_whose_key_it_is)
{
    char    id[sizeof(THUMB)], params[256];
    size_t  i;

    static const char  others[] = " /:@[`{~";

    defaults();
    key.algorithm = POSTERN_ALG_ED25519;

    EXPECT_CODE(bot("\"@authority\"", ";created=1618884473;keyid=\"" THUMB
                    "\"", ""), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\"", ";expires=1618888073;keyid=\"" THUMB
                    "\"", ""), SIGN_COVERAGE);
    EXPECT_CODE(bot("\"@authority\"", ";created=1618884473;expires=1618884480;"
                    "keyid=\"" THUMB "\"", ""), SIGN_EXPIRED);

    EXPECT_CODE(bot("\"@authority\"", ";created=1618884473;expires=1618888073;"
                    "keyid=\"k\"", ""), SIGN_MALFORMED);
    EXPECT_CODE(bot("\"@authority\"", ";created=1618884473;expires=1618888073;"
                    "keyid=\"" THUMB "x\"", ""), SIGN_MALFORMED);
    EXPECT_CODE(bot("\"@authority\"", ";created=1618884473;expires=1618888073;"
                    "keyid=\"poqkLGiymh/W0uP6PZFw+dvez3QJT5SolqXBCW38r0U\"",
                    ""), SIGN_MALFORMED);

    for (i = 0; i < sizeof(others) - 1; i++) {
        memcpy(id, THUMB, sizeof(id));
        id[i] = others[i];
        snprintf(params, sizeof(params), ";created=1618884473;"
                 "expires=1618888073;keyid=\"%s\"", id);
        EXPECT_CODE(bot("\"@authority\"", params, ""), SIGN_MALFORMED);
    }

    key.algorithm = POSTERN_ALG_HMAC_SHA256;
    EXPECT_CODE(bot("\"@authority\"", PARAMS, ""), SIGN_ALGORITHM);
    key.algorithm = POSTERN_ALG_HMAC_SHA384;
    EXPECT_CODE(bot("\"@authority\"", PARAMS, ""), SIGN_ALGORITHM);
    key.algorithm = POSTERN_ALG_HMAC_SHA512;
    EXPECT_CODE(bot("\"@authority\"", PARAMS, ""), SIGN_ALGORITHM);
    key.algorithm = POSTERN_ALG_RSA_PSS_SHA512;
    EXPECT_CODE(bot("\"@authority\"", PARAMS, ""), SIGN_OK);
}


UNIT_MAIN()
