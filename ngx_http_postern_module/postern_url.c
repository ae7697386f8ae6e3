
#include "postern_url.h"

#include <stdio.h>


static int postern_url_fail(postern_error_t *error, const char *text);
static int postern_url_starts(postern_str_t *s, const char *word);
static int postern_url_find(postern_str_t s, unsigned char c, size_t *at);
static int postern_url_number(postern_str_t s, unsigned max, unsigned *n);
static int postern_url_hex(unsigned char c);
static int postern_url_unescape(postern_str_t *s, const postern_alloc_t *alloc,
    postern_error_t *error);
static int postern_url_unix(postern_str_t rest, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error);
static int postern_url_user(postern_str_t *rest, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error);
static int postern_url_host(postern_str_t *rest, postern_url_t *url,
    postern_error_t *error);
static int postern_url_port(postern_str_t *rest, postern_url_t *url,
    postern_error_t *error);


static int
postern_url_fail(postern_error_t *error, const char *text)
{
    memset(error, 0, sizeof(postern_error_t));
    (void) snprintf(error->text, sizeof(error->text), "%s", text);

    return 0;
}


/* cuts the word off where s starts with it */

static int
postern_url_starts(postern_str_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if (s->len < len || memcmp(s->data, word, len) != 0) {
        return 0;
    }

    s->data += len;
    s->len -= len;

    return 1;
}


static int
postern_url_find(postern_str_t s, unsigned char c, size_t *at)
{
    const unsigned char  *p;

    p = s.len ? memchr(s.data, c, s.len) : NULL;

    if (p == NULL) {
        return 0;
    }

    *at = (size_t) (p - s.data);

    return 1;
}


static int
postern_url_number(postern_str_t s, unsigned max, unsigned *n)
{
    size_t  i;

    if (s.len == 0 || s.len > 5) {
        return 0;
    }

    *n = 0;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }

        *n = *n * 10 + (s.data[i] - '0');
    }

    return *n <= max;
}


static int
postern_url_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static int
postern_url_unescape(postern_str_t *s, const postern_alloc_t *alloc,
    postern_error_t *error)
{
    int             high, low;
    size_t          i;
    unsigned char  *p, *start;

    if (!postern_url_find(*s, '%', &i)) {
        return 1;
    }

    start = postern_alloc(alloc, s->len);
    if (start == NULL) {
        return postern_url_fail(error, "out of memory");
    }

    p = start;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] != '%') {
            *p++ = s->data[i];
            continue;
        }

        high = (i + 2 < s->len) ? postern_url_hex(s->data[i + 1]) : -1;
        low = (i + 2 < s->len) ? postern_url_hex(s->data[i + 2]) : -1;

        if (high < 0 || low < 0) {
            return postern_url_fail(error, "\"%\" must be followed by two "
                                    "hexadecimal digits; write \"%25\" for "
                                    "the sign itself");
        }

        *p++ = (unsigned char) (high << 4 | low);
        i += 2;
    }

    s->data = start;
    s->len = (size_t) (p - start);

    return 1;
}


static int
postern_url_unix(postern_str_t rest, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error)
{
    size_t         at;
    postern_str_t  db;

    if (postern_url_find(rest, '?', &at)) {
        db.data = rest.data + at + 1;
        db.len = rest.len - at - 1;
        rest.len = at;

        if (!postern_url_number(db, POSTERN_URL_DB_MAX, &url->db)) {
            return postern_url_fail(error, "what follows \"?\" must be the "
                                    "number of a database");
        }
    }

    if (!postern_url_unescape(&rest, alloc, error)) {
        return 0;
    }

    if (rest.len == 0 || rest.data[0] != '/') {
        return postern_url_fail(error, "\"unix:\" must be followed by the "
                                "absolute path of a socket");
    }

    if (rest.len > POSTERN_URL_PATH_MAX) {
        return postern_url_fail(error, "the path of the socket is longer than "
                                "107 bytes");
    }

    if (postern_url_find(rest, '\0', &at)) {
        return postern_url_fail(error, "the path of the socket has a NUL");
    }

    url->path = rest;

    return 1;
}


/* what stands before the last "@": a password may hold one itself */

static int
postern_url_user(postern_str_t *rest, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error)
{
    size_t         at, colon;
    postern_str_t  who;

    for (at = rest->len; at && rest->data[at - 1] != '@'; at--) { /* void */ }

    if (at == 0) {
        return 1;
    }

    who.data = rest->data;
    who.len = at - 1;
    rest->data += at;
    rest->len -= at;

    if (postern_url_find(who, ':', &colon)) {
        url->password.data = who.data + colon + 1;
        url->password.len = who.len - colon - 1;
        who.len = colon;

        if (!postern_url_unescape(&url->password, alloc, error)) {
            return 0;
        }

        if (url->password.len == 0) {
            return postern_url_fail(error, "the password is empty");
        }
    }

    if (who.len) {
        url->user = who;

        if (!postern_url_unescape(&url->user, alloc, error)) {
            return 0;
        }
    }

    return 1;
}


static int
postern_url_host(postern_str_t *rest, postern_url_t *url,
    postern_error_t *error)
{
    size_t         i, end;
    unsigned char  c;

    if (rest->len && rest->data[0] == '[') {
        if (!postern_url_find(*rest, ']', &end)) {
            return postern_url_fail(error, "\"[\" has no \"]\"");
        }

        url->ipv6 = 1;
        url->host.data = rest->data + 1;
        url->host.len = end - 1;
        end++;

    } else {
        for (end = 0;
             end < rest->len && rest->data[end] != ':'
             && rest->data[end] != '/';
             end++)
        {
            /* void */
        }

        url->host.data = rest->data;
        url->host.len = end;
    }

    rest->data += end;
    rest->len -= end;

    if (url->host.len == 0) {
        return postern_url_fail(error, "the host is missing");
    }

    if (url->host.len > POSTERN_URL_HOST_MAX) {
        return postern_url_fail(error, "the host is longer than 255 bytes");
    }

    for (i = 0; i < url->host.len; i++) {
        c = url->host.data[i];

        if ((c >= '0' && c <= '9') || c == '.' || (url->ipv6 && c == ':')
            || (c | 0x20) == 'a' || ((c | 0x20) > 'a' && (c | 0x20) <= 'f'))
        {
            continue;
        }

        if (!url->ipv6 && (((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
                           || c == '-' || c == '_'))
        {
            continue;
        }

        return postern_url_fail(error, "the host has a byte that no host has");
    }

    return 1;
}


static int
postern_url_port(postern_str_t *rest, postern_url_t *url,
    postern_error_t *error)
{
    size_t         end;
    postern_str_t  port;

    url->port = POSTERN_URL_PORT;

    if (rest->len == 0 || rest->data[0] != ':') {
        return 1;
    }

    port.data = rest->data + 1;
    port.len = rest->len - 1;

    if (postern_url_find(port, '/', &end)) {
        port.len = end;
    }

    rest->data = port.data + port.len;
    rest->len -= port.len + 1;

    if (!postern_url_number(port, 65535, &url->port) || url->port == 0) {
        return postern_url_fail(error, "the port must be a number from 1 to "
                                "65535");
    }

    return 1;
}


int
postern_url_parse(postern_str_t text, const postern_alloc_t *alloc,
    postern_url_t *url, postern_error_t *error)
{
    memset(url, 0, sizeof(postern_url_t));

    if (text.len > POSTERN_URL_MAX) {
        return postern_url_fail(error, "the address is longer than 4096 bytes");
    }

    if (postern_url_starts(&text, "unix:")) {
        return postern_url_unix(text, alloc, url, error);
    }

    if (postern_url_starts(&text, "rediss://")) {
        url->tls = 1;

    } else if (!postern_url_starts(&text, "redis://")) {
        return postern_url_fail(error, "the address must start with "
                                "\"redis://\", \"rediss://\" or \"unix:\"");
    }

    if (!postern_url_user(&text, alloc, url, error)
        || !postern_url_host(&text, url, error)
        || !postern_url_port(&text, url, error))
    {
        return 0;
    }

    if (text.len == 0 || (text.len == 1 && text.data[0] == '/')) {
        return 1;
    }

    if (text.data[0] != '/') {
        return postern_url_fail(error, "only a port or a database may follow "
                                "the host");
    }

    text.data++;
    text.len--;

    if (!postern_url_number(text, POSTERN_URL_DB_MAX, &url->db)) {
        return postern_url_fail(error, "what follows \"/\" must be the number "
                                "of a database");
    }

    return 1;
}
