
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


unsigned char *
sign_make_slice(unsigned char *p, postern_str_t s)
{
    return sign_make_copy(p, s.data, s.len);
}


unsigned char *
sign_make_number(unsigned char *p, uint64_t n)
{
    size_t         len;
    unsigned char  digits[20];

    len = 0;

    do {
        digits[sizeof(digits) - ++len] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n);

    return sign_make_copy(p, digits + sizeof(digits) - len, len);
}


unsigned char *
sign_make_hex(unsigned char *p, const unsigned char *data, size_t len)
{
    size_t                      i;

    static const unsigned char  hex[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *p++ = hex[data[i] >> 4];
        *p++ = hex[data[i] & 15];
    }

    return p;
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
