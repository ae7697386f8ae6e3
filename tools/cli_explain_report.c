
/*
 * What explain prints: the facts, the verdict, the base, the first difference.
 */


#include <time.h>

#include "cli_explain.h"


static void cli_explain_facts(const cli_explain_t *e);
static void cli_explain_time(int64_t seconds, char *out, size_t size);
static void cli_explain_text(const char *title, postern_str_t text);
static const char *cli_explain_advice(sign_code_e code);
static postern_str_t cli_explain_line(postern_str_t *text);
static void cli_explain_show(const char *title, postern_str_t line);
static const char *cli_explain_component(const cli_explain_t *e,
    int canonical, unsigned n, postern_str_t expected, postern_str_t all,
    char *name, size_t size);
static const char *cli_explain_cause(const char *component);


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

    if (e->msg.canonical.data) {
        cli_explain_text("canonical request", e->msg.canonical);
    }

    if (e->msg.base.data) {
        cli_explain_text(e->msg.scheme == SIGN_SIGV4 ? "string to sign"
                                                     : "signature base",
                         e->msg.base);
    }
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
        printf("  | %.*s\n", (int) line.len, (const char *) line.data);
    } while (text.data);
}


/* text.data is NULL behind the last line */

static postern_str_t
cli_explain_line(postern_str_t *text)
{
    postern_str_t         line;
    const unsigned char  *eol;

    line = *text;
    eol = text->len ? memchr(text->data, '\n', text->len) : NULL;

    if (eol == NULL) {
        text->data = NULL;
        text->len = 0;

    } else {
        line.len = (size_t) (eol - line.data);
        text->data += line.len + 1;
        text->len -= line.len + 1;
    }

    return line;
}


/* compares with what the client signed; 1 where it is the same */

int
cli_explain_compare(cli_explain_t *e)
{
    int             canonical;
    char            name[POSTERN_NAME_MAX];
    unsigned        n;
    const char     *component;
    postern_str_t   file, theirs, ours, all, a, b;

    if (cli_read(e->base_file, SIGN_MAX_BASE, &file) != 0) {
        return 0;
    }

    theirs = file;

    if (theirs.len && theirs.data[theirs.len - 1] == '\n') {
        theirs.len--;
    }

    canonical = e->msg.canonical.data
                && !(theirs.len > 5 && memcmp(theirs.data, "AWS4-", 5) == 0);
    ours = canonical ? e->msg.canonical : e->msg.base;
    all = ours;

    if (postern_str_eq(ours, theirs)) {
        printf("\n%s is the same: the key is another one, or the signature "
               "was made over something else\n", e->base_file);
        cli_free(&file);
        return 1;
    }

    for (n = 1; ours.data && theirs.data; n++) {

        a = cli_explain_line(&ours);
        b = cli_explain_line(&theirs);

        if (postern_str_eq(a, b)) {
            if ((ours.data == NULL) != (theirs.data == NULL)) {
                a = ours.data ? cli_explain_line(&ours) : cli_str("(nothing)");
                b = theirs.data ? cli_explain_line(&theirs)
                                : cli_str("(nothing)");
                n++;

            } else {
                continue;
            }
        }

        component = cli_explain_component(e, canonical, n, a, all, name,
                                          sizeof(name));

        printf("\nfirst difference, line %u, %s:\n", n, component);
        cli_explain_show("expected", a);
        cli_explain_show("client", b);
        printf("  likely    %s\n", cli_explain_cause(component));
        break;
    }

    cli_free(&file);

    return 0;
}


/* The client's text is somebody else's, and goes to a terminal; besides, a "\r"
   that nobody sees may be all the difference. */

static void
cli_explain_show(const char *title, postern_str_t line)
{
    size_t  i;

    printf("  %-9s | ", title);

    for (i = 0; i < line.len; i++) {
        printf(line.data[i] < 0x20 || line.data[i] == 0x7f ? "\\x%02x" : "%c",
               line.data[i]);
    }

    putchar('\n');
}


/* the component that a line of the base or the canonical request is of */

static const char *
cli_explain_component(const cli_explain_t *e, int canonical, unsigned n,
    postern_str_t expected, postern_str_t all, char *name, size_t size)
{
    size_t                 len;
    unsigned               lines;
    const unsigned char   *end;

    static const char     *const  parts[] = { "method", "path", "query" };

    static const char     *const  string[] = {
        "algorithm", "time", "scope", "hash of the canonical request"
    };

    if (e->msg.scheme == SIGN_SIGV4 && !canonical) {
        return n <= 4 ? string[n - 1] : "end";
    }

    if (canonical && n <= 3) {
        return parts[n - 1];
    }

    for (lines = 1; all.data; lines++) {
        cli_explain_line(&all);
    }

    if (canonical && n + 1 == lines) {
        return "hash of the body";
    }

    if (canonical && n + 2 == lines) {
        return "list of signed headers";
    }

    len = expected.len;

    if (!canonical && len && *expected.data == '"') {
        end = memchr(expected.data + 1, '"', len - 1);
        expected.data++;
        len = end ? (size_t) (end - expected.data) : 0;

    } else {
        end = len ? memchr(expected.data, ':', len) : NULL;
        len = end ? (size_t) (end - expected.data) : 0;
    }

    snprintf(name, size, "%.*s", (int) len, (const char *) expected.data);

    return len ? name : "end";
}


static const char *
cli_explain_cause(const char *component)
{
    size_t  i;

    static const struct {
        const char  *component;
        const char  *cause;
    } causes[] = {
        { "@authority", "another host was signed: a proxy changed it, or the "
                        "port is written differently" },
        { "host", "another host was signed: a proxy changed it, or the port "
                  "is written differently" },
        { "@scheme", "TLS ends before the gateway, or --uri-scheme is wrong" },
        { "@target-uri", "host, scheme or path changed on the way: a proxy, or "
                         "--uri-scheme" },
        { "@path", "the path was rewritten, normalized or encoded in another "
                   "way" },
        { "path", "the path was rewritten, normalized or encoded in another "
                  "way" },
        { "@query", "parameters were added, or encoded in another way; it "
                    "begins with \"?\" even where it is empty" },
        { "query", "parameters must be sorted by name, then value, and every "
                   "one has a \"=\"" },
        { "@method", "another method was signed, or the letters are not upper "
                     "case" },
        { "method", "another method was signed, or the letters are not upper "
                    "case" },
        { "@signature-params", "this line repeats what stands behind the label "
                               "in Signature-Input, in that order" },
        { "hash of the body", "another body was signed, or none (curl -T signs "
                              "none)" },
        { "hash of the canonical request", "compare the canonical request: "
                                           "give that with --base" },
        { "time", "another X-Amz-Date was signed" },
        { "scope", "date, region or service are not those of Credential=" },
        { "list of signed headers", "not the list of SignedHeaders=" },
        { "end", "one of the two has more lines" }
    };

    for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (strcmp(component, causes[i].component) == 0) {
            return causes[i].cause;
        }
    }

    return "the header changed on the way, or blanks and repeated lines are "
           "joined in another way";
}


static const char *
cli_explain_advice(sign_code_e code)
{
    switch (code) {

    case SIGN_MISSING:
        return "sign it: Signature-Input and Signature (RFC 9421), or "
               "Authorization: AWS4-HMAC-SHA256";

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
