
#include "postern_lru.h"

#include <sodium.h>
#include <stdlib.h>


/* entries are named by their number + 1: 0 is none, and in a list its head */

typedef struct {
    uint32_t         next;      /* in the bucket, or of the free ones */
    uint32_t         older;
    uint32_t         younger;
    uint32_t         len;
    void            *value;
    unsigned char    name[POSTERN_LRU_NAME_MAX];
} postern_lru_entry_t;


struct postern_lru_s {
    unsigned char    seed[crypto_shorthash_KEYBYTES];
    uint32_t         n;
    uint32_t         count;
    uint32_t         free;
    uint32_t         oldest;
    uint32_t         youngest;
    uint32_t         mask;
    uint32_t        *buckets;
    postern_lru_entry_t  entries[];
};


static uint32_t *postern_lru_link(postern_lru_t *lru, postern_str_t name);
static void postern_lru_take(postern_lru_t *lru, uint32_t i);
static void postern_lru_put(postern_lru_t *lru, uint32_t i);
static void *postern_lru_drop(postern_lru_t *lru, uint32_t *link);


postern_lru_t *
postern_lru_create(uint32_t n, const unsigned char seed[16])
{
    uint32_t        i, nbuckets;
    postern_lru_t  *lru;

    for (nbuckets = 1; nbuckets < n; nbuckets *= 2) { /* void */ }

    lru = calloc(1, sizeof(postern_lru_t)
                    + (size_t) n * sizeof(postern_lru_entry_t)
                    + (size_t) nbuckets * sizeof(uint32_t));
    if (lru == NULL) {
        return NULL;
    }

    memcpy(lru->seed, seed, sizeof(lru->seed));

    lru->n = n;
    lru->mask = nbuckets - 1;
    lru->buckets = (uint32_t *) &lru->entries[n];

    for (i = 1; i < n; i++) {
        lru->entries[i - 1].next = i + 1;
    }

    lru->free = 1;

    return lru;
}


void
postern_lru_destroy(postern_lru_t *lru)
{
    free(lru);
}


/* what names the entry, or would: where it is 0 there is none */

static uint32_t *
postern_lru_link(postern_lru_t *lru, postern_str_t name)
{
    uint32_t             *link;
    uint64_t              hash;
    unsigned char         out[crypto_shorthash_BYTES];
    postern_lru_entry_t  *entry;

    (void) crypto_shorthash(out, name.data, name.len, lru->seed);
    memcpy(&hash, out, sizeof(hash));

    for (link = &lru->buckets[hash & lru->mask];
         *link;
         link = &entry->next)
    {
        entry = &lru->entries[*link - 1];

        if (entry->len == name.len
            && memcmp(entry->name, name.data, name.len) == 0)
        {
            break;
        }
    }

    return link;
}


static void
postern_lru_take(postern_lru_t *lru, uint32_t i)
{
    postern_lru_entry_t  *entry;

    entry = &lru->entries[i - 1];

    *(entry->older ? &lru->entries[entry->older - 1].younger : &lru->oldest)
        = entry->younger;
    *(entry->younger ? &lru->entries[entry->younger - 1].older
                     : &lru->youngest)
        = entry->older;
}


static void
postern_lru_put(postern_lru_t *lru, uint32_t i)
{
    postern_lru_entry_t  *entry;

    entry = &lru->entries[i - 1];

    entry->younger = 0;
    entry->older = lru->youngest;

    *(entry->older ? &lru->entries[entry->older - 1].younger : &lru->oldest)
        = i;
    lru->youngest = i;
}


static void *
postern_lru_drop(postern_lru_t *lru, uint32_t *link)
{
    uint32_t              i;
    postern_lru_entry_t  *entry;

    i = *link;
    entry = &lru->entries[i - 1];

    *link = entry->next;
    postern_lru_take(lru, i);

    entry->next = lru->free;
    lru->free = i;
    lru->count--;

    return entry->value;
}


void *
postern_lru_find(postern_lru_t *lru, postern_str_t name)
{
    uint32_t  i;

    i = *postern_lru_link(lru, name);

    if (i == 0) {
        return NULL;
    }

    postern_lru_take(lru, i);
    postern_lru_put(lru, i);

    return lru->entries[i - 1].value;
}


void *
postern_lru_add(postern_lru_t *lru, postern_str_t name, void *value)
{
    void                 *old;
    uint32_t             *link, i;
    postern_lru_entry_t  *entry;

    if (name.len == 0 || name.len > POSTERN_LRU_NAME_MAX) {
        return value;
    }

    link = postern_lru_link(lru, name);
    old = NULL;

    if (*link) {
        old = postern_lru_drop(lru, link);

    } else if (lru->count == lru->n) {
        old = postern_lru_pop(lru);
    }

    i = lru->free;
    entry = &lru->entries[i - 1];
    lru->free = entry->next;
    lru->count++;

    entry->value = value;
    entry->len = (uint32_t) name.len;
    memcpy(entry->name, name.data, name.len);

    /* what was dropped may have been the end of this chain */

    link = postern_lru_link(lru, name);
    entry->next = 0;
    *link = i;

    postern_lru_put(lru, i);

    return old;
}


void *
postern_lru_remove(postern_lru_t *lru, postern_str_t name)
{
    uint32_t  *link;

    link = postern_lru_link(lru, name);

    return *link ? postern_lru_drop(lru, link) : NULL;
}


void *
postern_lru_pop(postern_lru_t *lru)
{
    postern_str_t         name;
    postern_lru_entry_t  *entry;

    if (lru->count == 0) {
        return NULL;
    }

    entry = &lru->entries[lru->oldest - 1];

    name.data = entry->name;
    name.len = entry->len;

    return postern_lru_drop(lru, postern_lru_link(lru, name));
}


uint32_t
postern_lru_count(const postern_lru_t *lru)
{
    return lru->count;
}
