
/*
 * Answers to clients, signed.
 *
 * The filters stand behind those that change an answer (gzip, ranges,
 * add_header) and before those that write it, so that what is signed leaves.
 * The digest of the body has to stand before the body: up to
 * sign_response_buffer of it is held until its end has come.  What is longer,
 * or has no end in sight, is signed without its body, and the list of covered
 * components says so.  To a client that reads trailers a second signature
 * follows then, which covers the body, too: what went by was hashed.
 */


#include "ngx_http_sign_response.h"


#define NGX_HTTP_SIGN_RESPONSE_CHUNK   16384


static ngx_int_t ngx_http_sign_response_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_key(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_http_sign_asked_key_t *asked);
static ngx_uint_t ngx_http_sign_response_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_hash(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);
static ngx_int_t ngx_http_sign_response_sign(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest, ngx_uint_t trail);
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
static ngx_int_t ngx_http_sign_response_follow(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_sign_response_unsigned(ngx_http_request_t *r);


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
    ngx_uint_t                     body, trail;
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

    rc = ngx_http_sign_response_key(r, ctx, &octx->answer_key);

    if (rc == NGX_ABORT) {
        rc = ngx_http_sign_response_unsigned(r);
        return rc == NGX_OK ? ngx_http_next_header_filter(r) : rc;
    }

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_http_next_header_filter(r) : NGX_ERROR;
    }

    length = r->headers_out.content_length_n;

    body = ngx_http_sign_response_has_body(r);
    ctx->waiting = body && length && ocf->response_buffer
                   && length <= (off_t) ocf->response_buffer;
    trail = body && length && !ctx->waiting
            && ngx_http_sign_response_may_trail(r);

    if ((ctx->waiting || trail || (body && length == 0))
        && ngx_http_sign_response_hash(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->waiting) {
        return NGX_OK;
    }

    rc = ngx_http_sign_response_sign(r, ctx, body && length == 0, trail);

    return rc == NGX_OK ? ngx_http_next_header_filter(r) : rc;
}


/* NGX_DECLINED: there is none, and the answer stays as it is; NGX_ABORT: there
   should be one, and it cannot sign */

static ngx_int_t
ngx_http_sign_response_key(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_http_sign_asked_key_t *asked)
{
    postern_alloc_t       alloc;
    ngx_http_sign_ctx_t  *sctx;

    if (ctx->conf->response_key.len) {
        ctx->key_id = ngx_http_postern_slice(ctx->conf->response_key);
        ctx->maker = ngx_http_sign_outward_key(r, asked, ctx->key_id,
                                               SIGN_RFC9421);

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
           && r->headers_out.status != NGX_HTTP_NOT_MODIFIED;
}


static ngx_int_t
ngx_http_sign_response_hash(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    ctx->digest = ngx_palloc(r->pool, sign_digest_size());

    if (ctx->digest == NULL) {
        return NGX_ERROR;
    }

    ctx->digest = sign_digest_begin(ctx->digest, SIGN_DIGEST_SHA256);

    /* files are read by the filter that can do so without blocking */

    r->filter_need_in_memory = 1;
    r->main_filter_need_in_memory = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sign_response_sign(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest, ngx_uint_t trail)
{
    ngx_int_t  rc;

    rc = ngx_http_sign_response_make(r, ctx, digest);

    if (rc == NGX_DECLINED) {
        return ngx_http_sign_response_unsigned(r);
    }

    return (rc == NGX_OK && trail) ? ngx_http_sign_response_announce(r, ctx)
                                   : rc;
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

    if (ctx == NULL || r != r->main || !(ctx->waiting || ctx->trailing)) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ctx->trailing) {
        return ngx_http_sign_response_follow(r, ctx, in) == NGX_OK
               ? ngx_http_next_body_filter(r, in) : NGX_ERROR;
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


/* the head, with nothing to say of the body yet, and what came of it */

static ngx_int_t
ngx_http_sign_response_release(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_chain_t *rest)
{
    ngx_int_t  rc;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign response before the end of its body at %uz",
                   ctx->size);

    ctx->waiting = 0;

    rc = ngx_http_sign_response_sign(r, ctx, 0,
                                     ngx_http_sign_response_may_trail(r));

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ctx->trailing
        && ngx_http_sign_response_follow(r, ctx, rest) != NGX_OK)
    {
        return NGX_ERROR;
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

    rc = ngx_http_sign_response_sign(r, ctx, 1, 0);

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


/* what is sent on, until trailers can tell of it */

static ngx_int_t
ngx_http_sign_response_follow(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            sign_digest_update(ctx->digest, b->pos, b->last - b->pos);

        } else if (b->in_file) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "the response stays without a signature of its "
                          "body, as a filter sends a file past it");
            ctx->trailing = 0;
            return NGX_OK;
        }

        if (b->last_buf) {
            ctx->trailing = 0;
            return ngx_http_sign_response_trail(r, ctx);
        }
    }

    return NGX_OK;
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
