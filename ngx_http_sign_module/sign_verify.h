
/*
 * Cryptography: keys made ready once and used for many requests.  The functions
 * are declared in sign_message.h; this tells where keyed state lives.
 *
 * An HMAC key becomes an EVP_MAC_CTX whose inner and outer hash states are
 * computed once; a verification starts from them again.  A key for SigV4 is
 * the same secret behind "AWS4", and from it, for each (date, region, service)
 * that somebody proved to hold the key for, a signing key made ready in the
 * same way: SIGN_SCOPES of them, the least recently used one makes room.  A
 * scope is kept only after a signature in it verified, so that requests with
 * invented scopes cannot push out the ones in use.
 *
 * All of that is memory of libcrypto's heap, owned by the sign_key_t alone, and
 * overwritten by libcrypto when it is freed; the copy of the secret with "AWS4"
 * in front exists on the stack of sign_key_create() only, and is wiped there.
 * sign_key_t holds no secret bytes itself.  Public keys lie in it in the clear.
 */


#ifndef _SIGN_VERIFY_H_INCLUDED_
#define _SIGN_VERIFY_H_INCLUDED_


#include "sign_message.h"


#define SIGN_SCOPES  4


#endif /* _SIGN_VERIFY_H_INCLUDED_ */
