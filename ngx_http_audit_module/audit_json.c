
#include "audit_json.h"


/* 0: as it is; 1: control, quote, backslash; 2: lead or stray byte >= 0x80 */

#define AUDIT_JSON_PLAIN    0
#define AUDIT_JSON_CONTROL  1
#define AUDIT_JSON_WIDE     2


static const unsigned char  audit_json_class[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2
};


static const char  audit_json_digits[] = "0123456789abcdef";


static size_t audit_json_plain(const unsigned char *p, size_t n);
static size_t audit_json_utf8(const unsigned char *p, size_t n,
    uint32_t *code);
static unsigned audit_json_unsafe(uint32_t code);
static size_t audit_json_one(unsigned char out[AUDIT_JSON_EXPAND],
    const unsigned char *p, size_t n, size_t *used);
static size_t audit_json_unicode(unsigned char *out, uint32_t code);
static unsigned char *audit_json_pad(unsigned char *p, unsigned n,
    unsigned width);


void
audit_json_number(audit_json_t *j, uint64_t n)
{
    char  *p, text[20];

    p = text + sizeof(text);

    do {
        *--p = '0' + n % 10;
        n /= 10;
    } while (n);

    audit_json_raw(j, p, text + sizeof(text) - p);
}


void
audit_json_hex(audit_json_t *j, uint64_t n)
{
    int   i;
    char  text[16];

    for (i = 15; i >= 0; i--) {
        text[i] = audit_json_digits[n & 0xf];
        n >>= 4;
    }

    audit_json_raw(j, text, sizeof(text));
}


/* the civil calendar counted from 1 March, as years then end with the leap
   day */

void
audit_json_time(audit_json_t *j, uint64_t usec)
{
    uint64_t        sec, days, era, doe, yoe, doy, m;
    unsigned        year, month, day;
    unsigned char  *p, text[29];

    sec = usec / 1000000;
    days = sec / 86400 + 719468;
    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    m = (5 * doy + 2) / 153;

    day = (unsigned) (doy - (153 * m + 2) / 5 + 1);
    month = (unsigned) (m < 10 ? m + 3 : m - 9);
    year = (unsigned) (yoe + era * 400 + (month <= 2));

    p = text;
    *p++ = '"';
    p = audit_json_pad(p, year % 10000, 4);
    *p++ = '-';
    p = audit_json_pad(p, month, 2);
    *p++ = '-';
    p = audit_json_pad(p, day, 2);
    *p++ = 'T';
    p = audit_json_pad(p, sec % 86400 / 3600, 2);
    *p++ = ':';
    p = audit_json_pad(p, sec % 3600 / 60, 2);
    *p++ = ':';
    p = audit_json_pad(p, sec % 60, 2);
    *p++ = '.';
    p = audit_json_pad(p, usec % 1000000, 6);
    *p++ = 'Z';
    *p++ = '"';

    audit_json_raw(j, (char *) text, sizeof(text));
}


size_t
audit_json_escape(audit_json_t *j, const unsigned char *limit,
    postern_str_t s)
{
    size_t                i, run, room, used, n;
    unsigned char         one[AUDIT_JSON_EXPAND];
    const unsigned char  *p;

    if (limit > j->end) {
        limit = j->end;
    }

    p = s.data;

    for (i = 0; i < s.len; /* void */ ) {

        run = i;

        i += audit_json_plain(p + i, s.len - i);

        if (i > run) {
            room = j->pos < limit ? (size_t) (limit - j->pos) : 0;
            n = i - run;

            if (n > room) {
                memcpy(j->pos, p + run, room);
                j->pos += room;
                return run + room;
            }

            memcpy(j->pos, p + run, n);
            j->pos += n;

            if (i == s.len) {
                break;
            }
        }

        n = audit_json_one(one, p + i, s.len - i, &used);

        if (j->pos + n > limit) {
            return i;
        }

        memcpy(j->pos, one, n);
        j->pos += n;
        i += used;
    }

    return s.len;
}


/* how many bytes go out as they are; eight at a time, since most do: of a word
   below 0x80 in every byte, a borrow or a high bit shows one that does not */

static size_t
audit_json_plain(const unsigned char *p, size_t n)
{
    size_t    i;
    uint64_t  w, odd;

    const uint64_t  ones = 0x0101010101010101u;

    for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
        memcpy(&w, p + i, sizeof(w));

        odd = w | (w - ones * 0x20)
              | ((w ^ ones * '"') - ones)
              | ((w ^ ones * '\\') - ones)
              | ((w ^ ones * 0x7f) - ones);

        if (odd & (ones << 7)) {
            break;
        }
    }

    while (i < n && audit_json_class[p[i]] == AUDIT_JSON_PLAIN) {
        i++;
    }

    return i;
}


void
audit_json_text(audit_json_t *j, postern_str_t s, size_t max)
{
    size_t          n;
    unsigned char  *limit;

    audit_json_literal(j, "\"");

    if ((size_t) (j->end - j->pos) < max + 1) {
        j->full = 1;
        return;
    }

    limit = j->pos + max - AUDIT_JSON_MARK;
    n = audit_json_escape(j, limit, s);

    audit_json_mark(j, s.len - n);
    audit_json_literal(j, "\"");
}


void
audit_json_mark(audit_json_t *j, size_t n)
{
    if (n == 0) {
        return;
    }

    audit_json_literal(j, "[+");
    audit_json_number(j, n);
    audit_json_literal(j, " bytes]");
}


/* one character that cannot go out as it is, or one wide one that can */

static size_t
audit_json_one(unsigned char out[AUDIT_JSON_EXPAND], const unsigned char *p,
    size_t n, size_t *used)
{
    size_t    len;
    uint32_t  code;

    *used = 1;

    if (audit_json_class[*p] == AUDIT_JSON_CONTROL) {

        if (*p == '"' || *p == '\\') {
            out[0] = '\\';
            out[1] = *p;
            return 2;
        }

        return audit_json_unicode(out, *p);
    }

    len = audit_json_utf8(p, n, &code);

    if (len == 0) {
        (void) audit_json_unicode(out, 0xfffd);
        out[6] = audit_json_digits[*p >> 4];
        out[7] = audit_json_digits[*p & 0xf];
        return 8;
    }

    *used = len;

    if (audit_json_unsafe(code)) {
        return audit_json_unicode(out, code);
    }

    memcpy(out, p, len);

    return len;
}


static size_t
audit_json_unicode(unsigned char *out, uint32_t code)
{
    out[0] = '\\';
    out[1] = 'u';
    out[2] = audit_json_digits[code >> 12 & 0xf];
    out[3] = audit_json_digits[code >> 8 & 0xf];
    out[4] = audit_json_digits[code >> 4 & 0xf];
    out[5] = audit_json_digits[code & 0xf];

    return 6;
}


/* what steers a terminal or breaks a line although it is valid UTF-8; all of
   it lies in the basic plane */

static unsigned
audit_json_unsafe(uint32_t code)
{
    if (code < 0xa0) {
        return 1;
    }

    if (code < 0x200b || code > 0xfeff) {
        return 0;
    }

    return code <= 0x200f
           || (code >= 0x2028 && code <= 0x202e)
           || (code >= 0x2060 && code <= 0x206f)
           || code == 0xfeff;
}


/*
 * The length of the character at p, 0 where there is no valid one (RFC 3629:
 * overlong forms, surrogates and codes past U+10FFFF are none).  U+FFFD counts
 * as invalid: it is what invalid bytes are marked with.
 */

static size_t
audit_json_utf8(const unsigned char *p, size_t n, uint32_t *code)
{
    size_t    i, len;
    uint32_t  c, min;

    if (*p >= 0xc2 && *p <= 0xdf) {
        len = 2;
        c = *p & 0x1f;
        min = 0x80;

    } else if ((*p & 0xf0) == 0xe0) {
        len = 3;
        c = *p & 0x0f;
        min = 0x800;

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        len = 4;
        c = *p & 0x07;
        min = 0x10000;

    } else {
        return 0;
    }

    if (n < len) {
        return 0;
    }

    for (i = 1; i < len; i++) {

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)
        || c == 0xfffd)
    {
        return 0;
    }

    *code = c;

    return len;
}


static unsigned char *
audit_json_pad(unsigned char *p, unsigned n, unsigned width)
{
    unsigned  i;

    for (i = width; i > 0; i--) {
        p[i - 1] = '0' + n % 10;
        n /= 10;
    }

    return p + width;
}
