
#include <openssl/ec.h>
#include <sodium.h>
#include <stdio.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


#define POSTERN_DIRECTORY_VERSION  1


static postern_directory_t *postern_directory_create(postern_error_t *err);
static int postern_parse_document(postern_parse_t *p, const json_t *json);
static int postern_parse_version(postern_parse_t *p, const json_t *json);
static int postern_parse_orgs(postern_parse_t *p, const json_t *json);
static int postern_parse_sizes(postern_parse_t *p, const json_t *orgs);
static int postern_parse_org_name(postern_parse_t *p,
    const postern_json_at_t *at, postern_org_t *org);
static int postern_parse_org(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json);


postern_directory_t *
postern_directory_parse(postern_str_t text, postern_error_t *err)
{
    uint32_t  faulty;

    return postern_directory_parse_sets(text, NULL, 0, &faulty, err);
}


postern_directory_t *
postern_directory_parse_sets(postern_str_t text, postern_jwks_t *sets,
    uint32_t nsets, uint32_t *faulty, postern_error_t *err)
{
    int              i, rc;
    json_t          *json;
    postern_parse_t  p;

    *faulty = nsets;
    memset(err, 0, sizeof(postern_error_t));

    if (text.len > POSTERN_DIRECTORY_MAX_SIZE) {
        snprintf(err->text, sizeof(err->text), "the document is larger than "
                 "%d bytes", POSTERN_DIRECTORY_MAX_SIZE);
        return NULL;
    }

    json = postern_json_load(text, err);
    if (json == NULL) {
        return NULL;
    }

    memset(&p, 0, sizeof(postern_parse_t));

    p.text = text;
    p.err = err;
    p.dir = postern_directory_create(err);

    if (p.dir == NULL) {
        json_decref(json);
        return NULL;
    }

    p.arena = p.dir->arena;
    p.lookup = (postern_lookup_t *) p.dir->lookup;
    p.jwks = sets;
    p.njwks = nsets;
    p.faulty = nsets;

    rc = postern_parse_document(&p, json);

    *faulty = p.faulty;

    for (i = 0; i < POSTERN_CURVES; i++) {
        EC_GROUP_free(p.groups[i]);
    }

    postern_jwks_free(&p);
    json_decref(json);

    if (rc != 0) {
        postern_directory_destroy(p.dir);
        return NULL;
    }

    return p.dir;
}


static postern_directory_t *
postern_directory_create(postern_error_t *err)
{
    int                   rc;
    postern_arena_t      *arena;
    postern_lookup_t     *lookup;
    postern_directory_t  *dir;

    rc = sodium_init();

    if (POSTERN_NEVER(rc < 0)) {
        snprintf(err->text, sizeof(err->text), "no source of random bytes");
        return NULL;
    }

    arena = postern_arena_create();
    if (arena == NULL) {
        goto failed;
    }

    dir = postern_arena_alloc(arena, sizeof(postern_directory_t));
    lookup = postern_arena_alloc(arena, sizeof(postern_lookup_t));

    if (dir == NULL || lookup == NULL) {
        postern_arena_destroy(arena);
        goto failed;
    }

    randombytes_buf(lookup->seed, sizeof(lookup->seed));

    dir->arena = arena;
    dir->lookup = lookup;

    return dir;

failed:

    snprintf(err->text, sizeof(err->text), "out of memory");

    return NULL;
}


void
postern_directory_destroy(postern_directory_t *dir)
{
    if (dir) {
        postern_arena_destroy(dir->arena);
    }
}


static int
postern_parse_document(postern_parse_t *p, const json_t *json)
{
    static const char *const  members[] = { "version", "organizations", NULL };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "the document must be an object");
    }

    /* first, so that a document of a later version is told as such */

    if (postern_parse_version(p, json) != 0
        || postern_parse_members(p, NULL, json, members) != 0)
    {
        return -1;
    }

    if (postern_parse_orgs(p, json) != 0
        || postern_parse_jwks(p) != 0)
    {
        return -1;
    }

    return postern_parse_links(p);
}


static int
postern_parse_version(postern_parse_t *p, const json_t *json)
{
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, NULL, json, "version", JSON_INTEGER, &at,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "the member \"version\" is missing");
    }

    if (json_integer_value(value) != POSTERN_DIRECTORY_VERSION) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be %d, the only version there is",
                             POSTERN_DIRECTORY_VERSION);
    }

    return 0;
}


static int
postern_parse_orgs(postern_parse_t *p, const json_t *json)
{
    int                 rc;
    void               *iter;
    json_t             *orgs;
    const json_t       *value;
    postern_org_t      *array;
    postern_json_at_t   up, at;

    if (postern_parse_member(p, NULL, json, "organizations", JSON_OBJECT, &up,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "the member \"organizations\" is missing");
    }

    if (postern_parse_sizes(p, value) != 0) {
        return -1;
    }

    orgs = (json_t *) value;
    array = (postern_org_t *) p->dir->orgs;

    at.up = &up;
    at.index = 0;

    for (iter = json_object_iter(orgs);
         iter;
         iter = json_object_iter_next(orgs, iter))
    {
        at.member = json_object_iter_key(iter);

        p->org = &array[p->dir->norgs];
        p->org->index = p->dir->norgs;

        p->scratch = postern_arena_create();
        if (p->scratch == NULL) {
            return postern_fault_memory(p);
        }

        rc = postern_parse_org_name(p, &at, p->org);

        if (rc == 0) {
            postern_index_add(&p->lookup->orgs, p->org->index);
            p->dir->norgs++;

            rc = postern_parse_org(p, &at, json_object_iter_value(iter));
        }

        postern_arena_destroy(p->scratch);

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


/* keys of all organizations lie in one array, so they are counted first */

static int
postern_parse_sizes(postern_parse_t *p, const json_t *orgs)
{
    void                *iter;
    size_t               n, nkeys;
    postern_lookup_t    *lookup;
    postern_directory_t *dir;

    n = json_object_size(orgs);

    if (postern_jwks_load(p, &nkeys) != 0) {
        return -1;
    }

    for (iter = json_object_iter((json_t *) orgs);
         iter;
         iter = json_object_iter_next((json_t *) orgs, iter))
    {
        /* 0 for what is not an object, which is told later */
        nkeys += json_object_size(json_object_get(json_object_iter_value(iter),
                                                  "keys"));
    }

    dir = p->dir;
    lookup = p->lookup;

    dir->orgs = postern_parse_array(p, n, sizeof(postern_org_t));
    dir->keys = postern_parse_array(p, nkeys, sizeof(postern_key_t));
    lookup->users = postern_parse_array(p, n, sizeof(postern_index_t));

    if (dir->orgs == NULL || dir->keys == NULL || lookup->users == NULL) {
        return -1;
    }

    if (postern_index_init(&lookup->orgs, dir->orgs, n, sizeof(postern_org_t),
                           offsetof(postern_org_t, name), lookup->seed,
                           p->arena)
        != 0
        || postern_index_init(&lookup->keys, dir->keys, nkeys,
                              sizeof(postern_key_t),
                              offsetof(postern_key_t, id), lookup->seed,
                              p->arena)
        != 0)
    {
        return postern_fault_memory(p);
    }

    return 0;
}


static int
postern_parse_org_name(postern_parse_t *p, const postern_json_at_t *at,
    postern_org_t *org)
{
    if (postern_parse_name(p, at, &org->name) != 0) {
        return -1;
    }

    /* braces mark the hash tag of Redis keys, the slash parts the name of a
       sealed record: both must have one reading */

    if (strpbrk(at->member, "{}/") != NULL) {
        return postern_fault(p, at, POSTERN_JSON_NAME,
                             "the name of an organization must not hold "
                             "\"{\", \"}\" or \"/\"");
    }

    return 0;
}


static int
postern_parse_org(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json)
{
    static const char *const  members[] = {
        "users", "keys", "permissions", "resources", "roles", NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    if (postern_parse_members(p, at, json, members) != 0) {
        return -1;
    }

    /* each refers to what was read before it */

    if (postern_parse_roles(p, at, json) != 0
        || postern_parse_users(p, at, json) != 0
        || postern_parse_keys(p, at, json) != 0)
    {
        return -1;
    }

    return 0;
}
