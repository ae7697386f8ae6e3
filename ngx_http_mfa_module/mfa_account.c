
#include <sodium.h>

#include "mfa_account.h"


#define MFA_ACCOUNT_OVER_BYTES  (MFA_ACCOUNT_OVER / 2)
#define MFA_ACCOUNT_ID_BYTES    16

/* of a secret's hash: ids begin with it, and a kind of authenticator */
#define MFA_ACCOUNT_FOLLOWED    'h'


static unsigned mfa_account_directory(const postern_otp_t *from, unsigned n,
    const postern_str_t *ids, mfa_account_otp_t *otps, unsigned max);
static unsigned mfa_account_own(const mfa_account_otp_t *from, unsigned n,
    mfa_account_otp_t *otps, unsigned max);
static int mfa_account_used(const mfa_account_t *account, postern_str_t hash);


/* of a directory's authenticators: it has no room for any, and a place in a
   list is what an operator can count on */

static const postern_str_t  mfa_account_totp_ids[MFA_ACCOUNT_OTPS] = {
    postern_string("d0"), postern_string("d1"), postern_string("d2"),
    postern_string("d3"), postern_string("d4"), postern_string("d5"),
    postern_string("d6"), postern_string("d7")
};

static const postern_str_t  mfa_account_hotp_ids[MFA_ACCOUNT_OTPS] = {
    postern_string("h0"), postern_string("h1"), postern_string("h2"),
    postern_string("h3"), postern_string("h4"), postern_string("h5"),
    postern_string("h6"), postern_string("h7")
};


/*
 * An operator who writes a new password into the directory means it: it takes
 * the place of one that was chosen before.
 */

postern_str_t
mfa_account_password(const mfa_account_t *account, const postern_user_t *user)
{
    char           over[MFA_ACCOUNT_OVER + 1];
    postern_str_t  now;

    mfa_account_over(user, over);

    now.data = (unsigned char *) over;
    now.len = MFA_ACCOUNT_OVER;

    if (account->password.len && postern_str_eq(account->password_over, now)) {
        return account->password;
    }

    return user->password;
}


void
mfa_account_over(const postern_user_t *user, char out[MFA_ACCOUNT_OVER + 1])
{
    unsigned char  hash[MFA_ACCOUNT_OVER_BYTES];

    crypto_generichash(hash, sizeof(hash), user->password.data,
                       user->password.len, NULL, 0);

    sodium_bin2hex(out, MFA_ACCOUNT_OVER + 1, hash, sizeof(hash));
}


unsigned
mfa_account_otps(const mfa_account_t *account, const postern_user_t *user,
    mfa_account_otp_t *otps, unsigned max)
{
    unsigned  n;

    n = mfa_account_directory(user->totp, user->ntotp, mfa_account_totp_ids,
                              otps, max);
    n += mfa_account_directory(user->hotp, user->nhotp, mfa_account_hotp_ids,
                               otps + n, max - n);
    n += mfa_account_own(account->totp, account->ntotp, otps + n, max - n);
    n += mfa_account_own(account->hotp, account->nhotp, otps + n, max - n);

    return n;
}


static unsigned
mfa_account_directory(const postern_otp_t *from, unsigned n,
    const postern_str_t *ids, mfa_account_otp_t *otps, unsigned max)
{
    unsigned  i;

    for (i = 0; i < n && i < max && i < MFA_ACCOUNT_OTPS; i++) {
        memset(&otps[i], 0, sizeof(mfa_account_otp_t));

        otps[i].id = ids[i];
        otps[i].name = from[i].name;
        otps[i].secret = from[i].secret;
        otps[i].otp.hash = from[i].hash;
        otps[i].otp.digits = from[i].digits;
        otps[i].otp.period = from[i].period;
        otps[i].counter = from[i].counter;
    }

    return i;
}


static unsigned
mfa_account_own(const mfa_account_otp_t *from, unsigned n,
    mfa_account_otp_t *otps, unsigned max)
{
    if (n > max) {
        n = max;
    }

    if (n) {
        memcpy(otps, from, n * sizeof(mfa_account_otp_t));
    }

    return n;
}


void
mfa_account_follow(const mfa_account_t *account, postern_str_t secret,
    mfa_account_otp_t *otp, char id[MFA_OTP_ID + 1])
{
    char                          hex[2 * MFA_ACCOUNT_ID_BYTES + 1];
    unsigned                      i;
    unsigned char                 hash[MFA_ACCOUNT_ID_BYTES];
    const mfa_account_counter_t  *c;

    crypto_generichash(hash, sizeof(hash), secret.data, secret.len, NULL, 0);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));

    id[0] = MFA_ACCOUNT_FOLLOWED;
    memcpy(id + 1, hex, MFA_OTP_ID - 1);
    id[MFA_OTP_ID] = '\0';

    otp->id.data = (unsigned char *) id;
    otp->id.len = MFA_OTP_ID;

    for (i = 0; i < account->ncounters; i++) {
        c = &account->counters[i];

        if (postern_str_eq(c->id, otp->id) && c->counter > otp->counter) {
            otp->counter = c->counter;
        }
    }
}


int
mfa_account_count(mfa_account_t *account, postern_str_t id, uint64_t counter)
{
    unsigned                i;
    mfa_account_counter_t  *c;

    for (i = 0; i < account->nhotp; i++) {
        if (postern_str_eq(account->hotp[i].id, id)) {
            account->hotp[i].counter = counter;
            return 0;
        }
    }

    if (id.len != MFA_OTP_ID || id.data[0] != MFA_ACCOUNT_FOLLOWED) {
        return -1;
    }

    for (i = 0; i < account->ncounters; i++) {
        if (postern_str_eq(account->counters[i].id, id)) {
            break;
        }
    }

    if (i == account->ncounters && i == MFA_ACCOUNT_COUNTERS) {
        i = 0;
    }

    /* the last one used stands last */

    c = account->counters;

    if (i < account->ncounters) {
        account->ncounters--;
        memmove(c + i, c + i + 1, (account->ncounters - i) * sizeof(*c));
    }

    c[account->ncounters].id = id;
    c[account->ncounters++].counter = counter;

    return 0;
}


unsigned
mfa_account_recovery(const mfa_account_t *account, const postern_user_t *user,
    postern_str_t *hashes, unsigned max)
{
    unsigned              i, n, total;
    const postern_str_t  *set;

    /* a set that is used up is not followed by an older one */

    if (account->nrecovery || account->recovery_time) {
        set = account->recovery;
        total = account->nrecovery;

    } else {
        set = user->recovery;
        total = user->nrecovery;
    }

    for (n = 0, i = 0; i < total && n < max; i++) {
        if (!mfa_account_used(account, set[i])) {
            hashes[n++] = set[i];
        }
    }

    return n;
}


static int
mfa_account_used(const mfa_account_t *account, postern_str_t hash)
{
    unsigned  i;

    for (i = 0; i < account->nused; i++) {
        if (postern_str_eq(account->recovery_used[i], hash)) {
            return 1;
        }
    }

    return 0;
}


int
mfa_account_has_factor(const mfa_account_t *account,
    const postern_user_t *user)
{
    return account->ntotp + account->nhotp + user->ntotp + user->nhotp != 0;
}
