
/*
 * postern user: a whole entry of a user for the directory.
 */


#include "cli_person.h"


static json_t *cli_user_entry(const cli_person_t *p);
static int cli_user_factors(const cli_person_t *p, json_t *entry, int totp,
    int recovery);
static int cli_user_member(json_t *object, const char *name, json_t *value);
static void cli_user_help(void);


int
cli_user(int argc, char **argv)
{
    int           rc;
    json_t       *entry;
    cli_person_t  p;

    int  totp = 0, recovery = 0;

    const struct option  options[] = {
        { "org",        required_argument, NULL, 'o' },
        { "name",       required_argument, NULL, 'n' },
        { "email",      required_argument, NULL, 'e' },
        { "role",       required_argument, NULL, CLI_PERSON_ROLE },
        { "master-key", required_argument, NULL, 'm' },
        { "totp",       no_argument,       &totp, 1 },
        { "recovery",   no_argument,       &recovery, 1 },
        CLI_PERSON_OTP,
        { "insecure-any-password", no_argument, NULL, CLI_PERSON_ANY },
        CLI_PERSON_ARGON2,
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    static const cli_value_t  values[] = { { 0, NULL } };

    cli_person_init(&p);

    rc = cli_person_options(&p, argc, argv, options, values, cli_user_help);
    if (rc != -1) {
        return rc;
    }

    if (optind + 1 < argc) {
        return cli_usage(argv[0], "unexpected argument \"%s\"",
                         argv[optind + 1]);
    }

    p.user = argv[optind];

    rc = cli_person_names(&p, argv[0]);
    if (rc != -1) {
        return rc;
    }

    /* what is wrong with an address is said before a password is asked for */

    entry = cli_user_entry(&p);

    if (cli_person_check(&p, entry) != 0
        || cli_user_member(entry, "password", cli_person_password(&p)) != 0
        || cli_user_factors(&p, entry, totp, recovery) != 0
        || cli_person_check(&p, entry) != 0)
    {
        json_decref(entry);
        return CLI_FAILED;
    }

    return cli_person_print(json_pack("{s:o}", p.user, entry));
}


/* NULL where something is no UTF-8 */

static json_t *
cli_user_entry(const cli_person_t *p)
{
    size_t   i;
    json_t  *roles;

    roles = json_array();

    for (i = 0; i < p->nroles; i++) {

        if (json_array_append_new(roles, json_string(p->roles[i])) != 0) {
            json_decref(roles);
            return NULL;
        }
    }

    return json_pack("{s:s*, s:s*, s:o}", "name", p->display, "email",
                     p->email, "roles", roles);
}


static int
cli_user_factors(const cli_person_t *p, json_t *entry, int totp, int recovery)
{
    json_t         *factors, *otp;
    postern_str_t   none = postern_null_string;

    if (!totp && !recovery) {
        return 0;
    }

    factors = json_object();
    json_object_set_new(entry, "factors", factors);

    if (totp) {
        otp = cli_person_otp(p, none);

        if (otp == NULL) {
            return -1;
        }

        json_object_set_new(factors, "totp", json_pack("[o]", otp));
    }

    return recovery ? cli_user_member(factors, "recovery",
                                      cli_person_recovery(p))
                    : 0;
}


static int
cli_user_member(json_t *object, const char *name, json_t *value)
{
    return value ? json_object_set_new(object, name, value) : -1;
}


static void
cli_user_help(void)
{
    puts(
"NAME\n"
"    postern user - make the entry of a user for the directory\n"
"\n"
"SYNOPSIS\n"
"    postern user --org ORG [--name TEXT] [--email ADDRESS] [--role ROLE]...\n"
"                 [--totp] [--recovery] [--master-key FILE] [OPTION]... NAME\n"
"\n"
"DESCRIPTION\n"
"    Asks for a password (see \"postern hash\") and prints the "
"entry of a user as\n"
"    a JSON object, to be merged into \"users\" of the organization.  With\n"
"    --totp an authenticator is enrolled as by \"postern totp\", with\n"
"    --recovery codes are made as by \"postern recovery\"; what the user is\n"
"    to keep of them is shown once, on standard error.\n"
"\n"
"OPTIONS\n"
"    --org ORG            the organization; secrets are bound to it\n"
"    --name TEXT          the name that people read: \"Alice Doe\"\n"
"    --email ADDRESS      where mail reaches the user\n"
"    --role ROLE          a role of the organization; repeatable\n"
"    --totp               enrol an authenticator\n"
"    --recovery           make recovery codes\n"
"    --master-key FILE    seal the authenticator's secret; without it the\n"
"                         secret is written as \"base64:\", for first "
"steps only\n"
"    --device, --issuer, --algorithm, --digits, --period\n"
"                         of the authenticator: see \"postern totp --help\"\n"
"    --memory, --passes, --insecure-argon2id, --insecure-any-password\n"
"                         of the password: see \"postern hash --help\"\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    postern user --org acme --role operator --email alice@acme.example \\\n"
"        --totp --recovery --master-key postern.key alice > alice.json\n"
"    jq --slurpfile u alice.json '.organizations.acme.users += $u[0]' \\\n"
"        postern.json > new.json && postern check new.json\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, or the password was refused, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern hash, postern totp, postern recovery, postern check");
}
