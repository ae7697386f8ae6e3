
/*
 * Signatures of EnOS, versions 1 and 2, and the call that gives tokens out for
 * version 2.
 *
 *     2:      SHA-256(token, parameters, body, time, secret)
 *     1:      SHA-1(key id, parameters, body, secret)
 *     token:  SHA-256(key id, time, secret)
 *
 * parameters are the names and values of the query, decoded, in the order of
 * names, without anything between them.  Neither method nor path nor host are
 * covered.  The secret stands at the end of what is hashed, so that the body
 * streams by and keys of this scheme keep the secret itself.
 */


#ifndef _SIGN_ENOS_H_INCLUDED_
#define _SIGN_ENOS_H_INCLUDED_


#include "sign_message.h"


#define SIGN_ENOS_TOKEN_MAX    1024    /* bytes of an access token */
#define SIGN_ENOS_CALL_MAX     4096    /* bytes of a call for a token */


/* what EnOS answers to a call for a token, as its documentation numbers it */

typedef enum {
    SIGN_ENOS_OK       = 0,
    SIGN_ENOS_REPEATED = 1001,
    SIGN_ENOS_NO_KEY   = 1002,
    SIGN_ENOS_WRONG    = 1003,    /* encryption */
    SIGN_ENOS_INVALID  = 1004,    /* a parameter */
    SIGN_ENOS_INTERNAL = 1005,
    SIGN_ENOS_EMPTY    = 1202     /* a parameter */
} sign_enos_status_e;


/* of a request of version 2: whose key_id is to be looked up, as the message
   names none; absent with the others */
postern_str_t sign_enos_token(const sign_message_t *msg);

/*
 * A call for a token as a message: its body is {"appKey", "encryption",
 * "timestamp"}.  Fills in *msg as sign_parse() does; *status says what is wrong
 * where it is not SIGN_OK.
 */
sign_code_e sign_enos_call(postern_str_t body, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_enos_status_e *status);


/* sign_enos_query.c */

typedef struct {
    postern_str_t    key_id;      /* accessKey */
    postern_str_t    signature;   /* sign, as sent */
    postern_str_t    time;        /* requestTimestamp */
    postern_str_t    text;        /* names and values: all that is signed */
} sign_enos_query_t;

/* version: 1 takes "accessKey" and "sign" for what they are and leaves them
   out of the text */
sign_code_e sign_enos_query(postern_str_t target, unsigned version,
    const postern_alloc_t *alloc, sign_enos_query_t *query,
    sign_message_t *msg);

/* 1 where the query has accessKey and sign, as they stand */
int sign_enos_in_query(postern_str_t target);


#endif /* _SIGN_ENOS_H_INCLUDED_ */
