
/*
 * The text form of an Argon2id hash,
 * $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>, taken apart
 * without the work of one: a directory is validated by it, and a set of
 * recovery codes is known to share one salt.
 */


#ifndef _POSTERN_ARGON2_H_INCLUDED_
#define _POSTERN_ARGON2_H_INCLUDED_


#include "postern_buf.h"


#define POSTERN_ARGON2_TEXT      256     /* bytes of a text */
#define POSTERN_ARGON2_SALT      16      /* what libsodium hashes with */
#define POSTERN_ARGON2_HASH_MIN  16
#define POSTERN_ARGON2_HASH_MAX  64

/* more than this nobody is made to wait for */
#define POSTERN_ARGON2_MEMORY_MAX  (1024 * 1024)    /* KiB */
#define POSTERN_ARGON2_PASSES_MAX  16


typedef struct {
    uint32_t          memory;     /* KiB */
    uint32_t          passes;
    uint32_t          lanes;
    postern_str_t     prefix;     /* up to the hash: what a set shares */
    size_t            salt_len;
    size_t            hash_len;
    unsigned char     salt[POSTERN_ARGON2_HASH_MAX];
    unsigned char     hash[POSTERN_ARGON2_HASH_MAX];
} postern_argon2_t;


/* 0, or -1 where text is not a whole Argon2id hash of version 19; prefix is a
   slice of text */
int postern_argon2_parse(postern_str_t text, postern_argon2_t *hash);

/* does it cost no more than what a gateway takes on? */
int postern_argon2_bearable(const postern_argon2_t *hash);


#endif /* _POSTERN_ARGON2_H_INCLUDED_ */
