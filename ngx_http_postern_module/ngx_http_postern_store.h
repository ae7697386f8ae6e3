
/*
 * Inside the core: the zone, Redis and the store over both.  Features see only
 * ngx_http_postern_api.h.
 */


#ifndef _NGX_HTTP_POSTERN_STORE_H_INCLUDED_
#define _NGX_HTTP_POSTERN_STORE_H_INCLUDED_


#include "ngx_http_postern_api.h"


typedef struct ngx_http_postern_redis_s  ngx_http_postern_redis_t;


/* the part of the core's main configuration that the store works from */

typedef struct {
    ngx_shm_zone_t             *zone;     /* postern_zone, NULL without */
    ngx_http_postern_redis_t   *redis;    /* postern_redis, NULL without */
} ngx_http_postern_store_conf_t;


/* directive setters; cmd->offset is that of the store conf in the conf */
char *ngx_http_postern_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_postern_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* of the core's init_process and exit_process */
ngx_int_t ngx_http_postern_store_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf);
void ngx_http_postern_store_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf);

/* gives the store the conf of the request's cycle (the core defines it) */
ngx_http_postern_store_conf_t *ngx_http_postern_store_conf(
    ngx_http_request_t *r);

/* the operations of the API table */
ngx_int_t ngx_http_postern_store_claim(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_msec_t ttl);
ngx_int_t ngx_http_postern_store_get(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name);
ngx_int_t ngx_http_postern_store_put(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_str_t *value, ngx_msec_t ttl);
ngx_int_t ngx_http_postern_store_delete(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name);
ngx_int_t ngx_http_postern_store_take(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name);
ngx_int_t ngx_http_postern_store_rate(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_uint_t limit, ngx_msec_t period);
ngx_int_t ngx_http_postern_store_recent(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_msec_t age);
ngx_int_t ngx_http_postern_store_swap(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_str_t *old, ngx_str_t *value, ngx_msec_t ttl);
ngx_int_t ngx_http_postern_store_attempt(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    const ngx_http_postern_backoff_t *backoff);
ngx_int_t ngx_http_postern_store_clear(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name);
ngx_int_t ngx_http_postern_store_quota(ngx_http_request_t *r, ngx_str_t *org,
    ngx_http_postern_quota_t *quota, ngx_msec_t *wait);


/*
 * Waiting (ngx_http_postern_wait.c): what a request does between NGX_AGAIN and
 * the wake-up.  wait() keeps an eye on the client and arranges for cancel(op)
 * should the request end first; wake() restores and runs the phases again: it
 * is the caller's last statement, r may be gone after it.
 */
ngx_int_t ngx_http_postern_wait(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, void (*cancel)(ngx_http_postern_op_t *op));
void ngx_http_postern_wake(ngx_http_request_t *r, ngx_http_postern_op_t *op);


#endif /* _NGX_HTTP_POSTERN_STORE_H_INCLUDED_ */
