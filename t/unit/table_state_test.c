
/* link: ngx_http_postern_module/postern_table.c
         ngx_http_postern_module/postern_table_cell.c
         ngx_http_postern_module/postern_table_quota.c -lsodium */

/* compare and set, copies of what Redis holds, counts of guesses */

#include "table.h"


TEST(a_swap_compares_and_sets)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    uint64_t               before;
    postern_str_t          one = postern_string("one"), none = { 0, NULL };
    postern_str_t          two, twice;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_RECORD, 1);

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX], big[2000];

    memset(big, 'x', sizeof(big));
    two.data = big;
    two.len = POSTERN_TABLE_CHUNK * 3;
    twice.data = big;
    twice.len = two.len + 1;

    before = free_cells(t);

    /* what is not there */

    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, &one, &two),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, &none, &two),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, NULL, NULL),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_get(t, &h, 1000, buf, &len), POSTERN_TABLE_NO);
    EXPECT_INT(free_cells(t), before);

    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, NULL, &one),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, NULL, &two),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, NULL, NULL),
               POSTERN_TABLE_NO);

    /* what reads otherwise: in length, in the last chunk */

    EXPECT_INT(postern_table_swap(t, &h, 1000, 50, &two, &one),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1010, 50, &one, &two),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_swap(t, &h, 1010, 50, &twice, &one),
               POSTERN_TABLE_NO);

    memcpy(buf, big, two.len);
    buf[two.len - 1] = 'y';
    twice.data = buf;
    twice.len = two.len;
    EXPECT_INT(postern_table_swap(t, &h, 1010, 50, &twice, &one),
               POSTERN_TABLE_NO);

    /* the ttl is the new one's */

    EXPECT_INT(postern_table_get(t, &h, 1059, buf, &len), POSTERN_TABLE_OK);
    EXPECT_INT(len, two.len);
    EXPECT_INT(postern_table_swap(t, &h, 1060, 50, &two, &one),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1060, 50, NULL, &one),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_swap(t, &h, 1061, 0, &one, NULL),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_get(t, &h, 1061, buf, &len), POSTERN_TABLE_NO);
    EXPECT_INT(free_cells(t), before);

    /* an empty value is a value */

    EXPECT_INT(postern_table_swap(t, &h, 1061, 50, NULL, &none),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_swap(t, &h, 1061, 50, NULL, &one),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_swap(t, &h, 1061, 50, &none, &one),
               POSTERN_TABLE_OK);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_swap_that_does_not_fit_changes_nothing)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    unsigned               n;
    postern_str_t          one = postern_string("one"), v;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_RECORD, 1), other;

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    EXPECT_INT(postern_table_swap(t, &h, 1000, 500, NULL, &one),
               POSTERN_TABLE_OK);

    v.data = buf;
    v.len = 10000;
    n = 2;

    do {
        other = hash_of(t, POSTERN_TABLE_RECORD, n++);
    } while (postern_table_put(t, &other, 1000, 500, v) == POSTERN_TABLE_OK);

    EXPECT_INT(postern_table_swap(t, &h, 1001, 500, &one, &v),
               POSTERN_TABLE_FULL);
    EXPECT_INT(postern_table_swap(t, &other, 1001, 500, NULL, &v),
               POSTERN_TABLE_FULL);
    EXPECT_INT(postern_table_get(t, &h, 1001, buf, &len), POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "one", 3);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_copy_is_as_old_as_its_question)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    uint32_t               e;
    uint64_t               before;
    postern_str_t          one = postern_string("one");
    postern_str_t          two = postern_string("two");
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_COPY, 1);

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    before = free_cells(t);

    EXPECT_INT(postern_table_recent(t, &h, 1000, 400, buf, &len, &e),
               POSTERN_TABLE_NO);

    /* asked at 1000, answered at 1300 */

    EXPECT_INT(postern_table_copy(t, &h, e, 1300, 1000, 400, one),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_recent(t, &h, 1399, 400, buf, &len, &e),
               POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "one", len);
    EXPECT_INT(postern_table_recent(t, &h, 1400, 400, buf, &len, &e),
               POSTERN_TABLE_NO);

    /* who wants it fresher does not get it */

    EXPECT_INT(postern_table_recent(t, &h, 1399, 399, buf, &len, &e),
               POSTERN_TABLE_NO);

    /* an answer that is too late, and one that another has overtaken */

    EXPECT_INT(postern_table_copy(t, &h, e, 2000, 1600, 400, one),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_copy(t, &h, e, 2000, 1900, 400, two),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_copy(t, &h, e, 2010, 1800, 400, one),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_recent(t, &h, 2010, 400, buf, &len, &e),
               POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "two", len);

    /* a newer one takes its place */

    EXPECT_INT(postern_table_copy(t, &h, e, 2020, 2015, 400, one),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_recent(t, &h, 2020, 400, buf, &len, &e),
               POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "one", len);

    /* the clock is set back an hour */

    EXPECT_INT(postern_table_recent(t, &h, -3000000, 400, buf, &len, &e),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_copy(t, &h, e, -3000000, -3000000, 400, two),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_recent(t, &h, -2999700, 400, buf, &len, &e),
               POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "two", len);

    postern_table_drop(t, &h);
    EXPECT_INT(free_cells(t), before);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_copy_that_was_dropped_does_not_come_back)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    uint32_t               e;
    postern_str_t          old = postern_string("old");
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_COPY, 1);

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    EXPECT_INT(postern_table_recent(t, &h, 1000, 400, buf, &len, &e),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_copy(t, &h, e, 1000, 1000, 400, old),
               POSTERN_TABLE_OK);

    postern_table_drop(t, &h);

    EXPECT_INT(postern_table_copy(t, &h, e, 1000, 1000, 400, old),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_recent(t, &h, 1000, 400, buf, &len, &e),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_copy(t, &h, e, 1000, 1000, 400, old),
               POSTERN_TABLE_OK);

    munmap(m, SIZE);
}


TEST(a_guess_waits_ever_longer_after_the_free_ones)
{
    int                      i;
    void                    *m = memory(SIZE);
    int64_t                  now, n;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_GUESS, 1);
    postern_table_backoff_t  b = { 3, 7, 100, 250, 10000, 0 };

    static const int64_t     waits[] = { 100, 200, 250, 250 };

    now = 1000;

    for (i = 1; i <= 3; i++) {
        EXPECT_INT(postern_table_guess(t, &h, now, &b, &n), POSTERN_TABLE_OK);
        EXPECT_INT(n, i);
    }

    for (i = 0; i < 4; i++) {
        EXPECT_INT(postern_table_guess(t, &h, now, &b, &n), POSTERN_TABLE_NO);
        EXPECT_INT(n, waits[i]);

        now += waits[i] - 1;
        EXPECT_INT(postern_table_guess(t, &h, now, &b, &n), POSTERN_TABLE_NO);
        EXPECT_INT(n, 1);

        now++;
        EXPECT_INT(postern_table_guess(t, &h, now, &b, &n), POSTERN_TABLE_OK);
        EXPECT_INT(n, 4 + i);
    }

    /* seven were made: there is no further one, however long it takes, and to
       ask does not put off the end of it */

    EXPECT_INT(postern_table_guess(t, &h, now, &b, &n), POSTERN_TABLE_NO);
    EXPECT_INT(n, 0);
    EXPECT_INT(postern_table_guess(t, &h, now + 9999, &b, &n),
               POSTERN_TABLE_NO);
    EXPECT_INT(n, 0);
    EXPECT_INT(postern_table_guess(t, &h, now + 10000, &b, &n),
               POSTERN_TABLE_OK);
    EXPECT_INT(n, 1);

    postern_table_delete(t, &h);
    EXPECT_INT(postern_table_guess(t, &h, now + 10000, &b, &n),
               POSTERN_TABLE_OK);
    EXPECT_INT(n, 1);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_guess_at_the_edges)
{
    int                      i;
    void                    *m = memory(SIZE);
    int64_t                  n;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_GUESS, 1);
    postern_table_backoff_t  none = { 0, 0, 100, 1000, 10, 0 };
    postern_table_backoff_t  open = { 0, 0, 0, 0, 1000, 0 };
    postern_table_backoff_t  long_ago = { 1, 0, 3600000, 3600000, 86400000, 0 };
    postern_table_backoff_t  once = { 5, 1, 100, 1000, 1000, 0 };

    /* none is free: the first has none before it to wait for; a wait that is
       longer than the ttl is served all the same */

    EXPECT_INT(postern_table_guess(t, &h, 1000, &none, &n), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_guess(t, &h, 1050, &none, &n), POSTERN_TABLE_NO);
    EXPECT_INT(n, 150);
    EXPECT_INT(postern_table_guess(t, &h, 1199, &none, &n), POSTERN_TABLE_NO);

    h = hash_of(t, POSTERN_TABLE_GUESS, 2);

    for (i = 1; i <= 100000; i++) {
        if (postern_table_guess(t, &h, 1000, &open, &n) != 0 || n != i) {
            break;
        }
    }

    EXPECT_INT(i, 100001);

    /* a clock set back a week locks nobody out for one */

    h = hash_of(t, POSTERN_TABLE_GUESS, 3);
    EXPECT_INT(postern_table_guess(t, &h, 604800000, &long_ago, &n), 0);
    EXPECT_INT(postern_table_guess(t, &h, 1000, &long_ago, &n),
               POSTERN_TABLE_NO);
    EXPECT_INT(n, 3600000);

    /* max is below free */

    h = hash_of(t, POSTERN_TABLE_GUESS, 4);
    EXPECT_INT(postern_table_guess(t, &h, 1000, &once, &n), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_guess(t, &h, 1000, &once, &n), POSTERN_TABLE_NO);
    EXPECT_INT(n, 0);

    munmap(m, SIZE);
}


/* an attack: as many names as there is room for, and then nobody signs in */

TEST(names_that_nobody_has_leave_room_for_the_rest)
{
    void                    *m = memory(SIZE);
    int64_t                  n, age;
    unsigned                 i;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h;
    postern_table_backoff_t  b = { 5, 0, 30000, 3600000, 86400000, 1 };

    for (i = 0; i < 100000; i++) {
        h = hash_of(t, POSTERN_TABLE_GUESS, i);

        if (postern_table_guess(t, &h, 1000, &b, &n) != POSTERN_TABLE_OK) {
            break;
        }
    }

    EXPECT_INT(i, 100000);
    EXPECT(free_cells(t) >= t->ncells / 4 - 1);

    /* one that was counted before goes on being counted */

    h = hash_of(t, POSTERN_TABLE_GUESS, 7);

    for (i = 2; i <= 5; i++) {
        EXPECT_INT(postern_table_guess(t, &h, 1000, &b, &n), POSTERN_TABLE_OK);
        EXPECT_INT(n, i);
    }

    EXPECT_INT(postern_table_guess(t, &h, 1000, &b, &n), POSTERN_TABLE_NO);

    /* of who is there all are counted, and what else the table holds goes on */

    b.spare = 0;
    h = hash_of(t, POSTERN_TABLE_GUESS, 200000);

    for (i = 1; i <= 5; i++) {
        EXPECT_INT(postern_table_guess(t, &h, 1000, &b, &n), POSTERN_TABLE_OK);
        EXPECT_INT(n, i);
    }

    EXPECT_INT(postern_table_guess(t, &h, 1000, &b, &n), POSTERN_TABLE_NO);

    h = hash_of(t, POSTERN_TABLE_CLAIM, 1);
    EXPECT_INT(postern_table_claim(t, &h, 1000, 60000, &age),
               POSTERN_TABLE_OK);

    /* names that were tried once are forgotten in an hour, not in a day, and
       found to be so by the names that come then */

    b.spare = 1;

    for (i = 300000; i < 300100; i++) {
        h = hash_of(t, POSTERN_TABLE_GUESS, i);
        EXPECT_INT(postern_table_guess(t, &h, 1000 + 3600000, &b, &n),
                   POSTERN_TABLE_OK);
    }

    EXPECT_INT(postern_table_guess(t, &h, 1000 + 3600000, &b, &n),
               POSTERN_TABLE_OK);
    EXPECT_INT(n, 2);

    munmap(m, SIZE);
}


/* an attack: a few guesses, then to wait until they are forgotten */

TEST(to_wait_until_guesses_are_forgotten_gains_none)
{
    void                    *m = memory(SIZE);
    int64_t                  n, now;
    unsigned                 burst, i, made;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_GUESS, 1);
    postern_table_backoff_t  b = { 5, 0, 30000, 3600000, 86400000, 0 };

    /* ten days of 24 hours: one an hour, and those that were free at first */

    for (burst = 1; burst <= 8; burst++) {
        postern_table_delete(t, &h);
        made = 0;

        for (now = 1000; now < 864000000; now += burst * 3600000) {
            for (i = 0; i < burst; i++) {
                made += postern_table_guess(t, &h, now, &b, &n)
                        == POSTERN_TABLE_OK;
            }
        }

        EXPECT(made <= 240 + 12);
    }

    munmap(m, SIZE);
}


UNIT_MAIN()
