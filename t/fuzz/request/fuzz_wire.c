
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz_wire.h"


#define H2_HEAD  9


static void fuzz_h2_string(fuzz_out_t *o, const char *s, size_t len);


void
fuzz_put(fuzz_out_t *o, const void *data, size_t len)
{
    if (len > FUZZ_OUT - o->len) {
        len = FUZZ_OUT - o->len;
    }

    if (len) {
        memcpy(o->data + o->len, data, len);
        o->len += len;
    }
}


void
fuzz_print(fuzz_out_t *o, const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf((char *) o->data + o->len, FUZZ_OUT - o->len, fmt, args);
    va_end(args);

    if (n > 0) {
        o->len += (size_t) n < FUZZ_OUT - o->len ? (size_t) n
                                                 : FUZZ_OUT - o->len;
    }
}


void
fuzz_h2_preface(fuzz_out_t *o)
{
    fuzz_put(o, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    fuzz_put(o, "\0\0\0\4\0\0\0\0\0", H2_HEAD);
}


void
fuzz_h2_frame(fuzz_out_t *o, size_t from, unsigned type, unsigned flags,
    uint32_t stream)
{
    size_t          len;
    unsigned char  *p;

    len = o->len - from;

    if (o->len + H2_HEAD > FUZZ_OUT) {
        return;
    }

    p = o->data + from;
    memmove(p + H2_HEAD, p, len);
    o->len += H2_HEAD;

    p[0] = (unsigned char) (len >> 16);
    p[1] = (unsigned char) (len >> 8);
    p[2] = (unsigned char) len;
    p[3] = (unsigned char) type;
    p[4] = (unsigned char) flags;
    p[5] = (unsigned char) (stream >> 24);
    p[6] = (unsigned char) (stream >> 16);
    p[7] = (unsigned char) (stream >> 8);
    p[8] = (unsigned char) stream;
}


void
fuzz_h2_field(fuzz_out_t *o, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
    fuzz_put(o, "\0", 1);            /* literal, not indexed, new name */
    fuzz_h2_string(o, name, name_len);
    fuzz_h2_string(o, value, value_len);
}


/* RFC 7541, section 5.2: a length in a prefix of 7 bits, then the bytes */

static void
fuzz_h2_string(fuzz_out_t *o, const char *s, size_t len)
{
    size_t         n;
    unsigned char  c;

    if (len < 127) {
        c = (unsigned char) len;
        fuzz_put(o, &c, 1);

    } else {
        fuzz_put(o, "\x7f", 1);

        for (n = len - 127; n >= 128; n >>= 7) {
            c = (unsigned char) (n | 128);
            fuzz_put(o, &c, 1);
        }

        c = (unsigned char) n;
        fuzz_put(o, &c, 1);
    }

    fuzz_put(o, s, len);
}


int
fuzz_client_open(fuzz_client_t *c, const char *path)
{
    struct sockaddr_un  addr;

    c->sent = 0;
    c->shut = 0;
    c->closed = 0;
    c->nin = 0;

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);

    c->fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    return c->fd == -1
           ? -1 : connect(c->fd, (struct sockaddr *) &addr, sizeof(addr));
}


int
fuzz_client_step(fuzz_client_t *c, const fuzz_out_t *o)
{
    int            did;
    size_t         size;
    ssize_t        n;
    unsigned char  over[4096];

    did = 0;

    if (c->sent < o->len && !c->shut) {
        size = o->len - c->sent;
        size = size < c->piece ? size : c->piece;
        n = send(c->fd, o->data + c->sent, size, MSG_NOSIGNAL);

        if (n > 0) {
            c->sent += (size_t) n;
            did = 1;

        } else if (errno != EAGAIN) {
            c->sent = o->len;            /* nginx has had enough */
            did = 1;
        }
    }

    while (!c->closed) {
        n = c->nin < FUZZ_IN ? recv(c->fd, c->in + c->nin, FUZZ_IN - c->nin, 0)
                             : recv(c->fd, over, sizeof(over), 0);

        if (n == -1 && errno == EAGAIN) {
            break;
        }

        did = 1;

        if (n <= 0) {
            c->closed = 1;

        } else if (c->nin < FUZZ_IN) {
            c->nin += (size_t) n;
        }
    }

    return did;
}


void
fuzz_client_shut(fuzz_client_t *c)
{
    (void) shutdown(c->fd, SHUT_WR);
    c->shut = 1;
}


void
fuzz_client_close(fuzz_client_t *c)
{
    if (c->fd != -1) {
        (void) close(c->fd);
        c->fd = -1;
    }
}
