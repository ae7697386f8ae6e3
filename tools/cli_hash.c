
/*
 * postern hash: the hash of a password, for the directory.
 */


#include "cli_person.h"


static void cli_hash_help(void);


int
cli_hash(int argc, char **argv)
{
    int            rc;
    json_t        *hash;
    cli_person_t   p;

    static const struct option  options[] = {
        { "user",  required_argument, NULL, 'u' },
        { "email", required_argument, NULL, 'e' },
        { "insecure-any-password", no_argument, NULL, CLI_PERSON_ANY },
        CLI_PERSON_ARGON2,
        { "help",  no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    static const cli_value_t  values[] = { { 0, NULL } };

    cli_person_init(&p);

    rc = cli_person_options(&p, argc, argv, options, values, cli_hash_help);
    if (rc != -1) {
        return rc;
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument; the password itself is "
                         "asked for, or read from standard input, so that "
                         "nobody sees it in the list of processes");
    }

    hash = cli_person_password(&p);
    if (hash == NULL) {
        return CLI_FAILED;
    }

    puts(json_string_value(hash));
    json_decref(hash);

    return CLI_OK;
}


static void
cli_hash_help(void)
{
    puts(
"NAME\n"
"    postern hash - hash a password for the directory\n"
"\n"
"SYNOPSIS\n"
"    postern hash [--user NAME] [--email ADDRESS] [--memory SIZE]\n"
"                 [--passes N] < PASSWORD\n"
"\n"
"DESCRIPTION\n"
"    Prints the Argon2id hash of a password, the value of the member\n"
"    \"password\" of a user in the directory.\n"
"\n"
"    The password is asked for twice on the terminal, without echo, or comes\n"
"    from standard input, where one line break at its end is dropped.  It is\n"
"    refused where the pages of Postern would refuse it: with fewer than 8\n"
"    characters, when it is among those that are tried first, or a name of\n"
"    the user.\n"
"\n"
"OPTIONS\n"
"    --user NAME         whose password it is, which must not be the name\n"
"    --email ADDRESS     the user's, which must not be the password either\n"
"    --memory SIZE       memory of a hash, 19m where it is left out\n"
"    --passes N          passes over it, 2 where they are left out\n"
"    --insecure-argon2id take less memory and fewer passes than OWASP asks\n"
"                        for\n"
"    --insecure-any-password\n"
"                        take a password that anybody may guess\n"
"    --help              this text\n"
"\n"
"EXAMPLES\n"
"    postern hash --user alice\n"
"    pwgen -s 20 1 | tee /dev/tty | postern hash\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, or the password was refused, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern user");
}
