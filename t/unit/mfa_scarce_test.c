/* link:
   ngx_http_mfa_module/mfa_account.c
   ngx_http_mfa_module/mfa_account_parse.c
   ngx_http_mfa_module/mfa_account_write.c
   ngx_http_mfa_module/mfa_template.c
   ngx_http_mfa_module/mfa_render.c
   ngx_http_mfa_module/mfa_catalogue.c
   ngx_http_mfa_module/mfa_tags.c
   ngx_http_mfa_module/mfa_block.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_json.c
   -ljansson -lsodium -lutf8proc
   -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
   -Wl,--wrap=postern_arena_alloc,--wrap=postern_arena_dup */

/* Accounts, templates, texts and lists without memory: each says so, and none
   is there by halves. */

#include <jansson.h>

#include "mfa_account.h"
#include "mfa_password.h"
#include "mfa_tags.h"
#include "mfa_template.h"
#include "scarce.h"


#define HASH  "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"                      \
              "0zRYpP98MyteDBNzLzi4kJGJbm9OSUqci+pgJJWcU+0"


static postern_str_t
str(const char *s)
{
    return (postern_str_t) { strlen(s), (const unsigned char *) s };
}


static const char  account[] =
    "{\"version\":1,\"org\":\"acme\",\"user\":\"alice\","
    "\"password\":\"" HASH "\",\"password_time\":1,"
    "\"password_over\":\"00112233445566778899aabbccddeeff\","
    "\"factors\":{\"totp\":[{\"id\":\"k3x9\",\"name\":\"n\",\"secret\":"
    "\"sealed:x\",\"algorithm\":\"sha256\",\"digits\":8,\"period\":60,"
    "\"time\":2}],\"hotp\":[{\"id\":\"k3x8\",\"secret\":\"sealed:y\","
    "\"algorithm\":\"sha1\",\"digits\":6,\"counter\":7,\"time\":3}],"
    "\"recovery\":[\"" HASH "\"]},\"recovery_time\":4,"
    "\"recovery_used\":[\"" HASH "\"],\"counters\":{\"abcd\":5}}";


TEST(an_account_without_memory_is_not_read)
{
    int              rc;
    unsigned         refused;
    mfa_account_t    a;
    postern_alloc_t  alloc;
    postern_error_t  err;

    alloc = scarce_allocator();
    refused = 0;

    while (scarce_next()) {
        rc = mfa_account_parse(str(account), str("acme"), str("alice"), &alloc,
                               &a, &err);

        if (scarce_failed()) {
            EXPECT_INT(rc, -1);
            EXPECT_STR(str(err.text), "out of memory");
            refused++;

        } else if (!EXPECT_INT(rc, 0)) {
            printf("# %u:%u %s: %s\n", err.line, err.column, err.path,
                   err.text);
        }
    }

    EXPECT(refused > 10);
}


TEST(an_account_without_memory_is_not_written)
{
    unsigned         refused;
    mfa_account_t    a;
    postern_str_t    text;
    postern_alloc_t  alloc;
    postern_error_t  err;

    alloc = scarce_allocator();

    if (!EXPECT_INT(mfa_account_parse(str(account), str("acme"), str("alice"),
                                      &alloc, &a, &err), 0))
    {
        return;
    }

    scarce_jansson();
    refused = 0;

    while (scarce_next()) {
        text = mfa_account_write(&a, &alloc);

        if (scarce_failed()) {
            EXPECT(text.data == NULL);
            refused++;

        } else {
            EXPECT_STR(text, account);
        }
    }

    EXPECT(refused > 30);

    json_set_alloc_funcs(__real_malloc, free);

    /* what nothing could read again */

    a.counters[0].id = str("abcdefghijklmnopq");
    EXPECT(mfa_account_write(&a, &alloc).data == NULL);
    a.counters[0].id = str("abcd");
    a.counters[0].counter = (uint64_t) INT64_MAX + 1;
    EXPECT(mfa_account_write(&a, &alloc).data == NULL);
}


static const char *const  names[] = { "user", "list", "flag", NULL };


static postern_str_t
partial(void *data, postern_str_t name)
{
    (void) data;

    return postern_str_is(name, "part.html")
           ? str("<b>{{user}}</b>") : (postern_str_t) postern_null_string;
}


#define TEXTS  "{\"en\":{\"a\":\"A {user}\",\"b\":\"B\"},\"de\":{\"a\":\"A\"," \
               "\"b\":\"B\"}}"


TEST(templates_and_texts_without_memory_are_none)
{
    postern_alloc_t      alloc;
    postern_error_t      err;
    mfa_catalogue_t     *c, *more;
    mfa_template_t      *t;
    mfa_template_env_t   env = { partial, NULL, names, NULL };

    alloc = scarce_allocator();
    c = NULL;

    while (scarce_next()) {
        c = mfa_catalogue_parse(str(TEXTS), NULL, &alloc, &err);
        EXPECT_INT(c == NULL, scarce_failed());

        if (c == NULL) {
            EXPECT_STR(str(err.text), "out of memory");
        }
    }

    while (scarce_next()) {
        more = mfa_catalogue_parse(str("{\"de\":{\"a\":\"x\"},\"fr\":{\"b\":"
                                       "\"y\"}}"), c, &alloc, &err);
        EXPECT_INT(more == NULL, scarce_failed());

        if (more == NULL) {
            EXPECT_STR(str(err.text), "out of memory");
        }
    }

    env.texts = c;

    while (scarce_next()) {
        t = mfa_template_compile(str("<p>{{t.a}} {{#list}}{{user}}{{>part.html}"
                                     "}{{/list}} {{^flag}}x{{/flag}}</p>"),
                                 &env, &alloc, &err);
        EXPECT_INT(t == NULL, scarce_failed());

        if (t == NULL) {
            EXPECT_STR(str(err.text), "out of memory");
        }
    }
}


TEST(lists_of_passwords_without_memory_are_none)
{
    postern_alloc_t    alloc;
    postern_error_t    err;
    mfa_block_list_t  *list;

    alloc = scarce_allocator();

    while (scarce_next()) {
        list = mfa_block_list_parse(str("password\nhunter2\n"), &alloc, &err);
        EXPECT_INT(list == NULL, scarce_failed());

        if (list == NULL) {
            EXPECT_STR(str(err.text), "out of memory");

        } else {
            EXPECT(mfa_block_list_has(list, str("hunter2")));
            EXPECT(!mfa_block_list_has(list, str("")));
        }
    }
}


TEST(tags_without_memory_are_none)
{
    mfa_tags_t           *tags;
    postern_org_t         org;
    postern_user_t        user;
    postern_arena_t      *arena;
    postern_directory_t   dir;

    memset(&dir, 0, sizeof(dir));
    memset(&org, 0, sizeof(org));
    memset(&user, 0, sizeof(user));

    org.name = str("acme");
    org.users = &user;
    org.nusers = 1;
    user.org = &org;
    user.name = str("alice");
    dir.orgs = &org;
    dir.norgs = 1;

    while (scarce_next()) {
        scarce_pause(1);
        arena = postern_arena_create();
        scarce_pause(0);

        tags = mfa_tags_build(&dir, arena);
        EXPECT_INT(tags == NULL, scarce_failed());
        postern_arena_destroy(arena);
    }
}


UNIT_MAIN()
