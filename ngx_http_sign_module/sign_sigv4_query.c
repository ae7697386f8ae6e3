
/*
 * Presigned URLs: the credentials of SigV4 as parameters of the query.
 *
 *     X-Amz-Algorithm=AWS4-HMAC-SHA256
 *     X-Amz-Credential=AKID%2F20150830%2Fus-east-1%2Fs3%2Faws4_request
 *     X-Amz-Date=20150830T123600Z
 *     X-Amz-Expires=3600                  (seconds, at most seven days)
 *     X-Amz-SignedHeaders=host
 *     X-Amz-Signature=5d67…
 *     X-Amz-Security-Token, X-Amz-Content-Sha256, X-Amz-Region-Set (4A)
 *
 * An application may decode names, fold their case, split at ";", and take the
 * first or the last of two.  So each parameter whose name begins with "x-amz-",
 * however that is written, comes once, and the ones above as they are written
 * here (CVE-2022-2385); and no header field says the same (CVE-2026-40344).
 */


#include "sign_sigv4.h"


static sign_code_e sign_sigv4_collect(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_once(postern_str_t *seen, size_t *n,
    postern_str_t name, const postern_alloc_t *alloc, sign_message_t *msg);
static sign_code_e sign_sigv4_take(const sign_request_t *req,
    postern_str_t piece, sign_sigv4_param_e param,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);
static int sign_sigv4_decode(postern_str_t text, unsigned char *out,
    postern_str_t *value);
static sign_code_e sign_sigv4_demand(sign_message_t *msg,
    const sign_sigv4_t *v4);
static sign_code_e sign_sigv4_expires(postern_str_t text,
    sign_message_t *msg);
static void sign_sigv4_cut(sign_sigv4_t *v4, unsigned char *out);


/* as they are written, in the order of sign_sigv4_param_e */

static const postern_str_t  sign_sigv4_written[] = {
    postern_string("X-Amz-Signature"),
    postern_string("X-Amz-Credential"),
    postern_string("X-Amz-Algorithm"),
    postern_string("X-Amz-SignedHeaders"),
    postern_string("X-Amz-Security-Token"),
    postern_string("X-Amz-Date"),
    postern_string("X-Amz-Expires"),
    postern_string("X-Amz-Content-Sha256"),
    postern_string("X-Amz-Region-Set")
};


sign_code_e
sign_sigv4_presigned(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    sign_code_e     rc;
    unsigned char  *p;

    v4->presigned = 1;

    if (v4->query.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "the query has %zu bytes, more than %d",
                         v4->query.len, SIGN_MAX_HEADER);
    }

    rc = sign_sigv4_collect(req, alloc, msg, v4);

    if (rc == SIGN_OK) {
        rc = sign_sigv4_demand(msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_algorithm(v4->params[SIGN_SIGV4_ALGORITHM], msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_credential(v4->params[SIGN_SIGV4_CREDENTIAL], msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_names(v4->params[SIGN_SIGV4_SIGNED_HEADERS], msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_signature(v4->params[SIGN_SIGV4_SIGNATURE], msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_expires(v4->params[SIGN_SIGV4_EXPIRES], msg);
    }

    if (rc != SIGN_OK) {
        return rc;
    }

    p = postern_alloc(alloc, v4->query.len);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    sign_sigv4_cut(v4, p);

    return SIGN_OK;
}


static sign_code_e
sign_sigv4_collect(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    size_t                n;
    sign_code_e           rc;
    postern_str_t         piece, name, seen[SIGN_SIGV4_PARAMS_MAX];
    unsigned char         buf[SIGN_SIGV4_SCOPE_MAX];
    sign_sigv4_param_e    param;
    const unsigned char  *p, *end;

    n = 0;
    memset(seen, 0, sizeof(seen));

    p = v4->query.data;
    end = p + v4->query.len;

    while (sign_sigv4_next_piece(&p, end, &piece)) {

        name.data = buf;
        name.len = sign_sigv4_piece_name(piece, buf);

        if (name.len < 6 || memcmp(name.data, "x-amz-", 6) != 0) {
            continue;
        }

        rc = sign_sigv4_once(seen, &n, name, alloc, msg);
        if (rc != SIGN_OK) {
            return rc;
        }

        param = sign_sigv4_param(name);

        if (param == SIGN_SIGV4_PARAMS) {
            continue;
        }

        rc = sign_sigv4_take(req, piece, param, alloc, msg, v4);
        if (rc != SIGN_OK) {
            return rc;
        }
    }

    return SIGN_OK;
}


static sign_code_e
sign_sigv4_once(postern_str_t *seen, size_t *n, postern_str_t name,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t          i;
    unsigned char  *p;

    for (i = 0; i < *n; i++) {

        if (postern_str_eq(seen[i], name)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "parameter %.*s comes twice", SIGN_TEXT(name));
        }
    }

    if (*n == SIGN_SIGV4_PARAMS_MAX) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "more than %d parameters X-Amz-…",
                         SIGN_SIGV4_PARAMS_MAX);
    }

    p = postern_alloc(alloc, name.len);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    memcpy(p, name.data, name.len);

    seen[*n].data = p;
    seen[*n].len = name.len;
    (*n)++;

    return SIGN_OK;
}


static sign_code_e
sign_sigv4_take(const sign_request_t *req, postern_str_t piece,
    sign_sigv4_param_e param, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    size_t                i;
    postern_str_t         written, value;
    unsigned char        *p;
    const unsigned char  *end;

    written = sign_sigv4_written[param];
    end = v4->query.data + v4->query.len;

    if (piece.len <= written.len || piece.data[written.len] != '='
        || memcmp(piece.data, written.data, written.len) != 0
        || (piece.data > v4->query.data && piece.data[-1] == ';')
        || (piece.data + piece.len < end && piece.data[piece.len] == ';'))
    {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "\"%.*s\" is not how %.*s is written",
                         SIGN_TEXT(piece), SIGN_TEXT(written));
    }

    i = 0;

    if (sign_field_next(req, sign_sigv4_param_name(param), &i) != NULL) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "%.*s is in the header and in the query",
                         SIGN_TEXT(written));
    }

    value.data = piece.data + written.len + 1;
    value.len = piece.len - written.len - 1;

    p = postern_alloc(alloc, value.len + 1);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    if (sign_sigv4_decode(value, p, &v4->params[param]) != 0) {
        return sign_fail(msg, SIGN_MALFORMED, "escapes in %.*s",
                         SIGN_TEXT(piece));
    }

    return SIGN_OK;
}


static int
sign_sigv4_decode(postern_str_t text, unsigned char *out, postern_str_t *value)
{
    int             octet;
    size_t          i;
    unsigned char  *p;

    p = out;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] != '%') {
            *p++ = text.data[i];
            continue;
        }

        octet = sign_escape(text.data + i, text.data + text.len);

        if (octet < 0) {
            return -1;
        }

        *p++ = (unsigned char) octet;
        i += 2;
    }

    value->data = out;
    value->len = p - out;

    return 0;
}


static sign_code_e
sign_sigv4_demand(sign_message_t *msg, const sign_sigv4_t *v4)
{
    size_t                           i;

    static const sign_sigv4_param_e  demanded[] = {
        SIGN_SIGV4_ALGORITHM, SIGN_SIGV4_CREDENTIAL, SIGN_SIGV4_DATE,
        SIGN_SIGV4_EXPIRES, SIGN_SIGV4_SIGNED_HEADERS, SIGN_SIGV4_SIGNATURE
    };

    for (i = 0; i < sizeof(demanded) / sizeof(demanded[0]); i++) {

        if (v4->params[demanded[i]].len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "%.*s is missing or empty in the query",
                             SIGN_TEXT(sign_sigv4_written[demanded[i]]));
        }
    }

    return SIGN_OK;
}


/* seconds; the date, which they count from, is read by sign_sigv4_date() */

static sign_code_e
sign_sigv4_expires(postern_str_t text, sign_message_t *msg)
{
    int64_t  n;

    n = sign_digits(text, sizeof("604800") - 1);

    if (n < 1 || n > SIGN_SIGV4_EXPIRES_MAX) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "X-Amz-Expires=%.*s is not a number from 1 to %d",
                         SIGN_TEXT(text), SIGN_SIGV4_EXPIRES_MAX);
    }

    msg->expires = n;

    return SIGN_OK;
}


/* what is signed is the query without the signature */

static void
sign_sigv4_cut(sign_sigv4_t *v4, unsigned char *out)
{
    postern_str_t         piece, written;
    unsigned char        *last;
    const unsigned char  *p, *end, *amp;

    written = sign_sigv4_written[SIGN_SIGV4_SIGNATURE];

    last = out;
    end = v4->query.data + v4->query.len;

    for (p = v4->query.data; p < end; p = amp + 1) {

        amp = memchr(p, '&', end - p);
        if (amp == NULL) {
            amp = end;
        }

        piece.data = p;
        piece.len = amp - p;

        if (piece.len > written.len && piece.data[written.len] == '='
            && memcmp(piece.data, written.data, written.len) == 0)
        {
            continue;
        }

        if (last != out) {
            *last++ = '&';
        }

        last = sign_put(last, piece);
    }

    v4->query.data = out;
    v4->query.len = last - out;
}
