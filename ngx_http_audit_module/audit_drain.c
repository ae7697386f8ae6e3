
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_drain.h"
#include "audit_record.h"


static void audit_drain_recover(audit_ring_t *ring, const audit_drain_t *d);
static int audit_drain_same(int fd, const audit_batch_t *batch,
    struct stat *st);
static int audit_drain_batch(audit_ring_t *ring, audit_drain_t *d);
static ssize_t audit_drain_write(audit_drain_t *d, size_t n);
static ssize_t audit_drain_pipe(audit_drain_t *d, size_t n);
static void audit_drain_gap(audit_ring_t *ring, const audit_drain_t *d);


void
audit_drain(audit_ring_t *ring, audit_drain_t *d)
{
    unsigned  i;

    d->err = 0;
    d->busy = 0;
    d->unlinked = 0;
    d->written = 0;

    if (!audit_ring_lock(ring, d->lock)) {
        d->busy = 1;
        return;
    }

    audit_drain_recover(ring, d);

    for (i = 0; i < d->batches; i++) {

        audit_drain_gap(ring, d);

        if (!audit_drain_batch(ring, d)) {
            break;
        }
    }

    audit_drain_gap(ring, d);

    audit_ring_unlock(ring);
}


/*
 * A predecessor died between noting a batch and moving on: how much of it is
 * in the file?  Another file than it wrote to says nothing; then the batch goes
 * out again, since a line twice can be told by its id and a lost one cannot.
 */

static void
audit_drain_recover(audit_ring_t *ring, const audit_drain_t *d)
{
    uint64_t       n;
    struct stat    st;
    audit_batch_t  batch;

    if (!audit_ring_pending(ring, &batch)) {
        return;
    }

    if ((!audit_drain_same(d->fd, &batch, &st)
         && !audit_drain_same(d->previous, &batch, &st))
        || !S_ISREG(st.st_mode)
        || (uint64_t) st.st_size < batch.size)
    {
        audit_ring_restart(ring, batch.len);
        return;
    }

    n = (uint64_t) st.st_size - batch.size;

    audit_ring_advance(ring, n < batch.len ? n : batch.len);
}


static int
audit_drain_same(int fd, const audit_batch_t *batch, struct stat *st)
{
    return fd != -1
           && fstat(fd, st) == 0
           && (uint64_t) st->st_dev == batch->dev
           && (uint64_t) st->st_ino == batch->ino;
}


/* 1: go on; 0: nothing more to do now, or d->err */

static int
audit_drain_batch(audit_ring_t *ring, audit_drain_t *d)
{
    size_t         len;
    ssize_t        n;
    struct stat    st;
    audit_batch_t  batch;

    if (fstat(d->fd, &st) == -1) {
        d->err = errno;
        return 0;
    }

    d->unlinked = S_ISREG(st.st_mode) && st.st_nlink == 0;

    if (audit_ring_partial(ring, &batch)
        && S_ISREG(st.st_mode)
        && (!audit_drain_same(d->fd, &batch, &st)
            || (uint64_t) st.st_size < batch.size))
    {
        /* its beginning stayed in a file that is gone: here it is whole */

        audit_ring_restart(ring, 0);
    }

    len = audit_ring_collect(ring, d->buf, d->size, d->now);

    if (len == 0) {
        return 0;
    }

    batch.dev = (uint64_t) st.st_dev;
    batch.ino = (uint64_t) st.st_ino;
    batch.size = S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0;
    batch.len = len;

    if (S_ISREG(st.st_mode)) {
        audit_ring_begin(ring, &batch);
        n = audit_drain_write(d, len);

    } else {
        n = audit_drain_pipe(d, len);
    }

    audit_ring_advance(ring, n > 0 ? (size_t) n : 0);

    if (n <= 0) {
        return 0;
    }

    d->written += (uint64_t) n;

    return 1;
}


static ssize_t
audit_drain_write(audit_drain_t *d, size_t n)
{
    ssize_t  rc;

    do {
        rc = write(d->fd, d->buf, n);
    } while (rc == -1 && errno == EINTR);

    if (rc == -1) {
        d->err = errno;
    }

    return rc;
}


/*
 * A pipe that can be written to takes PIPE_BUF bytes at once, without blocking
 * and unmixed with what others write: as many whole lines as fit, or else the
 * next piece of a longer one.
 */

static ssize_t
audit_drain_pipe(audit_drain_t *d, size_t n)
{
    int             rc;
    unsigned char  *p;
    struct pollfd   pfd;

    pfd.fd = d->fd;
    pfd.events = POLLOUT;
    pfd.revents = 0;

    rc = poll(&pfd, 1, (int) d->wait);

    if (rc == 0 || (rc == -1 && errno == EINTR)) {
        d->err = EAGAIN;
        return 0;
    }

    if (rc == -1) {
        d->err = errno;
        return -1;
    }

    if (n > PIPE_BUF) {

        n = PIPE_BUF;

        for (p = d->buf + n; p > d->buf; p--) {

            if (p[-1] == '\n') {
                n = p - d->buf;
                break;
            }
        }
    }

    return audit_drain_write(d, n);
}


static void
audit_drain_gap(audit_ring_t *ring, const audit_drain_t *d)
{
    size_t         n;
    uint64_t       pos;
    audit_gap_t    gap;
    unsigned char  line[AUDIT_EVENT_MAX];

    if (!audit_ring_reserve_gap(ring, &d->owner, AUDIT_EVENT_MAX, d->now,
                                &gap, &pos))
    {
        return;
    }

    n = audit_record_gap(line, d->now, gap.dropped, gap.lost, gap.from,
                         gap.to);

    audit_ring_copy(ring, pos, 0, line, n);
    audit_ring_settle(ring, pos, AUDIT_SLOT_DONE, n);
}
