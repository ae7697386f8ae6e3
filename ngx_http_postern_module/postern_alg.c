
#include "postern_directory.h"


typedef struct {
    postern_str_t  name;
    postern_alg_e  alg;
} postern_alg_name_t;


static const postern_alg_name_t  postern_algs[] = {
    { postern_string("hmac-sha256"), POSTERN_ALG_HMAC_SHA256 },
    { postern_string("ed25519"), POSTERN_ALG_ED25519 },
    { postern_string("ecdsa-p256-sha256"), POSTERN_ALG_ECDSA_P256_SHA256 },
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
