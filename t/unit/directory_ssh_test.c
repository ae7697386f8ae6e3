/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto */

/* Public keys of OpenSSH: lines as ssh-keygen writes them, and every byte of
   their blobs. */

#include <sodium.h>

#include "directory_key.h"


#define SSH(line)  "'algorithm':'ssh','public_key':'" line "'"

#define ED_BLOB                                                               \
    "AAAAC3NzaC1lZDI1NTE5AAAAINeNf3U2LQOxB6DfJGYS3ZvnCV70PVwP4BkS"            \
    "rsHvS9Ks"

#define BROKEN   "is not a whole public key of OpenSSH: a part of its base64 " \
                 "is missing or changed"
#define UNKNOWN  "is not a public key of OpenSSH: known are ssh-ed25519, "    \
                 "ecdsa-sha2-nistp256, -nistp384 and -nistp521, ssh-rsa, "    \
                 "sk-ssh-ed25519@openssh.com and "                            \
                 "sk-ecdsa-sha2-nistp256@openssh.com"


/* a blob of parts, as a line */

static unsigned char  blob[4096];
static size_t         blob_len;


static void
part(const void *data, size_t len)
{
    blob[blob_len++] = 0;
    blob[blob_len++] = 0;
    blob[blob_len++] = (unsigned char) (len >> 8);
    blob[blob_len++] = (unsigned char) len;

    memcpy(blob + blob_len, data, len);
    blob_len += len;
}


static void
begin(const char *type)
{
    blob_len = 0;
    part(type, strlen(type));
}


static const char *
members(const char *type)
{
    static char  text[8192];
    char         b64[8000];

    sodium_bin2base64(b64, sizeof(b64), blob, blob_len,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof(text), SSH("%s %s c"), type, b64);

    return text;
}


static int
good(const char *text)
{
    postern_directory_t  *dir;

    dir = key_parse(text);
    postern_directory_destroy(dir);

    return dir != NULL;
}


TEST(every_type)
{
    size_t                len;
    unsigned char         bytes[1024];
    postern_directory_t  *dir;
    const postern_key_t  *k;
    const char           *b64;

    static const char  *const lines[] = {
        SSH(SSH_ED25519), SSH(SSH_P256), SSH(SSH_P384), SSH(SSH_P521),
        SSH(SSH_RSA), SSH(SSH_SK_ED25519), SSH(SSH_SK_P256),
        SSH("  " SSH_ED25519 "\\n"), SSH(SSH_ED25519 "\\r\\n"),
        SSH("\\tssh-ed25519\\t" ED_BLOB "\\tc"), NULL
    };
    const char *const  *line;

    for (line = lines; *line; line++) {
        EXPECT(good(*line));
    }

    dir = key_parse(SSH(SSH_ED25519));
    k = postern_directory_key(dir, slice("k"));

    b64 = strchr(SSH_ED25519, ' ') + 1;
    EXPECT_INT(sodium_base642bin(bytes, sizeof(bytes), b64,
                                 (size_t) (strchr(b64, ' ') - b64), NULL,
                                 &len, NULL, sodium_base64_VARIANT_ORIGINAL),
               0);
    EXPECT(k->public_key.len == len
           && memcmp(k->public_key.data, bytes, len) == 0);

    postern_directory_destroy(dir);
}


TEST(what_stands_in_front)
{
    KEY_FAULT(SSH("no-pty,from=\\\"10.0.0.1\\\" " SSH_ED25519), "public_key",
              "has options before the key, as in authorized_keys; leave them "
              "out: \"networks\", \"not_after\" and \"principals\" of the key "
              "say such things here");
    KEY_FAULT(SSH("cert-authority " SSH_ED25519), "public_key",
              "has options before the key, as in authorized_keys; leave them "
              "out: \"networks\", \"not_after\" and \"principals\" of the key "
              "say such things here");
    KEY_FAULT(SSH(SSH_CERT), "public_key", "is a certificate: clients send "
              "those themselves, put the public key of the authority that "
              "signed it here, with the algorithm \"ssh-ca\"");
    KEY_FAULT(SSH(SSH_DSA), "public_key", "is a DSA key, which is too weak");
    KEY_FAULT(SSH("-----BEGIN OPENSSH PRIVATE KEY-----"), "public_key",
              "must be the line of the .pub file, not the private key and not "
              "PEM");
    KEY_FAULT(SSH("ssh-rot13 AAAA"), "public_key", UNKNOWN);
    KEY_FAULT(SSH("ssh-ed2551"), "public_key", UNKNOWN);
    KEY_FAULT(SSH(SSH_ED25519 "\\n" SSH_P256), "public_key",
              "must be one line, as in the .pub file of the key: a type, "
              "base64 and a comment");
    KEY_FAULT(SSH("\\n"), "public_key", "must be one line, as in the .pub "
              "file of the key: a type, base64 and a comment");
    KEY_FAULT(SSH(" "), "public_key", UNKNOWN);
    KEY_FAULT(SSH(""), "public_key", "must not be empty");
}


TEST(broken_base64)
{
    KEY_FAULT(SSH("ssh-ed25519"), "public_key", BROKEN);
    KEY_FAULT(SSH("ssh-ed25519 !"), "public_key", BROKEN);
    KEY_FAULT(SSH("ssh-ed25519 AAAA"), "public_key", BROKEN);
    KEY_FAULT(SSH("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"), "public_key", BROKEN);
}


TEST(types_that_differ)
{
    begin("ssh-rsa");
    KEY_FAULT(members("ssh-ed25519"), "public_key",
              "says one type in front and another one in its base64");
}


TEST(ed25519)
{
    unsigned char  zero[32];

    memset(zero, 0, sizeof(zero));

    begin("ssh-ed25519");
    part(zero, 31);
    KEY_FAULT(members("ssh-ed25519"), "public_key",
              "an Ed25519 public key has 32 bytes");

    begin("ssh-ed25519");
    part(zero, 32);
    KEY_FAULT(members("ssh-ed25519"), "public_key",
              "is not a valid Ed25519 public key");

    begin("ssh-ed25519");
    KEY_FAULT(members("ssh-ed25519"), "public_key", BROKEN);
}


TEST(curves)
{
    unsigned char  point[65];

    memset(point, 1, sizeof(point));
    point[0] = 4;

    begin("ecdsa-sha2-nistp256");
    part("nistp256", 8);
    part(point, 65);
    KEY_FAULT(members("ecdsa-sha2-nistp256"), "public_key",
              "is not a point on the curve P-256 (65 bytes, 04 X Y)");

    begin("ecdsa-sha2-nistp256");
    part("nistp384", 8);
    part(point, 65);
    KEY_FAULT(members("ecdsa-sha2-nistp256"), "public_key", BROKEN);

    begin("ecdsa-sha2-nistp256");
    part("nistp256", 8);
    part(point, 33);
    KEY_FAULT(members("ecdsa-sha2-nistp256"), "public_key", BROKEN);

    begin("ecdsa-sha2-nistp256");
    part("nistp256", 8);
    KEY_FAULT(members("ecdsa-sha2-nistp256"), "public_key", BROKEN);

    begin("ecdsa-sha2-nistp256");
    KEY_FAULT(members("ecdsa-sha2-nistp256"), "public_key", BROKEN);
}


static const char *
rsa(const char *e, size_t e_len, unsigned char first, size_t n_len,
    unsigned char last)
{
    unsigned char  n[1200];

    memset(n, 0xa5, sizeof(n));
    n[0] = first;
    n[n_len - 1] = last;

    begin("ssh-rsa");
    part(e, e_len);
    part(n, n_len);

    return members("ssh-rsa");
}


TEST(rsa_numbers)
{
    size_t  i;

    static const struct {
        const char     *e;
        size_t          e_len;
        unsigned char   first;
        size_t          n_len;
        unsigned char   last;
        const char     *fault;
    } cases[] = {
        { "\x01\x00\x01", 3, 0x00, 257, 0x01, NULL },
        { "\x01\x00\x01", 3, 0x7f, 257, 0x01, NULL },
        { "\x01\x00\x01", 3, 0x00, 1025, 0x01, NULL },
        { "\x00\x80\x00\x00\x00\x00\x00\x00\x01", 9, 0x00, 257, 0x01, NULL },

        { "\x01\x00\x01", 3, 0x7f, 256, 0x01,
          "an RSA key must have 2048 to 8192 bits" },
        { "\x01\x00\x01", 3, 0x01, 1025, 0x01,
          "an RSA key must have 2048 to 8192 bits" },
        { "\x01\x00\x01", 3, 0x00, 257, 0x02,
          "is not an RSA key: its modulus is even" },
        { "\x03", 1, 0x00, 257, 0x01,
          "the public exponent of an RSA key must be odd, 65537 or more, and "
          "of 8 bytes at most" },
        { "\x01\x00\x02", 3, 0x00, 257, 0x01,
          "the public exponent of an RSA key must be odd, 65537 or more, and "
          "of 8 bytes at most" },
        { "\x01\x00\x00\x00\x00\x00\x00\x00\x01", 9, 0x00, 257, 0x01,
          "the public exponent of an RSA key must be odd, 65537 or more, and "
          "of 8 bytes at most" },

        { "", 0, 0x00, 257, 0x01, BROKEN },
        { "\x80", 1, 0x00, 257, 0x01, BROKEN },
        { "\x00\x01", 2, 0x00, 257, 0x01, BROKEN },
        { "\x00", 1, 0x00, 257, 0x01, BROKEN },
        { "\x01\x00\x01", 3, 0x80, 257, 0x01, BROKEN },
        { NULL, 0, 0, 0, 0, NULL }
    };

    for (i = 0; cases[i].e; i++) {

        if (cases[i].fault) {
            KEY_FAULT(rsa(cases[i].e, cases[i].e_len, cases[i].first,
                          cases[i].n_len, cases[i].last),
                      "public_key", cases[i].fault);

        } else {
            EXPECT(good(rsa(cases[i].e, cases[i].e_len, cases[i].first,
                            cases[i].n_len, cases[i].last)));
        }
    }

    KEY_FAULT(SSH(SSH_RSA_1024), "public_key",
              "an RSA key must have 2048 to 8192 bits");

    begin("ssh-rsa");
    part("\x01\x00\x01", 3);
    KEY_FAULT(members("ssh-rsa"), "public_key", BROKEN);
}


/* every end of every blob but the whole one, and one byte more */

TEST(cut_anywhere)
{
    size_t         i, n;
    const char    *b64, *type;
    unsigned char  key[32];

    static const char  *const lines[] = {
        SSH_ED25519, SSH_P521, SSH_SK_ED25519, SSH_SK_P256, NULL
    };
    const char *const  *line;

    static const struct {
        const char  *text;
        int          good;
    } applications[] = {
        { "ssh:", 1 },
        { "ssh:work-laptop", 1 },
        { "ssh:0123456789012345678901234567890123456789012345678901234567", 1 },
        { "ssh:01234567890123456789012345678901234567890123456789012345678x"
          "x", 0 },
        { "", 0 },
        { "ssh", 0 },
        { "SSH:", 0 },
        { "https://example.com", 0 }
    };

    for (line = lines; *line; line++) {
        char  name[64];

        type = *line;
        b64 = strchr(type, ' ');
        snprintf(name, sizeof(name), "%.*s", (int) (b64 - type), type);
        b64++;
        n = strcspn(b64, " ");

        EXPECT_INT(sodium_base642bin(blob, sizeof(blob), b64, n, NULL,
                                     &blob_len, NULL,
                                     sodium_base64_VARIANT_ORIGINAL), 0);
        n = blob_len;

        for (i = 1; i < n; i++) {
            blob_len = i;
            KEY_FAULT(members(name), "public_key", BROKEN);
        }

        blob_len = n;
        EXPECT(good(members(name)));

        blob[blob_len++] = 0;
        KEY_FAULT(members(name), "public_key", BROKEN);
    }

    /* a token's key is for some application */

    b64 = strchr(SSH_ED25519, ' ') + 1;
    EXPECT_INT(sodium_base642bin(blob, sizeof(blob), b64, strcspn(b64, " "),
                                 NULL, &blob_len, NULL,
                                 sodium_base64_VARIANT_ORIGINAL), 0);
    memcpy(key, blob + blob_len - 32, 32);

    for (i = 0; i < sizeof(applications) / sizeof(applications[0]); i++) {
        begin("sk-ssh-ed25519@openssh.com");
        part(key, 32);
        part(applications[i].text, strlen(applications[i].text));

        if (applications[i].good) {
            EXPECT(good(members("sk-ssh-ed25519@openssh.com")));

        } else {
            KEY_FAULT(members("sk-ssh-ed25519@openssh.com"), "public_key",
                      "is a security token's key for something else than SSH: "
                      "its application does not begin with \"ssh:\", or has "
                      "more than 64 bytes");
        }
    }
}


UNIT_MAIN()
