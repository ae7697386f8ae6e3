
/*
 * A writer of JSON into memory that the caller owns.  It allocates nothing and
 * never writes past its end: what does not fit sets `full`.
 *
 * Text comes from anywhere and may be anything.  It leaves as JSON that every
 * parser reads, on one line, harmless to a terminal: controls (C0, DEL, C1),
 * U+2028, U+2029 and the bidirectional controls become \u escapes; every byte
 * that is not part of valid UTF-8 becomes U+FFFD and its two hex digits.  A
 * genuine U+FFFD is written as its three bytes that way, so the original bytes
 * can always be had back.
 */


#ifndef _AUDIT_JSON_H_INCLUDED_
#define _AUDIT_JSON_H_INCLUDED_


#include "postern_buf.h"


/* room that a text keeps for "[+18446744073709551615 bytes]" */
#define AUDIT_JSON_MARK  32

/* the longest form of one input byte: \ufffdXX */
#define AUDIT_JSON_EXPAND  8


typedef struct {
    unsigned char  *pos;
    unsigned char  *end;
    unsigned        full;
} audit_json_t;


/* bytes as they are: punctuation, names that need no escaping */

static inline void
audit_json_raw(audit_json_t *j, const char *p, size_t n)
{
    if (n > (size_t) (j->end - j->pos)) {
        j->full = 1;
        return;
    }

    memcpy(j->pos, p, n);
    j->pos += n;
}


#define audit_json_literal(j, s)  audit_json_raw(j, s, sizeof(s) - 1)

void audit_json_number(audit_json_t *j, uint64_t n);

/*
 * Microseconds since the epoch as "2026-11-21T23:15:00.123456Z", with the
 * quotes.  A clock remembers the last second it was asked for, since the next
 * is mostly the same; one of zeros remembers none.
 */

#define AUDIT_JSON_TIME  29

typedef struct {
    uint64_t        sec;
    unsigned char   text[20];       /* "2026-11-21T23:15:00." */
} audit_clock_t;

void audit_json_time(audit_json_t *j, audit_clock_t *clock, uint64_t usec);

/* 16 hex digits, no quotes */
void audit_json_hex(audit_json_t *j, uint64_t n);

/*
 * Escapes text up to limit (at most j->end); returns how many input bytes went
 * out.  A character is written whole or not at all.
 */
size_t audit_json_escape(audit_json_t *j, const unsigned char *limit,
    postern_str_t s);

/* a quoted text of at most max bytes (quotes not counted, at least
   AUDIT_JSON_MARK); what is cut off is told as "[+N bytes]" */
void audit_json_text(audit_json_t *j, postern_str_t s, size_t max);

/* the mark of n bytes left out; nothing where n is 0 */
void audit_json_mark(audit_json_t *j, size_t n);


#endif /* _AUDIT_JSON_H_INCLUDED_ */
