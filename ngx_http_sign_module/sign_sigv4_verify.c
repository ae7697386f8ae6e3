
/*
 * SigV4: the signing keys of scopes, derived from the key, and verification by
 * them.
 */


#include "sign_verify.h"
#include "postern_assert.h"

#include <openssl/crypto.h>


static postern_str_t sign_scope_text(const sign_sigv4_t *v4);
static int sign_verify_readings(const sign_hmac_t *mac, sign_message_t *msg);
static sign_scope_t *sign_scope_find(sign_key_t *k, postern_str_t text);
static void sign_scope_keep(sign_key_t *k, postern_str_t text,
    const sign_hmac_t *mac);
static void sign_scope_derive(const sign_key_t *k, const sign_sigv4_t *v4,
    sign_hmac_t *mac);


/*
 * What is refused costs the derivation also where the signing key is at hand:
 * only of keys that somebody has it can be, and the time would tell.
 */

int
sign_sigv4_verify(sign_key_t *k, sign_message_t *msg)
{
    int                  valid;
    sign_hmac_t          mac;
    sign_scope_t        *scope;
    postern_str_t        text;
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    if (k->algorithm != POSTERN_ALG_HMAC_SHA256 || v4 == NULL) {
        return 0;
    }

    text = sign_scope_text(v4);
    scope = sign_scope_find(k, text);

    if (scope != NULL && sign_verify_readings(&scope->mac, msg)) {
        return 1;
    }

    sign_scope_derive(k, v4, &mac);

    valid = (scope == NULL && sign_verify_readings(&mac, msg));

    if (valid) {
        sign_scope_keep(k, text, &mac);
    }

    OPENSSL_cleanse(&mac, sizeof(mac));

    return valid;
}


/* nobody who signs this way is known to write paths and queries differently:
   there is one reading */

int
sign_sigv4a_verify(sign_key_t *k, sign_message_t *msg)
{
    sign_key_t  *pair;

    pair = sign_sigv4a_key(k, msg->key_id);

    return pair && sign_key_verify_der(pair, msg->base, msg->signature);
}


/* the signing key may have made room for others' since the request verified:
   then it is derived once more */

int
sign_sigv4_verify_text(sign_key_t *k, const sign_message_t *msg,
    postern_str_t text, postern_str_t signature)
{
    int                  valid;
    sign_key_t          *pair;
    sign_hmac_t          mac;
    sign_scope_t        *scope;
    const sign_sigv4_t  *v4;

    if (msg->scheme == SIGN_SIGV4A) {
        pair = sign_sigv4a_key(k, msg->key_id);

        return pair && sign_key_verify_der(pair, text, signature);
    }

    v4 = msg->scheme_data;
    scope = sign_scope_find(k, sign_scope_text(v4));

    if (scope != NULL) {
        return sign_mac_equal(&scope->mac, text, signature);
    }

    sign_scope_derive(k, v4, &mac);

    valid = sign_mac_equal(&mac, text, signature);

    OPENSSL_cleanse(&mac, sizeof(mac));

    return valid;
}


/* the signature over msg->base, by our own key: the scope is one of ours */

void
sign_sigv4_make(sign_key_t *k, sign_message_t *msg, unsigned char out[32])
{
    sign_hmac_t          mac;
    sign_scope_t        *scope;
    postern_str_t        text;
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    text = sign_scope_text(v4);
    scope = sign_scope_find(k, text);

    if (scope != NULL) {
        sign_hmac(&scope->mac, msg->base, out);
        return;
    }

    sign_scope_derive(k, v4, &mac);
    sign_scope_keep(k, text, &mac);

    sign_hmac(&mac, msg->base, out);

    OPENSSL_cleanse(&mac, sizeof(mac));
}


/* date/region/service, without the constant behind */

static postern_str_t
sign_scope_text(const sign_sigv4_t *v4)
{
    postern_str_t  text;

    text.data = v4->scope.data;
    text.len = v4->service.data + v4->service.len - text.data;

    return text;
}


/* one of the readings of sign_sigv4.h; the base becomes the one signed */

static int
sign_verify_readings(const sign_hmac_t *mac, sign_message_t *msg)
{
    size_t               i;
    const sign_sigv4_t  *v4;

    if (sign_mac_equal(mac, msg->base, msg->signature)) {
        return 1;
    }

    v4 = msg->scheme_data;

    for (i = 0; i < v4->nreadings; i++) {

        if (sign_mac_equal(mac, v4->readings[i], msg->signature)) {
            msg->base = v4->readings[i];

            return 1;
        }
    }

    return 0;
}


static sign_scope_t *
sign_scope_find(sign_key_t *k, postern_str_t text)
{
    size_t         i;
    sign_scope_t  *scope;

    for (i = 0; i < SIGN_SCOPES; i++) {
        scope = &k->scopes[i];

        if (scope->used && scope->len == text.len
            && memcmp(scope->text, text.data, text.len) == 0)
        {
            scope->used = ++k->clock;
            return scope;
        }
    }

    return NULL;
}


static void
sign_scope_keep(sign_key_t *k, postern_str_t text, const sign_hmac_t *mac)
{
    size_t         i;
    sign_scope_t  *scope;

    if (POSTERN_NEVER(text.len > sizeof(scope->text))) {
        return;
    }

    scope = &k->scopes[0];

    for (i = 1; i < SIGN_SCOPES; i++) {
        if (k->scopes[i].used < scope->used) {
            scope = &k->scopes[i];
        }
    }

    scope->mac = *mac;
    scope->used = ++k->clock;
    scope->len = text.len;
    memcpy(scope->text, text.data, text.len);
}


/* kDate, kRegion, kService, kSigning: each the key of the next */

static void
sign_scope_derive(const sign_key_t *k, const sign_sigv4_t *v4,
    sign_hmac_t *mac)
{
    size_t         i;
    postern_str_t  steps[4];
    unsigned char  key[32];

    static const postern_str_t  end = postern_string("aws4_request");

    steps[0] = v4->date;
    steps[1] = v4->region;
    steps[2] = v4->service;
    steps[3] = end;

    *mac = k->aws4;

    for (i = 0; i < 4; i++) {
        sign_hmac(mac, steps[i], key);
        sign_hmac_key(mac, key, sizeof(key));
    }

    OPENSSL_cleanse(key, sizeof(key));
}
