
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_snapshot.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_DIRECTORY_INTERVAL  500     /* ms */
#define NGX_HTTP_POSTERN_DIRECTORY_MIN       50
#define NGX_HTTP_POSTERN_DIRECTORY_MAX       3600000


struct ngx_http_postern_watch_s {
    ngx_event_t                             event;

    /* what nginx takes for a connection when it logs the event, see
       ngx_event_ident(): the number must follow three pointers */
    void                                   *ident[3];
    ngx_int_t                               ident_fd;

    ngx_http_postern_directory_conf_t      *conf;
    ngx_log_t                              *log;
    ngx_http_postern_snapshot_t            *current;
    ngx_http_postern_load_t                 load;
    ngx_http_postern_file_t                 seen;
    ngx_msec_t                              started;
    ngx_int_t                               failed;  /* errno that was told,
                                                        0: could be read */
#if (NGX_THREADS)
    ngx_thread_pool_t                      *thread_pool;
    ngx_thread_task_t                       task;
#endif

    unsigned                                again:1; /* look into it anyway */
};


static ngx_int_t ngx_http_postern_directory_create(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf);
static void ngx_http_postern_directory_cleanup(void *data);
static void ngx_http_postern_directory_look(ngx_event_t *ev);
static ngx_int_t ngx_http_postern_directory_changed(
    ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_read(ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_done(ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_swap(ngx_http_postern_watch_t *watch);
static void ngx_http_postern_directory_fault(ngx_http_postern_watch_t *watch,
    ngx_uint_t level);
static void ngx_http_postern_directory_plain(ngx_http_postern_watch_t *watch,
    ngx_http_postern_snapshot_t *snapshot);
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
    watch->load.name = (const char *) dcf->file.data;
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
    ngx_http_postern_load_t   *load;
    ngx_http_postern_watch_t  *watch;

    watch = dcf->watch;

    if (watch == NULL) {
        return NGX_OK;
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
    watch->seen = load->file;

    load->snapshot = NULL;

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

    } else if (watch->failed == 0 && access(watch->load.name, R_OK) == -1) {

        /* else the first change would tell, which may be a revocation */

        watch->failed = ngx_errno;

        ngx_log_error(NGX_LOG_ERR, cycle->log, ngx_errno,
                      "directory \"%V\" cannot be read by workers: changes of "
                      "it will not come into force", &dcf->file);
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
    struct stat              st;
    ngx_http_postern_file_t  file;

    if (stat(watch->load.name, &st) == -1) {

        /* told once, until it is seen again */

        if (watch->failed != ngx_errno) {
            watch->failed = ngx_errno;
            watch->load.result = NGX_HTTP_POSTERN_LOAD_UNREADABLE;
            watch->load.failed = "stat()";
            watch->load.err = ngx_errno;
            ngx_http_postern_directory_fault(watch, NGX_LOG_ERR);
        }

        return 0;
    }

    if (watch->failed) {
        return 1;
    }

    ngx_http_postern_file_set(&file, &st);

    return watch->again
           || ngx_memcmp(&file, &watch->seen, sizeof(ngx_http_postern_file_t))
              != 0;
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
    ngx_http_postern_load_t  *load;

    load = &watch->load;

    ngx_time_update();

    switch (load->result) {

    case NGX_HTTP_POSTERN_LOAD_UNREADABLE:

        /* looked into again each time, and told once */

        failed = load->err ? load->err : NGX_ERROR;

        if (watch->failed != failed) {
            watch->failed = failed;
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
                          "directory \"%V\" can be read again, and is "
                          "unchanged", &watch->conf->file);
        }

        break;
    }

    watch->failed = 0;
    watch->seen = load->file;

    /* written within the grain of the clock of the file system, it could be
       written once more with no trace */

    age = ngx_time() - load->file.ctime.tv_sec;
    watch->again = (age >= 0 && age <= 1);
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

    /* the last request that holds it frees it */

    ngx_http_postern_snapshot_release(old);
}


static void
ngx_http_postern_directory_fault(ngx_http_postern_watch_t *watch,
    ngx_uint_t level)
{
    char                     *kept;
    ngx_str_t                *file;
    postern_error_t          *fault;
    ngx_http_postern_load_t  *load;

    load = &watch->load;
    fault = &load->fault;
    file = &watch->conf->file;

    kept = level == NGX_LOG_EMERG ? "" : "; the last good one stays in force";

    switch (load->result) {

    case NGX_HTTP_POSTERN_LOAD_BROKEN:

        if (fault->line) {
            ngx_log_error(level, watch->log, 0,
                          "directory \"%V:%ui:%ui\": %s%s%s%s", file,
                          (ngx_uint_t) fault->line, (ngx_uint_t) fault->column,
                          fault->path, fault->path[0] ? ": " : "",
                          fault->text, kept);
            return;
        }

        ngx_log_error(level, watch->log, 0, "directory \"%V\": %s%s%s%s",
                      file, fault->path, fault->path[0] ? ": " : "",
                      fault->text, kept);
        return;

    case NGX_HTTP_POSTERN_LOAD_UNREADABLE:
        ngx_log_error(level, watch->log, load->err,
                      "directory \"%V\": %s failed%s", file, load->failed,
                      kept);
        return;

    default:
        ngx_log_error(level, watch->log, 0,
                      "directory \"%V\": out of memory%s", file, kept);
        return;
    }
}


static void
ngx_http_postern_directory_plain(ngx_http_postern_watch_t *watch,
    ngx_http_postern_snapshot_t *snapshot)
{
    ngx_str_t  first;

    if (snapshot->dir->nplain == 0) {
        return;
    }

    first = ngx_http_postern_str(snapshot->dir->plain_first);

    ngx_log_error(NGX_LOG_WARN, watch->log, 0,
                  "directory \"%V\": secrets that lie open: %uD, the first at "
                  "%V; seal them with \"postern seal\"", &watch->conf->file,
                  snapshot->dir->nplain, &first);
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
