
/*
 * That a signature of SigV4 covers what the policy demands.
 */


#include "sign_sigv4.h"


static sign_code_e sign_sigv4_cover_fields(const sign_request_t *req,
    const sign_policy_t *policy, sign_message_t *msg);
static sign_code_e sign_sigv4_cover_body(const sign_request_t *req,
    const sign_policy_t *policy, sign_message_t *msg);


sign_code_e
sign_sigv4_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    size_t                      i;
    sign_code_e                 code;
    const sign_sigv4_t         *v4;

    static const postern_str_t  host = postern_string("host");
    static const postern_str_t  authority = postern_string(":authority");

    (void) key;    /* HMAC by parse(); everything else is in the message */

    v4 = msg->scheme_data;

    if (policy->cover & SIGN_COVER_SCHEME) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "SigV4 cannot cover @scheme, which is demanded here");
    }

    if (!sign_sigv4_listed(v4, host) && !sign_sigv4_listed(v4, authority)) {
        return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks host");
    }

    if (!v4->presigned && !sign_sigv4_listed(v4, v4->date_field)) {
        return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks %.*s",
                         SIGN_TEXT(v4->date_field));
    }

    for (i = 0; i < v4->nnames; i++) {

        code = sign_check_hop(req, v4->names[i], msg);
        if (code != SIGN_OK) {
            return code;
        }
    }

    code = sign_sigv4_cover_fields(req, policy, msg);

    return code == SIGN_OK ? sign_sigv4_cover_body(req, policy, msg) : code;
}


static sign_code_e
sign_sigv4_cover_fields(const sign_request_t *req,
    const sign_policy_t *policy, sign_message_t *msg)
{
    size_t                      i, k;
    postern_str_t               name;
    const sign_sigv4_t         *v4;

    static const postern_str_t  host = postern_string("host");

    v4 = msg->scheme_data;

    /* AWS demands this of every X-Amz-… header: they are instructions */

    for (i = 0; i < req->nfields; i++) {
        name = req->fields[i].name;

        if (name.len > 6 && memcmp(name.data, "x-amz-", 6) == 0
            && !sign_sigv4_listed(v4, name))
        {
            return sign_fail(msg, SIGN_COVERAGE, "SignedHeaders lacks %.*s",
                             SIGN_TEXT(name));
        }
    }

    for (i = 0; i < policy->nfields; i++) {
        name = policy->fields[i];
        k = 0;

        if (!sign_sigv4_listed(v4, name)) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "SignedHeaders lacks %.*s, which is demanded here",
                             SIGN_TEXT(name));
        }

        if (sign_field_next(req, name, &k) == NULL
            && !postern_str_eq(name, host))
        {
            return sign_fail(msg, SIGN_COVERAGE,
                             "header %.*s is demanded here and absent",
                             SIGN_TEXT(name));
        }
    }

    return SIGN_OK;
}


/* "UNSIGNED-PAYLOAD" and the like leave nothing open where there is no body;
   who adds one is noticed */

static sign_code_e
sign_sigv4_cover_body(const sign_request_t *req, const sign_policy_t *policy,
    sign_message_t *msg)
{
    const sign_sigv4_t  *v4;

    v4 = msg->scheme_data;

    if (!(v4->content & SIGN_SIGV4_UNSIGNED) || !req->has_body) {
        return SIGN_OK;
    }

    if (!(policy->insecure & SIGN_INSECURE_BODY)) {
        return sign_fail(msg, SIGN_COVERAGE,
                         "the body is not signed (%.*s), which takes "
                         "sign_insecure_body on", SIGN_TEXT(v4->payload));
    }

    msg->weak = "the body is not signed";

    return SIGN_OK;
}


int
sign_sigv4_listed(const sign_sigv4_t *v4, postern_str_t name)
{
    size_t  i;

    for (i = 0; i < v4->nnames; i++) {
        if (postern_str_eq(v4->names[i], name)) {
            return 1;
        }
    }

    return 0;
}
