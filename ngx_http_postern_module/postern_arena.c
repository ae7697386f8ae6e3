
#include <stdlib.h>

#include "postern_arena.h"


/* pieces grow with the arena, so that small ones stay small and large ones are
   taken in few steps */

#define POSTERN_ARENA_MIN_CHUNK  4096
#define POSTERN_ARENA_MAX_CHUNK  (1024 * 1024)

#define POSTERN_ARENA_ALIGN      _Alignof(max_align_t)


typedef struct postern_chunk_s  postern_chunk_t;

struct postern_chunk_s {
    postern_chunk_t   *next;
    size_t             size;        /* of the memory behind this header */
    size_t             used;
    max_align_t        memory[];
};


struct postern_arena_s {
    postern_chunk_t   *chunks;      /* the first one is being filled */
    size_t             next_size;
    size_t             size;
};


static postern_chunk_t *postern_arena_grow(postern_arena_t *arena,
    size_t size);
static void *postern_arena_take(void *data, size_t size);


postern_arena_t *
postern_arena_create(void)
{
    postern_arena_t  *arena;

    arena = calloc(1, sizeof(postern_arena_t));
    if (arena == NULL) {
        return NULL;
    }

    arena->next_size = POSTERN_ARENA_MIN_CHUNK;

    return arena;
}


void
postern_arena_destroy(postern_arena_t *arena)
{
    postern_chunk_t  *chunk, *next;

    if (arena == NULL) {
        return;
    }

    for (chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;

        /* secrets lie in here as they stood in the document */
        explicit_bzero(chunk->memory, chunk->used);
        free(chunk);
    }

    free(arena);
}


void *
postern_arena_alloc(postern_arena_t *arena, size_t size)
{
    void             *p;
    postern_chunk_t  *chunk;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    /* everything stays aligned for any type, and no two pieces are one */
    size += size == 0;
    size = (size + POSTERN_ARENA_ALIGN - 1) / POSTERN_ARENA_ALIGN
           * POSTERN_ARENA_ALIGN;

    chunk = arena->chunks;

    if (chunk == NULL || chunk->size - chunk->used < size) {
        chunk = postern_arena_grow(arena, size);
        if (chunk == NULL) {
            return NULL;
        }
    }

    p = (unsigned char *) chunk->memory + chunk->used;
    chunk->used += size;
    arena->size += size;

    return p;
}


static postern_chunk_t *
postern_arena_grow(postern_arena_t *arena, size_t size)
{
    size_t            n;
    postern_chunk_t  *chunk;

    n = size > arena->next_size ? size : arena->next_size;

    /* memory from calloc() is zeroed, mostly by the kernel and for free */

    chunk = calloc(1, sizeof(postern_chunk_t) + n);
    if (chunk == NULL) {
        return NULL;
    }

    chunk->size = n;

    if (arena->chunks && size > arena->next_size) {

        /* a large piece of its own must not end the filling of the first */

        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;

        return chunk;
    }

    chunk->next = arena->chunks;
    arena->chunks = chunk;

    if (arena->next_size < POSTERN_ARENA_MAX_CHUNK) {
        arena->next_size *= 2;
    }

    return chunk;
}


int
postern_arena_dup(postern_arena_t *arena, postern_str_t s,
    postern_str_t *copy)
{
    unsigned char  *p;

    p = postern_arena_alloc(arena, s.len + 1);
    if (p == NULL) {
        return -1;
    }

    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    copy->len = s.len;
    copy->data = p;

    return 0;
}


postern_alloc_t
postern_arena_allocator(postern_arena_t *arena)
{
    postern_alloc_t  a;

    a.alloc = postern_arena_take;
    a.data = arena;

    return a;
}


static void *
postern_arena_take(void *data, size_t size)
{
    return postern_arena_alloc(data, size);
}


size_t
postern_arena_size(const postern_arena_t *arena)
{
    return arena->size;
}
