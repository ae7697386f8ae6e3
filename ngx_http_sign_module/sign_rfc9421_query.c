
/*
 * RFC 9421: @query-param.  Names and values are read as those of a form are
 * ("+" is a space, percent signs decoded) and encoded again in one way only, so
 * that other spellings of the same parameter have the same value.
 */


#include "sign_rfc9421.h"
#include "postern_assert.h"
#include "sign_sf.h"


#define QUERY_CODE_MAX  3       /* octets that one octet is encoded as */


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *last;
    uint32_t              state;        /* of UTF-8 */
    int                   invalid;
} query_reader_t;


static sign_code_e query_find(const sign_target_t *target,
    const sign_component_t *component, sign_message_t *msg,
    postern_str_t *value);
static postern_str_t query_next(postern_str_t *query, postern_str_t *value);
static int query_is_name(postern_str_t raw, postern_str_t name, int *invalid);
static void query_begin(query_reader_t *r, postern_str_t raw);
static size_t query_code(query_reader_t *r,
    unsigned char code[QUERY_CODE_MAX]);


sign_code_e
sign_rfc9421_query_param(const sign_target_t *target,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    sign_code_e      code;
    unsigned char   *dst;
    postern_str_t    raw;
    query_reader_t   r;

    code = query_find(target, component, msg, &raw);
    if (code != SIGN_OK) {
        return code;
    }

    /* a search is bounded below */

    if (POSTERN_NEVER(raw.len > SIGN_MAX_BASE / QUERY_CODE_MAX)) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "query parameter \"%.*s\" is too long",
                         SIGN_TEXT(component->arg));
    }

    dst = postern_alloc(alloc, (raw.len + 1) * QUERY_CODE_MAX);
    if (dst == NULL) {
        return SIGN_NO_MEMORY;
    }

    value->data = dst;

    query_begin(&r, raw);

    while (r.pos < r.last) {
        dst += query_code(&r, dst);
    }

    value->len = dst - value->data;

    if (r.invalid || r.state) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "query parameter \"%.*s\" is not UTF-8",
                         SIGN_TEXT(component->arg));
    }

    return SIGN_OK;
}


/* the raw value of the one parameter of that name */

static sign_code_e
query_find(const sign_target_t *target, const sign_component_t *component,
    sign_message_t *msg, postern_str_t *value)
{
    int            invalid;
    size_t         n;
    sign_code_e    code;
    postern_str_t  query, name, raw;

    value->len = 0;
    value->data = NULL;

    if (!target->has_query) {
        goto absent;
    }

    query.len = target->query.len - 1;
    query.data = target->query.data + 1;

    code = sign_rfc9421_search(msg, query.len);
    if (code != SIGN_OK) {
        return code;
    }

    for (n = 0; query.len; n++) {

        if (n == SIGN_MAX_QUERY) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "more than %d query parameters", SIGN_MAX_QUERY);
        }

        name = query_next(&query, &raw);

        if (name.data == NULL
            || !query_is_name(name, component->arg, &invalid))
        {
            continue;
        }

        if (invalid) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "the name of query parameter \"%.*s\" is not "
                             "UTF-8", SIGN_TEXT(component->arg));
        }

        if (value->data) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "query parameter \"%.*s\" occurs twice",
                             SIGN_TEXT(component->arg));
        }

        *value = raw;
    }

    if (value->data) {
        return SIGN_OK;
    }

absent:

    return sign_fail(msg, SIGN_COVERAGE,
                     "covered query parameter \"%.*s\" is not in the request",
                     SIGN_TEXT(component->arg));
}


/* takes one name=value off the query; empty ones between two "&" are absent */

static postern_str_t
query_next(postern_str_t *query, postern_str_t *value)
{
    postern_str_t         name;
    const unsigned char  *equals;

    memset(&name, 0, sizeof(postern_str_t));

    (void) sign_cut(query, '&', &name);

    value->data = name.data + name.len;
    value->len = 0;

    if (name.len == 0) {
        name.data = NULL;
        return name;
    }

    equals = memchr(name.data, '=', name.len);

    if (equals) {
        value->data = equals + 1;
        value->len = name.data + name.len - value->data;
        name.len = equals - name.data;
    }

    return name;
}


static int
query_is_name(postern_str_t raw, postern_str_t name, int *invalid)
{
    size_t          n;
    unsigned char   code[QUERY_CODE_MAX];
    query_reader_t  r;

    query_begin(&r, raw);

    while (r.pos < r.last) {

        n = query_code(&r, code);

        if (n > name.len || memcmp(name.data, code, n) != 0) {
            return 0;
        }

        name.data += n;
        name.len -= n;
    }

    *invalid = r.invalid || r.state;

    return name.len == 0;
}


static void
query_begin(query_reader_t *r, postern_str_t raw)
{
    r->pos = raw.data;
    r->last = raw.data + raw.len;
    r->state = 0;
    r->invalid = 0;
}


/*
 * The next octet of a form as it is encoded again; returns 1 or 3.  A form is
 * UTF-8: a browser puts U+FFFD for anything else, and different texts would get
 * the same value.
 */

static size_t
query_code(query_reader_t *r, unsigned char code[QUERY_CODE_MAX])
{
    int            octet;
    unsigned char  ch;

    static const char  hex[] = "0123456789ABCDEF";

    octet = sign_escape(r->pos, r->last);

    if (octet >= 0) {
        ch = (unsigned char) octet;
        r->pos += 3;

    } else {
        ch = (*r->pos == '+') ? ' ' : *r->pos;
        r->pos++;
    }

    if (sign_sf_utf8_next(&r->state, ch) != SIGN_SF_OK) {
        r->invalid = 1;
    }

    if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
        || (ch >= '0' && ch <= '9')
        || ch == '*' || ch == '-' || ch == '.' || ch == '_')
    {
        code[0] = ch;
        return 1;
    }

    code[0] = '%';
    code[1] = hex[ch >> 4];
    code[2] = hex[ch & 15];

    return 3;
}
