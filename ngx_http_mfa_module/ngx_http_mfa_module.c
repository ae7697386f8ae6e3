
/*
 * Who is this person, and how sure are we: sign-in, second factor, sessions.
 *
 * The module has its place in the order of the access phase, between sign and
 * the content, and no directive yet: loaded, it changes nothing.
 */


#include "ngx_http_postern_api.h"


static ngx_int_t ngx_http_mfa_preconfiguration(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_mfa_module_ctx = {
    ngx_http_mfa_preconfiguration,         /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_mfa_module = {
    NGX_MODULE_V1,
    &ngx_http_mfa_module_ctx,              /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_mfa_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_postern_check_api(cf, "ngx_http_mfa_module");
}
