
/*
 * The blob of "ssh-keygen -Y sign", PROTOCOL.sshsig, and the signature in it.
 */


#include "sign_ssh.h"
#include "postern_assert.h"


static sign_code_e sign_sshsig_signer(sign_sshsig_t *sig, sign_message_t *msg);
static postern_str_t sign_ssh_read_bytes(sign_ssh_cursor_t *c,
    const sign_ssh_type_t *type, sign_ssh_signature_t *signature);


#define SIGN_SSHSIG_VERSION  1


sign_code_e
sign_sshsig_blob(sign_sshsig_t *sig, sign_message_t *msg)
{
    sign_code_e        code;
    postern_str_t      blob, space, reserved, signature;
    sign_ssh_cursor_t  c;

    blob = msg->signature;

    if (blob.len < sizeof(SIGN_SSHSIG_MAGIC) - 1
        || memcmp(blob.data, SIGN_SSHSIG_MAGIC, sizeof(SIGN_SSHSIG_MAGIC) - 1)
           != 0)
    {
        return sign_fail(msg, SIGN_MALFORMED, "the signature is no SSHSIG");
    }

    blob.data += sizeof(SIGN_SSHSIG_MAGIC) - 1;
    blob.len -= sizeof(SIGN_SSHSIG_MAGIC) - 1;

    sign_ssh_begin(&c, blob);

    if (sign_ssh_read_uint32(&c) != SIGN_SSHSIG_VERSION) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "the SSHSIG is of another version than 1");
    }

    sig->blob = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);
    space = sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME);
    reserved = sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME);
    sig->hash = sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME);
    signature = sign_ssh_read_string(&c, SIGN_SSH_MAX_SIGNATURE);

    if (!sign_ssh_end(&c)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the SSHSIG is not as PROTOCOL.sshsig prescribes");
    }

    /* what was signed for a file, a commit or an e-mail is no request */

    if (!postern_str_is(space, SIGN_SSH_NAMESPACE)) {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "the namespace of the SSHSIG is \"%.*s\": sign with "
                         "-n " SIGN_SSH_NAMESPACE, SIGN_TEXT(space));
    }

    if (reserved.len
        || (!postern_str_is(sig->hash, "sha256")
            && !postern_str_is(sig->hash, "sha512")))
    {
        return sign_fail(msg, SIGN_UNSUPPORTED,
                         "the SSHSIG has a hash or a field that is not known");
    }

    code = sign_sshsig_signer(sig, msg);
    if (code != SIGN_OK) {
        return code;
    }

    return sign_ssh_signature(signature, sig->key.type, &sig->signature, msg);
}


static sign_code_e
sign_sshsig_signer(sign_sshsig_t *sig, sign_message_t *msg)
{
    if (sign_ssh_public(sig->blob, &sig->key)) {
        return SIGN_OK;
    }

    if (sign_ssh_cert(sig->blob, &sig->cert)) {
        sig->certified = 1;
        sig->key = sig->cert.key;

        return SIGN_OK;
    }

    return sign_fail(msg, SIGN_MALFORMED,
                     "the public key in the SSHSIG is none that is supported");
}


sign_code_e
sign_ssh_signature(postern_str_t blob, const sign_ssh_type_t *type,
    sign_ssh_signature_t *signature, sign_message_t *msg)
{
    postern_str_t      counter;
    sign_ssh_cursor_t  c;

    memset(signature, 0, sizeof(sign_ssh_signature_t));

    sign_ssh_begin(&c, blob);

    signature->name = sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME);

    if (type->kind == SIGN_SSH_RSA) {

        /* RFC 8332; "ssh-rsa" is by SHA-1 */

        if (postern_str_is(signature->name, "rsa-sha2-256")) {
            signature->hash = SIGN_DIGEST_SHA256;

        } else if (postern_str_is(signature->name, "rsa-sha2-512")) {
            signature->hash = SIGN_DIGEST_SHA512;
        }

    } else if (postern_str_eq(signature->name, type->name)) {
        signature->hash = type->curve ? type->curve->hash : SIGN_DIGEST_SHA512;
    }

    if (signature->hash == SIGN_DIGEST_NONE) {
        return sign_fail(msg, SIGN_ALGORITHM,
                         "a signature \"%.*s\" is none of a key \"%.*s\"",
                         SIGN_TEXT(signature->name), SIGN_TEXT(type->name));
    }

    counter = sign_ssh_read_bytes(&c, type, signature);

    if (!sign_ssh_end(&c)) {
        return sign_fail(msg, SIGN_MALFORMED,
                         "the signature in the SSHSIG is not as its algorithm "
                         "prescribes");
    }

    signature->counter = counter;

    return SIGN_OK;
}


static postern_str_t
sign_ssh_read_bytes(sign_ssh_cursor_t *c, const sign_ssh_type_t *type,
    sign_ssh_signature_t *signature)
{
    postern_str_t      inner, counter;
    sign_ssh_cursor_t  pair;

    inner = sign_ssh_read_string(c, SIGN_SSH_MAX_SIGNATURE);

    if (type->kind == SIGN_SSH_ECDSA && POSTERN_ALWAYS(type->curve != NULL)) {
        sign_ssh_begin(&pair, inner);

        signature->r = sign_ssh_read_number(&pair, type->curve->len);
        signature->s = sign_ssh_read_number(&pair, type->curve->len);

        c->bad |= !sign_ssh_end(&pair);

    } else {
        signature->bytes = inner;
        c->bad |= (inner.len == 0);
    }

    /* the authenticator's flags and its counter of signatures */

    counter.data = c->pos;
    counter.len = 0;

    if (type->sk) {
        (void) sign_ssh_read_byte(c);
        (void) sign_ssh_read_uint32(c);

        counter.len = c->pos - counter.data;
    }

    return counter;
}
