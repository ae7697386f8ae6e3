
/* what a key is made of: which members each algorithm has, and what of them is
   kept */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"
#include "postern_seal.h"


/* members, as bits; the first four are credentials, each key has one */

#define POSTERN_HAS_SECRET       0x01
#define POSTERN_HAS_PUBLIC       0x02
#define POSTERN_HAS_JWK          0x04
#define POSTERN_HAS_CERTIFICATE  0x08
#define POSTERN_HAS_CREDENTIAL   0x0f
#define POSTERN_HAS_PRIVATE      0x10
#define POSTERN_HAS_PRINCIPALS   0x20
#define POSTERN_HAS_SUBJECT      0x40
#define POSTERN_HAS_CRL          0x80

#define POSTERN_MATERIALS        8


typedef struct {
    unsigned            allowed;
    unsigned            required;
    const char         *credential;    /* as told where there is none */
} postern_kind_t;


typedef struct {
    const json_t       *value[POSTERN_MATERIALS];
    postern_json_at_t   at[POSTERN_MATERIALS];
} postern_material_t;


static const postern_kind_t *postern_material_kind(postern_alg_e alg);
static int postern_material_check(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json,
    const postern_key_t *key, postern_material_t *m);
static int postern_material_credential(postern_parse_t *p,
    const postern_material_t *m, postern_key_t *key);
static int postern_parse_private_key(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *value, postern_key_t *key);
static const char *postern_private_fault(postern_parse_t *p,
    const postern_key_t *key, const unsigned char *pem, size_t len);
static int postern_parse_principals(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *value, postern_key_t *key);


static const struct {
    const char  *name;
    json_type    type;
} postern_materials[POSTERN_MATERIALS] = {
    { "secret", JSON_STRING },
    { "public_key", JSON_STRING },
    { "jwk", JSON_OBJECT },
    { "certificate", JSON_STRING },
    { "private_key", JSON_STRING },
    { "principals", JSON_ARRAY },
    { "subject", JSON_OBJECT },
    { "crl", JSON_STRING }
};

enum {
    POSTERN_AT_SECRET = 0,
    POSTERN_AT_PUBLIC,
    POSTERN_AT_JWK,
    POSTERN_AT_CERTIFICATE,
    POSTERN_AT_PRIVATE,
    POSTERN_AT_PRINCIPALS,
    POSTERN_AT_SUBJECT,
    POSTERN_AT_CRL
};


static const postern_kind_t  postern_kind_hmac = {
    POSTERN_HAS_SECRET, 0, "secret"
};

static const postern_kind_t  postern_kind_pair = {
    POSTERN_HAS_PUBLIC|POSTERN_HAS_JWK|POSTERN_HAS_PRIVATE, 0, "public_key"
};

static const postern_kind_t  postern_kind_ssh = {
    POSTERN_HAS_PUBLIC, 0, "public_key"
};

/* an authority with no rule would admit everybody it ever certified */

static const postern_kind_t  postern_kind_ssh_ca = {
    POSTERN_HAS_PUBLIC|POSTERN_HAS_PRINCIPALS, POSTERN_HAS_PRINCIPALS,
    "public_key"
};

static const postern_kind_t  postern_kind_x509 = {
    POSTERN_HAS_CERTIFICATE|POSTERN_HAS_CRL, 0, "certificate"
};

static const postern_kind_t  postern_kind_x509_ca = {
    POSTERN_HAS_CERTIFICATE|POSTERN_HAS_CRL|POSTERN_HAS_SUBJECT,
    POSTERN_HAS_SUBJECT, "certificate"
};


static const postern_kind_t *
postern_material_kind(postern_alg_e alg)
{
    switch (alg) {

    case POSTERN_ALG_SSH:
        return &postern_kind_ssh;

    case POSTERN_ALG_SSH_CA:
        return &postern_kind_ssh_ca;

    case POSTERN_ALG_X509:
        return &postern_kind_x509;

    case POSTERN_ALG_X509_CA:
        return &postern_kind_x509_ca;

    default:
        return postern_alg_is_hmac(alg) ? &postern_kind_hmac
                                        : &postern_kind_pair;
    }
}


int
postern_parse_material(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    postern_material_t  m;

    if (postern_material_check(p, up, json, key, &m) != 0
        || postern_material_credential(p, &m, key) != 0)
    {
        return -1;
    }

    if (m.value[POSTERN_AT_PRIVATE]
        && postern_parse_private_key(p, &m.at[POSTERN_AT_PRIVATE],
                                     m.value[POSTERN_AT_PRIVATE], key)
           != 0)
    {
        return -1;
    }

    if (m.value[POSTERN_AT_PRINCIPALS]
        && postern_parse_principals(p, &m.at[POSTERN_AT_PRINCIPALS],
                                    m.value[POSTERN_AT_PRINCIPALS], key)
           != 0)
    {
        return -1;
    }

    if (m.value[POSTERN_AT_SUBJECT]
        && postern_parse_subject(p, &m.at[POSTERN_AT_SUBJECT],
                                 m.value[POSTERN_AT_SUBJECT], key)
           != 0)
    {
        return -1;
    }

    if (m.value[POSTERN_AT_CRL]) {
        return postern_parse_crl(p, &m.at[POSTERN_AT_CRL],
                                 m.value[POSTERN_AT_CRL], key);
    }

    return 0;
}


static int
postern_material_check(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const postern_key_t *key, postern_material_t *m)
{
    unsigned               i, bit, has;
    postern_str_t          alg;
    const postern_kind_t  *kind;

    kind = postern_material_kind(key->algorithm);
    alg = postern_alg_name(key->algorithm);
    has = 0;

    for (i = 0; i < POSTERN_MATERIALS; i++) {
        bit = 1u << i;

        if (postern_parse_member(p, up, json, postern_materials[i].name,
                                 postern_materials[i].type, &m->at[i],
                                 &m->value[i])
            != 0)
        {
            return -1;
        }

        if (m->value[i] == NULL) {

            if (kind->required & bit) {
                return postern_fault(p, up, POSTERN_JSON_VALUE,
                                     "a key of the algorithm \"%.*s\" must "
                                     "have \"%s\"", (int) alg.len,
                                     (char *) alg.data,
                                     postern_materials[i].name);
            }

            continue;
        }

        if (kind->allowed & bit) {
            has |= bit;
            continue;
        }

        if (bit & POSTERN_HAS_CREDENTIAL) {
            return postern_fault(p, &m->at[i], POSTERN_JSON_NAME,
                                 "a key of the algorithm \"%.*s\" has \"%s\" "
                                 "instead", (int) alg.len, (char *) alg.data,
                                 kind->credential);
        }

        return postern_fault(p, &m->at[i], POSTERN_JSON_NAME,
                             "a key of the algorithm \"%.*s\" has no \"%s\"",
                             (int) alg.len, (char *) alg.data,
                             postern_materials[i].name);
    }

    if (!(has & POSTERN_HAS_CREDENTIAL)) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "a key of the algorithm \"%.*s\" must have "
                             "\"%s\"", (int) alg.len, (char *) alg.data,
                             kind->credential);
    }

    if ((has & POSTERN_HAS_PUBLIC) && (has & POSTERN_HAS_JWK)) {
        return postern_fault(p, &m->at[POSTERN_AT_JWK], POSTERN_JSON_NAME,
                             "a key has either \"public_key\" or \"jwk\"");
    }

    return 0;
}


static int
postern_material_credential(postern_parse_t *p, const postern_material_t *m,
    postern_key_t *key)
{
    int                       rc;
    const json_t             *public;
    const postern_json_at_t  *at;

    if (m->value[POSTERN_AT_SECRET]) {
        return postern_parse_secret(p, &m->at[POSTERN_AT_SECRET],
                                    m->value[POSTERN_AT_SECRET], "keys",
                                    key->id, "secret", &key->secret);
    }

    if (m->value[POSTERN_AT_CERTIFICATE]) {
        return postern_parse_certificate(p, &m->at[POSTERN_AT_CERTIFICATE],
                                         m->value[POSTERN_AT_CERTIFICATE],
                                         key);
    }

    at = &m->at[POSTERN_AT_PUBLIC];
    public = m->value[POSTERN_AT_PUBLIC];

    if (m->value[POSTERN_AT_JWK]) {
        rc = postern_parse_jwk(p, &m->at[POSTERN_AT_JWK],
                               m->value[POSTERN_AT_JWK], key->algorithm,
                               &key->public_key);

    } else if (key->algorithm == POSTERN_ALG_SSH
               || key->algorithm == POSTERN_ALG_SSH_CA)
    {
        rc = postern_parse_ssh_key(p, at, public, &key->public_key);

    } else {
        rc = postern_parse_public_key(p, at, public, key->algorithm,
                                      &key->public_key);
    }

    if (rc == 0) {
        postern_parse_fingerprint(key);
    }

    return rc;
}


void
postern_parse_fingerprint(postern_key_t *key)
{
    crypto_hash_sha256(key->fingerprint, key->public_key.data,
                       key->public_key.len);
}


static int
postern_parse_private_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_key_t *key)
{
    size_t          len;
    const char     *fault;
    unsigned char   pem[POSTERN_PRIVATE_MAX];
    postern_open_e  rc;

    if (postern_parse_sealed(p, at, value, key->id, &key->private_key) != 0) {
        return -1;
    }

    /* one that lies open can be looked at; of a sealed one this is told when
       it is opened */

    fault = NULL;

    rc = postern_private_open(NULL, key->private_key,
                              (postern_str_t) postern_null_string, pem, &len);

    if (rc == POSTERN_OPEN_OK) {
        fault = postern_private_fault(p, key, pem, len);
    }

    sodium_memzero(pem, sizeof(pem));
    ERR_clear_error();

    if (fault) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "%s", fault);
    }

    return 0;
}


static const char *
postern_private_fault(postern_parse_t *p, const postern_key_t *key,
    const unsigned char *pem, size_t len)
{
    int             n;
    BIO            *bio;
    size_t          size;
    EVP_PKEY       *pkey;
    const char     *fault;
    unsigned char   public[2 * POSTERN_PRIVATE_MAX], *end;

    bio = BIO_new_mem_buf(pem, len);
    if (bio == NULL) {
        return "out of memory";
    }

    /* "" is no passphrase: it keeps OpenSSL from asking the terminal */

    pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "");

    BIO_free(bio);

    if (pkey == NULL) {
        return "must be an unencrypted private key in PEM, as \"openssl "
               "genpkey\" writes it";
    }

    /* a public half has fewer bytes than the private one, or, of DSA, a few
       more */

    n = i2d_PUBKEY(pkey, NULL);

    if (POSTERN_NEVER(n <= 0 || n > (int) sizeof(public))) {
        EVP_PKEY_free(pkey);
        return "is not a private key of the algorithm";
    }

    end = public;
    size = i2d_PUBKEY(pkey, &end);

    EVP_PKEY_free(pkey);

    fault = postern_public_take(p, key->algorithm, public, &size);
    if (fault) {
        return fault;
    }

    if (size != key->public_key.len
        || memcmp(public, key->public_key.data, size) != 0)
    {
        return "is not the private half of the key's public key";
    }

    return NULL;
}


static int
postern_parse_principals(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *value, postern_key_t *key)
{
    size_t              i, n;
    postern_str_t      *array, s;
    postern_json_at_t   at;

    n = json_array_size(value);

    if (n == 0 || n > POSTERN_PRINCIPALS_MAX) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "must name 1 to %d principals, whom certificates "
                             "of this authority may speak for",
                             POSTERN_PRINCIPALS_MAX);
    }

    array = postern_parse_array(p, n, sizeof(postern_str_t));
    if (array == NULL) {
        return -1;
    }

    at.up = up;
    at.member = NULL;

    for (at.index = 0; at.index < n; at.index++) {

        if (postern_parse_string(p, &at, json_array_get(value, at.index),
                                 POSTERN_NAME_MAX, &s)
            != 0
            || postern_parse_chars(p, &at, POSTERN_JSON_VALUE, s) != 0
            || postern_parse_keep(p, s, &array[at.index]) != 0)
        {
            return -1;
        }

        for (i = 0; i < at.index; i++) {
            if (postern_str_eq(array[i], s)) {
                return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                     "the principal stands here a second "
                                     "time");
            }
        }
    }

    key->principals = array;
    key->nprincipals = n;

    return 0;
}
