/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * RFC 9421: what must be refused, one test for each known attack, and what the
 * policy demands to be covered.
 */


#include "rfc9421_try.h"


/* of the empty body, both from RFC 6234's functions */

#define EMPTY_256  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


/* the code for one component alone */

static sign_code_e
refused(const char *request_text, const char *identifier)
{
    char  text[8192];

    snprintf(text, sizeof(text), "%sSignature-Input: sig=(%s)%s\n"
             "Signature: sig=:AAECAw==:\n\n", request_text, identifier, PARAMS);

    return base_of(text);
}


TEST(no_keyid_no_signature)
{
    defaults();

    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\")" TIME)), SIGN_MALFORMED);
}


TEST(all_signatures_must_be_well_formed)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS ", b=(\"@path\"\n"
        "Signature: a=:AQ==:\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS ", b=1\n"
        "Signature: a=:AQ==:\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS "\n"
        "Signature: a=:AQ==:, b=1\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS ",\n"
        "Signature: a=:AQ==:\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET
        "Signature-Input: \nSignature: a=:AQ==:\n\n"), SIGN_MALFORMED);
}


TEST(input_and_signature_need_each_other)
{
    defaults();

    EXPECT_CODE(parse_of(GET "Signature-Input: a=()" PARAMS "\n\n"),
                SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET "Signature: a=:AQ==:\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET "Signature-Input: a=()" PARAMS "\n"
                         "Signature: b=:AQ==:\n\n"), SIGN_MALFORMED);
}


/* svix-webhooks#1190, standard-webhooks#115 */

TEST(an_empty_signature_is_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET "Signature-Input: a=(\"@method\")" PARAMS "\n"
                         "Signature: a=::\n\n"), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET "Signature-Input: a=(\"@method\")" PARAMS "\n"
                         "Signature: a\n\n"), SIGN_MALFORMED);
}


TEST(base64url_is_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET "Signature-Input: a=(\"@method\")" PARAMS "\n"
                         "Signature: a=:AA-_:\n\n"), SIGN_MALFORMED);
}


TEST(duplicate_labels_are_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS ", a=(\"@path\")" PARAMS "\n"
        "Signature: a=:AQ==:\n\n"), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET
        "Signature-Input: a=(\"@method\")" PARAMS "\n"
        "Signature: a=:AQ==:\nSignature: a=:Ag==:\n\n"), SIGN_AMBIGUOUS);
}


TEST(duplicate_parameters_are_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\")" TIME TIME KEY)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\")" TIME KEY KEY)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\")" PARAMS
                                    ";nonce=\"a\";nonce=\"b\"")),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";key=\"a\";key=\"b\")" PARAMS)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";sf;sf)" PARAMS)), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";bs;bs)" PARAMS)), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@query-param\";name=\"a\";name=\"a\")"
                                    PARAMS)), SIGN_AMBIGUOUS);
}


TEST(duplicate_components_are_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\" \"@method\")" PARAMS)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\" \"b\" \"a\")" PARAMS)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";sf;key=\"a\" \"a\";key=\"a\";sf)"
                                    PARAMS)), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@query-param\";name=\"a\""
                                    " \"@query-param\";name=\"a\")" PARAMS)),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@query-param\";name=\"a\""
                                    " \"@query-param\";name=\"b\""
                                    " \"a\" \"a\";bs \"a\";key=\"a\""
                                    " \"a\";key=\"b\")" PARAMS)), SIGN_OK);
}


TEST(unknown_components_and_parameters_are_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET SIGNED("(\"@nonsense\")" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@signature-params\")" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@status\")" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@\")" PARAMS)), SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@Method\")" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\";req)" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"host\";tr)" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"host\";sf=?0)" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"host\";key=a)" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\";sf)" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@path\";name=\"a\")" PARAMS)),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"@method\")" PARAMS ";x=1")),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";bs;sf)" PARAMS)),
                SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\";key=\"a\";bs)" PARAMS)),
                SIGN_MALFORMED);
}


TEST(names_of_components_are_lower_case_strings)
{
    defaults();

    EXPECT_CODE(parse_of(GET SIGNED("(\"Host\")" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(host)" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(1)" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"\")" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a b\")" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a:\")" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\\\"\")" PARAMS)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(GET SIGNED("(\"a\"\"b\")" PARAMS)), SIGN_MALFORMED);
}


TEST(parameters_have_their_types_and_bounds)
{
    size_t  i;
    char    text[1024], longest[SIGN_MAX_NONCE + 2];

    static const char  *malformed[] = {
        "(\"@method\");created=\"1\"" KEY, "(\"@method\");created=1.0" KEY,
        "(\"@method\");created=-1" KEY, "(\"@method\");created" KEY,
        "(\"@method\");created=@1" KEY, "(\"@method\");keyid=k",
        "(\"@method\");keyid=\"\"", "(\"@method\");keyid=:AA==:",
        "(\"@method\");keyid", "(\"@method\")" PARAMS ";nonce=1",
        "(\"@method\")" PARAMS ";nonce=\"\"", "(\"@method\")" PARAMS ";tag=t",
        "(\"@method\")" PARAMS ";alg=a", "(\"@method\")" PARAMS ";expires=\"\"",
        "(\"@method\")" PARAMS ";expires=1e3", "(\"@method\") " PARAMS,
        "(\"@method\"" PARAMS, "\"@method\"" PARAMS, "(\"@method\");Keyid=\"k\""
    };

    defaults();

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        snprintf(text, sizeof(text), GET "Signature-Input: sig=%s\n"
                 "Signature: sig=:AAAA:\n\n", malformed[i]);

        if (!EXPECT_CODE(parse_of(text), SIGN_MALFORMED)) {
            printf("# %s\n", malformed[i]);
        }
    }

    memset(longest, 'n', sizeof(longest));
    longest[SIGN_MAX_NONCE] = '\0';
    snprintf(text, sizeof(text), GET "Signature-Input: sig=(\"@method\")" PARAMS
             ";nonce=\"%s\"\nSignature: sig=:AAAA:\n\n", longest);
    EXPECT_CODE(parse_of(text), SIGN_OK);

    longest[SIGN_MAX_NONCE] = 'n';
    longest[SIGN_MAX_NONCE + 1] = '\0';
    snprintf(text, sizeof(text), GET "Signature-Input: sig=(\"@method\")" PARAMS
             ";nonce=\"%s\"\nSignature: sig=:AAAA:\n\n", longest);
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    longest[SIGN_MAX_KEY_ID + 1] = '\0';
    snprintf(text, sizeof(text), GET "Signature-Input: sig=(\"@method\")"
             ";keyid=\"%s\"\nSignature: sig=:AAAA:\n\n", longest);
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);
}


TEST(numbers_of_things_are_bounded)
{
    int   i, n;
    char  text[SIGN_MAX_HEADER * 2];

    defaults();

    n = snprintf(text, sizeof(text), GET "Signature-Input: sig=(");

    for (i = 0; i <= SIGN_MAX_COMPONENTS; i++) {
        n += snprintf(text + n, sizeof(text) - n, "\"f%d\" ", i);
    }

    snprintf(text + n, sizeof(text) - n, ")" PARAMS
             "\nSignature: sig=:AAAA:\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    n = snprintf(text, sizeof(text), GET "Signature: sig=:AAAA:\n"
                 "Signature-Input: sig=()" PARAMS);

    for (i = 1; i <= SIGN_MAX_SIGNATURES; i++) {
        n += snprintf(text + n, sizeof(text) - n, ", s%d=()", i);
    }

    snprintf(text + n, sizeof(text) - n, "\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    n = snprintf(text, sizeof(text), GET "Signature-Input: sig=()" PARAMS
                 "\nSignature: sig=:");
    memset(text + n, 'A', SIGN_MAX_HEADER);
    snprintf(text + n + SIGN_MAX_HEADER, 8, ":\n\n");
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);
}


/* cloudflare/web-bot-auth#114, GHSA-x9cc-346q-g27m */

TEST(an_empty_component_list_is_refused)
{
    defaults();

    EXPECT_CODE(check_of(GET SIGNED("()" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(  )" PARAMS)), SIGN_COVERAGE);
}


/* APISIX leaves such a line out */

TEST(a_listed_but_absent_field_is_refused)
{
    defaults();

    EXPECT_CODE(check_of(GET SIGNED("(\"@method\" \"x-absent\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(base_of(GET SIGNED("(\"@method\" \"x-absent\")" PARAMS)),
                SIGN_COVERAGE);
}


TEST(repeated_singletons_are_refused)
{
    defaults();

    EXPECT_CODE(refused(GET "Content-Type: a/b\nContent-Type: c/d\n",
                        "\"content-type\""), SIGN_AMBIGUOUS);
    EXPECT_CODE(refused("GET / HTTP/1.1\nHost: a\nHost: a\n", "\"host\""),
                SIGN_AMBIGUOUS);
}


/* RFC 9110, section 7.6.1: what Connection names ends at the next proxy */

TEST(a_connection_that_names_a_signed_field_is_refused)
{
    static const char  *const taken[] = {
        "x", "X", "close, x", "x,close", " ,\tx ,", "keep-alive\nConnection: x"
    };
    static const char  *const left[] = {
        "close", "Keep-Alive", "upgrade", "y", "xx", "", ",", "keep-alive, y",
        "x y", "close;x"
    };

    size_t  i;
    char    text[1024];

    defaults();

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        snprintf(text, sizeof(text), GET "X: 1\nConnection: %s\n"
                 SIGNED("(\"@method\" \"x\")" PARAMS), taken[i]);
        EXPECT_CODE(check_of(text), SIGN_AMBIGUOUS);
    }

    for (i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        snprintf(text, sizeof(text), GET "X: 1\nConnection: %s\n"
                 SIGNED("(\"@method\" \"@target-uri\" \"x\")" PARAMS), left[i]);
        EXPECT_CODE(check_of(text), SIGN_OK);
    }
}


/* each of up to 64 signed fields is looked for in it */

TEST(what_connection_says_beyond_the_usual_is_bounded)
{
    char  text[4096], value[SIGN_MAX_CONNECTION + 2];

    defaults();

    memset(value, ',', sizeof(value));

    snprintf(text, sizeof(text), GET "Connection: %.*s\n"
             SIGNED("(\"@method\")" PARAMS), SIGN_MAX_CONNECTION, value);
    EXPECT_CODE(parse_of(text), SIGN_OK);

    snprintf(text, sizeof(text), GET "Connection: %.*s\n"
             SIGNED("(\"@method\")" PARAMS), SIGN_MAX_CONNECTION + 1, value);
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);

    /* in several fields, among which the usual do not count */

    snprintf(text, sizeof(text), GET "Connection: keep-alive\n"
             "Connection: %.*s\nConnection: close\n"
             SIGNED("(\"@method\")" PARAMS), SIGN_MAX_CONNECTION, value);
    EXPECT_CODE(parse_of(text), SIGN_OK);

    snprintf(text, sizeof(text), GET "Connection: a\nConnection: %.*s\n"
             SIGNED("(\"@method\")" PARAMS), SIGN_MAX_CONNECTION, value);
    EXPECT_CODE(parse_of(text), SIGN_TOO_LARGE);
}


TEST(a_field_that_may_frame_the_request_is_refused)
{
    defaults();

    EXPECT_CODE(parse_of(GET "Content_Length: 5\n"
                         SIGNED("(\"@method\")" PARAMS)), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET "Transfer_Encoding: chunked\n"
                         SIGNED("(\"@method\")" PARAMS)), SIGN_AMBIGUOUS);
    EXPECT_CODE(parse_of(GET "Content_Lengths: 5\n"
                         SIGNED("(\"@method\")" PARAMS)), SIGN_OK);
}


/* HTTP/2 has ":authority" beside Host, and an application may read either */

TEST(a_host_that_is_not_the_authority_is_refused)
{
    defaults();

    request_of(GET SIGNED("(\"host\")" PARAMS));
    request.authority = text_of("other.example.com");
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_AMBIGUOUS);

    request.authority = text_of("WWW.example.com:80");
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);

    EXPECT_CODE(refused("GET / HTTP/1.1\nHost: a\nHost: b\n",
                        "\"@authority\""), SIGN_AMBIGUOUS);
}


/* a folded field, or a line feed by whatever way, could forge a line */

TEST(values_with_line_feeds_or_not_ascii_are_refused)
{
    size_t  i;

    static const char  *values[] = {
        "a\x0b", "a\r\n b", "\x7f", "\x80", "f\xc3\xbcr", "12345678\x01",
        "1234567\x1f" "9", "\x1f", "\t\x01"
    };

    defaults();

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        request_of(GET "X: y\n" SIGNED("(\"x\")" PARAMS));
        request_fields[1].value = copy_of(values[i], strlen(values[i]), 0);

        EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                    SIGN_OK);
        EXPECT_CODE(sign_base(&request, &request_memory, &message),
                    SIGN_MALFORMED);
    }

    EXPECT_CODE(refused(GET "X: a\tb~ !\n", "\"x\""), SIGN_OK);

    request_of(GET SIGNED("(\"@path\")" PARAMS));
    request.target = text_of("/a\n\"@method\": GET");
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message),
                SIGN_MALFORMED);
}


TEST(the_target_is_covered_by_any_component_that_holds_all_of_it)
{
    defaults();
    policy.cover = SIGN_COVER_TARGET;

    EXPECT_CODE(check_of(GET SIGNED("(\"@target-uri\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"@request-target\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"@path\" \"@query\")" PARAMS)),
                SIGN_OK);
    EXPECT_CODE(check_of("GET /path HTTP/1.1\nHost: a\n"
                         SIGNED("(\"@path\")" PARAMS)), SIGN_OK);

    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@query\")" PARAMS)), SIGN_COVERAGE);
}


/* Mastodon#28476: the query left out for years */

TEST(a_query_that_is_not_covered_is_refused)
{
    defaults();
    policy.cover = SIGN_COVER_TARGET;

    EXPECT_CODE(check_of(GET SIGNED("(\"@path\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@path\" \"@query-param\""
                                    ";name=\"param\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(check_of("GET /path? HTTP/1.1\nHost: a\n"
                         SIGNED("(\"@path\")" PARAMS)), SIGN_COVERAGE);
}


TEST(method_authority_and_scheme_are_demanded)
{
    defaults();

    policy.cover = SIGN_COVER_METHOD;
    EXPECT_CODE(check_of(GET SIGNED("(\"@path\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS)), SIGN_OK);
    EXPECT(!message.once && message.weak == NULL);

    policy.cover = SIGN_COVER_AUTHORITY;
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@authority\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"@target-uri\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"host\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"host\";bs)" PARAMS)), SIGN_COVERAGE);

    policy.cover = SIGN_COVER_SCHEME;
    EXPECT_CODE(check_of(GET SIGNED("(\"@authority\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@scheme\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"@target-uri\")" PARAMS)), SIGN_OK);
}


TEST(further_fields_must_be_covered_whole)
{
    static const postern_str_t  fields[] = { postern_string("priority") };

    defaults();
    policy.fields = fields;
    policy.nfields = 1;

    EXPECT_CODE(check_of(GET "Priority: u=1\n" SIGNED("(\"@method\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"priority\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET "Priority: u=1\n"
                         SIGNED("(\"priority\";key=\"u\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET "Priority: u=1\n"
                         SIGNED("(\"priority\")" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET "Priority: u=1\n"
                         SIGNED("(\"priority\";sf)" PARAMS)), SIGN_OK);
    EXPECT_CODE(check_of(GET "Priority: u=1\n"
                         SIGNED("(\"priority\";bs)" PARAMS)), SIGN_OK);
}


TEST(the_body_is_demanded_where_there_is_one)
{
    defaults();
    policy.cover = SIGN_COVER_BODY;

    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_NONE);

    EXPECT_CODE(check_of(B2 SIGNED("(\"@method\")" PARAMS)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(B2 SIGNED("(\"content-digest\")" PARAMS)), SIGN_OK);
    EXPECT(message.once && message.weak != NULL);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);

    /* all of the field, in another writing */

    EXPECT_CODE(check_of(B2 SIGNED("(\"content-digest\";bs)" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);
    EXPECT_CODE(check_of(B2 SIGNED("(\"content-digest\";sf)" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);
}


/* tyk#3040 and others: the body is swapped together with its digest */

TEST(a_digest_that_is_present_but_not_covered_is_refused)
{
    defaults();
    policy.cover = SIGN_COVER_DEFAULT;

    EXPECT_CODE(check_of(B2 SIGNED("(\"@method\" \"@target-uri\""
                                   " \"content-length\")" PARAMS)),
                SIGN_COVERAGE);
    EXPECT_CODE(check_of(B2 SIGNED("(\"@method\" \"@target-uri\""
                                   " \"content-digest\")" PARAMS)), SIGN_OK);

    /* a member covered, and another one read, is the same attack */

    EXPECT_CODE(check_of(B2 SIGNED("(\"@method\" \"@target-uri\""
                                   " \"content-digest\";key=\"sha-512\")"
                                   PARAMS)), SIGN_COVERAGE);
}


TEST(a_covered_digest_counts_without_a_body_too)
{
    defaults();

    EXPECT_CODE(check_of(GET "Content-Digest: sha-256=:" EMPTY_256 ":\n"
                         SIGNED("(\"content-digest\")" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA256);
    EXPECT_MEM(message.digest_value, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8);
}


TEST(the_strongest_digest_counts)
{
    defaults();

    EXPECT_CODE(check_of(GET "Content-Digest: sha-256=:" EMPTY_256 ":\n"
                         "Content-Digest: md5=:AAAA:, " B2_DIGEST ";x=1\n"
                         SIGNED("(\"content-digest\")" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);
    EXPECT_MEM(message.digest_value, "\x59\x90\xcf\x69", 4);

    EXPECT_CODE(check_of(GET "Content-Digest: " B2_DIGEST ", sha-256=:"
                         EMPTY_256 ":\n"
                         SIGNED("(\"content-digest\")" PARAMS)), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);
    EXPECT_MEM(message.digest_value, "\x59\x90\xcf\x69", 4);
}


TEST(digests_that_are_wrong_are_refused)
{
    size_t  i;
    char    text[1024];

    static const struct {
        const char   *value;
        sign_code_e   code;
    } cases[] = {
        { "md5=:AAAA:", SIGN_UNSUPPORTED },
        { "sha-256=:AAAA:", SIGN_MALFORMED },
        { "sha-512=:" EMPTY_256 ":", SIGN_MALFORMED },
        { "sha-256=" EMPTY_256, SIGN_MALFORMED },
        { "sha-256", SIGN_MALFORMED },
        { "SHA-256=:" EMPTY_256 ":", SIGN_MALFORMED },
        { "sha-256=:" EMPTY_256 ":,", SIGN_MALFORMED },
        { "", SIGN_MALFORMED },
        { "sha-256=:" EMPTY_256 ":, sha-256=:" EMPTY_256 ":", SIGN_AMBIGUOUS },
        { "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA:",
          SIGN_MALFORMED }
    };

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), GET "Content-Digest: %s\n"
                 SIGNED("(\"content-digest\")" PARAMS), cases[i].value);

        if (!EXPECT_CODE(check_of(text), cases[i].code)) {
            printf("# %s\n", cases[i].value);
        }
    }
}


TEST(created_must_be_there)
{
    defaults();

    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" KEY)), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" KEY
                                    ";expires=1618884500")), SIGN_COVERAGE);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\" \"date\")" KEY)
                         "Date: Tue, 20 Apr 2021 02:07:55 GMT\n\n"),
                SIGN_COVERAGE);
}


TEST(the_algorithm_comes_from_the_key)
{
    defaults();

    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS
                                    ";alg=\"hmac-sha256\"")), SIGN_OK);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS
                                    ";alg=\"ed25519\"")), SIGN_ALGORITHM);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS
                                    ";alg=\"none\"")), SIGN_ALGORITHM);
    EXPECT_CODE(check_of(GET SIGNED("(\"@method\")" PARAMS
                                    ";alg=\"rsa-pss-sha512\"")),
                SIGN_ALGORITHM);
}


TEST(many_fields_make_no_base_beyond_its_bound)
{
    int    i;
    char  *text;
    size_t n;

    defaults();

    text = malloc(SIGN_MAX_BASE * 2);
    n = sprintf(text, GET);

    for (i = 0; i < 2; i++) {
        n += sprintf(text + n, "X%d: ", i);
        memset(text + n, 'x', SIGN_MAX_BASE / 2);
        n += SIGN_MAX_BASE / 2;
        text[n++] = '\n';
    }

    sprintf(text + n, SIGNED("(\"x0\" \"x1\")" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    sprintf(text + n, SIGNED("(\"x0\")" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_OK);

    free(text);
}


/* each member and each parameter is looked for from the beginning */

TEST(what_is_searched_for_parts_has_a_bound)
{
    int     i;
    char   *text;
    size_t  n;

    defaults();

    text = malloc(SIGN_MAX_SEARCH * 2);
    n = sprintf(text, GET "X: a, b, c=\"");
    memset(text + n, 'x', SIGN_MAX_SEARCH / 2 - 16);
    n += SIGN_MAX_SEARCH / 2 - 16;
    n += sprintf(text + n, "\"\n");

    sprintf(text + n, SIGNED("(\"x\";key=\"a\" \"x\";key=\"b\")" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_OK);

    sprintf(text + n, SIGNED("(\"x\";key=\"a\" \"x\";key=\"b\" "
                             "\"x\";key=\"c\")" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    n = sprintf(text, GET "Priority: c=\"");
    memset(text + n, 'x', SIGN_MAX_SEARCH - 4);
    n += SIGN_MAX_SEARCH - 4;

    sprintf(text + n, "\"\n" SIGNED("(\"priority\";sf)" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_OK);
    sprintf(text + n, "x\"\n" SIGNED("(\"priority\";sf)" PARAMS));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    n = sprintf(text, "GET /?");

    for (i = 0; i < 20; i++) {
        n += sprintf(text + n, "p%d=", i);
        memset(text + n, 'x', 100);
        n += 100;
        text[n++] = '&';
    }

    n += sprintf(text + n, "q HTTP/1.1\nHost: a\nSignature: sig=:AA==:\n"
                           "Signature-Input: sig=(");

    for (i = 0; i < 20; i++) {
        n += sprintf(text + n, "%s\"@query-param\";name=\"p%d\"",
                     i ? " " : "", i);
    }

    sprintf(text + n, ")" PARAMS "\n\n");
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    free(text);
}


UNIT_MAIN()
