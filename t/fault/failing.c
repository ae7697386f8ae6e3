/*
 * Preloaded into nginx by the fault harness: makes allocations fail.
 *
 *     gcc -shared -fPIC -O2 -o failing.so failing.c
 *     FAILING=/path/of/control LD_PRELOAD=./failing.so nginx ...
 *
 * The control file holds three numbers of 32 bits: one allocation in so many
 * fails (0: none), a state of chance, and how many have failed.  It is mapped,
 * so that the harness changes it while nginx runs.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>


typedef struct {
    uint32_t  one_in;
    uint32_t  state;
    uint32_t  failed;
} control_t;


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);


static control_t  *control;


__attribute__((constructor))
static void
begin(void)
{
    int          fd;
    void        *p;
    const char  *path;

    path = getenv("FAILING");
    fd = path ? open(path, O_RDWR|O_CLOEXEC) : -1;

    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(control_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    (void) close(fd);

    if (p != MAP_FAILED) {
        control = p;
    }
}


/* SplitMix of a count: any number of processes may take from it */

static int
fails(void)
{
    uint32_t  x, one_in;

    if (control == NULL
        || (one_in = __atomic_load_n(&control->one_in, __ATOMIC_RELAXED)) == 0)
    {
        return 0;
    }

    x = __atomic_add_fetch(&control->state, 0x9e3779b9, __ATOMIC_RELAXED);
    x = (x ^ (x >> 16)) * 0x21f0aaad;
    x = (x ^ (x >> 15)) * 0x735a2d97;
    x ^= x >> 15;

    if (x % one_in) {
        return 0;
    }

    (void) __atomic_add_fetch(&control->failed, 1, __ATOMIC_RELAXED);
    errno = ENOMEM;

    return 1;
}


void *
malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}


void *
memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    void  *memory;

    memory = memalign(alignment, size);

    if (memory == NULL) {
        return ENOMEM;
    }

    *p = memory;

    return 0;
}
