
/*
 * What a client wants to see: a page or data, and in which language.
 */


#include "mfa_http.h"


#define MFA_ACCEPT_MAX   4096    /* bytes of a header line that are read */
#define MFA_RANGE_MAX    40      /* bytes of a language range */
#define MFA_WEIGHT_ONE   1000


/* one element of a list: "text/html;level=1;q=0.5" */

typedef struct {
    postern_str_t  name;      /* "text/html" */
    int            weight;    /* in thousandths; -1: not to be understood */
} mfa_range_t;


static int mfa_range_next(postern_str_t *list, mfa_range_t *range);
static const unsigned char *mfa_range_end(const unsigned char *p,
    const unsigned char *end, unsigned char delimiter);
static postern_str_t mfa_trim(const unsigned char *p,
    const unsigned char *end);
static int mfa_weight(postern_str_t text);
static int mfa_same(postern_str_t a, const char *b, size_t len);
static int mfa_is_html(postern_str_t type);
static int mfa_is_json(postern_str_t type);
static int mfa_lookup(postern_str_t range, const postern_str_t *languages,
    unsigned n);
static unsigned char mfa_lower(unsigned char ch);


int
mfa_accepts_html(postern_str_t accept)
{
    int          html, json;
    mfa_range_t  range;

    html = 0;
    json = 0;

    if (accept.len > MFA_ACCEPT_MAX) {
        return 0;
    }

    while (mfa_range_next(&accept, &range)) {

        if (mfa_is_html(range.name)) {
            html = (range.weight > html) ? range.weight : html;

        } else if (mfa_is_json(range.name)) {
            json = (range.weight > json) ? range.weight : json;
        }
    }

    return html > 0 && html >= json;
}


/*
 * The range of the highest weight that finds a language decides, the first of
 * equals.  A range finds by itself, then without its last subtag, and so on.
 */

unsigned
mfa_language(postern_str_t accept_language, const postern_str_t *languages,
    unsigned n, unsigned dflt)
{
    int          found, weight;
    unsigned     i, best;
    mfa_range_t  range;

    best = dflt;
    weight = 0;

    if (accept_language.len > MFA_ACCEPT_MAX) {
        return dflt;
    }

    for (i = 0; i < MFA_LANGUAGES_MAX; i++) {

        if (!mfa_range_next(&accept_language, &range)) {
            break;
        }

        if (range.weight <= weight) {
            continue;
        }

        found = mfa_lookup(range.name, languages, n);

        if (found >= 0) {
            best = (unsigned) found;
            weight = range.weight;
        }
    }

    return best;
}


static int
mfa_lookup(postern_str_t range, const postern_str_t *languages, unsigned n)
{
    size_t    len;
    unsigned  i;

    len = range.len;

    if (len > MFA_RANGE_MAX) {
        return -1;
    }

    while (len > 0) {

        for (i = 0; i < n; i++) {
            if (languages[i].len == len
                && mfa_same(range, (const char *) languages[i].data, len))
            {
                return (int) i;
            }
        }

        /* without the last subtag, and without a single letter before it,
           which says what was to follow */

        do {
            len--;
        } while (len > 0 && range.data[len] != '-');

        if (len > 2 && range.data[len - 2] == '-') {
            len -= 2;
        }
    }

    return -1;
}


/* takes the first element off the list; 0 where there is none left */

static int
mfa_range_next(postern_str_t *list, mfa_range_t *range)
{
    postern_str_t         param;
    const unsigned char  *p, *end, *next, *last;

    p = list->data;
    last = p + list->len;

    if (p == last) {
        return 0;
    }

    end = mfa_range_end(p, last, ',');
    next = mfa_range_end(p, end, ';');

    range->name = mfa_trim(p, next);
    range->weight = MFA_WEIGHT_ONE;

    while (next < end) {
        p = next + 1;
        next = mfa_range_end(p, end, ';');
        param = mfa_trim(p, next);

        if (param.len >= 2 && mfa_lower(param.data[0]) == 'q'
            && param.data[1] == '=')
        {
            param.data += 2;
            param.len -= 2;
            range->weight = mfa_weight(param);
            break;
        }
    }

    list->data = (end < last) ? end + 1 : last;
    list->len = last - list->data;

    return 1;
}


/* the next delimiter outside of quotes, or end */

static const unsigned char *
mfa_range_end(const unsigned char *p, const unsigned char *end,
    unsigned char delimiter)
{
    int  quoted;

    quoted = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted && *p == '\\' && end - p > 1) {
            p++;

        } else if (!quoted && *p == delimiter) {
            break;
        }
    }

    return p;
}


static postern_str_t
mfa_trim(const unsigned char *p, const unsigned char *end)
{
    postern_str_t  s;

    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (p < end && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    s.data = p;
    s.len = end - p;

    return s;
}


/* RFC 9110 section 12.4.2: 0 to 1 with up to three decimals */

static int
mfa_weight(postern_str_t text)
{
    int     weight, unit;
    size_t  i;

    if (text.len == 0 || text.len > 5
        || (text.data[0] != '0' && text.data[0] != '1')
        || (text.len > 1 && text.data[1] != '.'))
    {
        return -1;
    }

    unit = MFA_WEIGHT_ONE;
    weight = (text.data[0] - '0') * unit;

    for (i = 2; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }

        unit /= 10;
        weight += (text.data[i] - '0') * unit;
    }

    return (weight <= MFA_WEIGHT_ONE) ? weight : -1;
}


static int
mfa_is_html(postern_str_t type)
{
    static const char  html[] = "text/html";
    static const char  xhtml[] = "application/xhtml+xml";

    return (type.len == sizeof(html) - 1
            && mfa_same(type, html, sizeof(html) - 1))
           || (type.len == sizeof(xhtml) - 1
               && mfa_same(type, xhtml, sizeof(xhtml) - 1));
}


static int
mfa_is_json(postern_str_t type)
{
    static const char  json[] = "json";

    /* application/json, text/json, application/problem+json … */

    if (type.len < sizeof(json)) {
        return 0;
    }

    type.data += type.len - (sizeof(json) - 1);
    type.len = sizeof(json) - 1;

    return mfa_same(type, json, sizeof(json) - 1)
           && (type.data[-1] == '/' || type.data[-1] == '+');
}


/* the first len bytes, in any case of letters */

static int
mfa_same(postern_str_t a, const char *b, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (mfa_lower(a.data[i]) != mfa_lower((unsigned char) b[i])) {
            return 0;
        }
    }

    return 1;
}


static unsigned char
mfa_lower(unsigned char ch)
{
    return (ch >= 'A' && ch <= 'Z') ? (unsigned char) (ch | 0x20) : ch;
}
