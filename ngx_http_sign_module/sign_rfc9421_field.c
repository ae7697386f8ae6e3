
/*
 * RFC 9421: the values of fields, as they were sent, strictly serialized (sf),
 * one member only (key), or as byte sequences (bs).
 */


#include "sign_rfc9421.h"
#include "postern_assert.h"
#include "sign_sf.h"


/* beside SIGN_SF_OK and the like */
#define VALUE_REPEATED  2


typedef enum {
    VALUE_ITEM = 0,
    VALUE_LIST,
    VALUE_DICTIONARY
} value_type_e;


typedef struct {
    postern_str_t           name;
    value_type_e            type;
} value_field_t;


static sign_code_e value_join(const sign_request_t *req, postern_str_t name,
    size_t next, const postern_alloc_t *alloc, sign_message_t *msg,
    postern_str_t *value);
static sign_code_e value_bytes(const sign_request_t *req,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value);
static sign_code_e value_member(const sign_component_t *component,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value);
static int value_find_member(postern_str_t text, postern_str_t key,
    sign_sf_cursor_t *found);
static sign_code_e value_strict(const sign_component_t *component,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value);
static int value_write(value_type_e type, const sign_sf_list_t *list,
    const postern_alloc_t *alloc, postern_str_t *value);
static int value_write_pass(value_type_e type, const sign_sf_list_t *list,
    sign_sf_out_t *out);
static sign_code_e value_result(const sign_component_t *component, int rc,
    sign_message_t *msg);


/* the structured fields that requests are known to carry: sf needs the type */

static const value_field_t  value_structured[] = {
    { postern_string("accept-signature"),    VALUE_DICTIONARY },
    { postern_string("client-cert"),         VALUE_ITEM },
    { postern_string("client-cert-chain"),   VALUE_LIST },
    { postern_string("content-digest"),      VALUE_DICTIONARY },
    { postern_string("priority"),            VALUE_DICTIONARY },
    { postern_string("repr-digest"),         VALUE_DICTIONARY },
    { postern_string("signature"),           VALUE_DICTIONARY },
    { postern_string("signature-agent"),     VALUE_DICTIONARY },
    { postern_string("signature-input"),     VALUE_DICTIONARY },
    { postern_string("want-content-digest"), VALUE_DICTIONARY },
    { postern_string("want-repr-digest"),    VALUE_DICTIONARY }
};

#define VALUE_NSTRUCTURED                                                     \
    (sizeof(value_structured) / sizeof(value_structured[0]))


sign_code_e
sign_rfc9421_field_value(const sign_request_t *req,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    sign_code_e     code;
    sign_request_t  tail;

    if (component->tr) {
        tail = *req;
        tail.fields = req->trailers;
        tail.nfields = req->ntrailers;

        req = &tail;
    }

    if (component->bs) {
        code = value_bytes(req, component, alloc, msg, value);

    } else {
        code = sign_rfc9421_field(req, component->name, alloc, msg, value);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (value->data == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" is not in the request",
                         SIGN_TEXT(component->name));
    }

    if (component->key) {
        return value_member(component, alloc, msg, value);
    }

    if (component->sf) {
        return value_strict(component, alloc, msg, value);
    }

    return SIGN_OK;
}


sign_code_e
sign_rfc9421_field(const sign_request_t *req, postern_str_t name,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value)
{
    size_t               i, next;
    const sign_field_t  *first;

    value->len = 0;
    value->data = NULL;

    i = 0;

    first = sign_field_next(req, name, &i);
    if (first == NULL) {
        return SIGN_OK;
    }

    *value = sign_trim(first->value);

    next = i;

    if (sign_field_next(req, name, &i) == NULL) {
        return SIGN_OK;
    }

    if (sign_is_singleton(name)) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "field \"%.*s\" occurs twice",
                         SIGN_TEXT(name));
    }

    return value_join(req, name, next, alloc, msg, value);
}


/* *value, which is the first line, and those at or behind the field next */

static sign_code_e
value_join(const sign_request_t *req, postern_str_t name, size_t next,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value)
{
    size_t               i, len;
    postern_str_t        line;
    unsigned char       *p;
    const sign_field_t  *field;

    i = next;
    len = value->len;

    while ((field = sign_field_next(req, name, &i)) != NULL) {
        len += sizeof(", ") - 1 + sign_trim(field->value).len;
    }

    if (len > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "field \"%.*s\" is longer than %d bytes",
                         SIGN_TEXT(name), SIGN_MAX_BASE);
    }

    p = postern_alloc(alloc, len);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    line = *value;

    value->data = p;
    value->len = len;

    for ( ;; ) {
        p = sign_put(p, line);

        field = sign_field_next(req, name, &next);
        if (field == NULL) {
            return SIGN_OK;
        }

        *p++ = ',';
        *p++ = ' ';

        line = sign_trim(field->value);
    }
}


/*
 * A signature may cover dozens of members of one field, or parameters of one
 * query, and each of them is looked for from the beginning; and what is written
 * strictly takes a hundred times its length of memory.
 */

sign_code_e
sign_rfc9421_search(sign_message_t *msg, size_t len)
{
    msg->searched += len;

    if (msg->searched > SIGN_MAX_SEARCH) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "members, query parameters and structured fields in "
                         "more than %d bytes", SIGN_MAX_SEARCH);
    }

    return SIGN_OK;
}


static sign_code_e
value_bytes(const sign_request_t *req, const sign_component_t *component,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value)
{
    size_t               i, n, len;
    sign_sf_item_t      *items;
    sign_sf_list_t       list;
    const sign_field_t  *field;

    value->len = 0;
    value->data = NULL;

    i = 0;
    len = 0;

    for (n = 0; (field = sign_field_next(req, component->name, &i)); n++) {
        len += field->value.len;
    }

    if (n == 0) {
        return SIGN_OK;
    }

    if (len > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "field \"%.*s\" is longer than %d bytes",
                         SIGN_TEXT(component->name), SIGN_MAX_BASE);
    }

    items = postern_alloc(alloc, n * sizeof(sign_sf_item_t));
    if (items == NULL) {
        return SIGN_NO_MEMORY;
    }

    memset(items, 0, n * sizeof(sign_sf_item_t));

    list.members = items;
    list.nmembers = n;

    i = 0;

    for (n = 0; (field = sign_field_next(req, component->name, &i)); n++) {
        items[n].value.type = SIGN_SF_BYTES;
        items[n].value.text = sign_trim(field->value);
    }

    return value_result(component,
                        value_write(VALUE_LIST, &list, alloc, value),
                        msg);
}


static sign_code_e
value_member(const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    int               rc;
    sign_code_e       code;
    sign_sf_item_t    member;
    sign_sf_list_t    list;
    sign_sf_cursor_t  c;

    code = sign_rfc9421_search(msg, value->len);
    if (code != SIGN_OK) {
        return code;
    }

    rc = value_find_member(*value, component->arg, &c);

    if (rc == SIGN_SF_OK && c.pos == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" has no member \"%.*s\"",
                         SIGN_TEXT(component->name),
                         SIGN_TEXT(component->arg));
    }

    if (rc == SIGN_SF_OK && c.pos < c.last && *c.pos == '=') {
        c.pos++;
        rc = sign_sf_read_member(&c, alloc, &member);

    } else if (rc == SIGN_SF_OK) {
        memset(&member, 0, sizeof(sign_sf_item_t));

        member.value.type = SIGN_SF_BOOLEAN;
        member.value.number = 1;

        rc = sign_sf_read_params(&c, alloc, &member);
    }

    if (rc == SIGN_SF_OK) {
        list.members = &member;
        list.nmembers = 1;

        rc = value_write(VALUE_ITEM, &list, alloc, value);
    }

    return value_result(component, rc, msg);
}


/*
 * Leaves the cursor behind the key, its pos NULL where there is none.  The last
 * of two would count (RFC 9651, section 4.2.2), but not to every application:
 * whoever put another in front of it would leave the signature good.  The whole
 * field must be well formed.
 */

static int
value_find_member(postern_str_t text, postern_str_t key,
    sign_sf_cursor_t *found)
{
    int               rc;
    postern_str_t     name;
    sign_sf_cursor_t  c;

    found->pos = NULL;

    /* a search is bounded below */

    if (POSTERN_NEVER(text.len > SIGN_SF_MAX_TEXT)) {
        return SIGN_SF_LIMIT;
    }

    sign_sf_begin(&c, text);

    if (c.pos == c.last) {
        return SIGN_SF_OK;
    }

    do {
        rc = sign_sf_read_key(&c, &name);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        if (postern_str_eq(name, key)) {

            if (found->pos) {
                return VALUE_REPEATED;
            }

            *found = c;
        }

        if (c.pos < c.last && *c.pos == '=') {
            c.pos++;
            rc = sign_sf_skip_member(&c);

        } else {
            rc = sign_sf_skip_params(&c);
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_read_comma(&c);
        }

    } while (rc == 1);

    return rc;
}


static sign_code_e
value_strict(const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    int             rc;
    size_t          i;
    sign_code_e     code;
    value_type_e    type;
    sign_sf_item_t  item;
    sign_sf_list_t  list;

    code = sign_rfc9421_search(msg, value->len);
    if (code != SIGN_OK) {
        return code;
    }

    for (i = 0; i < VALUE_NSTRUCTURED; i++) {
        if (postern_str_eq(value_structured[i].name, component->name)) {
            break;
        }
    }

    if (i == VALUE_NSTRUCTURED) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "\"%.*s\" is not known as a structured field",
                         SIGN_TEXT(component->name));
    }

    type = value_structured[i].type;

    /* older drafts of Web Bot Auth have a string, which no key begins like */

    if (value->len && value->data[0] == '"'
        && postern_str_is(component->name, "signature-agent"))
    {
        type = VALUE_ITEM;
    }

    switch (type) {

    case VALUE_ITEM:
        list.members = &item;
        list.nmembers = 1;

        rc = sign_sf_parse_item(*value, alloc, &item);
        break;

    case VALUE_LIST:
        rc = sign_sf_parse_list(*value, alloc, &list);
        break;

    default: /* VALUE_DICTIONARY */
        rc = sign_sf_parse_dictionary(*value, alloc, &list);

        if (rc == SIGN_SF_OK && list.repeated) {
            rc = VALUE_REPEATED;
        }

        break;
    }

    if (rc == SIGN_SF_OK) {
        rc = value_write(type, &list, alloc, value);
    }

    return value_result(component, rc, msg);
}


/* an item is written as a list of one */

static int
value_write(value_type_e type, const sign_sf_list_t *list,
    const postern_alloc_t *alloc, postern_str_t *value)
{
    int            rc;
    sign_sf_out_t  out;

    memset(&out, 0, sizeof(sign_sf_out_t));

    rc = value_write_pass(type, list, &out);

    /* what was read can be written */

    if (POSTERN_NEVER(rc != SIGN_SF_OK)) {
        return rc;
    }

    out.size = out.len;
    out.len = 0;

    /* one octet keeps an empty value present */

    out.data = postern_alloc(alloc, out.size + 1);
    if (out.data == NULL) {
        return SIGN_SF_NO_MEMORY;
    }

    rc = value_write_pass(type, list, &out);

    value->data = out.data;
    value->len = out.len;

    return rc;
}


static int
value_write_pass(value_type_e type, const sign_sf_list_t *list,
    sign_sf_out_t *out)
{
    if (type == VALUE_DICTIONARY) {
        return sign_sf_write_dictionary(out, list);
    }

    return sign_sf_write_list(out, list);
}


static sign_code_e
value_result(const sign_component_t *component, int rc, sign_message_t *msg)
{
    switch (rc) {

    case SIGN_SF_OK:
        return SIGN_OK;

    case SIGN_SF_NO_MEMORY:
        return SIGN_NO_MEMORY;

    case SIGN_SF_LIMIT:
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "field \"%.*s\" has too many members",
                         SIGN_TEXT(component->name));

    case VALUE_REPEATED:
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "field \"%.*s\" has a key twice",
                         SIGN_TEXT(component->name));
    }

    return sign_fail(msg, SIGN_MALFORMED,
                     "field \"%.*s\" is not a structured field as demanded",
                     SIGN_TEXT(component->name));
}
