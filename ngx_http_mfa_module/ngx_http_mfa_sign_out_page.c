
/*
 * The end of a session, by its owner.
 */


#include "ngx_http_mfa_pages.h"


ngx_int_t
ngx_http_mfa_sign_out_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_mfa_flag(p, "done", p->session == NULL);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_SIGN_OUT);
}


ngx_int_t
ngx_http_mfa_sign_out_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t            rc;
    ngx_str_t            who;
    ngx_http_mfa_end_t  *e;

    e = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_end_t));
    if (e == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->session) {
        e->own = p->session->key;

        rc = ngx_http_mfa_session_end(r, e, p->session->user,
                                      p->session->session.id, NULL);

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        who = ngx_http_postern_str(p->session->user->name);
        ngx_http_mfa_page_decide(r, "allow", "mfa/signed-out", &who);
    }

    if (ngx_http_mfa_page_forget(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p->session = NULL;
    p->key = NULL;

    return ngx_http_mfa_sign_out_get(r, p);
}


/* The browser forgets the session, and with it what it keeps of the application
   for its back button, which knows nothing of sessions. */

ngx_int_t
ngx_http_mfa_page_forget(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t         none;
    static ngx_str_t  cache = ngx_string("\"cache\"");

    ngx_str_null(&none);

    if (ngx_http_mfa_set_cookie(r, &p->conf->cookie, &none, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_mfa_send_header(r, "Clear-Site-Data", cache);
}
