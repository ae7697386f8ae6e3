
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


/* what was asked for in one go */

struct ngx_http_sign_asked_s {
    ngx_http_sign_state_pt   next;       /* when all is answered */
    ngx_uint_t               n;
    unsigned                 failed:1;   /* for want of memory */
    ngx_http_postern_op_t    ops[];
};


static ngx_int_t ngx_http_sign_asking(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_named_already(
    const postern_key_name_t *names, ngx_uint_t n, postern_str_t id);
static ngx_http_sign_prepared_t *ngx_http_sign_apart_prepared(
    ngx_http_postern_apart_t *apart);
static sign_key_t *ngx_http_sign_apart_open(ngx_http_request_t *r,
    ngx_http_postern_apart_t *apart);
static void ngx_http_sign_apart_destroy(void *data);


ngx_int_t
ngx_http_sign_ask(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const postern_key_name_t *names, ngx_uint_t n, ngx_http_sign_state_pt next)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_uint_t              i;
    ngx_http_sign_asked_t  *asked;

    asked = ngx_pcalloc(r->main->pool, sizeof(ngx_http_sign_asked_t)
                                       + n * sizeof(ngx_http_postern_op_t));
    ctx->asked = asked;

    if (asked == NULL) {
        return next(r, ctx);
    }

    asked->next = next;
    asked->n = n;

    for (i = 0; i < n; i++) {
        text.data = (u_char *) names[i].text;
        text.len = names[i].len;

        rc = postern_api.key(r, &asked->ops[i], names[i].by, &text);

        if (rc == NGX_OK || rc == NGX_AGAIN) {
            continue;
        }

        /* NGX_DECLINED: there are none but those of the file */

        asked->failed |= (rc != NGX_DECLINED);
        asked->ops[i].result = NGX_HTTP_POSTERN_NO;
        asked->ops[i].done = 1;
    }

    ctx->state = ngx_http_sign_asking;

    return ngx_http_sign_asking(r, ctx);
}


static ngx_int_t
ngx_http_sign_asking(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t  i;

    for (i = 0; i < ctx->asked->n; i++) {
        if (!ctx->asked->ops[i].done) {
            return NGX_AGAIN;
        }
    }

    /* a claim is made for as long as the signature is good from then on */

    ctx->now = ngx_time();

    return ctx->asked->next(r, ctx);
}


sign_code_e
ngx_http_sign_answered(ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t  i;

    if (ctx->asked == NULL || ctx->asked->failed) {
        return SIGN_NO_MEMORY;
    }

    for (i = 0; i < ctx->asked->n; i++) {
        if (ctx->asked->ops[i].result == NGX_HTTP_POSTERN_UNAVAILABLE) {
            return sign_fail(&ctx->message, SIGN_UNAVAILABLE,
                             "Redis cannot be asked for the key");
        }
    }

    return SIGN_OK;
}


size_t
ngx_http_sign_asked_keys(ngx_http_sign_ctx_t *ctx, sign_apart_t *keys)
{
    size_t                     n;
    ngx_uint_t                 i;
    ngx_http_postern_apart_t  *apart;

    n = 0;

    for (i = 0; i < ctx->asked->n; i++) {
        apart = ctx->asked->ops[i].apart;

        if (apart && apart->key && n < SIGN_MAX_APART) {
            keys[n].key = apart->key;
            keys[n++].serial = apart->serial;
        }
    }

    return n;
}


/* the file's own keys are known already, and count */

ngx_uint_t
ngx_http_sign_asked_ids(ngx_http_sign_ctx_t *ctx,
    const postern_directory_t *directory, postern_key_name_t *names)
{
    uint32_t                   k;
    ngx_uint_t                 i, n;
    ngx_http_postern_apart_t  *apart;

    n = 0;

    for (i = 0; i < ctx->asked->n; i++) {
        apart = ctx->asked->ops[i].apart;

        for (k = 0; apart && k < apart->nids && n < SIGN_MAX_APART; k++) {

            if (postern_directory_key(directory, apart->ids[k]) == NULL
                && !ngx_http_sign_named_already(names, n, apart->ids[k]))
            {
                n += sign_name_id(&names[n], apart->ids[k]);
            }
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_sign_named_already(const postern_key_name_t *names, ngx_uint_t n,
    postern_str_t id)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (names[i].len == id.len
            && ngx_memcmp(names[i].text, id.data, id.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


sign_key_t *
ngx_http_sign_apart_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const postern_key_t *key)
{
    ngx_uint_t                 i;
    ngx_http_postern_apart_t  *apart;

    if (ctx == NULL || ctx->asked == NULL) {
        return NULL;
    }

    for (i = 0; i < ctx->asked->n; i++) {
        apart = ctx->asked->ops[i].apart;

        if (apart && apart->key == key) {
            return ngx_http_sign_apart_open(r, apart);
        }
    }

    return NULL;
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
    ngx_http_sign_prepared_t  *prepared;

    if (apart->prepared) {
        return apart->prepared;
    }

    prepared = calloc(1, sizeof(ngx_http_sign_prepared_t));
    if (prepared == NULL) {
        return NULL;
    }

    apart->prepared = prepared;
    apart->destroy = ngx_http_sign_apart_destroy;

    return prepared;
}


static void
ngx_http_sign_apart_destroy(void *data)
{
    ngx_http_sign_prepared_t *prepared = data;

    sign_key_destroy(prepared->key);
    sign_maker_destroy(prepared->maker);

    free(prepared);
}
