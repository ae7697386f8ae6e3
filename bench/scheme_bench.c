
/*
 * What the pure code spends on one request, from its bytes to the verdict:
 *
 *     scheme_bench SCHEME KEY SECRET DIRECTORY REQUEST N [CERTIFICATE]
 *
 * The first request of the file REQUEST is parsed, checked against its key,
 * its body hashed where it is signed, its base built and verified, N times.
 * SCHEME is as sign_schemes has it, "github" or "standard" for webhooks, or
 * "mtls", where CERTIFICATE is the client's in DER.  Prints nanoseconds of CPU
 * time a call, and how often libcrypto asked for memory.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "sign_mtls.h"
#include "sign_webhook.h"


static union {
    max_align_t    align;
    unsigned char  bytes[262144];
} memory;

static size_t          memory_used;
static long            asked;
static sign_field_t    fields[SIGN_MAX_FIELDS];
static postern_str_t   body;
static char            text[65536];
static unsigned char   der[16384];


static postern_str_t
text_of(const char *s)
{
    return (postern_str_t) { strlen(s), (const unsigned char *) s };
}


static void *
memory_alloc(void *data, size_t size)
{
    void  *p;

    (void) data;

    p = memory.bytes + memory_used;
    memory_used += (size + 15) & ~(size_t) 15;

    return memory_used <= sizeof(memory) ? p : NULL;
}


static void *
count_malloc(size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    asked++;

    return malloc(size);
}


static void *
count_realloc(void *p, size_t size, const char *file, int line)
{
    (void) file;
    (void) line;

    asked++;

    return realloc(p, size);
}


static void
count_free(void *p, const char *file, int line)
{
    (void) file;
    (void) line;

    free(p);
}


static void
fail(const char *what)
{
    fprintf(stderr, "scheme_bench: %s\n", what);
    exit(1);
}


static size_t
read_file(const char *name, void *data, size_t room)
{
    FILE    *f;
    size_t   n;

    f = fopen(name, "rb");
    if (f == NULL) {
        fail(name);
    }

    n = fread(data, 1, room - 1, f);
    fclose(f);

    return n;
}


/* lines of our own making: they are as they should be */

static void
read_request(const char *name, sign_request_t *req)
{
    char           *p, *end, *value;
    sign_field_t   *field;

    text[read_file(name, text, sizeof(text))] = '\0';
    text[strcspn(text, "\x1e")] = '\0';

    req->method = text_of(strtok(text, " "));
    req->target = text_of(strtok(NULL, " "));
    req->protocol = text_of(strtok(NULL, "\r"));
    req->scheme = text_of("http");
    req->fields = fields;

    for (p = strtok(NULL, "") + 1; *p != '\r'; p = end + 2) {
        end = strstr(p, "\r\n");
        *end = '\0';
        value = strchr(p, ':');
        *value = '\0';

        field = &fields[req->nfields++];
        field->name = text_of(p);
        field->value = text_of(value + 2);

        for ( /* void */ ; *p; p++) {
            *p |= (*p >= 'A' && *p <= 'Z') ? 0x20 : 0;
        }

        if (strcmp((const char *) field->name.data, "host") == 0) {
            req->authority = field->value;
        }
    }

    body = text_of(p + 2);
    req->has_body = body.len != 0;
}


static sign_code_e
with_body(sign_key_t *made, const postern_alloc_t *alloc, sign_message_t *msg)
{
    sign_code_e   code;
    sign_sink_t  *sink;

    sink = sign_sink(made, alloc, msg);

    if (sink == NULL) {
        return SIGN_NO_MEMORY;
    }

    code = body.len ? sink->update(sink, body.data, body.len, msg) : SIGN_OK;

    return code == SIGN_OK ? sink->final(sink, msg) : code;
}


static sign_code_e
judge(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_key_t *made, const postern_key_t *of,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    sign_code_e           code;
    postern_str_t         any = postern_null_string;
    const postern_key_t  *key;

    memory_used = 0;
    memset(msg, 0, sizeof(sign_message_t));

    code = sign_parse(req, policy, alloc, msg);

    if (code != SIGN_OK) {
        return code;
    }

    /* a token of EnOS says whose it is in the store alone */

    key = sign_find(req, policy, dir, msg);
    key = policy->schemes == SIGN_ENOS ? of : key;
    msg->key_id = policy->schemes == SIGN_ENOS ? of->id : msg->key_id;

    code = sign_check(req, policy, key, any, NULL, time(NULL), msg);

    if (code == SIGN_OK && msg->nkeys) {
        msg->opened[0] = made;
    }

    if (code == SIGN_OK && msg->body == SIGN_BODY_BEFORE) {
        code = with_body(made, alloc, msg);
    }

    if (code == SIGN_OK) {
        code = sign_base(req, alloc, msg);
    }

    if (code == SIGN_OK) {
        code = sign_verify(made, msg);
    }

    if (code == SIGN_OK && msg->body == SIGN_BODY_AFTER && body.len) {
        code = with_body(made, alloc, msg);
    }

    return code;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


int
main(int argc, char **argv)
{
    long                  i, n;
    double                start;
    sign_key_t           *made;
    sign_code_e           code;
    sign_mtls_t           known;
    sign_policy_t         policy;
    postern_str_t         certificate, secret;
    sign_message_t        msg;
    sign_request_t        req;
    sign_webhook_t        hook;
    postern_error_t       err;
    postern_alloc_t       alloc = { memory_alloc, NULL };
    const postern_key_t  *key;
    postern_directory_t  *dir;
    static char           json[65536];

    CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free);

    if (argc < 7) {
        fprintf(stderr, "usage: scheme_bench SCHEME KEY SECRET DIRECTORY "
                        "REQUEST N [CERTIFICATE]\n");
        return 2;
    }

    memset(&req, 0, sizeof(req));
    memset(&known, 0, sizeof(known));
    memset(&policy, 0, sizeof(policy));

    json[read_file(argv[4], json, sizeof(json))] = '\0';
    dir = postern_directory_parse(text_of(json), &err);
    if (dir == NULL) {
        fail(err.text);
    }

    read_request(argv[5], &req);

    policy.schemes = postern_scheme_parse(text_of(argv[1]));
    policy.insecure = SIGN_INSECURE_COVERAGE | SIGN_INSECURE_BODY
                      | SIGN_INSECURE_FRESHNESS;
    policy.cover = SIGN_COVER_METHOD | SIGN_COVER_TARGET;
    policy.window = 900;
    policy.skew = 60;

    if (policy.schemes == 0) {
        hook = *sign_webhook_kind(text_of(argv[1]));
        hook.keys[hook.nkeys++] = text_of(argv[2]);
        policy.schemes = SIGN_WEBHOOK;
        policy.webhook = &hook;
    }

    if (argc > 7) {
        certificate.len = read_file(argv[7], der, sizeof(der));
        certificate.data = der;
        req.certificates = &certificate;
        req.ncertificates = 1;
        req.mtls = &known;
    }

    key = postern_directory_key(dir, text_of(argv[2]));
    memset(&secret, 0, sizeof(secret));
    secret = argv[3][0] ? text_of(argv[3]) : secret;
    made = key ? sign_key_create(key, secret) : NULL;

    if (made == NULL) {
        fail("no such key");
    }

    n = atol(argv[6]);
    start = 0;

    for (i = -1; i < n; i++) {
        code = judge(&req, &policy, dir, made, key, &alloc, &msg);

        if (code != SIGN_OK) {
            fprintf(stderr, "scheme_bench: %s: %s: %s\n", argv[1],
                    sign_code(code), msg.detail);
            return 1;
        }

        if (i == -1) {
            start = now();
            asked = 0;
        }
    }

    printf("%.0f %.1f\n", (now() - start) * 1e9 / (double) n,
           (double) asked / (double) n);

    return 0;
}
