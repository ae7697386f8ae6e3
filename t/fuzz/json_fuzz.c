/* link: ngx_http_postern_module/postern_json.c -ljansson */

/*
 * Any bytes as JSON.  Of what is read every member and element has a place in
 * the text, with a path that names it; of what is not, the fault has one.  Any
 * bytes in quotes are one line that a log can take.
 */


#include "fuzz.h"
#include "postern_json.h"


#define MAX_INPUT  16384
#define MAX_DEPTH  64


static void
place(postern_str_t text, const postern_json_at_t *at)
{
    char      path[POSTERN_ERROR_PATH], small[12];
    size_t    i, n;
    unsigned  line, column, value_line, value_column;

    HELD(postern_json_locate(text, at, POSTERN_JSON_NAME, &line, &column) == 0);
    HELD(postern_json_locate(text, at, POSTERN_JSON_VALUE, &value_line,
                             &value_column)
         == 0);

    HELD(line >= 1 && column >= 1 && column <= text.len);
    HELD(value_line > line || (value_line == line && value_column >= column));

    n = postern_json_path(at, path, sizeof(path));
    HELD(n < sizeof(path) && path[n] == '\0' && n > 0);

    for (i = 0; i < n; i++) {
        HELD((unsigned char) path[i] >= 0x20 && path[i] != 0x7f);
    }

    n = postern_json_path(at, small, sizeof(small));
    HELD(n < sizeof(small) && small[n] == '\0');
}


static void
walk(postern_str_t text, const postern_json_at_t *up, json_t *json,
    unsigned depth)
{
    size_t             i;
    json_t            *value;
    const char        *name;
    postern_json_at_t  at;

    memset(&at, 0, sizeof(at));
    at.up = up;

    if (depth == MAX_DEPTH) {
        return;
    }

    json_object_foreach(json, name, value) {
        at.member = name;
        place(text, &at);
        walk(text, &at, value, depth + 1);
    }

    at.member = NULL;

    json_array_foreach(json, i, value) {

        if (i == 8) {
            break;
        }

        at.index = i;
        place(text, &at);
        walk(text, &at, value, depth + 1);
    }
}


static void
quoted(postern_str_t text)
{
    char         out[64];
    size_t       i, n;
    json_t      *json;
    const char  *s;

    s = postern_json_quote(text, out, sizeof(out));
    n = strlen(s);

    HELD(s == out && n >= 2 && n < sizeof(out) && s[0] == '"');

    for (i = 0; i < n; i++) {
        HELD((unsigned char) s[i] >= 0x20 && s[i] != 0x7f);
    }

    json = json_loadb(s, n, JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
    HELD(json == NULL || json_is_string(json));
    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t           *json;
    postern_str_t     text;
    postern_error_t   err;

    if (size > MAX_INPUT) {
        return 0;
    }

    text = fuzz_copy(data, size);
    memset(&err, 0, sizeof(err));

    json = postern_json_load(text, &err);

    if (json != NULL) {
        walk(text, NULL, json, 0);
        json_decref(json);

    } else {
        fuzz_error(&err, text);
    }

    quoted(text);

    free((void *) text.data);

    return 0;
}
