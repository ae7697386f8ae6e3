
#include "postern_directory_parse.h"


/* a height while the role is on the way that is being walked */
#define POSTERN_ROLE_OPEN  0xff


/* reads one member of a section; at is where it stands */

typedef int (*postern_entry_pt)(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *json, void *entry,
    uint32_t index);


static int postern_parse_section(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *org, const char *name,
    size_t size, postern_index_t *table, postern_entry_pt handler,
    const void *out, uint32_t *nout);
static int postern_parse_permission(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *json, void *entry,
    uint32_t index);
static int postern_parse_resource(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *json, void *entry,
    uint32_t index);
static int postern_parse_strings(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, size_t max,
    const char *(*fault)(postern_str_t s), const char *none,
    const postern_str_t **out, uint32_t *nout);
static int postern_parse_role(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, void *entry, uint32_t index);
static int postern_parse_role_body(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *roles);
static int postern_parse_grants(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json, postern_role_t *role);
static int postern_parse_grant(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *json, postern_grant_t *grant);
static int postern_parse_inheritance(postern_parse_t *p,
    const postern_json_at_t *up);
static int postern_role_height(postern_parse_t *p,
    const postern_json_at_t *up, const postern_role_t *role,
    unsigned char *heights, unsigned steps);


int
postern_parse_roles(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *org)
{
    const json_t       *roles;
    postern_json_at_t   up;

    if (postern_parse_section(p, at, org, "permissions",
                              sizeof(postern_permission_t), &p->permissions,
                              postern_parse_permission, &p->org->permissions,
                              &p->org->npermissions)
        != 0
        || postern_parse_section(p, at, org, "resources",
                                 sizeof(postern_resource_t), &p->resources,
                                 postern_parse_resource, &p->org->resources,
                                 &p->org->nresources)
        != 0
        || postern_parse_section(p, at, org, "roles", sizeof(postern_role_t),
                                 &p->roles, postern_parse_role,
                                 &p->org->roles, &p->org->nroles)
        != 0)
    {
        return -1;
    }

    if (p->org->nroles == 0) {
        return 0;
    }

    /* roles inherit from roles that stand after them, hence a second pass */

    postern_parse_member(p, at, org, "roles", JSON_OBJECT, &up, &roles);

    if (postern_parse_role_body(p, &up, roles) != 0) {
        return -1;
    }

    return postern_parse_inheritance(p, &up);
}


/* permissions, resources and roles all begin with their name and index */

static int
postern_parse_section(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *org, const char *name, size_t size, postern_index_t *table,
    postern_entry_pt handler, const void *out, uint32_t *nout)
{
    void               *iter;
    size_t              n;
    json_t             *section;
    uint32_t            i;
    const json_t       *value;
    unsigned char      *array;
    postern_json_at_t   here, at;

    memset(table, 0, sizeof(postern_index_t));

    if (postern_parse_member(p, up, org, name, JSON_OBJECT, &here, &value)
        != 0)
    {
        return -1;
    }

    n = json_object_size(value);

    array = postern_parse_array(p, n, size);
    if (array == NULL) {
        return -1;
    }

    if (postern_index_init(table, array, n, size, 0, p->lookup->seed,
                           p->scratch)
        != 0)
    {
        return postern_fault_memory(p);
    }

    section = (json_t *) value;
    at.up = &here;
    at.index = 0;

    for (iter = json_object_iter(section), i = 0;
         iter;
         iter = json_object_iter_next(section, iter), i++)
    {
        at.member = json_object_iter_key(iter);

        if (postern_parse_name(p, &at, (postern_str_t *) (array + i * size))
            != 0
            || handler(p, &at, json_object_iter_value(iter), array + i * size,
                       i)
            != 0)
        {
            return -1;
        }

        postern_index_add(table, i);
    }

    memcpy((void *) out, &array, sizeof(array));
    *nout = n;

    return 0;
}


static int
postern_parse_permission(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, void *entry, uint32_t index)
{
    postern_permission_t  *permission = entry;

    permission->index = index;

    return postern_parse_strings(p, at, json, POSTERN_NAME_MAX,
                                 postern_method_fault, "method",
                                 &permission->methods, &permission->nmethods);
}


static int
postern_parse_resource(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, void *entry, uint32_t index)
{
    postern_resource_t  *resource = entry;

    resource->index = index;

    return postern_parse_strings(p, at, json, POSTERN_PATTERN_MAX,
                                 postern_pattern_fault, "pattern",
                                 &resource->patterns, &resource->npatterns);
}


static int
postern_parse_strings(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, size_t max, const char *(*fault)(postern_str_t s),
    const char *none, const postern_str_t **out, uint32_t *nout)
{
    size_t              n;
    const char         *text;
    postern_str_t      *array, s;
    postern_json_at_t   at = { up, NULL, 0 };

    if (!postern_json_is(json, JSON_ARRAY)) {
        return postern_fault(p, up, POSTERN_JSON_VALUE, "must be an array");
    }

    n = json_array_size(json);

    if (n == 0) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "must name at least one %s", none);
    }

    array = postern_parse_array(p, n, sizeof(postern_str_t));
    if (array == NULL) {
        return -1;
    }

    for (at.index = 0; at.index < n; at.index++) {
        if (postern_parse_string(p, &at, json_array_get(json, at.index), max,
                                 &s)
            != 0)
        {
            return -1;
        }

        text = fault(s);
        if (text) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE, "%s", text);
        }

        if (postern_parse_keep(p, s, &array[at.index]) != 0) {
            return -1;
        }
    }

    *out = array;
    *nout = n;

    return 0;
}


static int
postern_parse_role(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, void *entry, uint32_t index)
{
    postern_role_t  *role = entry;

    static const char *const  members[] = { "inherits", "grants", NULL };

    role->index = index;

    /* $postern_roles lists them */

    if (strchr(at->member, ',') != NULL) {
        return postern_fault(p, at, POSTERN_JSON_NAME,
                             "the name of a role must not hold a comma, which "
                             "parts the roles of a subject");
    }

    if (!postern_json_is(json, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    return postern_parse_members(p, at, json, members);
}


static int
postern_parse_role_body(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *roles)
{
    uint32_t            i;
    const json_t       *role, *value;
    postern_role_t     *array;
    postern_json_at_t   at, here;

    array = (postern_role_t *) p->org->roles;
    at.up = up;
    at.index = 0;

    for (i = 0; i < p->org->nroles; i++) {
        at.member = (const char *) array[i].name.data;
        role = json_object_get(roles, at.member);

        if (postern_parse_member(p, &at, role, "inherits", JSON_ARRAY, &here,
                                 &value)
            != 0
            || postern_parse_role_list(p, &here, value, &array[i].inherits,
                                       &array[i].ninherits)
            != 0)
        {
            return -1;
        }

        if (postern_parse_member(p, &at, role, "grants", JSON_ARRAY, &here,
                                 &value)
            != 0
            || postern_parse_grants(p, &here, value, &array[i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


int
postern_parse_role_list(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *list, const postern_role_t *const **roles, uint32_t *n)
{
    size_t                  len;
    const void             *role;
    postern_json_at_t       at = { up, NULL, 0 };
    const postern_role_t  **array;

    len = json_array_size(list);

    if (len == 0) {
        return 0;
    }

    array = postern_parse_array(p, len, sizeof(postern_role_t *));
    if (array == NULL) {
        return -1;
    }

    for (at.index = 0; at.index < len; at.index++) {
        if (postern_parse_reference(p, &at, json_array_get(list, at.index),
                                    &p->roles, "role", &role)
            != 0)
        {
            return -1;
        }

        array[at.index] = role;
    }

    *roles = array;
    *n = len;

    return 0;
}


static int
postern_parse_grants(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_role_t *role)
{
    size_t              n;
    postern_grant_t    *grants;
    postern_json_at_t   at = { up, NULL, 0 };

    n = json_array_size(json);

    grants = postern_parse_array(p, n, sizeof(postern_grant_t));
    if (grants == NULL) {
        return -1;
    }

    for (at.index = 0; at.index < n; at.index++) {
        if (postern_parse_grant(p, &at, json_array_get(json, at.index),
                                &grants[at.index])
            != 0)
        {
            return -1;
        }
    }

    role->grants = grants;
    role->ngrants = n;

    return 0;
}


static int
postern_parse_grant(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_grant_t *grant)
{
    const void         *entry;
    postern_json_at_t   at = { up, NULL, 0 };

    if (!postern_json_is(json, JSON_ARRAY) || json_array_size(json) != 2) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "a grant must be [permission, resource]");
    }

    if (postern_parse_reference(p, &at, json_array_get(json, 0),
                                &p->permissions, "permission", &entry)
        != 0)
    {
        return -1;
    }

    grant->permission = entry;
    at.index = 1;

    if (postern_parse_reference(p, &at, json_array_get(json, 1),
                                &p->resources, "resource", &entry)
        != 0)
    {
        return -1;
    }

    grant->resource = entry;

    return 0;
}


static int
postern_parse_inheritance(postern_parse_t *p, const postern_json_at_t *up)
{
    uint32_t        i;
    unsigned char  *heights;

    heights = postern_arena_alloc(p->scratch, p->org->nroles);
    if (heights == NULL) {
        return postern_fault_memory(p);
    }

    for (i = 0; i < p->org->nroles; i++) {
        if (postern_role_height(p, up, &p->org->roles[i], heights, 0) < 0) {
            return -1;
        }
    }

    return 0;
}


/*
 * The longest way up from a role, counted in roles; each role is walked once.
 * steps bounds the recursion, heights the ways that meet what was walked.
 */

static int
postern_role_height(postern_parse_t *p, const postern_json_at_t *up,
    const postern_role_t *role, unsigned char *heights, unsigned steps)
{
    int                 h, max;
    char                name[64];
    postern_json_at_t   this = { up, (const char *) role->name.data, 0 };
    postern_json_at_t   list = { &this, "inherits", 0 };
    postern_json_at_t   at = { &list, NULL, 0 };

    if (heights[role->index]) {
        return heights[role->index];
    }

    heights[role->index] = POSTERN_ROLE_OPEN;
    max = 0;

    for (at.index = 0; at.index < role->ninherits; at.index++) {

        if (heights[role->inherits[at.index]->index] == POSTERN_ROLE_OPEN) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "the role %s inherits itself",
                                 postern_json_quote(
                                     role->inherits[at.index]->name, name,
                                     sizeof(name)));
        }

        h = steps < POSTERN_INHERIT_MAX
            ? postern_role_height(p, up, role->inherits[at.index], heights,
                                  steps + 1)
            : POSTERN_INHERIT_MAX + 1;

        if (h < 0) {
            return -1;
        }

        if (h > POSTERN_INHERIT_MAX) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "roles inherit more than %d steps deep",
                                 POSTERN_INHERIT_MAX);
        }

        max = h > max ? h : max;
    }

    heights[role->index] = max + 1;

    return max + 1;
}
