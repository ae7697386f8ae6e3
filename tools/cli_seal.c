
/*
 * postern seal: seals a secret for one record of the directory.
 */


#include <sodium.h>

#include "cli.h"


static void cli_seal_help(void);
static int cli_seal_secret(const char *file, const char *name, int binary);
static int cli_seal_private(const char *name);
static const char *cli_seal_fault(postern_str_t secret, int private,
    char *text, size_t size);
static int cli_seal_again(const postern_ring_t *ring, const char *name,
    postern_str_t *secret);
static int cli_seal_name(const char *path, const char *org, char *name,
    size_t size);


int
cli_seal(int argc, char **argv)
{
    int              c, binary;
    char             name[3 * POSTERN_NAME_MAX];
    const char      *file, *org, *record;

    static const struct option  options[] = {
        { "master-key", required_argument, NULL, 'm' },
        { "org",        required_argument, NULL, 'o' },
        { "record",     required_argument, NULL, 'r' },
        { "binary",     no_argument,       NULL, 'b' },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    const cli_value_t  values[] = {
        { 'm', &file },
        { 'o', &org },
        { 'r', &record },
        { 0, NULL }
    };

    binary = 0;
    file = NULL;
    org = NULL;
    record = NULL;
    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

        switch (c) {

        case 'b':
            binary = 1;
            break;

        case 'h':
            cli_seal_help();
            return CLI_OK;

        default:
            if (!cli_value(values, c)) {
                return cli_bad_option(argv, c);
            }

            break;
        }
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument; the secret itself is "
                         "read from standard input, so that nobody sees it "
                         "in the list of processes");
    }

    if (file == NULL || org == NULL || record == NULL) {
        return cli_usage(argv[0], "%s is missing",
                         file == NULL ? "--master-key"
                         : org == NULL ? "--org" : "--record");
    }

    if (cli_seal_name(record, org, name, sizeof(name)) != 0) {
        return cli_usage(argv[0], "--org must be a name and --record a path of "
                         "three names such as keys/AK1/secret or "
                         "users/alice/totp");
    }

    return cli_seal_secret(file, name, binary);
}


static int
cli_seal_secret(const char *file, const char *name, int binary)
{
    int              private;
    char             text[POSTERN_SEALED_PRIVATE_MAX];
    size_t           len;
    const char      *fault;
    postern_str_t    secret;
    postern_ring_t   ring;

    private = cli_seal_private(name);

    if (cli_ring(file, &ring) != 0) {
        return CLI_FAILED;
    }

    if (cli_secret("secret", binary, &secret) != 0) {
        sodium_memzero(&ring, sizeof(ring));
        return CLI_FAILED;
    }

    if (!binary && cli_seal_again(&ring, name, &secret) != 0) {
        sodium_memzero(&ring, sizeof(ring));
        cli_free(&secret);
        return CLI_FAILED;
    }

    len = 0;
    fault = cli_seal_fault(secret, private, text, sizeof(text));

    if (fault == NULL) {
        len = private ? postern_private_seal(&ring, secret, cli_str(name),
                                             text, sizeof(text))
                      : postern_seal(&ring, secret, cli_str(name), text,
                                     sizeof(text));
        fault = "the secret could not be sealed";
    }

    if (len == 0) {
        cli_error("%s", fault);
    }

    sodium_memzero(&ring, sizeof(ring));
    cli_free(&secret);

    if (len == 0) {
        return CLI_FAILED;
    }

    puts(text);

    return CLI_OK;
}


/* the member "private_key" of a key, which is longer than any secret */

static int
cli_seal_private(const char *name)
{
    const char  *last;

    last = strrchr(name, '/');

    return last && strcmp(last, "/private_key") == 0;
}


static const char *
cli_seal_fault(postern_str_t secret, int private, char *text, size_t size)
{
    if (secret.len == 0) {
        return "the secret is empty";
    }

    if (private) {

        if (secret.len < 11 || memcmp(secret.data, "-----BEGIN ", 11) != 0) {
            return "the private key must be in PEM, as \"openssl genpkey\" "
                   "writes it";
        }

        if (secret.len > POSTERN_PRIVATE_MAX) {
            snprintf(text, size, "the private key has more than %d bytes",
                     POSTERN_PRIVATE_MAX);
            return text;
        }

        return NULL;
    }

    if (secret.len < POSTERN_SECRET_MIN) {
        snprintf(text, size, "the secret has %zu bytes, at least %d are "
                 "needed: \"openssl rand -base64 32\" makes a good one",
                 secret.len, POSTERN_SECRET_MIN);
        return text;
    }

    if (secret.len > POSTERN_SECRET_MAX) {
        snprintf(text, size, "the secret has more than %d bytes",
                 POSTERN_SECRET_MAX);
        return text;
    }

    return NULL;
}


/* what stands in a directory already is opened, whichever form it has */

static int
cli_seal_again(const postern_ring_t *ring, const char *name,
    postern_str_t *secret)
{
    size_t           i, len;
    unsigned char   *data;
    postern_str_t    prefix;
    postern_open_e   rc;

    static const char  *const forms[] = { "sealed:", "plain:", "base64:" };

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        prefix = cli_str(forms[i]);

        if (secret->len >= prefix.len
            && memcmp(secret->data, prefix.data, prefix.len) == 0)
        {
            break;
        }
    }

    if (i == sizeof(forms) / sizeof(forms[0])) {
        return 0;
    }

    data = cli_alloc(POSTERN_PRIVATE_MAX + 1);

    rc = cli_seal_private(name)
         ? postern_private_open(ring, *secret, cli_str(name), data, &len)
         : postern_secret_open(ring, *secret, cli_str(name), data, &len);

    cli_free(secret);
    secret->data = data;
    secret->len = 0;

    if (rc != POSTERN_OPEN_OK) {
        cli_error("the secret given, in the form of a directory, does not "
                  "open: %s", postern_open_text(rc));
        return -1;
    }

    secret->len = len;

    return 0;
}


/* collection/record/member; only the record may hold slashes */

static int
cli_seal_name(const char *path, const char *org, char *name, size_t size)
{
    char            collection[POSTERN_NAME_MAX];
    const char     *first, *last;
    postern_str_t   record;

    first = strchr(path, '/');
    last = strrchr(path, '/');

    if (first == NULL || first == last || first == path || last[1] == '\0'
        || (size_t) (first - path) >= sizeof(collection))
    {
        return -1;
    }

    memcpy(collection, path, (size_t) (first - path));
    collection[first - path] = '\0';

    record.data = (const unsigned char *) first + 1;
    record.len = (size_t) (last - first - 1);

    return postern_seal_name(name, size, cli_str(org), collection, record,
                             last + 1)
           ? 0 : -1;
}


static void
cli_seal_help(void)
{
    puts(
"NAME\n"
"    postern seal - seal a secret for the directory\n"
"\n"
"SYNOPSIS\n"
"    postern seal --master-key FILE --org ORG --record PATH < SECRET\n"
"\n"
"DESCRIPTION\n"
"    Reads a secret and prints it sealed: \"sealed:...\", the "
    "value of a member\n"
"    \"secret\" in the directory.  The record's name is bound in: a sealed\n"
"    secret that is moved to another record does not open.\n"
"\n"
"    The secret comes from standard input, where one line break at its end is\n"
"    dropped, or is asked for twice on the terminal, without echo.  One that\n"
"    a directory holds already, \"sealed:...\", \"plain:...\" or "
"\"base64:...\",\n"
"    is opened first: so it is sealed anew by the first master key.\n"
"\n"
"OPTIONS\n"
"    --master-key FILE   the master keys; the first one seals\n"
"    --org ORG           the organization the record belongs to\n"
"    --record PATH       which secret of the organization it is:\n"
"                        keys/KEY-ID/secret, the secret of a signing key;\n"
"                        keys/KEY-ID/private_key, the PEM of one that nginx\n"
"                        signs with;\n"
"                        users/NAME/totp or users/NAME/hotp, that of an\n"
"                        authenticator: bytes, while \"postern totp\n"
"                        --import\" takes base32\n"
"    --binary            take every byte of the input as it is, a line "
"break too\n"
"    --help              this text\n"
"\n"
"EXAMPLES\n"
"    postern seal --master-key postern.key --org acme --record "
    "keys/AK1/secret\n"
"    head -c 32 /dev/urandom | postern seal --binary --master-key "
    "postern.key \\\n"
"        --org acme --record keys/AK2/secret\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern master-key, postern key");
}
