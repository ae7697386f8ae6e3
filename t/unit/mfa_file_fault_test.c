/* link:
   ngx_http_mfa_module/mfa_file.c -lsodium
   -Wl,--wrap=openat,--wrap=mkdirat,--wrap=fsync,--wrap=flock,--wrap=fstat
   -Wl,--wrap=read,--wrap=write,--wrap=unlinkat,--wrap=renameat,--wrap=close */

/* Every call of the system fails once, in each way that one may: what is in
   the folder then is the old account or the new one, whole, and the caller
   knows. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mfa_file.h"


static unsigned  round_n;      /* which call fails; 0: none */
static unsigned  calls;
static int       fault;        /* with this errno; -1: a short count */
static int       failed;       /* what the failed call was: its number */
static int       no_close;     /* every close fails too */


int __real_openat(int at, const char *path, int flags, ...);
int __real_mkdirat(int at, const char *path, mode_t mode);
int __real_fsync(int fd);
int __real_flock(int fd, int how);
int __real_fstat(int fd, struct stat *st);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_unlinkat(int at, const char *path, int flags);
int __real_renameat(int from, const char *a, int to, const char *b);
int __real_close(int fd);

int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_mkdirat(int at, const char *path, mode_t mode);
int __wrap_fsync(int fd);
int __wrap_flock(int fd, int how);
int __wrap_fstat(int fd, struct stat *st);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_unlinkat(int at, const char *path, int flags);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_close(int fd);


enum { OPENAT = 1, MKDIRAT, FSYNC, FLOCK, FSTAT, READ, WRITE, UNLINKAT,
       RENAMEAT, CLOSE };


static int
fails(int call)
{
    if (round_n == 0 || ++calls != round_n) {
        return 0;
    }

    failed = call;
    errno = fault > 0 ? fault : EIO;

    return 1;
}


int
__wrap_openat(int at, const char *path, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, unsigned) : 0;
    va_end(args);

    return fails(OPENAT) ? -1 : __real_openat(at, path, flags, mode);
}


int
__wrap_mkdirat(int at, const char *path, mode_t mode)
{
    return fails(MKDIRAT) ? -1 : __real_mkdirat(at, path, mode);
}


int
__wrap_fsync(int fd)
{
    return fails(FSYNC) ? -1 : __real_fsync(fd);
}


int
__wrap_flock(int fd, int how)
{
    return fails(FLOCK) ? -1 : __real_flock(fd, how);
}


int
__wrap_fstat(int fd, struct stat *st)
{
    return fails(FSTAT) ? -1 : __real_fstat(fd, st);
}


ssize_t
__wrap_read(int fd, void *p, size_t n)
{
    if (fails(READ)) {
        return fault == -1 ? __real_read(fd, p, 1) : -1;
    }

    return __real_read(fd, p, n);
}


ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
    if (fails(WRITE)) {
        return fault == -1 ? __real_write(fd, p, 1) : -1;
    }

    return __real_write(fd, p, n);
}


int
__wrap_unlinkat(int at, const char *path, int flags)
{
    return fails(UNLINKAT) ? -1 : __real_unlinkat(at, path, flags);
}


int
__wrap_renameat(int from, const char *a, int to, const char *b)
{
    return fails(RENAMEAT) ? -1 : __real_renameat(from, a, to, b);
}


int
__wrap_close(int fd)
{
    int  rc;

    rc = __real_close(fd);

    return fails(CLOSE) || no_close ? -1 : rc;
}


static char  base[64], path[MFA_FILE_PATH_MAX];


static postern_str_t
str(const char *s)
{
    return (postern_str_t) { s ? strlen(s) : 0, (const unsigned char *) s };
}


/* what the folder holds, without a fault; NULL for nothing */

static const char *
content(void)
{
    static unsigned char  text[MFA_ACCOUNT_MAX + 1];

    size_t    len;
    unsigned  was;

    was = round_n;
    round_n = 0;
    len = 0;

    if (mfa_file_read(path, text, &len) != MFA_FILE_OK) {
        round_n = was;
        return NULL;
    }

    text[len] = '\0';
    round_n = was;

    return (const char *) text;
}


static int
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}


static void
fresh(const char *text)
{
    char  command[128];

    round_n = 0;

    if (base[0]) {
        snprintf(command, sizeof(command), "rm -rf %s", base);
        EXPECT_INT(system(command), 0);
    }

    strcpy(base, "/tmp/mfa_file_fault.XXXXXX");
    EXPECT(mkdtemp(base) != NULL);
    EXPECT_INT(mfa_file_path(base, str("acme"), str("alice"), path), 0);

    if (text) {
        EXPECT_INT(mfa_file_swap(path, str(NULL), str(text)), MFA_FILE_OK);
    }
}


/* swaps with each call failing once; how often one did */

static unsigned
swaps(const char *old, const char *new)
{
    int          err;
    unsigned     n, faults;
    mfa_file_e   rc;
    const char  *now;

    faults = 0;

    for (n = 1; /* void */ ; n++) {
        fresh(old);

        round_n = n;
        calls = 0;
        failed = 0;
        errno = 0;

        rc = mfa_file_swap(path, str(old), str(new));
        err = errno;
        round_n = 0;

        if (!failed) {
            EXPECT_INT(rc, MFA_FILE_OK);
            EXPECT(same(content(), new));
            return faults;
        }

        faults++;
        now = content();

        /* whole, whatever happened */

        if (!EXPECT(same(now, old) || same(now, new))) {
            printf("# call %u (%d) with %d: %s\n", n, failed, fault, now);
        }

        if (rc == MFA_FILE_OK) {
            EXPECT(same(now, new));

        } else if (rc == MFA_FILE_FAILED) {
            if (!EXPECT(err == fault || (fault == -1 && err == EIO)
                        || (fault == ENOENT && err == ENOTDIR)
                        || (failed == MKDIRAT && fault == EEXIST)))
            {
                printf("# call %u (%d) with %d: errno %d\n", n, failed, fault,
                       err);
            }
        }

        /* an interrupted call and a short count are no fault */

        if ((failed == READ || failed == WRITE)
            && (fault == EINTR || fault == -1))
        {
            EXPECT_INT(rc, MFA_FILE_OK);
        }

        if (failed == FLOCK && fault == EINTR) {
            EXPECT_INT(rc, MFA_FILE_OK);
        }

        /* and the next one finds nothing in its way */

        EXPECT_INT(mfa_file_swap(path, str(now), str("next")), MFA_FILE_OK);
        EXPECT(same(content(), "next"));
    }
}


TEST(every_call_may_fail_once)
{
    unsigned  i;

    static const int  faults[] = { EIO, EINTR, ENOSPC, EACCES, ENOENT, EEXIST,
                                   -1 };

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        fault = faults[i];

        EXPECT(swaps(NULL, "new") > 10);
        EXPECT(swaps("old", "new") > 10);
        EXPECT(swaps("old", NULL) > 7);
        EXPECT(swaps(NULL, NULL) >= 1);
    }
}


/* the disk is full, and says so once more where the file is closed */

TEST(a_file_that_cannot_be_closed_either_is_not_written)
{
    mfa_file_e  rc;

    fault = ENOSPC;
    no_close = 1;

    for (round_n = 1; /* void */ ; round_n++) {
        unsigned  n = round_n;

        fresh(NULL);
        round_n = n;
        calls = 0;
        failed = 0;

        rc = mfa_file_swap(path, str(NULL), str("new"));

        if (!failed || failed == WRITE) {
            break;
        }
    }

    round_n = 0;
    no_close = 0;

    EXPECT_INT(failed, WRITE);
    EXPECT_INT(rc, MFA_FILE_FAILED);
    EXPECT(content() == NULL);
}


/* a folder that is a file is none */

TEST(a_base_that_is_no_folder_is_an_error)
{
    size_t         len;
    char           file[] = "/tmp/mfa_file_fault.XXXXXX";
    unsigned char  text[MFA_ACCOUNT_MAX];

    close(mkstemp(file));
    EXPECT_INT(mfa_file_path(file, str("acme"), str("alice"), path), 0);
    EXPECT_INT(mfa_file_read(path, text, &len), MFA_FILE_FAILED);
    EXPECT_INT(errno, ENOTDIR);
    (void) unlink(file);
}


TEST(a_read_that_fails_is_no_account)
{
    size_t         len;
    unsigned       n, i;
    mfa_file_e     rc;
    unsigned char  text[MFA_ACCOUNT_MAX];

    static const int  faults[] = { EIO, EINTR, ENOENT, -1 };

    fresh("the account");

    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        fault = faults[i];

        for (n = 1; /* void */ ; n++) {
            round_n = n;
            calls = 0;
            failed = 0;

            rc = mfa_file_read(path, text, &len);
            round_n = 0;

            if (!failed) {
                break;
            }

            if (rc == MFA_FILE_OK) {
                EXPECT_INT(len, 11);
                EXPECT_MEM(text, "the account", 11);

            } else {
                EXPECT(failed != CLOSE);
                EXPECT(rc == MFA_FILE_FAILED || fault == ENOENT);
            }
        }

        EXPECT(n > 3);
    }
}


TEST(what_is_no_path_of_an_account_is_refused)
{
    size_t         len;
    unsigned       i;
    char           longer[MFA_FILE_PATH_MAX + 10];
    unsigned char  text[MFA_ACCOUNT_MAX];

    static const char *const  paths[] = { "", "x", "/x", "x/y", "/x/y" };

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        EXPECT_INT(mfa_file_read(paths[i], text, &len), MFA_FILE_FAILED);
        EXPECT_INT(mfa_file_swap(paths[i], str(NULL), str("x")),
                   MFA_FILE_FAILED);
    }

    memset(longer, '/', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    EXPECT_INT(mfa_file_swap(longer, str(NULL), str("x")), MFA_FILE_FAILED);
    EXPECT_INT(errno, ENAMETOOLONG);

    longer[MFA_FILE_PATH_MAX - 5] = '\0';
    EXPECT_INT(mfa_file_path(longer, str("acme"), str("alice"), path), -1);
    EXPECT_INT(mfa_file_path("/x", str(""), str("alice"), path), -1);
    EXPECT_INT(mfa_file_path("/x", str("acme"), str(""), path), -1);

    fresh(NULL);
    (void) rmdir(base);
}


UNIT_MAIN()
