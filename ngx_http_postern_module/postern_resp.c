
#include "postern_resp.h"


static size_t postern_resp_digits(uint64_t n);
static unsigned char *postern_resp_head(unsigned char *p, unsigned char type,
    uint64_t n);


static size_t
postern_resp_digits(uint64_t n)
{
    size_t  digits;

    for (digits = 1; n >= 10; n /= 10) {
        digits++;
    }

    return digits;
}


/* "*2" or "$5" and the end of the line */

static unsigned char *
postern_resp_head(unsigned char *p, unsigned char type, uint64_t n)
{
    postern_str_t  number;
    unsigned char  buf[POSTERN_RESP_INT_MAX];

    number = postern_resp_int(buf, n);

    *p++ = type;
    memcpy(p, number.data, number.len);
    p += number.len;
    *p++ = '\r';
    *p++ = '\n';

    return p;
}


size_t
postern_resp_size(const postern_str_t *args, size_t nargs)
{
    size_t  i, size;

    size = postern_resp_digits(nargs) + 3;

    for (i = 0; i < nargs; i++) {
        size += postern_resp_digits(args[i].len) + 3 + args[i].len + 2;
    }

    return size;
}


unsigned char *
postern_resp_write(unsigned char *p, const postern_str_t *args, size_t nargs)
{
    size_t  i;

    p = postern_resp_head(p, '*', nargs);

    for (i = 0; i < nargs; i++) {
        p = postern_resp_head(p, '$', args[i].len);

        if (args[i].len) {
            memcpy(p, args[i].data, args[i].len);
            p += args[i].len;
        }

        *p++ = '\r';
        *p++ = '\n';
    }

    return p;
}


postern_str_t
postern_resp_int(unsigned char *buf, uint64_t n)
{
    unsigned char  *p;
    postern_str_t   s;

    p = buf + POSTERN_RESP_INT_MAX;

    do {
        *--p = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n);

    s.data = p;
    s.len = (size_t) (buf + POSTERN_RESP_INT_MAX - p);

    return s;
}


int
postern_resp_parse_int(postern_str_t text, int64_t *n)
{
    size_t   i;
    int64_t  value, digit;

    if (text.len == 0) {
        return 0;
    }

    value = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        digit = text.data[i] - '0';

        if (value > (INT64_MAX - digit) / 10) {
            return 0;
        }

        value = value * 10 + digit;
    }

    *n = value;

    return 1;
}


postern_str_t
postern_resp_error(postern_str_t text)
{
    size_t                      i;
    static const postern_str_t  wrap = postern_string("ERR Error running "
                                                      "script");

    if (text.len < wrap.len || memcmp(text.data, wrap.data, wrap.len) != 0) {
        return text;
    }

    /* "ERR Error running script (call to f_…): @user_script:7: @user_script:
       7: -READONLY You can't write against a read only replica." */

    for (i = wrap.len; i + 3 < text.len; i++) {
        if (memcmp(text.data + i, ": -", 3) == 0) {
            text.data += i + 3;
            text.len -= i + 3;
            break;
        }
    }

    return text;
}
