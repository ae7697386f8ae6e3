
/* public keys of OpenSSH: a line as in the .pub file, RFC 4253, section 6.6,
   RFC 5656, RFC 8709, and PROTOCOL.u2f of OpenSSH */

#include <openssl/err.h>
#include <sodium.h>

#include "postern_directory_parse.h"


#define POSTERN_SSH_LINE_MAX   8192     /* as written, with its comment */
#define POSTERN_SSH_POINT_MAX  133      /* P-521 */
#define POSTERN_SSH_APPLICATION_MAX  64


typedef enum {
    POSTERN_SSH_ED25519,
    POSTERN_SSH_ECDSA,
    POSTERN_SSH_RSA
} postern_ssh_kind_e;


typedef struct {
    postern_str_t       name;
    postern_ssh_kind_e  kind;
    postern_str_t       curve;          /* as the blob names it */
    postern_curve_e     group;
    unsigned            point;          /* its length */
    unsigned            sk;             /* an application follows */
} postern_ssh_type_t;


static const postern_ssh_type_t *postern_ssh_type(postern_str_t name);
static postern_str_t postern_ssh_word(postern_str_t *line);
static const char *postern_ssh_line(postern_parse_t *p, postern_str_t line,
    unsigned char *blob, size_t *len);
static const char *postern_ssh_first(postern_str_t word, postern_str_t line);
static const char *postern_ssh_blob(postern_parse_t *p,
    const postern_ssh_type_t *type, postern_str_t blob);
static const char *postern_ssh_ecdsa(postern_parse_t *p,
    const postern_ssh_type_t *type, postern_str_t *blob);
static const char *postern_ssh_rsa(postern_str_t *blob);
static int postern_ssh_string(postern_str_t *blob, postern_str_t *s);
static int postern_ssh_number(postern_str_t *blob, postern_str_t *n);


#define POSTERN_SSH_BROKEN  "is not a whole public key of OpenSSH: a part "   \
                            "of its base64 is missing or changed"


static const postern_ssh_type_t  postern_ssh_types[] = {
    { postern_string("ssh-ed25519"), POSTERN_SSH_ED25519,
      postern_null_string, 0, 0, 0 },
    { postern_string("ecdsa-sha2-nistp256"), POSTERN_SSH_ECDSA,
      postern_string("nistp256"), POSTERN_P256, 65, 0 },
    { postern_string("ecdsa-sha2-nistp384"), POSTERN_SSH_ECDSA,
      postern_string("nistp384"), POSTERN_P384, 97, 0 },
    { postern_string("ecdsa-sha2-nistp521"), POSTERN_SSH_ECDSA,
      postern_string("nistp521"), POSTERN_P521, 133, 0 },
    { postern_string("ssh-rsa"), POSTERN_SSH_RSA,
      postern_null_string, 0, 0, 0 },
    { postern_string("sk-ssh-ed25519@openssh.com"), POSTERN_SSH_ED25519,
      postern_null_string, 0, 0, 1 },
    { postern_string("sk-ecdsa-sha2-nistp256@openssh.com"), POSTERN_SSH_ECDSA,
      postern_string("nistp256"), POSTERN_P256, 65, 1 },
    { postern_null_string, 0, postern_null_string, 0, 0, 0 }
};


int
postern_parse_ssh_key(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_str_t *blob)
{
    size_t          len;
    const char     *fault;
    postern_str_t   s;
    unsigned char   bytes[POSTERN_SSH_LINE_MAX];

    if (postern_parse_string(p, at, value, POSTERN_SSH_LINE_MAX, &s) != 0) {
        return -1;
    }

    len = 0;
    fault = postern_ssh_line(p, s, bytes, &len);

    ERR_clear_error();

    if (fault) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "%s", fault);
    }

    s.data = bytes;
    s.len = len;

    return postern_parse_keep(p, s, blob);
}


static const postern_ssh_type_t *
postern_ssh_type(postern_str_t name)
{
    const postern_ssh_type_t  *type;

    for (type = postern_ssh_types; type->name.len; type++) {
        if (postern_str_eq(type->name, name)) {
            return type;
        }
    }

    return NULL;
}


/* up to a blank, which is taken too */

static postern_str_t
postern_ssh_word(postern_str_t *line)
{
    postern_str_t  word;

    while (line->len && (line->data[0] == ' ' || line->data[0] == '\t')) {
        line->data++;
        line->len--;
    }

    word.data = line->data;
    word.len = 0;

    while (line->len && line->data[0] != ' ' && line->data[0] != '\t') {
        word.len++;
        line->data++;
        line->len--;
    }

    return word;
}


static const char *
postern_ssh_line(postern_parse_t *p, postern_str_t line, unsigned char *blob,
    size_t *len)
{
    postern_str_t              word, text, bytes;
    const postern_ssh_type_t  *type;

    while (line.len && (line.data[line.len - 1] == '\n'
                        || line.data[line.len - 1] == '\r'))
    {
        line.len--;
    }

    if (line.len == 0 || memchr(line.data, '\n', line.len)) {
        return "must be one line, as in the .pub file of the key: a type, "
               "base64 and a comment";
    }

    word = postern_ssh_word(&line);
    type = postern_ssh_type(word);

    if (type == NULL) {
        return postern_ssh_first(word, line);
    }

    text = postern_ssh_word(&line);

    if (text.len == 0
        || sodium_base642bin(blob, POSTERN_SSH_LINE_MAX,
                             (const char *) text.data, text.len, NULL, len,
                             NULL, sodium_base64_VARIANT_ORIGINAL)
           != 0)
    {
        return POSTERN_SSH_BROKEN;
    }

    bytes.data = blob;
    bytes.len = *len;

    return postern_ssh_blob(p, type, bytes);
}


/* what else stands where a type should */

static const char *
postern_ssh_first(postern_str_t word, postern_str_t line)
{
    static const char  cert[] = "-cert-v01@openssh.com";

    if (word.len > sizeof(cert) - 1
        && memcmp(word.data + word.len - (sizeof(cert) - 1), cert,
                  sizeof(cert) - 1)
           == 0)
    {
        return "is a certificate: clients send those themselves, put the "
               "public key of the authority that signed it here, with the "
               "algorithm \"ssh-ca\"";
    }

    if (postern_str_is(word, "ssh-dss")) {
        return "is a DSA key, which is too weak";
    }

    if (postern_str_is(word, "-----BEGIN")) {
        return "must be the line of the .pub file, not the private key and "
               "not PEM";
    }

    while (line.len) {
        if (postern_ssh_type(postern_ssh_word(&line))) {
            return "has options before the key, as in authorized_keys; leave "
                   "them out: \"networks\", \"not_after\" and \"principals\" "
                   "of the key say such things here";
        }
    }

    return "is not a public key of OpenSSH: known are ssh-ed25519, "
           "ecdsa-sha2-nistp256, -nistp384 and -nistp521, ssh-rsa, "
           "sk-ssh-ed25519@openssh.com and "
           "sk-ecdsa-sha2-nistp256@openssh.com";
}


static const char *
postern_ssh_blob(postern_parse_t *p, const postern_ssh_type_t *type,
    postern_str_t blob)
{
    const char     *fault;
    postern_str_t   s;

    if (postern_ssh_string(&blob, &s) != 0) {
        return POSTERN_SSH_BROKEN;
    }

    if (!postern_str_eq(s, type->name)) {
        return "says one type in front and another one in its base64";
    }

    if (type->kind == POSTERN_SSH_RSA) {
        fault = postern_ssh_rsa(&blob);

    } else if (type->kind == POSTERN_SSH_ECDSA) {
        fault = postern_ssh_ecdsa(p, type, &blob);

    } else {
        fault = postern_ssh_string(&blob, &s) == 0
                ? postern_public_ed25519(s.data, s.len)
                : POSTERN_SSH_BROKEN;
    }

    if (fault) {
        return fault;
    }

    if (type->sk) {

        if (postern_ssh_string(&blob, &s) != 0) {
            return POSTERN_SSH_BROKEN;
        }

        /* of a web site's sign-in, for one; nothing it signed would count */

        if (s.len < 4 || s.len > POSTERN_SSH_APPLICATION_MAX
            || memcmp(s.data, "ssh:", 4) != 0)
        {
            return "is a security token's key for something else than SSH: "
                   "its application does not begin with \"ssh:\", or has more "
                   "than 64 bytes";
        }
    }

    return blob.len ? POSTERN_SSH_BROKEN : NULL;
}


static const char *
postern_ssh_ecdsa(postern_parse_t *p, const postern_ssh_type_t *type,
    postern_str_t *blob)
{
    size_t         len;
    postern_str_t  curve, point;
    unsigned char  bytes[POSTERN_SSH_POINT_MAX];

    if (postern_ssh_string(blob, &curve) != 0
        || postern_ssh_string(blob, &point) != 0
        || !postern_str_eq(curve, type->curve)
        || point.len != type->point)
    {
        return POSTERN_SSH_BROKEN;
    }

    len = point.len;
    memcpy(bytes, point.data, len);

    return postern_public_point(p, type->group, bytes, &len);
}


static const char *
postern_ssh_rsa(postern_str_t *blob)
{
    postern_str_t  n, e;

    if (postern_ssh_number(blob, &e) != 0
        || postern_ssh_number(blob, &n) != 0)
    {
        return POSTERN_SSH_BROKEN;
    }

    return postern_rsa_fault(n, e);
}


/* RFC 4251, section 5 */

static int
postern_ssh_string(postern_str_t *blob, postern_str_t *s)
{
    if (blob->len < 4) {
        return -1;
    }

    s->len = (size_t) blob->data[0] << 24 | (size_t) blob->data[1] << 16
             | (size_t) blob->data[2] << 8 | blob->data[3];
    s->data = blob->data + 4;

    if (s->len > blob->len - 4) {
        return -1;
    }

    blob->data = s->data + s->len;
    blob->len -= 4 + s->len;

    return 0;
}


/* mpint: positive, and no zero byte more than it needs */

static int
postern_ssh_number(postern_str_t *blob, postern_str_t *n)
{
    if (postern_ssh_string(blob, n) != 0 || n->len == 0
        || (n->data[0] & 0x80))
    {
        return -1;
    }

    if (n->data[0] != 0) {
        return 0;
    }

    n->data++;
    n->len--;

    return n->len && (n->data[0] & 0x80) ? 0 : -1;
}
