
/*
 * Files and errors of the program.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "cli.h"


#define CLI_PIECE  65536


static int cli_read_fd(int fd, const char *name, size_t max,
    postern_str_t *out);
static void cli_directory_fault(const char *name, const postern_error_t *err);


void *
cli_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size ? size : 1);

    if (p == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }

    return p;
}


int
cli_error(const char *fmt, ...)
{
    va_list  args;

    fflush(stdout);
    fputs("postern: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    return CLI_FAILED;
}


int
cli_usage(const char *command, const char *fmt, ...)
{
    va_list  args;

    fflush(stdout);
    fprintf(stderr, "postern: %s: ", command);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fprintf(stderr, "\npostern: \"postern %s --help\" explains the options\n",
            command);

    return CLI_USAGE;
}


int
cli_value(const cli_value_t *table, int c)
{
    for ( /* void */ ; table->value; table++) {
        if (table->option == c) {
            *table->value = optarg;
            return 1;
        }
    }

    return 0;
}


int
cli_bad_option(char **argv, int c)
{
    return cli_usage(argv[0], c == ':' ? "%s needs a value"
                                       : "unknown option %s",
                     argv[optind - 1]);
}


postern_str_t
cli_str(const char *s)
{
    postern_str_t  str;

    str.len = s ? strlen(s) : 0;
    str.data = (const unsigned char *) s;

    return str;
}


int
cli_read(const char *name, size_t max, postern_str_t *out)
{
    int  fd, rc;

    if (strcmp(name, "-") == 0) {
        return cli_read_fd(STDIN_FILENO, "standard input", max, out);
    }

    fd = open(name, O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        cli_error("cannot open %s: %s", name, strerror(errno));
        return -1;
    }

    rc = cli_read_fd(fd, name, max, out);
    close(fd);

    return rc;
}


static int
cli_read_fd(int fd, const char *name, size_t max, postern_str_t *out)
{
    size_t          size, len;
    ssize_t         n;
    unsigned char  *data, *larger;

    size = CLI_PIECE;
    data = cli_alloc(size + 1);
    len = 0;

    for ( ;; ) {

        n = read(fd, data + len, size - len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1 || (n > 0 && len + (size_t) n > max)) {

            if (n == -1) {
                cli_error("cannot read %s: %s", name, strerror(errno));

            } else {
                cli_error("%s has more than %zu bytes", name, max);
            }

            sodium_memzero(data, size);
            free(data);

            return -1;
        }

        if (n == 0) {
            break;
        }

        len += (size_t) n;

        /* moved by hand, since what is read may be secret and realloc() leaves
           it behind */

        if (len == size) {
            larger = cli_alloc(2 * size + 1);
            memcpy(larger, data, len);
            sodium_memzero(data, size);
            free(data);
            data = larger;
            size *= 2;
        }
    }

    data[len] = '\0';
    out->data = data;
    out->len = len;

    return 0;
}


void
cli_free(postern_str_t *s)
{
    if (s->data != NULL) {
        sodium_memzero((unsigned char *) s->data, s->len);
        free((unsigned char *) s->data);
    }

    s->data = NULL;
    s->len = 0;
}


int
cli_write_secret(const char *name, postern_str_t data, int exclusive)
{
    int      fd, failed;
    char     temp[4096];
    size_t   done;
    ssize_t  n;

    if ((size_t) snprintf(temp, sizeof(temp), exclusive ? "%s" : "%s.XXXXXX",
                          name) >= sizeof(temp))
    {
        cli_error("the file name %.40s... is too long", name);
        return -1;
    }

    /* of mode 0600 from the first moment, whatever the umask says */

    fd = exclusive ? open(temp, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600)
                   : mkstemp(temp);

    if (fd == -1) {
        cli_error("cannot create %s: %s%s", temp, strerror(errno),
                  errno == EEXIST ? " (it is left as it is: name another one)"
                                  : "");
        return -1;
    }

    failed = 0;

    for (done = 0; done < data.len && !failed; done += (size_t) n) {
        n = write(fd, data.data + done, data.len - done);

        if (n <= 0) {
            n = 0;
            failed = (errno != EINTR);
        }
    }

    failed = failed || fsync(fd) == -1;
    failed = close(fd) == -1 || failed;

    if (!failed && !exclusive) {
        failed = rename(temp, name) == -1;
    }

    if (failed) {
        cli_error("cannot write %s: %s", name, strerror(errno));
        unlink(temp);
        return -1;
    }

    return 0;
}


int
cli_ring(const char *name, postern_ring_t *ring)
{
    int              rc;
    struct stat      st;
    postern_str_t    text;
    postern_error_t  err;

    if (stat(name, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        cli_error("%s can be read or written by others than its owner "
                  "(mode %04o): run \"chmod 600 %s\"",
                  name, (unsigned) (st.st_mode & 07777), name);
        return -1;
    }

    if (cli_read(name, POSTERN_RING_MAX_FILE, &text) != 0) {
        return -1;
    }

    rc = postern_ring_parse(text, ring, &err);
    cli_free(&text);

    if (rc != 0) {
        if (err.line) {
            cli_error("%s, line %u: %s", name, err.line, err.text);

        } else {
            cli_error("%s: %s", name, err.text);
        }
    }

    return rc;
}


postern_directory_t *
cli_directory(const char *name)
{
    return cli_directory_sets(name, NULL, NULL, 0);
}


postern_directory_t *
cli_directory_sets(const char *name, postern_jwks_t *sets,
    const char *const *files, uint32_t n)
{
    uint32_t              i, faulty;
    postern_str_t         text;
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = NULL;

    if (cli_read(name, POSTERN_DIRECTORY_MAX_SIZE, &text) != 0) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        if (cli_read(files[i], POSTERN_JWKS_MAX_SIZE, &sets[i].text) != 0) {
            break;
        }
    }

    if (i == n) {
        memset(&err, 0, sizeof(err));
        dir = postern_directory_parse_sets(text, sets, n, &faulty, &err);

        if (dir == NULL) {
            cli_directory_fault(faulty < n ? files[faulty] : name, &err);
        }
    }

    /* it may hold "plain:" secrets */
    cli_free(&text);

    while (i > 0) {
        cli_free(&sets[--i].text);
    }

    return dir;
}


static void
cli_directory_fault(const char *name, const postern_error_t *err)
{
    fflush(stdout);
    fprintf(stderr, "postern: %s", name);

    if (err->line) {
        fprintf(stderr, ":%u:%u", err->line, err->column);
    }

    fprintf(stderr, ": %s%s%s\n", err->path, err->path[0] ? ": " : "",
            err->text);
}


int
cli_name_valid(const char *name)
{
    size_t  i;

    for (i = 0; name[i]; i++) {
        if ((unsigned char) name[i] <= 0x20 || name[i] == 0x7f
            || name[i] == '"' || name[i] == '\\' || name[i] == '/')
        {
            return 0;
        }
    }

    return i >= 1 && i <= POSTERN_NAME_MAX;
}
