/* link:
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   -lsodium -lutf8proc -lm */

/*
 * Does the time of an answer tell who exists?  Thousands of each kind are taken
 * in turns, so that whatever else the machine does meets all kinds alike, and
 * two kinds are compared by the chance that an answer of one takes longer than
 * one of the other (the U of Mann and Whitney over the number of pairs): a half
 * for one distribution, whatever its form, and no figure of milliseconds.
 *
 * How far from a half it may be is what a stranger could use: at 0.55 a guess
 * from one answer is right 55 times of 100.  Chance alone, with 2,000 answers
 * of each kind, has a standard deviation of 0.009.
 */

#include <math.h>
#include <time.h>

#include "exact.h"
#include "mfa_hash.h"


#define SAMPLES   2000
#define ALIKE     0.05
#define NEARLY    0.1       /* what is no promise: a fault of the directory */
#define KINDS     6


typedef struct {
    double    time;
    unsigned  first;      /* of the two that are compared */
} sample_t;


static const mfa_argon2_t  params = { 256, 2 };

enum { WRONG, NOBODY, BROKEN, OLD, RIGHT, CHEAP };

static double  times[KINDS][SAMPLES];


static int
earlier(const void *a, const void *b)
{
    double  x = ((const sample_t *) a)->time, y = ((const sample_t *) b)->time;

    return (x > y) - (x < y);
}


/* the chance that one of a is longer than one of b; ties count half */

static double
longer(const double *a, const double *b)
{
    double           ranks;
    size_t           i, k, n = 2 * SAMPLES;
    static sample_t  all[2 * SAMPLES];

    for (i = 0; i < SAMPLES; i++) {
        all[2 * i].time = a[i];
        all[2 * i].first = 1;
        all[2 * i + 1].time = b[i];
        all[2 * i + 1].first = 0;
    }

    qsort(all, n, sizeof(sample_t), earlier);

    for (ranks = 0, i = 0; i < n; i = k) {
        for (k = i; k < n && all[k].time == all[i].time; k++) { /* void */ }

        for (size_t j = i; j < k; j++) {
            ranks += all[j].first * ((double) (i + k - 1) / 2 + 1);
        }
    }

    return (ranks - SAMPLES * (SAMPLES + 1.0) / 2)
           / ((double) SAMPLES * SAMPLES);
}


static double
once(const mfa_argon2_t *with, postern_str_t hash, postern_str_t password)
{
    struct timespec  a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);
    (void) mfa_hash_verify(with, hash, password);
    clock_gettime(CLOCK_MONOTONIC, &b);

    return (double) (b.tv_sec - a.tv_sec) * 1e9
           + (double) (b.tv_nsec - a.tv_nsec);
}


static void
take(void)
{
    int            i, n, kind, order[KINDS], at;
    char           text[MFA_HASH_TEXT], weak[MFA_HASH_TEXT];
    postern_str_t  hash[KINDS], right, wrong;

    static const mfa_argon2_t  less = { 128, 1 };

    right = exact("the right password");
    wrong = exact("a wrong password !");

    EXPECT_INT(mfa_hash_make(&params, right, text), 0);
    EXPECT_INT(mfa_hash_make(&less, right, weak), 0);

    hash[WRONG] = hash[RIGHT] = exact(text);
    hash[NOBODY] = (postern_str_t) postern_null_string;
    hash[BROKEN] = exact("$argon2id$v=19$m=256,t=2,p=1$no hash");
    hash[OLD] = hash[CHEAP] = exact(weak);

    for (i = 0; i < KINDS; i++) {
        order[i] = i;
    }

    for (n = 0; n < SAMPLES; n++) {

        /* each round in another order: no kind always follows the same one */

        for (i = KINDS - 1; i > 0; i--) {
            at = rand() % (i + 1);
            kind = order[i];
            order[i] = order[at];
            order[at] = kind;
        }

        for (i = 0; i < KINDS; i++) {
            kind = order[i];
            times[kind][n] = once(kind == CHEAP ? &less : &params, hash[kind],
                                  kind == RIGHT ? right : wrong);
        }
    }
}


static double
median(double *list)
{
    int              i;
    static sample_t  all[SAMPLES];

    for (i = 0; i < SAMPLES; i++) {
        all[i].time = list[i];
    }

    qsort(all, SAMPLES, sizeof(sample_t), earlier);

    return all[SAMPLES / 2].time;
}


TEST(the_time_of_an_answer_tells_nothing)
{
    int     i;
    double  chance, ratio;

    static const char *const  names[KINDS] = {
        "a wrong password", "nobody", "a broken hash", "an old hash",
        "the right password", "work left undone"
    };

    take();

    for (i = NOBODY; i < KINDS; i++) {
        chance = longer(times[i], times[WRONG]);
        ratio = median(times[i]) / median(times[WRONG]);

        printf("# %s takes longer than %s: %.3f of times, %.3f as long\n",
               names[i], names[WRONG], chance, ratio);

        switch (i) {

        case NOBODY:
        case RIGHT:
            EXPECT(fabs(chance - 0.5) < ALIKE);
            break;

        case BROKEN:
            EXPECT(fabs(chance - 0.5) < NEARLY);
            break;

        case OLD:

            /* two pieces of work instead of one: near, and not the same */

            EXPECT(ratio > 0.7 && ratio < 1.4);
            break;

        default:

            /* this has to be noticed, or nothing would be */

            EXPECT(fabs(chance - 0.5) > 4 * ALIKE);
            EXPECT(ratio < 0.7);
        }
    }
}


UNIT_MAIN()
