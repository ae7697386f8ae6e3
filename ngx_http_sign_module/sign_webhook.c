
/*
 * Webhooks: see sign_webhook.h.
 *
 * The message names no key: those of the configuration are tried, all of them
 * each time, so that neither the answer nor its time tells which it was.
 */


#include "sign_scheme.h"
#include "postern_assert.h"
#include "sign_verify.h"
#include "sign_webhook.h"

#include <sodium.h>


typedef struct {
    sign_sink_t            sink;
    postern_alloc_t        alloc;
    sign_webhook_data_t   *data;
    sign_digest_t         *content;
    size_t                 nmacs;
    sign_mac_t             macs[SIGN_MAX_KEYS];
    size_t                 of[SIGN_MAX_KEYS];    /* key of each */
    unsigned               hold:1;               /* some key is Ed25519 */
    size_t                 room;                 /* bytes of held */
    unsigned char         *held;
    size_t                 len;
} sign_webhook_sink_t;


static sign_code_e sign_webhook_texts(const sign_request_t *req,
    const postern_alloc_t *alloc, sign_webhook_data_t *data,
    sign_message_t *msg);
static sign_code_e sign_webhook_part(const sign_request_t *req,
    const sign_webhook_part_t *part, size_t *value,
    const sign_webhook_data_t *data, postern_str_t *text,
    sign_message_t *msg);
static postern_str_t sign_webhook_join(const postern_alloc_t *alloc,
    const postern_str_t *texts, size_t n);
static sign_code_e sign_webhook_dated(const sign_request_t *req,
    sign_webhook_data_t *data, sign_message_t *msg);
static int sign_webhook_named(const sign_webhook_t *webhook,
    postern_str_t key_id);
static int sign_webhook_same(const sign_webhook_t *a, const sign_webhook_t *b);
static sign_code_e sign_webhook_update(sign_sink_t *sink,
    const unsigned char *bytes, size_t len, sign_message_t *msg);
static sign_code_e sign_webhook_hold(sign_webhook_sink_t *sink,
    const unsigned char *bytes, size_t len, sign_message_t *msg);
static sign_code_e sign_webhook_final(sign_sink_t *sink, sign_message_t *msg);
static int sign_webhook_match(const sign_webhook_data_t *data,
    sign_key_t *key, size_t i);
static void sign_webhook_claim(sign_message_t *msg);


int
sign_webhook_present(const sign_request_t *req, const sign_policy_t *policy)
{
    size_t  i;

    if (policy == NULL || policy->webhook == NULL) {
        return 0;
    }

    i = 0;

    return sign_field_next(req, policy->webhook->header, &i) != NULL;
}


sign_code_e
sign_webhook_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    sign_code_e           code;
    postern_str_t         value;
    sign_webhook_data_t  *data;

    data = postern_alloc(alloc, sizeof(sign_webhook_data_t));
    if (data == NULL) {
        return SIGN_NO_MEMORY;
    }

    memset(data, 0, sizeof(sign_webhook_data_t));

    data->webhook = policy->webhook;

    msg->scheme_data = data;
    msg->body = SIGN_BODY_BEFORE;
    msg->nkeys = policy->webhook->nkeys;
    msg->alg = policy->webhook->algorithm;
    msg->once = 1;

    value.len = 0;
    value.data = NULL;

    code = sign_field_demand(req, data->webhook->header, msg, &value);

    if (code == SIGN_OK) {
        code = sign_webhook_signatures(value, data, msg);
    }

    if (code == SIGN_OK) {
        code = sign_webhook_dated(req, data, msg);
    }

    if (code == SIGN_OK) {
        code = sign_webhook_texts(req, alloc, data, msg);
    }

    return code;
}


static sign_code_e
sign_webhook_dated(const sign_request_t *req, sign_webhook_data_t *data,
    sign_message_t *msg)
{
    sign_code_e            code;
    const sign_webhook_t  *webhook;

    webhook = data->webhook;

    if (webhook->undated) {
        msg->undated = 1;
        msg->weak = "the signature covers neither method nor path nor host, "
                    "and no time";
        return SIGN_OK;
    }

    msg->weak = postern_str_is(webhook->name, "custom")
                ? "the signature covers what its template names, no more"
                : "the signature covers neither method nor path nor host";

    if (webhook->timestamp.len) {
        code = sign_field_demand(req, webhook->timestamp, msg, &data->time);

        if (code != SIGN_OK) {
            return code;
        }
    }

    msg->created = sign_webhook_time(data->time);

    if (msg->created < 0) {
        return sign_fail(msg, SIGN_MALFORMED, "\"%.*s\" is no time",
                         SIGN_TEXT(data->time));
    }

    return SIGN_OK;
}


/* what stands in front of the body and behind it */

static sign_code_e
sign_webhook_texts(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_webhook_data_t *data, sign_message_t *msg)
{
    size_t                 i, body, value, len;
    sign_code_e            code;
    postern_str_t          texts[SIGN_WEBHOOK_PARTS];
    const sign_webhook_t  *webhook;

    memset(texts, 0, sizeof(texts));

    webhook = data->webhook;
    body = 0;
    value = 0;
    len = 0;

    for (i = 0; i < webhook->nparts; i++) {

        if (webhook->parts[i].type == SIGN_WEBHOOK_BODY) {
            body = i;
            continue;
        }

        code = sign_webhook_part(req, &webhook->parts[i], &value, data,
                                 &texts[i], msg);

        if (code != SIGN_OK) {
            return code;
        }

        len += texts[i].len;

        if (len > SIGN_WEBHOOK_TEXT) {
            return sign_fail(msg, SIGN_TOO_LARGE,
                             "more than %d octets are signed beside the body",
                             SIGN_WEBHOOK_TEXT);
        }
    }

    data->before = sign_webhook_join(alloc, texts, body);
    data->after = sign_webhook_join(alloc, texts + body + 1,
                                    webhook->nparts - body - 1);

    return data->before.data && data->after.data ? SIGN_OK : SIGN_NO_MEMORY;
}


static sign_code_e
sign_webhook_part(const sign_request_t *req, const sign_webhook_part_t *part,
    size_t *value, const sign_webhook_data_t *data, postern_str_t *text,
    sign_message_t *msg)
{
    sign_code_e  code;

    switch (part->type) {

    case SIGN_WEBHOOK_FIELD:
        code = sign_field_demand(req, part->text, msg, text);

        /* the specification has it that ids hold no ".": "a.1" at 2 would be
           "a" at 1 with a body of "2." and more */

        if (code == SIGN_OK && data->webhook->form == SIGN_WEBHOOK_STANDARD
            && POSTERN_ALWAYS(text->data != NULL)
            && memchr(text->data, '.', text->len))
        {
            return sign_fail(msg, SIGN_MALFORMED, "field \"%.*s\" has a \".\"",
                             SIGN_TEXT(part->text));
        }

        return code;

    case SIGN_WEBHOOK_VALUE:
        *text = req->values[(*value)++];
        return SIGN_OK;

    case SIGN_WEBHOOK_TIME:
        *text = data->time;
        return SIGN_OK;

    default: /* SIGN_WEBHOOK_LITERAL */
        *text = part->text;
        return SIGN_OK;
    }
}


static postern_str_t
sign_webhook_join(const postern_alloc_t *alloc, const postern_str_t *texts,
    size_t n)
{
    size_t          i;
    postern_str_t   joined;
    unsigned char  *p;

    joined.len = 0;

    for (i = 0; i < n; i++) {
        joined.len += texts[i].len;
    }

    p = postern_alloc(alloc, joined.len + 1);
    joined.data = p;

    for (i = 0; p && i < n; i++) {
        if (texts[i].len) {
            memcpy(p, texts[i].data, texts[i].len);
            p += texts[i].len;
        }
    }

    return joined;
}


/* all of them; the first that is there stands for all, until it is known which
   it was */

const postern_key_t *
sign_webhook_find(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_message_t *msg)
{
    size_t                i;
    const postern_key_t  *first;

    first = NULL;
    msg->nkeys = policy->webhook->nkeys;
    msg->key_id = policy->webhook->keys[0];

    for (i = 0; i < msg->nkeys; i++) {
        msg->keys[i] = postern_directory_key(dir, policy->webhook->keys[i]);

        if (first == NULL && msg->keys[i]) {
            first = msg->keys[i];
            msg->key_id = first->id;
        }
    }

    return first;
}


/* those that the directory does not have */

size_t
sign_webhook_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES])
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < msg->nkeys; i++) {
        if (msg->keys[i] == NULL) {
            n += sign_name_id(&names[n], policy->webhook->keys[i]);
        }
    }

    return n;
}


const postern_key_t *
sign_webhook_choose(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, const sign_apart_t *apart, size_t n,
    sign_message_t *msg)
{
    size_t  i, k;

    for (i = 0; i < msg->nkeys; i++) {

        for (k = 0; k < n && msg->keys[i] == NULL; k++) {
            if (postern_str_eq(apart[k].key->id, policy->webhook->keys[i])) {
                msg->keys[i] = apart[k].key;
            }
        }

        if (key == NULL && msg->keys[i]) {
            key = msg->keys[i];
            msg->key_id = key->id;
        }
    }

    return key;
}


/*
 * Which requests a key is for is said by the location that names it: method,
 * path and host are what led there.  So they are not demanded; that the key is
 * one of the location's is, also where a redirect led from another.
 */

sign_code_e
sign_webhook_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    size_t                      i;
    sign_code_e                 code;
    const sign_webhook_part_t  *part;
    const sign_webhook_data_t  *data;

    data = msg->scheme_data;

    if (policy->webhook == NULL
        || !sign_webhook_named(policy->webhook, msg->key_id))
    {
        return sign_fail(msg, SIGN_KEY_SCHEME,
                         "key \"%.*s\" is not for the webhooks of this "
                         "location", SIGN_TEXT(msg->key_id));
    }

    if (!sign_webhook_same(policy->webhook, data->webhook)) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "this location takes another kind of webhook");
    }

    for (i = 0; i < policy->nfields; i++) {
        if (!sign_webhook_has(data->webhook, policy->fields[i])) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "field \"%.*s\" is not covered",
                             SIGN_TEXT(policy->fields[i]));
        }
    }

    for (i = 0; i < data->webhook->nparts; i++) {
        part = &data->webhook->parts[i];

        if (part->type != SIGN_WEBHOOK_FIELD) {
            continue;
        }

        code = sign_check_hop(req, part->text, msg);

        if (code != SIGN_OK) {
            return code;
        }
    }

    return SIGN_OK;
}


static int
sign_webhook_named(const sign_webhook_t *webhook, postern_str_t key_id)
{
    size_t  i;

    for (i = 0; i < webhook->nkeys; i++) {
        if (postern_str_eq(webhook->keys[i], key_id)) {
            return 1;
        }
    }

    return 0;
}


/* two locations may have different keys for one kind */

static int
sign_webhook_same(const sign_webhook_t *a, const sign_webhook_t *b)
{
    return a == b
           || (postern_str_eq(a->name, b->name)
               && sign_webhook_kind(a->name) != NULL);
}


sign_sink_t *
sign_webhook_sink(sign_key_t *key, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    void                 *memory;
    size_t                i;
    sign_key_t           *k;
    sign_webhook_sink_t  *s;

    s = postern_alloc(alloc, sizeof(sign_webhook_sink_t));
    memory = postern_alloc(alloc, sign_digest_size());

    if (s == NULL || memory == NULL) {
        return NULL;
    }

    memset(s, 0, sizeof(sign_webhook_sink_t));

    s->sink.update = sign_webhook_update;
    s->sink.final = sign_webhook_final;
    s->alloc = *alloc;
    s->data = (sign_webhook_data_t *) msg->scheme_data;
    s->content = sign_digest_begin(memory, SIGN_DIGEST_SHA256);

    for (i = 0; i < msg->nkeys; i++) {
        k = msg->opened[i];

        if (k == NULL) {
            continue;
        }

        if (sign_mac_begin(&s->macs[s->nmacs], k) == s->data->len) {
            s->of[s->nmacs++] = i;
        }

        if (k->algorithm == POSTERN_ALG_ED25519 && s->data->npublics) {
            s->hold = 1;
        }
    }

    /* its bound is far from that of the texts around the body */

    (void) sign_webhook_update(&s->sink, s->data->before.data,
                               s->data->before.len, msg);

    return s->hold && s->held == NULL && s->data->before.len ? NULL : &s->sink;
}


static sign_code_e
sign_webhook_update(sign_sink_t *sink, const unsigned char *bytes, size_t len,
    sign_message_t *msg)
{
    size_t                i;
    sign_webhook_sink_t  *s;

    s = (sign_webhook_sink_t *) sink;

    sign_digest_update(s->content, bytes, len);

    for (i = 0; i < s->nmacs; i++) {
        sign_mac_update(&s->macs[i], bytes, len);
    }

    return s->hold ? sign_webhook_hold(s, bytes, len, msg) : SIGN_OK;
}


static sign_code_e
sign_webhook_hold(sign_webhook_sink_t *s, const unsigned char *bytes,
    size_t len, sign_message_t *msg)
{
    size_t          room;
    unsigned char  *p;

    if (len > SIGN_WEBHOOK_HELD - s->len) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "more than %d octets, which Ed25519 needs at once",
                         SIGN_WEBHOOK_HELD);
    }

    if (len > s->room - s->len) {

        for (room = 4096; room - s->len < len || room < s->len; room *= 2) {
            /* void */
        }

        p = postern_alloc(&s->alloc, room);
        if (p == NULL) {
            return SIGN_NO_MEMORY;
        }

        if (s->len) {
            memcpy(p, s->held, s->len);
        }

        s->held = p;
        s->room = room;
    }

    if (len) {
        memcpy(s->held + s->len, bytes, len);
        s->len += len;
    }

    return SIGN_OK;
}


static sign_code_e
sign_webhook_final(sign_sink_t *sink, sign_message_t *msg)
{
    size_t                i;
    sign_code_e           code;
    unsigned char         hash[64];
    sign_webhook_sink_t  *s;

    s = (sign_webhook_sink_t *) sink;

    code = sign_webhook_update(sink, s->data->after.data, s->data->after.len,
                               msg);

    (void) sign_digest_final(s->content, hash);
    memcpy(s->data->content, hash, sizeof(s->data->content));

    for (i = 0; i < s->nmacs; i++) {
        (void) sign_mac_final(&s->macs[i], s->data->macs[s->of[i]]);
        s->data->made |= 1u << s->of[i];
    }

    s->data->held.data = s->held;
    s->data->held.len = s->len;

    msg->has_body_hash = 1;

    return code;
}


/* what is claimed: the content, whoever signed it */

sign_code_e
sign_webhook_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    const sign_webhook_data_t  *data;

    data = msg->scheme_data;

    if (!msg->has_body_hash) {
        return sign_fail(msg, SIGN_DIGEST, "the body is not known");
    }

    msg->base.data = data->content;
    msg->base.len = sizeof(data->content);

    return SIGN_OK;
}


int
sign_webhook_verify(sign_key_t *key, sign_message_t *msg)
{
    int                   valid;
    size_t                i;
    sign_webhook_data_t  *data;

    data = (sign_webhook_data_t *) msg->scheme_data;
    valid = 0;

    for (i = msg->nkeys; i-- > 0; /* void */ ) {

        if (sign_webhook_match(data, msg->opened[i], i) && msg->keys[i]) {
            msg->which = i;
            valid = 1;
        }
    }

    sodium_memzero(data->macs, sizeof(data->macs));

    if (valid) {
        msg->key_id = msg->keys[msg->which]->id;
        sign_webhook_claim(msg);
    }

    return valid;
}


/* all signatures with the key, whichever was right */

static int
sign_webhook_match(const sign_webhook_data_t *data, sign_key_t *key, size_t i)
{
    int            match;
    size_t         n;
    postern_str_t  signature;

    match = 0;

    if (data->made & 1u << i) {

        for (n = 0; n < data->nhmacs; n++) {
            match |= (sodium_memcmp(data->macs[i], data->hmacs[n], data->len)
                      == 0);
        }

        return match;
    }

    if (key == NULL || key->algorithm != POSTERN_ALG_ED25519) {
        return 0;
    }

    for (n = 0; n < data->npublics; n++) {
        signature.data = data->publics[n];
        signature.len = sizeof(data->publics[n]);

        match |= sign_key_verify(key, data->held, signature);
    }

    return match;
}


/*
 * Of several signatures in one message anybody can take one away: another key
 * would make another claim of it, and a copy would be the first.  Content that
 * may carry several is claimed without the key; it has an id and a time.  Where
 * there is one signature the key stays part of the claim, as the same few
 * octets may come from two senders.
 */

static void
sign_webhook_claim(sign_message_t *msg)
{
    postern_str_t               key_id;
    const sign_webhook_data_t  *data;

    data = msg->scheme_data;
    key_id = msg->key_id;

    if (data->webhook->form != SIGN_WEBHOOK_TEMPLATE) {
        msg->key_id.len = 0;
    }

    sign_claim(msg);

    msg->key_id = key_id;
}
