
/*
 * Secrets from the terminal, without echo, or from standard input.
 */


#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"


/* bytes of the longest with a line break: of a line, which the terminal would
   cut at 4095; of a file, a sealed private key */
#define CLI_SECRET       (POSTERN_SEALED_MAX + 2)
#define CLI_SECRET_FILE  (POSTERN_SEALED_PRIVATE_MAX + 2)


static int cli_secret_terminal(int fd, const char *prompt,
    postern_str_t *out);
static int cli_secret_line(int fd, const char *prompt, postern_str_t *out);
static void cli_secret_signals(void (*handler)(int));
static void cli_secret_signal(int signo);


/* what a signal that ends the program has to put back first */

static int             cli_terminal = -1;
static struct termios  cli_terminal_saved;


int
cli_secret(const char *prompt, int binary, postern_str_t *out)
{
    int  fd, rc;

    if (!isatty(STDIN_FILENO)) {

        if (cli_read("-", CLI_SECRET_FILE, out) != 0) {
            return -1;
        }

        if (!binary && out->len && out->data[out->len - 1] == '\n') {
            out->len--;

            if (out->len && out->data[out->len - 1] == '\r') {
                out->len--;
            }
        }

        return 0;
    }

    fd = open("/dev/tty", O_RDWR|O_CLOEXEC|O_NOCTTY);

    if (fd == -1) {
        cli_error("cannot open the terminal: %s", strerror(errno));
        return -1;
    }

    rc = cli_secret_terminal(fd, prompt, out);
    close(fd);

    return rc;
}


static int
cli_secret_terminal(int fd, const char *prompt, postern_str_t *out)
{
    int             rc;
    postern_str_t   again;
    struct termios  quiet;

    if (tcgetattr(fd, &cli_terminal_saved) == -1) {
        cli_error("cannot ask on the terminal: %s", strerror(errno));
        return -1;
    }

    cli_terminal = fd;
    cli_secret_signals(cli_secret_signal);

    quiet = cli_terminal_saved;
    quiet.c_lflag &= ~(tcflag_t) ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);

    rc = cli_secret_line(fd, prompt, out);

    if (rc == 0) {
        rc = cli_secret_line(fd, "once more", &again);

        if (rc == 0) {
            if (!postern_str_eq(*out, again)) {
                cli_error("the two are not the same");
                rc = -1;
            }

            cli_free(&again);
        }

        if (rc != 0) {
            cli_free(out);
        }
    }

    tcsetattr(fd, TCSAFLUSH, &cli_terminal_saved);
    cli_secret_signals(SIG_DFL);
    cli_terminal = -1;

    return rc;
}


static int
cli_secret_line(int fd, const char *prompt, postern_str_t *out)
{
    size_t          len;
    ssize_t         n;
    unsigned char  *data;

    dprintf(fd, "%s: ", prompt);

    data = cli_alloc(CLI_SECRET + 1);

    for (len = 0; len < CLI_SECRET; len++) {

        do {
            n = read(fd, data + len, 1);
        } while (n == -1 && errno == EINTR);

        if (n != 1 || data[len] == '\n') {
            break;
        }
    }

    dprintf(fd, "\n");

    out->data = data;
    out->len = len;

    if (len == CLI_SECRET) {
        cli_error("that is longer than %d bytes", POSTERN_SEALED_MAX);
        cli_free(out);
        return -1;
    }

    data[len] = '\0';

    return 0;
}


/* of the signals that end a program; one that is ignored stays so */

static void
cli_secret_signals(void (*handler)(int))
{
    size_t            i;
    struct sigaction  act, old;

    static const int  signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

    memset(&act, 0, sizeof(act));
    act.sa_handler = handler;
    act.sa_flags = (int) SA_RESETHAND;
    sigfillset(&act.sa_mask);

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], NULL, &old);

        if (old.sa_handler != SIG_IGN) {
            sigaction(signals[i], &act, NULL);
        }
    }
}


/* raised anew, it ends the program as if nobody had looked: the shell is told
   which signal it was */

static void
cli_secret_signal(int signo)
{
    int  saved;

    saved = errno;

    tcsetattr(cli_terminal, TCSAFLUSH, &cli_terminal_saved);
    (void) !write(cli_terminal, "\n", 1);
    raise(signo);

    errno = saved;
}
