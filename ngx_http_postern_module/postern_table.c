
#include "postern_table_cell.h"
#include "postern_assert.h"


static postern_cell_t *postern_table_attempted(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);
static postern_cell_t *postern_table_set(postern_table_t *t,
    const postern_table_hash_t *hash, postern_cell_state_e state, int64_t now,
    int64_t expires, postern_str_t value);
static int64_t postern_table_wait(const postern_table_backoff_t *backoff,
    uint64_t n);
static int64_t postern_table_memory(const postern_table_backoff_t *backoff,
    uint64_t n);


/* the claim while the attempt still owns it, expired or not */

static postern_cell_t *
postern_table_attempted(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner)
{
    postern_cell_t  *cell;

    cell = postern_table_find(t, hash, INT64_MIN);

    return (cell && cell->u.entry.u.claim.owner == owner) ? cell : NULL;
}


postern_table_result_e
postern_table_claim(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t ttl, int64_t *age)
{
    uint32_t                 n;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell) {
        *age = now - cell->u.entry.u.claim.created;
        rc = POSTERN_TABLE_NO;

    } else if (postern_table_past(t, now, now + ttl)) {
        rc = POSTERN_TABLE_PAST;

    } else if ((n = postern_table_new(t, hash, now, 0)) == 0) {
        rc = POSTERN_TABLE_FULL;

    } else {
        cell = postern_table_cell(t, n);
        cell->u.entry.expires = now + ttl;
        cell->u.entry.u.claim.created = now;
        postern_table_insert(t, n, POSTERN_CELL_CLAIM);
        rc = POSTERN_TABLE_OK;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_reserve(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t ttl, int64_t until, postern_table_attempt_t *attempt,
    int64_t *age)
{
    uint32_t                 n;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell && cell->u.entry.u.claim.owner != POSTERN_TABLE_DOUBT
        && (cell->u.entry.u.claim.owner == 0
            || cell->u.entry.u.claim.until > now))
    {
        *age = now - cell->u.entry.u.claim.created;
        rc = POSTERN_TABLE_NO;

    } else if (cell) {

        /* in doubt: the next attempt at the same claim, by its own name */

        cell->u.entry.expires = now + ttl;
        cell->u.entry.u.claim.until = until;
        attempt->token = cell->u.entry.u.claim.token;
        attempt->owner = ++t->serial;
        postern_table_store(&cell->u.entry.u.claim.owner, attempt->owner);
        rc = POSTERN_TABLE_OK;

    } else if (postern_table_past(t, now, now + ttl)) {
        rc = POSTERN_TABLE_PAST;

    } else if ((n = postern_table_new(t, hash, now, 0)) == 0) {
        rc = POSTERN_TABLE_FULL;

    } else {
        attempt->owner = attempt->token = ++t->serial;

        cell = postern_table_cell(t, n);
        cell->u.entry.expires = now + ttl;
        cell->u.entry.u.claim.created = now;
        cell->u.entry.u.claim.until = until;
        cell->u.entry.u.claim.owner = attempt->owner;
        cell->u.entry.u.claim.token = attempt->token;
        postern_table_insert(t, n, POSTERN_CELL_CLAIM);
        rc = POSTERN_TABLE_OK;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_confirm(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner)
{
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, INT64_MIN);

    if (cell == NULL) {

        /* expired and swept meanwhile: nobody else can have it by this one */

        rc = POSTERN_TABLE_OK;

    } else if (cell->u.entry.u.claim.owner == owner) {
        postern_table_store(&cell->u.entry.u.claim.owner, 0);
        rc = POSTERN_TABLE_OK;

    } else {
        rc = POSTERN_TABLE_NO;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_settle(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_attempted(t, hash, owner);

    if (cell) {
        postern_table_store(&cell->u.entry.u.claim.owner, 0);
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


postern_table_result_e
postern_table_release(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_attempted(t, hash, owner);

    if (cell) {
        postern_table_remove(t, cell);
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


void
postern_table_doubt(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_attempted(t, hash, owner);

    if (cell) {
        postern_table_store(&cell->u.entry.u.claim.owner, POSTERN_TABLE_DOUBT);
    }

    postern_table_leave(t);
}


void
postern_table_known(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner, int64_t now, int64_t age, int64_t rest)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_attempted(t, hash, owner);

    if (cell) {
        cell->u.entry.expires = now + rest;
        cell->u.entry.u.claim.created = now - age;
        postern_table_store(&cell->u.entry.u.claim.owner, 0);
    }

    postern_table_leave(t);
}


postern_table_result_e
postern_table_get(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, unsigned char *value, size_t *len)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell) {
        postern_table_read(t, cell->u.entry.u.record.body, value, len);
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


postern_table_result_e
postern_table_put(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t ttl, postern_str_t value)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_set(t, hash, POSTERN_CELL_RECORD, now, now + ttl,
                             value);

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_FULL;
}


/* NULL where it does not fit, nothing is changed then */

static postern_cell_t *
postern_table_set(postern_table_t *t, const postern_table_hash_t *hash,
    postern_cell_state_e state, int64_t now, int64_t expires,
    postern_str_t value)
{
    uint32_t         n, chunks;
    uint64_t         old;
    postern_cell_t  *cell;

    chunks = (uint32_t) ((value.len + POSTERN_TABLE_CHUNK - 1)
                         / POSTERN_TABLE_CHUNK);

    cell = postern_table_find(t, hash, now);

    if (cell) {

        /* the hand must not take the entry away while cells are found */

        if (!postern_table_want(t, chunks, now)) {
            return NULL;
        }

        old = cell->u.entry.u.record.body;
        postern_table_store(&cell->u.entry.u.record.body,
                            postern_table_write(t, value));
        cell->u.entry.expires = expires;
        postern_table_free_body(t, old);

        return cell;
    }

    n = postern_table_new(t, hash, now, chunks);
    if (n == 0) {
        return NULL;
    }

    cell = postern_table_cell(t, n);
    cell->u.entry.u.record.body = postern_table_write(t, value);
    cell->u.entry.expires = expires;
    postern_table_insert(t, n, state);

    return cell;
}


postern_table_result_e
postern_table_take(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, unsigned char *value, size_t *len)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell) {
        postern_table_read(t, cell->u.entry.u.record.body, value, len);
        postern_table_remove(t, cell);
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


void
postern_table_delete(postern_table_t *t, const postern_table_hash_t *hash)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, INT64_MIN);

    if (cell) {
        postern_table_remove(t, cell);
    }

    postern_table_leave(t);
}


postern_table_result_e
postern_table_swap(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t ttl, const postern_str_t *old,
    const postern_str_t *value)
{
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);
    rc = POSTERN_TABLE_OK;

    if ((cell == NULL) != (old == NULL)
        || (cell
            && !postern_table_same(t, cell->u.entry.u.record.body, *old)))
    {
        rc = POSTERN_TABLE_NO;

    } else if (value == NULL) {
        if (cell) {
            postern_table_remove(t, cell);
        }

    } else if (postern_table_set(t, hash, POSTERN_CELL_RECORD, now, now + ttl,
                                 *value)
               == NULL)
    {
        rc = POSTERN_TABLE_FULL;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_recent(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t age, unsigned char *value, size_t *len,
    uint32_t *epoch)
{
    int64_t          asked;
    postern_cell_t  *cell;

    postern_table_enter(t);

    *epoch = *postern_table_epoch(t, hash);

    cell = postern_table_find(t, hash, now);

    if (cell) {

        /* a question from the future: the clock was set back */

        asked = cell->u.entry.u.record.asked;

        if (asked <= now && now - asked < age) {
            postern_table_read(t, cell->u.entry.u.record.body, value, len);

        } else {
            cell = NULL;
        }
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


postern_table_result_e
postern_table_copy(postern_table_t *t, const postern_table_hash_t *hash,
    uint32_t epoch, int64_t now, int64_t asked, int64_t age,
    postern_str_t value)
{
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (*postern_table_epoch(t, hash) != epoch || asked + age <= now
        || (cell && cell->u.entry.u.record.asked >= asked
            && cell->u.entry.u.record.asked <= now))
    {
        /* too old, dropped since, or a later question was answered first */

        rc = POSTERN_TABLE_NO;

    } else {

        /* killed before the time is there, the copy is one of long ago */

        cell = postern_table_set(t, hash, POSTERN_CELL_COPY, now, asked + age,
                                 value);
        if (cell) {
            postern_table_store(&cell->u.entry.u.record.asked, asked);
        }

        rc = cell ? POSTERN_TABLE_OK : POSTERN_TABLE_FULL;
    }

    postern_table_leave(t);

    return rc;
}


void
postern_table_drop(postern_table_t *t, const postern_table_hash_t *hash)
{
    uint32_t        *epoch;
    postern_cell_t  *cell;

    postern_table_enter(t);

    epoch = postern_table_epoch(t, hash);
    postern_table_store(epoch, *epoch + 1);

    cell = postern_table_find(t, hash, INT64_MIN);

    if (cell) {
        postern_table_remove(t, cell);
    }

    postern_table_leave(t);
}


postern_table_result_e
postern_table_rate(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, uint64_t limit, int64_t period, int64_t *wait)
{
    int64_t                  step, span, tat, us, over;
    uint32_t                 n;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    if (limit == 0) {
        *wait = period;
        return POSTERN_TABLE_NO;
    }

    /* tat: when all that was allowed so far would have come at an even pace */

    us = now * 1000;
    step = (period * 1000 + (int64_t) limit - 1) / (int64_t) limit;
    span = step * (int64_t) limit;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);
    tat = cell ? cell->u.entry.u.tat : us;

    /* a cell is kept until then */

    if (POSTERN_NEVER(tat < us)) {
        tat = us;

    } else if (tat > us + span) {
        tat = us + span;
    }

    over = tat + step - us - span;
    n = 0;

    if (over > 0) {
        *wait = (over + 999) / 1000;
        rc = POSTERN_TABLE_NO;

    } else if (cell == NULL
               && (n = postern_table_new(t, hash, now, 0)) == 0)
    {
        rc = POSTERN_TABLE_FULL;

    } else {
        if (n) {
            cell = postern_table_cell(t, n);
        }

        postern_table_store(&cell->u.entry.u.tat, tat + step);
        cell->u.entry.expires = now + (tat + step - us + 999) / 1000;

        if (n) {
            postern_table_insert(t, n, POSTERN_CELL_RATE);
        }

        rc = POSTERN_TABLE_OK;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_guess(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, const postern_table_backoff_t *backoff, int64_t *n)
{
    int64_t                  next, expires;
    uint32_t                 new;
    uint64_t                 count;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);
    count = cell ? cell->u.entry.u.guess.count : 0;
    next = cell ? cell->u.entry.u.guess.next : now;

    /* further away than any wait: the clock was set back */

    if (next > now + backoff->wait_max) {
        next = now + backoff->wait_max;
    }

    new = 0;

    if (backoff->max && count >= backoff->max) {
        *n = 0;
        rc = POSTERN_TABLE_NO;

    } else if (next > now) {
        *n = next - now;
        rc = POSTERN_TABLE_NO;

    } else if (cell == NULL && backoff->spare && postern_table_scarce(t, now)) {
        *n = 1;
        rc = POSTERN_TABLE_OK;

    } else if (cell == NULL
               && (new = postern_table_new(t, hash, now, 0)) == 0)
    {
        rc = POSTERN_TABLE_FULL;

    } else {
        if (new) {
            cell = postern_table_cell(t, new);
        }

        count++;
        next = now + postern_table_wait(backoff, count + 1);
        expires = now + postern_table_memory(backoff, count);

        /* killed in between, it waits for a guess that nobody made */

        cell->u.entry.expires = (expires > next) ? expires : next;
        postern_table_store(&cell->u.entry.u.guess.next, next);
        postern_table_store(&cell->u.entry.u.guess.count, count);

        if (new) {
            postern_table_insert(t, new, POSTERN_CELL_GUESS);
        }

        *n = (int64_t) count;
        rc = POSTERN_TABLE_OK;
    }

    postern_table_leave(t);

    return rc;
}


/* in front of guess n */

static int64_t
postern_table_wait(const postern_table_backoff_t *backoff, uint64_t n)
{
    int64_t   wait;
    uint64_t  i;

    if (n <= backoff->free || backoff->wait <= 0) {
        return 0;
    }

    wait = backoff->wait;

    for (i = n - backoff->free; i > 1 && wait < backoff->wait_max; i--) {
        wait *= 2;
    }

    return (wait < backoff->wait_max) ? wait : backoff->wait_max;
}


/* how long n guesses are remembered */

static int64_t
postern_table_memory(const postern_table_backoff_t *backoff, uint64_t n)
{
    if (backoff->max || backoff->wait <= 0 || backoff->wait_max <= 0
        || n > (uint64_t) (backoff->ttl / backoff->wait_max))
    {
        return backoff->ttl;
    }

    return (int64_t) n * backoff->wait_max;
}
