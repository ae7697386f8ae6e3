/* link:
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   -lsodium -lutf8proc */

/*
 * The hashes below that another program made are of Debian's argon2, the
 * reference implementation, for "correct horse" and one with an umlaut.
 */

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "exact.h"
#include "mfa_hash.h"


#define P1  "$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$"                      \
            "0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"
#define P4  "$argon2id$v=19$m=1024,t=3,p=4$c2FsdHNhbHQ$"                      \
            "qQPiDI4xPFqTdhtxIVLwGmZUy8rgrHqOvK0/QNETGoo"
#define L64 "$argon2id$v=19$m=1024,t=1,p=1$c2l4dGVlbi1ieXRlLXNhbA$"           \
            "Apnokw5L40Pp+iH9QLX8FBl/WzBAabrqVphYtFKtlGH71fPYu1aTfNGIke+Rb"   \
            "stCJbLozAePRDqUord/1Vclnw"
#define NFC "$argon2id$v=19$m=256,t=2,p=1$c2FsdHNhbHRzYWx0$"                  \
            "L31RfzJndl8rAgdLZhAylnmAVorYIAqItqDV33ON4tY"

#define SALT  "c2FsdHNhbHQ"
#define HASH  "0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"

#define PASSWORD  "correct horse"


static const mfa_argon2_t  cheap = { 64, 1 };


static mfa_hash_e
verify(const char *hash, const char *password)
{
    return mfa_hash_verify(&cheap, exact(hash), exact(password));
}


static int
parses(const char *hash)
{
    int  old;

    return mfa_hash_parse(exact(hash), &cheap, &old);
}


static int
old(const char *hash, uint32_t memory, uint32_t passes)
{
    int           old;
    mfa_argon2_t  params = { memory, passes };

    old = -1;

    return mfa_hash_parse(exact(hash), &params, &old) ? old : -2;
}


static void
nfc(const char *typed, const char *want)
{
    postern_str_t   got;
    unsigned char   out[MFA_PASSWORD_MAX];

    got.data = out;
    got.len = mfa_password_normalize(exact(typed), out, sizeof(out));

    EXPECT_STR(got, want);
}


/* microseconds of this process's own time for one call */

static double
cost(const mfa_argon2_t *params, const char *hash, const char *password)
{
    struct timespec  a, b;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    (void) mfa_hash_verify(params, hash ? exact(hash)
                                        : (postern_str_t) postern_null_string,
                           exact(password));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);

    return (double) (b.tv_sec - a.tv_sec) * 1e6
           + (double) (b.tv_nsec - a.tv_nsec) / 1e3;
}


TEST(a_password_is_known_again)
{
    char           text[MFA_HASH_TEXT], again[MFA_HASH_TEXT];
    mfa_argon2_t   params = { 128, 3 };
    const char    *prefix = "$argon2id$v=19$m=128,t=3,p=1$";

    EXPECT_INT(mfa_hash_make(&params, exact(PASSWORD), text), 0);
    EXPECT_INT(strncmp(text, prefix, strlen(prefix)), 0);
    EXPECT(parses(text));

    EXPECT_INT(verify(text, PASSWORD), MFA_HASH_YES);
    EXPECT_INT(verify(text, "correct horsf"), MFA_HASH_NO);
    EXPECT_INT(verify(text, "correct hors"), MFA_HASH_NO);
    EXPECT_INT(verify(text, "correct horse "), MFA_HASH_NO);
    EXPECT_INT(verify(text, "Correct horse"), MFA_HASH_NO);

    EXPECT_INT(mfa_hash_make(&params, exact(PASSWORD), again), 0);
    EXPECT(strcmp(text, again) != 0);
}


TEST(hashes_of_another_program)
{
    EXPECT_INT(verify(P1, PASSWORD), MFA_HASH_YES);
    EXPECT_INT(verify(P4, PASSWORD), MFA_HASH_YES);
    EXPECT_INT(verify(L64, PASSWORD), MFA_HASH_YES);

    EXPECT_INT(verify(P1, "wrong"), MFA_HASH_NO);
    EXPECT_INT(verify(P4, "wrong"), MFA_HASH_NO);
    EXPECT_INT(verify(L64, "wrong"), MFA_HASH_NO);
}


TEST(two_spellings_of_one_password)
{
    char  text[MFA_HASH_TEXT];

    /* the hash is of the composed form; one keyboard sends the other */

    EXPECT_INT(verify(NFC, "k\xc3\xb6nig sein"), MFA_HASH_YES);
    EXPECT_INT(verify(NFC, "ko\xcc\x88nig sein"), MFA_HASH_YES);
    EXPECT_INT(verify(NFC, "konig sein"), MFA_HASH_NO);

    EXPECT_INT(mfa_hash_make(&cheap, exact("ko\xcc\x88nig"), text), 0);
    EXPECT_INT(verify(text, "k\xc3\xb6nig"), MFA_HASH_YES);
}


TEST(the_whole_of_a_long_password_counts)
{
    char           text[MFA_HASH_TEXT], password[MFA_PASSWORD_MAX + 1];
    postern_str_t  s;

    memset(password, 'x', sizeof(password));
    s.data = (unsigned char *) password;
    s.len = MFA_PASSWORD_MAX;

    EXPECT_INT(mfa_hash_make(&cheap, s, text), 0);
    EXPECT_INT(mfa_hash_verify(&cheap, exact(text), s), MFA_HASH_YES);

    password[MFA_PASSWORD_MAX - 1] = 'y';
    EXPECT_INT(mfa_hash_verify(&cheap, exact(text), s), MFA_HASH_NO);

    s.len++;
    EXPECT_INT(mfa_hash_verify(&cheap, exact(text), s), MFA_HASH_NO);
    EXPECT_INT(mfa_hash_make(&cheap, s, text), -1);
}


TEST(what_is_no_password)
{
    unsigned       i;
    char           text[MFA_HASH_TEXT];
    postern_str_t  empty = { 0, (const unsigned char *) "" };
    postern_str_t  none = postern_null_string;

    static const char *const  bad[] = {
        "with\ttab", "line\n", "\x7f", "c1 \xc2\x85", "\x1b[31m",
        "\xff", "cut \xc3", "overlong \xc0\xaf", "overlong \xe0\x80\xaf",
        "surrogate \xed\xa0\x80", "beyond \xf4\x90\x80\x80",
        "\x80 alone", "five \xf8\x88\x80\x80\x80"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        nfc(bad[i], "");
        EXPECT_INT(mfa_hash_make(&cheap, exact(bad[i]), text), -1);
        EXPECT_INT(verify(P1, bad[i]), MFA_HASH_NO);
    }

    EXPECT_INT(mfa_hash_make(&cheap, empty, text), -1);
    EXPECT_INT(mfa_hash_make(&cheap, none, text), -1);
    EXPECT_INT(mfa_hash_verify(&cheap, exact(P1), none), MFA_HASH_NO);

    /* a NUL is a control character, not an end */

    EXPECT_INT(mfa_hash_verify(&cheap, exact(P1),
                               exact_slice(PASSWORD "\0", 14)), MFA_HASH_NO);
}


TEST(what_may_be_in_a_password)
{
    nfc("a b", "a b");
    nfc(" ", " ");
    nfc("p\xc3\xa4ssw\xc3\xb6rter", "p\xc3\xa4ssw\xc3\xb6rter");
    nfc("\xf0\x9f\x90\xb4\xf0\x9f\x94\x8b", "\xf0\x9f\x90\xb4\xf0\x9f\x94\x8b");

    /* form C: composed, in order, and nothing taken for something else */

    nfc("A\xcc\x8a", "\xc3\x85");
    nfc("\xe2\x84\xab", "\xc3\x85");
    nfc("q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87");
    nfc("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xea\xb0\x81");
    nfc("\xef\xac\x81", "\xef\xac\x81");
    nfc("\xef\xbd\x81", "\xef\xbd\x81");
    nfc("x\xc2\xb2", "x\xc2\xb2");
    nfc("\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc");

    /* it stays what it is when it is done again */

    nfc("q\xcc\xa3\xcc\x87", "q\xcc\xa3\xcc\x87");
}


TEST(normalizing_needs_no_more_room_than_it_is_given)
{
    size_t          i, len;
    unsigned char   typed[MFA_PASSWORD_MAX + 1], out[MFA_PASSWORD_MAX];
    postern_str_t   s;

    /* U+0958 becomes twice as long in form C */

    for (i = 0; i + 3 <= MFA_PASSWORD_MAX; i += 3) {
        memcpy(typed + i, "\xe0\xa5\x98", 3);
    }

    s.data = typed;
    s.len = 510;
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), 1020);

    s.len = 513;
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), 0);

    s.len = i;
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), 0);

    for (len = 0; len < 6; len++) {
        EXPECT_INT(mfa_password_normalize(exact_slice("abc\xc3\xa4" "e", 6),
                                          exact_bytes("abcdef", len), len), 0);
    }

    EXPECT_INT(mfa_password_normalize(exact_slice("abc\xc3\xa4" "e", 6),
                                      exact_bytes("abcdef", 6), 6), 6);

    /* the most code points that a byte can become: U+0390, three of two */

    for (i = 0; i < MFA_PASSWORD_MAX; i += 2) {
        memcpy(typed + i, "\xce\x90", 2);
    }

    s.len = MFA_PASSWORD_MAX;
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), MFA_PASSWORD_MAX);
    EXPECT_MEM(out, typed, MFA_PASSWORD_MAX);
}


TEST(a_hash_that_is_none)
{
    unsigned  i;

    static const char *const  bad[] = {
        "", "$", "plain", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$",
        "$argon2id$v=19$m=1024,t=2,p=1$" SALT "$",
        "$argon2id$v=19$m=1024,t=2,p=1$$" HASH,
        "$argon2id$v=19$m=1024,t=2,p=1$" SALT "$" HASH "$",
        "$argon2id$v=19$m=1024,t=2,p=1$" SALT "$" HASH " ",
        "$argon2id$v=19$m=1024,t=2,p=1$" SALT "$" HASH "=",
        " $argon2id$v=19$m=1024,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=1024,t=2,p=1$" SALT "$" HASH,
        "$argon2i$v=19$m=1024,t=2,p=1$" SALT "$" HASH,
        "$argon2d$v=19$m=1024,t=2,p=1$" SALT "$" HASH,
        "$argon2id$m=1024,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=01024,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=+1024,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=1024,t=-2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=2,m=1024,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=1024,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=1024,t=2,p=0$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=2,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=31,t=2,p=4$" SALT "$" HASH,
        "$argon2id$v=19$m=1024,t=2,p=1$c2FsdA$" HASH,
        "$argon2id$v=19$m=1024,t=2,p=1$" SALT "$c2FsdHNhbHQ",
        "$2y$10$abcdefghijklmnopqrstuuN4f1u5vCjl0mVrQcYy4lOu9O1O8Zq",
        "$6$rounds=5000$salt$hash"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT(!parses(bad[i]));
        EXPECT_INT(verify(bad[i], PASSWORD), MFA_HASH_NO);
    }

    EXPECT_INT(mfa_hash_verify(&cheap, (postern_str_t) postern_null_string,
                               exact(PASSWORD)), MFA_HASH_NO);
}


TEST(a_hash_asks_for_no_more_than_is_borne)
{
    double  limit;

    /* these would take minutes, or all memory there is */

    EXPECT(!parses("$argon2id$v=19$m=1048577,t=1,p=1$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=4294967295,t=1,p=1$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=4294967297,t=1,p=1$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=1024,t=17,p=1$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=1024,t=4294967295,p=1$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=1024,t=1,p=17$" SALT "$" HASH));
    EXPECT(!parses("$argon2id$v=19$m=99999999999999999999,t=1,p=1$" SALT "$"
                   HASH));

    EXPECT(parses("$argon2id$v=19$m=1048576,t=16,p=16$" SALT "$" HASH));
    EXPECT(parses("$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH));

    limit = cost(&cheap, "$argon2id$v=19$m=1048577,t=16,p=1$" SALT "$" HASH,
                 PASSWORD);
    EXPECT(limit < 1e6);
}


TEST(what_is_weaker_than_today_is_old)
{
    EXPECT_INT(old(P1, 1024, 2), 0);
    EXPECT_INT(old(P1, 1023, 1), 0);
    EXPECT_INT(old(P1, 1025, 2), 1);
    EXPECT_INT(old(P1, 1024, 3), 1);
    EXPECT_INT(old("$argon2id$", 1, 1), -2);
}


/* an attack: to have a good hash replaced by one that is sooner guessed */

TEST(a_hash_that_costs_more_is_not_replaced_by_a_cheaper_one)
{
    static const char  dear[] = "$argon2id$v=19$m=1048576,t=1,p=1$" SALT "$"
                                HASH;

    EXPECT_INT(old(P1, 1025, 1), 0);
    EXPECT_INT(old(P1, 512, 3), 0);
    EXPECT_INT(old(dear, 19456, 2), 0);

    /* of what OWASP holds for equal the dearer one stays */

    EXPECT_INT(old("$argon2id$v=19$m=47104,t=1,p=1$" SALT "$" HASH, 19456, 2),
               0);
    EXPECT_INT(old("$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH, 47104, 1),
               1);
}


TEST(what_owasp_names_as_the_least)
{
    EXPECT_INT(mfa_argon2_least(1), 47104);
    EXPECT_INT(mfa_argon2_least(2), 19456);
    EXPECT_INT(mfa_argon2_least(5), 7168);
    EXPECT_INT(mfa_argon2_least(16), 7168);
    EXPECT_INT(MFA_ARGON2_MEMORY, mfa_argon2_least(MFA_ARGON2_PASSES));
}


TEST(nobody_and_an_old_hash_cost_what_a_hash_costs)
{
    int           i;
    double        wrong, nobody, old_one, broken, typed;
    mfa_argon2_t  params = { 4096, 2 };
    char          text[MFA_HASH_TEXT], weak[MFA_HASH_TEXT];

    EXPECT_INT(mfa_hash_make(&params, exact(PASSWORD), text), 0);
    EXPECT_INT(mfa_hash_make(&cheap, exact(PASSWORD), weak), 0);

    /* a cheap answer would be a tenth: t/372-timing.t looks closer */

    wrong = nobody = old_one = broken = typed = 0;

    for (i = 0; i < 20; i++) {
        wrong += cost(&params, text, "wrong");
        nobody += cost(&params, NULL, "wrong");
        old_one += cost(&params, weak, "wrong");
        broken += cost(&params, "$argon2id$x", "wrong");
        typed += cost(&params, text, "\xff");
    }

    EXPECT(nobody > wrong * 0.6 && nobody < wrong * 1.7);
    EXPECT(old_one > wrong * 0.6 && old_one < wrong * 1.7);
    EXPECT(broken > wrong * 0.6 && broken < wrong * 1.7);
    EXPECT(typed > wrong * 0.6 && typed < wrong * 1.7);

    EXPECT_INT(mfa_hash_verify(&params, exact(weak), exact(PASSWORD)),
               MFA_HASH_YES);
}


/* room for what is small; the sanitizer has terabytes already */

static void
little_memory(int little)
{
    FILE                  *f;
    unsigned long          pages;
    struct rlimit          limit;
    static struct rlimit   before;

    if (!little) {
        EXPECT_INT(setrlimit(RLIMIT_AS, &before), 0);
        return;
    }

    pages = 0;
    f = fopen("/proc/self/statm", "r");

    EXPECT(f != NULL && fscanf(f, "%lu", &pages) == 1);
    fclose(f);

    EXPECT_INT(getrlimit(RLIMIT_AS, &before), 0);

    limit = before;
    limit.rlim_cur = (rlim_t) pages * (rlim_t) sysconf(_SC_PAGESIZE)
                     + 128 * 1024 * 1024;

    EXPECT_INT(setrlimit(RLIMIT_AS, &limit), 0);
}


TEST(no_memory_is_neither_yes_nor_no)
{
    char           out[MFA_HASH_TEXT];
    postern_str_t  none = postern_null_string;

    static const char  large[] =
        "$argon2id$v=19$m=524288,t=1,p=1$c2l4dGVlbi1ieXRlLXNhbA$" HASH;
    static const mfa_argon2_t  params = { 524288, 1 };

    EXPECT(parses(large));
    little_memory(1);

    EXPECT_INT(verify(P1, PASSWORD), MFA_HASH_YES);
    EXPECT_INT(verify(large, PASSWORD), MFA_HASH_FAILED);
    EXPECT_INT(mfa_hash_verify(&params, none, exact(PASSWORD)),
               MFA_HASH_FAILED);
    EXPECT_INT(mfa_hash_verify(&params, exact(P1), exact(PASSWORD)),
               MFA_HASH_FAILED);
    EXPECT_INT(mfa_hash_make(&params, exact(PASSWORD), out), -1);

    little_memory(0);
}


UNIT_MAIN()
