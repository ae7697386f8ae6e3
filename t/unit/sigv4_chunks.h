
/*
 * For tests of aws-chunked bodies: bodies framed and signed by the text of the
 * standard and one-shot HMAC(), and the sink fed with them.
 */


#ifndef _SIGV4_CHUNKS_H_INCLUDED_
#define _SIGV4_CHUNKS_H_INCLUDED_


#include "sign_request.h"
#include "sign_sigv4.h"
#include "sign_verify.h"


#define CHUNKS_EMPTY  "e3b0c44298fc1c149afbf4c8996fb924"                      \
                      "27ae41e4649b934ca495991b7852b855"
#define CHUNKS_SCOPE  "20130524/us-east-1/s3/aws4_request"
#define CHUNKS_TIME   "20130524T000000Z"
#define CHUNKS_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


/* a body that grows */

typedef struct {
    unsigned char    data[160 * 1024];
    size_t           len;
    char             previous[65];
    const char      *tail;         /* behind the size; NULL: its signature */
} chunks_t;


/* what the sink hangs on: a message that verified */

typedef struct {
    sign_key_t      *key;
    sign_sigv4_t     v4;
    sign_message_t   msg;
    postern_arena_t *arena;
    postern_alloc_t  memory;
} chunks_request_t;


/* the signature of "AWS4-HMAC-SHA256-PAYLOAD", or of "…-TRAILER" */

static inline void
chunks_sign(chunks_t *c, const char *kind, const void *data, size_t len,
    char out[65])
{
    char           text[1024], aws4[128], hex[65];
    unsigned char  key[32], hash[32];

    EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL);
    sign_text_hex(hash, 32, hex);

    snprintf(text, sizeof(text), "AWS4-HMAC-SHA256-%s\n%s\n%s\n%s\n%s%s",
             kind, CHUNKS_TIME, CHUNKS_SCOPE, c->previous,
             strcmp(kind, "PAYLOAD") == 0 ? CHUNKS_EMPTY "\n" : "", hex);

    snprintf(aws4, sizeof(aws4), "AWS4%s", CHUNKS_SECRET);
    sign_text_hmac(aws4, strlen(aws4), "20130524", key);
    sign_text_hmac(key, 32, "us-east-1", key);
    sign_text_hmac(key, 32, "s3", key);
    sign_text_hmac(key, 32, "aws4_request", key);
    sign_text_hmac(key, 32, text, hash);
    sign_text_hex(hash, 32, out);
}


static inline void
chunks_put(chunks_t *c, const void *data, size_t len)
{
    memcpy(c->data + c->len, data, len);
    c->len += len;
}


static inline void
chunks_text(chunks_t *c, const char *text)
{
    chunks_put(c, text, strlen(text));
}


static inline void
chunks_begin(chunks_t *c, const char *seed)
{
    c->len = 0;
    c->tail = NULL;
    snprintf(c->previous, sizeof(c->previous), "%s", seed);
}


/* one chunk with its end of line; the last one is empty */

static inline void
chunks_add(chunks_t *c, const void *data, size_t len)
{
    char  head[256], hex[65];

    chunks_sign(c, "PAYLOAD", data, len, hex);
    memcpy(c->previous, hex, sizeof(hex));

    if (c->tail) {
        snprintf(head, sizeof(head), "%zx%s\r\n", len, c->tail);

    } else {
        snprintf(head, sizeof(head), "%zx;chunk-signature=%s\r\n", len, hex);
    }

    chunks_text(c, head);
    chunks_put(c, data, len);

    if (len != 0) {
        chunks_text(c, "\r\n");
    }
}


/* trailers as they are hashed: "name:value\n"; as they are sent: with "\r\n" */

static inline void
chunks_trailers(chunks_t *c, const char *hashed, const char *sent)
{
    char  hex[65];

    chunks_sign(c, "TRAILER", hashed, strlen(hashed), hex);

    chunks_text(c, sent);
    chunks_text(c, "x-amz-trailer-signature:");
    chunks_text(c, hex);
    chunks_text(c, "\r\n\r\n");
}


static inline void
chunks_open(chunks_request_t *r, const char *seed, size_t payload,
    unsigned content)
{
    postern_key_t  key;

    memset(r, 0, sizeof(*r));
    memset(&key, 0, sizeof(key));

    key.algorithm = POSTERN_ALG_HMAC_SHA256;

    r->arena = postern_arena_create();
    r->memory = postern_arena_allocator(r->arena);
    r->key = sign_key_create(&key, sign_text_str(CHUNKS_SECRET));

    r->v4.algorithm = sign_text_str("AWS4-HMAC-SHA256");
    r->v4.scope = sign_text_str(CHUNKS_SCOPE);
    r->v4.date.data = r->v4.scope.data;
    r->v4.date.len = 8;
    r->v4.region = sign_text_str("us-east-1");
    r->v4.service.data = r->v4.scope.data + 19;
    r->v4.service.len = 2;
    r->v4.content = SIGN_SIGV4_CHUNKED | content;
    r->v4.signature_text = sign_text_str(seed);
    memcpy(r->v4.time, CHUNKS_TIME, SIGN_SIGV4_TIME_LEN);

    r->msg.scheme = SIGN_SIGV4;
    r->msg.scheme_data = &r->v4;
    r->msg.body = SIGN_BODY_AFTER;
    r->msg.framed = 1;
    r->msg.payload_len = (int64_t) payload;
}


static inline void
chunks_close(chunks_request_t *r)
{
    sign_key_destroy(r->key);
    postern_arena_destroy(r->arena);
}


/* the body in pieces of that many bytes, each in memory of its own */

static inline sign_code_e
chunks_feed(chunks_request_t *r, const unsigned char *data, size_t len,
    size_t piece)
{
    size_t          n;
    sign_code_e     code;
    sign_sink_t    *sink;
    unsigned char  *copy;

    sink = sign_sink(r->key, &r->memory, &r->msg);

    if (sink == NULL) {
        return SIGN_NO_MEMORY;
    }

    code = SIGN_OK;

    while (len != 0 && code == SIGN_OK) {
        n = len < piece ? len : piece;

        copy = malloc(n);
        memcpy(copy, data, n);
        code = sink->update(sink, copy, n, &r->msg);
        free(copy);

        data += n;
        len -= n;
    }

    return code == SIGN_OK ? sink->final(sink, &r->msg) : code;
}


#endif /* _SIGV4_CHUNKS_H_INCLUDED_ */
