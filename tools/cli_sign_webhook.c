
/*
 * Webhooks of the known kinds: what is signed is made of the very parts that
 * the gateway takes apart.
 */


#include <sodium.h>

#include "cli_sign.h"
#include "sign_webhook.h"


static int cli_sign_webhook_fields(cli_sign_t *s,
    const sign_webhook_t *webhook);
static postern_str_t cli_sign_webhook_text(cli_sign_t *s,
    const sign_webhook_t *webhook, const char *when);
static void cli_sign_append(cli_sign_t *s, postern_str_t *text,
    postern_str_t part);


int
cli_sign_make_webhook(cli_sign_t *s)
{
    char                   hex[2 * CLI_SIGNATURE_MAX + 1];
    size_t                 len;
    const char            *when, *text;
    cli_request_t         *r;
    sign_message_t         msg;
    postern_str_t          value;
    unsigned char          signature[CLI_SIGNATURE_MAX];
    const sign_webhook_t  *webhook;

    r = &s->request;
    webhook = sign_webhook_kind(cli_str(s->kind));
    when = (const char *) cli_format(r, "%lld", (long long) s->created).data;

    if (cli_sign_webhook_fields(s, webhook) != 0) {
        return -1;
    }

    memset(&msg, 0, sizeof(msg));

    msg.scheme = SIGN_WEBHOOK;
    msg.base = cli_sign_webhook_text(s, webhook, when);

    if (s->print_base) {
        fwrite(msg.base.data, 1, msg.base.len, stdout);
        putchar('\n');
    }

    len = cli_signer_sign(&s->signer, &msg, signature);

    if (len == 0) {
        return -1;
    }

    if (webhook->form == SIGN_WEBHOOK_STANDARD) {
        value = cli_format(r, "%s,%s",
                           s->signer.alg == POSTERN_ALG_ED25519 ? "v1a" : "v1",
                           cli_sign_base64(s, signature, len));

    } else {
        sodium_bin2hex(hex, sizeof(hex), signature, len);
        text = webhook->encoding == SIGN_WEBHOOK_BASE64
               ? cli_sign_base64(s, signature, len) : hex;

        value = webhook->form == SIGN_WEBHOOK_STRIPE
                ? cli_format(r, "t=%s,v1=%s", when, text)
                : cli_format(r, "%.*s%s", (int) webhook->prefix.len,
                             webhook->prefix.len
                             ? (const char *) webhook->prefix.data : "", text);
    }

    return cli_request_add(r, (const char *) webhook->header.data, value);
}


/* the fields that are signed, where no --header gave them */

static int
cli_sign_webhook_fields(cli_sign_t *s, const sign_webhook_t *webhook)
{
    size_t                      i;
    char                        id[2 * 16 + 1];
    const char                 *name;
    postern_str_t               value;
    cli_request_t              *r;
    unsigned char               random[16];
    const sign_webhook_part_t  *part;

    r = &s->request;

    for (i = 0; i < webhook->nparts; i++) {
        part = &webhook->parts[i];
        name = (const char *) part->text.data;

        if (part->type != SIGN_WEBHOOK_FIELD
            || cli_request_get(r, name).data != NULL)
        {
            continue;
        }

        if (postern_str_eq(part->text, webhook->timestamp)) {
            value = cli_format(r, "%lld", (long long) s->created);

        } else {
            randombytes_buf(random, sizeof(random));
            sodium_bin2hex(id, sizeof(id), random, sizeof(random));
            value = cli_format(r, "msg_%s", id);
        }

        if (cli_request_add(r, name, value) != 0) {
            return -1;
        }
    }

    return 0;
}


static postern_str_t
cli_sign_webhook_text(cli_sign_t *s, const sign_webhook_t *webhook,
    const char *when)
{
    size_t                      i;
    postern_str_t               text;
    const sign_webhook_part_t  *part;

    text = cli_str("");

    for (i = 0; i < webhook->nparts; i++) {
        part = &webhook->parts[i];

        switch (part->type) {

        case SIGN_WEBHOOK_LITERAL:
            cli_sign_append(s, &text, part->text);
            break;

        case SIGN_WEBHOOK_FIELD:
            cli_sign_append(s, &text,
                            cli_request_get(&s->request, (const char *)
                                                         part->text.data));
            break;

        case SIGN_WEBHOOK_TIME:
            cli_sign_append(s, &text, cli_str(when));
            break;

        default: /* SIGN_WEBHOOK_BODY: no known kind has variables */
            cli_sign_append(s, &text, s->body);
            break;
        }
    }

    return text;
}


static void
cli_sign_append(cli_sign_t *s, postern_str_t *text, postern_str_t part)
{
    unsigned char  *p;

    p = postern_arena_alloc(s->request.arena, text->len + part.len + 1);

    if (p == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }

    if (text->len) {
        memcpy(p, text->data, text->len);
    }

    if (part.len) {
        memcpy(p + text->len, part.data, part.len);
    }

    text->data = p;
    text->len += part.len;
}
