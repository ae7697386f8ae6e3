/* link: ngx_http_mfa_module/mfa_otp.c -lsodium -lcrypto */

/* One-time codes against the numbers in RFC 4226 and RFC 6238, and base32
   against those in RFC 4648. */

#include "mfa_otp.h"
#include "unit.h"


static const char  seed20[] = "12345678901234567890";
static const char  seed32[] = "12345678901234567890123456789012";
static const char  seed64[] =
    "1234567890123456789012345678901234567890123456789012345678901234";


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


static mfa_otp_t
otp(postern_otp_hash_e hash, unsigned digits, unsigned period)
{
    mfa_otp_t  otp = { hash, digits, period };

    return otp;
}


static int
match(const mfa_otp_t *otp, const char *code, uint64_t from, uint64_t to,
    uint64_t *counter)
{
    *counter = 12345;

    return mfa_otp_match(otp, slice(seed20), slice(code), from, to, counter);
}


TEST(appendix_d_of_rfc_4226)
{
    char       code[MFA_OTP_DIGITS_MAX + 1];
    uint64_t   i;
    mfa_otp_t  hotp = otp(POSTERN_OTP_SHA1, 6, 0);

    static const char *const  codes[] = {
        "755224", "287082", "359152", "969429", "338314",
        "254676", "287922", "162583", "399871", "520489"
    };

    for (i = 0; i < 10; i++) {
        mfa_otp_code(&hotp, slice(seed20), i, code);
        EXPECT_STR(slice(code), codes[i]);
    }
}


TEST(appendix_b_of_rfc_6238)
{
    char       code[MFA_OTP_DIGITS_MAX + 1];
    size_t     i, k;
    uint64_t   from, to;
    mfa_otp_t  totp;

    static const struct {
        int64_t      time;
        uint64_t     step;
        const char  *codes[3];
    } rows[] = {
        { 59LL, 0x1, { "94287082", "46119246", "90693936" } },
        { 1111111109LL, 0x23523ec, { "07081804", "68084774", "25091201" } },
        { 1111111111LL, 0x23523ed, { "14050471", "67062674", "99943326" } },
        { 1234567890LL, 0x273ef07, { "89005924", "91819424", "93441116" } },
        { 2000000000LL, 0x3f940aa, { "69279037", "90698825", "38618901" } },
        { 20000000000LL, 0x27bc86aa, { "65353130", "77737706", "47863826" } },
    };

    static const char *const  seeds[] = { seed20, seed32, seed64 };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        for (k = 0; k < 3; k++) {
            totp = otp((postern_otp_hash_e) k, 8, 30);

            mfa_totp_range(&totp, rows[i].time, 0, &from, &to);
            EXPECT_INT(from, rows[i].step);
            EXPECT_INT(to, rows[i].step);

            mfa_otp_code(&totp, slice(seeds[k]), from, code);
            EXPECT_STR(slice(code), rows[i].codes[k]);

            /* six digits are the last of them */

            totp.digits = 6;
            mfa_otp_code(&totp, slice(seeds[k]), from, code);
            EXPECT_STR(slice(code), rows[i].codes[k] + 2);
        }
    }
}


TEST(no_code_without_a_secret)
{
    char       code[MFA_OTP_DIGITS_MAX + 1];
    uint64_t   counter;
    mfa_otp_t  hotp = otp(POSTERN_OTP_SHA1, 6, 0);

    memset(code, 'x', sizeof(code));
    mfa_otp_code(&hotp, slice(""), 0, code);
    EXPECT_STR(slice(code), "");

    EXPECT_INT(mfa_otp_match(&hotp, slice(""), slice("000000"), 0, 50,
                             &counter), 0);

    hotp.digits = 9;
    memset(code, 'x', sizeof(code));
    mfa_otp_code(&hotp, slice(seed20), 0, code);
    EXPECT_STR(slice(code), "");
    EXPECT_INT(match(&hotp, "755224", 0, 0, &counter), 0);

    hotp.digits = 0;
    EXPECT_INT(match(&hotp, "", 0, 0, &counter), 0);
}


TEST(a_code_is_found_in_its_window)
{
    uint64_t   counter;
    mfa_otp_t  hotp = otp(POSTERN_OTP_SHA1, 6, 0);

    EXPECT_INT(match(&hotp, "969429", 0, 9, &counter), 1);
    EXPECT_INT(counter, 3);
    EXPECT_INT(match(&hotp, "969429", 3, 3, &counter), 1);
    EXPECT_INT(counter, 3);
    EXPECT_INT(match(&hotp, "755224", 0, 9, &counter), 1);
    EXPECT_INT(counter, 0);
    EXPECT_INT(match(&hotp, "520489", 0, 9, &counter), 1);
    EXPECT_INT(counter, 9);

    /* *counter is nobody's where there is none */

    EXPECT_INT(match(&hotp, "969429", 4, 9, &counter), 0);
    EXPECT_INT(match(&hotp, "969429", 0, 2, &counter), 0);
    EXPECT_INT(match(&hotp, "969428", 0, 9, &counter), 0);
    EXPECT_INT(counter, 12345);
}


TEST(the_first_of_two_equal_codes)
{
    char       code[MFA_OTP_DIGITS_MAX + 1];
    uint64_t   counter;
    mfa_otp_t  one = otp(POSTERN_OTP_SHA1, 1, 0);

    /* one digit repeats soon: of counters 0 and 3 the last are 4, 9; 2 twice */

    mfa_otp_code(&one, slice(seed20), 1, code);
    EXPECT_STR(slice(code), "2");
    mfa_otp_code(&one, slice(seed20), 2, code);
    EXPECT_STR(slice(code), "2");

    EXPECT_INT(match(&one, "2", 0, 9, &counter), 1);
    EXPECT_INT(counter, 1);
    EXPECT_INT(match(&one, "2", 2, 9, &counter), 1);
    EXPECT_INT(counter, 2);
}


TEST(what_people_type)
{
    uint64_t   counter;
    mfa_otp_t  six = otp(POSTERN_OTP_SHA1, 6, 0);
    mfa_otp_t  eight = otp(POSTERN_OTP_SHA1, 8, 30);

    EXPECT_INT(match(&six, "755 224", 0, 9, &counter), 1);
    EXPECT_INT(match(&six, " 755-224 ", 0, 9, &counter), 1);
    EXPECT_INT(match(&six, "7-5-5-2-2-4", 0, 9, &counter), 1);
    EXPECT_INT(match(&eight, "9428 7082", 1, 1, &counter), 1);

    EXPECT_INT(match(&six, "", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "      ", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "75522", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "7552244", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "0755224", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "+755224", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "755224\n", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "75522４", 0, 9, &counter), 0);
    EXPECT_INT(match(&six, "0x7552", 0, 9, &counter), 0);
    EXPECT_INT(match(&eight, "287082", 1, 1, &counter), 0);
    EXPECT_INT(match(&six, "755224                          ", 0, 9, &counter),
               1);
    EXPECT_INT(match(&six, "755224                           ", 0, 9,
                     &counter), 0);
}


TEST(a_window_is_bounded)
{
    uint64_t   counter;
    mfa_otp_t  hotp = otp(POSTERN_OTP_SHA1, 6, 0);

    EXPECT_INT(match(&hotp, "755224", 1, 0, &counter), 0);
    EXPECT_INT(match(&hotp, "755224", 0, MFA_OTP_LOOK_MAX, &counter), 1);
    EXPECT_INT(match(&hotp, "755224", 0, MFA_OTP_LOOK_MAX + 1, &counter), 0);
    EXPECT_INT(match(&hotp, "755224", 0, UINT64_MAX, &counter), 0);

    /* the last counter there is ends the search as any other */

    EXPECT_INT(match(&hotp, "000000", UINT64_MAX - 3, UINT64_MAX, &counter),
               0);
}


TEST(a_window_around_the_time)
{
    uint64_t   from, to;
    mfa_otp_t  totp = otp(POSTERN_OTP_SHA1, 6, 30);

    mfa_totp_range(&totp, 0, 0, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 0);

    mfa_totp_range(&totp, 0, 1, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 1);

    mfa_totp_range(&totp, 29, 2, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 2);

    mfa_totp_range(&totp, 30, 1, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 2);

    mfa_totp_range(&totp, 90, 1, &from, &to);
    EXPECT_INT(from, 2);
    EXPECT_INT(to, 4);

    mfa_totp_range(&totp, -1, 1, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 1);

    mfa_totp_range(&totp, INT64_MIN, 1, &from, &to);
    EXPECT_INT(from, 0);
    EXPECT_INT(to, 1);

    mfa_totp_range(&totp, 30000, 1000, &from, &to);
    EXPECT_INT(from, 1000 - MFA_OTP_WINDOW_MAX);
    EXPECT_INT(to, 1000 + MFA_OTP_WINDOW_MAX);

    /* a generator by counter has no time, and matches nothing by it */

    totp.period = 0;
    mfa_totp_range(&totp, 30000, 1, &from, &to);
    EXPECT(from > to);
}


static void
base32(const char *bytes, const char *text, const char *padded, int line)
{
    char           out[64];
    size_t         len;
    unsigned char  back[64];

    len = mfa_base32_encode(slice(bytes), out, sizeof(out));
    unit_expect_bytes(out, len, text, strlen(text), bytes, __FILE__, line);
    unit_expect_int(out[len], 0, "NUL", __FILE__, line);

    len = mfa_base32_decode(slice(text), back, sizeof(back));
    unit_expect_bytes(back, len, bytes, strlen(bytes), text, __FILE__, line);

    len = mfa_base32_decode(slice(padded), back, sizeof(back));
    unit_expect_bytes(back, len, bytes, strlen(bytes), padded, __FILE__, line);
}


#define BASE32(bytes, text, padded)  base32(bytes, text, padded, __LINE__)


TEST(section_10_of_rfc_4648)
{
    BASE32("", "", "");
    BASE32("f", "MY", "MY======");
    BASE32("fo", "MZXQ", "MZXQ====");
    BASE32("foo", "MZXW6", "MZXW6===");
    BASE32("foob", "MZXW6YQ", "MZXW6YQ=");
    BASE32("fooba", "MZXW6YTB", "MZXW6YTB");
    BASE32("foobar", "MZXW6YTBOI", "MZXW6YTBOI======");
}


TEST(base32_as_people_type_it)
{
    unsigned char  out[32];

    EXPECT_INT(mfa_base32_decode(slice("mzxw 6ytb oi"), out, sizeof(out)), 6);
    EXPECT_MEM(out, "foobar", 6);
    EXPECT_INT(mfa_base32_decode(slice(" mZxW-6YtB-Oi "), out, sizeof(out)),
               6);
    EXPECT_MEM(out, "foobar", 6);
    EXPECT_INT(mfa_base32_decode(slice("MZXW6YTBOI ==== =="), out,
                                 sizeof(out)), 6);
}


TEST(what_is_not_base32)
{
    size_t         i;
    unsigned char  out[32];

    static const char *const  bad[] = {
        "M", "MZX", "MZXW6Y", "MZXW6YTBO",     /* of no number of bytes */
        "MZ", "MZXR", "MZXW7", "MZXW6YR",      /* bits left over */
        "MY=", "MY=====", "MY=======", "MZXW6YTB========", "MZXW6YTB=",
        "=", "========", "MY======MY", "M=Y=====",
        "MZXW0", "MZXW1", "MZXW8", "MZXW9", "MZXW6!", "MZXW6\n", "MZXW6é",
        "MZXW[", "MZXW@", "MZXW`", "MZXW{", "MZXW/", "MZXW_"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_expect_int(mfa_base32_decode(slice(bad[i]), out, sizeof(out)), 0,
                        bad[i], __FILE__, __LINE__);
    }
}


TEST(base32_keeps_to_its_room)
{
    char           out[MFA_BASE32_MAX + 2], text[600];
    unsigned char  bytes[MFA_OTP_SECRET_MAX + 1], back[MFA_OTP_SECRET_MAX + 1];
    postern_str_t  s = { MFA_OTP_SECRET_MAX, bytes };

    memset(bytes, 0xff, sizeof(bytes));

    /* 128 bytes: 205 characters and NUL */

    EXPECT_INT(mfa_base32_encode(s, out, 206), 205);
    EXPECT_INT(mfa_base32_encode(s, out, 205), 0);
    s.len++;
    EXPECT_INT(mfa_base32_encode(s, out, sizeof(out)), 0);

    memset(text, 0, sizeof(text));
    s.len = MFA_OTP_SECRET_MAX;
    mfa_base32_encode(s, text, sizeof(text));

    EXPECT_INT(mfa_base32_decode(slice(text), back, MFA_OTP_SECRET_MAX),
               MFA_OTP_SECRET_MAX);
    EXPECT_MEM(back, bytes, MFA_OTP_SECRET_MAX);
    EXPECT_INT(mfa_base32_decode(slice(text), back, MFA_OTP_SECRET_MAX - 1),
               0);

    memset(text, ' ', 599);
    memcpy(text, "MY", 2);
    text[2 * MFA_BASE32_MAX] = '\0';
    EXPECT_INT(mfa_base32_decode(slice(text), back, sizeof(back)), 1);
    text[2 * MFA_BASE32_MAX] = ' ';
    EXPECT_INT(mfa_base32_decode(slice(text), back, sizeof(back)), 0);
}


TEST(an_address_for_the_authenticator)
{
    char       out[MFA_OTP_URI_MAX];
    size_t     len;
    mfa_otp_t  totp = otp(POSTERN_OTP_SHA1, 6, 30);
    mfa_otp_t  hotp = otp(POSTERN_OTP_SHA512, 8, 0);

    len = mfa_otp_uri(&totp, slice(seed20), slice("Acme"), slice("alice"), 7,
                      out, sizeof(out));
    EXPECT_INT(len, strlen(out));
    EXPECT_STR(slice(out), "otpauth://totp/Acme:alice?"
               "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme"
               "&algorithm=SHA1&digits=6&period=30");

    mfa_otp_uri(&hotp, slice(seed20), slice("Acme"), slice("alice"),
                18446744073709551615ULL, out, sizeof(out));
    EXPECT_STR(slice(out), "otpauth://hotp/Acme:alice?"
               "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme"
               "&algorithm=SHA512&digits=8&counter=18446744073709551615");

    totp.hash = POSTERN_OTP_SHA256;
    mfa_otp_uri(&totp, slice(seed20), slice(""), slice("alice"), 0, out,
                sizeof(out));
    EXPECT_STR(slice(out), "otpauth://totp/alice?"
               "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
               "&algorithm=SHA256&digits=6&period=30");
}


TEST(an_address_is_escaped)
{
    char       out[MFA_OTP_URI_MAX];
    mfa_otp_t  totp = otp(POSTERN_OTP_SHA1, 6, 30);

    mfa_otp_uri(&totp, slice(seed20), slice("A & B: Ü/?#"),
                slice("al+ice@x.example&secret=A%41\"<~_-"), 0, out,
                sizeof(out));
    EXPECT_STR(slice(out), "otpauth://totp/A%20%26%20B%3A%20%C3%9C%2F%3F%23:"
               "al%2Bice%40x.example%26secret%3DA%2541%22%3C~_-?"
               "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
               "&issuer=A%20%26%20B%3A%20%C3%9C%2F%3F%23"
               "&algorithm=SHA1&digits=6&period=30");
}


TEST(an_address_fits_or_is_none)
{
    char       out[200], zero[200], name[2000];
    size_t     len;
    mfa_otp_t  totp = otp(POSTERN_OTP_SHA1, 6, 30);

    memset(zero, 0, sizeof(zero));

    len = mfa_otp_uri(&totp, slice(seed20), slice("Acme"), slice("alice"), 0,
                      out, sizeof(out));

    EXPECT_INT(mfa_otp_uri(&totp, slice(seed20), slice("Acme"),
                           slice("alice"), 0, out, len + 1), len);

    memset(out, 'x', sizeof(out));
    EXPECT_INT(mfa_otp_uri(&totp, slice(seed20), slice("Acme"),
                           slice("alice"), 0, out, len), 0);
    EXPECT_MEM(out, zero, len);
    EXPECT_INT(out[len], 'x');

    memset(name, ' ', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    EXPECT_INT(mfa_otp_uri(&totp, slice(seed20), slice(name), slice(name), 0,
                           out, sizeof(out)), 0);
    EXPECT_INT(mfa_otp_uri(&totp, slice(""), slice("Acme"), slice("alice"), 0,
                           out, sizeof(out)), 0);
}


UNIT_MAIN()
