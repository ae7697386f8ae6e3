
/*
 * Compiles templates.  Beside the tags it follows the HTML just far enough to
 * know where a value would land: in text and in quoted attributes escaping
 * holds, and anywhere else a value is an error of the template.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE    /* memmem() */
#endif

#include <stdarg.h>
#include <stdio.h>

#include "mfa_template_node.h"


#define MFA_TAG_MAX  64      /* characters of a name in a tag */


typedef enum {
    MFA_HTML_TEXT = 0,
    MFA_HTML_TAG,
    MFA_HTML_DOUBLE,        /* in an attribute's quotes */
    MFA_HTML_SINGLE
} mfa_html_e;

typedef struct {
    const mfa_template_env_t  *env;
    const postern_alloc_t     *alloc;
    postern_error_t           *err;
    postern_str_t              file;       /* of a partial, or absent */
    postern_str_t              text;
    size_t                     pos;
    size_t                     total;      /* with all partials */
    unsigned                   depth;
    mfa_html_e                 html;
    unsigned char              before;     /* last character in a tag, no
                                              white space */
    unsigned                   line:1;     /* at the beginning of a line */
} mfa_compiler_t;

typedef struct {
    char                       kind;       /* one of > # ? ^ / ! {, or NUL */
    postern_str_t              name;
    size_t                     start;
} mfa_tag_t;


static const mfa_node_t *mfa_compile_block(mfa_compiler_t *c,
    const mfa_tag_t *open, int *failed);
static int mfa_compile_node(mfa_compiler_t *c, const mfa_tag_t *tag,
    mfa_node_t ***last);
static int mfa_compile_section(mfa_compiler_t *c, const mfa_tag_t *tag,
    mfa_node_t *node);
static int mfa_compile_partial(mfa_compiler_t *c, const mfa_tag_t *tag,
    mfa_node_t ***last);
static int mfa_compile_name(mfa_compiler_t *c, const mfa_tag_t *tag,
    postern_str_t name);
static int mfa_compile_words(mfa_compiler_t *c, const mfa_tag_t *tag,
    postern_str_t name);
static int mfa_compile_literal(mfa_compiler_t *c, size_t end,
    mfa_node_t ***last);
static int mfa_compile_place(mfa_compiler_t *c, const mfa_tag_t *tag);
static int mfa_read_tag(mfa_compiler_t *c, mfa_tag_t *tag);
static int mfa_follow(mfa_compiler_t *c, size_t end);
static int mfa_follow_open(mfa_compiler_t *c, size_t end);
static int mfa_declared(const char *const *names, postern_str_t name);
static mfa_node_t *mfa_node(mfa_compiler_t *c, mfa_node_e kind,
    postern_str_t text);
static int mfa_fault(mfa_compiler_t *c, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));


mfa_template_t *
mfa_template_compile(postern_str_t text, const mfa_template_env_t *env,
    const postern_alloc_t *alloc, postern_error_t *err)
{
    int              failed = 0;
    mfa_compiler_t   c;
    mfa_template_t  *t;

    memset(err, 0, sizeof(postern_error_t));
    memset(&c, 0, sizeof(mfa_compiler_t));

    c.env = env;
    c.alloc = alloc;
    c.err = err;
    c.text = text;
    c.total = text.len;
    c.line = 1;

    if (text.len > MFA_TEMPLATE_MAX) {
        mfa_fault(&c, 0, "a template has at most %d bytes", MFA_TEMPLATE_MAX);
        return NULL;
    }

    t = postern_alloc(alloc, sizeof(mfa_template_t));

    if (t == NULL) {
        mfa_fault(&c, 0, "out of memory");
        return NULL;
    }

    t->first = mfa_compile_block(&c, NULL, &failed);

    if (!failed && c.html != MFA_HTML_TEXT) {
        failed = mfa_fault(&c, text.len, "the last tag of HTML has no end");
    }

    return failed ? NULL : t;
}


/* Up to the end of the text, or of the section that open began. */

static const mfa_node_t *
mfa_compile_block(mfa_compiler_t *c, const mfa_tag_t *open, int *failed)
{
    size_t                end;
    mfa_tag_t             tag;
    mfa_node_t           *first, **last;
    const unsigned char  *p;

    first = NULL;
    last = &first;
    *failed = -1;

    for ( ;; ) {
        p = (c->pos < c->text.len)
            ? memmem(c->text.data + c->pos, c->text.len - c->pos, "{{", 2)
            : NULL;
        end = (p != NULL) ? (size_t) (p - c->text.data) : c->text.len;

        if (mfa_compile_literal(c, end, &last) != 0) {
            return NULL;
        }

        if (p == NULL) {
            break;
        }

        if (mfa_read_tag(c, &tag) != 0) {
            return NULL;
        }

        if (tag.kind == '!') {
            continue;
        }

        if (tag.kind == '/') {

            if (open == NULL || !postern_str_eq(open->name, tag.name)) {
                mfa_fault(c, tag.start, "{{/%.*s}} ends nothing that is open",
                          (int) tag.name.len, tag.name.data);
                return NULL;
            }

            *failed = 0;
            return first;
        }

        if (mfa_compile_node(c, &tag, &last) != 0) {
            return NULL;
        }
    }

    if (open != NULL) {
        mfa_fault(c, open->start, "{{%c%.*s}} has no {{/%.*s}}", open->kind,
                  (int) open->name.len, open->name.data,
                  (int) open->name.len, open->name.data);
        return NULL;
    }

    *failed = 0;

    return first;
}


static int
mfa_compile_node(mfa_compiler_t *c, const mfa_tag_t *tag, mfa_node_t ***last)
{
    mfa_node_t     *node;
    mfa_node_e      kind;
    postern_str_t   name = tag->name;

    if (tag->kind == '>') {
        return mfa_compile_partial(c, tag, last);
    }

    kind = (tag->kind == '#') ? MFA_NODE_SECTION
           : (tag->kind == '?') ? MFA_NODE_ONCE
           : (tag->kind == '^') ? MFA_NODE_INVERSE
           : (tag->kind == '{') ? MFA_NODE_MARKUP
           : MFA_NODE_VALUE;

    if (kind == MFA_NODE_VALUE && name.len > 2
        && memcmp(name.data, "t.", 2) == 0)
    {
        kind = MFA_NODE_TEXT;
        name.data += 2;
        name.len -= 2;

        if (mfa_compile_words(c, tag, name) != 0) {
            return -1;
        }

    } else if (mfa_compile_name(c, tag, name) != 0) {
        return -1;
    }

    node = mfa_node(c, kind, name);

    if (node == NULL) {
        return mfa_fault(c, tag->start, "out of memory");
    }

    **last = node;
    *last = (mfa_node_t **) &node->next;

    if (kind == MFA_NODE_SECTION || kind == MFA_NODE_ONCE
        || kind == MFA_NODE_INVERSE)
    {
        return mfa_compile_section(c, tag, node);
    }

    c->line = 0;

    return mfa_compile_place(c, tag);
}


/* What is left out must not be missed: a section ends where it began. */

static int
mfa_compile_section(mfa_compiler_t *c, const mfa_tag_t *tag, mfa_node_t *node)
{
    int         failed;
    unsigned    line;
    mfa_html_e  html;

    html = c->html;
    line = c->line;

    if (++c->depth > MFA_TEMPLATE_DEPTH) {
        return mfa_fault(c, tag->start, "more than %d sections and templates"
                         " in each other", MFA_TEMPLATE_DEPTH);
    }

    node->inner = mfa_compile_block(c, tag, &failed);

    if (failed) {
        return -1;
    }

    if (c->html != html) {
        return mfa_fault(c, tag->start, "{{%c%.*s}} begins and ends at"
                         " different places of the HTML: one within a tag or"
                         " an attribute, one outside", tag->kind,
                         (int) tag->name.len, tag->name.data);
    }

    c->depth--;
    c->line = line && c->line;

    return 0;
}


static int
mfa_compile_partial(mfa_compiler_t *c, const mfa_tag_t *tag,
    mfa_node_t ***last)
{
    int                failed;
    size_t             pos;
    postern_str_t      text, file, partial;
    const mfa_node_t  *first;

    partial = c->env->partial(c->env->data, tag->name);

    if (partial.data == NULL) {
        return mfa_fault(c, tag->start, "there is no template \"%.*s\"",
                         (int) tag->name.len, tag->name.data);
    }

    if (++c->depth > MFA_TEMPLATE_DEPTH) {
        return mfa_fault(c, tag->start, "more than %d sections and templates"
                         " in each other", MFA_TEMPLATE_DEPTH);
    }

    /* templates that name each other many times grow beyond all bounds */

    if (partial.len > MFA_TEMPLATE_MAX - c->total) {
        return mfa_fault(c, tag->start, "with this one, the template has more"
                         " than %d bytes", MFA_TEMPLATE_MAX);
    }

    c->total += partial.len;

    text = c->text;
    file = c->file;
    pos = c->pos;

    c->text = partial;
    c->file = tag->name;
    c->pos = 0;

    first = mfa_compile_block(c, NULL, &failed);

    if (failed) {
        return -1;
    }

    c->text = text;
    c->file = file;
    c->pos = pos;
    c->depth--;

    **last = (mfa_node_t *) first;

    while (**last != NULL) {
        *last = (mfa_node_t **) &(**last)->next;
    }

    return 0;
}


static int
mfa_compile_name(mfa_compiler_t *c, const mfa_tag_t *tag, postern_str_t name)
{
    if (mfa_declared(c->env->names, name)) {
        return 0;
    }

    return mfa_fault(c, tag->start, "there is no value \"%.*s\"",
                     (int) name.len, name.data);
}


/* A text must be there, and so must be what it stands for in any language. */

static int
mfa_compile_words(mfa_compiler_t *c, const mfa_tag_t *tag, postern_str_t name)
{
    unsigned              i, n = 0;
    postern_str_t         text, word;
    const postern_str_t  *languages = NULL;

    if (c->env->texts != NULL) {
        languages = mfa_catalogue_languages(c->env->texts, &n);
    }

    for (i = 0; i < n; i++) {
        text = mfa_catalogue_text(c->env->texts, i, name);

        if (text.data == NULL) {
            n = 0;
            break;
        }

        for ( /* void */ ; text.len > 0; text.data++, text.len--) {
            word = mfa_text_word(text);

            if (word.data != NULL && !mfa_declared(c->env->names, word)) {
                return mfa_fault(c, tag->start, "text \"%.*s\" in \"%.*s\""
                                 " stands for \"%.*s\", which is no value",
                                 (int) name.len, name.data,
                                 (int) languages[i].len, languages[i].data,
                                 (int) word.len, word.data);
            }
        }
    }

    if (n == 0) {
        return mfa_fault(c, tag->start, "there is no text \"%.*s\"",
                         (int) name.len, name.data);
    }

    return 0;
}


postern_str_t
mfa_text_word(postern_str_t text)
{
    size_t         i;
    postern_str_t  word = postern_null_string;

    if (text.len < 3 || text.data[0] != '{') {
        return word;
    }

    for (i = 1; i < text.len && i <= MFA_TAG_MAX; i++) {

        if (text.data[i] == '}') {

            if (i > 1) {
                word.data = text.data + 1;
                word.len = i - 1;
            }

            return word;
        }

        if (!((text.data[i] >= 'a' && text.data[i] <= 'z')
              || text.data[i] == '_'))
        {
            return word;
        }
    }

    return word;
}


/*
 * HTML up to end.  White space at the beginning of lines is for those who read
 * the template: it is not sent, nor are lines that hold nothing but tags.
 */

static int
mfa_compile_literal(mfa_compiler_t *c, size_t end, mfa_node_t ***last)
{
    size_t          i;
    mfa_node_t     *node;
    unsigned char  *out, ch;
    postern_str_t   text;

    if (end == c->pos) {
        return 0;
    }

    out = postern_alloc(c->alloc, end - c->pos);
    node = mfa_node(c, MFA_NODE_LITERAL, (postern_str_t) postern_null_string);

    if (out == NULL || node == NULL) {
        return mfa_fault(c, c->pos, "out of memory");
    }

    text.data = out;
    text.len = 0;

    while (c->pos < end) {
        i = c->pos;

        if (mfa_follow(c, end) != 0) {
            return -1;
        }

        for ( /* void */ ; i < c->pos; i++) {
            ch = c->text.data[i];

            if (c->line && (ch == ' ' || ch == '\t' || ch == '\r'
                            || ch == '\n'))
            {
                continue;
            }

            c->line = (ch == '\n');
            out[text.len++] = ch;
        }
    }

    if (text.len == 0) {
        return 0;
    }

    node->text = text;
    **last = node;
    *last = (mfa_node_t **) &node->next;

    return 0;
}


/* One step through the HTML. */

static int
mfa_follow(mfa_compiler_t *c, size_t end)
{
    unsigned char  ch = c->text.data[c->pos];

    switch (c->html) {

    case MFA_HTML_DOUBLE:
    case MFA_HTML_SINGLE:

        if (ch == (c->html == MFA_HTML_DOUBLE ? '"' : '\'')) {
            c->html = MFA_HTML_TAG;
            c->before = ch;
        }

        break;

    case MFA_HTML_TAG:

        if (ch == '>') {
            c->html = MFA_HTML_TEXT;

        } else if (ch == '"' || ch == '\'') {

            if (c->before != '=') {
                return mfa_fault(c, c->pos, "a quote in a tag belongs behind"
                                 " \"=\"");
            }

            c->html = (ch == '"') ? MFA_HTML_DOUBLE : MFA_HTML_SINGLE;

        } else if (ch > ' ') {
            c->before = ch;
        }

        break;

    default: /* MFA_HTML_TEXT */

        if (ch == '<') {
            return mfa_follow_open(c, end);
        }

        break;
    }

    c->pos++;

    return 0;
}


/* In these, markup is read in ways of their own, or the policy of the pages
   forbids what they are for. */

static int
mfa_follow_open(mfa_compiler_t *c, size_t end)
{
    size_t                i, j, left;
    const unsigned char  *p;

    static const char *const  refused[] = {
        "!--", "script", "style", "noscript", "iframe", "xmp", "noembed",
        "noframes", "plaintext", "textarea"
    };

    p = c->text.data + c->pos + 1;
    left = end - c->pos - 1;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {

        for (j = 0; refused[i][j] != '\0'; j++) {
            if (j == left || (p[j] | 0x20) != (refused[i][j] | 0x20)) {
                break;
            }
        }

        if (refused[i][j] == '\0') {
            return mfa_fault(c, c->pos, i == 0
                             ? "write remarks as {{! ... }}: others are sent"
                             : "<%s> has no place in a page that allows"
                               " nothing of this kind", refused[i]);
        }
    }

    c->pos++;

    /* at the end, whatever follows: it must not make a tag */

    if (left == 0 || *p == '/' || *p == '!' || *p == '?'
        || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
    {
        c->html = MFA_HTML_TAG;
        c->before = '<';
    }

    return 0;
}


static int
mfa_compile_place(mfa_compiler_t *c, const mfa_tag_t *tag)
{
    if (c->html == MFA_HTML_TEXT) {
        return 0;
    }

    if (tag->kind == '{') {
        return mfa_fault(c, tag->start, "markup has no place within a tag");
    }

    if (c->html == MFA_HTML_TAG) {
        return mfa_fault(c, tag->start, "put quotes around this value: without"
                         " them it could become another attribute");
    }

    return 0;
}


/* From "{{" on; leaves pos behind the tag. */

static int
mfa_read_tag(mfa_compiler_t *c, mfa_tag_t *tag)
{
    size_t                i, close;
    const unsigned char  *p, *q;

    tag->start = c->pos;
    p = c->text.data + c->pos + 2;
    i = c->text.len - c->pos - 2;
    close = (i > 0 && *p == '{') ? 3 : 2;

    q = memmem(p, i, "}}}", close);

    if (q == NULL) {
        mfa_fault(c, c->pos, close == 3 ? "\"{{{\" has no \"}}}\""
                                        : "\"{{\" has no \"}}\"");
        return -1;
    }

    c->pos = (size_t) (q - c->text.data) + close;
    tag->kind = '\0';

    if (p < q && strchr("{#?^/>!", *p) != NULL && *p != '\0') {
        tag->kind = (char) *p++;
    }

    if (tag->kind == '!') {
        return 0;
    }

    while (p < q && *p == ' ') {
        p++;
    }

    while (p < q && q[-1] == ' ') {
        q--;
    }

    tag->name.data = p;
    tag->name.len = (size_t) (q - p);

    if (p == q || tag->name.len > MFA_TAG_MAX || *p == '.') {
        mfa_fault(c, tag->start, "this tag has no name, or one that is"
                  " too long");
        return -1;
    }

    for ( /* void */ ; p < q; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')
              || *p == '_' || *p == '.' || *p == '-'))
        {
            return mfa_fault(c, tag->start, "a name has lower case letters,"
                             " digits and \"_\", that of a template also"
                             " \"-\" and \".\"");
        }
    }

    return 0;
}


static int
mfa_declared(const char *const *names, postern_str_t name)
{
    for ( /* void */ ; *names != NULL; names++) {
        if (strlen(*names) == name.len
            && memcmp(*names, name.data, name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static mfa_node_t *
mfa_node(mfa_compiler_t *c, mfa_node_e kind, postern_str_t text)
{
    mfa_node_t     *node;
    unsigned char  *copy;

    node = postern_alloc(c->alloc, sizeof(mfa_node_t) + text.len);

    if (node == NULL) {
        return NULL;
    }

    memset(node, 0, sizeof(mfa_node_t));
    node->kind = kind;

    if (text.len > 0) {
        copy = (unsigned char *) (node + 1);
        memcpy(copy, text.data, text.len);
        node->text.data = copy;
        node->text.len = text.len;
    }

    return node;
}


/* Columns count characters, as editors do. */

static int
mfa_fault(mfa_compiler_t *c, size_t at, const char *format, ...)
{
    size_t   i;
    va_list  args;

    c->err->line = 1;
    c->err->column = 1;

    for (i = 0; i < at; i++) {

        if (c->text.data[i] == '\n') {
            c->err->line++;
            c->err->column = 1;

        } else if ((c->text.data[i] & 0xc0) != 0x80) {
            c->err->column++;
        }
    }

    if (c->file.data != NULL) {
        snprintf(c->err->path, POSTERN_ERROR_PATH, "%.*s", (int) c->file.len,
                 c->file.data);
    }

    va_start(args, format);
    vsnprintf(c->err->text, POSTERN_ERROR_TEXT, format, args);
    va_end(args);

    return -1;
}
