
/* link: ngx_http_audit_module/audit_json.c
 *       ngx_http_audit_module/audit_redact.c
 *       ngx_http_audit_module/audit_record.c
 *       ngx_http_audit_module/audit_ring.c
 *       ngx_http_audit_module/audit_drain.c
 *       -Wl,--wrap=write,--wrap=poll,--wrap=fstat,--wrap=kill,--wrap=fopen
 *       -Wl,--wrap=pthread_mutexattr_init,--wrap=pthread_mutexattr_setpshared
 *       -Wl,--wrap=pthread_mutexattr_setrobust,--wrap=pthread_mutex_init
 *       -Wl,--wrap=pthread_mutex_unlock
 */

/* What the system may answer between the ring and its file: interrupted calls,
   errors, owners that die at the worst moment.  The calls are the system's own
   but for the one that a test makes fail. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit_drain.h"
#include "audit_record.h"


#define MEMORY  AUDIT_RING_MIN


/* the next call fails with this errno, where it is not 0 */

static int          write_errno, poll_errno, fstat_errno, kill_errno;
static int          fstat_after;       /* calls that succeed before */
static int          mutex_fails;       /* which of the four calls, from 1 */
static int          die_unlocking;
static const char  *fopen_path;        /* instead of the one asked for */
static void       (*kill_does)(void);  /* while an owner is looked at */


ssize_t __real_write(int fd, const void *p, size_t n);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_fstat(int fd, struct stat *st);
int __real_kill(pid_t pid, int sig);
FILE *__real_fopen(const char *path, const char *mode);
int __real_pthread_mutexattr_init(pthread_mutexattr_t *attr);
int __real_pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared);
int __real_pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust);
int __real_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);

ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_kill(pid_t pid, int sig);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_pthread_mutexattr_init(pthread_mutexattr_t *attr);
int __wrap_pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared);
int __wrap_pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);


static int
fails(int *err)
{
    if (*err == 0) {
        return 0;
    }

    errno = *err;
    *err = 0;

    return 1;
}


ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
    return fails(&write_errno) ? -1 : __real_write(fd, p, n);
}


int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return fails(&poll_errno) ? -1 : __real_poll(fds, n, timeout);
}


int
__wrap_fstat(int fd, struct stat *st)
{
    if (fstat_errno && fstat_after-- > 0) {
        return __real_fstat(fd, st);
    }

    return fails(&fstat_errno) ? -1 : __real_fstat(fd, st);
}


int
__wrap_kill(pid_t pid, int sig)
{
    if (kill_does) {
        kill_does();
        kill_does = NULL;
    }

    return fails(&kill_errno) ? -1 : __real_kill(pid, sig);
}


FILE *
__wrap_fopen(const char *name, const char *mode)
{
    return __real_fopen(fopen_path ? fopen_path : name, mode);
}


static int
mutex_call(int n)
{
    return mutex_fails == n;
}


int
__wrap_pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    return mutex_call(1) ? ENOMEM : __real_pthread_mutexattr_init(attr);
}


int
__wrap_pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
    return mutex_call(2) ? ENOTSUP
                         : __real_pthread_mutexattr_setpshared(attr, shared);
}


int
__wrap_pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
    return mutex_call(3) ? ENOTSUP
                         : __real_pthread_mutexattr_setrobust(attr, robust);
}


int
__wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr)
{
    static int  n;

    /* of both mutexes of a ring: the first one, then the second */

    if (mutex_call(4) || (mutex_call(5) && ++n % 2 == 0)) {
        return EAGAIN;
    }

    return __real_pthread_mutex_init(mutex, attr);
}


int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    if (die_unlocking) {
        _exit(0);
    }

    return __real_pthread_mutex_unlock(mutex);
}


static void           *memory;
static audit_ring_t   *ring;
static audit_owner_t   me;
static unsigned char   buf[128 * 1024];


static void
fresh(void)
{
    if (memory == NULL) {
        memory = mmap(NULL, MEMORY, PROT_READ|PROT_WRITE,
                      MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    }

    ring = audit_ring_create(memory, MEMORY);
    audit_ring_owner(&me);
}


static int
file(void)
{
    int   fd;
    char  path[] = "/tmp/audit_fault_test.XXXXXX";

    fd = mkostemp(path, O_APPEND);
    (void) unlink(path);

    return fd;
}


static void
prepare(audit_drain_t *d, int fd)
{
    memset(d, 0, sizeof(*d));

    d->fd = fd;
    d->previous = -1;
    d->buf = buf;
    d->size = sizeof(buf);
    d->batches = 100;
    d->now = 1000;
    d->owner = me;
}


static int
push(const char *text)
{
    return audit_ring_push(ring, &me, (const unsigned char *) text,
                           strlen(text), 1000);
}


static int
holds(int fd, const char *text)
{
    ssize_t  n;
    char     got[4096];

    n = pread(fd, got, sizeof(got), 0);

    return n == (ssize_t) strlen(text) && memcmp(got, text, (size_t) n) == 0;
}


/* runs in a process of its own that is gone then */

static pid_t
gone(void (*does)(void))
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        if (does) {
            does();
        }

        _exit(0);
    }

    (void) waitpid(pid, NULL, 0);

    return pid;
}


TEST(a_ring_needs_room_and_its_locks)
{
    static unsigned char  small[AUDIT_RING_MIN] __attribute__((aligned(64)));

    EXPECT(audit_ring_create(small, AUDIT_RING_MIN - 1) == NULL);

    for (mutex_fails = 1; mutex_fails <= 5; mutex_fails++) {
        EXPECT(audit_ring_create(small, AUDIT_RING_MIN) == NULL);
        EXPECT(audit_ring_attach(small, AUDIT_RING_MIN) == NULL);
    }

    EXPECT(audit_ring_create(small, AUDIT_RING_MIN) != NULL);
}


TEST(only_a_ring_of_the_same_kind_is_attached)
{
    uint32_t       i, *words;
    unsigned       refused;
    audit_ring_t  *again;

    fresh();
    EXPECT(push("one\n"));

    again = audit_ring_attach(memory, MEMORY);

    if (EXPECT(again == ring)) {
        EXPECT_INT(audit_ring_used(again), audit_ring_used(ring));
        EXPECT(audit_ring_room(again) > MEMORY / 2);
    }

    EXPECT(audit_ring_attach(memory, MEMORY - 64) == NULL);

    /* any word of what it is known by: another program's, or another version */

    words = memory;
    refused = 0;

    for (i = 0; i < 8; i++) {
        words[i] ^= 1;
        refused += audit_ring_attach(memory, MEMORY) == NULL;
        words[i] ^= 1;
    }

    EXPECT(refused >= 4);
    EXPECT(audit_ring_attach(memory, MEMORY) == ring);
}


static void
die_in_the_ring(void)
{
    audit_ring_owner(&me);
    die_unlocking = 1;
    (void) push("last\n");
}


TEST(who_dies_with_the_lock_of_the_ring_leaves_it_usable)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    gone(die_in_the_ring);

    EXPECT(push("next\n"));

    fd = file();
    prepare(&d, fd);
    audit_drain(ring, &d);

    /* its record was reserved and never filled: lost, and said so */
    EXPECT_INT(d.err, 0);
    EXPECT(d.written > 5);

    (void) close(fd);
}


static void
die_with_the_drain(void)
{
    (void) audit_ring_lock(ring, 100);
}


TEST(who_dies_with_the_drain_leaves_it_to_the_next)
{
    int  i;

    fresh();
    gone(die_with_the_drain);

    EXPECT_INT(audit_ring_lock(ring, 100), 1);
    audit_ring_unlock(ring);

    /* a wait that ends in this second, and in the next one */

    for (i = 0; i < 5; i++) {
        EXPECT_INT(audit_ring_lock(ring, 1), 1);
        audit_ring_unlock(ring);
        EXPECT_INT(audit_ring_lock(ring, 999), 1);
        audit_ring_unlock(ring);
    }
}


TEST(two_never_drain_at_once)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    EXPECT(push("one\n"));
    EXPECT_INT(audit_ring_lock(ring, 0), 1);

    fd = file();
    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT_INT(d.busy, 1);
    EXPECT_INT(d.written, 0);

    audit_ring_unlock(ring);
    audit_drain(ring, &d);
    EXPECT_INT(d.busy, 0);
    EXPECT(holds(fd, "one\n"));

    (void) close(fd);
}


TEST(an_interrupted_write_is_tried_again)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    EXPECT(push("one\n"));

    fd = file();
    prepare(&d, fd);
    write_errno = EINTR;
    audit_drain(ring, &d);

    EXPECT_INT(d.err, 0);
    EXPECT_INT(d.unlinked, 1);
    EXPECT(holds(fd, "one\n"));

    (void) close(fd);
}


TEST(a_full_disk_keeps_the_record)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    EXPECT(push("one\n"));

    fd = file();
    prepare(&d, fd);
    write_errno = ENOSPC;
    audit_drain(ring, &d);
    EXPECT_INT(d.err, ENOSPC);
    EXPECT(holds(fd, ""));

    audit_drain(ring, &d);
    EXPECT_INT(d.err, 0);
    EXPECT(holds(fd, "one\n"));

    (void) close(fd);
}


TEST(no_more_batches_than_asked_for)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    EXPECT(push("one\n"));
    EXPECT(push("two\n"));

    fd = file();
    prepare(&d, fd);
    d.size = 5;
    d.batches = 1;
    audit_drain(ring, &d);
    EXPECT(holds(fd, "one\n"));

    audit_drain(ring, &d);
    EXPECT(holds(fd, "one\ntwo\n"));

    (void) close(fd);
}


/* notes a batch, and dies before it is written or after */

static int             noted_fd;
static size_t          noted_cut;
static const audit_batch_t  *noted_other;


static void
die_with_a_batch(void)
{
    struct stat    st;
    audit_batch_t  b;

    (void) audit_ring_lock(ring, 0);
    b.len = audit_ring_collect(ring, buf, sizeof(buf), 1);

    (void) __real_fstat(noted_fd, &st);
    b.dev = st.st_dev;
    b.ino = st.st_ino;
    b.size = (uint64_t) st.st_size;

    if (noted_other) {
        b.dev += noted_other->dev;
        b.ino += noted_other->ino;
        b.size += noted_other->size;
    }

    audit_ring_begin(ring, &b);
    (void) !__real_write(noted_fd, buf, noted_cut);
}


/* a note that does not fit what is there now: the batch goes out whole */

TEST(a_batch_of_another_file_is_repeated)
{
    int                i, fd, ends[2];
    audit_drain_t      d;
    audit_ring_stat_t  stat;

    static const audit_batch_t  others[] = {
        { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 100, 0 }
    };

    for (i = 0; i < 3; i++) {
        fresh();
        EXPECT(push("one\n"));

        fd = noted_fd = file();
        noted_cut = 4;
        noted_other = &others[i];
        gone(die_with_a_batch);

        prepare(&d, fd);
        audit_drain(ring, &d);
        EXPECT(holds(fd, "one\none\n"));

        audit_ring_stat(ring, &stat);
        EXPECT_INT(stat.repeated, 4);

        (void) close(fd);
    }

    /* a file that cannot be looked at */

    fresh();
    EXPECT(push("one\n"));

    fd = noted_fd = file();
    noted_other = NULL;
    gone(die_with_a_batch);

    prepare(&d, fd);
    fstat_errno = EIO;
    audit_drain(ring, &d);
    EXPECT(holds(fd, "one\none\n"));

    (void) close(fd);

    /* a pipe keeps nothing that could be looked at */

    fresh();
    EXPECT(push("one\n"));
    EXPECT_INT(pipe(ends), 0);

    noted_fd = ends[1];
    gone(die_with_a_batch);

    prepare(&d, ends[1]);
    audit_drain(ring, &d);
    EXPECT_INT(d.err, 0);
    EXPECT_INT(read(ends[0], buf, sizeof(buf)), 8);

    (void) close(ends[0]);
    (void) close(ends[1]);
}


TEST(a_file_that_cannot_be_looked_at_takes_nothing)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    EXPECT(push("one\n"));

    fd = file();
    prepare(&d, fd);
    fstat_errno = EIO;
    audit_drain(ring, &d);

    EXPECT_INT(d.err, EIO);
    EXPECT(holds(fd, ""));

    audit_drain(ring, &d);
    EXPECT(holds(fd, "one\n"));

    (void) close(fd);
}


TEST(a_line_partly_in_a_file_that_was_cut_goes_out_whole)
{
    int            fd, ends[2];
    audit_drain_t  d;

    fresh();
    EXPECT(push("first\n"));

    fd = noted_fd = file();
    noted_cut = 3;
    noted_other = NULL;
    gone(die_with_a_batch);

    /* its successor moves on by what arrived, and then somebody cuts it off */

    EXPECT_INT(audit_ring_lock(ring, 0), 1);
    audit_ring_advance(ring, 3);
    audit_ring_unlock(ring);
    EXPECT_INT(ftruncate(fd, 0), 0);

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, "first\n"));

    /* the rest of one goes on in a pipe, which cannot be asked */

    EXPECT(push("second\n"));
    EXPECT_INT(pipe(ends), 0);

    EXPECT_INT(audit_ring_lock(ring, 0), 1);
    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 7);
    audit_ring_advance(ring, 3);
    audit_ring_unlock(ring);

    prepare(&d, ends[1]);
    audit_drain(ring, &d);
    EXPECT_INT(read(ends[0], buf, sizeof(buf)), 4);
    EXPECT_MEM(buf, "ond\n", 4);

    (void) close(ends[0]);
    (void) close(ends[1]);
    (void) close(fd);
}


TEST(a_pipe_that_cannot_be_written_to_keeps_the_record)
{
    int             fd[2];
    unsigned        i;
    audit_drain_t   d;
    unsigned char  *line;

    fresh();
    EXPECT(push("one\n"));
    EXPECT_INT(pipe(fd), 0);

    prepare(&d, fd[1]);
    poll_errno = EINTR;
    audit_drain(ring, &d);
    EXPECT_INT(d.err, EAGAIN);

    poll_errno = EIO;
    audit_drain(ring, &d);
    EXPECT_INT(d.err, EIO);

    audit_drain(ring, &d);
    EXPECT_INT(d.err, 0);
    EXPECT_INT(read(fd[0], buf, sizeof(buf)), 4);

    /* a line longer than a pipe takes at once goes in pieces */

    line = malloc(2 * PIPE_BUF);
    memset(line, 'a', 2 * PIPE_BUF);
    line[2 * PIPE_BUF - 1] = '\n';
    EXPECT(audit_ring_push(ring, &me, line, 2 * PIPE_BUF, 1000));

    audit_drain(ring, &d);
    EXPECT_INT(d.written, 2 * PIPE_BUF);
    EXPECT_INT(read(fd[0], buf, sizeof(buf)), 2 * PIPE_BUF);
    EXPECT_MEM(buf, line, 2 * PIPE_BUF);
    free(line);

    /* full: it waits as long as it may, and no longer */

    for (i = 0; i < 65536 / PIPE_BUF; i++) {
        (void) !__real_write(fd[1], buf, PIPE_BUF);
    }

    EXPECT(push("two\n"));
    d.wait = 1;
    audit_drain(ring, &d);
    EXPECT_INT(d.err, EAGAIN);

    (void) close(fd[0]);
    (void) close(fd[1]);
}


/* --- owners ------------------------------------------------------------- */

static uint64_t  owned;


static void
settle_ready(void)
{
    audit_ring_copy(ring, owned, 0, (const unsigned char *) "it\n", 3);
    audit_ring_settle(ring, owned, AUDIT_SLOT_READY, 3);
}


static void
settle_done(void)
{
    audit_ring_settle(ring, owned, AUDIT_SLOT_DONE, 3);
}


static void
reserve(const audit_owner_t *owner)
{
    EXPECT(audit_ring_reserve(ring, owner, 3, 1, 1000, &owned));
}


/* it gets further while it is looked at, and is dead then */

TEST(an_owner_that_dies_just_after_it_was_ready_loses_nothing)
{
    int            fd;
    audit_drain_t  d;
    audit_owner_t  dead;

    dead.pid = (uint32_t) gone(NULL);
    dead.birth = 1;

    fresh();
    reserve(&dead);
    kill_does = settle_ready;

    fd = file();
    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, "it\n"));

    reserve(&dead);
    settle_ready();
    kill_does = settle_done;

    audit_drain(ring, &d);
    EXPECT(holds(fd, "it\nit\n"));

    (void) close(fd);
}


/* where it cannot be told whether an owner lives, it does */

TEST(an_owner_that_may_live_holds_its_slot)
{
    unsigned       i;
    audit_owner_t  owner;
    char           path[] = "/tmp/audit_fault_test.XXXXXX";

    static const char *const  stats[] = {
        "", "no name at all", "1 (x) S 1 2 3"
    };

    fresh();

    /* no leave to send it a signal; nothing known of its start */

    reserve(&me);
    settle_ready();
    kill_errno = EPERM;
    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);

    owner = me;
    owner.birth = 0;
    fresh();
    reserve(&owner);
    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);

    fopen_path = "/nonexistent";
    fresh();
    EXPECT_INT(me.birth, 0);
    fopen_path = NULL;
    audit_ring_owner(&me);
    EXPECT(me.birth != 0);

    reserve(&me);
    fopen_path = "/nonexistent";
    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);

    /* a line of the kernel that does not say */

    close(mkostemp(path, 0));
    fopen_path = path;

    for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
        FILE  *f = __real_fopen(path, "w");

        fputs(stats[i], f);
        fclose(f);

        audit_ring_owner(&owner);
        EXPECT_INT(owner.birth, 0);
        EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);
    }

    fopen_path = NULL;
    (void) unlink(path);

    /* its number is another process's now */

    owner = me;
    owner.birth++;
    fresh();
    reserve(&owner);
    settle_ready();
    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 3);
}


/* --- what was not recorded ---------------------------------------------- */

TEST(a_gap_waits_for_room_and_spans_all_that_is_missing)
{
    uint64_t        pos;
    audit_gap_t     gap;
    unsigned char   big[32 * 1024];

    fresh();
    memset(big, 'a', sizeof(big));

    EXPECT_INT(audit_ring_reserve_gap(ring, &me, 100, 1, &gap, &pos), 0);

    while (audit_ring_push(ring, &me, big, sizeof(big), 500)) { /* void */ }
    while (audit_ring_push(ring, &me, big, 64, 500)) { /* void */ }

    /* times come as requests began, not in order */

    EXPECT_INT(audit_ring_push(ring, &me, big, 64, 300), 0);
    EXPECT_INT(audit_ring_push(ring, &me, big, 64, 900), 0);
    EXPECT_INT(audit_ring_push(ring, &me, big, 64, 400), 0);

    /* no room for the word about it either */

    EXPECT_INT(audit_ring_reserve_gap(ring, &me, MEMORY, 1, &gap, &pos), 0);
    EXPECT_INT(audit_ring_reserve_gap(ring, &me, 100, 1, &gap, &pos), 1);
    EXPECT_INT(gap.dropped, 5);
    EXPECT_INT(gap.from, 300);
    EXPECT_INT(gap.to, 900);

    EXPECT_INT(audit_ring_reserve_gap(ring, &me, 100, 1, &gap, &pos), 0);
}


TEST(withdrawn_slots_are_passed_over)
{
    fresh();

    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);

    reserve(&me);
    audit_ring_settle(ring, owned, AUDIT_SLOT_VOID, 0);
    EXPECT(audit_ring_used(ring) > 0);

    EXPECT_INT(audit_ring_collect(ring, buf, sizeof(buf), 1), 0);
    EXPECT_INT(audit_ring_used(ring), 0);
}


UNIT_MAIN()
