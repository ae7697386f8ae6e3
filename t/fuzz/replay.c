
/*
 * In place of libFuzzer, for "make test": runs a fuzzer's function on each file
 * that is named, and on each file of the folders named.  A file that breaks it
 * is named last; none at all is a failure, for then nothing was looked at.
 */


#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"


static char           current[4096];
static unsigned long  passed;


/* the sanitizers end with it as well: abort_on_error=1 */

static void
broken(int signo)
{
    char  text[sizeof(current) + 64];
    int   n;

    n = snprintf(text, sizeof(text),
                 "\n# breaks it: %s\n%lu passed, 1 failed\n", current, passed);
    (void) !write(STDOUT_FILENO, text, (size_t) n);
    _exit(1);
}


static void
run_file(const char *name)
{
    FILE           *f;
    long            size;
    postern_str_t   s;
    unsigned char  *data;

    snprintf(current, sizeof(current), "%s", name);

    f = fopen(name, "rb");
    HELD(f != NULL && fseek(f, 0, SEEK_END) == 0);
    size = ftell(f);
    HELD(size >= 0);
    rewind(f);

    data = malloc((size_t) size + 1);
    HELD(data != NULL && fread(data, 1, (size_t) size, f) == (size_t) size);
    fclose(f);

    s = fuzz_copy(data, (size_t) size);
    free(data);

    (void) LLVMFuzzerTestOneInput(s.data, s.len);

    free((void *) s.data);
    passed++;
}


static void
run(const char *name)
{
    DIR            *dir;
    char            path[4096];
    struct stat     st;
    struct dirent  *entry;

    if (stat(name, &st) != 0) {
        return;                          /* nothing was found yet */
    }

    if (!S_ISDIR(st.st_mode)) {
        run_file(name);
        return;
    }

    dir = opendir(name);
    HELD(dir != NULL);

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
            run(path);
        }
    }

    closedir(dir);
}


int
main(int argc, char **argv)
{
    int  i;

    signal(SIGABRT, broken);
    signal(SIGSEGV, broken);

    for (i = 1; i < argc; i++) {
        run(argv[i]);
    }

    printf("%lu passed, %d failed\n", passed, passed == 0);

    return passed == 0;
}
