
/*
 * For tests of webhooks: a directory with keys of several kinds, and all steps
 * of a request with a body, which comes in pieces of a few octets.
 */


#ifndef _WEBHOOK_TRY_H_INCLUDED_
#define _WEBHOOK_TRY_H_INCLUDED_


#include "sign_steps.h"
#include "directory.h"
#include "sign_scheme.h"
#include "sign_webhook.h"

#include <sodium.h>


#define STANDARD_SECRET  "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define GITHUB_SECRET    "It's a Secret to Everybody"
#define SLACK_SECRET     "8f742231b10e8888abcd99yyyzzz85a5"
#define STRIPE_SECRET    "whsec_an_example_of_a_secret"
#define SHOPIFY_SECRET   "shpss_an_example_of_a_secret"
#define CUSTOM_SECRET    "custom_an_example_of_a_secret"


static postern_directory_t  *directory;
static sign_key_t           *opened[SIGN_MAX_KEYS];
static sign_webhook_t        hook;
static size_t                piece = 7;         /* octets at a time */
static unsigned              unusable;          /* bits: keys not opened */
static unsigned char         pair_secret[crypto_sign_SECRETKEYBYTES];


/* the pair of the Ed25519 key of the directory, of a seed of zeros */

static inline void
webhook_directory(void)
{
    char             text[4096], public[64];
    unsigned char    seed[32] = { 0 }, raw[32];
    postern_error_t  err;

    crypto_sign_seed_keypair(raw, pair_secret, seed);
    sodium_bin2base64(public, sizeof(public), raw, sizeof(raw),
                      sodium_base64_VARIANT_ORIGINAL);

    snprintf(text, sizeof(text),
             "{\"version\":1,\"organizations\":{\"acme\":{\"keys\":{"
#define KEY(id, algorithm, secret)                                            \
             "\"" id "\":{\"roles\":[],\"algorithm\":\"" algorithm "\","      \
             "\"schemes\":[\"webhook\"],\"secret\":\"" secret "\"},"
             KEY("standard", "hmac-sha256", "base64:" STANDARD_SECRET)
             KEY("github", "hmac-sha256", "plain:" GITHUB_SECRET)
             KEY("slack", "hmac-sha256", "plain:" SLACK_SECRET)
             KEY("stripe", "hmac-sha256", "plain:" STRIPE_SECRET)
             KEY("shopify", "hmac-sha256", "plain:" SHOPIFY_SECRET)
             KEY("c384", "hmac-sha384", "plain:" CUSTOM_SECRET)
             KEY("c512", "hmac-sha512", "plain:" CUSTOM_SECRET)
#undef KEY
             "\"pair\":{\"roles\":[],\"algorithm\":\"ed25519\","
             "\"schemes\":[\"webhook\"],\"public_key\":\"%s\"}"
             "},\"permissions\":{},\"resources\":{},\"roles\":{}}}}", public);

    directory = postern_directory_parse(slice(text), &err);

    if (directory == NULL) {
        printf("# %s: %s\n", err.path, err.text);
        exit(2);
    }
}


/* a location of that kind, with up to four keys */

static inline void
webhook_of(const char *kind, const char *a, const char *b, const char *c)
{
    size_t                  i;
    const char             *ids[3] = { a, b, c };
    const sign_webhook_t   *known;

    defaults();

    if (directory == NULL) {
        webhook_directory();
    }

    policy.schemes = SIGN_WEBHOOK;
    policy.webhook = &hook;

    memset(&hook, 0, sizeof(hook));
    known = sign_webhook_kind(text_of(kind));

    if (known) {
        hook = *known;

    } else {
        hook.name = text_of(kind);
    }

    for (i = 0; i < 3 && ids[i]; i++) {
        hook.keys[hook.nkeys++] = text_of(ids[i]);
    }

    unusable = 0;
}


static inline sign_key_t *
webhook_open(const postern_key_t *k)
{
    size_t                len;
    postern_str_t         secret;
    static unsigned char  raw[64];

    secret = k->secret;

    if (secret.len > 6 && memcmp(secret.data, "plain:", 6) == 0) {
        secret.data += 6;
        secret.len -= 6;

    } else if (secret.len > 7) {
        sodium_base642bin(raw, sizeof(raw), (const char *) secret.data + 7,
                          secret.len - 7, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL);
        secret.data = raw;
        secret.len = len;
    }

    return sign_key_create(k, secret);
}


static inline void
webhook_close(void)
{
    size_t  i;

    for (i = 0; i < SIGN_MAX_KEYS; i++) {
        sign_key_destroy(opened[i]);
        opened[i] = NULL;
    }
}


/* shape, keys, policy: what comes before the body */

static inline sign_code_e
webhook_check(void)
{
    size_t       i;
    sign_code_e  code;

    webhook_close();

    code = sign_parse(&request, &policy, &request_memory, &message);

    if (code != SIGN_OK) {
        return code;
    }

    code = sign_check(&request, &policy,
                      sign_find(&request, &policy, directory, &message),
                      organization, address, now, &message);

    for (i = 0; code == SIGN_OK && i < message.nkeys; i++) {

        if (message.keys[i] && !(unusable & 1u << i)) {
            opened[i] = webhook_open(message.keys[i]);
            message.opened[i] = opened[i];

        } else {
            message.keys[i] = NULL;
        }
    }

    return code;
}


/* of all, as the caller has it; NULL where none may be used */

static inline sign_key_t *
webhook_first(void)
{
    size_t  i;

    for (i = 0; i < SIGN_MAX_KEYS && opened[i] == NULL; i++) { /* void */ }

    return i < SIGN_MAX_KEYS ? opened[i] : NULL;
}


static inline sign_code_e
webhook_body(const char *body, size_t len)
{
    size_t        n;
    sign_code_e   code;
    sign_sink_t  *sink;

    sink = sign_sink(NULL, &request_memory, &message);

    if (sink == NULL) {
        return SIGN_NO_MEMORY;
    }

    for (code = SIGN_OK; code == SIGN_OK && len; len -= n, body += n) {
        n = len < piece ? len : piece;
        code = sink->update(sink, (const unsigned char *) body, n, &message);
    }

    return code == SIGN_OK ? sink->final(sink, &message) : code;
}


static inline sign_code_e
webhook_try(const char *head, const char *body)
{
    sign_code_e  code;

    request_of(head);
    code = webhook_check();

    if (code == SIGN_OK) {
        code = webhook_body(body, strlen(body));
    }

    if (code == SIGN_OK) {
        code = sign_base(&request, &request_memory, &message);
    }

    if (code == SIGN_OK) {
        code = sign_verify(webhook_first(), &message);
    }

    return code;
}


#endif /* _WEBHOOK_TRY_H_INCLUDED_ */
