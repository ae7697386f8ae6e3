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
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

/* Keys that stand apart from the document, in Redis. */

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "directory.h"
#include "directory_keys.h"
#include "scarce.h"


#define SEALED                                                                \
    "sealed:k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define DOCUMENT                                                              \
    "{'version':1,'organizations':{"                                          \
    "'acme':{'users':{'alice':{'roles':['viewer']}},"                         \
    "'roles':{'viewer':{},'robot':{}},"                                       \
    "'keys':{'file-1':{'user':'alice','algorithm':'ed25519',"                 \
    "'public_key':'" ED25519 "'}}},"                                          \
    "'other':{'roles':{'guest':{}}}}}"


static postern_arena_t      *arena;
static postern_error_t       err;
static postern_directory_t  *dir;


static const postern_key_t *
apart(const char *id, const char *text)
{
    char                 *p, *json;
    postern_str_t         s;
    const postern_key_t  *key;

    s.len = strlen(text);
    json = __real_malloc(s.len + !s.len);
    memcpy(json, text, s.len);

    for (p = json; p < json + s.len; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    s.data = (unsigned char *) json;

    memset(&err, 0xff, sizeof(err));

    key = postern_directory_key_parse(dir, slice(id), s, arena, &err);

    free(json);

    return key;
}


static void
begin(const char *document)
{
    dir = parse(document, &err);
    arena = postern_arena_create();
}


static void
end(void)
{
    postern_arena_destroy(arena);
    postern_directory_destroy(dir);
}


#define FAULT(id, json, at, why)                                              \
    EXPECT(apart(id, json) == NULL);                                          \
    EXPECT_STR(slice(err.path), at);                                          \
    EXPECT_STR(slice(err.text), why)


TEST(a_key_refers_to_the_document)
{
    const postern_key_t  *key;

    begin(DOCUMENT);
    EXPECT(dir != NULL);

    key = apart("AK1", "{'org':'acme','user':'alice',"
                "'algorithm':'hmac-sha256','secret':'" SEALED "',"
                "'not_after':'2030-01-01T00:00:00Z',"
                "'networks':['10.0.0.0/8']}");

    if (key == NULL) {
        fprintf(stderr, "%s: %s\n", err.path, err.text);
    }

    EXPECT(key != NULL);
    EXPECT_STR(key->id, "AK1");
    EXPECT_INT(key->index, POSTERN_KEY_APART);
    EXPECT(key->org == postern_directory_org(dir, slice("acme")));
    EXPECT(key->user == postern_directory_user(dir, key->org,
                                               slice("alice")));
    EXPECT(key->roles == key->user->roles);
    EXPECT_INT(key->nnetworks, 1);
    EXPECT_INT(key->not_after, 1893456000);
    EXPECT(key->secret.len > 7);

    key = apart("robot-7", "{'org':'acme','roles':['robot','viewer'],"
                "'algorithm':'ed25519','public_key':'" ED25519 "'}");

    EXPECT(key != NULL);
    EXPECT(key->user == NULL);
    EXPECT_INT(key->nroles, 2);
    EXPECT(key->roles[0] == &key->org->roles[key->roles[0]->index]);
    EXPECT_INT(key->public_key.len, 32);

    /* the document does not know of them, and is as it was */

    EXPECT(postern_directory_key(dir, slice("AK1")) == NULL);
    EXPECT_INT(dir->nkeys, 1);
    EXPECT_INT(dir->nsealed, 0);
    EXPECT_INT(dir->nplain, 0);

    end();
}


TEST(what_is_wrong_with_one_is_told)
{
    begin(DOCUMENT);
    EXPECT(dir != NULL);

    FAULT("k", "{", "", "the document ends too early");
    FAULT("k", "[]", "", "must be an object");
    FAULT("k", "{}", "", "the member \"org\" is missing");
    FAULT("k", "{'org':1}", "org", "must be a string");
    FAULT("k", "{'org':'acne'}", "org",
          "the directory's file has no organization \"acne\"");
    FAULT("k", "{'org':''}", "org", "must not be empty");
    FAULT("k", "{'org':'acme'}", "",
          "a key must have \"user\" or \"roles\"");
    FAULT("k", "{'org':'other','user':'alice'}", "user",
          "there is no user \"alice\" in this organization");
    FAULT("k", "{'org':'other','roles':['viewer']}", "roles[0]",
          "there is no role \"viewer\" in this organization");
    FAULT("k", "{'org':'acme','orgs':'x'}", "orgs",
          "unknown member \"orgs\", did you mean \"org\"?");
    FAULT("alice", "{'org':'acme','roles':[]}", "",
          "a key with roles of its own must not be named like a user");

    FAULT("", "{'org':'acme'}", "",
          "its id must be 1 to 128 printable characters, none of them a "
          "brace");
    FAULT("a b", "{'org':'acme'}", "",
          "its id must be 1 to 128 printable characters, none of them a "
          "brace");
    FAULT("a\x7f", "{'org':'acme'}", "",
          "its id must be 1 to 128 printable characters, none of them a "
          "brace");

    FAULT("k", "{'org':'acme','user':'alice','algorithm':'hmac-sha256',"
          "'secret':'plain:0123456789abcdef'}", "secret",
          "a secret must be sealed here");
    FAULT("k", "{'org':'acme','user':'alice','algorithm':'hmac-sha256',"
          "'secret':'base64:MDEyMzQ1Njc4OWFiY2RlZg=='}", "secret",
          "a secret must be sealed here");
    FAULT("k", "{'org':'acme','user':'alice','algorithm':7}", "algorithm",
          "must be a string");
    FAULT("k", "{'org':'acme','user':'alice'}", "",
          "the member \"algorithm\" is missing");

    EXPECT_INT(dir->nplain, 0);

    end();
}


TEST(a_key_that_signs_is_sealed)
{
    const postern_key_t  *key;

    begin(DOCUMENT);

    key = apart("k", "{'org':'acme','user':'alice','algorithm':'ed25519',"
                "'public_key':'" ED25519 "','private_key':'" SEALED "'}");

    if (EXPECT(key != NULL)) {
        EXPECT_STR(key->private_key, SEALED);
    }

    FAULT("k", "{'org':'acme','user':'alice',"
          "'algorithm':'ecdsa-p256-sha256','public_key':'" P256_SPKI "',"
          "'private_key':'plain:" P256_PRIVATE "'}",
          "private_key", "a secret must be sealed here");
    EXPECT_INT(dir->nplain, 0);

    end();
}


#define OWNER  "{'org':'acme','roles':['robot'],"

#define NAMES(n)                                                              \
    EXPECT_INT(postern_directory_names(key, names), n)
#define NAMED(i, how, str)                                                    \
    EXPECT_INT(names[i].by, how);                                             \
    EXPECT_STR(((postern_str_t) { names[i].len, names[i].text }), str)


TEST(a_key_that_is_found_by_itself)
{
    postern_key_name_t    names[POSTERN_KEY_NAMES_MAX];
    const postern_key_t  *key;

    begin(DOCUMENT);

    key = apart("laptop", OWNER "'algorithm':'ssh','public_key':'"
                SSH_ED25519 "'}");
    EXPECT(key != NULL);
    NAMES(1);
    NAMED(0, POSTERN_BY_FINGERPRINT,
          "SHA256:OgF+gGDanfrBHS4IjWlIWX3n3dAjPhngxQDm27IchRE");

    key = apart("ca", OWNER "'algorithm':'ssh-ca','principals':['x'],"
                "'public_key':'" SSH_RSA "'}");
    EXPECT(key != NULL);
    NAMES(1);
    NAMED(0, POSTERN_BY_FINGERPRINT,
          "SHA256:semrNIiE0jniIlewmKGrFLHsfQoqw79kubXymtxJoJE");

    key = apart("billing", OWNER "'algorithm':'x509','certificate':'"
                LEAF_CERT "\\n" CA_CERT "'}");
    EXPECT(key != NULL);
    NAMES(1);
    NAMED(0, POSTERN_BY_FINGERPRINT,
          "229d875bd116a5e4c938457152ab66645741e69b67286ca614d650f3dc0fea8e");

    key = apart("devices", OWNER "'algorithm':'x509-ca','subject':{'CN':'*'},"
                "'certificate':'" CA_CERT "'}");
    EXPECT(key != NULL);
    NAMES(1);
    NAMED(0, POSTERN_BY_ISSUER, "80b96318");

    key = apart("AK1", OWNER "'algorithm':'hmac-sha256','secret':'" SEALED
                "'}");
    EXPECT(key != NULL);
    NAMES(0);

    end();
}


/* one name for several certificates, and no more names than there is room
   for */

TEST(an_authority_has_the_names_of_its_certificates)
{
    int                   i;
    char                  text[65536], *p;
    postern_key_name_t    names[POSTERN_KEY_NAMES_MAX];
    const postern_key_t  *key;

    begin(DOCUMENT);

    key = apart("devices", OWNER "'algorithm':'x509-ca','subject':{'CN':'*'},"
                "'certificate':'" CA_CERT "\\n" CA2_CERT "\\n" IMPOSTOR_CERT
                "\\n" CA_CERT "'}");
    EXPECT(key != NULL);
    NAMES(2);
    NAMED(0, POSTERN_BY_ISSUER, "80b96318");
    NAMED(1, POSTERN_BY_ISSUER, "d3d59eac");

    p = text + sprintf(text, "%s", OWNER "'algorithm':'x509-ca',"
                       "'subject':{'CN':'*'},'certificate':'" CA_CERT);

    for (i = 0; i < 20; i++) {
        p += sprintf(p, "%s", "\\n" CA_CERT);
    }

    sprintf(p, "'}");

    key = apart("devices", text);
    EXPECT(key != NULL);
    NAMES(1);

    end();
}


/* as many certificates of different names as that, and one more */

TEST(an_authority_has_no_more_names_than_that)
{
    int                  i;
    char                 cn[16];
    X509                *cert;
    EVP_PKEY            *pkey;
    postern_key_t        many, *key = &many;
    unsigned char        der[32768], *p;
    postern_key_name_t   names[POSTERN_KEY_NAMES_MAX];

    memset(key, 0, sizeof(postern_key_t));
    key->algorithm = POSTERN_ALG_X509_CA;

    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1");
    p = der;

    for (i = 0; i <= POSTERN_KEY_NAMES_MAX; i++) {
        sprintf(cn, "CA %d", i);
        cert = X509_new();
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
                                   MBSTRING_UTF8, (unsigned char *) cn, -1,
                                   -1, 0);
        X509_set_issuer_name(cert, X509_get_subject_name(cert));
        X509_gmtime_adj(X509_getm_notBefore(cert), 0);
        X509_gmtime_adj(X509_getm_notAfter(cert), 60);
        X509_set_pubkey(cert, pkey);
        X509_sign(cert, pkey, EVP_sha256());
        i2d_X509(cert, &p);
        X509_free(cert);
    }

    key->public_key.data = der;
    key->public_key.len = (size_t) (p - der);

    NAMES(POSTERN_KEY_NAMES_MAX);

    EVP_PKEY_free(pkey);
}


TEST(a_public_key_is_the_files_where_that_has_it)
{
    begin("{'version':1,'organizations':{'acme':{'roles':{'robot':{}},"
          "'keys':{'laptop':{'roles':[],'algorithm':'ssh',"
          "'public_key':'" SSH_ED25519 "'},"
          "'billing':{'roles':[],'algorithm':'x509',"
          "'certificate':'" LEAF_CERT "'}}}}}");
    EXPECT(dir != NULL);

    FAULT("k", OWNER "'algorithm':'ssh','public_key':'" SSH_ED25519 "'}", "",
          "has the same public key as \"laptop\" of the directory's file");
    FAULT("k", OWNER "'algorithm':'x509','certificate':'" LEAF_CERT "'}", "",
          "has the same public key as \"billing\" of the directory's file");

    /* an authority may have it, and others */

    EXPECT(apart("k", OWNER "'algorithm':'ssh-ca','principals':['x'],"
                 "'public_key':'" SSH_ED25519 "'}") != NULL);
    EXPECT(apart("k", OWNER "'algorithm':'ssh','public_key':'" SSH_P256 "'}")
           != NULL);

    end();
}


TEST(a_principal_is_no_key_of_the_file)
{
    begin("{'version':1,'organizations':{'acme':{'users':{'alice':{}},"
          "'roles':{'robot':{}},"
          "'keys':{'robot-7':{'roles':[],'algorithm':'ed25519',"
          "'public_key':'" ED25519 "'},"
          "'AK1':{'user':'alice','algorithm':'ed25519',"
          "'public_key':'" ED25519 "'}}},"
          "'other':{'roles':{'robot':{}}}}}");
    EXPECT(dir != NULL);

    FAULT("ca", OWNER "'algorithm':'ssh-ca','principals':['x','robot-7'],"
          "'public_key':'" SSH_ED25519 "'}", "principals[1]",
          "\"robot-7\" is a key of the directory's file, and a subject itself");

    EXPECT(apart("ca", OWNER "'algorithm':'ssh-ca','principals':['AK1'],"
                 "'public_key':'" SSH_ED25519 "'}") != NULL);
    EXPECT(apart("ca", "{'org':'other','roles':['robot'],"
                 "'algorithm':'ssh-ca','principals':['robot-7'],"
                 "'public_key':'" SSH_ED25519 "'}") != NULL);

    end();
}


static const postern_str_t *
ids_of(const char *text, uint32_t *n)
{
    memset(&err, 0xff, sizeof(err));

    return postern_directory_ids_parse(slice(text), arena, n, &err);
}


TEST(ids_of_keys)
{
    uint32_t              n;
    const postern_str_t  *found;

    begin(DOCUMENT);

    found = ids_of("laptop", &n);
    EXPECT_INT(n, 1);
    EXPECT_STR(found[0], "laptop");

    /* as they are appended */

    found = ids_of(" a \t\r\n b a\n", &n);
    EXPECT_INT(n, 2);
    EXPECT_STR(found[0], "a");
    EXPECT_STR(found[1], "b");

    found = ids_of("1 2 3 4 5 6 7 8 1 8", &n);
    EXPECT_INT(n, POSTERN_KEY_IDS_MAX);

    EXPECT(ids_of("1 2 3 4 5 6 7 8 9", &n) == NULL);
    EXPECT_STR(slice(err.text), "names too many keys");
    EXPECT_INT(err.line, 1);
    EXPECT_INT(err.column, 17);

    EXPECT(ids_of("a b{c", &n) == NULL);
    EXPECT_STR(slice(err.text), "must be ids of keys, parted by blanks");
    EXPECT_INT(err.column, 3);

    EXPECT(ids_of("", &n) == NULL);
    EXPECT(ids_of(" \n", &n) == NULL);
    EXPECT_STR(slice(err.text), "names no key");

    end();
}


TEST(without_memory_there_are_no_ids)
{
    uint32_t              n;
    const postern_str_t  *found;

    begin(DOCUMENT);

    while (scarce_next()) {
        found = ids_of("a b c", &n);

        if (scarce_failed()) {
            EXPECT(found == NULL);
            EXPECT_STR(slice(err.text), "out of memory");

        } else {
            EXPECT_INT(n, 3);
        }
    }

    end();
}


TEST(a_principal_is_no_key_of_its_own)
{
    begin("{'version':1,'organizations':{'acme':{"
          "'users':{'alice':{}},'roles':{'robot':{}},"
          "'keys':{'ca':{'roles':['robot'],'algorithm':'ssh-ca',"
          "'principals':['deploy','build'],"
          "'public_key':'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICYEvkAVlVsB9k0W"
          "pc/zpgLBtcm0OclYmrBui7gkMMwo'}}},"
          "'other':{'roles':{'guest':{}}}}}");

    if (dir == NULL) {
        fprintf(stderr, "%s: %s\n", err.path, err.text);
    }

    EXPECT(dir != NULL);

    FAULT("build", "{'org':'acme','roles':[],'algorithm':'ed25519',"
          "'public_key':'" ED25519 "'}", "",
          "its id is a principal of the key \"ca\", and a subject itself");
    EXPECT(apart("build", "{'org':'acme','user':'alice',"
                 "'algorithm':'ed25519','public_key':'" ED25519 "'}") != NULL);
    EXPECT(apart("build", "{'org':'other','roles':[],"
                 "'algorithm':'ed25519','public_key':'" ED25519 "'}") != NULL);
    EXPECT(apart("other", "{'org':'acme','roles':[],"
                 "'algorithm':'ed25519','public_key':'" ED25519 "'}") != NULL);

    end();
}


TEST(ids)
{
    char           long_[POSTERN_NAME_MAX + 2];
    postern_str_t  s = { POSTERN_NAME_MAX, (const unsigned char *) long_ };

    memset(long_, 'a', sizeof(long_));

    EXPECT(postern_directory_key_id(s));
    s.len++;
    EXPECT(!postern_directory_key_id(s));
    EXPECT(!postern_directory_key_id(slice("")));
    EXPECT(!postern_directory_key_id(slice("\xc3\xa9")));
    EXPECT(!postern_directory_key_id(slice("a{b")));
    EXPECT(!postern_directory_key_id(slice("a}b")));
    EXPECT(postern_directory_key_id(slice("!~")));
}


TEST(without_memory_there_is_no_key)
{
    const postern_key_t  *key;

    begin(DOCUMENT);

    while (scarce_next()) {
        key = apart("robot-7", "{'org':'acme','roles':['robot'],"
                    "'algorithm':'ecdsa-p256-sha256',"
                    "'public_key':'" P256 "'}");

        if (scarce_failed()) {
            EXPECT(key == NULL || err.text[0] == '\0');

        } else {
            EXPECT(key != NULL);
        }
    }

    end();
}


UNIT_MAIN()
