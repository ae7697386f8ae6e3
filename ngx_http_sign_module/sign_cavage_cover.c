
/*
 * draft-cavage-http-signatures-12: what a signature covers against what the
 * policy demands, and the digest of the body where it is covered.
 */


#include "sign_cavage.h"


static sign_code_e cover_line(const sign_request_t *req,
    const sign_cavage_t *cavage, const sign_cavage_line_t *line,
    sign_message_t *msg, unsigned *covered);
static sign_code_e cover_body(const sign_request_t *req, postern_str_t name,
    sign_message_t *msg);
static int cover_has(const sign_message_t *msg, postern_str_t name);


sign_code_e
sign_cavage_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    size_t                i;
    unsigned              covered;
    sign_code_e           code;
    const sign_cavage_t  *cavage;

    static const sign_cover_text_t  texts[] = {
        { SIGN_COVER_METHOD|SIGN_COVER_TARGET,
          "method, path and query: (request-target)" },
        { SIGN_COVER_AUTHORITY, "the host: host" },
        { SIGN_COVER_BODY, "the body: digest" },
        { ~0u,
          "the URI's scheme, and this scheme of signatures cannot" }
    };

    (void) key;

    cavage = msg->scheme_data;
    covered = 0;

    for (i = 0; i < cavage->nlines; i++) {

        code = cover_line(req, cavage, &cavage->lines[i], msg, &covered);
        if (code != SIGN_OK) {
            return code;
        }
    }

    if (!(covered & SIGN_COVER_METHOD)) {
        msg->once = 1;
        msg->weak = "neither method nor path is signed";
    }

    return sign_cover_policy(req, policy, covered, texts, cover_has, msg);
}


static sign_code_e
cover_line(const sign_request_t *req, const sign_cavage_t *cavage,
    const sign_cavage_line_t *line, sign_message_t *msg, unsigned *covered)
{
    size_t         i;
    sign_code_e    code;
    postern_str_t  name;

    switch (line->kind) {

    case SIGN_CAVAGE_FIELD:
        break;

    case SIGN_CAVAGE_CREATED:
    case SIGN_CAVAGE_EXPIRES:
        return SIGN_OK;

    default: /* the target, in one of its forms */
        *covered |= SIGN_COVER_METHOD|SIGN_COVER_TARGET;
        return SIGN_OK;
    }

    i = 0;
    name = line->name;

    if (sign_field_next(req, name, &i) == NULL) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "covered field \"%.*s\" is not in the request",
                         SIGN_TEXT(name));
    }

    /* Kong and APISIX sign the first of several, an application may read the
       last */

    if (cavage->form != SIGN_CAVAGE_DRAFT
        && sign_field_next(req, name, &i) != NULL)
    {
        return sign_fail(msg, SIGN_AMBIGUOUS, "field \"%.*s\" occurs twice",
                         SIGN_TEXT(name));
    }

    if (postern_str_eq(name, cavage->from)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "\"%.*s\" is listed, which holds the signature",
                         SIGN_TEXT(name));
    }

    code = sign_check_hop(req, name, msg);
    if (code != SIGN_OK) {
        return code;
    }

    if (postern_str_is(name, "host")) {
        *covered |= SIGN_COVER_AUTHORITY;

    } else if (postern_str_is(name, "digest")
               || postern_str_is(name, "content-digest"))
    {
        *covered |= SIGN_COVER_BODY;

        return cover_body(req, name, msg);
    }

    return SIGN_OK;
}


/* Digest, Content-Digest or both; the strongest counts, and two of one kind
   must be one */

static sign_code_e
cover_body(const sign_request_t *req, postern_str_t name, sign_message_t *msg)
{
    sign_code_e    code;
    sign_digest_e  before;
    unsigned char  value[64];

    before = msg->digest;
    memcpy(value, msg->digest_value, sizeof(value));

    code = postern_str_is(name, "digest") ? sign_cavage_digest(req, msg)
                                          : sign_rfc9421_digest(req, msg);

    if (code != SIGN_OK || before == SIGN_DIGEST_NONE) {
        return code;
    }

    if (before == msg->digest
        && !sign_digest_equal(before, value, msg->digest_value))
    {
        return sign_fail(msg, SIGN_AMBIGUOUS,
                         "Digest and Content-Digest are of two bodies");
    }

    if (before > msg->digest) {
        msg->digest = before;
        memcpy(msg->digest_value, value, sizeof(value));
    }

    return SIGN_OK;
}


static int
cover_has(const sign_message_t *msg, postern_str_t name)
{
    return sign_cavage_lists(msg->scheme_data, SIGN_CAVAGE_FIELD, name);
}
