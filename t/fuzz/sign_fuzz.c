/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   tools/cli_sign_make.c tools/cli_sign_cavage.c tools/cli_sign_enos.c
   tools/cli_sign_webhook.c tools/cli_request.c tools/cli_signer.c
   tools/cli_io.c -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a request that somebody signs: the first byte says how, the
 * first line is method and target, the next ones are fields, the body comes
 * behind an empty one.
 *
 * What "postern sign" can sign, the gateway's own steps verify, and give it the
 * same claim each time.  Then one thing is changed: method, target, host, the
 * body or the signature; that must not verify.
 */


#include "cli_sign.h"
#include "fuzz.h"


#define FUZZ_INPUT  4096
#define CREATED     1795300000


static sign_policy_t   policy;
static postern_org_t   org = { .name = postern_string("acme") };
static postern_str_t   secret = postern_string(
                                    "a secret of thirty-two bytes ..");
static postern_key_t   key = {
    .org = &org,
    .algorithm = POSTERN_ALG_HMAC_SHA256,
    .not_before = POSTERN_TIME_MIN,
    .not_after = POSTERN_TIME_MAX
};


static const char *
string(cli_request_t *r, postern_str_t s)
{
    return (const char *) cli_format(r, "%.*s", (int) s.len,
                                     (const char *) s.data).data;
}


/* 0 where this is no request that anybody would sign */

static int
build(cli_sign_t *s, postern_str_t text)
{
    unsigned        flags;
    postern_str_t   line, name;
    cli_request_t  *r = &s->request;

    flags = fuzz_byte(&text);

    s->scheme = flags & 1 ? SIGN_SIGV4 : SIGN_RFC9421;
    s->signer.alg = POSTERN_ALG_HMAC_SHA256;
    s->signer.secret = secret;
    s->key_id = "AK1";
    s->region = "local";
    s->service = "app";
    s->label = "sig1";
    s->nonce = "n";
    s->no_nonce = (flags & 2) != 0;
    s->created = CREATED;
    s->expires = flags & 4 ? 60 : 0;
    s->tag = flags & 8 ? "app" : NULL;

    r->req.scheme = cli_str("https");

    line = fuzz_cut(&text, '\n');
    r->req.method = cli_str(string(r, fuzz_cut(&line, ' ')));
    r->req.target = cli_str(string(r, line));

    if (r->req.method.len == 0 || r->req.target.len == 0
        || cli_request_add(r, "Host", cli_str("app.example")) != 0)
    {
        return 0;
    }

    for (line = fuzz_cut(&text, '\n'); line.len; line = fuzz_cut(&text, '\n')) {

        name = fuzz_cut(&line, ':');

        if (flags & 16 && postern_str_is(name, "c")) {

            if (s->ncomponents < CLI_SIGN_MAX) {
                s->components[s->ncomponents++] = string(r, line);
            }

            continue;
        }

        if (cli_request_add(r, string(r, name), line) != 0) {
            return 0;
        }
    }

    if (text.len && cli_request_get(r, "content-type").data == NULL
        && cli_request_add(r, "Content-Type", cli_str("text/plain")) != 0)
    {
        return 0;
    }

    s->body = text;
    s->has_body = text.len != 0;
    r->body = text;
    r->body_known = 1;
    r->req.has_body = text.len != 0;

    return 1;
}


/* the gateway's steps, the body's digest with them */

static sign_code_e
verify(const cli_request_t *r, const sign_request_t *req, postern_str_t body,
    sign_message_t *msg)
{
    sign_key_t       *k;
    sign_code_e       code;
    unsigned char     hash[64];
    sign_digest_t    *d;
    postern_alloc_t   memory;

    memory = postern_arena_allocator(r->arena);

    code = sign_parse(req, &policy, &memory, msg);

    if (code == SIGN_OK) {
        code = sign_check(req, &policy, &key,
                          (postern_str_t) postern_null_string, NULL, CREATED,
                          msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (msg->body == SIGN_BODY_BEFORE) {
        sign_sha256(&body, 1, msg->body_hash);
        msg->has_body_hash = 1;
    }

    code = sign_base(req, &memory, msg);

    if (code != SIGN_OK) {
        return code;
    }

    k = sign_key_create(&key, secret);
    HELD(k != NULL);
    code = sign_verify(k, msg);
    sign_key_destroy(k);

    if (code != SIGN_OK || msg->digest == SIGN_DIGEST_NONE) {
        return code;
    }

    d = sign_digest_begin(postern_alloc(&memory, sign_digest_size()),
                          msg->digest);
    sign_digest_update(d, body.data, body.len);
    (void) sign_digest_final(d, hash);

    return sign_digest_equal(msg->digest, hash, msg->digest_value)
           ? SIGN_OK : SIGN_DIGEST;
}


/* all of it is covered, by default and by SigV4 */

static void
changed(cli_sign_t *s, size_t n)
{
    size_t           i;
    sign_field_t     fields[SIGN_MAX_FIELDS];
    sign_request_t   req;
    sign_message_t   msg;
    cli_request_t   *r = &s->request;

    req = r->req;
    req.method = cli_str(postern_str_is(req.method, "GET") ? "PUT" : "GET");
    HELD(verify(r, &req, s->body, &msg) != SIGN_OK);

    req = r->req;
    req.authority = cli_str("app.examples");
    req.fields = fields;
    memcpy(fields, r->fields, sizeof(fields));

    for (i = 0; i < req.nfields; i++) {
        if (postern_str_is(fields[i].name, "host")) {
            fields[i].value = req.authority;
        }
    }

    HELD(verify(r, &req, s->body, &msg) != SIGN_OK);

    req = r->req;
    req.target = cli_format(r, memchr(req.target.data, '?', req.target.len)
                               ? "%s&fuzz=1" : "%s/fuzz",
                            (const char *) req.target.data);
    HELD(verify(r, &req, s->body, &msg) != SIGN_OK);

    if (s->body.len) {
        req = r->req;
        req.has_body = 1;
        HELD(verify(r, &req, cli_format(r, "%s", "another body"), &msg)
             != SIGN_OK || postern_str_is(s->body, "another body"));
    }

    /* one character of the signature */

    req = r->req;
    req.fields = fields;
    memcpy(fields, r->fields, sizeof(fields));

    for (i = req.nfields; i > 0; i--) {

        if (!postern_str_is(fields[i - 1].name, "signature")
            && !postern_str_is(fields[i - 1].name, "authorization"))
        {
            continue;
        }

        fields[i - 1].value = cli_str(string(r, fields[i - 1].value));
        n = fields[i - 1].value.len - 10 - n % 20;
        ((unsigned char *) fields[i - 1].value.data)[n] ^= 1;
        HELD(verify(r, &req, s->body, &msg) != SIGN_OK);
        break;
    }
}


static void
run(postern_str_t text, size_t n)
{
    static cli_sign_t  s;
    sign_code_e        code;
    sign_message_t     msg, again;

    memset(&s, 0, sizeof(s));
    cli_request_init(&s.request);

    policy.schemes = SIGN_RFC9421|SIGN_SIGV4;
    policy.window = 900;

    if (build(&s, text) && cli_sign_make(&s) == 0) {

        /* what covers less is signed as well, and only refused by policy */

        policy.cover = s.ncomponents ? 0 : SIGN_COVER_DEFAULT;
        code = verify(&s.request, &s.request.req, s.body, &msg);

        if (code == SIGN_OK) {
            HELD(verify(&s.request, &s.request.req, s.body, &again) == SIGN_OK);
            HELD(msg.claim_len == again.claim_len && msg.claim_len > 0);
            HELD(memcmp(msg.claim, again.claim, msg.claim_len) == 0);
            HELD(msg.claim_ttl >= 1);

            if (s.ncomponents == 0) {
                changed(&s, n);
            }

        } else {

            /* bounds, and a digest of the client's own that is wrong */

            HELD(code != SIGN_INVALID && code != SIGN_MISSING);
            HELD(code != SIGN_EXPIRED && code != SIGN_FUTURE);
        }
    }

    cli_request_free(&s.request);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE    *null;
    postern_str_t   text;

    if (size < 2 || size > FUZZ_INPUT) {
        return 0;
    }

    /* it says on standard error what cannot be signed */

    if (null == NULL) {
        null = fopen("/dev/null", "w");
        HELD(null != NULL);
    }

    FILE  *saved = stderr;

    stderr = null;

    text = fuzz_copy(data, size);
    run(text, size);
    free((void *) text.data);

    stderr = saved;

    return 0;
}
