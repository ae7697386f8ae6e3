/*
 * link: ngx_http_rbac_module/rbac_policy.c ngx_http_rbac_module/rbac_match.c
 *      ngx_http_postern_module/postern_arena.c
 *      ngx_http_postern_module/postern_alg.c
 *      ngx_http_postern_module/postern_network.c
 *      ngx_http_postern_module/postern_name.c
 *      ngx_http_postern_module/postern_seal.c
 *      ngx_http_postern_module/postern_json.c
 *      ngx_http_postern_module/postern_jwk.c
 *      ngx_http_postern_module/postern_directory*.c
 *      ngx_http_postern_module/postern_argon2.c
 *      -ljansson -lsodium
 *      -lcrypto -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
 *      -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
 */

/* The ends of a policy: no memory, no room, names that hash alike, more roles
   and methods than fit. */

#include <stdarg.h>

#include "directory.h"
#include "scarce.h"

#include "../../ngx_http_rbac_module/rbac_match.h"


#define DOCUMENT_MAX  (1024 * 1024)


static postern_directory_t  *dir;
static rbac_policy_t        *policy;


/* a document that a test writes piece by piece */

static char    document[DOCUMENT_MAX];
static size_t  document_len;


__attribute__((format(printf, 1, 2))) static void
put(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    document_len += (size_t) vsnprintf(document + document_len,
                                       DOCUMENT_MAX - document_len, fmt, args);
    va_end(args);

    if (document_len >= DOCUMENT_MAX) {
        abort();
    }
}


static void
begin(void)
{
    document_len = 0;
    put("{'version':1,'organizations':{'acme':{");
}


static int
read_document(void)
{
    postern_error_t  err;

    put("}}}");
    dir = parse(document, &err);

    if (dir == NULL) {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
    }

    return dir != NULL;
}


static int
compile(void)
{
    if (!read_document()) {
        return 0;
    }

    policy = rbac_policy_compile(dir, dir->arena);

    return policy != NULL;
}


static void
done(void)
{
    postern_directory_destroy(dir);
    dir = NULL;
}


static const postern_role_t *
role_of(const char *name)
{
    uint32_t              i;
    const postern_org_t  *org = dir->orgs;

    for (i = 0; i < org->nroles; i++) {
        if (postern_str_eq(org->roles[i].name, slice(name))) {
            return &org->roles[i];
        }
    }

    return NULL;
}


static rbac_code_e
ask(const char *role, const char *method, const char *path, char *reason)
{
    size_t                 n;
    rbac_verdict_t         v;
    const postern_role_t  *roles[1];

    roles[0] = role_of(role);
    rbac_decide(policy, dir->orgs, roles, 1, slice(method), slice(path), &v);

    n = rbac_reason(policy, dir->orgs, &v, slice(method), slice(path), reason,
                    RBAC_REASON_MAX);
    reason[n] = '\0';

    return v.code;
}


static rbac_code_e
code(const char *role, const char *method, const char *path)
{
    char  reason[RBAC_REASON_MAX + 1];

    return ask(role, method, path, reason);
}


/* more nodes than a chunk has, more edges than the first table */

static void
many_paths(void)
{
    int  i;

    begin();
    put("'permissions':{'read':['GET'],'write':['PUT','POST']},"
        "'resources':{'many':['/a/*/c'");

    for (i = 0; i < RBAC_NODES; i++) {
        put(",'/p%d/x'", i);
    }

    put("]},'roles':{"
        "'top':{'inherits':['left','right'],'grants':[['read','many']]},"
        "'left':{'inherits':['base']},'right':{'inherits':['base']},"
        "'base':{'grants':[['write','many'],['read','many']]}}");
}


TEST(a_policy_without_memory_is_none)
{
    int               refused;
    postern_arena_t  *arena;

    many_paths();

    if (!EXPECT(read_document())) {
        return;
    }

    refused = 0;

    while (scarce_next()) {
        scarce_pause(1);
        arena = postern_arena_create();
        scarce_pause(0);

        policy = rbac_policy_compile(dir, arena);

        if (scarce_failed()) {
            EXPECT(policy == NULL);
            refused++;

        } else if (EXPECT(policy != NULL)) {
            EXPECT_INT(policy->ngrants, 3);
            EXPECT_INT(code("top", "PUT", "/p4095/x"), RBAC_ALLOW);
            EXPECT_INT(code("top", "PUT", "/a/b/c"), RBAC_ALLOW);
        }

        postern_arena_destroy(arena);
    }

    /* the tables, two chunks of nodes, and ten doublings of the edges */
    EXPECT(refused > 20);

    done();
}


TEST(a_role_inherited_twice_counts_once)
{
    const rbac_org_t  *o;

    many_paths();

    if (EXPECT(compile())) {
        o = &policy->orgs[0];

        /* top: itself and base; left and right: base; base: itself */
        EXPECT_INT(o->closure[dir->orgs->nroles], 5);
        EXPECT_INT(code("top", "POST", "/p0/x"), RBAC_ALLOW);
        EXPECT_INT(code("left", "DELETE", "/p0/x"), RBAC_METHOD);
    }

    done();
}


TEST(what_is_no_pattern_grants_nothing)
{
    unsigned                   i;
    postern_arena_t           *arena;
    const postern_resource_t  *res;

    /* a directory lets none of these in */
    static const char *const  odd[] = {
        "", "x", "/a*", "/*a", "/**/b", "/***", "/a/*b/c"
    };

    begin();
    put("'permissions':{'all':['*']},'resources':{'r':['/a']},"
        "'roles':{'r':{'grants':[['all','r']]}}");

    if (!EXPECT(read_document())) {
        return;
    }

    res = &dir->orgs->resources[0];

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        *(postern_str_t *) &res->patterns[0] = slice(odd[i]);

        arena = postern_arena_create();
        policy = rbac_policy_compile(dir, arena);

        if (EXPECT(policy != NULL)) {
            EXPECT_INT(policy->nskipped, 1);
            EXPECT_INT(code("r", "GET", "/a"), RBAC_NO_RESOURCE);
            EXPECT_INT(code("r", "GET", "/"), RBAC_NO_RESOURCE);
        }

        postern_arena_destroy(arena);
    }

    done();
}


/* one segment more than patterns may have */

TEST(a_pattern_too_deep_grants_nothing)
{
    char                       deep[2 * RBAC_MAX_DEPTH + 3];
    unsigned                   i;
    const postern_resource_t  *res;

    begin();
    put("'permissions':{'all':['*']},'resources':{'r':['/a']},"
        "'roles':{'r':{'grants':[['all','r']]}}");

    if (!EXPECT(read_document())) {
        return;
    }

    for (i = 0; i <= RBAC_MAX_DEPTH; i++) {
        memcpy(deep + 2 * i, "/a", 3);
    }

    res = &dir->orgs->resources[0];
    *(postern_str_t *) &res->patterns[0] = slice(deep);
    policy = rbac_policy_compile(dir, dir->arena);

    if (EXPECT(policy != NULL)) {
        EXPECT_INT(policy->nskipped, 1);
        EXPECT_INT(code("r", "GET", deep), RBAC_NO_RESOURCE);
    }

    done();
}


TEST(a_method_without_a_name_is_none)
{
    const postern_permission_t  *all;

    begin();
    put("'permissions':{'all':['GET']},'resources':{'r':['/a']},"
        "'roles':{'r':{'grants':[['all','r']]}}");

    if (!EXPECT(read_document())) {
        return;
    }

    all = &dir->orgs->permissions[0];
    ((postern_str_t *) all->methods)[0].len = 0;
    policy = rbac_policy_compile(dir, dir->arena);

    if (EXPECT(policy != NULL)) {
        EXPECT_INT(code("r", "GET", "/a"), RBAC_METHOD);
        EXPECT_INT(code("r", "", "/a"), RBAC_METHOD);
    }

    done();
}


/* what is inherited again and again is bounded, not only its depth */

TEST(inheritance_has_a_limit)
{
    int                  i;
    static const int     n = 8200;     /* n * n > RBAC_MAX_CLOSURES */

    begin();
    put("'roles':{'hub':{'inherits':['b0'");

    for (i = 1; i < n; i++) {
        put(",'b%d'", i);
    }

    put("]}");

    for (i = 0; i < n; i++) {
        put(",'b%d':{},'a%d':{'inherits':['hub']}", i, i);
    }

    put("}");

    if (EXPECT(read_document())) {
        EXPECT(rbac_policy_compile(dir, dir->arena) == NULL);
    }

    done();
}


/* names of one hash, in tables that hold one of them */

typedef struct {
    uint32_t       hash;
    unsigned char  name[8];
} hashed_t;


#define NHASHED  (1 << 18)


static int
by_hash(const void *a, const void *b)
{
    uint32_t  x = ((const hashed_t *) a)->hash;
    uint32_t  y = ((const hashed_t *) b)->hash;

    return (x > y) - (x < y);
}


static hashed_t *
all_names(void)
{
    uint32_t   i;
    hashed_t  *all;

    all = malloc(NHASHED * sizeof(hashed_t));

    for (i = 0; i < NHASHED; i++) {
        snprintf((char *) all[i].name, 8, "%07x", i);
        all[i].hash = rbac_hash(1, all[i].name, 7);
    }

    qsort(all, NHASHED, sizeof(hashed_t), by_hash);

    return all;
}


TEST(names_of_one_hash_are_two_names)
{
    uint32_t      i, found, parent, edges_hash;
    hashed_t     *all, *same, key;
    rbac_org_t    org;
    rbac_edge_t   edges[2];
    rbac_node_t   nodes[2], *chunk;

    all = all_names();
    chunk = nodes;

    memset(&org, 0, sizeof(org));
    memset(nodes, 0, sizeof(nodes));
    memset(edges, 0, sizeof(edges));

    org.nodes = &chunk;
    org.edges = edges;
    org.edges_mask = 1;

    /* two names under one parent */

    found = 0;

    for (i = 1; i < NHASHED && !found; i++) {

        if (all[i].hash == all[i - 1].hash) {
            edges_hash = all[i].hash;
            edges[edges_hash & 1].hash = edges_hash;
            edges[edges_hash & 1].node = 1;
            nodes[1].parent = 1;
            nodes[1].segment = all[i].name;
            nodes[1].len = 7;

            EXPECT_INT(rbac_child(&org, 1, all[i].name, 7), 1);
            EXPECT_INT(rbac_child(&org, 1, all[i - 1].name, 7), 0);
            found = 1;
        }
    }

    EXPECT_INT(found, 1);

    /* a shorter name under it; the same under another parent */

    for (parent = 1; parent <= 2; parent++) {
        found = 0;

        for (i = 0; i < (1 << 24) && !found; i++) {
            snprintf((char *) key.name, 8, "%06x", i);
            key.hash = rbac_hash(parent, key.name, 6);
            same = bsearch(&key, all, NHASHED, sizeof(hashed_t), by_hash);

            if (same == NULL) {
                continue;
            }

            memset(edges, 0, sizeof(edges));
            edges[key.hash & 1].hash = key.hash;
            edges[key.hash & 1].node = 1;
            nodes[1].parent = 1;
            nodes[1].segment = same->name;
            nodes[1].len = 7;

            EXPECT_INT(rbac_child(&org, 1, same->name, 7), 1);
            EXPECT_INT(rbac_child(&org, parent, key.name, 6), 0);
            found = 1;
        }

        EXPECT_INT(found, 1);
    }

    free(all);
}


/* more methods than a mask has bits: those behind are compared by name */

TEST(methods_beyond_the_mask_are_compared_by_name)
{
    int  i;

    begin();
    put("'permissions':{'first':['M0'");

    for (i = 1; i < RBAC_MAX_MASK; i++) {
        put(",'M%d'", i);
    }

    put("],'wide':['X','Y']},'resources':{'r':['/a'],'s':['/b']},"
        "'roles':{'r':{'grants':[['first','r']]},"
        "'s':{'grants':[['first','s'],['wide','s']]}}");

    if (EXPECT(compile())) {
        EXPECT_INT(code("r", "M62", "/a"), RBAC_ALLOW);
        EXPECT_INT(code("r", "X", "/a"), RBAC_METHOD);
        EXPECT_INT(code("s", "M0", "/b"), RBAC_ALLOW);
        EXPECT_INT(code("s", "X", "/b"), RBAC_ALLOW);
        EXPECT_INT(code("s", "Y", "/b"), RBAC_ALLOW);
        EXPECT_INT(code("s", "Z", "/b"), RBAC_METHOD);
    }

    done();
}


/* a hint costs bounded work: it looks at some roles only */

TEST(the_nearest_role_is_looked_for_among_some)
{
    int   i, named;
    char  method[16], reason[RBAC_REASON_MAX + 1];

    begin();
    put("'permissions':{'p':['OTHER']");

    for (i = 0; i < 400; i++) {
        put(",'p%d':['M%d']", i, i);
    }

    put("},'resources':{'r':['/a'],'none':['/b']},'roles':{"
        "'nobody':{'grants':[['p','none']]}");

    for (i = 0; i < 400; i++) {
        put(",'r%d':{'grants':[['p','r'],['p%d','r']]}", i, i);
    }

    put("}");

    if (!EXPECT(compile())) {
        return;
    }

    named = 0;

    for (i = 0; i < 400; i++) {
        snprintf(method, sizeof(method), "M%d", i);

        EXPECT_INT(ask("nobody", method, "/a", reason), RBAC_NO_GRANT);

        if (strstr(reason, "; role \"r") != NULL) {
            named++;
        }
    }

    EXPECT(named > 0);
    EXPECT(named < 400);

    done();
}


TEST(a_reason_is_cut_where_it_does_not_fit)
{
    char                   reason[RBAC_REASON_MAX + 1];
    size_t                 n, size;
    rbac_verdict_t         v;
    const postern_role_t  *roles[1];

    many_paths();

    if (!EXPECT(compile())) {
        return;
    }

    roles[0] = role_of("left");
    rbac_decide(policy, dir->orgs, roles, 1, slice("PATCH"), slice("/p1/x"),
                &v);

    for (size = 0; size < 40; size++) {
        memset(reason, '#', sizeof(reason));
        n = rbac_reason(policy, dir->orgs, &v, slice("PATCH"),
                        slice("/p1/x"), reason, size);

        EXPECT_INT(n, size);
        EXPECT_INT(reason[size], '#');
        EXPECT_MEM(reason, "role \"left\" by inherited role \"base\" reaches ",
                   size);
    }

    done();
}


TEST(every_verdict_has_its_code)
{
    EXPECT_STR(rbac_code(RBAC_NO_ORG), "rbac/no-org");
    EXPECT_STR(rbac_code(RBAC_NO_ROLE), "rbac/no-role");
    EXPECT_STR(rbac_code(RBAC_NO_RESOURCE), "rbac/no-resource");
    EXPECT_STR(rbac_code(RBAC_NO_GRANT), "rbac/no-grant");
    EXPECT_STR(rbac_code(RBAC_METHOD), "rbac/method");
    EXPECT_STR(rbac_code(RBAC_LIMIT), "rbac/limit");
    EXPECT_STR(rbac_code(RBAC_ALLOW), "rbac/allowed");
}


TEST(an_organization_that_the_policy_lacks_is_said)
{
    char            reason[RBAC_REASON_MAX];
    size_t          n;
    rbac_verdict_t  v;

    many_paths();

    if (!EXPECT(compile())) {
        return;
    }

    EXPECT_INT(rbac_decide(policy, NULL, NULL, 0, slice("GET"), slice("/"),
                           &v), RBAC_NO_ORG);

    n = rbac_reason(policy, NULL, &v, slice("GET"), slice("/"), reason,
                    sizeof(reason));
    EXPECT_MEM(reason, "the subject belongs to no organization of the policy",
               n);

    done();
}


UNIT_MAIN()
