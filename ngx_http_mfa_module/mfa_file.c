
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "mfa_file.h"
#include "postern_assert.h"


#define MFA_FILE_SUFFIX  ".json"
#define MFA_FILE_NAME    255         /* bytes of a name, NAME_MAX of Linux */

/* No account has a name that begins with a dot.  There is one writer at a time
   in a folder, so one name is enough for what is being written, and whatever a
   writer that was killed left there is gone with the next one. */

#define MFA_FILE_LOCK    ".lock"
#define MFA_FILE_NEW     ".new"


/* a path taken apart: <base>/<folder>/<name> */

typedef struct {
    char         text[MFA_FILE_PATH_MAX];
    const char  *base;
    const char  *folder;
    const char  *name;
} mfa_file_path_t;


static size_t mfa_file_encode(postern_str_t name, char *out, size_t size);
static size_t mfa_file_digest(postern_str_t name, char *out, size_t size);
static int mfa_file_split(const char *path, mfa_file_path_t *parts);
static int mfa_file_folder(const mfa_file_path_t *parts, int create);
static int mfa_file_lock(int folder);
static mfa_file_e mfa_file_read_at(int folder, const char *name,
    unsigned char *out, size_t *len);
static ssize_t mfa_file_fill(int fd, unsigned char *out, size_t size);
static mfa_file_e mfa_file_swap_at(int folder, const char *name,
    postern_str_t old, postern_str_t new);
static mfa_file_e mfa_file_replace(int folder, const char *name,
    postern_str_t new);
static int mfa_file_store(int folder, postern_str_t new);
static void mfa_file_close(int fd);


int
mfa_file_path(const char *folder, postern_str_t org, postern_str_t user,
    char path[MFA_FILE_PATH_MAX])
{
    int   n;
    char  file[MFA_FILE_NAME + 1], dir[MFA_FILE_NAME + 1];

    if (mfa_file_encode(org, dir, sizeof(dir)) == 0
        || mfa_file_encode(user, file, sizeof(file)
                                       - sizeof(MFA_FILE_SUFFIX) + 1)
           == 0)
    {
        return -1;
    }

    n = snprintf(path, MFA_FILE_PATH_MAX, "%s/%s/%s" MFA_FILE_SUFFIX, folder,
                 dir, file);

    return POSTERN_ALWAYS(n > 0) && n < MFA_FILE_PATH_MAX ? 0 : -1;
}


static size_t
mfa_file_encode(postern_str_t name, char *out, size_t size)
{
    size_t         i, n;
    unsigned char  c;

    if (name.len == 0) {
        return 0;
    }

    for (n = 0, i = 0; i < name.len; i++) {
        c = name.data[i];

        if (n + 4 > size) {
            return mfa_file_digest(name, out, size);
        }

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '-' || c == '_'
            || (c == '.' && i > 0 && i < name.len - 1))
        {
            out[n++] = (char) c;

        } else {
            n += (size_t) snprintf(out + n, 4, "%%%02X", c);
        }
    }

    out[n] = '\0';

    return n;
}


/* no name is written so: what follows "%" above is two digits, never "sh" */

static size_t
mfa_file_digest(postern_str_t name, char *out, size_t size)
{
    char           hex[crypto_hash_sha256_BYTES * 2 + 1];
    unsigned char  hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, name.data, name.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));

    return (size_t) snprintf(out, size, "%%sha256-%s", hex);
}


mfa_file_e
mfa_file_read(const char *path, unsigned char *out, size_t *len)
{
    int              folder;
    mfa_file_e       rc;
    mfa_file_path_t  parts;

    if (mfa_file_split(path, &parts) != 0) {
        return MFA_FILE_FAILED;
    }

    folder = mfa_file_folder(&parts, 0);

    if (folder == -1) {
        return errno == ENOENT ? MFA_FILE_NO : MFA_FILE_FAILED;
    }

    rc = mfa_file_read_at(folder, parts.name, out, len);

    mfa_file_close(folder);

    return rc;
}


mfa_file_e
mfa_file_swap(const char *path, postern_str_t old, postern_str_t new)
{
    int              folder, lock;
    mfa_file_e       rc;
    mfa_file_path_t  parts;

    if (new.len > MFA_ACCOUNT_MAX) {
        errno = EFBIG;
        return MFA_FILE_FAILED;
    }

    if (mfa_file_split(path, &parts) != 0) {
        return MFA_FILE_FAILED;
    }

    folder = mfa_file_folder(&parts, new.data != NULL);

    if (folder == -1) {
        if (errno == ENOENT && new.data == NULL) {
            return old.data ? MFA_FILE_NO : MFA_FILE_OK;
        }

        return MFA_FILE_FAILED;
    }

    rc = MFA_FILE_FAILED;
    lock = mfa_file_lock(folder);

    if (lock != -1) {
        rc = mfa_file_swap_at(folder, parts.name, old, new);
        mfa_file_close(lock);
    }

    mfa_file_close(folder);

    return rc;
}


static int
mfa_file_split(const char *path, mfa_file_path_t *parts)
{
    char    *slash;
    size_t   len;

    len = strlen(path);

    if (len >= sizeof(parts->text)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    memcpy(parts->text, path, len + 1);

    slash = strrchr(parts->text, '/');
    if (slash == NULL) {
        goto invalid;
    }

    *slash = '\0';
    parts->name = slash + 1;

    slash = strrchr(parts->text, '/');
    if (slash == NULL || slash == parts->text) {
        goto invalid;
    }

    *slash = '\0';
    parts->folder = slash + 1;
    parts->base = parts->text;

    return 0;

invalid:

    errno = EINVAL;

    return -1;
}


/*
 * The folder that the operator named may be a link: to another disk.  What lies
 * in it is ours, and a link there is somebody's trick.
 */

static int
mfa_file_folder(const mfa_file_path_t *parts, int create)
{
    int  base, fd;

    base = open(parts->base, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (base == -1) {

        /* of a base that is not there nobody must think: no account */

        if (errno == ENOENT) {
            errno = ENOTDIR;
        }

        return -1;
    }

    fd = openat(base, parts->folder,
                O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 && errno == ENOENT && create) {

        if ((mkdirat(base, parts->folder, 0700) == 0 || errno == EEXIST)
            && fsync(base) == 0)
        {
            fd = openat(base, parts->folder,
                        O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
        }
    }

    mfa_file_close(base);

    return fd;
}


/* held until it is closed, or until its process ends */

static int
mfa_file_lock(int folder)
{
    int  fd;

    fd = openat(folder, MFA_FILE_LOCK, O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC,
                0600);
    if (fd == -1) {
        return -1;
    }

    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            mfa_file_close(fd);
            return -1;
        }
    }

    return fd;
}


static mfa_file_e
mfa_file_read_at(int folder, const char *name, unsigned char *out, size_t *len)
{
    int             fd;
    ssize_t         n;
    struct stat     st;
    unsigned char   more;

    /* a pipe in its place must not make us wait for who writes to it */

    fd = openat(folder, name, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);
    if (fd == -1) {
        return errno == ENOENT ? MFA_FILE_NO : MFA_FILE_FAILED;
    }

    n = -1;

    if (fstat(fd, &st) == 0) {

        if (!S_ISREG(st.st_mode)) {
            errno = EINVAL;

        } else {
            n = mfa_file_fill(fd, out, MFA_ACCOUNT_MAX);
        }
    }

    if (n == MFA_ACCOUNT_MAX && mfa_file_fill(fd, &more, 1) != 0) {
        n = -1;
        errno = EFBIG;
    }

    mfa_file_close(fd);

    if (n < 0) {
        return MFA_FILE_FAILED;
    }

    *len = (size_t) n;

    return MFA_FILE_OK;
}


static ssize_t
mfa_file_fill(int fd, unsigned char *out, size_t size)
{
    size_t   len;
    ssize_t  n;

    for (len = 0; len < size; len += (size_t) n) {
        n = read(fd, out + len, size - len);

        if (n == 0) {
            break;
        }

        if (n == -1) {
            if (errno != EINTR) {
                return -1;
            }

            n = 0;
        }
    }

    return (ssize_t) len;
}


static mfa_file_e
mfa_file_swap_at(int folder, const char *name, postern_str_t old,
    postern_str_t new)
{
    mfa_file_e      rc;
    postern_str_t   now;
    unsigned char   buf[MFA_ACCOUNT_MAX];

    now.data = buf;
    now.len = 0;

    rc = mfa_file_read_at(folder, name, buf, &now.len);

    if (rc == MFA_FILE_FAILED) {
        return rc;
    }

    if (rc == MFA_FILE_NO) {
        now.data = NULL;
    }

    if ((now.data == NULL) != (old.data == NULL) || !postern_str_eq(now, old)) {
        return MFA_FILE_NO;
    }

    if (new.data) {
        return mfa_file_replace(folder, name, new);
    }

    if (now.data
        && (unlinkat(folder, name, 0) != 0 || fsync(folder) != 0))
    {
        return MFA_FILE_FAILED;
    }

    return MFA_FILE_OK;
}


/* whoever reads meanwhile, or after a power cut, has the old one or the new */

static mfa_file_e
mfa_file_replace(int folder, const char *name, postern_str_t new)
{
    int  err;

    if (unlinkat(folder, MFA_FILE_NEW, 0) != 0 && errno != ENOENT) {
        return MFA_FILE_FAILED;
    }

    if (mfa_file_store(folder, new) != 0
        || renameat(folder, MFA_FILE_NEW, folder, name) != 0)
    {
        err = errno;
        (void) unlinkat(folder, MFA_FILE_NEW, 0);
        errno = err;

        return MFA_FILE_FAILED;
    }

    return fsync(folder) == 0 ? MFA_FILE_OK : MFA_FILE_FAILED;
}


static int
mfa_file_store(int folder, postern_str_t new)
{
    int      fd, rc, err;
    size_t   len;
    ssize_t  n;

    fd = openat(folder, MFA_FILE_NEW,
                O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);
    if (fd == -1) {
        return -1;
    }

    rc = 0;

    for (len = 0; len < new.len; len += (size_t) n) {
        n = write(fd, new.data + len, new.len - len);

        if (n == -1) {
            if (errno != EINTR) {
                rc = -1;
                break;
            }

            n = 0;
        }
    }

    if (rc == 0) {
        rc = fsync(fd);
    }

    err = errno;

    /* some filesystems tell only here that the disk is full */

    if (close(fd) != 0 && rc == 0) {
        return -1;
    }

    errno = err;

    return rc;
}


/* errno stays what it was */

static void
mfa_file_close(int fd)
{
    int  err;

    err = errno;
    (void) close(fd);
    errno = err;
}
