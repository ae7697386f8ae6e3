/* link: ngx_http_postern_module/postern_lru.c
         ngx_http_postern_module/postern_arena.c -lsodium
         -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
         -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

#include "postern_lru.h"
#include "scarce.h"


static const unsigned char  seed[16] = "0123456789abcdef";

static int  values[1000];


static postern_str_t
name_of(unsigned n)
{
    static char    text[32];
    postern_str_t  s;

    s.len = (size_t) snprintf(text, sizeof(text), "key-%u", n);
    s.data = (unsigned char *) text;

    return s;
}


TEST(the_one_nobody_asked_for_makes_room)
{
    postern_lru_t  *lru = postern_lru_create(3, seed);

    EXPECT(postern_lru_pop(lru) == NULL);
    EXPECT(postern_lru_find(lru, name_of(1)) == NULL);
    EXPECT(postern_lru_remove(lru, name_of(1)) == NULL);

    EXPECT(postern_lru_add(lru, name_of(1), &values[1]) == NULL);
    EXPECT(postern_lru_add(lru, name_of(2), &values[2]) == NULL);
    EXPECT(postern_lru_add(lru, name_of(3), &values[3]) == NULL);
    EXPECT_INT(postern_lru_count(lru), 3);

    EXPECT(postern_lru_find(lru, name_of(1)) == &values[1]);
    EXPECT(postern_lru_add(lru, name_of(4), &values[4]) == &values[2]);
    EXPECT(postern_lru_find(lru, name_of(2)) == NULL);
    EXPECT(postern_lru_find(lru, name_of(3)) == &values[3]);

    /* of the same name: in its place, the youngest */

    EXPECT(postern_lru_add(lru, name_of(1), &values[5]) == &values[1]);
    EXPECT_INT(postern_lru_count(lru), 3);
    EXPECT(postern_lru_find(lru, name_of(1)) == &values[5]);

    EXPECT(postern_lru_remove(lru, name_of(3)) == &values[3]);
    EXPECT(postern_lru_remove(lru, name_of(3)) == NULL);
    EXPECT_INT(postern_lru_count(lru), 2);

    EXPECT(postern_lru_pop(lru) == &values[4]);
    EXPECT(postern_lru_pop(lru) == &values[5]);
    EXPECT(postern_lru_pop(lru) == NULL);

    EXPECT(postern_lru_add(lru, name_of(6), &values[6]) == NULL);
    EXPECT(postern_lru_find(lru, name_of(6)) == &values[6]);

    postern_lru_destroy(lru);
}


TEST(names_are_bytes_of_any_kind)
{
    postern_lru_t  *lru = postern_lru_create(1, seed);
    postern_str_t   none = { 0, NULL }, s;
    unsigned char   bytes[POSTERN_LRU_NAME_MAX + 1];

    memset(bytes, 0, sizeof(bytes));
    s.data = bytes;
    s.len = POSTERN_LRU_NAME_MAX;

    EXPECT(postern_lru_add(lru, none, &values[0]) == &values[0]);
    EXPECT(postern_lru_find(lru, none) == NULL);
    EXPECT(postern_lru_add(lru, s, &values[1]) == NULL);
    EXPECT(postern_lru_find(lru, s) == &values[1]);

    s.len--;
    EXPECT(postern_lru_find(lru, s) == NULL);
    s.len += 2;
    EXPECT(postern_lru_find(lru, s) == NULL);
    EXPECT(postern_lru_add(lru, s, &values[2]) == &values[2]);
    EXPECT_INT(postern_lru_count(lru), 1);

    postern_lru_destroy(lru);
}


/* against a plain list, youngest first */

TEST(it_is_what_a_list_says)
{
    unsigned        i, k, n, count, list[50], wrong;
    uint32_t        state;
    postern_lru_t  *lru = postern_lru_create(50, seed);
    void           *was, *got;

    state = 1;
    count = 0;
    wrong = 0;

    for (i = 0; i < 20000; i++) {
        state = state * 1664525 + 1013904223;
        n = (state >> 8) % 120;

        for (k = 0; k < count && list[k] != n; k++) { /* void */ }

        was = (k < count) ? &values[n] : NULL;

        if (was) {
            memmove(&list[k], &list[k + 1], (count - k - 1) * sizeof(unsigned));
            count--;
        }

        switch ((state >> 24) % 4) {

        case 0:
            got = postern_lru_remove(lru, name_of(n));
            wrong += got != was;
            break;

        case 1:
            got = postern_lru_find(lru, name_of(n));
            wrong += got != was;

            if (was == NULL) {
                break;
            }

            memmove(&list[1], &list[0], count++ * sizeof(unsigned));
            list[0] = n;
            break;

        default:
            if (was == NULL && count == 50) {
                was = &values[list[--count]];
            }

            got = postern_lru_add(lru, name_of(n), &values[n]);
            wrong += got != was;

            memmove(&list[1], &list[0], count++ * sizeof(unsigned));
            list[0] = n;
        }

        wrong += postern_lru_count(lru) != count;
    }

    EXPECT_INT(wrong, 0);
    EXPECT(count > 10);

    while (count) {
        EXPECT(postern_lru_pop(lru) == &values[list[--count]]);
    }

    postern_lru_destroy(lru);
}


TEST(without_memory_there_is_none)
{
    postern_lru_t  *lru;

    while (scarce_next()) {
        lru = postern_lru_create(10, seed);

        EXPECT((lru == NULL) == (scarce_failed() != 0));

        postern_lru_destroy(lru);
    }
}


UNIT_MAIN()
