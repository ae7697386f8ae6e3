
/*
 * Templates of pages: HTML with
 *
 *     {{name}}                     a value, escaped for text and attributes
 *     {{{name}}}                   markup; only of values that are markup
 *     {{#name}} … {{/name}}        for each element of a list; or where a flag
 *                                  is set or a text is there
 *     {{^name}} … {{/name}}        where it is not
 *     {{?name}} … {{/name}}        where it is, once, also for a whole list
 *     {{t.name}}                   a text of the catalogue, escaped; {word} in
 *                                  it stands for the value of that name
 *     {{>name.html}}               another template, at compile time
 *     {{! … }}                     a remark
 *
 * White space at the beginning of lines is not sent, nor are lines of nothing
 * but tags.  A value has its place in text and in quoted attributes; anywhere
 * else it is an error of compilation.
 *
 * Names are looked up from the innermost list outwards.  A name that nobody
 * declares is an error of compilation, so that a misspelt one never passes in
 * silence; a value left out is empty.
 */


#ifndef _MFA_TEMPLATE_H_INCLUDED_
#define _MFA_TEMPLATE_H_INCLUDED_


#include "postern_buf.h"


#define MFA_TEMPLATE_MAX     65536    /* bytes of a template's text */
#define MFA_TEMPLATE_DEPTH   8        /* sections and partials in each other */


typedef struct mfa_template_s   mfa_template_t;
typedef struct mfa_catalogue_s  mfa_catalogue_t;
typedef struct mfa_scope_s      mfa_scope_t;


typedef enum {
    MFA_VALUE_TEXT = 0,
    MFA_VALUE_FLAG,             /* set where number is not 0 */
    MFA_VALUE_NUMBER,
    MFA_VALUE_MARKUP,           /* made by Postern, never by a client */
    MFA_VALUE_LIST
} mfa_value_e;

typedef struct {
    const char          *name;
    mfa_value_e          kind;
    postern_str_t        text;
    int64_t              number;
    const mfa_scope_t   *list;
    unsigned             n;
} mfa_value_t;

struct mfa_scope_s {
    const mfa_value_t   *values;
    unsigned             n;
};


/*
 * Where a template finds others: returns its text, absent where there is none.
 * names: every name that a page may use, NULL at the end (see mfa_page.h).
 */

typedef struct {
    postern_str_t      (*partial)(void *data, postern_str_t name);
    void                *data;
    const char *const   *names;
    const mfa_catalogue_t  *texts;    /* t.name must be there */
} mfa_template_env_t;


/* NULL with *err (line and column); memory from alloc, text is not kept */
mfa_template_t *mfa_template_compile(postern_str_t text,
    const mfa_template_env_t *env, const postern_alloc_t *alloc,
    postern_error_t *err);

/* the length, or -1 where it does not fit; language is an index of texts */
long mfa_template_render(const mfa_template_t *t, const mfa_scope_t *scope,
    const mfa_catalogue_t *texts, unsigned language, unsigned char *out,
    size_t size);


/*
 * The catalogue: { "en": { "sign_in": "Sign in", … }, "de": { … } }, one JSON
 * file.  Every language has the same names; the first one is the fallback.
 * A second file may add languages and replace texts.
 */

#define MFA_LANGUAGES        32
#define MFA_CATALOGUE_MAX    (256 * 1024)

mfa_catalogue_t *mfa_catalogue_parse(postern_str_t json,
    const mfa_catalogue_t *base, const postern_alloc_t *alloc,
    postern_error_t *err);

/* tags of the languages, in the file's order */
const postern_str_t *mfa_catalogue_languages(const mfa_catalogue_t *c,
    unsigned *n);

/* absent where there is none of that name */
postern_str_t mfa_catalogue_text(const mfa_catalogue_t *c, unsigned language,
    postern_str_t name);


#endif /* _MFA_TEMPLATE_H_INCLUDED_ */
