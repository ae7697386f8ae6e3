
/*
 * The gateway's own steps on a captured request, for whichever scheme it is of.
 */


#include <time.h>

#include <sodium.h>

#include "cli_explain.h"


static void cli_explain_webhook_base(cli_explain_t *e);
static sign_code_e cli_explain_one(cli_explain_t *e, const sign_request_t *req,
    sign_message_t *msg);
static sign_code_e cli_explain_judge(cli_explain_t *e,
    const sign_request_t *req, sign_key_t *const *ready, sign_message_t *msg);
static sign_code_e cli_explain_open(cli_explain_t *e, sign_message_t *msg,
    sign_key_t **ready);
static sign_code_e cli_explain_secret(cli_explain_t *e,
    const postern_key_t *key, size_t i, sign_message_t *msg);
static sign_code_e cli_explain_body(cli_explain_t *e, sign_key_t *key,
    sign_message_t *msg);


/* what fails first is what the gateway says; of several signatures the first
   one speaks, unless another verifies */

void
cli_explain_steps(cli_explain_t *e)
{
    int                   untold;
    sign_code_e           code;
    postern_alloc_t       memory;
    sign_message_t        msg;
    const postern_key_t  *key;

    memory = postern_arena_allocator(e->request.arena);

    e->code = sign_parse(&e->request.req, &e->policy, &memory, &e->msg);

    if (e->code != SIGN_OK && !e->msg.further) {
        return;
    }

    if (e->code != SIGN_OK) {
        msg = e->msg;

        if (sign_next(&e->request.req, &e->policy, &memory, &msg) == SIGN_OK) {
            e->code = cli_explain_one(e, &e->request.req, &msg);
            e->msg = msg;
        }

        return;
    }

    e->code = cli_explain_one(e, &e->request.req, &e->msg);

    if (e->msg.scheme == SIGN_WEBHOOK) {
        cli_explain_webhook_base(e);

    } else if (e->msg.scheme == SIGN_ENOS) {

        /* it is a hash with the secret in it */

        e->msg.base = cli_str(NULL);
    }

    msg = e->msg;
    key = e->key;
    untold = e->untold;

    while (e->code != SIGN_OK && msg.further) {

        if (sign_next(&e->request.req, &e->policy, &memory, &msg) != SIGN_OK) {
            break;
        }

        code = cli_explain_one(e, &e->request.req, &msg);

        if (code == SIGN_OK) {
            e->code = code;
            e->msg = msg;
            return;
        }
    }

    e->key = key;
    e->untold = untold;
}


/* the base of a webhook is a hash for the claim: what was signed is the body
   with a little around it */

static void
cli_explain_webhook_base(cli_explain_t *e)
{
    size_t                      len;
    postern_str_t               body;
    unsigned char              *p;
    const sign_webhook_data_t  *data;

    data = e->msg.scheme_data;
    body = e->request.body;
    len = data->before.len + body.len + data->after.len;

    e->msg.base = cli_str(NULL);

    if (e->untold || len > SIGN_MAX_BASE) {
        return;
    }

    p = postern_arena_alloc(e->request.arena, len + 1);

    if (p == NULL) {
        return;
    }

    e->msg.base.data = p;
    e->msg.base.len = len;

    if (data->before.len) {
        memcpy(p, data->before.data, data->before.len);
    }

    if (body.len) {
        memcpy(p + data->before.len, body.data, body.len);
    }

    if (data->after.len) {
        memcpy(p + data->before.len + body.len, data->after.data,
               data->after.len);
    }
}


sign_code_e
cli_explain_verify(cli_explain_t *e, const sign_request_t *req,
    sign_message_t *msg)
{
    int                   untold;
    sign_code_e           code;
    postern_alloc_t       memory;
    const postern_key_t  *key;

    memory = postern_arena_allocator(e->request.arena);
    key = e->key;
    untold = e->untold;

    code = sign_parse(req, &e->policy, &memory, msg);

    if (code == SIGN_OK) {
        code = cli_explain_one(e, req, msg);
    }

    e->key = key;
    e->untold = untold;

    return code;
}


/* the base is of use even where the key or the coverage is not */

static sign_code_e
cli_explain_one(cli_explain_t *e, const sign_request_t *req,
    sign_message_t *msg)
{
    size_t       i;
    int64_t      now;
    sign_key_t  *ready[SIGN_MAX_KEYS] = { NULL };
    sign_code_e  code, judged;
    char         detail[sizeof(msg->detail)];

    now = e->at ? e->at : msg->created != POSTERN_TIME_MIN
                          ? msg->created : (int64_t) time(NULL);

    /* only the gateway's state names the key behind a token of EnOS */

    if (msg->key_id.len == 0 && msg->scheme == SIGN_ENOS && e->nkeys) {
        msg->key_id = e->keys[0];
    }

    e->key = sign_find(req, &e->policy, e->dir, msg);
    e->untold = 0;

    code = sign_check(req, &e->policy, e->key, cli_str(e->org),
                      e->has_address ? e->address : NULL, now, msg);

    if (code == SIGN_OK) {
        code = cli_explain_open(e, msg, ready);
    }

    memcpy(detail, msg->detail, sizeof(detail));

    judged = cli_explain_judge(e, req, ready, msg);

    if (code != SIGN_OK) {
        memcpy(msg->detail, detail, sizeof(detail));
        judged = code;
    }

    for (i = 0; i < SIGN_MAX_KEYS; i++) {
        msg->opened[i] = NULL;
        sign_key_destroy(ready[i]);
    }

    return judged;
}


static sign_code_e
cli_explain_judge(cli_explain_t *e, const sign_request_t *req,
    sign_key_t *const *ready, sign_message_t *msg)
{
    size_t            i;
    sign_code_e       code;
    sign_key_t       *key;
    postern_alloc_t   memory;

    memory = postern_arena_allocator(e->request.arena);
    key = NULL;

    for (i = 0; key == NULL && i < SIGN_MAX_KEYS; i++) {
        key = ready[i];
    }

    if (msg->body == SIGN_BODY_BEFORE) {
        code = cli_explain_body(e, key, msg);

        if (code != SIGN_OK || e->untold) {
            return code;
        }
    }

    code = sign_base(req, &memory, msg);

    if (code == SIGN_OK && key) {
        code = sign_verify(key, msg);
    }

    if (code == SIGN_OK && key && msg->body == SIGN_BODY_AFTER) {
        code = cli_explain_body(e, key, msg);
    }

    return code;
}


/* the key of the message, or all that may have signed it */

static sign_code_e
cli_explain_open(cli_explain_t *e, sign_message_t *msg, sign_key_t **ready)
{
    size_t                i, n;
    sign_code_e           code;
    postern_str_t         secret;
    const postern_key_t  *key;

    n = msg->nkeys ? msg->nkeys : 1;

    for (i = 0; i < n; i++) {
        key = msg->nkeys ? msg->keys[i] : e->key;

        if (key == NULL) {
            continue;
        }

        secret = cli_str(NULL);

        if (postern_alg_is_hmac(key->algorithm)) {
            code = cli_explain_secret(e, key, i, msg);

            if (code != SIGN_OK) {
                return code;
            }

            secret.data = e->secrets[i];
            secret.len = e->secret_len[i];
        }

        ready[i] = sign_key_create(key, secret);
        msg->opened[i] = ready[i];

        if (ready[i] == NULL) {
            snprintf(msg->detail, sizeof(msg->detail),
                     "the key cannot be made ready");
            return SIGN_KEY_UNUSABLE;
        }
    }

    return SIGN_OK;
}


/* opened once: guesses change it */

static sign_code_e
cli_explain_secret(cli_explain_t *e, const postern_key_t *key, size_t i,
    sign_message_t *msg)
{
    char             name[3 * POSTERN_NAME_MAX];
    postern_open_e   rc;
    postern_ring_t   ring;

    if (e->secret_len[i]) {
        return SIGN_OK;
    }

    if (e->ring_file && cli_ring(e->ring_file, &ring) != 0) {
        return SIGN_KEY_UNUSABLE;
    }

    rc = POSTERN_OPEN_MALFORMED;

    if (postern_seal_name(name, sizeof(name), key->org->name, "keys", key->id,
                          "secret") != 0)
    {
        rc = postern_secret_open(e->ring_file ? &ring : NULL, key->secret,
                                 cli_str(name), e->secrets[i],
                                 &e->secret_len[i]);
    }

    sodium_memzero(&ring, sizeof(ring));

    if (rc == POSTERN_OPEN_OK) {
        return SIGN_OK;
    }

    snprintf(msg->detail, sizeof(msg->detail), "the secret of key \"%.*s\" "
             "does not open: %s%s", (int) key->id.len,
             (const char *) key->id.data, postern_open_text(rc),
             e->ring_file ? "" : " (no --master-key was given)");

    return SIGN_KEY_UNUSABLE;
}


static sign_code_e
cli_explain_body(cli_explain_t *e, sign_key_t *key, sign_message_t *msg)
{
    sign_sink_t     *sink;
    sign_code_e      code;
    postern_alloc_t  memory;

    if (!e->request.body_known && e->request.req.has_body) {
        e->untold = 1;
        return SIGN_OK;
    }

    memory = postern_arena_allocator(e->request.arena);
    sink = sign_sink(key, &memory, msg);

    if (sink == NULL) {
        snprintf(msg->detail, sizeof(msg->detail), "out of memory");
        return SIGN_NO_MEMORY;
    }

    code = SIGN_OK;

    if (e->request.body.len) {
        code = sink->update(sink, e->request.body.data, e->request.body.len,
                            msg);
    }

    if (code == SIGN_OK) {
        code = sink->final(sink, msg);
    }

    /* of one that is framed the sink says more */

    if (code == SIGN_DIGEST && !msg->framed) {
        snprintf(msg->detail, sizeof(msg->detail), "the digest of the body "
                 "(%zu bytes) is not the one that was signed",
                 e->request.body.len);
    }

    return code;
}
