
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

#include "ngx_http_postern_redis.h"
#include "ngx_http_postern_zone.h"

#include <ngx_sha1.h>
#include <sodium.h>


#define NGX_HTTP_POSTERN_STORE_TTL_MAX   ((uint64_t) 3650 * 86400 * 1000)
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


static ngx_int_t ngx_http_postern_store_check(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name,
    ngx_msec_t ttl, ngx_http_postern_store_conf_t **scf);
static ngx_log_t *ngx_http_postern_store_log(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_store_done(ngx_http_postern_op_t *op,
    postern_table_result_e rc);
static ngx_int_t ngx_http_postern_store_refused(ngx_http_postern_op_t *op);
static ngx_int_t ngx_http_postern_store_value(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, const u_char *value, size_t len);
static ngx_int_t ngx_http_postern_store_read(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name, ngx_uint_t take);

static ngx_http_postern_store_call_t *ngx_http_postern_store_call(
    ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_redis_t *redis, postern_table_kind_e kind,
    ngx_str_t *org, ngx_str_t *name);
static ngx_int_t ngx_http_postern_store_send(
    ngx_http_postern_store_call_t *call,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler);
static ngx_int_t ngx_http_postern_store_submit(
    ngx_http_postern_store_call_t *call, const postern_str_t *args,
    size_t nargs, ngx_http_postern_redis_handler_pt handler);
static ngx_int_t ngx_http_postern_store_wait(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_cancel(ngx_http_postern_op_t *op);
static void ngx_http_postern_store_finish(ngx_http_postern_store_call_t *call,
    ngx_http_postern_result_e result);
static redisReply *ngx_http_postern_store_reply(
    ngx_http_postern_redis_op_t *rop, int type);

static ngx_int_t ngx_http_postern_store_claim_submit(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_set(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_claim_somebodys(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_made(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_seen(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_claim_open(
    ngx_http_postern_store_call_t *call,
    ngx_http_postern_redis_outcome_e outcome);
static void ngx_http_postern_store_get_done(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_put_done(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_delete_done(
    ngx_http_postern_redis_op_t *rop);
static ngx_int_t ngx_http_postern_store_rate_send(
    ngx_http_postern_store_call_t *call, ngx_uint_t whole);
static void ngx_http_postern_store_rate_done(ngx_http_postern_redis_op_t *rop);


/*
 * GCRA as in postern_table_rate(), by the clock of Redis, in µs: 0, or the ms
 * to wait.  ARGV: the step between two, the span of a burst.
 */

static const u_char  ngx_http_postern_store_rate_script[] =
    "if redis.replicate_commands then redis.replicate_commands() end "
    "local t = redis.call('TIME') "
    "local now = t[1] * 1000000 + t[2] "
    "local step, span = tonumber(ARGV[1]), tonumber(ARGV[2]) "
    "local tat = tonumber(redis.call('GET', KEYS[1]) or 0) "
    "if tat < now then tat = now end "
    "if tat > now + span then tat = now + span end "
    "local over = tat + step - now - span "
    "if over > 0 then return math.ceil(over / 1000) end "
    "tat = tat + step "
    "redis.call('SET', KEYS[1], string.format('%.0f', tat), "
    "'PX', math.ceil((tat - now) / 1000)) "
    "return 0";


/* of this worker; set once, before any request */

static ngx_http_postern_store_conf_t  *ngx_http_postern_store_worker;
static u_char                         *ngx_http_postern_store_buffer;
static u_char                          ngx_http_postern_store_sha[40];


ngx_int_t
ngx_http_postern_store_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    ngx_http_postern_store_worker = scf;

    if (scf->zone) {
        ngx_http_postern_store_buffer = ngx_palloc(cycle->pool,
                                                   POSTERN_TABLE_VALUE_MAX);
        if (ngx_http_postern_store_buffer == NULL) {
            return NGX_ERROR;
        }
    }

    if (scf->redis == NULL) {
        return NGX_OK;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, ngx_http_postern_store_rate_script,
                    sizeof(ngx_http_postern_store_rate_script) - 1);
    ngx_sha1_final(digest, &sha1);
    (void) ngx_hex_dump(ngx_http_postern_store_sha, digest, sizeof(digest));

    return ngx_http_postern_redis_init(scf->redis);
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


static ngx_int_t
ngx_http_postern_store_refused(ngx_http_postern_op_t *op)
{
    op->result = NGX_HTTP_POSTERN_UNAVAILABLE;
    op->done = 1;

    return NGX_OK;
}


static ngx_int_t
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
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, ttl, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->zone) {
        ngx_http_postern_zone_name(&zn, scf->zone,
                                   ngx_http_postern_store_log(r),
                                   POSTERN_TABLE_CLAIM, org, name);
    }

    if (scf->redis == NULL) {
        made = ngx_http_postern_zone_claim(&zn, ttl, &op->msec);
        return ngx_http_postern_store_done(op, made);
    }

    call = ngx_http_postern_store_call(r, op, scf->redis, POSTERN_TABLE_CLAIM,
                                       org, name);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->ttl = ttl;

    if (scf->zone) {
        call->zn = zn;
        made = ngx_http_postern_zone_reserve(&zn, ttl,
                            scf->redis->timeout + NGX_HTTP_POSTERN_STORE_LATE,
                            &call->attempt, &op->msec);

        if (made == POSTERN_TABLE_NO) {
            return ngx_http_postern_store_done(op, made);
        }

        /* a full zone only loses its shortcut: Redis decides */
    }

    return ngx_http_postern_store_claim_submit(call);
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
    postern_str_t                   args[2];
    postern_table_result_e          found;
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    static const postern_str_t      command[] = { postern_string("GET"),
                                                  postern_string("GETDEL") };

    rc = ngx_http_postern_store_check(r, op, org, name, 1, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = ngx_http_postern_store_call(r, op, scf->redis,
                                           POSTERN_TABLE_RECORD, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        args[0] = command[take];
        args[1] = ngx_http_postern_slice(call->key);

        return ngx_http_postern_store_submit(call, args, 2,
                                             ngx_http_postern_store_get_done);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RECORD, org, name);

    found = take ? ngx_http_postern_zone_take(&zn,
                                       ngx_http_postern_store_buffer, &len)
                 : ngx_http_postern_zone_get(&zn,
                                       ngx_http_postern_store_buffer, &len);

    if (found == POSTERN_TABLE_OK) {
        rc = ngx_http_postern_store_value(r, op, ngx_http_postern_store_buffer,
                                          len);

        ngx_explicit_memzero(ngx_http_postern_store_buffer, len);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_postern_store_done(op, found);
}


ngx_int_t
ngx_http_postern_store_put(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_str_t *value, ngx_msec_t ttl)
{
    u_char                          px[POSTERN_RESP_INT_MAX];
    ngx_int_t                       rc;
    postern_str_t                   args[5];
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
        call = ngx_http_postern_store_call(r, op, scf->redis,
                                           POSTERN_TABLE_RECORD, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        args[0] = (postern_str_t) postern_string("SET");
        args[1] = ngx_http_postern_slice(call->key);
        args[2] = ngx_http_postern_slice(*value);
        args[3] = (postern_str_t) postern_string("PX");
        args[4] = postern_resp_int(px, ttl);

        return ngx_http_postern_store_submit(call, args, 5,
                                             ngx_http_postern_store_put_done);
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
    ngx_int_t                       rc;
    postern_str_t                   args[2];
    ngx_http_postern_zone_name_t    zn;
    ngx_http_postern_store_call_t  *call;
    ngx_http_postern_store_conf_t  *scf;

    rc = ngx_http_postern_store_check(r, op, org, name, 1, &scf);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    if (scf->redis) {
        call = ngx_http_postern_store_call(r, op, scf->redis,
                                           POSTERN_TABLE_RECORD, org, name);
        if (call == NULL) {
            return NGX_ERROR;
        }

        args[0] = (postern_str_t) postern_string("DEL");
        args[1] = ngx_http_postern_slice(call->key);

        return ngx_http_postern_store_submit(call, args, 2,
                                           ngx_http_postern_store_delete_done);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RECORD, org, name);
    ngx_http_postern_zone_delete(&zn);

    return ngx_http_postern_store_done(op, POSTERN_TABLE_OK);
}


ngx_int_t
ngx_http_postern_store_rate(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_uint_t limit, ngx_msec_t period)
{
    uint64_t                        step;
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

        step = ((uint64_t) period * 1000 + limit - 1) / limit;
        call->rate[0] = postern_resp_int(call->step, step);
        call->rate[1] = postern_resp_int(call->span, step * limit);

        if (ngx_http_postern_store_rate_send(call, 0) != NGX_OK) {
            return ngx_http_postern_store_refused(op);
        }

        return ngx_http_postern_store_wait(call);
    }

    ngx_http_postern_zone_name(&zn, scf->zone, ngx_http_postern_store_log(r),
                               POSTERN_TABLE_RATE, org, name);
    allowed = ngx_http_postern_zone_rate(&zn, limit, period, &op->msec);

    return ngx_http_postern_store_done(op, allowed);
}


/*
 * The key is prefix{org}:kind:name.  What would end the tag early is escaped,
 * so that two organizations never share a key.
 */

static ngx_http_postern_store_call_t *
ngx_http_postern_store_call(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_redis_t *redis, postern_table_kind_e kind, ngx_str_t *org,
    ngx_str_t *name)
{
    size_t                          i;
    u_char                         *p;
    ngx_pool_t                     *pool;
    ngx_http_postern_store_call_t  *call;

    pool = r ? r->main->pool : op->pool;

    call = ngx_pcalloc(pool, sizeof(ngx_http_postern_store_call_t)
                             + redis->prefix.len + 3 * org->len + name->len
                             + sizeof("{}:c:"));
    if (call == NULL) {
        return NULL;
    }

    call->op = op;
    call->request = r;
    call->pool = pool;
    call->redis = redis;
    call->deadline = ngx_current_msec + redis->timeout;

    p = (u_char *) (call + 1);
    call->key.data = p;

    p = ngx_cpymem(p, redis->prefix.data, redis->prefix.len);
    *p++ = '{';

    for (i = 0; i < org->len; i++) {
        if (org->data[i] == '{' || org->data[i] == '}' || org->data[i] == '%') {
            *p++ = '%';
            p = ngx_hex_dump(p, &org->data[i], 1);

        } else {
            *p++ = org->data[i];
        }
    }

    *p++ = '}';
    *p++ = ':';
    *p++ = (u_char) kind;
    *p++ = ':';
    p = ngx_cpymem(p, name->data, name->len);

    call->key.len = p - call->key.data;

    return call;
}


/* NGX_DECLINED: refused, nothing was sent */

static ngx_int_t
ngx_http_postern_store_send(ngx_http_postern_store_call_t *call,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);

    call->rop = ngx_http_postern_redis_submit(call->redis, commands, n,
                                              ngx_max(left, 1), handler, call);

    return call->rop ? NGX_OK : NGX_DECLINED;
}


/* the first and often only step of an operation */

static ngx_int_t
ngx_http_postern_store_submit(ngx_http_postern_store_call_t *call,
    const postern_str_t *args, size_t nargs,
    ngx_http_postern_redis_handler_pt handler)
{
    ngx_http_postern_redis_command_t  command;

    command.args = args;
    command.nargs = nargs;

    if (ngx_http_postern_store_send(call, &command, 1, handler) != NGX_OK) {
        return ngx_http_postern_store_refused(call->op);
    }

    return ngx_http_postern_store_wait(call);
}


static ngx_int_t
ngx_http_postern_store_wait(ngx_http_postern_store_call_t *call)
{
    call->op->private = call;
    call->op->pending = 1;

    if (call->request
        && ngx_http_postern_wait(call->request, call->op,
                                 ngx_http_postern_store_cancel)
           != NGX_OK)
    {
        call->op->pending = 0;
        ngx_http_postern_store_cancel(call->op);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_http_postern_store_cancel(ngx_http_postern_op_t *op)
{
    ngx_http_postern_store_call_t     *call;
    ngx_http_postern_redis_outcome_e   outcome;

    call = op->private;

    outcome = ngx_http_postern_redis_cancel(call->rop);

    /* whatever Redis has done: nobody was accepted */

    ngx_http_postern_store_claim_open(call, outcome);
}


/* the end of an operation; call, op and request may be gone after it */

static void
ngx_http_postern_store_finish(ngx_http_postern_store_call_t *call,
    ngx_http_postern_result_e result)
{
    ngx_http_postern_op_t  *op;

    op = call->op;
    op->result = result;
    op->done = 1;
    op->pending = 0;
    op->private = NULL;

    if (call->request) {
        ngx_http_postern_wake(call->request, op);
        return;
    }

    op->handler(op);
}


/* the reply to the first command where it is of this type, or NULL */

static redisReply *
ngx_http_postern_store_reply(ngx_http_postern_redis_op_t *rop, int type)
{
    redisReply  *reply;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED) {
        return NULL;
    }

    reply = rop->replies[0];

    if (reply->type == type) {
        return reply;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_postern_redis_complain(rop->redis, reply);
    }

    return NULL;
}


/* SET key node-token-ttl NX PX ttl */

static ngx_int_t
ngx_http_postern_store_claim_submit(ngx_http_postern_store_call_t *call)
{
    u_char                            *p, px[POSTERN_RESP_INT_MAX];
    uint64_t                           node, token;
    postern_str_t                      args[6];
    ngx_http_postern_redis_command_t   command;

    if (call->attempt.owner) {
        node = postern_table_node(call->zn.zone->table);
        token = call->attempt.token;

    } else {
        randombytes_buf(&node, sizeof(node));
        randombytes_buf(&token, sizeof(token));
    }

    p = ngx_sprintf(call->claim, "%016xL-%016xL-%M", node, token, call->ttl);
    call->claim_len = p - call->claim;

    args[0] = (postern_str_t) postern_string("SET");
    args[1] = ngx_http_postern_slice(call->key);
    args[2].data = call->claim;
    args[2].len = call->claim_len;
    args[3] = (postern_str_t) postern_string("NX");
    args[4] = (postern_str_t) postern_string("PX");
    args[5] = postern_resp_int(px, call->ttl);

    command.args = args;
    command.nargs = 6;

    if (ngx_http_postern_store_send(call, &command, 1,
                                    ngx_http_postern_store_claim_set)
        != NGX_OK)
    {
        ngx_http_postern_store_claim_open(call, NGX_HTTP_POSTERN_REDIS_UNSENT);
        return ngx_http_postern_store_refused(call->op);
    }

    return ngx_http_postern_store_wait(call);
}


static void
ngx_http_postern_store_claim_set(ngx_http_postern_redis_op_t *rop)
{
    postern_str_t                      args[2][2];
    ngx_http_postern_store_call_t     *call;
    ngx_http_postern_redis_command_t   commands[2];

    call = rop->data;

    if (ngx_http_postern_store_reply(rop, REDIS_REPLY_STATUS)) {
        ngx_http_postern_store_claim_made(call);
        return;
    }

    if (ngx_http_postern_store_reply(rop, REDIS_REPLY_NIL) == NULL) {

        /* a SET that fails has set nothing */

        ngx_http_postern_store_claim_open(call,
                           rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
                           ? NGX_HTTP_POSTERN_REDIS_UNSENT : rop->outcome);
        ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_UNAVAILABLE);
        return;
    }

    /* somebody's: whose, and since when? */

    args[0][0] = (postern_str_t) postern_string("GET");
    args[0][1] = ngx_http_postern_slice(call->key);
    args[1][0] = (postern_str_t) postern_string("PTTL");
    args[1][1] = args[0][1];

    commands[0].args = args[0];
    commands[0].nargs = 2;
    commands[1].args = args[1];
    commands[1].nargs = 2;

    if (ngx_http_postern_store_send(call, commands, 2,
                                    ngx_http_postern_store_claim_seen)
        == NGX_OK)
    {
        return;
    }

    ngx_http_postern_store_claim_somebodys(call);
}


/*
 * The key is there, and it cannot be seen whose it is.  A first attempt knows
 * that it is not its own; one that took over an attempt in doubt does not.
 */

static void
ngx_http_postern_store_claim_somebodys(ngx_http_postern_store_call_t *call)
{
    ngx_uint_t  first;

    first = (call->attempt.owner == call->attempt.token);

    ngx_http_postern_store_claim_open(call, NGX_HTTP_POSTERN_REDIS_UNSENT);
    ngx_http_postern_store_finish(call, first ? NGX_HTTP_POSTERN_NO
                                              : NGX_HTTP_POSTERN_UNAVAILABLE);
}


/* Redis says that the claim is ours: it counts if the zone still says so */

static void
ngx_http_postern_store_claim_made(ngx_http_postern_store_call_t *call)
{
    postern_table_result_e  rc;

    rc = POSTERN_TABLE_OK;

    if (call->attempt.owner) {
        rc = ngx_http_postern_zone_confirm(&call->zn, call->attempt.owner);
    }

    ngx_http_postern_store_finish(call, rc == POSTERN_TABLE_OK
                                        ? NGX_HTTP_POSTERN_OK
                                        : NGX_HTTP_POSTERN_UNAVAILABLE);
}


static void
ngx_http_postern_store_claim_seen(ngx_http_postern_redis_op_t *rop)
{
    int64_t                         ttl, rest;
    redisReply                     *value, *pttl;
    postern_str_t                   s;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_STRING
        || rop->replies[1]->type != REDIS_REPLY_INTEGER)
    {
        /* also where it has expired in between: the next attempt will see */

        ngx_http_postern_store_claim_somebodys(call);
        return;
    }

    value = rop->replies[0];
    pttl = rop->replies[1];

    if (value->len > NGX_HTTP_POSTERN_STORE_TOKEN
        && call->claim_len > NGX_HTTP_POSTERN_STORE_TOKEN
        && ngx_memcmp(value->str, call->claim, NGX_HTTP_POSTERN_STORE_TOKEN)
           == 0)
    {
        /* an attempt of ours that nobody has heard of */

        ngx_http_postern_store_claim_made(call);
        return;
    }

    s.data = (u_char *) value->str;
    s.len = value->len;

    if (s.len > NGX_HTTP_POSTERN_STORE_TOKEN + 1) {
        s.data += NGX_HTTP_POSTERN_STORE_TOKEN + 1;
        s.len -= NGX_HTTP_POSTERN_STORE_TOKEN + 1;
    }

    rest = ngx_max(pttl->integer, 0);

    if (postern_resp_parse_int(s, &ttl) && ttl >= rest) {
        call->op->msec = (ngx_msec_t) (ttl - rest);
    }

    if (call->attempt.owner) {
        ngx_http_postern_zone_known(&call->zn, call->attempt.owner,
                                    call->op->msec, (ngx_msec_t) rest);
    }

    ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_NO);
}


/* leaves the reservation of a claim that was not accepted */

static void
ngx_http_postern_store_claim_open(ngx_http_postern_store_call_t *call,
    ngx_http_postern_redis_outcome_e outcome)
{
    if (call->attempt.owner == 0) {
        return;
    }

    /* an attempt before this one may have got through */

    if (outcome == NGX_HTTP_POSTERN_REDIS_UNSENT
        && call->attempt.owner == call->attempt.token)
    {
        ngx_http_postern_zone_release(&call->zn, call->attempt.owner);
        return;
    }

    ngx_http_postern_zone_doubt(&call->zn, call->attempt.owner);
}


static void
ngx_http_postern_store_get_done(ngx_http_postern_redis_op_t *rop)
{
    redisReply                     *reply;
    ngx_http_postern_result_e       result;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;
    result = NGX_HTTP_POSTERN_UNAVAILABLE;

    reply = ngx_http_postern_store_reply(rop, REDIS_REPLY_STRING);

    if (reply) {
        if (reply->len <= NGX_HTTP_POSTERN_VALUE_MAX
            && ngx_http_postern_store_value(call->request, call->op,
                                            (u_char *) reply->str, reply->len)
               == NGX_OK)
        {
            result = NGX_HTTP_POSTERN_OK;
        }

    } else if (rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
               && rop->replies[0]->type == REDIS_REPLY_NIL)
    {
        result = NGX_HTTP_POSTERN_NO;
    }

    ngx_http_postern_store_finish(call, result);
}


static void
ngx_http_postern_store_put_done(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_store_finish(rop->data,
                          ngx_http_postern_store_reply(rop, REDIS_REPLY_STATUS)
                          ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_UNAVAILABLE);
}


static void
ngx_http_postern_store_delete_done(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_store_finish(rop->data,
                         ngx_http_postern_store_reply(rop, REDIS_REPLY_INTEGER)
                         ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_UNAVAILABLE);
}


/* EVALSHA, or EVAL with the whole script where Redis does not know it */

static ngx_int_t
ngx_http_postern_store_rate_send(ngx_http_postern_store_call_t *call,
    ngx_uint_t whole)
{
    postern_str_t                      args[6];
    ngx_http_postern_redis_command_t   command;

    if (whole) {
        args[0] = (postern_str_t) postern_string("EVAL");
        args[1].data = ngx_http_postern_store_rate_script;
        args[1].len = sizeof(ngx_http_postern_store_rate_script) - 1;

    } else {
        args[0] = (postern_str_t) postern_string("EVALSHA");
        args[1].data = ngx_http_postern_store_sha;
        args[1].len = sizeof(ngx_http_postern_store_sha);
    }

    args[2] = (postern_str_t) postern_string("1");
    args[3] = ngx_http_postern_slice(call->key);
    args[4] = call->rate[0];
    args[5] = call->rate[1];

    command.args = args;
    command.nargs = 6;

    return ngx_http_postern_store_send(call, &command, 1,
                                       ngx_http_postern_store_rate_done);
}


static void
ngx_http_postern_store_rate_done(ngx_http_postern_redis_op_t *rop)
{
    redisReply                     *reply;
    ngx_http_postern_result_e       result;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;

    if (rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
        && rop->replies[0]->type == REDIS_REPLY_ERROR
        && ngx_strncmp(rop->replies[0]->str, "NOSCRIPT", 8) == 0
        && !call->whole)
    {
        call->whole = 1;

        if (ngx_http_postern_store_rate_send(call, 1) == NGX_OK) {
            return;
        }

        ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_UNAVAILABLE);
        return;
    }

    result = NGX_HTTP_POSTERN_UNAVAILABLE;
    reply = ngx_http_postern_store_reply(rop, REDIS_REPLY_INTEGER);

    if (reply && reply->integer > 0) {
        call->op->msec = (ngx_msec_t) reply->integer;
        result = NGX_HTTP_POSTERN_NO;

    } else if (reply && reply->integer == 0) {
        result = NGX_HTTP_POSTERN_OK;
    }

    ngx_http_postern_store_finish(call, result);
}
