
/* what is known once every key is: authorities, fingerprints, and principals
   that would be taken for somebody else */

#include <sodium.h>

#include "postern_directory_parse.h"


static int postern_link_fingerprints(postern_parse_t *p);
static int postern_link_principals(postern_parse_t *p,
    const postern_key_t *key);
static int postern_link_fault(postern_parse_t *p, const postern_key_t *key,
    const char *what, const postern_key_t *other, const char *why);


int
postern_parse_links(postern_parse_t *p)
{
    uint32_t                    i;
    const postern_key_t        *key;
    const postern_key_t       **authorities;
    const postern_directory_t  *dir;

    dir = p->dir;

    for (i = 0; i < dir->nkeys; i++) {
        p->dir->nauthorities += postern_alg_is_authority(
                                    dir->keys[i].algorithm);
    }

    authorities = postern_parse_array(p, dir->nauthorities,
                                      sizeof(postern_key_t *));
    if (authorities == NULL) {
        return -1;
    }

    p->dir->authorities = authorities;

    for (i = 0; i < dir->nkeys; i++) {
        key = &dir->keys[i];

        if (postern_alg_is_authority(key->algorithm)) {
            *authorities++ = key;

            if (postern_link_principals(p, key) != 0) {
                return -1;
            }
        }
    }

    return postern_link_fingerprints(p);
}


/* only of keys that are found by nothing else: an ssh or x509 key listed twice
   would speak for either of two */

static int
postern_link_fingerprints(postern_parse_t *p)
{
    uint32_t                     i, n;
    postern_key_t               *key;
    postern_fingerprint_t       *array;
    const postern_fingerprint_t *other;

    n = 0;

    for (i = 0; i < p->dir->nkeys; i++) {
        n += postern_alg_is_found(p->dir->keys[i].algorithm);
    }

    array = postern_parse_array(p, n, sizeof(postern_fingerprint_t));
    if (array == NULL) {
        return -1;
    }

    if (postern_index_init(&p->lookup->fingerprints, array, n,
                           sizeof(postern_fingerprint_t),
                           offsetof(postern_fingerprint_t, fingerprint),
                           p->lookup->seed, p->arena)
        != 0)
    {
        return postern_fault_memory(p);
    }

    n = 0;

    for (i = 0; i < p->dir->nkeys; i++) {
        key = (postern_key_t *) &p->dir->keys[i];

        if (!postern_alg_is_found(key->algorithm)) {
            continue;
        }

        array[n].fingerprint.data = key->fingerprint;
        array[n].fingerprint.len = sizeof(key->fingerprint);
        array[n].key = key;

        other = postern_index_add(&p->lookup->fingerprints, n);

        if (other) {
            return postern_link_fault(p, key, "has the same public key as",
                                      other->key,
                                      ": whom would it speak for?");
        }

        n++;
    }

    return 0;
}


/* applications are told one name for a principal, a user and a key that is its
   own subject; of a user it is meant */

static int
postern_link_principals(postern_parse_t *p, const postern_key_t *key)
{
    uint32_t              i;
    const postern_key_t  *other;

    for (i = 0; i < key->nprincipals; i++) {
        other = postern_index_find(&p->lookup->keys, key->principals[i]);

        if (other && other->org == key->org && other->user == NULL) {
            return postern_link_fault(p, key,
                                      "has a principal named like the key",
                                      other, ", which is a subject itself");
        }
    }

    return 0;
}


static int
postern_link_fault(postern_parse_t *p, const postern_key_t *key,
    const char *what, const postern_key_t *other, const char *why)
{
    char               name[64];
    postern_json_at_t  orgs = { NULL, "organizations", 0 };
    postern_json_at_t  org = { &orgs, (const char *) key->org->name.data, 0 };
    postern_json_at_t  keys = { &org, "keys", 0 };
    postern_json_at_t  at = { &keys, (const char *) key->id.data, 0 };

    return postern_fault(p, &at, POSTERN_JSON_NAME, "%s %s%s", what,
                         postern_json_quote(other->id, name, sizeof(name)),
                         why);
}
