
#include "ngx_http_rbac_module.h"


/* what a handler is about to say */

typedef struct {
    ngx_uint_t                     status;
    ngx_http_postern_decision_t    decision;
    ngx_str_t                      shown;      /* to the client */
} ngx_http_rbac_answer_t;


static ngx_int_t ngx_http_rbac_answer(ngx_http_request_t *r,
    ngx_http_rbac_loc_conf_t *rlcf, ngx_http_rbac_target_t *t,
    ngx_http_rbac_answer_t *a);
static ngx_int_t ngx_http_rbac_answer_path(ngx_http_request_t *r,
    ngx_http_rbac_target_t *t, ngx_http_rbac_answer_t *a);
static ngx_int_t ngx_http_rbac_check_org(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id, ngx_http_rbac_answer_t *a);
static ngx_int_t ngx_http_rbac_decide(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id, ngx_http_rbac_answer_t *a);
static void ngx_http_rbac_deny(ngx_http_rbac_answer_t *a, ngx_uint_t status,
    char *code, char *detail);
static ngx_int_t ngx_http_rbac_record(ngx_http_request_t *r,
    ngx_http_rbac_answer_t *a);
static ngx_str_t ngx_http_rbac_shown(ngx_http_request_t *r);
static ngx_int_t ngx_http_rbac_observe(ngx_http_request_t *r,
    ngx_http_rbac_answer_t *a);
static ngx_int_t ngx_http_rbac_refuse(ngx_http_request_t *r,
    ngx_http_rbac_answer_t *a);


#define ngx_http_rbac_set(s, text)                                            \
    (s)->len = ngx_strlen(text); (s)->data = (u_char *) text


/*
 * Runs for the main request, for subrequests, and again after an internal
 * redirect.  NGX_DECLINED is the only way to let a request pass: NGX_OK would
 * skip try_files and mirror.
 */

ngx_int_t
ngx_http_rbac_handler(ngx_http_request_t *r)
{
    ngx_http_rbac_answer_t     a;
    ngx_http_rbac_target_t     t;
    ngx_http_rbac_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_rbac_module);

    if (!rlcf->enable) {
        return NGX_DECLINED;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "rbac handler: %V \"%V\"", &r->method_name, &r->uri);

    ngx_memzero(&a, sizeof(ngx_http_rbac_answer_t));

    if (ngx_http_rbac_answer(r, rlcf, &t, &a) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (a.status == 0) {
        ngx_http_rbac_set(&a.decision.verdict, "allow");

        if (ngx_http_rbac_record(r, &a) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rlcf->mode == NGX_HTTP_RBAC_ENFORCE
            && ngx_http_rbac_target_forward(r, rlcf->path, &t) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_DECLINED;
    }

    if (rlcf->mode == NGX_HTTP_RBAC_OBSERVE) {
        return ngx_http_rbac_observe(r, &a);
    }

    return ngx_http_rbac_refuse(r, &a);
}


/* leaves a->status 0 where the request may pass */

static ngx_int_t
ngx_http_rbac_answer(ngx_http_request_t *r, ngx_http_rbac_loc_conf_t *rlcf,
    ngx_http_rbac_target_t *t, ngx_http_rbac_answer_t *a)
{
    ngx_int_t                           rc;
    const ngx_http_postern_identity_t  *id;

    rc = ngx_http_rbac_target_check(r, rlcf->path, t);

    if (rc == NGX_DECLINED) {
        return ngx_http_rbac_answer_path(r, t, a);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    id = ngx_http_postern_api.identity(r);

    if (id == NULL) {
        ngx_http_rbac_deny(a, NGX_HTTP_UNAUTHORIZED, "rbac/unauthenticated",
                           "nobody authenticated this request");
        return NGX_OK;
    }

    if (ngx_http_rbac_check_org(r, id, a) != NGX_OK) {
        return NGX_ERROR;
    }

    return a->status ? NGX_OK : ngx_http_rbac_decide(r, id, a);
}


static ngx_int_t
ngx_http_rbac_answer_path(ngx_http_request_t *r, ngx_http_rbac_target_t *t,
    ngx_http_rbac_answer_t *a)
{
    u_char      *p;
    size_t       size;
    const char  *text;

    text = rbac_path_text(t->form);
    size = ngx_strlen(text) + sizeof(" at byte  of the rewritten URI")
           + NGX_SIZE_T_LEN;

    p = ngx_pnalloc(r->main->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_rbac_deny(a, NGX_HTTP_BAD_REQUEST, "rbac/path", "");

    a->decision.detail.data = p;
    a->decision.detail.len = ngx_sprintf(p, "%s at byte %uz of the %s", text,
                                         t->at + 1,
                                         t->routed ? "rewritten URI"
                                                   : "target") - p;

    /* of its own target a client may know */

    if (!t->routed) {
        a->shown = a->decision.detail;
    }

    return NGX_OK;
}


/*
 * Whoever authenticated the request has asked this already, but for another
 * location perhaps, before an internal redirect.
 */

static ngx_int_t
ngx_http_rbac_check_org(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id, ngx_http_rbac_answer_t *a)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    rc = ngx_http_postern_api.org(r, &name);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (id->org == NULL
        || !postern_str_eq(id->org->name, ngx_http_postern_slice(name)))
    {
        ngx_http_rbac_deny(a, NGX_HTTP_FORBIDDEN, "rbac/org",
                           "the subject belongs to another organization than "
                           "this location");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_rbac_decide(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id, ngx_http_rbac_answer_t *a)
{
    u_char               *p;
    size_t                len;
    char                  reason[RBAC_REASON_MAX];
    rbac_verdict_t        v;
    postern_str_t         method, path;
    const rbac_policy_t  *policy;

    policy = ngx_http_postern_api.built(r, NGX_HTTP_POSTERN_RBAC);

    if (policy == NULL) {
        ngx_http_rbac_deny(a, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "rbac/unavailable", "there is no policy");
        ngx_http_rbac_set(&a->decision.verdict, "error");
        return NGX_OK;
    }

    method = ngx_http_postern_slice(r->method_name);
    path = ngx_http_postern_slice(r->uri);

    (void) rbac_decide(policy, id->org, id->roles, id->nroles, method, path,
                       &v);

    len = rbac_reason(policy, id->org, &v, method, path, reason,
                      sizeof(reason));

    p = ngx_pnalloc(r->main->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, reason, len);

    if (v.code != RBAC_ALLOW) {
        ngx_http_rbac_deny(a, NGX_HTTP_FORBIDDEN, "", "");
        a->decision.code = ngx_http_postern_str(rbac_code(v.code));
    }

    a->decision.detail.data = p;
    a->decision.detail.len = len;

    return NGX_OK;
}


static void
ngx_http_rbac_deny(ngx_http_rbac_answer_t *a, ngx_uint_t status, char *code,
    char *detail)
{
    a->status = status;

    ngx_http_rbac_set(&a->decision.verdict, "deny");
    ngx_http_rbac_set(&a->decision.code, code);
    ngx_http_rbac_set(&a->decision.detail, detail);
}


/* what is known of a request is what was decided of the main one; subrequests
   count only where that was not decided on at all */

static ngx_int_t
ngx_http_rbac_record(ngx_http_request_t *r, ngx_http_rbac_answer_t *a)
{
    if (r != r->main
        && ngx_http_postern_api.decision(r, NGX_HTTP_POSTERN_RBAC) != NULL)
    {
        return NGX_OK;
    }

    return ngx_http_postern_api.decide(r, NGX_HTTP_POSTERN_RBAC,
                                       &a->decision);
}


/* The path for the log.  It is decoded: a client that sends "%0A" must not
   begin a line there. */

static ngx_str_t
ngx_http_rbac_shown(ngx_http_request_t *r)
{
    u_char         *p;
    size_t          i;
    ngx_str_t       shown;
    postern_str_t   path;

    shown = r->uri;

    for (i = 0; i < shown.len; i++) {
        if (shown.data[i] < 0x20 || shown.data[i] == 0x7f) {
            break;
        }
    }

    if (i == shown.len) {
        return shown;
    }

    path = ngx_http_postern_slice(shown);
    ngx_str_null(&shown);

    p = ngx_pnalloc(r->pool, 3 * path.len);

    if (p != NULL) {
        shown.len = rbac_path_escape(path, p);
        shown.data = p;
    }

    return shown;
}


static ngx_int_t
ngx_http_rbac_observe(ngx_http_request_t *r, ngx_http_rbac_answer_t *a)
{
    ngx_str_t  path;

    path = ngx_http_rbac_shown(r);
    ngx_http_rbac_set(&a->decision.verdict, "observe");

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "rbac would deny %V \"%V\": %V: %V", &r->method_name,
                  &path, &a->decision.code, &a->decision.detail);

    if (ngx_http_rbac_record(r, a) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_rbac_refuse(ngx_http_request_t *r, ngx_http_rbac_answer_t *a)
{
    ngx_str_t                   path;
    ngx_uint_t                  level;
    ngx_http_postern_refusal_t  refusal;

    path = ngx_http_rbac_shown(r);

    level = (a->status == NGX_HTTP_SERVICE_UNAVAILABLE) ? NGX_LOG_ERR
                                                        : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "rbac denied %V \"%V\": %V: %V", &r->method_name, &path,
                  &a->decision.code, &a->decision.detail);

    if (ngx_http_rbac_record(r, a) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the answer of a subrequest is not the client's */

    if (r != r->main) {
        return a->status;
    }

    ngx_memzero(&refusal, sizeof(ngx_http_postern_refusal_t));

    refusal.status = a->status;
    refusal.code = a->decision.code;
    refusal.detail = a->shown;

    if (a->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        refusal.retry_after = 1;
    }

    return ngx_http_postern_api.refuse(r, &refusal);
}
