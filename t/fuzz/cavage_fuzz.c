/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a request with the credentials of draft-cavage-http-signatures,
 * or of Kong or APISIX.  The first line is the request line, every further one
 * a header field.
 *
 * What has a base is signed with it, and must verify; with one byte of the base
 * changed it must not.  No base of one form is one of another: a line without a
 * colon and a blank is a target, or APISIX's key id.
 */


#define _GNU_SOURCE    /* memmem() */

#include "fuzz_request.h"
#include "sign_cavage.h"
#include "sign_verify.h"


static const postern_str_t  secret = postern_string("an example secret");


/* "GET /path HTTP/1.1", as far as it goes */

static void
request_line(const uint8_t *p, size_t n, sign_request_t *req)
{
    size_t          i, begin;
    postern_str_t  *parts[3];

    parts[0] = &req->method;
    parts[1] = &req->target;
    parts[2] = &req->protocol;

    for (i = 0; i < 3 && n; i++) {

        for (begin = 0; begin < n && p[begin] != ' '; begin++) {
            /* void */
        }

        parts[i]->data = p;
        parts[i]->len = begin;

        begin += begin < n;
        p += begin;
        n -= begin;
    }
}


static void
verifies(sign_message_t *msg)
{
    sign_key_t     *key;
    sign_hmac_t     mac;
    postern_key_t   dkey;
    unsigned char   out[32], *base;

    memset(&dkey, 0, sizeof(dkey));
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    key = sign_key_create(&dkey, secret);
    HELD(key != NULL);

    HELD(sign_verify(key, msg) == SIGN_INVALID);

    sign_hmac_key(&mac, secret.data, secret.len);
    sign_hmac(&mac, msg->base, out);

    msg->signature.data = out;
    msg->signature.len = sizeof(out);
    HELD(sign_verify(key, msg) == SIGN_OK);

    base = (unsigned char *) msg->base.data;
    base[out[0] % msg->base.len] ^= 1;
    HELD(sign_verify(key, msg) == SIGN_INVALID);

    sign_key_destroy(key);
}


static void
lines_have_names(const sign_message_t *msg, const sign_cavage_t *cavage)
{
    size_t         i, bare;
    postern_str_t  rest, line;

    rest = msg->base;
    bare = 0;

    for (i = 0; rest.len; i++) {
        line = fuzz_cut(&rest, '\n');
        bare += memmem(line.data, line.len, ": ", 2) == NULL;
    }

    HELD(i == cavage->nlines + (cavage->form == SIGN_CAVAGE_APISIX));
    HELD(bare <= 2);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_key_t     dkey;
    postern_str_t     rest, line;
    sign_field_t      field[SIGN_MAX_FIELDS];
    fuzz_memory_t     pieces;
    sign_policy_t     policy;
    sign_request_t    req;
    sign_message_t    msg;
    postern_alloc_t   memory;

    memset(&req, 0, sizeof(req));
    memset(&dkey, 0, sizeof(dkey));
    memset(&policy, 0, sizeof(policy));

    policy.schemes = SIGN_CAVAGE;
    policy.cover = size & 2 ? SIGN_COVER_DEFAULT : 0;
    dkey.algorithm = POSTERN_ALG_HMAC_SHA256;

    rest.data = data;
    rest.len = size;

    line = fuzz_cut(&rest, '\n');
    request_line(line.data, line.len, &req);

    req.fields = field;
    req.has_body = size & 1;
    req.scheme = (postern_str_t) postern_string("http");

    fuzz_fields(&rest, &req, field);

    memory = fuzz_memory(&pieces, size % 4 ? SIZE_MAX
                                          : fuzz_limit(data, size, 4096));

    if (sign_parse(&req, &policy, &memory, &msg) == SIGN_OK) {

        HELD(msg.key_id.len > 0 && msg.key_id.len <= SIGN_MAX_KEY_ID);
        HELD(msg.signature.len > 0);

        if (sign_cavage_cover(&req, &policy, &dkey, &msg) == SIGN_OK
            && sign_base(&req, &memory, &msg) == SIGN_OK)
        {
            HELD(msg.base.len > 0 && msg.base.len <= SIGN_MAX_BASE);

            lines_have_names(&msg, msg.scheme_data);
            verifies(&msg);
        }
    }

    fuzz_free(&pieces);

    return 0;
}
