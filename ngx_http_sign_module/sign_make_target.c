
/*
 * The target of a request that is sent on.
 *
 * Credentials in the query go: a presigned URL's, and those of EnOS where the
 * client signed by it.
 *
 * What SigV4 signs is a canonical spelling that every reader makes of the
 * target anew, and they do not agree about all that URLs can hold ("(" and
 * "%28", "%7e" and "~", "+").  So the target is sent in that spelling: there is
 * then nothing to make of it.  For S3 that is the whole of it, decoded and
 * encoded once, as S3 takes keys; for other services, which sign the path they
 * get, encoded once more, the query alone.  "+" in a query becomes "%20", as
 * forms and S3 read it.
 */


#include "sign_make.h"
#include "sign_sigv4.h"


typedef struct {
    unsigned char   *p;
    unsigned         written:1;     /* a parameter */
} target_out_t;


static void target_query(postern_str_t query, const sign_make_t *make,
    const sign_make_now_t *now, target_out_t *out);
static int target_is_credential(postern_str_t name,
    const sign_make_now_t *now);
static int target_named(postern_str_t name, const char *want);
static unsigned target_octet(const unsigned char **p,
    const unsigned char *last);
static unsigned char *target_recode(postern_str_t s, int path,
    unsigned char *p);


static const char *const  target_presigned[] = {
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
    "x-amz-signedheaders", "x-amz-signature", "x-amz-security-token",
    "x-amz-region-set", "x-amz-content-sha256", "x-amz-s3session-token",
    "x-amz-decoded-content-length", "x-amz-trailer"
};

static const char *const  target_enos[] = {
    "accesskey", "sign", "requesttimestamp"
};

#define TARGET_N(names)  (sizeof(names) / sizeof((names)[0]))


sign_code_e
sign_make_target(postern_str_t target, const sign_make_t *make,
    const sign_make_now_t *now, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *out)
{
    target_out_t          o;
    postern_str_t         path, query;
    unsigned char        *p;
    const unsigned char  *mark;

    if (target.len > SIGN_MAX_BASE / 3) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the target has %zu bytes",
                         target.len);
    }

    if (target.len == 0 || target.data[0] != '/') {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "\"%.*s\" is no path: what is sent to the upstream "
                         "must begin with \"/\"", SIGN_TEXT(target));
    }

    p = postern_alloc(alloc, 3 * target.len + 1);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    out->data = p;

    mark = memchr(target.data, '?', target.len);

    path.data = target.data;
    path.len = mark ? (size_t) (mark - target.data) : target.len;

    if (make->scheme == SIGN_SIGV4 && postern_str_is(make->service, "s3")) {
        p = target_recode(path, 1, p);

    } else {
        memcpy(p, path.data, path.len);
        p += path.len;
    }

    if (mark != NULL) {
        query.data = mark + 1;
        query.len = target.len - path.len - 1;

        o.p = p;
        o.written = 0;

        target_query(query, make, now, &o);

        p = o.p;
    }

    out->len = p - out->data;

    return SIGN_OK;
}


static void
target_query(postern_str_t query, const sign_make_t *make,
    const sign_make_now_t *now, target_out_t *out)
{
    unsigned              dropped;
    postern_str_t         name, param;
    const unsigned char  *p, *last, *next, *eq;

    dropped = 0;
    last = query.data + query.len;

    for (p = query.data; /* void */ ; p = next + 1) {

        next = p < last ? memchr(p, '&', last - p) : NULL;

        if (next == NULL) {
            next = last;
        }

        eq = next > p ? memchr(p, '=', next - p) : NULL;

        param.data = p;
        param.len = next - p;

        name.data = p;
        name.len = eq ? (size_t) (eq - p) : param.len;

        if (target_is_credential(name, now)) {
            dropped = 1;

        } else {
            *out->p++ = out->written ? '&' : '?';
            out->written = 1;

            if (make->scheme != SIGN_SIGV4) {

                if (param.len) {
                    memcpy(out->p, param.data, param.len);
                    out->p += param.len;
                }

            } else {
                out->p = target_recode(name, 0, out->p);

                if (eq != NULL) {
                    *out->p++ = '=';

                    param.data = eq + 1;
                    param.len = next - eq - 1;

                    out->p = target_recode(param, 0, out->p);
                }
            }
        }

        if (next == last) {
            break;
        }
    }

    /* a query of nothing else was none before it was signed */

    if (dropped && out->written && out->p[-1] == '?') {
        out->p--;
    }
}


static int
target_is_credential(postern_str_t name, const sign_make_now_t *now)
{
    size_t  i;

    for (i = 0; i < TARGET_N(target_presigned); i++) {
        if (target_named(name, target_presigned[i])) {
            return 1;
        }
    }

    for (i = 0; now->enos && i < TARGET_N(target_enos); i++) {
        if (target_named(name, target_enos[i])) {
            return 1;
        }
    }

    return 0;
}


/* in any case and with any escapes: what an application would take for it */

static int
target_named(postern_str_t name, const char *want)
{
    unsigned char         c;
    const unsigned char  *p, *last;

    p = name.data;
    last = p + name.len;

    for ( /* void */ ; *want; want++) {

        if (p == last) {
            return 0;
        }

        c = (unsigned char) target_octet(&p, last);

        if (sign_lower(c) != (unsigned char) *want) {
            return 0;
        }
    }

    return p == last;
}


/* one octet, written bare or as an escape; a broken escape is a percent sign */

static unsigned
target_octet(const unsigned char **p, const unsigned char *last)
{
    int                   octet;
    const unsigned char  *s;

    s = *p;
    octet = sign_escape(s, last);

    *p = s + (octet < 0 ? 1 : 3);

    return octet < 0 ? *s : (unsigned) octet;
}


/* each octet in its one canonical encoding; "/" is bare in a path: keys of S3
   know no other one */

static unsigned char *
target_recode(postern_str_t s, int path, unsigned char *p)
{
    int                         bare;
    unsigned                    c;
    const unsigned char        *pos, *last;

    static const unsigned char  hex[] = "0123456789ABCDEF";

    pos = s.data;
    last = pos + s.len;

    while (pos < last) {

        bare = (*pos != '%');
        c = target_octet(&pos, last);

        if (c == '/' && path) {
            *p++ = '/';
            continue;
        }

        if (c == '+' && !path && bare) {
            c = ' ';
        }

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || c == '-' || c == '.' || c == '_' || c == '~')
        {
            *p++ = (unsigned char) c;
            continue;
        }

        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }

    return p;
}
