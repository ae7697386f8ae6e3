
/* link: ngx_http_postern_module/postern_table.c
         ngx_http_postern_module/postern_table_cell.c
         ngx_http_postern_module/postern_table_quota.c -lsodium */

#include "table.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>


TEST(a_table_wants_room_and_knows_itself)
{
    void  *m = memory(SIZE);

    EXPECT(postern_table_init(m, POSTERN_TABLE_MIN_SIZE - 1, key, 1) == NULL);
    EXPECT(postern_table_open(m, SIZE) == NULL);
    EXPECT(table(m, SIZE) != NULL);
    EXPECT(postern_table_open(m, SIZE) == m);
    EXPECT(postern_table_open(m, SIZE - 64) == NULL);
    EXPECT_INT(postern_table_node(m), 7);
    EXPECT(free_cells(m) > SIZE / 72);
    EXPECT(consistent(m));

    ((postern_table_t *) m)->version++;
    EXPECT(postern_table_open(m, SIZE) == NULL);

    munmap(m, SIZE);
}


TEST(names_do_not_run_into_one_another)
{
    void                  *m = memory(SIZE);
    postern_str_t          a = postern_string("a"), bc = postern_string("bc");
    postern_str_t          ab = postern_string("ab"), c = postern_string("c");
    postern_table_t       *t = table(m, SIZE), *other;
    postern_table_hash_t   x, y;

    postern_table_hash(t, POSTERN_TABLE_CLAIM, a, bc, &x);
    postern_table_hash(t, POSTERN_TABLE_CLAIM, ab, c, &y);
    EXPECT(memcmp(&x, &y, sizeof(x)) != 0);

    postern_table_hash(t, POSTERN_TABLE_RECORD, a, bc, &y);
    EXPECT(memcmp(&x, &y, sizeof(x)) != 0);

    postern_table_hash(t, POSTERN_TABLE_CLAIM, a, bc, &y);
    EXPECT(memcmp(&x, &y, sizeof(x)) == 0);

    other = postern_table_init(memory(SIZE), SIZE,
                               (const unsigned char *) "fedcba9876543210", 7);
    postern_table_hash(other, POSTERN_TABLE_CLAIM, a, bc, &y);
    EXPECT(memcmp(&x, &y, sizeof(x)) != 0);

    munmap(other, SIZE);
    munmap(m, SIZE);
}


TEST(a_claim_is_made_once_in_its_time)
{
    void                  *m = memory(SIZE);
    int64_t                age = -1;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_CLAIM, 1);

    EXPECT_INT(postern_table_claim(t, &h, 1000, 500, &age), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_claim(t, &h, 1000, 500, &age), POSTERN_TABLE_NO);
    EXPECT_INT(age, 0);
    EXPECT_INT(postern_table_claim(t, &h, 1499, 500, &age), POSTERN_TABLE_NO);
    EXPECT_INT(age, 499);
    EXPECT_INT(postern_table_claim(t, &h, 1500, 500, &age), POSTERN_TABLE_OK);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_full_table_refuses_and_never_evicts)
{
    void                  *m = memory(SIZE);
    int64_t                age;
    uint64_t               i, n;
    postern_table_t       *t = table(m, SIZE);
    postern_table_stat_t   stat;
    postern_table_hash_t   h;

    n = free_cells(t);

    for (i = 0; i < n; i++) {
        h = hash_of(t, POSTERN_TABLE_CLAIM, i);

        if (postern_table_claim(t, &h, 1000, 1000 + (int64_t) i, &age)
            != POSTERN_TABLE_OK)
        {
            break;
        }
    }

    EXPECT_INT(i, n);

    h = hash_of(t, POSTERN_TABLE_CLAIM, n);
    EXPECT_INT(postern_table_claim(t, &h, 1999, 1000, &age),
               POSTERN_TABLE_FULL);

    postern_table_stat(t, &stat);
    EXPECT_INT(stat.refused, 1);
    EXPECT_INT(stat.free, 0);

    for (i = 0; i < n; i++) {
        h = hash_of(t, POSTERN_TABLE_CLAIM, i);

        if (postern_table_claim(t, &h, 1999, 1000, &age) != POSTERN_TABLE_NO) {
            break;
        }
    }

    EXPECT_INT(i, n);

    /* one has expired, wherever it lies: bounded tries find it */

    h = hash_of(t, POSTERN_TABLE_CLAIM, n);

    for (i = 0; i < 10; i++) {
        if (postern_table_claim(t, &h, 2000, 1000, &age) == POSTERN_TABLE_OK) {
            break;
        }
    }

    EXPECT(i < 10);
    EXPECT(consistent(t));

    /* and with all expired, inserts alone clear the table */

    for (i = 0; i < n; i++) {
        h = hash_of(t, POSTERN_TABLE_CLAIM, 1000000 + i);

        if (postern_table_claim(t, &h, 100000, 1000, &age) != POSTERN_TABLE_OK)
        {
            break;
        }
    }

    EXPECT_INT(i, n);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_report_is_made_once_in_a_while)
{
    void             *m = memory(SIZE);
    postern_table_t  *t = table(m, SIZE);

    EXPECT_INT(postern_table_report(t, 1000, 60000), 1);
    EXPECT_INT(postern_table_report(t, 2000, 60000), 0);
    EXPECT_INT(postern_table_report(t, 61000, 60000), 1);
    EXPECT_INT(postern_table_report(t, 500, 60000), 1);

    munmap(m, SIZE);
}


TEST(a_reserved_claim_waits_for_its_confirmation)
{
    void                     *m = memory(SIZE);
    int64_t                   age = -1;
    postern_table_t          *t = table(m, SIZE);
    postern_table_hash_t      h = hash_of(t, POSTERN_TABLE_CLAIM, 1);
    postern_table_attempt_t   a, b;

    EXPECT_INT(postern_table_reserve(t, &h, 1000, 9000, 1500, &a, &age),
               POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_reserve(t, &h, 1400, 9000, 1900, &b, &age),
               POSTERN_TABLE_NO);
    EXPECT_INT(age, 400);
    EXPECT_INT(postern_table_confirm(t, &h, a.owner), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_reserve(t, &h, 9000, 9000, 9500, &b, &age),
               POSTERN_TABLE_NO);
    EXPECT_INT(age, 8000);

    munmap(m, SIZE);
}


TEST(a_claim_in_doubt_is_taken_over_by_one)
{
    void                     *m = memory(SIZE);
    int64_t                   age;
    postern_table_t          *t = table(m, SIZE);
    postern_table_hash_t      h = hash_of(t, POSTERN_TABLE_CLAIM, 1);
    postern_table_attempt_t   a, b, c;

    EXPECT_INT(postern_table_reserve(t, &h, 1000, 9000, 1500, &a, &age), 0);
    postern_table_doubt(t, &h, a.owner);
    EXPECT_INT(postern_table_reserve(t, &h, 1100, 9000, 1600, &b, &age), 0);
    EXPECT(a.token == b.token && a.owner != b.owner);
    EXPECT_INT(postern_table_reserve(t, &h, 1101, 9000, 1600, &c, &age),
               POSTERN_TABLE_NO);

    /* the first comes back to life: it has lost the claim */

    EXPECT_INT(postern_table_confirm(t, &h, a.owner), POSTERN_TABLE_NO);
    postern_table_release(t, &h, a.owner);
    postern_table_doubt(t, &h, a.owner);
    EXPECT_INT(postern_table_confirm(t, &h, b.owner), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_reserve(t, &h, 1200, 9000, 1700, &c, &age),
               POSTERN_TABLE_NO);

    /* left alone past its time, it is in doubt as well */

    h = hash_of(t, POSTERN_TABLE_CLAIM, 2);
    EXPECT_INT(postern_table_reserve(t, &h, 1000, 9000, 1500, &a, &age), 0);
    EXPECT_INT(postern_table_reserve(t, &h, 1500, 9000, 2000, &b, &age), 0);
    EXPECT_INT(postern_table_confirm(t, &h, a.owner), POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_confirm(t, &h, b.owner), POSTERN_TABLE_OK);

    munmap(m, SIZE);
}


TEST(a_released_claim_is_free_again)
{
    void                     *m = memory(SIZE);
    int64_t                   age;
    postern_table_t          *t = table(m, SIZE);
    postern_table_hash_t      h = hash_of(t, POSTERN_TABLE_CLAIM, 1);
    postern_table_attempt_t   a, b;

    EXPECT_INT(postern_table_reserve(t, &h, 1000, 9000, 1500, &a, &age), 0);
    postern_table_release(t, &h, a.owner);
    EXPECT_INT(postern_table_reserve(t, &h, 1001, 9000, 1500, &b, &age), 0);
    EXPECT(a.token != b.token);

    /* what the other store knows counts from its time */

    postern_table_known(t, &h, b.owner, 2000, 700, 300);
    EXPECT_INT(postern_table_reserve(t, &h, 2100, 9000, 1500, &a, &age),
               POSTERN_TABLE_NO);
    EXPECT_INT(age, 800);
    EXPECT_INT(postern_table_reserve(t, &h, 2300, 9000, 1500, &a, &age), 0);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(records_come_back_as_they_were)
{
    void                  *m = memory(SIZE);
    size_t                 i, len;
    uint64_t               n;
    postern_str_t          v;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_RECORD, 1);

    static const size_t    sizes[] = { 0, 1, 55, 56, 57, 112, 113, 4096,
                                       POSTERN_TABLE_VALUE_MAX };
    static unsigned char   in[POSTERN_TABLE_VALUE_MAX];
    static unsigned char   out[POSTERN_TABLE_VALUE_MAX];

    for (i = 0; i < sizeof(in); i++) {
        in[i] = (unsigned char) (i * 7 + i / 256);
    }

    n = free_cells(t);
    EXPECT_INT(postern_table_get(t, &h, 1000, out, &len), POSTERN_TABLE_NO);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        v.data = in + i;
        v.len = sizes[i] > i ? sizes[i] - i : 0;

        EXPECT_INT(postern_table_put(t, &h, 1000, 500, v), POSTERN_TABLE_OK);
        EXPECT_INT(postern_table_get(t, &h, 1499, out, &len), POSTERN_TABLE_OK);
        EXPECT_MEM(postern_str_eq((postern_str_t) { len, out }, v) ? "1" : "0",
                   "1", 1);
        EXPECT(consistent(t));
    }

    EXPECT_INT(postern_table_get(t, &h, 1500, out, &len), POSTERN_TABLE_NO);
    EXPECT_INT(postern_table_put(t, &h, 2000, 500, v), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_take(t, &h, 2000, out, &len), POSTERN_TABLE_OK);
    EXPECT_INT(len, v.len);
    EXPECT_INT(postern_table_take(t, &h, 2000, out, &len), POSTERN_TABLE_NO);
    EXPECT_INT(free_cells(t), n);

    EXPECT_INT(postern_table_put(t, &h, 2000, 500, v), POSTERN_TABLE_OK);
    postern_table_delete(t, &h);
    postern_table_delete(t, &h);
    EXPECT_INT(postern_table_get(t, &h, 2000, out, &len), POSTERN_TABLE_NO);
    EXPECT_INT(free_cells(t), n);

    munmap(m, SIZE);
}


TEST(a_record_that_does_not_fit_leaves_the_old_one)
{
    void                  *m = memory(SIZE);
    size_t                 len;
    postern_str_t          v;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_RECORD, 1), big;

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    v.data = buf;
    v.len = sizeof(buf);

    big = hash_of(t, POSTERN_TABLE_RECORD, 2);
    EXPECT_INT(postern_table_put(t, &big, 1000, 500, v), POSTERN_TABLE_OK);
    big = hash_of(t, POSTERN_TABLE_RECORD, 3);
    EXPECT_INT(postern_table_put(t, &big, 1000, 500, v), POSTERN_TABLE_OK);

    v.len = 5;
    v.data = (const unsigned char *) "small";
    EXPECT_INT(postern_table_put(t, &h, 1000, 500, v), POSTERN_TABLE_OK);

    v.data = buf;
    v.len = sizeof(buf);
    big = hash_of(t, POSTERN_TABLE_RECORD, 4);
    EXPECT_INT(postern_table_put(t, &big, 1000, 500, v), POSTERN_TABLE_OK);
    EXPECT_INT(postern_table_put(t, &h, 1001, 500, v), POSTERN_TABLE_FULL);
    EXPECT_INT(postern_table_get(t, &h, 1001, buf, &len), POSTERN_TABLE_OK);
    EXPECT_MEM(buf, "small", 5);
    EXPECT(consistent(t));

    munmap(m, SIZE);
}


TEST(a_rate_allows_a_burst_and_then_an_even_pace)
{
    int                    i, allowed;
    void                  *m = memory(SIZE);
    int64_t                wait, now;
    postern_table_t       *t = table(m, SIZE);
    postern_table_hash_t   h = hash_of(t, POSTERN_TABLE_RATE, 1);

    for (i = 0; i < 5; i++) {
        EXPECT_INT(postern_table_rate(t, &h, 10000, 5, 1000, &wait), 0);
    }

    EXPECT_INT(postern_table_rate(t, &h, 10000, 5, 1000, &wait),
               POSTERN_TABLE_NO);
    EXPECT_INT(wait, 200);
    EXPECT_INT(postern_table_rate(t, &h, 10199, 5, 1000, &wait),
               POSTERN_TABLE_NO);
    EXPECT_INT(wait, 1);
    EXPECT_INT(postern_table_rate(t, &h, 10200, 5, 1000, &wait), 0);
    EXPECT_INT(postern_table_rate(t, &h, 10200, 5, 1000, &wait),
               POSTERN_TABLE_NO);

    /* more than one a millisecond */

    h = hash_of(t, POSTERN_TABLE_RATE, 2);
    allowed = 0;

    for (now = 50000; now < 51000; now++) {
        for (i = 0; i < 10; i++) {
            allowed += postern_table_rate(t, &h, now, 3000, 1000, &wait) == 0;
        }
    }

    EXPECT_INT(allowed, 3000 + 999 * 1000 / 334);

    EXPECT_INT(postern_table_rate(t, &h, 60000, 0, 1000, &wait),
               POSTERN_TABLE_NO);

    /* a clock set back an hour does not lock anybody out for one */

    h = hash_of(t, POSTERN_TABLE_RATE, 3);
    EXPECT_INT(postern_table_rate(t, &h, 3700000, 1, 1000, &wait), 0);
    EXPECT_INT(postern_table_rate(t, &h, 100000, 1, 1000, &wait),
               POSTERN_TABLE_NO);
    EXPECT(wait <= 1000);

    munmap(m, SIZE);
}


/*
 * A process is killed at any instruction of its work, again and again; the
 * table must be whole after the next operation, and a value that was there
 * must be the old or a new one, never a mixture.
 */

static void
worker(postern_table_t *t, unsigned seed, unsigned *begun)
{
    int64_t                age;
    size_t                 len;
    int64_t                made;
    unsigned               n;
    uint32_t               epoch;
    postern_str_t          v;
    postern_table_hash_t   h;

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    static const postern_table_backoff_t  b = { 1000000, 0, 1, 1, 1000, 0 };

    for ( ;; ) {
        seed = seed * 1103515245 + 12345;
        n = (seed >> 16) % 64;

        h = hash_of(t, POSTERN_TABLE_RECORD, n);
        memset(buf, 'a' + (seed >> 24) % 26, 2000);
        v.data = buf;
        v.len = 1 + (seed >> 8) % 2000;
        (void) postern_table_put(t, &h, 1000, 1000, v);

        h = hash_of(t, POSTERN_TABLE_RECORD, (seed >> 10) % 64);
        (void) postern_table_take(t, &h, 1000, buf, &len);

        h = hash_of(t, POSTERN_TABLE_CLAIM, seed % 10000);
        (void) postern_table_claim(t, &h, 1000 + seed % 50, 20, &age);

        h = hash_of(t, POSTERN_TABLE_RECORD, (seed >> 12) % 64);
        memset(buf, 'a' + (seed >> 24) % 26, 2000);
        v.len = 1 + (seed >> 9) % 2000;
        (void) postern_table_swap(t, &h, 1000, 1000, NULL, &v);

        h = hash_of(t, POSTERN_TABLE_COPY, n);
        (void) postern_table_recent(t, &h, 1000, 100, buf, &len, &epoch);
        memset(buf, 'a' + (seed >> 24) % 26, 2000);
        (void) postern_table_copy(t, &h, epoch, 1000, 950 + seed % 50, 100, v);

        if (seed % 3 == 0) {
            postern_table_drop(t, &h);
        }

        h = hash_of(t, POSTERN_TABLE_GUESS, n);
        (void) postern_table_guess(t, &h, 1000, &b, &made);

        __atomic_store_n(begun, 1, __ATOMIC_RELEASE);
    }
}


TEST(a_table_survives_killed_processes)
{
    int                    i, status;
    void                  *m = memory(SIZE);
    pid_t                  pid;
    size_t                 len, k;
    int64_t                age;
    uint32_t               epoch;
    unsigned               n, torn, broken, *begun;
    postern_table_t       *t = table(m, SIZE);
    postern_table_stat_t   stat;
    postern_table_hash_t   h;

    static unsigned char   buf[POSTERN_TABLE_VALUE_MAX];

    torn = 0;
    broken = 0;
    begun = mmap(NULL, sizeof(unsigned), PROT_READ|PROT_WRITE,
                 MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    memset(&stat, 0, sizeof(stat));

    /* where it is hit is up to the machine: as often as it takes */

    for (i = 0; i < 200 || (stat.repaired <= 10 && i < 20000); i++) {
        *begun = 0;
        pid = fork();

        if (pid == 0) {
            worker(t, (unsigned) i, begun);
        }

        while (!__atomic_load_n(begun, __ATOMIC_ACQUIRE)) {
            usleep(100);
        }

        usleep(50 + i % 200 * 7);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        h = hash_of(t, POSTERN_TABLE_CLAIM, 20000 + (unsigned) i);
        (void) postern_table_claim(t, &h, 1000, 10, &age);

        broken += !consistent(t);

        for (n = 0; n < 64; n++) {
            h = hash_of(t, POSTERN_TABLE_RECORD, n);

            if (postern_table_get(t, &h, 1000, buf, &len) == 0) {
                for (k = 1; k < len; k++) {
                    if (buf[k] != buf[0]) {
                        torn++;
                        break;
                    }
                }
            }

            h = hash_of(t, POSTERN_TABLE_COPY, n);

            if (postern_table_recent(t, &h, 1000, 100, buf, &len, &epoch)
                == 0)
            {
                for (k = 1; k < len; k++) {
                    if (buf[k] != buf[0]) {
                        torn++;
                        break;
                    }
                }
            }
        }

        postern_table_stat(t, &stat);
    }

    EXPECT_INT(broken, 0);
    EXPECT_INT(torn, 0);
    EXPECT(stat.repaired > 10);

    munmap(begun, sizeof(unsigned));
    munmap(m, SIZE);
}


UNIT_MAIN()
