
/*
 * What explain prints: the facts, the verdict, the base, the first difference.
 */


#include <time.h>

#include <sodium.h>

#include "cli_explain.h"


static void cli_explain_facts(const cli_explain_t *e);
static void cli_explain_time(int64_t seconds, char *out, size_t size);
static int cli_explain_other(const sign_message_t *msg);
static void cli_explain_text(const char *title, postern_str_t text);
static const char *cli_explain_advice(sign_code_e code);


void
cli_explain_report(cli_explain_t *e)
{
    cli_explain_facts(e);

    if (e->untold && e->code == SIGN_OK) {
        printf("verdict    cannot tell: the body is not in the capture\n"
               "to do      give it with --body FILE\n");

    } else if (e->code == SIGN_OK) {
        printf("verdict    the request verifies (freshness%s and replay are "
               "not judged here)\n", e->at ? " is," : "");

        if (e->at) {
            printf("           it stays valid for %lld s\n",
                   (long long) e->msg.claim_ttl);
        }

    } else {
        printf("verdict    %s\n", sign_code(e->code));
        printf("why        %s\n", e->msg.detail[0] ? e->msg.detail
               : "the signature is not one of this key over the base below");
        printf("to do      %s\n", cli_explain_advice(e->code));
    }

    if (e->code == SIGN_OK && e->msg.weak) {
        printf("left open  %s\n", e->msg.weak);
    }

    if (e->code == SIGN_OK && cli_explain_other(&e->msg)) {
        printf("note       the client signed the path or the query as it sent "
               "it, which counts too;\n"
               "           its canonical request differs from this one in "
               "that\n");
    }

    if (e->msg.canonical.data) {
        cli_explain_text("canonical request", e->msg.canonical);
    }

    if (e->msg.base.data) {
        cli_explain_text(e->msg.canonical.data ? "string to sign"
                                               : "signature base",
                         e->msg.base);
    }

    if (e->msg.part.data) {
        cli_explain_text("string to sign of that chunk", e->msg.part);
    }
}


/* SigV4: what verified is the hash of another canonical request */

static int
cli_explain_other(const sign_message_t *msg)
{
    char           hex[2 * 32 + 1];
    unsigned char  hash[32];

    if (msg->canonical.data == NULL || msg->base.len < 64) {
        return 0;
    }

    sign_sha256(&msg->canonical, 1, hash);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));

    return memcmp(msg->base.data + msg->base.len - 64, hex, 64) != 0;
}


static void
cli_explain_facts(const cli_explain_t *e)
{
    char                   when[64];
    postern_str_t          alg, method, target, host;
    const sign_message_t  *msg;

    msg = &e->msg;
    method = e->request.req.method;
    target = e->request.req.target;
    host = e->request.req.authority;

    printf("request    %.*s %.*s\n", (int) method.len,
           (const char *) method.data, (int) target.len,
           (const char *) target.data);
    printf("host       %.*s, over %s\n", (int) host.len,
           host.data ? (const char *) host.data : "", e->scheme);

    if (e->request.body_known) {
        printf("body       %zu bytes\n", e->request.body.len);

    } else {
        printf("body       %s\n", e->request.req.has_body
                                  ? "there is one, not captured" : "none");
    }

    if (msg->scheme) {
        printf("scheme     %s", sign_scheme_name(msg->scheme));

        if (msg->label.len) {
            printf(", label %.*s", (int) msg->label.len,
                   (const char *) msg->label.data);
        }

        putchar('\n');
    }

    if (msg->key_id.len) {
        printf("key        %.*s", (int) msg->key_id.len,
               (const char *) msg->key_id.data);

        if (e->key) {
            alg = postern_alg_name(e->key->algorithm);
            printf(", %.*s, of %.*s", (int) alg.len, (const char *) alg.data,
                   (int) e->key->org->name.len,
                   (const char *) e->key->org->name.data);
        }

        putchar('\n');
    }

    if (msg->key_id.len && msg->created != POSTERN_TIME_MIN) {
        cli_explain_time(msg->created, when, sizeof(when));
        printf("signed     %s, %lld s ago\n", when,
               (long long) ((int64_t) time(NULL) - msg->created));
    }
}


static void
cli_explain_time(int64_t seconds, char *out, size_t size)
{
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;

    if (gmtime_r(&t, &tm) == NULL
        || strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        snprintf(out, size, "%lld", (long long) seconds);
    }
}


static void
cli_explain_text(const char *title, postern_str_t text)
{
    postern_str_t  line;

    printf("\nthe %s that the gateway expects:\n", title);

    do {
        line = cli_explain_line(&text);
        cli_explain_print("  | ", line);
    } while (text.data);
}


static const char *
cli_explain_advice(sign_code_e code)
{
    switch (code) {

    case SIGN_MISSING:
        return "sign it: Signature-Input and Signature (RFC 9421), "
               "Authorization: AWS4-HMAC-SHA256, or as another scheme has it; "
               "a webhook is judged with --webhook and --key";

    case SIGN_MALFORMED:
        return "compare with what \"postern sign --print\" makes";

    case SIGN_AMBIGUOUS:
        return "send one credential, in one place, and each such header once";

    case SIGN_TOO_LARGE:
        return "make it smaller: the bounds are fixed";

    case SIGN_UNSUPPORTED:
        return "use a form that docs/sign.md lists";

    case SIGN_UNKNOWN_KEY:
        return "use a key id of the directory, or add the key to it";

    case SIGN_KEY_DISABLED:
        return "set \"status\" of the key or its user to \"active\"";

    case SIGN_KEY_EXPIRED:
        return "make a new key, or change not_before and not_after";

    case SIGN_KEY_NETWORK:
        return "send it from one of the key's networks; here, name the "
               "client's address with --address";

    case SIGN_KEY_ORG:
        return "use a key of the organization that postern_org names there";

    case SIGN_KEY_SCHEME:
        return "use another key, or add the scheme to \"schemes\" of this one";

    case SIGN_KEY_UNUSABLE:
        return "give the right --master-key, or seal the secret anew";

    case SIGN_ALGORITHM:
        return "sign with the algorithm of the key: the message does not "
               "choose it";

    case SIGN_COVERAGE:
        return "cover that as well";

    case SIGN_EXPIRED:
        return "sign right before sending; check the client's clock";

    case SIGN_FUTURE:
        return "set the client's clock";

    case SIGN_INVALID:
        return "compare the base below with the client's: --base FILE";

    case SIGN_DIGEST:
        return "send the very bytes that were hashed";

    default:
        return "see docs/sign.md";
    }
}
