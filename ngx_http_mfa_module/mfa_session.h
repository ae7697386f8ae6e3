
/*
 * Sessions as they are stored, and what they are good for.
 *
 * The record of a session lies under the keyed hash of its token; the list of
 * a user's sessions in a record of its own, changed by compare and set only.
 * Whoever makes a session stores it first and lists it then; whoever ends all
 * of them empties the list first, with the time in it: so a session that was
 * under way meanwhile finds the door closed.
 *
 * Both are flat bytes of a fixed order, numbers little-endian, a version in
 * front; what does not read exactly so is no session.  Times are seconds since
 * the epoch.
 */


#ifndef _MFA_SESSION_H_INCLUDED_
#define _MFA_SESSION_H_INCLUDED_


#include "postern_directory.h"


#define MFA_SESSION_KEY       32    /* bytes: the keyed hash of a token */
#define MFA_SESSION_ID        8     /* bytes: what a session is called, no
                                       secret, shown as 16 hex digits */
#define MFA_SESSION_TAG       8     /* bytes: mfa_tags.h */
#define MFA_SESSION_LABEL     64    /* bytes of a device's label */
#define MFA_SESSION_ADDRESS   46    /* bytes of an address as text */
#define MFA_SESSION_SIZE      512   /* bytes of a record at most */
#define MFA_SESSIONS_MAX      32    /* sessions of one user */
#define MFA_SESSIONS_SIZE     (16 + MFA_SESSIONS_MAX * 48)
#define MFA_SESSION_SKEW      60    /* seconds: clocks of nodes that differ by
                                       less make nothing "from the future" */


/* what was proven, RFC 8176; the bits of amr */

#define MFA_AMR_PWD           0x01
#define MFA_AMR_OTP           0x02
#define MFA_AMR_RECOVERY      0x04    /* a look-up secret: not in RFC 8176 */
#define MFA_AMR_MFA           0x08



typedef struct {
    unsigned char    id[MFA_SESSION_ID];
    unsigned char    tag[MFA_SESSION_TAG];
    int64_t          created;
    int64_t          last;              /* last use, as far as written */
    int64_t          password_time;     /* 0: never */
    int64_t          factor_time;
    unsigned         aal;               /* 1 or 2 */
    unsigned         amr;
    postern_str_t    org;
    postern_str_t    user;
    postern_str_t    label;
    postern_str_t    address;           /* of the sign-in */
} mfa_session_t;


/* limits, all in seconds; of mfa_session */

typedef struct {
    int64_t          idle;
    int64_t          absolute;
} mfa_limits_t;


/* the length, 0 where it does not fit */
size_t mfa_session_pack(const mfa_session_t *s, unsigned char *out,
    size_t size);

/* slices point into record; 0, or -1 */
int mfa_session_unpack(postern_str_t record, mfa_session_t *s);


typedef enum {
    MFA_SESSION_OK = 0,
    MFA_SESSION_IDLE,           /* not used for too long */
    MFA_SESSION_EXPIRED,        /* at its end, or from the future */
    MFA_SESSION_LOW,            /* aal below what is required */
    MFA_SESSION_OLD             /* proven longer than max_age ago */
} mfa_session_e;

/* max_age in seconds, 0: any.  At aal 2 the age is that of the second factor,
   else that of the latest proof. */
mfa_session_e mfa_session_check(const mfa_session_t *s,
    const mfa_limits_t *limits, unsigned aal, int64_t max_age, int64_t now);

/* seconds until the record may be forgotten, at least 1 */
int64_t mfa_session_ttl(const mfa_session_t *s, const mfa_limits_t *limits,
    int64_t now);

/* the latest proof */
int64_t mfa_session_auth_time(const mfa_session_t *s);

/* "pwd,otp,mfa", always in one order */
postern_str_t mfa_session_amr(unsigned amr);


/* the list */

typedef struct {
    unsigned char    key[MFA_SESSION_KEY];
    unsigned char    id[MFA_SESSION_ID];
    int64_t          created;
} mfa_listed_t;

typedef struct {
    int64_t          ended;             /* ms since the epoch: whatever began
                                           before is at an end; 0: nothing */
    mfa_listed_t     sessions[MFA_SESSIONS_MAX];
    unsigned         n;
} mfa_sessions_t;


/* an absent record is an empty list */
int mfa_sessions_unpack(postern_str_t record, mfa_sessions_t *list);
size_t mfa_sessions_pack(const mfa_sessions_t *list,
    unsigned char out[MFA_SESSIONS_SIZE]);

/*
 * Adds a session that began at began (ms): 0; -1 where all were ended since.
 * Where the list is full, the oldest goes: *pushed is then its entry and the
 * return 1.  replace (may be NULL): the key of the session it takes the place
 * of, -1 where that is not there any more.
 */
int mfa_sessions_add(mfa_sessions_t *list, const mfa_listed_t *session,
    const unsigned char *replace, int64_t began, mfa_listed_t *pushed);

/* by id; 0, or -1 where there is none; *gone may be NULL */
int mfa_sessions_remove(mfa_sessions_t *list,
    const unsigned char id[MFA_SESSION_ID], mfa_listed_t *gone);

/* forgets entries that are past their absolute limit */
void mfa_sessions_expire(mfa_sessions_t *list, const mfa_limits_t *limits,
    int64_t now);


#endif /* _MFA_SESSION_H_INCLUDED_ */
