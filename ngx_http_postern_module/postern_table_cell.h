
/*
 * Inside the table: cells, buckets, the free list, and how they survive a
 * killed process.  postern_table_cell.c keeps the cells, postern_table.c says
 * what the entries in them mean.
 */


#ifndef _POSTERN_TABLE_CELL_H_INCLUDED_
#define _POSTERN_TABLE_CELL_H_INCLUDED_


#include "postern_table.h"


#define POSTERN_TABLE_CHUNK     56        /* bytes of a record in a cell */
#define POSTERN_TABLE_DOUBT     UINT64_MAX
#define POSTERN_TABLE_EPOCHS    512       /* a power of two */
#define POSTERN_TABLE_SPANS     16

/* a store that is not moved behind the next one: what a killed process has
   done of an operation is a beginning of it */
#define postern_table_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


typedef enum {
    POSTERN_CELL_FREE = 0,
    POSTERN_CELL_CHUNK = 1,
    POSTERN_CELL_ORPHAN = 2,    /* a chunk whose record is being looked for */
    POSTERN_CELL_CLAIM = POSTERN_TABLE_CLAIM,
    POSTERN_CELL_RATE = POSTERN_TABLE_RATE,
    POSTERN_CELL_RECORD = POSTERN_TABLE_RECORD,
    POSTERN_CELL_COPY = POSTERN_TABLE_COPY,
    POSTERN_CELL_GUESS = POSTERN_TABLE_GUESS,
    POSTERN_CELL_QUOTA = POSTERN_TABLE_QUOTA
} postern_cell_state_e;


/* cells are named by their number + 1, so that 0 is none */

typedef struct {
    uint32_t                     next;      /* in bucket, free list, record */
    uint32_t                     state;

    union {
        unsigned char            chunk[POSTERN_TABLE_CHUNK];

        struct {
            postern_table_hash_t hash;
            int64_t              expires;

            union {
                struct {
                    int64_t      created;
                    int64_t      until;
                    uint64_t     owner;     /* 0: confirmed */
                    uint64_t     token;
                } claim;

                struct {
                    uint64_t     body;      /* first cell << 32 | length */
                    int64_t      asked;     /* of a copy */
                } record;

                struct {
                    uint64_t     count;
                    int64_t      next;
                } guess;

                struct {
                    int64_t      start;     /* of this window */
                    int64_t      window;
                    int64_t      held;      /* until then none is shorter */
                    uint64_t     taken;     /* now << 32 | window before */
                } quota;

                int64_t          tat;       /* µs */
            } u;
        } entry;
    } u;
} postern_cell_t;


/* times of the wall clock that claims ended at which are forgotten: one span
   that grows, and more where the clock was far away for a while; to is 0 in
   those that are not used yet */

typedef struct {
    int64_t                      from;
    int64_t                      to;
} postern_span_t;


struct postern_table_s {
    uint64_t                     magic;
    uint32_t                     version;
    uint32_t                     cell_size;
    uint64_t                     size;
    uint64_t                     node;
    unsigned char                key[16];

    uint32_t                     ncells;
    uint32_t                     mask;      /* of buckets */
    uint64_t                     buckets;   /* offsets */
    uint64_t                     cells;

    uint32_t                     busy;
    uint32_t                     free;      /* first free cell */
    uint32_t                     nfree;
    uint32_t                     hand;

    uint64_t                     serial;
    uint64_t                     refused;
    uint64_t                     repaired;
    int64_t                      reported;

    int64_t                      latest;    /* the clock: claimed, forgotten */
    postern_span_t               spans[POSTERN_TABLE_SPANS];

    /* how often copies of these names were dropped */
    uint32_t                     epochs[POSTERN_TABLE_EPOCHS];
};


_Static_assert(sizeof(postern_cell_t) == 64, "a cell is a cache line");


/* around every operation: repairs what a killed process has left */
void postern_table_enter(postern_table_t *t);
void postern_table_leave(postern_table_t *t);

postern_cell_t *postern_table_cell(postern_table_t *t, uint32_t n);

uint32_t *postern_table_epoch(postern_table_t *t,
    const postern_table_hash_t *hash);

/* the entry that has not expired yet; with now INT64_MIN any */
postern_cell_t *postern_table_find(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now);

/*
 * Is the clock behind where it was, and a claim that ends at this time one that
 * may have been made and forgotten meanwhile?  Then nobody knows of it.
 */
int postern_table_past(postern_table_t *t, int64_t now, int64_t expires);

/* makes sure of n free cells with a bounded effort; 0: refused, counted */
int postern_table_want(postern_table_t *t, uint32_t n, int64_t now);

/* is less than a quarter free, after the same effort? */
int postern_table_scarce(postern_table_t *t, int64_t now);

/* number of a zeroed cell with the hash in it, not yet an entry, with cells
   left for more; 0: refused, counted */
uint32_t postern_table_new(postern_table_t *t,
    const postern_table_hash_t *hash, int64_t now, uint32_t more);

/* makes the cell an entry, last of all */
void postern_table_insert(postern_table_t *t, uint32_t n,
    postern_cell_state_e state);
void postern_table_remove(postern_table_t *t, postern_cell_t *cell);

/* the body of a record or a copy; write() takes cells that the caller made sure
   of */
uint64_t postern_table_write(postern_table_t *t, postern_str_t value);
void postern_table_read(postern_table_t *t, uint64_t body,
    unsigned char *value, size_t *len);
int postern_table_same(postern_table_t *t, uint64_t body,
    postern_str_t value);
void postern_table_free_body(postern_table_t *t, uint64_t body);


#endif /* _POSTERN_TABLE_CELL_H_INCLUDED_ */
