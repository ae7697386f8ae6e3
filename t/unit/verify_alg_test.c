/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium */

/*
 * The six algorithms of RFC 9421 and the HMACs of other schemes, with keys and
 * signatures made by libcrypto: what each refuses, in the forms of RFC 9421, as
 * DER, as a hash, and in parts; keys that are none, and keys that are nobody's.
 */


#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "unit.h"
#include "sign_request.h"
#include "sign_verify.h"


#define TEXT  "\"@method\": GET\n\"@signature-params\": ();created=1"


typedef struct {
    EVP_PKEY        *pkey;
    sign_key_t      *key;
    postern_key_t    dkey;
    unsigned char    public[1200];
    unsigned char    room[1100];
    postern_str_t    text;
    postern_str_t    signature;
} pair_t;


static EVP_PKEY  *rsa2048;      /* made once: it takes its time */


static EVP_PKEY *
rsa_of(int bits, unsigned e)
{
    BIGNUM        *exponent;
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    exponent = BN_new();
    BN_set_word(exponent, e);

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY_keygen_init(ctx);
    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits);
    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent);
    EVP_PKEY_generate(ctx, &pkey);
    EVP_PKEY_CTX_free(ctx);
    BN_free(exponent);

    return pkey;
}


static postern_str_t
spki_of(EVP_PKEY *pkey, unsigned char *room)
{
    postern_str_t   s;
    unsigned char  *p;

    p = room;
    s.data = room;
    s.len = i2d_PUBKEY(pkey, &p);

    return s;
}


/* takes pkey over */

static void
pair_of(pair_t *t, postern_alg_e alg, EVP_PKEY *pkey)
{
    size_t         len;
    postern_str_t  none = postern_null_string;

    memset(t, 0, sizeof(pair_t));

    t->pkey = pkey;
    t->dkey.algorithm = alg;

    if (EVP_PKEY_is_a(pkey, "EC")) {
        EVP_PKEY_get_octet_string_param(pkey, "pub", t->public,
                                        sizeof(t->public), &len);
        t->dkey.public_key.data = t->public;
        t->dkey.public_key.len = len;

    } else {
        t->dkey.public_key = spki_of(pkey, t->public);
    }

    t->key = sign_key_create(&t->dkey, none);
    t->text = sign_text_str(TEXT);
    t->signature.data = t->room;
}


static void
pair_free(pair_t *t)
{
    EVP_PKEY_free(t->pkey);
    sign_key_destroy(t->key);
}


static EVP_PKEY *
rsa(void)
{
    if (rsa2048 == NULL) {
        rsa2048 = rsa_of(2048, 65537);
    }

    EVP_PKEY_up_ref(rsa2048);

    return rsa2048;
}


/* md: of the text; mgf and salt: of PSS, salt -9 for PKCS #1 v1.5 */

static void
rsa_sign(pair_t *t, const EVP_MD *md, const EVP_MD *mgf, int salt)
{
    size_t         len;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *how;

    ctx = EVP_MD_CTX_new();
    EVP_DigestSignInit(ctx, &how, md, NULL, t->pkey);

    if (salt != -9) {
        EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_mgf1_md(how, mgf);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, salt);
    }

    len = sizeof(t->room);
    EXPECT_INT(EVP_DigestSign(ctx, t->room, &len, t->text.data, t->text.len),
               1);
    t->signature.len = len;

    EVP_MD_CTX_free(ctx);
}


/* a signature whose padded block is the one given */

static void
rsa_sign_block(pair_t *t, const unsigned char *block, size_t len)
{
    size_t         n;
    EVP_PKEY_CTX  *ctx;

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, t->pkey, NULL);
    EVP_PKEY_sign_init(ctx);
    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING);

    n = sizeof(t->room);
    EXPECT_INT(EVP_PKEY_sign(ctx, t->room, &n, block, len), 1);
    t->signature.len = n;

    EVP_PKEY_CTX_free(ctx);
}


static int
verified(pair_t *t)
{
    int  rc;

    rc = sign_key_verify(t->key, t->text, t->signature);

    EXPECT_INT(ERR_peek_error(), 0);

    return rc;
}


static void
every_bit_counts(pair_t *t)
{
    size_t         i, len;
    unsigned char  last;

    EXPECT(verified(t));

    len = t->signature.len;

    for (i = 0; i < len; i += 1 + len / 50) {
        t->room[i] ^= 1 << (i % 8);
        EXPECT(!verified(t));
        t->room[i] ^= 1 << (i % 8);
    }

    for (i = 0; i < len; i += 1 + len / 20) {
        t->signature.len = i;
        EXPECT(!verified(t));
    }

    last = t->room[len];
    t->room[len] = 0;
    t->signature.len = len + 1;
    EXPECT(!verified(t));

    t->room[len] = last;
    t->signature.len = len;
    t->text.len--;
    EXPECT(!verified(t));
    t->text.len++;

    EXPECT(verified(t));
}


/* the DER of ECDSA, and raw r and s of len bytes each */

static void
ecdsa_sign(pair_t *t, const EVP_MD *md, size_t len)
{
    size_t                n;
    EVP_MD_CTX           *ctx;
    ECDSA_SIG            *sig;
    const unsigned char  *p;

    ctx = EVP_MD_CTX_new();
    EVP_DigestSignInit(ctx, NULL, md, NULL, t->pkey);
    n = sizeof(t->room);
    EVP_DigestSign(ctx, t->room, &n, t->text.data, t->text.len);
    EVP_MD_CTX_free(ctx);

    t->signature.len = n;

    if (len == 0) {
        return;
    }

    p = t->room;
    sig = d2i_ECDSA_SIG(NULL, &p, n);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), t->room, len);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), t->room + len, len);
    ECDSA_SIG_free(sig);

    t->signature.len = 2 * len;
}


TEST(ecdsa_p384_sha384)
{
    int            i;
    pair_t         t;
    unsigned char  good[96], order[48];

    pair_of(&t, POSTERN_ALG_ECDSA_P384_SHA384, EVP_EC_gen("P-384"));
    EXPECT(t.key != NULL);

    ecdsa_sign(&t, EVP_sha384(), 48);
    every_bit_counts(&t);

    /* CVE-2022-21449: r or s of zero, or out of range */

    memcpy(good, t.room, 96);
    memcpy(order, sign_p384.order, 48);

    memset(t.room, 0, 96);
    EXPECT(!verified(&t));

    for (i = 0; i < 96; i += 48) {
        memcpy(t.room, good, 96);
        memset(t.room + i, 0, 48);
        EXPECT(!verified(&t));

        memcpy(t.room + i, order, 48);
        EXPECT(!verified(&t));

        memset(t.room + i, 0xff, 48);
        EXPECT(!verified(&t));
    }

    /* of another hash */

    ecdsa_sign(&t, EVP_sha256(), 48);
    EXPECT(!verified(&t));

    /* DER is not what RFC 9421 sends */

    ecdsa_sign(&t, EVP_sha384(), 0);
    EXPECT(!verified(&t));

    pair_free(&t);
}


static void
other_forms(postern_alg_e alg, const char *curve, const EVP_MD *md, size_t len)
{
    int             i;
    pair_t          t;
    postern_str_t   r, s;
    unsigned char   hash[64], zeros[80], der[SIGN_ECDSA_DER_MAX];

    pair_of(&t, alg, EVP_EC_gen(curve));
    EVP_Digest(TEXT, sizeof(TEXT) - 1, hash, NULL, md, NULL);

    for (i = 0; i < 40; i++) {
        ecdsa_sign(&t, md, 0);
        EXPECT(sign_key_verify_der(t.key, t.text, t.signature));
        EXPECT(sign_key_verify_hash_der(t.key, hash, t.signature));

        ecdsa_sign(&t, md, len);
        EXPECT(sign_key_verify_hash(t.key, hash, t.signature));

        r.data = t.room;
        r.len = len;
        s.data = t.room + len;
        s.len = len;
        EXPECT(sign_key_verify_rs(t.key, hash, r, s));

        memset(zeros, 0, sizeof(zeros));
        memcpy(zeros + 7, s.data, len);
        s.data = zeros;
        s.len = len + 7;
        EXPECT(sign_key_verify_rs(t.key, hash, r, s));

        t.signature.len = sign_ecdsa_der(r, s, der);
        t.signature.data = der;
        EXPECT(sign_key_verify_hash_der(t.key, hash, t.signature));
        t.signature.data = t.room;
    }

    hash[0] ^= 1;
    EXPECT(!sign_key_verify_rs(t.key, hash, r, s));
    hash[0] ^= 1;

    s.len = 0;
    EXPECT(!sign_key_verify_rs(t.key, hash, r, s));
    s.data = (unsigned char *) "\0\0";
    s.len = 2;
    EXPECT(!sign_key_verify_rs(t.key, hash, r, s));

    memset(zeros, 1, sizeof(zeros));
    s.data = zeros;
    s.len = len + 1;
    EXPECT(!sign_key_verify_rs(t.key, hash, r, s));

    /* raw where DER is expected, BER, something behind, nothing */

    EXPECT(!sign_key_verify_der(t.key, t.text, t.signature));

    ecdsa_sign(&t, md, 0);
    t.room[t.signature.len++] = 0;
    EXPECT(!sign_key_verify_der(t.key, t.text, t.signature));

    t.signature.len -= 1;
    memmove(t.room + 3, t.room + 2, t.signature.len - 2);
    t.room[2] = t.room[1];
    t.room[1] = 0x81;
    t.signature.len++;
    EXPECT(!sign_key_verify_der(t.key, t.text, t.signature));

    t.signature.len = 0;
    EXPECT(!sign_key_verify_der(t.key, t.text, t.signature));
    t.signature.len = SIGN_ECDSA_DER_MAX + 1;
    EXPECT(!sign_key_verify_der(t.key, t.text, t.signature));

    EXPECT_INT(ERR_peek_error(), 0);
    pair_free(&t);
}


TEST(ecdsa_in_the_forms_of_other_schemes)
{
    other_forms(POSTERN_ALG_ECDSA_P256_SHA256, "P-256", EVP_sha256(), 32);
    other_forms(POSTERN_ALG_ECDSA_P384_SHA384, "P-384", EVP_sha384(), 48);
}


/* no algorithm of RFC 9421, but of SSH: its DER needs the long form */

TEST(ecdsa_over_p521)
{
    int            i;
    pair_t         t;
    sign_key_t     k;
    unsigned char  hash[64];

    pair_of(&t, POSTERN_ALG_ECDSA_P256_SHA256, EVP_EC_gen("P-521"));
    EXPECT(t.key == NULL);

    memset(&k, 0, sizeof(k));
    EXPECT_INT(sign_key_curve(&k, &sign_p521, t.dkey.public_key), 0);
    EVP_Digest(TEXT, sizeof(TEXT) - 1, hash, NULL, EVP_sha512(), NULL);

    for (i = 0; i < 20; i++) {
        ecdsa_sign(&t, EVP_sha512(), 66);
        EXPECT(sign_key_verify_hash(&k, hash, t.signature));
        EXPECT(sign_key_verify(&k, t.text, t.signature));
    }

    EVP_PKEY_CTX_free(k.verifier);
    EVP_PKEY_free(k.pkey);
    pair_free(&t);
}


TEST(rsa_pss_sha512)
{
    pair_t         t;
    postern_str_t  r;
    unsigned char  hash[64];

    pair_of(&t, POSTERN_ALG_RSA_PSS_SHA512, rsa());
    EXPECT(t.key != NULL);

    rsa_sign(&t, EVP_sha512(), EVP_sha512(), 64);
    every_bit_counts(&t);
    EXPECT(sign_key_verify_der(t.key, t.text, t.signature));

    EVP_Digest(TEXT, sizeof(TEXT) - 1, hash, NULL, EVP_sha512(), NULL);
    EXPECT(sign_key_verify_hash(t.key, hash, t.signature));
    hash[0] ^= 1;
    EXPECT(!sign_key_verify_hash(t.key, hash, t.signature));

    r = t.signature;
    EXPECT(!sign_key_verify_rs(t.key, hash, r, r));

    pair_free(&t);
}


/* RFC 9421, section 3.3.1: salt of 64 octets, MGF1 with SHA-512 */

TEST(rsa_pss_of_another_salt_or_mask_is_refused)
{
    size_t  i;
    pair_t  t;

    static const int  salts[] = { 0, 1, 20, 32, 63, 65, 190 };

    pair_of(&t, POSTERN_ALG_RSA_PSS_SHA512, rsa());

    for (i = 0; i < sizeof(salts) / sizeof(salts[0]); i++) {
        rsa_sign(&t, EVP_sha512(), EVP_sha512(), salts[i]);
        EXPECT(!verified(&t));
    }

    rsa_sign(&t, EVP_sha512(), EVP_sha256(), 64);
    EXPECT(!verified(&t));

    rsa_sign(&t, EVP_sha256(), EVP_sha256(), 32);
    EXPECT(!verified(&t));

    rsa_sign(&t, EVP_sha512(), NULL, -9);
    EXPECT(!verified(&t));

    pair_free(&t);
}


TEST(rsa_v1_5_sha256)
{
    pair_t  t;

    pair_of(&t, POSTERN_ALG_RSA_V1_5_SHA256, rsa());
    EXPECT(t.key != NULL);

    rsa_sign(&t, EVP_sha256(), NULL, -9);
    every_bit_counts(&t);

    rsa_sign(&t, EVP_sha512(), NULL, -9);
    EXPECT(!verified(&t));

    rsa_sign(&t, EVP_sha1(), NULL, -9);
    EXPECT(!verified(&t));

    rsa_sign(&t, EVP_sha512(), EVP_sha512(), 64);
    EXPECT(!verified(&t));

    pair_free(&t);
}


/* what a block of PKCS #1 v1.5 may look like to a careless reader */

static size_t
block_of(unsigned char *block, size_t len, size_t ones, const char *info,
    size_t info_len, size_t garbage)
{
    size_t         n;
    unsigned char  hash[32];

    EVP_Digest(TEXT, sizeof(TEXT) - 1, hash, NULL, EVP_sha256(), NULL);

    memset(block, 0xff, len);
    block[0] = 0;
    block[1] = 1;
    n = 2 + ones;
    block[n++] = 0;
    memcpy(block + n, info, info_len);
    n += info_len;
    memcpy(block + n, hash, 32);
    n += 32;
    memset(block + n, 0x5a, garbage);

    return n + garbage;
}


/* DigestInfo: of SHA-256, without its parameters, of SHA-384 */

#define INFO                                                                  \
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00" \
    "\x04\x20"
#define INFO_NO_NULL                                                          \
    "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define INFO_MD                                                               \
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00" \
    "\x04\x20"

TEST(rsa_v1_5_padding_is_whole_cve_2006_4339)
{
    size_t         i, n;
    pair_t         t;
    unsigned char  block[256];

    pair_of(&t, POSTERN_ALG_RSA_V1_5_SHA256, rsa());

    /* as it must be */

    n = block_of(block, 256, 256 - 3 - 19 - 32, INFO, 19, 0);
    EXPECT_INT(n, 256);
    rsa_sign_block(&t, block, 256);
    EXPECT(verified(&t));

    /* something behind the hash instead of padding before it */

    for (i = 8; i < 200; i += 32) {
        block_of(block, 256, i, INFO, 19, 256 - 3 - 19 - 32 - i);
        rsa_sign_block(&t, block, 256);
        EXPECT(!verified(&t));
    }

    /* without the parameters, of another hash, without a hash's name, one of
       the ones a zero, another type of block */

    block_of(block, 256, 256 - 3 - 17 - 32, INFO_NO_NULL, 17, 0);
    rsa_sign_block(&t, block, 256);
    EXPECT(!verified(&t));

    block_of(block, 256, 256 - 3 - 19 - 32, INFO_MD, 19, 0);
    rsa_sign_block(&t, block, 256);
    EXPECT(!verified(&t));

    block_of(block, 256, 256 - 3 - 32, "", 0, 0);
    rsa_sign_block(&t, block, 256);
    EXPECT(!verified(&t));

    block_of(block, 256, 256 - 3 - 19 - 32, INFO, 19, 0);
    block[100] = 0xfe;
    rsa_sign_block(&t, block, 256);
    EXPECT(!verified(&t));

    block_of(block, 256, 256 - 3 - 19 - 32, INFO, 19, 0);
    block[1] = 2;
    rsa_sign_block(&t, block, 256);
    EXPECT(!verified(&t));

    pair_free(&t);
}


/* the greatest number whose cube is not more than n */

static void
cube_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
    int      bit;
    BIGNUM  *cube;

    cube = BN_new();
    BN_zero(root);

    for (bit = BN_num_bits(n) / 3 + 1; bit >= 0; bit--) {
        BN_set_bit(root, bit);
        BN_sqr(cube, root, ctx);
        BN_mul(cube, cube, root, ctx);

        if (BN_cmp(cube, n) > 0) {
            BN_clear_bit(root, bit);
        }
    }

    BN_free(cube);
}


/* Bleichenbacher, CRYPTO 2006: with an exponent of 3 nobody's key is needed
   where what is behind the hash is not looked at */

TEST(rsa_v1_5_cube_roots_verify_nothing_cve_2006_4339)
{
    size_t         i;
    pair_t         t;
    BIGNUM        *n, *root, *cube;
    BN_CTX        *ctx;
    unsigned char  block[256], got[256];

    pair_of(&t, POSTERN_ALG_RSA_V1_5_SHA256, rsa_of(2048, 3));
    EXPECT(t.key != NULL);

    ctx = BN_CTX_new();
    root = BN_new();
    cube = BN_new();

    for (i = 8; i < 32; i += 8) {
        memset(block, 0xff, sizeof(block));
        block_of(block, 256, i, INFO, 19, 0);
        n = BN_bin2bn(block, 256, NULL);
        cube_root(root, n, ctx);

        /* the forgery is one: its cube begins as it shall */

        BN_sqr(cube, root, ctx);
        BN_mul(cube, cube, root, ctx);
        BN_bn2binpad(cube, got, 256);
        EXPECT_MEM(got, block, i + 3 + 19 + 32);

        BN_bn2binpad(root, t.room, 256);
        t.signature.len = 256;
        EXPECT(!verified(&t));
        BN_free(n);
    }

    rsa_sign(&t, EVP_sha256(), NULL, -9);
    EXPECT(verified(&t));

    BN_free(root);
    BN_free(cube);
    BN_CTX_free(ctx);
    pair_free(&t);
}


static sign_key_t *
key_of(postern_alg_e alg, EVP_PKEY *pkey)
{
    sign_key_t     *key;
    postern_key_t   k;
    postern_str_t   none = postern_null_string;
    unsigned char   room[1200];

    memset(&k, 0, sizeof(k));
    k.algorithm = alg;
    k.public_key = spki_of(pkey, room);
    key = sign_key_create(&k, none);
    EXPECT_INT(ERR_peek_error(), 0);

    return key;
}


static EVP_PKEY *
pss_of(const EVP_MD *md, int salt)
{
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY_keygen_init(ctx);
    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048);

    if (md) {
        EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, md);
        EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, md);
        EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, salt);
    }

    EVP_PKEY_generate(ctx, &pkey);
    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


TEST(rsa_keys_that_are_for_pss_alone)
{
    pair_t  t;

    pair_of(&t, POSTERN_ALG_RSA_PSS_SHA512, pss_of(NULL, 0));
    EXPECT(t.key != NULL);
    rsa_sign(&t, EVP_sha512(), EVP_sha512(), 64);
    EXPECT(verified(&t));

    EXPECT(key_of(POSTERN_ALG_RSA_V1_5_SHA256, t.pkey) == NULL);
    pair_free(&t);

    /* parameters of its own that are not those of RFC 9421 */

    pair_of(&t, POSTERN_ALG_RSA_PSS_SHA512, pss_of(EVP_sha256(), 32));
    EXPECT(t.key == NULL);
    pair_free(&t);

    pair_of(&t, POSTERN_ALG_RSA_PSS_SHA512, pss_of(EVP_sha512(), 65));
    EXPECT(t.key == NULL);
    pair_free(&t);
}


/* a number of so many bits in the place of a modulus */

static int
is_rsa_key(int bits, unsigned last, const char *exponent, size_t len)
{
    int             rc;
    EVP_PKEY       *pkey;
    sign_key_t      key;
    OSSL_PARAM      params[3];
    EVP_PKEY_CTX   *ctx;
    unsigned char   n[1200], room[1300];

    memset(n, 0xff, sizeof(n));
    n[0] = last;

    params[0] = OSSL_PARAM_construct_BN("n", n, bits / 8);
    params[1] = OSSL_PARAM_construct_BN("e", (unsigned char *) exponent, len);
    params[2] = OSSL_PARAM_construct_end();

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY_fromdata_init(ctx);
    EXPECT_INT(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);

    memset(&key, 0, sizeof(key));
    rc = sign_key_rsa(&key, spki_of(pkey, room), 1, SIGN_DIGEST_SHA512);

    EVP_PKEY_CTX_free(key.verifier);
    EVP_PKEY_free(key.pkey);
    EVP_PKEY_free(pkey);
    ERR_clear_error();

    return rc == 0;
}


TEST(rsa_keys_of_numbers_that_are_none)
{
    EXPECT(is_rsa_key(2048, 0xff, "\x01\x00\x01", 3));
    EXPECT(is_rsa_key(8192, 0xff, "\x01\x00\x01", 3));
    EXPECT(is_rsa_key(2048, 0xff, "\xff\xff\xff\xff\xff\xff\xff\xff", 8));

    /* too long, so that it takes its time, and too short */

    EXPECT(!is_rsa_key(8200, 0xff, "\x01\x00\x01", 3));
    EXPECT(!is_rsa_key(2040, 0xff, "\x01\x00\x01", 3));
    EXPECT(!is_rsa_key(2048, 0xff, "\xff\xff\xff\xff\xff\xff\xff\xff\x01", 9));

    EXPECT(!is_rsa_key(2048, 0xfe, "\x01\x00\x01", 3));
    EXPECT(!is_rsa_key(2048, 0xff, "\x02\x00\x01", 3));
    EXPECT(!is_rsa_key(2048, 0xff, "\x01", 1));
}


TEST(rsa_keys_that_are_refused)
{
    size_t          i;
    EVP_PKEY       *pkey;
    sign_key_t      key;
    postern_str_t   spki;
    unsigned char   room[1200];

    pkey = rsa_of(1024, 65537);
    EXPECT(key_of(POSTERN_ALG_RSA_PSS_SHA512, pkey) == NULL);
    EXPECT(key_of(POSTERN_ALG_RSA_V1_5_SHA256, pkey) == NULL);
    EVP_PKEY_free(pkey);

    pkey = EVP_EC_gen("P-256");
    EXPECT(key_of(POSTERN_ALG_RSA_V1_5_SHA256, pkey) == NULL);
    EXPECT(key_of(POSTERN_ALG_RSA_PSS_SHA512, pkey) == NULL);
    EVP_PKEY_free(pkey);

    pkey = rsa();
    spki = spki_of(pkey, room);

    for (i = 0; i < spki.len; i += 13) {
        memset(&key, 0, sizeof(key));
        EXPECT_INT(sign_key_rsa(&key, (postern_str_t) { i, room }, 1,
                                SIGN_DIGEST_SHA512), -1);
        EVP_PKEY_free(key.pkey);
        ERR_clear_error();
    }

    memset(&key, 0, sizeof(key));
    EXPECT_INT(sign_key_rsa(&key, (postern_str_t) { 0, NULL }, 1,
                            SIGN_DIGEST_SHA512), -1);

    /* something behind it */

    memset(&key, 0, sizeof(key));
    room[spki.len] = 0;
    spki.len++;
    EXPECT_INT(sign_key_rsa(&key, spki, 1, SIGN_DIGEST_SHA512), -1);
    EVP_PKEY_free(key.pkey);
    spki.len--;

    ERR_clear_error();
    EVP_PKEY_free(pkey);
}


/* what is not less than the modulus is refused without arithmetic: it does not
   fit, so that a decoy works in the key's place */

TEST(rsa_signatures_beyond_the_modulus_do_not_fit)
{
    pair_t          t;
    sign_message_t  msg;

    pair_of(&t, POSTERN_ALG_RSA_V1_5_SHA256, rsa());
    rsa_sign(&t, EVP_sha256(), NULL, -9);

    memset(&msg, 0, sizeof(msg));
    msg.scheme = SIGN_RFC9421;
    msg.signature = t.signature;
    EXPECT(sign_fits(t.key, &msg));

    memcpy(t.room, t.key->top, SIGN_RSA_TOP);
    EXPECT(!sign_fits(t.key, &msg));
    memset(t.room, 0xff, 256);
    EXPECT(!sign_fits(t.key, &msg));
    EXPECT(!verified(&t));

    msg.signature.len--;
    EXPECT(!sign_fits(t.key, &msg));

    pair_free(&t);
}


static void
hmac_of(postern_alg_e alg, const EVP_MD *md, size_t key_len)
{
    size_t          i;
    unsigned        len;
    sign_key_t     *key;
    sign_mac_t      mac;
    postern_key_t   k;
    postern_str_t   text, secret, signature;
    unsigned char   bytes[POSTERN_SECRET_MAX], want[64], got[64];

    for (i = 0; i < key_len; i++) {
        bytes[i] = (unsigned char) (i * 7 + 1);
    }

    secret.data = bytes;
    secret.len = key_len;
    text = sign_text_str(TEXT);

    HMAC(md, bytes, (int) key_len, text.data, text.len, want, &len);

    memset(&k, 0, sizeof(k));
    k.algorithm = alg;
    key = sign_key_create(&k, secret);

    if (!EXPECT(key != NULL)) {
        return;
    }

    signature.data = want;
    signature.len = len;
    EXPECT(sign_key_verify(key, text, signature));
    EXPECT(sign_key_verify_der(key, text, signature));
    EXPECT(!sign_key_verify_hash(key, want, signature));

    signature.len--;
    EXPECT(!sign_key_verify(key, text, signature));
    signature.len = 0;
    EXPECT(!sign_key_verify(key, text, signature));
    signature.len = len;

    want[len - 1] ^= 1;
    EXPECT(!sign_key_verify(key, text, signature));
    want[len - 1] ^= 1;

    EXPECT_INT(sign_mac_begin(&mac, key), len);

    for (i = 0; i < text.len; i += 5) {
        sign_mac_update(&mac, text.data + i,
                        text.len - i < 5 ? text.len - i : 5);
    }

    EXPECT_INT(sign_mac_final(&mac, got), len);
    EXPECT_MEM(got, want, len);

    sign_key_destroy(key);
}


TEST(hmac_of_each_hash_and_keys_of_every_kind_of_length)
{
    size_t  i;

    static const size_t  lengths[] = { 1, 32, 63, 64, 65, 127, 128, 129, 512 };

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        hmac_of(POSTERN_ALG_HMAC_SHA256, EVP_sha256(), lengths[i]);
        hmac_of(POSTERN_ALG_HMAC_SHA384, EVP_sha384(), lengths[i]);
        hmac_of(POSTERN_ALG_HMAC_SHA512, EVP_sha512(), lengths[i]);
    }
}


TEST(no_mac_is_made_by_a_public_key)
{
    sign_mac_t   mac;
    sign_key_t  *key;

    key = sign_decoy_create(POSTERN_ALG_ED25519, 64);
    EXPECT_INT(sign_mac_begin(&mac, key), 0);
    sign_key_destroy(key);
}


TEST(which_lengths_an_algorithm_has)
{
    size_t          i;
    sign_message_t  msg;
    unsigned char   room[1100];

    static const struct {
        postern_alg_e  alg;
        size_t         len;
    } exact[] = {
        { POSTERN_ALG_HMAC_SHA256, 32 },
        { POSTERN_ALG_HMAC_SHA384, 48 },
        { POSTERN_ALG_HMAC_SHA512, 64 },
        { POSTERN_ALG_ED25519, 64 },
        { POSTERN_ALG_ECDSA_P256_SHA256, 64 },
        { POSTERN_ALG_ECDSA_P384_SHA384, 96 }
    };

    memset(&msg, 0, sizeof(msg));
    memset(room, 0x30, sizeof(room));
    msg.signature.data = room;
    msg.scheme = SIGN_RFC9421;

    for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        msg.signature.len = exact[i].len;
        EXPECT(sign_alg_fits(exact[i].alg, &msg));
        msg.signature.len++;
        EXPECT(!sign_alg_fits(exact[i].alg, &msg));
        msg.signature.len -= 2;
        EXPECT(!sign_alg_fits(exact[i].alg, &msg));
    }

    for (i = 0; i < sizeof(room); i += 64) {
        msg.signature.len = i;
        EXPECT_INT(sign_alg_fits(POSTERN_ALG_RSA_PSS_SHA512, &msg),
                   i >= 256 && i <= 1024);
        EXPECT_INT(sign_alg_fits(POSTERN_ALG_RSA_V1_5_SHA256, &msg),
                   i >= 256 && i <= 1024);
    }

    EXPECT(!sign_alg_fits(POSTERN_ALG_X509, &msg));

    /* cavage: DER, shorter where r or s are; HMAC as ever */

    msg.scheme = SIGN_CAVAGE;
    msg.signature.len = 70;
    EXPECT(sign_alg_fits(POSTERN_ALG_ECDSA_P256_SHA256, &msg));
    msg.signature.len = 74;
    EXPECT(!sign_alg_fits(POSTERN_ALG_ECDSA_P256_SHA256, &msg));
    EXPECT(sign_alg_fits(POSTERN_ALG_ECDSA_P384_SHA384, &msg));
    EXPECT(!sign_alg_fits(POSTERN_ALG_HMAC_SHA256, &msg));

    /* the others say it themselves */

    msg.scheme = SIGN_WEBHOOK;
    EXPECT(sign_alg_fits(POSTERN_ALG_HMAC_SHA256, &msg));
}


/* decoys: of an algorithm that there are keys of and whose signature it can be,
   always the same for one id */

static postern_alg_e
sign_decoy_alg(unsigned algorithms, const sign_message_t *msg, uint32_t hash)
{
    size_t         n;
    postern_alg_e  fit[SIGN_DECOY_ALGS];

    n = sign_decoy_algs(algorithms, msg, fit);
    EXPECT(n >= 1 && n <= 2);

    return fit[hash % n];
}


TEST(decoys_are_of_algorithms_that_keys_have)
{
    uint32_t        hash;
    unsigned        has;
    sign_message_t  msg;

#define HAS(alg)  (1u << POSTERN_ALG_ ## alg)

    memset(&msg, 0, sizeof(msg));
    msg.scheme = SIGN_RFC9421;
    msg.signature.len = 64;

    EXPECT_INT(sign_decoy_alg(0, &msg, 7), POSTERN_ALG_HMAC_SHA256);
    EXPECT_INT(sign_decoy_alg(HAS(HMAC_SHA256), &msg, 7),
               POSTERN_ALG_HMAC_SHA256);
    EXPECT_INT(sign_decoy_alg(HAS(ED25519) | HAS(HMAC_SHA256), &msg, 7),
               POSTERN_ALG_ED25519);
    EXPECT_INT(sign_decoy_alg(HAS(ECDSA_P256_SHA256), &msg, 7),
               POSTERN_ALG_ECDSA_P256_SHA256);

    has = HAS(ED25519) | HAS(ECDSA_P256_SHA256) | HAS(ECDSA_P384_SHA384)
          | HAS(RSA_PSS_SHA512) | HAS(RSA_V1_5_SHA256);

    for (hash = 0; hash < 4; hash++) {
        msg.signature.len = 64;
        EXPECT_INT(sign_decoy_alg(has, &msg, hash),
                   hash % 2 ? POSTERN_ALG_ECDSA_P256_SHA256
                            : POSTERN_ALG_ED25519);
        msg.signature.len = 96;
        EXPECT_INT(sign_decoy_alg(has, &msg, hash),
                   POSTERN_ALG_ECDSA_P384_SHA384);
        msg.signature.len = 256;
        EXPECT_INT(sign_decoy_alg(has, &msg, hash),
                   hash % 2 ? POSTERN_ALG_RSA_V1_5_SHA256
                            : POSTERN_ALG_RSA_PSS_SHA512);
        msg.signature.len = 255;
        EXPECT_INT(sign_decoy_alg(has, &msg, hash), POSTERN_ALG_HMAC_SHA256);
    }

    /* what the message names, where it can be */

    msg.alg = POSTERN_ALG_ECDSA_P256_SHA256;
    msg.signature.len = 64;
    EXPECT_INT(sign_decoy_alg(has, &msg, 0), POSTERN_ALG_ECDSA_P256_SHA256);
    msg.signature.len = 96;
    EXPECT_INT(sign_decoy_alg(has, &msg, 0), POSTERN_ALG_HMAC_SHA256);
}


TEST(decoys_verify_nothing)
{
    int             alg;
    sign_key_t     *key;
    postern_str_t   text, signature;
    unsigned char   room[1024];

    text = sign_text_str(TEXT);
    memset(room, 0x42, sizeof(room));
    signature.data = room;

    for (alg = POSTERN_ALG_HMAC_SHA256; alg <= POSTERN_ALG_HMAC_SHA512; alg++) {
        key = sign_decoy_create(alg, 512);

        if (!EXPECT(key != NULL)) {
            continue;
        }

        EXPECT_INT(key->algorithm, alg);
        signature.len = key->len;
        EXPECT(!sign_key_verify(key, text, signature));
        sign_key_destroy(key);
    }

    EXPECT_INT(ERR_peek_error(), 0);
}


/* as long as the signature, and longer than nothing that RSA keys are */

TEST(decoys_of_rsa_are_as_long_as_the_signature)
{
    size_t           len;
    sign_key_t      *key;
    sign_message_t   msg;
    unsigned char    room[1024];

    memset(room, 0xfe, sizeof(room));
    memset(&msg, 0, sizeof(msg));
    msg.scheme = SIGN_RFC9421;
    msg.signature.data = room;

    for (len = 256; len <= 1024; len += 96) {
        key = sign_decoy_create(POSTERN_ALG_RSA_PSS_SHA512, len);
        msg.signature.len = len;

        if (EXPECT(key != NULL)) {
            EXPECT_INT(key->len, len);
            EXPECT(sign_fits(key, &msg));
            EXPECT(!sign_key_verify(key, sign_text_str(TEXT), msg.signature));
            sign_key_destroy(key);
        }
    }

    EXPECT(sign_decoy_create(POSTERN_ALG_RSA_PSS_SHA512, 255) == NULL);
    EXPECT(sign_decoy_create(POSTERN_ALG_RSA_V1_5_SHA256, 1025) == NULL);
}


TEST(hashes_of_every_kind)
{
    postern_str_t  parts[2];
    unsigned char  got[64], want[64];

    parts[0] = sign_text_str("ab");
    parts[1] = sign_text_str("c");

    EVP_Digest("abc", 3, want, NULL, EVP_sha256(), NULL);
    EXPECT_INT(sign_hash(SIGN_DIGEST_SHA256, parts, 2, got), 32);
    EXPECT_MEM(got, want, 32);

    EVP_Digest("abc", 3, want, NULL, EVP_sha384(), NULL);
    EXPECT_INT(sign_hash(SIGN_DIGEST_SHA384, parts, 2, got), 48);
    EXPECT_MEM(got, want, 48);

    EVP_Digest("abc", 3, want, NULL, EVP_sha512(), NULL);
    EXPECT_INT(sign_hash(SIGN_DIGEST_SHA512, parts, 2, got), 64);
    EXPECT_MEM(got, want, 64);
}


UNIT_MAIN()
