
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "mfa_otp.h"
#include "postern_assert.h"


#define MFA_OTP_TYPED_MAX  32    /* bytes of a typed code, separators too */


typedef struct {
    char    *data;
    size_t   size;
    size_t   len;
} mfa_otp_out_t;


static int mfa_otp_digits(const mfa_otp_t *otp, postern_str_t code,
    char digits[MFA_OTP_DIGITS_MAX + 1]);
static const EVP_MD *mfa_otp_md(postern_otp_hash_e hash);
static void mfa_otp_put(mfa_otp_out_t *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void mfa_otp_escape(mfa_otp_out_t *out, postern_str_t s);
static int mfa_base32_value(unsigned char c);


static const char  mfa_base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";


void
mfa_otp_code(const mfa_otp_t *otp, postern_str_t secret, uint64_t counter,
    char code[MFA_OTP_DIGITS_MAX + 1])
{
    unsigned        i, at, len;
    uint32_t        value;
    unsigned char   text[8], mac[EVP_MAX_MD_SIZE];

    /* no code at all is none that anybody can type */

    memset(code, 0, MFA_OTP_DIGITS_MAX + 1);

    if (secret.len == 0 || secret.len > POSTERN_SECRET_MAX
        || otp->digits == 0 || otp->digits > MFA_OTP_DIGITS_MAX)
    {
        return;
    }

    for (i = 0; i < 8; i++) {
        text[i] = (unsigned char) (counter >> (56 - 8 * i));
    }

    if (HMAC(mfa_otp_md(otp->hash), secret.data, (int) secret.len, text,
             sizeof(text), mac, &len)
        == NULL)
    {
        return;
    }

    at = mac[len - 1] & 0x0f;
    value = (uint32_t) (mac[at] & 0x7f) << 24
            | (uint32_t) mac[at + 1] << 16
            | (uint32_t) mac[at + 2] << 8
            | (uint32_t) mac[at + 3];

    for (i = otp->digits; i > 0; i--) {
        code[i - 1] = (char) ('0' + value % 10);
        value /= 10;
    }

    sodium_memzero(mac, sizeof(mac));
}


int
mfa_otp_match(const mfa_otp_t *otp, postern_str_t secret, postern_str_t code,
    uint64_t from, uint64_t to, uint64_t *counter)
{
    char      typed[MFA_OTP_DIGITS_MAX + 1], right[MFA_OTP_DIGITS_MAX + 1];
    uint64_t  i, found, mask, match;

    if (from > to || to - from > MFA_OTP_LOOK_MAX
        || mfa_otp_digits(otp, code, typed) != 0)
    {
        return 0;
    }

    /* every counter costs the same, and which one it was shows nowhere: the
       first that matches is kept by a mask */

    found = 0;
    match = 0;

    for (i = 0; i <= to - from; i++) {
        mfa_otp_code(otp, secret, from + i, right);

        mask = (uint64_t) (sodium_memcmp(typed, right, otp->digits) == 0);
        mask = (0 - mask) & ~(0 - match);

        found |= (from + i) & mask;
        match |= mask & 1;
    }

    sodium_memzero(typed, sizeof(typed));
    sodium_memzero(right, sizeof(right));

    if (match) {
        *counter = found;
    }

    return (int) match;
}


static int
mfa_otp_digits(const mfa_otp_t *otp, postern_str_t code,
    char digits[MFA_OTP_DIGITS_MAX + 1])
{
    size_t         i;
    unsigned       n;
    unsigned char  c;

    if (code.len > MFA_OTP_TYPED_MAX || otp->digits == 0
        || otp->digits > MFA_OTP_DIGITS_MAX)
    {
        return -1;
    }

    n = 0;

    for (i = 0; i < code.len; i++) {
        c = code.data[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (c < '0' || c > '9' || n == otp->digits) {
            return -1;
        }

        digits[n++] = (char) c;
    }

    digits[n] = '\0';

    return n == otp->digits ? 0 : -1;
}


static const EVP_MD *
mfa_otp_md(postern_otp_hash_e hash)
{
    switch (hash) {

    case POSTERN_OTP_SHA256:
        return EVP_sha256();

    case POSTERN_OTP_SHA512:
        return EVP_sha512();

    default: /* POSTERN_OTP_SHA1 */
        return EVP_sha1();
    }
}


void
mfa_totp_range(const mfa_otp_t *otp, int64_t now, unsigned window,
    uint64_t *from, uint64_t *to)
{
    uint64_t  step;

    if (window > MFA_OTP_WINDOW_MAX) {
        window = MFA_OTP_WINDOW_MAX;
    }

    if (otp->period == 0) {
        /* HOTP: nothing to look at */
        *from = 1;
        *to = 0;
        return;
    }

    step = now > 0 ? (uint64_t) now / otp->period : 0;

    *from = step > window ? step - window : 0;
    *to = step + window;
}


size_t
mfa_base32_encode(postern_str_t bytes, char *out, size_t size)
{
    size_t    i, n;
    uint32_t  bits;
    unsigned  nbits;

    if (bytes.len > MFA_OTP_SECRET_MAX || (bytes.len * 8 + 4) / 5 >= size) {
        return 0;
    }

    bits = 0;
    nbits = 0;
    n = 0;

    for (i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xffff;
        nbits += 8;

        while (nbits >= 5) {
            nbits -= 5;
            out[n++] = mfa_base32[(bits >> nbits) & 0x1f];
        }
    }

    if (nbits) {
        out[n++] = mfa_base32[(bits << (5 - nbits)) & 0x1f];
    }

    out[n] = '\0';

    return n;
}


size_t
mfa_base32_decode(postern_str_t text, unsigned char *out, size_t size)
{
    int            value;
    size_t         i, n, chars;
    uint32_t       bits;
    unsigned       nbits, padding;
    unsigned char  c;

    bits = 0;
    nbits = 0;
    padding = 0;
    chars = 0;
    n = 0;

    /* separators may stand between any two characters */

    if (text.len > 2 * MFA_BASE32_MAX) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (c == '=') {
            padding++;
            continue;
        }

        value = mfa_base32_value(c);

        if (value < 0 || padding) {
            goto failed;
        }

        chars++;
        bits = (bits << 5 | (uint32_t) value) & 0xfff;
        nbits += 5;

        if (nbits >= 8) {

            if (n == size) {
                goto failed;
            }

            nbits -= 8;
            out[n++] = (unsigned char) (bits >> nbits);
        }
    }

    /* lengths that no number of bytes has, bits that say nothing, and padding
       that is not RFC 4648's would give one secret several spellings */

    if (nbits >= 5 || (bits & ((1U << nbits) - 1)) != 0
        || (padding && (chars + padding) % 8 != 0) || padding > 6)
    {
        goto failed;
    }

    return n;

failed:

    sodium_memzero(out, n);

    return 0;
}


static int
mfa_base32_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a';
    }

    if (c >= '2' && c <= '7') {
        return c - '2' + 26;
    }

    return -1;
}


size_t
mfa_otp_uri(const mfa_otp_t *otp, postern_str_t secret, postern_str_t issuer,
    postern_str_t account, uint64_t counter, char *out, size_t size)
{
    char           base32[MFA_BASE32_MAX + 1];
    mfa_otp_out_t  text = { out, size, 0 };

    static const char *const  hashes[] = { "SHA1", "SHA256", "SHA512" };

    if (mfa_base32_encode(secret, base32, sizeof(base32)) == 0) {
        return 0;
    }

    mfa_otp_put(&text, "otpauth://%s/", otp->period ? "totp" : "hotp");

    if (issuer.len) {
        mfa_otp_escape(&text, issuer);
        mfa_otp_put(&text, ":");
    }

    mfa_otp_escape(&text, account);
    mfa_otp_put(&text, "?secret=%s", base32);

    if (issuer.len) {
        mfa_otp_put(&text, "&issuer=");
        mfa_otp_escape(&text, issuer);
    }

    mfa_otp_put(&text, "&algorithm=%s&digits=%u", hashes[otp->hash],
                otp->digits);

    if (otp->period) {
        mfa_otp_put(&text, "&period=%u", otp->period);

    } else {
        mfa_otp_put(&text, "&counter=%llu", (unsigned long long) counter);
    }

    sodium_memzero(base32, sizeof(base32));

    if (text.len >= size) {
        sodium_memzero(out, size);
        return 0;
    }

    return text.len;
}


/* counts on where there is no room, so that the end tells */

static void
mfa_otp_put(mfa_otp_out_t *out, const char *fmt, ...)
{
    int      n;
    va_list  args;

    if (out->len >= out->size) {
        return;
    }

    va_start(args, fmt);
    n = vsnprintf(out->data + out->len, out->size - out->len, fmt, args);
    va_end(args);

    out->len = POSTERN_NEVER(n < 0) ? out->size : out->len + (size_t) n;
}


/* all but what RFC 3986 section 2.3 leaves as it is */

static void
mfa_otp_escape(mfa_otp_out_t *out, postern_str_t s)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
            || (c >= '0' && c <= '9')
            || c == '-' || c == '.' || c == '_' || c == '~')
        {
            mfa_otp_put(out, "%c", c);

        } else {
            mfa_otp_put(out, "%%%02X", c);
        }
    }
}
