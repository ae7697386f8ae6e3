
/*
 * sign_aws_chunked decode: bodies that come as aws-chunked go on without that
 * framing, each piece in the memory it came in.  How long the payload is was
 * signed, and all of it is here before the application hears of the request,
 * so that it gets an ordinary body with its length.
 */


#include "ngx_http_sign_module.h"


static ngx_int_t ngx_http_sign_strip_encoding(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sign_is_encoding(ngx_table_elt_t *h);
static ngx_int_t ngx_http_sign_other_encodings(ngx_http_request_t *r,
    ngx_str_t *value);


/* asked once, by the location that reads the body */

void
ngx_http_sign_decode_begin(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_loc_conf_t  *slcf;

    if (ctx->body_begun) {
        return;
    }

    ctx->body_begun = 1;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    /* a location that only observes leaves everything as it is: what would be
       refused could not be handed on whole any more */

    if (!ctx->message.framed
        || slcf->aws_chunked != NGX_HTTP_SIGN_CHUNKED_DECODE
        || slcf->mode == NGX_HTTP_SIGN_OBSERVE)
    {
        return;
    }

    ctx->decoding = 1;

    /* nginx has not looked at this yet */

    r->request_body_no_buffering = 0;
}


/* buffers that are empty then are left out, but for the last one */

sign_code_e
ngx_http_sign_decode(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_chain_t **in, ngx_uint_t *last)
{
    size_t        len;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, **ll, *out;
    sign_code_e   code;

    ll = &out;

    for (cl = *in; cl; cl = cl->next) {
        b = cl->buf;
        len = 0;

        if (ngx_buf_in_memory(b)) {
            len = b->last - b->pos;

            code = sign_unframe(ctx->sink, b->pos, &len, &ctx->message);

            if (code != SIGN_OK) {
                return code;
            }

            b->last = b->pos + len;
        }

        *last |= b->last_buf;

        if (len == 0 && !b->last_buf) {
            continue;
        }

        if (len == 0) {
            b->temporary = 0;
        }

        *ll = ngx_alloc_chain_link(r->pool);
        if (*ll == NULL) {
            return SIGN_NO_MEMORY;
        }

        (*ll)->buf = b;
        ll = &(*ll)->next;
    }

    *ll = NULL;
    *in = out;

    return SIGN_OK;
}


ngx_int_t
ngx_http_sign_decoded(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    r->headers_in.content_length_n = ctx->message.payload_len;
    r->headers_in.chunked = 0;

    h = r->headers_in.content_length;

    if (h) {
        p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        h->value.data = p;
        h->value.len = ngx_sprintf(p, "%O", r->headers_in.content_length_n) - p;
    }

    return ngx_http_sign_strip_encoding(r);
}


/* the list of nginx cannot give up an element: where nothing is left of one, it
   is built anew */

static ngx_int_t
ngx_http_sign_strip_encoding(ngx_http_request_t *r)
{
    ngx_uint_t        i, n, empty;
    ngx_list_t        headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *to;

    n = 0;
    empty = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;
        n += part->nelts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_sign_is_encoding(&h[i])) {
                continue;
            }

            if (ngx_http_sign_other_encodings(r, &h[i].value) != NGX_OK) {
                return NGX_ERROR;
            }

            empty += (h[i].value.len == 0);
        }
    }

    if (empty == 0) {
        return NGX_OK;
    }

    if (ngx_list_init(&headers, r->pool, n, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_sign_is_encoding(&h[i]) && h[i].value.len == 0) {
                continue;
            }

            to = ngx_list_push(&headers);
            if (to == NULL) {
                return NGX_ERROR;
            }

            *to = h[i];
        }
    }

    r->headers_in.headers = headers;

    /* the list points into itself */

    r->headers_in.headers.last = &r->headers_in.headers.part;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_sign_is_encoding(ngx_table_elt_t *h)
{
    return h->key.len == sizeof("Content-Encoding") - 1
           && ngx_strncasecmp(h->key.data, (u_char *) "Content-Encoding",
                              h->key.len)
              == 0;
}


/* the codings between commas but for aws-chunked; into memory of its own, as
   what was signed is looked at again after internal redirects */

static ngx_int_t
ngx_http_sign_other_encodings(ngx_http_request_t *r, ngx_str_t *value)
{
    u_char     *p, *last, *comma, *out;
    ngx_str_t   coding, rest;

    rest.len = 0;
    rest.data = ngx_pnalloc(r->pool, value->len + 1);

    if (rest.data == NULL) {
        return NGX_ERROR;
    }

    out = rest.data;
    p = value->data;
    last = p + value->len;

    while (p < last) {

        comma = ngx_strlchr(p, last, ',');
        if (comma == NULL) {
            comma = last;
        }

        coding.data = p;
        coding.len = comma - p;
        p = comma + 1;

        while (coding.len && coding.data[0] == ' ') {
            coding.data++;
            coding.len--;
        }

        while (coding.len && coding.data[coding.len - 1] == ' ') {
            coding.len--;
        }

        if (coding.len == 0
            || (coding.len == sizeof("aws-chunked") - 1
                && ngx_strncasecmp(coding.data, (u_char *) "aws-chunked",
                                   coding.len)
                   == 0))
        {
            continue;
        }

        if (out != rest.data) {
            *out++ = ',';
        }

        out = ngx_cpymem(out, coding.data, coding.len);
    }

    rest.len = out - rest.data;
    *value = rest;

    return NGX_OK;
}
