
#include <stdio.h>

#include "postern_json.h"
#include "postern_assert.h"


#define POSTERN_JSON_AT_MAX    32    /* frames of a place */
#define POSTERN_JSON_NAME_MAX  64    /* bytes of a name in an error */


/* text that is being written, cut as a whole character where it ends */

typedef struct {
    char    *out;
    size_t   size;
    size_t   len;
    size_t   reserve;     /* for what must follow the cut, and NUL */
    int      cut;
} postern_json_out_t;


static size_t postern_json_fault(postern_str_t text, json_error_t *error);
static void postern_json_duplicate(postern_str_t text, postern_error_t *err);
static void postern_json_message(json_error_t *error, size_t offset,
    postern_str_t text, postern_error_t *err);
static void postern_json_position(postern_str_t text, size_t offset,
    unsigned *line, unsigned *column);
static const unsigned char *postern_json_step(const unsigned char *p,
    const unsigned char *end, const postern_json_at_t *at,
    const unsigned char **name);
static const unsigned char *postern_json_space(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *postern_json_skip_string(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *postern_json_skip(const unsigned char *p,
    const unsigned char *end);
static int postern_json_string_is(const unsigned char *p,
    const unsigned char *end, const char *name);
static size_t postern_json_escape(const unsigned char **p,
    unsigned char utf8[4]);
static unsigned postern_json_hex4(const unsigned char *p);
static void postern_json_put(postern_json_out_t *o, const char *data,
    size_t len);
static void postern_json_put_quoted(postern_json_out_t *o, postern_str_t s);
static void postern_json_put_at(postern_json_out_t *o,
    const postern_json_at_t *at);
static int postern_json_plain(const char *name);


json_t *
postern_json_load(postern_str_t text, postern_error_t *err)
{
    size_t                offset;
    json_t               *json;
    json_error_t          error;
    const unsigned char  *nul;

    memset(err, 0, sizeof(postern_error_t));

    if (text.len == 0) {
        err->line = 1;
        err->column = 1;
        snprintf(err->text, sizeof(err->text), "the document is empty");
        return NULL;
    }

    /* jansson lets it pass behind a number, and is one byte short then */

    nul = memchr(text.data, '\0', text.len);
    if (nul) {
        postern_json_position(text, nul - text.data, &err->line, &err->column);
        snprintf(err->text, sizeof(err->text),
                 "not valid JSON: control character 0x0");
        return NULL;
    }

    json = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES, &error);
    if (json) {
        return json;
    }

    /* jansson has no words for it */

    if (error.text[0] == '\0') {
        snprintf(err->text, sizeof(err->text), "out of memory");
        return NULL;
    }

    offset = postern_json_fault(text, &error);

    postern_json_position(text, offset, &err->line, &err->column);
    postern_json_message(&error, offset, text, err);

    return NULL;
}


/* jansson tells where it stopped, that is behind the token that was wrong */

static size_t
postern_json_fault(postern_str_t text, json_error_t *error)
{
    size_t       len, pos;
    const char  *near;

    pos = error->position < 0 ? 0 : (size_t) error->position;

    if (POSTERN_NEVER(pos > text.len)) {
        pos = text.len;
    }

    if (strncmp(error->text, "control character", 17) == 0
        || strncmp(error->text, "unexpected newline", 18) == 0
        || strncmp(error->text, "unable to decode", 16) == 0)
    {
        return pos;
    }

    near = strstr(error->text, " near ");

    if (strncmp(error->text, "premature end", 13) == 0
        || (near && strcmp(near, " near end of file") == 0))
    {
        return text.len;
    }

    /* behind "near" stands the token, in quotes, as it stands in the text */

    if (near && POSTERN_ALWAYS(near[6] == '\'')) {
        near += 7;
        len = strlen(near);
        len -= len > 0;

        if (POSTERN_ALWAYS(len <= pos
                           && memcmp(text.data + pos - len, near, len) == 0))
        {
            return pos - len;
        }
    }

    /* long tokens are not told: a string is followed back to its start */

    if (POSTERN_ALWAYS(pos > 1) && text.data[pos - 1] == '"') {
        for (pos--; POSTERN_ALWAYS(pos > 0); pos--) {
            if (text.data[pos - 1] == '"'
                && (pos == 1 || text.data[pos - 2] != '\\'))
            {
                return pos - 1;
            }
        }
    }

    return POSTERN_ALWAYS(pos > 0) ? pos - 1 : 0;
}


/* text begins with the name, in quotes; a long one is left out */

static void
postern_json_duplicate(postern_str_t text, postern_error_t *err)
{
    size_t  len;

    for (len = 1; len <= POSTERN_JSON_NAME_MAX; len++) {

        /* the name ends in quotes before the text does */

        if (POSTERN_NEVER(len >= text.len)) {
            break;
        }

        /* as it stands, where that does not steer a terminal */

        if (POSTERN_NEVER(text.data[len] < 0x20) || text.data[len] == 0x7f
            || (text.data[len] == 0xc2 && text.data[len + 1] < 0xa0))
        {
            break;
        }

        if (text.data[len] == '\\') {
            len++;

        } else if (text.data[len] == '"') {
            snprintf(err->text, sizeof(err->text),
                     "the member %.*s stands here a second time",
                     (int) len + 1, (const char *) text.data);
            return;
        }
    }

    snprintf(err->text, sizeof(err->text),
             "the member stands here a second time");
}


/* the token itself is left out, it may be a secret */

static void
postern_json_message(json_error_t *error, size_t offset, postern_str_t text,
    postern_error_t *err)
{
    char  *near;

    near = strstr(error->text, " near ");
    if (near) {
        *near = '\0';
    }

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        snprintf(err->text, sizeof(err->text),
                 "the document begins with a byte order mark");
        return;
    }

    switch (json_error_code(error)) {

    case json_error_null_character:
    case json_error_null_byte_in_key:
        snprintf(err->text, sizeof(err->text), "\\u0000 is not allowed");
        return;

    case json_error_invalid_utf8:
        snprintf(err->text, sizeof(err->text), "the text is not valid UTF-8");
        return;

    case json_error_duplicate_key:
        text.data += offset;
        text.len -= offset;
        postern_json_duplicate(text, err);
        return;

    default:
        break;
    }

    if (offset == text.len) {
        snprintf(err->text, sizeof(err->text),
                 "the document ends too early");
        return;
    }

    snprintf(err->text, sizeof(err->text), "not valid JSON: %.120s",
             error->text);
}


static void
postern_json_position(postern_str_t text, size_t offset, unsigned *line,
    unsigned *column)
{
    size_t    i;
    unsigned  l, c;

    l = 1;
    c = 1;

    for (i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            l++;
            c = 1;

        } else if ((text.data[i] & 0xc0) != 0x80) {
            c++;
        }
    }

    *line = l;
    *column = c;
}


int
postern_json_locate(postern_str_t text, const postern_json_at_t *at,
    postern_json_part_e part, unsigned *line, unsigned *column)
{
    size_t                    n;
    const unsigned char      *p, *end, *name;
    const postern_json_at_t  *steps[POSTERN_JSON_AT_MAX];

    for (n = 0; at; at = at->up) {
        if (n == POSTERN_JSON_AT_MAX) {
            return -1;
        }

        steps[n++] = at;
    }

    end = text.data + text.len;
    p = postern_json_space(text.data, end);
    name = p;

    while (n > 0) {
        p = postern_json_step(p, end, steps[--n], &name);
        if (p == NULL) {
            return -1;
        }
    }

    postern_json_position(text,
                          (part == POSTERN_JSON_NAME ? name : p) - text.data,
                          line, column);
    return 0;
}


/* from the start of a value to the start of a value inside it */

static const unsigned char *
postern_json_step(const unsigned char *p, const unsigned char *end,
    const postern_json_at_t *at, const unsigned char **name)
{
    size_t  i;

    if (p == end || *p != (at->member ? '{' : '[')) {
        return NULL;
    }

    for (i = 0; /* void */ ; i++) {
        p = postern_json_space(p + 1, end);
        if (p == end || *p == '}' || *p == ']') {
            return NULL;
        }

        *name = p;

        if (at->member) {
            p = postern_json_space(postern_json_skip_string(p, end), end);
            if (p == end) {
                return NULL;
            }

            p = postern_json_space(p + 1, end);
        }

        if (at->member ? postern_json_string_is(*name, end, at->member)
                       : i == at->index)
        {
            return p;
        }

        p = postern_json_space(postern_json_skip(p, end), end);
        if (p == end || *p != ',') {
            return NULL;
        }
    }
}


static const unsigned char *
postern_json_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    return p;
}


static const unsigned char *
postern_json_skip_string(const unsigned char *p, const unsigned char *end)
{
    for (p++; p < end; p++) {
        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\' && ++p == end) {
            break;
        }
    }

    return end;
}


static const unsigned char *
postern_json_skip(const unsigned char *p, const unsigned char *end)
{
    size_t  depth;

    depth = 0;

    while (p < end) {

        switch (*p) {

        case '"':
            p = postern_json_skip_string(p, end);

            if (depth == 0) {
                return p;
            }

            continue;

        case '{':
        case '[':
            depth++;
            break;

        case ',':
            if (depth == 0) {
                return p;
            }

            break;

        case '}':
        case ']':
            if (depth == 0) {
                return p;
            }

            if (--depth == 0) {
                return p + 1;
            }

            break;
        }

        p++;
    }

    return end;
}


static int
postern_json_string_is(const unsigned char *p, const unsigned char *end,
    const char *name)
{
    size_t                len;
    unsigned char         utf8[4];
    const unsigned char  *last;

    last = postern_json_skip_string(p, end) - 1;

    for (p++; p < last; name += len) {

        if (*p != '\\') {
            utf8[0] = *p++;
            len = 1;

        } else {
            len = postern_json_escape(&p, utf8);
        }

        if (strncmp(name, (char *) utf8, len) != 0) {
            return 0;
        }
    }

    return *name == '\0';
}


static size_t
postern_json_escape(const unsigned char **p, unsigned char utf8[4])
{
    unsigned     c;
    const char  *e;

    static const char  escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

    if ((*p)[1] != 'u') {
        e = strchr(escapes, (*p)[1]);
        utf8[0] = e ? e[1] : (*p)[1];
        *p += 2;

        return 1;
    }

    c = postern_json_hex4(*p + 2);
    *p += 6;

    if (c >= 0xd800 && c < 0xdc00) {
        c = 0x10000 + ((c - 0xd800) << 10)
            + (postern_json_hex4(*p + 2) - 0xdc00);
        *p += 6;
    }

    if (c < 0x80) {
        utf8[0] = c;
        return 1;
    }

    if (c < 0x800) {
        utf8[0] = 0xc0 | c >> 6;
        utf8[1] = 0x80 | (c & 0x3f);
        return 2;
    }

    if (c < 0x10000) {
        utf8[0] = 0xe0 | c >> 12;
        utf8[1] = 0x80 | (c >> 6 & 0x3f);
        utf8[2] = 0x80 | (c & 0x3f);
        return 3;
    }

    utf8[0] = 0xf0 | c >> 18;
    utf8[1] = 0x80 | (c >> 12 & 0x3f);
    utf8[2] = 0x80 | (c >> 6 & 0x3f);
    utf8[3] = 0x80 | (c & 0x3f);

    return 4;
}


static unsigned
postern_json_hex4(const unsigned char *p)
{
    unsigned  i, c;

    for (c = 0, i = 0; i < 4; i++) {
        c = c << 4 | (p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    }

    return c & 0xffff;
}


size_t
postern_json_path(const postern_json_at_t *at, char *out, size_t size)
{
    postern_json_out_t  o = { out, size, 0, sizeof("..."), 0 };

    postern_json_put_at(&o, at);

    if (o.cut) {
        memcpy(out + o.len, "...", 3);
        o.len += 3;
    }

    out[o.len] = '\0';

    return o.len;
}


/* a place is as deep as the code that walks there, so recursion is bounded */

static void
postern_json_put_at(postern_json_out_t *o, const postern_json_at_t *at)
{
    char           number[32];
    postern_str_t  name;

    if (at == NULL) {
        return;
    }

    postern_json_put_at(o, at->up);

    if (at->member == NULL) {
        snprintf(number, sizeof(number), "[%zu]", at->index);
        postern_json_put(o, number, strlen(number));
        return;
    }

    name.data = (const unsigned char *) at->member;
    name.len = strlen(at->member);

    if (postern_json_plain(at->member)) {
        if (o->len) {
            postern_json_put(o, ".", 1);
        }

        postern_json_put(o, at->member, name.len);
        return;
    }

    postern_json_put(o, "[\"", 2);
    postern_json_put_quoted(o, name);
    postern_json_put(o, "\"]", 2);
}


static int
postern_json_plain(const char *name)
{
    const char  *p;

    for (p = name; *p; p++) {
        if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z')
            && (*p < '0' || *p > '9') && *p != '_' && *p != '-')
        {
            return 0;
        }
    }

    return p > name;
}


const char *
postern_json_quote(postern_str_t s, char *out, size_t size)
{
    postern_json_out_t  o = { out, size, 0, sizeof("...\""), 0 };

    postern_json_put(&o, "\"", 1);
    postern_json_put_quoted(&o, s);

    if (o.cut) {
        memcpy(out + o.len, "...", 3);
        o.len += 3;
    }

    out[o.len++] = '"';
    out[o.len] = '\0';

    return out;
}


static void
postern_json_put_quoted(postern_json_out_t *o, postern_str_t s)
{
    char                  escape[8];
    size_t                n;
    const unsigned char  *p, *end;

    p = s.data;
    end = p + s.len;

    while (p < end) {

        if (*p == '"' || *p == '\\') {
            escape[0] = '\\';
            escape[1] = *p++;
            postern_json_put(o, escape, 2);
            continue;
        }

        /* C0, DEL and C1 controls steer terminals */

        if (*p < 0x20 || *p == 0x7f
            || (*p == 0xc2 && end - p > 1 && p[1] < 0xa0))
        {
            n = *p == 0xc2 ? 2 : 1;
            snprintf(escape, sizeof(escape), "\\u%04x", p[n - 1]);
            postern_json_put(o, escape, 6);
            p += n;
            continue;
        }

        for (n = 1; p + n < end && (p[n] & 0xc0) == 0x80; n++) { /* void */ }

        postern_json_put(o, (const char *) p, n);
        p += n;
    }
}


static void
postern_json_put(postern_json_out_t *o, const char *data, size_t len)
{
    if (o->cut || o->len + len + o->reserve > o->size) {
        o->cut = 1;
        return;
    }

    memcpy(o->out + o->len, data, len);
    o->len += len;
}
