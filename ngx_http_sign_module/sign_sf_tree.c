
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
static int sf_find(const postern_str_t *first, size_t stride,
    const uint16_t *order, size_t n, postern_str_t key, size_t *place);
static int sf_compare(postern_str_t a, postern_str_t b);
static void sf_insert(uint16_t *order, size_t n, size_t place);
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
    size_t             n, place, capacity;
    uint16_t           order[SIGN_SF_MAX_MEMBERS];
    sign_sf_item_t     entry, *members;
    sign_sf_cursor_t   c;

    list->members = NULL;
    list->nmembers = 0;
    list->repeated = 0;

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

        place = n;

        if (dictionary && n
            && sf_find(&members->key, sizeof(entry), order, n, entry.key,
                       &place))
        {
            members[place] = entry;
            list->repeated = 1;
            continue;
        }

        if (n == SIGN_SF_MAX_MEMBERS) {
            return SIGN_SF_LIMIT;
        }

        members = sf_grow(alloc, members, n, &capacity, sizeof(entry));
        if (members == NULL) {
            return SIGN_SF_NO_MEMORY;
        }

        sf_insert(order, n, place);
        members[n++] = entry;

    } while ((rc = sign_sf_read_comma(&c)) == 1);

    list->members = members;
    list->nmembers = n;

    return rc;
}


static int
sf_read_entry(sign_sf_cursor_t *c, int dictionary,
    const postern_alloc_t *alloc, sign_sf_item_t *entry)
{
    int            rc;
    postern_str_t  key;

    if (!dictionary) {
        return sign_sf_read_member(c, alloc, entry);
    }

    if (sign_sf_read_key(c, &key) != SIGN_SF_OK) {
        return SIGN_SF_ERROR;
    }

    if (c->pos < c->last && *c->pos == '=') {
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
    size_t            n, place, capacity;
    uint16_t          order[SIGN_SF_MAX_PARAMS];
    sign_sf_param_t   param, *params;

    n = 0;
    capacity = 0;
    params = NULL;

    while ((rc = sign_sf_read_param(c, &param)) == 1) {

        rc = sign_sf_decode(&param.value, alloc);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        place = 0;

        if (n && sf_find(&params->key, sizeof(param), order, n, param.key,
                         &place))
        {
            params[place] = param;
            continue;
        }

        if (n == SIGN_SF_MAX_PARAMS) {
            return SIGN_SF_LIMIT;
        }

        params = sf_grow(alloc, params, n, &capacity, sizeof(param));
        if (params == NULL) {
            return SIGN_SF_NO_MEMORY;
        }

        sf_insert(order, n, place);
        params[n++] = param;
    }

    item->params = params;
    item->nparams = n;

    return rc;
}


/*
 * The place of a key among those seen, which order lists sorted; 1 where it is
 * there already.  A client may send a thousand, and to compare each with each
 * took a hundred times as long as all the rest of nginx.
 */

static int
sf_find(const postern_str_t *first, size_t stride, const uint16_t *order,
    size_t n, postern_str_t key, size_t *place)
{
    int                   rc;
    size_t                low, high, middle;
    const postern_str_t  *other;

    low = 0;
    high = n;

    while (low < high) {
        middle = (low + high) / 2;

        other = (const postern_str_t *)
                    ((const unsigned char *) first + order[middle] * stride);

        rc = sf_compare(key, *other);

        if (rc == 0) {
            *place = order[middle];
            return 1;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    *place = low;

    return 0;
}


/* any order will do: shorter ones first */

static int
sf_compare(postern_str_t a, postern_str_t b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }

    return memcmp(a.data, b.data, a.len);
}


static void
sf_insert(uint16_t *order, size_t n, size_t place)
{
    memmove(&order[place + 1], &order[place], (n - place) * sizeof(uint16_t));

    order[place] = (uint16_t) n;
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
