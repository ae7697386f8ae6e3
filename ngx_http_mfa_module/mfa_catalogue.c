
/*
 * The catalogue of texts.  Names are kept sorted, one table of texts for each
 * language in the order of the names.
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mfa_template.h"
#include "postern_json.h"


#define MFA_TEXTS        1024    /* names of texts */
#define MFA_TEXT_NAME    64
#define MFA_TEXT_MAX     4096    /* bytes of one */
#define MFA_LANGUAGE     35      /* characters of a tag: RFC 5646 */


struct mfa_catalogue_s {
    postern_str_t            languages[MFA_LANGUAGES];
    unsigned                 nlanguages;
    postern_str_t           *names;
    unsigned                 nnames;
    postern_str_t           *texts[MFA_LANGUAGES];
};

typedef struct {
    mfa_catalogue_t         *c;
    const mfa_catalogue_t   *base;
    const postern_alloc_t   *alloc;
    postern_error_t         *err;
    postern_str_t            json;
} mfa_texts_t;


static int mfa_texts_read(mfa_texts_t *t, json_t *root);
static int mfa_texts_names(mfa_texts_t *t, const char *language,
    json_t *texts);
static int mfa_texts_language(mfa_texts_t *t, const char *tag, json_t *texts);
static int mfa_texts_fill(mfa_texts_t *t, unsigned language, const char *tag,
    json_t *texts);
static int mfa_texts_one(mfa_texts_t *t, unsigned language, const char *tag,
    const char *name, json_t *value);
static int mfa_texts_missing(mfa_texts_t *t, unsigned language,
    const char *tag);
static int mfa_texts_copy(mfa_texts_t *t);
static int mfa_texts_name_valid(const char *name);
static int mfa_texts_tag_valid(const char *tag);
static long mfa_texts_find(const mfa_catalogue_t *c, postern_str_t name);
static int mfa_texts_compare(const void *one, const void *two);
static int mfa_texts_dup(const postern_alloc_t *alloc, const char *s,
    size_t len, postern_str_t *copy);
static int mfa_texts_fault(mfa_texts_t *t, const char *language,
    const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));


mfa_catalogue_t *
mfa_catalogue_parse(postern_str_t json, const mfa_catalogue_t *base,
    const postern_alloc_t *alloc, postern_error_t *err)
{
    int           rc;
    json_t       *root;
    mfa_texts_t   t = { NULL, base, alloc, err, json };

    memset(err, 0, sizeof(postern_error_t));

    if (json.len > MFA_CATALOGUE_MAX) {
        mfa_texts_fault(&t, NULL, NULL, "a file of texts has at most %d bytes",
                        MFA_CATALOGUE_MAX);
        return NULL;
    }

    t.c = postern_alloc(alloc, sizeof(mfa_catalogue_t));

    if (t.c == NULL) {
        mfa_texts_fault(&t, NULL, NULL, "out of memory");
        return NULL;
    }

    memset(t.c, 0, sizeof(mfa_catalogue_t));

    root = postern_json_load(json, err);

    if (root == NULL) {
        return NULL;
    }

    rc = mfa_texts_read(&t, root);

    json_decref(root);

    return (rc == 0) ? t.c : NULL;
}


static int
mfa_texts_read(mfa_texts_t *t, json_t *root)
{
    void        *iter;
    json_t      *texts;
    const char  *tag;

    if (!postern_json_is(root, JSON_OBJECT) || json_object_size(root) == 0) {
        return mfa_texts_fault(t, NULL, NULL, "this is to be an object: the"
                               " texts by language, { \"en\": { ... } }");
    }

    if (t->base != NULL && mfa_texts_copy(t) != 0) {
        return -1;
    }

    postern_json_each(root, iter) {
        tag = json_object_iter_key(iter);
        texts = json_object_iter_value(iter);

        if (!mfa_texts_tag_valid(tag)) {
            return mfa_texts_fault(t, tag, NULL, "this is no language tag;"
                                   " write it as \"de\" or \"pt-BR\"");
        }

        if (!postern_json_is(texts, JSON_OBJECT)) {
            return mfa_texts_fault(t, tag, NULL, "the texts of a language are"
                                   " an object");
        }

        /* the first language says which texts there are */

        if (t->c->names == NULL && mfa_texts_names(t, tag, texts) != 0) {
            return -1;
        }

        if (mfa_texts_language(t, tag, texts) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
mfa_texts_names(mfa_texts_t *t, const char *language, json_t *texts)
{
    void             *iter;
    size_t            n;
    const char       *name;
    mfa_catalogue_t  *c = t->c;

    n = json_object_size(texts);

    if (n == 0 || n > MFA_TEXTS) {
        return mfa_texts_fault(t, language, NULL, "the first language has 1"
                               " to %d texts", MFA_TEXTS);
    }

    c->names = postern_alloc(t->alloc, n * sizeof(postern_str_t));

    if (c->names == NULL) {
        return mfa_texts_fault(t, NULL, NULL, "out of memory");
    }

    postern_json_each(texts, iter) {
        name = json_object_iter_key(iter);

        if (!mfa_texts_name_valid(name)) {
            return mfa_texts_fault(t, language, name, "a name has lower case"
                                   " letters, digits and \"_\", at most %d",
                                   MFA_TEXT_NAME);
        }

        if (mfa_texts_dup(t->alloc, name, strlen(name), &c->names[c->nnames])
            != 0)
        {
            return mfa_texts_fault(t, NULL, NULL, "out of memory");
        }

        c->nnames++;
    }

    qsort(c->names, c->nnames, sizeof(postern_str_t), mfa_texts_compare);

    return 0;
}


static int
mfa_texts_language(mfa_texts_t *t, const char *tag, json_t *texts)
{
    size_t            len;
    unsigned          i, k;
    mfa_catalogue_t  *c = t->c;

    len = strlen(tag);

    for (i = 0; i < c->nlanguages; i++) {
        if (c->languages[i].len == len
            && memcmp(c->languages[i].data, tag, len) == 0)
        {
            break;
        }
    }

    if (i == MFA_LANGUAGES) {
        return mfa_texts_fault(t, tag, NULL, "more than %d languages",
                               MFA_LANGUAGES);
    }

    if (i == c->nlanguages) {
        c->texts[i] = postern_alloc(t->alloc,
                                    c->nnames * sizeof(postern_str_t));

        if (c->texts[i] == NULL
            || mfa_texts_dup(t->alloc, tag, len, &c->languages[i]) != 0)
        {
            return mfa_texts_fault(t, NULL, NULL, "out of memory");
        }

        for (k = 0; k < c->nnames; k++) {
            c->texts[i][k] = (postern_str_t) postern_null_string;
        }

        c->nlanguages++;
    }

    return mfa_texts_fill(t, i, tag, texts);
}


static int
mfa_texts_fill(mfa_texts_t *t, unsigned language, const char *tag,
    json_t *texts)
{
    void  *iter;

    postern_json_each(texts, iter) {
        if (mfa_texts_one(t, language, tag, json_object_iter_key(iter),
                          json_object_iter_value(iter))
            != 0)
        {
            return -1;
        }
    }

    return mfa_texts_missing(t, language, tag);
}


static int
mfa_texts_one(mfa_texts_t *t, unsigned language, const char *tag,
    const char *name, json_t *value)
{
    long             i;
    postern_str_t    s;

    s.data = (const unsigned char *) name;
    s.len = strlen(name);

    i = mfa_texts_find(t->c, s);

    if (i < 0) {
        return mfa_texts_fault(t, tag, name, "there is no text of this name in"
                               " \"%.*s\"", (int) t->c->languages[0].len,
                               t->c->languages[0].data);
    }

    if (!postern_json_is(value, JSON_STRING) || json_string_length(value) == 0
        || json_string_length(value) > MFA_TEXT_MAX)
    {
        return mfa_texts_fault(t, tag, name, "a text is a string of 1 to %d"
                               " bytes", MFA_TEXT_MAX);
    }

    if (mfa_texts_dup(t->alloc, json_string_value(value),
                      json_string_length(value), &t->c->texts[language][i])
        != 0)
    {
        return mfa_texts_fault(t, NULL, NULL, "out of memory");
    }

    return 0;
}


/*
 * The first file is whole.  In a second one the first language stands in for
 * what is left out, so that a later release with one more text still starts.
 */

static int
mfa_texts_missing(mfa_texts_t *t, unsigned language, const char *tag)
{
    unsigned          i;
    mfa_catalogue_t  *c = t->c;

    for (i = 0; i < c->nnames; i++) {

        if (c->texts[language][i].data != NULL) {
            continue;
        }

        if (t->base == NULL) {
            return mfa_texts_fault(t, tag, NULL, "the text \"%.*s\" is"
                                   " missing", (int) c->names[i].len,
                                   c->names[i].data);
        }

        c->texts[language][i] = t->base->texts[0][i];
    }

    return 0;
}


/* Texts of base are shared, the tables are not. */

static int
mfa_texts_copy(mfa_texts_t *t)
{
    unsigned  i;

    *t->c = *t->base;

    for (i = 0; i < t->c->nlanguages; i++) {
        t->c->texts[i] = postern_alloc(t->alloc,
                                       t->c->nnames * sizeof(postern_str_t));

        if (t->c->texts[i] == NULL) {
            return mfa_texts_fault(t, NULL, NULL, "out of memory");
        }

        memcpy(t->c->texts[i], t->base->texts[i],
               t->c->nnames * sizeof(postern_str_t));
    }

    return 0;
}


static int
mfa_texts_name_valid(const char *name)
{
    size_t  i;

    for (i = 0; name[i] != '\0'; i++) {
        if (i == MFA_TEXT_NAME
            || !((name[i] >= 'a' && name[i] <= 'z')
                 || (name[i] >= '0' && name[i] <= '9') || name[i] == '_'))
        {
            return 0;
        }
    }

    return i > 0;
}


static int
mfa_texts_tag_valid(const char *tag)
{
    char    c;
    size_t  i;

    for (i = 0; tag[i] != '\0'; i++) {
        c = tag[i] | 0x20;

        if (i == MFA_LANGUAGE
            || !((c >= 'a' && c <= 'z')
                 || (i > 0 && tag[i] >= '0' && tag[i] <= '9')
                 || (i > 1 && tag[i] == '-')))
        {
            return 0;
        }
    }

    return i >= 2;
}


const postern_str_t *
mfa_catalogue_languages(const mfa_catalogue_t *c, unsigned *n)
{
    *n = c->nlanguages;

    return c->languages;
}


postern_str_t
mfa_catalogue_text(const mfa_catalogue_t *c, unsigned language,
    postern_str_t name)
{
    long           i;
    postern_str_t  none = postern_null_string;

    i = mfa_texts_find(c, name);

    if (i < 0) {
        return none;
    }

    return c->texts[language < c->nlanguages ? language : 0][i];
}


static long
mfa_texts_find(const mfa_catalogue_t *c, postern_str_t name)
{
    const postern_str_t  *found;

    found = bsearch(&name, c->names, c->nnames, sizeof(postern_str_t),
                    mfa_texts_compare);

    return (found != NULL) ? found - c->names : -1;
}


static int
mfa_texts_compare(const void *one, const void *two)
{
    int                   rc;
    const postern_str_t  *a = one, *b = two;

    rc = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);

    return (rc != 0) ? rc : (a->len > b->len) - (a->len < b->len);
}


static int
mfa_texts_dup(const postern_alloc_t *alloc, const char *s, size_t len,
    postern_str_t *copy)
{
    unsigned char  *p;

    p = postern_alloc(alloc, len);

    if (p == NULL) {
        return -1;
    }

    memcpy(p, s, len);

    copy->data = p;
    copy->len = len;

    return 0;
}


/* language and name say where: either may be NULL */

static int
mfa_texts_fault(mfa_texts_t *t, const char *language, const char *name,
    const char *format, ...)
{
    va_list            args;
    postern_json_at_t  first = { NULL, language, 0 };
    postern_json_at_t  second = { &first, name, 0 };

    if (language != NULL) {
        postern_json_path(name != NULL ? &second : &first, t->err->path,
                          POSTERN_ERROR_PATH);
        postern_json_locate(t->json, name != NULL ? &second : &first,
                            POSTERN_JSON_NAME, &t->err->line,
                            &t->err->column);
    }

    va_start(args, format);
    vsnprintf(t->err->text, POSTERN_ERROR_TEXT, format, args);
    va_end(args);

    return -1;
}
