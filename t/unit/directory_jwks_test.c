/* link:
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

/* Sets of keys beside the document. */

#include "directory_key.h"
#include "postern_jwk.h"


#define RFC8037  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define OKP      "'kty':'OKP','crv':'Ed25519','x':'" RFC8037 "'"
#define OKP_ID   "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define EC256    "'kty':'EC','crv':'P-256','x':'" P256_X "','y':'" P256_Y "'"
#define EC384    "'kty':'EC','crv':'P-384','x':'" P384_X "','y':'" P384_Y "'"
#define RSA                                                                   \
    "'kty':'RSA','e':'AQAB','n':'"                                            \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7"  \
    "aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA"  \
    "rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7"  \
    "d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF"  \
    "d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'"


static const char  document[] =
    "{\"version\":1,\"organizations\":{\"acme\":{"
    "\"users\":{\"alice\":{}},"
    "\"roles\":{\"bot\":{},\"reader\":{}},"
    "\"keys\":{\"AK1\":{\"user\":\"alice\",\"algorithm\":\"hmac-sha256\","
    "\"secret\":\"plain:0123456789abcdef\"},"
    "\"ca\":{\"roles\":[],\"algorithm\":\"ssh-ca\",\"principals\":[\"deploy\"],"
    "\"public_key\":\"" SSH_ED25519 "\"}}}}}";


static postern_directory_t  *dir;
static postern_error_t       err;
static uint32_t              faulty;


/* from memory that ends where the text does */

static void
load(postern_jwks_t *sets, const char *const *texts, uint32_t n)
{
    char      *p, *copy[4];
    uint32_t   i;

    for (i = 0; i < n; i++) {
        sets[i].text.len = strlen(texts[i]);
        copy[i] = malloc(sets[i].text.len + !sets[i].text.len);
        memcpy(copy[i], texts[i], sets[i].text.len);

        for (p = copy[i]; p < copy[i] + sets[i].text.len; p++) {
            *p = *p == '\'' ? '"' : *p;
        }

        sets[i].text.data = (unsigned char *) copy[i];
    }

    postern_directory_destroy(dir);

    memset(&err, 0xff, sizeof(err));
    faulty = 77;
    dir = postern_directory_parse_sets(slice(document), sets, n, &faulty,
                                       &err);

    for (i = 0; i < n; i++) {
        free(copy[i]);
    }
}


static postern_jwks_t
set(void)
{
    postern_jwks_t  s;

    memset(&s, 0, sizeof(s));
    s.org = slice("acme");

    return s;
}


static const postern_key_t *
one(postern_jwks_t *s, const char *text, const char *id)
{
    load(s, &text, 1);

    if (dir == NULL) {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
        return NULL;
    }

    return postern_directory_key(dir, slice(id));
}


TEST(keys_of_every_kind)
{
    postern_jwks_t        s;
    const postern_key_t  *k;

    s = set();

    k = one(&s, "{'keys':[{" OKP ",'kid':'a'},{" EC256 ",'kid':'b'},"
            "{" EC384 ",'kid':'c'},{" RSA ",'kid':'d'},"
            "{" RSA ",'kid':'e','alg':'RS256'},"
            "{" RSA ",'kid':'f','alg':'PS512','use':'sig'},{" OKP "}]}", "a");

    if (!EXPECT(k != NULL)) {
        return;
    }

    EXPECT_INT(s.nkeys, 7);
    EXPECT_INT(s.nskipped, 0);
    EXPECT_INT(dir->nkeys, 9);
    EXPECT_INT(faulty, 1);

    EXPECT_INT(k->algorithm, POSTERN_ALG_ED25519);
    EXPECT_INT(k->public_key.len, 32);
    EXPECT(k == &dir->keys[k->index] && k->org == &dir->orgs[0]);
    EXPECT(k->user == NULL);
    EXPECT_INT(k->nroles, 0);
    EXPECT_INT(k->schemes, POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE);
    EXPECT_INT(k->nnetworks, 0);
    EXPECT(k->not_before == POSTERN_TIME_MIN);
    EXPECT(k->not_after == POSTERN_TIME_MAX);

    EXPECT_INT(postern_directory_key(dir, slice("b"))->algorithm,
               POSTERN_ALG_ECDSA_P256_SHA256);
    EXPECT_INT(postern_directory_key(dir, slice("c"))->algorithm,
               POSTERN_ALG_ECDSA_P384_SHA384);
    EXPECT_INT(postern_directory_key(dir, slice("d"))->algorithm,
               POSTERN_ALG_RSA_PSS_SHA512);
    EXPECT_INT(postern_directory_key(dir, slice("e"))->algorithm,
               POSTERN_ALG_RSA_V1_5_SHA256);
    EXPECT_INT(postern_directory_key(dir, slice("f"))->algorithm,
               POSTERN_ALG_RSA_PSS_SHA512);
    EXPECT(postern_directory_key(dir, slice(OKP_ID)) != NULL);
    EXPECT(dir->algorithms & 1u << POSTERN_ALG_ECDSA_P384_SHA384);
}


TEST(what_the_directive_says)
{
    postern_str_t         roles[2] = { slice("reader"), slice("bot") };
    postern_jwks_t        s;
    postern_network_t     network;
    const postern_key_t  *k;

    EXPECT(postern_network_parse(slice("10.0.0.0/8"), &network) == NULL);

    s = set();
    s.roles = roles;
    s.nroles = 2;
    s.networks = &network;
    s.nnetworks = 1;
    s.schemes = POSTERN_SCHEME_WEBHOOK;
    s.thumbprint = 1;

    k = one(&s, "{'keys':[{" OKP ",'kid':'a'},{" EC256 "}]}", OKP_ID);

    if (EXPECT(k != NULL)) {
        EXPECT_INT(k->nroles, 2);
        EXPECT_STR(k->roles[0]->name, "reader");
        EXPECT_STR(k->roles[1]->name, "bot");
        EXPECT_INT(k->nnetworks, 1);
        EXPECT(k->networks != &network && k->networks[0].bits == 104);
        EXPECT_INT(k->schemes, POSTERN_SCHEME_WEBHOOK);
        EXPECT(postern_directory_key(dir, slice("a")) == NULL);
    }

    /* no webhook is signed with the other */

    EXPECT_INT(s.nkeys, 1);
    EXPECT_INT(s.nskipped, 1);
}


TEST(keys_that_are_skipped)
{
    postern_jwks_t  s;

    s = set();

    EXPECT(one(&s, "{'keys':[{},{'kty':'oct','k':'c2VjcmV0'},{'kty':1},"
               "{'kty':'OKP','crv':'X25519','x':'" RFC8037 "'},"
               "{'kty':'EC','crv':'secp256k1','x':'a','y':'b'},"
               "{" OKP ",'use':'enc'},{" EC256 ",'alg':'ECDH-ES'},"
               "{" RSA ",'alg':'RS512'},{" OKP ",'key_ops':['sign']},"
               "{" OKP ",'use':1},{" OKP ",'kid':'a'}]}", "a") != NULL);
    EXPECT_INT(s.nkeys, 1);
    EXPECT_INT(s.nskipped, 10);

    EXPECT(one(&s, "{'keys':[],'more':1}", "AK1") != NULL);
    EXPECT_INT(s.nkeys, 0);
    EXPECT_INT(s.nskipped, 0);
}


TEST(times)
{
    postern_jwks_t        s;
    const postern_key_t  *k;

    s = set();
    k = one(&s, "{'keys':[{" OKP ",'kid':'a','nbf':1700000000,"
            "'exp':1800000000}]}", "a");

    if (EXPECT(k != NULL)) {
        EXPECT_INT(k->not_before, 1700000000);
        EXPECT_INT(k->not_after, 1800000000);
    }
}


static void
fault(postern_jwks_t s, const char *text, unsigned line, unsigned column,
    const char *path, const char *what, int at)
{
    load(&s, &text, 1);

    if (!unit_expect(dir == NULL, text, __FILE__, at)) {
        return;
    }

    unit_expect_str(slice(err.text), what, "text", __FILE__, at);
    unit_expect_str(slice(err.path), path, "path", __FILE__, at);
    unit_expect_int(err.line, line, "line", __FILE__, at);
    unit_expect_int(err.column, column, "column", __FILE__, at);
    unit_expect_int(faulty, 0, "faulty", __FILE__, at);
}


#define FAULT(text, line, column, path, what)                                 \
    fault(set(), text, line, column, path, what, __LINE__)


TEST(sets_that_are_not)
{
    FAULT("", 1, 1, "", "the document is empty");
    FAULT("{", 1, 2, "", "the document ends too early");
    FAULT("[]", 1, 1, "", "a set of keys must be an object");
    FAULT("{}", 1, 1, "", "the member \"keys\" is missing");
    FAULT("{\n 'keys':{}}", 2, 9, "keys", "must be an array");
    FAULT("{'keys':[1]}", 1, 10, "keys[0]", "must be an object");
    FAULT("{'keys':[{},\n{'kty':'OKP','crv':'Ed25519','x':'?'}]}", 2, 34,
          "keys[1].x", "must be base64url without padding");
    FAULT("{'keys':[{" OKP ",'d':'x'}]}", 1, 89, "keys[0].d",
          "is part of a private key: it belongs to the client alone, put the "
          "public members here and replace the pair");
    FAULT("{'keys':[{" OKP ",'kid':7}]}", 1, 95, "keys[0].kid",
          "must be a string");
    FAULT("{'keys':[{" OKP ",'kid':''}]}", 1, 95, "keys[0].kid",
          "a name must not be empty");
    FAULT("{'keys':[{" OKP ",'kid':'a\\n'}]}", 1, 95, "keys[0].kid",
          "the name holds a control character");
    FAULT("{'keys':[{" OKP ",'kid':'alice'}]}", 1, 95, "keys[0].kid",
          "a key with roles of its own must not be named like a user");
    FAULT("{'keys':[{" OKP ",'kid':'AK1'}]}", 1, 95, "keys[0].kid",
          "the organization \"acme\" has a key of this id already");
    FAULT("{'keys':[{" OKP "},\n{" OKP "}]}", 2, 1, "keys[1]",
          "the organization \"acme\" has a key of this id already");
    FAULT("{'keys':[{" OKP ",'nbf':5,'exp':5}]}", 1, 10, "keys[0]",
          "the key would never be valid: \"exp\" is not later than \"nbf\"");
    FAULT("{'keys':[{" OKP ",'exp':'never'}]}", 1, 95, "keys[0].exp",
          "must be a whole number");
    FAULT("{'keys':[{" OKP ",'nbf':1.5}]}", 1, 95, "keys[0].nbf",
          "must be a whole number");
    FAULT("{'keys':[{" OKP ",'exp':1800000000000}]}", 1, 95, "keys[0].exp",
          "must be a time in seconds (not milliseconds) since 1970");
    FAULT("{'keys':[{" OKP ",'nbf':-1}]}", 1, 95, "keys[0].nbf",
          "must be a time in seconds (not milliseconds) since 1970");
}


/* what is at fault is the directive, or the document it no longer fits */

TEST(what_there_is_not)
{
    postern_str_t   role = slice("writer");
    postern_jwks_t  s;

    s = set();
    s.org = slice("acne");
    fault(s, "{'keys':[]}", 0, 0, "",
          "the directory has no organization \"acne\"", __LINE__);

    s = set();
    s.roles = &role;
    s.nroles = 1;
    fault(s, "{'keys':[]}", 0, 0, "", "its organization has no role "
          "\"writer\"", __LINE__);
}


TEST(several_sets)
{
    postern_jwks_t  s[3] = { set(), set(), set() };

    static const char  *const good[] = {
        "{'keys':[{" OKP ",'kid':'a'}]}", "{'keys':[]}",
        "{'keys':[{" OKP ",'kid':'c'}]}"
    };
    static const char  *const bad[] = {
        "{'keys':[{" OKP ",'kid':'a'}]}", "{'keys':[]}",
        "{'keys':[{" OKP ",'kid':'a'}]}"
    };

    load(s, good, 3);
    EXPECT(dir != NULL && dir->nkeys == 4);
    EXPECT_INT(faulty, 3);

    load(s, bad, 3);
    EXPECT(dir == NULL);
    EXPECT_INT(faulty, 2);
    EXPECT_STR(slice(err.path), "keys[0].kid");
}


/* found when all is read: the fault lies in the document then */

TEST(a_principal_like_a_key_of_a_set)
{
    postern_jwks_t      s;
    static const char  *text = "{'keys':[{" OKP ",'kid':'deploy'}]}";

    s = set();
    load(&s, &text, 1);

    EXPECT(dir == NULL);
    EXPECT_INT(faulty, 1);
    EXPECT_STR(slice(err.path), "organizations.acme.keys.ca");
    EXPECT_STR(slice(err.text), "has a principal named like the key "
               "\"deploy\", which is a subject itself");
    EXPECT_INT(err.line, 1);
}


TEST(too_much)
{
    char            *text;
    size_t           n, i;
    postern_jwks_t   s;

    s = set();

    text = malloc(POSTERN_JWKS_MAX_SIZE + 2);
    memset(text, ' ', POSTERN_JWKS_MAX_SIZE + 1);
    text[POSTERN_JWKS_MAX_SIZE + 1] = '\0';
    fault(s, text, 0, 0, "", "a set of keys may have 4 MiB", __LINE__);

    memcpy(text, "{'keys':[]}", 11);
    text[POSTERN_JWKS_MAX_SIZE] = '\0';
    load(&s, (const char **) &text, 1);
    EXPECT(dir != NULL);

    n = (size_t) sprintf(text, "{'keys':[{}");

    for (i = 1; i < POSTERN_JWKS_MAX_KEYS; i++) {
        memcpy(text + n, ",{}", 3);
        n += 3;
    }

    strcpy(text + n, "]}");
    load(&s, (const char **) &text, 1);
    EXPECT(dir != NULL && s.nskipped == POSTERN_JWKS_MAX_KEYS);

    strcpy(text + n, ",{}]}");
    fault(s, text, 1, 9, "keys", "holds more than 10000 keys", __LINE__);

    free(text);
}


TEST(the_last)
{
    postern_directory_destroy(dir);
    dir = NULL;

    EXPECT(document[0] == '{');
}


UNIT_MAIN()
