/* link: ngx_http_mfa_module/mfa_return.c */

/*
 * Any bytes as a place to return to.  What is allowed is held against a reader
 * of another make: the way of the URL Standard with an https: base, at every
 * level of escapes.  It must stay at the host, and its path must not begin with
 * "//".  What is escaped for a query comes out of it again.
 */


#include <stdlib.h>

#include "mfa_http.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
digit(unsigned char ch)
{
    return (ch >= '0' && ch <= '9') ? ch - '0'
         : (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10
         : (ch >= 'A' && ch <= 'F') ? ch - 'A' + 10 : -1;
}


static size_t
decode(const unsigned char *p, size_t len, unsigned char *out)
{
    size_t  i, n;

    for (i = 0, n = 0; i < len; i++) {

        if (p[i] == '%' && i + 2 < len && digit(p[i + 1]) >= 0
            && digit(p[i + 2]) >= 0)
        {
            out[n++] = (unsigned char) (digit(p[i + 1]) * 16
                                        + digit(p[i + 2]));
            i += 2;

        } else {
            out[n++] = p[i];
        }
    }

    return n;
}


/* tabs and line ends drop out, spaces and controls at the edges too, "\" is
   "/" */

static size_t
clean(const unsigned char *p, size_t len, unsigned char *out)
{
    size_t  i, n;

    while (len > 0 && *p <= 0x20) {
        p++;
        len--;
    }

    while (len > 0 && p[len - 1] <= 0x20) {
        len--;
    }

    for (i = 0, n = 0; i < len; i++) {
        if (p[i] != '\t' && p[i] != '\n' && p[i] != '\r') {
            out[n++] = (p[i] == '\\') ? '/' : p[i];
        }
    }

    return n;
}


/* resolves dot segments on a stack of segments; does "//" stand in front? */

static int
leaves(const unsigned char *p, size_t len)
{
    int            first_empty, is_dot, is_dots;
    size_t         i, start, n;
    static size_t  lengths[MFA_RETURN_MAX + 1];

    if (len == 0 || p[0] != '/' || (len > 1 && p[1] == '/')) {
        return 1;
    }

    n = 0;

    for (i = start = 1; i <= len; i++) {

        if (i < len && p[i] != '/') {
            continue;
        }

        is_dot = (i - start == 1 && p[start] == '.');
        is_dots = (i - start == 2 && p[start] == '.' && p[start + 1] == '.');

        if (is_dots) {
            n -= (n > 0);
        }

        if (!is_dot && !is_dots) {
            lengths[n++] = i - start;

        } else if (i == len) {
            lengths[n++] = 0;
        }

        start = i + 1;
    }

    first_empty = (n > 1 && lengths[0] == 0);

    return first_empty;
}


static void
check(postern_str_t to)
{
    size_t                len, n;
    unsigned char         raw[MFA_RETURN_MAX], seen[MFA_RETURN_MAX];
    const unsigned char  *query;

    query = memchr(to.data, '?', to.len);
    len = query ? (size_t) (query - to.data) : to.len;

    memcpy(raw, to.data, len);

    for ( ;; ) {

        n = clean(raw, len, seen);

        if (leaves(seen, n)) {
            abort();
        }

        n = decode(raw, len, seen);

        if (n == len) {
            return;
        }

        memcpy(raw, seen, n);
        len = n;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           *out;
    size_t          i, n;
    postern_str_t   to;
    unsigned char  *back;

    to.data = data;
    to.len = size;

    if (mfa_return_allowed(to)) {

        for (i = 0; i < size; i++) {
            if (data[i] <= 0x20 || data[i] >= 0x7f) {
                abort();
            }
        }

        check(to);
    }

    out = malloc(3 * size + 1);
    back = malloc(3 * size + 1);

    if (out == NULL || back == NULL) {
        abort();
    }

    n = mfa_escape(to, out, 3 * size);

    if (mfa_escape(to, out, n) != n
        || (n != 0 && mfa_escape(to, out, n - 1) != 0)
        || decode((unsigned char *) out, n, back) != size
        || (size != 0 && memcmp(back, data, size) != 0))
    {
        abort();
    }

    free(out);
    free(back);

    return 0;
}
