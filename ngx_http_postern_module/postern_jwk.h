
/*
 * JSON Web Keys of the kinds that sign requests: RFC 7517, RFC 7518, RFC 8037.
 */


#ifndef _POSTERN_JWK_H_INCLUDED_
#define _POSTERN_JWK_H_INCLUDED_


#include <jansson.h>

#include "postern_directory.h"


#define POSTERN_JWK_MAX         2048    /* the members of a public key */
#define POSTERN_THUMBPRINT_LEN  43      /* SHA-256 in base64url */


/*
 * Writes the required members of a public key in the order and form of RFC
 * 7638, section 3: {"crv":"Ed25519","kty":"OKP","x":"…"}; and a NUL.  raw is
 * as postern_key_t.public_key holds it.  Returns the length, or 0 where keys of
 * the algorithm have no such form or it does not fit.
 */
size_t postern_jwk_write(postern_alg_e alg, postern_str_t raw, char *out,
    size_t size);

/* SHA-256 of these, in base64url, and a NUL; 0, or -1 as above */
int postern_jwk_thumbprint(postern_alg_e alg, postern_str_t raw,
    char out[POSTERN_THUMBPRINT_LEN + 1]);

/* the registered name of the algorithm: "EdDSA", "ES256", …; NULL: none */
const char *postern_jwk_alg(postern_alg_e alg);


#endif /* _POSTERN_JWK_H_INCLUDED_ */
