
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_track.h"

#include <sodium.h>


/*
 * Nothing is used again that is older than this; a worker that is asked often
 * has an answer of Redis that is no older than twice the lesser.
 */

#define NGX_HTTP_POSTERN_TRACK_TRUST  500      /* ms */
#define NGX_HTTP_POSTERN_TRACK_ASK    150

#define NGX_HTTP_POSTERN_TRACK_AGAIN  150      /* ms: two servers, try again */
#define NGX_HTTP_POSTERN_TRACK_MOVE   2        /* … so often, then both */
#define NGX_HTTP_POSTERN_TRACK_MOVED  10000    /* ms between two of these */


static void ngx_http_postern_track_id(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_track_on(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_track_rename(ngx_http_postern_track_t *track);
static ngx_int_t ngx_http_postern_track_submit(ngx_http_postern_track_t *track,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler);
static ngx_int_t ngx_http_postern_track_send(ngx_http_postern_track_t *track,
    const postern_str_t *args, size_t nargs);
static const char *ngx_http_postern_track_answered(
    ngx_http_postern_track_t *track);
static void ngx_http_postern_track_refused(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_track_compared(ngx_http_postern_redis_op_t *rop);
static ngx_uint_t ngx_http_postern_track_listed(
    ngx_http_postern_track_t *track, const redisReply *reply);
static void ngx_http_postern_track_differs(ngx_http_postern_track_t *track);


ngx_int_t
ngx_http_postern_track_init(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_t *redis)
{
    u_char     *p;
    ngx_str_t   name;

    /* what redis has of its own comes with its init() */

    track->link = *redis;
    track->link.track = track;
    track->redis = redis;
    redis->tracked = track;

    name.len = redis->name.len + sizeof(", of changed keys") - 1;

    name.data = ngx_pnalloc(ngx_cycle->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name.data, redis->name.data, redis->name.len);
    ngx_memcpy(p, ", of changed keys", sizeof(", of changed keys") - 1);

    track->link.name = name;

    return ngx_http_postern_redis_init(&track->link);
}


void
ngx_http_postern_track_exit(ngx_http_postern_track_t *track)
{
    ngx_http_postern_redis_exit(&track->link);
}


/* CLIENT ID; CLIENT SETNAME, CLIENT TRACKING; SUBSCRIBE */

void
ngx_http_postern_track_ready(ngx_http_postern_track_t *track)
{
    postern_str_t                     args[2];
    ngx_http_postern_redis_command_t  command;

    args[0] = (postern_str_t) postern_string("CLIENT");
    args[1] = (postern_str_t) postern_string("ID");

    command.args = args;
    command.nargs = 2;

    if (ngx_http_postern_track_submit(track, &command, 1,
                                      ngx_http_postern_track_id)
        != NGX_OK)
    {
        ngx_http_postern_redis_lost(&track->link,
                                    "there is no memory for it");
    }
}


static void
ngx_http_postern_track_id(ngx_http_postern_redis_op_t *rop)
{
    u_char                             buf[POSTERN_RESP_INT_MAX];
    postern_str_t                      args[2][8];
    ngx_http_postern_track_t          *track;
    ngx_http_postern_redis_command_t   commands[2];

    track = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_INTEGER)
    {
        ngx_http_postern_track_refused(track, rop);
        return;
    }

    track->id = (uint64_t) rop->replies[0]->integer;

    ngx_http_postern_track_rename(track);

    args[0][0] = (postern_str_t) postern_string("CLIENT");
    args[0][1] = (postern_str_t) postern_string("SETNAME");
    args[0][2].data = track->name;
    args[0][2].len = NGX_HTTP_POSTERN_TRACK_NAME_LEN;

    args[1][0] = args[0][0];
    args[1][1] = (postern_str_t) postern_string("TRACKING");
    args[1][2] = (postern_str_t) postern_string("ON");
    args[1][3] = (postern_str_t) postern_string("REDIRECT");
    args[1][4] = postern_resp_int(buf, track->id);
    args[1][5] = (postern_str_t) postern_string("BCAST");
    args[1][6] = (postern_str_t) postern_string("PREFIX");
    args[1][7] = ngx_http_postern_slice(track->prefix);

    commands[0].args = args[0];
    commands[0].nargs = 3;
    commands[1].args = args[1];
    commands[1].nargs = 8;

    if (ngx_http_postern_track_submit(track, commands, 2,
                                      ngx_http_postern_track_on)
        != NGX_OK)
    {
        ngx_http_postern_redis_lost(&track->link,
                                    "there is no memory for it");
    }
}


/* another one for each connection */

static void
ngx_http_postern_track_rename(ngx_http_postern_track_t *track)
{
    u_char  *p, nonce[NGX_HTTP_POSTERN_TRACK_NONCE];

    randombytes_buf(nonce, sizeof(nonce));

    p = ngx_cpymem(track->name, NGX_HTTP_POSTERN_TRACK_NAME,
                   sizeof(NGX_HTTP_POSTERN_TRACK_NAME) - 1);

    (void) ngx_hex_dump(p, nonce, sizeof(nonce));
}


static void
ngx_http_postern_track_on(ngx_http_postern_redis_op_t *rop)
{
    postern_str_t              args[2];
    ngx_http_postern_track_t  *track;

    track = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_STATUS
        || rop->replies[1]->type != REDIS_REPLY_STATUS)
    {
        ngx_http_postern_track_refused(track, rop);
        return;
    }

    /* from here on Redis speaks by itself, and nobody else is answered */

    ngx_memzero(&track->push, sizeof(postern_push_t));
    track->pushes = 1;

    args[0] = (postern_str_t) postern_string("SUBSCRIBE");
    args[1] = (postern_str_t) postern_string(POSTERN_PUSH_CHANNEL);

    if (ngx_http_postern_track_send(track, args, 2) != NGX_OK) {
        ngx_http_postern_redis_lost(&track->link,
                                    "there is no memory for it");
    }
}


static ngx_int_t
ngx_http_postern_track_submit(ngx_http_postern_track_t *track,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler)
{
    return ngx_http_postern_redis_submit(&track->link, commands, n,
                                         track->link.timeout, handler, track)
           ? NGX_OK : NGX_ERROR;
}


/* what is answered in the stream of what Redis tells: it waits in line all the
   same, so that a silent Redis is noticed */

static ngx_int_t
ngx_http_postern_track_send(ngx_http_postern_track_t *track,
    const postern_str_t *args, size_t nargs)
{
    ngx_http_postern_redis_op_t       *rop;
    ngx_http_postern_redis_command_t   command;

    command.args = args;
    command.nargs = nargs;

    rop = ngx_http_postern_redis_op(&track->link, &command, 1);
    if (rop == NULL) {
        return NGX_ERROR;
    }

    track->asked = ngx_current_msec;
    track->asking = 1;

    ngx_http_postern_redis_push(rop);
    ngx_post_event(&track->link.flush, &ngx_posted_events);

    return NGX_OK;
}


static void
ngx_http_postern_track_refused(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_op_t *rop)
{
    ngx_uint_t  i;

    /* lost meanwhile: that was dealt with where it was found */

    if (track->link.state != NGX_HTTP_POSTERN_REDIS_READY) {
        return;
    }

    for (i = 0; i < rop->nreplies; i++) {
        if (rop->replies[i]->type == REDIS_REPLY_ERROR) {
            ngx_http_postern_redis_complain(&track->link, rop->replies[i]);
        }
    }

    ngx_http_postern_redis_lost(&track->link,
                                "it does not tell of changed keys");
}


const char *
ngx_http_postern_track_read(ngx_http_postern_track_t *track, u_char *p,
    size_t n)
{
    const char           *fault;
    const unsigned char  *pos, *end;

    pos = p;
    end = p + n;

    for ( ;; ) {
        switch (postern_push_next(&track->push, &pos, end)) {

        case POSTERN_PUSH_MORE:
            return NULL;

        case POSTERN_PUSH_KEY:
            track->changed(track->data, track->push.key);
            break;

        case POSTERN_PUSH_ALL:
            track->forget(track->data);
            break;

        case POSTERN_PUSH_SUBSCRIBED:
            track->up = 1;
            ngx_http_postern_track_compare(track);

            /* fall through */

        case POSTERN_PUSH_PONG:
            fault = ngx_http_postern_track_answered(track);

            if (fault) {
                return fault;
            }

            break;

        default: /* POSTERN_PUSH_FAULT */
            return "it sent what is not told of changed keys";
        }
    }
}


/* SUBSCRIBE or PING: all that was changed before it was asked has been told */

static const char *
ngx_http_postern_track_answered(ngx_http_postern_track_t *track)
{
    ngx_queue_t                  *q;
    ngx_http_postern_redis_op_t  *rop;

    if (!track->asking || ngx_queue_empty(&track->link.sent)) {
        return "it sent a reply that nobody asked for";
    }

    q = ngx_queue_head(&track->link.sent);
    rop = ngx_queue_data(q, ngx_http_postern_redis_op_t, queue);

    if (rop->buf.pos != rop->buf.last) {
        return "it sent a reply before it was asked";
    }

    ngx_queue_remove(q);
    rop->queued = 0;
    ngx_http_postern_redis_tidy(rop);

    track->asking = 0;
    track->trusted = track->asked + NGX_HTTP_POSTERN_TRACK_TRUST;

    return NULL;
}


ngx_uint_t
ngx_http_postern_track_trusted(ngx_http_postern_track_t *track)
{
    postern_str_t  ping = postern_string("PING");

    if (!track->up) {
        ngx_http_postern_redis_demand(&track->link);
        return 0;
    }

    if (!track->same) {
        ngx_http_postern_track_compare(track);
        return 0;
    }

    if (!track->asking
        && ngx_current_msec - track->asked >= NGX_HTTP_POSTERN_TRACK_ASK)
    {
        (void) ngx_http_postern_track_send(track, &ping, 1);
    }

    return (ngx_msec_int_t) (track->trusted - ngx_current_msec) > 0;
}


void
ngx_http_postern_track_down(ngx_http_postern_track_t *track)
{
    track->pushes = 0;
    track->up = 0;
    track->asking = 0;

    ngx_http_postern_track_part(track);
}


/* one of the two is gone: what comes next may lead to another server */

void
ngx_http_postern_track_part(ngx_http_postern_track_t *track)
{
    if (track->comparing) {
        (void) ngx_http_postern_redis_cancel(track->comparing);
        track->comparing = NULL;
    }

    track->same = 0;

    track->forget(track->data);
}


void
ngx_http_postern_track_compare(ngx_http_postern_track_t *track)
{
    u_char                            buf[POSTERN_RESP_INT_MAX];
    postern_str_t                     args[4];
    ngx_http_postern_redis_command_t  command;

    if (!track->up || track->same || track->comparing
        || track->redis->state != NGX_HTTP_POSTERN_REDIS_READY)
    {
        return;
    }

    args[0] = (postern_str_t) postern_string("CLIENT");
    args[1] = (postern_str_t) postern_string("LIST");
    args[2] = (postern_str_t) postern_string("ID");
    args[3] = postern_resp_int(buf, track->id);

    command.args = args;
    command.nargs = 4;

    track->comparing = ngx_http_postern_redis_submit(track->redis, &command, 1,
                                              track->redis->timeout,
                                              ngx_http_postern_track_compared,
                                              track);

    /* it says nothing of whether the server serves */

    if (track->comparing) {
        track->comparing->internal = 1;
    }
}


/* without an answer the next request has it asked for again */

static void
ngx_http_postern_track_compared(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_track_t  *track;

    track = rop->data;
    track->comparing = NULL;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED) {
        return;
    }

    if (rop->replies[0]->type == REDIS_REPLY_ERROR) {
        ngx_http_postern_redis_complain(track->redis, rop->replies[0]);
        ngx_http_postern_redis_lost(&track->link, "nobody says whether it is "
                                    "the server that keys are read from");
        return;
    }

    if (!ngx_http_postern_track_listed(track, rop->replies[0])) {
        ngx_http_postern_track_differs(track);
        return;
    }

    track->same = 1;
    track->differed = 0;

    if (track->told) {
        track->told = 0;

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "postern_redis %V are told of by the server that keys "
                      "are read from again", &track->link.name);
    }
}


/* "id=7 addr=... name=postern-..., ..." */

static ngx_uint_t
ngx_http_postern_track_listed(ngx_http_postern_track_t *track,
    const redisReply *reply)
{
    u_char  *p, *last;

    if (reply->type != REDIS_REPLY_STRING) {
        return 0;
    }

    p = (u_char *) reply->str;
    last = p + reply->len;

    while (last - p >= (ptrdiff_t) NGX_HTTP_POSTERN_TRACK_NAME_LEN) {

        if (ngx_memcmp(p, track->name, NGX_HTTP_POSTERN_TRACK_NAME_LEN) == 0) {
            return 1;
        }

        p++;
    }

    return 0;
}


/*
 * Two servers.  Until both connections lead to one of them each request asks
 * for its key.  The new one may be right, and the one that keys are read from a
 * master of yesterday: after a while that one is made anew as well.
 */

static void
ngx_http_postern_track_differs(ngx_http_postern_track_t *track)
{
    if (!track->told) {
        track->told = 1;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "postern_redis %V are not told of by the server that "
                      "keys are read from: two servers have its address, and "
                      "no key is kept until both connections lead to one",
                      &track->link.name);
    }

    ngx_http_postern_redis_lost(&track->link, "it is another server than the "
                                "one that keys are read from");

    if (track->link.timer.timer_set) {
        ngx_del_timer(&track->link.timer);
        ngx_add_timer(&track->link.timer, NGX_HTTP_POSTERN_TRACK_AGAIN);
    }

    if (++track->differed < NGX_HTTP_POSTERN_TRACK_MOVE
        || (track->moved
            && ngx_current_msec - track->moved < NGX_HTTP_POSTERN_TRACK_MOVED))
    {
        return;
    }

    track->differed = 0;
    track->moved = ngx_current_msec;

    ngx_http_postern_redis_lost(track->redis, "another server has its address");
}
