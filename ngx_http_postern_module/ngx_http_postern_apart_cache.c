
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_apart.h"
#include "ngx_http_postern_snapshot.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_APART_KIND  "key:"


static void ngx_http_postern_apart_cache_changed(void *data,
    postern_str_t key);
static uint32_t *ngx_http_postern_apart_cache_slot(
    ngx_http_postern_apart_cache_t *cache, postern_str_t name);
static void ngx_http_postern_apart_cache_cleanup(void *data);


ngx_http_postern_apart_cache_t *
ngx_http_postern_apart_cache_create(ngx_cycle_t *cycle,
    ngx_http_postern_redis_t *redis, ngx_uint_t size)
{
    u_char                          *p;
    ngx_pool_cleanup_t              *cln;
    ngx_http_postern_apart_cache_t  *cache;

    cache = ngx_pcalloc(cycle->pool, sizeof(ngx_http_postern_apart_cache_t));
    cln = ngx_pool_cleanup_add(cycle->pool, 0);

    if (cache == NULL || cln == NULL) {
        return NULL;
    }

    cache->prefix.len = redis->prefix.len
                        + sizeof(NGX_HTTP_POSTERN_APART_KIND) - 1;

    cache->prefix.data = ngx_pnalloc(cycle->pool, cache->prefix.len);
    if (cache->prefix.data == NULL) {
        return NULL;
    }

    p = ngx_cpymem(cache->prefix.data, redis->prefix.data, redis->prefix.len);
    ngx_memcpy(p, NGX_HTTP_POSTERN_APART_KIND,
               sizeof(NGX_HTTP_POSTERN_APART_KIND) - 1);

    randombytes_buf(cache->seed, sizeof(cache->seed));

    cache->epoch = 1;
    cache->found = postern_lru_create((uint32_t) size, cache->seed);
    cache->none = postern_lru_create((uint32_t) size, cache->seed);

    cln->handler = ngx_http_postern_apart_cache_cleanup;
    cln->data = cache;

    if (cache->found == NULL || cache->none == NULL) {
        return NULL;
    }

    cache->track.prefix = cache->prefix;
    cache->track.changed = ngx_http_postern_apart_cache_changed;
    cache->track.forget = ngx_http_postern_apart_cache_forget;
    cache->track.data = cache;

    return (ngx_http_postern_track_init(&cache->track, redis) == NGX_OK)
           ? cache : NULL;
}


static void
ngx_http_postern_apart_cache_cleanup(void *data)
{
    ngx_http_postern_apart_cache_t *cache = data;

    ngx_http_postern_apart_cache_forget(cache);

    postern_lru_destroy(cache->found);
    postern_lru_destroy(cache->none);

    cache->found = NULL;
    cache->none = NULL;
}


void
ngx_http_postern_apart_cache_exit(ngx_http_postern_apart_cache_t *cache)
{
    ngx_http_postern_track_exit(&cache->track);
    ngx_http_postern_apart_cache_forget(cache);
}


/* also while it is made and taken apart */

void
ngx_http_postern_apart_cache_forget(void *data)
{
    ngx_http_postern_apart_cache_t *cache = data;

    ngx_http_postern_record_t  *record;

    cache->epoch++;

    if (cache->found == NULL || cache->none == NULL) {
        return;
    }

    for ( ;; ) {
        record = postern_lru_pop(cache->found);
        if (record == NULL) {
            break;
        }

        ngx_http_postern_record_release(record);
    }

    while (postern_lru_pop(cache->none)) { /* void */ }
}


/* Redis tells of a key */

static void
ngx_http_postern_apart_cache_changed(void *data, postern_str_t key)
{
    ngx_http_postern_apart_cache_t *cache = data;

    postern_str_t               name;
    ngx_http_postern_record_t  *record;

    if (key.len <= cache->prefix.len + 2
        || ngx_memcmp(key.data, cache->prefix.data, cache->prefix.len) != 0)
    {
        return;
    }

    name.data = key.data + cache->prefix.len;
    name.len = key.len - cache->prefix.len - 1;

    if (name.data[0] == '{') {
        name.data++;
        name.len--;
    }

    (*ngx_http_postern_apart_cache_slot(cache, name))++;

    (void) postern_lru_remove(cache->none, name);

    record = postern_lru_remove(cache->found, name);
    if (record) {
        ngx_http_postern_record_release(record);
    }
}


/* of many names one: what is kept less for it is asked for once more */

static uint32_t *
ngx_http_postern_apart_cache_slot(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name)
{
    u_char  hash[crypto_shorthash_BYTES];

    (void) crypto_shorthash(hash, name.data, name.len, cache->seed);

    return &cache->epochs[hash[0] % NGX_HTTP_POSTERN_APART_EPOCHS];
}


ngx_int_t
ngx_http_postern_apart_cache_find(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name, ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_record_t **record)
{
    void                       *none;
    ngx_http_postern_record_t  *found;

    if (!ngx_http_postern_track_trusted(&cache->track)) {
        return NGX_AGAIN;
    }

    none = postern_lru_find(cache->none, name);

    if (none == cache || none == snapshot) {
        return NGX_DECLINED;
    }

    found = postern_lru_find(cache->found, name);

    if (found == NULL
        || found->snapshot != snapshot
        || (found->ends
            && (ngx_msec_int_t) (found->expires - ngx_current_msec) <= 0))
    {
        return NGX_AGAIN;
    }

    *record = found;

    return NGX_OK;
}


/* Redis was asked, and its answer is the one that a record was made of */

ngx_http_postern_record_t *
ngx_http_postern_apart_cache_same(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name, ngx_http_postern_snapshot_t *snapshot,
    const u_char *digest)
{
    ngx_http_postern_record_t  *record;

    record = postern_lru_find(cache->found, name);

    return (record && record->snapshot == snapshot
            && ngx_memcmp(record->digest, digest,
                          NGX_HTTP_POSTERN_APART_DIGEST)
               == 0)
           ? record : NULL;
}


uint32_t
ngx_http_postern_apart_cache_epoch(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name)
{
    if (!ngx_http_postern_track_telling(&cache->track)) {
        return 0;
    }

    return cache->epoch + *ngx_http_postern_apart_cache_slot(cache, name);
}


void
ngx_http_postern_apart_cache_keep(ngx_http_postern_apart_cache_t *cache,
    postern_str_t name, uint32_t epoch, ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_record_t *record)
{
    ngx_http_postern_record_t  *old;

    if (epoch == 0
        || epoch != ngx_http_postern_apart_cache_epoch(cache, name))
    {
        return;
    }

    if (record == NULL) {
        (void) postern_lru_add(cache->none, name,
                               snapshot ? (void *) snapshot : cache);
        old = postern_lru_remove(cache->found, name);

    } else {
        record->refs++;
        (void) postern_lru_remove(cache->none, name);
        old = postern_lru_add(cache->found, name, record);
    }

    if (old) {
        ngx_http_postern_record_release(old);
    }
}


void
ngx_http_postern_record_release(ngx_http_postern_record_t *record)
{
    if (--record->refs > 0) {
        return;
    }

    if (record->apart.prepared && record->apart.destroy) {
        record->apart.destroy(record->apart.prepared);
    }

    ngx_http_postern_snapshot_release(record->snapshot);

    postern_arena_destroy(record->arena);
}
