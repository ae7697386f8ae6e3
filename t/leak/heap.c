
/*
 * Counts what a process has on its heap, for t/73*.t: a library to be loaded
 * with LD_PRELOAD.  Each process writes its counts to a file of its own, named
 * by its pid, in the folder HEAP_COUNTS; a child begins with those of its
 * parent, whose memory it has.
 *
 * Whatever reaches malloc() is counted, whoever calls it: nginx's pools,
 * jansson, OpenSSL, libsodium.  A leak can so be seen to the block, long before
 * it is seen in the memory of a process.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


typedef struct {
    int64_t  blocks;
    int64_t  bytes;
} heap_counts_t;


void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);


static heap_counts_t   heap_first;
static heap_counts_t  *heap = &heap_first;


/* the size that was asked for stands behind it, at the end of what malloc()
   really gave, which differs from one time to the next */

static int64_t *
heap_size(void *p)
{
    return (int64_t *) ((char *) p + (malloc_usable_size(p) & ~(size_t) 7)
                        - sizeof(int64_t));
}


static void *
heap_add(void *p, size_t size)
{
    if (p != NULL) {
        *heap_size(p) = size;

        __atomic_add_fetch(&heap->blocks, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&heap->bytes, size, __ATOMIC_RELAXED);
    }

    return p;
}


static void
heap_remove(int64_t bytes)
{
    __atomic_sub_fetch(&heap->blocks, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&heap->bytes, bytes, __ATOMIC_RELAXED);
}


/* with room for the size */

static size_t
heap_room(size_t size)
{
    return (size > PTRDIFF_MAX) ? SIZE_MAX : size + sizeof(int64_t);
}


void *
malloc(size_t size)
{
    return heap_add(__libc_malloc(heap_room(size)), size);
}


void *
calloc(size_t n, size_t size)
{
    if (__builtin_mul_overflow(n, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }

    return heap_add(__libc_calloc(1, heap_room(size)), size);
}


void *
realloc(void *p, size_t size)
{
    void     *q;
    int64_t   bytes;

    if (p == NULL) {
        return malloc(size);
    }

    if (size == 0) {
        free(p);
        return NULL;
    }

    bytes = *heap_size(p);

    q = __libc_realloc(p, heap_room(size));

    if (q != NULL) {
        heap_remove(bytes);
        heap_add(q, size);
    }

    return q;
}


void
free(void *p)
{
    if (p != NULL) {
        heap_remove(*heap_size(p));
        __libc_free(p);
    }
}


void *
memalign(size_t alignment, size_t size)
{
    return heap_add(__libc_memalign(alignment, heap_room(size)), size);
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    void  *q;

    q = memalign(alignment, size);

    if (q == NULL) {
        return ENOMEM;
    }

    *p = q;

    return 0;
}


/* the file of this process, with the counts that it has so far */

static void
heap_file(void)
{
    int             fd;
    char            path[256];
    void           *place;
    const char     *folder;
    heap_counts_t   now;

    folder = getenv("HEAP_COUNTS");

    if (folder == NULL) {
        return;
    }

    snprintf(path, sizeof(path), "%s/%d", folder, (int) getpid());

    fd = open(path, O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0644);

    if (fd == -1 || ftruncate(fd, sizeof(heap_counts_t)) == -1) {
        abort();
    }

    place = mmap(NULL, sizeof(heap_counts_t), PROT_READ|PROT_WRITE, MAP_SHARED,
                 fd, 0);

    if (place == MAP_FAILED) {
        abort();
    }

    (void) close(fd);

    now = *heap;
    memcpy(place, &now, sizeof(heap_counts_t));

    if (heap != &heap_first) {
        (void) munmap(heap, sizeof(heap_counts_t));
    }

    heap = place;
}


__attribute__((constructor)) static void
heap_start(void)
{
    heap_file();

    if (pthread_atfork(NULL, NULL, heap_file) != 0) {
        abort();
    }
}
