
/*
 * Structured fields: the parsers, which build a tree of what the readers find.
 */


#include "sign_sf.h"


#define SF_FIRST_CAPACITY  4


static int sf_parse(postern_str_t text, int dictionary,
    const postern_alloc_t *alloc, sign_sf_list_t *list);
static int sf_read_entry(sign_sf_cursor_t *c, int dictionary,
    const postern_alloc_t *alloc, sign_sf_item_t *entry);
static int sf_read_inner_list(sign_sf_cursor_t *c,
    const postern_alloc_t *alloc, sign_sf_item_t *member);
static int sf_read_item(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *item);
static sign_sf_param_t *sf_find_param(sign_sf_param_t *params, size_t n,
    postern_str_t key);
static sign_sf_item_t *sf_find_member(sign_sf_item_t *members, size_t n,
    postern_str_t key);
static void *sf_grow(const postern_alloc_t *alloc, void *array, size_t n,
    size_t *capacity, size_t size);


int
sign_sf_parse_item(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_item_t *item)
{
    int               rc;
    sign_sf_cursor_t  c;

    if (text.len > SIGN_SF_MAX_TEXT) {
        return SIGN_SF_LIMIT;
    }

    sign_sf_begin(&c, text);

    rc = sf_read_item(&c, alloc, item);

    return rc == SIGN_SF_OK ? sign_sf_end(&c) : rc;
}


int
sign_sf_parse_list(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_list_t *list)
{
    return sf_parse(text, 0, alloc, list);
}


int
sign_sf_parse_dictionary(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_list_t *dictionary)
{
    return sf_parse(text, 1, alloc, dictionary);
}


static int
sf_parse(postern_str_t text, int dictionary, const postern_alloc_t *alloc,
    sign_sf_list_t *list)
{
    int                rc;
    size_t             n, capacity;
    sign_sf_item_t     entry, *members, *same;
    sign_sf_cursor_t   c;

    list->members = NULL;
    list->nmembers = 0;

    if (text.len > SIGN_SF_MAX_TEXT) {
        return SIGN_SF_LIMIT;
    }

    sign_sf_begin(&c, text);

    if (c.pos == c.last) {
        return SIGN_SF_OK;
    }

    n = 0;
    capacity = 0;
    members = NULL;

    do {
        rc = sf_read_entry(&c, dictionary, alloc, &entry);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        same = dictionary ? sf_find_member(members, n, entry.key) : NULL;

        if (same == NULL) {

            if (n == SIGN_SF_MAX_MEMBERS) {
                return SIGN_SF_LIMIT;
            }

            members = sf_grow(alloc, members, n, &capacity, sizeof(entry));
            if (members == NULL) {
                return SIGN_SF_NO_MEMORY;
            }

            same = &members[n++];
        }

        *same = entry;

    } while ((rc = sign_sf_read_comma(&c)) == 1);

    list->members = members;
    list->nmembers = n;

    return rc;
}


static int
sf_read_entry(sign_sf_cursor_t *c, int dictionary,
    const postern_alloc_t *alloc, sign_sf_item_t *entry)
{
    postern_str_t  key;

    if (!dictionary) {
        return sign_sf_read_member(c, alloc, entry);
    }

    if (sign_sf_read_key(c, &key) != SIGN_SF_OK) {
        return SIGN_SF_ERROR;
    }

    if (c->pos < c->last && *c->pos == '=') {
        int  rc;

        c->pos++;

        rc = sign_sf_read_member(c, alloc, entry);

        entry->key = key;

        return rc;
    }

    memset(entry, 0, sizeof(sign_sf_item_t));

    entry->key = key;
    entry->value.type = SIGN_SF_BOOLEAN;
    entry->value.number = 1;

    return sign_sf_read_params(c, alloc, entry);
}


int
sign_sf_read_member(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *member)
{
    if (c->pos < c->last && *c->pos == '(') {
        return sf_read_inner_list(c, alloc, member);
    }

    return sf_read_item(c, alloc, member);
}


static int
sf_read_inner_list(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *member)
{
    int              rc;
    size_t           n, capacity;
    sign_sf_item_t  *items;

    memset(member, 0, sizeof(sign_sf_item_t));

    n = 0;
    capacity = 0;
    items = NULL;

    c->pos++;

    while ((rc = sign_sf_read_inner(c, &n)) == 1) {

        items = sf_grow(alloc, items, n - 1, &capacity, sizeof(*items));
        if (items == NULL) {
            return SIGN_SF_NO_MEMORY;
        }

        rc = sf_read_item(c, alloc, &items[n - 1]);
        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    if (rc != SIGN_SF_OK) {
        return rc;
    }

    member->items = items;
    member->nitems = n;

    return sign_sf_read_params(c, alloc, member);
}


static int
sf_read_item(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *item)
{
    int  rc;

    memset(item, 0, sizeof(sign_sf_item_t));

    rc = sign_sf_read_value(c, &item->value);

    if (rc == SIGN_SF_OK) {
        rc = sign_sf_decode(&item->value, alloc);
    }

    return rc == SIGN_SF_OK ? sign_sf_read_params(c, alloc, item) : rc;
}


int
sign_sf_read_params(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *item)
{
    int               rc;
    size_t            n, capacity;
    sign_sf_param_t   param, *params, *same;

    n = 0;
    capacity = 0;
    params = NULL;

    while ((rc = sign_sf_read_param(c, &param)) == 1) {

        rc = sign_sf_decode(&param.value, alloc);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        same = sf_find_param(params, n, param.key);

        if (same == NULL) {

            if (n == SIGN_SF_MAX_PARAMS) {
                return SIGN_SF_LIMIT;
            }

            params = sf_grow(alloc, params, n, &capacity, sizeof(param));
            if (params == NULL) {
                return SIGN_SF_NO_MEMORY;
            }

            same = &params[n++];
        }

        *same = param;
    }

    item->params = params;
    item->nparams = n;

    return rc;
}


/* linear: the bounds of the header keep the worst case below a millisecond,
   and nothing that runs for every request builds a tree */

static sign_sf_param_t *
sf_find_param(sign_sf_param_t *params, size_t n, postern_str_t key)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (postern_str_eq(params[i].key, key)) {
            return &params[i];
        }
    }

    return NULL;
}


static sign_sf_item_t *
sf_find_member(sign_sf_item_t *members, size_t n, postern_str_t key)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (postern_str_eq(members[i].key, key)) {
            return &members[i];
        }
    }

    return NULL;
}


/* room for one more behind n; what was there before stays with the allocator */

static void *
sf_grow(const postern_alloc_t *alloc, void *array, size_t n, size_t *capacity,
    size_t size)
{
    void  *grown;

    if (n < *capacity) {
        return array;
    }

    *capacity = n ? n * 2 : SF_FIRST_CAPACITY;

    grown = postern_alloc(alloc, *capacity * size);

    if (grown != NULL && array != NULL) {
        memcpy(grown, array, n * size);
    }

    return grown;
}
