
/*
 * postern recovery: a set of recovery codes, and its hashes for the directory.
 */


#include "cli_person.h"


static void cli_recovery_help(void);


int
cli_recovery(int argc, char **argv)
{
    int           rc;
    cli_person_t  p;

    static const struct option  options[] = {
        CLI_PERSON_ARGON2,
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    static const cli_value_t  values[] = { { 0, NULL } };

    cli_person_init(&p);

    rc = cli_person_options(&p, argc, argv, options, values,
                            cli_recovery_help);
    if (rc != -1) {
        return rc;
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument \"%s\"", argv[optind]);
    }

    return cli_person_print(cli_person_recovery(&p));
}


static void
cli_recovery_help(void)
{
    puts(
"NAME\n"
"    postern recovery - make recovery codes for a user\n"
"\n"
"SYNOPSIS\n"
"    postern recovery [--memory SIZE] [--passes N]\n"
"\n"
"DESCRIPTION\n"
"    Makes ten codes of 80 random bits, each of which replaces a one-time\n"
"    code once.  They are shown once, on standard error, for the user to keep\n"
"    on paper; their Argon2id hashes go to standard output as a JSON array,\n"
"    the value of \"recovery\" in \"factors\" of the user.  All ten share one\n"
"    salt, so that a try costs the gateway one hash.\n"
"\n"
"    A new set replaces the old one as a whole.\n"
"\n"
"OPTIONS\n"
"    --memory SIZE       memory of a hash, 19m where it is left out\n"
"    --passes N          passes over it, 2 where they are left out\n"
"    --insecure-argon2id take less memory and fewer passes than OWASP asks\n"
"                        for\n"
"    --help              this text\n"
"\n"
"EXAMPLES\n"
"    postern recovery > codes.json\n"
"    jq --slurpfile r codes.json \\\n"
"        '.organizations.acme.users.alice.factors.recovery = $r[0]' \\\n"
"        postern.json > new.json && postern check new.json\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern totp, postern user");
}
