
/*
 * What a client is told.  Without sign_explain it learns a word per status and
 * nothing that depends on the key, so that the answer is no oracle.
 */


#include "ngx_http_sign_module.h"

#include <sodium.h>


typedef struct {
    ngx_uint_t   status;
    ngx_str_t    hint;        /* what the client must change */
} ngx_http_sign_answer_t;


static void ngx_http_sign_log_refusal(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const char *exact);
static ngx_int_t ngx_http_sign_end(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const char *verdict, const char *code);
static ngx_str_t ngx_http_sign_coarse(ngx_uint_t status);
static void ngx_http_sign_guide(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_http_sign_loc_conf_t *conf);
static ngx_str_t ngx_http_sign_accept_nonce(ngx_http_request_t *r,
    ngx_str_t accept);
static ngx_str_t ngx_http_sign_known_as(ngx_http_sign_ctx_t *ctx);


/* everything about the credentials is 401: 403 would say that they are good */

static const ngx_http_sign_answer_t  ngx_http_sign_answers[] = {

    [SIGN_MISSING] = { 401, ngx_string(
        "Sign the request; Accept-Signature says what to cover.") },

    [SIGN_MALFORMED] = { 400, ngx_string(
        "The signature is not written as its scheme prescribes.") },

    [SIGN_AMBIGUOUS] = { 400, ngx_string(
        "Send one credential, one Host, and each signed field once.") },

    [SIGN_TOO_LARGE] = { 400, ngx_string(
        "Send fewer or shorter header fields, components or parameters.") },

    [SIGN_UNSUPPORTED] = { 400, ngx_string(
        "Use a scheme, components and parameters that are supported here.") },

    [SIGN_UNKNOWN_KEY] = { 401, ngx_string(
        "The key id is not known here.") },

    [SIGN_KEY_DISABLED] = { 401, ngx_string(
        "The key or its owner is disabled.") },

    [SIGN_KEY_EXPIRED] = { 401, ngx_string(
        "The key is not valid at this time.") },

    [SIGN_KEY_NETWORK] = { 401, ngx_string(
        "The key may not be used from this address.") },

    [SIGN_KEY_ORG] = { 401, ngx_string(
        "The key belongs to another organization.") },

    [SIGN_KEY_SCHEME] = { 401, ngx_string(
        "The key is not for this scheme of signatures.") },

    [SIGN_KEY_UNUSABLE] = { 401, ngx_string(
        "The key cannot be used; its operator must look at the server.") },

    [SIGN_CERTIFICATE] = { 401, ngx_string(
        "The certificate is not trusted here, expired or revoked.") },

    [SIGN_ALGORITHM] = { 401, ngx_string(
        "Use the algorithm that the key was registered with.") },

    [SIGN_COVERAGE] = { 401, ngx_string(
        "Sign all that Accept-Signature or WWW-Authenticate asks for.") },

    [SIGN_EXPIRED] = { 401, ngx_string(
        "The signature is too old: check the clock and sign again.") },

    [SIGN_FUTURE] = { 401, ngx_string(
        "The signature is dated ahead of the server: check the clock.") },

    [SIGN_NONCE_CAP] = { 429, ngx_string(
        "The key has made more signatures than are remembered: wait.") },

    [SIGN_INVALID] = { 401, ngx_string(
        "The signature does not match the request and the key.") },

    [SIGN_RATE] = { 429, ngx_string(
        "The key is over its rate: wait, and send the request again.") },

    [SIGN_REPLAYED] = { 401, ngx_string(
        "The signature was used before: sign every request anew.") },

    [SIGN_UNAVAILABLE] = { 503, ngx_string(
        "Try again later.") },

    [SIGN_DIGEST] = { 400, ngx_string(
        "The body is not the one whose digest was signed.") },

    [SIGN_NO_MEMORY] = { 500, ngx_null_string }
};


ngx_int_t
ngx_http_sign_refuse(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_code_e code, sign_code_e shown)
{
    const char                    *exact, *verdict;
    ngx_http_sign_loc_conf_t      *conf;
    ngx_http_postern_refusal_t    *refusal;
    const ngx_http_sign_answer_t  *answer;

    /* what was accepted once may be refused later, by another location or for
       its body: nobody may take it for proven then, wherever the request
       goes */

    if (ctx->verified && postern_api.authenticated(r, NULL) != NGX_OK) {
        code = SIGN_NO_MEMORY;
        shown = SIGN_NO_MEMORY;
    }

    conf = ctx->conf;
    exact = sign_code(code);

    if (conf->explain) {
        shown = code;
    }

    ctx->code = code;

    ngx_http_sign_log_refusal(r, ctx, exact);

    answer = &ngx_http_sign_answers[shown];
    refusal = &ctx->refusal;

    ngx_memzero(refusal, sizeof(ngx_http_postern_refusal_t));

    refusal->status = answer->status;
    refusal->code = ngx_http_sign_coarse(answer->status);

    if (conf->explain) {
        refusal->code.data = (u_char *) exact;
        refusal->code.len = ngx_strlen(exact);
        refusal->detail = answer->hint;
    }

    ngx_http_sign_guide(r, ctx, conf);

    if (answer->status == NGX_HTTP_SERVICE_UNAVAILABLE
        || answer->status == NGX_HTTP_TOO_MANY_REQUESTS)
    {
        refusal->retry_after = ctx->retry_after ? ctx->retry_after
                                                : NGX_HTTP_SIGN_RETRY_AFTER;
    }

    verdict = (answer->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
               || code == SIGN_KEY_UNUSABLE) ? "error" : "deny";

    return ngx_http_sign_end(r, ctx, verdict, exact);
}


/* the truth, for whoever runs the server; ctx->message.detail is it from here
   on */

static void
ngx_http_sign_log_refusal(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const char *exact)
{
    ngx_str_t                  name;
    ngx_uint_t                 level;
    ngx_http_sign_loc_conf_t  *slcf;

    if (ctx->code == ctx->doubt) {
        ngx_memcpy(ctx->message.detail, ctx->doubt_detail,
                   sizeof(ctx->message.detail));
    }

    ngx_http_sign_printable(ctx->message.detail, sizeof(ctx->message.detail));

    name = ngx_http_sign_known_as(ctx);
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    level = (ctx->code == SIGN_NO_MEMORY) ? NGX_LOG_ERR : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "%s: %s, key \"%V\": %s", exact,
                  slcf->mode == NGX_HTTP_SIGN_OBSERVE ? "observed" : "refused",
                  &name,
                  ctx->message.detail[0] ? ctx->message.detail
                                         : "no further detail");
}


/* how to do better, whoever asks */

static void
ngx_http_sign_guide(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_http_sign_loc_conf_t *conf)
{
    ngx_http_postern_refusal_t  *refusal;

    refusal = &ctx->refusal;

    if (refusal->status != NGX_HTTP_UNAUTHORIZED
        && refusal->status != NGX_HTTP_BAD_REQUEST)
    {
        return;
    }

    if (ctx->has_body
        && (conf->policy.schemes & SIGN_RFC9421)
        && (conf->policy.cover & SIGN_COVER_BODY))
    {
        /* RFC 9530, section 4 */

        ngx_str_set(&refusal->want_digest, "sha-256=10, sha-512=5");
    }

    if (refusal->status != NGX_HTTP_UNAUTHORIZED) {
        return;
    }

    refusal->www_authenticate = conf->authenticate;
    refusal->accept_signature = ctx->has_body ? conf->accept_body
                                              : conf->accept;

    if (refusal->accept_signature.len
        && (conf->policy.nonces & SIGN_RFC9421))
    {
        refusal->accept_signature =
            ngx_http_sign_accept_nonce(r, refusal->accept_signature);
    }
}


/* RFC 9421, section 5.2: a nonce is asked for by proposing one; any other will
   do as well */

static ngx_str_t
ngx_http_sign_accept_nonce(ngx_http_request_t *r, ngx_str_t accept)
{
    u_char      bytes[NGX_HTTP_SIGN_NONCE];
    ngx_str_t   nonce, text, value;

    value.len = accept.len + sizeof(";nonce=\"\"") - 1
                + ngx_base64_encoded_length(NGX_HTTP_SIGN_NONCE);

    value.data = ngx_pnalloc(r->pool, value.len);
    text.data = ngx_pnalloc(r->pool,
                            ngx_base64_encoded_length(NGX_HTTP_SIGN_NONCE));

    if (value.data == NULL || text.data == NULL) {
        return accept;
    }

    randombytes_buf(bytes, sizeof(bytes));

    nonce.data = bytes;
    nonce.len = sizeof(bytes);

    ngx_encode_base64(&text, &nonce);

    value.len = ngx_sprintf(value.data, "%V;nonce=\"%V\"", &accept, &text)
                - value.data;

    return value;
}


/*
 * RFC 8470: what comes before the handshake ends may have been sent by somebody
 * who recorded it.  The client repeats the request afterwards, signature and
 * all, so nothing is claimed.
 */

ngx_int_t
ngx_http_sign_too_early(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "sign/too-early: a signed request in TLS early data");

    ngx_memzero(&ctx->refusal, sizeof(ngx_http_postern_refusal_t));

    ctx->refusal.status = 425;
    ngx_str_set(&ctx->refusal.code, "too-early");

    if (ctx->conf->explain) {
        ngx_str_set(&ctx->refusal.code, "sign/too-early");
        ngx_str_set(&ctx->refusal.detail,
                    "Repeat the request when the TLS handshake is complete.");
    }

    ctx->code = SIGN_UNAVAILABLE;
    ctx->message.detail[0] = '\0';

    return ngx_http_sign_end(r, ctx, "deny", "sign/too-early");
}


/* the status, or NGX_DECLINED where the location only observes */

static ngx_int_t
ngx_http_sign_end(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const char *verdict, const char *code)
{
    ngx_http_sign_loc_conf_t     *slcf;
    ngx_http_postern_decision_t   decision;

    ctx->refused = 1;
    ctx->verified = 0;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (slcf->mode == NGX_HTTP_SIGN_OBSERVE) {
        verdict = "observe";
    }

    decision.verdict.data = (u_char *) verdict;
    decision.verdict.len = ngx_strlen(verdict);
    decision.code.data = (u_char *) code;
    decision.code.len = ngx_strlen(code);
    decision.detail.data = (u_char *) ctx->message.detail;
    decision.detail.len = ngx_strlen(ctx->message.detail);

    ctx->error = decision.code;

    if (postern_api.decide(r, NGX_HTTP_POSTERN_SIGN, &decision) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "sign cannot note its decision");
    }

    if (slcf->mode == NGX_HTTP_SIGN_OBSERVE) {
        return NGX_DECLINED;
    }

    return postern_api.refuse(r, &ctx->refusal);
}


static ngx_str_t
ngx_http_sign_coarse(ngx_uint_t status)
{
    ngx_str_t  code;

    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
        ngx_str_set(&code, "bad-request");
        break;

    case NGX_HTTP_UNAUTHORIZED:
        ngx_str_set(&code, "unauthorized");
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        ngx_str_set(&code, "too-many-requests");
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        ngx_str_set(&code, "unavailable");
        break;

    default:
        ngx_str_set(&code, "internal");
        break;
    }

    return code;
}


/* details quote the client, and logs are read on terminals */

void
ngx_http_sign_printable(char *text, size_t size)
{
    size_t  i;

    text[size - 1] = '\0';

    for (i = 0; text[i]; i++) {

        if (text[i] < 0x20 || text[i] > 0x7e) {
            text[i] = '?';
        }
    }
}


static ngx_str_t
ngx_http_sign_known_as(ngx_http_sign_ctx_t *ctx)
{
    size_t     i;
    ngx_str_t  name;

    name = ngx_http_postern_str(ctx->message.key_id);

    for (i = 0; i < name.len; i++) {

        if (i == SIGN_MAX_KEY_ID
            || name.data[i] <= 0x20 || name.data[i] > 0x7e)
        {
            ngx_str_set(&name, "?");
            break;
        }
    }

    return name;
}
