
/*
 * The linker sends nginx's calls of a few functions here (--wrap, see build):
 * so it forks no process, waits for nobody and sees a clock that moves only
 * when there is nothing else to do.
 */


#include "fuzz_nginx.h"

#include <sanitizer/lsan_interface.h>
#include <sodium.h>
#include <sys/epoll.h>


#define MAX_ZONES  8


typedef struct {
    u_char  *addr;
    u_char  *copy;
    size_t   size;
} fuzz_zone_t;


const char *__asan_default_options(void);
int fuzz_nginx_main(int argc, char *const *argv);    /* main() of nginx */
void __wrap_ngx_master_process_cycle(ngx_cycle_t *cycle);
int __real_epoll_wait(int ep, struct epoll_event *events, int n, int timeout);
int __wrap_epoll_wait(int ep, struct epoll_event *events, int n, int timeout);
int __wrap_gettimeofday(struct timeval *tv, void *zone);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);


void (*fuzz_nginx_logged)(ngx_uint_t level, const u_char *text, size_t len);

static fuzz_zone_t   zones[MAX_ZONES];
static ngx_uint_t    nzones;
static int64_t       ticks = 1000;        /* ms since the start, only grows */
static int64_t       began;               /* what it was with this input */
static uint64_t      seed;
static int           idle, may_jump;


/* each module has an ngx_modules of its own, which nginx asks for by handle */

const char *
__asan_default_options(void)
{
    return "detect_odr_violation=0";
}


int
__wrap_epoll_wait(int ep, struct epoll_event *events, int n, int timeout)
{
    int  rc;

    rc = __real_epoll_wait(ep, events, n, 0);

    if (rc == 0 && timeout != 0) {
        idle = 1;

        if (may_jump && timeout > 0) {
            ticks += timeout;
        }
    }

    return rc;
}


int
__wrap_gettimeofday(struct timeval *tv, void *zone)
{
    tv->tv_sec = (time_t) (FUZZ_TIME + (ticks - began) / 1000);
    tv->tv_usec = (suseconds_t) ((ticks - began) % 1000 * 1000);

    return 0;
}


int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    ts->tv_sec = (time_t) (ticks / 1000);
    ts->tv_nsec = (long) (ticks % 1000 * 1000000);

    return 0;
}


/* a thread's work is done at once, and told in the next turn as always */

ngx_int_t
ngx_thread_task_post(ngx_thread_pool_t *tp, ngx_thread_task_t *task)
{
    if (task->event.active) {
        return NGX_ERROR;
    }

    task->handler(task->ctx, ngx_cycle->log);

    /* an event of a thread is never posted in nginx, and so may have no log */

    if (task->event.log == NULL) {
        task->event.log = ngx_cycle->log;
    }

    task->event.complete = 1;
    ngx_post_event(&task->event, &ngx_posted_next_events);

    return NGX_OK;
}


static const char *
random_name(void)
{
    return "fuzz";
}


static uint32_t
random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return (uint32_t) (seed >> 16);
}


static void
random_bytes(void *const buf, const size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        ((u_char *) buf)[i] = (u_char) random_word();
    }
}


static struct randombytes_implementation  random_source = {
    .implementation_name = random_name,
    .random = random_word,
    .buf = random_bytes
};


/* in place of the master's loop: what a worker does at its start */

void
__wrap_ngx_master_process_cycle(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    ngx_process = NGX_PROCESS_WORKER;

    for (i = 0; cycle->modules[i]; i++) {
        if (cycle->modules[i]->init_process
            && cycle->modules[i]->init_process(cycle) == NGX_ERROR)
        {
            exit(2);
        }
    }
}


static void
log_writer(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    fuzz_nginx_logged(level, buf, len);
}


/* connections copy the log of the socket that they come in by */

static void
take_log(void)
{
    ngx_uint_t        i;
    ngx_listening_t  *ls;

    ngx_cycle->log->writer = log_writer;
    ls = ngx_cycle->listening.elts;

    for (i = 0; i < ngx_cycle->listening.nelts; i++) {
        ls[i].log.writer = log_writer;
        ls[i].logp->writer = log_writer;
    }
}


void
fuzz_nginx_start(const char *folder)
{
    int    rc;
    char  *argv[] = { "nginx", "-p", (char *) folder, "-c", "nginx.conf",
                      "-e", "error.log", NULL };

    seed = 0x9e3779b97f4a7c15u;
    randombytes_set_implementation(&random_source);

    /* what nginx takes at its start is never given back */

    __lsan_disable();
    rc = fuzz_nginx_main(7, argv);
    __lsan_enable();

    if (rc != 0) {
        fprintf(stderr, "nginx does not start: see %s/error.log\n", folder);
        exit(1);
    }

    take_log();
}


void
fuzz_nginx_keep(void)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    static ngx_str_t  audit = ngx_string("postern_audit");

    part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;

    for ( /* void */ ; part; part = part->next) {
        zone = part->elts;

        for (i = 0; i < part->nelts && nzones < MAX_ZONES; i++) {

            /* where the sink stands is known to the worker as well */

            if (zone[i].shm.name.len == audit.len
                && ngx_memcmp(zone[i].shm.name.data, audit.data, audit.len)
                   == 0)
            {
                continue;
            }

            zones[nzones].addr = zone[i].shm.addr;
            zones[nzones].size = zone[i].shm.size;
            zones[nzones].copy = malloc(zone[i].shm.size);
            memcpy(zones[nzones].copy, zone[i].shm.addr, zone[i].shm.size);
            nzones++;
        }
    }

    if (nzones == 0) {
        fprintf(stderr, "nginx has no zone\n");
        exit(1);
    }
}


void
fuzz_nginx_begin(void)
{
    ngx_uint_t  i;

    for (i = 0; i < nzones; i++) {
        memcpy(zones[i].addr, zones[i].copy, zones[i].size);
    }

    seed = 0xbf58476d1ce4e5b9u;
    began = ticks;
    ngx_time_update();
}


int
fuzz_nginx_turn(int jump)
{
    idle = 0;
    may_jump = jump;

    ngx_process_events_and_timers((ngx_cycle_t *) ngx_cycle);

    return idle;
}


ngx_uint_t
fuzz_nginx_connections(void)
{
    return ngx_cycle->connection_n - ngx_cycle->free_connection_n;
}
