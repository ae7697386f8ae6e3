
/*
 * For the tests of SigV4: a request tried with memory that runs out at each of
 * its steps.
 */


#ifndef _SIGV4_SCARCE_H_INCLUDED_
#define _SIGV4_SCARCE_H_INCLUDED_


#include "sigv4_try.h"
#include "scarce.h"


/* rc: what becomes of it where there is enough */

static inline void
try_scarce(const sign_text_t *http, sign_code_e rc)
{
    sign_code_e      code;
    sign_policy_t    policy;
    sign_message_t   msg;
    postern_alloc_t  memory;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_SIGV4;
    policy.cover = SIGN_COVER_DEFAULT;
    memory = scarce_allocator();

    while (scarce_next()) {
        code = try_steps(http, &policy, SECRET, &memory, &msg);

        EXPECT_INT(code, scarce_failed() ? SIGN_NO_MEMORY : rc);

        scarce_free();
    }

    postern_arena_destroy(arena);
    arena = NULL;
}


#endif /* _SIGV4_SCARCE_H_INCLUDED_ */
