
/*
 * The signature itself.  The fields that carry it are added with a placeholder,
 * then the request is read by the very functions that verify it: what they say
 * was signed is what is signed.
 */


#include <time.h>

#include <sodium.h>

#include "cli_sign.h"
#include "sign_sigv4.h"


#define CLI_ZEROS                                                             \
    "0000000000000000000000000000000000000000000000000000000000000000"

#define CLI_NONCE_MAX  32

/* names of the algorithms */
#define CLI_SIGV4   "AWS4-HMAC-SHA256"
#define CLI_SIGV4A  "AWS4-ECDSA-P256-SHA256"


static int cli_sign_make_rfc9421(cli_sign_t *s);
static postern_str_t cli_sign_params(cli_sign_t *s);
static postern_str_t cli_sign_components(cli_sign_t *s);
static postern_str_t cli_sign_component(cli_sign_t *s, postern_str_t list,
    const char *component);
static int cli_sign_make_sigv4(cli_sign_t *s);
static postern_str_t cli_sign_credential(cli_sign_t *s, const char *time);
static postern_str_t cli_sign_listed(cli_sign_t *s);
static void cli_sign_time(int64_t seconds, char out[17]);


int
cli_sign_make(cli_sign_t *s)
{
    switch (s->scheme) {

    case SIGN_SIGV4:
    case SIGN_SIGV4A:
        return cli_sign_make_sigv4(s);

    case SIGN_CAVAGE:
        return cli_sign_make_cavage(s);

    case SIGN_WEBHOOK:
        return cli_sign_make_webhook(s);

    case SIGN_ENOS:
        return cli_sign_make_enos(s);

    default:
        return cli_sign_make_rfc9421(s);
    }
}


static int
cli_sign_make_rfc9421(cli_sign_t *s)
{
    size_t          len;
    cli_request_t  *r;
    postern_str_t   params;
    unsigned char   hash[32], signature[CLI_SIGNATURE_MAX];

    r = &s->request;

    if (s->body.len && cli_request_get(r, "content-digest").data == NULL) {
        sign_sha256(&s->body, 1, hash);

        if (cli_request_add(r, "Content-Digest",
                            cli_format(r, "sha-256=:%s:",
                                       cli_sign_base64(s, hash, 32)))
            != 0)
        {
            return -1;
        }
    }

    params = cli_sign_params(s);

    if (cli_request_add(r, "Signature-Input",
                        cli_format(r, "%s=%s", s->label,
                                   (const char *) params.data))
        != 0
        || cli_request_add(r, "Signature", cli_format(r, "%s=:AAAA:",
                                                      s->label))
           != 0)
    {
        return -1;
    }

    len = cli_sign_base(s, signature);

    if (len == 0) {
        return -1;
    }

    cli_request_set_last(r, "signature",
                         cli_format(r, "%s=:%s:", s->label,
                                    cli_sign_base64(s, signature, len)));

    return 0;
}


static postern_str_t
cli_sign_params(cli_sign_t *s)
{
    char            b64[CLI_NONCE_MAX];
    const char     *nonce;
    cli_request_t  *r;
    postern_str_t   params;
    unsigned char   random[16];

    r = &s->request;
    nonce = s->nonce;

    if (nonce == NULL) {
        randombytes_buf(random, sizeof(random));
        sodium_bin2base64(b64, sizeof(b64), random, sizeof(random),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        nonce = b64;
    }

    params = cli_sign_components(s);
    params = cli_format(r, "(%s);created=%lld", (const char *) params.data,
                        (long long) s->created);

    if (s->expires) {
        params = cli_format(r, "%s;expires=%lld", (const char *) params.data,
                            (long long) s->created + s->expires);
    }

    if (!s->no_nonce) {
        params = cli_format(r, "%s;nonce=\"%s\"", (const char *) params.data,
                            nonce);
    }

    params = cli_format(r, "%s;keyid=\"%s\"", (const char *) params.data,
                        s->key_id);

    if (s->tag) {
        params = cli_format(r, "%s;tag=\"%s\"", (const char *) params.data,
                            s->tag);
    }

    return params;
}


static postern_str_t
cli_sign_components(cli_sign_t *s)
{
    size_t         i;
    postern_str_t  list;

    list = cli_format(&s->request, "%s", "");

    for (i = 0; i < s->ncomponents; i++) {
        list = cli_sign_component(s, list, s->components[i]);
    }

    if (s->ncomponents == 0) {
        list = cli_format(&s->request,
                          "\"@method\" \"@authority\" \"@path\" \"@query\"");

        if (s->body.len) {
            list = cli_sign_component(s, list, "content-type");
            list = cli_sign_component(s, list, "content-digest");
        }
    }

    return list;
}


/* name;param becomes "name";param */

static postern_str_t
cli_sign_component(cli_sign_t *s, postern_str_t list, const char *component)
{
    size_t  n;

    n = component[0] == '"' ? 0 : strcspn(component, ";");

    return cli_format(&s->request, n ? "%s%s\"%.*s\"%s" : "%s%s%.*s%s",
                      (const char *) list.data, list.len ? " " : "",
                      (int) n, component, component + n);
}


const char *
cli_sign_base64(cli_sign_t *s, const unsigned char *data, size_t len)
{
    char  b64[CLI_SIGNATURE_MAX * 4 / 3 + 8];

    sodium_bin2base64(b64, sizeof(b64), data, len,
                      sodium_base64_VARIANT_ORIGINAL);

    return (const char *) cli_format(&s->request, "%s", b64).data;
}


static int
cli_sign_make_sigv4(cli_sign_t *s)
{
    char            time[17], hex[2 * SIGN_SIGV4A_DER_MAX + 1];
    size_t          len;
    cli_request_t  *r;
    postern_str_t   prefix;
    unsigned char   hash[32], signature[CLI_SIGNATURE_MAX];

    r = &s->request;

    cli_sign_time(s->created, time);
    sign_sha256(&s->body, 1, hash);
    sodium_bin2hex(hex, sizeof(hex), hash, 32);

    if (cli_request_add(r, "X-Amz-Date", cli_str(time)) != 0) {
        return -1;
    }

    if (cli_request_get(r, "x-amz-content-sha256").data == NULL
        && cli_request_add(r, "X-Amz-Content-Sha256", cli_str(hex)) != 0)
    {
        return -1;
    }

    if (s->scheme == SIGN_SIGV4A
        && cli_request_get(r, "x-amz-region-set").data == NULL
        && cli_request_add(r, "X-Amz-Region-Set", cli_str(s->region)) != 0)
    {
        return -1;
    }

    prefix = cli_sign_credential(s, time);

    if (cli_request_add(r, "Authorization",
                        cli_format(r, "%s" CLI_ZEROS,
                                   (const char *) prefix.data))
        != 0)
    {
        return -1;
    }

    len = cli_sign_base(s, signature);

    if (len == 0) {
        return -1;
    }

    sodium_bin2hex(hex, sizeof(hex), signature, len);

    cli_request_set_last(r, "authorization",
                         cli_format(r, "%s%s", (const char *) prefix.data,
                                    hex));

    return 0;
}


/* the scope of 4A has no region: the header above has them */

static postern_str_t
cli_sign_credential(cli_sign_t *s, const char *time)
{
    postern_str_t  listed;

    listed = cli_sign_listed(s);

    if (s->scheme == SIGN_SIGV4A) {
        return cli_format(&s->request, CLI_SIGV4A " Credential=%s/%.8s/%s/"
                          "aws4_request, SignedHeaders=%s, Signature=",
                          s->key_id, time, s->service,
                          (const char *) listed.data);
    }

    return cli_format(&s->request, CLI_SIGV4 " Credential=%s/%.8s/%s/%s/"
                      "aws4_request, SignedHeaders=%s, Signature=",
                      s->key_id, time, s->region, s->service,
                      (const char *) listed.data);
}


/* the names of all headers, sorted, each once */

static postern_str_t
cli_sign_listed(cli_sign_t *s)
{
    size_t                i;
    const char           *name, *next, *last;
    postern_str_t         list;
    const cli_request_t  *r;

    r = &s->request;
    list = cli_format(&s->request, "%s", "");
    last = "";

    for ( ;; ) {
        next = NULL;

        for (i = 0; i < r->req.nfields; i++) {
            name = (const char *) r->fields[i].name.data;

            if (strcmp(name, last) > 0
                && (next == NULL || strcmp(name, next) < 0))
            {
                next = name;
            }
        }

        if (next == NULL) {
            return list;
        }

        list = cli_format(&s->request, "%s%s%s", (const char *) list.data,
                          list.len ? ";" : "", next);
        last = next;
    }
}


static void
cli_sign_time(int64_t seconds, char out[17])
{
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;
    gmtime_r(&t, &tm);
    strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}


size_t
cli_sign_base(cli_sign_t *s, unsigned char out[CLI_SIGNATURE_MAX])
{
    sign_code_e      code;
    sign_policy_t    policy;
    sign_message_t   msg;
    postern_alloc_t  memory;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = s->scheme;
    memory = postern_arena_allocator(s->request.arena);

    code = sign_parse(&s->request.req, &policy, &memory, &msg);

    if (code == SIGN_OK) {
        code = sign_base(&s->request.req, &memory, &msg);
    }

    if (code != SIGN_OK) {
        cli_error("this cannot be signed: %s: %s", sign_code(code),
                  msg.detail);
        return 0;
    }

    if (s->print_base) {

        if (msg.canonical.len) {
            printf("%.*s\n\n", (int) msg.canonical.len,
                   (const char *) msg.canonical.data);
        }

        printf("%.*s\n", (int) msg.base.len, (const char *) msg.base.data);
    }

    return cli_signer_sign(&s->signer, &msg, out);
}
