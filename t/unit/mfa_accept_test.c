
/* link: ngx_http_mfa_module/mfa_accept.c */

#include "exact.h"
#include "mfa_http.h"


#define html(text)  mfa_accepts_html(exact(text))


TEST(browsers_want_a_page)
{
    /* Firefox, Chrome, Safari, an older Internet Explorer that has no HTML */

    EXPECT(html("text/html,application/xhtml+xml,application/xml;q=0.9,"
                "*/*;q=0.8"));
    EXPECT(html("text/html,application/xhtml+xml,application/xml;q=0.9,"
                "image/avif,image/webp,image/apng,*/*;q=0.8,"
                "application/signed-exchange;v=b3;q=0.7"));
    EXPECT(html("text/html, application/xhtml+xml, */*"));
    EXPECT(html("text/html"));
    EXPECT(html("application/xhtml+xml"));
    EXPECT(!html("image/gif, image/jpeg, application/x-ms-application, */*"));
}


TEST(programs_do_not)
{
    postern_str_t  absent = postern_null_string;

    EXPECT(!html("*/*"));
    EXPECT(!html("text/*"));
    EXPECT(!html("application/json"));
    EXPECT(!html("application/json, text/plain, */*"));
    EXPECT(!html("application/problem+json"));
    EXPECT(!html("text/plain"));
    EXPECT(!html("image/avif,image/webp,*/*"));
    EXPECT(!html("text/css,*/*;q=0.1"));
    EXPECT(!html("text/event-stream"));
    EXPECT(!html(""));
    EXPECT(!mfa_accepts_html(absent));
}


TEST(weights_count)
{
    EXPECT(html("text/html;q=0.5"));
    EXPECT(html("text/html;q=0.001"));
    EXPECT(!html("text/html;q=0"));
    EXPECT(!html("text/html;q=0.000"));
    EXPECT(html("text/html;q=0, application/xhtml+xml"));

    EXPECT(!html("application/json, text/html;q=0.9"));
    EXPECT(!html("text/html;q=0.9, application/json"));
    EXPECT(!html("text/html;q=0.9, application/hal+json;q=0.91"));
    EXPECT(html("text/html, application/json;q=0.9"));
    EXPECT(html("application/json;q=0.9, text/html"));
    EXPECT(html("application/json, text/html"));
    EXPECT(html("application/json;q=0.0, text/html;q=0.1"));
}


TEST(letters_have_no_case_here_and_blanks_no_place)
{
    EXPECT(html("TEXT/HTML"));
    EXPECT(html("Text/Html;Q=0.5"));
    EXPECT(html(" text/html \t;\t q=0.5 "));
    EXPECT(html(",,, text/html ,,"));
    EXPECT(!html("application/json,text/html ; Q=0.5"));
    EXPECT(!html("APPLICATION/JSON, text/html;q=0.5"));
}


TEST(parameters_are_passed_over)
{
    EXPECT(html("text/html;level=1"));
    EXPECT(html("text/html;level=1;q=0.4"));
    EXPECT(!html("text/html;level=1;q=0"));
    EXPECT(html("text/html;x=\"a,b;q=0\""));
    EXPECT(html("text/html;x=\"a\\\",b;q=0\";q=1"));
    EXPECT(!html("text/html;x=\"a\\\\\";q=0"));
    EXPECT(!html("text/plain;x=\", text/html\""));
    EXPECT(!html("text/plain;x=\"text/html"));
}


TEST(garbage_is_no_wish)
{
    EXPECT(!html("text/html;q="));
    EXPECT(!html("text/html;q=x"));
    EXPECT(!html("text/html;q=2"));
    EXPECT(!html("text/html;q=1.5"));
    EXPECT(!html("text/html;q=1.001"));
    EXPECT(!html("text/html;q=-1"));
    EXPECT(!html("text/html;q=.5"));
    EXPECT(!html("text/html;q=0,5"));
    EXPECT(!html("text/html;q=0.1234"));
    EXPECT(!html("text/html;q=00.5"));
    EXPECT(!html("text/html;q=0.5x"));
    EXPECT(html("text/html;q=1."));
    EXPECT(html("text/html;q=1.000"));
    EXPECT(!html("text/htmlx"));
    EXPECT(!html("xtext/html"));
    EXPECT(!html("text/htm"));
    EXPECT(!html("text html"));
    EXPECT(!html("\"text/html\""));
    EXPECT(!html("\xff\xfe"));
    EXPECT(!html(";q=1"));
    EXPECT(!html("json"));
    EXPECT(html("text/html, json"));
    EXPECT(html("text/html;q=0.5, xjson"));
    EXPECT(html("text/html;q=0.5, application/json;q=9"));
}


TEST(a_line_is_bounded)
{
    char  text[4097];

    memset(text, ',', sizeof(text));
    memcpy(text, "text/html", 9);

    EXPECT(mfa_accepts_html(exact_slice(text, 4096)));
    EXPECT(!mfa_accepts_html(exact_slice(text, 4097)));
}


static unsigned
language(const char *accept)
{
    static const postern_str_t  languages[] = {
        postern_string("en"),
        postern_string("de"),
        postern_string("pt-BR"),
        postern_string("zh-Hant"),
        postern_string("sr-Latn")
    };

    return mfa_language(exact(accept), languages, 5, 99);
}


TEST(a_language_is_found_by_itself)
{
    EXPECT_INT(language("en"), 0);
    EXPECT_INT(language("de"), 1);
    EXPECT_INT(language("DE"), 1);
    EXPECT_INT(language("pt-br"), 2);
    EXPECT_INT(language("ZH-HANT"), 3);
}


TEST(a_range_loses_subtags_until_it_finds)
{
    EXPECT_INT(language("de-AT"), 1);
    EXPECT_INT(language("de-Latn-DE-1996"), 1);
    EXPECT_INT(language("zh-Hant-TW"), 3);
    EXPECT_INT(language("sr-Latn-RS"), 4);

    /* RFC 4647 section 3.4: a single letter goes along with what follows */
    EXPECT_INT(language("zh-Hant-CN-x-private1-private2"), 3);
    EXPECT_INT(language("de-x-y"), 1);
    EXPECT_INT(language("de-a-x-b"), 1);
}


TEST(a_range_never_gains_subtags)
{
    EXPECT_INT(language("pt"), 99);
    EXPECT_INT(language("pt-PT"), 99);
    EXPECT_INT(language("zh"), 99);
    EXPECT_INT(language("zh-TW"), 99);
    EXPECT_INT(language("d"), 99);
    EXPECT_INT(language("deu"), 99);
    EXPECT_INT(language("den"), 99);
    EXPECT_INT(language("x-de"), 99);
}


TEST(weights_set_the_order)
{
    EXPECT_INT(language("en;q=0.5, de;q=0.8"), 1);
    EXPECT_INT(language("fr, de;q=0.8, en;q=0.5"), 1);
    EXPECT_INT(language("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"), 0);
    EXPECT_INT(language("de, en"), 1);
    EXPECT_INT(language("en, de"), 0);
    EXPECT_INT(language("en;q=0, de;q=0.1"), 1);
    EXPECT_INT(language("de;q=0"), 99);
    EXPECT_INT(language("de-DE;q=0.9,en;q=1.0"), 0);
    EXPECT_INT(language("de;q=0.001"), 1);
}


TEST(a_wildcard_finds_nothing_by_itself)
{
    EXPECT_INT(language("*"), 99);
    EXPECT_INT(language("*, de;q=0.5"), 1);
    EXPECT_INT(language("*-CH"), 99);
    EXPECT_INT(language("de-*-DE"), 1);
    EXPECT_INT(language("de-*"), 1);
}


TEST(garbage_is_no_language)
{
    unsigned        none;
    postern_str_t   absent = postern_null_string;

    none = mfa_language(absent, NULL, 0, 7);

    EXPECT_INT(none, 7);
    EXPECT_INT(mfa_language(exact("de"), NULL, 0, 7), 7);
    EXPECT_INT(language(""), 99);
    EXPECT_INT(language(","), 99);
    EXPECT_INT(language(";q=1"), 99);
    EXPECT_INT(language("-"), 99);
    EXPECT_INT(language("---"), 99);
    EXPECT_INT(language("-de"), 99);
    EXPECT_INT(language("de_DE"), 99);
    EXPECT_INT(language("de;q=x, en;q=0.1"), 0);
    EXPECT_INT(language("\xff\xff, de"), 1);
    EXPECT_INT(language("../../etc/passwd"), 99);
    EXPECT_INT(language("de-AT-de-AT-de-AT-de-AT-de-AT-de-AT-de-AT"), 99);
}


TEST(ranges_are_counted)
{
    char      text[512];
    unsigned  i, len;

    for (i = 0, len = 0; i < MFA_LANGUAGES_MAX - 1; i++) {
        len += sprintf(text + len, "x%u,", i);
    }

    strcpy(text + len, "de");
    EXPECT_INT(language(text), 1);

    strcpy(text + len, "y,de");
    EXPECT_INT(language(text), 99);
}


UNIT_MAIN()
