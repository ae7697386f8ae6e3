
/*
 * RFC 9421: the signature base, and the values of derived components in it.
 */


#include "sign_rfc9421.h"


#define BASE_PARAMS_NAME  "\"@signature-params\": "


static sign_code_e base_value(const sign_request_t *req,
    const sign_rfc9421_t *sig, const sign_component_t *component,
    const postern_alloc_t *alloc, sign_message_t *msg, postern_str_t *value);
static sign_code_e base_status(unsigned status, const postern_alloc_t *alloc,
    postern_str_t *value);
static sign_code_e base_lower(postern_str_t s, const postern_alloc_t *alloc,
    postern_str_t *value);
static sign_code_e base_target_uri(const sign_request_t *req,
    const sign_target_t *target, const postern_alloc_t *alloc,
    postern_str_t *value);
static int base_printable(postern_str_t s);


sign_code_e
sign_rfc9421_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    size_t                 i, len;
    sign_code_e            code;
    postern_str_t          values[SIGN_MAX_COMPONENTS];
    unsigned char         *p;
    const sign_rfc9421_t  *sig;

    sig = msg->scheme_data;
    len = sizeof(BASE_PARAMS_NAME) - 1 + sig->params.len;
    msg->searched = 0;

    for (i = 0; i < sig->ncomponents; i++) {

        code = base_value(sig->components[i].req ? req->answered : req, sig,
                          &sig->components[i], alloc, msg, &values[i]);
        if (code != SIGN_OK) {
            return code;
        }

        len += sig->components[i].id.len + sizeof(": \n") - 1 + values[i].len;

        if (len > SIGN_MAX_BASE) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "the signature base is longer than %d bytes",
                             SIGN_MAX_BASE);
        }
    }

    p = postern_alloc(alloc, len);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    msg->base.data = p;
    msg->base.len = len;

    for (i = 0; i < sig->ncomponents; i++) {

        memcpy(p, sig->components[i].id.data, sig->components[i].id.len);
        p += sig->components[i].id.len;

        *p++ = ':';
        *p++ = ' ';

        if (values[i].len) {
            memcpy(p, values[i].data, values[i].len);
            p += values[i].len;
        }

        *p++ = '\n';
    }

    memcpy(p, BASE_PARAMS_NAME, sizeof(BASE_PARAMS_NAME) - 1);
    p += sizeof(BASE_PARAMS_NAME) - 1;

    memcpy(p, sig->params.data, sig->params.len);

    return SIGN_OK;
}


static sign_code_e
base_value(const sign_request_t *req, const sign_rfc9421_t *sig,
    const sign_component_t *component, const postern_alloc_t *alloc,
    sign_message_t *msg, postern_str_t *value)
{
    sign_code_e  code;

    code = SIGN_OK;

    switch (component->kind) {

    case SIGN_COMPONENT_FIELD:
        code = sign_rfc9421_field_value(req, component, alloc, msg, value);
        break;

    case SIGN_COMPONENT_METHOD:
        *value = req->method;
        break;

    case SIGN_COMPONENT_SCHEME:
        *value = req->scheme;
        break;

    case SIGN_COMPONENT_REQUEST_TARGET:
        *value = req->target;
        break;

    case SIGN_COMPONENT_AUTHORITY:
        code = base_lower(sig->target.authority, alloc, value);
        break;

    case SIGN_COMPONENT_TARGET_URI:
        code = base_target_uri(req, &sig->target, alloc, value);
        break;

    case SIGN_COMPONENT_PATH:
        *value = sig->target.path;
        break;

    case SIGN_COMPONENT_QUERY:
        *value = sig->target.query;
        break;

    case SIGN_COMPONENT_STATUS:
        code = base_status(req->status, alloc, value);
        break;

    default: /* SIGN_COMPONENT_QUERY_PARAM */
        code = sign_rfc9421_query_param(&sig->target, component, alloc, msg,
                                        value);
        break;
    }

    if (code != SIGN_OK) {
        return code;
    }

    /* a derived value is never empty, but for a parameter of the query */

    if (value->len == 0
        && component->kind != SIGN_COMPONENT_FIELD
        && component->kind != SIGN_COMPONENT_QUERY_PARAM)
    {
        return sign_fail(msg, SIGN_COVERAGE, "the request has no \"%.*s\"",
                         SIGN_TEXT(component->name));
    }

    if (!base_printable(*value)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "\"%.*s\" has control or non-ASCII characters",
                         SIGN_TEXT(component->name));
    }

    return SIGN_OK;
}


/* three digits, whatever the status (RFC 9110, section 15) */

static sign_code_e
base_status(unsigned status, const postern_alloc_t *alloc,
    postern_str_t *value)
{
    unsigned char  *p;

    p = postern_alloc(alloc, 3);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    p[0] = '0' + status / 100 % 10;
    p[1] = '0' + status / 10 % 10;
    p[2] = '0' + status % 10;

    value->data = p;
    value->len = 3;

    return SIGN_OK;
}


/* host names come in lower case, so there is seldom something to do */

static sign_code_e
base_lower(postern_str_t s, const postern_alloc_t *alloc,
    postern_str_t *value)
{
    size_t          i;
    unsigned char  *p;

    *value = s;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= 'A' && s.data[i] <= 'Z') {
            break;
        }
    }

    if (i == s.len) {
        return SIGN_OK;
    }

    p = postern_alloc(alloc, s.len);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    for (i = 0; i < s.len; i++) {
        p[i] = sign_lower(s.data[i]);
    }

    value->data = p;

    return SIGN_OK;
}


/*
 * Put together from its parts, normalized like @authority and @path, whatever
 * form the request target has: the signer's URI and ours then agree.
 */

static sign_code_e
base_target_uri(const sign_request_t *req, const sign_target_t *target,
    const postern_alloc_t *alloc, postern_str_t *value)
{
    sign_code_e     code;
    unsigned char  *p;
    postern_str_t   authority;

    value->len = 0;
    value->data = NULL;

    if (target->form == SIGN_TARGET_OTHER || target->authority.len == 0) {
        return SIGN_OK;
    }

    code = base_lower(target->authority, alloc, &authority);
    if (code != SIGN_OK) {
        return code;
    }

    value->len = req->scheme.len + 3 + authority.len + target->path.len
                 + (target->has_query ? target->query.len : 0);

    p = postern_alloc(alloc, value->len);
    if (p == NULL) {
        return SIGN_NO_MEMORY;
    }

    value->data = p;

    memcpy(p, req->scheme.data, req->scheme.len);
    p += req->scheme.len;

    *p++ = ':';
    *p++ = '/';
    *p++ = '/';

    memcpy(p, authority.data, authority.len);
    p += authority.len;

    memcpy(p, target->path.data, target->path.len);
    p += target->path.len;

    if (target->has_query) {
        memcpy(p, target->query.data, target->query.len);
    }

    return SIGN_OK;
}


/*
 * Printable ASCII and tabs.  A line feed in a value could forge a line of the
 * base.  Eight octets at a time: a bit is set in odd where an octet is below
 * 0x20, is 0x7f, or has its top bit set.
 */

static int
base_printable(postern_str_t s)
{
    size_t    i, n;
    uint64_t  octets, del, odd;

    for (i = 0; i < s.len; i += n) {

        n = s.len - i < 8 ? s.len - i : 8;

        octets = 0x2020202020202020;
        memcpy(&octets, s.data + i, n);

        del = octets ^ 0x7f7f7f7f7f7f7f7f;

        odd = (octets - 0x2020202020202020) | (del - 0x0101010101010101)
              | octets;

        if (odd & 0x8080808080808080) {

            /* maybe a tab, and a borrow may have come from a neighbour */

            for (n = i; n < s.len; n++) {
                if ((s.data[n] < 0x20 && s.data[n] != '\t')
                    || s.data[n] > 0x7e)
                {
                    return 0;
                }
            }

            return 1;
        }
    }

    return 1;
}
