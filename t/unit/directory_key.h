
/* Documents with one key, "k", of the organization acme. */


#ifndef _UNIT_DIRECTORY_KEY_H_INCLUDED_
#define _UNIT_DIRECTORY_KEY_H_INCLUDED_


#include "directory.h"
#include "directory_keys.h"


#define SECRET  "base64:MDEyMzQ1Njc4OWFiY2RlZg=="

/* of the other keys, whose secrets are not to be counted */
#define SEALED                                                                \
    "sealed:m1:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"  \
    "QUFBQUFBQUFB"

#define KEY_TEXT  16384


static inline const char *
key_document(const char *members)
{
    static char  text[KEY_TEXT];

    snprintf(text, sizeof(text),
             "{'version':1,'organizations':{\n"
             "'far':{'keys':{'elsewhere':{'roles':[],\n"
             "  'algorithm':'hmac-sha256','secret':'" SEALED "'}}},\n"
             "'acme':{'users':{'alice':{}},'keys':{\n"
             " 'other':{'roles':[],'algorithm':'hmac-sha256',\n"
             "  'secret':'" SEALED "'},\n"
             " 'users':{'user':'alice','algorithm':'hmac-sha256',\n"
             "  'secret':'" SEALED "'},\n"
             " 'k':{'roles':[],%s}}}}}", members);

    return text;
}


static inline postern_directory_t *
key_parse(const char *members)
{
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = parse(key_document(members), &err);

    if (dir == NULL) {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
    }

    return dir;
}


/* path is a member of the key, or "" */

static inline void
key_fault(const char *members, const char *path, const char *text, int whole,
    const char *file, int at)
{
    char                  full[256];
    postern_error_t       err;
    postern_directory_t  *dir;

    memset(&err, 0xff, sizeof(err));
    dir = parse(key_document(members), &err);

    if (!unit_expect(dir == NULL, members, file, at)) {
        postern_directory_destroy(dir);
        return;
    }

    snprintf(full, sizeof(full), "organizations.acme.%s%s%s",
             whole ? "" : "keys.k", whole || path[0] == '\0' ? "" : ".", path);

    unit_expect_str(slice(err.text), text, "text", file, at);
    unit_expect_str(slice(err.path), full, "path", file, at);
    unit_expect(err.line == 9 && err.column > 1, "place", file, at);
}


#define KEY_FAULT(members, path, text)                                        \
    key_fault(members, path, text, 0, __FILE__, __LINE__)
#define KEY_FAULT_AT(members, path, text)                                     \
    key_fault(members, path, text, 1, __FILE__, __LINE__)


#endif /* _UNIT_DIRECTORY_KEY_H_INCLUDED_ */
