
#include <sodium.h>

#include "postern_argon2.h"
#include "postern_assert.h"
#include "postern_directory_parse.h"
#include "postern_seal.h"


#define POSTERN_DISPLAY_MAX   256
#define POSTERN_EMAIL_MAX     254     /* RFC 5321, erratum 1690 */


static int postern_parse_user(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_user_t *user);
static int postern_parse_email(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_user_t *user);
static int postern_parse_password(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_user_t *user);


int
postern_parse_users(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *org)
{
    void               *iter;
    size_t              n;
    json_t             *users;
    const json_t       *value;
    postern_user_t     *array, *user;
    postern_index_t    *table;
    postern_json_at_t   here, at;

    if (postern_parse_member(p, up, org, "users", JSON_OBJECT, &here, &value)
        != 0)
    {
        return -1;
    }

    users = (json_t *) value;
    n = json_object_size(users);
    table = &p->lookup->users[p->org->index];

    array = postern_parse_array(p, n, sizeof(postern_user_t));
    if (array == NULL) {
        return -1;
    }

    if (postern_index_init(table, array, n, sizeof(postern_user_t),
                           offsetof(postern_user_t, name), p->lookup->seed,
                           p->arena)
        != 0)
    {
        return postern_fault_memory(p);
    }

    p->org->users = array;
    at.up = &here;
    at.index = 0;

    for (iter = json_object_iter(users);
         iter;
         iter = json_object_iter_next(users, iter))
    {
        at.member = json_object_iter_key(iter);
        user = &array[p->org->nusers];
        user->org = p->org;

        if (postern_parse_name(p, &at, &user->name) != 0
            || postern_parse_user(p, &at, json_object_iter_value(iter), user)
               != 0)
        {
            return -1;
        }

        postern_index_add(table, p->org->nusers++);
    }

    return 0;
}


static int
postern_parse_user(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_user_t *user)
{
    const json_t       *roles;
    postern_json_at_t   here;

    static const char *const  members[] = {
        "name", "email", "status", "roles", "password", "factors", NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    if (postern_parse_members(p, at, json, members) != 0
        || postern_parse_text(p, at, json, "name", POSTERN_DISPLAY_MAX,
                              &user->display)
           != 0
        || postern_parse_email(p, at, json, user) != 0
        || postern_parse_status(p, at, json, &user->status) != 0
        || postern_parse_password(p, at, json, user) != 0
        || postern_parse_factors(p, at, json, user) != 0
        || postern_parse_member(p, at, json, "roles", JSON_ARRAY, &here,
                                &roles)
           != 0)
    {
        return -1;
    }

    return postern_parse_role_list(p, &here, roles, &user->roles,
                                   &user->nroles);
}


int
postern_parse_text(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *name, size_t max, postern_str_t *text)
{
    size_t              i;
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

    if (postern_parse_string(p, &at, value, max, &s) != 0) {
        return -1;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20
            || s.data[i] == 0x7f
            || (s.data[i] == 0xc2 && s.data[i + 1] < 0xa0))
        {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "holds a control character");
        }
    }

    return postern_parse_keep(p, s, text);
}


/* enough that a mail can be addressed without a surprise; whether it arrives
   only sending it tells */

static int
postern_parse_email(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_user_t *user)
{
    const char         *s, *sign;
    postern_json_at_t   at = { up, "email", 0 };

    if (postern_parse_text(p, up, json, "email", POSTERN_EMAIL_MAX,
                           &user->email)
        != 0)
    {
        return -1;
    }

    if (user->email.len == 0) {
        return 0;
    }

    s = (const char *) user->email.data;
    sign = strchr(s, '@');

    if (sign == NULL || sign == s || sign[1] == '\0'
        || strpbrk(s, " ,;<>\"\\") != NULL || strchr(sign + 1, '@') != NULL)
    {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be one address: somebody@example.com");
    }

    return 0;
}


static int
postern_parse_password(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_user_t *user)
{
    const char         *s;
    postern_argon2_t    hash;
    postern_json_at_t   at = { up, "password", 0 };

    if (postern_parse_text(p, up, json, "password", POSTERN_ARGON2_TEXT,
                           &user->password)
        != 0)
    {
        return -1;
    }

    if (user->password.len == 0) {
        return 0;
    }

    s = (const char *) user->password.data;

    if (strncmp(s, "$argon2id$", 10) != 0) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be an Argon2id hash (\"$argon2id$...\"), "
                             "never the password itself");
    }

    if (postern_argon2_parse(user->password, &hash) != 0) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "is not a whole Argon2id hash: "
                             "$argon2id$v=19$m=...,t=...,p=...$salt$hash");
    }

    if (!postern_argon2_bearable(&hash)) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "costs more than is ever spent on a sign-in: "
                             "m up to %d, t up to %d",
                             POSTERN_ARGON2_MEMORY_MAX,
                             POSTERN_ARGON2_PASSES_MAX);
    }

    return 0;
}
