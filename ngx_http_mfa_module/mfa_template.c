
#include "mfa_template.h"


mfa_template_t *
mfa_template_compile(postern_str_t text, const mfa_template_env_t *env,
    const postern_alloc_t *alloc, postern_error_t *err)
{
    (void) text;
    (void) env;
    (void) alloc;

    memset(err, 0, sizeof(postern_error_t));

    return NULL;
}


long
mfa_template_render(const mfa_template_t *t, const mfa_scope_t *scope,
    const mfa_catalogue_t *texts, unsigned language, unsigned char *out,
    size_t size)
{
    (void) t;
    (void) scope;
    (void) texts;
    (void) language;
    (void) out;
    (void) size;

    return -1;
}
