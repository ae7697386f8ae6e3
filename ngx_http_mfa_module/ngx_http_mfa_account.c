
/*
 * Accounts: what Postern writes about a user, in Redis or in files.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_account_load(ngx_http_request_t *r, ngx_http_mfa_account_t *a,
    const postern_user_t *user)
{
    return NGX_DONE;
}


ngx_int_t
ngx_http_mfa_account_save(ngx_http_request_t *r, ngx_http_mfa_account_t *a)
{
    return NGX_DONE;
}


ngx_flag_t
ngx_http_mfa_account_writable(ngx_http_request_t *r)
{
    return 0;
}
