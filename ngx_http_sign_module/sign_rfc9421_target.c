
/*
 * RFC 9421: the raw request target taken apart, and the authority that goes
 * with it.
 */


#include "sign_rfc9421.h"


static sign_code_e target_form(const sign_request_t *req, sign_message_t *msg,
    sign_target_t *target);
static sign_code_e target_host(const sign_request_t *req, sign_message_t *msg,
    const sign_target_t *target);
static void target_path(postern_str_t s, sign_target_t *target);
static sign_code_e target_absolute(const sign_request_t *req,
    sign_message_t *msg, size_t colon, sign_target_t *target);
static postern_str_t target_authority(postern_str_t authority,
    postern_str_t scheme);
static int target_authority_valid(postern_str_t authority);
static size_t target_scheme_end(postern_str_t s);


sign_code_e
sign_rfc9421_target(const sign_request_t *req, sign_message_t *msg,
    sign_target_t *target)
{
    sign_code_e  code;

    code = target_form(req, msg, target);

    return code == SIGN_OK ? target_host(req, msg, target) : code;
}


static sign_code_e
target_form(const sign_request_t *req, sign_message_t *msg,
    sign_target_t *target)
{
    size_t         colon;
    postern_str_t  s;

    s = req->target;

    memset(target, 0, sizeof(sign_target_t));

    if (s.len == 0 || memchr(s.data, '#', s.len) != NULL) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the request target is empty or has a fragment");
    }

    target->authority = target_authority(req->authority, req->scheme);

    if (!target_authority_valid(target->authority)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Host is not a host and port: \"%.*s\"",
                         SIGN_TEXT(req->authority));
    }

    if (s.data[0] == '/') {
        target_path(s, target);
        return SIGN_OK;
    }

    colon = target_scheme_end(s);

    if (colon) {
        return target_absolute(req, msg, colon, target);
    }

    target->form = SIGN_TARGET_OTHER;

    return SIGN_OK;
}


/*
 * A signature may cover @authority and the application read Host, or the other
 * way round: in HTTP/2 there can be both.
 */

static sign_code_e
target_host(const sign_request_t *req, sign_message_t *msg,
    const sign_target_t *target)
{
    size_t               i;
    postern_str_t        host;
    const sign_field_t  *field;

    static const postern_str_t  name = postern_string("host");

    i = 0;

    while ((field = sign_field_next(req, name, &i)) != NULL) {

        host = target_authority(sign_trim(field->value), req->scheme);

        if (!sign_same_text(host, target->authority)) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "Host and the authority of the request differ");
        }
    }

    return SIGN_OK;
}


/* path and query only; an empty path is "/" (RFC 9110 section 4.2.3) */

static void
target_path(postern_str_t s, sign_target_t *target)
{
    const unsigned char  *p;

    p = s.len ? memchr(s.data, '?', s.len) : NULL;

    target->path.data = s.data;
    target->path.len = p ? (size_t) (p - s.data) : s.len;

    if (target->path.len == 0) {
        target->path = (postern_str_t) postern_string("/");
    }

    if (p) {
        target->has_query = 1;
        target->query.data = p;
        target->query.len = s.data + s.len - p;

    } else {
        target->query = (postern_str_t) postern_string("?");
    }
}


/*
 * RFC 9112 section 3.2.2 lets the target override Host.  Whoever looks at the
 * request behind us may do it the other way round: the two must agree.
 */

static sign_code_e
target_absolute(const sign_request_t *req, sign_message_t *msg, size_t colon,
    sign_target_t *target)
{
    size_t         n;
    postern_str_t  s, scheme, authority;

    scheme.data = req->target.data;
    scheme.len = colon;

    s.data = req->target.data + colon + 3;
    s.len = req->target.len - colon - 3;

    for (n = 0; n < s.len && s.data[n] != '/' && s.data[n] != '?'; n++) {
        /* void */
    }

    authority.data = s.data;
    authority.len = n;
    authority = target_authority(authority, req->scheme);

    if (!sign_same_text(scheme, req->scheme)) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "the scheme of the request target is not that of the "
                         "connection");
    }

    if (authority.len == 0 || !target_authority_valid(authority)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the request target names no host");
    }

    if (req->authority.len && !sign_same_text(authority, target->authority)) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "Host and request target name different hosts");
    }

    s.data += n;
    s.len -= n;

    target->form = SIGN_TARGET_ABSOLUTE;
    target->authority = authority;
    target_path(s, target);

    return SIGN_OK;
}


static postern_str_t
target_authority(postern_str_t authority, postern_str_t scheme)
{
    size_t                i;
    postern_str_t         port;
    const unsigned char  *p;

    /* back over the digits: a ":" before them begins a port, also within
       [::1]:80, and never within [::1] */

    for (i = authority.len; i > 0; i--) {
        p = &authority.data[i - 1];

        if (*p < '0' || *p > '9') {
            break;
        }
    }

    if (i == 0 || authority.data[i - 1] != ':') {
        return authority;
    }

    port.data = authority.data + i;
    port.len = authority.len - i;

    if (port.len == 0
        || (postern_str_is(scheme, "http") && postern_str_is(port, "80"))
        || (postern_str_is(scheme, "https") && postern_str_is(port, "443")))
    {
        authority.len = i - 1;
    }

    return authority;
}


/*
 * No "/", "?", "@" and the like: with them, authority and path of one URI could
 * be taken for those of another.
 */

static int
target_authority_valid(postern_str_t authority)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < authority.len; i++) {
        ch = authority.data[i];

        if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')
            || (ch >= 'A' && ch <= 'Z') || ch == '.' || ch == '-')
        {
            continue;
        }

        if (ch == '\0' || strchr(":_~%!$&'()*+,;=[]", ch) == NULL) {
            return 0;
        }
    }

    return 1;
}


/* where "://" stands behind a scheme, 0 where there is none */

static size_t
target_scheme_end(postern_str_t s)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < s.len; i++) {
        ch = s.data[i];

        if (ch == ':') {
            return s.len - i >= 3 && s.data[i + 1] == '/'
                   && s.data[i + 2] == '/' ? i : 0;
        }

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (i && ((ch >= '0' && ch <= '9') || ch == '+' || ch == '-'
                        || ch == '.'))))
        {
            return 0;
        }
    }

    return 0;
}
