
/*
 * Commands in RESP, the protocol of Redis: an array of bulk strings.  Pure, and
 * without a copy in between: the caller measures, then has it written to where
 * it is sent from.
 */


#ifndef _POSTERN_RESP_H_INCLUDED_
#define _POSTERN_RESP_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_RESP_INT_MAX  20      /* bytes of a number in decimal */


/* bytes that the command takes; args may hold bytes of any kind */
size_t postern_resp_size(const postern_str_t *args, size_t nargs);

/* writes the command to p, which has room for it; returns the byte behind it */
unsigned char *postern_resp_write(unsigned char *p, const postern_str_t *args,
    size_t nargs);

/* a number as an argument, in buf of POSTERN_RESP_INT_MAX bytes */
postern_str_t postern_resp_int(unsigned char *buf, uint64_t n);

/* reads a whole decimal number up to INT64_MAX; 0 where it is none */
int postern_resp_parse_int(postern_str_t text, int64_t *n);

/* of an error that Redis before 7 wraps into the words of the script that it
   happened in, the error itself; any other as it is */
postern_str_t postern_resp_error(postern_str_t text);


#endif /* _POSTERN_RESP_H_INCLUDED_ */
