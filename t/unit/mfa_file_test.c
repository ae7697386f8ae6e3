/* link:
   ngx_http_mfa_module/mfa_file.c
   -lsodium */

/* Accounts in files: real ones, in a folder below $TMPDIR, with several
   processes that swap and are killed. */

#include "exact.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mfa_file.h"


#define WRITERS  4
#define STEPS    25     /* of each writer */
#define KILLS    40
#define LARGE    16384  /* bytes of what is being written when it is killed */


static char            folder[256];
static const char     *base;
static unsigned char   content[MFA_ACCOUNT_MAX];
static size_t          content_len;


static int
drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


__attribute__((destructor)) static void
clean(void)
{
    if (folder[0]) {
        (void) nftw(folder, drop, 16, FTW_DEPTH|FTW_PHYS);
    }
}


/* a folder of its own for each test */

static const char *
fresh(void)
{
    const char  *tmp;

    clean();

    tmp = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/mfa_file_test.XXXXXX",
             tmp ? tmp : "/tmp");

    EXPECT(mkdtemp(folder) != NULL);
    base = folder;

    return base;
}


static char *
path_of(const char *org, const char *user)
{
    static char  path[MFA_FILE_PATH_MAX];

    EXPECT_INT(mfa_file_path(base, exact(org), exact(user), path), 0);

    return path;
}


/* below the folder */

static char *
in(const char *name)
{
    static char  path[MFA_FILE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", base, name);

    return path;
}


static mfa_file_e
content_of(const char *path)
{
    content_len = 0;

    return mfa_file_read(path, content, &content_len);
}


static mfa_file_e
swap(const char *path, const char *old, const char *new)
{
    postern_str_t  none = postern_null_string;

    return mfa_file_swap(path, old ? exact(old) : none,
                         new ? exact(new) : none);
}


static int
holds(const char *path, const char *want)
{
    return content_of(path) == MFA_FILE_OK && content_len == strlen(want)
           && memcmp(content, want, content_len) == 0;
}


static mode_t
mode(const char *path)
{
    struct stat  st;

    return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}


static void
spew(const char *path, const char *text, size_t len)
{
    int  fd;

    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC, 0600);

    EXPECT(fd != -1 && write(fd, text, len) == (ssize_t) len);
    close(fd);
}


TEST(a_name_is_one_file)
{
    char         path[MFA_FILE_PATH_MAX];
    char         long_name[130], long_folder[MFA_FILE_PATH_MAX + 1];
    size_t       i;
    const char  *name;

    static const char *const  names[][2] = {
        { "alice", "alice" },
        { "Alice-2_b.c", "Alice-2_b.c" },
        { "a@b.c", "a%40b.c" },
        { ".", "%2E" },
        { "..", "%2E%2E" },
        { "...", "%2E.%2E" },
        { ".lock", "%2Elock" },
        { ".new", "%2Enew" },
        { "a.", "a%2E" },
        { "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
        { "a/b", "a%2Fb" },
        { "a%2Fb", "a%252Fb" },
        { "a b", "a%20b" },
        { "\xc3\xa4", "%C3%A4" },
        { "~", "%7E" }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        EXPECT_INT(mfa_file_path("/f", exact(names[i][0]), exact("u"), path),
                   0);
        name = path + 3;
        EXPECT(strncmp(name, names[i][1], strlen(names[i][1])) == 0
               && strcmp(name + strlen(names[i][1]), "/u.json") == 0);

        EXPECT_INT(mfa_file_path("/f", exact("o"), exact(names[i][0]), path),
                   0);
        name = path + 5;
        EXPECT(strncmp(name, names[i][1], strlen(names[i][1])) == 0
               && strcmp(name + strlen(names[i][1]), ".json") == 0);
    }

    /* as long as a name may be, each byte written as three */

    memset(long_name, '@', 128);
    long_name[128] = '\0';

    EXPECT_INT(mfa_file_path("/f", exact("o"), exact(long_name), path), 0);
    EXPECT_INT(strlen(path), 5 + 8 + 64 + 5);
    EXPECT_INT(strncmp(path, "/f/o/%sha256-", 13), 0);

    memset(long_name, 'a', 128);
    EXPECT_INT(mfa_file_path("/f", exact("o"), exact(long_name), path), 0);
    EXPECT_INT(strlen(path), 5 + 128 + 5);

    EXPECT_INT(mfa_file_path("/f", exact(""), exact("u"), path), -1);
    EXPECT_INT(mfa_file_path("/f", exact("o"), exact(""), path), -1);

    memset(long_folder, 'f', MFA_FILE_PATH_MAX);
    long_folder[MFA_FILE_PATH_MAX] = '\0';
    EXPECT_INT(mfa_file_path(long_folder, exact("o"), exact("u"), path), -1);
    long_folder[MFA_FILE_PATH_MAX - 9] = '\0';
    EXPECT_INT(mfa_file_path(long_folder, exact("o"), exact("u"), path), -1);
    long_folder[MFA_FILE_PATH_MAX - 10] = '\0';
    EXPECT_INT(mfa_file_path(long_folder, exact("o"), exact("u"), path), 0);
}


TEST(two_names_are_two_files)
{
    unsigned     i, k;
    char         a[MFA_FILE_PATH_MAX], b[MFA_FILE_PATH_MAX];

    static const char *const  names[] = {
        "a", "A", "a.", ".a", "a/", "a%2F", "a%2f", "%sha256-", "a.json",
        "a.json.json", "\xc3\xa4", "a\xcc\x88"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (k = 0; k < i; k++) {
            EXPECT_INT(mfa_file_path("/f", exact("o"), exact(names[i]), a), 0);
            EXPECT_INT(mfa_file_path("/f", exact("o"), exact(names[k]), b), 0);
            EXPECT(strcmp(a, b) != 0);
        }
    }
}


TEST(an_account_comes_changes_and_goes)
{
    char  *path;

    fresh();
    path = path_of("acme", "alice");

    EXPECT_INT(content_of(path), MFA_FILE_NO);
    EXPECT_INT(swap(path, "old", "new"), MFA_FILE_NO);
    EXPECT_INT(content_of(path), MFA_FILE_NO);

    EXPECT_INT(swap(path, NULL, "one"), MFA_FILE_OK);
    EXPECT(holds(path, "one"));

    EXPECT_INT(swap(path, NULL, "two"), MFA_FILE_NO);
    EXPECT_INT(swap(path, "on", "two"), MFA_FILE_NO);
    EXPECT_INT(swap(path, "one ", "two"), MFA_FILE_NO);
    EXPECT_INT(swap(path, "", "two"), MFA_FILE_NO);
    EXPECT(holds(path, "one"));

    EXPECT_INT(swap(path, "one", "two"), MFA_FILE_OK);
    EXPECT(holds(path, "two"));
    EXPECT_INT(swap(path, "two", "two"), MFA_FILE_OK);

    EXPECT_INT(swap(path, "one", NULL), MFA_FILE_NO);
    EXPECT(holds(path, "two"));
    EXPECT_INT(swap(path, "two", NULL), MFA_FILE_OK);
    EXPECT_INT(content_of(path), MFA_FILE_NO);

    EXPECT_INT(swap(path, "two", NULL), MFA_FILE_NO);
    EXPECT_INT(swap(path, NULL, NULL), MFA_FILE_OK);

    /* where not even the organization has a folder */

    path = path_of("other", "alice");
    EXPECT_INT(swap(path, NULL, NULL), MFA_FILE_OK);
    EXPECT_INT(swap(path, "x", NULL), MFA_FILE_NO);
    EXPECT(mode(in("other")) == 0);
}


TEST(nobody_else_may_read_it)
{
    mode_t  before;

    fresh();
    before = umask(0);

    EXPECT_INT(swap(path_of("acme", "alice"), NULL, "one"), MFA_FILE_OK);

    umask(before);

    EXPECT_INT(mode(in("acme")), 0700);
    EXPECT_INT(mode(in("acme/alice.json")), 0600);
    EXPECT_INT(mode(in("acme/.lock")), 0600);
    EXPECT_INT(mode(in("acme/.new")), 0);
}


TEST(a_folder_that_is_not_there_is_no_empty_one)
{
    fresh();
    base = "/nonexistent/accounts";

    errno = 0;
    EXPECT_INT(content_of(path_of("acme", "alice")), MFA_FILE_FAILED);
    EXPECT_INT(errno, ENOTDIR);
    EXPECT_INT(swap(path_of("acme", "alice"), NULL, "x"), MFA_FILE_FAILED);
    EXPECT_INT(swap(path_of("acme", "alice"), NULL, NULL), MFA_FILE_FAILED);

    EXPECT_INT(content_of("alice.json"), MFA_FILE_FAILED);
    EXPECT_INT(errno, EINVAL);
    EXPECT_INT(content_of("acme/alice.json"), MFA_FILE_FAILED);
    EXPECT_INT(content_of(""), MFA_FILE_FAILED);
}


TEST(links_are_not_followed)
{
    char  path[MFA_FILE_PATH_MAX];

    fresh();
    strcpy(path, path_of("acme", "alice"));

    EXPECT_INT(swap(path, NULL, "one"), MFA_FILE_OK);
    EXPECT_INT(rename(path, in("elsewhere")), 0);
    EXPECT_INT(symlink("../elsewhere", path), 0);

    errno = 0;
    EXPECT_INT(content_of(path), MFA_FILE_FAILED);
    EXPECT_INT(errno, ELOOP);
    EXPECT_INT(swap(path, "one", "two"), MFA_FILE_FAILED);
    EXPECT_INT(swap(path, NULL, "two"), MFA_FILE_FAILED);
    EXPECT(unlink(path) == 0);

    /* what is written is written to a file of its own */

    EXPECT_INT(symlink("../elsewhere", in("acme/.new")), 0);
    EXPECT_INT(swap(path, NULL, "two"), MFA_FILE_OK);
    EXPECT(holds(path, "two"));
    EXPECT_INT(mode(path), 0600);

    EXPECT_INT(unlink(in("acme/.lock")), 0);
    EXPECT_INT(symlink("../elsewhere", in("acme/.lock")), 0);
    EXPECT_INT(swap(path, "two", "three"), MFA_FILE_FAILED);
    EXPECT_INT(errno, ELOOP);

    /* the folder of an organization, but not the one of all */

    EXPECT_INT(symlink("acme", in("evil")), 0);
    EXPECT_INT(content_of(path_of("evil", "alice")), MFA_FILE_FAILED);
    EXPECT_INT(swap(path_of("evil", "bob"), NULL, "x"), MFA_FILE_FAILED);

    EXPECT_INT(symlink(".", in("all")), 0);
    snprintf(path, sizeof(path), "%s/all/acme/alice.json", base);
    EXPECT(holds(path, "two"));
}


TEST(nothing_but_a_file_is_read)
{
    char  path[MFA_FILE_PATH_MAX];

    fresh();
    strcpy(path, path_of("acme", "alice"));

    EXPECT_INT(mkdir(in("acme"), 0700), 0);
    EXPECT_INT(mkfifo(path, 0600), 0);
    EXPECT_INT(content_of(path), MFA_FILE_FAILED);
    EXPECT_INT(errno, EINVAL);
    EXPECT_INT(swap(path, NULL, "x"), MFA_FILE_FAILED);
    EXPECT_INT(unlink(path), 0);

    EXPECT_INT(mkdir(path, 0700), 0);
    EXPECT_INT(content_of(path), MFA_FILE_FAILED);
    EXPECT_INT(swap(path, NULL, "x"), MFA_FILE_FAILED);
    EXPECT_INT(rmdir(path), 0);

    spew(in("plain"), "x", 1);
    EXPECT_INT(content_of(path_of("plain", "alice")), MFA_FILE_FAILED);
    EXPECT_INT(errno, ENOTDIR);
}


TEST(as_long_as_an_account_may_be_and_no_longer)
{
    char           path[MFA_FILE_PATH_MAX];
    char          *text;
    postern_str_t  s, none = postern_null_string;

    fresh();
    strcpy(path, path_of("acme", "alice"));

    text = malloc(MFA_ACCOUNT_MAX + 1);
    memset(text, 'x', MFA_ACCOUNT_MAX + 1);
    s.data = (unsigned char *) text;
    s.len = MFA_ACCOUNT_MAX;

    EXPECT_INT(mfa_file_swap(path, none, s), MFA_FILE_OK);
    EXPECT_INT(content_of(path), MFA_FILE_OK);
    EXPECT_INT(content_len, MFA_ACCOUNT_MAX);
    EXPECT_INT(mfa_file_swap(path, s, none), MFA_FILE_OK);

    s.len++;
    EXPECT_INT(mfa_file_swap(path, none, s), MFA_FILE_FAILED);
    EXPECT_INT(errno, EFBIG);
    EXPECT_INT(content_of(path), MFA_FILE_NO);

    spew(path, text, MFA_ACCOUNT_MAX + 1);
    EXPECT_INT(content_of(path), MFA_FILE_FAILED);
    EXPECT_INT(errno, EFBIG);

    spew(path, "", 0);
    EXPECT_INT(content_of(path), MFA_FILE_OK);
    EXPECT_INT(content_len, 0);
    EXPECT_INT(swap(path, "", "one"), MFA_FILE_OK);

    free(text);
}


/* adds one to the number in the file, again and again where another was
   faster */

static void
count(const char *path)
{
    int            i;
    char           text[64];
    mfa_file_e     rc;
    postern_str_t  old, new;

    for (i = 0; i < STEPS; i++) {
        do {
            rc = content_of(path);

            old.data = rc == MFA_FILE_OK ? content : NULL;
            old.len = content_len;
            content[content_len] = '\0';

            new.len = (size_t) snprintf(text, sizeof(text), "{\"n\":%d}",
                                        rc == MFA_FILE_OK
                                        ? atoi((char *) content + 5) + 1 : 1);
            new.data = (unsigned char *) text;

            if (rc != MFA_FILE_FAILED) {
                rc = mfa_file_swap(path, old, new);
            }

            if (rc == MFA_FILE_FAILED) {
                _exit(1);
            }

        } while (rc != MFA_FILE_OK);
    }

    _exit(0);
}


TEST(no_step_of_several_writers_is_lost)
{
    int    i, status, failed;
    char   path[MFA_FILE_PATH_MAX], want[64];
    pid_t  pid[WRITERS];

    fresh();
    strcpy(path, path_of("acme", "alice"));

    for (i = 0; i < WRITERS; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            count(path);
        }
    }

    failed = 0;

    for (i = 0; i < WRITERS; i++) {
        failed += waitpid(pid[i], &status, 0) != pid[i] || status != 0;
    }

    EXPECT_INT(failed, 0);

    snprintf(want, sizeof(want), "{\"n\":%d}", WRITERS * STEPS);
    EXPECT(holds(path, want));
}


/* pages of one letter, the next letter each time */

static void
write_letters(const char *path, unsigned *steps)
{
    char           c;
    unsigned char  next[LARGE];
    postern_str_t  old, new;

    for ( ;; ) {
        old.data = content_of(path) == MFA_FILE_OK ? content : NULL;
        old.len = content_len;

        c = content_len ? (char) content[0] : 'z';
        memset(next, c == 'z' ? 'a' : c + 1, sizeof(next));

        new.data = next;
        new.len = sizeof(next);

        if (mfa_file_swap(path, old, new) != MFA_FILE_OK) {
            _exit(1);
        }

        __atomic_store_n(steps, 1, __ATOMIC_RELEASE);
    }
}


TEST(a_writer_that_is_killed_leaves_a_whole_file)
{
    int       i, status, torn, alive;
    char      path[MFA_FILE_PATH_MAX];
    pid_t     pid;
    size_t    k;
    unsigned  seen, *steps;

    fresh();
    strcpy(path, path_of("acme", "alice"));

    torn = 0;
    alive = 0;
    seen = 0;
    steps = mmap(NULL, sizeof(unsigned), PROT_READ|PROT_WRITE,
                 MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    for (i = 0; i < KILLS; i++) {
        *steps = 0;
        pid = fork();

        if (pid == 0) {
            write_letters(path, steps);
        }

        /* at another place each time; the first ones while there is nothing
           yet, and then one that has written, however slow the disk is */

        while (i > KILLS / 4 && !__atomic_load_n(steps, __ATOMIC_ACQUIRE)) {
            usleep(100);
        }

        usleep(500 + (useconds_t) i * 337 % 9000);
        kill(pid, SIGKILL);
        alive += waitpid(pid, &status, 0) == pid && WIFSIGNALED(status)
                 && WTERMSIG(status) == SIGKILL;

        if (content_of(path) != MFA_FILE_OK) {
            torn += access(path, F_OK) == 0;
            continue;
        }

        seen++;
        torn += content_len != LARGE;

        for (k = 0; k < content_len; k++) {
            if (content[k] != content[0]) {
                torn++;
                break;
            }
        }
    }

    EXPECT_INT(torn, 0);
    EXPECT_INT(alive, KILLS);
    EXPECT(seen > KILLS / 2);
    munmap(steps, sizeof(unsigned));

    /* the lock went with its holder, and what lay there is no obstacle */

    spew(in("acme/.new"), "half an acc", 11);

    EXPECT_INT(mfa_file_swap(path, exact_slice(content, content_len),
                             exact("whole")), MFA_FILE_OK);
    EXPECT(holds(path, "whole"));
    EXPECT(access(in("acme/.new"), F_OK) == -1);
}


TEST(a_disk_that_is_full_loses_nothing)
{
    int            status;
    char           path[MFA_FILE_PATH_MAX];
    pid_t          pid;
    unsigned char  text[4096];
    postern_str_t  s;
    struct rlimit  limit = { 1024, 1024 };

    fresh();
    strcpy(path, path_of("acme", "alice"));
    EXPECT_INT(swap(path, NULL, "one"), MFA_FILE_OK);

    memset(text, 'x', sizeof(text));
    s.data = text;
    s.len = sizeof(text);

    /* the kernel stops the write in its middle, as it does on a full disk */

    pid = fork();

    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);

        if (setrlimit(RLIMIT_FSIZE, &limit) != 0
            || mfa_file_swap(path, exact("one"), s) != MFA_FILE_FAILED)
        {
            _exit(1);
        }

        _exit(errno == EFBIG ? 0 : 2);
    }

    EXPECT(waitpid(pid, &status, 0) == pid);
    EXPECT_INT(status, 0);
    EXPECT(holds(path, "one"));
    EXPECT(access(in("acme/.new"), F_OK) == -1);

    EXPECT_INT(mfa_file_swap(path, exact("one"), s), MFA_FILE_OK);
}


TEST(who_may_not_is_told_so)
{
    int    status;
    char   path[MFA_FILE_PATH_MAX];
    pid_t  pid;

    fresh();
    strcpy(path, path_of("acme", "alice"));
    EXPECT_INT(swap(path, NULL, "one"), MFA_FILE_OK);
    EXPECT_INT(chmod(folder, 0755), 0);

    /* another user than the one who wrote it; root has to become one */

    pid = fork();

    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(9);
        }

        if (geteuid() != 65534 && chmod(in("acme"), 0) != 0) {
            _exit(8);
        }

        status = content_of(path) == MFA_FILE_FAILED && errno == EACCES;
        status += 2 * (swap(path, "one", "two") == MFA_FILE_FAILED
                       && errno == EACCES);
        _exit(status);
    }

    EXPECT(waitpid(pid, &status, 0) == pid);
    EXPECT_INT(WEXITSTATUS(status), 3);

    EXPECT_INT(chmod(in("acme"), 0700), 0);
    EXPECT(holds(path, "one"));
}


TEST(a_writer_waits_for_the_one_before)
{
    int     fd, status;
    char    path[MFA_FILE_PATH_MAX];
    pid_t   pid;

    fresh();
    strcpy(path, path_of("acme", "alice"));
    EXPECT_INT(swap(path, NULL, "one"), MFA_FILE_OK);

    fd = open(in("acme/.lock"), O_RDWR|O_CLOEXEC);
    EXPECT(fd != -1 && flock(fd, LOCK_EX) == 0);

    pid = fork();

    if (pid == 0) {
        close(fd);
        _exit(swap(path, "one", "two") != MFA_FILE_OK);
    }

    /* it cannot be through while the lock is held, however long that is; and
       reading needs none */

    usleep(50000);
    EXPECT_INT(waitpid(pid, &status, WNOHANG), 0);
    EXPECT(holds(path, "one"));

    EXPECT_INT(flock(fd, LOCK_UN), 0);
    close(fd);

    EXPECT(waitpid(pid, &status, 0) == pid);
    EXPECT_INT(status, 0);
    EXPECT(holds(path, "two"));
}


UNIT_MAIN()
