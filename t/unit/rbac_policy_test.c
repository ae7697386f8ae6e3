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
 *      -lcrypto
 */

/*
 * What a policy allows, with reasons, and the same against a plain reading of
 * the document: every decision of a random policy is made twice.
 */

#include "unit.h"

#include "../../ngx_http_rbac_module/rbac_match.h"


static postern_directory_t  *dir;
static rbac_policy_t        *policy;


static int
compile(const char *json)
{
    postern_str_t    s;
    postern_error_t  err;

    s.data = (const unsigned char *) json;
    s.len = strlen(json);

    dir = postern_directory_parse(s, &err);

    if (dir == NULL) {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
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


static postern_str_t
str(const char *s)
{
    postern_str_t  r;

    r.data = (const unsigned char *) s;
    r.len = strlen(s);

    return r;
}


static const postern_role_t *
role_of(const postern_org_t *org, const char *name)
{
    uint32_t  i;

    for (i = 0; i < org->nroles; i++) {
        if (postern_str_eq(org->roles[i].name, str(name))) {
            return &org->roles[i];
        }
    }

    return NULL;
}


/* role may be "": none */

static rbac_code_e
ask(const char *role, const char *method, const char *path, rbac_verdict_t *v,
    char *reason)
{
    size_t                 n;
    const postern_org_t   *org;
    const postern_role_t  *roles[1];

    org = postern_directory_org(dir, str("acme"));
    roles[0] = role_of(org, role);

    rbac_decide(policy, org, roles, roles[0] ? 1 : 0, str(method), str(path),
                v);

    n = rbac_reason(policy, org, v, str(method), str(path), reason,
                    RBAC_REASON_MAX);
    reason[n] = '\0';

    return v->code;
}


static rbac_code_e
code(const char *role, const char *method, const char *path)
{
    char            reason[RBAC_REASON_MAX + 1];
    rbac_verdict_t  v;

    return ask(role, method, path, &v, reason);
}


static int
reason_is(const char *role, const char *method, const char *path,
    const char *want)
{
    char            reason[RBAC_REASON_MAX + 1];
    rbac_verdict_t  v;

    ask(role, method, path, &v, reason);

    if (strcmp(reason, want) != 0) {
        printf("# %s\n", reason);
        return 0;
    }

    return 1;
}


static const char  acme[] =
    "{\"version\":1,\"organizations\":{\"acme\":{"
    "\"permissions\":{\"read\":[\"GET\",\"HEAD\"],\"list\":[\"GET\"],"
        "\"write\":[\"POST\",\"PUT\",\"PATCH\",\"DELETE\"],"
        "\"dav\":[\"PROPFIND\"],\"all\":[\"*\"]},"
    "\"resources\":{"
        "\"devices\":[\"/api/devices\",\"/api/devices/**\"],"
        "\"one\":[\"/api/*/status\"],"
        "\"deep\":[\"/api/devices/*/logs/**\"],"
        "\"slash\":[\"/dir/\"],"
        "\"root\":[\"/\"],"
        "\"everything\":[\"/**\"]},"
    "\"roles\":{"
        "\"viewer\":{\"grants\":[[\"read\",\"devices\"]]},"
        "\"operator\":{\"inherits\":[\"viewer\"],"
            "\"grants\":[[\"write\",\"devices\"],[\"list\",\"one\"]]},"
        "\"chief\":{\"inherits\":[\"operator\"],\"grants\":[]},"
        "\"logs\":{\"grants\":[[\"list\",\"deep\"],[\"list\",\"slash\"],"
            "[\"list\",\"root\"]]},"
        "\"dav\":{\"grants\":[[\"dav\",\"devices\"]]},"
        "\"admin\":{\"grants\":[[\"all\",\"everything\"]]},"
        "\"nothing\":{\"grants\":[]}}},"
    "\"other\":{\"permissions\":{\"read\":[\"GET\"]},"
        "\"resources\":{\"devices\":[\"/**\"]},"
        "\"roles\":{\"viewer\":{\"grants\":[[\"read\",\"devices\"]]}}}}}";


TEST(a_role_may_what_it_was_granted)
{
    if (!EXPECT(compile(acme))) {
        return;
    }

    EXPECT_INT(code("viewer", "GET", "/api/devices"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "HEAD", "/api/devices/7"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "POST", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("viewer", "GET", "/api/x/status"), RBAC_NO_GRANT);
    EXPECT_INT(code("nothing", "GET", "/api/devices"), RBAC_NO_GRANT);
    EXPECT_INT(code("", "GET", "/api/devices"), RBAC_NO_ROLE);
    EXPECT_INT(code("admin", "GET", "/"), RBAC_ALLOW);

    done();
}


TEST(roles_inherit_at_any_depth)
{
    if (!EXPECT(compile(acme))) {
        return;
    }

    EXPECT_INT(code("operator", "GET", "/api/devices"), RBAC_ALLOW);
    EXPECT_INT(code("operator", "DELETE", "/api/devices/7/x"), RBAC_ALLOW);
    EXPECT_INT(code("chief", "GET", "/api/devices"), RBAC_ALLOW);
    EXPECT_INT(code("chief", "PUT", "/api/devices/1"), RBAC_ALLOW);
    EXPECT_INT(code("chief", "GET", "/api/7/status"), RBAC_ALLOW);

    /* never downwards */

    EXPECT_INT(code("viewer", "PUT", "/api/devices/1"), RBAC_METHOD);

    done();
}


TEST(methods_are_compared_in_full)
{
    if (!EXPECT(compile(acme))) {
        return;
    }

    EXPECT_INT(code("viewer", "get", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("viewer", "GETX", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("viewer", "GE", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("viewer", "", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("viewer", "FOO", "/api/devices"), RBAC_METHOD);

    /* HEAD is not GET, and "*" is every method but nobody's name */

    EXPECT_INT(code("logs", "HEAD", "/dir/"), RBAC_METHOD);
    EXPECT_INT(code("dav", "PROPFIND", "/api/devices"), RBAC_ALLOW);
    EXPECT_INT(code("dav", "GET", "/api/devices"), RBAC_METHOD);
    EXPECT_INT(code("admin", "FOO", "/x"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "*", "/api/devices"), RBAC_METHOD);

    done();
}


TEST(patterns_match_segment_by_segment)
{
    if (!EXPECT(compile(acme))) {
        return;
    }

    /* "**" is any rest behind its slash, also the empty one */

    EXPECT_INT(code("viewer", "GET", "/api/devices/"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "GET", "/api/devices/a/b/c/"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "GET", "/api/devicesx"), RBAC_NO_GRANT);
    EXPECT_INT(code("logs", "GET", "/api/devices/7/logs"), RBAC_NO_GRANT);
    EXPECT_INT(code("logs", "GET", "/api/devices/7/logs/"), RBAC_ALLOW);
    EXPECT_INT(code("logs", "GET", "/api/devices/7/logs/a"), RBAC_ALLOW);

    /* "*" is one segment, not an empty one */

    EXPECT_INT(code("operator", "GET", "/api/a/status"), RBAC_ALLOW);
    EXPECT_INT(code("operator", "GET", "/api/*/status"), RBAC_ALLOW);
    EXPECT_INT(code("operator", "GET", "/api//status"), RBAC_NO_GRANT);
    EXPECT_INT(code("operator", "GET", "/api/a/b/status"), RBAC_NO_GRANT);
    EXPECT_INT(code("operator", "GET", "/api/a/status/"), RBAC_NO_GRANT);
    EXPECT_INT(code("logs", "GET", "/api/devices//logs/a"), RBAC_NO_GRANT);

    /* a slash at the end counts, and so does case */

    EXPECT_INT(code("logs", "GET", "/dir/"), RBAC_ALLOW);
    EXPECT_INT(code("logs", "GET", "/dir"), RBAC_NO_GRANT);
    EXPECT_INT(code("logs", "GET", "/dir/x"), RBAC_NO_GRANT);
    EXPECT_INT(code("logs", "GET", "/"), RBAC_ALLOW);
    EXPECT_INT(code("viewer", "GET", "/API/devices"), RBAC_NO_GRANT);

    /* what is no path at all */

    EXPECT_INT(code("admin", "GET", ""), RBAC_NO_RESOURCE);
    EXPECT_INT(code("admin", "GET", "*"), RBAC_NO_RESOURCE);

    done();
}


TEST(organizations_do_not_mix)
{
    rbac_verdict_t         v;
    const postern_org_t   *org, *other;
    const postern_role_t  *roles[1];
    postern_org_t          foreign;

    if (!EXPECT(compile(acme))) {
        return;
    }

    org = postern_directory_org(dir, str("acme"));
    other = postern_directory_org(dir, str("other"));

    roles[0] = role_of(other, "viewer");
    EXPECT_INT(rbac_decide(policy, other, roles, 1, str("GET"), str("/x"), &v),
               RBAC_ALLOW);

    roles[0] = role_of(org, "viewer");
    EXPECT_INT(rbac_decide(policy, org, roles, 1, str("GET"), str("/x"), &v),
               RBAC_NO_GRANT);

    EXPECT_INT(rbac_decide(policy, NULL, roles, 1, str("GET"), str("/x"), &v),
               RBAC_NO_ORG);

    foreign = *org;
    EXPECT_INT(rbac_decide(policy, &foreign, roles, 1, str("GET"),
                           str("/api/devices"), &v), RBAC_NO_ORG);

    foreign.index = 1000;
    EXPECT_INT(rbac_decide(policy, &foreign, roles, 1, str("GET"),
                           str("/api/devices"), &v), RBAC_NO_ORG);

    done();
}


TEST(several_roles_add_up)
{
    rbac_verdict_t         v;
    const postern_org_t   *org;
    const postern_role_t  *roles[3];

    if (!EXPECT(compile(acme))) {
        return;
    }

    org = postern_directory_org(dir, str("acme"));
    roles[0] = role_of(org, "nothing");
    roles[1] = role_of(org, "logs");
    roles[2] = role_of(org, "viewer");

    EXPECT_INT(rbac_decide(policy, org, roles, 3, str("GET"),
                           str("/api/devices"), &v), RBAC_ALLOW);
    EXPECT(v.role == roles[2] && v.via == roles[2]);
    EXPECT_INT(rbac_decide(policy, org, roles, 2, str("GET"),
                           str("/api/devices"), &v), RBAC_NO_GRANT);
    EXPECT_INT(rbac_decide(policy, org, roles, 3, str("GET"), str("/dir/"),
                           &v), RBAC_ALLOW);
    EXPECT(v.role == roles[1]);

    done();
}


TEST(reasons_name_what_decided)
{
    if (!EXPECT(compile(acme))) {
        return;
    }

    EXPECT(reason_is("viewer", "GET", "/api/devices",
                     "role \"viewer\": permission \"read\" on resource "
                     "\"devices\""));
    EXPECT(reason_is("chief", "HEAD", "/api/devices",
                     "role \"chief\" by inherited role \"viewer\": permission "
                     "\"read\" on resource \"devices\""));
    EXPECT(reason_is("viewer", "POST", "/api/devices",
                     "role \"viewer\" reaches resource \"devices\" with "
                     "permission \"read\", but not with method \"POST\""));
    EXPECT(reason_is("logs", "PUT", "/api/devices",
                     "no role of the subject reaches resource "
                     "\"devices\"; role \"operator\" does"));
    EXPECT(reason_is("", "GET", "/api/devices", "the subject has no role"));

    done();
}


TEST(the_nearest_miss_is_told)
{
    static const char  json[] =
        "{\"version\":1,\"organizations\":{\"acme\":{"
        "\"permissions\":{\"read\":[\"GET\"]},"
        "\"resources\":{\"a\":[\"/api/v1/devices\"],\"b\":[\"/b\"]},"
        "\"roles\":{\"viewer\":{\"grants\":[[\"read\",\"a\"]]}}}}}";

    if (!EXPECT(compile(json))) {
        return;
    }

    EXPECT(reason_is("viewer", "GET", "/api/v1/device",
                     "the path belongs to no resource; patterns follow it up "
                     "to \"/api/v1/\""));
    EXPECT(reason_is("viewer", "GET", "/x",
                     "the path belongs to no resource"));
    EXPECT(reason_is("viewer", "GET", "/b",
                     "no role of the subject reaches resource \"b\""));

    done();
}


/* a permission with more methods than there are bits */

TEST(methods_beyond_the_mask)
{
    int          i;
    char         json[8192], method[16], *p;
    const char  *tail = "]},\"resources\":{\"a\":[\"/a\"]},\"roles\":"
                        "{\"r\":{\"grants\":[[\"many\",\"a\"]]},"
                        "\"s\":{\"grants\":[[\"last\",\"a\"]]}}}}}";

    p = json + sprintf(json, "{\"version\":1,\"organizations\":{\"acme\":{"
                             "\"permissions\":{\"many\":[\"M0\"");

    for (i = 1; i < 200; i++) {
        p += sprintf(p, ",\"M%d\"", i);
    }

    sprintf(p, "],\"last\":[\"M199\"%s", tail);

    if (!EXPECT(compile(json))) {
        return;
    }

    for (i = 0; i < 200; i++) {
        sprintf(method, "M%d", i);
        EXPECT_INT(code("r", method, "/a"), RBAC_ALLOW);
        EXPECT_INT(code("s", method, "/a"),
                   i == 199 ? RBAC_ALLOW : RBAC_METHOD);
    }

    EXPECT_INT(code("r", "M200", "/a"), RBAC_METHOD);

    done();
}


/* every place of a "*" in ten segments: the walk ends, and denies */

TEST(work_is_bounded)
{
    int    i, k, n;
    char  *json, *p;

    n = 1 << 14;
    json = malloc(n * 64 + 1024);
    p = json + sprintf(json, "{\"version\":1,\"organizations\":{\"acme\":{"
                             "\"permissions\":{\"read\":[\"GET\"]},"
                             "\"resources\":{\"a\":[");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s\"", i ? "," : "");

        for (k = 0; k < 14; k++) {
            p += sprintf(p, "/%c", (i >> k & 1) ? '*' : 'a');
        }

        p += sprintf(p, "/end\"");
    }

    sprintf(p, "]},\"roles\":{\"r\":{\"grants\":[[\"read\",\"a\"]]}}}}}");

    if (EXPECT(compile(json))) {
        EXPECT_INT(code("r", "GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/end"),
                   RBAC_ALLOW);
        EXPECT_INT(code("r", "GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/x"),
                   RBAC_LIMIT);
        done();
    }

    free(json);
}


/* a pattern as deep as they get, and a path far deeper */

TEST(depth_is_bounded)
{
    int    i;
    char   json[1024], path[8192], *p;

    p = json + sprintf(json, "{\"version\":1,\"organizations\":{\"acme\":{"
                             "\"permissions\":{\"read\":[\"GET\"]},"
                             "\"resources\":{\"a\":[\"");

    for (i = 0; i < RBAC_MAX_DEPTH - 1; i++) {
        p += sprintf(p, "/*");
    }

    sprintf(p, "/**\"]},\"roles\":{\"r\":{\"grants\":[[\"read\",\"a\"]]}}}}}");

    if (!EXPECT(compile(json))) {
        return;
    }

    for (i = 0, p = path; i < 2000; i++) {
        p += sprintf(p, "/ab");
    }

    EXPECT_INT(code("r", "GET", path), RBAC_ALLOW);

    path[3 * (RBAC_MAX_DEPTH - 1)] = '\0';
    EXPECT_INT(code("r", "GET", path), RBAC_NO_RESOURCE);

    done();
}


/*
 * The same decisions by a plain reading of the document.
 */

static int
naive_match(const char *pattern, const char *path)
{
    size_t  n, m;

    for ( ;; ) {

        if (strcmp(pattern, "/**") == 0) {
            return path[0] == '/';
        }

        if (pattern[0] == '\0' || path[0] == '\0') {
            return pattern[0] == path[0];
        }

        pattern++;
        path++;
        n = strcspn(pattern, "/");
        m = strcspn(path, "/");

        if (!(n == 1 && pattern[0] == '*' && m > 0)
            && (n != m || memcmp(pattern, path, n) != 0))
        {
            return 0;
        }

        pattern += n;
        path += m;
    }
}


static int
naive_role(const postern_role_t *role, const char *method, const char *path)
{
    char                        pattern[64];
    uint32_t                    i, k, m;
    const postern_resource_t   *res;
    const postern_permission_t *perm;

    for (i = 0; i < role->ngrants; i++) {
        res = role->grants[i].resource;
        perm = role->grants[i].permission;

        for (m = 0; m < perm->nmethods; m++) {

            if (!postern_str_is(perm->methods[m], "*")
                && !postern_str_eq(perm->methods[m], str(method)))
            {
                continue;
            }

            for (k = 0; k < res->npatterns; k++) {
                memcpy(pattern, res->patterns[k].data, res->patterns[k].len);
                pattern[res->patterns[k].len] = '\0';

                if (naive_match(pattern, path)) {
                    return 1;
                }
            }
        }
    }

    for (i = 0; i < role->ninherits; i++) {

        if (naive_role(role->inherits[i], method, path)) {
            return 1;
        }
    }

    return 0;
}


static uint32_t
next(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525 + 1013904223;

    return (*seed >> 8) % n;
}


static char *
random_path(char *p, uint32_t *seed, int pattern)
{
    uint32_t  i, n;

    static const char *const  words[] = { "a", "b", "ab", "*", "c" };

    n = 1 + next(seed, 4);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "/%s", words[next(seed, pattern ? 4 : 5)]);
    }

    n = next(seed, 8);

    if (n == 0) {
        p += sprintf(p, "/");

    } else if (n < 3 && pattern) {
        p += sprintf(p, "/**");
    }

    return p;
}


static void
random_policy(char *p, uint32_t *seed)
{
    uint32_t  i, k, n;

    p += sprintf(p, "{\"version\":1,\"organizations\":{\"acme\":{"
                    "\"permissions\":{\"p0\":[\"GET\"],\"p1\":[\"PUT\"],"
                    "\"p2\":[\"GET\",\"POST\"],\"p3\":[\"*\"]},"
                    "\"resources\":{");

    for (i = 0; i < 8; i++) {
        p += sprintf(p, "%s\"s%u\":[", i ? "," : "", i);

        for (k = 0, n = 1 + next(seed, 3); k < n; k++) {
            p += sprintf(p, "%s\"", k ? "," : "");
            p = random_path(p, seed, 1);

            /* unique, should the directory want that */

            p += sprintf(p, "\"");
        }

        p += sprintf(p, "]");
    }

    p += sprintf(p, "},\"roles\":{");

    for (i = 0; i < 6; i++) {
        p += sprintf(p, "%s\"r%u\":{\"inherits\":[", i ? "," : "", i);

        if (i > 0 && next(seed, 2)) {
            p += sprintf(p, "\"r%u\"", next(seed, i));
        }

        p += sprintf(p, "],\"grants\":[");

        for (k = 0, n = next(seed, 4); k < n; k++) {
            p += sprintf(p, "%s[\"p%u\",\"s%u\"]", k ? "," : "",
                         next(seed, 4), (k * 2 + next(seed, 2)) % 8);
        }

        p += sprintf(p, "]}");
    }

    sprintf(p, "}}}}");
}


TEST(random_policies_agree_with_a_plain_reading)
{
    int                   round, i, allowed, wrong, total;
    char                  json[8192], path[256], role[8];
    uint32_t              seed;
    const char           *method;
    const postern_org_t  *org;

    static const char *const  methods[] = { "GET", "PUT", "POST", "FOO" };

    seed = 20260801;
    allowed = 0;
    wrong = 0;
    total = 0;

    for (round = 0; round < 200; round++) {
        random_policy(json, &seed);

        if (!compile(json)) {
            continue;
        }

        org = postern_directory_org(dir, str("acme"));

        for (i = 0; i < 300; i++) {
            random_path(path, &seed, 0);
            sprintf(role, "r%u", next(&seed, 6));
            method = methods[next(&seed, 4)];

            total++;
            allowed += naive_role(role_of(org, role), method, path);
            wrong += (code(role, method, path) == RBAC_ALLOW)
                     != naive_role(role_of(org, role), method, path);
        }

        done();
    }

    EXPECT_INT(wrong, 0);
    EXPECT(total > 30000);
    EXPECT(allowed > total / 20);
    EXPECT(allowed < total / 2);
}


UNIT_MAIN()
