
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


static uint32_t postern_index_hash(const postern_index_t *table,
    postern_str_t name);
static const postern_str_t *postern_index_name(const postern_index_t *table,
    uint32_t index);


int
postern_index_init(postern_index_t *table, const void *entries, uint32_t n,
    size_t stride, size_t offset, const unsigned char *seed,
    postern_arena_t *arena)
{
    size_t  slots;

    /* at most half full, so that a search ends soon */

    for (slots = 2; slots < (size_t) n * 2; slots *= 2) { /* void */ }

    table->entries = entries;
    table->stride = stride;
    table->offset = offset;
    table->seed = seed;
    table->mask = slots - 1;
    table->n = n;

    table->slots = postern_arena_alloc(arena, slots * sizeof(uint32_t));

    return table->slots ? 0 : -1;
}


const void *
postern_index_add(postern_index_t *table, uint32_t index)
{
    uint32_t              i;
    const postern_str_t  *name;

    name = postern_index_name(table, index);
    i = postern_index_hash(table, *name);

    while (table->slots[i]) {
        if (postern_str_eq(*postern_index_name(table, table->slots[i] - 1),
                           *name))
        {
            return table->entries + table->stride * (table->slots[i] - 1);
        }

        i = (i + 1) & table->mask;
    }

    table->slots[i] = index + 1;

    return NULL;
}


const void *
postern_index_find(const postern_index_t *table, postern_str_t name)
{
    uint32_t  i;

    /* every table is made, if for no entry */

    if (POSTERN_NEVER(table->slots == NULL)) {
        return NULL;
    }

    i = postern_index_hash(table, name);

    while (table->slots[i]) {
        if (postern_str_eq(*postern_index_name(table, table->slots[i] - 1),
                           name))
        {
            return table->entries + table->stride * (table->slots[i] - 1);
        }

        i = (i + 1) & table->mask;
    }

    return NULL;
}


static uint32_t
postern_index_hash(const postern_index_t *table, postern_str_t name)
{
    uint64_t       hash;
    unsigned char  out[crypto_shorthash_BYTES];

    crypto_shorthash(out, name.data, name.len, table->seed);
    memcpy(&hash, out, sizeof(hash));

    return hash & table->mask;
}


static const postern_str_t *
postern_index_name(const postern_index_t *table, uint32_t index)
{
    return (const postern_str_t *) (table->entries + table->stride * index
                                    + table->offset);
}


const postern_org_t *
postern_directory_org(const postern_directory_t *dir, postern_str_t name)
{
    const postern_lookup_t  *lookup = dir->lookup;

    return postern_index_find(&lookup->orgs, name);
}


const postern_key_t *
postern_directory_key(const postern_directory_t *dir, postern_str_t id)
{
    const postern_lookup_t  *lookup = dir->lookup;

    return postern_index_find(&lookup->keys, id);
}


const postern_key_t *
postern_directory_fingerprint(const postern_directory_t *dir,
    const unsigned char fingerprint[32])
{
    postern_str_t                 name = { 32, fingerprint };
    const postern_lookup_t       *lookup = dir->lookup;
    const postern_fingerprint_t  *found;

    found = postern_index_find(&lookup->fingerprints, name);

    return found ? found->key : NULL;
}


const postern_user_t *
postern_directory_user(const postern_directory_t *dir,
    const postern_org_t *org, postern_str_t name)
{
    const postern_lookup_t  *lookup = dir->lookup;

    return postern_index_find(&lookup->users[org->index], name);
}
