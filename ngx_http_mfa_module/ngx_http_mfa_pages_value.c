
/*
 * What templates are given.
 */


#include "ngx_http_mfa_pages.h"


static mfa_value_t *ngx_http_mfa_value(ngx_http_mfa_page_t *p,
    const char *name, mfa_value_e kind);
static ngx_int_t ngx_http_mfa_value_to(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_value_notice(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


static const char *const  ngx_http_mfa_notices[] = {
    "enrolled", "removed", "ended", "password", "codes", "recovery", NULL
};


static mfa_value_t *
ngx_http_mfa_value(ngx_http_mfa_page_t *p, const char *name, mfa_value_e kind)
{
    mfa_value_t  *v;

    static mfa_value_t  spare;

    /* more than there are is a fault of ours, and shows as a missing text */

    v = (p->nvalues < NGX_HTTP_MFA_VALUES) ? &p->values[p->nvalues++] : &spare;

    ngx_memzero(v, sizeof(mfa_value_t));

    v->name = name;
    v->kind = kind;

    return v;
}


void
ngx_http_mfa_text(ngx_http_mfa_page_t *p, const char *name, ngx_str_t text)
{
    ngx_http_mfa_value(p, name, MFA_VALUE_TEXT)->text =
                                                ngx_http_postern_slice(text);
}


void
ngx_http_mfa_markup(ngx_http_mfa_page_t *p, const char *name, ngx_str_t text)
{
    ngx_http_mfa_value(p, name, MFA_VALUE_MARKUP)->text =
                                                ngx_http_postern_slice(text);
}


void
ngx_http_mfa_flag(ngx_http_mfa_page_t *p, const char *name, ngx_uint_t set)
{
    ngx_http_mfa_value(p, name, MFA_VALUE_FLAG)->number = set ? 1 : 0;
}


void
ngx_http_mfa_number(ngx_http_mfa_page_t *p, const char *name, int64_t n)
{
    ngx_http_mfa_value(p, name, MFA_VALUE_NUMBER)->number = n;
}


void
ngx_http_mfa_values(ngx_http_mfa_page_t *p, const char *name,
    const mfa_scope_t *list, ngx_uint_t n)
{
    mfa_value_t  *v;

    v = ngx_http_mfa_value(p, name, MFA_VALUE_LIST);

    v->list = list;
    v->n = n;
}


ngx_int_t
ngx_http_mfa_named_flag(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *prefix, const char *name, size_t len)
{
    u_char  *flag;

    flag = ngx_pnalloc(r->pool, ngx_strlen(prefix) + len + 1);
    if (flag == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(flag, "%s%*s%Z", prefix, len, name);
    ngx_http_mfa_flag(p, (char *) flag, 1);

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_page_values(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned               n;
    ngx_str_t              text;
    const postern_str_t   *languages;
    const postern_user_t  *user;

    languages = mfa_catalogue_languages(p->conf->texts, &n);

    ngx_http_mfa_text(p, "base", p->base);
    ngx_http_mfa_text(p, "lang", ngx_http_postern_str(languages[p->language]));
    ngx_http_mfa_text(p, "brand", p->conf->brand);
    ngx_http_mfa_flag(p, "logo", p->conf->logo.len != 0);
    ngx_http_mfa_flag(p, "signed_in", p->session != NULL);

    if (p->session) {
        user = p->session->user;
        ngx_http_mfa_text(p, "user", ngx_http_postern_str(user->name));
        ngx_http_mfa_text(p, "org", ngx_http_postern_str(user->org->name));

    } else {
        ngx_http_mfa_text(p, "user", p->user);
        ngx_http_mfa_text(p, "org", p->org);
    }

    if (p->cookie.len) {
        text.len = NGX_HTTP_MFA_CSRF;
        text.data = ngx_pnalloc(r->pool, text.len);

        if (text.data == NULL
            || ngx_http_mfa_form_token(p, text.data) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_mfa_text(p, "csrf", text);
    }

    if (p->error) {
        text.len = ngx_strlen(p->error);
        text.data = (u_char *) p->error;
        ngx_http_mfa_text(p, "error", text);

        if (ngx_http_mfa_named_flag(r, p, "error_", p->error, text.len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_mfa_number(p, "wait", p->wait);

    if (p->wait > 120) {
        ngx_http_mfa_number(p, "wait_minutes", (p->wait + 59) / 60);
    }

    if (ngx_http_mfa_value_notice(r, p) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_mfa_value_to(r, p);
}


static ngx_int_t
ngx_http_mfa_value_to(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t  query;

    if (p->to.len == 0) {
        return NGX_OK;
    }

    query.data = ngx_pnalloc(r->pool, 3 * p->to.len);
    if (query.data == NULL) {
        return NGX_ERROR;
    }

    query.len = mfa_escape(ngx_http_postern_slice(p->to),
                           (char *) query.data, 3 * p->to.len);

    ngx_http_mfa_text(p, "to", p->to);
    ngx_http_mfa_text(p, "to_query", query);

    return NGX_OK;
}


/* a notice stands in an address, where anybody may have put it */

static ngx_int_t
ngx_http_mfa_value_notice(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    const char *const  *name;

    for (name = ngx_http_mfa_notices; *name; name++) {

        if (p->notice.len == ngx_strlen(*name)
            && ngx_memcmp(p->notice.data, *name, p->notice.len) == 0)
        {
            ngx_http_mfa_text(p, "notice", p->notice);

            return ngx_http_mfa_named_flag(r, p, "notice_", *name,
                                           p->notice.len);
        }
    }

    return NGX_OK;
}
