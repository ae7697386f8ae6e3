
/* secrets of every kind, as they are written in the document */

#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"
#include "postern_seal.h"


static int postern_secret_keep(postern_parse_t *p,
    const postern_json_at_t *at, postern_str_t text, postern_open_e rc,
    postern_str_t *kept);


int
postern_parse_secret(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, const char *collection, postern_str_t record,
    const char *member, postern_str_t *secret)
{
    char            buf[2 * POSTERN_NAME_MAX + 64];
    size_t          len;
    postern_str_t   s, name;
    unsigned char   bytes[POSTERN_SECRET_MAX];
    postern_open_e  rc;

    if (postern_parse_string(p, at, value, POSTERN_SEALED_MAX, &s) != 0) {
        return -1;
    }

    name.data = (const unsigned char *) buf;
    name.len = postern_seal_name(buf, sizeof(buf), p->org->name, collection,
                                 record, member);

    /* names of all kinds are shorter */

    if (POSTERN_NEVER(name.len == 0)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "belongs to a record whose name is too long");
    }

    rc = postern_secret_open(NULL, s, name, bytes, &len);

    sodium_memzero(bytes, sizeof(bytes));

    if (rc != POSTERN_OPEN_OK && rc != POSTERN_OPEN_NO_KEY) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "a secret must be \"sealed:\", \"plain:\" or "
                             "\"base64:\" and 1 to %d bytes behind it",
                             POSTERN_SECRET_MAX);
    }

    if (rc == POSTERN_OPEN_OK && len < POSTERN_SECRET_MIN) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "a secret must have at least %d bytes",
                             POSTERN_SECRET_MIN);
    }

    return postern_secret_keep(p, at, s, rc, secret);
}


int
postern_parse_sealed(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_str_t record, postern_str_t *text)
{
    size_t          len;
    postern_str_t   s;
    unsigned char   bytes[POSTERN_PRIVATE_MAX];
    postern_open_e  rc;

    if (postern_parse_string(p, at, value, POSTERN_SEALED_PRIVATE_MAX, &s)
        != 0)
    {
        return -1;
    }

    rc = postern_private_open(NULL, s, record, bytes, &len);

    sodium_memzero(bytes, sizeof(bytes));

    if (rc != POSTERN_OPEN_OK && rc != POSTERN_OPEN_NO_KEY) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "a private key must be \"sealed:\", \"plain:\" "
                             "or \"base64:\" and a PEM of 1 to %d bytes "
                             "behind it", POSTERN_PRIVATE_MAX);
    }

    return postern_secret_keep(p, at, s, rc, text);
}


static int
postern_secret_keep(postern_parse_t *p, const postern_json_at_t *at,
    postern_str_t text, postern_open_e rc, postern_str_t *kept)
{
    char           path[POSTERN_ERROR_PATH];
    postern_str_t  name;

    if (rc == POSTERN_OPEN_NO_KEY) {
        p->dir->nsealed++;

    } else if (p->dir->nplain++ == 0) {
        name.data = (const unsigned char *) path;
        name.len = postern_json_path(at, path, sizeof(path));

        if (postern_parse_keep(p, name, &p->dir->plain_first) != 0) {
            return -1;
        }
    }

    return postern_parse_keep(p, text, kept);
}
