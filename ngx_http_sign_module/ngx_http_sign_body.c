
/*
 * The body is hashed while it comes in and never held for it.  With request
 * buffering, as is the default of proxy_pass and its kin, the application hears
 * of the request only when the hash is right.
 */


#include "ngx_http_sign_module.h"


#define NGX_HTTP_SIGN_FILE_BUFFER  65536


static ngx_int_t ngx_http_sign_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_sign_body_end(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_hash_chain(ngx_http_request_t *r,
    sign_digest_t *digest, ngx_chain_t *in, ngx_uint_t *last);
static ngx_int_t ngx_http_sign_hash_file(ngx_http_request_t *r,
    sign_digest_t *digest, ngx_buf_t *b);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


void
ngx_http_sign_body_init(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_sign_body_filter;
}


ngx_int_t
ngx_http_sign_body_begin(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_digest_e kind)
{
    void  *memory;

    memory = ngx_palloc(r->main->pool, sign_digest_size());
    if (memory == NULL) {
        return NGX_ERROR;
    }

    ctx->digest = sign_digest_begin(memory, kind);

    return ctx->digest ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_sign_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t             rc;
    ngx_uint_t            last;
    ngx_http_sign_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (ctx == NULL || ctx->digest == NULL) {
        return ngx_http_next_request_body_filter(r, in);
    }

    last = 0;

    if (ngx_http_sign_hash_chain(r, ctx->digest, in, &last) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (last) {
        rc = ngx_http_sign_body_end(r, ctx);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_next_request_body_filter(r, in);
}


static ngx_int_t
ngx_http_sign_body_end(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char  hash[64];
    size_t  len;

    len = sign_digest_final(ctx->digest, hash);
    ctx->digest = NULL;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign body end, hash of %uz bytes", len);

    /* before the signature is verified, the hash is part of what was signed */

    if (!ctx->verified) {
        ngx_memcpy(ctx->message.body_hash, hash, 32);
        ctx->message.has_body_hash = 1;

        return NGX_OK;
    }

    if (sign_digest_equal(ctx->message.digest, hash,
                          ctx->message.digest_value))
    {
        return NGX_OK;
    }

    (void) sign_fail(&ctx->message, SIGN_DIGEST,
                     "the body that came is not the one signed");

    return ngx_http_sign_refuse(r, ctx, SIGN_DIGEST, SIGN_DIGEST);
}


/*
 * A body that a module read before us, or that there is none: it is judged
 * where it lies, in memory or in a temporary file.
 */

ngx_int_t
ngx_http_sign_body_present(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_digest_e kind, u_char *hash)
{
    ngx_uint_t                last;
    ngx_http_request_body_t  *rb;

    if (ngx_http_sign_body_begin(r, ctx, kind) != NGX_OK) {
        return NGX_ERROR;
    }

    last = 0;
    rb = r->main->request_body;

    if (rb && r->main->reading_body) {
        (void) sign_fail(&ctx->message, SIGN_DIGEST,
                         "parts of the body were handed on before the "
                         "signature could be checked");
        ctx->digest = NULL;
        return NGX_DECLINED;
    }

    if (rb && ngx_http_sign_hash_chain(r, ctx->digest, rb->bufs, &last)
              != NGX_OK)
    {
        ctx->digest = NULL;
        return NGX_ERROR;
    }

    (void) sign_digest_final(ctx->digest, hash);
    ctx->digest = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sign_hash_chain(ngx_http_request_t *r, sign_digest_t *digest,
    ngx_chain_t *in, ngx_uint_t *last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            sign_digest_update(digest, b->pos, b->last - b->pos);

        } else if (b->in_file
                   && ngx_http_sign_hash_file(r, digest, b) != NGX_OK)
        {
            return NGX_ERROR;
        }

        *last |= b->last_buf;
    }

    return NGX_OK;
}


/* nginx has just written the file: it lies in the page cache */

static ngx_int_t
ngx_http_sign_hash_file(ngx_http_request_t *r, sign_digest_t *digest,
    ngx_buf_t *b)
{
    off_t     offset;
    size_t    size;
    u_char   *buffer;
    ssize_t   n;

    buffer = ngx_palloc(r->pool, NGX_HTTP_SIGN_FILE_BUFFER);
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = ngx_min((off_t) NGX_HTTP_SIGN_FILE_BUFFER,
                       b->file_last - offset);

        n = ngx_read_file(b->file, buffer, size, offset);

        if (n <= 0) {
            return NGX_ERROR;
        }

        sign_digest_update(digest, buffer, n);
    }

    return (ngx_pfree(r->pool, buffer) == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}
