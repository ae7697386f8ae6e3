
/*
 * The directory: who exists and what they may do.  One JSON document (see
 * docs/directory.md), parsed and validated whole into an immutable snapshot
 * that is linked by pointers and freed as a whole.
 *
 * A snapshot is read by any number of readers; nothing writes it after
 * postern_directory_parse() returned it.
 */


#ifndef _POSTERN_DIRECTORY_H_INCLUDED_
#define _POSTERN_DIRECTORY_H_INCLUDED_


#include "postern_arena.h"


#define POSTERN_DIRECTORY_MAX_SIZE   (256 * 1024 * 1024)  /* bytes of JSON */
#define POSTERN_JWKS_MAX_SIZE        (4 * 1024 * 1024)    /* bytes of a set */
#define POSTERN_JWKS_MAX_KEYS        10000
#define POSTERN_NAME_MAX             128    /* names of anything, in bytes */
#define POSTERN_SECRET_MAX           512    /* an opened secret, in bytes */
#define POSTERN_SECRET_MIN           16     /* an opened secret, in bytes */
#define POSTERN_PRIVATE_MAX          4096   /* an opened private key: the PEM
                                               of 4096 bits of RSA is 3272 */
#define POSTERN_PATTERN_MAX          1024   /* a path pattern, in bytes */
#define POSTERN_INHERIT_MAX          32     /* depth of role inheritance */
#define POSTERN_SEGMENTS_MAX         64     /* segments of a pattern */
#define POSTERN_OTP_MAX              8      /* authenticators of a kind */
#define POSTERN_RECOVERY_MAX         16     /* recovery codes of a user */
#define POSTERN_PRINCIPALS_MAX       256    /* of an SSH authority */
#define POSTERN_ATTRIBUTE_MAX        256    /* of a subject rule, in bytes */
#define POSTERN_KEY_APART            UINT32_MAX   /* not one of the document */
#define POSTERN_KEY_IDS_MAX          8      /* keys of one fingerprint or
                                               issuer, apart */
#define POSTERN_KEY_NAMES_MAX        16     /* names that a key is found by,
                                               beside its id */
#define POSTERN_COUNTER_MAX          (((int64_t) 1 << 53) - 1)    /* HOTP */

/* not_before and not_after where the document names none */
#define POSTERN_TIME_MIN             INT64_MIN
#define POSTERN_TIME_MAX             INT64_MAX


typedef struct postern_directory_s   postern_directory_t;
typedef struct postern_org_s         postern_org_t;
typedef struct postern_user_s        postern_user_t;
typedef struct postern_key_s         postern_key_t;
typedef struct postern_role_s        postern_role_t;


/* "permissions": a name for a set of methods; "*" stands for every method */

typedef struct {
    postern_str_t          name;
    uint32_t               index;       /* in postern_org_t.permissions */
    const postern_str_t   *methods;
    uint32_t               nmethods;
} postern_permission_t;


/*
 * "resources": a name for a set of path patterns, as written in the document;
 * every one begins with "/", "*" stands for one segment, "**" for any number
 * at the end.
 */

typedef struct {
    postern_str_t          name;
    uint32_t               index;       /* in postern_org_t.resources */
    const postern_str_t   *patterns;
    uint32_t               npatterns;
} postern_resource_t;


typedef struct {
    const postern_permission_t  *permission;
    const postern_resource_t    *resource;
} postern_grant_t;


struct postern_role_s {
    postern_str_t                 name;
    uint32_t                      index;       /* in postern_org_t.roles */
    const postern_role_t *const  *inherits;    /* no cycle, depth bounded */
    uint32_t                      ninherits;
    const postern_grant_t        *grants;      /* its own, not inherited ones */
    uint32_t                      ngrants;
};


typedef enum {
    POSTERN_STATUS_ACTIVE = 0,
    POSTERN_STATUS_DISABLED
} postern_status_e;


/* one-time passwords, RFC 4226 and RFC 6238: "factors" of a user */

typedef enum {
    POSTERN_OTP_SHA1 = 0,
    POSTERN_OTP_SHA256,
    POSTERN_OTP_SHA512
} postern_otp_hash_e;

typedef struct {
    postern_str_t          secret;      /* "sealed:…", as written */
    postern_str_t          name;        /* "Phone", or absent */
    postern_otp_hash_e     hash;        /* "algorithm", default "sha1" */
    uint32_t               digits;      /* 6 (default) or 8 */
    uint32_t               period;      /* seconds, default 30; HOTP: 0 */
    uint64_t               counter;     /* first one that counts, HOTP */
} postern_otp_t;


struct postern_user_s {
    const postern_org_t          *org;
    postern_str_t                 name;
    postern_str_t                 display;     /* "name" */
    postern_str_t                 email;
    postern_str_t                 password;    /* "$argon2id$…" or absent */
    postern_status_e              status;
    const postern_role_t *const  *roles;
    uint32_t                      nroles;
    const postern_otp_t          *totp;        /* sealed under the name
                                                  org/users/user/totp */
    uint32_t                      ntotp;
    const postern_otp_t          *hotp;        /* …/hotp */
    uint32_t                      nhotp;
    const postern_str_t          *recovery;    /* "$argon2id$…", one salt */
    uint32_t                      nrecovery;
};


/*
 * What a key is for.  The first six are the signature algorithms of RFC 9421,
 * section 6.2, by their registered names; the others are kinds of credentials
 * that bring their algorithms with them.
 */

typedef enum {
    POSTERN_ALG_HMAC_SHA256 = 1,      /* "hmac-sha256", also SigV4 */
    POSTERN_ALG_ED25519,              /* "ed25519" */
    POSTERN_ALG_ECDSA_P256_SHA256,    /* "ecdsa-p256-sha256" */
    POSTERN_ALG_ECDSA_P384_SHA384,    /* "ecdsa-p384-sha384" */
    POSTERN_ALG_RSA_PSS_SHA512,       /* "rsa-pss-sha512" */
    POSTERN_ALG_RSA_V1_5_SHA256,      /* "rsa-v1_5-sha256" */
    POSTERN_ALG_HMAC_SHA384,          /* "hmac-sha384": cavage, webhook */
    POSTERN_ALG_HMAC_SHA512,          /* "hmac-sha512": cavage, webhook */
    POSTERN_ALG_SSH,                  /* "ssh": a public key of OpenSSH */
    POSTERN_ALG_SSH_CA,               /* "ssh-ca": signs user certificates */
    POSTERN_ALG_X509,                 /* "x509": one client certificate */
    POSTERN_ALG_X509_CA               /* "x509-ca": issues certificates */
} postern_alg_e;


/* schemes of signed requests, as bits; named as sign_schemes takes them */

typedef enum {
    POSTERN_SCHEME_RFC9421 = 0x01,
    POSTERN_SCHEME_SIGV4   = 0x02,
    POSTERN_SCHEME_SIGV4A  = 0x04,
    POSTERN_SCHEME_CAVAGE  = 0x08,
    POSTERN_SCHEME_ENOS    = 0x10,
    POSTERN_SCHEME_WEBHOOK = 0x20,
    POSTERN_SCHEME_SSHSIG  = 0x40,
    POSTERN_SCHEME_MTLS    = 0x80
} postern_scheme_e;

/*
 * Where a key names no schemes it is for all but these two: a webhook signs
 * texts that others choose, EnOS hashes what no other scheme would sign.  A key
 * that is for one of them is for nothing else.
 */
#define POSTERN_SCHEMES_APART  (POSTERN_SCHEME_ENOS|POSTERN_SCHEME_WEBHOOK)


/* one network in CIDR form; IPv4 is kept as ::ffff:a.b.c.d, bits + 96 */

typedef struct {
    unsigned char          address[16];
    unsigned               bits;
} postern_network_t;


/* of a certificate's subject ("CN", "O", "OU", …) or of its alternative names
   ("dns", "email", "uri"), and what it must be */

typedef struct {
    postern_str_t          name;
    postern_str_t          value;
} postern_attribute_t;


struct postern_key_s {
    postern_str_t                 id;
    uint32_t                      index;       /* in the whole directory, or
                                                  POSTERN_KEY_APART */
    const postern_org_t          *org;
    const postern_user_t         *user;        /* NULL: the key is its own
                                                  subject and has own roles */
    const postern_role_t *const  *roles;       /* the user's where user is */
    uint32_t                      nroles;
    postern_alg_e                 algorithm;
    postern_status_e              status;
    postern_str_t                 secret;      /* HMAC: "sealed:…", "plain:…"
                                                  or "base64:…", as written */
    postern_str_t                 public_key;  /* ed25519: 32 bytes raw;
                                                  ecdsa: 65 or 97 bytes, 04 X
                                                  Y; rsa: the DER of its
                                                  SubjectPublicKeyInfo; ssh,
                                                  ssh-ca: the blob of RFC 4253,
                                                  section 6.6; x509, x509-ca:
                                                  certificates in DER, one
                                                  behind the other */
    postern_str_t                 private_key; /* "sealed:…", as written, a PEM
                                                  of PKCS #8: of keys that sign
                                                  for us; absent otherwise */
    unsigned                      schemes;     /* POSTERN_SCHEME_* */
    uint32_t                      rate;        /* requests … */
    uint32_t                      rate_period; /* … in as many seconds; 0: any
                                                  number of them */
    unsigned char                 fingerprint[32];  /* SHA-256 of public_key
                                                  (x509: of its first
                                                  certificate); not of HMAC
                                                  keys */
    const postern_str_t          *principals;  /* ssh-ca: who certificates may
                                                  speak for; x509-ca: none */
    uint32_t                      nprincipals;
    const postern_attribute_t    *subject;     /* x509-ca: each must be in the
                                                  certificate */
    uint32_t                      nsubject;
    postern_str_t                 crl;         /* x509, x509-ca: revocation
                                                  lists in DER, one behind the
                                                  other; absent: none */
    int64_t                       not_before;  /* seconds since the epoch */
    int64_t                       not_after;   /* valid while now < it */
    const postern_network_t      *networks;    /* none: from anywhere */
    uint32_t                      nnetworks;
};


/*
 * What a key that stands apart is found by.  A fingerprint is written as others
 * write it: "SHA256:" and base64 for OpenSSH, 64 hexadecimal digits for
 * certificates.  An issuer is the hash of its name, by which OpenSSL finds it
 * too: 8 hexadecimal digits.
 */

typedef enum {
    POSTERN_BY_ID = 0,
    POSTERN_BY_FINGERPRINT,
    POSTERN_BY_ISSUER
} postern_by_e;


typedef struct {
    postern_by_e                  by;
    size_t                        len;
    unsigned char                 text[POSTERN_NAME_MAX];
} postern_key_name_t;


struct postern_org_s {
    postern_str_t                 name;
    uint32_t                      index;       /* in the directory */
    const postern_role_t         *roles;
    uint32_t                      nroles;
    const postern_permission_t   *permissions;
    uint32_t                      npermissions;
    const postern_resource_t     *resources;
    uint32_t                      nresources;
    const postern_user_t         *users;
    uint32_t                      nusers;
};


struct postern_directory_s {
    postern_arena_t              *arena;       /* owns all of this */
    const postern_org_t          *orgs;
    uint32_t                      norgs;
    const postern_key_t          *keys;        /* of all organizations */
    uint32_t                      nkeys;
    uint32_t                      nsealed;     /* secrets that need a ring */
    uint32_t                      nplain;      /* secrets that lie open */
    postern_str_t                 plain_first; /* path of the first of them */
    const void                   *lookup;      /* private: hash tables */
    const postern_key_t *const   *authorities; /* of ssh-ca and x509-ca */
    uint32_t                      nauthorities;
    unsigned                      algorithms;  /* of keys: 1 << postern_alg_e */
};


/*
 * A JWK Set (RFC 7517, section 5) whose keys become keys of an organization,
 * each its own subject with these roles.  Nothing of it is kept.
 */

typedef struct {
    postern_str_t                 text;
    postern_str_t                 org;
    const postern_str_t          *roles;
    uint32_t                      nroles;
    unsigned                      schemes;     /* 0: those that suit each key */
    const postern_network_t      *networks;
    uint32_t                      nnetworks;
    unsigned                      thumbprint:1;  /* is the id, whatever "kid"
                                                    says: RFC 7638, SHA-256 */

    /* filled in */
    uint32_t                      nkeys;
    uint32_t                      nskipped;    /* of kinds unknown here */
} postern_jwks_t;


/*
 * Parses and validates a whole document.  Returns the snapshot, freed by
 * postern_directory_destroy(), or NULL with *err filled in.  Unknown members,
 * duplicate members, names that refer to nothing, inheritance cycles and
 * anything else that is not exactly right are errors.  Safe in any thread.
 */
postern_directory_t *postern_directory_parse(postern_str_t json,
    postern_error_t *err);

/* with sets beside it: *faulty is the index of the one that *err is about, or
   nsets where that is the document */
postern_directory_t *postern_directory_parse_sets(postern_str_t json,
    postern_jwks_t *sets, uint32_t nsets, uint32_t *faulty,
    postern_error_t *err);

void postern_directory_destroy(postern_directory_t *dir);

/* each returns NULL where there is none of that name */
const postern_org_t *postern_directory_org(const postern_directory_t *dir,
    postern_str_t name);
const postern_key_t *postern_directory_key(const postern_directory_t *dir,
    postern_str_t id);
const postern_user_t *postern_directory_user(const postern_directory_t *dir,
    const postern_org_t *org, postern_str_t name);

/* the key of that fingerprint; those of ssh and x509 alone, others are found by
   their ids */
const postern_key_t *postern_directory_fingerprint(
    const postern_directory_t *dir, const unsigned char fingerprint[32]);

/*
 * A key that stands apart from the document, beside which it is: the object of
 * a key and "org" in it, under an id that the document does not have.  What it
 * refers to must be in dir; secrets in it must be sealed.  Memory is the
 * arena's, pointers go into dir.  NULL with *err filled in.
 */
const postern_key_t *postern_directory_key_parse(
    const postern_directory_t *dir, postern_str_t id, postern_str_t json,
    postern_arena_t *arena, postern_error_t *err);

/* can it be the id of one?  1 to POSTERN_NAME_MAX printable characters, and no
   brace: these mark the hash tag */
int postern_directory_key_id(postern_str_t id);

/*
 * What stands apart under a fingerprint or an issuer: the ids of 1 to
 * POSTERN_KEY_IDS_MAX keys, parted by white space.  NULL with *err filled in.
 */
const postern_str_t *postern_directory_ids_parse(postern_str_t text,
    postern_arena_t *arena, uint32_t *n, postern_error_t *err);

/* what a key that stands apart is found by, beside its id: returns how many
   names there are, of ssh, ssh-ca, x509 and x509-ca alone */
size_t postern_directory_names(const postern_key_t *key,
    postern_key_name_t names[POSTERN_KEY_NAMES_MAX]);
void postern_name_fingerprint(postern_key_name_t *name, postern_alg_e alg,
    const unsigned char fingerprint[32]);
void postern_name_issuer(postern_key_name_t *name, unsigned long hash);

/* 1 where the address (16 bytes, IPv4 mapped) lies in one of the networks */
int postern_network_match(const postern_network_t *networks, uint32_t n,
    const unsigned char address[16]);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone for itself; returns NULL,
   or a sentence's end that says what is wrong with the text */
const char *postern_network_parse(postern_str_t text,
    postern_network_t *network);

/* "hmac-sha256" …, and back; 0 and an absent slice for unknown ones */
postern_alg_e postern_alg_parse(postern_str_t name);
postern_str_t postern_alg_name(postern_alg_e alg);

/* the same for "rfc9421" … */
postern_scheme_e postern_scheme_parse(postern_str_t name);
postern_str_t postern_scheme_name(postern_scheme_e scheme);

/* the schemes that keys of an algorithm can serve at all, as bits */
unsigned postern_alg_schemes(postern_alg_e alg);

/* "100/s", "6000/m", "50000/h"; 0, or -1 where it is none */
int postern_rate_parse(postern_str_t text, uint32_t *rate, uint32_t *period);

#define postern_alg_is_rsa(alg)                                               \
    ((alg) == POSTERN_ALG_RSA_PSS_SHA512                                      \
     || (alg) == POSTERN_ALG_RSA_V1_5_SHA256)

/* signs credentials instead of requests */
#define postern_alg_is_authority(alg)                                         \
    ((alg) == POSTERN_ALG_SSH_CA || (alg) == POSTERN_ALG_X509_CA)

/* requests name no key id: the key is found by its fingerprint */
#define postern_alg_is_found(alg)                                             \
    ((alg) == POSTERN_ALG_SSH || (alg) == POSTERN_ALG_X509)

/* 1 where the key is made of a secret that both sides know */
#define postern_alg_is_hmac(alg)                                              \
    ((alg) == POSTERN_ALG_HMAC_SHA256 || (alg) == POSTERN_ALG_HMAC_SHA384     \
     || (alg) == POSTERN_ALG_HMAC_SHA512)


#endif /* _POSTERN_DIRECTORY_H_INCLUDED_ */
