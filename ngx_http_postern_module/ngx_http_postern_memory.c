
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_memory.h"

#include <dirent.h>
#include <sys/mman.h>


#define NGX_HTTP_POSTERN_MEMORY_ZONES  4
#define NGX_HTTP_POSTERN_MEMORY_NAME   "postern:"


/* the master's: descriptors of zones in force, and of a configuration that is
   being read, which may come to nothing */

typedef struct {
    char      name[64];
    ngx_fd_t  fd;
    ngx_fd_t  next;
    u_char   *addr;      /* of next */
} ngx_http_postern_memory_t;


static ngx_http_postern_memory_t *ngx_http_postern_memory_entry(
    const char *name);
static ngx_fd_t ngx_http_postern_memory_inherited(const char *name,
    size_t size, ngx_log_t *log);
static ngx_uint_t ngx_http_postern_memory_in_force(ngx_cycle_t *cycle,
    u_char *addr);


static ngx_http_postern_memory_t
    ngx_http_postern_memories[NGX_HTTP_POSTERN_MEMORY_ZONES];

static ngx_uint_t  ngx_http_postern_memory_begun;


ngx_int_t
ngx_http_postern_memory(ngx_shm_zone_t *zone, u_char **addr, size_t *size)
{
    ngx_fd_t                    fd;
    ngx_int_t                   rc;
    ngx_slab_pool_t            *shpool;
    ngx_http_postern_memory_t  *entry;

    char  name[sizeof(ngx_http_postern_memories[0].name)];

    (void) ngx_snprintf((u_char *) name, sizeof(name),
                        NGX_HTTP_POSTERN_MEMORY_NAME "%V%Z", &zone->shm.name);
    name[sizeof(name) - 1] = '\0';

    shpool = (ngx_slab_pool_t *) zone->shm.addr;
    *size = shpool->pfree * ngx_pagesize;

    *addr = ngx_slab_alloc(shpool, *size);
    entry = ngx_http_postern_memory_entry(name);

    if (*addr == NULL || entry == NULL) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "no memory in \"%V\"", &zone->shm.name);
        return NGX_ERROR;
    }

    fd = ngx_http_postern_memory_inherited(name, *size, zone->shm.log);
    rc = NGX_DECLINED;

    if (fd == NGX_INVALID_FILE) {
        fd = memfd_create(name, MFD_CLOEXEC);
        rc = NGX_OK;
    }

    if (fd == NGX_INVALID_FILE
        || (rc == NGX_OK && ftruncate(fd, (off_t) *size) == -1)
        || mmap(*addr, *size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd,
                0)
           == MAP_FAILED)
    {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, ngx_errno,
                      "no memory for \"%V\"", &zone->shm.name);

        if (fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(fd);
        }

        return NGX_ERROR;
    }

    if (entry->next != NGX_INVALID_FILE) {
        (void) ngx_close_file(entry->next);
    }

    entry->next = fd;
    entry->addr = *addr;

    return rc;
}


static ngx_http_postern_memory_t *
ngx_http_postern_memory_entry(const char *name)
{
    ngx_uint_t                  i;
    ngx_http_postern_memory_t  *entry;

    for (i = 0; i < NGX_HTTP_POSTERN_MEMORY_ZONES; i++) {
        entry = &ngx_http_postern_memories[i];

        if (entry->name[0] == '\0') {
            ngx_memcpy(entry->name, name, sizeof(entry->name));
            entry->fd = NGX_INVALID_FILE;
            entry->next = NGX_INVALID_FILE;
        }

        if (ngx_strcmp(entry->name, name) == 0) {
            return entry;
        }
    }

    return NULL;
}


/* what this nginx takes over: only its first configuration does */

static ngx_fd_t
ngx_http_postern_memory_inherited(const char *name, size_t size,
    ngx_log_t *log)
{
    DIR            *dir;
    char            link[NGX_MAX_PATH], path[64];
    size_t          len;
    ssize_t         n;
    ngx_fd_t        fd;
    struct stat     st;
    struct dirent  *de;

    if (ngx_http_postern_memory_begun || getenv("NGINX") == NULL
        || ngx_test_config)
    {
        return NGX_INVALID_FILE;
    }

    fd = NGX_INVALID_FILE;
    len = ngx_strlen(name);
    dir = opendir("/proc/self/fd");

    while (dir && fd == NGX_INVALID_FILE && (de = readdir(dir)) != NULL) {

        (void) ngx_snprintf((u_char *) path, sizeof(path),
                            "/proc/self/fd/%s%Z", de->d_name);
        path[sizeof(path) - 1] = '\0';

        n = readlink(path, link, sizeof(link) - 1);

        if (n <= 0) {
            continue;
        }

        link[n] = '\0';

        if (ngx_strncmp(link, "/memfd:", 7) == 0
            && ngx_strncmp(link + 7, name, len) == 0
            && (link[7 + len] == ' ' || link[7 + len] == '\0'))
        {
            fd = (ngx_fd_t) ngx_atoi((u_char *) de->d_name,
                                     ngx_strlen(de->d_name));
        }
    }

    if (dir) {
        (void) closedir(dir);
    }

    if (fd != NGX_INVALID_FILE
        && fstat(fd, &st) == 0 && (size_t) st.st_size == size)
    {
        return fd;
    }

    ngx_log_error(NGX_LOG_WARN, log, 0,
                  "the nginx that this one takes over from has no \"%s\" of "
                  "this size: what it holds is not known here", name + 8);

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    return NGX_INVALID_FILE;
}


ngx_int_t
ngx_http_postern_memory_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                  i;
    ngx_http_postern_memory_t  *entry;

    ngx_http_postern_memory_begun = 1;

    for (i = 0; i < NGX_HTTP_POSTERN_MEMORY_ZONES; i++) {
        entry = &ngx_http_postern_memories[i];

        if (entry->name[0] == '\0' || entry->next == NGX_INVALID_FILE) {
            continue;
        }

        if (!ngx_http_postern_memory_in_force(cycle, entry->addr)) {

            /* of a configuration that came to nothing */

            (void) ngx_close_file(entry->next);
            entry->next = NGX_INVALID_FILE;
            continue;
        }

        if (fcntl(entry->next, F_SETFD, 0) == -1) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                          "fcntl() of \"%s\" failed", entry->name);
            return NGX_ERROR;
        }

        if (entry->fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(entry->fd);
        }

        entry->fd = entry->next;
        entry->next = NGX_INVALID_FILE;
    }

    return NGX_OK;
}


/* the descriptors are the master's to hand on: what a worker starts, a script's
   program or the like, must not get shared memory with them */

void
ngx_http_postern_memory_init_process(void)
{
    ngx_uint_t                  i;
    ngx_http_postern_memory_t  *entry;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_HELPER)
    {
        return;
    }

    for (i = 0; i < NGX_HTTP_POSTERN_MEMORY_ZONES; i++) {
        entry = &ngx_http_postern_memories[i];

        if (entry->name[0] != '\0' && entry->fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(entry->fd);
            entry->fd = NGX_INVALID_FILE;
        }
    }
}


static ngx_uint_t
ngx_http_postern_memory_in_force(ngx_cycle_t *cycle, u_char *addr)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    for (part = &cycle->shared_memory.part; part; part = part->next) {
        zone = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (addr >= zone[i].shm.addr
                && addr < zone[i].shm.addr + zone[i].shm.size)
            {
                return 1;
            }
        }
    }

    return 0;
}
