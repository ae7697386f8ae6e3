
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_track.h"


/*
 * Nothing is used again that is older than this; a worker that is asked often
 * has an answer of Redis that is no older than twice the lesser.
 */

#define NGX_HTTP_POSTERN_TRACK_TRUST  500      /* ms */
#define NGX_HTTP_POSTERN_TRACK_ASK    150


static void ngx_http_postern_track_id(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_track_on(ngx_http_postern_redis_op_t *rop);
static ngx_int_t ngx_http_postern_track_submit(ngx_http_postern_track_t *track,
    const postern_str_t *args, size_t nargs,
    ngx_http_postern_redis_handler_pt handler);
static ngx_int_t ngx_http_postern_track_send(ngx_http_postern_track_t *track,
    const postern_str_t *args, size_t nargs);
static const char *ngx_http_postern_track_answered(
    ngx_http_postern_track_t *track);
static void ngx_http_postern_track_refused(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_op_t *rop);


ngx_int_t
ngx_http_postern_track_init(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_t *redis)
{
    u_char     *p;
    ngx_str_t   name;

    /* what redis has of its own comes with its init() */

    track->link = *redis;
    track->link.track = track;

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


/* CLIENT ID; CLIENT TRACKING; SUBSCRIBE */

void
ngx_http_postern_track_ready(ngx_http_postern_track_t *track)
{
    postern_str_t  args[2];

    args[0] = (postern_str_t) postern_string("CLIENT");
    args[1] = (postern_str_t) postern_string("ID");

    if (ngx_http_postern_track_submit(track, args, 2,
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
    u_char                     buf[POSTERN_RESP_INT_MAX];
    postern_str_t              args[8];
    ngx_http_postern_track_t  *track;

    track = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_INTEGER)
    {
        ngx_http_postern_track_refused(track, rop);
        return;
    }

    args[0] = (postern_str_t) postern_string("CLIENT");
    args[1] = (postern_str_t) postern_string("TRACKING");
    args[2] = (postern_str_t) postern_string("ON");
    args[3] = (postern_str_t) postern_string("REDIRECT");
    args[4] = postern_resp_int(buf, (uint64_t) rop->replies[0]->integer);
    args[5] = (postern_str_t) postern_string("BCAST");
    args[6] = (postern_str_t) postern_string("PREFIX");
    args[7] = ngx_http_postern_slice(track->prefix);

    if (ngx_http_postern_track_submit(track, args, 8,
                                      ngx_http_postern_track_on)
        != NGX_OK)
    {
        ngx_http_postern_redis_lost(&track->link,
                                    "there is no memory for it");
    }
}


static void
ngx_http_postern_track_on(ngx_http_postern_redis_op_t *rop)
{
    postern_str_t              args[2];
    ngx_http_postern_track_t  *track;

    track = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_STATUS)
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
    const postern_str_t *args, size_t nargs,
    ngx_http_postern_redis_handler_pt handler)
{
    ngx_http_postern_redis_command_t  command;

    command.args = args;
    command.nargs = nargs;

    return ngx_http_postern_redis_submit(&track->link, &command, 1,
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
    /* lost meanwhile: that was dealt with where it was found */

    if (track->link.state != NGX_HTTP_POSTERN_REDIS_READY) {
        return;
    }

    if (rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED) {
        ngx_http_postern_redis_complain(&track->link, rop->replies[0]);
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

    track->forget(track->data);
}
