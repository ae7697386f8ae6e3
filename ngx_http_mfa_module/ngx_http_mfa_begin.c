
/*
 * A new session, or a new token for one whose assurance changed: stored first,
 * listed last.  What it takes the place of goes before the list forgets it: so
 * there is never one that still counts and that nobody could find to end it.
 *
 *     begin ---> stored ---> read ---> [replaced] ---> [pushed] ---> listed
 *                              ^                                        |
 *                              +----------------------------------------+
 *                                     somebody else was faster
 */


#include "ngx_http_mfa_module.h"

#include <sodium.h>


enum {
    NGX_HTTP_MFA_START_BEGIN = 0,
    NGX_HTTP_MFA_START_STORED,
    NGX_HTTP_MFA_START_READ,
    NGX_HTTP_MFA_START_REPLACED,
    NGX_HTTP_MFA_START_PUSHED,
    NGX_HTTP_MFA_START_LISTED,
    NGX_HTTP_MFA_START_TOO_LATE
};


static ngx_int_t ngx_http_mfa_start_step(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user,
    ngx_http_mfa_session_t *old, int64_t began);
static ngx_int_t ngx_http_mfa_start_store(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user,
    ngx_http_mfa_session_t *old);
static void ngx_http_mfa_start_fill(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user,
    ngx_http_mfa_session_t *old);
static ngx_int_t ngx_http_mfa_start_read(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_start_list(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user,
    ngx_http_mfa_session_t *old, int64_t began);
static ngx_int_t ngx_http_mfa_start_push(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_start_write(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_start_delete(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const u_char *key, ngx_uint_t state);
static ngx_int_t ngx_http_mfa_start_done(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next);


ngx_int_t
ngx_http_mfa_session_start(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old, int64_t began)
{
    ngx_int_t  rc;

    do {

        if (next->state != NGX_HTTP_MFA_START_BEGIN) {

            if (!next->op.done) {
                return NGX_AGAIN;
            }

            if (next->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
                return NGX_DONE;
            }
        }

        rc = ngx_http_mfa_start_step(r, next, user, old, began);

    } while (rc == NGX_AGAIN);

    return rc;
}


static ngx_int_t
ngx_http_mfa_start_step(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old, int64_t began)
{
    switch (next->state) {

    case NGX_HTTP_MFA_START_BEGIN:
        return ngx_http_mfa_start_store(r, next, user, old);

    case NGX_HTTP_MFA_START_STORED:
        return ngx_http_mfa_start_read(r, next, user);

    case NGX_HTTP_MFA_START_READ:
        return ngx_http_mfa_start_list(r, next, user, old, began);

    case NGX_HTTP_MFA_START_REPLACED:
        return ngx_http_mfa_start_push(r, next, user);

    case NGX_HTTP_MFA_START_PUSHED:
        return ngx_http_mfa_start_write(r, next, user);

    case NGX_HTTP_MFA_START_LISTED:

        if (next->op.result == NGX_HTTP_POSTERN_NO) {

            if (next->tries++ == NGX_HTTP_MFA_LIST_TRIES) {
                return NGX_DONE;
            }

            return ngx_http_mfa_start_read(r, next, user);
        }

        return ngx_http_mfa_start_done(r, next);

    default: /* NGX_HTTP_MFA_START_TOO_LATE */
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_http_mfa_start_store(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old)
{
    u_char                    *p, key[MFA_SESSION_KEY];
    ngx_str_t                  name, record;
    ngx_msec_t                 ttl;
    postern_str_t              token;
    ngx_http_mfa_main_conf_t  *mmcf;

    static ngx_str_t  none = ngx_string("");

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    ngx_http_mfa_start_fill(r, next, user, old);

    randombytes_buf(next->token, MFA_TOKEN);

    token.data = next->token;
    token.len = MFA_TOKEN;

    if (postern_api.mac(0, "mfa session", token, key) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_mfa_session_name(next->name, key);
    next->key = next->name + sizeof(NGX_HTTP_MFA_SESSION) - 1;

    p = ngx_pnalloc(r->pool, MFA_SESSION_SIZE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    record.data = p;
    record.len = mfa_session_pack(&next->session, p, MFA_SESSION_SIZE);

    if (record.len == 0) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "mfa: a session does not fit into its record");
        return NGX_ERROR;
    }

    name.data = next->name;
    name.len = NGX_HTTP_MFA_SESSION_NAME;
    ttl = (ngx_msec_t) mfa_session_ttl(&next->session, &mmcf->widest,
                                       ngx_time())
          * 1000;

    next->state = NGX_HTTP_MFA_START_STORED;
    ngx_memzero(&next->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&next->op,
                                  postern_api.put(r, &next->op, &none, &name,
                                                  &record, ttl));
}


/*
 * A session that gets a new token is still the same one: its age counts on, and
 * it is called the same.
 */

static void
ngx_http_mfa_start_fill(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old)
{
    ngx_str_t         agent;
    mfa_session_t    *s;
    ngx_connection_t *c;

    s = &next->session;
    c = r->connection;

    s->org = user->org->name;
    s->user = user->name;
    s->last = ngx_time();

    if (old) {
        ngx_memcpy(s->id, old->session.id, MFA_SESSION_ID);
        s->created = old->session.created;

    } else {
        randombytes_buf(s->id, MFA_SESSION_ID);
        s->created = ngx_time();
    }

    mfa_tag(user, s->tag);

    ngx_str_set(&agent, "");

    if (r->headers_in.user_agent) {
        agent = r->headers_in.user_agent->value;
    }

    s->label.data = (u_char *) next->label;
    s->label.len = mfa_device_label(ngx_http_postern_slice(agent),
                                    next->label, MFA_SESSION_LABEL);

    s->address.data = c->addr_text.data;
    s->address.len = ngx_min(c->addr_text.len, MFA_SESSION_ADDRESS);
}


static ngx_int_t
ngx_http_mfa_start_read(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user)
{
    ngx_str_t  org, name;

    org = ngx_http_postern_str(user->org->name);

    if (ngx_http_mfa_sessions_name(r, user, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    next->state = NGX_HTTP_MFA_START_READ;
    ngx_memzero(&next->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&next->op,
                                  postern_api.get(r, &next->op, &org, &name));
}


static ngx_int_t
ngx_http_mfa_start_list(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old, int64_t began)
{
    int                        rc;
    mfa_listed_t               listed;
    postern_str_t              read;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    ngx_str_null(&next->list);

    if (next->op.result == NGX_HTTP_POSTERN_OK) {
        next->list = next->op.value;
    }

    read = ngx_http_postern_slice(next->list);

    if (mfa_sessions_unpack(read, &next->sessions) != 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mfa: the list of sessions of \"%*s\" is damaged",
                      user->name.len, user->name.data);
        return NGX_DONE;
    }

    ngx_memcpy(listed.key, next->key, MFA_SESSION_KEY);
    ngx_memcpy(listed.id, next->session.id, MFA_SESSION_ID);
    listed.created = next->session.created;

    mfa_sessions_expire(&next->sessions, &mmcf->widest, ngx_time());

    rc = mfa_sessions_add(&next->sessions, &listed, old ? old->key : NULL,
                          began, &next->pushed);

    if (rc < 0) {
        return ngx_http_mfa_start_delete(r, next, next->key,
                                         NGX_HTTP_MFA_START_TOO_LATE);
    }

    next->full = (rc == 1);

    if (old) {
        return ngx_http_mfa_start_delete(r, next, old->key,
                                         NGX_HTTP_MFA_START_REPLACED);
    }

    return ngx_http_mfa_start_push(r, next, user);
}


static ngx_int_t
ngx_http_mfa_start_push(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user)
{
    if (next->full) {
        return ngx_http_mfa_start_delete(r, next, next->pushed.key,
                                         NGX_HTTP_MFA_START_PUSHED);
    }

    return ngx_http_mfa_start_write(r, next, user);
}


static ngx_int_t
ngx_http_mfa_start_write(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user)
{
    u_char     *p;
    ngx_str_t   org, name, value;

    p = ngx_pnalloc(r->pool, MFA_SESSIONS_SIZE);

    if (p == NULL || ngx_http_mfa_sessions_name(r, user, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    org = ngx_http_postern_str(user->org->name);
    value.data = p;
    value.len = mfa_sessions_pack(&next->sessions, p);

    next->state = NGX_HTTP_MFA_START_LISTED;
    ngx_memzero(&next->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&next->op,
                   postern_api.swap(r, &next->op, &org, &name,
                                    next->list.data ? &next->list : NULL,
                                    &value, ngx_http_mfa_sessions_ttl(r)));
}


static ngx_int_t
ngx_http_mfa_start_delete(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
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

    next->state = state;
    ngx_memzero(&next->op, sizeof(ngx_http_postern_op_t));

    return ngx_http_mfa_submitted(&next->op,
                                  postern_api.delete(r, &next->op, &none,
                                                     &name));
}


static ngx_int_t
ngx_http_mfa_start_done(ngx_http_request_t *r, ngx_http_mfa_start_t *next)
{
    char                      *text;
    ngx_str_t                  value;
    ngx_http_mfa_loc_conf_t   *mlcf;
    ngx_http_mfa_main_conf_t  *mmcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    text = ngx_pnalloc(r->pool, MFA_TOKEN_TEXT + 1);

    if (text == NULL || mmcf->ntags == 0) {
        return NGX_ERROR;
    }

    mfa_token_encode(mmcf->tags[0], next->token, text);
    ngx_explicit_memzero(next->token, MFA_TOKEN);

    value.data = (u_char *) text;
    value.len = MFA_TOKEN_TEXT;

    return ngx_http_mfa_set_cookie(r, &mlcf->cookie, &value, -1);
}
