/* link: ngx_http_mfa_module/mfa_page.c ngx_http_mfa_module/mfa_style.c
 *       ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
 *       ngx_http_mfa_module/mfa_catalogue.c ngx_http_mfa_module/mfa_qr.c
 *       ngx_http_postern_module/postern_json.c
 *       ngx_http_postern_module/postern_arena.c build/made/mfa_assets.c
 *       -ljansson -lsodium -lqrencode -lm */

#include <math.h>

#include "postern_arena.h"
#include "page_samples.h"
#include "unit.h"


#define ALL_MAX  (25 * 1024)    /* pages, style and one language: bytes */


static postern_arena_t     *arena;
static mfa_catalogue_t     *texts;
static mfa_template_env_t   env;
static unsigned char        out[MFA_PAGE_MAX + 1];


static postern_str_t
str(const char *s)
{
    postern_str_t  v = { strlen(s), (const unsigned char *) s };

    return v;
}


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) data;

    return mfa_asset(name);
}


static int
prepare(void)
{
    postern_error_t  err;
    postern_alloc_t  alloc;

    if (arena != NULL) {
        return 1;
    }

    arena = postern_arena_create();
    alloc = postern_arena_allocator(arena);
    texts = mfa_catalogue_parse(mfa_asset(str("texts.json")), NULL, &alloc,
                                &err);

    if (!EXPECT(texts != NULL)) {
        printf("# texts.json:%u:%u %s: %s\n", err.line, err.column, err.path,
               err.text);
        return 0;
    }

    env.partial = partial;
    env.names = mfa_page_names;
    env.texts = texts;

    samples_make();

    return 1;
}


static long
render(const sample_t *s, unsigned language)
{
    long              len;
    mfa_scope_t       scope = { s->values, s->n };
    mfa_template_t   *t;
    postern_alloc_t   alloc = postern_arena_allocator(arena);
    postern_error_t   err;

    t = mfa_template_compile(mfa_asset(mfa_page_file(s->page)), &env, &alloc,
                             &err);

    if (!EXPECT(t != NULL)) {
        printf("# %s: %s:%u:%u: %s\n", s->name, err.path, err.line, err.column,
               err.text);
        return -1;
    }

    len = mfa_template_render(t, &scope, texts, language, out, MFA_PAGE_MAX);

    if (!EXPECT(len > 0)) {
        return -1;
    }

    out[len] = '\0';

    return len;
}


static const char *
page(const char *name, unsigned language)
{
    unsigned  i;

    for (i = 0; i < nsamples; i++) {
        if (strcmp(samples[i].name, name) == 0) {
            return render(&samples[i], language) > 0 ? (char *) out : "";
        }
    }

    return "";
}


TEST(every_page_is_whole_in_every_language)
{
    long       len;
    unsigned   i, n, language;
    char      *p;

    if (!prepare()) {
        return;
    }

    mfa_catalogue_languages(texts, &n);
    EXPECT_INT(n, 2);

    for (language = 0; language < n; language++) {
        for (i = 0; i < nsamples; i++) {
            len = render(&samples[i], language);
            p = (char *) out;

            if (len < 0
                || !EXPECT(strncmp(p, "<!doctype html>", 15) == 0)
                || !EXPECT(strstr(p, "</html>\n") == p + len - 8)
                || !EXPECT(strstr(p, "{{") == NULL && strstr(p, "}}") == NULL)
                || !EXPECT(strstr(p, "<h1></h1>") == NULL)

                /* what the policy of the pages forbids */

                || !EXPECT(strstr(p, "<script") == NULL)
                || !EXPECT(strstr(p, " style=") == NULL)
                || !EXPECT(strstr(p, " onclick=") == NULL)
                || !EXPECT(strstr(p, "href=\"http") == NULL)
                || !EXPECT(strstr(p, "src=\"http") == NULL))
            {
                printf("# in %s, language %u\n", samples[i].name, language);
            }
        }
    }
}


TEST(all_together_are_small)
{
    long      sum, len;
    unsigned  i, seen = 0;

    if (!prepare()) {
        return;
    }

    sum = (long) mfa_asset(str("style.css")).len;

    for (i = 0; i < nsamples; i++) {
        if (seen & (1u << samples[i].page)) {
            continue;
        }

        seen |= 1u << samples[i].page;
        len = render(&samples[i], 0);
        sum += len;
    }

    printf("# all pages and the style sheet: %ld bytes\n", sum);
    EXPECT_INT(seen, (1u << MFA_PAGES) - 1);
    EXPECT(sum < ALL_MAX);
}


TEST(a_title_begins_with_the_error)
{
    const char  *p;

    if (!prepare()) {
        return;
    }

    p = page("sign-in-failed", 0);
    EXPECT(strstr(p, "<title>User name or password is not right") != NULL);
    EXPECT(strstr(p, "role=\"alert\"") != NULL);
    EXPECT(strstr(p, "aria-describedby=\"problem\"") != NULL);
    EXPECT(strstr(p, "aria-invalid=\"true\"") != NULL);

    p = page("code-failed", 1);
    EXPECT(strstr(p, "<title>Dieser Code stimmt nicht") != NULL);
    EXPECT(strstr(p, "Warten Sie auf den n\xc3\xa4" "chsten Code") != NULL);

    p = page("sign-in-plain", 0);
    EXPECT(strstr(p, "<title>Sign in</title>") != NULL);
    EXPECT(strstr(p, "role=\"alert\"") == NULL);
}


TEST(browsers_know_the_fields)
{
    const char  *p;

    if (!prepare()) {
        return;
    }

    p = page("sign-in", 0);
    EXPECT(strstr(p, "autocomplete=\"username\"") != NULL);
    EXPECT(strstr(p, "autocomplete=\"current-password\"") != NULL);
    EXPECT(strstr(p, "name=\"csrf\" value=\"c64d") != NULL);
    EXPECT(strstr(p, "name=\"to\" value=\"/admin/reports?month=11&amp;order")
           != NULL);
    EXPECT(strstr(p, "name=\"org\"") == NULL);
    EXPECT(strstr(page("sign-in-org", 0), "name=\"org\"") != NULL);

    p = page("code", 0);
    EXPECT(strstr(p, "inputmode=\"numeric\"") != NULL);
    EXPECT(strstr(p, "autocomplete=\"one-time-code\"") != NULL);
    EXPECT(strstr(p, "recovery?to=/admin/reports%3Fmonth%3D11") != NULL);

    p = page("password", 0);
    EXPECT(strstr(p, "autocomplete=\"new-password\"") != NULL);
    EXPECT(strstr(p, "autocomplete=\"username\"") != NULL);
    EXPECT(strstr(p, "minlength=\"8\"") != NULL);
}


static mfa_value_t *
sample_value(sample_t *s, const char *name)
{
    unsigned  i;

    for (i = 0; i < s->n; i++) {
        if (strcmp(s->values[i].name, name) == 0) {
            return &s->values[i];
        }
    }

    return NULL;
}


/* the waiting time in words, and the way that is closed for good */

TEST(a_wait_is_told_in_seconds_or_minutes)
{
    sample_t      s;
    mfa_value_t  *wait, *minutes;

    if (!prepare()) {
        return;
    }

    s = samples[4];
    wait = sample_value(&s, "wait");
    minutes = sample_value(&s, "wait_minutes");

    if (!EXPECT(wait != NULL && minutes != NULL)) {
        return;
    }

    render(&s, 0);
    EXPECT(strstr((char *) out, "in about 59 minutes") != NULL);

    minutes->number = 0;
    wait->number = 30;
    render(&s, 0);
    EXPECT(strstr((char *) out, "in 30 seconds") != NULL);

    wait->number = 0;
    render(&s, 0);
    EXPECT(strstr((char *) out, "closed for your account") != NULL);
}


static unsigned
count(const unsigned char *p, size_t len, unsigned char c)
{
    unsigned  n = 0;

    while (len-- > 0) {
        n += (*p++ == c);
    }

    return n;
}


/* whatever people type comes back as text: same tags, same quotes */

TEST(no_value_makes_markup_on_any_page)
{
    long                 len;
    unsigned             i, k, j, before[4];
    sample_t             s;
    const char *const    hostile[] = {
        "\"><script>alert(1)</script>", "' onfocus='x", "\" onfocus=x a=\"",
        "</title><img src=x>", "<!--", "-->", "]]>", "{{{qr}}}", "\\u003c",
        "\xc0\xbcscript\xc0\xbe", "`", "&lt;script&gt;", "\xff\xfe<",
        "javascript:alert(1)"
    };

    static const char    marks[] = "<>\"'";

    if (!prepare()) {
        return;
    }

    for (i = 0; i < nsamples; i++) {
        len = render(&samples[i], 0);

        for (j = 0; j < 4; j++) {
            before[j] = count(out, (size_t) len, (unsigned char) marks[j]);
        }

        for (k = 0; k < sizeof(hostile) / sizeof(hostile[0]); k++) {
            s = samples[i];

            for (j = 0; j < s.n; j++) {
                if (s.values[j].kind == MFA_VALUE_TEXT
                    && s.values[j].text.len > 0)
                {
                    s.values[j].text = str(hostile[k]);
                }
            }

            len = render(&s, 0);

            for (j = 0; j < 4; j++) {
                if (!EXPECT_INT(count(out, (size_t) len,
                                      (unsigned char) marks[j]), before[j]))
                {
                    printf("# %s with %s\n", s.name, hostile[k]);
                    return;
                }
            }
        }
    }
}


/* those who write templates read of every value there is */

TEST(every_value_is_in_the_docs)
{
    FILE               *f;
    char                word[80];
    size_t              len;
    const char *const  *name;

    static char  text[65536];

    f = fopen("docs/pages.md", "r");

    if (!EXPECT(f != NULL)) {
        return;
    }

    len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    fclose(f);

    for (name = mfa_page_names; *name != NULL; name++) {
        snprintf(word, sizeof(word), "`%s`", *name);

        if (!EXPECT(strstr(text, word) != NULL)) {
            printf("# %s\n", *name);
        }
    }
}


TEST(every_file_is_there)
{
    unsigned  i;

    for (i = 0; i < MFA_PAGES; i++) {
        EXPECT(mfa_asset(mfa_page_file(i)).len > 0);
    }

    EXPECT(mfa_asset(str("style.css")).len > 0);
    EXPECT(mfa_asset(str("style.css")).len + 1024 < MFA_STYLE_MAX);
    EXPECT(mfa_asset(str("../mfa_page.c")).data == NULL);
    EXPECT(mfa_asset(str("")).data == NULL);
}


TEST(times)
{
    char  text[24];

    EXPECT_INT(mfa_page_time(0, text), 16);
    EXPECT(strcmp(text, "1970-01-01 00:00") == 0);
    mfa_page_time(951827700, text);
    EXPECT(strcmp(text, "2000-02-29 12:35") == 0);
    mfa_page_time(1795312140, text);
    EXPECT(strcmp(text, "2026-11-22 01:49") == 0);
    mfa_page_time(4107542399, text);
    EXPECT(strcmp(text, "2100-02-28 23:59") == 0);
    mfa_page_time(4107542400, text);
    EXPECT(strcmp(text, "2100-03-01 00:00") == 0);
    mfa_page_time(253402300799, text);
    EXPECT(strcmp(text, "9999-12-31 23:59") == 0);
    EXPECT_INT(mfa_page_time(253402300800, text), 0);
    EXPECT_INT(mfa_page_time(-1, text), 0);
}


TEST(colors_are_six_digits)
{
    EXPECT(mfa_color_valid(str("#a0B9ff")));
    EXPECT(!mfa_color_valid(str("a0b9ff0")));
    EXPECT(!mfa_color_valid(str("#a0b9f")));
    EXPECT(!mfa_color_valid(str("#a0b9fg")));
    EXPECT(!mfa_color_valid(str("#a0b9f;")));
    EXPECT(!mfa_color_valid(str("")));
}


static double
luminance(unsigned rgb)
{
    int           i;
    double        c, sum = 0;
    const double  weight[] = { 0.0722, 0.7152, 0.2126 };

    for (i = 0; i < 3; i++, rgb >>= 8) {
        c = (rgb & 0xff) / 255.0;
        sum += weight[i] * (c <= 0.04045 ? c / 12.92
                                         : pow((c + 0.055) / 1.055, 2.4));
    }

    return sum;
}


static double
contrast(unsigned a, unsigned b)
{
    double  x = luminance(a), y = luminance(b);

    return (x > y) ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}


static void
readable(unsigned rgb)
{
    int           n;
    char          color[8], rules[1024];
    unsigned      accent[2], text[2], link[2], i;
    mfa_colors_t  colors;

    static const unsigned  ground[] = { 0xf3f4f6, 0x1d2026 };

    snprintf(color, sizeof(color), "#%06x", rgb & 0xffffff);
    memset(&colors, 0, sizeof(colors));
    colors.accent = str(color);

    if (!EXPECT(mfa_style_colors(&colors, rules, sizeof(rules)) > 0)) {
        return;
    }

    n = sscanf(rules, ":root{--accent:#%x;--on-accent:#%x;--link:#%x}\n"
               "@media (prefers-color-scheme:dark){:root{--accent:#%x;"
               "--on-accent:#%x;--link:#%x}}",
               &accent[0], &text[0], &link[0], &accent[1], &text[1], &link[1]);

    if (!EXPECT_INT(n, 6)) {
        printf("# %s\n", rules);
        return;
    }

    for (i = 0; i < 2; i++) {
        EXPECT_INT(accent[i], rgb);

        if (!EXPECT(contrast(accent[i], text[i] ? 0xffffff : 0) >= 4.5)
            || !EXPECT(contrast(link[i], ground[i]) >= 4.5))
        {
            printf("# %s\n", rules);
        }
    }
}


TEST(any_accent_can_be_read)
{
    unsigned  r, g, b;

    for (r = 0; r <= 0xff; r += 0x33) {
        for (g = 0; g <= 0xff; g += 0x33) {
            for (b = 0; b <= 0xff; b += 0x33) {
                readable(r << 16 | g << 8 | b);
            }
        }
    }

    readable(0x777777);
    readable(0x757575);
    readable(0xff9800);
}


TEST(colors_that_are_none_or_too_long_for_their_place)
{
    char          rules[64];
    mfa_colors_t  colors;

    memset(&colors, 0, sizeof(colors));
    EXPECT_INT(mfa_style_colors(&colors, rules, sizeof(rules)), 0);

    colors.accent = str("red;}body{");
    EXPECT_INT(mfa_style_colors(&colors, rules, sizeof(rules)), 0);

    colors.accent = str("#112233");
    EXPECT_INT(mfa_style_colors(&colors, rules, sizeof(rules)), 0);
}


UNIT_MAIN()
