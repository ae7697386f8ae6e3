
/*
 * Subject rules: RFC 5280, sections 4.1.2.6 and 4.2.1.6.
 */


#include "sign_mtls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>


typedef struct {
    postern_str_t    name;
    int              nid;       /* of the subject's, or … */
    int              type;      /* … of an alternative name */
} sign_mtls_kind_t;


static const sign_mtls_kind_t *sign_mtls_kind(postern_str_t name);
static int sign_mtls_fits(X509 *leaf, const postern_attribute_t *rule,
    postern_str_t *value, unsigned char **memory);
static int sign_mtls_attribute(X509 *leaf, int nid, unsigned char **memory,
    postern_str_t *value);
static int sign_mtls_alternative(X509 *leaf, int type,
    const postern_attribute_t *rule, unsigned char **memory,
    postern_str_t *value);
static int sign_mtls_text(const ASN1_STRING *s, unsigned char **memory,
    postern_str_t *value);
static int sign_mtls_same(const postern_attribute_t *rule,
    postern_str_t value);
static int sign_mtls_subject(postern_str_t value, sign_mtls_t *known);
static int sign_mtls_issues(const postern_key_t *key, X509 *cert);
static X509 *sign_mtls_issuer(X509 *cert, const postern_str_t *certificates,
    size_t n);


static const sign_mtls_kind_t  sign_mtls_kinds[] = {
    { postern_string("CN"), NID_commonName, 0 },
    { postern_string("O"), NID_organizationName, 0 },
    { postern_string("OU"), NID_organizationalUnitName, 0 },
    { postern_string("dns"), NID_undef, GEN_DNS },
    { postern_string("email"), NID_undef, GEN_EMAIL },
    { postern_string("uri"), NID_undef, GEN_URI }
};

#define SIGN_MTLS_KINDS  (sizeof(sign_mtls_kinds) / sizeof(sign_mtls_kinds[0]))


int
sign_mtls_match(X509 *leaf, const postern_key_t *key, sign_mtls_t *known)
{
    int                         fits, any;
    uint32_t                    i;
    postern_str_t               value;
    unsigned char              *memory;
    const postern_attribute_t  *rule;

    known->subject_len = 0;

    for (i = 0; i < key->nsubject; i++) {
        rule = &key->subject[i];
        any = postern_str_is(rule->value, "*");

        fits = sign_mtls_fits(leaf, rule, &value, &memory);

        if (fits && any && known->subject_len == 0) {
            fits = sign_mtls_subject(value, known);
        }

        OPENSSL_free(memory);

        if (!fits) {
            return 0;
        }
    }

    if (known->subject_len == 0
        && sign_mtls_attribute(leaf, NID_commonName, &memory, &value))
    {
        (void) sign_mtls_subject(value, known);
        OPENSSL_free(memory);
    }

    return key->nsubject != 0;
}


static const sign_mtls_kind_t *
sign_mtls_kind(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_MTLS_KINDS; i++) {
        if (postern_str_eq(sign_mtls_kinds[i].name, name)) {
            return &sign_mtls_kinds[i];
        }
    }

    return NULL;
}


/* *memory holds the value and is the caller's to free, NULL where there is
   none */

static int
sign_mtls_fits(X509 *leaf, const postern_attribute_t *rule,
    postern_str_t *value, unsigned char **memory)
{
    const sign_mtls_kind_t  *kind;

    *memory = NULL;

    kind = sign_mtls_kind(rule->name);

    if (kind == NULL) {
        return 0;
    }

    if (kind->type) {
        return sign_mtls_alternative(leaf, kind->type, rule, memory, value);
    }

    return sign_mtls_attribute(leaf, kind->nid, memory, value)
           && sign_mtls_same(rule, *value);
}


/* of several there is none: which of them would be meant? */

static int
sign_mtls_attribute(X509 *leaf, int nid, unsigned char **memory,
    postern_str_t *value)
{
    int                    at;
    const X509_NAME       *name;
    const X509_NAME_ENTRY *entry;

    *memory = NULL;

    name = X509_get_subject_name(leaf);
    at = X509_NAME_get_index_by_NID((X509_NAME *) name, nid, -1);

    if (at < 0 || X509_NAME_get_index_by_NID((X509_NAME *) name, nid, at) >= 0)
    {
        return 0;
    }

    entry = X509_NAME_get_entry(name, at);

    return sign_mtls_text(X509_NAME_ENTRY_get_data(entry), memory, value);
}


/* a certificate may be for several hosts or addresses: one of them is enough
   where it is named, and must be the only one where it is not */

static int
sign_mtls_alternative(X509 *leaf, int type, const postern_attribute_t *rule,
    unsigned char **memory, postern_str_t *value)
{
    int             i, n, any, found;
    GENERAL_NAME   *name;
    GENERAL_NAMES  *names;
    unsigned char  *text;

    names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

    any = postern_str_is(rule->value, "*");
    found = 0;
    n = 0;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        name = sk_GENERAL_NAME_value(names, i);

        if (name->type != type) {
            continue;
        }

        n++;

        if (sign_mtls_text(name->d.ia5, &text, value)
            && !found && sign_mtls_same(rule, *value))
        {
            found = 1;
            *memory = text;

        } else {
            OPENSSL_free(text);
        }
    }

    GENERAL_NAMES_free(names);

    if (*memory) {
        value->data = *memory;
    }

    return found && (!any || n == 1);
}


/* in UTF-8, without NUL and other controls, by which a name is read as a
   shorter one; *text is the memory of *value, NULL where there is none */

static int
sign_mtls_text(const ASN1_STRING *s, unsigned char **text,
    postern_str_t *value)
{
    int     len;
    size_t  i;

    *text = NULL;

    ERR_set_mark();
    len = ASN1_STRING_to_UTF8(text, s);
    ERR_pop_to_mark();

    if (len <= 0) {
        OPENSSL_free(*text);
        *text = NULL;

        return 0;
    }

    value->data = *text;
    value->len = (size_t) len;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            OPENSSL_free(*text);
            *text = NULL;

            return 0;
        }
    }

    return 1;
}


/* names of hosts are the same in any case: RFC 4343 */

static int
sign_mtls_same(const postern_attribute_t *rule, postern_str_t value)
{
    if (postern_str_is(rule->value, "*")) {
        return 1;
    }

    return postern_str_is(rule->name, "dns")
           ? sign_same_text(rule->value, value)
           : postern_str_eq(rule->value, value);
}


static int
sign_mtls_subject(postern_str_t value, sign_mtls_t *known)
{
    if (value.len > sizeof(known->subject)) {
        return 0;
    }

    memcpy(known->subject, value.data, value.len);
    known->subject_len = value.len;

    return 1;
}


/* from the client's upwards, by names and key identifiers alone; certificates
   that lead nowhere do not help */

int
sign_mtls_issued(const postern_key_t *key, X509 *leaf,
    const postern_str_t *certificates, size_t n)
{
    int     issued;
    X509   *cert, *above;
    size_t  steps;

    cert = leaf;
    issued = 0;

    for (steps = 0; cert; steps++) {
        issued = sign_mtls_issues(key, cert);

        above = (issued || steps == n) ? NULL
                : sign_mtls_issuer(cert, certificates, n);

        if (cert != leaf) {
            X509_free(cert);
        }

        cert = above;
    }

    return issued;
}


size_t
sign_mtls_issuers(X509 *leaf, const postern_str_t *certificates, size_t n,
    unsigned long issuers[SIGN_MTLS_MAX_CERTIFICATES])
{
    X509    *cert, *above;
    size_t   i, steps, found;

    cert = leaf;
    found = 0;

    for (steps = 0; cert; steps++) {
        issuers[found] = X509_issuer_name_hash(cert);

        for (i = 0; issuers[i] != issuers[found]; i++) { /* void */ }

        found += (i == found);

        above = (steps + 1 < n) ? sign_mtls_issuer(cert, certificates, n)
                                : NULL;

        if (cert != leaf) {
            X509_free(cert);
        }

        cert = above;
    }

    return found;
}


/* 1 where a certificate of the key's did */

static int
sign_mtls_issues(const postern_key_t *key, X509 *cert)
{
    int             issued;
    X509           *issuer;
    postern_str_t   ders;

    ders = key->public_key;
    issued = 0;

    while (!issued && (issuer = sign_mtls_take(&ders)) != NULL) {
        issued = X509_check_issued(issuer, cert) == X509_V_OK;
        X509_free(issuer);
    }

    return issued;
}


/* of those that the client sent behind its own */

static X509 *
sign_mtls_issuer(X509 *cert, const postern_str_t *certificates, size_t n)
{
    X509    *issuer;
    size_t   i;

    for (i = 1; i < n; i++) {
        issuer = sign_mtls_certificate(certificates[i]);

        if (issuer && X509_check_issued(issuer, cert) == X509_V_OK) {
            return issuer;
        }

        X509_free(issuer);
    }

    return NULL;
}


X509 *
sign_mtls_certificate(postern_str_t der)
{
    X509  *cert;

    cert = sign_mtls_take(&der);

    if (der.len) {
        X509_free(cert);
        return NULL;
    }

    return cert;
}


X509 *
sign_mtls_take(postern_str_t *ders)
{
    X509                 *cert;
    const unsigned char  *p;

    if (ders->len == 0) {
        return NULL;
    }

    p = ders->data;

    ERR_set_mark();
    cert = d2i_X509(NULL, &p, (long) ders->len);
    ERR_pop_to_mark();

    if (cert) {
        ders->len -= p - ders->data;
        ders->data = p;
    }

    return cert;
}
