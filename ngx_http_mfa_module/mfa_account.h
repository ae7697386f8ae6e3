
/*
 * An account: what Postern itself writes about a user beside the operator's
 * directory: enrolled authenticators, recovery codes, a password that was
 * changed.  A JSON document, the same in Redis and in a file:
 *
 *     { "version": 1, "org": "acme", "user": "alice",
 *       "password": "$argon2id$…", "password_time": 1795300000,
 *       "password_over": "<hex of a hash of the directory's password>",
 *       "factors": {
 *         "totp": [ { "id": "k3x9…", "name": "Phone", "secret": "sealed:…",
 *                     "algorithm": "sha1", "digits": 6, "period": 30,
 *                     "time": 1795300000 } ],
 *         "hotp": [ { …, "counter": 17 } ],
 *         "recovery": [ "$argon2id$…", … ] },
 *       "recovery_time": 1795300000,
 *       "recovery_used": [ "$argon2id$…", … ],
 *       "counters": { "h<hash of a secret>": 17 } }
 *
 * A record is read into the structure below, changed there, and written anew
 * whole; it replaces the old one only where that is still what was read.
 */


#ifndef _MFA_ACCOUNT_H_INCLUDED_
#define _MFA_ACCOUNT_H_INCLUDED_


#include "mfa_hash.h"
#include "mfa_otp.h"


#define MFA_ACCOUNT_MAX        32768    /* bytes of JSON */
#define MFA_ACCOUNT_OTPS       8        /* authenticators of one kind */
#define MFA_ACCOUNT_RECOVERY   16
#define MFA_ACCOUNT_USED       64
#define MFA_ACCOUNT_COUNTERS   16       /* of the directory's; the last used */
#define MFA_ACCOUNT_OVER       32       /* characters of password_over */
#define MFA_OTP_ID             16       /* characters of an id, a-z and 0-9 */
#define MFA_OTP_ID_MIN         4
#define MFA_OTP_NAME           128      /* bytes of a name */


typedef struct {
    postern_str_t    id;
    postern_str_t    name;       /* of the device, by its owner; UTF-8 */
    postern_str_t    secret;     /* "sealed:…" */
    mfa_otp_t        otp;        /* period 0: HOTP */
    uint64_t         counter;    /* next one, HOTP */
    int64_t          time;       /* of enrolment; 0: in the directory */
} mfa_account_otp_t;


/* of an authenticator of the directory: where its counter stands */

typedef struct {
    postern_str_t    id;
    uint64_t         counter;
} mfa_account_counter_t;


typedef struct {
    postern_str_t          org;
    postern_str_t          user;
    postern_str_t          password;         /* absent: the directory's */
    int64_t                password_time;
    postern_str_t          password_over;
    mfa_account_otp_t      totp[MFA_ACCOUNT_OTPS];
    unsigned               ntotp;
    mfa_account_otp_t      hotp[MFA_ACCOUNT_OTPS];
    unsigned               nhotp;
    postern_str_t          recovery[MFA_ACCOUNT_RECOVERY];
    unsigned               nrecovery;
    int64_t                recovery_time;
    postern_str_t          recovery_used[MFA_ACCOUNT_USED];
    unsigned               nused;
    mfa_account_counter_t  counters[MFA_ACCOUNT_COUNTERS];
    unsigned               ncounters;
} mfa_account_t;


/* strings come from alloc; an absent text gives an empty account of org and
   user; 0, or -1 with *err, also where it is somebody else's record */
int mfa_account_parse(postern_str_t text, postern_str_t org,
    postern_str_t user, const postern_alloc_t *alloc, mfa_account_t *account,
    postern_error_t *err);

/* the document, from alloc; data NULL out of memory or where it is too long */
postern_str_t mfa_account_write(const mfa_account_t *account,
    const postern_alloc_t *alloc);

/*
 * What counts for a user: the directory's and the account's together.
 *
 * password(): the account's, unless the directory's has been changed since
 * (password_over tells), absent where there is none.  over() writes what
 * password_over has to be, 32 characters and NUL.
 */
postern_str_t mfa_account_password(const mfa_account_t *account,
    const postern_user_t *user);
void mfa_account_over(const postern_user_t *user,
    char out[MFA_ACCOUNT_OVER + 1]);

/*
 * All authenticators of a user, the directory's first: of these the first eight
 * of a kind, with the ids "d0", "d1" … (TOTP) and "h0", "h1" … (HOTP) in the
 * order they are written in.  Up to max of them, MFA_ACCOUNT_ALL are enough;
 * the number.
 */
#define MFA_ACCOUNT_ALL   (4 * MFA_ACCOUNT_OTPS)

unsigned mfa_account_otps(const mfa_account_t *account,
    const postern_user_t *user, mfa_account_otp_t *otps, unsigned max);

/*
 * The counter of an HOTP authenticator of the directory belongs to its secret,
 * not to its place, where another one may stand tomorrow: otp gets an id of the
 * secret, written to id, and where it is ahead the counter of the account.
 */
void mfa_account_follow(const mfa_account_t *account, postern_str_t secret,
    mfa_account_otp_t *otp, char id[MFA_OTP_ID + 1]);

/* where the counter of an HOTP authenticator stands from now on: in the account
   to be written, whoever holds the authenticator, which of the directory's was
   followed; 0, or -1 where there is no such.  Of those in the directory the one
   not used for longest makes room. */
int mfa_account_count(mfa_account_t *account, postern_str_t id,
    uint64_t counter);

/* recovery codes that are left: the account's where it ever had any (then
   recovery_time is not 0), else the directory's, without the used ones */
unsigned mfa_account_recovery(const mfa_account_t *account,
    const postern_user_t *user, postern_str_t *hashes, unsigned max);

/* does the user have a second factor (recovery codes alone are none)? */
int mfa_account_has_factor(const mfa_account_t *account,
    const postern_user_t *user);


#endif /* _MFA_ACCOUNT_H_INCLUDED_ */
