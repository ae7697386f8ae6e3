
#ifndef _GNU_SOURCE
#define _GNU_SOURCE     /* pthread_mutex_clocklock() */
#endif

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "audit_ring.h"


#define AUDIT_RING_MAGIC  UINT64_C(0x676e697274696475)

/* room that ordinary records leave to a gap record */
#define AUDIT_RING_SPARE  1024


/* 40 bytes; slots begin at multiples of 8, a header may wrap around the end
   only between its words */

typedef struct {
    uint64_t         weight;
    uint64_t         birth;
    uint64_t         time;
    uint32_t         pid;
    uint32_t         room;       /* bytes reserved */
    uint32_t         len;        /* bytes of the record */
    uint32_t         state;      /* audit_slot_e */
} audit_slot_t;


/* where draining stands */

typedef struct {
    uint64_t         tail;       /* the slot that is next */
    uint64_t         partial;    /* bytes of it that are out */
    uint64_t         pending;    /* a batch is on its way */
    audit_batch_t    batch;
} audit_cursor_t;


/*
 * Positions count bytes since the ring was made and never wrap; a position
 * modulo size is a place in data.
 *
 * There are two cursors: one is in force, the other is made ready and put in
 * force by one store to `current`, so that whenever the holder dies the cursor
 * in force is whole.
 */

struct audit_ring_s {
    uint64_t         magic;
    uint32_t         layout;
    uint32_t         slot;       /* sizeof(audit_slot_t) */
    uint64_t         memory;     /* bytes handed to create() */
    uint64_t         size;       /* bytes of data */

    pthread_mutex_t  reserve;
    uint64_t         head;
    audit_gap_t      gap;
    audit_ring_stat_t  stat;

    pthread_mutex_t  drain;
    uint64_t         tail;       /* what producers may take for free */
    uint32_t         current;
    audit_cursor_t   cursor[2];

    unsigned char    data[] __attribute__((aligned(64)));
};


static int audit_ring_mutex(pthread_mutex_t *mutex);
static void audit_ring_enter(audit_ring_t *ring);
static void audit_ring_leave(audit_ring_t *ring);
static uint64_t audit_ring_span(size_t room);
static int audit_ring_take(audit_ring_t *ring, const audit_owner_t *owner,
    size_t len, size_t spare, uint64_t weight, uint64_t time, uint64_t *pos);
static void audit_ring_missed(audit_ring_t *ring, uint64_t time);
static void audit_ring_put(audit_ring_t *ring, uint64_t pos, const void *p,
    size_t n);
static void audit_ring_get(const audit_ring_t *ring, uint64_t pos, void *p,
    size_t n);
static void audit_ring_text(const audit_ring_t *ring, uint64_t pos,
    const audit_slot_t *slot, size_t off, unsigned char *p, size_t n);
static uint32_t *audit_ring_state(audit_ring_t *ring, uint64_t pos);
static uint32_t audit_ring_resolve(audit_ring_t *ring, uint64_t pos,
    audit_slot_t *slot, uint64_t now);
static int audit_ring_alive(uint32_t pid, uint64_t birth);
static uint64_t audit_ring_birth(uint32_t pid);
static audit_cursor_t *audit_ring_cursor(audit_ring_t *ring);
static audit_cursor_t *audit_ring_spare(audit_ring_t *ring);
static void audit_ring_flip(audit_ring_t *ring);


#define audit_load(p)      __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define audit_store(p, v)  __atomic_store_n(p, v, __ATOMIC_RELEASE)


audit_ring_t *
audit_ring_create(void *addr, size_t size)
{
    audit_ring_t  *ring;

    if (size < AUDIT_RING_MIN) {
        return NULL;
    }

    ring = addr;
    memset(ring, 0, sizeof(audit_ring_t));

    ring->layout = AUDIT_RING_LAYOUT;
    ring->slot = sizeof(audit_slot_t);
    ring->memory = size;
    ring->size = (size - sizeof(audit_ring_t)) & ~(uint64_t) 63;

    if (audit_ring_mutex(&ring->reserve) != 0
        || audit_ring_mutex(&ring->drain) != 0)
    {
        return NULL;
    }

    audit_store(&ring->magic, AUDIT_RING_MAGIC);

    return ring;
}


audit_ring_t *
audit_ring_attach(void *addr, size_t size)
{
    audit_ring_t  *ring;

    ring = addr;

    if (audit_load(&ring->magic) != AUDIT_RING_MAGIC
        || ring->layout != AUDIT_RING_LAYOUT
        || ring->slot != sizeof(audit_slot_t)
        || ring->memory != size)
    {
        return NULL;
    }

    return ring;
}


static int
audit_ring_mutex(pthread_mutex_t *mutex)
{
    int                  rc;
    pthread_mutexattr_t  attr;

    if (pthread_mutexattr_init(&attr) != 0) {
        return -1;
    }

    rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED)
         || pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST)
         || pthread_mutex_init(mutex, &attr);

    (void) pthread_mutexattr_destroy(&attr);

    return rc ? -1 : 0;
}


void
audit_ring_owner(audit_owner_t *owner)
{
    owner->pid = (uint32_t) getpid();
    owner->birth = audit_ring_birth(owner->pid);
}


/* nothing to mend after the death of a holder: a slot counts from the store to
   head on, which is the last one */

static void
audit_ring_enter(audit_ring_t *ring)
{
    if (pthread_mutex_lock(&ring->reserve) == EOWNERDEAD) {
        (void) pthread_mutex_consistent(&ring->reserve);
    }
}


static void
audit_ring_leave(audit_ring_t *ring)
{
    (void) pthread_mutex_unlock(&ring->reserve);
}


int
audit_ring_reserve(audit_ring_t *ring, const audit_owner_t *owner, size_t len,
    uint64_t weight, uint64_t time, uint64_t *pos)
{
    int  rc;

    audit_ring_enter(ring);

    rc = audit_ring_take(ring, owner, len, AUDIT_RING_SPARE, weight, time,
                         pos);
    if (rc == 0) {
        ring->gap.dropped += weight;
        ring->stat.dropped += weight;
        audit_ring_missed(ring, time);
    }

    audit_ring_leave(ring);

    return rc;
}


int
audit_ring_reserve_gap(audit_ring_t *ring, const audit_owner_t *owner,
    size_t len, uint64_t time, audit_gap_t *gap, uint64_t *pos)
{
    int  rc;

    audit_ring_enter(ring);

    rc = 0;

    if (ring->gap.dropped || ring->gap.lost) {

        rc = audit_ring_take(ring, owner, len, 0,
                             ring->gap.dropped + ring->gap.lost, time, pos);
        if (rc) {
            *gap = ring->gap;
            memset(&ring->gap, 0, sizeof(audit_gap_t));
        }
    }

    audit_ring_leave(ring);

    return rc;
}


/* with the lock held */

static int
audit_ring_take(audit_ring_t *ring, const audit_owner_t *owner, size_t len,
    size_t spare, uint64_t weight, uint64_t time, uint64_t *pos)
{
    uint64_t      span;
    audit_slot_t  slot;

    span = audit_ring_span(len);

    if (span + spare > ring->size - (ring->head - audit_load(&ring->tail))) {
        return 0;
    }

    slot.weight = weight;
    slot.birth = owner->birth;
    slot.time = time;
    slot.pid = owner->pid;
    slot.room = (uint32_t) len;
    slot.len = (uint32_t) len;
    slot.state = AUDIT_SLOT_RESERVED;

    *pos = ring->head;

    audit_ring_put(ring, ring->head, &slot, sizeof(audit_slot_t));
    audit_store(&ring->head, ring->head + span);

    return 1;
}


static void
audit_ring_missed(audit_ring_t *ring, uint64_t time)
{
    if (ring->gap.from == 0 || time < ring->gap.from) {
        ring->gap.from = time;
    }

    if (time > ring->gap.to) {
        ring->gap.to = time;
    }
}


static uint64_t
audit_ring_span(size_t room)
{
    return (sizeof(audit_slot_t) + room + 7) & ~(uint64_t) 7;
}


void
audit_ring_copy(audit_ring_t *ring, uint64_t pos, size_t off,
    const unsigned char *p, size_t n)
{
    audit_ring_put(ring, pos + sizeof(audit_slot_t) + off, p, n);
}


void
audit_ring_settle(audit_ring_t *ring, uint64_t pos, audit_slot_e state,
    size_t len)
{
    uint32_t  n;

    n = (uint32_t) len;

    audit_ring_put(ring, pos + offsetof(audit_slot_t, len), &n, sizeof(n));
    audit_store(audit_ring_state(ring, pos), (uint32_t) state);
}


void
audit_ring_revise(audit_ring_t *ring, uint64_t pos, size_t len,
    const unsigned char *p, size_t n)
{
    /* killed before the store, the record is what it was */

    audit_ring_copy(ring, pos, len, p, n);
    audit_store(audit_ring_state(ring, pos), (uint32_t) AUDIT_SLOT_REVISED);
}


int
audit_ring_push(audit_ring_t *ring, const audit_owner_t *owner,
    const unsigned char *p, size_t n, uint64_t time)
{
    uint64_t  pos;

    if (!audit_ring_reserve(ring, owner, n, 1, time, &pos)) {
        return 0;
    }

    audit_ring_copy(ring, pos, 0, p, n);
    audit_ring_settle(ring, pos, AUDIT_SLOT_DONE, n);

    return 1;
}


size_t
audit_ring_used(const audit_ring_t *ring)
{
    uint64_t  tail;

    tail = audit_load(&ring->tail);

    return audit_load(&ring->head) - tail;
}


size_t
audit_ring_room(const audit_ring_t *ring)
{
    return ring->size;
}


void
audit_ring_stat(audit_ring_t *ring, audit_ring_stat_t *stat)
{
    audit_ring_enter(ring);
    *stat = ring->stat;
    audit_ring_leave(ring);
}


int
audit_ring_lock(audit_ring_t *ring, unsigned msec)
{
    int              rc;
    struct timespec  ts;

    if (msec == 0) {
        rc = pthread_mutex_trylock(&ring->drain);

    } else {
        /* a wall clock that is set back meanwhile makes no wait longer */

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);

        ts.tv_sec += msec / 1000;
        ts.tv_nsec += (long) (msec % 1000) * 1000000;

        if (ts.tv_nsec >= 1000000000) {
            ts.tv_nsec -= 1000000000;
            ts.tv_sec++;
        }

        rc = pthread_mutex_clocklock(&ring->drain, CLOCK_MONOTONIC, &ts);
    }

    if (rc == EOWNERDEAD) {
        (void) pthread_mutex_consistent(&ring->drain);

        /* the predecessor may have died right before this */

        audit_store(&ring->tail, audit_ring_cursor(ring)->tail);

        rc = 0;
    }

    return rc == 0;
}


void
audit_ring_unlock(audit_ring_t *ring)
{
    (void) pthread_mutex_unlock(&ring->drain);
}


size_t
audit_ring_collect(audit_ring_t *ring, unsigned char *buf, size_t size,
    uint64_t now)
{
    size_t          out, n;
    uint32_t        state;
    uint64_t        pos, head, skip;
    audit_slot_t    slot;
    audit_cursor_t *c;

    c = audit_ring_cursor(ring);
    head = audit_load(&ring->head);
    skip = c->partial;
    out = 0;

    for (pos = c->tail; pos < head; pos += audit_ring_span(slot.room)) {

        state = audit_ring_resolve(ring, pos, &slot, now);

        if (state == AUDIT_SLOT_RESERVED || state == AUDIT_SLOT_READY) {
            break;
        }

        if (state == AUDIT_SLOT_DONE || state == AUDIT_SLOT_REVISED) {
            n = slot.len - skip;

            if (n > size - out) {
                break;
            }

            audit_ring_text(ring, pos, &slot, skip, buf + out, n);
            out += n;
        }

        skip = 0;
    }

    if (out == 0 && pos != c->tail) {

        /* nothing but slots without a record: they are done with */

        audit_ring_advance(ring, 0);
    }

    return out;
}


/*
 * The state of a slot, after the death of its owner was taken into account.
 * It changes once to a final one; advance() finds what collect() found.
 */

static uint32_t
audit_ring_resolve(audit_ring_t *ring, uint64_t pos, audit_slot_t *slot,
    uint64_t now)
{
    uint32_t  *state;

    state = audit_ring_state(ring, pos);
    slot->state = audit_load(state);

    audit_ring_get(ring, pos, slot, offsetof(audit_slot_t, state));

    if (slot->state == AUDIT_SLOT_RESERVED
        && !audit_ring_alive(slot->pid, slot->birth))
    {
        /* it may have got further between the two looks, and then died */

        slot->state = audit_load(state);

        if (slot->state == AUDIT_SLOT_RESERVED) {
            audit_ring_enter(ring);

            audit_store(state, AUDIT_SLOT_LOST);
            ring->gap.lost += slot->weight;
            ring->stat.lost += slot->weight;
            audit_ring_missed(ring, slot->time);
            audit_ring_missed(ring, now);

            audit_ring_leave(ring);

            slot->state = AUDIT_SLOT_LOST;

        } else {
            /* its length was not known yet at the first one */

            audit_ring_get(ring, pos, slot, offsetof(audit_slot_t, state));
        }
    }

    if (slot->state == AUDIT_SLOT_READY
        && !audit_ring_alive(slot->pid, slot->birth))
    {
        if (audit_load(state) == AUDIT_SLOT_READY) {
            audit_store(state, AUDIT_SLOT_DONE);
        }

        audit_ring_get(ring, pos, slot, sizeof(audit_slot_t));
    }

    return slot->state;
}


static int
audit_ring_alive(uint32_t pid, uint64_t birth)
{
    uint64_t  now;

    if (kill((pid_t) pid, 0) == -1 && errno == ESRCH) {
        return 0;
    }

    now = audit_ring_birth(pid);

    return now == 0 || birth == 0 || now == birth;
}


/* when the process was started, in ticks since boot; 0: cannot tell */

static uint64_t
audit_ring_birth(uint32_t pid)
{
    char      *p, path[32], text[1024];
    FILE      *f;
    size_t     n;
    unsigned   field;

    (void) snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned) pid);

    f = fopen(path, "re");

    if (f == NULL) {
        return 0;
    }

    n = fread(text, 1, sizeof(text) - 1, f);
    (void) fclose(f);

    text[n] = '\0';

    /* field 22, counted from behind the name, which may hold anything */

    p = strrchr(text, ')');

    for (field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }

    return p ? strtoull(p, NULL, 10) : 0;
}


void
audit_ring_begin(audit_ring_t *ring, const audit_batch_t *batch)
{
    audit_cursor_t  *c;

    c = audit_ring_spare(ring);
    *c = *audit_ring_cursor(ring);

    c->pending = 1;
    c->batch = *batch;

    audit_ring_flip(ring);
}


void
audit_ring_advance(audit_ring_t *ring, size_t n)
{
    uint64_t         head;
    audit_slot_t     slot;
    audit_cursor_t  *c;

    c = audit_ring_spare(ring);
    *c = *audit_ring_cursor(ring);

    head = audit_load(&ring->head);

    /* where a record that is partly out has to go on */

    c->batch.size += n;
    c->pending = 0;

    n += c->partial;
    c->partial = 0;

    while (c->tail < head) {

        audit_ring_get(ring, c->tail, &slot, sizeof(audit_slot_t));

        if (slot.state == AUDIT_SLOT_DONE
            || slot.state == AUDIT_SLOT_REVISED)
        {
            if (n < slot.len) {
                c->partial = n;
                break;
            }

            n -= slot.len;

        } else if (slot.state != AUDIT_SLOT_VOID
                   && slot.state != AUDIT_SLOT_LOST)
        {
            break;
        }

        c->tail += audit_ring_span(slot.room);
    }

    audit_ring_flip(ring);

    audit_store(&ring->tail, audit_ring_cursor(ring)->tail);
}


int
audit_ring_pending(audit_ring_t *ring, audit_batch_t *batch)
{
    audit_cursor_t  *c;

    c = audit_ring_cursor(ring);
    *batch = c->batch;

    return c->pending != 0;
}


int
audit_ring_partial(audit_ring_t *ring, audit_batch_t *batch)
{
    audit_cursor_t  *c;

    c = audit_ring_cursor(ring);
    *batch = c->batch;

    return c->partial != 0;
}


void
audit_ring_restart(audit_ring_t *ring, size_t repeated)
{
    audit_cursor_t  *c;

    c = audit_ring_spare(ring);
    *c = *audit_ring_cursor(ring);

    c->partial = 0;
    c->pending = 0;

    audit_ring_flip(ring);

    audit_ring_enter(ring);
    ring->stat.repeated += repeated;
    audit_ring_leave(ring);
}


static audit_cursor_t *
audit_ring_cursor(audit_ring_t *ring)
{
    return &ring->cursor[audit_load(&ring->current) & 1];
}


static audit_cursor_t *
audit_ring_spare(audit_ring_t *ring)
{
    return &ring->cursor[(audit_load(&ring->current) + 1) & 1];
}


static void
audit_ring_flip(audit_ring_t *ring)
{
    audit_store(&ring->current, ring->current ^ 1);
}


static void
audit_ring_put(audit_ring_t *ring, uint64_t pos, const void *p, size_t n)
{
    size_t                first;
    uint64_t              at;
    const unsigned char  *c;

    c = p;
    at = pos % ring->size;
    first = ring->size - at;

    if (first > n) {
        first = n;
    }

    memcpy(ring->data + at, c, first);
    memcpy(ring->data, c + first, n - first);
}


static void
audit_ring_get(const audit_ring_t *ring, uint64_t pos, void *p, size_t n)
{
    size_t          first;
    uint64_t        at;
    unsigned char  *c;

    c = p;
    at = pos % ring->size;
    first = ring->size - at;

    if (first > n) {
        first = n;
    }

    memcpy(c, ring->data + at, first);
    memcpy(c + first, ring->data, n - first);
}


/*
 * n bytes of a record, from its byte off on.  Of a revised one the new
 * beginning lies behind the record, and is as long as the room that is left
 * there.
 */

static void
audit_ring_text(const audit_ring_t *ring, uint64_t pos,
    const audit_slot_t *slot, size_t off, unsigned char *p, size_t n)
{
    size_t  head, part;

    pos += sizeof(audit_slot_t);
    head = (slot->state == AUDIT_SLOT_REVISED) ? slot->room - slot->len : 0;

    if (off < head) {
        part = (n < head - off) ? n : head - off;

        audit_ring_get(ring, pos + slot->len + off, p, part);

        off += part;
        p += part;
        n -= part;
    }

    audit_ring_get(ring, pos + off, p, n);
}


/* slots lie at multiples of 8 and state at one of 4: it never wraps */

static uint32_t *
audit_ring_state(audit_ring_t *ring, uint64_t pos)
{
    pos = (pos + offsetof(audit_slot_t, state)) % ring->size;

    return (uint32_t *) (void *) (ring->data + pos);
}
