
/*
 * Forms: application/x-www-form-urlencoded, decoded in place.
 */


#include "mfa_form.h"


static int mfa_form_decode(unsigned char *data, size_t len,
    postern_str_t *decoded);
static int mfa_form_add(mfa_form_t *form, postern_str_t name,
    postern_str_t value);
static unsigned mfa_form_hex(unsigned char ch);


int
mfa_form_parse(unsigned char *data, size_t len, mfa_form_t *form)
{
    unsigned char  *p, *end, *next, *equals;
    postern_str_t   name, value;

    form->n = 0;

    if (len > MFA_FORM_MAX) {
        return -1;
    }

    end = data + len;

    for (p = data; p < end; p = next + 1) {

        next = memchr(p, '&', end - p);
        if (next == NULL) {
            next = end;
        }

        if (next == p) {
            continue;
        }

        equals = memchr(p, '=', next - p);
        if (equals == NULL) {
            equals = next;
        }

        if (mfa_form_decode(p, equals - p, &name) != 0) {
            goto failed;
        }

        /* without "=" the value is empty */

        p = (equals == next) ? next : equals + 1;

        if (mfa_form_decode(p, next - p, &value) != 0
            || mfa_form_add(form, name, value) != 0)
        {
            goto failed;
        }
    }

    return 0;

failed:

    form->n = 0;

    return -1;
}


postern_str_t
mfa_form_get(const mfa_form_t *form, const char *name)
{
    size_t         len;
    unsigned       i;
    postern_str_t  absent = postern_null_string;

    len = strlen(name);

    for (i = 0; i < form->n; i++) {

        if (form->fields[i].name.len == len
            && memcmp(form->fields[i].name.data, name, len) == 0)
        {
            return form->fields[i].value;
        }
    }

    return absent;
}


/* what is decoded is never longer than what it was written as */

static int
mfa_form_decode(unsigned char *data, size_t len, postern_str_t *decoded)
{
    unsigned       high, low;
    unsigned char  *p, *end, *dst, ch;

    dst = data;
    end = data + len;

    for (p = data; p < end; p++) {

        ch = *p;

        if (ch == '+') {
            ch = ' ';

        } else if (ch == '%') {

            if (end - p < 3) {
                return -1;
            }

            high = mfa_form_hex(p[1]);
            low = mfa_form_hex(p[2]);

            if (high > 15 || low > 15) {
                return -1;
            }

            ch = (unsigned char) (high << 4 | low);
            p += 2;
        }

        if (ch == '\0') {
            return -1;
        }

        *dst++ = ch;
    }

    decoded->data = data;
    decoded->len = dst - data;

    return 0;
}


static int
mfa_form_add(mfa_form_t *form, postern_str_t name, postern_str_t value)
{
    unsigned  i;

    if (form->n == MFA_FORM_FIELDS) {
        return -1;
    }

    for (i = 0; i < form->n; i++) {
        if (postern_str_eq(form->fields[i].name, name)) {
            return -1;
        }
    }

    form->fields[form->n].name = name;
    form->fields[form->n].value = value;
    form->n++;

    return 0;
}


static unsigned
mfa_form_hex(unsigned char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10u : 16;
}
