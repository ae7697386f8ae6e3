
/*
 * What makes a person known: password, authenticators, recovery codes.  Shared
 * by "postern hash", "totp", "recovery" and "user".
 *
 * What the directory is to hold goes to standard output as JSON, what the
 * person is to keep to standard error: so that the one can be put into a file
 * while the other is seen on the terminal, once.
 */


#ifndef _CLI_PERSON_H_INCLUDED_
#define _CLI_PERSON_H_INCLUDED_


#include <jansson.h>

#include "cli.h"
#include "mfa_otp.h"
#include "mfa_password.h"


#define CLI_PERSON_ROLES  32


typedef struct {
    const char    *org;
    const char    *user;
    const char    *display;         /* --name */
    const char    *email;
    const char    *roles[CLI_PERSON_ROLES];
    size_t         nroles;

    const char    *ring_file;       /* --master-key */
    const char    *issuer;
    const char    *device;
    mfa_otp_t      otp;
    uint64_t       counter;
    int64_t        now;             /* --at, or the time it is */

    mfa_argon2_t   argon2;
    unsigned       weak:1;          /* --insecure-argon2id */
    unsigned       any:1;           /* --insecure-any-password */
} cli_person_t;


/* options of a person that have no letter */

enum {
    CLI_PERSON_ALGORITHM = 256,
    CLI_PERSON_DIGITS,
    CLI_PERSON_PERIOD,
    CLI_PERSON_COUNTER,
    CLI_PERSON_HOTP,
    CLI_PERSON_MEMORY,
    CLI_PERSON_PASSES,
    CLI_PERSON_WEAK,
    CLI_PERSON_ANY,
    CLI_PERSON_ROLE,
    CLI_PERSON_AT
};

#define CLI_PERSON_OTP                                                        \
    { "algorithm",  required_argument, NULL, CLI_PERSON_ALGORITHM },          \
    { "digits",     required_argument, NULL, CLI_PERSON_DIGITS },             \
    { "period",     required_argument, NULL, CLI_PERSON_PERIOD },             \
    { "issuer",     required_argument, NULL, 'I' },                           \
    { "device",     required_argument, NULL, 'D' }

#define CLI_PERSON_ARGON2                                                     \
    { "memory",     required_argument, NULL, CLI_PERSON_MEMORY },             \
    { "passes",     required_argument, NULL, CLI_PERSON_PASSES },             \
    { "insecure-argon2id", no_argument, NULL, CLI_PERSON_WEAK }

void cli_person_init(cli_person_t *p);

/*
 * Reads the options of a command until their end: those of a person into *p,
 * others through values (a table as of cli_value()) and the help.  Returns -1
 * to go on, else the status.
 */
int cli_person_options(cli_person_t *p, int argc, char **argv,
    const struct option *options, const cli_value_t *values,
    void (*help)(void));

/* a whole number of an option, min to max; 0, or -1 where it is none */
int cli_person_number(const char *text, uint64_t min, uint64_t max,
    uint64_t *number);

/* --org and --user are names, whatever needs them given; -1: go on */
int cli_person_names(const cli_person_t *p, const char *command);

/*
 * Each makes a value for the directory, NULL after an error was printed.
 *
 * password(): asks, looks at the rules, hashes.  otp(): a new secret, or the
 * one given (wiped by the caller), sealed, and shown.  recovery(): ten codes,
 * shown, and their hashes.
 */
json_t *cli_person_password(const cli_person_t *p);
json_t *cli_person_otp(const cli_person_t *p, postern_str_t given);
json_t *cli_person_recovery(const cli_person_t *p);

/* the entry of a user (NULL: of no UTF-8) is what a directory takes, or the
   fault was printed */
int cli_person_check(const cli_person_t *p, json_t *entry);

/* prints a value as JSON, and drops it; CLI_OK, or CLI_FAILED for NULL */
int cli_person_print(json_t *value);


/* "postern totp --verify": looks for a code among the authenticators of a user
   in a directory; the exit status */
int cli_totp_verify(const cli_person_t *p, const char *directory,
    const char *code);


#endif /* _CLI_PERSON_H_INCLUDED_ */
