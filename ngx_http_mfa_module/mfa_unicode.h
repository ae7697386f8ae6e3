
/*
 * Unicode, as far as passwords need it, by utf8proc and without its malloc():
 * composed form, case folding, and what kind of character one is.
 */


#ifndef _MFA_UNICODE_H_INCLUDED_
#define _MFA_UNICODE_H_INCLUDED_


#include "postern_buf.h"


#define MFA_UNICODE_MAX     1024    /* bytes of a text that is read */
#define MFA_UNICODE_FOLDED  (MFA_UNICODE_MAX * 3)    /* of a folded one: U+0390
                                                        becomes three times as
                                                        long */


typedef enum {
    MFA_UNICODE_OTHER = 0,
    MFA_UNICODE_UPPER,
    MFA_UNICODE_LOWER,
    MFA_UNICODE_LETTER,         /* of neither case, and marks on letters */
    MFA_UNICODE_DIGIT
} mfa_unicode_e;


/* Both return the length, or 0 where the text is empty, longer than
   MFA_UNICODE_MAX, no UTF-8, or does not fit into out. */

/* normalization form C; 0 too where there are control characters */
size_t mfa_unicode_nfc(postern_str_t text, unsigned char *out, size_t size);

/* what two texts have in common that differ in case alone, in form C */
size_t mfa_unicode_fold(postern_str_t text, unsigned char *out, size_t size);

/* the kind of the code point at text, and its length in *len: at least 1, also
   where it is no UTF-8 */
mfa_unicode_e mfa_unicode_kind(postern_str_t text, size_t *len);


#endif /* _MFA_UNICODE_H_INCLUDED_ */
