
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_snapshot.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <sodium.h>


static void ngx_http_postern_snapshot_open(ngx_http_postern_load_t *load,
    ngx_http_postern_source_t *source);
static void ngx_http_postern_snapshot_read(ngx_http_postern_load_t *load,
    ngx_http_postern_source_t *source, int fd);
static void ngx_http_postern_snapshot_digest(ngx_http_postern_load_t *load,
    u_char digest[NGX_HTTP_POSTERN_DIGEST]);
static void ngx_http_postern_snapshot_text(ngx_http_postern_load_t *load);
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
    size_t                      size;
    ngx_uint_t                  i;
    ngx_http_postern_source_t  *source;

    load->snapshot = NULL;
    load->result = NGX_HTTP_POSTERN_LOAD_OK;

    for (i = 0; i < load->nsources; i++) {
        load->at = i;
        ngx_http_postern_snapshot_open(load, &load->sources[i]);

        if (load->result != NGX_HTTP_POSTERN_LOAD_OK) {
            break;
        }
    }

    if (load->result == NGX_HTTP_POSTERN_LOAD_OK) {
        ngx_http_postern_snapshot_text(load);
    }

    size = 0;

    for (i = 0; i < load->nsources; i++) {
        source = &load->sources[i];

        if (source->text) {
            /* secrets may lie open in it */
            ngx_explicit_memzero(source->text, source->len);
            free(source->text);

            source->text = NULL;
            size += source->len;
        }
    }

    ngx_http_postern_snapshot_trim(size);
}


static void
ngx_http_postern_snapshot_open(ngx_http_postern_load_t *load,
    ngx_http_postern_source_t *source)
{
    int  fd;

    /* a fifo in place of the file must not hold the process */

    fd = open(source->name, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        ngx_http_postern_snapshot_unreadable(load, "open()", ngx_errno);
        return;
    }

    ngx_http_postern_snapshot_read(load, source, fd);

    (void) close(fd);
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
ngx_http_postern_snapshot_read(ngx_http_postern_load_t *load,
    ngx_http_postern_source_t *source, int fd)
{
    size_t       size;
    ssize_t      n;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        ngx_http_postern_snapshot_unreadable(load, "fstat()", ngx_errno);
        return;
    }

    /* taken before the text, so that what is written meanwhile is seen later */

    ngx_http_postern_file_set(&source->file, &st);

    if (!S_ISREG(st.st_mode)) {
        ngx_http_postern_snapshot_unreadable(load, "reading what is no "
                                             "regular file", 0);
        return;
    }

    if (st.st_size > source->max) {
        ngx_http_postern_snapshot_unreadable(load,
                                  source->max == POSTERN_DIRECTORY_MAX_SIZE
                                  ? "reading more than 256M"
                                  : "reading more than 4M", 0);
        return;
    }

    size = (size_t) st.st_size;

    source->len = 0;
    source->text = malloc(size + 1);

    if (source->text == NULL) {
        load->result = NGX_HTTP_POSTERN_LOAD_MEMORY;
        return;
    }

    while (source->len < size) {
        n = read(fd, source->text + source->len, size - source->len);

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

        source->len += n;
    }
}


static void
ngx_http_postern_snapshot_text(ngx_http_postern_load_t *load)
{
    u_char                digest[NGX_HTTP_POSTERN_DIGEST];
    uint32_t              i, n, faulty;
    postern_str_t         json;
    postern_directory_t  *dir;

    ngx_http_postern_snapshot_digest(load, digest);

    if (ngx_memcmp(digest, load->digest, sizeof(digest)) == 0) {
        load->result = NGX_HTTP_POSTERN_LOAD_SAME;
        return;
    }

    json.data = load->sources[0].text;
    json.len = load->sources[0].len;

    n = load->nsources - 1;

    for (i = 0; i < n; i++) {
        load->sets[i].text.data = load->sources[i + 1].text;
        load->sets[i].text.len = load->sources[i + 1].len;
    }

    dir = postern_directory_parse_sets(json, load->sets, n, &faulty,
                                       &load->fault);

    if (dir) {
        ngx_http_postern_snapshot_build(load, dir);

    } else {
        load->at = (faulty == n) ? 0 : faulty + 1;

        load->result = ngx_strcmp(load->fault.text, "out of memory") == 0
                       ? NGX_HTTP_POSTERN_LOAD_MEMORY
                       : NGX_HTTP_POSTERN_LOAD_BROKEN;
    }

    /* want of memory passes: the same text is worth another try then */

    if (load->result != NGX_HTTP_POSTERN_LOAD_MEMORY) {
        ngx_memcpy(load->digest, digest, sizeof(digest));
    }
}


/* of all texts, each behind its length: what moves from one to another is a
   change too */

static void
ngx_http_postern_snapshot_digest(ngx_http_postern_load_t *load,
    u_char digest[NGX_HTTP_POSTERN_DIGEST])
{
    ngx_uint_t                  i;
    crypto_generichash_state    state;
    ngx_http_postern_source_t  *source;

    (void) crypto_generichash_init(&state, NULL, 0, NGX_HTTP_POSTERN_DIGEST);

    for (i = 0; i < load->nsources; i++) {
        source = &load->sources[i];

        (void) crypto_generichash_update(&state, (u_char *) &source->len,
                                         sizeof(source->len));
        (void) crypto_generichash_update(&state, source->text, source->len);
    }

    (void) crypto_generichash_final(&state, digest, NGX_HTTP_POSTERN_DIGEST);
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
ngx_http_postern_snapshot_hold(ngx_http_postern_snapshot_t *snapshot)
{
    snapshot->refs++;
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
