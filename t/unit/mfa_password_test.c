/* link:
   ngx_http_mfa_module/mfa_password.c
   ngx_http_mfa_module/mfa_block.c
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_arena.c
   build/made/mfa_common.c
   -lsodium -lutf8proc */

/* Which passwords may be chosen. */

#include "exact.h"
#include "mfa_password.h"
#include "postern_arena.h"


#define N(a)  (sizeof(a) / sizeof((a)[0]))


static mfa_password_rules_t  rules = { 8, 64, 0, NULL };
static postern_arena_t      *arena;


__attribute__((destructor)) static void
clean(void)
{
    postern_arena_destroy(arena);
}


static mfa_block_list_t *
parse(postern_str_t text, postern_error_t *err)
{
    postern_alloc_t  alloc;

    if (arena == NULL) {
        arena = postern_arena_create();
    }

    alloc = postern_arena_allocator(arena);

    return mfa_block_list_parse(text, &alloc, err);
}


static mfa_block_list_t *
list(const char *text)
{
    postern_error_t   err;
    mfa_block_list_t  *block;

    block = parse(exact(text), &err);
    EXPECT(block != NULL);

    return block;
}


static mfa_password_e
check(const char *password)
{
    return mfa_password_check(&rules, exact(password), NULL, 0);
}


/* as acme's Alice */

static mfa_password_e
alice(const char *password)
{
    postern_str_t  context[5];

    context[0] = exact("alice42");
    context[1] = exact("Alice van der M\xc3\xb6hl");
    context[2] = exact("a.vandermoehl@acme.example");
    context[3] = exact("Postern");
    context[4] = exact("4711815");

    return mfa_password_check(&rules, exact(password), context, 5);
}


static int
blocked(const mfa_block_list_t *block, const char *password)
{
    mfa_password_rules_t  with = { 1, 64, 0, block };

    return mfa_password_check(&with, exact(password), NULL, 0)
           == MFA_PASSWORD_COMMON;
}


static void *
nothing(void *data, size_t size)
{
    (void) data;
    (void) size;

    return NULL;
}


TEST(its_length_is_counted_in_code_points)
{
    char  password[1100];

    EXPECT_INT(check(""), MFA_PASSWORD_SHORT);
    EXPECT_INT(check("1234567"), MFA_PASSWORD_SHORT);
    EXPECT_INT(check("12345678"), MFA_PASSWORD_OK);

    /* seven letters of two bytes, eight of them; and as two code points each
       that are one when they are composed */

    EXPECT_INT(check("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                     "\xa4"), MFA_PASSWORD_SHORT);
    EXPECT_INT(check("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                     "\xa4\xc3\xb6"), MFA_PASSWORD_OK);
    EXPECT_INT(check("a\xcc\x88" "a\xcc\x88" "a\xcc\x88" "a\xcc\x88"
                     "a\xcc\x88" "a\xcc\x88" "a\xcc\x88"), MFA_PASSWORD_SHORT);

    memset(password, 'x', sizeof(password));
    password[64] = '\0';
    EXPECT_INT(check(password), MFA_PASSWORD_OK);
    password[64] = 'x';
    password[65] = '\0';
    EXPECT_INT(check(password), MFA_PASSWORD_LONG);

    password[65] = 'x';
    rules.max = 2000;
    password[1024] = '\0';
    EXPECT_INT(check(password), MFA_PASSWORD_OK);
    password[1024] = 'x';
    password[1025] = '\0';
    EXPECT_INT(check(password), MFA_PASSWORD_LONG);
    rules.max = 64;
}


TEST(any_character_that_is_one_may_be_in_it)
{
    EXPECT_INT(check("correct horse battery"), MFA_PASSWORD_OK);
    EXPECT_INT(check("        x"), MFA_PASSWORD_OK);
    EXPECT_INT(check("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"
                     "12"), MFA_PASSWORD_OK);
    EXPECT_INT(check("\xf0\x9f\x90\xb4\xf0\x9f\x94\x8b\xf0\x9f\x93\x8e"
                     "staple"), MFA_PASSWORD_OK);

    EXPECT_INT(check("with\ttabs"), MFA_PASSWORD_MALFORMED);
    EXPECT_INT(check("a line's end\n"), MFA_PASSWORD_MALFORMED);
    EXPECT_INT(check("\xff\xff\xff\xff\xff\xff\xff\xff"),
               MFA_PASSWORD_MALFORMED);
    EXPECT_INT(check("surrogate \xed\xa0\x80"), MFA_PASSWORD_MALFORMED);
    EXPECT_INT(mfa_password_check(&rules, exact_slice("12345678\0", 9), NULL,
                                  0), MFA_PASSWORD_MALFORMED);
}


TEST(rules_of_composition_are_for_those_who_must)
{
    unsigned  i;

    static const struct {
        const char  *password;
        unsigned     classes;
    } cases[] = {
        { "abcdefgh", 1 },
        { "Abcdefgh", 2 },
        { "Abcdefg1", 3 },
        { "Abcdef1!", 4 },
        { "12345678", 1 },
        { "!!!!!!!!", 1 },
        { "abcdefg ", 2 },
        { "\xc3\x84pfelbaum", 2 },
        { "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97" "abcd", 2 },
        { "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7\xd9\xa8",
          1 }
    };

    for (i = 0; i < N(cases); i++) {
        rules.classes = cases[i].classes;
        EXPECT_INT(check(cases[i].password), MFA_PASSWORD_OK);

        rules.classes = cases[i].classes + 1;
        EXPECT_INT(check(cases[i].password), MFA_PASSWORD_CLASSES);

        rules.classes = 0;
        EXPECT_INT(check(cases[i].password), MFA_PASSWORD_OK);
    }
}


TEST(the_password_of_a_list_is_blocked_whole_in_any_case)
{
    mfa_block_list_t  *block;

    block = list("# a comment\n"
                 "\n"
                 "letmein\r\n"
                 "Stra\xc3\x9f" "e\n"
                 "K\xc3\xb6nig\n"
                 " spaces \n"
                 "letmein\n"
                 "LETMEIN\n"
                 "last");

    EXPECT_INT(mfa_block_list_size(block), 5);

    EXPECT(blocked(block, "letmein"));
    EXPECT(blocked(block, "LetMeIn"));
    EXPECT(blocked(block, "STRASSE"));
    EXPECT(blocked(block, "stra\xc3\x9f" "e"));
    EXPECT(blocked(block, "k\xc3\x96nig"));
    EXPECT(blocked(block, "KO\xcc\x88NIG"));
    EXPECT(blocked(block, " SPACES "));
    EXPECT(blocked(block, "last"));

    EXPECT(!blocked(block, "letmei"));
    EXPECT(!blocked(block, "letmein!"));
    EXPECT(!blocked(block, "xletmein"));
    EXPECT(!blocked(block, "spaces"));
    EXPECT(!blocked(block, "# a comment"));
    EXPECT(!blocked(block, "konig"));
    EXPECT(!blocked(block, "letmein\nlast"));
}


TEST(a_list_of_nothing)
{
    EXPECT(!blocked(list(""), "x"));
    EXPECT(!blocked(list("\n\n#x\n\r\n"), "x"));
    EXPECT_INT(mfa_block_list_size(list("#")), 0);
    EXPECT(blocked(list("\xef\xbb\xbf" "first\n"), "first"));
}


TEST(a_long_list)
{
    char              *text, *p, word[32];
    unsigned           i, missing, extra;
    mfa_block_list_t  *block;

    text = malloc(20000 * 16);
    EXPECT(text != NULL);

    for (p = text, i = 0; i < 20000; i++) {
        p += sprintf(p, "Word%u\n", i * 7);
    }

    block = list(text);
    EXPECT_INT(mfa_block_list_size(block), 20000);

    missing = 0;
    extra = 0;

    for (i = 0; i < 500; i++) {
        sprintf(word, "wORD%u", i * 280);
        missing += !blocked(block, word);
        sprintf(word, "word%u", i * 280 + 1);
        extra += blocked(block, word);
    }

    EXPECT_INT(missing, 0);
    EXPECT_INT(extra, 0);

    free(text);
}


TEST(a_list_that_cannot_be_read_says_where)
{
    char              long_line[MFA_PASSWORD_MAX + 8];
    postern_str_t     s;
    postern_alloc_t   alloc = { nothing, NULL };
    postern_error_t   err;

    EXPECT(parse(exact("good\n\n# x\nb\xfc" "d\nmore\n"), &err) == NULL);
    EXPECT_INT(err.line, 4);
    EXPECT(strstr(err.text, "not UTF-8") != NULL);

    memset(long_line, 'x', sizeof(long_line));
    memcpy(long_line, "a\nb\n", 4);
    s.data = (unsigned char *) long_line;
    s.len = MFA_PASSWORD_MAX + 4;
    EXPECT(parse(s, &err) != NULL);
    s.len++;
    EXPECT(parse(s, &err) == NULL);
    EXPECT_INT(err.line, 3);
    EXPECT(strstr(err.text, "longer") != NULL);

    /* its length is looked at before its bytes are */

    s.len = MFA_BLOCK_LIST_MAX + 1;
    EXPECT(parse(s, &err) == NULL);
    EXPECT_INT(err.line, 0);
    EXPECT(strstr(err.text, "larger") != NULL);

    EXPECT(mfa_block_list_parse(exact("x\n"), &alloc, &err) == NULL);
    EXPECT(strcmp(err.text, "out of memory") == 0);
}


TEST(the_built_in_list_has_the_3000_most_common_of_8_characters)
{
    size_t                n, total;
    postern_str_t         text;
    postern_error_t       err;
    mfa_block_list_t     *block;
    const unsigned char  *p, *eol, *end;

    text.data = mfa_common_passwords;
    text.len = mfa_common_passwords_len;

    block = parse(text, &err);

    if (!EXPECT(block != NULL)) {
        return;
    }

    n = 0;
    total = 0;
    end = text.data + text.len;

    for (p = text.data; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t) (end - p));

        if (!EXPECT(eol != NULL)) {
            return;
        }

        if (eol > p && *p != '#') {
            total++;
            n += eol - p >= 8;

        } else if (eol > p + 8 && memcmp(p, "# runs", 6) == 0) {
            EXPECT_INT(total, 3000);
        }
    }

    EXPECT(total > 3000);
    EXPECT_INT(n, total);
    EXPECT_INT(mfa_block_list_size(block), total);

    rules.block = block;

    EXPECT_INT(check("password"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("PassWord1"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("12345678"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("qwertyuiop"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("Jennifer"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("trustno1"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("88888888"), MFA_PASSWORD_COMMON);
    EXPECT_INT(check("correct horse battery staple"), MFA_PASSWORD_COMMON);

    EXPECT_INT(check("Permission is hereby granted"), MFA_PASSWORD_OK);
    EXPECT_INT(check("seldom-heard words"), MFA_PASSWORD_OK);

    rules.block = NULL;
}


TEST(a_name_is_no_password)
{
    unsigned  i;

    static const char *const  bad[] = {
        "alice42!", "ALICE4242", "42alice42", "Alice123", "--alice--",
        "alicealice", "Alice Alice!", "a1l2i3c4e5",
        "alice van der m\xc3\xb6hl", "AliceVanDerM\xc3\x96hl99",
        "a.vandermoehl@acme.example", "avandermoehl", "A.VanderMoehl2026!",
        "postern1", "PosternPostern", "Postern-2026",
        "4711815!", "47118154711815"
    };
    static const char *const  good[] = {
        "alice in chains", "malice42", "alices42", "postern gate",
        "vandermoehl", "4711816!", "x4711815", "471181547", "acme.example",
        "12345678", "!!!!!!!!"
    };

    for (i = 0; i < N(bad); i++) {
        EXPECT_INT(alice(bad[i]), MFA_PASSWORD_CONTEXT);
    }

    for (i = 0; i < N(good); i++) {
        EXPECT_INT(alice(good[i]), MFA_PASSWORD_OK);
    }
}


TEST(words_that_are_none_forbid_nothing)
{
    char           long_word[1100];
    postern_str_t  context[5];

    memset(long_word, 'x', sizeof(long_word));

    context[0] = exact("");
    context[1] = (postern_str_t) postern_null_string;
    context[2] = exact("!!!");
    context[3] = exact("\xff");
    context[4] = exact_slice(long_word, sizeof(long_word));

    EXPECT_INT(mfa_password_check(&rules, exact("!!!!!!!!"), context, 5),
               MFA_PASSWORD_OK);
    EXPECT_INT(mfa_password_check(&rules, exact("xxxxxxxx"), context, 5),
               MFA_PASSWORD_OK);

    /* the longest that is read becomes three times as long when folded */

    long_word[0] = '@';
    memset(long_word + 1, 'y', 1023);
    context[0] = exact_slice(long_word, 1024);
    EXPECT_INT(mfa_password_check(&rules, exact("yyyyyyyy"), context, 1),
               MFA_PASSWORD_OK);

    long_word[1023] = '@';
    memset(long_word, 'y', 8);
    context[0] = exact_slice(long_word, 9);
    EXPECT_INT(mfa_password_check(&rules, exact("yyyyyyyyy"), context, 1),
               MFA_PASSWORD_CONTEXT);
}


TEST(the_first_reason_is_told)
{
    mfa_password_rules_t  all = { 8, 64, 4, NULL };
    postern_str_t         word = postern_string("letmein");

    all.block = list("letmeinx\nletmein1\nshort\n");

    EXPECT_INT(mfa_password_check(&all, exact("short"), &word, 1),
               MFA_PASSWORD_SHORT);
    EXPECT_INT(mfa_password_check(&all, exact("letmein1"), &word, 1),
               MFA_PASSWORD_COMMON);
    EXPECT_INT(mfa_password_check(&all, exact("letmein2"), &word, 1),
               MFA_PASSWORD_CONTEXT);
    EXPECT_INT(mfa_password_check(&all, exact("let me out"), &word, 1),
               MFA_PASSWORD_CLASSES);
    EXPECT_INT(mfa_password_check(&all, exact("Let me out 1"), &word, 1),
               MFA_PASSWORD_OK);
}


UNIT_MAIN()
