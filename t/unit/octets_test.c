/* link: ngx_http_sign_module/sign_octets.c */

/*
 * Texts of HTTP, octet by octet: blanks, letters, digits, escapes, pieces.
 */


#include "unit.h"
#include "sign_octets.h"


static postern_str_t
slice(const char *s)
{
    postern_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static int
escape(const char *s)
{
    postern_str_t  text;

    text = slice(s);

    return sign_escape(text.data, text.data + text.len);
}


TEST(case_is_that_of_ascii_letters)
{
    int  ch;

    for (ch = 0; ch < 256; ch++) {
        EXPECT_INT(sign_lower((unsigned char) ch),
                   ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
    }

    EXPECT(sign_same_text(slice("Content-Type"), slice("cONTENT-tYPE")));
    EXPECT(sign_same_text(slice(""), slice("")));
    EXPECT(!sign_same_text(slice("a"), slice("ab")));
    EXPECT(!sign_same_text(slice("ab"), slice("ac")));

    /* what differs in the same bit as letters do */

    EXPECT(!sign_same_text(slice("@"), slice("`")));
    EXPECT(!sign_same_text(slice("["), slice("{")));
    EXPECT(!sign_same_text(slice("\r"), slice("-")));

    EXPECT(sign_is_text(slice("KeyId"), "keyid"));
    EXPECT(!sign_is_text(slice("KeyIds"), "keyid"));
}


TEST(blanks_around)
{
    postern_str_t  none;

    EXPECT_STR(sign_trim(slice(" \t a b\t ")), "a b");
    EXPECT_STR(sign_trim(slice("\ra\n")), "\ra\n");
    EXPECT_STR(sign_trim(slice(" \t ")), "");

    none.len = 0;
    none.data = NULL;

    EXPECT(sign_trim(none).data != NULL);
    EXPECT_INT(sign_trim(none).len, 0);
}


TEST(pieces)
{
    postern_str_t  rest, piece;

    rest = slice("a,,bc,");

    EXPECT(sign_cut(&rest, ',', &piece));
    EXPECT_STR(piece, "a");
    EXPECT(sign_cut(&rest, ',', &piece));
    EXPECT_STR(piece, "");
    EXPECT(sign_cut(&rest, ',', &piece));
    EXPECT_STR(piece, "bc");
    EXPECT(!sign_cut(&rest, ',', &piece));

    rest = slice("a b");

    EXPECT(sign_cut(&rest, ',', &piece));
    EXPECT_STR(piece, "a b");
    EXPECT(!sign_cut(&rest, ',', &piece));

    rest.data = NULL;

    EXPECT(!sign_cut(&rest, ',', &piece));
}


TEST(escapes)
{
    EXPECT_INT(escape("%41"), 'A');
    EXPECT_INT(escape("%fF"), 0xff);
    EXPECT_INT(escape("%00b"), 0);

    EXPECT_INT(escape("a41"), -1);
    EXPECT_INT(escape("%"), -1);
    EXPECT_INT(escape("%4"), -1);
    EXPECT_INT(escape("%g1"), -1);
    EXPECT_INT(escape("%1g"), -1);
    EXPECT_INT(escape("%-1"), -1);
    EXPECT_INT(escape(""), -1);
}


TEST(hex_digits)
{
    int                  ch;
    const char          *p;
    static const char    lower[] = "0123456789abcdef";
    static const char    upper[] = "0123456789ABCDEF";

    for (ch = 1; ch < 256; ch++) {
        p = strchr(lower, ch);

        if (p == NULL && (p = strchr(upper, ch)) != NULL) {
            p = lower + (p - upper);
        }

        EXPECT_INT(sign_hex((unsigned char) ch), p ? p - lower : -1);
    }

    EXPECT_INT(sign_hex(0), -1);
}


TEST(numbers)
{
    EXPECT_INT(sign_digits(slice("0"), 1), 0);
    EXPECT_INT(sign_digits(slice("007"), 3), 7);
    EXPECT_INT(sign_digits(slice("999999999999999999"), 18),
               999999999999999999);

    EXPECT_INT(sign_digits(slice(""), 18), -1);
    EXPECT_INT(sign_digits(slice("1234"), 3), -1);
    EXPECT_INT(sign_digits(slice("-1"), 18), -1);
    EXPECT_INT(sign_digits(slice("+1"), 18), -1);
    EXPECT_INT(sign_digits(slice("1 "), 18), -1);
    EXPECT_INT(sign_digits(slice("1:"), 18), -1);
}


TEST(writers)
{
    unsigned char  out[64];
    postern_str_t  none, text;

    none.len = 0;
    none.data = NULL;

    text.data = out;

    EXPECT(sign_put(out, none) == out);

    text.len = sign_put(out, slice("abc")) - out;
    EXPECT_STR(text, "abc");

    text.len = sign_put_number(out, 0) - out;
    EXPECT_STR(text, "0");

    text.len = sign_put_number(out, UINT64_MAX) - out;
    EXPECT_STR(text, "18446744073709551615");

    text.len = sign_put_hex(out, (const unsigned char *) "\x00\x9a\xff", 3)
               - out;
    EXPECT_STR(text, "009aff");

    EXPECT(sign_put_hex(out, NULL, 0) == out);
}


UNIT_MAIN()
