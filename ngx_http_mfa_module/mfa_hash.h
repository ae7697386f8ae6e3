
/*
 * Passwords at rest: Argon2id (RFC 9106) by libsodium in the usual text form,
 * $argon2id$v=19$m=<KiB>,t=<passes>,p=1$<salt>$<hash>.  These calls take
 * milliseconds and megabytes: they belong into a thread.
 */


#ifndef _MFA_HASH_H_INCLUDED_
#define _MFA_HASH_H_INCLUDED_


#include "mfa_unicode.h"


#define MFA_PASSWORD_MAX     MFA_UNICODE_MAX    /* bytes, typed or in NFC */
#define MFA_HASH_TEXT        128     /* bytes of a hash as text, with NUL */

#define MFA_ARGON2_MEMORY    19456   /* KiB; OWASP: 46 MiB/1, 19/2, 12/3, 9/4 */
#define MFA_ARGON2_PASSES    2
#define MFA_ARGON2_MEMORY_MAX   (1024 * 1024)   /* KiB, of any hash we verify */
#define MFA_ARGON2_PASSES_MAX   16


typedef struct {
    uint32_t              memory;    /* KiB */
    uint32_t              passes;
} mfa_argon2_t;


/* NFC (NIST SP 800-63B-4 section 3.1.1.2) of UTF-8 into out; the length, or 0
   where typed is empty, not UTF-8, has control characters or does not fit,
   which with MFA_PASSWORD_MAX bytes only an overlong one does not */
size_t mfa_password_normalize(postern_str_t typed, unsigned char *out,
    size_t size);

/* Both take a password as typed, or in NFC already: they make it so once more,
   so that no caller can hash one spelling and verify another. */

/* writes text and NUL; 0, or -1 out of memory and where there is no NFC */
int mfa_hash_make(const mfa_argon2_t *params, postern_str_t password,
    char out[MFA_HASH_TEXT]);

typedef enum {
    MFA_HASH_NO = 0,
    MFA_HASH_YES,
    MFA_HASH_FAILED             /* out of memory */
} mfa_hash_e;

/*
 * An absent or malformed hash, or one beyond the limits above, is answered
 * MFA_HASH_NO after the work of a hash with params, so that a missing user
 * takes as long as a wrong password; so does one whose hash is weaker.
 */
mfa_hash_e mfa_hash_verify(const mfa_argon2_t *params, postern_str_t hash,
    postern_str_t password);

/* is it a text we verify? and 1 in *old where a guess at it costs less than one
   at a hash of params: memory times passes */
int mfa_hash_parse(postern_str_t hash, const mfa_argon2_t *params, int *old);

/* KiB that OWASP asks for with so many passes (1 or more) */
uint32_t mfa_argon2_least(uint32_t passes);


#endif /* _MFA_HASH_H_INCLUDED_ */
