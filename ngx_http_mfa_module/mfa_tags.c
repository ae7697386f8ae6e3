
/*
 * Tags of passwords, in the order of the directory's users.
 */


#include "mfa_tags.h"

#include <sodium.h>


struct mfa_tags_s {
    unsigned char  (**orgs)[MFA_TAG_SIZE];
};


/*
 * The hash of a password has a salt of its own: a hash of it again tells
 * nothing, and needs no key, so that master keys may change under sessions.
 */

void
mfa_tag(const postern_user_t *user, unsigned char tag[MFA_TAG_SIZE])
{
    unsigned char  hash[crypto_generichash_BYTES_MIN];

    (void) crypto_generichash(hash, sizeof(hash), user->password.data,
                              user->password.len, NULL, 0);

    memcpy(tag, hash, MFA_TAG_SIZE);
}


mfa_tags_t *
mfa_tags_build(const postern_directory_t *dir, postern_arena_t *arena)
{
    uint32_t              i, k;
    mfa_tags_t           *tags;
    const postern_org_t  *org;
    unsigned char       (*own)[MFA_TAG_SIZE];

    tags = postern_arena_alloc(arena, sizeof(mfa_tags_t));
    if (tags == NULL) {
        return NULL;
    }

    tags->orgs = postern_arena_alloc(arena, (dir->norgs + 1) * sizeof(own));
    if (tags->orgs == NULL) {
        return NULL;
    }

    for (i = 0; i < dir->norgs; i++) {
        org = &dir->orgs[i];

        own = postern_arena_alloc(arena, ((size_t) org->nusers + 1)
                                         * sizeof(*own));
        if (own == NULL) {
            return NULL;
        }

        for (k = 0; k < org->nusers; k++) {
            mfa_tag(&org->users[k], own[k]);
        }

        tags->orgs[org->index] = own;
    }

    return tags;
}


const unsigned char *
mfa_tags_get(const mfa_tags_t *tags, const postern_user_t *user)
{
    return tags->orgs[user->org->index][user - user->org->users];
}
