
#include <stdio.h>

#include <sodium.h>

#include "postern_seal.h"
#include "postern_assert.h"


#define POSTERN_SEAL_KEY    crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define POSTERN_SEAL_NONCE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define POSTERN_SEAL_TAG    crypto_aead_xchacha20poly1305_ietf_ABYTES

#define POSTERN_SEAL_BOX                                                      \
    (POSTERN_SEAL_NONCE + POSTERN_PRIVATE_MAX + POSTERN_SEAL_TAG)


static int postern_ring_line(postern_str_t line, postern_ring_t *ring,
    postern_error_t *err);
static int postern_ring_error(postern_error_t *err, const char *text);
static int postern_ring_id_valid(postern_str_t id);
static int postern_ring_find(const postern_ring_t *ring, postern_str_t id);
static postern_str_t postern_ring_word(postern_str_t *line);
static int postern_sealed_by_ring(const postern_ring_t *ring,
    postern_str_t text);
static int postern_seal_prefix(postern_str_t *text, const char *prefix);
static size_t postern_seal_box(const postern_ring_t *ring,
    postern_str_t secret, postern_str_t name, char *out, size_t size);
static postern_open_e postern_open(const postern_ring_t *ring,
    postern_str_t text, postern_str_t name, unsigned char *out, size_t max,
    size_t *len);
static postern_open_e postern_open_plain(postern_str_t text,
    unsigned char *out, size_t max, size_t *len);
static postern_open_e postern_open_base64(postern_str_t text,
    unsigned char *out, size_t max, size_t *len);
static postern_open_e postern_open_sealed(const postern_ring_t *ring,
    postern_str_t text, postern_str_t name, unsigned char *out, size_t max,
    size_t *len);


int
postern_ring_parse(postern_str_t text, postern_ring_t *ring,
    postern_error_t *err)
{
    postern_str_t         line;
    const unsigned char  *p, *end, *eol;

    memset(err, 0, sizeof(postern_error_t));
    sodium_memzero(ring, sizeof(postern_ring_t));

    if (text.len > POSTERN_RING_MAX_FILE) {
        return postern_ring_error(err, "the file is too large for master keys");
    }

    p = text.data;
    end = p + text.len;

    while (p < end) {
        eol = memchr(p, '\n', end - p);
        if (eol == NULL) {
            eol = end;
        }

        line.data = p;
        line.len = eol - p;
        err->line++;

        if (postern_ring_line(line, ring, err) != 0) {
            sodium_memzero(ring, sizeof(postern_ring_t));
            return -1;
        }

        p = eol < end ? eol + 1 : end;
    }

    err->line = 0;

    if (ring->nkeys == 0) {
        return postern_ring_error(err, "the file holds no master key, one is "
                                  "\"<key id> <base64 of 32 bytes>\"");
    }

    return 0;
}


/* errors never quote the line: half of it is a key, and so may be all of it */

static int
postern_ring_line(postern_str_t line, postern_ring_t *ring,
    postern_error_t *err)
{
    int                   n;
    size_t                len;
    postern_str_t         id, key;
    const unsigned char  *comment;

    comment = line.len ? memchr(line.data, '#', line.len) : NULL;
    if (comment) {
        line.len = comment - line.data;
    }

    id = postern_ring_word(&line);
    if (id.len == 0) {
        return 0;
    }

    key = postern_ring_word(&line);

    if (key.len == 0 || postern_ring_word(&line).len != 0) {
        return postern_ring_error(err, "a line must read "
                                  "\"<key id> <base64 of 32 bytes>\"");
    }

    if (!postern_ring_id_valid(id)) {
        return postern_ring_error(err, "a key id has 1 to 64 letters, digits, "
                                  "\".\", \"_\" and \"-\"");
    }

    if (postern_ring_find(ring, id) >= 0) {
        return postern_ring_error(err, "a key of this id stands above already");
    }

    n = ring->nkeys;

    if (n == POSTERN_RING_MAX_KEYS) {
        return postern_ring_error(err, "more than 16 master keys");
    }

    if (sodium_base642bin(ring->keys[n].key, POSTERN_SEAL_KEY,
                          (const char *) key.data, key.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL)
        != 0
        || len != POSTERN_SEAL_KEY)
    {
        return postern_ring_error(err, "the key must be 32 bytes in base64, "
                                  "as of \"openssl rand -base64 32\"");
    }

    memcpy(ring->keys[n].id, id.data, id.len);
    ring->keys[n].id_len = id.len;
    ring->nkeys++;

    return 0;
}


static int
postern_ring_error(postern_error_t *err, const char *text)
{
    snprintf(err->text, sizeof(err->text), "%s", text);

    return -1;
}


static postern_str_t
postern_ring_word(postern_str_t *line)
{
    size_t         i, start;
    postern_str_t  word;

    for (i = 0; i < line->len; i++) {
        if (strchr(" \t\r", line->data[i]) == NULL || line->data[i] == '\0') {
            break;
        }
    }

    start = i;

    for ( /* void */ ; i < line->len; i++) {
        if (strchr(" \t\r", line->data[i]) != NULL && line->data[i] != '\0') {
            break;
        }
    }

    word.data = line->data + start;
    word.len = i - start;

    line->data += i;
    line->len -= i;

    return word;
}


static int
postern_ring_id_valid(postern_str_t id)
{
    size_t         i;
    unsigned char  c;

    if (id.len == 0 || id.len > POSTERN_RING_ID_MAX) {
        return 0;
    }

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
            && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-')
        {
            return 0;
        }
    }

    return 1;
}


static int
postern_ring_find(const postern_ring_t *ring, postern_str_t id)
{
    unsigned  i;

    for (i = 0; i < ring->nkeys; i++) {
        if (ring->keys[i].id_len == id.len
            && memcmp(ring->keys[i].id, id.data, id.len) == 0)
        {
            return i;
        }
    }

    return -1;
}


size_t
postern_seal(const postern_ring_t *ring, postern_str_t secret,
    postern_str_t name, char *out, size_t size)
{
    return secret.len > POSTERN_SECRET_MAX
           ? 0 : postern_seal_box(ring, secret, name, out, size);
}


size_t
postern_private_seal(const postern_ring_t *ring, postern_str_t pem,
    postern_str_t name, char *out, size_t size)
{
    return pem.len > POSTERN_PRIVATE_MAX
           ? 0 : postern_seal_box(ring, pem, name, out, size);
}


static size_t
postern_seal_box(const postern_ring_t *ring, postern_str_t secret,
    postern_str_t name, char *out, size_t size)
{
    int                 n, rc;
    size_t              len;
    unsigned char       box[POSTERN_SEAL_BOX];
    unsigned long long  clen;

    rc = sodium_init();

    if (ring->nkeys == 0
        || secret.len == 0
        || name.len == 0
        || POSTERN_NEVER(rc < 0))
    {
        return 0;
    }

    randombytes_buf(box, POSTERN_SEAL_NONCE);

    rc = crypto_aead_xchacha20poly1305_ietf_encrypt(box + POSTERN_SEAL_NONCE,
                                                    &clen, secret.data,
                                                    secret.len, name.data,
                                                    name.len, NULL, box,
                                                    ring->keys[0].key);
    if (POSTERN_NEVER(rc != 0)) {
        return 0;
    }

    n = snprintf(out, size, "sealed:%.*s:", (int) ring->keys[0].id_len,
                 ring->keys[0].id);

    len = sodium_base64_encoded_len(POSTERN_SEAL_NONCE + clen,
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    if (POSTERN_NEVER(n < 0) || (size_t) n >= size || size - n < len) {
        return 0;
    }

    sodium_bin2base64(out + n, size - n, box, POSTERN_SEAL_NONCE + clen,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);

    return n + len - 1;
}


postern_open_e
postern_secret_open(const postern_ring_t *ring, postern_str_t text,
    postern_str_t name, unsigned char *out, size_t *len)
{
    return postern_open(ring, text, name, out, POSTERN_SECRET_MAX, len);
}


postern_open_e
postern_private_open(const postern_ring_t *ring, postern_str_t text,
    postern_str_t name, unsigned char *out, size_t *len)
{
    return postern_open(ring, text, name, out, POSTERN_PRIVATE_MAX, len);
}


static postern_open_e
postern_open(const postern_ring_t *ring, postern_str_t text,
    postern_str_t name, unsigned char *out, size_t max, size_t *len)
{
    postern_open_e  rc;

    *len = 0;

    if (postern_seal_prefix(&text, "sealed:")) {
        rc = postern_open_sealed(ring, text, name, out, max, len);

    } else if (postern_seal_prefix(&text, "plain:")) {
        rc = postern_open_plain(text, out, max, len);

    } else if (postern_seal_prefix(&text, "base64:")) {
        rc = postern_open_base64(text, out, max, len);

    } else {
        rc = POSTERN_OPEN_MALFORMED;
    }

    if (rc != POSTERN_OPEN_OK) {
        sodium_memzero(out, max);
        *len = 0;
    }

    return rc;
}


static int
postern_seal_prefix(postern_str_t *text, const char *prefix)
{
    size_t  n;

    n = strlen(prefix);

    if (text->len < n || memcmp(text->data, prefix, n) != 0) {
        return 0;
    }

    text->data += n;
    text->len -= n;

    return 1;
}


static postern_open_e
postern_open_plain(postern_str_t text, unsigned char *out, size_t max,
    size_t *len)
{
    if (text.len == 0 || text.len > max) {
        return POSTERN_OPEN_MALFORMED;
    }

    memcpy(out, text.data, text.len);
    *len = text.len;

    return POSTERN_OPEN_OK;
}


static postern_open_e
postern_open_base64(postern_str_t text, unsigned char *out, size_t max,
    size_t *len)
{
    if (sodium_base642bin(out, max, (const char *) text.data,
                          text.len, NULL, len, NULL,
                          sodium_base64_VARIANT_ORIGINAL)
        != 0
        || *len == 0)
    {
        return POSTERN_OPEN_MALFORMED;
    }

    return POSTERN_OPEN_OK;
}


static postern_open_e
postern_open_sealed(const postern_ring_t *ring, postern_str_t text,
    postern_str_t name, unsigned char *out, size_t max, size_t *len)
{
    int                   n;
    size_t                blen;
    postern_str_t         id;
    unsigned char         box[POSTERN_SEAL_BOX];
    unsigned long long    mlen;
    const unsigned char  *colon;

    colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    if (colon == NULL) {
        return POSTERN_OPEN_MALFORMED;
    }

    id.data = text.data;
    id.len = colon - text.data;

    text.data = colon + 1;
    text.len -= id.len + 1;

    if (!postern_ring_id_valid(id)
        || sodium_base642bin(box, POSTERN_SEAL_NONCE + max + POSTERN_SEAL_TAG,
                             (const char *) text.data,
                             text.len, NULL, &blen, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING)
           != 0
        || blen <= POSTERN_SEAL_NONCE + POSTERN_SEAL_TAG)
    {
        return POSTERN_OPEN_MALFORMED;
    }

    n = ring ? postern_ring_find(ring, id) : -1;
    if (n < 0) {
        return POSTERN_OPEN_NO_KEY;
    }

    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &mlen, NULL,
                                                   box + POSTERN_SEAL_NONCE,
                                                   blen - POSTERN_SEAL_NONCE,
                                                   name.data, name.len, box,
                                                   ring->keys[n].key)
        != 0)
    {
        return POSTERN_OPEN_FORGED;
    }

    *len = mlen;

    return POSTERN_OPEN_OK;
}


uint32_t
postern_sealed_lost(const postern_ring_t *ring, const postern_directory_t *dir)
{
    size_t                 i, j, k;
    uint32_t               lost;
    const postern_user_t  *user;

    lost = 0;

    for (i = 0; i < dir->nkeys; i++) {
        lost += !postern_sealed_by_ring(ring, dir->keys[i].secret);
        lost += !postern_sealed_by_ring(ring, dir->keys[i].private_key);
    }

    for (i = 0; i < dir->norgs; i++) {

        for (j = 0; j < dir->orgs[i].nusers; j++) {
            user = &dir->orgs[i].users[j];

            for (k = 0; k < user->ntotp; k++) {
                lost += !postern_sealed_by_ring(ring, user->totp[k].secret);
            }

            for (k = 0; k < user->nhotp; k++) {
                lost += !postern_sealed_by_ring(ring, user->hotp[k].secret);
            }
        }
    }

    return lost;
}


/* true for what is not sealed, too */

static int
postern_sealed_by_ring(const postern_ring_t *ring, postern_str_t text)
{
    postern_str_t         id;
    const unsigned char  *colon;

    if (text.data == NULL || !postern_seal_prefix(&text, "sealed:")) {
        return 1;
    }

    colon = memchr(text.data, ':', text.len);

    if (ring == NULL || POSTERN_NEVER(colon == NULL)) {
        return 0;
    }

    id.data = text.data;
    id.len = (size_t) (colon - text.data);

    return postern_ring_find(ring, id) >= 0;
}


const char *
postern_open_text(postern_open_e rc)
{
    switch (rc) {

    case POSTERN_OPEN_OK:
        return "opened";

    case POSTERN_OPEN_MALFORMED:
        return "neither \"sealed:\", \"plain:\" nor \"base64:\", or too long "
               "(a secret has 1 to 512 bytes, a private key up to 4096)";

    case POSTERN_OPEN_NO_KEY:
        return "sealed by a master key that the key ring lacks";

    default: /* POSTERN_OPEN_FORGED */
        return "altered, sealed for another record, or by another key of "
               "the same id";
    }
}
