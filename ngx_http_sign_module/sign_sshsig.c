
/*
 * Requests signed by "ssh-keygen -Y sign": the signature base of RFC 9421, with
 * the blob of PROTOCOL.sshsig for a signature.  Signature-Input is read, held
 * against the policy and written into the base by the functions of "rfc9421".
 */


#include "sign_ssh.h"

#include <sodium.h>


/* "SHA256:" and base64 without padding, as ssh-keygen -l prints it */
#define SIGN_SSHSIG_FINGERPRINT      "SHA256:"
#define SIGN_SSHSIG_FINGERPRINT_LEN  (sizeof(SIGN_SSHSIG_FINGERPRINT) - 1 + 43)

/* what is signed: magic, namespace, reserved, hash algorithm, hash */
#define SIGN_SSHSIG_SIGNED  (sizeof(SIGN_SSHSIG_MAGIC) - 1 + 4                \
                             + sizeof(SIGN_SSH_NAMESPACE) - 1 + 4 + 4         \
                             + sizeof("sha256") - 1 + 4 + 64)


static sign_code_e sign_sshsig_principal(sign_sshsig_t *sig,
    const postern_alloc_t *alloc, sign_message_t *msg);
static int sign_sshsig_fingerprint(postern_str_t text,
    unsigned char fingerprint[32]);
static const postern_key_t *sign_sshsig_find_ca(
    const postern_directory_t *dir, sign_message_t *msg);
static const postern_key_t *sign_sshsig_choose_ca(const postern_key_t *key,
    const sign_apart_t *apart, size_t n, sign_message_t *msg);
static int sign_sshsig_is_ca(const postern_key_t *key,
    const sign_sshsig_t *sig);
static void sign_sshsig_known_as(const sign_sshsig_t *sig,
    const postern_key_t *ca, sign_message_t *msg);
static int sign_sshsig_allows(const postern_key_t *ca,
    postern_str_t principal);
static sign_code_e sign_sshsig_cert(const postern_key_t *key,
    const sign_sshsig_t *sig, int *verify, sign_message_t *msg);
static size_t sign_sshsig_signed(const sign_sshsig_t *sig, postern_str_t base,
    unsigned char *out);
static unsigned char *sign_sshsig_put(unsigned char *p, const void *data,
    size_t len);


sign_code_e
sign_sshsig_parse(const sign_request_t *req, const sign_policy_t *policy,
    const postern_alloc_t *alloc, sign_message_t *msg)
{
    sign_code_e     code;
    sign_sshsig_t  *sig;

    code = sign_rfc9421_parse(req, policy, alloc, msg);
    if (code != SIGN_OK) {
        return code;
    }

    /* its algorithms are those of plain signatures */

    if (msg->alg) {
        return sign_fail(msg, SIGN_ALGORITHM,
                         "an SSHSIG names its algorithm itself: leave out the "
                         "parameter alg");
    }

    sig = postern_alloc(alloc, sizeof(sign_sshsig_t));
    if (sig == NULL) {
        return SIGN_NO_MEMORY;
    }

    memset(sig, 0, sizeof(sign_sshsig_t));

    sig->rfc9421 = msg->scheme_data;
    msg->scheme_data = sig;

    code = sign_sshsig_blob(sig, msg);
    if (code != SIGN_OK) {
        return code;
    }

    if (!sig->certified) {
        msg->alg = POSTERN_ALG_SSH;
        return SIGN_OK;
    }

    msg->alg = POSTERN_ALG_SSH_CA;

    return sign_sshsig_principal(sig, alloc, msg);
}


/*
 * keyid is a principal, with "@" and the id of the authority's key behind it
 * where several would do.  A principal may have an "@" of its own.
 */

static sign_code_e
sign_sshsig_principal(sign_sshsig_t *sig, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    size_t  i;

    sig->name = postern_alloc(alloc, msg->key_id.len + 1 + POSTERN_NAME_MAX);
    if (sig->name == NULL) {
        return SIGN_NO_MEMORY;
    }

    sig->principal = msg->key_id;

    if (sign_ssh_cert_names(&sig->cert, sig->principal)) {
        return SIGN_OK;
    }

    for (i = msg->key_id.len; i > 0 && msg->key_id.data[i - 1] != '@'; i--) {
        /* void */
    }

    if (i > 1) {
        sig->principal.len = i - 1;

        sig->ca.data = msg->key_id.data + i;
        sig->ca.len = msg->key_id.len - i;

        if (sign_ssh_cert_names(&sig->cert, sig->principal)) {
            return SIGN_OK;
        }
    }

    return sign_fail(msg, SIGN_CERTIFICATE,
                     "the SSH certificate does not name the principal \"%.*s\"",
                     SIGN_TEXT(msg->key_id));
}


/* what is found by its fingerprint is the key it is found by its id: a nonce is
   spent once */

const postern_key_t *
sign_sshsig_find(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, sign_message_t *msg)
{
    unsigned char         fingerprint[32];
    const sign_sshsig_t  *sig;
    const postern_key_t  *key;

    sig = msg->scheme_data;

    if (sig->certified) {
        return sign_sshsig_find_ca(dir, msg);
    }

    key = postern_directory_key(dir, msg->key_id);

    if (key || !sign_sshsig_fingerprint(msg->key_id, fingerprint)) {
        return key;
    }

    key = postern_directory_fingerprint(dir, fingerprint);

    if (key) {
        msg->key_id = key->id;
    }

    return key;
}


/* 1 where the text is one */

static int
sign_sshsig_fingerprint(postern_str_t text, unsigned char fingerprint[32])
{
    size_t  len, prefix;

    prefix = sizeof(SIGN_SSHSIG_FINGERPRINT) - 1;

    return text.len == SIGN_SSHSIG_FINGERPRINT_LEN
           && memcmp(text.data, SIGN_SSHSIG_FINGERPRINT, prefix) == 0
           && sodium_base642bin(fingerprint, 32,
                                (const char *) text.data + prefix,
                                text.len - prefix, NULL, &len, NULL,
                                sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
              == 0;
}


/* the key itself by what the message calls it; an authority by its key, unless
   the directory has one that speaks for the principal */

size_t
sign_sshsig_names(const sign_request_t *req, const sign_policy_t *policy,
    const postern_directory_t *dir, const postern_key_t *key,
    sign_message_t *msg, postern_key_name_t names[SIGN_MAX_NAMES])
{
    unsigned char         fingerprint[32];
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;

    if (!sig->certified) {

        if (key == NULL
            && sign_sshsig_fingerprint(msg->key_id, fingerprint))
        {
            postern_name_fingerprint(&names[0], POSTERN_ALG_SSH, fingerprint);
            return 1;
        }

        return key ? 0 : sign_name_id(&names[0], msg->key_id);
    }

    if (key && sign_sshsig_allows(key, sig->principal)) {
        return 0;
    }

    if (sig->ca.data) {
        return postern_directory_key(dir, sig->ca)
               ? 0 : sign_name_id(&names[0], sig->ca);
    }

    sign_sha256(&sig->cert.authority, 1, fingerprint);
    postern_name_fingerprint(&names[0], POSTERN_ALG_SSH_CA, fingerprint);

    return 1;
}


const postern_key_t *
sign_sshsig_choose(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, const sign_apart_t *apart, size_t n,
    sign_message_t *msg)
{
    size_t                i;
    unsigned char         fingerprint[32];
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;

    if (sig->certified) {
        return sign_sshsig_choose_ca(key, apart, n, msg);
    }

    if (!sign_sshsig_fingerprint(msg->key_id, fingerprint)) {
        return apart[0].key;
    }

    for (i = 0; i < n; i++) {
        key = apart[i].key;

        if (key->algorithm == POSTERN_ALG_SSH
            && memcmp(key->fingerprint, fingerprint, 32) == 0)
        {
            msg->key_id = key->id;
            return key;
        }
    }

    return NULL;
}


static const postern_key_t *
sign_sshsig_choose_ca(const postern_key_t *key, const sign_apart_t *apart,
    size_t n, sign_message_t *msg)
{
    size_t                i;
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;

    for (i = 0; i < n; i++) {

        if (!sign_sshsig_is_ca(apart[i].key, sig)) {
            continue;
        }

        if (sign_sshsig_allows(apart[i].key, sig->principal)) {
            key = apart[i].key;
            break;
        }

        if (key == NULL) {
            key = apart[i].key;
        }
    }

    if (key) {
        sign_sshsig_known_as(sig, key, msg);
    }

    return key;
}


static int
sign_sshsig_is_ca(const postern_key_t *key, const sign_sshsig_t *sig)
{
    return key->algorithm == POSTERN_ALG_SSH_CA
           && postern_str_eq(key->public_key, sig->cert.authority)
           && (sig->ca.data == NULL || postern_str_eq(key->id, sig->ca));
}


/* of several authorities with one key, the first that may speak for the
   principal */

static const postern_key_t *
sign_sshsig_find_ca(const postern_directory_t *dir, sign_message_t *msg)
{
    uint32_t              i;
    const sign_sshsig_t  *sig;
    const postern_key_t  *key, *found;

    sig = msg->scheme_data;
    found = NULL;

    for (i = 0; i < dir->nauthorities; i++) {
        key = dir->authorities[i];

        if (!sign_sshsig_is_ca(key, sig)) {
            continue;
        }

        if (sign_sshsig_allows(key, sig->principal)) {
            found = key;
            break;
        }

        if (found == NULL) {
            found = key;
        }
    }

    if (found) {
        sign_sshsig_known_as(sig, found, msg);
    }

    return found;
}


/* one name for one principal of one authority, however the message has it */

static void
sign_sshsig_known_as(const sign_sshsig_t *sig, const postern_key_t *ca,
    sign_message_t *msg)
{
    unsigned char  *p;

    p = sig->name;

    memcpy(p, sig->principal.data, sig->principal.len);
    p += sig->principal.len;

    *p++ = '@';

    memcpy(p, ca->id.data, ca->id.len);
    p += ca->id.len;

    msg->key_id.data = sig->name;
    msg->key_id.len = p - sig->name;
}


static int
sign_sshsig_allows(const postern_key_t *ca, postern_str_t principal)
{
    uint32_t  i;

    for (i = 0; i < ca->nprincipals; i++) {
        if (postern_str_is(ca->principals[i], "*")
            || postern_str_eq(ca->principals[i], principal))
        {
            return 1;
        }
    }

    return 0;
}


sign_code_e
sign_sshsig_cover(const sign_request_t *req, const sign_policy_t *policy,
    const postern_key_t *key, sign_message_t *msg)
{
    int                   verify;
    unsigned              flags;
    sign_code_e           code;
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;
    verify = 0;

    if (sig->certified) {
        code = sign_sshsig_cert(key, sig, &verify, msg);

        if (code != SIGN_OK) {
            return code;
        }
    }

    flags = verify ? SIGN_SSH_PRESENT|SIGN_SSH_VERIFIED : SIGN_SSH_PRESENT;

    if (verify && !sig->key.type->sk) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the SSH certificate demands a security key");
    }

    if (sig->key.type->sk
        && (sig->signature.counter.data[0] & flags) != flags)
    {
        return sign_fail(msg, SIGN_INVALID,
                         "the security key signed without %s",
                         verify ? "asking who its user is" : "being touched");
    }

    msg->scheme_data = sig->rfc9421;

    code = sign_rfc9421_cover(req, policy, key, msg);

    msg->scheme_data = sig;

    return code;
}


static sign_code_e
sign_sshsig_cert(const postern_key_t *key, const sign_sshsig_t *sig,
    int *verify, sign_message_t *msg)
{
    if (!sign_sshsig_allows(key, sig->principal)) {
        return sign_fail(msg, SIGN_CERTIFICATE,
                         "the authority does not speak for the principal "
                         "\"%.*s\"", SIGN_TEXT(sig->principal));
    }

    msg->subject = sig->principal;

    return sign_ssh_cert_check(&sig->cert, verify, msg);
}


sign_code_e
sign_sshsig_base(const sign_request_t *req, const postern_alloc_t *alloc,
    sign_message_t *msg)
{
    sign_code_e           code;
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;
    msg->scheme_data = sig->rfc9421;

    code = sign_rfc9421_base(req, alloc, msg);

    msg->scheme_data = sig;

    return code;
}


int
sign_sshsig_verify(sign_key_t *k, sign_message_t *msg)
{
    postern_str_t         text;
    unsigned char         out[SIGN_SSHSIG_SIGNED];
    sign_ssh_key_t       *key;
    const sign_sshsig_t  *sig;

    sig = msg->scheme_data;
    key = k->ssh;

    if (key && sig->certified) {
        key = sign_ssh_key_prove(key, sig->blob, &sig->cert);
    }

    /* a decoy, or an authority of another type than the one it looks like */

    if (key == NULL || key->type != sig->key.type) {
        return 0;
    }

    text.data = out;
    text.len = sign_sshsig_signed(sig, msg->base, out);

    return sign_ssh_key_verify(key, text, &sig->signature);
}


static size_t
sign_sshsig_signed(const sign_sshsig_t *sig, postern_str_t base,
    unsigned char *out)
{
    size_t          len;
    unsigned char  *p, hash[64];

    len = sign_hash(postern_str_is(sig->hash, "sha256") ? SIGN_DIGEST_SHA256
                                                        : SIGN_DIGEST_SHA512,
                    &base, 1, hash);

    p = out;

    memcpy(p, SIGN_SSHSIG_MAGIC, sizeof(SIGN_SSHSIG_MAGIC) - 1);
    p += sizeof(SIGN_SSHSIG_MAGIC) - 1;

    p = sign_sshsig_put(p, SIGN_SSH_NAMESPACE, sizeof(SIGN_SSH_NAMESPACE) - 1);
    p = sign_sshsig_put(p, "", 0);
    p = sign_sshsig_put(p, sig->hash.data, sig->hash.len);
    p = sign_sshsig_put(p, hash, len);

    return p - out;
}


static unsigned char *
sign_sshsig_put(unsigned char *p, const void *data, size_t len)
{
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = (unsigned char) len;

    memcpy(p, data, len);

    return p + len;
}


sign_ssh_key_t *
sign_sshsig_key(postern_str_t blob)
{
    sign_ssh_key_t     *k;
    sign_ssh_public_t   key;

    if (!sign_ssh_public(blob, &key)) {
        return NULL;
    }

    k = sign_ssh_key_create(&key);

    if (k) {
        sign_sha256(&blob, 1, k->fingerprint);
    }

    return k;
}


/* sign_fits() tells why RSA is looked at, here the signature that is verified
   first */

int
sign_sshsig_fits(const sign_ssh_key_t *k, const sign_message_t *msg)
{
    unsigned char          hash[32];
    sign_message_t         unused;
    const sign_key_t      *rsa;
    const sign_sshsig_t   *sig;
    sign_ssh_signature_t   signature;

    sig = msg->scheme_data;

    sign_sha256(sig->certified ? &sig->cert.authority : &sig->blob, 1, hash);

    if (k == NULL || memcmp(k->fingerprint, hash, sizeof(hash)) != 0) {
        return 0;
    }

    if (k->type->kind != SIGN_SSH_RSA) {
        return 1;
    }

    signature = sig->signature;

    if (sig->certified
        && sign_ssh_signature(sig->cert.signature, k->type, &signature,
                              &unused)
           != SIGN_OK)
    {
        return 0;
    }

    rsa = k->keys[0];

    return signature.bytes.len < rsa->len
           || (signature.bytes.len == rsa->len
               && memcmp(signature.bytes.data, rsa->top, SIGN_RSA_TOP) < 0);
}
