
/*
 * postern check: is this directory one that nginx would take?
 */


#include <sodium.h>

#include "cli_check.h"


#define CLI_CHECK_SETS  32


static int cli_check_set(const char *command, postern_jwks_t *sets,
    const char **files, uint32_t *n);
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
    int                   c, rc;
    uint32_t              n;
    unsigned              bad;
    const char           *keys, *files[CLI_CHECK_SETS];
    postern_jwks_t        sets[CLI_CHECK_SETS];
    postern_ring_t        ring;
    postern_directory_t  *dir;

    static const struct option  options[] = {
        { "master-key", required_argument, NULL, 'm' },
        { "jwks",       required_argument, NULL, 'j' },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    n = 0;
    keys = NULL;
    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

        switch (c) {

        case 'm':
            keys = optarg;
            break;

        case 'j':
            rc = cli_check_set(argv[0], sets, files, &n);
            if (rc != 0) {
                return rc;
            }

            break;

        case 'h':
            cli_check_help();
            return CLI_OK;

        default:
            return cli_bad_option(argv, c);
        }
    }

    if (argc - optind != 1) {
        return cli_usage(argv[0], "one directory file must be named");
    }

    dir = cli_directory_sets(argv[optind], sets, files, n);

    if (dir == NULL) {
        return CLI_FAILED;
    }

    if (keys && cli_ring(keys, &ring) != 0) {
        postern_directory_destroy(dir);
        return CLI_FAILED;
    }

    bad = keys ? cli_check_secrets(argv[optind], dir, &ring) : 0;

    if (keys) {
        sodium_memzero(&ring, sizeof(ring));
    }

    if (bad == 0) {
        cli_check_summary(argv[optind], dir);

        for (c = 0; c < (int) n; c++) {
            printf("  %s: keys %u, skipped %u\n", files[c], sets[c].nkeys,
                   sets[c].nskipped);
        }
    }

    fflush(stdout);
    cli_check_x509(argv[optind], dir);

    if (dir->nplain) {
        cli_error("%s: %u secret%s in the open, the first is %.*s: "
                  "\"postern seal\" seals them", argv[optind], dir->nplain,
                  dir->nplain == 1 ? " lies" : "s lie",
                  (int) dir->plain_first.len,
                  (const char *) dir->plain_first.data);
    }

    postern_directory_destroy(dir);

    return bad ? CLI_FAILED : CLI_OK;
}


/* ORG=FILE */

static int
cli_check_set(const char *command, postern_jwks_t *sets, const char **files,
    uint32_t *n)
{
    const char      *equals;
    postern_jwks_t  *set;

    equals = strchr(optarg, '=');

    if (equals == NULL || equals == optarg || equals[1] == '\0') {
        return cli_usage(command, "--jwks must be ORG=FILE");
    }

    if (*n == CLI_CHECK_SETS) {
        return cli_usage(command, "more than %d --jwks", CLI_CHECK_SETS);
    }

    set = &sets[*n];
    memset(set, 0, sizeof(*set));

    set->org.data = (const unsigned char *) optarg;
    set->org.len = (size_t) (equals - optarg);
    files[*n] = equals + 1;

    (*n)++;

    return 0;
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
"                        as \"postern_jwks\" does; repeatable\n"
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
