/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lsodium -lhiredis -ljansson */

/*
 * RFC 9421, the cases of appendix B.2 as files: the signed message in, the
 * published signature base out, and its signature verified with the published
 * key.  RFC 9530, the digests of its appendices.
 */


#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../unit/sign_steps.h"
#include "sign_verify.h"


#define SUITE       "rfc9421/"
#define BODY        "{\"hello\": \"world\"}"


/* the published base; an editor may have ended it with a line feed */

static char *
published_base(const char *name)
{
    char    path[128], *base;
    size_t  len;

    snprintf(path, sizeof(path), SUITE "%s_sigbase.txt", name);

    base = unit_vector(path, &len);

    if (len && base[len - 1] == '\n') {
        base[len - 1] = '\0';
    }

    return base;
}


static char *
signed_message(const char *name)
{
    char    path[128];
    size_t  len;

    snprintf(path, sizeof(path), SUITE "%s_signed.txt", name);

    return unit_vector(path, &len);
}


static void
gives_its_base(const char *name)
{
    char  *text, *base;

    defaults();

    text = signed_message(name);
    base = published_base(name);

    if (EXPECT_CODE(base_of(text), SIGN_OK)) {
        EXPECT_STR(message.base, base);
    }

    free(base);
    free(text);
}


/* HMAC: the secret; else the octets of the public key, as a directory has it */

static void
read_key(const char *name, postern_alg_e alg, unsigned char *octets,
    size_t *len)
{
    char      path[128], *text;
    BIO      *bio;
    size_t    n;
    EVP_PKEY *pkey;

    snprintf(path, sizeof(path), SUITE "%s", name);
    text = unit_vector(path, &n);

    if (alg == POSTERN_ALG_HMAC_SHA256) {
        n = strcspn(text, "\r\n");
        *len = EVP_DecodeBlock(octets, (unsigned char *) text, n);
        *len -= (text[n - 1] == '=') + (text[n - 2] == '=');
        free(text);
        return;
    }

    bio = BIO_new_mem_buf(text, n);
    pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    if (EXPECT(pkey != NULL)) {

        if (alg == POSTERN_ALG_RSA_PSS_SHA512) {
            *len = i2d_PUBKEY(pkey, &octets);

        } else if (alg == POSTERN_ALG_ED25519) {
            EXPECT(EVP_PKEY_get_raw_public_key(pkey, octets, len));

        } else {
            EXPECT(EVP_PKEY_get_octet_string_param(pkey, "pub", octets, *len,
                                                   len));
        }
    }

    EVP_PKEY_free(pkey);
    BIO_free(bio);
    free(text);
}


static void
verifies(const char *name, const char *file, postern_alg_e alg)
{
    char           *text;
    size_t          len;
    sign_key_t     *ready;
    postern_str_t   octets;
    unsigned char   room[512];

    defaults();

    len = sizeof(room);
    read_key(file, alg, room, &len);

    octets.data = room;
    octets.len = len;

    key.id = text_of(file);
    key.algorithm = alg;

    if (alg != POSTERN_ALG_HMAC_SHA256) {
        key.public_key = octets;
        octets = text_of(NULL);
    }

    text = signed_message(name);

    /* B.2.1 covers nothing, and is refused for it; its base is one all the
       same */

    EXPECT_CODE(check_of(text), strncmp(name, "b21", 3) == 0 ? SIGN_COVERAGE
                                                             : SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    ready = sign_key_create(&key, octets);

    if (EXPECT(ready != NULL)) {
        EXPECT_CODE(sign_verify(ready, &message), SIGN_OK);

        /* the same with one octet of the request changed */

        ((unsigned char *) message.base.data)[8] ^= 1;
        EXPECT_INT(sign_verify(ready, &message), SIGN_INVALID);

        sign_key_destroy(ready);
    }

    free(text);
}


TEST(b_2_1_gives_its_base)
{
    gives_its_base("b21_request");
}


TEST(b_2_2_gives_its_base)
{
    gives_its_base("b22_request");
}


TEST(b_2_3_gives_its_base)
{
    gives_its_base("b23_request");
}


TEST(b_2_5_gives_its_base)
{
    gives_its_base("b25_request");
}


TEST(b_2_6_gives_its_base)
{
    gives_its_base("b26_request");
}


/* a response: not for us, whatever stands in front of it */

TEST(b_2_4_is_refused)
{
    char  *text, *as_request, *fields;

    defaults();

    text = signed_message("b24_response");
    fields = strchr(text, '\n');
    as_request = malloc(strlen(fields) + sizeof("GET / HTTP/1.1"));

    strcpy(as_request, "GET / HTTP/1.1");
    strcat(as_request, fields);

    EXPECT_CODE(parse_of(as_request), SIGN_UNSUPPORTED);

    free(as_request);
    free(text);
}


/* as what it is, it verifies */

TEST(b_2_4_verifies_as_a_response)
{
    char           *text, *base, *line, *end;
    size_t          len;
    sign_key_t     *ready;
    unsigned char   room[256];

    defaults();

    text = signed_message("b24_response");
    base = published_base("b24_response");

    request_of("GET / HTTP/1.1\n\n");
    request.status = 200;

    for (line = strchr(text, '\n') + 1; *line != '\r' && *line != '\n';
         line = end + 1)
    {
        end = strchr(line, '\n');
        request_field(line, end - line - (end[-1] == '\r'));
    }

    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_STR(message.base, base);

    len = sizeof(room);
    read_key("test-key-ecc-p256.pub", POSTERN_ALG_ECDSA_P256_SHA256, room,
             &len);
    key.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    key.public_key.data = room;
    key.public_key.len = len;

    ready = sign_key_create(&key, text_of(NULL));

    if (EXPECT(ready != NULL)) {
        EXPECT_CODE(sign_verify(ready, &message), SIGN_OK);
        sign_key_destroy(ready);
    }

    free(base);
    free(text);
}


TEST(b_2_1_verifies)
{
    verifies("b21_request", "test-key-rsa-pss.pub", POSTERN_ALG_RSA_PSS_SHA512);
}


TEST(b_2_2_verifies)
{
    verifies("b22_request", "test-key-rsa-pss.pub", POSTERN_ALG_RSA_PSS_SHA512);
}


TEST(b_2_3_verifies)
{
    verifies("b23_request", "test-key-rsa-pss.pub", POSTERN_ALG_RSA_PSS_SHA512);
}


TEST(b_2_5_verifies)
{
    verifies("b25_request", "test-shared-secret", POSTERN_ALG_HMAC_SHA256);
}


TEST(b_2_6_verifies)
{
    verifies("b26_request", "test-key-ed25519.pub", POSTERN_ALG_ED25519);
}


/* B.3: its facts are in the RFC's text only */

TEST(b_3_verifies)
{
    sign_key_t     *ready;
    size_t          len;
    unsigned char   room[256];

    static const char  text[] =
        "POST /foo?param=Value&Pet=dog HTTP/1.1\n"
        "Host: service.internal.example\n"
        "Client-Cert: :MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQK"
        "DBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQT"
        "AeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkw"
        "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8"
        "vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0T"
        "BAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBA"
        "MCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w"
        "bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSk"
        "C3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:\n"
        "Signature-Input: ttrp=(\"@path\" \"@query\" \"@method\""
        " \"@authority\" \"client-cert\");created=1618884473"
        ";keyid=\"test-key-ecc-p256\"\n"
        "Signature: ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6"
        "Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:\n\n";

    defaults();

    len = sizeof(room);
    read_key("test-key-ecc-p256.pub", POSTERN_ALG_ECDSA_P256_SHA256, room,
             &len);

    key.id = text_of("test-key-ecc-p256");
    key.algorithm = POSTERN_ALG_ECDSA_P256_SHA256;
    key.public_key.data = room;
    key.public_key.len = len;

    EXPECT_CODE(check_of(text), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    ready = sign_key_create(&key, text_of(NULL));

    if (EXPECT(ready != NULL)) {
        EXPECT_CODE(sign_verify(ready, &message), SIGN_OK);
        sign_key_destroy(ready);
    }
}


/* the request of appendix B.2, whose digest is of its own body */

TEST(the_test_request_has_the_digest_of_its_body)
{
    char           *text, *head, *end;
    size_t          len, n;
    unsigned char   hash[64];

    defaults();

    text = unit_vector(SUITE "rfc-test-request.txt", &len);
    end = strstr(text, "\n\n");

    if (!EXPECT(end != NULL)) {
        free(text);
        return;
    }

    n = end + 1 - text;
    head = malloc(n + 256);
    memcpy(head, text, n);
    strcpy(head + n, "Signature-Input: sig=(\"content-digest\")"
           ";created=1618884473;keyid=\"k\"\nSignature: sig=:AAAA:\n\n");

    EXPECT_CODE(check_of(head), SIGN_OK);
    EXPECT_INT(message.digest, SIGN_DIGEST_SHA512);

    EXPECT(strncmp(end + 2, BODY, sizeof(BODY) - 1) == 0);
    EXPECT(EVP_Digest(BODY, sizeof(BODY) - 1, hash, NULL, EVP_sha512(), NULL));
    EXPECT_MEM(message.digest_value, hash, 64);

    free(head);
    free(text);
}


/* a body, and what RFC 9530 says of it; 1 where that is what we compute */

static int
digests(const char *body, size_t len, const char *value)
{
    char             text[512];
    void            *memory;
    size_t           n;
    unsigned char    hash[64];
    sign_digest_t   *d;

    snprintf(text, sizeof(text), "PUT /entries/1234 HTTP/1.1\n"
             "Host: foo.example\nContent-Digest: %s\nSignature-Input: sig=("
             "\"content-digest\");created=1618884473;keyid=\"k\"\n"
             "Signature: sig=:AAAA:\n\n", value);

    defaults();

    if (!EXPECT_CODE(check_of(text), SIGN_OK)) {
        return 0;
    }

    memory = malloc(sign_digest_size());
    d = sign_digest_begin(memory, message.digest);
    sign_digest_update(d, (const unsigned char *) body, len);
    n = sign_digest_final(d, hash);
    free(memory);

    return n && sign_digest_equal(message.digest, hash, message.digest_value);
}


/* what the XML of RFC 9530 prints, so that a slip of ours is seen */

static void
printed(const char *value)
{
    char    *text, *p, *q;
    size_t   len;

    text = unit_vector(SUITE "rfc9530.xml", &len);

    /* its lines are folded as RFC 8792 has it */

    for (p = q = text; *p; p++) {

        if (p[0] == '\\' && p[1] == '\n') {
            for (p++; p[1] == ' '; p++) { /* void */ }
            continue;
        }

        *q++ = *p;
    }

    *q = '\0';

    EXPECT(strstr(text, value) != NULL);
    free(text);
}


#define LINE        "{\"hello\": \"world\"}\n"
#define IDENTITY    ":RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
#define LINE_512                                                              \
    ":YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw" \
    "7yZ/WkppmM44T3qg==:"
#define BROTLI      ":d435Qo+nKZ+gLcUHn7GQtQ72hiBVAgqoLsZnZPiTGPk=:"
#define EMPTY       ":47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
#define RANGE       ":jjcgBDWNAtbYUXI37CVG3gRuGOAjaaDRGpIUFsdyepQ=:"
#define TITLE       ":mEkdbO7Srd9LIOegftO0aBX+VPTVz7/CSHes2Z27gc4=:"
#define BODY_256    ":X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
#define BODY_512                                                              \
    ":WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdV" \
    "LvRwEmTHWXvJwew==:"
#define BROTLI_512                                                            \
    ":db7fdBbgZMgX1Wb2MjA8zZj+rSNgfmDCEEXM8qLWfpfoNY0sCpHAzZbj09X1/7HAb7Od5Qf" \
    "to4QpuBsFbUO3dQ==:"

/* the body of appendix B.4, as it is encoded: the digest is over these bytes,
   and not over "8B 08 80 …", which the appendix prints */

static const char  brotli[] =
    "\x0b\x09\x80{\"hello\": \"world\"}\x0a\x03";


TEST(rfc9530_digests)
{
    size_t  i;

    static const char *const  values[] = {
        IDENTITY, LINE_512, BROTLI, EMPTY, RANGE, TITLE, BODY_256, BODY_512,
        BROTLI_512
    };

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        printed(values[i]);
    }

    EXPECT(digests(LINE, sizeof(LINE) - 1, "sha-256=" IDENTITY));
    EXPECT(digests(LINE, sizeof(LINE) - 1, "sha-512=" LINE_512));
    EXPECT(digests("", 0, "sha-256=" EMPTY));
    EXPECT(digests("\"world\"}\n", 9, "sha-256=" RANGE));
    EXPECT(digests("{\"title\": \"New Title\"}\n", 23, "sha-256=" TITLE));
    EXPECT(digests(brotli, sizeof(brotli) - 1, "sha-256=" BROTLI));
    EXPECT(digests(brotli, sizeof(brotli) - 1, "sha-512=" BROTLI_512));
    EXPECT(digests(BODY, sizeof(BODY) - 1, "sha-256=" BODY_256));
    EXPECT(digests(BODY, sizeof(BODY) - 1, "sha-512=" BODY_512));

    /* the strongest one counts: the others of appendix D are not looked at */

    EXPECT(digests(BODY, sizeof(BODY) - 1, "md5=:Sd/dVLAcvNLSq16eXua5uQ==:, "
                   "sha=:07CavjDP4u3/TungoUHJO/Wzr4c=:, unixsum=:GQU=:, "
                   "sha-256=" IDENTITY ", sha-512=" BODY_512
                   ", adler=:OZkGFw==:"));

    EXPECT(!digests(BODY, sizeof(BODY) - 1, "sha-256=" IDENTITY));
    EXPECT(!digests(LINE, sizeof(LINE) - 1, "sha-256=" IDENTITY ", sha-512="
                    BODY_512));
}


/* appendices B.5, B.6 and B.11 have one "=" too many: no base64 */

TEST(rfc9530_values_that_are_none)
{
    printed(":RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg==:");

    defaults();

    EXPECT_CODE(check_of("PUT /items/123 HTTP/1.1\nHost: foo.example\n"
                         "Content-Digest: sha-256=:RK/0qy18MlBSVnWgjwz6lZEWj"
                         "P/lF5HF9bvEF8FabDg==:\nSignature-Input: sig=("
                         "\"content-digest\");created=1618884473;keyid=\"k\""
                         "\nSignature: sig=:AAAA:\n\n"), SIGN_MALFORMED);
}


UNIT_MAIN()
