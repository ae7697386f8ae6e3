/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto */

/*
 * Any bytes as a JWK Set beside a document.  A broken one has a reason and a
 * place in it; every key of a good one is found under its id, is for something,
 * and has a thumbprint that a set of that key alone gives it again.
 */


#include "fuzz.h"
#include "postern_directory.h"
#include "postern_jwk.h"


static const char  document[] =
    "{\"version\":1,\"organizations\":{\"acme\":{\"users\":{\"alice\":{}},"
    "\"keys\":{\"AK1\":{\"user\":\"alice\",\"algorithm\":\"hmac-sha256\","
    "\"secret\":\"plain:0123456789abcdef\"}}}}}";


static postern_directory_t *
parse(postern_str_t text, int thumbprint, postern_jwks_t *set,
    postern_error_t *err, uint32_t *faulty)
{
    postern_str_t  json = postern_string(document);

    memset(set, 0, sizeof(*set));
    set->text = text;
    set->org = (postern_str_t) postern_string("acme");
    set->thumbprint = thumbprint;

    return postern_directory_parse_sets(json, set, 1, faulty, err);
}


static void
again(const postern_key_t *key)
{
    char                  text[POSTERN_JWK_MAX + 64], jwk[POSTERN_JWK_MAX];
    char                  id[POSTERN_THUMBPRINT_LEN + 1];
    uint32_t              faulty;
    postern_str_t         s, name;
    postern_jwks_t        set;
    postern_error_t       err;
    postern_directory_t  *dir;
    const postern_key_t  *other;

    HELD(postern_jwk_thumbprint(key->algorithm, key->public_key, id) == 0);
    HELD(postern_jwk_write(key->algorithm, key->public_key, jwk, sizeof(jwk))
         != 0);

    snprintf(text, sizeof(text), "{\"keys\":[%.*s,\"alg\":\"%s\"}]}",
             (int) strlen(jwk) - 1, jwk, postern_jwk_alg(key->algorithm));

    s.data = (unsigned char *) text;
    s.len = strlen(text);
    name.data = (unsigned char *) id;
    name.len = POSTERN_THUMBPRINT_LEN;

    dir = parse(s, 0, &set, &err, &faulty);
    HELD(dir != NULL);

    other = postern_directory_key(dir, name);
    HELD(other != NULL && other->algorithm == key->algorithm);
    HELD(postern_str_eq(other->public_key, key->public_key));

    postern_directory_destroy(dir);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t              i, faulty;
    postern_str_t         copy, rest;
    postern_jwks_t        set;
    postern_error_t       err;
    postern_directory_t  *dir;
    const postern_key_t  *key;

    if (size == 0) {
        return 0;
    }

    copy = fuzz_copy(data, size);
    rest = copy;
    i = fuzz_byte(&rest);

    dir = parse(rest, i & 1, &set, &err, &faulty);

    if (dir == NULL) {
        HELD(faulty == 0);
        fuzz_error(&err, rest);
        free((void *) copy.data);
        return 0;
    }

    HELD(dir->nkeys == 1 + set.nkeys);

    for (i = 1; i < dir->nkeys; i++) {
        key = &dir->keys[i];

        HELD(postern_directory_key(dir, key->id) == key);
        HELD(key->schemes != 0 && key->not_before < key->not_after);
        HELD(key->user == NULL && key->nroles == 0);
        fuzz_read(key->id);
        fuzz_read(key->public_key);

        again(key);
    }

    postern_directory_destroy(dir);
    free((void *) copy.data);

    return 0;
}
