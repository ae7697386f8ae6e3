
/*
 * Cookies of a request, and the token in the session's one.  Both are read at
 * every guarded request.
 */


#include "mfa_http.h"


#define MFA_TAG  4    /* characters of a key tag */


static inline int mfa_cookie_blank(unsigned char ch);
static int mfa_cookie_named(const unsigned char *p, size_t len,
    const postern_str_t *names, unsigned n);


/*
 * As RFC 6265bis section 5.8.3 writes it: pairs between ";", a blank at the
 * edges.  Nothing else is read into it: no quotes, no commas, no $Version, no
 * white space of Unicode, no other case, since whatever some reader takes for
 * the name could have been set where the browser did not take it for one.
 */

unsigned
mfa_cookie_find(postern_str_t line, postern_str_t name, postern_str_t *value)
{
    unsigned              n;
    const unsigned char  *p, *end, *next, *last;

    n = 0;

    if (line.len > MFA_COOKIES_MAX) {

        /* not read, and as good as none */

        return 2;
    }

    end = line.data + line.len;

    for (p = line.data; p < end; p = next + 1) {

        next = memchr(p, ';', end - p);
        if (next == NULL) {
            next = end;
        }

        while (p < next && mfa_cookie_blank(*p)) {
            p++;
        }

        if ((size_t) (next - p) <= name.len
            || p[name.len] != '='
            || memcmp(p, name.data, name.len) != 0)
        {
            continue;
        }

        p += name.len + 1;
        last = next;

        while (p < last && mfa_cookie_blank(*p)) {
            p++;
        }

        while (p < last && mfa_cookie_blank(last[-1])) {
            last--;
        }

        value->data = p;
        value->len = last - p;
        n++;
    }

    return n;
}


size_t
mfa_cookie_without(postern_str_t line, const postern_str_t *names, unsigned n,
    unsigned char *out)
{
    unsigned char        *to;
    const unsigned char  *p, *end, *next, *name;

    to = out;
    end = line.data + line.len;

    for (p = line.data; p < end; p = next) {

        next = memchr(p, ';', end - p);
        next = (next == NULL) ? end : next + 1;

        for (name = p; name < next && mfa_cookie_blank(*name); name++) {
            /* void */
        }

        if (mfa_cookie_named(name, next - name, names, n)) {
            continue;
        }

        /* what stood behind a pair that has gone */

        if (to == out && p != line.data) {
            p = name;
        }

        memcpy(to, p, next - p);
        to += next - p;
    }

    if (to == out + line.len) {
        return line.len;
    }

    /* what stood between a pair and the one that has gone */

    while (to > out && (mfa_cookie_blank(to[-1]) || to[-1] == ';')) {
        to--;
    }

    return to - out;
}


static int
mfa_cookie_named(const unsigned char *p, size_t len, const postern_str_t *names,
    unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {

        if (len > names[i].len
            && p[names[i].len] == '='
            && memcmp(p, names[i].data, names[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
mfa_token_decode(postern_str_t text, char tag[5],
    unsigned char token[MFA_TOKEN])
{
    postern_str_t  digits;
    unsigned char  discarded[3];

    if (text.len != MFA_TOKEN_TEXT || text.data[MFA_TAG] != '.') {
        return -1;
    }

    digits.data = text.data;
    digits.len = MFA_TAG;

    if (mfa_base64url_decode(digits, discarded, 3) != 0) {
        return -1;
    }

    memcpy(tag, text.data, MFA_TAG);
    tag[MFA_TAG] = '\0';

    digits.data = text.data + MFA_TAG + 1;
    digits.len = text.len - MFA_TAG - 1;

    return mfa_base64url_decode(digits, token, MFA_TOKEN);
}


void
mfa_token_encode(const char tag[5], const unsigned char token[MFA_TOKEN],
    char out[MFA_TOKEN_TEXT + 1])
{
    memcpy(out, tag, MFA_TAG);
    out[MFA_TAG] = '.';

    (void) mfa_base64url(token, MFA_TOKEN, out + MFA_TAG + 1);
}


static inline int
mfa_cookie_blank(unsigned char ch)
{
    return ch == ' ' || ch == '\t';
}
