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

#include <sodium.h>

#include "directory_example.h"
#include "postern_seal.h"


static postern_directory_t *
directory(const char *json)
{
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = parse(json, &err);

    if (!EXPECT(dir != NULL)) {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
        exit(1);
    }

    return dir;
}


TEST(roles_permissions_resources)
{
    const postern_org_t   *org;
    postern_directory_t   *dir;
    const postern_role_t  *role;

    dir = directory(example);
    EXPECT_INT(dir->norgs, 2);

    org = postern_directory_org(dir, slice("acme"));
    EXPECT(org == &dir->orgs[org->index]);
    EXPECT_STR(org->name, "acme");
    EXPECT_INT(org->nroles, 3);
    EXPECT_INT(org->npermissions, 2);
    EXPECT_INT(org->nresources, 2);
    EXPECT_INT(org->nusers, 2);

    role = postern_directory_user(dir, org, slice("alice"))->roles[0];
    EXPECT_STR(role->name, "operator");
    EXPECT(role == &org->roles[role->index]);
    EXPECT_INT(role->ninherits, 1);
    EXPECT_INT(role->ngrants, 1);
    EXPECT_STR(role->grants[0].permission->name, "all");
    EXPECT_STR(role->grants[0].permission->methods[0], "*");
    EXPECT_INT(role->grants[0].permission->nmethods, 1);
    EXPECT_STR(role->grants[0].resource->name, "one");
    EXPECT_STR(role->grants[0].resource->patterns[6], "/a.b/é");
    EXPECT_INT(role->grants[0].resource->npatterns, 7);

    role = role->inherits[0];
    EXPECT_STR(role->name, "viewer");
    EXPECT_INT(role->ninherits, 0);
    EXPECT_INT(role->ngrants, 2);
    EXPECT_STR(role->grants[1].resource->name, "one");
    EXPECT_STR(role->grants[0].permission->methods[1], "HEAD");

    org = postern_directory_org(dir, slice("other"));
    EXPECT_INT(org->nroles, 0);
    EXPECT_INT(org->npermissions, 0);
    EXPECT_INT(org->nresources, 0);

    postern_directory_destroy(dir);
}


TEST(users)
{
    const postern_org_t   *org;
    postern_directory_t   *dir;
    const postern_user_t  *user;

    dir = directory(example);
    org = postern_directory_org(dir, slice("acme"));

    user = postern_directory_user(dir, org, slice("alice"));
    EXPECT(user->org == org);
    EXPECT_STR(user->name, "alice");
    EXPECT_STR(user->display, "Alice Doe");
    EXPECT_STR(user->email, "alice@acme.example");
    EXPECT_MEM(user->password.data, "$argon2id$", 10);
    EXPECT_INT(user->status, POSTERN_STATUS_ACTIVE);
    EXPECT_INT(user->nroles, 2);

    if (!EXPECT_INT(user->ntotp, 2) || !EXPECT_INT(user->nhotp, 1)
        || !EXPECT_INT(user->nrecovery, 2))
    {
        return;
    }

    EXPECT_MEM(user->totp[0].secret.data, "sealed:mk-1:", 12);
    EXPECT(user->totp[0].name.data == NULL);
    EXPECT_INT(user->totp[0].hash, POSTERN_OTP_SHA1);
    EXPECT_INT(user->totp[0].digits, 6);
    EXPECT_INT(user->totp[0].period, 30);
    EXPECT_STR(user->totp[1].name, "Téléphone");
    EXPECT_INT(user->totp[1].hash, POSTERN_OTP_SHA512);
    EXPECT_INT(user->totp[1].digits, 8);
    EXPECT_INT(user->totp[1].period, 60);
    EXPECT_INT(user->hotp[0].hash, POSTERN_OTP_SHA256);
    EXPECT_INT(user->hotp[0].digits, 8);
    EXPECT_INT(user->hotp[0].period, 0);
    EXPECT_INT(user->hotp[0].counter, 9007199254740991);
    EXPECT_STR(user->recovery[0], RECOVERY "rQoPZZGyGFZcmGjSy7Kdow");
    EXPECT_STR(user->recovery[1], RECOVERY "rQoPZZGyGFZcmGjSy7Kdog");

    user = postern_directory_user(dir, org, slice("bob"));
    EXPECT_INT(user->status, POSTERN_STATUS_DISABLED);
    EXPECT_INT(user->nroles, 0);
    EXPECT_INT(user->password.len, 0);
    EXPECT(user->password.data == NULL);
    EXPECT_INT(user->ntotp + user->nhotp + user->nrecovery, 0);

    org = postern_directory_org(dir, slice("other"));
    user = postern_directory_user(dir, org, slice("alice"));
    EXPECT(user->org == org);
    EXPECT_INT(user->nroles, 0);

    EXPECT(postern_directory_user(dir, org, slice("bob")) == NULL);
    EXPECT(postern_directory_user(dir, org, slice("")) == NULL);
    EXPECT(postern_directory_org(dir, slice("Acme")) == NULL);
    EXPECT(postern_directory_org(dir, slice("")) == NULL);

    postern_directory_destroy(dir);
}


TEST(keys)
{
    const postern_org_t  *org;
    const postern_key_t  *key;
    postern_directory_t  *dir;

    dir = directory(example);
    org = postern_directory_org(dir, slice("acme"));
    EXPECT_INT(dir->nkeys, 4);

    key = postern_directory_key(dir, slice("AK1"));
    EXPECT(key == &dir->keys[key->index]);
    EXPECT_STR(key->id, "AK1");
    EXPECT(key->org == org);
    EXPECT(key->user == postern_directory_user(dir, org, slice("alice")));
    EXPECT_INT(key->nroles, 2);
    EXPECT_STR(key->roles[0]->name, "operator");
    EXPECT_INT(key->algorithm, POSTERN_ALG_HMAC_SHA256);
    EXPECT_STR(key->secret, "base64:MDEyMzQ1Njc4OWFiY2RlZg==");
    EXPECT_INT(key->public_key.len, 0);
    EXPECT(key->not_before == POSTERN_TIME_MIN);
    EXPECT(key->not_after == POSTERN_TIME_MAX);
    EXPECT_INT(key->nnetworks, 0);

    key = postern_directory_key(dir, slice("robot-7"));
    EXPECT(key->user == NULL);
    EXPECT_INT(key->nroles, 1);
    EXPECT_INT(key->algorithm, POSTERN_ALG_ED25519);
    EXPECT_INT(key->public_key.len, 32);
    EXPECT_INT(key->public_key.data[0], 0x26);
    EXPECT_INT(key->secret.len, 0);
    EXPECT_INT(key->not_before, 1767225600);
    EXPECT_INT(key->not_after, 1798761600);
    EXPECT_INT(key->nnetworks, 3);

    key = postern_directory_key(dir, slice("robot-8"));
    EXPECT_INT(key->status, POSTERN_STATUS_DISABLED);
    EXPECT_INT(key->public_key.len, 65);
    EXPECT_INT(key->public_key.data[0], 4);
    EXPECT_INT(key->nroles, 0);

    EXPECT_STR(postern_directory_key(dir, slice("AK2"))->org->name, "other");
    EXPECT(postern_directory_key(dir, slice("AK3")) == NULL);
    EXPECT(postern_directory_key(dir, slice("")) == NULL);

    postern_directory_destroy(dir);
}


TEST(sealed_secrets_without_their_key_are_counted)
{
    postern_ring_t        ring;
    postern_directory_t  *dir;

    dir = directory(example);

    EXPECT_INT(postern_sealed_lost(NULL, dir), 2);

    memset(&ring, 0, sizeof(ring));
    ring.nkeys = 1;
    ring.keys[0].id_len = 4;
    memcpy(ring.keys[0].id, "mk-1", 4);
    EXPECT_INT(postern_sealed_lost(&ring, dir), 1);

    memcpy(ring.keys[0].id, "mk-2", 4);
    EXPECT_INT(postern_sealed_lost(&ring, dir), 1);

    memcpy(ring.keys[0].id, "mk-3", 4);
    EXPECT_INT(postern_sealed_lost(&ring, dir), 2);

    postern_directory_destroy(dir);
}


TEST(open_secrets_are_counted)
{
    postern_directory_t  *dir;

    dir = directory(example);

    EXPECT_INT(dir->nsealed, 2);
    EXPECT_INT(dir->nplain, 3);
    EXPECT_STR(dir->plain_first,
               "organizations.acme.users.alice.factors.totp[1].secret");

    postern_directory_destroy(dir);

    dir = directory("{'version':1,'organizations':{}}");

    EXPECT_INT(dir->nplain, 0);
    EXPECT_INT(dir->norgs, 0);
    EXPECT_INT(dir->nkeys, 0);
    EXPECT(postern_directory_key(dir, slice("AK1")) == NULL);
    EXPECT(postern_directory_org(dir, slice("acme")) == NULL);

    postern_directory_destroy(dir);
    postern_directory_destroy(NULL);
}


/* one key in every form it may come in: the same bytes */

static void
public_key(const char *alg, const char *form, const char *base64)
{
    char                  json[1024];
    size_t                len;
    unsigned char         want[128];
    postern_directory_t  *dir;

    snprintf(json, sizeof(json), ORG("'keys':{'k':{'roles':[],"
             "'algorithm':'%s','public_key':'%s'}}"), alg, form);

    EXPECT_INT(sodium_base642bin(want, sizeof(want), base64, strlen(base64),
                                 NULL, &len, NULL,
                                 sodium_base64_VARIANT_ORIGINAL), 0);
    dir = directory(json);

    EXPECT_INT(dir->keys[0].public_key.len, len);
    EXPECT_MEM(dir->keys[0].public_key.data, want, len);

    postern_directory_destroy(dir);
}


TEST(public_keys_in_every_form)
{
    public_key("ed25519", ED25519, ED25519);
    public_key("ed25519",
               "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg=",
               ED25519);
    public_key("ed25519", "-----BEGIN PUBLIC KEY-----\\n"
               "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg="
               "\\n-----END PUBLIC KEY-----", ED25519);

    public_key("ecdsa-p256-sha256", P256, P256);
    public_key("ecdsa-p256-sha256",
               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyJ//SKLJ+PSghZKM3R0y"
               "noosrg673TW0GlcTZfNNa1J8DPW1lor9vhF+OBwLIezm9XVQu2IUXwnX"
               "+EHIahFTJg==",
               P256);
    public_key("ecdsa-p256-sha256", "-----BEGIN PUBLIC KEY-----\\n"
               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyJ//SKLJ+PSghZKM3R0ynoos"
               "\\n"
               "rg673TW0GlcTZfNNa1J8DPW1lor9vhF+OBwLIezm9XVQu2IUXwnX"
               "+EHIahFTJg=="
               "\\n-----END PUBLIC KEY-----\\n", P256);

    /* compressed, alone and in its SubjectPublicKeyInfo */

    public_key("ecdsa-p256-sha256",
               "Asif/0iiyfj0oIWSjN0dMp6KLK4Ou901tBpXE2XzTWtS", P256);
    public_key("ecdsa-p256-sha256",
               "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACyJ//SKLJ+PSghZKM3R0y"
               "noosrg673TW0GlcTZfNNa1I=", P256);
}


static int
matches(const char *network, const char *address)
{
    postern_network_t  n, a;

    EXPECT(postern_network_parse(slice(network), &n) == NULL);
    EXPECT(postern_network_parse(slice(address), &a) == NULL);
    EXPECT_INT(a.bits, 128);

    return postern_network_match(&n, 1, a.address);
}


TEST(networks)
{
    postern_network_t  n[2];

    EXPECT_INT(matches("10.0.0.0/8", "10.255.255.255"), 1);
    EXPECT_INT(matches("10.0.0.0/8", "11.0.0.0"), 0);
    EXPECT_INT(matches("10.0.0.0/8", "9.255.255.255"), 0);
    EXPECT_INT(matches("192.0.2.128/25", "192.0.2.128"), 1);
    EXPECT_INT(matches("192.0.2.128/25", "192.0.2.127"), 0);
    EXPECT_INT(matches("192.0.2.1", "192.0.2.1"), 1);
    EXPECT_INT(matches("192.0.2.1", "192.0.2.0"), 0);
    EXPECT_INT(matches("192.0.2.1/32", "192.0.2.1"), 1);
    EXPECT_INT(matches("0.0.0.0/0", "203.0.113.9"), 1);
    EXPECT_INT(matches("0.0.0.0/0", "2001:db8::1"), 0);
    EXPECT_INT(matches("::/0", "2001:db8::1"), 1);
    EXPECT_INT(matches("2001:db8::/33", "2001:db8:7fff::1"), 1);
    EXPECT_INT(matches("2001:db8::/33", "2001:db8:8000::1"), 0);
    EXPECT_INT(matches("::ffff:10.0.0.0/104", "10.1.2.3"), 1);
    EXPECT_INT(matches("::1", "0.0.0.1"), 0);

    EXPECT(postern_network_parse(slice("10.0.0.0/8"), &n[0]) == NULL);
    EXPECT(postern_network_parse(slice("::1"), &n[1]) == NULL);
    EXPECT_INT(postern_network_match(n, 2, n[1].address), 1);
    EXPECT_INT(postern_network_match(n, 1, n[1].address), 0);
    EXPECT_INT(postern_network_match(n, 0, n[1].address), 0);

    EXPECT(postern_network_parse(slice(""), &n[0]) != NULL);
    EXPECT(postern_network_parse((postern_str_t) { 9, (unsigned char *)
                                                   "1.2.3.4\0x" }, &n[0])
           != NULL);
}


static int64_t
expires(const char *time)
{
    char                  json[512];
    int64_t               t;
    postern_directory_t  *dir;

    snprintf(json, sizeof(json), ORG("'keys':{'k':{'roles':[],"
             "'algorithm':'ed25519','public_key':'" ED25519 "',"
             "'not_after':'%s'}}"), time);

    dir = directory(json);
    t = dir->keys[0].not_after;
    postern_directory_destroy(dir);

    return t;
}


TEST(times)
{
    EXPECT_INT(expires("1970-01-01T00:00:00Z"), 0);
    EXPECT_INT(expires("1969-12-31T23:59:59Z"), -1);
    EXPECT_INT(expires("2000-02-29T12:34:56Z"), 951827696);
    EXPECT_INT(expires("2027-01-01T00:00:00Z"), 1798761600);
    EXPECT_INT(expires("2027-01-01t00:00:00z"), 1798761600);
    EXPECT_INT(expires("2027-01-01T00:00:00.999999999Z"), 1798761600);
    EXPECT_INT(expires("2027-01-01T02:00:00+02:00"), 1798761600);
    EXPECT_INT(expires("2026-12-31T18:30:00-05:30"), 1798761600);
    EXPECT_INT(expires("2026-12-31T23:59:60Z"), 1798761600);
    EXPECT_INT(expires("2026-12-31T23:59:59.1-00:00"), 1798761599);
    EXPECT_INT(expires("0000-01-01T00:00:00Z"), -62167219200);
    EXPECT_INT(expires("9999-12-31T23:59:59Z"), 253402300799);
}


TEST(algorithm_names)
{
    EXPECT_STR(postern_alg_name(POSTERN_ALG_HMAC_SHA256), "hmac-sha256");
    EXPECT_STR(postern_alg_name(POSTERN_ALG_ED25519), "ed25519");
    EXPECT_STR(postern_alg_name(POSTERN_ALG_ECDSA_P256_SHA256),
               "ecdsa-p256-sha256");
    EXPECT(postern_alg_name(0).data == NULL);
    EXPECT_INT(postern_alg_parse(slice("ed25519")), POSTERN_ALG_ED25519);
    EXPECT_INT(postern_alg_parse(slice("Ed25519")), 0);
    EXPECT_INT(postern_alg_parse(slice("")), 0);
}


TEST(many_names_are_found)
{
    int                   i, n, missing;
    char                 *json, *p, name[32];
    postern_directory_t  *dir;

    n = 20000;
    json = malloc(n * 100);
    p = json + sprintf(json, "{'version':1,'organizations':{'a':{'keys':{");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s'AK%d':{'roles':[],'algorithm':'hmac-sha256',"
                     "'secret':'plain:0123456789abcdef'}", i ? "," : "", i);
    }

    strcpy(p, "}}}}");
    dir = directory(json);
    free(json);

    missing = 0;

    for (i = 0; i < n; i++) {
        sprintf(name, "AK%d", i);
        missing += postern_directory_key(dir, slice(name)) == NULL;
    }

    EXPECT_INT(missing, 0);
    EXPECT(postern_directory_key(dir, slice("AK20000")) == NULL);
    EXPECT_INT(dir->nplain, n);

    postern_directory_destroy(dir);
}


UNIT_MAIN()
