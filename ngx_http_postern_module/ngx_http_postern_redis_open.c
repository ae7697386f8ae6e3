
/*
 * The way to Redis: names, addresses, TLS, the handshake, and what happens when
 * it is lost.  One timer serves every state: when to try again, how long a
 * connection may take, how long Redis may be silent.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_redis.h"
#include "ngx_http_postern_track.h"

#include <openssl/x509v3.h>


#define NGX_HTTP_POSTERN_REDIS_REASON  160


static void ngx_http_postern_redis_resolve(ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_resolved(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_http_postern_redis_addrs(ngx_http_postern_redis_t *redis,
    ngx_resolver_ctx_t *ctx);
static void ngx_http_postern_redis_try(ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_connecting(ngx_event_t *ev);
static void ngx_http_postern_redis_connected(ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_tls(ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_tls_done(ngx_connection_t *c);
static const char *ngx_http_postern_redis_tls_verify(
    ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_handshake(ngx_http_postern_redis_t *redis);
static void ngx_http_postern_redis_handshaken(
    ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_redis_wait(ngx_http_postern_redis_t *redis,
    ngx_msec_t delay);


void
ngx_http_postern_redis_connect(ngx_http_postern_redis_t *redis)
{
    if (redis->state == NGX_HTTP_POSTERN_REDIS_CLOSED) {
        return;
    }

    /* one look-up for a round over all addresses */

    if (redis->resolver && redis->addr == 0) {
        ngx_http_postern_redis_resolve(redis);
        return;
    }

    if (redis->addrs == NULL) {
        redis->addrs = redis->conf_addrs;
        redis->naddrs = redis->conf_naddrs;
    }

    ngx_http_postern_redis_try(redis);
}


static void
ngx_http_postern_redis_resolve(ngx_http_postern_redis_t *redis)
{
    ngx_resolver_ctx_t  *ctx, temp;

    ngx_memzero(&temp, sizeof(ngx_resolver_ctx_t));
    temp.name = redis->host;

    ctx = ngx_resolve_start(redis->resolver, &temp);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_postern_redis_lost(redis, "its name cannot be looked up");
        return;
    }

    ctx->name = redis->host;
    ctx->handler = ngx_http_postern_redis_resolved;
    ctx->data = redis;
    ctx->timeout = redis->timeout;
    ctx->cancelable = 1;

    redis->state = NGX_HTTP_POSTERN_REDIS_RESOLVE;
    redis->attempted = ngx_current_msec;
    redis->resolving = ctx;

    /* the handler may be called from inside */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        redis->resolving = NULL;
        ngx_http_postern_redis_lost(redis, "its name cannot be looked up");
    }
}


static void
ngx_http_postern_redis_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_postern_redis_t  *redis;

    redis = ctx->data;
    redis->resolving = NULL;

    if (ctx->state) {
        ngx_log_error(NGX_LOG_ERR, &redis->log, 0,
                      "\"%V\" could not be resolved (%i: %s)",
                      &ctx->name, ctx->state,
                      ngx_resolver_strerror(ctx->state));

        ngx_resolve_name_done(ctx);
        ngx_http_postern_redis_lost(redis, "its name was not found");
        return;
    }

    rc = ngx_http_postern_redis_addrs(redis, ctx);

    ngx_resolve_name_done(ctx);

    if (rc != NGX_OK) {
        ngx_http_postern_redis_lost(redis, "there is no memory for it");
        return;
    }

    ngx_http_postern_redis_try(redis);
}


/* takes over the addresses of a name, in a pool of their own */

static ngx_int_t
ngx_http_postern_redis_addrs(ngx_http_postern_redis_t *redis,
    ngx_resolver_ctx_t *ctx)
{
    socklen_t         socklen;
    ngx_addr_t       *addrs;
    ngx_pool_t       *pool;
    ngx_uint_t        i;
    struct sockaddr  *sockaddr;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    addrs = ngx_pcalloc(pool, ctx->naddrs * sizeof(ngx_addr_t));
    if (addrs == NULL) {
        goto failed;
    }

    for (i = 0; i < ctx->naddrs; i++) {
        socklen = ctx->addrs[i].socklen;

        sockaddr = ngx_palloc(pool, socklen);
        if (sockaddr == NULL) {
            goto failed;
        }

        ngx_memcpy(sockaddr, ctx->addrs[i].sockaddr, socklen);
        ngx_inet_set_port(sockaddr, (in_port_t) redis->url.port);

        addrs[i].sockaddr = sockaddr;
        addrs[i].socklen = socklen;
        addrs[i].name = redis->name;
    }

    if (redis->addrs_pool) {
        ngx_destroy_pool(redis->addrs_pool);
    }

    redis->addrs_pool = pool;
    redis->addrs = addrs;
    redis->naddrs = ctx->naddrs;

    return NGX_OK;

failed:

    ngx_destroy_pool(pool);

    return NGX_ERROR;
}


static void
ngx_http_postern_redis_try(ngx_http_postern_redis_t *redis)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_peer_connection_t  *pc;

    redis->state = NGX_HTTP_POSTERN_REDIS_CONNECT;
    redis->attempted = ngx_current_msec;

    addr = &redis->addrs[redis->addr % redis->naddrs];

    pc = &redis->peer;
    ngx_memzero(pc, sizeof(ngx_peer_connection_t));

    pc->sockaddr = addr->sockaddr;
    pc->socklen = addr->socklen;
    pc->name = &redis->name;
    pc->get = ngx_event_get_peer;
    pc->log = &redis->log;
    pc->log_error = NGX_ERROR_ERR;
    pc->so_keepalive = (addr->sockaddr->sa_family != AF_UNIX);

    rc = ngx_event_connect_peer(pc);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_postern_redis_lost(redis, "it cannot be connected to");
        return;
    }

    c = pc->connection;
    c->data = redis;
    c->read->handler = ngx_http_postern_redis_connecting;
    c->write->handler = ngx_http_postern_redis_connecting;

    c->pool = ngx_create_pool(512, ngx_cycle->log);
    if (c->pool == NULL) {
        ngx_http_postern_redis_lost(redis, "there is no memory for it");
        return;
    }

    ngx_add_timer(&redis->timer, redis->timeout);

    if (rc == NGX_OK) {
        ngx_http_postern_redis_connected(redis);
    }
}


static void
ngx_http_postern_redis_connecting(ngx_event_t *ev)
{
    ngx_connection_t *c = ev->data;

    if (c->close) {
        ngx_http_postern_redis_exit(c->data);
        return;
    }

    ngx_http_postern_redis_connected(c->data);
}


static void
ngx_http_postern_redis_connected(ngx_http_postern_redis_t *redis)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = redis->peer.connection;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_ERR, &redis->log, err,
                      "connect() to postern_redis %V failed", &redis->name);
        ngx_http_postern_redis_lost(redis, "it cannot be connected to");
        return;
    }

    if (c->type == SOCK_STREAM
        && redis->peer.sockaddr->sa_family != AF_UNIX
        && ngx_tcp_nodelay(c) != NGX_OK)
    {
        ngx_http_postern_redis_lost(redis, "it cannot be connected to");
        return;
    }

    if (redis->ssl) {
        ngx_http_postern_redis_tls(redis);
        return;
    }

    ngx_http_postern_redis_handshake(redis);
}


static void
ngx_http_postern_redis_tls(ngx_http_postern_redis_t *redis)
{
    ngx_connection_t  *c;

    c = redis->peer.connection;

    if (ngx_ssl_create_connection(redis->ssl, c, NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        ngx_http_postern_redis_lost(redis, "TLS cannot be set up");
        return;
    }

    c->sendfile = 0;

    /* addresses are no server names: RFC 6066, 3 */

    if (redis->host.len
        && SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) redis->ssl_name.data)
           == 0)
    {
        ngx_http_postern_redis_lost(redis, "TLS cannot be set up");
        return;
    }

    c->ssl->handler = ngx_http_postern_redis_tls_done;

    if (ngx_ssl_handshake(c) == NGX_AGAIN) {
        return;
    }

    ngx_http_postern_redis_tls_done(c);
}


static void
ngx_http_postern_redis_tls_done(ngx_connection_t *c)
{
    const char                *reason;
    ngx_http_postern_redis_t  *redis;

    redis = c->data;

    if (!c->ssl->handshaked) {
        ngx_http_postern_redis_lost(redis, "the TLS handshake failed");
        return;
    }

    reason = redis->ssl_verify ? ngx_http_postern_redis_tls_verify(redis)
                               : NULL;

    if (reason) {
        ngx_http_postern_redis_lost(redis, reason);
        return;
    }

    ngx_http_postern_redis_handshake(redis);
}


static const char *
ngx_http_postern_redis_tls_verify(ngx_http_postern_redis_t *redis)
{
    int                ok;
    long               rc;
    X509              *cert;
    ngx_connection_t  *c;

    c = redis->peer.connection;

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        ngx_log_error(NGX_LOG_ERR, &redis->log, 0,
                      "certificate of postern_redis %V: (%l:%s)",
                      &redis->name, rc, X509_verify_cert_error_string(rc));
        return "its certificate is not trusted";
    }

    if (ngx_ssl_check_host(c, &redis->ssl_name) == NGX_OK) {
        return NULL;
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return "it sent no certificate";
    }

    ok = X509_check_ip_asc(cert, (char *) redis->ssl_name.data, 0);

    X509_free(cert);

    return (ok == 1) ? NULL : "its certificate is for another name";
}


/* AUTH, SELECT, a name for CLIENT LIST, and PING: all in one write */

static void
ngx_http_postern_redis_handshake(ngx_http_postern_redis_t *redis)
{
    u_char                             db[POSTERN_RESP_INT_MAX];
    ngx_uint_t                         n;
    postern_str_t                      args[4][3];
    ngx_http_postern_redis_op_t       *rop;
    ngx_http_postern_redis_command_t   commands[4];

    n = 0;

    if (redis->password.len) {
        commands[n].nargs = 0;
        args[n][commands[n].nargs++] = (postern_str_t) postern_string("AUTH");

        if (redis->user.len) {
            args[n][commands[n].nargs++] = ngx_http_postern_slice(redis->user);
        }

        args[n][commands[n].nargs++] = ngx_http_postern_slice(redis->password);
        commands[n].args = args[n];
        n++;
    }

    if (redis->url.db) {
        args[n][0] = (postern_str_t) postern_string("SELECT");
        args[n][1] = postern_resp_int(db, redis->url.db);
        commands[n].args = args[n];
        commands[n].nargs = 2;
        n++;
    }

    args[n][0] = (postern_str_t) postern_string("CLIENT");
    args[n][1] = (postern_str_t) postern_string("SETNAME");
    args[n][2] = (postern_str_t) postern_string("postern");
    commands[n].args = args[n];
    commands[n].nargs = 3;
    n++;

    args[n][0] = (postern_str_t) postern_string("PING");
    commands[n].args = args[n];
    commands[n].nargs = 1;
    n++;

    if (ngx_http_postern_redis_conn_start(redis) != NGX_OK
        || (rop = ngx_http_postern_redis_op(redis, commands, n)) == NULL)
    {
        ngx_http_postern_redis_lost(redis, "there is no memory for it");
        return;
    }

    rop->internal = 1;
    rop->handler = ngx_http_postern_redis_handshaken;

    ngx_http_postern_redis_push(rop);
    ngx_http_postern_redis_flush(redis);
}


static void
ngx_http_postern_redis_handshaken(ngx_http_postern_redis_op_t *rop)
{
    u_char                    *p, reason[NGX_HTTP_POSTERN_REDIS_REASON];
    ngx_uint_t                 i;
    redisReply                *reply;
    ngx_http_postern_redis_t  *redis;

    redis = rop->redis;

    /* lost meanwhile: that was dealt with where it was found */

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || redis->state != NGX_HTTP_POSTERN_REDIS_CONNECT)
    {
        return;
    }

    for (i = 0; i < rop->nreplies; i++) {
        reply = rop->replies[i];

        /* a user may be forbidden to name its connection */

        if (reply->type != REDIS_REPLY_ERROR || i + 2 == rop->nreplies) {
            continue;
        }

        p = ngx_cpymem(reason, "it says \"", sizeof("it says \"") - 1);
        p += ngx_http_postern_redis_words(reply, p, sizeof(reason)
                                                - sizeof("it says \"\""));
        *p++ = '"';
        *p = '\0';

        ngx_http_postern_redis_lost(redis, (char *) reason);
        return;
    }

    ngx_del_timer(&redis->timer);

    redis->state = NGX_HTTP_POSTERN_REDIS_READY;
    redis->since = ngx_current_msec;
    redis->open = 0;
    redis->addr = 0;
    redis->served = 0;

    /* a demoted master answers PING, and the write behind it with READONLY:
       such a one counts again when it has served */

    if (!redis->suspect) {
        ngx_http_postern_redis_available(redis);
    }

    if (redis->track) {
        ngx_http_postern_track_ready(redis->track);
        return;
    }

    if (redis->tracked) {
        ngx_http_postern_track_compare(redis->tracked);
    }

    ngx_http_postern_redis_flush(redis);
}


/* may be called from within the parser */

void
ngx_http_postern_redis_available(ngx_http_postern_redis_t *redis)
{
    redis->failures = 0;
    redis->suspect = 0;

    if (redis->down) {
        redis->down = 0;
        redis->log.log_level = ngx_cycle->log->log_level;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "postern_redis %V is available again", &redis->name);
    }
}


/* what was said of it once is not said at every attempt: state changes only */

void
ngx_http_postern_redis_lost(ngx_http_postern_redis_t *redis,
    const char *reason)
{
    ngx_uint_t  ready, idle, opens;

    ready = (redis->state == NGX_HTTP_POSTERN_REDIS_READY);
    idle = ready && ngx_queue_empty(&redis->sent)
           && ngx_queue_empty(&redis->waiting) && redis->fault == NULL;

    if (ready && ngx_current_msec - redis->since > 1000) {
        redis->backoff = NGX_HTTP_POSTERN_REDIS_BACKOFF_MIN;
    }

    ngx_http_postern_redis_conn_close(redis);

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (idle) {

        /* nobody was waiting: the next one to come connects again */

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "postern_redis %V: %s while idle",
                      &redis->name, reason);

        redis->state = NGX_HTTP_POSTERN_REDIS_IDLE;

        if (redis->track) {
            ngx_http_postern_redis_wait(redis,
                                        NGX_HTTP_POSTERN_REDIS_BACKOFF_MIN);
        }

        return;
    }

    /* the other addresses of a name first */

    if (!ready && redis->naddrs > 1
        && redis->state == NGX_HTTP_POSTERN_REDIS_CONNECT
        && ++redis->addr < redis->naddrs)
    {
        ngx_http_postern_redis_wait(redis, 1);
        return;
    }

    if (ready) {
        redis->suspect = (redis->fault || !redis->served);
    }

    redis->addr = 0;
    redis->failures++;
    opens = !redis->open && redis->failures >= NGX_HTTP_POSTERN_REDIS_FAILURES;

    if (redis->down < 1 + opens) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "postern_redis %V is %s: %s", &redis->name,
                      opens ? "unavailable, operations are refused until "
                              "it answers" : "lost", reason);
    }

    if (opens) {
        redis->open = 1;
        ngx_http_postern_redis_fail_all(redis, &redis->waiting);
    }

    if (redis->down < 1 + opens) {
        redis->down = 1 + opens;

        if (!(redis->log.log_level & NGX_LOG_DEBUG_ALL)) {
            redis->log.log_level = ngx_min(redis->log.log_level,
                                           NGX_LOG_ALERT);
        }
    }

    ngx_http_postern_redis_wait(redis, redis->backoff * (75 + ngx_random() % 51)
                                       / 100);

    redis->backoff = ngx_min(redis->backoff * 2,
                             NGX_HTTP_POSTERN_REDIS_BACKOFF_MAX);
}


static void
ngx_http_postern_redis_wait(ngx_http_postern_redis_t *redis, ngx_msec_t delay)
{
    redis->state = NGX_HTTP_POSTERN_REDIS_BACKOFF;
    ngx_add_timer(&redis->timer, delay);
}


/* somebody wants what is not there: do not sleep for long */

void
ngx_http_postern_redis_demand(ngx_http_postern_redis_t *redis)
{
    if (redis->state != NGX_HTTP_POSTERN_REDIS_BACKOFF
        || ngx_current_msec - redis->attempted < NGX_HTTP_POSTERN_REDIS_DEMAND)
    {
        return;
    }

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    redis->state = NGX_HTTP_POSTERN_REDIS_IDLE;
    ngx_post_event(&redis->flush, &ngx_posted_events);
}


void
ngx_http_postern_redis_timer(ngx_event_t *ev)
{
    ngx_msec_t                 silent;
    ngx_http_postern_redis_t  *redis;

    redis = ev->data;
    ev->timedout = 0;

    switch (redis->state) {

    case NGX_HTTP_POSTERN_REDIS_BACKOFF:
        ngx_http_postern_redis_connect(redis);
        return;

    case NGX_HTTP_POSTERN_REDIS_CONNECT:
        ngx_http_postern_redis_lost(redis, "it took too long to connect");
        return;

    case NGX_HTTP_POSTERN_REDIS_READY:

        if (ngx_queue_empty(&redis->sent)) {
            return;
        }

        silent = ngx_current_msec - redis->heard;

        if (silent < 2 * redis->timeout) {
            ngx_add_timer(ev, 2 * redis->timeout - silent);
            return;
        }

        /* it hangs: no use in trying three times */

        redis->failures = NGX_HTTP_POSTERN_REDIS_FAILURES;
        ngx_http_postern_redis_lost(redis, "it does not answer");
        return;

    default:
        return;
    }
}
