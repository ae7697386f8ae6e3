
/*
 * What administrators may see and end: factors, limits and sessions of a user.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_admin_handler(ngx_http_request_t *r)
{
    return NGX_HTTP_FORBIDDEN;
}
