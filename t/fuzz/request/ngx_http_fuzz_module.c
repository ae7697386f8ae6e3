
/*
 * fuzz_guarded NAME: answers 204 once the body is read, and says that it was
 * asked to.
 */


#include "ngx_http_fuzz_module.h"


static ngx_int_t ngx_http_fuzz_handler(ngx_http_request_t *r);
static void ngx_http_fuzz_body(ngx_http_request_t *r);
static char *ngx_http_fuzz_guarded(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_fuzz_create_conf(ngx_conf_t *cf);


void (*ngx_http_fuzz_reached)(ngx_http_request_t *r, const ngx_str_t *name);


static ngx_command_t  ngx_http_fuzz_commands[] = {

    { ngx_string("fuzz_guarded"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_fuzz_guarded,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_fuzz_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_fuzz_create_conf,             /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_fuzz_module = {
    NGX_MODULE_V1,
    &ngx_http_fuzz_module_ctx,             /* module context */
    ngx_http_fuzz_commands,                /* module directives */
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
ngx_http_fuzz_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_fuzz_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_fuzz_module);

    if (ngx_http_fuzz_reached) {
        ngx_http_fuzz_reached(r, &conf->name);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_fuzz_body);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


static void
ngx_http_fuzz_body(ngx_http_request_t *r)
{
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    ngx_http_finalize_request(r, ngx_http_send_header(r));
}


static char *
ngx_http_fuzz_guarded(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_http_fuzz_conf_t      *fcf = conf;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;
    fcf->name = value[1];

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_fuzz_handler;

    return NGX_CONF_OK;
}


static void *
ngx_http_fuzz_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_fuzz_conf_t));
}
