
#include "postern_table_cell.h"

#include <sodium.h>


#define POSTERN_TABLE_MAGIC     0x6e7265747350ULL
#define POSTERN_TABLE_STEP      2         /* cells the hand sees per insert */
#define POSTERN_TABLE_SWEEP     1024      /* and more when cells are short */
#define POSTERN_TABLE_LAG       1000      /* ms between clocks of workers, and
                                             ends of one claim */
#define POSTERN_TABLE_NEAR      60000     /* ms between ends in one span */


_Static_assert(crypto_shorthash_siphashx24_BYTES
               == sizeof(postern_table_hash_t), "the hash has 128 bits");


static int postern_table_is_entry(uint32_t state);
static int postern_table_has_body(uint32_t state);
static uint32_t *postern_table_bucket(postern_table_t *t,
    const postern_table_hash_t *hash);
static void postern_table_repair(postern_table_t *t);
static int postern_table_adopt(postern_table_t *t, uint64_t body);
static void postern_table_free_cell(postern_table_t *t, uint32_t n);
static uint32_t postern_table_take_cell(postern_table_t *t);
static void postern_table_unlink(postern_table_t *t, uint32_t *link);
static uint32_t *postern_table_link(postern_table_t *t, uint32_t n);
static void postern_table_sweep_bucket(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now);
static void postern_table_turn_hand(postern_table_t *t, int64_t now);
static void postern_table_forget(postern_table_t *t,
    const postern_cell_t *cell, int64_t now);
static postern_span_t *postern_table_join(postern_table_t *t);


postern_table_t *
postern_table_init(void *memory, size_t size, const unsigned char key[16],
    uint64_t node)
{
    size_t            room;
    uint32_t          i, nbuckets;
    postern_table_t  *t;

    if (size < POSTERN_TABLE_MIN_SIZE || size > ((size_t) 64 << 30)) {
        return NULL;
    }

    /* as many buckets as fit with one to two cells for each */

    room = size - sizeof(postern_table_t) - sizeof(postern_cell_t);
    nbuckets = 1;

    while ((uint64_t) nbuckets * 2 * (sizeof(uint32_t) + sizeof(postern_cell_t))
           <= room)
    {
        nbuckets *= 2;
    }

    t = memory;
    memset(t, 0, sizeof(postern_table_t));

    t->version = POSTERN_TABLE_VERSION;
    t->cell_size = sizeof(postern_cell_t);
    t->size = size;
    t->node = node;
    memcpy(t->key, key, sizeof(t->key));

    t->mask = nbuckets - 1;
    t->buckets = sizeof(postern_table_t);
    t->cells = t->buckets + (uint64_t) nbuckets * sizeof(uint32_t);
    t->cells = (t->cells + sizeof(postern_cell_t) - 1)
               & ~(uint64_t) (sizeof(postern_cell_t) - 1);
    t->ncells = (uint32_t) ((size - t->cells) / sizeof(postern_cell_t));

    for (i = 1; i <= t->ncells; i++) {
        postern_table_cell(t, i)->state = POSTERN_CELL_FREE;
    }

    postern_table_repair(t);

    t->repaired = 0;
    postern_table_store(&t->magic, POSTERN_TABLE_MAGIC);

    return t;
}


postern_table_t *
postern_table_open(void *memory, size_t size)
{
    postern_table_t  *t;

    t = memory;

    if (t->magic != POSTERN_TABLE_MAGIC
        || t->version != POSTERN_TABLE_VERSION
        || t->cell_size != sizeof(postern_cell_t)
        || t->size != size)
    {
        return NULL;
    }

    return t;
}


uint64_t
postern_table_node(const postern_table_t *t)
{
    return t->node;
}


void
postern_table_stat(const postern_table_t *t, postern_table_stat_t *stat)
{
    stat->cells = t->ncells;
    stat->free = t->nfree;
    stat->refused = t->refused;
    stat->repaired = t->repaired;
}


int
postern_table_report(postern_table_t *t, int64_t now, int64_t interval)
{
    /* a report from the future: the clock was set back */

    if (t->reported != 0 && t->reported <= now && now - t->reported < interval)
    {
        return 0;
    }

    t->reported = now;

    return 1;
}


void
postern_table_hash(const postern_table_t *t, postern_table_kind_e kind,
    postern_str_t org, postern_str_t name, postern_table_hash_t *hash)
{
    size_t         len;
    unsigned char  text[3 + 2 * POSTERN_TABLE_NAME_MAX];

    if (org.len > POSTERN_TABLE_NAME_MAX) {
        org.len = POSTERN_TABLE_NAME_MAX;
    }

    if (name.len > POSTERN_TABLE_NAME_MAX) {
        name.len = POSTERN_TABLE_NAME_MAX;
    }

    /* the length of org keeps ("a", "bc") and ("ab", "c") apart */

    text[0] = (unsigned char) kind;
    text[1] = (unsigned char) (org.len >> 8);
    text[2] = (unsigned char) org.len;
    len = 3;

    if (org.len) {
        memcpy(text + len, org.data, org.len);
        len += org.len;
    }

    if (name.len) {
        memcpy(text + len, name.data, name.len);
        len += name.len;
    }

    (void) crypto_shorthash_siphashx24(hash->data, text, len, t->key);
}


static int
postern_table_is_entry(uint32_t state)
{
    switch (state) {

    case POSTERN_CELL_CLAIM:
    case POSTERN_CELL_RATE:
    case POSTERN_CELL_RECORD:
    case POSTERN_CELL_COPY:
    case POSTERN_CELL_GUESS:
    case POSTERN_CELL_QUOTA:
        return 1;

    default:
        return 0;
    }
}


static int
postern_table_has_body(uint32_t state)
{
    return state == POSTERN_CELL_RECORD || state == POSTERN_CELL_COPY;
}


static uint32_t *
postern_table_bucket(postern_table_t *t, const postern_table_hash_t *hash)
{
    uint32_t   n;
    uint32_t  *buckets;

    memcpy(&n, hash->data, sizeof(n));
    buckets = (uint32_t *) ((unsigned char *) t + t->buckets);

    return &buckets[n & t->mask];
}


/* shared by many names, of other bits than the bucket's */

uint32_t *
postern_table_epoch(postern_table_t *t, const postern_table_hash_t *hash)
{
    uint32_t  n;

    memcpy(&n, hash->data + sizeof(n), sizeof(n));

    return &t->epochs[n % POSTERN_TABLE_EPOCHS];
}


postern_cell_t *
postern_table_cell(postern_table_t *t, uint32_t n)
{
    return (postern_cell_t *) ((unsigned char *) t + t->cells) + (n - 1);
}


void
postern_table_enter(postern_table_t *t)
{
    if (t->busy) {
        postern_table_repair(t);
    }

    postern_table_store(&t->busy, 1);
}


void
postern_table_leave(postern_table_t *t)
{
    postern_table_store(&t->busy, 0);
}


/*
 * Rebuilds buckets and free list from the states of the cells; interrupted
 * itself, it begins anew and comes to the same end.
 */

static void
postern_table_repair(postern_table_t *t)
{
    uint32_t         i, *bucket;
    postern_cell_t  *cell;

    t->free = 0;
    t->nfree = 0;
    t->repaired++;

    memset((unsigned char *) t + t->buckets, 0,
           ((size_t) t->mask + 1) * sizeof(uint32_t));

    for (i = 1; i <= t->ncells; i++) {
        cell = postern_table_cell(t, i);

        if (cell->state == POSTERN_CELL_CHUNK) {
            cell->state = POSTERN_CELL_ORPHAN;
        }
    }

    for (i = 1; i <= t->ncells; i++) {
        cell = postern_table_cell(t, i);

        if (postern_table_has_body(cell->state)
            && !postern_table_adopt(t, cell->u.entry.u.record.body))
        {
            cell->state = POSTERN_CELL_FREE;
        }
    }

    for (i = t->ncells; i; i--) {
        cell = postern_table_cell(t, i);

        if (postern_table_is_entry(cell->state)) {
            bucket = postern_table_bucket(t, &cell->u.entry.hash);
            cell->next = *bucket;
            *bucket = i;

        } else if (cell->state != POSTERN_CELL_CHUNK) {
            postern_table_free_cell(t, i);
        }
    }
}


/* makes the orphans of a body chunks again; 0 where they are not all there */

static int
postern_table_adopt(postern_table_t *t, uint64_t body)
{
    size_t           len, done;
    uint32_t         n;
    postern_cell_t  *cell;

    len = (size_t) (body & UINT32_MAX);
    n = (uint32_t) (body >> 32);

    for (done = 0; done < len; done += POSTERN_TABLE_CHUNK) {
        if (n == 0 || n > t->ncells) {
            return 0;
        }

        cell = postern_table_cell(t, n);

        if (cell->state != POSTERN_CELL_ORPHAN) {
            return 0;
        }

        n = cell->next;
    }

    n = (uint32_t) (body >> 32);

    for (done = 0; done < len; done += POSTERN_TABLE_CHUNK) {
        cell = postern_table_cell(t, n);
        cell->state = POSTERN_CELL_CHUNK;
        n = cell->next;
    }

    return 1;
}


static void
postern_table_free_cell(postern_table_t *t, uint32_t n)
{
    postern_cell_t  *cell;

    cell = postern_table_cell(t, n);

    postern_table_store(&cell->state, POSTERN_CELL_FREE);
    postern_table_store(&cell->next, t->free);
    postern_table_store(&t->free, n);

    t->nfree++;
}


/* what lay in a record may be a secret: nothing of it stays behind */

void
postern_table_free_body(postern_table_t *t, uint64_t body)
{
    size_t           len, done;
    uint32_t         n, next;
    postern_cell_t  *cell;

    len = (size_t) (body & UINT32_MAX);
    n = (uint32_t) (body >> 32);

    for (done = 0; done < len; done += POSTERN_TABLE_CHUNK) {
        cell = postern_table_cell(t, n);
        next = cell->next;

        memset(cell->u.chunk, 0, POSTERN_TABLE_CHUNK);
        postern_table_free_cell(t, n);

        n = next;
    }
}


/* takes the entry that *link names out of its bucket and frees it */

static void
postern_table_unlink(postern_table_t *t, uint32_t *link)
{
    uint32_t         n, state;
    uint64_t         body;
    postern_cell_t  *cell;

    n = *link;
    cell = postern_table_cell(t, n);

    state = cell->state;
    body = cell->u.entry.u.record.body;

    postern_table_store(link, cell->next);
    postern_table_free_cell(t, n);

    if (postern_table_has_body(state)) {
        postern_table_free_body(t, body);
    }
}


postern_cell_t *
postern_table_find(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now)
{
    uint32_t         n;
    postern_cell_t  *cell;

    for (n = *postern_table_bucket(t, hash); n; n = cell->next) {
        cell = postern_table_cell(t, n);

        if (memcmp(&cell->u.entry.hash, hash, sizeof(*hash)) == 0) {
            return (cell->u.entry.expires > now) ? cell : NULL;
        }
    }

    return NULL;
}


/* what names an entry: its bucket, or the entry before it there */

static uint32_t *
postern_table_link(postern_table_t *t, uint32_t n)
{
    uint32_t  *link;

    link = postern_table_bucket(t, &postern_table_cell(t, n)->u.entry.hash);

    while (*link != n) {
        link = &postern_table_cell(t, *link)->next;
    }

    return link;
}


void
postern_table_remove(postern_table_t *t, postern_cell_t *cell)
{
    uint32_t  n;

    n = (uint32_t) (cell - postern_table_cell(t, 1)) + 1;

    postern_table_unlink(t, postern_table_link(t, n));
}


static void
postern_table_sweep_bucket(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now)
{
    uint32_t        *link;
    postern_cell_t  *cell;

    link = postern_table_bucket(t, hash);

    while (*link) {
        cell = postern_table_cell(t, *link);

        if (cell->u.entry.expires <= now) {
            postern_table_forget(t, cell, now);
            postern_table_unlink(t, link);

        } else {
            link = &cell->next;
        }
    }
}


static void
postern_table_turn_hand(postern_table_t *t, int64_t now)
{
    postern_cell_t  *cell;

    t->hand = (t->hand >= t->ncells) ? 1 : t->hand + 1;
    cell = postern_table_cell(t, t->hand);

    if (postern_table_is_entry(cell->state)
        && cell->u.entry.expires <= now)
    {
        postern_table_forget(t, cell, now);
        postern_table_remove(t, cell);
    }
}


/*
 * Enters the end of a claim into the span that it is near to, or into one of
 * its own.  Where all are taken, the two that are closest become one.  Whoever
 * makes it forgotten may want no claim itself: its clock counts all the same.
 */

static void
postern_table_forget(postern_table_t *t, const postern_cell_t *cell,
    int64_t now)
{
    int64_t          end, away;
    uint32_t         i;
    postern_span_t  *span, *empty;

    if (cell->state != POSTERN_CELL_CLAIM) {
        return;
    }

    if (now > t->latest) {
        postern_table_store(&t->latest, now);
    }

    end = cell->u.entry.expires;
    empty = NULL;

    for (i = 0; i < POSTERN_TABLE_SPANS; i++) {
        span = &t->spans[i];

        if (span->to == 0) {
            empty = span;
            continue;
        }

        away = (end < span->from) ? span->from - end : end - span->to;

        if (away > POSTERN_TABLE_NEAR) {
            continue;
        }

        if (end < span->from) {
            postern_table_store(&span->from, end);

        } else if (end > span->to) {
            postern_table_store(&span->to, end);
        }

        return;
    }

    if (empty == NULL) {
        empty = postern_table_join(t);
    }

    empty->from = end;
    postern_table_store(&empty->to, end);
}


/* returns the span that is not needed any more; killed in between, both say
   the same of some times */

static postern_span_t *
postern_table_join(postern_table_t *t)
{
    int64_t          gap, best;
    uint32_t         i, k;
    postern_span_t  *a, *b;

    a = &t->spans[0];
    b = &t->spans[1];
    best = INT64_MAX;

    for (i = 0; i < POSTERN_TABLE_SPANS; i++) {
        for (k = 0; k < POSTERN_TABLE_SPANS; k++) {
            gap = t->spans[k].from - t->spans[i].to;

            if (i != k && t->spans[k].from >= t->spans[i].from
                && gap < best)
            {
                best = gap;
                a = &t->spans[i];
                b = &t->spans[k];
            }
        }
    }

    if (b->to > a->to) {
        postern_table_store(&a->to, b->to);
    }

    postern_table_store(&b->to, 0);

    return b;
}


int
postern_table_past(postern_table_t *t, int64_t now, int64_t expires)
{
    uint32_t         i;
    postern_span_t  *span;

    if (now >= t->latest) {
        postern_table_store(&t->latest, now);
        return 0;
    }

    if (now + POSTERN_TABLE_LAG >= t->latest) {
        return 0;
    }

    for (i = 0; i < POSTERN_TABLE_SPANS; i++) {
        span = &t->spans[i];

        if (span->to != 0
            && expires >= span->from - POSTERN_TABLE_LAG
            && expires <= span->to + POSTERN_TABLE_LAG)
        {
            return 1;
        }
    }

    return 0;
}


/* makes sure of n free cells, with a bounded effort: the lock is held */

int
postern_table_want(postern_table_t *t, uint32_t n, int64_t now)
{
    uint32_t  i;

    for (i = 0; i < POSTERN_TABLE_STEP * n; i++) {
        postern_table_turn_hand(t, now);
    }

    for (i = 0; t->nfree < n && i < POSTERN_TABLE_SWEEP; i++) {
        postern_table_turn_hand(t, now);
    }

    if (t->nfree < n) {
        t->refused++;
        return 0;
    }

    return 1;
}


int
postern_table_scarce(postern_table_t *t, int64_t now)
{
    uint32_t  i;

    for (i = 0; t->nfree < t->ncells / 4 && i < POSTERN_TABLE_SWEEP; i++) {
        postern_table_turn_hand(t, now);
    }

    return t->nfree < t->ncells / 4;
}


static uint32_t
postern_table_take_cell(postern_table_t *t)
{
    uint32_t  n;

    n = t->free;
    postern_table_store(&t->free, postern_table_cell(t, n)->next);
    t->nfree--;

    return n;
}


uint32_t
postern_table_new(postern_table_t *t, const postern_table_hash_t *hash,
    int64_t now, uint32_t more)
{
    uint32_t         n;
    postern_cell_t  *cell;

    postern_table_sweep_bucket(t, hash, now);

    if (!postern_table_want(t, 1 + more, now)) {
        return 0;
    }

    n = postern_table_take_cell(t);

    cell = postern_table_cell(t, n);
    memset(&cell->u, 0, sizeof(cell->u));
    cell->u.entry.hash = *hash;

    return n;
}


void
postern_table_insert(postern_table_t *t, uint32_t n, postern_cell_state_e state)
{
    uint32_t        *bucket;
    postern_cell_t  *cell;

    cell = postern_table_cell(t, n);
    bucket = postern_table_bucket(t, &cell->u.entry.hash);

    cell->next = *bucket;
    postern_table_store(&cell->state, state);
    postern_table_store(bucket, n);
}


/* fills free cells, which the caller has made sure of, with a value */

uint64_t
postern_table_write(postern_table_t *t, postern_str_t value)
{
    size_t           done, size;
    uint32_t         n, first, *link;
    postern_cell_t  *cell;

    first = 0;
    link = &first;

    for (done = 0; done < value.len; done += size) {
        size = value.len - done;

        if (size > POSTERN_TABLE_CHUNK) {
            size = POSTERN_TABLE_CHUNK;
        }

        n = postern_table_take_cell(t);
        cell = postern_table_cell(t, n);

        memcpy(cell->u.chunk, value.data + done, size);
        cell->next = 0;
        postern_table_store(&cell->state, POSTERN_CELL_CHUNK);

        *link = n;
        link = &cell->next;
    }

    return (uint64_t) first << 32 | value.len;
}


void
postern_table_read(postern_table_t *t, uint64_t body, unsigned char *value,
    size_t *len)
{
    size_t           done, size;
    uint32_t         n;
    postern_cell_t  *cell;

    *len = (size_t) (body & UINT32_MAX);
    n = (uint32_t) (body >> 32);

    for (done = 0; done < *len; done += size) {
        size = *len - done;

        if (size > POSTERN_TABLE_CHUNK) {
            size = POSTERN_TABLE_CHUNK;
        }

        cell = postern_table_cell(t, n);
        memcpy(value + done, cell->u.chunk, size);
        n = cell->next;
    }
}


int
postern_table_same(postern_table_t *t, uint64_t body, postern_str_t value)
{
    size_t           done, size;
    uint32_t         n;
    postern_cell_t  *cell;

    if ((body & UINT32_MAX) != value.len) {
        return 0;
    }

    n = (uint32_t) (body >> 32);

    for (done = 0; done < value.len; done += size) {
        size = value.len - done;

        if (size > POSTERN_TABLE_CHUNK) {
            size = POSTERN_TABLE_CHUNK;
        }

        cell = postern_table_cell(t, n);

        if (memcmp(cell->u.chunk, value.data + done, size) != 0) {
            return 0;
        }

        n = cell->next;
    }

    return 1;
}
