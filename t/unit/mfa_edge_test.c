/* link:
   ngx_http_mfa_module/mfa_accept.c
   ngx_http_mfa_module/mfa_account.c
   ngx_http_mfa_module/mfa_account_parse.c
   ngx_http_mfa_module/mfa_account_write.c
   ngx_http_mfa_module/mfa_cookie.c
   ngx_http_mfa_module/mfa_base64url.c
   ngx_http_mfa_module/mfa_device.c
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_label.c
   ngx_http_mfa_module/mfa_otp.c
   ngx_http_mfa_module/mfa_recovery.c
   ngx_http_mfa_module/mfa_session.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   -ljansson -lsodium -lcrypto -lutf8proc
   -Wl,--wrap=HMAC,--wrap=crypto_pwhash */

/* What people's programs and people send, at the ends of what is read; and
   libraries that fail. */

#include "exact.h"

#include <openssl/hmac.h>
#include <sodium.h>

#include "mfa_account.h"
#include "mfa_device.h"
#include "mfa_http.h"
#include "mfa_recovery.h"
#include "mfa_session.h"
#include "mfa_unicode.h"


static int  fails;


unsigned char *__real_HMAC(const EVP_MD *md, const void *key, int key_len,
    const unsigned char *data, size_t n, unsigned char *out, unsigned *len);
unsigned char *__wrap_HMAC(const EVP_MD *md, const void *key, int key_len,
    const unsigned char *data, size_t n, unsigned char *out, unsigned *len);
int __real_crypto_pwhash(unsigned char *out, unsigned long long out_len,
    const char *password, unsigned long long password_len,
    const unsigned char *salt, unsigned long long passes, size_t memory,
    int alg);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len,
    const char *password, unsigned long long password_len,
    const unsigned char *salt, unsigned long long passes, size_t memory,
    int alg);


unsigned char *
__wrap_HMAC(const EVP_MD *md, const void *key, int key_len,
    const unsigned char *data, size_t n, unsigned char *out, unsigned *len)
{
    return fails ? NULL : __real_HMAC(md, key, key_len, data, n, out, len);
}


int
__wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len,
    const char *password, unsigned long long password_len,
    const unsigned char *salt, unsigned long long passes, size_t memory,
    int alg)
{
    return fails ? -1 : __real_crypto_pwhash(out, out_len, password,
                                             password_len, salt, passes,
                                             memory, alg);
}


TEST(a_code_that_cannot_be_computed_is_none)
{
    char           code[MFA_OTP_DIGITS_MAX + 1];
    mfa_otp_t      otp;
    postern_str_t  secret = exact("12345678901234567890"), longer;

    memset(&otp, 0, sizeof(otp));
    otp.digits = 6;
    otp.period = 30;

    mfa_otp_code(&otp, secret, 1, code);
    EXPECT_STR(((postern_str_t) { strlen(code), (unsigned char *) code }),
               "287082");

    fails = 1;
    mfa_otp_code(&otp, secret, 1, code);
    EXPECT_INT(code[0], 0);
    fails = 0;

    longer.data = exact_bytes(code, 1);
    longer.len = POSTERN_SECRET_MAX + 1;
    mfa_otp_code(&otp, longer, 1, code);
    EXPECT_INT(code[0], 0);
    longer.len = 0;
    mfa_otp_code(&otp, longer, 1, code);
    EXPECT_INT(code[0], 0);

    otp.digits = 0;
    mfa_otp_code(&otp, secret, 1, code);
    EXPECT_INT(code[0], 0);
    otp.digits = MFA_OTP_DIGITS_MAX + 1;
    mfa_otp_code(&otp, secret, 1, code);
    EXPECT_INT(code[0], 0);
}


#define SETS    64      /* hashes that are compared */
#define SET     "$argon2id$v=19$m=8,t=1,p=1$ZKEffRPnLU+QdPL2xogLGA$"
#define FIRST   SET "rQoPZZGyGFZcmGjSy7Kdow"
#define LONGER  SET "rQoPZZGyGFZcmGjSy7Kdo8O0n7sh3uCxhrZW7hU5060"


TEST(recovery_codes_without_memory_are_none)
{
    char            codes[2][MFA_RECOVERY_SHOWN];
    char            hashes[2][MFA_HASH_TEXT], plain[MFA_RECOVERY_CODE];
    unsigned        i;
    postern_str_t   set[SETS + 1];
    mfa_argon2_t    params = { 8, 1 };

    mfa_recovery_generate(codes[0]);
    mfa_recovery_generate(codes[1]);
    EXPECT_INT(mfa_recovery_normalize(exact(codes[1]), plain), 0);
    EXPECT_INT(mfa_recovery_hash(&params, codes, 2, hashes), 0);

    set[0] = exact(hashes[0]);
    set[1] = exact(hashes[1]);
    EXPECT_INT(mfa_recovery_match(plain, set, 2), 1);

    fails = 1;
    EXPECT_INT(mfa_recovery_hash(&params, codes, 2, hashes), -1);
    EXPECT_INT(mfa_recovery_match(plain, set, 2), -2);
    fails = 0;

    strcpy(codes[1], "!");
    EXPECT_INT(mfa_recovery_hash(&params, codes, 2, hashes), -1);

    /* more than a set, and hashes of two lengths */

    for (i = 0; i <= SETS; i++) {
        set[i] = exact(FIRST);
    }

    EXPECT_INT(mfa_recovery_match(plain, set, SETS), -1);
    EXPECT_INT(mfa_recovery_match(plain, set, SETS + 1), -2);
    set[1] = exact(LONGER);
    EXPECT_INT(mfa_recovery_match(plain, set, 2), -2);
}


TEST(a_password_is_bounded_in_its_normal_form)
{
    unsigned         i;
    size_t           len;
    unsigned char    text[MFA_PASSWORD_MAX], out[4 * MFA_PASSWORD_MAX];
    mfa_unicode_e    kind;
    postern_str_t    s;

    /* U+0958 is two characters in its normal form: longer than it was */

    for (i = 0; i + 3 <= sizeof(text); i += 3) {
        memcpy(text + i, "\xe0\xa5\x98", 3);
    }

    s.data = text;
    s.len = i;
    EXPECT(mfa_unicode_nfc(s, out, sizeof(out)) > MFA_PASSWORD_MAX);
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), 0);
    EXPECT_INT(mfa_password_normalize(s, out, MFA_PASSWORD_MAX), 0);

    s.len = 3;
    EXPECT_INT(mfa_password_normalize(s, out, sizeof(out)), 6);
    EXPECT_INT(mfa_unicode_nfc(s, out, 5), 0);

    kind = mfa_unicode_kind(exact("\xff" "a"), &len);
    EXPECT_INT(kind, MFA_UNICODE_OTHER);
    EXPECT_INT(len, 1);
}


TEST(languages_and_types_as_odd_programs_send_them)
{
    char           *text;
    unsigned        i;
    postern_str_t   languages[2], s;

    static const struct {
        const char  *accept;
        unsigned     language;
    } cases[] = {
        { "de;q", 1 }, { "de;q;x=1", 1 }, { "de;x=1", 1 }, { "de;qq=0", 1 },
        { "de;q=0", 0 }, { "de;q=0.x", 0 }, { "de;q=0.:", 0 },
        { "de;q=0./", 0 }, { "de;x=\"a\\\";q=0\"", 1 }, { "de;x=\"a\\", 1 },
        { "de;x=\"a,b;c\"", 1 }, { "de;q=1.001", 0 }, { "de ; q=0.9", 1 }
    };

    languages[0] = exact("en");
    languages[1] = exact("de");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!EXPECT_INT(mfa_language(exact(cases[i].accept), languages, 2, 0),
                        cases[i].language))
        {
            printf("# of %s\n", cases[i].accept);
        }
    }

    text = malloc(5000);
    memset(text, ' ', 5000);
    memcpy(text, "de", 2);
    s.data = (unsigned char *) text;
    s.len = 4096;
    EXPECT_INT(mfa_language(s, languages, 2, 0), 1);
    s.len = 4097;
    EXPECT_INT(mfa_language(s, languages, 2, 0), 0);
    free(text);

    EXPECT_INT(mfa_accepts_html(exact("application/xhtml+xml")), 1);
    EXPECT_INT(mfa_accepts_html(exact("application/xhtml+xmm")), 0);
    EXPECT_INT(mfa_accepts_html(exact("text/htmm")), 0);
}


TEST(a_cookie_line_longer_than_is_read_is_not)
{
    char           *text;
    mfa_devices_t   devices;

    text = malloc(MFA_COOKIES_MAX + 1);
    memset(text, 'a', MFA_COOKIES_MAX + 1);
    mfa_devices_parse((postern_str_t) { MFA_COOKIES_MAX + 1,
                                        (unsigned char *) text }, &devices);
    EXPECT_INT(devices.n, 0);
    free(text);
}


TEST(a_session_fits_or_is_none)
{
    size_t         len, size;
    mfa_session_t  s;
    unsigned char  out[2 * MFA_SESSION_SIZE];

    memset(&s, 0, sizeof(s));
    s.created = s.last = s.password_time = 1795300000;
    s.aal = 1;
    s.amr = MFA_AMR_PWD;
    s.org = exact("acme");
    s.user = exact("alice");
    s.label = exact("a program");
    s.address = exact("192.0.2.1");

    len = mfa_session_pack(&s, out, sizeof(out));
    EXPECT(len > 0);

    for (size = 0; size < len; size++) {
        EXPECT_INT(mfa_session_pack(&s, out, size), 0);
    }

    EXPECT_INT(mfa_session_pack(&s, out, len), len);
}


/* --- an account's fields ------------------------------------------------- */

static unsigned char  pool[65536];
static size_t         used;


static void *
take(void *data, size_t size)
{
    void  *p = pool + used;

    used += (size + 15) / 16 * 16;

    return used <= sizeof(pool) ? p : NULL;
}


static int
account_is(const char *members)
{
    int              rc;
    char             json[1024];
    mfa_account_t    a;
    postern_alloc_t  alloc = { take, NULL };
    postern_error_t  err;

    used = 0;
    snprintf(json, sizeof(json), "{\"version\":1,\"org\":\"acme\","
             "\"user\":\"alice\"%s}", members);
    rc = mfa_account_parse(exact(json), exact("acme"), exact("alice"), &alloc,
                           &a, &err);
    EXPECT(rc == 0 || err.text[0] != '\0');

    return rc == 0;
}


#define OTP(members)  ",\"factors\":{\"totp\":[{" members "}]}"
#define REST  "\"secret\":\"sealed:x\",\"algorithm\":\"sha1\",\"digits\":6," \
              "\"period\":30,\"time\":1"


TEST(fields_of_an_account_at_their_ends)
{
    EXPECT_INT(account_is(""), 1);
    EXPECT_INT(account_is(OTP("\"id\":\"k3x9\"," REST)), 1);
    EXPECT_INT(account_is(OTP("\"id\":\"k3x9\",\"name\":\"a\\u00a0b\\u00a1\","
                              REST)), 1);
    EXPECT_INT(account_is(OTP("\"id\":\"k3x9\",\"name\":\"a\\u009f\"," REST)),
               0);
    EXPECT_INT(account_is(OTP("\"id\":\"k3x9\",\"name\":\"a\\u007f\"," REST)),
               0);
    EXPECT_INT(account_is(OTP("\"id\":\"\"," REST)), 0);
    EXPECT_INT(account_is(OTP("\"id\":\"K3X9\"," REST)), 0);
    EXPECT_INT(account_is(OTP("\"id\":\"abcdefghijklmnopq\"," REST)), 0);
    EXPECT_INT(account_is(",\"counters\":{\"\":1}"), 0);
    EXPECT_INT(account_is(",\"counters\":{\"abcdefghijklmnopq\":1}"), 0);
    EXPECT_INT(account_is(",\"counters\":{\"ab\xff\":1}"), 0);
    EXPECT_INT(account_is(",\"recovery_time\":-1"), 0);
    EXPECT_INT(account_is(",\"recovery_time\":\"1\""), 0);
    EXPECT_INT(account_is(",\"password_time\":-1"), 0);
}


TEST(an_account_too_long_to_be_read_is_not_written)
{
    unsigned          i;
    char              *name;
    mfa_account_t     a;
    postern_alloc_t   alloc = { take, NULL };

    memset(&a, 0, sizeof(a));
    used = 0;
    a.org = exact("acme");
    a.user = exact("alice");
    EXPECT(mfa_account_write(&a, &alloc).data != NULL);

    name = malloc(MFA_ACCOUNT_MAX);
    memset(name, 'a', MFA_ACCOUNT_MAX);

    for (i = 0; i < MFA_ACCOUNT_USED; i++) {
        a.recovery_used[i].data = (unsigned char *) name;
        a.recovery_used[i].len = MFA_ACCOUNT_MAX / 32;
    }

    a.nused = MFA_ACCOUNT_USED;
    EXPECT(mfa_account_write(&a, &alloc).data == NULL);
    free(name);
}


UNIT_MAIN()
