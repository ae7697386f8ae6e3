/* link: ngx_http_postern_module/postern_table.c
         ngx_http_postern_module/postern_table_cell.c
         ngx_http_postern_module/postern_table_quota.c -lsodium */

/* The table where it is full, where a name is unknown, and where its memory is
   not what it was. */

#include "table.h"


#define START  1700000000000


/* claims that end at a time, until there is no cell; how many */

static unsigned
fill(postern_table_t *t, int64_t now)
{
    int64_t               age;
    unsigned              n;
    postern_table_hash_t  h;

    for (n = 0; n < t->ncells + 10; n++) {
        h = hash_of(t, POSTERN_TABLE_CLAIM, n);

        if (postern_table_claim(t, &h, now, 1000000, &age)
            != POSTERN_TABLE_OK)
        {
            break;
        }
    }

    return n;
}


TEST(a_full_table_takes_nothing_new_of_any_kind)
{
    void                    *m = memory(SIZE);
    int64_t                  n, age;
    postern_str_t            one = postern_string("one");
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h;
    postern_table_attempt_t  attempt;
    postern_table_backoff_t  backoff = { 3, 0, 100, 1000, 10000, 0 };

    h = hash_of(t, POSTERN_TABLE_RATE, 1);
    EXPECT_INT(postern_table_rate(t, &h, START, 10, 60000, &n),
               POSTERN_TABLE_OK);

    EXPECT_INT(fill(t, START), t->ncells - 1);

    /* what is there goes on */

    EXPECT_INT(postern_table_rate(t, &h, START, 10, 60000, &n),
               POSTERN_TABLE_OK);

    h = hash_of(t, POSTERN_TABLE_CLAIM, 1000000);
    EXPECT_INT(postern_table_claim(t, &h, START, 1000, &age),
               POSTERN_TABLE_FULL);
    EXPECT_INT(postern_table_reserve(t, &h, START, 1000, START + 100, &attempt,
                                     &age), POSTERN_TABLE_FULL);

    h = hash_of(t, POSTERN_TABLE_RATE, 2);
    EXPECT_INT(postern_table_rate(t, &h, START, 10, 60000, &n),
               POSTERN_TABLE_FULL);

    h = hash_of(t, POSTERN_TABLE_GUESS, 1);
    EXPECT_INT(postern_table_guess(t, &h, START, &backoff, &n),
               POSTERN_TABLE_FULL);

    h = hash_of(t, POSTERN_TABLE_COPY, 1);
    EXPECT_INT(postern_table_copy(t, &h, *postern_table_epoch(t, &h), START,
                                  START, 1000, one), POSTERN_TABLE_FULL);

    h = hash_of(t, POSTERN_TABLE_RECORD, 1);
    EXPECT_INT(postern_table_put(t, &h, START, 1000, one), POSTERN_TABLE_FULL);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(what_is_not_there_is_not_changed)
{
    void                    *m = memory(SIZE);
    int64_t                  age;
    uint64_t                 cells;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h = hash_of(t, POSTERN_TABLE_CLAIM, 1), copy;
    postern_table_attempt_t  attempt;

    cells = free_cells(t);
    copy = hash_of(t, POSTERN_TABLE_COPY, 1);

    /* swept meanwhile: nobody else has it by this attempt */

    EXPECT_INT(postern_table_confirm(t, &h, 7), POSTERN_TABLE_OK);
    postern_table_known(t, &h, 7, START, 10, 1000);
    postern_table_release(t, &h, 7);
    postern_table_doubt(t, &h, 7);
    postern_table_drop(t, &copy);
    EXPECT_INT(free_cells(t), cells);

    /* somebody else's by now */

    EXPECT_INT(postern_table_reserve(t, &h, START, 1000, START + 100, &attempt,
                                     &age), POSTERN_TABLE_OK);
    postern_table_known(t, &h, attempt.owner + 1, START, 10, 5);
    postern_table_release(t, &h, attempt.owner + 1);
    EXPECT_INT(free_cells(t), cells - 1);
    EXPECT_INT(postern_table_claim(t, &h, START + 10, 1000, &age),
               POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_confirm(t, &h, attempt.owner), POSTERN_TABLE_OK);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(names_are_bounded)
{
    void                  *m = memory(SIZE);
    unsigned char          text[POSTERN_TABLE_NAME_MAX + 1];
    postern_str_t          whole, longer, none = postern_null_string;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   a, b;

    memset(text, 'a', sizeof(text));
    whole.data = longer.data = text;
    whole.len = POSTERN_TABLE_NAME_MAX;
    longer.len = POSTERN_TABLE_NAME_MAX + 1;

    postern_table_hash(t, POSTERN_TABLE_CLAIM, whole, whole, &a);
    postern_table_hash(t, POSTERN_TABLE_CLAIM, longer, longer, &b);
    EXPECT_MEM(&a, &b, sizeof(a));

    postern_table_hash(t, POSTERN_TABLE_CLAIM, none, whole, &a);
    postern_table_hash(t, POSTERN_TABLE_CLAIM, whole, none, &b);
    EXPECT(memcmp(&a, &b, sizeof(a)) != 0);

    munmap(m, SIZE);
}


TEST(only_memory_of_this_kind_is_a_table)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT(table(m, POSTERN_TABLE_MIN_SIZE - 1) == NULL);
    EXPECT(table(m, ((size_t) 64 << 30) + 1) == NULL);

    EXPECT(postern_table_open(m, SIZE) == t);
    EXPECT(postern_table_open(m, SIZE - 64) == NULL);

    t->cell_size++;
    EXPECT(postern_table_open(m, SIZE) == NULL);
    t->cell_size--;
    t->version++;
    EXPECT(postern_table_open(m, SIZE) == NULL);
    t->version--;
    t->magic++;
    EXPECT(postern_table_open(m, SIZE) == NULL);
    t->magic--;
    EXPECT(postern_table_open(m, SIZE) == t);

    munmap(m, SIZE);
}


/* a record whose chunks are not all there is none after a repair */

TEST(a_record_that_lost_a_part_is_gone)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    uint32_t               first, second;
    unsigned               i;
    postern_str_t          v;
    postern_cell_t        *cell;
    postern_table_t       *t;
    postern_table_hash_t   h;

    static unsigned char   text[3 * POSTERN_TABLE_CHUNK],
                           out[POSTERN_TABLE_VALUE_MAX];

    v.data = text;
    v.len = sizeof(text);

    for (i = 0; i < 5; i++) {
        t = table(m, SIZE);
        h = hash_of(t, POSTERN_TABLE_RECORD, 1);

        EXPECT_INT(postern_table_put(t, &h, START, 1000, v), POSTERN_TABLE_OK);

        cell = postern_table_find(t, &h, START);
        first = (uint32_t) (cell->u.entry.u.record.body >> 32);
        second = postern_table_cell(t, first)->next;

        switch (i) {
        case 1: postern_table_cell(t, first)->state = POSTERN_CELL_FREE; break;
        case 2: postern_table_cell(t, second)->state = POSTERN_CELL_RATE;
                postern_table_cell(t, second)->u.entry.expires = 0; break;
        case 3: postern_table_cell(t, first)->next = 0; break;
        case 4: postern_table_cell(t, second)->next = t->ncells + 1; break;
        }

        /* as one leaves it that is killed */
        t->busy = 1;

        EXPECT_INT(postern_table_get(t, &h, START, out, &len),
                   i == 0 ? POSTERN_TABLE_OK : POSTERN_TABLE_NO);
        EXPECT_INT(t->repaired, 1);
        EXPECT(consistent(t));
    }

    munmap(m, SIZE);
}


TEST(guesses_are_remembered_whatever_the_waits)
{
    void                    *m = memory(SIZE);
    int64_t                  n;
    unsigned                 i;
    postern_table_t         *t = table(m, SIZE);
    postern_table_hash_t     h;

    static const postern_table_backoff_t  backoffs[] = {
        { 1, 2, 0, 0, 1000, 0 }, { 1, 0, 0, 100, 1000, 0 },
        { 1, 0, 100, 0, 1000, 0 }, { 1, 0, 100, 400, 1000, 0 }
    };

    for (i = 0; i < 4; i++) {
        h = hash_of(t, POSTERN_TABLE_GUESS, i);

        EXPECT_INT(postern_table_guess(t, &h, START, &backoffs[i], &n),
                   POSTERN_TABLE_OK);
        EXPECT_INT(n, 1);
    }

    EXPECT(consistent(t));
    munmap(m, SIZE);
}


/* --- ends of claims that are forgotten ----------------------------------- */

static void
claim(postern_table_t *t, unsigned n, int64_t now, int64_t end)
{
    int64_t               age;
    postern_table_hash_t  h = hash_of(t, POSTERN_TABLE_CLAIM, n);

    EXPECT_INT(postern_table_claim(t, &h, now, end - now, &age),
               POSTERN_TABLE_OK);
}


/* the hand goes everywhere */

static void
sweep(postern_table_t *t, int64_t now)
{
    int64_t               wait;
    unsigned              i;
    postern_table_hash_t  h;

    for (i = 0; i <= t->ncells; i++) {
        h = hash_of(t, POSTERN_TABLE_RATE, i);
        (void) postern_table_rate(t, &h, now, 1, 1, &wait);
    }
}


TEST(a_span_grows_to_both_sides)
{
    void             *m = memory(SIZE);
    unsigned          i, spans;
    postern_table_t  *t = table(m, SIZE);

    claim(t, 1, START, START + 3000);
    claim(t, 2, START, START + 1000);
    claim(t, 3, START, START + 4000);
    claim(t, 4, START, START + 2000);
    sweep(t, START + 10000);

    for (i = spans = 0; i < POSTERN_TABLE_SPANS; i++) {
        if (t->spans[i].to != 0) {
            EXPECT(t->spans[i].from == START + 1000);
            EXPECT(t->spans[i].to == START + 4000);
            spans++;
        }
    }

    EXPECT_INT(spans, 1);

    t = table(m, SIZE);

    for (i = 4; i > 0; i--) {
        claim(t, i, START, START + i * 1000);
    }

    sweep(t, START + 10000);
    EXPECT(t->spans[POSTERN_TABLE_SPANS - 1].from == START + 1000
           || t->spans[0].from == START + 1000);

    munmap(m, SIZE);
}


/* killed while two became one, both say the same of some times */

TEST(a_span_within_another_makes_room)
{
    void             *m = memory(SIZE);
    unsigned          i;
    postern_table_t  *t = table(m, SIZE);

    static const int64_t  day = 86400000;

    for (i = 0; i < POSTERN_TABLE_SPANS; i++) {
        t->spans[i].from = START - (i + 2) * 100 * day;
        t->spans[i].to = t->spans[i].from + day;
    }

    t->spans[1].from = t->spans[0].from + 1000;
    t->spans[1].to = t->spans[0].from + 2000;

    claim(t, 1, START, START + 1000);
    sweep(t, START + 10000);

    EXPECT(t->spans[0].to == t->spans[0].from + day);
    EXPECT(t->spans[1].from == START + 1000);
    EXPECT(t->spans[1].to == START + 1000);

    munmap(m, SIZE);
}


UNIT_MAIN()
