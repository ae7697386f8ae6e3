/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a request with SigV4 credentials.  The first line is the target,
 * every further one a header field; the signature that the input may hold is
 * never right, so that anything but a refusal is a fault.
 *
 * Besides: a canonical query is its own canonical form, which is what makes the
 * second reading of a query harmless (sign_sigv4.h).
 */


#include "fuzz_request.h"
#include "sign_sigv4.h"


static void
query_is_stable(postern_str_t query)
{
    postern_str_t    once, twice;
    fuzz_memory_t    pieces;
    postern_alloc_t  memory;

    memory = fuzz_memory(&pieces, SIZE_MAX);

    if (sign_sigv4_query(query, &memory, &once) == SIGN_OK) {
        HELD(sign_sigv4_query(once, &memory, &twice) == SIGN_OK);
        HELD(postern_str_eq(once, twice));
    }

    fuzz_free(&pieces);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sign_key_t       *key;
    postern_key_t     dkey;
    sign_field_t      field[SIGN_MAX_FIELDS];
    fuzz_memory_t     pieces;
    postern_alloc_t   memory;
    sign_policy_t     policy;
    sign_request_t    req;
    sign_message_t    msg;
    postern_str_t     path, query, rest;

    static const postern_str_t  get = postern_string("GET");
    static const postern_str_t  secret = postern_string("secret");

    memset(&req, 0, sizeof(req));
    memset(&msg, 0, sizeof(msg));
    memset(&dkey, 0, sizeof(dkey));
    memset(&policy, 0, sizeof(policy));

    msg.scheme = SIGN_SIGV4;
    policy.cover = SIGN_COVER_DEFAULT;
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    rest.data = data;
    rest.len = size;

    req.method = get;
    req.target = fuzz_cut(&rest, '\n');
    req.fields = field;
    req.has_body = size & 1;

    fuzz_fields(&rest, &req, field);

    memory = fuzz_memory(&pieces, size % 4 ? SIZE_MAX
                                          : fuzz_limit(data, size, 4096));

    if (sign_sigv4_target(req.target, &path, &query) == 0) {
        query_is_stable(query);
    }

    if (sign_sigv4_present(&req, &policy)
        && sign_sigv4_parse(&req, &policy, &memory, &msg) == SIGN_OK
        && sign_sigv4_cover(&req, &policy, &dkey, &msg) == SIGN_OK)
    {
        msg.has_body_hash = 1;

        if (sign_sigv4_base(&req, &memory, &msg) == SIGN_OK) {

            key = sign_key_create(&dkey, secret);

            if (key == NULL || sign_verify(key, &msg) == SIGN_OK) {
                abort();
            }

            sign_key_destroy(key);
        }
    }

    fuzz_free(&pieces);

    return 0;
}
