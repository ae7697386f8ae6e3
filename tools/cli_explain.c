
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


static int cli_explain_options(int argc, char **argv, cli_explain_t *e);
static int cli_explain_number(const char *text, int64_t *value);
static int cli_explain_address(const char *text, unsigned char out[16]);
static int cli_explain_load(cli_explain_t *e, const char *file,
    postern_str_t *text);
static int cli_explain_body(cli_explain_t *e);
static void cli_explain_steps(cli_explain_t *e);
static int cli_explain_secret(cli_explain_t *e);
static void cli_explain_digest(cli_explain_t *e);
static void cli_explain_help(void);


int
cli_explain(int argc, char **argv)
{
    int             rc;
    postern_str_t   text = postern_null_string;
    cli_explain_t  *e;

    e = cli_alloc(sizeof(cli_explain_t));
    cli_request_init(&e->request);

    e->scheme = "https";
    e->policy.schemes = SIGN_RFC9421 | SIGN_SIGV4;
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
    int  c;

    static const struct option  options[] = {
        { "directory",  required_argument, NULL, 'd' },
        { "master-key", required_argument, NULL, 'm' },
        { "base",       required_argument, NULL, 'b' },
        { "body",       required_argument, NULL, 'B' },
        { "uri-scheme", required_argument, NULL, 's' },
        { "org",        required_argument, NULL, 'o' },
        { "address",    required_argument, NULL, 'a' },
        { "demand",     required_argument, NULL, 'D' },
        { "at",         required_argument, NULL, 't' },
        { "window",     required_argument, NULL, 'w' },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    const cli_value_t  values[] = {
        { 'd', &e->directory },
        { 'm', &e->ring_file },
        { 'b', &e->base_file },
        { 'B', &e->body_file },
        { 's', &e->scheme },
        { 'o', &e->org },
        { 0, NULL }
    };

    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

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
            if (!cli_value(values, c)) {
                return cli_bad_option(argv, c);
            }

            break;
        }
    }

    if (argc - optind != 1 || e->directory == NULL) {
        return cli_usage(argv[0], e->directory ? "one file with a request must "
                                                 "be named, or \"-\""
                                               : "--directory is missing");
    }

    if (strcmp(e->scheme, "http") != 0 && strcmp(e->scheme, "https") != 0) {
        return cli_usage(argv[0], "--uri-scheme must be http or https");
    }

    return -1;
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
    e->dir = cli_directory(e->directory);

    if (e->dir == NULL) {
        return -1;
    }

    if (cli_read(file, CLI_MAX_BODY, text) != 0
        || cli_request_parse(&e->request, *text, file) != 0)
    {
        return -1;
    }

    e->request.req.scheme = cli_str(e->scheme);

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


/* the steps of sign_message.h; what fails first is what the gateway says */

static void
cli_explain_steps(cli_explain_t *e)
{
    int64_t          now;
    sign_code_e      code;
    postern_str_t    secret;
    sign_message_t   msg;
    postern_alloc_t  memory;

    memory = postern_arena_allocator(e->request.arena);

    e->code = sign_parse(&e->request.req, &e->policy, &memory, &e->msg);
    if (e->code != SIGN_OK) {
        return;
    }

    now = e->at ? e->at : e->msg.created != POSTERN_TIME_MIN
                          ? e->msg.created : (int64_t) time(NULL);

    e->key = postern_directory_key(e->dir, e->msg.key_id);
    e->code = sign_check(&e->request.req, &e->policy, e->key,
                         cli_str(e->org), e->has_address ? e->address : NULL,
                         now, &e->msg);

    /* the base is of use even where the key or the coverage is not */

    if (e->msg.body == SIGN_BODY_BEFORE && e->request.body_known) {
        sign_sha256(&e->request.body, 1, e->msg.body_hash);
        e->msg.has_body_hash = 1;
    }

    e->untold = e->msg.body == SIGN_BODY_BEFORE && !e->request.body_known;

    if (e->untold) {
        return;
    }

    msg = e->msg;
    code = sign_base(&e->request.req, &memory, &msg);

    e->msg.base = msg.base;
    e->msg.canonical = msg.canonical;

    if (e->code != SIGN_OK) {
        return;
    }

    e->msg = msg;
    e->code = code;

    if (code == SIGN_OK && cli_explain_secret(e) == 0) {

        secret.data = e->secret;
        secret.len = e->secret_len;

        e->code = cli_explain_verify(e, &e->request.req, secret, &msg);

        if (e->code == SIGN_OK) {
            cli_explain_digest(e);

        } else {
            memcpy(e->msg.detail, msg.detail, sizeof(msg.detail));
        }
    }
}


/* opens the secret of an HMAC key; public keys need none */

static int
cli_explain_secret(cli_explain_t *e)
{
    int              opened;
    char             name[3 * POSTERN_NAME_MAX];
    postern_open_e   rc;
    postern_ring_t   ring;

    if (e->key->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return 0;
    }

    if (e->ring_file && cli_ring(e->ring_file, &ring) != 0) {
        e->code = SIGN_KEY_UNUSABLE;
        return -1;
    }

    opened = postern_seal_name(name, sizeof(name), e->key->org->name, "keys",
                               e->key->id, "secret") != 0;
    rc = POSTERN_OPEN_MALFORMED;

    if (opened) {
        rc = postern_secret_open(e->ring_file ? &ring : NULL, e->key->secret,
                                 cli_str(name), e->secret, &e->secret_len);
    }

    sodium_memzero(&ring, sizeof(ring));

    if (rc == POSTERN_OPEN_OK) {
        return 0;
    }

    e->code = SIGN_KEY_UNUSABLE;
    snprintf(e->msg.detail, sizeof(e->msg.detail), "the secret of key "
             "\"%.*s\" does not open: %s%s", (int) e->key->id.len,
             (const char *) e->key->id.data, postern_open_text(rc),
             e->ring_file ? "" : " (no --master-key was given)");

    return -1;
}


sign_code_e
cli_explain_verify(cli_explain_t *e, const sign_request_t *req,
    postern_str_t secret, sign_message_t *msg)
{
    sign_key_t       *key;
    sign_code_e       code;
    postern_alloc_t   memory;

    memory = postern_arena_allocator(e->request.arena);

    code = sign_parse(req, &e->policy, &memory, msg);

    if (code == SIGN_OK) {

        if (msg->body == SIGN_BODY_BEFORE) {
            sign_sha256(&e->request.body, 1, msg->body_hash);
            msg->has_body_hash = 1;
        }

        code = sign_base(req, &memory, msg);
    }

    if (code != SIGN_OK) {
        return code;
    }

    if (e->key->algorithm != POSTERN_ALG_HMAC_SHA256) {
        secret = cli_str(NULL);
    }

    key = sign_key_create(e->key, secret);

    if (key == NULL) {
        return SIGN_KEY_UNUSABLE;
    }

    code = sign_verify(key, msg);
    sign_key_destroy(key);

    return code;
}


static void
cli_explain_digest(cli_explain_t *e)
{
    unsigned char   out[64];
    sign_digest_t  *d;

    if (e->msg.digest == SIGN_DIGEST_NONE) {
        return;
    }

    if (!e->request.body_known && e->request.req.has_body) {
        e->untold = 1;
        return;
    }

    d = sign_digest_begin(cli_alloc(sign_digest_size()), e->msg.digest);

    if (e->request.body.len) {
        sign_digest_update(d, e->request.body.data, e->request.body.len);
    }

    sign_digest_final(d, out);
    free(d);

    if (!sign_digest_equal(e->msg.digest, out, e->msg.digest_value)) {
        e->code = SIGN_DIGEST;
        snprintf(e->msg.detail, sizeof(e->msg.detail), "the digest of the "
                 "body (%zu bytes) is not the one that was signed",
                 e->request.body.len);
    }
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
"    shape, key, coverage, signature base, signature, digest of the body.\n"
"    Prints the gateway's code, the reason, what to do, and the "
    "signature base\n"
"    (for SigV4 the canonical request) the gateway expects.  "
    "Given the client's\n"
"    own base, it points at the first line that differs and says which\n"
"    component that is.  Where a signature does not verify, a few usual\n"
"    mistakes are tried, and the one that explains it is named.\n"
"\n"
"    REQUEST is a file with a raw HTTP/1.1 request, body and all, "
    "or with what\n"
"    \"curl -v\" printed; \"-\" is standard input.  Replays are "
    "not judged, and\n"
"    freshness only with --at.\n"
"\n"
"OPTIONS\n"
"    --directory FILE     the directory, to find the key in\n"
"    --master-key FILE    opens the secret of an hmac-sha256 key\n"
"    --base FILE          what the client signed: its signature "
    "base, canonical\n"
"                         request or string to sign\n"
"    --body FILE          the body, where REQUEST lacks it (curl -v)\n"
"    --uri-scheme NAME    http or https, how the request came in: https\n"
"    --org ORG            the organization demanded there (postern_org)\n"
"    --address IP         the client's address, for keys bound to networks\n"
"    --demand FIELD       a further field that must be covered; repeatable\n"
"    --at SECONDS         judge it as of that time, since 1970, and not as of\n"
"                         the time it was signed\n"
"    --window SECONDS     how long a signature is valid (sign_window): 900\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    curl -v --aws-sigv4 aws:amz:local:app --user \"AK1:$secret\" \\\n"
"        http://127.0.0.1:8080/api 2> capture\n"
"    postern explain --directory postern.json --master-key postern.key \\\n"
"        --uri-scheme http capture\n"
"    postern explain --directory postern.json --base mine.txt request.txt\n"
"\n"
"EXIT STATUS\n"
"    0 the request verifies, 1 it does not or could not be judged,\n"
"    2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern sign, postern check");
}
