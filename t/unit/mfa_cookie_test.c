
/* link: ngx_http_mfa_module/mfa_cookie.c
   ngx_http_mfa_module/mfa_base64url.c */

#include "exact.h"
#include "mfa_http.h"


#define NAME    "__Host-postern"
#define ZEROES  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"    /* 43 */


static unsigned
find(const char *line, const char *want)
{
    unsigned       n;
    postern_str_t  value;

    value.data = NULL;
    value.len = 0;

    n = mfa_cookie_find(exact(line), exact(NAME), &value);

    if (want != NULL) {
        EXPECT_STR(value, want);
    }

    return n;
}


TEST(a_cookie_is_found_wherever_it_stands)
{
    EXPECT_INT(find(NAME "=v", "v"), 1);
    EXPECT_INT(find(NAME "=v; a=b", "v"), 1);
    EXPECT_INT(find("a=b; " NAME "=v", "v"), 1);
    EXPECT_INT(find("a=b; " NAME "=v; c=d", "v"), 1);
    EXPECT_INT(find("a=b;" NAME "=v;c=d", "v"), 1);
    EXPECT_INT(find("a=b;\t  " NAME "=v \t;c=d", "v"), 1);
    EXPECT_INT(find(";;; " NAME "=v;;", "v"), 1);
}


static void
without(const char *line, const char *want)
{
    size_t                      n;
    unsigned char               out[256];
    postern_str_t               l, got;

    static const postern_str_t  names[] = {
        postern_string(NAME), postern_string(NAME "-device")
    };

    l = exact(line);
    n = mfa_cookie_without(l, names, 2, out);

    got.data = out;
    got.len = n;

    EXPECT_STR(got, want);
}


TEST(an_application_gets_the_other_cookies)
{
    without("a=b; c=d", "a=b; c=d");
    without(" a=b;c=d;", " a=b;c=d;");
    without("", "");
    without(NAME "=v", "");
    without(NAME "=v; " NAME "-device=w", "");
    without("a=b; " NAME "=v", "a=b");
    without("a=b; " NAME "=v; c=d", "a=b; c=d");
    without(NAME "=v;c=d", "c=d");
    without("a=b;\t" NAME "-device=v ;;c=d", "a=b;;c=d");
    without(NAME "=v; c=d; e=f", "c=d; e=f");
    without(NAME "=v; " NAME "=w; c=d", "c=d");
    without(" \t" NAME "=v;  c=d ", "c=d");
    without(NAME "=v; ; c=d", "; c=d");

    /* others by a part of the name, by another case, or by none */

    without(NAME "-devices=v; x" NAME "=v", NAME "-devices=v; x" NAME "=v");
    without("__host-postern=v; " NAME, "__host-postern=v; " NAME);
}


TEST(blanks_at_the_end_are_no_cookie)
{
    size_t         n;
    unsigned char  out[64];
    postern_str_t  line = exact("a=1; b=2;  "), name = exact("b");

    n = mfa_cookie_without(line, &name, 1, out);
    EXPECT_MEM(out, "a=1;", n < 4 ? n : 4);
    EXPECT(memchr(out, 'b', n) == NULL);
}


TEST(there_may_be_none)
{
    EXPECT_INT(find("", NULL), 0);
    EXPECT_INT(find(";", NULL), 0);
    EXPECT_INT(find("a=b; c=d", NULL), 0);
    EXPECT_INT(find(NAME, NULL), 0);
    EXPECT_INT(find(NAME ";=v", NULL), 0);
    EXPECT_INT(find("=v", NULL), 0);
    EXPECT_INT(find("v", NULL), 0);
}


TEST(a_value_may_be_empty)
{
    EXPECT_INT(find(NAME "=", ""), 1);
    EXPECT_INT(find(NAME "=; a=b", ""), 1);
    EXPECT_INT(find(NAME "=   ", ""), 1);
}


TEST(a_value_goes_to_the_next_semicolon)
{
    EXPECT_INT(find(NAME "=a=b==", "a=b=="), 1);
    EXPECT_INT(find(NAME "=a b, c", "a b, c"), 1);
}


TEST(quotes_are_bytes_like_others)
{
    EXPECT_INT(find(NAME "=\"v\"", "\"v\""), 1);
    EXPECT_INT(find(NAME "=\"a; " NAME "=b\"", "b\""), 2);

    /* "cookie sandwich": a quote that is open hides nothing */
    EXPECT_INT(find("$Version=1; x=\"1; " NAME "=v; y=1\"", "v"), 1);
    EXPECT_INT(find("x=\"" NAME "=v\"", NULL), 0);
}


TEST(two_of_a_name_are_counted_and_not_chosen_from)
{
    EXPECT_INT(find(NAME "=a; " NAME "=b", NULL), 2);
    EXPECT_INT(find(NAME "=a; x=1; " NAME "=a", NULL), 2);
    EXPECT_INT(find(NAME "=; " NAME "=a; " NAME "=b", NULL), 3);

    /* a nameless cookie that a browser sent as if it had the name */
    EXPECT_INT(find(NAME "=evil; a=b; " NAME "=own", NULL), 2);
}


TEST(other_names_are_other_cookies)
{
    EXPECT_INT(find(NAME "x=v", NULL), 0);
    EXPECT_INT(find(NAME "-form=v", NULL), 0);
    EXPECT_INT(find("x" NAME "=v", NULL), 0);
    EXPECT_INT(find("x " NAME "=v", NULL), 0);
    EXPECT_INT(find("__Host-poster=v", NULL), 0);
    EXPECT_INT(find("__Hostpostern=v", NULL), 0);
    EXPECT_INT(find("postern=v", NULL), 0);
    EXPECT_INT(find("__Secure-postern=v", NULL), 0);
}


TEST(a_name_has_one_spelling)
{
    /* what browsers do not guard as a __Host- cookie, and lax readers take for
       one: other case, blanks of Unicode, escapes */

    EXPECT_INT(find("__host-postern=v", NULL), 0);
    EXPECT_INT(find("__HOST-postern=v", NULL), 0);
    EXPECT_INT(find("__Host-Postern=v", NULL), 0);
    EXPECT_INT(find("\xe2\x80\x80" NAME "=v", NULL), 0);
    EXPECT_INT(find("\xc2\xa0" NAME "=v", NULL), 0);
    EXPECT_INT(find("\x0b" NAME "=v", NULL), 0);
    EXPECT_INT(find("\x0c" NAME "=v", NULL), 0);
    EXPECT_INT(find("%5F_Host-postern=v", NULL), 0);
    EXPECT_INT(find("\"" NAME "\"=v", NULL), 0);
    EXPECT_INT(find(NAME " =v", NULL), 0);
    EXPECT_INT(find("a=b, " NAME "=v", NULL), 0);
    EXPECT_INT(find("$" NAME "=v", NULL), 0);
}


TEST(nul_and_other_bytes_end_nothing)
{
    postern_str_t       value;
    static const char   line[] = "a=\0; " NAME "=v\0w\x7f";

    EXPECT_INT(mfa_cookie_find(exact_slice(line, sizeof(line) - 1), exact(NAME),
                               &value), 1);
    EXPECT_INT(value.len, 4);
    EXPECT_MEM(value.data, "v\0w\x7f", 4);
}


TEST(a_line_that_ends_within_the_name_is_read_no_further)
{
    size_t         i;
    postern_str_t  value;

    for (i = 0; i < sizeof(NAME "="); i++) {
        EXPECT_INT(mfa_cookie_find(exact_slice(NAME "=", i), exact(NAME),
                                   &value),
                   i == sizeof(NAME "=") - 1);
    }
}


TEST(a_line_is_bounded)
{
    postern_str_t  line, value;
    static char    text[MFA_COOKIES_MAX + 1];

    memset(text, ';', sizeof(text));
    memcpy(text + MFA_COOKIES_MAX - 16, NAME "=v", sizeof(NAME "=v") - 1);

    line.data = (unsigned char *) text;
    line.len = MFA_COOKIES_MAX;
    EXPECT_INT(mfa_cookie_find(line, exact(NAME), &value), 1);

    /* as good as none, even if another line has just one */
    line.len = MFA_COOKIES_MAX + 1;
    EXPECT(mfa_cookie_find(line, exact(NAME), &value) > 1);
}


static int
decode(const char *text)
{
    char           tag[5];
    unsigned char  token[MFA_TOKEN];

    return mfa_token_decode(exact(text), tag, token);
}


TEST(a_token_is_read_as_it_was_written)
{
    int            i, round;
    char           text[MFA_TOKEN_TEXT + 1], tag[5];
    unsigned char  token[MFA_TOKEN], read[MFA_TOKEN];

    for (round = 0; round < 64; round++) {

        for (i = 0; i < MFA_TOKEN; i++) {
            token[i] = (unsigned char) (round * 37 + i * (2 * round + 1));
        }

        mfa_token_encode("k-_9", token, text);

        EXPECT_INT(strlen(text), MFA_TOKEN_TEXT);
        EXPECT_INT(mfa_token_decode(exact(text), tag, read), 0);
        EXPECT_MEM(tag, "k-_9", 5);
        EXPECT_MEM(read, token, MFA_TOKEN);
    }

    memset(token, 0, sizeof(token));
    mfa_token_encode("AAAA", token, text);
    EXPECT_MEM(text, "AAAA." ZEROES, MFA_TOKEN_TEXT + 1);

    memset(token, 0xff, sizeof(token));
    mfa_token_encode("AAAA", token, text);
    EXPECT_MEM(text, "AAAA.__________________________________________8",
               MFA_TOKEN_TEXT + 1);
}


TEST(a_token_has_one_length)
{
    EXPECT_INT(decode("AAAA." ZEROES), 0);
    EXPECT_INT(decode("AAAA." ZEROES "A"), -1);
    EXPECT_INT(decode("AAAA." ZEROES "="), -1);
    EXPECT_INT(decode("AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), -1);
    EXPECT_INT(decode("AAA." ZEROES), -1);
    EXPECT_INT(decode("AAAAA." ZEROES), -1);
    EXPECT_INT(decode(""), -1);
    EXPECT_INT(decode("."), -1);
    EXPECT_INT(decode("\"AAAA." ZEROES "\""), -1);
    EXPECT_INT(decode(" AAAA." ZEROES), -1);
}


TEST(a_token_that_is_absent_is_none)
{
    char           tag[5];
    unsigned char  token[MFA_TOKEN];
    postern_str_t  absent = postern_null_string;

    EXPECT_INT(mfa_token_decode(absent, tag, token), -1);
}


TEST(a_token_has_one_spelling)
{
    char         text[MFA_TOKEN_TEXT + 1];
    const char  *p;
    unsigned     n;

    /* 43 digits are 258 bits: the last two encode nothing and are 0 */

    strcpy(text, "AAAA." ZEROES);

    n = 0;

    for (p = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
         *p != '\0';
         p++)
    {
        text[MFA_TOKEN_TEXT - 1] = *p;
        n += (decode(text) == 0);
    }

    EXPECT_INT(n, 16);

    text[MFA_TOKEN_TEXT - 1] = 'B';
    EXPECT_INT(decode(text), -1);

    text[MFA_TOKEN_TEXT - 1] = 'E';
    EXPECT_INT(decode(text), 0);
}


TEST(every_byte_of_a_token_is_a_digit)
{
    int       ch, at;
    char      text[MFA_TOKEN_TEXT + 1];
    unsigned  n, want;

    for (at = 0; at < MFA_TOKEN_TEXT; at++) {

        n = 0;

        for (ch = 1; ch < 256; ch++) {
            strcpy(text, "AAAA." ZEROES);
            text[at] = (char) ch;

            if (at % 12 == 0) {
                n += (decode(text) == 0);

            } else {
                char           tag[5];
                postern_str_t  s;
                unsigned char  token[MFA_TOKEN];

                s.data = (unsigned char *) text;
                s.len = MFA_TOKEN_TEXT;
                n += (mfa_token_decode(s, tag, token) == 0);
            }
        }

        want = (at == 4) ? 1 : (at == MFA_TOKEN_TEXT - 1) ? 16 : 64;
        EXPECT_INT(n, want);
    }

    /* base64 of the other alphabet */
    EXPECT_INT(decode("AA/+." ZEROES), -1);
    EXPECT_INT(decode("AAAA.+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), -1);
}


TEST(nul_in_a_token_is_no_digit)
{
    char           tag[5];
    unsigned char  token[MFA_TOKEN], text[MFA_TOKEN_TEXT];

    memcpy(text, "AAAA." ZEROES, MFA_TOKEN_TEXT);
    text[20] = '\0';

    EXPECT_INT(mfa_token_decode(exact_slice(text, MFA_TOKEN_TEXT), tag, token),
               -1);
}


/* RFC 4648 section 10, without padding */

TEST(base64url_agrees_with_rfc_4648)
{
    int            i, n;
    char           out[16];
    unsigned char  back[8];

    static const char *const  want[] = {
        "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"
    };

    for (i = 0; i < 7; i++) {
        n = (int) mfa_base64url((unsigned char *) "foobar", i, out);

        EXPECT_INT(n, strlen(want[i]));
        EXPECT_MEM(out, want[i], n + 1);

        EXPECT_INT(mfa_base64url_decode(exact(want[i]), back, i), 0);
        EXPECT_MEM(back, "foobar", i);
    }

    EXPECT_INT(mfa_base64url_decode(exact("Zg=="), back, 1), -1);
    EXPECT_INT(mfa_base64url_decode(exact("Zh"), back, 1), -1);
    EXPECT_INT(mfa_base64url_decode(exact("Zm9"), back, 2), -1);
    EXPECT_INT(mfa_base64url_decode(exact("Zm8"), back, 1), -1);
    EXPECT_INT(mfa_base64url_decode(exact("Zm8"), back, 3), -1);
    EXPECT_INT(mfa_base64url_decode(exact("-_-_"), back, 3), 0);
    EXPECT_MEM(back, "\xfb\xff\xbf", 3);
}


UNIT_MAIN()
