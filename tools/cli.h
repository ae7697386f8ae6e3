
/*
 * What the subcommands of the program share.
 *
 * A subcommand is a function of (argc, argv) with its own name as argv[0]; it
 * returns the exit status: CLI_OK, CLI_FAILED (what was asked for did not
 * succeed, or the answer is no) or CLI_USAGE (the call was wrong).
 */


#ifndef _CLI_H_INCLUDED_
#define _CLI_H_INCLUDED_


#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "postern_seal.h"


#define CLI_OK         0
#define CLI_FAILED     1
#define CLI_USAGE      2

#define CLI_MAX_BODY   (256 * 1024 * 1024)   /* bytes of a body to sign */
#define CLI_MAX_TEXT   (1024 * 1024)         /* bytes of a captured head */


int cli_master_key(int argc, char **argv);
int cli_seal(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_hash(int argc, char **argv);
int cli_totp(int argc, char **argv);
int cli_recovery(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_sign(int argc, char **argv);
int cli_explain(int argc, char **argv);


/* memory that must not run out: prints why and ends the program */
void *cli_alloc(size_t size);

/* "postern: ..." on stderr; returns CLI_FAILED and CLI_USAGE */
int cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int cli_usage(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* options that only keep their value: the row of c is filled in; 0 where there
   is none.  The table ends with a row without value. */

typedef struct {
    int           option;
    const char  **value;
} cli_value_t;

int cli_value(const cli_value_t *table, int c);

/* for what getopt_long() does not know, c being ":" or "?" */
int cli_bad_option(char **argv, int c);

/* a slice of a string, absent for NULL */
postern_str_t cli_str(const char *s);

/*
 * A whole file ("-": standard input) of at most max bytes, with a NUL behind
 * it; 0, or -1 after an error was printed.  Freed by cli_free(), which wipes.
 */
int cli_read(const char *name, size_t max, postern_str_t *out);
void cli_free(postern_str_t *s);

/* writes a file that only its owner can read; exclusive: it must not exist,
   else it is replaced at once or not at all */
int cli_write_secret(const char *name, postern_str_t data, int exclusive);

/* master keys from a file that only its owner can read; ring is the caller's
   to wipe */
int cli_ring(const char *name, postern_ring_t *ring);

/* a secret from the terminal, without echo and twice, or else from standard
   input, one line break at its end removed unless binary; wiped and freed by
   cli_free() */
int cli_secret(const char *prompt, int binary, postern_str_t *out);

/* the directory in a file; the fault was printed where it is NULL */
postern_directory_t *cli_directory(const char *name);

/* with n sets of keys beside it, from these files */
postern_directory_t *cli_directory_sets(const char *name,
    postern_jwks_t *sets, const char *const *files, uint32_t n);

/* name is 1 to max bytes of what a name may be made of */
int cli_name_valid(const char *name);


#endif /* _CLI_H_INCLUDED_ */
