
#include "rbac_match.h"


#define RBAC_NO_NUMBER   255    /* a method that no permission names */
#define RBAC_NEAR_SLOTS  256    /* looked through for who could have */


typedef struct {
    const rbac_org_t              *org;
    const postern_role_t *const   *roles;
    size_t                         nroles;
    postern_str_t                  method;
    unsigned                       number;
    size_t                         nearest;  /* where v->resource matched */
    rbac_verdict_t                *v;
} rbac_match_t;


typedef struct {
    uint32_t                       node;
    size_t                         pos;      /* where its next segment begins */
} rbac_step_t;


typedef struct {
    char                          *p;
    char                          *last;
} rbac_text_t;


static void rbac_match_path(rbac_match_t *m, postern_str_t path);
static int rbac_match_links(rbac_match_t *m, uint32_t link, size_t pos);
static int rbac_match_resource(rbac_match_t *m, uint32_t resource, size_t pos);
static const rbac_slot_t *rbac_match_slot(const rbac_org_t *o,
    const rbac_resource_t *res, uint32_t role);
static int rbac_match_slot_perms(rbac_match_t *m, const rbac_slot_t *slot,
    uint32_t *permission);
static int rbac_match_method(const rbac_org_t *o, uint32_t permission,
    unsigned number, postern_str_t method);
static unsigned rbac_method_number(const rbac_org_t *o, postern_str_t method);
static const postern_role_t *rbac_near_role(const rbac_org_t *o,
    const rbac_verdict_t *v, postern_str_t method);
static void rbac_text_role(rbac_text_t *t, const rbac_verdict_t *v);
static void rbac_text_name(rbac_text_t *t, const char *what,
    postern_str_t name);
static void rbac_text(rbac_text_t *t, const void *s, size_t len);


#define rbac_text_literal(t, s)  rbac_text(t, s, sizeof(s) - 1)


rbac_code_e
rbac_decide(const rbac_policy_t *policy, const postern_org_t *org,
    const postern_role_t *const *roles, size_t nroles, postern_str_t method,
    postern_str_t path, rbac_verdict_t *v)
{
    rbac_match_t  m;

    memset(v, 0, sizeof(rbac_verdict_t));

    if (org == NULL || org->index >= policy->norgs
        || policy->orgs[org->index].org != org)
    {
        v->code = RBAC_NO_ORG;
        return v->code;
    }

    if (nroles == 0) {
        v->code = RBAC_NO_ROLE;
        return v->code;
    }

    v->code = RBAC_NO_RESOURCE;

    m.org = &policy->orgs[org->index];
    m.roles = roles;
    m.nroles = nroles;
    m.method = method;
    m.number = rbac_method_number(m.org, method);
    m.nearest = 0;
    m.v = v;

    rbac_match_path(&m, path);

    return v->code;
}


/*
 * Walks all patterns that match, literal segments first, until one grants.
 * Each turn takes one step from the stack and puts at most two, a level deeper
 * than its own, so that the stack never holds more than the levels and one.
 */

static void
rbac_match_path(rbac_match_t *m, postern_str_t path)
{
    size_t                pos, len;
    uint32_t              index, child;
    unsigned              n, steps;
    rbac_step_t           stack[RBAC_MAX_DEPTH + 2];
    const rbac_node_t    *node;
    const unsigned char  *p, *end;

    if (path.len == 0 || path.data[0] != '/') {
        return;
    }

    stack[0].node = 0;
    stack[0].pos = 1;

    for (n = 1, steps = 0; n != 0; steps++) {

        if (steps == RBAC_MAX_STEPS) {
            m->v->code = RBAC_LIMIT;
            return;
        }

        n--;
        index = stack[n].node;
        pos = stack[n].pos;
        node = rbac_node(m->org, index);

        if (pos > path.len) {
            m->v->reach = path.len;

            if (node->end && rbac_match_links(m, node->end, pos)) {
                return;
            }

            continue;
        }

        if (pos > m->v->reach) {
            m->v->reach = pos;
        }

        if (node->rest && rbac_match_links(m, node->rest, pos)) {
            return;
        }

        p = path.data + pos;
        end = memchr(p, '/', path.len - pos);
        len = end ? (size_t) (end - p) : path.len - pos;
        pos += len + 1;

        if (node->star && len != 0) {
            stack[n].node = node->star;
            stack[n++].pos = pos;
        }

        if (node->nchildren && len <= m->org->longest) {
            child = rbac_child(m->org, index, p, len);

            if (child != 0) {
                stack[n].node = child;
                stack[n++].pos = pos;
            }
        }
    }
}


/* 1 when one of the resources grants */

static int
rbac_match_links(rbac_match_t *m, uint32_t link, size_t pos)
{
    for ( /* void */ ; link; link = m->org->links[link].next) {

        if (rbac_match_resource(m, m->org->links[link].resource, pos)) {
            return 1;
        }
    }

    return 0;
}


static int
rbac_match_resource(rbac_match_t *m, uint32_t resource, size_t pos)
{
    size_t                   i;
    uint32_t                 k, role, permission;
    rbac_verdict_t          *v;
    const rbac_org_t        *o;
    const rbac_slot_t       *slot;
    const rbac_resource_t   *res;

    o = m->org;
    v = m->v;
    res = &o->resources[resource];

    /* the longest match is the one that was meant */

    if (v->code < RBAC_METHOD && pos > m->nearest) {
        m->nearest = pos;
        v->code = RBAC_NO_GRANT;
        v->resource = &o->org->resources[resource];
    }

    for (i = 0; i < m->nroles; i++) {
        role = m->roles[i]->index;

        for (k = o->closure[role]; k < o->closure[role + 1]; k++) {
            slot = rbac_match_slot(o, res, o->closures[k]);

            if (slot == NULL) {
                continue;
            }

            if (rbac_match_slot_perms(m, slot, &permission)) {
                v->code = RBAC_ALLOW;

            } else if (v->code < RBAC_METHOD) {
                v->code = RBAC_METHOD;

            } else {
                continue;
            }

            v->role = m->roles[i];
            v->via = &o->org->roles[slot->role - 1];
            v->permission = &o->org->permissions[permission];
            v->resource = &o->org->resources[resource];

            if (v->code == RBAC_ALLOW) {
                return 1;
            }
        }
    }

    return 0;
}


static const rbac_slot_t *
rbac_match_slot(const rbac_org_t *o, const rbac_resource_t *res, uint32_t role)
{
    uint32_t            i;
    const rbac_slot_t  *slots;

    slots = o->slots + res->slots;

    for (i = rbac_slot_hash(role) & res->mask; slots[i].role != 0;
         i = (i + 1) & res->mask)
    {
        if (slots[i].role == role) {
            return &slots[i];
        }
    }

    return NULL;
}


/* 1 when one of the permissions has the method; *permission is that one, or
   the first */

static int
rbac_match_slot_perms(rbac_match_t *m, const rbac_slot_t *slot,
    uint32_t *permission)
{
    uint32_t  i, p;

    *permission = m->org->perms[slot->first] & ~RBAC_PERM_LAST;

    for (i = slot->first; /* void */ ; i++) {
        p = m->org->perms[i] & ~RBAC_PERM_LAST;

        if (rbac_match_method(m->org, p, m->number, m->method)) {
            *permission = p;
            return 1;
        }

        if (m->org->perms[i] & RBAC_PERM_LAST) {
            return 0;
        }
    }
}


static int
rbac_match_method(const rbac_org_t *o, uint32_t permission, unsigned number,
    postern_str_t method)
{
    uint32_t                     i;
    const rbac_permission_t     *p;
    const postern_permission_t  *names;

    p = &o->permissions[permission];

    if (p->every) {
        return 1;
    }

    if (number < RBAC_MAX_MASK) {
        return (int) (p->mask >> number & 1);
    }

    if (number == RBAC_NO_NUMBER || !p->wide) {
        return 0;
    }

    names = &o->org->permissions[permission];

    for (i = 0; i < names->nmethods; i++) {

        if (postern_str_eq(names->methods[i], method)) {
            return 1;
        }
    }

    return 0;
}


static unsigned
rbac_method_number(const rbac_org_t *o, postern_str_t method)
{
    uint32_t  i;

    i = rbac_method_place(o, method);

    return (o->methods[i].data != NULL) ? o->numbers[i] : RBAC_NO_NUMBER;
}


postern_str_t
rbac_code(rbac_code_e code)
{
    static const postern_str_t  codes[] = {
        postern_string("rbac/no-org"),
        postern_string("rbac/no-role"),
        postern_string("rbac/no-resource"),
        postern_string("rbac/no-grant"),
        postern_string("rbac/method"),
        postern_string("rbac/limit"),
        postern_string("rbac/allowed")
    };

    return codes[code];
}


size_t
rbac_reason(const rbac_policy_t *policy, const postern_org_t *org,
    const rbac_verdict_t *v, postern_str_t method, postern_str_t path,
    char *out, size_t size)
{
    rbac_text_t            t;
    const postern_role_t  *near;

    t.p = out;
    t.last = out + size;

    switch (v->code) {

    case RBAC_ALLOW:
        rbac_text_role(&t, v);
        rbac_text_name(&t, ": permission \"", v->permission->name);
        rbac_text_name(&t, " on resource \"", v->resource->name);
        break;

    case RBAC_METHOD:
        rbac_text_role(&t, v);
        rbac_text_name(&t, " reaches resource \"", v->resource->name);
        rbac_text_name(&t, " with permission \"", v->permission->name);
        rbac_text_name(&t, ", but not with method \"", method);
        break;

    case RBAC_NO_GRANT:
        rbac_text_name(&t, "no role of the subject reaches resource \"",
                       v->resource->name);

        near = rbac_near_role(&policy->orgs[org->index], v, method);

        if (near != NULL) {
            rbac_text_name(&t, "; role \"", near->name);
            rbac_text_literal(&t, " does");
        }

        break;

    case RBAC_NO_RESOURCE:
        rbac_text_literal(&t, "the path belongs to no resource");

        if (v->reach > 1) {
            path.len = v->reach;
            rbac_text_name(&t, "; patterns follow it up to \"", path);
        }

        break;

    case RBAC_NO_ROLE:
        rbac_text_literal(&t, "the subject has no role");
        break;

    case RBAC_NO_ORG:
        rbac_text_literal(&t, "the subject belongs to no organization "
                              "of the policy");
        break;

    default: /* RBAC_LIMIT */
        rbac_text_literal(&t, "too many patterns match parts of the path");
        break;
    }

    return t.p - out;
}


/* for the nearest miss: a role that holds what the subject lacks */

static const postern_role_t *
rbac_near_role(const rbac_org_t *o, const rbac_verdict_t *v,
    postern_str_t method)
{
    uint32_t                i, k;
    unsigned                number;
    const rbac_slot_t      *slot;
    const rbac_resource_t  *res;

    res = &o->resources[v->resource->index];
    number = rbac_method_number(o, method);

    for (i = 0; i <= res->mask && i < RBAC_NEAR_SLOTS; i++) {
        slot = &o->slots[res->slots + i];

        if (slot->role == 0) {
            continue;
        }

        for (k = slot->first; /* void */ ; k++) {

            if (rbac_match_method(o, o->perms[k] & ~RBAC_PERM_LAST, number,
                                  method))
            {
                return &o->org->roles[slot->role - 1];
            }

            if (o->perms[k] & RBAC_PERM_LAST) {
                break;
            }
        }
    }

    return NULL;
}


static void
rbac_text_role(rbac_text_t *t, const rbac_verdict_t *v)
{
    rbac_text_name(t, "role \"", v->role->name);

    if (v->via != v->role) {
        rbac_text_name(t, " by inherited role \"", v->via->name);
    }
}


/* what ends in the opening quote of the name */

static void
rbac_text_name(rbac_text_t *t, const char *what, postern_str_t name)
{
    rbac_text(t, what, strlen(what));
    rbac_text(t, name.data, name.len);
    rbac_text_literal(t, "\"");
}


static void
rbac_text(rbac_text_t *t, const void *s, size_t len)
{
    size_t  left;

    left = t->last - t->p;

    if (len > left) {
        len = left;
    }

    if (len != 0) {
        memcpy(t->p, s, len);
        t->p += len;
    }
}
