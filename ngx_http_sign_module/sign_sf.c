
/*
 * Structured fields: the readers.  Every octet that gets past them has been
 * checked; nothing is allocated.
 */


#include "sign_sf.h"


#define SF_KEY_FIRST    0x01
#define SF_KEY          0x02
#define SF_TOKEN_FIRST  0x04
#define SF_TOKEN        0x08
#define SF_DIGIT        0x10
#define SF_BASE64       0x20
#define SF_STRING       0x40    /* as it is in a string: not " and not \ */

#define SF_INTEGER_DIGITS   15
#define SF_DECIMAL_DIGITS   12  /* before the point */
#define SF_FRACTION_DIGITS  3

#define sf_is(ch, class)    (sf_class[(ch)] & (class))


static int sf_read_number(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_read_fraction(sign_sf_cursor_t *c, int64_t *number);
static int sf_read_string(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_read_token(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_read_bytes(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_check_padding(postern_str_t text);
static int sf_read_boolean(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_read_date(sign_sf_cursor_t *c, sign_sf_value_t *value);
static int sf_read_display(sign_sf_cursor_t *c, sign_sf_value_t *value);
static size_t sf_unescape(postern_str_t text, unsigned char *dst);
static size_t sf_unpercent(postern_str_t text, unsigned char *dst);
static unsigned sf_hex(unsigned char ch);


static const unsigned char  sf_class[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x40, 0x48, 0x00, 0x48, 0x48, 0x48, 0x48, 0x48,   /*  !"#$%&' */
    0x40, 0x40, 0x4f, 0x68, 0x40, 0x4a, 0x4a, 0x68,   /* () +,-.  */
    0x7a, 0x7a, 0x7a, 0x7a, 0x7a, 0x7a, 0x7a, 0x7a,   /* 01234567 */
    0x7a, 0x7a, 0x48, 0x40, 0x40, 0x40, 0x40, 0x40,   /* 89:;<=>? */
    0x40, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c,   /* @ABCDEFG */
    0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c,   /* HIJKLMNO */
    0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c,   /* PQRSTUVW */
    0x6c, 0x6c, 0x6c, 0x40, 0x00, 0x40, 0x48, 0x4a,   /* XYZ[ ]^_ */
    0x48, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f,   /* `abcdefg */
    0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f,   /* hijklmno */
    0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f,   /* pqrstuvw */
    0x6f, 0x6f, 0x6f, 0x40, 0x48, 0x40, 0x48, 0x00    /* xyz{|}~  */
};


/* of the digits; the padding counts as 0, it stands where no bits are left */

static const unsigned char  sf_base64[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 62,  0,  0,  0, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61,  0,  0,  0,  0,  0,  0,
     0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,  0,  0,  0,  0,  0,
     0, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,  0,  0,  0,  0,  0
};


void
sign_sf_begin(sign_sf_cursor_t *c, postern_str_t text)
{
    /* an absent text reads as an empty one */

    c->pos = text.len ? text.data : (const unsigned char *) "";
    c->last = c->pos + text.len;

    while (c->pos < c->last && *c->pos == ' ') {
        c->pos++;
    }
}


int
sign_sf_end(sign_sf_cursor_t *c)
{
    while (c->pos < c->last && *c->pos == ' ') {
        c->pos++;
    }

    return c->pos == c->last ? SIGN_SF_OK : SIGN_SF_ERROR;
}


int
sign_sf_read_key(sign_sf_cursor_t *c, postern_str_t *key)
{
    const unsigned char  *p;

    p = c->pos;

    if (p == c->last || !sf_is(*p, SF_KEY_FIRST)) {
        return SIGN_SF_ERROR;
    }

    do {
        p++;
    } while (p < c->last && sf_is(*p, SF_KEY));

    key->data = c->pos;
    key->len = p - c->pos;

    c->pos = p;

    return SIGN_SF_OK;
}


int
sign_sf_read_value(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    unsigned char  ch;

    if (c->pos == c->last) {
        return SIGN_SF_ERROR;
    }

    ch = *c->pos;

    value->encoded = 0;
    value->number = 0;
    value->text.len = 0;
    value->text.data = NULL;

    if (ch == '-' || sf_is(ch, SF_DIGIT)) {
        return sf_read_number(c, value);
    }

    if (sf_is(ch, SF_TOKEN_FIRST)) {
        return sf_read_token(c, value);
    }

    switch (ch) {

    case '"':
        return sf_read_string(c, value);

    case ':':
        return sf_read_bytes(c, value);

    case '?':
        return sf_read_boolean(c, value);

    case '@':
        return sf_read_date(c, value);

    case '%':
        return sf_read_display(c, value);
    }

    return SIGN_SF_ERROR;
}


static int
sf_read_number(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    int                   negative;
    int64_t               number;
    const unsigned char  *p, *first;

    negative = (*c->pos == '-');

    first = c->pos + negative;
    number = 0;

    for (p = first; p < c->last && sf_is(*p, SF_DIGIT); p++) {

        if (p - first == SF_INTEGER_DIGITS) {
            c->pos = p;
            return SIGN_SF_ERROR;
        }

        number = number * 10 + (*p - '0');
    }

    c->pos = p;

    if (p == first) {
        return SIGN_SF_ERROR;
    }

    value->type = SIGN_SF_INTEGER;

    if (p < c->last && *p == '.') {

        if (p - first > SF_DECIMAL_DIGITS
            || sf_read_fraction(c, &number) != SIGN_SF_OK)
        {
            return SIGN_SF_ERROR;
        }

        value->type = SIGN_SF_DECIMAL;
    }

    value->number = negative ? -number : number;

    return SIGN_SF_OK;
}


static int
sf_read_fraction(sign_sf_cursor_t *c, int64_t *number)
{
    int  digits;

    c->pos++;

    for (digits = 0; c->pos < c->last && sf_is(*c->pos, SF_DIGIT); digits++) {

        if (digits == SF_FRACTION_DIGITS) {
            return SIGN_SF_ERROR;
        }

        *number = *number * 10 + (*c->pos++ - '0');
    }

    if (digits == 0) {
        return SIGN_SF_ERROR;
    }

    for ( /* void */ ; digits < SF_FRACTION_DIGITS; digits++) {
        *number *= 10;
    }

    return SIGN_SF_OK;
}


static int
sf_read_string(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    const unsigned char  *p;

    p = c->pos + 1;

    for ( ;; ) {

        while (p < c->last && sf_is(*p, SF_STRING)) {
            p++;
        }

        if (p < c->last && *p == '"') {
            break;
        }

        if (c->last - p < 2 || *p != '\\' || (p[1] != '"' && p[1] != '\\')) {
            c->pos = p;
            return SIGN_SF_ERROR;
        }

        value->encoded = 1;
        p += 2;
    }

    value->type = SIGN_SF_STRING;
    value->text.data = c->pos + 1;
    value->text.len = p - (c->pos + 1);

    c->pos = p + 1;

    return SIGN_SF_OK;
}


static int
sf_read_token(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    const unsigned char  *p;

    p = c->pos;

    do {
        p++;
    } while (p < c->last && sf_is(*p, SF_TOKEN));

    value->type = SIGN_SF_TOKEN;
    value->text.data = c->pos;
    value->text.len = p - c->pos;

    c->pos = p;

    return SIGN_SF_OK;
}


static int
sf_read_bytes(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    const unsigned char  *p;

    p = c->pos + 1;

    while (p < c->last && sf_is(*p, SF_BASE64)) {
        p++;
    }

    while (p < c->last && *p == '=') {
        p++;
    }

    if (p == c->last || *p != ':') {
        c->pos = p;
        return SIGN_SF_ERROR;
    }

    value->type = SIGN_SF_BYTES;
    value->text.data = c->pos + 1;
    value->text.len = p - (c->pos + 1);
    value->encoded = 1;

    c->pos = p + 1;

    return sf_check_padding(value->text);
}


static int
sf_check_padding(postern_str_t text)
{
    unsigned              unused;
    const unsigned char  *last;

    if (text.len % 4) {
        return SIGN_SF_ERROR;
    }

    if (text.len == 0) {
        return SIGN_SF_OK;
    }

    last = text.data + text.len;

    if (last[-1] != '=') {
        return SIGN_SF_OK;
    }

    if (last[-2] != '=') {
        unused = sf_base64[last[-2]] & 0x03;

    } else if (last[-3] != '=') {
        unused = sf_base64[last[-3]] & 0x0f;

    } else {
        return SIGN_SF_ERROR;
    }

    return unused ? SIGN_SF_ERROR : SIGN_SF_OK;
}


static int
sf_read_boolean(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    if (c->last - c->pos < 2 || (c->pos[1] != '0' && c->pos[1] != '1')) {
        return SIGN_SF_ERROR;
    }

    value->type = SIGN_SF_BOOLEAN;
    value->number = c->pos[1] - '0';

    c->pos += 2;

    return SIGN_SF_OK;
}


static int
sf_read_date(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    c->pos++;

    if (c->pos == c->last || (*c->pos != '-' && !sf_is(*c->pos, SF_DIGIT))) {
        return SIGN_SF_ERROR;
    }

    if (sf_read_number(c, value) != SIGN_SF_OK
        || value->type != SIGN_SF_INTEGER)
    {
        return SIGN_SF_ERROR;
    }

    value->type = SIGN_SF_DATE;

    return SIGN_SF_OK;
}


static int
sf_read_display(sign_sf_cursor_t *c, sign_sf_value_t *value)
{
    uint32_t              state;
    unsigned              ch;
    const unsigned char  *p;

    p = c->pos + 1;

    if (p == c->last || *p != '"') {
        return SIGN_SF_ERROR;
    }

    state = 0;

    for (p++; p < c->last && *p != '"'; p++) {

        ch = *p;

        if (ch < 0x20 || ch > 0x7e) {
            break;
        }

        if (ch == '%') {

            if (c->last - p < 3 || sf_hex(p[1]) > 15 || sf_hex(p[2]) > 15) {
                break;
            }

            ch = sf_hex(p[1]) << 4 | sf_hex(p[2]);
            value->encoded = 1;
            p += 2;
        }

        if (sign_sf_utf8_next(&state, ch) != SIGN_SF_OK) {
            break;
        }
    }

    if (p == c->last || *p != '"' || state) {
        c->pos = p;
        return SIGN_SF_ERROR;
    }

    value->type = SIGN_SF_DISPLAY;
    value->text.data = c->pos + 2;
    value->text.len = p - (c->pos + 2);

    c->pos = p + 1;

    return SIGN_SF_OK;
}


int
sign_sf_read_param(sign_sf_cursor_t *c, sign_sf_param_t *param)
{
    int  rc;

    if (c->pos == c->last || *c->pos != ';') {
        return 0;
    }

    do {
        c->pos++;
    } while (c->pos < c->last && *c->pos == ' ');

    if (sign_sf_read_key(c, &param->key) != SIGN_SF_OK) {
        return SIGN_SF_ERROR;
    }

    if (c->pos < c->last && *c->pos == '=') {
        c->pos++;
        rc = sign_sf_read_value(c, &param->value);
        return rc == SIGN_SF_OK ? 1 : rc;
    }

    memset(&param->value, 0, sizeof(sign_sf_value_t));

    param->value.type = SIGN_SF_BOOLEAN;
    param->value.number = 1;

    return 1;
}


int
sign_sf_read_comma(sign_sf_cursor_t *c)
{
    while (c->pos < c->last && (*c->pos == ' ' || *c->pos == '\t')) {
        c->pos++;
    }

    if (c->pos == c->last) {
        return 0;
    }

    if (*c->pos != ',') {
        return SIGN_SF_ERROR;
    }

    do {
        c->pos++;
    } while (c->pos < c->last && (*c->pos == ' ' || *c->pos == '\t'));

    return c->pos < c->last ? 1 : SIGN_SF_ERROR;
}


int
sign_sf_read_inner(sign_sf_cursor_t *c, size_t *n)
{
    const unsigned char  *p;

    p = c->pos;

    while (c->pos < c->last && *c->pos == ' ') {
        c->pos++;
    }

    if (c->pos == c->last) {
        return SIGN_SF_ERROR;
    }

    if (*c->pos == ')') {
        c->pos++;
        return 0;
    }

    if (*n && c->pos == p) {

        /* two items and no space between them */

        return SIGN_SF_ERROR;
    }

    if (++*n > SIGN_SF_MAX_ITEMS) {
        return SIGN_SF_LIMIT;
    }

    return 1;
}


int
sign_sf_skip_params(sign_sf_cursor_t *c)
{
    int              rc;
    size_t           n;
    sign_sf_param_t  param;

    for (n = 0; (rc = sign_sf_read_param(c, &param)) == 1; n++) {

        if (n == SIGN_SF_MAX_PARAMS) {
            return SIGN_SF_LIMIT;
        }
    }

    return rc;
}


int
sign_sf_skip_member(sign_sf_cursor_t *c)
{
    int              rc;
    size_t           n;
    sign_sf_value_t  value;

    if (c->pos < c->last && *c->pos == '(') {

        c->pos++;
        n = 0;

        while ((rc = sign_sf_read_inner(c, &n)) == 1) {

            rc = sign_sf_read_value(c, &value);

            if (rc == SIGN_SF_OK) {
                rc = sign_sf_skip_params(c);
            }

            if (rc != SIGN_SF_OK) {
                return rc;
            }
        }

    } else {
        rc = sign_sf_read_value(c, &value);
    }

    return rc == SIGN_SF_OK ? sign_sf_skip_params(c) : rc;
}


int
sign_sf_decode(sign_sf_value_t *value, const postern_alloc_t *alloc)
{
    unsigned char  *dst;

    if (!value->encoded) {
        return SIGN_SF_OK;
    }

    /* no decoding makes a text longer; one octet keeps an empty one present */

    dst = postern_alloc(alloc, value->text.len + 1);
    if (dst == NULL) {
        return SIGN_SF_NO_MEMORY;
    }

    switch (value->type) {

    case SIGN_SF_BYTES:
        value->text.len = sign_sf_base64(value->text, dst);
        break;

    case SIGN_SF_DISPLAY:
        value->text.len = sf_unpercent(value->text, dst);
        break;

    default: /* SIGN_SF_STRING */
        value->text.len = sf_unescape(value->text, dst);
        break;
    }

    value->text.data = dst;
    value->encoded = 0;

    return SIGN_SF_OK;
}


static size_t
sf_unescape(postern_str_t text, unsigned char *dst)
{
    unsigned char        *d;
    const unsigned char  *p, *last;

    d = dst;
    last = text.data + text.len;

    for (p = text.data; p < last; p++) {

        if (*p == '\\') {
            p++;
        }

        *d++ = *p;
    }

    return d - dst;
}


static size_t
sf_unpercent(postern_str_t text, unsigned char *dst)
{
    unsigned char        *d;
    const unsigned char  *p, *last;

    d = dst;
    last = text.data + text.len;

    for (p = text.data; p < last; p++) {

        if (*p == '%') {
            *d++ = sf_hex(p[1]) << 4 | sf_hex(p[2]);
            p += 2;

        } else {
            *d++ = *p;
        }
    }

    return d - dst;
}


size_t
sign_sf_base64(postern_str_t text, unsigned char *dst)
{
    uint32_t              quantum;
    unsigned char        *d;
    const unsigned char  *p, *last;

    d = dst;
    last = text.data + text.len;

    for (p = text.data; p < last; p += 4) {

        quantum = sf_base64[p[0]] << 18 | sf_base64[p[1]] << 12
                  | sf_base64[p[2]] << 6 | sf_base64[p[3]];

        d[0] = quantum >> 16;
        d[1] = quantum >> 8;
        d[2] = quantum;
        d += 3;
    }

    if (text.len && last[-1] == '=') {
        d -= (last[-2] == '=') ? 2 : 1;
    }

    return d - dst;
}


/* lower case only, as section 4.2.10 demands */

static unsigned
sf_hex(unsigned char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    return (ch >= 'a' && ch <= 'f') ? (unsigned) (ch - 'a' + 10) : 16;
}


/*
 * state holds the number of octets to come in bits 16 and up, the lowest and
 * highest allowed for the next one below: so no overlong form, surrogate or
 * number above U+10FFFF gets by.
 */

int
sign_sf_utf8_next(uint32_t *state, unsigned char ch)
{
    if (*state) {

        if (ch < (*state & 0xff) || ch > (*state >> 8 & 0xff)) {
            return SIGN_SF_ERROR;
        }

        *state = (*state >> 16 == 1) ? 0
                                     : ((*state >> 16) - 1) << 16 | 0xbf80;
        return SIGN_SF_OK;
    }

    if (ch < 0x80) {
        return SIGN_SF_OK;
    }

    if (ch < 0xc2 || ch > 0xf4) {
        return SIGN_SF_ERROR;
    }

    if (ch < 0xe0) {
        *state = 1 << 16 | 0xbf80;

    } else if (ch < 0xf0) {
        *state = 2 << 16 | (ch == 0xe0 ? 0xbfa0 : ch == 0xed ? 0x9f80 : 0xbf80);

    } else {
        *state = 3 << 16 | (ch == 0xf0 ? 0xbf90 : ch == 0xf4 ? 0x8f80 : 0xbf80);
    }

    return SIGN_SF_OK;
}


int
sign_sf_utf8(postern_str_t s)
{
    size_t    i;
    uint32_t  state;

    state = 0;

    for (i = 0; i < s.len; i++) {

        if (sign_sf_utf8_next(&state, s.data[i]) != SIGN_SF_OK) {
            return 0;
        }
    }

    return state == 0;
}
