
/*
 * One record of the activity log: a JSON object on a line of its own.  The
 * members, their order and their bounds are public: docs/audit.md and
 * docs/audit.schema.json.
 *
 * A record of a request is a head and a body.  The head has a fixed length and
 * holds what is known only when the last byte has left (time, bytes,
 * duration), so that it can be written anew over a record that lies in the
 * ring already.
 */


#ifndef _AUDIT_RECORD_H_INCLUDED_
#define _AUDIT_RECORD_H_INCLUDED_


#include "postern_directory.h"
#include "audit_redact.h"


#define AUDIT_RECORD_VERSION  1
#define AUDIT_RECORD_MAX      32768    /* bytes of a line, newline included */
#define AUDIT_RECORD_HEAD     220      /* bytes of the head */

/* bounds of texts, in bytes of escaped JSON */

#define AUDIT_MAX_TARGET      4096     /* target, uri */
#define AUDIT_MAX_REFERER     2048
#define AUDIT_MAX_AGENT       1024
#define AUDIT_MAX_NAME        512      /* host, server, subject, role, … */
#define AUDIT_MAX_DETAIL      1024
#define AUDIT_MAX_WORD        128      /* method, protocol, code, … */
#define AUDIT_MAX_ROLES       16
#define AUDIT_MAX_DECISIONS   3


typedef struct {
    audit_clock_t *clock;        /* of whoever writes many heads */
    uint64_t       time;         /* of the end; microseconds since the epoch */
    uint64_t       id[2];
    uint64_t       bytes_in;
    uint64_t       bytes_out;
    uint64_t       duration;     /* microseconds */
    unsigned       status;       /* 0 to 999 */
    unsigned       complete;     /* all of the above is final */
} audit_head_t;


typedef struct {
    postern_str_t                 org;
    postern_str_t                 subject;
    postern_str_t                 kind;
    const postern_role_t *const  *roles;
    size_t                        nroles;
    postern_str_t                 credential;
    postern_str_t                 scheme;
    postern_str_t                 amr;          /* comma separated */
    unsigned                      aal;
    int64_t                       auth_time;    /* seconds; 0: unknown */
} audit_identity_t;


typedef struct {
    const char                   *feature;      /* "sign", "rbac", "mfa" */
    postern_str_t                 verdict;
    postern_str_t                 code;
    postern_str_t                 detail;
} audit_decision_t;


/* absent slices are left out of the record */

typedef struct {
    postern_str_t                 server;
    postern_str_t                 host;
    postern_str_t                 addr;
    unsigned                      port;
    postern_str_t                 protocol;
    unsigned                      tls;
    postern_str_t                 tls_version;
    postern_str_t                 tls_cipher;
    postern_str_t                 tls_sni;
    postern_str_t                 method;
    postern_str_t                 target;       /* as the client sent it */
    postern_str_t                 uri;          /* as nginx routed it */
    postern_str_t                 user_agent;
    postern_str_t                 referer;
    const audit_identity_t       *identity;     /* NULL: nobody known */
    const audit_decision_t       *decisions;
    size_t                        ndecisions;   /* <= AUDIT_MAX_DECISIONS */
    postern_str_t                 upstream;     /* address of the last try */
    unsigned                      upstream_status;
    unsigned                      upstream_tries;
} audit_request_t;


/* exactly AUDIT_RECORD_HEAD bytes */
void audit_record_head(unsigned char *out, const audit_head_t *h);

/* the same over a head of the same id, of which all else may have changed */
void audit_record_head_again(unsigned char *out, const audit_head_t *h);

/* writes a whole line into out (AUDIT_RECORD_MAX bytes), newline included;
   returns its length, always possible within the bounds above */
size_t audit_record_write(unsigned char *out, const audit_redact_t *redact,
    const audit_head_t *h, const audit_request_t *r);

/* the target in a request line "METHOD TARGET PROTOCOL", absent where there is
   none */
postern_str_t audit_record_target(postern_str_t line);


#define AUDIT_EVENT_MAX  512    /* bytes of a line that is not of a request */

/* {"event":"gap"}: dropped for want of room, lost with a dead worker, between
   two times */
size_t audit_record_gap(unsigned char *out, uint64_t now, uint64_t dropped,
    uint64_t lost, uint64_t from, uint64_t to);

/* {"event":"start"} and so on: name is one plain word */
size_t audit_record_event(unsigned char *out, const char *name, uint64_t now,
    const char *version, unsigned pid);


#endif /* _AUDIT_RECORD_H_INCLUDED_ */
