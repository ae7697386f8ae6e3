
/*
 * postern check: certificates and revocation lists whose time has passed.  To
 * nginx such a directory is good, and refuses their owners.
 */


#include <openssl/x509.h>

#include "cli_check.h"


static int cli_check_certificates(const postern_key_t *key);
static int cli_check_lists(const postern_key_t *key);
static void cli_check_ended(const char *file, const postern_key_t *key,
    const char *what);


void
cli_check_x509(const char *file, const postern_directory_t *dir)
{
    size_t                i;
    const postern_key_t  *key;

    for (i = 0; i < dir->nkeys; i++) {
        key = &dir->keys[i];

        if (postern_alg_schemes(key->algorithm) != POSTERN_SCHEME_MTLS) {
            continue;
        }

        if (cli_check_certificates(key)) {
            cli_check_ended(file, key, "certificate");
        }

        if (cli_check_lists(key)) {
            cli_check_ended(file, key, "revocation list");
        }
    }
}


static int
cli_check_certificates(const postern_key_t *key)
{
    int                   ended;
    X509                 *cert;
    const unsigned char  *p, *end;

    p = key->public_key.data;
    end = p + key->public_key.len;
    ended = 0;

    while (p < end) {
        cert = d2i_X509(NULL, &p, end - p);
        if (cert == NULL) {
            break;
        }

        ended |= X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
        X509_free(cert);
    }

    return ended;
}


/* a list need not say when the next one is due */

static int
cli_check_lists(const postern_key_t *key)
{
    int                   ended;
    X509_CRL             *crl;
    const ASN1_TIME      *next;
    const unsigned char  *p, *end;

    p = key->crl.data;
    end = p + key->crl.len;
    ended = 0;

    while (p < end) {
        crl = d2i_X509_CRL(NULL, &p, end - p);
        if (crl == NULL) {
            break;
        }

        next = X509_CRL_get0_nextUpdate(crl);
        ended |= next && X509_cmp_current_time(next) < 0;
        X509_CRL_free(crl);
    }

    return ended;
}


static void
cli_check_ended(const char *file, const postern_key_t *key, const char *what)
{
    cli_error("%s: organizations.%.*s.keys.%.*s: a %s of it is out of date",
              file, (int) key->org->name.len,
              (const char *) key->org->name.data, (int) key->id.len,
              (const char *) key->id.data, what);
}
