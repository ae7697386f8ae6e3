/* link: ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
 *       ngx_http_mfa_module/mfa_catalogue.c
 *       ngx_http_postern_module/postern_json.c
 *       ngx_http_postern_module/postern_arena.c -ljansson */

/*
 * Any bytes as a template, as a catalogue and as values: the input is cut at
 * NUL characters into template, value and catalogue.
 *
 *   - a template that compiles renders the same markup whatever a value holds:
 *     as many of < > " ' as with a harmless one, and valid UTF-8 where the
 *     template is;
 *   - a fault has a text, and a place within the input;
 *   - what is rendered fits, or nothing is said to be.
 */


#include "fuzz.h"
#include "mfa_template.h"


#define OUT_SIZE  65536

static const char *const  names[] = { "user", "list", "flag", "qr", NULL };

static const postern_str_t  texts = postern_string(
    "{\"en\":{\"hi\":\"Hello {user}\"},\"de\":{\"hi\":\"{user}, {n\"}}");


static postern_str_t
partial(void *data, postern_str_t name)
{
    postern_str_t  none = postern_null_string;

    return postern_str_is(name, "self") ? *(postern_str_t *) data : none;
}


static void
count(const unsigned char *p, long len, unsigned marks[4])
{
    long  i;

    memset(marks, 0, 4 * sizeof(unsigned));

    for (i = 0; i < len; i++) {
        marks[0] += (p[i] == '<');
        marks[1] += (p[i] == '>');
        marks[2] += (p[i] == '"');
        marks[3] += (p[i] == '\'');
    }
}


static long
render(const mfa_template_t *t, const mfa_catalogue_t *c, postern_str_t user,
    unsigned char *out, size_t size)
{
    mfa_value_t  item = { "user", MFA_VALUE_TEXT, user, 0, NULL, 0 };
    mfa_scope_t  list[2] = { { &item, 1 }, { NULL, 0 } };
    mfa_value_t  values[] = {
        { "user", MFA_VALUE_TEXT, user, 0, NULL, 0 },
        { "flag", MFA_VALUE_FLAG, postern_null_string, 1, NULL, 0 },
        { "qr", MFA_VALUE_MARKUP, postern_string("<svg/>"), 0, NULL, 0 },
        { "list", MFA_VALUE_LIST, postern_null_string, 0, list, 2 }
    };
    mfa_scope_t  scope = { values, 4 };

    return mfa_template_render(t, &scope, c, 1, out, size);
}


static void
compile(postern_str_t text, postern_str_t user, const postern_alloc_t *alloc)
{
    long                 len, plain;
    unsigned             marks[4], expected[4];
    mfa_template_t      *t;
    postern_error_t      err;
    mfa_catalogue_t     *c;
    mfa_template_env_t   env = { partial, &text, names, NULL };

    static unsigned char        out[OUT_SIZE];
    static const postern_str_t  harmless = postern_string("x");

    c = mfa_catalogue_parse(texts, NULL, alloc, &err);
    HELD(c != NULL);

    env.texts = c;
    t = mfa_template_compile(text, &env, alloc, &err);

    if (t == NULL) {
        HELD(err.text[0] != '\0');
        HELD(err.line > 0 && err.column > 0);
        return;
    }

    plain = render(t, c, harmless, out, OUT_SIZE);
    HELD(plain <= OUT_SIZE);
    count(out, plain, expected);

    len = render(t, c, user, out, OUT_SIZE);
    HELD(len <= OUT_SIZE);

    if (plain >= 0 && len >= 0 && user.len > 0) {
        count(out, len, marks);
        HELD(memcmp(marks, expected, sizeof(marks)) == 0);
    }

    HELD(len <= 0 || render(t, c, user, out, (size_t) len - 1) == -1);
}


static postern_str_t
cut(postern_str_t *rest)
{
    postern_str_t         piece = *rest;
    const unsigned char  *end;

    end = (rest->len > 0) ? memchr(rest->data, '\0', rest->len) : NULL;

    if (end != NULL) {
        piece.len = (size_t) (end - rest->data);
        rest->data = end + 1;
        rest->len -= piece.len + 1;

    } else {
        rest->data += rest->len;
        rest->len = 0;
    }

    return piece;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned          n;
    postern_str_t     rest = { size, data }, text, user;
    postern_alloc_t   alloc;
    postern_error_t   err;
    fuzz_memory_t     pieces;
    mfa_catalogue_t  *base, *c;

    if (size == 0) {
        return 0;
    }

    alloc = fuzz_memory(&pieces, SIZE_MAX);

    text = cut(&rest);
    user = cut(&rest);
    compile(text, user, &alloc);

    base = mfa_catalogue_parse(texts, NULL, &alloc, &err);
    c = mfa_catalogue_parse(rest, base, &alloc, &err);
    HELD(c != NULL || err.text[0] != '\0');

    if (c != NULL) {
        mfa_catalogue_languages(c, &n);
        HELD(n >= 2 && n <= MFA_LANGUAGES);
    }

    c = mfa_catalogue_parse(rest, NULL, &alloc, &err);
    HELD(c != NULL || err.text[0] != '\0');

    fuzz_free(&pieces);

    /* with too little memory there is none, and a reason */

    alloc = fuzz_memory(&pieces, fuzz_limit(data, size, 8192));
    memset(&err, 0, sizeof(err));
    c = mfa_catalogue_parse(rest, NULL, &alloc, &err);
    HELD(c != NULL || err.text[0] != '\0');
    HELD(c == NULL || !pieces.out);
    fuzz_free(&pieces);

    return 0;
}
