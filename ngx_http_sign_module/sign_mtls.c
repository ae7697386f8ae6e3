
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
} sign_mtls_data_t;


static void sign_mtls_keep(const sign_mtls_data_t *data);
static const postern_key_t *sign_mtls_look(const postern_directory_t *dir,
    sign_mtls_data_t *data);
static const postern_key_t *sign_mtls_authority(
    const postern_directory_t *dir, sign_mtls_data_t *data);


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
        data->known.key = sign_mtls_look(dir, data);
        data->known.found = 1;

        sign_mtls_keep(data);
    }

    if (data->known.key == NULL) {

        /* nobody's: known to logs as the text by which it would be entered */

        msg->key_id.data = data->known.fingerprint;
        msg->key_id.len = sizeof(data->known.fingerprint);

        return NULL;
    }

    msg->key_id = data->known.key->id;

    if (data->known.subject_len) {
        msg->subject.data = data->known.subject;
        msg->subject.len = data->known.subject_len;
    }

    return data->known.key;
}


/* a newer directory may have come into force at this connection meanwhile */

static void
sign_mtls_keep(const sign_mtls_data_t *data)
{
    if (data->shared && data->shared->serial == data->known.serial) {
        *data->shared = data->known;
    }
}


static const postern_key_t *
sign_mtls_look(const postern_directory_t *dir, sign_mtls_data_t *data)
{
    unsigned char         hash[32];
    const postern_key_t  *key;

    sign_sha256(data->certificates, 1, hash);

    (void) sign_put_hex(data->known.fingerprint, hash, sizeof(hash));

    key = postern_directory_fingerprint(dir, hash);

    if (key && POSTERN_ALWAYS(key->algorithm == POSTERN_ALG_X509)) {
        return key;
    }

    return sign_mtls_authority(dir, data);
}


/* the first whose rule the certificate fits, and that is among its issuers by
   name: whether it really is, is for verify() */

static const postern_key_t *
sign_mtls_authority(const postern_directory_t *dir, sign_mtls_data_t *data)
{
    X509                 *leaf;
    uint32_t              i;
    const postern_key_t  *key;

    leaf = sign_mtls_certificate(data->certificates[0]);

    if (leaf == NULL) {
        return NULL;
    }

    for (i = 0; i < dir->nauthorities; i++) {
        key = dir->authorities[i];

        if (key->algorithm == POSTERN_ALG_X509_CA
            && sign_mtls_match(leaf, key, &data->known)
            && sign_mtls_issued(key, leaf, data->certificates, data->n))
        {
            X509_free(leaf);
            return key;
        }
    }

    data->known.subject_len = 0;
    X509_free(leaf);

    return NULL;
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


/* what failed is not tried again in the same second: whoever has no good
   certificate shall not have us verify it for each request */

int
sign_mtls_verify(sign_key_t *k, sign_message_t *msg)
{
    sign_mtls_t       *known;
    sign_mtls_data_t  *data;

    data = (sign_mtls_data_t *) msg->scheme_data;
    known = &data->known;

    if (k->x509 == NULL) {
        (void) sign_fail(msg, SIGN_CERTIFICATE,
                         "the key is none that certificates are judged by");
        return 0;
    }

    if (known->verified && msg->now >= known->from && msg->now < known->until) {
        return 1;
    }

    if (!known->refused || known->failed != msg->now) {
        known->verified = sign_x509_verify(k->x509, data->certificates,
                                           data->n, msg->now, known);
        known->refused = !known->verified;
        known->failed = msg->now;

        sign_mtls_keep(data);
    }

    if (known->refused) {
        (void) sign_fail(msg, SIGN_CERTIFICATE, "%s", known->detail);
    }

    return known->verified;
}
