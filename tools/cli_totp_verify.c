
/*
 * postern totp --verify: is it a code of this user, and how far off?
 */


#include <sodium.h>

#include "cli_person.h"


#define CLI_TOTP_WINDOW  1       /* steps to each side that count */


typedef struct {
    const cli_person_t    *p;
    const postern_user_t  *user;
    const postern_ring_t  *ring;
    postern_str_t          code;
    unsigned               unopened;
} cli_totp_search_t;


static const postern_user_t *cli_totp_user(const cli_person_t *p,
    const postern_directory_t *dir);
static int cli_totp_search(cli_totp_search_t *s);
static int cli_totp_try(cli_totp_search_t *s, const postern_otp_t *entry,
    const char *kind, unsigned i);
static int cli_totp_open(const cli_totp_search_t *s,
    const postern_otp_t *entry, const char *kind, unsigned char *secret,
    size_t *len);
static int cli_totp_time(const cli_totp_search_t *s, const char *name,
    const mfa_otp_t *otp, postern_str_t secret);
static int cli_totp_counter(const cli_totp_search_t *s, const char *name,
    const mfa_otp_t *otp, postern_str_t secret, uint64_t counter);


int
cli_totp_verify(const cli_person_t *p, const char *directory,
    const char *code)
{
    int                   rc;
    postern_ring_t        ring;
    cli_totp_search_t     s;
    postern_directory_t  *dir;

    if (p->ring_file && cli_ring(p->ring_file, &ring) != 0) {
        return CLI_FAILED;
    }

    rc = CLI_FAILED;
    dir = cli_directory(directory);

    if (dir) {
        memset(&s, 0, sizeof(s));
        s.p = p;
        s.code = cli_str(code);
        s.ring = p->ring_file ? &ring : NULL;
        s.user = cli_totp_user(p, dir);

        if (s.user) {
            rc = cli_totp_search(&s);
        }

        postern_directory_destroy(dir);
    }

    sodium_memzero(&ring, sizeof(ring));

    return rc;
}


static const postern_user_t *
cli_totp_user(const cli_person_t *p, const postern_directory_t *dir)
{
    const postern_org_t   *org;
    const postern_user_t  *user;

    org = postern_directory_org(dir, cli_str(p->org));
    user = org ? postern_directory_user(dir, org, cli_str(p->user)) : NULL;

    if (user == NULL) {
        cli_error("the directory has no %s \"%s\"",
                  org ? "user" : "organization", org ? p->user : p->org);
        return NULL;
    }

    if (user->ntotp + user->nhotp == 0) {
        cli_error("\"%s\" has no authenticator in the directory", p->user);
        return NULL;
    }

    return user;
}


static int
cli_totp_search(cli_totp_search_t *s)
{
    int       rc;
    unsigned  i;

    for (i = 0; i < s->user->ntotp; i++) {
        rc = cli_totp_try(s, &s->user->totp[i], "totp", i);
        if (rc != -1) {
            return rc;
        }
    }

    for (i = 0; i < s->user->nhotp; i++) {
        rc = cli_totp_try(s, &s->user->hotp[i], "hotp", i);
        if (rc != -1) {
            return rc;
        }
    }

    if (s->unopened == 0) {
        puts("no: not a code of this user");
    }

    return CLI_FAILED;
}


/* -1: not one of this authenticator */

static int
cli_totp_try(cli_totp_search_t *s, const postern_otp_t *entry,
    const char *kind, unsigned i)
{
    int             rc;
    char            name[128];
    size_t          len;
    mfa_otp_t       otp;
    unsigned char   buf[POSTERN_SECRET_MAX];
    postern_str_t   secret;

    snprintf(name, sizeof(name), "%s[%u]%s%.*s%s", kind, i,
             entry->name.len ? " (" : "", (int) entry->name.len,
             entry->name.len ? (const char *) entry->name.data : "",
             entry->name.len ? ")" : "");

    if (cli_totp_open(s, entry, kind, buf, &len) != 0) {
        s->unopened++;
        return -1;
    }

    otp.hash = entry->hash;
    otp.digits = entry->digits;
    otp.period = entry->period;
    secret.data = buf;
    secret.len = len;

    rc = otp.period ? cli_totp_time(s, name, &otp, secret)
                    : cli_totp_counter(s, name, &otp, secret, entry->counter);

    sodium_memzero(buf, sizeof(buf));

    return rc;
}


static int
cli_totp_open(const cli_totp_search_t *s, const postern_otp_t *entry,
    const char *kind, unsigned char *secret, size_t *len)
{
    char            name[3 * POSTERN_NAME_MAX];
    postern_open_e  rc;

    postern_seal_name(name, sizeof(name), s->user->org->name, "users",
                      s->user->name, kind);

    rc = postern_secret_open(s->ring, entry->secret, cli_str(name), secret,
                             len);

    if (rc != POSTERN_OPEN_OK) {
        cli_error("a secret of %s does not open: %s%s", kind,
                  postern_open_text(rc),
                  s->ring ? "" : " (--master-key is missing)");
        return -1;
    }

    return 0;
}


static int
cli_totp_time(const cli_totp_search_t *s, const char *name,
    const mfa_otp_t *otp, postern_str_t secret)
{
    int64_t   off;
    uint64_t  now, from, to, counter;

    mfa_totp_range(otp, s->p->now, 0, &now, &to);
    mfa_totp_range(otp, s->p->now, MFA_OTP_WINDOW_MAX, &from, &to);

    if (!mfa_otp_match(otp, secret, s->code, from, to, &counter)) {
        return -1;
    }

    off = (int64_t) counter - (int64_t) now;

    if (off == 0) {
        printf("yes: %s, the code of this very time\n", name);
        return CLI_OK;
    }

    printf("%s: %s, %lld step%s of %u seconds %s\n",
           off >= -CLI_TOTP_WINDOW && off <= CLI_TOTP_WINDOW ? "yes" : "no",
           name, (long long) (off < 0 ? -off : off),
           off == 1 || off == -1 ? "" : "s", otp->period,
           off < 0 ? "behind" : "ahead");

    if (off >= -CLI_TOTP_WINDOW && off <= CLI_TOTP_WINDOW) {
        return CLI_OK;
    }

    puts("    the clock of the device is wrong, or the one of this machine");

    return CLI_FAILED;
}


static int
cli_totp_counter(const cli_totp_search_t *s, const char *name,
    const mfa_otp_t *otp, postern_str_t secret, uint64_t counter)
{
    uint64_t  found;

    if (!mfa_otp_match(otp, secret, s->code, counter,
                       counter + MFA_OTP_LOOK_MAX, &found))
    {
        return -1;
    }

    printf("yes: %s, the code of counter %llu, %llu behind the directory's\n"
           "    what the gateway has seen since, it keeps beside the "
           "directory\n", name, (unsigned long long) found,
           (unsigned long long) (found - counter));

    return CLI_OK;
}
