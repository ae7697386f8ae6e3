
/*
 * Keys made ready, once per worker and directory snapshot, when a request first
 * speaks of them: a key unused is a key not opened.
 */


#include "ngx_http_sign_module.h"
#include "sign_verify.h"


/*
 * Of RSA, one for each multiple of 64 bytes that a signature may be long, which
 * nearly all keys have, and the first for what is of another length: nobody
 * shall make room for his by taking the place of one that somebody's key is
 * like, and see by the work of making it anew that it was nobody's.
 */

#define NGX_HTTP_SIGN_DECOY_STEP  64
#define NGX_HTTP_SIGN_DECOY_RSA                                               \
    (SIGN_RSA_MAX_BITS / 8 / NGX_HTTP_SIGN_DECOY_STEP + 1)
#define NGX_HTTP_SIGN_DECOYS      (POSTERN_ALG_HMAC_SHA512 + 1)

#define NGX_HTTP_SIGN_SALT        32    /* bytes */
#define NGX_HTTP_SIGN_PURPOSE     "sign-decoy"


/* of keys that stand apart */

#define NGX_HTTP_SIGN_APART                                                   \
    (1u << POSTERN_ALG_HMAC_SHA256 | 1u << POSTERN_ALG_ED25519                \
     | 1u << POSTERN_ALG_ECDSA_P256_SHA256                                    \
     | 1u << POSTERN_ALG_ECDSA_P384_SHA384                                    \
     | 1u << POSTERN_ALG_RSA_PSS_SHA512 | 1u << POSTERN_ALG_RSA_V1_5_SHA256   \
     | 1u << POSTERN_ALG_HMAC_SHA384 | 1u << POSTERN_ALG_HMAC_SHA512)


typedef struct {
    uint32_t       nkeys;
    sign_key_t    *decoys[NGX_HTTP_SIGN_DECOYS];    /* by algorithm */
    sign_key_t    *rsa_decoys[2][NGX_HTTP_SIGN_DECOY_RSA];
    uint64_t       serial;                /* of the snapshot, in this worker */
    sign_key_t    *ssh_decoys[SIGN_SSH_SLOTS];
    uint32_t       ssh_slots;             /* as bits, and SIGN_SSH_SLOTS where
                                             they are known */
    sign_maker_t **makers;                /* as keys; NULL until asked for */
    sign_key_t    *keys[];                /* by postern_key_t.index */
} ngx_http_sign_keys_t;


static void *ngx_http_sign_prepare(const postern_directory_t *dir);
static void ngx_http_sign_destroy(void *data);
static void ngx_http_sign_other_length(sign_key_t **decoy, size_t len);
static sign_key_t *ngx_http_sign_ssh_decoy(ngx_http_request_t *r,
    ngx_http_sign_keys_t *keys, const sign_message_t *msg,
    const postern_key_t **key);
static uint32_t ngx_http_sign_hash(postern_str_t id);


static const postern_org_t  ngx_http_sign_decoy_org;

#define ngx_http_sign_decoy_of(alg)                                           \
    { .org = &ngx_http_sign_decoy_org,                                        \
      .schemes = NGX_HTTP_SIGN_SCHEMES,                                       \
      .algorithm = alg,                                                       \
      .not_before = POSTERN_TIME_MIN,                                         \
      .not_after = POSTERN_TIME_MAX }

static const postern_key_t  ngx_http_sign_decoys[NGX_HTTP_SIGN_DECOYS] = {
    [POSTERN_ALG_HMAC_SHA256] =
        ngx_http_sign_decoy_of(POSTERN_ALG_HMAC_SHA256),
    [POSTERN_ALG_ED25519] =
        ngx_http_sign_decoy_of(POSTERN_ALG_ED25519),
    [POSTERN_ALG_ECDSA_P256_SHA256] =
        ngx_http_sign_decoy_of(POSTERN_ALG_ECDSA_P256_SHA256),
    [POSTERN_ALG_ECDSA_P384_SHA384] =
        ngx_http_sign_decoy_of(POSTERN_ALG_ECDSA_P384_SHA384),
    [POSTERN_ALG_RSA_PSS_SHA512] =
        ngx_http_sign_decoy_of(POSTERN_ALG_RSA_PSS_SHA512),
    [POSTERN_ALG_RSA_V1_5_SHA256] =
        ngx_http_sign_decoy_of(POSTERN_ALG_RSA_V1_5_SHA256),
    [POSTERN_ALG_HMAC_SHA384] =
        ngx_http_sign_decoy_of(POSTERN_ALG_HMAC_SHA384),
    [POSTERN_ALG_HMAC_SHA512] =
        ngx_http_sign_decoy_of(POSTERN_ALG_HMAC_SHA512)
};

/*
 * Where there is no master key: made by the master when it starts, kept over
 * its reloads, and inherited by all workers.
 */

static u_char    ngx_http_sign_salt[NGX_HTTP_SIGN_SALT];

static uint64_t  ngx_http_sign_serial;     /* of the last snapshot */


/* as of a real one, every word of what an authority demands is met */

static const postern_str_t  ngx_http_sign_principals[] = {
    postern_string("*")
};

static const postern_key_t  ngx_http_sign_ssh_decoys[] = {

    { .org = &ngx_http_sign_decoy_org,
      .schemes = NGX_HTTP_SIGN_SCHEMES,
      .algorithm = POSTERN_ALG_SSH,
      .not_before = POSTERN_TIME_MIN,
      .not_after = POSTERN_TIME_MAX },

    { .org = &ngx_http_sign_decoy_org,
      .schemes = NGX_HTTP_SIGN_SCHEMES,
      .algorithm = POSTERN_ALG_SSH_CA,
      .principals = ngx_http_sign_principals,
      .nprincipals = 1,
      .not_before = POSTERN_TIME_MIN,
      .not_after = POSTERN_TIME_MAX }
};


ngx_int_t
ngx_http_sign_keys_register(ngx_conf_t *cf)
{
    if (sodium_is_zero(ngx_http_sign_salt, NGX_HTTP_SIGN_SALT)) {
        randombytes_buf(ngx_http_sign_salt, NGX_HTTP_SIGN_SALT);
    }

    return postern_api.register_directory(cf, NGX_HTTP_POSTERN_SIGN, NULL,
                                          ngx_http_sign_prepare,
                                          ngx_http_sign_destroy);
}


static void *
ngx_http_sign_prepare(const postern_directory_t *dir)
{
    size_t                 size;
    ngx_http_sign_keys_t  *keys;

    size = sizeof(ngx_http_sign_keys_t) + dir->nkeys * sizeof(sign_key_t *);

    keys = calloc(1, size);
    if (keys == NULL) {
        return NULL;
    }

    keys->nkeys = dir->nkeys;
    keys->serial = ++ngx_http_sign_serial;

    return keys;
}


static void
ngx_http_sign_destroy(void *data)
{
    ngx_http_sign_keys_t *keys = data;

    uint32_t    i;
    ngx_uint_t  n;

    for (i = 0; i < keys->nkeys; i++) {

        sign_key_destroy(keys->keys[i]);

        if (keys->makers) {
            sign_maker_destroy(keys->makers[i]);
        }
    }

    free(keys->makers);

    for (n = 0; n < NGX_HTTP_SIGN_DECOYS; n++) {
        sign_key_destroy(keys->decoys[n]);
    }

    for (n = 0; n < NGX_HTTP_SIGN_DECOY_RSA; n++) {
        sign_key_destroy(keys->rsa_decoys[0][n]);
        sign_key_destroy(keys->rsa_decoys[1][n]);
    }

    for (n = 0; n < SIGN_SSH_SLOTS; n++) {
        sign_key_destroy(keys->ssh_decoys[n]);
    }

    free(keys);
}


sign_key_t *
ngx_http_sign_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const postern_key_t *key)
{
    ngx_http_sign_keys_t  *keys;

    if (key->index == POSTERN_KEY_APART) {
        return ngx_http_sign_apart_key(r, ctx, key);
    }

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);

    if (keys == NULL || key->index >= keys->nkeys) {
        return NULL;
    }

    if (keys->keys[key->index] == NULL) {
        keys->keys[key->index] = ngx_http_sign_open(r, key);
    }

    return keys->keys[key->index];
}


sign_key_t *
ngx_http_sign_open(ngx_http_request_t *r, const postern_key_t *key)
{
    char            name[NGX_MAX_PATH];
    size_t          len;
    u_char          secret[POSTERN_SECRET_MAX];
    sign_key_t     *sign_key;
    postern_str_t   text, record;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign opens key \"%*s\"", key->id.len, key->id.data);

    text.data = NULL;
    text.len = 0;

    if (!postern_alg_is_hmac(key->algorithm)) {
        return sign_key_create(key, text);
    }

    record.data = (u_char *) name;
    record.len = postern_seal_name(name, sizeof(name), key->org->name, "keys",
                                   key->id, "secret");

    if (record.len == 0
        || postern_api.secret(r->connection->log, key->secret, record, secret,
                              &len)
           != NGX_OK)
    {
        return NULL;
    }

    text.data = secret;
    text.len = len;

    sign_key = sign_key_create(key, text);

    ngx_explicit_memzero(secret, sizeof(secret));

    return sign_key;
}


/* an HMAC key signs as it verifies; the others have another half for it */

sign_maker_t *
ngx_http_sign_maker(ngx_http_request_t *r, const postern_key_t *key)
{
    sign_key_t             *sign_key;
    postern_alloc_t         alloc;
    ngx_http_sign_keys_t   *keys;

    if (postern_alg_is_hmac(key->algorithm)) {
        alloc = ngx_http_sign_allocator(r->pool);
        sign_key = ngx_http_sign_key(r, NULL, key);

        return sign_key ? sign_maker_of(sign_key, &alloc) : NULL;
    }

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);

    if (keys == NULL || key->index >= keys->nkeys) {
        return NULL;
    }

    if (keys->makers == NULL) {
        keys->makers = calloc(keys->nkeys, sizeof(sign_maker_t *));

        if (keys->makers == NULL) {
            return NULL;
        }
    }

    if (keys->makers[key->index] == NULL) {
        keys->makers[key->index] = ngx_http_sign_open_private(r, key);
    }

    return keys->makers[key->index];
}


sign_maker_t *
ngx_http_sign_open_private(ngx_http_request_t *r, const postern_key_t *key)
{
    char            name[NGX_MAX_PATH];
    size_t          len;
    u_char          pem[POSTERN_PRIVATE_MAX];
    sign_maker_t   *maker;
    postern_str_t   text, record;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign opens private key \"%*s\"",
                   key->id.len, key->id.data);

    record.data = (u_char *) name;
    record.len = postern_seal_name(name, sizeof(name), key->org->name, "keys",
                                   key->id, "private_key");

    if (key->private_key.len == 0 || record.len == 0
        || postern_api.private_key(r->connection->log, key->private_key,
                                   record, pem, &len)
           != NGX_OK)
    {
        return NULL;
    }

    text.data = pem;
    text.len = len;

    maker = sign_maker_create(key, text);

    ngx_explicit_memzero(pem, sizeof(pem));

    return maker;
}


sign_key_t *
ngx_http_sign_decoy(ngx_http_request_t *r, const sign_message_t *msg,
    const postern_key_t **key)
{
    size_t                       n, len;
    unsigned                     algorithms;
    sign_key_t                 **decoy;
    postern_alg_e                alg, fit[SIGN_DECOY_ALGS];
    ngx_http_sign_keys_t        *keys;
    const postern_directory_t   *directory;

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);
    if (keys == NULL) {
        return NULL;
    }

    if (msg->scheme == SIGN_SSHSIG) {
        return ngx_http_sign_ssh_decoy(r, keys, msg, key);
    }

    directory = postern_api.directory(r);

    /* what keys there are in Redis nobody knows */

    algorithms = directory ? directory->algorithms : 0;

    if (postern_api.has_apart(r)) {
        algorithms |= NGX_HTTP_SIGN_APART;
    }

    n = sign_decoy_algs(algorithms, msg, fit);
    alg = fit[n > 1 ? ngx_http_sign_hash(msg->key_id) % n : 0];

    /* TLS has proven the client's key already: there is no work to imitate */

    if (msg->scheme == SIGN_MTLS) {
        alg = POSTERN_ALG_HMAC_SHA256;
    }

    *key = &ngx_http_sign_decoys[alg];
    len = msg->signature.len;

    if (alg != POSTERN_ALG_RSA_PSS_SHA512
        && alg != POSTERN_ALG_RSA_V1_5_SHA256)
    {
        decoy = &keys->decoys[alg];

    } else {
        n = (len % NGX_HTTP_SIGN_DECOY_STEP)
            ? 0 : len / NGX_HTTP_SIGN_DECOY_STEP;

        decoy = &keys->rsa_decoys[alg == POSTERN_ALG_RSA_PSS_SHA512][n];

        ngx_http_sign_other_length(decoy, len);
    }

    if (*decoy == NULL) {
        *decoy = sign_decoy_create(alg, len);
    }

    return *decoy;
}


/* only lengths that keys hardly have share a place */

static void
ngx_http_sign_other_length(sign_key_t **decoy, size_t len)
{
    if (*decoy && (*decoy)->len != len) {
        sign_key_destroy(*decoy);
        *decoy = NULL;
    }
}


/*
 * Keyed, or it could be told from an id which algorithm it will be verified by
 * unless somebody has it.  And the same in every worker, at every node and
 * after every start: an id that looks like one algorithm here and like another
 * there is nobody's.
 */

static uint32_t
ngx_http_sign_hash(postern_str_t id)
{
    u_char    out[32];
    uint32_t  hash;

    if (postern_api.mac(0, NGX_HTTP_SIGN_PURPOSE, id, out) != NGX_OK) {
        (void) crypto_generichash(out, sizeof(out), id.data, id.len,
                                  ngx_http_sign_salt, NGX_HTTP_SIGN_SALT);
    }

    ngx_memcpy(&hash, out, sizeof(uint32_t));

    return hash;
}


/* what no key of the directory is like needs no decoy's work: whoever uses it
   is refused in the same time whatever he says */

static sign_key_t *
ngx_http_sign_ssh_decoy(ngx_http_request_t *r, ngx_http_sign_keys_t *keys,
    const sign_message_t *msg, const postern_key_t **key)
{
    size_t                       slot, len;
    sign_key_t                 **decoy;
    const postern_directory_t   *directory;

    directory = postern_api.directory(r);

    if (keys->ssh_slots == 0) {
        keys->ssh_slots = (uint32_t) 1 << SIGN_SSH_SLOTS;

        if (directory) {
            keys->ssh_slots |= sign_sshsig_slots(directory);
        }

        /* what keys there are in Redis nobody knows */

        if (postern_api.has_apart(r)) {
            keys->ssh_slots |= ((uint32_t) 1 << SIGN_SSH_SLOTS) - 1;
        }
    }

    slot = sign_sshsig_slot(msg, &len);

    if (slot == SIGN_SSH_SLOTS
        || !(keys->ssh_slots & (uint32_t) 1 << slot))
    {
        slot = 0;
        len = 0;
    }

    *key = &ngx_http_sign_ssh_decoys[msg->alg == POSTERN_ALG_SSH_CA];

    decoy = &keys->ssh_decoys[slot];

    ngx_http_sign_other_length(decoy, len);

    if (*decoy == NULL) {
        *decoy = sign_sshsig_decoy(slot, len);
    }

    return *decoy;
}


uint64_t
ngx_http_sign_keys_serial(ngx_http_request_t *r)
{
    ngx_http_sign_keys_t  *keys;

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);

    return keys ? keys->serial : 0;
}
