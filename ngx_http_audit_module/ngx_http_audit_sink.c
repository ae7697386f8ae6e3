
/*
 * The way of a record from a worker to the file: a ring in shared memory, and
 * one worker at a time that empties it, in a thread where nginx has threads.
 */


#include "ngx_http_audit.h"


#define NGX_HTTP_AUDIT_BATCH    (256 * 1024)    /* bytes of one write */
#define NGX_HTTP_AUDIT_BATCHES  64              /* of one task */
#define NGX_HTTP_AUDIT_RETRY    1000            /* ms, while the file fails */
#define NGX_HTTP_AUDIT_PIPE     100             /* ms, for a pipe's reader */
#define NGX_HTTP_AUDIT_LINGER   1000            /* ms, at the end of a worker */


/* one in each process; the thread sees nothing of it but `drain` */

typedef struct {
    ngx_http_audit_main_conf_t  *conf;
    audit_ring_t                *ring;
    audit_owner_t                owner;

    ngx_event_t                  timer;
    ngx_connection_t             dumb;      /* what debug logs of timers read */

    audit_drain_t               *drain;
#if (NGX_THREADS)
    ngx_thread_task_t           *task;
#endif
    ngx_fd_t                     fd;        /* our own, see reopen() */
    ngx_fd_t                     previous;

    ngx_err_t                    err;       /* of the last try */
    time_t                       dropped;   /* when that was last told */
    unsigned                     active:1;  /* the task is under way */
    unsigned                     hold:1;    /* wait for the timer */
    unsigned                     stale:1;   /* the file is being reopened */
    unsigned                     unlinked:1;
} ngx_http_audit_sink_t;


static ngx_int_t ngx_http_audit_create_file(ngx_cycle_t *cycle,
    ngx_open_file_t *file);
static ngx_int_t ngx_http_audit_init_zone(ngx_shm_zone_t *zone, void *data);
static void ngx_http_audit_event(ngx_cycle_t *cycle, const char *name);
static ngx_int_t ngx_http_audit_prepare(ngx_cycle_t *cycle);
static void ngx_http_audit_reopen(ngx_open_file_t *file, ngx_log_t *log);
static void ngx_http_audit_swap(ngx_log_t *log);
static void ngx_http_audit_timer(ngx_event_t *ev);
static void ngx_http_audit_flush(ngx_log_t *log);
#if (NGX_THREADS)
static void ngx_http_audit_thread(void *data, ngx_log_t *log);
static void ngx_http_audit_thread_done(ngx_event_t *ev);
#endif
static void ngx_http_audit_flushed(ngx_log_t *log);
static void ngx_http_audit_report(ngx_log_t *log);
static void ngx_http_audit_wake(ngx_msec_t delay);
static void ngx_http_audit_finish(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_audit_cloexec(ngx_fd_t fd);


static ngx_http_audit_sink_t  ngx_http_audit_sink;
static ngx_uint_t             ngx_http_audit_reloaded;


uint64_t
ngx_http_audit_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


uint64_t
ngx_http_audit_ticks(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


ngx_int_t
ngx_http_audit_sink_configure(ngx_conf_t *cf, ngx_http_audit_main_conf_t *amcf)
{
    ngx_str_t  name = ngx_string("postern_audit");

    if (amcf->file->flush || amcf->file->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"audit_file\" is written by another "
                           "log too: give each a file of its own",
                           &amcf->file->name);
        return NGX_ERROR;
    }

    amcf->file->flush = ngx_http_audit_reopen;
    amcf->file->data = amcf;

    if (ngx_process != NGX_PROCESS_SIGNALLER
        && ngx_http_audit_create_file(cf->cycle, amcf->file) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amcf->zone = ngx_shared_memory_add(cf, &name, amcf->ring_size,
                                       &ngx_http_audit_module);
    if (amcf->zone == NULL) {
        return NGX_ERROR;
    }

    amcf->zone->init = ngx_http_audit_init_zone;

#if (NGX_THREADS)

    amcf->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (amcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


/*
 * nginx creates log files readable by everybody and leaves those that exist as
 * they are: so this one exists before nginx opens it.
 */

static ngx_int_t
ngx_http_audit_create_file(ngx_cycle_t *cycle, ngx_open_file_t *file)
{
    ngx_fd_t  fd;

    fd = open((const char *) file->name.data,
              O_WRONLY|O_CREAT|O_EXCL|O_APPEND|O_CLOEXEC,
              S_IRUSR|S_IWUSR|S_IRGRP);

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
        return NGX_OK;
    }

    if (ngx_errno == NGX_EEXIST) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                  "cannot create \"%V\" of \"audit_file\"", &file->name);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_audit_init_zone(ngx_shm_zone_t *zone, void *data)
{
    u_char           *addr;
    size_t            size;
    ngx_int_t         rc;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    ngx_http_audit_reloaded = (data != NULL);

    if (data || zone->shm.exists) {

        /* the ring of the last configuration, with what it still holds */

        addr = shpool->data;
        size = 0;
        rc = NGX_DECLINED;

    } else {
        rc = postern_api.memory(zone, &addr, &size);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    /* the first 64 bytes say how long it is */

    if (rc == NGX_DECLINED) {
        zone->data = audit_ring_attach(addr + 64, *(size_t *) addr);

        if (zone->data == NULL) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "the running audit ring was made by another version "
                          "of ngx_http_audit_module: restart nginx instead "
                          "of reloading it");
            return NGX_ERROR;
        }

    } else {
        *(size_t *) addr = size - 64;

        zone->data = audit_ring_create(addr + 64, size - 64);
        if (zone->data == NULL) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "cannot make the audit ring: no robust mutexes");
            return NGX_ERROR;
        }
    }

    shpool->data = addr;

    return NGX_OK;
}


ngx_int_t
ngx_http_audit_sink_init_module(ngx_cycle_t *cycle,
    ngx_http_audit_main_conf_t *amcf)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    ngx_memzero(sink, sizeof(ngx_http_audit_sink_t));

    sink->fd = NGX_INVALID_FILE;
    sink->previous = NGX_INVALID_FILE;

    if (amcf == NULL || ngx_test_config) {
        return NGX_OK;
    }

    sink->conf = amcf;
    sink->ring = amcf->zone->data;
    audit_ring_owner(&sink->owner);

    ngx_http_audit_event(cycle, ngx_http_audit_reloaded ? "reload" : "start");

    return NGX_OK;
}


static void
ngx_http_audit_event(ngx_cycle_t *cycle, const char *name)
{
    size_t    n;
    u_char    line[AUDIT_EVENT_MAX];
    uint64_t  now;

    now = ngx_http_audit_now();
    n = audit_record_event(line, name, now, NGINX_VERSION, ngx_pid);

    (void) audit_ring_push(ngx_http_audit_sink.ring,
                           &ngx_http_audit_sink.owner, line, n, now);
}


ngx_int_t
ngx_http_audit_sink_init_process(ngx_cycle_t *cycle)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    if (sink->ring == NULL) {
        return NGX_OK;
    }

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        sink->ring = NULL;
        return NGX_OK;
    }

    if (ngx_http_audit_prepare(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    sink->dumb.fd = (ngx_socket_t) -1;

    sink->timer.handler = ngx_http_audit_timer;
    sink->timer.data = &sink->dumb;
    sink->timer.log = cycle->log;
    sink->timer.cancelable = 1;

    /* a dead predecessor may have left something */

    ngx_http_audit_wake(sink->conf->flush);

    return NGX_OK;
}


static ngx_int_t
ngx_http_audit_prepare(ngx_cycle_t *cycle)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    audit_ring_owner(&sink->owner);

#if (NGX_THREADS)

    sink->task = ngx_thread_task_alloc(cycle->pool, sizeof(audit_drain_t));
    if (sink->task == NULL) {
        return NGX_ERROR;
    }

    sink->drain = sink->task->ctx;
    sink->task->handler = ngx_http_audit_thread;
    sink->task->event.handler = ngx_http_audit_thread_done;
    sink->task->event.data = sink;

#else

    sink->drain = ngx_palloc(cycle->pool, sizeof(audit_drain_t));
    if (sink->drain == NULL) {
        return NGX_ERROR;
    }

#endif

    ngx_memzero(sink->drain, sizeof(audit_drain_t));

    sink->drain->size = NGX_HTTP_AUDIT_BATCH;
    sink->drain->buf = ngx_palloc(cycle->pool, NGX_HTTP_AUDIT_BATCH);
    if (sink->drain->buf == NULL) {
        return NGX_ERROR;
    }

    sink->drain->owner = sink->owner;
    sink->stale = 1;

    ngx_http_audit_swap(cycle->log);

    return sink->fd == NGX_INVALID_FILE ? NGX_ERROR : NGX_OK;
}


/*
 * Called right before nginx reopens the file on USR1.  A task may be writing:
 * it has a descriptor of our own, which nginx does not close under it and whose
 * number no socket can take over.  The master makes the new file.
 */

static void
ngx_http_audit_reopen(ngx_open_file_t *file, ngx_log_t *log)
{
    if (ngx_process != NGX_PROCESS_WORKER) {
        (void) ngx_http_audit_create_file((ngx_cycle_t *) ngx_cycle, file);
    }

    if (ngx_http_audit_sink.drain == NULL) {
        return;
    }

    /* the timer takes the new file up: nginx has it only when this returned */

    ngx_http_audit_sink.stale = 1;
    ngx_http_audit_sink.hold = 1;

    ngx_http_audit_wake(1);
}


/*
 * From the old file to the new one; never while a task runs.  The old one stays
 * open as long as a batch of a dead worker may have to be looked up in it.
 */

static void
ngx_http_audit_swap(ngx_log_t *log)
{
    ngx_fd_t                fd;
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    if (!sink->stale) {
        return;
    }

    fd = dup(sink->conf->file->fd);

    if (fd == NGX_INVALID_FILE || ngx_http_audit_cloexec(fd) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "dup() of \"%V\" failed", &sink->conf->file->name);

        if (fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(fd);
        }

        return;
    }

    if (sink->previous != NGX_INVALID_FILE) {
        (void) ngx_close_file(sink->previous);
    }

    sink->previous = sink->fd;
    sink->fd = fd;
    sink->stale = 0;
}


static ngx_int_t
ngx_http_audit_cloexec(ngx_fd_t fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_audit_sink_add(u_char *line, size_t len, uint64_t usec,
    ngx_uint_t ready, uint64_t *pos)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    if (sink->ring == NULL) {
        return NGX_DECLINED;
    }

    /* what may still change is changed behind the record, not in it */

    if (!audit_ring_reserve(sink->ring, &sink->owner,
                            ready ? len + AUDIT_RECORD_HEAD : len, 1, usec,
                            pos))
    {
        if (sink->dropped != ngx_time()) {
            sink->dropped = ngx_time();
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "the audit ring is full, records are dropped: the "
                          "file is too slow or cannot be written, or "
                          "\"audit_ring\" is too small");
        }

        ngx_http_audit_wake(sink->conf->flush);

        return NGX_DECLINED;
    }

    audit_ring_copy(sink->ring, *pos, 0, line, len);
    audit_ring_settle(sink->ring, *pos,
                      ready ? AUDIT_SLOT_READY : AUDIT_SLOT_DONE, len);

    /* not while a line stands open: it would stop the task at once */

    if (!ready) {
        ngx_http_audit_wake(sink->conf->flush);
    }

    return NGX_OK;
}


void
ngx_http_audit_sink_settle(uint64_t pos, u_char *head, size_t len)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    if (head) {
        audit_ring_revise(sink->ring, pos, len, head, AUDIT_RECORD_HEAD);

    } else {
        audit_ring_settle(sink->ring, pos, AUDIT_SLOT_VOID, len);
    }

    ngx_http_audit_wake(sink->conf->flush);
}


/* a quarter full is soon full: then at once, not after delay */

static void
ngx_http_audit_wake(ngx_msec_t delay)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    if (sink->drain == NULL || sink->active) {
        return;
    }

    if (!sink->hold
        && audit_ring_used(sink->ring) > audit_ring_room(sink->ring) / 4)
    {
        ngx_http_audit_flush(ngx_cycle->log);
        return;
    }

    if (!sink->timer.timer_set) {
        ngx_add_timer(&sink->timer, delay);
    }
}


static void
ngx_http_audit_timer(ngx_event_t *ev)
{
    ngx_http_audit_sink.hold = 0;

    if (!ngx_http_audit_sink.active) {
        ngx_http_audit_flush(ev->log);
    }
}


static void
ngx_http_audit_flush(ngx_log_t *log)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    ngx_http_audit_swap(log);

    sink->drain->fd = sink->fd;
    sink->drain->previous = sink->previous;
    sink->drain->lock = 0;
    sink->drain->wait = NGX_HTTP_AUDIT_PIPE;
    sink->drain->batches = NGX_HTTP_AUDIT_BATCHES;
    sink->drain->now = ngx_http_audit_now();

#if (NGX_THREADS)

    if (ngx_thread_task_post(sink->conf->thread_pool, sink->task) == NGX_OK) {
        sink->active = 1;
        return;
    }

    sink->hold = 1;
    ngx_http_audit_wake(sink->conf->flush);

#else

    /* the event loop waits meanwhile: one batch, and never for a pipe */

    sink->drain->wait = 0;
    sink->drain->batches = 1;

    audit_drain(sink->ring, sink->drain);

    /* what is left waits for the timer: flushed() must not come back here */

    sink->hold = 1;

    if (sink->drain->written && !sink->drain->err && !sink->timer.timer_set) {
        ngx_add_timer(&sink->timer, 1);
    }

    ngx_http_audit_flushed(log);

#endif
}


#if (NGX_THREADS)

static void
ngx_http_audit_thread(void *data, ngx_log_t *log)
{
    audit_drain_t *drain = data;

    audit_drain(ngx_http_audit_sink.ring, drain);
}


static void
ngx_http_audit_thread_done(ngx_event_t *ev)
{
    ngx_http_audit_sink.active = 0;

    ngx_http_audit_flushed(ngx_cycle->log);
}

#endif


static void
ngx_http_audit_flushed(ngx_log_t *log)
{
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;

    ngx_http_audit_report(log);

    if (!sink->drain->busy && !sink->drain->err
        && sink->previous != NGX_INVALID_FILE && !sink->stale)
    {
        (void) ngx_close_file(sink->previous);
        sink->previous = NGX_INVALID_FILE;
    }

    if (sink->drain->err) {
        sink->hold = 1;
        ngx_http_audit_wake(sink->drain->err == NGX_EAGAIN
                            ? sink->conf->flush : NGX_HTTP_AUDIT_RETRY);
        return;
    }

    if (sink->drain->busy || sink->drain->written == 0) {

        /* somebody else is at it, or a slot is not settled yet */

        sink->hold = 1;
    }

    if (sink->stale || audit_ring_used(sink->ring)) {
        ngx_http_audit_wake(sink->conf->flush);
    }
}


/* changes only: a full disk is one line, not one a second */

static void
ngx_http_audit_report(ngx_log_t *log)
{
    ngx_str_t              *name;
    audit_drain_t          *drain;
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;
    drain = sink->drain;
    name = &sink->conf->file->name;

    if (drain->busy) {
        return;
    }

    if (drain->err && drain->err != sink->err) {

        if (drain->err == NGX_EAGAIN) {
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "nobody reads audit file \"%V\": records wait in "
                          "the ring", name);

        } else {
            ngx_log_error(NGX_LOG_ERR, log, drain->err,
                          "writing audit file \"%V\" failed: records wait in "
                          "the ring", name);
        }

        sink->err = drain->err;
    }

    if (drain->err == 0 && sink->err && drain->written) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "audit file \"%V\" is written again", name);
        sink->err = 0;
    }

    if (drain->unlinked && !sink->unlinked) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "audit file \"%V\" was deleted while open: records go "
                      "where nobody sees them until the files are reopened "
                      "(nginx -s reopen)", name);
    }

    sink->unlinked = drain->unlinked;
}


/* threads are gone by now: the thread pool's module ends before this one */

void
ngx_http_audit_sink_exit_process(ngx_cycle_t *cycle)
{
    if (ngx_http_audit_sink.drain) {
        ngx_http_audit_finish(cycle);
    }
}


/* what a worker that was killed at the very end left behind */

void
ngx_http_audit_sink_exit_master(ngx_cycle_t *cycle)
{
    if (ngx_http_audit_sink.ring == NULL) {
        return;
    }

    if (ngx_http_audit_sink.drain == NULL
        && ngx_http_audit_prepare(cycle) != NGX_OK)
    {
        return;
    }

    ngx_http_audit_event(cycle, "stop");
    ngx_http_audit_finish(cycle);
}


static void
ngx_http_audit_finish(ngx_cycle_t *cycle)
{
    uint64_t                end, now;
    audit_drain_t          *drain;
    ngx_http_audit_sink_t  *sink;

    sink = &ngx_http_audit_sink;
    drain = sink->drain;

    ngx_http_audit_swap(cycle->log);

    drain->fd = sink->fd;
    drain->previous = sink->previous;
    drain->batches = 1;
    drain->lock = NGX_HTTP_AUDIT_PIPE;
    drain->wait = NGX_HTTP_AUDIT_PIPE;

    now = ngx_http_audit_ticks();
    end = now + NGX_HTTP_AUDIT_LINGER * 1000;

    do {
        drain->now = ngx_http_audit_now();

        audit_drain(sink->ring, drain);

        if (drain->err && drain->err != NGX_EAGAIN) {
            break;
        }

        now = ngx_http_audit_ticks();

    } while (now < end && (drain->busy || drain->err || drain->written));

    ngx_http_audit_report(cycle->log);
}
