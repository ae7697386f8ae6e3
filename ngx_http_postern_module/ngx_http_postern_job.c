
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_job.h"


void *
ngx_http_postern_job(ngx_http_request_t *r, size_t size)
{
    return NULL;
}


ngx_int_t
ngx_http_postern_job_start(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_lane_t *lane, void *job, void (*run)(void *job))
{
    return NGX_ERROR;
}


void
ngx_http_postern_job_exit_process(void)
{
}
