
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


/* of a configuration, in its pool */

typedef struct {
    unsigned                             kept:1;
} ngx_http_postern_filters_t;


static void ngx_http_postern_filters_cleanup(void *data);


/* the one that is being read, and the one whose chains are kept */

static ngx_http_postern_filters_t       *ngx_http_postern_filters_read;
static ngx_http_postern_filters_t       *ngx_http_postern_filters_in_force;


ngx_int_t
ngx_http_postern_filters_begin(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_http_postern_filters_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    ngx_http_postern_filters_read = cln->data;
    ngx_http_postern_filters_read->kept = 0;

    cln->handler = ngx_http_postern_filters_cleanup;

    return NGX_OK;
}


/*
 * The pool ends with the configuration.  One that came to nothing leaves the
 * chains as they were.  One that was in force has a successor: where that does
 * without this module, its chains have nothing of ours.
 */

static void
ngx_http_postern_filters_cleanup(void *data)
{
    ngx_http_postern_filters_t *filters = data;

    if (filters == ngx_http_postern_filters_read) {
        ngx_http_postern_filters_read = NULL;
    }

    if (filters == ngx_http_postern_filters_in_force) {
        ngx_http_postern_filters_in_force = NULL;
    }

    if (!filters->kept) {
        ngx_http_postern_filters_restore();
    }
}


void
ngx_http_postern_filters_keep(void)
{
    /* NULL: there is no http block */

    ngx_http_postern_filters_in_force = ngx_http_postern_filters_read;
    ngx_http_postern_filters_read = NULL;

    if (ngx_http_postern_filters_in_force == NULL) {
        return;
    }

    ngx_http_postern_filters_in_force->kept = 1;

    ngx_http_postern_top_header_filter = ngx_http_top_header_filter;
    ngx_http_postern_top_body_filter = ngx_http_top_body_filter;
    ngx_http_postern_top_request_filter = ngx_http_top_request_body_filter;
}


void
ngx_http_postern_filters_restore(void)
{
    if (ngx_http_postern_filters_in_force == NULL) {
        return;
    }

    ngx_http_top_header_filter = ngx_http_postern_top_header_filter;
    ngx_http_top_body_filter = ngx_http_postern_top_body_filter;
    ngx_http_top_request_body_filter = ngx_http_postern_top_request_filter;
}
