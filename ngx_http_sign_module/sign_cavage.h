
/*
 * draft-cavage-http-signatures-12 and what gateways made of it: what
 * sign_cavage_parse() hands to coverage and signature base.  Inside the scheme.
 *
 *     draft    Signature: keyId="…",headers="(request-target) host date",…
 *              Authorization: Signature keyId="…",…
 *     Kong     Authorization: hmac username="…", headers="date request-line",…
 *              also in Proxy-Authorization
 *     APISIX   Authorization: Signature keyId="…",headers="@request-target",…
 *
 * The forms differ in what is signed:
 *
 *     draft    "(request-target): get /a?b", names in lower case; of older
 *              drafts "GET /a?b HTTP/1.1" for request-line, without a name
 *     Kong     "GET /a?b HTTP/1.1" for request-line, "@request-target: get
 *              /a?b"; names as they are listed
 *     APISIX   the key id on a line of its own, "GET /a?b" for
 *              @request-target, names as they are listed, and a line break
 *              behind the last line as well
 *
 * Every line of a field has its name in front and names have no blanks, so that
 * no base of one form is one of another.
 */


#ifndef _SIGN_CAVAGE_H_INCLUDED_
#define _SIGN_CAVAGE_H_INCLUDED_


#include "sign_rfc9421.h"


#define SIGN_CAVAGE_SIGNATURE_MAX  1024    /* bytes: RSA with 8192 bits */


typedef enum {
    SIGN_CAVAGE_DRAFT = 0,
    SIGN_CAVAGE_KONG,
    SIGN_CAVAGE_APISIX
} sign_cavage_form_e;


typedef enum {
    SIGN_CAVAGE_FIELD = 0,
    SIGN_CAVAGE_TARGET,                 /* (request-target) */
    SIGN_CAVAGE_CREATED,                /* (created) */
    SIGN_CAVAGE_EXPIRES,                /* (expires) */
    SIGN_CAVAGE_LINE,                   /* request-line */
    SIGN_CAVAGE_AT_TARGET               /* @request-target */
} sign_cavage_kind_e;


typedef struct {
    sign_cavage_kind_e    kind;
    postern_str_t         name;         /* in lower case */
    postern_str_t         written;      /* as it stands in the base */
} sign_cavage_line_t;


/* the parameters, as written, without quotes; absent ones have no data */

typedef struct {
    postern_str_t         key_id;       /* keyId, of Kong username */
    postern_str_t         algorithm;
    postern_str_t         headers;
    postern_str_t         signature;
    postern_str_t         created;
    postern_str_t         expires;
} sign_cavage_params_t;


typedef struct {
    sign_cavage_form_e    form;
    sign_cavage_params_t  params;
    sign_target_t         target;
    postern_str_t         from;         /* the field with the credentials */
    size_t                nlines;
    sign_cavage_line_t    lines[];
} sign_cavage_t;


/* sign_cavage.c: 1 where a line of that kind is listed; name: of a field */
int sign_cavage_lists(const sign_cavage_t *cavage, sign_cavage_kind_e kind,
    postern_str_t name);

/* sign_cavage_params.c: key="value" pairs with commas between them */
sign_code_e sign_cavage_params(postern_str_t text, sign_cavage_form_e form,
    sign_message_t *msg, sign_cavage_params_t *params);

/* sign_cavage_digest.c: sets msg->digest by Digest (RFC 3230) */
sign_code_e sign_cavage_digest(const sign_request_t *req,
    sign_message_t *msg);


#endif /* _SIGN_CAVAGE_H_INCLUDED_ */
