/* link: ngx_http_mfa_module/mfa_cookie.c
   ngx_http_mfa_module/mfa_base64url.c ngx_http_mfa_module/mfa_accept.c
   ngx_http_mfa_module/mfa_label.c */

/*
 * Any bytes as Cookie, session token, Accept, Accept-Language and User-Agent.
 * A token that is read is written the same again; values lie within their line;
 * a label is made of plain characters.
 */


#include <stdlib.h>

#include "mfa_http.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_cookie(postern_str_t line)
{
    char           tag[5], text[MFA_TOKEN_TEXT + 1];
    unsigned       n;
    unsigned char  token[MFA_TOKEN];
    postern_str_t  value;

    static const postern_str_t  name = postern_string("__Host-postern");

    n = mfa_cookie_find(line, name, &value);

    if (n == 0) {
        value = line;

    } else if (value.data < line.data + name.len + 1
               || value.data + value.len > line.data + line.len
               || memchr(value.data, ';', value.len) != NULL)
    {
        abort();
    }

    if (mfa_token_decode(value, tag, token) == 0) {
        mfa_token_encode(tag, token, text);

        if (value.len != MFA_TOKEN_TEXT
            || memcmp(text, value.data, MFA_TOKEN_TEXT) != 0)
        {
            abort();
        }
    }
}


static void
check_base64url(postern_str_t text)
{
    char            again[128];
    size_t          n;
    unsigned char   bytes[64];

    for (n = 0; n < sizeof(bytes); n++) {

        if (mfa_base64url_decode(text, bytes, n) == 0
            && (mfa_base64url(bytes, n, again) != text.len
                || (n != 0 && memcmp(again, text.data, text.len) != 0)))
        {
            abort();
        }
    }
}


static void
check_label(postern_str_t agent)
{
    char    out[64];
    size_t  i, len;

    len = mfa_device_label(agent, out, sizeof(out));

    if (len > sizeof(out)) {
        abort();
    }

    for (i = 0; i < len; i++) {
        if (out[i] < 0x20 || out[i] > 0x7e || strchr("<>&\"'\\/", out[i])) {
            abort();
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned        found;
    postern_str_t   text;
    unsigned char  *copy;

    static const postern_str_t  languages[] = {
        postern_string("en"), postern_string("de"), postern_string("zh-Hant")
    };

    copy = malloc(size ? size : 1);

    if (copy == NULL) {
        return 0;
    }

    memcpy(copy, data, size);
    text.data = copy;
    text.len = size;

    check_cookie(text);
    check_base64url(text);
    check_label(text);

    (void) mfa_accepts_html(text);

    found = mfa_language(text, languages, 3, 7);

    if (found > 2 && found != 7) {
        abort();
    }

    free(copy);

    return 0;
}
