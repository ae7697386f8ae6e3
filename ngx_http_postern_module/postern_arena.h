
/*
 * An arena: memory that is taken in pieces and returned whole.  A directory
 * snapshot and everything compiled from it live in one.
 *
 * Not safe for use by two threads at once; one arena belongs to one snapshot.
 */


#ifndef _POSTERN_ARENA_H_INCLUDED_
#define _POSTERN_ARENA_H_INCLUDED_


#include "postern_buf.h"


typedef struct postern_arena_s  postern_arena_t;


/* NULL when out of memory */
postern_arena_t *postern_arena_create(void);

/* wipes and frees everything taken from it; NULL is allowed */
void postern_arena_destroy(postern_arena_t *arena);

/* aligned for any type, zeroed; NULL when out of memory */
void *postern_arena_alloc(postern_arena_t *arena, size_t size);

/* a copy of the slice with a NUL behind it (not counted in len); 0, or -1 when
   out of memory */
int postern_arena_dup(postern_arena_t *arena, postern_str_t s,
    postern_str_t *copy);

/* the arena as an allocator for pure functions */
postern_alloc_t postern_arena_allocator(postern_arena_t *arena);

/* bytes taken so far, for logs and limits */
size_t postern_arena_size(const postern_arena_t *arena);


#endif /* _POSTERN_ARENA_H_INCLUDED_ */
