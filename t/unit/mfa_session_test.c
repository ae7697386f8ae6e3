
/* link: ngx_http_mfa_module/mfa_session.c */

#include "exact.h"
#include "mfa_session.h"


#define NOW  1795300000

#define HOUR  3600
#define DAY   86400


static const mfa_limits_t  limits = { HOUR, DAY };


static mfa_session_t
session(void)
{
    mfa_session_t  s;

    static const postern_str_t  org = postern_string("acme");
    static const postern_str_t  user = postern_string("alice");
    static const postern_str_t  label = postern_string("Firefox on Linux");
    static const postern_str_t  address = postern_string("192.0.2.1");

    memset(&s, 0, sizeof(s));
    memcpy(s.id, "\1\2\3\4\5\6\7\10", MFA_SESSION_ID);
    memcpy(s.tag, "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", MFA_SESSION_TAG);

    s.created = NOW;
    s.last = NOW;
    s.password_time = NOW;
    s.factor_time = NOW;
    s.aal = 2;
    s.amr = MFA_AMR_PWD|MFA_AMR_OTP|MFA_AMR_MFA;
    s.org = org;
    s.user = user;
    s.label = label;
    s.address = address;

    return s;
}


static size_t
pack(const mfa_session_t *s, unsigned char *out)
{
    return mfa_session_pack(s, out, MFA_SESSION_SIZE);
}


TEST(a_record_is_read_as_it_was_written)
{
    size_t         n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE];

    s = session();
    s.created = INT64_C(0x0102030405060708);
    s.last = INT64_MAX;
    s.password_time = 0;
    s.factor_time = 1;

    n = pack(&s, out);

    EXPECT_INT(n, 56 + 4 + 5 + 16 + 9);
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), 0);

    EXPECT_MEM(r.id, s.id, MFA_SESSION_ID);
    EXPECT_MEM(r.tag, s.tag, MFA_SESSION_TAG);
    EXPECT_INT(r.created, s.created);
    EXPECT_INT(r.last, s.last);
    EXPECT_INT(r.password_time, 0);
    EXPECT_INT(r.factor_time, 1);
    EXPECT_INT(r.aal, 2);
    EXPECT_INT(r.amr, s.amr);
    EXPECT_STR(r.org, "acme");
    EXPECT_STR(r.user, "alice");
    EXPECT_STR(r.label, "Firefox on Linux");
    EXPECT_STR(r.address, "192.0.2.1");
}


TEST(a_record_has_this_very_layout)
{
    mfa_session_t  s;
    unsigned char  out[MFA_SESSION_SIZE];

    static const unsigned char  want[] =
        "\1\2\13\0" "\4\5\0\0"
        "\1\2\3\4\5\6\7\10" "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"
        "\1\0\0\0\0\0\0\0" "\2\1\0\0\0\0\0\0" "\0\0\0\0\0\0\0\200"
        "\4\0\0\0\0\0\0\0" "acmealice";

    s = session();
    s.created = 1;
    s.last = 258;
    s.password_time = INT64_C(1) << 62;
    s.factor_time = 4;
    s.label.len = 0;
    s.address.len = 0;

    EXPECT_INT(pack(&s, out), sizeof(want) - 1);
    EXPECT_MEM(out, want, 40);
    EXPECT_INT(out[47], 0x40);
    EXPECT_MEM(out + 48, want + 48, sizeof(want) - 1 - 48);
}


TEST(strings_may_be_empty_but_for_the_user)
{
    size_t         n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE];
    postern_str_t  absent = postern_null_string;

    s = session();
    s.org = absent;
    s.label = absent;
    s.address = absent;

    n = pack(&s, out);
    EXPECT_INT(n, 56 + 5);
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), 0);
    EXPECT_INT(r.org.len, 0);
    EXPECT_STR(r.user, "alice");

    s.user = absent;
    EXPECT_INT(pack(&s, out), 0);
}


TEST(the_longest_strings_fit)
{
    size_t         n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE], text[256];

    memset(text, 'a', sizeof(text));

    s = session();
    s.org = exact_slice(text, POSTERN_NAME_MAX);
    s.user = exact_slice(text, POSTERN_NAME_MAX);
    s.label = exact_slice(text, MFA_SESSION_LABEL);
    s.address = exact_slice(text, MFA_SESSION_ADDRESS);

    n = pack(&s, out);
    EXPECT_INT(n, 56 + 128 + 128 + 64 + 46);
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), 0);
    EXPECT(postern_str_eq(r.address, s.address));

    EXPECT_INT(mfa_session_pack(&s, out, n), n);
    EXPECT_INT(mfa_session_pack(&s, out, n - 1), 0);
    EXPECT_INT(mfa_session_pack(&s, out, 0), 0);

    s.org.len++;
    EXPECT_INT(pack(&s, out), 0);
    s.org.len--;

    s.label = exact_slice(text, MFA_SESSION_LABEL + 1);
    EXPECT_INT(pack(&s, out), 0);
    s.label.len--;

    s.address = exact_slice(text, MFA_SESSION_ADDRESS + 1);
    EXPECT_INT(pack(&s, out), 0);
    s.address.len--;

    s.user = exact_slice(text, POSTERN_NAME_MAX + 1);
    EXPECT_INT(pack(&s, out), 0);

    s.user.len = (size_t) -56;
    EXPECT_INT(pack(&s, out), 0);
}


TEST(what_is_not_true_of_any_session_is_not_written)
{
    mfa_session_t  s;
    unsigned char  out[MFA_SESSION_SIZE];

    s = session();
    s.aal = 0;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.aal = 3;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.amr = 0x10;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.amr = 0x100 | MFA_AMR_PWD;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.created = -1;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.last = -1;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.password_time = -1;
    EXPECT_INT(pack(&s, out), 0);

    s = session();
    s.factor_time = INT64_MIN;
    EXPECT_INT(pack(&s, out), 0);
}


TEST(a_record_of_any_other_length_is_none)
{
    size_t         i, n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE + 1];
    postern_str_t  absent = postern_null_string;

    memset(out, 0, sizeof(out));
    s = session();
    n = pack(&s, out);

    EXPECT_INT(mfa_session_unpack(absent, &r), -1);

    for (i = 0; i <= sizeof(out); i++) {
        EXPECT_INT(mfa_session_unpack(exact_slice(out, i), &r),
                   i == n ? 0 : -1);
    }
}


TEST(lengths_that_lead_outside_are_refused)
{
    int            i, v;
    size_t         n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE], *copy;

    s = session();
    n = pack(&s, out);

    for (i = 4; i < 8; i++) {
        for (v = 0; v < 256; v++) {
            copy = exact_bytes(out, n);
            copy[i] = (unsigned char) v;

            EXPECT_INT(mfa_session_unpack(
                           (postern_str_t) { n, copy }, &r),
                       v == out[i] ? 0 : -1);
        }
    }
}


/* lengths that sum up to the same, but one of them is too long */

TEST(lengths_are_bounded_one_by_one)
{
    size_t         n;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE], text[POSTERN_NAME_MAX];

    memset(text, 'a', sizeof(text));

    s = session();
    s.org = exact_slice(text, POSTERN_NAME_MAX);
    s.user = exact_slice(text, 10);
    n = pack(&s, out);
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), 0);

    out[4]++;
    out[5]--;
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), -1);

    out[4] -= 11;
    out[5] += 11;
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), 0);

    out[4] -= 60;
    out[6] += 60;
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), -1);

    out[6] -= 60;
    out[7] += 60;
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), -1);

    /* the user's part to the organization */
    out[7] -= 60;
    out[4] = (unsigned char) (out[4] + out[5] + 60);
    out[5] = 0;
    EXPECT_INT(mfa_session_unpack(exact_slice(out, n), &r), -1);
}


TEST(every_byte_of_the_head_that_has_no_other_value_is_checked)
{
    int            v, want;
    size_t         n, i;
    mfa_session_t  s, r;
    unsigned char  out[MFA_SESSION_SIZE];

    s = session();
    n = pack(&s, out);

    for (i = 0; i < 4; i++) {
        for (v = 0; v < 256; v++) {
            pack(&s, out);
            out[i] = (unsigned char) v;

            want = (i == 0) ? v == 1
                 : (i == 1) ? v == 1 || v == 2
                 : (i == 2) ? v < 16 : v == 0;

            EXPECT_INT(mfa_session_unpack((postern_str_t) { n, out }, &r),
                       want ? 0 : -1);
        }
    }

    /* times below 0 */

    for (i = 31; i < 56; i += 8) {
        pack(&s, out);
        out[i] |= 0x80;
        EXPECT_INT(mfa_session_unpack((postern_str_t) { n, out }, &r), -1);
    }
}


static mfa_session_e
check(const mfa_session_t *s, int64_t now)
{
    return mfa_session_check(s, &limits, 1, 0, now);
}


TEST(a_session_ends_when_it_is_not_used)
{
    mfa_session_t  s = session();

    EXPECT_INT(check(&s, NOW), MFA_SESSION_OK);
    EXPECT_INT(check(&s, NOW + HOUR - 1), MFA_SESSION_OK);
    EXPECT_INT(check(&s, NOW + HOUR), MFA_SESSION_IDLE);
    EXPECT_INT(check(&s, NOW + DAY - 1), MFA_SESSION_IDLE);

    s.last = NOW + HOUR - 1;
    EXPECT_INT(check(&s, NOW + HOUR), MFA_SESSION_OK);
}


TEST(a_session_ends_however_much_it_is_used)
{
    mfa_session_t  s = session();

    s.last = NOW + DAY - 1;
    EXPECT_INT(check(&s, NOW + DAY - 1), MFA_SESSION_OK);
    EXPECT_INT(check(&s, NOW + DAY), MFA_SESSION_EXPIRED);

    s.last = NOW + DAY;
    EXPECT_INT(check(&s, NOW + DAY), MFA_SESSION_EXPIRED);
    EXPECT_INT(check(&s, INT64_MAX - MFA_SESSION_SKEW), MFA_SESSION_EXPIRED);

    /* at its end comes before not being used */
    s.last = NOW;
    EXPECT_INT(check(&s, NOW + DAY), MFA_SESSION_EXPIRED);
}


TEST(a_session_from_the_future_is_none)
{
    mfa_session_t  s = session();

    EXPECT_INT(check(&s, NOW - 1), MFA_SESSION_OK);
    EXPECT_INT(check(&s, NOW - MFA_SESSION_SKEW), MFA_SESSION_OK);
    EXPECT_INT(check(&s, NOW - MFA_SESSION_SKEW - 1), MFA_SESSION_EXPIRED);

    s.last = NOW + MFA_SESSION_SKEW + 1;
    EXPECT_INT(check(&s, NOW), MFA_SESSION_EXPIRED);

    s = session();
    s.created = INT64_MAX;
    EXPECT_INT(check(&s, NOW), MFA_SESSION_EXPIRED);

    s = session();
    s.last = INT64_MAX;
    EXPECT_INT(check(&s, NOW), MFA_SESSION_EXPIRED);
}


TEST(limits_of_nothing_let_nobody_in)
{
    mfa_session_t  s = session();
    mfa_limits_t   none = { 0, DAY }, nothing = { HOUR, 0 };

    EXPECT_INT(mfa_session_check(&s, &none, 1, 0, NOW), MFA_SESSION_IDLE);
    EXPECT_INT(mfa_session_check(&s, &nothing, 1, 0, NOW),
               MFA_SESSION_EXPIRED);
}


TEST(assurance_may_be_too_low)
{
    mfa_session_t  s = session();

    EXPECT_INT(mfa_session_check(&s, &limits, 2, 0, NOW), MFA_SESSION_OK);
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 0, NOW), MFA_SESSION_OK);

    s.aal = 1;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 0, NOW), MFA_SESSION_LOW);
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 0, NOW), MFA_SESSION_OK);

    /* what has ended is not too low but ended; too low comes before too old */
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 0, NOW + HOUR),
               MFA_SESSION_IDLE);
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 1, NOW + 100),
               MFA_SESSION_LOW);
}


TEST(a_proof_may_be_too_old)
{
    mfa_session_t  s = session();

    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW + 600),
               MFA_SESSION_OK);
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW + 601),
               MFA_SESSION_OLD);
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 0, NOW + 601),
               MFA_SESSION_OK);

    /* at aal 2 a newer password does not help */

    s.password_time = NOW + 600;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW + 601),
               MFA_SESSION_OLD);
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 600, NOW + 601),
               MFA_SESSION_OLD);

    /* at aal 1 the latest proof counts, whichever it is */

    s.aal = 1;
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 600, NOW + 601),
               MFA_SESSION_OK);

    s.password_time = NOW;
    s.factor_time = 0;
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 600, NOW + 600),
               MFA_SESSION_OK);
    EXPECT_INT(mfa_session_check(&s, &limits, 1, 600, NOW + 601),
               MFA_SESSION_OLD);
}


TEST(a_proof_never_made_or_from_the_future_is_too_old)
{
    mfa_session_t  s = session();

    s.factor_time = 0;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW), MFA_SESSION_OLD);

    s.factor_time = NOW + MFA_SESSION_SKEW;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW), MFA_SESSION_OK);

    s.factor_time++;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW), MFA_SESSION_OLD);

    s.factor_time = INT64_MAX;
    EXPECT_INT(mfa_session_check(&s, &limits, 2, 600, NOW), MFA_SESSION_OLD);
}


TEST(a_record_may_be_forgotten_when_the_first_limit_is_reached)
{
    mfa_session_t  s = session();

    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW), HOUR);
    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW + 10), HOUR - 10);

    s.last = NOW + DAY - 100;
    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW + DAY - 100), 100);
    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW + DAY - 1), 1);
    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW + DAY), 1);
    EXPECT_INT(mfa_session_ttl(&s, &limits, NOW + 9 * DAY), 1);
}


TEST(the_latest_proof_is_the_time_of_authentication)
{
    mfa_session_t  s = session();

    s.password_time = 5;
    s.factor_time = 0;
    EXPECT_INT(mfa_session_auth_time(&s), 5);

    s.factor_time = 7;
    EXPECT_INT(mfa_session_auth_time(&s), 7);

    s.password_time = 9;
    EXPECT_INT(mfa_session_auth_time(&s), 9);
}


static void
amr(unsigned bits, const char *want)
{
    postern_str_t  text;

    text = mfa_session_amr(bits);

    EXPECT_INT(text.len, strlen(want));
    EXPECT_MEM(text.data, want, text.len);
}


TEST(amr_is_written_in_one_order)
{
    amr(0, "");
    amr(MFA_AMR_PWD, "pwd");
    amr(MFA_AMR_OTP|MFA_AMR_PWD|MFA_AMR_MFA, "pwd,otp,mfa");
    amr(MFA_AMR_RECOVERY|MFA_AMR_PWD|MFA_AMR_MFA, "pwd,recovery,mfa");
    amr(MFA_AMR_OTP, "otp");
    amr(0x0f, "pwd,otp,recovery,mfa");
    amr(0xf0, "");
}


UNIT_MAIN()
