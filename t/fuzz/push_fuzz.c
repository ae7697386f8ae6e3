/* link: ngx_http_postern_module/postern_push.c */

/*
 * Any bytes as what Redis tells of changed keys.
 *
 *   - the stream says the same however its bytes were cut on their way;
 *   - each key lies in it as it was sent, and there are never more bytes in
 *     keys than came;
 *   - nothing follows a fault.
 */


#define _GNU_SOURCE    /* memmem() */

#include "fuzz.h"
#include "postern_push.h"


#define MAX_INPUT  8192


static uint64_t
mixed(uint64_t sum, uint64_t with)
{
    return (sum ^ with) * 1099511628211u;
}


/* what the stream says, as a sum; memory ends where each piece does */

static uint64_t
told(postern_str_t text, size_t step, size_t *bytes)
{
    size_t                i, n, done;
    uint64_t              sum;
    unsigned              turns;
    unsigned char        *piece;
    postern_push_t        push;
    postern_push_e        rc;
    const unsigned char  *p;

    memset(&push, 0, sizeof(push));
    sum = 14695981039346656037u;
    *bytes = 0;
    turns = 0;

    for (done = 0; done < text.len; done += n) {
        n = text.len - done;

        if (n > step) {
            n = step;
        }

        piece = malloc(n);
        HELD(piece != NULL);
        memcpy(piece, text.data + done, n);
        p = piece;

        do {
            rc = postern_push_next(&push, &p, piece + n);
            HELD(p >= piece && p <= piece + n);
            HELD(turns++ <= text.len + text.len / step + 1);

            if (rc != POSTERN_PUSH_MORE) {
                sum = mixed(sum, rc);
            }

            if (rc == POSTERN_PUSH_KEY) {
                HELD(push.key.len <= POSTERN_PUSH_TEXT);
                HELD(push.key.len == 0
                     || memmem(text.data, text.len, push.key.data,
                               push.key.len) != NULL);
                *bytes += push.key.len;
                sum = mixed(sum, push.key.len);

                for (i = 0; i < push.key.len; i++) {
                    sum = mixed(sum, push.key.data[i]);
                }
            }

        } while (rc != POSTERN_PUSH_MORE && rc != POSTERN_PUSH_FAULT);

        if (rc == POSTERN_PUSH_FAULT) {
            p = piece;
            HELD(postern_push_next(&push, &p, piece + 1)
                 == POSTERN_PUSH_FAULT);
            free(piece);
            return sum;
        }

        HELD(p == piece + n);
        free(piece);
    }

    return sum;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         bytes;
    uint64_t       sum;
    postern_str_t  text;

    if (size == 0 || size > MAX_INPUT) {
        return 0;
    }

    text.data = data;
    text.len = size;

    sum = told(text, size, &bytes);
    HELD(bytes <= size);

    HELD(told(text, 1, &bytes) == sum);
    HELD(told(text, 1 + size / 3, &bytes) == sum);
    HELD(told(text, 7, &bytes) == sum);

    return 0;
}
