
/*
 * The session of a request: by which record its cookie goes, and whether that
 * still counts.
 *
 * A token is worth what its record is: the record lies under a keyed hash of
 * the token, so that nobody who reads the store has one.
 */


#include "ngx_http_mfa_module.h"

#include <sodium.h>


typedef struct {
    ngx_http_postern_op_t    op;
    u_char                   name[NGX_HTTP_MFA_SESSION_NAME];
    ngx_str_t                old;
    ngx_str_t                value;
    u_char                   record[MFA_SESSION_SIZE];
} ngx_http_mfa_mark_t;


enum {
    NGX_HTTP_MFA_LOAD_BEGIN = 0,
    NGX_HTTP_MFA_LOAD_READ,
    NGX_HTTP_MFA_LOAD_JUDGE
};


static ngx_int_t ngx_http_mfa_session_find(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static ngx_int_t ngx_http_mfa_session_key(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s, ngx_str_t *cookie);
static ngx_int_t ngx_http_mfa_session_read(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static ngx_int_t ngx_http_mfa_session_judge(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static ngx_int_t ngx_http_mfa_session_none(ngx_http_mfa_session_t *s,
    ngx_http_mfa_why_e why);
static ngx_int_t ngx_http_mfa_session_user(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static void ngx_http_mfa_session_mark(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static void ngx_http_mfa_session_write(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static void ngx_http_mfa_session_marked(ngx_http_postern_op_t *op);


ngx_int_t
ngx_http_mfa_session_load(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    ngx_int_t  rc;

    switch (s->state) {

    case NGX_HTTP_MFA_LOAD_BEGIN:
        rc = ngx_http_mfa_session_find(r, s);

        if (rc != NGX_AGAIN || !s->op.done) {
            return rc;
        }

        break;

    case NGX_HTTP_MFA_LOAD_READ:

        if (!s->op.done) {
            return NGX_AGAIN;
        }

        break;

    default: /* NGX_HTTP_MFA_LOAD_JUDGE */
        return ngx_http_mfa_session_judge(r, s);
    }

    s->state = NGX_HTTP_MFA_LOAD_JUDGE;

    rc = ngx_http_mfa_session_read(r, s);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_mfa_session_judge(r, s);

    if (rc == NGX_OK) {
        ngx_http_mfa_session_mark(r, s);
    }

    return rc;
}


static ngx_int_t
ngx_http_mfa_session_find(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    ngx_str_t                 cookie, name;
    ngx_http_mfa_loc_conf_t  *mlcf;

    static ngx_str_t  none = ngx_string("");

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    s->state = NGX_HTTP_MFA_LOAD_JUDGE;

    if (ngx_http_mfa_cookie(r, &mlcf->cookie, &cookie) != NGX_OK) {
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_NONE);
    }

    if (ngx_http_mfa_session_key(r, s, &cookie) != NGX_OK) {
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_UNKNOWN);
    }

    name.data = s->name;
    name.len = NGX_HTTP_MFA_SESSION_NAME;

    s->state = NGX_HTTP_MFA_LOAD_READ;

    return ngx_http_mfa_submitted(&s->op,
                                  postern_api.recent(r, &s->op, &none, &name,
                                                     NGX_HTTP_MFA_RECENT));
}


/* the tag in front of a token says which master key it was made under */

static ngx_int_t
ngx_http_mfa_session_key(ngx_http_request_t *r, ngx_http_mfa_session_t *s,
    ngx_str_t *cookie)
{
    char                       tag[5];
    u_char                     token[MFA_TOKEN], key[MFA_SESSION_KEY];
    ngx_int_t                  rc;
    ngx_uint_t                 n;
    postern_str_t              data;
    ngx_http_mfa_main_conf_t  *mmcf;

    if (mfa_token_decode(ngx_http_postern_slice(*cookie), tag, token) != 0) {
        return NGX_DECLINED;
    }

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    data.data = token;
    data.len = MFA_TOKEN;
    rc = NGX_DECLINED;

    for (n = 0; n < mmcf->ntags; n++) {

        if (ngx_memcmp(mmcf->tags[n], tag, 4) == 0) {
            rc = postern_api.mac(n, "mfa session", data, key);
            break;
        }
    }

    ngx_explicit_memzero(token, MFA_TOKEN);

    if (rc == NGX_OK) {
        ngx_http_mfa_session_name(s->name, key);
        s->key = s->name + sizeof(NGX_HTTP_MFA_SESSION) - 1;
    }

    return rc;
}


static ngx_int_t
ngx_http_mfa_session_read(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    switch (s->op.result) {

    case NGX_HTTP_POSTERN_OK:
        break;

    case NGX_HTTP_POSTERN_NO:
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_UNKNOWN);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */
        s->state = NGX_HTTP_MFA_LOAD_READ;
        return NGX_DONE;
    }

    s->record = s->op.value;

    if (mfa_session_unpack(ngx_http_postern_slice(s->record), &s->session)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mfa: the record of a session is damaged");
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_UNKNOWN);
    }

    s->loaded = 1;

    return NGX_OK;
}


/* what may differ from location to location, and with time */

static ngx_int_t
ngx_http_mfa_session_judge(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    ngx_int_t                 rc;
    ngx_str_t                 name;
    ngx_http_mfa_loc_conf_t  *mlcf;

    if (!s->loaded) {
        return NGX_DECLINED;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (mfa_session_check(&s->session, &mlcf->limits, 0, 0, ngx_time())
        != MFA_SESSION_OK)
    {
        s->why = NGX_HTTP_MFA_ENDED;
        return NGX_DECLINED;
    }

    rc = postern_api.org(r, &name);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK
        && !postern_str_eq(ngx_http_postern_slice(name), s->session.org))
    {
        s->why = NGX_HTTP_MFA_UNKNOWN;
        return NGX_DECLINED;
    }

    if (s->user) {
        return NGX_OK;
    }

    return ngx_http_mfa_session_user(r, s);
}


/* whoever is gone, disabled, or has another password since, is signed out */

static ngx_int_t
ngx_http_mfa_session_user(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    const mfa_tags_t           *tags;
    const postern_org_t        *org;
    const postern_user_t       *user;
    const postern_directory_t  *directory;

    directory = postern_api.directory(r);

    if (directory == NULL) {
        return NGX_DONE;
    }

    org = postern_directory_org(directory, s->session.org);

    user = org ? postern_directory_user(directory, org, s->session.user)
               : NULL;

    if (user == NULL || user->status != POSTERN_STATUS_ACTIVE) {
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_UNKNOWN);
    }

    tags = postern_api.built(r, NGX_HTTP_POSTERN_MFA);

    if (tags == NULL
        || ngx_memcmp(mfa_tags_get(tags, user), s->session.tag, MFA_TAG_SIZE)
           != 0)
    {
        return ngx_http_mfa_session_none(s, NGX_HTTP_MFA_UNKNOWN);
    }

    s->user = user;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_session_none(ngx_http_mfa_session_t *s, ngx_http_mfa_why_e why)
{
    s->loaded = 0;
    s->user = NULL;
    s->why = why;

    return NGX_DECLINED;
}


/*
 * The last use is written when it moved on by a tenth of the idle limit or a
 * minute, and only where the record is still what was read: one that ended
 * meanwhile stays so.
 */

static void
ngx_http_mfa_session_mark(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    int64_t                   age, least;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    age = ngx_time() - s->session.last;
    least = ngx_max(1, ngx_min(60, mlcf->limits.idle / 10));

    if (age >= least) {
        ngx_http_mfa_session_write(r, s);
    }
}


/* nobody waits for it: the request may be over before */

static void
ngx_http_mfa_session_write(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    ngx_int_t                  rc;
    ngx_str_t                  name;
    ngx_msec_t                 ttl;
    ngx_pool_t                *pool;
    mfa_session_t              session;
    ngx_http_mfa_mark_t       *mark;
    ngx_http_mfa_main_conf_t  *mmcf;

    static ngx_str_t  none = ngx_string("");

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    mark = ngx_pcalloc(pool, sizeof(ngx_http_mfa_mark_t));

    if (mark == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    mark->old.data = ngx_pstrdup(pool, &s->record);
    mark->old.len = s->record.len;
    ngx_memcpy(mark->name, s->name, NGX_HTTP_MFA_SESSION_NAME);

    session = s->session;
    session.last = ngx_time();

    mark->value.data = mark->record;
    mark->value.len = mfa_session_pack(&session, mark->record,
                                       MFA_SESSION_SIZE);

    if (mark->old.data == NULL || mark->value.len == 0) {
        ngx_destroy_pool(pool);
        return;
    }

    name.data = mark->name;
    name.len = NGX_HTTP_MFA_SESSION_NAME;
    ttl = (ngx_msec_t) mfa_session_ttl(&session, &mmcf->widest, ngx_time())
          * 1000;

    mark->op.pool = pool;
    mark->op.handler = ngx_http_mfa_session_marked;

    rc = postern_api.swap(NULL, &mark->op, &none, &name, &mark->old,
                          &mark->value, ttl);

    if (rc != NGX_AGAIN) {
        ngx_destroy_pool(pool);
    }
}


static void
ngx_http_mfa_session_marked(ngx_http_postern_op_t *op)
{
    ngx_destroy_pool(op->pool);
}


void
ngx_http_mfa_session_identity(ngx_http_mfa_session_t *s,
    u_char name[2 * MFA_SESSION_ID], ngx_http_postern_identity_t *id)
{
    ngx_memzero(id, sizeof(ngx_http_postern_identity_t));

    (void) ngx_hex_dump(name, s->session.id, MFA_SESSION_ID);

    id->session.data = name;
    id->session.len = 2 * MFA_SESSION_ID;
    id->credential = id->session;

    id->org = s->user->org;
    id->subject = ngx_http_postern_str(s->user->name);
    ngx_str_set(&id->kind, "user");
    id->roles = s->user->roles;
    id->nroles = s->user->nroles;
    ngx_str_set(&id->scheme, "session");
    id->amr = ngx_http_postern_str(mfa_session_amr(s->session.amr));
    id->aal = s->session.aal;
    id->auth_time = mfa_session_auth_time(&s->session);
}


void
ngx_http_mfa_session_name(u_char name[NGX_HTTP_MFA_SESSION_NAME],
    const u_char *key)
{
    ngx_memcpy(name, NGX_HTTP_MFA_SESSION, sizeof(NGX_HTTP_MFA_SESSION) - 1);
    ngx_memcpy(name + sizeof(NGX_HTTP_MFA_SESSION) - 1, key, MFA_SESSION_KEY);
}
