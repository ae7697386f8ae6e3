
/*
 * What a scheme of signatures consists of.  sign_message.c tries the schemes
 * of the policy and does what is common to all; a scheme knows only its own
 * text.  Inside the sign module; others use sign_message.h.
 *
 * A new scheme is a row in the table of sign_message.c and these functions:
 *
 *     present()   1 where the request carries credentials of the scheme, well
 *                 formed or not: no allocation, one pass over the fields.  Two
 *                 schemes present are SIGN_AMBIGUOUS before either is parsed.
 *
 *     parse()     shape.  msg comes zeroed, but for scheme, created
 *                 (POSTERN_TIME_MIN) and expires (POSTERN_TIME_MAX).  Fills in
 *                 key_id, signature, created, and what else the message says:
 *                 nonce, label, tag, expires, alg.  SIGN_OK needs a signature
 *                 that is not empty, and a key_id of 1 to SIGN_MAX_KEY_ID bytes
 *                 unless there is a find().  An alg must be that of the key:
 *                 sign_check() compares.  What the scheme wants to remember
 *                 goes to scheme_data.
 *
 *     find()      the key, where it is not the one of msg->key_id.  NULL in the
 *                 table: it always is.
 *
 *     names()     what the key is asked for by where the directory has none.
 *                 NULL in the table: by msg->key_id, as find() does.
 *
 *     choose()    of the keys that were found by these names the one of the
 *                 message, or key.  NULL: the first one.
 *
 *     cover()     that the signature covers what the policy demands: cover
 *                 bits and further fields, which must be present as well.
 *                 Fills in digest and digest_value when the body is covered,
 *                 demanded or not, body or none.  key is that of the directory,
 *                 active and usable here; freshness is not its business.
 *
 *     sink()      what becomes of the body where msg->body is not
 *                 SIGN_BODY_NONE.  NULL in the table: it is hashed, by
 *                 msg->digest or SHA-256, and body_hash is set or the hash
 *                 compared with digest_value.
 *
 *     base()      msg->base (and canonical).  The claim is made from nonce or
 *                 base by sign_verify(), equally for all schemes.
 *
 *     verify()    1 where the signature over the base is one of the key, else
 *                 0; constant time in the signature.
 *
 * Every function that fails with a code returns
 * sign_fail(msg, code, "what, where").
 */


#ifndef _SIGN_SCHEME_H_INCLUDED_
#define _SIGN_SCHEME_H_INCLUDED_


#include "sign_message.h"
#include "sign_octets.h"


typedef struct {
    sign_scheme_e    id;
    const char      *challenge;    /* for WWW-Authenticate, or NULL */
    sign_code_e      invalid;      /* of a verify() that is 0; SIGN_OK:
                                      SIGN_INVALID */
    unsigned         last;         /* counts only where no other is present;
                                      the last row */

    int            (*present)(const sign_request_t *req,
                              const sign_policy_t *policy);
    sign_code_e    (*parse)(const sign_request_t *req,
                            const sign_policy_t *policy,
                            const postern_alloc_t *alloc, sign_message_t *msg);
    const postern_key_t *(*find)(const sign_request_t *req,
                                 const sign_policy_t *policy,
                                 const postern_directory_t *dir,
                                 sign_message_t *msg);
    size_t         (*names)(const sign_request_t *req,
                            const sign_policy_t *policy,
                            const postern_directory_t *dir,
                            const postern_key_t *key, sign_message_t *msg,
                            postern_key_name_t names[SIGN_MAX_NAMES]);
    const postern_key_t *(*choose)(const sign_request_t *req,
                                   const sign_policy_t *policy,
                                   const postern_key_t *key,
                                   const sign_apart_t *apart, size_t n,
                                   sign_message_t *msg);
    sign_code_e    (*cover)(const sign_request_t *req,
                            const sign_policy_t *policy,
                            const postern_key_t *key, sign_message_t *msg);
    sign_sink_t   *(*sink)(sign_key_t *key, const postern_alloc_t *alloc,
                           sign_message_t *msg);
    sign_code_e    (*base)(const sign_request_t *req,
                           const postern_alloc_t *alloc, sign_message_t *msg);
    int            (*verify)(sign_key_t *key, sign_message_t *msg);
} sign_scheme_t;


int sign_rfc9421_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_rfc9421_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
sign_code_e sign_rfc9421_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_code_e sign_rfc9421_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_rfc9421_verify(sign_key_t *key, sign_message_t *msg);

int sign_sigv4_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_sigv4_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
sign_code_e sign_sigv4_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_code_e sign_sigv4_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
sign_sink_t *sign_sigv4_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg);
int sign_sigv4_verify(sign_key_t *key, sign_message_t *msg);

/* version 4A: the same but for these */
int sign_sigv4a_present(const sign_request_t *req,
    const sign_policy_t *policy);
int sign_sigv4a_verify(sign_key_t *key, sign_message_t *msg);

int sign_sshsig_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_sshsig_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
const postern_key_t *sign_sshsig_find(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    sign_message_t *msg);
size_t sign_sshsig_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES]);
const postern_key_t *sign_sshsig_choose(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    const sign_apart_t *apart, size_t n, sign_message_t *msg);
sign_code_e sign_sshsig_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_code_e sign_sshsig_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_sshsig_verify(sign_key_t *key, sign_message_t *msg);

int sign_mtls_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_mtls_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
const postern_key_t *sign_mtls_find(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    sign_message_t *msg);
size_t sign_mtls_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES]);
const postern_key_t *sign_mtls_choose(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    const sign_apart_t *apart, size_t n, sign_message_t *msg);
sign_code_e sign_mtls_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_code_e sign_mtls_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_mtls_verify(sign_key_t *key, sign_message_t *msg);


/*
 * What stands in Signature, as SIGN_KIND_* bits: "rfc9421" and "sshsig" share
 * it.  is_sshsig() says it of one label.  In sign_sshsig_present.c.
 */

#define SIGN_KIND_SSHSIG  0x01
#define SIGN_KIND_OTHER   0x02

unsigned sign_signature_kinds(const sign_request_t *req);
int sign_is_sshsig(postern_str_t signature, postern_str_t label);


/*
 * Keys of SSH that are nobody's: slot() tells which one takes as long as the
 * key that the message is verified with first, and how long an RSA modulus is
 * there; SIGN_SSH_SLOTS where it is none.  slots() are those that keys of the
 * directory are in, as bits.
 */

#define SIGN_SSH_TYPES  7
#define SIGN_SSH_SLOT   64      /* bytes of a modulus */
#define SIGN_SSH_SLOTS  (SIGN_SSH_TYPES + 1024 / SIGN_SSH_SLOT + 1)

sign_key_t *sign_sshsig_decoy(size_t slot, size_t len);
size_t sign_sshsig_slot(const sign_message_t *msg, size_t *len);
uint32_t sign_sshsig_slots(const postern_directory_t *dir);

int sign_cavage_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_cavage_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
sign_code_e sign_cavage_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_code_e sign_cavage_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_cavage_verify(sign_key_t *key, sign_message_t *msg);

/* 1 where a field "Signature" has the credentials of cavage, which come without
   Signature-Input, and not those of RFC 9421 */
int sign_cavage_signature(postern_str_t value);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7); 0, or -1 */
int sign_http_date(postern_str_t value, int64_t *seconds);


int sign_enos_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_enos_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
const postern_key_t *sign_enos_find(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    sign_message_t *msg);
sign_code_e sign_enos_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_sink_t *sign_enos_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg);
sign_code_e sign_enos_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_enos_verify(sign_key_t *key, sign_message_t *msg);

int sign_webhook_present(const sign_request_t *req,
    const sign_policy_t *policy);
sign_code_e sign_webhook_parse(const sign_request_t *req,
    const sign_policy_t *policy, const postern_alloc_t *alloc,
    sign_message_t *msg);
const postern_key_t *sign_webhook_find(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    sign_message_t *msg);
size_t sign_webhook_names(const sign_request_t *req,
    const sign_policy_t *policy, const postern_directory_t *dir,
    const postern_key_t *key, sign_message_t *msg,
    postern_key_name_t names[SIGN_MAX_NAMES]);
const postern_key_t *sign_webhook_choose(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    const sign_apart_t *apart, size_t n, sign_message_t *msg);
sign_code_e sign_webhook_cover(const sign_request_t *req,
    const sign_policy_t *policy, const postern_key_t *key,
    sign_message_t *msg);
sign_sink_t *sign_webhook_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg);
sign_code_e sign_webhook_base(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg);
int sign_webhook_verify(sign_key_t *key, sign_message_t *msg);


/*
 * That the names of the fields leave no doubt which of them an application
 * reads, and whether Connection says more than usual: for sign_parse().
 */
sign_code_e sign_check_names(const sign_request_t *req, sign_message_t *msg);


/* 1 where a field of that name means something only where it comes once */
int sign_is_singleton(postern_str_t name);


/*
 * That no Connection field names this field, which is signed: for cover().
 */
sign_code_e sign_check_hop(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg);


/*
 * The one field of that name, NULL where there is none; SIGN_AMBIGUOUS where
 * there are more: of two, a verifier reads one and an application the other.
 */
sign_code_e sign_field_once(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, const sign_field_t **field);

/* its value, which must be there: SIGN_MALFORMED where it is not, or empty */
sign_code_e sign_field_demand(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, postern_str_t *value);


/*
 * Records why in msg->detail (cut where it is too long) and returns code, so
 * that a failure is one statement.  Slices print with "%.*s" and SIGN_TEXT().
 */
sign_code_e sign_fail(sign_message_t *msg, sign_code_e code,
    const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* hashes the body, as msg->body and msg->digest say: see sign_sink.c */
sign_sink_t *sign_hash_sink(const postern_alloc_t *alloc, sign_message_t *msg);

/*
 * For the cover() of schemes whose clients choose what is covered: that it is
 * all that the policy demands, by SIGN_COVER_* bits and by fields, of which
 * has() is asked one by one.  texts: what each bit is to a client of the
 * scheme, in the order in which they are asked for; the last row is for all
 * bits that are left.
 */

typedef struct {
    unsigned                  bits;
    const char               *what;
} sign_cover_text_t;

sign_code_e sign_cover_policy(const sign_request_t *req,
    const sign_policy_t *policy, unsigned covered,
    const sign_cover_text_t *texts,
    int (*has)(const sign_message_t *msg, postern_str_t name),
    sign_message_t *msg);

/*
 * Sets msg->claim from the key id and the nonce, or the base where there is no
 * nonce.  Of sign_verify(), which knows what was signed where a scheme allows a
 * request to be read in several ways: one signature must be one claim however
 * the request was written.  In sign_message.c.
 */
void sign_claim(sign_message_t *msg);

#define SIGN_TEXT_MAX  64       /* bytes of foreign text in a detail */

#define SIGN_TEXT(s)  sign_text_len(s), sign_text_data(s)


static inline int
sign_text_len(postern_str_t s)
{
    return (int) (s.len < SIGN_TEXT_MAX ? s.len : SIGN_TEXT_MAX);
}


static inline const char *
sign_text_data(postern_str_t s)
{
    return s.len ? (const char *) s.data : "";
}


/*
 * The next field of that name (lower case) at or behind *i, NULL when there is
 * no further one; *i is then the index behind it.  Start with *i = 0.
 */
static inline const sign_field_t *
sign_field_next(const sign_request_t *req, postern_str_t name, size_t *i)
{
    const sign_field_t  *field, *last;

    last = req->fields + req->nfields;

    for (field = req->fields + *i; field < last; field++) {

        if (field->name.len == name.len
            && memcmp(field->name.data, name.data, name.len) == 0)
        {
            *i = field - req->fields + 1;
            return field;
        }
    }

    *i = req->nfields;
    return NULL;
}


#endif /* _SIGN_SCHEME_H_INCLUDED_ */
