/* link: ngx_http_mfa_module/mfa_form.c */

/*
 * Any bytes as a form.  What is read from it can be written again, with every
 * byte escaped, and is then read the same.
 */


#include <stdlib.h>

#include "mfa_form.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static size_t
escape(postern_str_t s, unsigned char *out)
{
    size_t  i;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < s.len; i++) {
        out[3 * i] = '%';
        out[3 * i + 1] = (unsigned char) hex[s.data[i] >> 4];
        out[3 * i + 2] = (unsigned char) hex[s.data[i] & 15];
    }

    return 3 * s.len;
}


static void
check(const mfa_form_t *form)
{
    size_t         len;
    unsigned       i;
    mfa_form_t     again;
    unsigned char  out[3 * MFA_FORM_MAX + 3 * MFA_FORM_FIELDS];

    for (i = 0, len = 0; i < form->n; i++) {

        if (memchr(form->fields[i].value.data, '\0', form->fields[i].value.len)
            || memchr(form->fields[i].name.data, '\0',
                      form->fields[i].name.len))
        {
            abort();
        }

        len += escape(form->fields[i].name, out + len);
        out[len++] = '=';
        len += escape(form->fields[i].value, out + len);
        out[len++] = '&';
    }

    if (len > MFA_FORM_MAX) {
        return;
    }

    if (mfa_form_parse(out, len, &again) != 0 || again.n != form->n) {
        abort();
    }

    for (i = 0; i < form->n; i++) {
        if (!postern_str_eq(again.fields[i].name, form->fields[i].name)
            || !postern_str_eq(again.fields[i].value, form->fields[i].value))
        {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_form_t      form;
    postern_str_t   value;
    unsigned char  *copy;

    copy = malloc(size ? size : 1);

    if (copy == NULL) {
        return 0;
    }

    memcpy(copy, data, size);

    if (mfa_form_parse(copy, size, &form) == 0) {
        check(&form);

        value = mfa_form_get(&form, "user");

        if (value.data != NULL
            && (value.data < copy || value.data + value.len > copy + size))
        {
            abort();
        }

    } else if (form.n != 0) {
        abort();
    }

    free(copy);

    return 0;
}
