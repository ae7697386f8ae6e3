
/*
 * A password, an authenticator, recovery codes: the one side for the directory,
 * the other for the person.
 */


#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "cli_person.h"
#include "mfa_qr.h"
#include "mfa_recovery.h"


/* white on black, whatever the colours of the terminal are */
#define CLI_QR_ON   "\033[40;97m"
#define CLI_QR_OFF  "\033[0m"


static int cli_password_good(const cli_person_t *p, postern_str_t password);
static const char *cli_password_fault(mfa_password_e rc);
static char *cli_otp_seal(const cli_person_t *p, postern_str_t secret);
static int cli_otp_show(const cli_person_t *p, postern_str_t secret);
static void cli_otp_qr(const char *qr);


static const char *const  cli_otp_hashes[] = { "sha1", "sha256", "sha512" };


json_t *
cli_person_password(const cli_person_t *p)
{
    char           text[MFA_HASH_TEXT];
    json_t        *value;
    postern_str_t  password;

    if (cli_secret("password", 0, &password) != 0) {
        return NULL;
    }

    value = NULL;

    if (cli_password_good(p, password)) {

        if (mfa_hash_make(&p->argon2, password, text) == 0) {
            value = json_string(text);

        } else {
            cli_error("there are no %u KiB of memory for the hash",
                      p->argon2.memory);
        }
    }

    cli_free(&password);

    return value;
}


static int
cli_password_good(const cli_person_t *p, postern_str_t password)
{
    size_t                i, n;
    postern_str_t         text, context[4];
    mfa_password_e        rc;
    postern_alloc_t       alloc;
    postern_error_t       err;
    postern_arena_t      *arena;
    mfa_password_rules_t  rules;

    const char *const  words[] = { p->user, p->email, p->display, p->org };

    n = 0;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i]) {
            context[n++] = cli_str(words[i]);
        }
    }

    rules.min = p->any ? 1 : 8;
    rules.max = MFA_PASSWORD_MAX;
    rules.classes = 0;
    rules.block = NULL;

    arena = postern_arena_create();

    if (arena == NULL) {
        cli_error("out of memory");
        return 0;
    }

    alloc = postern_arena_allocator(arena);

    if (!p->any) {
        text.data = mfa_common_passwords;
        text.len = mfa_common_passwords_len;
        rules.block = mfa_block_list_parse(text, &alloc, &err);

        if (rules.block == NULL) {
            postern_arena_destroy(arena);
            cli_error("the list of common passwords cannot be read: %s",
                      err.text);
            return 0;
        }
    }

    rc = mfa_password_check(&rules, password, context,
                            p->any ? 0 : (unsigned) n);

    postern_arena_destroy(arena);

    if (rc == MFA_PASSWORD_OK) {
        return 1;
    }

    cli_error("%s%s", cli_password_fault(rc),
              rc == MFA_PASSWORD_MALFORMED || rc == MFA_PASSWORD_LONG
              || password.len == 0
              ? "" : " (--insecure-any-password takes it all the same)");

    return 0;
}


static const char *
cli_password_fault(mfa_password_e rc)
{
    switch (rc) {

    case MFA_PASSWORD_MALFORMED:
        return "the password is not UTF-8, or holds control characters";

    case MFA_PASSWORD_SHORT:
        return "the password is too short: it has fewer than 8 characters";

    case MFA_PASSWORD_LONG:
        return "the password is too long: it has more than 1024 bytes";

    case MFA_PASSWORD_COMMON:
        return "the password is among those that are tried first";

    case MFA_PASSWORD_CONTEXT:
        return "the password is a name of this user or organization";

    default:
        return "the password is not good enough";
    }
}


json_t *
cli_person_otp(const cli_person_t *p, postern_str_t given)
{
    char           *sealed;
    json_t         *entry;
    unsigned char   random[64];
    postern_str_t   secret;

    static const size_t  sizes[] = { MFA_OTP_SECRET, 32, 64 };

    secret = given;

    if (given.data == NULL) {
        secret.data = random;
        secret.len = sizes[p->otp.hash];
        randombytes_buf(random, secret.len);
    }

    entry = NULL;
    sealed = cli_otp_seal(p, secret);

    if (sealed && cli_otp_show(p, secret) == 0) {
        entry = json_pack("{s:s*, s:s, s:s, s:i}", "name", p->device,
                          "secret", sealed,
                          "algorithm", cli_otp_hashes[p->otp.hash],
                          "digits", (int) p->otp.digits);

        if (p->otp.period) {
            json_object_set_new(entry, "period",
                                json_integer(p->otp.period));

        } else {
            json_object_set_new(entry, "counter",
                                json_integer((json_int_t) p->counter));
        }
    }

    if (sealed) {
        sodium_memzero(sealed, strlen(sealed));
        free(sealed);
    }

    sodium_memzero(random, sizeof(random));

    return entry;
}


static char *
cli_otp_seal(const cli_person_t *p, postern_str_t secret)
{
    char            name[3 * POSTERN_NAME_MAX], *text;
    size_t          len;
    postern_ring_t  ring;

    text = cli_alloc(POSTERN_SEALED_MAX);

    if (p->ring_file == NULL) {
        cli_error("no --master-key: the secret lies open in the directory "
                  "(\"base64:\"), for first steps only");
        memcpy(text, "base64:", 7);
        sodium_bin2base64(text + 7, POSTERN_SEALED_MAX - 7, secret.data,
                          secret.len, sodium_base64_VARIANT_ORIGINAL);
        return text;
    }

    if (cli_ring(p->ring_file, &ring) != 0) {
        free(text);
        return NULL;
    }

    len = postern_seal_name(name, sizeof(name), cli_str(p->org), "users",
                            cli_str(p->user), p->otp.period ? "totp" : "hotp");

    if (len) {
        len = postern_seal(&ring, secret, cli_str(name), text,
                           POSTERN_SEALED_MAX);
    }

    sodium_memzero(&ring, sizeof(ring));

    if (len == 0) {
        cli_error("the secret could not be sealed");
        free(text);
        return NULL;
    }

    return text;
}


static int
cli_otp_show(const cli_person_t *p, postern_str_t secret)
{
    int        rc;
    char       base32[MFA_BASE32_MAX + 1], uri[MFA_OTP_URI_MAX], *qr;
    char       code[MFA_OTP_DIGITS_MAX + 1];
    size_t     i;
    uint64_t   from, to;

    rc = -1;
    qr = cli_alloc(MFA_QR_TERM_MAX);

    if (mfa_base32_encode(secret, base32, sizeof(base32)) == 0
        || mfa_otp_uri(&p->otp, secret,
                       cli_str(p->issuer ? p->issuer : p->org),
                       cli_str(p->user), p->counter, uri, sizeof(uri))
           == 0
        || mfa_qr_terminal(cli_str(uri), 1, qr, MFA_QR_TERM_MAX) == 0)
    {
        cli_error("the names are too long for a QR code");
        goto done;
    }

    cli_otp_qr(qr);
    fputs("\nsecret    ", stderr);

    for (i = 0; base32[i]; i++) {
        fprintf(stderr, "%s%c", i && i % 4 == 0 ? " " : "", base32[i]);
    }

    fprintf(stderr, "\naddress   %s\n", uri);

    if (p->otp.period) {
        mfa_totp_range(&p->otp, p->now, 0, &from, &to);
        mfa_otp_code(&p->otp, secret, from, code);
        fprintf(stderr, "compare   %s, for another %d seconds\n\n", code,
                (int) (p->otp.period - p->now % p->otp.period));

    } else {
        mfa_otp_code(&p->otp, secret, p->counter, code);
        fprintf(stderr, "compare   %s, the first one\n\n", code);
    }

    rc = 0;

done:

    sodium_memzero(base32, sizeof(base32));
    sodium_memzero(uri, sizeof(uri));
    sodium_memzero(code, sizeof(code));
    sodium_memzero(qr, MFA_QR_TERM_MAX);
    free(qr);

    return rc;
}


static void
cli_otp_qr(const char *qr)
{
    int          colours;
    size_t       len;
    const char  *term;

    term = getenv("TERM");
    colours = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;

    for ( /* void */ ; *qr; qr += len + 1) {
        len = strcspn(qr, "\n");
        fprintf(stderr, "%s%.*s%s\n", colours ? CLI_QR_ON : "", (int) len, qr,
                colours ? CLI_QR_OFF : "");
    }
}


json_t *
cli_person_recovery(const cli_person_t *p)
{
    char      codes[MFA_RECOVERY_CODES][MFA_RECOVERY_SHOWN];
    char      hashes[MFA_RECOVERY_CODES][MFA_HASH_TEXT];
    json_t   *list;
    unsigned  i;

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        mfa_recovery_generate(codes[i]);
    }

    if (mfa_recovery_hash(&p->argon2,
                          (const char (*)[MFA_RECOVERY_SHOWN]) codes,
                          MFA_RECOVERY_CODES, hashes)
        != 0)
    {
        cli_error("there are no %u KiB of memory for a hash",
                  p->argon2.memory);
        sodium_memzero(codes, sizeof(codes));
        return NULL;
    }

    list = json_array();
    fputs("recovery codes, each of them good for once:\n\n", stderr);

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        fprintf(stderr, "    %s\n", codes[i]);
        json_array_append_new(list, json_string(hashes[i]));
    }

    fputc('\n', stderr);
    sodium_memzero(codes, sizeof(codes));

    return list;
}
