
/*
 * What comes with a POST: a body, read whole and no longer than any form of
 * ours can be; and the proof that the form was one of ours.
 *
 * A form carries a keyed hash of two things: a random cookie, which another
 * site can neither read nor set, and the session it was made for, so that a
 * form of before a sign-in is none of after it.  What browsers say of where a
 * request comes from is believed where it speaks against it.
 */


#include "ngx_http_mfa_pages.h"

#include <sodium.h>


static void ngx_http_mfa_form_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_mfa_form_copy(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_form_buf(ngx_buf_t *b, u_char *dst, size_t len);
static void ngx_http_mfa_form_fields(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_flag_t ngx_http_mfa_form_type(ngx_http_request_t *r);
static void ngx_http_mfa_wipe_cleanup(void *data);


typedef struct {
    u_char   *data;
    size_t    len;
} ngx_http_mfa_wipe_t;


ngx_int_t
ngx_http_mfa_form_read(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t  rc;

    /* what is said to be too long is not waited for */

    if (r->headers_in.content_length_n > MFA_FORM_MAX) {
        return ngx_http_mfa_page_error(r, p,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "too_large");
    }

    /* what is typed into forms is for no disk, wherever bodies are kept */

    r->request_body_in_file_only = 0;
    r->request_body_in_persistent_file = 0;

    rc = ngx_http_read_client_request_body(r, ngx_http_mfa_form_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/*
 * May run inside of ngx_http_read_client_request_body() or long after it.  The
 * reference that was taken for the reading is given back by the content phase,
 * which ends with what the page's handler returns.
 */

static void
ngx_http_mfa_form_handler(ngx_http_request_t *r)
{
    ngx_http_mfa_ctx_t   *ctx;
    ngx_http_mfa_page_t  *p;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_MFA);
    p = ctx->page;

    p->read = 1;

    if (ngx_http_mfa_form_copy(r, p) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_mfa_form_fields(r, p);

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_int_t
ngx_http_mfa_form_copy(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    off_t         size;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size == 0) {
        return NGX_OK;
    }

    if (size > MFA_FORM_MAX) {
        p->too_large = 1;
        return NGX_OK;
    }

    p->body = ngx_pnalloc(r->pool, size);

    if (p->body == NULL || ngx_http_mfa_wipe(r, p->body, size) != NGX_OK) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        size = ngx_buf_size(cl->buf);

        if (ngx_http_mfa_form_buf(cl->buf, p->body + p->len, size) != NGX_OK) {
            return NGX_ERROR;
        }

        p->len += size;
    }

    return NGX_OK;
}


/* a buffer of the body holds a password perhaps: it is not left there */

static ngx_int_t
ngx_http_mfa_form_buf(ngx_buf_t *b, u_char *dst, size_t len)
{
    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(dst, b->pos, len);

        if (b->temporary) {
            sodium_memzero(b->pos, len);
        }

        return NGX_OK;
    }

    if (len == 0) {
        return NGX_OK;
    }

    return ngx_read_file(b->file, dst, len, b->file_pos) == (ssize_t) len
           ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_mfa_form_fields(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t  to;

    if (p->too_large) {
        return;
    }

    if (!ngx_http_mfa_form_type(r)
        || mfa_form_parse(p->body, p->len, &p->form) != 0)
    {
        p->malformed = 1;
        p->form.n = 0;
        return;
    }

    to = ngx_http_mfa_form_value(p, "to");

    if (to.len && mfa_return_allowed(ngx_http_postern_slice(to))) {
        p->to = to;
    }
}


static ngx_flag_t
ngx_http_mfa_form_type(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    static u_char  form[] = "application/x-www-form-urlencoded";

    len = sizeof(form) - 1;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;

    return type->len >= len
           && ngx_strncasecmp(type->data, form, len) == 0
           && (type->len == len || type->data[len] == ';'
               || type->data[len] == ' ');
}


ngx_int_t
ngx_http_mfa_form_cookie(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    u_char      bytes[32];
    ngx_str_t   value;

    if (p->cookie.len) {
        return NGX_OK;
    }

    if (ngx_http_mfa_cookie(r, &p->conf->form, &value) == NGX_OK
        && mfa_base64url_decode(ngx_http_postern_slice(value), bytes, 32) == 0)
    {
        p->cookie = value;
        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, NGX_HTTP_MFA_FORM + 1);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    randombytes_buf(bytes, sizeof(bytes));
    value.len = mfa_base64url(bytes, sizeof(bytes), (char *) value.data);

    p->cookie = value;

    return ngx_http_mfa_set_cookie(r, &p->conf->form, &value, -1);
}


ngx_int_t
ngx_http_mfa_form_token(ngx_http_mfa_page_t *p,
    u_char token[NGX_HTTP_MFA_CSRF])
{
    u_char         text[NGX_HTTP_MFA_FORM + MFA_SESSION_KEY], mac[32], *last;
    postern_str_t  data;

    if (p->cookie.len != NGX_HTTP_MFA_FORM) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(text, p->cookie.data, p->cookie.len);

    if (p->key) {
        last = ngx_cpymem(last, p->key, MFA_SESSION_KEY);
    }

    data.data = text;
    data.len = last - text;

    if (postern_api.mac(0, "mfa form", data, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_hex_dump(token, mac, sizeof(mac));

    return NGX_OK;
}


ngx_flag_t
ngx_http_mfa_form_ours(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    u_char     token[NGX_HTTP_MFA_CSRF];
    ngx_str_t  csrf, value;

    if (!ngx_http_mfa_form_origin(r)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: a form came from another site");
        return 0;
    }

    if (ngx_http_mfa_cookie(r, &p->conf->form, &value) != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "mfa: a form came without its cookie \"%V\", which "
                      "browsers keep over https and from localhost only",
                      &p->conf->form);
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK
        || ngx_http_mfa_form_token(p, token) != NGX_OK)
    {
        return 0;
    }

    csrf = ngx_http_mfa_form_value(p, "csrf");

    return csrf.len == NGX_HTTP_MFA_CSRF
           && sodium_memcmp(csrf.data, token, NGX_HTTP_MFA_CSRF) == 0;
}


/* the scheme is left out: in front of nginx somebody else may speak TLS */

ngx_flag_t
ngx_http_mfa_form_origin(ngx_http_request_t *r)
{
    u_char           *p;
    ngx_str_t         origin, host;
    ngx_table_elt_t  *h;

    h = ngx_http_mfa_header(r, "sec-fetch-site");

    if (h
        && !(h->value.len == sizeof("same-origin") - 1
             && ngx_strncmp(h->value.data, "same-origin", h->value.len) == 0)
        && !(h->value.len == sizeof("none") - 1
             && ngx_strncmp(h->value.data, "none", h->value.len) == 0))
    {
        return 0;
    }

    h = ngx_http_mfa_header(r, "origin");

    if (h == NULL) {
        return 1;
    }

    origin = h->value;
    p = ngx_strlchr(origin.data, origin.data + origin.len, ':');

    if (p == NULL
        || origin.data + origin.len - p < 3
        || p[1] != '/'
        || p[2] != '/')
    {
        return 0;
    }

    origin.len -= p + 3 - origin.data;
    origin.data = p + 3;

    if (r->headers_in.host) {
        host = r->headers_in.host->value;

    } else {
        host = ngx_http_postern_authority(r);

        if (host.len == 0) {
            host = r->headers_in.server;
        }
    }

    return origin.len && origin.len == host.len
           && ngx_strncasecmp(origin.data, host.data, origin.len) == 0;
}


ngx_str_t
ngx_http_mfa_form_value(ngx_http_mfa_page_t *p, const char *name)
{
    return ngx_http_postern_str(mfa_form_get(&p->form, name));
}


ngx_table_elt_t *
ngx_http_mfa_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                return &h[i];
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_mfa_wipe(ngx_http_request_t *r, u_char *data, size_t len)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_mfa_wipe_t  *w;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_mfa_wipe_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_mfa_wipe_cleanup;

    w = cln->data;
    w->data = data;
    w->len = len;

    return NGX_OK;
}


static void
ngx_http_mfa_wipe_cleanup(void *data)
{
    ngx_http_mfa_wipe_t  *w = data;

    sodium_memzero(w->data, w->len);
}
