
/*
 * The sink of schemes that sign a hash of the body: what came is hashed, and
 * becomes part of the base, or is compared with the hash that was signed.
 */


#include "sign_scheme.h"


typedef struct {
    sign_sink_t     sink;
    sign_digest_t  *digest;
} sign_hash_sink_t;


static sign_code_e sign_hash_update(sign_sink_t *sink,
    const unsigned char *data, size_t len, sign_message_t *msg);
static sign_code_e sign_hash_final(sign_sink_t *sink, sign_message_t *msg);


sign_sink_t *
sign_hash_sink(const postern_alloc_t *alloc, sign_message_t *msg)
{
    void              *memory;
    sign_digest_e      kind;
    sign_hash_sink_t  *sink;

    sink = postern_alloc(alloc, sizeof(sign_hash_sink_t));
    memory = postern_alloc(alloc, sign_digest_size());

    if (sink == NULL || memory == NULL) {
        return NULL;
    }

    kind = (msg->body == SIGN_BODY_BEFORE) ? SIGN_DIGEST_SHA256 : msg->digest;

    sink->sink.update = sign_hash_update;
    sink->sink.final = sign_hash_final;
    sink->digest = sign_digest_begin(memory, kind);

    return &sink->sink;
}


static sign_code_e
sign_hash_update(sign_sink_t *sink, const unsigned char *data, size_t len,
    sign_message_t *msg)
{
    sign_digest_update(((sign_hash_sink_t *) sink)->digest, data, len);

    return SIGN_OK;
}


static sign_code_e
sign_hash_final(sign_sink_t *sink, sign_message_t *msg)
{
    unsigned char  hash[64];

    (void) sign_digest_final(((sign_hash_sink_t *) sink)->digest, hash);

    if (msg->body == SIGN_BODY_BEFORE) {
        memcpy(msg->body_hash, hash, sizeof(msg->body_hash));
        msg->has_body_hash = 1;

        return SIGN_OK;
    }

    if (sign_digest_equal(msg->digest, hash, msg->digest_value)) {
        return SIGN_OK;
    }

    return sign_fail(msg, SIGN_DIGEST,
                     "the body that came is not the one signed");
}
