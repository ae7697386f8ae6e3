/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * The scheme "sshsig" from the request to the verdict, with keys of every type,
 * and certificates by authorities of every type.
 */


#include "sign_steps.h"
#include "ssh_make.h"


#define FORM                                                                  \
    "GET /a HTTP/1.1\nHost: localhost\n"                                      \
    "Signature-Input: s=(\"@method\" \"@authority\" \"@path\" \"@query\")"    \
    ";created=1618884473;keyid=\"%s\"%s\nSignature: s=:%s:\n\n"


static ssh_key_t            *keys[SIGN_SSH_TYPES];
static ssh_key_t            *cas[SIGN_SSH_TYPES];
static ssh_out_t             blob;
static postern_directory_t  *dir;
static char                  text[65536];


/* k0 to k6 and ca0 to ca6, of every type */

static void
prepare(void)
{
    char             *p, line[8192], json[65536];
    size_t            i, n;
    postern_error_t   err;

    if (dir) {
        return;
    }

    p = json;
    p += sprintf(p, "{\"version\":1,\"organizations\":{\"acme\":{\"roles\":"
                    "{\"r\":{}},\"keys\":{");

    for (i = 0; i < 2 * SIGN_SSH_TYPES; i++) {
        n = i % SIGN_SSH_TYPES;

        ssh_key_t  *k = ssh_key(n);

        sodium_bin2base64(line, sizeof(line), k->blob.data, k->blob.len,
                          sodium_base64_VARIANT_ORIGINAL);

        p += sprintf(p, "%s\"%s%zu\":{\"roles\":[\"r\"],\"algorithm\":\"%s\","
                     "\"public_key\":\"%.*s %s\"%s}", i ? "," : "",
                     i < SIGN_SSH_TYPES ? "k" : "ca", n,
                     i < SIGN_SSH_TYPES ? "ssh" : "ssh-ca",
                     (int) k->type->name.len, k->type->name.data, line,
                     i < SIGN_SSH_TYPES ? ""
                     : ",\"principals\":[\"deploy\",\"ops@example\"]");

        *(i < SIGN_SSH_TYPES ? &keys[n] : &cas[n]) = k;
    }

    sprintf(p, "}}}}");

    dir = postern_directory_parse(text_of(json), &err);

    if (dir == NULL) {
        printf("# %s: %s\n", err.path, err.text);
        abort();
    }
}


/* the text that a signature is over */

static postern_str_t
base_for(const char *keyid, const char *more)
{
    char  form[4096];

    snprintf(form, sizeof(form), FORM, keyid, more, "AAEC");
    policy.schemes = SIGN_RFC9421;

    EXPECT_CODE(base_of(form), SIGN_OK);

    return message.base;
}


/* parse, find, check, base, verify of what is in blob */

static sign_code_e
judge(const char *keyid, const char *more)
{
    char                  b64[32768];
    sign_code_e           code;
    sign_key_t           *k;
    const postern_key_t  *found;
    postern_str_t         none = postern_null_string;

    sodium_bin2base64(b64, sizeof(b64), blob.data, blob.len,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof(text), FORM, keyid, more, b64);

    policy.schemes = SIGN_RFC9421 | SIGN_SSHSIG;

    code = parse_of(text);

    if (code != SIGN_OK) {
        return code;
    }

    EXPECT_INT(message.scheme, SIGN_SSHSIG);

    found = sign_find(&request, &policy, dir, &message);

    code = sign_check(&request, &policy, found, organization, address, now,
                      &message);

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    if (code != SIGN_OK) {
        return code;
    }

    k = sign_key_create(found, none);

    if (!EXPECT(k != NULL)) {
        return SIGN_KEY_UNUSABLE;
    }

    code = SIGN_INVALID;
    strcpy(message.detail, "does not fit or verify");

    if (sign_fits(k, &message)) {
        code = sign_verify(k, &message);

        /* and once more, with what is kept in mind */

        EXPECT_INT(sign_verify(k, &message), code);
    }

    sign_key_destroy(k);

    return code;
}


static sign_code_e
signed_by(const char *keyid, ssh_key_t *k, const ssh_blob_t *want)
{
    ssh_blob(&blob, k, &k->blob, base_for(keyid, ""), want);

    return judge(keyid, "");
}


static sign_code_e
certified(const char *keyid, ssh_key_t *k, ssh_key_t *ca,
    const ssh_want_t *want)
{
    ssh_blob_t          how = SSH_BLOB;
    static ssh_out_t    cert;

    ssh_cert(&cert, k, ca, want);
    ssh_blob(&blob, k, &cert, base_for(keyid, ""), &how);

    return judge(keyid, "");
}


TEST(a_key_of_every_type_by_both_hashes)
{
    char        id[8];
    size_t      i;
    ssh_blob_t  want = SSH_BLOB;

    defaults();
    prepare();

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        snprintf(id, sizeof(id), "k%zu", i);

        want.hash = "sha512";
        EXPECT_CODE(signed_by(id, keys[i], &want), SIGN_OK);
        EXPECT(message.claim_len > 0);
        EXPECT(message.subject.data == NULL);

        want.hash = "sha256";
        EXPECT_CODE(signed_by(id, keys[i], &want), SIGN_OK);
    }

    want.name = "rsa-sha2-256";
    EXPECT_CODE(signed_by("k4", keys[4], &want), SIGN_OK);
}


TEST(a_key_by_its_fingerprint)
{
    char           id[80];
    ssh_blob_t     want = SSH_BLOB;
    unsigned char  hash[32];

    defaults();
    prepare();

    SHA256(keys[0]->blob.data, keys[0]->blob.len, hash);
    strcpy(id, "SHA256:");
    sodium_bin2base64(id + 7, sizeof(id) - 7, hash, 32,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);

    EXPECT_CODE(signed_by(id, keys[0], &want), SIGN_OK);
    EXPECT_STR(message.key_id, "k0");

    EXPECT_CODE(signed_by(id, keys[1], &want), SIGN_INVALID);

    id[10] = id[10] == 'A' ? 'B' : 'A';
    EXPECT_CODE(signed_by(id, keys[0], &want), SIGN_UNKNOWN_KEY);
    id[10] = '-';
    EXPECT_CODE(signed_by(id, keys[0], &want), SIGN_UNKNOWN_KEY);
    id[10] = 'A';
    id[0] = 's';
    EXPECT_CODE(signed_by(id, keys[0], &want), SIGN_UNKNOWN_KEY);
    EXPECT_CODE(signed_by("nobody", keys[0], &want), SIGN_UNKNOWN_KEY);
}


TEST(what_is_not_this_key_s)
{
    size_t         i;
    ssh_blob_t     want = SSH_BLOB;

    defaults();
    prepare();

    EXPECT_CODE(signed_by("k1", keys[0], &want), SIGN_INVALID);
    EXPECT_CODE(signed_by("ca0", keys[0], &want), SIGN_ALGORITHM);
    EXPECT_CODE(judge("k0", ";alg=\"ed25519\""), SIGN_ALGORITHM);
    EXPECT_CODE(judge("k0", ";expires=\"x\""), SIGN_MALFORMED);

    /* the last byte of a signature that is right but for that */

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        char  id[8];

        snprintf(id, sizeof(id), "k%zu", i);
        ssh_blob(&blob, keys[i], &keys[i]->blob, base_for(id, ""), &want);
        blob.data[blob.len - 1] ^= 1;
        EXPECT_CODE(judge(id, ""), SIGN_INVALID);
    }
}


TEST(a_touch_is_demanded)
{
    ssh_blob_t  want = SSH_BLOB;

    defaults();
    prepare();

    want.flags = 0x04;
    EXPECT_CODE(signed_by("k5", keys[5], &want), SIGN_INVALID);
    EXPECT(strstr(detail(), "touched") != NULL);
    want.flags = 0x05;
    EXPECT_CODE(signed_by("k6", keys[6], &want), SIGN_OK);
}


TEST(blobs_of_other_forms)
{
    ssh_blob_t  want;

    static const ssh_blob_t  good = SSH_BLOB;

    defaults();
    prepare();

    want = good;
    want.version = 2;
    EXPECT_CODE(signed_by("k0", keys[0], &want), SIGN_UNSUPPORTED);

    want = good;
    want.space = "file";
    EXPECT_CODE(signed_by("k0", keys[0], &want), SIGN_UNSUPPORTED);
    EXPECT(strstr(detail(), "-n http-request") != NULL);

    want = good;
    want.reserved = "x";
    EXPECT_CODE(signed_by("k0", keys[0], &want), SIGN_UNSUPPORTED);

    want = good;
    want.hash = "sha384";
    EXPECT_CODE(signed_by("k0", keys[0], &want), SIGN_UNSUPPORTED);

    want = good;
    want.name = "ssh-rsa";
    EXPECT_CODE(signed_by("k4", keys[4], &want), SIGN_ALGORITHM);
    want.name = "rsa-sha2-512";
    EXPECT_CODE(signed_by("k0", keys[0], &want), SIGN_ALGORITHM);
}


/* cut off anywhere, or one byte longer */

TEST(blobs_of_other_lengths)
{
    size_t          i, len, whole;
    ssh_out_t      *cert;
    ssh_want_t      how = SSH_WANT;
    ssh_blob_t      want = SSH_BLOB;
    sign_sshsig_t   sig;
    unsigned char  *copy;

    defaults();
    prepare();

    cert = calloc(1, sizeof(ssh_out_t));

    for (i = 0; i <= SIGN_SSH_TYPES; i++) {

        if (i < SIGN_SSH_TYPES) {
            ssh_blob(&blob, keys[i], &keys[i]->blob, text_of("x"), &want);

        } else {
            ssh_cert(cert, keys[1], cas[0], &how);
            ssh_blob(&blob, keys[1], cert, text_of("x"), &want);
        }

        whole = blob.len++;

        for (len = 0; len <= blob.len; len++) {
            copy = malloc(len ? len : 1);
            memcpy(copy, blob.data, len);
            message.signature.data = copy;
            message.signature.len = len;
            memset(&sig, 0, sizeof(sig));

            EXPECT_INT(sign_sshsig_blob(&sig, &message) == SIGN_OK,
                       len == whole);
            free(copy);
        }
    }

    free(cert);
}


TEST(certificates_by_every_authority)
{
    size_t      i;
    ssh_want_t  want = SSH_WANT;

    defaults();
    prepare();

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        char  known[32];

        snprintf(known, sizeof(known), "deploy@ca%zu", i);

        EXPECT_CODE(certified("deploy", keys[i], cas[i], &want), SIGN_OK);
        EXPECT_STR(message.subject, "deploy");
        EXPECT_STR(message.key_id, known);

        EXPECT_CODE(certified(known, keys[(i + 1) % SIGN_SSH_TYPES], cas[i],
                              &want),
                    SIGN_OK);
        EXPECT_STR(message.key_id, known);
    }

    want.sign_as = "ssh-rsa";
    EXPECT_CODE(certified("deploy", keys[0], cas[4], &want), SIGN_INVALID);
    want.sign_as = "rsa-sha2-256";
    EXPECT_CODE(certified("deploy", keys[0], cas[4], &want), SIGN_OK);

    want.sign_as = NULL;
    want.flags = 0;
    EXPECT_CODE(certified("deploy", keys[0], cas[5], &want), SIGN_INVALID);

    /* by a key that is no authority */

    want.flags = 1;
    EXPECT_CODE(certified("deploy", keys[0], keys[1], &want),
                SIGN_UNKNOWN_KEY);
}


TEST(principals)
{
    size_t      i;
    ssh_want_t  want = SSH_WANT;

    static const char *const  bad[] = {
        "nobody", "deploy2", "@", "@ca0", "nobody@ca0", "backup@", "x@backup"
    };

    defaults();
    prepare();

    EXPECT_CODE(certified("backup", keys[0], cas[0], &want), SIGN_CERTIFICATE);
    EXPECT(strstr(detail(), "does not speak for") != NULL);
    EXPECT_CODE(certified("deploy@ca1", keys[0], cas[0], &want),
                SIGN_UNKNOWN_KEY);
    EXPECT_CODE(certified("deploy@", keys[0], cas[0], &want),
                SIGN_UNKNOWN_KEY);

    for (i = 0; i < 5; i++) {
        EXPECT_CODE(certified(bad[i], keys[0], cas[0], &want),
                    SIGN_CERTIFICATE);
    }

    EXPECT_CODE(certified(bad[6], keys[0], cas[0], &want), SIGN_CERTIFICATE);

    want.principals[0] = "ops@example";
    EXPECT_CODE(certified("ops@example", keys[0], cas[0], &want), SIGN_OK);
    EXPECT_CODE(certified("ops@example@ca0", keys[0], cas[0], &want), SIGN_OK);

    want.principals[0] = NULL;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);
}


TEST(which_of_several_authorities_with_one_key)
{
    char                  json[8192], line[2048];
    ssh_want_t            want = SSH_WANT;
    postern_error_t       err;
    postern_directory_t  *all;

    defaults();
    prepare();

    sodium_bin2base64(line, sizeof(line), cas[0]->blob.data, cas[0]->blob.len,
                      sodium_base64_VARIANT_ORIGINAL);

    snprintf(json, sizeof(json),
             "{\"version\":1,\"organizations\":{\"acme\":{\"roles\":"
             "{\"r\":{}},\"keys\":{"
             "\"a\":{\"roles\":[\"r\"],\"algorithm\":\"ssh-ca\",\"public_key\":"
             "\"ssh-ed25519 %s\",\"principals\":[\"backup\"]},"
             "\"b\":{\"roles\":[\"r\"],\"algorithm\":\"ssh-ca\",\"public_key\":"
             "\"ssh-ed25519 %s\",\"principals\":[\"*\"]}}}}}", line, line);

    all = dir;
    dir = postern_directory_parse(text_of(json), &err);

    if (!EXPECT(dir != NULL)) {
        printf("# %s: %s\n", err.path, err.text);
        dir = all;
        return;
    }

    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_OK);
    EXPECT_STR(message.key_id, "deploy@b");
    EXPECT_CODE(certified("backup", keys[0], cas[0], &want), SIGN_OK);
    EXPECT_STR(message.key_id, "backup@a");
    EXPECT_CODE(certified("deploy@a", keys[0], cas[0], &want),
                SIGN_CERTIFICATE);

    postern_directory_destroy(dir);
    dir = all;
}


TEST(kinds_dates_and_reserved_members)
{
    ssh_want_t  want;

    static const ssh_want_t  good = SSH_WANT;

    defaults();
    prepare();

    want = good;
    want.kind = 2;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);

    want = good;
    want.after = now + 1;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);
    want.after = now;
    want.before = now + 1;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_OK);
    want.after = 0;
    want.before = now;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);

    want = good;
    want.reserved = "x";
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_MALFORMED);

    now = -1;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &good), SIGN_CERTIFICATE);
}


TEST(critical_options)
{
    size_t                i;
    ssh_want_t            want = SSH_WANT;
    static unsigned char  here[16] = { [10] = 0xff, [11] = 0xff, 127, 0, 0, 1 };

    static const struct {
        const char   *options[8];
        sign_code_e   code;
    } tries[] = {
        { { "source-address", "127.0.0.0/8" }, SIGN_OK },
        { { "source-address", "10.0.0.0/8,127.0.0.1,::1" }, SIGN_OK },
        { { "source-address", "10.0.0.0/8" }, SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1,," }, SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1,!10.0.0.1" }, SIGN_CERTIFICATE },
        { { "source-address", "" }, SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1,"
            "11111111111111111111111111111111111111111111111111111111111111111"
          }, SIGN_CERTIFICATE },
        { { "force-command", "true" }, SIGN_CERTIFICATE },
        { { "new@example.com", "" }, SIGN_CERTIFICATE },
        { { "verify-required", "" }, SIGN_CERTIFICATE },
        { { "verify-required", "x" }, SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1", "force-command", "x" },
          SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1", "source-address", "127.0.0.1" },
          SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1", "source", "" }, SIGN_CERTIFICATE },
        { { "source-address", "127.0.0.1", "verify-required", "" },
          SIGN_CERTIFICATE }
    };

    defaults();
    prepare();

    address = here;

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        memcpy(want.options, tries[i].options, sizeof(want.options));
        EXPECT_CODE(certified("deploy", keys[0], cas[0], &want),
                    tries[i].code);
    }

    memcpy(want.options, tries[0].options, sizeof(want.options));
    address = NULL;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);

    want.options[0] = NULL;
    want.raw_options = "\0\0\0\1";
    want.raw_len = 4;
    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_CERTIFICATE);
}


TEST(a_verified_user_where_the_certificate_demands_one)
{
    ssh_out_t   *cert;
    ssh_want_t   want = SSH_WANT;
    ssh_blob_t   how = SSH_BLOB;

    defaults();
    prepare();

    cert = calloc(1, sizeof(ssh_out_t));

    want.options[0] = "verify-required";
    want.options[1] = "";

    ssh_cert(cert, keys[5], cas[0], &want);
    ssh_blob(&blob, keys[5], cert, base_for("deploy", ""), &how);
    EXPECT_CODE(judge("deploy", ""), SIGN_INVALID);
    EXPECT(strstr(detail(), "who its user is") != NULL);

    how.flags = 5;
    ssh_blob(&blob, keys[5], cert, base_for("deploy", ""), &how);
    EXPECT_CODE(judge("deploy", ""), SIGN_OK);

    free(cert);
}


TEST(an_authority_keeps_few_certificates_in_mind)
{
    size_t             i;
    ssh_out_t         *cert;
    sign_ssh_key_t    *ca;
    sign_ssh_cert_t    read;
    ssh_want_t         want = SSH_WANT;

    prepare();

    cert = calloc(1, sizeof(ssh_out_t));
    ca = sign_sshsig_key(ssh_slice(&cas[0]->blob));

    if (!EXPECT(ca != NULL)) {
        return;
    }

    for (i = 0; i < 3 * SIGN_SSH_CERTS; i++) {
        want.after = 1 + i;
        ssh_cert(cert, keys[0], cas[0], &want);
        EXPECT(sign_ssh_cert(ssh_slice(cert), &read));
        EXPECT(sign_ssh_key_prove(ca, ssh_slice(cert), &read) != NULL);

        /* known now: nobody looks at what signed it */

        read.signature.len = 0;
        EXPECT(sign_ssh_key_prove(ca, ssh_slice(cert), &read) != NULL);
    }

    want.after = 1;
    ssh_cert(cert, keys[0], cas[0], &want);
    EXPECT(sign_ssh_cert(ssh_slice(cert), &read));
    read.signature.len = 0;
    EXPECT(sign_ssh_key_prove(ca, ssh_slice(cert), &read) == NULL);

    sign_ssh_key_destroy(ca);
    free(cert);
}


/* by an RSA key: as long as the modulus and less than it, or shorter */

TEST(rsa_signatures_that_are_none)
{
    size_t          at;
    ssh_blob_t      want = SSH_BLOB;
    sign_key_t     *k;

    defaults();
    prepare();

    ssh_blob(&blob, keys[4], &keys[4]->blob, base_for("k4", ""), &want);
    at = blob.len - 256;
    memset(blob.data + at, 0xff, 16);
    EXPECT_CODE(judge("k4", ""), SIGN_INVALID);

    blob.data[at] = 0;
    EXPECT_CODE(judge("k4", ""), SIGN_INVALID);

    /* one byte less, and one more */

    blob.len -= 1;
    blob.data[at - 1] = 255;
    blob.data[at - 2] = 0;
    blob.data[at - 4 - 12 - 4 - 1] -= 1;
    EXPECT_CODE(judge("k4", ""), SIGN_INVALID);

    k = sign_sshsig_decoy(SIGN_SSH_TYPES + 4, 256);
    EXPECT(k != NULL && sign_verify(k, &message) == SIGN_INVALID);
    sign_key_destroy(k);
}


/* memory that ends at each request for it */

static size_t  left;


static void *
take(void *data, size_t size)
{
    return left-- ? postern_alloc(data, size) : NULL;
}


TEST(no_memory)
{
    size_t           n;
    sign_code_e      code;
    ssh_want_t       how = SSH_WANT;
    postern_alloc_t  some = { take, &request_memory };

    defaults();
    prepare();

    EXPECT_CODE(certified("deploy", keys[0], cas[0], &how), SIGN_OK);

    code = SIGN_NO_MEMORY;

    for (n = 0; n < 100 && code != SIGN_OK; n++) {
        left = n;
        code = sign_parse(&request, &policy, &some, &message);
        EXPECT(code == SIGN_OK || code == SIGN_NO_MEMORY);
    }

    EXPECT(n > 3 && code == SIGN_OK);
}


/* a key of another type or none at all, authorities of another kind */

TEST(keys_that_do_not_fit)
{
    size_t                 len;
    sign_key_t            *k, bare;
    ssh_blob_t             want = SSH_BLOB;
    ssh_want_t             how = SSH_WANT;
    sign_sshsig_t         *sig;
    postern_key_t          x509 = { .algorithm = POSTERN_ALG_X509_CA };
    postern_key_t          plain = { .algorithm = POSTERN_ALG_ED25519 };
    postern_key_t          none = { .algorithm = POSTERN_ALG_SSH_CA,
                                    .public_key = postern_string("x") };
    postern_key_t          first, second;
    postern_directory_t    other;
    const postern_key_t   *all[3];
    postern_str_t          nobody = postern_string("nobody");

    defaults();
    prepare();

    EXPECT_CODE(signed_by("k4", keys[4], &want), SIGN_OK);
    sig = (sign_sshsig_t *) message.scheme_data;

    memset(&bare, 0, sizeof(bare));
    EXPECT(!sign_fits(&bare, &message));
    EXPECT_INT(sign_verify(&bare, &message), SIGN_INVALID);

    k = sign_key_create(postern_directory_key(dir, text_of("k0")),
                        text_of(NULL));
    EXPECT_INT(sign_verify(k, &message), SIGN_INVALID);
    sign_key_destroy(k);

    k = sign_key_create(postern_directory_key(dir, text_of("k4")),
                        text_of(NULL));
    EXPECT(sign_fits(k, &message));
    sig->signature.bytes.len++;
    EXPECT(!sign_fits(k, &message));
    sign_key_destroy(k);

    EXPECT_CODE(certified("deploy", keys[0], cas[0], &how), SIGN_OK);
    EXPECT_INT(sign_verify(&bare, &message), SIGN_INVALID);
    sig = (sign_sshsig_t *) message.scheme_data;

    first = *dir->authorities[0];
    first.public_key = sig->cert.authority;
    first.principals = &nobody;
    first.nprincipals = 1;
    second = first;

    other = *dir;
    all[0] = &x509;
    all[1] = &first;
    all[2] = &second;
    other.authorities = all;
    other.nauthorities = 3;
    EXPECT(sign_find(&request, &policy, &other, &message) == &first);

    sig->cert.authority = text_of("x");
    EXPECT_INT(sign_sshsig_slot(&message, &len), SIGN_SSH_SLOTS);

    other.keys = &plain;
    other.nkeys = 1;
    EXPECT_INT(sign_sshsig_slots(&other), 0);
    other.keys = &none;
    EXPECT_INT(sign_sshsig_slots(&other), 1u << SIGN_SSH_SLOTS);
}


TEST(decoys_do_the_same_work)
{
    size_t         i, slot, len;
    uint32_t       slots;
    sign_key_t    *k;
    ssh_blob_t     want = SSH_BLOB;
    ssh_want_t     how = SSH_WANT;

    defaults();
    prepare();

    slots = sign_sshsig_slots(dir);
    EXPECT_INT(slots, (0x7f & ~(1 << SIGN_SSH_RSAS))
                      | 1 << (SIGN_SSH_TYPES + 4));

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        (void) signed_by("nobody", keys[i], &want);
        EXPECT_CODE(sign_base(&request, &request_memory, &message), SIGN_OK);

        slot = sign_sshsig_slot(&message, &len);
        EXPECT(slots & 1u << slot);
        EXPECT_INT(len, i == SIGN_SSH_RSAS ? 256 : 0);

        k = sign_sshsig_decoy(slot, len);
        EXPECT(k != NULL);
        EXPECT_CODE(sign_verify(k, &message), SIGN_INVALID);
        sign_key_destroy(k);

        (void) certified("deploy", keys[0], keys[i], &how);
        EXPECT_INT(sign_sshsig_slot(&message, &len), slot);
    }

    /* no such key is made */

    EXPECT(sign_sshsig_decoy(SIGN_SSH_TYPES, 1) == NULL);
}


/* nobody makes room for his decoy by taking that of another length away, and
   sees by the work of making it anew that a key is nobody's */

TEST(decoys_of_usual_lengths_have_places_of_their_own)
{
    size_t          n, slot, len;
    uint32_t        usual;
    ssh_want_t      how = SSH_WANT;
    unsigned char   blob[2048];
    sign_sshsig_t  *sig;

    static const unsigned char  head[] = "\0\0\0\7ssh-rsa\0\0\0\3\1\0\1";

    defaults();
    prepare();
    (void) certified("deploy", keys[0], keys[1], &how);

    sig = (sign_sshsig_t *) message.scheme_data;
    usual = 0;

    memset(blob, 0xff, sizeof(blob));
    memcpy(blob, head, sizeof(head) - 1);

    for (n = 256; n <= 1024; n++) {
        blob[18] = 0;
        blob[19] = 0;
        blob[20] = (unsigned char) ((n + 1) >> 8);
        blob[21] = (unsigned char) (n + 1);
        blob[22] = 0;

        sig->cert.authority.data = blob;
        sig->cert.authority.len = 23 + n;

        slot = sign_sshsig_slot(&message, &len);
        EXPECT_INT(len, n);
        EXPECT(slot < SIGN_SSH_SLOTS);

        EXPECT(!(usual & 1u << slot));

        usual |= (n % 64 == 0) ? 1u << slot : 0;
    }
}


TEST(what_is_in_the_field_signature)
{
    size_t  i;

    static const struct {
        const char  *value;
        unsigned     kinds;
        int          a;
    } tries[] = {
        { "a=:U1NIU0lHAAAA:", SIGN_KIND_SSHSIG, 1 },
        { "a=:AAAA:", SIGN_KIND_OTHER, 0 },
        { "a=:AAA=:, b=:U1NIU0lHAA==:", SIGN_KIND_SSHSIG|SIGN_KIND_OTHER, 0 },
        { "b=:AAA=:,a=:U1NIU0lHAA==:", SIGN_KIND_SSHSIG|SIGN_KIND_OTHER, 1 },
        { "b=:AAA=:,\ta=:U1NIU0lH:", SIGN_KIND_SSHSIG|SIGN_KIND_OTHER, 1 },
        { "aa=:U1NIU0lH:", SIGN_KIND_SSHSIG, 0 },
        { "a=:U1NIU0l", SIGN_KIND_OTHER, 0 },
        { "a=:U1NIU0lG:", SIGN_KIND_OTHER, 0 },
        { "a=::", 0, 0 },
        { "a=:a:", SIGN_KIND_OTHER, 0 },
        { "a=:+:", SIGN_KIND_OTHER, 0 },
        { "a=:/:", SIGN_KIND_OTHER, 0 },
        { "a=:0:", SIGN_KIND_OTHER, 0 },
        { "a=:[:", 0, 0 },
        { "a=:!:", 0, 0 },
        { "a=:<:", 0, 0 },
        { "a=:{:", 0, 0 },
        { "a=x", 0, 0 },
        { "", 0, 0 }
    };

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        snprintf(text, sizeof(text), "GET / HTTP/1.1\nSignature: %s\n\n",
                 tries[i].value);
        request_of(text);

        EXPECT_INT(sign_signature_kinds(&request), tries[i].kinds);
        EXPECT_INT(sign_is_sshsig(text_of(tries[i].value), text_of("a")),
                   tries[i].a);
    }
}


TEST(a_plain_signature_beside_it_does_not_count)
{
    sign_code_e  code;

    request_of("GET /a HTTP/1.1\nHost: localhost\n"
               "Signature-Input: p=(\"@method\");keyid=\"k0\", "
               "s=(\"@method\");keyid=\"k1\"\n"
               "Signature: p=:AAAA:, s=:U1NIU0lHAAAA:\n\n");

    policy.schemes = SIGN_SSHSIG;

    code = sign_parse(&request, &policy, &request_memory, &message);

    EXPECT(code != SIGN_OK);
    EXPECT_STR(message.label, "s");
    EXPECT_STR(message.key_id, "k1");
}


#define APART(...)                                                            \
    sign_choose(&request, &policy, apart_from,                                \
                (const sign_apart_t[]) { __VA_ARGS__ },                       \
                sizeof((const sign_apart_t[]) { __VA_ARGS__ })                \
                / sizeof(sign_apart_t), &message)

#define ASKED(directory, key, n)                                              \
    EXPECT_INT(sign_names(&request, &policy, directory, key, &message,        \
                          asked), n)


TEST(a_key_that_stands_apart)
{
    ssh_blob_t            how = SSH_BLOB;
    postern_error_t       err;
    postern_key_name_t    name, asked[SIGN_MAX_NAMES];
    const postern_key_t  *k0, *k1, *ca0, *apart_from;
    postern_directory_t  *empty;

    defaults();
    prepare();

    empty = postern_directory_parse(
                text_of("{\"version\":1,\"organizations\":{}}"), &err);
    k0 = postern_directory_key(dir, text_of("k0"));
    k1 = postern_directory_key(dir, text_of("k1"));
    ca0 = postern_directory_key(dir, text_of("ca0"));
    apart_from = NULL;

    EXPECT_CODE(signed_by("k0", keys[0], &how), SIGN_OK);
    EXPECT(sign_find(&request, &policy, empty, &message) == NULL);

    ASKED(empty, NULL, 1);
    EXPECT_INT(asked[0].by, POSTERN_BY_ID);
    EXPECT_INT(asked[0].len, 2);
    ASKED(empty, k0, 0);
    EXPECT(APART({ k0, 1 }) == k0);

    postern_name_fingerprint(&name, POSTERN_ALG_SSH, k0->fingerprint);
    name.text[name.len] = '\0';

    EXPECT_CODE(signed_by((char *) name.text, keys[0], &how), SIGN_OK);
    message.key_id.data = name.text;
    message.key_id.len = name.len;
    EXPECT(sign_find(&request, &policy, empty, &message) == NULL);

    ASKED(empty, k0, 0);
    ASKED(empty, NULL, 1);
    EXPECT_INT(asked[0].by, POSTERN_BY_FINGERPRINT);
    EXPECT_INT(asked[0].len, name.len);
    EXPECT_MEM(asked[0].text, name.text, name.len);

    /* what the record leads to must be it */

    EXPECT(APART({ k1, 1 }, { ca0, 2 }) == NULL);
    EXPECT(APART({ k1, 1 }, { k0, 2 }) == k0);
    EXPECT_STR(message.key_id, "k0");

    postern_directory_destroy(empty);
}


TEST(an_authority_that_stands_apart)
{
    ssh_want_t            want = SSH_WANT;
    postern_key_t         mute, mute2;
    postern_error_t       err;
    postern_str_t         nobody = postern_string("nobody");
    postern_key_name_t    asked[SIGN_MAX_NAMES];
    const postern_key_t  *k0, *ca0, *ca1, *apart_from;
    postern_directory_t  *empty;

    defaults();
    prepare();

    empty = postern_directory_parse(
                text_of("{\"version\":1,\"organizations\":{}}"), &err);
    k0 = postern_directory_key(dir, text_of("k0"));
    ca0 = postern_directory_key(dir, text_of("ca0"));
    ca1 = postern_directory_key(dir, text_of("ca1"));

    mute = *ca0;
    mute.id = text_of("mute");
    mute.principals = &nobody;
    mute.nprincipals = 1;
    mute2 = mute;

    EXPECT_CODE(certified("deploy", keys[0], cas[0], &want), SIGN_OK);

    ASKED(empty, ca0, 0);
    ASKED(empty, &mute, 1);
    ASKED(empty, NULL, 1);
    EXPECT_INT(asked[0].by, POSTERN_BY_FINGERPRINT);
    EXPECT_INT(asked[0].len, 50);

    apart_from = NULL;
    EXPECT(APART({ k0, 1 }, { ca1, 2 }) == NULL);
    EXPECT(APART({ ca1, 1 }, { ca0, 2 }) == ca0);
    EXPECT_STR(message.key_id, "deploy@ca0");
    EXPECT(APART({ &mute, 1 }, { &mute2, 2 }) == &mute);
    EXPECT(APART({ &mute, 1 }, { ca0, 2 }) == ca0);
    apart_from = &mute;
    EXPECT(APART({ ca1, 1 }) == &mute);
    EXPECT(APART({ ca0, 1 }) == ca0);

    /* by its id, where the message has one */

    EXPECT_CODE(certified("deploy@ca0", keys[0], cas[0], &want), SIGN_OK);
    ASKED(dir, NULL, 0);
    ASKED(empty, NULL, 1);
    EXPECT_INT(asked[0].by, POSTERN_BY_ID);
    EXPECT_INT(asked[0].len, 3);

    apart_from = NULL;
    EXPECT(APART({ &mute, 1 }) == NULL);
    EXPECT(APART({ ca0, 1 }) == ca0);

    postern_directory_destroy(empty);
}


UNIT_MAIN()
