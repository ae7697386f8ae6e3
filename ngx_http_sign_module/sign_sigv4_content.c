
/*
 * What a message of SigV4 says of its body, by x-amz-content-sha256 or by not
 * saying anything.
 *
 *     (64 hex digits)         the hash of the body
 *     UNSIGNED-PAYLOAD        nothing; so it is with presigned URLs of S3, too
 *     STREAMING-…-PAYLOAD     aws-chunked, and each chunk is signed
 *     STREAMING-…-TRAILER     the same, and fields behind the last chunk
 *     STREAMING-UNSIGNED-PAYLOAD-TRAILER
 *                             aws-chunked, with checksums but no signatures
 *     (absent)                the hash of the body is signed, and not sent
 */


#include "sign_sigv4.h"


#define SIGN_SIGV4_LENGTH_DIGITS  18    /* of x-amz-decoded-content-length */


typedef struct {
    postern_str_t   text;
    postern_str_t   algorithm;     /* of the request; absent: either */
    unsigned        content;
} sign_sigv4_content_t;


static sign_code_e sign_sigv4_said(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_framed(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_length(const sign_request_t *req,
    sign_message_t *msg);
static sign_code_e sign_sigv4_trailers(postern_str_t value,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_sigv4_t *v4);


static const postern_str_t  sign_sigv4_unsigned =
    postern_string("UNSIGNED-PAYLOAD");

static const sign_sigv4_content_t  sign_sigv4_contents[] = {
    { postern_string("UNSIGNED-PAYLOAD"),
      postern_null_string,
      SIGN_SIGV4_UNSIGNED },

    { postern_string("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
      postern_null_string,
      SIGN_SIGV4_UNSIGNED|SIGN_SIGV4_CHUNKED|SIGN_SIGV4_TRAILER },

    { postern_string("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
      postern_string("AWS4-HMAC-SHA256"),
      SIGN_SIGV4_CHUNKED },

    { postern_string("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
      postern_string("AWS4-HMAC-SHA256"),
      SIGN_SIGV4_CHUNKED|SIGN_SIGV4_TRAILER },

    { postern_string("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
      postern_string("AWS4-ECDSA-P256-SHA256"),
      SIGN_SIGV4_CHUNKED },

    { postern_string("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"),
      postern_string("AWS4-ECDSA-P256-SHA256"),
      SIGN_SIGV4_CHUNKED|SIGN_SIGV4_TRAILER }
};

#define SIGN_SIGV4_NCONTENTS                                                  \
    (sizeof(sign_sigv4_contents) / sizeof(sign_sigv4_contents[0]))


sign_code_e
sign_sigv4_content(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    size_t       i;
    sign_code_e  rc;

    rc = sign_sigv4_said(req, msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    if (v4->payload.len == 0) {
        msg->body = req->has_body ? SIGN_BODY_BEFORE : SIGN_BODY_NONE;
        return SIGN_OK;
    }

    for (i = 0; i < SIGN_SIGV4_NCONTENTS; i++) {

        if (!postern_str_eq(v4->payload, sign_sigv4_contents[i].text)) {
            continue;
        }

        if (sign_sigv4_contents[i].algorithm.len != 0
            && !postern_str_eq(v4->algorithm,
                               sign_sigv4_contents[i].algorithm))
        {
            break;
        }

        v4->content = sign_sigv4_contents[i].content;

        return (v4->content & SIGN_SIGV4_CHUNKED)
               ? sign_sigv4_framed(req, alloc, msg, v4) : SIGN_OK;
    }

    if (v4->payload.len > 10
        && memcmp(v4->payload.data, "STREAMING-", 10) == 0)
    {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "x-amz-content-sha256: %.*s with %.*s",
                         SIGN_TEXT(v4->payload), SIGN_TEXT(v4->algorithm));
    }

    if (v4->payload.len != SIGN_SIGV4_HEX_LEN
        || sign_sigv4_unhex(v4->payload, msg->digest_value) != 0)
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "x-amz-content-sha256: %.*s is not 64 lower case hex "
                         "digits", SIGN_TEXT(v4->payload));
    }

    msg->digest = SIGN_DIGEST_SHA256;

    return SIGN_OK;
}


/* S3 signs no body in a presigned URL, unless the query says that it does */

static sign_code_e
sign_sigv4_said(const sign_request_t *req, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    sign_code_e          rc;
    const sign_field_t  *field;

    rc = sign_field_once(req, sign_sigv4_param_name(SIGN_SIGV4_CONTENT_SHA256),
                        msg, &field);
    if (rc != SIGN_OK) {
        return rc;
    }

    if (field != NULL) {
        v4->payload = field->value;

        if (v4->payload.len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "x-amz-content-sha256 is empty");
        }

        return SIGN_OK;
    }

    v4->payload = v4->params[SIGN_SIGV4_CONTENT_SHA256];

    if (v4->presigned && v4->payload.len == 0
        && postern_str_is(v4->service, "s3"))
    {
        v4->payload = sign_sigv4_unsigned;
    }

    return SIGN_OK;
}


static sign_code_e
sign_sigv4_framed(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    sign_code_e                 rc;
    const sign_field_t         *field;

    static const postern_str_t  name = postern_string("x-amz-trailer");

    if (v4->presigned) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "aws-chunked with a presigned URL");
    }

    rc = sign_sigv4_length(req, msg);
    if (rc != SIGN_OK) {
        return rc;
    }

    msg->body = SIGN_BODY_AFTER;
    msg->framed = 1;

    rc = sign_field_once(req, name, msg, &field);
    if (rc != SIGN_OK) {
        return rc;
    }

    if ((field != NULL) != ((v4->content & SIGN_SIGV4_TRAILER) != 0)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "x-amz-content-sha256: %.*s %s x-amz-trailer",
                         SIGN_TEXT(v4->payload), field ? "with" : "without");
    }

    return field ? sign_sigv4_trailers(field->value, alloc, msg, v4) : SIGN_OK;
}


static sign_code_e
sign_sigv4_length(const sign_request_t *req, sign_message_t *msg)
{
    int64_t                     n;
    sign_code_e                 rc;
    const sign_field_t         *field;

    static const postern_str_t  name =
        postern_string("x-amz-decoded-content-length");

    rc = sign_field_once(req, name, msg, &field);
    if (rc != SIGN_OK) {
        return rc;
    }

    n = field ? sign_digits(field->value, SIGN_SIGV4_LENGTH_DIGITS) : -1;

    if (n < 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "x-amz-decoded-content-length is missing or is no "
                         "length");
    }

    msg->payload_len = n;

    return SIGN_OK;
}


/* names between commas, in lower case from here on, none of them twice */

static sign_code_e
sign_sigv4_trailers(postern_str_t value, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_sigv4_t *v4)
{
    size_t                i;
    postern_str_t         name;
    unsigned char        *out;
    const unsigned char  *p, *end;

    out = postern_alloc(alloc, value.len + 1);
    if (out == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    p = value.data;
    end = p + value.len;

    for ( ;; ) {

        while (p < end && *p == ' ') {
            p++;
        }

        name.data = out;

        while (p < end && *p > 0x20 && *p < 0x7f && *p != ',' && *p != ':') {
            *out++ = sign_lower(*p++);
        }

        name.len = out - name.data;

        while (p < end && *p == ' ') {
            p++;
        }

        if (name.len == 0 || (p < end && *p != ',')) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "x-amz-trailer: %.*s is no list of names",
                             SIGN_TEXT(value));
        }

        for (i = 0; i < v4->ntrailers; i++) {
            if (postern_str_eq(v4->trailers[i], name)) {
                return sign_fail(msg, SIGN_AMBIGUOUS,
                                 "x-amz-trailer names \"%.*s\" twice",
                                 SIGN_TEXT(name));
            }
        }

        if (v4->ntrailers == SIGN_SIGV4_TRAILERS) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "x-amz-trailer names more than %d fields",
                             SIGN_SIGV4_TRAILERS);
        }

        v4->trailers[v4->ntrailers++] = name;

        if (p == end) {
            return SIGN_OK;
        }

        p++;
    }
}
