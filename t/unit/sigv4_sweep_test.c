/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup -lhiredis */

/* SigV4, every byte of a request changed to every other, every request for
   memory refused, and texts as long as they may be. */

#include "sigv4_try.h"
#include "exact.h"
#include "scarce.h"


#define WHOLE_LISTED  "content-type;host;x-amz-date"
#define WHOLE_LINES                                                           \
    "content-type:text/plain\nhost:app.example\nx-amz-date:" TIME "\n"


typedef struct {
    const char  *line;
    const char  *headers;
    const char  *listed;
    const char  *lines;      /* canonical */
    const char  *query;
} whole_t;


static char         text[2048];
static sign_text_t  http;


/* a request that verifies, in text that may be changed */

static void
whole(const whole_t *w)
{
    char  canonical[1024], hex[65];

    snprintf(canonical, sizeof(canonical), "POST\n/a/b\n%s\n%s\n%s\n" HELLO,
             w->query, w->lines, w->listed);
    sign_text_sigv4(SECRET, TIME, SCOPE, canonical, hex);

    snprintf(text, sizeof(text),
             "%s HTTP/1.1\n%sAuthorization: AWS4-HMAC-SHA256 Credential=AK1/"
             SCOPE ", SignedHeaders=%s, Signature=%s\n\nhello",
             w->line, w->headers, w->listed, hex);

    sign_text_parse(&http, text, strlen(text));
}


static sign_code_e
verify(const postern_alloc_t *memory)
{
    sign_message_t  msg;
    sign_policy_t   policy;

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_SIGV4;
    policy.cover = SIGN_COVER_DEFAULT;

    return try_steps(&http, &policy, SECRET, memory, &msg);
}


static sign_code_e
verify_in_arena(void)
{
    sign_code_e       rc;
    postern_arena_t  *a;
    postern_alloc_t   memory;

    a = postern_arena_create();
    memory = postern_arena_allocator(a);
    rc = verify(&memory);
    postern_arena_destroy(a);

    return rc;
}


/* what may be written in two ways, or says only whose key it is */

static int
is_free(const sign_field_t *field, size_t i, unsigned char was,
    unsigned char byte)
{
    static const size_t  id = sizeof("AWS4-HMAC-SHA256 Credential=") - 1;

    if (!postern_str_is(field->name, "authorization")) {
        return 0;
    }

    if (i >= id && i < id + sizeof("AK1") - 1) {
        return 1;
    }

    return was == ' ' && i > id && byte == '\t';
}


static void
sweep(postern_str_t s, const sign_field_t *field)
{
    size_t          i;
    unsigned        byte;
    unsigned char   was, *p;
    unsigned long   accepted;

    p = (unsigned char *) s.data;

    for (i = 0; i < s.len; i++) {
        was = p[i];
        accepted = 0;

        for (byte = 0; byte < 256; byte++) {

            if (byte == was || (field && is_free(field, i, was, byte))) {
                continue;
            }

            p[i] = (unsigned char) byte;

            if (verify_in_arena() == SIGN_OK) {
                accepted++;
                printf("# byte %zu of \"%.*s\" may be 0x%02x\n", i,
                       (int) s.len, (char *) p, byte);
            }
        }

        p[i] = was;
        EXPECT_INT(accepted, 0);
    }
}


static const whole_t  wholes[] = {
    { "POST /a/b?x=1&y=2",
      HOST DATE "Content-Type: text/plain\n",
      WHOLE_LISTED, WHOLE_LINES, "x=1&y=2" },

    { "POST http://app.example/a/b",
      HOST "Date: Sat, 21 Nov 2026 23:19:15 GMT\n"
      "X-Amz-Content-Sha256: " HELLO "\n",
      "date;host;x-amz-content-sha256",
      "date:Sat, 21 Nov 2026 23:19:15 GMT\nhost:app.example\n"
      "x-amz-content-sha256:" HELLO "\n", "" }
};

#define NWHOLES  (sizeof(wholes) / sizeof(wholes[0]))


TEST(every_changed_byte_is_refused)
{
    size_t    n, i;
    unsigned  w;

    for (w = 0; w < NWHOLES; w++) {
        whole(&wholes[w]);

        if (!EXPECT_INT(verify_in_arena(), SIGN_OK)) {
            continue;
        }

        sweep(http.req.method, NULL);

        /* the host of an absolute form is judged by nginx */

        n = http.req.target.len;
        n = wholes[w].line[5] == '/' ? n : 4;

        sweep((postern_str_t) { n, http.req.target.data
                                   + http.req.target.len - n }, NULL);

        for (i = 0; i < http.req.nfields; i++) {
            sweep(http.fields[i].value, &http.fields[i]);
        }

        EXPECT_INT(verify_in_arena(), SIGN_OK);
    }
}


TEST(every_shorter_text_is_refused)
{
    size_t         i;
    unsigned       w;
    postern_str_t  was;

    for (w = 0; w < NWHOLES; w++) {
        whole(&wholes[w]);

        for (i = 0; i < http.req.nfields; i++) {
            was = http.fields[i].value;

            for (http.fields[i].value.len = 0;
                 http.fields[i].value.len < was.len;
                 http.fields[i].value.len++)
            {
                http.fields[i].value = exact_slice(was.data,
                                                   http.fields[i].value.len);
                EXPECT(verify_in_arena() != SIGN_OK);
            }

            http.fields[i].value = was;
        }

        was = http.req.target;

        for (i = 0; i < was.len; i++) {
            http.req.target = exact_slice(was.data, i);
            EXPECT(verify_in_arena() != SIGN_OK);
        }
    }
}


TEST(a_request_without_memory_is_refused_as_such)
{
    unsigned         w, refused;
    sign_code_e      rc;
    postern_alloc_t  memory;

    static const whole_t  spelled = {
        "POST /%61/b?y=2&x=%31", HOST DATE, LISTED, LINES, "x=1&y=2"
    };

    for (w = 0; w <= NWHOLES; w++) {
        whole(w < NWHOLES ? &wholes[w] : &spelled);
        memory = scarce_allocator();
        refused = 0;

        while (scarce_next()) {
            rc = verify(&memory);

            if (scarce_failed()) {
                EXPECT_INT(rc, SIGN_NO_MEMORY);
                refused++;

            } else if (w < NWHOLES) {
                EXPECT_INT(rc, SIGN_OK);
            }
        }

        EXPECT(refused >= 4);
    }
}


/* --- limits -------------------------------------------------------------- */

static char  huge[SIGN_MAX_BASE + SIGN_MAX_HEADER];


static void
long_target(char *target, const char *before, size_t len)
{
    memcpy(target, before, strlen(before));
    memset(target + strlen(before), 'a', len);
    http.req.target = (postern_str_t) { strlen(before) + len,
                                        (unsigned char *) target };
}


TEST(what_is_too_long_is_refused_as_such)
{
    char  *target;

    whole(&wholes[0]);
    target = malloc(SIGN_MAX_BASE + 16);

    long_target(target, "/", SIGN_MAX_BASE / 3 - 1);
    EXPECT_INT(verify_in_arena(), SIGN_INVALID);
    long_target(target, "/", SIGN_MAX_BASE / 3);
    EXPECT_INT(verify_in_arena(), SIGN_TOO_LARGE);

    long_target(target, "/?x=", SIGN_MAX_BASE / 3 - 2);
    EXPECT_INT(verify_in_arena(), SIGN_INVALID);
    long_target(target, "/?x=", SIGN_MAX_BASE / 3 - 1);
    EXPECT_INT(verify_in_arena(), SIGN_TOO_LARGE);

    free(target);

    /* a header that is signed, and what says so */

    whole(&wholes[0]);
    memset(huge, 'a', sizeof(huge));
    http.fields[2].value = (postern_str_t) { SIGN_MAX_BASE,
                                             (unsigned char *) huge };
    EXPECT_INT(verify_in_arena(), SIGN_TOO_LARGE);

    whole(&wholes[0]);
    memcpy(huge, http.fields[3].value.data, http.fields[3].value.len);
    http.fields[3].value = (postern_str_t) { SIGN_MAX_HEADER + 1,
                                             (unsigned char *) huge };
    EXPECT_INT(verify_in_arena(), SIGN_TOO_LARGE);
}


TEST(region_and_service_are_bounded)
{
    int   i, n;
    char  authorization[512], part[SIGN_SIGV4_SCOPE_MAX + 2];

    for (n = 0; n <= SIGN_SIGV4_SCOPE_MAX + 1; n++) {
        memset(part, 'r', n);
        part[n] = '\0';

        for (i = 0; i < 2; i++) {
            snprintf(authorization, sizeof(authorization),
                     "AWS4-HMAC-SHA256 Credential=AK1/20261121/%s/%s/"
                     "aws4_request, " GOOD_LIST ", " GOOD_SIG,
                     i ? part : "r", i ? "s" : part);

            EXPECT_INT(try_authorization(authorization),
                       n == 0 || n > SIGN_SIGV4_SCOPE_MAX ? SIGN_MALFORMED
                                                          : SIGN_INVALID);
        }
    }
}


TEST(blanks_around_the_parts_of_authorization_say_nothing)
{
    static const char *const  texts[] = {
        "AWS4-HMAC-SHA256 \t " GOOD_CRED " \t,\t " GOOD_LIST "\t , "
        GOOD_SIG " \t",
        "AWS4-HMAC-SHA256 " GOOD_CRED "," GOOD_LIST "," GOOD_SIG
    };

    EXPECT_INT(try_authorization(texts[0]), SIGN_INVALID);
    EXPECT_INT(try_authorization(texts[1]), SIGN_INVALID);
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256"), SIGN_MALFORMED);
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256 "), SIGN_MALFORMED);
    EXPECT_INT(try_authorization("AWS4-HMAC-SHA256 \t ,"), SIGN_MALFORMED);
}


TEST(fields_of_one_value_come_once)
{
    unsigned  i;
    char      headers[512], listed[128], lines[512];

    static const char *const  names[] = {
        "date", "content-type", "content-length", "content-range", "range"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(headers, sizeof(headers), HOST DATE "%s: 1\n%s: 1\n",
                 names[i], names[i]);
        snprintf(listed, sizeof(listed), "%s;" LISTED, names[i]);
        snprintf(lines, sizeof(lines), "%s:1,1\n" LINES, names[i]);

        EXPECT_INT(try_header(headers, listed, lines), SIGN_AMBIGUOUS);
    }

    EXPECT_INT(try_header(HOST DATE "ranger: 1\nranger: 1\n", "ranger;" LISTED,
                          "ranger:1,1\n" LINES), SIGN_OK);
}


TEST(the_host_is_there_and_one)
{
    try_t  t = { 0 };

    t.line = "GET /";
    t.headers = DATE;
    t.canonical = "GET\n/\n\nhost:\nx-amz-date:" TIME "\n\n" LISTED "\n" EMPTY;
    EXPECT_INT(try_request(&t), SIGN_COVERAGE);

    t.headers = HOST "Host: other.example\n" DATE;
    EXPECT_INT(try_request(&t), SIGN_AMBIGUOUS);

    /* the same twice is two as well */

    t.headers = HOST HOST DATE;
    EXPECT_INT(try_request(&t), SIGN_AMBIGUOUS);

    /* under the name that HTTP/2 has for it */

    EXPECT_INT(try_header(HOST DATE, ":authority;x-amz-date",
                          ":authority:app.example\nx-amz-date:" TIME "\n"),
               SIGN_OK);

    t.headers = HOST DATE;
    t.demanded = "host";
    t.canonical = "GET\n/\n\n" LINES "\n" LISTED "\n" EMPTY;
    EXPECT_INT(try_request(&t), SIGN_OK);
}


/* over HTTP/2 nginx may have no Host field, but an authority */

TEST(a_host_without_a_field_is_the_authority)
{
    sign_message_t   msg;
    sign_policy_t    policy;
    postern_arena_t  *a;
    postern_alloc_t  memory;
    postern_str_t    demanded = postern_string("host");

    whole(&wholes[0]);
    memmove(http.fields, http.fields + 1,
            --http.req.nfields * sizeof(sign_field_t));

    memset(&policy, 0, sizeof(policy));
    policy.schemes = SIGN_SIGV4;
    policy.fields = &demanded;
    policy.nfields = 1;

    a = postern_arena_create();
    memory = postern_arena_allocator(a);
    EXPECT_INT(try_steps(&http, &policy, SECRET, &memory, &msg), SIGN_OK);
    postern_arena_destroy(a);
}


TEST(a_date_comes_once)
{
    EXPECT_INT(try_header(HOST "Date: Sat, 21 Nov 2026 23:19:15 GMT\n"
                          "Date: Sat, 21 Nov 2026 23:19:15 GMT\n",
                          "date;host", "date:x\nhost:app.example\n"),
               SIGN_AMBIGUOUS);
}


TEST(a_hash_must_fit_what_is_there)
{
    whole(&wholes[1]);
    http.req.has_body = 0;
    EXPECT_INT(verify_in_arena(), SIGN_DIGEST);

    EXPECT_INT(try_header(HOST DATE "X-Amz-Content-Sha256: " EMPTY "\n",
                          "host;x-amz-content-sha256;x-amz-date",
                          "host:app.example\nx-amz-content-sha256:" EMPTY "\n"
                          "x-amz-date:" TIME "\n"), SIGN_OK);
}


/* --- paths, queries, times ----------------------------------------------- */

static postern_str_t
path(const char *sent, sign_sigv4_path_e how)
{
    static unsigned char  out[512];
    postern_str_t         s = exact(sent);

    return (postern_str_t) { sign_sigv4_path(s, how, out), out };
}


/* RFC 3986 section 5.2.4, but that a dot segment at the end leaves no slash, as
   with the clients of AWS */

TEST(paths_are_normalized)
{
    unsigned  i;

    static const char *const  paths[][2] = {
        { "/", "/" }, { "", "/" }, { "//", "/" }, { "/a//b", "/a/b" },
        { "/.", "/" }, { "/..", "/" }, { "/a/.", "/a" },
        { "/a/..", "/" }, { "/a/../..", "/" }, { "/a/b/..", "/a" },
        { "/a/b/../c", "/a/c" }, { "/../a", "/a" }, { "/.a", "/.a" },
        { "/..a", "/..a" }, { "/a.", "/a." }, { "/...", "/..." },
        { "/ab/cd/../../e/", "/e/" }, { "/a/./b/", "/a/b/" },
        { "/ab/./", "/ab/" }, { "/xy", "/xy" }, { "/.x/x.", "/.x/x." }
    };

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!EXPECT_STR(path(paths[i][0], SIGN_SIGV4_PATH_NORMALIZED),
                        paths[i][1]))
        {
            printf("# of %s\n", paths[i][0]);
        }
    }

    EXPECT_STR(path("/a/../b", SIGN_SIGV4_PATH_SENT), "/a/../b");
    EXPECT_STR(path("/a/../b c", SIGN_SIGV4_PATH_ENCODED), "/a/../b%20c");
}


TEST(a_path_is_clear_where_its_escapes_are)
{
    EXPECT(sign_sigv4_path_is_clear(exact("/a")));
    EXPECT(sign_sigv4_path_is_clear(exact("/%41%00%20%ff")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%4")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%4g")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%g4")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%2B")));
    EXPECT(!sign_sigv4_path_is_clear(exact("/%2c")));
}


TEST(queries_that_are_none)
{
    postern_arena_t  *a;
    postern_alloc_t   memory;
    postern_str_t     out;
    unsigned          i;

    static const struct {
        const char   *query;
        sign_code_e   code;
        const char   *canonical;
    } cases[] = {
        { "a=1&a=1", SIGN_OK, "a=1&a=1" },
        { "a=1&a=12&a=", SIGN_OK, "a=&a=1&a=12" },
        { "ab&a&&b&", SIGN_OK, "a=&ab=&b=" },
        { "a=%2", SIGN_MALFORMED, NULL },
        { "a=%g0", SIGN_MALFORMED, NULL },
        { "a=%0g", SIGN_MALFORMED, NULL },
        { "%=1", SIGN_MALFORMED, NULL },
        { "%zz=1", SIGN_MALFORMED, NULL },
        { "a=%2f%2F+", SIGN_OK, "a=%2F%2F+" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        a = postern_arena_create();
        memory = postern_arena_allocator(a);

        EXPECT_INT(sign_sigv4_query(exact(cases[i].query), &memory, &out),
                   cases[i].code);

        if (cases[i].canonical) {
            EXPECT_STR(out, cases[i].canonical);
        }

        postern_arena_destroy(a);
    }
}


TEST(a_target_is_a_path_or_an_address)
{
    unsigned       i;
    postern_str_t  p, q;

    static const struct {
        const char  *target;
        const char  *path;      /* NULL: refused */
        const char  *query;
    } cases[] = {
        { "/", "/", "" }, { "/?", "/", "" }, { "/a?b?c", "/a", "b?c" },
        { "http://h", "/", "" }, { "http://h?a", "/", "a" },
        { "https://h/a", "/a", "" }, { "https://hh?a/b", "/", "a/b" },
        { "http://", NULL, NULL }, { "https://", NULL, NULL },
        { "httpx://h/", NULL, NULL }, { "ftps:///h/a", NULL, NULL },
        { "ftp://h/a", NULL, NULL }, { "*", NULL, NULL }, { "", NULL, NULL },
        { "h:443", NULL, NULL }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (cases[i].path == NULL) {
            EXPECT_INT(sign_sigv4_target(exact(cases[i].target), &p, &q), -1);

        } else if (EXPECT_INT(sign_sigv4_target(exact(cases[i].target), &p,
                                                &q), 0))
        {
            EXPECT_STR(p, cases[i].path);
            EXPECT_STR(q, cases[i].query);
        }
    }

    /* and so says the whole */

    whole(&wholes[0]);
    http.req.target = exact("ftp://h/a");
    EXPECT_INT(verify_in_arena(), SIGN_UNSUPPORTED);
}


TEST(a_signature_in_the_query_is_seen_in_any_spelling)
{
    unsigned        i;
    sign_request_t  req;

    static const char *const  seen[] = {
        "/?X-Amz-Signature=1", "/?x-amz-signature", "/?a=1;X-AMZ-SIGNATURE=1",
        "/?%58-Amz-Signature=1", "/?X%2dAmz%2DSignature=1", "/?&&x-amz-date"
    };

    static const char *const  not_seen[] = {
        "", "/", "/?", "/x-amz-date", "/?x-amz-dates=1", "/?x-amz-dat=1",
        "/?%", "/?%5", "/?%zz-amz-date=1", "/?%5z-amz-date", "/?%z8-amz-date",
        "/?x-amz-signature-and-much-more-of-it=1", "/?y-amz-date=1", "/?x%5"
    };

    memset(&req, 0, sizeof(req));

    for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        req.target = exact(seen[i]);
        EXPECT_INT(sign_sigv4_in_query(&req, 0), 1);
    }

    for (i = 0; i < sizeof(not_seen) / sizeof(not_seen[0]); i++) {
        req.target = exact(not_seen[i]);
        EXPECT_INT(sign_sigv4_in_query(&req, 0), 0);
    }
}


TEST(times_that_are_none)
{
    unsigned       i;
    int64_t        seconds;
    unsigned char  basic[SIGN_SIGV4_TIME_LEN];

    static const char *const  good[] = {
        "20240229T000000Z", "20000229T235959Z", "20000301T000000Z",
        "19700101T000000Z", "Thu, 29 Feb 2024 00:00:00 GMT",
        "21000301T000000Z", "20230101T000000Z", "20241231T000000Z"
    };

    static const char *const  bad[] = {
        "", "20230229T000000Z", "21000229T000000Z", "19691231T235959Z",
        "20240001T000000Z", "20241301T000000Z", "20240100T000000Z",
        "20240132T000000Z", "20240431T000000Z", "20240101T240000Z",
        "20240101T006000Z", "20240101T000060Z", "20240101X000000Z",
        "20240101T000000X", "2024010aT000000Z", "20240/01T000000Z",
        "Xxx, 29 Feb 2024 00:00:00 GMT", "Thu; 29 Feb 2024 00:00:00 GMT",
        "Thu, 29xFeb 2024 00:00:00 GMT", "Thu, 29 Febx2024 00:00:00 GMT",
        "Thu, 29 Feb 2024x00:00:00 GMT", "Thu, 29 Feb 2024 00x00:00 GMT",
        "Thu, 29 Feb 2024 00:00x00 GMT", "Thu, 29 Feb 2024 00:00:00 UTC",
        "Thu, 29 Xxx 2024 00:00:00 GMT", "Thu, 2a Feb 2024 00:00:00 GMT"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        EXPECT_INT(sign_sigv4_time(exact(good[i]), &seconds, basic), 0);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!EXPECT_INT(sign_sigv4_time(exact(bad[i]), &seconds, basic), -1)) {
            printf("# %s\n", bad[i]);
        }
    }
}


UNIT_MAIN()
