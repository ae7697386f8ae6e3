
/*
 * The client of Redis: operations in, replies out, over one pipelined
 * connection per worker.  hiredis parses replies; sockets, TLS, timers and
 * names are nginx's own.
 *
 *     ngx_http_postern_redis_conf.c    the directive
 *     ngx_http_postern_redis.c         operations: submit, cancel, deadlines
 *     ngx_http_postern_redis_conn.c    the connection: flush, parse, close
 *     ngx_http_postern_redis_open.c    the way to it: names, TLS, handshake,
 *                                      backoff, breaker
 */


#ifndef _NGX_HTTP_POSTERN_REDIS_H_INCLUDED_
#define _NGX_HTTP_POSTERN_REDIS_H_INCLUDED_


#include "ngx_http_postern_store.h"
#include "postern_resp.h"
#include "postern_url.h"

#include <hiredis/hiredis.h>


/* bounds of one worker's queue, late replies waited for included */
#define NGX_HTTP_POSTERN_REDIS_OPS_MAX     16384
#define NGX_HTTP_POSTERN_REDIS_BYTES_MAX   (16 * 1024 * 1024)

/* bytes of a reply, protocol included */
#define NGX_HTTP_POSTERN_REDIS_REPLY_MAX   (NGX_HTTP_POSTERN_VALUE_MAX + 4096)

#define NGX_HTTP_POSTERN_REDIS_REPLIES     4      /* commands of an operation */
#define NGX_HTTP_POSTERN_REDIS_INLINE      512    /* bytes without malloc */
#define NGX_HTTP_POSTERN_REDIS_READ        16384

#define NGX_HTTP_POSTERN_REDIS_BACKOFF_MIN 50     /* ms */
#define NGX_HTTP_POSTERN_REDIS_BACKOFF_MAX 600    /* with its jitter, and a
                                                     connect: below 1 s */
#define NGX_HTTP_POSTERN_REDIS_DEMAND      250    /* ms: a request cuts a
                                                     longer backoff short */
#define NGX_HTTP_POSTERN_REDIS_FAILURES    3      /* in a row: breaker */


typedef struct ngx_http_postern_redis_op_s  ngx_http_postern_redis_op_t;

typedef void (*ngx_http_postern_redis_handler_pt)(
    ngx_http_postern_redis_op_t *rop);


/* what came of an operation */

typedef enum {
    NGX_HTTP_POSTERN_REDIS_REPLIED = 0,   /* replies[] are set */
    NGX_HTTP_POSTERN_REDIS_UNSENT,        /* Redis has certainly not seen it */
    NGX_HTTP_POSTERN_REDIS_UNKNOWN        /* sent, and nobody knows */
} ngx_http_postern_redis_outcome_e;


/*
 * One operation: commands that leave together, a reply to each.  event is both
 * deadline and wake-up.  In the queue of the connection its place outlives its
 * caller: without a handler it is a tombstone that takes the late reply.
 */

struct ngx_http_postern_redis_op_s {
    ngx_queue_t                         queue;
    ngx_event_t                         event;
    ngx_http_postern_redis_t           *redis;

    ngx_http_postern_redis_handler_pt   handler;
    void                               *data;

    redisReply                         *replies[NGX_HTTP_POSTERN_REDIS_REPLIES];
    ngx_uint_t                          nreplies;
    ngx_uint_t                          ncommands;

    ngx_buf_t                           buf;
    ngx_chain_t                         link;

    ngx_http_postern_redis_outcome_e    outcome;

    unsigned                            queued:1;   /* waiting or sent */
    unsigned                            sent:1;     /* handed to the socket */
    unsigned                            internal:1; /* the handshake's */

    u_char                              memory[NGX_HTTP_POSTERN_REDIS_INLINE];
};


typedef enum {
    NGX_HTTP_POSTERN_REDIS_IDLE = 0,      /* nothing under way */
    NGX_HTTP_POSTERN_REDIS_BACKOFF,       /* until the next attempt */
    NGX_HTTP_POSTERN_REDIS_RESOLVE,
    NGX_HTTP_POSTERN_REDIS_CONNECT,       /* TCP, TLS, handshake */
    NGX_HTTP_POSTERN_REDIS_READY,
    NGX_HTTP_POSTERN_REDIS_CLOSED         /* for good: the worker exits */
} ngx_http_postern_redis_state_e;


struct ngx_http_postern_redis_s {

    /* configuration */

    ngx_str_t                           name;       /* for logs: no secret */
    postern_url_t                       url;
    ngx_str_t                           host;       /* to be resolved, or "" */
    ngx_str_t                           user;
    ngx_str_t                           password;
    ngx_str_t                           prefix;
    ngx_str_t                           ssl_name;
    ngx_msec_t                          timeout;
    ngx_addr_t                         *conf_addrs;
    ngx_uint_t                          conf_naddrs;
    ngx_ssl_t                          *ssl;        /* NULL: not over TLS */
    ngx_flag_t                          ssl_verify;

    /* of the worker */

    ngx_http_postern_redis_state_e      state;
    ngx_pool_t                         *pool;       /* operations */
    ngx_pool_t                         *addrs_pool; /* of a resolved name */
    ngx_addr_t                         *addrs;
    ngx_uint_t                          naddrs;
    ngx_uint_t                          addr;       /* the next one to try */
    ngx_resolver_t                     *resolver;
    ngx_resolver_ctx_t                 *resolving;
    ngx_log_t                           log;        /* nginx's own messages */

    ngx_peer_connection_t               peer;
    redisReader                        *reader;
    size_t                              partial;    /* bytes of one reply */
    u_char                             *buffer;

    ngx_queue_t                         waiting;    /* not handed over yet */
    ngx_queue_t                         sent;       /* in order of replies */
    ngx_queue_t                         free;
    ngx_chain_t                        *out;
    ngx_chain_t                       **last_out;
    ngx_uint_t                          nops;
    size_t                              nbytes;

    ngx_event_t                         timer;      /* one for every state */
    ngx_event_t                         flush;
    ngx_msec_t                          backoff;
    ngx_msec_t                          attempted;
    ngx_msec_t                          since;      /* it is ready */
    ngx_msec_t                          heard;      /* the last bytes */
    ngx_uint_t                          failures;
    time_t                              complained;

    unsigned                            initialized:1;
    unsigned                            open:1;     /* the breaker */
    unsigned                            served:1;   /* since it is ready */
    unsigned                            suspect:1;  /* the last one shook hands
                                                       and served nothing */
    unsigned                            down:2;     /* what was reported */
    const char                         *fault;      /* what the parser found */

    /* this one is told of changed keys, and does nothing else */
    struct ngx_http_postern_track_s    *track;

    /* … of those that this one reads */
    struct ngx_http_postern_track_s    *tracked;
};


typedef struct {
    const postern_str_t                *args;
    size_t                              nargs;
} ngx_http_postern_redis_command_t;


/*
 * Operations (ngx_http_postern_redis.c).  submit() copies the commands; handler
 * is called later, never from inside, with outcome and replies, which are gone
 * when it returns.  NULL: refused at once, nothing was or will be sent.
 */
ngx_http_postern_redis_op_t *ngx_http_postern_redis_submit(
    ngx_http_postern_redis_t *redis,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_msec_t timeout, ngx_http_postern_redis_handler_pt handler, void *data);

/* the handler will not be called; UNSENT where nothing has gone out */
ngx_http_postern_redis_outcome_e ngx_http_postern_redis_cancel(
    ngx_http_postern_redis_op_t *rop);

/* an error reply that an operator should know of: logged now and then */
void ngx_http_postern_redis_complain(ngx_http_postern_redis_t *redis,
    const redisReply *reply);

/*
 * What it says, for logs: how many of size bytes that is.  Of a command that it
 * does not know Redis repeats the arguments, such as a password: they are left
 * out.
 */
size_t ngx_http_postern_redis_words(const redisReply *reply, u_char *text,
    size_t size);

ngx_int_t ngx_http_postern_redis_init(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_exit(ngx_http_postern_redis_t *redis);


/* between the files of the client */

ngx_http_postern_redis_op_t *ngx_http_postern_redis_op(
    ngx_http_postern_redis_t *redis,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n);
void ngx_http_postern_redis_replied(ngx_http_postern_redis_op_t *rop,
    redisReply *reply);
void ngx_http_postern_redis_fail_all(ngx_http_postern_redis_t *redis,
    ngx_queue_t *queue);
void ngx_http_postern_redis_tidy(ngx_http_postern_redis_op_t *rop);

/* the connection (ngx_http_postern_redis_conn.c): start() turns one that is
   there, TLS done, into one that carries operations */
ngx_int_t ngx_http_postern_redis_conn_start(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_conn_close(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_push(ngx_http_postern_redis_op_t *rop);
void ngx_http_postern_redis_flush(ngx_http_postern_redis_t *redis);

/* the way there (ngx_http_postern_redis_open.c) */
void ngx_http_postern_redis_connect(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_demand(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_available(ngx_http_postern_redis_t *redis);
void ngx_http_postern_redis_lost(ngx_http_postern_redis_t *redis,
    const char *reason);
void ngx_http_postern_redis_timer(ngx_event_t *ev);


#endif /* _NGX_HTTP_POSTERN_REDIS_H_INCLUDED_ */
