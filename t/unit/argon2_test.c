/* link: ngx_http_postern_module/postern_argon2.c -lsodium */

/* The text form of a hash, read without the work of one. */

#include "postern_argon2.h"
#include "unit.h"


#define SALT  "ZKEffRPnLU+QdPL2xogLGA"
#define HASH  "rQoPZZGyGFZcmGjSy7Kdo8O0n7sh3uCxhrZW7hU5060"


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


TEST(a_whole_text)
{
    postern_argon2_t  h;
    const char       *text = "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH;

    EXPECT_INT(postern_argon2_parse(slice(text), &h), 0);
    EXPECT_INT(h.memory, 19456);
    EXPECT_INT(h.passes, 2);
    EXPECT_INT(h.lanes, 1);
    EXPECT_INT(h.salt_len, 16);
    EXPECT_INT(h.hash_len, 32);
    EXPECT_INT(h.salt[0], 0x64);
    EXPECT_INT(h.hash[31], 0xad);
    EXPECT_STR(h.prefix, "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$");
    EXPECT(postern_argon2_bearable(&h));
}


TEST(what_nobody_takes_on)
{
    postern_argon2_t  h;

    EXPECT_INT(postern_argon2_parse(slice("$argon2id$v=19$m=1048576,t=16,p=4$"
                                          SALT "$" HASH), &h), 0);
    EXPECT(postern_argon2_bearable(&h));

    EXPECT_INT(postern_argon2_parse(slice("$argon2id$v=19$m=1048577,t=1,p=1$"
                                          SALT "$" HASH), &h), 0);
    EXPECT(!postern_argon2_bearable(&h));

    EXPECT_INT(postern_argon2_parse(slice("$argon2id$v=19$m=4294967295,"
                                          "t=4294967295,p=1$"
                                          SALT "$" HASH), &h), 0);
    EXPECT(!postern_argon2_bearable(&h));

    EXPECT_INT(postern_argon2_parse(slice("$argon2id$v=19$m=8,t=17,p=1$"
                                          SALT "$" HASH), &h), 0);
    EXPECT(!postern_argon2_bearable(&h));
}


TEST(what_is_no_hash)
{
    size_t            i;
    postern_argon2_t  h;

    static const char *const  bad[] = {
        "",
        "$",
        "$argon2id$",
        "$argon2i$v=19$m=8,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=8,t=1,p=1$" SALT "$" HASH,
        "$argon2id$m=8,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=1,m=8,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=08,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=+8,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967296,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=18446744073709551624,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=8,t=1,p=2$" SALT "$" HASH,
        "$argon2id$v=19$m=8,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=8,t=1,p=0$" SALT "$" HASH,
        "$argon2id$v=19$m=8,t=1,p=1" SALT "$" HASH,
        "$argon2id$v=19$m=8,t=1,p=1$$" HASH,
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAA$" HASH,
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "==$" HASH,
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$",
        "$argon2id$v=19$m=8,t=1,p=1$" SALT,
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH "$",
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH "\n",
        "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH HASH HASH,
        " $argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_expect_int(postern_argon2_parse(slice(bad[i]), &h), -1, bad[i],
                        __FILE__, __LINE__);
    }
}


TEST(every_beginning_of_one)
{
    char              text[] = "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" HASH;
    char             *copy;
    size_t            len;
    postern_str_t     s;
    postern_argon2_t  h;

    /* from memory that ends where the text does, for the sanitizer; a hash of
       16 bytes or more is whole as well */

    for (len = 0; len < sizeof(text) - 1; len++) {
        copy = malloc(len + !len);
        memcpy(copy, text, len);
        s.data = (unsigned char *) copy;
        s.len = len;

        if (postern_argon2_parse(s, &h) == 0) {
            EXPECT(h.hash_len >= 16 && h.hash_len < 32);

        } else {
            EXPECT(len < sizeof(text) - 1);
        }

        free(copy);
    }
}


UNIT_MAIN()
