
/*
 * draft-cavage-http-signatures-12, and the forms of Kong and APISIX: where the
 * credentials are, which parameters they have, which lines they sign.
 *
 * Stricter than the draft where it is lenient at the cost of safety: a
 * parameter that comes twice is refused (the draft takes the last, section
 * 2.2), a header that is listed and absent is (as the draft says; gateways skip
 * it), and so is "expires" where it is not signed.
 */


#include "sign_cavage.h"
#include "postern_assert.h"

#include <sodium.h>


#define CAVAGE_TIME_DIGITS  12      /* of created and expires */


static const sign_field_t *cavage_find(const sign_request_t *req,
    sign_cavage_form_e *form, size_t *n);
static int cavage_credentials(const sign_field_t *field, int input,
    sign_cavage_form_e *form);
static int cavage_scheme(postern_str_t value, const char *scheme);
static int cavage_has(postern_str_t text, const char *what);
static sign_code_e cavage_one(const sign_request_t *req,
    const sign_field_t *field, size_t n, sign_message_t *msg);
static sign_code_e cavage_algorithm(postern_str_t name, sign_message_t *msg);
static sign_code_e cavage_lines(sign_cavage_params_t *params,
    sign_cavage_form_e form, const postern_alloc_t *alloc, sign_message_t *msg,
    sign_cavage_t **result);
static size_t cavage_count(postern_str_t list);
static int cavage_is_apisix(postern_str_t list);
static sign_code_e cavage_line(sign_cavage_t *cavage, postern_str_t text,
    const postern_alloc_t *alloc, sign_message_t *msg);
static sign_code_e cavage_special(sign_cavage_t *cavage,
    sign_cavage_line_t *line, sign_message_t *msg);
static sign_code_e cavage_time(postern_str_t text, int fraction,
    int64_t *seconds, sign_message_t *msg);
static sign_code_e cavage_times(const sign_request_t *req,
    const sign_cavage_t *cavage, sign_message_t *msg);
static sign_code_e cavage_date(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg);
static sign_code_e cavage_signature(postern_str_t text,
    const postern_alloc_t *alloc, sign_message_t *msg);
static size_t cavage_unescape(postern_str_t text, unsigned char *out);


static const postern_str_t  cavage_date_name = postern_string("date");
static const postern_str_t  cavage_x_date_name = postern_string("x-date");


int
sign_cavage_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t              n;
    sign_cavage_form_e  form;

    return cavage_find(req, &form, &n) != NULL;
}


/* the first field with credentials, and how many there are */

static const sign_field_t *
cavage_find(const sign_request_t *req, sign_cavage_form_e *form, size_t *n)
{
    int                  input;
    size_t               i;
    const sign_field_t  *found;
    sign_cavage_form_e   this;

    static const postern_str_t  name = postern_string("signature-input");

    i = 0;
    input = sign_field_next(req, name, &i) != NULL;

    *n = 0;
    *form = SIGN_CAVAGE_DRAFT;
    found = NULL;

    for (i = 0; i < req->nfields; i++) {

        if (!cavage_credentials(&req->fields[i], input, &this)) {
            continue;
        }

        if ((*n)++ == 0) {
            found = &req->fields[i];
            *form = this;
        }
    }

    return found;
}


static int
cavage_credentials(const sign_field_t *field, int input,
    sign_cavage_form_e *form)
{
    *form = SIGN_CAVAGE_DRAFT;

    if (postern_str_is(field->name, "signature")) {
        return !input && sign_cavage_signature(field->value);
    }

    if (!postern_str_is(field->name, "authorization")
        && !postern_str_is(field->name, "proxy-authorization"))
    {
        return 0;
    }

    if (cavage_scheme(field->value, "signature")) {
        return cavage_has(field->value, "keyid=");
    }

    *form = SIGN_CAVAGE_KONG;

    return cavage_scheme(field->value, "hmac")
           && cavage_has(field->value, "username=");
}


int
sign_cavage_signature(postern_str_t value)
{
    return cavage_has(value, "keyid=\"");
}


/* RFC 9110, section 11.1: in any case, a blank behind it */

static int
cavage_scheme(postern_str_t value, const char *scheme)
{
    size_t         len;
    postern_str_t  head;

    len = strlen(scheme);

    if (value.len <= len || value.data[len] != ' ') {
        return 0;
    }

    head.data = value.data;
    head.len = len;

    return cavage_has(head, scheme);
}


static int
cavage_has(postern_str_t text, const char *what)
{
    postern_str_t  word, here;

    word.data = (const unsigned char *) what;
    word.len = strlen(what);

    here.data = text.data;
    here.len = word.len;

    for ( /* void */ ; text.len >= word.len; here.data++, text.len--) {

        if (sign_same_text(here, word)) {
            return 1;
        }
    }

    return 0;
}


sign_code_e
sign_cavage_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t                 n;
    sign_code_e            code;
    postern_str_t          text;
    sign_cavage_t         *cavage;
    const sign_field_t    *field;
    sign_cavage_form_e     form;
    sign_cavage_params_t   params;

    cavage = NULL;
    field = cavage_find(req, &form, &n);

    code = cavage_one(req, field, n, msg);
    if (code != SIGN_OK) {
        return code;
    }

    text = field->value;

    if (!postern_str_is(field->name, "signature")) {
        n = (form == SIGN_CAVAGE_KONG) ? sizeof("hmac") : sizeof("signature");
        text.data += n;
        text.len -= n;
    }

    code = sign_cavage_params(text, form, msg, &params);

    if (code == SIGN_OK) {
        msg->key_id = params.key_id;
        code = cavage_algorithm(params.algorithm, msg);
    }

    if (code == SIGN_OK) {
        code = cavage_lines(&params, form, alloc, msg, &cavage);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (POSTERN_NEVER(cavage == NULL)) {
        return SIGN_NO_MEMORY;
    }

    cavage->from = field->name;
    cavage->params = params;
    msg->scheme_data = cavage;

    code = sign_rfc9421_target(req, msg, &cavage->target);

    if (code == SIGN_OK) {
        code = cavage_times(req, cavage, msg);
    }

    if (code == SIGN_OK) {
        code = cavage_signature(params.signature, alloc, msg);
    }

    return code;
}


/* of two places a verifier checks one and an application believes the other */

static sign_code_e
cavage_one(const sign_request_t *req, const sign_field_t *field, size_t n,
    sign_message_t *msg)
{
    size_t  i;

    if (field == NULL) {
        return sign_fail(msg, SIGN_MISSING, "no signature in the request");
    }

    i = 0;
    (void) sign_field_next(req, field->name, &i);

    if (n != 1 || sign_field_next(req, field->name, &i) != NULL) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "%zu signatures in Signature, Authorization and "
                         "Proxy-Authorization, or the field comes twice", n);
    }

    if (field->value.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "the field with the signature has %zu bytes, more "
                         "than %d", field->value.len, SIGN_MAX_HEADER);
    }

    for (i = 0; i < req->method.len; i++) {
        if (req->method.data[i] <= 0x20 || req->method.data[i] >= 0x7f
            || (req->method.data[i] >= 'a' && req->method.data[i] <= 'z'))
        {
            return sign_fail(msg, SIGN_UNSUPPORTED,
                             "a method in other than upper case: what is "
                             "signed does not tell them apart");
        }
    }

    return SIGN_OK;
}


/*
 * What the message says is compared with the key, and never chooses.  hs2019,
 * or nothing: the key's own algorithm.
 */

static sign_code_e
cavage_algorithm(postern_str_t name, sign_message_t *msg)
{
    size_t  i;

    static const struct {
        postern_str_t  name;
        postern_alg_e  alg;
    } algs[] = {
        { postern_string("hs2019"),         0 },
        { postern_string("rsa-sha256"),     POSTERN_ALG_RSA_V1_5_SHA256 },
        { postern_string("hmac-sha256"),    POSTERN_ALG_HMAC_SHA256 },
        { postern_string("hmac-sha384"),    POSTERN_ALG_HMAC_SHA384 },
        { postern_string("hmac-sha512"),    POSTERN_ALG_HMAC_SHA512 },
        { postern_string("ecdsa-sha256"),   POSTERN_ALG_ECDSA_P256_SHA256 },
        { postern_string("ecdsa-sha384"),   POSTERN_ALG_ECDSA_P384_SHA384 },
        { postern_string("ed25519"),        POSTERN_ALG_ED25519 },
        { postern_string("ed25519-sha512"), POSTERN_ALG_ED25519 }
    };

    if (name.data == NULL) {
        return SIGN_OK;
    }

    for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        if (postern_str_eq(algs[i].name, name)) {
            msg->alg = algs[i].alg;
            return SIGN_OK;
        }
    }

    return sign_fail(msg, SIGN_UNSUPPORTED,
                     "algorithm \"%.*s\" is not accepted here",
                     SIGN_TEXT(name));
}


/*
 * The list of headers.  Without one it is "(created)" (section 2.1.6), and was
 * "date" before draft 11.
 */

static sign_code_e
cavage_lines(sign_cavage_params_t *params, sign_cavage_form_e form,
    const postern_alloc_t *alloc, sign_message_t *msg, sign_cavage_t **result)
{
    size_t           i, n;
    sign_code_e      code;
    postern_str_t    list, name;
    sign_cavage_t   *cavage;

    static const postern_str_t  created = postern_string("(created)");

    list = params->headers;

    if (list.data == NULL) {
        list = params->created.data ? created : cavage_date_name;
    }

    n = cavage_count(list);

    if (n == 0) {
        return sign_fail(msg, SIGN_COVERAGE, "the signature covers nothing");
    }

    if (n > SIGN_MAX_COMPONENTS) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "headers=\"…\" lists more than %d of them",
                         SIGN_MAX_COMPONENTS);
    }

    cavage = postern_alloc(alloc, sizeof(sign_cavage_t)
                                  + n * sizeof(sign_cavage_line_t));
    if (cavage == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    memset(cavage, 0, sizeof(sign_cavage_t));

    *result = cavage;
    cavage->form = form;

    if (form == SIGN_CAVAGE_DRAFT && cavage_is_apisix(list)) {
        cavage->form = SIGN_CAVAGE_APISIX;
    }

    name.data = list.data;

    for (i = 0; i <= list.len; i++) {

        if (i < list.len && list.data[i] != ' ') {
            continue;
        }

        name.len = list.data + i - name.data;

        code = cavage_line(cavage, name, alloc, msg);
        if (code != SIGN_OK) {
            return code;
        }

        name.data = list.data + i + 1;
    }

    return SIGN_OK;
}


/* names, with one blank between two */

static size_t
cavage_count(postern_str_t list)
{
    size_t  i, n;

    n = list.len != 0;

    for (i = 0; i < list.len; i++) {
        n += list.data[i] == ' ';
    }

    return n;
}


static int
cavage_is_apisix(postern_str_t list)
{
    return cavage_has(list, "@request-target");
}


static sign_code_e
cavage_line(sign_cavage_t *cavage, postern_str_t text,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t               i;
    unsigned char        ch, *p;
    sign_cavage_line_t  *line;

    line = &cavage->lines[cavage->nlines];

    p = postern_alloc(alloc, text.len + 1);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    for (i = 0; i < text.len; i++) {
        ch = text.data[i];
        p[i] = sign_lower(ch);

        if (ch == ':' || ch == ',') {
            return sign_fail(msg, SIGN_MALFORMED,
                             "headers=\"…\" holds \"%.*s\", which is no name",
                             SIGN_TEXT(text));
        }
    }

    if (text.len == 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "headers=\"…\" holds an empty name");
    }

    line->kind = SIGN_CAVAGE_FIELD;
    line->name.data = p;
    line->name.len = text.len;
    line->written = cavage->form == SIGN_CAVAGE_DRAFT ? line->name : text;

    for (i = 0; i < cavage->nlines; i++) {
        if (postern_str_eq(cavage->lines[i].name, line->name)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "headers=\"…\" lists \"%.*s\" twice",
                             SIGN_TEXT(text));
        }
    }

    cavage->nlines++;

    return cavage_special(cavage, line, msg);
}


/* what is no header, and in which form it may be listed */

static sign_code_e
cavage_special(sign_cavage_t *cavage, sign_cavage_line_t *line,
    sign_message_t *msg)
{
    size_t  i;

    static const struct {
        postern_str_t       name;
        sign_cavage_kind_e  kind;
        unsigned            forms;
    } specials[] = {
        { postern_string("(request-target)"), SIGN_CAVAGE_TARGET,
          1 << SIGN_CAVAGE_DRAFT },
        { postern_string("(created)"), SIGN_CAVAGE_CREATED,
          1 << SIGN_CAVAGE_DRAFT },
        { postern_string("(expires)"), SIGN_CAVAGE_EXPIRES,
          1 << SIGN_CAVAGE_DRAFT },
        { postern_string("request-line"), SIGN_CAVAGE_LINE,
          1 << SIGN_CAVAGE_DRAFT | 1 << SIGN_CAVAGE_KONG },
        { postern_string("@request-target"), SIGN_CAVAGE_AT_TARGET,
          1 << SIGN_CAVAGE_KONG | 1 << SIGN_CAVAGE_APISIX }
    };

    for (i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {

        if (postern_str_eq(specials[i].name, line->name)
            && (specials[i].forms & 1u << cavage->form))
        {
            line->kind = specials[i].kind;
            return SIGN_OK;
        }
    }

    if (line->name.data[0] == '(' || line->name.data[0] == '@'
        || postern_str_is(line->name, "request-line"))
    {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "headers=\"…\" lists \"%.*s\", which this form of "
                         "signatures does not know", SIGN_TEXT(line->name));
    }

    return SIGN_OK;
}


/*
 * Section 2.1.4 and 2.1.5, and 2.3: created and expires may not be used with
 * the old names of algorithms, and count where they are signed.  An expires
 * that is not could be changed by anybody, and with it how long the signature
 * is remembered.  Without created the date counts, X-Date before Date.
 */

static sign_code_e
cavage_times(const sign_request_t *req, const sign_cavage_t *cavage,
    sign_message_t *msg)
{
    int                          created, expires;
    sign_code_e                  code;
    postern_str_t                alg;
    const sign_cavage_params_t  *params;

    static const postern_str_t   none = postern_null_string;

    params = &cavage->params;
    alg = params->algorithm;
    alg.len = alg.len < 5 ? alg.len : 5;

    created = sign_cavage_lists(cavage, SIGN_CAVAGE_CREATED, none);
    expires = sign_cavage_lists(cavage, SIGN_CAVAGE_EXPIRES, none);

    if ((created || expires)
        && (cavage_has(alg, "rsa") || cavage_has(alg, "hmac")
            || cavage_has(alg, "ecdsa")))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "(created) and (expires) cannot be used with the "
                         "algorithm \"%.*s\", only with hs2019",
                         SIGN_TEXT(params->algorithm));
    }

    if (params->expires.data && !expires) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "expires is not signed: list (expires)");
    }

    if (expires) {
        code = cavage_time(params->expires, 1, &msg->expires, msg);
        if (code != SIGN_OK) {
            return code;
        }
    }

    if (created) {
        return cavage_time(params->created, 0, &msg->created, msg);
    }

    if (sign_cavage_lists(cavage, SIGN_CAVAGE_FIELD, cavage_x_date_name)) {
        return cavage_date(req, cavage_x_date_name, msg);
    }

    if (sign_cavage_lists(cavage, SIGN_CAVAGE_FIELD, cavage_date_name)) {
        return cavage_date(req, cavage_date_name, msg);
    }

    return SIGN_OK;
}


/* whole seconds; a fraction, which only expires may have, is cut off */

static sign_code_e
cavage_time(postern_str_t text, int fraction, int64_t *seconds,
    sign_message_t *msg)
{
    size_t                i;
    postern_str_t         whole;
    const unsigned char  *dot;

    if (POSTERN_NEVER(text.data == NULL && text.len != 0)) {
        return SIGN_MALFORMED;
    }

    dot = (fraction && text.len) ? memchr(text.data, '.', text.len) : NULL;

    whole.data = text.data;
    whole.len = dot ? (size_t) (dot - text.data) : text.len;

    *seconds = sign_digits(whole, CAVAGE_TIME_DIGITS);

    for (i = whole.len + 1; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            *seconds = -1;
        }
    }

    if (*seconds < 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "%s= is missing, or not seconds since 1970",
                         fraction ? "expires" : "created");
    }

    return SIGN_OK;
}


static sign_code_e
cavage_date(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg)
{
    sign_code_e          code;
    const sign_field_t  *field;

    code = sign_field_once(req, name, msg, &field);

    if (code != SIGN_OK) {
        return code;
    }

    if (field == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" is not in the request",
                         SIGN_TEXT(name));
    }

    if (sign_http_date(field->value, &msg->created) != 0) {
        return sign_fail(msg, SIGN_MALFORMED, "%.*s: %.*s is no date of HTTP",
                         SIGN_TEXT(name), SIGN_TEXT(field->value));
    }

    return SIGN_OK;
}


int
sign_cavage_lists(const sign_cavage_t *cavage, sign_cavage_kind_e kind,
    postern_str_t name)
{
    size_t                     i;
    const sign_cavage_line_t  *line;

    for (i = 0; i < cavage->nlines; i++) {
        line = &cavage->lines[i];

        if (line->kind == kind
            && (kind != SIGN_CAVAGE_FIELD || postern_str_eq(line->name, name)))
        {
            return 1;
        }
    }

    return 0;
}


/* base64; clients of Tyk escape it once more, as in a URL */

static sign_code_e
cavage_signature(postern_str_t text, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    int             rc;
    size_t          len;
    unsigned char  *p, *plain;

    if (text.len > 3 * SIGN_CAVAGE_SIGNATURE_MAX) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the signature has %zu bytes",
                         text.len);
    }

    p = postern_alloc(alloc, 2 * text.len);
    if (p == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    plain = p + text.len;
    text.len = cavage_unescape(text, plain);

    rc = sodium_base642bin(p, text.len, (const char *) plain, text.len, NULL,
                           &len, NULL, sodium_base64_VARIANT_ORIGINAL);

    if (rc != 0 || POSTERN_NEVER(len == 0)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "signature=\"…\" is no base64");
    }

    msg->signature.data = p;
    msg->signature.len = len;

    return SIGN_OK;
}


static size_t
cavage_unescape(postern_str_t text, unsigned char *out)
{
    int                   octet;
    unsigned char        *p;
    const unsigned char  *s, *last;

    p = out;
    s = text.data;
    last = s + text.len;

    while (s < last) {
        octet = sign_escape(s, last);

        if (octet == '+' || octet == '/' || octet == '=') {
            *p++ = (unsigned char) octet;
            s += 3;

        } else {
            *p++ = *s++;
        }
    }

    return p - out;
}
