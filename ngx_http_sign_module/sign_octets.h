
/*
 * Texts of HTTP, octet by octet: what all schemes read and write them with, so
 * that there is one answer to what a blank, a digit or an escape is.
 */


#ifndef _SIGN_OCTETS_H_INCLUDED_
#define _SIGN_OCTETS_H_INCLUDED_


#include "postern_buf.h"


/* ASCII alone, whatever the locale: what is no letter stays as it is */

static inline unsigned char
sign_lower(unsigned char ch)
{
    return (ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch;
}


/* 1 where the texts differ in the case of their letters at most */
int sign_same_text(postern_str_t a, postern_str_t b);

#define sign_is_text(s, literal)                                              \
    sign_same_text(s, (postern_str_t) postern_string(literal))

/* without the blanks and tabs around it (OWS of RFC 9110, section 5.6.3); never
   absent */
postern_str_t sign_trim(postern_str_t s);

/*
 * Takes the text up to the first separator off *rest, and the separator; 0
 * where nothing was left.  What stands behind a separator at the end is
 * nothing.
 */
int sign_cut(postern_str_t *rest, unsigned char separator,
    postern_str_t *piece);

/* the value of a hex digit in either case, or -1 */
int sign_hex(unsigned char ch);

/* the octet for which "%" and two hex digits at p stand (RFC 3986, section
   2.1), or -1 where they do not stand there */
int sign_escape(const unsigned char *p, const unsigned char *last);

/* a number of 1 to max digits, max being 18 at most, or -1 */
int64_t sign_digits(postern_str_t s, size_t max);


/* Writers, into memory that is large enough; each returns where what it wrote
   ends. */

static inline unsigned char *
sign_put(unsigned char *p, postern_str_t s)
{
    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    return p + s.len;
}


/* digits and hex digits, these in lower case */
unsigned char *sign_put_number(unsigned char *p, uint64_t n);
unsigned char *sign_put_hex(unsigned char *p, const unsigned char *data,
    size_t len);


#endif /* _SIGN_OCTETS_H_INCLUDED_ */
