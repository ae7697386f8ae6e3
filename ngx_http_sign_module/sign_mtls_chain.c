
/*
 * Chains of certificates: RFC 5280, section 6, by OpenSSL.
 */


#include "sign_mtls.h"
#include "postern_assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>


struct sign_x509_s {
    X509_STORE            *store;       /* of an authority; NULL: one of a
                                           client alone */
    STACK_OF(X509_CRL)    *crls;
};


static int sign_x509_fill(sign_x509_t *x, const postern_key_t *key);
static sign_mtls_e sign_x509_chain(const sign_x509_t *x, X509 *leaf,
    STACK_OF(X509) *others, int64_t now, sign_mtls_tried_t *t);
static int sign_x509_ready(const sign_x509_t *x, X509_STORE_CTX *ctx,
    X509 *leaf, STACK_OF(X509) *others, int64_t now, int *revoked);
static int sign_x509_callback(int ok, X509_STORE_CTX *ctx);
static sign_mtls_e sign_x509_alone(const sign_x509_t *x, X509 *leaf,
    int64_t now, sign_mtls_tried_t *t);
static sign_mtls_e sign_x509_revoked(const sign_x509_t *x, X509 *leaf,
    int64_t now, sign_mtls_tried_t *t);
static void sign_x509_dates(const X509 *cert, sign_mtls_tried_t *t);
static void sign_x509_lists(const sign_x509_t *x, int64_t now,
    sign_mtls_tried_t *t);
static int64_t sign_x509_end(const X509_CRL *crl);
static int64_t sign_x509_time(const ASN1_TIME *t, int64_t otherwise);
static sign_mtls_e sign_x509_say(sign_mtls_tried_t *t, sign_mtls_e rc,
    const char *what);


sign_x509_t *
sign_x509_create(const postern_key_t *key)
{
    int           rc;
    sign_x509_t  *x;

    x = calloc(1, sizeof(sign_x509_t));
    if (x == NULL) {
        return NULL;
    }

    ERR_set_mark();
    rc = sign_x509_fill(x, key);
    ERR_pop_to_mark();

    if (rc != 0) {
        sign_x509_destroy(x);
        return NULL;
    }

    return x;
}


void
sign_x509_destroy(sign_x509_t *x)
{
    if (x == NULL) {
        return;
    }

    X509_STORE_free(x->store);
    sk_X509_CRL_pop_free(x->crls, X509_CRL_free);
    free(x);
}


static int
sign_x509_fill(sign_x509_t *x, const postern_key_t *key)
{
    int                   rc;
    X509                 *cert;
    X509_CRL             *crl;
    postern_str_t         ders;
    const unsigned char  *p, *end;

    x->crls = sk_X509_CRL_new_null();
    if (x->crls == NULL) {
        return -1;
    }

    if (key->algorithm == POSTERN_ALG_X509_CA) {
        x->store = X509_STORE_new();
        if (x->store == NULL) {
            return -1;
        }

        ders = key->public_key;

        while ((cert = sign_mtls_take(&ders)) != NULL) {
            rc = X509_STORE_add_cert(x->store, cert);
            X509_free(cert);

            if (rc != 1) {
                return -1;
            }
        }

        if (ders.len) {
            return -1;
        }
    }

    p = key->crl.data;
    end = p + key->crl.len;

    while (p < end) {
        crl = d2i_X509_CRL(NULL, &p, end - p);

        if (crl == NULL || sk_X509_CRL_push(x->crls, crl) <= 0) {
            X509_CRL_free(crl);
            return -1;
        }

        if (x->store && X509_STORE_add_crl(x->store, crl) != 1) {
            return -1;
        }
    }

    return 0;
}


sign_mtls_e
sign_x509_verify(const sign_x509_t *x, const postern_str_t *certificates,
    size_t n, int64_t now, sign_mtls_tried_t *t)
{
    int              rc;
    X509            *leaf, *cert;
    size_t           i;
    sign_mtls_e      good;
    STACK_OF(X509)  *others;

    t->from = POSTERN_TIME_MIN;
    t->until = POSTERN_TIME_MAX;

    leaf = sign_mtls_certificate(certificates[0]);
    others = sk_X509_new_null();
    rc = (leaf != NULL && others != NULL);

    for (i = 1; i < n && rc; i++) {
        cert = sign_mtls_certificate(certificates[i]);

        if (cert == NULL || sk_X509_push(others, cert) <= 0) {
            X509_free(cert);
            rc = 0;
        }
    }

    if (!rc) {
        good = sign_x509_say(t, SIGN_MTLS_NO, "a certificate cannot be read");

    } else {
        ERR_set_mark();

        good = x->store ? sign_x509_chain(x, leaf, others, now, t)
                        : sign_x509_alone(x, leaf, now, t);

        ERR_pop_to_mark();
    }

    sk_X509_pop_free(others, X509_free);
    X509_free(leaf);

    return good;
}


static sign_mtls_e
sign_x509_chain(const sign_x509_t *x, X509 *leaf, STACK_OF(X509) *others,
    int64_t now, sign_mtls_tried_t *t)
{
    int              i, rc, error, revoked;
    X509_STORE_CTX  *ctx;
    STACK_OF(X509)  *chain;

    ctx = X509_STORE_CTX_new();
    revoked = X509_V_OK;

    if (ctx == NULL || !sign_x509_ready(x, ctx, leaf, others, now, &revoked)) {
        X509_STORE_CTX_free(ctx);
        return sign_x509_say(t, SIGN_MTLS_NO, "out of memory");
    }

    rc = X509_verify_cert(ctx);

    if (rc != 1) {
        error = X509_STORE_CTX_get_error(ctx);
        X509_STORE_CTX_free(ctx);

        return sign_x509_say(t, SIGN_MTLS_NO,
                             X509_verify_cert_error_string(error));
    }

    /* an authority's own certificate is not that of a client */

    if (X509_STORE_CTX_get_num_untrusted(ctx) < 1) {
        X509_STORE_CTX_free(ctx);
        return sign_x509_say(t, SIGN_MTLS_NO,
                             "the certificate is that of the authority");
    }

    chain = X509_STORE_CTX_get0_chain(ctx);

    for (i = 0; i < sk_X509_num(chain); i++) {
        sign_x509_dates(sk_X509_value(chain, i), t);
    }

    X509_STORE_CTX_free(ctx);

    if (revoked != X509_V_OK) {
        return sign_x509_say(t, SIGN_MTLS_FINAL,
                             X509_verify_cert_error_string(revoked));
    }

    sign_x509_lists(x, now, t);

    return SIGN_MTLS_GOOD;
}


/*
 * Whatever certificate the directory has is trusted, so that an intermediate
 * authority can be entered without the root above it, and the client's session
 * be resumed: a resumed one has no certificates but the client's own.
 */

static int
sign_x509_ready(const sign_x509_t *x, X509_STORE_CTX *ctx, X509 *leaf,
    STACK_OF(X509) *others, int64_t now, int *revoked)
{
    unsigned long       flags;
    X509_VERIFY_PARAM  *param;

    if (X509_STORE_CTX_init(ctx, x->store, leaf, others) != 1
        || X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) != 1
        || X509_STORE_CTX_set_app_data(ctx, revoked) != 1)
    {
        return 0;
    }

    flags = X509_V_FLAG_PARTIAL_CHAIN;

    if (sk_X509_CRL_num(x->crls) > 0) {
        flags |= X509_V_FLAG_CRL_CHECK|X509_V_FLAG_CRL_CHECK_ALL;
    }

    param = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_time(param, (time_t) now);
    X509_VERIFY_PARAM_set_depth(param, SIGN_MTLS_MAX_DEPTH);
    X509_VERIFY_PARAM_set_auth_level(param, SIGN_MTLS_LEVEL);
    X509_STORE_CTX_set_verify_cb(ctx, sign_x509_callback);

    return X509_VERIFY_PARAM_set_flags(param, flags) == 1;
}


/*
 * Revocation lists are demanded of whatever came from outside.  Of what the
 * directory trusts there may be none, or one whose issuer is not in the chain,
 * so that OpenSSL cannot verify it; what it revokes is refused all the same.
 *
 * Lists are looked at before signatures are: only then is it known whether they
 * are those of the authority that issued the certificate, or of another one
 * that has its name.
 */

static int
sign_x509_callback(int ok, X509_STORE_CTX *ctx)
{
    int   error, trusted;
    int  *revoked;

    error = X509_STORE_CTX_get_error(ctx);

    trusted = X509_STORE_CTX_get_error_depth(ctx)
              >= X509_STORE_CTX_get_num_untrusted(ctx);

    switch (error) {

    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:

        if (trusted) {
            break;
        }

        /* fall through */

    case X509_V_ERR_CERT_REVOKED:
        revoked = X509_STORE_CTX_get_app_data(ctx);

        if (*revoked == X509_V_OK) {
            *revoked = error;
        }

        break;

    default:
        return ok;
    }

    X509_STORE_CTX_set_error(ctx, X509_V_OK);

    return 1;
}


/* one that was entered itself: its issuer is not asked for */

static sign_mtls_e
sign_x509_alone(const sign_x509_t *x, X509 *leaf, int64_t now,
    sign_mtls_tried_t *t)
{
    sign_x509_dates(leaf, t);

    if (now < t->from) {
        return sign_x509_say(t, SIGN_MTLS_FINAL,
                             "certificate is not yet valid");
    }

    if (now >= t->until) {
        return sign_x509_say(t, SIGN_MTLS_FINAL, "certificate has expired");
    }

    if (X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) != 1) {
        return sign_x509_say(t, SIGN_MTLS_FINAL,
                             "certificate is not for TLS clients");
    }

    if (sk_X509_CRL_num(x->crls) > 0) {
        return sign_x509_revoked(x, leaf, now, t);
    }

    return SIGN_MTLS_GOOD;
}


/* that a list is signed by the certificate's issuer was seen to when the
   directory was read */

static sign_mtls_e
sign_x509_revoked(const sign_x509_t *x, X509 *leaf, int64_t now,
    sign_mtls_tried_t *t)
{
    int            i, current;
    X509_CRL      *crl;
    X509_REVOKED  *entry;

    current = 0;

    for (i = 0; i < sk_X509_CRL_num(x->crls); i++) {
        crl = sk_X509_CRL_value(x->crls, i);

        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(leaf))
            != 0)
        {
            continue;
        }

        /* 2: taken off the list again */

        if (X509_CRL_get0_by_cert(crl, &entry, leaf) == 1) {
            return sign_x509_say(t, SIGN_MTLS_FINAL, "certificate revoked");
        }

        current |= now >= sign_x509_time(X509_CRL_get0_lastUpdate(crl),
                                         POSTERN_TIME_MAX)
                   && now < sign_x509_end(crl);
    }

    if (!current) {
        return sign_x509_say(t, SIGN_MTLS_FINAL,
                             "CRL has expired, or is of another issuer");
    }

    sign_x509_lists(x, now, t);

    return SIGN_MTLS_GOOD;
}


/* OpenSSL takes a certificate for expired in the second that notAfter names */

static void
sign_x509_dates(const X509 *cert, sign_mtls_tried_t *t)
{
    int64_t  from, until;

    from = sign_x509_time(X509_get0_notBefore(cert), POSTERN_TIME_MAX);
    until = sign_x509_time(X509_get0_notAfter(cert), POSTERN_TIME_MIN);

    if (from > t->from) {
        t->from = from;
    }

    if (until < t->until) {
        t->until = until;
    }
}


/* what was found is looked at again when a list ends */

static void
sign_x509_lists(const sign_x509_t *x, int64_t now, sign_mtls_tried_t *t)
{
    int        i;
    int64_t    until;
    X509_CRL  *crl;

    for (i = 0; i < sk_X509_CRL_num(x->crls); i++) {
        crl = sk_X509_CRL_value(x->crls, i);
        until = sign_x509_end(crl);

        if (until > now && until < t->until) {
            t->until = until;
        }
    }
}


/* a list that does not say when the next one comes does not end */

static int64_t
sign_x509_end(const X509_CRL *crl)
{
    const ASN1_TIME  *t;

    t = X509_CRL_get0_nextUpdate(crl);

    return t ? sign_x509_time(t, POSTERN_TIME_MIN) : POSTERN_TIME_MAX;
}


static int64_t
sign_x509_time(const ASN1_TIME *t, int64_t otherwise)
{
    struct tm  tm;

    if (ASN1_TIME_to_tm(t, &tm) != 1) {
        return otherwise;
    }

    return (int64_t) timegm(&tm);
}


static sign_mtls_e
sign_x509_say(sign_mtls_tried_t *t, sign_mtls_e rc, const char *what)
{
    t->detail = what;

    return rc;
}
