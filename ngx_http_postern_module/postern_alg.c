
#include "postern_directory.h"


typedef struct {
    postern_str_t  name;
    postern_alg_e  alg;
} postern_alg_name_t;


static const postern_alg_name_t  postern_algs[] = {
    { postern_string("hmac-sha256"), POSTERN_ALG_HMAC_SHA256 },
    { postern_string("ed25519"), POSTERN_ALG_ED25519 },
    { postern_string("ecdsa-p256-sha256"), POSTERN_ALG_ECDSA_P256_SHA256 },
    { postern_string("ecdsa-p384-sha384"), POSTERN_ALG_ECDSA_P384_SHA384 },
    { postern_string("rsa-pss-sha512"), POSTERN_ALG_RSA_PSS_SHA512 },
    { postern_string("rsa-v1_5-sha256"), POSTERN_ALG_RSA_V1_5_SHA256 },
    { postern_string("hmac-sha384"), POSTERN_ALG_HMAC_SHA384 },
    { postern_string("hmac-sha512"), POSTERN_ALG_HMAC_SHA512 },
    { postern_string("ssh"), POSTERN_ALG_SSH },
    { postern_string("ssh-ca"), POSTERN_ALG_SSH_CA },
    { postern_string("x509"), POSTERN_ALG_X509 },
    { postern_string("x509-ca"), POSTERN_ALG_X509_CA },
    { postern_null_string, 0 }
};


typedef struct {
    postern_str_t     name;
    postern_scheme_e  scheme;
} postern_scheme_name_t;


static const postern_scheme_name_t  postern_schemes[] = {
    { postern_string("rfc9421"), POSTERN_SCHEME_RFC9421 },
    { postern_string("sigv4"), POSTERN_SCHEME_SIGV4 },
    { postern_string("sigv4a"), POSTERN_SCHEME_SIGV4A },
    { postern_string("cavage"), POSTERN_SCHEME_CAVAGE },
    { postern_string("enos"), POSTERN_SCHEME_ENOS },
    { postern_string("webhook"), POSTERN_SCHEME_WEBHOOK },
    { postern_string("sshsig"), POSTERN_SCHEME_SSHSIG },
    { postern_string("mtls"), POSTERN_SCHEME_MTLS },
    { postern_null_string, 0 }
};


postern_alg_e
postern_alg_parse(postern_str_t name)
{
    const postern_alg_name_t  *a;

    for (a = postern_algs; a->name.len; a++) {
        if (postern_str_eq(a->name, name)) {
            return a->alg;
        }
    }

    return 0;
}


postern_str_t
postern_alg_name(postern_alg_e alg)
{
    const postern_alg_name_t  *a;

    for (a = postern_algs; a->name.len; a++) {
        if (a->alg == alg) {
            break;
        }
    }

    return a->name;
}


postern_scheme_e
postern_scheme_parse(postern_str_t name)
{
    const postern_scheme_name_t  *s;

    for (s = postern_schemes; s->name.len; s++) {
        if (postern_str_eq(s->name, name)) {
            break;
        }
    }

    return s->scheme;
}


postern_str_t
postern_scheme_name(postern_scheme_e scheme)
{
    const postern_scheme_name_t  *s;

    for (s = postern_schemes; s->name.len; s++) {
        if (s->scheme == scheme) {
            break;
        }
    }

    return s->name;
}
