
#include "mfa_template.h"


mfa_catalogue_t *
mfa_catalogue_parse(postern_str_t json, const mfa_catalogue_t *base,
    const postern_alloc_t *alloc, postern_error_t *err)
{
    (void) json;
    (void) base;
    (void) alloc;

    memset(err, 0, sizeof(postern_error_t));

    return NULL;
}


const postern_str_t *
mfa_catalogue_languages(const mfa_catalogue_t *c, unsigned *n)
{
    (void) c;

    *n = 0;

    return NULL;
}


postern_str_t
mfa_catalogue_text(const mfa_catalogue_t *c, unsigned language,
    postern_str_t name)
{
    postern_str_t  none = postern_null_string;

    (void) c;
    (void) language;
    (void) name;

    return none;
}
