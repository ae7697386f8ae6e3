
#include "rbac_policy.h"
#include "postern_assert.h"


typedef struct {
    rbac_policy_t      *policy;
    rbac_org_t         *org;
    postern_arena_t    *arena;
    uint32_t            max_nodes;
    uint32_t            nedges;
    uint32_t           *seen;       /* of each role: in whose closure it is */
    uint32_t            nclosures;
    uint32_t            nvisits;
} rbac_compile_t;


static int rbac_compile_org(rbac_compile_t *c);
static int rbac_compile_methods(rbac_compile_t *c);
static void rbac_compile_permission(rbac_org_t *o, uint32_t index,
    unsigned *nnumbers);
static int rbac_compile_patterns(rbac_compile_t *c);
static int rbac_compile_pattern(rbac_compile_t *c, uint32_t resource,
    postern_str_t pattern);
static int rbac_pattern_usable(postern_str_t pattern);
static uint32_t rbac_compile_node(rbac_compile_t *c, uint32_t parent,
    const unsigned char *s, size_t len, int star);
static int rbac_compile_chunk(rbac_compile_t *c);
static int rbac_compile_grow(rbac_compile_t *c);
static void rbac_compile_edge(rbac_org_t *o, uint32_t hash, uint32_t node);
static void rbac_compile_link(rbac_org_t *o, uint32_t *head, uint32_t resource);
static int rbac_compile_grants(rbac_compile_t *c);
static int rbac_compile_tables(rbac_compile_t *c);
static void rbac_compile_grant(rbac_org_t *o, uint32_t role,
    const postern_grant_t *grant);
static int rbac_compile_closures(rbac_compile_t *c);
static int rbac_compile_closure(rbac_compile_t *c, const postern_role_t *role,
    uint32_t mark, unsigned depth);
static uint32_t rbac_table_size(uint64_t n);


rbac_policy_t *
rbac_policy_compile(const postern_directory_t *dir, postern_arena_t *arena)
{
    uint32_t        i;
    rbac_policy_t  *policy;
    rbac_compile_t  c;

    policy = postern_arena_alloc(arena, sizeof(rbac_policy_t));
    if (policy == NULL) {
        return NULL;
    }

    policy->orgs = postern_arena_alloc(arena,
                                       (size_t) (dir->norgs + 1)
                                       * sizeof(rbac_org_t));
    if (policy->orgs == NULL) {
        return NULL;
    }

    policy->norgs = dir->norgs;

    for (i = 0; i < dir->norgs; i++) {
        memset(&c, 0, sizeof(rbac_compile_t));

        c.policy = policy;
        c.org = &policy->orgs[i];
        c.org->org = &dir->orgs[i];
        c.arena = arena;

        if (rbac_compile_org(&c) != 0) {
            return NULL;
        }
    }

    return policy;
}


static int
rbac_compile_org(rbac_compile_t *c)
{
    if (rbac_compile_methods(c) != 0
        || rbac_compile_patterns(c) != 0
        || rbac_compile_grants(c) != 0
        || rbac_compile_closures(c) != 0)
    {
        return -1;
    }

    return 0;
}


static int
rbac_compile_methods(rbac_compile_t *c)
{
    size_t                size;
    uint32_t              i;
    uint64_t              n;
    unsigned              nnumbers;
    rbac_org_t           *o;
    const postern_org_t  *org;

    o = c->org;
    org = o->org;
    n = 0;

    for (i = 0; i < org->npermissions; i++) {
        n += org->permissions[i].nmethods;
    }

    size = rbac_table_size(n);
    o->methods_mask = (uint32_t) size - 1;

    o->methods = postern_arena_alloc(c->arena, size * sizeof(postern_str_t));
    o->numbers = postern_arena_alloc(c->arena, size);
    o->permissions = postern_arena_alloc(c->arena,
                                         (size_t) (org->npermissions + 1)
                                         * sizeof(rbac_permission_t));

    if (o->methods == NULL || o->numbers == NULL || o->permissions == NULL) {
        return -1;
    }

    nnumbers = 0;

    for (i = 0; i < org->npermissions; i++) {
        rbac_compile_permission(o, i, &nnumbers);
    }

    return 0;
}


static void
rbac_compile_permission(rbac_org_t *o, uint32_t index, unsigned *nnumbers)
{
    uint32_t              i, k;
    postern_str_t         method;
    rbac_permission_t    *p;

    p = &o->permissions[index];

    for (i = 0; i < o->org->permissions[index].nmethods; i++) {
        method = o->org->permissions[index].methods[i];

        if (postern_str_is(method, "*")) {
            p->every = 1;
            continue;
        }

        if (method.len == 0) {
            continue;
        }

        k = rbac_method_place(o, method);

        if (o->methods[k].data == NULL) {
            o->methods[k] = method;
            o->numbers[k] = (unsigned char) *nnumbers;

            if (*nnumbers < RBAC_MAX_MASK) {
                (*nnumbers)++;
            }
        }

        if (o->numbers[k] < RBAC_MAX_MASK) {
            p->mask |= (uint64_t) 1 << o->numbers[k];

        } else {
            p->wide = 1;
        }
    }
}


static int
rbac_compile_patterns(rbac_compile_t *c)
{
    size_t                     k;
    uint32_t                   i, n;
    uint64_t                   nodes, links;
    rbac_org_t                *o;
    const postern_resource_t  *res;

    o = c->org;
    nodes = 1;
    links = 1;

    for (i = 0; i < o->org->nresources; i++) {
        res = &o->org->resources[i];

        for (n = 0; n < res->npatterns; n++) {
            links++;

            for (k = 0; k < res->patterns[n].len; k++) {
                nodes += (res->patterns[n].data[k] == '/');
            }
        }
    }

    /* a document is bounded far below */

    if (POSTERN_NEVER(nodes >= UINT32_MAX || links >= UINT32_MAX)) {
        return -1;
    }

    c->max_nodes = (uint32_t) nodes;

    o->nodes = postern_arena_alloc(c->arena,
                                   ((size_t) nodes / RBAC_NODES + 1)
                                   * sizeof(rbac_node_t *));
    o->links = postern_arena_alloc(c->arena,
                                   (size_t) links * sizeof(rbac_link_t));
    o->edges_mask = 15;
    o->edges = postern_arena_alloc(c->arena, 16 * sizeof(rbac_edge_t));

    if (o->nodes == NULL || o->links == NULL || o->edges == NULL
        || rbac_compile_chunk(c) != 0)
    {
        return -1;
    }

    o->nnodes = 1;      /* the root */
    o->nlinks = 1;

    for (i = 0; i < o->org->nresources; i++) {
        res = &o->org->resources[i];

        for (n = 0; n < res->npatterns; n++) {

            if (rbac_compile_pattern(c, i, res->patterns[n]) != 0) {
                return -1;
            }
        }
    }

    return 0;
}


static int
rbac_compile_pattern(rbac_compile_t *c, uint32_t resource,
    postern_str_t pattern)
{
    int                   star;
    size_t                len;
    uint32_t              node;
    const unsigned char  *p, *last, *end;

    if (!rbac_pattern_usable(pattern)) {
        c->policy->nskipped++;
        return 0;
    }

    node = 0;
    p = pattern.data + 1;
    last = pattern.data + pattern.len;

    for ( ;; ) {
        end = memchr(p, '/', last - p);
        len = (end ? end : last) - p;

        /* a longer segment with a "*" in it is "**" */

        if (len == 2 && p[0] == '*') {
            rbac_compile_link(c->org, &rbac_node(c->org, node)->rest,
                              resource);
            return 0;
        }

        star = (len == 1 && p[0] == '*');

        node = rbac_compile_node(c, node, p, len, star);
        if (node == 0) {
            return -1;
        }

        if (end == NULL) {
            rbac_compile_link(c->org, &rbac_node(c->org, node)->end, resource);
            return 0;
        }

        p = end + 1;
    }
}


/* "**" only at the end, no "*" inside a segment, not too deep: the directory
   lets nothing else pass, and what got here all the same grants nothing */

static int
rbac_pattern_usable(postern_str_t pattern)
{
    size_t                len;
    unsigned              depth;
    const unsigned char  *p, *last, *end;

    if (pattern.len == 0 || pattern.data[0] != '/') {
        return 0;
    }

    p = pattern.data + 1;
    last = pattern.data + pattern.len;

    for (depth = 1; depth <= RBAC_MAX_DEPTH; depth++) {
        end = memchr(p, '/', last - p);
        len = (end ? end : last) - p;

        if (len > 1 && memchr(p, '*', len) != NULL
            && !(len == 2 && p[0] == '*' && p[1] == '*' && end == NULL))
        {
            return 0;
        }

        if (end == NULL) {
            return 1;
        }

        p = end + 1;
    }

    return 0;
}


/* the child of a node, made where there is none; 0 when out of memory */

static uint32_t
rbac_compile_node(rbac_compile_t *c, uint32_t parent, const unsigned char *s,
    size_t len, int star)
{
    uint32_t      n;
    rbac_org_t   *o;
    rbac_node_t  *node, *up;

    o = c->org;
    up = rbac_node(o, parent);

    n = star ? up->star : rbac_child(o, parent, s, len);
    if (n != 0) {
        return n;
    }

    if ((o->nnodes & (RBAC_NODES - 1)) == 0 && rbac_compile_chunk(c) != 0) {
        return 0;
    }

    /* a quarter stays free, also with this one */

    if (!star && (uint64_t) c->nedges * 4 >= (uint64_t) o->edges_mask * 3
        && rbac_compile_grow(c) != 0)
    {
        return 0;
    }

    n = o->nnodes++;

    node = rbac_node(o, n);
    node->segment = s;
    node->len = (uint32_t) len;
    node->parent = parent;

    if (star) {
        up->star = n;
        return n;
    }

    c->nedges++;
    up->nchildren++;

    if (len > o->longest) {
        o->longest = (uint32_t) len;
    }

    rbac_compile_edge(o, rbac_hash(parent, s, len), n);

    return n;
}


static int
rbac_compile_chunk(rbac_compile_t *c)
{
    uint32_t     n, chunk;
    rbac_org_t  *o;

    o = c->org;
    chunk = o->nnodes >> RBAC_NODES_SHIFT;
    n = c->max_nodes - o->nnodes;

    if (n > RBAC_NODES) {
        n = RBAC_NODES;
    }

    o->nodes[chunk] = postern_arena_alloc(c->arena,
                                          (size_t) n * sizeof(rbac_node_t));

    return (o->nodes[chunk] == NULL) ? -1 : 0;
}


/* the old table stays in the arena: all of them together are smaller than the
   new one */

static int
rbac_compile_grow(rbac_compile_t *c)
{
    size_t        size;
    uint32_t      i, mask;
    rbac_org_t   *o;
    rbac_edge_t  *edges;

    o = c->org;
    mask = o->edges_mask;
    edges = o->edges;
    size = ((size_t) mask + 1) * 2;

    o->edges = postern_arena_alloc(c->arena, size * sizeof(rbac_edge_t));
    if (o->edges == NULL) {
        return -1;
    }

    o->edges_mask = (uint32_t) (size - 1);

    for (i = 0; i <= mask; i++) {

        if (edges[i].node != 0) {
            rbac_compile_edge(o, edges[i].hash, edges[i].node);
        }
    }

    return 0;
}


static void
rbac_compile_edge(rbac_org_t *o, uint32_t hash, uint32_t node)
{
    uint32_t  i;

    for (i = hash & o->edges_mask; o->edges[i].node != 0;
         i = (i + 1) & o->edges_mask)
    {
        /* void */
    }

    o->edges[i].hash = hash;
    o->edges[i].node = node;
}


static void
rbac_compile_link(rbac_org_t *o, uint32_t *head, uint32_t resource)
{
    uint32_t  n;

    n = o->nlinks++;

    o->links[n].resource = resource;
    o->links[n].next = *head;

    *head = n;
}


/*
 * Grants come role by role, so that those of one role on one resource follow
 * each other among the resource's, and no sorting is needed.
 */

static int
rbac_compile_grants(rbac_compile_t *c)
{
    uint32_t               i, k;
    rbac_org_t            *o;
    const postern_role_t  *role;

    o = c->org;

    o->resources = postern_arena_alloc(c->arena,
                                       (size_t) (o->org->nresources + 1)
                                       * sizeof(rbac_resource_t));
    if (o->resources == NULL) {
        return -1;
    }

    /* mask counts roles, next counts grants for now */

    for (i = 0; i < o->org->nroles; i++) {
        role = &o->org->roles[i];

        for (k = 0; k < role->ngrants; k++) {
            rbac_resource_t  *res;

            res = &o->resources[role->grants[k].resource->index];

            if (res->role != i + 1) {
                res->role = i + 1;
                res->mask++;
            }

            res->next++;
        }

        c->policy->ngrants += role->ngrants;
    }

    if (rbac_compile_tables(c) != 0) {
        return -1;
    }

    for (i = 0; i < o->org->nroles; i++) {
        role = &o->org->roles[i];

        for (k = 0; k < role->ngrants; k++) {
            rbac_compile_grant(o, i, &role->grants[k]);
        }
    }

    for (i = 0; i < o->org->nresources; i++) {

        if (o->resources[i].role != 0) {
            o->perms[o->resources[i].next - 1] |= RBAC_PERM_LAST;
        }
    }

    return 0;
}


static int
rbac_compile_tables(rbac_compile_t *c)
{
    uint32_t          i, size, count;
    uint64_t          nslots, nperms;
    rbac_org_t       *o;
    rbac_resource_t  *res;

    o = c->org;
    nslots = 0;
    nperms = 0;

    for (i = 0; i < o->org->nresources; i++) {
        res = &o->resources[i];

        size = rbac_table_size(res->mask);
        count = res->next;

        if (POSTERN_NEVER(nslots + size > UINT32_MAX
                          || nperms + count > UINT32_MAX))
        {
            return -1;
        }

        res->slots = (uint32_t) nslots;
        res->mask = size - 1;
        res->next = (uint32_t) nperms;
        res->role = 0;

        nslots += size;
        nperms += count;
    }

    o->slots = postern_arena_alloc(c->arena,
                                   (size_t) (nslots + 1) * sizeof(rbac_slot_t));
    o->perms = postern_arena_alloc(c->arena,
                                   (size_t) (nperms + 1) * sizeof(uint32_t));

    return (o->slots == NULL || o->perms == NULL) ? -1 : 0;
}


static void
rbac_compile_grant(rbac_org_t *o, uint32_t role, const postern_grant_t *grant)
{
    uint32_t          i;
    rbac_slot_t      *slots;
    rbac_resource_t  *res;

    res = &o->resources[grant->resource->index];

    if (res->role != role + 1) {

        if (res->role != 0) {
            o->perms[res->next - 1] |= RBAC_PERM_LAST;
        }

        res->role = role + 1;
        slots = o->slots + res->slots;

        for (i = rbac_slot_hash(role + 1) & res->mask; slots[i].role != 0;
             i = (i + 1) & res->mask)
        {
            /* void */
        }

        slots[i].role = role + 1;
        slots[i].first = res->next;
    }

    o->perms[res->next++] = grant->permission->index;
}


static int
rbac_compile_closures(rbac_compile_t *c)
{
    uint32_t     i, n;
    rbac_org_t  *o;

    o = c->org;
    n = o->org->nroles;

    o->closure = postern_arena_alloc(c->arena,
                                     ((size_t) n + 1) * sizeof(uint32_t));
    c->seen = postern_arena_alloc(c->arena,
                                  ((size_t) n + 1) * sizeof(uint32_t));

    if (o->closure == NULL || c->seen == NULL) {
        return -1;
    }

    /* the first round counts, the second one writes */

    for (i = 0; i < n; i++) {

        if (rbac_compile_closure(c, &o->org->roles[i], i + 1, 0) != 0) {
            return -1;
        }
    }

    o->closures = postern_arena_alloc(c->arena,
                                      ((size_t) c->nclosures + 1)
                                      * sizeof(uint32_t));
    if (o->closures == NULL) {
        return -1;
    }

    memset(c->seen, 0, ((size_t) n + 1) * sizeof(uint32_t));
    c->nclosures = 0;
    c->nvisits = 0;

    for (i = 0; i < n; i++) {
        o->closure[i] = c->nclosures;

        /* within the limits, as the first time */
        (void) rbac_compile_closure(c, &o->org->roles[i], i + 1, 0);
    }

    o->closure[n] = c->nclosures;

    return 0;
}


/* the directory proved that there is no cycle and no more depth */

static int
rbac_compile_closure(rbac_compile_t *c, const postern_role_t *role,
    uint32_t mark, unsigned depth)
{
    uint32_t  i;

    if (c->seen[role->index] == mark) {
        return 0;
    }

    c->seen[role->index] = mark;

    if (c->nvisits++ == RBAC_MAX_CLOSURES
        || POSTERN_NEVER(depth > POSTERN_INHERIT_MAX))
    {
        return -1;
    }

    if (role->ngrants != 0) {

        if (c->org->closures != NULL) {
            c->org->closures[c->nclosures] = role->index + 1;
        }

        c->nclosures++;
    }

    for (i = 0; i < role->ninherits; i++) {

        if (rbac_compile_closure(c, role->inherits[i], mark, depth + 1) != 0) {
            return -1;
        }
    }

    return 0;
}


/* a power of two that leaves a quarter free, and one place at least */

static uint32_t
rbac_table_size(uint64_t n)
{
    uint32_t  size;

    for (size = 2; (uint64_t) size * 3 < n * 4; size *= 2) {

        if (POSTERN_NEVER(size == 0x80000000u)) {
            break;
        }
    }

    return size;
}
