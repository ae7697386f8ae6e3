/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * Any bytes as a request with a signature of RFC 9421: the first line is the
 * target, the second the authority, every further one a field.
 *
 * Of what is accepted: the base has one line for each component and one more,
 * so none was forged; the parameters read from the base give the same base
 * again; and coverage by the default policy holds what it says.
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


static void
check(const sign_request_t *req, const postern_alloc_t *memory)
{
    sign_code_e            code;
    sign_policy_t          policy;
    sign_message_t         msg;
    const sign_rfc9421_t  *sig;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_RFC9421;
    policy.cover = SIGN_COVER_DEFAULT;
    policy.window = 900;

    code = sign_parse(req, &policy, memory, &msg);

    if (code != SIGN_OK) {
        if (msg.detail[0] == '\0') {
            abort();
        }

        return;
    }

    read_all(msg.key_id);
    read_all(msg.signature);
    read_all(msg.nonce);
    read_all(msg.tag);
    read_all(msg.label);

    if (msg.key_id.len == 0 || msg.key_id.len > SIGN_MAX_KEY_ID
        || msg.signature.len == 0)
    {
        abort();
    }

    code = sign_check(req, &policy, &key, (postern_str_t) postern_null_string,
                      NULL, 1618884473, &msg);

    if (code == SIGN_OK
        && (msg.claim_ttl < 1 || (req->has_body && !msg.digest)))
    {
        abort();
    }

    sig = msg.scheme_data;

    if (sign_base(req, memory, &msg) != SIGN_OK) {
        return;
    }

    read_all(msg.base);

    if (lines_of(msg.base) != sig->ncomponents + 1) {
        abort();
    }

    check_again(req, &policy, memory, &msg);
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
    sign_request_t    req;
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

    check(&req, &memory);
    scarce(&req, fuzz_limit(data, size, 4096));
    fuzz_free(&pieces);

    return 0;
}
