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
   -ljansson -lsodium -lcrypto
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup
   -Wl,--wrap=BIO_new_mem_buf,--wrap=EC_GROUP_new_by_curve_name
   -Wl,--wrap=EC_POINT_new,--wrap=EVP_PKEY_get_bn_param */

/* Keys of every kind, and a set of them, with something wrong anywhere: every
   request for memory refused, every byte of the document another one. */

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "directory_key.h"
#include "scarce.h"


BIO *__real_BIO_new_mem_buf(const void *data, int len);
BIO *__wrap_BIO_new_mem_buf(const void *data, int len);
EC_GROUP *__real_EC_GROUP_new_by_curve_name(int nid);
EC_GROUP *__wrap_EC_GROUP_new_by_curve_name(int nid);
EC_POINT *__real_EC_POINT_new(const EC_GROUP *group);
EC_POINT *__wrap_EC_POINT_new(const EC_GROUP *group);
int __real_EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *name,
    BIGNUM **bn);
int __wrap_EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *name,
    BIGNUM **bn);


BIO *
__wrap_BIO_new_mem_buf(const void *data, int len)
{
    return scarce_refused() ? NULL : __real_BIO_new_mem_buf(data, len);
}


EC_GROUP *
__wrap_EC_GROUP_new_by_curve_name(int nid)
{
    return scarce_refused() ? NULL : __real_EC_GROUP_new_by_curve_name(nid);
}


EC_POINT *
__wrap_EC_POINT_new(const EC_GROUP *group)
{
    return scarce_refused() ? NULL : __real_EC_POINT_new(group);
}


int
__wrap_EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *name,
    BIGNUM **bn)
{
    return scarce_refused() ? 0 : __real_EVP_PKEY_get_bn_param(pkey, name, bn);
}


static const char  *const keys[] = {
    "'algorithm':'rsa-pss-sha512','public_key':'" RSA_SPKI "',"
    "'private_key':'plain:" RSA_PRIVATE "','rate':'5/s','schemes':['cavage'],"
    "'networks':['10.0.0.0/8']",

    "'algorithm':'ecdsa-p384-sha384','jwk':{'kty':'EC','crv':'P-384',"
    "'x':'" P384_X "','y':'" P384_Y "','alg':'ES384','key_ops':['verify']},"
    "'private_key':'" SEALED "'",

    "'algorithm':'ed25519','jwk':{'kty':'OKP','crv':'Ed25519','x':"
    "'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}",

    "'algorithm':'ssh','public_key':'" SSH_P521 "'",

    "'algorithm':'ssh-ca','public_key':'" SSH_ED25519 "',"
    "'principals':['alice','bob']",

    "'algorithm':'x509','certificate':'" LEAF_CERT "\\n" CA_CERT "',"
    "'crl':'" CA_CRL "'",

    "'algorithm':'x509-ca','certificate':'" CA_CERT "',"
    "'subject':{'CN':'*','O':'Acme'}",

    NULL
};

static const char  set[] =
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"set\",\"x\":"
    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"nbf\":1,\"exp\":2},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y
    "\"},{\"kty\":\"oct\"}]}";


static char    text[KEY_TEXT];
static size_t  text_len;


static void
begin(const char *members)
{
    char  *p;

    text_len = (size_t) snprintf(text, sizeof(text), "%s",
                                 key_document(members));

    for (p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
}


/* with a set beside it, of `len` bytes */

static postern_directory_t *
parse_text(const char *jwks, size_t len, uint32_t *faulty,
    postern_error_t *err)
{
    void                 *data;
    postern_str_t         s;
    postern_jwks_t        sets[1];
    postern_network_t     network;
    postern_directory_t  *dir;

    data = __real_malloc(text_len + len + 1);
    memcpy(data, text, text_len);
    memcpy((char *) data + text_len, jwks, len);

    memset(sets, 0, sizeof(sets));
    memset(&network, 0, sizeof(network));
    sets[0].text.data = (unsigned char *) data + text_len;
    sets[0].text.len = len;
    sets[0].org = slice("acme");
    sets[0].networks = &network;
    sets[0].nnetworks = 1;

    s.data = data;
    s.len = text_len;

    memset(err, 0, sizeof(*err));
    dir = postern_directory_parse_sets(s, sets, 1, faulty, err);
    free(data);

    return dir;
}


TEST(memory_runs_out)
{
    uint32_t              faulty;
    unsigned long         rounds;
    postern_error_t       err;
    postern_directory_t  *dir;
    const char *const    *members;

    for (members = keys; *members; members++) {
        begin(*members);
        rounds = 0;

        while (scarce_next()) {
            dir = parse_text(set, strlen(set), &faulty, &err);
            rounds++;

            if (scarce_failed()) {
                EXPECT(dir == NULL);
                EXPECT(strstr(err.text, "out of memory") != NULL
                       || strstr(err.text, "OpenSSL understands") != NULL);

            } else {
                if (!EXPECT(dir != NULL)) {
                    printf("# %u:%u %s: %s\n", err.line, err.column, err.path,
                           err.text);
                }
            }

            postern_directory_destroy(dir);
        }

        EXPECT(rounds > 20);
    }
}


static void
decided(const char *jwks, size_t len)
{
    uint32_t              faulty;
    postern_error_t       err;
    postern_directory_t  *dir;

    dir = parse_text(jwks, len, &faulty, &err);

    if (dir) {
        postern_directory_destroy(dir);
        return;
    }

    /* a set may be at odds with the document, and not with itself */

    if (!EXPECT(err.text[0] != '\0' && faulty <= 1
                && (faulty == 0 || (err.line >= 1 && err.column >= 1))))
    {
        printf("# %u:%u %s: %s\n", err.line, err.column, err.path, err.text);
    }
}


TEST(a_changed_byte)
{
    size_t              i, k;
    char                was, copy[sizeof(set)];
    const char *const  *members;

    static const char  bytes[] = { '"', ' ', 'A', '=', '\n' };

    for (members = keys; *members; members++) {
        begin(*members);

        /* of PEM and base64 every seventh is enough */

        for (i = 0; i < text_len; i += i < 400 ? 1 : 7) {
            was = text[i];
            text[i] = bytes[i % sizeof(bytes)];
            decided(set, strlen(set));
            text[i] = was;
        }
    }

    memcpy(copy, set, sizeof(set));

    for (i = 0; i < sizeof(set) - 1; i++) {
        for (k = 0; k < sizeof(bytes); k++) {
            copy[i] = bytes[k];
            decided(copy, sizeof(set) - 1);
        }

        copy[i] = set[i];
        decided(copy, i);
    }
}


UNIT_MAIN()
