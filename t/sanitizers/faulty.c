
/*
 * Faults, one of each kind that the sanitizers know, for util/test-sanitized:
 * what finds these, and writes it where it is looked for, can be believed when
 * it finds nothing in nginx.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static char *volatile  lost;
static volatile int    one = 1;


static __attribute__((noinline)) char *
faulty_returned(void)
{
    char           place[16];
    char *volatile  p;

    memset(place, one, sizeof(place));
    p = place;

    return p;
}


int
main(int argc, char **argv)
{
    int              numbers[4];
    char            *text;
    const char      *kind;
    volatile double  big;

    kind = (argc == 2) ? argv[1] : "";
    big = 1;

    if (strcmp(kind, "heap") == 0) {
        lost = malloc(16);
        lost[15 + one] = 1;

    } else if (strcmp(kind, "free") == 0) {
        lost = malloc(16);
        free(lost);
        lost[0] = 1;

    } else if (strcmp(kind, "stack") == 0) {
        lost = faulty_returned();
        lost[0] = 1;

    } else if (strcmp(kind, "leak") == 0) {
        lost = malloc(16);
        lost = malloc(32);
        lost = NULL;

    } else if (strcmp(kind, "undefined") == 0) {
        text = malloc(16);

        if (text != NULL && text[(int) big] == 'x') {
            printf("x\n");
        }

        free(text);

    } else if (strcmp(kind, "overflow") == 0) {
        printf("%d\n", INT32_MAX + one);

    } else if (strcmp(kind, "null") == 0) {
        memcpy((one ? NULL : numbers), numbers, one - 1);

    } else if (strcmp(kind, "cast") == 0) {
        big = 1e30;
        printf("%d\n", (int) big);

    } else if (strcmp(kind, "bounds") == 0) {
        memset(numbers, 0, sizeof(numbers));
        printf("%d\n", numbers[one + 3]);
    }

    return 0;
}
