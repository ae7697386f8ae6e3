
/*
 * Sets of keys beside a directory, named as nginx.conf names them.
 */


#ifndef _CLI_JWKS_H_INCLUDED_
#define _CLI_JWKS_H_INCLUDED_


#include "cli.h"


#define CLI_JWKS_MAX   32      /* sets */
#define CLI_JWKS_LIST  64      /* entries of an argument, as in nginx.conf */


typedef struct {
    postern_jwks_t      sets[CLI_JWKS_MAX];
    const char         *files[CLI_JWKS_MAX];
    postern_str_t       roles[CLI_JWKS_MAX][CLI_JWKS_LIST];
    postern_network_t   networks[CLI_JWKS_MAX][CLI_JWKS_LIST];
    char               *texts[CLI_JWKS_MAX];
    uint32_t            n;
} cli_jwks_t;


/* one more, "ORG=FILE" or what "postern_jwks" takes; -1, or CLI_USAGE after an
   error */
int cli_jwks_add(cli_jwks_t *j, const char *command, const char *arg);

/* the directory with these beside it, NULL after an error; then they are not
   needed any more */
postern_directory_t *cli_jwks_directory(cli_jwks_t *j, const char *name);
void cli_jwks_free(cli_jwks_t *j);


#endif /* _CLI_JWKS_H_INCLUDED_ */
