
/*
 * What the pure code costs, without nginx:
 *
 *     pure_bench WHAT N      WHAT is "sign" or "audit"
 *
 * "sign" takes a request with an HMAC signature of RFC 9421 apart, checks it
 * against key and policy and verifies it; "audit" writes the record of such a
 * request.  Prints nanoseconds of CPU time a call.  bench/pure compiles this,
 * and counts the instructions.
 */


#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "audit_record.h"
#include "sign_message.h"


#define NOW     1800000000
#define SECRET  "0123456789abcdef0123456789abcdef"
#define PARAMS  "(\"@method\" \"@authority\" \"@path\");created=1800000000"    \
                ";keyid=\"AKBENCH\";nonce=\"00112233445566778899aabbccddeeff\""
#define BASE    "\"@method\": GET\n\"@authority\": 127.0.0.1:8080\n"          \
                "\"@path\": /api/devices/7\n\"@signature-params\": " PARAMS

#define S(s)    ((postern_str_t) postern_string(s))


static union {
    max_align_t    align;
    unsigned char  bytes[65536];
} memory;

static size_t  memory_used;


static void *
memory_alloc(void *data, size_t size)
{
    void  *p;

    size = (size + 15) & ~(size_t) 15;
    p = memory.bytes + memory_used;
    memory_used += size;

    return memory_used <= sizeof(memory) ? p : NULL;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static void
fail(const char *what)
{
    fprintf(stderr, "pure_bench: %s\n", what);
    exit(1);
}


static void
sign_calls(long n)
{
    static char  signature[80] = "sig=:";

    int                   len;
    unsigned              maclen;
    sign_key_t           *made;
    sign_field_t          fields[3];
    sign_request_t        req;
    sign_policy_t         policy;
    unsigned char         mac[32];
    sign_message_t        msg;
    postern_alloc_t       alloc = { memory_alloc, NULL };

    static const postern_org_t  org = { .name = postern_string("bench") };
    static const postern_key_t  key = {
        .id = postern_string("AKBENCH"), .org = &org,
        .algorithm = POSTERN_ALG_HMAC_SHA256,
        .not_before = POSTERN_TIME_MIN, .not_after = POSTERN_TIME_MAX
    };

    HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1,
         (const unsigned char *) BASE, sizeof(BASE) - 1, mac, &maclen);
    len = EVP_EncodeBlock((unsigned char *) signature + 5, mac, 32);
    signature[5 + len] = ':';

    fields[0] = (sign_field_t) { S("host"), S("127.0.0.1:8080") };
    fields[1] = (sign_field_t) { S("signature-input"), S("sig=" PARAMS) };
    fields[2].name = S("signature");
    fields[2].value.data = (unsigned char *) signature;
    fields[2].value.len = (size_t) len + 6;

    memset(&req, 0, sizeof(req));
    req.method = S("GET");
    req.target = S("/api/devices/7");
    req.scheme = S("http");
    req.authority = S("127.0.0.1:8080");
    req.fields = fields;
    req.nfields = 3;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_RFC9421 | SIGN_SIGV4;
    policy.cover = SIGN_COVER_METHOD | SIGN_COVER_TARGET;
    policy.window = 900;
    policy.skew = 60;

    made = sign_key_create(&key, S(SECRET));

    while (n--) {
        memory_used = 0;

        memset(&msg, 0, sizeof(msg));

        if (sign_parse(&req, &policy, &alloc, &msg) != SIGN_OK
            || sign_check(&req, &policy, &key, org.name, NULL, NOW, &msg)
               != SIGN_OK
            || sign_base(&req, &alloc, &msg) != SIGN_OK
            || sign_verify(made, &msg) != SIGN_OK)
        {
            fail(msg.detail[0] ? msg.detail : "the signature is not valid");
        }
    }

    sign_key_destroy(made);
}


static void
audit_calls(long n)
{
    audit_head_t            h;
    audit_clock_t           clock;
    audit_redact_t          redact;
    audit_request_t         r;
    audit_identity_t        id;

    static unsigned char           line[AUDIT_RECORD_MAX];
    static const postern_role_t    role = { .name = postern_string("viewer") };
    static const postern_role_t   *roles[] = { &role };
    static const audit_decision_t  decisions[] = {
        { "sign", postern_string("allow"), postern_string("sign/verified"),
          postern_null_string },
        { "rbac", postern_string("allow"), postern_null_string,
          postern_string("role \"viewer\": permission \"read\" on resource "
                         "\"api\"") }
    };

    memset(&h, 0, sizeof(h));
    memset(&r, 0, sizeof(r));
    memset(&id, 0, sizeof(id));
    memset(&clock, 0, sizeof(clock));
    audit_redact_init(&redact);

    h.clock = &clock;
    h.id[0] = UINT64_C(0x0123456789abcdef);
    h.bytes_in = 300;
    h.bytes_out = 280;
    h.duration = 25;
    h.status = 200;

    id.org = S("bench");
    id.subject = id.credential = S("AKBENCH");
    id.kind = S("key");
    id.roles = roles;
    id.nroles = 1;
    id.scheme = S("rfc9421");
    id.amr = S("pop");
    id.auth_time = NOW;

    r.host = S("127.0.0.1:8080");
    r.addr = S("127.0.0.1");
    r.port = 40000;
    r.protocol = S("HTTP/1.1");
    r.method = S("GET");
    r.target = r.uri = S("/api/devices/7");
    r.identity = &id;
    r.decisions = decisions;
    r.ndecisions = 2;

    while (n--) {
        h.time = (uint64_t) NOW * 1000000 + (uint64_t) n;
        h.id[1]++;
        h.complete = 0;

        if (audit_record_write(line, &redact, &h, &r) == 0) {
            fail("no record");
        }

        h.complete = 1;
        audit_record_head_again(line, &h);
    }
}


int
main(int argc, char **argv)
{
    long    n;
    double  start;

    if (argc != 3) {
        fprintf(stderr, "usage: pure_bench sign|audit N\n");
        return 2;
    }

    n = atol(argv[2]);
    start = now();

    if (strcmp(argv[1], "sign") == 0) {
        sign_calls(n);

    } else {
        audit_calls(n);
    }

    printf("%.1f\n", (now() - start) * 1e9 / (double) (n ? n : 1));

    return 0;
}
