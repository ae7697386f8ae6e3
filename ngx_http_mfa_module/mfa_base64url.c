
/*
 * base64url without padding (RFC 4648 section 5), in its one canonical
 * spelling: a token that could be written in two ways would be two tokens.
 */


#include "mfa_http.h"


#define NONE  0x80    /* no digit of base64url */


static const char  mfa_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const unsigned char  mfa_values[256] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,    /*  !"#$%&' */
    NONE, NONE, NONE, NONE, NONE,   62, NONE, NONE,    /* ()*+,-./ */
      52,   53,   54,   55,   56,   57,   58,   59,    /* 01234567 */
      60,   61, NONE, NONE, NONE, NONE, NONE, NONE,    /* 89:;<=>? */
    NONE,    0,    1,    2,    3,    4,    5,    6,    /* @ABCDEFG */
       7,    8,    9,   10,   11,   12,   13,   14,    /* HIJKLMNO */
      15,   16,   17,   18,   19,   20,   21,   22,    /* PQRSTUVW */
      23,   24,   25, NONE, NONE, NONE, NONE,   63,    /* XYZ[ ]^_ */
    NONE,   26,   27,   28,   29,   30,   31,   32,    /* `abcdefg */
      33,   34,   35,   36,   37,   38,   39,   40,    /* hijklmno */
      41,   42,   43,   44,   45,   46,   47,   48,    /* pqrstuvw */
      49,   50,   51, NONE, NONE, NONE, NONE, NONE,    /* xyz{|}~  */
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE
};


size_t
mfa_base64url(const unsigned char *bytes, size_t n, char *out)
{
    char      *dst;
    unsigned   v;

    dst = out;

    for ( /* void */ ; n >= 3; n -= 3, bytes += 3) {
        v = (unsigned) bytes[0] << 16 | (unsigned) bytes[1] << 8 | bytes[2];

        *dst++ = mfa_digits[v >> 18];
        *dst++ = mfa_digits[v >> 12 & 63];
        *dst++ = mfa_digits[v >> 6 & 63];
        *dst++ = mfa_digits[v & 63];
    }

    if (n > 0) {
        v = (unsigned) bytes[0] << 16
            | (n == 2 ? (unsigned) bytes[1] << 8 : 0);

        *dst++ = mfa_digits[v >> 18];
        *dst++ = mfa_digits[v >> 12 & 63];

        if (n == 2) {
            *dst++ = mfa_digits[v >> 6 & 63];
        }
    }

    *dst = '\0';

    return dst - out;
}


int
mfa_base64url_decode(postern_str_t text, unsigned char *out, size_t n)
{
    unsigned              v, bad;
    const unsigned char  *p;

    if (text.len != (n * 4 + 2) / 3) {
        return -1;
    }

    /* what is no digit shows in the highest bit of bad at the end */

    bad = 0;
    p = text.data;

    for ( /* void */ ; n >= 3; n -= 3, p += 4, out += 3) {
        bad |= mfa_values[p[0]] | mfa_values[p[1]] | mfa_values[p[2]]
               | mfa_values[p[3]];

        v = (unsigned) mfa_values[p[0]] << 18
            | (unsigned) mfa_values[p[1]] << 12
            | (unsigned) mfa_values[p[2]] << 6
            | mfa_values[p[3]];

        out[0] = (unsigned char) (v >> 16);
        out[1] = (unsigned char) (v >> 8);
        out[2] = (unsigned char) v;
    }

    if (n > 0) {
        v = (unsigned) mfa_values[p[0]] << 18
            | (unsigned) mfa_values[p[1]] << 12
            | (n == 2 ? (unsigned) mfa_values[p[2]] << 6 : 0);

        bad |= mfa_values[p[0]] | mfa_values[p[1]]
               | (n == 2 ? mfa_values[p[2]] : 0);

        out[0] = (unsigned char) (v >> 16);

        if (n == 2) {
            out[1] = (unsigned char) (v >> 8);
        }

        /* the bits that encode nothing are 0 */

        if (v & (n == 2 ? 0xff : 0xffff)) {
            return -1;
        }
    }

    return (bad & NONE) ? -1 : 0;
}
