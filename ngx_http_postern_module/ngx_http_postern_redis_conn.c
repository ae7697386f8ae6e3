
/*
 * The connection while it is there: what is written, what is read, and whose
 * reply it is.  Replies are only noted here; nobody is called back from within.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_redis.h"
#include "ngx_http_postern_track.h"


static void ngx_http_postern_redis_read(ngx_event_t *rev);
static void ngx_http_postern_redis_write(ngx_event_t *wev);
static const char *ngx_http_postern_redis_parse(
    ngx_http_postern_redis_t *redis, size_t n);
static const char *ngx_http_postern_redis_reply(
    ngx_http_postern_redis_t *redis, redisReply *reply);


ngx_int_t
ngx_http_postern_redis_conn_start(ngx_http_postern_redis_t *redis)
{
    ngx_connection_t  *c;

    redis->reader = redisReaderCreate();
    if (redis->reader == NULL) {
        return NGX_ERROR;
    }

#if (HIREDIS_MAJOR >= 1)
    redis->reader->maxelements = NGX_HTTP_POSTERN_REDIS_REPLIES;
#endif

    redis->partial = 0;
    redis->fault = NULL;

    c = redis->peer.connection;
    c->read->handler = ngx_http_postern_redis_read;
    c->write->handler = ngx_http_postern_redis_write;

    return NGX_OK;
}


void
ngx_http_postern_redis_conn_close(ngx_http_postern_redis_t *redis)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    if (redis->track) {
        ngx_http_postern_track_down(redis->track);
    }

    if (redis->tracked) {
        ngx_http_postern_track_part(redis->tracked);
    }

    redis->out = NULL;
    redis->last_out = &redis->out;

    ngx_http_postern_redis_fail_all(redis, &redis->sent);

    if (redis->reader) {
        redisReaderFree(redis->reader);
        redis->reader = NULL;
    }

    c = redis->peer.connection;

    if (c == NULL) {
        return;
    }

    redis->peer.connection = NULL;

#if (NGX_SSL)

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        (void) ngx_ssl_shutdown(c);
    }

#endif

    pool = c->pool;
    ngx_close_connection(c);

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


/* in line for a reply, and for the next flush */

void
ngx_http_postern_redis_push(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_redis_t  *redis;

    redis = rop->redis;

    /* silence counts from the first that waits for a reply */

    if (ngx_queue_empty(&redis->sent)) {
        redis->heard = ngx_current_msec;
    }

    rop->queued = 1;
    rop->sent = 1;
    ngx_queue_insert_tail(&redis->sent, &rop->queue);

    rop->link.next = NULL;
    *redis->last_out = &rop->link;
    redis->last_out = &rop->link.next;
}


void
ngx_http_postern_redis_flush(ngx_http_postern_redis_t *redis)
{
    ngx_chain_t                  *out;
    ngx_queue_t                  *q;
    ngx_connection_t             *c;
    ngx_http_postern_redis_op_t  *rop;

    c = redis->peer.connection;

    if (redis->state == NGX_HTTP_POSTERN_REDIS_READY) {

        while (!ngx_queue_empty(&redis->waiting)) {
            q = ngx_queue_head(&redis->waiting);
            ngx_queue_remove(q);
            rop = ngx_queue_data(q, ngx_http_postern_redis_op_t, queue);
            ngx_http_postern_redis_push(rop);
        }

        if (!ngx_queue_empty(&redis->sent) && !redis->timer.timer_set) {
            ngx_add_timer(&redis->timer, 2 * redis->timeout);
        }
    }

    if (redis->out == NULL && !c->buffered) {
        return;
    }

    out = c->send_chain(c, redis->out, 0);

    if (out == NGX_CHAIN_ERROR) {
        ngx_http_postern_redis_lost(redis, "sending failed");
        return;
    }

    redis->out = out;

    if (out == NULL) {
        redis->last_out = &redis->out;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_postern_redis_lost(redis, "sending failed");
    }
}


static void
ngx_http_postern_redis_write(ngx_event_t *wev)
{
    ngx_connection_t *c = wev->data;

    if (c->close) {
        ngx_http_postern_redis_exit(c->data);
        return;
    }

    ngx_http_postern_redis_flush(c->data);
}


static void
ngx_http_postern_redis_read(ngx_event_t *rev)
{
    ssize_t                    n;
    const char                *fault;
    ngx_connection_t          *c;
    ngx_http_postern_redis_t  *redis;

    c = rev->data;
    redis = c->data;

    /* the worker's time to shut down has run out */

    if (c->close) {
        ngx_http_postern_redis_exit(redis);
        return;
    }

    for ( ;; ) {
        n = c->recv(c, redis->buffer, NGX_HTTP_POSTERN_REDIS_READ);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {
            ngx_http_postern_redis_lost(redis, n ? "receiving failed"
                                                 : "it closed the connection");
            return;
        }

        redis->heard = ngx_current_msec;

        fault = (redis->track && redis->track->pushes)
                ? ngx_http_postern_track_read(redis->track, redis->buffer,
                                              (size_t) n)
                : ngx_http_postern_redis_parse(redis, (size_t) n);

        if (fault == NULL) {
            fault = redis->fault;
        }

        if (fault) {
            ngx_http_postern_redis_lost(redis, fault);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_postern_redis_lost(redis, "receiving failed");
    }
}


/*
 * Feeds what has arrived.  A reply is bounded in bytes, and what it may be is
 * looked at before the parser allocates anything for it: all commands of ours
 * are answered by a string, a number or an error, never by an array.
 */

static const char *
ngx_http_postern_redis_parse(ngx_http_postern_redis_t *redis, size_t n)
{
    void         *reply;
    const char   *fault;
    redisReader  *reader;

    reader = redis->reader;

    if (redisReaderFeed(reader, (char *) redis->buffer, n) != REDIS_OK) {
        return "there is no memory for its reply";
    }

    redis->partial += n;

    while (reader->pos < reader->len) {

        if (reader->ridx == -1) {
            switch (reader->buf[reader->pos]) {

            case '+':
            case '-':
            case ':':
            case '$':
                break;

            default:
                return "it sent what is no reply of Redis";
            }
        }

        reply = NULL;

        if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
            return "it sent what is no reply of Redis";
        }

        if (reply == NULL) {
            break;
        }

        redis->partial = reader->len - reader->pos;

        fault = ngx_http_postern_redis_reply(redis, reply);

        if (fault) {
            return fault;
        }
    }

    if (redis->partial > NGX_HTTP_POSTERN_REDIS_REPLY_MAX) {
        return "it sent a reply that is too long";
    }

    return NULL;
}


/* owns reply; it belongs to the operation that has waited longest */

static const char *
ngx_http_postern_redis_reply(ngx_http_postern_redis_t *redis,
    redisReply *reply)
{
    ngx_queue_t                  *q;
    ngx_http_postern_redis_op_t  *rop;

    if (ngx_queue_empty(&redis->sent)) {
        freeReplyObject(reply);
        return "it sent a reply that nobody asked for";
    }

    q = ngx_queue_head(&redis->sent);
    rop = ngx_queue_data(q, ngx_http_postern_redis_op_t, queue);

    /* its commands still lie in the chain to be sent */

    if (rop->buf.pos != rop->buf.last) {
        freeReplyObject(reply);
        return "it sent a reply before it was asked";
    }

    ngx_http_postern_redis_replied(rop, reply);

    return NULL;
}
