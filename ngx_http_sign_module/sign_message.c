
/*
 * Signed requests: what all schemes have in common, and which one it is.
 */


#include <stdarg.h>
#include <stdio.h>

#include "sign_scheme.h"


static const sign_scheme_t *sign_scheme(sign_scheme_e id);
static void sign_begin(sign_message_t *msg);
static sign_code_e sign_check_key(const postern_key_t *key, postern_str_t org,
    const unsigned char *address, int64_t now, sign_message_t *msg);
static sign_code_e sign_check_fresh(const sign_policy_t *policy, int64_t now,
    sign_message_t *msg);
static void sign_claim_length(unsigned char *p, size_t len);


static const sign_scheme_t  sign_schemes[] = {

    { .id = SIGN_RFC9421,
      .challenge = "Signature",
      .present = sign_rfc9421_present,
      .parse = sign_rfc9421_parse,
      .cover = sign_rfc9421_cover,
      .base = sign_rfc9421_base,
      .verify = sign_rfc9421_verify },

    { .id = SIGN_SSHSIG,
      .challenge = "Signature",
      .present = sign_sshsig_present,
      .parse = sign_sshsig_parse,
      .find = sign_sshsig_find,
      .names = sign_sshsig_names,
      .choose = sign_sshsig_choose,
      .cover = sign_sshsig_cover,
      .base = sign_sshsig_base,
      .verify = sign_sshsig_verify },

    { .id = SIGN_SIGV4,
      .challenge = "AWS4-HMAC-SHA256",
      .present = sign_sigv4_present,
      .parse = sign_sigv4_parse,
      .cover = sign_sigv4_cover,
      .sink = sign_sigv4_sink,
      .base = sign_sigv4_base,
      .verify = sign_sigv4_verify },

    { .id = SIGN_SIGV4A,
      .challenge = "AWS4-ECDSA-P256-SHA256",
      .present = sign_sigv4a_present,
      .parse = sign_sigv4_parse,
      .cover = sign_sigv4_cover,
      .sink = sign_sigv4_sink,
      .base = sign_sigv4_base,
      .verify = sign_sigv4a_verify },

    { .id = SIGN_ENOS,
      .present = sign_enos_present,
      .parse = sign_enos_parse,
      .find = sign_enos_find,
      .cover = sign_enos_cover,
      .sink = sign_enos_sink,
      .base = sign_enos_base,
      .verify = sign_enos_verify },

    { .id = SIGN_WEBHOOK,
      .present = sign_webhook_present,
      .parse = sign_webhook_parse,
      .find = sign_webhook_find,
      .names = sign_webhook_names,
      .choose = sign_webhook_choose,
      .cover = sign_webhook_cover,
      .sink = sign_webhook_sink,
      .base = sign_webhook_base,
      .verify = sign_webhook_verify },

    { .id = SIGN_CAVAGE,
      .challenge = "Signature headers=\"(request-target) host date digest\"",
      .present = sign_cavage_present,
      .parse = sign_cavage_parse,
      .cover = sign_cavage_cover,
      .base = sign_cavage_base,
      .verify = sign_cavage_verify },

    { .id = SIGN_MTLS,
      .invalid = SIGN_CERTIFICATE,
      .last = 1,
      .present = sign_mtls_present,
      .parse = sign_mtls_parse,
      .find = sign_mtls_find,
      .names = sign_mtls_names,
      .choose = sign_mtls_choose,
      .cover = sign_mtls_cover,
      .base = sign_mtls_base,
      .verify = sign_mtls_verify }
};

/* what may be used once: scheme, kind, and the key id with its length in front
   of the nonce, or a hash */

#define SIGN_CLAIM_HEAD   3
#define SIGN_CLAIM_NONCE  'n'
#define SIGN_CLAIM_LONG   'l'       /* a nonce, hashed */
#define SIGN_CLAIM_BASE   'b'

#define SIGN_NSCHEMES  (sizeof(sign_schemes) / sizeof(sign_schemes[0]))


/* in the order of sign_code_e */

static const char *const  sign_codes[] = {
    "sign/ok",
    "sign/missing",
    "sign/malformed",
    "sign/ambiguous",
    "sign/too-large",
    "sign/unsupported",
    "sign/unknown-key",
    "sign/key-disabled",
    "sign/key-expired",
    "sign/key-network",
    "sign/key-org",
    "sign/key-scheme",
    "sign/key-unusable",
    "sign/certificate",
    "sign/algorithm",
    "sign/coverage",
    "sign/expired",
    "sign/future",
    "sign/nonce-cap",
    "sign/invalid",
    "sign/rate",
    "sign/replayed",
    "sign/unavailable",
    "sign/digest",
    "sign/internal"
};

#define SIGN_NCODES  (sizeof(sign_codes) / sizeof(sign_codes[0]))


sign_code_e
sign_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    size_t                i;
    sign_code_e           code;
    const sign_scheme_t  *scheme, *found;

    sign_begin(msg);

    if (req->nfields > SIGN_MAX_FIELDS) {
        return sign_fail(msg, SIGN_TOO_LARGE,
                         "%zu header fields, at most %d are looked at",
                         req->nfields, SIGN_MAX_FIELDS);
    }

    found = NULL;

    for (i = 0; i < SIGN_NSCHEMES; i++) {
        scheme = &sign_schemes[i];

        if (!(policy->schemes & scheme->id)
            || (found && scheme->last)
            || !scheme->present(req, policy))
        {
            continue;
        }

        if (found) {
            return sign_fail(msg, SIGN_AMBIGUOUS,
                             "credentials of %s and of %s in one request",
                             sign_scheme_name(found->id),
                             sign_scheme_name(scheme->id));
        }

        found = scheme;
    }

    if (found == NULL) {
        return sign_fail(msg, SIGN_MISSING, "no signature in the request");
    }

    msg->scheme = found->id;

    code = sign_check_names(req, msg);

    return code == SIGN_OK ? found->parse(req, policy, alloc, msg) : code;
}


sign_code_e
sign_next(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    unsigned              hops, nth;
    sign_scheme_e         id;
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL || !msg->further) {
        return sign_fail(msg, SIGN_MISSING, "no further signature");
    }

    id = msg->scheme;
    hops = msg->hops;
    nth = msg->nth + 1;

    sign_begin(msg);

    msg->scheme = id;
    msg->hops = hops;
    msg->nth = nth;

    return scheme->parse(req, policy, alloc, msg);
}


static void
sign_begin(sign_message_t *msg)
{
    /* detail is a text: its first octet is enough */

    memset(msg, 0, offsetof(sign_message_t, detail) + 1);

    msg->created = POSTERN_TIME_MIN;
    msg->expires = POSTERN_TIME_MAX;
}


const postern_key_t *
sign_find(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_message_t *msg)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL) {
        return NULL;
    }

    return scheme->find ? scheme->find(req, policy, dir, msg)
                        : postern_directory_key(dir, msg->key_id);
}


size_t
sign_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES])
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL) {
        return 0;
    }

    if (scheme->names) {
        return scheme->names(req, policy, dir, key, msg, names);
    }

    return key ? 0 : sign_name_id(&names[0], msg->key_id);
}


const postern_key_t *
sign_choose(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, const sign_apart_t *apart, size_t n,
    sign_message_t *msg)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (n == 0 || scheme == NULL) {
        return key;
    }

    return scheme->choose ? scheme->choose(req, policy, key, apart, n, msg)
                          : apart[0].key;
}


int
sign_name_id(postern_key_name_t *name, postern_str_t id)
{
    if (id.len == 0 || id.len > sizeof(name->text)) {
        return 0;
    }

    name->by = POSTERN_BY_ID;
    name->len = id.len;
    memcpy(name->text, id.data, id.len);

    return 1;
}


sign_code_e
sign_check(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, postern_str_t org, const unsigned char *address,
    int64_t now, sign_message_t *msg)
{
    sign_code_e           code;
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL || !(policy->schemes & msg->scheme)) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "the scheme of the signature is not allowed here");
    }

    msg->now = now;
    msg->address = address;

    code = sign_check_key(key, org, address, now, msg);
    if (code != SIGN_OK) {
        return code;
    }

    code = scheme->cover(req, policy, key, msg);
    if (code != SIGN_OK) {
        return code;
    }

    if (msg->digest != SIGN_DIGEST_NONE && msg->body == SIGN_BODY_NONE) {
        msg->body = SIGN_BODY_AFTER;
    }

    if ((policy->nonces & msg->scheme) && msg->nonce.data == NULL) {
        return sign_fail(msg, SIGN_COVERAGE, "there is no nonce");
    }

    return sign_check_fresh(policy, now, msg);
}


static sign_code_e
sign_check_key(const postern_key_t *key, postern_str_t org,
    const unsigned char *address, int64_t now, sign_message_t *msg)
{
    unsigned       schemes;
    postern_str_t  name;

    if (key == NULL) {
        return sign_fail(msg, SIGN_UNKNOWN_KEY, "no key \"%.*s\"",
                         SIGN_TEXT(msg->key_id));
    }

    if (key->status != POSTERN_STATUS_ACTIVE) {
        return sign_fail(msg, SIGN_KEY_DISABLED, "key \"%.*s\" is disabled",
                         SIGN_TEXT(msg->key_id));
    }

    if (key->user && key->user->status != POSTERN_STATUS_ACTIVE) {
        return sign_fail(msg, SIGN_KEY_DISABLED,
                         "user \"%.*s\" of key \"%.*s\" is disabled",
                         SIGN_TEXT(key->user->name), SIGN_TEXT(msg->key_id));
    }

    if (now < key->not_before || now >= key->not_after) {
        return sign_fail(msg, SIGN_KEY_EXPIRED, "key \"%.*s\" is %s",
                         SIGN_TEXT(msg->key_id),
                         now < key->not_before ? "not valid yet" : "expired");
    }

    if (key->nnetworks
        && (address == NULL
            || !postern_network_match(key->networks, key->nnetworks, address)))
    {
        return sign_fail(msg, SIGN_KEY_NETWORK,
                         "key \"%.*s\" is not for this client address",
                         SIGN_TEXT(msg->key_id));
    }

    if (org.data && !postern_str_eq(org, key->org->name)) {
        return sign_fail(msg, SIGN_KEY_ORG,
                         "key \"%.*s\" is of organization \"%.*s\"",
                         SIGN_TEXT(msg->key_id), SIGN_TEXT(key->org->name));
    }

    schemes = key->schemes ? key->schemes : ~(unsigned) POSTERN_SCHEMES_APART;

    if (!(schemes & msg->scheme)) {
        return sign_fail(msg, SIGN_KEY_SCHEME,
                         "key \"%.*s\" is not for the scheme \"%s\"",
                         SIGN_TEXT(msg->key_id), sign_scheme_name(msg->scheme));
    }

    if (msg->alg && msg->alg != key->algorithm) {
        name = postern_alg_name(key->algorithm);

        return sign_fail(msg, SIGN_ALGORITHM,
                         "key \"%.*s\" is for %.*s, not for what is signed",
                         SIGN_TEXT(msg->key_id), SIGN_TEXT(name));
    }

    return SIGN_OK;
}


sign_code_e
sign_cover_policy(const sign_request_t *req, const sign_policy_t *policy,
    unsigned covered, const sign_cover_text_t *texts,
    int (*has)(const sign_message_t *msg, postern_str_t name),
    sign_message_t *msg)
{
    size_t    i;
    unsigned  missing;

    missing = policy->cover & ~covered;

    if (!req->has_body) {
        missing &= ~SIGN_COVER_BODY;
    }

    if (missing) {

        while (!(texts->bits & missing)) {
            texts++;
        }

        return sign_fail(msg, SIGN_COVERAGE, "not covered: %s", texts->what);
    }

    for (i = 0; i < policy->nfields; i++) {

        if (!has(msg, policy->fields[i])) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "field \"%.*s\" is not covered",
                             SIGN_TEXT(policy->fields[i]));
        }
    }

    return SIGN_OK;
}


/*
 * The window counts from created, whatever expires says: the claim against
 * replay is kept until both have passed, and no longer.
 */

static sign_code_e
sign_check_fresh(const sign_policy_t *policy, int64_t now, sign_message_t *msg)
{
    int64_t  end;

    if (msg->created == POSTERN_TIME_MIN || msg->undated) {

        if (!msg->undated || !(policy->insecure & SIGN_INSECURE_FRESHNESS)) {
            return sign_fail(msg, SIGN_COVERAGE,
                             "the time of signing is not covered");
        }

        if (msg->created == POSTERN_TIME_MIN) {
            msg->created = now;
        }
    }

    if (msg->expires <= msg->created) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "expires is not later than created");
    }

    if (msg->created > now + policy->skew) {
        return sign_fail(msg, SIGN_FUTURE, "signed %lld s ahead of our clock",
                         (long long) (msg->created - now));
    }

    end = msg->created + policy->window;

    if (end > msg->expires) {
        end = msg->expires;
    }

    if (now >= end) {
        return sign_fail(msg, SIGN_EXPIRED,
                         "signed %lld s ago, valid until %lld s ago",
                         (long long) (now - msg->created),
                         (long long) (now - end));
    }

    msg->claim_ttl = end - now + 1;

    return SIGN_OK;
}


sign_code_e
sign_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL) {
        return sign_fail(msg, SIGN_UNSUPPORTED, "unknown scheme");
    }

    return scheme->base(req, alloc, msg);
}


sign_sink_t *
sign_sink(sign_key_t *key, const postern_alloc_t *alloc, sign_message_t *msg)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme && scheme->sink) {
        return scheme->sink(key, alloc, msg);
    }

    return sign_hash_sink(alloc, msg);
}


sign_code_e
sign_verify(sign_key_t *key, sign_message_t *msg)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(msg->scheme);

    if (scheme == NULL || key == NULL || msg->base.data == NULL) {
        return SIGN_INVALID;
    }

    if (!scheme->verify(key, msg)) {
        return scheme->invalid ? scheme->invalid : SIGN_INVALID;
    }

    if (msg->claim_len == 0 && !msg->reusable) {
        sign_claim(msg);
    }

    return SIGN_OK;
}


/*
 * A nonce is what the signer calls unique.  Without one the signed bytes are,
 * and not the signature: whoever sees an ECDSA signature can make a second
 * valid one of it.  Scheme and kind go in front, and lengths, so that no two
 * sets of parts give the same octets.  A nonce of ordinary length is its own
 * name; all else is hashed.
 */

void
sign_claim(sign_message_t *msg)
{
    postern_str_t   parts[3];
    unsigned char  *p, lengths[8];

    p = msg->claim;
    *p++ = msg->scheme;

    if (msg->nonce.data
        && SIGN_CLAIM_HEAD + msg->key_id.len + msg->nonce.len <= SIGN_CLAIM_MAX)
    {
        *p++ = SIGN_CLAIM_NONCE;
        *p++ = (unsigned char) msg->key_id.len;

        memcpy(p, msg->key_id.data, msg->key_id.len);
        p += msg->key_id.len;

        memcpy(p, msg->nonce.data, msg->nonce.len);
        p += msg->nonce.len;

    } else {
        *p++ = msg->nonce.data ? SIGN_CLAIM_LONG : SIGN_CLAIM_BASE;

        parts[0].data = lengths;
        parts[0].len = sizeof(lengths);
        parts[1] = msg->key_id;
        parts[2] = msg->nonce.data ? msg->nonce : msg->base;

        sign_claim_length(&lengths[0], parts[1].len);
        sign_claim_length(&lengths[4], parts[2].len);

        sign_sha256(parts, 3, p);
        p += 32;
    }

    msg->claim_len = p - msg->claim;
}


static void
sign_claim_length(unsigned char *p, size_t len)
{
    p[0] = len >> 24;
    p[1] = len >> 16;
    p[2] = len >> 8;
    p[3] = len;
}


static const sign_scheme_t *
sign_scheme(sign_scheme_e id)
{
    size_t  i;

    for (i = 0; i < SIGN_NSCHEMES; i++) {
        if (sign_schemes[i].id == id) {
            return &sign_schemes[i];
        }
    }

    return NULL;
}


const char *
sign_scheme_name(sign_scheme_e s)
{
    /* names are constants, and end with a zero */

    return sign_text_data(postern_scheme_name(s));
}


const char *
sign_scheme_challenge(sign_scheme_e s)
{
    const sign_scheme_t  *scheme;

    scheme = sign_scheme(s);

    return scheme ? scheme->challenge : NULL;
}


const char *
sign_code(sign_code_e code)
{
    return (size_t) code < SIGN_NCODES ? sign_codes[code] : "sign/internal";
}


sign_code_e
sign_fail(sign_message_t *msg, sign_code_e code, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(msg->detail, sizeof(msg->detail), fmt, args);
    va_end(args);

    return code;
}
