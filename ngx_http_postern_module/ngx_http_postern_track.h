
/*
 * Inside the core: a second connection to Redis, on which it tells of keys that
 * were changed (client-side caching, RESP2: CLIENT TRACKING with BCAST, and a
 * subscription of the same connection, which so cannot lose the other half).
 *
 * What was read of Redis may be used again while the connection is up and
 * Redis has answered a PING on it in the last moment: what was changed before
 * that was told before it.
 */


#ifndef _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_
#define _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_


#include "ngx_http_postern_redis.h"
#include "postern_push.h"


typedef struct ngx_http_postern_track_s  ngx_http_postern_track_t;


struct ngx_http_postern_track_s {
    ngx_http_postern_redis_t    link;       /* as of operations, its own */
    postern_push_t              push;
    ngx_str_t                   prefix;     /* of the keys that are told of */
    ngx_msec_t                  asked;      /* when Redis last was */
    ngx_msec_t                  trusted;    /* until then */

    /* a key was changed; any key may have been */
    void                      (*changed)(void *data, postern_str_t key);
    void                      (*forget)(void *data);
    void                       *data;

    unsigned                    pushes:1;   /* subscribed, or about to be */
    unsigned                    up:1;       /* changes are told of */
    unsigned                    asking:1;
};


/* the connection's configuration is that of redis, prefix and handlers are
   set; called before redis has begun to work */
ngx_int_t ngx_http_postern_track_init(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_t *redis);
void ngx_http_postern_track_exit(ngx_http_postern_track_t *track);

/* may what was read be used again?  Asks Redis, now and then */
ngx_uint_t ngx_http_postern_track_trusted(ngx_http_postern_track_t *track);


/* for the client of Redis: the connection is ready, has bytes, is gone */
void ngx_http_postern_track_ready(ngx_http_postern_track_t *track);
const char *ngx_http_postern_track_read(ngx_http_postern_track_t *track,
    u_char *p, size_t n);
void ngx_http_postern_track_down(ngx_http_postern_track_t *track);


#endif /* _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_ */
