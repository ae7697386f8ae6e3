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
 * Any bytes as what a key is made of: the blob of an OpenSSH key of each type,
 * the DER of a certificate and of a revocation list, the text of any of them.
 * What is taken is kept byte by byte.
 */


#include <openssl/ec.h>
#include <openssl/err.h>
#include <sodium.h>

#include "fuzz.h"
#include "postern_directory_parse.h"


#define FUZZ_INPUT  4096

/* a certificate that has signed revocation lists, for lists to be tried with */

#include "../unit/directory_keys.h"


static const char  *const types[] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521", "ssh-rsa", "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com"
};

static const char  document[] = "{\"v\":\"\"}";


static void
begin(postern_parse_t *p, postern_error_t *err)
{
    memset(p, 0, sizeof(*p));
    memset(err, 0, sizeof(*err));

    p->text = (postern_str_t) postern_string(document);
    p->err = err;
    p->arena = postern_arena_create();
    HELD(p->arena != NULL);
}


static void
end(postern_parse_t *p)
{
    size_t  i;

    for (i = 0; i < POSTERN_CURVES; i++) {
        EC_GROUP_free(p->groups[i]);
    }

    postern_arena_destroy(p->arena);

    HELD(ERR_peek_error() == 0);
}


static json_t *
pem(const char *name, postern_str_t der)
{
    char    *text;
    size_t   n;
    json_t  *value;

    text = malloc(4 * FUZZ_INPUT);
    HELD(text != NULL);

    n = (size_t) sprintf(text, "-----BEGIN %s-----\n", name);
    sodium_bin2base64(text + n, 3 * FUZZ_INPUT, der.data, der.len,
                      sodium_base64_VARIANT_ORIGINAL);
    n += strlen(text + n);
    sprintf(text + n, "\n-----END %s-----\n", name);

    value = json_string(text);
    free(text);

    return value;
}


static void
blob(postern_str_t bytes, const char *type)
{
    int                 rc;
    char                text[4 * FUZZ_INPUT];
    size_t              n;
    json_t             *value;
    postern_str_t       raw;
    postern_parse_t     p;
    postern_error_t     err;
    postern_json_at_t   at = { NULL, "v", 0 };

    n = (size_t) sprintf(text, "%s ", type);
    sodium_bin2base64(text + n, sizeof(text) - n, bytes.data, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);

    value = json_string(text);
    begin(&p, &err);

    rc = postern_parse_ssh_key(&p, &at, value, &raw);

    HELD(rc == 0 ? postern_str_eq(raw, bytes) : err.text[0] != '\0');

    json_decref(value);
    end(&p);
}


static void
certificate(json_t *value, postern_str_t der, postern_alg_e alg, int crl)
{
    int                 rc;
    json_t             *ca;
    char                text[2048];
    size_t              i, n;
    postern_key_t       key;
    postern_parse_t     p;
    postern_error_t     err;
    postern_json_at_t   at = { NULL, "v", 0 };

    if (value == NULL) {
        return;
    }

    memset(&key, 0, sizeof(key));
    key.algorithm = alg;
    begin(&p, &err);

    if (crl) {

        /* "\n" in JSON is two characters there */

        for (i = 0, n = 0; i < sizeof(CA_CERT) - 1; i++) {
            if (CA_CERT[i] == '\\') {
                text[n++] = '\n';
                i++;
                continue;
            }

            text[n++] = CA_CERT[i];
        }

        ca = json_stringn(text, n);
        HELD(postern_parse_certificate(&p, &at, ca, &key) == 0);
        json_decref(ca);

        rc = postern_parse_crl(&p, &at, value, &key);
        fuzz_read(key.crl);

        HELD(rc != 0 || der.data == NULL || postern_str_eq(key.crl, der));

    } else {
        rc = postern_parse_certificate(&p, &at, value, &key);
        fuzz_read(key.public_key);

        HELD(rc != 0 || der.data == NULL
             || postern_str_eq(key.public_key, der));
    }

    HELD(rc == 0 || err.text[0] != '\0');

    json_decref(value);
    end(&p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned       how;
    postern_str_t  copy, rest, none = postern_null_string;

    if (size < 2 || size > FUZZ_INPUT || sodium_init() < 0) {
        return 0;
    }

    copy = fuzz_copy(data, size);
    rest = copy;
    how = fuzz_byte(&rest);

    switch (how % 4) {

    case 0:
        blob(rest, types[how / 4 % (sizeof(types) / sizeof(types[0]))]);
        break;

    case 1:
        certificate(pem("CERTIFICATE", rest), rest,
                    how & 4 ? POSTERN_ALG_X509 : POSTERN_ALG_X509_CA, 0);
        break;

    case 2:
        certificate(pem("X509 CRL", rest), rest, POSTERN_ALG_X509_CA, 1);
        break;

    default:
        certificate(json_stringn((const char *) rest.data, rest.len), none,
                    POSTERN_ALG_X509, (how & 4) != 0);
        break;
    }

    free((void *) copy.data);

    return 0;
}
