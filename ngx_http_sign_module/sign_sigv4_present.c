
/*
 * Where a request carries credentials of SigV4: in the header, in the query, in
 * both.
 */


#include "sign_sigv4.h"


static int sign_sigv4_credential_name(const unsigned char *p,
    const unsigned char *end, int signature_only);


/*
 * Any algorithm of the family counts, so that one we cannot verify is called
 * unsupported and not missing; so does a signature in the query.
 */

int
sign_sigv4_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t  n;

    return sign_sigv4_authorization(req, &n) != NULL
           || sign_sigv4_in_query(req, 1);
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
    const unsigned char  *p, *end, *next;

    if (req->target.len == 0) {
        return 0;
    }

    end = req->target.data + req->target.len;
    p = memchr(req->target.data, '?', req->target.len);

    if (p == NULL) {
        return 0;
    }

    for (p++; p < end; p = next + 1) {

        /* some applications split at ";" too */

        for (next = p; next < end && *next != '&' && *next != ';'; next++) {
            /* void */
        }

        if (next > p && (*p == 'x' || *p == 'X' || *p == '%')
            && sign_sigv4_credential_name(p, next, signature_only))
        {
            return 1;
        }
    }

    return 0;
}


static int
sign_sigv4_credential_name(const unsigned char *p, const unsigned char *end,
    int signature_only)
{
    int             hi, lo;
    size_t          i, len;
    postern_str_t   name;
    unsigned char   buf[24];

    static const postern_str_t  names[] = {
        postern_string("x-amz-signature"),
        postern_string("x-amz-credential"),
        postern_string("x-amz-algorithm"),
        postern_string("x-amz-signedheaders"),
        postern_string("x-amz-security-token"),
        postern_string("x-amz-date"),
        postern_string("x-amz-expires"),
        postern_string("x-amz-content-sha256"),
    };

    len = 0;

    while (p < end && *p != '=') {

        if (len == sizeof(buf)) {
            return 0;
        }

        buf[len] = *p;

        if (*p == '%' && end - p >= 3) {
            hi = sign_sigv4_hex(p[1]);
            lo = sign_sigv4_hex(p[2]);

            if (hi >= 0 && lo >= 0) {
                buf[len] = (unsigned char) (hi * 16 + lo);
                p += 2;
            }
        }

        if (buf[len] >= 'A' && buf[len] <= 'Z') {
            buf[len] |= 0x20;
        }

        len++;
        p++;
    }

    name.data = buf;
    name.len = len;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (postern_str_eq(name, names[i])) {
            return 1;
        }

        if (signature_only) {
            return 0;
        }
    }

    return 0;
}
