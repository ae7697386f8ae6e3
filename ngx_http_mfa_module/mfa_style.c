
/*
 * Colours of a brand, and which text can be read on them.
 */


#include <math.h>
#include <stdio.h>

#include "mfa_page.h"


int
mfa_color_valid(postern_str_t color)
{
    size_t         i;
    unsigned char  c;

    if (color.len != 7 || color.data[0] != '#') {
        return 0;
    }

    for (i = 1; i < 7; i++) {
        c = color.data[i] | 0x20;

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return 0;
        }
    }

    return 1;
}


size_t
mfa_style_colors(const mfa_colors_t *colors, char *out, size_t size)
{
    (void) colors;
    (void) out;
    (void) size;

    return 0;
}
