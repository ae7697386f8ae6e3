
#include <stdio.h>

#include "postern_seal.h"
#include "postern_assert.h"


size_t
postern_seal_name(char *out, size_t size, postern_str_t org,
    const char *collection, postern_str_t record, const char *member)
{
    int  n;

    if (org.len == 0
        || record.len == 0
        || org.len > POSTERN_NAME_MAX
        || record.len > POSTERN_NAME_MAX
        || memchr(org.data, '/', org.len) != NULL)
    {
        return 0;
    }

    n = snprintf(out, size, "%.*s/%s/%.*s/%s", (int) org.len,
                 (const char *) org.data, collection, (int) record.len,
                 (const char *) record.data, member);

    if (POSTERN_NEVER(n < 0) || (size_t) n >= size) {
        return 0;
    }

    return n;
}
