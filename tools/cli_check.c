
/*
 * postern check: is this directory one that nginx would take?
 */


#include <sodium.h>

#include "cli_check.h"
#include "cli_jwks.h"


static int cli_check_all(const char *name, const char *keys,
    cli_jwks_t *jwks);
static void cli_check_help(void);
static void cli_check_summary(const char *name,
    const postern_directory_t *dir);
static void cli_check_algorithms(const postern_directory_t *dir);
static unsigned cli_check_secrets(const char *name,
    const postern_directory_t *dir, const postern_ring_t *ring);
static unsigned cli_check_secret(const char *file, const postern_org_t *org,
    const char *collection, postern_str_t record, const char *member,
    postern_str_t text, const postern_ring_t *ring);


int
cli_check(int argc, char **argv)
{
    int          c, rc;
    const char  *keys;
    cli_jwks_t  *jwks;

    static const struct option  options[] = {
        { "master-key", required_argument, NULL, 'm' },
        { "jwks",       required_argument, NULL, 'j' },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    rc = -1;
    keys = NULL;
    jwks = cli_alloc(sizeof(cli_jwks_t));
    opterr = 0;

    while (rc == -1
           && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1)
    {
        switch (c) {

        case 'm':
            keys = optarg;
            break;

        case 'j':
            rc = cli_jwks_add(jwks, argv[0], optarg);
            break;

        case 'h':
            cli_check_help();
            rc = CLI_OK;
            break;

        default:
            rc = cli_bad_option(argv, c);
        }
    }

    if (rc == -1) {
        rc = argc - optind == 1
             ? cli_check_all(argv[optind], keys, jwks)
             : cli_usage(argv[0], "one directory file must be named");
    }

    cli_jwks_free(jwks);
    free(jwks);

    return rc;
}


static int
cli_check_all(const char *name, const char *keys, cli_jwks_t *jwks)
{
    uint32_t              i;
    unsigned              bad;
    postern_ring_t        ring;
    postern_directory_t  *dir;

    dir = cli_jwks_directory(jwks, name);

    if (dir == NULL) {
        return CLI_FAILED;
    }

    if (keys && cli_ring(keys, &ring) != 0) {
        postern_directory_destroy(dir);
        return CLI_FAILED;
    }

    bad = keys ? cli_check_secrets(name, dir, &ring) : 0;

    if (keys) {
        sodium_memzero(&ring, sizeof(ring));
    }

    if (bad == 0) {
        cli_check_summary(name, dir);

        for (i = 0; i < jwks->n; i++) {
            printf("  %s: keys %u, skipped %u\n", jwks->files[i],
                   jwks->sets[i].nkeys, jwks->sets[i].nskipped);
        }
    }

    fflush(stdout);
    cli_check_x509(name, dir);

    if (dir->nplain) {
        cli_error("%s: %u secret%s in the open, the first is %.*s: "
                  "\"postern seal\" seals them", name, dir->nplain,
                  dir->nplain == 1 ? " lies" : "s lie",
                  (int) dir->plain_first.len,
                  (const char *) dir->plain_first.data);
    }

    postern_directory_destroy(dir);

    return bad ? CLI_FAILED : CLI_OK;
}


static void
cli_check_summary(const char *name, const postern_directory_t *dir)
{
    size_t                i;
    const postern_org_t  *org;

    printf("%s: good\n", name);

    for (i = 0; i < dir->norgs; i++) {
        org = &dir->orgs[i];

        printf("  %.*s: users %u, roles %u, permissions %u, resources %u\n",
               (int) org->name.len, (const char *) org->name.data,
               org->nusers, org->nroles, org->npermissions, org->nresources);
    }

    printf("  organizations %u, keys %u\n", dir->norgs, dir->nkeys);

    cli_check_algorithms(dir);
}


static void
cli_check_algorithms(const postern_directory_t *dir)
{
    size_t          i;
    unsigned        n;
    const char     *before;
    postern_alg_e   alg;
    postern_str_t   name;

    before = "  ";

    for (alg = POSTERN_ALG_HMAC_SHA256; alg <= POSTERN_ALG_X509_CA; alg++) {

        for (i = 0, n = 0; i < dir->nkeys; i++) {
            n += dir->keys[i].algorithm == alg;
        }

        if (n) {
            name = postern_alg_name(alg);
            printf("%s%.*s %u", before, (int) name.len,
                   (const char *) name.data, n);
            before = ", ";
        }
    }

    if (dir->nkeys) {
        putchar('\n');
    }
}


static unsigned
cli_check_secrets(const char *name, const postern_directory_t *dir,
    const postern_ring_t *ring)
{
    size_t                 i, j, k;
    unsigned               bad;
    const postern_org_t   *org;
    const postern_key_t   *key;
    const postern_user_t  *user;

    bad = 0;

    for (i = 0; i < dir->nkeys; i++) {
        key = &dir->keys[i];

        if (key->secret.data) {
            bad += cli_check_secret(name, key->org, "keys", key->id, "secret",
                                    key->secret, ring);
        }

        if (key->private_key.data) {
            bad += cli_check_secret(name, key->org, "keys", key->id,
                                    "private_key", key->private_key, ring);
        }
    }

    for (i = 0; i < dir->norgs; i++) {
        org = &dir->orgs[i];

        for (j = 0; j < org->nusers; j++) {
            user = &org->users[j];

            for (k = 0; k < user->ntotp; k++) {
                bad += cli_check_secret(name, org, "users", user->name, "totp",
                                        user->totp[k].secret, ring);
            }

            for (k = 0; k < user->nhotp; k++) {
                bad += cli_check_secret(name, org, "users", user->name, "hotp",
                                        user->hotp[k].secret, ring);
            }
        }
    }

    return bad;
}


static unsigned
cli_check_secret(const char *file, const postern_org_t *org,
    const char *collection, postern_str_t record, const char *member,
    postern_str_t text, const postern_ring_t *ring)
{
    char             name[3 * POSTERN_NAME_MAX];
    size_t           len;
    postern_open_e   rc;
    unsigned char    secret[POSTERN_PRIVATE_MAX];

    if (postern_seal_name(name, sizeof(name), org->name, collection, record,
                          member) == 0)
    {
        rc = POSTERN_OPEN_MALFORMED;

    } else {
        rc = strcmp(member, "private_key") == 0
             ? postern_private_open(ring, text, cli_str(name), secret, &len)
             : postern_secret_open(ring, text, cli_str(name), secret, &len);
        sodium_memzero(secret, sizeof(secret));
    }

    if (rc == POSTERN_OPEN_OK) {
        return 0;
    }

    cli_error("%s: organizations.%.*s.%s.%.*s: the secret does not open: %s",
              file, (int) org->name.len, (const char *) org->name.data,
              collection, (int) record.len, (const char *) record.data,
              postern_open_text(rc));

    return 1;
}


static void
cli_check_help(void)
{
    puts(
"NAME\n"
"    postern check - check a directory\n"
"\n"
"SYNOPSIS\n"
"    postern check [--master-key FILE] [--jwks ORG=FILE...] DIRECTORY\n"
"\n"
"DESCRIPTION\n"
"    Reads a directory document the way nginx does, whole, and prints what is\n"
"    in it.  A fault is named by file, line, column and member path, as in\n"
"    \"postern.json:14:9: organizations.acme.roles.viewer: ...\"; "
    "reading ends\n"
"    at the first one, for what follows it would only be guessed.\n"
"\n"
"    With the master keys, every secret is opened as well, and each one that\n"
"    does not open is named.  Secrets that are not sealed get a warning, and\n"
"    so do certificates and revocation lists that are out of date.\n"
"\n"
"OPTIONS\n"
"    --master-key FILE   open every secret with the keys in FILE\n"
"    --jwks ORG=FILE     read that set of keys of an organization beside it,\n"
"                        as \"postern_jwks\" does; repeatable.  Or what that\n"
"                        directive has: --jwks \"FILE org=ORG id=thumbprint\"\n"
"    --help              this text\n"
"\n"
"EXAMPLES\n"
"    postern check /etc/nginx/postern.json\n"
"    postern check --master-key postern.key new.json \\\n"
"        && mv new.json /etc/nginx/postern.json\n"
"\n"
"EXIT STATUS\n"
"    0 the directory is good, 1 it is not, 2 wrong call");
}
