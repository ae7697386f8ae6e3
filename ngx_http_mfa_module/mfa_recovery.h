
/*
 * Recovery codes: look-up secrets of NIST SP 800-63B-4 section 3.1.2, 80 bits
 * each, in base32 without padding, shown as four groups of four.
 *
 * A set is stored as Argon2id hashes in the usual text form that all share one
 * salt, so that a guess costs one hash, whichever code it is for.
 */


#ifndef _MFA_RECOVERY_H_INCLUDED_
#define _MFA_RECOVERY_H_INCLUDED_


#include "mfa_hash.h"


#define MFA_RECOVERY_CODES   10
#define MFA_RECOVERY_BYTES   10
#define MFA_RECOVERY_CODE    16      /* characters without separators */
#define MFA_RECOVERY_SHOWN   20      /* "ABCD-EFGH-IJKL-MNOP" and NUL */


/* a new code, as shown */
void mfa_recovery_generate(char code[MFA_RECOVERY_SHOWN]);

/* what people type to the 16 characters that are hashed: any case, spaces and
   "-" dropped; 0, or -1 where it cannot be a code */
int mfa_recovery_normalize(postern_str_t typed, char code[MFA_RECOVERY_CODE]);

/* hashes n codes (as shown) under one new salt; 0 or -1 out of memory.  Takes
   as long as n passwords: for a thread. */
int mfa_recovery_hash(const mfa_argon2_t *params,
    const char (*codes)[MFA_RECOVERY_SHOWN], unsigned n,
    char (*hashes)[MFA_HASH_TEXT]);

/*
 * Index of the code among n hashes, -1 where it is none of them, -2 out of
 * memory or where the hashes are not one set.  One Argon2id; compares all.
 */
int mfa_recovery_match(const char code[MFA_RECOVERY_CODE],
    const postern_str_t *hashes, unsigned n);


#endif /* _MFA_RECOVERY_H_INCLUDED_ */
