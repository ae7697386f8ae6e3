
/*
 * For the tests of SigV4: requests tried whole.  Signatures are made from
 * canonical requests written out by hand, so that the verifier is held against
 * the text of the standard and not against itself.
 */


#ifndef _SIGV4_TRY_H_INCLUDED_
#define _SIGV4_TRY_H_INCLUDED_


#include "unit.h"
#include "sign_request.h"
#include "sign_sigv4.h"


#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TIME    "20261121T231915Z"
#define SCOPE   "20261121/us-east-1/execute-api/aws4_request"
#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb924"                            \
                "27ae41e4649b934ca495991b7852b855"
#define HELLO   "2cf24dba5fb0a30e26e83b2ac5b9e29e"                            \
                "1b161e5c1fa7425e73043362938b9824"
#define HOST    "Host: app.example\n"
#define DATE    "X-Amz-Date: " TIME "\n"
#define LISTED  "host;x-amz-date"
#define LINES   "host:app.example\nx-amz-date:" TIME "\n"


typedef struct {
    const char      *line;        /* "GET /": method and target */
    const char      *headers;     /* beside Authorization */
    const char      *body;
    const char      *scope;       /* SCOPE where NULL */
    const char      *listed;      /* LISTED where NULL */
    const char      *canonical;   /* what the client signs */
    const char      *authorization;   /* in full, in place of all that */
    unsigned         cover;
    const char      *demanded;    /* a further field of the policy */
    const char      *secret;      /* SECRET where NULL */
    sign_scheme_e    scheme;      /* SIGN_SIGV4 where 0 */
    unsigned         insecure;

    /* what came out */
    sign_message_t   msg;
    char             detail[256];
} try_t;


static postern_arena_t  *arena;


/* the steps of sign_message.h, without the clock */

static inline sign_code_e
try_steps(const sign_text_t *http, const sign_policy_t *policy,
    const char *secret, const postern_alloc_t *memory, sign_message_t *msg)
{
    sign_code_e    rc;
    sign_key_t    *key;
    postern_key_t  dkey;
    postern_str_t  body;

    memset(msg, 0, sizeof(sign_message_t));
    memset(&dkey, 0, sizeof(dkey));

    msg->scheme = policy->schemes;
    msg->expires = POSTERN_TIME_MAX;
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    if (policy->schemes == SIGN_SIGV4A
        ? !sign_sigv4a_present(&http->req, policy)
        : !sign_sigv4_present(&http->req, policy))
    {
        return SIGN_MISSING;
    }

    rc = sign_sigv4_parse(&http->req, policy, memory, msg);

    if (rc == SIGN_OK) {
        rc = sign_sigv4_cover(&http->req, policy, &dkey, msg);
    }

    if (rc == SIGN_OK && msg->body == SIGN_BODY_BEFORE) {
        body = http->body;
        sign_sha256(&body, 1, msg->body_hash);
        msg->has_body_hash = 1;
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_base(&http->req, memory, msg);
    }

    if (rc == SIGN_OK) {
        key = sign_key_create(&dkey, sign_text_str(secret));
        rc = key ? sign_verify(key, msg) : SIGN_NO_MEMORY;
        sign_key_destroy(key);
    }

    return rc;
}


static inline sign_code_e
try_request(try_t *t)
{
    char             text[8192], hex[65];
    sign_code_e      rc;
    const char      *scope, *listed, *body;
    postern_str_t    demanded;
    sign_text_t      http;
    sign_policy_t    policy;
    postern_alloc_t  memory;

    postern_arena_destroy(arena);
    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);

    scope = t->scope ? t->scope : SCOPE;
    listed = t->listed ? t->listed : LISTED;
    body = t->body ? t->body : "";

    memset(hex, '0', 64);
    hex[64] = '\0';

    if (t->canonical) {
        sign_text_sigv4(SECRET, TIME, scope, t->canonical, hex);
    }

    if (t->authorization) {
        snprintf(text, sizeof(text), "%s HTTP/1.1\n%s%s\n%s", t->line,
                 t->headers, t->authorization, body);

    } else {
        snprintf(text, sizeof(text),
                 "%s HTTP/1.1\n%sAuthorization: AWS4-HMAC-SHA256 "
                 "Credential=AK1/%s, SignedHeaders=%s, Signature=%s\n\n%s",
                 t->line, t->headers, scope, listed, hex, body);
    }

    sign_text_parse(&http, text, strlen(text));

    memset(&policy, 0, sizeof(policy));
    policy.schemes = t->scheme ? t->scheme : SIGN_SIGV4;
    policy.insecure = t->insecure;
    policy.cover = SIGN_COVER_DEFAULT | t->cover;

    if (t->demanded) {
        demanded = sign_text_str(t->demanded);
        policy.fields = &demanded;
        policy.nfields = 1;
    }

    rc = try_steps(&http, &policy, t->secret ? t->secret : SECRET, &memory,
                   &t->msg);

    memcpy(t->detail, t->msg.detail, sizeof(t->detail));

    return rc;
}


/* GET with the usual headers and this target, signed with this path and
   query */

static inline sign_code_e
try_target(const char *scope, const char *target, const char *path,
    const char *query)
{
    char         line[4096], canonical[4096 + 256];
    try_t        t = { 0 };
    sign_code_e  rc;

    snprintf(line, sizeof(line), "GET %.4000s", target);
    snprintf(canonical, sizeof(canonical),
             "GET\n%s\n%s\n" LINES "\n" LISTED "\n" EMPTY, path, query);

    t.line = line;
    t.headers = HOST DATE;
    t.scope = scope;
    t.canonical = canonical;

    rc = try_request(&t);

    return rc;
}


/* a header more, listed and signed */

static inline sign_code_e
try_header(const char *headers, const char *listed, const char *lines)
{
    char   canonical[2048];
    try_t  t = { 0 };

    snprintf(canonical, sizeof(canonical), "GET\n/\n\n%s\n%s\n" EMPTY, lines,
             listed);

    t.line = "GET /";
    t.headers = headers;
    t.listed = listed;
    t.canonical = canonical;

    return try_request(&t);
}


static inline sign_code_e
try_authorization(const char *authorization)
{
    char   line[4096 + 32];
    try_t  t = { 0 };

    snprintf(line, sizeof(line), "Authorization: %.4000s\n",
             authorization);

    t.line = "GET /";
    t.headers = HOST DATE;
    t.authorization = line;

    return try_request(&t);
}


#define GOOD_CRED  "Credential=AK1/" SCOPE
#define GOOD_LIST  "SignedHeaders=" LISTED
#define GOOD_SIG   "Signature=" EMPTY


#endif /* _SIGV4_TRY_H_INCLUDED_ */
