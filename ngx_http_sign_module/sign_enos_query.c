
/*
 * The query as EnOS signs it: decoded, sorted by names, run together.
 */


#include "sign_scheme.h"
#include "sign_enos.h"

#include <stdlib.h>


typedef struct {
    postern_str_t  name;
    postern_str_t  value;
} sign_enos_param_t;


static postern_str_t sign_enos_query_of(postern_str_t target);
static void sign_enos_split(postern_str_t piece, sign_enos_param_t *param);
static unsigned char *sign_enos_decode(unsigned char *p, postern_str_t *text);
static int sign_enos_order(const void *one, const void *two);
static sign_code_e sign_enos_sorted(sign_enos_param_t *params, size_t n,
    unsigned version, unsigned char *p, sign_enos_query_t *query,
    sign_message_t *msg);
static postern_str_t *sign_enos_apart(postern_str_t name,
    sign_enos_query_t *query);


int
sign_enos_in_query(postern_str_t target)
{
    unsigned           found;
    postern_str_t      query, piece;
    sign_enos_param_t  param;

    found = 0;
    query = sign_enos_query_of(target);

    while (sign_cut(&query, '&', &piece)) {
        sign_enos_split(piece, &param);

        found |= postern_str_is(param.name, "accessKey");
        found |= postern_str_is(param.name, "sign") << 1;
    }

    return found == 3;
}


sign_code_e
sign_enos_query(postern_str_t target, unsigned version,
    const postern_alloc_t *alloc, sign_enos_query_t *query,
    sign_message_t *msg)
{
    size_t              n;
    postern_str_t       rest, piece;
    unsigned char      *p;
    sign_enos_param_t  *params;

    memset(query, 0, sizeof(sign_enos_query_t));

    rest = sign_enos_query_of(target);

    if (rest.len > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE, "a query of %zu octets",
                         rest.len);
    }

    /* decoded first, which makes nothing longer, then in order */

    p = postern_alloc(alloc, 2 * rest.len + 1);
    params = postern_alloc(alloc, SIGN_MAX_QUERY * sizeof(sign_enos_param_t));

    if (p == NULL || params == NULL) {
        return SIGN_NO_MEMORY;
    }

    n = 0;

    while (sign_cut(&rest, '&', &piece)) {

        if (piece.len == 0) {
            continue;
        }

        if (n == SIGN_MAX_QUERY) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "more than %d query parameters", SIGN_MAX_QUERY);
        }

        sign_enos_split(piece, &params[n]);

        p = sign_enos_decode(p, &params[n].name);
        p = sign_enos_decode(p, &params[n].value);
        n++;
    }

    qsort(params, n, sizeof(sign_enos_param_t), sign_enos_order);

    return sign_enos_sorted(params, n, version, p, query, msg);
}


static postern_str_t
sign_enos_query_of(postern_str_t target)
{
    postern_str_t         query;
    const unsigned char  *p;

    query.data = (const unsigned char *) "";
    query.len = 0;

    p = target.len ? memchr(target.data, '?', target.len) : NULL;

    if (p) {
        query.data = p + 1;
        query.len = target.data + target.len - query.data;
    }

    return query;
}


static void
sign_enos_split(postern_str_t piece, sign_enos_param_t *param)
{
    const unsigned char  *p;

    p = piece.len ? memchr(piece.data, '=', piece.len) : NULL;

    param->name = piece;
    param->value.data = (const unsigned char *) "";
    param->value.len = 0;

    if (p) {
        param->name.len = p - piece.data;
        param->value.data = p + 1;
        param->value.len = piece.len - param->name.len - 1;
    }
}


/* as the clients do: "+" is a blank, and "%" without two digits itself */

static unsigned char *
sign_enos_decode(unsigned char *p, postern_str_t *text)
{
    int                   octet;
    unsigned char        *start;
    const unsigned char  *s, *last;

    start = p;
    s = text->data;
    last = s + text->len;

    while (s < last) {
        octet = sign_escape(s, last);

        if (octet >= 0) {
            *p++ = (unsigned char) octet;
            s += 3;
            continue;
        }

        *p++ = (*s == '+') ? ' ' : *s;
        s++;
    }

    text->data = start;
    text->len = p - start;

    return p;
}


static int
sign_enos_order(const void *one, const void *two)
{
    int                       rc;
    size_t                    len;
    const sign_enos_param_t  *a, *b;

    a = one;
    b = two;
    len = a->name.len < b->name.len ? a->name.len : b->name.len;

    rc = len ? memcmp(a->name.data, b->name.data, len) : 0;

    if (rc == 0) {
        rc = (a->name.len > b->name.len) - (a->name.len < b->name.len);
    }

    return rc;
}


/* clients sign the first of several values only: whatever somebody puts behind
   it, an application may read instead */

static sign_code_e
sign_enos_sorted(sign_enos_param_t *params, size_t n, unsigned version,
    unsigned char *p, sign_enos_query_t *query, sign_message_t *msg)
{
    size_t          i;
    postern_str_t  *apart;

    query->text.data = p;

    for (i = 0; i < n; i++) {

        if (i && postern_str_eq(params[i].name, params[i - 1].name)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "query parameter \"%.*s\" more than once",
                             SIGN_TEXT(params[i].name));
        }

        apart = (version == 1) ? sign_enos_apart(params[i].name, query) : NULL;

        if (apart) {
            *apart = params[i].value;

            if (apart != &query->time) {
                continue;
            }
        }

        p = sign_put(p, params[i].name);
        p = sign_put(p, params[i].value);
    }

    query->text.len = p - query->text.data;

    return SIGN_OK;
}


static postern_str_t *
sign_enos_apart(postern_str_t name, sign_enos_query_t *query)
{
    if (postern_str_is(name, "accessKey")) {
        return &query->key_id;
    }

    if (postern_str_is(name, "sign")) {
        return &query->signature;
    }

    if (postern_str_is(name, "requestTimestamp")) {
        return &query->time;
    }

    return NULL;
}
