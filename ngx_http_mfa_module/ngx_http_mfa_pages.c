
/*
 * The pages: which one is meant, who may come to it, and how it waits.
 */


#include "ngx_http_mfa_pages.h"


typedef enum {
    NGX_HTTP_MFA_STEP_BODY = 0,
    NGX_HTTP_MFA_STEP_SESSION,
    NGX_HTTP_MFA_STEP_ACCOUNT,
    NGX_HTTP_MFA_STEP_ADMIT,
    NGX_HTTP_MFA_STEP_PAGE
} ngx_http_mfa_step_e;


static ngx_http_mfa_page_t *ngx_http_mfa_page_get(ngx_http_request_t *r);
static ngx_int_t ngx_http_mfa_page_open(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static const ngx_http_mfa_route_t *ngx_http_mfa_page_route(ngx_str_t *uri,
    ngx_str_t *base);
static ngx_int_t ngx_http_mfa_page_return(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_run(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_session(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_identify(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);
static ngx_int_t ngx_http_mfa_page_account(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_admit(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_flag_t ngx_http_mfa_page_allowed(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_method(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_home(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


static const ngx_http_mfa_route_t  ngx_http_mfa_routes[] = {

    { ngx_string("sign-in"), NGX_HTTP_MFA_OPEN, ngx_http_mfa_sign_in_get,
      ngx_http_mfa_sign_in_post, ngx_http_mfa_sign_in_get, 0 },

    { ngx_string("code"), NGX_HTTP_MFA_SIGNED, ngx_http_mfa_code_get,
      ngx_http_mfa_code_post, ngx_http_mfa_code_get, 0 },

    { ngx_string("recovery"), NGX_HTTP_MFA_SIGNED, ngx_http_mfa_recovery_get,
      ngx_http_mfa_recovery_post, ngx_http_mfa_recovery_get, 0 },

    { ngx_string("enrol"), NGX_HTTP_MFA_SIGNED, ngx_http_mfa_enrol_get,
      ngx_http_mfa_enrol_post, ngx_http_mfa_enrol_get, 0 },

    { ngx_string("recovery-codes"), NGX_HTTP_MFA_OWNER, ngx_http_mfa_codes_get,
      ngx_http_mfa_codes_post, ngx_http_mfa_codes_get, 0 },

    { ngx_string("account"), NGX_HTTP_MFA_OWNER, ngx_http_mfa_account_get,
      NULL, NULL, 0 },

    { ngx_string("sessions"), NGX_HTTP_MFA_OWNER, ngx_http_mfa_home,
      ngx_http_mfa_sessions_post, ngx_http_mfa_account_get, 0 },

    { ngx_string("factors"), NGX_HTTP_MFA_OWNER, ngx_http_mfa_home,
      ngx_http_mfa_factors_post, ngx_http_mfa_account_get, 0 },

    { ngx_string("password"), NGX_HTTP_MFA_OWNER, ngx_http_mfa_password_get,
      ngx_http_mfa_password_post, ngx_http_mfa_password_get, 0 },

    { ngx_string("sign-out"), NGX_HTTP_MFA_OPEN, ngx_http_mfa_sign_out_get,
      ngx_http_mfa_sign_out_post, ngx_http_mfa_sign_out_get, 0 },

    { ngx_string("style.css"), NGX_HTTP_MFA_OPEN, ngx_http_mfa_style_get,
      NULL, NULL, 1 },

    { ngx_string("logo"), NGX_HTTP_MFA_OPEN, ngx_http_mfa_logo_get,
      NULL, NULL, 1 },

    { ngx_string(""), NGX_HTTP_MFA_OPEN, ngx_http_mfa_home, NULL, NULL, 1 },

    { ngx_null_string, NGX_HTTP_MFA_OPEN, NULL, NULL, NULL, 0 }
};


ngx_int_t
ngx_http_mfa_pages_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_mfa_page_t  *p;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    p = ngx_http_mfa_page_get(r);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->route == NULL) {
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_NOT_FOUND, "not_found");
    }

    if (p->step == NGX_HTTP_MFA_STEP_BODY) {

        if (!ngx_http_mfa_page_allowed(r, p)) {
            return ngx_http_mfa_page_method(r, p);
        }

        if (p->route->asset) {
            return p->route->get(r, p);
        }

        if (p->post && !p->read) {
            return ngx_http_mfa_form_read(r, p);
        }

        p->step = NGX_HTTP_MFA_STEP_SESSION;
    }

    rc = ngx_http_mfa_page_run(r, p);

    return (rc == NGX_AGAIN) ? ngx_http_mfa_page_wait(r) : rc;
}


/*
 * The content phase takes NGX_DONE for the end of its share in the request: it
 * gives one reference back, which is taken here first.  The one that is left is
 * the request's own, so that its end needs no care.  Whoever wakes the request
 * calls its write event handler; content handlers start with an empty one.
 */

ngx_int_t
ngx_http_mfa_page_wait(ngx_http_request_t *r)
{
    r->main->count++;
    r->write_event_handler = ngx_http_core_run_phases;

    return NGX_DONE;
}


static ngx_http_mfa_page_t *
ngx_http_mfa_page_get(ngx_http_request_t *r)
{
    ngx_http_mfa_ctx_t   *ctx;
    ngx_http_mfa_page_t  *p;

    ctx = ngx_http_mfa_need_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    p = ctx->page;

    if (p && p->loc_conf == r->loc_conf && p->uri == r->uri.data) {
        return p;
    }

    p = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_page_t));
    if (p == NULL || ngx_http_mfa_page_open(r, p) != NGX_OK) {
        return NULL;
    }

    /* what a guard has loaded was loaded by the limits of its location */

    ngx_memzero(&ctx->session, sizeof(ngx_http_mfa_session_t));
    ctx->settled = 0;
    ctx->page = p;

    return p;
}


static ngx_int_t
ngx_http_mfa_page_open(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t                  value;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p->conf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    p->loc_conf = r->loc_conf;
    p->uri = r->uri.data;
    p->base = clcf->name;
    p->status = NGX_HTTP_OK;
    p->began = ngx_http_mfa_now();
    p->post = (r->method == NGX_HTTP_POST);
    p->route = ngx_http_mfa_page_route(&r->uri, &p->base);

    if (ngx_http_arg(r, (u_char *) "again", 5, &value) == NGX_OK) {
        p->again = (value.len == 1 && value.data[0] == '1');
    }

    if (!p->post) {
        (void) ngx_http_arg(r, (u_char *) "notice", 6, &p->notice);

        return ngx_http_mfa_page_return(r, p);
    }

    return NGX_OK;
}


static const ngx_http_mfa_route_t *
ngx_http_mfa_page_route(ngx_str_t *uri, ngx_str_t *base)
{
    ngx_str_t                    name;
    const ngx_http_mfa_route_t  *route;

    if (uri->len < base->len) {
        return NULL;
    }

    name.len = uri->len - base->len;
    name.data = uri->data + base->len;

    for (route = ngx_http_mfa_routes; route->get; route++) {
        if (route->name.len == name.len
            && ngx_memcmp(route->name.data, name.data, name.len) == 0)
        {
            return route;
        }
    }

    return NULL;
}


/* to=, as it stands in the address of a page */

static ngx_int_t
ngx_http_mfa_page_return(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    u_char     *dst, *src;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) "to", 2, &value) != NGX_OK
        || value.len > 3 * MFA_RETURN_MAX)
    {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, value.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    p->to.data = dst;
    src = value.data;

    ngx_unescape_uri(&dst, &src, value.len, 0);

    p->to.len = dst - p->to.data;

    if (!mfa_return_allowed(ngx_http_postern_slice(p->to))) {
        ngx_str_null(&p->to);
    }

    return NGX_OK;
}


static ngx_flag_t
ngx_http_mfa_page_allowed(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    return (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
           || (p->post && p->route->post);
}


static ngx_int_t
ngx_http_mfa_page_method(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    static ngx_str_t  get = ngx_string("GET, HEAD");
    static ngx_str_t  post = ngx_string("GET, HEAD, POST");

    if (ngx_http_mfa_send_header(r, "Allow", p->route->post ? post : get)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_page_error(r, p, NGX_HTTP_NOT_ALLOWED, "method");
}


static ngx_int_t
ngx_http_mfa_page_run(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t  rc;

    if (p->step == NGX_HTTP_MFA_STEP_SESSION) {

        rc = ngx_http_mfa_page_session(r, p);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->step = p->session ? NGX_HTTP_MFA_STEP_ACCOUNT
                             : NGX_HTTP_MFA_STEP_ADMIT;
    }

    if (p->step == NGX_HTTP_MFA_STEP_ACCOUNT) {

        rc = ngx_http_mfa_page_account(r, p);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->step = NGX_HTTP_MFA_STEP_ADMIT;
    }

    if (p->step == NGX_HTTP_MFA_STEP_ADMIT) {

        p->step = NGX_HTTP_MFA_STEP_PAGE;

        return ngx_http_mfa_page_admit(r, p);
    }

    return p->run(r, p);
}


static ngx_int_t
ngx_http_mfa_page_session(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t            rc;
    ngx_http_mfa_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_MFA);

    rc = ngx_http_mfa_session_load(r, &ctx->session);

    if (rc == NGX_OK) {
        p->session = &ctx->session;
        p->key = ctx->session.key;

    } else if (rc != NGX_DECLINED) {
        return rc;
    }

    ctx->settled = 1;
    ctx->answer = rc;

    return p->session ? ngx_http_mfa_page_identify(r, p->session) : NGX_OK;
}


/* who did it, for the audit */

static ngx_int_t
ngx_http_mfa_page_identify(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    u_char                       *name;
    ngx_http_postern_identity_t   id;

    name = ngx_pnalloc(r->main->pool, 2 * MFA_SESSION_ID);
    if (name == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_session_identity(s, name, &id);

    return postern_api.authenticated(r, &id);
}


static ngx_int_t
ngx_http_mfa_page_account(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t              rc;
    const postern_user_t  *user;

    user = p->session->user;

    rc = ngx_http_mfa_account_load(r, &p->account, user);

    if (rc == NGX_OK) {
        p->known = 1;
        p->has_factor = mfa_account_has_factor(&p->account.record, user) != 0;
    }

    return rc;
}


/* forms come after who sent them: where nobody is signed in any more, to sign
   in anew says more than that a form is out of date */

static ngx_int_t
ngx_http_mfa_page_admit(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    const ngx_http_mfa_route_t  *route;

    route = p->route;

    if (route->needs != NGX_HTTP_MFA_OPEN && p->session == NULL) {

        if (route->get == ngx_http_mfa_code_get
            || route->get == ngx_http_mfa_recovery_get)
        {
            return ngx_http_mfa_page_go(r, p, "sign-in", 0, NULL);
        }

        return ngx_http_mfa_page_via(r, p, "sign-in", 0);
    }

    if (route->needs == NGX_HTTP_MFA_OWNER
        && p->session->session.aal < 2
        && p->has_factor)
    {
        return ngx_http_mfa_page_via(r, p, "code", 0);
    }

    if (!p->post) {
        p->run = route->get;

        return p->run(r, p);
    }

    if (p->too_large) {
        return ngx_http_mfa_page_error(r, p,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "too_large");
    }

    if (p->malformed) {
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_BAD_REQUEST,
                                       "malformed");
    }

    /* who has no session can only lose a cookie that is good for nothing */

    if (!(p->session == NULL && route->post == ngx_http_mfa_sign_out_post)
        && !ngx_http_mfa_form_ours(r, p))
    {
        ngx_http_mfa_page_decide(r, "deny", "mfa/form", NULL);

        p->error = "expired";
        p->status = NGX_HTTP_FORBIDDEN;

        return ngx_http_mfa_page_show(r, p);
    }

    p->run = route->post;

    return p->run(r, p);
}


ngx_int_t
ngx_http_mfa_page_show(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    p->run = p->route->show;
    p->state = 0;
    p->data = NULL;

    return p->run(r, p);
}


static ngx_int_t
ngx_http_mfa_home(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    return ngx_http_mfa_page_go(r, p, "account", 0, NULL);
}


void *
ngx_http_mfa_page_data(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    size_t size)
{
    if (p->data == NULL) {
        p->data = ngx_pcalloc(r->pool, size);
    }

    return p->data;
}


ngx_int_t
ngx_http_mfa_page_fail(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_int_t rc)
{
    switch (rc) {

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DECLINED:
        ngx_http_mfa_page_decide(r, "deny", "mfa/ended", NULL);
        return ngx_http_mfa_page_go(r, p, "sign-in", 0, NULL);

    case NGX_DONE:
        ngx_http_mfa_page_decide(r, "error", "mfa/unavailable", NULL);
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "unavailable");

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


ngx_int_t
ngx_http_mfa_page_busy(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_http_mfa_page_decide(r, "error", "mfa/busy", NULL);

    return ngx_http_mfa_page_error(r, p, NGX_HTTP_SERVICE_UNAVAILABLE, "busy");
}


/* one answer for everything that was wrong: who knows no better learns nothing
   from it */

ngx_int_t
ngx_http_mfa_page_unproven(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_proof_t *proof, const char *what)
{
    char  *code;

    switch (proof->result) {

    case NGX_HTTP_MFA_BUSY:
        return ngx_http_mfa_page_busy(r, p);

    case NGX_HTTP_MFA_UNAVAILABLE:
        return ngx_http_mfa_page_fail(r, p, NGX_DONE);

    case NGX_HTTP_MFA_WAIT:
        ngx_http_mfa_page_decide(r, "deny", "mfa/wait", &proof->name);

        p->status = NGX_HTTP_TOO_MANY_REQUESTS;
        p->error = "wait";
        p->wait = proof->wait;
        break;

    case NGX_HTTP_MFA_USED:
        ngx_http_mfa_page_decide(r, "deny", "mfa/code-used", &proof->name);

        p->status = NGX_HTTP_UNAUTHORIZED;
        p->error = "used";
        break;

    default:
        code = ngx_pnalloc(r->pool, sizeof("mfa/-wrong") + ngx_strlen(what));
        if (code == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_sprintf((u_char *) code, "mfa/%s-wrong%Z", what);
        ngx_http_mfa_page_decide(r, "deny", code, &proof->name);

        p->status = NGX_HTTP_UNAUTHORIZED;
        p->error = "failed";
    }

    return ngx_http_mfa_page_show(r, p);
}


ngx_int_t
ngx_http_mfa_page_proven(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const postern_user_t *user, ngx_uint_t amr, ngx_uint_t aal)
{
    ngx_int_t                rc;
    mfa_session_t           *s;
    ngx_http_mfa_session_t  *old;

    s = &p->next.session;

    if (s->aal == 0) {
        s->aal = aal;
        s->amr = amr;

        if (aal == 2) {
            s->amr |= p->session->session.amr;
            s->password_time = p->session->session.password_time;
        }

        if (amr & MFA_AMR_PWD) {
            s->password_time = ngx_time();
        }

        if (aal == 2) {
            s->factor_time = ngx_time();
        }
    }

    /* a password begins a session, all else goes on with one: what has run out
       somewhere must not be carried on by signing in anew */

    old = (s->aal == 1 && amr == MFA_AMR_PWD) ? NULL : p->session;

    rc = ngx_http_mfa_session_start(r, &p->next, user, old, p->began);

    if (rc == NGX_OK) {
        p->key = p->next.key;
    }

    return rc;
}


void
ngx_http_mfa_page_decide(ngx_http_request_t *r, const char *verdict,
    const char *code, ngx_str_t *who)
{
    u_char                       *p;
    ngx_http_postern_decision_t   d;

    ngx_memzero(&d, sizeof(ngx_http_postern_decision_t));

    d.verdict.len = ngx_strlen(verdict);
    d.verdict.data = (u_char *) verdict;
    d.code.len = ngx_strlen(code);
    d.code.data = (u_char *) code;

    if (who && who->len) {
        p = ngx_pnalloc(r->main->pool, sizeof("user ") + who->len);

        if (p) {
            d.detail.data = p;
            d.detail.len = ngx_sprintf(p, "user %V", who) - p;
        }
    }

    (void) postern_api.decide(r, NGX_HTTP_POSTERN_MFA, &d);
}


int64_t
ngx_http_mfa_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}
