
/* link: ngx_http_mfa_module/mfa_return.c */

#include "exact.h"
#include "mfa_http.h"


#define allowed(text)  mfa_return_allowed(exact(text))


TEST(a_path_of_this_host_is_allowed)
{
    EXPECT(allowed("/"));
    EXPECT(allowed("/app"));
    EXPECT(allowed("/app/"));
    EXPECT(allowed("/app/page.html"));
    EXPECT(allowed("/a/b/c?d=e&f=g"));
    EXPECT(allowed("/?"));
    EXPECT(allowed("/?a"));
    EXPECT(allowed("/-._~!$&'()*+,;=:@/x"));
    EXPECT(allowed("/[x]{y}|^`\"<>"));
    EXPECT(allowed("/.hidden"));
    EXPECT(allowed("/..hidden"));
    EXPECT(allowed("/..."));
    EXPECT(allowed("/.../x"));
}


TEST(what_people_really_have_in_addresses_is_allowed)
{
    /* UTF-8 comes escaped from every browser */
    EXPECT(allowed("/stra%C3%9Fe/%E6%97%A5%E6%9C%AC"));
    EXPECT(allowed("/a%20b%2Bc"));
    EXPECT(allowed("/50%25"));
    EXPECT(allowed("/50%25/off"));
    EXPECT(allowed("/50%25off"));
    EXPECT(allowed("/a%2525"));
    EXPECT(allowed("/a%2Fb/c"));
    EXPECT(allowed("/a//b"));
    EXPECT(allowed("/a/../b"));
    EXPECT(allowed("/a/./b/"));
    EXPECT(allowed("/a/.."));
    EXPECT(allowed("/a/../"));
}


TEST(a_query_may_hold_what_it_likes)
{
    EXPECT(allowed("/?to=//evil.example"));
    EXPECT(allowed("/?to=https://evil.example/"));
    EXPECT(allowed("/x?a=1?b=2//"));
    EXPECT(allowed("/x?text=a%0D%0Ab"));
    EXPECT(allowed("/x?100%"));
    EXPECT(allowed("/x?%2f%2f%zz"));
    EXPECT(allowed("/x?/../../../.."));
}


TEST(nothing_is_not_a_place)
{
    postern_str_t  absent = postern_null_string;

    EXPECT(!allowed(""));
    EXPECT(!mfa_return_allowed(absent));
}


TEST(no_scheme_and_no_host)
{
    EXPECT(!allowed("https://evil.example"));
    EXPECT(!allowed("https://evil.example/"));
    EXPECT(!allowed("https:evil.example"));
    EXPECT(!allowed("https:/evil.example"));
    EXPECT(!allowed("HTTPS://evil.example"));
    EXPECT(!allowed("javascript:alert(1)"));
    EXPECT(!allowed("data:text/html,x"));
    EXPECT(!allowed("evil.example"));
    EXPECT(!allowed("app"));
    EXPECT(!allowed("./app"));
    EXPECT(!allowed("../app"));
    EXPECT(!allowed("?a=b"));
    EXPECT(!allowed("#x"));
    EXPECT(!allowed("@evil.example"));
    EXPECT(!allowed(".evil.example"));
    EXPECT(!allowed(":80"));
    EXPECT(!allowed("*"));
}


TEST(userinfo_and_suffix_hosts)
{
    EXPECT(!allowed("//good.example@evil.example"));
    EXPECT(!allowed("https://good.example@evil.example/"));
    EXPECT(!allowed("https://good.example.evil.example/"));
    EXPECT(!allowed("https://good.example"));
    EXPECT(!allowed("//good.example"));

    /* behind one "/" these are names of files */
    EXPECT(allowed("/@evil.example"));
    EXPECT(allowed("/good.example@evil.example"));
    EXPECT(allowed("/https://evil.example"));
    EXPECT(allowed("/javascript:alert(1)"));
}


TEST(two_slashes_in_every_spelling)
{
    EXPECT(!allowed("//"));
    EXPECT(!allowed("//evil.example"));
    EXPECT(!allowed("///evil.example"));
    EXPECT(!allowed("////evil.example//"));
    EXPECT(!allowed("//evil.example?a"));
    EXPECT(!allowed("/\\evil.example"));
    EXPECT(!allowed("\\/evil.example"));
    EXPECT(!allowed("\\\\evil.example"));
    EXPECT(!allowed("/\\/evil.example"));
    EXPECT(!allowed("/a\\b"));
    EXPECT(!allowed("/?a=\\"));
}


TEST(white_space_and_controls_that_browsers_drop)
{
    int            ch;
    unsigned char  text[] = "/x/evil.example";

    EXPECT(!allowed("/\t/evil.example"));
    EXPECT(!allowed("/\n/evil.example"));
    EXPECT(!allowed("/\r/evil.example"));
    EXPECT(!allowed("\t//evil.example"));
    EXPECT(!allowed(" /app"));
    EXPECT(!allowed("/app "));
    EXPECT(!allowed("/a b"));
    EXPECT(!allowed("/?a b"));
    EXPECT(!allowed("/x?a\r\nSet-Cookie: a=b"));

    for (ch = 0; ch < 256; ch++) {
        text[1] = (unsigned char) ch;

        EXPECT_INT(mfa_return_allowed(exact_slice(text, sizeof(text) - 1)),
                   ch > 0x20 && ch < 0x7f && ch != '\\' && ch != '#'
                   && ch != '/' && ch != '%');
    }
}


TEST(controls_that_come_out_of_escapes)
{
    EXPECT(!allowed("/%09/evil.example"));
    EXPECT(!allowed("/%0a/evil.example"));
    EXPECT(!allowed("/%0d%0aSet-Cookie:a=b"));
    EXPECT(!allowed("/%0D%0Ax"));
    EXPECT(!allowed("/%00"));
    EXPECT(!allowed("/a/%7f"));
    EXPECT(!allowed("/a/%1F"));
    EXPECT(!allowed("/%250d"));
    EXPECT(!allowed("/%25250d"));
}


TEST(idn_is_not_ascii_and_not_allowed)
{
    EXPECT(!allowed("//\xe3\x80\x82" "example"));
    EXPECT(!allowed("/\xef\xbc\x8f" "evil.example"));
    EXPECT(!allowed("/\xe3\x80\x82" "evil"));
    EXPECT(!allowed("/\xc3\xa4"));
    EXPECT(!allowed("/\xff"));
    EXPECT(!allowed("/?\xc3\xa4"));
    EXPECT(!allowed("//xn--e1afmkfd.example"));
}


TEST(escaped_slashes_at_the_beginning)
{
    EXPECT(!allowed("/%2fevil.example"));
    EXPECT(!allowed("/%2Fevil.example"));
    EXPECT(!allowed("/%2f%2fevil.example"));
    EXPECT(!allowed("/%5cevil.example"));
    EXPECT(!allowed("/%5Cevil.example"));
    EXPECT(!allowed("/%2f..evil.example"));
    EXPECT(!allowed("%2f%2fevil.example"));
    EXPECT(!allowed("%2fevil.example"));
}


TEST(escapes_of_escapes)
{
    EXPECT(!allowed("/%252fevil.example"));
    EXPECT(!allowed("/%25252fevil.example"));
    EXPECT(!allowed("/%2525252525252Fevil.example"));
    EXPECT(!allowed("/%255cevil.example"));
    EXPECT(!allowed("/%252e/%252fevil.example"));
    EXPECT(!allowed("/%25%32%66evil.example"));
    EXPECT(!allowed("/%25%32%35%32%66evil.example"));
    EXPECT(!allowed("/%252525252541"));
    EXPECT(allowed("/%25252541"));
    EXPECT(!allowed("/%%32%66evil.example"));
    EXPECT(!allowed("/%2%66evil.example"));
}


TEST(dot_segments_at_the_beginning)
{
    EXPECT(!allowed("/.//evil.example"));
    EXPECT(!allowed("/..//evil.example"));
    EXPECT(!allowed("/././/evil.example"));
    EXPECT(!allowed("/../..//evil.example"));
    EXPECT(!allowed("/%2e//evil.example"));
    EXPECT(!allowed("/%2E%2e//evil.example"));
    EXPECT(!allowed("/.%2e//evil.example"));
    EXPECT(!allowed("/.%2f/evil.example"));
    EXPECT(!allowed("/%2e%2f%2fevil.example"));
    EXPECT(!allowed("/%252e%252e//evil.example"));
    EXPECT(!allowed("/.%5c%5cevil.example"));
    EXPECT(!allowed("/.%5c/evil.example"));
}


TEST(dot_segments_that_lead_back_to_the_beginning)
{
    EXPECT(!allowed("/a/..//evil.example"));
    EXPECT(!allowed("/a/b/../..//evil.example"));
    EXPECT(!allowed("/a/%2e%2e//evil.example"));
    EXPECT(!allowed("/a/../%2fevil.example"));
    EXPECT(!allowed("/a/..%2f%2fevil.example"));
    EXPECT(!allowed("/a/../..//evil.example"));
    EXPECT(!allowed("/a//../..//evil.example"));
    EXPECT(!allowed("/a/b/../../../..//evil.example?x"));

    /* not at the beginning */
    EXPECT(allowed("/a/b/..//evil.example"));
    EXPECT(allowed("/a//../b"));
}


TEST(broken_escapes_in_the_path)
{
    EXPECT(!allowed("/%"));
    EXPECT(!allowed("/%2"));
    EXPECT(!allowed("/%zz"));
    EXPECT(!allowed("/a/%u002f"));
    EXPECT(!allowed("/a%"));
    EXPECT(!allowed("/%?a"));
    EXPECT(!allowed("/%2?fevil"));
}


TEST(fragments_are_not_allowed)
{
    EXPECT(!allowed("/#"));
    EXPECT(!allowed("/app#top"));
    EXPECT(!allowed("/app?a#b"));

    /* escaped it is part of a name */
    EXPECT(allowed("/app%23top"));
}


TEST(a_place_is_bounded)
{
    char    text[MFA_RETURN_MAX + 2];
    size_t  i;

    memset(text, 'a', sizeof(text));
    text[0] = '/';

    EXPECT(mfa_return_allowed(exact_slice(text, MFA_RETURN_MAX)));
    EXPECT(!mfa_return_allowed(exact_slice(text, MFA_RETURN_MAX + 1)));

    /* as many escapes of an escape as there is room for */

    text[1] = '%';

    for (i = 2; i + 1 < MFA_RETURN_MAX; i += 2) {
        text[i] = '2';
        text[i + 1] = '5';
    }

    EXPECT(!mfa_return_allowed(exact_slice(text, MFA_RETURN_MAX)));
}


TEST(the_path_ends_with_its_slice)
{
    /* what lies behind in memory is not read as an escape */

    EXPECT(!mfa_return_allowed(exact_slice("/%2f", 2)));
    EXPECT(!mfa_return_allowed(exact_slice("/%2f", 3)));
    EXPECT(mfa_return_allowed(exact_slice("//evil", 1)));
}


static const char *
escape(const char *text, size_t size)
{
    size_t       len;
    static char  out[256];

    memset(out, '#', sizeof(out));
    len = mfa_escape(exact(text), out, size);

    EXPECT(len <= size);
    EXPECT_INT(out[size], '#');
    out[len] = '\0';

    return out;
}


TEST(escape_leaves_what_needs_none)
{
    EXPECT_MEM(escape("/aZ0-._~/", 100), "/aZ0-._~/", 10);
    EXPECT_MEM(escape("/a?b=c&d", 100), "/a%3Fb%3Dc%26d", 15);
    EXPECT_MEM(escape("%41 +\"'<>#\\", 100), "%2541%20%2B%22%27%3C%3E%23%5C",
               30);
    EXPECT_MEM(escape("\xc3\xa4\x01\x7f", 100), "%C3%A4%01%7F", 13);
    EXPECT_MEM(escape("", 100), "", 1);
}


TEST(escape_stays_within_its_room)
{
    EXPECT_MEM(escape("abc", 3), "abc", 4);
    EXPECT_MEM(escape("abc", 2), "", 1);
    EXPECT_MEM(escape("a?", 4), "a%3F", 5);
    EXPECT_MEM(escape("a?", 3), "", 1);
    EXPECT_MEM(escape("a?", 2), "", 1);
    EXPECT_MEM(escape("a", 0), "", 1);
}


UNIT_MAIN()
