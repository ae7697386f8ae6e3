
/*
 * The head of a request that nginx is about to send: its lines, and which of
 * them carry a credential of the client.
 */


#include "sign_make.h"
#include "postern_assert.h"


static sign_code_e head_line(postern_str_t line, sign_message_t *msg,
    sign_head_t *head);
static sign_code_e head_field(postern_str_t line,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_field_t *field);
static sign_code_e head_next(postern_str_t bytes, size_t *pos,
    sign_message_t *msg, postern_str_t *line);
static size_t head_count(postern_str_t bytes);
static int head_has(postern_str_t value, const char *word);
static int head_begins(postern_str_t value, const char *word);


/*
 * Fields in which signatures come, whatever the scheme.  Identifiers and times
 * beside them that an application may want (Webhook-Id, Stripe has all in one)
 * stay: they open nothing.
 */

static const postern_str_t  head_credentials[] = {
    postern_string("signature"),
    postern_string("signature-input"),
    postern_string("signature-agent"),
    postern_string("x-amz-date"),
    postern_string("x-amz-content-sha256"),
    postern_string("x-amz-security-token"),
    postern_string("x-amz-s3session-token"),
    postern_string("x-amz-region-set"),
    postern_string("x-amz-algorithm"),
    postern_string("x-amz-credential"),
    postern_string("x-amz-signedheaders"),
    postern_string("x-amz-signature"),
    postern_string("x-amz-expires"),
    postern_string("x-amz-decoded-content-length"),
    postern_string("x-amz-trailer"),
    postern_string("apim-accesstoken"),
    postern_string("apim-timestamp"),
    postern_string("apim-signature"),
    postern_string("webhook-signature"),
    postern_string("svix-signature"),
    postern_string("x-hub-signature"),
    postern_string("x-hub-signature-256"),
    postern_string("stripe-signature"),
    postern_string("x-slack-signature"),
    postern_string("x-shopify-hmac-sha256")
};

#define HEAD_NCREDENTIALS                                                     \
    (sizeof(head_credentials) / sizeof(head_credentials[0]))


sign_code_e
sign_head_read(postern_str_t bytes, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_head_t *head)
{
    size_t         n, pos;
    sign_code_e    code;
    postern_str_t  line;

    memset(head, 0, sizeof(sign_head_t));

    n = head_count(bytes);

    if (n > SIGN_MAX_FIELDS) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "more than %d fields go to the upstream",
                         SIGN_MAX_FIELDS);
    }

    head->fields = postern_alloc(alloc, (n + 1) * sizeof(sign_field_t));
    head->lines = postern_alloc(alloc, (n + 1) * sizeof(postern_str_t));

    if (head->fields == NULL || head->lines == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    pos = 0;
    line.len = 0;
    line.data = NULL;

    code = head_next(bytes, &pos, msg, &line);

    if (code == SIGN_OK && POSTERN_ALWAYS(line.data != NULL)) {
        code = head_line(line, msg, head);
    }

    while (code == SIGN_OK) {

        code = head_next(bytes, &pos, msg, &line);

        if (code != SIGN_OK) {
            break;
        }

        if (line.len == 2) {
            head->len = pos;
            return SIGN_OK;
        }

        head->lines[head->nfields] = line;
        code = head_field(line, alloc, msg, &head->fields[head->nfields++]);
    }

    return code;
}


/* lines that are no longer than an empty one end a head: at most as many
   fields as there are line feeds before */

static size_t
head_count(postern_str_t bytes)
{
    size_t                n;
    const unsigned char  *p, *last;

    n = 0;
    p = bytes.data;
    last = p + (bytes.len < SIGN_MAKE_MAX_HEAD ? bytes.len
                                               : SIGN_MAKE_MAX_HEAD);

    while (p < last && (p = memchr(p, '\n', last - p)) != NULL) {
        p++;

        if (p == last || *p == '\r') {
            break;
        }

        n++;
    }

    return n;
}


/*
 * A line with its CRLF.  A bare CR or LF, which a variable of proxy_set_header
 * may have brought in, ends a line for some readers and not for others.
 */

static sign_code_e
head_next(postern_str_t bytes, size_t *pos, sign_message_t *msg,
    postern_str_t *line)
{
    size_t                max;
    const unsigned char  *p, *lf;

    p = bytes.data + *pos;
    max = bytes.len - *pos;

    if (bytes.len > SIGN_MAKE_MAX_HEAD) {
        max = SIGN_MAKE_MAX_HEAD - *pos;
    }

    lf = max ? memchr(p, '\n', max) : NULL;

    if (lf == NULL) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "the head has no end within %d bytes",
                         SIGN_MAKE_MAX_HEAD);
    }

    line->data = p;
    line->len = lf + 1 - p;

    if (memchr(p, '\r', line->len) != lf - 1) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "a bare CR or LF in the head: a variable of "
                         "proxy_set_header holds one");
    }

    *pos += line->len;

    return SIGN_OK;
}


/* method SP target SP HTTP/1.x */

static sign_code_e
head_line(postern_str_t line, sign_message_t *msg, sign_head_t *head)
{
    const unsigned char  *p, *last, *space;

    p = line.data;
    last = p + line.len - 2;

    space = memchr(p, ' ', last - p);

    if (space != NULL && space != p) {
        head->method.data = p;
        head->method.len = space - p;

        p = space + 1;
        space = memchr(p, ' ', last - p);

        if (space != NULL && space != p) {
            head->target.data = p;
            head->target.len = space - p;

            head->protocol.data = space + 1;
            head->protocol.len = last - space - 1;

            if (postern_str_is(head->protocol, "HTTP/1.1")
                || postern_str_is(head->protocol, "HTTP/1.0"))
            {
                return SIGN_OK;
            }
        }
    }

    return sign_fail(msg, SIGN_MALFORMED,
                     "\"%.*s\" is no request line of HTTP/1",
                     SIGN_TEXT(line));
}


static sign_code_e
head_field(postern_str_t line, const postern_alloc_t *alloc,
    sign_message_t *msg, sign_field_t *field)
{
    size_t                i, len;
    unsigned char        *name;
    const unsigned char  *p, *last, *colon;

    p = line.data;
    last = p + line.len - 2;

    colon = memchr(p, ':', last - p);

    if (colon == NULL || colon == p || *p == ' ' || *p == '\t') {
        return sign_fail(msg, SIGN_MALFORMED, "\"%.*s\" is no header field",
                         SIGN_TEXT(line));
    }

    len = colon - p;

    name = postern_alloc(alloc, len);
    if (name == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    for (i = 0; i < len; i++) {
        name[i] = sign_lower(p[i]);
    }

    field->name.data = name;
    field->name.len = len;

    field->value.data = colon + 1;
    field->value.len = last - field->value.data;
    field->value = sign_trim(field->value);

    return SIGN_OK;
}


/*
 * aws-chunked: each chunk is signed by the client and goes on with what it is
 * signed by, to somebody who cannot verify it without the client's key.
 */

sign_code_e
sign_head_check(const sign_head_t *head, const sign_make_now_t *now,
    sign_message_t *msg)
{
    size_t               i;
    const sign_field_t  *field;

    for (i = 0; i < head->nfields && !now->decoded; i++) {
        field = &head->fields[i];

        if ((postern_str_is(field->name, "x-amz-content-sha256")
             && head_begins(field->value, "streaming-"))
            || (postern_str_is(field->name, "content-encoding")
                && head_has(field->value, "aws-chunked")))
        {
            return sign_fail(msg, SIGN_UNSUPPORTED,
                             "the body is aws-chunked, signed by the client: "
                             "set \"sign_aws_chunked decode\"");
        }
    }

    return SIGN_OK;
}


/*
 * Authorization is shared with schemes that are none of ours: Basic and Bearer
 * are the application's business.
 */

int
sign_head_is_credential(const sign_field_t *field, const sign_make_now_t *now)
{
    size_t  i;

    for (i = 0; i < HEAD_NCREDENTIALS; i++) {
        if (postern_str_eq(field->name, head_credentials[i])) {
            return 1;
        }
    }

    if (now->credential.len && postern_str_eq(field->name, now->credential)) {
        return 1;
    }

    if (!postern_str_is(field->name, "authorization")) {
        return 0;
    }

    return head_begins(field->value, "aws4-")
           || head_begins(field->value, "aws ")
           || head_begins(field->value, "signature")
           || head_begins(field->value, "hmac");
}


static int
head_has(postern_str_t value, const char *word)
{
    for ( /* void */ ; value.len; value.data++, value.len--) {

        if (head_begins(value, word)) {
            return 1;
        }
    }

    return 0;
}


/* word in lower case */

static int
head_begins(postern_str_t value, const char *word)
{
    size_t  i;

    for (i = 0; word[i]; i++) {

        if (i == value.len) {
            return 0;
        }

        if (sign_lower(value.data[i]) != (unsigned char) word[i]) {
            return 0;
        }
    }

    return 1;
}
