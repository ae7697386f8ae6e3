/* link: ngx_http_mfa_module/mfa_page.c ngx_http_mfa_module/mfa_style.c
 *       ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
 *       ngx_http_mfa_module/mfa_catalogue.c ngx_http_mfa_module/mfa_qr.c
 *       ngx_http_postern_module/postern_json.c
 *       ngx_http_postern_module/postern_arena.c build/made/mfa_assets.c
 *       -ljansson -lsodium -lqrencode -lm */

/*
 * Writes every page with sample values, and the style sheet:
 *
 *     render FOLDER LANGUAGE [ACCENT [ACCENT_DARK]]
 */


#include "postern_arena.h"
#include "page_samples.h"


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) data;

    return mfa_asset(name);
}


static void
fail(const char *what, const postern_error_t *err)
{
    fprintf(stderr, "%s: %s:%u:%u: %s\n", what, err->path, err->line,
            err->column, err->text);
    exit(1);
}


static void
write_file(const char *folder, const char *name, const void *data, size_t len,
    const char *more)
{
    FILE  *f;
    char   path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");

    if (f == NULL) {
        perror(path);
        exit(1);
    }

    fwrite(data, 1, len, f);
    fputs(more, f);
    fclose(f);
}


static postern_str_t
asset(const char *name)
{
    postern_str_t  s = { strlen(name), (const unsigned char *) name };

    return mfa_asset(s);
}


int
main(int argc, char **argv)
{
    char                 *folder, name[256], rules[1024] = "";
    long                  len;
    unsigned              i, n, language;
    mfa_scope_t           scope;
    mfa_colors_t          colors;
    postern_str_t         s;
    mfa_template_t       *t;
    postern_alloc_t       alloc;
    postern_error_t       err;
    postern_arena_t      *arena;
    mfa_catalogue_t      *texts;
    mfa_template_env_t    env = { partial, NULL, mfa_page_names, NULL };
    const postern_str_t  *tags;

    static unsigned char  out[MFA_PAGE_MAX];

    if (argc < 3) {
        fputs("render FOLDER LANGUAGE [ACCENT [ACCENT_DARK]]\n", stderr);
        return 2;
    }

    folder = argv[1];
    arena = postern_arena_create();
    alloc = postern_arena_allocator(arena);

    texts = mfa_catalogue_parse(asset("texts.json"), NULL, &alloc, &err);

    if (texts == NULL) {
        fail("texts.json", &err);
    }

    env.texts = texts;
    tags = mfa_catalogue_languages(texts, &n);

    for (language = 0; language < n - 1; language++) {
        if (strlen(argv[2]) == tags[language].len
            && memcmp(argv[2], tags[language].data, tags[language].len) == 0)
        {
            break;
        }
    }

    setenv("SAMPLE_LANG", argv[2], 1);
    samples_make();

    for (i = 0; i < nsamples; i++) {
        s = mfa_page_file(samples[i].page);
        t = mfa_template_compile(mfa_asset(s), &env, &alloc, &err);

        if (t == NULL) {
            fail(samples[i].name, &err);
        }

        scope.values = samples[i].values;
        scope.n = samples[i].n;

        len = mfa_template_render(t, &scope, texts, language, out,
                                  sizeof(out));

        if (len < 0) {
            fprintf(stderr, "%s: too long\n", samples[i].name);
            return 1;
        }

        snprintf(name, sizeof(name), "%s.html", samples[i].name);
        write_file(folder, name, out, (size_t) len, "");
    }

    memset(&colors, 0, sizeof(colors));

    if (argc > 3) {
        colors.accent.data = (unsigned char *) argv[3];
        colors.accent.len = strlen(argv[3]);
    }

    if (argc > 4) {
        colors.accent_dark.data = (unsigned char *) argv[4];
        colors.accent_dark.len = strlen(argv[4]);
    }

    mfa_style_colors(&colors, rules, sizeof(rules));

    s = asset("style.css");
    write_file(folder, "style.css", s.data, s.len, rules);

    postern_arena_destroy(arena);

    return 0;
}
