
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_zone.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_ZONE_MIN     (256 * 1024)
#define NGX_HTTP_POSTERN_ZONE_REPORT  60000       /* ms between "is full" */


extern ngx_module_t  ngx_http_postern_module;


static ngx_int_t ngx_http_postern_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static postern_table_result_e ngx_http_postern_zone_done(
    ngx_http_postern_zone_name_t *zn, int64_t now, postern_table_result_e rc);


/* postern_zone size; */

char *
ngx_http_postern_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ssize_t                         size;
    ngx_str_t                      *value, name;
    ngx_http_postern_zone_t        *zone;
    ngx_http_postern_store_conf_t  *scf;

    scf = (ngx_http_postern_store_conf_t *) ((char *) conf + cmd->offset);

    if (scf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" of \"postern_zone\": "
                           "it must be a number of bytes, \"k\" or \"m\", "
                           "as in \"postern_zone 32m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_HTTP_POSTERN_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "size \"%V\" of \"postern_zone\" is too small: "
                           "it must be at least 256k", &value[1]);
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&name, "postern_zone");

    scf->zone = ngx_shared_memory_add(cf, &name, size,
                                      &ngx_http_postern_module);
    if (scf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    scf->zone->init = ngx_http_postern_zone_init;
    scf->zone->data = zone;

    return NGX_CONF_OK;
}


/*
 * nginx hands over data of the old cycle where name, size and module are the
 * same; only what lies in shared memory itself is taken from there.
 */

static ngx_int_t
ngx_http_postern_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                    size;
    u_char                   *memory;
    uint64_t                  node;
    unsigned char             key[16];
    ngx_http_postern_zone_t  *zone;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        memory = zone->shpool->data;

        /* its size lies behind the table's own check of it */

        zone->table = memory ? postern_table_open(memory,
                                         (size_t) (zone->shpool->end - memory)
                                         / ngx_pagesize * ngx_pagesize)
                             : NULL;

        if (zone->table == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "\"postern_zone\" holds data of another version of "
                          "ngx_http_postern_module: restart nginx, "
                          "a reload cannot carry it over");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (sodium_init() == -1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "sodium_init() failed");
        return NGX_ERROR;
    }

    randombytes_buf(key, sizeof(key));
    randombytes_buf(&node, sizeof(node));

    /* one allocation of all pages, for good */

    size = zone->shpool->pfree * ngx_pagesize;

    memory = ngx_slab_alloc(zone->shpool, size);
    if (memory == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "no memory in \"postern_zone\"");
        return NGX_ERROR;
    }

    size = (size_t) (zone->shpool->end - memory) / ngx_pagesize * ngx_pagesize;

    zone->table = postern_table_init(memory, size, key, node);
    ngx_explicit_memzero(key, sizeof(key));

    if (zone->table == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "\"postern_zone\" must be from 256k to 64g");
        return NGX_ERROR;
    }

    zone->shpool->data = memory;

    return NGX_OK;
}


int64_t
ngx_http_postern_zone_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + (int64_t) tp->msec;
}


void
ngx_http_postern_zone_name(ngx_http_postern_zone_name_t *zn,
    ngx_shm_zone_t *shm_zone, ngx_log_t *log, postern_table_kind_e kind,
    ngx_str_t *org, ngx_str_t *name)
{
    zn->zone = shm_zone->data;
    zn->log = log;

    postern_table_hash(zn->zone->table, kind, ngx_http_postern_slice(*org),
                       ngx_http_postern_slice(*name), &zn->hash);
}


/* unlocks, and says why claims are refused where nobody did for a while */

static postern_table_result_e
ngx_http_postern_zone_done(ngx_http_postern_zone_name_t *zn, int64_t now,
    postern_table_result_e rc)
{
    int                   report;
    postern_table_stat_t  stat;

    report = 0;

    if (rc == POSTERN_TABLE_FULL || rc == POSTERN_TABLE_PAST) {
        postern_table_stat(zn->zone->table, &stat);
        report = postern_table_report(zn->zone->table, now,
                                      NGX_HTTP_POSTERN_ZONE_REPORT);
    }

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);

    if (report && rc == POSTERN_TABLE_PAST) {
        ngx_log_error(NGX_LOG_ALERT, zn->log, 0,
                      "the clock was set back: claims of \"postern_zone\" that "
                      "may have been made before are refused until it is again "
                      "where it was, or nginx is restarted");

    } else if (report) {
        ngx_log_error(NGX_LOG_ALERT, zn->log, 0,
                      "\"postern_zone\" is full: %uL entries, nothing has "
                      "expired, %uL refused so far; make it larger",
                      stat.cells - stat.free, stat.refused);
    }

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_claim(ngx_http_postern_zone_name_t *zn, ngx_msec_t ttl,
    ngx_msec_t *age)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_claim(zn->zone->table, &zn->hash, now, (int64_t) ttl,
                             &ms);

    rc = ngx_http_postern_zone_done(zn, now, rc);

    /* made ahead of a clock that was set back: not just now either */

    *age = (ngx_msec_t) ngx_abs(ms);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_reserve(ngx_http_postern_zone_name_t *zn, ngx_msec_t ttl,
    ngx_msec_t timeout, postern_table_attempt_t *attempt, ngx_msec_t *age)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_reserve(zn->zone->table, &zn->hash, now, (int64_t) ttl,
                               now + (int64_t) timeout, attempt, &ms);

    rc = ngx_http_postern_zone_done(zn, now, rc);

    *age = (ngx_msec_t) ngx_abs(ms);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_confirm(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    postern_table_result_e  rc;

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_confirm(zn->zone->table, &zn->hash, owner);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);

    return rc;
}


void
ngx_http_postern_zone_release(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    postern_table_release(zn->zone->table, &zn->hash, owner);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);
}


void
ngx_http_postern_zone_doubt(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    postern_table_doubt(zn->zone->table, &zn->hash, owner);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);
}


void
ngx_http_postern_zone_known(ngx_http_postern_zone_name_t *zn, uint64_t owner,
    ngx_msec_t age, ngx_msec_t rest)
{
    int64_t  now;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    postern_table_known(zn->zone->table, &zn->hash, owner, now, (int64_t) age,
                        (int64_t) rest);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);
}


postern_table_result_e
ngx_http_postern_zone_get(ngx_http_postern_zone_name_t *zn, u_char *value,
    size_t *len)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_get(zn->zone->table, &zn->hash, now, value, len);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_put(ngx_http_postern_zone_name_t *zn, ngx_str_t *value,
    ngx_msec_t ttl)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_put(zn->zone->table, &zn->hash, now, (int64_t) ttl,
                           ngx_http_postern_slice(*value));

    return ngx_http_postern_zone_done(zn, now, rc);
}


postern_table_result_e
ngx_http_postern_zone_take(ngx_http_postern_zone_name_t *zn, u_char *value,
    size_t *len)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_take(zn->zone->table, &zn->hash, now, value, len);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);

    return rc;
}


void
ngx_http_postern_zone_delete(ngx_http_postern_zone_name_t *zn)
{
    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    postern_table_delete(zn->zone->table, &zn->hash);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);
}


postern_table_result_e
ngx_http_postern_zone_rate(ngx_http_postern_zone_name_t *zn, ngx_uint_t limit,
    ngx_msec_t period, ngx_msec_t *wait)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_rate(zn->zone->table, &zn->hash, now, limit,
                            (int64_t) period, &ms);

    rc = ngx_http_postern_zone_done(zn, now, rc);

    *wait = (ngx_msec_t) ngx_max(ms, 0);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_swap(ngx_http_postern_zone_name_t *zn, ngx_str_t *old,
    ngx_str_t *value, ngx_msec_t ttl)
{
    int64_t                  now;
    postern_str_t            from, to;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    if (old) {
        from = ngx_http_postern_slice(*old);
    }

    if (value) {
        to = ngx_http_postern_slice(*value);
    }

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_swap(zn->zone->table, &zn->hash, now, (int64_t) ttl,
                            old ? &from : NULL, value ? &to : NULL);

    return ngx_http_postern_zone_done(zn, now, rc);
}


postern_table_result_e
ngx_http_postern_zone_guess(ngx_http_postern_zone_name_t *zn,
    const postern_table_backoff_t *backoff, ngx_msec_t *n)
{
    int64_t                  now, number;
    postern_table_result_e   rc;

    number = 0;
    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_guess(zn->zone->table, &zn->hash, now, backoff, &number);

    rc = ngx_http_postern_zone_done(zn, now, rc);

    *n = (ngx_msec_t) number;

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_recent(ngx_http_postern_zone_name_t *zn, ngx_msec_t age,
    u_char *value, size_t *len, uint32_t *epoch)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_recent(zn->zone->table, &zn->hash, now, (int64_t) age,
                              value, len, epoch);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);

    return rc;
}


/* a full zone only loses its shortcut */

void
ngx_http_postern_zone_copy(ngx_http_postern_zone_name_t *zn, uint32_t epoch,
    int64_t asked, ngx_msec_t age, postern_str_t value)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    rc = postern_table_copy(zn->zone->table, &zn->hash, epoch, now, asked,
                            (int64_t) age, value);

    (void) ngx_http_postern_zone_done(zn, now, rc);
}


void
ngx_http_postern_zone_drop(ngx_http_postern_zone_name_t *zn)
{
    ngx_shmtx_lock(&zn->zone->shpool->mutex);

    postern_table_drop(zn->zone->table, &zn->hash);

    ngx_shmtx_unlock(&zn->zone->shpool->mutex);
}
