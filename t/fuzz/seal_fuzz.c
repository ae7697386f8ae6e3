/* link: ngx_http_postern_module/postern_seal.c
   ngx_http_postern_module/postern_name.c -lsodium */

/*
 * Any bytes as a master key file and, behind the first NUL, as a secret at
 * rest.  Of a file that is read every key has a name of its own, and what one
 * of them seals opens again under the record's name alone, unless a byte of it
 * was changed.  Of a broken file nothing is left in memory.
 */


#include "fuzz.h"
#include "postern_seal.h"


static const postern_str_t  name = postern_string("acme/keys/AK1/secret");
static const postern_str_t  other = postern_string("acme/keys/AK2/secret");


static void
keys(const postern_ring_t *ring)
{
    unsigned  i, k;

    HELD(ring->nkeys >= 1 && ring->nkeys <= POSTERN_RING_MAX_KEYS);

    for (i = 0; i < ring->nkeys; i++) {
        HELD(ring->keys[i].id_len >= 1
             && ring->keys[i].id_len <= POSTERN_RING_ID_MAX);

        for (k = 0; k < i; k++) {
            HELD(ring->keys[i].id_len != ring->keys[k].id_len
                 || memcmp(ring->keys[i].id, ring->keys[k].id,
                           ring->keys[i].id_len)
                    != 0);
        }
    }
}


/* at is any number: which byte of the sealed text is changed */

static void
sealed(const postern_ring_t *ring, postern_str_t secret, size_t at)
{
    char           text[POSTERN_SEALED_MAX];
    size_t         len;
    postern_str_t  s;
    unsigned char  out[POSTERN_SECRET_MAX];

    s.data = (unsigned char *) text;
    s.len = postern_seal(ring, secret, name, text, sizeof(text));

    if (s.len == 0) {
        return;
    }

    HELD(s.len < sizeof(text) && text[s.len] == '\0');
    HELD(postern_secret_open(ring, s, other, out, &len) == POSTERN_OPEN_FORGED);

    HELD(postern_secret_open(ring, s, name, out, &len) == POSTERN_OPEN_OK);
    HELD(len == secret.len && (len == 0 || memcmp(out, secret.data, len) == 0));

    text[at % s.len] ^= (char) (1 << at % 7);
    HELD(postern_secret_open(ring, s, name, out, &len) != POSTERN_OPEN_OK);
}


static void
opened(const postern_ring_t *ring, postern_str_t text)
{
    size_t          i, len;
    unsigned char   out[POSTERN_SECRET_MAX];
    postern_open_e  rc;

    memset(out, 0x5a, sizeof(out));

    rc = postern_secret_open(ring, text, name, out, &len);

    HELD(postern_open_text(rc)[0] != '\0');

    if (rc == POSTERN_OPEN_OK) {
        HELD(len <= POSTERN_SECRET_MAX && text.len > 6);
        return;
    }

    for (i = 0; i < sizeof(out); i++) {
        HELD(out[i] == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                 i;
    postern_str_t          copy, rest, file;
    postern_ring_t         ring;
    postern_error_t        err;
    const unsigned char   *p;

    copy = fuzz_copy(data, size);
    rest = copy;
    file = fuzz_cut(&rest, '\0');

    p = memset(&ring, 0x5a, sizeof(ring));
    memset(&err, 0, sizeof(err));

    if (postern_ring_parse(file, &ring, &err) == 0) {
        keys(&ring);
        sealed(&ring, rest, size * 31 + (rest.len ? rest.data[0] : 0));
        opened(&ring, rest);

    } else {
        fuzz_error(&err, file);

        for (i = 0; i < sizeof(ring); i++) {
            HELD(p[i] == 0);
        }
    }

    opened(NULL, rest);

    free((void *) copy.data);

    return 0;
}
