/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup -lhiredis */

/* RFC 9421, every byte of a request changed to every other, every request for
   memory refused, and texts as long as they may be. */

#include "unit.h"

#include <openssl/evp.h>

#include "sign_request.h"
#include "sign_steps.h"
#include "sign_sf.h"
#include "exact.h"
#include "scarce.h"


#define SECRET  "a secret of the tests, not of anyone"


/* the head of a request, all of it but the signature: %s */

static const char  whole[] =
    "POST /a/b?x=1&name=A+b HTTP/1.1\n"
    "Host: app.example\n"
    "Content-Type: text/plain\n"
    "Content-Length: 5\n"
    "Content-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\n"
    "X-List: a, b;c=1\n"
    "X-List: \"d\"\n"
    "Example-Dict: b=(1 2);x\n"
    "Signature-Input: sig1=(\"@method\" \"@authority\" \"@scheme\" \"@path\" "
    "\"@query\" \"@query-param\";name=\"name\" \"content-type\" "
    "\"content-digest\" \"x-list\" \"x-list\";bs \"example-dict\";key=\"b\" "
    "\"want-repr-digest\";sf)"
    ";created=1618884473;keyid=\"k\";nonce=\"n\";alg=\"hmac-sha256\""
    ";expires=1618884573;tag=\"t\"\n"
    "Want-Repr-Digest: max-age=60,private\n"
    "Signature: sig1=:%s:\n\n";


static sign_key_t      *secret_key;
static postern_arena_t  *steps_arena;


/* all steps on what request holds, in memory of their own */

static sign_code_e
verify(const postern_alloc_t *memory)
{
    sign_code_e  code;

    code = sign_parse(&request, &policy, memory, &message);

    if (code == SIGN_OK) {
        code = sign_check(&request, &policy, &key, organization, address, now,
                          &message);
    }

    if (code == SIGN_OK) {
        code = sign_base(&request, memory, &message);
    }

    return code == SIGN_OK ? sign_verify(secret_key, &message) : code;
}


static sign_code_e
verify_in_arena(void)
{
    postern_alloc_t  memory;

    postern_arena_destroy(steps_arena);
    steps_arena = postern_arena_create();
    memory = postern_arena_allocator(steps_arena);

    return verify(&memory);
}


static void
signed_request(void)
{
    char           text[2048], base64[128];
    unsigned char  mac[32];

    static const postern_str_t  secret = postern_string(SECRET);

    defaults();
    policy.cover = SIGN_COVER_DEFAULT | SIGN_COVER_SCHEME;

    if (secret_key == NULL) {
        secret_key = sign_key_create(&key, secret);
    }

    snprintf(text, sizeof(text), whole,
             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    request_of(text);
    EXPECT_INT(verify_in_arena(), SIGN_INVALID);

    HMAC(EVP_sha256(), secret.data, (int) secret.len, message.base.data,
         message.base.len, mac, NULL);
    EVP_EncodeBlock((unsigned char *) base64, mac, sizeof(mac));

    snprintf(text, sizeof(text), whole, base64);
    request_of(text);
}


/* names of hosts have no case */

static int
is_free(postern_str_t s, unsigned char was, unsigned char byte)
{
    return s.data == request.authority.data
           && (was | 0x20) == (byte | 0x20)
           && (was | 0x20) >= 'a' && (was | 0x20) <= 'z';
}


static void
sweep(postern_str_t s)
{
    size_t          i;
    unsigned        byte;
    unsigned char   was, *p;
    unsigned long   accepted;

    p = (unsigned char *) s.data;

    for (i = 0; i < s.len; i++) {
        was = p[i];
        accepted = 0;

        for (byte = 0; byte < 256; byte++) {

            if (byte == was || is_free(s, was, (unsigned char) byte)) {
                continue;
            }

            p[i] = (unsigned char) byte;

            if (verify_in_arena() == SIGN_OK) {
                accepted++;
                printf("# byte %zu of \"%.*s\" may be 0x%02x\n", i,
                       (int) s.len, (char *) p, byte);
            }
        }

        p[i] = was;
        EXPECT_INT(accepted, 0);
    }
}


TEST(every_changed_byte_is_refused)
{
    size_t  i;

    signed_request();

    if (!EXPECT_CODE(verify_in_arena(), SIGN_OK)) {
        return;
    }

    sweep(request.method);
    sweep(request.target);
    sweep(request.scheme);

    for (i = 0; i < request.nfields; i++) {

        /* over the body's length nginx watches */

        if (postern_str_is(request_fields[i].name, "content-length")) {
            continue;
        }

        /* an authority needs no field: HTTP/2 */

        if (!postern_str_is(request_fields[i].name, "host")) {
            sweep(request_fields[i].name);
        }

        sweep(request_fields[i].value);
    }

    EXPECT_CODE(verify_in_arena(), SIGN_OK);
}


TEST(every_shorter_text_is_refused)
{
    size_t         i, n;
    postern_str_t  was;

    signed_request();

    for (i = 0; i < request.nfields; i++) {
        was = request_fields[i].value;

        if (postern_str_is(request_fields[i].name, "content-length")) {
            continue;
        }

        for (n = 0; n < was.len; n++) {
            request_fields[i].value = exact_slice(was.data, n);
            EXPECT(verify_in_arena() != SIGN_OK);
        }

        request_fields[i].value = was;
    }

    was = request.target;

    for (n = 0; n < was.len; n++) {
        request.target = exact_slice(was.data, n);
        EXPECT(verify_in_arena() != SIGN_OK);
    }
}


TEST(a_request_without_memory_is_refused_as_such)
{
    unsigned         refused;
    sign_code_e      code;
    postern_alloc_t  memory;

    signed_request();
    memory = scarce_allocator();
    refused = 0;

    while (scarce_next()) {
        code = verify(&memory);

        if (scarce_failed()) {
            EXPECT_INT(code, SIGN_NO_MEMORY);
            refused++;

        } else {
            EXPECT_CODE(code, SIGN_OK);
        }
    }

    EXPECT(refused > 8);
}


/* --- Connection --------------------------------------------------------- */

#define HOP(connection)                                                       \
    "GET / HTTP/1.1\nHost: a\nX-A: 1\nX-Abc: 2\n" connection                  \
    "Signature-Input: sig=(\"@method\" \"x-a\");created=1618884473;"          \
    "keyid=\"k\"\nSignature: sig=:AAECAw==:\n\n"


TEST(what_connection_takes_away_is_not_signed)
{
    unsigned  i;

    static const char *const  good[] = {
        HOP(""), HOP("Connection: close\n"), HOP("Connection: keep-alive\n"),
        HOP("Connection: Upgrade\n"), HOP("Connection:\n"),
        HOP("Connection: x-b , x-c\n"), HOP("Connection: , ,\n"),
        HOP("Connection: x-abc, \t x-c\t \n"), HOP("Connection: closer\n"),
        HOP("Connection: close\nConnection: x-ab\n"),
        HOP("Connection: @-a\n"), HOP("Connection: [-a\n")
    };

    static const char *const  bad[] = {
        HOP("Connection: x-a\n"), HOP("Connection: X-A\n"),
        HOP("Connection: close, x-a\n"), HOP("Connection: x-b,\tx-a\t,x-c\n"),
        HOP("Connection: close\nConnection: x-a\n")
    };

    defaults();

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        EXPECT_CODE(check_of(good[i]), SIGN_OK);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT_CODE(check_of(bad[i]), SIGN_AMBIGUOUS);
    }
}


/* SigV4's parts of this are in sigv4_sweep_test.c, but for this one */

TEST(what_connection_takes_away_is_not_signed_by_sigv4_either)
{
    defaults();
    now = 1440938160;

    EXPECT_CODE(check_of("GET / HTTP/1.1\nHost: a\n"
                         "Connection: x-amz-date\n"
                         "X-Amz-Date: 20150830T123600Z\n"
                         "Authorization: AWS4-HMAC-SHA256 Credential=AK/"
                         "20150830/us-east-1/service/aws4_request, "
                         "SignedHeaders=host;x-amz-date, Signature="
                         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8a"
                         "ae1d763fbf31\n\n"), SIGN_AMBIGUOUS);
}


#define NAMED(field)                                                          \
    "GET / HTTP/1.1\nHost: a\n" field ": 1\n"                                 \
    "Signature-Input: sig=(\"@method\");created=1618884473;"                  \
    "keyid=\"k\"\nSignature: sig=:AAECAw==:\n\n"


TEST(names_that_frame_a_body_for_some_are_refused)
{
    defaults();

    EXPECT_CODE(check_of(NAMED("Content_Length")), SIGN_AMBIGUOUS);
    EXPECT_CODE(check_of(NAMED("Transfer_Encoding")), SIGN_AMBIGUOUS);
    EXPECT_CODE(check_of(NAMED("Content_Lengths")), SIGN_OK);
    EXPECT_CODE(check_of(NAMED("Xontent_Length")), SIGN_OK);
    EXPECT_CODE(check_of(NAMED("Content_Lengt_")), SIGN_OK);
    EXPECT_CODE(check_of(NAMED("Contentx_ength")), SIGN_OK);

    /* nginx has no field without a name; the code would stand one */

    parse_of(NAMED("X-A"));
    request_fields[1].name.len = 0;
    EXPECT_INT(sign_parse(&request, &policy, &request_memory, &message),
               SIGN_OK);
}


TEST(a_message_of_no_scheme_has_no_base)
{
    defaults();
    EXPECT_CODE(check_of(NAMED("X-A")), SIGN_OK);

    message.scheme = 0;
    EXPECT_CODE(sign_base(&request, &request_memory, &message),
                SIGN_UNSUPPORTED);
    EXPECT_CODE(sign_check(&request, &policy, &key, organization, address, now,
                           &message), SIGN_UNSUPPORTED);
}


/* --- components ---------------------------------------------------------- */

static char  text[4 * SIGN_MAX_BASE];


/* a request with this target, these fields and this list of components */

static sign_code_e
base_with(const char *target, const char *fields, const char *components)
{
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\nHost: a.example\n%s"
             "Signature-Input: sig=(%s);created=1618884473;keyid=\"k\"\n"
             "Signature: sig=:AAECAw==:\n\n", target, fields, components);

    return base_of(text);
}


static const char *
kept(const char *s)
{
    return (const char *) exact_bytes(s, strlen(s) + 1);
}


/* n times a piece */

static const char *
times(unsigned n, const char *piece)
{
    static char  many[2 * SIGN_MAX_BASE];
    char        *p = many;

    while (n--) {
        p = stpcpy(p, piece);
    }

    *p = '\0';

    return many;
}


TEST(names_of_fields_and_their_parameters)
{
    unsigned  i;

    static const struct {
        const char   *components;
        sign_code_e   code;
    } cases[] = {
        { "\"x-1a_!#$%&'*+.^`|~\"", SIGN_OK },
        { "\"x-{\"", SIGN_MALFORMED }, { "\"x:\"", SIGN_MALFORMED },
        { "\"x-A\"", SIGN_MALFORMED }, { "\"\"", SIGN_MALFORMED },
        { "%\"x-a\"", SIGN_MALFORMED }, { "x-a", SIGN_MALFORMED },
        { "\"x-a\";sf=?0", SIGN_UNSUPPORTED },
        { "\"x-a\";bs=1", SIGN_UNSUPPORTED },
        { "\"x-a\";key=1", SIGN_UNSUPPORTED },
        { "\"x-a\";key=%\"a\"", SIGN_UNSUPPORTED },
        { "\"x-a\";name=\"a\"", SIGN_UNSUPPORTED },
        { "\"x-a\";req", SIGN_UNSUPPORTED },
        { "\"x-a\";key=\"a\";key=\"a\"", SIGN_AMBIGUOUS },
        { "\"@query-param\";name=1", SIGN_UNSUPPORTED },
        { "\"@query-param\";key=\"a\"", SIGN_UNSUPPORTED },
        { "\"@query-param\";name=\"a\";name=\"a\"", SIGN_AMBIGUOUS },
        { "\"@method\";name=\"a\"", SIGN_UNSUPPORTED },
        { "\"@method\" \"x-a\";", SIGN_MALFORMED },
        { "\"@method\" \"x-a", SIGN_MALFORMED },
        { "\"@method\" \"x-a\";key=", SIGN_MALFORMED },
        { "\"@method\"\"x-a\"", SIGN_MALFORMED }
    };

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_CODE(base_with("/?a", "X-A: a=1\nX-1a_!#$%&'*+.^`|~: 1\n",
                                   cases[i].components), cases[i].code))
        {
            printf("# of %s\n", cases[i].components);
        }
    }
}


TEST(numbers_of_parameters_are_bounded)
{
    char  components[16384];

    defaults();

    snprintf(components, sizeof(components), "\"x-a\"%s",
             times(SIGN_SF_MAX_PARAMS + 1, ";a"));
    EXPECT_CODE(base_with("/", "X-A: 1\n", components), SIGN_TOO_LARGE);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\nSignature-Input: "
             "sig=()%s\nSignature: sig=:AAECAw==:\n\n",
             times(SIGN_SF_MAX_PARAMS + 1, ";a"));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    /* of a signature that is not looked at */

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\nSignature-Input: "
             "sig=(\"@method\");created=1618884473;keyid=\"k\", b=()%s\n"
             "Signature: sig=:AAECAw==:\n\n",
             times(SIGN_SF_MAX_PARAMS + 1, ";a"));
    EXPECT(base_of(text) != SIGN_OK);
}


TEST(fields_of_several_lines)
{
    defaults();

    EXPECT_CODE(base_with("/", "X-A: 1\nX-A:\nX-A: 3\n", "\"x-a\""), SIGN_OK);
    EXPECT(memmem(message.base.data, message.base.len, "\"x-a\": 1, , 3\n",
                  14) != NULL);

    EXPECT_CODE(base_with("/", "X-A:\nX-A:\n", "\"x-a\""), SIGN_OK);
    EXPECT_CODE(base_with("/", "X-A: \t 1\t \n", "\"x-a\""), SIGN_OK);
    EXPECT(memmem(message.base.data, message.base.len, "\"x-a\": 1\n", 9)
           != NULL);

    /* a field that is there without a byte */

    EXPECT_CODE(base_with("/", "X-A: 1\n", "\"x-a\""), SIGN_OK);
    request_fields[1].value.data = NULL;
    request_fields[1].value.len = 0;
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT(memmem(message.base.data, message.base.len, "\"x-a\": \n", 8)
           != NULL);
}


TEST(a_field_is_no_longer_than_a_base)
{
    char  *line, *lines;

    defaults();

    line = malloc(SIGN_MAX_BASE + 64);
    lines = malloc(2 * SIGN_MAX_BASE + 64);

    sprintf(line, "X-A: %s\n", times(SIGN_MAX_BASE + 1, "a"));

    EXPECT_CODE(base_with("/", line, "\"x-a\""), SIGN_TOO_LARGE);
    EXPECT_CODE(base_with("/", line, "\"x-a\";bs"), SIGN_TOO_LARGE);
    EXPECT_CODE(base_with("/", line, "\"x-a\";key=\"a\""), SIGN_TOO_LARGE);

    sprintf(line, "X-A: %s\n", times(SIGN_MAX_BASE / 2, "a"));
    sprintf(lines, "%s%s", line, line);

    EXPECT_CODE(base_with("/", lines, "\"x-a\""), SIGN_TOO_LARGE);

    /* Signature-Input of more than one line, and of more than a header's */

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n"
             "Signature-Input: sig=(\"%s\")\nSignature: sig=:AAECAw==:\n\n",
             times(SIGN_MAX_HEADER, "a"));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n"
             "Signature-Input: sig=(\"@method\")\nSignature: sig=:%s:\n\n",
             times(SIGN_MAX_HEADER, "a"));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n"
             "Signature-Input: %s\nSignature-Input: %s\n"
             "Signature: sig=:AAAA:\n\n",
             times(SIGN_MAX_BASE / 2, "a"), times(SIGN_MAX_BASE / 2, "a"));
    EXPECT_CODE(base_of(text), SIGN_TOO_LARGE);

    free(line);
    free(lines);
}


TEST(members_of_structured_fields)
{
    unsigned  i;

    static const struct {
        const char   *field;
        const char   *components;
        sign_code_e   code;
    } cases[] = {
        { "X-A: a, b=2;x\n", "\"x-a\";key=\"a\"", SIGN_OK },
        { "X-A: a, b=2;x\n", "\"x-a\";key=\"b\"", SIGN_OK },
        { "X-A:\n", "\"x-a\";key=\"a\"", SIGN_COVERAGE },
        { "X-A: b\n", "\"x-a\";key=\"a\"", SIGN_COVERAGE },
        { "X-A: a=(\n", "\"x-a\";key=\"a\"", SIGN_MALFORMED },
        { "X-A: b=(, a\n", "\"x-a\";key=\"a\"", SIGN_MALFORMED },
        { "X-A: b;=, a\n", "\"x-a\";key=\"a\"", SIGN_MALFORMED },
        { "X-A: a, B\n", "\"x-a\";key=\"a\"", SIGN_MALFORMED },
        { "X-A: a,\n", "\"x-a\";key=\"a\"", SIGN_MALFORMED },
        { "Priority: u=(\n", "\"priority\";sf", SIGN_MALFORMED },
        { "Priority: u=1\n", "\"priority\";sf", SIGN_OK }
    };

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_CODE(base_with("/", cases[i].field, cases[i].components),
                         cases[i].code))
        {
            printf("# of %s", cases[i].field);
        }
    }

    snprintf(text, sizeof(text), "Client-Cert-Chain: %sa\n",
             times(SIGN_SF_MAX_MEMBERS, "a,"));
    EXPECT_CODE(base_with("/", kept(text), "\"client-cert-chain\";sf"),
                SIGN_TOO_LARGE);
}


TEST(query_parameters_of_every_kind)
{
    unsigned  i;

    static const struct {
        const char   *target;
        sign_code_e   code;
    } cases[] = {
        { "/?a=%41%7a%C3%A9+-", SIGN_OK }, { "/?a=%4", SIGN_OK },
        { "/?a=%", SIGN_OK }, { "/?a=%g1", SIGN_OK }, { "/?a=%1g", SIGN_OK },
        { "/?a=%:1%1/", SIGN_OK }, { "/?a=%@1%1`", SIGN_OK },
        { "/?b", SIGN_COVERAGE }, { "/", SIGN_COVERAGE },
        { "/?a=%ff", SIGN_MALFORMED }, { "/?a&a", SIGN_AMBIGUOUS }
    };

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_CODE(base_with(cases[i].target, "",
                                   "\"@query-param\";name=\"a\""),
                         cases[i].code))
        {
            printf("# of %s\n", cases[i].target);
        }
    }

    snprintf(text, sizeof(text), "/?a=1%s", times(SIGN_MAX_QUERY, "&b"));
    EXPECT_CODE(base_with(kept(text), "", "\"@query-param\";name=\"a\""),
                SIGN_TOO_LARGE);

    snprintf(text, sizeof(text), "/?a=%s", times(SIGN_MAX_BASE / 2, "b"));
    EXPECT_CODE(base_with(kept(text), "", "\"@query-param\";name=\"a\""),
                SIGN_TOO_LARGE);
}


TEST(addresses_and_hosts)
{
    unsigned  i;

    static const struct {
        const char   *target;
        const char   *host;
        sign_code_e   code;
    } cases[] = {
        { "/", "a.example:443", SIGN_OK }, { "/", "a:80", SIGN_OK },
        { "/", "a:8x", SIGN_OK }, { "/", "a:", SIGN_OK },
        { "/", "[::1]:80", SIGN_OK }, { "/", "_~%!$&'()*+,;=[]", SIGN_OK },
        { "/", "a/b", SIGN_MALFORMED }, { "/", "a?", SIGN_MALFORMED },
        { "/", "a@b", SIGN_MALFORMED }, { "/", "a{", SIGN_MALFORMED },
        { "http://a/", "a", SIGN_OK }, { "https://a/", "a", SIGN_MALFORMED },
        { "h+t-t.9://a/", "a", SIGN_MALFORMED },
        { "9http://a/", "a", SIGN_MALFORMED },
        { "h_ttp://a/", "a", SIGN_MALFORMED },
        { "http", "a", SIGN_MALFORMED }, { "http:", "a", SIGN_MALFORMED },
        { "http:/", "a", SIGN_MALFORMED }, { "http:x/a", "a", SIGN_MALFORMED },
        { "http:/xa", "a", SIGN_MALFORMED },
        { "http://b/", "a", SIGN_MALFORMED }
    };

    defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\nHost: %s\n"
                 "Signature-Input: sig=(\"@target-uri\" \"@path\");"
                 "created=1618884473;keyid=\"k\"\nSignature: sig=:AAAA:\n\n",
                 cases[i].target, cases[i].host);

        if (cases[i].code == SIGN_OK) {
            EXPECT_CODE(base_of(text), SIGN_OK);
        } else if (!EXPECT(base_of(text) != SIGN_OK)) {
            printf("# of %s, %s\n", cases[i].target, cases[i].host);
        }
    }

    /* over https another port is none */

    request_of("GET / HTTP/1.1\nHost: a:443\nSignature-Input: "
               "sig=(\"@authority\");created=1618884473;keyid=\"k\"\n"
               "Signature: sig=:AAAA:\n\n");

    for (i = 0; i < 2; i++) {
        request.scheme = text_of("https");
        EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                    SIGN_OK);
        EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
        EXPECT_INT(memmem(message.base.data, message.base.len,
                          "\"@authority\": a\n", 16) != NULL, i == 0);
        request.authority = text_of("a:444");
        request_fields[0].value = request.authority;
    }

    /* no target, no host */

    request.target.len = 0;
    EXPECT(sign_parse(&request, &policy, &request_memory, &message)
           != SIGN_OK);

    EXPECT_CODE(base_with("/", "", "\"@target-uri\""), SIGN_OK);
    request.authority.len = 0;
    request_fields[0] = request_fields[--request.nfields];
    (void) sign_parse(&request, &policy, &request_memory, &message);
    EXPECT(sign_base(&request, &request_memory, &message) != SIGN_OK);
}


TEST(a_demanded_field_is_not_covered_by_a_member_of_it)
{
    static postern_str_t  demanded = postern_string("x-a");

    defaults();
    policy.fields = &demanded;
    policy.nfields = 1;

    EXPECT_CODE(check_of("GET / HTTP/1.1\nHost: a\nX-A: a\nX-B: b\n"
                         "Signature-Input: sig=(\"x-b\" \"x-a\");"
                         "created=1618884473;keyid=\"k\"\n"
                         "Signature: sig=:AAAA:\n\n"), SIGN_OK);
    EXPECT_CODE(check_of("GET / HTTP/1.1\nHost: a\nX-A: a\nX-B: b\n"
                         "Signature-Input: sig=(\"x-b\" \"x-a\";key=\"a\");"
                         "created=1618884473;keyid=\"k\"\n"
                         "Signature: sig=:AAAA:\n\n"), SIGN_COVERAGE);
}


TEST(a_digest_is_a_dictionary_of_bytes)
{
    unsigned  i;

    static const char *const  bad[] = {
        "sha-256", "sha-256:", "sha-256=1", "sha-256=:A", "=:AAAA:", ",",
        "x=:AAAA:,", "x=:AAAA:;=", "x=:AAAA: y=:AAAA:"
    };

    defaults();

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n"
                 "Content-Digest: %s\nSignature-Input: "
                 "sig=(\"content-digest\");created=1618884473;keyid=\"k\"\n"
                 "Signature: sig=:AAAA:\n\n", bad[i]);
        EXPECT_CODE(check_of(text), SIGN_MALFORMED);
    }

    snprintf(text, sizeof(text), "GET / HTTP/1.1\nHost: a\n"
             "Content-Digest: x=:%s:\nSignature-Input: "
             "sig=(\"content-digest\");created=1618884473;keyid=\"k\"\n"
             "Signature: sig=:AAAA:\n\n", times(SIGN_MAX_HEADER, "A"));
    EXPECT_CODE(check_of(text), SIGN_TOO_LARGE);
}


UNIT_MAIN()
