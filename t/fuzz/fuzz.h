
/*
 * What the fuzzers share: properties, memory, and slices cut from an input.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern_buf.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* a property: what does not hold ends the process, and the input is kept */

#define HELD(cond)  do { if (!(cond)) { fuzz_broken(#cond, __FILE__,          \
                                                    __LINE__); } } while (0)


static inline void
fuzz_broken(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}


/* reads every byte, so that a slice of memory that is gone is noticed */

static inline void
fuzz_read(postern_str_t s)
{
    size_t                           i;
    static volatile unsigned char    sum;

    HELD(s.len == 0 || s.data != NULL);

    for (i = 0; i < s.len; i++) {
        sum ^= s.data[i];
    }
}


/* an error that says something, in characters that a log can take, and names a
   place within the text */

static inline void
fuzz_error(const postern_error_t *err, postern_str_t text)
{
    size_t    i;
    unsigned  lines;

    HELD(err->text[0] != '\0');
    HELD(memchr(err->text, '\0', sizeof(err->text)) != NULL);
    HELD(memchr(err->path, '\0', sizeof(err->path)) != NULL);

    for (i = 0; err->text[i]; i++) {
        HELD((unsigned char) err->text[i] >= 0x20 && err->text[i] != 0x7f);
    }

    for (i = 0; err->path[i]; i++) {
        HELD((unsigned char) err->path[i] >= 0x20 && err->path[i] != 0x7f);
    }

    for (lines = 1, i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }

    HELD(err->line <= lines);
    HELD(err->column <= text.len + 1);
}


/*
 * Memory as a pool of nginx gives it: not zeroed, and here each piece by
 * itself, so that the sanitizer sees its ends.  Where there is a limit, it runs
 * out: what was asked for must then fail, and nothing else.
 */

typedef struct {
    void    *list;
    size_t   left;
    int      out;          /* it did run out */
} fuzz_memory_t;


static inline void *
fuzz_take(void *data, size_t size)
{
    void           **p;
    fuzz_memory_t   *m = data;

    if (size > m->left) {
        m->out = 1;
        return NULL;
    }

    m->left -= size;

    p = malloc(2 * sizeof(void *) + size);
    HELD(p != NULL);

    memset(p + 2, 0xa5, size);
    *p = m->list;
    m->list = p;

    return p + 2;
}


static inline postern_alloc_t
fuzz_memory(fuzz_memory_t *m, size_t limit)
{
    postern_alloc_t  alloc;

    m->list = NULL;
    m->left = limit;
    m->out = 0;

    alloc.alloc = fuzz_take;
    alloc.data = m;

    return alloc;
}


static inline void
fuzz_free(fuzz_memory_t *m)
{
    void  *next;

    for ( /* void */ ; m->list; m->list = next) {
        next = *(void **) m->list;
        free(m->list);
    }
}


/* a limit that comes of the input, up to max */

static inline size_t
fuzz_limit(const uint8_t *data, size_t size, size_t max)
{
    size_t    i;
    uint32_t  h;

    for (h = 2166136261u, i = 0; i < size; i++) {
        h = (h ^ data[i]) * 16777619u;
    }

    return h % max;
}


/* a copy without a byte behind it; freed by the caller */

static inline postern_str_t
fuzz_copy(const uint8_t *data, size_t size)
{
    postern_str_t   s;
    unsigned char  *copy;

    copy = malloc(size ? size : 1);
    HELD(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    s.data = copy;
    s.len = size;

    return s;
}


/* cuts off what stands in front of the next end, or all; the rest stays */

static inline postern_str_t
fuzz_cut(postern_str_t *rest, int end)
{
    postern_str_t         piece;
    const unsigned char  *p;

    piece = *rest;
    p = rest->len ? memchr(rest->data, end, rest->len) : NULL;

    if (p != NULL) {
        piece.len = (size_t) (p - rest->data);
    }

    rest->data += piece.len + (p != NULL);
    rest->len -= piece.len + (p != NULL);

    return piece;
}


/* takes a byte off the front; 0 where there is none */

static inline unsigned
fuzz_byte(postern_str_t *rest)
{
    if (rest->len == 0) {
        return 0;
    }

    rest->len--;

    return *rest->data++;
}


#endif /* _FUZZ_H_INCLUDED_ */
