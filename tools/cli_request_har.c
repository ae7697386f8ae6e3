
/*
 * A request out of an HTTP archive (HAR 1.2), as browsers and proxies save it.
 * What is in there was written by somebody: every text is looked at like one
 * from the net before it is used or printed.
 */


#include <jansson.h>
#include <sodium.h>

#include "cli_request.h"


#define HAR_LISTED  10      /* requests named where none was chosen */


static json_t *har_choose(json_t *entries, const char *name, int64_t entry,
    const char *url);
static void har_list(json_t *entries);
static const char *har_text(json_t *object, const char *name);
static int har_fields(cli_request_t *r, json_t *request);
static int har_target(cli_request_t *r, json_t *request);
static int har_body(cli_request_t *r, json_t *request);
static int har_plain(const char *text);


/* no method begins so */

int
cli_request_is_har(postern_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '{') {
            return 1;
        }

        if (text.data[i] != ' ' && text.data[i] != '\n'
            && text.data[i] != '\r' && text.data[i] != '\t'
            && text.data[i] < 0x80)
        {
            return 0;
        }
    }

    return 0;
}


int
cli_request_har(cli_request_t *r, postern_str_t text, const char *name,
    int64_t entry, const char *url)
{
    int            rc;
    json_t        *root, *request, *entries;
    json_error_t   error;

    /* a byte order mark in front, as some write it */

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    root = json_loadb((const char *) text.data, text.len, 0, &error);

    if (root == NULL) {
        cli_error("%s is no JSON: line %d, column %d", name, error.line,
                  error.column);
        return -1;
    }

    entries = json_object_get(json_object_get(root, "log"), "entries");
    request = har_choose(entries, name, entry, url);

    rc = request && har_target(r, request) == 0 && har_fields(r, request) == 0
         && har_body(r, request) == 0 ? 0 : -1;

    json_decref(root);

    return rc;
}


static json_t *
har_choose(json_t *entries, const char *name, int64_t entry, const char *url)
{
    size_t       i, n;
    json_t      *request;
    const char  *have;

    n = json_array_size(entries);

    if (n == 0) {
        cli_error("%s holds no request: no entries of a HAR", name);
        return NULL;
    }

    if (entry == 0 && url == NULL && n > 1) {
        cli_error("%s holds %zu requests: choose with --entry or --url", name,
                  n);
        har_list(entries);
        return NULL;
    }

    for (i = entry ? (size_t) entry - 1 : 0; i < n; i++) {
        request = json_object_get(json_array_get(entries, i), "request");
        have = har_text(request, "url");

        if (url == NULL || strstr(have, url)) {

            if (!json_is_object(request)) {
                break;
            }

            return request;
        }

        if (entry) {
            break;
        }
    }

    cli_error("%s holds no such request", name);

    return NULL;
}


static void
har_list(json_t *entries)
{
    size_t       i, n;
    json_t      *request;
    const char  *method, *url;

    n = json_array_size(entries);

    for (i = 0; i < n && i < HAR_LISTED; i++) {
        request = json_object_get(json_array_get(entries, i), "request");
        method = har_text(request, "method");
        url = har_text(request, "url");

        if (har_plain(method) && har_plain(url)) {
            fprintf(stderr, "    %zu  %.20s %.200s\n", i + 1, method, url);
        }
    }
}


/* never NULL */

static const char *
har_text(json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}


/*
 * The method and the URL.  Its fragment is not sent.
 */

static int
har_target(cli_request_t *r, json_t *request)
{
    char         *end;
    const char   *method, *url, *version;

    method = har_text(request, "method");
    url = har_text(request, "url");
    version = har_text(request, "httpVersion");

    if (method[0] == '\0' || !har_plain(method) || strchr(method, ' ')) {
        cli_error("the request has no method that could be one");
        return -1;
    }

    r->req.method = cli_format(r, "%s", method);

    url = (const char *) cli_format(r, "%s", url).data;
    end = strchr(url, '#');

    if (end) {
        *end = '\0';
    }

    if (cli_request_url(r, url) != 0) {
        return -1;
    }

    /* "h2", "http/2.0", "HTTP/1.1": as a request line has it */

    r->req.protocol = strcmp(version, "h2") == 0
                      || strncmp(version, "http/2", 6) == 0
                      || strncmp(version, "HTTP/2", 6) == 0
                      ? cli_str("HTTP/2.0") : cli_str("HTTP/1.1");

    return 0;
}


/* pseudo-header fields of HTTP/2 say what the URL says, as it was sent */

static int
har_fields(cli_request_t *r, json_t *request)
{
    size_t         i, n;
    json_t        *headers, *header;
    const char    *name, *value;
    postern_str_t  host;

    headers = json_object_get(request, "headers");
    n = json_array_size(headers);

    for (i = 0; i < n; i++) {
        header = json_array_get(headers, i);
        name = har_text(header, "name");
        value = har_text(header, "value");

        if (strcmp(name, ":path") == 0 && value[0] && har_plain(value)) {
            r->req.target = cli_format(r, "%s", value);
            continue;
        }

        if (strcmp(name, ":authority") == 0 || strcasecmp(name, "host") == 0) {

            if (!har_plain(value)) {
                cli_error("the host holds a control character");
                return -1;
            }

            host = cli_format(r, "%s", value);
            cli_request_set_last(r, "host", host);
            r->req.authority = host;
            continue;
        }

        if (name[0] == ':') {
            continue;
        }

        if (cli_request_add(r, name, cli_str(value)) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
har_body(cli_request_t *r, json_t *request)
{
    size_t          len;
    json_t         *post, *text;
    postern_str_t   body;
    unsigned char  *data;

    post = json_object_get(request, "postData");
    text = json_object_get(post, "text");

    if (!json_is_string(text)) {
        len = (size_t) json_integer_value(json_object_get(request,
                                                          "bodySize"));
        r->req.has_body = (json_is_object(post) || (len != 0
                                                    && len != (size_t) -1));
        r->body_known = !r->req.has_body;
        return 0;
    }

    body.data = (const unsigned char *) json_string_value(text);
    body.len = json_string_length(text);

    data = postern_arena_alloc(r->arena, body.len + 1);

    if (data == NULL) {
        cli_error("out of memory");
        return -1;
    }

    if (strcmp(har_text(post, "encoding"), "base64") == 0) {

        if (sodium_base642bin(data, body.len + 1, (const char *) body.data,
                              body.len, "\r\n", &len, NULL,
                              sodium_base64_VARIANT_ORIGINAL)
            != 0)
        {
            cli_error("the body is no base64, as it says");
            return -1;
        }

        body.len = len;

    } else {
        memcpy(data, body.data, body.len);
    }

    r->body.data = data;
    r->body.len = body.len;
    r->body_known = 1;
    r->req.has_body = body.len != 0;

    return 0;
}


static int
har_plain(const char *text)
{
    for ( /* void */ ; *text; text++) {
        if ((unsigned char) *text < 0x20 || *text == 0x7f) {
            return 0;
        }
    }

    return 1;
}
