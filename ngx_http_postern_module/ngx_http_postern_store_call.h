
/*
 * Between the files of the store: an operation that Redis decides.
 * ngx_http_postern_store.c begins it, ngx_http_postern_store_call.c sees it
 * through, ngx_http_postern_store_script.c where Redis runs a script for it.
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


#define NGX_HTTP_POSTERN_STORE_ARGS      5       /* of a script */


typedef struct ngx_http_postern_script_s  ngx_http_postern_script_t;


/* an operation that waits for Redis */

typedef struct {
    ngx_http_postern_op_t            *op;
    ngx_http_request_t               *request;    /* NULL: op->handler */
    ngx_pool_t                       *pool;
    ngx_http_postern_redis_t         *redis;
    ngx_http_postern_redis_op_t      *rop;
    ngx_str_t                         key;
    ngx_msec_t                        deadline;

    /* of a claim, or of the copy that goes with a record */
    ngx_http_postern_zone_name_t      zn;

    /* of a claim */
    postern_table_attempt_t           attempt;    /* owner 0: not in the zone */
    ngx_http_postern_zone_quota_t     quota;
    ngx_msec_t                        ttl;
    u_char                            claim[NGX_HTTP_POSTERN_STORE_CLAIM];
    size_t                            claim_len;

    /* of recent() */
    ngx_msec_t                        age;
    int64_t                           asked;
    uint32_t                          epoch;

    /* of a script */
    ngx_http_postern_script_t        *script;
    postern_str_t                     args[NGX_HTTP_POSTERN_STORE_ARGS];
    size_t                            nargs;
    u_char                           *copied;    /* the bytes of args */
    size_t                            ncopied;

    unsigned                          drops:1;   /* the copy at this node */
    unsigned                          keeps:1;   /* what it found, as a copy */
    unsigned                          whole:1;   /* the script was sent */
} ngx_http_postern_store_call_t;


/* NULL: out of memory */
ngx_http_postern_store_call_t *ngx_http_postern_store_call(
    ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_redis_t *redis, postern_table_kind_e kind,
    ngx_str_t *org, ngx_str_t *name);

/* each returns what submitting returns; a claim may be reserved in the zone
   before, which call->zn and call->attempt say; call->drops and call->keeps are
   set where call->zn names the copy of a record */
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
ngx_int_t ngx_http_postern_store_call_swap(ngx_http_postern_store_call_t *call,
    ngx_str_t *old, ngx_str_t *value, ngx_msec_t ttl);
ngx_int_t ngx_http_postern_store_call_guess(
    ngx_http_postern_store_call_t *call,
    const postern_table_backoff_t *backoff);


/* the steps of an operation: send() is NGX_DECLINED where nothing was sent;
   wait() is the last of a submit; finish() the last of all, call, op and
   request may be gone after it */
ngx_int_t ngx_http_postern_store_send(ngx_http_postern_store_call_t *call,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler);
ngx_int_t ngx_http_postern_store_wait(ngx_http_postern_store_call_t *call);
void ngx_http_postern_store_finish(ngx_http_postern_store_call_t *call,
    ngx_http_postern_result_e result);

/* the reply to the first command where it is of this type, or NULL */
redisReply *ngx_http_postern_store_reply(ngx_http_postern_redis_op_t *rop,
    int type);

/* of ngx_http_postern_store_script.c: once in a worker, and at an operation's
   end */
void ngx_http_postern_store_script_init(void);
void ngx_http_postern_store_script_wipe(ngx_http_postern_store_call_t *call);


/* of ngx_http_postern_store.c: a copy of a value for op, and "unavailable" */
ngx_int_t ngx_http_postern_store_value(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, const u_char *value, size_t len);
ngx_int_t ngx_http_postern_store_refused(ngx_http_postern_op_t *op);


#endif /* _NGX_HTTP_POSTERN_STORE_CALL_H_INCLUDED_ */
