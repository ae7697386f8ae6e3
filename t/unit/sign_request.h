
/*
 * For the tests of signatures: requests written as HTTP/1.1 text, and SigV4
 * signatures made by other means than those under test (one-shot HMAC()).
 */


#ifndef _SIGN_REQUEST_H_INCLUDED_
#define _SIGN_REQUEST_H_INCLUDED_


#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "postern_arena.h"
#include "sign_message.h"


typedef struct {
    sign_request_t   req;
    sign_field_t     fields[SIGN_MAX_FIELDS];
    postern_str_t    body;
} sign_text_t;


static inline postern_str_t
sign_text_str(const char *s)
{
    postern_str_t  str;

    str.len = strlen(s);
    str.data = (const unsigned char *) s;

    return str;
}


/*
 * Reads a request; lines end in LF or CRLF, a line that begins with a blank
 * continues the one before.  The target is what stands between the first and
 * the last blank of the first line, so that it may hold some.  text is changed
 * and kept by the caller.
 */

static inline void
sign_text_parse(sign_text_t *t, char *text, size_t len)
{
    char          *p, *q, *line, *end, *eol;
    sign_field_t  *f;

    memset(t, 0, sizeof(sign_text_t));

    t->req.fields = t->fields;
    t->req.scheme = sign_text_str("https");

    end = text + len;
    f = NULL;

    for (line = text; line < end; line = eol + 1) {

        eol = memchr(line, '\n', end - line);
        if (eol == NULL) {
            eol = end;
        }

        for (p = eol; p > line && (p[-1] == '\r' || p[-1] == ' '); p--) {
            /* void */
        }

        if (line == text) {
            q = memchr(line, ' ', p - line);
            t->req.method.data = (unsigned char *) line;
            t->req.method.len = q - line;
            t->req.target.data = (unsigned char *) q + 1;
            while (*--p != ' ') { /* void */ }
            t->req.target.len = p - q - 1;
            continue;
        }

        if (p == line) {
            t->body.data = (unsigned char *) eol + (eol < end);
            t->body.len = (unsigned char *) end - t->body.data;
            break;
        }

        if (*line == ' ' && f != NULL) {
            memset((char *) f->value.data + f->value.len, ' ',
                   line - (char *) f->value.data - f->value.len);
            f->value.len = (unsigned char *) p - f->value.data;
            continue;
        }

        q = memchr(line, ':', p - line);
        f = &t->fields[t->req.nfields++];

        f->name.data = (unsigned char *) line;
        f->name.len = q - line;

        for ( /* void */ ; line < q; line++) {
            *line = tolower((unsigned char) *line);
        }

        for (q++; q < p && *q == ' '; q++) { /* void */ }

        f->value.data = (unsigned char *) q;
        f->value.len = p - q;

        if (postern_str_is(f->name, "host")) {
            t->req.authority = f->value;
        }
    }

    t->req.has_body = t->body.len != 0;
}


static inline void
sign_text_hex(const unsigned char *data, size_t len, char *out)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        sprintf(out + 2 * i, "%02x", data[i]);
    }
}


static inline void
sign_text_hmac(const void *key, size_t len, const char *data,
    unsigned char out[32])
{
    HMAC(EVP_sha256(), key, (int) len, (const unsigned char *) data,
         strlen(data), out, NULL);
}


/* the signature (64 hex digits) of a canonical request */

static inline void
sign_text_sigv4(const char *secret, const char *time, const char *scope,
    const char *canonical, char out[65])
{
    char            aws4[256], sts[1024], part[128], hex[65];
    size_t          n;
    const char     *p;
    unsigned char   key[32], hash[32];

    EVP_Digest(canonical, strlen(canonical), hash, NULL, EVP_sha256(), NULL);
    sign_text_hex(hash, 32, hex);
    snprintf(sts, sizeof(sts), "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope,
             hex);

    snprintf(aws4, sizeof(aws4), "AWS4%s", secret);

    for (p = scope; *p; p += n + (p[n] == '/')) {
        n = strcspn(p, "/");
        memcpy(part, p, n);
        part[n] = '\0';

        if (p == scope) {
            sign_text_hmac(aws4, strlen(aws4), part, key);

        } else {
            sign_text_hmac(key, 32, part, key);
        }
    }

    sign_text_hmac(key, 32, sts, hash);
    sign_text_hex(hash, 32, out);
}


#endif /* _SIGN_REQUEST_H_INCLUDED_ */
