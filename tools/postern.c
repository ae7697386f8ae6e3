
/*
 * postern, the program: one subcommand a file.  It shares the pure files of the
 * modules, so what it says of a directory or a request is what the gateway
 * says.
 */


#include <signal.h>
#include <sys/resource.h>

#include <sodium.h>

#include "cli.h"


#ifndef POSTERN_VERSION
#define POSTERN_VERSION  "0.1.0"
#endif


typedef struct {
    const char  *name;
    int        (*run)(int argc, char **argv);
    const char  *summary;
} cli_command_t;


static void cli_help(FILE *out);


static const cli_command_t  cli_commands[] = {
    { "master-key", cli_master_key, "make a key that seals secrets" },
    { "seal",       cli_seal,       "seal a secret for the directory" },
    { "key",        cli_key,        "make a signing key, both sides of it" },
    { "user",       cli_user,       "make the entry of a user" },
    { "hash",       cli_hash,       "hash a password for the directory" },
    { "totp",       cli_totp,       "enrol an authenticator of a user" },
    { "recovery",   cli_recovery,   "make recovery codes for a user" },
    { "check",      cli_check,      "check a directory" },
    { "sign",       cli_sign,       "send or print a signed request" },
    { "explain",    cli_explain,    "say why a request verifies or does not" },
    { NULL, NULL, NULL }
};


int
main(int argc, char **argv)
{
    int                   rc;
    struct rlimit         none = { 0, 0 };
    const cli_command_t  *c;

    /* secrets pass through: none of them into a core file */

    setrlimit(RLIMIT_CORE, &none);

    if (sodium_init() < 0) {
        return cli_error("libsodium cannot be used on this machine");
    }

    if (argc < 2) {
        cli_help(stderr);
        return CLI_USAGE;
    }

    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
        || strcmp(argv[1], "help") == 0)
    {
        if (argc == 2) {
            cli_help(stdout);
            return CLI_OK;
        }

        /* "postern help sign" */
        argv[1] = argv[2];
        argv[2] = (char *) "--help";
    }

    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("postern " POSTERN_VERSION);
        return CLI_OK;
    }

    for (c = cli_commands; c->name; c++) {

        if (strcmp(argv[1], c->name) == 0) {
            rc = c->run(argc - 1, argv + 1);

            if (fflush(stdout) != 0 || ferror(stdout)) {
                return cli_error("cannot write to standard output");
            }

            return rc;
        }
    }

    cli_error("no command \"%.40s\"; \"postern --help\" lists them", argv[1]);

    return CLI_USAGE;
}


static void
cli_help(FILE *out)
{
    const cli_command_t  *c;

    fputs("NAME\n"
          "    postern - keys, directories and signed requests of the Postern "
          "modules\n"
          "\n"
          "SYNOPSIS\n"
          "    postern COMMAND [OPTION]...\n"
          "    postern COMMAND --help\n"
          "    postern --version\n"
          "\n"
          "COMMANDS\n", out);

    for (c = cli_commands; c->name; c++) {
        fprintf(out, "    %-12s %s\n", c->name, c->summary);
    }

    fputs("\n"
          "EXIT STATUS\n"
          "    0  done; the answer is yes\n"
          "    1  it did not succeed; the answer is no\n"
          "    2  the call was wrong\n"
          "\n"
          "Errors go to standard error and begin with \"postern:\".  Secrets "
          "are read from\nfiles, standard input or the terminal, never from "
          "the command line.\n", out);
}
