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

/* Certificates, revocation lists, and whose certificates count. */

#include <sodium.h>

#include "directory_key.h"


#define X509(pem)     "'algorithm':'x509','certificate':'" pem "'"
#define X509_CA(pem)  "'algorithm':'x509-ca','subject':{'CN':'*'},"           \
                      "'certificate':'" pem "'"

#define NO_CERTIFICATE  "must be certificates in PEM, \"-----BEGIN "          \
                        "CERTIFICATE-----...\""
#define NO_CRL          "must be revocation lists in PEM, \"-----BEGIN X509 " \
                        "CRL-----...\""
#define NO_CA           "is not the certificate of an authority "             \
                        "(basicConstraints CA:TRUE, keyUsage keyCertSign); a " \
                        "single client's certificate has the algorithm "      \
                        "\"x509\""
#define UNSIGNED        "has a revocation list that none of the key's "       \
                        "certificates signed: add that of its issuer to "     \
                        "\"certificate\""


static postern_directory_t  *dir;


static const postern_key_t *
key(const char *members)
{
    postern_directory_destroy(dir);

    dir = key_parse(members);

    return dir ? postern_directory_key(dir, slice("k")) : NULL;
}


/* the DER in a PEM that has "\n" for its line breaks */

static size_t
der(const char *pem, unsigned char *out)
{
    char         b64[4096];
    size_t       n, len;
    const char  *p;

    n = 0;

    for (p = strstr(pem, "-----\\n") + 7; *p != '-'; p++) {
        if (p[0] == '\\') {
            p++;
            continue;
        }

        b64[n++] = *p;
    }

    if (sodium_base642bin(out, 4096, b64, n, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
    {
        return 0;
    }

    return len;
}


TEST(a_certificate)
{
    size_t                len, more;
    unsigned char         bytes[8192], digest[32];
    const postern_key_t  *k;

    len = der(LEAF_CERT, bytes);
    crypto_hash_sha256(digest, bytes, len);

    k = key(X509(LEAF_CERT));
    EXPECT(len > 200 && k->public_key.len == len
           && memcmp(k->public_key.data, bytes, len) == 0);
    EXPECT(memcmp(k->fingerprint, digest, sizeof(digest)) == 0);
    EXPECT(postern_directory_fingerprint(dir, digest) == k);
    EXPECT_INT(k->crl.len, 0);

    /* with its issuer: found by the first */

    more = der(CA_CERT, bytes + len);

    k = key(X509("some text\\n" LEAF_CERT "\\n" CA_CERT "\\n"));
    EXPECT(k->public_key.len == len + more
           && memcmp(k->public_key.data, bytes, len + more) == 0);
    EXPECT(memcmp(k->fingerprint, digest, sizeof(digest)) == 0);
    EXPECT(postern_directory_fingerprint(dir, digest) == k);
}


TEST(an_authority)
{
    size_t                len;
    unsigned char         bytes[4096];
    const postern_key_t  *k;

    k = key(X509_CA(CA_CERT "\\n" CA2_CERT) ",'crl':'" CA_CRL "'");

    len = der(CA_CRL, bytes);
    EXPECT(k->crl.len == len && memcmp(k->crl.data, bytes, len) == 0);

    EXPECT_INT(dir->nauthorities, 1);
    EXPECT(dir->authorities[0] == k);
    EXPECT(postern_directory_fingerprint(dir, k->fingerprint) == NULL);

    k = key(X509_CA(CA_CERT) ",'crl':'" CA_CRL "\\n" CA_CRL "'");
    EXPECT_INT(k->crl.len, 2 * len);

    k = key(X509(LEAF_CERT "\\n" CA_CERT) ",'crl':'" CA_CRL "'");
    EXPECT_INT(k->crl.len, len);
    EXPECT_INT(dir->nauthorities, 0);
}


TEST(certificates_that_are_not)
{
    KEY_FAULT(X509(""), "certificate", "must not be empty");
    KEY_FAULT(X509("MIIB"), "certificate", NO_CERTIFICATE);
    KEY_FAULT(X509(CA_CRL), "certificate", NO_CERTIFICATE);
    KEY_FAULT(X509("-----BEGIN PUBLIC KEY-----\\n" P256_SPKI
                   "\\n-----END PUBLIC KEY-----"), "certificate",
              NO_CERTIFICATE);
    KEY_FAULT(X509(LEAF_CERT "\\n" ED_PRIVATE), "certificate",
              "holds a private key: it belongs to the client or the authority "
              "alone; put the certificate alone here and replace the key");
    KEY_FAULT(X509(LEAF_CERT "\\n-----BEGIN CERTIFICATE-----\\nMIIB"),
              "certificate", NO_CERTIFICATE);
    KEY_FAULT(X509("-----BEGIN CERTIFICATE-----\\nMIIB\\n"
                   "-----END CERTIFICATE-----"), "certificate",
              "is not a certificate that OpenSSL understands");
    KEY_FAULT("'algorithm':'x509','certificate':1", "certificate",
              "must be a string");

    KEY_FAULT(X509_CA(LEAF_CERT), "certificate", NO_CA);
    KEY_FAULT(X509_CA(CA_CERT "\\n" LEAF_CERT), "certificate", NO_CA);
}


/* altered certificates, as base64 of DER that is made here */

static const char *
pem(const unsigned char *bytes, size_t len)
{
    static char  text[8192];
    char         b64[6000];

    sodium_bin2base64(b64, sizeof(b64), bytes, len,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof(text),
             X509("-----BEGIN CERTIFICATE-----\\n%s\\n"
                  "-----END CERTIFICATE-----"), b64);

    return text;
}


static unsigned char *
find(unsigned char *bytes, size_t len, const char *what, size_t n)
{
    size_t  i;

    for (i = 0; i + n <= len; i++) {
        if (memcmp(bytes + i, what, n) == 0) {
            return bytes + i;
        }
    }

    return NULL;
}


TEST(certificates_with_something_wrong)
{
    size_t          len;
    unsigned char   bytes[4096], *p;

    len = der(CA_CERT, bytes);
    bytes[len] = 0;
    KEY_FAULT(pem(bytes, len + 1), "certificate",
              "is not a certificate that OpenSSL understands");

    /* the curve of its key is another */

    p = find(bytes, len, "\x2a\x86\x48\xce\x3d\x03\x01\x07", 8);
    p[7] = 0x7f;
    KEY_FAULT(pem(bytes, len), "certificate",
              "is not a certificate that OpenSSL understands");
    p[7] = 0x07;

    /* basicConstraints { cA TRUE } are no longer BER */

    p = find(bytes, len, "\x30\x03\x01\x01\xff", 5);
    p[1] = 0x7f;
    KEY_FAULT(pem(bytes, len), "certificate",
              "is a certificate with broken extensions");
}


TEST(revocation_lists_that_are_not)
{
    KEY_FAULT(X509_CA(CA_CERT) ",'crl':'" LEAF_CERT "'", "crl", NO_CRL);
    KEY_FAULT(X509_CA(CA_CERT) ",'crl':'x'", "crl", NO_CRL);
    KEY_FAULT(X509_CA(CA_CERT) ",'crl':'" CA_CRL "\\n" ED_PRIVATE "'", "crl",
              "holds a private key: it belongs to the client or the authority "
              "alone; put the certificate alone here and replace the key");
    KEY_FAULT(X509_CA(CA_CERT) ",'crl':'-----BEGIN X509 CRL-----\\nMIIB\\n"
              "-----END X509 CRL-----'", "crl",
              "is not a revocation list that OpenSSL understands");

    /* of another authority, of one that only has the name, of nobody here */

    KEY_FAULT(X509_CA(CA2_CERT) ",'crl':'" CA_CRL "'", "crl", UNSIGNED);
    KEY_FAULT(X509_CA(IMPOSTOR_CERT) ",'crl':'" CA_CRL "'", "crl", UNSIGNED);
    KEY_FAULT(X509(LEAF_CERT) ",'crl':'" CA_CRL "'", "crl", UNSIGNED);
    KEY_FAULT(X509_CA(CA_CERT) ",'crl':1", "crl", "must be a string");
}


TEST(a_list_with_bytes_behind)
{
    char            text[8192], b64[4096];
    size_t          len;
    unsigned char   bytes[4096];

    len = der(CA_CRL, bytes);
    bytes[len] = 0;

    sodium_bin2base64(b64, sizeof(b64), bytes, len + 1,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof(text), X509_CA(CA_CERT)
             ",'crl':'-----BEGIN X509 CRL-----\\n%s\\n"
             "-----END X509 CRL-----'", b64);

    KEY_FAULT(text, "crl",
              "is not a revocation list that OpenSSL understands");
}


TEST(subject_rules)
{
    char                  text[2048];
    const postern_key_t  *k;

#define SUBJECT(rule)  "'algorithm':'x509-ca','certificate':'" CA_CERT "',"   \
                       "'subject':" rule

    k = key(SUBJECT("{'CN':'*','OU':'Ops','O':'Acme, Inc.','dns':'a.example',"
                    "'email':'a@b.example','uri':'spiffe://a/b'}"));
    EXPECT_INT(k->nsubject, 6);
    EXPECT_STR(k->subject[0].name, "CN");
    EXPECT_STR(k->subject[0].value, "*");
    EXPECT_STR(k->subject[5].name, "uri");
    EXPECT_STR(k->subject[5].value, "spiffe://a/b");

    KEY_FAULT(SUBJECT("{}"), "subject", "must name at least one attribute: an "
              "empty rule would admit every certificate of the authority");
    KEY_FAULT(SUBJECT("[]"), "subject", "must be an object");
    KEY_FAULT(SUBJECT("{'cn':'a'}"), "subject.cn",
              "unknown member \"cn\", did you mean \"CN\"?");
    KEY_FAULT(SUBJECT("{'CN':''}"), "subject.CN", "must not be empty");
    KEY_FAULT(SUBJECT("{'CN':1}"), "subject.CN", "must be a string");
    KEY_FAULT(SUBJECT("{'CN':'a\\tb'}"), "subject.CN",
              "the name holds a control character");

    snprintf(text, sizeof(text), SUBJECT("{'CN':'%0257d'}"), 0);
    KEY_FAULT(text, "subject.CN", "is longer than 256 bytes");
}


TEST(the_last)
{
    postern_directory_destroy(dir);
    dir = NULL;

    EXPECT(key_parse(X509("")) == NULL);
}


UNIT_MAIN()
