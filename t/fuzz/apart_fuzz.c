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
 * Any bytes as the record of a key in Redis, and as that of ids of keys.  A
 * broken one has a reason and a place in it; a good one refers to the
 * directory beside it, holds no secret that lies open, and every byte of it is
 * there to be read.
 */


#include "fuzz.h"
#include "postern_directory.h"


static const char  document[] =
    "{\"version\":1,\"organizations\":{\"acme\":{"
    "\"users\":{\"alice\":{\"roles\":[\"viewer\"]},\"bob\":{}},"
    "\"roles\":{\"viewer\":{},\"robot\":{}}},"
    "\"other\":{\"users\":{\"carol\":{}}}}}";


static void
ids_of(postern_str_t text, postern_arena_t *arena)
{
    uint32_t              i, n;
    postern_error_t       err;
    const postern_str_t  *ids;

    ids = postern_directory_ids_parse(text, arena, &n, &err);

    if (ids == NULL) {
        fuzz_error(&err, text);
        return;
    }

    HELD(n > 0 && n <= POSTERN_KEY_IDS_MAX);

    for (i = 0; i < n; i++) {
        HELD(postern_directory_key_id(ids[i]));
        fuzz_read(ids[i]);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t              i;
    postern_str_t         text, id = postern_string("AK1");
    postern_arena_t      *arena;
    postern_error_t       err;
    postern_key_name_t    names[POSTERN_KEY_NAMES_MAX];
    const postern_key_t  *key;

    static postern_directory_t  *dir;

    if (dir == NULL) {
        text.data = (const unsigned char *) document;
        text.len = sizeof(document) - 1;

        dir = postern_directory_parse(text, &err);
        HELD(dir != NULL);
    }

    text.data = data;
    text.len = size;

    arena = postern_arena_create();
    HELD(arena != NULL);

    ids_of(text, arena);

    key = postern_directory_key_parse(dir, id, text, arena, &err);

    if (key == NULL) {
        fuzz_error(&err, text);
        postern_arena_destroy(arena);
        return 0;
    }

    HELD(postern_str_eq(key->id, id));
    HELD(key->index == POSTERN_KEY_APART);
    HELD(key->org >= dir->orgs && key->org < dir->orgs + dir->norgs);
    HELD(key->user == NULL || key->user->org == key->org);
    HELD(postern_alg_is_hmac(key->algorithm) == (key->secret.len != 0));
    HELD(key->secret.len == 0
         || memcmp(key->secret.data, "sealed:", 7) == 0);
    HELD(key->private_key.len == 0
         || memcmp(key->private_key.data, "sealed:", 7) == 0);
    HELD(dir->nplain == 0 && dir->nsealed == 0 && dir->nkeys == 0);

    for (i = 0; i < key->nroles; i++) {
        HELD(key->roles[i] >= key->org->roles
             && key->roles[i] < key->org->roles + key->org->nroles);
    }

    HELD((postern_directory_names(key, names) == 0)
         == (key->algorithm < POSTERN_ALG_SSH));

    fuzz_read(key->secret);
    fuzz_read(key->public_key);

    postern_arena_destroy(arena);

    return 0;
}
