
/*
 * Slices and allocators: the two types every pure file of Postern speaks.
 *
 * Pure files include no nginx header, so that they build alone for unit tests,
 * fuzzers, benchmarks and the command line.
 */


#ifndef _POSTERN_BUF_H_INCLUDED_
#define _POSTERN_BUF_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>


/*
 * A slice of bytes that somebody else owns: not terminated by NUL, never freed
 * through the slice.  { 0, NULL } is absent, { 0, non-NULL } is empty.
 */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} postern_str_t;


#define postern_string(s)     { sizeof(s) - 1, (const unsigned char *) s }
#define postern_null_string   { 0, NULL }


/*
 * Where a pure function gets memory from: the pool of a request, an arena.
 * alloc() returns memory aligned for any type, not zeroed, or NULL; nothing is
 * freed one by one, everything goes with its owner.
 */

typedef struct {
    void   *(*alloc)(void *data, size_t size);
    void   *data;
} postern_alloc_t;


static inline void *
postern_alloc(const postern_alloc_t *a, size_t size)
{
    return a->alloc(a->data, size);
}


static inline int
postern_str_eq(postern_str_t a, postern_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


static inline int
postern_same(const unsigned char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, b_len) == 0;
}


/* of any slice, nginx's own too */

#define postern_str_is(s, literal)                                            \
    postern_same((s).data, (s).len, literal, sizeof(literal) - 1)


/*
 * What was wrong with a text, and where.  line and column count from 1 and are
 * 0 where there is none; path names a member: organizations.acme.keys.AK1.
 */

#define POSTERN_ERROR_TEXT  256
#define POSTERN_ERROR_PATH  256

typedef struct {
    unsigned  line;
    unsigned  column;
    char      path[POSTERN_ERROR_PATH];
    char      text[POSTERN_ERROR_TEXT];
} postern_error_t;


#endif /* _POSTERN_BUF_H_INCLUDED_ */
