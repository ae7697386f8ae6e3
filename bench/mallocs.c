
/*
 * Counts calls of malloc(), calloc(), realloc() and those that align, of all
 * libraries of a process, and writes the number into the file $MALLOCS at its
 * end.  For LD_PRELOAD; bench/schemes compiles it.
 */


#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>


void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);


static unsigned long  mallocs_made;


static void
mallocs_count(void)
{
    __atomic_fetch_add(&mallocs_made, 1, __ATOMIC_RELAXED);
}


void *
malloc(size_t size)
{
    mallocs_count();
    return __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    mallocs_count();
    return __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    mallocs_count();
    return __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    mallocs_count();
    *p = __libc_memalign(alignment, size);
    return *p == NULL;
}


__attribute__((destructor))
static void
mallocs_write(void)
{
    FILE        *f;
    const char  *name;

    name = getenv("MALLOCS");
    f = name ? fopen(name, "w") : NULL;

    if (f) {
        fprintf(f, "%lu\n", mallocs_made);
        fclose(f);
    }
}
