/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc */

/* Bodies that are signed chunk by chunk: the example of the S3 documentation,
   the body in pieces of every length, each byte changed, and every way in which
   the framing may be wrong. */

#include "unit.h"
#include "sigv4_chunks.h"
#include "scarce.h"


#define SEED    "4f232c4386841ef735655705268965c4"                            \
                "4a0e4690baa4adea153f7db9fa80a0a9"
#define SIGNED  (SIGN_SIGV4_TRAILER)
#define PLAIN   (SIGN_SIGV4_TRAILER | SIGN_SIGV4_UNSIGNED)


static chunks_t          body;
static chunks_request_t  request;


static sign_code_e
feed(size_t payload, unsigned content, const char *trailer, size_t piece)
{
    sign_code_e  code;

    chunks_close(&request);
    chunks_open(&request, SEED, payload, content);

    if (trailer) {
        request.v4.trailers[request.v4.ntrailers++] = sign_text_str(trailer);
    }

    code = chunks_feed(&request, body.data, body.len, piece);

    if (code != SIGN_OK) {
        EXPECT(code == SIGN_NO_MEMORY || request.msg.detail[0] != '\0');
    }

    return code;
}


/* "hello " and "world" */

static void
two_chunks(void)
{
    chunks_begin(&body, SEED);
    chunks_add(&body, "hello ", 6);
    chunks_add(&body, "world", 5);
    chunks_add(&body, "", 0);
    chunks_text(&body, "\r\n");
}


/* sigv4-streaming of the S3 documentation: 65 KiB of "a" */

TEST(the_example_of_the_s3_documentation)
{
    static unsigned char  a[65536];
    static const char    *const  signatures[] = {
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
    };

    memset(a, 'a', sizeof(a));

    chunks_begin(&body, SEED);
    chunks_text(&body, "10000;chunk-signature=");
    chunks_text(&body, signatures[0]);
    chunks_text(&body, "\r\n");
    chunks_put(&body, a, 65536);
    chunks_text(&body, "\r\n400;chunk-signature=");
    chunks_text(&body, signatures[1]);
    chunks_text(&body, "\r\n");
    chunks_put(&body, a, 1024);
    chunks_text(&body, "\r\n0;chunk-signature=");
    chunks_text(&body, signatures[2]);
    chunks_text(&body, "\r\n\r\n");

    EXPECT_INT(body.len, 66824);
    EXPECT_INT(feed(66560, 0, NULL, body.len), SIGN_OK);
    EXPECT_INT(feed(66560, 0, NULL, 4096), SIGN_OK);
    EXPECT_INT(feed(66560, 0, NULL, 1), SIGN_OK);

    body.data[100] ^= 1;
    EXPECT_INT(feed(66560, 0, NULL, 4096), SIGN_DIGEST);
    body.data[100] ^= 1;
    body.data[66000] ^= 1;
    EXPECT_INT(feed(66560, 0, NULL, 4096), SIGN_DIGEST);
}


/* the same with three fields behind it, as signed by AWS's own library */

TEST(trailers_of_aws_c_auth)
{
    static unsigned char  a[65536];
    char                  hex[65];
    postern_str_t         *t;

    memset(a, 'a', sizeof(a));

    chunks_begin(&body, SEED);
    chunks_add(&body, a, 65536);
    chunks_add(&body, a, 1024);
    chunks_add(&body, "", 0);

    chunks_sign(&body, "TRAILER", "first:1st\nsecond:2nd\nthird:3rd\n", 31,
                hex);
    EXPECT_STR(sign_text_str(hex), "df5735bd9f3295cd9386572292562fef"
                                   "c93ba94e80a0a1ddcbd652c4e0a75e6c");

    chunks_trailers(&body, "first:1st\nsecond:2nd\nthird:3rd\n",
                    "first:1st\r\nsecond:2nd\r\nthird: 3rd \r\n");

    chunks_close(&request);
    chunks_open(&request, SEED, 66560, SIGNED);
    t = request.v4.trailers;
    t[0] = sign_text_str("first");
    t[1] = sign_text_str("second");
    t[2] = sign_text_str("third");
    request.v4.ntrailers = 3;

    EXPECT_INT(chunks_feed(&request, body.data, body.len, 1000), SIGN_OK);

    /* one is listed that does not come */

    t[3] = sign_text_str("fourth");
    request.v4.ntrailers = 4;

    EXPECT_INT(chunks_feed(&request, body.data, body.len, 1000), SIGN_DIGEST);
}


TEST(in_pieces_of_every_length)
{
    size_t  i;

    two_chunks();

    for (i = 1; i <= body.len; i++) {
        EXPECT_INT(feed(11, 0, NULL, i), SIGN_OK);
    }
}


/* all of it is signed, or is how what is signed is framed */

TEST(every_byte_changed)
{
    size_t         i;
    unsigned       byte, accepted;
    unsigned char  was;

    two_chunks();

    for (i = 0; i < body.len; i++) {
        was = body.data[i];
        accepted = 0;

        for (byte = 0; byte < 256; byte++) {

            if (byte == was) {
                continue;
            }

            body.data[i] = (unsigned char) byte;
            accepted += feed(11, 0, NULL, 7) == SIGN_OK;
        }

        EXPECT_INT(accepted, 0);
        body.data[i] = was;
    }
}


TEST(a_body_ends_with_its_last_chunk)
{
    size_t  len;

    two_chunks();

    for (len = body.len - 1; len != (size_t) -1; len--) {
        body.len = len;
        EXPECT_INT(feed(11, 0, NULL, 100), SIGN_DIGEST);
    }

    two_chunks();
    chunks_text(&body, "x");
    EXPECT_INT(feed(11, 0, NULL, 1000), SIGN_DIGEST);
    EXPECT_INT(feed(11, 0, NULL, 1), SIGN_DIGEST);

    /* the last chunk, and none before it */

    chunks_begin(&body, SEED);
    chunks_add(&body, "", 0);
    chunks_text(&body, "\r\n");
    EXPECT_INT(feed(11, 0, NULL, 1000), SIGN_DIGEST);
    EXPECT_INT(feed(0, 0, NULL, 1000), SIGN_OK);
}


TEST(nothing_at_all_is_a_body_of_no_payload)
{
    body.len = 0;

    EXPECT_INT(feed(0, 0, NULL, 1), SIGN_OK);
    EXPECT_INT(feed(1, 0, NULL, 1), SIGN_DIGEST);
    EXPECT_INT(feed(0, SIGNED, "a", 1), SIGN_DIGEST);
}


TEST(the_payload_is_as_long_as_was_signed)
{
    two_chunks();

    EXPECT_INT(feed(10, 0, NULL, 1000), SIGN_DIGEST);
    EXPECT_INT(feed(12, 0, NULL, 1000), SIGN_DIGEST);
    EXPECT_INT(feed(5, 0, NULL, 1000), SIGN_DIGEST);
}


TEST(chunks_keep_their_order)
{
    size_t    first, second;
    chunks_t  other;

    two_chunks();
    other = body;

    first = 3 + 81 + 6 + 2;             /* "6;chunk-signature=…" */
    second = first + 3 + 81 + 5 + 2;

    body.len = 0;
    chunks_put(&body, other.data + first, second - first);
    chunks_put(&body, other.data, first);
    chunks_put(&body, other.data + second, other.len - second);
    EXPECT_INT(feed(11, 0, NULL, 1000), SIGN_DIGEST);

    /* one twice, one left out */

    body.len = 0;
    chunks_put(&body, other.data, first);
    chunks_put(&body, other.data, other.len);
    EXPECT_INT(feed(17, 0, NULL, 1000), SIGN_DIGEST);

    body.len = 0;
    chunks_put(&body, other.data, first);
    chunks_put(&body, other.data + second, other.len - second);
    EXPECT_INT(feed(6, 0, NULL, 1000), SIGN_DIGEST);
}


static sign_code_e
head(const char *text)
{
    chunks_begin(&body, SEED);
    chunks_text(&body, text);

    return feed(5, 0, NULL, 1000);
}


#define HEX64  SEED

TEST(the_head_of_a_chunk_is_read_to_the_letter)
{
    size_t  i;

    EXPECT_INT(head("5;chunk-signature=" HEX64 "\r\nhello"), SIGN_DIGEST);

    EXPECT_INT(head(";chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("x;chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("-5;chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("0x5;chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5 ;chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5; chunk-signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature= " HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;Chunk-Signature=" HEX64 "\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature=\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature=0\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature=" HEX64 "*\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature=" HEX64 ";a=b\r\n"), SIGN_DIGEST);
    EXPECT_INT(head("5;chunk-signature=" HEX64 "\n"), SIGN_DIGEST);
    EXPECT_INT(head("\r\n"), SIGN_DIGEST);

    EXPECT_INT(head("5;chunk-signature=" HEX64 HEX64 "0123456789abcdef00"
                    "\r\n"), SIGN_DIGEST);

    /* 2^64 + 5, and as many zeros */

    EXPECT_INT(head("10000000000000005;chunk-signature=" HEX64 "\r\n"),
               SIGN_DIGEST);
    EXPECT(strstr(request.msg.detail, "size") != NULL);
    EXPECT_INT(head("00000000000000005;chunk-signature=" HEX64 "\r\n"),
               SIGN_DIGEST);
    EXPECT(strstr(request.msg.detail, "size") != NULL);

    /* a line without end */

    chunks_begin(&body, SEED);
    for (i = 0; i < 1000; i++) {
        chunks_text(&body, "5");
    }
    EXPECT_INT(feed(5, 0, NULL, 1), SIGN_DIGEST);
    EXPECT(strstr(request.msg.detail, "no end") != NULL);
}


TEST(behind_the_bytes_of_a_chunk_is_an_end_of_line)
{
    size_t             i;
    static const char  *const ends[] = {
        "\n", "\r\r\n", " \r\n", "x\r\n", "\rx", "\r"
    };

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        chunks_begin(&body, SEED);
        chunks_add(&body, "hello", 5);
        body.len -= 2;
        chunks_text(&body, ends[i]);
        EXPECT_INT(feed(5, 0, NULL, 1), SIGN_DIGEST);
        EXPECT_INT(feed(5, 0, NULL, 1000), SIGN_DIGEST);
    }
}


static void
hello_with(const char *hashed, const char *sent)
{
    chunks_begin(&body, SEED);
    chunks_add(&body, "hello", 5);
    chunks_add(&body, "", 0);
    chunks_trailers(&body, hashed, sent);
}


#define CRC32C  "x-amz-checksum-crc32c"
#define GOOD    CRC32C ":mnG7TA=="

TEST(signed_trailers)
{
    size_t  i;

    hello_with(GOOD "\n", GOOD "\r\n");

    for (i = 1; i <= body.len; i++) {
        EXPECT_INT(feed(5, SIGNED, CRC32C, i), SIGN_OK);
    }

    /* as minio-go ends them */

    hello_with(GOOD "\n", GOOD "\n\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 3), SIGN_OK);
    hello_with(GOOD "\n", GOOD "\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 3), SIGN_OK);

    hello_with(GOOD "\n", GOOD "\r\n\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 3), SIGN_DIGEST);
    hello_with(GOOD "\n", GOOD "\n\r\n\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 3), SIGN_DIGEST);
    hello_with(GOOD "\n", GOOD "\n\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 3), SIGN_DIGEST);

    /* another signature, another value, another name, twice, none */

    hello_with("a:b\n", GOOD "\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 1000), SIGN_DIGEST);
    hello_with(CRC32C ":AAAAAA==\n", CRC32C ":AAAAAA==\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 1000), SIGN_DIGEST);
    EXPECT(strstr(request.msg.detail, "payload") != NULL);
    hello_with("a:b\n", "a:b\r\n");
    EXPECT_INT(feed(5, SIGNED, CRC32C, 1000), SIGN_DIGEST);
    hello_with("a:b\n", "a:b\r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_OK);
    hello_with("a:b\na:b\n", "a:b\r\na:b\r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);
    hello_with("", "");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);
    hello_with("a:b\n", "a:b\n\r\na:b\r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);
    hello_with("a:b\n", "a\r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);

    /* no signature, half of one, and something behind it */

    chunks_begin(&body, SEED);
    chunks_add(&body, "", 0);
    chunks_text(&body, "a:b\r\n\r\n");
    EXPECT_INT(feed(0, SIGNED, "a", 1000), SIGN_DIGEST);

    hello_with("a:b\n", "a:b\r\n");
    memcpy(body.data + body.len - 6, "\r\n\r\nxx", 6);
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);

    hello_with("a:b\n", "a:b\r\n");
    memcpy(body.data + body.len - 4, "\n\r\nx", 4);
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);

    hello_with("a:b\n", "a:b\r\n");
    chunks_text(&body, "x");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_DIGEST);
}


TEST(trailers_of_no_value_and_behind_an_empty_line)
{
    hello_with("a:\n", "a: \r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_OK);
    hello_with("a:\n", "a:\r\n");
    EXPECT_INT(feed(5, SIGNED, "a", 1000), SIGN_OK);

    hello_with("a:b\nc:d\n", "a:b\n\r\nc:d\r\n");
    chunks_close(&request);
    chunks_open(&request, SEED, 5, SIGNED);
    request.v4.trailers[0] = sign_text_str("a");
    request.v4.trailers[1] = sign_text_str("c");
    request.v4.ntrailers = 2;
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 9), SIGN_DIGEST);

    hello_with("a:b\nc:d\n", "a:b\nc:d\n\r\n");
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 9), SIGN_OK);
}


TEST(a_body_of_one_hash_is_hashed)
{
    body.len = 0;
    chunks_text(&body, "hello");

    chunks_close(&request);
    chunks_open(&request, SEED, 0, 0);
    request.v4.content = 0;
    request.msg.digest = SIGN_DIGEST_SHA256;
    sign_sha256(&(postern_str_t) postern_string("hello"), 1,
                request.msg.digest_value);

    EXPECT_INT(chunks_feed(&request, body.data, 5, 2), SIGN_OK);
    EXPECT_INT(chunks_feed(&request, body.data, 4, 2), SIGN_DIGEST);
}


TEST(a_trailer_is_bounded)
{
    size_t  i;

    chunks_begin(&body, SEED);
    chunks_add(&body, "", 0);
    chunks_text(&body, "a:");

    for (i = 0; i < 1000; i++) {
        chunks_text(&body, "b");
    }

    EXPECT_INT(feed(0, SIGNED, "a", 1), SIGN_DIGEST);
    EXPECT(strstr(request.msg.detail, "no end") != NULL);
}


/* echo -n hello | …, by Python's zlib, hashlib and botocore's CRCs */

TEST(checksums_of_payloads_that_are_not_signed)
{
    size_t             i;
    char               text[256];
    static const char  *const sums[][2] = {
        { "x-amz-checksum-crc32", "NhCmhg==" },
        { "x-amz-checksum-crc32c", "mnG7TA==" },
        { "x-amz-checksum-crc64nvme", "M3eFcAZSQlc=" },
        { "x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=" },
        { "x-amz-checksum-sha256",
          "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" }
    };

    for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        snprintf(text, sizeof(text),
                 "2\r\nhe\r\n3\r\nllo\r\n0\r\n%s:%s\r\n\r\n",
                 sums[i][0], sums[i][1]);
        chunks_begin(&body, SEED);
        chunks_text(&body, text);
        EXPECT_INT(feed(5, PLAIN, sums[i][0], 1000), SIGN_OK);
        EXPECT_INT(feed(5, PLAIN, sums[i][0], 1), SIGN_OK);

        body.data[3] ^= 1;
        EXPECT_INT(feed(5, PLAIN, sums[i][0], 1000), SIGN_DIGEST);
        EXPECT(strstr(request.msg.detail, sums[i][0]) != NULL);
        body.data[3] ^= 1;
        body.data[body.len - 6] ^= 1;
        EXPECT_INT(feed(5, PLAIN, sums[i][0], 1000), SIGN_DIGEST);
    }
}


/* the check values of the catalogues: "123456789" */

static int
checksum_of_digits(const char *field, const char *value)
{
    int               known, equal;
    postern_arena_t  *arena;
    postern_alloc_t   memory;
    sign_checksum_t  *sum;

    arena = postern_arena_create();
    memory = postern_arena_allocator(arena);

    sum = sign_checksum_begin(sign_text_str(field), &memory, &known);
    equal = -1;

    if (sum != NULL) {
        sign_checksum_update(sum, (const unsigned char *) "1234", 4);
        sign_checksum_update(sum, (const unsigned char *) "56789", 5);
        equal = sign_checksum_equal(sum, sign_text_str(value));

        /* the same in one piece */

        sum = sign_checksum_begin(sign_text_str(field), &memory, &known);
        sign_checksum_update(sum, (const unsigned char *) "123456789", 9);
        EXPECT_INT(sign_checksum_equal(sum, sign_text_str(value)), equal);
    }

    postern_arena_destroy(arena);

    return known ? equal : -2;
}


TEST(crcs_of_the_catalogue)
{
    EXPECT_INT(checksum_of_digits("x-amz-checksum-crc32", "y/Q5Jg=="), 1);
    EXPECT_INT(checksum_of_digits("x-amz-checksum-crc32c", "4waSgw=="), 1);
    EXPECT_INT(checksum_of_digits("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
               1);
    EXPECT_INT(checksum_of_digits("x-amz-checksum-crc32", "y/Q5Jw=="), 0);
    EXPECT_INT(checksum_of_digits("x-amz-checksum-crc32", "y/Q5Jg"), 0);
    EXPECT_INT(checksum_of_digits("x-amz-checksum-md5", "y/Q5Jg=="), -2);
}


static sign_code_e
plain(const char *text, const char *trailer)
{
    chunks_begin(&body, SEED);
    chunks_text(&body, text);

    return feed(5, PLAIN, trailer, 1000);
}


TEST(unsigned_chunks_are_framed_as_strictly)
{
    EXPECT_INT(plain("5\r\nhello\r\n0\r\na:b\r\n\r\n", "a"), SIGN_OK);
    EXPECT_INT(plain("05\r\nhello\r\n0\r\na:b\r\n\r\n", "a"), SIGN_OK);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\n\r\n", NULL), SIGN_OK);

    EXPECT_INT(plain("5\r\nhello\r\n0\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5;a=b\r\nhello\r\n0\r\na:b\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\nhello\r\n0\r\na:b\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\na:b\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\na:b\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\na:b\r\n\r\nx", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\nb:b\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("4\r\nhello\r\n0\r\na:b\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("4\r\nhell\r\n0\r\na:b\r\n\r\n", "a"), SIGN_DIGEST);
    EXPECT_INT(plain("5\r\nhello\r\n0\r\nx-amz-trailer-signature:" SEED
                     "\r\n\r\n", "a"), SIGN_DIGEST);
}


/* what is left of the body without its framing */

static sign_code_e
unframe(size_t payload, size_t piece, char *out, size_t *out_len)
{
    size_t          i, n;
    sign_code_e     code;
    sign_sink_t    *sink;
    unsigned char  *copy;

    chunks_close(&request);
    chunks_open(&request, SEED, payload, 0);

    sink = sign_sink(request.key, &request.memory, &request.msg);
    code = SIGN_OK;
    *out_len = 0;

    for (i = 0; i < body.len && code == SIGN_OK; i += piece) {
        n = body.len - i < piece ? body.len - i : piece;
        copy = malloc(n);
        memcpy(copy, body.data + i, n);

        code = sign_unframe(sink, copy, &n, &request.msg);

        if (code == SIGN_OK) {
            memcpy(out + *out_len, copy, n);
            *out_len += n;
        }

        free(copy);
    }

    return code == SIGN_OK ? sink->final(sink, &request.msg) : code;
}


TEST(the_framing_is_taken_off)
{
    char    out[64];
    size_t  i, len;

    two_chunks();

    for (i = 1; i <= body.len; i++) {
        EXPECT_INT(unframe(11, i, out, &len), SIGN_OK);
        EXPECT(len == 11 && memcmp(out, "hello world", 11) == 0);
    }

    body.data[90] ^= 1;
    EXPECT_INT(unframe(11, 1000, out, &len), SIGN_DIGEST);
}


/* a signing key that made room for others meanwhile is derived again */

TEST(scopes_may_be_pushed_out_meanwhile)
{
    size_t  i;

    two_chunks();

    chunks_close(&request);
    chunks_open(&request, SEED, 11, 0);
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 10), SIGN_OK);

    for (i = 0; i < SIGN_SCOPES; i++) {
        request.key->scopes[i].used = 1;
        request.key->scopes[i].len = 22;
        memcpy(request.key->scopes[i].text, CHUNKS_SCOPE, 21);
    }

    EXPECT_INT(chunks_feed(&request, body.data, body.len, 10), SIGN_OK);

    /* one that is kept is used: here it is another's */

    request.key->scopes[1].len = 21;
    EXPECT_INT(chunks_feed(&request, body.data, body.len, 10), SIGN_DIGEST);
}


TEST(out_of_memory)
{
    sign_sink_t      *sink;
    postern_alloc_t   memory;

    chunks_close(&request);
    chunks_open(&request, SEED, 11, SIGNED);
    request.v4.trailers[request.v4.ntrailers++] = sign_text_str(CRC32C);

    memory = scarce_allocator();

    while (scarce_next()) {
        sink = sign_sink(request.key, &memory, &request.msg);

        if (scarce_failed()) {
            EXPECT(sink == NULL);

        } else {
            EXPECT(sink != NULL);
        }

        scarce_free();
    }

    chunks_close(&request);
    memset(&request, 0, sizeof(request));
}


UNIT_MAIN()
