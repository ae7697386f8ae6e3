
/*
 * Public keys and certificates of OpenSSH, read: RFC 4251, RFC 4253 section
 * 6.6, RFC 5656, RFC 8709, PROTOCOL.certkeys, PROTOCOL.u2f.
 */


#include "sign_ssh.h"
#include "postern_assert.h"


static const sign_ssh_type_t *sign_ssh_cert_type(postern_str_t name);
static void sign_ssh_read_key(sign_ssh_cursor_t *c,
    const sign_ssh_type_t *type, sign_ssh_public_t *key);
static int sign_ssh_exponent(postern_str_t e);


const sign_ssh_type_t  sign_ssh_types[SIGN_SSH_TYPES] = {

    { .name = postern_string("ssh-ed25519"),
      .certificate = postern_string("ssh-ed25519-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ED25519 },

    { .name = postern_string("ecdsa-sha2-nistp256"),
      .certificate = postern_string("ecdsa-sha2-nistp256-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ECDSA,
      .curve = &sign_p256,
      .curve_name = postern_string("nistp256") },

    { .name = postern_string("ecdsa-sha2-nistp384"),
      .certificate = postern_string("ecdsa-sha2-nistp384-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ECDSA,
      .curve = &sign_p384,
      .curve_name = postern_string("nistp384") },

    { .name = postern_string("ecdsa-sha2-nistp521"),
      .certificate = postern_string("ecdsa-sha2-nistp521-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ECDSA,
      .curve = &sign_p521,
      .curve_name = postern_string("nistp521") },

    { .name = postern_string("ssh-rsa"),
      .certificate = postern_string("ssh-rsa-cert-v01@openssh.com"),
      .kind = SIGN_SSH_RSA },

    { .name = postern_string("sk-ssh-ed25519@openssh.com"),
      .certificate = postern_string("sk-ssh-ed25519-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ED25519,
      .sk = 1 },

    { .name = postern_string("sk-ecdsa-sha2-nistp256@openssh.com"),
      .certificate = postern_string(
                         "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"),
      .kind = SIGN_SSH_ECDSA,
      .curve = &sign_p256,
      .curve_name = postern_string("nistp256"),
      .sk = 1 }
};


void
sign_ssh_begin(sign_ssh_cursor_t *c, postern_str_t text)
{
    c->pos = text.data;
    c->last = text.data + text.len;
    c->bad = 0;
}


int
sign_ssh_end(const sign_ssh_cursor_t *c)
{
    return !c->bad && c->pos == c->last;
}


unsigned
sign_ssh_read_byte(sign_ssh_cursor_t *c)
{
    if (c->bad || c->pos == c->last) {
        c->bad = 1;
        return 0;
    }

    return *c->pos++;
}


uint32_t
sign_ssh_read_uint32(sign_ssh_cursor_t *c)
{
    const unsigned char  *p;

    if (c->bad || c->last - c->pos < 4) {
        c->bad = 1;
        return 0;
    }

    p = c->pos;
    c->pos += 4;

    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


uint64_t
sign_ssh_read_uint64(sign_ssh_cursor_t *c)
{
    uint64_t  high;

    high = sign_ssh_read_uint32(c);

    return high << 32 | sign_ssh_read_uint32(c);
}


postern_str_t
sign_ssh_read_string(sign_ssh_cursor_t *c, size_t max)
{
    postern_str_t  s;

    s.len = sign_ssh_read_uint32(c);
    s.data = c->pos;

    if (c->bad || s.len > max || s.len > (size_t) (c->last - c->pos)) {
        c->bad = 1;
        s.len = 0;

        return s;
    }

    c->pos += s.len;

    return s;
}


/* RFC 4251, section 5: as short as it can be; a zero byte in front of what
   would be negative without */

postern_str_t
sign_ssh_read_number(sign_ssh_cursor_t *c, size_t max)
{
    postern_str_t  n;

    n = sign_ssh_read_string(c, max + 1);

    if (n.len > 1 && n.data[0] == 0 && n.data[1] >= 0x80) {
        n.data++;
        n.len--;

    } else if (n.len == 0 || n.len > max
               || n.data[0] == 0 || n.data[0] >= 0x80)
    {
        c->bad = 1;
        n.len = 0;
    }

    return n;
}


const sign_ssh_type_t *
sign_ssh_type(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        if (postern_str_eq(sign_ssh_types[i].name, name)) {
            return &sign_ssh_types[i];
        }
    }

    return NULL;
}


static const sign_ssh_type_t *
sign_ssh_cert_type(postern_str_t name)
{
    size_t  i;

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        if (postern_str_eq(sign_ssh_types[i].certificate, name)) {
            return &sign_ssh_types[i];
        }
    }

    return NULL;
}


int
sign_ssh_public(postern_str_t blob, sign_ssh_public_t *key)
{
    sign_ssh_cursor_t       c;
    const sign_ssh_type_t  *type;

    if (blob.len > SIGN_SSH_MAX_KEY) {
        return 0;
    }

    sign_ssh_begin(&c, blob);

    type = sign_ssh_type(sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME));

    if (type == NULL) {
        return 0;
    }

    sign_ssh_read_key(&c, type, key);

    return sign_ssh_end(&c);
}


/* what stands behind the type: in a certificate behind its nonce */

static void
sign_ssh_read_key(sign_ssh_cursor_t *c, const sign_ssh_type_t *type,
    sign_ssh_public_t *key)
{
    postern_str_t  name;

    memset(key, 0, sizeof(sign_ssh_public_t));
    key->type = type;

    switch (type->kind) {

    case SIGN_SSH_ED25519:
        key->point = sign_ssh_read_string(c, crypto_sign_PUBLICKEYBYTES);

        if (key->point.len != crypto_sign_PUBLICKEYBYTES) {
            c->bad = 1;
        }

        break;

    case SIGN_SSH_ECDSA:
        name = sign_ssh_read_string(c, SIGN_SSH_MAX_NAME);
        key->point = sign_ssh_read_string(c, 1 + 2 * SIGN_CURVE_MAX);

        /* uncompressed points only, as OpenSSH writes them */

        if (!postern_str_eq(name, type->curve_name)
            || key->point.len != 1 + 2 * type->curve->len
            || key->point.data[0] != 0x04)
        {
            c->bad = 1;
        }

        break;

    default: /* SIGN_SSH_RSA */
        key->e = sign_ssh_read_number(c, SIGN_SSH_MAX_EXPONENT);
        key->n = sign_ssh_read_number(c, SIGN_SSH_MAX_NUMBER);

        if (key->n.len < SIGN_RSA_MIN_BITS / 8 || !sign_ssh_exponent(key->e)) {
            c->bad = 1;
        }

        break;
    }

    if (type->sk) {
        key->application = sign_ssh_read_string(c, SIGN_SSH_MAX_NAME);

        /* of other purposes, such as a web site's sign-in, are not SSH's */

        if (key->application.len < 4
            || memcmp(key->application.data, "ssh:", 4) != 0)
        {
            c->bad = 1;
        }
    }
}


/* odd and more than 1 */

static int
sign_ssh_exponent(postern_str_t e)
{
    return POSTERN_ALWAYS(e.len) && (e.data[e.len - 1] & 1)
           && (e.len > 1 || e.data[0] > 1);
}


int
sign_ssh_cert(postern_str_t blob, sign_ssh_cert_t *cert)
{
    sign_ssh_cursor_t       c;
    const sign_ssh_type_t  *type;

    if (blob.len > SIGN_SSH_MAX_CERT) {
        return 0;
    }

    sign_ssh_begin(&c, blob);

    type = sign_ssh_cert_type(sign_ssh_read_string(&c, SIGN_SSH_MAX_NAME));

    if (type == NULL) {
        return 0;
    }

    /* the nonce: without it the authority could be made to sign what somebody
       else has chosen whole */

    (void) sign_ssh_read_string(&c, SIGN_SSH_MAX_KEY);

    sign_ssh_read_key(&c, type, &cert->key);

    (void) sign_ssh_read_uint64(&c);                     /* serial number */
    cert->kind = sign_ssh_read_uint32(&c);
    (void) sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);  /* id, for logs */
    cert->principals = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);
    cert->after = sign_ssh_read_uint64(&c);
    cert->before = sign_ssh_read_uint64(&c);
    cert->options = sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);
    (void) sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT);  /* extensions */

    /* reserved: what it will mean is not known, so nothing may stand there */

    if (sign_ssh_read_string(&c, SIGN_SSH_MAX_CERT).len) {
        c.bad = 1;
    }

    cert->authority = sign_ssh_read_string(&c, SIGN_SSH_MAX_KEY);

    cert->body.data = blob.data;
    cert->body.len = c.pos - blob.data;

    cert->signature = sign_ssh_read_string(&c, SIGN_SSH_MAX_SIGNATURE);

    return sign_ssh_end(&c);
}
