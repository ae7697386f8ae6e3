
/*
 * The time of a SigV4 request: X-Amz-Date, or a Date as HTTP writes it
 * (RFC 9110 section 5.6.7, the one form that is still to be sent).
 */


#include "sign_sigv4.h"


typedef struct {
    unsigned   year;
    unsigned   month;
    unsigned   day;
    unsigned   hour;
    unsigned   minute;
    unsigned   second;
} sign_sigv4_tm_t;


static int sign_sigv4_time_basic(postern_str_t value, sign_sigv4_tm_t *tm);
static int sign_sigv4_time_http(postern_str_t value, sign_sigv4_tm_t *tm);
static int sign_sigv4_digits(const unsigned char *p, size_t n, unsigned *value);
static int sign_sigv4_time_seconds(const sign_sigv4_tm_t *tm,
    int64_t *seconds);
static unsigned char *sign_sigv4_time_put(unsigned char *p, unsigned value,
    size_t n);


int
sign_sigv4_time(postern_str_t value, int64_t *seconds,
    unsigned char time[SIGN_SIGV4_TIME_LEN])
{
    unsigned char    *p;
    sign_sigv4_tm_t   tm;

    if (sign_sigv4_time_basic(value, &tm) != 0
        && sign_sigv4_time_http(value, &tm) != 0)
    {
        return -1;
    }

    if (sign_sigv4_time_seconds(&tm, seconds) != 0) {
        return -1;
    }

    p = sign_sigv4_time_put(time, tm.year, 4);
    p = sign_sigv4_time_put(p, tm.month, 2);
    p = sign_sigv4_time_put(p, tm.day, 2);
    *p++ = 'T';
    p = sign_sigv4_time_put(p, tm.hour, 2);
    p = sign_sigv4_time_put(p, tm.minute, 2);
    p = sign_sigv4_time_put(p, tm.second, 2);
    *p = 'Z';

    return 0;
}


int
sign_http_date(postern_str_t value, int64_t *seconds)
{
    sign_sigv4_tm_t  tm;

    return sign_sigv4_time_http(value, &tm) == 0
           && sign_sigv4_time_seconds(&tm, seconds) == 0 ? 0 : -1;
}


/* 20150830T123600Z */

static int
sign_sigv4_time_basic(postern_str_t value, sign_sigv4_tm_t *tm)
{
    const unsigned char  *p;

    p = value.data;

    if (value.len != SIGN_SIGV4_TIME_LEN || p[8] != 'T' || p[15] != 'Z') {
        return -1;
    }

    return sign_sigv4_digits(p, 4, &tm->year)
           | sign_sigv4_digits(p + 4, 2, &tm->month)
           | sign_sigv4_digits(p + 6, 2, &tm->day)
           | sign_sigv4_digits(p + 9, 2, &tm->hour)
           | sign_sigv4_digits(p + 11, 2, &tm->minute)
           | sign_sigv4_digits(p + 13, 2, &tm->second);
}


/* Sun, 30 Aug 2015 12:36:00 GMT */

static int
sign_sigv4_time_http(postern_str_t value, sign_sigv4_tm_t *tm)
{
    const unsigned char  *p;

    static const char     months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char     days[] = "SunMonTueWedThuFriSat";

    p = value.data;

    if (value.len != 29 || memcmp(p + 3, ", ", 2) != 0 || p[7] != ' '
        || p[11] != ' ' || p[16] != ' ' || p[19] != ':' || p[22] != ':'
        || memcmp(p + 25, " GMT", 4) != 0)
    {
        return -1;
    }

    for (tm->day = 0; tm->day < 7; tm->day++) {
        if (memcmp(p, days + 3 * tm->day, 3) == 0) {
            break;
        }
    }

    if (tm->day == 7) {
        return -1;
    }

    for (tm->month = 1; tm->month <= 12; tm->month++) {
        if (memcmp(p + 8, months + 3 * (tm->month - 1), 3) == 0) {
            break;
        }
    }

    return sign_sigv4_digits(p + 5, 2, &tm->day)
           | sign_sigv4_digits(p + 12, 4, &tm->year)
           | sign_sigv4_digits(p + 17, 2, &tm->hour)
           | sign_sigv4_digits(p + 20, 2, &tm->minute)
           | sign_sigv4_digits(p + 23, 2, &tm->second);
}


static int
sign_sigv4_digits(const unsigned char *p, size_t n, unsigned *value)
{
    *value = 0;

    while (n-- > 0) {

        if (*p < '0' || *p > '9') {
            return -1;
        }

        *value = *value * 10 + (*p++ - '0');
    }

    return 0;
}


/* the proleptic Gregorian calendar, from 1970 on; no leap second */

static int
sign_sigv4_time_seconds(const sign_sigv4_tm_t *tm, int64_t *seconds)
{
    int                    leap;
    int64_t                days, y;

    static const unsigned  before[] = {
        0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365
    };

    if (tm->year < 1970 || tm->month < 1 || tm->month > 12 || tm->day < 1
        || tm->hour > 23 || tm->minute > 59 || tm->second > 59)
    {
        return -1;
    }

    leap = (tm->year % 4 == 0 && tm->year % 100 != 0) || tm->year % 400 == 0;

    if (tm->day > before[tm->month] - before[tm->month - 1]
                  + (leap && tm->month == 2))
    {
        return -1;
    }

    y = tm->year - 1;

    days = 365 * (y - 1969) + (y / 4 - y / 100 + y / 400)
           - (1969 / 4 - 1969 / 100 + 1969 / 400)
           + before[tm->month - 1] + (leap && tm->month > 2)
           + tm->day - 1;

    *seconds = ((days * 24 + tm->hour) * 60 + tm->minute) * 60 + tm->second;

    return 0;
}


static unsigned char *
sign_sigv4_time_put(unsigned char *p, unsigned value, size_t n)
{
    size_t  i;

    for (i = n; i > 0; i--) {
        p[i - 1] = (unsigned char) ('0' + value % 10);
        value /= 10;
    }

    return p + n;
}
