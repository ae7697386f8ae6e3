/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium -Wl,--wrap=calloc
   -Wl,--wrap=OPENSSL_sk_new_null,--wrap=OPENSSL_sk_push
   -Wl,--wrap=X509_STORE_new,--wrap=X509_STORE_add_cert
   -Wl,--wrap=X509_STORE_add_crl,--wrap=X509_STORE_CTX_new
   -Wl,--wrap=X509_STORE_CTX_init,--wrap=X509_STORE_CTX_set_purpose
   -Wl,--wrap=X509_STORE_CTX_set_ex_data,--wrap=ASN1_STRING_to_UTF8 */

/*
 * The scheme "mtls": certificates made here, found, judged, and kept in mind.
 */


#include "sign_steps.h"
#include "sign_mtls.h"
#include "sign_verify.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>


#define DAY  86400


typedef struct {
    X509      *cert;
    EVP_PKEY  *pkey;
} made_t;


/* what a certificate may have otherwise; times are relative to now */

typedef struct {
    const char    *subject[8];      /* "CN", value, … */
    int            subject_len;     /* of the first value; 0: a text */
    const char    *san;
    const char    *eku;
    int            ca;
    long           from;
    long           until;
} want_t;


static long                  serials;
static made_t                root, middle, other;
static sign_mtls_t           known;
static postern_str_t         chain[SIGN_MTLS_MAX_CERTIFICATES + 1];
static size_t                nchain;
static postern_key_t        *authorities[4];
static postern_directory_t   directory;


/* which of the library's functions fails, from 1, and at which of its calls */

static int  failing, calls;

#define FAULT(n, type, name, params, args, failure)                           \
    type __real_##name params;                                                \
    type __wrap_##name params;                                                \
                                                                              \
    type                                                                      \
    __wrap_##name params                                                      \
    {                                                                         \
        return failing == (n) && --calls == 0 ? (failure)                     \
                                              : __real_##name args;           \
    }

FAULT(1, void *, calloc, (size_t n, size_t size), (n, size), NULL)
FAULT(2, OPENSSL_STACK *, OPENSSL_sk_new_null, (void), (), NULL)
FAULT(3, int, OPENSSL_sk_push, (OPENSSL_STACK *st, const void *data),
      (st, data), 0)
FAULT(4, X509_STORE *, X509_STORE_new, (void), (), NULL)
FAULT(5, int, X509_STORE_add_cert, (X509_STORE *s, X509 *x), (s, x), 0)
FAULT(6, int, X509_STORE_add_crl, (X509_STORE *s, X509_CRL *x), (s, x), 0)
FAULT(7, X509_STORE_CTX *, X509_STORE_CTX_new, (void), (), NULL)
FAULT(8, int, X509_STORE_CTX_init, (X509_STORE_CTX *ctx, X509_STORE *s,
      X509 *leaf, STACK_OF(X509) *others), (ctx, s, leaf, others), 0)
FAULT(9, int, X509_STORE_CTX_set_purpose, (X509_STORE_CTX *ctx, int purpose),
      (ctx, purpose), 0)
FAULT(10, int, ASN1_STRING_to_UTF8, (unsigned char **out,
      const ASN1_STRING *in), (out, in), -1)
FAULT(11, int, X509_STORE_CTX_set_ex_data, (X509_STORE_CTX *ctx, int idx,
      void *data), (ctx, idx, data), 0)

#define FAULTS  11


static void
extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX       ctx;
    X509_EXTENSION  *ext;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);

    if (ext == NULL || X509_add_ext(cert, ext, -1) != 1) {
        abort();
    }

    X509_EXTENSION_free(ext);
}


static made_t
make(const made_t *by, const want_t *want)
{
    int         i;
    X509_NAME  *name;
    made_t      made;

    made.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1");
    made.cert = X509_new();

    X509_set_version(made.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.cert), ++serials);
    ASN1_TIME_set(X509_getm_notBefore(made.cert), now + want->from);
    ASN1_TIME_set(X509_getm_notAfter(made.cert), now + want->until);
    X509_set_pubkey(made.cert, made.pkey);

    name = X509_get_subject_name(made.cert);

    for (i = 0; i < 8 && want->subject[i]; i += 2) {
        X509_NAME_add_entry_by_txt(name, want->subject[i], MBSTRING_UTF8,
                                   (const unsigned char *)
                                       want->subject[i + 1],
                                   i == 0 && want->subject_len
                                   ? want->subject_len : -1, -1, 0);
    }

    X509_set_issuer_name(made.cert, by ? X509_get_subject_name(by->cert)
                                       : name);

    extension(made.cert, made.cert, NID_subject_key_identifier, "hash");
    extension(made.cert, by ? by->cert : made.cert,
              NID_authority_key_identifier, "keyid");
    extension(made.cert, made.cert, NID_basic_constraints,
              want->ca ? "critical,CA:TRUE" : "CA:FALSE");

    if (want->san) {
        extension(made.cert, made.cert, NID_subject_alt_name, want->san);
    }

    if (want->eku) {
        extension(made.cert, made.cert, NID_ext_key_usage, want->eku);
    }

    X509_sign(made.cert, by ? by->pkey : made.pkey, EVP_sha256());

    return made;
}


static made_t
client(const made_t *by, const char *cn)
{
    want_t  want = { .subject = { "CN", cn, "O", "Acme" }, .from = -DAY,
                     .until = DAY, .eku = "clientAuth" };

    return make(by, &want);
}


static made_t
authority(const made_t *by, const char *cn)
{
    want_t  want = { .subject = { "CN", cn }, .from = -DAY, .until = 2 * DAY,
                     .ca = 1 };

    return make(by, &want);
}


static void
gone(made_t *made)
{
    X509_free(made->cert);
    EVP_PKEY_free(made->pkey);
    memset(made, 0, sizeof(made_t));
}


/* one behind the other, in the memory of the request */

static postern_str_t
der_of(const made_t *a, const made_t *b)
{
    int             n;
    unsigned char  *p, *out;
    postern_str_t   s;

    n = i2d_X509(a->cert, NULL) + (b ? i2d_X509(b->cert, NULL) : 0);
    p = out = postern_arena_alloc(request_arena, n);

    i2d_X509(a->cert, &p);

    if (b) {
        i2d_X509(b->cert, &p);
    }

    s.data = out;
    s.len = n;

    return s;
}


static postern_str_t
crl_of(const made_t *by, const made_t *revoked, long from, long until)
{
    X509_CRL       *crl;
    ASN1_TIME      *t;
    X509_REVOKED   *entry;
    unsigned char  *p, *out;
    postern_str_t   s;

    crl = X509_CRL_new();
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));

    t = ASN1_TIME_set(NULL, now + from);
    X509_CRL_set1_lastUpdate(crl, t);

    if (until) {
        ASN1_TIME_set(t, now + until);
        X509_CRL_set1_nextUpdate(crl, t);
    }

    if (revoked) {
        entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry,
                                      X509_get_serialNumber(revoked->cert));
        X509_REVOKED_set_revocationDate(entry, t);
        X509_CRL_add0_revoked(crl, entry);
    }

    ASN1_TIME_free(t);
    X509_CRL_sign(crl, by->pkey, EVP_sha256());

    s.len = i2d_X509_CRL(crl, NULL);
    p = out = postern_arena_alloc(request_arena, s.len);
    i2d_X509_CRL(crl, &p);
    s.data = out;

    X509_CRL_free(crl);

    return s;
}


/* a request with these certificates, and nothing known of them */

static void
begin(const made_t *leaf, const made_t *above)
{
    memset(&known, 0, sizeof(known));
    known.serial = 1;

    nchain = 0;
    chain[nchain++] = der_of(leaf, NULL);

    if (above) {
        chain[nchain++] = der_of(above, NULL);
    }
}


static sign_code_e
judge(void)
{
    sign_code_e           code;
    sign_key_t           *k;
    const postern_key_t  *found;
    postern_str_t         none = postern_null_string;

    policy.schemes = SIGN_MTLS | SIGN_RFC9421;

    request.certificates = chain;
    request.ncertificates = nchain;
    request.mtls = &known;

    code = sign_parse(&request, &policy, &request_memory, &message);

    if (code != SIGN_OK) {
        return code;
    }

    EXPECT_INT(message.scheme, SIGN_MTLS);
    EXPECT(message.reusable);

    found = sign_find(&request, &policy, &directory, &message);

    code = sign_check(&request, &policy, found, organization, address, now,
                      &message);

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    if (code != SIGN_OK) {
        return code;
    }

    k = sign_key_create(found, none);

    if (k == NULL) {
        strcpy(message.detail, "no key");
        return SIGN_KEY_UNUSABLE;
    }

    EXPECT(sign_fits(k, &message));

    code = sign_verify(k, &message);
    EXPECT_INT(message.claim_len, 0);

    sign_key_destroy(k);

    return code;
}


/* one authority, with a rule of one attribute */

static postern_attribute_t  rule[2];
static postern_key_t        ca_key;

static void
trust(const made_t *a, const made_t *b, const char *name, const char *value)
{
    memset(&ca_key, 0, sizeof(ca_key));

    ca_key.id = text_of("ca");
    ca_key.org = &acme;
    ca_key.algorithm = POSTERN_ALG_X509_CA;
    ca_key.schemes = SIGN_MTLS;
    ca_key.not_before = POSTERN_TIME_MIN;
    ca_key.not_after = POSTERN_TIME_MAX;
    ca_key.public_key = der_of(a, b);
    ca_key.subject = rule;
    ca_key.nsubject = 1;

    rule[0].name = text_of(name);
    rule[0].value = text_of(value);

    authorities[0] = &ca_key;
    directory.authorities = (const postern_key_t *const *) authorities;
    directory.nauthorities = 1;
}


static void
prepare(void)
{
    postern_error_t              err;
    static postern_directory_t  *empty;

    defaults();
    request_of("GET /a HTTP/1.1\nHost: localhost\n\n");

    if (empty == NULL) {
        empty = postern_directory_parse(
                    text_of("{\"version\":1,\"organizations\":{}}"), &err);
        directory = *empty;

        root = authority(NULL, "Root");
        middle = authority(&root, "Middle");
        other = authority(NULL, "Other");
    }
}


static sign_code_e
judged(made_t leaf, const made_t *above)
{
    sign_code_e  code;

    begin(&leaf, above);
    code = judge();
    gone(&leaf);

    return code;
}


TEST(by_its_authority)
{
    prepare();
    trust(&root, NULL, "O", "Acme");

    EXPECT_CODE(judged(client(&root, "one"), NULL), SIGN_OK);
    EXPECT_STR(message.subject, "one");
    EXPECT_STR(message.key_id, "ca");
    EXPECT_INT(message.created, now);

    EXPECT_CODE(judged(client(&middle, "two"), &middle), SIGN_OK);
    EXPECT_CODE(judged(client(&middle, "two"), NULL), SIGN_UNKNOWN_KEY);
    EXPECT_INT(message.key_id.len, 64);
    EXPECT(message.subject.data == NULL);
    EXPECT_CODE(judged(client(&middle, "two"), &other), SIGN_UNKNOWN_KEY);
    EXPECT_CODE(judged(client(&other, "three"), NULL), SIGN_UNKNOWN_KEY);
    EXPECT_CODE(judged(client(&other, "three"), &middle), SIGN_UNKNOWN_KEY);
    EXPECT_CODE(judged(client(&other, "three"), &other), SIGN_UNKNOWN_KEY);

    /* the intermediate one trusted by itself, beside the root or alone */

    trust(&middle, &root, "O", "Acme");
    EXPECT_CODE(judged(client(&middle, "two"), NULL), SIGN_OK);
    trust(&middle, NULL, "O", "Acme");
    EXPECT_CODE(judged(client(&middle, "two"), NULL), SIGN_OK);
    EXPECT_CODE(judged(client(&middle, "two"), &middle), SIGN_OK);

    /* it is no client itself */

    trust(&root, NULL, "CN", "*");
    begin(&root, NULL);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "that of the authority") != NULL);
}


/* a name is not enough */

TEST(by_an_authority_of_the_same_name)
{
    made_t  twin;

    prepare();
    trust(&root, NULL, "O", "Acme");

    twin = root;
    twin.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1");

    EXPECT_CODE(judged(client(&twin, "one"), NULL), SIGN_CERTIFICATE);

    EVP_PKEY_free(twin.pkey);
}


TEST(rules)
{
    size_t  i;

    static const struct {
        want_t        want;
        const char   *name;
        const char   *value;
        int           fits;
        const char   *subject;
    } tries[] = {
        { { .subject = { "CN", "a" } }, "CN", "a", 1, "a" },
        { { .subject = { "CN", "a" } }, "CN", "A", 0, NULL },
        { { .subject = { "CN", "a" } }, "CN", "ab", 0, NULL },
        { { .subject = { "CN", "a" } }, "CN", "*", 1, "a" },
        { { .subject = { "CN", "*" } }, "CN", "a", 0, NULL },
        { { .subject = { "CN", "a", "CN", "a" } }, "CN", "a", 0, NULL },
        { { .subject = { "CN", "a\0b" }, .subject_len = 3 }, "CN", "a", 0,
          NULL },
        { { .subject = { "CN", "a\nb" } }, "CN", "*", 0, NULL },
        { { .subject = { "CN", "a\177b" } }, "CN", "*", 0, NULL },
        { { .subject = { "CN", "J\303\266rg" } }, "CN", "*", 1,
          "J\303\266rg" },
        { { .subject = { "O", "a", "CN", "c" } }, "O", "a", 1, "c" },
        { { .subject = { "O", "a" } }, "O", "*", 1, "a" },
        { { .subject = { "O", "a" } }, "O", "a", 1, "" },
        { { .subject = { "OU", "a" } }, "OU", "a", 1, "" },
        { { .subject = { "OU", "a" } }, "O", "a", 0, NULL },
        { { .subject = { "CN", "a" } }, "C", "a", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x.example,DNS:y.example" },
          "dns", "Y.Example", 1, "a" },
        { { .subject = { "CN", "a" }, .san = "DNS:x.example,DNS:y.example" },
          "dns", "*", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x.example,email:b@c" },
          "dns", "*", 1, "x.example" },
        { { .subject = { "CN", "a" }, .san = "DNS:x.example" },
          "dns", "x.examplf", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x-example" },
          "dns", "x\rexample", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x_example" },
          "dns", "x\177example", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x[example" },
          "dns", "x{example", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "DNS:x.example" },
          "dns", "x.exampl", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "email:b@c" },
          "email", "b@c", 1, "a" },
        { { .subject = { "CN", "a" }, .san = "email:b@c" },
          "email", "B@c", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "URI:urn:a:b" },
          "uri", "*", 1, "urn:a:b" },
        { { .subject = { "CN", "a" } }, "uri", "*", 0, NULL },
        { { .subject = { "CN", "a" }, .san = "email:b@c,email:b@c" },
          "email", "b@c", 1, "a" },
        { { .subject = { "CN", "a" }, .san = "URI:urn:aaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
          "uri", "*", 0, NULL }
    };

    prepare();

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        want_t       want = tries[i].want;
        made_t       made;
        sign_mtls_t  found;

        want.from = -DAY;
        want.until = DAY;
        made = make(&root, &want);

        trust(&root, NULL, tries[i].name, tries[i].value);

        EXPECT_INT(sign_mtls_match(made.cert, &ca_key, &found), tries[i].fits);

        if (tries[i].fits) {
            postern_str_t  s = { found.subject_len, found.subject };

            EXPECT_STR(s, tries[i].subject);
        }

        gone(&made);
    }

    /* all of several, the first "*" being who it is; and none at all */

    made_t  made = client(&root, "one");

    trust(&root, NULL, "O", "*");
    rule[1].name = text_of("CN");
    rule[1].value = text_of("*");
    ca_key.nsubject = 2;
    EXPECT(sign_mtls_match(made.cert, &ca_key, &known));
    EXPECT_INT(known.subject_len, 4);
    rule[1].value = text_of("two");
    EXPECT(!sign_mtls_match(made.cert, &ca_key, &known));
    ca_key.nsubject = 0;
    EXPECT(!sign_mtls_match(made.cert, &ca_key, &known));

    gone(&made);
}


TEST(which_authority)
{
    made_t         leaf;
    postern_key_t  first, ssh;

    prepare();
    trust(&root, NULL, "O", "Acme");

    first = ca_key;
    first.id = text_of("first");
    first.public_key = der_of(&other, NULL);
    memset(&ssh, 0, sizeof(ssh));
    ssh.algorithm = POSTERN_ALG_SSH_CA;

    authorities[0] = &ssh;
    authorities[1] = &first;
    authorities[2] = &ca_key;
    directory.nauthorities = 3;

    leaf = client(&root, "one");
    begin(&leaf, NULL);
    EXPECT_CODE(judge(), SIGN_OK);
    EXPECT_STR(message.key_id, "ca");

    /* what is no certificate behind it, and in its place */

    chain[1] = text_of("nonsense");
    nchain = 2;
    known.found = known.nown = 0;
    EXPECT_CODE(judge(), SIGN_OK);
    known.found = known.nown = known.keys[0].verified = 0;
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "cannot be read") != NULL);

    chain[0] = text_of("nonsense");
    memset(&known, 0, sizeof(known));
    EXPECT_CODE(judge(), SIGN_UNKNOWN_KEY);

    chain[0] = der_of(&leaf, &leaf);
    memset(&known, 0, sizeof(known));
    EXPECT_CODE(judge(), SIGN_UNKNOWN_KEY);

    gone(&leaf);
}


TEST(dates_and_uses)
{
    size_t  i;

    static const struct {
        long          from;
        long          until;
        const char   *eku;
        sign_code_e   code;
    } tries[] = {
        { -DAY, DAY, "clientAuth", SIGN_OK },
        { -DAY, DAY, "serverAuth,clientAuth", SIGN_OK },
        { -DAY, DAY, NULL, SIGN_OK },
        { 0, 1, NULL, SIGN_OK },
        { -DAY, DAY, "serverAuth", SIGN_CERTIFICATE },
        { -DAY, 0, NULL, SIGN_CERTIFICATE },
        { 1, DAY, NULL, SIGN_CERTIFICATE }
    };

    prepare();
    trust(&root, NULL, "CN", "*");

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        want_t  want = { .subject = { "CN", "a" }, .from = tries[i].from,
                         .until = tries[i].until, .eku = tries[i].eku };

        EXPECT_CODE(judged(make(&root, &want), NULL), tries[i].code);
    }
}


TEST(revocation_lists)
{
    made_t          leaf, below;
    postern_str_t   both, second;
    unsigned char  *p;

    prepare();
    trust(&root, NULL, "CN", "*");

    leaf = client(&root, "one");
    below = client(&middle, "two");
    begin(&leaf, NULL);

    ca_key.crl = crl_of(&root, NULL, -DAY, DAY);
    EXPECT_CODE(judge(), SIGN_OK);
    EXPECT_INT(known.keys[0].until, now + DAY);

    begin(&leaf, NULL);
    ca_key.crl = crl_of(&root, NULL, -DAY, 100);
    EXPECT_CODE(judge(), SIGN_OK);
    EXPECT_INT(known.keys[0].until, now + 100);

    begin(&leaf, NULL);
    ca_key.crl = crl_of(&root, &leaf, -DAY, DAY);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "revoked") != NULL);

    begin(&leaf, NULL);
    ca_key.crl = crl_of(&root, NULL, -DAY, -1);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);

    begin(&leaf, NULL);
    ca_key.crl = crl_of(&other, NULL, -DAY, DAY);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);

    /* that of an intermediate one that the client sent is demanded as well */

    begin(&below, &middle);
    ca_key.crl = crl_of(&root, NULL, -DAY, DAY);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);

    /* but not that of one that the directory has */

    trust(&middle, NULL, "CN", "*");
    ca_key.crl = crl_of(&middle, NULL, -DAY, DAY);
    begin(&below, NULL);
    EXPECT_CODE(judge(), SIGN_OK);

    /* nor where there is one: nobody above it is asked */

    trust(&middle, &root, "CN", "*");
    both = crl_of(&middle, NULL, -DAY, DAY);
    second = crl_of(&root, NULL, -DAY, DAY);
    p = postern_arena_alloc(request_arena, both.len + second.len);
    memcpy(p, both.data, both.len);
    memcpy(p + both.len, second.data, second.len);
    ca_key.crl.data = p;
    ca_key.crl.len = both.len + second.len;
    begin(&below, NULL);
    EXPECT_CODE(judge(), SIGN_OK);

    /* but when it says that the one below is revoked, it is */

    both = crl_of(&middle, NULL, -DAY, DAY);
    second = crl_of(&root, &middle, -DAY, DAY);
    p = postern_arena_alloc(request_arena, both.len + second.len);
    memcpy(p, both.data, both.len);
    memcpy(p + both.len, second.data, second.len);
    ca_key.crl.data = p;
    ca_key.crl.len = both.len + second.len;
    begin(&below, NULL);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "revoked") != NULL);

    /* of two that are, one is reason enough */

    both = crl_of(&middle, &below, -DAY, DAY);
    second = crl_of(&root, &middle, -DAY, DAY);
    p = postern_arena_alloc(request_arena, both.len + second.len);
    memcpy(p, both.data, both.len);
    memcpy(p + both.len, second.data, second.len);
    ca_key.crl.data = p;
    ca_key.crl.len = both.len + second.len;
    begin(&below, NULL);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "revoked") != NULL);

    gone(&leaf);
    gone(&below);
}


/* an uploaded certificate, found by its fingerprint */

static sign_code_e
alone(made_t leaf, postern_str_t crl)
{
    sign_code_e        code;
    sign_key_t        *k;
    postern_str_t      none = postern_null_string;

    memset(&ca_key, 0, sizeof(ca_key));
    ca_key.algorithm = POSTERN_ALG_X509;
    ca_key.public_key = der_of(&leaf, NULL);
    ca_key.crl = crl;

    memset(&known, 0, sizeof(known));
    chain[0] = ca_key.public_key;

    k = sign_key_create(&ca_key, none);

    if (!EXPECT(k != NULL)) {
        return SIGN_KEY_UNUSABLE;
    }

    code = SIGN_OK;

    if (sign_x509_verify(k->x509, chain, 1, now, &known.keys[0])
        != SIGN_MTLS_GOOD)
    {
        code = SIGN_CERTIFICATE;
        strcpy(message.detail, known.keys[0].detail);
    }

    sign_key_destroy(k);
    gone(&leaf);

    return code;
}


TEST(one_that_was_entered_itself)
{
    made_t         leaf;
    want_t         want = { .subject = { "CN", "a" }, .from = -DAY,
                            .until = DAY };
    unsigned char  *p;
    postern_str_t  old, crls, none = postern_null_string;

    prepare();

    EXPECT_CODE(alone(client(&root, "one"), none), SIGN_OK);
    EXPECT_CODE(alone(client(NULL, "itself"), none), SIGN_OK);

    want.until = 0;
    EXPECT_CODE(alone(make(&root, &want), none), SIGN_CERTIFICATE);
    want.until = DAY;
    want.from = 1;
    EXPECT_CODE(alone(make(&root, &want), none), SIGN_CERTIFICATE);
    want.from = 0;
    want.eku = "serverAuth";
    EXPECT_CODE(alone(make(&root, &want), none), SIGN_CERTIFICATE);

    EXPECT_CODE(alone(client(&root, "one"), crl_of(&root, NULL, 0, DAY)),
                SIGN_OK);
    EXPECT_INT(known.keys[0].until, now + DAY);
    EXPECT_CODE(alone(client(&root, "one"), crl_of(&root, NULL, -9, 9)),
                SIGN_OK);
    EXPECT_INT(known.keys[0].until, now + 9);
    EXPECT_CODE(alone(client(&root, "one"), crl_of(&root, NULL, 0, 0)),
                SIGN_OK);
    EXPECT_CODE(alone(client(&root, "one"), crl_of(&root, NULL, -9, -1)),
                SIGN_CERTIFICATE);
    EXPECT_CODE(alone(client(&root, "one"), crl_of(&root, NULL, 9, 99)),
                SIGN_CERTIFICATE);
    EXPECT_CODE(alone(client(&root, "one"), crl_of(&other, NULL, -9, 9)),
                SIGN_CERTIFICATE);

    leaf = client(&root, "one");
    EXPECT_CODE(alone(leaf, crl_of(&root, &leaf, -9, 9)), SIGN_CERTIFICATE);

    /* the current one of two */

    old = crl_of(&root, NULL, -9, -1);
    crls = crl_of(&root, NULL, -9, 9);
    p = postern_arena_alloc(request_arena, old.len + crls.len);
    memcpy(p, old.data, old.len);
    memcpy(p + old.len, crls.data, crls.len);
    crls.data = p;
    crls.len += old.len;
    EXPECT_CODE(alone(client(&root, "one"), crls), SIGN_OK);
}


/* what was found is kept, as long as it holds */

TEST(kept_in_mind)
{
    made_t               leaf;
    sign_mtls_t          before;
    sign_key_t          *k;
    postern_str_t        none = postern_null_string;

    prepare();
    trust(&root, NULL, "CN", "*");

    leaf = client(&root, "one");
    begin(&leaf, NULL);

    EXPECT_CODE(judge(), SIGN_OK);
    EXPECT(known.found && known.nown == 1 && known.keys[0].verified
           && known.keys[0].key == &ca_key);

    /* nothing is looked at any more: this authority would not do */

    ca_key.public_key = der_of(&other, NULL);
    EXPECT_CODE(judge(), SIGN_OK);

    now += DAY - 1;
    EXPECT_CODE(judge(), SIGN_OK);
    now += 1;
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(known.keys[0].refused);

    /* nor tried again in the same second */

    ca_key.public_key = der_of(&root, NULL);
    now = CREATED + 10 - 2 * DAY;
    known.keys[0].failed = now;
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    now = CREATED + 10;
    EXPECT_CODE(judge(), SIGN_OK);
    now -= 2 * DAY;
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);

    /* another directory came into force meanwhile */

    now = CREATED + 10;
    begin(&leaf, NULL);
    request.certificates = chain;
    request.ncertificates = 1;
    request.mtls = &known;
    policy.schemes = SIGN_MTLS;

    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);
    known.serial = 2;
    before = known;
    EXPECT(sign_find(&request, &policy, &directory, &message) == &ca_key);
    EXPECT_CODE(sign_check(&request, &policy, &ca_key, organization, NULL, now,
                           &message), SIGN_OK);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    k = sign_key_create(&ca_key, none);
    EXPECT_CODE(sign_verify(k, &message), SIGN_OK);
    sign_key_destroy(k);
    EXPECT_MEM(&known, &before, sizeof(known));

    /* and where nothing is kept */

    request.mtls = NULL;
    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);
    EXPECT(sign_find(&request, &policy, &directory, &message) == &ca_key);

    gone(&leaf);
}


TEST(requests)
{
    size_t          i;
    made_t          leaf;
    sign_key_t      decoy;
    postern_str_t   field = postern_string("x-tenant");

    prepare();
    trust(&root, NULL, "CN", "*");

    leaf = client(&root, "one");
    begin(&leaf, NULL);

    policy.fields = &field;
    policy.nfields = 1;
    EXPECT_CODE(judge(), SIGN_COVERAGE);
    field = text_of("host");
    EXPECT_CODE(judge(), SIGN_OK);
    policy.nfields = 0;
    EXPECT_CODE(judge(), SIGN_OK);

    memset(&decoy, 0, sizeof(decoy));
    EXPECT_CODE(sign_verify(&decoy, &message), SIGN_CERTIFICATE);

    for (i = 1; i <= SIGN_MTLS_MAX_CERTIFICATES; i++) {
        chain[i] = chain[0];
    }

    nchain = i;
    EXPECT_CODE(judge(), SIGN_TOO_LARGE);

    nchain = 2;
    chain[1].len = SIGN_MTLS_MAX_CERTIFICATE + 1;
    EXPECT_CODE(judge(), SIGN_TOO_LARGE);

    nchain = 0;
    EXPECT_CODE(judge(), SIGN_MISSING);

    /* a signature counts, and not the certificate */

    begin(&leaf, NULL);
    request_of("GET /a HTTP/1.1\nHost: localhost\nSignature: x\n\n");
    EXPECT_CODE(judge(), SIGN_MALFORMED);
    EXPECT_INT(message.scheme, SIGN_RFC9421);

    gone(&leaf);
}


TEST(keys_that_are_none)
{
    postern_str_t  none = postern_null_string;

    prepare();

    trust(&root, NULL, "CN", "*");
    ca_key.public_key.len--;
    EXPECT(sign_key_create(&ca_key, none) == NULL);

    trust(&root, NULL, "CN", "*");
    ca_key.crl = crl_of(&root, NULL, 0, DAY);
    ca_key.crl.len--;
    EXPECT(sign_key_create(&ca_key, none) == NULL);
}


/* whatever fails, nobody is let in */

TEST(the_library_fails)
{
    int          n, call;
    made_t       leaf;
    sign_code_e  code;

    prepare();
    trust(&root, NULL, "CN", "*");
    ca_key.crl = crl_of(&root, NULL, -DAY, DAY);

    leaf = client(&middle, "one");

    for (n = 1; n <= FAULTS; n++) {

        for (call = 1; call <= 3; call++) {
            begin(&leaf, &middle);

            ca_key.crl.len = 0;
            failing = n;
            calls = call;
            code = judge();
            failing = 0;

            EXPECT(code == SIGN_OK ? calls > 0 : calls <= 0);
        }
    }

    failing = 1;
    calls = 1;
    EXPECT(sign_x509_create(&ca_key) == NULL);
    failing = 0;

    ca_key.crl = crl_of(&root, NULL, -DAY, DAY);

    for (call = 1; call <= 2; call++) {
        want_t        want = { .subject = { "CN", "a" }, .from = -DAY,
                               .until = DAY, .san = "DNS:a" };
        made_t        named = make(&root, &want);
        sign_mtls_t   found;

        rule[0].name = text_of("dns");
        failing = 10;
        calls = call;
        EXPECT_INT(sign_mtls_match(named.cert, &ca_key, &found), call > 1);
        failing = 0;
        rule[0].name = text_of("CN");
        gone(&named);

        begin(&leaf, &middle);
        failing = call == 1 ? 6 : 3;
        calls = 1;
        EXPECT_CODE(judge(), SIGN_KEY_UNUSABLE);
        failing = 0;
    }

    /* a list that has to be missed, and nowhere to note it */

    begin(&leaf, &middle);
    failing = 11;
    calls = 1;
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT_STR(text_of(known.keys[0].detail), "out of memory");
    failing = 0;

    failing = 1;
    calls = 1;
    EXPECT(sign_x509_create(&ca_key) == NULL);
    failing = 0;

    gone(&leaf);
}


static void *
nothing(void *data, size_t size)
{
    return NULL;
}


TEST(no_memory)
{
    made_t           leaf;
    postern_alloc_t  none = { nothing, NULL };

    prepare();

    leaf = client(&root, "one");
    begin(&leaf, NULL);

    request.certificates = chain;
    request.ncertificates = 1;
    policy.schemes = SIGN_MTLS;

    EXPECT_INT(sign_parse(&request, &policy, &none, &message),
               SIGN_NO_MEMORY);

    gone(&leaf);
}


/* found by its fingerprint, through all steps; and a date that is none */

TEST(entered_itself_in_a_directory)
{
    char                  *pem, *p, json[8192];
    BIO                   *bio;
    long                   len;
    made_t                 leaf;
    size_t                 i, times;
    postern_error_t        err;
    postern_directory_t   *dir, saved;
    unsigned char         *der;

    prepare();

    leaf = client(&root, "one");
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, leaf.cert);
    len = BIO_get_mem_data(bio, &pem);

    p = json + sprintf(json, "{'version':1,'organizations':{'acme':{'users':"
                             "{'bob':{}},'keys':{'leaf':{'user':'bob',"
                             "'algorithm':'x509','certificate':'");

    for (i = 0; i < (size_t) len; i++) {
        if (pem[i] == '\n') {
            *p++ = '\\';
            *p++ = 'n';

        } else {
            *p++ = pem[i];
        }
    }

    strcpy(p, "'}}}}}");

    for (p = json; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    BIO_free(bio);

    dir = postern_directory_parse(text_of(json), &err);

    if (EXPECT(dir != NULL)) {
        saved = directory;
        directory = *dir;

        begin(&leaf, NULL);
        EXPECT_CODE(judge(), SIGN_OK);
        EXPECT_STR(message.key_id, "leaf");
        EXPECT(message.subject.data == NULL);

        directory = saved;
        postern_directory_destroy(dir);

    } else {
        printf("# %s: %s\n", err.path, err.text);
    }

    /* UTCTime: the month that is no number is not a time, and ends nothing */

    begin(&leaf, NULL);
    der = (unsigned char *) chain[0].data;

    /* both of them, and not what looks like one in the key behind them */

    for (i = 0, times = 0; i + 15 < chain[0].len && times < 2; i++) {
        if (der[i] == 0x17 && der[i + 1] == 13) {
            der[i + 4] = 'x';
            times++;
        }
    }

    EXPECT_INT(times, 2);

    memset(&ca_key, 0, sizeof(ca_key));
    ca_key.algorithm = POSTERN_ALG_X509;
    ca_key.public_key = chain[0];

    sign_key_t  *k = sign_key_create(&ca_key, text_of(NULL));

    if (EXPECT(k != NULL)) {
        EXPECT_INT(sign_x509_verify(k->x509, chain, 1, now, &known.keys[0]),
                   SIGN_MTLS_FINAL);
        chain[0] = text_of("nonsense");
        EXPECT_INT(sign_x509_verify(k->x509, chain, 1, now, &known.keys[0]),
                   SIGN_MTLS_NO);
        sign_key_destroy(k);
    }

    gone(&leaf);
}


/* an authority of the same name, with the same identifiers and another key */

static made_t
twin_of(const made_t *a)
{
    made_t  twin;

    twin.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "prime256v1");
    twin.cert = X509_dup(a->cert);

    X509_set_pubkey(twin.cert, twin.pkey);
    X509_sign(twin.cert, twin.pkey, EVP_sha256());

    return twin;
}


static const postern_key_t *
look(void)
{
    policy.schemes = SIGN_MTLS;

    request.certificates = chain;
    request.ncertificates = nchain;
    request.mtls = &known;

    EXPECT_CODE(sign_parse(&request, &policy, &request_memory, &message),
                SIGN_OK);

    return sign_find(&request, &policy, &directory, &message);
}


static sign_mtls_e
try_of(size_t n, const postern_key_t *key)
{
    sign_mtls_e    rc;
    sign_key_t    *k;
    postern_str_t  none = postern_null_string;

    k = sign_key_create(key, none);
    rc = sign_mtls_try(&message, n, k, now);
    sign_key_destroy(k);

    return rc;
}


TEST(several_authorities_of_one_name)
{
    size_t               i;
    made_t               twin, leaf;
    postern_key_t        second;
    postern_attribute_t  any = { postern_string("CN"), postern_string("*") };
    const postern_key_t *all[SIGN_MTLS_MAX_AUTHORITIES + 2];

    prepare();
    trust(&root, NULL, "O", "*");
    twin = twin_of(&root);

    second = ca_key;
    second.id = text_of("second");
    second.public_key = der_of(&twin, NULL);
    second.subject = &any;

    authorities[1] = &second;
    directory.nauthorities = 2;

    leaf = client(&twin, "one");
    ca_key.crl = crl_of(&root, &leaf, -DAY, DAY);
    begin(&leaf, NULL);

    EXPECT(look() == &ca_key);
    EXPECT_INT(sign_mtls_keys(&message), 2);
    EXPECT_STR(message.subject, "Acme");

    /* whose list has its number, but who did not issue it */

    EXPECT_INT(try_of(0, &ca_key), SIGN_MTLS_NO);
    EXPECT(sign_mtls_key(&message, 1) == &second);
    sign_mtls_speak(&message, 1);
    EXPECT_INT(try_of(1, &second), SIGN_MTLS_GOOD);
    EXPECT_STR(message.key_id, "second");
    EXPECT_STR(message.subject, "one");

    /* kept in mind, of both */

    EXPECT(look() == &ca_key);
    EXPECT_STR(message.subject, "Acme");
    EXPECT(known.keys[0].refused && known.keys[1].verified);

    gone(&leaf);

    /* who issued it, and revoked it, lets nobody else decide */

    leaf = client(&root, "two");
    ca_key.crl = crl_of(&root, &leaf, -DAY, DAY);
    begin(&leaf, NULL);
    EXPECT(look() == &ca_key);
    EXPECT_INT(try_of(0, &ca_key), SIGN_MTLS_FINAL);
    EXPECT_INT(try_of(0, &ca_key), SIGN_MTLS_FINAL);

    /* no more than so many are tried */

    for (i = 0; i < SIGN_MTLS_MAX_AUTHORITIES + 2; i++) {
        all[i] = &second;
    }

    directory.authorities = all;
    directory.nauthorities = SIGN_MTLS_MAX_AUTHORITIES + 2;
    begin(&leaf, NULL);
    EXPECT(look() == &second);
    EXPECT_INT(sign_mtls_keys(&message), SIGN_MTLS_MAX_AUTHORITIES);

    gone(&leaf);
    gone(&twin);
}


/* neither the leaf nor the one above it has a list: the first is told */

TEST(two_lists_are_missing)
{
    made_t  leaf, low;

    prepare();
    low = authority(&middle, "Low");
    leaf = client(&low, "one");

    trust(&root, NULL, "CN", "*");
    ca_key.crl = crl_of(&root, NULL, -DAY, DAY);

    begin(&leaf, &low);
    chain[nchain++] = der_of(&middle, NULL);
    EXPECT_CODE(judge(), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "unable to get certificate CRL") != NULL);

    gone(&leaf);
    gone(&low);
}


TEST(whoever_cannot_be_named_is_not_let_in)
{
    made_t         leaf;
    sign_key_t    *k;
    postern_key_t  second;
    postern_str_t  none = postern_null_string;

    prepare();
    trust(&root, NULL, "O", "*");
    second = ca_key;
    authorities[1] = &second;
    directory.nauthorities = 2;

    leaf = client(&root, "one");
    begin(&leaf, NULL);
    EXPECT(look() == &ca_key);

    failing = 10;
    calls = 1;
    sign_mtls_speak(&message, 1);
    failing = 0;

    EXPECT(message.subject.data == NULL);
    EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

    k = sign_key_create(&second, none);
    message.now = now;
    EXPECT_CODE(sign_verify(k, &message), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "its subject cannot be read") != NULL);

    sign_mtls_speak(&message, 1);
    EXPECT_CODE(sign_verify(k, &message), SIGN_OK);
    EXPECT_STR(message.subject, "Acme");

    sign_key_destroy(k);
    gone(&leaf);
}


TEST(what_a_certificate_is_asked_for_by)
{
    made_t              leaf;
    postern_key_name_t  names[SIGN_MAX_NAMES];

    prepare();
    trust(&other, NULL, "CN", "*");

    leaf = client(&middle, "one");
    begin(&leaf, &middle);
    chain[nchain++] = der_of(&root, NULL);

    EXPECT(look() == NULL);

    /* the root issued itself, too */

    EXPECT_INT(sign_names(&request, &policy, &directory, NULL, &message,
                          names), 3);
    EXPECT_INT(names[0].by, POSTERN_BY_FINGERPRINT);
    EXPECT_INT(names[0].len, 64);
    EXPECT_MEM(names[0].text, known.fingerprint, 64);
    EXPECT_INT(names[1].by, POSTERN_BY_ISSUER);
    EXPECT_INT(names[2].by, POSTERN_BY_ISSUER);
    EXPECT(memcmp(names[1].text, names[2].text, 8) != 0);

    EXPECT_INT(sign_names(&request, &policy, &directory, &ca_key, &message,
                          names), 3);

    ca_key.algorithm = POSTERN_ALG_X509;
    EXPECT_INT(sign_names(&request, &policy, &directory, &ca_key, &message,
                          names), 0);

    chain[0] = text_of("nonsense");
    nchain = 1;
    memset(&known, 0, sizeof(known));
    EXPECT(look() == NULL);
    EXPECT_INT(sign_names(&request, &policy, &directory, NULL, &message,
                          names), 1);

    gone(&leaf);
}


TEST(keys_that_stand_apart)
{
    made_t         leaf;
    sign_apart_t   apart[3];
    postern_key_t  pin, wrong, ca;

    prepare();
    trust(&root, NULL, "CN", "*");
    directory.nauthorities = 0;

    leaf = client(&root, "one");
    begin(&leaf, NULL);

    ca = ca_key;
    memset(&pin, 0, sizeof(pin));
    pin.id = text_of("pin");
    pin.algorithm = POSTERN_ALG_X509;
    pin.public_key = chain[0];
    sign_sha256(&pin.public_key, 1, pin.fingerprint);
    wrong = pin;
    wrong.fingerprint[0] ^= 1;

    apart[0] = (sign_apart_t) { &wrong, 1 };
    apart[1] = (sign_apart_t) { &pin, 2 };
    apart[2] = (sign_apart_t) { &ca, 3 };

    EXPECT(look() == NULL);
    EXPECT(sign_choose(&request, &policy, NULL, apart, 3, &message) == &pin);
    EXPECT_INT(sign_mtls_keys(&message), 3);
    EXPECT(sign_mtls_key(&message, 0) == NULL);
    EXPECT_STR(message.key_id, "pin");
    EXPECT(message.subject.data == NULL);
    EXPECT_INT(try_of(2, &ca), SIGN_MTLS_GOOD);

    /* no pointer of this request's is left to the next one */

    EXPECT_INT(known.napart, 3);
    EXPECT(known.keys[1].key == NULL && known.keys[2].key == NULL);

    EXPECT(look() == NULL);
    EXPECT(sign_choose(&request, &policy, NULL, &apart[2], 1, &message)
           == &ca);
    EXPECT_INT(sign_mtls_keys(&message), 1);
    EXPECT_STR(message.subject, "one");

    /* the same, as it was left; and another one in its place */

    EXPECT(look() == NULL);
    known.keys[0].verified = 1;
    ca_key = ca;
    apart[2].key = &ca_key;
    EXPECT(sign_choose(&request, &policy, NULL, &apart[2], 1, &message)
           == &ca_key);

    apart[2].key = &ca;
    apart[2].serial = 4;
    ca.public_key = der_of(&other, NULL);
    EXPECT(sign_choose(&request, &policy, NULL, &apart[2], 1, &message)
           == NULL);
    EXPECT_INT(message.key_id.len, 64);

    /* what is no certificate fits nothing */

    chain[0] = text_of("nonsense");
    memset(&known, 0, sizeof(known));
    EXPECT(look() == NULL);
    EXPECT(sign_choose(&request, &policy, NULL, apart, 3, &message) == NULL);

    gone(&leaf);
}


UNIT_MAIN()
