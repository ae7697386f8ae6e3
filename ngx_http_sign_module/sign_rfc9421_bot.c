
/*
 * Web Bot Auth (draft-ietf-webbotauth-httpsig-protocol), section "Generating
 * HTTP Message Signature": a signature with the tag "web-bot-auth" names its
 * key by the key's own thumbprint, says when it ends, and covers whom it was
 * made for and where it says its keys may be found.
 *
 * Keys come from the directory and nowhere else.  What Signature-Agent says is
 * no identity then, as nothing was fetched from there: only the key is one.
 */


#include "sign_rfc9421.h"


/* base64url of SHA-256, without padding: RFC 7638 */
#define BOT_THUMBPRINT  43


static int bot_thumbprint(postern_str_t id);
static int bot_covers_agent(const sign_request_t *req,
    const sign_message_t *msg);


static const postern_str_t  bot_agent = postern_string("signature-agent");


sign_code_e
sign_rfc9421_bot(const sign_request_t *req, const postern_key_t *key,
    sign_message_t *msg)
{
    size_t                 i;
    sign_component_e       kind;
    const sign_rfc9421_t  *sig;

    sig = msg->scheme_data;

    if (!bot_thumbprint(msg->key_id)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "web-bot-auth: keyid is no JWK thumbprint");
    }

    if (postern_alg_is_hmac(key->algorithm)) {
        return sign_fail(msg, SIGN_ALGORITHM,
                         "web-bot-auth: the key is not a public one");
    }

    if (msg->expires == POSTERN_TIME_MAX) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "web-bot-auth: there is no \"expires\"");
    }

    for (i = 0; i < sig->ncomponents; i++) {
        kind = sig->components[i].kind;

        if (kind == SIGN_COMPONENT_AUTHORITY
            || kind == SIGN_COMPONENT_TARGET_URI)
        {
            break;
        }
    }

    if (i == sig->ncomponents) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "web-bot-auth: neither @authority nor @target-uri is "
                         "covered");
    }

    if (!bot_covers_agent(req, msg)) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "web-bot-auth: Signature-Agent is not covered");
    }

    return SIGN_OK;
}


static int
bot_thumbprint(postern_str_t id)
{
    size_t         i;
    unsigned char  ch;

    for (i = 0; i < id.len; i++) {
        ch = id.data[i];

        if (!((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')
              || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_'))
        {
            return 0;
        }
    }

    return id.len == BOT_THUMBPRINT;
}


/*
 * The whole field, or the member under the label of this signature: others are
 * of other signatures.  Older drafts have one string for a field, which has no
 * members: it is covered as a whole, or not at all.
 */

static int
bot_covers_agent(const sign_request_t *req, const sign_message_t *msg)
{
    size_t                   i;
    const sign_rfc9421_t    *sig;
    const sign_component_t  *component;

    i = 0;

    if (sign_field_next(req, bot_agent, &i) == NULL) {
        return 1;
    }

    sig = msg->scheme_data;

    for (i = 0; i < sig->ncomponents; i++) {
        component = &sig->components[i];

        if (component->kind == SIGN_COMPONENT_FIELD
            && postern_str_eq(component->name, bot_agent)
            && (!component->key || postern_str_eq(component->arg, msg->label)))
        {
            return 1;
        }
    }

    return 0;
}
