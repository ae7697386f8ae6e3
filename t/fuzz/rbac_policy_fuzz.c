/* link:
   ngx_http_rbac_module/rbac_match.c ngx_http_rbac_module/rbac_policy.c
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto */

/*
 * Any bytes as a policy and as questions to it.  The policy is written as a
 * directory: roles that inherit, resources of patterns, grants.  What the
 * compiled one decides is what a reader of the directory decides who knows
 * nothing of tries, masks and closures, and only tries one grant after the
 * other.
 */


#include "fuzz.h"
#include "rbac_match.h"


#define ROLES      5
#define RESOURCES  5
#define MAX_TEXT   65536


typedef struct {
    char    text[MAX_TEXT];
    size_t  len;
} out_t;


static const char *const  segments[] = {
    "a", "b", "ab", "*", "*", "**", "", "\xc3\xa4", "a.b", "longer-than-these"
};

static const char *const  methods[] = { "GET", "HEAD", "PUT", "get", "X-A" };


static void
put(out_t *o, const char *s)
{
    size_t  n;

    n = strlen(s);
    HELD(o->len + n < MAX_TEXT);
    memcpy(o->text + o->len, s, n);
    o->len += n;
}


/* "/a/ab": of a pattern where stars may be in it, else of a path */

static void
path(out_t *o, postern_str_t *in)
{
    unsigned  i, n;

    n = fuzz_byte(in) % 5 + 1;

    for (i = 0; i < n; i++) {
        put(o, "/");
        put(o, segments[fuzz_byte(in) % 10]);
    }
}


static void
names(out_t *o, const char *prefix, unsigned mask, unsigned n)
{
    char      name[16];
    unsigned  i, some;

    for (some = 0, i = 0; i < n; i++) {
        if (mask >> i & 1) {
            sprintf(name, "%s\"%s%u\"", some++ ? "," : "", prefix, i);
            put(o, name);
        }
    }
}


static void
resources(out_t *o, postern_str_t *in)
{
    char      name[32];
    unsigned  i, k, n;

    for (i = 0; i < RESOURCES; i++) {
        sprintf(name, "%s\"s%u\":[", i ? "," : "", i);
        put(o, name);

        n = fuzz_byte(in) % 3 + 1;

        for (k = 0; k < n; k++) {
            put(o, k ? ",\"" : "\"");
            path(o, in);
            put(o, "\"");
        }

        put(o, "]");
    }
}


static void
roles(out_t *o, postern_str_t *in)
{
    char      text[64];
    unsigned  i, k, n;

    for (i = 0; i < ROLES; i++) {
        sprintf(text, "%s\"r%u\":{\"inherits\":[", i ? "," : "", i);
        put(o, text);

        /* only from earlier ones, so that there is no circle */

        names(o, "r", fuzz_byte(in), i);
        put(o, "],\"grants\":[");

        n = fuzz_byte(in) % 4;

        for (k = 0; k < n; k++) {
            sprintf(text, "%s[\"p%u\",\"s%u\"]", k ? "," : "",
                    fuzz_byte(in) % 4, fuzz_byte(in) % RESOURCES);
            put(o, text);
        }

        put(o, "]}");
    }
}


static void
document(out_t *o, postern_str_t *in)
{
    o->len = 0;

    put(o, "{\"version\":1,\"organizations\":{\"acme\":{\"users\":{\"u\":"
           "{\"roles\":[");
    names(o, "r", fuzz_byte(in), ROLES);
    put(o, "]}},\"permissions\":{\"p0\":[\"GET\"],\"p1\":[\"PUT\",\"X-A\"],"
           "\"p2\":[\"*\"],\"p3\":[\"HEAD\",\"GET\"]},\"resources\":{");
    resources(o, in);
    put(o, "},\"roles\":{");
    roles(o, in);
    put(o, "}}}}");
}


static int
matches(postern_str_t pattern, postern_str_t where)
{
    int            last;
    postern_str_t  p, s;

    if (pattern.len == 0 || pattern.data[0] != '/'
        || where.len == 0 || where.data[0] != '/')
    {
        return pattern.len == 0 && where.len == 0;
    }

    pattern.data++;
    pattern.len--;
    where.data++;
    where.len--;

    p = pattern;
    s = where;
    last = memchr(p.data, '/', p.len) == NULL;

    if (last && postern_str_is(p, "**")) {
        return 1;
    }

    if (!last) {
        p.len = (size_t) ((unsigned char *) memchr(p.data, '/', p.len)
                          - p.data);
    }

    if (memchr(s.data, '/', s.len)) {
        s.len = (size_t) ((unsigned char *) memchr(s.data, '/', s.len)
                          - s.data);
    }

    if (!(postern_str_is(p, "*") ? s.len != 0 : postern_str_eq(p, s))) {
        return 0;
    }

    pattern.data += p.len;
    pattern.len -= p.len;
    where.data += s.len;
    where.len -= s.len;

    return matches(pattern, where);
}


static int
granted(const postern_role_t *role, postern_str_t method, postern_str_t where)
{
    uint32_t                i, k, m;
    const postern_grant_t  *g;

    for (i = 0; i < role->ngrants; i++) {
        g = &role->grants[i];

        for (k = 0; k < g->resource->npatterns; k++) {

            if (!matches(g->resource->patterns[k], where)) {
                continue;
            }

            for (m = 0; m < g->permission->nmethods; m++) {
                if (postern_str_is(g->permission->methods[m], "*")
                    || postern_str_eq(g->permission->methods[m], method))
                {
                    return 1;
                }
            }
        }
    }

    for (i = 0; i < role->ninherits; i++) {
        if (granted(role->inherits[i], method, where)) {
            return 1;
        }
    }

    return 0;
}


static void
ask(const rbac_policy_t *policy, const postern_org_t *org,
    const postern_user_t *user, postern_str_t method, postern_str_t where)
{
    int             expected;
    char            reason[RBAC_REASON_MAX];
    size_t          i, n;
    rbac_code_e     code;
    rbac_verdict_t  v;

    for (expected = 0, i = 0; i < user->nroles; i++) {
        expected |= granted(user->roles[i], method, where);
    }

    code = rbac_decide(policy, org, user->roles, user->nroles, method, where,
                       &v);

    HELD(code == v.code);
    HELD(code == RBAC_LIMIT || (code == RBAC_ALLOW) == expected);
    HELD(v.reach <= where.len + 1);

    if (code == RBAC_ALLOW) {
        HELD(granted(v.via, method, where));
    }

    fuzz_read(rbac_code(code));

    n = rbac_reason(policy, org, &v, method, where, reason, sizeof(reason));
    HELD(n > 0 && n <= sizeof(reason));

    for (i = 0; i < n; i++) {
        HELD((unsigned char) reason[i] >= 0x20 && reason[i] != 0x7f);
    }
}


/* rbac_path refuses control characters before anybody asks for a decision */

static int
plain(postern_str_t where)
{
    size_t  i;

    for (i = 0; i < where.len; i++) {
        if (where.data[i] < 0x20 || where.data[i] == 0x7f) {
            return 0;
        }
    }

    return 1;
}


static void
questions(postern_directory_t *dir, postern_str_t *in)
{
    out_t                  where;
    unsigned               i;
    const char            *method;
    postern_str_t          m, p;
    rbac_policy_t         *policy;
    postern_arena_t       *arena;
    const postern_org_t   *org = &dir->orgs[0];

    arena = postern_arena_create();
    policy = rbac_policy_compile(dir, arena);
    HELD(policy != NULL);

    for (i = 0; i < 32 && in->len; i++) {
        where.len = 0;
        path(&where, in);

        method = methods[fuzz_byte(in) % 5];
        m.data = (const unsigned char *) method;
        m.len = strlen(method);
        p.data = (unsigned char *) where.text;
        p.len = where.len;

        ask(policy, org, &org->users[0], m, p);
    }

    /* what is left is a path as it stands */

    if (plain(*in)) {
        ask(policy, org, &org->users[0],
            (postern_str_t) postern_string("GET"), *in);
    }

    postern_arena_destroy(arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static out_t           doc;
    postern_str_t          in, json;
    postern_error_t        err;
    postern_directory_t   *dir;

    if (size > 1024) {
        return 0;
    }

    in.data = data;
    in.len = size;

    document(&doc, &in);
    json.data = (unsigned char *) doc.text;
    json.len = doc.len;

    dir = postern_directory_parse(json, &err);

    if (dir == NULL) {
        fuzz_error(&err, json);      /* "/a/" "**" "/b" and the like */
        return 0;
    }

    questions(dir, &in);
    postern_directory_destroy(dir);

    return 0;
}
