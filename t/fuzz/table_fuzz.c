/* link: ngx_http_postern_module/postern_table.c
   ngx_http_postern_module/postern_table_cell.c
   ngx_http_postern_module/postern_table_quota.c -lsodium */

/*
 * Any bytes as a run of calls to the table of a zone, in a table so small that
 * it fills.  It answers as a list of names does that never forgets early and
 * never keeps too long, a full table changes nothing, and after every call each
 * cell is in exactly one place.
 */


#include "fuzz.h"
#include "table.h"


#define NAMES     12
#define MAX_TTL   4096
#define MAX_LEN   700


typedef struct {
    int64_t        until;              /* 0: there is none */
    size_t         len;
    unsigned char  fill;
} model_t;


static model_t           claims[NAMES], records[NAMES];
static unsigned char     value[POSTERN_TABLE_VALUE_MAX];
static unsigned char     text[MAX_LEN];
static int64_t           now;


static int
alive(const model_t *m)
{
    return m->until > now;
}


static postern_str_t
bytes(size_t len, unsigned char fill)
{
    postern_str_t  s;

    memset(text, fill, len);
    s.data = text;
    s.len = len;

    return s;
}


static void
same(const model_t *m, size_t len)
{
    size_t  i;

    HELD(len == m->len);

    for (i = 0; i < len; i++) {
        HELD(value[i] == m->fill);
    }
}


static void
claim(postern_table_t *t, unsigned n, int64_t ttl)
{
    int64_t                 age;
    postern_table_hash_t    h;
    postern_table_result_e  rc;

    h = hash_of(t, POSTERN_TABLE_CLAIM, n);
    rc = postern_table_claim(t, &h, now, ttl, &age);

    if (alive(&claims[n])) {
        HELD(rc == POSTERN_TABLE_NO);
        return;
    }

    HELD(rc != POSTERN_TABLE_NO);

    if (rc == POSTERN_TABLE_OK) {
        claims[n].until = now + ttl;
    }
}


static void
record(postern_table_t *t, unsigned op, unsigned n, int64_t ttl, size_t len)
{
    size_t                  got;
    model_t                *m;
    unsigned char           fill;
    postern_str_t           new, old;
    postern_table_hash_t    h;
    postern_table_result_e  rc;

    m = &records[n];
    h = hash_of(t, POSTERN_TABLE_RECORD, n);
    fill = (unsigned char) (len ^ (size_t) now);

    switch (op) {

    case 0:
        rc = postern_table_put(t, &h, now, ttl, bytes(len, fill));
        HELD(rc != POSTERN_TABLE_NO);
        break;

    case 1:
        rc = postern_table_take(t, &h, now, value, &got);
        HELD(rc == (alive(m) ? POSTERN_TABLE_OK : POSTERN_TABLE_NO));

        if (rc == POSTERN_TABLE_OK) {
            same(m, got);
        }

        m->until = 0;
        return;

    case 2:
        postern_table_delete(t, &h);
        m->until = 0;
        return;

    case 3:

        /* what it reads now, or what it never read */

        memset(value, m->fill, m->len);
        old.data = value;
        old.len = m->len + (size_t) (ttl & 1);
        value[m->len] = 0;
        new = bytes(len, fill);

        rc = postern_table_swap(t, &h, now, ttl, alive(m) ? &old : NULL, &new);

        HELD((rc == POSTERN_TABLE_NO) == (alive(m) && (ttl & 1)));
        break;

    default:
        rc = postern_table_get(t, &h, now, value, &got);
        HELD(rc == (alive(m) ? POSTERN_TABLE_OK : POSTERN_TABLE_NO));

        if (rc == POSTERN_TABLE_OK) {
            same(m, got);
        }

        return;
    }

    if (rc == POSTERN_TABLE_OK) {
        m->until = now + ttl;
        m->len = len;
        m->fill = fill;
    }
}


/* one more of an owner, and perhaps given back: what is left of the limit
   afterwards says so */

static void
quota(postern_table_t *t, unsigned id, uint32_t limit, int64_t window)
{
    int64_t                 wait, start;
    postern_table_hash_t    h;
    postern_table_result_e  rc, may;

    wait = 0;
    start = 0;
    h = hash_of(t, POSTERN_TABLE_QUOTA, id);

    may = postern_table_quota(t, &h, now, limit, window, 0, &wait, &start);
    rc = postern_table_quota(t, &h, now, limit, window, 1, &wait, &start);

    HELD(rc == may || (may == POSTERN_TABLE_OK && rc == POSTERN_TABLE_FULL));
    HELD(rc != POSTERN_TABLE_NO || (wait > 0 && wait <= 3 * MAX_TTL));

    if (rc == POSTERN_TABLE_OK && (window & 1)) {
        postern_table_untake(t, &h, start);
        HELD(postern_table_quota(t, &h, now, limit, window, 0, &wait, &start)
             == POSTERN_TABLE_OK);
    }
}


/* counters and attempts: whatever they say, the table stays whole */

static void
others(postern_table_t *t, unsigned op, unsigned n, int64_t ttl)
{
    int64_t                  wait;
    unsigned                 id;
    postern_table_hash_t     h;
    postern_table_result_e   rc;
    postern_table_attempt_t  attempt;
    postern_table_backoff_t  backoff = { 3, 9, 10, 400, MAX_TTL, 0 };

    wait = 0;
    id = NAMES + n;      /* not those of claim() */

    switch (op) {

    case 0:
        if (n & 1) {
            quota(t, id, n, ttl);
            break;
        }

        h = hash_of(t, POSTERN_TABLE_RATE, id);
        rc = postern_table_rate(t, &h, now, 1 + n, ttl, &wait);
        HELD(rc != POSTERN_TABLE_NO || wait > 0);
        break;

    case 1:
        backoff.spare = (int) (ttl & 1);
        h = hash_of(t, POSTERN_TABLE_GUESS, id);
        rc = postern_table_guess(t, &h, now, &backoff, &wait);
        HELD(wait >= 0 && (rc == POSTERN_TABLE_NO || wait <= 9));
        break;

    default:
        h = hash_of(t, POSTERN_TABLE_CLAIM, id);
        rc = postern_table_reserve(t, &h, now, ttl, now + 50, &attempt, &wait);

        if (rc != POSTERN_TABLE_OK) {
            break;
        }

        HELD(attempt.owner != 0 && attempt.token != 0);

        /* nobody else gets it meanwhile */

        HELD(postern_table_reserve(t, &h, now, ttl, now + 50, &attempt, &wait)
             == POSTERN_TABLE_NO);

        if (op == 2) {
            HELD(postern_table_release(t, &h, attempt.owner)
                 == POSTERN_TABLE_OK);

        } else if (op == 3) {
            postern_table_doubt(t, &h, attempt.owner);

        } else if (n & 1) {
            HELD(postern_table_settle(t, &h, attempt.owner)
                 == POSTERN_TABLE_OK);
            HELD(postern_table_settle(t, &h, attempt.owner)
                 == POSTERN_TABLE_NO);

        } else {
            (void) postern_table_confirm(t, &h, attempt.owner);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            len;
    int64_t           ttl;
    unsigned          op, n;
    postern_str_t     in;
    postern_table_t  *t;

    static unsigned char  zone[POSTERN_TABLE_MIN_SIZE]
                          __attribute__((aligned(64)));

    if (size > 4096) {
        return 0;
    }

    in.data = data;
    in.len = size;

    memset(zone, 0, sizeof(zone));
    memset(claims, 0, sizeof(claims));
    memset(records, 0, sizeof(records));
    now = 1795300000000;

    t = table(zone, sizeof(zone));
    HELD(t != NULL && postern_table_open(zone, sizeof(zone)) == t);

    while (in.len) {
        op = fuzz_byte(&in);
        n = fuzz_byte(&in) % NAMES;
        ttl = 1 + (int64_t) fuzz_byte(&in) * 16 % MAX_TTL;
        len = fuzz_byte(&in) * 3 % MAX_LEN;
        now += op >> 4;

        switch (op & 15) {

        case 0:
        case 1:
            claim(t, n, ttl);
            break;

        case 10:
        case 11:
        case 12:
        case 13:
        case 14:
            others(t, (op & 15) - 10, n, ttl);
            break;

        case 15:
            now += ttl;
            break;

        default:
            record(t, (op & 15) - 2, n, ttl, len);
        }

        HELD(consistent(t));
    }

    return 0;
}
