
/*
 * Options of the commands that make a person known, and what they print.
 */


#include <time.h>

#include <sodium.h>

#include "cli_person.h"


static int cli_person_option(cli_person_t *p, const char *command, int c);
static int cli_person_otp_option(cli_person_t *p, const char *command, int c);
static int cli_person_argon2_option(cli_person_t *p, const char *command,
    int c);
static int cli_person_size(const char *text, uint32_t *memory);


void
cli_person_init(cli_person_t *p)
{
    memset(p, 0, sizeof(cli_person_t));

    p->otp.hash = POSTERN_OTP_SHA1;
    p->otp.digits = 6;
    p->otp.period = 30;
    p->argon2.memory = MFA_ARGON2_MEMORY;
    p->argon2.passes = MFA_ARGON2_PASSES;
    p->now = (int64_t) time(NULL);
}


int
cli_person_options(cli_person_t *p, int argc, char **argv,
    const struct option *options, const cli_value_t *values,
    void (*help)(void))
{
    int       c, rc;
    uint32_t  least;

    const cli_value_t  own[] = {
        { 'o', &p->org },
        { 'u', &p->user },
        { 'n', &p->display },
        { 'e', &p->email },
        { 'm', &p->ring_file },
        { 'I', &p->issuer },
        { 'D', &p->device },
        { 0, NULL }
    };

    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

        if (c == 'h') {
            help();
            return CLI_OK;
        }

        if (c == ':' || c == '?') {
            return cli_bad_option(argv, c);
        }

        /* 0: a flag that getopt has set */

        if (c == 0 || cli_value(own, c) || cli_value(values, c)) {
            continue;
        }

        rc = cli_person_option(p, argv[0], c);
        if (rc != -1) {
            return rc;
        }
    }

    least = mfa_argon2_least(p->argon2.passes);

    if (p->argon2.memory < least && !p->weak) {
        return cli_usage(argv[0], "that is too easily guessed: OWASP asks for "
                         "--memory %uk with --passes %u; accept less by "
                         "--insecure-argon2id", least, p->argon2.passes);
    }

    return -1;
}


/* -1: go on */

static int
cli_person_option(cli_person_t *p, const char *command, int c)
{
    uint64_t  n;

    switch (c) {

    case CLI_PERSON_ROLE:
        if (p->nroles == CLI_PERSON_ROLES) {
            return cli_usage(command, "more than %d roles", CLI_PERSON_ROLES);
        }

        p->roles[p->nroles++] = optarg;
        return -1;

    case CLI_PERSON_ANY:
        p->any = 1;
        return -1;

    case CLI_PERSON_AT:
        if (cli_person_number(optarg, 0, INT64_MAX, &n) != 0) {
            return cli_usage(command, "--at must be seconds since 1970");
        }

        p->now = (int64_t) n;
        return -1;

    case CLI_PERSON_MEMORY:
    case CLI_PERSON_PASSES:
    case CLI_PERSON_WEAK:
        return cli_person_argon2_option(p, command, c);

    default:
        return cli_person_otp_option(p, command, c);
    }
}


static int
cli_person_otp_option(cli_person_t *p, const char *command, int c)
{
    uint64_t  n;

    switch (c) {

    case CLI_PERSON_ALGORITHM:
        if (strcmp(optarg, "sha1") == 0) {
            p->otp.hash = POSTERN_OTP_SHA1;

        } else if (strcmp(optarg, "sha256") == 0) {
            p->otp.hash = POSTERN_OTP_SHA256;

        } else if (strcmp(optarg, "sha512") == 0) {
            p->otp.hash = POSTERN_OTP_SHA512;

        } else {
            return cli_usage(command, "--algorithm must be sha1, sha256 or "
                             "sha512");
        }

        return -1;

    case CLI_PERSON_DIGITS:
        if (cli_person_number(optarg, 6, 8, &n) != 0 || n == 7) {
            return cli_usage(command, "--digits must be 6 or 8");
        }

        p->otp.digits = (unsigned) n;
        return -1;

    case CLI_PERSON_PERIOD:
        if (cli_person_number(optarg, 15, 120, &n) != 0) {
            return cli_usage(command, "--period must be 15 to 120 seconds");
        }

        p->otp.period = (unsigned) n;
        return -1;

    case CLI_PERSON_COUNTER:
        if (cli_person_number(optarg, 0, POSTERN_COUNTER_MAX, &p->counter)
            != 0)
        {
            return cli_usage(command, "--counter must be a whole number");
        }

        return -1;

    default: /* CLI_PERSON_HOTP */
        p->otp.period = 0;
        return -1;
    }
}


static int
cli_person_argon2_option(cli_person_t *p, const char *command, int c)
{
    uint64_t  n;

    switch (c) {

    case CLI_PERSON_MEMORY:
        if (cli_person_size(optarg, &p->argon2.memory) != 0) {
            return cli_usage(command, "--memory must be a size from 8k to "
                             "%dm, as 19456k or 19m",
                             MFA_ARGON2_MEMORY_MAX / 1024);
        }

        return -1;

    case CLI_PERSON_PASSES:
        if (cli_person_number(optarg, 1, MFA_ARGON2_PASSES_MAX, &n) != 0) {
            return cli_usage(command, "--passes must be 1 to %d",
                             MFA_ARGON2_PASSES_MAX);
        }

        p->argon2.passes = (uint32_t) n;
        return -1;

    default: /* CLI_PERSON_WEAK */
        p->weak = 1;
        return -1;
    }
}


static int
cli_person_size(const char *text, uint32_t *memory)
{
    char      number[24];
    size_t    len;
    uint64_t  n, unit;

    len = strlen(text);

    if (len < 2 || len >= sizeof(number)) {
        return -1;
    }

    switch (text[len - 1]) {

    case 'k':
    case 'K':
        unit = 1;
        break;

    case 'm':
    case 'M':
        unit = 1024;
        break;

    default:
        return -1;
    }

    memcpy(number, text, len - 1);
    number[len - 1] = '\0';

    if (cli_person_number(number, 1, MFA_ARGON2_MEMORY_MAX / unit, &n) != 0
        || n * unit < 8)
    {
        return -1;
    }

    *memory = (uint32_t) (n * unit);

    return 0;
}


int
cli_person_number(const char *text, uint64_t min, uint64_t max,
    uint64_t *number)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; text[i]; i++) {

        if (text[i] < '0' || text[i] > '9' || i == 18) {
            return -1;
        }

        n = n * 10 + (unsigned) (text[i] - '0');
    }

    if (i == 0 || n < min || n > max) {
        return -1;
    }

    *number = n;

    return 0;
}


int
cli_person_names(const cli_person_t *p, const char *command)
{
    if (p->org == NULL || p->user == NULL) {
        return cli_usage(command, "%s is missing",
                         p->org == NULL ? "--org" : "the user's name");
    }

    if (!cli_name_valid(p->org) || !cli_name_valid(p->user)) {
        return cli_usage(command, "%s must be a name of 1 to %d characters, "
                         "without blanks, quotes and slashes",
                         cli_name_valid(p->org) ? "a user" : "--org",
                         POSTERN_NAME_MAX);
    }

    return -1;
}


/* the parser of directories judges: in a directory of nobody else, in which
   there are the roles */

int
cli_person_check(const cli_person_t *p, json_t *entry)
{
    char                 *text;
    size_t                i;
    json_t               *doc, *roles;
    postern_error_t       err;
    postern_directory_t  *dir;

    roles = json_object();

    for (i = 0; i < p->nroles; i++) {
        json_object_set_new(roles, p->roles[i], json_object());
    }

    /* "O" of NULL: none */

    doc = json_pack("{s:i, s:{s:{s:{s:O}, s:o}}}", "version", 1,
                    "organizations", p->org, "users", p->user, entry, "roles",
                    roles);
    text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);

    if (text == NULL) {
        cli_error("what was given is not UTF-8");
        return -1;
    }

    memset(&err, 0, sizeof(err));
    dir = postern_directory_parse(cli_str(text), &err);

    sodium_memzero(text, strlen(text));
    free(text);

    if (dir == NULL) {
        cli_error("a directory would not take that: %s: %s", err.path,
                  err.text);
        return -1;
    }

    postern_directory_destroy(dir);

    return 0;
}


int
cli_person_print(json_t *value)
{
    if (value == NULL) {
        return CLI_FAILED;
    }

    fflush(stderr);
    json_dumpf(value, stdout, JSON_INDENT(2)|JSON_ENCODE_ANY);
    putchar('\n');
    json_decref(value);

    return CLI_OK;
}
