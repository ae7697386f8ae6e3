/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * Keys are read twice, by the directory and by what verifies: a key that the
 * first takes the second can use, or the operator would learn of a bad key only
 * by the clients that are refused.  Keys of every kind, each octet changed.
 */


#include "directory.h"
#include "directory_keys.h"
#include "sign_message.h"

#include <sodium.h>


#define BYTES  1024


static const struct {
    const char  *algorithm;
    const char  *text;
} samples[] = {
    { "ed25519", ED_RAW },
    { "ed25519", ED_SPKI },
    { "ecdsa-p256-sha256", P256 },
    { "ecdsa-p256-sha256", P256_SPKI },
    { "ecdsa-p384-sha384", P384_POINT },
    { "rsa-v1_5-sha256", RSA_SPKI },
    { "rsa-pss-sha512", RSA_SPKI },
    { "rsa-pss-sha512", PSS_SPKI },
    { "ssh", SSH_ED25519 },
    { "ssh", SSH_P256 },
    { "ssh", SSH_P384 },
    { "ssh", SSH_P521 },
    { "ssh", SSH_RSA },
    { "ssh-ca", SSH_SK_ED25519 },
    { "ssh", SSH_SK_P256 }
};


/* what stands in front of the base64: the type of an SSH key */

static size_t
prefix_of(const char *text)
{
    const char  *blank;

    blank = strchr(text, ' ');

    return blank ? (size_t) (blank + 1 - text) : 0;
}


static postern_directory_t *
read_key(size_t i, const unsigned char *bytes, size_t len)
{
    char             text[4 * BYTES], b64[2 * BYTES];
    postern_error_t  err;

    sodium_bin2base64(b64, sizeof(b64), bytes, len,
                      sodium_base64_VARIANT_ORIGINAL);

    snprintf(text, sizeof(text),
             ORG("'keys':{'k':{'roles':[],'algorithm':'%s',"
                 "'public_key':'%.*s%s'%s}}"), samples[i].algorithm,
             (int) prefix_of(samples[i].text), samples[i].text, b64,
             strcmp(samples[i].algorithm, "ssh-ca") == 0
             ? ",'principals':['*']" : "");

    return parse(text, &err);
}


/* 1 where it was taken */

static int
agreed(size_t i, const unsigned char *bytes, size_t len)
{
    sign_key_t           *ready;
    postern_directory_t  *dir;

    dir = read_key(i, bytes, len);

    if (dir == NULL) {
        return 0;
    }

    ready = sign_key_create(&dir->keys[0],
                            (postern_str_t) postern_null_string);

    if (ready == NULL) {
        printf("# %s, %.*s: ", samples[i].algorithm,
               (int) prefix_of(samples[i].text), samples[i].text);
        unit_show("taken and of no use", bytes, len);
    }

    EXPECT(ready != NULL);

    sign_key_destroy(ready);
    postern_directory_destroy(dir);

    return 1;
}


TEST(a_key_that_the_directory_takes_can_be_used)
{
    size_t          i, k, n, len, taken;
    const char     *b64;
    unsigned char   bytes[BYTES], octet;

    static const unsigned char  changes[] = { 0x01, 0x20, 0x80, 0xff };

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {

        b64 = samples[i].text + prefix_of(samples[i].text);

        if (!EXPECT_INT(sodium_base642bin(bytes, sizeof(bytes), b64,
                                          strcspn(b64, " "), NULL, &len, NULL,
                                          sodium_base64_VARIANT_ORIGINAL), 0))
        {
            return;
        }

        EXPECT_INT(agreed(i, bytes, len), 1);

        taken = 0;

        for (k = 0; k < len; k++) {
            octet = bytes[k];

            for (n = 0; n < sizeof(changes); n++) {
                bytes[k] = octet ^ changes[n];
                taken += agreed(i, bytes, len);
            }

            bytes[k] = octet;
            taken += agreed(i, bytes, k);
        }

        /* not all numbers are keys */

        EXPECT(taken < len * 4);
    }
}


UNIT_MAIN()
