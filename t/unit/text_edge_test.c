/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   ngx_http_postern_module/postern_resp.c
   ngx_http_postern_module/postern_url.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

/* Small readers and writers at their ends: texts that are cut, one byte too
   long, or of bytes at the edge of what is allowed. */

#include <sodium.h>

#include "directory_example.h"
#include "postern_argon2.h"
#include "postern_directory_parse.h"
#include "postern_resp.h"
#include "postern_seal.h"
#include "postern_url.h"
#include "exact.h"
#include "scarce.h"


/* --- places in JSON ------------------------------------------------------ */

static const char  nested[] =
    "{ \"a\" : [1, [2,3], {\"b\\u20ac\\u0041\\uff01\\ud83d\\ude00\\n\\/\" : 2,"
    "\n\t\"c\\x\": \"x\\\\\\\"y\"}], \"d\":{}, \"e\":\"\\\"\", \"\\u00e9\":0 }";


TEST(places_are_found_in_a_text_and_in_none_that_is_cut)
{
    int                i, rc;
    size_t             n;
    unsigned           line, column;
    postern_json_at_t  a = { NULL, "a", 0 }, second = { &a, NULL, 1 },
                       three = { &second, NULL, 1 }, third = { &a, NULL, 2 },
                       b = { &third, "b\xe2\x82\xac" "A\xef\xbc\x81"
                                     "\xf0\x9f\x98\x80\n/", 0 },
                       c = { &third, "cx", 0 }, d = { NULL, "d", 0 },
                       in_d = { &d, "x", 0 }, none = { NULL, "z", 0 },
                       behind = { &a, NULL, 3 }, odd = { &a, "x", 0 },
                       e = { NULL, "\xc3\xa9", 0 }, list = { &d, NULL, 0 };

    const struct {
        const postern_json_at_t  *at;
        int                       rc;
        unsigned                  line;
        unsigned                  column;
    } cases[] = {
        { NULL, 0, 1, 1 }, { &a, 0, 1, 9 }, { &three, 0, 1, 16 },
        { &third, 0, 1, 20 }, { &b, 0, 1, 61 }, { &c, 0, 2, 9 },
        { &d, 0, 2, 25 }, { &in_d, -1, 0, 0 }, { &none, -1, 0, 0 },
        { &behind, -1, 0, 0 }, { &odd, -1, 0, 0 }, { &e, 0, 2, 48 },
        { &list, -1, 0, 0 }
    };

    for (i = 0; i < (int) (sizeof(cases) / sizeof(cases[0])); i++) {
        line = column = 0;
        rc = postern_json_locate(exact(nested), cases[i].at,
                                 POSTERN_JSON_VALUE, &line, &column);
        EXPECT_INT(rc, cases[i].rc);
        EXPECT_INT(line, cases[i].line);

        if (!EXPECT_INT(column, cases[i].column)) {
            printf("# case %d\n", i);
        }

        for (n = 0; n < sizeof(nested) - 1; n++) {
            rc = postern_json_locate(exact_slice(nested, n), cases[i].at,
                                     POSTERN_JSON_VALUE, &line, &column);
            EXPECT(rc == 0 || rc == -1);
        }
    }
}


TEST(a_place_too_deep_is_none)
{
    unsigned           i, line, column;
    postern_json_at_t  deep[40];

    for (i = 0; i < 40; i++) {
        deep[i].up = i ? &deep[i - 1] : NULL;
        deep[i].member = NULL;
        deep[i].index = 0;
    }

    EXPECT_INT(postern_json_locate(exact("[[[[]]]]"), &deep[2],
                                   POSTERN_JSON_VALUE, &line, &column), 0);
    EXPECT_INT(postern_json_locate(exact("[[[[]]]]"), &deep[39],
                                   POSTERN_JSON_VALUE, &line, &column), -1);
}


TEST(white_space_is_of_four_kinds)
{
    unsigned           line, column;
    postern_json_at_t  a = { NULL, "a", 0 }, first = { NULL, NULL, 0 };

    EXPECT_INT(postern_json_locate(exact("\r{\r\"a\"\r:\r1}"), &a,
                                   POSTERN_JSON_VALUE, &line, &column), 0);
    EXPECT_INT(postern_json_locate(exact("[ ]"), &first, POSTERN_JSON_VALUE,
                                   &line, &column), -1);
}


TEST(broken_json_is_told_where_it_breaks)
{
    unsigned         i;
    char             json[512], name[128];
    postern_error_t  err;

    static const char *const  broken[] = {
        "\"", "}", "x", "1", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        "12345678901234567890123456789012", "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\""
        "\"b\"]", "[1 \"\\\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]"
    };

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        EXPECT(postern_json_load(exact(broken[i]), &err) == NULL);
        EXPECT(err.text[0] != '\0' && err.line == 1 && err.column >= 1);
    }

    /* a name too long to be told, and names with bytes that are not */

    for (i = 60; i < 70; i++) {
        memset(name, 'a', i);
        name[i] = '\0';
        snprintf(json, sizeof(json), "{\"%s\":1,\"%s\":2}", name, name);
        EXPECT(postern_json_load(exact(json), &err) == NULL);
        EXPECT(strstr(err.text, "a second time") != NULL);
        EXPECT_INT(strstr(err.text, "aaaa") != NULL, i < 64);
    }

    EXPECT(postern_json_load(exact("{\"\xc2\xa0\":1,\"\xc2\xa0\":2}"), &err)
           == NULL);
    EXPECT(strstr(err.text, "\xc2\xa0") != NULL);
}


TEST(a_quote_shows_no_control)
{
    char  out[64];

    EXPECT_STR(slice(postern_json_quote(exact("a\x1f\x7f\xc2\x9f\xc2\xa0\xc2"),
                                        out, sizeof(out))),
               "\"a\\u001f\\u007f\\u009f\xc2\xa0\xc2\"");
    EXPECT(postern_json_is(NULL, JSON_OBJECT) == 0);
}


TEST(json_without_memory_says_so)
{
    json_t           *json;
    postern_error_t   err;

    json_set_alloc_funcs(__wrap_malloc, free);

    while (scarce_next()) {
        json = postern_json_load(slice("{}"), &err);

        if (scarce_failed()) {
            EXPECT(json == NULL);
            EXPECT_STR(slice(err.text), "out of memory");

        } else {
            EXPECT(json != NULL);
        }

        json_decref(json);
    }

    json_set_alloc_funcs(malloc, free);
}


/* --- names, numbers, addresses ------------------------------------------- */

TEST(a_sealed_record_has_a_name_of_bounded_parts)
{
    size_t         n;
    char           out[300];
    unsigned char  text[POSTERN_NAME_MAX + 1];
    postern_str_t  whole = { POSTERN_NAME_MAX, text },
                   longer = { POSTERN_NAME_MAX + 1, text };

    memset(text, 'a', sizeof(text));

    EXPECT(postern_seal_name(out, sizeof(out), whole, "keys", whole, "secret")
           > 0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), longer, "keys", whole, "s"),
               0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), whole, "keys", longer, "s"),
               0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), slice(""), "k", whole, "s"),
               0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), whole, "k", slice(""), "s"),
               0);

    n = postern_seal_name(out, sizeof(out), slice("o"), "k", slice("r"), "m");
    EXPECT_INT(n, 7);
    EXPECT_INT(postern_seal_name(out, n, slice("o"), "k", slice("r"), "m"), 0);
}


TEST(networks_of_odd_lengths)
{
    unsigned           i;
    postern_network_t  network;

    static const char *const  bad[] = {
        "", "/8", "10.0.0.0/", "10.0.0.0/1234", "10.0.0.0/x", "10.0.0.0/3:",
        "10.0.0.0/ 8", "1234567890123456789012345678901234567890123456"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT(postern_network_parse(exact(bad[i]), &network) != NULL);
    }

    EXPECT(postern_network_parse(exact("::/0"), &network) == NULL);
}


TEST(integers_of_replies)
{
    int64_t  n;

    EXPECT_INT(postern_resp_parse_int(exact(":"), &n), 0);
    EXPECT_INT(postern_resp_parse_int(exact("/"), &n), 0);
    EXPECT_INT(postern_resp_parse_int(exact("1:"), &n), 0);
    EXPECT_INT(postern_resp_parse_int(exact("9223372036854775808"), &n), 0);
    EXPECT_INT(postern_resp_parse_int(exact("9223372036854775807"), &n), 1);
    EXPECT(n == INT64_MAX);
}


TEST(methods_and_patterns_at_their_ends)
{
    char           deep[2 * POSTERN_SEGMENTS_MAX + 3];
    unsigned       i;
    postern_str_t  nul = { 4, (const unsigned char *) "GE\0T" };

    static const struct {
        const char  *pattern;
        int          good;
    } cases[] = {
        { "/.", 0 }, { "/..", 0 }, { "/.a", 1 }, { "/..a", 1 }, { "/...", 1 },
        { "/a.", 1 }, { "/*", 1 }, { "/**", 1 }, { "/***", 0 }, { "/*a", 0 },
        { "/a*", 0 }, { "/**/a", 0 }, { "/a//b", 0 }, { "/a\x1f", 0 },
        { "/a\x7f", 0 }, { "/a b", 1 }, { "", 0 }, { "a", 0 }
    };

    EXPECT(postern_method_fault(nul) != NULL);
    EXPECT(postern_method_fault(slice("GET")) == NULL);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_INT(postern_pattern_fault(exact(cases[i].pattern)) == NULL,
                        cases[i].good))
        {
            printf("# of %s\n", cases[i].pattern);
        }
    }

    for (i = 0; i <= POSTERN_SEGMENTS_MAX; i++) {
        memcpy(deep + 2 * i, "/a", 3);
        EXPECT_INT(postern_pattern_fault(exact(deep)) == NULL,
                   i < POSTERN_SEGMENTS_MAX);
    }
}


TEST(a_hash_longer_than_any_is_none)
{
    char              text[POSTERN_ARGON2_TEXT + 2];
    postern_argon2_t  hash;

    memset(text, '$', sizeof(text));
    EXPECT_INT(postern_argon2_parse((postern_str_t) { sizeof(text),
                   (unsigned char *) text }, &hash), -1);
}


TEST(a_hint_is_near_and_not_long)
{
    char           hint[POSTERN_HINT], longer[64];
    const char    *known[3] = { "operator", NULL, NULL };

    EXPECT(strstr(postern_hint(slice("operater"), known, hint), "operator"));
    EXPECT_INT(postern_hint(slice("zzzzzzzz"), known, hint)[0], 0);

    memset(longer, 'o', 63);
    longer[63] = '\0';
    EXPECT_INT(postern_hint(slice(longer), known, hint)[0], 0);

    known[0] = longer;
    EXPECT_INT(postern_hint(slice("operator"), known, hint)[0], 0);

    /* as far from it as it is long: another word */

    known[0] = "ab";
    EXPECT_INT(postern_hint(slice("xyzxyz"), known, hint)[0], 0);
    known[0] = "a";
    EXPECT_INT(postern_hint(slice("bcd"), known, hint)[0], 0);
}


/* --- values of a directory ----------------------------------------------- */

static int
directory_is(const char *json)
{
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = parse(json, &err);
    postern_directory_destroy(dir);

    return dir != NULL;
}


TEST(values_at_their_ends)
{
    unsigned  i, n;
    char      json[32768];
    size_t    len;

    static const struct {
        const char  *json;
        int          good;
    } cases[] = {
        { ORG("'users':{'u':{'name':'a\\u00a0b\\u00a1'}}"), 1 },
        { ORG("'users':{'u':{'name':'a\\u009f'}}"), 0 },
        { ORG("'users':{'u\\u00a0':{}}"), 1 },
        { ORG("'users':{'u\\u009f':{}}"), 0 },
        { ORG("'users':{'u':{'email':'a@b'}}"), 1 },
        { ORG("'users':{'u':{'email':'@b'}}"), 0 },
        { ORG("'users':{'u':{'email':'a@'}}"), 0 },
        { ORG("'users':{'u':{'email':'a'}}"), 0 },
        { ORG("'users':{'u':{'email':'a b@c'}}"), 0 },
        { ORG("'users':{'u':{'email':'a@b@c'}}"), 0 },

        /* two points on the curve; an empty PEM; a curve that is not named */

        { ORG("'keys':{'a':{'roles':[],'algorithm':'ecdsa-p256-sha256',"
              "'public_key':'" P256 "'},'b':{'roles':[],'algorithm':"
              "'ecdsa-p256-sha256','public_key':'" P256 "'}}"), 1 },
        { ORG("'keys':{'a':{'roles':[],'algorithm':'ed25519','public_key':"
              "'-----BEGIN PUBLIC KEY-----\\n\\n-----END PUBLIC KEY-----"
              "\\n'}}"), 0 },
        { ORG("'keys':{'a':{'roles':[],'algorithm':'ed25519','public_key':"
              "'-----BEGIN PUBLIC KEY-----\\n-----END PUBLIC KEY-----"
              "\\n'}}"), 0 },
        { ORG("'keys':{'a':{'roles':[],'algorithm':'ecdsa-p256-sha256',"
              "'public_key':'-----BEGIN PUBLIC KEY-----\\n"
              "MFEwCwYHKoZIzj0CAQUAA0IABAAAAAAAAAAAAAAAAAAAAAAA\\n"
              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\n"
              "AAAAAAAAAAAAAAA=\\n"
              "-----END PUBLIC KEY-----\\n'}}"), 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_INT(directory_is(cases[i].json), cases[i].good)) {
            printf("# of %s\n", cases[i].json);
        }
    }

    /* nobody is named in an organization without users */

    EXPECT_INT(directory_is(ORG("'keys':{'k':{'user':'u','algorithm':"
                                "'ed25519','public_key':'" ED25519 "'}}")), 0);

    /* more networks than a key may have */

    for (n = 1023; n <= 1025; n++) {
        len = (size_t) sprintf(json, "{'version':1,'organizations':{'acme':{"
                               "'keys':{'a':{'roles':[],'algorithm':'ed25519',"
                               "'public_key':'" ED25519 "','networks':['::1'");

        for (i = 1; i < n; i++) {
            len += (size_t) sprintf(json + len, ",'10.0.%u.%u'", i / 256,
                                    i % 256);
        }

        sprintf(json + len, "]}}}}}");
        EXPECT_INT(directory_is(json), n <= 1024);
    }

    /* a reference that is not there, beside a thousand that are */

    len = (size_t) sprintf(json, "{'version':1,'organizations':{'acme':{"
                           "'users':{'u':{'roles':['nobody']}},'roles':{"
                           "'r':{}");

    for (i = 0; i < 1100; i++) {
        len += (size_t) sprintf(json + len, ",'r%u':{}", i);
    }

    sprintf(json + len, "}}}}");
    EXPECT_INT(directory_is(json), 0);

    /* a name one byte too long */

    len = (size_t) sprintf(json, "{'version':1,'organizations':{'acme':{"
                           "'roles':{'r':{}},'users':{'u':{'roles':['");
    memset(json + len, 'a', POSTERN_NAME_MAX + 1);
    strcpy(json + len + POSTERN_NAME_MAX + 1, "']}}}}}");
    EXPECT_INT(directory_is(json), 0);
}


TEST(a_copy_without_memory_is_none)
{
    static unsigned char  big[8192];
    int                   rc;
    postern_str_t         s = { sizeof(big), big }, copy;
    postern_arena_t      *arena;

    while (scarce_next()) {
        scarce_pause(1);
        arena = postern_arena_create();
        scarce_pause(0);

        rc = __real_postern_arena_dup(arena, s, &copy);
        EXPECT_INT(rc, scarce_failed() ? -1 : 0);

        postern_arena_destroy(arena);
    }
}


/* --- seals --------------------------------------------------------------- */

TEST(seals_need_a_name_and_room)
{
    size_t           n;
    char             out[2048];
    unsigned         i;
    postern_ring_t   ring;
    postern_error_t  err;
    postern_str_t    nul = { 2, (const unsigned char *) "\0x" };

    static const char *const  ids[] = {
        "a", "Z", "0", "9", ".", "_", "-", "/", ":", "@", "[", "`", "{"
    };

    if (!EXPECT_INT(postern_ring_parse(exact("mk-1 AAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                             "AAAAAAAAAAAAAAAE="), &ring, &err),
                    0))
    {
        return;
    }

    EXPECT_INT(postern_seal(&ring, slice("secret"), slice(""), out,
                            sizeof(out)), 0);

    n = postern_seal(&ring, slice("secret"), slice("n"), out, sizeof(out));
    EXPECT(n > 0);

    for (i = 0; i <= n; i++) {
        EXPECT_INT(postern_seal(&ring, slice("secret"), slice("n"), out, i), 0);
    }

    EXPECT(postern_seal(&ring, slice("secret"), slice("n"), out, n + 1) == n);

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        snprintf(out, sizeof(out), "%s AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AAE=", ids[i]);
        EXPECT_INT(postern_ring_parse(exact(out), &ring, &err),
                   i < 7 ? 0 : -1);
    }

    /* a NUL is a byte of a word */

    EXPECT_INT(postern_ring_parse(nul, &ring, &err), -1);

    for (i = 0; i < 4; i++) {
        EXPECT(postern_open_text((postern_open_e) i)[0] != '\0');
    }
}


/* --- addresses of Redis -------------------------------------------------- */

TEST(an_address_without_memory_is_refused_as_such)
{
    int              rc;
    unsigned         i;
    postern_url_t    url;
    postern_alloc_t  alloc;
    postern_error_t  err;

    static const char *const  urls[] = {
        "redis://us%65r:pa%73s@h", "unix:/a%20b", "redis://h"
    };

    alloc = scarce_allocator();

    for (i = 0; i < 3; i++) {
        while (scarce_next()) {
            rc = postern_url_parse(slice(urls[i]), &alloc, &url, &err);
            EXPECT_INT(rc, !scarce_failed());

            if (!rc) {
                EXPECT_STR(slice(err.text), "out of memory");
            }
        }
    }
}


TEST(addresses_with_bytes_at_the_edge)
{
    unsigned         i;
    postern_url_t    url;
    postern_alloc_t  alloc;
    postern_error_t  err;

    static const struct {
        const char  *url;
        int          good;
    } cases[] = {
        { "redis://u:%41%7a@h", 1 }, { "redis://u:%4g@h", 0 },
        { "redis://u:%g4@h", 0 }, { "redis://u:%:4@h", 0 },
        { "redis://u:%4/@h", 0 }, { "redis://u:%4@h", 0 },
        { "redis://u:%@@h", 0 }, { "redis://u:%4`@h", 0 },
        { "unix:/%zz", 0 }, { "redis://%zz:p@h", 0 },
        { "redis://host-a_b.C0", 1 }, { "redis://h/0", 1 },
        { "redis://h{", 0 }, { "redis://h@", 0 }, { "redis://h`", 0 },
        { "redis://[::1]", 1 }, { "redis://[::g]", 0 }, { "redis://[a-b]", 0 },
        { "redis://[::%]", 0 }, { "redis://z", 1 }, { "redis://h;", 0 }
    };

    alloc = scarce_allocator();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_INT(postern_url_parse(exact(cases[i].url), &alloc, &url,
                                          &err), cases[i].good))
        {
            printf("# of %s\n", cases[i].url);
        }
    }
}


UNIT_MAIN()
