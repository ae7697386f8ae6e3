
/*
 * The zone: the table of postern_table.h in nginx's shared memory.  Every call
 * hashes outside the lock, does one operation under it, and logs, if anything,
 * after it.  A lock that is not to be had, since the process that has it was
 * stopped, is like a zone that is full.
 */


#ifndef _NGX_HTTP_POSTERN_ZONE_H_INCLUDED_
#define _NGX_HTTP_POSTERN_ZONE_H_INCLUDED_


#include "ngx_http_postern_store.h"
#include "postern_table.h"

#include <pthread.h>


typedef struct {
    pthread_mutex_t              *lock;
    postern_table_t              *table;
} ngx_http_postern_zone_t;


/* a name in the zone, hashed once for all operations on it */

typedef struct {
    ngx_http_postern_zone_t      *zone;
    ngx_log_t                    *log;
    postern_table_hash_t          hash;
} ngx_http_postern_zone_name_t;


/* the wall clock of this turn of the event loop, in milliseconds */
int64_t ngx_http_postern_zone_now(void);

void ngx_http_postern_zone_name(ngx_http_postern_zone_name_t *zn,
    ngx_shm_zone_t *shm_zone, ngx_log_t *log, postern_table_kind_e kind,
    ngx_str_t *org, ngx_str_t *name);


/* of an owner's quota, for the claims that are counted in it */

typedef struct {
    ngx_http_postern_zone_name_t  zn;         /* zone NULL: there is none */
    uint32_t                      limit;
    int64_t                       window;
    int64_t                       start;
    postern_table_result_e        taken;      /* OK also where there is none */
} ngx_http_postern_zone_quota_t;


/* as in postern_table.h; POSTERN_TABLE_FULL is logged here, now and then */
postern_table_result_e ngx_http_postern_zone_quota(
    ngx_http_postern_zone_quota_t *q, ngx_msec_t *wait);
postern_table_result_e ngx_http_postern_zone_claim(
    ngx_http_postern_zone_name_t *zn, ngx_http_postern_zone_quota_t *q,
    ngx_msec_t ttl, ngx_msec_t *age);
postern_table_result_e ngx_http_postern_zone_reserve(
    ngx_http_postern_zone_name_t *zn, ngx_http_postern_zone_quota_t *q,
    ngx_msec_t ttl, ngx_msec_t timeout, postern_table_attempt_t *attempt,
    ngx_msec_t *age);
postern_table_result_e ngx_http_postern_zone_confirm(
    ngx_http_postern_zone_name_t *zn, uint64_t owner);
postern_table_result_e ngx_http_postern_zone_settle(
    ngx_http_postern_zone_name_t *zn, uint64_t owner);
void ngx_http_postern_zone_release(ngx_http_postern_zone_name_t *zn,
    ngx_http_postern_zone_quota_t *q, uint64_t owner);
void ngx_http_postern_zone_doubt(ngx_http_postern_zone_name_t *zn,
    uint64_t owner);
void ngx_http_postern_zone_known(ngx_http_postern_zone_name_t *zn,
    uint64_t owner, ngx_msec_t age, ngx_msec_t rest);

/* get and take: value has room for POSTERN_TABLE_VALUE_MAX bytes */
postern_table_result_e ngx_http_postern_zone_get(
    ngx_http_postern_zone_name_t *zn, u_char *value, size_t *len);
postern_table_result_e ngx_http_postern_zone_put(
    ngx_http_postern_zone_name_t *zn, ngx_str_t *value, ngx_msec_t ttl);
postern_table_result_e ngx_http_postern_zone_take(
    ngx_http_postern_zone_name_t *zn, u_char *value, size_t *len);
postern_table_result_e ngx_http_postern_zone_delete(
    ngx_http_postern_zone_name_t *zn);
postern_table_result_e ngx_http_postern_zone_rate(
    ngx_http_postern_zone_name_t *zn, ngx_uint_t limit, ngx_msec_t period,
    ngx_msec_t *wait);
postern_table_result_e ngx_http_postern_zone_swap(
    ngx_http_postern_zone_name_t *zn, ngx_str_t *old, ngx_str_t *value,
    ngx_msec_t ttl);
postern_table_result_e ngx_http_postern_zone_guess(
    ngx_http_postern_zone_name_t *zn, const postern_table_backoff_t *backoff,
    ngx_msec_t *n);

/* names of POSTERN_TABLE_COPY; asked is ngx_http_postern_zone_now() then */
postern_table_result_e ngx_http_postern_zone_recent(
    ngx_http_postern_zone_name_t *zn, ngx_msec_t age, u_char *value,
    size_t *len, uint32_t *epoch);
void ngx_http_postern_zone_copy(ngx_http_postern_zone_name_t *zn,
    uint32_t epoch, int64_t asked, ngx_msec_t age, postern_str_t value);
void ngx_http_postern_zone_drop(ngx_http_postern_zone_name_t *zn);


#endif /* _NGX_HTTP_POSTERN_ZONE_H_INCLUDED_ */
