
/*
 * The client's end of a connection, and what it sends.
 */


#ifndef _FUZZ_WIRE_H_INCLUDED_
#define _FUZZ_WIRE_H_INCLUDED_


#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_OUT  65536
#define FUZZ_IN   (512 * 1024)


typedef struct {
    unsigned char  data[FUZZ_OUT];
    size_t         len;
} fuzz_out_t;


/* what does not fit is left out: an input that long is not worth more */
void fuzz_put(fuzz_out_t *o, const void *data, size_t len);
void fuzz_print(fuzz_out_t *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* HTTP/2: the preface with empty settings; a frame around what stands in o from
   byte `from` on; a header field, without Huffman codes and tables */
#define FUZZ_H2_DATA     0
#define FUZZ_H2_HEADERS  1

void fuzz_h2_preface(fuzz_out_t *o);
void fuzz_h2_frame(fuzz_out_t *o, size_t from, unsigned type, unsigned flags,
    uint32_t stream);
void fuzz_h2_field(fuzz_out_t *o, const char *name, size_t name_len,
    const char *value, size_t value_len);


typedef struct {
    int             fd;
    size_t          sent;
    size_t          piece;             /* at most so many bytes at a time */
    int             shut;
    int             closed;            /* by nginx */
    unsigned char   in[FUZZ_IN];
    size_t          nin;
} fuzz_client_t;


int fuzz_client_open(fuzz_client_t *c, const char *path);

/* sends and receives as far as that goes; 1 where it did something */
int fuzz_client_step(fuzz_client_t *c, const fuzz_out_t *o);
void fuzz_client_shut(fuzz_client_t *c);
void fuzz_client_close(fuzz_client_t *c);


#endif /* _FUZZ_WIRE_H_INCLUDED_ */
