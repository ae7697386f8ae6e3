
/*
 * The sessions of a user: list them, end them.
 *
 * Whoever ends all of them shuts the door first, by the time written into the
 * list; then the records go, and their entries last: an end that failed half
 * way can be tried again and finds what is left.
 *
 *     [own] ---> begin ---> [shut] ---> records, one by one ---> read --+
 *                                                                       |
 *                                                          written <----+
 *
 * A session that ends itself goes first: its record, whatever became of the
 * list.
 */


#include "ngx_http_mfa_module.h"


enum {
    NGX_HTTP_MFA_LIST_BEGIN = 0,
    NGX_HTTP_MFA_LIST_READ,
    NGX_HTTP_MFA_LIST_RECORD
};

enum {
    NGX_HTTP_MFA_END_BEGIN = 0,
    NGX_HTTP_MFA_END_OWN,
    NGX_HTTP_MFA_END_READ,
    NGX_HTTP_MFA_END_SHUT,
    NGX_HTTP_MFA_END_RECORD,
    NGX_HTTP_MFA_END_AGAIN,
    NGX_HTTP_MFA_END_WRITTEN
};


static ngx_int_t ngx_http_mfa_list_first(ngx_http_request_t *r,
    ngx_http_mfa_list_t *l, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_list_next(ngx_http_request_t *r,
    ngx_http_mfa_list_t *l);
static void ngx_http_mfa_list_found(ngx_http_request_t *r,
    ngx_http_mfa_list_t *l, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_end_step(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, const u_char *id,
    const u_char *keep);
static ngx_int_t ngx_http_mfa_end_read(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, ngx_uint_t state);
static ngx_int_t ngx_http_mfa_end_unpack(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_end_choose(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, const u_char *id,
    const u_char *keep);
static ngx_int_t ngx_http_mfa_end_record(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_end_delete(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const u_char *key, ngx_uint_t state);
static ngx_int_t ngx_http_mfa_end_strike(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, const u_char *id);
static ngx_uint_t ngx_http_mfa_end_gone(ngx_http_mfa_end_t *e,
    const mfa_listed_t *listed);
static ngx_int_t ngx_http_mfa_end_write(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, ngx_uint_t state);
static int ngx_libc_cdecl ngx_http_mfa_by_last(const void *one,
    const void *two);


ngx_int_t
ngx_http_mfa_session_list(ngx_http_request_t *r, ngx_http_mfa_list_t *l,
    const postern_user_t *user)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (l->state == NGX_HTTP_MFA_LIST_BEGIN) {
            rc = ngx_http_mfa_list_first(r, l, user);

        } else if (!l->op.done) {
            return NGX_AGAIN;

        } else if (l->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
            return NGX_DONE;

        } else {
            ngx_http_mfa_list_found(r, l, user);
            rc = ngx_http_mfa_list_next(r, l);
        }

        if (rc != NGX_AGAIN) {
            break;
        }
    }

    if (rc == NGX_OK) {
        ngx_qsort(l->found, l->n, sizeof(mfa_session_t),
                  ngx_http_mfa_by_last);
    }

    return rc;
}


static ngx_int_t
ngx_http_mfa_list_first(ngx_http_request_t *r, ngx_http_mfa_list_t *l,
    const postern_user_t *user)
{
    ngx_str_t  org, name;

    org = ngx_http_postern_str(user->org->name);

    if (ngx_http_mfa_sessions_name(r, user, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    l->state = NGX_HTTP_MFA_LIST_READ;

    return ngx_http_mfa_submitted(&l->op,
                                  postern_api.get(r, &l->op, &org, &name));
}


static ngx_int_t
ngx_http_mfa_list_next(ngx_http_request_t *r, ngx_http_mfa_list_t *l)
{
    u_char     *p;
    ngx_str_t   name;

    static ngx_str_t  none = ngx_string("");

    if (l->i == l->sessions.n) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_HTTP_MFA_SESSION_NAME);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_session_name(p, l->sessions.sessions[l->i++].key);

    name.data = p;
    name.len = NGX_HTTP_MFA_SESSION_NAME;

    l->state = NGX_HTTP_MFA_LIST_RECORD;
    ngx_memzero(&l->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&l->op,
                                  postern_api.get(r, &l->op, &none, &name));
}


static void
ngx_http_mfa_list_found(ngx_http_request_t *r, ngx_http_mfa_list_t *l,
    const postern_user_t *user)
{
    mfa_session_t             *s;
    postern_str_t              value;
    ngx_http_mfa_main_conf_t  *mmcf;

    if (l->op.result != NGX_HTTP_POSTERN_OK) {
        return;
    }

    value = ngx_http_postern_slice(l->op.value);

    if (l->state == NGX_HTTP_MFA_LIST_READ) {

        if (mfa_sessions_unpack(value, &l->sessions) != 0) {
            l->sessions.n = 0;
        }

        return;
    }

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    s = &l->found[l->n];

    if (mfa_session_unpack(value, s) == 0
        && postern_str_eq(s->org, user->org->name)
        && postern_str_eq(s->user, user->name)
        && mfa_session_check(s, &mmcf->widest, 0, 0, ngx_time())
           == MFA_SESSION_OK)
    {
        l->n++;
    }
}


static int ngx_libc_cdecl
ngx_http_mfa_by_last(const void *one, const void *two)
{
    const mfa_session_t  *a = one;
    const mfa_session_t  *b = two;

    return (a->last < b->last) - (a->last > b->last);
}


ngx_int_t
ngx_http_mfa_session_end(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, const u_char *id, const u_char *keep)
{
    ngx_int_t  rc;

    do {

        if (e->state != NGX_HTTP_MFA_END_BEGIN) {

            if (!e->op.done) {
                return NGX_AGAIN;
            }

            if (e->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
                return NGX_DONE;
            }
        }

        rc = ngx_http_mfa_end_step(r, e, user, id, keep);

    } while (rc == NGX_AGAIN);

    return rc;
}


static ngx_int_t
ngx_http_mfa_end_step(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, const u_char *id, const u_char *keep)
{
    switch (e->state) {

    case NGX_HTTP_MFA_END_BEGIN:

        if (e->own) {
            return ngx_http_mfa_end_delete(r, e, e->own,
                                           NGX_HTTP_MFA_END_OWN);
        }

        /* fall through */

    case NGX_HTTP_MFA_END_OWN:
        return ngx_http_mfa_end_read(r, e, user, NGX_HTTP_MFA_END_READ);

    case NGX_HTTP_MFA_END_READ:
        return ngx_http_mfa_end_choose(r, e, user, id, keep);

    case NGX_HTTP_MFA_END_SHUT:

        if (e->op.result == NGX_HTTP_POSTERN_NO) {

            if (e->tries++ == NGX_HTTP_MFA_LIST_TRIES) {
                return NGX_DONE;
            }

            return ngx_http_mfa_end_read(r, e, user, NGX_HTTP_MFA_END_READ);
        }

        return ngx_http_mfa_end_record(r, e, user);

    case NGX_HTTP_MFA_END_RECORD:
        e->ended++;
        return ngx_http_mfa_end_record(r, e, user);

    case NGX_HTTP_MFA_END_AGAIN:
        return ngx_http_mfa_end_strike(r, e, user, id);

    default: /* NGX_HTTP_MFA_END_WRITTEN */

        /* entries without a record do no harm */

        if (e->op.result == NGX_HTTP_POSTERN_NO
            && e->tries++ < NGX_HTTP_MFA_LIST_TRIES)
        {
            return ngx_http_mfa_end_read(r, e, user, NGX_HTTP_MFA_END_AGAIN);
        }

        return NGX_OK;
    }
}


static ngx_int_t
ngx_http_mfa_end_read(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, ngx_uint_t state)
{
    ngx_str_t  org, name;

    org = ngx_http_postern_str(user->org->name);

    if (ngx_http_mfa_sessions_name(r, user, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    e->state = state;
    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&e->op,
                                  postern_api.get(r, &e->op, &org, &name));
}


static ngx_int_t
ngx_http_mfa_end_unpack(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user)
{
    ngx_str_null(&e->list);

    if (e->op.result == NGX_HTTP_POSTERN_OK) {
        e->list = e->op.value;
    }

    if (mfa_sessions_unpack(ngx_http_postern_slice(e->list), &e->sessions)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mfa: the list of sessions of \"%*s\" is damaged",
                      user->name.len, user->name.data);
        return NGX_DONE;
    }

    return NGX_OK;
}


/* which ones have to go: in e->gone */

static ngx_int_t
ngx_http_mfa_end_choose(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, const u_char *id, const u_char *keep)
{
    ngx_int_t      rc;
    ngx_uint_t     i;
    ngx_time_t    *tp;
    mfa_listed_t  *listed;

    rc = ngx_http_mfa_end_unpack(r, e, user);

    if (rc != NGX_OK) {
        return rc;
    }

    e->gone.n = 0;

    for (i = 0; i < e->sessions.n; i++) {
        listed = &e->sessions.sessions[i];

        if (id ? ngx_memcmp(listed->id, id, MFA_SESSION_ID) == 0
               : keep == NULL
                 || ngx_memcmp(listed->key, keep, MFA_SESSION_KEY) != 0)
        {
            e->gone.sessions[e->gone.n++] = *listed;
        }
    }

    if (id) {
        return e->gone.n ? ngx_http_mfa_end_record(r, e, user)
                         : NGX_DECLINED;
    }

    tp = ngx_timeofday();

    e->sessions.ended = (int64_t) tp->sec * 1000 + tp->msec;

    return ngx_http_mfa_end_write(r, e, user, NGX_HTTP_MFA_END_SHUT);
}


static ngx_int_t
ngx_http_mfa_end_record(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user)
{
    if (e->i == e->gone.n) {
        return e->gone.n ? ngx_http_mfa_end_read(r, e, user,
                                                 NGX_HTTP_MFA_END_AGAIN)
                         : NGX_OK;
    }

    return ngx_http_mfa_end_delete(r, e, e->gone.sessions[e->i++].key,
                                   NGX_HTTP_MFA_END_RECORD);
}


static ngx_int_t
ngx_http_mfa_end_delete(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const u_char *key, ngx_uint_t state)
{
    u_char     *p;
    ngx_str_t   name;

    static ngx_str_t  none = ngx_string("");

    p = ngx_pnalloc(r->pool, NGX_HTTP_MFA_SESSION_NAME);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_session_name(p, key);

    name.data = p;
    name.len = NGX_HTTP_MFA_SESSION_NAME;

    e->state = state;
    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&e->op,
                                  postern_api.delete(r, &e->op, &none, &name));
}


/*
 * The session that has to end may have got a new token meanwhile: it is still
 * called the same, and its record goes then, too.
 */

static ngx_int_t
ngx_http_mfa_end_strike(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, const u_char *id)
{
    ngx_int_t        rc;
    ngx_uint_t       i, n;
    mfa_listed_t    *listed;
    mfa_sessions_t  *list;

    rc = ngx_http_mfa_end_unpack(r, e, user);

    if (rc != NGX_OK) {
        return rc;
    }

    list = &e->sessions;
    n = 0;

    for (i = 0; i < list->n; i++) {
        listed = &list->sessions[i];

        if (ngx_http_mfa_end_gone(e, listed)) {
            continue;
        }

        if (id && e->gone.n < MFA_SESSIONS_MAX
            && ngx_memcmp(listed->id, id, MFA_SESSION_ID) == 0)
        {
            e->gone.sessions[e->gone.n++] = *listed;
            return ngx_http_mfa_end_record(r, e, user);
        }

        list->sessions[n++] = *listed;
    }

    list->n = n;

    return ngx_http_mfa_end_write(r, e, user, NGX_HTTP_MFA_END_WRITTEN);
}


static ngx_uint_t
ngx_http_mfa_end_gone(ngx_http_mfa_end_t *e, const mfa_listed_t *listed)
{
    ngx_uint_t  i;

    for (i = 0; i < e->gone.n; i++) {

        if (ngx_memcmp(listed->key, e->gone.sessions[i].key, MFA_SESSION_KEY)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_mfa_end_write(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, ngx_uint_t state)
{
    u_char     *p;
    ngx_str_t   org, name, value;

    p = ngx_pnalloc(r->pool, MFA_SESSIONS_SIZE);

    if (p == NULL || ngx_http_mfa_sessions_name(r, user, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    org = ngx_http_postern_str(user->org->name);
    value.data = p;
    value.len = mfa_sessions_pack(&e->sessions, p);

    e->state = state;
    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&e->op,
                       postern_api.swap(r, &e->op, &org, &name,
                                        e->list.data ? &e->list : NULL,
                                        &value, ngx_http_mfa_sessions_ttl(r)));
}


ngx_int_t
ngx_http_mfa_sessions_name(ngx_http_request_t *r, const postern_user_t *user,
    ngx_str_t *name)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_MFA_SESSIONS) - 1
                             + user->name.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name->data = p;

    p = ngx_cpymem(p, NGX_HTTP_MFA_SESSIONS,
                   sizeof(NGX_HTTP_MFA_SESSIONS) - 1);
    p = ngx_cpymem(p, user->name.data, user->name.len);

    name->len = p - name->data;

    return NGX_OK;
}


/* longer than any session in it, and than a sign-in that began before an end */

ngx_msec_t
ngx_http_mfa_sessions_ttl(ngx_http_request_t *r)
{
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    return (ngx_msec_t) (mmcf->widest.absolute + 60 * 60) * 1000;
}
