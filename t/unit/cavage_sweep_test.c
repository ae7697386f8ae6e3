/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup -lhiredis */

/*
 * cavage, every byte of a request changed to every other, every text cut short,
 * and every request for memory refused; and what only tests can bring about.
 */


#include "cavage_try.h"
#include "exact.h"
#include "scarce.h"


#define H256  "SHA-256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
#define HEAD  "Host: app.example\nDate: " DATE "\nContent-Length: 5\n"        \
              "Digest: " H256 "\n"


typedef struct {
    const char  *line;
    const char  *field;
    const char  *params;
    const char  *base;
} whole_t;


static const whole_t  wholes[] = {
    { "POST /a?b=c HTTP/1.1", "Signature",
      "keyId=\"AK1\",algorithm=\"hmac-sha256\","
      "headers=\"(request-target) host date digest\",signature=\"SIG\"",
      "(request-target): post /a?b=c\nhost: app.example\ndate: " DATE "\n"
      "digest: " H256 },

    { "POST /a HTTP/1.1", "Authorization",
      "Signature keyId=\"AK1\",algorithm=hs2019,created=1618884473,"
      "expires=1618884499.5,headers=\"(created) (expires) (request-target) "
      "Host digest\",signature=\"SIG\"",
      "(created): 1618884473\n(expires): 1618884499.5\n"
      "(request-target): post /a\nhost: app.example\ndigest: " H256 },

    { "POST /a HTTP/1.1", "Proxy-Authorization",
      "hmac username=\"AK1\", algorithm=\"hmac-sha256\", "
      "headers=\"Date request-line host digest\", signature=\"SIG\"",
      "Date: " DATE "\nPOST /a HTTP/1.1\nhost: app.example\n"
      "digest: " H256 },

    { "POST /a HTTP/1.1", "Authorization",
      "Signature keyId=\"AK1\",algorithm=\"hmac-sha256\","
      "headers=\"@request-target date host digest\",signature=\"SIG\"",
      "AK1\nPOST /a\ndate: " DATE "\nhost: app.example\n"
      "digest: " H256 "\n" }
};

#define NWHOLES  (sizeof(wholes) / sizeof(wholes[0]))


static sign_key_t     *ready;
static unsigned char   base[1024], mac[64];
static postern_str_t   signed_base, signed_mac;


static sign_code_e
verify(const postern_alloc_t *memory)
{
    sign_code_e  code;

    code = sign_parse(&request, &policy, memory, &message);

    if (code == SIGN_OK) {
        code = sign_check(&request, &policy, &key, organization, NULL, now,
                          &message);
    }

    if (code == SIGN_OK) {
        code = sign_base(&request, memory, &message);
    }

    return code == SIGN_OK ? sign_verify(ready, &message) : code;
}


static sign_code_e
verify_in_arena(void)
{
    int               same;
    sign_code_e       code;
    postern_arena_t  *arena;
    postern_alloc_t   memory;

    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);
    code = verify(&memory);

    /* what verifies is what was signed, however it is written */

    if (code == SIGN_OK) {
        same = postern_str_eq(message.base, signed_base)
               && postern_str_eq(message.signature, signed_mac);

        if (!same) {
            code = SIGN_DIGEST;
            EXPECT(same);
        }
    }

    postern_arena_destroy(arena);

    return code;
}


static void
whole(const whole_t *w)
{
    char           text[2048], signature[128];
    const char    *at;
    sign_field_t  *field;

    try_defaults();

    sign_key_destroy(ready);
    ready = sign_key_create(&key, try_secret);

    try_mac(w->base, signature);
    at = strstr(w->params, "SIG");

    snprintf(text, sizeof(text), "%s\n" HEAD "%s: %.*s%s%s\n\n", w->line,
             w->field, (int) (at - w->params), w->params, signature, at + 3);
    request_of(text);

    field = &request_fields[request.nfields - 1];
    EXPECT(postern_str_eq(field->name, copy_of(w->field, strlen(w->field),
                                               1)));

    signed_base.data = base;
    signed_base.len = strlen(w->base);
    memcpy(base, w->base, signed_base.len);

    signed_mac.data = mac;
    signed_mac.len = EVP_DecodeBlock(mac, (unsigned char *) signature,
                                     (int) strlen(signature)) - 1;
}


/* free: what is not signed may be written in another way */

static void
sweep(postern_str_t s, int free)
{
    size_t          i;
    unsigned        byte;
    unsigned char   was, *p;
    unsigned long   accepted;

    p = (unsigned char *) s.data;
    accepted = 0;

    for (i = 0; i < s.len; i++) {
        was = p[i];

        for (byte = 0; byte < 256; byte++) {
            p[i] = (unsigned char) byte;
            accepted += byte != was && verify_in_arena() == SIGN_OK && !free;
        }

        p[i] = was;
    }

    EXPECT_INT(accepted, 0);
}


TEST(every_changed_byte_is_refused)
{
    size_t    i;
    unsigned  w;

    for (w = 0; w < NWHOLES; w++) {
        whole(&wholes[w]);

        if (!EXPECT_CODE(verify_in_arena(), SIGN_OK)) {
            continue;
        }

        sweep(request.method, 0);
        sweep(request.target, 0);

        for (i = 0; i + 1 < request.nfields; i++) {

            /* Content-Length is nobody's here, nor is the date where created
               counts */

            sweep(request_fields[i].value,
                  i == 2 || (i == 1 && strstr(wholes[w].params, "(created)")));
        }

        sweep(request_fields[i].value, 1);

        EXPECT_CODE(verify_in_arena(), SIGN_OK);
    }
}


TEST(every_shorter_text_is_refused)
{
    size_t         i, len;
    unsigned       w;
    postern_str_t  was;

    for (w = 0; w < NWHOLES; w++) {
        whole(&wholes[w]);

        i = request.nfields - 1;
        was = request_fields[i].value;

        for (len = 0; len < was.len; len++) {
            request_fields[i].value = exact_slice(was.data, len);
            EXPECT(verify_in_arena() != SIGN_OK);
        }

        request_fields[i].value = was;
        was = request.target;

        for (len = 0; len < was.len; len++) {
            request.target = exact_slice(was.data, len);
            EXPECT(verify_in_arena() != SIGN_OK);
        }
    }
}


TEST(a_request_without_memory_is_refused_as_such)
{
    unsigned         w;
    sign_code_e      code;
    postern_alloc_t  memory;

    for (w = 0; w < NWHOLES; w++) {
        whole(&wholes[w]);
        memory = scarce_allocator();

        while (scarce_next()) {
            code = verify(&memory);
            EXPECT_INT(code, scarce_failed() ? SIGN_NO_MEMORY : SIGN_OK);
        }

        scarce_free();
    }
}


/* what no caller does, and what no client of nginx can */

TEST(odd_requests)
{
    size_t         i;
    char           text[1024];
    postern_str_t  method;

    static const char  *const  methods[] = { "G T", "G\x7fT", "G\xffT", "get" };

    static const char  *const  names[] = {
        "k{", "k}", "k@", "k[", "k/", "k:", "a_very_long_name_of_more_than_"
        "sixty_four_letters_that_nobody_would_give_a_parameter"
    };

    try_defaults();

    parse_of(GET "\n");
    EXPECT_CODE(sign_cavage_parse(&request, &policy, &request_memory,
                                  &message), SIGN_MISSING);

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        parse_of(GET "Signature: keyId=\"a\",signature=AAAA\n\n");
        request.method = text_of(methods[i]);
        EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                    SIGN_UNSUPPORTED);
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), GET "Signature: keyId=\"a\","
                 "signature=AAAA,%s\n\n", names[i]);
        EXPECT_CODE(parse_of(text), SIGN_MALFORMED);
    }

    EXPECT_CODE(parse_of(GET "Signature: keyId=\"a\",signature=A/AA,"
                         "x9~|=b/c\n\n"), SIGN_OK);

    /* a base without the coverage that comes before it */
    EXPECT_CODE(base_of(GET "Signature: keyId=\"a\",signature=AAAA,"
                        "headers=\"x-absent\"\n\n"), SIGN_COVERAGE);

    parse_of(GET "Signature: keyId=\"a\",signature=AAAA,"
             "headers=\"(request-target)\"\n\n");
    method = text_of("M-SEARCH_1");
    request.method = method;
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_STR(message.base, "(request-target): m-search_1 /a?b=c");
}


UNIT_MAIN()
