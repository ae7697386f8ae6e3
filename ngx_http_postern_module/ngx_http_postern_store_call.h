
/*
 * Between the two files of the store: an operation that Redis decides.
 * ngx_http_postern_store.c begins it, ngx_http_postern_store_call.c sees it
 * through.
 */


#ifndef _NGX_HTTP_POSTERN_STORE_CALL_H_INCLUDED_
#define _NGX_HTTP_POSTERN_STORE_CALL_H_INCLUDED_


#include "ngx_http_postern_redis.h"
#include "ngx_http_postern_zone.h"


#define NGX_HTTP_POSTERN_STORE_LATE      1000    /* ms past the deadline */

/* "0123456789abcdef-0123456789abcdef-" and the ttl */
#define NGX_HTTP_POSTERN_STORE_TOKEN     33
#define NGX_HTTP_POSTERN_STORE_CLAIM     (NGX_HTTP_POSTERN_STORE_TOKEN + 1    \
                                          + POSTERN_RESP_INT_MAX)


/* an operation that waits for Redis */

typedef struct {
    ngx_http_postern_op_t            *op;
    ngx_http_request_t               *request;    /* NULL: op->handler */
    ngx_pool_t                       *pool;
    ngx_http_postern_redis_t         *redis;
    ngx_http_postern_redis_op_t      *rop;
    ngx_str_t                         key;
    ngx_msec_t                        deadline;

    /* of a claim */
    ngx_http_postern_zone_name_t      zn;
    postern_table_attempt_t           attempt;    /* owner 0: not in the zone */
    ngx_msec_t                        ttl;
    u_char                            claim[NGX_HTTP_POSTERN_STORE_CLAIM];
    size_t                            claim_len;

    /* of a rate */
    u_char                            step[POSTERN_RESP_INT_MAX];
    u_char                            span[POSTERN_RESP_INT_MAX];
    postern_str_t                     rate[2];
    unsigned                          whole:1;    /* script was sent */
} ngx_http_postern_store_call_t;


/* once in a worker */
void ngx_http_postern_store_call_init(void);

/* NULL: out of memory */
ngx_http_postern_store_call_t *ngx_http_postern_store_call(
    ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_redis_t *redis, postern_table_kind_e kind,
    ngx_str_t *org, ngx_str_t *name);

/* each returns what submitting returns; a claim may be reserved in the zone
   before, which call->zn and call->attempt say */
ngx_int_t ngx_http_postern_store_call_claim(
    ngx_http_postern_store_call_t *call);
ngx_int_t ngx_http_postern_store_call_get(ngx_http_postern_store_call_t *call,
    ngx_uint_t take);
ngx_int_t ngx_http_postern_store_call_put(ngx_http_postern_store_call_t *call,
    ngx_str_t *value, ngx_msec_t ttl);
ngx_int_t ngx_http_postern_store_call_delete(
    ngx_http_postern_store_call_t *call);
ngx_int_t ngx_http_postern_store_call_rate(ngx_http_postern_store_call_t *call,
    ngx_uint_t limit, ngx_msec_t period);


/* of ngx_http_postern_store.c: a copy of a value for op, and "unavailable" */
ngx_int_t ngx_http_postern_store_value(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, const u_char *value, size_t len);
ngx_int_t ngx_http_postern_store_refused(ngx_http_postern_op_t *op);


#endif /* _NGX_HTTP_POSTERN_STORE_CALL_H_INCLUDED_ */
