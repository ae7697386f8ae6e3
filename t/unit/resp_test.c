
/* link: ngx_http_postern_module/postern_resp.c */

#include "postern_resp.h"
#include "unit.h"


TEST(a_command_is_an_array_of_bulk_strings)
{
    size_t               size;
    unsigned char        buf[128], *p;
    postern_str_t        got;

    static const postern_str_t  args[] = {
        postern_string("SET"), postern_string("a\r\nb"), postern_string("")
    };

    size = postern_resp_size(args, 3);
    p = postern_resp_write(buf, args, 3);

    EXPECT_INT(p - buf, size);

    got.data = buf;
    got.len = size;

    EXPECT_STR(got, "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
}


TEST(the_size_is_right_for_every_length)
{
    size_t                n, size;
    postern_str_t         args[12];

    static unsigned char  value[70000], buf[140000];
    static const size_t   lens[] = { 0, 1, 9, 10, 11, 99, 100, 101, 999, 1000,
                                     9999, 10000, 65535, 65536 };

    memset(value, 'x', sizeof(value));

    for (n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
        args[0].data = value;
        args[0].len = lens[n];
        args[1].data = NULL;
        args[1].len = 0;

        size = postern_resp_size(args, 2);
        EXPECT_INT(postern_resp_write(buf, args, 2) - buf, size);
        EXPECT_MEM(buf + size - 8, "\r\n$0\r\n\r\n", 8);
    }

    for (n = 0; n < 12; n++) {
        args[n] = (postern_str_t) postern_string("ab");
    }

    size = postern_resp_size(args, 12);
    EXPECT_INT(postern_resp_write(buf, args, 12) - buf, size);
    EXPECT_MEM(buf, "*12\r\n$2\r\nab\r\n", 13);
}


TEST(numbers_are_written_and_read)
{
    int64_t              n;
    postern_str_t        s;
    unsigned char        buf[POSTERN_RESP_INT_MAX];

    EXPECT_STR(postern_resp_int(buf, 0), "0");
    EXPECT_STR(postern_resp_int(buf, 10), "10");
    EXPECT_STR(postern_resp_int(buf, UINT64_MAX), "18446744073709551615");

    s = (postern_str_t) postern_string("9223372036854775807");
    EXPECT(postern_resp_parse_int(s, &n));
    EXPECT(n == INT64_MAX);

    s = (postern_str_t) postern_string("0");
    EXPECT(postern_resp_parse_int(s, &n));
    EXPECT_INT(n, 0);

    s = (postern_str_t) postern_string("9223372036854775808");
    EXPECT(!postern_resp_parse_int(s, &n));
    s = (postern_str_t) postern_string("");
    EXPECT(!postern_resp_parse_int(s, &n));
    s = (postern_str_t) postern_string("-1");
    EXPECT(!postern_resp_parse_int(s, &n));
    s = (postern_str_t) postern_string("1 ");
    EXPECT(!postern_resp_parse_int(s, &n));
}


TEST(errors_are_taken_out_of_the_words_of_scripts)
{
    postern_str_t  s;

    s = (postern_str_t) postern_string("READONLY You can't write.");
    EXPECT_STR(postern_resp_error(s), "READONLY You can't write.");

    s = (postern_str_t) postern_string("ERR Error running script (call to "
        "f_0a1b): @user_script:7: @user_script: 7: -READONLY You can't write.");
    EXPECT_STR(postern_resp_error(s), "READONLY You can't write.");

    s = (postern_str_t) postern_string("ERR Error running script (call to "
        "f_0a1b): @user_script:7: user_script:7: attempt to call a nil value");
    EXPECT(postern_resp_error(s).len == s.len);

    s = (postern_str_t) postern_string("ERR no such thing: -READONLY of mine");
    EXPECT(postern_resp_error(s).len == s.len);

    s = (postern_str_t) postern_string("ERR Error running script: -");
    EXPECT(postern_resp_error(s).len == s.len);
    s = (postern_str_t) postern_string("ERR Error running script");
    EXPECT(postern_resp_error(s).len == s.len);
    s = (postern_str_t) postern_string("");
    EXPECT_INT(postern_resp_error(s).len, 0);
}


UNIT_MAIN()
