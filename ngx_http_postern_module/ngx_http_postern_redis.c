
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_redis.h"


#define NGX_HTTP_POSTERN_REDIS_COMPLAIN  10      /* seconds between two */
#define NGX_HTTP_POSTERN_REDIS_TEXT      128     /* bytes of its own words */


static void ngx_http_postern_redis_op_event(ngx_event_t *ev);
static void ngx_http_postern_redis_flush_event(ngx_event_t *ev);
static void ngx_http_postern_redis_unqueue(ngx_http_postern_redis_op_t *rop);
static const char *ngx_http_postern_redis_fault(const redisReply *reply);
static void ngx_http_postern_redis_cleanup(void *data);


ngx_int_t
ngx_http_postern_redis_init(ngx_http_postern_redis_t *redis)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_conf_ctx_t        *ctx;
    ngx_http_core_loc_conf_t   *clcf;

    /* the cache manager and its like have no requests */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    redis->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (redis->pool == NULL) {
        return NGX_ERROR;
    }

    redis->buffer = ngx_palloc(redis->pool, NGX_HTTP_POSTERN_REDIS_READ);
    if (redis->buffer == NULL) {
        return NGX_ERROR;
    }

    /* in a single process the configuration may go before the process does */

    cln = ngx_pool_cleanup_add(ngx_cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_postern_redis_cleanup;
    cln->data = redis;

    ctx = (ngx_http_conf_ctx_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                               ngx_http_module);
    clcf = ctx->loc_conf[ngx_http_core_module.ctx_index];

    if (redis->host.len && clcf->resolver
        && clcf->resolver->connections.nelts)
    {
        redis->resolver = clcf->resolver;
    }

    redis->log = *ngx_cycle->log;
    redis->backoff = NGX_HTTP_POSTERN_REDIS_BACKOFF_MIN;

    ngx_queue_init(&redis->waiting);
    ngx_queue_init(&redis->sent);
    ngx_queue_init(&redis->free);

    redis->last_out = &redis->out;

    redis->timer.handler = ngx_http_postern_redis_timer;
    redis->timer.data = redis;
    redis->timer.log = &redis->log;
    redis->timer.cancelable = 1;

    redis->flush.handler = ngx_http_postern_redis_flush_event;
    redis->flush.data = redis;
    redis->flush.log = &redis->log;

    redis->initialized = 1;

    /* the connection is there before the first request, if Redis is */

    ngx_post_event(&redis->flush, &ngx_posted_events);

    return NGX_OK;
}


void
ngx_http_postern_redis_exit(ngx_http_postern_redis_t *redis)
{
    if (!redis->initialized || redis->state == NGX_HTTP_POSTERN_REDIS_CLOSED) {
        return;
    }

    ngx_http_postern_redis_conn_close(redis);

    redis->state = NGX_HTTP_POSTERN_REDIS_CLOSED;

    if (redis->resolving) {
        ngx_resolve_name_done(redis->resolving);
        redis->resolving = NULL;
    }

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->flush.posted) {
        ngx_delete_posted_event(&redis->flush);
    }

    ngx_http_postern_redis_fail_all(redis, &redis->waiting);
}


static void
ngx_http_postern_redis_cleanup(void *data)
{
    ngx_http_postern_redis_t *redis = data;

    ngx_http_postern_redis_exit(redis);

    if (redis->addrs_pool) {
        ngx_destroy_pool(redis->addrs_pool);
        redis->addrs_pool = NULL;
    }

    if (redis->pool) {
        ngx_destroy_pool(redis->pool);
        redis->pool = NULL;
    }
}


/* an operation with its commands written, in no queue yet */

ngx_http_postern_redis_op_t *
ngx_http_postern_redis_op(ngx_http_postern_redis_t *redis,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n)
{
    size_t                        size;
    u_char                       *p;
    ngx_uint_t                    i;
    ngx_queue_t                  *q;
    ngx_http_postern_redis_op_t  *rop;

    size = 0;

    for (i = 0; i < n; i++) {
        size += postern_resp_size(commands[i].args, commands[i].nargs);
    }

    if (redis->nops >= NGX_HTTP_POSTERN_REDIS_OPS_MAX
        || redis->nbytes + size > NGX_HTTP_POSTERN_REDIS_BYTES_MAX)
    {
        return NULL;
    }

    if (ngx_queue_empty(&redis->free)) {
        rop = ngx_palloc(redis->pool, sizeof(ngx_http_postern_redis_op_t));
        if (rop == NULL) {
            return NULL;
        }

    } else {
        q = ngx_queue_head(&redis->free);
        ngx_queue_remove(q);
        rop = ngx_queue_data(q, ngx_http_postern_redis_op_t, queue);
    }

    ngx_memzero(rop, offsetof(ngx_http_postern_redis_op_t, memory));

    p = rop->memory;

    if (size > NGX_HTTP_POSTERN_REDIS_INLINE) {
        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            ngx_queue_insert_head(&redis->free, &rop->queue);
            return NULL;
        }
    }

    rop->redis = redis;
    rop->ncommands = n;
    rop->event.handler = ngx_http_postern_redis_op_event;
    rop->event.data = rop;
    rop->event.log = ngx_cycle->log;

    rop->buf.start = p;
    rop->buf.pos = p;

    for (i = 0; i < n; i++) {
        p = postern_resp_write(p, commands[i].args, commands[i].nargs);
    }

    rop->buf.last = p;
    rop->buf.end = p;
    rop->buf.temporary = 1;
    rop->buf.flush = 1;

    rop->link.buf = &rop->buf;

    redis->nops++;
    redis->nbytes += size;

    return rop;
}


/* frees an operation that is in no queue: with it goes what it said */

void
ngx_http_postern_redis_tidy(ngx_http_postern_redis_op_t *rop)
{
    size_t                     size;
    ngx_uint_t                 i;
    ngx_http_postern_redis_t  *redis;

    redis = rop->redis;
    size = rop->buf.last - rop->buf.start;

    for (i = 0; i < rop->nreplies; i++) {
        freeReplyObject(rop->replies[i]);
    }

    ngx_explicit_memzero(rop->buf.start, size);

    if (rop->buf.start != rop->memory) {
        ngx_free(rop->buf.start);
    }

    redis->nops--;
    redis->nbytes -= size;

    ngx_queue_insert_head(&redis->free, &rop->queue);
}


ngx_http_postern_redis_op_t *
ngx_http_postern_redis_submit(ngx_http_postern_redis_t *redis,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_msec_t timeout, ngx_http_postern_redis_handler_pt handler, void *data)
{
    ngx_http_postern_redis_op_t  *rop;

    if (!redis->initialized && ngx_http_postern_redis_init(redis) != NGX_OK) {
        return NULL;
    }

    if (redis->state == NGX_HTTP_POSTERN_REDIS_CLOSED) {
        return NULL;
    }

    if (redis->open) {
        ngx_http_postern_redis_demand(redis);
        return NULL;
    }

    rop = ngx_http_postern_redis_op(redis, commands, n);
    if (rop == NULL) {
        return NULL;
    }

    rop->handler = handler;
    rop->data = data;
    rop->queued = 1;

    ngx_queue_insert_tail(&redis->waiting, &rop->queue);
    ngx_add_timer(&rop->event, timeout);

    ngx_http_postern_redis_demand(redis);

    if (redis->state == NGX_HTTP_POSTERN_REDIS_READY
        || redis->state == NGX_HTTP_POSTERN_REDIS_IDLE)
    {
        ngx_post_event(&redis->flush, &ngx_posted_events);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "postern redis op %p, %ui pending", rop, redis->nops);

    return rop;
}


ngx_http_postern_redis_outcome_e
ngx_http_postern_redis_cancel(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_redis_outcome_e  outcome;

    rop->handler = NULL;

    if (rop->event.timer_set) {
        ngx_del_timer(&rop->event);
    }

    if (rop->event.posted) {
        outcome = rop->outcome;

        ngx_delete_posted_event(&rop->event);
        ngx_http_postern_redis_tidy(rop);

        return outcome;
    }

    if (rop->sent) {
        return NGX_HTTP_POSTERN_REDIS_UNKNOWN;
    }

    ngx_http_postern_redis_unqueue(rop);
    ngx_http_postern_redis_tidy(rop);

    return NGX_HTTP_POSTERN_REDIS_UNSENT;
}


static void
ngx_http_postern_redis_unqueue(ngx_http_postern_redis_op_t *rop)
{
    /* an op stands in one queue, once */

    if (rop->queued) {
        ngx_queue_remove(&rop->queue);
        rop->queued = 0;
    }
}


/* the deadline, or the wake-up that was posted when all was known */

static void
ngx_http_postern_redis_op_event(ngx_event_t *ev)
{
    ngx_http_postern_redis_op_t        *rop;
    ngx_http_postern_redis_handler_pt   handler;

    rop = ev->data;

    handler = rop->handler;
    rop->handler = NULL;

    if (ev->timedout) {
        ev->timedout = 0;

        if (rop->sent) {

            /* a tombstone from here on; it may be gone when this returns */

            rop->outcome = NGX_HTTP_POSTERN_REDIS_UNKNOWN;
            handler(rop);
            return;
        }

        rop->outcome = NGX_HTTP_POSTERN_REDIS_UNSENT;
        ngx_http_postern_redis_unqueue(rop);
    }

    handler(rop);

    ngx_http_postern_redis_tidy(rop);
}


static void
ngx_http_postern_redis_flush_event(ngx_event_t *ev)
{
    ngx_http_postern_redis_t *redis = ev->data;

    if (redis->state == NGX_HTTP_POSTERN_REDIS_READY) {
        ngx_http_postern_redis_flush(redis);

    } else if (redis->state == NGX_HTTP_POSTERN_REDIS_IDLE) {
        ngx_http_postern_redis_connect(redis);
    }
}


/* one reply to the operation in front; from within the parser: only notes */

void
ngx_http_postern_redis_replied(ngx_http_postern_redis_op_t *rop,
    redisReply *reply)
{
    const char                *fault;
    ngx_http_postern_redis_t  *redis;

    redis = rop->redis;
    rop->replies[rop->nreplies++] = reply;

    if (!rop->internal) {
        fault = ngx_http_postern_redis_fault(reply);

        if (fault) {
            redis->fault = fault;

        } else if (!redis->served) {
            redis->served = 1;
            ngx_http_postern_redis_available(redis);
        }
    }

    if (rop->nreplies < rop->ncommands) {
        return;
    }

    ngx_http_postern_redis_unqueue(rop);

    if (rop->handler == NULL) {
        ngx_http_postern_redis_tidy(rop);
        return;
    }

    rop->outcome = NGX_HTTP_POSTERN_REDIS_REPLIED;

    if (rop->event.timer_set) {
        ngx_del_timer(&rop->event);
    }

    ngx_post_event(&rop->event, &ngx_posted_events);
}


/* errors that say something of the server, not of the command */

static const char *
ngx_http_postern_redis_fault(const redisReply *reply)
{
    ngx_uint_t     i;
    postern_str_t  text;

    static const struct {
        postern_str_t   word;
        const char     *fault;
    } faults[] = {
        { postern_string("LOADING "), "it is loading its data" },
        { postern_string("READONLY "), "it is a replica that takes no writes" },
        { postern_string("MASTERDOWN "), "it is a replica without its master" },
        { postern_string("NOAUTH "), "it wants a password" }
    };

    if (reply->type != REDIS_REPLY_ERROR) {
        return NULL;
    }

    text.data = (u_char *) reply->str;
    text.len = reply->len;
    text = postern_resp_error(text);

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (text.len >= faults[i].word.len
            && ngx_memcmp(text.data, faults[i].word.data, faults[i].word.len)
               == 0)
        {
            return faults[i].fault;
        }
    }

    return NULL;
}


void
ngx_http_postern_redis_fail_all(ngx_http_postern_redis_t *redis,
    ngx_queue_t *queue)
{
    ngx_queue_t                  *q;
    ngx_http_postern_redis_op_t  *rop;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        rop = ngx_queue_data(q, ngx_http_postern_redis_op_t, queue);

        ngx_http_postern_redis_unqueue(rop);

        if (rop->handler == NULL) {
            ngx_http_postern_redis_tidy(rop);
            continue;
        }

        rop->outcome = (rop->sent && rop->buf.pos != rop->buf.start)
                       ? NGX_HTTP_POSTERN_REDIS_UNKNOWN
                       : NGX_HTTP_POSTERN_REDIS_UNSENT;

        if (rop->event.timer_set) {
            ngx_del_timer(&rop->event);
        }

        ngx_post_event(&rop->event, &ngx_posted_events);
    }
}


void
ngx_http_postern_redis_complain(ngx_http_postern_redis_t *redis,
    const redisReply *reply)
{
    size_t  len;
    u_char  text[NGX_HTTP_POSTERN_REDIS_TEXT];

    if (ngx_http_postern_redis_fault(reply)) {
        return;
    }

    if (redis->complained
        && ngx_time() - redis->complained < NGX_HTTP_POSTERN_REDIS_COMPLAIN)
    {
        return;
    }

    redis->complained = ngx_time();

    len = ngx_http_postern_redis_words(reply, text, sizeof(text));

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "postern_redis %V refused a command: \"%*s\"",
                  &redis->name, len, text);
}


size_t
ngx_http_postern_redis_words(const redisReply *reply, u_char *text,
    size_t size)
{
    size_t   i, len;
    u_char  *args;

    len = ngx_min((size_t) reply->len, size);

    for (i = 0; i < len; i++) {
        text[i] = (reply->str[i] >= ' ' && reply->str[i] <= '~')
                  ? (u_char) reply->str[i] : '?';
    }

    args = ngx_strnstr(text, ", with args", len);

    return args ? (size_t) (args - text) : len;
}
