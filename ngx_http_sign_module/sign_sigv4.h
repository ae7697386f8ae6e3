
/*
 * AWS Signature Version 4, the form with an Authorization header: what its two
 * files share.  sign_sigv4.c reads the message, sign_sigv4_canonical.c builds
 * what was signed.
 *
 * Signers disagree about two lines of the canonical request, and none of them
 * says which it means:
 *
 *     path    S3 signs the path as it is sent; every other service signs it
 *             encoded once more ("%20" becomes "%2520"); curl 7.88 signs it as
 *             sent whatever the service is.
 *
 *     query   sorted by name and value, every byte in its one canonical
 *             encoding; curl 7.88 signs it as sent.
 *
 * So a request has up to four readings, and the signature may be that of any.
 * This gives nothing away as long as no two requests of different meaning
 * share a reading:
 *
 *     path    encoding once more is reversible, and so is taking it as sent.
 *             Only across the two can texts meet: "/a%2520b" as sent and
 *             "/a%20b" encoded once more.  For a service other than S3 the path
 *             as sent is therefore a reading only where no escape in it stands
 *             for a character that a path may as well hold bare; then the other
 *             request would be one that HTTP does not allow, or that differs in
 *             nothing but how non-ASCII bytes are written.
 *
 *     query   a query as sent that equals the canonical form of another one is
 *             canonical itself, thus its own canonical form: the second reading
 *             adds just the one request whose bytes were signed.  "+" stays as
 *             it is in both: servers read it as a blank or as a plus, and
 *             either guess would let one be turned into the other.
 *
 * That the order of equal names is not signed ("a=2&a=1" as "a=1&a=2") is the
 * standard's own.
 */


#ifndef _SIGN_SIGV4_H_INCLUDED_
#define _SIGN_SIGV4_H_INCLUDED_


#include "sign_scheme.h"


#define SIGN_SIGV4_SCOPE_MAX   64      /* bytes of a region or a service */
#define SIGN_SIGV4_TIME_LEN    16      /* 20150830T123600Z */
#define SIGN_SIGV4_HEX_LEN     64
#define SIGN_SIGV4_READINGS    4


/* sign_message_t.scheme_data */

typedef struct {
    postern_str_t   date;              /* of the scope: 20150830 */
    postern_str_t   region;
    postern_str_t   service;
    postern_str_t   scope;             /* 20150830/us-east-1/s3/aws4_request */
    postern_str_t   signed_headers;    /* as listed: host;x-amz-date */
    postern_str_t   names[SIGN_MAX_COMPONENTS];
    size_t          nnames;
    postern_str_t   date_field;        /* which one counts: x-amz-date, date */
    postern_str_t   payload;           /* x-amz-content-sha256, or absent */
    postern_str_t   path;              /* of the target */
    postern_str_t   query;             /* of the target, without "?" */
    unsigned char   time[SIGN_SIGV4_TIME_LEN];
    unsigned char   signature[32];

    /* strings to sign of the further readings; the first one is msg->base */
    postern_str_t   readings[SIGN_SIGV4_READINGS - 1];
    size_t          nreadings;
} sign_sigv4_t;


/* how a path is written in the canonical request */

typedef enum {
    SIGN_SIGV4_PATH_SENT = 0,          /* as it is */
    SIGN_SIGV4_PATH_ENCODED,           /* encoded once more */
    SIGN_SIGV4_PATH_NORMALIZED         /* and "//", "." and ".." resolved: what
                                          AWS's own clients sign.  Many paths
                                          share it, so the verifier never reads
                                          one this way; explain names it */
} sign_sigv4_path_e;


/* the Authorization field that is of SigV4, NULL where there is none; *n: how
   many Authorization fields there are of any kind */
const sign_field_t *sign_sigv4_authorization(const sign_request_t *req,
    size_t *n);

/* 1 where the query holds parameters of a presigned URL (or just the
   signature of one), in any case and with any escapes: what an application
   would decode to such a name counts */
int sign_sigv4_in_query(const sign_request_t *req, int signature_only);

/* splits a request target into path ("/" where it is empty) and query; 0, or
   -1 for a target that has neither (authority form, "*") */
int sign_sigv4_target(postern_str_t target, postern_str_t *path,
    postern_str_t *query);

/* writes the canonical path, at most 3 * path.len + 1 bytes; returns the
   length */
size_t sign_sigv4_path(postern_str_t path, sign_sigv4_path_e how,
    unsigned char *out);

/* 1 where no escape in the path stands for a character that may be bare in one,
   so that the path as sent is a reading of its own (see above) */
int sign_sigv4_path_is_clear(postern_str_t path);

/* the canonical query: SIGN_MALFORMED for a broken escape, SIGN_TOO_LARGE,
   SIGN_NO_MEMORY */
sign_code_e sign_sigv4_query(postern_str_t query,
    const postern_alloc_t *alloc, postern_str_t *out);

/* the canonical request in full, with the path and query as given */
sign_code_e sign_sigv4_canonical(const sign_request_t *req,
    postern_str_t path, postern_str_t query, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *out);

/* the string to sign over a canonical request */
sign_code_e sign_sigv4_string(postern_str_t canonical,
    const postern_alloc_t *alloc, const sign_sigv4_t *v4,
    postern_str_t *out);

/* X-Amz-Date (20150830T123600Z) or an HTTP date, into seconds and into the
   form of X-Amz-Date; 0, or -1 for anything else */
int sign_sigv4_time(postern_str_t value, int64_t *seconds,
    unsigned char time[SIGN_SIGV4_TIME_LEN]);

/* the value of a hex digit in either case, or -1 */
int sign_sigv4_hex(unsigned char c);


static inline unsigned char *
sign_sigv4_put(unsigned char *p, postern_str_t s)
{
    if (s.len) {
        memcpy(p, s.data, s.len);
    }

    return p + s.len;
}


#endif /* _SIGN_SIGV4_H_INCLUDED_ */
