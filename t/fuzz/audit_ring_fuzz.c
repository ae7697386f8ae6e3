/* link: ngx_http_audit_module/audit_ring.c */

/*
 * Any bytes as a run of calls to the ring, of several producers and one that
 * drains.  What comes out is what was settled as done, byte for byte and in
 * the order of its reservation; what found no room or was given up is counted;
 * memory that holds something else is never taken for a ring.
 */


#include "audit_ring.h"
#include "fuzz.h"


#define MAX_OPEN     8
#define MAX_RECORDS  4096


typedef struct {
    uint64_t  pos;
    size_t    room;
    unsigned  id;
} open_t;


typedef struct {
    size_t          len;
    unsigned        done:1;
    unsigned        void_:1;
    unsigned char   fill;
} record_t;


static audit_ring_t   *ring;
static audit_owner_t   me;
static open_t          open_slots[MAX_OPEN];
static record_t        records[MAX_RECORDS];
static unsigned        nrecords, next_out, dropped;
static size_t          next_off;
static unsigned char   out[16384];


static void
reserve(unsigned slot, size_t len)
{
    open_t  *o = &open_slots[slot];

    if (o->room || nrecords == MAX_RECORDS) {
        return;
    }

    if (!audit_ring_reserve(ring, &me, len, 1, 1000 + nrecords, &o->pos)) {
        dropped++;
        return;
    }

    o->room = len;
    o->id = nrecords;
    memset(&records[nrecords], 0, sizeof(record_t));
    nrecords++;
}


static void
settle(unsigned slot, unsigned how, size_t len)
{
    open_t         *o = &open_slots[slot];
    record_t       *r;
    unsigned char   text[4096];

    if (o->room == 0) {
        return;
    }

    r = &records[o->id];
    r->len = len % o->room + 1;
    r->fill = (unsigned char) (o->id * 7 + len);

    memset(text, r->fill, r->len);
    audit_ring_copy(ring, o->pos, 0, text, r->len / 2);
    audit_ring_copy(ring, o->pos, r->len / 2, text, r->len - r->len / 2);

    if (how == 0) {
        r->void_ = 1;
        audit_ring_settle(ring, o->pos, AUDIT_SLOT_VOID, 0);

    } else {
        r->done = 1;

        if (how == 1) {
            audit_ring_settle(ring, o->pos, AUDIT_SLOT_READY, r->len);
        }

        audit_ring_settle(ring, o->pos, AUDIT_SLOT_DONE, r->len);
    }

    o->room = 0;
}


/* the next bytes that are due */

static void
came(size_t n)
{
    size_t     i;
    record_t  *r;

    for (i = 0; i < n; i++) {

        while (next_out < nrecords && records[next_out].void_) {
            next_out++;
        }

        HELD(next_out < nrecords && records[next_out].done);
        r = &records[next_out];
        HELD(out[i] == r->fill);

        if (++next_off == r->len) {
            next_off = 0;
            next_out++;
        }
    }
}


static void
drain(size_t size, size_t some)
{
    size_t         n;
    audit_batch_t  batch = { 1, 2, 3, 0 }, noted;

    HELD(audit_ring_lock(ring, 0) == 1);

    n = audit_ring_collect(ring, out, size, 9000);
    HELD(n <= size);

    if (n) {
        batch.len = n;
        audit_ring_begin(ring, &batch);
        HELD(audit_ring_pending(ring, &noted) == 1);
        HELD(noted.len == n && noted.size == 3);

        /* not all of it may have gone out */

        n = some % n + 1;
        came(n);
        audit_ring_advance(ring, n);

        HELD(audit_ring_pending(ring, &noted) == 0);
        HELD(audit_ring_partial(ring, &noted) == (next_off != 0));
    }

    audit_ring_unlock(ring);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             len;
    unsigned           op, slot, i;
    postern_str_t      in;
    audit_ring_stat_t  stat;

    static unsigned char  memory[AUDIT_RING_MIN] __attribute__((aligned(64)));

    if (size > 8192) {
        return 0;
    }

    memset(memory, 0x5a, sizeof(memory));

    if (size) {
        memcpy(memory, data, size);
        HELD(audit_ring_attach(memory, sizeof(memory)) == NULL);
    }

    ring = audit_ring_create(memory, sizeof(memory));
    HELD(ring != NULL && audit_ring_attach(memory, sizeof(memory)) == ring);
    audit_ring_owner(&me);

    memset(open_slots, 0, sizeof(open_slots));
    nrecords = next_out = dropped = 0;
    next_off = 0;

    in.data = data;
    in.len = size;

    while (in.len) {
        op = fuzz_byte(&in);
        slot = op >> 5;
        len = 1 + fuzz_byte(&in) * 16;

        switch (op & 7) {

        case 0:
        case 1:
        case 2:
            reserve(slot, len);
            break;

        case 3:
        case 4:
        case 5:
            settle(slot, (op & 7) - 3, len);
            break;

        default:
            drain(4096 + len, len * 3);
        }

        HELD(audit_ring_used(ring) <= audit_ring_room(ring));
    }

    for (i = 0; i < MAX_OPEN; i++) {
        settle(i, 2, 5);
    }

    for (i = 0; i < MAX_RECORDS && audit_ring_used(ring); i++) {
        drain(sizeof(out), sizeof(out));
    }

    /* all of it, and nothing is left */

    while (next_out < nrecords && records[next_out].void_) {
        next_out++;
    }

    HELD(next_out == nrecords && audit_ring_used(ring) == 0);

    audit_ring_stat(ring, &stat);
    HELD(stat.dropped == dropped && stat.lost == 0);

    return 0;
}
