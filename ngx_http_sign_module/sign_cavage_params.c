
/*
 * draft-cavage-http-signatures-12, section 2.1: the parameters.  Names in any
 * case, each once: an application that reads the last of two, or the one in
 * another case, would read what nobody verified.  Unknown ones mean nothing.
 */


#include "sign_cavage.h"


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *last;
} params_cursor_t;


static sign_code_e params_read(params_cursor_t *c, postern_str_t *name,
    postern_str_t *value, int *quoted, sign_message_t *msg);
static int params_value(params_cursor_t *c, postern_str_t *value, int *quoted);
static int params_token(unsigned char ch);
static void params_blanks(params_cursor_t *c);
static sign_code_e params_keep(sign_cavage_params_t *params,
    sign_cavage_form_e form, postern_str_t name, postern_str_t value,
    int quoted, sign_message_t *msg);


sign_code_e
sign_cavage_params(postern_str_t text, sign_cavage_form_e form,
    sign_message_t *msg, sign_cavage_params_t *params)
{
    int              quoted;
    sign_code_e      code;
    postern_str_t    name, value;
    params_cursor_t  c;

    quoted = 0;
    memset(&value, 0, sizeof(value));
    memset(params, 0, sizeof(sign_cavage_params_t));

    c.pos = text.data;
    c.last = text.data + text.len;

    for ( ;; ) {

        code = params_read(&c, &name, &value, &quoted, msg);

        if (code == SIGN_OK) {
            code = params_keep(params, form, name, value, quoted, msg);
        }

        if (code != SIGN_OK) {
            return code;
        }

        if (c.pos == c.last) {
            break;
        }

        c.pos++;
    }

    if (params->key_id.len == 0 || params->signature.len == 0) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "%s and signature must be there, and not be empty",
                         form == SIGN_CAVAGE_KONG ? "username" : "keyId");
    }

    if (params->key_id.len > SIGN_MAX_KEY_ID) {
        return sign_fail(msg, SIGN_TOO_LARGE, "the key id has %zu bytes",
                         params->key_id.len);
    }

    return SIGN_OK;
}


/* up to a comma, or the end */

static sign_code_e
params_read(params_cursor_t *c, postern_str_t *name, postern_str_t *value,
    int *quoted, sign_message_t *msg)
{
    params_blanks(c);

    name->data = c->pos;

    while (c->pos < c->last && params_token(*c->pos)) {
        c->pos++;
    }

    name->len = c->pos - name->data;

    if (name->len == 0 || c->pos == c->last || *c->pos++ != '='
        || !params_value(c, value, quoted))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the parameters are not name=\"value\" with commas "
                         "between them, behind \"%.*s\"", SIGN_TEXT(*name));
    }

    params_blanks(c);

    if (c->pos < c->last && *c->pos != ',') {
        return sign_fail(msg, SIGN_MALFORMED,
                         "no comma behind the parameter \"%.*s\"",
                         SIGN_TEXT(*name));
    }

    return SIGN_OK;
}


/* what backslashes escape would not be what stands in the base */

static int
params_value(params_cursor_t *c, postern_str_t *value, int *quoted)
{
    *quoted = c->pos < c->last && *c->pos == '"';
    c->pos += *quoted;
    value->data = c->pos;

    if (!*quoted) {

        while (c->pos < c->last && (params_token(*c->pos) || *c->pos == '/'
                                    || *c->pos == '='))
        {
            c->pos++;
        }

        value->len = c->pos - value->data;

        return value->len != 0;
    }

    while (c->pos < c->last && *c->pos != '"') {

        if (*c->pos < 0x20 || *c->pos > 0x7e || *c->pos == '\\') {
            return 0;
        }

        c->pos++;
    }

    value->len = c->pos - value->data;

    return c->pos++ < c->last;
}


/* RFC 9110, section 5.6.2 */

static int
params_token(unsigned char ch)
{
    static const char  others[] = "!#$%&'*+-.^_`|~";

    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9')
           || memchr(others, ch, sizeof(others) - 1) != NULL;
}


static void
params_blanks(params_cursor_t *c)
{
    while (c->pos < c->last && (*c->pos == ' ' || *c->pos == '\t')) {
        c->pos++;
    }
}


static sign_code_e
params_keep(sign_cavage_params_t *params, sign_cavage_form_e form,
    postern_str_t name, postern_str_t value, int quoted, sign_message_t *msg)
{
    postern_str_t  *slot;

    if (form == SIGN_CAVAGE_KONG ? sign_is_text(name, "username")
                                 : sign_is_text(name, "keyid"))
    {
        slot = &params->key_id;

    } else if (sign_is_text(name, "algorithm")) {
        slot = &params->algorithm;

    } else if (sign_is_text(name, "headers")) {
        slot = &params->headers;

    } else if (sign_is_text(name, "signature")) {
        slot = &params->signature;

    } else if (sign_is_text(name, "created")) {
        slot = &params->created;

    } else if (sign_is_text(name, "expires")) {
        slot = &params->expires;

    } else {
        return SIGN_OK;
    }

    if (slot->data) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "parameter \"%.*s\" comes twice",
                         SIGN_TEXT(name));
    }

    if (quoted && (slot == &params->created || slot == &params->expires)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "parameter \"%.*s\" is a number: no quotes",
                         SIGN_TEXT(name));
    }

    *slot = value;

    return SIGN_OK;
}
