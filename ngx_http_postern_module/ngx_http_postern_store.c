
/*
 * The store: operations over the zone alone, or over the zone and Redis.
 *
 * Without Redis everything is decided in the zone, at once.  With it, records
 * and rates live there alone, and a claim is made twice: reserved in the zone,
 * which answers replays to the same node, then decided by Redis.
 *
 * When Redis does not answer a claim, nobody knows whether it was recorded.
 * The request is not accepted, and the reservation stays in doubt, with the
 * token that was sent as the value of the key.  The next attempt at this node
 * takes it over: where it finds its own token at Redis, the claim is that of
 * the attempt which was never accepted, and is the first.  So a retry after
 * "unavailable" is no replay, and still one of all attempts is accepted, since
 * only the attempt that owns the reservation can confirm it.  At another node
 * such a retry counts as a replay: it cannot tell whose token it sees.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_store_call.h"


#define NGX_HTTP_POSTERN_STORE_TTL_MAX   ((uint64_t) 3650 * 86400 * 1000)

/* bytes of the zone that a claim takes, with what it is found by */
#define NGX_HTTP_POSTERN_CLAIM_SIZE      72


static ngx_int_t ngx_http_postern_store_check(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_msec_t ttl, ngx_http_postern_store_conf_t **scf);
static ngx_log_t *ngx_http_postern_store_log(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_store_done(ngx_http_postern_op_t *op,
    postern_table_result_e rc);
static ngx_int_t ngx_http_postern_store_claimed(ngx_http_postern_op_t *op,
    const ngx_http_postern_zone_quota_t *q, postern_table_result_e rc);
static ngx_int_t ngx_http_postern_store_check_quota(ngx_http_request_t *r,
    ngx_http_postern_store_conf_t *scf, ngx_str_t *org,
    ngx_http_postern_quota_t *quota, ngx_msec_t ttl,
    ngx_http_postern_zone_quota_t *q);
static ngx_int_t ngx_http_postern_store_read(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_uint_t take);
static ngx_int_t ngx_http_postern_store_found(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, size_t len);
static ngx_http_postern_store_call_t *ngx_http_postern_store_write(
    ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_store_conf_t *scf, ngx_str_t *org, ngx_str_t *name);
static ngx_int_t ngx_http_postern_store_forget(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    postern_table_kind_e kind);


/* of this worker: where operations of no request go; a value between the lock
   and the pool it is copied to, wiped after each use */

static ngx_http_postern_store_conf_t  *ngx_http_postern_store_worker;
static u_char  ngx_http_postern_store_buffer[POSTERN_TABLE_VALUE_MAX];


ngx_int_t
ngx_http_postern_store_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf)
{
    ngx_http_postern_store_worker = scf;

    ngx_http_postern_store_script_init();

    return scf->redis ? ngx_http_postern_redis_init(scf->redis) : NGX_OK;
}


void
ngx_http_postern_store_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf)
{
    if (scf->redis) {
        ngx_http_postern_redis_exit(scf->redis);
    }
}


/* NGX_DECLINED: there is no store */

static ngx_int_t
ngx_http_postern_store_check(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_msec_t ttl,
    ngx_http_postern_store_conf_t **scf)
{
    *scf = r ? ngx_http_postern_store_conf(r) : ngx_http_postern_store_worker;

    if (org->len > NGX_HTTP_POSTERN_NAME_MAX
        || name->len > NGX_HTTP_POSTERN_NAME_MAX
        || ttl == 0
        || ttl > NGX_HTTP_POSTERN_STORE_TTL_MAX
        || (r == NULL && (op->pool == NULL || op->handler == NULL)))
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with a name of %uz bytes, "
                      "an organization of %uz, a time of %Mms",
                      name->len, org->len, ttl);
        return NGX_ERROR;
    }

    op->done = 0;
    op->pending = 0;
    op->msec = 0;
    op->private = NULL;
    ngx_str_null(&op->value);

    if (*scf == NULL || ((*scf)->zone == NULL && (*scf)->redis == NULL)) {
        (void) ngx_http_postern_store_refused(op);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_log_t *
ngx_http_postern_store_log(ngx_http_request_t *r)
{
    return r ? r->connection->log : ngx_cycle->log;
}


static ngx_int_t
ngx_http_postern_store_done(ngx_http_postern_op_t *op,
    postern_table_result_e rc)
{
    switch (rc) {

    case POSTERN_TABLE_OK:
        op->result = NGX_HTTP_POSTERN_OK;
        break;

    case POSTERN_TABLE_NO:
        op->result = NGX_HTTP_POSTERN_NO;
        break;

    default:
        op->result = NGX_HTTP_POSTERN_UNAVAILABLE;
        break;
    }

    op->done = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_store_refused(ngx_http_postern_op_t *op)
{
    op->result = NGX_HTTP_POSTERN_UNAVAILABLE;
    op->done = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_store_value(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    const u_char *value, size_t len)
{
    /* one byte more: an empty value is there all the same */

    op->value.data = ngx_pnalloc(r ? r->main->pool : op->pool, len + 1);
    if (op->value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(op->value.data, value, len);
    op->value.len = len;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_store_claim(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_msec_t ttl)
{
    ngx_int_t                       rc;
    postern_table_result_e          made;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_zone_quota_t   q;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    op->alone = 0;

    rc = ngx_http_postern_store_check(r, op, org, name, ttl, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    q.zn.zone = NULL;

    if (op->quota
        && ngx_http_postern_store_check_quota(r, scf, org, op->quota, ttl, &q)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (scf->redis == NULL) {
        ngx_http_postern_zone_name(&zn, scf->zone,
                                   ngx_http_postern_store_log(r),
                                   POSTERN_TABLE_CLAIM, org, name);
        made = ngx_http_postern_zone_claim(&zn, &q, ttl, &op->msec);

        return ngx_http_postern_store_claimed(op, &q, made);
    }

    call = ngx_http_postern_store_call(r, op, scf->redis, POSTERN_TABLE_CLAIM,
                                       org, name);
    if (call == NULL) {
        return NGX_ERROR;
    }

    /*
     * The caller has looked at its clock, and Redis may get to this later by up
     * to the timeout: so long must what was claimed before stay claimed.
     */

    call->ttl = ttl + scf->redis->timeout;

    if (scf->zone) {
        ngx_http_postern_zone_name(&call->zn, scf->zone,
                                   ngx_http_postern_store_log(r),
                                   POSTERN_TABLE_CLAIM, org, name);
        made = ngx_http_postern_zone_reserve(&call->zn, &q, ttl,
                            scf->redis->timeout + NGX_HTTP_POSTERN_STORE_LATE,
                            &call->attempt, &op->msec);

        if (made == POSTERN_TABLE_NO || made == POSTERN_TABLE_PAST
            || q.taken != POSTERN_TABLE_OK)
        {
            return ngx_http_postern_store_claimed(op, &q, made);
        }

        /* a full zone only loses its shortcut: Redis decides */
    }

    call->quota = q;

    return ngx_http_postern_store_call_claim(call);
}


static ngx_int_t
ngx_http_postern_store_claimed(ngx_http_postern_op_t *op,
    const ngx_http_postern_zone_quota_t *q, postern_table_result_e rc)
{
    (void) ngx_http_postern_store_done(op, rc);

    if (q->taken == POSTERN_TABLE_NO) {
        op->result = NGX_HTTP_POSTERN_OVER;
    }

    return NGX_OK;
}


/* another node's claim may be known here for the timeout of Redis longer */

static ngx_int_t
ngx_http_postern_store_check_quota(ngx_http_request_t *r,
    ngx_http_postern_store_conf_t *scf, ngx_str_t *org,
    ngx_http_postern_quota_t *quota, ngx_msec_t ttl,
    ngx_http_postern_zone_quota_t *q)
{
    q->zn.zone = NULL;

    if (quota->name.len > NGX_HTTP_POSTERN_NAME_MAX
        || org->len > NGX_HTTP_POSTERN_NAME_MAX
        || quota->limit > NGX_MAX_INT32_VALUE
        || quota->window < ttl
        || quota->window > NGX_HTTP_POSTERN_STORE_TTL_MAX)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with a quota of %ui in %Mms "
                      "for %Mms",
                      quota->limit, quota->window, ttl);
        return NGX_ERROR;
    }

    if (scf->zone == NULL) {
        return NGX_OK;
    }

    if (quota->hashed) {
        q->zn.zone = scf->zone->data;
        q->zn.log = ngx_http_postern_store_log(r);
        ngx_memcpy(&q->zn.hash, quota->hash, sizeof(quota->hash));

    } else {
        ngx_http_postern_zone_name(&q->zn, scf->zone,
                                   ngx_http_postern_store_log(r),
                                   POSTERN_TABLE_QUOTA, org, &quota->name);

        ngx_memcpy(quota->hash, &q->zn.hash, sizeof(quota->hash));
        quota->hashed = 1;
    }

    q->limit = quota->limit ? (uint32_t) quota->limit
                            : (uint32_t) (scf->zone->shm.size
                                          / (2 * NGX_HTTP_POSTERN_CLAIM_SIZE));
    q->window = (int64_t) quota->window
                + (scf->redis ? (int64_t) scf->redis->timeout : 0);

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_store_quota(ngx_http_request_t *r, ngx_str_t *org,
    ngx_http_postern_quota_t *quota, ngx_msec_t *wait)
{
    ngx_http_postern_zone_quota_t   q;
    ngx_http_postern_store_conf_t  *scf;

    *wait = 0;

    scf = r ? ngx_http_postern_store_conf(r) : ngx_http_postern_store_worker;

    if (scf == NULL
        || ngx_http_postern_store_check_quota(r, scf, org, quota, 1, &q)
           != NGX_OK
        || q.zn.zone == NULL)
    {
        return NGX_ERROR;
    }

    switch (ngx_http_postern_zone_quota(&q, wait)) {

    case POSTERN_TABLE_OK:
        return NGX_OK;

    case POSTERN_TABLE_NO:
        return NGX_BUSY;

    default:
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_http_postern_store_get(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return ngx_http_postern_store_read(r, op, org, name, 0);
}


ngx_int_t
ngx_http_postern_store_take(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return ngx_http_postern_store_read(r, op, org, name, 1);
}


static ngx_int_t
ngx_http_postern_store_read(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_uint_t take)
{
    size_t                          len;
    ngx_int_t                       rc;
    postern_table_result_e          found;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, 1, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = take ? ngx_http_postern_store_write(r, op, scf, org, name)
                    : ngx_http_postern_store_call(r, op, scf->redis,
                                                  POSTERN_TABLE_RECORD, org,
                                                  name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_get(call, take);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RECORD, org, name);

    found = take ? ngx_http_postern_zone_take(&zn,
                                       ngx_http_postern_store_buffer, &len)
                 : ngx_http_postern_zone_get(&zn,
                                       ngx_http_postern_store_buffer, &len);

    if (found == POSTERN_TABLE_OK
        && ngx_http_postern_store_found(r, op, len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_postern_store_done(op, found);
}


/* the value in the worker's buffer, which is wiped, is that of the operation */

static ngx_int_t
ngx_http_postern_store_found(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    size_t len)
{
    ngx_int_t  rc;

    rc = ngx_http_postern_store_value(r, op, ngx_http_postern_store_buffer,
                                      len);

    ngx_explicit_memzero(ngx_http_postern_store_buffer, len);

    return rc;
}


/* a call that writes a record in Redis: the copy at this node goes first */

static ngx_http_postern_store_call_t *
ngx_http_postern_store_write(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_store_conf_t *scf, ngx_str_t *org, ngx_str_t *name)
{
    ngx_http_postern_store_call_t  *call;

    call = ngx_http_postern_store_call(r, op, scf->redis, POSTERN_TABLE_RECORD,
                                       org, name);

    if (call && scf->zone) {
        ngx_http_postern_zone_name(&call->zn, scf->zone,
                                   ngx_http_postern_store_log(r),
                                   POSTERN_TABLE_COPY, org, name);
        ngx_http_postern_zone_drop(&call->zn);

        call->drops = 1;
    }

    return call;
}


ngx_int_t
ngx_http_postern_store_put(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_str_t *value, ngx_msec_t ttl)
{
    ngx_int_t                       rc;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    if (value->len > NGX_HTTP_POSTERN_VALUE_MAX) {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with a value of %uz bytes",
                      value->len);
        return NGX_ERROR;
    }

    rc = ngx_http_postern_store_check(r, op, org, name, ttl, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = ngx_http_postern_store_write(r, op, scf, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_put(call, value, ttl);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RECORD, org, name);

    return ngx_http_postern_store_done(op,
                                ngx_http_postern_zone_put(&zn, value, ttl));
}


ngx_int_t
ngx_http_postern_store_delete(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return ngx_http_postern_store_forget(r, op, org, name,
                                         POSTERN_TABLE_RECORD);
}


ngx_int_t
ngx_http_postern_store_clear(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return ngx_http_postern_store_forget(r, op, org, name,
                                         POSTERN_TABLE_GUESS);
}


static ngx_int_t
ngx_http_postern_store_forget(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, postern_table_kind_e kind)
{
    ngx_int_t                       rc;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, 1, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = (kind == POSTERN_TABLE_RECORD)
               ? ngx_http_postern_store_write(r, op, scf, org, name)
               : ngx_http_postern_store_call(r, op, scf->redis, kind, org,
                                             name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_delete(call);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               kind, org, name);

    return ngx_http_postern_store_done(op, ngx_http_postern_zone_delete(&zn));
}


ngx_int_t
ngx_http_postern_store_rate(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_uint_t limit, ngx_msec_t period)
{
    ngx_int_t                       rc;
    postern_table_result_e          allowed;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, period, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (limit == 0 || limit > NGX_MAX_INT32_VALUE) {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with a limit of %ui", limit);
        return NGX_ERROR;
    }

    if (scf->redis) {
        call = ngx_http_postern_store_call(r, op, scf->redis,
                                           POSTERN_TABLE_RATE, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_rate(call, limit, period);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RATE, org, name);
    allowed = ngx_http_postern_zone_rate(&zn, limit, period, &op->msec);

    return ngx_http_postern_store_done(op, allowed);
}


ngx_int_t
ngx_http_postern_store_recent(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_msec_t age)
{
    size_t                          len;
    uint32_t                        epoch;
    ngx_int_t                       rc;
    postern_table_result_e          found;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, age, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis == NULL || scf->zone == NULL) {
        return ngx_http_postern_store_read(r, op, org, name, 0);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_COPY, org, name);

    found = ngx_http_postern_zone_recent(&zn, age,
                                         ngx_http_postern_store_buffer, &len,
                                         &epoch);

    if (found == POSTERN_TABLE_OK) {
        return (ngx_http_postern_store_found(r, op, len) == NGX_OK)
               ? ngx_http_postern_store_done(op, found) : NGX_ERROR;
    }

    call = ngx_http_postern_store_call(r, op, scf->redis, POSTERN_TABLE_RECORD,
                                       org, name);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->zn = zn;
    call->epoch = epoch;
    call->asked = ngx_http_postern_zone_now();
    call->age = age;
    call->keeps = 1;

    return ngx_http_postern_store_call_get(call, 0);
}


ngx_int_t
ngx_http_postern_store_swap(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_str_t *old, ngx_str_t *value,
    ngx_msec_t ttl)
{
    ngx_int_t                       rc;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    if ((old && old->len > NGX_HTTP_POSTERN_VALUE_MAX)
        || (value && value->len > NGX_HTTP_POSTERN_VALUE_MAX))
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with values of %uz and %uz bytes",
                      old ? old->len : 0, value ? value->len : 0);
        return NGX_ERROR;
    }

    /* what is gone needs no ttl */

    rc = ngx_http_postern_store_check(r, op, org, name, value ? ttl : 1, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = ngx_http_postern_store_write(r, op, scf, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_swap(call, old, value, ttl);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RECORD, org, name);

    return ngx_http_postern_store_done(op,
                          ngx_http_postern_zone_swap(&zn, old, value, ttl));
}


ngx_int_t
ngx_http_postern_store_attempt(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    const ngx_http_postern_backoff_t *backoff)
{
    ngx_int_t                       rc;
    postern_table_result_e          made;
    postern_table_backoff_t         b;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, backoff->ttl, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (backoff->wait > NGX_HTTP_POSTERN_STORE_TTL_MAX
        || backoff->wait_max > NGX_HTTP_POSTERN_STORE_TTL_MAX)
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_http_postern_store_log(r), 0,
                      "postern store called with waits of %Mms and %Mms",
                      backoff->wait, backoff->wait_max);
        return NGX_ERROR;
    }

    b.free = backoff->free;
    b.max = backoff->max;
    b.wait = (int64_t) backoff->wait;
    b.wait_max = (int64_t) backoff->wait_max;
    b.ttl = (int64_t) backoff->ttl;
    b.spare = backoff->spare;

    if (scf->redis) {
        call = ngx_http_postern_store_call(r, op, scf->redis,
                                           POSTERN_TABLE_GUESS, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_postern_store_call_guess(call, &b);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_GUESS, org, name);
    made = ngx_http_postern_zone_guess(&zn, &b, &op->msec);

    return ngx_http_postern_store_done(op, made);
}
