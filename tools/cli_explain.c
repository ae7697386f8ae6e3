
/*
 * postern explain: why a captured request verifies, or why it does not.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include <sodium.h>

#include "cli_explain.h"


#define CLI_EXPLAIN_WINDOW  900
#define CLI_EXPLAIN_SKEW    60

/* a capture has no certificate of the connection, and what a webhook is signed
   with must be said */

#define CLI_EXPLAIN_SCHEMES  (~(unsigned) (SIGN_MTLS|SIGN_WEBHOOK))


static int cli_explain_options(int argc, char **argv, cli_explain_t *e);
static int cli_explain_option(cli_explain_t *e, char **argv, int c);
static int cli_explain_webhook(cli_explain_t *e, const char *command);
static int cli_explain_number(const char *text, int64_t *value);
static int cli_explain_address(const char *text, unsigned char out[16]);
static int cli_explain_load(cli_explain_t *e, const char *file,
    postern_str_t *text);
static int cli_explain_body(cli_explain_t *e);
static void cli_explain_help(void);


static const struct option  cli_explain_longopts[] = {
    { "directory",  required_argument, NULL, 'd' },
    { "jwks",       required_argument, NULL, 'j' },
    { "master-key", required_argument, NULL, 'm' },
    { "base",       required_argument, NULL, 'b' },
    { "body",       required_argument, NULL, 'B' },
    { "uri-scheme", required_argument, NULL, 's' },
    { "org",        required_argument, NULL, 'o' },
    { "address",    required_argument, NULL, 'a' },
    { "demand",     required_argument, NULL, 'D' },
    { "at",         required_argument, NULL, 't' },
    { "window",     required_argument, NULL, 'w' },
    { "entry",      required_argument, NULL, 'e' },
    { "url",        required_argument, NULL, 'u' },
    { "webhook",    required_argument, NULL, 'W' },
    { "key",        required_argument, NULL, 'k' },
    { "insecure",   no_argument,       NULL, 'I' },
    { "help",       no_argument,       NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


int
cli_explain(int argc, char **argv)
{
    int             rc;
    postern_str_t   text = postern_null_string;
    cli_explain_t  *e;

    e = cli_alloc(sizeof(cli_explain_t));
    cli_request_init(&e->request);

    e->policy.schemes = CLI_EXPLAIN_SCHEMES;
    e->policy.cover = SIGN_COVER_DEFAULT;
    e->policy.fields = e->demanded;
    e->policy.window = CLI_EXPLAIN_WINDOW;
    e->policy.skew = CLI_EXPLAIN_SKEW;

    rc = cli_explain_options(argc, argv, e);

    if (rc == -1) {
        rc = CLI_FAILED;

        if (cli_explain_load(e, argv[optind], &text) == 0) {

            cli_explain_steps(e);
            cli_explain_report(e);

            if (e->base_file && e->msg.base.data) {
                cli_explain_compare(e);
            }

            if (e->code == SIGN_INVALID) {
                cli_explain_guess(e);
            }

            rc = e->code == SIGN_OK && !e->untold ? CLI_OK : CLI_FAILED;
        }
    }

    if (e->dir) {
        postern_directory_destroy(e->dir);
    }

    cli_jwks_free(&e->jwks);
    cli_free(&text);
    cli_free(&e->body);
    cli_request_free(&e->request);
    sodium_memzero(e, sizeof(cli_explain_t));
    free(e);

    return rc;
}


/* -1: go on */

static int
cli_explain_options(int argc, char **argv, cli_explain_t *e)
{
    int  c, rc;

    const cli_value_t  values[] = {
        { 'd', &e->directory },
        { 'm', &e->ring_file },
        { 'b', &e->base_file },
        { 'B', &e->body_file },
        { 's', &e->scheme },
        { 'o', &e->org },
        { 'u', &e->url },
        { 0, NULL }
    };

    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h",
                            cli_explain_longopts, NULL)) != -1) {

        switch (c) {

        case 'a':
            if (cli_explain_address(optarg, e->address) != 0) {
                return cli_usage(argv[0], "--address must be an IP address");
            }

            e->has_address = 1;
            break;

        case 'D':
            if (e->policy.nfields == CLI_EXPLAIN_FIELDS) {
                return cli_usage(argv[0], "more than %d times --demand",
                                 CLI_EXPLAIN_FIELDS);
            }

            e->demanded[e->policy.nfields++] = cli_str(optarg);
            break;

        case 't':
            if (cli_explain_number(optarg, &e->at) != 0) {
                return cli_usage(argv[0], "--at must be seconds since 1970");
            }

            break;

        case 'w':
            if (cli_explain_number(optarg, &e->policy.window) != 0) {
                return cli_usage(argv[0], "--window must be seconds");
            }

            break;

        case 'h':
            cli_explain_help();
            return CLI_OK;

        default:
            if (cli_value(values, c)) {
                break;
            }

            rc = cli_explain_option(e, argv, c);
            if (rc != -1) {
                return rc;
            }

            break;
        }
    }

    if (argc - optind != 1 || e->directory == NULL) {
        return cli_usage(argv[0], e->directory ? "one file with a request must "
                                                 "be named, or \"-\""
                                               : "--directory is missing");
    }

    if (e->scheme && strcmp(e->scheme, "http") != 0
        && strcmp(e->scheme, "https") != 0)
    {
        return cli_usage(argv[0], "--uri-scheme must be http or https");
    }

    return cli_explain_webhook(e, argv[0]);
}


/* -1: go on */

static int
cli_explain_option(cli_explain_t *e, char **argv, int c)
{
    switch (c) {

    case 'e':
        return cli_explain_number(optarg, &e->entry) == 0 ? -1
               : cli_usage(argv[0], "--entry must be a number from 1 on");

    case 'j':
        return cli_jwks_add(&e->jwks, argv[0], optarg);

    case 'W':
        e->policy.webhook = &e->webhook;
        e->policy.schemes = SIGN_WEBHOOK;
        return cli_webhook(&e->request, argv[0], optarg, &e->webhook);

    case 'k':
        if (e->nkeys == SIGN_MAX_KEYS) {
            return cli_usage(argv[0], "more than %d times --key",
                             SIGN_MAX_KEYS);
        }

        e->keys[e->nkeys++] = cli_str(optarg);
        return -1;

    case 'I':
        e->policy.insecure = SIGN_INSECURE_COVERAGE|SIGN_INSECURE_BODY
                             |SIGN_INSECURE_FRESHNESS;
        e->policy.cover = 0;
        return -1;

    default:
        return cli_bad_option(argv, c);
    }
}


/* those of --key beside those that --webhook names */

static int
cli_explain_webhook(cli_explain_t *e, const char *command)
{
    size_t  i;

    if (e->policy.webhook == NULL) {
        return -1;
    }

    for (i = 0; i < e->nkeys; i++) {

        if (e->webhook.nkeys == SIGN_MAX_KEYS) {
            return cli_usage(command, "more than %d keys of a webhook",
                             SIGN_MAX_KEYS);
        }

        e->webhook.keys[e->webhook.nkeys++] = e->keys[i];
    }

    return e->webhook.nkeys ? -1 : cli_usage(command, "--webhook needs --key");
}


static int
cli_explain_number(const char *text, int64_t *value)
{
    char       *end;
    long long   n;

    errno = 0;
    n = strtoll(text, &end, 10);

    if (errno || *end || end == text || n <= 0 || n > 253402300799) {
        return -1;
    }

    *value = n;

    return 0;
}


static int
cli_explain_address(const char *text, unsigned char out[16])
{
    memset(out, 0, 10);
    out[10] = 0xff;
    out[11] = 0xff;

    return inet_pton(AF_INET, text, out + 12) == 1
           || inet_pton(AF_INET6, text, out) == 1 ? 0 : -1;
}


static int
cli_explain_load(cli_explain_t *e, const char *file, postern_str_t *text)
{
    e->dir = cli_jwks_directory(&e->jwks, e->directory);

    if (e->dir == NULL) {
        return -1;
    }

    if (cli_read(file, CLI_MAX_BODY, text) != 0) {
        return -1;
    }

    if (cli_request_is_har(*text)) {

        if (cli_request_har(&e->request, *text, file, e->entry, e->url) != 0) {
            return -1;
        }

    } else if (e->entry || e->url) {
        return cli_error("%s is no HAR: --entry and --url choose from one",
                         file), -1;

    } else if (cli_request_parse(&e->request, *text, file) != 0) {
        return -1;
    }

    if (e->scheme || e->request.req.scheme.data == NULL) {
        e->request.req.scheme = cli_str(e->scheme ? e->scheme : "https");
    }

    e->scheme = (const char *) e->request.req.scheme.data;

    if (e->policy.webhook
        && cli_webhook_values(&e->request, &e->webhook) != 0)
    {
        return -1;
    }

    return cli_explain_body(e);
}


static int
cli_explain_body(cli_explain_t *e)
{
    if (e->body_file == NULL) {
        return 0;
    }

    if (cli_read(e->body_file, CLI_MAX_BODY, &e->body) != 0) {
        return -1;
    }

    e->request.body = e->body;
    e->request.body_known = 1;
    e->request.req.has_body = e->body.len != 0;

    return 0;
}


static void
cli_explain_help(void)
{
    puts(
"NAME\n"
"    postern explain - say why a request verifies, or why it does not\n"
"\n"
"SYNOPSIS\n"
"    postern explain --directory FILE [OPTION]... REQUEST\n"
"\n"
"DESCRIPTION\n"
"    Reads a captured request and takes it through the gateway's own steps:\n"
"    shape, key, coverage, signature base, signature, digest of the body, in\n"
"    whichever scheme it is signed.  Prints the gateway's code, the reason,\n"
"    what to do, and the signature base the gateway expects (for SigV4 the\n"
"    canonical request).  Given the client's own base, it prints both side by\n"
"    side and points at the first difference.  Where a signature does not\n"
"    verify, a few usual mistakes are tried, and the one that explains it is\n"
"    named and shown in the same way.  Secrets are never printed.\n"
"\n"
"    REQUEST is a file with a raw HTTP/1.1 request, body and all, with what\n"
"    \"curl -v\" printed, or with a HAR, as browsers and proxies save it;\n"
"    \"-\" is standard input.  Replays are not judged, and freshness only "
"with --at.\n"
"\n"
"OPTIONS\n"
"    --directory FILE     the directory, to find the key in\n"
"    --jwks ORG=FILE      a set of keys beside it (postern_jwks), or what\n"
"                         nginx.conf has: \"FILE org=ORG id=thumbprint\";\n"
"                         repeatable\n"
"    --master-key FILE    opens the secrets of HMAC keys\n"
"    --base FILE          what the client signed: its signature "
    "base, canonical\n"
"                         request or string to sign\n"
"    --body FILE          the body, where REQUEST lacks it (curl -v)\n"
"    --uri-scheme NAME    http or https, how the request came in: https, or\n"
"                         what a HAR or curl says\n"
"    --org ORG            the organization demanded there (postern_org)\n"
"    --address IP         the client's address, for keys bound to networks\n"
"    --demand FIELD       a further field that must be covered; repeatable\n"
"    --at SECONDS         judge it as of that time, since 1970, and not as of\n"
"                         the time it was signed\n"
"    --window SECONDS     how long a signature is valid (sign_window): 900\n"
"    --entry N            of a HAR, the request of that number, from 1 on\n"
"    --url TEXT           of a HAR, the first request whose URL has that text\n"
"    --webhook KIND       a webhook: standard, github, stripe, slack, shopify\n"
"                         or what sign_webhook has: \"custom key=ID ...\"\n"
"    --key ID             a key of the webhook, where --webhook names none;\n"
"                         repeatable; with EnOS the key behind the token\n"
"    --insecure           judge it as with sign_insecure_coverage, _body and\n"
"                         _freshness: webhooks of github and shopify need it\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    curl -v --aws-sigv4 aws:amz:local:app --user \"AK1:$secret\" \\\n"
"        http://127.0.0.1:8080/api 2> capture\n"
"    postern explain --directory postern.json --master-key postern.key \\\n"
"        --uri-scheme http capture\n"
"    postern explain --directory postern.json --base mine.txt request.txt\n"
"    postern explain --directory postern.json --url /api/devices saved.har\n"
"    postern explain --directory postern.json --master-key postern.key \\\n"
"        --webhook github --key github-2026 --insecure request.txt\n"
"\n"
"EXIT STATUS\n"
"    0 the request verifies, 1 it does not or could not be judged,\n"
"    2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern sign, postern check");
}
