
/*
 * The ring that records pass through: flat memory that all workers share.
 *
 * A producer reserves room under a short lock, copies outside of it, and
 * settles the slot.  Whoever holds the other lock drains: reads settled slots
 * in order, writes them out, moves on.  Both locks are robust mutexes: the
 * death of a holder frees them, and every store made under them leaves the
 * ring whole after each single instruction.
 *
 * A slot whose owner died before the record was whole is counted as lost; one
 * whose record was whole is written out as it is.
 */


#ifndef _AUDIT_RING_H_INCLUDED_
#define _AUDIT_RING_H_INCLUDED_


#include "postern_buf.h"


#define AUDIT_RING_LAYOUT    2            /* changes with the layout */
#define AUDIT_RING_MIN       (64 * 1024)  /* bytes of memory */
#define AUDIT_RING_SLOT      40           /* bytes a slot costs by itself */


typedef struct audit_ring_s  audit_ring_t;


/* who fills a slot: birth tells two processes of one id apart */

typedef struct {
    uint32_t  pid;
    uint64_t  birth;
} audit_owner_t;


typedef enum {
    AUDIT_SLOT_RESERVED = 1,  /* being filled; dead owner: lost */
    AUDIT_SLOT_READY,         /* whole, may still change; dead owner: as is */
    AUDIT_SLOT_DONE,          /* to be written out */
    AUDIT_SLOT_VOID,          /* withdrawn: nothing to write */
    AUDIT_SLOT_LOST,          /* given up by whoever drains */
    AUDIT_SLOT_REVISED        /* as DONE, its beginning replaced */
} audit_slot_e;


/* what was not recorded since the last gap record; times in microseconds */

typedef struct {
    uint64_t  dropped;        /* no room */
    uint64_t  lost;           /* the worker died */
    uint64_t  from;
    uint64_t  to;
} audit_gap_t;


/* counted since the ring was made */

typedef struct {
    uint64_t  dropped;
    uint64_t  lost;
    uint64_t  repeated;       /* bytes written again, their fate unknown */
} audit_ring_stat_t;


/*
 * A batch on its way into a file: which file, how long it was before, how many
 * bytes.  It is noted before the write, so that a successor can tell from the
 * file how much of it arrived.
 */

typedef struct {
    uint64_t  dev;
    uint64_t  ino;
    uint64_t  size;
    uint64_t  len;
} audit_batch_t;


/* makes a ring of size bytes at addr (aligned to 64, at least AUDIT_RING_MIN);
   NULL where that fails */
audit_ring_t *audit_ring_create(void *addr, size_t size);

/* the ring that is at addr already; NULL where its layout is another one */
audit_ring_t *audit_ring_attach(void *addr, size_t size);

/* this process, as owner of slots */
void audit_ring_owner(audit_owner_t *owner);


/*
 * Room for a record of len bytes that stands for `weight` records.  Returns 1
 * and the slot's position, or 0: no room, counted as dropped.  time is now, in
 * microseconds.
 */
int audit_ring_reserve(audit_ring_t *ring, const audit_owner_t *owner,
    size_t len, uint64_t weight, uint64_t time, uint64_t *pos);

/* room for a gap record, where there is something to tell: *gap is then taken
   out of the ring's count.  1, or 0 for nothing to tell or no room yet */
int audit_ring_reserve_gap(audit_ring_t *ring, const audit_owner_t *owner,
    size_t len, uint64_t time, audit_gap_t *gap, uint64_t *pos);

/* copies into a slot of one's own, from its byte off on */
void audit_ring_copy(audit_ring_t *ring, uint64_t pos, size_t off,
    const unsigned char *p, size_t n);

/* DONE with a len of at most what was reserved, READY likewise, or VOID */
void audit_ring_settle(audit_ring_t *ring, uint64_t pos, audit_slot_e state,
    size_t len);

/*
 * A record that is READY, of len bytes, whose beginning is another one by now:
 * n bytes that were reserved behind it take its place, all at once.
 */
void audit_ring_revise(audit_ring_t *ring, uint64_t pos, size_t len,
    const unsigned char *p, size_t n);

/* all three in one: 1, or 0 when dropped */
int audit_ring_push(audit_ring_t *ring, const audit_owner_t *owner,
    const unsigned char *p, size_t n, uint64_t time);

/* bytes taken, and room in all */
size_t audit_ring_used(const audit_ring_t *ring);
size_t audit_ring_room(const audit_ring_t *ring);

void audit_ring_stat(audit_ring_t *ring, audit_ring_stat_t *stat);


/*
 * Draining; all of it by the holder of the drain lock.  lock() waits up to
 * msec (0: not at all) and returns 1 when held.  One thread locks and unlocks.
 */
int audit_ring_lock(audit_ring_t *ring, unsigned msec);
void audit_ring_unlock(audit_ring_t *ring);

/* copies what is next in line into buf, whole records as far as they fit (the
   first may have begun to go out: then its rest); 0: nothing to write now */
size_t audit_ring_collect(audit_ring_t *ring, unsigned char *buf, size_t size,
    uint64_t now);

/* notes that the batch just collected is about to be written */
void audit_ring_begin(audit_ring_t *ring, const audit_batch_t *batch);

/* n bytes of it are out: moves on and forgets the note */
void audit_ring_advance(audit_ring_t *ring, size_t n);

/* a note that a dead predecessor left: 1 and *batch; settled by advance() */
int audit_ring_pending(audit_ring_t *ring, audit_batch_t *batch);

/* is a record partly out?  1, and in *batch the file (dev, ino, size) that its
   beginning went to; restart() makes it go out whole again */
int audit_ring_partial(audit_ring_t *ring, audit_batch_t *batch);
void audit_ring_restart(audit_ring_t *ring, size_t repeated);


#endif /* _AUDIT_RING_H_INCLUDED_ */
