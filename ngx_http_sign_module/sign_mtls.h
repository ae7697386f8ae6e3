
/*
 * The certificate of the TLS connection as the credential of its requests.
 *
 *     sign_mtls.c          the scheme
 *     sign_mtls_subject.c  which authority's rule a certificate fits
 *     sign_mtls_chain.c    validity, issuers, revocation
 *
 * A chain is judged once for all requests of a connection: what came out is
 * kept in a sign_mtls_t, for as long as certificates and revocation lists say
 * so, and the directory does not change.
 */


#ifndef _SIGN_MTLS_H_INCLUDED_
#define _SIGN_MTLS_H_INCLUDED_


#include "sign_scheme.h"

#include <openssl/x509.h>


#define SIGN_MTLS_MAX_CERTIFICATES  8        /* of one connection */
#define SIGN_MTLS_MAX_CERTIFICATE   16384    /* bytes of one, in DER */
#define SIGN_MTLS_MAX_DEPTH         8        /* issuers above a client's */
#define SIGN_MTLS_LEVEL             2        /* no key or signature of less
                                                than 112 bits of security */


/*
 * The caller's, one per connection, zeroed at first and whenever serial, by
 * which it knows directories apart, changes.  A request works on a copy, and
 * writes it back only where the serial is still its own.
 */

struct sign_mtls_s {
    uint64_t                serial;
    const postern_key_t    *key;        /* NULL: there is none */
    int64_t                 from;       /* verified: while from <= now */
    int64_t                 until;      /* … and now < until */
    int64_t                 failed;     /* when it did not verify */
    unsigned                found:1;    /* key is known, or known to be none */
    unsigned                verified:1;
    unsigned                refused:1;  /* failed and detail are set */
    size_t                  subject_len;
    unsigned char           subject[POSTERN_NAME_MAX];
    unsigned char           fingerprint[64];    /* of the client's, in hex */
    char                    detail[128];
};


/*
 * 1 where the certificate fits the rule of the authority's key; known->subject
 * becomes who it is: what stands for the first "*" of the rule, else the common
 * name, else nobody but the key.
 */
int sign_mtls_match(X509 *leaf, const postern_key_t *key, sign_mtls_t *known);

/* 1 where one of the key's certificates is above the client's, as it seems */
int sign_mtls_issued(const postern_key_t *key, X509 *leaf,
    const postern_str_t *certificates, size_t n);

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
 * 1 where the chain, the client's certificate first, is good at now; from and
 * until in known say for how long.  Else 0, and detail says why.
 */
int sign_x509_verify(const sign_x509_t *x, const postern_str_t *certificates,
    size_t n, int64_t now, sign_mtls_t *known);


#endif /* _SIGN_MTLS_H_INCLUDED_ */
