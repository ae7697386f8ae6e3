
/*
 * postern master-key: makes a key of the key ring.
 */


#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include <sodium.h>

#include "cli.h"


static void cli_master_key_help(void);
static int cli_master_key_id_valid(const char *id);
static int cli_master_key_add(const char *name, const char *id,
    const char *line);
static int cli_master_key_load(const char *name, postern_str_t *old);


int
cli_master_key(int argc, char **argv)
{
    int             c, rc;
    char            id[POSTERN_RING_ID_MAX + 1], today[16];
    char            line[POSTERN_RING_ID_MAX + 80], b64[64];
    time_t          now;
    const char     *add, *given;
    unsigned char   key[32];

    static const struct option  options[] = {
        { "id",   required_argument, NULL, 'i' },
        { "add",  required_argument, NULL, 'a' },
        { "help", no_argument,       NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    add = NULL;
    given = NULL;
    opterr = 0;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {

        switch (c) {

        case 'i':
            given = optarg;
            break;

        case 'a':
            add = optarg;
            break;

        case 'h':
            cli_master_key_help();
            return CLI_OK;

        default:
            return cli_bad_option(argv, c);
        }
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument \"%s\"", argv[optind]);
    }

    if (given && !cli_master_key_id_valid(given)) {
        return cli_usage(argv[0], "--id must be 1 to %d letters, digits, "
                         "\".\", \"_\" and \"-\"", POSTERN_RING_ID_MAX);
    }

    if (given) {
        snprintf(id, sizeof(id), "%s", given);

    } else {
        now = time(NULL);
        strftime(today, sizeof(today), "%Y%m%d", gmtime(&now));
        snprintf(id, sizeof(id), "%s-%04x", today,
                 randombytes_uniform(0x10000));
    }

    randombytes_buf(key, sizeof(key));
    sodium_bin2base64(b64, sizeof(b64), key, sizeof(key),
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, sizeof(line), "%s %s\n", id, b64);

    rc = CLI_OK;

    if (add) {
        rc = cli_master_key_add(add, id, line);

    } else {
        fputs(line, stdout);
    }

    sodium_memzero(key, sizeof(key));
    sodium_memzero(b64, sizeof(b64));
    sodium_memzero(line, sizeof(line));

    return rc;
}


static int
cli_master_key_id_valid(const char *id)
{
    size_t  n;

    n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789._-");

    return n >= 1 && n <= POSTERN_RING_ID_MAX && id[n] == '\0';
}


/* the new key goes in front, since the first one seals; the others stay, since
   they open what is sealed already */

static int
cli_master_key_add(const char *name, const char *id, const char *line)
{
    int              rc;
    char            *text;
    size_t           len;
    postern_str_t    old, all;
    postern_ring_t   ring;
    postern_error_t  err;

    if (cli_master_key_load(name, &old) != 0) {
        return CLI_FAILED;
    }

    len = strlen(line);
    text = cli_alloc(len + old.len + 1);
    memcpy(text, line, len);

    if (old.len) {
        memcpy(text + len, old.data, old.len);
    }

    all.data = (unsigned char *) text;
    all.len = len + old.len;

    rc = postern_ring_parse(all, &ring, &err);

    if (rc != 0) {
        cli_error("%s with the new key \"%s\" in front, line %u: %s", name, id,
                  err.line, err.text);

    } else {
        rc = cli_write_secret(name, all, 0);
    }

    if (rc == 0) {
        printf("%s: key \"%s\" seals from now on, %u in all\n", name, id,
               ring.nkeys);
    }

    sodium_memzero(&ring, sizeof(ring));
    cli_free(&old);
    cli_free(&all);

    return rc == 0 ? CLI_OK : CLI_FAILED;
}


static int
cli_master_key_load(const char *name, postern_str_t *old)
{
    struct stat     st;
    postern_ring_t  ring;

    memset(old, 0, sizeof(postern_str_t));

    if (stat(name, &st) == -1) {

        if (errno == ENOENT) {
            return 0;
        }

        cli_error("cannot look at %s: %s", name, strerror(errno));
        return -1;
    }

    if (st.st_size == 0) {
        return 0;
    }

    /* refuses a file that is open to others or damaged */

    if (cli_ring(name, &ring) != 0) {
        return -1;
    }

    sodium_memzero(&ring, sizeof(ring));

    return cli_read(name, POSTERN_RING_MAX_FILE, old);
}


static void
cli_master_key_help(void)
{
    puts(
"NAME\n"
"    postern master-key - make a key that seals secrets\n"
"\n"
"SYNOPSIS\n"
"    postern master-key [--id ID] --add FILE\n"
"    postern master-key [--id ID]\n"
"\n"
"DESCRIPTION\n"
"    Makes 32 random bytes into a master key, for the file that the directive\n"
"    postern_master_key names.  The first key of that file seals, all of them\n"
"    open: to rotate, add a key, seal the secrets anew, then "
    "remove the old one.\n"
"\n"
"OPTIONS\n"
"    --add FILE   put the key in front of those in FILE, which is "
    "created where\n"
"                 it is missing, with mode 0600, and replaced as a whole.\n"
"                 Without it the line is printed.\n"
"    --id ID      the key's name: letters, digits, \".\", \"_\", "
    "\"-\".  Today's\n"
"                 date and a random number where it is left out.\n"
"    --help       this text\n"
"\n"
"EXAMPLES\n"
"    postern master-key --add /etc/nginx/postern.key\n"
"    postern master-key --id 2027 --add /etc/nginx/postern.key\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern seal, postern key");
}
