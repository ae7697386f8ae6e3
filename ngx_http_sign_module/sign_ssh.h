
/*
 * What OpenSSH writes: strings of RFC 4251, public keys, certificates,
 * signatures and the blob of "ssh-keygen -Y sign" (PROTOCOL.sshsig,
 * PROTOCOL.certkeys and PROTOCOL.u2f of OpenSSH).  Inside the scheme "sshsig".
 *
 *     sign_sshsig.c        the scheme
 *     sign_sshsig_blob.c   the blob, and what a signature looks like
 *     sign_sshsig_decoy.c  keys that are nobody's
 *     sign_sshkey.c        public keys and certificates, read
 *     sign_sshkey_cert.c   certificates, judged
 *     sign_sshkey_make.c   public keys made ready, and verification
 *
 * Everything is read strictly: what has another form than the one OpenSSH
 * writes, or anything behind its end, is none.
 */


#ifndef _SIGN_SSH_H_INCLUDED_
#define _SIGN_SSH_H_INCLUDED_


#include "sign_scheme.h"
#include "sign_verify.h"


#define SIGN_SSHSIG_MAGIC        "SSHSIG"
#define SIGN_SSH_NAMESPACE       "http-request"

#define SIGN_SSH_MAX_NAME        64      /* of a type, a hash, a namespace */
#define SIGN_SSH_MAX_NUMBER      (SIGN_RSA_MAX_BITS / 8)    /* bytes */
#define SIGN_SSH_MAX_EXPONENT    8       /* bytes of RSA's public exponent */
#define SIGN_SSH_MAX_KEY         2048    /* bytes of a plain public key */
#define SIGN_SSH_MAX_SIGNATURE   2048    /* bytes of a signature's blob */
#define SIGN_SSH_MAX_CERT        12288   /* bytes of a certificate */
#define SIGN_SSH_MAX_PRINCIPALS  256     /* of a certificate, as in OpenSSH */
#define SIGN_SSH_MAX_ADDRESSES   64      /* in source-address */
#define SIGN_SSH_MAX_ADDRESS     64      /* bytes of one of them */

#define SIGN_SSH_CERTS           8       /* certificates that an authority
                                            keeps in mind */


/*
 * Strings of RFC 4251, section 5.  A reader that fails marks the cursor, gives
 * 0 or an empty slice, and so do all that follow: it is enough to look once, at
 * the end.
 */

typedef struct {
    const unsigned char    *pos;
    const unsigned char    *last;
    unsigned                bad:1;
} sign_ssh_cursor_t;

void sign_ssh_begin(sign_ssh_cursor_t *c, postern_str_t text);
/* 1 where all was well and nothing is left */
int sign_ssh_end(const sign_ssh_cursor_t *c);

unsigned sign_ssh_read_byte(sign_ssh_cursor_t *c);
uint32_t sign_ssh_read_uint32(sign_ssh_cursor_t *c);
uint64_t sign_ssh_read_uint64(sign_ssh_cursor_t *c);
postern_str_t sign_ssh_read_string(sign_ssh_cursor_t *c, size_t max);
/* an mpint that is more than zero, without the zero byte in front */
postern_str_t sign_ssh_read_number(sign_ssh_cursor_t *c, size_t max);


/* public keys */

typedef enum {
    SIGN_SSH_ED25519 = 0,
    SIGN_SSH_ECDSA,
    SIGN_SSH_RSA
} sign_ssh_kind_e;


typedef struct {
    postern_str_t           name;
    postern_str_t           certificate;
    sign_ssh_kind_e         kind;
    const sign_curve_t     *curve;          /* ECDSA */
    postern_str_t           curve_name;
    unsigned                sk:1;           /* in a security key */
} sign_ssh_type_t;

extern const sign_ssh_type_t  sign_ssh_types[SIGN_SSH_TYPES];

#define SIGN_SSH_RSAS  4                    /* where "ssh-rsa" is in there */


typedef struct {
    const sign_ssh_type_t  *type;
    postern_str_t           point;          /* Ed25519: 32 bytes; 04 X Y */
    postern_str_t           e;              /* RSA */
    postern_str_t           n;
    postern_str_t           application;    /* sk: "ssh:" */
} sign_ssh_public_t;


#define SIGN_SSH_CERT_USER  1

typedef struct {
    sign_ssh_public_t       key;            /* of whoever it is for */
    uint32_t                kind;           /* SIGN_SSH_CERT_USER */
    postern_str_t           principals;
    uint64_t                after;
    uint64_t                before;         /* not valid any more */
    postern_str_t           options;        /* critical ones */
    postern_str_t           authority;      /* its public key's blob */
    postern_str_t           body;           /* what it signed */
    postern_str_t           signature;
} sign_ssh_cert_t;


/* 1 where the blob is a public key, and no certificate */
int sign_ssh_public(postern_str_t blob, sign_ssh_public_t *key);

/* 1 where the blob is a certificate; of the authority's key and its signature
   only the lengths are looked at */
int sign_ssh_cert(postern_str_t blob, sign_ssh_cert_t *cert);

/* the type of a plain public key by its name; NULL: unknown */
const sign_ssh_type_t *sign_ssh_type(postern_str_t name);

/* 1 where the certificate names the principal; nothing names all */
int sign_ssh_cert_names(const sign_ssh_cert_t *cert, postern_str_t principal);

/*
 * Kind, validity at msg->now, and critical options: source-address, which holds
 * msg->address against itself, and verify-required, which sets *verify; all
 * others refuse.
 */
sign_code_e sign_ssh_cert_check(const sign_ssh_cert_t *cert, int *verify,
    sign_message_t *msg);


/* a signature's blob: RFC 8709, RFC 5656, RFC 8332, PROTOCOL.u2f */

#define SIGN_SSH_PRESENT   0x01             /* a touch */
#define SIGN_SSH_VERIFIED  0x04             /* a PIN or a finger */
#define SIGN_SSH_COUNTER   (1 + 4)          /* bytes of flags and counter */

typedef struct {
    postern_str_t           name;
    postern_str_t           bytes;          /* Ed25519, RSA */
    postern_str_t           r;              /* ECDSA */
    postern_str_t           s;
    postern_str_t           counter;        /* sk: SIGN_SSH_COUNTER bytes */
    sign_digest_e           hash;           /* RSA */
} sign_ssh_signature_t;


/*
 * SIGN_OK where it is a signature that a key of that type makes;
 * SIGN_ALGORITHM for one by SHA-1 or of another type.
 */
sign_code_e sign_ssh_signature(postern_str_t blob, const sign_ssh_type_t *type,
    sign_ssh_signature_t *signature, sign_message_t *msg);


/* what sign_sshsig_parse() leaves in scheme_data */

typedef struct {
    const void             *rfc9421;        /* that scheme's own */
    postern_str_t           hash;           /* "sha256" or "sha512" */
    postern_str_t           blob;           /* the public key, as it came */
    sign_ssh_public_t       key;            /* the one that signed */
    sign_ssh_signature_t    signature;
    unsigned                certified:1;
    sign_ssh_cert_t         cert;
    postern_str_t           principal;
    postern_str_t           ca;             /* what the message calls it, or
                                               absent */
    unsigned char          *name;           /* room for principal "@" ca */
} sign_sshsig_t;


/* takes msg->signature, the octets behind the label, apart */
sign_code_e sign_sshsig_blob(sign_sshsig_t *sig, sign_message_t *msg);


/* a key made ready: sign_key_s.ssh; sign_verify.h has more of it */

typedef struct {
    unsigned char           hash[32];       /* of the certificate */
    uint64_t                used;           /* 0: not in use */
    sign_ssh_key_t         *key;            /* of whoever it is for */
} sign_ssh_proven_t;

struct sign_ssh_key_s {
    const sign_ssh_type_t  *type;
    unsigned char           fingerprint[32];
    unsigned char           application[32];    /* sk: SHA-256 of it */
    sign_key_t             *keys[2];        /* RSA: SHA-256 and SHA-512 */
    sign_ssh_proven_t       proven[SIGN_SSH_CERTS];
    uint64_t                clock;          /* of sign_ssh_proven_t.used */
};

/* NULL where the key is not usable or memory is out */
sign_ssh_key_t *sign_ssh_key_create(const sign_ssh_public_t *key);

/* 1 where the signature over data is one of the key */
int sign_ssh_key_verify(sign_ssh_key_t *key, postern_str_t data,
    const sign_ssh_signature_t *signature);

/* the key of a certificate that the authority signed: NULL where it did not.
   What was signed is kept in mind, by its hash. */
sign_ssh_key_t *sign_ssh_key_prove(sign_ssh_key_t *authority,
    postern_str_t blob, const sign_ssh_cert_t *cert);


#endif /* _SIGN_SSH_H_INCLUDED_ */
