/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * Any bytes as a request with signatures of RFC 9421, or as a response to such
 * a request: the first line is the target, the second the authority, every
 * further one a field.
 *
 * Of what is accepted: the base has one line for each component and one more,
 * so none was forged; the parameters read from the base give the same base
 * again, and so does who signs them; coverage by the default policy holds what
 * it says; no more signatures are tried than may be.
 */


#include "fuzz.h"
#include "sign_rfc9421.h"


#define MAX_INPUT  16384


static postern_org_t  org = { .name = postern_string("acme") };

static postern_key_t  key = {
    .org = &org,
    .algorithm = POSTERN_ALG_HMAC_SHA256,
    .not_before = POSTERN_TIME_MIN,
    .not_after = POSTERN_TIME_MAX
};


static postern_str_t
next_line(postern_str_t *text)
{
    const void     *end;
    postern_str_t   line;

    end = text->len ? memchr(text->data, '\n', text->len) : NULL;

    line.data = text->data;
    line.len = end ? (size_t) ((const unsigned char *) end - text->data)
                   : text->len;

    text->data += line.len + (end != NULL);
    text->len -= line.len + (end != NULL);

    return line;
}


/* the field's name in lower case, as who calls sign_parse() gives it */

static int
next_field(postern_str_t *text, sign_field_t *field,
    const postern_alloc_t *memory)
{
    size_t          i;
    const void     *colon;
    unsigned char  *name;
    postern_str_t   line;

    line = next_line(text);

    colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (colon == NULL) {
        return 0;
    }

    field->name.len = (const unsigned char *) colon - line.data;
    field->value.data = line.data + field->name.len + 1;
    field->value.len = line.len - field->name.len - 1;

    name = postern_alloc(memory, field->name.len + 1);

    for (i = 0; i < field->name.len; i++) {
        name[i] = (line.data[i] >= 'A' && line.data[i] <= 'Z')
                  ? line.data[i] | 0x20 : line.data[i];
    }

    field->name.data = name;

    return 1;
}


static void
read_all(postern_str_t s)
{
    size_t                  i;
    volatile unsigned char  sum;

    sum = 0;

    for (i = 0; i < s.len; i++) {
        sum ^= s.data[i];
    }

    (void) sum;
}


static size_t
lines_of(postern_str_t base)
{
    size_t  i, n;

    n = 1;

    for (i = 0; i < base.len; i++) {
        n += (base.data[i] == '\n');
    }

    return n;
}


/* the parameters as canonical text once more: nothing may change */

static void
check_again(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *memory, const sign_message_t *msg)
{
    size_t                  i;
    sign_field_t            fields[SIGN_MAX_FIELDS];
    unsigned char          *p;
    sign_request_t          again;
    sign_message_t          second;
    const sign_rfc9421_t   *sig;

    sig = msg->scheme_data;

    p = postern_alloc(memory, sig->params.len + 2);
    p[0] = 's';
    p[1] = '=';
    memcpy(p + 2, sig->params.data, sig->params.len);

    again = *req;
    again.fields = fields;

    for (i = 0; i < req->nfields; i++) {
        fields[i] = req->fields[i];

        if (postern_str_is(fields[i].name, "signature-input")) {
            fields[i].value.data = p;
            fields[i].value.len = sig->params.len + 2;

        } else if (postern_str_is(fields[i].name, "signature")) {
            fields[i].value = (postern_str_t) postern_string("s=:AA==:");
        }
    }

    /* covered themselves, or in several lines: they are different now */

    for (i = 0; i < sig->ncomponents; i++) {
        if (sig->components[i].name.len >= 9
            && memcmp(sig->components[i].name.data, "signature", 9) == 0)
        {
            return;
        }
    }

    if (sign_parse(&again, policy, memory, &second) == SIGN_AMBIGUOUS) {
        return;
    }

    if (sign_base(&again, memory, &second) != SIGN_OK
        || !postern_str_eq(second.base, msg->base))
    {
        abort();
    }
}


/* who signs these parameters signs this base, and sends them so */

static void
check_composed(const sign_request_t *req, const postern_alloc_t *memory,
    const sign_message_t *msg)
{
    sign_message_t         made;
    const sign_rfc9421_t  *sig;

    sig = msg->scheme_data;

    HELD(sign_rfc9421_compose(req, sig->params, memory, &made) == SIGN_OK);
    HELD(postern_str_eq(made.base, msg->base));
    HELD(postern_str_eq(made.canonical, sig->params));
}


static void
check_one(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *memory, sign_message_t *msg)
{
    sign_code_e            code;
    const sign_rfc9421_t  *sig;

    read_all(msg->key_id);
    read_all(msg->signature);
    read_all(msg->nonce);
    read_all(msg->tag);
    read_all(msg->label);

    HELD(msg->key_id.len != 0 && msg->key_id.len <= SIGN_MAX_KEY_ID);
    HELD(msg->signature.len != 0);
    HELD(policy->ntags == 0 || msg->tag.len == 0
         || postern_str_is(msg->tag, SIGN_RFC9421_BOT));

    if (req->status == 0) {
        code = sign_check(req, policy, &key,
                          (postern_str_t) postern_null_string, NULL,
                          1618884473, msg);

        HELD(code != SIGN_OK
             || (msg->claim_ttl >= 1 && (!req->has_body || msg->digest)));
        HELD(code != SIGN_OK || msg->tag.len == 0
             || !postern_str_is(msg->tag, SIGN_RFC9421_BOT)
             || msg->expires != POSTERN_TIME_MAX);
    }

    sig = msg->scheme_data;

    if (sign_base(req, memory, msg) != SIGN_OK) {
        return;
    }

    read_all(msg->base);

    HELD(lines_of(msg->base) == sig->ncomponents + 1);

    check_composed(req, memory, msg);

    if (policy->ntags == 0) {
        check_again(req, policy, memory, msg);
    }
}


static void
check(const sign_request_t *req, const postern_alloc_t *memory, int tagged)
{
    unsigned        n;
    sign_code_e     code;
    sign_policy_t   policy;
    sign_message_t  msg;

    static const postern_str_t  tags[] = {
        postern_string(SIGN_RFC9421_BOT),
        postern_string("")
    };

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_RFC9421;
    policy.cover = SIGN_COVER_DEFAULT;
    policy.window = 900;
    policy.tags = tags;
    policy.ntags = tagged ? 2 : 0;

    code = sign_parse(req, &policy, memory, &msg);

    for (n = 0; n < SIGN_MAX_TRIES; n++) {

        if (code == SIGN_OK) {
            HELD(msg.nth == n);
            check_one(req, &policy, memory, &msg);

        } else {
            HELD(msg.detail[0] != '\0');
        }

        if (!msg.further) {
            return;
        }

        code = sign_next(req, &policy, memory, &msg);
    }

    abort();
}


/* the same with too little memory: a refusal, and nothing else */

static void
scarce(const sign_request_t *req, size_t limit)
{
    sign_code_e      code;
    fuzz_memory_t    pieces;
    sign_policy_t    policy;
    sign_message_t   msg;
    postern_alloc_t  memory;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_RFC9421;

    memory = fuzz_memory(&pieces, limit);
    code = sign_parse(req, &policy, &memory, &msg);

    if (code == SIGN_OK) {
        code = sign_base(req, &memory, &msg);
    }

    HELD(code != SIGN_OK || !pieces.out);

    fuzz_free(&pieces);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sign_field_t      fields[SIGN_MAX_FIELDS];
    postern_str_t     text;
    sign_request_t    req, response;
    fuzz_memory_t     pieces;
    postern_alloc_t   memory;

    if (size > MAX_INPUT) {
        return 0;
    }

    memory = fuzz_memory(&pieces, SIZE_MAX);

    text.data = data;
    text.len = size;

    memset(&req, 0, sizeof(req));
    req.method = (postern_str_t) postern_string("GET");
    req.scheme = (postern_str_t) postern_string("https");
    req.fields = fields;
    req.has_body = size & 1;

    req.target = next_line(&text);
    req.authority = next_line(&text);

    while (text.len && req.nfields < SIGN_MAX_FIELDS
           && next_field(&text, &fields[req.nfields], &memory))
    {
        req.nfields++;
    }

    check(&req, &memory, size & 2);
    scarce(&req, fuzz_limit(data, size, 4096));

    response = req;
    response.status = 200;
    response.answered = (size & 4) ? &req : NULL;
    response.trailers = fields;
    response.ntrailers = (size & 8) ? req.nfields : 0;
    check(&response, &memory, 0);

    fuzz_free(&pieces);

    return 0;
}
