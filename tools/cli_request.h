
/*
 * A request in the hands of the program: to be signed, or captured.
 */


#ifndef _CLI_REQUEST_H_INCLUDED_
#define _CLI_REQUEST_H_INCLUDED_


#include "cli.h"
#include "sign_message.h"


typedef struct {
    sign_request_t     req;               /* .fields is fields below */
    sign_field_t       fields[SIGN_MAX_FIELDS];
    const char        *names[SIGN_MAX_FIELDS];   /* as written */
    postern_str_t      body;
    int                body_known;
    postern_arena_t   *arena;             /* strings live here */
} cli_request_t;


/* empty but for the arena */
void cli_request_init(cli_request_t *r);
void cli_request_free(cli_request_t *r);

/* appends a field, value trimmed; 0, or -1 after an error */
int cli_request_add(cli_request_t *r, const char *name, postern_str_t value);

/* the value of the first field of that (lower case) name, absent without */
postern_str_t cli_request_get(const cli_request_t *r, const char *name);

/* the value of the last field of that name is another one */
void cli_request_set_last(cli_request_t *r, const char *name,
    postern_str_t value);

/* scheme, authority (default port dropped) and target of a URL; 0, or -1 after
   an error */
int cli_request_url(cli_request_t *r, const char *url);

/* a raw HTTP/1.1 request, or what "curl -v" printed; 0, or -1 after an error */
int cli_request_parse(cli_request_t *r, postern_str_t text, const char *name);

/*
 * cli_request_har.c: one request of an HTTP archive, by its number (from 1 on;
 * 0 for none) or by a text that its URL contains (NULL for none); 0, or -1
 * after an error.
 */
int cli_request_is_har(postern_str_t text);
int cli_request_har(cli_request_t *r, postern_str_t text, const char *name,
    int64_t entry, const char *url);

/* a printf() into the arena */
postern_str_t cli_format(cli_request_t *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


/*
 * The client's side of a key.
 */

typedef struct {
    postern_alg_e      alg;
    postern_str_t      secret;            /* HMAC */
    void              *pkey;              /* EVP_PKEY of the others */
} cli_signer_t;

/* 0, or -1 after an error; wiped by cli_signer_free() */
int cli_signer_secret(cli_signer_t *s, const char *file);
int cli_signer_key(cli_signer_t *s, const char *file);
void cli_signer_free(cli_signer_t *s);

/* for keys that can do more than one: an RSA key, a secret; 0, or -1 after an
   error */
int cli_signer_choose(cli_signer_t *s, postern_alg_e alg);

#define CLI_SIGNATURE_MAX  1024    /* bytes: RSA with 8192 bits */

/* the signature of msg->base, for the scheme of msg; its length, or 0 after an
   error */
size_t cli_signer_sign(const cli_signer_t *s, const sign_message_t *msg,
    unsigned char out[CLI_SIGNATURE_MAX]);


#endif /* _CLI_REQUEST_H_INCLUDED_ */
