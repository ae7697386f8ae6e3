/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium
   -Wl,--wrap=sign_hmac_key,--wrap=sign_mac_equal */

/*
 * How often something is computed before a request is refused: as often by a
 * key that is in use as by one that nobody has, or the time would tell them
 * apart.
 */


#include "sigv4_try.h"
#include "sign_verify.h"


void __real_sign_hmac_key(sign_hmac_t *mac, const unsigned char *key,
    size_t len);
void __wrap_sign_hmac_key(sign_hmac_t *mac, const unsigned char *key,
    size_t len);
int __real_sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature);
int __wrap_sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature);


static unsigned  keyed;
static unsigned  compared;


void
__wrap_sign_hmac_key(sign_hmac_t *mac, const unsigned char *key, size_t len)
{
    keyed++;
    __real_sign_hmac_key(mac, key, len);
}


int
__wrap_sign_mac_equal(const sign_hmac_t *mac, postern_str_t data,
    postern_str_t signature)
{
    compared++;

    return __real_sign_mac_equal(mac, data, signature);
}


static sign_key_t *
key_of(const char *secret)
{
    postern_key_t  key;

    memset(&key, 0, sizeof(key));
    key.algorithm = POSTERN_ALG_HMAC_SHA256;

    return sign_key_create(&key, sign_text_str(secret));
}


/* a GET with four readings, signed by SECRET or by nobody */

static sign_code_e
verified(sign_key_t *key, int wrong)
{
    try_t  t = { 0 };

    t.line = "GET /%e1%88%b4?b=2&a=1";
    t.headers = HOST DATE;
    t.canonical = wrong ? "x" : "GET\n/%25e1%2588%25b4\na=1&b=2\n" LINES "\n"
                                LISTED "\n" EMPTY;

    (void) try_request(&t);

    keyed = 0;
    compared = 0;

    return sign_verify(key, &t.msg);
}


TEST(sigv4_by_a_key_in_use_and_by_nobodys)
{
    unsigned      nobody[2];
    sign_key_t   *used, *unknown;

    used = key_of(SECRET);
    unknown = sign_decoy_create(POSTERN_ALG_HMAC_SHA256, 32);

    if (!EXPECT(used != NULL && unknown != NULL)) {
        return;
    }

    EXPECT_INT(verified(unknown, 1), SIGN_INVALID);
    EXPECT_INT(keyed, 4);
    EXPECT_INT(compared, 4);

    nobody[0] = keyed;
    nobody[1] = compared;

    /* not used yet, used, and used again */

    EXPECT_INT(verified(used, 1), SIGN_INVALID);
    EXPECT_INT(keyed, nobody[0]);
    EXPECT_INT(compared, nobody[1]);

    EXPECT_INT(verified(used, 0), SIGN_OK);
    EXPECT_INT(keyed, 4);

    EXPECT_INT(verified(used, 0), SIGN_OK);
    EXPECT_INT(keyed, 0);
    EXPECT_INT(compared, 1);

    EXPECT_INT(verified(used, 1), SIGN_INVALID);
    EXPECT_INT(keyed, nobody[0]);
    EXPECT_INT(compared, nobody[1]);

    sign_key_destroy(used);
    sign_key_destroy(unknown);
}


UNIT_MAIN()
