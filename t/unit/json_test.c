/* link: ngx_http_postern_module/postern_json.c -ljansson */

#include "postern_json.h"
#include "unit.h"


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


#define FAULT(json, at_line, at_column, want)                                 \
    do {                                                                      \
        postern_error_t  err_;                                                \
                                                                              \
        EXPECT(postern_json_load(slice(json), &err_) == NULL);                \
        EXPECT_STR(slice(err_.text), want);                                   \
        EXPECT_INT(err_.line, at_line);                                       \
        EXPECT_INT(err_.column, at_column);                                   \
    } while (0)


TEST(syntax_faults_stand_where_the_token_begins)
{
    FAULT("", 1, 1, "the document is empty");
    FAULT("{\"a\": ", 1, 7, "the document ends too early");
    FAULT("{\"a\": \"abc", 1, 11, "the document ends too early");
    FAULT("{\"a\": 1\n  \"b\": 2}", 2, 3, "not valid JSON: '}' expected");
    FAULT("{\"a\": 1,\n  \"b\": [1,]}", 2, 11,
          "not valid JSON: unexpected token");
    FAULT("{\"a\": tru}", 1, 7, "not valid JSON: invalid token");
    FAULT("{\"a\": 1} x", 1, 10, "not valid JSON: end of file expected");
    FAULT("{'a': 1}", 1, 2, "not valid JSON: string or '}' expected");
    FAULT("{\"a\": 1 // c\n}", 1, 9, "not valid JSON: '}' expected");
    FAULT("{\"a\": \"x\ty\"}", 1, 9, "not valid JSON: control character 0x9");
    FAULT("{\"a\": \"x\n\"}", 1, 9, "not valid JSON: unexpected newline");
    FAULT("{\"é\": \"é\" 1}", 1, 11, "not valid JSON: '}' expected");
}


TEST(a_long_token_is_found_and_never_told)
{
    FAULT("{\"a\": 1 \"plain:0123456789abcdef0123456789\": 2}", 1, 9,
          "not valid JSON: '}' expected");
    FAULT("{\"a\": 1 \"pl\\\"ain:0123456789abcdef0123456789\": 2}", 1, 9,
          "not valid JSON: '}' expected");
    FAULT("{\"a\": 1 \"plain:hunter2\": 2}", 1, 9,
          "not valid JSON: '}' expected");
}


TEST(what_jansson_would_let_pass_is_refused)
{
    FAULT("{\"a\": 1,\n \"a\": 2}", 2, 2,
          "the member \"a\" stands here a second time");
    FAULT("{\"a\": {\"b\": 1, \"\\u0062\": 2}}", 1, 16,
          "the member \"\\u0062\" stands here a second time");
    FAULT("{\"\x7f\": 1, \"\x7f\": 2}", 1, 10,
          "the member stands here a second time");
    FAULT("{\"\xc2\x9b\": 1, \"\xc2\x9b\": 2}", 1, 10,
          "the member stands here a second time");
    FAULT("{\"\xc3\x9b\": 1, \"\xc3\x9b\": 2}", 1, 10,
          "the member \"\xc3\x9b\" stands here a second time");
    FAULT("{\"a\": \"\\u0000\"}", 1, 7, "\\u0000 is not allowed");
    FAULT("{\"\\u0000\": 1}", 1, 2, "\\u0000 is not allowed");
    FAULT("{\"a\": \"\xff\"}", 1, 8, "the text is not valid UTF-8");
    FAULT("{\"a\": \"\xc0\xaf\"}", 1, 8, "the text is not valid UTF-8");
    FAULT("{\"a\": \"\xed\xa0\x80\"}", 1, 8, "the text is not valid UTF-8");
    FAULT("\xef\xbb\xbf{}", 1, 1, "the document begins with a byte order mark");
}


/* jansson takes a NUL behind a number for nothing, and counts wrongly then */

TEST(a_nul_is_part_of_no_document)
{
    size_t           i;
    postern_str_t    text;
    postern_error_t  err;

    static const struct {
        size_t       len;
        const char  *text;
        unsigned     column;
    } cases[] = {
        { 9, "{\"a\": 1\0}", 8 },
        { 1, "\0", 1 },
        { 3, "{}\0", 3 },
        { 5, "\"a\0b\"", 3 },
        { 19, "{\"\"\r:1\0,\r\"\"\r: 2 }", 7 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text.data = (const unsigned char *) cases[i].text;
        text.len = cases[i].len;

        EXPECT(postern_json_load(text, &err) == NULL);
        EXPECT_STR(slice(err.text), "not valid JSON: control character 0x0");
        EXPECT_INT(err.line, 1);
        EXPECT_INT(err.column, cases[i].column);
    }
}


TEST(depth_is_bounded)
{
    char             json[8192];
    postern_error_t  err;

    memset(json, '[', sizeof(json));

    EXPECT(postern_json_load((postern_str_t) { sizeof(json),
                                               (unsigned char *) json }, &err)
           == NULL);
    EXPECT_STR(slice(err.text),
               "not valid JSON: maximum parsing depth reached");
}


static const char  text[] =
    "{\n"
    "  \"a\": { \"x\\ny\": [ 10, [ ], { \"\\u00e9\\ud83d\\ude00\": 1 } ],\n"
    "\t\"é\": \"{[,\\\"\", \"b\": 2 }, \"c\" : [[1,2],[3, {\"d\":\"e\"}]]\n"
    "}\n";


#define LOCATE(at, part, at_line, at_column)                                  \
    do {                                                                      \
        unsigned  line_ = 0, column_ = 0;                                     \
                                                                              \
        EXPECT_INT(postern_json_locate(slice(text), at, part, &line_,         \
                                       &column_), 0);                         \
        EXPECT_INT(line_, at_line);                                           \
        EXPECT_INT(column_, at_column);                                       \
    } while (0)


TEST(a_place_is_found_again)
{
    postern_json_at_t  a = { NULL, "a", 0 };
    postern_json_at_t  x = { &a, "x\ny", 0 };
    postern_json_at_t  x0 = { &x, NULL, 0 };
    postern_json_at_t  x2 = { &x, NULL, 2 };
    postern_json_at_t  smile = { &x2, "é😀", 0 };
    postern_json_at_t  e = { &a, "é", 0 };
    postern_json_at_t  b = { &a, "b", 0 };
    postern_json_at_t  c = { NULL, "c", 0 };
    postern_json_at_t  c1 = { &c, NULL, 1 };
    postern_json_at_t  c11 = { &c1, NULL, 1 };
    postern_json_at_t  d = { &c11, "d", 0 };

    LOCATE(NULL, POSTERN_JSON_VALUE, 1, 1);
    LOCATE(&a, POSTERN_JSON_NAME, 2, 3);
    LOCATE(&a, POSTERN_JSON_VALUE, 2, 8);
    LOCATE(&x, POSTERN_JSON_NAME, 2, 10);
    LOCATE(&x0, POSTERN_JSON_VALUE, 2, 20);
    LOCATE(&x0, POSTERN_JSON_NAME, 2, 20);
    LOCATE(&x2, POSTERN_JSON_VALUE, 2, 29);
    LOCATE(&smile, POSTERN_JSON_NAME, 2, 31);
    LOCATE(&smile, POSTERN_JSON_VALUE, 2, 53);
    LOCATE(&e, POSTERN_JSON_NAME, 3, 2);
    LOCATE(&b, POSTERN_JSON_NAME, 3, 16);
    LOCATE(&b, POSTERN_JSON_VALUE, 3, 21);
    LOCATE(&c, POSTERN_JSON_NAME, 3, 26);
    LOCATE(&d, POSTERN_JSON_NAME, 3, 44);
    LOCATE(&d, POSTERN_JSON_VALUE, 3, 48);
}


TEST(a_place_that_is_not_there_is_not_found)
{
    unsigned           line, column;
    postern_json_at_t  none = { NULL, "n", 0 };
    postern_json_at_t  a = { NULL, "a", 0 };
    postern_json_at_t  c = { NULL, "c", 0 };
    postern_json_at_t  a0 = { &a, NULL, 0 };
    postern_json_at_t  cm = { &c, "c", 0 };
    postern_json_at_t  c2 = { &c, NULL, 2 };
    postern_json_at_t  ac = { &a, "c", 0 };

    EXPECT_INT(postern_json_locate(slice(text), &none, POSTERN_JSON_NAME,
                                   &line, &column), -1);
    EXPECT_INT(postern_json_locate(slice(text), &a0, POSTERN_JSON_NAME,
                                   &line, &column), -1);
    EXPECT_INT(postern_json_locate(slice(text), &cm, POSTERN_JSON_NAME,
                                   &line, &column), -1);
    EXPECT_INT(postern_json_locate(slice(text), &c2, POSTERN_JSON_NAME,
                                   &line, &column), -1);
    EXPECT_INT(postern_json_locate(slice(text), &ac, POSTERN_JSON_NAME,
                                   &line, &column), -1);
    EXPECT_INT(postern_json_locate(slice(""), &a, POSTERN_JSON_NAME,
                                   &line, &column), -1);
}


TEST(a_path_is_written)
{
    char               out[128], small[24];
    postern_json_at_t  o = { NULL, "organizations", 0 };
    postern_json_at_t  acme = { &o, "acme", 0 };
    postern_json_at_t  keys = { &acme, "keys", 0 };
    postern_json_at_t  ak = { &keys, "AK 1", 0 };
    postern_json_at_t  net = { &ak, "networks", 0 };
    postern_json_at_t  n = { &net, NULL, 12 };
    postern_json_at_t  odd = { &o, "a\"b\\c\nd\x7f\xc2\x9b""é", 0 };
    postern_json_at_t  empty = { NULL, "", 0 };
    postern_json_at_t  eur = { &o, "ééééé", 0 };

    postern_json_path(&n, out, sizeof(out));
    EXPECT_STR(slice(out), "organizations.acme.keys[\"AK 1\"].networks[12]");

    postern_json_path(&odd, out, sizeof(out));
    EXPECT_STR(slice(out), "organizations"
               "[\"a\\\"b\\\\c\\u000ad\\u007f\\u009bé\"]");

    postern_json_path(&empty, out, sizeof(out));
    EXPECT_STR(slice(out), "[\"\"]");

    EXPECT_INT(postern_json_path(NULL, out, sizeof(out)), 0);
    EXPECT_STR(slice(out), "");

    /* cut between characters, never inside one */

    postern_json_path(&eur, small, sizeof(small));
    EXPECT_STR(slice(small), "organizations[\"éé...");
    EXPECT_INT(postern_json_path(&n, small, sizeof(small)), strlen(small));
    EXPECT_STR(slice(small), "organizations.acme....");
}


TEST(a_quote_is_safe_in_a_log)
{
    char  out[32];

    EXPECT_STR(slice(postern_json_quote(slice("GET"), out, sizeof(out))),
               "\"GET\"");
    EXPECT_STR(slice(postern_json_quote(slice("a\r\nb\""), out, sizeof(out))),
               "\"a\\u000d\\u000ab\\\"\"");
    EXPECT_STR(slice(postern_json_quote(slice("0123456789012345678901234567"),
                                        out, sizeof(out))),
               "\"01234567890123456789012345...\"");
    EXPECT_STR(slice(postern_json_quote(slice("\n"), out, 8)), "\"...\"");
}


UNIT_MAIN()
