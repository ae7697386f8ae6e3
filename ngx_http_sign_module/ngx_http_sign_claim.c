
/*
 * What comes behind the cryptography: the rate of the key, and the claim that
 * makes a signature good for one request.
 */


#include "ngx_http_sign_module.h"


static ngx_int_t ngx_http_sign_rated(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_make_claim(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_msec_t ngx_http_sign_claim_ttl(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_claimed(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_repeatable(ngx_http_sign_ctx_t *ctx);


/* only whoever holds the key gets here, so that nobody else uses up its rate;
   nothing is claimed by a request over it, which may be sent again later */

ngx_int_t
ngx_http_sign_claim(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char                *p;
    ngx_int_t              rc;
    ngx_str_t              org, name;
    const postern_key_t   *key;

    key = ctx->key;

    if (key->rate_period == 0) {
        return ngx_http_sign_make_claim(r, ctx);
    }

    p = ngx_cpymem(ctx->claim_name, NGX_HTTP_SIGN_RATE_NAME,
                   sizeof(NGX_HTTP_SIGN_RATE_NAME) - 1);
    p = ngx_cpymem(p, key->id.data, key->id.len);

    name.data = ctx->claim_name;
    name.len = p - ctx->claim_name;

    org = ngx_http_postern_str(key->org->name);

    ctx->state = ngx_http_sign_rated;

    rc = postern_api.rate(r, &ctx->rate, &org, &name, key->rate,
                          (ngx_msec_t) key->rate_period * 1000);

    switch (rc) {

    case NGX_OK:
        ctx->rate.done = 1;
        return ngx_http_sign_rated(r, ctx);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }
}


static ngx_int_t
ngx_http_sign_rated(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    if (!ctx->rate.done) {
        return NGX_AGAIN;
    }

    switch (ctx->rate.result) {

    case NGX_HTTP_POSTERN_OK:
        return ngx_http_sign_make_claim(r, ctx);

    case NGX_HTTP_POSTERN_NO:
        ctx->retry_after = (ctx->rate.msec + 999) / 1000;

        (void) sign_fail(&ctx->message, SIGN_RATE,
                         "more than %lu requests in %lu s",
                         (unsigned long) ctx->key->rate,
                         (unsigned long) ctx->key->rate_period);

        return ngx_http_sign_refuse(r, ctx, SIGN_RATE, SIGN_RATE);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */

        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "the store of rates cannot be asked");

        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }
}


static ngx_int_t
ngx_http_sign_make_claim(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char      *p;
    ngx_int_t    rc;
    ngx_str_t    org, name;

    if (ctx->message.reusable) {
        return ngx_http_sign_accepted(r, ctx);
    }

    p = ngx_cpymem(ctx->claim_name, NGX_HTTP_SIGN_CLAIM,
                   sizeof(NGX_HTTP_SIGN_CLAIM) - 1);
    p = ngx_cpymem(p, ctx->message.claim, ctx->message.claim_len);

    name.data = ctx->claim_name;
    name.len = p - ctx->claim_name;

    org = ngx_http_postern_str(ctx->key->org->name);

    ctx->state = ngx_http_sign_claimed;

    rc = postern_api.claim(r, &ctx->claim, &org, &name,
                           ngx_http_sign_claim_ttl(r, ctx));

    switch (rc) {

    case NGX_OK:
        ctx->claim.done = 1;
        return ngx_http_sign_claimed(r, ctx);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }
}


/*
 * The copy of a request may get into another location than the request did, by
 * something that is not signed (a field that "if" or "map" looks at, the port),
 * so that the widest window of all counts.  A node whose clock is behind ours
 * takes the signature for valid longer: by as much as sign_window lets clocks
 * differ, and the second begun.
 */

static ngx_msec_t
ngx_http_sign_claim_ttl(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    int64_t                     end;
    ngx_http_sign_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sign_module);

    end = ngx_min(ctx->message.created + smcf->window, ctx->message.expires);

    return (ngx_msec_t) (end - ctx->now + 1 + smcf->skew + 1) * 1000;
}


static ngx_int_t
ngx_http_sign_claimed(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    if (!ctx->claim.done) {
        return NGX_AGAIN;
    }

    switch (ctx->claim.result) {

    case NGX_HTTP_POSTERN_OK:
        return ngx_http_sign_accepted(r, ctx);

    case NGX_HTTP_POSTERN_NO:

        if (ngx_http_sign_repeatable(ctx)) {
            return ngx_http_sign_accepted(r, ctx);
        }

        (void) sign_fail(&ctx->message, SIGN_REPLAYED,
                         "first seen %lu ms ago",
                         (unsigned long) ctx->claim.msec);

        return ngx_http_sign_refuse(r, ctx, SIGN_REPLAYED, SIGN_REPLAYED);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */

        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "the store of replays cannot be asked");

        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }
}


/*
 * Signatures without nonce have a resolution of one second: two honest requests
 * in one second look like a replay.  Reading twice what one may read does no
 * harm (RFC 9110, section 9.2.1), so safe methods may repeat themselves for a
 * moment; whatever changes something may not.  "sign_insecure_replay reuse"
 * lets them do so as long as the signature is valid.
 */

static ngx_uint_t
ngx_http_sign_repeatable(ngx_http_sign_ctx_t *ctx)
{
    postern_str_t              method;
    ngx_http_sign_loc_conf_t  *slcf;

    /* a method that is not signed says nothing of what the signer wanted */

    if (ctx->message.once) {
        return 0;
    }

    method = ctx->request.method;

    if (!postern_str_is(method, "GET")
        && !postern_str_is(method, "HEAD")
        && !postern_str_is(method, "OPTIONS"))
    {
        return 0;
    }

    slcf = ctx->conf;

    if (slcf->insecure_replay & NGX_HTTP_SIGN_REPLAY_REUSE) {
        return 1;
    }

    return ctx->message.nonce.data == NULL
           && !(slcf->once & ctx->message.scheme)
           && ctx->claim.msec <= NGX_HTTP_SIGN_REPEAT;
}
