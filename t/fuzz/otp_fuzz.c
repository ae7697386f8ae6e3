/* link: ngx_http_mfa_module/mfa_otp.c ngx_http_mfa_module/mfa_recovery.c
   ngx_http_postern_module/postern_argon2.c -lsodium -lcrypto */

/*
 * Any bytes as what people type: a secret in base32, a one-time code, a
 * recovery code; and as the text of a hash.  What decodes is encoded again the
 * same, separators, case and padding apart; a code that matches is the one of
 * that counter; an address holds no byte of a name that could end it.
 */


#include <stdlib.h>

#include "mfa_otp.h"
#include "mfa_recovery.h"
#include "postern_argon2.h"


#define MAX_INPUT  2048


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
expect(int held)
{
    if (!held) {
        abort();
    }
}


static void
base32(postern_str_t text)
{
    char            out[MFA_BASE32_MAX + 1];
    size_t          i, n, len;
    postern_str_t   bytes;
    unsigned char   c, buf[MFA_OTP_SECRET_MAX];

    bytes.data = buf;
    bytes.len = mfa_base32_decode(text, buf, sizeof(buf));

    if (bytes.len == 0) {
        return;
    }

    len = mfa_base32_encode(bytes, out, sizeof(out));
    expect(len != 0 && out[len] == '\0');

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c == ' ' || c == '-' || c == '=') {
            continue;
        }

        if (c >= 'a' && c <= 'z') {
            c = (unsigned char) (c - 'a' + 'A');
        }

        expect(n < len && out[n] == (char) c);
        n++;
    }

    expect(n == len);
}


static void
code(postern_str_t typed, unsigned flags)
{
    char           right[MFA_OTP_DIGITS_MAX + 1];
    uint64_t       from, to, counter;
    mfa_otp_t      otp;
    postern_str_t  secret = postern_string("12345678901234567890");

    otp.hash = (postern_otp_hash_e) (flags % 3);
    otp.digits = flags & 4 ? 8 : 6;
    otp.period = 30;

    mfa_totp_range(&otp, (int64_t) flags * 7, flags & 7, &from, &to);

    if (mfa_otp_match(&otp, secret, typed, from, to, &counter)) {
        expect(counter >= from && counter <= to);
        mfa_otp_code(&otp, secret, counter, right);
        expect(strlen(right) == otp.digits);
        expect(mfa_otp_match(&otp, secret, typed, counter, counter, &from));
    }
}


static void
address(postern_str_t name)
{
    char           out[MFA_OTP_URI_MAX];
    size_t         i, len;
    mfa_otp_t      otp = { POSTERN_OTP_SHA1, 6, 30 };
    postern_str_t  issuer = name, secret = postern_string("12345678901234567");

    issuer.len /= 2;
    len = mfa_otp_uri(&otp, secret, issuer, name, 0, out, sizeof(out));

    for (i = 0; i < len; i++) {
        expect(out[i] > 0x20 && out[i] < 0x7f && out[i] != '"'
               && out[i] != '<' && out[i] != '#');
    }

    expect(len == 0 || out[len] == '\0');
}


static void
recovery(postern_str_t typed)
{
    char           plain[MFA_RECOVERY_CODE], again[MFA_RECOVERY_CODE];
    postern_str_t  s;

    if (mfa_recovery_normalize(typed, plain) != 0) {
        return;
    }

    s.data = (unsigned char *) plain;
    s.len = sizeof(plain);

    expect(mfa_recovery_normalize(s, again) == 0);
    expect(memcmp(plain, again, sizeof(plain)) == 0);
}


static void
hash(postern_str_t text)
{
    postern_argon2_t  h;

    if (postern_argon2_parse(text, &h) == 0) {
        expect(h.prefix.len < text.len && h.prefix.data == text.data);
        expect(h.salt_len <= sizeof(h.salt) && h.hash_len <= sizeof(h.hash));
        expect(h.memory >= 8 && h.passes >= 1 && h.lanes >= 1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    postern_str_t  text;

    if (size < 2 || size > MAX_INPUT) {
        return 0;
    }

    text.data = data + 2;
    text.len = size - 2;

    base32(text);
    code(text, data[0] | (unsigned) data[1] << 8);
    address(text);
    recovery(text);
    hash(text);

    return 0;
}
