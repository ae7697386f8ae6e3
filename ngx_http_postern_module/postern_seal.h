
/*
 * Secrets at rest.  A sealed secret reads
 *
 *     sealed:<key id>:<base64url, no padding, of nonce || ciphertext || tag>
 *
 * XChaCha20-Poly1305 (libsodium), 24 bytes of random nonce, 16 of tag.  The
 * associated data is the name of the record the secret belongs to (see
 * postern_seal_name()), so that a secret moved to another record does not open.
 *
 * A master key file holds one key a line, "<key id> <base64 of 32 bytes>"; the
 * first one seals, all of them open.  "#" begins a comment.
 */


#ifndef _POSTERN_SEAL_H_INCLUDED_
#define _POSTERN_SEAL_H_INCLUDED_


#include "postern_directory.h"


#define POSTERN_RING_MAX_KEYS   16
#define POSTERN_RING_MAX_FILE   16384
#define POSTERN_RING_ID_MAX     64
#define POSTERN_SEALED_MAX      1024    /* a sealed secret, as written */
#define POSTERN_SEALED_PRIVATE_MAX  6144    /* a sealed private key */


/* plain data: lies wherever the owner keeps secrets (locked, not dumped) */

typedef struct {
    unsigned               nkeys;
    struct {
        unsigned           id_len;
        char               id[POSTERN_RING_ID_MAX];
        unsigned char      key[32];
    } keys[POSTERN_RING_MAX_KEYS];
} postern_ring_t;


/* 0, or -1 with *err; *ring is wiped on failure.  text is not kept. */
int postern_ring_parse(postern_str_t text, postern_ring_t *ring,
    postern_error_t *err);

/* writes "<org>/<collection>/<record>/<member>", e.g. acme/keys/AK1/secret;
   returns its length, or 0 when it does not fit or org holds a "/" (no
   directory allows one), so that no two records share a name */
size_t postern_seal_name(char *out, size_t size, postern_str_t org,
    const char *collection, postern_str_t record, const char *member);

/* seals with the first key of the ring; writes the text form and a NUL;
   returns its length, or 0 when it does not fit or the ring is empty */
size_t postern_seal(const postern_ring_t *ring, postern_str_t secret,
    postern_str_t name, char *out, size_t size);

typedef enum {
    POSTERN_OPEN_OK = 0,
    POSTERN_OPEN_MALFORMED,     /* not one of the three forms, or too long */
    POSTERN_OPEN_NO_KEY,        /* sealed by a key that the ring lacks */
    POSTERN_OPEN_FORGED         /* wrong key, wrong record or altered */
} postern_open_e;

/*
 * Opens a secret of any form ("sealed:", "plain:", "base64:") into out, which
 * holds POSTERN_SECRET_MAX bytes and is the caller's to wipe.  ring may be
 * NULL where there is no master key.  out is wiped on failure.
 */
postern_open_e postern_secret_open(const postern_ring_t *ring,
    postern_str_t text, postern_str_t name, unsigned char *out, size_t *len);

/* the same of a private key, of POSTERN_PRIVATE_MAX bytes: the PEM of the
   record org/keys/id/private_key */
size_t postern_private_seal(const postern_ring_t *ring, postern_str_t pem,
    postern_str_t name, char *out, size_t size);
postern_open_e postern_private_open(const postern_ring_t *ring,
    postern_str_t text, postern_str_t name, unsigned char *out, size_t *len);

const char *postern_open_text(postern_open_e rc);

/* how many secrets of the directory are sealed by a key that the ring (which
   may be NULL) lacks: told by the key ids alone, nothing is opened */
uint32_t postern_sealed_lost(const postern_ring_t *ring,
    const postern_directory_t *dir);


#endif /* _POSTERN_SEAL_H_INCLUDED_ */
