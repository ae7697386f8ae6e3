
/*
 * Whose key it is: the directory's file comes first, then, with postern_keys,
 * Redis.  A message that names a key is answered in one step.  Where one brings
 * a fingerprint, or its certificate names an issuer, Redis is asked for ids
 * first, and for the keys of these then.
 *
 *     file -> [names] -> [ids] -> found
 *
 * States in brackets may wait.
 */


#include "ngx_http_sign_module.h"
#include "sign_mtls.h"


static ngx_int_t ngx_http_sign_find_failed(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, sign_code_e code);
static ngx_int_t ngx_http_sign_found_names(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_found_keys(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_found(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_settle(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);


ngx_int_t
ngx_http_sign_find_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t                  n;
    postern_key_name_t          names[SIGN_MAX_NAMES];
    const postern_directory_t  *directory;

    directory = postern_api.directory(r);

    if (directory == NULL) {
        return ngx_http_sign_find_failed(r, ctx,
                         sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                                   "there is no directory to look the key up "
                                   "in"));
    }

    ctx->asked = NULL;
    ctx->key = sign_find(&ctx->request, &ctx->conf->policy, directory,
                         &ctx->message);

    if (ngx_http_sign_settle(r, ctx) || !postern_api.has_apart(r)) {
        return ngx_http_sign_found(r, ctx);
    }

    n = sign_names(&ctx->request, &ctx->conf->policy, directory, ctx->key,
                   &ctx->message, names);

    if (n == 0) {
        return ngx_http_sign_found(r, ctx);
    }

    return ngx_http_sign_ask(r, ctx, names, n,
                             names[0].by == POSTERN_BY_ID
                             ? ngx_http_sign_found_keys
                             : ngx_http_sign_found_names);
}


static ngx_int_t
ngx_http_sign_find_failed(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_code_e code)
{
    return ngx_http_sign_refuse(r, ctx, code, code);
}


static ngx_int_t
ngx_http_sign_found_names(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t          n;
    sign_code_e         code;
    postern_key_name_t  names[SIGN_MAX_APART];

    code = ngx_http_sign_answered(ctx);

    if (code != SIGN_OK) {
        return ngx_http_sign_find_failed(r, ctx, code);
    }

    n = ngx_http_sign_asked_ids(ctx, postern_api.directory(r), names);

    if (n == 0) {
        return ngx_http_sign_found(r, ctx);
    }

    return ngx_http_sign_ask(r, ctx, names, n, ngx_http_sign_found_keys);
}


static ngx_int_t
ngx_http_sign_found_keys(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    size_t        n;
    sign_code_e   code;
    sign_apart_t  keys[SIGN_MAX_APART];

    code = ngx_http_sign_answered(ctx);

    if (code != SIGN_OK) {
        return ngx_http_sign_find_failed(r, ctx, code);
    }

    n = ngx_http_sign_asked_keys(ctx, keys);

    ctx->key = sign_choose(&ctx->request, &ctx->conf->policy, ctx->key, keys,
                           n, &ctx->message);

    (void) ngx_http_sign_settle(r, ctx);

    return ngx_http_sign_found(r, ctx);
}


static ngx_int_t
ngx_http_sign_found(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    return ctx->message.nkeys ? ngx_http_sign_webhook_keys(r, ctx)
                              : ngx_http_sign_found_key(r, ctx);
}


/*
 * A certificate may be of several authorities by name.  The first that issued
 * it and may be used is the one; TLS has proven the client's key already, so
 * that nobody learns from the time that this takes more than from the answer.
 * Where there is none, one that may be used says why it is not, or the first.
 * Of a certificate that is entered itself there is nothing to try.
 */

static ngx_uint_t
ngx_http_sign_settle(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    size_t                i, n, first, best;
    sign_key_t           *sign_key;
    sign_code_e           code;
    const postern_key_t  *key;

    if (ctx->message.scheme != SIGN_MTLS || ctx->key == NULL) {
        return 0;
    }

    n = sign_mtls_keys(&ctx->message);
    first = n;
    best = n;

    for (i = 0; i < n; i++) {
        key = sign_mtls_key(&ctx->message, i);

        if (key == NULL) {
            continue;
        }

        sign_mtls_speak(&ctx->message, i);
        ctx->key = key;

        if (first == n) {
            first = i;
        }

        if (key->algorithm == POSTERN_ALG_X509) {
            return 1;
        }

        code = ngx_http_sign_judge(r, ctx, key);

        sign_key = (code < SIGN_UNKNOWN_KEY || code > SIGN_ALGORITHM)
                   ? ngx_http_sign_key(r, ctx, key) : NULL;

        if (sign_key && sign_mtls_try(&ctx->message, i, sign_key, ctx->now)
                        != SIGN_MTLS_NO)
        {
            return 1;
        }

        if (sign_key && best == n) {
            best = i;
        }
    }

    best = (best < n) ? best : first;

    sign_mtls_speak(&ctx->message, best);
    ctx->key = sign_mtls_key(&ctx->message, best);

    return 0;
}
