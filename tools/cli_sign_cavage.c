
/*
 * draft-cavage-http-signatures, in the forms of the draft, of Kong and of
 * APISIX.
 */


#include <time.h>

#include <sodium.h>

#include "cli_sign.h"


static int cli_sign_digest(cli_sign_t *s);
static postern_str_t cli_sign_list(cli_sign_t *s);
static int cli_sign_lists(const cli_sign_t *s, const char *name);
static const char *cli_sign_algorithm(const cli_sign_t *s);


int
cli_sign_make_cavage(cli_sign_t *s)
{
    int             kong;
    char            when[64];
    size_t          len;
    time_t          t;
    struct tm       tm;
    const char     *b64;
    cli_request_t  *r;
    postern_str_t   list, params;
    unsigned char   signature[CLI_SIGNATURE_MAX];

    r = &s->request;
    r->req.protocol = cli_str("HTTP/1.1");
    kong = strcmp(s->form, "kong") == 0;

    t = (time_t) s->created;
    gmtime_r(&t, &tm);
    strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S GMT", &tm);

    if (cli_request_get(r, "date").data == NULL
        && !cli_sign_lists(s, "(created)")
        && cli_request_add(r, "Date", cli_str(when)) != 0)
    {
        return -1;
    }

    if (cli_sign_digest(s) != 0) {
        return -1;
    }

    list = cli_sign_list(s);
    params = cli_format(r, "%s=\"%s\",algorithm=\"%s\"",
                        kong ? "username" : "keyId", s->key_id,
                        cli_sign_algorithm(s));

    if (cli_sign_lists(s, "(created)")) {
        params = cli_format(r, "%s,created=%lld", (const char *) params.data,
                            (long long) s->created);
    }

    if (s->expires) {
        params = cli_format(r, "%s,expires=%lld", (const char *) params.data,
                            (long long) s->created + s->expires);
    }

    params = cli_format(r, "%s %s,headers=\"%s\",signature=",
                        kong ? "hmac" : "Signature",
                        (const char *) params.data, (const char *) list.data);

    if (cli_request_add(r, "Authorization",
                        cli_format(r, "%s\"AAAA\"",
                                   (const char *) params.data))
        != 0)
    {
        return -1;
    }

    len = cli_sign_base(s, signature);

    if (len == 0) {
        return -1;
    }

    b64 = cli_sign_base64(s, signature, len);
    cli_request_set_last(r, "authorization",
                         cli_format(r, "%s\"%s\"", (const char *) params.data,
                                    b64));

    return 0;
}


static int
cli_sign_digest(cli_sign_t *s)
{
    cli_request_t  *r;
    unsigned char   hash[32];

    r = &s->request;

    if (s->body.len == 0 || cli_request_get(r, "digest").data != NULL) {
        return 0;
    }

    sign_sha256(&s->body, 1, hash);

    return cli_request_add(r, "Digest",
                           cli_format(r, "SHA-256=%s",
                                      cli_sign_base64(s, hash, 32)));
}


static postern_str_t
cli_sign_list(cli_sign_t *s)
{
    size_t          i;
    const char     *target;
    cli_request_t  *r;
    postern_str_t   list;

    r = &s->request;

    if (s->ncomponents == 0) {
        target = strcmp(s->form, "kong") == 0 ? "request-line"
                 : strcmp(s->form, "apisix") == 0 ? "@request-target"
                 : "(request-target)";

        return cli_format(r, "%s host date%s", target,
                          s->body.len ? " digest" : "");
    }

    list = cli_str("");

    for (i = 0; i < s->ncomponents; i++) {
        list = cli_format(r, "%s%s%s", (const char *) list.data,
                          i ? " " : "", s->components[i]);
    }

    return list;
}


static int
cli_sign_lists(const cli_sign_t *s, const char *name)
{
    size_t  i;

    for (i = 0; i < s->ncomponents; i++) {
        if (strcmp(s->components[i], name) == 0) {
            return 1;
        }
    }

    return 0;
}


/* section 2.1.4: (created) and (expires) go with no other name */

static const char *
cli_sign_algorithm(const cli_sign_t *s)
{
    if (cli_sign_lists(s, "(created)") || cli_sign_lists(s, "(expires)")) {
        return "hs2019";
    }

    switch (s->signer.alg) {

    case POSTERN_ALG_HMAC_SHA256:
        return "hmac-sha256";

    case POSTERN_ALG_HMAC_SHA384:
        return "hmac-sha384";

    case POSTERN_ALG_HMAC_SHA512:
        return "hmac-sha512";

    case POSTERN_ALG_RSA_V1_5_SHA256:
        return "rsa-sha256";

    case POSTERN_ALG_ECDSA_P256_SHA256:
        return "ecdsa-sha256";

    case POSTERN_ALG_ECDSA_P384_SHA384:
        return "ecdsa-sha384";

    case POSTERN_ALG_ED25519:
        return "ed25519";

    default:
        return "hs2019";
    }
}
