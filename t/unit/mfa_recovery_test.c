/* link: ngx_http_mfa_module/mfa_recovery.c ngx_http_mfa_module/mfa_otp.c
   ngx_http_postern_module/postern_argon2.c -lsodium -lcrypto */

#include <sodium.h>

#include "mfa_otp.h"
#include "mfa_recovery.h"
#include "unit.h"


/* quick ones, for tests */
static const mfa_argon2_t  quick = { 8, 1 };


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


TEST(a_new_code)
{
    char           code[MFA_RECOVERY_SHOWN], other[MFA_RECOVERY_SHOWN];
    char           plain[MFA_RECOVERY_CODE];
    int            i;
    unsigned char  bytes[MFA_RECOVERY_BYTES];

    mfa_recovery_generate(other);

    for (i = 0; i < 100; i++) {
        mfa_recovery_generate(code);

        EXPECT_INT(strlen(code), 19);
        EXPECT_INT(strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-"), 19);
        EXPECT(code[4] == '-' && code[9] == '-' && code[14] == '-');
        EXPECT(strcmp(code, other) != 0);

        EXPECT_INT(mfa_recovery_normalize(slice(code), plain), 0);
        EXPECT_INT(mfa_base32_decode(slice(code), bytes, sizeof(bytes)), 10);
    }
}


TEST(what_people_type)
{
    char  code[MFA_RECOVERY_CODE];

    EXPECT_INT(mfa_recovery_normalize(slice("ABCD-EFGH-IJKL-MN67"), code), 0);
    EXPECT_MEM(code, "ABCDEFGHIJKLMN67", 16);

    memset(code, 0, sizeof(code));
    EXPECT_INT(mfa_recovery_normalize(slice(" abcd efgh ijklmn-67 "), code),
               0);
    EXPECT_MEM(code, "ABCDEFGHIJKLMN67", 16);

    /* digits that base32 has not are letters that look like them */

    EXPECT_INT(mfa_recovery_normalize(slice("O1B80AAAAAAAAAAA"), code), 0);
    EXPECT_MEM(code, "OIBBOAAAAAAAAAAA", 16);
}


TEST(what_is_no_code)
{
    char    code[MFA_RECOVERY_CODE], blanks[80];
    size_t  i;

    static const char *const  bad[] = {
        "", " ", "ABCD", "ABCD-EFGH-IJKL-MNO", "ABCD-EFGH-IJKL-MNOPQ",
        "ABCD-EFGH-IJKL-MNO9", "ABCD-EFGH-IJKL-MNO!", "ABCD_EFGH_IJKL_MNOP",
        "ABCD-EFGH-IJKL-MNOÄ", "ABCD\tEFGH\tIJKL\tMNOP"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_expect_int(mfa_recovery_normalize(slice(bad[i]), code), -1,
                        bad[i], __FILE__, __LINE__);
    }

    memset(blanks, ' ', sizeof(blanks));
    memcpy(blanks, "ABCDEFGHIJKLMNOP", 16);
    blanks[64] = '\0';
    EXPECT_INT(mfa_recovery_normalize(slice(blanks), code), 0);
    blanks[64] = ' ';
    blanks[65] = '\0';
    EXPECT_INT(mfa_recovery_normalize(slice(blanks), code), -1);
}


static void
set(char (*codes)[MFA_RECOVERY_SHOWN], char (*hashes)[MFA_HASH_TEXT],
    postern_str_t *texts)
{
    int  i;

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        mfa_recovery_generate(codes[i]);
    }

    EXPECT_INT(mfa_recovery_hash(&quick,
                                 (const char (*)[MFA_RECOVERY_SHOWN]) codes,
                                 MFA_RECOVERY_CODES, hashes), 0);

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        texts[i] = slice(hashes[i]);
    }
}


TEST(a_set_of_ten)
{
    char           codes[MFA_RECOVERY_CODES][MFA_RECOVERY_SHOWN];
    char           hashes[MFA_RECOVERY_CODES][MFA_HASH_TEXT];
    char           plain[MFA_RECOVERY_CODE];
    int            i, k;
    postern_str_t  texts[MFA_RECOVERY_CODES];

    set(codes, hashes, texts);

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        mfa_recovery_normalize(slice(codes[i]), plain);

        EXPECT_INT(mfa_recovery_match(plain, texts, MFA_RECOVERY_CODES), i);
        EXPECT_INT(mfa_recovery_match(plain, texts, i), -1);
        EXPECT_INT(mfa_recovery_match(plain, &texts[i], 1), 0);

        /* libsodium's own verifier knows them, each for itself */

        for (k = 0; k < MFA_RECOVERY_CODES; k++) {
            EXPECT_INT(crypto_pwhash_str_verify(hashes[k], plain,
                                                MFA_RECOVERY_CODE),
                       i == k ? 0 : -1);
        }
    }

    EXPECT_INT(mfa_recovery_match("AAAAAAAAAAAAAAAA", texts, 10), -1);
    EXPECT_INT(mfa_recovery_match("AAAAAAAAAAAAAAAA", texts, 0), -1);
}


TEST(another_set_has_another_salt)
{
    char           codes[MFA_RECOVERY_CODES][MFA_RECOVERY_SHOWN];
    char           first[MFA_RECOVERY_CODES][MFA_HASH_TEXT];
    char           second[MFA_RECOVERY_CODES][MFA_HASH_TEXT];
    char           plain[MFA_RECOVERY_CODE];
    postern_str_t  texts[MFA_RECOVERY_CODES];

    set(codes, first, texts);
    mfa_recovery_normalize(slice(codes[0]), plain);

    EXPECT_INT(mfa_recovery_hash(&quick,
                                 (const char (*)[MFA_RECOVERY_SHOWN]) codes,
                                 MFA_RECOVERY_CODES, second), 0);
    EXPECT(memcmp(first[0], second[0], 27) == 0);
    EXPECT(memcmp(first[0] + 27, second[0] + 27, 22) != 0);

    /* what is no set is not matched at all, whichever code it is */

    texts[9] = slice(second[9]);
    EXPECT_INT(mfa_recovery_match(plain, texts, 10), -2);
    texts[9] = slice("$argon2id$");
    EXPECT_INT(mfa_recovery_match(plain, texts, 10), -2);
    texts[0] = slice("");
    EXPECT_INT(mfa_recovery_match(plain, texts, 10), -2);
}


TEST(a_hash_made_by_others)
{
    char           hash[256];
    FILE          *f;
    postern_str_t  text;

    /* the program of the reference implementation */

    f = popen("printf ABCDEFGHIJKLMN67 | argon2 'sixteen of salt!' -id -k 64 "
              "-t 3 -p 1 -l 24 -e", "r");

    if (!EXPECT(f != NULL && fgets(hash, sizeof(hash), f) != NULL)) {
        return;
    }

    EXPECT_INT(pclose(f), 0);
    hash[strcspn(hash, "\n")] = '\0';
    text = slice(hash);

    EXPECT_INT(mfa_recovery_match("ABCDEFGHIJKLMN67", &text, 1), 0);
    EXPECT_INT(mfa_recovery_match("ABCDEFGHIJKLMN66", &text, 1), -1);
}


TEST(hashes_we_do_not_verify)
{
    size_t         i;
    postern_str_t  text;

    static const char *const  bad[] = {
        "$argon2id$v=19$m=1048577,t=1,p=1$ZKEffRPnLU+QdPL2xogLGA"
        "$rQoPZZGyGFZcmGjSy7Kdow",
        "$argon2id$v=19$m=8,t=17,p=1$ZKEffRPnLU+QdPL2xogLGA"
        "$rQoPZZGyGFZcmGjSy7Kdow",
        "$argon2id$v=19$m=32,t=1,p=4$ZKEffRPnLU+QdPL2xogLGA"
        "$rQoPZZGyGFZcmGjSy7Kdow",
        "$argon2id$v=19$m=8,t=1,p=1$ZKEffRPnLU8$rQoPZZGyGFZcmGjSy7Kdow",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = slice(bad[i]);
        EXPECT_INT(mfa_recovery_match("AAAAAAAAAAAAAAAA", &text, 1), -2);
    }
}


TEST(a_malformed_code_is_not_hashed)
{
    char  codes[1][MFA_RECOVERY_SHOWN] = { "ABCD" };
    char  hashes[1][MFA_HASH_TEXT];

    EXPECT_INT(mfa_recovery_hash(&quick,
                                 (const char (*)[MFA_RECOVERY_SHOWN]) codes,
                                 1, hashes), -1);
}


UNIT_MAIN()
