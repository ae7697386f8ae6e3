/* link: ngx_http_postern_module/postern_arena.c */

#include "postern_arena.h"
#include "unit.h"


TEST(memory_is_aligned_zeroed_and_apart)
{
    size_t            i, n, size;
    unsigned char    *p;
    unsigned          misaligned, dirty;
    postern_arena_t  *arena;

    arena = postern_arena_create();
    misaligned = 0;
    dirty = 0;

    for (i = 0; i < 20000; i++) {
        size = i % 97 + (i % 1000 == 0 ? 100000 : 0);
        p = postern_arena_alloc(arena, size);

        if (p == NULL) {
            break;
        }

        misaligned += (uintptr_t) p % _Alignof(max_align_t) != 0;

        for (n = 0; n < size; n++) {
            dirty += p[n] != 0;
        }

        memset(p, 0xff, size);
    }

    EXPECT_INT(i, 20000);
    EXPECT_INT(misaligned, 0);
    EXPECT_INT(dirty, 0);
    EXPECT(postern_arena_size(arena) > 20000 * 48);

    postern_arena_destroy(arena);
}


TEST(nothing_is_a_piece_of_its_own)
{
    void             *a, *b;
    postern_arena_t  *arena;

    arena = postern_arena_create();

    a = postern_arena_alloc(arena, 0);
    b = postern_arena_alloc(arena, 0);

    EXPECT(a != NULL && b != NULL && a != b);

    postern_arena_destroy(arena);
}


TEST(a_size_that_cannot_be_is_refused)
{
    postern_arena_t  *arena;

    arena = postern_arena_create();

    EXPECT(postern_arena_alloc(arena, SIZE_MAX) == NULL);
    EXPECT(postern_arena_alloc(arena, SIZE_MAX - 15) == NULL);
    EXPECT(postern_arena_alloc(arena, SIZE_MAX / 2 + 1) == NULL);
    EXPECT(postern_arena_alloc(arena, 16) != NULL);

    postern_arena_destroy(arena);
}


TEST(a_large_piece_does_not_end_the_small_ones)
{
    unsigned char    *a, *b;
    postern_arena_t  *arena;

    arena = postern_arena_create();

    a = postern_arena_alloc(arena, 16);
    EXPECT(postern_arena_alloc(arena, 1024 * 1024) != NULL);
    b = postern_arena_alloc(arena, 16);

    EXPECT(b == a + 16);

    postern_arena_destroy(arena);
}


TEST(a_copy_ends_with_nul)
{
    postern_str_t     s = postern_string("acme"), copy, none = { 0, NULL };
    postern_arena_t  *arena;

    arena = postern_arena_create();

    EXPECT_INT(postern_arena_dup(arena, s, &copy), 0);
    EXPECT_STR(copy, "acme");
    EXPECT(copy.data != s.data);
    EXPECT_INT(copy.data[4], 0);

    EXPECT_INT(postern_arena_dup(arena, none, &copy), 0);
    EXPECT_STR(copy, "");
    EXPECT(copy.data != NULL);

    postern_arena_destroy(arena);
}


TEST(an_arena_is_an_allocator)
{
    postern_alloc_t   a;
    postern_arena_t  *arena;

    arena = postern_arena_create();
    a = postern_arena_allocator(arena);

    EXPECT(postern_alloc(&a, 100) != NULL);
    EXPECT(postern_arena_size(arena) >= 100);

    postern_arena_destroy(arena);
    postern_arena_destroy(NULL);
}


UNIT_MAIN()
