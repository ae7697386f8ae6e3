
/*
 * AWS Signature Version 4 and 4A: the form with an Authorization header, and
 * what both forms share.
 *
 *     Authorization: AWS4-HMAC-SHA256
 *         Credential=AKID/20150830/us-east-1/s3/aws4_request,
 *         SignedHeaders=host;x-amz-date, Signature=5d67...
 *     X-Amz-Date: 20150830T123600Z
 *     X-Amz-Content-Sha256: e3b0...       (where it is absent, the body must be
 *                                          hashed before it can be verified)
 *
 * Method, path, query and body are part of what is signed, whatever the message
 * lists; the scheme of the URI never is.
 */


#include "sign_sigv4.h"


static sign_code_e sign_sigv4_header_form(const sign_field_t *field,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_request(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_params(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
static int sign_sigv4_scope_text(postern_str_t s);
static sign_code_e sign_sigv4_date(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_regions(const sign_request_t *req,
    sign_message_t *msg, const sign_sigv4_t *v4);


static const postern_str_t  sign_sigv4_hmac =
    postern_string("AWS4-HMAC-SHA256");
static const postern_str_t  sign_sigv4_ecdsa =
    postern_string("AWS4-ECDSA-P256-SHA256");
static const postern_str_t  sign_sigv4_x_date = postern_string("x-amz-date");


sign_code_e
sign_sigv4_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t               n;
    sign_code_e          rc;
    sign_sigv4_t        *v4;
    const sign_field_t  *field;

    (void) policy;

    field = sign_sigv4_authorization(req, &n);

    /* CVE-2026-40344, CVE-2022-2385: of two places, a verifier checks one and
       an application believes the other */

    if (n > 1) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "%zu Authorization headers", n);
    }

    if (n == 1 && sign_sigv4_in_query(req, 0)) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "X-Amz-… parameters of a signature in the query "
                         "beside the Authorization header");
    }

    v4 = postern_alloc(alloc, sizeof(sign_sigv4_t));
    if (v4 == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    memset(v4, 0, sizeof(sign_sigv4_t));
    msg->scheme_data = v4;

    /* of both versions: what both sides know is a secret */

    msg->alg = POSTERN_ALG_HMAC_SHA256;

    rc = sign_sigv4_request(req, msg, v4);

    if (rc == SIGN_OK) {
        rc = field ? sign_sigv4_header_form(field, msg, v4)
                   : sign_sigv4_presigned(req, alloc, msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_date(req, msg, v4);
    }

    if (rc == SIGN_OK) {
        rc = sign_sigv4_regions(req, msg, v4);
    }

    return rc == SIGN_OK ? sign_sigv4_content(req, alloc, msg, v4) : rc;
}


static sign_code_e
sign_sigv4_header_form(const sign_field_t *field, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    sign_code_e           rc;
    postern_str_t         text, name;
    const unsigned char  *blank;

    text = field->value;

    if (text.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "Authorization has %zu bytes, more than %d",
                         text.len, SIGN_MAX_HEADER);
    }

    blank = memchr(text.data, ' ', text.len);

    name.data = text.data;
    name.len = blank ? (size_t) (blank - text.data) : text.len;

    rc = sign_sigv4_algorithm(name, msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    text.data += name.len;
    text.len -= name.len;

    return sign_sigv4_params(text, msg, v4);
}


sign_code_e
sign_sigv4_algorithm(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    v4->algorithm = (msg->scheme == SIGN_SIGV4A) ? sign_sigv4_ecdsa
                                                 : sign_sigv4_hmac;

    if (!postern_str_eq(text, v4->algorithm)) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "\"%.*s\": only %.*s is supported here",
                         SIGN_TEXT(text), SIGN_TEXT(v4->algorithm));
    }

    return SIGN_OK;
}


/*
 * The request line and the host.  Control bytes have no place in them; a line
 * break would let one line of the canonical request pass for two.
 */

static sign_code_e
sign_sigv4_request(const sign_request_t *req, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    size_t                      i, n;
    const sign_field_t         *field;

    static const postern_str_t  host = postern_string("host");

    for (i = 0; i < req->method.len; i++) {
        if (req->method.data[i] <= 0x20 || req->method.data[i] >= 0x7f) {
            return sign_fail(msg, SIGN_MALFORMED, "the method is no token");
        }
    }

    for (i = 0; i < req->target.len; i++) {
        if (req->target.data[i] < 0x20 || req->target.data[i] == 0x7f
            || req->target.data[i] == '#')
        {
            return sign_fail(msg, SIGN_MALFORMED,
                             "byte 0x%02x in the request target",
                             req->target.data[i]);
        }
    }

    if (sign_sigv4_target(req->target, &v4->path, &v4->query) != 0) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "request target \"%.*s\" has no path",
                         SIGN_TEXT(req->target));
    }

    i = 0;
    n = 0;

    while ((field = sign_field_next(req, host, &i)) != NULL) {

        if (n++ != 0 || !postern_str_eq(field->value, req->authority)) {
            return sign_fail(msg, SIGN_AMBIGUOUS, "more than one host");
        }
    }

    return SIGN_OK;
}


/* Credential=…, SignedHeaders=…, Signature=…: each once, in any order */

static sign_code_e
sign_sigv4_params(postern_str_t text, sign_message_t *msg, sign_sigv4_t *v4)
{
    int            i;
    sign_code_e    rc;
    postern_str_t  token, value, values[3];

    static const postern_str_t  names[] = {
        postern_string("Credential="),
        postern_string("SignedHeaders="),
        postern_string("Signature=")
    };

    memset(values, 0, sizeof(values));

    while (sign_cut(&text, ',', &token)) {

        token = sign_trim(token);

        for (i = 0; i < 3; i++) {
            if (token.len >= names[i].len
                && memcmp(token.data, names[i].data, names[i].len) == 0)
            {
                break;
            }
        }

        if (i == 3) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "\"%.*s\" in Authorization is none of "
                             "Credential=, SignedHeaders=, Signature=",
                             SIGN_TEXT(token));
        }

        if (values[i].data != NULL) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "%.*s comes twice in Authorization",
                             SIGN_TEXT(names[i]));
        }

        value.data = token.data + names[i].len;
        value.len = token.len - names[i].len;
        values[i] = value;
    }

    for (i = 0; i < 3; i++) {
        if (values[i].len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "%.*s is missing or empty in Authorization",
                             SIGN_TEXT(names[i]));
        }
    }

    rc = sign_sigv4_credential(values[0], msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    rc = sign_sigv4_names(values[1], msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    return sign_sigv4_signature(values[2], msg, v4);
}


/* key id/date/region/service/aws4_request, 4A: without a region; a key id may
   hold slashes, so the scope is taken from the end */

sign_code_e
sign_sigv4_credential(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    int            i, n;
    size_t         len;
    postern_str_t  parts[4];

    n = (msg->scheme == SIGN_SIGV4A) ? 3 : 4;
    len = text.len;

    for (i = n - 1; i >= 0; i--) {
        parts[i].len = 0;

        while (len != 0 && text.data[len - 1] != '/') {
            len--;
            parts[i].len++;
        }

        parts[i].data = text.data + len;

        if (len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "Credential=%.*s is not <key id>/<date>/%s"
                             "<service>/aws4_request", SIGN_TEXT(text),
                             n == 4 ? "<region>/" : "");
        }

        len--;
    }

    msg->key_id.data = text.data;
    msg->key_id.len = len;

    if (len == 0 || !postern_str_is(parts[n - 1], "aws4_request")) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Credential=%.*s lacks the key id or aws4_request",
                         SIGN_TEXT(text));
    }

    if (len > SIGN_MAX_KEY_ID) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the key id has %zu bytes", len);
    }

    if (parts[0].len != 8 || !sign_sigv4_scope_text(parts[1])
        || !sign_sigv4_scope_text(parts[n - 2]))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "date, region or service of Credential=%.*s",
                         SIGN_TEXT(text));
    }

    v4->date = parts[0];
    v4->service = parts[n - 2];
    v4->scope.data = parts[0].data;
    v4->scope.len = text.data + text.len - parts[0].data;

    if (n == 4) {
        v4->region = parts[1];
    }

    return SIGN_OK;
}


static int
sign_sigv4_scope_text(postern_str_t s)
{
    size_t  i;

    if (s.len == 0 || s.len > SIGN_SIGV4_SCOPE_MAX) {
        return 0;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f) {
            return 0;
        }
    }

    return 1;
}


/* lower case names between semicolons, none of them twice */

sign_code_e
sign_sigv4_names(postern_str_t text, sign_message_t *msg, sign_sigv4_t *v4)
{
    size_t                i;
    postern_str_t         name;
    const unsigned char  *p, *end;

    v4->signed_headers = text;
    end = text.data + text.len;

    for (p = text.data; /* void */ ; p++) {

        name.data = p;

        while (p < end && *p != ';') {

            if (*p <= 0x20 || *p >= 0x7f || (*p >= 'A' && *p <= 'Z')) {
                return sign_fail(msg, SIGN_MALFORMED,
                                 "SignedHeaders=%.*s holds more than lower "
                                 "case names", SIGN_TEXT(text));
            }

            p++;
        }

        name.len = p - name.data;

        if (name.len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "SignedHeaders=%.*s holds an empty name",
                             SIGN_TEXT(text));
        }

        if (v4->nnames == SIGN_MAX_COMPONENTS) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "SignedHeaders names more than %d headers",
                             SIGN_MAX_COMPONENTS);
        }

        for (i = 0; i < v4->nnames; i++) {
            if (postern_str_eq(v4->names[i], name)) {
                return sign_fail(msg, SIGN_AMBIGUOUS,
                                 "SignedHeaders names \"%.*s\" twice",
                                 SIGN_TEXT(name));
            }
        }

        if (postern_str_is(name, "authorization")) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "SignedHeaders names authorization, "
                             "which holds the signature");
        }

        v4->names[v4->nnames++] = name;

        if (p == end) {
            return SIGN_OK;
        }
    }
}


sign_code_e
sign_sigv4_signature(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    if (msg->scheme == SIGN_SIGV4A) {

        if (text.len < 2 * SIGN_SIGV4A_DER_MIN
            || text.len > 2 * SIGN_SIGV4A_DER_MAX
            || text.len % 2 != 0
            || sign_sigv4_unhex(text, v4->signature) != 0)
        {
            return sign_fail(msg, SIGN_MALFORMED,
                             "the signature is not %d to %d octets in lower "
                             "case hex digits", SIGN_SIGV4A_DER_MIN,
                             SIGN_SIGV4A_DER_MAX);
        }

    } else if (text.len != SIGN_SIGV4_HEX_LEN
               || sign_sigv4_unhex(text, v4->signature) != 0)
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the signature is not 64 lower case hex digits");
    }

    v4->signature_text = text;
    msg->signature.data = v4->signature;
    msg->signature.len = text.len / 2;

    return SIGN_OK;
}


int
sign_sigv4_unhex(postern_str_t text, unsigned char *out)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if ((text.data[i] < '0' || text.data[i] > '9')
            && (text.data[i] < 'a' || text.data[i] > 'f'))
        {
            return -1;
        }
    }

    for (i = 0; i < text.len / 2; i++) {
        out[i] = (unsigned char) (sign_hex(text.data[2 * i]) * 16
                                  + sign_hex(text.data[2 * i + 1]));
    }

    return 0;
}


/* X-Amz-Date, else Date; the scope is of the same day, so that a key derived
   for one day is worth nothing on another */

static sign_code_e
sign_sigv4_date(const sign_request_t *req, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    sign_code_e                 rc;
    postern_str_t               value;
    const sign_field_t         *field;

    static const postern_str_t  date = postern_string("date");

    v4->date_field = sign_sigv4_x_date;

    if (v4->presigned) {
        value = v4->params[SIGN_SIGV4_DATE];

    } else {
        rc = sign_field_once(req, v4->date_field, msg, &field);

        if (rc == SIGN_OK && field == NULL) {
            v4->date_field = date;
            rc = sign_field_once(req, v4->date_field, msg, &field);
        }

        if (rc != SIGN_OK) {
            return rc;
        }

        if (field == NULL) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "neither X-Amz-Date nor Date");
        }

        value = field->value;
    }

    if (sign_sigv4_time(value, &msg->created, v4->time) != 0) {
        return sign_fail(msg, SIGN_MALFORMED, "%.*s: %.*s is no date",
                         SIGN_TEXT(v4->date_field), SIGN_TEXT(value));
    }

    if (memcmp(v4->date.data, v4->time, 8) != 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the credential is of %.*s, the request of %.8s",
                         SIGN_TEXT(v4->date), (const char *) v4->time);
    }

    if (v4->presigned) {
        msg->expires += msg->created;
    }

    return SIGN_OK;
}


/* where a signature of version 4A is meant for; whoever reads the record sees
   it, nothing depends on it here */

static sign_code_e
sign_sigv4_regions(const sign_request_t *req, sign_message_t *msg,
    const sign_sigv4_t *v4)
{
    size_t               i;
    sign_code_e          rc;
    postern_str_t        value;
    const sign_field_t  *field;

    if (msg->scheme != SIGN_SIGV4A) {
        return SIGN_OK;
    }

    if (v4->presigned) {
        value = v4->params[SIGN_SIGV4_REGION_SET];

    } else {
        rc = sign_field_once(req, sign_sigv4_param_name(SIGN_SIGV4_REGION_SET),
                            msg, &field);
        if (rc != SIGN_OK) {
            return rc;
        }

        value.len = 0;

        if (field != NULL) {
            value = field->value;
        }
    }

    if (value.len == 0 || value.len > SIGN_SIGV4_REGIONS_MAX) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "X-Amz-Region-Set is missing, empty or longer than "
                         "%d bytes", SIGN_SIGV4_REGIONS_MAX);
    }

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] >= 0x7f) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "byte 0x%02x in X-Amz-Region-Set", value.data[i]);
        }
    }

    msg->regions = value;

    return SIGN_OK;
}
