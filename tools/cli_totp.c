
/*
 * postern totp: enrols an authenticator, or looks at a code of one.
 */


#include <sodium.h>

#include "cli_person.h"


static int cli_totp_new(const cli_person_t *p, int import);
static int cli_totp_import(unsigned char secret[MFA_OTP_SECRET_MAX],
    postern_str_t *given);
static void cli_totp_help(void);


int
cli_totp(int argc, char **argv)
{
    int           rc;
    const char   *directory, *code;
    cli_person_t  p;

    int  import = 0;

    const struct option  options[] = {
        { "org",        required_argument, NULL, 'o' },
        { "user",       required_argument, NULL, 'u' },
        { "master-key", required_argument, NULL, 'm' },
        CLI_PERSON_OTP,
        { "hotp",       no_argument,       NULL, CLI_PERSON_HOTP },
        { "counter",    required_argument, NULL, CLI_PERSON_COUNTER },
        { "import",     no_argument,       &import, 1 },
        { "verify",     required_argument, NULL, 'v' },
        { "directory",  required_argument, NULL, 'd' },
        { "at",         required_argument, NULL, CLI_PERSON_AT },
        { "help",       no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    const cli_value_t  values[] = {
        { 'v', &code },
        { 'd', &directory },
        { 0, NULL }
    };

    directory = NULL;
    code = NULL;
    cli_person_init(&p);

    rc = cli_person_options(&p, argc, argv, options, values, cli_totp_help);
    if (rc != -1) {
        return rc;
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument; a secret is asked for "
                         "by --import, or read from standard input");
    }

    rc = cli_person_names(&p, argv[0]);
    if (rc != -1) {
        return rc;
    }

    if ((code == NULL) != (directory == NULL)) {
        return cli_usage(argv[0], "--verify and --directory go together: the "
                         "code is compared with the user's authenticators in "
                         "the directory");
    }

    return code ? cli_totp_verify(&p, directory, code)
                : cli_totp_new(&p, import);
}


static int
cli_totp_new(const cli_person_t *p, int import)
{
    int             rc;
    json_t         *entry;
    postern_str_t   given;
    unsigned char   secret[MFA_OTP_SECRET_MAX];

    /* before anything is asked or shown: would the directory take it? */

    entry = json_pack("{s:{s:[{s:s*, s:s}]}}", "factors", "totp", "name",
                      p->device, "secret", "plain:0123456789abcdef");
    rc = cli_person_check(p, entry);
    json_decref(entry);

    if (rc != 0) {
        return CLI_FAILED;
    }

    given.data = NULL;
    given.len = 0;

    if (import && cli_totp_import(secret, &given) != 0) {
        return CLI_FAILED;
    }

    rc = cli_person_print(cli_person_otp(p, given));
    sodium_memzero(secret, sizeof(secret));

    return rc;
}


/* of other systems, where secrets are written in base32 */

static int
cli_totp_import(unsigned char secret[MFA_OTP_SECRET_MAX], postern_str_t *given)
{
    postern_str_t  text;

    if (cli_secret("secret in base32", 0, &text) != 0) {
        return -1;
    }

    given->data = secret;
    given->len = mfa_base32_decode(text, secret, MFA_OTP_SECRET_MAX);
    cli_free(&text);

    if (given->len == 0) {
        cli_error("the secret is not base32 (letters and the digits 2 to 7) "
                  "of at most %d bytes", MFA_OTP_SECRET_MAX);
        return -1;
    }

    if (given->len < MFA_OTP_SECRET_MIN) {
        cli_error("the secret has %zu bytes, at least %d are needed: let the "
                  "user enrol anew", given->len, MFA_OTP_SECRET_MIN);
        sodium_memzero(secret, MFA_OTP_SECRET_MAX);
        return -1;
    }

    return 0;
}


static void
cli_totp_help(void)
{
    puts(
"NAME\n"
"    postern totp - enrol an authenticator of a user, or look at its code\n"
"\n"
"SYNOPSIS\n"
"    postern totp --org ORG --user NAME [--master-key FILE] [OPTION]...\n"
"    postern totp --org ORG --user NAME [--master-key FILE]\n"
"                 --directory FILE --verify CODE\n"
"\n"
"DESCRIPTION\n"
"    Makes a secret for codes by time (RFC 6238) or, with --hotp, by a\n"
"    counter (RFC 4226).  On standard error it is shown, once: as a QR code\n"
"    for the authenticator application, as text, as otpauth: address, and\n"
"    with the code that the application has to show then.  The entry for the\n"
"    directory goes to standard output, to be appended to \"totp\" (or\n"
"    \"hotp\") in \"factors\" of the user; its secret is sealed and bound to\n"
"    that user.\n"
"\n"
"    --verify says whether a code is one of the user's authenticators in a\n"
"    directory, which one, and how far its clock or counter is off.  Nothing\n"
"    is used up by it.  Authenticators that users enrolled by themselves are\n"
"    not in the directory.\n"
"\n"
"OPTIONS\n"
"    --org ORG            the organization of the user\n"
"    --user NAME          whose authenticator it is\n"
"    --master-key FILE    seal the secret, or open those of the directory;\n"
"                         without it a new one is written as \"base64:\", for\n"
"                         first steps only\n"
"    --device NAME        what the device is called: \"Phone\"\n"
"    --issuer NAME        what the application shows beside the user; the\n"
"                         organization where it is left out\n"
"    --algorithm NAME     sha1 (the default, the one that every application\n"
"                         knows), sha256 or sha512\n"
"    --digits N           6 (the default) or 8\n"
"    --period SECONDS     15 to 120, 30 where it is left out\n"
"    --hotp               codes by a counter\n"
"    --counter N          where it begins, 0 where it is left out\n"
"    --import             take the secret, in base32, from standard input or\n"
"                         from the terminal, without echo\n"
"    --directory FILE     the directory that --verify looks into\n"
"    --verify CODE        what the user's device shows\n"
"    --at SECONDS         as of another time, in seconds since 1970\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    postern totp --org acme --user alice --device Phone \\\n"
"        --master-key postern.key > totp.json\n"
"    jq --slurpfile t totp.json \\\n"
"        '.organizations.acme.users.alice.factors.totp += $t' \\\n"
"        postern.json > new.json && postern check new.json\n"
"    postern totp --org acme --user alice --master-key postern.key \\\n"
"        --directory postern.json --verify 123456\n"
"\n"
"EXIT STATUS\n"
"    0 done, or the code is good; 1 failed, or it is not; 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern user, postern recovery, oathtool(1)");
}
