
/*
 * mtls: TLS has proven that whoever sent the request holds the key of the
 * certificate, and lets nobody change what was sent: everything is covered, and
 * a copy of the request proves nothing on another connection.
 */


#include "sign_mtls.h"
#include "sign_verify.h"
#include "postern_assert.h"

#include <stdio.h>


typedef struct {
    sign_mtls_t             known;
    sign_mtls_t            *shared;
    const postern_str_t    *certificates;
    size_t                  n;
    size_t                  which;      /* of known.keys: who speaks */
    unsigned                silent:1;   /* … and cannot say for whom */
} sign_mtls_data_t;


static void sign_mtls_keep(const sign_mtls_data_t *data);
static void sign_mtls_look(const postern_directory_t *dir,
    sign_mtls_data_t *data);
static void sign_mtls_authorities(const postern_directory_t *dir,
    X509 *leaf, sign_mtls_data_t *data);
static int sign_mtls_fits(const postern_key_t *key, X509 *leaf,
    sign_mtls_data_t *data);
static int sign_mtls_is(const postern_key_t *key,
    const sign_mtls_data_t *data);
static const postern_key_t *sign_mtls_first(sign_message_t *msg);
static void sign_mtls_subject_of(sign_mtls_data_t *data, size_t n);


int
sign_mtls_present(const sign_request_t *req, const sign_policy_t *policy)
{
    return req->ncertificates != 0;
}


sign_code_e
sign_mtls_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t             i;
    sign_mtls_data_t  *data;

    if (req->ncertificates > SIGN_MTLS_MAX_CERTIFICATES) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "more than %d certificates of the client",
                         SIGN_MTLS_MAX_CERTIFICATES);
    }

    for (i = 0; i < req->ncertificates; i++) {
        if (req->certificates[i].len > SIGN_MTLS_MAX_CERTIFICATE) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "a certificate of the client has more than %d "
                             "bytes", SIGN_MTLS_MAX_CERTIFICATE);
        }
    }

    data = postern_alloc(alloc, sizeof(sign_mtls_data_t));
    if (data == NULL) {
        return SIGN_NO_MEMORY;
    }

    data->certificates = req->certificates;
    data->n = req->ncertificates;
    data->shared = req->mtls;
    data->which = 0;
    data->silent = 0;

    if (req->mtls) {
        data->known = *req->mtls;

    } else {
        memset(&data->known, 0, sizeof(sign_mtls_t));
    }

    msg->scheme_data = data;
    msg->signature = req->certificates[0];
    msg->reusable = 1;

    return SIGN_OK;
}


const postern_key_t *
sign_mtls_find(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_message_t *msg)
{
    sign_mtls_data_t  *data;

    data = (sign_mtls_data_t *) msg->scheme_data;

    if (!data->known.found) {
        sign_mtls_look(dir, data);
        data->known.found = 1;

        sign_mtls_keep(data);
    }

    /* those of another request's are not there any more */

    data->which = 0;

    return sign_mtls_first(msg);
}


/* nobody's is known to logs as the text by which it would be entered */

static const postern_key_t *
sign_mtls_first(sign_message_t *msg)
{
    size_t             i;
    sign_mtls_data_t  *data;

    data = (sign_mtls_data_t *) msg->scheme_data;

    for (i = 0; i < sign_mtls_keys(msg); i++) {
        if (sign_mtls_key(msg, i)) {
            sign_mtls_speak(msg, i);
            return sign_mtls_key(msg, i);
        }
    }

    msg->key_id.data = data->known.fingerprint;
    msg->key_id.len = sizeof(data->known.fingerprint);

    return NULL;
}


/* a newer directory may have come into force at this connection meanwhile; keys
   that stand apart are this request's alone */

static void
sign_mtls_keep(const sign_mtls_data_t *data)
{
    size_t        i;
    sign_mtls_t  *shared;

    shared = data->shared;

    if (shared == NULL || shared->serial != data->known.serial) {
        return;
    }

    *shared = data->known;

    for (i = 0; i < shared->napart; i++) {
        shared->keys[shared->nown + i].key = NULL;
    }
}


static void
sign_mtls_look(const postern_directory_t *dir, sign_mtls_data_t *data)
{
    X509                 *leaf;
    unsigned char         hash[32];
    const postern_key_t  *key;

    sign_sha256(data->certificates, 1, hash);

    (void) sign_put_hex(data->known.fingerprint, hash, sizeof(hash));

    key = postern_directory_fingerprint(dir, hash);

    if (key && POSTERN_ALWAYS(key->algorithm == POSTERN_ALG_X509)) {
        data->known.keys[0].key = key;
        data->known.nown = 1;

        return;
    }

    leaf = sign_mtls_certificate(data->certificates[0]);

    if (leaf == NULL) {
        return;
    }

    data->known.nissuers = sign_mtls_issuers(leaf, data->certificates, data->n,
                                             data->known.issuers);

    sign_mtls_authorities(dir, leaf, data);

    X509_free(leaf);
}


static void
sign_mtls_authorities(const postern_directory_t *dir, X509 *leaf,
    sign_mtls_data_t *data)
{
    uint32_t      i;
    sign_mtls_t  *known;

    known = &data->known;

    for (i = 0;
         i < dir->nauthorities && known->nown < SIGN_MTLS_MAX_AUTHORITIES;
         i++)
    {
        if (sign_mtls_fits(dir->authorities[i], leaf, data)) {
            known->keys[known->nown++].key = dir->authorities[i];
        }
    }
}


/* an authority whose rule the certificate fits, and that is among its issuers
   by name: whether it really is, is for verify() */

static int
sign_mtls_fits(const postern_key_t *key, X509 *leaf, sign_mtls_data_t *data)
{
    data->known.speaks = 0;

    return key->algorithm == POSTERN_ALG_X509_CA
           && sign_mtls_match(leaf, key, &data->known)
           && sign_mtls_issued(key, leaf, data->certificates, data->n);
}


/* the certificate itself */

static int
sign_mtls_is(const postern_key_t *key, const sign_mtls_data_t *data)
{
    unsigned char  hash[32];

    if (key->algorithm != POSTERN_ALG_X509) {
        return 0;
    }

    sign_sha256(data->certificates, 1, hash);

    return memcmp(hash, key->fingerprint, sizeof(hash)) == 0;
}


/* one that is entered itself has no other key in the directory */

size_t
sign_mtls_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES])
{
    size_t              i, n;
    const sign_mtls_t  *known;

    if (key && key->algorithm == POSTERN_ALG_X509) {
        return 0;
    }

    known = &((const sign_mtls_data_t *) msg->scheme_data)->known;

    names[0].by = POSTERN_BY_FINGERPRINT;
    names[0].len = sizeof(known->fingerprint);
    memcpy(names[0].text, known->fingerprint, sizeof(known->fingerprint));

    n = 1;

    for (i = 0; i < known->nissuers; i++) {
        postern_name_issuer(&names[n++], known->issuers[i]);
    }

    return n;
}


/* what is known of a key from an earlier request is that of this one where it
   has the same serial */

const postern_key_t *
sign_mtls_choose(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, const sign_apart_t *apart, size_t n,
    sign_message_t *msg)
{
    X509               *leaf;
    size_t              i;
    sign_mtls_t        *known;
    sign_mtls_data_t   *data;
    sign_mtls_tried_t  *t;

    data = (sign_mtls_data_t *) msg->scheme_data;
    known = &data->known;
    leaf = NULL;

    for (i = 0; i < n; i++) {
        t = &known->keys[known->nown + i];

        if (i >= known->napart || t->serial != apart[i].serial) {
            memset(t, 0, sizeof(sign_mtls_tried_t));
            t->serial = apart[i].serial;
            known->speaks = 0;

            if (leaf == NULL) {
                leaf = sign_mtls_certificate(data->certificates[0]);
            }

            t->fits = leaf && (sign_mtls_is(apart[i].key, data)
                               || sign_mtls_fits(apart[i].key, leaf, data));
        }

        t->key = t->fits ? apart[i].key : NULL;
    }

    X509_free(leaf);

    known->napart = n;
    sign_mtls_keep(data);

    return sign_mtls_first(msg);
}


size_t
sign_mtls_keys(const sign_message_t *msg)
{
    const sign_mtls_data_t  *data;

    data = msg->scheme_data;

    return data->known.nown + data->known.napart;
}


const postern_key_t *
sign_mtls_key(const sign_message_t *msg, size_t n)
{
    const sign_mtls_data_t  *data;

    data = msg->scheme_data;

    return data->known.keys[n].key;
}


void
sign_mtls_speak(sign_message_t *msg, size_t n)
{
    sign_mtls_data_t  *data;

    data = (sign_mtls_data_t *) msg->scheme_data;
    data->which = n;
    data->silent = 0;

    if (data->known.speaks != n + 1) {
        sign_mtls_subject_of(data, n);
        sign_mtls_keep(data);
    }

    msg->key_id = data->known.keys[n].key->id;

    msg->subject.data = data->known.subject_len ? data->known.subject : NULL;
    msg->subject.len = data->known.subject_len;
}


/* read for the second time; where there is no memory for it, whoever it is must
   not pass for the key itself */

static void
sign_mtls_subject_of(sign_mtls_data_t *data, size_t n)
{
    X509                 *leaf;
    const postern_key_t  *key;

    key = data->known.keys[n].key;

    data->known.speaks = n + 1;
    data->known.subject_len = 0;

    if (key->algorithm != POSTERN_ALG_X509_CA) {
        return;
    }

    leaf = sign_mtls_certificate(data->certificates[0]);

    if (POSTERN_NEVER(leaf == NULL)
        || !sign_mtls_match(leaf, key, &data->known))
    {
        data->known.speaks = 0;
        data->silent = 1;
    }

    X509_free(leaf);
}


/* a field that is demanded must be there, as with signatures */

sign_code_e
sign_mtls_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    size_t  i, n;

    for (i = 0; i < policy->nfields; i++) {
        n = 0;

        if (sign_field_next(req, policy->fields[i], &n) == NULL) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "field \"%.*s\" is not in the request",
                             SIGN_TEXT(policy->fields[i]));
        }
    }

    msg->created = msg->now;

    return SIGN_OK;
}


sign_code_e
sign_mtls_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    msg->base = msg->signature;

    return SIGN_OK;
}


int
sign_mtls_verify(sign_key_t *k, sign_message_t *msg)
{
    const sign_mtls_data_t  *data;

    data = msg->scheme_data;

    if (k->x509 == NULL) {
        (void) sign_fail(msg, SIGN_CERTIFICATE,
                         "the key is none that certificates are judged by");
        return 0;
    }

    if (sign_mtls_try(msg, data->which, k, msg->now) != SIGN_MTLS_GOOD) {
        (void) sign_fail(msg, SIGN_CERTIFICATE, "%s",
                         data->known.keys[data->which].detail);
        return 0;
    }

    return 1;
}


/* what failed is not tried again in the same second: whoever has no good
   certificate shall not have us verify it for each request */

sign_mtls_e
sign_mtls_try(sign_message_t *msg, size_t n, const sign_key_t *k, int64_t now)
{
    sign_mtls_e         rc;
    sign_mtls_data_t   *data;
    sign_mtls_tried_t  *t;

    data = (sign_mtls_data_t *) msg->scheme_data;
    t = &data->known.keys[n];

    if (data->silent) {
        t->detail = "its subject cannot be read";
        return SIGN_MTLS_NO;
    }

    if (t->verified && now >= t->from && now < t->until) {
        return SIGN_MTLS_GOOD;
    }

    if (!t->refused || t->failed != now) {
        rc = sign_x509_verify(k->x509, data->certificates, data->n, now, t);

        t->verified = (rc == SIGN_MTLS_GOOD);
        t->final = (rc == SIGN_MTLS_FINAL);
        t->refused = !t->verified;
        t->failed = now;

        sign_mtls_keep(data);
    }

    if (t->verified) {
        return SIGN_MTLS_GOOD;
    }

    return t->final ? SIGN_MTLS_FINAL : SIGN_MTLS_NO;
}
