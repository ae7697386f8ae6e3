
/*
 * What a role decision costs, from 10 to 1,000,000 grants, without nginx:
 *
 *     gcc -O2 -Ingx_http_postern_module -Ingx_http_rbac_module
 *         -o build/rbac_decide_bench bench/rbac_decide_bench.c
 *         ngx_http_rbac_module/rbac_policy.c ngx_http_rbac_module/rbac_match.c
 *         ngx_http_postern_module/postern_arena.c
 *
 * A policy of n grants has n / 100 roles of 100 grants each, or fewer, over as
 * many resources as there are grants in a role times ten; each role inherits
 * from the one before it in groups of four.  "64" asks for 64 paths in
 * turn, "64k" for so many all over the policy that it waits for memory, too.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rbac_match.h"


#define ASKED  2000000


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static postern_str_t
text(postern_arena_t *arena, const char *format, unsigned n)
{
    char           s[128];
    postern_str_t  from, to;

    from.len = snprintf(s, sizeof(s), format, n);
    from.data = (unsigned char *) s;

    if (postern_arena_dup(arena, from, &to) != 0) {
        exit(1);
    }

    return to;
}


static postern_directory_t *
directory(unsigned ngrants)
{
    unsigned                n, i, k, nroles, each, nresources;
    postern_org_t          *org;
    postern_role_t         *roles;
    postern_str_t          *patterns, *methods;
    postern_grant_t        *grants;
    postern_arena_t        *arena;
    postern_resource_t     *resources;
    postern_directory_t    *dir;
    const postern_role_t  **parent;
    postern_permission_t   *permissions;

    each = ngrants < 100 ? ngrants : 100;
    nroles = ngrants / each;
    nresources = ngrants < 1000 ? ngrants : (ngrants < 100000 ? 1000 : 10000);

    arena = postern_arena_create();
    dir = postern_arena_alloc(arena, sizeof(postern_directory_t));
    org = postern_arena_alloc(arena, sizeof(postern_org_t));
    roles = postern_arena_alloc(arena, nroles * sizeof(postern_role_t));
    resources = postern_arena_alloc(arena, nresources
                                           * sizeof(postern_resource_t));
    permissions = postern_arena_alloc(arena, 2 * sizeof(postern_permission_t));
    methods = postern_arena_alloc(arena, 4 * sizeof(postern_str_t));

    dir->arena = arena;
    dir->orgs = org;
    dir->norgs = 1;

    methods[0] = text(arena, "GET", 0);
    methods[1] = text(arena, "HEAD", 0);
    methods[2] = text(arena, "POST", 0);
    methods[3] = text(arena, "DELETE", 0);

    for (i = 0; i < 2; i++) {
        permissions[i].name = text(arena, i ? "write" : "read", 0);
        permissions[i].index = i;
        permissions[i].methods = methods + 2 * i;
        permissions[i].nmethods = 2;
    }

    for (i = 0; i < nresources; i++) {
        patterns = postern_arena_alloc(arena, 2 * sizeof(postern_str_t));
        patterns[0] = text(arena, "/api/v1/services/s%u/items/*", i);
        patterns[1] = text(arena, "/api/v1/services/s%u/logs/**", i);

        resources[i].name = text(arena, "resource-%u", i);
        resources[i].index = i;
        resources[i].patterns = patterns;
        resources[i].npatterns = 2;
    }

    for (n = 0, i = 0; i < nroles; i++) {
        grants = postern_arena_alloc(arena, each * sizeof(postern_grant_t));

        for (k = 0; k < each; k++, n++) {
            grants[k].permission = &permissions[n & 1];
            grants[k].resource = &resources[(n / 2) % nresources];
        }

        roles[i].name = text(arena, "role-%u", i);
        roles[i].index = i;
        roles[i].grants = grants;
        roles[i].ngrants = each;

        if (i % 4) {
            parent = postern_arena_alloc(arena, sizeof(void *));
            parent[0] = &roles[i - 1];
            roles[i].inherits = parent;
            roles[i].ninherits = 1;
        }
    }

    org->roles = roles;
    org->nroles = nroles;
    org->permissions = permissions;
    org->npermissions = 2;
    org->resources = resources;
    org->nresources = nresources;

    return dir;
}


typedef struct {
    const postern_role_t  *role;
    postern_str_t          path;
} question_t;


static double
ask(const rbac_policy_t *policy, const postern_org_t *org,
    const question_t *questions, unsigned mask, unsigned *allowed)
{
    double          start;
    unsigned        i;
    postern_str_t   method = postern_string("GET");
    rbac_verdict_t  v;

    *allowed = 0;
    start = now();

    for (i = 0; i < ASKED; i++) {
        const question_t  *q = &questions[(i * 2654435761u >> 7) & mask];

        *allowed += (rbac_decide(policy, org, &q->role, 1, method, q->path, &v)
                     == RBAC_ALLOW);
    }

    return (now() - start) / ASKED * 1e9;
}


int
main(void)
{
    size_t                i, size, n;
    double                start, compiled, warm, any;
    unsigned              allowed;
    question_t           *questions;
    rbac_policy_t        *policy;
    const postern_role_t *role;
    postern_directory_t  *dir;

    static const unsigned  sizes[] = { 10, 1000, 10000, 100000, 1000000 };

    printf("%9s %12s %9s %8s %8s %8s\n", "grants", "compile, ms", "B/grant",
           "64, ns", "64k, ns", "allowed");

    for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        dir = directory(sizes[n]);
        size = postern_arena_size(dir->arena);

        start = now();
        policy = rbac_policy_compile(dir, dir->arena);
        compiled = now() - start;

        if (policy == NULL) {
            return 1;
        }

        size = postern_arena_size(dir->arena) - size;
        questions = malloc(65536 * sizeof(question_t));

        for (i = 0; i < 65536; i++) {
            role = &dir->orgs->roles[i * 7919 % dir->orgs->nroles];
            questions[i].role = role;

            /* three of four ask for what their role was granted */

            questions[i].path = text(dir->arena, i & 4
                          ? "/api/v1/services/s%u/items/4711"
                          : "/api/v1/services/s%u/logs/2026/11/21",
                          i % 4 == 3 ? (unsigned) i % dir->orgs->nresources
                          : role->grants[i % role->ngrants].resource->index);
        }

        warm = ask(policy, dir->orgs, questions, 63, &allowed);
        any = ask(policy, dir->orgs, questions, 65535, &allowed);

        printf("%9u %12.2f %9.1f %8.0f %8.0f %7.0f%%\n", sizes[n],
               compiled * 1e3, (double) size / sizes[n], warm, any,
               allowed * 100.0 / ASKED);

        free(questions);
        postern_arena_destroy(dir->arena);
    }

    return 0;
}
