/* link: ngx_http_postern_module/postern_resp.c -lhiredis */

/*
 * Any bytes as what Redis sends, and as arguments of what it is sent.
 *
 *   - replies are the same however the bytes were cut on their way, and there
 *     are never more bytes in them than came;
 *   - a command, whatever its arguments, is an array of just these strings;
 *   - a number is read where strtoll() reads it and it is written without sign
 *     or blank.
 */


#include <errno.h>
#include <hiredis/hiredis.h>

#include "fuzz.h"
#include "postern_resp.h"


#define MAX_INPUT  8192
#define MAX_ARGS   16


/* adds what a reply holds to a sum; returns how many bytes of strings */

static size_t
summed(const redisReply *r, uint64_t *sum)
{
    size_t  i, n;

    *sum = (*sum ^ (uint64_t) r->type) * 1099511628211u;

    switch (r->type) {

    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        for (i = 0; i < r->len; i++) {
            *sum = (*sum ^ (unsigned char) r->str[i]) * 1099511628211u;
        }

        HELD(r->str[r->len] == '\0');
        return r->len;

    case REDIS_REPLY_INTEGER:
        *sum = (*sum ^ (uint64_t) r->integer) * 1099511628211u;
        return 1;

    case REDIS_REPLY_ARRAY:
        for (n = 0, i = 0; i < r->elements; i++) {
            n += summed(r->element[i], sum);
        }

        return n;
    }

    return 0;
}


/* as the core reads a connection: step bytes at a time, and only what can be
   an answer to a command of ours; returns the number of replies */

static unsigned
replies(postern_str_t text, size_t step, uint64_t *sum)
{
    void         *reply;
    size_t        n, bytes;
    unsigned      count;
    redisReader  *reader;

    reader = redisReaderCreate();
    HELD(reader != NULL);

    count = 0;
    bytes = 0;
    *sum = 14695981039346656037u;

    while (text.len) {
        n = text.len < step ? text.len : step;
        HELD(redisReaderFeed(reader, (char *) text.data, n) == REDIS_OK);
        text.data += n;
        text.len -= n;

        while (reader->pos < reader->len) {

            if (reader->ridx == -1
                && strchr("+-:$", reader->buf[reader->pos]) == NULL)
            {
                goto done;
            }

            reply = NULL;

            if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
                goto done;
            }

            if (reply == NULL) {
                break;
            }

            bytes += summed(reply, sum);
            freeReplyObject(reply);
            count++;
        }
    }

done:

    HELD(bytes <= MAX_INPUT);
    redisReaderFree(reader);

    return count;
}


static void
command(postern_str_t text)
{
    void           *reply;
    size_t          i, n, size;
    redisReply     *r;
    redisReader    *reader;
    postern_str_t   args[MAX_ARGS];
    unsigned char  *out;

    for (n = 0; n < MAX_ARGS && (n == 0 || text.len); n++) {
        args[n] = fuzz_cut(&text, ' ');
    }

    size = postern_resp_size(args, n);
    out = malloc(size);
    HELD(out != NULL);
    HELD(postern_resp_write(out, args, n) == out + size);

    reader = redisReaderCreate();
    HELD(redisReaderFeed(reader, (char *) out, size) == REDIS_OK);
    HELD(redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL);

    r = reply;
    HELD(r->type == REDIS_REPLY_ARRAY && r->elements == n);

    for (i = 0; i < n; i++) {
        HELD(r->element[i]->type == REDIS_REPLY_STRING);
        HELD(r->element[i]->len == args[i].len);
        HELD(args[i].len == 0
             || memcmp(r->element[i]->str, args[i].data, args[i].len) == 0);
    }

    freeReplyObject(reply);
    redisReaderFree(reader);
    free(out);
}


static void
number(postern_str_t text)
{
    char           copy[32], *end;
    int64_t        n;
    long long      right;
    postern_str_t  written;
    unsigned char  buf[POSTERN_RESP_INT_MAX];

    if (text.len == 0 || text.len >= sizeof(copy)) {
        return;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    errno = 0;
    right = strtoll(copy, &end, 10);

    if (!postern_resp_parse_int(text, &n)) {
        HELD(errno || end != copy + text.len || copy[0] < '0' || copy[0] > '9');
        return;
    }

    HELD(!errno && right == n && n >= 0);

    written = postern_resp_int(buf, (uint64_t) n);

    while (text.len > 1 && text.data[0] == '0') {
        text.data++;
        text.len--;
    }

    HELD(postern_str_eq(written, text));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t       whole, cut;
    unsigned       n;
    postern_str_t  text;

    if (size > MAX_INPUT) {
        return 0;
    }

    text = fuzz_copy(data, size);

    n = replies(text, MAX_INPUT, &whole);
    HELD(replies(text, 1, &cut) == n && cut == whole);
    HELD(replies(text, 7, &cut) == n && cut == whole);

    command(text);
    number(text);

    free((void *) text.data);

    return 0;
}
