
#include "rbac_path.h"


static rbac_path_e rbac_path_examine(const unsigned char *s, size_t len,
    rbac_path_mode_e mode, size_t *at);
static rbac_path_e rbac_path_byte(const unsigned char *s, size_t len,
    rbac_path_mode_e mode, size_t *i);
static rbac_path_e rbac_path_utf8(const unsigned char *s, size_t len,
    size_t *i);
static int rbac_path_lookalike(uint32_t c);
static rbac_path_e rbac_path_resolve(postern_str_t raw, rbac_path_mode_e mode,
    unsigned char *out, size_t *size, size_t *at);
static rbac_path_e rbac_path_decode(postern_str_t raw, size_t *pos,
    unsigned char *out, size_t *len);
static size_t rbac_path_raw_offset(postern_str_t raw, size_t pos, size_t n);
static int rbac_path_hex(unsigned char c);


/* bytes of a decoded segment that need a closer look: controls, "#", "%", ";",
   "?", "\", DEL and everything beyond ASCII */

static const uint32_t  rbac_path_odd[] = {
    0xffffffff, /* 1111 1111 1111 1111  1111 1111 1111 1111 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x88000028, /* 1000 1000 0000 0000  0000 0000 0010 1000 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x10000000, /* 0001 0000 0000 0000  0000 0000 0000 0000 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x80000000, /* 1000 0000 0000 0000  0000 0000 0000 0000 */

    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
};


/* bytes that stay as they are in an escaped path: unreserved, sub-delims
   without ";", ":", "@", "/" */

static const uint32_t  rbac_path_pchar[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x27ffffd2, /* 0010 0111 1111 1111  1111 1111 1101 0010 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x87ffffff, /* 1000 0111 1111 1111  1111 1111 1111 1111 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x47fffffe, /* 0100 0111 1111 1111  1111 1111 1111 1110 */

    0x00000000, 0x00000000, 0x00000000, 0x00000000
};


/* of an absolute form without a path: it stands in no target */

static const unsigned char  rbac_path_root[] = "/";


#define rbac_path_in(set, c)  ((set)[(c) >> 5] & (1U << ((c) & 0x1f)))


rbac_path_e
rbac_path_check(postern_str_t target, rbac_path_mode_e mode,
    const postern_alloc_t *alloc, postern_str_t *path, size_t *at)
{
    size_t                n, base;
    rbac_path_e           form;
    postern_str_t         raw;
    unsigned char        *out;
    const unsigned char  *p;

    *at = 0;

    if (target.len > RBAC_PATH_MAX) {
        *at = RBAC_PATH_MAX;
        return RBAC_PATH_TOO_LONG;
    }

    raw = rbac_path_of(target);

    if (raw.data == NULL) {
        return RBAC_PATH_NOT_ABSOLUTE;
    }

    p = memchr(target.data, '#', target.len);

    if (p != NULL) {
        *at = p - target.data;
        return RBAC_PATH_FRAGMENT;
    }

    base = (raw.data == rbac_path_root) ? 0 : (size_t) (raw.data - target.data);

    if (memchr(raw.data, '%', raw.len) == NULL) {

        form = rbac_path_decoded(raw, mode, at);

        if (form == RBAC_PATH_OK) {
            *path = raw;
            return RBAC_PATH_OK;
        }

        if (mode == RBAC_PATH_STRICT
            || (form != RBAC_PATH_DOT_SEGMENT
                && form != RBAC_PATH_EMPTY_SEGMENT))
        {
            *at += base;
            return form;
        }
    }

    out = postern_alloc(alloc, raw.len);
    if (out == NULL) {
        return RBAC_PATH_NO_MEMORY;
    }

    form = rbac_path_resolve(raw, mode, out, &n, at);

    if (form != RBAC_PATH_OK) {
        *at += base;
        return form;
    }

    path->data = out;
    path->len = n;

    return RBAC_PATH_OK;
}


rbac_path_e
rbac_path_decoded(postern_str_t path, rbac_path_mode_e mode, size_t *at)
{
    size_t                len;
    rbac_path_e           form;
    const unsigned char  *p, *last, *end;

    *at = 0;

    if (path.len == 0 || path.data[0] != '/') {
        return RBAC_PATH_NOT_ABSOLUTE;
    }

    if (path.len > RBAC_PATH_MAX) {
        *at = RBAC_PATH_MAX;
        return RBAC_PATH_TOO_LONG;
    }

    p = path.data + 1;
    last = path.data + path.len;

    for ( ;; ) {
        end = memchr(p, '/', last - p);
        len = (end ? end : last) - p;

        form = rbac_path_examine(p, len, mode, at);

        if (form == RBAC_PATH_OK && len == 0 && end != NULL) {
            form = RBAC_PATH_EMPTY_SEGMENT;
        }

        if (form != RBAC_PATH_OK) {
            *at += p - path.data;
            return form;
        }

        if (end == NULL) {
            return RBAC_PATH_OK;
        }

        p = end + 1;
    }
}


postern_str_t
rbac_path_of(postern_str_t target)
{
    size_t                i;
    postern_str_t         path;
    const unsigned char  *p, *last;

    static const postern_str_t  none = postern_null_string;

    p = target.data;
    last = target.data + target.len;

    if (target.len == 0) {
        return none;
    }

    if (*p != '/') {

        for (i = 0; i + 2 < target.len; i++) {
            if (p[i] == ':') {
                break;
            }

            if (p[i] == '/' || p[i] == '?') {
                return none;
            }
        }

        if (i == 0 || i + 2 >= target.len || p[i + 1] != '/'
            || p[i + 2] != '/')
        {
            return none;
        }

        for (p += i + 3; p < last && *p != '/' && *p != '?'; p++) {
            /* void */
        }

        if (p == last || *p == '?') {
            path.data = rbac_path_root;
            path.len = 1;

            return path;
        }
    }

    path.data = p;

    p = memchr(path.data, '?', last - path.data);
    path.len = (p ? p : last) - path.data;

    return path;
}


/* one segment, decoded; *at is an offset in it */

static rbac_path_e
rbac_path_examine(const unsigned char *s, size_t len, rbac_path_mode_e mode,
    size_t *at)
{
    size_t       i;
    rbac_path_e  form;

    for (i = 0; i < len; i++) {

        if (rbac_path_in(rbac_path_odd, s[i])) {
            *at = i;

            form = rbac_path_byte(s, len, mode, &i);

            if (form != RBAC_PATH_OK) {
                return form;
            }
        }
    }

    *at = 0;

    if (len == 0) {
        return RBAC_PATH_OK;
    }

    if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.'))) {
        return RBAC_PATH_DOT_SEGMENT;
    }

    /* file systems exist that drop these */

    if (s[len - 1] == '.' || s[len - 1] == ' ') {
        *at = len - 1;
        return RBAC_PATH_TRAILING;
    }

    return RBAC_PATH_OK;
}


/* leaves *i at the last byte of what it looked at */

static rbac_path_e
rbac_path_byte(const unsigned char *s, size_t len, rbac_path_mode_e mode,
    size_t *i)
{
    size_t         left;
    unsigned char  c;

    c = s[*i];
    left = len - *i;

    switch (c) {

    case '\0':
        return RBAC_PATH_NUL;

    case '\\':
        return RBAC_PATH_BACKSLASH;

    case ';':
        return RBAC_PATH_PARAMETER;

    case '#':
    case '?':
        return (mode == RBAC_PATH_STRICT) ? RBAC_PATH_DELIMITER : RBAC_PATH_OK;

    case '%':

        if (left >= 3 && rbac_path_hex(s[*i + 1]) >= 0
            && rbac_path_hex(s[*i + 2]) >= 0)
        {
            return RBAC_PATH_DOUBLE;
        }

        /* "%u002e": some servers know 16-bit escapes */

        if (left >= 6 && (s[*i + 1] | 0x20) == 'u'
            && rbac_path_hex(s[*i + 2]) >= 0
            && rbac_path_hex(s[*i + 3]) >= 0
            && rbac_path_hex(s[*i + 4]) >= 0
            && rbac_path_hex(s[*i + 5]) >= 0)
        {
            return RBAC_PATH_DOUBLE;
        }

        return RBAC_PATH_OK;
    }

    if (c < 0x80) {
        return RBAC_PATH_CONTROL;
    }

    return rbac_path_utf8(s, len, i);
}


/* RFC 3629: shortest form only, no surrogates, nothing over U+10FFFF */

static rbac_path_e
rbac_path_utf8(const unsigned char *s, size_t len, size_t *i)
{
    size_t    k, n;
    uint32_t  c, min;

    c = s[*i];

    if (c >= 0xf5 || c < 0xc2) {
        return RBAC_PATH_UTF8;
    }

    if (c >= 0xf0) {
        n = 3;
        c &= 0x07;
        min = 0x10000;

    } else if (c >= 0xe0) {
        n = 2;
        c &= 0x0f;
        min = 0x800;

    } else {
        n = 1;
        c &= 0x1f;
        min = 0x80;
    }

    if (len - *i <= n) {
        return RBAC_PATH_UTF8;
    }

    for (k = 1; k <= n; k++) {

        if ((s[*i + k] & 0xc0) != 0x80) {
            return RBAC_PATH_UTF8;
        }

        c = (c << 6) | (s[*i + k] & 0x3f);
    }

    if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return RBAC_PATH_UTF8;
    }

    if (rbac_path_lookalike(c)) {
        return RBAC_PATH_LOOKALIKE;
    }

    *i += n;

    return RBAC_PATH_OK;
}


/* what normalization (NFKC, and NFC in the first case) turns into a delimiter
   of paths, or into letters with one between them */

static int
rbac_path_lookalike(uint32_t c)
{
    switch (c) {

    case 0x037e:    /* Greek question mark: a semicolon */
    case 0x2024:    /* one dot leader */
    case 0x2025:    /* two dot leader */
    case 0x2100:    /* account of: a/c */
    case 0x2101:    /* addressed to the subject: a/s */
    case 0x2105:    /* care of: c/o */
    case 0x2106:    /* cada una: c/u */
    case 0xfe14:    /* presentation form for vertical semicolon */
    case 0xfe30:    /* presentation form for vertical two dot leader */
    case 0xfe52:    /* small full stop */
    case 0xfe54:    /* small semicolon */
    case 0xfe68:    /* small reverse solidus */
    case 0xfe6a:    /* small percent sign */
    case 0xff05:    /* fullwidth percent sign */
    case 0xff0e:    /* fullwidth full stop */
    case 0xff0f:    /* fullwidth solidus */
    case 0xff1b:    /* fullwidth semicolon */
    case 0xff3c:    /* fullwidth reverse solidus */
        return 1;
    }

    return 0;
}


/*
 * Decodes segment by segment; out always ends in "/" where a segment begins.
 * What is dropped (dot segments, empty ones) is dropped as nginx does it.
 */

static rbac_path_e
rbac_path_resolve(postern_str_t raw, rbac_path_mode_e mode,
    unsigned char *out, size_t *size, size_t *at)
{
    int          last;
    size_t       n, pos, start, len;
    rbac_path_e  form;

    n = 0;
    pos = 1;

    out[n++] = '/';

    for ( ;; ) {
        start = pos;

        form = rbac_path_decode(raw, &pos, out + n, &len);

        if (form != RBAC_PATH_OK) {
            *at = pos;
            return form;
        }

        last = (pos == raw.len);

        form = rbac_path_examine(out + n, len, mode, at);

        if (form == RBAC_PATH_OK && len == 0 && !last) {
            form = RBAC_PATH_EMPTY_SEGMENT;
        }

        if (form == RBAC_PATH_DOT_SEGMENT && mode == RBAC_PATH_CANONICAL) {

            if (len == 2) {

                if (n == 1) {
                    *at = start;
                    return RBAC_PATH_ABOVE_ROOT;
                }

                for (n--; out[n - 1] != '/'; n--) { /* void */ }
            }

        } else if (form == RBAC_PATH_OK) {
            n += len;

            if (!last) {
                out[n++] = '/';
            }

        } else if (form != RBAC_PATH_EMPTY_SEGMENT
                   || mode == RBAC_PATH_STRICT)
        {
            *at = rbac_path_raw_offset(raw, start, *at);
            return form;
        }

        if (last) {
            *size = n;
            return RBAC_PATH_OK;
        }

        pos++;
    }
}


/* decodes up to the next "/" or the end, where it leaves *pos */

static rbac_path_e
rbac_path_decode(postern_str_t raw, size_t *pos, unsigned char *out,
    size_t *len)
{
    int            high, low;
    size_t         i, n;
    unsigned char  c;

    n = 0;

    for (i = *pos; i < raw.len; i++) {
        c = raw.data[i];

        if (c == '/') {
            break;
        }

        if (c == '%') {
            *pos = i;

            if (raw.len - i < 3) {
                return RBAC_PATH_ESCAPE;
            }

            high = rbac_path_hex(raw.data[i + 1]);
            low = rbac_path_hex(raw.data[i + 2]);

            if (high < 0 || low < 0) {
                return RBAC_PATH_ESCAPE;
            }

            c = (unsigned char) (high << 4 | low);

            if (c == '/') {
                return RBAC_PATH_SLASH;
            }

            i += 2;
        }

        out[n++] = c;
    }

    *pos = i;
    *len = n;

    return RBAC_PATH_OK;
}


/* where the n-th decoded byte from pos stands in the raw path */

static size_t
rbac_path_raw_offset(postern_str_t raw, size_t pos, size_t n)
{
    while (n--) {
        pos += (raw.data[pos] == '%') ? 3 : 1;
    }

    return pos;
}


size_t
rbac_path_escape(postern_str_t path, unsigned char *out)
{
    size_t         i, n;
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    n = 0;

    for (i = 0; i < path.len; i++) {
        c = path.data[i];

        if (rbac_path_in(rbac_path_pchar, c)) {
            out[n++] = c;
            continue;
        }

        out[n++] = '%';
        out[n++] = (unsigned char) hex[c >> 4];
        out[n++] = (unsigned char) hex[c & 0x0f];
    }

    return n;
}


static int
rbac_path_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


const char *
rbac_path_text(rbac_path_e form)
{
    switch (form) {

    case RBAC_PATH_OK:
        return "plain";
    case RBAC_PATH_TOO_LONG:
        return "target too long";
    case RBAC_PATH_NOT_ABSOLUTE:
        return "no absolute path";
    case RBAC_PATH_ESCAPE:
        return "bad percent escape";
    case RBAC_PATH_NUL:
        return "NUL";
    case RBAC_PATH_CONTROL:
        return "control character";
    case RBAC_PATH_SLASH:
        return "encoded slash";
    case RBAC_PATH_BACKSLASH:
        return "backslash";
    case RBAC_PATH_PARAMETER:
        return "semicolon";
    case RBAC_PATH_FRAGMENT:
        return "number sign";
    case RBAC_PATH_DELIMITER:
        return "encoded question mark or number sign";
    case RBAC_PATH_DOT_SEGMENT:
        return "dot segment";
    case RBAC_PATH_ABOVE_ROOT:
        return "dot segment above the root";
    case RBAC_PATH_EMPTY_SEGMENT:
        return "empty segment";
    case RBAC_PATH_DOUBLE:
        return "double encoding";
    case RBAC_PATH_UTF8:
        return "invalid UTF-8";
    case RBAC_PATH_LOOKALIKE:
        return "character that normalizes to a delimiter";
    case RBAC_PATH_TRAILING:
        return "dot or space at the end of a segment";
    case RBAC_PATH_DIFFERS:
        return "other path than the routed one";
    default: /* RBAC_PATH_NO_MEMORY */
        return "out of memory";
    }
}
