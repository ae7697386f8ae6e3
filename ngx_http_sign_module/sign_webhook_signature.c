
/*
 * The signatures in a webhook's field, in each of the three forms.  Nothing
 * here is secret, but for what the signatures will be compared with.
 */


#include "sign_scheme.h"
#include "sign_webhook.h"

#include <sodium.h>


#define SIGN_WEBHOOK_TIME_DIGITS  13

static sign_code_e sign_webhook_one(postern_str_t value,
    sign_webhook_data_t *data, sign_message_t *msg);
static sign_code_e sign_webhook_standard(postern_str_t value,
    sign_webhook_data_t *data, sign_message_t *msg);
static sign_code_e sign_webhook_version(postern_str_t version,
    postern_str_t text, sign_webhook_data_t *data, sign_message_t *msg);
static sign_code_e sign_webhook_stripe(postern_str_t value,
    sign_webhook_data_t *data, sign_message_t *msg);
static sign_code_e sign_webhook_pair(postern_str_t name, postern_str_t text,
    sign_webhook_data_t *data, sign_message_t *msg);
static int sign_webhook_split(postern_str_t piece, int at, postern_str_t *name,
    postern_str_t *text);
static sign_code_e sign_webhook_add(postern_str_t text,
    sign_webhook_encoding_e encoding, int public, size_t len,
    sign_webhook_data_t *data, sign_message_t *msg);
static int sign_webhook_decode(postern_str_t text,
    sign_webhook_encoding_e encoding, unsigned char *out, size_t len);


sign_code_e
sign_webhook_signatures(postern_str_t value, sign_webhook_data_t *data,
    sign_message_t *msg)
{
    sign_code_e  code;

    data->nhmacs = 0;
    data->npublics = 0;
    data->len = 32;

    if (value.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "more than %d octets of signatures", SIGN_MAX_HEADER);
    }

    switch (data->webhook->form) {

    case SIGN_WEBHOOK_STANDARD:
        code = sign_webhook_standard(value, data, msg);
        break;

    case SIGN_WEBHOOK_STRIPE:
        code = sign_webhook_stripe(value, data, msg);
        break;

    default: /* SIGN_WEBHOOK_TEMPLATE */
        code = sign_webhook_one(value, data, msg);
        break;
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (data->nhmacs) {
        msg->signature.data = data->hmacs[0];
        msg->signature.len = data->len;

    } else if (data->npublics) {
        msg->signature.data = data->publics[0];
        msg->signature.len = sizeof(data->publics[0]);

    } else {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "no signature of a version that is known");
    }

    return SIGN_OK;
}


static sign_code_e
sign_webhook_one(postern_str_t value, sign_webhook_data_t *data,
    sign_message_t *msg)
{
    int                    public;
    const sign_webhook_t  *webhook;

    webhook = data->webhook;

    if (value.len < webhook->prefix.len
        || (webhook->prefix.len
            && memcmp(value.data, webhook->prefix.data,
                      webhook->prefix.len) != 0))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the signature does not begin with \"%.*s\"",
                         SIGN_TEXT(webhook->prefix));
    }

    value.data += webhook->prefix.len;
    value.len -= webhook->prefix.len;

    public = 0;

    switch (webhook->algorithm) {

    case POSTERN_ALG_ED25519:
        public = 1;
        break;

    case POSTERN_ALG_HMAC_SHA384:
        data->len = 48;
        break;

    case POSTERN_ALG_HMAC_SHA512:
        data->len = 64;
        break;

    default: /* POSTERN_ALG_HMAC_SHA256 */
        break;
    }

    return sign_webhook_add(value, webhook->encoding, public,
                            public ? 64 : data->len, data, msg);
}


/*
 * Parted by blanks, so that a sender whose key changes signs with both: any
 * may be right.  A version that is not known is somebody else's business; one
 * that is must be whole, as "v1," was taken for a signature elsewhere.
 */

static sign_code_e
sign_webhook_standard(postern_str_t value, sign_webhook_data_t *data,
    sign_message_t *msg)
{
    sign_code_e    code;
    postern_str_t  piece, version, text;

    while (sign_cut(&value, ' ', &piece)) {

        if (!sign_webhook_split(piece, ',', &version, &text)) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "a signature without a version: \"%.*s\"",
                             SIGN_TEXT(piece));
        }

        code = sign_webhook_version(version, text, data, msg);

        if (code != SIGN_OK) {
            return code;
        }
    }

    return SIGN_OK;
}


static sign_code_e
sign_webhook_version(postern_str_t version, postern_str_t text,
    sign_webhook_data_t *data, sign_message_t *msg)
{
    if (postern_str_is(version, "v1")) {
        return sign_webhook_add(text, SIGN_WEBHOOK_BASE64, 0, 32, data, msg);
    }

    if (postern_str_is(version, "v1a")) {
        return sign_webhook_add(text, SIGN_WEBHOOK_BASE64, 1, 64, data, msg);
    }

    return SIGN_OK;
}


/* pairs of names and values, of which "t" and "v1" count; "v0" is of test
   events, and signs nothing */

static sign_code_e
sign_webhook_stripe(postern_str_t value, sign_webhook_data_t *data,
    sign_message_t *msg)
{
    sign_code_e    code;
    postern_str_t  piece, name, text;

    while (sign_cut(&value, ',', &piece)) {

        if (!sign_webhook_split(piece, '=', &name, &text)) {
            return sign_fail(msg, SIGN_MALFORMED, "\"%.*s\" is no pair",
                             SIGN_TEXT(piece));
        }

        code = sign_webhook_pair(name, text, data, msg);

        if (code != SIGN_OK) {
            return code;
        }
    }

    if (data->time.data == NULL) {
        return sign_fail(msg, SIGN_MALFORMED, "no time \"t\"");
    }

    return SIGN_OK;
}


static sign_code_e
sign_webhook_pair(postern_str_t name, postern_str_t text,
    sign_webhook_data_t *data, sign_message_t *msg)
{
    if (postern_str_is(name, "v1")) {
        return sign_webhook_add(text, SIGN_WEBHOOK_HEX, 0, 32, data, msg);
    }

    if (!postern_str_is(name, "t")) {
        return SIGN_OK;
    }

    if (data->time.data) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "more than one time \"t\"");
    }

    data->time = text;

    return SIGN_OK;
}


static int
sign_webhook_split(postern_str_t piece, int at, postern_str_t *name,
    postern_str_t *text)
{
    const unsigned char  *p;

    p = piece.len ? memchr(piece.data, at, piece.len) : NULL;

    if (p == NULL) {
        return 0;
    }

    name->data = piece.data;
    name->len = p - piece.data;
    text->data = p + 1;
    text->len = piece.len - name->len - 1;

    return 1;
}


static sign_code_e
sign_webhook_add(postern_str_t text, sign_webhook_encoding_e encoding,
    int public, size_t len, sign_webhook_data_t *data, sign_message_t *msg)
{
    size_t         *n, max;
    unsigned char  *out;

    n = public ? &data->npublics : &data->nhmacs;
    max = public ? SIGN_WEBHOOK_PUBLICS : SIGN_WEBHOOK_HMACS;

    if (*n == max) {
        return sign_fail(msg, SIGN_TOO_LARGE, "more than %zu signatures", max);
    }

    out = public ? data->publics[*n] : data->hmacs[*n];

    if (!sign_webhook_decode(text, encoding, out, len)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "\"%.*s\" is no signature of %zu octets",
                         SIGN_TEXT(text), len);
    }

    (*n)++;

    return SIGN_OK;
}


/* 1 where text is exactly len octets, in the one way there is to write them */

static int
sign_webhook_decode(postern_str_t text, sign_webhook_encoding_e encoding,
    unsigned char *out, size_t len)
{
    int          rc, variant;
    size_t       got;
    const char  *p, *end;

    p = (const char *) text.data;

    if (encoding == SIGN_WEBHOOK_HEX) {
        rc = sodium_hex2bin(out, len, p, text.len, NULL, &got, &end);

    } else {
        variant = (encoding == SIGN_WEBHOOK_BASE64)
                  ? sodium_base64_VARIANT_ORIGINAL
                  : (text.len && p[text.len - 1] == '=')
                    ? sodium_base64_VARIANT_URLSAFE
                    : sodium_base64_VARIANT_URLSAFE_NO_PADDING;

        rc = sodium_base642bin(out, len, p, text.len, NULL, &got, &end,
                               variant);
    }

    return rc == 0 && got == len && end == p + text.len;
}


int64_t
sign_webhook_time(postern_str_t text)
{
    int64_t  t;

    t = sign_digits(text, SIGN_WEBHOOK_TIME_DIGITS);

    /* 13 digits are milliseconds since 2001, and would be the year 33658 */

    return t >= 0 && text.len == SIGN_WEBHOOK_TIME_DIGITS ? t / 1000 : t;
}
