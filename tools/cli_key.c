
/*
 * postern key: makes a signing key, the member for the directory and what the
 * client keeps.
 */


#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "cli.h"
#include "postern_directory_parse.h"


#define CLI_KEY_ROLES    32
#define CLI_KEY_SECRET   32      /* random bytes of an HMAC secret */
#define CLI_KEY_PUBLIC   65


typedef struct {
    const char      *org;
    const char      *id;
    const char      *user;
    const char      *roles[CLI_KEY_ROLES];
    size_t           nroles;
    const char      *not_after;
    const char      *ring_file;
    const char      *out;
    postern_alg_e    alg;
} cli_key_t;


static int cli_key_options(int argc, char **argv, cli_key_t *k);
static int cli_key_check(cli_key_t *k, const char *command, const char *alg);
static int cli_key_hmac(const cli_key_t *k, const char *out, json_t *member);
static char *cli_key_seal(const cli_key_t *k, postern_str_t secret);
static int cli_key_pair(const cli_key_t *k, const char *out, json_t *member);
static int cli_key_pem(EVP_PKEY *pkey, const char *out);
static void cli_key_print(const cli_key_t *k, json_t *member);
static void cli_key_help(void);


int
cli_key(int argc, char **argv)
{
    int          rc;
    char         out[2 * POSTERN_NAME_MAX];
    json_t      *member;
    cli_key_t    k;

    memset(&k, 0, sizeof(k));

    rc = cli_key_options(argc, argv, &k);
    if (rc != -1) {
        return rc;
    }

    if (k.out == NULL) {
        snprintf(out, sizeof(out), "%s.%s", k.id,
                 k.alg == POSTERN_ALG_HMAC_SHA256 ? "secret" : "pem");
        k.out = out;
    }

    member = json_object();

    rc = k.alg == POSTERN_ALG_HMAC_SHA256 ? cli_key_hmac(&k, k.out, member)
                                          : cli_key_pair(&k, k.out, member);

    if (rc == 0) {
        cli_key_print(&k, member);
        fflush(stdout);
        fprintf(stderr, "postern: the client's %s is in %s\n",
                k.alg == POSTERN_ALG_HMAC_SHA256 ? "secret" : "private key",
                k.out);
    }

    json_decref(member);

    return rc == 0 ? CLI_OK : CLI_FAILED;
}


/* -1: go on */

static int
cli_key_options(int argc, char **argv, cli_key_t *k)
{
    int          c;
    const char  *alg;

    static const struct option  options[] = {
        { "org",        required_argument, NULL, 'o' },
        { "id",         required_argument, NULL, 'i' },
        { "algorithm",  required_argument, NULL, 'a' },
        { "user",       required_argument, NULL, 'u' },
        { "role",       required_argument, NULL, 'r' },
        { "not-after",  required_argument, NULL, 'n' },
        { "master-key", required_argument, NULL, 'm' },
        { "out",        required_argument, NULL, 'f' },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    const cli_value_t  values[] = {
        { 'o', &k->org },
        { 'i', &k->id },
        { 'a', &alg },
        { 'u', &k->user },
        { 'n', &k->not_after },
        { 'm', &k->ring_file },
        { 'f', &k->out },
        { 0, NULL }
    };

    alg = NULL;
    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

        switch (c) {

        case 'r':
            if (k->nroles == CLI_KEY_ROLES) {
                return cli_usage(argv[0], "more than %d roles", CLI_KEY_ROLES);
            }

            k->roles[k->nroles++] = optarg;
            break;

        case 'h':
            cli_key_help();
            return CLI_OK;

        default:
            if (!cli_value(values, c)) {
                return cli_bad_option(argv, c);
            }

            break;
        }
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument \"%s\"", argv[optind]);
    }

    return cli_key_check(k, argv[0], alg);
}


static int
cli_key_check(cli_key_t *k, const char *command, const char *alg)
{
    int64_t  time;

    if (k->org == NULL || k->id == NULL || alg == NULL) {
        return cli_usage(command, "%s is missing",
                         k->org == NULL ? "--org"
                         : k->id == NULL ? "--id" : "--algorithm");
    }

    if (!cli_name_valid(k->org) || !cli_name_valid(k->id)) {
        return cli_usage(command, "%s must be a name of 1 to %d characters, "
                         "without blanks, quotes and slashes",
                         cli_name_valid(k->org) ? "--id" : "--org",
                         POSTERN_NAME_MAX);
    }

    k->alg = postern_alg_parse(cli_str(alg));

    if (k->alg == 0 || k->alg > POSTERN_ALG_ECDSA_P256_SHA256) {
        return cli_usage(command, "--algorithm must be hmac-sha256, ed25519 or "
                         "ecdsa-p256-sha256");
    }

    if ((k->user != NULL) == (k->nroles != 0)) {
        return cli_usage(command, "a key has either --user, whose roles it "
                         "has then, or --role, once or more");
    }

    if (k->not_after && postern_time_parse(cli_str(k->not_after), &time) != 0) {
        return cli_usage(command, "--not-after must be a time like "
                         "2027-01-01T00:00:00Z");
    }

    if (k->ring_file && k->alg != POSTERN_ALG_HMAC_SHA256) {
        return cli_usage(command, "--master-key is for hmac-sha256: of the "
                         "other algorithms the directory holds nothing secret");
    }

    return -1;
}


/* the secret is text, for curl's --user and any other client take text */

static int
cli_key_hmac(const cli_key_t *k, const char *out, json_t *member)
{
    int             rc;
    char            text[2 * CLI_KEY_SECRET + 1], *stored;
    size_t          len;
    postern_str_t   file;
    unsigned char   random[CLI_KEY_SECRET];

    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(text, sizeof(text), random, sizeof(random),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    len = strlen(text);

    rc = -1;
    stored = cli_key_seal(k, cli_str(text));

    if (stored) {
        json_object_set_new(member, "secret", json_string(stored));

        text[len] = '\n';
        file.data = (unsigned char *) text;
        file.len = len + 1;
        rc = cli_write_secret(out, file, 1);

        sodium_memzero(stored, strlen(stored));
        free(stored);
    }

    sodium_memzero(random, sizeof(random));
    sodium_memzero(text, sizeof(text));

    return rc;
}


static char *
cli_key_seal(const cli_key_t *k, postern_str_t secret)
{
    char            name[3 * POSTERN_NAME_MAX], *text;
    size_t          len;
    postern_ring_t  ring;

    text = cli_alloc(POSTERN_SEALED_MAX);

    if (k->ring_file == NULL) {
        cli_error("no --master-key: the secret lies open in the directory "
                  "(\"plain:\"), for first steps only");
        snprintf(text, POSTERN_SEALED_MAX, "plain:%.*s", (int) secret.len,
                 (const char *) secret.data);
        return text;
    }

    if (cli_ring(k->ring_file, &ring) != 0) {
        free(text);
        return NULL;
    }

    len = postern_seal_name(name, sizeof(name), cli_str(k->org), "keys",
                            cli_str(k->id), "secret");

    if (len) {
        len = postern_seal(&ring, secret, cli_str(name), text,
                           POSTERN_SEALED_MAX);
    }

    sodium_memzero(&ring, sizeof(ring));

    if (len == 0) {
        cli_error("the secret could not be sealed");
        free(text);
        return NULL;
    }

    return text;
}


static int
cli_key_pair(const cli_key_t *k, const char *out, json_t *member)
{
    int             rc;
    char            b64[2 * CLI_KEY_PUBLIC];
    size_t          len;
    EVP_PKEY       *pkey;
    unsigned char   public[CLI_KEY_PUBLIC];

    len = sizeof(public);

    if (k->alg == POSTERN_ALG_ED25519) {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        rc = pkey && EVP_PKEY_get_raw_public_key(pkey, public, &len) == 1;

    } else {
        pkey = EVP_EC_gen("P-256");
        rc = pkey
             && EVP_PKEY_get_octet_string_param(pkey, "pub", public,
                                                sizeof(public), &len) == 1;
    }

    if (!rc) {
        EVP_PKEY_free(pkey);
        cli_error("OpenSSL cannot make a key of this algorithm");
        return -1;
    }

    sodium_bin2base64(b64, sizeof(b64), public, len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(member, "public_key", json_string(b64));

    rc = cli_key_pem(pkey, out);
    EVP_PKEY_free(pkey);

    return rc;
}


static int
cli_key_pem(EVP_PKEY *pkey, const char *out)
{
    int             rc;
    BIO            *bio;
    char           *data;
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

    rc = cli_write_secret(out, pem, 1);

    sodium_memzero(data, pem.len);
    BIO_free(bio);

    return rc;
}


static void
cli_key_print(const cli_key_t *k, json_t *member)
{
    size_t          i;
    json_t         *all, *first, *roles;
    postern_str_t   alg;

    first = json_object();

    if (k->user) {
        json_object_set_new(first, "user", json_string(k->user));

    } else {
        roles = json_array();

        for (i = 0; i < k->nroles; i++) {
            json_array_append_new(roles, json_string(k->roles[i]));
        }

        json_object_set_new(first, "roles", roles);
    }

    alg = postern_alg_name(k->alg);
    json_object_set_new(first, "algorithm",
                        json_stringn((const char *) alg.data, alg.len));
    json_object_update(first, member);

    if (k->not_after) {
        json_object_set_new(first, "not_after", json_string(k->not_after));
    }

    all = json_object();
    json_object_set_new(all, k->id, first);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}


static void
cli_key_help(void)
{
    puts(
"NAME\n"
"    postern key - make a signing key, both sides of it\n"
"\n"
"SYNOPSIS\n"
"    postern key --org ORG --id ID --algorithm ALGORITHM\n"
"                {--user NAME | --role ROLE...} [--master-key FILE]\n"
"                [--not-after TIME] [--out FILE]\n"
"\n"
"DESCRIPTION\n"
"    Makes a key and prints the gateway's side of it as a JSON object, to be\n"
"    merged into \"keys\" of the organization.  The client's side, the secret\n"
"    or the private key, goes to a new file of mode 0600 and is printed\n"
"    nowhere.\n"
"\n"
"OPTIONS\n"
"    --org ORG            the organization; a sealed secret is bound to it\n"
"    --id ID              the key's id, unique in the directory\n"
"    --algorithm NAME     hmac-sha256 (also for AWS SigV4: curl --aws-sigv4),\n"
"                         ed25519 or ecdsa-p256-sha256\n"
"    --user NAME          whose key it is; it acts with that user's roles\n"
"    --role ROLE          a role of a key that is its own subject; repeatable\n"
"    --master-key FILE    seal the secret (hmac-sha256); without "
    "it the secret\n"
"                         is written as \"plain:\", for first steps only\n"
"    --not-after TIME     until when it is valid: 2027-01-01T00:00:00Z\n"
"    --out FILE           where the client's side goes: ID.secret or ID.pem\n"
"                         where it is left out; an existing file is never\n"
"                         overwritten\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    postern key --org acme --id AK1 --algorithm hmac-sha256 --user alice \\\n"
"        --master-key postern.key > AK1.json\n"
"    jq --slurpfile k AK1.json '.organizations.acme.keys += $k[0]' \\\n"
"        postern.json > new.json && postern check new.json\n"
"    postern key --org acme --id robot-7 --algorithm ed25519 --role viewer\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern sign, postern check");
}
