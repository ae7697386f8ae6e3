
/*
 * Cookies.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_set_cookie(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value, time_t age)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_http_mfa_cookie(ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value)
{
    return NGX_DECLINED;
}
