
/*
 * Where people are sent next: always to a path of this host.
 */


#include "ngx_http_mfa_pages.h"


static ngx_int_t ngx_http_mfa_page_self(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_str_t *self);


ngx_int_t
ngx_http_mfa_redirect(ngx_http_request_t *r, ngx_str_t *to)
{
    static ngx_str_t  no_store = ngx_string("no-store");

    /* not headers_out.location, which nginx would make absolute: with a host
       and a port that the client may never have seen */

    if (ngx_http_mfa_send_header(r, "Location", *to) != NGX_OK
        || ngx_http_mfa_send_header(r, "Cache-Control", no_store) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SEE_OTHER;
}


ngx_int_t
ngx_http_mfa_page_go(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *page, ngx_uint_t again, const char *notice)
{
    char       *last;
    size_t      len;
    u_char     *sep, *q;
    ngx_str_t   to;

    len = p->base.len + ngx_strlen(page) + sizeof("?again=1&notice=&to=")
          + (notice ? ngx_strlen(notice) : 0) + 3 * p->to.len;

    to.data = ngx_pnalloc(r->pool, len);
    if (to.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    last = (char *) to.data + len;
    sep = (u_char *) "?";

    q = ngx_sprintf(to.data, "%V%s", &p->base, page);

    if (again) {
        q = ngx_sprintf(q, "%sagain=1", sep);
        sep = (u_char *) "&";
    }

    if (notice) {
        q = ngx_sprintf(q, "%snotice=%s", sep, notice);
        sep = (u_char *) "&";
    }

    if (p->to.len) {
        q = ngx_sprintf(q, "%sto=", sep);
        q += mfa_escape(ngx_http_postern_slice(p->to), (char *) q,
                        last - (char *) q);
    }

    to.len = q - to.data;

    return ngx_http_mfa_redirect(r, &to);
}


ngx_int_t
ngx_http_mfa_page_back(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *notice)
{
    if (p->to.len) {
        return ngx_http_mfa_redirect(r, &p->to);
    }

    return ngx_http_mfa_page_go(r, p, "account", 0, notice);
}


ngx_int_t
ngx_http_mfa_page_via(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *page, ngx_uint_t again)
{
    ngx_str_t  self;

    if (ngx_http_mfa_page_self(r, p, &self) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p->to = self;

    return ngx_http_mfa_page_go(r, p, page, again, NULL);
}


/* this page, and where people wanted to go from it where that is not too long;
   those that only take forms send people to their account anyway */

static ngx_int_t
ngx_http_mfa_page_self(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_str_t *self)
{
    u_char  *q;

    self->data = ngx_pnalloc(r->pool, p->base.len + p->route->name.len
                                      + sizeof("?to=") + 3 * p->to.len);
    if (self->data == NULL) {
        return NGX_ERROR;
    }

    q = ngx_sprintf(self->data, "%V%V", &p->base, &p->route->name);
    self->len = q - self->data;

    if (p->to.len) {
        q = ngx_cpymem(q, "?to=", 4);
        q += mfa_escape(ngx_http_postern_slice(p->to), (char *) q,
                        3 * p->to.len);

        if (q - self->data <= MFA_RETURN_MAX) {
            self->len = q - self->data;
        }
    }

    return NGX_OK;
}


/* who has no second factor gives the password anew: a session that was left
   open must not become somebody else's, of aal 2 */

ngx_int_t
ngx_http_mfa_page_fresh(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_int_t *rc)
{
    time_t          since;
    mfa_session_t  *s;

    s = &p->session->session;

    since = ngx_time() - NGX_HTTP_MFA_FRESH;

    if (p->has_factor ? s->aal >= 2 && s->factor_time > since
                      : s->password_time > since)
    {
        return NGX_OK;
    }

    if (p->has_factor) {
        *rc = ngx_http_mfa_page_via(r, p, "code", s->aal >= 2);

    } else if (p->conf->aal >= 2) {

        /* leads to enrolment by itself */

        *rc = ngx_http_mfa_page_go(r, p, "sign-in", 1, NULL);

    } else {
        *rc = ngx_http_mfa_page_via(r, p, "sign-in", 1);
    }

    return NGX_DECLINED;
}


ngx_flag_t
ngx_http_mfa_page_can_enrol(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    return p->conf->enrol
           && ngx_http_mfa_account_writable(r)
           && p->account.record.ntotp < MFA_ACCOUNT_OTPS;
}
