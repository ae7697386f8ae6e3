
/*
 * One-time passwords: HOTP (RFC 4226), TOTP (RFC 6238), their secrets in
 * base32 (RFC 4648 section 6), and the otpauth: address that authenticator
 * applications read from a QR code.
 */


#ifndef _MFA_OTP_H_INCLUDED_
#define _MFA_OTP_H_INCLUDED_


#include "postern_directory.h"


#define MFA_OTP_SECRET_MIN   16      /* bytes: RFC 4226 section 4, R6 */
#define MFA_OTP_SECRET_MAX   128
#define MFA_OTP_SECRET       20      /* of a new one with SHA-1; 32, 64 */
#define MFA_OTP_DIGITS_MAX   8
#define MFA_OTP_WINDOW_MAX   10      /* steps to each side */
#define MFA_OTP_LOOK_MAX     50      /* counters ahead, HOTP */
#define MFA_BASE32_MAX       208     /* characters of a secret, padded */
#define MFA_OTP_URI_MAX      1024


/* how codes come from a secret; postern_otp_hash_e is the directory's */

typedef struct {
    postern_otp_hash_e    hash;
    unsigned              digits;    /* 6 or 8 */
    unsigned              period;    /* seconds, TOTP; 0: HOTP */
} mfa_otp_t;


/* writes the code of one counter and a NUL; RFC 4226 section 5.3 */
void mfa_otp_code(const mfa_otp_t *otp, postern_str_t secret,
    uint64_t counter, char code[MFA_OTP_DIGITS_MAX + 1]);

/*
 * Looks for code among counters from..to, in constant time over all of them;
 * 1 with *counter, or 0.  Spaces and "-" in code are ignored, anything else
 * that is not a digit, and a wrong number of digits, is no code.
 */
int mfa_otp_match(const mfa_otp_t *otp, postern_str_t secret,
    postern_str_t code, uint64_t from, uint64_t to, uint64_t *counter);

/* the counters that are looked at: of TOTP window steps to each side of now
   (seconds since the epoch) */
void mfa_totp_range(const mfa_otp_t *otp, int64_t now, unsigned window,
    uint64_t *from, uint64_t *to);

/* no padding, upper case; the length, or 0 where out is too small */
size_t mfa_base32_encode(postern_str_t bytes, char *out, size_t size);

/* any case, padding or none, spaces and "-" ignored; the length, 0 where text
   is not base32 or too long */
size_t mfa_base32_decode(postern_str_t text, unsigned char *out, size_t size);

/*
 * otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=…&algorithm=…&digits=…&period=…
 * percent-encoded; HOTP has counter= instead of period=.  The length without
 * NUL, 0 where it does not fit.
 */
size_t mfa_otp_uri(const mfa_otp_t *otp, postern_str_t secret,
    postern_str_t issuer, postern_str_t account, uint64_t counter, char *out,
    size_t size);


#endif /* _MFA_OTP_H_INCLUDED_ */
