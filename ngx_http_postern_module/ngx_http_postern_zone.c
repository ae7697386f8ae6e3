
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_memory.h"
#include "ngx_http_postern_zone.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_ZONE_MIN     (256 * 1024)
#define NGX_HTTP_POSTERN_ZONE_REPORT  60000       /* ms between "is full" */
#define NGX_HTTP_POSTERN_ZONE_LOCK    64          /* bytes, before the table */
#define NGX_HTTP_POSTERN_ZONE_PATIENCE  100       /* ms, for the lock */


extern ngx_module_t  ngx_http_postern_module;


static ngx_int_t ngx_http_postern_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_postern_zone_make(ngx_http_postern_zone_t *zone,
    u_char *memory, size_t size, ngx_log_t *log);
static ngx_uint_t ngx_http_postern_zone_lock(ngx_http_postern_zone_t *zone);
static void ngx_http_postern_zone_unlock(ngx_http_postern_zone_t *zone);
static postern_table_result_e ngx_http_postern_zone_done(
    ngx_http_postern_zone_name_t *zn, int64_t now, postern_table_result_e rc);
static postern_table_result_e ngx_http_postern_zone_take_quota(
    ngx_http_postern_zone_quota_t *q, int64_t now, int64_t *wait);
static void ngx_http_postern_zone_untake_quota(
    ngx_http_postern_zone_quota_t *q);


_Static_assert(sizeof(pthread_mutex_t) <= NGX_HTTP_POSTERN_ZONE_LOCK,
               "the lock lies before the table");


/* of this worker: until then nobody waits for the lock */

static time_t  ngx_http_postern_zone_stuck;


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
    ngx_int_t                 rc;
    ngx_slab_pool_t          *shpool;
    ngx_http_postern_zone_t  *zone;

    zone = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        memory = shpool->data;
        size = (size_t) (shpool->end - memory) / ngx_pagesize * ngx_pagesize;
        rc = NGX_DECLINED;

    } else {
        rc = ngx_http_postern_memory(shm_zone, &memory, &size);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    zone->lock = (pthread_mutex_t *) memory;

    if (rc == NGX_DECLINED) {

        /* its size lies behind the table's own check of it */

        zone->table = postern_table_open(memory + NGX_HTTP_POSTERN_ZONE_LOCK,
                                         size - NGX_HTTP_POSTERN_ZONE_LOCK);

        if (zone->table == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "\"postern_zone\" holds data of another version of "
                          "ngx_http_postern_module: restart nginx, "
                          "a reload cannot carry it over");
            return NGX_ERROR;
        }

    } else if (ngx_http_postern_zone_make(zone, memory, size,
                                          shm_zone->shm.log)
               != NGX_OK)
    {
        return NGX_ERROR;
    }

    shpool->data = memory;

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_zone_make(ngx_http_postern_zone_t *zone, u_char *memory,
    size_t size, ngx_log_t *log)
{
    uint64_t             node;
    unsigned char        key[16];
    pthread_mutexattr_t  attr;

    /* of all processes; one that dies with it leaves it to the next */

    if (pthread_mutexattr_init(&attr) != 0
        || pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0
        || pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0
        || pthread_mutex_init(zone->lock, &attr) != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "no robust mutexes");
        return NGX_ERROR;
    }

    (void) pthread_mutexattr_destroy(&attr);

    if (sodium_init() == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, 0, "sodium_init() failed");
        return NGX_ERROR;
    }

    randombytes_buf(key, sizeof(key));
    randombytes_buf(&node, sizeof(node));

    zone->table = postern_table_init(memory + NGX_HTTP_POSTERN_ZONE_LOCK,
                                     size - NGX_HTTP_POSTERN_ZONE_LOCK, key,
                                     node);
    ngx_explicit_memzero(key, sizeof(key));

    if (zone->table == NULL) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "\"postern_zone\" must be from 256k to 64g");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Held for an instant by whoever has it, unless that process is stopped: then
 * nobody waits for it more than once in a while.  0: what the zone holds is not
 * known now.
 */

static ngx_uint_t
ngx_http_postern_zone_lock(ngx_http_postern_zone_t *zone)
{
    int              rc;
    struct timespec  ts;

    rc = pthread_mutex_trylock(zone->lock);

    if (rc == EBUSY) {
        (void) clock_gettime(CLOCK_MONOTONIC, &ts);

        if (ts.tv_sec < ngx_http_postern_zone_stuck) {
            return 0;
        }

        ts.tv_nsec += NGX_HTTP_POSTERN_ZONE_PATIENCE * 1000000;

        if (ts.tv_nsec >= 1000000000) {
            ts.tv_nsec -= 1000000000;
            ts.tv_sec++;
        }

        rc = pthread_mutex_clocklock(zone->lock, CLOCK_MONOTONIC, &ts);

        if (rc == ETIMEDOUT) {
            ngx_http_postern_zone_stuck = ts.tv_sec + 1;
            ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                          "\"postern_zone\" is locked by a process that does "
                          "not run: what needs it is refused");
            return 0;
        }
    }

    if (rc == EOWNERDEAD) {

        /* the table sees by itself what that one left undone */

        (void) pthread_mutex_consistent(zone->lock);
        rc = 0;
    }

    return rc == 0;
}


static void
ngx_http_postern_zone_unlock(ngx_http_postern_zone_t *zone)
{
    (void) pthread_mutex_unlock(zone->lock);
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

    ngx_http_postern_zone_unlock(zn->zone);

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
ngx_http_postern_zone_quota(ngx_http_postern_zone_quota_t *q, ngx_msec_t *wait)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(q->zn.zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_quota(q->zn.zone->table, &q->zn.hash, now, q->limit,
                             q->window, 0, &ms, &q->start);

    ngx_http_postern_zone_unlock(q->zn.zone);

    *wait = (ngx_msec_t) ngx_max(ms, 0);

    return rc;
}


/* under the lock that the claim is made under, before it */

static postern_table_result_e
ngx_http_postern_zone_take_quota(ngx_http_postern_zone_quota_t *q, int64_t now,
    int64_t *wait)
{
    q->taken = POSTERN_TABLE_OK;

    if (q->zn.zone) {
        q->taken = postern_table_quota(q->zn.zone->table, &q->zn.hash, now,
                                       q->limit, q->window, 1, wait,
                                       &q->start);
    }

    return q->taken;
}


/* no entry came of it */

static void
ngx_http_postern_zone_untake_quota(ngx_http_postern_zone_quota_t *q)
{
    if (q->zn.zone) {
        postern_table_untake(q->zn.zone->table, &q->zn.hash, q->start);
    }
}


postern_table_result_e
ngx_http_postern_zone_claim(ngx_http_postern_zone_name_t *zn,
    ngx_http_postern_zone_quota_t *q, ngx_msec_t ttl, ngx_msec_t *age)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    q->taken = POSTERN_TABLE_FULL;
    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = ngx_http_postern_zone_take_quota(q, now, &ms);

    if (rc == POSTERN_TABLE_OK) {
        rc = postern_table_claim(zn->zone->table, &zn->hash, now,
                                 (int64_t) ttl, &ms);

        if (rc != POSTERN_TABLE_OK) {
            ngx_http_postern_zone_untake_quota(q);
        }
    }

    rc = ngx_http_postern_zone_done(zn, now, rc);

    /* made ahead of a clock that was set back: not just now either */

    *age = (ngx_msec_t) ngx_abs(ms);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_reserve(ngx_http_postern_zone_name_t *zn,
    ngx_http_postern_zone_quota_t *q, ngx_msec_t ttl, ngx_msec_t timeout,
    postern_table_attempt_t *attempt, ngx_msec_t *age)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    q->taken = POSTERN_TABLE_FULL;
    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = ngx_http_postern_zone_take_quota(q, now, &ms);

    if (rc == POSTERN_TABLE_OK) {
        rc = postern_table_reserve(zn->zone->table, &zn->hash, now,
                                   (int64_t) ttl, now + (int64_t) timeout,
                                   attempt, &ms);

        /* one that was in doubt has been counted */

        if (rc != POSTERN_TABLE_OK || attempt->owner != attempt->token) {
            ngx_http_postern_zone_untake_quota(q);
        }
    }

    rc = ngx_http_postern_zone_done(zn, now, rc);

    *age = (ngx_msec_t) ngx_abs(ms);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_confirm(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    postern_table_result_e  rc;

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_confirm(zn->zone->table, &zn->hash, owner);

    ngx_http_postern_zone_unlock(zn->zone);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_settle(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    postern_table_result_e  rc;

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_settle(zn->zone->table, &zn->hash, owner);

    ngx_http_postern_zone_unlock(zn->zone);

    return rc;
}


void
ngx_http_postern_zone_release(ngx_http_postern_zone_name_t *zn,
    ngx_http_postern_zone_quota_t *q, uint64_t owner)
{
    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return;
    }

    if (postern_table_release(zn->zone->table, &zn->hash, owner)
        == POSTERN_TABLE_OK)
    {
        ngx_http_postern_zone_untake_quota(q);
    }

    ngx_http_postern_zone_unlock(zn->zone);
}


void
ngx_http_postern_zone_doubt(ngx_http_postern_zone_name_t *zn, uint64_t owner)
{
    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return;
    }

    postern_table_doubt(zn->zone->table, &zn->hash, owner);

    ngx_http_postern_zone_unlock(zn->zone);
}


void
ngx_http_postern_zone_known(ngx_http_postern_zone_name_t *zn, uint64_t owner,
    ngx_msec_t age, ngx_msec_t rest)
{
    int64_t  now;

    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return;
    }

    postern_table_known(zn->zone->table, &zn->hash, owner, now, (int64_t) age,
                        (int64_t) rest);

    ngx_http_postern_zone_unlock(zn->zone);
}


postern_table_result_e
ngx_http_postern_zone_get(ngx_http_postern_zone_name_t *zn, u_char *value,
    size_t *len)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_get(zn->zone->table, &zn->hash, now, value, len);

    ngx_http_postern_zone_unlock(zn->zone);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_put(ngx_http_postern_zone_name_t *zn, ngx_str_t *value,
    ngx_msec_t ttl)
{
    int64_t                  now;
    postern_table_result_e   rc;

    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

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

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_take(zn->zone->table, &zn->hash, now, value, len);

    ngx_http_postern_zone_unlock(zn->zone);

    return rc;
}


postern_table_result_e
ngx_http_postern_zone_delete(ngx_http_postern_zone_name_t *zn)
{
    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    postern_table_delete(zn->zone->table, &zn->hash);

    ngx_http_postern_zone_unlock(zn->zone);

    return POSTERN_TABLE_OK;
}


postern_table_result_e
ngx_http_postern_zone_rate(ngx_http_postern_zone_name_t *zn, ngx_uint_t limit,
    ngx_msec_t period, ngx_msec_t *wait)
{
    int64_t                  now, ms;
    postern_table_result_e   rc;

    ms = 0;
    now = ngx_http_postern_zone_now();

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

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

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

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

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

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

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return POSTERN_TABLE_FULL;
    }

    rc = postern_table_recent(zn->zone->table, &zn->hash, now, (int64_t) age,
                              value, len, epoch);

    ngx_http_postern_zone_unlock(zn->zone);

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

    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return;
    }

    rc = postern_table_copy(zn->zone->table, &zn->hash, epoch, now, asked,
                            (int64_t) age, value);

    (void) ngx_http_postern_zone_done(zn, now, rc);
}


void
ngx_http_postern_zone_drop(ngx_http_postern_zone_name_t *zn)
{
    if (!ngx_http_postern_zone_lock(zn->zone)) {
        return;
    }

    postern_table_drop(zn->zone->table, &zn->hash);

    ngx_http_postern_zone_unlock(zn->zone);
}
