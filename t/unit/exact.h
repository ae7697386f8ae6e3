
/*
 * Copies of exactly their length on the heap, so that a read beyond the end of
 * an input is a fault that the sanitizer reports.  Freed at exit.
 */


#ifndef _EXACT_H_INCLUDED_
#define _EXACT_H_INCLUDED_


#include "unit.h"


#define EXACT_MAX  4096


static void     *exact_kept[EXACT_MAX];
static unsigned  exact_n;


__attribute__((destructor)) static void
exact_free(void)
{
    while (exact_n > 0) {
        free(exact_kept[--exact_n]);
    }
}


static inline unsigned char *
exact_bytes(const void *data, size_t len)
{
    unsigned char  *p;

    p = malloc(len ? len : 1);

    if (p == NULL || exact_n == EXACT_MAX) {
        abort();
    }

    exact_kept[exact_n++] = p;

    if (len != 0) {
        memcpy(p, data, len);
    }

    return p;
}


static inline postern_str_t
exact_slice(const void *data, size_t len)
{
    postern_str_t  s;

    s.data = exact_bytes(data, len);
    s.len = len;

    return s;
}


static inline postern_str_t
exact(const char *text)
{
    return exact_slice(text, strlen(text));
}


#endif /* _EXACT_H_INCLUDED_ */
