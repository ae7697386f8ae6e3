
/*
 * The record of a session, and what it is good for:
 *
 *     version (1)  aal (1)  amr (1)  0 (1)
 *     lengths of org, user, label, address (1 each)
 *     id (8)  tag (8)
 *     created, last, password_time, factor_time (8 each)
 *     org  user  label  address
 */


#include "mfa_session.h"
#include "postern_assert.h"


#define MFA_SESSION_VERSION  1
#define MFA_SESSION_HEAD     56
#define MFA_AMR_ALL          (MFA_AMR_PWD|MFA_AMR_OTP|MFA_AMR_RECOVERY        \
                              |MFA_AMR_MFA)


static int mfa_session_valid(const mfa_session_t *s);
static inline unsigned char *mfa_put_time(unsigned char *p, int64_t time);
static inline int64_t mfa_get_time(const unsigned char *p);


size_t
mfa_session_pack(const mfa_session_t *s, unsigned char *out, size_t size)
{
    size_t                i, len;
    unsigned char        *p;
    const postern_str_t  *strings[4];

    if (!mfa_session_valid(s)) {
        return 0;
    }

    len = MFA_SESSION_HEAD + s->org.len + s->user.len + s->label.len
          + s->address.len;

    if (len > size || POSTERN_NEVER(len > MFA_SESSION_SIZE)) {
        return 0;
    }

    strings[0] = &s->org;
    strings[1] = &s->user;
    strings[2] = &s->label;
    strings[3] = &s->address;

    out[0] = MFA_SESSION_VERSION;
    out[1] = (unsigned char) s->aal;
    out[2] = (unsigned char) s->amr;
    out[3] = 0;

    for (i = 0; i < 4; i++) {
        out[4 + i] = (unsigned char) strings[i]->len;
    }

    memcpy(out + 8, s->id, MFA_SESSION_ID);
    memcpy(out + 16, s->tag, MFA_SESSION_TAG);

    p = mfa_put_time(out + 24, s->created);
    p = mfa_put_time(p, s->last);
    p = mfa_put_time(p, s->password_time);
    p = mfa_put_time(p, s->factor_time);

    for (i = 0; i < 4; i++) {

        if (strings[i]->len != 0) {
            memcpy(p, strings[i]->data, strings[i]->len);
            p += strings[i]->len;
        }
    }

    return len;
}


int
mfa_session_unpack(postern_str_t record, mfa_session_t *s)
{
    const unsigned char  *p;

    p = record.data;

    if (record.len < MFA_SESSION_HEAD || record.len > MFA_SESSION_SIZE
        || p[0] != MFA_SESSION_VERSION || p[3] != 0)
    {
        return -1;
    }

    s->aal = p[1];
    s->amr = p[2];

    s->org.len = p[4];
    s->user.len = p[5];
    s->label.len = p[6];
    s->address.len = p[7];

    if (record.len != MFA_SESSION_HEAD + s->org.len + s->user.len
                      + s->label.len + s->address.len)
    {
        return -1;
    }

    memcpy(s->id, p + 8, MFA_SESSION_ID);
    memcpy(s->tag, p + 16, MFA_SESSION_TAG);

    s->created = mfa_get_time(p + 24);
    s->last = mfa_get_time(p + 32);
    s->password_time = mfa_get_time(p + 40);
    s->factor_time = mfa_get_time(p + 48);

    s->org.data = p + MFA_SESSION_HEAD;
    s->user.data = s->org.data + s->org.len;
    s->label.data = s->user.data + s->user.len;
    s->address.data = s->label.data + s->label.len;

    return mfa_session_valid(s) ? 0 : -1;
}


/* what may be written, and nothing else is read */

static int
mfa_session_valid(const mfa_session_t *s)
{
    return (s->aal == 1 || s->aal == 2)
           && (s->amr & ~(unsigned) MFA_AMR_ALL) == 0
           && s->created >= 0 && s->last >= 0
           && s->password_time >= 0 && s->factor_time >= 0
           && s->org.len <= POSTERN_NAME_MAX
           && s->user.len != 0 && s->user.len <= POSTERN_NAME_MAX
           && s->label.len <= MFA_SESSION_LABEL
           && s->address.len <= MFA_SESSION_ADDRESS;
}


mfa_session_e
mfa_session_check(const mfa_session_t *s, const mfa_limits_t *limits,
    unsigned aal, int64_t max_age, int64_t now)
{
    int64_t  proof, latest;

    /* times are 0 or more, so that a difference never overflows */

    latest = now + MFA_SESSION_SKEW;

    if (s->created > latest || s->last > latest
        || now - s->created >= limits->absolute)
    {
        return MFA_SESSION_EXPIRED;
    }

    if (now - s->last >= limits->idle) {
        return MFA_SESSION_IDLE;
    }

    if (s->aal < aal) {
        return MFA_SESSION_LOW;
    }

    if (max_age != 0) {
        proof = (s->aal == 2) ? s->factor_time : mfa_session_auth_time(s);

        if (proof > latest || now - proof > max_age) {
            return MFA_SESSION_OLD;
        }
    }

    return MFA_SESSION_OK;
}


int64_t
mfa_session_ttl(const mfa_session_t *s, const mfa_limits_t *limits,
    int64_t now)
{
    int64_t  idle, absolute, ttl;

    idle = limits->idle - (now - s->last);
    absolute = limits->absolute - (now - s->created);

    ttl = (idle < absolute) ? idle : absolute;

    return (ttl < 1) ? 1 : ttl;
}


int64_t
mfa_session_auth_time(const mfa_session_t *s)
{
    return (s->factor_time > s->password_time) ? s->factor_time
                                               : s->password_time;
}


postern_str_t
mfa_session_amr(unsigned amr)
{
    static const postern_str_t  texts[] = {
        postern_string(""),
        postern_string("pwd"),
        postern_string("otp"),
        postern_string("pwd,otp"),
        postern_string("recovery"),
        postern_string("pwd,recovery"),
        postern_string("otp,recovery"),
        postern_string("pwd,otp,recovery"),
        postern_string("mfa"),
        postern_string("pwd,mfa"),
        postern_string("otp,mfa"),
        postern_string("pwd,otp,mfa"),
        postern_string("recovery,mfa"),
        postern_string("pwd,recovery,mfa"),
        postern_string("otp,recovery,mfa"),
        postern_string("pwd,otp,recovery,mfa")
    };

    return texts[amr & (MFA_AMR_PWD|MFA_AMR_OTP|MFA_AMR_RECOVERY|MFA_AMR_MFA)];
}


/* compilers make one load or store of these */

static inline unsigned char *
mfa_put_time(unsigned char *p, int64_t time)
{
    unsigned  i;
    uint64_t  v;

    v = (uint64_t) time;

    for (i = 0; i < 8; i++) {
        p[i] = (unsigned char) (v >> (8 * i));
    }

    return p + 8;
}


static inline int64_t
mfa_get_time(const unsigned char *p)
{
    return (int64_t) ((uint64_t) p[0]
                      | (uint64_t) p[1] << 8
                      | (uint64_t) p[2] << 16
                      | (uint64_t) p[3] << 24
                      | (uint64_t) p[4] << 32
                      | (uint64_t) p[5] << 40
                      | (uint64_t) p[6] << 48
                      | (uint64_t) p[7] << 56);
}
