
/*
 * What administrators may see and end: factors, sessions and counts of a user.
 *
 *     GET     users/<name>
 *     DELETE  users/<name>/sessions
 *     DELETE  users/<name>/sessions/<id>
 *     DELETE  users/<name>/factors          and the sessions with them
 *     DELETE  users/<name>/limits
 *
 * Who may do so says rbac, and nobody may where it was not asked.  People of
 * other organizations than the caller's are out of reach.
 */


#include "ngx_http_mfa_module.h"

#include <jansson.h>

#include "ngx_http_mfa_pages.h"


typedef enum {
    NGX_HTTP_MFA_ADMIN_SHOW = 0,
    NGX_HTTP_MFA_ADMIN_SESSIONS,
    NGX_HTTP_MFA_ADMIN_FACTORS,
    NGX_HTTP_MFA_ADMIN_LIMITS
} ngx_http_mfa_admin_what_e;


typedef enum {
    NGX_HTTP_MFA_ADMIN_FIRST = 0,
    NGX_HTTP_MFA_ADMIN_SAVE,
    NGX_HTTP_MFA_ADMIN_LAST
} ngx_http_mfa_admin_e;


typedef struct {
    void                      **loc_conf;
    u_char                     *uri;
    ngx_uint_t                  what;
    ngx_uint_t                  state;
    ngx_uint_t                  tries;
    ngx_uint_t                  removed;      /* factors */
    const postern_user_t       *user;
    ngx_str_t                   name;
    u_char                      id[MFA_SESSION_ID];
    ngx_http_mfa_account_t      account;
    ngx_http_mfa_list_t         list;
    ngx_http_mfa_end_t          end;
    ngx_http_mfa_proof_t        proof;
    unsigned                    one:1;        /* session, of this id */
} ngx_http_mfa_admin_t;


typedef ngx_int_t (*ngx_http_mfa_admin_pt)(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);


static ngx_int_t ngx_http_mfa_admin_get(ngx_http_request_t *r,
    ngx_http_mfa_admin_t **admin);
static ngx_int_t ngx_http_mfa_admin_begin(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_path(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_session_id(ngx_http_mfa_admin_t *a,
    ngx_str_t *text);
static ngx_int_t ngx_http_mfa_admin_find(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *detail);
static ngx_int_t ngx_http_mfa_admin_show(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_sessions(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_factors(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_limits(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a);
static json_t *ngx_http_mfa_admin_text(postern_str_t s);
static json_t *ngx_http_mfa_admin_json_factors(ngx_http_mfa_admin_t *a);
static json_t *ngx_http_mfa_admin_json_sessions(ngx_http_mfa_admin_t *a);
static ngx_int_t ngx_http_mfa_admin_ended(ngx_http_request_t *r,
    ngx_http_mfa_admin_t *a, const char *code, const char *what, ngx_uint_t n);
static ngx_int_t ngx_http_mfa_admin_send(ngx_http_request_t *r, json_t *json);


static ngx_http_mfa_admin_pt  ngx_http_mfa_admin_handlers[] = {
    ngx_http_mfa_admin_show,
    ngx_http_mfa_admin_sessions,
    ngx_http_mfa_admin_factors,
    ngx_http_mfa_admin_limits
};


/*
 * What rbac allowed in a location that led here says nothing about this one,
 * where it decides anew if it is on.  Before the access phase, which "satisfy
 * any" may cut short.
 */

ngx_int_t
ngx_http_mfa_admin_preaccess(ngx_http_request_t *r)
{
    ngx_http_postern_decision_t   none;
    ngx_http_mfa_loc_conf_t      *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (!mlcf->admin
        || r != r->main
        || postern_api.decision(r, NGX_HTTP_POSTERN_RBAC) == NULL)
    {
        return NGX_DECLINED;
    }

    ngx_memzero(&none, sizeof(ngx_http_postern_decision_t));

    if (postern_api.decide(r, NGX_HTTP_POSTERN_RBAC, &none) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


char *
ngx_http_mfa_admin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (mlcf->admin) {
        return "is duplicate";
    }

    if (mlcf->pages) {
        return "does not go with \"mfa_pages\" in one location";
    }

    if (ngx_http_postern_note(cf, &mlcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    mlcf->admin = 1;
    clcf->handler = ngx_http_mfa_admin_handler;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_mfa_admin_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_mfa_admin_t  *a;

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_mfa_admin_get(r, &a);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_mfa_admin_handlers[a->what](r, a);

    switch (rc) {

    case NGX_AGAIN:
        return ngx_http_mfa_page_wait(r);

    case NGX_DONE:
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "mfa/unavailable",
                                         "What is kept of users cannot be "
                                         "reached now");

    case NGX_DECLINED:
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                                         "mfa/not-found",
                                         "There is nothing of this name");

    case NGX_ERROR:
        return r->header_sent ? NGX_ERROR : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_mfa_admin_get(ngx_http_request_t *r, ngx_http_mfa_admin_t **admin)
{
    ngx_int_t              rc;
    ngx_http_mfa_ctx_t    *ctx;
    ngx_http_mfa_admin_t  *a;

    ctx = ngx_http_mfa_need_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    a = ctx->admin;

    if (a && a->loc_conf == r->loc_conf && a->uri == r->uri.data) {
        *admin = a;
        return NGX_OK;
    }

    a = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_admin_t));
    if (a == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    a->loc_conf = r->loc_conf;
    a->uri = r->uri.data;

    rc = ngx_http_mfa_admin_begin(r, a);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->admin = a;
    *admin = a;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_admin_begin(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    const ngx_http_postern_decision_t  *d;
    const ngx_http_postern_identity_t  *id;

    static ngx_str_t  get = ngx_string("GET, HEAD");
    static ngx_str_t  del = ngx_string("DELETE");

    d = postern_api.decision(r, NGX_HTTP_POSTERN_RBAC);

    id = postern_api.identity(r);

    if (id == NULL
        || d == NULL
        || !postern_str_is(d->verdict, "allow"))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"mfa_admin\" answers only who was identified, by "
                      "\"mfa\" or \"sign\" in front of it, and allowed by "
                      "\"rbac\"");

        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_FORBIDDEN,
                                         "mfa/not-guarded", "");
    }

    if (ngx_http_mfa_admin_path(r, a) != NGX_OK) {
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_NOT_FOUND,
                                         "mfa/not-found",
                                         "There is nothing of this name");
    }

    if (a->what == NGX_HTTP_MFA_ADMIN_SHOW
        ? !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        : r->method != NGX_HTTP_DELETE)
    {
        if (ngx_http_mfa_send_header(r, "Allow",
                                     a->what == NGX_HTTP_MFA_ADMIN_SHOW
                                     ? get : del)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_NOT_ALLOWED,
                                         "mfa/method", "");
    }

    /* what a browser sends by itself must not come from another site's page */

    if (id->session.len && !ngx_http_mfa_form_origin(r)) {
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_FORBIDDEN,
                                         "mfa/cross-site", "");
    }

    return ngx_http_mfa_admin_find(r, a);
}


static ngx_int_t
ngx_http_mfa_admin_path(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    u_char                    *last, *slash;
    ngx_str_t                  rest;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (r->uri.len <= clcf->name.len + sizeof("users/") - 1) {
        return NGX_DECLINED;
    }

    rest.data = r->uri.data + clcf->name.len;
    last = r->uri.data + r->uri.len;

    if (ngx_strncmp(rest.data, "users/", sizeof("users/") - 1) != 0) {
        return NGX_DECLINED;
    }

    a->name.data = rest.data + sizeof("users/") - 1;
    slash = ngx_strlchr(a->name.data, last, '/');

    if (slash == NULL) {
        a->name.len = last - a->name.data;
        a->what = NGX_HTTP_MFA_ADMIN_SHOW;
        return NGX_OK;
    }

    a->name.len = slash - a->name.data;
    rest.data = slash + 1;
    rest.len = last - rest.data;

    if (postern_str_is(rest, "factors")) {
        a->what = NGX_HTTP_MFA_ADMIN_FACTORS;
        return NGX_OK;
    }

    if (postern_str_is(rest, "limits")) {
        a->what = NGX_HTTP_MFA_ADMIN_LIMITS;
        return NGX_OK;
    }

    a->what = NGX_HTTP_MFA_ADMIN_SESSIONS;

    if (postern_str_is(rest, "sessions")) {
        return NGX_OK;
    }

    if (rest.len != sizeof("sessions/") - 1 + 2 * MFA_SESSION_ID
        || ngx_strncmp(rest.data, "sessions/", sizeof("sessions/") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    rest.data += sizeof("sessions/") - 1;

    return ngx_http_mfa_admin_session_id(a, &rest);
}


static ngx_int_t
ngx_http_mfa_admin_session_id(ngx_http_mfa_admin_t *a, ngx_str_t *text)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    for (i = 0; i < MFA_SESSION_ID; i++) {

        n = ngx_hextoi(text->data + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        a->id[i] = (u_char) n;
    }

    a->one = 1;

    return NGX_OK;
}


/* of the caller's organization, disabled or not */

static ngx_int_t
ngx_http_mfa_admin_find(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    ngx_str_t                           org;
    const postern_directory_t          *dir;
    const ngx_http_postern_identity_t  *id;

    id = postern_api.identity(r);
    dir = postern_api.directory(r);

    if (ngx_http_arg(r, (u_char *) "org", 3, &org) == NGX_OK
        && !postern_str_eq(ngx_http_postern_slice(org), id->org->name))
    {
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_FORBIDDEN,
                                         "mfa/organization",
                                         "People of another organization are "
                                         "administrated there");
    }

    a->user = dir ? postern_directory_user(dir, id->org,
                                           ngx_http_postern_slice(a->name))
                  : NULL;

    if (a->user == NULL) {
        return ngx_http_mfa_admin_refuse(r, NGX_HTTP_NOT_FOUND, "mfa/no-user",
                                         "There is no user of this name");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_admin_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *detail)
{
    ngx_http_postern_refusal_t  refusal;

    ngx_http_mfa_page_decide(r, status == NGX_HTTP_SERVICE_UNAVAILABLE
                                ? "error" : "deny", code, NULL);

    ngx_memzero(&refusal, sizeof(ngx_http_postern_refusal_t));

    refusal.status = status;
    refusal.code.data = (u_char *) code;
    refusal.code.len = ngx_strlen(code);
    refusal.detail.data = (u_char *) detail;
    refusal.detail.len = ngx_strlen(detail);

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        refusal.retry_after = NGX_HTTP_MFA_RETRY;
    }

    return postern_api.refuse(r, &refusal);
}


static ngx_int_t
ngx_http_mfa_admin_show(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    json_t         *json;
    unsigned        left;
    ngx_int_t       rc;
    postern_str_t   hashes[MFA_ACCOUNT_RECOVERY];

    if (a->state == NGX_HTTP_MFA_ADMIN_FIRST) {

        rc = ngx_http_mfa_account_load(r, &a->account, a->user);
        if (rc != NGX_OK) {
            return rc;
        }

        a->state = NGX_HTTP_MFA_ADMIN_LAST;
    }

    rc = ngx_http_mfa_session_list(r, &a->list, a->user);
    if (rc != NGX_OK) {
        return rc;
    }

    left = mfa_account_recovery(&a->account.record, a->user, hashes,
                                MFA_ACCOUNT_RECOVERY);

    json = json_object();

    json_object_set_new(json, "org",
                        ngx_http_mfa_admin_text(a->user->org->name));
    json_object_set_new(json, "user", ngx_http_mfa_admin_text(a->user->name));
    json_object_set_new(json, "status",
                        json_string(a->user->status == POSTERN_STATUS_ACTIVE
                                    ? "active" : "disabled"));
    json_object_set_new(json, "factors", ngx_http_mfa_admin_json_factors(a));
    json_object_set_new(json, "recovery", json_integer(left));
    json_object_set_new(json, "sessions", ngx_http_mfa_admin_json_sessions(a));

    ngx_http_mfa_page_decide(r, "allow", "mfa/admin-shown", &a->name);

    return ngx_http_mfa_admin_send(r, json);
}


static json_t *
ngx_http_mfa_admin_text(postern_str_t s)
{
    return json_stringn(s.len ? (const char *) s.data : "", s.len);
}


static json_t *
ngx_http_mfa_admin_json_factors(ngx_http_mfa_admin_t *a)
{
    json_t             *list, *json;
    unsigned            i, n;
    mfa_account_otp_t   otps[MFA_ACCOUNT_ALL], *otp;

    n = mfa_account_otps(&a->account.record, a->user, otps, MFA_ACCOUNT_ALL);
    list = json_array();

    for (i = 0; i < n; i++) {
        otp = &otps[i];
        json = json_object();

        json_object_set_new(json, "id", ngx_http_mfa_admin_text(otp->id));
        json_object_set_new(json, "name", ngx_http_mfa_admin_text(otp->name));
        json_object_set_new(json, "kind",
                            json_string(otp->otp.period ? "totp" : "hotp"));

        if (otp->time) {
            json_object_set_new(json, "time", json_integer(otp->time));
        }

        json_object_set_new(json, "directory", json_boolean(otp->time == 0));
        json_array_append_new(list, json);
    }

    return list;
}


static json_t *
ngx_http_mfa_admin_json_sessions(ngx_http_mfa_admin_t *a)
{
    u_char          id[2 * MFA_SESSION_ID];
    json_t         *list, *json;
    ngx_uint_t      i;
    postern_str_t   text;
    mfa_session_t  *s;

    list = json_array();

    for (i = 0; i < a->list.n; i++) {
        s = &a->list.found[i];
        json = json_object();

        ngx_hex_dump(id, s->id, MFA_SESSION_ID);
        text.data = id;
        text.len = sizeof(id);

        json_object_set_new(json, "id", ngx_http_mfa_admin_text(text));
        json_object_set_new(json, "device", ngx_http_mfa_admin_text(s->label));
        json_object_set_new(json, "address",
                            ngx_http_mfa_admin_text(s->address));
        json_object_set_new(json, "aal", json_integer(s->aal));
        json_object_set_new(json, "created", json_integer(s->created));
        json_object_set_new(json, "last", json_integer(s->last));
        json_array_append_new(list, json);
    }

    return list;
}


static ngx_int_t
ngx_http_mfa_admin_sessions(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    ngx_int_t  rc;

    rc = ngx_http_mfa_session_end(r, &a->end, a->user, a->one ? a->id : NULL,
                                  NULL);

    if (rc == NGX_DECLINED && !a->one) {
        rc = NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_mfa_admin_ended(r, a, "mfa/admin-sessions-ended", "ended",
                                    a->end.ended);
}


/* without a second factor a password alone enrols the next one: so that nobody
   stays signed in by the old one, the sessions end as well */

static ngx_int_t
ngx_http_mfa_admin_factors(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    ngx_int_t       rc;
    mfa_account_t  *account;

    while (a->state != NGX_HTTP_MFA_ADMIN_LAST) {

        if (a->state == NGX_HTTP_MFA_ADMIN_FIRST) {

            rc = ngx_http_mfa_account_load(r, &a->account, a->user);
            if (rc != NGX_OK) {
                return rc;
            }

            account = &a->account.record;
            a->removed = account->ntotp + account->nhotp;

            account->ntotp = 0;
            account->nhotp = 0;
            account->nrecovery = 0;

            a->state = NGX_HTTP_MFA_ADMIN_SAVE;
        }

        rc = ngx_http_mfa_account_save(r, &a->account);

        if (rc == NGX_OK) {
            a->state = NGX_HTTP_MFA_ADMIN_LAST;
            break;
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (++a->tries == NGX_HTTP_MFA_RETRIES) {
            return NGX_DONE;
        }

        ngx_memzero(&a->account, sizeof(ngx_http_mfa_account_t));
        a->state = NGX_HTTP_MFA_ADMIN_FIRST;
    }

    rc = ngx_http_mfa_session_end(r, &a->end, a->user, NULL, NULL);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_mfa_admin_ended(r, a, "mfa/admin-factors-removed",
                                    "removed", a->removed);
}


static ngx_int_t
ngx_http_mfa_admin_limits(ngx_http_request_t *r, ngx_http_mfa_admin_t *a)
{
    ngx_int_t  rc;

    if (a->proof.name.len == 0) {
        a->proof.org = ngx_http_postern_str(a->user->org->name);
        a->proof.name = ngx_http_postern_str(a->user->name);
        a->proof.user = a->user;
    }

    rc = ngx_http_mfa_prove_forget(r, &a->proof);

    if (rc != NGX_OK) {
        return rc;
    }

    if (a->proof.result != NGX_HTTP_MFA_YES) {
        return NGX_DONE;
    }

    return ngx_http_mfa_admin_ended(r, a, "mfa/admin-limits-cleared", NULL, 0);
}


static ngx_int_t
ngx_http_mfa_admin_ended(ngx_http_request_t *r, ngx_http_mfa_admin_t *a,
    const char *code, const char *what, ngx_uint_t n)
{
    json_t  *json;

    ngx_http_mfa_page_decide(r, "allow", code, &a->name);

    json = json_object();
    json_object_set_new(json, "user", ngx_http_mfa_admin_text(a->user->name));

    if (what) {
        json_object_set_new(json, what, json_integer(n));
    }

    return ngx_http_mfa_admin_send(r, json);
}


static ngx_int_t
ngx_http_mfa_admin_send(ngx_http_request_t *r, json_t *json)
{
    char       *text;
    size_t      len;
    ngx_buf_t  *b;

    static ngx_str_t  type = ngx_string("application/json");
    static ngx_str_t  no_store = ngx_string("no-store");

    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);

    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = ngx_strlen(text);
    b = ngx_create_temp_buf(r->pool, len + 1);

    if (b) {
        b->last = ngx_cpymem(b->last, text, len);
        *b->last++ = '\n';
    }

    free(text);

    if (b == NULL
        || ngx_http_mfa_send_header(r, "Cache-Control", no_store) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_send(r, NGX_HTTP_OK, type, b);
}
