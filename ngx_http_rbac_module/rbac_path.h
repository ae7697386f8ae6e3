
/*
 * Paths that two programs may read in two ways.
 *
 * nginx routes by a decoded, normalized path, but an application often gets
 * the bytes that the client sent.  A decision holds for both only where every
 * reader finds the same path in them.  Pure.
 *
 * A target is what stands in the request line or in :path, with or without a
 * query, in origin form ("/a?b") or in absolute form ("http://host/a?b").
 */


#ifndef _RBAC_PATH_H_INCLUDED_
#define _RBAC_PATH_H_INCLUDED_


#include "postern_buf.h"


#define RBAC_PATH_MAX  65536    /* bytes of a target */


typedef enum {
    RBAC_PATH_STRICT = 1,       /* refuse whatever is not plain */
    RBAC_PATH_CANONICAL = 2     /* resolve what has one meaning only */
} rbac_path_mode_e;


typedef enum {
    RBAC_PATH_OK = 0,
    RBAC_PATH_TOO_LONG,         /* over RBAC_PATH_MAX */
    RBAC_PATH_NOT_ABSOLUTE,     /* no path that begins with "/" */
    RBAC_PATH_ESCAPE,           /* "%" without two hexadecimal digits */
    RBAC_PATH_NUL,              /* NUL, encoded or not */
    RBAC_PATH_CONTROL,          /* other control characters, DEL */
    RBAC_PATH_SLASH,            /* encoded slash */
    RBAC_PATH_BACKSLASH,        /* backslash, encoded or not */
    RBAC_PATH_PARAMETER,        /* ";", encoded or not */
    RBAC_PATH_FRAGMENT,         /* "#" anywhere in the target */
    RBAC_PATH_DELIMITER,        /* encoded "?" or "#"; strict only */
    RBAC_PATH_DOT_SEGMENT,      /* "." or ".." in any spelling; strict only */
    RBAC_PATH_ABOVE_ROOT,       /* ".." that leaves "/"; canonical only */
    RBAC_PATH_EMPTY_SEGMENT,    /* "//"; strict only */
    RBAC_PATH_DOUBLE,           /* an escape is left after decoding */
    RBAC_PATH_UTF8,             /* invalid or overlong UTF-8 */
    RBAC_PATH_LOOKALIKE,        /* normalizes to "/", "\", ".", ";" or "%" */
    RBAC_PATH_TRAILING,         /* a segment that ends in a dot or a space */
    RBAC_PATH_DIFFERS,          /* (callers) nginx routed another path */
    RBAC_PATH_NO_MEMORY
} rbac_path_e;


/*
 * Checks a target.  On RBAC_PATH_OK *path is its one decoded path, in the
 * target itself where nothing had to be decoded, else in memory of alloc (at
 * most target.len bytes).  Otherwise *at is the offset in target of the byte
 * that was wrong.
 */
rbac_path_e rbac_path_check(postern_str_t target, rbac_path_mode_e mode,
    const postern_alloc_t *alloc, postern_str_t *path, size_t *at);

/* the same for a path that is decoded already: what a rewrite or a subrequest
   made; nothing is resolved here, neither dots nor slashes */
rbac_path_e rbac_path_decoded(postern_str_t path, rbac_path_mode_e mode,
    size_t *at);

/* the path part of a target, absent where there is none; "/" for an absolute
   form without a path */
postern_str_t rbac_path_of(postern_str_t target);

/*
 * The one escaped spelling of a decoded path (RFC 3986, section 3.3): pchar
 * and "/" as they are, but for ";", everything else as %XX in upper case.
 * out holds 3 * path.len bytes; returns how many were written.
 */
size_t rbac_path_escape(postern_str_t path, unsigned char *out);

/* for operators: "encoded slash" … */
const char *rbac_path_text(rbac_path_e form);


#endif /* _RBAC_PATH_H_INCLUDED_ */
