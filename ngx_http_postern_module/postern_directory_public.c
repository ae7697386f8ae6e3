
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "postern_directory_parse.h"
#include "postern_assert.h"


static int postern_public_decode(const char *text, size_t len,
    unsigned char *out, size_t *out_len, const char **fault);
static int postern_public_pem(const char *text, size_t len,
    unsigned char *out, size_t *out_len, const char **fault);
static const char *postern_public_raw(postern_alg_e alg, unsigned char *key,
    size_t *len);
static const char *postern_public_spki(postern_alg_e alg, X509_PUBKEY *spki,
    unsigned char *key, size_t *len);
static const char *postern_public_numbers(X509_PUBKEY *spki,
    unsigned char *key, size_t *len);
static postern_curve_e postern_public_curve(postern_alg_e alg);


typedef struct {
    int                  nid;
    size_t               point;
    const char          *wrong;
} postern_curve_t;


static const postern_curve_t  postern_curves[] = {
    { NID_X9_62_prime256v1, 65,
      "is not a point on the curve P-256 (65 bytes, 04 X Y)" },
    { NID_secp384r1, 97,
      "is not a point on the curve P-384 (97 bytes, 04 X Y)" },
    { NID_secp521r1, 133,
      "is not a point on the curve P-521 (133 bytes, 04 X Y)" }
};


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
        fault = postern_public_take(p, alg, key, &len);
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


const char *
postern_public_take(postern_parse_t *p, postern_alg_e alg, unsigned char *key,
    size_t *len)
{
    const char  *fault;

    fault = postern_public_raw(alg, key, len);

    return fault ? fault : postern_public_check(p, alg, key, len);
}


const char *
postern_public_check(postern_parse_t *p, postern_alg_e alg,
    unsigned char *key, size_t *len)
{
    /* of an RSA key the numbers were looked at before it was written */

    if (postern_alg_is_rsa(alg)) {
        return NULL;
    }

    if (alg == POSTERN_ALG_ED25519) {
        return postern_public_ed25519(key, *len);
    }

    return postern_public_point(p, postern_public_curve(alg), key, len);
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


/* to the bytes of the key alone, in place; of RSA to its plain
   SubjectPublicKeyInfo */

static const char *
postern_public_raw(postern_alg_e alg, unsigned char *key, size_t *len)
{
    const char           *fault;
    X509_PUBKEY          *spki;
    const unsigned char  *p;

    /* a SubjectPublicKeyInfo is a SEQUENCE and longer than any key in it;
       points begin with 02, 03 or 04 */

    if (*len <= POSTERN_ED25519_LEN || key[0] != 0x30) {
        return postern_alg_is_rsa(alg)
               ? "is not an RSA public key (SubjectPublicKeyInfo, as "
                 "\"openssl pkey -pubout\" writes it)"
               : NULL;
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
    int                   n, rc, nid, type;
    X509_ALGOR           *algor;
    const void           *param;
    postern_curve_e       curve;
    const ASN1_OBJECT    *oid;
    const unsigned char  *data;

    rc = X509_PUBKEY_get0_param(NULL, &data, &n, &algor, spki);

    if (POSTERN_NEVER(rc != 1)) {
        return "is not a public key that OpenSSL understands";
    }

    X509_ALGOR_get0(&oid, &type, &param, algor);

    nid = OBJ_obj2nid(oid);

    if (postern_alg_is_rsa(alg)) {

        if (nid == NID_rsassaPss && alg == POSTERN_ALG_RSA_PSS_SHA512) {

            if (type != V_ASN1_UNDEF) {
                return "is an RSASSA-PSS key with parameters of its own; make "
                       "it without any, or as a plain RSA key";
            }

        } else if (nid != NID_rsaEncryption) {
            return "is not an RSA key, as the algorithm says";
        }

        return postern_public_numbers(spki, key, len);
    }

    if (alg == POSTERN_ALG_ED25519) {
        if (nid != NID_ED25519) {
            return "is not an Ed25519 key, as the algorithm says";
        }

    } else {
        curve = postern_public_curve(alg);

        if (nid != NID_X9_62_id_ecPublicKey
            || type != V_ASN1_OBJECT
            || OBJ_obj2nid(param) != postern_curves[curve].nid)
        {
            return curve == POSTERN_P256
                   ? "is not a key on the curve P-256, as the algorithm says"
                   : "is not a key on the curve P-384, as the algorithm says";
        }
    }

    /* data lies in spki, not in key */

    memcpy(key, data, n);
    *len = n;

    return NULL;
}


static const char *
postern_public_numbers(X509_PUBKEY *spki, unsigned char *key, size_t *len)
{
    BIGNUM         *n, *e;
    EVP_PKEY       *pkey;
    const char     *fault;
    postern_str_t   modulus, exponent;
    unsigned char   bytes[2 * POSTERN_PUBLIC_MAX];

    pkey = X509_PUBKEY_get0(spki);
    if (pkey == NULL) {
        return "is not an RSA key that OpenSSL understands";
    }

    n = NULL;
    e = NULL;

    /* both were bounded by the length of the text */

    if (EVP_PKEY_get_bn_param(pkey, "n", &n) != 1
        || EVP_PKEY_get_bn_param(pkey, "e", &e) != 1)
    {
        fault = "out of memory";

    } else {
        modulus.data = bytes;
        modulus.len = BN_bn2bin(n, bytes);
        exponent.data = bytes + modulus.len;
        exponent.len = BN_bn2bin(e, bytes + modulus.len);

        fault = postern_public_rsa(modulus, exponent, key, len);
    }

    BN_free(n);
    BN_free(e);

    return fault;
}


const char *
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


static postern_curve_e
postern_public_curve(postern_alg_e alg)
{
    return alg == POSTERN_ALG_ECDSA_P256_SHA256 ? POSTERN_P256 : POSTERN_P384;
}


const char *
postern_public_point(postern_parse_t *p, postern_curve_e curve,
    unsigned char *key, size_t *len)
{
    EC_POINT               *point;
    const char             *fault;
    const postern_curve_t  *c;

    c = &postern_curves[curve];

    if (p->groups[curve] == NULL) {
        p->groups[curve] = EC_GROUP_new_by_curve_name(c->nid);
        if (p->groups[curve] == NULL) {
            return "out of memory";
        }
    }

    point = EC_POINT_new(p->groups[curve]);
    if (point == NULL) {
        return "out of memory";
    }

    fault = NULL;

    /* oct2point() refuses what is not on the curve, and takes the compressed
       forms too, hence the way back; one byte is the point at infinity */

    if (*len < 2
        || EC_POINT_oct2point(p->groups[curve], point, key, *len, NULL) != 1)
    {
        fault = c->wrong;

    } else {
        *len = EC_POINT_point2oct(p->groups[curve], point,
                                  POINT_CONVERSION_UNCOMPRESSED, key,
                                  c->point, NULL);

        if (POSTERN_NEVER(*len != c->point)) {
            fault = c->wrong;
        }
    }

    EC_POINT_free(point);

    return fault;
}
