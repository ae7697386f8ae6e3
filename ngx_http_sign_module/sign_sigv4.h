
/*
 * AWS Signature Version 4 and 4A, in the Authorization header or in the query
 * (a presigned URL): what their files share.
 *
 *     sign_sigv4_present.c    where credentials are
 *     sign_sigv4.c            reads the header, and what both places share
 *     sign_sigv4_query.c      reads the query
 *     sign_sigv4_content.c    what is said of the body
 *     sign_sigv4_cover.c      the policy
 *     sign_sigv4_canonical.c  builds what was signed
 *     sign_sigv4_chunk.c      bodies that are signed piece by piece
 *
 * The two versions differ in the credential's scope (4A names no region there,
 * but lists regions in X-Amz-Region-Set), the names of algorithms, and the
 * signature: an HMAC, or ECDSA on P-256 by a key that both sides derive from
 * the same secret.
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
 *             either guess would let one be turned into the other.  Some
 *             servers split at ";", and none at "%3B": a query that holds a ";"
 *             is its own canonical form.
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
#define SIGN_SIGV4_EXPIRES_MAX 604800  /* X-Amz-Expires: seven days */
#define SIGN_SIGV4_REGIONS_MAX 256     /* bytes of X-Amz-Region-Set */
#define SIGN_SIGV4_PARAMS_MAX  64      /* parameters X-Amz-… of a query */
#define SIGN_SIGV4_TRAILERS    8       /* fields behind the body */

/* an ECDSA-Sig-Value on P-256 (RFC 3279): two numbers of 1 to 33 octets */
#define SIGN_SIGV4A_DER_MIN    8
#define SIGN_SIGV4A_DER_MAX    72


/* parameters of a presigned URL, in sign_sigv4_t.params */

typedef enum {
    SIGN_SIGV4_SIGNATURE = 0,          /* "x-amz-signature" … */
    SIGN_SIGV4_CREDENTIAL,
    SIGN_SIGV4_ALGORITHM,
    SIGN_SIGV4_SIGNED_HEADERS,
    SIGN_SIGV4_SECURITY_TOKEN,
    SIGN_SIGV4_DATE,
    SIGN_SIGV4_EXPIRES,
    SIGN_SIGV4_CONTENT_SHA256,
    SIGN_SIGV4_REGION_SET,
    SIGN_SIGV4_PARAMS
} sign_sigv4_param_e;


/* what x-amz-content-sha256 says of the body, where it is no hash */

#define SIGN_SIGV4_UNSIGNED    0x01    /* nothing about the payload is signed */
#define SIGN_SIGV4_CHUNKED     0x02    /* it is framed as aws-chunked */
#define SIGN_SIGV4_TRAILER     0x04    /* and fields come behind it */


/* sign_message_t.scheme_data */

typedef struct {
    postern_str_t   algorithm;         /* AWS4-HMAC-SHA256 */
    postern_str_t   date;              /* of the scope: 20150830 */
    postern_str_t   region;            /* 4A: empty */
    postern_str_t   service;
    postern_str_t   scope;             /* 20150830/us-east-1/s3/aws4_request */
    postern_str_t   signed_headers;    /* as listed: host;x-amz-date */
    postern_str_t   names[SIGN_MAX_COMPONENTS];
    size_t          nnames;
    postern_str_t   date_field;        /* which one counts: x-amz-date, date */
    postern_str_t   payload;           /* x-amz-content-sha256, or what stands
                                          for it; or absent */
    unsigned        content;           /* SIGN_SIGV4_UNSIGNED … */
    postern_str_t   trailers[SIGN_SIGV4_TRAILERS];  /* names, lower case */
    size_t          ntrailers;
    postern_str_t   path;              /* of the target */
    postern_str_t   query;             /* of the target, without "?" and the
                                          signature */
    postern_str_t   params[SIGN_SIGV4_PARAMS];  /* of the query, decoded */
    unsigned        presigned:1;
    unsigned char   time[SIGN_SIGV4_TIME_LEN];
    postern_str_t   signature_text;    /* hex, as it came: seed of chunks */
    unsigned char   signature[SIGN_SIGV4A_DER_MAX];

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

/*
 * The next piece of a query: *piece is the text up to "&" or ";" or the end
 * (some applications split there, too), *p behind it; 0 where there is none.
 */
int sign_sigv4_next_piece(const unsigned char **p, const unsigned char *end,
    postern_str_t *piece);

/* the name of such a piece without escapes and in lower case: its length, at
   most the size of the buffer; 0 where it is longer */
size_t sign_sigv4_piece_name(postern_str_t piece,
    unsigned char out[SIGN_SIGV4_SCOPE_MAX]);

/* the name's number, SIGN_SIGV4_PARAMS where it is none of them */
sign_sigv4_param_e sign_sigv4_param(postern_str_t name);
postern_str_t sign_sigv4_param_name(sign_sigv4_param_e param);

/*
 * The parts of both forms.  presigned() reads the parameters of a presigned
 * URL into v4->params and cuts the signature out of v4->query; content() what
 * is said of the body; the others what their names say.
 */
sign_code_e sign_sigv4_presigned(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);
sign_code_e sign_sigv4_algorithm(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
sign_code_e sign_sigv4_credential(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
sign_code_e sign_sigv4_names(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
sign_code_e sign_sigv4_signature(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
sign_code_e sign_sigv4_content(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);

/* 1 where SignedHeaders lists the name */
int sign_sigv4_listed(const sign_sigv4_t *v4, postern_str_t name);

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

/* text of hex digits in lower case into text.len / 2 octets; 0, or -1 */
int sign_sigv4_unhex(postern_str_t text, unsigned char *out);

/* hashes of the payload that a trailer brings: sign_sigv4_checksum.c */

typedef struct sign_checksum_s  sign_checksum_t;

/* NULL where it is out of memory or, with *known 0, where the field
   (x-amz-checksum-…) is none that is compared */
sign_checksum_t *sign_checksum_begin(postern_str_t field,
    const postern_alloc_t *alloc, int *known);
void sign_checksum_update(sign_checksum_t *sum, const unsigned char *data,
    size_t len);
/* 1 where the value, in base64, is that of what came */
int sign_checksum_equal(sign_checksum_t *sum, postern_str_t value);

/* verifies text under the key and scope of a message that verified: of a chunk,
   of trailers */
int sign_sigv4_verify_text(sign_key_t *key, const sign_message_t *msg,
    postern_str_t text, postern_str_t signature);


#endif /* _SIGN_SIGV4_H_INCLUDED_ */
