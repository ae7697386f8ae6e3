
/*
 * Keys made ready, once per worker and directory snapshot, when a request first
 * speaks of them: a key unused is a key not opened.
 */


#include "ngx_http_sign_module.h"


typedef enum {
    NGX_HTTP_SIGN_DECOY_HMAC = 0,
    NGX_HTTP_SIGN_DECOY_ED25519,
    NGX_HTTP_SIGN_DECOY_P256,
    NGX_HTTP_SIGN_DECOYS
} ngx_http_sign_decoy_e;


typedef struct {
    uint32_t       nkeys;
    sign_key_t    *decoys[NGX_HTTP_SIGN_DECOYS];
    sign_key_t    *ssh_decoys[SIGN_SSH_TYPES];
    unsigned       ssh_types;             /* bits of SIGN_SSH_TYPES, and one
                                             more where they are known */
    sign_key_t    *keys[];                /* by postern_key_t.index */
} ngx_http_sign_keys_t;


static void *ngx_http_sign_prepare(const postern_directory_t *dir);
static void ngx_http_sign_destroy(void *data);
static sign_key_t *ngx_http_sign_open(ngx_http_request_t *r,
    const postern_key_t *key);
static sign_key_t *ngx_http_sign_ssh_decoy(ngx_http_request_t *r,
    ngx_http_sign_keys_t *keys, const sign_message_t *msg,
    const postern_key_t **key);
static ngx_http_sign_decoy_e ngx_http_sign_likely(
    const postern_directory_t *directory, const sign_message_t *msg);


/* the base points of the curves: good for nothing but the arithmetic */

static const u_char  ngx_http_sign_ed25519_base[] =
    "\x58\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66"
    "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";

static const u_char  ngx_http_sign_p256_base[] =
    "\x04"
    "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
    "\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
    "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
    "\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";


static const postern_org_t  ngx_http_sign_decoy_org;

static const postern_key_t  ngx_http_sign_decoys[] = {

    { .org = &ngx_http_sign_decoy_org,
      .schemes = NGX_HTTP_SIGN_SCHEMES,
      .algorithm = POSTERN_ALG_HMAC_SHA256,
      .not_before = POSTERN_TIME_MIN,
      .not_after = POSTERN_TIME_MAX },

    { .org = &ngx_http_sign_decoy_org,
      .schemes = NGX_HTTP_SIGN_SCHEMES,
      .algorithm = POSTERN_ALG_ED25519,
      .public_key = { 32, ngx_http_sign_ed25519_base },
      .not_before = POSTERN_TIME_MIN,
      .not_after = POSTERN_TIME_MAX },

    { .org = &ngx_http_sign_decoy_org,
      .schemes = NGX_HTTP_SIGN_SCHEMES,
      .algorithm = POSTERN_ALG_ECDSA_P256_SHA256,
      .public_key = { 65, ngx_http_sign_p256_base },
      .not_before = POSTERN_TIME_MIN,
      .not_after = POSTERN_TIME_MAX }
};

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

    return keys;
}


static void
ngx_http_sign_destroy(void *data)
{
    ngx_http_sign_keys_t *keys = data;

    uint32_t    i;
    ngx_uint_t  n;

    for (i = 0; i < keys->nkeys; i++) {

        if (keys->keys[i]) {
            sign_key_destroy(keys->keys[i]);
        }
    }

    for (n = 0; n < NGX_HTTP_SIGN_DECOYS; n++) {

        if (keys->decoys[n]) {
            sign_key_destroy(keys->decoys[n]);
        }
    }

    for (n = 0; n < SIGN_SSH_TYPES; n++) {
        sign_key_destroy(keys->ssh_decoys[n]);
    }

    free(keys);
}


sign_key_t *
ngx_http_sign_key(ngx_http_request_t *r, const postern_key_t *key)
{
    ngx_http_sign_keys_t  *keys;

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);

    if (keys == NULL || key->index >= keys->nkeys) {
        return NULL;
    }

    if (keys->keys[key->index] == NULL) {
        keys->keys[key->index] = ngx_http_sign_open(r, key);
    }

    return keys->keys[key->index];
}


static sign_key_t *
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


/*
 * Which algorithm an unknown key would have is anybody's guess: the one that
 * the message names, else the one whose signatures are of that length.  Never
 * one that no key has: it would cost more than any signature here can.
 */

static ngx_http_sign_decoy_e
ngx_http_sign_likely(const postern_directory_t *directory,
    const sign_message_t *msg)
{
    unsigned    has;
    ngx_uint_t  pair;

    has = directory ? directory->algorithms : 0;

    if (msg->alg == POSTERN_ALG_ECDSA_P256_SHA256
        && (has & 1u << POSTERN_ALG_ECDSA_P256_SHA256))
    {
        return NGX_HTTP_SIGN_DECOY_P256;
    }

    pair = (msg->alg == 0 && msg->signature.len == 64
            && msg->scheme == SIGN_RFC9421);

    if ((msg->alg == POSTERN_ALG_ED25519 || pair)
        && (has & 1u << POSTERN_ALG_ED25519))
    {
        return NGX_HTTP_SIGN_DECOY_ED25519;
    }

    if (pair && (has & 1u << POSTERN_ALG_ECDSA_P256_SHA256)) {
        return NGX_HTTP_SIGN_DECOY_P256;
    }

    return NGX_HTTP_SIGN_DECOY_HMAC;
}


sign_key_t *
ngx_http_sign_decoy(ngx_http_request_t *r, const sign_message_t *msg,
    const postern_key_t **key)
{
    long                    n;
    u_char                  bytes[32];
    size_t                  i;
    postern_str_t           secret;
    ngx_http_sign_keys_t   *keys;
    ngx_http_sign_decoy_e   which;

    keys = postern_api.prepared(r, NGX_HTTP_POSTERN_SIGN);
    if (keys == NULL) {
        return NULL;
    }

    if (msg->scheme == SIGN_SSHSIG) {
        return ngx_http_sign_ssh_decoy(r, keys, msg, key);
    }

    which = ngx_http_sign_likely(postern_api.directory(r), msg);

    *key = &ngx_http_sign_decoys[which];

    if (keys->decoys[which]) {
        return keys->decoys[which];
    }

    /* its secret need not be one: nothing that it verifies is accepted */

    for (i = 0; i < sizeof(bytes); i += 4) {
        n = ngx_random();
        ngx_memcpy(bytes + i, &n, 4);
    }

    secret.data = bytes;
    secret.len = sizeof(bytes);

    if (which != NGX_HTTP_SIGN_DECOY_HMAC) {
        secret.data = NULL;
        secret.len = 0;
    }

    keys->decoys[which] = sign_key_create(*key, secret);

    return keys->decoys[which];
}


/* a type that no key of the directory has needs no decoy's work: whoever uses
   it is refused in the same time whatever he says */

static sign_key_t *
ngx_http_sign_ssh_decoy(ngx_http_request_t *r, ngx_http_sign_keys_t *keys,
    const sign_message_t *msg, const postern_key_t **key)
{
    size_t                      type;
    const postern_directory_t  *directory;

    directory = postern_api.directory(r);

    if (keys->ssh_types == 0) {
        keys->ssh_types = 1u << SIGN_SSH_TYPES;

        if (directory) {
            keys->ssh_types |= sign_sshsig_types(directory);
        }
    }

    type = sign_sshsig_type(msg);

    if (type == SIGN_SSH_TYPES || !(keys->ssh_types & 1u << type)) {
        type = 0;
    }

    *key = &ngx_http_sign_ssh_decoys[msg->alg == POSTERN_ALG_SSH_CA];

    if (keys->ssh_decoys[type] == NULL) {
        keys->ssh_decoys[type] = sign_sshsig_decoy(type);
    }

    return keys->ssh_decoys[type];
}
