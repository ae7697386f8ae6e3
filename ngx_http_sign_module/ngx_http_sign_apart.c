
/*
 * Keys that stand apart from the directory's file, in Redis: the core finds
 * them, and keeps with each what is made of it here, so that a key is parsed
 * and opened once by a worker: to verify with, to sign with, or both.
 */


#include "ngx_http_sign_module.h"


typedef struct {
    sign_key_t    *key;
    sign_maker_t  *maker;
} ngx_http_sign_prepared_t;


static ngx_int_t ngx_http_sign_asked_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_http_sign_prepared_t *ngx_http_sign_apart_prepared(
    ngx_http_postern_apart_t *apart);
static sign_key_t *ngx_http_sign_apart_open(ngx_http_request_t *r,
    ngx_http_postern_apart_t *apart);
static void ngx_http_sign_apart_destroy(void *data);


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

    return ngx_http_sign_apart_open(r, apart);
}


static sign_key_t *
ngx_http_sign_apart_open(ngx_http_request_t *r,
    ngx_http_postern_apart_t *apart)
{
    ngx_http_sign_prepared_t  *prepared;

    prepared = ngx_http_sign_apart_prepared(apart);

    if (prepared && prepared->key == NULL) {
        prepared->key = ngx_http_sign_open(r, apart->key);
    }

    return prepared ? prepared->key : NULL;
}


sign_maker_t *
ngx_http_sign_apart_maker(ngx_http_request_t *r,
    ngx_http_postern_apart_t *apart)
{
    sign_key_t                *sign_key;
    postern_alloc_t            alloc;
    ngx_http_sign_prepared_t  *prepared;

    if (postern_alg_is_hmac(apart->key->algorithm)) {
        alloc = ngx_http_sign_allocator(r->pool);
        sign_key = ngx_http_sign_apart_open(r, apart);

        return sign_key ? sign_maker_of(sign_key, &alloc) : NULL;
    }

    prepared = ngx_http_sign_apart_prepared(apart);

    if (prepared && prepared->maker == NULL) {
        prepared->maker = ngx_http_sign_open_private(r, apart->key);
    }

    return prepared ? prepared->maker : NULL;
}


static ngx_http_sign_prepared_t *
ngx_http_sign_apart_prepared(ngx_http_postern_apart_t *apart)
{
    if (apart->prepared == NULL) {
        apart->prepared = calloc(1, sizeof(ngx_http_sign_prepared_t));
        apart->destroy = ngx_http_sign_apart_destroy;
    }

    return apart->prepared;
}


static void
ngx_http_sign_apart_destroy(void *data)
{
    ngx_http_sign_prepared_t *prepared = data;

    sign_key_destroy(prepared->key);
    sign_maker_destroy(prepared->maker);

    free(prepared);
}
