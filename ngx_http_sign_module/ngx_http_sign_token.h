
/*
 * Tokens of EnOS, between the files that give them out and look them up.
 */


#ifndef _NGX_HTTP_SIGN_TOKEN_H_INCLUDED_
#define _NGX_HTTP_SIGN_TOKEN_H_INCLUDED_


#include "ngx_http_sign_module.h"
#include "sign_enos.h"


#define NGX_HTTP_SIGN_TOKEN       "sign-enos:"
#define NGX_HTTP_SIGN_TOKEN_NAME  (sizeof(NGX_HTTP_SIGN_TOKEN) - 1 + 32)
#define NGX_HTTP_SIGN_TOKEN_TTL   7200        /* seconds, as EnOS has it */


/* ngx_http_sign_enos.c: under which name the store has a token, which is made
   in name (NGX_HTTP_SIGN_TOKEN_NAME bytes) */
ngx_str_t ngx_http_sign_token_name(postern_str_t token, u_char *name);

/* ngx_http_sign_token_answer.c: both note the decision, send the answer and
   return what the handler shall return */
ngx_int_t ngx_http_sign_token_grant(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, u_char *token);
ngx_int_t ngx_http_sign_token_refuse(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, sign_code_e code, sign_enos_status_e status);


#endif /* _NGX_HTTP_SIGN_TOKEN_H_INCLUDED_ */
