
/*
 * --webhook: the kind alone, or the arguments of "sign_webhook", so that the
 * line of nginx.conf can be given as it is: that is how a kind of one's own is
 * told.
 */


#include <ctype.h>

#include "cli_webhook.h"


#define CLI_WEBHOOK_BLANKS  " \t\r\n"


typedef struct {
    cli_request_t    *request;
    const char       *command;
    sign_webhook_t   *webhook;
    int               custom;
    int               encoded;
} cli_webhook_t;


static int cli_webhook_kind(cli_webhook_t *w, const char *name);
static int cli_webhook_argument(cli_webhook_t *w, char *word);
static int cli_webhook_key(cli_webhook_t *w, const char *id);
static int cli_webhook_custom(cli_webhook_t *w, const char *name,
    postern_str_t value);
static int cli_webhook_encoding(cli_webhook_t *w, postern_str_t value);
static int cli_webhook_complete(const cli_webhook_t *w);
static char *cli_webhook_word(char **text);
static int cli_webhook_value(cli_request_t *r, postern_str_t name,
    postern_str_t *value);


int
cli_webhook(cli_request_t *r, const char *command, const char *text,
    sign_webhook_t *webhook)
{
    int            rc;
    char          *rest, *word;
    cli_webhook_t  w;

    w.request = r;
    w.command = command;
    w.webhook = webhook;
    w.custom = 0;
    w.encoded = 0;

    rest = (char *) cli_format(r, "%s", text).data;
    word = rest + strlen(rest);

    while (word > rest && strchr(CLI_WEBHOOK_BLANKS ";", word[-1])) {
        *--word = '\0';
    }

    word = cli_webhook_word(&rest);

    if (word && strcmp(word, "sign_webhook") == 0) {
        word = cli_webhook_word(&rest);
    }

    rc = cli_webhook_kind(&w, word ? word : "");

    while (rc == -1) {
        word = cli_webhook_word(&rest);

        if (word == NULL) {
            return cli_webhook_complete(&w);
        }

        rc = cli_webhook_argument(&w, word);
    }

    return rc;
}


static int
cli_webhook_kind(cli_webhook_t *w, const char *name)
{
    const sign_webhook_t  *kind;

    kind = sign_webhook_kind(cli_str(name));

    if (kind) {
        *w->webhook = *kind;
        return -1;
    }

    if (strcmp(name, "custom") != 0) {
        return cli_usage(w->command, "--webhook must be standard, github, "
                         "stripe, slack or shopify, or what sign_webhook has: "
                         "\"custom header=...\"");
    }

    memset(w->webhook, 0, sizeof(sign_webhook_t));
    w->webhook->name = cli_str(name);
    w->webhook->undated = 1;
    w->custom = 1;

    return -1;
}


static int
cli_webhook_argument(cli_webhook_t *w, char *word)
{
    char           *equals, *p;
    size_t          len;
    postern_str_t   value;

    equals = strchr(word, '=');

    if (equals == NULL || equals[1] == '\0') {
        return cli_usage(w->command, "--webhook: \"%.60s\" is no parameter",
                         word);
    }

    *equals = '\0';
    p = equals + 1;
    len = strlen(p);

    /* as the directive has it */

    if (len > 1 && p[0] == '"' && p[len - 1] == '"') {
        p[len - 1] = '\0';
        p++;
    }

    value = cli_str(p);

    if (strcmp(word, "key") == 0) {
        return cli_webhook_key(w, p);
    }

    if (w->custom) {
        return cli_webhook_custom(w, word, value);
    }

    return cli_usage(w->command, "--webhook: \"%.40s\" is of the kind custom",
                     word);
}


static int
cli_webhook_key(cli_webhook_t *w, const char *id)
{
    if (w->webhook->nkeys == SIGN_MAX_KEYS) {
        return cli_usage(w->command, "more than %d keys of a webhook",
                         SIGN_MAX_KEYS);
    }

    w->webhook->keys[w->webhook->nkeys++] = cli_str(id);

    return -1;
}


static int
cli_webhook_custom(cli_webhook_t *w, const char *name, postern_str_t value)
{
    size_t            i;
    const char       *wrong;
    sign_webhook_t   *webhook;
    postern_alloc_t   memory;

    webhook = w->webhook;

    if (strcmp(name, "encoding") == 0) {
        return cli_webhook_encoding(w, value);
    }

    if (strcmp(name, "prefix") == 0) {
        webhook->prefix = value;
        return -1;
    }

    if (strcmp(name, "algorithm") == 0) {
        webhook->algorithm = postern_alg_parse(value);

        return postern_alg_is_hmac(webhook->algorithm)
               || webhook->algorithm == POSTERN_ALG_ED25519 ? -1
               : cli_usage(w->command, "--webhook: algorithm= must be "
                           "hmac-sha256, hmac-sha384, hmac-sha512 or ed25519");
    }

    if (strcmp(name, "template") == 0) {
        memory = postern_arena_allocator(w->request->arena);
        wrong = sign_webhook_template(value, &memory, webhook);

        return wrong == NULL ? -1
               : cli_usage(w->command, "--webhook: the template %s", wrong);
    }

    for (i = 0; i < value.len; i++) {
        ((unsigned char *) value.data)[i] =
                                      (unsigned char) tolower(value.data[i]);
    }

    if (strcmp(name, "header") == 0) {
        webhook->header = value;
        return -1;
    }

    if (strcmp(name, "timestamp") == 0) {
        webhook->timestamp = value;
        webhook->undated = 0;
        return -1;
    }

    return cli_usage(w->command, "--webhook: \"%.40s\" is none of key=, "
                     "header=, algorithm=, encoding=, prefix=, timestamp= and "
                     "template=", name);
}


static int
cli_webhook_encoding(cli_webhook_t *w, postern_str_t value)
{
    w->encoded = 1;

    if (postern_str_is(value, "hex")) {
        w->webhook->encoding = SIGN_WEBHOOK_HEX;

    } else if (postern_str_is(value, "base64")) {
        w->webhook->encoding = SIGN_WEBHOOK_BASE64;

    } else if (postern_str_is(value, "base64url")) {
        w->webhook->encoding = SIGN_WEBHOOK_BASE64URL;

    } else {
        return cli_usage(w->command,
                         "--webhook: encoding= must be hex, base64 or "
                         "base64url");
    }

    return -1;
}


static int
cli_webhook_complete(const cli_webhook_t *w)
{
    const char            *missing;
    const sign_webhook_t  *webhook;

    webhook = w->webhook;

    missing = !w->custom ? NULL
              : webhook->header.len == 0 ? "header="
              : webhook->algorithm == 0 ? "algorithm="
              : !w->encoded ? "encoding="
              : webhook->nparts == 0 ? "template=" : NULL;

    if (missing) {
        return cli_usage(w->command, "--webhook: the kind custom needs \"%s\"",
                         missing);
    }

    return -1;
}


/* the next one, cut off and without its quotes, as nginx takes them */

static char *
cli_webhook_word(char **text)
{
    char  *word, *end;

    word = *text + strspn(*text, CLI_WEBHOOK_BLANKS);

    if (*word == '\0') {
        return NULL;
    }

    end = NULL;

    if (*word == '"' || *word == '\'') {
        end = strchr(word + 1, *word);
    }

    if (end) {
        word++;

    } else {
        end = word + strcspn(word, CLI_WEBHOOK_BLANKS);
    }

    *text = end + (*end != '\0');
    *end = '\0';

    return word;
}


int
cli_webhook_values(cli_request_t *r, const sign_webhook_t *webhook)
{
    size_t          i, n;
    postern_str_t  *values;

    n = 0;
    values = postern_arena_alloc(r->arena,
                                 SIGN_WEBHOOK_PARTS * sizeof(postern_str_t));

    if (values == NULL) {
        return cli_error("out of memory"), -1;
    }

    for (i = 0; i < webhook->nparts; i++) {

        if (webhook->parts[i].type == SIGN_WEBHOOK_VALUE
            && cli_webhook_value(r, webhook->parts[i].text, &values[n++]) != 0)
        {
            return -1;
        }
    }

    r->req.values = values;

    return 0;
}


/* those variables of nginx that a request alone tells */

static int
cli_webhook_value(cli_request_t *r, postern_str_t name, postern_str_t *value)
{
    postern_str_t         target;
    const unsigned char  *query;

    target = r->req.target;
    query = target.len ? memchr(target.data, '?', target.len) : NULL;

    if (postern_str_is(name, "request_method")) {
        *value = r->req.method;

    } else if (postern_str_is(name, "request_uri")) {
        *value = target;

    } else if (postern_str_is(name, "scheme")) {
        *value = r->req.scheme;

    } else if (postern_str_is(name, "args")
               || postern_str_is(name, "query_string"))
    {
        *value = cli_str("");

        if (query) {
            value->data = query + 1;
            value->len = (size_t) (target.data + target.len - query - 1);
        }

    } else {
        return cli_error("the value of $%.*s in the template is known to nginx "
                         "alone: put it into the template here",
                         (int) name.len, (const char *) name.data), -1;
    }

    return 0;
}
