
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "cli_key.h"
#include "postern_directory_parse.h"


#define CLI_KEY_RSA       3072
#define CLI_KEY_FILE_MAX  (16 * 1024 * 1024)    /* a revocation list */


static int cli_key_hmac(const cli_key_t *k, json_t *member);
static size_t cli_key_size(postern_alg_e alg);
static char *cli_key_seal(const cli_key_t *k, const char *what,
    postern_str_t secret, size_t size);
static int cli_key_given(const cli_key_t *k, json_t *member);
static int cli_key_file(const char *file, const char *name, json_t *member);
static int cli_key_pair(const cli_key_t *k, json_t *member);
static EVP_PKEY *cli_key_generate(postern_alg_e alg);
static int cli_key_public(const cli_key_t *k, EVP_PKEY *pkey, json_t *member);
static int cli_key_private(const cli_key_t *k, EVP_PKEY *pkey,
    json_t *member);


int
cli_key_make(const cli_key_t *k, json_t *member)
{
    if (postern_alg_is_hmac(k->alg)) {
        return cli_key_hmac(k, member);
    }

    return k->public ? cli_key_given(k, member) : cli_key_pair(k, member);
}


/*
 * the secret is text, for curl's --user and any other client take text; the
 * file ends with it, as clients take a file as it is, a line break with it
 */

static int
cli_key_hmac(const cli_key_t *k, json_t *member)
{
    int            rc;
    char           text[2 * crypto_hash_sha512_BYTES], *stored;
    unsigned char  random[crypto_hash_sha512_BYTES];

    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(text, sizeof(text), random, cli_key_size(k->alg),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    rc = -1;
    stored = cli_key_seal(k, "secret", cli_str(text), POSTERN_SEALED_MAX);

    if (stored) {
        json_object_set_new(member, "secret", json_string(stored));

        rc = cli_write_secret(k->out, cli_str(text), 1);

        sodium_memzero(stored, strlen(stored));
        free(stored);
    }

    sodium_memzero(random, sizeof(random));
    sodium_memzero(text, sizeof(text));

    return rc;
}


/* as many bytes as the hash has, RFC 2104, section 3 */

static size_t
cli_key_size(postern_alg_e alg)
{
    switch (alg) {

    case POSTERN_ALG_HMAC_SHA384:
        return 48;

    case POSTERN_ALG_HMAC_SHA512:
        return 64;

    default:
        return 32;
    }
}


static char *
cli_key_seal(const cli_key_t *k, const char *what, postern_str_t secret,
    size_t size)
{
    char            name[3 * POSTERN_NAME_MAX], *text;
    size_t          len;
    postern_ring_t  ring;

    text = cli_alloc(size);

    if (k->ring_file == NULL) {
        cli_error("no --master-key: the %s lies open in the directory "
                  "(\"plain:\"), for first steps only",
                  k->outward ? "private key" : "secret");
        snprintf(text, size, "plain:%.*s", (int) secret.len,
                 (const char *) secret.data);
        return text;
    }

    if (cli_ring(k->ring_file, &ring) != 0) {
        free(text);
        return NULL;
    }

    len = postern_seal_name(name, sizeof(name), cli_str(k->org), "keys",
                            cli_str(k->id), what);

    if (len) {
        len = k->outward ? postern_private_seal(&ring, secret, cli_str(name),
                                                text, size)
                         : postern_seal(&ring, secret, cli_str(name), text,
                                        size);
    }

    sodium_memzero(&ring, sizeof(ring));

    if (len == 0) {
        cli_error("the %s could not be sealed",
                  k->outward ? "private key" : "secret");
        free(text);
        return NULL;
    }

    return text;
}


/* what is in the files is looked at with the whole member */

static int
cli_key_given(const cli_key_t *k, json_t *member)
{
    int  x509;

    x509 = k->alg == POSTERN_ALG_X509 || k->alg == POSTERN_ALG_X509_CA;

    if (cli_key_file(k->public, x509 ? "certificate" : "public_key", member)
        != 0)
    {
        return -1;
    }

    return k->crl ? cli_key_file(k->crl, "crl", member) : 0;
}


static int
cli_key_file(const char *file, const char *name, json_t *member)
{
    json_t         *value;
    postern_str_t   text;

    if (cli_read(file, CLI_KEY_FILE_MAX, &text) != 0) {
        return -1;
    }

    while (text.len && text.data[text.len - 1] == '\n') {
        text.len--;
    }

    value = json_stringn((const char *) text.data, text.len);
    cli_free(&text);

    if (value == NULL) {
        cli_error("%s is not text", file);
        return -1;
    }

    json_object_set_new(member, name, value);

    return 0;
}


static int
cli_key_pair(const cli_key_t *k, json_t *member)
{
    int        rc;
    EVP_PKEY  *pkey;

    pkey = cli_key_generate(k->alg);

    if (pkey == NULL) {
        cli_error("OpenSSL cannot make a key of this algorithm");
        return -1;
    }

    rc = cli_key_public(k, pkey, member);

    if (rc == 0) {
        rc = cli_key_private(k, pkey, member);
    }

    EVP_PKEY_free(pkey);

    return rc;
}


static EVP_PKEY *
cli_key_generate(postern_alg_e alg)
{
    switch (alg) {

    case POSTERN_ALG_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return EVP_EC_gen("P-256");

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return EVP_EC_gen("P-384");

    default:
        return EVP_RSA_gen(CLI_KEY_RSA);
    }
}


/* short where there is a short form: in the directory it is one line */

static int
cli_key_public(const cli_key_t *k, EVP_PKEY *pkey, json_t *member)
{
    int             rc;
    char            b64[2 * POSTERN_PUBLIC_MAX];
    size_t          len;
    unsigned char   public[POSTERN_PUBLIC_MAX], *p;

    len = sizeof(public);

    if (k->alg == POSTERN_ALG_ED25519) {
        rc = EVP_PKEY_get_raw_public_key(pkey, public, &len) == 1;

    } else if (postern_alg_is_rsa(k->alg)) {
        p = public;
        rc = i2d_PUBKEY(pkey, NULL) <= POSTERN_PUBLIC_MAX;
        len = rc ? (size_t) i2d_PUBKEY(pkey, &p) : 0;

    } else {
        rc = EVP_PKEY_get_octet_string_param(pkey, "pub", public,
                                             sizeof(public), &len) == 1;
    }

    if (!rc) {
        cli_error("OpenSSL cannot write the public key");
        return -1;
    }

    sodium_bin2base64(b64, sizeof(b64), public, len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(member, "public_key", json_string(b64));

    return 0;
}


/* to the client's file, or into the directory where nginx is the one who
   signs */

static int
cli_key_private(const cli_key_t *k, EVP_PKEY *pkey, json_t *member)
{
    int             rc;
    BIO            *bio;
    char           *data, *stored;
    postern_str_t   pem;

    bio = BIO_new(BIO_s_secmem());

    if (bio == NULL
        || PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
           != 1)
    {
        BIO_free(bio);
        cli_error("OpenSSL cannot write the private key");
        return -1;
    }

    pem.len = (size_t) BIO_get_mem_data(bio, &data);
    pem.data = (unsigned char *) data;

    if (k->outward) {
        rc = -1;
        stored = cli_key_seal(k, "private_key", pem,
                              POSTERN_SEALED_PRIVATE_MAX);

        if (stored) {
            json_object_set_new(member, "private_key", json_string(stored));
            sodium_memzero(stored, strlen(stored));
            free(stored);
            rc = 0;
        }

    } else {
        rc = cli_write_secret(k->out, pem, 1);
    }

    sodium_memzero(data, pem.len);
    BIO_free(bio);

    return rc;
}
