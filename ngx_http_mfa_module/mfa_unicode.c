
#include <sodium.h>
#include <utf8proc.h>

#include "mfa_unicode.h"
#include "postern_assert.h"


/* code points of a text taken apart: three for two bytes in the worst case,
   U+0390, and one more that utf8proc ends its text in */
#define MFA_UNICODE_POINTS  (MFA_UNICODE_MAX * 3 / 2 + 1)

#define MFA_UNICODE_NFC     (UTF8PROC_STABLE|UTF8PROC_COMPOSE)


static size_t mfa_unicode_map(postern_str_t text, utf8proc_option_t options,
    int control, unsigned char *out, size_t size);


size_t
mfa_unicode_nfc(postern_str_t text, unsigned char *out, size_t size)
{
    return mfa_unicode_map(text, MFA_UNICODE_NFC, 0, out, size);
}


size_t
mfa_unicode_fold(postern_str_t text, unsigned char *out, size_t size)
{
    return mfa_unicode_map(text, MFA_UNICODE_NFC|UTF8PROC_CASEFOLD, 1, out,
                           size);
}


static size_t
mfa_unicode_map(postern_str_t text, utf8proc_option_t options, int control,
    unsigned char *out, size_t size)
{
    size_t             len, i;
    utf8proc_int32_t   points[MFA_UNICODE_POINTS];
    utf8proc_ssize_t   n;

    if (text.len == 0 || text.len > MFA_UNICODE_MAX) {
        return 0;
    }

    len = 0;

    n = utf8proc_decompose(text.data, (utf8proc_ssize_t) text.len, points,
                           MFA_UNICODE_POINTS - 1, options);

    /* no text of this length has more */

    if (n <= 0 || POSTERN_NEVER(n > MFA_UNICODE_POINTS - 1)) {
        goto done;
    }

    for (i = 0; i < (size_t) n && !control; i++) {
        if (points[i] < 0x20 || (points[i] >= 0x7f && points[i] < 0xa0)) {
            goto done;
        }
    }

    /* in its place: no code point takes more than its four bytes */

    n = utf8proc_reencode(points, n, options);

    if (POSTERN_ALWAYS(n > 0) && (size_t) n <= size) {
        len = (size_t) n;
        memcpy(out, points, len);
    }

done:

    sodium_memzero(points, sizeof(points));

    return len;
}


mfa_unicode_e
mfa_unicode_kind(postern_str_t text, size_t *len)
{
    utf8proc_int32_t  point;
    utf8proc_ssize_t  n;

    n = utf8proc_iterate(text.data, (utf8proc_ssize_t) text.len, &point);

    if (n <= 0) {
        *len = 1;
        return MFA_UNICODE_OTHER;
    }

    *len = (size_t) n;

    switch (utf8proc_category(point)) {

    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
        return MFA_UNICODE_UPPER;

    case UTF8PROC_CATEGORY_LL:
        return MFA_UNICODE_LOWER;

    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return MFA_UNICODE_LETTER;

    case UTF8PROC_CATEGORY_ND:
        return MFA_UNICODE_DIGIT;

    default:
        return MFA_UNICODE_OTHER;
    }
}
