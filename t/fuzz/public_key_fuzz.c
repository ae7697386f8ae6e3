/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as a public key: as text, PEM or base64, and as the DER of a
 * SubjectPublicKeyInfo; and the rest, behind a NUL, as a signature.  A key that
 * is read has the length of its kind, reads as the same from its own bytes, can
 * be made ready, and verifies no signature that nobody made.
 */


#include <openssl/ec.h>
#include <sodium.h>

#include "fuzz.h"
#include "postern_directory_parse.h"
#include "sign_message.h"


#define FUZZ_INPUT  2048


static void  *groups[POSTERN_CURVES];    /* kept as a parser keeps them */


/* the raw key in out: its length, or 0 */

static size_t
parse(postern_str_t text, postern_alg_e alg, unsigned char *out)
{
    int                rc;
    json_t            *value;
    postern_str_t      raw;
    postern_parse_t    p;
    postern_error_t    err;
    postern_json_at_t  at;

    value = json_stringn((char *) text.data, text.len);

    if (value == NULL) {
        return 0;
    }

    memset(&p, 0, sizeof(p));
    memset(&at, 0, sizeof(at));
    memset(&err, 0, sizeof(err));
    at.member = "public_key";

    /* where a fault is told, it is looked for in the text */

    p.text = (postern_str_t) postern_string("{\"public_key\":\"\"}");
    p.err = &err;
    memcpy(p.groups, groups, sizeof(groups));
    p.arena = postern_arena_create();
    HELD(p.arena != NULL);

    rc = postern_parse_public_key(&p, &at, value, alg, &raw);
    raw.len = rc == 0 ? raw.len : 0;
    memcpy(groups, p.groups, sizeof(groups));

    HELD(rc == 0 || err.text[0] != '\0');
    HELD(raw.len <= POSTERN_PUBLIC_MAX);

    if (raw.len) {
        memcpy(out, raw.data, raw.len);
    }

    postern_arena_destroy(p.arena);
    json_decref(value);

    return raw.len;
}


static size_t
parse_bytes(postern_str_t bytes, postern_alg_e alg, unsigned char *out)
{
    char           text[4 * FUZZ_INPUT];
    postern_str_t  s;

    sodium_bin2base64(text, sizeof(text), bytes.data, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);

    s.data = (unsigned char *) text;
    s.len = strlen(text);

    return parse(s, alg, out);
}


static void
good(postern_str_t raw, postern_alg_e alg, postern_str_t signature)
{
    size_t           len;
    sign_key_t      *key;
    postern_key_t    dkey;
    unsigned char    again[POSTERN_PUBLIC_MAX];
    sign_message_t   msg;

    HELD(alg != POSTERN_ALG_ED25519 || raw.len == 32);
    HELD(alg != POSTERN_ALG_ECDSA_P256_SHA256 || raw.len == 65);
    HELD(alg != POSTERN_ALG_ECDSA_P384_SHA384 || raw.len == 97);

    len = parse_bytes(raw, alg, again);
    HELD(len == raw.len && memcmp(again, raw.data, len) == 0);

    memset(&dkey, 0, sizeof(dkey));
    dkey.algorithm = alg;
    dkey.public_key = raw;

    key = sign_key_create(&dkey, (postern_str_t) postern_null_string);

    /* a modulus that is a prime, or has a small factor, is found out here */

    HELD(key != NULL || postern_alg_is_rsa(alg));

    if (key == NULL) {
        return;
    }

    memset(&msg, 0, sizeof(msg));
    msg.scheme = SIGN_RFC9421;
    msg.signature = signature;
    msg.base = (postern_str_t) postern_string("\"@method\": GET");

    HELD(sign_verify(key, &msg) != SIGN_OK);

    sign_key_destroy(key);
}


/* those of old inputs first */

static const postern_alg_e  algs[] = {
    POSTERN_ALG_ECDSA_P256_SHA256, POSTERN_ALG_ED25519,
    POSTERN_ALG_ECDSA_P384_SHA384, POSTERN_ALG_RSA_PSS_SHA512,
    POSTERN_ALG_RSA_V1_5_SHA256
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_str_t  copy, rest, text, raw;
    postern_alg_e  alg;
    unsigned char  out[POSTERN_PUBLIC_MAX];

    if (size < 2 || size > FUZZ_INPUT) {
        return 0;
    }

    copy = fuzz_copy(data, size);
    rest = copy;
    raw.data = out;

    alg = algs[fuzz_byte(&rest) % (sizeof(algs) / sizeof(algs[0]))];

    raw.len = parse_bytes(rest, alg, out);

    if (raw.len) {
        good(raw, alg, rest);
    }

    text = fuzz_cut(&rest, '\0');
    raw.len = parse(text, alg, out);

    if (raw.len) {
        good(raw, alg, rest);
    }

    free((void *) copy.data);

    return 0;
}
