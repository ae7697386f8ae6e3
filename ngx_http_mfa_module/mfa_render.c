
/*
 * Renders templates.  Whatever a value holds, what comes out is valid UTF-8 and
 * no markup; only a value that is markup, where the template asks for markup,
 * passes as it is.
 */


#include <stdio.h>

#include "mfa_template_node.h"


typedef struct mfa_frame_s  mfa_frame_t;

/* the lists that we are in, innermost first */

struct mfa_frame_s {
    const mfa_scope_t      *scope;
    const mfa_frame_t      *up;
};

typedef struct {
    const mfa_catalogue_t  *texts;
    unsigned                language;
    unsigned char          *out;
    size_t                  size;
    size_t                  len;
} mfa_renderer_t;


static int mfa_render_nodes(mfa_renderer_t *r, const mfa_node_t *node,
    const mfa_frame_t *frame);
static int mfa_render_section(mfa_renderer_t *r, const mfa_node_t *node,
    const mfa_frame_t *frame);
static int mfa_render_value(mfa_renderer_t *r, const mfa_value_t *value,
    int markup);
static int mfa_render_text(mfa_renderer_t *r, postern_str_t text,
    const mfa_frame_t *frame);
static int mfa_write(mfa_renderer_t *r, const void *data, size_t len);
static int mfa_write_escaped(mfa_renderer_t *r, postern_str_t s);
static size_t mfa_sequence(const unsigned char *p, size_t left);
static const mfa_value_t *mfa_find(const mfa_frame_t *frame,
    postern_str_t name);
static int mfa_is_set(const mfa_value_t *value);


long
mfa_template_render(const mfa_template_t *t, const mfa_scope_t *scope,
    const mfa_catalogue_t *texts, unsigned language, unsigned char *out,
    size_t size)
{
    mfa_frame_t     frame = { scope, NULL };
    mfa_renderer_t  r = { texts, language, out, size, 0 };

    if (mfa_render_nodes(&r, t->first, &frame) != 0) {
        return -1;
    }

    return (long) r.len;
}


static int
mfa_render_nodes(mfa_renderer_t *r, const mfa_node_t *node,
    const mfa_frame_t *frame)
{
    int  rc;

    for ( /* void */ ; node != NULL; node = node->next) {

        switch (node->kind) {

        case MFA_NODE_LITERAL:
            rc = mfa_write(r, node->text.data, node->text.len);
            break;

        case MFA_NODE_VALUE:
        case MFA_NODE_MARKUP:
            rc = mfa_render_value(r, mfa_find(frame, node->text),
                                  node->kind == MFA_NODE_MARKUP);
            break;

        case MFA_NODE_TEXT:
            rc = mfa_render_text(r, mfa_catalogue_text(r->texts, r->language,
                                                       node->text),
                                 frame);
            break;

        default: /* a section of any kind */
            rc = mfa_render_section(r, node, frame);
        }

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


static int
mfa_render_section(mfa_renderer_t *r, const mfa_node_t *node,
    const mfa_frame_t *frame)
{
    unsigned            i;
    mfa_frame_t         inner;
    const mfa_value_t  *value;

    value = mfa_find(frame, node->text);

    if (node->kind == MFA_NODE_INVERSE) {
        return mfa_is_set(value) ? 0 : mfa_render_nodes(r, node->inner, frame);
    }

    if (!mfa_is_set(value)) {
        return 0;
    }

    if (value->kind != MFA_VALUE_LIST || node->kind == MFA_NODE_ONCE) {
        return mfa_render_nodes(r, node->inner, frame);
    }

    inner.up = frame;

    for (i = 0; i < value->n; i++) {
        inner.scope = &value->list[i];

        if (mfa_render_nodes(r, node->inner, &inner) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
mfa_render_value(mfa_renderer_t *r, const mfa_value_t *value, int markup)
{
    int   n;
    char  number[24];

    if (value == NULL) {
        return 0;
    }

    switch (value->kind) {

    case MFA_VALUE_TEXT:
        return mfa_write_escaped(r, value->text);

    case MFA_VALUE_MARKUP:
        return markup ? mfa_write(r, value->text.data, value->text.len)
                      : mfa_write_escaped(r, value->text);

    case MFA_VALUE_FLAG:
    case MFA_VALUE_NUMBER:
        n = snprintf(number, sizeof(number), "%lld",
                     (long long) value->number);
        return mfa_write(r, number, (size_t) n);

    default: /* MFA_VALUE_LIST */
        n = snprintf(number, sizeof(number), "%u", value->n);
        return mfa_write(r, number, (size_t) n);
    }
}


/* Texts come from translators: escaped like anything else, word by word. */

static int
mfa_render_text(mfa_renderer_t *r, postern_str_t text,
    const mfa_frame_t *frame)
{
    postern_str_t         word, piece;
    const unsigned char  *p;

    while (text.len > 0) {
        p = memchr(text.data + 1, '{', text.len - 1);

        piece.data = text.data;
        piece.len = (p != NULL) ? (size_t) (p - text.data) : text.len;

        word = mfa_text_word(text);

        if (word.data == NULL) {
            if (mfa_write_escaped(r, piece) != 0) {
                return -1;
            }

        } else {
            if (mfa_render_value(r, mfa_find(frame, word), 0) != 0) {
                return -1;
            }

            piece.len = word.len + 2;
        }

        text.data += piece.len;
        text.len -= piece.len;
    }

    return 0;
}


static int
mfa_write(mfa_renderer_t *r, const void *data, size_t len)
{
    if (len > r->size - r->len) {
        return -1;
    }

    if (len > 0) {
        memcpy(r->out + r->len, data, len);
        r->len += len;
    }

    return 0;
}


static int
mfa_write_escaped(mfa_renderer_t *r, postern_str_t s)
{
    int     rc;
    size_t  n;

    for ( /* void */ ; s.len > 0; s.data += n, s.len -= n) {
        n = 1;

        switch (*s.data) {

        case '&':
            rc = mfa_write(r, "&amp;", 5);
            break;

        case '<':
            rc = mfa_write(r, "&lt;", 4);
            break;

        case '>':
            rc = mfa_write(r, "&gt;", 4);
            break;

        case '"':
            rc = mfa_write(r, "&#34;", 5);
            break;

        case '\'':
            rc = mfa_write(r, "&#39;", 5);
            break;

        case '`':
            rc = mfa_write(r, "&#96;", 5);
            break;

        default:
            n = mfa_sequence(s.data, s.len);
            rc = (n > 0) ? mfa_write(r, s.data, n)
                         : mfa_write(r, "\xef\xbf\xbd", 3);    /* U+FFFD */
            n += (n == 0);
        }

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


/* The length of the character of UTF-8 that p begins with, 0 where there is
   none, or one that controls something. */

static size_t
mfa_sequence(const unsigned char *p, size_t left)
{
    size_t    i, n;
    uint32_t  c;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (*p < 0x80) {
        return (*p >= 0x20 && *p != 0x7f) || *p == '\t' || *p == '\n';
    }

    n = (*p >= 0xf0) ? 4 : (*p >= 0xe0) ? 3 : 2;

    if (*p < 0xc2 || *p > 0xf4 || n > left) {
        return 0;
    }

    c = *p & (0xff >> (n + 1));

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = (c << 6) | (p[i] & 0x3f);
    }

    /* surrogates, what has a shorter form, what is beyond Unicode; and marks
       that turn the direction of what follows, which could dress up a name */

    if (c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff
        || c <= 0x9f || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069))
    {
        return 0;
    }

    return n;
}


static const mfa_value_t *
mfa_find(const mfa_frame_t *frame, postern_str_t name)
{
    unsigned            i;
    const mfa_value_t  *value;

    for ( /* void */ ; frame != NULL; frame = frame->up) {

        for (i = 0; i < frame->scope->n; i++) {
            value = &frame->scope->values[i];

            if (strlen(value->name) == name.len
                && memcmp(value->name, name.data, name.len) == 0)
            {
                return value;
            }
        }
    }

    return NULL;
}


static int
mfa_is_set(const mfa_value_t *value)
{
    if (value == NULL) {
        return 0;
    }

    switch (value->kind) {

    case MFA_VALUE_TEXT:
    case MFA_VALUE_MARKUP:
        return value->text.len > 0;

    case MFA_VALUE_FLAG:
    case MFA_VALUE_NUMBER:
        return value->number != 0;

    default: /* MFA_VALUE_LIST */
        return value->n > 0;
    }
}
