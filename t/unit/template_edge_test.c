/* link: ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
 *       ngx_http_mfa_module/mfa_catalogue.c ngx_http_mfa_module/mfa_style.c
 *       ngx_http_postern_module/postern_json.c
 *       ngx_http_postern_module/postern_arena.c -ljansson -lm */

/* Templates, texts and values at the ends of what they may be; and pages that
   do not fit, by one byte or by many. */

#include "exact.h"
#include "mfa_page.h"
#include "mfa_template.h"
#include "postern_arena.h"


static const char *const  names[] = { "user", "list", "flag", "id", "qr",
                                      NULL };

static postern_arena_t  *arena;
static unsigned char     out[65536];


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) name;

    return data ? exact(data) : (postern_str_t) postern_null_string;
}


static postern_alloc_t
fresh(void)
{
    postern_arena_destroy(arena);
    arena = postern_arena_create();

    return postern_arena_allocator(arena);
}


static mfa_template_t *
compile(const char *text, const mfa_catalogue_t *c, const char *part)
{
    postern_alloc_t     alloc = postern_arena_allocator(arena);
    postern_error_t     err;
    mfa_template_t     *t;
    mfa_template_env_t  env = { partial, (void *) part, names, c };

    t = mfa_template_compile(exact(text), &env, &alloc, &err);
    EXPECT(t != NULL || (err.text[0] != '\0' && err.line >= 1));

    return t;
}


static mfa_catalogue_t *
texts(const char *json, const mfa_catalogue_t *base)
{
    mfa_catalogue_t  *c;
    postern_alloc_t   alloc = postern_arena_allocator(arena);
    postern_error_t   err;

    c = mfa_catalogue_parse(exact(json), base, &alloc, &err);
    EXPECT(c != NULL || err.text[0] != '\0');

    return c;
}


/* --- pages --------------------------------------------------------------- */

static long
render(const mfa_template_t *t, const mfa_catalogue_t *c, const char *user,
    size_t size)
{
    mfa_value_t   one = { "id", MFA_VALUE_TEXT, postern_string("1"), 0, NULL,
                          0 };
    mfa_scope_t   list[1] = { { &one, 1 } };
    mfa_value_t   values[] = {
        { "user", MFA_VALUE_TEXT, exact(user), 0, NULL, 0 },
        { "list", MFA_VALUE_LIST, postern_null_string, 0, list, 1 },
        { "flag", MFA_VALUE_FLAG, postern_null_string, 0, NULL, 0 },
        { "qr", MFA_VALUE_MARKUP, postern_null_string, 0, NULL, 0 }
    };
    mfa_scope_t   scope = { values, 4 };

    return mfa_template_render(t, &scope, c, 0, out, size);
}


TEST(a_page_fits_or_is_none)
{
    long              len;
    size_t            size;
    mfa_template_t   *t;
    mfa_catalogue_t  *c;

    (void) fresh();
    c = texts("{\"en\":{\"a\":\"<A> {user} {id} x\"}}", NULL);
    t = compile("<p title=\"{{t.a}}\">{{user}} {{#list}}{{id}}{{t.a}}{{/list}}"
                "{{^flag}}no{{/flag}}{{{qr}}}{{list}}{{?list}}some{{/list}}"
                "</p>", c, NULL);

    if (!EXPECT(t != NULL)) {
        return;
    }

    len = render(t, c, "&<>\"'`\xff", sizeof(out));
    EXPECT(len > 80);

    for (size = 0; size < (size_t) len; size++) {
        EXPECT_INT(render(t, c, "&<>\"'`\xff", size), -1);
    }

    EXPECT_INT(render(t, c, "&<>\"'`\xff", size), len);
    EXPECT(render(t, c, "", sizeof(out)) > 0);
}


/* values of two bytes, and what begins and ends a range of longer ones */

TEST(what_steers_is_never_sent)
{
    char              user[8];
    unsigned          a, b, i;
    mfa_template_t   *t;

    static const struct {
        const char  *text;
        int          sent;
    } cases[] = {
        { "\t", 1 }, { "\n", 1 }, { " ", 1 }, { "~", 1 }, { "\x1f", 0 },
        { "\x7f", 0 }, { "\xc1\xbf", 0 }, { "\xc2\x80", 0 },
        { "\xc2\x9f", 0 }, { "\xc2\xa0", 1 }, { "\xdf\xbf", 1 },
        { "\xe0\x9f\xbf", 0 }, { "\xe0\xa0\x80", 1 }, { "\xed\x9f\xbf", 1 },
        { "\xed\xa0\x80", 0 }, { "\xed\xbf\xbf", 0 }, { "\xee\x80\x80", 1 },
        { "\xe2\x80\xa9", 1 }, { "\xe2\x80\xaa", 0 }, { "\xe2\x80\xae", 0 },
        { "\xe2\x80\xaf", 1 }, { "\xe2\x81\xa5", 1 }, { "\xe2\x81\xa6", 0 },
        { "\xe2\x81\xa9", 0 }, { "\xe2\x81\xaa", 1 },
        { "\xf0\x8f\xbf\xbf", 0 }, { "\xf0\x90\x80\x80", 1 },
        { "\xf4\x8f\xbf\xbf", 1 }, { "\xf4\x90\x80\x80", 0 },
        { "\xf5\x80\x80\x80", 0 }, { "\xe2\x80" "a", 0 },
        { "\xf0\x90" "ab", 0 }, { "\xe2\x80", 0 }
    };

    (void) fresh();
    t = compile("{{user}}", NULL, NULL);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        long  len = render(t, NULL, cases[i].text, sizeof(out));

        EXPECT(len > 0);

        if (!EXPECT_INT(len == (long) strlen(cases[i].text)
                        && memcmp(out, cases[i].text, (size_t) len) == 0,
                        cases[i].sent))
        {
            printf("# case %u\n", i);
        }
    }

    for (a = 0x80; a < 256; a++) {
        for (b = 1; b < 256; b += 21) {
            user[0] = (char) a;
            user[1] = (char) b;
            user[2] = '\0';
            EXPECT(render(t, NULL, user, sizeof(out)) >= 2);
        }
    }
}


/* --- templates ----------------------------------------------------------- */

TEST(html_and_tags_at_their_ends)
{
    unsigned          i;
    char              deep[1024], name[80];
    mfa_catalogue_t  *c;

    static const struct {
        const char  *text;
        int          good;
    } cases[] = {
        { "<a b='{{user}}'>", 1 }, { "<a b='\"{{user}}'>", 1 },
        { "<a b=\"'{{user}}\">", 1 }, { "<a b='>", 0 }, { "<a b'c'>", 0 },
        { "a < b", 1 }, { "a <3", 1 }, { "<", 0 }, { "</p>", 1 },
        { "<!doctype html>", 1 }, { "<?x>", 1 }, { "<{>", 1 }, { "<@>", 1 },
        { "<[>", 1 }, { "<`>", 1 }, { "<z>", 1 }, { "<A>", 1 }, { "<Z>", 1 },
        { "\r\n\t x\r\n", 1 }, { "{{user}}\r\n\t{{user}}\n", 1 },
        { "{{", 0 }, { "{{{", 0 }, { "{{{user}}", 0 }, { "{{}}", 0 },
        { "{{ user }}", 1 }, { "{{#}}", 0 }, { "{{ }}", 0 }, { "{{.a}}", 0 },
        { "{{User}}", 0 }, { "{{us{r}}", 0 }, { "{{us`r}}", 0 },
        { "{{us/r}}", 0 }, { "{{us:r}}", 0 }, { "{{0}}", 0 }, { "{{9}}", 0 },
        { "{{a_b-c.d}}", 0 }, { "{{!}}", 1 }, { "{{! x}}", 1 },
        { "{{>part}}", 0 }, { "{{t.a}}", 1 }, { "{{t.b}}", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fresh();
        c = texts("{\"en\":{\"a\":\"A\"}}", NULL);

        if (!EXPECT_INT(compile(cases[i].text, c, NULL) != NULL,
                        cases[i].good))
        {
            printf("# of %s\n", cases[i].text);
        }

        /* without texts nothing is found in them */
        EXPECT(compile("{{t.a}}", NULL, NULL) == NULL);
    }

    /* sections in each other, and templates */

    for (i = 1; i <= MFA_TEMPLATE_DEPTH + 1; i++) {
        unsigned  k;
        char     *p = deep;

        for (k = 0; k < i; k++) {
            p = stpcpy(p, "{{#list}}");
        }

        for (k = 0; k < i; k++) {
            p = stpcpy(p, "{{/list}}");
        }

        (void) fresh();
        EXPECT_INT(compile(deep, NULL, NULL) != NULL, i <= MFA_TEMPLATE_DEPTH);
    }

    /* a NUL is no kind of tag */

    memcpy(deep, "{{\0user}}", 10);
    {
        postern_alloc_t     alloc = fresh();
        postern_error_t     err;
        mfa_template_env_t  env = { partial, NULL, names, NULL };

        EXPECT(mfa_template_compile(exact_slice(deep, 9), &env, &alloc, &err)
               == NULL);
    }

    EXPECT(compile("{{>part}}", NULL, "{{>part}}") == NULL);
    EXPECT(compile("{{>part}}", NULL, "{{user}}") != NULL);

    /* a name one character too long */

    memset(name, 'a', sizeof(name));
    memcpy(name, "{{", 2);
    strcpy(name + 2 + 65, "}}");
    EXPECT(compile(name, NULL, NULL) == NULL);
}


/* --- texts --------------------------------------------------------------- */

TEST(names_and_languages_of_texts)
{
    unsigned          i;
    char             *json, *p;
    char              text[512];
    mfa_catalogue_t  *c;

    static const struct {
        const char  *tag;
        int          good;
    } tags[] = {
        { "en", 1 }, { "e", 0 }, { "", 0 }, { "pt-BR", 1 }, { "es-419", 1 },
        { "e1", 1 }, { "1e", 0 }, { "-en", 0 }, { "e-n", 0 }, { "e@", 0 },
        { "e[", 0 }, { "e`", 0 }, { "e{", 0 }, { "e/", 0 }, { "e:", 0 },
        { "EN", 1 }, { "zz", 1 }, { "ZZ", 1 }, { "en\\u00e9", 0 },
        { "abcdefghijklmnopqrstuvwxyzabcdefghi", 1 },
        { "abcdefghijklmnopqrstuvwxyzabcdefghij", 0 }
    };

    static const struct {
        const char  *name;
        int          good;
    } keys[] = {
        { "a", 1 }, { "z", 1 }, { "0", 1 }, { "9", 1 }, { "_", 1 }, { "", 0 },
        { "`", 0 }, { "{", 0 }, { "/", 0 }, { ":", 0 }, { "A", 0 },
        { "-", 0 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          1 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          0 }
    };

    for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        (void) fresh();
        snprintf(text, sizeof(text), "{\"%s\":{\"a\":\"x\"}}", tags[i].tag);

        if (!EXPECT_INT(texts(text, NULL) != NULL, tags[i].good)) {
            printf("# of %s\n", tags[i].tag);
        }
    }

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        (void) fresh();
        snprintf(text, sizeof(text), "{\"en\":{\"%s\":\"x\"}}", keys[i].name);

        if (!EXPECT_INT(texts(text, NULL) != NULL, keys[i].good)) {
            printf("# of %s\n", keys[i].name);
        }
    }

    (void) fresh();
    EXPECT(texts("{", NULL) == NULL);
    EXPECT(texts("{\"en\":{}}", NULL) == NULL);
    EXPECT(texts("{\"en\":{\"a\":\"x\"},\"eo\":{\"a\":\"y\"},"
                 "\"pt-BR\":{\"a\":\"z\"}}", NULL) != NULL);

    /* languages, texts and a text at their bounds, and one beyond */

    json = malloc(256 * 1024);

    for (i = MFA_LANGUAGES; i <= MFA_LANGUAGES + 1; i++) {
        unsigned  k;

        p = stpcpy(json, "{");

        for (k = 0; k < i; k++) {
            p += sprintf(p, "%s\"l%c%c\":{\"a\":\"x\"}", k ? "," : "",
                         'a' + k / 26, 'a' + k % 26);
        }

        strcpy(p, "}");
        (void) fresh();
        c = texts(json, NULL);
        EXPECT_INT(c != NULL, i == MFA_LANGUAGES);
    }

    for (i = 1024; i <= 1025; i++) {
        unsigned  k;

        p = stpcpy(json, "{\"en\":{");

        for (k = 0; k < i; k++) {
            p += sprintf(p, "%s\"t%u\":\"x\"", k ? "," : "", k);
        }

        strcpy(p, "}}");
        (void) fresh();
        EXPECT_INT(texts(json, NULL) != NULL, i == 1024);
    }

    for (i = 4096; i <= 4097; i++) {
        p = stpcpy(json, "{\"en\":{\"a\":\"");
        memset(p, 'x', i);
        strcpy(p + i, "\"}}");
        (void) fresh();
        EXPECT_INT(texts(json, NULL) != NULL, i == 4096);
    }

    free(json);
}


TEST(what_looks_like_a_value_in_a_text)
{
    unsigned          i;
    char              text[256], longer[80];
    mfa_catalogue_t  *c;

    static const struct {
        const char  *text;
        int          good;
    } cases[] = {
        { "{user}", 1 }, { "{nobody}", 0 }, { "{}", 1 }, { "{}x", 1 },
        { "{", 1 },
        { "{u", 1 }, { "{us", 1 }, { "{us-er}", 1 }, { "{US}", 1 },
        { "{us{}", 1 }, { "{us`}", 1 }, { "{_}", 0 }, { "{z}", 0 },
        { "{z", 1 }, { "{user", 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fresh();
        snprintf(text, sizeof(text), "{\"en\":{\"a\":\"%s\"}}", cases[i].text);
        c = texts(text, NULL);

        if (!EXPECT_INT(compile("{{t.a}}", c, NULL) != NULL, cases[i].good)) {
            printf("# of %s\n", cases[i].text);
        }
    }

    memset(longer, 'a', sizeof(longer));
    longer[0] = '{';
    strcpy(longer + 70, "}");
    (void) fresh();
    snprintf(text, sizeof(text), "{\"en\":{\"a\":\"%s\"}}", longer);
    EXPECT(compile("{{t.a}}", texts(text, NULL), NULL) != NULL);
}


/* --- colours ------------------------------------------------------------- */

TEST(rules_of_colours_fit_or_are_none)
{
    size_t         len, size;
    unsigned       i;
    char           rules[1024];
    mfa_colors_t   colors;

    static const char *const  bad[] = {
        "", "#12345", "123456#", "#12345/", "#12345:", "#12345@", "#12345G",
        "#12345`", "#12345g"
    };

    memset(&colors, 0, sizeof(colors));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        colors.accent = exact(bad[i]);
        EXPECT_INT(mfa_style_colors(&colors, rules, sizeof(rules)), 0);
    }

    colors.accent = exact("#09afAF");
    len = mfa_style_colors(&colors, rules, sizeof(rules));
    EXPECT(len > 0);

    for (size = 0; size <= len; size++) {
        EXPECT_INT(mfa_style_colors(&colors, rules, size), 0);
    }

    EXPECT_INT(mfa_style_colors(&colors, rules, len + 1), len);

    colors.accent_dark = exact("#ffffff");
    EXPECT(mfa_style_colors(&colors, rules, sizeof(rules)) > 0);
}


UNIT_MAIN()
