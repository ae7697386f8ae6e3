
/*
 * EnOS, version 2: whose token a request carries.  The store has the hash of
 * each token and the id of its key, for as long as the token is good.
 */


#include "ngx_http_sign_token.h"


#define NGX_HTTP_SIGN_TOKEN_AGE  10000       /* ms that a copy is good */


struct ngx_http_sign_lookup_s {
    ngx_http_postern_op_t   op;
    u_char                  name[NGX_HTTP_SIGN_TOKEN_NAME];
};


static ngx_int_t ngx_http_sign_enos_found(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);


/*
 * Whose token it is.  One that nobody has, or that is over, is nobody's: the
 * work goes on with no key, and ends as with an unknown one.
 */

ngx_int_t
ngx_http_sign_enos_lookup(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    postern_str_t token)
{
    ngx_str_t                org, name;
    ngx_http_sign_lookup_t  *lookup;

    lookup = ngx_pcalloc(r->main->pool, sizeof(ngx_http_sign_lookup_t));
    if (lookup == NULL) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    ctx->token = lookup;
    ctx->state = ngx_http_sign_enos_found;

    ngx_str_null(&org);
    name = ngx_http_sign_token_name(token, lookup->name);

    switch (postern_api.recent(r, &lookup->op, &org, &name,
                               NGX_HTTP_SIGN_TOKEN_AGE))
    {

    case NGX_OK:
        lookup->op.done = 1;
        return ngx_http_sign_enos_found(r, ctx);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }
}


static ngx_int_t
ngx_http_sign_enos_found(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_postern_op_t  *op;

    op = &ctx->token->op;

    if (!op->done) {
        return NGX_AGAIN;
    }

    /* a claim is made for as long as the signature is good from then on */

    ctx->now = ngx_time();

    if (op->result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        (void) sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                         "the store of tokens cannot be asked");
        return ngx_http_sign_refuse(r, ctx, SIGN_UNAVAILABLE,
                                    SIGN_UNAVAILABLE);
    }

    if (op->result == NGX_HTTP_POSTERN_OK && op->value.len <= SIGN_MAX_KEY_ID) {
        ctx->message.key_id = ngx_http_postern_slice(op->value);
    }

    return ngx_http_sign_find_key(r, ctx);
}


ngx_str_t
ngx_http_sign_token_name(postern_str_t token, u_char *name)
{
    u_char     *p;
    ngx_str_t   s;

    p = ngx_cpymem(name, NGX_HTTP_SIGN_TOKEN, sizeof(NGX_HTTP_SIGN_TOKEN) - 1);

    sign_sha256(&token, 1, p);

    s.data = name;
    s.len = p + 32 - name;

    return s;
}
