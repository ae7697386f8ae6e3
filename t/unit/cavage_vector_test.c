/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * draft-cavage-http-signatures: the examples of appendix C, of draft 12 and of
 * those before, and the signing string of section 2.3.  The key of the appendix
 * has 1024 bits, which nobody should take any more: the signatures are verified
 * by libcrypto here, over the base that we make.
 */


#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "sign_steps.h"


#define HEAD(date)                                                            \
    "POST /foo?param=value&pet=dog HTTP/1.1\n"                                \
    "Host: example.com\n"                                                     \
    "Date: " date "\n"                                                        \
    "Content-Type: application/json\n"                                        \
    "Digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n"          \
    "Content-Length: 18\n"

#define SUNDAY  HEAD("Sun, 05 Jan 2014 21:31:40 GMT")
#define OLDER   HEAD("Thu, 05 Jan 2014 21:31:40 GMT")

#define SIGNED(headers, signature)                                            \
    "Signature: keyId=\"Test\",algorithm=\"rsa-sha256\"," headers             \
    "signature=\"" signature "\"\n\n"

#define BASIC  "headers=\"(request-target) host date\","
#define ALL    "headers=\"(request-target) host date content-type digest "    \
               "content-length\","


static const char  public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3\n"
    "6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6\n"
    "Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\n"
    "oYi+1hqp1fIekaxsyQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";


static int
verified(void)
{
    int          rc;
    BIO         *bio;
    EVP_PKEY    *pkey;
    EVP_MD_CTX  *ctx;

    bio = BIO_new_mem_buf(public_key, -1);
    pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    ctx = EVP_MD_CTX_new();

    rc = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1
         && EVP_DigestVerify(ctx, message.signature.data,
                             message.signature.len, message.base.data,
                             message.base.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    BIO_free(bio);

    return rc;
}


static void
vector(const char *text)
{
    defaults();
    policy.schemes = SIGN_CAVAGE;

    EXPECT_CODE(base_of(text), SIGN_OK);
    EXPECT(verified());
    EXPECT_STR(message.key_id, "Test");
    EXPECT_INT(message.alg, POSTERN_ALG_RSA_V1_5_SHA256);
    EXPECT_INT(message.created, 1388957500);
}


TEST(appendix_c_1_default)
{
    vector(SUNDAY SIGNED("", "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7"
                         "Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q25WqS+la"
                         "vg7T8hc0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD"
                         "0k/5OxEPXe5WozsbM="));
    EXPECT_STR(message.base, "date: Sun, 05 Jan 2014 21:31:40 GMT");
}


TEST(appendix_c_2_basic)
{
    vector(SUNDAY SIGNED(BASIC, "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbH"
                         "pUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEd"
                         "KFYRqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fs"
                         "wtemr3lgdDEmn04swr2Os0="));
    EXPECT_STR(message.base, "(request-target): post /foo?param=value&pet=dog\n"
               "host: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT");
}


TEST(appendix_c_3_all_headers)
{
    vector(SUNDAY SIGNED(ALL, "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmY"
                         "ZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V"
                         "01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePb"
                         "F5MOkR0Zkly4zKH7s1dE="));
    EXPECT_STR(message.base, "(request-target): post /foo?param=value&pet=dog\n"
               "host: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT\n"
               "content-type: application/json\n"
               "digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n"
               "content-length: 18");
}


TEST(appendix_c_of_the_drafts_before)
{
    vector(OLDER SIGNED("", "jKyvPcxB4JbmYY4mByyBY7cZfNl4OW9HpFQlG7N4YcJPteKTu"
                        "4MWCLyk+gIr0wDgqtLWf9NLpMAMimdfsH7FSWGfbMFSrsVTHNTk0"
                        "rK3usrfFnti1dxsM4jl0kYJCKTGI/UWkqiaxwNiKqGcdlEDrTcUh"
                        "hsFsOIo8VhddmZTZ8w="));
    vector(OLDER SIGNED(BASIC, "HUxc9BS3P/kPhSmJo+0pQ4IsCo007vkv6bUm4Qehrx+B1E"
                        "o4Mq5/6KylET72ZpMUS80XvjlOPjKzxfeTQj4DiKbAzwJAb4HX3q"
                        "X6obQTa00/qPDXlMepD2JtTw33yNnm/0xV7fQuvILN/ys+378Ysi"
                        "082+4xBQFwvhNvSoVsGv4="));
    vector(OLDER SIGNED(ALL, "Ef7MlxLXoBovhil3AlyjtBwAL9g4TN3tibLj7uuNB3CROat/"
                        "9KaeQ4hW2NiJ+pZ6HQEOx9vYZAyi+7cmIkmJszJCut5kQLAwuX+Ms"
                        "/mUFvpKlSo9StS2bMXDBNjOh4Auj774GFj4gwjS+3NhFeoqyr/MuN"
                        "6HsEnkvn6zdgfE2i0="));
}


TEST(a_key_of_1024_bits_is_none)
{
    BIO            *bio;
    EVP_PKEY       *pkey;
    unsigned char  *der;

    defaults();

    bio = BIO_new_mem_buf(public_key, -1);
    pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    der = NULL;

    key.algorithm = POSTERN_ALG_RSA_V1_5_SHA256;
    key.public_key.len = i2d_PUBKEY(pkey, &der);
    key.public_key.data = der;

    EXPECT(sign_key_create(&key, text_of(NULL)) == NULL);

    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
}


TEST(section_2_3_joins_and_keeps)
{
    defaults();
    policy.schemes = SIGN_CAVAGE;

    EXPECT_CODE(base_of(
        "GET /foo HTTP/1.1\n"
        "Host: example.org\n"
        "Date: Tue, 07 Jun 2014 20:51:35 GMT\n"
        "X-Example: Example header\n"
        "X-EmptyHeader:\n"
        "Cache-Control: max-age=60\n"
        "Cache-Control: must-revalidate\n"
        "Signature: keyId=\"a\",algorithm=\"hs2019\",created=1402170695,"
        "expires=1402170699.25,"
        "headers=\"(request-target) (created) (expires) host date "
        "cache-control x-emptyheader X-Example\",signature=\"AAAA\"\n\n"),
        SIGN_OK);

    EXPECT_STR(message.base,
        "(request-target): get /foo\n"
        "(created): 1402170695\n"
        "(expires): 1402170699.25\n"
        "host: example.org\n"
        "date: Tue, 07 Jun 2014 20:51:35 GMT\n"
        "cache-control: max-age=60, must-revalidate\n"
        "x-emptyheader: \n"
        "x-example: Example header");

    EXPECT_INT(message.created, 1402170695);
    EXPECT_INT(message.expires, 1402170699);
    EXPECT_INT(message.alg, 0);
}


UNIT_MAIN()
