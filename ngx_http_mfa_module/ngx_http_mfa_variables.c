
#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_add_variables(ngx_conf_t *cf)
{
    return NGX_OK;
}
