
/*
 * For the fuzzers of schemes: the header fields of a request, line by line.
 */


#ifndef _FUZZ_REQUEST_H_INCLUDED_
#define _FUZZ_REQUEST_H_INCLUDED_


#include "fuzz.h"
#include "sign_message.h"


/*
 * Takes lines off *rest, up to an empty one or the end: "name:value", what has
 * no colon is left out.  field has room for SIGN_MAX_FIELDS; the authority of
 * the request is the last Host.
 */

static inline void
fuzz_fields(postern_str_t *rest, sign_request_t *req, sign_field_t *field)
{
    postern_str_t         line;
    const unsigned char  *colon;

    while (rest->len && req->nfields < SIGN_MAX_FIELDS) {
        line = fuzz_cut(rest, '\n');

        if (line.len == 0) {
            return;
        }

        colon = memchr(line.data, ':', line.len);

        if (colon == NULL) {
            continue;
        }

        field->name.data = line.data;
        field->name.len = (size_t) (colon - line.data);
        field->value.data = colon + 1;
        field->value.len = line.len - field->name.len - 1;

        if (postern_str_is(field->name, "host")) {
            req->authority = field->value;
        }

        field++;
        req->nfields++;
    }
}


#endif /* _FUZZ_REQUEST_H_INCLUDED_ */
