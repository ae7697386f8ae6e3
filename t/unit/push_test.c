/* link: ngx_http_postern_module/postern_push.c */

#include "postern_push.h"
#include "unit.h"


#define CHANNEL  "$20\r\n__redis__:invalidate\r\n"
#define MESSAGE  "*3\r\n$7\r\nmessage\r\n" CHANNEL


static postern_str_t
text(const char *s)
{
    postern_str_t  t;

    t.data = (const unsigned char *) s;
    t.len = strlen(s);

    return t;
}


/* what a stream says, a letter each, keys in brackets; in pieces of n bytes */

static const char *
said(const char *stream, size_t len, size_t piece)
{
    static char            out[4096];
    size_t                 done, n, at;
    postern_push_t         push;
    postern_push_e         rc;
    const unsigned char   *p, *end, *start;

    memset(&push, 0, sizeof(push));
    start = (const unsigned char *) stream;
    at = 0;

    for (done = 0; done < len; done += n) {
        n = len - done < piece ? len - done : piece;
        p = start + done;
        end = p + n;

        do {
            rc = postern_push_next(&push, &p, end);

            switch (rc) {
            case POSTERN_PUSH_SUBSCRIBED: out[at++] = 'S'; break;
            case POSTERN_PUSH_ALL: out[at++] = 'A'; break;
            case POSTERN_PUSH_PONG: out[at++] = 'P'; break;
            case POSTERN_PUSH_FAULT: out[at++] = 'X'; break;
            case POSTERN_PUSH_KEY:
                at += (size_t) snprintf(out + at, sizeof(out) - at, "[%.*s]",
                                        (int) push.key.len,
                                        (const char *) push.key.data);
                break;
            default: break;
            }

        } while (rc != POSTERN_PUSH_MORE && rc != POSTERN_PUSH_FAULT);

        if (rc == POSTERN_PUSH_FAULT) {

            /* and there is no way on */

            p = start;
            rc = postern_push_next(&push, &p, start + (len ? 1 : 0));
            out[at++] = (rc == POSTERN_PUSH_FAULT) ? '.' : '?';
            break;
        }

        if (p != end) {
            out[at++] = '!';
        }
    }

    out[at] = '\0';

    return out;
}


static void
says(const char *stream, size_t len, const char *what)
{
    size_t  piece;

    for (piece = 1; piece <= len; piece++) {
        EXPECT_STR(text(said(stream, len, piece)), what);
    }
}


#define SAYS(stream, what)  says(stream, sizeof(stream) - 1, what)


TEST(what_redis_pushes)
{
    SAYS("*3\r\n$9\r\nsubscribe\r\n" CHANNEL ":1\r\n", "S");
    SAYS("*2\r\n$4\r\npong\r\n$0\r\n\r\n", "P");
    SAYS("*2\r\n$4\r\npong\r\n$5\r\nhello\r\n", "P");
    SAYS("*2\r\n$4\r\npong\r\n$-1\r\n", "P");
    SAYS(MESSAGE "*-1\r\n", "A");
    SAYS(MESSAGE "$-1\r\n", "A");
    SAYS(MESSAGE "*0\r\n", "");
    SAYS(MESSAGE "*1\r\n$3\r\none\r\n", "[one]");
    SAYS(MESSAGE "*3\r\n$3\r\none\r\n$0\r\n\r\n$3\r\ntwo\r\n"
         MESSAGE "*-1\r\n" MESSAGE "*1\r\n$5\r\nthree\r\n"
         "*2\r\n$4\r\npong\r\n$0\r\n\r\n", "[one][][two]A[three]P");

    /* of a stream that is cut nothing is said too early */

    SAYS(MESSAGE "*1\r\n$3\r\none\r", "");
    SAYS("*3\r\n$9\r\nsubscribe\r\n" CHANNEL ":1\r", "");
}


TEST(what_redis_does_not_push)
{
    SAYS("+OK\r\n", "X.");
    SAYS("-NOPERM no\r\n", "X.");
    SAYS(">3\r\n", "X.");
    SAYS(":1\r\n", "X.");
    SAYS("$2\r\nhi\r\n", "X.");
    SAYS("*-1\r\n", "X.");
    SAYS("*1\r\n$4\r\npong\r\n", "X.");
    SAYS("*2\r\n$7\r\nmessage\r\n", "X.");
    SAYS("*2\r\n$9\r\nsubscribe\r\n", "X.");
    SAYS("*3\r\n$4\r\npong\r\n", "X.");
    SAYS("*3\r\n$7\r\nmessagE\r\n", "X.");
    SAYS("*3\r\n$-1\r\n", "X.");
    SAYS("*3\r\n:7\r\n", "X.");
    SAYS("*2\r\n$4\r\npong\r\n:1\r\n", "X.");
    SAYS("*3\r\n$9\r\nsubscribe\r\n$3\r\nabc\r\n", "X.");
    SAYS("*3\r\n$9\r\nsubscribe\r\n" CHANNEL "$1\r\n1\r\n", "X.");
    SAYS("*3\r\n$7\r\nmessage\r\n$3\r\nabc\r\n", "X.");
    SAYS(MESSAGE ":1\r\n", "X.");
    SAYS(MESSAGE "$3\r\none\r\n", "X.");
    SAYS(MESSAGE "*1000001\r\n", "X.");
    SAYS(MESSAGE "*1\r\n:1\r\n", "X.");
    SAYS(MESSAGE "*1\r\n$-1\r\n", "X.");
    SAYS(MESSAGE "*1\r\n*1\r\n", "X.");
}


TEST(numbers_that_are_none)
{
    SAYS("*\r\n", "X.");
    SAYS("*-\r\n", "X.");
    SAYS("*--1\r\n", "X.");
    SAYS("*1-\r\n", "X.");
    SAYS("*+3\r\n", "X.");
    SAYS("* 3\r\n", "X.");
    SAYS("*3a\r\n", "X.");
    SAYS("*1234567890\r\n", "X.");
    SAYS("*3\rx", "X.");
    SAYS("*3\n", "X.");
    SAYS("*2\r\n$4\r\npongx\r\n", "X.");
    SAYS("*2\r\n$4\r\npong\rx", "X.");
}


/* longer than any key of ours: read over, in whatever pieces */

TEST(a_long_key_is_left_out)
{
    char    stream[4096];
    size_t  len, piece;

    len = (size_t) snprintf(stream, sizeof(stream), MESSAGE "*3\r\n$513\r\n");
    memset(stream + len, 'x', 513);
    len += 513;
    len += (size_t) snprintf(stream + len, sizeof(stream) - len,
                             "\r\n$512\r\n");
    memset(stream + len, 'y', 512);
    len += 512;
    len += (size_t) snprintf(stream + len, sizeof(stream) - len,
                             "\r\n$1\r\nz\r\n");

    for (piece = 1; piece < len; piece += 7) {
        EXPECT_INT(strlen(said(stream, len, piece)), 514 + 3);
        EXPECT(strncmp(said(stream, len, piece), "[yyy", 4) == 0);
        EXPECT_STR(text(said(stream, len, piece) + 514), "[z]");
    }
}


UNIT_MAIN()
