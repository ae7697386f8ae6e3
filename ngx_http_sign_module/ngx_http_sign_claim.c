
/*
 * What keeps a signature from being good twice, and one key from using up what
 * others need: its cap, its rate, and the claim, which is made last.
 *
 * The cap is asked before the cryptography, ngx_http_sign_cap(), and counted
 * with the claim; the rest is what comes behind the cryptography:
 *
 *     claim -> [rated] -> make_claim -> [claimed] -> accepted
 */


#include "ngx_http_sign_module.h"


static ngx_uint_t ngx_http_sign_set_quota(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_over(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_msec_t wait);
static ngx_int_t ngx_http_sign_rated(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_make_claim(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_claimed(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_msec_t ngx_http_sign_claim_ttl(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_repeatable(ngx_http_sign_ctx_t *ctx,
    ngx_http_sign_loc_conf_t *slcf);


/*
 * The cap of the key.  Asked here to spare the cryptography, and counted with
 * the claim, in one step.  NGX_OK, or what the phase shall return.
 */

ngx_int_t
ngx_http_sign_cap(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_str_t   org;
    ngx_msec_t  wait;

    if (!ngx_http_sign_set_quota(r, ctx)) {
        return NGX_OK;
    }

    org = ngx_http_postern_str(ctx->key->org->name);

    switch (postern_api.quota(r, &org, &ctx->quota, &wait)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_BUSY:
        return ngx_http_sign_over(r, ctx, wait);

    default:
        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "nobody can tell how many signatures the key has "
                         "in use");

        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }
}


/* fills in ctx->quota: its window is the longest that a claim of this
   configuration lasts; 0 where nothing is counted */

static ngx_uint_t
ngx_http_sign_set_quota(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_main_conf_t  *smcf;

    if (ctx->message.reusable
        || ctx->conf->nonce_cap == NGX_HTTP_SIGN_CAP_OFF)
    {
        return 0;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sign_module);

    if (ctx->quota.name.data != ctx->key->id.data) {
        ctx->quota.name = ngx_http_postern_str(ctx->key->id);
        ctx->quota.hashed = 0;
    }

    ctx->quota.limit = ctx->conf->nonce_cap;
    ctx->quota.window = (ngx_msec_t) (smcf->window + 2 * smcf->skew + 2) * 1000;

    return 1;
}


static ngx_int_t
ngx_http_sign_over(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_msec_t wait)
{
    ctx->retry_after = (wait + 999) / 1000;

    (void) sign_fail(&ctx->message, SIGN_NONCE_CAP,
                     "as many signatures of the key as sign_nonce_cap allows "
                     "are in use");

    return ngx_http_sign_refuse(r, ctx, SIGN_NONCE_CAP, SIGN_NONCE_CAP);
}


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


/*
 * Redis may have taken its time.  A claim lasts until the signature ends, and
 * for as long as Redis may take once more: what was fresh before the rate was
 * asked for must be so now, or a copy would be the first again.
 */

static ngx_int_t
ngx_http_sign_rated(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    if (!ctx->rate.done) {
        return NGX_AGAIN;
    }

    code = ngx_http_sign_rate_code(ctx, ctx->key->rate, ctx->key->rate_period);

    if (code == SIGN_OK && ctx->now != ngx_time()) {
        ctx->now = ngx_time();
        code = ngx_http_sign_judge(r, ctx, ctx->key);
    }

    return code == SIGN_OK ? ngx_http_sign_make_claim(r, ctx)
                           : ngx_http_sign_refuse(r, ctx, code, code);
}


sign_code_e
ngx_http_sign_rate_code(ngx_http_sign_ctx_t *ctx, ngx_uint_t limit,
    ngx_uint_t period)
{
    switch (ctx->rate.result) {

    case NGX_HTTP_POSTERN_OK:
        return SIGN_OK;

    case NGX_HTTP_POSTERN_NO:
        ctx->retry_after = (ctx->rate.msec + 999) / 1000;

        return sign_fail(&ctx->message, SIGN_RATE,
                         "more than %lu requests in %lu s",
                         (unsigned long) limit, (unsigned long) period);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */
        return sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "the store of rates cannot be asked");
    }
}


static ngx_int_t
ngx_http_sign_make_claim(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    if (ctx->message.reusable) {
        return ngx_http_sign_accepted(r, ctx);
    }

    ctx->state = ngx_http_sign_claimed;

    if (ngx_http_sign_set_quota(r, ctx)) {
        ctx->claim.quota = &ctx->quota;
    }

    ctx->claim.local = (ctx->conf->insecure_replay
                        & NGX_HTTP_SIGN_REPLAY_LOCAL) != 0;

    switch (ngx_http_sign_submit_claim(r, ctx)) {

    case NGX_OK:
        ctx->claim.done = 1;
        return ngx_http_sign_claimed(r, ctx);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }
}


ngx_int_t
ngx_http_sign_submit_claim(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   org, name;

    p = ngx_cpymem(ctx->claim_name, NGX_HTTP_SIGN_CLAIM,
                   sizeof(NGX_HTTP_SIGN_CLAIM) - 1);
    p = ngx_cpymem(p, ctx->message.claim, ctx->message.claim_len);

    name.data = ctx->claim_name;
    name.len = p - ctx->claim_name;

    org = ngx_http_postern_str(ctx->key->org->name);

    return postern_api.claim(r, &ctx->claim, &org, &name,
                             ngx_http_sign_claim_ttl(r, ctx));
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

        if (ngx_http_sign_unrepeated(ctx, ctx->conf) == SIGN_OK) {
            return ngx_http_sign_accepted(r, ctx);
        }

        return ngx_http_sign_refuse(r, ctx, SIGN_REPLAYED, SIGN_REPLAYED);

    case NGX_HTTP_POSTERN_OVER:
        return ngx_http_sign_over(r, ctx, ctx->claim.msec);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */

        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "the store of replays cannot be asked");

        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }
}


/* what one location lets repeat itself, or takes this node's word for, the next
   one may not */

sign_code_e
ngx_http_sign_unrepeated(ngx_http_sign_ctx_t *ctx,
    ngx_http_sign_loc_conf_t *slcf)
{
    if (ctx->claim.alone
        && !(slcf->insecure_replay & NGX_HTTP_SIGN_REPLAY_LOCAL))
    {
        return sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "only this node knows of the claim");
    }

    if (ctx->claim.result != NGX_HTTP_POSTERN_NO
        || ngx_http_sign_repeatable(ctx, slcf))
    {
        return SIGN_OK;
    }

    return sign_fail(&ctx->message, SIGN_REPLAYED, "first seen %lu ms ago",
                     (unsigned long) ctx->claim.msec);
}


/*
 * Signatures without nonce have a resolution of one second: two honest requests
 * in one second look like a replay.  Reading twice what one may read does no
 * harm (RFC 9110, section 9.2.1), so safe methods may repeat themselves for a
 * moment; whatever changes something may not.  "sign_insecure_replay reuse"
 * lets them do so as long as the signature is valid.
 */

static ngx_uint_t
ngx_http_sign_repeatable(ngx_http_sign_ctx_t *ctx,
    ngx_http_sign_loc_conf_t *slcf)
{
    postern_str_t  method;

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

    if (slcf->insecure_replay & NGX_HTTP_SIGN_REPLAY_REUSE) {
        return 1;
    }

    return ctx->message.nonce.data == NULL
           && !(slcf->once & ctx->message.scheme)
           && ctx->claim.msec <= NGX_HTTP_SIGN_REPEAT;
}
