
/*
 * The pages: which one is meant, whether this method and this form may come to
 * it, and how it is sent.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_pages_handler(ngx_http_request_t *r)
{
    return NGX_HTTP_NOT_FOUND;
}


ngx_int_t
ngx_http_mfa_show(ngx_http_request_t *r, mfa_page_e page, ngx_uint_t status,
    ngx_uint_t step_up)
{
    return status;
}


const postern_user_t *
ngx_http_mfa_find_user(ngx_http_request_t *r, ngx_str_t *org, ngx_str_t *name)
{
    return NULL;
}


ngx_int_t
ngx_http_mfa_redirect(ngx_http_request_t *r, ngx_str_t *to)
{
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}
