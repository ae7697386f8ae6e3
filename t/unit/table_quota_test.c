/* link: ngx_http_postern_module/postern_table.c
         ngx_http_postern_module/postern_table_cell.c
         ngx_http_postern_module/postern_table_quota.c -lsodium */

/* Quotas: what is alive is never more than the limit, whatever the clock, the
   window and a killed process do. */

#include "table.h"


#define START   1700000000000
#define WINDOW  1000


static int64_t  wait, begun;


static int
take(postern_table_t *t, unsigned n, int64_t now, uint32_t limit,
    int64_t window)
{
    postern_table_hash_t  h = hash_of(t, POSTERN_TABLE_QUOTA, n);

    wait = -1;

    return (int) postern_table_quota(t, &h, now, limit, window, 1, &wait,
                                     &begun);
}


static int
ask(postern_table_t *t, unsigned n, int64_t now, uint32_t limit,
    int64_t window)
{
    int64_t               untouched = 77;
    postern_table_hash_t  h = hash_of(t, POSTERN_TABLE_QUOTA, n);

    wait = -1;

    return (int) postern_table_quota(t, &h, now, limit, window, 0, &wait,
                                     &untouched);
}


static void
untake(postern_table_t *t, unsigned n, int64_t start)
{
    postern_table_hash_t  h = hash_of(t, POSTERN_TABLE_QUOTA, n);

    postern_table_untake(t, &h, start);
}


TEST(the_limit_is_what_lives_at_a_time)
{
    void             *m = memory(SIZE);
    uint64_t          before;
    postern_table_t  *t = table(m, SIZE);

    before = free_cells(t);

    /* to ask takes nothing, not even a cell */

    EXPECT_INT(ask(t, 1, START, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(free_cells(t), before);

    EXPECT_INT(take(t, 1, START, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(free_cells(t), before - 1);
    EXPECT_INT(take(t, 1, START, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(ask(t, 1, START + 999, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 999, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(ask(t, 1, START + 999, 3, WINDOW), POSTERN_TABLE_NO);

    /* all three in this window: until the next one ends */

    EXPECT_INT(take(t, 1, START + 999, 3, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 1001);

    /* somebody else's are his own */

    EXPECT_INT(take(t, 2, START + 999, 3, WINDOW), POSTERN_TABLE_OK);

    /* in the next window they count still: the third lives until then */

    EXPECT_INT(take(t, 1, START + 1998, 3, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 2);

    /* a higher limit counts at once */

    EXPECT_INT(take(t, 1, START + 1998, 4, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1998, 4, WINDOW), POSTERN_TABLE_NO);

    /* the fourth is in a window of its own */

    EXPECT_INT(ask(t, 1, START + 2000, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 2000, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 2000, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 1000);

    EXPECT_INT(take(t, 1, START + 9000, 1, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 3, START, 0, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, WINDOW);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(what_did_not_come_to_be_is_given_back)
{
    int64_t           first;
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    untake(t, 1, START);

    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);
    untake(t, 1, begun);
    EXPECT_INT(take(t, 1, START + 10, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(begun, START);
    first = begun;
    EXPECT_INT(take(t, 1, START + 20, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 20, 2, WINDOW), POSTERN_TABLE_NO);
    untake(t, 1, begun);
    EXPECT_INT(take(t, 1, START + 20, 2, WINDOW), POSTERN_TABLE_OK);

    /* after a turn: of the window before */

    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_NO);
    untake(t, 1, first);
    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(begun, START + WINDOW);
    untake(t, 1, begun);
    untake(t, 1, begun);
    untake(t, 1, first);
    untake(t, 1, first);
    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_NO);

    /* of a window that nobody remembers: nothing */

    untake(t, 1, START - 12345);
    EXPECT_INT(take(t, 1, START + 1010, 2, WINDOW), POSTERN_TABLE_NO);

    munmap(m, SIZE);
}


TEST(another_window_forgets_nothing)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    /* a wider one: what was taken counts for all of it */

    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1500, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1600, 2, 60000), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 120000);
    EXPECT_INT(take(t, 1, START + 1600, 3, 60000), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START + 1600 + 119999, 3, 60000), POSTERN_TABLE_NO);
    EXPECT_INT(take(t, 1, START + 1600 + 120000, 3, 60000), POSTERN_TABLE_OK);

    /* a narrower one: as long as one of the wider may be alive, the wider */

    EXPECT_INT(take(t, 2, START, 2, 60000), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 2, START + 50000, 2, 60000), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 2, START + 50000, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(take(t, 2, START + 109999, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(take(t, 2, START + 110000, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 2, START + 110000, 3, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 2000);
    EXPECT_INT(take(t, 2, START + 112000, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_clock_that_is_set_back_frees_nothing)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START - 500, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 2500);

    /* by more than a window: nobody waits for a time that is far away */

    EXPECT_INT(take(t, 1, START - 86400000, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(wait, 2000);
    EXPECT_INT(take(t, 1, START - 86400000 + 2000, 2, WINDOW),
               POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START - 86400000 + 2000, 2, WINDOW),
               POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START - 86400000 + 2000, 2, WINDOW),
               POSTERN_TABLE_NO);

    munmap(m, SIZE);
}


TEST(a_full_table_counts_whom_it_knows)
{
    void                  *m = memory(SIZE);
    int64_t                age;
    unsigned               n;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h;

    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);

    for (n = 0; free_cells(t); n++) {
        h = hash_of(t, POSTERN_TABLE_CLAIM, n);
        (void) postern_table_claim(t, &h, START, 100000, &age);
    }

    EXPECT_INT(take(t, 2, START, 2, WINDOW), POSTERN_TABLE_FULL);
    EXPECT_INT(ask(t, 2, START, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_OK);
    EXPECT_INT(take(t, 1, START, 2, WINDOW), POSTERN_TABLE_NO);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


/*
 * Entries that each live for a window at most, made at any time, never are more
 * than the limit: against a plain list of them.
 */

TEST(at_no_time_more_are_alive_than_the_limit)
{
    void             *m = memory(SIZE);
    int64_t           now, ends[4000];
    uint32_t          state, limit;
    unsigned          i, k, made, alive, most;
    postern_table_t  *t = table(m, SIZE);

    state = 12345;
    now = START;
    made = 0;
    most = 0;
    limit = 7;

    for (i = 0; i < 4000; i++) {
        state = state * 1664525 + 1013904223;
        now += (state >> 16) % 150;

        if (take(t, 1, now, limit, WINDOW) != POSTERN_TABLE_OK) {

            /* and the wait that it says is long enough, and no longer than two
               windows */

            EXPECT(wait > 0 && wait <= 2 * WINDOW);

            if (wait % 3 == 0) {
                now += wait;
                EXPECT_INT(take(t, 1, now, limit, WINDOW), POSTERN_TABLE_OK);
                ends[made++] = now + WINDOW;
            }

            continue;
        }

        ends[made++] = now + WINDOW;
        alive = 0;

        for (k = 0; k < made; k++) {
            alive += ends[k] > now;
        }

        most = (alive > most) ? alive : most;
    }

    EXPECT_INT(most, limit);
    EXPECT(made > 1000);

    munmap(m, SIZE);
}


/* killed between the stores of a turn: what is there counts, at least */

TEST(a_process_killed_in_a_turn_has_counted_too_much)
{
    void                  *m = memory(SIZE);
    unsigned               n;
    postern_cell_t        *cell;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_QUOTA, 1);

    for (n = 0; n < 3; n++) {
        EXPECT_INT(take(t, 1, START, 3, WINDOW), POSTERN_TABLE_OK);
    }

    /* the window is the next one, the counts are those of this one */

    cell = postern_table_find(t, &h, START);
    cell->u.entry.expires = START + 3 * WINDOW;
    cell->u.entry.u.quota.start = START + WINDOW;
    t->busy = 1;

    EXPECT_INT(take(t, 1, START + 1500, 3, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(take(t, 1, START + 2999, 3, WINDOW), POSTERN_TABLE_NO);
    EXPECT_INT(take(t, 1, START + 3000, 3, WINDOW), POSTERN_TABLE_OK);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


/* a claim that this table alone answers for */

TEST(an_attempt_settles_what_it_still_owns)
{
    void                    *m = memory(SIZE);
    int64_t                  age;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_CLAIM, 1);
    postern_table_attempt_t  one, two;

    EXPECT_INT(postern_table_reserve(t, &h, START, 1000, START + 100, &one,
                                     &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_settle(t, &h, one.owner), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_settle(t, &h, one.owner), POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_release(t, &h, one.owner), POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_reserve(t, &h, START + 999, 1, START + 1099, &two,
                                     &age), POSTERN_TABLE_NO);

    /* taken over by the next one, which alone may */

    h = hash_of(t, POSTERN_TABLE_CLAIM, 2);

    EXPECT_INT(postern_table_reserve(t, &h, START, 1000, START + 100, &one,
                                     &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_reserve(t, &h, START + 100, 900, START + 200,
                                     &two, &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_settle(t, &h, one.owner), POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_settle(t, &h, two.owner), POSTERN_TABLE_OK);

    /* swept meanwhile: it may have been made, and forgotten */

    h = hash_of(t, POSTERN_TABLE_CLAIM, 3);

    EXPECT_INT(postern_table_reserve(t, &h, START, 1000, START + 100, &one,
                                     &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_release(t, &h, one.owner), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_settle(t, &h, one.owner), POSTERN_TABLE_NO);

    munmap(m, SIZE);
}


UNIT_MAIN()
