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

/* JSON Web Keys: the one of a key, and sets of them beside the document. */

#include "directory_key.h"
#include "postern_jwk.h"


#define JWK(alg, members)  "'algorithm':'" alg "','jwk':{" members "}"

/* RFC 8037, appendix A.2 and A.3; RFC 7638, section 3.1 */

#define RFC8037  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define OKP      "'kty':'OKP','crv':'Ed25519','x':'" RFC8037 "'"
#define OKP_ID   "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

#define RFC7638                                                               \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7"  \
    "aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA"  \
    "rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7"  \
    "d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF"  \
    "d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA      "'kty':'RSA','n':'" RFC7638 "','e':'AQAB'"
#define RSA_ID   "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

#define EC256    "'kty':'EC','crv':'P-256','x':'" P256_X "','y':'" P256_Y "'"
#define EC384    "'kty':'EC','crv':'P-384','x':'" P384_X "','y':'" P384_Y "'"


static postern_directory_t  *dir;


static const postern_key_t *
key(const char *members)
{
    postern_directory_destroy(dir);

    dir = key_parse(members);

    return dir ? postern_directory_key(dir, slice("k")) : NULL;
}


static void
same(const char *alg, const char *jwk, const char *public, int line)
{
    char                  text[4096];
    unsigned char         raw[2048];
    size_t                len;
    const postern_key_t  *k;

    snprintf(text, sizeof(text), "'algorithm':'%s','public_key':'%s'", alg,
             public);
    k = key(text);
    len = k->public_key.len;
    memcpy(raw, k->public_key.data, len);

    snprintf(text, sizeof(text), "'algorithm':'%s','jwk':{%s}", alg, jwk);
    k = key(text);

    unit_expect(k && k->public_key.len == len
                && memcmp(k->public_key.data, raw, len) == 0, alg, __FILE__,
                line);
}


TEST(the_key_of_a_jwk)
{
    same("ecdsa-p256-sha256", EC256, P256_SPKI, __LINE__);
    same("ecdsa-p256-sha256", EC256 ",'alg':'ES256','use':'sig','kid':'x',"
         "'x5c':['?']", P256_SPKI, __LINE__);
    same("ecdsa-p384-sha384", EC384 ",'alg':'ES384','key_ops':['verify']",
         P384_SPKI, __LINE__);
    same("ed25519", OKP ",'alg':'EdDSA'",
         "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", __LINE__);
    same("ed25519", OKP ",'alg':'Ed25519','key_ops':[1,'x','verify']",
         "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", __LINE__);

    EXPECT(key(JWK("rsa-pss-sha512", RSA ",'alg':'PS512'")) != NULL);
    EXPECT(key(JWK("rsa-v1_5-sha256", RSA ",'alg':'RS256'")) != NULL);
}


TEST(rsa_numbers_with_zeros)
{
    const postern_key_t  *k;
    unsigned char         raw[2048];
    char                  n[345], text[POSTERN_JWK_MAX];
    size_t                len;

    k = key(JWK("rsa-pss-sha512", RSA));
    len = k->public_key.len;
    memcpy(raw, k->public_key.data, len);

    k = key(JWK("rsa-pss-sha512",
                "'kty':'RSA','n':'" RFC7638 "','e':'AAEAAQ'"));
    EXPECT(k->public_key.len == len
           && memcmp(k->public_key.data, raw, len) == 0);

    /* an exponent whose first bit is set, and a modulus whose is not */

    k = key(JWK("rsa-pss-sha512",
                "'kty':'RSA','n':'" RFC7638 "','e':'gAAB'"));
    EXPECT_INT(k->public_key.len, len + 1);

    memset(n, '_', 344);
    n[0] = 'f';
    n[344] = '\0';

    snprintf(text, sizeof(text), JWK("rsa-pss-sha512",
             "'kty':'RSA','n':'%s','e':'AQAB'"), n);
    k = key(text);
    EXPECT_INT(k->public_key.len, len + 258 - 257);
    EXPECT(postern_jwk_write(k->algorithm, k->public_key, text, sizeof(text))
           != 0);
    EXPECT(strstr(text, n) != NULL);

    KEY_FAULT(JWK("rsa-pss-sha512", "'kty':'RSA','n':'AAAA','e':'AQAB'"),
              "jwk", "an RSA key must have 2048 to 8192 bits");
    KEY_FAULT(JWK("rsa-pss-sha512",
                  "'kty':'RSA','n':'" RFC7638 "','e':'AAAA'"), "jwk",
              "the public exponent of an RSA key must be odd, 65537 or more, "
              "and of 8 bytes at most");
}


TEST(thumbprints)
{
    char                  text[POSTERN_JWK_MAX];
    char                  id[POSTERN_THUMBPRINT_LEN + 1];
    size_t                len;
    const postern_key_t  *k;

    k = key(JWK("ed25519", OKP));
    EXPECT_INT(postern_jwk_thumbprint(k->algorithm, k->public_key, id), 0);
    EXPECT_STR(slice(id), OKP_ID);

    EXPECT(postern_jwk_write(k->algorithm, k->public_key, text, sizeof(text))
           != 0);
    EXPECT_STR(slice(text), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\""
               RFC8037 "\"}");

    k = key(JWK("rsa-v1_5-sha256", RSA));
    EXPECT_INT(postern_jwk_thumbprint(k->algorithm, k->public_key, id), 0);
    EXPECT_STR(slice(id), RSA_ID);

    len = postern_jwk_write(k->algorithm, k->public_key, text, sizeof(text));
    EXPECT_INT(len, strlen(text));
    EXPECT_STR(slice(text), "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RFC7638
               "\"}");

    k = key(JWK("ecdsa-p256-sha256", EC256));
    EXPECT(postern_jwk_write(k->algorithm, k->public_key, text, sizeof(text))
           != 0);
    EXPECT_STR(slice(text), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X
               "\",\"y\":\"" P256_Y "\"}");

    k = key(JWK("ecdsa-p384-sha384", EC384));
    EXPECT(postern_jwk_write(k->algorithm, k->public_key, text, sizeof(text))
           != 0);
    EXPECT_STR(slice(text), "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"" P384_X
               "\",\"y\":\"" P384_Y "\"}");

    EXPECT_INT(postern_jwk_write(k->algorithm, k->public_key, text, 64), 0);

    k = key("'algorithm':'ssh','public_key':'" SSH_ED25519 "'");
    EXPECT_INT(postern_jwk_write(k->algorithm, k->public_key, text,
                                 sizeof(text)), 0);
    EXPECT_INT(postern_jwk_thumbprint(k->algorithm, k->public_key, id), -1);
    EXPECT_INT(postern_jwk_write(POSTERN_ALG_ED25519, slice(""), text,
                                 sizeof(text)), 0);
    EXPECT(postern_jwk_alg(POSTERN_ALG_SSH) == NULL);
    EXPECT_STR(slice(postern_jwk_alg(POSTERN_ALG_ECDSA_P384_SHA384)),
               "ES384");
}


/* the largest key there can be */

TEST(room_for_the_largest)
{
    char                  n[1368], text[POSTERN_JWK_MAX], doc[4096];
    const postern_key_t  *k;

    memset(n, '_', sizeof(n));
    n[1366] = '\0';
    n[1365] = 'w';         /* 1024 bytes, the last of them ff */

    snprintf(doc, sizeof(doc), JWK("rsa-pss-sha512",
             "'kty':'RSA','n':'%s','e':'__________8'"), n);

    k = key(doc);

    if (EXPECT(k != NULL)) {
        EXPECT(postern_jwk_write(k->algorithm, k->public_key, text,
                                 sizeof(text)) > 1366);
        EXPECT(strstr(text, n) != NULL);
        EXPECT(strstr(text, "\"e\":\"__________8\"") != NULL);
    }
}


TEST(jwks_that_are_not)
{
    KEY_FAULT(JWK("ed25519", OKP ",'d':'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusA"
                  "xyuf2A'"), "jwk.d", "is part of a private key: it belongs "
              "to the client alone, put the public members here and replace "
              "the pair");
    KEY_FAULT(JWK("ed25519", "'kty':'oct','k':'c2VjcmV0'"), "jwk.k",
              "is part of a private key: it belongs to the client alone, put "
              "the public members here and replace the pair");
    KEY_FAULT(JWK("ed25519", ""), "jwk", "must be \"OKP\" with the \"crv\" "
              "\"Ed25519\", as the algorithm says");
    KEY_FAULT(JWK("ed25519", EC256), "jwk.kty", "must be \"OKP\" with the "
              "\"crv\" \"Ed25519\", as the algorithm says");
    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'X25519','x':'" RFC8037 "'"),
              "jwk.kty", "must be \"OKP\" with the \"crv\" \"Ed25519\", as "
              "the algorithm says");
    KEY_FAULT(JWK("ecdsa-p256-sha256", EC384), "jwk.kty", "must be \"EC\" "
              "with the \"crv\" \"P-256\", as the algorithm says");
    KEY_FAULT(JWK("ecdsa-p384-sha384", EC256), "jwk.kty", "must be \"EC\" "
              "with the \"crv\" \"P-384\", as the algorithm says");
    KEY_FAULT(JWK("rsa-pss-sha512", "'kty':1"), "jwk.kty",
              "must be \"RSA\", as the algorithm says");

#define NOT_MADE  "says that the key is not made to verify signatures of "    \
                  "its algorithm"

    KEY_FAULT(JWK("rsa-pss-sha512", RSA ",'alg':'PS256'"), "jwk.alg",
              NOT_MADE);
    KEY_FAULT(JWK("rsa-pss-sha512", RSA ",'alg':'Ed25519'"), "jwk.alg",
              NOT_MADE);
    KEY_FAULT(JWK("ed25519", OKP ",'alg':'ES256'"), "jwk.alg", NOT_MADE);
    KEY_FAULT(JWK("ed25519", OKP ",'use':'enc'"), "jwk.use", NOT_MADE);
    KEY_FAULT(JWK("ed25519", OKP ",'key_ops':['sign']"), "jwk.key_ops",
              NOT_MADE);
    KEY_FAULT(JWK("ed25519", OKP ",'key_ops':'verify'"), "jwk.key_ops",
              NOT_MADE);

    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519'"), "jwk",
              "the member \"x\" is missing");
    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519','x':1"), "jwk.x",
              "must be a string");
    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519','x':''"), "jwk.x",
              "must not be empty");
    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519','x':'" ED_RAW "'"),
              "jwk.x", "must be base64url without padding");
    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519','x':'AAAA'"), "jwk",
              "an Ed25519 public key has 32 bytes");

    /* a SubjectPublicKeyInfo is none of the forms of "x" */

    KEY_FAULT(JWK("ed25519", "'kty':'OKP','crv':'Ed25519','x':"
                  "'MCowBQYDK2VwAyEAJgS-QBWVWwH2TRalz_OmAsG1ybQ5yViasG6LuCQwz"
                  "Cg'"), "jwk", "an Ed25519 public key has 32 bytes");

    KEY_FAULT(JWK("ecdsa-p256-sha256", "'kty':'EC','crv':'P-256','x':'" P256_X
                  "','y':'" P256_X "'"), "jwk",
              "is not a point on the curve P-256 (65 bytes, 04 X Y)");
    KEY_FAULT(JWK("ecdsa-p256-sha256", "'kty':'EC','crv':'P-256','x':'" P256_X
                  "','y':'AAAA'"), "jwk",
              "\"x\" and \"y\" must be 32 bytes each");
    KEY_FAULT(JWK("ecdsa-p384-sha384", "'kty':'EC','crv':'P-384','x':'AAAA',"
                  "'y':'" P384_Y "'"), "jwk",
              "\"x\" and \"y\" must be 48 bytes each");
    KEY_FAULT(JWK("ecdsa-p384-sha384", "'kty':'EC','crv':'P-384','y':'AAAA'"),
              "jwk", "the member \"x\" is missing");
    KEY_FAULT(JWK("ecdsa-p384-sha384", "'kty':'EC','crv':'P-384','x':'AAAA'"),
              "jwk", "the member \"y\" is missing");
    KEY_FAULT(JWK("rsa-pss-sha512", "'kty':'RSA','e':'AQAB'"), "jwk",
              "the member \"n\" is missing");
    KEY_FAULT(JWK("rsa-pss-sha512", "'kty':'RSA','n':'AQAB'"), "jwk",
              "the member \"e\" is missing");
}


TEST(the_last)
{
    postern_directory_destroy(dir);
    dir = NULL;

    EXPECT(POSTERN_THUMBPRINT_LEN == strlen(RSA_ID));
}


UNIT_MAIN()
