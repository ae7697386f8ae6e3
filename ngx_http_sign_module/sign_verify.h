
/*
 * Cryptography: keys made ready once and used for many requests.  The functions
 * that others call are declared in sign_message.h; this tells where keyed state
 * lives, and gives the schemes what they verify with.
 *
 * An HMAC key becomes the inner and the outer state of its hash, computed once;
 * a verification starts from copies of them.  A key for SigV4 is the same
 * secret behind "AWS4", and from it, for each (date, region, service) that
 * somebody proved to hold the key for, a signing key made ready in the same
 * way: SIGN_SCOPES of them, the least recently used one makes room.  A scope is
 * kept only after a signature in it verified, so that requests with invented
 * scopes cannot push out the ones in use.
 *
 * Whoever has such a state can sign, though not tell the secret: all of them
 * lie in the sign_key_t, or on the stack while one is derived from another, and
 * are wiped there.  The copy of the secret with "AWS4" in front exists on the
 * stack of sign_key_create() only.  Public keys lie in the sign_key_t in the
 * clear; for ECDSA and RSA libcrypto keeps them, beside a context that is made
 * ready to verify, so that a verification allocates nothing of ours.
 *
 *     sign_hmac.c          HMAC
 *     sign_key.c           keys made ready
 *     sign_verify.c        verification, by the key's own algorithm
 *     sign_sigv4_verify.c  signing keys of SigV4, derived
 *     sign_sigv4a.c        pairs of keys of SigV4A, derived
 */


#ifndef _SIGN_VERIFY_H_INCLUDED_
#define _SIGN_VERIFY_H_INCLUDED_


#include "sign_message.h"
#include "sign_sigv4.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>


#define SIGN_SCOPES         4

#define SIGN_CURVE_MAX      66      /* bytes of a coordinate: P-521 */
#define SIGN_ECDSA_DER_MAX  (3 + 2 * (3 + SIGN_CURVE_MAX))

#define SIGN_RSA_MIN_BITS   2048
#define SIGN_RSA_MAX_BITS   8192
#define SIGN_RSA_MAX_EXPONENT  64   /* bits; nearly all have 65537 */
#define SIGN_RSA_TOP        16      /* bytes of a modulus that are compared */


/* HMAC-SHA256 (RFC 2104), in sign_hmac.c; data of any length */

typedef struct {
    SHA256_CTX           inner;
    SHA256_CTX           outer;
} sign_hmac_t;

void sign_hmac_key(sign_hmac_t *mac, const unsigned char *key, size_t len);
void sign_hmac(const sign_hmac_t *mac, postern_str_t data,
    unsigned char out[32]);


/* the same with SHA-384 (48 bytes) or SHA-512 (64) */

typedef struct {
    SHA512_CTX           inner;
    SHA512_CTX           outer;
    size_t               len;
} sign_hmac512_t;

void sign_hmac512_key(sign_hmac512_t *mac, size_t len,
    const unsigned char *key, size_t key_len);
void sign_hmac512(const sign_hmac512_t *mac, postern_str_t data,
    unsigned char out[64]);


/* a curve of ECDSA: what of raw signatures is refused without arithmetic */

typedef struct {
    const char          *name;      /* as libcrypto calls it */
    size_t               len;       /* bytes of r, s and a coordinate */
    const unsigned char *order;     /* of the group, big endian */
    sign_digest_e        hash;
} sign_curve_t;

extern const sign_curve_t  sign_p256, sign_p384, sign_p521;


typedef struct {
    sign_hmac_t          mac;       /* keyed by kSigning */
    uint64_t             used;      /* 0: not in use */
    size_t               len;
    unsigned char        text[8 + 1 + 2 * SIGN_SIGV4_SCOPE_MAX + 1];
} sign_scope_t;


typedef struct sign_ssh_key_s  sign_ssh_key_t;     /* sign_ssh.h */


struct sign_key_s {
    postern_alg_e        algorithm;

    sign_hmac_t          mac;       /* hmac-sha256: keyed by the secret */
    sign_hmac512_t       mac512;    /* hmac-sha384, hmac-sha512 */
    sign_hmac_t          aws4;      /* keyed by "AWS4" and the secret */
    sign_scope_t         scopes[SIGN_SCOPES];
    uint64_t             clock;     /* of sign_scope_t.used */
    sign_hmac_t          aws4a;     /* keyed by "AWS4A" and the secret */
    sign_key_t          *sigv4a;    /* the public key derived by it, once
                                       somebody asked */

    unsigned char       *enos;      /* the secret itself, in locked memory: of
                                       keys for that scheme, which hashes it
                                       behind the body */
    size_t               enos_len;

    unsigned char        ed25519[crypto_sign_PUBLICKEYBYTES];
    const sign_curve_t  *curve;     /* ECDSA */
    sign_digest_e        hash;      /* ECDSA, RSA: of what is signed */
    size_t               len;       /* bytes of a signature on the wire */
    unsigned char        top[SIGN_RSA_TOP];   /* of an RSA modulus */
    EVP_PKEY            *pkey;      /* ECDSA, RSA */
    EVP_PKEY_CTX        *verifier;  /* of pkey, made ready to verify a hash */
    sign_ssh_key_t      *ssh;       /* ssh, ssh-ca */
    struct sign_x509_s  *x509;      /* x509, x509-ca: sign_mtls.h */
};


/*
 * sign_key.c: parts of sign_key_create(), for keys that come in other forms.
 * public: 32 bytes; point: 04 X Y; spki: a SubjectPublicKeyInfo.  They fill in
 * pkey and verifier, curve, hash and len, Ed25519 also algorithm, and return 0;
 * -1 for what is no such key.  pss: with MGF1 and a salt as long as the hash,
 * else PKCS #1 v1.5.  ready() is what remains to be done with a pkey that is an
 * RSA key.
 */
int sign_key_hmac(sign_key_t *k, postern_str_t secret);
int sign_key_ed25519(sign_key_t *k, postern_str_t public);
int sign_key_curve(sign_key_t *k, const sign_curve_t *curve,
    postern_str_t point);
int sign_key_rsa(sign_key_t *k, postern_str_t spki, int pss,
    sign_digest_e hash);
int sign_key_rsa_ready(sign_key_t *k, int pss, sign_digest_e hash);


/*
 * sign_decoy.c: the algorithms, one at least, that the message may be for, of
 * those that keys of the directory have (bits of 1 << alg); where there are
 * several, the key id must choose among them, so that an id that nobody has
 * always looks like the same, as those do that somebody has.  A key of one of
 * them that is nobody's; len: bytes of the signature, which an RSA key is made
 * for.
 */
#define SIGN_DECOY_ALGS  POSTERN_ALG_HMAC_SHA512

size_t sign_decoy_algs(unsigned algorithms, const sign_message_t *msg,
    postern_alg_e fit[SIGN_DECOY_ALGS]);
sign_key_t *sign_decoy_create(postern_alg_e alg, size_t len);


/*
 * sign_verify.c: 1 where the signature is one of the key over data, else 0.
 * All leave libcrypto's queue of errors as it was.
 *
 * verify() takes the wire forms of RFC 9421, section 3.3: of ECDSA r and s,
 * each as long as the order, one behind the other.  verify_der() takes for them
 * the DER of an ECDSA-Sig-Value, as X.509 and most libraries write it, and is
 * the same for all other algorithms.
 */
int sign_key_verify(sign_key_t *k, postern_str_t data,
    postern_str_t signature);
int sign_key_verify_der(sign_key_t *k, postern_str_t data,
    postern_str_t signature);

/* the hash of the data instead, by the key's own hash algorithm: of ECDSA and
   RSA keys, in the form of verify() or of verify_der() */
int sign_key_verify_hash(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature);
int sign_key_verify_hash_der(sign_key_t *k, const unsigned char *hash,
    postern_str_t signature);

/* ECDSA, with r and s apart, big endian, zero bytes in front allowed (the mpint
   of SSH has them) */
int sign_key_verify_rs(sign_key_t *k, const unsigned char *hash,
    postern_str_t r, postern_str_t s);

/* ECDSA-Sig-Value of RFC 3279 from r and s, which are not zero; returns how
   many bytes */
size_t sign_ecdsa_der(postern_str_t r, postern_str_t s,
    unsigned char out[SIGN_ECDSA_DER_MAX]);


/*
 * sign_hmac.c: HMAC of what comes in pieces, by a key of one of the three
 * algorithms; no memory but *m, nothing to free.  begin() returns the length of
 * the MAC, 0 where the key is of another kind; final() wipes *m.
 */

typedef struct {
    const sign_key_t    *key;

    union {
        SHA256_CTX       sha256;
        SHA512_CTX       sha512;
    } u;
} sign_mac_t;

size_t sign_mac_begin(sign_mac_t *m, const sign_key_t *k);
void sign_mac_update(sign_mac_t *m, const unsigned char *data, size_t len);
size_t sign_mac_final(sign_mac_t *m, unsigned char out[64]);

/* 1 where the MAC is that of data; constant time, and no shorter one counts */
int sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature);


/* sign_sigv4a.c: the public key that a secret stands for, made on first use and
   kept in k; NULL where k is no secret, or memory is out.  private() is the
   other half, of a key of HMAC-SHA256, for the caller to wipe: 0, or -1.
   scalar() turns what was derived into the private key in place: 0 where it is
   none, and the next is to be tried */
sign_key_t *sign_sigv4a_key(sign_key_t *k, postern_str_t id);
int sign_sigv4a_private(const sign_key_t *k, postern_str_t id,
    unsigned char scalar[32]);
int sign_sigv4a_scalar(unsigned char c[32]);


/*
 * sign_sshsig.c: a public key's blob made ready, NULL where that cannot be; 1
 * where what the message brings is of the key, wrong or right.
 */
sign_ssh_key_t *sign_sshsig_key(postern_str_t blob);
int sign_sshsig_fits(const sign_ssh_key_t *key, const sign_message_t *msg);
void sign_ssh_key_destroy(sign_ssh_key_t *key);


/* sign_sigv4_verify.c: signs msg->base of SigV4 by an HMAC key */
void sign_sigv4_make(sign_key_t *k, sign_message_t *msg,
    unsigned char out[32]);


/* sign_digest.c: hashes the parts, one behind the other; returns how many bytes
   were written */
size_t sign_hash(sign_digest_e kind, const postern_str_t *parts, size_t n,
    unsigned char out[64]);


#endif /* _SIGN_VERIFY_H_INCLUDED_ */
