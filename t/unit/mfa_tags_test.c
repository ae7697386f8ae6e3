
/* link: ngx_http_mfa_module/mfa_tags.c
   ngx_http_postern_module/postern_arena.c -lsodium */

#include "unit.h"
#include "mfa_tags.h"


static postern_user_t       users[3];
static postern_org_t        orgs[2];
static postern_directory_t  dir;


static void
people(void)
{
    static const postern_str_t  one = postern_string("$argon2id$one");
    static const postern_str_t  two = postern_string("$argon2id$two");

    memset(users, 0, sizeof(users));
    memset(orgs, 0, sizeof(orgs));

    users[0].org = &orgs[1];
    users[0].password = one;
    users[1].org = &orgs[1];
    users[1].password = two;
    users[2].org = &orgs[1];

    orgs[0].index = 0;
    orgs[1].index = 1;
    orgs[1].users = users;
    orgs[1].nusers = 3;

    dir.orgs = orgs;
    dir.norgs = 2;
}


TEST(what_was_reckoned_before_is_what_is_reckoned_now)
{
    unsigned          i;
    mfa_tags_t       *tags;
    unsigned char     tag[MFA_TAG_SIZE];
    postern_arena_t  *arena;

    people();

    arena = postern_arena_create();
    tags = mfa_tags_build(&dir, arena);

    if (!EXPECT(tags != NULL)) {
        postern_arena_destroy(arena);
        return;
    }

    for (i = 0; i < 3; i++) {
        mfa_tag(&users[i], tag);
        EXPECT_MEM(mfa_tags_get(tags, &users[i]), tag, MFA_TAG_SIZE);
    }

    postern_arena_destroy(arena);
}


TEST(another_password_is_another_tag)
{
    unsigned char  one[MFA_TAG_SIZE], two[MFA_TAG_SIZE], none[MFA_TAG_SIZE];

    people();

    mfa_tag(&users[0], one);
    mfa_tag(&users[1], two);
    mfa_tag(&users[2], none);

    EXPECT(memcmp(one, two, MFA_TAG_SIZE) != 0);
    EXPECT(memcmp(one, none, MFA_TAG_SIZE) != 0);

    users[1].password = users[0].password;
    mfa_tag(&users[1], two);
    EXPECT_MEM(two, one, MFA_TAG_SIZE);
}


UNIT_MAIN()
