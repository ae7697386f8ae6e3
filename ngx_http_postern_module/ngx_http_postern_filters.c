
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_filters.h"


/*
 * The ends of the chains.  What lies between them is each filter's own, and is
 * the same after every reading, as long as the same filters are registered: one
 * of ours that was in a chain once stays in it.
 */

static ngx_http_output_header_filter_pt  ngx_http_postern_top_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_postern_top_body_filter;
static ngx_http_request_body_filter_pt   ngx_http_postern_top_request_filter;


ngx_int_t
ngx_http_postern_filters_begin(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t  *cln;

    /* the pool ends with the configuration: one that comes to nothing at once,
       another one when the next has been kept */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_postern_filters_restore;

    return NGX_OK;
}


void
ngx_http_postern_filters_keep(void)
{
    ngx_http_postern_top_header_filter = ngx_http_top_header_filter;
    ngx_http_postern_top_body_filter = ngx_http_top_body_filter;
    ngx_http_postern_top_request_filter = ngx_http_top_request_body_filter;
}


void
ngx_http_postern_filters_restore(void *data)
{
    /* nothing was in force yet */

    if (ngx_http_postern_top_request_filter == NULL) {
        return;
    }

    ngx_http_top_header_filter = ngx_http_postern_top_header_filter;
    ngx_http_top_body_filter = ngx_http_postern_top_body_filter;
    ngx_http_top_request_body_filter = ngx_http_postern_top_request_filter;
}
