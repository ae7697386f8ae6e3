/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -ljansson -lsodium -lcrypto -lhiredis */

/*
 * Any bytes as what clients of the scheme "sshsig" send.  The first byte says
 * as what: the blob of a signature, a public key, a certificate, or the lists
 * within a certificate that is well formed otherwise.
 *
 * What is read consists of slices of the input, reads as the same a second
 * time, and nothing verifies that nobody signed.  Principals and options are
 * held against a reader that does it in the plainest way.
 */


#include "fuzz.h"
#include "sign_ssh.h"


#define FUZZ_INPUT  4096
#define NOW         1795300000


static void changed(postern_str_t blob, sign_ssh_key_t *ca, size_t n);


static postern_str_t   whole;      /* the input */
static sign_message_t  msg;


static void
inside(postern_str_t s)
{
    HELD(s.len == 0
         || (s.data >= whole.data
             && s.data + s.len <= whole.data + whole.len));
    fuzz_read(s);
}


static void
public(const sign_ssh_public_t *key)
{
    HELD(key->type >= sign_ssh_types
         && key->type < sign_ssh_types + SIGN_SSH_TYPES);

    inside(key->point);
    inside(key->e);
    inside(key->n);
    inside(key->application);

    HELD(key->type->kind == SIGN_SSH_RSA ? key->n.len >= 256
                                         : key->point.len >= 32);
    HELD(!key->type->sk || key->application.len >= 4);
}


/* nothing is signed by a key that can be made ready */

static void
unsigned_by(const sign_ssh_public_t *key, const sign_ssh_signature_t *signature)
{
    sign_ssh_key_t  *k;
    postern_str_t    text = postern_string("nobody signed this");

    k = sign_ssh_key_create(key);

    if (k != NULL) {
        HELD(!sign_ssh_key_verify(k, text, signature));
        sign_ssh_key_destroy(k);
    }
}


static void
cert(const sign_ssh_cert_t *c, postern_str_t blob)
{
    int              verify;
    sign_ssh_key_t  *ca;

    public(&c->key);
    inside(c->principals);
    inside(c->options);
    inside(c->authority);
    inside(c->body);
    inside(c->signature);

    (void) sign_ssh_cert_check(c, &verify, &msg);

    ca = sign_sshsig_key(c->authority);

    if (ca == NULL) {
        return;
    }

    /* one that an authority did sign is among the first inputs */

    if (sign_ssh_key_prove(ca, blob, c) != NULL) {
        changed(blob, ca, c->signature.data - blob.data);
    }

    sign_ssh_key_destroy(ca);
}


static void
changed(postern_str_t blob, sign_ssh_key_t *ca, size_t n)
{
    postern_str_t    copy;
    sign_ssh_cert_t  c;

    copy = fuzz_copy(blob.data, blob.len);
    ((unsigned char *) copy.data)[blob.data[n / 2] % n] ^= 1;

    if (sign_ssh_cert(copy, &c)) {
        HELD(sign_ssh_key_prove(ca, copy, &c) == NULL);
    }

    free((void *) copy.data);
}


static void
blob(postern_str_t text)
{
    sign_sshsig_t         sig, again;
    sign_ssh_signature_t  signature;

    memset(&sig, 0, sizeof(sig));
    memset(&again, 0, sizeof(again));

    msg.signature = text;

    if (sign_sshsig_blob(&sig, &msg) != SIGN_OK) {
        HELD(msg.detail[0] != '\0');
        return;
    }

    HELD(sign_sshsig_blob(&again, &msg) == SIGN_OK);
    HELD(again.certified == sig.certified && again.key.type == sig.key.type);

    inside(sig.blob);
    inside(sig.hash);
    inside(sig.signature.bytes);
    inside(sig.signature.r);
    inside(sig.signature.s);
    inside(sig.signature.counter);
    public(&sig.key);

    HELD(sig.signature.counter.len == (sig.key.type->sk ? SIGN_SSH_COUNTER
                                                        : 0));

    signature = sig.signature;
    unsigned_by(&sig.key, &signature);

    if (sig.certified) {
        cert(&sig.cert, sig.blob);
    }
}


static uint32_t
number(const unsigned char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


/* strings behind one another, whole: how many, and one of them is name */

static int
plain(postern_str_t list, postern_str_t name, int *found)
{
    int     n;
    size_t  at, len;

    *found = 0;

    for (n = 0, at = 0; at < list.len; n++) {

        if (list.len - at < 4) {
            return -1;
        }

        len = number(list.data + at);
        at += 4;

        if (len > list.len - at) {
            return -1;
        }

        *found |= len == name.len
                  && memcmp(list.data + at, name.data, len) == 0;
        at += len;
    }

    return n;
}


static void
lists(postern_str_t text)
{
    int               found, n, verify;
    sign_code_e       code;
    postern_str_t     name;
    sign_ssh_cert_t   c;

    static unsigned char  address[16] = {
        [10] = 0xff, [11] = 0xff, 127, 0, 0, 1
    };

    memset(&c, 0, sizeof(c));

    name = fuzz_cut(&text, 0xff);

    c.kind = SIGN_SSH_CERT_USER;
    c.before = UINT64_MAX;
    c.principals = text;
    c.options = text;

    n = plain(text, name, &found);

    HELD(sign_ssh_cert_names(&c, name)
         == (n >= 0 && n <= SIGN_SSH_MAX_PRINCIPALS && found && name.len));

    msg.address = address;

    code = sign_ssh_cert_check(&c, &verify, &msg);

    /* names and values in turn */

    HELD(code == SIGN_OK || code == SIGN_CERTIFICATE);
    HELD(code != SIGN_OK || (n >= 0 && n % 2 == 0));
    HELD(text.len || code == SIGN_OK);

    msg.address = NULL;
    HELD(sign_ssh_cert_check(&c, &verify, &msg) == SIGN_OK
         ? code == SIGN_OK : text.len != 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned            kind;
    postern_str_t       text;
    sign_ssh_cert_t     c;
    sign_ssh_public_t   key;

    if (size < 1 || size > FUZZ_INPUT) {
        return 0;
    }

    whole = fuzz_copy(data, size);
    text = whole;

    memset(&msg, 0, sizeof(msg));
    msg.now = NOW;

    kind = fuzz_byte(&text) % 4;

    if (kind == 0) {
        blob(text);

    } else if (kind == 1) {

        if (sign_ssh_public(text, &key)) {
            public(&key);
            sign_ssh_key_destroy(sign_sshsig_key(text));
        }

    } else if (kind == 2) {

        if (sign_ssh_cert(text, &c)) {
            cert(&c, text);
        }

    } else {
        lists(text);
    }

    free((void *) whole.data);

    return 0;
}
