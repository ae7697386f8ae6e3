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

/* Keys of every algorithm: what of them is kept, what they are for, and what is
   said of those that are not right. */

#include <sodium.h>

#include "directory_key.h"
#include "postern_seal.h"


static postern_directory_t  *dir;


/* the key "k" of these members, in dir */

static const postern_key_t *
key(const char *members)
{
    postern_directory_destroy(dir);

    dir = key_parse(members);

    return dir ? postern_directory_key(dir, slice("k")) : NULL;
}


static void
raw(const char *alg, const char *member, const char *b64)
{
    size_t                len;
    char                  text[4096];
    unsigned char         bytes[2048], digest[32];
    const postern_key_t  *k;

    snprintf(text, sizeof(text), "'algorithm':'%s',%s", alg, member);

    k = key(text);
    if (!EXPECT(k != NULL)) {
        return;
    }

    EXPECT_INT(sodium_base642bin(bytes, sizeof(bytes), b64, strlen(b64), NULL,
                                 &len, NULL, sodium_base64_VARIANT_ORIGINAL),
               0);

    EXPECT(k->public_key.len == len
           && memcmp(k->public_key.data, bytes, len) == 0);
    EXPECT_STR(postern_alg_name(k->algorithm), alg);

    crypto_hash_sha256(digest, k->public_key.data, k->public_key.len);
    EXPECT(memcmp(digest, k->fingerprint, sizeof(digest)) == 0);
}


TEST(public_keys_in_every_form)
{
    raw("ed25519", "'public_key':'" ED_RAW "'", ED_RAW);
    raw("ed25519", "'public_key':'" ED_SPKI "'", ED_RAW);
    raw("ecdsa-p384-sha384", "'public_key':'" P384_POINT "'", P384_POINT);
    raw("ecdsa-p384-sha384", "'public_key':'" P384_SPKI "'", P384_POINT);
    raw("rsa-v1_5-sha256", "'public_key':'" RSA_SPKI "'", RSA_SPKI);
    raw("rsa-pss-sha512", "'public_key':'" RSA_SPKI "'", RSA_SPKI);
    raw("rsa-pss-sha512", "'public_key':'-----BEGIN PUBLIC KEY-----\\n"
        RSA_SPKI "\\n-----END PUBLIC KEY-----\\n'", RSA_SPKI);
}


/* id-RSASSA-PSS becomes rsaEncryption: nothing else of the key changes */

TEST(a_key_for_pss_alone)
{
    const postern_key_t  *k;

    static const unsigned char  oid[] = {
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };

    k = key("'algorithm':'rsa-pss-sha512','public_key':'" PSS_SPKI "',"
            "'private_key':'plain:" PSS_PRIVATE "'");

    EXPECT(memcmp(k->public_key.data + 8, oid, sizeof(oid)) == 0);

    KEY_FAULT("'algorithm':'rsa-v1_5-sha256','public_key':'" PSS_SPKI "'",
              "public_key", "is not an RSA key, as the algorithm says");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','public_key':'" PSS_BOUND "'",
              "public_key", "is an RSASSA-PSS key with parameters of its own; "
              "make it without any, or as a plain RSA key");
}


TEST(public_keys_that_are_not)
{
    KEY_FAULT("'algorithm':'ecdsa-p384-sha384','public_key':'" P256_SPKI "'",
              "public_key",
              "is not a key on the curve P-384, as the algorithm says");
    KEY_FAULT("'algorithm':'ecdsa-p256-sha256','public_key':'" P384_SPKI "'",
              "public_key",
              "is not a key on the curve P-256, as the algorithm says");
    KEY_FAULT("'algorithm':'ecdsa-p384-sha384','public_key':'" ED_SPKI "'",
              "public_key",
              "is not a key on the curve P-384, as the algorithm says");
    KEY_FAULT("'algorithm':'ecdsa-p384-sha384','public_key':'" P256 "'",
              "public_key",
              "is not a point on the curve P-384 (97 bytes, 04 X Y)");
    KEY_FAULT("'algorithm':'ed25519','public_key':'" RSA_SPKI "'",
              "public_key", "is not an Ed25519 key, as the algorithm says");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','public_key':'" ED_SPKI "'",
              "public_key", "is not an RSA key, as the algorithm says");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','public_key':'" ED_RAW "'",
              "public_key", "is not an RSA public key (SubjectPublicKeyInfo, "
              "as \"openssl pkey -pubout\" writes it)");
    KEY_FAULT("'algorithm':'rsa-v1_5-sha256','public_key':'" ED_RAW "'",
              "public_key", "is not an RSA public key (SubjectPublicKeyInfo, "
              "as \"openssl pkey -pubout\" writes it)");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','public_key':'" P384_POINT "'",
              "public_key", "is not an RSA public key (SubjectPublicKeyInfo, "
              "as \"openssl pkey -pubout\" writes it)");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','public_key':'" RSA_1024 "'",
              "public_key", "an RSA key must have 2048 to 8192 bits");
    KEY_FAULT("'algorithm':'rsa-v1_5-sha256','public_key':'" RSA_E3 "'",
              "public_key", "the public exponent of an RSA key must be odd, "
              "65537 or more, and of 8 bytes at most");

    /* SubjectPublicKeyInfo { rsaEncryption, BIT STRING of no RSAPublicKey } */

    KEY_FAULT("'algorithm':'rsa-v1_5-sha256','public_key':'MDAwDQYJKoZIhvcNAQEB"
              "BQADHwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='",
              "public_key", "is not an RSA key that OpenSSL understands");
}


TEST(members_by_algorithm)
{
    KEY_FAULT("'algorithm':'hmac-sha512'", "",
              "a key of the algorithm \"hmac-sha512\" must have \"secret\"");
    KEY_FAULT("'algorithm':'rsa-pss-sha512'", "", "a key of the algorithm "
              "\"rsa-pss-sha512\" must have \"public_key\"");
    KEY_FAULT("'algorithm':'ssh'", "",
              "a key of the algorithm \"ssh\" must have \"public_key\"");
    KEY_FAULT("'algorithm':'ssh-ca','public_key':'" SSH_ED25519 "'", "",
              "a key of the algorithm \"ssh-ca\" must have \"principals\"");
    KEY_FAULT("'algorithm':'x509'", "",
              "a key of the algorithm \"x509\" must have \"certificate\"");
    KEY_FAULT("'algorithm':'x509-ca','certificate':'" CA_CERT "'", "",
              "a key of the algorithm \"x509-ca\" must have \"subject\"");
    KEY_FAULT("'algorithm':'ssh','jwk':{}", "jwk",
              "a key of the algorithm \"ssh\" has \"public_key\" instead");
    KEY_FAULT("'algorithm':'x509','public_key':''", "public_key",
              "a key of the algorithm \"x509\" has \"certificate\" instead");
    KEY_FAULT("'algorithm':'hmac-sha256','secret':'" SECRET "',"
              "'private_key':''", "private_key",
              "a key of the algorithm \"hmac-sha256\" has no \"private_key\"");
    KEY_FAULT("'algorithm':'ssh','public_key':'" SSH_ED25519 "',"
              "'principals':[]", "principals",
              "a key of the algorithm \"ssh\" has no \"principals\"");
    KEY_FAULT("'algorithm':'x509','certificate':'','subject':{}", "subject",
              "a key of the algorithm \"x509\" has no \"subject\"");
    KEY_FAULT("'algorithm':'ed25519','crl':''", "crl",
              "a key of the algorithm \"ed25519\" has no \"crl\"");
    KEY_FAULT("'algorithm':'ed25519','public_key':'" ED_RAW "','jwk':{}",
              "jwk", "a key has either \"public_key\" or \"jwk\"");
    KEY_FAULT("'algorithm':'ed25519','jwk':'{}'", "jwk", "must be an object");
}


static unsigned
schemes(const char *members)
{
    const postern_key_t  *k;

    k = key(members);

    return k ? k->schemes : 0;
}


TEST(schemes_where_none_are_named)
{
    EXPECT_INT(schemes("'algorithm':'hmac-sha256','secret':'" SECRET "'"),
               POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_SIGV4
               |POSTERN_SCHEME_SIGV4A|POSTERN_SCHEME_CAVAGE);
    EXPECT_INT(schemes("'algorithm':'hmac-sha384','secret':'" SECRET "'"),
               POSTERN_SCHEME_CAVAGE);
    EXPECT_INT(schemes("'algorithm':'ed25519','public_key':'" ED_RAW "'"),
               POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE);
    EXPECT_INT(schemes("'algorithm':'rsa-v1_5-sha256','public_key':'" RSA_SPKI
                       "'"),
               POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE);
    EXPECT_INT(schemes("'algorithm':'ssh','public_key':'" SSH_ED25519 "'"),
               POSTERN_SCHEME_SSHSIG);
    EXPECT_INT(schemes("'algorithm':'x509','certificate':'" LEAF_CERT "'"),
               POSTERN_SCHEME_MTLS);
}


TEST(schemes_that_are_named)
{
    EXPECT_INT(schemes("'algorithm':'hmac-sha256','secret':'" SECRET "',"
                       "'schemes':['sigv4','rfc9421']"),
               POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_SIGV4);
    EXPECT_INT(schemes("'algorithm':'hmac-sha256','secret':'" SECRET "',"
                       "'schemes':['enos']"), POSTERN_SCHEME_ENOS);
    EXPECT_INT(schemes("'algorithm':'ed25519','public_key':'" ED_RAW "',"
                       "'schemes':['webhook']"), POSTERN_SCHEME_WEBHOOK);

#define SCHEMES(list)  "'algorithm':'hmac-sha256','secret':'" SECRET "',"     \
                       "'schemes':[" list "]"

    KEY_FAULT(SCHEMES(""), "schemes", "must name at least one scheme; a key "
              "that is for none has the status \"disabled\"");
    KEY_FAULT(SCHEMES("1"), "schemes[0]", "must be a string");
    KEY_FAULT(SCHEMES("'sigv5'"), "schemes[0]",
              "unknown scheme \"sigv5\", did you mean \"sigv4\"?");
    KEY_FAULT(SCHEMES("'oauth'"), "schemes[0]", "unknown scheme \"oauth\"");
    KEY_FAULT(SCHEMES("'sigv4','sigv4'"), "schemes[1]",
              "the scheme stands here a second time");
    KEY_FAULT(SCHEMES("'mtls'"), "schemes[0]", "a key of the algorithm "
              "\"hmac-sha256\" cannot serve the scheme \"mtls\"");
    KEY_FAULT(SCHEMES("'sigv4','webhook'"), "schemes[1]", "a key for \"enos\" "
              "or \"webhook\" is for nothing else: what it signs there could "
              "pass for something else here; make a second key");
    KEY_FAULT(SCHEMES("'enos','webhook'"), "schemes[1]", "a key for \"enos\" "
              "or \"webhook\" is for nothing else: what it signs there could "
              "pass for something else here; make a second key");
    KEY_FAULT("'algorithm':'ed25519','schemes':['sigv4']", "schemes[0]",
              "a key of the algorithm \"ed25519\" cannot serve the scheme "
              "\"sigv4\"");
    KEY_FAULT("'algorithm':'hmac-sha512','schemes':['rfc9421']", "schemes[0]",
              "a key of the algorithm \"hmac-sha512\" cannot serve the scheme "
              "\"rfc9421\"");
    KEY_FAULT("'algorithm':'ed25519','schemes':'rfc9421'", "schemes",
              "must be an array");
}


TEST(rates)
{
    uint32_t              rate, period;
    const postern_key_t  *k;

#define RATE(value)  "'algorithm':'hmac-sha256','secret':'" SECRET "',"       \
                     "'rate':" value
#define NO_RATE      "must be a number of requests a second, a minute or an " \
                     "hour: \"100/s\", \"6000/m\", \"50000/h\", of 1 to "     \
                     "1000000000 requests"

    k = key(RATE("'100/s'"));
    EXPECT_INT(k->rate, 100);
    EXPECT_INT(k->rate_period, 1);

    k = key(RATE("'1000000000/m'"));
    EXPECT_INT(k->rate, 1000000000);
    EXPECT_INT(k->rate_period, 60);

    k = key(RATE("'1/h'"));
    EXPECT_INT(k->rate, 1);
    EXPECT_INT(k->rate_period, 3600);

    k = key("'algorithm':'hmac-sha256','secret':'" SECRET "'");
    EXPECT_INT(k->rate_period, 0);

    KEY_FAULT(RATE("'0/s'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'1000000001/s'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'10000000000/s'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'10/d'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'10'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'/s'"), "rate", NO_RATE);
    KEY_FAULT(RATE("''"), "rate", NO_RATE);
    KEY_FAULT(RATE("'10s/'"), "rate", NO_RATE);
    KEY_FAULT(RATE("'-1/s'"), "rate", NO_RATE);
    KEY_FAULT(RATE("100"), "rate", "must be a string");

    EXPECT_INT(postern_rate_parse(slice("5/s"), &rate, &period), 0);
    EXPECT_INT(rate, 5);
}


TEST(private_keys)
{
    postern_ring_t        ring;
    postern_error_t       err;
    const postern_key_t  *k;
    char                  sealed[POSTERN_SEALED_PRIVATE_MAX], text[8192];
    unsigned char         pem[POSTERN_PRIVATE_MAX];
    size_t                len;

#define PAIR(alg, public, private)                                            \
    "'algorithm':'" alg "','public_key':'" public "',"                        \
    "'private_key':'" private "'"

    k = key(PAIR("ed25519", ED_RAW, "plain:" ED_PRIVATE));
    EXPECT(k->private_key.len != 0);
    EXPECT_INT(dir->nplain, 1);
    EXPECT_STR(dir->plain_first, "organizations.acme.keys.k.private_key");

    EXPECT(key(PAIR("ecdsa-p256-sha256", P256_SPKI, "plain:" P256_PRIVATE))
           != NULL);
    EXPECT(key(PAIR("ecdsa-p384-sha384", P384_POINT, "plain:" P384_PRIVATE))
           != NULL);
    EXPECT(key(PAIR("rsa-pss-sha512", RSA_SPKI, "plain:" RSA_PRIVATE))
           != NULL);

    KEY_FAULT(PAIR("ed25519", ED25519, "plain:" ED_PRIVATE), "private_key",
              "is not the private half of the key's public key");
    KEY_FAULT(PAIR("ecdsa-p256-sha256", P256, "plain:" P256_PRIVATE),
              "private_key",
              "is not the private half of the key's public key");
    KEY_FAULT(PAIR("rsa-pss-sha512", RSA_SPKI, "plain:" PSS_PRIVATE),
              "private_key",
              "is not the private half of the key's public key");
    KEY_FAULT("'algorithm':'rsa-pss-sha512','jwk':{'kty':'RSA','e':'gAAB',"
              "'n':'0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfA"
              "AtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64"
              "tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qv"
              "zqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI"
              "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniI"
              "qbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'},"
              "'private_key':'plain:" RSA_PRIVATE "'", "private_key",
              "is not the private half of the key's public key");
    KEY_FAULT(PAIR("ed25519", ED_RAW, "plain:" P256_PRIVATE), "private_key",
              "is not an Ed25519 key, as the algorithm says");
    KEY_FAULT(PAIR("ed25519", ED_RAW, "plain:" X25519_PRIVATE), "private_key",
              "is not an Ed25519 key, as the algorithm says");
    KEY_FAULT(PAIR("ed25519", ED_RAW, "plain:a password"), "private_key",
              "must be an unencrypted private key in PEM, as \"openssl "
              "genpkey\" writes it");
    KEY_FAULT(PAIR("ed25519", ED_RAW, "a password"), "private_key",
              "a private key must be \"sealed:\", \"plain:\" or \"base64:\" "
              "and a PEM of 1 to 4096 bytes behind it");
    KEY_FAULT("'algorithm':'ed25519','public_key':'" ED_RAW "',"
              "'private_key':1", "private_key", "must be a string");
    KEY_FAULT(PAIR("ed25519", ED_RAW, ""), "private_key",
              "must not be empty");

    /* sealed, as it stands in the directory, under its own name */

    EXPECT_INT(postern_ring_parse(slice("m1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGB"
                                        "kaGxwdHh8=\n"), &ring, &err), 0);

    len = strlen(RSA_PRIVATE);
    EXPECT(len > POSTERN_SECRET_MAX);

    EXPECT_INT(postern_seal(&ring, slice(RSA_PRIVATE), slice("n"), sealed,
                            sizeof(sealed)), 0);

    memset(text, 'x', POSTERN_PRIVATE_MAX + 1);
    text[POSTERN_PRIVATE_MAX + 1] = '\0';
    EXPECT_INT(postern_private_seal(&ring, slice(text), slice("n"), sealed,
                                    sizeof(sealed)), 0);

    text[POSTERN_PRIVATE_MAX] = '\0';
    EXPECT(postern_private_seal(&ring, slice(text), slice("n"), sealed,
                                sizeof(sealed)) != 0);
    EXPECT_INT(postern_private_open(&ring, slice(sealed), slice("n"), pem,
                                    &len), POSTERN_OPEN_OK);
    EXPECT_INT(len, POSTERN_PRIVATE_MAX);
    EXPECT_INT(postern_secret_open(&ring, slice(sealed), slice("n"), pem,
                                   &len), POSTERN_OPEN_MALFORMED);

    snprintf(text, sizeof(text), PAIR("ed25519", ED_RAW, "%s"), sealed);

    k = key(text);
    EXPECT_INT(dir->nsealed, 4);
    EXPECT_STR(k->private_key, sealed);
    EXPECT_INT(postern_sealed_lost(NULL, dir), 4);
    EXPECT_INT(postern_sealed_lost(&ring, dir), 0);
}


TEST(principals)
{
    char                  text[8192];
    size_t                n, i;
    const postern_key_t  *k;

#define CA(list)  "'algorithm':'ssh-ca','public_key':'" SSH_P256 "',"         \
                  "'principals':" list

    k = key(CA("['alice','nobody','build@host']"));
    EXPECT_INT(k->nprincipals, 3);
    EXPECT_STR(k->principals[0], "alice");
    EXPECT_STR(k->principals[2], "build@host");
    EXPECT_INT(dir->nauthorities, 1);
    EXPECT(dir->authorities[0] == k);
    EXPECT(postern_directory_fingerprint(dir, k->fingerprint) == NULL);

    KEY_FAULT(CA("[]"), "principals", "must name 1 to 256 principals, whom "
              "certificates of this authority may speak for");
    KEY_FAULT(CA("['']"), "principals[0]", "must not be empty");
    KEY_FAULT(CA("['a','b','a']"), "principals[2]",
              "the principal stands here a second time");
    KEY_FAULT(CA("['a\\nb']"), "principals[0]",
              "the name holds a control character");
    KEY_FAULT(CA("[1]"), "principals[0]", "must be a string");
    KEY_FAULT(CA("['other']"), "", "has a principal named like the key "
              "\"other\", which is a subject itself");

    /* of another organization, or of a user: nobody is mistaken for it */

    EXPECT(key(CA("['elsewhere','users']")) != NULL);

    n = (size_t) snprintf(text, sizeof(text), "%s", CA("['p0'"));

    for (i = 1; i < 257; i++) {
        n += (size_t) snprintf(text + n, sizeof(text) - n, ",'p%zu'", i);
    }

    snprintf(text + n, sizeof(text) - n, "]");
    KEY_FAULT(text, "principals", "must name 1 to 256 principals, whom "
              "certificates of this authority may speak for");
}


TEST(fingerprints)
{
    const postern_key_t  *k;
    unsigned char         none[32];

    k = key("'algorithm':'ssh','public_key':'" SSH_ED25519 "'");
    EXPECT(postern_directory_fingerprint(dir, k->fingerprint) == k);

    memset(none, 0, sizeof(none));
    EXPECT(postern_directory_fingerprint(dir, none) == NULL);
    EXPECT_INT(dir->nauthorities, 0);

    /* others have ids, and may share a public key */

    k = key("'algorithm':'ed25519','public_key':'" ED_RAW "'},"
            "'k2':{'roles':[],'algorithm':'ed25519','public_key':'" ED_RAW
            "'");
    EXPECT(postern_directory_fingerprint(dir, k->fingerprint) == NULL);

    KEY_FAULT_AT("'algorithm':'ssh','public_key':'" SSH_ED25519 "'},"
                 "'k2':{'roles':[],'algorithm':'ssh','public_key':'"
                 SSH_ED25519 " and another comment'", "keys.k2",
                 "has the same public key as \"k\": whom would it speak for?");
}


TEST(names_there_and_back)
{
    unsigned       bit;
    postern_alg_e  alg;
    postern_str_t  name;

    for (alg = POSTERN_ALG_HMAC_SHA256; alg <= POSTERN_ALG_X509_CA; alg++) {
        name = postern_alg_name(alg);
        EXPECT(name.len != 0 && postern_alg_parse(name) == alg);
        EXPECT(postern_alg_schemes(alg) != 0);
    }

    EXPECT(postern_alg_name(alg).data == NULL);
    EXPECT_INT(postern_alg_parse(slice("ssh_ca")), 0);

    for (bit = POSTERN_SCHEME_RFC9421; bit <= POSTERN_SCHEME_MTLS; bit *= 2) {
        name = postern_scheme_name(bit);
        EXPECT(name.len != 0 && postern_scheme_parse(name) == bit);
    }

    EXPECT(postern_scheme_name(bit).data == NULL);
    EXPECT_INT(postern_scheme_parse(slice("")), 0);
}


TEST(the_last)
{
    postern_directory_destroy(dir);
    dir = NULL;

    EXPECT_STR(slice(postern_open_text(POSTERN_OPEN_MALFORMED)),
               "neither \"sealed:\", \"plain:\" nor \"base64:\", or too long "
               "(a secret has 1 to 512 bytes, a private key up to 4096)");
}


UNIT_MAIN()
