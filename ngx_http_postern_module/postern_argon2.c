
#include <sodium.h>

#include "postern_argon2.h"


static int postern_argon2_skip(postern_str_t *rest, const char *literal);
static int postern_argon2_number(postern_str_t *rest, uint32_t *number);
static int postern_argon2_bytes(postern_str_t *rest,
    unsigned char out[POSTERN_ARGON2_HASH_MAX], size_t *len);


int
postern_argon2_parse(postern_str_t text, postern_argon2_t *hash)
{
    postern_str_t  rest;

    memset(hash, 0, sizeof(postern_argon2_t));

    if (text.len > POSTERN_ARGON2_TEXT) {
        return -1;
    }

    rest = text;

    if (postern_argon2_skip(&rest, "$argon2id$v=19$m=") != 0
        || postern_argon2_number(&rest, &hash->memory) != 0
        || postern_argon2_skip(&rest, ",t=") != 0
        || postern_argon2_number(&rest, &hash->passes) != 0
        || postern_argon2_skip(&rest, ",p=") != 0
        || postern_argon2_number(&rest, &hash->lanes) != 0
        || postern_argon2_skip(&rest, "$") != 0
        || postern_argon2_bytes(&rest, hash->salt, &hash->salt_len) != 0
        || postern_argon2_skip(&rest, "$") != 0)
    {
        return -1;
    }

    hash->prefix.data = text.data;
    hash->prefix.len = text.len - rest.len;

    if (postern_argon2_bytes(&rest, hash->hash, &hash->hash_len) != 0
        || rest.len != 0)
    {
        return -1;
    }

    /* RFC 9106 section 3.1: 8 KiB a lane, 8 bytes of salt are the least */

    if (hash->passes == 0 || hash->lanes == 0
        || hash->memory / 8 < hash->lanes || hash->salt_len < 8
        || hash->hash_len < POSTERN_ARGON2_HASH_MIN)
    {
        return -1;
    }

    return 0;
}


int
postern_argon2_bearable(const postern_argon2_t *hash)
{
    return hash->memory <= POSTERN_ARGON2_MEMORY_MAX
           && hash->passes <= POSTERN_ARGON2_PASSES_MAX;
}


static int
postern_argon2_skip(postern_str_t *rest, const char *literal)
{
    size_t  len;

    len = strlen(literal);

    if (rest->len < len || memcmp(rest->data, literal, len) != 0) {
        return -1;
    }

    rest->data += len;
    rest->len -= len;

    return 0;
}


static int
postern_argon2_number(postern_str_t *rest, uint32_t *number)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < rest->len && i < 11; i++) {

        if (rest->data[i] < '0' || rest->data[i] > '9') {
            break;
        }

        n = n * 10 + (unsigned) (rest->data[i] - '0');
    }

    /* one spelling a number */

    if (i == 0 || n > UINT32_MAX || (i > 1 && rest->data[0] == '0')) {
        return -1;
    }

    rest->data += i;
    rest->len -= i;
    *number = (uint32_t) n;

    return 0;
}


static int
postern_argon2_bytes(postern_str_t *rest,
    unsigned char out[POSTERN_ARGON2_HASH_MAX], size_t *len)
{
    const char  *end;

    if (sodium_base642bin(out, POSTERN_ARGON2_HASH_MAX,
                          (const char *) rest->data, rest->len, NULL, len,
                          &end, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
        != 0)
    {
        return -1;
    }

    rest->len -= (size_t) (end - (const char *) rest->data);
    rest->data = (const unsigned char *) end;

    return 0;
}
