
/*
 *     *3  $9 subscribe  $20 __redis__:invalidate  :1
 *     *3  $7 message    $20 __redis__:invalidate  *2  $3 one  $3 two
 *     *3  $7 message    $20 __redis__:invalidate  *-1
 *     *2  $4 pong       $0
 *
 * Two machines: one makes texts, numbers and the heads of arrays of bytes, the
 * other says what they mean where they stand.
 */


#include "postern_push.h"


#define POSTERN_PUSH_DIGITS  9


/* what comes next of a message */

enum {
    POSTERN_PUSH_BEGIN = 0,
    POSTERN_PUSH_KIND,
    POSTERN_PUSH_CHANNEL_OF,   /* of a message */
    POSTERN_PUSH_CHANNEL_ON,   /* that was subscribed to */
    POSTERN_PUSH_COUNT,
    POSTERN_PUSH_LIST,
    POSTERN_PUSH_LISTED,
    POSTERN_PUSH_ECHO
};


/* what comes next of its parts */

enum {
    POSTERN_PUSH_TYPE = 0,
    POSTERN_PUSH_NUMBER,
    POSTERN_PUSH_NUMBER_LF,
    POSTERN_PUSH_BYTES,
    POSTERN_PUSH_BYTES_CR,
    POSTERN_PUSH_BYTES_LF,
    POSTERN_PUSH_WHOLE,
    POSTERN_PUSH_BROKEN
};


static void postern_push_byte(postern_push_t *push, unsigned char c);
static void postern_push_number(postern_push_t *push, unsigned char c);
static void postern_push_counted(postern_push_t *push);
static const unsigned char *postern_push_bytes(postern_push_t *push,
    const unsigned char *p, const unsigned char *end);
static postern_push_e postern_push_meaning(postern_push_t *push);
static postern_push_e postern_push_kind(postern_push_t *push);
static postern_push_e postern_push_list(postern_push_t *push);
static postern_push_e postern_push_listed(postern_push_t *push);
static int postern_push_is(const postern_push_t *push, const char *text);


postern_push_e
postern_push_next(postern_push_t *push, const unsigned char **pos,
    const unsigned char *end)
{
    postern_push_e        rc;
    const unsigned char  *p;

    p = *pos;
    rc = POSTERN_PUSH_MORE;

    while (p < end && rc == POSTERN_PUSH_MORE) {

        if (push->part == POSTERN_PUSH_BYTES) {
            p = postern_push_bytes(push, p, end);
            continue;
        }

        postern_push_byte(push, *p++);

        if (push->part == POSTERN_PUSH_BROKEN) {
            rc = POSTERN_PUSH_FAULT;

        } else if (push->part == POSTERN_PUSH_WHOLE) {
            push->part = POSTERN_PUSH_TYPE;
            rc = postern_push_meaning(push);
        }
    }

    if (rc == POSTERN_PUSH_FAULT) {
        push->part = POSTERN_PUSH_BROKEN;
    }

    *pos = p;

    return rc;
}


static void
postern_push_byte(postern_push_t *push, unsigned char c)
{
    switch (push->part) {

    case POSTERN_PUSH_TYPE:
        push->type = c;
        push->negative = 0;
        push->number = 0;
        push->digits = 0;
        push->ntext = 0;
        push->part = (c == '*' || c == '$' || c == ':') ? POSTERN_PUSH_NUMBER
                                                        : POSTERN_PUSH_BROKEN;
        return;

    case POSTERN_PUSH_NUMBER:
        postern_push_number(push, c);
        return;

    case POSTERN_PUSH_NUMBER_LF:
        push->part = POSTERN_PUSH_BROKEN;

        if (c == '\n') {
            postern_push_counted(push);
        }

        return;

    case POSTERN_PUSH_BYTES_CR:
        push->part = (c == '\r') ? POSTERN_PUSH_BYTES_LF : POSTERN_PUSH_BROKEN;
        return;

    case POSTERN_PUSH_BYTES_LF:
        push->part = (c == '\n') ? POSTERN_PUSH_WHOLE : POSTERN_PUSH_BROKEN;
        return;

    default: /* POSTERN_PUSH_BROKEN */
        return;
    }
}


static void
postern_push_number(postern_push_t *push, unsigned char c)
{
    if (c >= '0' && c <= '9' && push->digits < POSTERN_PUSH_DIGITS) {
        push->number = push->number * 10 + (c - '0');
        push->digits++;

    } else if (c == '-' && push->digits == 0 && !push->negative) {
        push->negative = 1;

    } else if (c == '\r' && push->digits) {
        push->part = POSTERN_PUSH_NUMBER_LF;

    } else {
        push->part = POSTERN_PUSH_BROKEN;
    }
}


/* a number and its CR LF: that of a text says how long it is */

static void
postern_push_counted(postern_push_t *push)
{
    if (push->type == '$' && !push->negative) {
        push->rest = push->number;
        push->part = push->rest ? POSTERN_PUSH_BYTES : POSTERN_PUSH_BYTES_CR;
        return;
    }

    push->part = POSTERN_PUSH_WHOLE;
}


static const unsigned char *
postern_push_bytes(postern_push_t *push, const unsigned char *p,
    const unsigned char *end)
{
    size_t  n, room;

    n = (size_t) (end - p);

    if (n > push->rest) {
        n = push->rest;
    }

    room = POSTERN_PUSH_TEXT - push->ntext;

    if (room > n) {
        room = n;
    }

    memcpy(push->text + push->ntext, p, room);

    push->ntext += (uint32_t) room;
    push->rest -= (uint32_t) n;

    if (push->rest == 0) {
        push->part = POSTERN_PUSH_BYTES_CR;
    }

    return p + n;
}


static postern_push_e
postern_push_meaning(postern_push_t *push)
{
    switch (push->state) {

    case POSTERN_PUSH_BEGIN:
        push->state = POSTERN_PUSH_KIND;
        push->elements = push->number;
        return (push->type == '*' && !push->negative) ? POSTERN_PUSH_MORE
                                                      : POSTERN_PUSH_FAULT;

    case POSTERN_PUSH_KIND:
        return postern_push_kind(push);

    case POSTERN_PUSH_CHANNEL_OF:
        push->state = POSTERN_PUSH_LIST;
        return postern_push_is(push, POSTERN_PUSH_CHANNEL) ? POSTERN_PUSH_MORE
                                                           : POSTERN_PUSH_FAULT;

    case POSTERN_PUSH_CHANNEL_ON:
        push->state = POSTERN_PUSH_COUNT;
        return postern_push_is(push, POSTERN_PUSH_CHANNEL) ? POSTERN_PUSH_MORE
                                                           : POSTERN_PUSH_FAULT;

    case POSTERN_PUSH_COUNT:
        push->state = POSTERN_PUSH_BEGIN;
        return (push->type == ':') ? POSTERN_PUSH_SUBSCRIBED
                                   : POSTERN_PUSH_FAULT;

    case POSTERN_PUSH_LIST:
        return postern_push_list(push);

    case POSTERN_PUSH_LISTED:
        return postern_push_listed(push);

    default: /* POSTERN_PUSH_ECHO */
        push->state = POSTERN_PUSH_BEGIN;
        return (push->type == '$') ? POSTERN_PUSH_PONG : POSTERN_PUSH_FAULT;
    }
}


static postern_push_e
postern_push_kind(postern_push_t *push)
{
    if (push->elements == 3 && postern_push_is(push, "message")) {
        push->state = POSTERN_PUSH_CHANNEL_OF;
        return POSTERN_PUSH_MORE;
    }

    if (push->elements == 3 && postern_push_is(push, "subscribe")) {
        push->state = POSTERN_PUSH_CHANNEL_ON;
        return POSTERN_PUSH_MORE;
    }

    if (push->elements == 2 && postern_push_is(push, "pong")) {
        push->state = POSTERN_PUSH_ECHO;
        return POSTERN_PUSH_MORE;
    }

    return POSTERN_PUSH_FAULT;
}


static postern_push_e
postern_push_list(postern_push_t *push)
{
    if (push->type == ':' || (!push->negative && push->type != '*')
        || push->number > POSTERN_PUSH_KEYS)
    {
        return POSTERN_PUSH_FAULT;
    }

    push->state = POSTERN_PUSH_BEGIN;

    if (push->negative) {
        return POSTERN_PUSH_ALL;
    }

    push->left = push->number;

    if (push->left) {
        push->state = POSTERN_PUSH_LISTED;
    }

    return POSTERN_PUSH_MORE;
}


static postern_push_e
postern_push_listed(postern_push_t *push)
{
    if (push->type != '$' || push->negative) {
        return POSTERN_PUSH_FAULT;
    }

    if (--push->left == 0) {
        push->state = POSTERN_PUSH_BEGIN;
    }

    if (push->number > POSTERN_PUSH_TEXT) {
        return POSTERN_PUSH_MORE;
    }

    push->key.data = push->text;
    push->key.len = push->number;

    return POSTERN_PUSH_KEY;
}


static int
postern_push_is(const postern_push_t *push, const char *text)
{
    return push->type == '$' && !push->negative
           && push->number == strlen(text)
           && memcmp(push->text, text, push->number) == 0;
}
