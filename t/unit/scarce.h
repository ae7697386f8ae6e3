
/*
 * Memory that runs out: what a test calls is repeated with the first, the
 * second, ... request for memory refused, until it asks for no more than there
 * is.
 *
 *     while (scarce_next()) {
 *         rc = parse(text, scarce_allocator());
 *
 *         if (scarce_failed()) {
 *             EXPECT_INT(rc, OUT_OF_MEMORY);
 *         } else {
 *             EXPECT_INT(rc, OK);
 *         }
 *     }
 *
 * One request fails and those behind it are served again, so that code which
 * looks away goes on and is caught.  Requests are those of malloc(), calloc()
 * and realloc() in what the program links, of arenas, of scarce_allocator() and
 * of jansson.  The program's "link:" names
 *
 *     -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
 *     -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
 */


#ifndef _SCARCE_H_INCLUDED_
#define _SCARCE_H_INCLUDED_


#include "postern_arena.h"
#include "unit.h"


static unsigned long  scarce_round;    /* which request fails; 0: none */
static unsigned long  scarce_asked;
static int            scarce_on;


void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);

/* not every program has arenas */
void *__real_postern_arena_alloc(postern_arena_t *arena, size_t size)
    __attribute__((weak));
int __real_postern_arena_dup(postern_arena_t *arena, postern_str_t s,
    postern_str_t *copy)
    __attribute__((weak));


/* that the request that came is refused */

static inline int
scarce_refused(void)
{
    return scarce_on && ++scarce_asked == scarce_round;
}


/* 0 when the round before this one had all it asked for */

static inline int
scarce_next(void)
{
    if (scarce_on && scarce_asked < scarce_round) {
        scarce_on = 0;
        scarce_round = 0;
        return 0;
    }

    scarce_on = 1;
    scarce_asked = 0;
    scarce_round++;

    return 1;
}


/* that a request of this round was refused; no further one will be */

static inline int
scarce_failed(void)
{
    return scarce_asked >= scarce_round;
}


/* for what a test does between two rounds, itself */

static inline void
scarce_pause(int pause)
{
    scarce_on = !pause;
}


void *
__wrap_malloc(size_t size)
{
    return scarce_refused() ? NULL : __real_malloc(size);
}


void *
__wrap_calloc(size_t n, size_t size)
{
    return scarce_refused() ? NULL : __real_calloc(n, size);
}


void *
__wrap_realloc(void *p, size_t size)
{
    return scarce_refused() ? NULL : __real_realloc(p, size);
}


void *__wrap_postern_arena_alloc(postern_arena_t *arena, size_t size);
int __wrap_postern_arena_dup(postern_arena_t *arena, postern_str_t s,
    postern_str_t *copy);


void *
__wrap_postern_arena_alloc(postern_arena_t *arena, size_t size)
{
    return scarce_refused() ? NULL : __real_postern_arena_alloc(arena, size);
}


int
__wrap_postern_arena_dup(postern_arena_t *arena, postern_str_t s,
    postern_str_t *copy)
{
    return scarce_refused() ? -1 : __real_postern_arena_dup(arena, s, copy);
}


/* pieces of their own, so that a sanitizer sees what is written beyond one */

typedef struct scarce_piece_s  scarce_piece_t;

struct scarce_piece_s {
    scarce_piece_t  *next;
    max_align_t      memory[];
};


static scarce_piece_t  *scarce_pieces;


static inline void *
scarce_take(void *data, size_t size)
{
    scarce_piece_t  *piece;

    if (scarce_refused()) {
        return NULL;
    }

    piece = __real_malloc(sizeof(scarce_piece_t) + size);

    if (piece == NULL) {
        abort();
    }

    /* what is not written by its owner is not zero */
    memset(piece->memory, 0xa5, size);

    piece->next = scarce_pieces;
    scarce_pieces = piece;

    return piece->memory;
}


static inline postern_alloc_t
scarce_allocator(void)
{
    postern_alloc_t  a;

    a.alloc = scarce_take;
    a.data = NULL;

    return a;
}


/* gives back all that scarce_allocator() gave */

__attribute__((destructor)) static void
scarce_free(void)
{
    scarce_piece_t  *piece;

    while ((piece = scarce_pieces) != NULL) {
        scarce_pieces = piece->next;
        free(piece);
    }
}


#ifdef JANSSON_H

/* jansson's own requests; before the first of them */

static void *
scarce_json(size_t size)
{
    return scarce_refused() ? NULL : __real_malloc(size);
}


static inline void
scarce_jansson(void)
{
    json_set_alloc_funcs(scarce_json, free);
}

#endif


#endif /* _SCARCE_H_INCLUDED_ */
