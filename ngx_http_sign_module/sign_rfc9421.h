
/*
 * HTTP Message Signatures, RFC 9421: what sign_rfc9421_parse() hands to
 * coverage and signature base.  Inside the scheme.
 */


#ifndef _SIGN_RFC9421_H_INCLUDED_
#define _SIGN_RFC9421_H_INCLUDED_


#include "sign_scheme.h"


/* the tag of draft-ietf-webbotauth-httpsig-protocol */
#define SIGN_RFC9421_BOT  "web-bot-auth"


typedef enum {
    SIGN_COMPONENT_FIELD = 0,
    SIGN_COMPONENT_METHOD,
    SIGN_COMPONENT_TARGET_URI,
    SIGN_COMPONENT_AUTHORITY,
    SIGN_COMPONENT_SCHEME,
    SIGN_COMPONENT_REQUEST_TARGET,
    SIGN_COMPONENT_PATH,
    SIGN_COMPONENT_QUERY,
    SIGN_COMPONENT_QUERY_PARAM,
    SIGN_COMPONENT_STATUS
} sign_component_e;


typedef struct {
    sign_component_e        kind;
    unsigned                sf:1;       /* strict serialization */
    unsigned                bs:1;       /* each line as a byte sequence */
    unsigned                key:1;      /* one member of a dictionary */
    unsigned                req:1;      /* of the request that is answered */
    unsigned                tr:1;       /* a trailer */
    postern_str_t           id;         /* as it stands in the base */
    postern_str_t           name;       /* without quotes */
    postern_str_t           arg;        /* of ;key= or ;name= */
} sign_component_t;


/* the request target taken apart (RFC 9112 section 3.2) */

typedef enum {
    SIGN_TARGET_ORIGIN = 0,             /* /path?query */
    SIGN_TARGET_ABSOLUTE,               /* http://host/path?query */
    SIGN_TARGET_OTHER                   /* "*" or host:port: has no path */
} sign_target_e;


typedef struct {
    sign_target_e           form;
    postern_str_t           authority;  /* without the scheme's default port,
                                           in the case it came in */
    postern_str_t           path;       /* raw, "/" where it was empty */
    postern_str_t           query;      /* raw, with its "?"; "?" for none */
    unsigned                has_query:1;
} sign_target_t;


typedef struct {
    sign_target_t           target;
    postern_str_t           params;     /* @signature-params, canonical */
    size_t                  ncomponents;
    sign_component_t        components[];
} sign_rfc9421_t;


/*
 * For signers: member is what Signature-Input will say behind "label=", the
 * components and their parameters.  It is read as if it had come, so that what
 * we sign is what a verifier sees, and becomes msg->base; msg->canonical is how
 * it must be sent.  req: a request, or a response.  Any fault is the caller's.
 */
sign_code_e sign_rfc9421_compose(const sign_request_t *req,
    postern_str_t member, const postern_alloc_t *alloc, sign_message_t *msg);

/*
 * Takes the request target apart.  A target with a fragment, an authority that
 * could be read as more than host and port, and a Host that contradicts the
 * target are refused.
 */
sign_code_e sign_rfc9421_target(const sign_request_t *req,
    sign_message_t *msg, sign_target_t *target);

/*
 * The field's lines as one value, joined with ", " (RFC 9421 section 2.1);
 * absent where there is none.  Allocates only when there are several lines.
 * A repeated field that may occur only once is SIGN_AMBIGUOUS.
 */
sign_code_e sign_rfc9421_field(const sign_request_t *req, postern_str_t name,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value);

/* the value of a covered field, with what its parameters ask for */
sign_code_e sign_rfc9421_field_value(const sign_request_t *req,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value);

/*
 * The value of one parameter of the query, decoded as a form and encoded again
 * (RFC 9421 section 2.2.8); component->arg is its name, encoded.  Repeated is
 * SIGN_AMBIGUOUS, absent SIGN_COVERAGE.
 */
sign_code_e sign_rfc9421_query_param(const sign_target_t *target,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value);

/* 1 where signatures with that tag count; absent: with none */
int sign_rfc9421_tagged(const sign_policy_t *policy, postern_str_t tag);

/* what Web Bot Auth demands of a signature that has its tag, beside what the
   policy does: in sign_rfc9421_bot.c */
sign_code_e sign_rfc9421_bot(const sign_request_t *req,
    const postern_key_t *key, sign_message_t *msg);

/* counts bytes that a part is looked for in, or that are taken apart whole;
   SIGN_TOO_LARGE where they are too many */
sign_code_e sign_rfc9421_search(sign_message_t *msg, size_t len);

/* sets msg->digest by Content-Digest, which is in the request */
sign_code_e sign_rfc9421_digest(const sign_request_t *req,
    sign_message_t *msg);


#endif /* _SIGN_RFC9421_H_INCLUDED_ */
