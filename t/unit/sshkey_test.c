/* link:
   ngx_http_sign_module/sign_*.c ngx_http_postern_module/postern_*.c
   -lcrypto -lhiredis -ljansson -lsodium -Wl,--wrap=malloc,--wrap=calloc
   -Wl,--wrap=realloc */

/*
 * What OpenSSH writes, read piece by piece: strings, numbers, keys and
 * certificates that are none; and keys for which there is no memory.
 */


#include "scarce.h"
#include "ssh_make.h"


static sign_message_t  msg;


static postern_str_t
bytes(const char *data, size_t len)
{
    postern_str_t  s = { len, (const unsigned char *) data };

    return s;
}


#define BYTES(literal)  bytes(literal, sizeof(literal) - 1)


TEST(readers_that_fail_stay_so)
{
    sign_ssh_cursor_t  c;

    sign_ssh_begin(&c, BYTES("\1"));
    EXPECT_INT(sign_ssh_read_byte(&c), 1);
    EXPECT(sign_ssh_end(&c));
    EXPECT_INT(sign_ssh_read_byte(&c), 0);
    EXPECT(!sign_ssh_end(&c));

    sign_ssh_begin(&c, BYTES("\0\0\0\2ab\1"));
    EXPECT_INT(sign_ssh_read_string(&c, 1).len, 0);
    EXPECT(c.bad);
    EXPECT_INT(sign_ssh_read_byte(&c), 0);
    EXPECT_INT(sign_ssh_read_uint32(&c), 0);
    EXPECT_INT(sign_ssh_read_uint64(&c), 0);
    EXPECT_INT(sign_ssh_read_string(&c, 9).len, 0);
    EXPECT(!sign_ssh_end(&c));

    sign_ssh_begin(&c, BYTES("\0\0\0\2a"));
    EXPECT_INT(sign_ssh_read_string(&c, 9).len, 0);
    EXPECT(c.bad);

    sign_ssh_begin(&c, BYTES("\1\2\3\4\5\6\7\x88"));
    EXPECT(sign_ssh_read_uint64(&c) == 0x0102030405060788);
    EXPECT(sign_ssh_end(&c));
}


TEST(numbers)
{
    size_t             i;
    postern_str_t      n;
    sign_ssh_cursor_t  c;

    static const struct {
        const char  *data;
        size_t       len;
        size_t       want;
    } tries[] = {
        { "\0\0\0\1\1", 5, 1 },
        { "\0\0\0\2\0\x80", 6, 1 },
        { "\0\0\0\2\x7f\1", 6, 2 },
        { "\0\0\0\3\0\x80\1", 7, 2 },
        { "\0\0\0\0", 4, 0 },
        { "\0\0\0\1\0", 5, 0 },
        { "\0\0\0\1\x80", 5, 0 },
        { "\0\0\0\2\0\x7f", 6, 0 },
        { "\0\0\0\2\x80\1", 6, 0 },
        { "\0\0\0\3\1\1\1", 7, 0 },
        { "\0\0\0\4\0\x80\1\1", 8, 0 }
    };

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        sign_ssh_begin(&c, bytes(tries[i].data, tries[i].len));
        n = sign_ssh_read_number(&c, 2);
        EXPECT_INT(n.len, tries[i].want);
        EXPECT_INT(c.bad, tries[i].want == 0);
    }
}


/* a key of one type with another's members, one after the other */

TEST(public_keys_that_are_none)
{
    size_t              i, len;
    ssh_key_t          *k;
    sign_ssh_public_t   key;
    ssh_out_t          *out;

    static const char   zeros[SIGN_SSH_MAX_KEY + 1];

    EXPECT(!sign_ssh_public(bytes(zeros, sizeof(zeros)), &key));
    EXPECT(!sign_ssh_public(BYTES("\0\0\0\7ssh-dss"), &key));

    out = calloc(1, sizeof(ssh_out_t));

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        k = ssh_key(i);

        EXPECT(sign_ssh_public(ssh_slice(&k->blob), &key));
        EXPECT(key.type == k->type);

        for (len = 0; len < k->blob.len; len++) {
            k->blob.data[k->blob.len] = 0;
            EXPECT(!sign_ssh_public(bytes((char *) k->blob.data, len), &key));
        }

        EXPECT(!sign_ssh_public(bytes((char *) k->blob.data, len + 1), &key));
        ssh_key_free(k);
    }

    /* a short point, a compressed one, another curve */

    out->len = 0;
    ssh_text(out, "ssh-ed25519");
    ssh_string(out, zeros, 31);
    EXPECT(!sign_ssh_public(ssh_slice(out), &key));

    out->len = 0;
    ssh_text(out, "ecdsa-sha2-nistp256");
    ssh_text(out, "nistp256");
    ssh_string(out, zeros, 65);
    EXPECT(!sign_ssh_public(ssh_slice(out), &key));
    EXPECT(sign_sshsig_key(ssh_slice(out)) == NULL);

    out->len = 0;
    ssh_text(out, "ecdsa-sha2-nistp256");
    ssh_text(out, "nistp384");
    ssh_string(out, zeros, 65);
    EXPECT(!sign_ssh_public(ssh_slice(out), &key));

    /* what reads as a point and is none */

    out->len = 0;
    ssh_text(out, "ecdsa-sha2-nistp256");
    ssh_text(out, "nistp256");
    ssh_string(out, "\4"
                    "11111111111111111111111111111111"
                    "11111111111111111111111111111111", 65);
    EXPECT(sign_ssh_public(ssh_slice(out), &key));
    EXPECT(sign_sshsig_key(ssh_slice(out)) == NULL);

    /* of another application: a browser's key */

    for (i = 0; i < 2; i++) {
        out->len = 0;
        ssh_text(out, "sk-ssh-ed25519@openssh.com");
        ssh_string(out, zeros, 32);
        ssh_text(out, i ? "example.com" : "ssh");
        EXPECT(!sign_ssh_public(ssh_slice(out), &key));
    }

    free(out);
}


TEST(rsa_keys_that_are_none)
{
    size_t              i, n;
    ssh_out_t          *out;
    sign_ssh_public_t   key;
    static char         modulus[256];

    static const struct {
        const char  *e;
        size_t       len;
        size_t       modulus;
        int          reads;
    } tries[] = {
        { "\1\0\1", 3, 256, 1 },
        { "\3", 1, 256, 1 },
        { "\1\0\1", 3, 255, 0 },
        { "\1", 1, 256, 0 },
        { "\2", 1, 256, 0 },
        { "\1\0", 2, 256, 0 },
        { "\1\0\0\0\0\0\0\0\1", 9, 256, 0 },
        { "", 0, 256, 0 }
    };

    memset(modulus, 0x40, sizeof(modulus));
    out = calloc(1, sizeof(ssh_out_t));

    for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        n = tries[i].modulus;
        out->len = 0;
        ssh_text(out, "ssh-rsa");
        ssh_string(out, tries[i].e, tries[i].len);
        ssh_string(out, modulus, n);

        EXPECT_INT(sign_ssh_public(ssh_slice(out), &key), tries[i].reads);

        /* 2047 bits, and even */

        EXPECT(sign_sshsig_key(ssh_slice(out)) == NULL);
    }

    free(out);
}


TEST(certificates_that_are_none)
{
    ssh_key_t        *k, *ca;
    ssh_out_t        *out;
    ssh_want_t        want = SSH_WANT;
    sign_ssh_cert_t   cert;

    static const char  zeros[SIGN_SSH_MAX_CERT + 1];

    EXPECT(!sign_ssh_cert(bytes(zeros, sizeof(zeros)), &cert));
    EXPECT(!sign_ssh_cert(BYTES("\0\0\0\7ssh-dss"), &cert));

    k = ssh_key(0);
    ca = ssh_key(0);
    out = calloc(1, sizeof(ssh_out_t));

    ssh_cert(out, k, ca, &want);
    EXPECT(sign_ssh_cert(ssh_slice(out), &cert));
    EXPECT(sign_ssh_cert_names(&cert, BYTES("deploy")));
    EXPECT(!sign_ssh_cert_names(&cert, BYTES("deplo")));
    EXPECT(!sign_ssh_cert_names(&cert, BYTES("")));

    /* lists that are cut, empty names, and more names than are looked at */

    cert.principals.len--;
    EXPECT(!sign_ssh_cert_names(&cert, BYTES("deploy")));
    cert.principals = bytes(zeros, 4 * SIGN_SSH_MAX_PRINCIPALS);
    EXPECT(!sign_ssh_cert_names(&cert, BYTES("")));

    out->len = 0;

    while (out->len < 5 * SIGN_SSH_MAX_PRINCIPALS) {
        ssh_text(out, "a");
    }

    cert.principals = ssh_slice(out);
    EXPECT(sign_ssh_cert_names(&cert, BYTES("a")));
    ssh_text(out, "a");
    cert.principals = ssh_slice(out);
    EXPECT(!sign_ssh_cert_names(&cert, BYTES("a")));

    ssh_key_free(k);
    ssh_key_free(ca);
    free(out);
}


TEST(too_many_options_and_addresses)
{
    int               verify;
    size_t            i;
    ssh_out_t        *out, *part;
    sign_ssh_cert_t   cert;

    out = calloc(1, sizeof(ssh_out_t));
    part = calloc(1, sizeof(ssh_out_t));

    memset(&cert, 0, sizeof(cert));
    memset(&msg, 0, sizeof(msg));
    cert.kind = SIGN_SSH_CERT_USER;
    cert.before = SSH_FOREVER;

    for (i = 0; i < SIGN_SSH_MAX_ADDRESSES + 1; i++) {
        ssh_bytes(part, "127.0.0.1,", 10);
    }

    part->len--;
    ssh_text(out, "source-address");
    ssh_uint32(out, part->len + 4);
    ssh_out(out, part);
    cert.options = ssh_slice(out);
    EXPECT_INT(sign_ssh_cert_check(&cert, &verify, &msg), SIGN_CERTIFICATE);
    EXPECT(strstr(msg.detail, "source-address") != NULL);

    /* no list in it */

    out->len = 0;
    ssh_text(out, "source-address");
    ssh_text(out, "127.0.0.1");
    cert.options = ssh_slice(out);
    EXPECT_INT(sign_ssh_cert_check(&cert, &verify, &msg), SIGN_CERTIFICATE);
    EXPECT(strstr(msg.detail, "no list") != NULL);

    /* a name in front of one that it begins */

    out->len = 0;

    for (i = 0; i < 2; i++) {
        ssh_text(out, i ? "verify-required2" : "verify-required");
        ssh_text(out, "");
    }

    cert.options = ssh_slice(out);
    EXPECT_INT(sign_ssh_cert_check(&cert, &verify, &msg), SIGN_CERTIFICATE);
    EXPECT_INT(verify, 1);

    free(out);
    free(part);
}


/* RSA: longer than the modulus, and by a key of another length */

TEST(rsa_signatures_of_other_lengths)
{
    size_t                 i;
    ssh_key_t             *k;
    sign_key_t            *decoy;
    sign_ssh_key_t        *key;
    sign_ssh_signature_t   signature;
    static char            ones[512];

    static const size_t  lengths[] = { 1, 255, 256, 257, 512 };

    k = ssh_key(SIGN_SSH_RSAS);
    key = sign_sshsig_key(ssh_slice(&k->blob));
    decoy = sign_sshsig_decoy(SIGN_SSH_TYPES + 4, 256);

    if (!EXPECT(key != NULL && decoy != NULL)) {
        return;
    }

    memset(ones, 1, sizeof(ones));
    memset(&signature, 0, sizeof(signature));
    signature.hash = SIGN_DIGEST_SHA256;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        signature.bytes = bytes(ones, lengths[i]);
        EXPECT(!sign_ssh_key_verify(key, BYTES("x"), &signature));
        EXPECT(!sign_ssh_key_verify(decoy->ssh, BYTES("x"), &signature));
    }

    sign_ssh_key_destroy(key);
    sign_key_destroy(decoy);
    ssh_key_free(k);
}


TEST(signatures_that_are_none)
{
    ssh_out_t              out = { 0 };
    ssh_key_t             *k, *ca;
    sign_sshsig_t          sig;
    sign_ssh_key_t        *key;
    sign_ssh_cert_t        cert;
    ssh_want_t             want = SSH_WANT;
    sign_ssh_signature_t   signature;

    memset(&sig, 0, sizeof(sig));
    msg.signature = BYTES("XSHSIG\0\0\0\1");
    EXPECT_INT(sign_sshsig_blob(&sig, &msg), SIGN_MALFORMED);

    ssh_text(&out, "ssh-ed25519");
    ssh_text(&out, "x");
    ssh_text(&out, "x");
    EXPECT_INT(sign_ssh_signature(ssh_slice(&out), &sign_ssh_types[0],
                                  &signature, &msg),
               SIGN_MALFORMED);

    /* by the right authority, over something else; and memory that ends
       behind it */

    k = ssh_key(1);
    ca = ssh_key(0);
    ssh_cert(&out, k, ca, &want);
    out.data[60] ^= 1;
    key = sign_sshsig_key(ssh_slice(&ca->blob));
    EXPECT(sign_ssh_cert(ssh_slice(&out), &cert));
    EXPECT(sign_ssh_key_prove(key, ssh_slice(&out), &cert) == NULL);
    out.data[60] ^= 1;
    EXPECT(sign_ssh_cert(ssh_slice(&out), &cert));

    while (scarce_next()) {
        (void) sign_ssh_key_prove(key, ssh_slice(&out), &cert);
    }

    EXPECT(sign_ssh_key_prove(key, ssh_slice(&out), &cert) != NULL);

    sign_ssh_key_destroy(key);
    ssh_key_free(k);
    ssh_key_free(ca);
}


/* each of our own requests for memory refused in turn; libcrypto has its own,
   which are of the same functions */

TEST(no_memory)
{
    size_t            i;
    ssh_key_t        *k;
    sign_key_t       *decoy;
    sign_ssh_key_t   *key;

    for (i = 0; i < SIGN_SSH_TYPES; i++) {
        k = ssh_key(i);

        while (scarce_next()) {
            key = sign_sshsig_key(ssh_slice(&k->blob));
            scarce_pause(1);

            if (!scarce_failed()) {
                EXPECT(key != NULL);
            }

            EXPECT(key == NULL || key->type == k->type);
            sign_ssh_key_destroy(key);
            scarce_pause(0);
        }

        while (scarce_next()) {
            decoy = sign_sshsig_decoy(i, i == SIGN_SSH_RSAS ? 256 : 0);
            scarce_pause(1);

            if (!scarce_failed()) {
                EXPECT(decoy != NULL);
            }

            EXPECT(decoy == NULL || decoy->ssh != NULL);
            sign_key_destroy(decoy);
            scarce_pause(0);
        }

        ssh_key_free(k);
    }
}


UNIT_MAIN()
