
/*
 * Colours of a brand, and which text can be read on them: contrast as WCAG 2
 * reckons it.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mfa_page.h"
#include "postern_assert.h"


/* the grounds that links in the accent's colour stand on, as in style.css: of
   the page's and the card's the one that makes it harder */

#define MFA_STYLE_LIGHT  "#f3f4f6"
#define MFA_STYLE_DARK   "#1d2026"

/* of text on its ground, WCAG 2.2 criterion 1.4.3 */

#define MFA_STYLE_CONTRAST  4.5


typedef struct {
    double  red, green, blue;       /* linear light, 0 to 1 */
} mfa_light_t;


static void mfa_style_read(const char *color, mfa_light_t *light);
static double mfa_style_part(unsigned long value);
static void mfa_style_write(const mfa_light_t *light, char out[8]);
static double mfa_style_luminance(const mfa_light_t *light);
static double mfa_style_contrast(double one, double two);
static void mfa_style_readable(const char *color, const char *ground,
    char out[8]);
static size_t mfa_style_rules(postern_str_t color, const char *ground,
    const char *before, const char *after, char *out, size_t size);


int
mfa_color_valid(postern_str_t color)
{
    size_t         i;
    unsigned char  c;

    if (color.len != 7 || color.data[0] != '#') {
        return 0;
    }

    for (i = 1; i < 7; i++) {
        c = color.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
              || (c >= 'A' && c <= 'F')))
        {
            return 0;
        }
    }

    return 1;
}


size_t
mfa_style_colors(const mfa_colors_t *colors, char *out, size_t size)
{
    size_t         n, m;
    postern_str_t  dark;

    if (!mfa_color_valid(colors->accent)) {
        return 0;
    }

    dark = mfa_color_valid(colors->accent_dark) ? colors->accent_dark
                                                : colors->accent;

    n = mfa_style_rules(colors->accent, MFA_STYLE_LIGHT, "", "", out, size);

    if (n == 0) {
        return 0;
    }

    m = mfa_style_rules(dark, MFA_STYLE_DARK,
                        "@media (prefers-color-scheme:dark){", "}", out + n,
                        size - n);

    return (m > 0) ? n + m : 0;
}


static size_t
mfa_style_rules(postern_str_t color, const char *ground, const char *before,
    const char *after, char *out, size_t size)
{
    int          n;
    char         accent[8], link[8];
    double       luminance;
    mfa_light_t  light;
    const char  *text;

    memcpy(accent, color.data, 7);
    accent[7] = '\0';

    mfa_style_read(accent, &light);
    luminance = mfa_style_luminance(&light);

    text = (mfa_style_contrast(luminance, 1) >= mfa_style_contrast(luminance,
                                                                   0))
           ? "#fff" : "#000";

    mfa_style_readable(accent, ground, link);

    n = snprintf(out, size, "%s:root{--accent:%s;--on-accent:%s;--link:%s}%s\n",
                 before, accent, text, link, after);

    return POSTERN_ALWAYS(n > 0) && (size_t) n < size ? (size_t) n : 0;
}


/* The colour itself where it can be read on its ground, else the nearest one on
   its way to black or white that can. */

static void
mfa_style_readable(const char *color, const char *ground, char out[8])
{
    int          i;
    double       behind, end, share;
    mfa_light_t  light, mixed, read;

    mfa_style_read(ground, &light);
    behind = mfa_style_luminance(&light);
    end = (behind > 0.18) ? 0 : 1;

    mfa_style_read(color, &light);

    /* the last one is black or white, which can be read */

    for (i = 0; POSTERN_ALWAYS(i <= 64); i++) {
        share = i / 64.0;

        mixed.red = light.red + (end - light.red) * share;
        mixed.green = light.green + (end - light.green) * share;
        mixed.blue = light.blue + (end - light.blue) * share;

        /* what counts is the colour as it is written */

        mfa_style_write(&mixed, out);
        mfa_style_read(out, &read);

        if (mfa_style_contrast(mfa_style_luminance(&read), behind)
            >= MFA_STYLE_CONTRAST)
        {
            return;
        }
    }
}


static void
mfa_style_read(const char *color, mfa_light_t *light)
{
    unsigned long  value;

    value = strtoul(color + 1, NULL, 16);

    light->red = mfa_style_part(value >> 16);
    light->green = mfa_style_part(value >> 8);
    light->blue = mfa_style_part(value);
}


static double
mfa_style_part(unsigned long value)
{
    double  part;

    part = (value & 0xff) / 255.0;

    return (part <= 0.04045) ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}


static void
mfa_style_write(const mfa_light_t *light, char out[8])
{
    int       i;
    double    part, from[3] = { light->red, light->green, light->blue };
    unsigned  value[3];

    for (i = 0; i < 3; i++) {
        part = (from[i] <= 0.0031308)
               ? from[i] * 12.92
               : 1.055 * pow(from[i], 1 / 2.4) - 0.055;
        value[i] = (unsigned) (part * 255 + 0.5) & 0xff;
    }

    snprintf(out, 8, "#%02x%02x%02x", value[0], value[1], value[2]);
}


static double
mfa_style_luminance(const mfa_light_t *light)
{
    return 0.2126 * light->red + 0.7152 * light->green + 0.0722 * light->blue;
}


static double
mfa_style_contrast(double one, double two)
{
    return (one > two) ? (one + 0.05) / (two + 0.05)
                       : (two + 0.05) / (one + 0.05);
}
