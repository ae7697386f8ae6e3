
/*
 * JSON with places: jansson parses, and since it keeps no positions, a fault
 * found later is located by walking the text again along the path that led to
 * it.  Costs nothing where there is no fault.
 *
 * Lines end with LF.  Columns count characters (Unicode code points), a tab
 * being one, as editors do; both count from 1.
 */


#ifndef _POSTERN_JSON_H_INCLUDED_
#define _POSTERN_JSON_H_INCLUDED_


#include <jansson.h>

#include "postern_buf.h"


/*
 * A place in a document: a frame for each member or element on the way there,
 * each pointing to the one it lies in.  The document itself is NULL.
 */

typedef struct postern_json_at_s  postern_json_at_t;

struct postern_json_at_s {
    const postern_json_at_t  *up;
    const char               *member;     /* NULL: an element of an array */
    size_t                    index;
};


/* a value that is there, and of that type */

static inline int
postern_json_is(const json_t *value, json_type type)
{
    return value != NULL && json_typeof(value) == type;
}


/* every member of an object, by json_object_iter_key() and _value() */

#define postern_json_each(object, iter)                                       \
    for (iter = json_object_iter(object); iter != NULL;                       \
         iter = json_object_iter_next(object, iter))


typedef enum {
    POSTERN_JSON_NAME = 0,     /* of a member; an element's value */
    POSTERN_JSON_VALUE
} postern_json_part_e;


/*
 * Parses a whole text strictly (RFC 8259; no member twice, no NUL character).
 * Returns a reference that the caller drops, or NULL with line, column and text
 * of *err filled in.
 */
json_t *postern_json_load(postern_str_t text, postern_error_t *err);

/*
 * Finds a place in a text that postern_json_load() accepted; 0, or -1 where
 * there is no such place.
 */
int postern_json_locate(postern_str_t text, const postern_json_at_t *at,
    postern_json_part_e part, unsigned *line, unsigned *column);

/*
 * Writes a place as organizations.acme.keys["AK 1"].networks[0], terminated by
 * NUL and cut with "..." where it does not fit.  Returns its length.
 */
size_t postern_json_path(const postern_json_at_t *at, char *out, size_t size);

/*
 * Writes a string in quotes for messages, with everything escaped that could
 * disturb a line of a log; cut with "..." where it does not fit (size >= 8).
 */
const char *postern_json_quote(postern_str_t s, char *out, size_t size);


#endif /* _POSTERN_JSON_H_INCLUDED_ */
