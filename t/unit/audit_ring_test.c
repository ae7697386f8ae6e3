
/* link: ngx_http_audit_module/audit_json.c
 *       ngx_http_audit_module/audit_redact.c
 *       ngx_http_audit_module/audit_record.c
 *       ngx_http_audit_module/audit_ring.c
 *       ngx_http_audit_module/audit_drain.c
 */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit_drain.h"
#include "audit_record.h"


#define MEMORY  AUDIT_RING_MIN


static audit_ring_t   *ring;
static audit_owner_t   me;
static unsigned char   buf[128 * 1024];
static char            path[64];


static void
fresh(void)
{
    static void  *addr;

    if (addr == NULL) {
        addr = mmap(NULL, MEMORY, PROT_READ|PROT_WRITE,
                    MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    }

    ring = audit_ring_create(addr, MEMORY);
    audit_ring_owner(&me);
}


static int
file(int flags)
{
    if (path[0] == '\0') {
        strcpy(path, "/tmp/audit_ring_test.XXXXXX");
        (void) close(mkstemp(path));
    }

    return open(path, O_RDWR|O_CREAT|O_APPEND|flags, 0600);
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


/* "<i>aaaa…\n" */

static size_t
line(unsigned char *out, unsigned i, size_t fill)
{
    size_t  n;

    n = (size_t) sprintf((char *) out, "%08u", i);
    memset(out + n, 'a' + i % 26, fill);
    out[n + fill] = '\n';

    return n + fill + 1;
}


static int
push(unsigned i, size_t fill)
{
    unsigned char  out[8192];

    return audit_ring_push(ring, &me, out, line(out, i, fill), 1000 + i);
}


/* is the file lines from..to, each whole and once, in order? */

static int
holds(int fd, unsigned from, unsigned to, size_t fill)
{
    FILE           *f;
    char            text[16384];
    unsigned        i;
    unsigned char   want[8192];

    f = fdopen(dup(fd), "r");
    rewind(f);

    for (i = from; i <= to; i++) {
        want[line(want, i, fill)] = '\0';

        if (fgets(text, sizeof(text), f) == NULL
            || strcmp(text, (char *) want) != 0)
        {
            printf("# line %u: %.40s\n", i, text);
            (void) fclose(f);
            return 0;
        }
    }

    i = fgets(text, sizeof(text), f) == NULL;
    (void) fclose(f);

    return (int) i;
}


/* runs body in a process that dies by SIGKILL at its end */

#define DIES(body)                                                            \
    do {                                                                      \
        pid_t  pid = fork();                                                  \
        int    status;                                                        \
                                                                              \
        if (pid == 0) {                                                       \
            audit_ring_owner(&me);                                            \
            body                                                              \
            (void) kill(getpid(), SIGKILL);                                   \
        }                                                                     \
                                                                              \
        (void) waitpid(pid, &status, 0);                                      \
        EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);           \
    } while (0)


TEST(records_come_out_in_order_many_times_around)
{
    int            fd;
    unsigned       i;
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);

    for (i = 0; i < 5000; i++) {

        EXPECT(push(i, 100));

        if (i % 97 == 96) {
            prepare(&d, fd);
            audit_drain(ring, &d);
            EXPECT_INT(d.err, 0);
            EXPECT_INT(audit_ring_used(ring), 0);
        }
    }

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 4999, 100));

    (void) close(fd);
}


TEST(sizes_of_all_kinds_wrap_around)
{
    size_t         n, len;
    unsigned       i;
    unsigned char  in[4096], out[4096];

    fresh();

    for (i = 0; i < 20000; i++) {
        n = 1 + i * 31 % 4000;
        memset(in, (int) (i & 0xff), n);

        EXPECT(audit_ring_push(ring, &me, in, n, 1));
        EXPECT(audit_ring_lock(ring, 0));
        len = audit_ring_collect(ring, out, sizeof(out), 1);

        if (!EXPECT_INT(len, n) || !EXPECT(memcmp(in, out, n) == 0)) {
            break;
        }

        audit_ring_advance(ring, len);
        audit_ring_unlock(ring);
    }
}


TEST(a_full_ring_drops_and_says_how_many)
{
    int            fd;
    char           text[65536 * 2];
    ssize_t        n;
    unsigned       i, kept, dropped;
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);
    kept = dropped = 0;

    for (i = 0; i < 1000; i++) {
        if (push(i, 100)) {
            kept++;
        } else {
            dropped++;
        }
    }

    EXPECT(kept > 300 && dropped > 300);

    prepare(&d, fd);
    audit_drain(ring, &d);

    n = pread(fd, text, sizeof(text) - 1, 0);
    text[n] = '\0';

    EXPECT(strstr(text, "\"event\":\"gap\"") != NULL);
    EXPECT_INT(atoi(strstr(text, "\"dropped\":") + 10), dropped);
    EXPECT(strstr(text, "\"lost\":0") != NULL);
    EXPECT(strstr(text, "\"from\":\"1970-01-01T00:00:00.00") != NULL);

    /* told once */

    EXPECT(push(1, 100));
    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT_INT(d.written, 109);

    (void) close(fd);
}


TEST(a_slot_of_a_dead_worker_is_lost_and_counted)
{
    int                fd;
    char               text[4096];
    ssize_t            n;
    audit_drain_t      d;
    audit_ring_stat_t  stat;

    fresh();
    fd = file(O_TRUNC);

    DIES({
        uint64_t  pos;

        (void) audit_ring_reserve(ring, &me, 100, 1, 5, &pos);
    });

    EXPECT(push(7, 10));

    prepare(&d, fd);
    audit_drain(ring, &d);
    audit_ring_stat(ring, &stat);

    EXPECT_INT(stat.lost, 1);
    EXPECT_INT(audit_ring_used(ring), 0);

    n = pread(fd, text, sizeof(text) - 1, 0);
    text[n] = '\0';
    EXPECT(strncmp(text, "00000007hhhhhhhhhh\n", 19) == 0);
    EXPECT(strstr(text, "\"dropped\":0,\"lost\":1") != NULL);

    (void) close(fd);
}


TEST(a_ready_slot_of_a_dead_worker_goes_out)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);

    DIES({
        uint64_t       pos;
        unsigned char  out[64];
        size_t         len = line(out, 3, 10);

        (void) audit_ring_reserve(ring, &me, len, 1, 5, &pos);
        audit_ring_copy(ring, pos, 0, out, len);
        audit_ring_settle(ring, pos, AUDIT_SLOT_READY, len);
    });

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 3, 3, 10));

    (void) close(fd);
}


/* "<i>aaaa...", of which "<i>" is another number in the end; dies where told */

static void
revised(unsigned i, unsigned was, int killed)
{
    size_t         len;
    uint64_t       pos;
    unsigned char  out[64], head[64];

    len = line(out, i, 10);
    (void) sprintf((char *) head, "%08u", was);

    (void) audit_ring_reserve(ring, &me, len + 8, 1, 5, &pos);
    audit_ring_copy(ring, pos, 0, head, 8);
    audit_ring_copy(ring, pos, 8, out + 8, len - 8);
    audit_ring_settle(ring, pos, AUDIT_SLOT_READY, len);

    if (killed) {
        audit_ring_copy(ring, pos, len, (unsigned char *) "0000", 4);
        return;
    }

    audit_ring_revise(ring, pos, len, out, 8);
}


TEST(a_beginning_is_replaced_whole_or_not_at_all)
{
    int            fd;
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);

    revised(3, 9, 0);
    revised(4, 9, 0);
    DIES({ revised(9, 5, 1); });

    prepare(&d, fd);
    audit_drain(ring, &d);

    /* the one that was being replaced: "00000005" and the letters of 9 */

    EXPECT_INT(lseek(fd, 0, SEEK_END), 3 * 19);
    EXPECT_INT(pread(fd, buf, 3 * 19, 0), 3 * 19);
    EXPECT(memcmp(buf, "00000003dddddddddd\n00000004eeeeeeeeee\n"
                       "00000005jjjjjjjjjj\n", 3 * 19) == 0);

    (void) close(fd);
}


TEST(a_revised_record_goes_out_in_pieces)
{
    size_t         n, len;
    unsigned       size;
    unsigned char  whole[64];

    len = line(whole, 7, 10);

    for (size = 1; size < len; size++) {
        fresh();
        revised(7, 1, 0);

        for (n = 0; n < len; n += size) {
            memset(buf, 0, sizeof(buf));
            EXPECT_INT(audit_ring_collect(ring, buf, 64, 1), len - n);
            EXPECT(memcmp(buf, whole + n, len - n) == 0);
            audit_ring_advance(ring, size < len - n ? size : len - n);
        }

        EXPECT_INT(audit_ring_used(ring), 0);
    }
}


/* between the first look at a slot and the question whether its owner lives,
   the owner gets to the end and dies */

static uint64_t  overtaken;

int
kill(pid_t pid, int sig)
{
    size_t         len;
    unsigned char  out[64];

    if (overtaken == 0 || sig != 0) {
        return (int) syscall(SYS_kill, pid, sig);
    }

    len = line(out, 6, 10);
    audit_ring_copy(ring, overtaken, 0, (unsigned char *) "00000000", 8);
    audit_ring_copy(ring, overtaken, 8, out + 8, len - 8);
    audit_ring_settle(ring, overtaken, AUDIT_SLOT_READY, len);
    audit_ring_revise(ring, overtaken, len, out, 8);

    overtaken = 0;
    errno = ESRCH;

    return -1;
}


TEST(a_record_that_overtakes_the_look_at_it_is_whole)
{
    int            fd;
    audit_drain_t  d;
    unsigned char  out[64];

    fresh();
    fd = file(O_TRUNC);

    EXPECT(push(5, 10));
    EXPECT(audit_ring_reserve(ring, &me, line(out, 6, 10) + 8, 1, 5,
                              &overtaken));
    EXPECT(push(7, 10));

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 5, 7, 10));
    EXPECT_INT(audit_ring_used(ring), 0);

    (void) close(fd);
}


TEST(an_open_slot_of_a_living_worker_holds_the_rest)
{
    int            fd;
    uint64_t       pos;
    audit_drain_t  d;
    unsigned char  out[64];
    size_t         len;

    fresh();
    fd = file(O_TRUNC);
    len = line(out, 1, 10);

    EXPECT(push(0, 10));
    EXPECT(audit_ring_reserve(ring, &me, len, 1, 5, &pos));
    EXPECT(push(2, 10));

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 0, 10));

    audit_ring_copy(ring, pos, 0, out, len);
    audit_ring_settle(ring, pos, AUDIT_SLOT_READY, len);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 0, 10));

    audit_ring_settle(ring, pos, AUDIT_SLOT_DONE, len);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 2, 10));

    /* and a withdrawn one is as if it had never been */

    EXPECT(audit_ring_reserve(ring, &me, len, 1, 5, &pos));
    audit_ring_settle(ring, pos, AUDIT_SLOT_VOID, len);
    EXPECT(push(3, 10));
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 3, 10));
    EXPECT_INT(audit_ring_used(ring), 0);

    (void) close(fd);
}


/* the drainer dies after n bytes of its batch reached the file */

TEST(a_batch_that_was_cut_by_death_is_neither_lost_nor_doubled)
{
    int            fd;
    size_t         cut;
    unsigned       i;
    audit_drain_t  d;

    for (cut = 0; cut <= 57; cut++) {
        fresh();
        fd = file(O_TRUNC);

        EXPECT(push(0, 10));
        prepare(&d, fd);
        audit_drain(ring, &d);

        for (i = 1; i <= 3; i++) {
            EXPECT(push(i, 10));
        }

        DIES({
            struct stat    st;
            audit_batch_t  b;

            (void) audit_ring_lock(ring, 0);
            b.len = audit_ring_collect(ring, buf, sizeof(buf), 1);
            (void) fstat(fd, &st);
            b.dev = st.st_dev;
            b.ino = st.st_ino;
            b.size = (uint64_t) st.st_size;
            audit_ring_begin(ring, &b);
            (void) !write(fd, buf, cut);
        });

        EXPECT(push(4, 10));
        prepare(&d, fd);
        audit_drain(ring, &d);

        EXPECT(!d.busy);
        EXPECT(holds(fd, 0, 4, 10));

        (void) close(fd);
    }
}


TEST(the_old_file_is_asked_after_a_reopen)
{
    int            old, fd;
    char           moved[80];
    audit_drain_t  d;

    fresh();
    old = file(O_TRUNC);

    EXPECT(push(0, 10));
    EXPECT(push(1, 10));

    DIES({
        struct stat    st;
        audit_batch_t  b;

        (void) audit_ring_lock(ring, 0);
        b.len = audit_ring_collect(ring, buf, sizeof(buf), 1);
        (void) fstat(old, &st);
        b.dev = st.st_dev;
        b.ino = st.st_ino;
        b.size = 0;
        audit_ring_begin(ring, &b);
        (void) !write(old, buf, b.len);
    });

    (void) snprintf(moved, sizeof(moved), "%s.1", path);
    EXPECT_INT(rename(path, moved), 0);
    fd = file(0);

    EXPECT(push(2, 10));
    prepare(&d, fd);
    d.previous = old;
    audit_drain(ring, &d);

    EXPECT(holds(old, 0, 1, 10));
    EXPECT(holds(fd, 2, 2, 10));

    (void) unlink(moved);
    (void) close(old);
    (void) close(fd);
}


TEST(a_line_begun_in_a_file_that_is_gone_is_whole_in_the_next)
{
    int            old, fd;
    audit_batch_t  b;
    audit_drain_t  d;
    struct stat    st;

    fresh();
    old = file(O_TRUNC);

    EXPECT(push(0, 10));
    EXPECT(audit_ring_lock(ring, 0));
    b.len = audit_ring_collect(ring, buf, sizeof(buf), 1);
    (void) fstat(old, &st);
    b.dev = st.st_dev;
    b.ino = st.st_ino;
    b.size = 0;
    audit_ring_begin(ring, &b);
    EXPECT_INT(write(old, buf, 5), 5);
    audit_ring_advance(ring, 5);
    audit_ring_unlock(ring);

    (void) unlink(path);
    fd = file(O_EXCL);

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT(holds(fd, 0, 0, 10));

    (void) close(old);
    (void) close(fd);
}


TEST(errors_keep_the_records)
{
    int            fd, full;
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);
    full = open("/dev/full", O_WRONLY|O_APPEND);

    EXPECT(push(0, 10));
    prepare(&d, full);
    audit_drain(ring, &d);
    EXPECT_INT(d.err, ENOSPC);

    prepare(&d, -1);
    audit_drain(ring, &d);
    EXPECT_INT(d.err, EBADF);

    prepare(&d, fd);
    audit_drain(ring, &d);
    EXPECT_INT(d.err, 0);
    EXPECT(holds(fd, 0, 0, 10));

    (void) unlink(path);
    EXPECT(push(1, 10));
    audit_drain(ring, &d);
    EXPECT(d.unlinked);

    (void) close(fd);
    (void) close(full);
}


TEST(a_pipe_without_reader_never_blocks)
{
    int            fd[2];
    char           text[8192];
    size_t         got;
    ssize_t        n;
    unsigned       i;
    audit_drain_t  d;

    fresh();
    (void) signal(SIGPIPE, SIG_IGN);
    EXPECT_INT(pipe(fd), 0);
    (void) fcntl(fd[0], F_SETFL, O_NONBLOCK);

    for (i = 0; i < 30; i++) {
        EXPECT(push(i, 2000));
    }

    /* it takes 64k, then waits, then what is left */

    got = 0;
    prepare(&d, fd[1]);

    for (i = 0; i < 100 && got < 30 * 2009; i++) {
        audit_drain(ring, &d);

        while ((n = read(fd[0], text, sizeof(text))) > 0) {
            got += (size_t) n;
        }
    }

    EXPECT_INT(got, 30 * 2009);

    for (i = 0; i < 30; i++) {
        EXPECT(push(i, 2000));
    }

    (void) close(fd[0]);
    audit_drain(ring, &d);
    EXPECT_INT(d.err, EPIPE);

    (void) close(fd[1]);
}


/*
 * Workers that are killed at random while they push and drain: every line that
 * a worker reported as pushed is in the file once, and no line is torn.
 */

static void
worker(unsigned id, uint32_t *count, int fd)
{
    unsigned       i;
    audit_drain_t  d;

    audit_ring_owner(&me);

    for (i = *count; ; i++) {

        if (push(id * 10000000 + i, 40 + i % 50)) {
            __atomic_store_n(count, i + 1, __ATOMIC_RELEASE);

        } else {
            i--;
        }

        if (i % 16 == 0) {
            prepare(&d, fd);
            audit_drain(ring, &d);
        }
    }
}


/* each has its turn, however busy the machine is */

static void
until_begun(uint32_t *count)
{
    unsigned  i;

    for (i = 0; i < 6000; i++) {
        if (__atomic_load_n(count, __ATOMIC_ACQUIRE) > 100) {
            return;
        }

        (void) usleep(10000);
    }
}


static void
killed(pid_t pid)
{
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);
}


TEST(killed_workers_lose_and_double_nothing)
{
    int            fd;
    FILE          *f;
    char           text[8192];
    pid_t          pid[3];
    unsigned       w, i, round, torn, doubled, missing;
    uint32_t      *count;
    unsigned char *seen, *maybe, want[256];
    audit_drain_t  d;

    fresh();
    fd = file(O_TRUNC);

    count = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                 -1, 0);

    for (w = 0; w < 3; w++) {
        pid[w] = fork();
        if (pid[w] == 0) {
            worker(w, &count[w], fd);
        }
    }

    srandom(1);
    maybe = calloc(3, 10000000);

    for (round = 0; round < 60; round++) {
        (void) usleep((useconds_t) (1000 + random() % 8000));

        w = (unsigned) random() % 3;
        killed(pid[w]);

        /* the one it was at may be in or not: the next takes another number */

        maybe[w * 10000000 + count[w]] = 1;
        count[w]++;

        pid[w] = fork();
        if (pid[w] == 0) {
            worker(w, &count[w], fd);
        }
    }

    for (w = 0; w < 3; w++) {

        until_begun(&count[w]);
        killed(pid[w]);
        maybe[w * 10000000 + count[w]] = 1;
    }

    audit_ring_owner(&me);
    prepare(&d, fd);
    d.lock = 1000;
    audit_drain(ring, &d);
    EXPECT_INT(audit_ring_used(ring), 0);

    seen = calloc(3, 10000000);
    torn = doubled = missing = 0;

    f = fdopen(fd, "r");
    rewind(f);

    while (fgets(text, sizeof(text), f)) {

        if (text[0] == '{') {
            continue;
        }

        i = (unsigned) strtoul(text, NULL, 10);
        w = i / 10000000;
        want[line(want, i, 40 + i % 10000000 % 50)] = '\0';

        if (w > 2 || strcmp(text, (char *) want) != 0) {
            torn++;
            continue;
        }

        if (seen[i]++) {
            doubled++;
        }
    }

    EXPECT_INT(torn, 0);
    EXPECT_INT(doubled, 0);

    for (w = 0; w < 3; w++) {
        EXPECT(count[w] > 100);

        for (i = 0; i < count[w]; i++) {
            missing += !seen[w * 10000000 + i] && !maybe[w * 10000000 + i];
        }
    }

    EXPECT_INT(missing, 0);

    free(seen);
    free(maybe);
    (void) fclose(f);
    (void) unlink(path);
}


UNIT_MAIN()
