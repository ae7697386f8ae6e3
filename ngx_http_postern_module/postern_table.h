
/*
 * The table in a zone: claims, rates, counts of guesses, records, and copies of
 * records that another store keeps, under 128-bit keyed hashes of their names.
 * Pure: flat memory shared by processes, offsets and no pointers inside, a lock
 * held by the caller around every call that takes a table.
 *
 * All memory is cut into cells of one size, so that nothing fragments: an
 * entry is one cell, the bytes of a record lie in a chain of further cells.
 * What has expired is swept by the inserts; what has not is never evicted.
 *
 * A process may be killed anywhere in the middle of an operation, the lock then
 * being released for it.  Every operation but a look-up marks the table busy
 * while it lasts; whoever finds the mark rebuilds chains and free list from the
 * cells, whose states are each written last.
 *
 * Times are milliseconds of the wall clock, so that they mean the same to all
 * processes and after a reload.  Where that is set back, claims which have been
 * swept might be valid once more: the table remembers at which times they ended
 * and knows nothing of a claim that ends then.
 */


#ifndef _POSTERN_TABLE_H_INCLUDED_
#define _POSTERN_TABLE_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_TABLE_VERSION    4
#define POSTERN_TABLE_MIN_SIZE   65536      /* bytes that init() asks for */
#define POSTERN_TABLE_VALUE_MAX  65536      /* bytes of a record */
#define POSTERN_TABLE_NAME_MAX   256        /* bytes of an org, of a name */


typedef struct postern_table_s  postern_table_t;


/* kinds of entries do not meet: each has its own names */

typedef enum {
    POSTERN_TABLE_CLAIM = 'c',
    POSTERN_TABLE_RATE = 'l',
    POSTERN_TABLE_RECORD = 'r',
    POSTERN_TABLE_COPY = 'y',
    POSTERN_TABLE_GUESS = 'g',
    POSTERN_TABLE_QUOTA = 'q'
} postern_table_kind_e;


typedef enum {
    POSTERN_TABLE_OK = 0,      /* first, found, kept, allowed */
    POSTERN_TABLE_NO,          /* duplicate, not there, over the limit */
    POSTERN_TABLE_FULL,        /* no cell is free and none could be freed */
    POSTERN_TABLE_PAST         /* the clock went back to where claims have been
                                  forgotten: nobody knows of this one */
} postern_table_result_e;


typedef struct {
    unsigned char  data[16];
} postern_table_hash_t;


/*
 * A claim that another store has yet to confirm.  owner is this attempt, token
 * stays the same over all attempts at one claim; neither is ever 0.
 */

typedef struct {
    uint64_t       owner;
    uint64_t       token;
} postern_table_attempt_t;


typedef struct {
    uint64_t       cells;
    uint64_t       free;
    uint64_t       refused;    /* inserts refused for want of a cell */
    uint64_t       repaired;   /* times that a dead process was tidied up */
} postern_table_stat_t;


/*
 * Lays out a table in memory of size bytes, aligned to 64: key is secret and
 * random, node tells this table from all others.  NULL when size is too small
 * or over 64 GB.
 */
postern_table_t *postern_table_init(void *memory, size_t size,
    const unsigned char key[16], uint64_t node);

/* a table laid out earlier; NULL where memory holds none of this version and
   size */
postern_table_t *postern_table_open(void *memory, size_t size);

uint64_t postern_table_node(const postern_table_t *t);
void postern_table_stat(const postern_table_t *t, postern_table_stat_t *stat);

/*
 * 1 where the first refusal of a while is to be reported: one process is told,
 * once in interval ms.
 */
int postern_table_report(postern_table_t *t, int64_t now, int64_t interval);


/* hash of a name; needs no lock.  org and name: up to POSTERN_TABLE_NAME_MAX */
void postern_table_hash(const postern_table_t *t, postern_table_kind_e kind,
    postern_str_t org, postern_str_t name, postern_table_hash_t *hash);


/* OK for the first, NO for every later one within ttl; *age is then the time
   since the first, negative where the clock was set back; or FULL, or PAST.
   Attempts at one claim name the same end, now + ttl, to the second */
postern_table_result_e postern_table_claim(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, int64_t ttl, int64_t *age);

/*
 * The same in two steps, where another store decides in between.
 *
 * reserve() is OK for one attempt at a time: one that is neither confirmed, nor
 * released, nor in doubt until the time given answers NO to the others; after
 * it, it counts as in doubt.
 *
 * confirm() makes the claim final: OK; NO where another attempt has taken it
 * over meanwhile, which must then not be accepted here.  settle() does so where
 * the other store has said nothing, and this table answers alone: NO also where
 * the claim is not there any more.  release() forgets it, as it was certainly
 * not made: NO as before.  doubt() says that nobody knows: the next reserve()
 * takes it over, under the same token.  known() enters what the other store
 * knows: made by somebody else age ms ago, for another rest ms.
 */
postern_table_result_e postern_table_reserve(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, int64_t ttl, int64_t until,
    postern_table_attempt_t *attempt, int64_t *age);
postern_table_result_e postern_table_confirm(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);
postern_table_result_e postern_table_settle(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);
postern_table_result_e postern_table_release(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);
void postern_table_doubt(postern_table_t *t,
    const postern_table_hash_t *hash, uint64_t owner);
void postern_table_known(postern_table_t *t, const postern_table_hash_t *hash,
    uint64_t owner, int64_t now, int64_t age, int64_t rest);


/*
 * Records.  get() copies up to POSTERN_TABLE_VALUE_MAX bytes to value and sets
 * *len; take() deletes as well.
 */
postern_table_result_e postern_table_get(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, unsigned char *value,
    size_t *len);
postern_table_result_e postern_table_put(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, int64_t ttl,
    postern_str_t value);
postern_table_result_e postern_table_take(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, unsigned char *value,
    size_t *len);
void postern_table_delete(postern_table_t *t, const postern_table_hash_t *hash);

/*
 * Compare and set: OK where the record read *old (NULL: there was none) and now
 * reads *value for ttl (NULL: is gone).  NO and FULL: nothing changed.
 */
postern_table_result_e postern_table_swap(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, int64_t ttl,
    const postern_str_t *old, const postern_str_t *value);


/*
 * Copies of what another store holds.  recent() finds one that was asked for
 * less than age ago; where it says NO, *epoch goes to the copy() of the answer,
 * whose question is sent after it: copy() then is NO, and enters nothing, where
 * a drop() came in between.
 */
postern_table_result_e postern_table_recent(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, int64_t age,
    unsigned char *value, size_t *len, uint32_t *epoch);
postern_table_result_e postern_table_copy(postern_table_t *t,
    const postern_table_hash_t *hash, uint32_t epoch, int64_t now,
    int64_t asked, int64_t age, postern_str_t value);
void postern_table_drop(postern_table_t *t, const postern_table_hash_t *hash);


/*
 * GCRA: a burst of limit, then one more each period / limit.  NO over it, *wait
 * is then the time until one more is allowed.
 */
postern_table_result_e postern_table_rate(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, uint64_t limit,
    int64_t period, int64_t *wait);


/*
 * Guesses are counted before they are made: free of them at once, then wait in
 * front of the next, doubled for each further one up to wait_max, and none
 * after max (0: no end).  The count is forgotten ttl after the last guess,
 * though not before the wait is over; where there is no end, n guesses n times
 * wait_max after it, if that is sooner: who waits for that makes no more of
 * them than who does not.
 *
 * A spare one cannot be right: where less than a quarter of the table is free
 * it is OK without being entered, so that names that nobody has do not take the
 * place of everything else.
 *
 * OK: *n is the number of this guess.  NO: nothing changed, and *n is the time
 * until the next one, 0 where there is none.
 */

typedef struct {
    uint64_t       free;
    uint64_t       max;
    int64_t        wait;
    int64_t        wait_max;
    int64_t        ttl;
    int            spare;
} postern_table_backoff_t;

postern_table_result_e postern_table_guess(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now,
    const postern_table_backoff_t *backoff, int64_t *n);


/*
 * A quota is how many entries of one owner are alive at a time: those taken in
 * this window and in the one before, none of which may live longer than a
 * window.  That is never too few, and up to two windows too long.
 *
 * OK below the limit, and with take one more is counted; *start then tells
 * untake() which one did not come to be after all.  NO at the limit: *wait is
 * the time until it may be below.  Of an owner without any FULL where there is
 * no cell to count in.
 */
postern_table_result_e postern_table_quota(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, uint32_t limit,
    int64_t window, int take, int64_t *wait, int64_t *start);
void postern_table_untake(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t start);


#endif /* _POSTERN_TABLE_H_INCLUDED_ */
