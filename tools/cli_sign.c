
/*
 * postern sign: sends a signed request, or prints it.
 */


#include <errno.h>
#include <time.h>

#include <sodium.h>

#include "cli_sign.h"
#include "sign_webhook.h"


#define CLI_SIGN_SCHEMES                                                      \
    (SIGN_RFC9421|SIGN_SIGV4|SIGN_SIGV4A|SIGN_CAVAGE|SIGN_WEBHOOK|SIGN_ENOS)


static int cli_sign_options(int argc, char **argv, cli_sign_t *s);
static int cli_sign_option(cli_sign_t *s, const char *command, int c);
static int cli_sign_data(cli_sign_t *s, const char *command, int file);
static int cli_sign_number(const char *text, int64_t *value);
static int cli_sign_check(cli_sign_t *s, const char *command);
static int cli_sign_check_form(cli_sign_t *s, const char *command);
static int cli_sign_build(cli_sign_t *s);
static void cli_sign_print(const cli_sign_t *s);
static void cli_sign_print_headers(const cli_sign_t *s);
static void cli_sign_help(void);


enum {
    OPT_KEY_ID = 256, OPT_SECRET_FILE, OPT_KEY_FILE, OPT_SCHEME, OPT_METHOD,
    OPT_HEADER, OPT_DATA, OPT_DATA_FILE, OPT_COMPONENT, OPT_CREATED,
    OPT_EXPIRES, OPT_NONCE, OPT_NO_NONCE, OPT_LABEL, OPT_TAG, OPT_REGION,
    OPT_SERVICE, OPT_FORM, OPT_KIND, OPT_TOKEN, OPT_ALGORITHM, OPT_PRINT,
    OPT_HEADERS, OPT_BASE, OPT_CACERT, OPT_INSECURE,
    OPT_HELP
};


static const struct option  cli_sign_longopts[] = {
    { "key-id",           required_argument, NULL, OPT_KEY_ID },
    { "secret-file",      required_argument, NULL, OPT_SECRET_FILE },
    { "key-file",         required_argument, NULL, OPT_KEY_FILE },
    { "scheme",           required_argument, NULL, OPT_SCHEME },
    { "method",           required_argument, NULL, OPT_METHOD },
    { "header",           required_argument, NULL, OPT_HEADER },
    { "data",             required_argument, NULL, OPT_DATA },
    { "data-file",        required_argument, NULL, OPT_DATA_FILE },
    { "component",        required_argument, NULL, OPT_COMPONENT },
    { "created",          required_argument, NULL, OPT_CREATED },
    { "expires",          required_argument, NULL, OPT_EXPIRES },
    { "nonce",            required_argument, NULL, OPT_NONCE },
    { "no-nonce",         no_argument,       NULL, OPT_NO_NONCE },
    { "label",            required_argument, NULL, OPT_LABEL },
    { "tag",              required_argument, NULL, OPT_TAG },
    { "region",           required_argument, NULL, OPT_REGION },
    { "service",          required_argument, NULL, OPT_SERVICE },
    { "form",             required_argument, NULL, OPT_FORM },
    { "kind",             required_argument, NULL, OPT_KIND },
    { "token",            required_argument, NULL, OPT_TOKEN },
    { "algorithm",        required_argument, NULL, OPT_ALGORITHM },
    { "print",            no_argument,       NULL, OPT_PRINT },
    { "headers",          no_argument,       NULL, OPT_HEADERS },
    { "base",             no_argument,       NULL, OPT_BASE },
    { "include",          no_argument,       NULL, 'i' },
    { "cacert",           required_argument, NULL, OPT_CACERT },
    { "insecure",         no_argument,       NULL, OPT_INSECURE },
    { "help",             no_argument,       NULL, OPT_HELP },
    { NULL, 0, NULL, 0 }
};


int
cli_sign(int argc, char **argv)
{
    int          rc;
    cli_sign_t  *s;

    s = cli_alloc(sizeof(cli_sign_t));
    cli_request_init(&s->request);

    s->scheme = SIGN_RFC9421;
    s->created = (int64_t) time(NULL);
    s->label = "sig1";
    s->region = "local";
    s->service = "app";
    s->form = "draft";

    rc = cli_sign_options(argc, argv, s);

    if (rc == -1) {
        rc = CLI_FAILED;

        if (cli_sign_build(s) == 0 && cli_sign_make(s) == 0) {
            rc = CLI_OK;

            if (s->print) {
                cli_sign_print(s);

            } else if (s->print_headers) {
                cli_sign_print_headers(s);

            } else if (!s->print_base) {
                rc = cli_sign_send(s);
            }
        }
    }

    cli_signer_free(&s->signer);
    cli_free(&s->body);
    cli_request_free(&s->request);
    free(s);

    return rc;
}


/* -1: go on */

static int
cli_sign_options(int argc, char **argv, cli_sign_t *s)
{
    int  c, rc;

    opterr = 0;

    while ((c = getopt_long(argc, argv, ":hiX:H:d:", cli_sign_longopts, NULL))
           != -1)
    {
        if (c == OPT_HELP || c == 'h') {
            cli_sign_help();
            return CLI_OK;
        }

        if (c == ':' || c == '?') {
            return cli_bad_option(argv, c);
        }

        rc = cli_sign_option(s, argv[0], c);
        if (rc != -1) {
            return rc;
        }
    }

    if (argc - optind != 1) {
        return cli_usage(argv[0], "one URL must be named");
    }

    s->url = argv[optind];

    return cli_sign_check(s, argv[0]);
}


static int
cli_sign_option(cli_sign_t *s, const char *command, int c)
{
    const cli_value_t  values[] = {
        { OPT_KEY_ID, &s->key_id },
        { OPT_METHOD, &s->method },
        { 'X', &s->method },
        { OPT_NONCE, &s->nonce },
        { OPT_LABEL, &s->label },
        { OPT_TAG, &s->tag },
        { OPT_REGION, &s->region },
        { OPT_SERVICE, &s->service },
        { OPT_CACERT, &s->cacert },
        { OPT_FORM, &s->form },
        { OPT_KIND, &s->kind },
        { OPT_TOKEN, &s->token },
        { OPT_ALGORITHM, &s->algorithm },
        { 0, NULL }
    };

    if (cli_value(values, c)) {
        return -1;
    }

    switch (c) {

    case OPT_SECRET_FILE:
    case OPT_KEY_FILE:
        if (s->signer.alg) {
            return cli_usage(command, "one key is enough");
        }

        return (c == OPT_KEY_FILE ? cli_signer_key(&s->signer, optarg)
                                  : cli_signer_secret(&s->signer, optarg))
               == 0 ? -1 : CLI_FAILED;

    case OPT_SCHEME:
        s->scheme = postern_scheme_parse(cli_str(optarg));

        if (!(s->scheme & CLI_SIGN_SCHEMES)) {
            return cli_usage(command, "--scheme must be rfc9421, sigv4, "
                             "sigv4a, cavage, webhook or enos");
        }

        return -1;

    case OPT_HEADER:
    case 'H':
        if (s->nheaders == CLI_SIGN_MAX) {
            return cli_usage(command, "more than %d headers", CLI_SIGN_MAX);
        }

        s->headers[s->nheaders++] = optarg;
        return -1;

    case OPT_DATA:
    case 'd':
    case OPT_DATA_FILE:
        return cli_sign_data(s, command, c == OPT_DATA_FILE);

    case OPT_COMPONENT:
        if (s->ncomponents == CLI_SIGN_MAX) {
            return cli_usage(command, "more than %d components", CLI_SIGN_MAX);
        }

        s->components[s->ncomponents++] = optarg;
        return -1;

    case OPT_CREATED:
        return cli_sign_number(optarg, &s->created) == 0 ? -1
               : cli_usage(command, "--created must be seconds since 1970");

    case OPT_EXPIRES:
        return cli_sign_number(optarg, &s->expires) == 0 && s->expires ? -1
               : cli_usage(command, "--expires must be a number of seconds");

    case OPT_NO_NONCE:
        s->no_nonce = 1;
        return -1;

    case OPT_PRINT:
        s->print = 1;
        return -1;

    case OPT_HEADERS:
        s->print_headers = 1;
        return -1;

    case OPT_BASE:
        s->print_base = 1;
        return -1;

    case OPT_INSECURE:
        s->insecure = 1;
        return -1;

    default:
        s->include = 1;
        return -1;
    }
}


static int
cli_sign_data(cli_sign_t *s, const char *command, int file)
{
    if (s->has_body) {
        return cli_usage(command, "one body is enough");
    }

    s->has_body = 1;

    if (file) {
        return cli_read(optarg, CLI_MAX_BODY, &s->body) == 0 ? -1 : CLI_FAILED;
    }

    /* curl would read a file here, and the wrong body would be signed */

    if (*optarg == '@') {
        return cli_usage(command, "--data begins with \"@\": a file is named "
                         "by --data-file, such a text given to it on \"-\"");
    }

    s->body.len = strlen(optarg);
    s->body.data = memcpy(cli_alloc(s->body.len + 1), optarg, s->body.len);

    return -1;
}


static int
cli_sign_number(const char *text, int64_t *value)
{
    char       *end;
    long long   n;

    errno = 0;
    n = strtoll(text, &end, 10);

    if (errno || *end || end == text || n < 0 || n > 253402300799) {
        return -1;
    }

    *value = n;

    return 0;
}


static int
cli_sign_check(cli_sign_t *s, const char *command)
{
    if (s->key_id == NULL) {
        return cli_usage(command, "--key-id is missing");
    }

    if (s->signer.alg == 0) {
        return cli_usage(command, "--secret-file or --key-file is missing");
    }

    if (s->print + s->print_headers + s->print_base > 1) {
        return cli_usage(command,
                         "--print, --headers and --base exclude one another");
    }

    if (cli_sign_check_form(s, command) != -1) {
        return CLI_USAGE;
    }

    if (s->scheme & (SIGN_SIGV4|SIGN_SIGV4A)) {

        if (s->signer.alg != POSTERN_ALG_HMAC_SHA256) {
            return cli_usage(command, "SigV4 needs --secret-file, the secret "
                             "of an hmac-sha256 key");
        }

        if (s->ncomponents || s->nonce || s->expires || s->tag) {
            return cli_usage(command, "--component, --nonce, --expires and "
                             "--tag are of rfc9421, SigV4 has none");
        }
    }

    if (s->method && strspn(s->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "abcdefghijklmnopqrstuvwxyz-_")
                     != strlen(s->method))
    {
        return cli_usage(command, "--method must be a name like PUT");
    }

    return -1;
}


static int
cli_sign_check_form(cli_sign_t *s, const char *command)
{
    postern_alg_e  alg;

    if (strcmp(s->form, "draft") != 0 && strcmp(s->form, "kong") != 0
        && strcmp(s->form, "apisix") != 0)
    {
        return cli_usage(command, "--form must be draft, kong or apisix");
    }

    if (s->form[0] != 'd' && s->scheme != SIGN_CAVAGE) {
        return cli_usage(command, "--form is of cavage");
    }

    if ((s->kind != NULL) != (s->scheme == SIGN_WEBHOOK)) {
        return cli_usage(command,
                         "--scheme webhook and --kind need each other");
    }

    if (s->scheme == SIGN_ENOS && !postern_alg_is_hmac(s->signer.alg)) {
        return cli_usage(command, "EnOS needs --secret-file");
    }

    if (s->token && s->scheme != SIGN_ENOS) {
        return cli_usage(command, "--token is of enos");
    }

    if (s->kind && sign_webhook_kind(cli_str(s->kind)) == NULL) {
        return cli_usage(command, "--kind must be standard, github, stripe, "
                         "slack or shopify");
    }

    /* what clients of the draft mean by an RSA key */

    if (s->algorithm == NULL && s->scheme == SIGN_CAVAGE
        && s->signer.alg == POSTERN_ALG_RSA_PSS_SHA512)
    {
        s->algorithm = "rsa-v1_5-sha256";
    }

    if (s->algorithm == NULL) {
        return -1;
    }

    alg = postern_alg_parse(cli_str(s->algorithm));

    if (alg == 0) {
        return cli_usage(command, "\"%.40s\" is no algorithm", s->algorithm);
    }

    return cli_signer_choose(&s->signer, alg) == 0 ? -1 : CLI_USAGE;
}


/* everything but the signature */

static int
cli_sign_build(cli_sign_t *s)
{
    size_t          i;
    const char     *colon, *type;
    cli_request_t  *r;
    postern_str_t   name;

    r = &s->request;

    if (cli_request_url(r, s->url) != 0) {
        return -1;
    }

    r->req.method = cli_str(s->method ? s->method
                                      : s->has_body ? "POST" : "GET");
    r->body = s->body;
    r->req.has_body = s->body.len != 0;

    for (i = 0; i < s->nheaders; i++) {

        colon = strchr(s->headers[i], ':');

        if (colon == NULL) {
            cli_error("--header \"%.60s\" must read \"Name: value\"",
                      s->headers[i]);
            return -1;
        }

        name = cli_format(r, "%.*s", (int) (colon - s->headers[i]),
                          s->headers[i]);

        if (cli_request_add(r, (const char *) name.data, cli_str(colon + 1))
            != 0)
        {
            return -1;
        }
    }

    if (s->body.len && cli_request_get(r, "content-type").data == NULL) {

        type = *s->body.data == '{' || *s->body.data == '['
               ? "application/json" : "application/x-www-form-urlencoded";

        return cli_request_add(r, "Content-Type", cli_str(type));
    }

    return 0;
}


static void
cli_sign_print(const cli_sign_t *s)
{
    size_t                i;
    const cli_request_t  *r;

    r = &s->request;

    printf("%.*s %.*s HTTP/1.1\r\n", (int) r->req.method.len,
           (const char *) r->req.method.data, (int) r->req.target.len,
           (const char *) r->req.target.data);

    for (i = 0; i < r->req.nfields; i++) {
        printf("%s: %.*s\r\n", r->names[i], (int) r->fields[i].value.len,
               (const char *) r->fields[i].value.data);
    }

    if (s->has_body && cli_request_get(r, "content-length").data == NULL) {
        printf("Content-Length: %zu\r\n", s->body.len);
    }

    fputs("\r\n", stdout);
    fwrite(s->body.data ? s->body.data : (const unsigned char *) "", 1,
           s->body.len, stdout);
}


/* what another client adds to the same request; Host is its own business */

static void
cli_sign_print_headers(const cli_sign_t *s)
{
    size_t                i;
    const cli_request_t  *r;

    r = &s->request;

    for (i = 0; i < r->req.nfields; i++) {

        if (!postern_str_is(r->fields[i].name, "host")) {
            printf("%s: %.*s\n", r->names[i], (int) r->fields[i].value.len,
                   (const char *) r->fields[i].value.data);
        }
    }
}


static void
cli_sign_help(void)
{
    puts(
"NAME\n"
"    postern sign - send a signed request, or print it\n"
"\n"
"SYNOPSIS\n"
"    postern sign --key-id ID {--secret-file FILE | --key-file FILE}\n"
"                 [OPTION]... URL\n"
"\n"
"DESCRIPTION\n"
"    Signs a request and sends it; the response's body goes to standard\n"
"    output.  The schemes are RFC 9421 (HTTP Message Signatures), AWS\n"
"    Signature Version 4 and 4A, draft-cavage-http-signatures with the forms\n"
"    of Kong and APISIX, webhooks, and EnOS.  The algorithm is that of the\n"
"    key.  The URL is sent exactly as it is written: no dot segment is\n"
"    resolved, and nothing is encoded.\n"
"\n"
"    By RFC 9421 the signature covers @method, @authority, @path, @query and,\n"
"    where there is a body, content-type and content-digest "
    "(SHA-256), with the\n"
"    time and a random nonce.  By SigV4 it covers all of the "
    "request, the hash\n"
"    of the body, host, x-amz-date and every --header.\n"
"\n"
"OPTIONS: KEY\n"
"    --key-id ID          the key's id in the directory\n"
"    --secret-file FILE   the secret of an hmac-sha256 key; \"-\" "
    "reads standard\n"
"                         input; one line break at the end is dropped\n"
"    --key-file FILE      the private key in PEM form: Ed25519, P-256, "
"P-384 or\n"
"                         RSA\n"
"    --algorithm NAME     where the key can do several: hmac-sha256 (the\n"
"                         default of a secret), hmac-sha384, hmac-sha512;\n"
"                         rsa-pss-sha512 (of RSA, with rfc9421) or\n"
"                         rsa-v1_5-sha256 (with cavage)\n"
"\n"
"OPTIONS: REQUEST\n"
"    -X, --method NAME    GET where it is left out, POST with a body\n"
"    -d, --data TEXT      the body\n"
"    --data-file FILE     the body from a file, \"-\" for standard input\n"
"    -H, --header LINE    a further header, \"Name: value\"; repeatable\n"
"\n"
"OPTIONS: SIGNATURE\n"
"    --scheme NAME        rfc9421 (the default), sigv4, sigv4a, cavage,\n"
"                         webhook or enos\n"
"    --form NAME          cavage: draft (the default), kong or apisix\n"
"    --kind NAME          webhook: standard, github, stripe, slack or shopify\n"
"    --token TEXT         enos: version 2, with this access token; without\n"
"                         one version 1\n"
"    --created SECONDS    the time of signing, since 1970: now "
    "where it is left\n"
"                         out; others are for tests\n"
"    --component NAME     rfc9421, cavage: what is covered, in this "
    "order, in place of\n"
"                         the default; repeatable.  Parameters follow:\n"
"                         'cache-control;sf', '@query-param;name=\"id\"'\n"
"    --nonce TEXT         rfc9421: this nonce and not a random one\n"
"    --no-nonce           rfc9421: no nonce at all\n"
"    --expires SECONDS    rfc9421, cavage: so long after the time of signing\n"
"    --label NAME         rfc9421: the signature's label, sig1\n"
"    --tag TEXT           rfc9421: the signature's tag, none\n"
"    --region NAME        sigv4: of the credential's scope, \"local\";\n"
"                         sigv4a: which it is for, as in \"eu-*,us-east-1\"\n"
"    --service NAME       sigv4, sigv4a: of the credential's scope, \"app\"\n"
"\n"
"OPTIONS: OUTPUT\n"
"    --print              print the request as raw HTTP/1.1, send nothing\n"
"    --headers            print the header lines that another client must add\n"
"    --base               print what is signed; with sigv4 also the canonical\n"
"                         request\n"
"    -i, --include        print the response's status and headers as well\n"
"    --cacert FILE        trust the certificates in FILE\n"
"    --insecure           trust any certificate: for tests on "
    "your own machine\n"
"    -h, --help           this text\n"
"\n"
"EXAMPLES\n"
"    postern sign --key-id AK1 --secret-file AK1.secret \\\n"
"        https://app.example/api/devices\n"
"    postern sign --key-id robot-7 --key-file robot-7.pem -d "
    "'{\"on\":true}' \\\n"
"        https://app.example/api/devices/7\n"
"    postern sign --key-id AK1 --secret-file AK1.secret --headers \\\n"
"        https://app.example/ > h && curl -H @h https://app.example/\n"
"    postern sign --print --scheme sigv4 --key-id AK1 \\\n"
"        --secret-file AK1.secret http://127.0.0.1:8080/ > request\n"
"\n"
"EXIT STATUS\n"
"    0 the response's status is below 400, or nothing was to be sent;\n"
"    1 it is not, or there was no response; 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern key, postern explain");
}
