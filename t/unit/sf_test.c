/* link: ngx_http_sign_module/sign_sf.c ngx_http_sign_module/sign_sf_tree.c
   ngx_http_sign_module/sign_sf_write.c
   ngx_http_postern_module/postern_arena.c */

/*
 * Structured fields beyond the public suite (t/conformance/sf_test.c): bounds,
 * memory, positions, UTF-8, and the readers that build no tree.
 */


#include "unit.h"
#include "postern_arena.h"
#include "sign_sf.h"


static postern_arena_t  *arena;
static postern_alloc_t   memory;
static size_t            left;


/* gives out left pieces, then none */

static void *
scarce(void *data, size_t size)
{
    if (left == 0) {
        return NULL;
    }

    left--;

    return postern_arena_alloc(data, size);
}


static void
begin(void)
{
    postern_arena_destroy(arena);
    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);
}


static postern_str_t
text_of(const char *s)
{
    postern_str_t  text;

    text.len = strlen(s);
    text.data = (const unsigned char *) s;

    return text;
}


/* a text again, as the tree it was read into says */

static postern_str_t
rewritten(const char *text, int kind)
{
    int                   rc;
    sign_sf_out_t         out;
    sign_sf_item_t        item;
    sign_sf_list_t        list;
    static unsigned char  room[4096];

    begin();

    out.data = room;
    out.size = sizeof(room);
    out.len = 0;

    switch (kind) {

    case 'i':
        rc = sign_sf_parse_item(text_of(text), &memory, &item);
        rc = rc ? rc : sign_sf_write_item(&out, &item);
        break;

    case 'l':
        rc = sign_sf_parse_list(text_of(text), &memory, &list);
        rc = rc ? rc : sign_sf_write_list(&out, &list);
        break;

    default:
        rc = sign_sf_parse_dictionary(text_of(text), &memory, &list);
        rc = rc ? rc : sign_sf_write_dictionary(&out, &list);
        break;
    }

    return rc == SIGN_SF_OK
           ? (postern_str_t) { out.len, room }
           : text_of(rc == SIGN_SF_LIMIT ? "<limit>" : "<error>");
}


TEST(a_key_that_occurs_twice_keeps_its_place_and_its_last_value)
{
    EXPECT_STR(rewritten("a=1, b=2, a=(3);x", 'd'), "a=(3);x, b=2");
    EXPECT_STR(rewritten("a=(1 2);x, a", 'd'), "a");
    EXPECT_STR(rewritten("t;a=1;b=2;a=3", 'i'), "t;a=3;b=2");
}


/* whatever order they come in: a thousand members, then each once more */

TEST(many_keys_that_occur_twice_keep_their_places)
{
    int                    i, n, *seen;
    char                   text[SIGN_SF_MAX_TEXT], *p;
    sign_sf_list_t         list;
    const sign_sf_item_t  *member;

    p = text;

    for (i = 0; i < 2 * SIGN_SF_MAX_MEMBERS; i++) {
        n = (int) ((unsigned) i * 389 % SIGN_SF_MAX_MEMBERS);
        p += sprintf(p, "%sk%d=%d", i ? ", " : "", n, i);
    }

    EXPECT_INT(sign_sf_parse_dictionary(text_of(text), &memory, &list),
               SIGN_SF_OK);
    EXPECT_INT(list.nmembers, SIGN_SF_MAX_MEMBERS);

    seen = calloc(SIGN_SF_MAX_MEMBERS, sizeof(int));

    for (i = 0; i < SIGN_SF_MAX_MEMBERS; i++) {
        member = &list.members[i];
        n = atoi((const char *) member->key.data + 1);

        EXPECT_INT(n, (unsigned) i * 389 % SIGN_SF_MAX_MEMBERS);
        EXPECT_INT(member->value.number, i + SIGN_SF_MAX_MEMBERS);
        EXPECT_INT(seen[n]++, 0);
    }

    free(seen);
}


TEST(nothing_is_a_list_and_a_dictionary_but_no_item)
{
    sign_sf_list_t  list;
    postern_str_t   absent = postern_null_string;

    EXPECT_STR(rewritten("", 'l'), "");
    EXPECT_STR(rewritten("   ", 'd'), "");
    EXPECT_STR(rewritten("", 'i'), "<error>");
    EXPECT_INT(sign_sf_parse_list(absent, &memory, &list), SIGN_SF_OK);
    EXPECT_INT(list.nmembers, 0);
}


TEST(white_space_is_where_it_may_be)
{
    EXPECT_STR(rewritten("  a , \t b\t,c  ", 'l'), "a, b, c");
    EXPECT_STR(rewritten("\ta", 'l'), "<error>");
    EXPECT_STR(rewritten("a\t", 'i'), "<error>");
    EXPECT_STR(rewritten("a;  b", 'i'), "a;b");
    EXPECT_STR(rewritten("a ;b", 'i'), "<error>");
    EXPECT_STR(rewritten("a;b =1", 'i'), "<error>");
    EXPECT_STR(rewritten("(a\tb)", 'l'), "<error>");
    EXPECT_STR(rewritten("(\"a\"\"b\")", 'l'), "<error>");
    EXPECT_STR(rewritten("a,", 'l'), "<error>");
    EXPECT_STR(rewritten("a,,b", 'l'), "<error>");
}


TEST(byte_sequences_have_one_spelling)
{
    EXPECT_STR(rewritten("::", 'i'), "::");
    EXPECT_STR(rewritten(":AA==:", 'i'), ":AA==:");
    EXPECT_STR(rewritten(":AAA=:", 'i'), ":AAA=:");
    EXPECT_STR(rewritten(":AAAA:", 'i'), ":AAAA:");
    EXPECT_STR(rewritten(":AA:", 'i'), "<error>");
    EXPECT_STR(rewritten(":AA=:", 'i'), "<error>");
    EXPECT_STR(rewritten(":AB==:", 'i'), "<error>");
    EXPECT_STR(rewritten(":AAB=:", 'i'), "<error>");
    EXPECT_STR(rewritten(":A===:", 'i'), "<error>");
    EXPECT_STR(rewritten(":====:", 'i'), "<error>");
    EXPECT_STR(rewritten(":AA==AAAA:", 'i'), "<error>");
    EXPECT_STR(rewritten(":A-_A:", 'i'), "<error>");
    EXPECT_STR(rewritten(":AAAA", 'i'), "<error>");
    EXPECT_STR(rewritten(":", 'i'), "<error>");
}


TEST(numbers_have_their_limits)
{
    EXPECT_STR(rewritten("-999999999999999", 'i'), "-999999999999999");
    EXPECT_STR(rewritten("9999999999999999", 'i'), "<error>");
    EXPECT_STR(rewritten("-0", 'i'), "0");
    EXPECT_STR(rewritten("007", 'i'), "7");
    EXPECT_STR(rewritten("-999999999999.999", 'i'), "-999999999999.999");
    EXPECT_STR(rewritten("1000000000000.0", 'i'), "<error>");
    EXPECT_STR(rewritten("1.2345", 'i'), "<error>");
    EXPECT_STR(rewritten("1.", 'i'), "<error>");
    EXPECT_STR(rewritten(".1", 'i'), "<error>");
    EXPECT_STR(rewritten("-", 'i'), "<error>");
    EXPECT_STR(rewritten("--1", 'i'), "<error>");
    EXPECT_STR(rewritten("1.010", 'i'), "1.01");
    EXPECT_STR(rewritten("-0.001", 'i'), "-0.001");
    EXPECT_STR(rewritten("@-5", 'i'), "@-5");
    EXPECT_STR(rewritten("@5.0", 'i'), "<error>");
}


TEST(display_strings_are_utf8)
{
    EXPECT_STR(rewritten("%\"f%c3%bc \\ %25%22\"", 'i'),
               "%\"f%c3%bc \\ %25%22\"");
    EXPECT_STR(rewritten("%\"%61\"", 'i'), "%\"a\"");
    EXPECT_STR(rewritten("%\"%f4%8f%bf%bf\"", 'i'), "%\"%f4%8f%bf%bf\"");
    EXPECT_STR(rewritten("%\"%f4%90%80%80\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%ed%a0%80\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%c0%80\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%e0%9f%80\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%c3\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%c3a\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%C3%BC\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"%c\"", 'i'), "<error>");
    EXPECT_STR(rewritten("%\"a", 'i'), "<error>");
    EXPECT_STR(rewritten("%a", 'i'), "<error>");
}


TEST(utf8_of_every_length_and_limit)
{
    size_t  i;

    static const char  *good[] = { "", "a", "\x7f", "\xc2\x80", "\xdf\xbf",
        "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf1\x80\x80\x80", "\xf4\x8f\xbf\xbf" };
    static const char  *bad[] = { "\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xf1\x80\x80" };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        EXPECT(sign_sf_utf8(text_of(good[i])));
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT(!sign_sf_utf8(text_of(bad[i])));
    }
}


static postern_str_t
repeated(const char *first, const char *next, int n)
{
    int             i;
    size_t          len;
    unsigned char  *p;
    postern_str_t   text;

    len = strlen(first) + (strlen(next) + 8) * (size_t) n;
    p = postern_arena_alloc(arena, len + 1);

    text.data = p;
    text.len = sprintf((char *) p, "%s", first);

    for (i = 0; i < n; i++) {
        text.len += sprintf((char *) p + text.len, next, i);
    }

    return text;
}


TEST(members_items_and_parameters_are_bounded)
{
    sign_sf_list_t  list;
    postern_str_t   text;

    begin();

    text = repeated("a", ", b%d", SIGN_SF_MAX_MEMBERS - 1);
    EXPECT_INT(sign_sf_parse_dictionary(text, &memory, &list), SIGN_SF_OK);
    EXPECT_INT(list.nmembers, SIGN_SF_MAX_MEMBERS);

    text = repeated("a", ", b%d", SIGN_SF_MAX_MEMBERS);
    EXPECT_INT(sign_sf_parse_dictionary(text, &memory, &list), SIGN_SF_LIMIT);
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_LIMIT);

    text = repeated("a", ";b%d", SIGN_SF_MAX_PARAMS);
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_OK);
    EXPECT_INT(list.members[0].nparams, SIGN_SF_MAX_PARAMS);

    text = repeated("a", ";b%d", SIGN_SF_MAX_PARAMS + 1);
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_LIMIT);

    text = repeated("(", "b%d ", SIGN_SF_MAX_ITEMS);
    ((unsigned char *) text.data)[text.len - 1] = ')';
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_OK);
    EXPECT_INT(list.members[0].nitems, SIGN_SF_MAX_ITEMS);

    text = repeated("(", "b%d ", SIGN_SF_MAX_ITEMS + 1);
    ((unsigned char *) text.data)[text.len - 1] = ')';
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_LIMIT);

    text = repeated("a", "%.0dbbbbbbbb", SIGN_SF_MAX_TEXT / 8);
    EXPECT_INT(sign_sf_parse_list(text, &memory, &list), SIGN_SF_LIMIT);
}


TEST(no_memory_is_said_and_not_survived)
{
    int              rc;
    size_t           pieces;
    sign_sf_list_t   list;
    postern_alloc_t  poor;

    begin();

    poor.alloc = scarce;
    poor.data = arena;

    for (pieces = 0; /* void */ ; pieces++) {
        left = pieces;
        rc = sign_sf_parse_dictionary(text_of("a=(:AA==: \"\\\\\");x=:AA==:, "
                                              "b;y=%\"%61\""), &poor, &list);
        if (rc == SIGN_SF_OK) {
            break;
        }

        EXPECT_INT(rc, SIGN_SF_NO_MEMORY);
    }

    EXPECT(pieces > 5 && list.nmembers == 2);
}


TEST(a_size_of_nothing_counts)
{
    sign_sf_out_t   out;
    sign_sf_list_t  list;
    unsigned char   room[4];

    begin();

    EXPECT_INT(sign_sf_parse_list(text_of("(a b);c, 1.5"), &memory, &list),
               SIGN_SF_OK);

    memset(&out, 0, sizeof(out));
    EXPECT_INT(sign_sf_write_list(&out, &list), SIGN_SF_OK);
    EXPECT_INT(out.len, 12);

    memset(room, 'x', sizeof(room));
    out.data = room;
    out.size = 3;
    out.len = 0;
    EXPECT_INT(sign_sf_write_list(&out, &list), SIGN_SF_OK);
    EXPECT_INT(out.len, 12);
    EXPECT_MEM(room, "(a x", 4);
}


TEST(a_failed_reader_stands_at_the_fault)
{
    sign_sf_value_t   value;
    sign_sf_cursor_t  c;
    postern_str_t     text = postern_string("\"ab\ncd\"");

    sign_sf_begin(&c, text);
    EXPECT_INT(sign_sf_read_value(&c, &value), SIGN_SF_ERROR);
    EXPECT_INT(c.pos - text.data, 3);
}


TEST(readers_leave_escapes_to_who_wants_them)
{
    sign_sf_value_t   value;
    sign_sf_cursor_t  c;

    begin();
    sign_sf_begin(&c, text_of("\"a\\\"b\" rest"));

    EXPECT_INT(sign_sf_read_value(&c, &value), SIGN_SF_OK);
    EXPECT_INT(value.encoded, 1);
    EXPECT_STR(value.text, "a\\\"b");
    EXPECT(*c.pos == ' ');

    EXPECT_INT(sign_sf_decode(&value, &memory), SIGN_SF_OK);
    EXPECT_INT(value.encoded, 0);
    EXPECT_STR(value.text, "a\"b");
}


TEST(skipping_sees_every_fault)
{
    size_t            i;
    sign_sf_cursor_t  c;

    static const char  *bad[] = { "", "(", "(a", "(a b", "(a;", "(a)b;",
        "(a);=", "\"", "a;b=", "a;b=(c)", "((a))", "(a,b)", ":A:", "?2", "@" };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sign_sf_begin(&c, text_of(bad[i]));

        if (!EXPECT(sign_sf_skip_member(&c) != SIGN_SF_OK
                    || c.pos < c.last))
        {
            printf("# %s\n", bad[i]);
        }
    }

    sign_sf_begin(&c, text_of("(a \"b\";c=:AA==: ?1 @1 %\"\" 1.5);d;e=f"));
    EXPECT_INT(sign_sf_skip_member(&c), SIGN_SF_OK);
    EXPECT(c.pos == c.last);
}


TEST(decimals_round_half_to_even)
{
    int64_t  n;

    EXPECT(sign_sf_decimal(0.0005, &n) == SIGN_SF_OK && n == 0);
    EXPECT(sign_sf_decimal(0.0015, &n) == SIGN_SF_OK && n == 2);
    EXPECT(sign_sf_decimal(-1.5, &n) == SIGN_SF_OK && n == -1500);
    EXPECT_INT(sign_sf_decimal(1e12, &n), SIGN_SF_ERROR);
    EXPECT_INT(sign_sf_decimal(999999999999.9996, &n), SIGN_SF_ERROR);
    EXPECT_INT(sign_sf_decimal(0.0 / 0.0, &n), SIGN_SF_ERROR);
    EXPECT_INT(sign_sf_decimal(1e300, &n), SIGN_SF_ERROR);
}


TEST(what_could_not_be_read_is_not_written)
{
    size_t           i;
    sign_sf_out_t    out;
    sign_sf_value_t  value;

    static const struct {
        sign_sf_type_e   type;
        const char      *text;
    } bad[] = {
        { SIGN_SF_STRING, "f\xc3\xbc" }, { SIGN_SF_STRING, "a\n" },
        { SIGN_SF_TOKEN, "" }, { SIGN_SF_TOKEN, "1a" },
        { SIGN_SF_TOKEN, "a b" }, { SIGN_SF_TOKEN, "a," },
        { SIGN_SF_DISPLAY, "\xff" }, { SIGN_SF_INNER_LIST, "" }
    };

    memset(&out, 0, sizeof(out));
    memset(&value, 0, sizeof(value));

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        value.type = bad[i].type;
        value.text = text_of(bad[i].text);
        EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_ERROR);
    }

    value.type = SIGN_SF_BYTES;
    value.encoded = 1;
    EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_ERROR);

    value.encoded = 0;
    value.type = SIGN_SF_DECIMAL;
    value.number = 999999999999999;
    EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_OK);
    value.number++;
    EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_ERROR);
    value.number = -value.number;
    EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_ERROR);
}


/* whatever of a list cannot be written, the list is not */

TEST(one_value_spoils_the_whole)
{
    unsigned         i;
    sign_sf_out_t    out;
    sign_sf_list_t   list;
    sign_sf_item_t   member, item;
    sign_sf_param_t  param;

    for (i = 0; i < 6; i++) {
        memset(&out, 0, sizeof(out));
        memset(&member, 0, sizeof(member));
        memset(&item, 0, sizeof(item));
        memset(&param, 0, sizeof(param));

        param.key = text_of("p");
        param.value.type = SIGN_SF_TOKEN;
        param.value.text = text_of("t");
        item.value = param.value;
        item.params = &param;
        item.nparams = 1;
        member.key = text_of("k");
        member.value.type = SIGN_SF_INNER_LIST;
        member.items = &item;
        member.nitems = 1;
        member.params = &param;
        member.nparams = 1;
        list.members = &member;
        list.nmembers = 1;

        switch (i) {
        case 1: item.value.text = text_of(""); break;
        case 2: item.params = NULL; item.nparams = 0;
                param.key = text_of("P"); break;
        case 3: param.value.text = text_of(" "); break;
        case 4: param.key = text_of("p "); break;
        case 5: member.key = text_of("K"); break;
        }

        EXPECT_INT(sign_sf_write_dictionary(&out, &list),
                   i ? SIGN_SF_ERROR : SIGN_SF_OK);

        memset(&out, 0, sizeof(out));
        EXPECT_INT(sign_sf_write_list(&out, &list),
                   i && i < 5 ? SIGN_SF_ERROR : SIGN_SF_OK);
    }
}


TEST(a_display_string_is_escaped_where_it_must)
{
    sign_sf_out_t    out;
    sign_sf_value_t  value;
    unsigned char    written[64];

    memset(&out, 0, sizeof(out));
    memset(&value, 0, sizeof(value));
    out.data = written;
    out.size = sizeof(written);

    value.type = SIGN_SF_DISPLAY;
    value.text = text_of("a%\"~\x1f \x7f\xc3\xbc");
    EXPECT_INT(sign_sf_write_value(&out, &value), SIGN_SF_OK);
    EXPECT_INT(out.len, 24);
    EXPECT_MEM(written, "%\"a%25%22~%1f %7f%c3%bc\"", out.len);
}


TEST(an_item_is_bounded_and_whole)
{
    char            *text;
    sign_sf_item_t   item;
    postern_str_t    s;

    begin();

    text = malloc(SIGN_SF_MAX_TEXT + 1);
    memset(text, 'a', SIGN_SF_MAX_TEXT + 1);
    s.data = (unsigned char *) text;
    s.len = SIGN_SF_MAX_TEXT;
    EXPECT_INT(sign_sf_parse_item(s, &memory, &item), SIGN_SF_OK);
    s.len++;
    EXPECT_INT(sign_sf_parse_item(s, &memory, &item), SIGN_SF_LIMIT);
    free(text);

    text = malloc(1);
    text[0] = '%';
    s.data = (unsigned char *) text;
    s.len = 1;
    EXPECT_INT(sign_sf_parse_item(s, &memory, &item), SIGN_SF_ERROR);
    free(text);
}


UNIT_MAIN()
