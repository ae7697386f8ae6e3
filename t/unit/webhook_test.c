/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/* Webhooks by name: the vectors of those who send them, and each tamper case
   of their own tests. */

#include "webhook_try.h"


/* github.com/standard-webhooks/standard-webhooks, libraries/go */

#define STANDARD_AT    1614265330
#define STANDARD_BODY  "{\"test\": 2432232314}"
#define STANDARD_MAC   "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define ID             "Webhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\n"
#define STAMP          "Webhook-Timestamp: 1614265330\n"
#define STANDARD(signature)                                                   \
    "POST /in HTTP/1.1\n" ID STAMP "Webhook-Signature: " signature "\n\n"

/* of its second, anything but the right one */
#define OTHER_MAC      "h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* docs.github.com, "Validating webhook deliveries" */

#define GITHUB_BODY    "Hello, World!"
#define GITHUB_MAC                                                            \
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define GITHUB(signature)                                                     \
    "POST /in HTTP/1.1\nX-Hub-Signature-256: " signature "\n\n"

/* docs.slack.dev, "Verifying requests from Slack" */

#define SLACK_AT       1531420618
#define SLACK_BODY                                                            \
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain="           \
    "testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"  \
    "&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="    \
    "https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"     \
    "%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."        \
    "803a0bc887a14d10d2c447fce8b6703c"
#define SLACK_MAC                                                             \
    "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
#define SLACK_STAMP    "X-Slack-Request-Timestamp: 1531420618\n"
#define SLACK(signature)                                                      \
    "POST /in HTTP/1.1\n" SLACK_STAMP "X-Slack-Signature: " signature "\n\n"

/* by openssl dgst */

#define STRIPE_AT      1700000000
#define STRIPE_BODY    "{\"id\":\"evt_1\",\"object\":\"event\"}"
#define STRIPE_MAC                                                            \
    "a71657e3dd636880e59e519c9a35250bd3ab8d42028f1f2231d1ec46937c9779"
#define STRIPE(signature)                                                     \
    "POST /in HTTP/1.1\nStripe-Signature: " signature "\n\n"
#define SHOPIFY_MAC    "CiQ6oAlNeYxEcxtCZrDN/RYu5E/TaFnnQ1uWWliMgtY="
#define SHOPIFY(signature)                                                    \
    "POST /in HTTP/1.1\nX-Shopify-Hmac-Sha256: " signature "\n\n"


static void
standard(void)
{
    webhook_of("standard", "standard", NULL, NULL);
    now = STANDARD_AT + 10;
    policy.window = 300;
    policy.skew = 300;
}


TEST(standard_webhooks_vector)
{
    standard();

    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_OK);
    EXPECT_STR(message.key_id, "standard");
    EXPECT_INT(message.created, STANDARD_AT);
    EXPECT_INT(message.claim_ttl, 291);
    EXPECT_INT(message.which, 0);
    EXPECT(message.once);
    EXPECT_STR(text_of(message.weak),
               "the signature covers neither method nor path nor host");
    EXPECT_STR(text_of(sign_scheme_name(message.scheme)), "webhook");
    EXPECT(sign_scheme_challenge(message.scheme) == NULL);

    /* whatever the pieces are */

    for (piece = 1; piece < 40; piece += 3) {
        EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
                   SIGN_OK);
    }

    piece = 7;
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY " "),
               SIGN_INVALID);
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), ""), SIGN_INVALID);
}


TEST(standard_webhooks_missing_parts)
{
    standard();

    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" STAMP
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID STAMP "\n",
                           STANDARD_BODY), SIGN_MISSING);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" STAMP "Webhook-Id:\n"
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STANDARD(""), STANDARD_BODY), SIGN_MALFORMED);
}


TEST(standard_webhooks_repeated_fields)
{
    standard();

    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID ID STAMP
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_AMBIGUOUS);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID STAMP STAMP
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_AMBIGUOUS);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID STAMP
                           "Webhook-Signature: v1," STANDARD_MAC "\n"
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_AMBIGUOUS);
    EXPECT_INT(webhook_try("POST /in HTTP/1.1\n" ID STAMP
                           "Connection: webhook-id\n"
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_AMBIGUOUS);
}


TEST(standard_webhooks_five_minutes)
{
    standard();

    now = STANDARD_AT + 299;
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_OK);
    now = STANDARD_AT + 300;
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_EXPIRED);
    now = STANDARD_AT - 300;
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_OK);
    now = STANDARD_AT - 301;
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_FUTURE);
}


TEST(standard_webhooks_times)
{
    size_t  i;
    char    head[512];

    static const char  *const times[] = {
        "soon", "-1614265330", "+1614265330", "1614265330.5", "0x60377632",
        "16142653301614", "161426533012x", "-161426533012", " "
    };

    standard();

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(head, sizeof(head), "POST / HTTP/1.1\n" ID
                 "Webhook-Timestamp: %s\nWebhook-Signature: v1,"
                 STANDARD_MAC "\n\n", times[i]);
        EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_MALFORMED);
    }

    /* milliseconds are understood, but are not what was signed here */

    snprintf(head, sizeof(head), "POST / HTTP/1.1\n" ID
             "Webhook-Timestamp: 1614265330123\nWebhook-Signature: v1,"
             STANDARD_MAC "\n\n");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_INVALID);
    EXPECT_INT(message.created, STANDARD_AT);
}


TEST(standard_webhooks_several_signatures_in_one_header)
{
    standard();

    EXPECT_INT(webhook_try(STANDARD("v1," OTHER_MAC " v2,anything v1,"
                                    STANDARD_MAC " v1a," "not"),
                           STANDARD_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STANDARD("v1," OTHER_MAC " v2,anything v1,"
                                    STANDARD_MAC), STANDARD_BODY), SIGN_OK);
    EXPECT_INT(webhook_try(STANDARD("v1," OTHER_MAC " v1," OTHER_MAC),
                           STANDARD_BODY), SIGN_INVALID);
    EXPECT_INT(webhook_try(STANDARD("v2,anything v1b," STANDARD_MAC),
                           STANDARD_BODY), SIGN_UNSUPPORTED);

#define TWO  "v1," OTHER_MAC " v1," OTHER_MAC

    EXPECT_INT(webhook_try(STANDARD(TWO " " TWO " " TWO " v1," OTHER_MAC " v1,"
                                    STANDARD_MAC), STANDARD_BODY), SIGN_OK);
    EXPECT_INT(webhook_try(STANDARD(TWO " " TWO " " TWO " " TWO " v1,"
                                    STANDARD_MAC), STANDARD_BODY),
               SIGN_TOO_LARGE);
}


TEST(svix_webhooks_1190_standard_webhooks_115_empty_or_prefix_signature)
{
    size_t  i;
    char    head[512];

    static const char  *const values[] = {
        "v1,", "v1", "v1, ", "v1,=", "v1,g", "v1,g0hM", "v1,====",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1A==",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OEA",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,", "v1a," STANDARD_MAC, "v1,, v1," STANDARD_MAC,
        "v1," STANDARD_MAC "  v1," STANDARD_MAC
    };

    standard();

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(head, sizeof(head), STANDARD("%s"), values[i]);
        EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_MALFORMED);
    }

    EXPECT_INT(webhook_try(STANDARD(","), STANDARD_BODY), SIGN_UNSUPPORTED);
}


TEST(standard_webhooks_ids_are_without_full_stops)
{
    /* "a.1" at 2 with a body "3" signs what "a" at 1 with "2.3" does */

    standard();

    EXPECT_INT(webhook_try("POST / HTTP/1.1\nWebhook-Id: msg.1\n" STAMP
                           "Webhook-Signature: v1," STANDARD_MAC "\n\n",
                           STANDARD_BODY), SIGN_MALFORMED);
}


/* signs as a sender would, with the pair of the directory */

static const char *
standard_pair(const char *body, size_t len, const char *more)
{
    char           base64[128];
    size_t         n;
    unsigned char  raw[64], *text;
    static char    head[1024];

    text = malloc(64 + len);
    n = (size_t) sprintf((char *) text, "msg_p5jXN8AQM9LWM0D4loKWxJek."
                                        "1614265330.");
    memcpy(text + n, body, len);
    crypto_sign_detached(raw, NULL, text, n + len, pair_secret);
    free(text);

    sodium_bin2base64(base64, sizeof(base64), raw, sizeof(raw),
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(head, sizeof(head), STANDARD("%sv1a,%s"), more, base64);

    return head;
}


TEST(standard_webhooks_v1a)
{
    const char  *head;

    standard();
    webhook_of("standard", "pair", NULL, NULL);
    now = STANDARD_AT;

    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), "");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);
    EXPECT_STR(message.key_id, "pair");
    EXPECT_INT(webhook_try(head, STANDARD_BODY " "), SIGN_INVALID);
    EXPECT_INT(webhook_try(standard_pair("", 0, ""), ""), SIGN_OK);

    /* a v1 signature says nothing of this key, and v1a nothing of that one */

    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_INVALID);

    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY),
                         "v1," STANDARD_MAC " ");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);

    standard();
    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), "");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_INVALID);

    /* with both keys either will do */

    webhook_of("standard", "standard", "pair", NULL);
    now = STANDARD_AT;
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);
    EXPECT_INT(message.which, 1);
    EXPECT_STR(message.key_id, "pair");
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_OK);
    EXPECT_INT(message.which, 0);
}


TEST(standard_webhooks_v1a_each_costs)
{
    const char  *head;
    char         many[1024], one[128];

    webhook_of("standard", "pair", NULL, NULL);
    now = STANDARD_AT;

    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), "");
    snprintf(one, sizeof(one), "v1a,%.88s ", strstr(head, "v1a,") + 4);
    snprintf(many, sizeof(many), "%s%s%s", one, one, one);
    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), many);
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);

    snprintf(many, sizeof(many), "%s%s%s%s", one, one, one, one);
    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), many);
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_TOO_LARGE);
}


TEST(ed25519_holds_so_much_and_no_more)
{
    char        *body;
    size_t       text;
    const char  *head;

    text = strlen("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.");
    body = malloc(SIGN_WEBHOOK_HELD);
    memset(body, 'x', SIGN_WEBHOOK_HELD - 1);
    body[SIGN_WEBHOOK_HELD - 1] = '\0';

    webhook_of("standard", "pair", NULL, NULL);
    now = STANDARD_AT;

    head = standard_pair(body, SIGN_WEBHOOK_HELD - text, "");

    for (piece = 1000; piece < 1000000; piece *= 10) {
        body[SIGN_WEBHOOK_HELD - text] = '\0';
        EXPECT_INT(webhook_try(head, body), SIGN_OK);
        body[SIGN_WEBHOOK_HELD - text] = 'x';
        EXPECT_INT(webhook_try(head, body), SIGN_TOO_LARGE);
    }

    /* what streams by is not held */

    standard();
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), body), SIGN_INVALID);

    piece = 7;
    free(body);
}


TEST(github_vector)
{
    webhook_of("github", "github", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;

    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    EXPECT_INT(message.created, now);
    EXPECT_INT(message.claim_ttl, policy.window + 1);
    EXPECT_STR(text_of(message.weak),
               "the signature covers neither method nor path nor host, "
               "and no time");

    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), "Hello, World"),
               SIGN_INVALID);
    EXPECT_INT(webhook_try(GITHUB(GITHUB_MAC), GITHUB_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha1=" GITHUB_MAC), GITHUB_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha256="), GITHUB_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha"), GITHUB_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC "zz"), GITHUB_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha256=75"), GITHUB_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC "00"), GITHUB_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC "0"), GITHUB_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(GITHUB(""), GITHUB_BODY), SIGN_MALFORMED);
}


TEST(what_is_not_dated_needs_insecure_freshness)
{
    webhook_of("github", "github", NULL, NULL);

    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_COVERAGE);

    /* and the time of the first look counts from then on */

    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    EXPECT_INT(sign_check(&request, &policy, message.keys[0], organization,
                          address, now + 899, &message), SIGN_OK);
    EXPECT_INT(message.claim_ttl, 2);
    EXPECT_INT(sign_check(&request, &policy, message.keys[0], organization,
                          address, now + 900, &message), SIGN_EXPIRED);

    policy.insecure = 0;
    EXPECT_INT(sign_check(&request, &policy, message.keys[0], organization,
                          address, now, &message), SIGN_COVERAGE);
}


TEST(slack_vector)
{
    webhook_of("slack", "slack", NULL, NULL);
    now = SLACK_AT + 1;

    EXPECT_INT(webhook_try(SLACK("v0=" SLACK_MAC), SLACK_BODY), SIGN_OK);
    EXPECT_INT(message.created, SLACK_AT);
    EXPECT_INT(webhook_try(SLACK("v0=" SLACK_MAC), SLACK_BODY "0"),
               SIGN_INVALID);
    EXPECT_INT(webhook_try(SLACK("v1=" SLACK_MAC), SLACK_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Slack-Signature: v0="
                           SLACK_MAC "\n\n", SLACK_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Slack-Signature: v0="
                           SLACK_MAC "\nX-Slack-Request-Timestamp: "
                           "1531420619\n\n", SLACK_BODY), SIGN_INVALID);
    EXPECT_INT(webhook_try("POST / HTTP/1.1\n" SLACK_STAMP "\n", SLACK_BODY),
               SIGN_MISSING);
}


TEST(stripe_signs_its_own_time)
{
    webhook_of("stripe", "stripe", NULL, NULL);
    now = STRIPE_AT + 1;

    EXPECT_INT(webhook_try(STRIPE("t=1700000000,v1=" STRIPE_MAC
                                  ",v0=" GITHUB_MAC), STRIPE_BODY), SIGN_OK);
    EXPECT_INT(message.created, STRIPE_AT);
    EXPECT_INT(webhook_try(STRIPE("v1=" GITHUB_MAC ",v1=" STRIPE_MAC
                                  ",t=1700000000"), STRIPE_BODY), SIGN_OK);
    EXPECT_INT(webhook_try(STRIPE("t=1700000001,v1=" STRIPE_MAC),
                           STRIPE_BODY), SIGN_INVALID);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,v1=" STRIPE_MAC),
                           STRIPE_BODY "\n"), SIGN_INVALID);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,v0=" STRIPE_MAC),
                           STRIPE_BODY), SIGN_UNSUPPORTED);
    EXPECT_INT(webhook_try(STRIPE("v1=" STRIPE_MAC), STRIPE_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STRIPE("t=,v1=" STRIPE_MAC), STRIPE_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,v1"), STRIPE_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,v1="), STRIPE_BODY),
               SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,,v1=" STRIPE_MAC),
                           STRIPE_BODY), SIGN_MALFORMED);
    EXPECT_INT(webhook_try(STRIPE("t=1700000000,t=1700000000,v1=" STRIPE_MAC),
                           STRIPE_BODY), SIGN_AMBIGUOUS);
}


TEST(shopify_signs_the_body_alone)
{
    webhook_of("shopify", "shopify", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;

    EXPECT_INT(webhook_try(SHOPIFY(SHOPIFY_MAC), STRIPE_BODY), SIGN_OK);
    EXPECT_INT(webhook_try(SHOPIFY(SHOPIFY_MAC), STRIPE_BODY " "),
               SIGN_INVALID);
    EXPECT_INT(webhook_try(SHOPIFY(STRIPE_MAC), STRIPE_BODY), SIGN_MALFORMED);
}


TEST(any_of_the_keys_may_have_signed)
{
    size_t  i;

    webhook_of("github", "slack", "github", "stripe");
    policy.insecure = SIGN_INSECURE_FRESHNESS;

    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    EXPECT_INT(message.nkeys, 3);
    EXPECT_INT(message.which, 1);
    EXPECT_STR(message.key_id, "github");

    /* what a caller may not use does not count, though a decoy be right */

    unusable = 0x02;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_INVALID);

    request_of(GITHUB("sha256=" GITHUB_MAC));
    unusable = 0;
    EXPECT_INT(webhook_check(), SIGN_OK);
    message.keys[1] = NULL;
    EXPECT_INT(webhook_body(GITHUB_BODY, strlen(GITHUB_BODY)), SIGN_OK);
    EXPECT_INT(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_INT(sign_verify(opened[0], &message), SIGN_INVALID);

    /* one that the directory does not have stands in nobody's way */

    webhook_of("github", "nobody", "github", NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    EXPECT_INT(message.which, 1);

    webhook_of("github", "nobody", "nobody", NULL);
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_UNKNOWN_KEY);
    EXPECT_STR(message.key_id, "nobody");

    /* what a key of another algorithm would make is not zeros */

    webhook_of("github", "github", "c512", "pair");
    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=0000000000000000000000000000000000"
                                  "000000000000000000000000000000"),
                           GITHUB_BODY), SIGN_INVALID);

    for (i = 0; i < SIGN_MAX_KEYS; i++) {
        EXPECT(i < 3 || message.keys[i] == NULL);
    }
}


TEST(a_copy_does_not_become_another_by_losing_a_signature)
{
    size_t         len;
    const char    *head;
    unsigned char  claim[SIGN_CLAIM_MAX];

    webhook_of("standard", "standard", "pair", NULL);
    now = STANDARD_AT;

    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY),
                         "v1," STANDARD_MAC " ");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);
    EXPECT_INT(message.which, 0);
    len = message.claim_len;
    memcpy(claim, message.claim, len);

    head = standard_pair(STANDARD_BODY, strlen(STANDARD_BODY), "");
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);
    EXPECT_INT(message.which, 1);
    EXPECT_INT(message.claim_len, len);
    EXPECT_MEM(message.claim, claim, len);

    /* where there is one signature the same content is each key's own */

    webhook_of("github", "github", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    len = message.claim_len;
    memcpy(claim, message.claim, len);

    webhook_of("github", "slack", "github", NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);
    EXPECT_MEM(message.claim, claim, len);

    EXPECT_INT(webhook_try(GITHUB("sha256="
                                  "7d38cdd689735b008b3c702edd92eea23791c5f6"
                                  "a0b9b1d7f5d9d5fd7a6c4b2e"), GITHUB_BODY),
               SIGN_INVALID);
    EXPECT_INT(message.claim_len, 0);
}


TEST(a_retry_is_another_attempt)
{
    char           mac[64], head[512];
    size_t         len;
    const char    *text;
    unsigned char  claim[SIGN_CLAIM_MAX], raw[32], secret[24];

    standard();
    EXPECT_INT(webhook_try(STANDARD("v1," STANDARD_MAC), STANDARD_BODY),
               SIGN_OK);
    len = message.claim_len;
    memcpy(claim, message.claim, len);

    text = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265335." STANDARD_BODY;
    sodium_base642bin(secret, sizeof(secret), STANDARD_SECRET,
                      strlen(STANDARD_SECRET), NULL, NULL, NULL,
                      sodium_base64_VARIANT_ORIGINAL);

    crypto_auth_hmacsha256_state  state;

    crypto_auth_hmacsha256_init(&state, secret, sizeof(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *) text,
                                  strlen(text));
    crypto_auth_hmacsha256_final(&state, raw);
    sodium_bin2base64(mac, sizeof(mac), raw, sizeof(raw),
                      sodium_base64_VARIANT_ORIGINAL);

    snprintf(head, sizeof(head), "POST / HTTP/1.1\n" ID
             "Webhook-Timestamp: 1614265335\nWebhook-Signature: v1,%s\n\n",
             mac);
    EXPECT_INT(webhook_try(head, STANDARD_BODY), SIGN_OK);
    EXPECT_INT(message.claim_len, len);
    EXPECT(memcmp(message.claim, claim, len) != 0);
}


TEST(every_bit_of_a_github_request_counts)
{
    char     head[256], body[32], *mac;
    size_t   i;

    webhook_of("github", "github", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;

    snprintf(body, sizeof(body), "%s", GITHUB_BODY);

    for (i = 0; i < 8 * strlen(body); i++) {
        body[i / 8] ^= 1 << i % 8;
        EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), body),
                   SIGN_INVALID);
        body[i / 8] ^= 1 << i % 8;
    }

    for (i = 0; i < 64; i++) {
        snprintf(head, sizeof(head), GITHUB("sha256=" GITHUB_MAC));
        mac = strstr(head, GITHUB_MAC);
        mac[i] = mac[i] == '0' ? '1' : '0';
        EXPECT_INT(webhook_try(head, GITHUB_BODY), SIGN_INVALID);
    }
}


TEST(the_location_says_which_keys)
{
    sign_webhook_t  other;
    sign_policy_t   there;

    webhook_of("github", "github", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_OK);

    there = policy;
    there.webhook = &other;
    other = hook;
    EXPECT_INT(sign_check(&request, &there, message.keys[0], organization,
                          address, now, &message), SIGN_OK);

    other.keys[0] = text_of("slack");
    EXPECT_INT(sign_check(&request, &there, message.keys[0], organization,
                          address, now, &message), SIGN_KEY_SCHEME);

    other = hook;
    other.name = text_of("shopify");
    EXPECT_INT(sign_check(&request, &there, message.keys[0], organization,
                          address, now, &message), SIGN_COVERAGE);

    /* two templates are two kinds */

    hook.name = other.name = text_of("custom");
    EXPECT_INT(sign_check(&request, &there, message.keys[0], organization,
                          address, now, &message), SIGN_COVERAGE);

    there.webhook = NULL;
    EXPECT_INT(sign_check(&request, &there, message.keys[0], organization,
                          address, now, &message), SIGN_KEY_SCHEME);

    /* and without one, there is no such credential */

    policy.webhook = NULL;
    EXPECT_INT(webhook_try(GITHUB("sha256=" GITHUB_MAC), GITHUB_BODY),
               SIGN_MISSING);
    EXPECT_INT(sign_webhook_present(&request, NULL), 0);
}


TEST(the_body_must_be_known)
{
    webhook_of("github", "github", NULL, NULL);
    policy.insecure = SIGN_INSECURE_FRESHNESS;

    request_of(GITHUB("sha256=" GITHUB_MAC));
    EXPECT_INT(webhook_check(), SIGN_OK);
    EXPECT_INT(message.body, SIGN_BODY_BEFORE);
    EXPECT_INT(sign_base(&request, &request_memory, &message), SIGN_DIGEST);
}


/* a template, its parts written as type and text: "L:a" for a literal, "F:" for
   a field, "V:" for a value and "B" for the body */

static const char *
template_of(const char *text)
{
    size_t                i, n;
    const char           *wrong;
    postern_alloc_t       memory;
    sign_webhook_part_t  *p;
    static char           parts[512];

    static postern_arena_t  *arena;    /* outlives requests, as a pool does */

    if (arena == NULL) {
        arena = postern_arena_create();
    }

    memory = postern_arena_allocator(arena);
    wrong = sign_webhook_template(text_of(text), &memory, &hook);

    if (wrong) {
        return wrong;
    }

    for (i = 0, n = 0; i < hook.nparts; i++) {
        p = &hook.parts[i];

        n += (size_t) snprintf(parts + n, sizeof(parts) - n, "%s%c:%.*s",
                               i ? " " : "", "LFVTB"[p->type],
                               p->type == SIGN_WEBHOOK_BODY
                               ? 0 : (int) p->text.len, p->text.data);
    }

    return parts;
}


TEST(templates)
{
    size_t       i;
    char         many[256];

    static const char  *const pairs[][2] = {
        { "$request_body", "B:" },
        { "${request_body}", "B:" },
        { "a$request_body.b", "L:a B: L:.b" },
        { "$http_X_Time.$request_body", "F:x-time L:. B:" },
        { "${http_x_time}0${request_body}1", "F:x-time L:0 B: L:1" },
        { "$uri$request_body$args", "V:uri B: V:args" },
        { "$http_$request_body", "V:http_ B:" },
        { "$Http_x$request_body", "V:Http_x B:" },
        { "$1$request_body", "V:1 B:" },
        { "$http_x1$request_body", "F:x1 B:" },
    };

    static const char  *const bad[] = {
        "", "a", "$request_bodyx", "$request_body$request_body"
    };

    static const char  *const dollars[] = {
        "$", "$request_body$", "${request_body", "${}", "$.", "${request-body}"
    };

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        EXPECT_STR(text_of(template_of(pairs[i][0])), pairs[i][1]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT(strstr(template_of(bad[i]), "must have") != NULL);
    }

    for (i = 0; i < sizeof(dollars) / sizeof(dollars[0]); i++) {
        EXPECT(strstr(template_of(dollars[i]), "has a \"$\"") != NULL);
    }

    memset(many, 'a', sizeof(many));

    for (i = 0; i < SIGN_WEBHOOK_PARTS; i++) {
        memcpy(many + 2 * i, "$a", 2);
    }

    strcpy(many + 2 * (SIGN_WEBHOOK_PARTS - 1), "$request_body");
    EXPECT(strstr(template_of(many), "V:a B:") != NULL);
    strcpy(many + 2 * (SIGN_WEBHOOK_PARTS - 1), "$a$request_body");
    EXPECT_STR(text_of(template_of(many)), "has too many variables");
}


/* a location's own kind; what is signed is made by HMAC() */

static void
custom(const char *template, postern_alg_e alg, const char *id)
{
    webhook_of("custom", id, NULL, NULL);
    (void) template_of(template);

    hook.algorithm = alg;
    hook.header = text_of("x-sig");
    hook.undated = 1;
    policy.insecure = SIGN_INSECURE_FRESHNESS;
}


TEST(custom_webhooks)
{
    postern_str_t  values[2] = { { 4, (const unsigned char *) "acme" },
                                 postern_null_string };

    static const char  head[] =
        "POST / HTTP/1.1\nX-Time: 1700000000\n"
        "X-Sig: k.NVKTjcalHUdqmDJ7CbrL-p1if3SW6o80N8E4SgtpThkFvSdlJUaPZy0AWQZI"
        "59jzdoapgUp8CmNJP-sLzuQtlw==\n\n";

    webhook_of("custom", "c512", NULL, NULL);
    EXPECT_STR(text_of(template_of("tenant=$t;$http_x_time;$request_body;end"
                                   "$u")),
               "L:tenant= V:t L:; F:x-time L:; B: L:;end V:u");
    hook.algorithm = POSTERN_ALG_HMAC_SHA512;
    hook.encoding = SIGN_WEBHOOK_BASE64URL;
    hook.header = text_of("x-sig");
    hook.prefix = text_of("k.");
    hook.timestamp = text_of("x-time");
    now = STRIPE_AT + 1;

    request_of(head);
    request.values = values;
    EXPECT_INT(webhook_check(), SIGN_OK);
    EXPECT_INT(webhook_body("hello", 5), SIGN_OK);
    EXPECT_INT(sign_base(&request, &request_memory, &message), SIGN_OK);
    EXPECT_INT(sign_verify(webhook_first(), &message), SIGN_OK);
    EXPECT_STR(text_of(message.weak),
               "the signature covers what its template names, no more");

    /* fields that are demanded must stand in the template */

    policy.nfields = 1;
    policy.fields = &hook.timestamp;
    EXPECT_INT(webhook_check(), SIGN_OK);
    policy.fields = &hook.header;
    EXPECT_INT(webhook_check(), SIGN_COVERAGE);
    policy.nfields = 0;

    values[0].len = SIGN_WEBHOOK_TEXT;
    values[0].data = (const unsigned char *) memset(malloc(SIGN_WEBHOOK_TEXT),
                                                    'a', SIGN_WEBHOOK_TEXT);
    EXPECT_INT(webhook_check(), SIGN_TOO_LARGE);
    free((void *) values[0].data);

    /* keys of another algorithm */

    hook.keys[0] = text_of("c384");
    values[0].len = 0;
    EXPECT_INT(webhook_check(), SIGN_ALGORITHM);

    custom("$request_body", POSTERN_ALG_HMAC_SHA384, "c384");
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Sig: "
                           "84817344b10699e239b78b5878975ca7aad38959662dc58b"
                           "01f34e254ea930bdff846d13ad800d6b7556f99ec78789cf"
                           "\n\n", "hello"), SIGN_OK);
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Sig: "
                           "84817344b10699e239b78b5878975ca7aad38959662dc58b"
                           "01f34e254ea930bdff846d13ad800d6b7556f99ec78789cf"
                           "\n\n", "hallo"), SIGN_INVALID);
    EXPECT_INT(sign_webhook_takes(&hook, message.keys[0]), 1);
    hook.form = SIGN_WEBHOOK_STANDARD;
    EXPECT_INT(sign_webhook_takes(&hook, message.keys[0]), 0);
    EXPECT_INT(sign_webhook_takes(&hook, postern_directory_key(directory,
                                             text_of("pair"))), 1);
    EXPECT_INT(sign_webhook_takes(&hook, postern_directory_key(directory,
                                             text_of("slack"))), 1);
}


TEST(custom_webhooks_of_ed25519)
{
    char           head[512], hex[129], base64[128];
    unsigned char  raw[64];

    custom("$request_body", POSTERN_ALG_ED25519, "pair");

    crypto_sign_detached(raw, NULL, (const unsigned char *) "hello", 5,
                         pair_secret);
    sodium_bin2hex(hex, sizeof(hex), raw, sizeof(raw));
    snprintf(head, sizeof(head), "POST / HTTP/1.1\nX-Sig: %s\n\n", hex);
    EXPECT_INT(webhook_try(head, "hello"), SIGN_OK);
    EXPECT_INT(webhook_try(head, "hallo"), SIGN_INVALID);
    EXPECT_INT(webhook_try(head, ""), SIGN_INVALID);

    hook.encoding = SIGN_WEBHOOK_BASE64URL;
    sodium_bin2base64(base64, sizeof(base64), raw, sizeof(raw),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(head, sizeof(head), "POST / HTTP/1.1\nX-Sig: %s\n\n", base64);
    EXPECT_INT(webhook_try(head, "hello"), SIGN_OK);
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Sig:\n\n", "hello"),
               SIGN_MALFORMED);
    hook.prefix = text_of("k.");
    EXPECT_INT(webhook_try("POST / HTTP/1.1\nX-Sig: k.\n\n", "hello"),
               SIGN_MALFORMED);
}


TEST(signatures_are_bounded)
{
    char  *head;

    custom("$request_body", POSTERN_ALG_HMAC_SHA256, "github");

    head = malloc(SIGN_MAX_HEADER + 64);
    sprintf(head, "POST / HTTP/1.1\nX-Sig: ");
    memset(head + 23, 'a', SIGN_MAX_HEADER + 1);
    strcpy(head + 23 + SIGN_MAX_HEADER + 1, "\n\n");

    EXPECT_INT(webhook_try(head, "hello"), SIGN_TOO_LARGE);
    free(head);
}


/* memory of which the n-th piece is not there */

static size_t  few_left;


static void *
few_alloc(void *data, size_t size)
{
    return few_left-- ? postern_arena_alloc(request_arena, size) : NULL;
}


static postern_alloc_t
few(size_t n)
{
    postern_alloc_t  alloc = { few_alloc, NULL };

    few_left = n;

    return alloc;
}


TEST(memory_runs_out)
{
    size_t           n, last;
    char             head[1024], body[9000];
    sign_code_e      code;
    sign_webhook_t   hooked;
    postern_alloc_t  before;

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';

    webhook_of("standard", "pair", "standard", NULL);
    now = STANDARD_AT;
    snprintf(head, sizeof(head), "%s", standard_pair(body, strlen(body), ""));
    piece = 3000;

    for (n = 0, last = 0, code = SIGN_NO_MEMORY; code == SIGN_NO_MEMORY; n++) {
        request_of(head);
        before = request_memory;
        request_memory = few(n);
        code = webhook_check();

        if (code == SIGN_OK) {
            code = webhook_body(body, strlen(body));
        }

        request_memory = before;
        last = n;
    }

    EXPECT_INT(code, SIGN_OK);
    EXPECT_INT(last, 8);
    piece = 7;

    before = few(0);
    EXPECT_STR(text_of(sign_webhook_template(text_of("$http_a$request_body"),
                                             &before, &hooked)),
               "needs more memory than there is");
}


TEST(keys_that_stand_apart)
{
    char                  head[1024];
    const char           *body = "{}";
    sign_apart_t          apart[2];
    postern_key_t         one = { .id = postern_string("one") };
    postern_key_t         two = { .id = postern_string("two") };
    postern_key_name_t    names[SIGN_MAX_NAMES];

    webhook_of("standard", "pair", "one", "two");
    now = STANDARD_AT;
    snprintf(head, sizeof(head), "%s", standard_pair(body, strlen(body), ""));
    request_of(head);

    EXPECT_CODE(webhook_check(), SIGN_OK);
    EXPECT(message.keys[0] != NULL);

    /* in one go, those that the directory does not have */

    EXPECT_INT(sign_names(&request, &policy, directory, message.keys[0],
                          &message, names), 2);
    EXPECT_INT(names[0].by, POSTERN_BY_ID);
    EXPECT_MEM(names[0].text, "one", 3);
    EXPECT_MEM(names[1].text, "two", 3);

    apart[0].key = &two;
    apart[1].key = &one;

    EXPECT(sign_choose(&request, &policy, message.keys[0], apart, 1, &message)
           == message.keys[0]);
    EXPECT(message.keys[1] == NULL);
    EXPECT(message.keys[2] == &two);

    message.keys[0] = NULL;
    message.keys[2] = NULL;

    EXPECT(sign_choose(&request, &policy, NULL, apart, 2, &message) == &one);
    EXPECT(message.keys[0] == NULL);
    EXPECT(message.keys[1] == &one);
    EXPECT(message.keys[2] == &two);
    EXPECT_STR(message.key_id, "one");

    webhook_close();
}


UNIT_MAIN()
