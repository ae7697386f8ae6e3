
/*
 * What cannot happen, said so that it is seen: a check that guards against a
 * mistake elsewhere in the program, or against a failure that no test can bring
 * about, and not against an input.
 *
 *     if (POSTERN_NEVER(len > size)) {
 *         return -1;
 *     }
 *
 * A released build keeps the check.  Where POSTERN_DEBUG is defined, in unit
 * tests and fuzzers, the program ends when it comes true.  Where coverage is
 * measured it is a constant: a branch that nothing can take is then none.
 *
 * The condition is not evaluated there, so it must do nothing but look.
 */


#ifndef _POSTERN_ASSERT_H_INCLUDED_
#define _POSTERN_ASSERT_H_INCLUDED_


#if defined(POSTERN_COVERAGE)

#define POSTERN_ALWAYS(cond)  (1 || (cond))
#define POSTERN_NEVER(cond)   (0 && (cond))

#elif defined(POSTERN_DEBUG)

#include <stdio.h>
#include <stdlib.h>

#define POSTERN_ALWAYS(cond)                                                  \
    ((cond) || postern_impossible(#cond " is false", __FILE__, __LINE__))
#define POSTERN_NEVER(cond)                                                   \
    ((cond) && postern_impossible(#cond, __FILE__, __LINE__))


static inline int
postern_impossible(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: what never happens: %s\n", file, line, what);
    abort();
}

#else

#define POSTERN_ALWAYS(cond)  (cond)
#define POSTERN_NEVER(cond)   (cond)

#endif


#endif /* _POSTERN_ASSERT_H_INCLUDED_ */
