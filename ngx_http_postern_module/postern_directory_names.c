
/*
 * What keys that stand apart are found by, beside their ids: by requests that
 * bring a public key or a certificate, and name nobody.
 */

#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>

#include "postern_directory.h"
#include "postern_assert.h"


#define POSTERN_SSH_FINGERPRINT  "SHA256:"


static size_t postern_names_issuers(const postern_key_t *key,
    postern_key_name_t names[POSTERN_KEY_NAMES_MAX]);


size_t
postern_directory_names(const postern_key_t *key,
    postern_key_name_t names[POSTERN_KEY_NAMES_MAX])
{
    switch (key->algorithm) {

    case POSTERN_ALG_SSH:
    case POSTERN_ALG_SSH_CA:
    case POSTERN_ALG_X509:
        postern_name_fingerprint(&names[0], key->algorithm, key->fingerprint);
        return 1;

    case POSTERN_ALG_X509_CA:
        return postern_names_issuers(key, names);

    default:
        return 0;
    }
}


/* as ssh-keygen -l and openssl x509 -fingerprint write it, the latter without
   its colons */

void
postern_name_fingerprint(postern_key_name_t *name, postern_alg_e alg,
    const unsigned char fingerprint[32])
{
    size_t   head;
    char    *p;

    name->by = POSTERN_BY_FINGERPRINT;
    p = (char *) name->text;

    if (alg == POSTERN_ALG_X509) {
        (void) sodium_bin2hex(p, sizeof(name->text), fingerprint, 32);

    } else {
        head = sizeof(POSTERN_SSH_FINGERPRINT) - 1;
        memcpy(p, POSTERN_SSH_FINGERPRINT, head);

        (void) sodium_bin2base64(p + head, sizeof(name->text) - head,
                                 fingerprint, 32,
                                 sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    }

    name->len = strlen(p);
}


/* as openssl x509 -subject_hash writes it */

void
postern_name_issuer(postern_key_name_t *name, unsigned long hash)
{
    name->by = POSTERN_BY_ISSUER;
    name->len = 8;

    (void) snprintf((char *) name->text, sizeof(name->text), "%08lx",
                    hash & 0xffffffff);
}


/* each of the key's certificates may have issued a client's; several of one
   name are one issuer */

static size_t
postern_names_issuers(const postern_key_t *key,
    postern_key_name_t names[POSTERN_KEY_NAMES_MAX])
{
    X509                 *cert;
    size_t                i, n;
    const unsigned char  *p, *end;

    p = key->public_key.data;
    end = p + key->public_key.len;
    n = 0;

    while (p < end && n < POSTERN_KEY_NAMES_MAX) {
        cert = d2i_X509(NULL, &p, end - p);

        /* it was read before */

        if (POSTERN_NEVER(cert == NULL)) {
            break;
        }

        postern_name_issuer(&names[n], X509_subject_name_hash(cert));

        for (i = 0; memcmp(names[i].text, names[n].text, 8) != 0; i++) {
            /* void */
        }

        n += (i == n);

        X509_free(cert);
    }

    return n;
}
