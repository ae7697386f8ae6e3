/* link: ngx_http_mfa_module/mfa_qr.c -lqrencode -lsodium */

/* QR codes are drawn by librsvg, or by the test where they are for a terminal,
   and read by zbarimg. */

#include <unistd.h>

#include "mfa_qr.h"
#include "unit.h"


#define URI                                                                   \
    "otpauth://totp/Acme%20%26%20Sons:alice%40acme.example?"                  \
    "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20Sons"        \
    "&algorithm=SHA1&digits=6&period=30"

#define SCALE  3      /* pixels of a module drawn by the test */


static char  folder[] = "/tmp/postern-qr.XXXXXX";


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


static void
save(const char *name, const char *data, size_t len)
{
    char   path[256];
    FILE  *f;

    if (folder[sizeof(folder) - 2] == 'X' && mkdtemp(folder) == NULL) {
        perror(folder);
        exit(1);
    }

    snprintf(path, sizeof(path), "%s/%s", folder, name);

    f = fopen(path, "wb");

    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}


/* what a command in the folder prints, without the last line break */

static postern_str_t
output(const char *command)
{
    static char  text[8192];

    char           line[512];
    FILE          *f;
    postern_str_t  s;

    snprintf(line, sizeof(line), "cd %s && %s", folder, command);

    f = popen(line, "r");
    s.len = f ? fread(text, 1, sizeof(text), f) : 0;
    s.data = (unsigned char *) text;

    if (f) {
        EXPECT_INT(pclose(f), 0);
    }

    if (s.len && text[s.len - 1] == '\n') {
        s.len--;
    }

    return s;
}


static void
clean(void)
{
    output("rm -f code.svg code.png code.pgm");
    rmdir(folder);
    memset(folder + sizeof(folder) - 7, 'X', 6);
}


TEST(an_svg_is_read_by_a_reader)
{
    char    svg[MFA_QR_SVG_MAX];
    size_t  len;

    len = mfa_qr_svg(slice(URI), slice("QR code"), svg, sizeof(svg));
    EXPECT_INT(len, strlen(svg));

    save("code.svg", svg, len);
    output("rsvg-convert -w 300 -o code.png code.svg");
    EXPECT_STR(output("zbarimg -q --nodbus --raw code.png"), URI);

    /* a page on a phone draws it smaller; dark pages keep its ground white */

    output("rsvg-convert -w 180 -b black -o code.png code.svg");
    EXPECT_STR(output("zbarimg -q --nodbus --raw code.png"), URI);

    clean();
}


TEST(an_svg_is_one_path_and_has_a_name)
{
    char         svg[MFA_QR_SVG_MAX];
    const char  *path;

    mfa_qr_svg(slice(URI), slice("Ä <b> & \"c\""), svg, sizeof(svg));

    EXPECT(strncmp(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                   "viewBox=\"0 0 ", 53) == 0);
    EXPECT(strstr(svg, " role=\"img\" ") != NULL);
    EXPECT(strstr(svg, "crispEdges") != NULL);
    EXPECT(strstr(svg, "<title>Ä &lt;b&gt; &amp; \"c\"</title>") != NULL);
    EXPECT(strstr(svg, "style") == NULL);
    EXPECT(strstr(svg, "<script") == NULL);
    EXPECT(strstr(svg, "GEZDG") == NULL);

    path = strstr(svg, "<path");

    if (!EXPECT(path != NULL)) {
        return;
    }

    EXPECT(strstr(path + 1, "<path") == NULL);

    /* the quiet zone: nothing is nearer to the edge than four modules */

    EXPECT(strstr(path, " d=\"M4 4.5h7m") != NULL);
    EXPECT(strlen(svg) < 6000);
}


/* draws what a terminal would show */

static void
draw(const char *text, int inverse)
{
    int          x, y, width, height, dark, i, k;
    char         head[64], *pixels;
    size_t       len;
    const char  *p;

    width = 0;
    height = 0;

    for (p = text; *p; p++) {
        height += 2 * (*p == '\n');
        width += height == 0 && (*p & 0xc0) != 0x80;
    }

    snprintf(head, sizeof(head), "P5 %d %d 255\n", width * SCALE,
             height * SCALE);
    len = strlen(head);
    pixels = calloc(1, len + (size_t) (width * height * SCALE * SCALE));
    memcpy(pixels, head, len);

    x = 0;
    y = 0;

    for (p = text; *p; p++) {

        if (*p == '\n') {
            EXPECT_INT(x, width);
            x = 0;
            y += 2;
            continue;
        }

        /* ink above is bit 1, below bit 0 */

        k = 0;

        if (*p != ' ') {
            k = p[2] == '\x88' ? 3 : p[2] == '\x80' ? 2 : 1;
            p += 2;
        }

        for (i = 0; i < 2 * SCALE * SCALE; i++) {
            dark = ((k >> (i < SCALE * SCALE)) & 1) ^ inverse;
            pixels[len + (size_t) ((y * SCALE + i / SCALE) * width * SCALE
                                   + x * SCALE + i % SCALE)]
                = dark ? 0 : (char) 255;
        }

        x++;
    }

    save("code.pgm", pixels, len + (size_t) (width * height * SCALE * SCALE));
    free(pixels);
}


TEST(a_terminal_is_read_by_a_reader)
{
    int     inverse;
    char    text[MFA_QR_TERM_MAX];
    size_t  len;

    for (inverse = 0; inverse < 2; inverse++) {
        len = mfa_qr_terminal(slice(URI), inverse, text, sizeof(text));
        EXPECT_INT(len, strlen(text));

        draw(text, inverse);
        EXPECT_STR(output("zbarimg -q --nodbus --raw code.pgm"), URI);
    }

    clean();
}


TEST(the_quiet_zone_of_a_terminal)
{
    char         text[MFA_QR_TERM_MAX];
    const char  *line, *end;

    mfa_qr_terminal(slice(URI), 0, text, sizeof(text));

    /* two lines of four rows, and four modules before the first pattern */

    for (line = text; line < text + 2; line = end + 1) {
        end = strchr(line, '\n');
        EXPECT_INT(strspn(line, " "), end - line);
    }

    line = strchr(strchr(text, '\n') + 1, '\n') + 1;
    EXPECT(strncmp(line, "    \xe2\x96\x88", 7) == 0);

    mfa_qr_terminal(slice(URI), 1, text, sizeof(text));
    EXPECT(strncmp(text, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88",
                   12) == 0);
}


TEST(what_does_not_fit)
{
    char    svg[MFA_QR_SVG_MAX], zero[MFA_QR_SVG_MAX], text[1026];
    size_t  len;

    memset(zero, 0, sizeof(zero));
    memset(text, 'a', sizeof(text));
    text[1025] = '\0';

    len = mfa_qr_svg(slice(URI), slice("QR"), svg, sizeof(svg));
    EXPECT_INT(mfa_qr_svg(slice(URI), slice("QR"), svg, len + 1), len);
    EXPECT_INT(mfa_qr_svg(slice(URI), slice("QR"), svg, len), 0);
    EXPECT_MEM(svg, zero, len);
    EXPECT_INT(mfa_qr_svg(slice(URI), slice("QR"), svg, 1), 0);

    EXPECT_INT(mfa_qr_svg(slice(text), slice("QR"), svg, sizeof(svg)), 0);
    EXPECT_INT(mfa_qr_svg(slice(""), slice("QR"), svg, sizeof(svg)), 0);

    len = mfa_qr_terminal(slice(URI), 0, svg, sizeof(svg));
    EXPECT_INT(mfa_qr_terminal(slice(URI), 0, svg, len), 0);
    EXPECT_INT(mfa_qr_terminal(slice(""), 0, svg, sizeof(svg)), 0);

    /* the longest text there is has room in both */

    text[1024] = '\0';
    EXPECT(mfa_qr_svg(slice(text), slice("QR"), svg, sizeof(svg)) > 0);
    EXPECT(mfa_qr_terminal(slice(text), 0, svg, sizeof(svg)) > 0);
}


UNIT_MAIN()
