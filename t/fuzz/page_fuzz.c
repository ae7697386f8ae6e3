/* link: ngx_http_mfa_module/mfa_page.c ngx_http_mfa_module/mfa_style.c
   ngx_http_mfa_module/mfa_template.c ngx_http_mfa_module/mfa_render.c
   ngx_http_mfa_module/mfa_catalogue.c ngx_http_mfa_module/mfa_qr.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_arena.c build/made/mfa_assets.c
   -ljansson -lqrencode -lsodium -lm */

/*
 * Any bytes as what stands in the pages of the house: as every value of every
 * page, in every language; as the text and the label of a QR code; as a
 * brand's colours.  No value adds a tag or ends an attribute, what is sent is
 * as long as it was said to be, and colours add nothing but colours.
 */


#include "fuzz.h"
#include "mfa_page.h"
#include "mfa_qr.h"
#include "postern_arena.h"


#define MAX_VALUES  160


static postern_arena_t   *arena;
static mfa_catalogue_t   *texts;
static mfa_template_t    *pages[MFA_PAGES];
static unsigned           nlanguages;


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) data;

    return mfa_asset(name);
}


/* once: they are built in and cannot be wrong */

static void
compile(void)
{
    unsigned             i;
    postern_alloc_t      alloc;
    postern_error_t      err;
    mfa_template_env_t   env = { partial, NULL, mfa_page_names, NULL };

    arena = postern_arena_create();
    alloc = postern_arena_allocator(arena);

    texts = mfa_catalogue_parse(mfa_asset((postern_str_t)
                                          postern_string("texts.json")),
                                NULL, &alloc, &err);
    HELD(texts != NULL);
    (void) mfa_catalogue_languages(texts, &nlanguages);

    env.texts = texts;

    for (i = 0; i < MFA_PAGES; i++) {
        pages[i] = mfa_template_compile(mfa_asset(mfa_page_file(i)), &env,
                                        &alloc, &err);
        HELD(pages[i] != NULL);
    }
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


/* every name that a page may use is a list of one element, in which every name
   is this text */

static long
render(unsigned page, unsigned language, postern_str_t text,
    unsigned char *out)
{
    unsigned     n;
    mfa_value_t  inner[MAX_VALUES], outer[MAX_VALUES];
    mfa_scope_t  element = { inner, 0 }, scope = { outer, 0 };

    static const char *const  lists[] = { "codes", "sessions", "factors" };

    for (n = 0; n < MAX_VALUES && mfa_page_names[n]; n++) {
        memset(&inner[n], 0, sizeof(mfa_value_t));
        inner[n].name = mfa_page_names[n];
        inner[n].kind = MFA_VALUE_TEXT;
        inner[n].text = text;
        outer[n] = inner[n];

        if (strcmp(inner[n].name, lists[0]) == 0
            || strcmp(inner[n].name, lists[1]) == 0
            || strcmp(inner[n].name, lists[2]) == 0)
        {
            outer[n].kind = MFA_VALUE_LIST;
            outer[n].list = &element;
            outer[n].n = 1;

        } else if (strcmp(inner[n].name, "qr") == 0) {
            outer[n].kind = MFA_VALUE_MARKUP;
            outer[n].text = (postern_str_t) postern_string("<svg/>");
        }
    }

    element.n = scope.n = n;

    return mfa_template_render(pages[page], &scope, texts, language, out,
                               MFA_PAGE_MAX);
}


static void
page(unsigned n, unsigned language, postern_str_t text)
{
    long      plain, len;
    unsigned  marks[4], expected[4];

    static unsigned char        out[MFA_PAGE_MAX];
    static const postern_str_t  harmless = postern_string("x");

    plain = render(n, language, harmless, out);
    HELD(plain > 0);
    count(out, plain, expected);

    len = render(n, language, text, out);
    HELD(len <= MFA_PAGE_MAX);

    if (len > 0 && text.len > 0) {
        count(out, len, marks);
        HELD(memcmp(marks, expected, sizeof(marks)) == 0);
    }
}


static void
qr(postern_str_t text, postern_str_t label)
{
    size_t    n;
    unsigned  marks[4], plain[4];

    static char                 out[MFA_QR_SVG_MAX], term[MFA_QR_TERM_MAX];
    static const postern_str_t  harmless = postern_string("x");

    n = mfa_qr_svg(text, harmless, out, sizeof(out));
    HELD(n <= sizeof(out) && (n == 0 || text.len <= MFA_QR_TEXT_MAX));

    if (n) {
        count((unsigned char *) out, (long) n, plain);
        n = mfa_qr_svg(text, label, out, sizeof(out));
        HELD(n <= sizeof(out));

        if (n) {
            count((unsigned char *) out, (long) n, marks);
            HELD(marks[0] == plain[0] && marks[1] == plain[1]);
        }
    }

    n = mfa_qr_terminal(text, text.len & 1, term, sizeof(term));
    HELD(n <= sizeof(term));
}


static void
colours(postern_str_t one, postern_str_t two)
{
    char          out[1024];
    size_t        i, n;
    mfa_colors_t  colors = { one, two };

    n = mfa_style_colors(&colors, out, sizeof(out));
    HELD((n != 0) == mfa_color_valid(one) && n <= sizeof(out));

    for (i = 0; i < n; i++) {
        HELD(out[i] == '\n' || (out[i] >= 0x20 && out[i] < 0x7f));
        HELD(strchr("<>&\"'\\;/*", out[i]) == NULL
             || (out[i] == ';' && i + 1 < n));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned       n, language;
    postern_str_t  copy, rest, text;

    if (size > 4096) {
        return 0;
    }

    if (arena == NULL) {
        compile();
    }

    copy = fuzz_copy(data, size);
    rest = copy;

    n = fuzz_byte(&rest);
    language = fuzz_byte(&rest);
    text = fuzz_cut(&rest, '\0');

    page(n % MFA_PAGES, language % nlanguages, text);
    qr(text, rest);
    colours(text, rest);

    free((void *) copy.data);

    return 0;
}
