
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


#define POSTERN_HINT_NAME     40      /* longer names get no hint */
#define POSTERN_HINT_ENTRIES  1000    /* entries looked at for a hint */


static const char *postern_type_name(json_type type);
static const char *postern_hint_entry(postern_str_t name,
    const postern_index_t *table, char out[POSTERN_HINT]);
static unsigned postern_distance(postern_str_t a, postern_str_t b);
static int postern_time_digits(postern_str_t text, size_t at, size_t n,
    int *value);
static int postern_time_zone(postern_str_t text, size_t at, int64_t *offset);
static int64_t postern_time_days(int year, int month, int day);


int
postern_fault(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, const char *fmt, ...)
{
    int      rc;
    va_list  args;

    va_start(args, fmt);
    vsnprintf(p->err->text, sizeof(p->err->text), fmt, args);
    va_end(args);

    postern_json_path(at, p->err->path, sizeof(p->err->path));

    rc = postern_json_locate(p->text, at, part, &p->err->line,
                             &p->err->column);

    /* jansson found it there */

    if (POSTERN_NEVER(rc != 0)) {
        p->err->line = 0;
        p->err->column = 0;
    }

    return -1;
}


int
postern_fault_memory(postern_parse_t *p)
{
    memset(p->err, 0, sizeof(postern_error_t));
    snprintf(p->err->text, sizeof(p->err->text), "out of memory");

    return -1;
}


int
postern_parse_members(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *object, const char *const *members)
{
    void               *iter;
    char                name[64], hint[POSTERN_HINT];
    postern_str_t       s;
    postern_json_at_t   member = { at, NULL, 0 };
    const char *const  *known;

    for (iter = json_object_iter((json_t *) object);
         iter;
         iter = json_object_iter_next((json_t *) object, iter))
    {
        member.member = json_object_iter_key(iter);

        for (known = members; *known; known++) {
            if (strcmp(*known, member.member) == 0) {
                break;
            }
        }

        if (*known) {
            continue;
        }

        s.data = (const unsigned char *) member.member;
        s.len = strlen(member.member);

        return postern_fault(p, &member, POSTERN_JSON_NAME,
                             "unknown member %s%s",
                             postern_json_quote(s, name, sizeof(name)),
                             postern_hint(s, members, hint));
    }

    return 0;
}


int
postern_parse_member(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, const char *name, json_type type,
    postern_json_at_t *at, const json_t **value)
{
    at->up = up;
    at->member = name;
    at->index = 0;

    *value = json_object_get(object, name);

    if (*value && json_typeof(*value) != type) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be %s",
                             postern_type_name(type));
    }

    return 0;
}


static const char *
postern_type_name(json_type type)
{
    switch (type) {

    case JSON_OBJECT:
        return "an object";

    case JSON_ARRAY:
        return "an array";

    case JSON_STRING:
        return "a string";

    default:
        return "a whole number";
    }
}


int
postern_parse_string(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, size_t max, postern_str_t *s)
{
    if (!postern_json_is(value, JSON_STRING)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be a string");
    }

    s->data = (const unsigned char *) json_string_value(value);
    s->len = json_string_length(value);

    if (s->len == 0) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must not be empty");
    }

    if (s->len > max) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "is longer than %zu bytes", max);
    }

    return 0;
}


int
postern_parse_name(postern_parse_t *p, const postern_json_at_t *at,
    postern_str_t *name)
{
    postern_str_t  s;

    s.data = (const unsigned char *) at->member;
    s.len = strlen(at->member);

    return postern_parse_name_of(p, at, POSTERN_JSON_NAME, s, name);
}


int
postern_parse_name_of(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, postern_str_t s, postern_str_t *name)
{
    if (s.len == 0) {
        return postern_fault(p, at, part, "a name must not be empty");
    }

    if (s.len > POSTERN_NAME_MAX) {
        return postern_fault(p, at, part,
                             "the name is longer than %d bytes",
                             POSTERN_NAME_MAX);
    }

    if (postern_parse_chars(p, at, part, s) != 0) {
        return -1;
    }

    return postern_parse_keep(p, s, name);
}


int
postern_parse_chars(postern_parse_t *p, const postern_json_at_t *at,
    postern_json_part_e part, postern_str_t s)
{
    size_t  i;

    /* C0, DEL and C1: names end up in headers, logs and terminals */

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20
            || s.data[i] == 0x7f
            || (s.data[i] == 0xc2 && s.data[i + 1] < 0xa0))
        {
            return postern_fault(p, at, part,
                                 "the name holds a control character");
        }
    }

    return 0;
}


int
postern_parse_status(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, postern_status_e *status)
{
    const json_t       *value;
    const char         *s;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, object, "status", JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    s = value ? json_string_value(value) : "active";

    if (strcmp(s, "active") == 0) {
        *status = POSTERN_STATUS_ACTIVE;
        return 0;
    }

    if (strcmp(s, "disabled") == 0) {
        *status = POSTERN_STATUS_DISABLED;
        return 0;
    }

    return postern_fault(p, &at, POSTERN_JSON_VALUE,
                         "must be \"active\" or \"disabled\"");
}


int
postern_parse_keep(postern_parse_t *p, postern_str_t s, postern_str_t *copy)
{
    if (postern_arena_dup(p->arena, s, copy) != 0) {
        return postern_fault_memory(p);
    }

    return 0;
}


void *
postern_parse_array(postern_parse_t *p, size_t n, size_t size)
{
    void  *array;

    array = postern_arena_alloc(p->arena, n * size);
    if (array == NULL) {
        postern_fault_memory(p);
    }

    return array;
}


int
postern_parse_reference(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, const postern_index_t *table, const char *what,
    const void **entry)
{
    char           name[64], hint[POSTERN_HINT];
    postern_str_t  s = postern_null_string;

    if (postern_parse_string(p, at, value, POSTERN_NAME_MAX, &s) != 0) {
        return -1;
    }

    *entry = postern_index_find(table, s);
    if (*entry) {
        return 0;
    }

    return postern_fault(p, at, POSTERN_JSON_VALUE,
                         "there is no %s %s in this organization%s", what,
                         postern_json_quote(s, name, sizeof(name)),
                         postern_hint_entry(s, table, hint));
}


static const char *
postern_hint_entry(postern_str_t name, const postern_index_t *table,
    char out[POSTERN_HINT])
{
    uint32_t              i, n;
    const char           *known[POSTERN_HINT_ENTRIES + 1];
    const postern_str_t  *s;

    n = table->n;

    if (n > POSTERN_HINT_ENTRIES) {
        n = POSTERN_HINT_ENTRIES;
    }

    for (i = 0; i < n; i++) {
        s = (const postern_str_t *) (table->entries + table->stride * i
                                     + table->offset);
        known[i] = (const char *) s->data;
    }

    known[n] = NULL;

    return postern_hint(name, known, out);
}


const char *
postern_hint(postern_str_t name, const char *const *known,
    char out[POSTERN_HINT])
{
    char           quoted[64];
    unsigned       d, best;
    postern_str_t  s, found;

    found.len = 0;
    found.data = NULL;

    /* a third of the letters may be wrong, else it is another word */

    best = name.len / 3 + 1;

    for ( /* void */ ; *known; known++) {
        s.data = (const unsigned char *) *known;
        s.len = strlen(*known);

        d = postern_distance(name, s);

        if (d < best) {
            best = d;
            found = s;
        }
    }

    out[0] = '\0';

    if (found.data) {
        snprintf(out, POSTERN_HINT, ", did you mean %s?",
                 postern_json_quote(found, quoted, sizeof(quoted)));
    }

    return out;
}


/* edits between two words, an exchange of neighbours being one; case apart */

static unsigned
postern_distance(postern_str_t a, postern_str_t b)
{
    size_t         i, j;
    unsigned       d[3][POSTERN_HINT_NAME + 1], *row, *last, *before, cost, n;
    unsigned char  x, y;

    if (a.len > POSTERN_HINT_NAME || b.len > POSTERN_HINT_NAME) {
        return POSTERN_HINT_NAME + 1;
    }

    for (j = 0; j <= b.len; j++) {
        d[0][j] = j;
    }

    for (i = 1; i <= a.len; i++) {
        row = d[i % 3];
        last = d[(i + 2) % 3];
        before = d[(i + 1) % 3];
        row[0] = i;

        for (j = 1; j <= b.len; j++) {
            x = a.data[i - 1];
            y = b.data[j - 1];
            cost = (x | 0x20) != (y | 0x20);

            n = last[j - 1] + cost;
            n = last[j] + 1 < n ? last[j] + 1 : n;
            n = row[j - 1] + 1 < n ? row[j - 1] + 1 : n;

            if (i > 1 && j > 1 && x == b.data[j - 2] && y == a.data[i - 2]
                && before[j - 2] + 1 < n)
            {
                n = before[j - 2] + 1;
            }

            row[j] = n;
        }
    }

    return d[a.len % 3][b.len];
}


int
postern_time_parse(postern_str_t text, int64_t *time)
{
    int      year, month, day, hour, min, sec;
    size_t   i;
    int64_t  offset;

    static const int  days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                 31 };

    if (text.len < sizeof("2027-01-01T00:00:00Z") - 1
        || postern_time_digits(text, 0, 4, &year) != 0
        || text.data[4] != '-'
        || postern_time_digits(text, 5, 2, &month) != 0
        || text.data[7] != '-'
        || postern_time_digits(text, 8, 2, &day) != 0
        || (text.data[10] | 0x20) != 't'
        || postern_time_digits(text, 11, 2, &hour) != 0
        || text.data[13] != ':'
        || postern_time_digits(text, 14, 2, &min) != 0
        || text.data[16] != ':'
        || postern_time_digits(text, 17, 2, &sec) != 0)
    {
        return -1;
    }

    if (month < 1 || month > 12 || day < 1 || day > days[month - 1]
        || hour > 23 || min > 59 || sec > 60)
    {
        return -1;
    }

    if (month == 2 && day == 29
        && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
    {
        return -1;
    }

    /* seconds are the finest that counts: a fraction is read and dropped */

    i = 19;

    if (text.data[i] == '.') {
        for (i++; i < text.len; i++) {
            if (text.data[i] < '0' || text.data[i] > '9') {
                break;
            }
        }

        if (i == 20) {
            return -1;
        }
    }

    if (postern_time_zone(text, i, &offset) != 0) {
        return -1;
    }

    *time = postern_time_days(year, month, day) * 86400 + hour * 3600
            + min * 60 + sec - offset;

    return 0;
}


static int
postern_time_digits(postern_str_t text, size_t at, size_t n, int *value)
{
    size_t  i;

    *value = 0;

    for (i = at; i < at + n; i++) {
        if (POSTERN_NEVER(i >= text.len)
            || text.data[i] < '0' || text.data[i] > '9')
        {
            return -1;
        }

        *value = *value * 10 + (text.data[i] - '0');
    }

    return 0;
}


static int
postern_time_zone(postern_str_t text, size_t at, int64_t *offset)
{
    int  hour, min;

    if (at + 1 == text.len && (text.data[at] | 0x20) == 'z') {
        *offset = 0;
        return 0;
    }

    if (at + 6 != text.len
        || (text.data[at] != '+' && text.data[at] != '-')
        || postern_time_digits(text, at + 1, 2, &hour) != 0
        || text.data[at + 3] != ':'
        || postern_time_digits(text, at + 4, 2, &min) != 0
        || hour > 23 || min > 59)
    {
        return -1;
    }

    *offset = hour * 3600 + min * 60;

    if (text.data[at] == '-') {
        *offset = - *offset;
    }

    return 0;
}


/* days since 1970-01-01 in the proleptic Gregorian calendar; years begin with
   March here, so that the leap day is the last of one */

static int64_t
postern_time_days(int year, int month, int day)
{
    int64_t  y, m;

    y = month > 2 ? year : year - 1;
    m = (month + 9) % 12;

    return 365 * y + (y >= 0 ? y / 4 - y / 100 + y / 400 : -1)
           + (m * 306 + 5) / 10 + day - 1 - 719468;
}
