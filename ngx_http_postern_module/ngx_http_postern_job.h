
/*
 * Inside the core: work for a thread that an operation waits for.
 */


#ifndef _NGX_HTTP_POSTERN_JOB_H_INCLUDED_
#define _NGX_HTTP_POSTERN_JOB_H_INCLUDED_


#include "ngx_http_postern_store.h"


/* job() and start() of the API table */
void *ngx_http_postern_job(ngx_http_request_t *r, size_t size);
ngx_int_t ngx_http_postern_job_start(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_http_postern_lane_t *lane, void *job,
    void (*run)(void *job));

/* of the core's exit_process: threads have ended by then */
void ngx_http_postern_job_exit_process(void);


#endif /* _NGX_HTTP_POSTERN_JOB_H_INCLUDED_ */
