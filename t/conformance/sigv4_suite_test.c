/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * The public SigV4 suite, in the form with an Authorization header and as
 * presigned URLs: canonical request, string to sign, signature, and what the
 * verifier makes of the signed request.
 *
 * The suite signs some paths normalized, as AWS's clients do by default, and
 * some as they are.  The canonical form is checked for both; the verifier
 * accepts a normalized one only where nothing was normalized away, because any
 * number of paths would share a signature otherwise.  One URL has a session
 * token behind its signature, not covered by it, and is refused as well.
 */


#include <dirent.h>

#include <jansson.h>

#include "unit.h"
#include "sign_request.h"
#include "sign_sigv4.h"


#define CASES            38
#define NORMALIZED_AWAY  6     /* cases whose path loses something */


typedef struct {
    char         name[256];
    const char  *form;             /* "header", "query" */
    char        *request;
    size_t       request_len;
    char        *canonical;
    char        *string;
    char        *signature;
    const char  *secret;
    const char  *key_id;
    const char  *region;
    const char  *service;
    int          normalize;
    int          token_unsigned;
    json_t      *context;
} case_t;


static unsigned         away, appended;
static sign_text_t      text;
static postern_key_t    dkey;
static sign_message_t   msg;
static postern_alloc_t  memory;
static sign_sigv4_t    *v4;


static char *
load(const case_t *c, const char *file, size_t *len)
{
    char  path[512];

    snprintf(path, sizeof(path), "sigv4/%s/%s%s", c->name, c->form, file);

    return unit_vector(path, len);
}


static void
load_case(case_t *c)
{
    char    *json, path[512];
    size_t   len;
    json_t  *creds;

    c->request = load(c, "-signed-request.txt", &c->request_len);
    c->canonical = load(c, "-canonical-request.txt", &len);
    c->string = load(c, "-string-to-sign.txt", &len);
    c->signature = load(c, "-signature.txt", &len);

    snprintf(path, sizeof(path), "sigv4/%s/context.json", c->name);
    json = unit_vector(path, &len);
    c->context = json_loads(json, 0, NULL);
    free(json);

    creds = json_object_get(c->context, "credentials");
    c->secret = json_string_value(json_object_get(creds, "secret_access_key"));
    c->key_id = json_string_value(json_object_get(creds, "access_key_id"));
    c->region = json_string_value(json_object_get(c->context, "region"));
    c->service = json_string_value(json_object_get(c->context, "service"));
    c->normalize = json_is_true(json_object_get(c->context, "normalize"));
    c->token_unsigned = json_is_true(json_object_get(c->context,
                                                     "omit_session_token"));
}


static void
free_case(case_t *c)
{
    free(c->request);
    free(c->canonical);
    free(c->string);
    free(c->signature);
    json_decref(c->context);
}


/* parsed and covered as the suite says; 0 where it is not even a message */

static int
read_case(case_t *c)
{
    int            presigned;
    char           hex[65];
    sign_policy_t  policy;

    memset(&msg, 0, sizeof(msg));
    memset(&policy, 0, sizeof(policy));
    memset(&dkey, 0, sizeof(dkey));

    msg.scheme = SIGN_SIGV4;
    msg.expires = POSTERN_TIME_MAX;
    policy.schemes = SIGN_SIGV4;
    policy.cover = SIGN_COVER_DEFAULT;
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    sign_text_parse(&text, c->request, c->request_len);

    EXPECT(sign_sigv4_present(&text.req, &policy));

    if (!EXPECT_INT(sign_sigv4_parse(&text.req, &policy, &memory, &msg),
                    SIGN_OK))
    {
        printf("# %s: %s\n", c->name, msg.detail);
        return 0;
    }

    v4 = (sign_sigv4_t *) msg.scheme_data;

    EXPECT_STR(msg.key_id, c->key_id);
    EXPECT_STR(v4->region, c->region);
    EXPECT_STR(v4->service, c->service);
    EXPECT_INT(msg.created, 1440938160);
    sign_text_hex(msg.signature.data, msg.signature.len, hex);
    EXPECT_STR(sign_text_str(hex), c->signature);

    presigned = strcmp(c->form, "query") == 0;

    EXPECT_INT(v4->presigned, presigned);
    EXPECT_INT(msg.expires, presigned ? msg.created + 3600 : POSTERN_TIME_MAX);

    EXPECT_INT(sign_sigv4_cover(&text.req, &policy, &dkey, &msg),
               c->token_unsigned && !presigned ? SIGN_COVERAGE : SIGN_OK);

    if (msg.body == SIGN_BODY_BEFORE) {
        sign_sha256(&text.body, 1, msg.body_hash);
        msg.has_body_hash = 1;
    }

    return 1;
}


/* canonical request and string to sign, normalized or not; 1 where something
   was normalized away */

static int
build_case(case_t *c, postern_str_t *string)
{
    postern_str_t  path, query, canonical;
    unsigned char  buf[1024], sent[1024];

    path.data = buf;
    path.len = sign_sigv4_path(v4->path,
                               c->normalize ? SIGN_SIGV4_PATH_NORMALIZED
                                            : SIGN_SIGV4_PATH_ENCODED, buf);
    EXPECT_INT(sign_sigv4_query(v4->query, &memory, &query), SIGN_OK);
    EXPECT_INT(sign_sigv4_canonical(&text.req, path, query, &memory, &msg,
                                    &canonical), SIGN_OK);
    EXPECT_STR(canonical, c->canonical);
    EXPECT_INT(sign_sigv4_string(canonical, &memory, v4, string), SIGN_OK);
    EXPECT_STR(*string, c->string);

    return sign_sigv4_path(v4->path, SIGN_SIGV4_PATH_ENCODED, sent)
           != path.len || memcmp(sent, buf, path.len) != 0;
}


static void
verify_case(case_t *c)
{
    int             changed;
    sign_key_t     *key;
    postern_str_t   string;

    key = sign_key_create(&dkey, sign_text_str(c->secret));
    if (!EXPECT(key != NULL)) {
        exit(1);
    }

    EXPECT_INT(sign_sigv4_base(&text.req, &memory, &msg), SIGN_OK);

    /* a token behind the signature, which it does not cover: anybody could
       put another there */

    if (v4->presigned && c->token_unsigned
        && v4->params[SIGN_SIGV4_SECURITY_TOKEN].len != 0)
    {
        EXPECT_INT(sign_verify(key, &msg), SIGN_INVALID);
        sign_key_destroy(key);
        appended++;
        return;
    }

    changed = build_case(c, &string);
    away += changed;

    EXPECT_INT(sign_verify(key, &msg), changed ? SIGN_INVALID : SIGN_OK);

    if (changed) {
        msg.base = string;
        EXPECT_INT(sign_verify(key, &msg), SIGN_OK);

    } else {
        EXPECT_STR(msg.canonical, c->canonical);
        EXPECT_STR(msg.base, c->string);
    }

    /* the same with another secret */

    sign_key_destroy(key);
    key = sign_key_create(&dkey, sign_text_str("another secret"));
    EXPECT_INT(sign_verify(key, &msg), SIGN_INVALID);
    sign_key_destroy(key);
}


static void
run_case(case_t *c)
{
    postern_arena_t  *arena;

    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);

    if (read_case(c)) {
        verify_case(c);
    }

    postern_arena_destroy(arena);
}


static void
run_suite(const char *form)
{
    int             i, n, cases;
    char            path[4096];
    case_t          c;
    const char     *dir;
    struct dirent **list;

    dir = getenv("VECTORS");
    snprintf(path, sizeof(path), "%s/sigv4",
             dir ? dir : "../shared/vectors");

    n = scandir(path, &list, NULL, alphasort);
    cases = 0;
    away = 0;

    for (i = 0; i < n; i++) {

        if (strncmp(list[i]->d_name, "get-", 4) == 0
            || strncmp(list[i]->d_name, "post-", 5) == 0)
        {
            memset(&c, 0, sizeof(c));
            snprintf(c.name, sizeof(c.name), "%s", list[i]->d_name);
            c.form = form;

            printf("# %s, %s\n", c.name, form);

            load_case(&c);
            run_case(&c);
            free_case(&c);
            cases++;
        }

        free(list[i]);
    }

    if (n >= 0) {
        free(list);
    }

    EXPECT_INT(cases, CASES);
    EXPECT_INT(away, NORMALIZED_AWAY);
}


TEST(every_case_in_the_header)
{
    run_suite("header");
}


TEST(every_case_as_a_presigned_url)
{
    run_suite("query");

    EXPECT_INT(appended, 1);
}


UNIT_MAIN()
