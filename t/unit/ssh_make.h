
/*
 * For tests of "sshsig": keys, certificates and signatures of OpenSSH, made as
 * PROTOCOL.sshsig, PROTOCOL.certkeys and PROTOCOL.u2f tell, from keys that are
 * made anew for each program.
 */


#ifndef _SSH_MAKE_H_INCLUDED_
#define _SSH_MAKE_H_INCLUDED_


#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "sign_ssh.h"
#include "unit.h"


#define SSH_FOREVER  UINT64_MAX


typedef struct {
    size_t                  len;
    unsigned char           data[16384];
} ssh_out_t;


typedef struct {
    const sign_ssh_type_t  *type;
    const char             *application;
    EVP_PKEY               *pkey;
    ssh_out_t               blob;       /* the public key */
} ssh_key_t;


static inline void
ssh_bytes(ssh_out_t *out, const void *data, size_t len)
{
    if (out->len + len > sizeof(out->data)) {
        abort();
    }

    memcpy(out->data + out->len, data, len);
    out->len += len;
}


static inline void
ssh_uint32(ssh_out_t *out, uint32_t n)
{
    unsigned char  p[4] = { n >> 24, n >> 16, n >> 8, n };

    ssh_bytes(out, p, 4);
}


static inline void
ssh_uint64(ssh_out_t *out, uint64_t n)
{
    ssh_uint32(out, n >> 32);
    ssh_uint32(out, (uint32_t) n);
}


static inline void
ssh_string(ssh_out_t *out, const void *data, size_t len)
{
    ssh_uint32(out, (uint32_t) len);
    ssh_bytes(out, data, len);
}


static inline void
ssh_text(ssh_out_t *out, const char *text)
{
    ssh_string(out, text, strlen(text));
}


static inline void
ssh_out(ssh_out_t *out, const ssh_out_t *in)
{
    ssh_string(out, in->data, in->len);
}


static inline postern_str_t
ssh_slice(const ssh_out_t *out)
{
    postern_str_t  s = { out->len, out->data };

    return s;
}


static inline void
ssh_number(ssh_out_t *out, const BIGNUM *n)
{
    int            len;
    unsigned char  bytes[1 + 1024];

    bytes[0] = 0;
    len = BN_bn2bin(n, bytes + 1);

    if (bytes[1] & 0x80) {
        ssh_string(out, bytes, len + 1);

    } else {
        ssh_string(out, bytes + 1, len);
    }
}


/* what stands behind the type, in keys and in certificates */

static inline void
ssh_public(ssh_out_t *out, const ssh_key_t *k)
{
    BIGNUM         *n;
    size_t          len;
    unsigned char   point[200];

    switch (k->type->kind) {

    case SIGN_SSH_ED25519:
        len = 32;
        EVP_PKEY_get_raw_public_key(k->pkey, point, &len);
        ssh_string(out, point, len);
        break;

    case SIGN_SSH_ECDSA:
        EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY,
                                        point, sizeof(point), &len);
        ssh_string(out, k->type->curve_name.data, k->type->curve_name.len);
        ssh_string(out, point, len);
        break;

    default:
        n = NULL;
        EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_E, &n);
        ssh_number(out, n);
        EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n);
        ssh_number(out, n);
        BN_free(n);
        break;
    }

    if (k->type->sk) {
        ssh_text(out, k->application);
    }
}


/* a new key of the type of that place in the table */

static inline ssh_key_t *
ssh_key(size_t type)
{
    ssh_key_t  *k;

    k = calloc(1, sizeof(ssh_key_t));
    k->type = &sign_ssh_types[type];
    k->application = "ssh:";

    k->pkey = k->type->curve
              ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", k->type->curve->name)
              : k->type->kind == SIGN_SSH_RSA
                ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048)
                : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (k->pkey == NULL) {
        abort();
    }

    ssh_string(&k->blob, k->type->name.data, k->type->name.len);
    ssh_public(&k->blob, k);

    return k;
}


static inline void
ssh_key_free(ssh_key_t *k)
{
    EVP_PKEY_free(k->pkey);
    free(k);
}


/* the signature's blob; name: another than the type's, of RSA; flags of sk */

static inline void
ssh_sign(ssh_out_t *out, ssh_key_t *k, const ssh_out_t *data, const char *name,
    unsigned flags)
{
    size_t          len;
    BIGNUM         *n;
    ssh_out_t      *what, *inner;
    EVP_MD_CTX     *ctx;
    const EVP_MD   *md;
    unsigned char   sig[2048], hash[32], state[5] = { flags, 0, 0, 0, 9 };

    what = calloc(1, sizeof(ssh_out_t));
    inner = calloc(1, sizeof(ssh_out_t));

    *what = *data;

    if (k->type->sk) {
        what->len = 0;
        SHA256((const unsigned char *) k->application,
               strlen(k->application), hash);
        ssh_bytes(what, hash, 32);
        ssh_bytes(what, state, 5);
        SHA256(data->data, data->len, hash);
        ssh_bytes(what, hash, 32);
    }

    md = NULL;

    if (k->type->curve) {
        md = k->type->curve->hash == SIGN_DIGEST_SHA256 ? EVP_sha256()
             : k->type->curve->hash == SIGN_DIGEST_SHA384 ? EVP_sha384()
             : EVP_sha512();

    } else if (k->type->kind == SIGN_SSH_RSA) {
        name = name ? name : "rsa-sha2-512";
        md = strcmp(name, "rsa-sha2-256") == 0 ? EVP_sha256() : EVP_sha512();
    }

    len = sizeof(sig);
    ctx = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(ctx, NULL, md, NULL, k->pkey) != 1
        || EVP_DigestSign(ctx, sig, &len, what->data, what->len) != 1)
    {
        abort();
    }

    EVP_MD_CTX_free(ctx);

    out->len = 0;

    if (name) {
        ssh_text(out, name);

    } else {
        ssh_string(out, k->type->name.data, k->type->name.len);
    }

    if (k->type->curve) {

        /* SEQUENCE { INTEGER r, INTEGER s } */

        unsigned char  *p = sig + 2 + (sig[1] == 0x81);

        n = BN_bin2bn(p + 2, p[1], NULL);
        ssh_number(inner, n);
        p += 2 + p[1];
        BN_bin2bn(p + 2, p[1], n);
        ssh_number(inner, n);
        BN_free(n);

        ssh_out(out, inner);

    } else {
        ssh_string(out, sig, len);
    }

    if (k->type->sk) {
        ssh_bytes(out, state, 5);
    }

    free(what);
    free(inner);
}


/* what of a certificate a test may want otherwise */

typedef struct {
    uint32_t                kind;
    const char             *principals[4];
    uint64_t                after;
    uint64_t                before;
    const char             *options[8];     /* name, data, … */
    const char             *raw_options;
    size_t                  raw_len;
    const char             *reserved;
    const char             *sign_as;        /* of an RSA authority */
    unsigned                flags;          /* of an sk authority */
} ssh_want_t;

#define SSH_WANT  { SIGN_SSH_CERT_USER, { "deploy", "backup" }, 0,            \
                    SSH_FOREVER, { NULL }, NULL, 0, "", NULL, 1 }


static inline void
ssh_cert(ssh_out_t *out, ssh_key_t *k, ssh_key_t *ca, const ssh_want_t *want)
{
    size_t       i;
    ssh_out_t   *part, *value;

    part = calloc(1, sizeof(ssh_out_t));
    value = calloc(1, sizeof(ssh_out_t));

    out->len = 0;
    ssh_string(out, k->type->certificate.data, k->type->certificate.len);
    ssh_text(out, "a nonce of thirty-two bytes .....");
    ssh_public(out, k);
    ssh_uint64(out, 7);
    ssh_uint32(out, want->kind);
    ssh_text(out, "an id");

    for (i = 0; i < 4 && want->principals[i]; i++) {
        ssh_text(part, want->principals[i]);
    }

    ssh_out(out, part);
    ssh_uint64(out, want->after);
    ssh_uint64(out, want->before);

    part->len = 0;

    for (i = 0; i < 8 && want->options[i]; i += 2) {
        ssh_text(part, want->options[i]);
        value->len = 0;

        if (want->options[i + 1][0]) {
            ssh_text(value, want->options[i + 1]);
        }

        ssh_out(part, value);
    }

    if (want->raw_options) {
        ssh_bytes(part, want->raw_options, want->raw_len);
    }

    ssh_out(out, part);
    ssh_text(out, "");
    ssh_text(out, want->reserved);
    ssh_out(out, &ca->blob);

    ssh_sign(part, ca, out, want->sign_as, want->flags);
    ssh_out(out, part);

    free(part);
    free(value);
}


/* the whole blob over a text; public: of a key or a certificate */

typedef struct {
    uint32_t                version;
    const char             *space;
    const char             *reserved;
    const char             *hash;
    const char             *name;           /* of the signature */
    unsigned                flags;
} ssh_blob_t;

#define SSH_BLOB  { 1, "http-request", "", "sha512", NULL, 1 }


static inline void
ssh_blob(ssh_out_t *out, ssh_key_t *k, const ssh_out_t *public,
    postern_str_t text, const ssh_blob_t *want)
{
    size_t          len;
    ssh_out_t      *part, *signature;
    unsigned char   hash[64];

    part = calloc(1, sizeof(ssh_out_t));
    signature = calloc(1, sizeof(ssh_out_t));

    if (strcmp(want->hash, "sha256") == 0) {
        SHA256(text.data, text.len, hash);
        len = 32;

    } else {
        SHA512(text.data, text.len, hash);
        len = 64;
    }

    ssh_bytes(part, "SSHSIG", 6);
    ssh_text(part, want->space);
    ssh_text(part, want->reserved);
    ssh_text(part, want->hash);
    ssh_string(part, hash, len);

    ssh_sign(signature, k, part, want->name, want->flags);

    out->len = 0;
    ssh_bytes(out, "SSHSIG", 6);
    ssh_uint32(out, want->version);
    ssh_out(out, public);
    ssh_text(out, want->space);
    ssh_text(out, want->reserved);
    ssh_text(out, want->hash);
    ssh_out(out, signature);

    free(part);
    free(signature);
}


#endif /* _SSH_MAKE_H_INCLUDED_ */
