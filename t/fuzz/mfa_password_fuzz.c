/* link:
   ngx_http_mfa_module/mfa_password.c
   ngx_http_mfa_module/mfa_block.c
   ngx_http_mfa_module/mfa_hash.c
   ngx_http_mfa_module/mfa_unicode.c
   ngx_http_postern_module/postern_argon2.c
   -lsodium -lutf8proc */

/*
 * Any bytes as a password, as a word that it must not be, and as a block list:
 *
 *   - its normal form is UTF-8 without control characters, and stays the same
 *     when it is made once more;
 *   - what is chosen is judged the same in either form;
 *   - a word is not let through as itself, nor a line of a list as a password.
 */


#include "fuzz.h"
#include "mfa_password.h"


static void
normal(postern_str_t text, postern_str_t nfc)
{
    size_t         i, n;
    unsigned char  again[MFA_PASSWORD_MAX], c;
    postern_str_t  s;

    HELD(text.len && text.len <= MFA_PASSWORD_MAX);
    HELD(nfc.len <= MFA_PASSWORD_MAX);

    for (i = 0; i < nfc.len; i += n) {
        c = nfc.data[i];

        HELD(c >= 0x20 && c != 0x7f);
        HELD(c < 0x80 || (c >= 0xc2 && c <= 0xf4));

        n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

        HELD(i + n <= nfc.len);
        HELD(c != 0xc2 || nfc.data[i + 1] >= 0xa0);
        HELD(c != 0xed || nfc.data[i + 1] < 0xa0);
    }

    s.data = again;
    s.len = mfa_password_normalize(nfc, again, sizeof(again));
    HELD(postern_str_eq(s, nfc));
}


static void
judge(postern_str_t text, postern_str_t nfc, const mfa_block_list_t *block)
{
    mfa_password_e        rc;
    mfa_password_rules_t  rules = { 1, MFA_PASSWORD_MAX, 0, block };

    rc = mfa_password_check(&rules, text, NULL, 0);

    HELD((rc == MFA_PASSWORD_MALFORMED) == (nfc.len == 0)
         || rc == MFA_PASSWORD_SHORT || rc == MFA_PASSWORD_LONG);

    if (nfc.len == 0) {
        HELD(rc != MFA_PASSWORD_OK);
        return;
    }

    HELD(mfa_password_check(&rules, nfc, NULL, 0) == rc);

    /* a word of signs alone is none, and forbids nothing */

    rules.block = NULL;
    rc = mfa_password_check(&rules, text, &text, 1);
    HELD(rc == MFA_PASSWORD_CONTEXT || rc == MFA_PASSWORD_OK);
    HELD(mfa_password_check(&rules, nfc, &text, 1) == rc);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_memory_t         pieces;
    unsigned char        *copy, out[MFA_PASSWORD_MAX];
    postern_str_t         text, nfc;
    postern_alloc_t       alloc;
    postern_error_t       err;
    mfa_block_list_t     *block;
    mfa_password_rules_t  rules = { 1, MFA_PASSWORD_MAX, 0, NULL };

    copy = malloc(size ? size : 1);
    HELD(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    text.data = copy;
    text.len = size;
    nfc.data = out;
    nfc.len = mfa_password_normalize(text, out, sizeof(out));

    if (nfc.len) {
        normal(text, nfc);
    }

    alloc = fuzz_memory(&pieces, SIZE_MAX);

    block = mfa_block_list_parse(text, &alloc, &err);

    HELD(block != NULL || err.text[0] != '\0');
    judge(text, nfc, block);

    /* a password alone on its line blocks itself */

    if (block && nfc.len && copy[0] != '#'
        && (size < 3 || memcmp(copy, "\xef\xbb\xbf", 3) != 0))
    {
        HELD(mfa_block_list_size(block) == 1);

        rules.block = block;
        HELD(mfa_password_check(&rules, text, NULL, 0)
             == MFA_PASSWORD_COMMON);
    }

    fuzz_free(&pieces);
    free(copy);

    return 0;
}
