/* link: ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
 *       ngx_http_mfa_module/mfa_catalogue.c
 *       ngx_http_postern_module/postern_json.c
 *       ngx_http_postern_module/postern_arena.c -ljansson */

#include "mfa_template.h"
#include "postern_arena.h"
#include "unit.h"


#define TEXTS                                                                 \
    "{ \"en\": { \"hi\": \"Hello {user}, <b>{n}</b> & {unfinished\","         \
    "            \"bye\": \"Bye\" },"                                         \
    "  \"de\": { \"hi\": \"Hallo {user}\", \"bye\": \"Bis bald\" } }"


static const char *const  names[] = { "user", "n", "list", "flag", "qr", "id",
                                      "absent", NULL };

static postern_arena_t  *arena;
static unsigned char     out[65536];


static postern_str_t
str(const char *s)
{
    postern_str_t  v = { strlen(s), (const unsigned char *) s };

    return v;
}


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) data;

    if (postern_str_is(name, "part.html")) {
        return str("  [{{user}}]\n");
    }

    if (postern_str_is(name, "broken.html")) {
        return str("fine\n  {{nobody}}");
    }

    if (postern_str_is(name, "loop.html")) {
        return str("{{>loop.html}}{{>loop.html}}");
    }

    return (postern_str_t) postern_null_string;
}


static mfa_catalogue_t *
texts(const char *json, const mfa_catalogue_t *base, postern_error_t *err)
{
    postern_alloc_t  alloc = postern_arena_allocator(arena);

    return mfa_catalogue_parse(str(json), base, &alloc, err);
}


static mfa_template_t *
compile(const char *text, const mfa_catalogue_t *c, postern_error_t *err)
{
    postern_alloc_t     alloc = postern_arena_allocator(arena);
    mfa_template_env_t  env = { partial, NULL, names, c };

    return mfa_template_compile(str(text), &env, &alloc, err);
}


/* with user as given, n 3, flag set, a list of two ids, markup qr */

static postern_str_t
render(const char *text, const char *user, unsigned language)
{
    long              len;
    mfa_value_t       one = { "id", MFA_VALUE_TEXT, str("1"), 0, NULL, 0 };
    mfa_value_t       two = { "id", MFA_VALUE_TEXT, str("2"), 0, NULL, 0 };
    mfa_scope_t       list[2] = { { &one, 1 }, { &two, 1 } };
    mfa_value_t       values[] = {
        { "user", MFA_VALUE_TEXT, str(user), 0, NULL, 0 },
        { "n", MFA_VALUE_NUMBER, str(""), -3, NULL, 0 },
        { "flag", MFA_VALUE_FLAG, str(""), 1, NULL, 0 },
        { "qr", MFA_VALUE_MARKUP, str("<svg/>"), 0, NULL, 0 },
        { "list", MFA_VALUE_LIST, str(""), 0, list, 2 }
    };
    mfa_scope_t       scope = { values, 5 };
    mfa_template_t   *t;
    postern_str_t     none = postern_null_string, result;
    postern_error_t   err;
    mfa_catalogue_t  *c;

    postern_arena_destroy(arena);
    arena = postern_arena_create();

    c = texts(TEXTS, NULL, &err);
    t = c ? compile(text, c, &err) : NULL;

    if (t == NULL) {
        printf("# %u:%u %s\n", err.line, err.column, err.text);
        return none;
    }

    len = mfa_template_render(t, &scope, c, language, out, sizeof(out));

    if (len < 0) {
        return none;
    }

    result.data = out;
    result.len = (size_t) len;

    return result;
}


static void
refused(const char *text, unsigned line, unsigned column, const char *why)
{
    postern_error_t   err;
    mfa_catalogue_t  *c;

    postern_arena_destroy(arena);
    arena = postern_arena_create();

    c = texts(TEXTS, NULL, &err);

    if (!EXPECT(c != NULL) || !EXPECT(compile(text, c, &err) == NULL)) {
        printf("# compiled: %s\n", text);
        return;
    }

    EXPECT_INT(err.line, line);
    EXPECT_INT(err.column, column);

    if (!EXPECT(strstr(err.text, why) != NULL)) {
        printf("# %s: %s\n", text, err.text);
    }
}


TEST(values_are_escaped)
{
    EXPECT_STR(render("<p title=\"{{user}}\">{{user}}</p>",
                      "<a href='x'>\"&`", 0),
               "<p title=\"&lt;a href=&#39;x&#39;&gt;&#34;&amp;&#96;\">"
               "&lt;a href=&#39;x&#39;&gt;&#34;&amp;&#96;</p>");
    EXPECT_STR(render("{{n}} {{flag}} {{absent}}{{list}}", "", 0), "-3 1 2");
    EXPECT_STR(render("{{ user }}", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", 0),
               "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91");
}


TEST(only_markup_passes_as_it_is)
{
    EXPECT_STR(render("{{{qr}}}", "", 0), "<svg/>");
    EXPECT_STR(render("{{qr}}", "", 0), "&lt;svg/&gt;");
    EXPECT_STR(render("{{{user}}}", "<b>", 0), "&lt;b&gt;");
}


TEST(what_is_no_character_is_replaced)
{
    EXPECT_STR(render("{{user}}", "a\x01\x7f\xff\xc3", 0),
               "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_STR(render("{{user}}", "\xc0\xbc", 0),
               "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_STR(render("{{user}}", "\xed\xa0\x80", 0),
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_STR(render("{{user}}", "\xe2\x80\xae" "evil", 0),
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "evil");
    EXPECT_STR(render("{{user}}", "\xf4\x90\x80\x80", 0),
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}


TEST(sections)
{
    EXPECT_STR(render("{{#user}}yes{{/user}}{{^user}}no{{/user}}", "a", 0),
               "yes");
    EXPECT_STR(render("{{#user}}yes{{/user}}{{^user}}no{{/user}}", "", 0),
               "no");
    EXPECT_STR(render("{{#list}}{{id}}{{user}}{{/list}}", "-", 0), "1-2-");
    EXPECT_STR(render("{{?list}}<ul>{{#list}}{{id}}{{/list}}</ul>{{/list}}",
                      "", 0), "<ul>12</ul>");
    EXPECT_STR(render("{{^list}}none{{/list}}{{^absent}}none{{/absent}}", "",
                      0), "none");
    EXPECT_STR(render("{{#n}}{{#flag}}{{#qr}}x{{/qr}}{{/flag}}{{/n}}", "", 0),
               "x");
    EXPECT_STR(render("<p{{#flag}} class=\"{{user}}\"{{/flag}}>", "a\" b", 0),
               "<p class=\"a&#34; b\">");
}


TEST(texts_of_a_language)
{
    EXPECT_STR(render("{{t.hi}}!", "<i>", 0),
               "Hello &lt;i&gt;, &lt;b&gt;-3&lt;/b&gt; &amp; {unfinished!");
    EXPECT_STR(render("{{t.hi}}", "{n}", 1), "Hallo {n}");
    EXPECT_STR(render("{{t.bye}}", "", 7), "Bye");
}


TEST(white_space_of_the_template_is_not_sent)
{
    EXPECT_STR(render("\n  <p>\n    {{#flag}}\n      a b\n    {{/flag}}\n"
                      "  </p>\n", "", 0), "<p>\na b\n</p>\n");
    EXPECT_STR(render("x{{#absent}}\nno\n{{/absent}}\ny", "", 0), "x\ny");
    EXPECT_STR(render("<p title=\"a\n   b\">{{! a remark }}", "", 0),
               "<p title=\"a\nb\">");
    EXPECT_STR(render("a\n{{>part.html}}\nb", "u", 0), "a\n[u]\nb");
}


TEST(a_template_says_what_is_wrong_and_where)
{
    refused("\n \xc3\xa4{{nobody}}", 2, 3, "no value \"nobody\"");
    refused("{{t.nothing}}", 1, 1, "no text \"nothing\"");
    refused("{{>none.html}}", 1, 1, "no template \"none.html\"");
    refused("{{#user}}x", 1, 1, "{{#user}} has no {{/user}}");
    refused("{{#user}}{{/n}}", 1, 10, "{{/n}} ends nothing");
    refused("{{/n}}", 1, 1, "ends nothing");
    refused("a {{user", 1, 3, "\"{{\" has no \"}}\"");
    refused("{{{user}}", 1, 1, "\"{{{\" has no \"}}}\"");
    refused("{{}}", 1, 1, "no name");
    refused("{{User}}", 1, 1, "lower case");
    refused("{{>../x}}", 1, 1, "no name");
    refused("{{>loop.html}}", 1, 1, "in each other");
    refused("{{#t.hi}}{{/t.hi}}", 1, 1, "no value \"t.hi\"");
}


TEST(a_fault_in_a_partial_names_it)
{
    refused("\n\n{{>broken.html}}", 2, 3, "no value \"nobody\"");
}


/* where escaping would not hold, a value has no place */

TEST(places_where_a_value_is_refused)
{
    refused("<p title={{user}}>", 1, 10, "quotes");
    refused("<p {{user}}>", 1, 4, "quotes");
    refused("<{{user}}>", 1, 2, "quotes");
    refused("<p {{t.hi}}>", 1, 4, "quotes");
    refused("<p title=\"{{{qr}}}\">", 1, 11, "markup");
    refused("<script>{{user}}</script>", 1, 1, "<script>");
    refused("<STYLE>", 1, 1, "<style>");
    refused("<!-- {{user}} -->", 1, 1, "remarks");
    refused("<p a\"{{user}}\">", 1, 5, "behind \"=\"");
    refused("<p {{#flag}}title=\"{{/flag}}{{user}}", 1, 4, "different places");
    refused("<p title=\"", 1, 11, "no end");
}


TEST(sizes_are_bounded)
{
    char             *big;
    unsigned          i;
    postern_error_t   err;
    mfa_catalogue_t  *c;
    postern_alloc_t   alloc;
    mfa_template_t   *t;
    mfa_scope_t       scope = { NULL, 0 };

    postern_arena_destroy(arena);
    arena = postern_arena_create();
    alloc = postern_arena_allocator(arena);

    c = texts(TEXTS, NULL, &err);
    big = malloc(MFA_TEMPLATE_MAX + 2);

    if (!EXPECT(big != NULL && c != NULL)) {
        return;
    }

    memset(big, 'x', MFA_TEMPLATE_MAX + 1);
    big[MFA_TEMPLATE_MAX + 1] = '\0';
    EXPECT(compile(big, c, &err) == NULL);
    EXPECT(strstr(err.text, "at most 65536") != NULL);

    big[MFA_TEMPLATE_MAX] = '\0';
    t = compile(big, c, &err);

    if (EXPECT(t != NULL)) {
        EXPECT_INT(mfa_template_render(t, &scope, c, 0, out, sizeof(out)),
                   65536);
        EXPECT_INT(mfa_template_render(t, &scope, c, 0, out, 65535), -1);
    }

    for (i = 0; i + 13 < 60000; i += 13) {
        memcpy(big + i, "{{>part.html}", 13);
        big[i + 13] = '}';
        i++;
    }

    big[i] = '\0';
    EXPECT(compile(big, c, &err) == NULL);
    EXPECT(strstr(err.text, "more than 65536 bytes") != NULL);

    EXPECT(mfa_catalogue_parse((postern_str_t) { MFA_CATALOGUE_MAX + 1,
                               (unsigned char *) "" }, NULL, &alloc, &err)
           == NULL);

    free(big);
}


static void
no_texts(const char *json, const mfa_catalogue_t *base, const char *path,
    unsigned line, const char *why)
{
    postern_error_t  err;

    if (!EXPECT(texts(json, base, &err) == NULL)) {
        printf("# accepted: %s\n", json);
        return;
    }

    EXPECT_INT(err.line, line);

    if (!EXPECT(strcmp(err.path, path) == 0)
        || !EXPECT(strstr(err.text, why) != NULL))
    {
        printf("# %s: %s: %s\n", json, err.path, err.text);
    }
}


TEST(a_catalogue_says_what_is_wrong_and_where)
{
    postern_arena_destroy(arena);
    arena = postern_arena_create();

    no_texts("[]", NULL, "", 0, "object");
    no_texts("{}", NULL, "", 0, "object");
    no_texts("{ \"en\": 1 }", NULL, "en", 1, "an object");
    no_texts("{ \"e\": {} }", NULL, "e", 1, "no language tag");
    no_texts("{ \"en\": {} }", NULL, "en", 1, "1 to 1024 texts");
    no_texts("{ \"en\": { \"A\": \"x\" } }", NULL, "en.A", 1, "lower case");
    no_texts("{ \"en\": { \"a\": 1 } }", NULL, "en.a", 1, "a string");
    no_texts("{ \"en\": { \"a\": \"\" } }", NULL, "en.a", 1, "a string");
    no_texts("{ \"en\": { \"a\": \"x\", \"b\": \"y\" },\n"
             "  \"de\": { \"a\": \"x\" } }", NULL, "de", 2,
             "\"b\" is missing");
    no_texts("{ \"en\": { \"a\": \"x\" },\n"
             "  \"de\": { \"a\": \"x\", \"c\": \"y\" } }", NULL, "de.c", 2,
             "no text of this name in \"en\"");
}


TEST(a_second_file_adds_languages_and_replaces_texts)
{
    unsigned              n;
    postern_error_t       err;
    mfa_catalogue_t      *base, *c;
    const postern_str_t  *tags;

    postern_arena_destroy(arena);
    arena = postern_arena_create();

    base = texts(TEXTS, NULL, &err);

    if (!EXPECT(base != NULL)) {
        return;
    }

    c = texts("{ \"fr\": { \"bye\": \"Au revoir\" },"
              "  \"de\": { \"bye\": \"Tsch\\u00fcss\" } }", base, &err);

    if (!EXPECT(c != NULL)) {
        return;
    }

    tags = mfa_catalogue_languages(c, &n);

    if (EXPECT_INT(n, 3)) {
        EXPECT_STR(tags[0], "en");
        EXPECT_STR(tags[1], "de");
        EXPECT_STR(tags[2], "fr");
    }

    EXPECT_STR(mfa_catalogue_text(c, 2, str("bye")), "Au revoir");
    EXPECT_STR(mfa_catalogue_text(c, 1, str("bye")), "Tsch\xc3\xbcss");
    EXPECT_STR(mfa_catalogue_text(c, 1, str("hi")), "Hallo {user}");
    EXPECT(memcmp(mfa_catalogue_text(c, 2, str("hi")).data, "Hello", 5) == 0);
    EXPECT(mfa_catalogue_text(c, 0, str("nothing")).data == NULL);

    /* the first one is as it was */

    EXPECT_STR(mfa_catalogue_text(base, 1, str("bye")), "Bis bald");
    mfa_catalogue_languages(base, &n);
    EXPECT_INT(n, 2);

    no_texts("{ \"fr\": { \"bey\": \"?\" } }", base, "fr.bey", 1,
             "no text of this name");
}


/* a text that stands for a value which no page has */

TEST(words_in_texts_are_values)
{
    postern_error_t   err;
    mfa_catalogue_t  *base, *c;

    postern_arena_destroy(arena);
    arena = postern_arena_create();

    base = texts(TEXTS, NULL, &err);
    c = texts("{ \"de\": { \"bye\": \"{usre}\" } }", base, &err);

    if (!EXPECT(c != NULL)) {
        return;
    }

    EXPECT(compile("{{t.bye}}", base, &err) != NULL);
    EXPECT(compile("{{t.bye}}", c, &err) == NULL);
    EXPECT(strstr(err.text, "\"bye\" in \"de\" stands for \"usre\"") != NULL);
}


UNIT_MAIN()
