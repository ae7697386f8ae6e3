
/*
 * Inside the core: keys that stand apart from the directory's file, in Redis.
 * A worker keeps the last ones that were asked for, parsed, until Redis tells
 * that they were changed.
 *
 *     ngx_http_postern_apart.c         the directive, the look-up, its answer
 *     ngx_http_postern_apart_cache.c   what is kept of answers
 *     ngx_http_postern_track.c         what Redis tells
 */


#ifndef _NGX_HTTP_POSTERN_APART_H_INCLUDED_
#define _NGX_HTTP_POSTERN_APART_H_INCLUDED_


#include "ngx_http_postern_directory.h"
#include "ngx_http_postern_track.h"
#include "postern_lru.h"


#define NGX_HTTP_POSTERN_APART_DIGEST  32
#define NGX_HTTP_POSTERN_APART_EPOCHS  256    /* a power of two */


/* a key, or ids of keys, and what was made of it; lies in its arena */

typedef struct {
    ngx_http_postern_apart_t       apart;     /* what a request gets */
    ngx_uint_t                     refs;      /* of requests, and the cache */
    postern_arena_t               *arena;
    ngx_http_postern_snapshot_t   *snapshot;  /* that it refers to */
    ngx_msec_t                     expires;
    u_char                         digest[NGX_HTTP_POSTERN_APART_DIGEST];

    unsigned                       ends:1;    /* expires is set */
} ngx_http_postern_record_t;


typedef struct ngx_http_postern_apart_cache_s  ngx_http_postern_apart_cache_t;


/* the part of the core's main configuration; zeroed means not configured */

typedef struct {
    ngx_flag_t                        enable;
    ngx_uint_t                        size;   /* keys that a worker keeps */

    /* of the worker */

    ngx_http_postern_redis_t         *redis;
    ngx_http_postern_apart_cache_t   *cache;
    ngx_uint_t                        asking;
    uint64_t                          serial; /* of the last record */
    time_t                            told;   /* of the last one broken */
    u_char                            broken[NGX_HTTP_POSTERN_APART_DIGEST];
} ngx_http_postern_apart_conf_t;


/* the setter of "postern_keys redis [cache=n]" */
char *ngx_http_postern_apart_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* of the core's init_process, before that of the store, and exit_process */
ngx_int_t ngx_http_postern_apart_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_apart_conf_t *acf, ngx_http_postern_redis_t *redis,
    ngx_http_postern_directory_conf_t *dcf);
void ngx_http_postern_apart_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_apart_conf_t *acf);

/* behind api.key() */
ngx_int_t ngx_http_postern_apart_key(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, postern_by_e by, ngx_str_t *name);

/* the core defines it */
ngx_http_postern_apart_conf_t *ngx_http_postern_apart_conf(
    ngx_http_request_t *r);


/*
 * Between the files: the cache.  A name is what stands in the key of Redis
 * behind the prefix, without the braces of an id, and without the last one of
 * others: "AK1", "fingerprint:{SHA256:…", which no id can be.
 *
 * find(): NGX_OK with a record, NGX_DECLINED: Redis has none, NGX_AGAIN: it is
 * to be asked.  epoch() is told to what is kept of the answer to a question
 * sent after it; 0: nothing is to be kept.  keep() takes a reference of its
 * own; without a record the snapshot is that by which Redis has none that can
 * be used, NULL: it has none at all.
 */

struct ngx_http_postern_apart_cache_s {
    ngx_http_postern_track_t       track;
    ngx_str_t                      prefix;    /* "postern:key:" */
    postern_lru_t                 *found;     /* of records */
    postern_lru_t                 *none;      /* names that Redis has not */
    uint32_t                       epoch;
    uint32_t                       epochs[NGX_HTTP_POSTERN_APART_EPOCHS];
    u_char                         seed[16];
};


ngx_http_postern_apart_cache_t *ngx_http_postern_apart_cache_create(
    ngx_cycle_t *cycle, ngx_http_postern_redis_t *redis, ngx_uint_t size);
void ngx_http_postern_apart_cache_exit(ngx_http_postern_apart_cache_t *cache);

ngx_int_t ngx_http_postern_apart_cache_find(
    ngx_http_postern_apart_cache_t *cache, postern_str_t name,
    ngx_http_postern_snapshot_t *snapshot, ngx_http_postern_record_t **record);
uint32_t ngx_http_postern_apart_cache_epoch(
    ngx_http_postern_apart_cache_t *cache, postern_str_t name);
void ngx_http_postern_apart_cache_keep(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name, uint32_t epoch, ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_record_t *record);
ngx_http_postern_record_t *ngx_http_postern_apart_cache_same(
    ngx_http_postern_apart_cache_t *cache, postern_str_t name,
    ngx_http_postern_snapshot_t *snapshot, const u_char *digest);

/* of another document now: nothing of it is used again */
void ngx_http_postern_apart_cache_forget(void *data);

void ngx_http_postern_record_release(ngx_http_postern_record_t *record);


#endif /* _NGX_HTTP_POSTERN_APART_H_INCLUDED_ */
