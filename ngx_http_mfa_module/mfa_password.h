
/*
 * Which passwords may be chosen: NIST SP 800-63B-4 section 3.1.1.2 by default,
 * length and a block list; rules of composition only for those who must.
 */


#ifndef _MFA_PASSWORD_H_INCLUDED_
#define _MFA_PASSWORD_H_INCLUDED_


#include "mfa_hash.h"


#define MFA_BLOCK_LIST_MAX   (16 * 1024 * 1024)    /* bytes of a file */


/* folded passwords, read by any number of readers */
typedef struct mfa_block_list_s  mfa_block_list_t;


typedef struct {
    unsigned                 min;         /* code points, 8 to 64 */
    unsigned                 max;         /* code points, 64 or more */
    unsigned                 classes;     /* 0; or 1..4 of upper, lower,
                                             digit, other: "complexity" */
    const mfa_block_list_t  *block;       /* may be NULL */
} mfa_password_rules_t;


typedef enum {
    MFA_PASSWORD_OK = 0,
    MFA_PASSWORD_MALFORMED,       /* not UTF-8, control characters */
    MFA_PASSWORD_SHORT,
    MFA_PASSWORD_LONG,
    MFA_PASSWORD_COMMON,          /* whole password is on the block list */
    MFA_PASSWORD_CONTEXT,         /* is the user's name, mail or the service's
                                     name, with digits around it or none */
    MFA_PASSWORD_CLASSES,
    MFA_PASSWORD_SAME             /* for the caller: equals the old one */
} mfa_password_e;


/* one password a line, UTF-8, "#" lines and empty ones skipped; memory comes
   from alloc; NULL with *err */
mfa_block_list_t *mfa_block_list_parse(postern_str_t text,
    const postern_alloc_t *alloc, postern_error_t *err);

/* how many different ones there are */
size_t mfa_block_list_size(const mfa_block_list_t *list);

/* is it there?  folded by mfa_unicode_fold() */
int mfa_block_list_has(const mfa_block_list_t *list, postern_str_t folded);

/* the list that is built in, common-passwords.txt: the 3,000 most common ones
   of at least 8 characters */
extern const unsigned char  mfa_common_passwords[];
extern const size_t         mfa_common_passwords_len;

/*
 * A password as typed, or in NFC already; context: words that it must not be,
 * whatever digits and signs are in it, nor one of them repeated.  Of an address
 * of mail the part before the "@" counts too.
 */
mfa_password_e mfa_password_check(const mfa_password_rules_t *rules,
    postern_str_t password, const postern_str_t *context, unsigned ncontext);


#endif /* _MFA_PASSWORD_H_INCLUDED_ */
