
/* Documents of tests are written with ' for ", which reads better in C. */


#ifndef _UNIT_DIRECTORY_H_INCLUDED_
#define _UNIT_DIRECTORY_H_INCLUDED_


#include "postern_directory.h"
#include "unit.h"


/* the members of one organization, acme, begin on line 2 */

#define ORG(members)                                                          \
    "{'version':1,'organizations':{'acme':{\n" members "}}}"

#define ED25519  "JgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg="
#define P256                                                                  \
    "BMif/0iiyfj0oIWSjN0dMp6KLK4Ou901tBpXE2XzTWtSfAz1tZaK/b4RfjgcCyHs5vV1"    \
    "ULtiFF8J1/hByGoRUyY="


static inline postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


/* to be parsed from memory that ends where the text does, for the sanitizer */

static inline postern_directory_t *
parse(const char *text, postern_error_t *err)
{
    char                 *p, *json;
    postern_str_t         s;
    postern_directory_t  *dir;

    s.len = strlen(text);
    json = malloc(s.len + !s.len);
    memcpy(json, text, s.len);

    for (p = json; p < json + s.len; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    s.data = (unsigned char *) json;
    dir = postern_directory_parse(s, err);

    free(json);

    return dir;
}


#endif /* _UNIT_DIRECTORY_H_INCLUDED_ */
