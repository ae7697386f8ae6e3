
/*
 * Public keys of OpenSSH made ready, and what they signed.
 */


#include "sign_ssh.h"
#include "postern_assert.h"

#include <stdlib.h>

#include <openssl/err.h>


/* SubjectPublicKeyInfo of RFC 8017, appendix A.1: three lengths of up to 3
   bytes in front of the numbers, and what names the algorithm */
#define SIGN_SSH_MAX_SPKI  (SIGN_SSH_MAX_NUMBER + SIGN_SSH_MAX_EXPONENT + 64)

/* what a security key signs: two hashes, and its counter between them */
#define SIGN_SSH_SAID      (32 + SIGN_SSH_COUNTER + 32)


static int sign_ssh_key_fill(sign_ssh_key_t *k, const sign_ssh_public_t *key);
static size_t sign_ssh_spki(const sign_ssh_public_t *key, unsigned char *end);
static unsigned char *sign_ssh_der(unsigned char *p, unsigned char tag,
    size_t len);
static unsigned char *sign_ssh_der_number(unsigned char *p, postern_str_t n);
static int sign_ssh_key_check(sign_ssh_key_t *k, postern_str_t data,
    const sign_ssh_signature_t *signature);
static int sign_ssh_verify_rsa(sign_key_t *k, const unsigned char *hash,
    postern_str_t bytes);
static sign_ssh_proven_t *sign_ssh_proven(sign_ssh_key_t *authority,
    const unsigned char *hash);


sign_ssh_key_t *
sign_ssh_key_create(const sign_ssh_public_t *key)
{
    int              rc;
    sign_ssh_key_t  *k;

    k = calloc(1, sizeof(sign_ssh_key_t));
    if (k == NULL) {
        return NULL;
    }

    k->type = key->type;
    sign_sha256(&key->application, 1, k->application);

    /* not only when keys are made ready: see sign_key_create() */

    ERR_set_mark();
    rc = sign_ssh_key_fill(k, key);
    ERR_pop_to_mark();

    if (rc != 0) {
        sign_ssh_key_destroy(k);
        return NULL;
    }

    return k;
}


void
sign_ssh_key_destroy(sign_ssh_key_t *k)
{
    size_t  i;

    if (k == NULL) {
        return;
    }

    for (i = 0; i < SIGN_SSH_CERTS; i++) {
        sign_ssh_key_destroy(k->proven[i].key);
    }

    sign_key_destroy(k->keys[0]);
    sign_key_destroy(k->keys[1]);

    free(k);
}


static int
sign_ssh_key_fill(sign_ssh_key_t *k, const sign_ssh_public_t *key)
{
    postern_str_t  spki;
    unsigned char  der[SIGN_SSH_MAX_SPKI];

    k->keys[0] = calloc(1, sizeof(sign_key_t));
    if (k->keys[0] == NULL) {
        return -1;
    }

    switch (key->type->kind) {

    case SIGN_SSH_ED25519:
        return sign_key_ed25519(k->keys[0], key->point);

    case SIGN_SSH_ECDSA:
        return sign_key_curve(k->keys[0], key->type->curve, key->point);

    default: /* SIGN_SSH_RSA */
        break;
    }

    k->keys[1] = calloc(1, sizeof(sign_key_t));
    if (k->keys[1] == NULL) {
        return -1;
    }

    spki.len = sign_ssh_spki(key, der + sizeof(der));
    spki.data = der + sizeof(der) - spki.len;

    if (sign_key_rsa(k->keys[0], spki, 0, SIGN_DIGEST_SHA256) != 0) {
        return -1;
    }

    return sign_key_rsa(k->keys[1], spki, 0, SIGN_DIGEST_SHA512);
}


/* written from its end, as each length is that of what stands behind */

static size_t
sign_ssh_spki(const sign_ssh_public_t *key, unsigned char *end)
{
    unsigned char  *p;

    /* rsaEncryption, with NULL for parameters: RFC 3279, section 2.3.1 */

    static const unsigned char  algorithm[] = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
        0x01, 0x01, 0x05, 0x00
    };

    p = sign_ssh_der_number(end, key->e);
    p = sign_ssh_der_number(p, key->n);
    p = sign_ssh_der(p, 0x30, end - p);

    *--p = 0;                           /* no bits unused */
    p = sign_ssh_der(p, 0x03, end - p);

    p -= sizeof(algorithm);
    memcpy(p, algorithm, sizeof(algorithm));

    p = sign_ssh_der(p, 0x30, end - p);

    return end - p;
}


static unsigned char *
sign_ssh_der(unsigned char *p, unsigned char tag, size_t len)
{
    unsigned char  form;

    form = 0x80;

    if (len < 0x80) {
        *--p = (unsigned char) len;

    } else {

        do {
            *--p = (unsigned char) (len & 0xff);
            len >>= 8;
            form++;
        } while (len);

        *--p = form;
    }

    *--p = tag;

    return p;
}


static unsigned char *
sign_ssh_der_number(unsigned char *p, postern_str_t n)
{
    size_t  len;

    len = n.len;

    p -= n.len;
    memcpy(p, n.data, n.len);

    if (*p & 0x80) {
        *--p = 0;
        len++;
    }

    return sign_ssh_der(p, 0x02, len);
}


/* PROTOCOL.u2f: a security key signs the hash of its application, what it says
   of itself, and the hash of the data */

int
sign_ssh_key_verify(sign_ssh_key_t *k, postern_str_t data,
    const sign_ssh_signature_t *signature)
{
    unsigned char  *p, said[SIGN_SSH_SAID];

    if (!k->type->sk) {
        return sign_ssh_key_check(k, data, signature);
    }

    p = said;

    memcpy(p, k->application, sizeof(k->application));
    p += sizeof(k->application);

    memcpy(p, signature->counter.data, SIGN_SSH_COUNTER);
    p += SIGN_SSH_COUNTER;

    sign_sha256(&data, 1, p);

    data.data = said;
    data.len = sizeof(said);

    return sign_ssh_key_check(k, data, signature);
}


static int
sign_ssh_key_check(sign_ssh_key_t *k, postern_str_t data,
    const sign_ssh_signature_t *signature)
{
    unsigned char  hash[64];

    if (k->type->kind == SIGN_SSH_ED25519) {
        return sign_key_verify(k->keys[0], data, signature->bytes);
    }

    (void) sign_hash(signature->hash, &data, 1, hash);

    if (k->type->kind == SIGN_SSH_ECDSA) {
        return sign_key_verify_rs(k->keys[0], hash, signature->r,
                                  signature->s);
    }

    return sign_ssh_verify_rsa(
               k->keys[signature->hash == SIGN_DIGEST_SHA512], hash,
               signature->bytes);
}


/* RFC 8332, section 3: an integer, which some write without its zero bytes */

static int
sign_ssh_verify_rsa(sign_key_t *k, const unsigned char *hash,
    postern_str_t bytes)
{
    postern_str_t  whole;
    unsigned char  padded[SIGN_SSH_MAX_NUMBER];

    if (bytes.len > k->len || POSTERN_NEVER(k->len > sizeof(padded))) {
        return 0;
    }

    memset(padded, 0, k->len - bytes.len);
    memcpy(padded + k->len - bytes.len, bytes.data, bytes.len);

    whole.data = padded;
    whole.len = k->len;

    return sign_key_verify_hash(k, hash, whole);
}


sign_ssh_key_t *
sign_ssh_key_prove(sign_ssh_key_t *authority, postern_str_t blob,
    const sign_ssh_cert_t *cert)
{
    unsigned char          hash[32];
    sign_message_t         msg;
    sign_ssh_key_t        *key;
    sign_ssh_proven_t     *proven;
    sign_ssh_signature_t   signature;

    sign_sha256(&blob, 1, hash);

    proven = sign_ssh_proven(authority, hash);

    if (proven->key && memcmp(proven->hash, hash, sizeof(hash)) == 0) {
        return proven->key;
    }

    /* an authority in a security key is one whose holder touched it */

    if (sign_ssh_signature(cert->signature, authority->type, &signature, &msg)
        != SIGN_OK
        || (authority->type->sk
            && !(signature.counter.data[0] & SIGN_SSH_PRESENT))
        || !sign_ssh_key_verify(authority, cert->body, &signature))
    {
        return NULL;
    }

    key = sign_ssh_key_create(&cert->key);
    if (key == NULL) {
        return NULL;
    }

    sign_ssh_key_destroy(proven->key);

    proven->key = key;
    proven->used = ++authority->clock;
    memcpy(proven->hash, hash, sizeof(hash));

    return key;
}


/* the place of that certificate, or else the one that was not used for the
   longest time */

static sign_ssh_proven_t *
sign_ssh_proven(sign_ssh_key_t *authority, const unsigned char *hash)
{
    size_t              i;
    sign_ssh_proven_t  *p, *oldest;

    oldest = &authority->proven[0];

    for (i = 0; i < SIGN_SSH_CERTS; i++) {
        p = &authority->proven[i];

        if (p->key && memcmp(p->hash, hash, sizeof(p->hash)) == 0) {
            p->used = ++authority->clock;
            return p;
        }

        if (p->used < oldest->used) {
            oldest = p;
        }
    }

    return oldest;
}
