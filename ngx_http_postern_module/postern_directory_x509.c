
/* certificates, revocation lists and subject rules: RFC 5280, RFC 7468 */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


#define POSTERN_CERTIFICATES_MAX  (256 * 1024)         /* as written */
#define POSTERN_CRL_MAX           (16 * 1024 * 1024)


/* what one block of PEM must be; NULL, or what is wrong with it */
typedef const char *(*postern_der_check_pt)(const postern_key_t *key,
    const unsigned char *der, size_t len);


static const char *postern_x509_pem(postern_str_t text, const char *kind,
    postern_der_check_pt check, const postern_key_t *key, unsigned char *out,
    size_t *out_len);
static const char *postern_x509_block(const char *name, const char *kind);
static const char *postern_x509_certificate(const postern_key_t *key,
    const unsigned char *der, size_t len);
static const char *postern_x509_crl(const postern_key_t *key,
    const unsigned char *der, size_t len);
static int postern_x509_crl_signed(const postern_key_t *key, X509_CRL *crl);
static size_t postern_x509_length(postern_str_t ders);
static int postern_parse_blocks(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *value, size_t max,
    const char *kind, postern_der_check_pt check, const postern_key_t *key,
    postern_str_t *ders);


int
postern_parse_certificate(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_key_t *key)
{
    if (postern_parse_blocks(p, at, value, POSTERN_CERTIFICATES_MAX,
                             PEM_STRING_X509, postern_x509_certificate, key,
                             &key->public_key)
        != 0)
    {
        return -1;
    }

    crypto_hash_sha256(key->fingerprint, key->public_key.data,
                       postern_x509_length(key->public_key));

    return 0;
}


int
postern_parse_crl(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_key_t *key)
{
    return postern_parse_blocks(p, at, value, POSTERN_CRL_MAX,
                                PEM_STRING_X509_CRL, postern_x509_crl, key,
                                &key->crl);
}


static int
postern_parse_blocks(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, size_t max, const char *kind,
    postern_der_check_pt check, const postern_key_t *key,
    postern_str_t *ders)
{
    size_t          len;
    const char     *fault;
    postern_str_t   text;
    unsigned char  *bytes;

    if (postern_parse_string(p, at, value, max, &text) != 0) {
        return -1;
    }

    /* base64 is longer than what it stands for */

    bytes = postern_parse_array(p, text.len, 1);
    if (bytes == NULL) {
        return -1;
    }

    fault = postern_x509_pem(text, kind, check, key, bytes, &len);

    ERR_clear_error();

    if (fault) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "%s", fault);
    }

    ders->data = bytes;
    ders->len = len;

    return 0;
}


static const char *
postern_x509_pem(postern_str_t text, const char *kind,
    postern_der_check_pt check, const postern_key_t *key, unsigned char *out,
    size_t *out_len)
{
    BIO            *bio;
    long            len;
    char           *name, *header;
    size_t          n;
    const char     *fault;
    unsigned char  *der;

    bio = BIO_new_mem_buf(text.data, text.len);
    if (bio == NULL) {
        return "out of memory";
    }

    ERR_clear_error();

    fault = NULL;
    *out_len = 0;

    for (n = 0; fault == NULL; n++) {

        if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {

            if (n == 0 || ERR_GET_REASON(ERR_peek_last_error())
                          != PEM_R_NO_START_LINE)
            {
                fault = postern_x509_block(NULL, kind);
            }

            break;
        }

        fault = postern_x509_block(name, kind);

        if (fault == NULL) {
            fault = check(key, der, len);
        }

        if (fault == NULL && POSTERN_ALWAYS(*out_len + len <= text.len)) {
            memcpy(out + *out_len, der, len);
            *out_len += len;
        }

        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, len);
    }

    BIO_free(bio);

    return fault;
}


static const char *
postern_x509_block(const char *name, const char *kind)
{
    if (name && strcmp(name, kind) == 0) {
        return NULL;
    }

    if (name && strstr(name, "PRIVATE KEY")) {
        return "holds a private key: it belongs to the client or the "
               "authority alone; put the certificate alone here and replace "
               "the key";
    }

    return strcmp(kind, PEM_STRING_X509) == 0
           ? "must be certificates in PEM, \"-----BEGIN CERTIFICATE-----...\""
           : "must be revocation lists in PEM, \"-----BEGIN X509 CRL-----...\"";
}


static const char *
postern_x509_certificate(const postern_key_t *key, const unsigned char *der,
    size_t len)
{
    X509                 *cert;
    const char           *fault;
    const unsigned char  *p;

    p = der;
    fault = NULL;
    cert = d2i_X509(NULL, &p, (long) len);

    if (cert == NULL || p != der + len || X509_get0_pubkey(cert) == NULL) {
        fault = "is not a certificate that OpenSSL understands";

    } else if (X509_get_extension_flags(cert) & EXFLAG_INVALID) {
        fault = "is a certificate with broken extensions";

    /* 1: the extension says CA:TRUE; what is allowed for want of extensions
       is not enough */

    } else if (key->algorithm == POSTERN_ALG_X509_CA
               && X509_check_ca(cert) != 1)
    {
        fault = "is not the certificate of an authority (basicConstraints "
                "CA:TRUE, keyUsage keyCertSign); a single client's "
                "certificate has the algorithm \"x509\"";
    }

    X509_free(cert);

    return fault;
}


static const char *
postern_x509_crl(const postern_key_t *key, const unsigned char *der,
    size_t len)
{
    X509_CRL             *crl;
    const char           *fault;
    const unsigned char  *p;

    p = der;
    fault = NULL;
    crl = d2i_X509_CRL(NULL, &p, (long) len);

    if (crl == NULL || p != der + len) {
        fault = "is not a revocation list that OpenSSL understands";

    } else if (!postern_x509_crl_signed(key, crl)) {
        fault = "has a revocation list that none of the key's certificates "
                "signed: add that of its issuer to \"certificate\"";
    }

    X509_CRL_free(crl);

    return fault;
}


/* a list of another authority, or an altered one, would revoke nobody */

static int
postern_x509_crl_signed(const postern_key_t *key, X509_CRL *crl)
{
    int                   rc;
    X509                 *cert;
    const unsigned char  *p, *end;

    p = key->public_key.data;
    end = p + key->public_key.len;
    rc = 0;

    while (p < end && !rc) {
        cert = d2i_X509(NULL, &p, end - p);

        /* it was read before */

        if (POSTERN_NEVER(cert == NULL)) {
            break;
        }

        rc = X509_NAME_cmp(X509_get_subject_name(cert),
                           X509_CRL_get_issuer(crl))
             == 0
             && X509_CRL_verify(crl, X509_get0_pubkey(cert)) == 1;

        X509_free(cert);
    }

    return rc;
}


/* of the first of several */

static size_t
postern_x509_length(postern_str_t ders)
{
    int                   class, tag;
    long                  len;
    const unsigned char  *p;

    p = ders.data;

    (void) ASN1_get_object(&p, &len, &tag, &class, (long) ders.len);

    return (size_t) (p - ders.data) + (size_t) len;
}


int
postern_parse_subject(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *value, postern_key_t *key)
{
    void                 *iter;
    size_t                n;
    postern_str_t         s;
    postern_json_at_t     at;
    postern_attribute_t  *array;

    static const char *const  members[] = {
        "CN", "OU", "O", "dns", "email", "uri", NULL
    };

    if (postern_parse_members(p, up, value, members) != 0) {
        return -1;
    }

    n = json_object_size(value);

    if (n == 0) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "must name at least one attribute: an empty rule "
                             "would admit every certificate of the authority");
    }

    array = postern_parse_array(p, n, sizeof(postern_attribute_t));
    if (array == NULL) {
        return -1;
    }

    key->subject = array;
    at.up = up;
    at.index = 0;

    postern_json_each((json_t *) value, iter) {
        at.member = json_object_iter_key(iter);

        if (postern_parse_string(p, &at, json_object_iter_value(iter),
                                 POSTERN_ATTRIBUTE_MAX, &s)
            != 0
            || postern_parse_chars(p, &at, POSTERN_JSON_VALUE, s) != 0
            || postern_parse_keep(p, s, &array[key->nsubject].value) != 0)
        {
            return -1;
        }

        s.data = (const unsigned char *) at.member;
        s.len = strlen(at.member);

        if (postern_parse_keep(p, s, &array[key->nsubject].name) != 0) {
            return -1;
        }

        key->nsubject++;
    }

    return 0;
}
