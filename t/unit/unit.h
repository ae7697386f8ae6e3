
/*
 * The frame of a unit test: one C program of pure files.
 *
 *     #include "unit.h"
 *
 *     TEST(an_arena_gives_aligned_memory)
 *     {
 *         EXPECT(...);
 *     }
 *
 *     UNIT_MAIN()
 *
 * A comment on one of the program's first five lines names what it links, from
 * the top of the repository: link: ngx_http_x_module/x_y.c ... -lsodium
 *
 * A test that asserts nothing fails, and so does a program without a test.  An
 * EXPECT() is an expression, true when it held, so that a test can stop:
 * if (!EXPECT(p != NULL)) { return; }
 */


#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE    /* memmem() and the like, for tests */
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern_buf.h"


#define UNIT_SHOWN  200    /* bytes of a value in a message */


typedef struct unit_test_s  unit_test_t;

struct unit_test_s {
    const char   *name;
    void        (*run)(void);
    unit_test_t  *next;
};


static unit_test_t   *unit_tests;
static unit_test_t  **unit_last __attribute__((unused)) = &unit_tests;
static unsigned long  unit_passed;
static unsigned long  unit_failed;


#define TEST(id)                                                              \
    static void unit_run_##id(void);                                          \
    __attribute__((constructor)) static void                                  \
    unit_register_##id(void)                                                  \
    {                                                                         \
        static unit_test_t  test = { #id, unit_run_##id, NULL };              \
                                                                              \
        *unit_last = &test;                                                   \
        unit_last = &test.next;                                               \
    }                                                                         \
    static void unit_run_##id(void)


#define EXPECT(cond)                                                          \
    unit_expect(!!(cond), #cond, __FILE__, __LINE__)

#define EXPECT_INT(got, want)                                                 \
    unit_expect_int((long long) (got), (long long) (want), #got,              \
                    __FILE__, __LINE__)

#define EXPECT_STR(got, want)                                                 \
    unit_expect_str((got), (want), #got, __FILE__, __LINE__)

#define EXPECT_MEM(got, want, len)                                            \
    unit_expect_mem((got), (want), (len), #got, __FILE__, __LINE__)

#define UNIT_MAIN()                                                           \
    int                                                                       \
    main(void)                                                                \
    {                                                                         \
        return unit_main();                                                   \
    }


static inline int
unit_expect(int held, const char *what, const char *file, int line)
{
    if (held) {
        unit_passed++;

    } else {
        unit_failed++;
        printf("# %s:%d: not true: %s\n", file, line, what);
    }

    return held;
}


static inline int
unit_expect_int(long long got, long long want, const char *what,
    const char *file, int line)
{
    if (got == want) {
        unit_passed++;
        return 1;
    }

    unit_failed++;
    printf("# %s:%d: %s is %lld, expected %lld\n", file, line, what, got, want);

    return 0;
}


static inline void
unit_show(const char *label, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *p = data;

    printf("#   %s (%zu bytes): ", label, len);

    for (i = 0; i < len && i < UNIT_SHOWN; i++) {
        if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\') {
            putchar(p[i]);

        } else {
            printf("\\x%02x", p[i]);
        }
    }

    puts(i < len ? "..." : "");
}


static inline int
unit_expect_bytes(const void *got, size_t got_len, const void *want,
    size_t want_len, const char *what, const char *file, int line)
{
    if (got_len == want_len
        && (got_len == 0 || (got != NULL && memcmp(got, want, got_len) == 0)))
    {
        unit_passed++;
        return 1;
    }

    unit_failed++;
    printf("# %s:%d: %s differs\n", file, line, what);
    unit_show("got ", got, got == NULL ? 0 : got_len);
    unit_show("want", want, want_len);

    return 0;
}


static inline int
unit_expect_mem(const void *got, const void *want, size_t len,
    const char *what, const char *file, int line)
{
    return unit_expect_bytes(got, len, want, len, what, file, line);
}


static inline int
unit_expect_str(postern_str_t got, const char *want, const char *what,
    const char *file, int line)
{
    return unit_expect_bytes(got.data, got.len, want, strlen(want), what, file,
                             line);
}


/*
 * For conformance tests: the file NAME below the folder of public vectors, to
 * be freed, with a NUL behind its *len bytes; the program ends where it cannot
 * be read, since a vector that is not there has not passed.
 */

static inline char *
unit_vector(const char *name, size_t *len)
{
    char        *data, path[4096];
    FILE        *f;
    long         size;
    const char  *dir;

    dir = getenv("VECTORS");
    snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/vectors",
             name);

    f = fopen(path, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        printf("Bail out! cannot read the vectors in %s\n", path);
        exit(2);
    }

    rewind(f);
    data = malloc((size_t) size + 1);

    if (data == NULL || fread(data, 1, (size_t) size, f) != (size_t) size) {
        printf("Bail out! cannot read the vectors in %s\n", path);
        exit(2);
    }

    fclose(f);
    data[size] = '\0';
    *len = (size_t) size;

    return data;
}


static inline int
unit_main(void)
{
    unsigned        n;
    unit_test_t    *t;
    unsigned long   passed, failed;

    setvbuf(stdout, NULL, _IOLBF, 0);

    for (n = 0, t = unit_tests; t != NULL; t = t->next) {
        passed = unit_passed;
        failed = unit_failed;

        t->run();

        if (unit_passed == passed && unit_failed == failed) {
            unit_expect(0, "the test asserts something", t->name, 0);
        }

        printf("%sok %u - %s\n", unit_failed == failed ? "" : "not ", ++n,
               t->name);
    }

    printf("1..%u\n", n);

    if (n == 0) {
        unit_failed++;
    }

    printf("%lu passed, %lu failed\n", unit_passed, unit_failed);

    return unit_failed == 0 ? 0 : 1;
}


#endif /* _UNIT_H_INCLUDED_ */
