
/* what stands apart from the document, in Redis: a key, or ids of keys */

#include <openssl/ec.h>
#include <stdio.h>

#include "postern_directory_parse.h"


static const postern_key_t *postern_apart_parse(postern_parse_t *p,
    const json_t *json, postern_str_t id);
static int postern_apart_org(postern_parse_t *p, const json_t *json);
static int postern_apart_use(postern_parse_t *p, const postern_key_t *key);
static int postern_apart_twice(postern_parse_t *p, const postern_key_t *key);
static int postern_apart_principals(postern_parse_t *p,
    const postern_key_t *key);
static int postern_apart_principal(postern_parse_t *p,
    const postern_key_t *key);
static int postern_ids_space(unsigned char c);
static int postern_ids_has(const postern_str_t *ids, uint32_t n,
    postern_str_t id);
static void *postern_ids_fault(postern_error_t *err, size_t at,
    const char *fault);


const postern_key_t *
postern_directory_key_parse(const postern_directory_t *dir, postern_str_t id,
    postern_str_t text, postern_arena_t *arena, postern_error_t *err)
{
    size_t                i;
    json_t               *json;
    postern_parse_t       p;
    const postern_key_t  *key;
    postern_directory_t   counts;

    memset(err, 0, sizeof(postern_error_t));

    json = postern_json_load(text, err);
    if (json == NULL) {
        return NULL;
    }

    memset(&p, 0, sizeof(postern_parse_t));

    /* the parser counts secrets where it looks things up */

    counts = *dir;
    counts.nplain = 0;

    p.text = text;
    p.err = err;
    p.dir = &counts;
    p.arena = arena;
    p.lookup = (postern_lookup_t *) dir->lookup;
    p.apart = 1;

    key = NULL;
    p.scratch = postern_arena_create();

    if (p.scratch == NULL) {
        (void) postern_fault_memory(&p);

    } else {
        key = postern_apart_parse(&p, json, id);
    }

    postern_arena_destroy(p.scratch);

    for (i = 0; i < POSTERN_CURVES; i++) {
        EC_GROUP_free(p.groups[i]);
    }

    json_decref(json);

    return key;
}


int
postern_directory_key_id(postern_str_t id)
{
    size_t  i;

    for (i = 0; i < id.len; i++) {
        if (id.data[i] <= ' ' || id.data[i] > '~'
            || id.data[i] == '{' || id.data[i] == '}')
        {
            return 0;
        }
    }

    return id.len > 0 && id.len <= POSTERN_NAME_MAX;
}


static const postern_key_t *
postern_apart_parse(postern_parse_t *p, const json_t *json, postern_str_t id)
{
    postern_key_t  *key;

    if (!postern_directory_key_id(id)) {
        (void) postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "its id must be 1 to %d printable characters, "
                             "none of them a brace", POSTERN_NAME_MAX);
        return NULL;
    }

    if (!postern_json_is(json, JSON_OBJECT)) {
        (void) postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "must be an object");
        return NULL;
    }

    if (postern_apart_org(p, json) != 0) {
        return NULL;
    }

    key = postern_parse_array(p, 1, sizeof(postern_key_t));

    if (key == NULL || postern_parse_keep(p, id, &key->id) != 0) {
        return NULL;
    }

    key->index = POSTERN_KEY_APART;
    key->org = p->org;

    if (postern_parse_key(p, NULL, json, key) != 0
        || postern_apart_use(p, key) != 0
        || postern_apart_twice(p, key) != 0
        || postern_apart_principals(p, key) != 0
        || postern_apart_principal(p, key) != 0)
    {
        return NULL;
    }

    return key;
}


static int
postern_apart_org(postern_parse_t *p, const json_t *json)
{
    char                name[64];
    uint32_t            i;
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, NULL, json, "org", JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "the member \"org\" is missing");
    }

    if (postern_parse_string(p, &at, value, POSTERN_NAME_MAX, &s) != 0) {
        return -1;
    }

    p->org = (postern_org_t *) postern_directory_org(p->dir, s);

    if (p->org == NULL) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "the directory's file has no organization %s",
                             postern_json_quote(s, name, sizeof(name)));
    }

    if (postern_index_init(&p->roles, p->org->roles, p->org->nroles,
                           sizeof(postern_role_t),
                           offsetof(postern_role_t, name), p->lookup->seed,
                           p->scratch)
        != 0)
    {
        return postern_fault_memory(p);
    }

    for (i = 0; i < p->org->nroles; i++) {
        (void) postern_index_add(&p->roles, i);
    }

    return 0;
}


/* what only the document can hold */

static int
postern_apart_use(postern_parse_t *p, const postern_key_t *key)
{
    postern_json_at_t  at = { NULL, "secret", 0 };

    if (key->private_key.len) {
        at.member = "private_key";
    }

    if (p->dir->nplain) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "a secret must be sealed here");
    }

    return 0;
}


/* what is found by itself is the document's where that has it: whom would this
   one speak for? */

static int
postern_apart_twice(postern_parse_t *p, const postern_key_t *key)
{
    const postern_key_t  *other;

    if (!postern_alg_is_found(key->algorithm)) {
        return 0;
    }

    other = postern_directory_fingerprint(p->dir, key->fingerprint);

    if (other) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "has the same public key as \"%.*s\" of the "
                             "directory's file", (int) other->id.len,
                             (const char *) other->id.data);
    }

    return 0;
}


/* as for the document's own: whom would applications be told of? */

static int
postern_apart_principals(postern_parse_t *p, const postern_key_t *key)
{
    postern_json_at_t     all = { NULL, "principals", 0 };
    postern_json_at_t     at = { &all, NULL, 0 };
    const postern_key_t  *other;

    for (at.index = 0; at.index < key->nprincipals; at.index++) {
        other = postern_directory_key(p->dir, key->principals[at.index]);

        if (other && other->org == key->org && other->user == NULL) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "\"%.*s\" is a key of the directory's file, "
                                 "and a subject itself", (int) other->id.len,
                                 (const char *) other->id.data);
        }
    }

    return 0;
}


static int
postern_apart_principal(postern_parse_t *p, const postern_key_t *key)
{
    uint32_t              i, k;
    const postern_key_t  *authority;

    if (key->user) {
        return 0;
    }

    for (i = 0; i < p->dir->nauthorities; i++) {
        authority = p->dir->authorities[i];

        for (k = 0; k < authority->nprincipals; k++) {

            if (authority->org == key->org
                && postern_str_eq(authority->principals[k], key->id))
            {
                return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                                     "its id is a principal of the key "
                                     "\"%.*s\", and a subject itself",
                                     (int) authority->id.len,
                                     (const char *) authority->id.data);
            }
        }
    }

    return 0;
}


const postern_str_t *
postern_directory_ids_parse(postern_str_t text, postern_arena_t *arena,
    uint32_t *n, postern_error_t *err)
{
    size_t          i, begin;
    postern_str_t   id, *ids;

    memset(err, 0, sizeof(postern_error_t));

    *n = 0;

    ids = postern_arena_alloc(arena,
                              POSTERN_KEY_IDS_MAX * sizeof(postern_str_t));
    if (ids == NULL) {
        return postern_ids_fault(err, 0, "out of memory");
    }

    for (i = 0; i < text.len; i++) {

        if (postern_ids_space(text.data[i])) {
            continue;
        }

        begin = i;

        while (i < text.len && !postern_ids_space(text.data[i])) {
            i++;
        }

        id.data = text.data + begin;
        id.len = i - begin;

        if (!postern_directory_key_id(id)) {
            return postern_ids_fault(err, begin, "must be ids of keys, parted "
                                     "by blanks");
        }

        if (postern_ids_has(ids, *n, id)) {
            continue;
        }

        if (*n == POSTERN_KEY_IDS_MAX) {
            return postern_ids_fault(err, begin, "names too many keys");
        }

        if (postern_arena_dup(arena, id, &ids[*n]) != 0) {
            return postern_ids_fault(err, 0, "out of memory");
        }

        (*n)++;
    }

    return *n ? ids : postern_ids_fault(err, 0, "names no key");
}


static int
postern_ids_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* whoever appends one does not look whether it is there */

static int
postern_ids_has(const postern_str_t *ids, uint32_t n, postern_str_t id)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (postern_str_eq(ids[i], id)) {
            return 1;
        }
    }

    return 0;
}


static void *
postern_ids_fault(postern_error_t *err, size_t at, const char *fault)
{
    err->line = 1;
    err->column = (unsigned) at + 1;

    (void) snprintf(err->text, sizeof(err->text), "%s", fault);

    return NULL;
}
