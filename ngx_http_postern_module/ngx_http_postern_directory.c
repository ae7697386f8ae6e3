
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_snapshot.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_DIRECTORY_INTERVAL  500     /* ms */
#define NGX_HTTP_POSTERN_DIRECTORY_MIN       50
#define NGX_HTTP_POSTERN_DIRECTORY_MAX       3600000


static ngx_int_t ngx_http_postern_directory_create(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf);
static ngx_int_t ngx_http_postern_directory_sources(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf);
static void ngx_http_postern_directory_cleanup(void *data);
static void ngx_http_postern_directory_look(ngx_event_t *ev);
static ngx_int_t ngx_http_postern_directory_changed(
    ngx_http_postern_watch_t *watch);
static ngx_int_t ngx_http_postern_directory_stat(
    ngx_http_postern_watch_t *watch, ngx_uint_t *at, ngx_err_t *err);
static void ngx_http_postern_directory_read(ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_done(ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_swap(ngx_http_postern_watch_t *watch);
#if (NGX_THREADS)
static ngx_flag_t ngx_http_postern_directory_threads(ngx_conf_t *cf);
static void ngx_http_postern_directory_thread(void *data, ngx_log_t *log);
static void ngx_http_postern_directory_thread_done(ngx_event_t *ev);
#endif


char *
ngx_http_postern_directory(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                          *value;
    ngx_http_postern_directory_conf_t  *dcf;

    dcf = (ngx_http_postern_directory_conf_t *) (p + cmd->offset);

    if (dcf->file.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    dcf->file = value[1];
    dcf->interval = NGX_HTTP_POSTERN_DIRECTORY_INTERVAL;

    if (dcf->file.len == 0) {
        return "needs the name of a file";
    }

    if (ngx_conf_full_name(cf->cycle, &dcf->file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 3) {
        dcf->interval = ngx_parse_time(&value[2], 0);

        if (dcf->interval == (ngx_msec_t) NGX_ERROR
            || dcf->interval < NGX_HTTP_POSTERN_DIRECTORY_MIN
            || dcf->interval > NGX_HTTP_POSTERN_DIRECTORY_MAX)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid interval \"%V\", it must be between "
                               "50ms and 1h", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_postern_directory_create(cf, dcf) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_postern_directory_create(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_postern_watch_t  *watch;

    if (sodium_init() < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "sodium_init() failed");
        return NGX_ERROR;
    }

    watch = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_watch_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (watch == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_postern_directory_cleanup;
    cln->data = watch;

    watch->ident_fd = -1;
    watch->conf = dcf;
    watch->load.features = dcf->features;

#if (NGX_THREADS)
    if (ngx_http_postern_directory_threads(cf)) {
        watch->thread_pool = ngx_thread_pool_add(cf, NULL);
        if (watch->thread_pool == NULL) {
            return NGX_ERROR;
        }
    }
#endif

    dcf->watch = watch;

    return NGX_OK;
}


#if (NGX_THREADS)

/* a thread pool beside another event method keeps the workers from starting */

static ngx_flag_t
ngx_http_postern_directory_threads(ngx_conf_t *cf)
{
    ngx_event_conf_t  *ecf;

    /* "events" behind "http" is not read yet */

    if (ngx_get_conf(cf->cycle->conf_ctx, ngx_events_module) == NULL) {
        return 1;
    }

    ecf = ngx_event_get_conf(cf->cycle->conf_ctx, ngx_event_core_module);

    return ngx_strcmp(ecf->name, "epoll") == 0
           || ngx_strcmp(ecf->name, "kqueue") == 0
           || ngx_strcmp(ecf->name, "eventport") == 0;
}

#endif


/* in the master when its cycle ends, in a worker at its exit */

static void
ngx_http_postern_directory_cleanup(void *data)
{
    ngx_http_postern_watch_t  *watch = data;

    if (watch->event.timer_set) {
        ngx_del_timer(&watch->event);
    }

    if (watch->current) {
        ngx_http_postern_snapshot_release(watch->current);
        watch->current = NULL;
    }
}


ngx_int_t
ngx_http_postern_directory_register(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf, ngx_http_postern_feature_e f,
    void *(*build)(const postern_directory_t *dir, postern_arena_t *arena),
    void *(*prepare)(const postern_directory_t *dir),
    void (*destroy)(void *prepared))
{
    ngx_http_postern_directory_feature_t  *feature;

    feature = &dcf->features[f];

    if (feature->build || feature->prepare || feature->destroy) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "feature %d registered twice for the directory", f);
        return NGX_ERROR;
    }

    feature->build = build;
    feature->prepare = prepare;
    feature->destroy = destroy;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_directory_init(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf)
{
    ngx_uint_t                 i;
    ngx_http_postern_load_t   *load;
    ngx_http_postern_watch_t  *watch;

    watch = dcf->watch;

    if (watch == NULL) {

        if (dcf->jwks) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"postern_jwks\" needs \"postern_directory\", whose "
                          "organizations its keys belong to");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_http_postern_directory_sources(cf, dcf) != NGX_OK) {
        return NGX_ERROR;
    }

    load = &watch->load;

    watch->log = cf->log;

    ngx_http_postern_snapshot_load(load);

    if (load->result != NGX_HTTP_POSTERN_LOAD_OK) {
        ngx_http_postern_directory_fault(watch, NGX_LOG_EMERG);
        return NGX_ERROR;
    }

    ngx_http_postern_directory_plain(watch, load->snapshot);
    watch->current = load->snapshot;

    for (i = 0; i < load->nsources; i++) {
        watch->seen[i] = load->sources[i].file;
    }

    load->snapshot = NULL;

    return NGX_OK;
}


/* once every directive was read */

static ngx_int_t
ngx_http_postern_directory_sources(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf)
{
    ngx_uint_t                  i, n;
    postern_jwks_t             *sets;
    ngx_http_postern_jwks_t    *jwks;
    ngx_http_postern_watch_t   *watch;
    ngx_http_postern_source_t  *sources;

    watch = dcf->watch;
    jwks = dcf->jwks ? dcf->jwks->elts : NULL;
    n = dcf->jwks ? dcf->jwks->nelts : 0;

    sources = ngx_pcalloc(cf->pool,
                          (n + 1) * sizeof(ngx_http_postern_source_t));
    sets = ngx_pcalloc(cf->pool, (n + 1) * sizeof(postern_jwks_t));
    watch->seen = ngx_pcalloc(cf->pool,
                              (n + 1) * sizeof(ngx_http_postern_file_t));
    watch->now = ngx_pcalloc(cf->pool,
                             (n + 1) * sizeof(ngx_http_postern_file_t));

    if (sources == NULL || sets == NULL || watch->seen == NULL
        || watch->now == NULL)
    {
        return NGX_ERROR;
    }

    sources[0].kind = "directory";
    sources[0].name = (const char *) dcf->file.data;
    sources[0].max = POSTERN_DIRECTORY_MAX_SIZE;

    for (i = 0; i < n; i++) {
        sources[i + 1].kind = "jwks";
        sources[i + 1].name = (const char *) jwks[i].file.data;
        sources[i + 1].max = POSTERN_JWKS_MAX_SIZE;
        sets[i] = jwks[i].set;
    }

    watch->load.sources = sources;
    watch->load.nsources = n + 1;
    watch->load.sets = sets;

    return NGX_OK;
}


const postern_directory_t *
ngx_http_postern_directory_loaded(ngx_http_postern_directory_conf_t *dcf)
{
    if (dcf->watch == NULL || dcf->watch->current == NULL) {
        return NULL;
    }

    return ngx_http_postern_snapshot_directory(dcf->watch->current);
}


ngx_int_t
ngx_http_postern_directory_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf)
{
    ngx_http_postern_watch_t  *watch;

    watch = dcf->watch;

    /* cache managers and loaders come here too */

    if (watch == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    watch->log = cycle->log;

    watch->event.handler = ngx_http_postern_directory_look;
    watch->event.data = watch->ident;
    watch->event.log = cycle->log;
    watch->event.cancelable = 1;

#if (NGX_THREADS)

    /* a single process outlives its cycle, a task must not */

    if (ngx_process == NGX_PROCESS_SINGLE) {
        watch->thread_pool = NULL;
    }

    watch->task.ctx = watch;
    watch->task.handler = ngx_http_postern_directory_thread;
    watch->task.event.handler = ngx_http_postern_directory_thread_done;
    watch->task.event.data = watch;

    watch->current->thread_pool = watch->thread_pool;
#endif

    /*
     * A worker that replaces a dead one inherits what the master read at its
     * start: a key revoked since must not work here, not even until the first
     * look.
     */

    if (ngx_http_postern_directory_changed(watch)) {
        watch->started = ngx_current_msec;
        ngx_http_postern_snapshot_load(&watch->load);
        ngx_http_postern_directory_done(watch);

    } else {

        if (watch->failed == 0) {
            ngx_http_postern_directory_access(watch);
        }

        ngx_http_postern_directory_skipped(watch);
    }

    ngx_add_timer(&watch->event, dcf->interval);

    return NGX_OK;
}


/* threads have ended by now, so a load under way is complete */

void
ngx_http_postern_directory_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf)
{
    ngx_http_postern_watch_t  *watch;

    watch = dcf->watch;

    if (watch == NULL) {
        return;
    }

    if (watch->event.timer_set) {
        ngx_del_timer(&watch->event);
    }

    if (watch->load.snapshot) {
        ngx_http_postern_snapshot_release(watch->load.snapshot);
        watch->load.snapshot = NULL;
    }
}


static void
ngx_http_postern_directory_look(ngx_event_t *ev)
{
    void                     **ident = ev->data;
    ngx_http_postern_watch_t  *watch;

    watch = (ngx_http_postern_watch_t *)
                ((u_char *) ident - offsetof(ngx_http_postern_watch_t, ident));

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, watch->log, 0,
                   "postern directory look at \"%V\"", &watch->conf->file);

    if (ngx_http_postern_directory_changed(watch)) {
        ngx_http_postern_directory_read(watch);
        return;
    }

    ngx_add_timer(&watch->event, watch->conf->interval);
}


static ngx_int_t
ngx_http_postern_directory_changed(ngx_http_postern_watch_t *watch)
{
    size_t      size;
    ngx_err_t   err;
    ngx_int_t   moved;
    ngx_uint_t  at;

    err = 0;
    at = 0;

    moved = ngx_http_postern_directory_stat(watch, &at, &err);

    if (err) {

        /* told once, until something of the others changes that cannot come
           into force without this one */

        if (watch->failed != err || watch->failed_at != at || moved) {
            watch->failed = err;
            watch->failed_at = at;
            watch->load.result = NGX_HTTP_POSTERN_LOAD_UNREADABLE;
            watch->load.failed = "stat()";
            watch->load.err = err;
            watch->load.at = at;
            ngx_http_postern_directory_fault(watch, NGX_LOG_ERR);
        }

        return 0;
    }

    if (watch->failed || watch->again) {
        return 1;
    }

    size = watch->load.nsources * sizeof(ngx_http_postern_file_t);

    return ngx_memcmp(watch->now, watch->seen, size) != 0;
}


/* 1 where one is not as at the last look; at and err are those of the first
   that is not there */

static ngx_int_t
ngx_http_postern_directory_stat(ngx_http_postern_watch_t *watch,
    ngx_uint_t *at, ngx_err_t *err)
{
    ngx_int_t                moved;
    ngx_uint_t               i;
    struct stat              st;
    ngx_http_postern_file_t  file;

    moved = 0;

    for (i = 0; i < watch->load.nsources; i++) {

        if (stat(watch->load.sources[i].name, &st) == -1) {

            if (*err == 0) {
                *err = ngx_errno;
                *at = i;
            }

            ngx_memzero(&file, sizeof(ngx_http_postern_file_t));

        } else {
            ngx_http_postern_file_set(&file, &st);
        }

        if (ngx_memcmp(&file, &watch->now[i], sizeof(ngx_http_postern_file_t))
            != 0)
        {
            watch->now[i] = file;
            moved = 1;
        }
    }

    return moved;
}


static void
ngx_http_postern_directory_read(ngx_http_postern_watch_t *watch)
{
    watch->started = ngx_current_msec;

#if (NGX_THREADS)

    if (watch->thread_pool
        && ngx_thread_task_post(watch->thread_pool, &watch->task) == NGX_OK)
    {
        return;
    }

#endif

    ngx_http_postern_snapshot_load(&watch->load);
    ngx_http_postern_directory_done(watch);

    ngx_add_timer(&watch->event, watch->conf->interval);
}


#if (NGX_THREADS)

static void
ngx_http_postern_directory_thread(void *data, ngx_log_t *log)
{
    ngx_http_postern_watch_t  *watch = data;

    ngx_http_postern_snapshot_load(&watch->load);
}


static void
ngx_http_postern_directory_thread_done(ngx_event_t *ev)
{
    ngx_http_postern_watch_t  *watch = ev->data;

    ev->complete = 0;

    ngx_http_postern_directory_done(watch);

    ngx_add_timer(&watch->event, watch->conf->interval);
}

#endif


static void
ngx_http_postern_directory_done(ngx_http_postern_watch_t *watch)
{
    time_t                    age;
    ngx_int_t                 failed;
    ngx_uint_t                i;
    ngx_http_postern_load_t  *load;

    load = &watch->load;

    ngx_time_update();

    switch (load->result) {

    case NGX_HTTP_POSTERN_LOAD_UNREADABLE:

        /* looked into again each time, and told once */

        failed = load->err ? load->err : NGX_ERROR;

        if (watch->failed != failed || watch->failed_at != load->at) {
            watch->failed = failed;
            watch->failed_at = load->at;
            ngx_http_postern_directory_fault(watch, NGX_LOG_ERR);
        }

        return;

    case NGX_HTTP_POSTERN_LOAD_MEMORY:

        ngx_http_postern_directory_fault(watch, NGX_LOG_ERR);
        watch->again = 1;

        return;

    case NGX_HTTP_POSTERN_LOAD_BROKEN:
        ngx_http_postern_directory_fault(watch, NGX_LOG_ERR);
        break;

    case NGX_HTTP_POSTERN_LOAD_OK:
        ngx_http_postern_directory_swap(watch);
        break;

    case NGX_HTTP_POSTERN_LOAD_SAME:

        if (watch->failed) {
            ngx_log_error(NGX_LOG_NOTICE, watch->log, 0,
                          "%s \"%s\" can be read again, and is unchanged",
                          load->sources[watch->failed_at].kind,
                          load->sources[watch->failed_at].name);
        }

        break;
    }

    watch->failed = 0;
    watch->again = 0;

    for (i = 0; i < load->nsources; i++) {
        watch->seen[i] = load->sources[i].file;

        /* written within the grain of the clock of the file system, it could
           be written once more with no trace */

        age = ngx_time() - watch->seen[i].ctime.tv_sec;
        watch->again |= (age >= 0 && age <= 1);
    }
}


static void
ngx_http_postern_directory_swap(ngx_http_postern_watch_t *watch)
{
    uint32_t                      i;
    ngx_uint_t                    nusers, nroles;
    const postern_directory_t    *dir;
    ngx_http_postern_snapshot_t  *old;

    old = watch->current;
    watch->current = watch->load.snapshot;
    watch->load.snapshot = NULL;

#if (NGX_THREADS)
    watch->current->thread_pool = watch->thread_pool;
#endif

    dir = watch->current->dir;
    nusers = 0;
    nroles = 0;

    for (i = 0; i < dir->norgs; i++) {
        nusers += dir->orgs[i].nusers;
        nroles += dir->orgs[i].nroles;
    }

    ngx_log_error(NGX_LOG_NOTICE, watch->log, 0,
                  "directory \"%V\" is in force, loaded in %Mms: "
                  "organizations %uD, users %ui, keys %uD, roles %ui",
                  &watch->conf->file, ngx_current_msec - watch->started,
                  dir->norgs, nusers, dir->nkeys, nroles);

    if (old->dir->nplain == 0) {
        ngx_http_postern_directory_plain(watch, watch->current);
    }

    ngx_http_postern_directory_skipped(watch);

    if (watch->conf->swapped) {
        watch->conf->swapped(watch->conf->swapped_data);
    }

    /* the last request that holds it frees it */

    ngx_http_postern_snapshot_release(old);
}


ngx_http_postern_snapshot_t *
ngx_http_postern_snapshot_acquire(ngx_http_postern_directory_conf_t *dcf)
{
    if (dcf->watch == NULL) {
        return NULL;
    }

    dcf->watch->current->refs++;

    return dcf->watch->current;
}
