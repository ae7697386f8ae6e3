
/*
 * Kinds of webhooks: those with names, and templates for all others.
 */


#include "sign_scheme.h"
#include "sign_webhook.h"


#define TEXT(s)   { SIGN_WEBHOOK_LITERAL, postern_string(s) }
#define FIELD(s)  { SIGN_WEBHOOK_FIELD, postern_string(s) }
#define TIME      { SIGN_WEBHOOK_TIME, postern_null_string }
#define BODY      { SIGN_WEBHOOK_BODY, postern_null_string }


static size_t sign_webhook_name(const unsigned char *p,
    const unsigned char *end, postern_str_t *name);
static const char *sign_webhook_variable(postern_str_t name,
    const postern_alloc_t *alloc, sign_webhook_part_t *part);


static const sign_webhook_t  sign_webhook_kinds[] = {

    /* standardwebhooks.com, version 1.0.0 */

    { .name = postern_string("standard"),
      .form = SIGN_WEBHOOK_STANDARD,
      .header = postern_string("webhook-signature"),
      .timestamp = postern_string("webhook-timestamp"),
      .nparts = 5,
      .parts = { FIELD("webhook-id"), TEXT("."), FIELD("webhook-timestamp"),
                 TEXT("."), BODY } },

    { .name = postern_string("github"),
      .algorithm = POSTERN_ALG_HMAC_SHA256,
      .header = postern_string("x-hub-signature-256"),
      .prefix = postern_string("sha256="),
      .undated = 1,
      .nparts = 1,
      .parts = { BODY } },

    { .name = postern_string("stripe"),
      .form = SIGN_WEBHOOK_STRIPE,
      .algorithm = POSTERN_ALG_HMAC_SHA256,
      .header = postern_string("stripe-signature"),
      .nparts = 3,
      .parts = { TIME, TEXT("."), BODY } },

    { .name = postern_string("slack"),
      .algorithm = POSTERN_ALG_HMAC_SHA256,
      .header = postern_string("x-slack-signature"),
      .prefix = postern_string("v0="),
      .timestamp = postern_string("x-slack-request-timestamp"),
      .nparts = 4,
      .parts = { TEXT("v0:"), FIELD("x-slack-request-timestamp"), TEXT(":"),
                 BODY } },

    { .name = postern_string("shopify"),
      .algorithm = POSTERN_ALG_HMAC_SHA256,
      .encoding = SIGN_WEBHOOK_BASE64,
      .header = postern_string("x-shopify-hmac-sha256"),
      .undated = 1,
      .nparts = 1,
      .parts = { BODY } }
};

#define SIGN_WEBHOOK_KINDS                                                    \
    (sizeof(sign_webhook_kinds) / sizeof(sign_webhook_kinds[0]))


const sign_webhook_t *
sign_webhook_kind(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_WEBHOOK_KINDS; i++) {
        if (postern_str_eq(sign_webhook_kinds[i].name, name)) {
            return &sign_webhook_kinds[i];
        }
    }

    return NULL;
}


const char *
sign_webhook_template(postern_str_t text, const postern_alloc_t *alloc,
    sign_webhook_t *webhook)
{
    size_t                n;
    unsigned              bodies;
    const char           *wrong;
    postern_str_t         name;
    sign_webhook_part_t  *part;
    const unsigned char  *p, *end, *dollar;

    bodies = 0;
    webhook->nparts = 0;
    end = text.data + text.len;

    for (p = text.data; p < end; p += n) {

        if (webhook->nparts == SIGN_WEBHOOK_PARTS) {
            return "has too many variables";
        }

        part = &webhook->parts[webhook->nparts++];
        dollar = memchr(p, '$', end - p);

        if (p != dollar) {
            n = (dollar ? dollar : end) - p;

            part->type = SIGN_WEBHOOK_LITERAL;
            part->text.data = p;
            part->text.len = n;
            continue;
        }

        n = sign_webhook_name(p, end, &name);

        if (n == 0) {
            return "has a \"$\" without the name of a variable behind it";
        }

        wrong = sign_webhook_variable(name, alloc, part);

        if (wrong) {
            return wrong;
        }

        bodies += (part->type == SIGN_WEBHOOK_BODY);
    }

    return bodies == 1 ? NULL
                       : "must have \"$request_body\" once: a signature that "
                         "leaves it out protects nothing";
}


/* "$name" or "${name}", as nginx has them; returns the length of all, or 0 */

static size_t
sign_webhook_name(const unsigned char *p, const unsigned char *end,
    postern_str_t *name)
{
    unsigned              brace;
    unsigned char         ch;
    const unsigned char  *start;

    start = p++;
    brace = (p < end && *p == '{');
    p += brace;
    name->data = p;

    for ( /* void */ ; p < end; p++) {
        ch = *p | 0x20;

        if (!(ch >= 'a' && ch <= 'z') && !(*p >= '0' && *p <= '9')
            && *p != '_')
        {
            break;
        }
    }

    name->len = p - name->data;

    if (name->len == 0 || (brace && (p == end || *p != '}'))) {
        return 0;
    }

    return p - start + brace;
}


static const char *
sign_webhook_variable(postern_str_t name, const postern_alloc_t *alloc,
    sign_webhook_part_t *part)
{
    size_t          i;
    unsigned char   ch, *p;

    part->text = name;
    part->type = SIGN_WEBHOOK_VALUE;

    if (postern_str_is(name, "request_body")) {
        part->type = SIGN_WEBHOOK_BODY;
        return NULL;
    }

    if (name.len <= 5 || memcmp(name.data, "http_", 5) != 0) {
        return NULL;
    }

    name.data += 5;
    name.len -= 5;

    p = postern_alloc(alloc, name.len);
    if (p == NULL) {
        return "needs more memory than there is";
    }

    for (i = 0; i < name.len; i++) {
        ch = sign_lower(name.data[i]);

        p[i] = (ch == '_') ? '-' : ch;
    }

    part->type = SIGN_WEBHOOK_FIELD;
    part->text.data = p;
    part->text.len = name.len;

    return NULL;
}


int
sign_webhook_has(const sign_webhook_t *webhook, postern_str_t name)
{
    size_t  i;

    for (i = 0; i < webhook->nparts; i++) {
        if (webhook->parts[i].type == SIGN_WEBHOOK_FIELD
            && postern_str_eq(webhook->parts[i].text, name))
        {
            return 1;
        }
    }

    return 0;
}


int
sign_webhook_takes(const sign_webhook_t *webhook, const postern_key_t *key)
{
    if (webhook->form == SIGN_WEBHOOK_STANDARD) {
        return key->algorithm == POSTERN_ALG_HMAC_SHA256
               || key->algorithm == POSTERN_ALG_ED25519;
    }

    return key->algorithm == webhook->algorithm;
}
