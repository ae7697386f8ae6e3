
#include "sign_octets.h"


int
sign_same_text(postern_str_t a, postern_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        if (sign_lower(a.data[i]) != sign_lower(b.data[i])) {
            return 0;
        }
    }

    return 1;
}


postern_str_t
sign_trim(postern_str_t s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }

    while (s.len
           && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
    {
        s.len--;
    }

    if (s.data == NULL) {
        s.data = (const unsigned char *) "";
    }

    return s;
}


int
sign_cut(postern_str_t *rest, unsigned char separator, postern_str_t *piece)
{
    size_t                n;
    const unsigned char  *p;

    if (rest->len == 0) {
        return 0;
    }

    p = memchr(rest->data, separator, rest->len);

    piece->data = rest->data;
    piece->len = p ? (size_t) (p - rest->data) : rest->len;

    n = piece->len + (p != NULL);
    rest->data += n;
    rest->len -= n;

    return 1;
}


int
sign_hex(unsigned char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}


int
sign_escape(const unsigned char *p, const unsigned char *last)
{
    int  high, low;

    if (last - p < 3 || *p != '%') {
        return -1;
    }

    high = sign_hex(p[1]);
    low = sign_hex(p[2]);

    return (high < 0 || low < 0) ? -1 : high * 16 + low;
}


int64_t
sign_digits(postern_str_t s, size_t max)
{
    size_t   i;
    int64_t  n;

    if (s.len == 0 || s.len > max) {
        return -1;
    }

    n = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] < '0' || s.data[i] > '9') {
            return -1;
        }

        n = n * 10 + (s.data[i] - '0');
    }

    return n;
}


unsigned char *
sign_put_number(unsigned char *p, uint64_t n)
{
    size_t         len;
    unsigned char  digits[20];

    len = 0;

    do {
        digits[sizeof(digits) - ++len] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n);

    memcpy(p, digits + sizeof(digits) - len, len);

    return p + len;
}


unsigned char *
sign_put_hex(unsigned char *p, const unsigned char *data, size_t len)
{
    size_t             i;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < len; i++) {
        *p++ = (unsigned char) hex[data[i] >> 4];
        *p++ = (unsigned char) hex[data[i] & 15];
    }

    return p;
}
