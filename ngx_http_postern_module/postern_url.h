
/*
 * Addresses of Redis, as postern_redis takes them:
 *
 *     redis://[[user][:password]@]host[:port][/db]
 *     rediss://…                                      the same over TLS
 *     unix:/path[?db]
 *
 * User, password and path may hold %XX; an IPv6 address stands in brackets.
 */


#ifndef _POSTERN_URL_H_INCLUDED_
#define _POSTERN_URL_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_URL_PORT      6379
#define POSTERN_URL_MAX       4096     /* bytes of an address */
#define POSTERN_URL_PATH_MAX  107      /* bytes of a socket's path */
#define POSTERN_URL_HOST_MAX  255
#define POSTERN_URL_DB_MAX    65535


typedef struct {
    postern_str_t  path;         /* absent unless unix: */
    postern_str_t  host;         /* without brackets; absent with unix: */
    postern_str_t  user;         /* absent where there is none */
    postern_str_t  password;     /* absent where there is none */
    unsigned       port;
    unsigned       db;
    unsigned       tls:1;
    unsigned       ipv6:1;       /* host stood in brackets */
} postern_url_t;


/*
 * Slices of the result point into text or memory of the allocator.  Returns 0
 * with error->text, which never repeats the text: it may hold a password.
 */
int postern_url_parse(postern_str_t text, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error);


#endif /* _POSTERN_URL_H_INCLUDED_ */
