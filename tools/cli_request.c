
/*
 * Requests: built for signing, or read from what somebody captured.
 */


#include <ctype.h>
#include <stdarg.h>

#include "cli_request.h"


static int cli_request_plain(postern_str_t line);
static int cli_request_line(cli_request_t *r, postern_str_t line);
static int cli_request_field(cli_request_t *r, postern_str_t line);
static void cli_request_absolute(cli_request_t *r);
static void cli_request_connection(cli_request_t *r, postern_str_t text);
static postern_str_t cli_request_next(postern_str_t *text, int verbose,
    int *end);


void
cli_request_init(cli_request_t *r)
{
    memset(r, 0, sizeof(cli_request_t));

    r->arena = postern_arena_create();
    r->req.fields = r->fields;

    if (r->arena == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
}


void
cli_request_free(cli_request_t *r)
{
    postern_arena_destroy(r->arena);
}


postern_str_t
cli_format(cli_request_t *r, const char *fmt, ...)
{
    int             n;
    char           *p;
    va_list         args;
    postern_str_t   s;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    p = postern_arena_alloc(r->arena, (size_t) n + 1);

    if (p == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }

    va_start(args, fmt);
    vsnprintf(p, (size_t) n + 1, fmt, args);
    va_end(args);

    s.data = (unsigned char *) p;
    s.len = (size_t) n;

    return s;
}


int
cli_request_add(cli_request_t *r, const char *name, postern_str_t value)
{
    size_t          i;
    sign_field_t   *f;
    postern_str_t   lower;

    if (r->req.nfields == SIGN_MAX_FIELDS) {
        cli_error("more than %d header fields", SIGN_MAX_FIELDS);
        return -1;
    }

    if (name[0] == '\0' || strpbrk(name, " \t\r\n:\"(),/;<=>?@[\\]{}")) {
        cli_error("\"%.60s\" is no name of a header field", name);
        return -1;
    }

    while (value.len && (*value.data == ' ' || *value.data == '\t')) {
        value.data++;
        value.len--;
    }

    while (value.len && (value.data[value.len - 1] == ' '
                         || value.data[value.len - 1] == '\t'))
    {
        value.len--;
    }

    for (i = 0; i < value.len; i++) {
        if ((value.data[i] < 0x20 && value.data[i] != '\t')
            || value.data[i] == 0x7f)
        {
            cli_error("the header field %s holds a control character", name);
            return -1;
        }
    }

    lower = cli_format(r, "%s", name);

    for (i = 0; i < lower.len; i++) {
        ((unsigned char *) lower.data)[i] =
                                   (unsigned char) tolower(lower.data[i]);
    }

    f = &r->fields[r->req.nfields];
    f->name = lower;
    f->value = cli_format(r, "%.*s", (int) value.len,
                          (const char *) value.data);
    r->names[r->req.nfields] = (const char *) cli_format(r, "%s", name).data;
    r->req.nfields++;

    if (postern_str_is(lower, "host")) {
        r->req.authority = f->value;
    }

    return 0;
}


postern_str_t
cli_request_get(const cli_request_t *r, const char *name)
{
    size_t  i;

    for (i = 0; i < r->req.nfields; i++) {
        if (postern_str_eq(r->fields[i].name, cli_str(name))) {
            return r->fields[i].value;
        }
    }

    return cli_str(NULL);
}


void
cli_request_set_last(cli_request_t *r, const char *name, postern_str_t value)
{
    size_t  i;

    for (i = r->req.nfields; i > 0; i--) {
        if (postern_str_eq(r->fields[i - 1].name, cli_str(name))) {
            r->fields[i - 1].value = value;
            return;
        }
    }
}


int
cli_request_url(cli_request_t *r, const char *url)
{
    size_t       i, n;
    const char  *p, *port;

    for (i = 0; url[i]; i++) {
        if ((unsigned char) url[i] <= 0x20 || url[i] == 0x7f || url[i] == '#') {
            cli_error("the URL holds %s: write it percent-encoded",
                      url[i] == '#' ? "a fragment" : "a blank or control "
                                                     "character");
            return -1;
        }
    }

    if (strncmp(url, "https://", 8) == 0) {
        r->req.scheme = cli_str("https");
        p = url + 8;
        port = ":443";

    } else if (strncmp(url, "http://", 7) == 0) {
        r->req.scheme = cli_str("http");
        p = url + 7;
        port = ":80";

    } else {
        cli_error("\"%.60s\" is no http:// or https:// URL", url);
        return -1;
    }

    n = strcspn(p, "/?");

    if (n == 0 || memchr(p, '@', n)) {
        cli_error("the URL must name a host, and no user");
        return -1;
    }

    r->req.target = cli_format(r, "%s%s", p[n] == '/' ? "" : "/", p + n);

    if (n > strlen(port)
        && strncmp(p + n - strlen(port), port, strlen(port)) == 0)
    {
        n -= strlen(port);
    }

    return cli_request_add(r, "Host", cli_format(r, "%.*s", (int) n, p));
}


int
cli_request_parse(cli_request_t *r, postern_str_t text, const char *name)
{
    int             end, verbose, first;
    postern_str_t   line, rest;

    rest = text;
    verbose = 0;

    /* "> GET / HTTP/1.1" among "* ..." and "< ..." is curl -v, perhaps with
       a progress meter in front, which begins with blanks and returns */

    for (end = 0; !end && !verbose; /* void */ ) {
        line = cli_request_next(&rest, 0, &end);
        verbose = line.len > 2 && memcmp(line.data, "> ", 2) == 0;

        if (!verbose && line.len && *line.data != '*' && *line.data != ' '
            && *line.data != '\r')
        {
            break;
        }
    }

    if (verbose) {
        cli_request_connection(r, text);
    }

    first = 1;

    for (end = 0; !end; /* void */ ) {

        line = cli_request_next(&text, verbose, &end);

        if (first && end && line.len == 0) {
            cli_error("%s holds no request", name);
            return -1;
        }

        if (line.len == 0) {
            if (first) {
                continue;
            }

            break;
        }

        if (!cli_request_plain(line)) {
            cli_error("%s of %s holds a control character: no gateway takes "
                      "it", first ? "the request line" : "a header field",
                      name);
            return -1;
        }

        if (first ? cli_request_line(r, line) : cli_request_field(r, line)) {
            return -1;
        }

        first = 0;
    }

    if (!verbose) {
        r->body = text;
        r->body_known = 1;
    }

    line = cli_request_get(r, "content-length");

    r->req.has_body = r->body.len != 0
                      || (line.len && !postern_str_is(line, "0"))
                      || cli_request_get(r, "transfer-encoding").len != 0;

    if (r->req.has_body && r->body.len == 0) {
        r->body_known = 0;
    }

    return 0;
}


/* what "curl -v" says of the connection: "* Connected to ...", and whether it
   was one of TLS; of several the first */

static void
cli_request_connection(cli_request_t *r, postern_str_t text)
{
    int                         end, connected;
    postern_str_t               line;

    static const postern_str_t  tcp = postern_string("* Connected to ");
    static const postern_str_t  tls = postern_string("* SSL connection using ");

    connected = 0;

    for (end = 0; !end; /* void */ ) {
        line = cli_request_next(&text, 0, &end);

        if (line.len > tls.len && memcmp(line.data, tls.data, tls.len) == 0) {
            r->req.scheme = cli_str("https");
            return;
        }

        if (line.len > tcp.len && memcmp(line.data, tcp.data, tcp.len) == 0) {
            connected = 1;
        }

        if (line.len && *line.data == '>') {
            break;
        }
    }

    if (connected) {
        r->req.scheme = cli_str("http");
    }
}


/* the next line, of curl -v only those that were sent */

static postern_str_t
cli_request_next(postern_str_t *text, int verbose, int *end)
{
    postern_str_t         line;
    const unsigned char  *eol;

    for ( ;; ) {

        line.data = text->data;
        eol = text->len ? memchr(text->data, '\n', text->len) : NULL;

        if (eol == NULL) {
            line.len = text->len;
            *end = 1;

        } else {
            line.len = (size_t) (eol - text->data);
        }

        text->data += line.len + (eol != NULL);
        text->len -= line.len + (eol != NULL);

        if (line.len && line.data[line.len - 1] == '\r') {
            line.len--;
        }

        if (!verbose) {
            return line;
        }

        if (line.len && *line.data == '>') {
            line.data++;
            line.len--;

            if (line.len && *line.data == ' ') {
                line.data++;
                line.len--;
            }

            return line;
        }

        if (*end) {
            line.len = 0;
            return line;
        }
    }
}


/* what somebody sent is shown on a terminal, which must not take orders */

static int
cli_request_plain(postern_str_t line)
{
    size_t  i;

    for (i = 0; i < line.len; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t')
            || line.data[i] == 0x7f)
        {
            return 0;
        }
    }

    return 1;
}


static int
cli_request_line(cli_request_t *r, postern_str_t line)
{
    const unsigned char  *p, *last;

    p = memchr(line.data, ' ', line.len);

    for (last = line.data + line.len;
         p && last > p && *last != ' ';
         last--)
    {
        /* void */
    }

    if (p == NULL || last == p || line.data + line.len - last < 6
        || memcmp(last, " HTTP/", 6) != 0)
    {
        cli_error("\"%.*s\" is no request line", (int) (line.len < 60
                                                        ? line.len : 60),
                  (const char *) line.data);
        return -1;
    }

    r->req.method.data = line.data;
    r->req.method.len = (size_t) (p - line.data);
    r->req.target.data = p + 1;
    r->req.target.len = (size_t) (last - p - 1);
    r->req.protocol.data = last + 1;
    r->req.protocol.len = (size_t) (line.data + line.len - last - 1);

    cli_request_absolute(r);

    return 0;
}


/* "GET http://host/path HTTP/1.1": its authority stands over Host */

static void
cli_request_absolute(cli_request_t *r)
{
    size_t                skip;
    const unsigned char  *p, *end;

    skip = r->req.target.len > 8
           && memcmp(r->req.target.data, "https://", 8) == 0 ? 8
           : r->req.target.len > 7
             && memcmp(r->req.target.data, "http://", 7) == 0 ? 7 : 0;

    if (skip == 0) {
        return;
    }

    p = r->req.target.data + skip;
    end = r->req.target.data + r->req.target.len;
    r->req.authority.data = p;

    while (p < end && *p != '/' && *p != '?') {
        p++;
    }

    r->req.authority.len = (size_t) (p - r->req.authority.data);
}


static int
cli_request_field(cli_request_t *r, postern_str_t line)
{
    postern_str_t         name, value, authority;
    const unsigned char  *colon;

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL) {
        cli_error("\"%.*s\" is no header field", (int) (line.len < 60
                                                        ? line.len : 60),
                  (const char *) line.data);
        return -1;
    }

    name = cli_format(r, "%.*s", (int) (colon - line.data),
                      (const char *) line.data);
    value.data = colon + 1;
    value.len = (size_t) (line.data + line.len - value.data);

    authority = r->req.authority;

    if (cli_request_add(r, (const char *) name.data, value) != 0) {
        return -1;
    }

    if (authority.data) {
        r->req.authority = authority;
    }

    return 0;
}
