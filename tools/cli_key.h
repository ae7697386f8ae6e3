
/*
 * What "postern key" is asked for, and the two halves of its work: the key
 * itself, and the member of the directory.
 */


#ifndef _CLI_KEY_H_INCLUDED_
#define _CLI_KEY_H_INCLUDED_


#include <jansson.h>

#include "cli.h"


#define CLI_KEY_LIST  32        /* of roles, schemes, … */


typedef struct {
    const char      *value[CLI_KEY_LIST];
    size_t           n;
} cli_key_list_t;


typedef struct {
    const char      *org;
    const char      *id;
    const char      *user;
    cli_key_list_t   roles;
    cli_key_list_t   schemes;
    cli_key_list_t   principals;
    cli_key_list_t   subject;     /* NAME=VALUE */
    const char      *rate;
    const char      *not_before;
    const char      *not_after;
    const char      *ring_file;
    const char      *public;      /* a file: the key is there already */
    const char      *crl;
    const char      *out;
    const char      *prefix;      /* of keys in Redis */
    postern_alg_e    alg;
    unsigned         jwk:1;       /* print that instead of the member */
    unsigned         outward:1;   /* the directory keeps the private half */
    unsigned         redis:1;     /* print records of Redis */

    /* what the key is found by there, beside its id */
    postern_key_name_t  names[POSTERN_KEY_NAMES_MAX];
    size_t              nnames;
} cli_key_t;


/* cli_key_make.c: fills in the member's material, and writes what the client
   keeps to k->out; 0, or -1 after an error was printed */
int cli_key_make(const cli_key_t *k, json_t *member);


#endif /* _CLI_KEY_H_INCLUDED_ */
