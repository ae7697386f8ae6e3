
/*
 * Proofs: a password, a code, a recovery code; counted, checked, taken once.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_prove_password(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *password)
{
    p->result = NGX_HTTP_MFA_UNAVAILABLE;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_code(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *code)
{
    p->result = NGX_HTTP_MFA_UNAVAILABLE;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_recovery(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *code)
{
    p->result = NGX_HTTP_MFA_UNAVAILABLE;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_forget(ngx_http_request_t *r, ngx_http_mfa_proof_t *p)
{
    p->result = NGX_HTTP_MFA_UNAVAILABLE;

    return NGX_OK;
}
