
/*
 * Where people are sent back to after they proved who they are.
 *
 * The place comes from the address of a page, so anybody can write it into a
 * link.  What is let through starts with one "/" and goes on with a name,
 * whoever reads it: raw, decoded once or more often, with dot segments
 * resolved, with "\" for "/".
 */


#include "mfa_http.h"


#define MFA_RETURN_ESCAPED  4    /* times a path may be escaped */


static int mfa_return_path(const unsigned char *path, size_t len);
static int mfa_return_start(const unsigned char *path, size_t len);
static size_t mfa_return_decode(unsigned char *path, size_t len);
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

        /* browsers drop tabs and line ends, and read "\\" as "/" */

        if (ch <= 0x20 || ch >= 0x7f || ch == '\\' || ch == '#') {
            return 0;
        }
    }

    query = memchr(to.data, '?', to.len);

    return mfa_return_path(to.data, query ? (size_t) (query - to.data)
                                          : to.len);
}


/* as it stands, decoded, what comes of it decoded, and so on to the end */

static int
mfa_return_path(const unsigned char *path, size_t len)
{
    size_t         i, n;
    unsigned       times;
    unsigned char  decoded[MFA_RETURN_MAX];

    for (i = 0; i < len; i++) {

        if (path[i] == '%'
            && (len - i < 3 || mfa_return_hex(path + i + 1) == -1))
        {
            return 0;
        }
    }

    memcpy(decoded, path, len);

    for (times = 0; times <= MFA_RETURN_ESCAPED; times++) {

        if (!mfa_return_start(decoded, len)) {
            return 0;
        }

        n = mfa_return_decode(decoded, len);

        if (n == len) {
            return 1;
        }

        len = n;
    }

    return 0;
}


/*
 * Segment by segment: depth is how many are left when dot segments are
 * resolved.  An empty one at depth 0 with something behind it makes "//" at
 * the beginning of what a reader sees.
 */

static int
mfa_return_start(const unsigned char *path, size_t len)
{
    size_t  i, depth, n, dots;

    depth = 0;
    n = 0;
    dots = 0;

    for (i = 1; i < len; i++) {

        if (path[i] < 0x20 || path[i] == 0x7f) {
            return 0;
        }

        if (path[i] != '/' && path[i] != '\\') {
            n++;
            dots += (path[i] == '.');
            continue;
        }

        if (n == 0 && depth == 0) {
            return 0;
        }

        if (n == 0 || n != dots || n > 2) {
            depth++;

        } else if (n == 2 && depth > 0) {
            depth--;
        }

        n = 0;
        dots = 0;
    }

    return 1;
}


/* one level of escapes, in place; a "%" that begins none stays */

static size_t
mfa_return_decode(unsigned char *path, size_t len)
{
    int     ch;
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {

        if (path[i] == '%' && len - i >= 3) {
            ch = mfa_return_hex(path + i + 1);

            if (ch != -1) {
                path[n++] = (unsigned char) ch;
                i += 2;
                continue;
            }
        }

        path[n++] = path[i];
    }

    return n;
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
