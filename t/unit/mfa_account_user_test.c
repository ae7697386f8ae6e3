
/* link: ngx_http_mfa_module/mfa_account.c -lsodium */

/* What counts of a user: the account's and the directory's together. */

#include "exact.h"
#include "mfa_account.h"


#define HASH    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"                    \
                "0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"
#define HASH2   "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"                    \
                "1zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"


TEST(a_new_password_of_the_directory_takes_its_place)
{
    char            over[33];
    mfa_account_t   a;
    postern_user_t  user;

    memset(&user, 0, sizeof(user));
    memset(&a, 0, sizeof(a));

    EXPECT(mfa_account_password(&a, &user).len == 0);

    user.password = exact(HASH);
    EXPECT_STR(mfa_account_password(&a, &user), HASH);

    mfa_account_over(&user, over);
    EXPECT_INT(strlen(over), 32);
    EXPECT_INT(strspn(over, "0123456789abcdef"), 32);

    a.password = exact("chosen");
    a.password_over = exact(over);
    EXPECT_STR(mfa_account_password(&a, &user), "chosen");

    user.password = exact(HASH2);
    EXPECT_STR(mfa_account_password(&a, &user), HASH2);

    user.password = (postern_str_t) postern_null_string;
    EXPECT(mfa_account_password(&a, &user).len == 0);

    /* chosen by someone who had none in the directory */

    mfa_account_over(&user, over);
    a.password_over = exact(over);
    EXPECT_STR(mfa_account_password(&a, &user), "chosen");

    a.password_over = (postern_str_t) postern_null_string;
    EXPECT(mfa_account_password(&a, &user).len == 0);
}


TEST(authenticators_of_both_count)
{
    unsigned           n, i;
    postern_otp_t      dt[10], dh[2];
    mfa_account_t      a;
    postern_user_t     user;
    mfa_account_otp_t  otps[MFA_ACCOUNT_ALL];

    memset(&user, 0, sizeof(user));
    memset(&a, 0, sizeof(a));
    memset(dt, 0, sizeof(dt));
    memset(dh, 0, sizeof(dh));

    EXPECT_INT(mfa_account_otps(&a, &user, otps, MFA_ACCOUNT_ALL), 0);
    EXPECT(!mfa_account_has_factor(&a, &user));

    a.nrecovery = 1;
    EXPECT(!mfa_account_has_factor(&a, &user));

    dt[0].secret = exact("sealed:dt");
    dt[0].name = exact("Key");
    dt[0].digits = 8;
    dt[0].period = 60;
    dt[0].hash = POSTERN_OTP_SHA512;
    dh[1].counter = 100;

    user.totp = dt;
    user.ntotp = 1;
    EXPECT(mfa_account_has_factor(&a, &user));
    user.ntotp = 0;
    user.hotp = dh;
    user.nhotp = 2;
    EXPECT(mfa_account_has_factor(&a, &user));
    user.ntotp = 1;

    a.ntotp = 1;
    a.totp[0].id = exact("mine");
    a.totp[0].time = 5;
    a.nhotp = 1;
    a.hotp[0].id = exact("hard");
    a.hotp[0].counter = 7;

    n = mfa_account_otps(&a, &user, otps, MFA_ACCOUNT_ALL);

    EXPECT_INT(n, 5);
    EXPECT_STR(otps[0].id, "d0");
    EXPECT_STR(otps[0].name, "Key");
    EXPECT_STR(otps[0].secret, "sealed:dt");
    EXPECT_INT(otps[0].otp.digits, 8);
    EXPECT_INT(otps[0].otp.period, 60);
    EXPECT_INT(otps[0].otp.hash, POSTERN_OTP_SHA512);
    EXPECT_INT(otps[0].time, 0);
    EXPECT_STR(otps[1].id, "h0");
    EXPECT_INT(otps[1].counter, 0);
    EXPECT_STR(otps[2].id, "h1");
    EXPECT_INT(otps[2].counter, 100);
    EXPECT_STR(otps[3].id, "mine");
    EXPECT_INT(otps[3].time, 5);
    EXPECT_STR(otps[4].id, "hard");
    EXPECT_INT(otps[4].counter, 7);

    for (i = 0; i <= n; i++) {
        EXPECT_INT(mfa_account_otps(&a, &user, otps, i), i < n ? i : n);
    }

    a.ntotp = a.nhotp = 0;
    EXPECT(mfa_account_has_factor(&a, &user));
    user.ntotp = user.nhotp = 0;
    EXPECT(!mfa_account_has_factor(&a, &user));
    a.nhotp = 1;
    EXPECT(mfa_account_has_factor(&a, &user));

    /* a directory's ninth does not push those of the account out */

    a.ntotp = 1;
    user.ntotp = 10;
    n = mfa_account_otps(&a, &user, otps, MFA_ACCOUNT_ALL);
    EXPECT_INT(n, 10);
    EXPECT_STR(otps[7].id, "d7");
    EXPECT_STR(otps[8].id, "mine");
}


TEST(counters_stand_where_they_belong)
{
    unsigned       i;
    char           id[MFA_OTP_ID + 1];
    mfa_account_t  a;

    memset(&a, 0, sizeof(a));
    a.nhotp = 1;
    a.hotp[0].id = exact("hard");

    EXPECT_INT(mfa_account_count(&a, exact("hard"), 5), 0);
    EXPECT_INT(a.hotp[0].counter, 5);
    EXPECT_INT(a.ncounters, 0);

    EXPECT_INT(mfa_account_count(&a, exact("h000000000000001"), 6), 0);
    EXPECT_INT(mfa_account_count(&a, exact("h000000000000001"), 7), 0);
    EXPECT_INT(a.ncounters, 1);
    EXPECT_STR(a.counters[0].id, "h000000000000001");
    EXPECT_INT(a.counters[0].counter, 7);

    EXPECT_INT(mfa_account_count(&a, exact("h0"), 1), -1);
    EXPECT_INT(mfa_account_count(&a, exact("d0"), 1), -1);
    EXPECT_INT(mfa_account_count(&a, exact("gone"), 1), -1);
    EXPECT_INT(mfa_account_count(&a, exact("x000000000000001"), 1), -1);

    for (i = 2; i <= MFA_ACCOUNT_COUNTERS; i++) {
        snprintf(id, sizeof(id), "h%015u", i);
        EXPECT_INT(mfa_account_count(&a, exact(id), i), 0);
    }

    /* one more takes the place of the one not used for longest: the second,
       for the first has just been used */

    EXPECT_INT(a.ncounters, MFA_ACCOUNT_COUNTERS);
    EXPECT_INT(mfa_account_count(&a, exact("h000000000000001"), 8), 0);
    EXPECT_INT(a.ncounters, MFA_ACCOUNT_COUNTERS);
    EXPECT_INT(mfa_account_count(&a, exact("h000000000000099"), 99), 0);
    EXPECT_INT(a.ncounters, MFA_ACCOUNT_COUNTERS);
    EXPECT_STR(a.counters[0].id, "h000000000000003");
    EXPECT_INT(a.counters[MFA_ACCOUNT_COUNTERS - 2].counter, 8);
    EXPECT_INT(a.counters[MFA_ACCOUNT_COUNTERS - 1].counter, 99);
}


TEST(a_counter_follows_its_secret)
{
    char               id[MFA_OTP_ID + 1], other[MFA_OTP_ID + 1];
    mfa_account_t      a;
    mfa_account_otp_t  otp;

    memset(&a, 0, sizeof(a));
    memset(&otp, 0, sizeof(otp));

    otp.id = exact("h0");
    otp.counter = 3;

    mfa_account_follow(&a, exact("12345678901234567890"), &otp, id);
    EXPECT_INT(otp.id.len, MFA_OTP_ID);
    EXPECT(id[0] == 'h');
    EXPECT_INT(otp.counter, 3);
    EXPECT_INT(mfa_account_count(&a, otp.id, 500), 0);

    /* in another place of the directory, and another one in its place */

    otp.id = exact("h7");
    otp.counter = 3;
    mfa_account_follow(&a, exact("12345678901234567890"), &otp, other);
    EXPECT_STR(otp.id, id);
    EXPECT_INT(otp.counter, 500);

    otp.id = exact("h0");
    otp.counter = 3;
    mfa_account_follow(&a, exact("12345678901234567891"), &otp, other);
    EXPECT(strcmp(id, other) != 0);
    EXPECT_INT(otp.counter, 3);

    /* the directory may be ahead */

    otp.counter = 501;
    mfa_account_follow(&a, exact("12345678901234567890"), &otp, other);
    EXPECT_INT(otp.counter, 501);
}


TEST(recovery_codes_that_are_left)
{
    mfa_account_t   a;
    postern_str_t   dir[3], left[MFA_ACCOUNT_RECOVERY];
    postern_user_t  user;

    memset(&user, 0, sizeof(user));
    memset(&a, 0, sizeof(a));

    EXPECT_INT(mfa_account_recovery(&a, &user, left, 16), 0);

    dir[0] = exact("one");
    dir[1] = exact("two");
    dir[2] = exact("three");
    user.recovery = dir;
    user.nrecovery = 3;

    EXPECT_INT(mfa_account_recovery(&a, &user, left, 16), 3);
    EXPECT_INT(mfa_account_recovery(&a, &user, left, 2), 2);

    a.nused = 1;
    a.recovery_used[0] = exact("two");
    EXPECT_INT(mfa_account_recovery(&a, &user, left, 16), 2);
    EXPECT_STR(left[0], "one");
    EXPECT_STR(left[1], "three");

    /* a set of their own, and its end */

    a.nrecovery = 2;
    a.recovery_time = 5;
    a.recovery[0] = exact("two");
    a.recovery[1] = exact("four");
    EXPECT_INT(mfa_account_recovery(&a, &user, left, 16), 1);
    EXPECT_STR(left[0], "four");

    a.nrecovery = 0;
    EXPECT_INT(mfa_account_recovery(&a, &user, left, 16), 0);
}


UNIT_MAIN()
