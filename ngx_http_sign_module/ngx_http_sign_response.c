
/*
 * Answers to clients, signed.
 *
 * The filters stand behind those that change an answer (gzip, ranges,
 * add_header) and before those that write it, so that what is signed leaves.
 * The digest of the body has to stand before the body: up to
 * sign_response_buffer of it is held until its end has come.  What is longer,
 * or has no end in sight, is signed without its body, and the list of covered
 * components says so.
 */


#include "ngx_http_sign_outward.h"


#define NGX_HTTP_SIGN_RESPONSE_FIELDS  4
#define NGX_HTTP_SIGN_RESPONSE_CHUNK   16384


typedef struct {
    ngx_http_sign_outward_conf_t  *conf;
    sign_maker_t                  *maker;
    postern_str_t                  key_id;

    sign_digest_t                 *digest;
    ngx_chain_t                   *out;       /* what is held */
    ngx_chain_t                  **last;
    ngx_buf_t                     *buf;       /* the one with room left */
    size_t                         size;
    unsigned                       waiting:1;
} ngx_http_sign_response_ctx_t;


static ngx_int_t ngx_http_sign_response_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_key(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_response_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_body(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_sign_response_hold(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_buf_t *b);
static ngx_int_t ngx_http_sign_response_room(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);
static ngx_int_t ngx_http_sign_response_release(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_chain_t *rest);
static ngx_int_t ngx_http_sign_response_end(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);
static ngx_int_t ngx_http_sign_response_make(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest);
static ngx_int_t ngx_http_sign_response_unsigned(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_sign(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest);
static const sign_request_t *ngx_http_sign_response_request(
    ngx_http_request_t *r, postern_str_t *label);
static size_t ngx_http_sign_response_fields(ngx_http_request_t *r,
    sign_field_t *fields);
static postern_str_t ngx_http_sign_response_type(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_digest(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, postern_str_t *value);
static void ngx_http_sign_response_drop(ngx_http_request_t *r,
    const char *name);
static ngx_int_t ngx_http_sign_response_add(ngx_http_request_t *r,
    const char *name, postern_str_t value);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


void
ngx_http_sign_response_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_sign_response_header;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_sign_response_body;
}


static ngx_int_t
ngx_http_sign_response_header(ngx_http_request_t *r)
{
    off_t                          length;
    ngx_int_t                      rc;
    ngx_http_sign_outward_ctx_t   *octx;
    ngx_http_sign_outward_conf_t  *ocf;
    ngx_http_sign_response_ctx_t  *ctx;

    ocf = ngx_http_get_module_loc_conf(r, ngx_http_sign_outward_module);

    if (!ocf->response || r != r->main
        || r->headers_out.status < NGX_HTTP_OK)
    {
        return ngx_http_next_header_filter(r);
    }

    octx = ngx_http_sign_outward_ctx(r);
    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_response_ctx_t));

    if (octx == NULL || ctx == NULL) {
        return NGX_ERROR;
    }

    /* an error page may come in place of what was held before */

    octx->response = ctx;

    ctx->conf = ocf;
    ctx->last = &ctx->out;

    rc = ngx_http_sign_response_key(r, ctx);

    if (rc == NGX_ABORT) {
        rc = ngx_http_sign_response_unsigned(r);
        return rc == NGX_OK ? ngx_http_next_header_filter(r) : rc;
    }

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_http_next_header_filter(r) : NGX_ERROR;
    }

    length = r->headers_out.content_length_n;

    if (ngx_http_sign_response_has_body(r)
        && length <= (off_t) ocf->response_buffer
        && ocf->response_buffer)
    {
        ctx->digest = ngx_palloc(r->pool, sign_digest_size());

        if (ctx->digest == NULL) {
            return NGX_ERROR;
        }

        ctx->digest = sign_digest_begin(ctx->digest, SIGN_DIGEST_SHA256);
        ctx->waiting = 1;

        /* files are read by the filter that can do so without blocking */

        r->filter_need_in_memory = 1;
        r->main_filter_need_in_memory = 1;

        return NGX_OK;
    }

    rc = ngx_http_sign_response_sign(r, ctx, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_next_header_filter(r);
}


/* NGX_DECLINED: there is none, and the answer stays as it is; NGX_ABORT: there
   should be one, and it cannot sign */

static ngx_int_t
ngx_http_sign_response_key(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    postern_alloc_t       alloc;
    ngx_http_sign_ctx_t  *sctx;

    if (ctx->conf->response_key.len) {
        ctx->key_id = ngx_http_postern_slice(ctx->conf->response_key);
        ctx->maker = ngx_http_sign_outward_key(r, ctx->key_id, SIGN_RFC9421);

        return ctx->maker ? NGX_OK : NGX_ABORT;
    }

    sctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (sctx == NULL || !sctx->verified || sctx->refused
        || sctx->sign_key == NULL || sctx->key == NULL
        || sctx->key->algorithm != POSTERN_ALG_HMAC_SHA256
        || !(sctx->key->schemes & SIGN_RFC9421))
    {
        return NGX_DECLINED;
    }

    alloc = ngx_http_sign_allocator(r->pool);

    ctx->key_id = sctx->key->id;
    ctx->maker = sign_maker_of(sctx->sign_key, &alloc);

    return ctx->maker ? NGX_OK : NGX_ERROR;
}


/* r->header_only is set by those that write the head, behind us */

static ngx_uint_t
ngx_http_sign_response_has_body(ngx_http_request_t *r)
{
    return !r->header_only
           && r->method != NGX_HTTP_HEAD
           && r->headers_out.status != NGX_HTTP_NO_CONTENT
           && r->headers_out.status != NGX_HTTP_NOT_MODIFIED
           && r->headers_out.content_length_n != 0;
}


static ngx_int_t
ngx_http_sign_response_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                     *b;
    ngx_uint_t                     flush;
    ngx_chain_t                   *cl;
    ngx_http_sign_outward_ctx_t   *octx;
    ngx_http_sign_response_ctx_t  *ctx;

    octx = ngx_http_get_module_ctx(r, ngx_http_sign_outward_module);
    ctx = octx ? octx->response : NULL;

    if (ctx == NULL || !ctx->waiting || r != r->main) {
        return ngx_http_next_body_filter(r, in);
    }

    flush = 0;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if ((b->in_file && !ngx_buf_in_memory(b) && !ngx_buf_special(b))
            || (ngx_buf_in_memory(b)
                && ctx->size + (size_t) (b->last - b->pos)
                   > ctx->conf->response_buffer))
        {
            return ngx_http_sign_response_release(r, ctx, cl);
        }

        if (ngx_buf_in_memory(b)
            && ngx_http_sign_response_hold(r, ctx, b) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (b->last_buf) {
            return ngx_http_sign_response_end(r, ctx);
        }

        flush |= b->flush;
    }

    /* somebody wants what there is to be seen now, and nobody knows how much
       will follow */

    if (flush && r->headers_out.content_length_n < 0) {
        return ngx_http_sign_response_release(r, ctx, NULL);
    }

    return NGX_OK;
}


/* copied, as the buffers are their owner's, who waits for them */

static ngx_int_t
ngx_http_sign_response_hold(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_buf_t *b)
{
    size_t  n;

    sign_digest_update(ctx->digest, b->pos, b->last - b->pos);

    while (b->pos < b->last) {

        if ((ctx->buf == NULL || ctx->buf->last == ctx->buf->end)
            && ngx_http_sign_response_room(r, ctx) != NGX_OK)
        {
            return NGX_ERROR;
        }

        n = ngx_min(b->last - b->pos, ctx->buf->end - ctx->buf->last);

        ctx->buf->last = ngx_cpymem(ctx->buf->last, b->pos, n);
        b->pos += n;
        ctx->size += n;
    }

    if (b->in_file) {
        b->file_pos = b->file_last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sign_response_room(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    off_t         length;
    size_t        size;
    ngx_chain_t  *cl;

    length = r->headers_out.content_length_n;

    size = NGX_HTTP_SIGN_RESPONSE_CHUNK;

    if (length > (off_t) ctx->size
        && length <= (off_t) ctx->conf->response_buffer)
    {
        size = (size_t) length - ctx->size;
    }

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf = ngx_create_temp_buf(r->pool, size);
    if (cl->buf == NULL) {
        return NGX_ERROR;
    }

    cl->next = NULL;

    *ctx->last = cl;
    ctx->last = &cl->next;
    ctx->buf = cl->buf;

    return NGX_OK;
}


/* the head, without a word on the body, and what came of it */

static ngx_int_t
ngx_http_sign_response_release(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_chain_t *rest)
{
    ngx_int_t  rc;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign response without its body at %uz", ctx->size);

    ctx->waiting = 0;

    rc = ngx_http_sign_response_sign(r, ctx, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    *ctx->last = rest;

    if (ctx->buf && rest == NULL) {
        ctx->buf->flush = 1;
    }

    return ngx_http_next_body_filter(r, ctx->out);
}


static ngx_int_t
ngx_http_sign_response_end(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ctx->waiting = 0;

    if (r->headers_out.content_length_n < 0 && !r->expect_trailers) {
        ngx_http_clear_content_length(r);
        r->headers_out.content_length_n = ctx->size;
    }

    rc = ngx_http_sign_response_sign(r, ctx, 1);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *ctx->last = cl;

    return ngx_http_next_body_filter(r, ctx->out);
}


static ngx_int_t
ngx_http_sign_response_sign(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest)
{
    ngx_int_t  rc;

    rc = ngx_http_sign_response_make(r, ctx, digest);

    return rc == NGX_DECLINED ? ngx_http_sign_response_unsigned(r) : rc;
}


/*
 * An answer that should be signed, and cannot be, does not go out: a client
 * that sees none stripped of its signature needs no rule for that.  Errors say
 * nothing that is relied on, and one stands in its place.
 */

static ngx_int_t
ngx_http_sign_response_unsigned(ngx_http_request_t *r)
{
    if (r->headers_out.status >= NGX_HTTP_BAD_REQUEST) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "the response of status %ui is not sent, as it cannot be "
                  "signed", r->headers_out.status);

    return ngx_http_filter_finalize_request(r, &ngx_http_sign_outward_module,
                                            NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/* NGX_DECLINED: it cannot be signed */

static ngx_int_t
ngx_http_sign_response_make(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest)
{
    sign_code_e            code;
    sign_field_t           fields[NGX_HTTP_SIGN_RESPONSE_FIELDS], *field;
    postern_str_t          input, signature, hash;
    sign_message_t         msg;
    postern_alloc_t        alloc;
    sign_make_response_t   response;

    ngx_memzero(&response, sizeof(sign_make_response_t));

    response.request = ngx_http_sign_response_request(r, &response.label);

    if (response.request == NULL) {
        return NGX_DECLINED;
    }

    response.status = r->headers_out.status;
    response.fields = fields;
    response.nfields = ngx_http_sign_response_fields(r, fields);
    response.key_id = ctx->key_id;
    response.tag = ngx_http_postern_slice(ctx->conf->response_tag);
    response.now = ngx_time();

    hash.data = NULL;
    hash.len = 0;

    if (digest) {

        if (ngx_http_sign_response_digest(r, ctx, &hash) != NGX_OK) {
            return NGX_ERROR;
        }

        field = &fields[response.nfields++];

        field->name = (postern_str_t) postern_string("content-digest");
        field->value = hash;
    }

    alloc = ngx_http_sign_allocator(r->pool);
    msg.detail[0] = '\0';

    code = sign_make_response(&response, ctx->maker, &alloc, &msg, &input,
                              &signature);

    if (code != SIGN_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the response cannot be signed (%s): %s",
                      sign_code(code), msg.detail);

        return code == SIGN_NO_MEMORY ? NGX_ERROR : NGX_DECLINED;
    }

    /* those of the application are about another request, or another body */

    ngx_http_sign_response_drop(r, "signature-input");
    ngx_http_sign_response_drop(r, "signature");

    if (digest) {
        ngx_http_sign_response_drop(r, "content-digest");

        if (ngx_http_sign_response_add(r, "Content-Digest", hash) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_sign_response_add(r, "Signature-Input", input) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sign_response_add(r, "Signature", signature);
}


/* as it was read where its signature was verified, or read now */

static const sign_request_t *
ngx_http_sign_response_request(ngx_http_request_t *r, postern_str_t *label)
{
    ngx_http_sign_ctx_t  *sctx;

    sctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (sctx && sctx->request.target.len && sctx->request.authority.len) {

        if (sctx->verified && sctx->message.scheme == SIGN_RFC9421) {
            *label = sctx->message.label;
        }

        return &sctx->request;
    }

    sctx = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_ctx_t));

    if (sctx == NULL || r->request_line.len == 0) {
        return NULL;
    }

    sctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (ngx_http_sign_request(r, sctx) != SIGN_OK) {
        return NULL;
    }

    return &sctx->request;
}


/*
 * What tells how the body is to be read, and where a client is sent.  A
 * Location that nginx will make absolute is not yet what the client gets.
 */

static size_t
ngx_http_sign_response_fields(ngx_http_request_t *r, sign_field_t *fields)
{
    size_t                     n;
    ngx_table_elt_t           *h;
    ngx_http_core_loc_conf_t  *clcf;

    n = 0;

    if (r->headers_out.content_type.len) {
        fields[n].name = (postern_str_t) postern_string("content-type");
        fields[n++].value = ngx_http_sign_response_type(r);
    }

    h = r->headers_out.content_encoding;

    if (h && h->hash && h->value.len) {
        fields[n].name = (postern_str_t) postern_string("content-encoding");
        fields[n++].value = ngx_http_postern_slice(h->value);
    }

    h = r->headers_out.location;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (h && h->hash && h->value.len
        && !(clcf->absolute_redirect && h->value.data[0] == '/'))
    {
        fields[n].name = (postern_str_t) postern_string("location");
        fields[n++].value = ngx_http_postern_slice(h->value);
    }

    return n;
}


/* as it is written: a charset that the type does not name is put behind it */

static postern_str_t
ngx_http_sign_response_type(ngx_http_request_t *r)
{
    u_char         *p;
    ngx_str_t      *type, *charset;
    postern_str_t   value;

    type = &r->headers_out.content_type;
    charset = &r->headers_out.charset;

    value = ngx_http_postern_slice(*type);

    if (r->headers_out.content_type_len != type->len || charset->len == 0) {
        return value;
    }

    p = ngx_pnalloc(r->pool, type->len + sizeof("; charset=") - 1
                             + charset->len);
    if (p == NULL) {
        return value;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%V; charset=%V", type, charset) - p;

    return value;
}


static ngx_int_t
ngx_http_sign_response_digest(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, postern_str_t *value)
{
    u_char  *p, hash[64];

    (void) sign_digest_final(ctx->digest, hash);

    p = ngx_pnalloc(r->pool, sizeof("sha-256=::") + SIGN_MAKE_BASE64(32));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = sign_make_put(p, "sha-256=:");
    p += sign_make_base64(hash, 32, p);
    *p++ = ':';

    value->len = p - value->data;

    return NGX_OK;
}


static void
ngx_http_sign_response_drop(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                h[i].hash = 0;
            }
        }
    }
}


static ngx_int_t
ngx_http_sign_response_add(ngx_http_request_t *r, const char *name,
    postern_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = ngx_http_postern_str(value);

    return NGX_OK;
}
