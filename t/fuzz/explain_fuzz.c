/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   tools/cli_explain*.c tools/cli_request*.c tools/cli_jwks.c
   tools/cli_webhook.c tools/cli_io.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a captured request, raw or by "curl -v", and behind a NUL as the
 * client's own signature base, given to "postern explain".  It ends with a
 * verdict, and nothing of what it prints can give orders to a terminal.
 */


#define _GNU_SOURCE    /* memfd_create() */

#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "fuzz.h"


#define FUZZ_INPUT  8192
#define OUT_MAX     (1024 * 1024)


static const postern_str_t  directory = postern_string(
    "{\"version\":1,\"organizations\":{\"acme\":{\"keys\":{"
    "\"AK1\":{\"algorithm\":\"hmac-sha256\",\"roles\":[],"
    "\"secret\":\"plain:a secret of thirty-two bytes ..\"},"
    "\"ed\":{\"algorithm\":\"ed25519\",\"roles\":[],\"public_key\":"
    "\"JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\"}}}}}");


typedef struct {
    int    fd;
    char   name[32];
} file_t;


static file_t          files[4];
static unsigned char   printed[OUT_MAX];


/* a file in memory, with a name that can be opened */

static char *
file(unsigned n, postern_str_t text)
{
    file_t  *f = &files[n];

    if (f->fd == 0) {
        f->fd = memfd_create("fuzz", 0);
        HELD(f->fd != -1);
        snprintf(f->name, sizeof(f->name), "/proc/self/fd/%d", f->fd);
    }

    HELD(ftruncate(f->fd, 0) == 0);
    HELD(pwrite(f->fd, text.data ? text.data : (const void *) "", text.len, 0)
         == (ssize_t) text.len);

    return f->name;
}


static void
harmless(FILE *f)
{
    long    n, i;

    HELD(fflush(f) == 0);
    n = ftell(f);
    HELD(n >= 0 && n < OUT_MAX);
    rewind(f);
    HELD(fread(printed, 1, (size_t) n, f) == (size_t) n);

    for (i = 0; i < n; i++) {
        HELD(printed[i] >= 0x20 || printed[i] == '\n' || printed[i] == '\t');
        HELD(printed[i] != 0x7f);
    }

    /* a verdict, or why there is none */

    HELD(n > 9 && (memmem(printed, (size_t) n, "\nverdict ", 9) != NULL
                   || memcmp(printed, "postern: ", 9) == 0));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             rc, argc;
    char           *argv[12];
    FILE           *out, *saved_out, *saved_err;
    postern_str_t   rest, capture;

    if (size > FUZZ_INPUT) {
        return 0;
    }

    rest.data = data;
    rest.len = size;
    capture = fuzz_cut(&rest, '\0');

    argc = 0;
    argv[argc++] = "explain";
    argv[argc++] = "--directory";
    argv[argc++] = file(0, directory);

    if (rest.len) {
        argv[argc++] = "--base";
        argv[argc++] = file(1, rest);
    }

    argv[argc++] = file(2, capture);
    argv[argc] = NULL;

    out = tmpfile();
    HELD(out != NULL);

    saved_out = stdout;
    saved_err = stderr;
    stdout = stderr = out;
    optind = 0;

    rc = cli_explain(argc, argv);

    stdout = saved_out;
    stderr = saved_err;

    HELD(rc == CLI_OK || rc == CLI_FAILED);
    harmless(out);
    fclose(out);

    return 0;
}
