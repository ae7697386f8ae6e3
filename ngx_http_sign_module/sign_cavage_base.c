
/*
 * draft-cavage-http-signatures-12, section 2.3: the signing string, in the
 * three forms that sign_cavage.h tells of; and its verification.
 */


#include "sign_cavage.h"
#include "sign_verify.h"


/* counts where data is NULL, else writes */

typedef struct {
    unsigned char  *data;
    size_t          len;
} base_out_t;


static sign_code_e base_values(const sign_request_t *req,
    const sign_cavage_t *cavage, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *values);
static sign_code_e base_plain(postern_str_t value, postern_str_t name,
    sign_message_t *msg);
static void base_write(const sign_request_t *req, const sign_cavage_t *cavage,
    const postern_str_t *values, base_out_t *out);
static void base_line(const sign_request_t *req, const sign_cavage_t *cavage,
    const sign_cavage_line_t *line, postern_str_t value, base_out_t *out);
static void base_target(const sign_request_t *req, const sign_cavage_t *cavage,
    int lower, base_out_t *out);
static void base_put(base_out_t *out, postern_str_t s);
static void base_text(base_out_t *out, const char *s);


sign_code_e
sign_cavage_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    sign_code_e           code;
    base_out_t            out;
    postern_str_t         values[SIGN_MAX_COMPONENTS];
    const sign_cavage_t  *cavage;

    cavage = msg->scheme_data;

    memset(values, 0, sizeof(values));

    code = base_values(req, cavage, alloc, msg, values);
    if (code != SIGN_OK) {
        return code;
    }

    out.data = NULL;
    out.len = 0;

    base_write(req, cavage, values, &out);

    if (out.len > SIGN_MAX_BASE) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "the signing string is longer than %d bytes",
                         SIGN_MAX_BASE);
    }

    out.data = postern_alloc(alloc, out.len);
    if (out.data == NULL) {
        return sign_fail(msg, SIGN_NO_MEMORY, "out of memory");
    }

    msg->base.data = out.data;
    msg->base.len = out.len;

    out.len = 0;

    base_write(req, cavage, values, &out);

    return SIGN_OK;
}


static sign_code_e
base_values(const sign_request_t *req, const sign_cavage_t *cavage,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *values)
{
    size_t                     i;
    sign_code_e                code;
    const sign_cavage_line_t  *line;

    for (i = 0; i < cavage->nlines; i++) {
        line = &cavage->lines[i];

        if (line->kind == SIGN_CAVAGE_LINE && req->protocol.len == 0) {
            return sign_fail(msg, SIGN_UNSUPPORTED,
                             "request-line: the version of HTTP is not known");
        }

        if (line->kind != SIGN_CAVAGE_FIELD) {
            continue;
        }

        code = sign_rfc9421_field(req, line->name, alloc, msg, &values[i]);

        if (code == SIGN_OK) {
            code = base_plain(values[i], line->name, msg);
        }

        if (code != SIGN_OK) {
            return code;
        }
    }

    return SIGN_OK;
}


/* a line break would let one line pass for two */

static sign_code_e
base_plain(postern_str_t value, postern_str_t name, sign_message_t *msg)
{
    size_t  i;

    if (value.data == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" is not in the request",
                         SIGN_TEXT(name));
    }

    for (i = 0; i < value.len; i++) {
        if ((value.data[i] < 0x20 && value.data[i] != '\t')
            || value.data[i] == 0x7f)
        {
            return sign_fail(msg, SIGN_MALFORMED,
                             "field \"%.*s\" holds a control character",
                             SIGN_TEXT(name));
        }
    }

    return SIGN_OK;
}


static void
base_write(const sign_request_t *req, const sign_cavage_t *cavage,
    const postern_str_t *values, base_out_t *out)
{
    size_t  i;

    if (cavage->form == SIGN_CAVAGE_APISIX) {
        base_put(out, cavage->params.key_id);
        base_text(out, "\n");
    }

    for (i = 0; i < cavage->nlines; i++) {

        base_line(req, cavage, &cavage->lines[i], values[i], out);

        if (i + 1 < cavage->nlines || cavage->form == SIGN_CAVAGE_APISIX) {
            base_text(out, "\n");
        }
    }
}


static void
base_line(const sign_request_t *req, const sign_cavage_t *cavage,
    const sign_cavage_line_t *line, postern_str_t value, base_out_t *out)
{
    if (line->kind == SIGN_CAVAGE_LINE) {
        base_target(req, cavage, 0, out);
        base_text(out, " ");
        base_put(out, req->protocol);
        return;
    }

    if (line->kind == SIGN_CAVAGE_AT_TARGET
        && cavage->form == SIGN_CAVAGE_APISIX)
    {
        base_target(req, cavage, 0, out);
        return;
    }

    base_put(out, line->written);
    base_text(out, ": ");

    switch (line->kind) {

    case SIGN_CAVAGE_FIELD:
        base_put(out, value);
        break;

    case SIGN_CAVAGE_CREATED:
        base_put(out, cavage->params.created);
        break;

    case SIGN_CAVAGE_EXPIRES:
        base_put(out, cavage->params.expires);
        break;

    default: /* (request-target), Kong's @request-target */
        base_target(req, cavage, 1, out);
        break;
    }
}


/* "get /path?query": of an absolute target, what the application gets of it */

static void
base_target(const sign_request_t *req, const sign_cavage_t *cavage, int lower,
    base_out_t *out)
{
    size_t                i, begin;
    const sign_target_t  *target;

    begin = out->len;

    base_put(out, req->method);

    for (i = begin; lower && out->data && i < out->len; i++) {
        out->data[i] = sign_lower(out->data[i]);
    }

    base_text(out, " ");

    target = &cavage->target;

    if (target->form != SIGN_TARGET_ABSOLUTE) {
        base_put(out, req->target);
        return;
    }

    base_put(out, target->path);

    if (target->has_query) {
        base_put(out, target->query);
    }
}


static void
base_put(base_out_t *out, postern_str_t s)
{
    if (out->data && s.len) {
        memcpy(out->data + out->len, s.data, s.len);
    }

    out->len += s.len;
}


static void
base_text(base_out_t *out, const char *s)
{
    postern_str_t  text;

    text.data = (const unsigned char *) s;
    text.len = strlen(s);

    base_put(out, text);
}


/* of ECDSA, DER is what nearly everybody sends, r and s what some do: the
   claim is made of the base, so that the two forms are one request */

int
sign_cavage_verify(sign_key_t *key, sign_message_t *msg)
{
    if (key->curve && msg->signature.len == key->len
        && sign_key_verify(key, msg->base, msg->signature))
    {
        return 1;
    }

    return sign_key_verify_der(key, msg->base, msg->signature);
}
