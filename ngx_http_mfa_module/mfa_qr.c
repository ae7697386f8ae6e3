
#include <qrencode.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "mfa_qr.h"
#include "postern_assert.h"


#define MFA_QR_QUIET  4      /* modules of ground around a code: ISO 18004 */


typedef struct {
    char    *data;
    size_t   size;
    size_t   len;
} mfa_qr_out_t;


static QRcode *mfa_qr_encode(postern_str_t text);
static void mfa_qr_free(QRcode *qr);
static int mfa_qr_dark(const QRcode *qr, int x, int y);
static void mfa_qr_row(mfa_qr_out_t *out, const QRcode *qr, int y);
static void mfa_qr_put(mfa_qr_out_t *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void mfa_qr_label(mfa_qr_out_t *out, postern_str_t label);
static size_t mfa_qr_done(const mfa_qr_out_t *out);


size_t
mfa_qr_svg(postern_str_t text, postern_str_t label, char *out, size_t size)
{
    int           y, width;
    QRcode       *qr;
    mfa_qr_out_t  svg = { out, size, 0 };

    qr = mfa_qr_encode(text);
    if (qr == NULL) {
        return 0;
    }

    width = qr->width + 2 * MFA_QR_QUIET;

    mfa_qr_put(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
               "viewBox=\"0 0 %d %d\" role=\"img\" "
               "shape-rendering=\"crispEdges\"><title>", width, width);
    mfa_qr_label(&svg, label);
    mfa_qr_put(&svg, "</title><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>"
               "<path stroke=\"#000\" d=\"", width, width);

    for (y = 0; y < qr->width; y++) {
        mfa_qr_row(&svg, qr, y);
    }

    mfa_qr_put(&svg, "\"/></svg>");
    mfa_qr_free(qr);

    return mfa_qr_done(&svg);
}


/* a line one module high for every run of dark modules */

static void
mfa_qr_row(mfa_qr_out_t *out, const QRcode *qr, int y)
{
    int  x, start, end;

    end = -1;

    for (x = 0; x < qr->width; x++) {

        if (!mfa_qr_dark(qr, x, y)) {
            continue;
        }

        start = x;

        while (mfa_qr_dark(qr, x, y)) {
            x++;
        }

        if (end == -1) {
            mfa_qr_put(out, "M%d %d.5h%d", start + MFA_QR_QUIET,
                       y + MFA_QR_QUIET, x - start);

        } else {
            mfa_qr_put(out, "m%d 0h%d", start - end, x - start);
        }

        end = x;
    }
}


size_t
mfa_qr_terminal(postern_str_t text, int inverse, char *out, size_t size)
{
    int           x, y, upper, lower;
    QRcode       *qr;
    mfa_qr_out_t  term = { out, size, 0 };

    static const char *const  blocks[] = {
        " ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88"
    };

    qr = mfa_qr_encode(text);
    if (qr == NULL) {
        return 0;
    }

    inverse = !!inverse;

    for (y = -MFA_QR_QUIET; y < qr->width + MFA_QR_QUIET; y += 2) {

        for (x = -MFA_QR_QUIET; x < qr->width + MFA_QR_QUIET; x++) {
            upper = mfa_qr_dark(qr, x, y) ^ inverse;
            lower = mfa_qr_dark(qr, x, y + 1) ^ inverse;

            mfa_qr_put(&term, "%s", blocks[2 * upper + lower]);
        }

        mfa_qr_put(&term, "\n");
    }

    mfa_qr_free(qr);

    return mfa_qr_done(&term);
}


static QRcode *
mfa_qr_encode(postern_str_t text)
{
    if (text.len == 0 || text.len > MFA_QR_TEXT_MAX) {
        return NULL;
    }

    return QRcode_encodeData((int) text.len, text.data, 0, QR_ECLEVEL_M);
}


/* the modules are the secret as much as the text is */

static void
mfa_qr_free(QRcode *qr)
{
    sodium_memzero(qr->data, (size_t) qr->width * (size_t) qr->width);
    QRcode_free(qr);
}


/* the quiet zone around is light */

static int
mfa_qr_dark(const QRcode *qr, int x, int y)
{
    if (x < 0 || y < 0 || x >= qr->width || y >= qr->width) {
        return 0;
    }

    return qr->data[y * qr->width + x] & 1;
}


static void
mfa_qr_put(mfa_qr_out_t *out, const char *fmt, ...)
{
    int      n;
    va_list  args;

    if (out->len >= out->size) {
        return;
    }

    va_start(args, fmt);
    n = vsnprintf(out->data + out->len, out->size - out->len, fmt, args);
    va_end(args);

    out->len = POSTERN_NEVER(n < 0) ? out->size : out->len + (size_t) n;
}


static void
mfa_qr_label(mfa_qr_out_t *out, postern_str_t label)
{
    size_t  i;

    for (i = 0; i < label.len; i++) {

        switch (label.data[i]) {

        case '&':
            mfa_qr_put(out, "&amp;");
            break;

        case '<':
            mfa_qr_put(out, "&lt;");
            break;

        case '>':
            mfa_qr_put(out, "&gt;");
            break;

        default:
            mfa_qr_put(out, "%c", label.data[i]);
        }
    }
}


static size_t
mfa_qr_done(const mfa_qr_out_t *out)
{
    if (out->len >= out->size) {
        sodium_memzero(out->data, out->size);
        return 0;
    }

    return out->len;
}
