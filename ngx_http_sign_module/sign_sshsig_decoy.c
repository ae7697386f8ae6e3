
/*
 * Keys that are nobody's, for requests by keys that nobody has: what is refused
 * for its key takes as long as what is refused for its signature.  See also
 * sign_decoy.c.
 */


#include "sign_ssh.h"

#include <stdlib.h>

#include <openssl/err.h>


static int sign_ssh_decoy_make(sign_ssh_key_t *k, size_t len);
static size_t sign_ssh_slot_of(postern_str_t blob, size_t *len);


/* the base point of the curve: good for nothing but the arithmetic */

static const unsigned char  sign_ssh_p521_base[] = {
    0x04, 0x00, 0xc6, 0x85, 0x8e, 0x06, 0xb7, 0x04, 0x04, 0xe9, 0xcd, 0x9e,
    0x3e, 0xcb, 0x66, 0x23, 0x95, 0xb4, 0x42, 0x9c, 0x64, 0x81, 0x39, 0x05,
    0x3f, 0xb5, 0x21, 0xf8, 0x28, 0xaf, 0x60, 0x6b, 0x4d, 0x3d, 0xba, 0xa1,
    0x4b, 0x5e, 0x77, 0xef, 0xe7, 0x59, 0x28, 0xfe, 0x1d, 0xc1, 0x27, 0xa2,
    0xff, 0xa8, 0xde, 0x33, 0x48, 0xb3, 0xc1, 0x85, 0x6a, 0x42, 0x9b, 0xf9,
    0x7e, 0x7e, 0x31, 0xc2, 0xe5, 0xbd, 0x66, 0x01, 0x18, 0x39, 0x29, 0x6a,
    0x78, 0x9a, 0x3b, 0xc0, 0x04, 0x5c, 0x8a, 0x5f, 0xb4, 0x2c, 0x7d, 0x1b,
    0xd9, 0x98, 0xf5, 0x44, 0x49, 0x57, 0x9b, 0x44, 0x68, 0x17, 0xaf, 0xbd,
    0x17, 0x27, 0x3e, 0x66, 0x2c, 0x97, 0xee, 0x72, 0x99, 0x5e, 0xf4, 0x26,
    0x40, 0xc5, 0x50, 0xb9, 0x01, 0x3f, 0xad, 0x07, 0x61, 0x35, 0x3c, 0x70,
    0x86, 0xa2, 0x72, 0xc2, 0x40, 0x88, 0xbe, 0x94, 0x76, 0x9f, 0xd1, 0x66,
    0x50
};


sign_key_t *
sign_sshsig_decoy(size_t slot, size_t len)
{
    int          rc;
    sign_key_t  *k;

    k = calloc(1, sizeof(sign_key_t));
    if (k == NULL) {
        return NULL;
    }

    k->ssh = calloc(1, sizeof(sign_ssh_key_t));

    if (k->ssh == NULL) {
        sign_key_destroy(k);
        return NULL;
    }

    if (slot >= SIGN_SSH_TYPES) {
        slot = SIGN_SSH_RSAS;
    }

    k->ssh->type = &sign_ssh_types[slot];

    ERR_set_mark();

    rc = sign_ssh_decoy_make(k->ssh, len);

    ERR_pop_to_mark();

    if (rc != 0) {
        sign_key_destroy(k);
        return NULL;
    }

    k->len = len;

    return k;
}


static int
sign_ssh_decoy_make(sign_ssh_key_t *k, size_t len)
{
    postern_alg_e  alg;

    static const postern_str_t  p521 = {
        sizeof(sign_ssh_p521_base), sign_ssh_p521_base
    };

    if (k->type->curve == &sign_p521) {
        k->keys[0] = calloc(1, sizeof(sign_key_t));

        return k->keys[0] ? sign_key_curve(k->keys[0], &sign_p521, p521) : -1;
    }

    switch (k->type->kind) {

    case SIGN_SSH_ED25519:
        alg = POSTERN_ALG_ED25519;
        break;

    case SIGN_SSH_ECDSA:
        alg = (k->type->curve == &sign_p256) ? POSTERN_ALG_ECDSA_P256_SHA256
                                             : POSTERN_ALG_ECDSA_P384_SHA384;
        break;

    default: /* SIGN_SSH_RSA: of the other hash, too; the time is the same */
        alg = POSTERN_ALG_RSA_V1_5_SHA256;

        k->keys[1] = sign_decoy_create(alg, len);

        if (k->keys[1] == NULL) {
            return -1;
        }

        break;
    }

    k->keys[0] = sign_decoy_create(alg, len);

    return k->keys[0] ? 0 : -1;
}


size_t
sign_sshsig_slot(const sign_message_t *msg, size_t *len)
{
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;

    return sign_ssh_slot_of(sig->certified ? sig->cert.authority : sig->blob,
                            len);
}


uint32_t
sign_sshsig_slots(const postern_directory_t *dir)
{
    size_t                len;
    uint32_t              i, slots;
    const postern_key_t  *key;

    slots = 0;

    for (i = 0; i < dir->nkeys; i++) {
        key = &dir->keys[i];

        if (key->algorithm == POSTERN_ALG_SSH
            || key->algorithm == POSTERN_ALG_SSH_CA)
        {
            slots |= (uint32_t) 1 << sign_ssh_slot_of(key->public_key, &len);
        }
    }

    return slots;
}


/* types in the order of their table, then RSA by the length of its modulus: one
   that is no multiple takes no other one's place */

static size_t
sign_ssh_slot_of(postern_str_t blob, size_t *len)
{
    sign_ssh_public_t  key;

    *len = 0;

    if (!sign_ssh_public(blob, &key)) {
        return SIGN_SSH_SLOTS;
    }

    if (key.type->kind != SIGN_SSH_RSA) {
        return (size_t) (key.type - sign_ssh_types);
    }

    *len = key.n.len;

    return SIGN_SSH_TYPES
           + (key.n.len % SIGN_SSH_SLOT ? 0 : key.n.len / SIGN_SSH_SLOT);
}
