
/*
 * What Redis pushes to a connection that has subscribed to invalidations, in
 * RESP2: keys that were changed, "everything", answers to PING.  A stream is
 * read as it arrives, in pieces of any size; nothing is allocated, and no
 * number that it names is believed.
 */


#ifndef _POSTERN_PUSH_H_INCLUDED_
#define _POSTERN_PUSH_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_PUSH_CHANNEL  "__redis__:invalidate"
#define POSTERN_PUSH_TEXT     512        /* bytes of a key that are told */
#define POSTERN_PUSH_KEYS     1000000    /* of one message */


typedef enum {
    POSTERN_PUSH_MORE = 0,     /* all is read, the rest has yet to arrive */
    POSTERN_PUSH_SUBSCRIBED,
    POSTERN_PUSH_KEY,          /* push->key was changed, or is gone */
    POSTERN_PUSH_ALL,          /* every key may have been */
    POSTERN_PUSH_PONG,
    POSTERN_PUSH_FAULT         /* no such stream: there is no way on */
} postern_push_e;


/* zeroed at the beginning of a stream */

typedef struct {
    postern_str_t    key;      /* until the next call; longer ones than are told
                                  are left out */

    int              state;    /* of the message */
    int              part;     /* of what it is made of */
    int              type;
    int              negative;
    unsigned         digits;
    uint32_t         number;
    uint32_t         elements;
    uint32_t         left;     /* keys of this message */
    uint32_t         rest;     /* bytes of this text */
    uint32_t         ntext;
    unsigned char    text[POSTERN_PUSH_TEXT];
} postern_push_t;


/* the next thing that the bytes from *pos to end say; *pos is behind it then */
postern_push_e postern_push_next(postern_push_t *push,
    const unsigned char **pos, const unsigned char *end);


#endif /* _POSTERN_PUSH_H_INCLUDED_ */
