
/*
 * Signed requests, whatever the scheme: what a request looks like to the
 * verifier, what the policy demands, what came out.  Pure: the module, the
 * command line, the fuzzers and the tests drive the same steps.
 *
 * The order of work is fixed and cheap things come first:
 *
 *     sign_parse()     shape: which scheme, which key, which parameters
 *     sign_find()      the key, in the directory
 *     sign_names()     … or what it is asked for, elsewhere, and sign_choose()
 *                      which of what came it is
 *     sign_check()     key, coverage, freshness, against the policy
 *     sign_sink()      the body first, where it must be had before the base
 *     sign_base()      the bytes that were signed, or their hash
 *     sign_verify()    cryptography
 *     (caller)         claims sign_message_t.claim for .claim_ttl seconds
 *     sign_sink()      the body, while it streams on
 */


#ifndef _SIGN_MESSAGE_H_INCLUDED_
#define _SIGN_MESSAGE_H_INCLUDED_


#include "postern_directory.h"


#define SIGN_MAX_FIELDS       256     /* header fields looked at in a request */
#define SIGN_MAX_ODD          32      /* fields with more than letters, digits
                                         and "-" in their names */
#define SIGN_MAX_CONNECTION   512     /* bytes of unusual Connection fields */
#define SIGN_MAX_COMPONENTS   64      /* covered components in a signature */
#define SIGN_MAX_SIGNATURES   8       /* signatures in one request */
#define SIGN_MAX_TRIES        2       /* … that are verified, one by one */
#define SIGN_MAX_TAGS         8       /* of sign_policy_t */
#define SIGN_MAX_HEADER       16384   /* bytes of Signature(-Input), … */
#define SIGN_MAX_BASE         65536   /* bytes of a signature base */
#define SIGN_MAX_SEARCH       16384   /* bytes searched for parts of fields */
#define SIGN_MAX_KEY_ID       POSTERN_NAME_MAX
#define SIGN_MAX_NONCE        256
#define SIGN_MAX_QUERY        1024    /* query parameters (SigV4 sorts them) */
#define SIGN_MAX_KEYS         4       /* that may have made one signature */
#define SIGN_MAX_NAMES        9       /* that a key is asked for by */
#define SIGN_MAX_APART        POSTERN_KEY_IDS_MAX   /* keys that come of it */
#define SIGN_CLAIM_MAX        128     /* bytes of what is claimed */


typedef struct sign_mtls_s  sign_mtls_t;           /* sign_mtls.h */


/* name in lower case; value with outer white space removed.  Fields stand in
   the order they came in, repeated ones as often as they came. */

typedef struct {
    postern_str_t           name;
    postern_str_t           value;
} sign_field_t;


/*
 * A request, or a response where status is not 0: of that only the fields are
 * its own, and answered is the request that components with ";req" are of.
 */

typedef struct sign_request_s  sign_request_t;

struct sign_request_s {
    postern_str_t           method;     /* as sent */
    postern_str_t           scheme;     /* "http" or "https" */
    postern_str_t           authority;  /* Host or :authority, as sent */
    postern_str_t           target;     /* the raw request target */
    postern_str_t           protocol;   /* "HTTP/1.1", absent where unknown */
    const sign_field_t     *fields;
    size_t                  nfields;
    const sign_field_t     *trailers;   /* of a response */
    size_t                  ntrailers;
    int                     has_body;   /* Content-Length > 0, chunked, h2 */
    const postern_str_t    *certificates;  /* of the TLS client, DER, its own
                                              first */
    size_t                  ncertificates;
    sign_mtls_t            *mtls;       /* what is known of them already, kept
                                           with the connection; NULL: nothing */
    const postern_str_t    *values;     /* of the variables in the template of
                                           a webhook: sign_webhook.h */
    unsigned                status;     /* of a response; 0: a request */
    const sign_request_t   *answered;   /* of a response; NULL: not known */
};


typedef postern_scheme_e  sign_scheme_e;    /* bits of sign_policy_t.schemes */

#define SIGN_RFC9421  POSTERN_SCHEME_RFC9421
#define SIGN_SIGV4    POSTERN_SCHEME_SIGV4
#define SIGN_SIGV4A   POSTERN_SCHEME_SIGV4A
#define SIGN_CAVAGE   POSTERN_SCHEME_CAVAGE
#define SIGN_ENOS     POSTERN_SCHEME_ENOS
#define SIGN_WEBHOOK  POSTERN_SCHEME_WEBHOOK
#define SIGN_SSHSIG   POSTERN_SCHEME_SSHSIG
#define SIGN_MTLS     POSTERN_SCHEME_MTLS


/* what a signature must cover, as bits and as plain field names */

#define SIGN_COVER_METHOD     0x01      /* @method */
#define SIGN_COVER_TARGET     0x02      /* path and query, by any component */
#define SIGN_COVER_AUTHORITY  0x04      /* @authority, @target-uri or host */
#define SIGN_COVER_BODY       0x08      /* content-digest, when has_body */
#define SIGN_COVER_SCHEME     0x10      /* @scheme or @target-uri */
#define SIGN_COVER_DEFAULT    0x0f

/* what a policy gives up, each by a directive of its own */

#define SIGN_INSECURE_COVERAGE   0x01   /* schemes that cover neither method
                                           nor path */
#define SIGN_INSECURE_BODY       0x02   /* UNSIGNED-PAYLOAD and the like */
#define SIGN_INSECURE_FRESHNESS  0x04   /* messages that are not dated */

typedef struct sign_webhook_s  sign_webhook_t;     /* sign_webhook.h */

typedef struct {
    unsigned                schemes;    /* SIGN_RFC9421 | SIGN_SIGV4 … */
    unsigned                insecure;   /* SIGN_INSECURE_* */
    unsigned                nonces;     /* schemes that must bring a nonce */
    const sign_webhook_t   *webhook;    /* NULL: none */
    const postern_str_t    *tags;       /* of signatures that count (rfc9421);
                                           an empty one: those without a tag */
    size_t                  ntags;      /* 0: whatever the tag */
    unsigned                cover;      /* SIGN_COVER_* */
    const postern_str_t    *fields;     /* further fields, lower case */
    size_t                  nfields;
    int64_t                 window;     /* seconds a signature stays valid */
    int64_t                 skew;       /* seconds it may lie in the future */
} sign_policy_t;


/* every way to fail, in the order of work; sign_code() gives the stable code,
   the same word behind "sign/" */

typedef enum {
    SIGN_OK = 0,
    SIGN_MISSING,           /* missing: no signature at all */
    SIGN_MALFORMED,         /* malformed: not what the scheme prescribes */
    SIGN_AMBIGUOUS,         /* ambiguous: two credentials, repeated singleton */
    SIGN_TOO_LARGE,         /* too-large: over a bound of this file */
    SIGN_UNSUPPORTED,       /* unsupported: scheme, component, parameter */
    SIGN_UNKNOWN_KEY,       /* unknown-key */
    SIGN_KEY_DISABLED,      /* key-disabled: the key or its owner */
    SIGN_KEY_EXPIRED,       /* key-expired: outside not_before/not_after */
    SIGN_KEY_NETWORK,       /* key-network: not from this address */
    SIGN_KEY_ORG,           /* key-org: another organization's */
    SIGN_KEY_SCHEME,        /* key-scheme: the key is not for this scheme */
    SIGN_KEY_UNUSABLE,      /* key-unusable: secret does not open */
    SIGN_CERTIFICATE,       /* certificate: not trusted, expired, revoked */
    SIGN_ALGORITHM,         /* algorithm: message and key disagree */
    SIGN_COVERAGE,          /* coverage: something demanded is not covered */
    SIGN_EXPIRED,           /* expired: too old, or past expires */
    SIGN_FUTURE,            /* future: created ahead of our clock */
    SIGN_NONCE_CAP,         /* nonce-cap: the key has too many in use */
    SIGN_INVALID,           /* invalid: the signature does not verify */
    SIGN_RATE,              /* rate: over the key's own limit */
    SIGN_REPLAYED,          /* replayed */
    SIGN_UNAVAILABLE,       /* unavailable: replay state cannot be asked */
    SIGN_DIGEST,            /* digest: the body is not the one signed */
    SIGN_NO_MEMORY          /* (internal) */
} sign_code_e;


typedef enum {
    SIGN_DIGEST_NONE = 0,
    SIGN_DIGEST_SHA256,
    SIGN_DIGEST_SHA512,
    SIGN_DIGEST_SHA384      /* of what is signed; of no body */
} sign_digest_e;


/* when the body is looked at, set by parse() or cover() */

typedef enum {
    SIGN_BODY_NONE = 0,     /* never: it is not covered */
    SIGN_BODY_BEFORE,       /* all of it, before sign_base() */
    SIGN_BODY_AFTER         /* while it goes on to the application, behind
                               sign_verify() */
} sign_body_e;


/*
 * A parsed signature.  Slices point into the request or into memory of the
 * allocator given to sign_parse().
 */

typedef struct {
    sign_scheme_e           scheme;
    postern_str_t           key_id;
    postern_str_t           signature;     /* raw bytes */
    postern_str_t           nonce;         /* absent where there is none */
    postern_str_t           label;         /* rfc9421: "sig1" */
    unsigned                nth;           /* of the signatures that count */
    unsigned                further:1;     /* there may be another one */
    postern_str_t           tag;
    int64_t                 created;       /* seconds */
    int64_t                 expires;       /* POSTERN_TIME_MAX: not said */
    postern_alg_e           alg;           /* 0: the message does not say */

    /* the body's digest, when covered; for SigV4 without
       x-amz-content-sha256 the body must be hashed before sign_base(), and
       body_hash be filled in: by the sink, or whoever has the hash */
    sign_body_e             body;
    sign_digest_e           digest;
    unsigned char           digest_value[64];
    unsigned                has_body_hash:1;
    unsigned                hops:1;        /* Connection names fields */
    unsigned                reusable:1;    /* proven anew by the connection:
                                              nothing is claimed */
    unsigned                once:1;        /* the method is not signed: a safe
                                              one may not repeat itself */
    unsigned                undated:1;     /* no time is signed: that of our
                                              first look counts */
    unsigned                framed:1;      /* the body comes in a framing of its
                                              own: sign_unframe() */
    unsigned char           body_hash[32];

    /* set by sign_check(): the instant of judgement, and the client's address;
       NULL: unknown */
    int64_t                 now;
    const unsigned char    *address;

    /* who it was, where one key stands for many: a certificate's subject, an
       SSH principal; absent: the key's own subject */
    postern_str_t           subject;

    /* what the signature leaves open, for the record; NULL: nothing */
    const char             *weak;

    /* SigV4A: the regions it is meant for, for the record */
    postern_str_t           regions;

    /* bytes of the body without its framing, where it is framed */
    int64_t                 payload_len;

    /* set by sign_base(): what the key signs (RFC 9421: the signature base;
       SigV4: the string to sign) */
    postern_str_t           base;
    postern_str_t           canonical;     /* SigV4: the canonical request */
    postern_str_t           part;          /* set by a sink that refuses: what
                                              the piece of the body that is not
                                              right should have signed */
    size_t                  searched;      /* bytes, for parts of fields */

    /* the keys that may have signed where the message names none (webhooks):
       nkeys set by parse(), keys by find(), opened by the caller; keys are NULL
       where there is none or it may not be used, and opened is a decoy then.
       which of them it was is said by sign_verify() */
    const postern_key_t    *keys[SIGN_MAX_KEYS];
    struct sign_key_s      *opened[SIGN_MAX_KEYS];
    size_t                  nkeys;
    size_t                  which;

    /* set by sign_verify() where it is SIGN_OK: what may be used only once;
       a scheme whose claim is of another form makes it itself */
    unsigned char           claim[SIGN_CLAIM_MAX];
    size_t                  claim_len;

    /* set by sign_check(): seconds from now that the signature stays valid,
       that is how long the claim must be kept */
    int64_t                 claim_ttl;

    /* of one scheme only */
    const void             *scheme_data;

    /* on failure: what was wrong, for logs and explain; never for clients */
    char                    detail[256];
} sign_message_t;


/*
 * Which scheme, which key: shape only.  SIGN_MISSING where the request carries
 * no signature of a scheme of the policy.  Requests with credentials of two
 * schemes are SIGN_AMBIGUOUS.
 *
 * With rfc9421 those signatures count whose parameters name a keyid, and a tag
 * of the policy where it has some; the first of them is parsed.  Where it does
 * not verify, whatever it is that fails, and msg->further is set, sign_next()
 * parses the next one in its place: SIGN_MISSING where there is none.  Never
 * more than SIGN_MAX_TRIES.  It is the caller who must see to it that nobody
 * learns from the answer, or from the time it takes, which of them failed and
 * at what.
 */
sign_code_e sign_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg);
sign_code_e sign_next(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg);

/*
 * The key that the message speaks of, NULL where there is none: by its id, by a
 * fingerprint, by who issued a certificate.  Sets msg->key_id where the message
 * itself names none.
 */
const postern_key_t *sign_find(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    sign_message_t *msg);

/*
 * Keys that stand apart from the directory.  names() says what they are asked
 * for by, after find(), whose key is handed on; it returns how many names there
 * are, 0 where the directory has said all.  They are ids, or else fingerprints
 * and issuers, under which there are ids.
 *
 * choose() gets the keys of these ids, up to SIGN_MAX_APART, none of which the
 * directory has, and returns what find() would have if it had them: whatever
 * they were found under, one that is not what the message speaks of is not
 * chosen.  serial tells one from another, in time too.
 */

typedef struct {
    const postern_key_t    *key;
    uint64_t                serial;
} sign_apart_t;

size_t sign_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES]);
const postern_key_t *sign_choose(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    const sign_apart_t *apart, size_t n, sign_message_t *msg);

/* an id as such a name: 1, or 0 where it is none */
int sign_name_id(postern_key_name_t *name, postern_str_t id);

/*
 * Key, coverage, freshness.  key is what the directory has under msg->key_id
 * (NULL: SIGN_UNKNOWN_KEY), org the organization demanded here (absent: any),
 * address the client's 16 bytes (NULL: unknown, then keys with networks are
 * refused), now in seconds.
 */
sign_code_e sign_check(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, postern_str_t org,
    const unsigned char *address, int64_t now, sign_message_t *msg);

/* builds msg->base (and canonical) */
sign_code_e sign_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg);

const char *sign_code(sign_code_e code);         /* "sign/expired" */
const char *sign_scheme_name(sign_scheme_e s);   /* "rfc9421" */

/* what WWW-Authenticate says of the scheme; NULL where no header can help */
const char *sign_scheme_challenge(sign_scheme_e s);


/*
 * sign_verify.h: a key made ready once and used for many requests.  Not shared
 * between threads.
 */

typedef struct sign_key_s  sign_key_t;

/* secret: opened bytes for HMAC keys (not kept in the clear by the caller
   afterwards), absent for the others, whose public key is in key.  NULL when
   the key is unusable or memory is out. */
sign_key_t *sign_key_create(const postern_key_t *key, postern_str_t secret);
void sign_key_destroy(sign_key_t *key);

/* SIGN_OK, with msg->claim set, or SIGN_INVALID; msg->base must be set.
   Constant time in the signature.  SigV4's derived key is kept in the
   sign_key_t by date, region and service. */
sign_code_e sign_verify(sign_key_t *key, sign_message_t *msg);


/* 1 where a signature of that length can be one of the key at all; of any key
   of the algorithm */
int sign_fits(const sign_key_t *key, const sign_message_t *msg);
int sign_alg_fits(postern_alg_e alg, const sign_message_t *msg);


/*
 * What becomes of the body: SIGN_BODY_BEFORE, it makes of it what sign_base()
 * or sign_verify() need (body_hash, at the least); SIGN_BODY_AFTER, it compares
 * it with what was signed.  update() takes the bytes in the order they came,
 * each once; either function may end the request with a code, SIGN_DIGEST for a
 * body that is not the one signed.  NULL when out of memory.
 */

typedef struct sign_sink_s  sign_sink_t;

struct sign_sink_s {
    sign_code_e  (*update)(sign_sink_t *sink, const unsigned char *data,
                           size_t len, sign_message_t *msg);
    sign_code_e  (*final)(sign_sink_t *sink, sign_message_t *msg);
};

sign_sink_t *sign_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg);

/* the same as update(), of a body that is framed (aws-chunked): what is left in
   data, *len bytes from its beginning, is payload */
sign_code_e sign_unframe(sign_sink_t *sink, unsigned char *data, size_t *len,
    sign_message_t *msg);


/*
 * sign_digest.c: hashes of bodies.  Plain data, no allocation by us; begin()
 * before, update() per piece, final() at the end.
 */

typedef struct sign_digest_s  sign_digest_t;

size_t sign_digest_size(void);                 /* bytes to hand to begin() */
sign_digest_t *sign_digest_begin(void *memory, sign_digest_e kind);
void sign_digest_update(sign_digest_t *d, const unsigned char *data,
    size_t len);
/* writes 32 or 64 bytes, returns how many */
size_t sign_digest_final(sign_digest_t *d, unsigned char out[64]);
/* 1 where equal, in constant time */
int sign_digest_equal(sign_digest_e kind, const unsigned char *a,
    const unsigned char *b);

/* SHA-256 over the parts, one behind the other: claims, canonical requests */
void sign_sha256(const postern_str_t *parts, size_t n, unsigned char out[32]);


#endif /* _SIGN_MESSAGE_H_INCLUDED_ */
