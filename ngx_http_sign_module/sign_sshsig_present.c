
/*
 * Which signatures of Signature are SSHSIG, and which are not: by how their
 * base64 begins.  The schemes "rfc9421" and "sshsig" share their header fields,
 * and must not take one for the other.
 */


#include "sign_scheme.h"


/* base64 of "SSHSIG" */
#define SIGN_SSHSIG_BEGIN  "U1NIU0lH"


static int sign_is_base64(unsigned char ch);


/* "=:" begins a byte sequence where base64 follows; at the end of one it is its
   padding and the closing colon */

unsigned
sign_signature_kinds(const sign_request_t *req)
{
    size_t               i, n;
    unsigned             kinds;
    postern_str_t        s;
    const sign_field_t  *field;

    static const postern_str_t  name = postern_string("signature");

    n = sizeof(SIGN_SSHSIG_BEGIN) - 1;
    kinds = 0;
    i = 0;

    while ((field = sign_field_next(req, name, &i)) != NULL) {

        for (s = field->value; s.len > 2; s.data++, s.len--) {

            if (s.data[0] != '=' || s.data[1] != ':'
                || !sign_is_base64(s.data[2]))
            {
                continue;
            }

            kinds |= (s.len >= 2 + n
                      && memcmp(s.data + 2, SIGN_SSHSIG_BEGIN, n) == 0)
                     ? SIGN_KIND_SSHSIG : SIGN_KIND_OTHER;
        }
    }

    return kinds;
}


static int
sign_is_base64(unsigned char ch)
{
    return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')
           || (ch >= '0' && ch <= '9') || ch == '+' || ch == '/';
}


/*
 * The dictionary is only looked at here, not read: what looks like a member in
 * the text of a parameter may be taken for one, by which nothing but the choice
 * of a scheme changes, and neither scheme accepts the other's signatures.
 */

int
sign_is_sshsig(postern_str_t signature, postern_str_t label)
{
    size_t                i, n;
    const unsigned char  *p;

    n = label.len + 2 + sizeof(SIGN_SSHSIG_BEGIN) - 1;
    p = signature.data;

    for (i = 0; i + n <= signature.len; i++, p++) {

        if ((i == 0 || p[-1] == ',' || p[-1] == ' ' || p[-1] == '\t')
            && memcmp(p, label.data, label.len) == 0
            && memcmp(p + label.len, "=:" SIGN_SSHSIG_BEGIN, n - label.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
sign_sshsig_present(const sign_request_t *req, const sign_policy_t *policy)
{
    return (sign_signature_kinds(req) & SIGN_KIND_SSHSIG) != 0;
}
