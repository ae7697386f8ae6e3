/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a webhook: a byte for the kind, a line for the template of a
 * custom one, the header fields, an empty line, the body.  The signatures that
 * the input may hold are never right, so that anything but a refusal is a
 * fault; the right one in their place verifies, and claims the same whatever
 * the pieces are in which the body came.
 */


#include "fuzz_request.h"
#include "sign_scheme.h"
#include "sign_verify.h"
#include "sign_webhook.h"

#include <openssl/hmac.h>


static const char  *const kinds[] = {
    "standard", "github", "stripe", "slack", "shopify", "custom"
};

static const postern_str_t  secret =
    postern_string("the secret of a webhook, shared");


/* 0 where it is no location's */

static int
location(unsigned byte, postern_str_t template, const postern_alloc_t *memory,
    sign_webhook_t *hook)
{
    postern_str_t  name;

    name.data = (const unsigned char *) kinds[byte % 6];
    name.len = strlen(kinds[byte % 6]);

    memset(hook, 0, sizeof(sign_webhook_t));

    if (byte % 6 < 5) {
        *hook = *sign_webhook_kind(name);

    } else {
        hook->name = name;
        hook->algorithm = byte & 0x40 ? POSTERN_ALG_ED25519
                        : byte & 0x80 ? POSTERN_ALG_HMAC_SHA512
                                      : POSTERN_ALG_HMAC_SHA256;
        hook->encoding = byte / 6 % 3;
        hook->header.data = (const unsigned char *) "sig";
        hook->header.len = 3;
        hook->undated = 1;

        if (sign_webhook_template(template, memory, hook) != NULL) {
            return 0;
        }
    }

    hook->nkeys = 2;
    hook->keys[0] = hook->keys[1] = name;

    return 1;
}


static sign_code_e
pour(postern_str_t body, size_t piece, const postern_alloc_t *memory,
    sign_message_t *msg)
{
    size_t        n;
    sign_code_e   code;
    sign_sink_t  *sink;

    sink = sign_webhook_sink(NULL, memory, msg);

    if (sink == NULL) {
        return SIGN_NO_MEMORY;
    }

    for (code = SIGN_OK; code == SIGN_OK && body.len; body.len -= n) {
        n = body.len < piece ? body.len : piece;
        code = sink->update(sink, body.data, n, msg);
        body.data += n;
    }

    return code == SIGN_OK ? sink->final(sink, msg) : code;
}


/* the signature as the sender makes it, by other means */

static void
sign(const sign_webhook_data_t *data, const sign_key_t *key,
    postern_str_t body, unsigned char *out)
{
    size_t          n;
    unsigned char  *text;

    n = data->before.len + body.len + data->after.len;
    text = malloc(n + 1);
    HELD(text != NULL);

    memcpy(text, data->before.data, data->before.len);
    memcpy(text + data->before.len, body.len ? body.data : text, body.len);
    memcpy(text + data->before.len + body.len, data->after.data,
           data->after.len);

    HMAC(key->algorithm == POSTERN_ALG_HMAC_SHA512 ? EVP_sha512()
                                                   : EVP_sha256(),
         secret.data, (int) secret.len, text, n, out, NULL);
    free(text);
}


/* the whole way, from the body on; what runs out of memory is left alone */

static sign_code_e
verified(postern_str_t body, sign_key_t *key, size_t piece,
    const postern_alloc_t *memory, sign_message_t *msg)
{
    sign_code_e  code;

    msg->claim_len = 0;
    ((sign_webhook_data_t *) msg->scheme_data)->made = 0;

    code = pour(body, piece, memory, msg);

    if (code != SIGN_OK) {
        HELD(code == SIGN_TOO_LARGE || code == SIGN_NO_MEMORY);
        return code;
    }

    HELD(sign_webhook_base(NULL, memory, msg) == SIGN_OK);

    return sign_verify(key, msg);
}


static void
judged(postern_str_t body, sign_key_t *key, size_t piece,
    const postern_alloc_t *memory, sign_message_t *msg)
{
    sign_code_e           code;
    sign_webhook_data_t  *data;
    unsigned char         claim[SIGN_CLAIM_MAX];

    data = (sign_webhook_data_t *) msg->scheme_data;

    HELD(verified(body, key, piece, memory, msg) != SIGN_OK);

    if (data->nhmacs == 0) {
        return;
    }

    sign(data, key, body, data->hmacs[0]);

    code = verified(body, key, SIZE_MAX, memory, msg);
    HELD(code != SIGN_INVALID);

    if (code != SIGN_OK) {
        return;
    }

    HELD(msg->which == 1 && msg->claim_len);
    memcpy(claim, msg->claim, msg->claim_len);

    if (verified(body, key, piece, memory, msg) == SIGN_OK) {
        HELD(memcmp(claim, msg->claim, msg->claim_len) == 0);
    }

    data->hmacs[0][body.len % data->len] ^= 1;
    HELD(verified(body, key, piece, memory, msg) != SIGN_OK);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned               byte;
    sign_key_t            *hmac, *pair;
    sign_field_t           field[SIGN_MAX_FIELDS];
    fuzz_memory_t          pieces;
    postern_key_t          key, other;
    postern_str_t          rest, template, values[SIGN_WEBHOOK_PARTS];
    sign_policy_t          policy;
    postern_alloc_t        memory;
    sign_webhook_t         hook;
    sign_request_t         req;
    sign_message_t         msg;
    unsigned char          point[32];

    static const postern_str_t  none = postern_null_string;

    rest.data = data;
    rest.len = size;
    byte = fuzz_byte(&rest);
    template = fuzz_cut(&rest, '\n');

    memset(&req, 0, sizeof(req));
    memset(&msg, 0, sizeof(msg));
    memset(&policy, 0, sizeof(policy));
    memset(&key, 0, sizeof(key));
    memset(values, 0, sizeof(values));

    memory = fuzz_memory(&pieces, size % 4 ? SIZE_MAX
                                          : fuzz_limit(data, size, 16384));

    values[0] = template;
    req.values = values;
    req.fields = field;
    fuzz_fields(&rest, &req, field);
    req.has_body = rest.len != 0;

    msg.scheme = SIGN_WEBHOOK;
    msg.created = POSTERN_TIME_MIN;
    policy.webhook = &hook;

    if (!location(byte, template, &memory, &hook)
        || !sign_webhook_present(&req, &policy)
        || sign_webhook_parse(&req, &policy, &memory, &msg) != SIGN_OK)
    {
        fuzz_free(&pieces);
        return 0;
    }

    HELD(msg.undated || msg.created >= 0);
    HELD(msg.signature.len != 0 && msg.nkeys == 2 && msg.once);

    key.id = hook.name;
    key.algorithm = hook.algorithm == POSTERN_ALG_HMAC_SHA512
                    ? POSTERN_ALG_HMAC_SHA512 : POSTERN_ALG_HMAC_SHA256;
    other = key;
    other.algorithm = POSTERN_ALG_ED25519;
    memset(point, 0x66, sizeof(point));
    point[0] = 0x58;
    other.public_key.data = point;
    other.public_key.len = sizeof(point);

    hmac = sign_key_create(&key, secret);
    pair = sign_key_create(&other, none);
    HELD(hmac != NULL && pair != NULL);

    msg.keys[0] = &other;
    msg.opened[0] = pair;
    msg.keys[1] = &key;
    msg.opened[1] = hmac;
    msg.key_id = key.id;

    HELD(sign_webhook_cover(&req, &policy, &key, &msg) == SIGN_OK || msg.hops);

    judged(rest, hmac, 1 + size % 100, &memory, &msg);

    sign_key_destroy(hmac);
    sign_key_destroy(pair);
    fuzz_free(&pieces);

    return 0;
}
