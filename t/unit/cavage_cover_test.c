/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * cavage: what a signature must cover, the digests of bodies, and keys of each
 * kind.
 */


#include "cavage_try.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


/* SHA-256 and SHA-512 of "hello" */

#define H256  "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
#define H512  "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6"       \
              "zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="

#define POST   "POST /a HTTP/1.1\nHost: app.example\nDate: " DATE "\n"        \
               "Content-Length: 5\n"
#define LINES  "(request-target): post /a\nhost: app.example\ndate: " DATE
#define SIGNED(headers)                                                       \
    "Signature: keyId=\"AK1\",headers=\"" headers "\",signature=\"SIG\"\n"
#define FOUR   "(request-target) host date digest"


TEST(everything_that_is_demanded)
{
    size_t  i;

    static const struct {
        unsigned      cover;
        const char   *headers;
        const char   *base;
        sign_code_e   code;
        const char   *says;
    } cases[] = {
        { SIGN_COVER_DEFAULT, "(request-target) host date",
          "(request-target): get /a?b=c\nhost: app.example\ndate: " DATE,
          SIGN_OK, "" },
        { SIGN_COVER_DEFAULT, "host date", "host: app.example\ndate: " DATE,
          SIGN_COVERAGE, "(request-target)" },
        { SIGN_COVER_METHOD, "host date", "host: app.example\ndate: " DATE,
          SIGN_COVERAGE, "(request-target)" },
        { SIGN_COVER_TARGET, "host date", "host: app.example\ndate: " DATE,
          SIGN_COVERAGE, "(request-target)" },
        { SIGN_COVER_DEFAULT, "(request-target) date",
          "(request-target): get /a?b=c\ndate: " DATE,
          SIGN_COVERAGE, "host" },
        { SIGN_COVER_DEFAULT | SIGN_COVER_SCHEME,
          "(request-target) host date",
          "(request-target): get /a?b=c\nhost: app.example\ndate: " DATE,
          SIGN_COVERAGE, "cannot" },
        { SIGN_COVER_AUTHORITY, "host date",
          "host: app.example\ndate: " DATE, SIGN_OK, "" },
        { 0, "date", "date: " DATE, SIGN_OK, "" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  text[1024];

        try_defaults();
        policy.cover = cases[i].cover;

        snprintf(text, sizeof(text), GET SIGNED("%s"), cases[i].headers);
        EXPECT_CODE(try_base(text, cases[i].base), cases[i].code);
        EXPECT(cases[i].code == SIGN_OK || strstr(detail(), cases[i].says));
    }

    /* whoever gave that up: it goes to the record, and is used once */
    EXPECT(message.once && message.weak != NULL);
}


TEST(fields_of_the_policy)
{
    postern_str_t  demanded[2];

    try_defaults();

    demanded[0] = text_of("date");
    demanded[1] = text_of("x-tenant");
    policy.fields = demanded;
    policy.nfields = 2;

    EXPECT_CODE(try_base(GET "X-Tenant: a\n"
                         SIGNED("(request-target) host date"), BASE),
                SIGN_COVERAGE);
    EXPECT_CODE(try_base(GET "X-Tenant: a\n"
                         SIGNED("(request-target) host date x-tenant"),
                         BASE "\nx-tenant: a"), SIGN_OK);
    EXPECT_CODE(try_base(GET SIGNED("(request-target) host date x-tenant"),
                         BASE "\nx-tenant: "), SIGN_COVERAGE);
    EXPECT_CODE(try_base(GET "X-Tenant: a\nConnection: x-tenant\n"
                         SIGNED("(request-target) host date x-tenant"),
                         BASE "\nx-tenant: a"), SIGN_AMBIGUOUS);
}


TEST(repeated_fields)
{
    try_defaults();
    policy.cover = 0;

    EXPECT_CODE(try_base(GET "X-A: 1\nX-A: 2\n" SIGNED("date x-a"),
                         "date: " DATE "\nx-a: 1, 2"), SIGN_OK);
    EXPECT_CODE(try_base(GET "Content-Type: a\nContent-Type: b\n"
                         SIGNED("date content-type"), ""), SIGN_AMBIGUOUS);

    /* Kong and APISIX sign the first */
    EXPECT_CODE(try_base(GET "X-A: 1\nX-A: 2\nAuthorization: hmac username="
                         "\"AK1\",headers=\"date x-a\",signature=\"SIG\"\n",
                         "date: " DATE "\nx-a: 1"), SIGN_AMBIGUOUS);
    EXPECT_CODE(try_base(GET "X-A: 1\nX-A: 2\n"
                         SIGNED("@request-target date x-a"), ""),
                SIGN_AMBIGUOUS);
}


TEST(the_field_with_the_signature_is_not_signed)
{
    try_defaults();
    policy.cover = 0;

    EXPECT_CODE(try_base(GET SIGNED("date signature"), ""), SIGN_MALFORMED);
    EXPECT_CODE(try_base(GET "Authorization: Bearer x\n"
                         SIGNED("date authorization"),
                         "date: " DATE "\nauthorization: Bearer x"), SIGN_OK);
}


TEST(control_characters)
{
    try_defaults();
    policy.cover = 0;

    EXPECT_CODE(try_base(GET "X-A: a\tb\n" SIGNED("date x-a"),
                         "date: " DATE "\nx-a: a\tb"), SIGN_OK);
    EXPECT_CODE(try_base(GET "X-A: a\rx-b: c\n" SIGNED("date x-a"), ""),
                SIGN_MALFORMED);
    EXPECT_CODE(try_base(GET "X-A: a\x7f\n" SIGNED("date x-a"), ""),
                SIGN_MALFORMED);
}


/* the joyent library, before 1.0: values were signed and names were not */

TEST(cve_2017_16005_names_are_signed)
{
    try_defaults();
    policy.cover = 0;

    EXPECT_CODE(try_base(GET "X-A: 1\nX-B: 2\n" SIGNED("date x-a x-b"),
                         "date: " DATE "\nx-a: 1\nx-b: 2"), SIGN_OK);
    EXPECT_CODE(try_base(GET "X-A: 2\nX-B: 1\n" SIGNED("date x-b x-a"),
                         "date: " DATE "\nx-a: 1\nx-b: 2"), SIGN_INVALID);
    EXPECT_CODE(try_base(GET "X-A: 1\nX-C: 2\n" SIGNED("date x-a x-c"),
                         "date: " DATE "\nx-a: 1\nx-b: 2"), SIGN_INVALID);
    EXPECT_CODE(try_base(GET "X-A: 1\nX-B: 2\n" SIGNED("date x-a x-b"),
                         DATE "\n1\n2"), SIGN_INVALID);
}


TEST(bodies)
{
    size_t  i;

    static const struct {
        const char     *fields;
        const char     *listed;
        const char     *line;
        sign_code_e     code;
        sign_digest_e   digest;
    } cases[] = {
        { "Digest: SHA-256=" H256 "\n", "digest",
          "digest: SHA-256=" H256, SIGN_OK, SIGN_DIGEST_SHA256 },
        { "Digest: sha-512=" H512 "\n", "digest",
          "digest: sha-512=" H512, SIGN_OK, SIGN_DIGEST_SHA512 },
        { "Digest: SHA-256=" H256 ", SHA-512=" H512 "\n", "digest",
          "digest: SHA-256=" H256 ", SHA-512=" H512, SIGN_OK,
          SIGN_DIGEST_SHA512 },
        { "Digest: SHA-512=" H512 "\nDigest: MD5=abc,SHA-256=" H256 "\n",
          "digest",
          "digest: SHA-512=" H512 ", MD5=abc,SHA-256=" H256, SIGN_OK,
          SIGN_DIGEST_SHA512 },
        { "Content-Digest: sha-256=:" H256 ":\n", "content-digest",
          "content-digest: sha-256=:" H256 ":", SIGN_OK, SIGN_DIGEST_SHA256 },
        { "Digest: SHA-256=" H256 "\nContent-Digest: sha-256=:" H256 ":\n",
          "digest content-digest",
          "digest: SHA-256=" H256 "\ncontent-digest: sha-256=:" H256 ":",
          SIGN_OK, SIGN_DIGEST_SHA256 },
        { "Digest: SHA-512=" H512 "\nContent-Digest: sha-256=:" H256 ":\n",
          "digest content-digest",
          "digest: SHA-512=" H512 "\ncontent-digest: sha-256=:" H256 ":",
          SIGN_OK, SIGN_DIGEST_SHA512 },
        { "Digest: SHA-512=" H512 "\nContent-Digest: sha-256=:" H256 ":\n",
          "content-digest digest",
          "content-digest: sha-256=:" H256 ":\ndigest: SHA-512=" H512,
          SIGN_OK, SIGN_DIGEST_SHA512 },
        { "Digest: SHA-256=" H256 "\nContent-Digest: sha-256=:M" H256 ":\n",
          "digest content-digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n"
          "Content-Digest: sha-256=:" H256 ":\n",
          "digest content-digest", "", SIGN_AMBIGUOUS, 0 },
        { "Digest: MD5=XUFAKrxLKna5cZ2REBfFkg==\n", "digest", "",
          SIGN_UNSUPPORTED, 0 },
        { "Digest: SHA-256=" H256 ",sha-256=" H256 "\n", "digest", "",
          SIGN_AMBIGUOUS, 0 },
        { "Digest: SHA-256=" H256 "\nDigest: SHA-256=" H256 "\n", "digest", "",
          SIGN_AMBIGUOUS, 0 },
        { "Digest: \n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: =" H256 "\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=" H256 ",\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=" H512 "\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-512=" H256 "\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=:" H256 ":\n", "digest", "", SIGN_MALFORMED, 0 },
        { "Digest: SHA-256=" H256 "\n", "", "", SIGN_COVERAGE, 0 },
        { "", "", "", SIGN_COVERAGE, 0 },
        { "", "digest", "digest: ", SIGN_COVERAGE, 0 }
    };

    try_defaults();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  text[2048], base[2048];

        snprintf(text, sizeof(text), POST "%s"
                 SIGNED("(request-target) host date%s%s"), cases[i].fields,
                 cases[i].listed[0] ? " " : "", cases[i].listed);
        snprintf(base, sizeof(base), LINES "%s%s",
                 cases[i].listed[0] ? "\n" : "", cases[i].line);

        if (!EXPECT_CODE(try_base(text, base), cases[i].code)) {
            printf("# case %zu\n", i);
        }

        if (cases[i].code == SIGN_OK) {
            EXPECT_INT(message.digest, cases[i].digest);
            EXPECT_INT(message.body, SIGN_BODY_AFTER);
            EXPECT_MEM(message.digest_value,
                       cases[i].digest == SIGN_DIGEST_SHA256
                       ? "\x2c\xf2\x4d\xba" : "\x9b\x71\xd2\x24", 4);
        }
    }
}


TEST(a_digest_field_has_bounds)
{
    unsigned char  *value;
    sign_code_e     code;

    try_defaults();

    EXPECT_CODE(parse_of(POST "Digest: x\n" SIGNED(FOUR)), SIGN_MALFORMED);
    EXPECT_CODE(parse_of(POST "Digest: SHA-256=" H256 "\nSignature: keyId="
                         "\"AK1\",headers=\"" FOUR "\",signature=\"AAAA\"\n"
                         "\n"), SIGN_OK);

    value = malloc(SIGN_MAX_HEADER + 1);
    memset(value, 'a', SIGN_MAX_HEADER + 1);

    request_fields[request.nfields - 2].value.data = value;
    request_fields[request.nfields - 2].value.len = SIGN_MAX_HEADER + 1;

    code = sign_check(&request, &policy, &key, organization, NULL, now,
                      &message);
    EXPECT_CODE(code, SIGN_TOO_LARGE);
    free(value);
}


/*
 * Misskey, before 2026.3.1: requests were taken for signed without a signature
 * over what counts.  Each way that is known to lead there.
 */

TEST(cve_2026_28432_misskey)
{
    try_defaults();

    /* the body is another, its digest is beside the signature */
    EXPECT_CODE(try_base(POST "Digest: SHA-256=" H256 "\n"
                         SIGNED("(request-target) host date"), LINES),
                SIGN_COVERAGE);

    /* the list is another than what was signed */
    EXPECT_CODE(try_base(POST "Digest: SHA-256=" H256 "\n" SIGNED(FOUR),
                         LINES), SIGN_INVALID);

    /* a digest of an algorithm that is never compared */
    EXPECT_CODE(try_base(POST "Digest: SHA-1=" H256 "\n" SIGNED(FOUR),
                         LINES "\ndigest: SHA-1=" H256), SIGN_UNSUPPORTED);

    /* no list, an empty one, an empty signature */
    EXPECT_CODE(try_base(POST "Signature: keyId=\"AK1\",signature=\"SIG\"\n",
                         "date: " DATE), SIGN_COVERAGE);
    EXPECT_CODE(try_base(POST SIGNED(""), ""), SIGN_COVERAGE);
    EXPECT_CODE(try_base(POST "Signature: keyId=\"AK1\",headers=\"" FOUR
                         "\",signature=\"\"\n", ""), SIGN_MALFORMED);

    /* a host that the request does not have */
    EXPECT_CODE(try_base("POST /a HTTP/1.1\nDate: " DATE "\n"
                         SIGNED("(request-target) host date"), LINES),
                SIGN_COVERAGE);

    /* a key of somebody else, named twice */
    EXPECT_CODE(try_base(POST "Signature: keyId=\"AK1\",keyId=\"AK2\","
                         "headers=\"(request-target) host date\","
                         "signature=\"SIG\"\n", LINES), SIGN_AMBIGUOUS);
}


/* keys that are made here and now, as DER of their public halves */

static size_t
signed_with(EVP_PKEY *pkey, const EVP_MD *md, const char *base, char *out)
{
    size_t         len;
    EVP_MD_CTX    *ctx;
    unsigned char  signature[1024];

    ctx = EVP_MD_CTX_new();
    len = sizeof(signature);

    EXPECT(EVP_DigestSignInit(ctx, NULL, md, NULL, pkey) == 1);
    EXPECT(EVP_DigestSign(ctx, signature, &len, (const unsigned char *) base,
                          strlen(base)) == 1);
    EVP_MD_CTX_free(ctx);

    EVP_EncodeBlock((unsigned char *) out, signature, (int) len);

    return len;
}


TEST(rsa)
{
    char            signature[2048];
    EVP_PKEY       *pkey;
    unsigned char  *der;

    try_defaults();

    der = NULL;
    pkey = EVP_RSA_gen(2048);
    key.algorithm = POSTERN_ALG_RSA_V1_5_SHA256;
    key.public_key.len = i2d_PUBKEY(pkey, &der);
    key.public_key.data = der;

    signed_with(pkey, EVP_sha256(), BASE, signature);

    EXPECT_CODE(try_text(GET "Signature: keyId=\"AK1\"," LISTED
                         "algorithm=\"rsa-sha256\",signature=\"SIG\"\n",
                         signature), SIGN_OK);
    EXPECT_CODE(try_text(GET SIGNED("(request-target) host date"), signature),
                SIGN_OK);
    EXPECT_CODE(try_text(GET SIGNED("host (request-target) date"), signature),
                SIGN_INVALID);

    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}


TEST(ed25519)
{
    size_t         len;
    char           signature[256];
    EVP_PKEY      *pkey;
    unsigned char  public[32];

    try_defaults();

    len = sizeof(public);
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EXPECT(EVP_PKEY_get_raw_public_key(pkey, public, &len) == 1);

    key.algorithm = POSTERN_ALG_ED25519;
    key.public_key.data = public;
    key.public_key.len = len;

    signed_with(pkey, NULL, BASE, signature);

    EXPECT_CODE(try_text(GET "Signature: keyId=\"AK1\"," LISTED
                         "algorithm=\"ed25519\",signature=\"SIG\"\n",
                         signature), SIGN_OK);

    /* another first octet, and base64 all the same */
    signature[0] = signature[0] == 'A' ? 'g' : 'A';
    EXPECT_CODE(try_text(GET SIGNED("(request-target) host date"), signature),
                SIGN_INVALID);

    EVP_PKEY_free(pkey);
}


/* DER as most send it, r and s as http-message-signatures (npm) does */

TEST(ecdsa_in_both_forms)
{
    int                   der_len;
    char                  signature[256];
    size_t                len;
    EVP_PKEY             *pkey;
    ECDSA_SIG            *pair;
    unsigned char         public[65], der[128], raw[64];
    unsigned char         claim[SIGN_CLAIM_MAX];
    const unsigned char  *p;

    try_defaults();

    pkey = EVP_EC_gen("P-256");
    EXPECT(EVP_PKEY_get_octet_string_param(pkey, "pub", public,
                                           sizeof(public), &len)
           == 1);

    key.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    key.public_key.data = public;
    key.public_key.len = len;

    len = signed_with(pkey, EVP_sha256(), BASE, signature);

    EXPECT_CODE(try_text(GET "Signature: keyId=\"AK1\"," LISTED
                         "algorithm=\"ecdsa-sha256\",signature=\"SIG\"\n",
                         signature), SIGN_OK);
    memcpy(claim, message.claim, sizeof(claim));

    der_len = (int) message.signature.len;
    EXPECT_INT(der_len, len);
    memcpy(der, message.signature.data, len);

    p = der;
    pair = d2i_ECDSA_SIG(NULL, &p, der_len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32);
    ECDSA_SIG_free(pair);
    EVP_EncodeBlock((unsigned char *) signature, raw, 64);

    EXPECT_CODE(try_text(GET SIGNED("(request-target) host date"), signature),
                SIGN_OK);
    EXPECT_MEM(message.claim, claim, message.claim_len);

    memset(raw, 0, sizeof(raw));
    EVP_EncodeBlock((unsigned char *) signature, raw, 64);
    EXPECT_CODE(try_text(GET SIGNED("(request-target) host date"), signature),
                SIGN_INVALID);
    EXPECT_CODE(try_text(GET SIGNED("(request-target) host date"),
                         "MAYCAQACAQA="), SIGN_INVALID);

    EVP_PKEY_free(pkey);
}


UNIT_MAIN()
