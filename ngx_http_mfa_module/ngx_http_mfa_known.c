
/*
 * Known devices.
 */


#include "ngx_http_mfa_module.h"


void
ngx_http_mfa_device_lane(ngx_http_request_t *r, const postern_user_t *user,
    ngx_str_t *lane)
{
    ngx_str_null(lane);
}


ngx_int_t
ngx_http_mfa_device_remember(ngx_http_request_t *r,
    const postern_user_t *user)
{
    return NGX_OK;
}
