
/*
 * postern sign: options, signatures of each scheme, transfer.
 */


#ifndef _CLI_SIGN_H_INCLUDED_
#define _CLI_SIGN_H_INCLUDED_


#include "cli_request.h"


#define CLI_SIGN_MAX  64       /* --header, --component */


typedef struct {
    cli_request_t     request;
    cli_signer_t      signer;
    sign_scheme_e     scheme;

    const char       *form;               /* cavage: draft, kong, apisix */
    const char       *kind;               /* webhook */
    const char       *token;              /* enos, version 2 */
    const char       *algorithm;          /* NULL: the key's usual one */

    const char       *url;
    const char       *key_id;
    const char       *method;
    const char       *region;
    const char       *service;
    const char       *label;
    const char       *tag;
    const char       *nonce;
    int               no_nonce;
    int64_t           created;
    int64_t           expires;            /* seconds behind created; 0: none */

    const char       *headers[CLI_SIGN_MAX];
    size_t            nheaders;
    const char       *components[CLI_SIGN_MAX];
    size_t            ncomponents;

    postern_str_t     body;
    int               has_body;

    /* what to do with it */
    int               print;              /* raw HTTP */
    int               print_headers;      /* the lines a client must add */
    int               print_base;
    int               include;
    int               insecure;
    const char       *cacert;
} cli_sign_t;


/* cli_sign_make.c: adds the fields of the signature; 0, or -1 after an
   error */
int cli_sign_make(cli_sign_t *s);

int cli_sign_make_cavage(cli_sign_t *s);        /* cli_sign_cavage.c */
int cli_sign_make_webhook(cli_sign_t *s);       /* cli_sign_webhook.c */
int cli_sign_make_enos(cli_sign_t *s);          /* cli_sign_enos.c */

/* reads the request as the gateway does and signs what it says was signed; the
   length of the signature, or 0 after an error */
size_t cli_sign_base(cli_sign_t *s, unsigned char out[CLI_SIGNATURE_MAX]);

/* in the request's arena */
const char *cli_sign_base64(cli_sign_t *s, const unsigned char *data,
    size_t len);

/* cli_sign_send.c: sends it, the response goes to standard output */
int cli_sign_send(cli_sign_t *s);


#endif /* _CLI_SIGN_H_INCLUDED_ */
