/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc */

/* SigV4: what a message says of a body that is framed, to the letter. */

#include "sigv4_scarce.h"


#define CONTENT(text)  "X-Amz-Content-Sha256: " text "\n"
#define LENGTH(text)   "X-Amz-Decoded-Content-Length: " text "\n"
#define TRAILER(text)  "X-Amz-Trailer: " text "\n"
#define CHUNKS         CONTENT("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
#define TRAILERS       CONTENT("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")


static try_t  t;


/* whatever is signed: a message that is well formed does not cover it */

static sign_code_e
say(const char *headers)
{
    memset(&t, 0, sizeof(t));
    t.line = "PUT /a";
    t.headers = headers;
    t.body = "hello";

    return try_request(&t);
}


TEST(chunks_have_a_length)
{
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("0")), SIGN_COVERAGE);
    EXPECT_INT(t.msg.framed, 1);
    EXPECT_INT(t.msg.payload_len, 0);
    EXPECT_INT(t.msg.body, SIGN_BODY_AFTER);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("999999999999999999")),
               SIGN_COVERAGE);
    EXPECT_INT(t.msg.payload_len, 999999999999999999);

    EXPECT_INT(say(HOST DATE CHUNKS), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("-1")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("1a")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("1 2")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("0000000000000000001")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("1") LENGTH("1")), SIGN_AMBIGUOUS);
}


TEST(trailers_are_listed)
{
    const sign_sigv4_t  *v4;

    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("A , b-c,d")),
               SIGN_COVERAGE);
    v4 = t.msg.scheme_data;
    EXPECT_INT(v4->ntrailers, 3);
    EXPECT_STR(v4->trailers[0], "a");
    EXPECT_STR(v4->trailers[1], "b-c");
    EXPECT_STR(v4->trailers[2], "d");

    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CHUNKS LENGTH("1") TRAILER("a")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a,")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a,,b")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a b")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a:b")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("\xc3\xa4")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a\001")),
               SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("[a]^")),
               SIGN_COVERAGE);

    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a,b,A")),
               SIGN_AMBIGUOUS);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1") TRAILER("a") TRAILER("b")),
               SIGN_AMBIGUOUS);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1")
                   TRAILER("a,b,c,d,e,f,g,h")), SIGN_COVERAGE);
    EXPECT_INT(say(HOST DATE TRAILERS LENGTH("1")
                   TRAILER("a,b,c,d,e,f,g,h,i")), SIGN_TOO_LARGE);
}


TEST(what_is_not_known_is_unsupported)
{
    EXPECT_INT(say(HOST DATE CONTENT("STREAMING-")), SIGN_MALFORMED);
    EXPECT_INT(say(HOST DATE CONTENT("STREAMING-X")), SIGN_UNSUPPORTED);
    EXPECT_INT(say(HOST DATE
                   CONTENT("STREAMING-AWS4-HMAC-SHA256-EVENTS")),
               SIGN_UNSUPPORTED);
    EXPECT_INT(say(HOST DATE
                   CONTENT("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")),
               SIGN_UNSUPPORTED);
    EXPECT_INT(say(HOST DATE CONTENT("unsigned-payload")), SIGN_MALFORMED);
}


TEST(out_of_memory)
{
    char         text[1024];
    sign_text_t  http;

    snprintf(text, sizeof(text), "PUT /a HTTP/1.1\n" HOST DATE TRAILERS
             LENGTH("1") TRAILER("a") "Authorization: AWS4-HMAC-SHA256 "
             GOOD_CRED ", SignedHeaders=" LISTED ";x-amz-content-sha256;"
             "x-amz-decoded-content-length;x-amz-trailer, " GOOD_SIG "\n\nx");
    sign_text_parse(&http, text, strlen(text));

    try_scarce(&http, SIGN_INVALID);
}


UNIT_MAIN()
