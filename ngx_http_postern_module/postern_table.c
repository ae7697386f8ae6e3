
#include "postern_table_cell.h"


static postern_cell_t *postern_table_attempted(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);


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


void
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
        postern_table_read(t, cell->u.entry.u.body, value, len);
    }

    postern_table_leave(t);

    return cell ? POSTERN_TABLE_OK : POSTERN_TABLE_NO;
}


postern_table_result_e
postern_table_put(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, int64_t ttl, postern_str_t value)
{
    uint32_t                 n, chunks;
    uint64_t                 old;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    chunks = (uint32_t) ((value.len + POSTERN_TABLE_CHUNK - 1)
                         / POSTERN_TABLE_CHUNK);

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell) {

        /* the hand must not take the entry away while cells are found */

        rc = postern_table_want(t, chunks, now) ? POSTERN_TABLE_OK
                                                : POSTERN_TABLE_FULL;

        if (rc == POSTERN_TABLE_OK) {
            old = cell->u.entry.u.body;
            postern_table_store(&cell->u.entry.u.body,
                                postern_table_write(t, value));
            cell->u.entry.expires = now + ttl;
            postern_table_free_body(t, old);
        }

    } else if ((n = postern_table_new(t, hash, now, chunks)) == 0) {
        rc = POSTERN_TABLE_FULL;

    } else {
        cell = postern_table_cell(t, n);
        cell->u.entry.u.body = postern_table_write(t, value);
        cell->u.entry.expires = now + ttl;
        postern_table_insert(t, n, POSTERN_CELL_RECORD);
        rc = POSTERN_TABLE_OK;
    }

    postern_table_leave(t);

    return rc;
}


postern_table_result_e
postern_table_take(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, unsigned char *value, size_t *len)
{
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);

    if (cell) {
        postern_table_read(t, cell->u.entry.u.body, value, len);
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

    if (tat < us) {
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
