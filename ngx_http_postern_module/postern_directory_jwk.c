
/* one JSON Web Key to the raw form of its public key */

#include <openssl/err.h>
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_jwk.h"


#define POSTERN_JWK_TEXT_MAX  1400    /* base64url of 1024 bytes and more */


static int postern_jwk_fault(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *member, const char *text);
static int postern_jwk_kind(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_alg_e alg);
static const char *postern_jwk_contradicts(const json_t *json,
    postern_alg_e alg);
static int postern_jwk_private(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *json);
static int postern_jwk_bytes(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *member, unsigned char *out, size_t size,
    size_t *len);
static int postern_jwk_is(const json_t *json, const char *member,
    const char *value);
static int postern_jwk_raw(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_alg_e alg, unsigned char *raw, size_t *len,
    const char **fault);


int
postern_parse_jwk(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *json, postern_alg_e alg, postern_str_t *raw)
{
    size_t              len;
    const char         *fault;
    postern_str_t       s;
    unsigned char       key[POSTERN_PUBLIC_MAX];
    postern_json_at_t   member = { at, NULL, 0 };

    if (postern_jwk_private(p, at, json) != 0
        || postern_jwk_kind(p, at, json, alg) != 0)
    {
        return -1;
    }

    member.member = postern_jwk_contradicts(json, alg);

    if (member.member) {
        return postern_fault(p, &member, POSTERN_JSON_VALUE,
                             "says that the key is not made to verify "
                             "signatures of its algorithm");
    }

    if (postern_jwk_raw(p, at, json, alg, key, &len, &fault) != 0) {
        return -1;
    }

    if (fault == NULL) {
        fault = postern_public_check(p, alg, key, &len);
    }

    ERR_clear_error();

    if (fault) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "%s", fault);
    }

    s.data = key;
    s.len = len;

    return postern_parse_keep(p, s, raw);
}


/*
 * The algorithm of a key in a set, or 0 where it is none that signs requests
 * here.  RFC 7517, section 5, wants those ignored, and sets hold such: keys to
 * encrypt with, curves of other protocols, shared secrets.
 */

postern_alg_e
postern_jwk_algorithm(const json_t *json)
{
    postern_alg_e  alg;

    alg = 0;

    if (postern_jwk_is(json, "kty", "OKP")) {
        alg = postern_jwk_is(json, "crv", "Ed25519") ? POSTERN_ALG_ED25519 : 0;

    } else if (postern_jwk_is(json, "kty", "EC")) {
        alg = postern_jwk_is(json, "crv", "P-256")
              ? POSTERN_ALG_ECDSA_P256_SHA256
              : postern_jwk_is(json, "crv", "P-384")
                ? POSTERN_ALG_ECDSA_P384_SHA384 : 0;

    /* RSA alone does not say how it pads: the better way where nothing does */

    } else if (postern_jwk_is(json, "kty", "RSA")) {
        alg = postern_jwk_is(json, "alg", "RS256")
              ? POSTERN_ALG_RSA_V1_5_SHA256 : POSTERN_ALG_RSA_PSS_SHA512;
    }

    return alg && postern_jwk_contradicts(json, alg) == NULL ? alg : 0;
}


/* the member that speaks against verifying with the key */

static const char *
postern_jwk_contradicts(const json_t *json, postern_alg_e alg)
{
    size_t         i;
    const json_t  *ops, *op;

    /* "Ed25519" is the name by RFC 9864 */

    if (json_object_get(json, "alg")
        && !postern_jwk_is(json, "alg", postern_jwk_alg(alg))
        && !(alg == POSTERN_ALG_ED25519
             && postern_jwk_is(json, "alg", "Ed25519")))
    {
        return "alg";
    }

    if (json_object_get(json, "use") && !postern_jwk_is(json, "use", "sig")) {
        return "use";
    }

    ops = json_object_get(json, "key_ops");
    if (ops == NULL) {
        return NULL;
    }

    for (i = 0; i < json_array_size(ops); i++) {
        op = json_array_get(ops, i);

        if (postern_json_is(op, JSON_STRING)
            && strcmp(json_string_value(op), "verify") == 0)
        {
            return NULL;
        }
    }

    return "key_ops";
}


static int
postern_jwk_is(const json_t *json, const char *member, const char *value)
{
    const json_t  *v;

    v = json_object_get(json, member);

    return postern_json_is(v, JSON_STRING)
           && strcmp(json_string_value(v), value) == 0;
}


/* at the member where it is there, else at the key */

static int
postern_jwk_fault(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *member, const char *text)
{
    postern_json_at_t  at = { up, member, 0 };

    return postern_fault(p, json_object_get(json, member) ? &at : up,
                         POSTERN_JSON_VALUE, "%s", text);
}


static int
postern_jwk_private(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json)
{
    size_t             i;
    postern_json_at_t  at = { up, NULL, 0 };

    static const char *const  members[] = {
        "d", "p", "q", "dp", "dq", "qi", "oth", "k"
    };

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {

        if (json_object_get(json, members[i])) {
            at.member = members[i];

            return postern_fault(p, &at, POSTERN_JSON_NAME,
                                 "is part of a private key: it belongs to the "
                                 "client alone, put the public members here "
                                 "and replace the pair");
        }
    }

    return 0;
}


static int
postern_jwk_kind(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_alg_e alg)
{
    const char  *kty, *crv, *fault;

    crv = NULL;

    if (postern_alg_is_rsa(alg)) {
        kty = "RSA";
        fault = "must be \"RSA\", as the algorithm says";

    } else if (alg == POSTERN_ALG_ED25519) {
        kty = "OKP";
        crv = "Ed25519";
        fault = "must be \"OKP\" with the \"crv\" \"Ed25519\", as the "
                "algorithm says";

    } else if (alg == POSTERN_ALG_ECDSA_P256_SHA256) {
        kty = "EC";
        crv = "P-256";
        fault = "must be \"EC\" with the \"crv\" \"P-256\", as the algorithm "
                "says";

    } else {
        kty = "EC";
        crv = "P-384";
        fault = "must be \"EC\" with the \"crv\" \"P-384\", as the algorithm "
                "says";
    }

    if (!postern_jwk_is(json, "kty", kty)
        || (crv && !postern_jwk_is(json, "crv", crv)))
    {
        return postern_jwk_fault(p, up, json, "kty", fault);
    }

    return 0;
}


static int
postern_jwk_raw(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_alg_e alg, unsigned char *raw, size_t *len,
    const char **fault)
{
    size_t         half;
    postern_str_t  n, e;
    unsigned char  a[POSTERN_JWK_TEXT_MAX], b[POSTERN_JWK_TEXT_MAX];

    *fault = NULL;
    n.data = a;
    n.len = 0;
    e.data = b;
    e.len = 0;

    if (postern_alg_is_rsa(alg)) {

        if (postern_jwk_bytes(p, up, json, "n", a, sizeof(a), &n.len) != 0
            || postern_jwk_bytes(p, up, json, "e", b, sizeof(b), &e.len) != 0)
        {
            return -1;
        }

        *fault = postern_public_rsa(n, e, raw, len);

        return 0;
    }

    if (alg == POSTERN_ALG_ED25519) {
        return postern_jwk_bytes(p, up, json, "x", raw, POSTERN_PUBLIC_MAX,
                                 len);
    }

    if (postern_jwk_bytes(p, up, json, "x", a, sizeof(a), &n.len) != 0
        || postern_jwk_bytes(p, up, json, "y", b, sizeof(b), &e.len) != 0)
    {
        return -1;
    }

    /* full length, zeros in front too: RFC 7518, section 6.2.1.2 */

    half = alg == POSTERN_ALG_ECDSA_P256_SHA256 ? 32 : 48;

    if (n.len != half || e.len != half) {
        *fault = half == 32 ? "\"x\" and \"y\" must be 32 bytes each"
                            : "\"x\" and \"y\" must be 48 bytes each";
        return 0;
    }

    raw[0] = 0x04;
    memcpy(raw + 1, a, half);
    memcpy(raw + 1 + half, b, half);
    *len = 1 + 2 * half;

    return 0;
}


static int
postern_jwk_bytes(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, const char *member, unsigned char *out, size_t size,
    size_t *len)
{
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, json, member, JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "the member \"%s\" is missing", member);
    }

    if (postern_parse_string(p, &at, value, POSTERN_JWK_TEXT_MAX, &s) != 0) {
        return -1;
    }

    if (sodium_base642bin(out, size, (const char *) s.data, s.len, NULL, len,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
        != 0)
    {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be base64url without padding");
    }

    return 0;
}
