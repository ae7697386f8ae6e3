
/*
 * The compiled policy: what the roles of a directory may do, in a form that a
 * decision reads in the same time whatever the number of grants.  Immutable
 * and shared by all readers; lives in the arena of its directory.  Pure.
 *
 * Of each organization there is
 *
 *   - a trie of the segments of all resource patterns.  Its nodes end resources
 *     ("/a", "/a/") or begin the rest of them ("/a/" of "/a/" "**"); the edges
 *     of all nodes share one hash table;
 *   - of each resource a hash table of the roles that hold grants on it
 *     themselves, each with its permissions;
 *   - of each role the roles it consists of: itself and all it inherits, those
 *     without grants of their own left out;
 *   - of each permission a bit mask of methods.
 *
 * A path is compared with patterns segment by segment, as bytes:
 *
 *   - "*" matches one segment that is not empty;
 *   - "**", at the end, matches any rest behind its slash, the empty one too:
 *     "/a/" "**" matches "/a/", "/a/b" and "/a/b/c/", but not "/a";
 *   - a slash at the end counts: "/a" and "/a/" are different paths.
 */


#ifndef _RBAC_POLICY_H_INCLUDED_
#define _RBAC_POLICY_H_INCLUDED_


#include "postern_directory.h"


/* segments of a pattern; a deeper one, which the directory refuses, would grant
   nothing */
#define RBAC_MAX_DEPTH     POSTERN_SEGMENTS_MAX

/* nodes looked at in one decision: only a policy of many patterns that differ
   in where their "*" stands gets near; then the decision is to deny */
#define RBAC_MAX_STEPS     4096

/* inherited roles of all roles of an organization together */
#define RBAC_MAX_CLOSURES  (64 * 1024 * 1024)

/* methods with a bit of their own; others are compared by name */
#define RBAC_MAX_MASK      63

#define RBAC_NODES_SHIFT   12
#define RBAC_NODES         (1 << RBAC_NODES_SHIFT)    /* nodes of a chunk */


typedef struct {
    const unsigned char   *segment;     /* bytes of a pattern */
    uint32_t               len;
    uint32_t               parent;
    uint32_t               star;        /* child behind "*", 0: none */
    uint32_t               end;         /* link to resources, 0: none */
    uint32_t               rest;        /* the same for "**" */
    uint32_t               nchildren;   /* literal ones */
} rbac_node_t;


typedef struct {
    uint32_t               hash;
    uint32_t               node;        /* 0: free */
} rbac_edge_t;


typedef struct {
    uint32_t               resource;
    uint32_t               next;        /* 0: the last one */
} rbac_link_t;


/* a role that has grants on a resource, and where its permissions begin */

typedef struct {
    uint32_t               role;        /* index + 1, 0: free */
    uint32_t               first;       /* in perms */
} rbac_slot_t;


#define RBAC_PERM_LAST     0x80000000u  /* the last one of a slot */


typedef struct {
    uint32_t               slots;       /* the first one */
    uint32_t               mask;
    uint32_t               next;        /* (compile) where perms go */
    uint32_t               role;        /* (compile) the last one seen */
} rbac_resource_t;


typedef struct {
    uint64_t               mask;        /* methods by number */
    unsigned               every:1;     /* "*" */
    unsigned               wide:1;      /* has methods without a number */
} rbac_permission_t;


typedef struct {
    const postern_org_t   *org;

    rbac_node_t          **nodes;       /* chunks of RBAC_NODES */
    uint32_t               nnodes;
    uint32_t               edges_mask;
    rbac_edge_t           *edges;
    uint32_t               longest;     /* literal segment, in bytes */

    rbac_link_t           *links;       /* from 1 */
    uint32_t               nlinks;

    uint32_t               methods_mask;
    postern_str_t         *methods;     /* hash table; free: absent */
    unsigned char         *numbers;     /* of the methods in it */
    rbac_permission_t     *permissions;

    rbac_resource_t       *resources;
    rbac_slot_t           *slots;
    uint32_t              *perms;

    uint32_t              *closures;
    uint32_t              *closure;     /* nroles + 1: where a role's begins */
} rbac_org_t;


typedef struct {
    rbac_org_t            *orgs;
    uint32_t               norgs;
    uint64_t               ngrants;
    uint64_t               nskipped;    /* patterns that grant nothing */
} rbac_policy_t;


/* NULL when out of memory, or when inheritance is over RBAC_MAX_CLOSURES */
rbac_policy_t *rbac_policy_compile(const postern_directory_t *dir,
    postern_arena_t *arena);


/* of the files of this module */

static inline rbac_node_t *
rbac_node(const rbac_org_t *o, uint32_t n)
{
    return &o->nodes[n >> RBAC_NODES_SHIFT][n & (RBAC_NODES - 1)];
}


/* not a keyed hash: only the operator's own patterns are ever put in a table,
   requests just look */

static inline uint32_t
rbac_hash(uint32_t seed, const unsigned char *s, size_t len)
{
    uint32_t  tail;
    uint64_t  h, w;

    h = ((uint64_t) seed << 32 | (uint32_t) len) * 0x9e3779b97f4a7c15u;

    while (len >= 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        s += 8;
        len -= 8;
    }

    if (len >= 4) {
        memcpy(&tail, s, 4);
        w = tail;
        memcpy(&tail, s + len - 4, 4);
        w |= (uint64_t) tail << 32;

    } else if (len != 0) {
        w = (uint64_t) s[0] << 16 | (uint64_t) s[len >> 1] << 8 | s[len - 1];

    } else {
        w = 0;
    }

    h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
    h ^= h >> 32;
    h *= 0xff51afd7ed558ccdu;

    return (uint32_t) (h >> 32);
}


/* the literal child of a node, 0 where there is none */

static inline uint32_t
rbac_child(const rbac_org_t *o, uint32_t parent, const unsigned char *s,
    size_t len)
{
    uint32_t            h, i;
    const rbac_node_t  *node;

    h = rbac_hash(parent, s, len);

    for (i = h & o->edges_mask; o->edges[i].node; i = (i + 1) & o->edges_mask) {

        if (o->edges[i].hash != h) {
            continue;
        }

        node = rbac_node(o, o->edges[i].node);

        if (node->parent == parent && node->len == len
            && (len == 0 || memcmp(node->segment, s, len) == 0))
        {
            return o->edges[i].node;
        }
    }

    return 0;
}


static inline uint32_t
rbac_slot_hash(uint32_t role)
{
    return role * 0x9e3779b1u >> 7;
}


/* the place of a method in the table: its own or a free one */

static inline uint32_t
rbac_method_place(const rbac_org_t *o, postern_str_t method)
{
    uint32_t  i;

    i = rbac_hash(0, method.data, method.len) & o->methods_mask;

    while (o->methods[i].data != NULL && !postern_str_eq(o->methods[i], method))
    {
        i = (i + 1) & o->methods_mask;
    }

    return i;
}


#endif /* _RBAC_POLICY_H_INCLUDED_ */
