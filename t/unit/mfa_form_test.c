
/* link: ngx_http_mfa_module/mfa_form.c */

#include "exact.h"
#include "mfa_form.h"


static mfa_form_t  form;


static int
parse_bytes(const void *data, size_t len)
{
    return mfa_form_parse(exact_bytes(data, len), len, &form);
}


static int
parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}


TEST(fields_come_decoded)
{
    EXPECT_INT(parse("user=alice&password=a%2Bb%26c%3dd+e&to=%2Fx%3Fa%3D1"), 0);
    EXPECT_INT(form.n, 3);
    EXPECT_STR(mfa_form_get(&form, "user"), "alice");
    EXPECT_STR(mfa_form_get(&form, "password"), "a+b&c=d e");
    EXPECT_STR(mfa_form_get(&form, "to"), "/x?a=1");
}


TEST(what_a_password_may_hold_arrives_as_it_was_typed)
{
    EXPECT_INT(parse("p=%20+%C3%A4%F0%9F%94%91%22%27%3C%3E%00"), -1);
    EXPECT_INT(parse("p=%20+%C3%A4%F0%9F%94%91%22%27%3C%3E%09"), 0);
    EXPECT_STR(mfa_form_get(&form, "p"),
               "  \xc3\xa4\xf0\x9f\x94\x91\"'<>\t");

    /* only the first "=" and no other ends a name */
    EXPECT_INT(parse("p==a==b="), 0);
    EXPECT_STR(mfa_form_get(&form, "p"), "=a==b=");

    /* bytes that a browser would have escaped are taken as they are */
    EXPECT_INT(parse("p=\xff\xfe;#?/\\\r\n"), 0);
    EXPECT_STR(mfa_form_get(&form, "p"), "\xff\xfe;#?/\\\r\n");
}


TEST(a_field_may_be_empty_and_is_then_not_absent)
{
    EXPECT_INT(parse("a=&b&=c"), 0);
    EXPECT_INT(form.n, 3);
    EXPECT_STR(mfa_form_get(&form, "a"), "");
    EXPECT(mfa_form_get(&form, "a").data != NULL);
    EXPECT_STR(mfa_form_get(&form, "b"), "");
    EXPECT(mfa_form_get(&form, "b").data != NULL);
    EXPECT_STR(mfa_form_get(&form, ""), "c");

    EXPECT(mfa_form_get(&form, "d").data == NULL);
    EXPECT_INT(mfa_form_get(&form, "d").len, 0);
}


TEST(nothing_at_all_is_a_form_without_fields)
{
    EXPECT_INT(parse(""), 0);
    EXPECT_INT(form.n, 0);

    EXPECT_INT(mfa_form_parse(NULL, 0, &form), 0);
    EXPECT_INT(form.n, 0);

    EXPECT_INT(parse("&&&"), 0);
    EXPECT_INT(form.n, 0);
    EXPECT(mfa_form_get(&form, "").data == NULL);
}


TEST(empty_pieces_are_passed_over)
{
    EXPECT_INT(parse("&a=1&&b=2&"), 0);
    EXPECT_INT(form.n, 2);
    EXPECT_STR(mfa_form_get(&form, "b"), "2");
}


TEST(broken_escapes_are_refused)
{
    EXPECT_INT(parse("a=%"), -1);
    EXPECT_INT(parse("a=%4"), -1);
    EXPECT_INT(parse("a=%4&b=1"), -1);
    EXPECT_INT(parse("a=%zz"), -1);
    EXPECT_INT(parse("a=%4g"), -1);
    EXPECT_INT(parse("a=%%41"), -1);
    EXPECT_INT(parse("a=% 41"), -1);
    EXPECT_INT(parse("a%=1"), -1);
    EXPECT_INT(parse("ok=1&a=%u0041"), -1);
    EXPECT_INT(form.n, 0);
}


TEST(an_escape_is_decoded_once)
{
    EXPECT_INT(parse("a=%2541&%2562=1"), 0);
    EXPECT_STR(mfa_form_get(&form, "a"), "%41");
    EXPECT_STR(mfa_form_get(&form, "%62"), "1");
    EXPECT(mfa_form_get(&form, "b").data == NULL);

    /* a delimiter that comes from an escape delimits nothing */
    EXPECT_INT(parse("a=1%26b=2%3Dx"), 0);
    EXPECT_INT(form.n, 1);
    EXPECT_STR(mfa_form_get(&form, "a"), "1&b=2=x");
}


TEST(nul_is_refused_raw_and_escaped)
{
    EXPECT_INT(parse_bytes("a=b\0c", 5), -1);
    EXPECT_INT(parse_bytes("a\0=b", 4), -1);
    EXPECT_INT(parse("a=%00"), -1);
    EXPECT_INT(parse("user%00=alice"), -1);
    EXPECT_INT(parse("user=alice%00.evil"), -1);
}


TEST(a_name_twice_is_refused_in_any_spelling)
{
    EXPECT_INT(parse("user=alice&user=mallory"), -1);
    EXPECT_INT(parse("user=alice&user=alice"), -1);
    EXPECT_INT(parse("user=alice&%75ser=mallory"), -1);
    EXPECT_INT(parse("user=alice&us%65r"), -1);
    EXPECT_INT(parse("a+b=1&a%20b=2"), -1);
    EXPECT_INT(parse("=1&=2"), -1);

    /* names have a case */
    EXPECT_INT(parse("user=alice&User=mallory"), 0);
    EXPECT_STR(mfa_form_get(&form, "user"), "alice");
}


TEST(a_name_is_found_whole)
{
    EXPECT_INT(parse("users=1&use=2&user%5B%5D=3"), 0);
    EXPECT(mfa_form_get(&form, "user").data == NULL);
    EXPECT_STR(mfa_form_get(&form, "user[]"), "3");
}


TEST(fields_are_counted)
{
    char      text[256];
    unsigned  i, len;

    for (i = 0, len = 0; i < MFA_FORM_FIELDS; i++) {
        len += sprintf(text + len, "f%u=%u&", i, i);
    }

    EXPECT_INT(parse_bytes(text, len), 0);
    EXPECT_INT(form.n, MFA_FORM_FIELDS);
    EXPECT_STR(mfa_form_get(&form, "f15"), "15");

    len += sprintf(text + len, "more=1");

    EXPECT_INT(parse_bytes(text, len), -1);
    EXPECT_INT(form.n, 0);
}


TEST(a_body_is_bounded)
{
    static char  text[MFA_FORM_MAX + 1];

    memset(text, 'a', sizeof(text));
    text[1] = '=';

    EXPECT_INT(parse_bytes(text, MFA_FORM_MAX), 0);
    EXPECT_INT(mfa_form_get(&form, "a").len, MFA_FORM_MAX - 2);

    EXPECT_INT(parse_bytes(text, MFA_FORM_MAX + 1), -1);
    EXPECT_INT(form.n, 0);
}


UNIT_MAIN()
