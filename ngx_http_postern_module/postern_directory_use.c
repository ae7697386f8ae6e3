
/* what a key may be used for: its algorithm, schemes, rate and networks */

#include "postern_directory_parse.h"


#define POSTERN_NETWORKS_MAX  1024          /* of one key */
#define POSTERN_RATE_MAX      1000000000


static const char *postern_scheme_fault(postern_scheme_e scheme,
    unsigned others);


/* one of hmac-sha384 and hmac-sha512 is in no registry but those of cavage and
   of webhooks */

static const unsigned  postern_alg_fits[] = {
    [POSTERN_ALG_HMAC_SHA256] = POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_SIGV4
                                |POSTERN_SCHEME_SIGV4A|POSTERN_SCHEME_CAVAGE
                                |POSTERN_SCHEMES_APART,
    [POSTERN_ALG_ED25519] = POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE
                            |POSTERN_SCHEME_WEBHOOK,
    [POSTERN_ALG_ECDSA_P256_SHA256] = POSTERN_SCHEME_RFC9421
                                      |POSTERN_SCHEME_CAVAGE,
    [POSTERN_ALG_ECDSA_P384_SHA384] = POSTERN_SCHEME_RFC9421
                                      |POSTERN_SCHEME_CAVAGE,
    [POSTERN_ALG_RSA_PSS_SHA512] = POSTERN_SCHEME_RFC9421
                                   |POSTERN_SCHEME_CAVAGE,
    [POSTERN_ALG_RSA_V1_5_SHA256] = POSTERN_SCHEME_RFC9421
                                    |POSTERN_SCHEME_CAVAGE,
    [POSTERN_ALG_HMAC_SHA384] = POSTERN_SCHEME_CAVAGE|POSTERN_SCHEME_WEBHOOK,
    [POSTERN_ALG_HMAC_SHA512] = POSTERN_SCHEME_CAVAGE|POSTERN_SCHEME_WEBHOOK,
    [POSTERN_ALG_SSH] = POSTERN_SCHEME_SSHSIG,
    [POSTERN_ALG_SSH_CA] = POSTERN_SCHEME_SSHSIG,
    [POSTERN_ALG_X509] = POSTERN_SCHEME_MTLS,
    [POSTERN_ALG_X509_CA] = POSTERN_SCHEME_MTLS
};


unsigned
postern_alg_schemes(postern_alg_e alg)
{
    return postern_alg_fits[alg];
}


int
postern_parse_algorithm(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    char                name[64], hint[POSTERN_HINT];
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    static const char *const  known[] = {
        "hmac-sha256", "ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384",
        "rsa-pss-sha512", "rsa-v1_5-sha256", "hmac-sha384", "hmac-sha512",
        "ssh", "ssh-ca", "x509", "x509-ca", NULL
    };

    if (postern_parse_member(p, up, json, "algorithm", JSON_STRING, &at,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "the member \"algorithm\" is missing");
    }

    if (postern_parse_string(p, &at, value, POSTERN_NAME_MAX, &s) != 0) {
        return -1;
    }

    key->algorithm = postern_alg_parse(s);
    if (key->algorithm) {
        return 0;
    }

    postern_hint(s, known, hint);

    return postern_fault(p, &at, POSTERN_JSON_VALUE,
                         "unknown algorithm %s%s",
                         postern_json_quote(s, name, sizeof(name)),
                         hint[0] ? hint
                                 : ", known are hmac-sha256, -sha384 and "
                                   "-sha512, ed25519, ecdsa-p256-sha256, "
                                   "ecdsa-p384-sha384, rsa-pss-sha512, "
                                   "rsa-v1_5-sha256, ssh, ssh-ca, x509 and "
                                   "x509-ca");
}


int
postern_parse_schemes(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    char                name[64], hint[POSTERN_HINT];
    const char         *fault;
    unsigned            fits;
    postern_str_t       s, alg;
    const json_t       *value;
    postern_scheme_e    scheme;
    postern_json_at_t   here, at;

    static const char *const  known[] = {
        "rfc9421", "sigv4", "sigv4a", "cavage", "enos", "webhook", "sshsig",
        "mtls", NULL
    };

    if (postern_parse_member(p, up, json, "schemes", JSON_ARRAY, &here, &value)
        != 0)
    {
        return -1;
    }

    fits = postern_alg_schemes(key->algorithm);

    if (value == NULL) {
        key->schemes = fits & ~ (unsigned) POSTERN_SCHEMES_APART;
        return 0;
    }

    if (json_array_size(value) == 0) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "must name at least one scheme; a key that is "
                             "for none has the status \"disabled\"");
    }

    at.up = &here;
    at.member = NULL;

    for (at.index = 0; at.index < json_array_size(value); at.index++) {

        if (postern_parse_string(p, &at, json_array_get(value, at.index),
                                 POSTERN_NAME_MAX, &s)
            != 0)
        {
            return -1;
        }

        scheme = postern_scheme_parse(s);

        if (scheme == 0) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "unknown scheme %s%s",
                                 postern_json_quote(s, name, sizeof(name)),
                                 postern_hint(s, known, hint));
        }

        if (!(fits & scheme)) {
            alg = postern_alg_name(key->algorithm);

            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "a key of the algorithm \"%.*s\" cannot "
                                 "serve the scheme \"%.*s\"",
                                 (int) alg.len, (char *) alg.data,
                                 (int) s.len, (char *) s.data);
        }

        fault = postern_scheme_fault(scheme, key->schemes);
        if (fault) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE, "%s", fault);
        }

        key->schemes |= scheme;
    }

    return 0;
}


static const char *
postern_scheme_fault(postern_scheme_e scheme, unsigned others)
{
    if (others & scheme) {
        return "the scheme stands here a second time";
    }

    if (others && ((others | scheme) & POSTERN_SCHEMES_APART)) {
        return "a key for \"enos\" or \"webhook\" is for nothing else: what "
               "it signs there could pass for something else here; make a "
               "second key";
    }

    return NULL;
}


/* "100/s", "6000/m", "50000/h" */

int
postern_parse_rate(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    postern_str_t       s;
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, json, "rate", JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return 0;
    }

    s.data = (const unsigned char *) json_string_value(value);
    s.len = json_string_length(value);

    if (postern_rate_parse(s, &key->rate, &key->rate_period) != 0) {
        return postern_fault(p, &at, POSTERN_JSON_VALUE,
                             "must be a number of requests a second, a minute "
                             "or an hour: \"100/s\", \"6000/m\", \"50000/h\", "
                             "of 1 to %d requests", POSTERN_RATE_MAX);
    }

    return 0;
}


int
postern_rate_parse(postern_str_t text, uint32_t *rate, uint32_t *period)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < text.len && i < 10; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            break;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    if (i + 2 != text.len || text.data[i] != '/' || n == 0
        || n > POSTERN_RATE_MAX)
    {
        return -1;
    }

    switch (text.data[i + 1]) {

    case 's':
        *period = 1;
        break;

    case 'm':
        *period = 60;
        break;

    case 'h':
        *period = 3600;
        break;

    default:
        return -1;
    }

    *rate = (uint32_t) n;

    return 0;
}


int
postern_parse_networks(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_key_t *key)
{
    char                name[64];
    size_t              n;
    const char         *text;
    const json_t       *value;
    postern_str_t       s;
    postern_json_at_t   here, at;
    postern_network_t  *array;

    if (postern_parse_member(p, up, json, "networks", JSON_ARRAY, &here,
                             &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return 0;
    }

    n = json_array_size(value);

    /* "from nowhere" and "from anywhere" must not look alike */

    if (n == 0 || n > POSTERN_NETWORKS_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "must name 1 to %d networks; leave it out to "
                             "allow any", POSTERN_NETWORKS_MAX);
    }

    array = postern_parse_array(p, n, sizeof(postern_network_t));
    if (array == NULL) {
        return -1;
    }

    at.up = &here;
    at.member = NULL;

    for (at.index = 0; at.index < n; at.index++) {
        if (postern_parse_string(p, &at, json_array_get(value, at.index),
                                 POSTERN_NAME_MAX, &s)
            != 0)
        {
            return -1;
        }

        text = postern_network_parse(s, &array[at.index]);
        if (text) {
            return postern_fault(p, &at, POSTERN_JSON_VALUE, "%s %s",
                                 postern_json_quote(s, name, sizeof(name)),
                                 text);
        }
    }

    key->networks = array;
    key->nnetworks = n;

    return 0;
}
