
/*
 * Takes records from the ring to a file descriptor, in batches of one write
 * each.  Whatever dies in the middle, the successor neither loses, doubles nor
 * tears a line of a regular file: the length of the file says how much of the
 * last batch arrived.  A pipe has no length; a batch whose writer died is
 * written to it again, and so is one whose file is out of sight.
 */


#ifndef _AUDIT_DRAIN_H_INCLUDED_
#define _AUDIT_DRAIN_H_INCLUDED_


#include "audit_ring.h"


typedef struct {
    /* set by the caller */
    int             fd;           /* opened with O_APPEND */
    int             previous;     /* what fd was before a reopen, or -1 */
    unsigned char  *buf;          /* AUDIT_RECORD_MAX at least */
    size_t          size;
    unsigned        lock;         /* ms to wait for the lock */
    unsigned        wait;         /* ms to wait for a pipe to take more */
    unsigned        batches;      /* at most so many */
    uint64_t        now;          /* microseconds since the epoch */
    audit_owner_t   owner;

    /* set by audit_drain() */
    int             err;          /* errno of what failed, or 0 */
    unsigned        busy;         /* somebody else drains */
    unsigned        unlinked;     /* the file has no name any more */
    uint64_t        written;      /* bytes */
} audit_drain_t;


/* blocks as long as the write does: for a thread, or the end of a process */
void audit_drain(audit_ring_t *ring, audit_drain_t *d);


#endif /* _AUDIT_DRAIN_H_INCLUDED_ */
