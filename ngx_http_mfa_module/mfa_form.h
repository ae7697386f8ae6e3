
/*
 * What a browser sends in a form: application/x-www-form-urlencoded (URL
 * Standard, section 5.1), decoded into a bounded number of fields.
 */


#ifndef _MFA_FORM_H_INCLUDED_
#define _MFA_FORM_H_INCLUDED_


#include "postern_buf.h"


#define MFA_FORM_MAX      8192    /* bytes of a body */
#define MFA_FORM_FIELDS   16


typedef struct {
    postern_str_t    name;
    postern_str_t    value;
} mfa_field_t;

typedef struct {
    mfa_field_t      fields[MFA_FORM_FIELDS];
    unsigned         n;
} mfa_form_t;


/*
 * Decodes in place: the slices of the form point into data.  0, or -1 where it
 * is too long, has too many fields, a broken escape, a NUL, or a name twice
 * (which of the two would count?).
 */
int mfa_form_parse(unsigned char *data, size_t len, mfa_form_t *form);

/* the value, absent where there is no such field */
postern_str_t mfa_form_get(const mfa_form_t *form, const char *name);


#endif /* _MFA_FORM_H_INCLUDED_ */
