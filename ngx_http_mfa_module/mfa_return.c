
/*
 * Where people are sent back to after they proved who they are.
 *
 * The place comes from the address of a page, so anybody can write it into a
 * link.  What is let through starts with one "/" and goes on with a name,
 * whoever reads it: raw, after decoding (once or ten times), after dot segments
 * are resolved, with "\" for "/".
 */


#include "mfa_http.h"


static int mfa_return_path(const unsigned char *p, const unsigned char *end);
static int mfa_return_next(const unsigned char **pos,
    const unsigned char *end);
static int mfa_return_hex(const unsigned char *p);


int
mfa_return_allowed(postern_str_t to)
{
    size_t                i;
    unsigned char         ch;
    const unsigned char  *query;

    if (to.len == 0 || to.len > MFA_RETURN_MAX || to.data[0] != '/') {
        return 0;
    }

    for (i = 0; i < to.len; i++) {
        ch = to.data[i];

        /* browsers drop tabs and line ends, and read "\" as "/" */

        if (ch <= 0x20 || ch >= 0x7f || ch == '\\' || ch == '#') {
            return 0;
        }
    }

    query = memchr(to.data, '?', to.len);

    return mfa_return_path(to.data + 1, query ? query : to.data + to.len);
}


/*
 * Segment by segment: depth is how many are left when dot segments are
 * resolved.  An empty one at depth 0 with something behind it makes "//" at
 * the beginning of what a reader sees.
 */

static int
mfa_return_path(const unsigned char *p, const unsigned char *end)
{
    int     ch;
    size_t  depth, len, dots;

    depth = 0;
    len = 0;
    dots = 0;

    while (p < end) {

        ch = mfa_return_next(&p, end);

        if (ch < 0x20 || ch == 0x7f) {

            /* a broken escape, or a control character */

            return 0;
        }

        if (ch != '/' && ch != '\\') {
            len++;
            dots += (ch == '.');
            continue;
        }

        if (len == 0) {
            if (depth == 0) {
                return 0;
            }

            depth++;

        } else if (len == dots && len <= 2) {
            if (len == 2 && depth > 0) {
                depth--;
            }

        } else {
            depth++;
        }

        len = 0;
        dots = 0;
    }

    return 1;
}


/* the next character as the keenest reader has it: %2f, %252f, %25252f … are
   all "/"; -1 for a broken escape */

static int
mfa_return_next(const unsigned char **pos, const unsigned char *end)
{
    int                   ch;
    const unsigned char  *p;

    p = *pos;
    ch = *p++;

    while (ch == '%') {

        if (end - p < 2) {
            return -1;
        }

        ch = mfa_return_hex(p);
        p += 2;

        /* "%25": what follows would be read as another escape, if it can be */

        if (ch == '%' && (end - p < 2 || mfa_return_hex(p) == -1)) {
            break;
        }
    }

    *pos = p;

    return ch;
}


static int
mfa_return_hex(const unsigned char *p)
{
    int  i, v, ch;

    v = 0;

    for (i = 0; i < 2; i++) {
        ch = p[i];

        if (ch >= '0' && ch <= '9') {
            ch -= '0';

        } else {
            ch |= 0x20;

            if (ch < 'a' || ch > 'f') {
                return -1;
            }

            ch -= 'a' - 10;
        }

        v = v << 4 | ch;
    }

    return v;
}


size_t
mfa_escape(postern_str_t s, char *out, size_t size)
{
    char           *dst, *last;
    size_t          i;
    unsigned char   ch;

    static const char  hex[] = "0123456789ABCDEF";

    dst = out;
    last = out + size;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || ch == '-' || ch == '.' || ch == '_' || ch == '~' || ch == '/')
        {
            if (dst == last) {
                return 0;
            }

            *dst++ = (char) ch;
            continue;
        }

        if (last - dst < 3) {
            return 0;
        }

        *dst++ = '%';
        *dst++ = hex[ch >> 4];
        *dst++ = hex[ch & 15];
    }

    return dst - out;
}
