
#include "postern_directory_parse.h"


#define POSTERN_NETWORKS_MAX  1024    /* of one key */


static int postern_parse_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_key_t *key);
static int postern_parse_owner(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_algorithm(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_material(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_times(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_time(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, int64_t *time);
static int postern_parse_networks(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);


int
postern_parse_keys(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *org)
{
    void                 *iter;
    char                  name[64];
    json_t               *keys;
    const json_t         *value;
    postern_key_t        *key;
    const postern_key_t  *other;
    postern_json_at_t     here, at;

    if (postern_parse_member(p, up, org, "keys", JSON_OBJECT, &here, &value)
        != 0)
    {
        return -1;
    }

    keys = (json_t *) value;
    at.up = &here;
    at.index = 0;

    for (iter = json_object_iter(keys);
         iter;
         iter = json_object_iter_next(keys, iter))
    {
        at.member = json_object_iter_key(iter);

        key = (postern_key_t *) &p->dir->keys[p->dir->nkeys];
        key->index = p->dir->nkeys;
        key->org = p->org;

        if (postern_parse_name(p, &at, &key->id) != 0) {
            return -1;
        }

        other = postern_index_add(&p->lookup->keys, key->index);

        if (other) {
            return postern_fault(p, &at, POSTERN_JSON_NAME,
                                 "the organization %s has a key of this id "
                                 "already",
                                 postern_json_quote(other->org->name, name,
                                                    sizeof(name)));
        }

        if (postern_parse_key(p, &at, json_object_iter_value(iter), key)
            != 0)
        {
            return -1;
        }

        p->dir->algorithms |= 1u << key->algorithm;
        p->dir->nkeys++;
    }

    return 0;
}


static int
postern_parse_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_key_t *key)
{
    static const char *const  members[] = {
        "user", "roles", "algorithm", "secret", "public_key", "status",
        "not_before", "not_after", "networks", NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    if (postern_parse_members(p, at, json, members) != 0
        || postern_parse_owner(p, at, json, key) != 0
        || postern_parse_algorithm(p, at, json, key) != 0
        || postern_parse_material(p, at, json, key) != 0
        || postern_parse_status(p, at, json, &key->status) != 0
        || postern_parse_times(p, at, json, key) != 0
        || postern_parse_networks(p, at, json, key) != 0)
    {
        return -1;
    }

    return 0;
}


/* a key acts for a user, or for itself with roles of its own */

static int
postern_parse_owner(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    const void         *found;
    const json_t       *user, *roles;
    postern_json_at_t   at, here;
    postern_index_t    *users;

    users = &p->lookup->users[p->org->index];

    if (postern_parse_member(p, up, json, "user", JSON_STRING, &at, &user)
        != 0
        || postern_parse_member(p, up, json, "roles", JSON_ARRAY, &here,
                                &roles)
           != 0)
    {
        return -1;
    }

    if (user && roles) {
        return postern_fault(p, &here, POSTERN_JSON_NAME,
                             "a key has either \"user\" or \"roles\", since "
                             "the roles of a user are the user's");
    }

    if (user) {
        if (postern_parse_reference(p, &at, user, users, "user", &found)
            != 0)
        {
            return -1;
        }

        key->user = found;
        key->roles = key->user->roles;
        key->nroles = key->user->nroles;

        return 0;
    }

    if (roles == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "a key must have \"user\" or \"roles\"");
    }

    /* its id becomes the subject, which applications take for the user */

    if (postern_index_find(users, key->id)) {
        return postern_fault(p, up, POSTERN_JSON_NAME,
                             "a key with roles of its own must not be named "
                             "like a user");
    }

    return postern_parse_role_list(p, &here, roles, &key->roles,
                                   &key->nroles);
}


static int
postern_parse_algorithm(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    char                name[64], hint[POSTERN_HINT];
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    static const char *const  known[] = {
        "hmac-sha256", "ed25519", "ecdsa-p256-sha256", NULL
    };

    if (postern_parse_member(p, up, json, "algorithm", JSON_STRING, &at,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "the member \"algorithm\" is missing");
    }

    if (postern_parse_string(p, &at, value, POSTERN_NAME_MAX, &s) != 0) {
        return -1;
    }

    key->algorithm = postern_alg_parse(s);
    if (key->algorithm
        && key->algorithm <= POSTERN_ALG_ECDSA_P256_SHA256)
    {
        return 0;
    }

    postern_hint(s, known, hint);

    return postern_fault(p, &at, POSTERN_JSON_VALUE,
                         "unknown algorithm %s%s",
                         postern_json_quote(s, name, sizeof(name)),
                         hint[0] ? hint
                                 : ", known are \"hmac-sha256\", \"ed25519\" "
                                   "and \"ecdsa-p256-sha256\"");
}


static int
postern_parse_material(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    int                 hmac;
    const char         *want;
    postern_str_t       alg;
    const json_t       *secret, *public;
    postern_json_at_t   at, here;

    if (postern_parse_member(p, up, json, "secret", JSON_STRING, &at, &secret)
        != 0
        || postern_parse_member(p, up, json, "public_key", JSON_STRING, &here,
                                &public)
           != 0)
    {
        return -1;
    }

    hmac = key->algorithm == POSTERN_ALG_HMAC_SHA256;
    want = hmac ? "secret" : "public_key";
    alg = postern_alg_name(key->algorithm);

    if (hmac ? public != NULL : secret != NULL) {
        return postern_fault(p, hmac ? &here : &at, POSTERN_JSON_NAME,
                             "a key of the algorithm \"%.*s\" has \"%s\" "
                             "instead", (int) alg.len, (char *) alg.data,
                             want);
    }

    if ((hmac ? secret : public) == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "a key of the algorithm \"%.*s\" must have "
                             "\"%s\"", (int) alg.len, (char *) alg.data,
                             want);
    }

    if (hmac) {
        return postern_parse_secret(p, &at, secret, "keys", key->id, "secret",
                                    &key->secret);
    }

    return postern_parse_public_key(p, &here, public, key->algorithm,
                                    &key->public_key);
}


static int
postern_parse_times(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    postern_json_at_t  at = { up, "not_after", 0 };

    key->not_before = POSTERN_TIME_MIN;
    key->not_after = POSTERN_TIME_MAX;

    if (postern_parse_time(p, up, json, "not_before", &key->not_before) != 0
        || postern_parse_time(p, up, json, "not_after", &key->not_after) != 0)
    {
        return -1;
    }

    if (key->not_after <= key->not_before) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "the key would never be valid: \"not_after\" is "
                             "not later than \"not_before\"");
    }

    return 0;
}


static int
postern_parse_time(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, int64_t *time)
{
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, json, name, JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return 0;
    }

    s.data = (const unsigned char *) json_string_value(value);
    s.len = json_string_length(value);

    if (postern_time_parse(s, time) != 0) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be a time like \"2027-01-01T00:00:00Z\" "
                             "(RFC 3339)");
    }

    return 0;
}


static int
postern_parse_networks(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    char                name[64];
    size_t              n;
    const char         *text;
    const json_t       *value;
    postern_str_t       s;
    postern_json_at_t   here, at;
    postern_network_t  *array;

    if (postern_parse_member(p, up, json, "networks", JSON_ARRAY, &here,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return 0;
    }

    n = json_array_size(value);

    /* "from nowhere" and "from anywhere" must not look alike */

    if (n == 0 || n > POSTERN_NETWORKS_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "must name 1 to %d networks; leave it out to "
                             "allow any", POSTERN_NETWORKS_MAX);
    }

    array = postern_parse_array(p, n, sizeof(postern_network_t));
    if (array == NULL) {
        return -1;
    }

    at.up = &here;
    at.member = NULL;

    for (at.index = 0; at.index < n; at.index++) {
        if (postern_parse_string(p, &at, json_array_get(value, at.index),
                                 POSTERN_NAME_MAX, &s)
            != 0)
        {
            return -1;
        }

        text = postern_network_parse(s, &array[at.index]);
        if (text) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE, "%s %s",
                                 postern_json_quote(s, name, sizeof(name)),
                                 text);
        }
    }

    key->networks = array;
    key->nnetworks = n;

    return 0;
}
