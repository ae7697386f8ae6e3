
/*
 * RFC 9421: @query-param.  Names and values are read as those of a form are
 * ("+" is a space, percent signs decoded) and encoded again in one way only, so
 * that other spellings of the same parameter have the same value.
 */


#include "sign_rfc9421.h"
#include "sign_sf.h"


#define QUERY_CODE_MAX  3       /* octets that one octet is encoded as */


static postern_str_t query_next(postern_str_t *query, postern_str_t *value);
static int query_is_name(postern_str_t raw, postern_str_t name);
static size_t query_code(const unsigned char **p, const unsigned char *last,
    unsigned char code[QUERY_CODE_MAX]);
static unsigned query_hex(unsigned char ch);
static int query_utf8(postern_str_t encoded, const postern_alloc_t *alloc);


sign_code_e
sign_rfc9421_query_param(const sign_target_t *target,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    int                   found;
    size_t                n, len;
    unsigned char        *dst;
    postern_str_t         query, name, raw, text;
    const unsigned char  *p, *last;

    found = 0;
    text.len = 0;
    text.data = NULL;

    query.len = target->has_query ? target->query.len - 1 : 0;
    query.data = target->has_query ? target->query.data + 1 : NULL;

    for (n = 0; query.len; n++) {

        if (n == SIGN_MAX_QUERY) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "more than %d query parameters", SIGN_MAX_QUERY);
        }

        name = query_next(&query, &raw);

        if (name.data == NULL || !query_is_name(name, component->arg)) {
            continue;
        }

        if (found) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "query parameter \"%.*s\" occurs twice",
                             SIGN_TEXT(component->arg));
        }

        found = 1;
        text = raw;
    }

    if (!found) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered query parameter \"%.*s\" is not in the "
                         "request", SIGN_TEXT(component->arg));
    }

    len = text.len * QUERY_CODE_MAX;

    if (len > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "query parameter \"%.*s\" is too long",
                         SIGN_TEXT(component->arg));
    }

    dst = postern_alloc(alloc, len + QUERY_CODE_MAX);
    if (dst == NULL) {
        return SIGN_NO_MEMORY;
    }

    value->data = dst;

    p = text.data;
    last = p + text.len;

    while (p < last) {
        dst += query_code(&p, last, dst);
    }

    value->len = dst - value->data;

    if (!query_utf8(*value, alloc) || !query_utf8(component->arg, alloc)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "query parameter \"%.*s\" is not UTF-8",
                         SIGN_TEXT(component->arg));
    }

    return SIGN_OK;
}


/* takes one name=value off the query; empty ones between two "&" are absent */

static postern_str_t
query_next(postern_str_t *query, postern_str_t *value)
{
    postern_str_t         name;
    const unsigned char  *p, *equals;

    p = memchr(query->data, '&', query->len);

    name.data = query->data;
    name.len = p ? (size_t) (p - query->data) : query->len;

    query->data += name.len + (p != NULL);
    query->len -= name.len + (p != NULL);

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
query_is_name(postern_str_t raw, postern_str_t name)
{
    size_t                n;
    unsigned char         code[QUERY_CODE_MAX];
    const unsigned char  *p, *last;

    p = raw.data;
    last = p + raw.len;

    while (p < last) {

        n = query_code(&p, last, code);

        if (n > name.len || memcmp(name.data, code, n) != 0) {
            return 0;
        }

        name.data += n;
        name.len -= n;
    }

    return name.len == 0;
}


/* one octet of a form at *p, as it is encoded again; returns 1 or 3 */

static size_t
query_code(const unsigned char **p, const unsigned char *last,
    unsigned char code[QUERY_CODE_MAX])
{
    unsigned char  ch;

    static const unsigned char  hex[] = "0123456789ABCDEF";

    ch = *(*p)++;

    if (ch == '+') {
        ch = ' ';

    } else if (ch == '%' && last - *p >= 2
               && query_hex((*p)[0]) < 16 && query_hex((*p)[1]) < 16)
    {
        ch = query_hex((*p)[0]) << 4 | query_hex((*p)[1]);
        *p += 2;
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


static unsigned
query_hex(unsigned char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? (unsigned) (ch - 'a' + 10) : 16;
}


/* a form is UTF-8; a browser would put U+FFFD for anything else, and other
   texts would get the same value */

static int
query_utf8(postern_str_t encoded, const postern_alloc_t *alloc)
{
    unsigned char        *dst;
    postern_str_t         text;
    const unsigned char  *p, *last;

    if (memchr(encoded.data, '%', encoded.len) == NULL) {
        return 1;
    }

    dst = postern_alloc(alloc, encoded.len);
    if (dst == NULL) {
        return 0;
    }

    text.data = dst;

    p = encoded.data;
    last = p + encoded.len;

    while (p < last) {

        if (*p == '%') {
            *dst++ = query_hex(p[1]) << 4 | query_hex(p[2]);
            p += 3;

        } else {
            *dst++ = *p++;
        }
    }

    text.len = dst - text.data;

    return sign_sf_utf8(text);
}
