
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

static const char  audit_json_pairs[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";


static size_t audit_json_plain(unsigned char *out, const unsigned char *p,
    size_t n);
static uint64_t audit_json_odd(uint64_t w);
static unsigned char *audit_json_date(unsigned char *p, uint64_t sec);
static size_t audit_json_utf8(const unsigned char *p, size_t n,
    uint32_t *code);
static unsigned audit_json_unsafe(uint32_t code);
static size_t audit_json_one(unsigned char out[AUDIT_JSON_EXPAND],
    const unsigned char *p, size_t n, size_t *used);
static size_t audit_json_unicode(unsigned char *out, uint32_t code);
static unsigned char *audit_json_pair(unsigned char *p, unsigned n);


void
audit_json_number(audit_json_t *j, uint64_t n)
{
    char  *p, text[20];

    p = text + sizeof(text);

    while (n >= 100) {
        p -= 2;
        memcpy(p, &audit_json_pairs[n % 100 * 2], 2);
        n /= 100;
    }

    if (n >= 10) {
        p -= 2;
        memcpy(p, &audit_json_pairs[n * 2], 2);

    } else {
        *--p = '0' + n;
    }

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


void
audit_json_time(audit_json_t *j, audit_clock_t *clock, uint64_t usec)
{
    unsigned        fraction;
    uint64_t        sec;
    unsigned char  *p, text[AUDIT_JSON_TIME];

    sec = usec / 1000000;
    fraction = (unsigned) (usec % 1000000);

    if (clock->text[0] == 0 || clock->sec != sec) {
        (void) audit_json_date(clock->text, sec);
        clock->sec = sec;
    }

    text[0] = '"';
    memcpy(text + 1, clock->text, sizeof(clock->text));

    p = text + 1 + sizeof(clock->text);
    p = audit_json_pair(p, fraction / 10000);
    p = audit_json_pair(p, fraction / 100 % 100);
    p = audit_json_pair(p, fraction % 100);
    *p++ = 'Z';
    *p++ = '"';

    audit_json_raw(j, (char *) text, sizeof(text));
}


/* the civil calendar counted from 1 March, as years then end with the leap
   day */

static unsigned char *
audit_json_date(unsigned char *p, uint64_t sec)
{
    uint64_t  days, era, doe, yoe, doy, m;
    unsigned  year, month, day;

    days = sec / 86400 + 719468;
    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    m = (5 * doy + 2) / 153;

    day = (unsigned) (doy - (153 * m + 2) / 5 + 1);
    month = (unsigned) (m < 10 ? m + 3 : m - 9);
    year = (unsigned) (yoe + era * 400 + (month <= 2));

    p = audit_json_pair(p, year / 100 % 100);
    p = audit_json_pair(p, year % 100);
    *p++ = '-';
    p = audit_json_pair(p, month);
    *p++ = '-';
    p = audit_json_pair(p, day);
    *p++ = 'T';
    p = audit_json_pair(p, sec % 86400 / 3600);
    *p++ = ':';
    p = audit_json_pair(p, sec % 3600 / 60);
    *p++ = ':';
    p = audit_json_pair(p, sec % 60);
    *p++ = '.';

    return p;
}


static unsigned char *
audit_json_pair(unsigned char *p, unsigned n)
{
    memcpy(p, &audit_json_pairs[n * 2], 2);

    return p + 2;
}


size_t
audit_json_escape(audit_json_t *j, const unsigned char *limit,
    postern_str_t s)
{
    size_t         i, used, n, room;
    unsigned char  one[AUDIT_JSON_EXPAND];

    if (limit > j->end) {
        limit = j->end;
    }

    for (i = 0; i < s.len && j->pos < limit; i += used) {

        room = limit - j->pos;
        n = s.len - i;

        n = audit_json_plain(j->pos, s.data + i, n < room ? n : room);
        j->pos += n;
        i += n;

        if (i == s.len || j->pos == limit) {
            return i;
        }

        n = audit_json_one(one, s.data + i, s.len - i, &used);

        if (n > (size_t) (limit - j->pos)) {
            return i;
        }

        memcpy(j->pos, one, n);
        j->pos += n;
    }

    return i;
}


/*
 * Copies what goes out as it is, up to the first byte that does not.  Eight
 * bytes at a time, the last of them once more together with some before: most
 * texts are short, and all of them plain.
 */

static size_t
audit_json_plain(unsigned char *out, const unsigned char *p, size_t n)
{
    size_t    i;
    uint64_t  w;

    for (i = 0; n - i >= sizeof(w); i += sizeof(w)) {
        memcpy(&w, p + i, sizeof(w));

        if (audit_json_odd(w)) {
            break;
        }

        memcpy(out + i, &w, sizeof(w));
    }

    if (n >= sizeof(w) && n - i < sizeof(w)) {
        memcpy(&w, p + n - sizeof(w), sizeof(w));

        if (!audit_json_odd(w)) {
            memcpy(out + n - sizeof(w), &w, sizeof(w));
            return n;
        }
    }

    while (i < n && audit_json_class[p[i]] == AUDIT_JSON_PLAIN) {
        out[i] = p[i];
        i++;
    }

    return i;
}


/* of a word below 0x80 in every byte, a borrow or a high bit shows one that
   does not go out as it is; a borrow may show one too many */

static uint64_t
audit_json_odd(uint64_t w)
{
    const uint64_t  ones = 0x0101010101010101u;

    return (w | (w - ones * 0x20)
              | ((w ^ ones * '"') - ones)
              | ((w ^ ones * '\\') - ones)
              | ((w ^ ones * 0x7f) - ones))
           & (ones << 7);
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
    n = 0;

    /* most are short and plain */

    if (s.len <= max - AUDIT_JSON_MARK) {
        n = audit_json_plain(j->pos, s.data, s.len);
        j->pos += n;
    }

    if (n < s.len) {
        s.data += n;
        s.len -= n;

        n = audit_json_escape(j, limit, s);
        audit_json_mark(j, s.len - n);
    }

    *j->pos++ = '"';
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
