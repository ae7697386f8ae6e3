
/*
 * postern explain: options, steps, the report, comparison, guesses.
 */


#ifndef _CLI_EXPLAIN_H_INCLUDED_
#define _CLI_EXPLAIN_H_INCLUDED_


#include "cli_jwks.h"
#include "cli_webhook.h"


#define CLI_EXPLAIN_FIELDS  32


typedef struct {
    cli_request_t              request;
    sign_policy_t              policy;
    postern_str_t              demanded[CLI_EXPLAIN_FIELDS];

    const char                *directory;
    cli_jwks_t                 jwks;       /* beside the directory */
    const char                *ring_file;
    const char                *base_file;
    const char                *body_file;
    const char                *scheme;     /* of the URI */
    const char                *org;
    const char                *url;        /* of an entry of a HAR */
    int64_t                    entry;      /* its number; 0: none given */
    sign_webhook_t             webhook;
    postern_str_t              keys[SIGN_MAX_KEYS];    /* of webhooks */
    size_t                     nkeys;
    int                        has_address;
    unsigned char              address[16];
    int64_t                    at;         /* 0: when it was signed */

    postern_str_t              body;       /* of body_file */
    postern_directory_t       *dir;
    const postern_key_t       *key;
    unsigned char              secrets[SIGN_MAX_KEYS][POSTERN_SECRET_MAX];
    size_t                     secret_len[SIGN_MAX_KEYS];

    sign_message_t             msg;
    sign_message_t             guess;
    sign_code_e                code;
    int                        untold;     /* a body is needed and not there */
} cli_explain_t;


/* cli_explain_steps.c */
void cli_explain_steps(cli_explain_t *e);

/* all steps on another request, or with other secrets */
sign_code_e cli_explain_verify(cli_explain_t *e, const sign_request_t *req,
    sign_message_t *msg);

/* cli_explain_report.c */
void cli_explain_report(cli_explain_t *e);

/* cli_explain_compare.c: with the file of --base, and with a base that was
   guessed */
void cli_explain_compare(cli_explain_t *e);
void cli_explain_guessed(const cli_explain_t *e, const sign_message_t *guess);

/* the next line, text->data is NULL behind the last one; and a line, with what
   a terminal must not get escaped */
postern_str_t cli_explain_line(postern_str_t *text);
void cli_explain_print(const char *title, postern_str_t line);

/* cli_explain_guess.c: what would have made it verify */
void cli_explain_guess(cli_explain_t *e);


#endif /* _CLI_EXPLAIN_H_INCLUDED_ */
