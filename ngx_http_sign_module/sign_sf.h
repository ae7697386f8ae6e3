
/*
 * Structured field values, RFC 9651 complete: lists, dictionaries, items,
 * inner lists, parameters and all eight types of bare items.
 *
 * Two layers.  The readers below take one token after the other from a cursor
 * and allocate nothing: what runs for every request uses them.  The parsers
 * above them build a tree.  Where the RFC leaves a choice, the strict one is
 * made: byte sequences need their padding and zero pad bits, so that a value
 * has one spelling only.
 *
 * Slices of a result point into the text where they can, into memory of the
 * allocator where something had to be decoded; the text must live as long.
 */


#ifndef _SIGN_SF_H_INCLUDED_
#define _SIGN_SF_H_INCLUDED_


#include "postern_buf.h"


#define SIGN_SF_MAX_TEXT     65536   /* bytes of a field, its lines joined */
#define SIGN_SF_MAX_MEMBERS  1024    /* members of a list or dictionary */
#define SIGN_SF_MAX_ITEMS    256     /* items of an inner list */
#define SIGN_SF_MAX_PARAMS   256     /* parameters of one item */

#define SIGN_SF_MAX_INTEGER  999999999999999LL


/* what parsers, readers and writers return */

#define SIGN_SF_OK           0
#define SIGN_SF_ERROR        -1      /* not what RFC 9651 allows */
#define SIGN_SF_LIMIT        -2      /* over one of the bounds above */
#define SIGN_SF_NO_MEMORY    -3


typedef enum {
    SIGN_SF_INNER_LIST = 0,
    SIGN_SF_INTEGER,
    SIGN_SF_DECIMAL,
    SIGN_SF_STRING,
    SIGN_SF_TOKEN,
    SIGN_SF_BYTES,
    SIGN_SF_BOOLEAN,
    SIGN_SF_DATE,
    SIGN_SF_DISPLAY
} sign_sf_type_e;


typedef struct {
    sign_sf_type_e           type;
    unsigned                 encoded;   /* text is still as on the wire */
    int64_t                  number;    /* integer; decimal in thousandths;
                                           date in seconds; boolean 0 or 1 */
    postern_str_t            text;      /* string, token; bytes: the octets;
                                           display string: UTF-8 */
} sign_sf_value_t;


typedef struct {
    postern_str_t            key;
    sign_sf_value_t          value;
} sign_sf_param_t;


typedef struct sign_sf_item_s  sign_sf_item_t;

struct sign_sf_item_s {
    postern_str_t            key;       /* only of a dictionary's member */
    sign_sf_value_t          value;     /* of type SIGN_SF_INNER_LIST: items */
    const sign_sf_item_t    *items;
    size_t                   nitems;
    const sign_sf_param_t   *params;
    size_t                   nparams;
};


typedef struct {
    const sign_sf_item_t    *members;
    size_t                   nmembers;
    unsigned                 repeated;  /* of a dictionary: some key came more
                                           than once */
} sign_sf_list_t;


/*
 * Parsers (RFC 9651 section 4.2).  text is the value of the field; several
 * field lines are joined with ", " before.  A key that occurs twice keeps its
 * first place and its last value, as section 4.2.2 says.  A list or dictionary
 * of no members is SIGN_SF_OK with nmembers 0.
 */
int sign_sf_parse_item(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_item_t *item);
int sign_sf_parse_list(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_list_t *list);
int sign_sf_parse_dictionary(postern_str_t text, const postern_alloc_t *alloc,
    sign_sf_list_t *dictionary);


/*
 * Readers.  A cursor stands at pos; a failed reader leaves it where the fault
 * is.
 */

typedef struct {
    const unsigned char     *pos;
    const unsigned char     *last;
} sign_sf_cursor_t;


void sign_sf_begin(sign_sf_cursor_t *c, postern_str_t text);

/* skips spaces; SIGN_SF_OK where nothing else is left */
int sign_sf_end(sign_sf_cursor_t *c);

int sign_sf_read_key(sign_sf_cursor_t *c, postern_str_t *key);

/* one bare item, checked whole; text stays as written where .encoded is set
   (escapes, base64, percent signs) until sign_sf_decode() */
int sign_sf_read_value(sign_sf_cursor_t *c, sign_sf_value_t *value);

/* the next parameter: 1, or 0 where none follows */
int sign_sf_read_param(sign_sf_cursor_t *c, sign_sf_param_t *param);

/* between the members of a list or dictionary: 1 where another one follows,
   0 at the end of the text */
int sign_sf_read_comma(sign_sf_cursor_t *c);

/* behind the "(" of an inner list: 1 at an item, 0 behind the ")"; *n counts
   the items and starts as 0 */
int sign_sf_read_inner(sign_sf_cursor_t *c, size_t *n);

/* reads a member of a list, or what stands behind a dictionary's key and "=",
   with its parameters, only to know that it is well formed and where it ends;
   where no "=" follows the key, there are parameters only */
int sign_sf_skip_member(sign_sf_cursor_t *c);
int sign_sf_skip_params(sign_sf_cursor_t *c);

/* the same as a tree */
int sign_sf_read_member(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *member);
int sign_sf_read_params(sign_sf_cursor_t *c, const postern_alloc_t *alloc,
    sign_sf_item_t *item);

/* text as its octets, .encoded cleared */
int sign_sf_decode(sign_sf_value_t *value, const postern_alloc_t *alloc);

/* base64 of a byte sequence read before (so it is known to be right) into dst,
   which has room for text.len / 4 * 3; returns the number of octets */
size_t sign_sf_base64(postern_str_t text, unsigned char *dst);


/*
 * Writers (RFC 9651 section 4.1), canonical.  What does not fit in size bytes
 * is counted in len but not written, so that a first call with size 0 says how
 * much is needed.  SIGN_SF_ERROR: the value has no serialization.  A list or
 * dictionary of no members writes nothing.
 */

typedef struct {
    unsigned char           *data;
    size_t                   size;
    size_t                   len;
} sign_sf_out_t;


int sign_sf_write_value(sign_sf_out_t *out, const sign_sf_value_t *value);
/* an item or inner list with its parameters, without key */
int sign_sf_write_item(sign_sf_out_t *out, const sign_sf_item_t *item);
int sign_sf_write_list(sign_sf_out_t *out, const sign_sf_list_t *list);
int sign_sf_write_dictionary(sign_sf_out_t *out,
    const sign_sf_list_t *dictionary);

/* thousandths of a decimal, rounded half to even as section 4.1.5 says */
int sign_sf_decimal(double number, int64_t *thousandths);

/* 1 where s is valid UTF-8 */
int sign_sf_utf8(postern_str_t s);

/* the same octet by octet: SIGN_SF_OK while all is well; *state starts as 0 and
   is 0 again at the end of a character */
int sign_sf_utf8_next(uint32_t *state, unsigned char ch);


#endif /* _SIGN_SF_H_INCLUDED_ */
