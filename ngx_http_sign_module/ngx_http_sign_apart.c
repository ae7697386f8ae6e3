
/*
 * Keys that stand apart from the directory's file, in Redis: the core finds
 * them, and keeps with each what is made of it here, so that a key is parsed
 * and opened once by a worker.
 */


#include "ngx_http_sign_module.h"


static ngx_int_t ngx_http_sign_asked_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static void ngx_http_sign_apart_destroy(void *prepared);


ngx_int_t
ngx_http_sign_ask_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  id;

    id = ngx_http_postern_str(ctx->message.key_id);

    ctx->state = ngx_http_sign_asked_key;

    rc = postern_api.key(r, &ctx->apart, &id);

    switch (rc) {

    case NGX_OK:
        return ngx_http_sign_asked_key(r, ctx);

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DECLINED:
        return ngx_http_sign_found_key(r, ctx);

    default:
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }
}


static ngx_int_t
ngx_http_sign_asked_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    if (!ctx->apart.done) {
        return NGX_AGAIN;
    }

    /* a claim is made for as long as the signature is good from then on */

    ctx->now = ngx_time();

    switch (ctx->apart.result) {

    case NGX_HTTP_POSTERN_OK:
        ctx->key = ctx->apart.apart->key;
        return ngx_http_sign_found_key(r, ctx);

    case NGX_HTTP_POSTERN_NO:
        return ngx_http_sign_found_key(r, ctx);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */

        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "Redis cannot be asked for the key");

        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }
}


sign_key_t *
ngx_http_sign_apart_key(ngx_http_request_t *r, const postern_key_t *key)
{
    ngx_http_sign_ctx_t       *ctx;
    ngx_http_postern_apart_t  *apart;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);
    apart = ctx ? ctx->apart.apart : NULL;

    if (apart == NULL || apart->key != key) {
        return NULL;
    }

    if (apart->prepared == NULL) {
        apart->prepared = ngx_http_sign_open(r, key);
        apart->destroy = ngx_http_sign_apart_destroy;
    }

    return apart->prepared;
}


static void
ngx_http_sign_apart_destroy(void *prepared)
{
    sign_key_destroy(prepared);
}
