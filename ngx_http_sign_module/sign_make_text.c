
/*
 * Text in memory that is known to be large enough.
 */


#include "sign_make.h"


unsigned char *
sign_make_copy(unsigned char *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


size_t
sign_make_base64(const unsigned char *data, size_t len, unsigned char *out)
{
    size_t                      i, j, n;
    uint32_t                    bits;
    unsigned char              *p;

    static const unsigned char  alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    p = out;

    for (i = 0; i < len; i += 3) {
        n = len - i < 3 ? len - i : 3;
        bits = 0;

        for (j = 0; j < 3; j++) {
            bits = bits << 8 | (j < n ? data[i + j] : 0);
        }

        for (j = 0; j < 4; j++) {
            *p++ = j <= n ? alphabet[bits >> (18 - 6 * j) & 63] : '=';
        }
    }

    return p - out;
}
