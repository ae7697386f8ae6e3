/* link:
   ngx_http_mfa_module/mfa_account.c
   ngx_http_mfa_module/mfa_account_parse.c
   ngx_http_mfa_module/mfa_account_write.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_json.c
   -ljansson -lsodium */

/* What Postern keeps of a user: read and written. */

#include "exact.h"
#include "mfa_account.h"
#include "postern_arena.h"


#define N(a)    (sizeof(a) / sizeof((a)[0]))

#define HASH    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"                    \
                "0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"
#define HASH2   "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"                    \
                "1zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"
#define OVER    "00112233445566778899aabbccddeeff"
#define WHO     "\"version\":1,\"org\":\"acme\",\"user\":\"alice\""
#define SECRET  "\"id\":\"k3x9\",\"secret\":\"sealed:x\""


static postern_arena_t  *arena;
static postern_error_t   err;


__attribute__((destructor)) static void
clean(void)
{
    postern_arena_destroy(arena);
}


static postern_alloc_t
memory(void)
{
    if (arena == NULL) {
        arena = postern_arena_create();
    }

    return postern_arena_allocator(arena);
}


static int
parse(postern_str_t text, mfa_account_t *a)
{
    postern_alloc_t  alloc = memory();

    return mfa_account_parse(text, exact("acme"), exact("alice"), &alloc, a,
                             &err);
}


static int
reads(const char *text)
{
    mfa_account_t  a;

    return parse(exact(text), &a) == 0;
}


/* a member more, of the whole or of an authenticator */

static int
member(const char *text)
{
    char  json[4096];

    snprintf(json, sizeof(json), "{" WHO ",%s}", text);

    return reads(json);
}


static int
totp(const char *text)
{
    char  json[4096];

    snprintf(json, sizeof(json), "\"factors\":{\"totp\":[{" SECRET "%s}]}",
             text);

    return member(json);
}


static int
hotp(const char *text)
{
    char  json[4096];

    snprintf(json, sizeof(json), "\"factors\":{\"hotp\":[{" SECRET "%s}]}",
             text);

    return member(json);
}


static postern_str_t
written(const mfa_account_t *a)
{
    postern_alloc_t  alloc = memory();

    return mfa_account_write(a, &alloc);
}


/* a number that is the same each time the test runs */

static unsigned
pick(unsigned n)
{
    static uint64_t  x = 88172645463325252ULL;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;

    return (unsigned) (x % n);
}


static postern_str_t
pick_text(size_t min, size_t max)
{
    char         text[256];
    size_t       i, len;
    const char  *from = "abc \"\\/{}[]:,<>&'$%0z";

    len = min + pick((unsigned) (max - min + 1));

    for (i = 0; i < len; i++) {
        text[i] = from[pick(21)];
    }

    /* and what is not ASCII */

    if (len > 4 && pick(2)) {
        memcpy(text, "\xf0\x9f\x90\xb4", 4);
    }

    return exact_slice(text, len);
}


static postern_str_t
pick_id(unsigned n)
{
    char  id[MFA_OTP_ID + 1];

    snprintf(id, sizeof(id), "id%ux%u", n, pick(1000000));

    return exact(id);
}


static postern_str_t
pick_hash(void)
{
    char  hash[MFA_HASH_TEXT] = HASH;

    hash[45] = (char) ('a' + pick(26));
    hash[46] = (char) ('a' + pick(26));
    hash[47] = (char) ('a' + pick(26));

    return exact(hash);
}


static void
pick_otps(mfa_account_otp_t *otps, unsigned n, int hotp)
{
    unsigned  i;
    char      secret[64];

    for (i = 0; i < n; i++) {
        snprintf(secret, sizeof(secret), "sealed:mk-1:%u", pick(100000));

        otps[i].id = pick_id(i + (hotp ? 8 : 0));
        otps[i].secret = exact(secret);
        otps[i].otp.hash = (postern_otp_hash_e) pick(3);
        otps[i].otp.digits = pick(2) ? 6 : 8;
        otps[i].otp.period = hotp ? 0 : 1 + pick(3600);
        otps[i].counter = hotp ? pick(1000000) : 0;
        otps[i].time = pick(2) ? 1795300000 + pick(1000) : 0;

        if (pick(2)) {
            otps[i].name = pick_text(1, MFA_OTP_NAME);
        }
    }
}


static void
pick_account(mfa_account_t *a)
{
    unsigned  i;

    memset(a, 0, sizeof(mfa_account_t));
    a->org = exact("acme");
    a->user = exact("alice");

    if (pick(2)) {
        a->password = pick_hash();
        a->password_over = exact(OVER);
        a->password_time = pick(2) ? INT64_MAX : 1795300000;
    }

    a->ntotp = pick(MFA_ACCOUNT_OTPS + 1);
    a->nhotp = pick(MFA_ACCOUNT_OTPS + 1);
    pick_otps(a->totp, a->ntotp, 0);
    pick_otps(a->hotp, a->nhotp, 1);

    a->nrecovery = pick(MFA_ACCOUNT_RECOVERY + 1);
    a->nused = pick(3) ? 0 : pick(MFA_ACCOUNT_USED + 1);
    a->ncounters = pick(MFA_ACCOUNT_OTPS + 1);
    a->recovery_time = pick(2) ? 1795300000 : 0;

    for (i = 0; i < a->nrecovery; i++) {
        a->recovery[i] = pick_hash();
    }

    for (i = 0; i < a->nused; i++) {
        a->recovery_used[i] = pick_hash();
    }

    for (i = 0; i < a->ncounters; i++) {
        char  id[3] = { 'h', (char) ('0' + i), '\0' };

        a->counters[i].id = exact(id);
        a->counters[i].counter = pick(2) ? INT64_MAX : pick(100);
    }
}


static int
same_otps(const mfa_account_otp_t *a, const mfa_account_otp_t *b, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (!postern_str_eq(a[i].id, b[i].id)
            || !postern_str_eq(a[i].name, b[i].name)
            || !postern_str_eq(a[i].secret, b[i].secret)
            || a[i].otp.hash != b[i].otp.hash
            || a[i].otp.digits != b[i].otp.digits
            || a[i].otp.period != b[i].otp.period
            || a[i].counter != b[i].counter || a[i].time != b[i].time)
        {
            return 0;
        }
    }

    return 1;
}


static int
same_list(const postern_str_t *a, const postern_str_t *b, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (!postern_str_eq(a[i], b[i])) {
            return 0;
        }
    }

    return 1;
}


static int
same(const mfa_account_t *a, const mfa_account_t *b)
{
    unsigned  i;

    for (i = 0; i < a->ncounters && i < b->ncounters; i++) {
        if (!postern_str_eq(a->counters[i].id, b->counters[i].id)
            || a->counters[i].counter != b->counters[i].counter)
        {
            return 0;
        }
    }

    return a->ncounters == b->ncounters
           && a->ntotp == b->ntotp && a->nhotp == b->nhotp
           && a->nrecovery == b->nrecovery && a->nused == b->nused
           && a->password_time == b->password_time
           && a->recovery_time == b->recovery_time
           && postern_str_eq(a->org, b->org)
           && postern_str_eq(a->user, b->user)
           && postern_str_eq(a->password, b->password)
           && postern_str_eq(a->password_over, b->password_over)
           && same_otps(a->totp, b->totp, a->ntotp)
           && same_otps(a->hotp, b->hotp, a->nhotp)
           && same_list(a->recovery, b->recovery, a->nrecovery)
           && same_list(a->recovery_used, b->recovery_used, a->nused);
}


TEST(what_is_written_is_read_as_the_same)
{
    int            i, differ;
    mfa_account_t  a, b;
    postern_str_t  text, again;

    differ = 0;

    for (i = 0; i < 40; i++) {
        pick_account(&a);
        text = written(&a);

        if (text.data == NULL || text.len > MFA_ACCOUNT_MAX
            || parse(exact_slice(text.data, text.len), &b) != 0
            || !same(&a, &b))
        {
            differ++;
            continue;
        }

        again = written(&b);
        differ += !postern_str_eq(text, again);
    }

    EXPECT_INT(differ, 0);
}


TEST(what_is_absent_is_an_account_of_nothing)
{
    mfa_account_t  a;
    postern_str_t  none = postern_null_string;

    EXPECT_INT(parse(none, &a), 0);
    EXPECT_STR(a.org, "acme");
    EXPECT_STR(a.user, "alice");
    EXPECT_INT(a.ntotp + a.nhotp + a.nrecovery + a.nused + a.ncounters, 0);
    EXPECT(a.password.data == NULL);
    EXPECT_STR(written(&a), "{" WHO "}");

    /* an empty text is none: it is a file that was emptied */

    EXPECT(!reads(""));
}


TEST(the_document_of_the_docs)
{
    mfa_account_t  a;

    EXPECT_INT(parse(exact(
        "{ " WHO ", \"password\": \"" HASH "\", \"password_time\": 1795300000,"
        " \"password_over\": \"" OVER "\", \"factors\": { \"totp\": [ {"
        " \"id\": \"k3x9\", \"name\": \"Phone\", \"secret\": \"sealed:mk:x\","
        " \"algorithm\": \"sha256\", \"digits\": 8, \"period\": 60,"
        " \"time\": 1795300001 } ], \"hotp\": [ { \"id\": \"abcd\","
        " \"secret\": \"sealed:y\", \"counter\": 17 } ], \"recovery\":"
        " [ \"" HASH "\" ] }, \"recovery_time\": 1795300002,"
        " \"recovery_used\": [ \"" HASH2 "\" ], \"counters\": { \"h0\": 9 } }"
        ), &a), 0);

    EXPECT_STR(a.password, HASH);
    EXPECT_STR(a.password_over, OVER);
    EXPECT_INT(a.password_time, 1795300000);
    EXPECT_INT(a.ntotp, 1);
    EXPECT_STR(a.totp[0].id, "k3x9");
    EXPECT_STR(a.totp[0].name, "Phone");
    EXPECT_STR(a.totp[0].secret, "sealed:mk:x");
    EXPECT_INT(a.totp[0].otp.hash, POSTERN_OTP_SHA256);
    EXPECT_INT(a.totp[0].otp.digits, 8);
    EXPECT_INT(a.totp[0].otp.period, 60);
    EXPECT_INT(a.totp[0].time, 1795300001);
    EXPECT_INT(a.nhotp, 1);
    EXPECT_INT(a.hotp[0].otp.hash, POSTERN_OTP_SHA1);
    EXPECT_INT(a.hotp[0].otp.digits, 6);
    EXPECT_INT(a.hotp[0].otp.period, 0);
    EXPECT_INT(a.hotp[0].counter, 17);
    EXPECT(a.hotp[0].name.data == NULL);
    EXPECT_INT(a.nrecovery, 1);
    EXPECT_STR(a.recovery[0], HASH);
    EXPECT_INT(a.nused, 1);
    EXPECT_STR(a.recovery_used[0], HASH2);
    EXPECT_INT(a.ncounters, 1);
    EXPECT_STR(a.counters[0].id, "h0");
    EXPECT_INT(a.counters[0].counter, 9);
}


TEST(an_account_is_one_of_its_owner)
{
    EXPECT(reads("{" WHO "}"));

    EXPECT(!reads("{\"version\":1,\"org\":\"acme\",\"user\":\"bob\"}"));
    EXPECT(strcmp(err.path, "user") == 0);
    EXPECT(!reads("{\"version\":1,\"org\":\"evil\",\"user\":\"alice\"}"));
    EXPECT(strcmp(err.path, "org") == 0);
    EXPECT(!reads("{\"version\":1,\"org\":\"acme\",\"user\":\"Alice\"}"));
    EXPECT(!reads("{\"version\":1,\"org\":\"acme\",\"user\":\"alice \"}"));
    EXPECT(!reads("{\"version\":1,\"org\":\"acme\",\"user\":\"\"}"));
    EXPECT(!reads("{\"version\":1,\"org\":\"acme\",\"user\":1}"));
    EXPECT(!reads("{\"version\":1,\"org\":\"acme\"}"));
    EXPECT(!reads("{\"version\":1,\"user\":\"alice\"}"));

    EXPECT(!reads("{\"version\":2,\"org\":\"acme\",\"user\":\"alice\"}"));
    EXPECT(strcmp(err.path, "version") == 0);
    EXPECT(!reads("{\"version\":\"1\",\"org\":\"acme\",\"user\":\"alice\"}"));
    EXPECT(!reads("{\"version\":1.0,\"org\":\"acme\",\"user\":\"alice\"}"));
    EXPECT(!reads("{\"org\":\"acme\",\"user\":\"alice\"}"));
}


TEST(what_is_not_json_is_no_account)
{
    unsigned  i;

    static const char *const  bad[] = {
        "x", "null", "[]", "\"\"", "1", "{", "{" WHO, "{" WHO "}x",
        "{" WHO "}{" WHO "}", "{" WHO ",}", "{" WHO "," WHO "}",
        "{" WHO ",\"recovery_time\":01}", "{" WHO ",\"\xff\":1}"
    };

    for (i = 0; i < N(bad); i++) {
        EXPECT(!reads(bad[i]));
        EXPECT(err.text[0] != '\0');
    }
}


TEST(unknown_members_are_errors_at_every_depth)
{
    EXPECT(!member("\"passwort\":\"x\""));
    EXPECT(strcmp(err.path, "passwort") == 0);
    EXPECT_INT(err.line, 1);
    EXPECT(!member("\"factors\":{\"webauthn\":[]}"));
    EXPECT(strcmp(err.path, "factors.webauthn") == 0);
    EXPECT(!totp(",\"x\":1"));
    EXPECT(strcmp(err.path, "factors.totp[0].x") == 0);

    /* each kind has its own */

    EXPECT(!totp(",\"counter\":1"));
    EXPECT(!hotp(",\"period\":30"));
    EXPECT(totp(",\"period\":30"));
    EXPECT(hotp(",\"counter\":1"));
}


TEST(an_authenticator_is_whole)
{
    unsigned  i;

    static const char *const  bad[] = {
        ",\"algorithm\":\"md5\"", ",\"algorithm\":\"SHA1\"",
        ",\"algorithm\":1", ",\"digits\":7", ",\"digits\":0",
        ",\"digits\":-6", ",\"digits\":\"6\"", ",\"digits\":6.0",
        ",\"digits\":4294967302", ",\"name\":\"\"", ",\"name\":1",
        ",\"name\":\"\\u001b[31m\"", ",\"name\":\"a\\nb\"",
        ",\"name\":\"\\u0085\"", ",\"name\":\"\\u007f\"", ",\"time\":-1",
        ",\"time\":null"
    };

    EXPECT(totp(""));
    EXPECT(hotp(""));

    for (i = 0; i < N(bad); i++) {
        EXPECT(!totp(bad[i]));
        EXPECT(!hotp(bad[i]));
    }

    EXPECT(!totp(",\"period\":0"));
    EXPECT(!totp(",\"period\":3601"));
    EXPECT(totp(",\"period\":3600"));
    EXPECT(!hotp(",\"counter\":-1"));
    EXPECT(!hotp(",\"counter\":9223372036854775808"));
    EXPECT(hotp(",\"counter\":9223372036854775807"));

    EXPECT(!member("\"factors\":{\"totp\":[{}]}"));
    EXPECT(!member("\"factors\":{\"totp\":[1]}"));
    EXPECT(!member("\"factors\":{\"totp\":{}}"));
    EXPECT(!member("\"factors\":[]"));
    EXPECT(!member("\"factors\":null"));
    EXPECT(!member("\"factors\":{\"totp\":[{\"id\":\"k3x9\"}]}"));
    EXPECT(!member("\"factors\":{\"totp\":[{\"secret\":\"sealed:x\"}]}"));
}


TEST(a_secret_is_sealed_and_an_id_is_its_own)
{
    unsigned  i;
    char      json[512];

    static const char *const  secrets[] = {
        "", "sealed", "plain:0123456789abcdef", "base64:MDEyMzQ1Njc4OTAx",
        "Sealed:x", " sealed:x"
    };
    static const char *const  ids[] = {
        "", "d0", "h0", "abc", "abcdefghijklmnopq", "Abcd", "ab-d", "ab d",
        "ab/d", "\xc3\xa4" "bcd"
    };

    for (i = 0; i < N(secrets); i++) {
        snprintf(json, sizeof(json), "\"factors\":{\"totp\":[{\"id\":\"abcd\","
                 "\"secret\":\"%s\"}]}", secrets[i]);
        EXPECT(!member(json));
    }

    for (i = 0; i < N(ids); i++) {
        snprintf(json, sizeof(json), "\"factors\":{\"totp\":[{\"id\":\"%s\","
                 "\"secret\":\"sealed:x\"}]}", ids[i]);
        EXPECT(!member(json));
    }

    EXPECT(!member("\"factors\":{\"totp\":[{" SECRET "},{" SECRET "}]}"));
    EXPECT(!member("\"factors\":{\"totp\":[{" SECRET "}],"
                   "\"hotp\":[{" SECRET "}]}"));
}


TEST(a_password_says_what_it_stands_over)
{
    EXPECT(member("\"password\":\"" HASH "\",\"password_over\":\"" OVER "\""));
    EXPECT(!member("\"password\":\"" HASH "\""));
    EXPECT(!member("\"password_over\":\"" OVER "\""));
    EXPECT(!member("\"password\":\"secret\",\"password_over\":\"" OVER "\""));
    EXPECT(strstr(err.text, "secret") == NULL);
    EXPECT(!member("\"password\":\"" HASH "\",\"password_over\":\"0011\""));
    EXPECT(!member("\"password\":\"" HASH "\",\"password_over\":"
                   "\"00112233445566778899AABBCCDDEEFF\""));
    EXPECT(!member("\"password\":\"" HASH "\",\"password_over\":\"" OVER
                   "\",\"password_time\":-1"));
}


TEST(lists_have_their_limits)
{
    unsigned  i, n;
    char      json[16384], *p;

    for (n = MFA_ACCOUNT_OTPS; n <= MFA_ACCOUNT_OTPS + 1; n++) {
        p = json + sprintf(json, "{" WHO ",\"factors\":{\"totp\":[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s{\"id\":\"abc%u\",\"secret\":\"sealed:x\"}",
                         i ? "," : "", i);
        }

        strcpy(p, "]}}");
        EXPECT_INT(reads(json), n == MFA_ACCOUNT_OTPS);
    }

    for (n = MFA_ACCOUNT_RECOVERY; n <= MFA_ACCOUNT_RECOVERY + 1; n++) {
        p = json + sprintf(json, "{" WHO ",\"factors\":{\"recovery\":[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s\"" HASH "\"", i ? "," : "");
        }

        strcpy(p, "]}}");
        EXPECT_INT(reads(json), n == MFA_ACCOUNT_RECOVERY);
    }

    for (n = MFA_ACCOUNT_USED; n <= MFA_ACCOUNT_USED + 1; n++) {
        p = json + sprintf(json, "{" WHO ",\"recovery_used\":[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s\"" HASH "\"", i ? "," : "");
        }

        strcpy(p, "]}");
        EXPECT_INT(reads(json), n == MFA_ACCOUNT_USED);
    }

    for (n = MFA_ACCOUNT_COUNTERS; n <= MFA_ACCOUNT_COUNTERS + 1; n++) {
        p = json + sprintf(json, "{" WHO ",\"counters\":{");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s\"h%u\":1", i ? "," : "", i);
        }

        strcpy(p, "}}");
        EXPECT_INT(reads(json), n == MFA_ACCOUNT_COUNTERS);
    }

    EXPECT(!member("\"factors\":{\"recovery\":[\"x\"]}"));
    EXPECT(!member("\"factors\":{\"recovery\":[1]}"));
    EXPECT(!member("\"recovery_used\":{}"));
    EXPECT(!member("\"counters\":[]"));
    EXPECT(!member("\"counters\":{\"h0\":-1}"));
    EXPECT(!member("\"counters\":{\"h0\":\"1\"}"));
    EXPECT(!member("\"counters\":{\"\":1}"));
    EXPECT(!member("\"counters\":{\"H0\":1}"));
}


TEST(a_long_text_is_refused_unread)
{
    char           *text;
    mfa_account_t   a;

    text = malloc(MFA_ACCOUNT_MAX + 1);
    memset(text, ' ', MFA_ACCOUNT_MAX + 1);
    memcpy(text, "{" WHO "}", sizeof("{" WHO "}") - 1);

    EXPECT_INT(parse(exact_slice(text, MFA_ACCOUNT_MAX), &a), 0);
    EXPECT_INT(parse(exact_slice(text, MFA_ACCOUNT_MAX + 1), &a), -1);
    EXPECT(strstr(err.text, "longer") != NULL);

    free(text);
}


static void *
nothing(void *data, size_t size)
{
    unsigned  *left = data;

    return (*left)-- ? calloc(1, size) : NULL;
}


TEST(no_memory_is_an_error)
{
    unsigned          left;
    mfa_account_t     a;
    postern_alloc_t   alloc = { nothing, &left };

    left = 0;
    EXPECT_INT(mfa_account_parse(exact("{" WHO "}"), exact("acme"),
                                 exact("alice"), &alloc, &a, &err), -1);
    EXPECT(strcmp(err.text, "out of memory") == 0);

    left = 0;
    pick_account(&a);
    EXPECT(mfa_account_write(&a, &alloc).data == NULL);
}


TEST(what_cannot_be_read_is_not_written)
{
    mfa_account_t  a;

    pick_account(&a);
    a.nhotp = 1;
    a.hotp[0].id = exact("abcd");
    a.hotp[0].counter = (uint64_t) INT64_MAX + 1;
    EXPECT(written(&a).data == NULL);

    pick_account(&a);
    a.recovery_time = -1;
    EXPECT(written(&a).data == NULL);

    pick_account(&a);
    a.ntotp = 1;
    a.totp[0].id = exact("abcd");
    a.totp[0].name = exact("\xff");
    EXPECT(written(&a).data == NULL);
}


UNIT_MAIN()
