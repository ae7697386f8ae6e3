
/*
 * Bodies that are signed piece by piece: aws-chunked.
 *
 *     400;chunk-signature=0055…ef5497 CRLF
 *     (1024 octets) CRLF
 *     …
 *     0;chunk-signature=b6c6…449df9 CRLF
 *     x-amz-checksum-crc32c:sOO8/Q== CRLF         (with trailers)
 *     x-amz-trailer-signature:d81f…2e435 CRLF     (and signatures)
 *     CRLF
 *
 * The signature of the request is the first of a chain: each chunk is signed
 * together with the signature before it, and the trailers with that of the last
 * chunk, so that none can be left out, repeated or come elsewhere.  How much
 * payload there is in all is signed with the request.
 *
 * Nothing is held back: an octet is hashed and goes on.  Whoever gets the body
 * before its end must not trust it before its end.
 */


#include "sign_sigv4.h"
#include "postern_assert.h"


#define SIGN_CHUNK_SIZE_MAX  16          /* hex digits of a chunk's size */
#define SIGN_CHUNK_LINE_MAX  512         /* octets of any line, with CRLF */
#define SIGN_CHUNK_TEXT_MAX  (2 * SIGN_SIGV4A_DER_MAX)

/* what is signed of a chunk: names, time, scope, signature, two hashes */
#define SIGN_CHUNK_BASE_MAX  (64 + SIGN_SIGV4_TIME_LEN + 8 + 16               \
                              + 2 * SIGN_SIGV4_SCOPE_MAX                      \
                              + SIGN_CHUNK_TEXT_MAX + 2 * SIGN_SIGV4_HEX_LEN  \
                              + 8)


typedef struct sign_chunks_s  sign_chunks_t;

/* takes octets off the beginning of *text */

typedef sign_code_e (*sign_chunks_pt)(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);


typedef struct {
    postern_str_t         name;
    sign_checksum_t      *sum;           /* NULL: not one that is compared */
    int                   seen;
} sign_trailer_t;


struct sign_chunks_s {
    sign_sink_t           sink;
    sign_chunks_pt        state;
    sign_key_t           *key;           /* lives as long as the request */
    const sign_sigv4_t   *v4;
    uint64_t              size;          /* of the chunk, still to come */
    uint64_t              rest;          /* of the payload, still to come */
    postern_str_t         payload;       /* what the last step found of it */
    void                 *memory;
    sign_digest_t        *digest;        /* of the chunk, of the trailers */
    sign_trailer_t        trailers[SIGN_SIGV4_TRAILERS];
    unsigned              any:1;         /* something came */
    unsigned              last:1;        /* the chunk of no size was there */
    unsigned              bare:1;        /* the last line ended in LF alone */
    unsigned              lf:1;          /* so did the last trailer */
    unsigned              apart:1;       /* an empty line, and then only the
                                            signature of the trailers */

    unsigned char         previous[SIGN_CHUNK_TEXT_MAX];  /* hex */
    size_t                previous_len;
    unsigned char         text[SIGN_CHUNK_TEXT_MAX];      /* of this chunk */
    size_t                text_len;
    unsigned char         signature[SIGN_SIGV4A_DER_MAX];

    unsigned char         line[SIGN_CHUNK_LINE_MAX];
    size_t                line_len;

    uint64_t              number;        /* of the chunk, from 1 on */
    unsigned char         base[SIGN_CHUNK_BASE_MAX];
};


static sign_code_e sign_chunks_update(sign_sink_t *sink,
    const unsigned char *data, size_t len, sign_message_t *msg);
static sign_code_e sign_chunks_final(sign_sink_t *sink, sign_message_t *msg);
static int sign_chunks_line(sign_chunks_t *c, postern_str_t *text,
    postern_str_t *line);
static sign_code_e sign_chunks_head(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);
static sign_code_e sign_chunks_size(sign_chunks_t *c, postern_str_t *line,
    sign_message_t *msg);
static sign_code_e sign_chunks_extension(sign_chunks_t *c, postern_str_t line,
    sign_message_t *msg);
static sign_code_e sign_chunks_data(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);
static sign_code_e sign_chunks_complete(sign_chunks_t *c,
    sign_message_t *msg);
static sign_code_e sign_chunks_blank(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);
static sign_code_e sign_chunks_trailer(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);
static sign_code_e sign_chunks_field(sign_chunks_t *c, postern_str_t name,
    postern_str_t value, sign_message_t *msg);
static sign_code_e sign_chunks_sealed(sign_chunks_t *c, postern_str_t value,
    sign_message_t *msg);
static sign_code_e sign_chunks_all_seen(const sign_chunks_t *c,
    sign_message_t *msg);
static sign_code_e sign_chunks_end(sign_chunks_t *c, postern_str_t *text,
    sign_message_t *msg);
static sign_code_e sign_chunks_text(sign_chunks_t *c, postern_str_t text,
    sign_message_t *msg);
static sign_code_e sign_chunks_verify(sign_chunks_t *c, postern_str_t kind,
    sign_message_t *msg);


sign_sink_t *
sign_sigv4_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    int                  known;
    size_t               i;
    sign_chunks_t       *c;
    sign_trailer_t      *trailer;
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    if (!(v4->content & SIGN_SIGV4_CHUNKED)) {
        return sign_hash_sink(alloc, msg);
    }

    c = postern_alloc(alloc, sizeof(sign_chunks_t));
    if (c == NULL) {
        return NULL;
    }

    memset(c, 0, sizeof(sign_chunks_t));

    c->memory = postern_alloc(alloc, sign_digest_size());
    if (c->memory == NULL) {
        return NULL;
    }

    for (i = 0; i < v4->ntrailers; i++) {
        trailer = &c->trailers[i];

        trailer->name = v4->trailers[i];
        trailer->sum = sign_checksum_begin(trailer->name, alloc, &known);

        if (trailer->sum == NULL && known) {
            return NULL;
        }
    }

    c->sink.update = sign_chunks_update;
    c->sink.final = sign_chunks_final;
    c->state = sign_chunks_head;
    c->key = key;
    c->v4 = v4;
    c->rest = (uint64_t) msg->payload_len;
    c->previous_len = v4->signature_text.len;

    memcpy(c->previous, v4->signature_text.data, v4->signature_text.len);

    return &c->sink;
}


static sign_code_e
sign_chunks_update(sign_sink_t *sink, const unsigned char *data, size_t len,
    sign_message_t *msg)
{
    sign_code_e     code;
    sign_chunks_t  *c;
    postern_str_t   text;

    c = (sign_chunks_t *) sink;

    text.data = data;
    text.len = len;

    while (text.len != 0) {
        c->any = 1;

        code = c->state(c, &text, msg);

        if (code != SIGN_OK) {
            return code;
        }
    }

    return SIGN_OK;
}


/* payload moves to where framing was, which was read before */

sign_code_e
sign_unframe(sign_sink_t *sink, unsigned char *data, size_t *len,
    sign_message_t *msg)
{
    sign_code_e     code;
    sign_chunks_t  *c;
    postern_str_t   text;
    unsigned char  *p;

    c = (sign_chunks_t *) sink;

    text.data = data;
    text.len = *len;

    p = data;

    while (text.len != 0) {
        c->any = 1;
        c->payload.len = 0;

        code = c->state(c, &text, msg);

        if (code != SIGN_OK) {
            return code;
        }

        if (c->payload.len != 0) {
            memmove(p, c->payload.data, c->payload.len);
            p += c->payload.len;
        }
    }

    *len = p - data;

    return SIGN_OK;
}


/* some clients frame an empty payload, others send nothing at all */

static sign_code_e
sign_chunks_final(sign_sink_t *sink, sign_message_t *msg)
{
    sign_chunks_t  *c;

    c = (sign_chunks_t *) sink;

    if (c->state == sign_chunks_end
        || (!c->any && msg->payload_len == 0
            && !(c->v4->content & SIGN_SIGV4_TRAILER)))
    {
        return SIGN_OK;
    }

    return sign_fail(msg, SIGN_DIGEST,
                     "the body ends %llu bytes of payload before its last "
                     "chunk is complete", (unsigned long long) c->rest);
}


/* 1 where a line is whole: with its end in c->line, without it in *line */

static int
sign_chunks_line(sign_chunks_t *c, postern_str_t *text, postern_str_t *line)
{
    size_t                n;
    const unsigned char  *lf;

    lf = memchr(text->data, '\n', text->len);
    n = lf ? (size_t) (lf + 1 - text->data) : text->len;

    if (n > sizeof(c->line) - c->line_len) {
        return -1;
    }

    memcpy(c->line + c->line_len, text->data, n);
    c->line_len += n;

    text->data += n;
    text->len -= n;

    if (lf == NULL) {
        return 0;
    }

    line->data = c->line;
    line->len = c->line_len - 1;

    c->line_len = 0;
    c->bare = 1;

    if (line->len != 0 && line->data[line->len - 1] == '\r') {
        line->len--;
        c->bare = 0;
    }

    return 1;
}


static sign_code_e
sign_chunks_head(sign_chunks_t *c, postern_str_t *text, sign_message_t *msg)
{
    int            rc;
    sign_code_e    code;
    postern_str_t  line;

    rc = sign_chunks_line(c, text, &line);

    if (rc == 0) {
        return SIGN_OK;
    }

    if (rc < 0 || c->bare) {
        return sign_fail(msg, SIGN_DIGEST,
                         "the first line of a chunk has no end");
    }

    code = sign_chunks_size(c, &line, msg);

    if (code == SIGN_OK) {
        code = sign_chunks_extension(c, line, msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    c->number++;
    c->rest -= c->size;
    c->last = (c->size == 0);
    c->digest = sign_digest_begin(c->memory, SIGN_DIGEST_SHA256);
    c->state = sign_chunks_data;

    return c->last ? sign_chunks_complete(c, msg) : SIGN_OK;
}


static sign_code_e
sign_chunks_size(sign_chunks_t *c, postern_str_t *line, sign_message_t *msg)
{
    int     digit;
    size_t  i;

    c->size = 0;

    for (i = 0; i < line->len; i++) {
        digit = sign_hex(line->data[i]);

        if (digit < 0) {
            break;
        }

        if (i == SIGN_CHUNK_SIZE_MAX) {
            i = 0;
            break;
        }

        c->size = c->size * 16 + digit;
    }

    if (i == 0) {
        return sign_fail(msg, SIGN_DIGEST, "a chunk has no size, or too long "
                         "a one");
    }

    if (c->size > c->rest || (c->size == 0 && c->rest != 0)) {
        return sign_fail(msg, SIGN_DIGEST,
                         "a chunk of %llu bytes where %llu are left of "
                         "x-amz-decoded-content-length",
                         (unsigned long long) c->size,
                         (unsigned long long) c->rest);
    }

    line->data += i;
    line->len -= i;

    return SIGN_OK;
}


/* ";chunk-signature=" and nothing else; where chunks are not signed, nothing */

static sign_code_e
sign_chunks_extension(sign_chunks_t *c, postern_str_t line,
    sign_message_t *msg)
{
    static const postern_str_t  name = postern_string(";chunk-signature=");

    if (c->v4->content & SIGN_SIGV4_UNSIGNED) {
        return line.len == 0
               ? SIGN_OK
               : sign_fail(msg, SIGN_DIGEST, "\"%.*s\" behind a chunk's size",
                           SIGN_TEXT(line));
    }

    if (line.len < name.len || memcmp(line.data, name.data, name.len) != 0) {
        return sign_fail(msg, SIGN_DIGEST, "a chunk without signature");
    }

    line.data += name.len;
    line.len -= name.len;

    return sign_chunks_text(c, line, msg);
}


/* version 4A fills up with "*", so that all are of one length */

static sign_code_e
sign_chunks_text(sign_chunks_t *c, postern_str_t text, sign_message_t *msg)
{
    while (msg->scheme == SIGN_SIGV4A && text.len != 0
           && text.data[text.len - 1] == '*')
    {
        text.len--;
    }

    if (text.len == 0 || text.len % 2 != 0 || text.len > sizeof(c->text)
        || sign_sigv4_unhex(text, c->signature) != 0)
    {
        return sign_fail(msg, SIGN_DIGEST,
                         "the signature of a chunk is not in hex digits");
    }

    memcpy(c->text, text.data, text.len);
    c->text_len = text.len;

    return SIGN_OK;
}


static sign_code_e
sign_chunks_data(sign_chunks_t *c, postern_str_t *text, sign_message_t *msg)
{
    size_t  i, n;

    n = text->len < c->size ? text->len : (size_t) c->size;

    c->payload.data = text->data;
    c->payload.len = n;

    if (!(c->v4->content & SIGN_SIGV4_UNSIGNED)) {
        sign_digest_update(c->digest, text->data, n);
    }

    for (i = 0; i < c->v4->ntrailers; i++) {

        if (c->trailers[i].sum != NULL) {
            sign_checksum_update(c->trailers[i].sum, text->data, n);
        }
    }

    text->data += n;
    text->len -= n;
    c->size -= n;

    return (c->size == 0) ? sign_chunks_complete(c, msg) : SIGN_OK;
}


/* the last octet of a chunk was there, or it has none */

static sign_code_e
sign_chunks_complete(sign_chunks_t *c, sign_message_t *msg)
{
    sign_code_e                 code;

    static const postern_str_t  kind = postern_string("-PAYLOAD\n");

    code = sign_chunks_verify(c, kind, msg);

    if (code != SIGN_OK) {
        return code;
    }

    if (c->last && (c->v4->content & SIGN_SIGV4_TRAILER)) {
        c->digest = sign_digest_begin(c->memory, SIGN_DIGEST_SHA256);
        c->state = sign_chunks_trailer;

    } else {
        c->state = sign_chunks_blank;
    }

    return SIGN_OK;
}


/* CRLF behind the octets of a chunk, and at the end of everything */

static sign_code_e
sign_chunks_blank(sign_chunks_t *c, postern_str_t *text, sign_message_t *msg)
{
    int            rc;
    postern_str_t  line;

    rc = sign_chunks_line(c, text, &line);

    if (rc == 0 && (c->line_len == 1 && c->line[0] == '\r')) {
        return SIGN_OK;
    }

    if (rc != 1 || line.len != 0 || c->bare) {
        return sign_fail(msg, SIGN_DIGEST, "no end of line behind a chunk");
    }

    c->state = c->last ? sign_chunks_end : sign_chunks_head;

    return SIGN_OK;
}


/*
 * Each of the fields that x-amz-trailer lists comes once, and no other.  Some
 * clients end them as they are hashed, by LF alone, and leave a line empty in
 * front of the signature.
 */

static sign_code_e
sign_chunks_trailer(sign_chunks_t *c, postern_str_t *text, sign_message_t *msg)
{
    int                   rc, is_signed;
    postern_str_t         line, name;
    const unsigned char  *colon;

    rc = sign_chunks_line(c, text, &line);

    if (rc == 0) {
        return SIGN_OK;
    }

    is_signed = !(c->v4->content & SIGN_SIGV4_UNSIGNED);

    if (rc < 0 || (c->bare && !is_signed)) {
        return sign_fail(msg, SIGN_DIGEST, "a trailer has no end");
    }

    if (line.len == 0 && !is_signed) {
        c->state = sign_chunks_end;
        return sign_chunks_all_seen(c, msg);
    }

    if (line.len == 0 && c->lf && !c->bare && !c->apart) {
        c->apart = 1;
        return SIGN_OK;
    }

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL) {
        return sign_fail(msg, SIGN_DIGEST, "\"%.*s\" is no trailer",
                         SIGN_TEXT(line));
    }

    name.data = line.data;
    name.len = colon - line.data;

    line.data = colon + 1;
    line.len -= name.len + 1;

    if (is_signed && !c->bare
        && postern_str_is(name, "x-amz-trailer-signature"))
    {
        return sign_chunks_sealed(c, line, msg);
    }

    c->lf = c->bare;

    return sign_chunks_field(c, name, line, msg);
}


static sign_code_e
sign_chunks_field(sign_chunks_t *c, postern_str_t name, postern_str_t value,
    sign_message_t *msg)
{
    size_t           i;
    sign_trailer_t  *trailer;

    while (value.len != 0 && *value.data == ' ') {
        value.data++;
        value.len--;
    }

    while (value.len != 0 && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    trailer = NULL;

    for (i = 0; i < c->v4->ntrailers; i++) {

        if (postern_str_eq(c->trailers[i].name, name)) {
            trailer = &c->trailers[i];
        }
    }

    if (trailer == NULL || trailer->seen || c->apart) {
        return sign_fail(msg, SIGN_DIGEST,
                         "trailer \"%.*s\" is not listed in x-amz-trailer, or "
                         "comes again", SIGN_TEXT(name));
    }

    if (trailer->sum != NULL && !sign_checksum_equal(trailer->sum, value)) {
        return sign_fail(msg, SIGN_DIGEST,
                         "%.*s is not that of the payload that came",
                         SIGN_TEXT(name));
    }

    trailer->seen = 1;

    sign_digest_update(c->digest, name.data, name.len);
    sign_digest_update(c->digest, (const unsigned char *) ":", 1);
    sign_digest_update(c->digest, value.data, value.len);
    sign_digest_update(c->digest, (const unsigned char *) "\n", 1);

    return SIGN_OK;
}


static sign_code_e
sign_chunks_sealed(sign_chunks_t *c, postern_str_t value, sign_message_t *msg)
{
    sign_code_e                 code;

    static const postern_str_t  kind = postern_string("-TRAILER\n");

    code = sign_chunks_all_seen(c, msg);

    if (code == SIGN_OK) {
        code = sign_chunks_text(c, value, msg);
    }

    if (code == SIGN_OK) {
        code = sign_chunks_verify(c, kind, msg);
    }

    c->state = sign_chunks_blank;

    return code;
}


static sign_code_e
sign_chunks_all_seen(const sign_chunks_t *c, sign_message_t *msg)
{
    size_t  i;

    for (i = 0; i < c->v4->ntrailers; i++) {

        if (!c->trailers[i].seen) {
            return sign_fail(msg, SIGN_DIGEST,
                             "trailer \"%.*s\" is listed and did not come",
                             SIGN_TEXT(c->trailers[i].name));
        }
    }

    return SIGN_OK;
}


static sign_code_e
sign_chunks_end(sign_chunks_t *c, postern_str_t *text, sign_message_t *msg)
{
    (void) c;

    return sign_fail(msg, SIGN_DIGEST, "%zu bytes behind the last chunk",
                     text->len);
}


/*
 * AWS4-HMAC-SHA256-PAYLOAD, time, scope, the signature before, the hash of
 * nothing (which stands for fields that a chunk might have), that of the chunk;
 * of trailers without the hash of nothing.
 */

static sign_code_e
sign_chunks_verify(sign_chunks_t *c, postern_str_t kind, sign_message_t *msg)
{
    postern_str_t               text, signature;
    unsigned char              *p, hash[64];

    static const postern_str_t  empty =
        postern_string("e3b0c44298fc1c149afbf4c8996fb924"
                       "27ae41e4649b934ca495991b7852b855\n");

    if (c->v4->content & SIGN_SIGV4_UNSIGNED) {
        return SIGN_OK;
    }

    (void) sign_digest_final(c->digest, hash);

    p = sign_put(c->base, c->v4->algorithm);
    p = sign_put(p, kind);

    memcpy(p, c->v4->time, SIGN_SIGV4_TIME_LEN);
    p += SIGN_SIGV4_TIME_LEN;
    *p++ = '\n';

    p = sign_put(p, c->v4->scope);
    *p++ = '\n';

    memcpy(p, c->previous, c->previous_len);
    p += c->previous_len;
    *p++ = '\n';

    if (c->state != sign_chunks_trailer) {
        p = sign_put(p, empty);
    }

    p = sign_put_hex(p, hash, SIGN_SIGV4_HEX_LEN / 2);

    text.data = c->base;
    text.len = p - c->base;

    signature.data = c->signature;
    signature.len = c->text_len / 2;

    if (!sign_sigv4_verify_text(c->key, msg, text, signature)) {
        msg->part = text;

        return c->state == sign_chunks_trailer
               ? sign_fail(msg, SIGN_DIGEST, "the signature of the trailers is "
                           "not that of what came")
               : sign_fail(msg, SIGN_DIGEST, "the signature of chunk %llu is "
                           "not that of what came",
                           (unsigned long long) c->number);
    }

    memcpy(c->previous, c->text, c->text_len);
    c->previous_len = c->text_len;

    return SIGN_OK;
}
