
/*
 * What SigV4 signs: the canonical request and the string to sign.  Which
 * readings of a request there are, and why, stands in sign_sigv4.h.
 */


#include "sign_sigv4.h"


static sign_code_e sign_sigv4_header(const sign_request_t *req,
    postern_str_t name, sign_message_t *msg, unsigned char **out);
static int sign_sigv4_collapse(postern_str_t value, unsigned char **out);
static int sign_sigv4_single(postern_str_t name);
static sign_code_e sign_sigv4_payload(const sign_request_t *req,
    sign_message_t *msg, unsigned char **out);
static sign_code_e sign_sigv4_further(const sign_request_t *req,
    postern_str_t path, postern_str_t query, const postern_alloc_t *alloc,
    sign_message_t *msg);
static void sign_sigv4_hash(postern_str_t method, postern_str_t path,
    postern_str_t query, postern_str_t rest, unsigned char hash[32]);
static sign_code_e sign_sigv4_hashed(const unsigned char *hash,
    const postern_alloc_t *alloc, const sign_sigv4_t *v4, postern_str_t *out);


sign_code_e
sign_sigv4_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    sign_code_e          rc;
    sign_sigv4_t        *v4;
    postern_str_t        path, query;
    unsigned char       *p;
    sign_sigv4_path_e    how;

    v4 = (sign_sigv4_t *) msg->scheme_data;
    v4->nreadings = 0;

    if (v4->path.len > SIGN_MAX_BASE / 3) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the path has %zu bytes",
                         v4->path.len);
    }

    p = postern_alloc(alloc, 3 * v4->path.len + 1);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    how = postern_str_is(v4->service, "s3") ? SIGN_SIGV4_PATH_SENT
                                            : SIGN_SIGV4_PATH_ENCODED;
    path.data = p;
    path.len = sign_sigv4_path(v4->path, how, p);

    rc = sign_sigv4_query(v4->query, alloc, &query);
    if (rc != SIGN_OK) {
        return sign_fail(msg, rc, "query \"%.*s\" has no canonical form",
                         SIGN_TEXT(v4->query));
    }

    rc = sign_sigv4_canonical(req, path, query, alloc, msg, &msg->canonical);
    if (rc != SIGN_OK) {
        return rc;
    }

    rc = sign_sigv4_string(msg->canonical, alloc, v4, &msg->base);
    if (rc != SIGN_OK) {
        return sign_fail(msg, rc, "out of memory");
    }

    /* who signs by version 4A, or makes URLs, writes them the one right way */

    return (msg->scheme == SIGN_SIGV4A)
           ? SIGN_OK : sign_sigv4_further(req, path, query, alloc, msg);
}


/* the readings that differ from the first one: all of them from the line of
   the query on as it has it */

static sign_code_e
sign_sigv4_further(const sign_request_t *req, postern_str_t path,
    postern_str_t query, const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t          i, j, npaths, nqueries, head;
    sign_code_e     rc;
    sign_sigv4_t   *v4;
    postern_str_t   paths[2], queries[2], rest;
    unsigned char   hash[32];

    v4 = (sign_sigv4_t *) msg->scheme_data;

    head = req->method.len + path.len + query.len + sizeof("\n\n") - 1;

    rest.data = msg->canonical.data + head;
    rest.len = msg->canonical.len - head;

    paths[0] = path;
    queries[0] = query;
    npaths = nqueries = 1;

    if (!postern_str_eq(v4->path, path) && sign_sigv4_path_is_clear(v4->path))
    {
        paths[npaths++] = v4->path;
    }

    if (!v4->presigned && !postern_str_eq(v4->query, query)) {
        queries[nqueries++] = v4->query;
    }

    for (i = 0; i < npaths; i++) {
        for (j = 0; j < nqueries; j++) {

            if (i == 0 && j == 0) {
                continue;
            }

            sign_sigv4_hash(req->method, paths[i], queries[j], rest, hash);

            rc = sign_sigv4_hashed(hash, alloc, v4,
                                   &v4->readings[v4->nreadings++]);
            if (rc != SIGN_OK) {
                return sign_fail(msg, rc, "out of memory");
            }
        }
    }

    return SIGN_OK;
}


static void
sign_sigv4_hash(postern_str_t method, postern_str_t path, postern_str_t query,
    postern_str_t rest, unsigned char hash[32])
{
    postern_str_t  parts[6];

    parts[0] = method;
    parts[1] = (postern_str_t) postern_string("\n");
    parts[2] = path;
    parts[3] = parts[1];
    parts[4] = query;
    parts[5] = rest;

    sign_sha256(parts, 6, hash);
}


sign_code_e
sign_sigv4_canonical(const sign_request_t *req, postern_str_t path,
    postern_str_t query, const postern_alloc_t *alloc, sign_message_t *msg,
    postern_str_t *out)
{
    size_t               i, j, size;
    sign_code_e          rc;
    unsigned char       *p;
    const sign_field_t  *field;
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    size = req->method.len + path.len + query.len + v4->signed_headers.len
           + SIGN_SIGV4_HEX_LEN + v4->payload.len + sizeof("\n\n\n\n\n");

    for (i = 0; i < v4->nnames; i++) {
        size += v4->names[i].len + req->authority.len + sizeof(":\n");

        for (j = 0;
             (field = sign_field_next(req, v4->names[i], &j)) != NULL;
             /* void */ )
        {
            size += field->value.len + sizeof(",");
        }
    }

    if (size > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "the canonical request has up to %zu bytes", size);
    }

    p = postern_alloc(alloc, size);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    out->data = p;

    p = sign_put(p, req->method);
    *p++ = '\n';
    p = sign_put(p, path);
    *p++ = '\n';
    p = sign_put(p, query);
    *p++ = '\n';

    for (i = 0; i < v4->nnames; i++) {
        rc = sign_sigv4_header(req, v4->names[i], msg, &p);
        if (rc != SIGN_OK) {
            return rc;
        }
    }

    *p++ = '\n';
    p = sign_put(p, v4->signed_headers);
    *p++ = '\n';

    rc = sign_sigv4_payload(req, msg, &p);
    if (rc != SIGN_OK) {
        return rc;
    }

    out->len = p - out->data;

    return SIGN_OK;
}


/*
 * "name:value\n".  Lines of one name are joined by commas, which HTTP says is
 * the same; for fields that have one value it is not, since an application may
 * take the first or the last, so these must come once.
 */

static sign_code_e
sign_sigv4_header(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, unsigned char **out)
{
    size_t               i, n;
    postern_str_t        value;
    unsigned char       *p;
    const sign_field_t  *field;

    p = sign_put(*out, name);
    *p++ = ':';

    n = 0;
    i = 0;

    if (postern_str_is(name, "host") || postern_str_is(name, ":authority")) {
        value = req->authority;

        if (value.len == 0) {
            return sign_fail(msg, SIGN_COVERAGE, "the request names no host");
        }

        if (sign_sigv4_collapse(value, &p) != 0) {
            return sign_fail(msg, SIGN_MALFORMED, "control byte in the host");
        }

        *p++ = '\n';
        *out = p;

        return SIGN_OK;
    }

    while ((field = sign_field_next(req, name, &i)) != NULL) {

        if (n++ != 0) {
            if (sign_sigv4_single(name)) {
                return sign_fail(msg, SIGN_AMBIGUOUS,
                                 "signed header \"%.*s\" comes twice",
                                 SIGN_TEXT(name));
            }

            *p++ = ',';
        }

        if (sign_sigv4_collapse(field->value, &p) != 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "control byte in header \"%.*s\"",
                             SIGN_TEXT(name));
        }
    }

    if (n == 0) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "signed header \"%.*s\" is not in the request",
                         SIGN_TEXT(name));
    }

    *p++ = '\n';
    *out = p;

    return SIGN_OK;
}


static int
sign_sigv4_single(postern_str_t name)
{
    return (name.len > 6 && memcmp(name.data, "x-amz-", 6) == 0)
           || sign_is_singleton(name);
}


/* runs of blanks become one; a line break would end the header early */

static int
sign_sigv4_collapse(postern_str_t value, unsigned char **out)
{
    size_t          i;
    unsigned char   c, *p;

    p = *out;

    for (i = 0; i < value.len; i++) {
        c = value.data[i];

        if (c == ' ' || c == '\t') {

            if (i != 0 && p[-1] == ' ') {
                continue;
            }

            c = ' ';

        } else if (c < 0x20 || c == 0x7f) {
            return -1;
        }

        *p++ = c;
    }

    *out = p;

    return 0;
}


static sign_code_e
sign_sigv4_payload(const sign_request_t *req, sign_message_t *msg,
    unsigned char **out)
{
    const sign_sigv4_t          *v4;

    static const unsigned char   empty[32] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
        0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
        0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
        0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
    };

    v4 = msg->scheme_data;

    if (v4->payload.len) {

        if (!req->has_body && msg->digest == SIGN_DIGEST_SHA256
            && !sign_digest_equal(SIGN_DIGEST_SHA256, msg->digest_value,
                                  empty))
        {
            return sign_fail(msg, SIGN_DIGEST,
                             "x-amz-content-sha256 is that of a body, "
                             "there is none");
        }

        *out = sign_put(*out, v4->payload);
        return SIGN_OK;
    }

    if (msg->body == SIGN_BODY_BEFORE && !msg->has_body_hash) {
        return sign_fail(msg, SIGN_DIGEST, "the body was not hashed");
    }

    *out = sign_put_hex(*out, msg->body == SIGN_BODY_BEFORE ? msg->body_hash
                                                            : empty,
                        sizeof(empty));

    return SIGN_OK;
}


sign_code_e
sign_sigv4_string(postern_str_t canonical, const postern_alloc_t *alloc,
    const sign_sigv4_t *v4, postern_str_t *out)
{
    unsigned char  hash[32];

    sign_sha256(&canonical, 1, hash);

    return sign_sigv4_hashed(hash, alloc, v4, out);
}


static sign_code_e
sign_sigv4_hashed(const unsigned char *hash, const postern_alloc_t *alloc,
    const sign_sigv4_t *v4, postern_str_t *out)
{
    unsigned char  *p;

    p = postern_alloc(alloc, v4->algorithm.len + 1 + SIGN_SIGV4_TIME_LEN + 1
                             + v4->scope.len + 1 + SIGN_SIGV4_HEX_LEN);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    out->data = p;

    p = sign_put(p, v4->algorithm);
    *p++ = '\n';
    memcpy(p, v4->time, SIGN_SIGV4_TIME_LEN);
    p += SIGN_SIGV4_TIME_LEN;
    *p++ = '\n';
    p = sign_put(p, v4->scope);
    *p++ = '\n';

    p = sign_put_hex(p, hash, SIGN_SIGV4_HEX_LEN / 2);

    out->len = p - out->data;

    return SIGN_OK;
}
