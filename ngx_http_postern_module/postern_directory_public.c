
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


#define POSTERN_PUBLIC_MAX      2048    /* as written */
#define POSTERN_ED25519_LEN     32
#define POSTERN_P256_POINT_LEN  65      /* 04 X Y */


static int postern_public_decode(const char *text, size_t len,
    unsigned char *out, size_t *out_len, const char **fault);
static int postern_public_pem(const char *text, size_t len,
    unsigned char *out, size_t *out_len, const char **fault);
static const char *postern_public_raw(postern_alg_e alg, unsigned char *key,
    size_t *len);
static const char *postern_public_spki(postern_alg_e alg, X509_PUBKEY *spki,
    unsigned char *key, size_t *len);
static const char *postern_public_ed25519(const unsigned char *key,
    size_t len);
static const char *postern_public_p256(postern_parse_t *p, unsigned char *key,
    size_t *len);


int
postern_parse_public_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_alg_e alg, postern_str_t *raw)
{
    size_t          len;
    const char     *fault;
    postern_str_t   s;
    unsigned char   key[POSTERN_PUBLIC_MAX];

    if (postern_parse_string(p, at, value, POSTERN_PUBLIC_MAX, &s) != 0) {
        return -1;
    }

    fault = NULL;

    if (postern_public_decode((const char *) s.data, s.len, key, &len, &fault)
        == 0)
    {
        fault = postern_public_raw(alg, key, &len);

        if (fault == NULL) {
            fault = alg == POSTERN_ALG_ED25519
                    ? postern_public_ed25519(key, len)
                    : postern_public_p256(p, key, &len);
        }
    }

    /* what libcrypto notes must not surface in somebody else's call */

    ERR_clear_error();

    if (fault) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "%s", fault);
    }

    s.data = key;
    s.len = len;

    return postern_parse_keep(p, s, raw);
}


static int
postern_public_decode(const char *text, size_t len, unsigned char *out,
    size_t *out_len, const char **fault)
{
    if (strstr(text, "-----BEGIN") != NULL) {
        return postern_public_pem(text, len, out, out_len, fault);
    }

    if (sodium_base642bin(out, POSTERN_PUBLIC_MAX, text, len, " \t\r\n",
                          out_len, NULL, sodium_base64_VARIANT_ORIGINAL)
        != 0)
    {
        *fault = "must be PEM (\"-----BEGIN PUBLIC KEY-----...\") or base64";
        return -1;
    }

    return 0;
}


static int
postern_public_pem(const char *text, size_t len, unsigned char *out,
    size_t *out_len, const char **fault)
{
    int             rc;
    BIO            *bio;
    long            n;
    char           *name, *header;
    unsigned char  *data;

    if (strstr(text, "PRIVATE KEY-----") != NULL) {
        *fault = "is a private key: it belongs to the client alone, put the "
                 "public key here and replace the pair";
        return -1;
    }

    bio = BIO_new_mem_buf(text, len);
    if (bio == NULL) {
        *fault = "out of memory";
        return -1;
    }

    rc = -1;
    *fault = "is not a valid PEM of a public key";

    if (PEM_read_bio(bio, &name, &header, &data, &n) == 1) {

        if (strcmp(name, PEM_STRING_PUBLIC) != 0) {
            *fault = "must be \"-----BEGIN PUBLIC KEY-----\", as "
                     "\"openssl pkey -pubout\" writes it";

        } else if (POSTERN_ALWAYS(n > 0 && n <= POSTERN_PUBLIC_MAX)) {
            memcpy(out, data, n);
            *out_len = n;
            rc = 0;
        }

        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }

    BIO_free(bio);

    return rc;
}


/* to the bytes of the key alone, in place */

static const char *
postern_public_raw(postern_alg_e alg, unsigned char *key, size_t *len)
{
    const char           *fault;
    X509_PUBKEY          *spki;
    const unsigned char  *p;

    /* a SubjectPublicKeyInfo is a SEQUENCE and longer than any key in it;
       points begin with 02, 03 or 04 */

    if (*len <= POSTERN_ED25519_LEN || key[0] != 0x30) {
        return NULL;
    }

    p = key;

    spki = d2i_X509_PUBKEY(NULL, &p, *len);
    if (spki == NULL) {
        return "is not a public key that OpenSSL understands";
    }

    fault = p == key + *len ? postern_public_spki(alg, spki, key, len)
                            : "has bytes behind the public key";

    X509_PUBKEY_free(spki);

    return fault;
}


static const char *
postern_public_spki(postern_alg_e alg, X509_PUBKEY *spki, unsigned char *key,
    size_t *len)
{
    int                   n, rc, type;
    X509_ALGOR           *algor;
    const void           *param;
    const ASN1_OBJECT    *oid;
    const unsigned char  *data;

    rc = X509_PUBKEY_get0_param(NULL, &data, &n, &algor, spki);

    if (POSTERN_NEVER(rc != 1)) {
        return "is not a public key that OpenSSL understands";
    }

    X509_ALGOR_get0(&oid, &type, &param, algor);

    if (alg == POSTERN_ALG_ED25519) {
        if (OBJ_obj2nid(oid) != NID_ED25519) {
            return "is not an Ed25519 key, as the algorithm says";
        }

    } else if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey
               || type != V_ASN1_OBJECT
               || OBJ_obj2nid(param) != NID_X9_62_prime256v1)
    {
        return "is not a key on the curve P-256, as the algorithm says";
    }

    /* data lies in spki, not in key */

    memcpy(key, data, n);
    *len = n;

    return NULL;
}


static const char *
postern_public_ed25519(const unsigned char *key, size_t len)
{
    if (len != POSTERN_ED25519_LEN) {
        return "an Ed25519 public key has 32 bytes";
    }

    /* keys of small order verify what nobody signed */

    if (crypto_core_ed25519_is_valid_point(key) != 1) {
        return "is not a valid Ed25519 public key";
    }

    return NULL;
}


static const char *
postern_public_p256(postern_parse_t *p, unsigned char *key, size_t *len)
{
    EC_POINT    *point;
    const char  *fault;

    if (p->group == NULL) {
        p->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        if (p->group == NULL) {
            return "out of memory";
        }
    }

    point = EC_POINT_new(p->group);
    if (point == NULL) {
        return "out of memory";
    }

    fault = NULL;

    /* oct2point() refuses what is not on the curve, and takes the compressed
       forms too, hence the way back; one byte is the point at infinity */

    if (*len < 2
        || EC_POINT_oct2point(p->group, point, key, *len, NULL) != 1)
    {
        fault = "is not a point on the curve P-256 (65 bytes, 04 X Y)";

    } else {
        *len = EC_POINT_point2oct(p->group, point,
                                  POINT_CONVERSION_UNCOMPRESSED, key,
                                  POSTERN_P256_POINT_LEN, NULL);

        if (POSTERN_NEVER(*len != POSTERN_P256_POINT_LEN)) {
            fault = "is not a point on the curve P-256 (65 bytes, 04 X Y)";
        }
    }

    EC_POINT_free(point);

    return fault;
}
