
/*
 * How a refusal looks to the client.  A handler only returns a status, so that
 * "satisfy", "error_page" and the rest of nginx work as everywhere; where nginx
 * then sends its own page, these filters put a problem document (RFC 9457) in
 * its place, unless the client asked for text/html.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_identity.h"


/* bytes of Accept that are looked at */
#define NGX_HTTP_POSTERN_ACCEPT  1024

#define NGX_HTTP_POSTERN_PROBLEM                                              \
    "{\"type\":\"about:blank\",\"title\":\"%V\",\"status\":%ui,"              \
    "\"code\":\"%*s\""


static ngx_int_t ngx_http_postern_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_refuse_headers(ngx_http_request_t *r,
    ngx_http_postern_refusal_t *refusal);
static ngx_int_t ngx_http_postern_add_header(ngx_http_request_t *r,
    ngx_str_t name, ngx_str_t value, ngx_table_elt_t **header);
static ngx_uint_t ngx_http_postern_wants_html(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_problem(ngx_http_request_t *r,
    ngx_http_postern_ctx_t *ctx);
static ngx_str_t ngx_http_postern_title(ngx_uint_t status);
static ngx_int_t ngx_http_postern_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


typedef struct {
    ngx_uint_t   status;
    ngx_str_t    title;
} ngx_http_postern_title_t;


/* RFC 9457, section 4.2.1: with "about:blank" the title is the phrase of the
   status (RFC 9110, section 15) */

static ngx_http_postern_title_t  ngx_http_postern_titles[] = {
    { 400, ngx_string("Bad Request") },
    { 401, ngx_string("Unauthorized") },
    { 403, ngx_string("Forbidden") },
    { 413, ngx_string("Content Too Large") },
    { 421, ngx_string("Misdirected Request") },
    { 425, ngx_string("Too Early") },
    { 429, ngx_string("Too Many Requests") },
    { 503, ngx_string("Service Unavailable") },
    { 0, ngx_string("Refused") }
};


ngx_int_t
ngx_http_postern_refuse(ngx_http_request_t *r,
    const ngx_http_postern_refusal_t *refusal)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_need_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->refusal = *refusal;
    ctx->refused = 1;
    ctx->loc_conf = r->loc_conf;
    ctx->uri = r->uri.data;

    return refusal->status;
}


void
ngx_http_postern_refuse_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_postern_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_postern_body_filter;
}


static ngx_int_t
ngx_http_postern_header_filter(ngx_http_request_t *r)
{
    ngx_http_postern_ctx_t  *ctx;

    /* nobody is refused with 200, which most answers are; what an application
       answered is its own, and a body that is refused while it is read has an
       upstream already, which knows nothing of the request */

    if (r->headers_out.status == NGX_HTTP_OK
        || r != r->main
        || (r->upstream && r->upstream->headers_in.status_n))
    {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_postern_get_ctx(r);

    if (ctx == NULL
        || !ctx->refused
        || ctx->refusal.status != r->headers_out.status)
    {
        return ngx_http_next_header_filter(r);
    }

    if (ngx_http_postern_refuse_headers(r, &ctx->refusal) != NGX_OK) {
        return NGX_ERROR;
    }

    /* error_page leads to another location or another URI: what is sent from
       there is the operator's own */

    if (ctx->loc_conf == r->loc_conf
        && ctx->uri == r->uri.data
        && !ngx_http_postern_wants_html(r))
    {
        if (ngx_http_postern_problem(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_postern_refuse_headers(ngx_http_request_t *r,
    ngx_http_postern_refusal_t *refusal)
{
    u_char     *p;
    ngx_str_t   value;

    static ngx_str_t  authenticate = ngx_string("WWW-Authenticate");
    static ngx_str_t  accept = ngx_string("Accept-Signature");
    static ngx_str_t  want = ngx_string("Want-Content-Digest");
    static ngx_str_t  retry = ngx_string("Retry-After");
    static ngx_str_t  cache = ngx_string("Cache-Control");
    static ngx_str_t  no_store = ngx_string("no-store");

    if (refusal->www_authenticate.len
        && ngx_http_postern_add_header(r, authenticate,
                                       refusal->www_authenticate,
                                       &r->headers_out.www_authenticate)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (refusal->accept_signature.len
        && ngx_http_postern_add_header(r, accept, refusal->accept_signature,
                                       NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (refusal->want_digest.len
        && ngx_http_postern_add_header(r, want, refusal->want_digest, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (refusal->retry_after) {
        p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%T", refusal->retry_after) - p;

        if (ngx_http_postern_add_header(r, retry, value, NULL) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    /* an answer to one client's credentials is nobody else's */

    return ngx_http_postern_add_header(r, cache, no_store, NULL);
}


static ngx_int_t
ngx_http_postern_add_header(ngx_http_request_t *r, ngx_str_t name,
    ngx_str_t value, ngx_table_elt_t **header)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = name;
    h->value = value;

    if (header) {
        *header = h;
    }

    return NGX_OK;
}


/* browsers say so at once, and whoever is refused shall not have us search */

static ngx_uint_t
ngx_http_postern_wants_html(ngx_http_request_t *r)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static u_char  html[] = "text/html";

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != sizeof("Accept") - 1
                || ngx_strncasecmp(h[i].key.data, (u_char *) "Accept",
                                   sizeof("Accept") - 1)
                   != 0)
            {
                continue;
            }

            len = ngx_min(h[i].value.len, NGX_HTTP_POSTERN_ACCEPT);

            return ngx_strlcasestrn(h[i].value.data, h[i].value.data + len,
                                    html, sizeof(html) - 2)
                   != NULL;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_postern_problem(ngx_http_request_t *r, ngx_http_postern_ctx_t *ctx)
{
    size_t                       len, escape;
    u_char                      *p;
    ngx_buf_t                   *b;
    ngx_str_t                    title;
    ngx_http_postern_refusal_t  *refusal;

    static u_char  detail[] = ",\"detail\":\"";

    refusal = &ctx->refusal;
    title = ngx_http_postern_title(refusal->status);
    escape = ngx_escape_json(NULL, refusal->detail.data, refusal->detail.len);

    len = sizeof(NGX_HTTP_POSTERN_PROBLEM) + title.len + NGX_INT_T_LEN
          + refusal->code.len
          + sizeof(detail) + refusal->detail.len + escape
          + sizeof("\"}\n");

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(b->last, NGX_HTTP_POSTERN_PROBLEM, &title, refusal->status,
                    refusal->code.len, refusal->code.data);

    if (refusal->detail.len) {
        p = ngx_cpymem(p, detail, sizeof(detail) - 1);

        p = (u_char *) ngx_escape_json(p, refusal->detail.data,
                                       refusal->detail.len);
        *p++ = '"';
    }

    *p++ = '}';
    *p++ = '\n';

    b->last = p;
    b->last_buf = 1;
    b->last_in_chain = 1;

    ctx->problem = b;

    ngx_str_set(&r->headers_out.content_type, "application/problem+json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = b->last - b->pos;

    return NGX_OK;
}


static ngx_str_t
ngx_http_postern_title(ngx_uint_t status)
{
    ngx_http_postern_title_t  *t;

    for (t = ngx_http_postern_titles; t->status; t++) {
        if (t->status == status) {
            break;
        }
    }

    return t->title;
}


static ngx_int_t
ngx_http_postern_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_uint_t               last;
    ngx_chain_t             *cl, out;
    ngx_http_postern_ctx_t  *ctx;

    if (r->headers_out.status == NGX_HTTP_OK || r != r->main || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    ctx = ngx_http_postern_get_ctx(r);

    if (ctx == NULL || ctx->problem == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    last = 0;

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
        last |= cl->buf->last_buf;
    }

    if (!last) {
        return NGX_OK;
    }

    out.buf = ctx->problem;
    out.next = NULL;

    ctx->problem = NULL;

    return ngx_http_next_body_filter(r, &out);
}
