
/*
 * Tags of passwords: 8 bytes that change when the directory's password of a
 * user does.  A session carries the one it began with, and ends with it.
 *
 * They are reckoned once for a directory, since every guarded request compares
 * one.
 */


#ifndef _MFA_TAGS_H_INCLUDED_
#define _MFA_TAGS_H_INCLUDED_


#include "postern_directory.h"


#define MFA_TAG_SIZE  8


typedef struct mfa_tags_s  mfa_tags_t;


/* of one user, reckoned now; the password may be absent */
void mfa_tag(const postern_user_t *user, unsigned char tag[MFA_TAG_SIZE]);

/* of all users; memory is the arena's, NULL when out of it; for any thread */
mfa_tags_t *mfa_tags_build(const postern_directory_t *dir,
    postern_arena_t *arena);

/* of a user of the directory that the tags were built from */
const unsigned char *mfa_tags_get(const mfa_tags_t *tags,
    const postern_user_t *user);


#endif /* _MFA_TAGS_H_INCLUDED_ */
