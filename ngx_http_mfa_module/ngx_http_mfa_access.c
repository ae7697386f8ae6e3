
#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_access_handler(ngx_http_request_t *r)
{
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (!mlcf->enable || mlcf->pages || mlcf->admin) {
        return NGX_DECLINED;
    }

    return NGX_HTTP_FORBIDDEN;
}
