
/*
 * Signed requests for a load generator: writes N raw HTTP/1.1 requests, each
 * with a signature and a nonce of its own, every one followed by the byte 0x1e.
 *
 *     requests N ALGORITHM HOST PATH KEY_ID SECRET
 *
 * ALGORITHM is "hmac-sha256" (SECRET: the characters of the secret), "ed25519"
 * (SECRET: 64 hexadecimal digits of the seed) or "none".
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>


#define COMPONENTS  "(\"@method\" \"@authority\" \"@path\")"


static unsigned char  ed25519_secret[crypto_sign_SECRETKEYBYTES];


static int
read_seed(const char *hex)
{
    size_t         len;
    unsigned char  seed[crypto_sign_SEEDBYTES];
    unsigned char  public_key[crypto_sign_PUBLICKEYBYTES];

    if (sodium_hex2bin(seed, sizeof(seed), hex, strlen(hex), NULL, &len, NULL)
        != 0
        || len != sizeof(seed))
    {
        return -1;
    }

    return crypto_sign_seed_keypair(public_key, ed25519_secret, seed);
}


static size_t
sign_base(const char *algorithm, const char *secret, const char *base,
    size_t len, unsigned char *out)
{
    unsigned            n;
    unsigned long long  siglen;

    if (strcmp(algorithm, "ed25519") == 0) {
        crypto_sign_detached(out, &siglen, (const unsigned char *) base, len,
                             ed25519_secret);
        return siglen;
    }

    HMAC(EVP_sha256(), secret, (int) strlen(secret),
         (const unsigned char *) base, len, out, &n);

    return n;
}


int
main(int argc, char **argv)
{
    int            len, params_len;
    long           i, n;
    char           base[2048], params[1024], encoded[256], nonce[33];
    time_t         now;
    const char    *algorithm, *host, *path;
    unsigned char  signature[64], seed[16];

    if (argc != 7 || sodium_init() < 0) {
        fprintf(stderr, "usage: requests N ALGORITHM HOST PATH KEY_ID "
                        "SECRET\n");
        return 2;
    }

    n = atol(argv[1]);
    algorithm = argv[2];
    host = argv[3];
    path = argv[4];
    now = time(NULL);

    if (strcmp(algorithm, "ed25519") == 0 && read_seed(argv[6]) != 0) {
        fprintf(stderr, "requests: the seed is not 64 hexadecimal digits\n");
        return 2;
    }

    for (i = 0; i < n; i++) {

        if (strcmp(algorithm, "none") == 0) {
            printf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n\x1e", path, host);
            continue;
        }

        randombytes_buf(seed, sizeof(seed));
        sodium_bin2hex(nonce, sizeof(nonce), seed, sizeof(seed));

        params_len = snprintf(params, sizeof(params),
                              COMPONENTS ";created=%lld;keyid=\"%s\""
                              ";nonce=\"%s\"",
                              (long long) now, argv[5], nonce);

        len = snprintf(base, sizeof(base),
                       "\"@method\": GET\n\"@authority\": %s\n\"@path\": %s\n"
                       "\"@signature-params\": %.*s",
                       host, path, params_len, params);

        len = (int) sign_base(algorithm, argv[6], base, (size_t) len,
                              signature);

        EVP_EncodeBlock((unsigned char *) encoded, signature, len);

        printf("GET %s HTTP/1.1\r\nHost: %s\r\n"
               "Signature-Input: sig=%s\r\nSignature: sig=:%s:\r\n\r\n\x1e",
               path, host, params, encoded);
    }

    return 0;
}
