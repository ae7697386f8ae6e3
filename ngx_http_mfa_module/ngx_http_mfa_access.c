
/*
 * The guard: who comes by is asked for a session, or for a code where sign has
 * found out whose key it was.
 *
 *     start ---> [session] ---> judged
 *       |
 *       +------> code ---> [proof] ---> judged
 *
 * What a request has shown is found out once; whether it is enough is judged
 * anew in each location that an internal redirect leads to.
 */


#include "ngx_http_mfa_module.h"
#include "ngx_http_mfa_guard.h"


static ngx_http_mfa_guard_t *ngx_http_mfa_need_guard(ngx_http_request_t *r,
    ngx_http_mfa_ctx_t *ctx);
static ngx_uint_t ngx_http_mfa_is_signed(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);
static ngx_int_t ngx_http_mfa_session_guard(ngx_http_request_t *r,
    ngx_http_mfa_ctx_t *ctx, ngx_http_mfa_guard_t *guard);
static ngx_int_t ngx_http_mfa_judge(ngx_http_request_t *r,
    ngx_http_mfa_ctx_t *ctx, ngx_http_mfa_guard_t *guard);
static ngx_int_t ngx_http_mfa_no_session(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s, ngx_http_mfa_guard_t *guard);
static ngx_uint_t ngx_http_mfa_sign_refused(ngx_http_request_t *r);
static ngx_int_t ngx_http_mfa_identify(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s, ngx_http_mfa_guard_t *guard);


ngx_int_t
ngx_http_mfa_access_handler(ngx_http_request_t *r)
{
    ngx_http_mfa_ctx_t       *ctx;
    ngx_http_mfa_guard_t     *guard;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    /* the pages themselves are for those who have no session yet */

    if (!mlcf->enable || mlcf->pages) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_mfa_need_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    guard = ngx_http_mfa_need_guard(r, ctx);
    if (guard == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (mlcf->code_header.len && ngx_http_mfa_take_code(r, guard) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_mfa_is_signed(r, guard)) {
        return ngx_http_mfa_signed(r, guard);
    }

    return ngx_http_mfa_session_guard(r, ctx, guard);
}


static ngx_http_mfa_guard_t *
ngx_http_mfa_need_guard(ngx_http_request_t *r, ngx_http_mfa_ctx_t *ctx)
{
    if (ctx->guard == NULL) {
        ctx->guard = ngx_pcalloc(r->main->pool, sizeof(ngx_http_mfa_guard_t));
    }

    return ctx->guard;
}


/* an identity without a session is that of a key, as long as sign does not take
   it back in another location */

static ngx_uint_t
ngx_http_mfa_is_signed(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    const ngx_http_postern_identity_t  *id;

    id = postern_api.identity(r);

    if (id == NULL || id->session.len) {
        return 0;
    }

    if (!guard->key) {
        guard->identity = *id;
        guard->key = 1;
    }

    return 1;
}


static ngx_int_t
ngx_http_mfa_session_guard(ngx_http_request_t *r, ngx_http_mfa_ctx_t *ctx,
    ngx_http_mfa_guard_t *guard)
{
    ngx_int_t  rc;

    /* loaded before, or being loaded: in both cases it says what it knows */

    rc = ngx_http_mfa_session_load(r, &ctx->session);

    switch (rc) {

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_OK:
        ctx->settled = 1;
        ctx->answer = rc;
        return ngx_http_mfa_judge(r, ctx, guard);

    case NGX_DECLINED:
        ctx->settled = 1;
        ctx->answer = rc;
        return ngx_http_mfa_no_session(r, &ctx->session, guard);

    case NGX_DONE:
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_UNAVAILABLE, 0);

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


static ngx_int_t
ngx_http_mfa_judge(ngx_http_request_t *r, ngx_http_mfa_ctx_t *ctx,
    ngx_http_mfa_guard_t *guard)
{
    ngx_http_mfa_session_t   *s;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    s = &ctx->session;

    switch (mfa_session_check(&s->session, &mlcf->limits, mlcf->aal,
                              mlcf->max_age, ngx_time()))
    {
    case MFA_SESSION_OK:
        return ngx_http_mfa_identify(r, s, guard);

    case MFA_SESSION_LOW:
        return ngx_http_mfa_ask(r, guard, NGX_HTTP_MFA_CODE_STEP_UP, "code?");

    case MFA_SESSION_OLD:
        return ngx_http_mfa_ask(r, guard, NGX_HTTP_MFA_CODE_TOO_OLD,
                                "code?again=1&");

    default: /* MFA_SESSION_IDLE, MFA_SESSION_EXPIRED */
        return ngx_http_mfa_ask(r, guard, NGX_HTTP_MFA_CODE_ENDED,
                                "sign-in?again=1&");
    }
}


static ngx_int_t
ngx_http_mfa_no_session(ngx_http_request_t *r, ngx_http_mfa_session_t *s,
    ngx_http_mfa_guard_t *guard)
{
    if (s->why != NGX_HTTP_MFA_NONE) {
        return ngx_http_mfa_ask(r, guard, NGX_HTTP_MFA_CODE_ENDED,
                                "sign-in?again=1&");
    }

    if (ngx_http_mfa_sign_refused(r)) {
        return NGX_DECLINED;
    }

    return ngx_http_mfa_ask(r, guard, NGX_HTTP_MFA_CODE_SIGN_IN, "sign-in?");
}


/*
 * With "satisfy any", whoever came with a signature and without a session wants
 * to know what is wrong with the signature.  Somebody has refused in this very
 * phase, or to decline would be to let in.
 */

static ngx_uint_t
ngx_http_mfa_sign_refused(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t           *clcf;
    const ngx_http_postern_decision_t  *decision;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy != NGX_HTTP_SATISFY_ANY || r->access_code == 0) {
        return 0;
    }

    decision = postern_api.decision(r, NGX_HTTP_POSTERN_SIGN);

    return decision
           && decision->verdict.len == sizeof("deny") - 1
           && !postern_str_is(decision->code, "sign/missing");
}


static ngx_int_t
ngx_http_mfa_identify(ngx_http_request_t *r, ngx_http_mfa_session_t *s,
    ngx_http_mfa_guard_t *guard)
{
    ngx_http_postern_identity_t   id;
    ngx_http_postern_decision_t   decision;

    if (guard->allowed) {
        return NGX_OK;
    }

    ngx_http_mfa_session_identity(s, guard->id, &id);

    if (postern_api.authenticated(r, &id) != NGX_OK
        || ngx_http_mfa_hide_cookies(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    ngx_str_set(&decision.verdict, "allow");
    ngx_str_set(&decision.code, "mfa/session");

    if (postern_api.decide(r, NGX_HTTP_POSTERN_MFA, &decision) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    guard->allowed = 1;
    ngx_str_null(&guard->error);

    return NGX_OK;
}
