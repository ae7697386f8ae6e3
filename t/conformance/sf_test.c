/* link: ngx_http_sign_module/sign_sf.c ngx_http_sign_module/sign_sf_tree.c
   ngx_http_sign_module/sign_sf_write.c ngx_http_postern_module/postern_arena.c
   -ljansson */

/*
 * The public suite of structured fields, every record of it: what parses must
 * give the expected tree, the tree must be written as the canonical text, what
 * must fail must fail.
 */


#include <jansson.h>

#include "unit.h"
#include "postern_arena.h"
#include "sign_sf.h"


#define SUITE    "structured-fields/"
#define RECORDS  2135


typedef enum { ITEM, LIST, DICTIONARY } kind_e;

typedef struct {
    kind_e            kind;
    sign_sf_item_t    item;
    sign_sf_list_t    list;
} field_t;


static postern_arena_t  *arena;
static postern_alloc_t   memory;
static unsigned          records;


static void *
take(size_t size)
{
    void  *p;

    p = postern_arena_alloc(arena, size ? size : 1);

    if (p == NULL) {
        puts("Bail out! out of memory");
        exit(2);
    }

    return p;
}


static postern_str_t
slice(const json_t *string)
{
    postern_str_t  s;

    s.len = json_string_length(string);
    s.data = (const unsigned char *) json_string_value(string);

    return s;
}


static postern_str_t
base32(const json_t *string)
{
    size_t          i, bits;
    uint32_t        acc;
    const char     *p, *at;
    unsigned char  *dst;
    postern_str_t   s;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    p = json_string_value(string);
    dst = take(json_string_length(string));
    acc = 0;
    bits = 0;
    s.len = 0;

    for (i = 0; p[i] && p[i] != '='; i++) {
        at = strchr(digits, p[i]);
        EXPECT(at != NULL);
        acc = acc << 5 | (uint32_t) (at - digits);
        bits += 5;

        if (bits >= 8) {
            bits -= 8;
            dst[s.len++] = acc >> bits;
        }
    }

    s.data = dst;

    return s;
}


/* 0 where the value is outside of what the type can hold */

static int
value_of(const json_t *json, sign_sf_value_t *value)
{
    const char    *type;
    const json_t  *inner;

    memset(value, 0, sizeof(*value));

    if (json_is_boolean(json)) {
        value->type = SIGN_SF_BOOLEAN;
        value->number = json_is_true(json);
        return 1;
    }

    if (json_is_integer(json)) {
        value->type = SIGN_SF_INTEGER;
        value->number = json_integer_value(json);
        return 1;
    }

    if (json_is_real(json)) {
        value->type = SIGN_SF_DECIMAL;
        return sign_sf_decimal(json_real_value(json), &value->number)
               == SIGN_SF_OK;
    }

    if (json_is_string(json)) {
        value->type = SIGN_SF_STRING;
        value->text = slice(json);
        return 1;
    }

    type = json_string_value(json_object_get(json, "__type"));
    inner = json_object_get(json, "value");

    if (!EXPECT(type != NULL && inner != NULL)) {
        return 0;
    }

    if (strcmp(type, "token") == 0) {
        value->type = SIGN_SF_TOKEN;
        value->text = slice(inner);

    } else if (strcmp(type, "binary") == 0) {
        value->type = SIGN_SF_BYTES;
        value->text = base32(inner);

    } else if (strcmp(type, "date") == 0) {
        value->type = SIGN_SF_DATE;
        value->number = json_integer_value(inner);

    } else {
        EXPECT(strcmp(type, "displaystring") == 0);
        value->type = SIGN_SF_DISPLAY;
        value->text = slice(inner);
    }

    return 1;
}


static int
member_of(const json_t *json, sign_sf_item_t *item)
{
    size_t            i;
    json_t           *value, *params;
    sign_sf_item_t   *items;
    sign_sf_param_t  *p;

    value = json_array_get(json, 0);
    params = json_array_get(json, 1);

    memset(item, 0, sizeof(*item));

    if (json_is_array(value)) {
        items = take(json_array_size(value) * sizeof(*items));

        for (i = 0; i < json_array_size(value); i++) {
            if (!member_of(json_array_get(value, i), &items[i])) {
                return 0;
            }
        }

        item->items = items;
        item->nitems = i;

    } else if (!value_of(value, &item->value)) {
        return 0;
    }

    p = take(json_array_size(params) * sizeof(*p));

    for (i = 0; i < json_array_size(params); i++) {
        p[i].key = slice(json_array_get(json_array_get(params, i), 0));

        if (!value_of(json_array_get(json_array_get(params, i), 1),
                      &p[i].value))
        {
            return 0;
        }
    }

    item->params = p;
    item->nparams = i;

    return 1;
}


static int
field_of(const json_t *json, kind_e kind, field_t *field)
{
    size_t           i;
    json_t          *entry;
    sign_sf_item_t  *members;

    field->kind = kind;

    if (kind == ITEM) {
        return member_of(json, &field->item);
    }

    members = take(json_array_size(json) * sizeof(*members));

    for (i = 0; i < json_array_size(json); i++) {
        entry = json_array_get(json, i);

        if (!member_of(kind == LIST ? entry : json_array_get(entry, 1),
                       &members[i]))
        {
            return 0;
        }

        if (kind == DICTIONARY) {
            members[i].key = slice(json_array_get(entry, 0));
        }
    }

    field->list.members = members;
    field->list.nmembers = i;

    return 1;
}


static int
same_value(const sign_sf_value_t *a, const sign_sf_value_t *b)
{
    return a->type == b->type && a->number == b->number
           && !a->encoded && !b->encoded && postern_str_eq(a->text, b->text);
}


static int
same_item(const sign_sf_item_t *a, const sign_sf_item_t *b)
{
    size_t  i;

    if (!postern_str_eq(a->key, b->key) || !same_value(&a->value, &b->value)
        || a->nitems != b->nitems || a->nparams != b->nparams)
    {
        return 0;
    }

    for (i = 0; i < a->nparams; i++) {
        if (!postern_str_eq(a->params[i].key, b->params[i].key)
            || !same_value(&a->params[i].value, &b->params[i].value))
        {
            return 0;
        }
    }

    for (i = 0; i < a->nitems; i++) {
        if (!same_item(&a->items[i], &b->items[i])) {
            return 0;
        }
    }

    return 1;
}


static int
same_field(const field_t *a, const field_t *b)
{
    size_t  i;

    if (a->kind == ITEM) {
        return same_item(&a->item, &b->item);
    }

    if (a->list.nmembers != b->list.nmembers) {
        return 0;
    }

    for (i = 0; i < a->list.nmembers; i++) {
        if (!same_item(&a->list.members[i], &b->list.members[i])) {
            return 0;
        }
    }

    return 1;
}


static int
parse(postern_str_t text, kind_e kind, field_t *field)
{
    memset(field, 0, sizeof(*field));
    field->kind = kind;

    switch (kind) {

    case ITEM:
        return sign_sf_parse_item(text, &memory, &field->item);

    case LIST:
        return sign_sf_parse_list(text, &memory, &field->list);

    default:
        return sign_sf_parse_dictionary(text, &memory, &field->list);
    }
}


static int
write_pass(const field_t *field, sign_sf_out_t *out)
{
    switch (field->kind) {

    case ITEM:
        return sign_sf_write_item(out, &field->item);

    case LIST:
        return sign_sf_write_list(out, &field->list);

    default:
        return sign_sf_write_dictionary(out, &field->list);
    }
}


static int
write(const field_t *field, postern_str_t *text)
{
    int            rc;
    size_t         len;
    sign_sf_out_t  out;

    memset(&out, 0, sizeof(out));

    rc = write_pass(field, &out);
    if (rc != SIGN_SF_OK) {
        return rc;
    }

    len = out.len;
    out.data = take(len);
    out.size = len;
    out.len = 0;

    rc = write_pass(field, &out);

    EXPECT_INT(out.len, len);

    text->data = out.data;
    text->len = len;

    return rc;
}


/* the lines of a field as one text, with a NUL behind it */

static postern_str_t
joined(const json_t *lines)
{
    size_t          i;
    unsigned char  *dst;
    postern_str_t   text, line;

    for (text.len = 0, i = 0; i < json_array_size(lines); i++) {
        text.len += json_string_length(json_array_get(lines, i)) + 2;
    }

    dst = take(text.len + 1);
    text.len = 0;

    for (i = 0; i < json_array_size(lines); i++) {

        if (i) {
            dst[text.len++] = ',';
            dst[text.len++] = ' ';
        }

        line = slice(json_array_get(lines, i));
        memcpy(dst + text.len, line.data, line.len);
        text.len += line.len;
    }

    dst[text.len] = '\0';
    text.data = dst;

    return text;
}


static kind_e
kind_of(const json_t *record)
{
    const char  *type;

    type = json_string_value(json_object_get(record, "header_type"));

    if (strcmp(type, "item") == 0) {
        return ITEM;
    }

    return strcmp(type, "list") == 0 ? LIST : DICTIONARY;
}


static int
check_parsing(const json_t *record)
{
    int       rc;
    field_t   got, want;

    rc = parse(joined(json_object_get(record, "raw")), kind_of(record), &got);

    if (json_is_true(json_object_get(record, "must_fail"))) {
        return EXPECT(rc != SIGN_SF_OK);
    }

    if (json_is_true(json_object_get(record, "can_fail"))
        && rc != SIGN_SF_OK)
    {
        return EXPECT_INT(rc, SIGN_SF_ERROR);
    }

    return EXPECT_INT(rc, SIGN_SF_OK)
           && EXPECT(field_of(json_object_get(record, "expected"),
                              kind_of(record), &want))
           && EXPECT(same_field(&got, &want));
}


static int
check_writing(const json_t *record)
{
    int             rc;
    field_t         field;
    const json_t   *canonical;
    postern_str_t   text, want;

    rc = field_of(json_object_get(record, "expected"), kind_of(record), &field)
         ? write(&field, &text) : SIGN_SF_ERROR;

    if (json_is_true(json_object_get(record, "must_fail"))) {
        return EXPECT(rc != SIGN_SF_OK);
    }

    canonical = json_object_get(record, "canonical");

    if (canonical == NULL) {
        canonical = json_object_get(record, "raw");
    }

    want = joined(canonical);

    return EXPECT_INT(rc, SIGN_SF_OK)
           && EXPECT_STR(text, (const char *) want.data);
}


static void
run(const char *name, int (*check)(const json_t *record), int whole)
{
    char          path[256], *text;
    size_t        i, len;
    json_t       *file, *record;
    json_error_t  err;

    snprintf(path, sizeof(path), SUITE "%s", name);

    text = unit_vector(path, &len);
    file = json_loadb(text, len, JSON_ALLOW_NUL, &err);
    free(text);

    if (!EXPECT(file != NULL && json_array_size(file) > 0)) {
        return;
    }

    for (i = 0; i < json_array_size(file); i++) {
        record = json_array_get(file, i);
        records += whole;

        if (json_object_get(record, "expected") == NULL
            && check == check_writing)
        {
            continue;
        }

        arena = postern_arena_create();
        memory = postern_arena_allocator(arena);

        if (!check(record)) {
            printf("# %s: %s\n", name,
                   json_string_value(json_object_get(record, "name")));
        }

        postern_arena_destroy(arena);
    }

    json_decref(file);
}


static const char  *files[] = {
    "binary.json", "boolean.json", "date.json", "dictionary.json",
    "display-string.json", "examples.json", "item.json",
    "key-generated.json", "large-generated.json", "list.json",
    "listlist.json", "number-generated.json", "number.json",
    "param-dict.json", "param-list.json", "param-listlist.json",
    "string-generated.json", "string.json", "token-generated.json",
    "token.json"
};

#define NFILES  (sizeof(files) / sizeof(files[0]))


TEST(every_record_parses_as_it_says)
{
    size_t  i;

    for (i = 0; i < NFILES; i++) {
        run(files[i], check_parsing, 1);
    }
}


TEST(every_expected_tree_is_written_canonically)
{
    size_t  i;

    for (i = 0; i < NFILES; i++) {
        run(files[i], check_writing, 0);
    }
}


TEST(every_record_of_serialisation_is_written_or_refused_as_it_says)
{
    run("serialisation-tests/key-generated.json", check_writing, 1);
    run("serialisation-tests/number.json", check_writing, 1);
    run("serialisation-tests/string-generated.json", check_writing, 1);
    run("serialisation-tests/token-generated.json", check_writing, 1);
}


TEST(no_record_is_left_out)
{
    EXPECT_INT(records, RECORDS);
}


UNIT_MAIN()
