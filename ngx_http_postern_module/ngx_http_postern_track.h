
/*
 * Inside the core: a second connection to Redis, on which it tells of keys that
 * were changed (client-side caching, RESP2: CLIENT TRACKING with BCAST, and a
 * subscription of the same connection, which so cannot lose the other half).
 *
 * What was read of Redis may be used again while the connection is up and
 * Redis has answered a PING on it in the last moment: what was changed before
 * that was told before it.
 *
 * Behind a name or a proxy the two connections may lead to two servers, after a
 * failover at the latest, and what is changed at one of them is not told by the
 * other.  So this one has a random name, and the other one is asked for it:
 * CLIENT LIST, by the number that this one has here.  At another server it may
 * be that of somebody else.
 */


#ifndef _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_
#define _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_


#include "ngx_http_postern_redis.h"
#include "postern_push.h"


typedef struct ngx_http_postern_track_s  ngx_http_postern_track_t;


#define NGX_HTTP_POSTERN_TRACK_NAME  "postern-"
#define NGX_HTTP_POSTERN_TRACK_NONCE 16     /* bytes, in hex behind it */

#define NGX_HTTP_POSTERN_TRACK_NAME_LEN                                       \
    (sizeof(NGX_HTTP_POSTERN_TRACK_NAME) - 1                                  \
     + 2 * NGX_HTTP_POSTERN_TRACK_NONCE)


struct ngx_http_postern_track_s {
    ngx_http_postern_redis_t    link;       /* as of operations, its own */
    ngx_http_postern_redis_t   *redis;      /* whose answers are kept */
    ngx_http_postern_redis_op_t *comparing;
    postern_push_t              push;
    uint64_t                    id;         /* of the connection, there */
    u_char                      name[NGX_HTTP_POSTERN_TRACK_NAME_LEN];
    ngx_uint_t                  differed;   /* times in a row */
    ngx_msec_t                  moved;      /* redis was, for that */
    ngx_str_t                   prefix;     /* of the keys that are told of */
    ngx_msec_t                  asked;      /* when Redis last was */
    ngx_msec_t                  trusted;    /* until then */

    /* a key was changed; any key may have been */
    void                      (*changed)(void *data, postern_str_t key);
    void                      (*forget)(void *data);
    void                       *data;

    unsigned                    pushes:1;   /* subscribed, or about to be */
    unsigned                    up:1;       /* changes are told of */
    unsigned                    same:1;     /* … at the server of redis */
    unsigned                    told:1;     /* that they are not */
    unsigned                    asking:1;
};


/* the connection's configuration is that of redis, prefix and handlers are
   set; called before redis has begun to work */
ngx_int_t ngx_http_postern_track_init(ngx_http_postern_track_t *track,
    ngx_http_postern_redis_t *redis);
void ngx_http_postern_track_exit(ngx_http_postern_track_t *track);

/* may what was read be used again?  Asks Redis, now and then */
ngx_uint_t ngx_http_postern_track_trusted(ngx_http_postern_track_t *track);


/* is what is read now told of when it is changed? */
#define ngx_http_postern_track_telling(track)  ((track)->up && (track)->same)


/* for the client of Redis: the other connection is ready, is gone */
void ngx_http_postern_track_compare(ngx_http_postern_track_t *track);
void ngx_http_postern_track_part(ngx_http_postern_track_t *track);

/* the same: the connection is ready, has bytes, is gone */
void ngx_http_postern_track_ready(ngx_http_postern_track_t *track);
const char *ngx_http_postern_track_read(ngx_http_postern_track_t *track,
    u_char *p, size_t n);
void ngx_http_postern_track_down(ngx_http_postern_track_t *track);


#endif /* _NGX_HTTP_POSTERN_TRACK_H_INCLUDED_ */
