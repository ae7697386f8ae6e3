
/*
 * postern explain, in three parts: options and steps, the report, guesses.
 */


#ifndef _CLI_EXPLAIN_H_INCLUDED_
#define _CLI_EXPLAIN_H_INCLUDED_


#include "cli_request.h"


#define CLI_EXPLAIN_FIELDS  32


typedef struct {
    cli_request_t              request;
    sign_policy_t              policy;
    postern_str_t              demanded[CLI_EXPLAIN_FIELDS];

    const char                *directory;
    const char                *ring_file;
    const char                *base_file;
    const char                *body_file;
    const char                *scheme;
    const char                *org;
    int                        has_address;
    unsigned char              address[16];
    int64_t                    at;         /* 0: when it was signed */

    postern_str_t              body;       /* of body_file */
    postern_directory_t       *dir;
    const postern_key_t       *key;
    unsigned char              secret[POSTERN_SECRET_MAX];
    size_t                     secret_len;

    sign_message_t             msg;
    sign_code_e                code;
    int                        untold;     /* a body is needed and not there */
} cli_explain_t;


/* cli_explain_report.c */
void cli_explain_report(cli_explain_t *e);
int cli_explain_compare(cli_explain_t *e);

/* cli_explain_guess.c: what would have made it verify */
void cli_explain_guess(cli_explain_t *e);

/* shape, base and cryptography of a request, as far as they need no policy */
sign_code_e cli_explain_verify(cli_explain_t *e, const sign_request_t *req,
    postern_str_t secret, sign_message_t *msg);


#endif /* _CLI_EXPLAIN_H_INCLUDED_ */
