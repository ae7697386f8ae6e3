
/*
 * Structured fields: the writers.  What a value may hold is asked of the
 * readers, so that nothing is written that could not be read back.
 */


#include "sign_sf.h"


#define SF_MAX_THOUSANDTHS  SIGN_SF_MAX_INTEGER


static int sf_write_integer(sign_sf_out_t *out, int64_t number);
static int sf_write_decimal(sign_sf_out_t *out, int64_t number);
static void sf_write_number(sign_sf_out_t *out, uint64_t number);
static int sf_write_string(sign_sf_out_t *out, postern_str_t text);
static int sf_write_token(sign_sf_out_t *out, postern_str_t text);
static int sf_write_bytes(sign_sf_out_t *out, postern_str_t text);
static int sf_write_display(sign_sf_out_t *out, postern_str_t text);
static int sf_write_key(sign_sf_out_t *out, postern_str_t key);
static int sf_write_params(sign_sf_out_t *out, const sign_sf_item_t *item);
static int sf_write_inner_list(sign_sf_out_t *out, const sign_sf_item_t *item);


static inline void
sf_put(sign_sf_out_t *out, unsigned char ch)
{
    if (out->len < out->size) {
        out->data[out->len] = ch;
    }

    out->len++;
}


static void
sf_put_text(sign_sf_out_t *out, postern_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        sf_put(out, text.data[i]);
    }
}


int
sign_sf_write_list(sign_sf_out_t *out, const sign_sf_list_t *list)
{
    int     rc;
    size_t  i;

    for (i = 0; i < list->nmembers; i++) {

        if (i) {
            sf_put(out, ',');
            sf_put(out, ' ');
        }

        rc = sign_sf_write_item(out, &list->members[i]);
        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    return SIGN_SF_OK;
}


int
sign_sf_write_dictionary(sign_sf_out_t *out, const sign_sf_list_t *dictionary)
{
    int                    rc;
    size_t                 i;
    const sign_sf_item_t  *member;

    for (i = 0; i < dictionary->nmembers; i++) {

        member = &dictionary->members[i];

        if (i) {
            sf_put(out, ',');
            sf_put(out, ' ');
        }

        rc = sf_write_key(out, member->key);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        if (member->value.type == SIGN_SF_BOOLEAN && member->value.number) {
            rc = sf_write_params(out, member);

        } else {
            sf_put(out, '=');
            rc = sign_sf_write_item(out, member);
        }

        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    return SIGN_SF_OK;
}


int
sign_sf_write_item(sign_sf_out_t *out, const sign_sf_item_t *item)
{
    int  rc;

    if (item->value.type == SIGN_SF_INNER_LIST) {
        rc = sf_write_inner_list(out, item);

    } else {
        rc = sign_sf_write_value(out, &item->value);
    }

    return rc == SIGN_SF_OK ? sf_write_params(out, item) : rc;
}


static int
sf_write_inner_list(sign_sf_out_t *out, const sign_sf_item_t *item)
{
    int     rc;
    size_t  i;

    sf_put(out, '(');

    for (i = 0; i < item->nitems; i++) {

        if (i) {
            sf_put(out, ' ');
        }

        rc = sign_sf_write_value(out, &item->items[i].value);

        if (rc == SIGN_SF_OK) {
            rc = sf_write_params(out, &item->items[i]);
        }

        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    sf_put(out, ')');

    return SIGN_SF_OK;
}


static int
sf_write_params(sign_sf_out_t *out, const sign_sf_item_t *item)
{
    int                     rc;
    size_t                  i;
    const sign_sf_value_t  *value;

    for (i = 0; i < item->nparams; i++) {

        sf_put(out, ';');

        rc = sf_write_key(out, item->params[i].key);
        if (rc != SIGN_SF_OK) {
            return rc;
        }

        value = &item->params[i].value;

        if (value->type == SIGN_SF_BOOLEAN && value->number) {
            continue;
        }

        sf_put(out, '=');

        rc = sign_sf_write_value(out, value);
        if (rc != SIGN_SF_OK) {
            return rc;
        }
    }

    return SIGN_SF_OK;
}


static int
sf_write_key(sign_sf_out_t *out, postern_str_t key)
{
    postern_str_t     read;
    sign_sf_cursor_t  c;

    c.pos = key.data;
    c.last = key.data + key.len;

    if (sign_sf_read_key(&c, &read) != SIGN_SF_OK || c.pos != c.last) {
        return SIGN_SF_ERROR;
    }

    sf_put_text(out, key);

    return SIGN_SF_OK;
}


int
sign_sf_write_value(sign_sf_out_t *out, const sign_sf_value_t *value)
{
    if (value->encoded) {
        return SIGN_SF_ERROR;
    }

    switch (value->type) {

    case SIGN_SF_INTEGER:
        return sf_write_integer(out, value->number);

    case SIGN_SF_DECIMAL:
        return sf_write_decimal(out, value->number);

    case SIGN_SF_STRING:
        return sf_write_string(out, value->text);

    case SIGN_SF_TOKEN:
        return sf_write_token(out, value->text);

    case SIGN_SF_BYTES:
        return sf_write_bytes(out, value->text);

    case SIGN_SF_BOOLEAN:
        sf_put(out, '?');
        sf_put(out, value->number ? '1' : '0');
        return SIGN_SF_OK;

    case SIGN_SF_DATE:
        sf_put(out, '@');
        return sf_write_integer(out, value->number);

    case SIGN_SF_DISPLAY:
        return sf_write_display(out, value->text);

    default: /* SIGN_SF_INNER_LIST */
        return SIGN_SF_ERROR;
    }
}


static int
sf_write_integer(sign_sf_out_t *out, int64_t number)
{
    if (number > SIGN_SF_MAX_INTEGER || number < -SIGN_SF_MAX_INTEGER) {
        return SIGN_SF_ERROR;
    }

    if (number < 0) {
        sf_put(out, '-');
        number = -number;
    }

    sf_write_number(out, number);

    return SIGN_SF_OK;
}


static int
sf_write_decimal(sign_sf_out_t *out, int64_t number)
{
    int  fraction;

    if (number > SF_MAX_THOUSANDTHS || number < -SF_MAX_THOUSANDTHS) {
        return SIGN_SF_ERROR;
    }

    if (number < 0) {
        sf_put(out, '-');
        number = -number;
    }

    sf_write_number(out, number / 1000);
    sf_put(out, '.');

    /* at least one digit behind the point, no zeros at the end */

    fraction = number % 1000;

    do {
        sf_put(out, '0' + fraction / 100);
        fraction = fraction % 100 * 10;
    } while (fraction);

    return SIGN_SF_OK;
}


static void
sf_write_number(sign_sf_out_t *out, uint64_t number)
{
    int            n;
    unsigned char  digits[20];

    n = 0;

    do {
        digits[n++] = '0' + number % 10;
        number /= 10;
    } while (number);

    while (n) {
        sf_put(out, digits[--n]);
    }
}


static int
sf_write_string(sign_sf_out_t *out, postern_str_t text)
{
    size_t         i;
    unsigned char  ch;

    sf_put(out, '"');

    for (i = 0; i < text.len; i++) {

        ch = text.data[i];

        if (ch < 0x20 || ch > 0x7e) {
            return SIGN_SF_ERROR;
        }

        if (ch == '"' || ch == '\\') {
            sf_put(out, '\\');
        }

        sf_put(out, ch);
    }

    sf_put(out, '"');

    return SIGN_SF_OK;
}


static int
sf_write_token(sign_sf_out_t *out, postern_str_t text)
{
    sign_sf_value_t   read;
    sign_sf_cursor_t  c;

    c.pos = text.data;
    c.last = text.data + text.len;

    if (sign_sf_read_value(&c, &read) != SIGN_SF_OK
        || read.type != SIGN_SF_TOKEN
        || c.pos != c.last)
    {
        return SIGN_SF_ERROR;
    }

    sf_put_text(out, text);

    return SIGN_SF_OK;
}


static int
sf_write_bytes(sign_sf_out_t *out, postern_str_t text)
{
    size_t    i, n;
    uint32_t  quantum;

    static const char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    sf_put(out, ':');

    for (i = 0; i < text.len; i += 3) {

        n = text.len - i;
        quantum = (uint32_t) text.data[i] << 16;

        if (n > 1) {
            quantum |= (uint32_t) text.data[i + 1] << 8;
        }

        if (n > 2) {
            quantum |= text.data[i + 2];
        }

        sf_put(out, digits[quantum >> 18]);
        sf_put(out, digits[quantum >> 12 & 63]);
        sf_put(out, n > 1 ? digits[quantum >> 6 & 63] : '=');
        sf_put(out, n > 2 ? digits[quantum & 63] : '=');
    }

    sf_put(out, ':');

    return SIGN_SF_OK;
}


static int
sf_write_display(sign_sf_out_t *out, postern_str_t text)
{
    size_t         i;
    unsigned char  ch;

    static const char  hex[] = "0123456789abcdef";

    if (!sign_sf_utf8(text)) {
        return SIGN_SF_ERROR;
    }

    sf_put(out, '%');
    sf_put(out, '"');

    for (i = 0; i < text.len; i++) {

        ch = text.data[i];

        if (ch < 0x20 || ch > 0x7e || ch == '%' || ch == '"') {
            sf_put(out, '%');
            sf_put(out, hex[ch >> 4]);
            sf_put(out, hex[ch & 15]);

        } else {
            sf_put(out, ch);
        }
    }

    sf_put(out, '"');

    return SIGN_SF_OK;
}


int
sign_sf_decimal(double number, int64_t *thousandths)
{
    double   scaled, rest;
    int64_t  whole;

    scaled = (number < 0 ? -number : number) * 1000;

    /* also false where the number is none */

    if (!(scaled < (double) SF_MAX_THOUSANDTHS + 1)) {
        return SIGN_SF_ERROR;
    }

    whole = (int64_t) scaled;
    rest = scaled - (double) whole;

    if (rest > 0.5 || (rest == 0.5 && (whole & 1))) {
        whole++;
    }

    if (whole > SF_MAX_THOUSANDTHS) {
        return SIGN_SF_ERROR;
    }

    *thousandths = number < 0 ? -whole : whole;

    return SIGN_SF_OK;
}
