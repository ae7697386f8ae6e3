
/*
 * AWS Signature Version 4, the form with an Authorization header: shape and
 * coverage.
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


static sign_code_e sign_sigv4_request(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_params(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
static postern_str_t sign_sigv4_token(postern_str_t *text);
static sign_code_e sign_sigv4_credential(postern_str_t text,
    sign_message_t *msg, sign_sigv4_t *v4);
static int sign_sigv4_scope_text(postern_str_t s);
static sign_code_e sign_sigv4_names(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4);
static sign_code_e sign_sigv4_signature(postern_str_t text,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_date(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_content(const sign_request_t *req,
    sign_message_t *msg, sign_sigv4_t *v4);
static sign_code_e sign_sigv4_one(const sign_request_t *req,
    postern_str_t name, sign_message_t *msg, const sign_field_t **field);
static int sign_sigv4_listed(const sign_sigv4_t *v4, postern_str_t name);
static int sign_sigv4_unhex(postern_str_t text, unsigned char *out);


static const postern_str_t  sign_sigv4_alg =
    postern_string("AWS4-HMAC-SHA256");
static const postern_str_t  sign_sigv4_x_date = postern_string("x-amz-date");
static const postern_str_t  sign_sigv4_hash =
    postern_string("x-amz-content-sha256");


sign_code_e
sign_sigv4_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t               n;
    sign_code_e          rc;
    sign_sigv4_t        *v4;
    postern_str_t        text;
    const sign_field_t  *field;

    field = sign_sigv4_authorization(req, &n);

    if (field == NULL) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "the signature is in the query (a presigned URL): "
                         "send it in the Authorization header");
    }

    /* CVE-2026-40344, CVE-2022-2385: of two places, a verifier checks one and
       an application believes the other */

    if (n != 1) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "%zu Authorization headers", n);
    }

    if (sign_sigv4_in_query(req, 0)) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "X-Amz-… parameters of a signature in the query "
                         "beside the Authorization header");
    }

    if (field->value.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "Authorization has %zu bytes, more than %d",
                         field->value.len, SIGN_MAX_HEADER);
    }

    v4 = postern_alloc(alloc, sizeof(sign_sigv4_t));
    if (v4 == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    memset(v4, 0, sizeof(sign_sigv4_t));
    msg->scheme_data = v4;
    msg->alg = POSTERN_ALG_HMAC_SHA256;

    text = field->value;
    n = sign_sigv4_alg.len;

    if (text.len < n || memcmp(text.data, sign_sigv4_alg.data, n) != 0
        || (text.len > n && text.data[n] != ' '))
    {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "\"%.*s\": only AWS4-HMAC-SHA256 is supported",
                         SIGN_TEXT(text));
    }

    text.data += n;
    text.len -= n;

    rc = sign_sigv4_params(text, msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    rc = sign_sigv4_request(req, msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    rc = sign_sigv4_date(req, msg, v4);
    if (rc != SIGN_OK) {
        return rc;
    }

    return sign_sigv4_content(req, msg, v4);
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

    while (text.len != 0) {

        token = sign_sigv4_token(&text);

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


/* the text up to the next comma, without the blanks around it */

static postern_str_t
sign_sigv4_token(postern_str_t *text)
{
    postern_str_t         token;
    const unsigned char  *comma;

    token.data = text->data;
    comma = memchr(text->data, ',', text->len);

    if (comma == NULL) {
        token.len = text->len;
        text->data += text->len;
        text->len = 0;

    } else {
        token.len = comma - text->data;
        text->data += token.len + 1;
        text->len -= token.len + 1;
    }

    while (token.len != 0 && (*token.data == ' ' || *token.data == '\t')) {
        token.data++;
        token.len--;
    }

    while (token.len != 0
           && (token.data[token.len - 1] == ' '
               || token.data[token.len - 1] == '\t'))
    {
        token.len--;
    }

    return token;
}


/* key id/date/region/service/aws4_request; a key id may hold slashes, so the
   scope is taken from the end */

static sign_code_e
sign_sigv4_credential(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    int             i;
    size_t          len;
    postern_str_t   parts[4];

    len = text.len;

    for (i = 3; i >= 0; i--) {
        parts[i].len = 0;

        while (len != 0 && text.data[len - 1] != '/') {
            len--;
            parts[i].len++;
        }

        parts[i].data = text.data + len;

        if (len == 0) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "Credential=%.*s is not "
                             "<key id>/<date>/<region>/<service>/aws4_request",
                             SIGN_TEXT(text));
        }

        len--;
    }

    msg->key_id.data = text.data;
    msg->key_id.len = len;

    if (len == 0 || !postern_str_is(parts[3], "aws4_request")) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Credential=%.*s lacks the key id or aws4_request",
                         SIGN_TEXT(text));
    }

    if (len > SIGN_MAX_KEY_ID) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the key id has %zu bytes", len);
    }

    if (parts[0].len != 8 || !sign_sigv4_scope_text(parts[1])
        || !sign_sigv4_scope_text(parts[2]))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "date, region or service of Credential=%.*s",
                         SIGN_TEXT(text));
    }

    v4->date = parts[0];
    v4->region = parts[1];
    v4->service = parts[2];
    v4->scope.data = parts[0].data;
    v4->scope.len = text.data + text.len - parts[0].data;

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

static sign_code_e
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


static sign_code_e
sign_sigv4_signature(postern_str_t text, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    if (text.len != SIGN_SIGV4_HEX_LEN
        || sign_sigv4_unhex(text, v4->signature) != 0)
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Signature= is not 64 lower case hex digits");
    }

    msg->signature.data = v4->signature;
    msg->signature.len = 32;

    return SIGN_OK;
}


static int
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
        out[i] = (unsigned char) (sign_sigv4_hex(text.data[2 * i]) * 16
                                  + sign_sigv4_hex(text.data[2 * i + 1]));
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
    const sign_field_t         *field;

    static const postern_str_t  date = postern_string("date");

    v4->date_field = sign_sigv4_x_date;

    rc = sign_sigv4_one(req, v4->date_field, msg, &field);
    if (rc != SIGN_OK) {
        return rc;
    }

    if (field == NULL) {
        v4->date_field = date;

        rc = sign_sigv4_one(req, v4->date_field, msg, &field);
        if (rc != SIGN_OK) {
            return rc;
        }

        if (field == NULL) {
            return sign_fail(msg, SIGN_MALFORMED,
                             "neither X-Amz-Date nor Date");
        }
    }

    if (sign_sigv4_time(field->value, &msg->created, v4->time) != 0) {
        return sign_fail(msg, SIGN_MALFORMED, "%.*s: %.*s is no date",
                         SIGN_TEXT(v4->date_field), SIGN_TEXT(field->value));
    }

    if (memcmp(v4->date.data, v4->time, 8) != 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the credential is of %.*s, the request of %.8s",
                         SIGN_TEXT(v4->date), (const char *) v4->time);
    }

    return SIGN_OK;
}


static sign_code_e
sign_sigv4_content(const sign_request_t *req, sign_message_t *msg,
    sign_sigv4_t *v4)
{
    sign_code_e          rc;
    postern_str_t        value;
    const sign_field_t  *field;

    rc = sign_sigv4_one(req, sign_sigv4_hash, msg, &field);
    if (rc != SIGN_OK) {
        return rc;
    }

    if (field == NULL) {
        msg->body = req->has_body ? SIGN_BODY_BEFORE : SIGN_BODY_NONE;
        return SIGN_OK;
    }

    value = field->value;

    if (postern_str_is(value, "UNSIGNED-PAYLOAD")
        || (value.len >= 10 && memcmp(value.data, "STREAMING-", 10) == 0))
    {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "x-amz-content-sha256: %.*s: send the SHA-256 of the "
                         "body; payloads that are unsigned or signed chunk by "
                         "chunk are not supported", SIGN_TEXT(value));
    }

    if (value.len != SIGN_SIGV4_HEX_LEN
        || sign_sigv4_unhex(value, msg->digest_value) != 0)
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "x-amz-content-sha256: %.*s is not 64 lower case hex "
                         "digits", SIGN_TEXT(value));
    }

    v4->payload = value;
    msg->digest = SIGN_DIGEST_SHA256;

    return SIGN_OK;
}


/* *field is NULL where there is none */

static sign_code_e
sign_sigv4_one(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg, const sign_field_t **field)
{
    size_t  i;

    i = 0;
    *field = sign_field_next(req, name, &i);

    if (*field != NULL && sign_field_next(req, name, &i) != NULL) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "header \"%.*s\" comes twice",
                         SIGN_TEXT(name));
    }

    return SIGN_OK;
}


sign_code_e
sign_sigv4_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    size_t                      i, k;
    sign_code_e                 code;
    postern_str_t               name;
    const sign_sigv4_t         *v4;

    static const postern_str_t  host = postern_string("host");
    static const postern_str_t  authority = postern_string(":authority");

    (void) key;    /* HMAC by parse(); everything else is in the message */

    v4 = msg->scheme_data;

    if (policy->cover & SIGN_COVER_SCHEME) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "SigV4 cannot cover @scheme, which is demanded here");
    }

    if (!sign_sigv4_listed(v4, host) && !sign_sigv4_listed(v4, authority)) {
        return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks host");
    }

    if (!sign_sigv4_listed(v4, v4->date_field)) {
        return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks %.*s",
                         SIGN_TEXT(v4->date_field));
    }

    for (i = 0; i < v4->nnames; i++) {

        code = sign_check_hop(req, v4->names[i], msg);
        if (code != SIGN_OK) {
            return code;
        }
    }

    /* AWS demands this of every X-Amz-… header: they are instructions */

    for (i = 0; i < req->nfields; i++) {
        name = req->fields[i].name;

        if (name.len > 6 && memcmp(name.data, "x-amz-", 6) == 0
            && !sign_sigv4_listed(v4, name))
        {
            return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks %.*s",
                             SIGN_TEXT(name));
        }
    }

    for (i = 0; i < policy->nfields; i++) {
        name = policy->fields[i];
        k = 0;

        if (!sign_sigv4_listed(v4, name)) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "SignedHeaders lacks %.*s, which is demanded here",
                             SIGN_TEXT(name));
        }

        if (sign_field_next(req, name, &k) == NULL
            && !postern_str_eq(name, host))
        {
            return sign_fail(msg, SIGN_COVERAGE,
                             "header %.*s is demanded here and absent",
                             SIGN_TEXT(name));
        }
    }

    return SIGN_OK;
}


static int
sign_sigv4_listed(const sign_sigv4_t *v4, postern_str_t name)
{
    size_t  i;

    for (i = 0; i < v4->nnames; i++) {
        if (postern_str_eq(v4->names[i], name)) {
            return 1;
        }
    }

    return 0;
}
