
/*
 * The list of a user's sessions:
 *
 *     version (1)  number (1)  0 (6)  ended (8)
 *     for each: key (32)  id (8)  created (8)
 *
 * Whoever changes it has read it, changes it here, and writes it back where it
 * is still what was read; else reads it anew.  So each function sees the truth
 * and has to be right about one order of events only: the one in the list.
 */


#include "mfa_session.h"


#define MFA_SESSIONS_VERSION  1
#define MFA_SESSIONS_HEAD     16
#define MFA_SESSIONS_ENTRY    48


static int mfa_sessions_find(const mfa_sessions_t *list,
    const unsigned char *key);
static void mfa_sessions_drop(mfa_sessions_t *list, unsigned i);
static void mfa_put_number(unsigned char *p, int64_t number);
static int64_t mfa_get_number(const unsigned char *p);


int
mfa_sessions_unpack(postern_str_t record, mfa_sessions_t *list)
{
    unsigned              i;
    mfa_listed_t         *session;
    const unsigned char  *p;

    list->ended = 0;
    list->n = 0;

    if (record.data == NULL) {
        return 0;
    }

    p = record.data;

    if (record.len < MFA_SESSIONS_HEAD
        || p[0] != MFA_SESSIONS_VERSION
        || p[1] > MFA_SESSIONS_MAX
        || record.len != MFA_SESSIONS_HEAD
                         + (size_t) p[1] * MFA_SESSIONS_ENTRY
        || memcmp(p + 2, "\0\0\0\0\0", 6) != 0
        || mfa_get_number(p + 8) < 0)
    {
        return -1;
    }

    for (i = 0; i < p[1]; i++) {
        session = &list->sessions[i];

        memcpy(session->key, p + MFA_SESSIONS_HEAD + i * MFA_SESSIONS_ENTRY,
               MFA_SESSION_KEY);
        memcpy(session->id, p + MFA_SESSIONS_HEAD + i * MFA_SESSIONS_ENTRY + 32,
               MFA_SESSION_ID);

        session->created = mfa_get_number(p + MFA_SESSIONS_HEAD
                                          + i * MFA_SESSIONS_ENTRY + 40);
        if (session->created < 0) {
            return -1;
        }
    }

    list->ended = mfa_get_number(p + 8);
    list->n = p[1];

    return 0;
}


size_t
mfa_sessions_pack(const mfa_sessions_t *list,
    unsigned char out[MFA_SESSIONS_SIZE])
{
    unsigned        i;
    unsigned char  *p;

    out[0] = MFA_SESSIONS_VERSION;
    out[1] = (unsigned char) list->n;
    memset(out + 2, 0, 6);
    mfa_put_number(out + 8, list->ended);

    p = out + MFA_SESSIONS_HEAD;

    for (i = 0; i < list->n; i++) {
        memcpy(p, list->sessions[i].key, MFA_SESSION_KEY);
        memcpy(p + 32, list->sessions[i].id, MFA_SESSION_ID);
        mfa_put_number(p + 40, list->sessions[i].created);

        p += MFA_SESSIONS_ENTRY;
    }

    return p - out;
}


int
mfa_sessions_add(mfa_sessions_t *list, const mfa_listed_t *session,
    const unsigned char *replace, int64_t began, mfa_listed_t *pushed)
{
    int       i;
    unsigned  oldest, k;

    /* the answer to a first try may have been lost: then it is there */

    if (mfa_sessions_find(list, session->key) >= 0) {
        return 0;
    }

    /* of the same millisecond: nobody can tell which came first */

    if (list->ended != 0 && began <= list->ended) {
        return -1;
    }

    if (replace != NULL) {
        i = mfa_sessions_find(list, replace);

        if (i < 0) {
            return -1;
        }

        list->sessions[i] = *session;

        return 0;
    }

    if (list->n < MFA_SESSIONS_MAX) {
        list->sessions[list->n++] = *session;

        return 0;
    }

    oldest = 0;

    for (k = 1; k < list->n; k++) {
        if (list->sessions[k].created < list->sessions[oldest].created) {
            oldest = k;
        }
    }

    *pushed = list->sessions[oldest];
    mfa_sessions_drop(list, oldest);

    list->sessions[list->n++] = *session;

    return 1;
}


int
mfa_sessions_remove(mfa_sessions_t *list,
    const unsigned char id[MFA_SESSION_ID], mfa_listed_t *gone)
{
    unsigned  i;

    for (i = 0; i < list->n; i++) {

        if (memcmp(list->sessions[i].id, id, MFA_SESSION_ID) != 0) {
            continue;
        }

        if (gone != NULL) {
            *gone = list->sessions[i];
        }

        mfa_sessions_drop(list, i);

        return 0;
    }

    return -1;
}


void
mfa_sessions_expire(mfa_sessions_t *list, const mfa_limits_t *limits,
    int64_t now)
{
    unsigned  i, n;
    int64_t   created;

    n = 0;

    for (i = 0; i < list->n; i++) {
        created = list->sessions[i].created;

        /* as mfa_session_check() sees it */

        if (created > now + MFA_SESSION_SKEW
            || now - created >= limits->absolute)
        {
            continue;
        }

        if (n != i) {
            list->sessions[n] = list->sessions[i];
        }

        n++;
    }

    list->n = n;
}


static int
mfa_sessions_find(const mfa_sessions_t *list, const unsigned char *key)
{
    unsigned  i;

    for (i = 0; i < list->n; i++) {
        if (memcmp(list->sessions[i].key, key, MFA_SESSION_KEY) == 0) {
            return (int) i;
        }
    }

    return -1;
}


static void
mfa_sessions_drop(mfa_sessions_t *list, unsigned i)
{
    list->n--;

    memmove(&list->sessions[i], &list->sessions[i + 1],
            (list->n - i) * sizeof(mfa_listed_t));
}


static void
mfa_put_number(unsigned char *p, int64_t number)
{
    unsigned  i;

    for (i = 0; i < 8; i++) {
        p[i] = (unsigned char) ((uint64_t) number >> (8 * i));
    }
}


static int64_t
mfa_get_number(const unsigned char *p)
{
    unsigned  i;
    uint64_t  v;

    v = 0;

    for (i = 0; i < 8; i++) {
        v |= (uint64_t) p[i] << (8 * i);
    }

    return (int64_t) v;
}
