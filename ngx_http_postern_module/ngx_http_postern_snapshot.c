
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_snapshot.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <sodium.h>


static void ngx_http_postern_snapshot_read(ngx_http_postern_load_t *load,
    int fd, u_char **text, size_t *len);
static void ngx_http_postern_snapshot_text(ngx_http_postern_load_t *load,
    u_char *text, size_t len);
static void ngx_http_postern_snapshot_build(ngx_http_postern_load_t *load,
    postern_directory_t *dir);
static void ngx_http_postern_snapshot_unreadable(
    ngx_http_postern_load_t *load, const char *failed, ngx_err_t err);
static void ngx_http_postern_snapshot_trim(size_t size);
#if (NGX_THREADS)
static ngx_int_t ngx_http_postern_snapshot_post(ngx_thread_pool_t *tp,
    postern_directory_t *dir);
static void ngx_http_postern_snapshot_free(void *data, ngx_log_t *log);
static void ngx_http_postern_snapshot_freed(ngx_event_t *ev);
#endif


/* a directory of less is wiped in no time */
#define NGX_HTTP_POSTERN_SNAPSHOT_SMALL  (1024 * 1024)


void
ngx_http_postern_snapshot_load(ngx_http_postern_load_t *load)
{
    int      fd;
    size_t   len;
    u_char  *text;

    load->snapshot = NULL;

    /* a fifo in place of the file must not hold the process */

    fd = open(load->name, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        ngx_http_postern_snapshot_unreadable(load, "open()", ngx_errno);
        return;
    }

    text = NULL;
    len = 0;
    ngx_http_postern_snapshot_read(load, fd, &text, &len);

    (void) close(fd);

    if (load->result == NGX_HTTP_POSTERN_LOAD_OK) {
        ngx_http_postern_snapshot_text(load, text, len);
    }

    if (text) {
        /* secrets may lie open in it */
        ngx_explicit_memzero(text, len);
        free(text);

        ngx_http_postern_snapshot_trim(len);
    }
}


/*
 * The parsed document is five times what is kept of it, in small pieces among
 * those of others: glibc would keep all that memory in case it is needed again,
 * which is at the next change.
 */

static void
ngx_http_postern_snapshot_trim(size_t size)
{
#if defined(__GLIBC__)

    if (size > NGX_HTTP_POSTERN_SNAPSHOT_SMALL) {
        (void) malloc_trim(0);
    }

#endif
}


static void
ngx_http_postern_snapshot_read(ngx_http_postern_load_t *load, int fd,
    u_char **text, size_t *len)
{
    size_t       size;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        ngx_http_postern_snapshot_unreadable(load, "fstat()", ngx_errno);
        return;
    }

    /* taken before the text, so that what is written meanwhile is seen later */

    ngx_http_postern_file_set(&load->file, &st);

    if (!S_ISREG(st.st_mode)) {
        ngx_http_postern_snapshot_unreadable(load, "reading what is no "
                                             "regular file", 0);
        return;
    }

    if (st.st_size > POSTERN_DIRECTORY_MAX_SIZE) {
        ngx_http_postern_snapshot_unreadable(load, "reading more than 256M",
                                             0);
        return;
    }

    size = (size_t) st.st_size;

    *text = malloc(size + 1);

    if (*text == NULL) {
        load->result = NGX_HTTP_POSTERN_LOAD_MEMORY;
        return;
    }

    while (*len < size) {
        n = read(fd, *text + *len, size - *len);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            continue;
        }

        if (n == -1) {
            ngx_http_postern_snapshot_unreadable(load, "read()", ngx_errno);
            return;
        }

        if (n == 0) {
            break;
        }

        *len += n;
    }

    load->result = NGX_HTTP_POSTERN_LOAD_OK;
}


static void
ngx_http_postern_snapshot_text(ngx_http_postern_load_t *load, u_char *text,
    size_t len)
{
    u_char                digest[NGX_HTTP_POSTERN_DIGEST];
    postern_str_t         json;
    postern_directory_t  *dir;

    (void) crypto_generichash(digest, sizeof(digest), text, len, NULL, 0);

    if (ngx_memcmp(digest, load->digest, sizeof(digest)) == 0) {
        load->result = NGX_HTTP_POSTERN_LOAD_SAME;
        return;
    }

    json.data = text;
    json.len = len;

    dir = postern_directory_parse(json, &load->fault);

    if (dir) {
        ngx_http_postern_snapshot_build(load, dir);

    } else {
        load->result = ngx_strcmp(load->fault.text, "out of memory") == 0
                       ? NGX_HTTP_POSTERN_LOAD_MEMORY
                       : NGX_HTTP_POSTERN_LOAD_BROKEN;
    }

    /* want of memory passes: the same text is worth another try then */

    if (load->result != NGX_HTTP_POSTERN_LOAD_MEMORY) {
        ngx_memcpy(load->digest, digest, sizeof(digest));
    }
}


static void
ngx_http_postern_snapshot_build(ngx_http_postern_load_t *load,
    postern_directory_t *dir)
{
    ngx_uint_t                    i;
    ngx_http_postern_snapshot_t  *snapshot;

    load->result = NGX_HTTP_POSTERN_LOAD_MEMORY;

    snapshot = postern_arena_alloc(dir->arena,
                                   sizeof(ngx_http_postern_snapshot_t));
    if (snapshot == NULL) {
        postern_directory_destroy(dir);
        return;
    }

    snapshot->dir = dir;
    snapshot->refs = 1;

    ngx_memcpy(snapshot->features, load->features, sizeof(snapshot->features));

    for (i = 0; i < NGX_HTTP_POSTERN_FEATURES; i++) {
        if (snapshot->features[i].build == NULL) {
            continue;
        }

        snapshot->built[i] = snapshot->features[i].build(dir, dir->arena);

        if (snapshot->built[i] == NULL) {
            postern_directory_destroy(dir);
            return;
        }
    }

    load->snapshot = snapshot;
    load->result = NGX_HTTP_POSTERN_LOAD_OK;
}


static void
ngx_http_postern_snapshot_unreadable(ngx_http_postern_load_t *load,
    const char *failed, ngx_err_t err)
{
    load->result = NGX_HTTP_POSTERN_LOAD_UNREADABLE;
    load->failed = failed;
    load->err = err;
}


void
ngx_http_postern_file_set(ngx_http_postern_file_t *file,
    const struct stat *st)
{
    ngx_memzero(file, sizeof(ngx_http_postern_file_t));

    file->dev = st->st_dev;
    file->ino = st->st_ino;
    file->size = st->st_size;
    file->mtime = st->st_mtim;
    file->ctime = st->st_ctim;
}


void
ngx_http_postern_snapshot_release(ngx_http_postern_snapshot_t *snapshot)
{
    ngx_uint_t  i;

    if (--snapshot->refs > 0) {
        return;
    }

    for (i = 0; i < NGX_HTTP_POSTERN_FEATURES; i++) {
        if (snapshot->prepared[i] && snapshot->features[i].destroy) {
            snapshot->features[i].destroy(snapshot->prepared[i]);
        }
    }

#if (NGX_THREADS)

    /* threads end before the pools of an exiting worker do */

    if (snapshot->thread_pool
        && postern_arena_size(snapshot->dir->arena)
           > NGX_HTTP_POSTERN_SNAPSHOT_SMALL
        && !ngx_exiting && !ngx_terminate && !ngx_quit
        && ngx_http_postern_snapshot_post(snapshot->thread_pool,
                                          snapshot->dir)
           == NGX_OK)
    {
        return;
    }

#endif

    postern_directory_destroy(snapshot->dir);
}


#if (NGX_THREADS)

static ngx_int_t
ngx_http_postern_snapshot_post(ngx_thread_pool_t *tp,
    postern_directory_t *dir)
{
    ngx_thread_task_t  *task;

    task = calloc(1, sizeof(ngx_thread_task_t));
    if (task == NULL) {
        return NGX_ERROR;
    }

    task->ctx = dir;
    task->handler = ngx_http_postern_snapshot_free;
    task->event.handler = ngx_http_postern_snapshot_freed;
    task->event.data = task;

    if (ngx_thread_task_post(tp, task) != NGX_OK) {
        free(task);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_postern_snapshot_free(void *data, ngx_log_t *log)
{
    size_t                size;
    postern_directory_t  *dir = data;

    size = postern_arena_size(dir->arena);

    postern_directory_destroy(dir);

    ngx_http_postern_snapshot_trim(size);
}


static void
ngx_http_postern_snapshot_freed(ngx_event_t *ev)
{
    free(ev->data);
}

#endif


const postern_directory_t *
ngx_http_postern_snapshot_directory(ngx_http_postern_snapshot_t *snapshot)
{
    return snapshot->dir;
}


const void *
ngx_http_postern_snapshot_built(ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_feature_e f)
{
    return snapshot->built[f];
}


void *
ngx_http_postern_snapshot_prepared(ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_feature_e f)
{
    if (snapshot->prepared[f] == NULL && snapshot->features[f].prepare) {
        snapshot->prepared[f] = snapshot->features[f].prepare(snapshot->dir);
    }

    return snapshot->prepared[f];
}
