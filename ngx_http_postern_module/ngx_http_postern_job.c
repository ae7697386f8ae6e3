
/*
 * Work for a thread that an operation waits for.
 *
 * A job is memory of its own, in no pool: a request may end while a thread is
 * still at its work.  Then the job is an orphan, which keeps its place in the
 * lane until the thread is done, and goes with it.  All but run() happens in
 * the worker's own thread.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_job.h"

#include <sodium.h>
#include <sys/resource.h>


#if (NGX_THREADS)


#define NGX_HTTP_POSTERN_JOB_ALIGN  16
#define NGX_HTTP_POSTERN_JOB_TIMER  60000


typedef enum {
    NGX_HTTP_POSTERN_JOB_IDLE = 0,     /* not started, or done with */
    NGX_HTTP_POSTERN_JOB_QUEUED,       /* in its lane */
    NGX_HTTP_POSTERN_JOB_RUNNING,      /* the pool has it */
    NGX_HTTP_POSTERN_JOB_POSTED        /* its end is known: event is posted */
} ngx_http_postern_job_state_e;


typedef struct {
    ngx_queue_t                     all;
    ngx_queue_t                     queue;      /* of the lane */
    ngx_event_t                     event;
    ngx_thread_task_t               task;

    ngx_http_postern_job_state_e    state;
    ngx_http_postern_result_e       result;
    ngx_http_postern_lane_t        *lane;
    ngx_http_postern_op_t          *op;         /* NULL: nobody waits */
    ngx_http_request_t             *request;
    void                          (*run)(void *job);

    u_char                         *data;
    size_t                          size;
    unsigned                        owned:1;    /* by a request's pool */
} ngx_http_postern_job_t;


static ngx_http_postern_job_t *ngx_http_postern_job_of(void *data);
static ngx_int_t ngx_http_postern_job_enter(ngx_http_postern_job_t *job);
static ngx_int_t ngx_http_postern_job_post(ngx_http_postern_job_t *job);
static void ngx_http_postern_job_thread(void *data, ngx_log_t *log);
static void ngx_http_postern_job_done(ngx_event_t *ev);
static void ngx_http_postern_job_next(ngx_http_postern_lane_t *lane);
static void ngx_http_postern_job_known(ngx_http_postern_job_t *job,
    ngx_http_postern_result_e result);
static void ngx_http_postern_job_event(ngx_event_t *ev);
static void ngx_http_postern_job_finish(ngx_http_postern_job_t *job,
    ngx_http_postern_result_e result);
static void ngx_http_postern_job_cancel(ngx_http_postern_op_t *op);
static void ngx_http_postern_job_quiet(ngx_http_postern_job_t *job);
static void ngx_http_postern_job_release(void *data);
static void ngx_http_postern_job_free(ngx_http_postern_job_t *job);


/* of this worker: every job there is */

static ngx_queue_t  ngx_http_postern_jobs;


void *
ngx_http_postern_job(ngx_http_request_t *r, size_t size)
{
    size_t                   head;
    ngx_pool_cleanup_t      *cln;
    ngx_http_postern_job_t  *job;

    cln = NULL;

    if (r) {
        cln = ngx_pool_cleanup_add(r->main->pool, 0);
        if (cln == NULL) {
            return NULL;
        }
    }

    head = ngx_align(sizeof(ngx_http_postern_job_t),
                     NGX_HTTP_POSTERN_JOB_ALIGN);

    job = ngx_calloc(head + size, ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    job->data = (u_char *) job + head;
    job->size = size;

    if (cln) {
        cln->handler = ngx_http_postern_job_release;
        cln->data = job;
        job->owned = 1;
    }

    /* not cancelable: a worker that shuts down waits for who waits for it */

    job->event.handler = ngx_http_postern_job_event;
    job->event.data = job;
    job->event.log = ngx_cycle->log;

    job->task.ctx = job;
    job->task.handler = ngx_http_postern_job_thread;
    job->task.event.handler = ngx_http_postern_job_done;
    job->task.event.data = job;
    job->task.event.log = ngx_cycle->log;

    if (ngx_http_postern_jobs.next == NULL) {
        ngx_queue_init(&ngx_http_postern_jobs);
    }

    ngx_queue_insert_tail(&ngx_http_postern_jobs, &job->all);

    return job->data;
}


static ngx_http_postern_job_t *
ngx_http_postern_job_of(void *data)
{
    return (ngx_http_postern_job_t *)
               ((u_char *) data - ngx_align(sizeof(ngx_http_postern_job_t),
                                            NGX_HTTP_POSTERN_JOB_ALIGN));
}


ngx_int_t
ngx_http_postern_job_start(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_lane_t *lane, void *data, void (*run)(void *job))
{
    ngx_http_postern_job_t  *job;

    job = ngx_http_postern_job_of(data);

    if (lane->pool == NULL || lane->running == 0
        || job->state != NGX_HTTP_POSTERN_JOB_IDLE
        || (r == NULL && op->handler == NULL))
    {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "postern start called for a lane of %ui threads and a "
                      "job in state %d", lane->running, job->state);

        if (job->state == NGX_HTTP_POSTERN_JOB_IDLE && !job->owned) {
            ngx_http_postern_job_free(job);
        }

        return NGX_ERROR;
    }

    op->done = 0;
    op->pending = 0;
    op->msec = 0;
    op->private = job;
    ngx_str_null(&op->value);

    job->op = op;
    job->request = r;
    job->lane = lane;
    job->run = run;

    if (ngx_http_postern_job_enter(job) != NGX_OK) {
        job->op = NULL;
        job->request = NULL;

        op->private = NULL;
        op->result = NGX_HTTP_POSTERN_UNAVAILABLE;
        op->done = 1;

        if (!job->owned) {
            ngx_http_postern_job_free(job);
        }

        return NGX_OK;
    }

    op->pending = 1;

    if (r
        && ngx_http_postern_wait(r, op, ngx_http_postern_job_cancel) != NGX_OK)
    {
        op->pending = 0;
        ngx_http_postern_job_cancel(op);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* NGX_DECLINED: there is no room */

static ngx_int_t
ngx_http_postern_job_enter(ngx_http_postern_job_t *job)
{
    ngx_http_postern_lane_t  *lane;

    lane = job->lane;

    if (lane->queue.next == NULL) {
        ngx_queue_init(&lane->queue);
    }

    if (ngx_process == NGX_PROCESS_SINGLE) {

        /*
         * "master_process off" is for development; pools of a later
         * configuration have no threads there.
         */

        job->run(job->data);
        ngx_http_postern_job_known(job, NGX_HTTP_POSTERN_OK);

        return NGX_OK;
    }

    if (lane->nrunning < lane->running) {
        if (ngx_http_postern_job_post(job) != NGX_OK) {
            return NGX_DECLINED;
        }

    } else if (lane->nqueued < lane->queued) {
        job->state = NGX_HTTP_POSTERN_JOB_QUEUED;
        ngx_queue_insert_tail(&lane->queue, &job->queue);
        lane->nqueued++;

    } else {
        return NGX_DECLINED;
    }

    ngx_add_timer(&job->event, NGX_HTTP_POSTERN_JOB_TIMER);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "postern job %p, %ui running, %ui queued",
                   job, lane->nrunning, lane->nqueued);

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_job_post(ngx_http_postern_job_t *job)
{
    if (ngx_thread_task_post(job->lane->pool, &job->task) != NGX_OK) {
        return NGX_ERROR;
    }

    job->state = NGX_HTTP_POSTERN_JOB_RUNNING;
    job->lane->nrunning++;

    return NGX_OK;
}


static void
ngx_http_postern_job_thread(void *data, ngx_log_t *log)
{
    ngx_http_postern_job_t *job = data;

    static __thread int  nice;

    /*
     * Linux has a priority for each thread: with a lower one, what takes long
     * does not keep the worker from a core when it wakes up.  Without the right
     * to raise it again, a thread stays as it is.
     */

    if (nice != job->lane->nice) {
        nice = job->lane->nice;

        if (setpriority(PRIO_PROCESS, 0, nice) == -1) {
            ngx_log_error(NGX_LOG_NOTICE, log, ngx_errno,
                          "setpriority(%d) of a thread failed", nice);
        }
    }

    job->run(job->data);
}


static void
ngx_http_postern_job_done(ngx_event_t *ev)
{
    ngx_http_postern_job_t *job = ev->data;

    ev->complete = 0;

    job->state = NGX_HTTP_POSTERN_JOB_IDLE;
    job->lane->nrunning--;

    /* before anybody is woken, who may come back with another job */

    ngx_http_postern_job_next(job->lane);

    ngx_http_postern_job_finish(job, NGX_HTTP_POSTERN_OK);
}


static void
ngx_http_postern_job_next(ngx_http_postern_lane_t *lane)
{
    ngx_queue_t             *q;
    ngx_http_postern_job_t  *job;

    while (lane->nrunning < lane->running && lane->nqueued) {
        q = ngx_queue_head(&lane->queue);
        ngx_queue_remove(q);
        lane->nqueued--;

        job = ngx_queue_data(q, ngx_http_postern_job_t, queue);

        if (ngx_http_postern_job_post(job) != NGX_OK) {

            /* the queue of the pool itself is full, by others */

            ngx_http_postern_job_known(job, NGX_HTTP_POSTERN_UNAVAILABLE);
        }
    }
}


/* an end that is told later: not from inside a submit, nor in a loop */

static void
ngx_http_postern_job_known(ngx_http_postern_job_t *job,
    ngx_http_postern_result_e result)
{
    job->state = NGX_HTTP_POSTERN_JOB_POSTED;
    job->result = result;

    ngx_post_event(&job->event, &ngx_posted_events);
}


static void
ngx_http_postern_job_event(ngx_event_t *ev)
{
    ngx_http_postern_job_t *job = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;
        ngx_add_timer(ev, NGX_HTTP_POSTERN_JOB_TIMER);
        return;
    }

    job->state = NGX_HTTP_POSTERN_JOB_IDLE;

    ngx_http_postern_job_finish(job, job->result);
}


/* the last statement of who calls it: job, op and request may be gone */

static void
ngx_http_postern_job_finish(ngx_http_postern_job_t *job,
    ngx_http_postern_result_e result)
{
    ngx_uint_t              owned;
    ngx_http_request_t     *r;
    ngx_http_postern_op_t  *op;

    ngx_http_postern_job_quiet(job);

    owned = job->owned;
    op = job->op;
    r = job->request;

    job->op = NULL;
    job->request = NULL;

    if (op) {
        op->result = result;
        op->done = 1;
        op->pending = 0;
        op->private = NULL;

        if (r) {
            ngx_http_postern_wake(r, op);

        } else {
            op->handler(op);
        }
    }

    if (!owned) {
        ngx_http_postern_job_free(job);
    }
}


static void
ngx_http_postern_job_cancel(ngx_http_postern_op_t *op)
{
    ngx_http_postern_job_t  *job;

    job = op->private;
    op->private = NULL;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "postern job %p cancelled in state %d", job, job->state);

    ngx_http_postern_job_quiet(job);

    job->op = NULL;
    job->request = NULL;

    switch (job->state) {

    case NGX_HTTP_POSTERN_JOB_QUEUED:
        ngx_queue_remove(&job->queue);
        job->lane->nqueued--;
        job->state = NGX_HTTP_POSTERN_JOB_IDLE;
        break;

    case NGX_HTTP_POSTERN_JOB_POSTED:
        job->state = NGX_HTTP_POSTERN_JOB_IDLE;
        break;

    default:    /* a thread cannot be called back */
        break;
    }
}


static void
ngx_http_postern_job_quiet(ngx_http_postern_job_t *job)
{
    if (job->event.timer_set) {
        ngx_del_timer(&job->event);
    }

    if (job->event.posted) {
        ngx_delete_posted_event(&job->event);
    }
}


/* the request is done with it; cancelled, if started, it has been before */

static void
ngx_http_postern_job_release(void *data)
{
    ngx_http_postern_job_t *job = data;

    job->owned = 0;

    if (job->state == NGX_HTTP_POSTERN_JOB_IDLE) {
        ngx_http_postern_job_free(job);
    }
}


static void
ngx_http_postern_job_free(ngx_http_postern_job_t *job)
{
    ngx_queue_remove(&job->all);

    sodium_memzero(job->data, job->size);

    ngx_free(job);
}


/* what is left, of requests that were cut short, is not left to be read */

void
ngx_http_postern_job_exit_process(void)
{
    ngx_queue_t             *q;
    ngx_http_postern_job_t  *job;

    if (ngx_http_postern_jobs.next == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_http_postern_jobs);
         q != ngx_queue_sentinel(&ngx_http_postern_jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_http_postern_job_t, all);

        sodium_memzero(job->data, job->size);
    }
}


#else /* !NGX_THREADS */


void *
ngx_http_postern_job(ngx_http_request_t *r, size_t size)
{
    return NULL;
}


ngx_int_t
ngx_http_postern_job_start(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_lane_t *lane, void *job, void (*run)(void *job))
{
    return NGX_ERROR;
}


void
ngx_http_postern_job_exit_process(void)
{
}


#endif
