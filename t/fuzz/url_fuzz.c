/* link: ngx_http_postern_module/postern_url.c */

/*
 * Any bytes as an address of Redis.  What is read keeps its bounds; written
 * again, with every byte of user, password and path escaped, it reads the same.
 */


#include "fuzz.h"
#include "postern_url.h"


static size_t
escaped(postern_str_t s, char *out)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        sprintf(out + 3 * i, "%%%02X", s.data[i]);
    }

    return 3 * s.len;
}


static size_t
written(const postern_url_t *url, char *out)
{
    size_t  n;

    if (url->path.data != NULL) {
        n = (size_t) sprintf(out, "unix:");
        n += escaped(url->path, out + n);

        return n + (size_t) sprintf(out + n, "?%u", url->db);
    }

    n = (size_t) sprintf(out, "redis%s://", url->tls ? "s" : "");

    if (url->user.data != NULL || url->password.data != NULL) {
        n += escaped(url->user, out + n);

        if (url->password.data != NULL) {
            out[n++] = ':';
            n += escaped(url->password, out + n);
        }

        out[n++] = '@';
    }

    n += (size_t) sprintf(out + n, url->ipv6 ? "[%.*s]" : "%.*s",
                          (int) url->host.len, (const char *) url->host.data);

    return n + (size_t) sprintf(out + n, ":%u/%u", url->port, url->db);
}


static void
good(const postern_url_t *url, const postern_alloc_t *alloc)
{
    char             text[4 * POSTERN_URL_MAX];
    postern_str_t    s;
    postern_url_t    again;
    postern_error_t  err;

    fuzz_read(url->path);
    fuzz_read(url->host);
    fuzz_read(url->user);
    fuzz_read(url->password);

    HELD((url->path.data != NULL) != (url->host.data != NULL));
    HELD(url->path.data == NULL || (url->path.len > 0
                                    && url->path.data[0] == '/'
                                    && url->path.len <= POSTERN_URL_PATH_MAX));
    HELD(url->host.len <= POSTERN_URL_HOST_MAX);
    HELD(url->path.data != NULL || (url->host.len > 0 && url->port >= 1
                                    && url->port <= 65535));
    HELD(url->db <= POSTERN_URL_DB_MAX);
    HELD(memchr(url->path.data ? url->path.data : url->host.data, '\0',
                url->path.data ? url->path.len : url->host.len) == NULL);

    s.data = (unsigned char *) text;
    s.len = written(url, text);

    if (s.len > POSTERN_URL_MAX) {
        return;
    }

    HELD(postern_url_parse(s, alloc, &again, &err) == 1);
    HELD(postern_str_eq(url->path, again.path));
    HELD(postern_str_eq(url->host, again.host));
    HELD(postern_str_eq(url->user, again.user));
    HELD(postern_str_eq(url->password, again.password));
    HELD((url->password.data == NULL) == (again.password.data == NULL));
    HELD(url->port == again.port && url->db == again.db);
    HELD(url->tls == again.tls && url->ipv6 == again.ipv6);
}


static void
parse(postern_str_t text, size_t limit)
{
    postern_url_t    url;
    postern_alloc_t  alloc;
    fuzz_memory_t    memory;
    postern_error_t  err;

    memset(&err, 0, sizeof(err));
    alloc = fuzz_memory(&memory, limit);

    if (postern_url_parse(text, &alloc, &url, &err)) {

        if (limit == SIZE_MAX) {
            good(&url, &alloc);
        }

    } else {
        fuzz_error(&err, text);
    }

    fuzz_free(&memory);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_str_t  text;

    if (size > 2 * POSTERN_URL_MAX) {
        return 0;
    }

    text = fuzz_copy(data, size);

    parse(text, SIZE_MAX);
    parse(text, fuzz_limit(data, size, 64));

    free((void *) text.data);

    return 0;
}
