
/*
 * The checksums that AWS's clients send behind a body: x-amz-checksum-sha256,
 * -sha1, -crc32, -crc32c and -crc64nvme, in base64, of the payload.  They say
 * that nothing broke on the way; who changes the payload can make new ones.
 *
 * All three CRCs are of the kind that shifts to the right, begins with ones and
 * ends complemented, and differ in nothing but the polynomial: one loop, eight
 * octets at a time, by tables that are made for the request (16 KB): zlib has
 * but one of the three.
 */


#define OPENSSL_SUPPRESS_DEPRECATED

#include "sign_sigv4.h"

#include <openssl/evp.h>
#include <openssl/sha.h>


#define SIGN_CHECKSUM_MAX   32                 /* octets */
#define SIGN_CHECKSUM_TEXT  (4 * ((SIGN_CHECKSUM_MAX + 2) / 3))


typedef enum {
    SIGN_CHECKSUM_CRC = 0,
    SIGN_CHECKSUM_SHA1,
    SIGN_CHECKSUM_SHA256
} sign_checksum_e;


typedef struct {
    postern_str_t     field;
    sign_checksum_e   kind;
    size_t            len;                     /* octets */
    uint64_t          polynomial;              /* reflected */
} sign_checksum_kind_t;


struct sign_checksum_s {
    const sign_checksum_kind_t  *kind;

    union {
        uint64_t                 crc;
        SHA_CTX                  sha1;
        SHA256_CTX               sha256;
    } u;

    uint64_t                     table[][256];  /* 8, of a CRC */
};


static void sign_crc_tables(sign_checksum_t *sum);
static void sign_crc_update(sign_checksum_t *sum, const unsigned char *data,
    size_t len);


static const sign_checksum_kind_t  sign_checksum_kinds[] = {
    { postern_string("x-amz-checksum-crc32"), SIGN_CHECKSUM_CRC, 4,
      0xedb88320 },
    { postern_string("x-amz-checksum-crc32c"), SIGN_CHECKSUM_CRC, 4,
      0x82f63b78 },
    { postern_string("x-amz-checksum-crc64nvme"), SIGN_CHECKSUM_CRC, 8,
      0x9a6c9329ac4bc9b5 },
    { postern_string("x-amz-checksum-sha1"), SIGN_CHECKSUM_SHA1, 20, 0 },
    { postern_string("x-amz-checksum-sha256"), SIGN_CHECKSUM_SHA256, 32, 0 }
};

#define SIGN_CHECKSUM_KINDS                                                   \
    (sizeof(sign_checksum_kinds) / sizeof(sign_checksum_kinds[0]))


sign_checksum_t *
sign_checksum_begin(postern_str_t field, const postern_alloc_t *alloc,
    int *known)
{
    size_t                       i, size;
    sign_checksum_t             *sum;
    const sign_checksum_kind_t  *kind;

    for (i = 0; i < SIGN_CHECKSUM_KINDS; i++) {
        if (postern_str_eq(field, sign_checksum_kinds[i].field)) {
            break;
        }
    }

    *known = (i < SIGN_CHECKSUM_KINDS);

    if (!*known) {
        return NULL;
    }

    kind = &sign_checksum_kinds[i];
    size = sizeof(sign_checksum_t);

    if (kind->kind == SIGN_CHECKSUM_CRC) {
        size += 8 * sizeof(sum->table[0]);
    }

    sum = postern_alloc(alloc, size);
    if (sum == NULL) {
        return NULL;
    }

    sum->kind = kind;

    switch (kind->kind) {

    case SIGN_CHECKSUM_SHA1:
        SHA1_Init(&sum->u.sha1);
        break;

    case SIGN_CHECKSUM_SHA256:
        SHA256_Init(&sum->u.sha256);
        break;

    default: /* SIGN_CHECKSUM_CRC */
        sum->u.crc = (kind->len == 4) ? 0xffffffff : UINT64_MAX;
        sign_crc_tables(sum);
        break;
    }

    return sum;
}


void
sign_checksum_update(sign_checksum_t *sum, const unsigned char *data,
    size_t len)
{
    switch (sum->kind->kind) {

    case SIGN_CHECKSUM_SHA1:
        SHA1_Update(&sum->u.sha1, data, len);
        break;

    case SIGN_CHECKSUM_SHA256:
        SHA256_Update(&sum->u.sha256, data, len);
        break;

    default: /* SIGN_CHECKSUM_CRC */
        sign_crc_update(sum, data, len);
        break;
    }
}


int
sign_checksum_equal(sign_checksum_t *sum, postern_str_t value)
{
    int            n;
    size_t         i;
    uint64_t       crc;
    unsigned char  out[SIGN_CHECKSUM_MAX], text[SIGN_CHECKSUM_TEXT + 1];

    switch (sum->kind->kind) {

    case SIGN_CHECKSUM_SHA1:
        SHA1_Final(out, &sum->u.sha1);
        break;

    case SIGN_CHECKSUM_SHA256:
        SHA256_Final(out, &sum->u.sha256);
        break;

    default: /* SIGN_CHECKSUM_CRC */
        crc = ~sum->u.crc;

        for (i = sum->kind->len; i > 0; i--) {
            out[i - 1] = (unsigned char) crc;
            crc >>= 8;
        }

        break;
    }

    n = EVP_EncodeBlock(text, out, (int) sum->kind->len);

    return value.len == (size_t) n && memcmp(value.data, text, n) == 0;
}


/* table[k][c]: what octet c does to the remainder, k octets later */

static void
sign_crc_tables(sign_checksum_t *sum)
{
    size_t    i, k;
    uint64_t  crc;

    for (i = 0; i < 256; i++) {
        crc = i;

        for (k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ ((crc & 1) ? sum->kind->polynomial : 0);
        }

        sum->table[0][i] = crc;
    }

    for (k = 1; k < 8; k++) {
        for (i = 0; i < 256; i++) {
            crc = sum->table[k - 1][i];
            sum->table[k][i] = (crc >> 8) ^ sum->table[0][crc & 0xff];
        }
    }
}


static void
sign_crc_update(sign_checksum_t *sum, const unsigned char *data, size_t len)
{
    size_t    k;
    uint64_t  crc, next;

    crc = sum->u.crc;

    for ( /* void */ ; len >= 8; len -= 8, data += 8) {

        for (k = 0; k < 8; k++) {
            crc ^= (uint64_t) data[k] << (8 * k);
        }

        next = 0;

        for (k = 0; k < 8; k++) {
            next ^= sum->table[7 - k][(crc >> (8 * k)) & 0xff];
        }

        crc = next;
    }

    for ( /* void */ ; len > 0; len--) {
        crc = (crc >> 8) ^ sum->table[0][(crc ^ *data++) & 0xff];
    }

    sum->u.crc = crc;
}
