
/*
 * RFC 3230: Digest: SHA-256=base64, several with commas between them, names in
 * any case.  The strongest known one counts.  Others (MD5, SHA, UNIXsum) mean
 * nothing beside a known one and nothing alone.
 */


#include "sign_cavage.h"

#include <sodium.h>


static sign_code_e digest_line(postern_str_t line, unsigned *seen,
    sign_message_t *msg);
static sign_code_e digest_member(postern_str_t member, unsigned *seen,
    sign_message_t *msg);


sign_code_e
sign_cavage_digest(const sign_request_t *req, sign_message_t *msg)
{
    size_t               i;
    unsigned             seen;
    sign_code_e          code;
    const sign_field_t  *field;

    static const postern_str_t  name = postern_string("digest");

    msg->digest = SIGN_DIGEST_NONE;

    seen = 0;
    i = 0;

    while ((field = sign_field_next(req, name, &i)) != NULL) {

        code = digest_line(field->value, &seen, msg);
        if (code != SIGN_OK) {
            return code;
        }
    }

    if (msg->digest == SIGN_DIGEST_NONE) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "Digest has neither SHA-256 nor SHA-512");
    }

    return SIGN_OK;
}


static sign_code_e
digest_line(postern_str_t line, unsigned *seen, sign_message_t *msg)
{
    sign_code_e           code;
    postern_str_t         member;
    const unsigned char  *comma;

    if (line.len > SIGN_MAX_HEADER) {
        return sign_fail(msg, SIGN_TOO_LARGE, "Digest is longer than %d bytes",
                         SIGN_MAX_HEADER);
    }

    for ( ;; ) {

        comma = line.len ? memchr(line.data, ',', line.len) : NULL;

        member.data = line.data;
        member.len = comma ? (size_t) (comma - line.data) : line.len;

        code = digest_member(sign_trim(member), seen, msg);

        if (code != SIGN_OK || comma == NULL) {
            return code;
        }

        line.data += member.len + 1;
        line.len -= member.len + 1;
    }
}


static sign_code_e
digest_member(postern_str_t member, unsigned *seen, sign_message_t *msg)
{
    int                   rc;
    size_t                len;
    postern_str_t         name;
    unsigned char         hash[64];
    sign_digest_e         digest;
    const unsigned char  *equal;

    equal = member.len ? memchr(member.data, '=', member.len) : NULL;

    if (equal == NULL || equal == member.data) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Digest: \"%.*s\" is not algorithm=hash",
                         SIGN_TEXT(member));
    }

    name.data = member.data;
    name.len = equal - member.data;

    member.data += name.len + 1;
    member.len -= name.len + 1;

    if (sign_is_text(name, "sha-256")) {
        digest = SIGN_DIGEST_SHA256;

    } else if (sign_is_text(name, "sha-512")) {
        digest = SIGN_DIGEST_SHA512;

    } else {
        return SIGN_OK;
    }

    if (*seen & 1u << digest) {
        return sign_fail(msg, SIGN_AMBIGUOUS, "Digest: \"%.*s\" occurs twice",
                         SIGN_TEXT(name));
    }

    *seen |= 1u << digest;

    rc = sodium_base642bin(hash, sizeof(hash), (const char *) member.data,
                           member.len, NULL, &len, NULL,
                           sodium_base64_VARIANT_ORIGINAL);

    if (rc != 0 || len != (digest == SIGN_DIGEST_SHA256 ? 32 : 64)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "Digest: \"%.*s\" is no base64 of that length",
                         SIGN_TEXT(name));
    }

    if (digest > msg->digest) {
        msg->digest = digest;
        memcpy(msg->digest_value, hash, len);
    }

    return SIGN_OK;
}
