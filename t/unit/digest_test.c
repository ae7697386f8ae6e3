/* link:
   ngx_http_sign_module/sign_digest.c ngx_http_sign_module/sign_hmac.c
   -lcrypto */

/*
 * Hashes of what streams by: FIPS 180-4 examples, in pieces of every size.
 * HMAC: the examples of RFC 4231, and libcrypto's own as a second opinion.
 */


#include "unit.h"
#include "sign_verify.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>


#define ABC256                                                                \
    "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"        \
    "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad"

#define ABC512                                                                \
    "\xdd\xaf\x35\xa1\x93\x61\x7a\xba\xcc\x41\x73\x49\xae\x20\x41\x31"        \
    "\x12\xe6\xfa\x4e\x89\xa9\x7e\xa2\x0a\x9e\xee\xe6\x4b\x55\xd3\x9a"        \
    "\x21\x92\x99\x2a\x27\x4f\xc1\xa8\x36\xba\x3c\x23\xa3\xfe\xeb\xbd"        \
    "\x45\x4d\x44\x23\x64\x3c\xe8\x0e\x2a\x9a\xc9\x4f\xa5\x4c\xa4\x9f"

/* a million times "a" */

#define MILLION256                                                            \
    "\xcd\xc7\x6e\x5c\x99\x14\xfb\x92\x81\xa1\xc7\xe2\x84\xd7\x3e\x67"        \
    "\xf1\x80\x9a\x48\xa4\x97\x20\x0e\x04\x6d\x39\xcc\xc7\x11\x2c\xd0"

#define MILLION512                                                            \
    "\xe7\x18\x48\x3d\x0c\xe7\x69\x64\x4e\x2e\x42\xc7\xbc\x15\xb4\x63"        \
    "\x8e\x1f\x98\xb1\x3b\x20\x44\x28\x56\x32\xa8\x03\xaf\xa9\x73\xeb"        \
    "\xde\x0f\xf2\x44\x87\x7e\xa6\x0a\x4c\xb0\x43\x2c\xe5\x77\xc3\x1b"        \
    "\xeb\x00\x9c\x5c\x2c\x49\xaa\x2e\x4e\xad\xb2\x17\xad\x8c\xc0\x9b"


static void
stream(sign_digest_e kind, size_t total, size_t piece, const void *data,
    const char *want, size_t want_len)
{
    void           *memory;
    size_t          n, done;
    unsigned char   out[64];
    sign_digest_t  *d;

    memory = malloc(sign_digest_size());
    d = sign_digest_begin(memory, kind);

    for (done = 0; done < total; done += n) {
        n = total - done < piece ? total - done : piece;
        sign_digest_update(d, data, n);
    }

    EXPECT_INT(sign_digest_final(d, out), want_len);
    EXPECT_MEM(out, want, want_len);
    EXPECT(sign_digest_equal(kind, out, (const unsigned char *) want));

    free(memory);
}


TEST(short_messages)
{
    stream(SIGN_DIGEST_SHA256, 3, 3, "abc", ABC256, 32);
    stream(SIGN_DIGEST_SHA512, 3, 3, "abc", ABC512, 64);
    stream(SIGN_DIGEST_SHA256, 0, 1, "", "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14"
           "\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93\x4c"
           "\xa4\x95\x99\x1b\x78\x52\xb8\x55", 32);
}


TEST(a_million_bytes_in_pieces_of_every_kind)
{
    char           piece[4096];
    size_t         i;

    static size_t  sizes[] = { 1, 7, 55, 56, 63, 64, 65, 128, 1000, 4096 };

    memset(piece, 'a', sizeof(piece));

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        stream(SIGN_DIGEST_SHA256, 1000000, sizes[i], piece, MILLION256, 32);
        stream(SIGN_DIGEST_SHA512, 1000000, sizes[i], piece, MILLION512, 64);
    }
}


TEST(every_byte_counts_in_a_comparison)
{
    size_t         i;
    unsigned char  a[64], b[64];

    memcpy(a, ABC512, 64);
    memcpy(b, ABC512, 64);

    for (i = 0; i < 64; i++) {
        b[i] ^= 0x80;
        EXPECT(!sign_digest_equal(SIGN_DIGEST_SHA512, a, b));
        EXPECT_INT(sign_digest_equal(SIGN_DIGEST_SHA256, a, b), i >= 32);
        b[i] ^= 0x80;
    }

    EXPECT(sign_digest_equal(SIGN_DIGEST_SHA512, a, b));
}


TEST(no_kind_is_equal_to_nothing)
{
    unsigned char   a[64], *memory;
    sign_digest_t  *d;

    memset(a, 0, sizeof(a));
    EXPECT(!sign_digest_equal(SIGN_DIGEST_NONE, a, a));

    memory = malloc(sign_digest_size());
    d = sign_digest_begin(memory, SIGN_DIGEST_NONE);
    sign_digest_update(d, a, sizeof(a));
    EXPECT_INT(sign_digest_final(d, a), 0);
    free(memory);
}


TEST(slices_hash_as_if_they_were_one)
{
    unsigned char        out[32];
    const postern_str_t  parts[] = {
        postern_string("a"), postern_null_string, postern_string("bc")
    };

    sign_sha256(parts, 3, out);
    EXPECT_MEM(out, ABC256, 32);
}


static void
expect_hmac(const char *key, size_t key_len, const char *text, const char *want)
{
    sign_hmac_t    mac;
    postern_str_t  data = { strlen(text), (const unsigned char *) text };
    unsigned char  out[32];

    sign_hmac_key(&mac, (const unsigned char *) key, key_len);

    sign_hmac(&mac, data, out);
    EXPECT_MEM(out, want, sizeof(out));

    /* and once more: a key is used many times */

    sign_hmac(&mac, data, out);
    EXPECT_MEM(out, want, sizeof(out));
}


TEST(hmac_rfc4231)
{
    char  key[131], data[51];

    memset(key, 0x0b, 20);
    expect_hmac(key, 20, "Hi There",
        "\xb0\x34\x4c\x61\xd8\xdb\x38\x53\x5c\xa8\xaf\xce\xaf\x0b\xf1\x2b"
        "\x88\x1d\xc2\x00\xc9\x83\x3d\xa7\x26\xe9\x37\x6c\x2e\x32\xcf\xf7");

    expect_hmac("Jefe", 4, "what do ya want for nothing?",
        "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
        "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43");

    memset(key, 0xaa, sizeof(key));
    memset(data, 0xdd, 50);
    data[50] = '\0';
    expect_hmac(key, 20, data,
        "\x77\x3e\xa9\x1e\x36\x80\x0e\x46\x85\x4d\xb8\xeb\xd0\x91\x81\xa7"
        "\x29\x59\x09\x8b\x3e\xf8\xc1\x22\xd9\x63\x55\x14\xce\xd5\x65\xfe");

    expect_hmac(key, sizeof(key),
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "\x60\xe4\x31\x59\x1e\xe0\xb6\x7f\x0d\x8a\x26\xaa\xcb\xf5\xb7\x7f"
        "\x8e\x0b\xc6\x21\x37\x28\xc5\x14\x05\x46\x04\x0f\x0e\xe3\x7f\x54");
}


TEST(hmac_of_every_length)
{
    size_t         key, len;
    unsigned       n;
    unsigned char  text[200], out[32], want[32];
    postern_str_t  data = { 0, text };
    sign_hmac_t    mac;

    for (len = 0; len < sizeof(text); len++) {
        text[len] = (unsigned char) (len * 7);
    }

    for (key = 1; key < sizeof(text); key++) {

        sign_hmac_key(&mac, text, key);

        for (data.len = 0; data.len < sizeof(text); data.len += 13) {
            sign_hmac(&mac, data, out);
            HMAC(EVP_sha256(), text, (int) key, text, data.len, want, &n);
            EXPECT_MEM(out, want, sizeof(out));
        }
    }
}


UNIT_MAIN()
