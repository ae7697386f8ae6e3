
/*
 * Where a request carries credentials of SigV4: in the header, in the query, in
 * both.
 */


#include "sign_sigv4.h"
#include "postern_assert.h"


static int sign_sigv4_is_4a(const sign_request_t *req);
static int sign_sigv4_query_is_4a(const sign_request_t *req);
static const unsigned char *sign_sigv4_behind_mark(const sign_request_t *req);
static unsigned char sign_sigv4_octet(const unsigned char **p,
    const unsigned char *end);


static const postern_str_t  sign_sigv4_params[] = {
    postern_string("x-amz-signature"),
    postern_string("x-amz-credential"),
    postern_string("x-amz-algorithm"),
    postern_string("x-amz-signedheaders"),
    postern_string("x-amz-security-token"),
    postern_string("x-amz-date"),
    postern_string("x-amz-expires"),
    postern_string("x-amz-content-sha256"),
    postern_string("x-amz-region-set")
};


/*
 * Any algorithm of the family counts, so that one we cannot verify is called
 * unsupported and not missing; so does a signature in the query.  Version 4A is
 * a scheme of its own where the policy has it.
 */

int
sign_sigv4_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t  n;

    if (sign_sigv4_authorization(req, &n) == NULL
        && !sign_sigv4_in_query(req, 1))
    {
        return 0;
    }

    return !(policy->schemes & SIGN_SIGV4A) || !sign_sigv4_is_4a(req);
}


int
sign_sigv4a_present(const sign_request_t *req, const sign_policy_t *policy)
{
    (void) policy;

    return sign_sigv4_is_4a(req);
}


static int
sign_sigv4_is_4a(const sign_request_t *req)
{
    size_t               n;
    const sign_field_t  *field;

    field = sign_sigv4_authorization(req, &n);

    if (field != NULL) {
        return field->value.len >= 11
               && memcmp(field->value.data, "AWS4-ECDSA-", 11) == 0;
    }

    return sign_sigv4_in_query(req, 1) && sign_sigv4_query_is_4a(req);
}


static int
sign_sigv4_query_is_4a(const sign_request_t *req)
{
    postern_str_t         piece;
    const unsigned char  *p, *end;

    static const postern_str_t  is = postern_string("X-Amz-Algorithm="
                                                    "AWS4-ECDSA-");

    end = req->target.data + req->target.len;
    p = sign_sigv4_behind_mark(req);

    if (POSTERN_NEVER(p == NULL)) {
        return 0;
    }

    while (sign_sigv4_next_piece(&p, end, &piece)) {

        if (piece.len > is.len && memcmp(piece.data, is.data, is.len) == 0) {
            return 1;
        }
    }

    return 0;
}


const sign_field_t *
sign_sigv4_authorization(const sign_request_t *req, size_t *n)
{
    size_t                      i;
    const sign_field_t         *field, *found;

    static const postern_str_t  name = postern_string("authorization");

    *n = 0;
    i = 0;
    found = NULL;

    while ((field = sign_field_next(req, name, &i)) != NULL) {
        (*n)++;

        if (field->value.len >= 5 && memcmp(field->value.data, "AWS4-", 5) == 0)
        {
            found = field;
        }
    }

    return found;
}


int
sign_sigv4_in_query(const sign_request_t *req, int signature_only)
{
    postern_str_t         piece, name;
    unsigned char         buf[SIGN_SIGV4_SCOPE_MAX];
    sign_sigv4_param_e    param;
    const unsigned char  *p, *end;

    end = req->target.data + req->target.len;
    p = sign_sigv4_behind_mark(req);

    if (p == NULL) {
        return 0;
    }

    while (sign_sigv4_next_piece(&p, end, &piece)) {

        name.data = buf;
        name.len = sign_sigv4_piece_name(piece, buf);

        param = sign_sigv4_param(name);

        if (param == SIGN_SIGV4_SIGNATURE
            || (!signature_only && param != SIGN_SIGV4_PARAMS))
        {
            return 1;
        }
    }

    return 0;
}


/* where the query begins, NULL where there is none */

static const unsigned char *
sign_sigv4_behind_mark(const sign_request_t *req)
{
    const unsigned char  *mark;

    if (req->target.len == 0) {
        return NULL;
    }

    mark = memchr(req->target.data, '?', req->target.len);

    return mark ? mark + 1 : NULL;
}


int
sign_sigv4_next_piece(const unsigned char **p, const unsigned char *end,
    postern_str_t *piece)
{
    const unsigned char  *next;

    if (*p >= end) {
        return 0;
    }

    for (next = *p; next < end && *next != '&' && *next != ';'; next++) {
        /* void */
    }

    piece->data = *p;
    piece->len = next - *p;

    *p = next + 1;

    return 1;
}


/* anything but a name that begins with "x-amz-" is told by its first octet */

size_t
sign_sigv4_piece_name(postern_str_t piece,
    unsigned char out[SIGN_SIGV4_SCOPE_MAX])
{
    size_t                len;
    const unsigned char  *p, *end;

    p = piece.data;
    end = p + piece.len;

    if (p == end || (*p != 'x' && *p != 'X' && *p != '%')) {
        return 0;
    }

    len = 0;

    while (p < end && *p != '=') {

        if (len == SIGN_SIGV4_SCOPE_MAX) {
            return 0;
        }

        out[len++] = sign_sigv4_octet(&p, end);
    }

    return len;
}


static unsigned char
sign_sigv4_octet(const unsigned char **p, const unsigned char *end)
{
    int            octet;
    unsigned char  c;

    octet = sign_escape(*p, end);

    c = (octet < 0) ? **p : (unsigned char) octet;
    *p += (octet < 0) ? 1 : 3;

    return sign_lower(c);
}


sign_sigv4_param_e
sign_sigv4_param(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_SIGV4_PARAMS; i++) {

        if (postern_str_eq(name, sign_sigv4_params[i])) {
            break;
        }
    }

    return i;
}


postern_str_t
sign_sigv4_param_name(sign_sigv4_param_e param)
{
    return sign_sigv4_params[param];
}
