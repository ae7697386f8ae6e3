
/*
 * What pages are made of: read and compiled when the configuration is read.
 */


#include "ngx_http_mfa_module.h"


char *
ngx_http_mfa_set_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    ngx_str_t  *value;

    if (mlcf->brand.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len > MFA_BRAND_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name \"%V\" in \"mfa_name\" is longer than %d "
                           "bytes", &value[1], MFA_BRAND_MAX);
        return NGX_CONF_ERROR;
    }

    mlcf->brand = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_set_colors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return NGX_CONF_OK;
}


char *
ngx_http_mfa_look(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    return NGX_CONF_OK;
}
