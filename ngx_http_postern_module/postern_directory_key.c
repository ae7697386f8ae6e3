
#include "postern_directory_parse.h"


static int postern_parse_owner(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_times(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_key_t *key);
static int postern_parse_time(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, int64_t *time);


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


int
postern_parse_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_key_t *key)
{
    static const char *const  members[] = {
        "org", "user", "roles", "algorithm", "secret", "public_key", "jwk",
        "certificate", "crl", "subject", "principals", "private_key",
        "schemes", "rate", "status", "not_before", "not_after", "networks",
        NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    /* a key that stands apart says whose it is */

    if (postern_parse_members(p, at, json, members + !p->apart) != 0
        || postern_parse_owner(p, at, json, key) != 0
        || postern_parse_algorithm(p, at, json, key) != 0
        || postern_parse_schemes(p, at, json, key) != 0
        || postern_parse_material(p, at, json, key) != 0
        || postern_parse_status(p, at, json, &key->status) != 0
        || postern_parse_times(p, at, json, key) != 0
        || postern_parse_networks(p, at, json, key) != 0
        || postern_parse_rate(p, at, json, key) != 0)
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
