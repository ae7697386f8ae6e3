/* link: ngx_http_postern_module/postern_table.c
         ngx_http_postern_module/postern_table_cell.c
         ngx_http_postern_module/postern_table_quota.c -lsodium */

/* The table while the clock jumps: no claim is made twice. */

#include "table.h"


#define MINUTE  60000
#define DAY     86400000
#define START   (400LL * DAY)


/* a claim that ends at a given time, however late it is made */

static int
claim(postern_table_t *t, unsigned n, int64_t now, int64_t end)
{
    int64_t               age;
    postern_table_hash_t  h = hash_of(t, POSTERN_TABLE_CLAIM, n);

    return (int) postern_table_claim(t, &h, now, end - now, &age);
}


static int
reserve(postern_table_t *t, unsigned n, int64_t now, int64_t end)
{
    int64_t                  age;
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_CLAIM, n);
    postern_table_attempt_t  attempt;

    return (int) postern_table_reserve(t, &h, now, end - now, now + 500,
                                       &attempt, &age);
}


/* claims of other names until the hand, two cells at each, was everywhere */

static void
sweep(postern_table_t *t, int64_t now)
{
    unsigned  i;

    for (i = 0; i <= t->ncells / 2; i++) {
        (void) claim(t, 100000 + i, now, now + 1);
    }
}


TEST(a_claim_that_was_swept_is_not_made_again)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + 15 * MINUTE), POSTERN_TABLE_OK);

    /* an hour ahead, and back */

    sweep(t, START + 60 * MINUTE);

    EXPECT_INT(claim(t, 1, START + 1000, START + 15 * MINUTE),
               POSTERN_TABLE_PAST);
    EXPECT_INT(reserve(t, 1, START + 1000, START + 15 * MINUTE),
               POSTERN_TABLE_PAST);

    /* ends of one claim differ by what is left of a second */

    EXPECT_INT(claim(t, 1, START + 1000, START + 15 * MINUTE + 999),
               POSTERN_TABLE_PAST);
    EXPECT(consistent(t));
    EXPECT(free_cells(t) > 0);

    munmap(m, SIZE);
}


/* nobody made a claim while the clock was ahead: others swept */

TEST(a_claim_that_was_swept_for_another_kind_is_not_made_again)
{
    void                  *m = memory(SIZE);
    int64_t                wait;
    unsigned               i;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h;

    EXPECT_INT(claim(t, 1, START, START + 15 * MINUTE), POSTERN_TABLE_OK);

    for (i = 0; i <= t->ncells / 2; i++) {
        h = hash_of(t, POSTERN_TABLE_RATE, i);
        (void) postern_table_rate(t, &h, START + 60 * MINUTE, 1, 1, &wait);
    }

    EXPECT_INT(claim(t, 1, START + 1000, START + 15 * MINUTE),
               POSTERN_TABLE_PAST);
    EXPECT_INT(reserve(t, 1, START + 1000, START + 15 * MINUTE),
               POSTERN_TABLE_PAST);
    EXPECT_INT(claim(t, 2, START + 5000, START + 15 * MINUTE + 5000),
               POSTERN_TABLE_OK);

    munmap(m, SIZE);
}


TEST(one_that_was_not_swept_is_a_duplicate)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + MINUTE), POSTERN_TABLE_OK);
    EXPECT_INT(claim(t, 2, START + 60 * MINUTE, START + 61 * MINUTE),
               POSTERN_TABLE_OK);
    EXPECT_INT(claim(t, 1, START + 1000, START + MINUTE), POSTERN_TABLE_NO);

    munmap(m, SIZE);
}


TEST(what_ends_later_than_all_that_is_forgotten_is_new)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + 15 * MINUTE), POSTERN_TABLE_OK);
    sweep(t, START + 60 * MINUTE);

    EXPECT_INT(claim(t, 2, START + 5000, START + 15 * MINUTE + 5000),
               POSTERN_TABLE_OK);
    EXPECT_INT(claim(t, 2, START + 5000, START + 15 * MINUTE + 5000),
               POSTERN_TABLE_NO);

    munmap(m, SIZE);
}


TEST(a_year_that_never_was_costs_nothing_afterwards)
{
    int64_t           year = START + 365LL * DAY;
    void             *m = memory(SIZE);
    unsigned          i;
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + MINUTE), POSTERN_TABLE_OK);
    sweep(t, year);
    EXPECT_INT(claim(t, 2, year, year + MINUTE), POSTERN_TABLE_OK);
    sweep(t, year + 2 * MINUTE);

    EXPECT_INT(claim(t, 1, START + 1, START + MINUTE), POSTERN_TABLE_PAST);

    for (i = 0; i < 100; i++) {
        EXPECT_INT(claim(t, 10 + i, START + (2 + i) * MINUTE,
                         START + (3 + i) * MINUTE),
                   POSTERN_TABLE_OK);
    }

    EXPECT_INT(claim(t, 2, START + 200 * MINUTE, year + MINUTE),
               POSTERN_TABLE_PAST);

    munmap(m, SIZE);
}


/* clients may be wrong together with the gateway */

TEST(what_lies_between_two_spans_is_new)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + 15 * MINUTE), POSTERN_TABLE_OK);
    EXPECT_INT(claim(t, 2, START + 10 * MINUTE, START + 25 * MINUTE),
               POSTERN_TABLE_OK);
    sweep(t, START + 30 * MINUTE);

    EXPECT_INT(claim(t, 3, START + 2000, START + 15 * MINUTE + 2000),
               POSTERN_TABLE_OK);
    EXPECT_INT(claim(t, 2, START + 2000, START + 25 * MINUTE),
               POSTERN_TABLE_PAST);

    munmap(m, SIZE);
}


TEST(more_jumps_than_spans_forget_none)
{
    int64_t           at;
    void             *m = memory(SIZE);
    unsigned          i;
    postern_table_t  *t = table(m, SIZE);

    for (i = 0; i < 3 * POSTERN_TABLE_SPANS; i++) {
        at = START + (int64_t) ((i * 7) % 48) * (10 + i) * DAY;

        /* joined spans refuse more than they have to */

        EXPECT(claim(t, i, at, at + MINUTE) != POSTERN_TABLE_NO);
        sweep(t, at + 2 * MINUTE);
    }

    sweep(t, START + 10000LL * DAY);

    for (i = 0; i < 3 * POSTERN_TABLE_SPANS; i++) {
        at = START + (int64_t) ((i * 7) % 48) * (10 + i) * DAY;
        EXPECT_INT(claim(t, i, at, at + MINUTE), POSTERN_TABLE_PAST);
    }

    munmap(m, SIZE);
}


/* claims that are hours apart use spans up; the far one stays by itself */

TEST(quiet_nights_do_not_join_what_is_years_apart)
{
    int64_t           at, year = START + 365LL * DAY;
    void             *m = memory(SIZE);
    unsigned          i;
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, year, year + MINUTE), POSTERN_TABLE_OK);
    sweep(t, year + 2 * MINUTE);

    for (i = 0; i < 5 * POSTERN_TABLE_SPANS; i++) {
        at = START + (int64_t) i * 8 * 60 * MINUTE;
        EXPECT_INT(claim(t, 10 + i, at, at + MINUTE), POSTERN_TABLE_OK);
        sweep(t, at + 2 * MINUTE);
    }

    munmap(m, SIZE);
}


TEST(clocks_of_workers_may_differ_a_little)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(claim(t, 1, START, START + 1), POSTERN_TABLE_OK);
    sweep(t, START + 900);
    EXPECT_INT(claim(t, 2, START + 100, START + 101), POSTERN_TABLE_OK);

    munmap(m, SIZE);
}


TEST(an_age_says_that_the_clock_went_back)
{
    void                  *m = memory(SIZE);
    int64_t                age = 0;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_CLAIM, 1);

    EXPECT_INT(postern_table_claim(t, &h, START, 500, &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_claim(t, &h, START - MINUTE, 500, &age),
               POSTERN_TABLE_NO);
    EXPECT_INT(age, -MINUTE);

    munmap(m, SIZE);
}


UNIT_MAIN()
