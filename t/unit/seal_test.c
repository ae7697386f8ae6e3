/* link:
   ngx_http_postern_module/postern_seal.c
   ngx_http_postern_module/postern_name.c
   -lsodium */

#include <sodium.h>

#include "postern_seal.h"
#include "unit.h"


#define KEY_A  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_B  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="


static postern_str_t
slice(const char *s)
{
    postern_str_t  slice = { strlen(s), (const unsigned char *) s };

    return slice;
}


static const char *
ring_fault(const char *text, unsigned line)
{
    static postern_error_t  err;

    postern_ring_t  ring, zero;

    memset(&ring, 0xff, sizeof(ring));
    memset(&zero, 0, sizeof(zero));

    EXPECT_INT(postern_ring_parse(slice(text), &ring, &err), -1);
    EXPECT_INT(err.line, line);
    EXPECT_MEM(&ring, &zero, sizeof(ring));

    return err.text;
}


TEST(a_ring_is_read_line_by_line)
{
    postern_ring_t   ring;
    postern_error_t  err;

    EXPECT_INT(postern_ring_parse(slice("# made in May\n\n"
                                        "mk-2 " KEY_B "  # current\r\n"
                                        "\tmk.1\t" KEY_A), &ring, &err), 0);

    EXPECT_INT(ring.nkeys, 2);
    EXPECT_INT(ring.keys[0].id_len, 4);
    EXPECT_MEM(ring.keys[0].id, "mk-2", 4);
    EXPECT_INT(ring.keys[0].key[31], 2);
    EXPECT_MEM(ring.keys[1].id, "mk.1", 4);
    EXPECT_INT(ring.keys[1].key[31], 1);
}


TEST(faults_of_a_ring_name_the_line_and_never_the_key)
{
    char  big[POSTERN_RING_MAX_FILE + 2], many[17 * 64], id[80];
    int   i, n;

    EXPECT(strstr(ring_fault("", 0), "no master key") != NULL);
    EXPECT(strstr(ring_fault("# nothing\n", 0), "no master key") != NULL);
    EXPECT(strstr(ring_fault("\nmk-1\n", 2), "a line must read") != NULL);
    EXPECT(strstr(ring_fault("mk " KEY_A " more\n", 1), "must read") != NULL);
    EXPECT(strstr(ring_fault("mk " KEY_A "\nmk " KEY_B, 2), "of this id")
           != NULL);
    EXPECT(strstr(ring_fault("m:k " KEY_A, 1), "a key id has") != NULL);
    EXPECT(strstr(ring_fault("mk AAAA", 1), "32 bytes") != NULL);
    EXPECT(strstr(ring_fault("mk " KEY_A "AAAA", 1), "32 bytes") != NULL);
    EXPECT(strstr(ring_fault("mk AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
                             1), "32 bytes") != NULL);
    EXPECT(strstr(ring_fault("mk hunter2-hunter2", 1), "hunter2") == NULL);
    EXPECT(strstr(ring_fault(KEY_A " " KEY_A, 1), KEY_A) == NULL);

    memset(id, 'a', 65);
    strcpy(id + 65, " ");
    snprintf(big, sizeof(big), "%s%s", id, KEY_A);
    EXPECT(strstr(ring_fault(big, 1), "a key id has") != NULL);

    for (n = 0, i = 0; i < 17; i++) {
        n += snprintf(many + n, sizeof(many) - n, "k%d %s\n", i, KEY_A);
    }

    EXPECT(strstr(ring_fault(many, 17), "more than 16") != NULL);

    memset(big, '#', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    EXPECT(strstr(ring_fault(big, 0), "too large") != NULL);
}


TEST(a_name_has_one_reading)
{
    char  out[64], small[16];

    EXPECT_INT(postern_seal_name(out, sizeof(out), slice("acme"), "keys",
                                 slice("AK1"), "secret"), 20);
    EXPECT_STR(slice(out), "acme/keys/AK1/secret");

    EXPECT_INT(postern_seal_name(small, sizeof(small), slice("acme"), "keys",
                                 slice("AK1"), "secret"), 0);
    EXPECT_INT(postern_seal_name(out, 20, slice("acme"), "keys",
                                 slice("AK1"), "secret"), 0);
    EXPECT_INT(postern_seal_name(out, 21, slice("acme"), "keys",
                                 slice("AK1"), "secret"), 20);

    /* a/keys/b + c would be a + b/keys/c */
    EXPECT_INT(postern_seal_name(out, sizeof(out), slice("a/keys/b"), "keys",
                                 slice("c"), "secret"), 0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), slice(""), "keys",
                                 slice("c"), "secret"), 0);
    EXPECT_INT(postern_seal_name(out, sizeof(out), slice("a"), "keys",
                                 slice(""), "secret"), 0);
}


static void
ring_set(postern_ring_t *ring, const char *text)
{
    postern_error_t  err;

    EXPECT_INT(postern_ring_parse(slice(text), ring, &err), 0);
}


TEST(what_is_sealed_opens)
{
    char             text[POSTERN_SEALED_MAX];
    size_t           n, len, size;
    postern_str_t    name = postern_string("acme/keys/AK1/secret"), s;
    postern_ring_t   ring;
    unsigned char    secret[POSTERN_SECRET_MAX], out[POSTERN_SECRET_MAX];

    static const size_t  sizes[] = { 1, 16, 31, 32, 511, 512 };

    ring_set(&ring, "mk-2 " KEY_B "\nmk-1 " KEY_A);
    randombytes_buf(secret, sizeof(secret));

    for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
        s.data = secret;
        s.len = sizes[n];

        size = postern_seal(&ring, s, name, text, sizeof(text));
        EXPECT_INT(size, strlen(text));
        EXPECT_MEM(text, "sealed:mk-2:", 12);
        EXPECT(strpbrk(text, "+/=") == NULL);

        EXPECT_INT(postern_secret_open(&ring, slice(text), name, out, &len),
                   POSTERN_OPEN_OK);
        EXPECT_INT(len, sizes[n]);
        EXPECT_MEM(out, secret, sizes[n]);
    }

    s.len = 0;
    EXPECT_INT(postern_seal(&ring, s, name, text, sizeof(text)), 0);
    s.len = 513;
    EXPECT_INT(postern_seal(&ring, s, name, text, sizeof(text)), 0);
    s.len = 16;
    EXPECT_INT(postern_seal(&ring, s, name, text, 87), 0);
    EXPECT_INT(postern_seal(&ring, s, name, text, 88), 87);

    memset(&ring, 0, sizeof(ring));
    EXPECT_INT(postern_seal(&ring, s, name, text, sizeof(text)), 0);
}


TEST(what_is_sealed_opens_for_its_record_only)
{
    char            text[POSTERN_SEALED_MAX];
    size_t          i, len, size;
    unsigned        opened;
    postern_str_t   name = postern_string("acme/keys/AK1/secret"), s;
    postern_ring_t  a, b, both;
    unsigned char   out[POSTERN_SECRET_MAX], zero[POSTERN_SECRET_MAX];

    memset(zero, 0, sizeof(zero));

    ring_set(&a, "mk-1 " KEY_A);
    ring_set(&b, "mk-1 " KEY_B);
    ring_set(&both, "mk-2 " KEY_B "\nmk-1 " KEY_A);

    s = slice("0123456789abcdef");
    size = postern_seal(&a, s, name, text, sizeof(text));

    EXPECT_INT(postern_secret_open(&both, slice(text), name, out, &len),
               POSTERN_OPEN_OK);

    memset(out, 0xff, sizeof(out));
    EXPECT_INT(postern_secret_open(&a, slice(text),
                                   slice("acme/keys/AK2/secret"), out, &len),
               POSTERN_OPEN_FORGED);
    EXPECT_MEM(out, zero, sizeof(out));
    EXPECT_INT(len, 0);

    EXPECT_INT(postern_secret_open(&b, slice(text), name, out, &len),
               POSTERN_OPEN_FORGED);
    EXPECT_INT(postern_secret_open(NULL, slice(text), name, out, &len),
               POSTERN_OPEN_NO_KEY);

    /* every byte counts, that of the key id too */

    opened = 0;

    for (i = 7; i < size; i++) {
        text[i] ^= 1;
        opened += postern_secret_open(&a, slice(text), name, out, &len)
                  == POSTERN_OPEN_OK;
        text[i] ^= 1;
    }

    EXPECT_INT(opened, 0);

    for (i = 0; i < size; i++) {
        s.data = (unsigned char *) text;
        s.len = i;
        opened += postern_secret_open(&a, s, name, out, &len)
                  == POSTERN_OPEN_OK;
    }

    EXPECT_INT(opened, 0);
}


static postern_open_e
opens(const char *text, const char *want)
{
    size_t          len;
    unsigned char   out[POSTERN_SECRET_MAX];
    postern_str_t   name = postern_string("a/keys/b/secret"), got;
    postern_open_e  rc;

    rc = postern_secret_open(NULL, slice(text), name, out, &len);

    got.data = out;
    got.len = len;
    EXPECT_STR(got, want);

    return rc;
}


TEST(open_forms)
{
    char  plain[6 + POSTERN_SECRET_MAX + 2];

    EXPECT_INT(opens("plain:s3cret ", "s3cret "), POSTERN_OPEN_OK);
    EXPECT_INT(opens("plain:base64:x", "base64:x"), POSTERN_OPEN_OK);
    EXPECT_INT(opens("base64:c2VjcmV0", "secret"), POSTERN_OPEN_OK);
    EXPECT_INT(opens("base64:c2VjcmU=", "secre"), POSTERN_OPEN_OK);

    EXPECT_INT(opens("", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("secret", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("Plain:secret", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("plain", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("plain:", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("base64:", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("base64:c2VjcmU", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("base64:c2VjcmV=", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("base64:c2Vj cmV0", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("base64:c2VjcmV0====", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("sealed:", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("sealed:mk", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("sealed::AAAA", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("sealed:mk:", ""), POSTERN_OPEN_MALFORMED);
    EXPECT_INT(opens("sealed:mk:AAAA", ""), POSTERN_OPEN_MALFORMED);

    memset(plain, 'x', sizeof(plain));
    memcpy(plain, "plain:", 6);
    plain[6 + POSTERN_SECRET_MAX + 1] = '\0';
    EXPECT_INT(opens(plain, ""), POSTERN_OPEN_MALFORMED);

    plain[6 + POSTERN_SECRET_MAX] = '\0';
    EXPECT_INT(opens(plain, plain + 6), POSTERN_OPEN_OK);
}


TEST(a_reason_for_each)
{
    EXPECT(strstr(postern_open_text(POSTERN_OPEN_NO_KEY), "lacks") != NULL);
    EXPECT(strstr(postern_open_text(POSTERN_OPEN_FORGED), "altered") != NULL);
    EXPECT(strstr(postern_open_text(POSTERN_OPEN_MALFORMED), "neither")
           != NULL);
    EXPECT_STR(slice(postern_open_text(POSTERN_OPEN_OK)), "opened");
}


UNIT_MAIN()
