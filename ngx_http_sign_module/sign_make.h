
/*
 * Signing: what Postern sends itself, a request for the application behind or
 * the answer to one.  Pure.
 *
 * What is signed is read back from the very bytes that will be sent, by the
 * functions that verify: signer and verifier cannot disagree about what a
 * component or a canonical request is.  The signature, whose length is known
 * beforehand, is then written into the place that was left for it.
 *
 *     sign_make_key.c       keys that sign, made ready once
 *     sign_make_head.c      the head of a request, read and sifted
 *     sign_make_target.c    the target as SigV4 upstreams read it
 *     sign_make.c           requests
 *     sign_make_response.c  responses
 *     sign_make_text.c      what they write with
 */


#ifndef _SIGN_MAKE_H_INCLUDED_
#define _SIGN_MAKE_H_INCLUDED_


#include "sign_scheme.h"


#define SIGN_MAKE_NONCE      16       /* random bytes in a nonce */
#define SIGN_MAKE_MAX_HEAD   65536    /* bytes of a head that is signed */
#define SIGN_MAKE_MAX_FIELDS 16       /* further fields that are covered */
#define SIGN_MAKE_MAX_BYTES  1024     /* of a signature: RSA of 8192 bits */
#define SIGN_MAKE_LABEL      "sig1"
#define SIGN_MAKE_TRAILER    "sig2"   /* label of a signature in trailers */

/* bytes of base64, with padding */
#define SIGN_MAKE_BASE64(n)  (((n) + 2) / 3 * 4)


typedef struct sign_maker_s  sign_maker_t;

/*
 * A key made ready to sign.  secret: opened bytes, for HMAC keys the shared
 * secret, for the others a private key in PEM (PKCS #8), which must be that of
 * key->public_key where key has one.  Not kept by the caller afterwards.  NULL
 * when there is nothing to sign with, or memory is out.
 */
sign_maker_t *sign_maker_create(const postern_key_t *key,
    postern_str_t secret);
void sign_maker_destroy(sign_maker_t *maker);

/* the maker that uses a key which verifies: of HMAC keys only, NULL for others;
   key is not owned, and stays */
sign_maker_t *sign_maker_of(sign_key_t *key, const postern_alloc_t *alloc);

/* bytes of a signature as RFC 9421 sends it */
size_t sign_maker_size(const sign_maker_t *maker);

/* signs text for RFC 9421 into out, sign_maker_size() bytes; 0, or -1 */
int sign_maker_sign(sign_maker_t *maker, postern_str_t text,
    unsigned char *out);

/* signs the string to sign in msg->base by the key derived for the scope of the
   message; 0, or -1 where the key is none for SigV4 */
int sign_maker_sigv4(sign_maker_t *maker, sign_message_t *msg,
    unsigned char out[32]);


/* how requests are signed: configuration */

typedef struct {
    sign_scheme_e           scheme;       /* SIGN_RFC9421 or SIGN_SIGV4 */
    postern_str_t           key_id;
    postern_str_t           tag;          /* rfc9421; absent: none */
    postern_str_t           region;       /* sigv4 */
    postern_str_t           service;
    const postern_str_t    *fields;       /* covered where present, lower
                                             case; at most
                                             SIGN_MAKE_MAX_FIELDS */
    size_t                  nfields;
    unsigned                unsigned_body:1;
} sign_make_t;


/* what is signed now */

typedef struct {
    postern_str_t           scheme;       /* "http" or "https" */
    int64_t                 now;
    unsigned char           nonce[SIGN_MAKE_NONCE];
    const unsigned char    *hash;         /* SHA-256 of the body; NULL: there
                                             is none, or it is not signed */
    unsigned                has_body:1;
    unsigned                enos:1;       /* the client signed by EnOS: its
                                             query parameters go */
    unsigned                decoded:1;    /* the body came as aws-chunked, and
                                             does not go on as such */
    postern_str_t           credential;   /* a field, lower case, in which the
                                             client's signature came; absent:
                                             none beside the known ones */
} sign_make_now_t;


/* the head of a request as it was sent: lines with their line ends */

typedef struct {
    postern_str_t           method;
    postern_str_t           target;
    postern_str_t           protocol;
    sign_field_t           *fields;
    postern_str_t          *lines;        /* of the fields, as written */
    size_t                  nfields;
    size_t                  len;          /* with the empty line */
} sign_head_t;


/*
 * Signs the request whose head stands at the beginning of bytes: credentials of
 * the client are left out, and those of ours put in.  *out is the new head,
 * msg->base what was signed; *len how many bytes the old head had.  Failures
 * have their reason in msg->detail.
 */
sign_code_e sign_make_request(postern_str_t bytes, const sign_make_t *make,
    const sign_make_now_t *now, sign_maker_t *maker,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *out,
    size_t *len);

/* reads a head of HTTP/1; anything that two readers could read in two ways is
   SIGN_MALFORMED */
sign_code_e sign_head_read(postern_str_t bytes, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_head_t *head);

/* SIGN_UNSUPPORTED where the body has signatures of the client in it */
sign_code_e sign_head_check(const sign_head_t *head,
    const sign_make_now_t *now, sign_message_t *msg);

/* 1 where the field carries a credential of the client */
int sign_head_is_credential(const sign_field_t *field,
    const sign_make_now_t *now);

/* the target as it is sent on: without the credentials in its query, and for
   SigV4 in the one spelling that its readers agree on */
sign_code_e sign_make_target(postern_str_t target, const sign_make_t *make,
    const sign_make_now_t *now, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *out);


/*
 * A response.  fields are those of it that are covered, and trailers those
 * behind its body, of each name one line; label names the signature of the
 * request, where it had one of RFC 9421, absent otherwise.  *input and
 * *signature: values of Signature-Input and Signature.  A signature that covers
 * trailers stands among them itself, and has another label than the one in the
 * head: intermediaries may put the fields of both together.
 */

typedef struct {
    unsigned                status;
    const sign_field_t     *fields;       /* at most SIGN_MAKE_MAX_FIELDS */
    size_t                  nfields;
    const sign_field_t     *trailers;     /* the same */
    size_t                  ntrailers;
    const sign_request_t   *request;      /* what is answered */
    postern_str_t           label;
    postern_str_t           key_id;
    postern_str_t           tag;          /* absent: none */
    int64_t                 now;
} sign_make_response_t;

sign_code_e sign_make_response(const sign_make_response_t *response,
    sign_maker_t *maker, const postern_alloc_t *alloc, sign_message_t *msg,
    postern_str_t *input, postern_str_t *signature);


/* writers beside those of sign_octets.h */

unsigned char *sign_make_copy(unsigned char *p, const void *data, size_t len);

#define sign_make_put(p, literal)                                             \
    sign_make_copy(p, literal, sizeof(literal) - 1)

/* base64 with padding; returns the number of characters */
size_t sign_make_base64(const unsigned char *data, size_t len,
    unsigned char *out);


#endif /* _SIGN_MAKE_H_INCLUDED_ */
