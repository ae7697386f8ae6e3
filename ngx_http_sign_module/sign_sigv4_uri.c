
/*
 * Paths and queries as SigV4 writes them in the canonical request.
 */


#include "sign_sigv4.h"

#include <stdlib.h>


typedef struct {
    postern_str_t   name;              /* encoded */
    postern_str_t   value;
} sign_sigv4_param_t;


static int sign_sigv4_unreserved(unsigned char c);
static unsigned char *sign_sigv4_encode(unsigned char *p, unsigned char c);
static size_t sign_sigv4_normalize(unsigned char *path, size_t len);
static int sign_sigv4_recode(postern_str_t s, unsigned char **out);
static int sign_sigv4_param_cmp(const void *one, const void *two);
static sign_code_e sign_sigv4_params(postern_str_t query,
    const postern_alloc_t *alloc, sign_sigv4_param_t **params, size_t *n);


int
sign_sigv4_target(postern_str_t target, postern_str_t *path,
    postern_str_t *query)
{
    static const unsigned char   root[] = "/";

    const unsigned char         *p, *end, *mark;

    p = target.data;
    end = p + target.len;

    if (target.len == 0) {
        return -1;
    }

    if (*p != '/') {

        /* absolute form: the authority is judged by whoever filled in
           sign_request_t.authority */

        if (target.len > 8 && memcmp(p, "https://", 8) == 0) {
            p += 8;

        } else if (target.len > 7 && memcmp(p, "http://", 7) == 0) {
            p += 7;

        } else {
            return -1;
        }

        while (p < end && *p != '/' && *p != '?') {
            p++;
        }
    }

    mark = p < end ? memchr(p, '?', end - p) : NULL;

    path->data = p;
    path->len = (mark ? mark : end) - p;

    if (path->len == 0) {
        path->data = root;
        path->len = 1;
    }

    query->data = mark ? mark + 1 : end;
    query->len = end - query->data;

    return 0;
}


size_t
sign_sigv4_path(postern_str_t path, sign_sigv4_path_e how, unsigned char *out)
{
    size_t          i;
    unsigned char  *p;

    if (how == SIGN_SIGV4_PATH_SENT) {
        memcpy(out, path.data, path.len);
        return path.len;
    }

    p = out;

    for (i = 0; i < path.len; i++) {

        if (path.data[i] == '/') {
            *p++ = '/';

        } else {
            p = sign_sigv4_encode(p, path.data[i]);
        }
    }

    if (how == SIGN_SIGV4_PATH_NORMALIZED) {
        return sign_sigv4_normalize(out, p - out);
    }

    return p - out;
}


/* RFC 3986 section 5.2.4 in place, empty segments dropped; a path that ends in
   "/" keeps it */

static size_t
sign_sigv4_normalize(unsigned char *path, size_t len)
{
    int      slash;
    size_t   i, start, n, out;

    out = 0;
    slash = 0;

    for (i = 0; i < len; /* void */ ) {

        while (i < len && path[i] == '/') {
            i++;
        }

        for (start = i; i < len && path[i] != '/'; i++) { /* void */ }

        n = i - start;
        slash = i < len;

        if (n == 0 || (n == 1 && path[start] == '.')) {
            slash = n == 0 ? 1 : slash;
            continue;
        }

        if (n == 2 && path[start] == '.' && path[start + 1] == '.') {

            while (out > 0 && path[--out] != '/') { /* void */ }

            continue;
        }

        path[out++] = '/';
        memmove(path + out, path + start, n);
        out += n;
    }

    if (out == 0 || slash) {
        path[out++] = '/';
    }

    return out;
}


int
sign_sigv4_path_is_clear(postern_str_t path)
{
    int     octet;
    size_t  i;

    for (i = 0; i < path.len; i++) {

        if (path.data[i] != '%') {
            continue;
        }

        octet = sign_escape(path.data + i, path.data + path.len);

        if (octet < 0
            || (octet != 0 && strchr("%:[]@!$&'()*+,;=", octet) != NULL))
        {
            return 0;
        }

        i += 2;
    }

    return 1;
}


sign_code_e
sign_sigv4_query(postern_str_t query, const postern_alloc_t *alloc,
    postern_str_t *out)
{
    size_t               i, n;
    sign_code_e          rc;
    unsigned char       *p;
    sign_sigv4_param_t  *params;

    if (query.len == 0 || memchr(query.data, ';', query.len) != NULL) {
        *out = query;
        return SIGN_OK;
    }

    rc = sign_sigv4_params(query, alloc, &params, &n);
    if (rc != SIGN_OK) {
        return rc;
    }

    qsort(params, n, sizeof(sign_sigv4_param_t), sign_sigv4_param_cmp);

    p = postern_alloc(alloc, 3 * query.len + n + 1);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    out->data = p;

    for (i = 0; i < n; i++) {

        if (i != 0) {
            *p++ = '&';
        }

        p = sign_put(p, params[i].name);
        *p++ = '=';
        p = sign_put(p, params[i].value);
    }

    out->len = p - out->data;

    return SIGN_OK;
}


/* the parameters of a query, encoded anew; empty ones ("a&&b") say nothing */

static sign_code_e
sign_sigv4_params(postern_str_t query, const postern_alloc_t *alloc,
    sign_sigv4_param_t **params, size_t *n)
{
    size_t               max;
    postern_str_t        name, value;
    unsigned char       *buf;
    const unsigned char *p, *next, *end, *eq;
    sign_sigv4_param_t  *param;

    if (query.len > SIGN_MAX_BASE / 3) {
        return SIGN_TOO_LARGE;
    }

    end = query.data + query.len;

    for (max = 1, p = query.data; p < end; p++) {
        max += (*p == '&');
    }

    if (max > SIGN_MAX_QUERY) {
        return SIGN_TOO_LARGE;
    }

    param = postern_alloc(alloc, max * sizeof(sign_sigv4_param_t));
    buf = postern_alloc(alloc, 3 * query.len);

    if (param == NULL || buf == NULL) {
        return SIGN_NO_MEMORY;
    }

    *params = param;

    for (p = query.data; p < end; p = next + 1) {

        next = memchr(p, '&', end - p);
        if (next == NULL) {
            next = end;
        }

        if (next == p) {
            continue;
        }

        eq = memchr(p, '=', next - p);

        name.data = p;
        name.len = (eq ? eq : next) - p;
        value.data = eq ? eq + 1 : next;
        value.len = next - value.data;

        param->name.data = buf;
        if (sign_sigv4_recode(name, &buf) != 0) {
            return SIGN_MALFORMED;
        }
        param->name.len = buf - param->name.data;

        param->value.data = buf;
        if (sign_sigv4_recode(value, &buf) != 0) {
            return SIGN_MALFORMED;
        }
        param->value.len = buf - param->value.data;

        param++;
    }

    *n = param - *params;

    return SIGN_OK;
}


/* every byte in its one canonical encoding; "+" is left alone */

static int
sign_sigv4_recode(postern_str_t s, unsigned char **out)
{
    int             octet;
    size_t          i;
    unsigned char   c, *p;

    p = *out;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '+') {
            *p++ = '+';
            continue;
        }

        if (c == '%') {

            octet = sign_escape(s.data + i, s.data + s.len);

            if (octet < 0) {
                return -1;
            }

            c = (unsigned char) octet;
            i += 2;
        }

        p = sign_sigv4_encode(p, c);
    }

    *out = p;

    return 0;
}


static int
sign_sigv4_param_cmp(const void *one, const void *two)
{
    int                        rc;
    size_t                     i, n;
    const postern_str_t       *a, *b;
    const sign_sigv4_param_t  *x, *y;

    x = one;
    y = two;

    for (i = 0; i < 2; i++) {
        a = i == 0 ? &x->name : &x->value;
        b = i == 0 ? &y->name : &y->value;

        n = a->len < b->len ? a->len : b->len;

        rc = memcmp(a->data, b->data, n);

        if (rc == 0) {
            rc = (a->len > b->len) - (a->len < b->len);
        }

        if (rc != 0) {
            return rc;
        }
    }

    return 0;
}


static unsigned char *
sign_sigv4_encode(unsigned char *p, unsigned char c)
{
    static const char  digits[] = "0123456789ABCDEF";

    if (sign_sigv4_unreserved(c)) {
        *p++ = c;
        return p;
    }

    *p++ = '%';
    *p++ = digits[c >> 4];
    *p++ = digits[c & 15];

    return p;
}


static int
sign_sigv4_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || c == '-' || c == '.' || c == '_' || c == '~';
}
