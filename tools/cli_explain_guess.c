
/*
 * Usual mistakes, tried one by one on a request that does not verify.  Only
 * explain does this: the gateway never accepts a request it has to repair.
 */


#include <sodium.h>

#include "cli_explain.h"
#include "sign_sigv4.h"


static int cli_explain_scheme(cli_explain_t *e);
static int cli_explain_host(cli_explain_t *e);
static int cli_explain_no_query(cli_explain_t *e);
static int cli_explain_normalized(cli_explain_t *e);
static int cli_explain_empty_body(cli_explain_t *e);
static int cli_explain_line_break(cli_explain_t *e);
static int cli_explain_base64(cli_explain_t *e);
static int cli_explain_try(cli_explain_t *e, const sign_request_t *req);


void
cli_explain_guess(cli_explain_t *e)
{
    if (!cli_explain_scheme(e)
        && !cli_explain_host(e)
        && !cli_explain_no_query(e)
        && !cli_explain_normalized(e)
        && !cli_explain_empty_body(e)
        && !cli_explain_line_break(e)
        && !cli_explain_base64(e))
    {
        printf("\nno usual mistake explains it: check that the client has the "
               "key's own secret, and compare with its own base: --base "
               "FILE\n");
        return;
    }

    cli_explain_guessed(e, &e->guess);
}


static int
cli_explain_try(cli_explain_t *e, const sign_request_t *req)
{
    return cli_explain_verify(e, req, &e->guess) == SIGN_OK;
}


static int
cli_explain_scheme(cli_explain_t *e)
{
    sign_request_t  req;

    req = e->request.req;
    req.scheme = cli_str(strcmp(e->scheme, "http") == 0 ? "https" : "http");

    if (!cli_explain_try(e, &req)) {
        return 0;
    }

    printf("\nit would verify over %.*s: give --uri-scheme, or see whether TLS "
           "ends before the gateway\n", (int) req.scheme.len,
           (const char *) req.scheme.data);

    return 1;
}


/* with a port, without it, in lower case */

static int
cli_explain_host(cli_explain_t *e)
{
    size_t          i, j, n;
    postern_str_t   host, tried;
    sign_field_t    fields[SIGN_MAX_FIELDS];
    sign_request_t  req;

    static const char  *const ports[] = { "", ":443", ":80", ":8080" };

    host = e->request.req.authority;
    req = e->request.req;
    memcpy(fields, req.fields, req.nfields * sizeof(sign_field_t));
    req.fields = fields;

    for (n = host.len; n && host.data[n - 1] >= '0' && host.data[n - 1] <= '9';
         n--)
    {
        /* void */
    }

    n = n && host.data[n - 1] == ':' ? n - 1 : host.len;

    for (i = 0; i < 2 * (sizeof(ports) / sizeof(ports[0])); i++) {

        tried = cli_format(&e->request, "%.*s%s", (int) n,
                           (const char *) host.data, ports[i / 2]);

        for (j = 0; (i & 1) && j < tried.len; j++) {
            if (tried.data[j] >= 'A' && tried.data[j] <= 'Z') {
                ((unsigned char *) tried.data)[j] |= 0x20;
            }
        }

        req.authority = tried;

        for (j = 0; j < req.nfields; j++) {
            if (postern_str_is(fields[j].name, "host")) {
                fields[j].value = tried;
            }
        }

        if (cli_explain_try(e, &req)) {
            printf("\nit would verify with the host \"%.*s\": the client "
                   "signed that, the request came with \"%.*s\"\n",
                   (int) tried.len, (const char *) tried.data, (int) host.len,
                   (const char *) host.data);
            return 1;
        }
    }

    return 0;
}


/* Tyk, and for years Mastodon, left it out */

static int
cli_explain_no_query(cli_explain_t *e)
{
    sign_request_t        req;
    const unsigned char  *query;

    req = e->request.req;
    query = memchr(req.target.data, '?', req.target.len);

    if (query == NULL) {
        return 0;
    }

    req.target.len = (size_t) (query - req.target.data);

    if (!cli_explain_try(e, &req)) {
        return 0;
    }

    printf("\nit would verify without the query: the client signs the path "
           "alone\n");

    return 1;
}


/* AWS's clients resolve "..", "." and "//" before they sign, not when they
   send */

static int
cli_explain_normalized(cli_explain_t *e)
{
    postern_str_t   path, query;
    sign_request_t  req;
    unsigned char  *p;

    if (!(e->msg.scheme & (SIGN_SIGV4|SIGN_SIGV4A))
        || sign_sigv4_target(e->request.req.target, &path, &query) != 0
        || memchr(path.data, '%', path.len) != NULL)
    {
        return 0;
    }

    p = postern_arena_alloc(e->request.arena, 3 * path.len + 1);
    if (p == NULL) {
        return 0;
    }

    path.len = sign_sigv4_path(path, SIGN_SIGV4_PATH_NORMALIZED, p);
    path.data = p;

    req = e->request.req;
    req.target = cli_format(&e->request, "%.*s%s%.*s", (int) path.len,
                            (const char *) path.data, query.len ? "?" : "",
                            (int) query.len, (const char *) query.data);

    if (!cli_explain_try(e, &req)) {
        return 0;
    }

    printf("\nit would verify with the path \"%.*s\": the client normalizes "
           "the path it signs, let it send that one\n", (int) path.len,
           (const char *) path.data);

    return 1;
}


static int
cli_explain_empty_body(cli_explain_t *e)
{
    int             found;
    postern_str_t   body;

    if (e->msg.body != SIGN_BODY_BEFORE) {
        return 0;
    }

    body = e->request.body;
    e->request.body.len = 0;
    found = cli_explain_try(e, &e->request.req);
    e->request.body = body;

    if (found) {
        printf("\nit would verify with no body: the client signed none (as "
               "curl -T does); use --data-binary\n");
    }

    return found;
}


static int
cli_explain_line_break(cli_explain_t *e)
{
    int             found;
    size_t          len;
    unsigned char  *secret;

    secret = e->secrets[0];
    len = e->secret_len[0];
    found = 0;

    if (len == 0) {
        return 0;
    }

    if (len < POSTERN_SECRET_MAX) {
        secret[len] = '\n';
        e->secret_len[0] = len + 1;
        found = cli_explain_try(e, &e->request.req);
    }

    if (!found && len > 1 && secret[len - 1] == '\n') {
        e->secret_len[0] = len - 1;
        found = cli_explain_try(e, &e->request.req);
    }

    e->secret_len[0] = len;

    if (found) {
        printf("\nit would verify with a line break more or less at the end of "
               "the secret: one of the two sides read it from a file\n");
    }

    return found;
}


/* a secret that is written in base64 is the text to some, and to others what it
   says */

static int
cli_explain_base64(cli_explain_t *e)
{
    int            found;
    char           text[POSTERN_SECRET_MAX * 4 / 3 + 8];
    size_t         len, n;
    unsigned char  was[POSTERN_SECRET_MAX];

    len = e->secret_len[0];
    found = 0;

    memcpy(was, e->secrets[0], len);

    if (len == 0) {
        return 0;
    }

    if (sodium_base642bin(e->secrets[0], len, (const char *) was, len, NULL,
                          &n, NULL, sodium_base64_VARIANT_ORIGINAL)
        == 0 && n > 0)
    {
        e->secret_len[0] = n;
        found = cli_explain_try(e, &e->request.req);
    }

    if (!found && len <= POSTERN_SECRET_MAX / 4 * 3 - 4) {
        sodium_bin2base64(text, sizeof(text), was, len,
                          sodium_base64_VARIANT_ORIGINAL);

        e->secret_len[0] = strlen(text);
        memcpy(e->secrets[0], text, e->secret_len[0]);
        found = cli_explain_try(e, &e->request.req);
    }

    memcpy(e->secrets[0], was, len);
    e->secret_len[0] = len;

    sodium_memzero(was, sizeof(was));
    sodium_memzero(text, sizeof(text));

    if (found) {
        printf("\nit would verify with the secret in base64 decoded, or "
               "encoded: one of the two sides takes it for what it says\n");
    }

    return found;
}
