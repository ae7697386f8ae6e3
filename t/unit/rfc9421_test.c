/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * RFC 9421: the values of components and the bases they make, by the examples
 * of the RFC (section 2 and appendix B) and beyond them.
 */


#include "rfc9421_try.h"


/* the base of one component alone: what stands behind its identifier */

static postern_str_t
value_of(const char *request_text, const char *identifier)
{
    char           text[8192];
    size_t         n;
    postern_str_t  value;

    snprintf(text, sizeof(text), "%sSignature-Input: sig=(%s)%s\n"
             "Signature: sig=:AAECAw==:\n\n", request_text, identifier, PARAMS);

    value.len = 0;
    value.data = NULL;

    if (!EXPECT_CODE(base_of(text), SIGN_OK)) {
        return value;
    }

    n = strlen(identifier) + sizeof(": ") - 1;

    if (!EXPECT(message.base.len > n)) {
        return value;
    }

    value.data = message.base.data + n;
    value.len = (const unsigned char *) memchr(value.data, '\n',
                                               message.base.len - n)
                - value.data;

    return value;
}


/* the code for one component alone */

static sign_code_e
refused(const char *request_text, const char *identifier)
{
    char  text[8192];

    snprintf(text, sizeof(text), "%sSignature-Input: sig=(%s)%s\n"
             "Signature: sig=:AAECAw==:\n\n", request_text, identifier, PARAMS);

    return base_of(text);
}


TEST(b_2_1_minimal_signature)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b21=();created=1618884473"
        ";keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\"\n"
        "Signature: sig-b21=:AAEC:\n\n"), SIGN_OK);

    EXPECT_STR(message.base,
        "\"@signature-params\": ();created=1618884473"
        ";keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\"");
    EXPECT_STR(message.key_id, "test-key-rsa-pss");
    EXPECT_STR(message.nonce, "b3k2pp5k7z-50gnwp.yemd");
    EXPECT_STR(message.label, "sig-b21");
    EXPECT_MEM(message.signature.data, "\x00\x01\x02", 3);
    EXPECT_INT(message.signature.len, 3);
    EXPECT_INT(message.created, CREATED);
    EXPECT(message.expires == POSTERN_TIME_MAX);
    EXPECT_INT(message.alg, 0);

    /* and it is refused all the same: it covers nothing */

    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address,
                           now, &message), SIGN_COVERAGE);
}


TEST(b_2_2_selective_covered_components)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b22=(\"@authority\" \"content-digest\""
        " \"@query-param\";name=\"Pet\");created=1618884473"
        ";keyid=\"test-key-rsa-pss\";tag=\"header-example\"\n"
        "Signature: sig-b22=:AAEC:\n\n"), SIGN_OK);

    EXPECT_STR(message.base,
        "\"@authority\": example.com\n"
        "\"content-digest\": " B2_DIGEST "\n"
        "\"@query-param\";name=\"Pet\": dog\n"
        "\"@signature-params\": (\"@authority\" \"content-digest\""
        " \"@query-param\";name=\"Pet\");created=1618884473"
        ";keyid=\"test-key-rsa-pss\";tag=\"header-example\"");
    EXPECT_STR(message.tag, "header-example");
    EXPECT(message.nonce.data == NULL);
}


TEST(b_2_3_full_coverage)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b23=(\"date\" \"@method\" \"@path\" \"@query\""
        " \"@authority\" \"content-type\" \"content-digest\""
        " \"content-length\");created=1618884473"
        ";keyid=\"test-key-rsa-pss\"\n"
        "Signature: sig-b23=:AAEC:\n\n"), SIGN_OK);

    EXPECT_STR(message.base,
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
        "\"@method\": POST\n"
        "\"@path\": /foo\n"
        "\"@query\": ?param=Value&Pet=dog\n"
        "\"@authority\": example.com\n"
        "\"content-type\": application/json\n"
        "\"content-digest\": " B2_DIGEST "\n"
        "\"content-length\": 18\n"
        "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@query\""
        " \"@authority\" \"content-type\" \"content-digest\""
        " \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\"");

    policy.cover = SIGN_COVER_DEFAULT;

    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address,
                           now, &message), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);
    EXPECT_MEM(message.digest_value, "\x59\x90\xcf\x69\x59\xff\xed\x78", 8);
}


TEST(b_2_4_a_response_is_not_a_request)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b24=(\"@status\" \"content-type\""
        " \"content-digest\" \"content-length\");created=1618884473"
        ";keyid=\"test-key-ecc-p256\"\n"
        "Signature: sig-b24=:AAEC:\n\n"), SIGN_UNSUPPORTED);
}


TEST(b_2_5_hmac)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b25=(\"date\" \"@authority\" \"content-type\")"
        ";created=1618884473;keyid=\"test-shared-secret\"\n"
        "Signature: sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:\n\n"
        ), SIGN_OK);

    EXPECT_STR(message.base,
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
        "\"@authority\": example.com\n"
        "\"content-type\": application/json\n"
        "\"@signature-params\": (\"date\" \"@authority\" \"content-type\")"
        ";created=1618884473;keyid=\"test-shared-secret\"");
    EXPECT_INT(message.signature.len, 32);
    EXPECT_MEM(message.signature.data, "\xa7\x17\x10\xc3", 4);
}


TEST(b_2_6_ed25519)
{
    defaults();

    EXPECT_CODE(base_of(B2
        "Signature-Input: sig-b26=(\"date\" \"@method\" \"@path\""
        " \"@authority\" \"content-type\" \"content-length\")"
        ";created=1618884473;keyid=\"test-key-ed25519\"\n"
        "Signature: sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u"
        "02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:\n\n"), SIGN_OK);

    EXPECT_STR(message.base,
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
        "\"@method\": POST\n"
        "\"@path\": /foo\n"
        "\"@authority\": example.com\n"
        "\"content-type\": application/json\n"
        "\"content-length\": 18\n"
        "\"@signature-params\": (\"date\" \"@method\" \"@path\""
        " \"@authority\" \"content-type\" \"content-length\")"
        ";created=1618884473;keyid=\"test-key-ed25519\"");
    EXPECT_INT(message.signature.len, 64);
}


TEST(b_3_tls_terminating_proxy)
{
#define CERT                                                                  \
    ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW" \
    "50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNa" \
    "Fw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQ" \
    "cDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEA" \
    "EFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbE" \
    "YCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYD" \
    "VR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1va" \
    "L6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBV" \
    "oU4hBVZ1yhk=:"

    defaults();

    EXPECT_CODE(base_of(
        "POST /foo?param=Value&Pet=dog HTTP/1.1\n"
        "Host: service.internal.example\n"
        "Date: Tue, 20 Apr 2021 02:07:55 GMT\n"
        "Content-Type: application/json\n"
        "Content-Length: 18\n"
        "Client-Cert: " CERT "\n"
        "Signature-Input: ttrp=(\"@path\" \"@query\" \"@method\""
        " \"@authority\" \"client-cert\");created=1618884473"
        ";keyid=\"test-key-ecc-p256\"\n"
        "Signature: ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6M"
        "ce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:\n\n"), SIGN_OK);

    EXPECT_STR(message.base,
        "\"@path\": /foo\n"
        "\"@query\": ?param=Value&Pet=dog\n"
        "\"@method\": POST\n"
        "\"@authority\": service.internal.example\n"
        "\"client-cert\": " CERT "\n"
        "\"@signature-params\": (\"@path\" \"@query\" \"@method\""
        " \"@authority\" \"client-cert\");created=1618884473"
        ";keyid=\"test-key-ecc-p256\"");
    EXPECT_INT(message.signature.len, 64);
}


#define B4_SIGNED                                                             \
    "Signature-Input: transform=(\"@method\" \"@path\" \"@authority\""        \
    " \"accept\");created=1618884473;keyid=\"test-key-ed25519\"\n"            \
    "Signature: transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eR" \
    "GS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:\n\n"

#define B4_BASE(method, authority, accept)                                    \
    "\"@method\": " method "\n\"@path\": /demo\n\"@authority\": " authority   \
    "\n\"accept\": " accept "\n\"@signature-params\": (\"@method\" \"@path\"" \
    " \"@authority\" \"accept\");created=1618884473"                          \
    ";keyid=\"test-key-ed25519\""


TEST(b_4_transformations_that_keep_the_base)
{
    size_t  i;

    static const char  *kept[] = {

        "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\nHost: example.org\n"
        "Date: Fri, 15 Jul 2022 14:24:55 GMT\n"
        "Accept: application/json\nAccept: */*\n" B4_SIGNED,

        "GET /demo?name1=Value1&Name2=value2&param=added HTTP/1.1\n"
        "Host: example.org\nDate: Fri, 15 Jul 2022 14:24:55 GMT\n"
        "Accept: application/json\nAccept: */*\n"
        "Accept-Language: en-US,en;q=0.5\n" B4_SIGNED,

        "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\nHost: example.org\n"
        "Referer: https://developer.example.org/demo\n"
        "Accept: application/json, */*\n" B4_SIGNED,

        "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\n"
        "Accept: application/json\nAccept: */*\n"
        "Date: Fri, 15 Jul 2022 14:24:55 GMT\nHost: example.org\n" B4_SIGNED
    };

    defaults();

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        EXPECT_CODE(base_of(kept[i]), SIGN_OK);
        EXPECT_STR(message.base,
                   B4_BASE("GET", "example.org", "application/json, */*"));
    }
}


TEST(b_4_transformations_that_change_the_base)
{
    defaults();

    EXPECT_CODE(base_of(
        "POST /demo?name1=Value1&Name2=value2 HTTP/1.1\nHost: example.com\n"
        "Accept: application/json\nAccept: */*\n" B4_SIGNED), SIGN_OK);
    EXPECT_STR(message.base,
               B4_BASE("POST", "example.com", "application/json, */*"));

    EXPECT_CODE(base_of(
        "GET /demo?name1=Value1&Name2=value2 HTTP/1.1\nHost: example.org\n"
        "Accept: */*\nAccept: application/json\n" B4_SIGNED), SIGN_OK);
    EXPECT_STR(message.base,
               B4_BASE("GET", "example.org", "*/*, application/json"));
}


TEST(section_2_1_values_of_fields)
{
    static const char  r[] = GET
        "X-OWS-Header:   Leading and trailing whitespace.   \n"
        "X-Tab: \tin tabs\t\n"
        "Cache-Control: max-age=60\n"
        "Cache-Control:    must-revalidate\n"
        "Example-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c)\n"
        "X-Empty-Header: \n";

    defaults();

    EXPECT_STR(value_of(r, "\"host\""), "www.example.com");
    EXPECT_STR(value_of(r, "\"x-ows-header\""),
               "Leading and trailing whitespace.");
    EXPECT_STR(value_of(r, "\"x-tab\""), "in tabs");
    EXPECT_STR(value_of(r, "\"cache-control\""),
               "max-age=60, must-revalidate");
    EXPECT_STR(value_of(r, "\"example-dict\""),
               "a=1,    b=2;x=1;y=2,   c=(a   b   c)");
    EXPECT_STR(value_of(r, "\"x-empty-header\""), "");
}


TEST(section_2_1_1_strict_serialization)
{
    static const char  r[] = GET
        "Priority:  i,   x=(a   b   c);q=1.50\n"
        "Priority:  u=2\n"
        "Client-Cert: :AAEC:\n"
        "Client-Cert-Chain: :AA==:  ,   :AQ==:\n"
        "Repr-Digest: sha-256\n"
        "Example-Dict: a\n"
        "Want-Repr-Digest: sha-256=\n";

    defaults();

    EXPECT_STR(value_of(r, "\"priority\";sf"), "i, x=(a b c);q=1.5, u=2");
    EXPECT_STR(value_of(r, "\"client-cert\";sf"), ":AAEC:");
    EXPECT_STR(value_of(r, "\"client-cert-chain\";sf"), ":AA==:, :AQ==:");
    EXPECT_STR(value_of(r, "\"repr-digest\";sf"), "sha-256");

    EXPECT_CODE(refused(r, "\"example-dict\";sf"), SIGN_UNSUPPORTED);
    EXPECT_CODE(refused(r, "\"want-repr-digest\";sf"), SIGN_MALFORMED);
}


TEST(section_2_1_2_members_of_dictionaries)
{
    static const char  r[] = GET
        "Example-Dict:  a=1, b=2;x=1;y=2, c=(a   b    c), d, e;f\n"
        "Example-Dict:  b=3\n"
        "Broken: a=1, =2\n";

    defaults();

    EXPECT_STR(value_of(r, "\"example-dict\";key=\"a\""), "1");
    EXPECT_STR(value_of(r, "\"example-dict\";key=\"d\""), "?1");
    EXPECT_STR(value_of(r, "\"example-dict\";key=\"c\""), "(a b c)");
    EXPECT_STR(value_of(r, "\"example-dict\";key=\"e\""), "?1;f");
    EXPECT_STR(value_of(r, "\"example-dict\";sf;key=\"a\""), "1");

    /* RFC 9651 says the last one of a key that occurs twice, an application
       may read the first */

    EXPECT_CODE(refused(r, "\"example-dict\";key=\"b\""), SIGN_AMBIGUOUS);
    EXPECT_CODE(refused(GET "Priority: u=1, i\nPriority: u=2\n",
                        "\"priority\";sf"), SIGN_AMBIGUOUS);
    EXPECT_CODE(refused(GET "Priority: u=1, i, i\n",
                        "\"priority\";sf;key=\"i\""), SIGN_AMBIGUOUS);
    EXPECT_CODE(refused(GET "Priority: u=1, i, i\n", "\"priority\";sf"),
                SIGN_AMBIGUOUS);
    EXPECT_STR(value_of(GET "Priority: u=1, i, i\n",
                        "\"priority\";sf;key=\"u\""), "1");

    EXPECT_CODE(refused(r, "\"example-dict\";key=\"g\""), SIGN_COVERAGE);
    EXPECT_CODE(refused(r, "\"broken\";key=\"a\""), SIGN_MALFORMED);
}


TEST(section_2_1_3_fields_as_byte_sequences)
{
    defaults();

    EXPECT_STR(value_of(GET "Example-Header: value, with, lots\n"
                        "Example-Header: of, commas\n",
                        "\"example-header\";bs"),
               ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:");
    EXPECT_STR(value_of(GET "Example-Header: value, with, lots, of, commas\n",
                        "\"example-header\";bs"),
               ":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:");
    EXPECT_STR(value_of(GET "E: \n", "\"e\";bs"), "::");
    EXPECT_STR(value_of(GET "E: \xc3\xbc\n", "\"e\";bs"), ":w7w=:");
    EXPECT_CODE(refused(GET, "\"e\";bs"), SIGN_COVERAGE);
}


TEST(section_2_2_derived_components)
{
    defaults();

    EXPECT_STR(value_of(GET, "\"@method\""), "GET");
    EXPECT_STR(value_of(GET, "\"@target-uri\""),
               "http://www.example.com/path?param=value");
    EXPECT_STR(value_of(GET, "\"@authority\""), "www.example.com");
    EXPECT_STR(value_of(GET, "\"@scheme\""), "http");
    EXPECT_STR(value_of(GET, "\"@request-target\""), "/path?param=value");
    EXPECT_STR(value_of(GET, "\"@path\""), "/path");
    EXPECT_STR(value_of(GET, "\"@query\""), "?param=value");

    EXPECT_STR(value_of("get / HTTP/1.1\nHost: a\n", "\"@method\""), "get");
    EXPECT_STR(value_of("POST /path?queryString HTTP/1.1\nHost: a\n",
                        "\"@query\""), "?queryString");
    EXPECT_STR(value_of("POST /path HTTP/1.1\nHost: a\n", "\"@query\""), "?");
    EXPECT_STR(value_of("POST /path? HTTP/1.1\nHost: a\n", "\"@query\""),
               "?");
    EXPECT_STR(value_of("GET /p?a=bat%2Dman HTTP/1.1\nHost: a\n",
                        "\"@query\""), "?a=bat%2Dman");
    EXPECT_STR(value_of("OPTIONS * HTTP/1.1\nHost: a\n",
                        "\"@request-target\""), "*");
    EXPECT_STR(value_of("CONNECT www.example.com:80 HTTP/1.1\nHost: a\n",
                        "\"@request-target\""), "www.example.com:80");
}


TEST(the_target_is_the_raw_one)
{
    static const char  r[] =
        "GET //a/%2e%2E/b;x/./c%2F%41?q=%41+b&&=?/../ HTTP/1.1\nHost: a\n";

    defaults();

    EXPECT_STR(value_of(r, "\"@path\""), "//a/%2e%2E/b;x/./c%2F%41");
    EXPECT_STR(value_of(r, "\"@query\""), "?q=%41+b&&=?/../");
    EXPECT_STR(value_of(r, "\"@target-uri\""),
               "http://a//a/%2e%2E/b;x/./c%2F%41?q=%41+b&&=?/../");
}


TEST(targets_in_absolute_form)
{
    static const char  r[] =
        "GET http://Example.com:80/p?a=1 HTTP/1.1\nHost: example.COM\n";

    defaults();

    EXPECT_STR(value_of(r, "\"@request-target\""),
               "http://Example.com:80/p?a=1");
    EXPECT_STR(value_of(r, "\"@target-uri\""), "http://example.com/p?a=1");
    EXPECT_STR(value_of(r, "\"@authority\""), "example.com");
    EXPECT_STR(value_of(r, "\"@path\""), "/p");

    EXPECT_STR(value_of("GET HTTP://a HTTP/1.1\nHost: a\n", "\"@path\""), "/");
    EXPECT_STR(value_of("GET http://a?q HTTP/1.1\nHost: a\n", "\"@path\""),
               "/");
    EXPECT_STR(value_of("GET http://a?q HTTP/1.1\nHost: a\n", "\"@query\""),
               "?q");
    EXPECT_STR(value_of("GET http://a/ HTTP/1.0\nX: y\n", "\"@authority\""),
               "a");
}


TEST(a_target_that_contradicts_the_request_is_refused)
{
    defaults();

    EXPECT_CODE(refused("GET http://b/ HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(refused("GET https://a/ HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_AMBIGUOUS);
    EXPECT_CODE(refused("GET http:/// HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_MALFORMED);
    EXPECT_CODE(refused("GET http://u@a/ HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /a#b HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_MALFORMED);
    EXPECT_CODE(refused("OPTIONS * HTTP/1.1\nHost: a\n", "\"@path\""),
                SIGN_COVERAGE);
    EXPECT_CODE(refused("OPTIONS * HTTP/1.1\nHost: a\n", "\"@query\""),
                SIGN_COVERAGE);
    EXPECT_CODE(refused("OPTIONS * HTTP/1.1\nHost: a\n", "\"@target-uri\""),
                SIGN_COVERAGE);
    EXPECT_CODE(refused("GET / HTTP/1.0\nX: a\n", "\"@authority\""),
                SIGN_COVERAGE);
}


TEST(the_authority_is_normalized)
{
    defaults();

    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: WWW.Example.COM\n",
                        "\"@authority\""), "www.example.com");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: a:80\n", "\"@authority\""),
               "a");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: a:\n", "\"@authority\""), "a");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: a:443\n", "\"@authority\""),
               "a:443");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: a:8080\n", "\"@authority\""),
               "a:8080");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: [::1]:80\n",
                        "\"@authority\""), "[::1]");
    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: [2001:DB8::80]\n",
                        "\"@authority\""), "[2001:db8::80]");
}


TEST(the_default_port_is_that_of_the_scheme)
{
    defaults();

    request_of("GET / HTTP/1.1\nHost: a:443\n"
               SIGNED("(\"@target-uri\" \"@scheme\")" PARAMS));
    request.scheme = text_of("https");

    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_STR(message.base,
        "\"@target-uri\": https://a/\n"
        "\"@scheme\": https\n"
        "\"@signature-params\": (\"@target-uri\" \"@scheme\")" PARAMS);
}


TEST(the_host_field_is_as_it_was_sent)
{
    defaults();

    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: WWW.Example.COM:80\n",
                        "\"host\""), "WWW.Example.COM:80");
}


/* else http://a.com/evil/x is Host a.com/evil with /x, or a.com with /evil/x */

TEST(a_host_that_reaches_into_the_path_is_refused)
{
    defaults();

    EXPECT_CODE(refused("GET /x HTTP/1.1\nHost: a.com/evil\n",
                        "\"@target-uri\""), SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /x HTTP/1.1\nHost: a.com?b=\n",
                        "\"@target-uri\""), SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /x HTTP/1.1\nHost: user@a.com\n",
                        "\"@target-uri\""), SIGN_MALFORMED);
}


TEST(x_forwarded_host_is_nobody)
{
    defaults();

    EXPECT_STR(value_of("GET / HTTP/1.1\nHost: a\nX-Forwarded-Host: b\n"
                        "Forwarded: host=c\n", "\"@authority\""), "a");
}


TEST(section_2_2_8_query_parameters)
{
    static const char  r[] =
        "GET /path?param=value&foo=bar&baz=batman&qux= HTTP/1.1\n"
        "Host: www.example.com\n";
    static const char  s[] =
        "GET /parameters?var=this%20is%20a%20big%0Amultiline%20value"
        "&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something HTTP/1.1\n"
        "Host: www.example.com\n";

    defaults();

    EXPECT_STR(value_of(r, "\"@query-param\";name=\"baz\""), "batman");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"qux\""), "");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"param\""), "value");

    EXPECT_STR(value_of(s, "\"@query-param\";name=\"var\""),
               "this%20is%20a%20big%0Amultiline%20value");
    EXPECT_STR(value_of(s, "\"@query-param\";name=\"bar\""),
               "with%20plus%20whitespace");
    EXPECT_STR(value_of(s, "\"@query-param\";"
                        "name=\"fa%C3%A7ade%22%3A%20\""), "something");
}


TEST(query_parameters_have_one_encoding)
{
    static const char  r[] =
        "GET /?%61=%7e*-._%2A&b=%zz%4&c&=d&&e=1&f=a=b HTTP/1.1\nHost: a\n";

    defaults();

    EXPECT_STR(value_of(r, "\"@query-param\";name=\"a\""), "%7E*-._*");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"b\""), "%25zz%254");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"c\""), "");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"\""), "d");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"e\""), "1");
    EXPECT_STR(value_of(r, "\"@query-param\";name=\"f\""), "a%3Db");

    EXPECT_CODE(refused(r, "\"@query-param\";name=\"%61\""), SIGN_COVERAGE);
    EXPECT_CODE(refused(r, "\"@query-param\";name=\"g\""), SIGN_COVERAGE);
    EXPECT_CODE(refused("GET / HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"g\""), SIGN_COVERAGE);
    EXPECT_CODE(refused(r, "\"@query-param\""), SIGN_MALFORMED);
}


/* aws-iam-authenticator, CVE-2022-2385: which of the two does the application
   read */

TEST(repeated_query_parameters_are_refused)
{
    defaults();

    EXPECT_CODE(refused("GET /?a=1&b=2&a=1 HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a\""), SIGN_AMBIGUOUS);
    EXPECT_CODE(refused("GET /?a=1&b=2&%61=3 HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a\""), SIGN_AMBIGUOUS);
}


TEST(query_parameters_that_are_not_utf8_are_refused)
{
    defaults();

    EXPECT_CODE(refused("GET /?a=%FF HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a\""), SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /?a=%E2%82 HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a\""), SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /?a%C3=1 HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a%C3\""), SIGN_MALFORMED);
    EXPECT_CODE(refused("GET /?a%ED%A0%80=1 HTTP/1.1\nHost: a\n",
                        "\"@query-param\";name=\"a%ED%A0%80\""),
                SIGN_MALFORMED);
}


TEST(parameters_are_written_canonically)
{
    defaults();

    EXPECT_CODE(base_of(GET "Priority: u=1\n"
        SIGNED("(  \"@method\"   \"priority\";  sf=?1  )"
               ";  created=0001618884473; keyid=\"a\\\"b\\\\c\"")), SIGN_OK);

    EXPECT_STR(message.base,
        "\"@method\": GET\n"
        "\"priority\";sf: u=1\n"
        "\"@signature-params\": (\"@method\" \"priority\";sf)"
        ";created=1618884473;keyid=\"a\\\"b\\\\c\"");
    EXPECT_STR(message.key_id, "a\"b\\c");
}


TEST(the_order_of_parameters_is_the_signers)
{
    defaults();

    EXPECT_CODE(base_of(GET SIGNED("(\"@method\");tag=\"t\";keyid=\"k\""
        ";expires=1618884500;nonce=\"n\";alg=\"hmac-sha256\""
        ";created=1618884473")), SIGN_OK);

    EXPECT_STR(message.base, "\"@method\": GET\n\"@signature-params\": "
        "(\"@method\");tag=\"t\";keyid=\"k\";expires=1618884500;nonce=\"n\""
        ";alg=\"hmac-sha256\";created=1618884473");
    EXPECT_INT(message.expires, 1618884500);
    EXPECT_INT(message.alg, POSTERN_ALG_HMAC_SHA256);
    EXPECT_STR(message.tag, "t");
    EXPECT_STR(message.nonce, "n");
}


TEST(the_first_label_with_a_keyid_counts)
{
    defaults();

    EXPECT_CODE(base_of(GET
        "Signature-Input: a=(\"nowhere\");tag=\"x\";nonce=\"n\"\n"
        "Signature-Input: b=(\"@method\")" PARAMS
        ", c=(\"@path\");keyid=\"l\"\n"
        "Signature: c=:AQ==:, b=:Ag==:, a=:Aw==:, d=:BA==:\n\n"), SIGN_OK);

    EXPECT_STR(message.label, "b");
    EXPECT_STR(message.key_id, "k");
    EXPECT(message.nonce.data == NULL && message.tag.data == NULL);
    EXPECT_STR(message.base,
        "\"@method\": GET\n\"@signature-params\": (\"@method\")" PARAMS);
    EXPECT_STR(message.signature, "\x02");
    EXPECT_STR(text_of(detail()), "");
}


UNIT_MAIN()
