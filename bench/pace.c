
/*
 * Requests at a constant rate, whatever the server does meanwhile:
 *
 *     pace PORT FILE RATE SECONDS CONNECTIONS
 *
 * FILE holds raw requests, each followed by the byte 0x1e: sent in turn, from
 * the first again when all were.  Each is due at an instant that only the rate
 * decides.  Its latency counts from that instant, also where it had to wait for
 * a connection: a server that stands still is measured by all requests that
 * fell due meanwhile, not only by those under way (wrk leaves them out).
 *
 * Prints "RESULT answered refused unanswered p50 p99 p99.9 worst", in
 * microseconds.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>


#define PACE_ANSWER   8192
#define PACE_LINGER   2000000000    /* ns, for answers at the end */
#define PACE_MAX_CONNECTIONS  1024


typedef struct {
    char     *data;
    size_t    len;
} pace_request_t;

typedef struct {
    int       fd;
    int64_t   due;                  /* 0: nothing under way */
    size_t    len;
    char      answer[PACE_ANSWER];
} pace_connection_t;

typedef struct {
    int                epoll;
    pace_request_t    *requests;
    size_t             nrequests;
    pace_connection_t *connections;
    int                idle[PACE_MAX_CONNECTIONS];
    int                nidle;
    int64_t           *latency;     /* ns, of what was answered */
    size_t             nanswered;
    size_t             nrefused;
} pace_t;


static int64_t
pace_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
pace_fail(const char *what)
{
    perror(what);
    exit(1);
}


static void
pace_read(pace_t *pace, const char *name)
{
    char    *text, *p, *end;
    long     size;
    FILE    *f;

    f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        pace_fail(name);
    }

    size = ftell(f);
    rewind(f);

    text = malloc((size_t) size + 1);

    if (text == NULL || fread(text, 1, (size_t) size, f) != (size_t) size) {
        pace_fail(name);
    }

    fclose(f);
    text[size] = '\0';

    for (p = text; (end = strchr(p, 0x1e)) != NULL; p = end + 1) {

        if ((pace->nrequests & (pace->nrequests + 1)) == 0) {
            pace->requests = realloc(pace->requests,
                                     2 * (pace->nrequests + 1)
                                       * sizeof(pace_request_t));
            if (pace->requests == NULL) {
                pace_fail("realloc()");
            }
        }

        pace->requests[pace->nrequests].data = p;
        pace->requests[pace->nrequests++].len = (size_t) (end - p);
    }
}


static void
pace_connect(pace_t *pace, int port, int n)
{
    int                  i, one;
    struct epoll_event   ev;
    struct sockaddr_in   sin;
    pace_connection_t   *c;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    pace->epoll = epoll_create1(0);
    pace->connections = calloc((size_t) n, sizeof(pace_connection_t));

    if (pace->epoll == -1 || pace->connections == NULL) {
        pace_fail("epoll_create1()");
    }

    one = 1;

    for (i = 0; i < n; i++) {
        c = &pace->connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);

        if (c->fd == -1
            || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1)
        {
            pace_fail("connect()");
        }

        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

        ev.events = EPOLLIN;
        ev.data.ptr = c;

        if (epoll_ctl(pace->epoll, EPOLL_CTL_ADD, c->fd, &ev) == -1) {
            pace_fail("epoll_ctl()");
        }

        pace->idle[pace->nidle++] = i;
    }
}


static void
pace_send(pace_t *pace, size_t n, int64_t due)
{
    pace_request_t     *r;
    pace_connection_t  *c;

    r = &pace->requests[n % pace->nrequests];
    c = &pace->connections[pace->idle[--pace->nidle]];

    c->due = due;
    c->len = 0;

    if (send(c->fd, r->data, r->len, MSG_NOSIGNAL) != (ssize_t) r->len) {
        pace_fail("send()");
    }
}


/* 1 when the answer is whole */

static int
pace_whole(pace_connection_t *c)
{
    char  *end, *length;

    c->answer[c->len] = '\0';

    end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }

    length = strcasestr(c->answer, "\r\nContent-Length:");

    if (length == NULL || length > end) {
        fprintf(stderr, "pace: an answer without a length\n");
        exit(1);
    }

    return c->len >= (size_t) (end + 4 - c->answer)
                     + strtoul(length + sizeof("\r\nContent-Length:") - 1,
                               NULL, 10);
}


static void
pace_receive(pace_t *pace, pace_connection_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->answer + c->len, PACE_ANSWER - 1 - c->len,
             MSG_DONTWAIT);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0 || c->due == 0) {
        fprintf(stderr, "pace: a connection was closed or spoke unasked\n");
        exit(1);
    }

    c->len += (size_t) n;

    if (!pace_whole(c)) {
        return;
    }

    pace->nrefused += (strncmp(c->answer, "HTTP/1.1 200", 12) != 0);
    pace->latency[pace->nanswered++] = pace_now() - c->due;

    c->due = 0;
    pace->idle[pace->nidle++] = (int) (c - pace->connections);
}


static void
pace_wait(pace_t *pace, int64_t until)
{
    int                 i, n;
    int64_t             left;
    struct timespec     ts;
    struct epoll_event  events[64];

    left = until - pace_now();
    left = left < 0 ? 0 : left;

    ts.tv_sec = left / 1000000000;
    ts.tv_nsec = left % 1000000000;

    n = epoll_pwait2(pace->epoll, events, 64, &ts, NULL);

    for (i = 0; i < n; i++) {
        pace_receive(pace, events[i].data.ptr);
    }
}


static void
pace_run(pace_t *pace, double rate, size_t total, int connections)
{
    size_t   sent;
    int64_t  start, due, end;

    start = pace_now() + 1000000;
    sent = 0;

    while (sent < total) {
        due = start + (int64_t) ((double) sent / rate * 1e9);

        if (due <= pace_now() && pace->nidle) {
            pace_send(pace, sent++, due);
            continue;
        }

        /* overdue, all connections are busy: an answer is what is missing */

        pace_wait(pace, pace->nidle ? due : pace_now() + 100000000);

        if (pace_now() > due + PACE_LINGER) {
            break;
        }
    }

    end = pace_now() + PACE_LINGER;

    while (pace->nidle < connections && pace_now() < end) {
        pace_wait(pace, end);
    }
}


static int
pace_compare(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a, y = *(const int64_t *) b;

    return (x > y) - (x < y);
}


static double
pace_at(const pace_t *pace, double part)
{
    size_t  n;

    n = (size_t) (part * (double) pace->nanswered);

    return (double) pace->latency[n < pace->nanswered ? n
                                                      : pace->nanswered - 1]
           / 1e3;
}


int
main(int argc, char **argv)
{
    int     connections;
    pace_t  pace;
    size_t  total;
    double  rate;

    if (argc != 6) {
        fprintf(stderr, "usage: pace PORT FILE RATE SECONDS CONNECTIONS\n");
        return 2;
    }

    memset(&pace, 0, sizeof(pace));

    rate = atof(argv[3]);
    total = (size_t) (rate * atof(argv[4]));
    connections = atoi(argv[5]);

    if (rate <= 0 || total == 0 || connections < 1
        || connections > PACE_MAX_CONNECTIONS)
    {
        fprintf(stderr, "pace: nothing to send, or over too few or too many "
                        "connections\n");
        return 2;
    }

    pace_read(&pace, argv[2]);

    pace.latency = malloc(total * sizeof(int64_t));
    if (pace.latency == NULL || pace.nrequests == 0) {
        fprintf(stderr, "pace: no memory or no request\n");
        return 1;
    }

    /* as exact as the kernel can wake */

    prctl(PR_SET_TIMERSLACK, 1);

    pace_connect(&pace, atoi(argv[1]), connections);
    pace_run(&pace, rate, total, connections);

    if (pace.nanswered == 0) {
        fprintf(stderr, "pace: no answer\n");
        return 1;
    }

    qsort(pace.latency, pace.nanswered, sizeof(int64_t), pace_compare);

    printf("RESULT %zu %zu %zu %.1f %.1f %.1f %.1f\n", pace.nanswered,
           pace.nrefused, total - pace.nanswered, pace_at(&pace, 0.5),
           pace_at(&pace, 0.99), pace_at(&pace, 0.999), pace_at(&pace, 1));

    return 0;
}
