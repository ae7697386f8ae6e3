
/*
 * The request as the client sent it.  r->uri, r->method and the host that nginx
 * routes by are what it made of the request, and change with internal redirects
 * and error_page; the request line and the header fields stay.
 */


#include "ngx_http_sign_module.h"


static sign_code_e ngx_http_sign_line(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static sign_code_e ngx_http_sign_fields(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_field(ngx_http_request_t *r,
    ngx_table_elt_t *h, sign_field_t *field);
static sign_code_e ngx_http_sign_authority(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_has_body(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sign_address(ngx_http_request_t *r,
    u_char *address);
static void *ngx_http_sign_palloc(void *data, size_t size);


sign_code_e
ngx_http_sign_request(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    r = r->main;

    ctx->has_body = ngx_http_sign_has_body(r);
    ctx->has_address = ngx_http_sign_address(r, ctx->address);

    ctx->request.has_body = ctx->has_body;
    ctx->request.scheme = (postern_str_t) postern_string("http");

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        ctx->request.scheme = (postern_str_t) postern_string("https");
    }

#endif

    code = ngx_http_sign_line(r, ctx);

    if (code == SIGN_OK) {
        code = ngx_http_sign_fields(r, ctx);
    }

    if (code == SIGN_OK) {
        code = ngx_http_sign_authority(r, ctx);
    }

    if (code == SIGN_OK && (ctx->conf->policy.schemes & SIGN_MTLS)) {
        code = ngx_http_sign_certificates(r, ctx);
    }

    return code;
}


/* nginx has checked the form of the line, and writes one for HTTP/2 and 3 */

static sign_code_e
ngx_http_sign_line(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char  *p, *last, *start;

    p = r->request_line.data;
    last = p + r->request_line.len;

    start = p;
    p = ngx_strlchr(start, last, ' ');

    if (p == NULL) {
        return sign_fail(&ctx->message, SIGN_MALFORMED,
                         "no target in the request line");
    }

    ctx->request.method.data = start;
    ctx->request.method.len = p - start;

    while (p < last && *p == ' ') {
        p++;
    }

    start = p;
    p = ngx_strlchr(start, last, ' ');

    ctx->request.target.data = start;
    ctx->request.target.len = (p ? p : last) - start;

    while (p && p < last && *p == ' ') {
        p++;
    }

    if (p) {
        ctx->request.protocol.data = p;
        ctx->request.protocol.len = last - p;
    }

    return SIGN_OK;
}


static sign_code_e
ngx_http_sign_fields(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    size_t            n;
    ngx_str_t         authority;
    ngx_uint_t        i;
    sign_field_t     *field;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    authority = ngx_http_postern_authority(r);

    n = (authority.len && r->headers_in.host == NULL);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    if (n > SIGN_MAX_FIELDS) {
        return sign_fail(&ctx->message, SIGN_TOO_LARGE,
                         "%zu header fields, at most %d are looked at", n,
                         SIGN_MAX_FIELDS);
    }

    if (n == 0) {
        return SIGN_OK;
    }

    field = ngx_palloc(r->pool, n * sizeof(sign_field_t));
    if (field == NULL) {
        return SIGN_NO_MEMORY;
    }

    ctx->request.fields = field;
    ctx->request.nfields = n;

    /* to schemes that sign "host" this is it, as in HTTP/2 */

    if (authority.len && r->headers_in.host == NULL) {
        field->name = (postern_str_t) postern_string("host");
        field->value = ngx_http_postern_slice(authority);
        field++;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_sign_field(r, &h[i], field) != NGX_OK) {
                return SIGN_NO_MEMORY;
            }

            field++;
        }
    }

    return SIGN_OK;
}


static ngx_int_t
ngx_http_sign_field(ngx_http_request_t *r, ngx_table_elt_t *h,
    sign_field_t *field)
{
    u_char  *p;

    p = h->lowcase_key;

    /* other modules add fields without it */

    if (p == NULL) {
        p = ngx_pnalloc(r->pool, h->key.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(p, h->key.data, h->key.len);
    }

    field->name.data = p;
    field->name.len = h->key.len;

    field->value = sign_trim(ngx_http_postern_slice(h->value));

    return NGX_OK;
}


/*
 * Host or ":authority", which stands among the fields as Host.  nginx before
 * 1.23 takes the first of several, an application perhaps the last.  The
 * authority of an absolute target counts instead of Host (RFC 9112, section
 * 3.2.2); a proxy may hand on either, so they must not differ.
 */

static sign_code_e
ngx_http_sign_authority(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    size_t               i;
    u_char              *p, *last;
    ngx_str_t            asked;
    postern_str_t       *authority;
    const sign_field_t  *host, *second;

    static const postern_str_t  name = postern_string("host");

    i = 0;
    authority = &ctx->request.authority;
    host = sign_field_next(&ctx->request, name, &i);
    second = sign_field_next(&ctx->request, name, &i);

    if (second) {
        return sign_fail(&ctx->message, SIGN_AMBIGUOUS,
                         "more than one Host field");
    }

    if (host) {
        *authority = host->value;
    }

    asked = ngx_http_postern_authority(r);

    if (host && asked.len
        && !sign_same_text(host->value, ngx_http_postern_slice(asked)))
    {
        return sign_fail(&ctx->message, SIGN_AMBIGUOUS,
                         "the Host field and \":authority\" name two hosts");
    }

    p = (u_char *) ctx->request.target.data;
    last = p + ctx->request.target.len;

    if (p == last || *p == '/') {
        return SIGN_OK;
    }

    p = ngx_strlcasestrn(p, last, (u_char *) "://", 3 - 1);

    if (p == NULL) {
        return SIGN_OK;
    }

    p += 3;

    authority->data = p;

    while (p < last && *p != '/' && *p != '?' && *p != '#') {
        p++;
    }

    authority->len = p - authority->data;

    if (host && !sign_same_text(host->value, *authority)) {
        return sign_fail(&ctx->message, SIGN_AMBIGUOUS,
                         "the Host field and the target name two hosts");
    }

    return SIGN_OK;
}


/* nginx marks bodies of unknown length as chunked, in HTTP/2 and 3 as well */

static ngx_uint_t
ngx_http_sign_has_body(ngx_http_request_t *r)
{
    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return 1;
    }

#if (NGX_HTTP_V2)

    if (r->stream
        && r->headers_in.content_length_n < 0
        && !r->stream->in_closed)
    {
        return 1;
    }

#endif

    return 0;
}


/* of the client, after the realip module; 0 where there is none */

static ngx_uint_t
ngx_http_sign_address(ngx_http_request_t *r, u_char *address)
{
    struct sockaddr      *sa;
    struct sockaddr_in   *sin;

#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;

        ngx_memzero(address, 10);
        ngx_memset(address + 10, 0xff, 2);
        ngx_memcpy(address + 12, &sin->sin_addr, 4);

        return 1;

#if (NGX_HAVE_INET6)

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        ngx_memcpy(address, &sin6->sin6_addr, 16);

        return 1;

#endif

    default:
        return 0;
    }
}


postern_alloc_t
ngx_http_sign_allocator(ngx_pool_t *pool)
{
    postern_alloc_t  alloc;

    alloc.alloc = ngx_http_sign_palloc;
    alloc.data = pool;

    return alloc;
}


static void *
ngx_http_sign_palloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}
