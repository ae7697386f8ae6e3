
/*
 * The body is hashed while it comes in and never held for it.  With request
 * buffering, as is the default of proxy_pass and its kin, the application hears
 * of the request only when the hash is right.
 */


#include "ngx_http_sign_module.h"


#define NGX_HTTP_SIGN_FILE_BUFFER  65536


static ngx_int_t ngx_http_sign_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static sign_code_e ngx_http_sign_body_end(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static sign_code_e ngx_http_sign_pour(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_chain_t *in, ngx_uint_t *last);
static sign_code_e ngx_http_sign_pour_file(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_buf_t *b);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


void
ngx_http_sign_body_init(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_sign_body_filter;
}


ngx_int_t
ngx_http_sign_body_begin(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    postern_alloc_t  alloc;

    alloc = ngx_http_sign_allocator(r->main->pool);

    ctx->sink = sign_sink(ctx->sign_key, &alloc, &ctx->message);

    return ctx->sink ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_sign_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t             rc;
    ngx_uint_t            last;
    sign_code_e           code;
    ngx_chain_t          *cl, *next;
    ngx_http_sign_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (ctx == NULL || ctx->sink == NULL) {
        return ngx_http_next_request_body_filter(r, in);
    }

    last = 0;

    ngx_http_sign_decode_begin(r, ctx);

    code = ctx->decoding ? ngx_http_sign_decode(r, ctx, &in, &last)
                         : ngx_http_sign_pour(r, ctx, in, &last);

    if (code == SIGN_OK && last) {
        code = ngx_http_sign_body_end(r, ctx);

        if (code == SIGN_OK && ctx->decoding
            && ngx_http_sign_decoded(r, ctx) != NGX_OK)
        {
            code = SIGN_NO_MEMORY;
        }
    }

    if (code != SIGN_OK) {
        ctx->sink = NULL;

        rc = ngx_http_sign_refuse(r, ctx, code, code);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    rc = ngx_http_next_request_body_filter(r, in);

    /* the links that decode() made: nobody keeps those, as nginx takes back its
       own, too */

    for (cl = ctx->decoding ? in : NULL; cl; cl = next) {
        next = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    return rc;
}


static sign_code_e
ngx_http_sign_body_end(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_sink_t  *sink;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign body end");

    sink = ctx->sink;
    ctx->sink = NULL;

    return sink->final(sink, &ctx->message);
}


/*
 * A body that a module read before us, or that there is none: it is judged
 * where it lies, in memory or in a temporary file.
 */

sign_code_e
ngx_http_sign_body_present(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t                last;
    sign_code_e               code;
    ngx_http_request_body_t  *rb;

    if (ngx_http_sign_body_begin(r, ctx) != NGX_OK) {
        return SIGN_NO_MEMORY;
    }

    last = 0;
    code = SIGN_OK;
    rb = r->main->request_body;

    if (rb && r->main->reading_body) {
        code = sign_fail(&ctx->message, SIGN_DIGEST,
                         "parts of the body were handed on before the "
                         "signature could be checked");

    } else if (rb && rb->rest > 0) {
        code = sign_fail(&ctx->message, SIGN_DIGEST,
                         "the body was not read to its end where it was begun");

    } else if (rb) {
        ngx_http_sign_decode_begin(r, ctx);

        code = ctx->decoding
               ? sign_fail(&ctx->message, SIGN_DIGEST,
                           "the body was read before it could be decoded")
               : ngx_http_sign_pour(r, ctx, rb->bufs, &last);
    }

    if (code == SIGN_OK) {
        code = ngx_http_sign_body_end(r, ctx);
    }

    ctx->sink = NULL;

    if (code == SIGN_DIGEST && !ctx->has_body) {
        (void) sign_fail(&ctx->message, SIGN_DIGEST,
                         "a body was signed and none came");
    }

    return code;
}


static sign_code_e
ngx_http_sign_pour(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_chain_t *in, ngx_uint_t *last)
{
    ngx_buf_t    *b;
    sign_code_e   code;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;
        code = SIGN_OK;

        if (ngx_buf_in_memory(b)) {
            code = ctx->sink->update(ctx->sink, b->pos, b->last - b->pos,
                                     &ctx->message);

        } else if (b->in_file) {
            code = ngx_http_sign_pour_file(r, ctx, b);
        }

        if (code != SIGN_OK) {
            return code;
        }

        *last |= b->last_buf;
    }

    return SIGN_OK;
}


/* nginx has just written the file: it lies in the page cache */

static sign_code_e
ngx_http_sign_pour_file(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_buf_t *b)
{
    off_t         offset;
    size_t        size;
    u_char       *buffer;
    ssize_t       n;
    sign_code_e   code;

    buffer = ngx_palloc(r->pool, NGX_HTTP_SIGN_FILE_BUFFER);
    if (buffer == NULL) {
        return SIGN_NO_MEMORY;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = ngx_min((off_t) NGX_HTTP_SIGN_FILE_BUFFER,
                       b->file_last - offset);

        n = ngx_read_file(b->file, buffer, size, offset);

        if (n <= 0) {
            return SIGN_NO_MEMORY;
        }

        code = ctx->sink->update(ctx->sink, buffer, n, &ctx->message);

        if (code != SIGN_OK) {
            return code;
        }
    }

    return ngx_pfree(r->pool, buffer) == NGX_OK ? SIGN_OK : SIGN_NO_MEMORY;
}
