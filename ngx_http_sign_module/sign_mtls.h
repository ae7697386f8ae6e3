
/*
 * The certificate of the TLS connection as the credential of its requests.
 *
 *     sign_mtls.c          the scheme
 *     sign_mtls_subject.c  which authority's rule a certificate fits
 *     sign_mtls_chain.c    validity, issuers, revocation
 *
 * A certificate may be that of several authorities by name: each that has a
 * rule which it fits, up to SIGN_MTLS_MAX_AUTHORITIES of the directory and as
 * many keys as there are apart, is tried in turn.  The first that really issued
 * it is the one: its rule says who it is, its lists whether it is revoked.
 *
 * A chain is judged once for all requests of a connection: what came out is
 * kept in a sign_mtls_t, for as long as certificates and revocation lists say
 * so, and the directory does not change.
 */


#ifndef _SIGN_MTLS_H_INCLUDED_
#define _SIGN_MTLS_H_INCLUDED_


#include "sign_scheme.h"

#include <openssl/x509.h>


#define SIGN_MTLS_MAX_CERTIFICATES  (SIGN_MAX_NAMES - 1)  /* of a connection */
#define SIGN_MTLS_MAX_CERTIFICATE   16384    /* bytes of one, in DER */
#define SIGN_MTLS_MAX_DEPTH         8        /* issuers above a client's */
#define SIGN_MTLS_MAX_AUTHORITIES   8        /* of the directory, that fit */
#define SIGN_MTLS_MAX_KEYS          (SIGN_MTLS_MAX_AUTHORITIES + SIGN_MAX_APART)
#define SIGN_MTLS_LEVEL             2        /* no key or signature of less
                                                than 112 bits of security */
#define SIGN_MTLS_ISSUER            8        /* digits of a name's hash */


/* a key that the certificate may be of, and what is known of that */

typedef struct {
    const postern_key_t    *key;        /* NULL: it does not fit */
    uint64_t                serial;     /* of one that stands apart */
    int64_t                 from;       /* verified: while from <= now */
    int64_t                 until;      /* … and now < until */
    int64_t                 failed;     /* when it did not verify */
    const char             *detail;     /* … and why */
    unsigned                fits:1;
    unsigned                verified:1;
    unsigned                refused:1;  /* failed and detail are set */
    unsigned                final:1;    /* … and no other key counts */
} sign_mtls_tried_t;


/*
 * The caller's, one per connection, zeroed at first and whenever serial, by
 * which it knows directories apart, changes.  A request works on a copy, and
 * writes it back only where the serial is still its own.
 */

struct sign_mtls_s {
    uint64_t                serial;
    size_t                  nown;       /* keys of the directory, in front */
    size_t                  napart;     /* … and those apart, behind them */
    size_t                  nissuers;
    size_t                  speaks;     /* whose subject it is, from 1; 0:
                                           nobody's */
    unsigned                found:1;    /* nown, fingerprint, issuers are set */
    sign_mtls_tried_t       keys[SIGN_MTLS_MAX_KEYS];
    size_t                  subject_len;
    unsigned char           subject[POSTERN_NAME_MAX];
    unsigned char           fingerprint[64];    /* of the client's, in hex */
    unsigned long           issuers[SIGN_MTLS_MAX_CERTIFICATES];
};


/*
 * The keys that the certificate may be of, in the order in which they count;
 * NULL for one that does not fit.  speak() makes the message that of the nth.
 * try() says whether the nth issued the certificate, by the key made ready.
 * Between sign_find() or sign_choose() and sign_check().
 */

typedef enum {
    SIGN_MTLS_NO = 0,
    SIGN_MTLS_GOOD,
    SIGN_MTLS_FINAL         /* it did, and does not stand by it any more */
} sign_mtls_e;

size_t sign_mtls_keys(const sign_message_t *msg);
const postern_key_t *sign_mtls_key(const sign_message_t *msg, size_t n);
void sign_mtls_speak(sign_message_t *msg, size_t n);
sign_mtls_e sign_mtls_try(sign_message_t *msg, size_t n, const sign_key_t *k,
    int64_t now);


/*
 * 1 where the certificate fits the rule of the authority's key; known->subject
 * becomes who it is: what stands for the first "*" of the rule, else the common
 * name, else nobody but the key.
 */
int sign_mtls_match(X509 *leaf, const postern_key_t *key, sign_mtls_t *known);

/* 1 where one of the key's certificates is above the client's, as it seems */
int sign_mtls_issued(const postern_key_t *key, X509 *leaf,
    const postern_str_t *certificates, size_t n);

/* hashes of the names of those who issued the client's and what is above it, as
   it seems; returns how many */
size_t sign_mtls_issuers(X509 *leaf, const postern_str_t *certificates,
    size_t n, unsigned long issuers[SIGN_MTLS_MAX_CERTIFICATES]);

/* NULL where it is none, or followed by anything */
X509 *sign_mtls_certificate(postern_str_t der);
/* the first of several that stand one behind the other, taken off; NULL at the
   end, and where it is none */
X509 *sign_mtls_take(postern_str_t *ders);


/* certificates and revocation lists of a key, made ready: sign_key_s.x509 */

typedef struct sign_x509_s  sign_x509_t;

sign_x509_t *sign_x509_create(const postern_key_t *key);
void sign_x509_destroy(sign_x509_t *x);

/*
 * Is the chain, the client's certificate first, good at now?  from and until of
 * t say for how long, or detail why it is not.  SIGN_MTLS_FINAL: it is signed,
 * and revoked, or nobody can tell whether it is.
 */
sign_mtls_e sign_x509_verify(const sign_x509_t *x,
    const postern_str_t *certificates, size_t n, int64_t now,
    sign_mtls_tried_t *t);


#endif /* _SIGN_MTLS_H_INCLUDED_ */
