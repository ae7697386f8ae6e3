
/*
 * The few pieces of HTTP that decide who is let in and where to: cookies (RFC
 * 6265), what a client wants to see (RFC 9110 section 12.5), and where people
 * are sent back to.
 */


#ifndef _MFA_HTTP_H_INCLUDED_
#define _MFA_HTTP_H_INCLUDED_


#include "postern_buf.h"


#define MFA_COOKIES_MAX    65536   /* bytes of Cookie lines that are read */
#define MFA_RETURN_MAX     2048    /* bytes of a path and query to return to */
#define MFA_LANGUAGES_MAX  16      /* ranges of Accept-Language looked at */
#define MFA_TOKEN          32      /* bytes of a session's token */
#define MFA_TOKEN_TEXT     48      /* characters of it in the cookie:
                                      key tag (4), ".", base64url (43) */


/*
 * Finds a cookie in one Cookie line, *value within it.  The number of cookies
 * of that name: over several lines the caller adds up, and two are as good as
 * none, since nobody can tell who set which.
 */
unsigned mfa_cookie_find(postern_str_t line, postern_str_t name,
    postern_str_t *value);

/*
 * Copies a Cookie line without the cookies of n names; out holds line.len
 * bytes.  The length, which is line.len where none of them was there.
 */
size_t mfa_cookie_without(postern_str_t line, const postern_str_t *names,
    unsigned n, unsigned char *out);

/* "tag.token": base64url without padding, exactly as written by encode();
   0, or -1 where it is anything else */
int mfa_token_decode(postern_str_t text, char tag[5],
    unsigned char token[MFA_TOKEN]);
void mfa_token_encode(const char tag[5], const unsigned char token[MFA_TOKEN],
    char out[MFA_TOKEN_TEXT + 1]);

/* n bytes as base64url without padding and a NUL; the length */
size_t mfa_base64url(const unsigned char *bytes, size_t n, char *out);

/* exactly n bytes, from the one way to write them; 0, or -1 */
int mfa_base64url_decode(postern_str_t text, unsigned char *out, size_t n);

/*
 * Does the client ask for a page?  Yes where Accept names text/html or
 * application/xhtml+xml with a weight over 0 and nothing of JSON before it in
 * weight; a wildcard alone is no wish for a page.
 */
int mfa_accepts_html(postern_str_t accept);

/*
 * RFC 4647 section 3.4 (lookup) over the languages there are: the index of the
 * best, dflt where none fits.
 */
unsigned mfa_language(postern_str_t accept_language,
    const postern_str_t *languages, unsigned n, unsigned dflt);

/*
 * May people be sent there?  Only a path of this very host, by any reading of
 * any browser: "/" and not "/" or "\" behind it, no control characters, no
 * spaces, no backslash, no "#", nothing beyond ASCII, no "//" or "/\" made by
 * decoding or by dot segments at the beginning, at most MFA_RETURN_MAX bytes.
 */
int mfa_return_allowed(postern_str_t to);

/* percent-encodes everything but unreserved characters and "/", writes no NUL;
   the length, 0 where it does not fit */
size_t mfa_escape(postern_str_t s, char *out, size_t size);

/* "Firefox on Linux", "Chrome on Android", "curl" …, from User-Agent: a label
   for people, never a decision; writes no NUL; the length, 0 where there is
   nothing to say */
size_t mfa_device_label(postern_str_t user_agent, char *out, size_t size);


#endif /* _MFA_HTTP_H_INCLUDED_ */
