/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Bodies as aws-chunked.  The first octets of the input say how: which kind,
 * how long the payload is, in pieces of how many octets it comes; the rest is
 *
 *     kind 0, 1    a body of chunks that are not signed, with a trailer "a" or
 *                  without: what the sink says of it is compared with a reader
 *                  that sees the body whole
 *     kind 2       a body of signed chunks: nobody can have signed it
 *     kind 3       payload, which is framed and signed here: it is accepted,
 *                  the framing comes off again, and one bit changed anywhere is
 *                  refused
 */


#include "fuzz.h"
#include "sigv4_chunks.h"


#define SEED  "4f232c4386841ef735655705268965c4"                              \
              "4a0e4690baa4adea153f7db9fa80a0a9"

#define MAX   4096


static unsigned char  payload[MAX];
static size_t         payload_len;


/* whole: 1 where it is a body of no signatures that says len octets, which are
   left in payload */

static int
reader(const unsigned char *p, const unsigned char *end, size_t len,
    int trailer)
{
    size_t                size;
    unsigned              digits;
    const unsigned char  *eol, *v;

    payload_len = 0;

    do {
        for (size = 0, digits = 0; p < end && *p != '\r'; p++, digits++) {

            if (sign_hex(*p) < 0 || digits == 16 || size > MAX) {
                return 0;
            }

            size = size * 16 + sign_hex(*p);
        }

        if (digits == 0 || end - p < 2 || p[1] != '\n'
            || size > len - payload_len)
        {
            return 0;
        }

        p += 2;

        if ((size_t) (end - p) < size) {
            return 0;
        }

        memcpy(payload + payload_len, p, size);
        payload_len += size;
        p += size;

        if (size && (end - p < 2 || p[0] != '\r' || p[1] != '\n')) {
            return 0;
        }

        p += size ? 2 : 0;

    } while (size != 0);

    if (trailer) {

        /* "a:" and anything up to the end of the line, not too long */

        if (end - p < 4 || p[0] != 'a' || p[1] != ':') {
            return 0;
        }

        eol = memchr(p, '\n', end - p);

        if (eol == NULL || eol - p >= 512) {
            return 0;
        }

        for (v = p; v < eol; v++) { /* void */ }

        if (v[-1] != '\r') {
            return 0;
        }

        p = eol + 1;
    }

    return payload_len == len && end - p == 2 && p[0] == '\r' && p[1] == '\n';
}


static sign_code_e
feed(chunks_request_t *r, const unsigned char *data, size_t len, size_t piece,
    unsigned char *out, size_t *out_len)
{
    size_t          n;
    sign_code_e     code;
    sign_sink_t    *sink;
    unsigned char  *copy;

    sink = sign_sink(r->key, &r->memory, &r->msg);
    HELD(sink != NULL);

    *out_len = 0;
    code = SIGN_OK;

    while (len != 0 && code == SIGN_OK) {
        n = len < piece ? len : piece;

        copy = malloc(n);
        memcpy(copy, data, n);

        data += n;
        len -= n;

        code = sign_unframe(sink, copy, &n, &r->msg);

        if (code == SIGN_OK) {
            HELD(*out_len + n <= (size_t) r->msg.payload_len);
            memcpy(out + *out_len, copy, n);
            *out_len += n;
        }

        free(copy);
    }

    if (code == SIGN_OK) {
        code = sink->final(sink, &r->msg);
    }

    HELD(code == SIGN_OK || code == SIGN_DIGEST);
    HELD(code == SIGN_OK || r->msg.detail[0] != '\0');

    return code;
}


static void
signed_here(const unsigned char *data, size_t len, size_t piece)
{
    size_t            n, i, out_len;
    unsigned char     out[MAX];
    chunks_request_t  r;

    static chunks_t   body;

    chunks_begin(&body, SEED);

    for (i = 0; i < len; i += n) {
        n = 1 + data[i] % 97;
        n = n < len - i ? n : len - i;
        chunks_add(&body, data + i, n);
    }

    chunks_add(&body, "", 0);
    chunks_text(&body, "\r\n");

    chunks_open(&r, SEED, len, 0);

    HELD(feed(&r, body.data, body.len, piece, out, &out_len) == SIGN_OK);
    HELD(out_len == len && memcmp(out, data, len) == 0);

    i = (len ? data[0] * 251u + data[len - 1] : 0) % body.len;
    body.data[i] ^= 1 << (piece & 7);

    /* sizes may be in upper case */

    HELD(feed(&r, body.data, body.len, piece, out, &out_len) == SIGN_DIGEST
         || ((piece & 7) == 5 && body.data[i] >= 'A' && body.data[i] <= 'F'));

    chunks_close(&r);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int               right;
    size_t            len, piece, out_len;
    unsigned          kind;
    unsigned char     out[MAX];
    sign_code_e       code;
    chunks_request_t  r;

    if (size < 3 || size > MAX - 1) {
        return 0;
    }

    kind = data[0] % 4;
    len = data[1];
    piece = 1 + data[2];

    data += 3;
    size -= 3;

    if (kind == 3) {
        signed_here(data, size, piece);
        return 0;
    }

    chunks_open(&r, SEED, len, kind == 2 ? 0
                : SIGN_SIGV4_UNSIGNED | SIGN_SIGV4_TRAILER);

    if (kind == 1) {
        r.v4.trailers[0] = sign_text_str("a");
        r.v4.ntrailers = 1;
    }

    code = feed(&r, data, size, piece, out, &out_len);

    if (kind == 2) {
        HELD(code == SIGN_DIGEST || (size == 0 && len == 0));

    } else {
        right = reader(data, data + size, len, kind == 1);

        HELD((code == SIGN_OK) == right);
        HELD(!right || (out_len == payload_len
                        && memcmp(out, payload, out_len) == 0));
    }

    chunks_close(&r);

    return 0;
}
