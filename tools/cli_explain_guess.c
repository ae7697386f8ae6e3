
/*
 * Usual mistakes, tried one by one on a request that does not verify.  Only
 * explain does this: the gateway never accepts a request it has to repair.
 */


#include "cli_explain.h"
#include "sign_sigv4.h"


static int cli_explain_scheme(cli_explain_t *e);
static int cli_explain_host(cli_explain_t *e);
static int cli_explain_normalized(cli_explain_t *e);
static int cli_explain_empty_body(cli_explain_t *e);
static int cli_explain_line_break(cli_explain_t *e);
static int cli_explain_try(cli_explain_t *e, const sign_request_t *req);


void
cli_explain_guess(cli_explain_t *e)
{
    if (!cli_explain_scheme(e)
        && !cli_explain_host(e)
        && !cli_explain_normalized(e)
        && !cli_explain_empty_body(e)
        && !cli_explain_line_break(e))
    {
        printf("\nno usual mistake explains it: check that the client has the "
               "key's own secret\n");
    }
}


static int
cli_explain_try(cli_explain_t *e, const sign_request_t *req)
{
    postern_str_t   secret;
    sign_message_t  msg;

    secret.data = e->secret;
    secret.len = e->secret_len;

    return cli_explain_verify(e, req, secret, &msg) == SIGN_OK;
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


/* AWS's clients resolve "..", "." and "//" before they sign, not when they
   send */

static int
cli_explain_normalized(cli_explain_t *e)
{
    postern_str_t   path, query;
    sign_request_t  req;
    unsigned char  *p;

    if (e->msg.scheme != SIGN_SIGV4
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
    int  found;

    if (e->key->algorithm != POSTERN_ALG_HMAC_SHA256
        || e->secret_len + 1 > POSTERN_SECRET_MAX)
    {
        return 0;
    }

    e->secret[e->secret_len++] = '\n';
    found = cli_explain_try(e, &e->request.req);
    e->secret_len--;

    if (!found && e->secret_len > 1
        && e->secret[e->secret_len - 1] == '\n')
    {
        e->secret_len--;
        found = cli_explain_try(e, &e->request.req);
        e->secret_len++;
    }

    if (found) {
        printf("\nit would verify with a line break more or less at the end of "
               "the secret: one of the two sides read it from a file\n");
    }

    return found;
}
