
#include <strings.h>

#include "postern_directory_parse.h"


static const char *postern_segment_fault(const unsigned char *start,
    const unsigned char *end, int last);


/* RFC 9110, section 9.1; "*" is a token that stands for all of them */

const char *
postern_method_fault(postern_str_t method)
{
    size_t  i, n;

    static const char *const  known[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
        "CONNECT", NULL
    };

    for (i = 0; i < method.len; i++) {
        if (strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ", method.data[i])
            == NULL || method.data[i] == '\0')
        {
            return "a method has letters, digits and !#$%&'*+-.^_`|~ only";
        }
    }

    /* "get" would be another method than GET, and never match */

    for (i = 0; known[i]; i++) {
        n = strlen(known[i]);

        if (method.len == n
            && strncasecmp((char *) method.data, known[i], n) == 0
            && memcmp(method.data, known[i], n) != 0)
        {
            return "methods are case-sensitive: write it in capitals";
        }
    }

    return NULL;
}


const char *
postern_pattern_fault(postern_str_t pattern)
{
    size_t                i, n;
    const char           *fault;
    const unsigned char  *p, *end, *slash;

    if (pattern.data[0] != '/') {
        return "a pattern must begin with \"/\"";
    }

    for (i = 0; i < pattern.len; i++) {

        switch (pattern.data[i]) {

        case '?':
        case '#':
            return "a pattern must not hold \"?\" or \"#\", it matches the "
                   "path alone";

        case '%':
            return "a pattern must not hold \"%\", it matches the decoded path";
        }

        if (pattern.data[i] < 0x20 || pattern.data[i] == 0x7f) {
            return "a pattern must not hold control characters";
        }
    }

    p = pattern.data + 1;
    end = pattern.data + pattern.len;

    for (n = 0; n < POSTERN_SEGMENTS_MAX; n++) {
        slash = p < end ? memchr(p, '/', end - p) : NULL;

        fault = postern_segment_fault(p, slash ? slash : end, slash == NULL);
        if (fault || slash == NULL) {
            return fault;
        }

        p = slash + 1;
    }

    return "a pattern must not have more than 64 segments";
}


static const char *
postern_segment_fault(const unsigned char *start, const unsigned char *end,
    int last)
{
    size_t  n;

    n = end - start;

    if (n == 0) {
        return last ? NULL : "a pattern must not hold \"//\"";
    }

    if (start[0] == '.' && (n == 1 || (n == 2 && start[1] == '.'))) {
        return "a pattern must not hold the segments \".\" and \"..\"";
    }

    if (memchr(start, '*', n) == NULL || n == 1) {
        return NULL;
    }

    if (n == 2 && start[0] == '*' && start[1] == '*') {
        return last ? NULL
                    : "\"**\" may stand for the last segments only";
    }

    return "\"*\" stands for a whole segment only";
}
