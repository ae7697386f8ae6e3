/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a request of EnOS: the target, the header fields, an empty line,
 * the body; and the body as a call for a token.  No signature that the input
 * holds is right.  The order of parameters changes nothing: a query turned
 * round signs the same text, or is refused the same way.
 */


#include "fuzz_request.h"
#include "sign_scheme.h"
#include "sign_enos.h"


static const postern_str_t  secret = postern_string("a secret of an app");


/* the target with its parameters in reverse order */

static postern_str_t
turned(postern_str_t target)
{
    postern_str_t         rest, piece, out;
    unsigned char        *p, *end;

    out.len = target.len;
    p = malloc(target.len + 1);
    HELD(p != NULL);
    out.data = p;

    rest = target;
    piece = fuzz_cut(&rest, '?');
    memcpy(p, target.data, target.len);

    if (piece.len == target.len) {
        return out;
    }

    p += piece.len + 1;
    end = p + rest.len;

    /* nothing is behind the last "&", which cutting does not tell */

    while (rest.len) {
        piece = fuzz_cut(&rest, '&');
        end -= piece.len;
        memcpy(end, piece.data, piece.len);

        if (end > p) {
            *--end = '&';
        }
    }

    return out;
}


static void
query_is_sorted(postern_str_t target, unsigned version)
{
    sign_code_e        one, two;
    postern_str_t      other;
    fuzz_memory_t      pieces;
    postern_alloc_t    memory;
    sign_message_t     msg;
    sign_enos_query_t  a, b;

    memory = fuzz_memory(&pieces, SIZE_MAX);
    other = turned(target);

    one = sign_enos_query(target, version, &memory, &a, &msg);
    two = sign_enos_query(other, version, &memory, &b, &msg);

    HELD(one == two);

    if (one == SIGN_OK) {
        fuzz_read(a.text);
        HELD(a.text.len <= target.len);
        HELD(postern_str_eq(a.text, b.text));
        HELD(postern_str_eq(a.key_id, b.key_id));
        HELD(postern_str_eq(a.signature, b.signature));
        HELD(sign_enos_in_query(target) == sign_enos_in_query(other));
    }

    free((void *) other.data);
    fuzz_free(&pieces);
}


static void
refused(sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, postern_str_t body,
    const postern_alloc_t *memory, sign_message_t *msg)
{
    sign_key_t   *k;
    sign_sink_t  *sink;

    if (sign_enos_cover(req, policy, key, msg) != SIGN_OK) {
        return;
    }

    HELD(msg->created >= 0);

    k = sign_key_create(key, secret);
    HELD(k != NULL);

    sink = sign_enos_sink(k, memory, msg);

    if (sink != NULL) {
        HELD(sink->update(sink, body.data, body.len, msg) == SIGN_OK);
        HELD(sink->final(sink, msg) == SIGN_OK);
        HELD(sign_enos_base(req, memory, msg) == SIGN_OK);
        HELD(sign_verify(k, msg) == SIGN_INVALID);
    }

    sign_key_destroy(k);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sign_field_t         field[SIGN_MAX_FIELDS];
    fuzz_memory_t        pieces;
    postern_key_t        key;
    postern_str_t        rest;
    sign_policy_t        policy;
    sign_request_t       req;
    sign_message_t       msg;
    postern_alloc_t      memory;
    sign_enos_status_e   status;

    memset(&req, 0, sizeof(req));
    memset(&msg, 0, sizeof(msg));
    memset(&policy, 0, sizeof(policy));
    memset(&key, 0, sizeof(key));

    rest.data = data;
    rest.len = size;
    req.target = fuzz_cut(&rest, '\n');
    req.fields = field;
    fuzz_fields(&rest, &req, field);
    req.has_body = rest.len != 0;

    msg.scheme = SIGN_ENOS;
    msg.created = POSTERN_TIME_MIN;
    policy.insecure = SIGN_INSECURE_COVERAGE;
    key.algorithm = POSTERN_ALG_HMAC_SHA256;
    key.schemes = SIGN_ENOS;

    query_is_sorted(req.target, 1);
    query_is_sorted(req.target, 2);

    memory = fuzz_memory(&pieces, size % 4 ? SIZE_MAX
                                          : fuzz_limit(data, size, 32768));

    if (sign_enos_present(&req, NULL)
        && sign_enos_parse(&req, &policy, &memory, &msg) == SIGN_OK)
    {
        refused(&req, &policy, &key, rest, &memory, &msg);
    }

    if (sign_enos_call(rest, &memory, &msg, &status) == SIGN_OK) {
        HELD(status == SIGN_ENOS_OK);
        HELD(msg.key_id.len && msg.key_id.len <= SIGN_MAX_KEY_ID);
        req.has_body = 0;
        refused(&req, &policy, &key, rest, &memory, &msg);

    } else {
        HELD(status != SIGN_ENOS_OK);
    }

    fuzz_free(&pieces);

    return 0;
}
