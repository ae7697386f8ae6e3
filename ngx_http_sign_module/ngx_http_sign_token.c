
/*
 * sign_enos_token: gives tokens out to whoever proves to hold a key of EnOS.
 *
 *     body ---> rate ---> find ---> verify ---> claim ---> issue ---> answer
 */


#include "ngx_http_sign_token.h"

#include <sodium.h>


#define NGX_HTTP_SIGN_TOKEN_BYTES   32          /* random ones */
#define NGX_HTTP_SIGN_CALLS         "sign-enos-calls:"
#define NGX_HTTP_SIGN_CALLS_LIMIT   30          /* of one key and address … */
#define NGX_HTTP_SIGN_CALLS_PERIOD  60          /* … in so many seconds */

#define NGX_HTTP_SIGN_CALLS_NAME  (sizeof(NGX_HTTP_SIGN_CALLS) - 1 + 32)


/* a call for a token: in the module's own context, as what is learned of a
   signed request is the core's */

typedef struct {
    ngx_http_sign_ctx_t      sign;
    ngx_http_postern_op_t    put;
    u_char                   calls[NGX_HTTP_SIGN_CALLS_NAME];
    u_char                   name[NGX_HTTP_SIGN_TOKEN_NAME];
    u_char                   token[sodium_base64_ENCODED_LEN(
                                       NGX_HTTP_SIGN_TOKEN_BYTES,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
} ngx_http_sign_call_t;


static ngx_int_t ngx_http_sign_token_handler(ngx_http_request_t *r);
static void ngx_http_sign_token_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_token_begin(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_token_text(ngx_http_request_t *r,
    postern_str_t *text);
static void ngx_http_sign_token_resume(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_token_wait(ngx_http_request_t *r,
    ngx_http_sign_call_t *call, ngx_http_postern_op_t *op, ngx_int_t rc,
    ngx_http_sign_state_pt state);
static ngx_int_t ngx_http_sign_token_rate(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_rated(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_find(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_found(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_verify(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static sign_code_e ngx_http_sign_token_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_claim(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_claimed(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_issue(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_token_issued(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);


char *
ngx_http_sign_set_enos_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->enos_token) {
        return "is duplicate";
    }

    if (ngx_http_postern_note(cf, &slcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    slcf->enos_token = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_sign_token_handler;

    return NGX_CONF_OK;
}


/* the call covers all that there is: who, and when */

char *
ngx_http_sign_compile_enos_token(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t             *there;
    ngx_http_postern_at_t   at;

    if (conf->enable) {
        there = ngx_http_sign_at(cf, conf, "sign_enos_token", &at);

        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "a call for a token is not signed otherwise: set "
                           "\"sign off\" beside \"sign_enos_token\"");
        return NGX_CONF_ERROR;
    }

    conf->policy.schemes = SIGN_ENOS;
    conf->policy.insecure = SIGN_INSECURE_COVERAGE|SIGN_INSECURE_BODY;
    conf->policy.window = conf->window;
    conf->policy.skew = conf->skew;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_sign_token_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r->method != NGX_HTTP_POST) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (r->headers_in.content_length_n > SIGN_ENOS_CALL_MAX) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_sign_token_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static void
ngx_http_sign_token_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->write_event_handler = ngx_http_sign_token_resume;

    rc = ngx_http_sign_token_begin(r);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_http_sign_token_resume(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_sign_call_t  *call;

    call = ngx_http_get_module_ctx(r, ngx_http_sign_module);

    if (call == NULL) {
        return;
    }

    rc = call->sign.state(r, &call->sign);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_sign_token_begin(ngx_http_request_t *r)
{
    sign_code_e            code;
    postern_str_t          text;
    postern_alloc_t        alloc;
    sign_enos_status_e     status;
    ngx_http_sign_ctx_t   *ctx;
    ngx_http_sign_call_t  *call;

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_call_t));
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, call, ngx_http_sign_module);

    ctx = &call->sign;
    ctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);
    ctx->now = ngx_time();

    code = ngx_http_sign_request(r, ctx);

    if (code != SIGN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, code, SIGN_ENOS_INVALID);
    }

    if (ngx_http_sign_token_text(r, &text) != NGX_OK) {
        (void) sign_fail(&ctx->message, SIGN_TOO_LARGE,
                         "a call of more than %d octets", SIGN_ENOS_CALL_MAX);
        return ngx_http_sign_token_refuse(r, ctx, SIGN_TOO_LARGE,
                                          SIGN_ENOS_INVALID);
    }

    alloc = ngx_http_sign_allocator(r->pool);

    code = sign_enos_call(text, &alloc, &ctx->message, &status);

    if (code != SIGN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, code, status);
    }

    return ngx_http_sign_token_rate(r, ctx);
}


/* in one piece; what is not in memory is far too long */

static ngx_int_t
ngx_http_sign_token_text(ngx_http_request_t *r, postern_str_t *text)
{
    size_t        len;
    u_char       *p, *data;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    data = ngx_pnalloc(r->pool, SIGN_ENOS_CALL_MAX);
    if (data == NULL) {
        return NGX_ERROR;
    }

    p = data;

    cl = r->request_body ? r->request_body->bufs : NULL;

    for ( /* void */ ; cl; cl = cl->next) {
        b = cl->buf;
        len = ngx_buf_in_memory(b) ? (size_t) (b->last - b->pos) : 0;

        if (b->in_file
            || len > (size_t) (data + SIGN_ENOS_CALL_MAX - p))
        {
            return NGX_ERROR;
        }

        p = ngx_cpymem(p, b->pos, len);
    }

    text->data = data;
    text->len = p - data;

    return NGX_OK;
}


/* what an operation of the store has come to, or when it has */

static ngx_int_t
ngx_http_sign_token_wait(ngx_http_request_t *r, ngx_http_sign_call_t *call,
    ngx_http_postern_op_t *op, ngx_int_t rc, ngx_http_sign_state_pt state)
{
    call->sign.state = state;

    switch (rc) {

    case NGX_OK:
        op->done = 1;
        return state(r, &call->sign);

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        return ngx_http_sign_token_refuse(r, &call->sign, SIGN_NO_MEMORY,
                                          SIGN_ENOS_INTERNAL);
    }
}


/* by key and address: nobody can use up what the holder has, and who guesses
   from one address does not get far */

static ngx_int_t
ngx_http_sign_token_rate(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char                *p;
    ngx_str_t              org, name;
    postern_str_t          parts[2];
    ngx_http_sign_call_t  *call;

    call = (ngx_http_sign_call_t *) ctx;

    p = ngx_cpymem(call->calls, NGX_HTTP_SIGN_CALLS,
                   sizeof(NGX_HTTP_SIGN_CALLS) - 1);

    parts[0].data = ctx->address;
    parts[0].len = sizeof(ctx->address);
    parts[1] = ctx->message.key_id;

    sign_sha256(parts, 2, p);

    name.data = call->calls;
    name.len = sizeof(call->calls);
    ngx_str_null(&org);

    return ngx_http_sign_token_wait(r, call, &ctx->rate,
                                    postern_api.rate(r, &ctx->rate, &org,
                                        &name, NGX_HTTP_SIGN_CALLS_LIMIT,
                                        NGX_HTTP_SIGN_CALLS_PERIOD * 1000),
                                    ngx_http_sign_token_rated);
}


static ngx_int_t
ngx_http_sign_token_rated(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    if (!ctx->rate.done) {
        return NGX_AGAIN;
    }

    ctx->now = ngx_time();

    code = ngx_http_sign_rate_code(ctx, NGX_HTTP_SIGN_CALLS_LIMIT,
                                   NGX_HTTP_SIGN_CALLS_PERIOD);

    return code == SIGN_OK ? ngx_http_sign_token_find(r, ctx)
                           : ngx_http_sign_token_refuse(r, ctx, code,
                                                        SIGN_ENOS_INTERNAL);
}


static ngx_int_t
ngx_http_sign_token_find(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_uint_t                  n;
    postern_key_name_t          names[SIGN_MAX_NAMES];
    const postern_directory_t  *directory;

    directory = postern_api.directory(r);

    if (directory == NULL) {
        return ngx_http_sign_token_refuse(r, ctx, SIGN_UNAVAILABLE,
                                          SIGN_ENOS_INTERNAL);
    }

    ctx->key = sign_find(&ctx->request, &ctx->conf->policy, directory,
                         &ctx->message);

    n = postern_api.has_apart(r)
        ? sign_names(&ctx->request, &ctx->conf->policy, directory, ctx->key,
                     &ctx->message, names)
        : 0;

    return n ? ngx_http_sign_ask(r, ctx, names, n, ngx_http_sign_token_found)
             : ngx_http_sign_token_verify(r, ctx);
}


static ngx_int_t
ngx_http_sign_token_found(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    size_t        n;
    sign_code_e   code;
    sign_apart_t  keys[SIGN_MAX_APART];

    code = ngx_http_sign_answered(ctx);

    if (code != SIGN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, code, SIGN_ENOS_INTERNAL);
    }

    n = ngx_http_sign_asked_keys(ctx, keys);

    ctx->key = sign_choose(&ctx->request, &ctx->conf->policy, ctx->key, keys,
                           n, &ctx->message);

    return ngx_http_sign_token_verify(r, ctx);
}


/* a key that is not there or may not be used is as a wrong "encryption", and
   takes as long; EnOS has a code of its own for it, which sign_explain shows */

static ngx_int_t
ngx_http_sign_token_verify(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e      code, verified;
    postern_alloc_t  alloc;

    code = ngx_http_sign_token_key(r, ctx);

    if (code == SIGN_NO_MEMORY) {
        return ngx_http_sign_token_refuse(r, ctx, code, SIGN_ENOS_INTERNAL);
    }

    if (code == SIGN_EXPIRED || code == SIGN_FUTURE) {
        return ngx_http_sign_token_refuse(r, ctx, code, SIGN_ENOS_INVALID);
    }

    alloc = ngx_http_sign_allocator(r->pool);

    (void) sign_base(&ctx->request, &alloc, &ctx->message);

    verified = sign_verify(ctx->sign_key, &ctx->message);

    if (code != SIGN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, code,
                                          ctx->conf->explain
                                          && code == SIGN_UNKNOWN_KEY
                                          ? SIGN_ENOS_NO_KEY
                                          : SIGN_ENOS_WRONG);
    }

    if (verified != SIGN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, verified, SIGN_ENOS_WRONG);
    }

    return ngx_http_sign_token_claim(r, ctx);
}


static sign_code_e
ngx_http_sign_token_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    char                        detail[sizeof(ctx->message.detail)];
    sign_code_e                 code, shown;
    postern_str_t               any;
    const postern_key_t        *decoy;

    code = ngx_http_sign_judge(r, ctx, ctx->key);

    if (code == SIGN_OK) {
        ctx->sign_key = ngx_http_sign_key(r, ctx, ctx->key);

        if (ctx->sign_key) {
            return SIGN_OK;
        }

        code = sign_fail(&ctx->message, SIGN_KEY_UNUSABLE,
                         "the key cannot be made ready");
    }

    if (code < SIGN_UNKNOWN_KEY || code > SIGN_ALGORITHM) {
        return code;
    }

    ngx_memcpy(detail, ctx->message.detail, sizeof(detail));

    any.len = 0;
    any.data = NULL;

    ctx->sign_key = ngx_http_sign_decoy(r, &ctx->message, &decoy);

    if (ctx->sign_key == NULL) {
        return SIGN_NO_MEMORY;
    }

    shown = sign_check(&ctx->request, &ctx->conf->policy, decoy, any, NULL,
                       ctx->now, &ctx->message);

    if (shown != SIGN_OK) {
        return shown;
    }

    ngx_memcpy(ctx->message.detail, detail, sizeof(detail));

    return code;
}


static ngx_int_t
ngx_http_sign_token_claim(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_call_t  *call;

    call = (ngx_http_sign_call_t *) ctx;

    return ngx_http_sign_token_wait(r, call, &ctx->claim,
                                    ngx_http_sign_submit_claim(r, ctx),
                                    ngx_http_sign_token_claimed);
}


static ngx_int_t
ngx_http_sign_token_claimed(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    if (!ctx->claim.done) {
        return NGX_AGAIN;
    }

    switch (ctx->claim.result) {

    case NGX_HTTP_POSTERN_OK:
        return ngx_http_sign_token_issue(r, ctx);

    case NGX_HTTP_POSTERN_NO:
        (void) sign_fail(&ctx->message, SIGN_REPLAYED, "first seen %lu ms ago",
                         (unsigned long) ctx->claim.msec);

        return ngx_http_sign_token_refuse(r, ctx, SIGN_REPLAYED,
                                          SIGN_ENOS_REPEATED);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */
        return ngx_http_sign_token_refuse(r, ctx, SIGN_UNAVAILABLE,
                                          SIGN_ENOS_INTERNAL);
    }
}


static ngx_int_t
ngx_http_sign_token_issue(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    u_char                 bytes[NGX_HTTP_SIGN_TOKEN_BYTES];
    ngx_str_t              org, name, id;
    postern_str_t          token;
    ngx_http_sign_call_t  *call;

    call = (ngx_http_sign_call_t *) ctx;

    randombytes_buf(bytes, sizeof(bytes));

    (void) sodium_bin2base64((char *) call->token, sizeof(call->token), bytes,
                             sizeof(bytes),
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    token.data = call->token;
    token.len = sizeof(call->token) - 1;

    ngx_str_null(&org);
    name = ngx_http_sign_token_name(token, call->name);
    id = ngx_http_postern_str(ctx->key->id);

    return ngx_http_sign_token_wait(r, call, &call->put,
                                    postern_api.put(r, &call->put, &org, &name,
                                        &id, NGX_HTTP_SIGN_TOKEN_TTL * 1000),
                                    ngx_http_sign_token_issued);
}


static ngx_int_t
ngx_http_sign_token_issued(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_call_t  *call;

    call = (ngx_http_sign_call_t *) ctx;

    if (!call->put.done) {
        return NGX_AGAIN;
    }

    if (call->put.result != NGX_HTTP_POSTERN_OK) {
        return ngx_http_sign_token_refuse(r, ctx, SIGN_UNAVAILABLE,
                                          SIGN_ENOS_INTERNAL);
    }

    return ngx_http_sign_token_grant(r, ctx, call->token);
}
