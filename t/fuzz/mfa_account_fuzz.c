/* link:
   ngx_http_mfa_module/mfa_account.c
   ngx_http_mfa_module/mfa_account_parse.c
   ngx_http_mfa_module/mfa_account_write.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_json.c
   -ljansson -lsodium */

/*
 * Any bytes as the account of acme's alice.  A broken one has a reason that
 * lies in it; a good one keeps within its limits, is written, and reads as the
 * same again.
 */


#include "fuzz.h"
#include "mfa_account.h"


static const postern_str_t  org = postern_string("acme");
static const postern_str_t  user = postern_string("alice");


static void
fault(const uint8_t *data, size_t size, const postern_error_t *err)
{
    size_t    i;
    unsigned  lines;

    HELD(err->text[0] != '\0');

    for (lines = 1, i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }

    HELD(err->line <= lines);
    HELD(err->column <= size + 1);

    for (i = 0; err->text[i]; i++) {
        HELD((unsigned char) err->text[i] >= 0x20 && err->text[i] != 0x7f);
    }

    for (i = 0; err->path[i]; i++) {
        HELD((unsigned char) err->path[i] >= 0x20 && err->path[i] != 0x7f);
    }
}


static void
otps(const mfa_account_otp_t *o, unsigned n, int hotp)
{
    unsigned  i;

    HELD(n <= MFA_ACCOUNT_OTPS);

    for (i = 0; i < n; i++) {
        HELD(o[i].id.len >= MFA_OTP_ID_MIN && o[i].id.len <= MFA_OTP_ID);
        HELD(o[i].name.len <= MFA_OTP_NAME);
        HELD(o[i].secret.len >= 7
             && memcmp(o[i].secret.data, "sealed:", 7) == 0);
        HELD(o[i].otp.digits == 6 || o[i].otp.digits == 8);
        HELD((o[i].otp.period == 0) == hotp);
        HELD(o[i].counter <= INT64_MAX);
        HELD(o[i].time >= 0);
    }
}


static void
good(const mfa_account_t *a, const postern_alloc_t *alloc)
{
    unsigned           n;
    mfa_account_t      again;
    postern_str_t      text, once_more, left[MFA_ACCOUNT_RECOVERY];
    postern_user_t     nobody;
    postern_error_t    err;
    mfa_account_otp_t  all[MFA_ACCOUNT_ALL];

    HELD(postern_str_eq(a->org, org) && postern_str_eq(a->user, user));
    HELD((a->password.len == 0) == (a->password_over.len == 0));
    HELD(a->nrecovery <= MFA_ACCOUNT_RECOVERY);
    HELD(a->nused <= MFA_ACCOUNT_USED);
    HELD(a->ncounters <= MFA_ACCOUNT_COUNTERS);

    otps(a->totp, a->ntotp, 0);
    otps(a->hotp, a->nhotp, 1);

    memset(&nobody, 0, sizeof(nobody));

    n = mfa_account_otps(a, &nobody, all, MFA_ACCOUNT_ALL);
    HELD(n == a->ntotp + a->nhotp);
    HELD(mfa_account_has_factor(a, &nobody) == (n != 0));

    n = mfa_account_recovery(a, &nobody, left, MFA_ACCOUNT_RECOVERY);
    HELD(n <= a->nrecovery);

    /* nobody's password is not the one that this stands over, but for luck */

    (void) mfa_account_password(a, &nobody);

    /* a text full of escapes may be the longest, and this one is no longer */

    text = mfa_account_write(a, alloc);
    HELD(text.data != NULL);
    HELD(mfa_account_parse(text, org, user, alloc, &again, &err) == 0);

    once_more = mfa_account_write(&again, alloc);
    HELD(postern_str_eq(text, once_more));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mfa_account_t     a;
    postern_str_t     text;
    postern_alloc_t   alloc;
    fuzz_memory_t     pieces;
    postern_error_t   err;

    alloc = fuzz_memory(&pieces, SIZE_MAX);
    text.data = data;
    text.len = size;

    if (size && mfa_account_parse(text, org, user, &alloc, &a, &err) == 0) {
        good(&a, &alloc);

    } else if (size) {
        fault(data, size, &err);
    }

    fuzz_free(&pieces);

    alloc = fuzz_memory(&pieces, fuzz_limit(data, size, 4096));
    memset(&err, 0, sizeof(err));

    if (mfa_account_parse(text, org, user, &alloc, &a, &err) == 0) {
        HELD(!pieces.out);

    } else {
        fuzz_error(&err, text);
    }

    fuzz_free(&pieces);

    return 0;
}
