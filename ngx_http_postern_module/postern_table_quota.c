
/*
 * Quotas: how many entries of one owner are alive, counted in two windows.
 *
 * An entry lives no longer than a window, so that those that live were made in
 * this window or in the one before it.  A window begins where the one before
 * has ended, or, after a pause, with the first entry.
 */


#include "postern_table_cell.h"


static void postern_table_quota_turn(postern_cell_t *cell, int64_t now,
    int64_t window);
static void postern_table_quota_merge(postern_cell_t *cell, int64_t now);
static int64_t postern_table_quota_wait(const postern_cell_t *cell,
    int64_t now, uint32_t limit);


#define postern_table_taken(now, before)                                      \
    ((uint64_t) (now) << 32 | (uint32_t) (before))

#define postern_table_taken_now(taken)     ((uint32_t) ((taken) >> 32))
#define postern_table_taken_before(taken)  ((uint32_t) (taken))


postern_table_result_e
postern_table_quota(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, uint32_t limit, int64_t window, int take, int64_t *wait,
    int64_t *start)
{
    uint32_t                 n;
    uint64_t                 taken, all;
    postern_cell_t          *cell;
    postern_table_result_e   rc;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, now);
    n = 0;
    taken = 0;
    rc = POSTERN_TABLE_OK;

    if (cell) {
        postern_table_quota_turn(cell, now, window);
        taken = cell->u.entry.u.quota.taken;
    }

    all = (uint64_t) postern_table_taken_now(taken)
          + postern_table_taken_before(taken);

    if (all >= limit) {
        *wait = cell ? postern_table_quota_wait(cell, now, limit) : window;
        rc = POSTERN_TABLE_NO;

    } else if (take && cell) {
        postern_table_store(&cell->u.entry.u.quota.taken,
                            taken + postern_table_taken(1, 0));

    } else if (take && (n = postern_table_new(t, hash, now, 0)) == 0) {
        rc = POSTERN_TABLE_FULL;

    } else if (take) {
        cell = postern_table_cell(t, n);
        cell->u.entry.expires = now + 2 * window;
        cell->u.entry.u.quota.start = now;
        cell->u.entry.u.quota.window = window;
        cell->u.entry.u.quota.taken = postern_table_taken(1, 0);
        postern_table_insert(t, n, POSTERN_CELL_QUOTA);
    }

    if (take && rc == POSTERN_TABLE_OK) {
        *start = cell->u.entry.u.quota.start;

        if (cell->u.entry.u.quota.held < now + window) {
            cell->u.entry.u.quota.held = now + window;
        }
    }

    postern_table_leave(t);

    return rc;
}


/*
 * Goes on to the next window where this one has ended: two that have are an
 * entry that has expired.  Counts are stored last here, and first where windows
 * become one: a process killed in between has counted too much.
 */

static void
postern_table_quota_turn(postern_cell_t *cell, int64_t now, int64_t window)
{
    int64_t   past, old, start;
    uint64_t  taken;

    old = cell->u.entry.u.quota.window;

    if (cell->u.entry.u.quota.held > now + old) {

        /* the clock was set back */

        cell->u.entry.u.quota.held = now + old;
    }

    past = now - cell->u.entry.u.quota.start;
    taken = cell->u.entry.u.quota.taken;

    if (past < -old) {
        postern_table_quota_merge(cell, now);

    } else if (past >= old) {
        start = cell->u.entry.u.quota.start + old;
        cell->u.entry.expires = start + 2 * old;
        postern_table_store(&cell->u.entry.u.quota.start, start);
        postern_table_store(&cell->u.entry.u.quota.taken,
                       postern_table_taken(0, postern_table_taken_now(taken)));
    }

    /* a shorter one waits until no entry of the longer one is alive */

    if (window > old
        || (window < old && now >= cell->u.entry.u.quota.held))
    {
        postern_table_quota_merge(cell, now);
        cell->u.entry.expires = now + 2 * window;
        postern_table_store(&cell->u.entry.u.quota.window, window);
    }
}


/* all that is counted counts as taken now */

static void
postern_table_quota_merge(postern_cell_t *cell, int64_t now)
{
    uint64_t  taken;

    taken = cell->u.entry.u.quota.taken;
    taken = postern_table_taken(postern_table_taken_now(taken)
                                + postern_table_taken_before(taken), 0);

    postern_table_store(&cell->u.entry.u.quota.taken, taken);

    cell->u.entry.expires = now + 2 * cell->u.entry.u.quota.window;
    postern_table_store(&cell->u.entry.u.quota.start, now);
}


static int64_t
postern_table_quota_wait(const postern_cell_t *cell, int64_t now,
    uint32_t limit)
{
    int64_t  end;

    end = cell->u.entry.u.quota.start + cell->u.entry.u.quota.window;

    if (postern_table_taken_now(cell->u.entry.u.quota.taken) >= limit) {
        end += cell->u.entry.u.quota.window;
    }

    return end - now;
}


void
postern_table_untake(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t start)
{
    int64_t          since;
    uint64_t         taken;
    postern_cell_t  *cell;

    postern_table_enter(t);

    cell = postern_table_find(t, hash, INT64_MIN);

    /* after two turns, or where windows were made one, it stays counted */

    if (cell) {
        taken = cell->u.entry.u.quota.taken;
        since = cell->u.entry.u.quota.start - start;

        if (since == 0 && postern_table_taken_now(taken)) {
            taken -= postern_table_taken(1, 0);

        } else if (since == cell->u.entry.u.quota.window
                   && postern_table_taken_before(taken))
        {
            taken--;
        }

        postern_table_store(&cell->u.entry.u.quota.taken, taken);
    }

    postern_table_leave(t);
}
