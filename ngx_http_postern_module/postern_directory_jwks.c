
/* JWK Sets beside the document: RFC 7517, section 5 */

#include <stdio.h>
#include <stdlib.h>

#include "postern_directory_parse.h"
#include "postern_jwk.h"


/* a time in milliseconds would be of another millennium */
#define POSTERN_JWKS_TIME_MAX  100000000000


typedef struct {
    const postern_org_t      *org;
    const postern_role_t    **roles;
    uint32_t                  nroles;
    postern_network_t        *networks;
} postern_jwks_owner_t;


static int postern_jwks_load_one(postern_parse_t *p, uint32_t n,
    size_t *nkeys);
static int postern_jwks_told(postern_parse_t *p, const char *text,
    postern_str_t name);
static int postern_jwks_owner(postern_parse_t *p, const postern_jwks_t *set,
    postern_jwks_owner_t *owner);
static const postern_role_t *postern_jwks_role(const postern_org_t *org,
    postern_str_t name);
static int postern_jwks_set(postern_parse_t *p, postern_jwks_t *set,
    const json_t *keys);
static int postern_jwks_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_jwks_t *set,
    const postern_jwks_owner_t *owner);
static int postern_jwks_id(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const postern_jwks_t *set, postern_key_t *key);
static int postern_jwks_time(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, int64_t *time);


int
postern_jwks_load(postern_parse_t *p, size_t *nkeys)
{
    uint32_t       n;
    postern_str_t  text;

    *nkeys = 0;

    if (p->njwks == 0) {
        return 0;
    }

    p->sets = postern_parse_array(p, p->njwks, sizeof(json_t *));
    if (p->sets == NULL) {
        return -1;
    }

    text = p->text;

    for (n = 0; n < p->njwks; n++) {
        p->text = p->jwks[n].text;
        p->faulty = n;

        if (postern_jwks_load_one(p, n, nkeys) != 0) {
            return -1;
        }
    }

    p->text = text;
    p->faulty = p->njwks;

    return 0;
}


void
postern_jwks_free(postern_parse_t *p)
{
    uint32_t  n;

    for (n = 0; p->sets && n < p->njwks; n++) {
        json_decref(p->sets[n]);
    }
}


static int
postern_jwks_load_one(postern_parse_t *p, uint32_t n, size_t *nkeys)
{
    const json_t       *keys;
    postern_json_at_t   at;

    if (p->text.len > POSTERN_JWKS_MAX_SIZE) {
        return postern_jwks_told(p, "a set of keys may have 4 MiB",
                                 (postern_str_t) postern_null_string);
    }

    p->sets[n] = postern_json_load(p->text, p->err);
    if (p->sets[n] == NULL) {
        return -1;
    }

    if (!postern_json_is(p->sets[n], JSON_OBJECT)) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "a set of keys must be an object");
    }

    if (postern_parse_member(p, NULL, p->sets[n], "keys", JSON_ARRAY, &at,
                             &keys)
        != 0)
    {
        return -1;
    }

    if (keys == NULL) {
        return postern_fault(p, NULL, POSTERN_JSON_VALUE,
                             "the member \"keys\" is missing");
    }

    if (json_array_size(keys) > POSTERN_JWKS_MAX_KEYS) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "holds more than %d keys", POSTERN_JWKS_MAX_KEYS);
    }

    *nkeys += json_array_size(keys);

    return 0;
}


/* what is wrong with where the set belongs, and not with a place in it */

static int
postern_jwks_told(postern_parse_t *p, const char *text, postern_str_t name)
{
    char  quoted[64];

    memset(p->err, 0, sizeof(postern_error_t));

    snprintf(p->err->text, sizeof(p->err->text), "%s%s%s", text,
             name.data ? " " : "",
             name.data ? postern_json_quote(name, quoted, sizeof(quoted))
                       : "");

    return -1;
}


int
postern_parse_jwks(postern_parse_t *p)
{
    uint32_t       n;
    postern_str_t  text;

    text = p->text;

    for (n = 0; n < p->njwks; n++) {
        p->text = p->jwks[n].text;
        p->faulty = n;

        if (postern_jwks_set(p, &p->jwks[n],
                             json_object_get(p->sets[n], "keys"))
            != 0)
        {
            return -1;
        }
    }

    p->text = text;
    p->faulty = p->njwks;

    return 0;
}


static int
postern_jwks_set(postern_parse_t *p, postern_jwks_t *set, const json_t *keys)
{
    postern_json_at_t     here = { NULL, "keys", 0 }, at = { &here, NULL, 0 };
    postern_jwks_owner_t  owner;

    memset(&owner, 0, sizeof(postern_jwks_owner_t));

    set->nkeys = 0;
    set->nskipped = 0;

    if (postern_jwks_owner(p, set, &owner) != 0) {
        return -1;
    }

    for (at.index = 0; at.index < json_array_size(keys); at.index++) {

        if (postern_jwks_key(p, &at, json_array_get(keys, at.index), set,
                             &owner)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
postern_jwks_owner(postern_parse_t *p, const postern_jwks_t *set,
    postern_jwks_owner_t *owner)
{
    uint32_t  i;

    owner->org = postern_directory_org(p->dir, set->org);

    if (owner->org == NULL) {
        return postern_jwks_told(p, "the directory has no organization",
                                 set->org);
    }

    owner->nroles = set->nroles;
    owner->roles = postern_parse_array(p, set->nroles,
                                       sizeof(postern_role_t *));
    owner->networks = postern_parse_array(p, set->nnetworks,
                                          sizeof(postern_network_t));

    if (owner->roles == NULL || owner->networks == NULL) {
        return -1;
    }

    for (i = 0; i < set->nroles; i++) {
        owner->roles[i] = postern_jwks_role(owner->org, set->roles[i]);

        if (owner->roles[i] == NULL) {
            return postern_jwks_told(p, "its organization has no role",
                                     set->roles[i]);
        }
    }

    for (i = 0; i < set->nnetworks; i++) {
        owner->networks[i] = set->networks[i];
    }

    return 0;
}


static const postern_role_t *
postern_jwks_role(const postern_org_t *org, postern_str_t name)
{
    uint32_t  i;

    for (i = 0; i < org->nroles; i++) {
        if (postern_str_eq(org->roles[i].name, name)) {
            return &org->roles[i];
        }
    }

    return NULL;
}


static int
postern_jwks_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_jwks_t *set,
    const postern_jwks_owner_t *owner)
{
    unsigned        schemes;
    postern_key_t  *key;
    postern_alg_e   alg;

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    alg = postern_jwk_algorithm(json);

    /* 0 of it is for none */

    schemes = alg ? postern_alg_schemes(alg) : 0;
    schemes &= set->schemes ? set->schemes
                            : ~ (unsigned) POSTERN_SCHEMES_APART;

    if (schemes == 0) {
        set->nskipped++;
        return 0;
    }

    key = (postern_key_t *) &p->dir->keys[p->dir->nkeys];

    key->index = p->dir->nkeys;
    key->org = owner->org;
    key->roles = owner->roles;
    key->nroles = owner->nroles;
    key->algorithm = alg;
    key->schemes = schemes;
    key->networks = set->nnetworks ? owner->networks : NULL;
    key->nnetworks = set->nnetworks;
    key->not_before = POSTERN_TIME_MIN;
    key->not_after = POSTERN_TIME_MAX;

    if (postern_parse_jwk(p, at, json, alg, &key->public_key) != 0
        || postern_jwks_id(p, at, json, set, key) != 0
        || postern_jwks_time(p, at, json, "nbf", &key->not_before) != 0
        || postern_jwks_time(p, at, json, "exp", &key->not_after) != 0)
    {
        return -1;
    }

    if (key->not_after <= key->not_before) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "the key would never be valid: \"exp\" is not "
                             "later than \"nbf\"");
    }

    postern_parse_fingerprint(key);

    p->dir->algorithms |= 1u << alg;
    p->dir->nkeys++;
    set->nkeys++;

    return 0;
}


static int
postern_jwks_id(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const postern_jwks_t *set, postern_key_t *key)
{
    char                  name[64], thumbprint[POSTERN_THUMBPRINT_LEN + 1];
    const json_t         *kid;
    postern_str_t         id;
    postern_json_at_t     here;
    const postern_key_t  *other;

    if (postern_parse_member(p, up, json, "kid", JSON_STRING, &here, &kid)
        != 0)
    {
        return -1;
    }

    if (kid && !set->thumbprint) {
        id.data = (const unsigned char *) json_string_value(kid);
        id.len = json_string_length(kid);
        up = &here;

    } else {
        (void) postern_jwk_thumbprint(key->algorithm, key->public_key,
                                      thumbprint);

        id.data = (const unsigned char *) thumbprint;
        id.len = POSTERN_THUMBPRINT_LEN;
    }

    if (postern_parse_name_of(p, up, POSTERN_JSON_VALUE, id, &key->id) != 0) {
        return -1;
    }

    other = postern_index_add(&p->lookup->keys, key->index);

    if (other) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "the organization %s has a key of this id "
                             "already",
                             postern_json_quote(other->org->name, name,
                                                sizeof(name)));
    }

    if (postern_index_find(&p->lookup->users[key->org->index], key->id)) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "a key with roles of its own must not be named "
                             "like a user");
    }

    return 0;
}


/* seconds since the epoch, as the directories of Web Bot Auth have them */

static int
postern_jwks_time(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, int64_t *time)
{
    json_int_t          n;
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, json, name, JSON_INTEGER, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return 0;
    }

    n = json_integer_value(value);

    if (n < 0 || n > POSTERN_JWKS_TIME_MAX) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be a time in seconds (not milliseconds) "
                             "since 1970");
    }

    *time = n;

    return 0;
}
