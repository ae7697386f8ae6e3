
/*
 * What a call for a token is answered, in the JSON of EnOS.  Its documents name
 * no HTTP statuses: they are those of what happened.
 */


#include "ngx_http_sign_token.h"


#define NGX_HTTP_SIGN_ANSWER_MAX  256


typedef struct {
    sign_enos_status_e   status;
    ngx_uint_t           http;
    const char          *msg;
} ngx_http_sign_token_answer_t;


static ngx_int_t ngx_http_sign_token_decide(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const char *verdict, const char *code);
static ngx_int_t ngx_http_sign_token_header(ngx_http_request_t *r,
    const char *name, ngx_str_t value);
static ngx_int_t ngx_http_sign_token_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *json);


/* the last is for whatever is not in the table */

static const ngx_http_sign_token_answer_t  ngx_http_sign_token_answers[] = {
    { SIGN_ENOS_REPEATED, 401, "repeated request" },
    { SIGN_ENOS_NO_KEY, 401, "appKey does not exist" },
    { SIGN_ENOS_WRONG, 401, "encryption is not valid" },
    { SIGN_ENOS_INVALID, 400, "a parameter is not valid" },
    { SIGN_ENOS_EMPTY, 400, "a parameter is empty" },
    { SIGN_ENOS_INTERNAL, 503, "the service is not available" }
};


ngx_int_t
ngx_http_sign_token_grant(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    u_char *token)
{
    u_char     *p;
    ngx_str_t   json;

    (void) sign_fail(&ctx->message, SIGN_OK, "a token for key \"%.*s\"",
                     SIGN_TEXT(ctx->key->id));

    p = ngx_pnalloc(r->pool, NGX_HTTP_SIGN_ANSWER_MAX);

    if (p == NULL
        || ngx_http_sign_token_decide(r, ctx, "allow", "sign/token") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json.data = p;

    p = ngx_slprintf(p, p + NGX_HTTP_SIGN_ANSWER_MAX,
                     "{\"status\":0,\"msg\":\"SUCCESS\","
                     "\"business\":\"apim-token-service\","
                     "\"data\":{\"accessToken\":\"%s\",\"expire\":%d}}\n",
                     token, NGX_HTTP_SIGN_TOKEN_TTL);

    json.len = p - json.data;

    return ngx_http_sign_token_send(r, NGX_HTTP_OK, &json);
}


ngx_int_t
ngx_http_sign_token_refuse(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_code_e code, sign_enos_status_e status)
{
    u_char                              *p, wait[NGX_TIME_T_LEN];
    ngx_str_t                            json, retry;
    ngx_uint_t                           http;
    const ngx_http_sign_token_answer_t  *a;

    for (a = ngx_http_sign_token_answers; a->status != SIGN_ENOS_INTERNAL; a++)
    {
        if (a->status == status) {
            break;
        }
    }

    http = (code == SIGN_RATE) ? NGX_HTTP_TOO_MANY_REQUESTS : a->http;

    ngx_http_sign_printable(ctx->message.detail, sizeof(ctx->message.detail));

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "%s: no token: %s",
                  sign_code(code), ctx->message.detail[0]
                                   ? ctx->message.detail
                                   : "no further detail");

    p = ngx_pnalloc(r->pool, NGX_HTTP_SIGN_ANSWER_MAX);

    if (p == NULL
        || ngx_http_sign_token_decide(r, ctx,
                                      http == NGX_HTTP_SERVICE_UNAVAILABLE
                                      ? "error" : "deny", sign_code(code))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (a->status == SIGN_ENOS_INTERNAL) {
        retry.data = wait;
        retry.len = ngx_sprintf(wait, "%T", ctx->retry_after
                                            ? ctx->retry_after
                                            : NGX_HTTP_SIGN_RETRY_AFTER)
                    - wait;

        if (ngx_http_sign_token_header(r, "Retry-After", retry) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    json.data = p;

    p = ngx_slprintf(p, p + NGX_HTTP_SIGN_ANSWER_MAX,
                     "{\"status\":%d,\"msg\":\"%s\","
                     "\"business\":\"apim-token-service\",\"data\":null}\n",
                     (int) a->status, a->msg);

    json.len = p - json.data;

    return ngx_http_sign_token_send(r, http, &json);
}


static ngx_int_t
ngx_http_sign_token_decide(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const char *verdict, const char *code)
{
    ngx_http_postern_decision_t  decision;

    decision.verdict.data = (u_char *) verdict;
    decision.verdict.len = ngx_strlen(verdict);
    decision.code.data = (u_char *) code;
    decision.code.len = ngx_strlen(code);
    decision.detail.data = (u_char *) ctx->message.detail;
    decision.detail.len = ngx_strlen(ctx->message.detail);

    return postern_api.decide(r, NGX_HTTP_POSTERN_SIGN, &decision);
}


static ngx_int_t
ngx_http_sign_token_header(ngx_http_request_t *r, const char *name,
    ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.len = value.len;
    h->value.data = ngx_pstrdup(r->pool, &value);

    if (h->value.data == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sign_token_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *json)
{
    ngx_int_t         rc;
    ngx_buf_t        *b;
    ngx_chain_t       out;

    static ngx_str_t  no_store = ngx_string("no-store");

    if (ngx_http_sign_token_header(r, "Cache-Control", no_store) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = json->len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = json->data;
    b->last = json->data + json->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
