
/*
 * How the guard says no: to a page that helps, for people; with a problem
 * document, for everybody else.
 */


#include "ngx_http_mfa_module.h"
#include "ngx_http_mfa_guard.h"


typedef struct {
    ngx_uint_t   status;
    ngx_str_t    verdict;
    ngx_str_t    code;
    ngx_str_t    detail;
} ngx_http_mfa_answer_t;


static void ngx_http_mfa_decide(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard, ngx_http_mfa_code_e code);
static ngx_int_t ngx_http_mfa_send_to(ngx_http_request_t *r,
    ngx_str_t *pages, const char *page);
static ngx_uint_t ngx_http_mfa_is_browser(ngx_http_request_t *r);
static ngx_uint_t ngx_http_mfa_header_is(ngx_http_request_t *r,
    const char *name, const char *value);


/* in the order of ngx_http_mfa_code_e */

static ngx_http_mfa_answer_t  ngx_http_mfa_answers[] = {

    { 401, ngx_string("deny"), ngx_string("mfa/sign-in"),
      ngx_string("Sign in first.") },

    { 401, ngx_string("deny"), ngx_string("mfa/ended"),
      ngx_string("The session has ended. Sign in again.") },

    { 401, ngx_string("deny"), ngx_string("mfa/step-up"),
      ngx_string("A second factor is needed.") },

    { 401, ngx_string("deny"), ngx_string("mfa/too-old"),
      ngx_string("The sign-in was too long ago. Prove anew who you are.") },

    { 401, ngx_string("deny"), ngx_string("mfa/code-needed"),
      ngx_string("A one-time code is needed.") },

    { 401, ngx_string("deny"), ngx_string("mfa/code"),
      ngx_string("The one-time code is wrong.") },

    { 401, ngx_string("deny"), ngx_string("mfa/code-used"),
      ngx_string("The one-time code was used before. Wait for the next one.") },

    { 429, ngx_string("deny"), ngx_string("mfa/wait"),
      ngx_string("Too many wrong codes. Wait.") },

    { 403, ngx_string("deny"), ngx_string("mfa/locked"),
      ngx_string("Too many wrong codes. An administrator can help.") },

    { 403, ngx_string("deny"), ngx_string("mfa/no-person"),
      ngx_string("The key belongs to nobody who could give a code.") },

    { 503, ngx_string("error"), ngx_string("mfa/unavailable"),
      ngx_string("Sessions cannot be looked up. Try again soon.") }
};


ngx_int_t
ngx_http_mfa_refuse(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard,
    ngx_http_mfa_code_e code, time_t wait)
{
    u_char                      *p;
    ngx_http_mfa_answer_t       *answer;
    ngx_http_mfa_loc_conf_t     *mlcf;
    ngx_http_postern_refusal_t   refusal;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    answer = &ngx_http_mfa_answers[code];

    ngx_http_mfa_decide(r, guard, code);

    ngx_memzero(&refusal, sizeof(ngx_http_postern_refusal_t));

    refusal.status = answer->status;
    refusal.code = answer->code;
    refusal.detail = answer->detail;
    refusal.retry_after = wait;

    if (answer->status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        refusal.retry_after = NGX_HTTP_MFA_RETRY_AFTER;
    }

    if (answer->status == NGX_HTTP_UNAUTHORIZED) {
        refusal.www_authenticate = mlcf->authenticate;
    }

    if (code == NGX_HTTP_MFA_CODE_NEEDED && mlcf->code_header.len) {
        p = ngx_pnalloc(r->main->pool, sizeof("Send a one-time code in the "
                                              "header \"\".")
                                       + mlcf->code_header.len);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        refusal.detail.data = p;
        refusal.detail.len = ngx_sprintf(p, "Send a one-time code in the "
                                         "header \"%V\".",
                                         &mlcf->code_header)
                             - p;
    }

    return postern_api.refuse(r, &refusal);
}


/* what an error is worth to variables and the audit record */

static void
ngx_http_mfa_decide(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard,
    ngx_http_mfa_code_e code)
{
    ngx_uint_t                          level;
    ngx_http_mfa_answer_t              *answer;
    ngx_http_postern_decision_t         decision;
    const ngx_http_postern_identity_t  *id;

    answer = &ngx_http_mfa_answers[code];

    level = (answer->status == NGX_HTTP_SERVICE_UNAVAILABLE)
            ? NGX_LOG_ERR : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0, "mfa refuses: %V",
                  &answer->code);

    guard->error = answer->code;
    guard->allowed = 0;

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    decision.verdict = answer->verdict;
    decision.code = answer->code;

    (void) postern_api.decide(r, NGX_HTTP_POSTERN_MFA, &decision);

    /* a session that was good before an internal redirect is not good here;
       what a key has signed stays signed */

    id = postern_api.identity(r);

    if (id && id->session.len) {
        (void) postern_api.authenticated(r, NULL);
    }
}


ngx_int_t
ngx_http_mfa_ask(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard,
    ngx_http_mfa_code_e code, const char *page)
{
    ngx_http_mfa_srv_conf_t  *mscf;

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);

    if (mscf->pages.len == 0 || !ngx_http_mfa_is_browser(r)) {
        return ngx_http_mfa_refuse(r, guard, code, 0);
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        ngx_http_mfa_decide(r, guard, code);

        return ngx_http_mfa_send_to(r, &mscf->pages, page);
    }

    /* a form would be lost on the way to the pages: say so */

    if (code == NGX_HTTP_MFA_CODE_SIGN_IN) {
        return ngx_http_mfa_refuse(r, guard, code, 0);
    }

    (void) ngx_http_mfa_refuse(r, guard, code, 0);

    return ngx_http_mfa_show(r, MFA_PAGE_RESEND, NGX_HTTP_UNAUTHORIZED,
                             code != NGX_HTTP_MFA_CODE_ENDED);
}


/*
 * Back to what the client asked for, as it spelled it: nginx may have rewritten
 * the path since.  What no page would send people back to is left out.
 */

static ngx_int_t
ngx_http_mfa_send_to(ngx_http_request_t *r, ngx_str_t *pages,
    const char *page)
{
    u_char         *p;
    size_t          len, size;
    ngx_str_t       to;
    postern_str_t   target;

    target = ngx_http_postern_slice(r->unparsed_uri);

    if (!mfa_return_allowed(target)) {
        target.len = 0;
    }

    len = ngx_strlen(page);
    size = 3 * target.len + 1;

    p = ngx_pnalloc(r->pool, pages->len + len + sizeof("to=") - 1 + size);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    to.data = p;

    p = ngx_cpymem(p, pages->data, pages->len);
    p = ngx_cpymem(p, page, len);

    if (target.len) {
        p = ngx_cpymem(p, "to=", sizeof("to=") - 1);
        p += mfa_escape(target, (char *) p, size);

    } else {
        p--;      /* "?" or "&" */
    }

    to.len = p - to.data;

    return ngx_http_mfa_redirect(r, &to);
}


/*
 * Scripts, sockets and gRPC must not be led to a page: a browser says what it
 * fetches for, and others ask for no HTML.
 */

static ngx_uint_t
ngx_http_mfa_is_browser(ngx_http_request_t *r)
{
    ngx_table_elt_t  *accept, *mode;

    if (r->headers_in.upgrade) {
        return 0;
    }

    mode = ngx_http_mfa_header(r, "sec-fetch-mode");

    if (mode && (mode->value.len != sizeof("navigate") - 1
                 || ngx_strncmp(mode->value.data, "navigate",
                                sizeof("navigate") - 1) != 0))
    {
        return 0;
    }

    if (ngx_http_mfa_header_is(r, "x-requested-with", "XMLHttpRequest")) {
        return 0;
    }

    accept = ngx_http_mfa_header(r, "accept");

    return accept
           && mfa_accepts_html(ngx_http_postern_slice(accept->value));
}


static ngx_uint_t
ngx_http_mfa_header_is(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_http_mfa_header(r, name);

    return h && h->value.len == ngx_strlen(value)
           && ngx_strncasecmp(h->value.data, (u_char *) value, h->value.len)
              == 0;
}
