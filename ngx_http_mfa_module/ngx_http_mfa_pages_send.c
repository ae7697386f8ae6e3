
/*
 * What is answered: a page, a style sheet, a logo.
 */


#include "ngx_http_mfa_pages.h"


static ngx_int_t ngx_http_mfa_page_headers(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_retry(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_page_challenge(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_asset(ngx_http_request_t *r, ngx_str_t type,
    ngx_str_t *content, ngx_str_t etag);
static void ngx_http_mfa_page_language(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


typedef struct {
    const char  *name;
    ngx_str_t    value;
} ngx_http_mfa_fixed_t;


#define NGX_HTTP_MFA_CSP                                                      \
    "default-src 'none'; style-src 'self'; img-src 'self'; "                  \
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

static ngx_http_mfa_fixed_t  ngx_http_mfa_page_fixed[] = {
    { "Content-Security-Policy", ngx_string(NGX_HTTP_MFA_CSP) },
    { "Cache-Control", ngx_string("no-store") },
    { "Referrer-Policy", ngx_string("same-origin") },
    { "X-Content-Type-Options", ngx_string("nosniff") },
    { "X-Frame-Options", ngx_string("DENY") },
    { "Vary", ngx_string("Accept-Language") },
    { NULL, ngx_null_string }
};

static ngx_http_mfa_fixed_t  ngx_http_mfa_asset_fixed[] = {
    { "Content-Security-Policy",
      ngx_string("default-src 'none'; style-src 'unsafe-inline'; sandbox") },
    { "Cache-Control", ngx_string("max-age=300") },
    { "X-Content-Type-Options", ngx_string("nosniff") },
    { NULL, ngx_null_string }
};


ngx_int_t
ngx_http_mfa_page_send(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    mfa_page_e page)
{
    long         len;
    ngx_buf_t   *b;
    mfa_scope_t  scope;

    static ngx_str_t  type = ngx_string("text/html; charset=utf-8");

    ngx_http_mfa_page_language(r, p);

    if (ngx_http_mfa_page_values(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = ngx_create_temp_buf(r->pool, MFA_PAGE_MAX);

    if (b == NULL || ngx_http_mfa_wipe(r, b->pos, MFA_PAGE_MAX) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    scope.values = p->values;
    scope.n = p->nvalues;

    len = mfa_template_render(p->conf->templates[page], &scope, p->conf->texts,
                              p->language, b->pos, MFA_PAGE_MAX);

    if (len < 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mfa: the page \"%*s\" is longer than %d bytes",
                      mfa_page_file(page).len, mfa_page_file(page).data,
                      MFA_PAGE_MAX);

        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + len;

    if (ngx_http_mfa_page_headers(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_send(r, p->status, type, b);
}


ngx_int_t
ngx_http_mfa_page_error(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_uint_t status, const char *error)
{
    p->status = status;
    p->error = error;

    ngx_http_mfa_number(p, "status", status);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_ERROR);
}


ngx_int_t
ngx_http_mfa_show(ngx_http_request_t *r, mfa_page_e page, ngx_uint_t status,
    ngx_uint_t step_up)
{
    ngx_http_mfa_ctx_t       *ctx;
    ngx_http_mfa_page_t      *p;
    ngx_http_mfa_srv_conf_t  *mscf;

    p = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_page_t));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mscf = ngx_http_get_module_srv_conf(r, ngx_http_mfa_module);
    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_MFA);

    if (mscf->look == NULL) {
        return status;
    }

    p->conf = mscf->look;
    p->base = mscf->pages;
    p->status = status;

    if (ctx && ctx->session.loaded) {
        p->session = &ctx->session;
    }

    ngx_http_mfa_flag(p, "step_up", step_up);

    /* the answer is whole: the phase that asked has nothing left to do */

    ngx_http_finalize_request(r, ngx_http_mfa_page_send(r, p, page));

    return NGX_DONE;
}


static void
ngx_http_mfa_page_language(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned              n;
    ngx_table_elt_t      *h;
    const postern_str_t  *languages;

    p->language = p->conf->language;
    h = ngx_http_mfa_header(r, "accept-language");

    if (h) {
        languages = mfa_catalogue_languages(p->conf->texts, &n);
        p->language = mfa_language(ngx_http_postern_slice(h->value), languages,
                                   n, p->conf->language);
    }
}


static ngx_int_t
ngx_http_mfa_page_headers(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned               n;
    ngx_str_t              lang;
    ngx_http_mfa_fixed_t  *h;

    for (h = ngx_http_mfa_page_fixed; h->name; h++) {
        if (ngx_http_mfa_send_header(r, h->name, h->value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    lang = ngx_http_postern_str(
                   mfa_catalogue_languages(p->conf->texts, &n)[p->language]);

    if (ngx_http_mfa_send_header(r, "Content-Language", lang) != NGX_OK) {
        return NGX_ERROR;
    }

    switch (p->status) {

    case NGX_HTTP_UNAUTHORIZED:
        return ngx_http_mfa_page_challenge(r, p);

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return ngx_http_mfa_page_retry(r, p);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_page_retry(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    time_t     wait;
    ngx_str_t  value;

    wait = p->wait;

    if (wait == 0) {

        if (p->status == NGX_HTTP_TOO_MANY_REQUESTS) {
            return NGX_OK;                  /* no time will do */
        }

        wait = NGX_HTTP_MFA_RETRY;
    }

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%T", wait) - value.data;

    return ngx_http_mfa_send_header(r, "Retry-After", value);
}


/* RFC 9110, section 15.5.2: 401 names a way to authenticate.  Browsers know
   none of this name and show the page; password managers see that the sign-in
   failed, and do not offer to keep what was typed. */

static ngx_int_t
ngx_http_mfa_page_challenge(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    size_t      len;
    ngx_str_t   value;

    len = sizeof("Cookie form-action=\"sign-in\", cookie-name=\"\"") - 1
          + p->base.len + p->conf->cookie.len;

    value.data = ngx_pnalloc(r->pool, len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data,
                            "Cookie form-action=\"%Vsign-in\", "
                            "cookie-name=\"%V\"",
                            &p->base, &p->conf->cookie)
                - value.data;

    return ngx_http_mfa_send_header(r, "WWW-Authenticate", value);
}


ngx_int_t
ngx_http_mfa_send_header(ngx_http_request_t *r, const char *name,
    ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = value;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_send(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t type,
    ngx_buf_t *b)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    /* a body that nobody wanted must not be read as the next request */

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = status;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n = b->last - b->pos;
    r->headers_out.content_type = type;
    r->headers_out.content_type_len = type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return (rc == NGX_AGAIN) ? NGX_OK : rc;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    /* what is not sent yet is nothing that the page would have to wait for */

    rc = ngx_http_output_filter(r, &out);

    return (rc == NGX_AGAIN) ? NGX_OK : rc;
}


ngx_int_t
ngx_http_mfa_style_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    static ngx_str_t  type = ngx_string("text/css; charset=utf-8");

    return ngx_http_mfa_asset(r, type, &p->conf->style, p->conf->style_etag);
}


ngx_int_t
ngx_http_mfa_logo_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t      etag, type, logo;
    postern_str_t  own = postern_string("icon.svg");

    logo = p->conf->logo;
    type = p->conf->logo_type;

    /* browsers want a picture for the tab; who finds none here asks the
       application, which is guarded */

    if (logo.len == 0) {
        logo = ngx_http_postern_str(mfa_asset(own));
        ngx_str_set(&type, "image/svg+xml");
    }

    etag.data = ngx_pnalloc(r->pool, sizeof("\"01234567-\"") + NGX_SIZE_T_LEN);
    if (etag.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    etag.len = ngx_sprintf(etag.data, "\"%08xD-%uz\"",
                           ngx_crc32_long(logo.data, logo.len), logo.len)
               - etag.data;

    return ngx_http_mfa_asset(r, type, &logo, etag);
}


static ngx_int_t
ngx_http_mfa_asset(ngx_http_request_t *r, ngx_str_t type, ngx_str_t *content,
    ngx_str_t etag)
{
    ngx_buf_t             *b;
    ngx_list_part_t       *part;
    ngx_http_mfa_fixed_t  *h;

    for (h = ngx_http_mfa_asset_fixed; h->name; h++) {
        if (ngx_http_mfa_send_header(r, h->name, h->value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (etag.len) {
        if (ngx_http_mfa_send_header(r, "ETag", etag) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        part = r->headers_out.headers.last;
        r->headers_out.etag = (ngx_table_elt_t *) part->elts + part->nelts - 1;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = content->data;
    b->last = content->data + content->len;
    b->memory = content->len ? 1 : 0;

    return ngx_http_mfa_send(r, NGX_HTTP_OK, type, b);
}
