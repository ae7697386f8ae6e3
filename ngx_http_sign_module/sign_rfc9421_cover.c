
/*
 * RFC 9421: what a signature covers against what the policy demands, and the
 * digest of the body where it is covered.
 */


#include "sign_rfc9421.h"
#include "sign_sf.h"


#define COVER_PATH    0x100     /* beside SIGN_COVER_*: together a target */
#define COVER_QUERY   0x200

#define COVER_BASE64_SHA256  44
#define COVER_BASE64_SHA512  88

/* base64 decodes into whole triples of octets */
#define COVER_DIGEST_ROOM    (COVER_BASE64_SHA512 / 4 * 3)


static sign_code_e cover_components(const sign_request_t *req,
    const sign_rfc9421_t *sig, sign_message_t *msg, unsigned *covered);
static sign_code_e cover_field(const sign_request_t *req,
    const sign_component_t *component, sign_message_t *msg, unsigned *covered);
static int cover_has(const sign_message_t *msg, postern_str_t name);
static sign_code_e cover_digest_line(postern_str_t line, unsigned *seen,
    sign_message_t *msg);
static sign_code_e cover_digest_member(postern_str_t name,
    const sign_sf_value_t *value, unsigned *seen, sign_message_t *msg);


sign_code_e
sign_rfc9421_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    unsigned               covered;
    sign_code_e            code;
    const sign_rfc9421_t  *sig;

    static const sign_cover_text_t  texts[] = {
        { SIGN_COVER_METHOD, "the method (@method)" },
        { SIGN_COVER_TARGET, "path and query (@path and @query, @target-uri "
                             "or @request-target)" },
        { SIGN_COVER_AUTHORITY, "the host (@authority or @target-uri)" },
        { SIGN_COVER_BODY, "the body (content-digest)" },
        { ~0u, "the URI's scheme (@scheme or @target-uri)" }
    };

    sig = msg->scheme_data;

    if (sig->ncomponents == 0) {
        return sign_fail(msg, SIGN_COVERAGE, "the signature covers nothing");
    }

    /* parse() chose by the tags of one location; this may be another one */

    if (!sign_rfc9421_tagged(policy, msg->tag)) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "signatures with the tag \"%.*s\" do not count here",
                         SIGN_TEXT(msg->tag));
    }

    code = cover_components(req, sig, msg, &covered);

    if (code != SIGN_OK) {
        return code;
    }

    if (!(covered & SIGN_COVER_METHOD)) {
        msg->once = 1;
        msg->weak = "the method is not signed";
    }

    code = sign_cover_policy(req, policy, covered, texts, cover_has, msg);

    if (code != SIGN_OK) {
        return code;
    }

    return postern_str_is(msg->tag, SIGN_RFC9421_BOT)
           ? sign_rfc9421_bot(req, key, msg) : SIGN_OK;
}


/* what is signed, as SIGN_COVER_* bits */

static sign_code_e
cover_components(const sign_request_t *req, const sign_rfc9421_t *sig,
    sign_message_t *msg, unsigned *covered)
{
    size_t       i;
    sign_code_e  code;

    static const unsigned  covers[] = {
        0,                                                 /* a field */
        SIGN_COVER_METHOD,                                 /* @method */
        SIGN_COVER_TARGET | SIGN_COVER_AUTHORITY | SIGN_COVER_SCHEME,
        SIGN_COVER_AUTHORITY,                              /* @authority */
        SIGN_COVER_SCHEME,                                 /* @scheme */
        SIGN_COVER_TARGET,                                 /* @request-target */
        COVER_PATH,                                        /* @path */
        COVER_QUERY,                                       /* @query */
        0,                                                 /* @query-param */
        0                                                  /* @status */
    };

    *covered = sig->target.has_query ? 0 : COVER_QUERY;

    for (i = 0; i < sig->ncomponents; i++) {

        *covered |= covers[sig->components[i].kind];

        if (sig->components[i].kind == SIGN_COMPONENT_FIELD) {

            code = cover_field(req, &sig->components[i], msg, covered);
            if (code != SIGN_OK) {
                return code;
            }
        }
    }

    if ((*covered & COVER_PATH) && (*covered & COVER_QUERY)) {
        *covered |= SIGN_COVER_TARGET;
    }

    return SIGN_OK;
}


static sign_code_e
cover_field(const sign_request_t *req, const sign_component_t *component,
    sign_message_t *msg, unsigned *covered)
{
    size_t       i;
    sign_code_e  code;

    i = 0;

    if (sign_field_next(req, component->name, &i) == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" is not in the request",
                         SIGN_TEXT(component->name));
    }

    code = sign_check_hop(req, component->name, msg);
    if (code != SIGN_OK) {
        return code;
    }

    /* of a member what is signed is not all of what is read; written strictly,
       or as bytes, it is */

    if (component->key) {
        return SIGN_OK;
    }

    if (postern_str_is(component->name, "host")) {
        *covered |= component->bs ? 0 : SIGN_COVER_AUTHORITY;

    } else if (postern_str_is(component->name, "content-digest")) {
        *covered |= SIGN_COVER_BODY;

        return sign_rfc9421_digest(req, msg);
    }

    return SIGN_OK;
}


/* one member of a dictionary is not the field; covered fields are present */

static int
cover_has(const sign_message_t *msg, postern_str_t name)
{
    size_t                   i;
    const sign_rfc9421_t    *sig;
    const sign_component_t  *component;

    sig = msg->scheme_data;

    for (i = 0; i < sig->ncomponents; i++) {
        component = &sig->components[i];

        if (component->kind == SIGN_COMPONENT_FIELD && !component->key
            && postern_str_eq(component->name, name))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * RFC 9530.  The strongest known algorithm counts.  Line by line: a dictionary
 * is the same whether its members come in one line or in several.
 */

sign_code_e
sign_rfc9421_digest(const sign_request_t *req, sign_message_t *msg)
{
    size_t               i;
    unsigned             seen;
    sign_code_e          code;
    const sign_field_t  *field;

    static const postern_str_t  name = postern_string("content-digest");

    msg->digest = SIGN_DIGEST_NONE;

    seen = 0;
    i = 0;

    while ((field = sign_field_next(req, name, &i)) != NULL) {

        code = cover_digest_line(field->value, &seen, msg);
        if (code != SIGN_OK) {
            return code;
        }
    }

    if (msg->digest == SIGN_DIGEST_NONE) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "Content-Digest has neither sha-256 nor sha-512");
    }

    return SIGN_OK;
}


static sign_code_e
cover_digest_line(postern_str_t line, unsigned *seen, sign_message_t *msg)
{
    int               rc;
    sign_code_e       code;
    postern_str_t     name;
    sign_sf_value_t   value;
    sign_sf_cursor_t  c;

    if (line.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "Content-Digest is longer than %d bytes",
                         SIGN_MAX_HEADER);
    }

    sign_sf_begin(&c, sign_trim(line));

    do {
        rc = sign_sf_read_key(&c, &name);

        if (rc == SIGN_SF_OK && (c.pos == c.last || *c.pos++ != '=')) {
            rc = SIGN_SF_ERROR;
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_read_value(&c, &value);
        }

        if (rc == SIGN_SF_OK && value.type != SIGN_SF_BYTES) {
            rc = SIGN_SF_ERROR;
        }

        if (rc == SIGN_SF_OK) {
            rc = sign_sf_skip_params(&c);
        }

        if (rc != SIGN_SF_OK) {
            break;
        }

        code = cover_digest_member(name, &value, seen, msg);
        if (code != SIGN_OK) {
            return code;
        }

        rc = sign_sf_read_comma(&c);

    } while (rc == 1);

    if (rc != SIGN_SF_OK) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Content-Digest: not as RFC 9530 prescribes");
    }

    return SIGN_OK;
}


static sign_code_e
cover_digest_member(postern_str_t name, const sign_sf_value_t *value,
    unsigned *seen, sign_message_t *msg)
{
    size_t         len;
    unsigned char  octets[COVER_DIGEST_ROOM];
    sign_digest_e  digest;

    if (postern_str_is(name, "sha-256")) {
        digest = SIGN_DIGEST_SHA256;
        len = COVER_BASE64_SHA256;

    } else if (postern_str_is(name, "sha-512")) {
        digest = SIGN_DIGEST_SHA512;
        len = COVER_BASE64_SHA512;

    } else {
        return SIGN_OK;
    }

    if (*seen & (1 << digest)) {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "Content-Digest: \"%.*s\" occurs twice",
                         SIGN_TEXT(name));
    }

    *seen |= 1 << digest;

    if (value->text.len != len
        || sign_sf_base64(value->text, octets)
           != (digest == SIGN_DIGEST_SHA256 ? 32 : 64))
    {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Content-Digest: \"%.*s\" has the wrong length",
                         SIGN_TEXT(name));
    }

    if (digest > msg->digest) {
        msg->digest = digest;
        memcpy(msg->digest_value, octets,
               digest == SIGN_DIGEST_SHA256 ? 32 : 64);
    }

    return SIGN_OK;
}
