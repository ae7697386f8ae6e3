
/*
 * postern key: makes a signing key, the member for the directory and what the
 * client keeps; or the member for a key that is there already.
 */


#include <sodium.h>

#include "cli_key.h"
#include "postern_directory_parse.h"
#include "postern_jwk.h"


static int cli_key_options(int argc, char **argv, cli_key_t *k);
static int cli_key_list(const char *command, cli_key_list_t *list,
    const char *name);
static int cli_key_check(cli_key_t *k, const char *command, const char *alg);
static int cli_key_check_files(const cli_key_t *k, const char *command);
static json_t *cli_key_member(const cli_key_t *k, const json_t *material);
static json_t *cli_key_strings(const cli_key_list_t *list);
static json_t *cli_key_subject(const cli_key_list_t *list);
static int cli_key_parse(cli_key_t *k, json_t *member, int jwk);
static json_t *cli_key_document(const cli_key_t *k, json_t *member);
static int cli_key_jwk(const postern_key_t *key);
static void cli_key_print(const cli_key_t *k, json_t *member);
static void cli_key_records(const cli_key_t *k, json_t *member);
static void cli_key_quoted(const char *text);
static void cli_key_help(void);


static const struct option  cli_key_long[] = {
    { "org",        required_argument, NULL, 'o' },
    { "id",         required_argument, NULL, 'i' },
    { "algorithm",  required_argument, NULL, 'a' },
    { "user",       required_argument, NULL, 'u' },
    { "role",       required_argument, NULL, 'r' },
    { "scheme",     required_argument, NULL, 's' },
    { "rate",       required_argument, NULL, 't' },
    { "not-before", required_argument, NULL, 'b' },
    { "not-after",  required_argument, NULL, 'n' },
    { "principal",  required_argument, NULL, 'p' },
    { "subject",    required_argument, NULL, 'j' },
    { "master-key", required_argument, NULL, 'm' },
    { "public",     required_argument, NULL, 'k' },
    { "crl",        required_argument, NULL, 'c' },
    { "out",        required_argument, NULL, 'f' },
    { "outward",    no_argument,       NULL, 'w' },
    { "jwk",        no_argument,       NULL, 'J' },
    { "redis",      no_argument,       NULL, 'R' },
    { "prefix",     required_argument, NULL, 'x' },
    { "help",       no_argument,       NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


int
cli_key(int argc, char **argv)
{
    int          rc, hmac;
    char         out[2 * POSTERN_NAME_MAX];
    json_t      *material, *member;
    cli_key_t    k;

    memset(&k, 0, sizeof(k));

    rc = cli_key_options(argc, argv, &k);
    if (rc != -1) {
        return rc;
    }

    hmac = postern_alg_is_hmac(k.alg);

    if (k.out == NULL) {
        snprintf(out, sizeof(out), "%s.%s", k.id, hmac ? "secret" : "pem");
        k.out = out;
    }

    /* what the options say is looked at before anything is made */

    member = cli_key_member(&k, NULL);
    rc = k.public ? 0 : cli_key_parse(&k, member, 0);
    json_decref(member);

    material = json_object();

    if (rc == 0) {
        rc = cli_key_make(&k, material);
    }

    if (rc == 0) {
        member = cli_key_member(&k, material);
        rc = cli_key_parse(&k, member, k.jwk);

        if (rc == 0 && k.redis) {
            cli_key_records(&k, member);

        } else if (rc == 0 && !k.jwk) {
            cli_key_print(&k, member);
        }

        json_decref(member);
    }

    json_decref(material);

    if (rc == 0 && !k.public && !k.outward) {
        fflush(stdout);
        fprintf(stderr, "postern: the client's %s is in %s\n",
                hmac ? "secret" : "private key", k.out);
    }

    return rc == 0 ? CLI_OK : CLI_FAILED;
}


/* -1: go on */

static int
cli_key_options(int argc, char **argv, cli_key_t *k)
{
    int          c, rc;
    const char  *alg;

    const cli_value_t  values[] = {
        { 'o', &k->org },
        { 'i', &k->id },
        { 'a', &alg },
        { 'u', &k->user },
        { 't', &k->rate },
        { 'b', &k->not_before },
        { 'n', &k->not_after },
        { 'm', &k->ring_file },
        { 'k', &k->public },
        { 'c', &k->crl },
        { 'f', &k->out },
        { 'x', &k->prefix },
        { 0, NULL }
    };

    alg = NULL;
    opterr = 0;
    rc = 0;

    while (rc == 0
           && (c = getopt_long(argc, argv, ":h", cli_key_long,
                              NULL)) != -1)
    {
        switch (c) {

        case 'r':
            rc = cli_key_list(argv[0], &k->roles, "roles");
            break;

        case 's':
            rc = cli_key_list(argv[0], &k->schemes, "schemes");
            break;

        case 'p':
            rc = cli_key_list(argv[0], &k->principals, "principals");
            break;

        case 'j':
            rc = cli_key_list(argv[0], &k->subject, "attributes");
            break;

        case 'w':
            k->outward = 1;
            break;

        case 'J':
            k->jwk = 1;
            break;

        case 'R':
            k->redis = 1;
            break;

        case 'h':
            cli_key_help();
            return CLI_OK;

        default:
            if (!cli_value(values, c)) {
                return cli_bad_option(argv, c);
            }

            break;
        }
    }

    if (rc != 0) {
        return rc;
    }

    if (optind < argc) {
        return cli_usage(argv[0], "unexpected argument \"%s\"", argv[optind]);
    }

    rc = cli_key_check(k, argv[0], alg);

    return rc == -1 ? cli_key_check_files(k, argv[0]) : rc;
}


static int
cli_key_list(const char *command, cli_key_list_t *list, const char *name)
{
    if (list->n == CLI_KEY_LIST) {
        return cli_usage(command, "more than %d %s", CLI_KEY_LIST, name);
    }

    list->value[list->n++] = optarg;

    return 0;
}


static int
cli_key_check(cli_key_t *k, const char *command, const char *alg)
{
    int64_t   time;
    uint32_t  rate, period;

    if (k->org == NULL || k->id == NULL || alg == NULL) {
        return cli_usage(command, "%s is missing",
                         k->org == NULL ? "--org"
                         : k->id == NULL ? "--id" : "--algorithm");
    }

    if (!cli_name_valid(k->org) || !cli_name_valid(k->id)) {
        return cli_usage(command, "%s must be a name of 1 to %d characters, "
                         "without blanks, quotes and slashes",
                         cli_name_valid(k->org) ? "--id" : "--org",
                         POSTERN_NAME_MAX);
    }

    k->alg = postern_alg_parse(cli_str(alg));

    if (k->alg == 0) {
        return cli_usage(command, "--algorithm must be hmac-sha256, "
                         "hmac-sha384, hmac-sha512, ed25519, "
                         "ecdsa-p256-sha256, ecdsa-p384-sha384, "
                         "rsa-pss-sha512, rsa-v1_5-sha256, ssh, ssh-ca, x509 "
                         "or x509-ca");
    }

    /* nobody signs requests with nginx's own key, so it needs no roles */

    if ((k->user != NULL) == (k->roles.n != 0) && (k->user || !k->outward)) {
        return cli_usage(command, "a key has either --user, whose roles it "
                         "has then, or --role, once or more; one with "
                         "--outward may have neither");
    }

    if ((k->not_after && postern_time_parse(cli_str(k->not_after), &time) != 0)
        || (k->not_before
            && postern_time_parse(cli_str(k->not_before), &time) != 0))
    {
        return cli_usage(command, "%s must be a time like "
                         "2027-01-01T00:00:00Z",
                         k->not_after
                         && postern_time_parse(cli_str(k->not_after), &time)
                            != 0 ? "--not-after" : "--not-before");
    }

    if (k->rate
        && postern_rate_parse(cli_str(k->rate), &rate, &period) != 0)
    {
        return cli_usage(command, "--rate must be like 100/s, 6000/m or "
                         "50000/h");
    }

    return -1;
}


static int
cli_key_check_files(const cli_key_t *k, const char *command)
{
    int  hmac, made;

    hmac = postern_alg_is_hmac(k->alg);
    made = hmac || k->alg < POSTERN_ALG_SSH;

    if (!made && k->public == NULL) {
        return cli_usage(command, "--public is missing: the %s",
                         postern_alg_schemes(k->alg) == POSTERN_SCHEME_MTLS
                         ? "certificate" : ".pub file of the key, which "
                                           "ssh-keygen makes");
    }

    if (hmac && k->public) {
        return cli_usage(command, "--public is for the other algorithms: of "
                         "an HMAC both sides have the secret");
    }

    if (k->jwk && (hmac || !made)) {
        return cli_usage(command, "--jwk is for ed25519, ecdsa-* and rsa-*: "
                         "other keys have no public JWK");
    }

    if (k->outward && (hmac || !made || k->public || k->out || k->jwk)) {
        return cli_usage(command, "--outward makes a pair of ed25519, ecdsa-* "
                         "or rsa-* whose private half is in the directory "
                         "alone");
    }

    if (k->ring_file && !hmac && !k->outward) {
        return cli_usage(command, "--master-key is for hmac-* and for "
                         "--outward: of the other algorithms the directory "
                         "holds nothing secret");
    }

    if (k->redis && k->jwk) {
        return cli_usage(command, "--redis and --jwk print two things: of a "
                         "JWK nothing is looked up there");
    }

    if (k->prefix && !k->redis) {
        return cli_usage(command, "--prefix is of keys in Redis: it goes with "
                         "--redis");
    }

    if (k->prefix && strpbrk(k->prefix, "{}'\n")) {
        return cli_usage(command, "--prefix must have no braces, quotes and "
                         "line breaks");
    }

    if (k->redis && (hmac || k->outward) && k->ring_file == NULL) {
        return cli_usage(command, "--redis needs --master-key: a secret in "
                         "Redis must be sealed");
    }

    if (k->redis && !postern_directory_key_id(cli_str(k->id))) {
        return cli_usage(command, "--id must have no braces, which mark what "
                         "Redis Cluster keeps together");
    }

    if (k->out && k->public) {
        return cli_usage(command, "--out is for keys that are made here, and "
                         "this one is given");
    }

    return -1;
}


static json_t *
cli_key_member(const cli_key_t *k, const json_t *material)
{
    json_t         *member;
    postern_str_t   alg;

    member = json_object();

    if (k->user) {
        json_object_set_new(member, "user", json_string(k->user));

    } else {
        json_object_set_new(member, "roles", cli_key_strings(&k->roles));
    }

    alg = postern_alg_name(k->alg);
    json_object_set_new(member, "algorithm",
                        json_stringn((const char *) alg.data, alg.len));

    if (material) {
        json_object_update(member, (json_t *) material);
    }

    if (k->principals.n) {
        json_object_set_new(member, "principals",
                            cli_key_strings(&k->principals));
    }

    if (k->subject.n) {
        json_object_set_new(member, "subject", cli_key_subject(&k->subject));
    }

    if (k->schemes.n) {
        json_object_set_new(member, "schemes", cli_key_strings(&k->schemes));
    }

    if (k->rate) {
        json_object_set_new(member, "rate", json_string(k->rate));
    }

    if (k->not_before) {
        json_object_set_new(member, "not_before", json_string(k->not_before));
    }

    if (k->not_after) {
        json_object_set_new(member, "not_after", json_string(k->not_after));
    }

    return member;
}


static json_t *
cli_key_strings(const cli_key_list_t *list)
{
    size_t   i;
    json_t  *array;

    array = json_array();

    for (i = 0; i < list->n; i++) {
        json_array_append_new(array, json_string(list->value[i]));
    }

    return array;
}


/* NAME=VALUE; without "=" the directory says what is wrong */

static json_t *
cli_key_subject(const cli_key_list_t *list)
{
    char         name[POSTERN_NAME_MAX];
    size_t       i;
    json_t      *object;
    const char  *equals;

    object = json_object();

    for (i = 0; i < list->n; i++) {
        equals = strchr(list->value[i], '=');

        snprintf(name, sizeof(name), "%.*s",
                 equals ? (int) (equals - list->value[i])
                        : (int) strlen(list->value[i]), list->value[i]);

        json_object_set_new(object, name,
                            json_string(equals ? equals + 1 : ""));
    }

    return object;
}


/* in a document of its own, as nginx would read it; what is not there yet is
   something of its kind */

static int
cli_key_parse(cli_key_t *k, json_t *member, int jwk)
{
    int                   rc;
    char                 *text, *fault;
    json_t               *document;
    postern_error_t       err;
    postern_directory_t  *dir;

    document = cli_key_document(k, member);
    text = json_dumps(document, JSON_COMPACT);
    json_decref(document);

    if (text == NULL) {
        cli_error("an option is not valid UTF-8");
        return -1;
    }

    dir = postern_directory_parse(cli_str(text), &err);

    sodium_memzero(text, strlen(text));
    free(text);

    if (dir == NULL) {

        /* before there is a key, the options alone were looked at */

        fault = strrchr(err.path, '.');

        if (strstr(err.text, " must have \"secret\"")
            || strstr(err.text, " must have \"public_key\""))
        {
            return 0;
        }

        cli_error("%s%s%s", fault ? fault + 1 : "", fault ? ": " : "",
                  err.text);
        return -1;
    }

    rc = jwk ? cli_key_jwk(&dir->keys[0]) : 0;
    k->nnames = postern_directory_names(&dir->keys[0], k->names);

    postern_directory_destroy(dir);

    return rc;
}


static json_t *
cli_key_document(const cli_key_t *k, json_t *member)
{
    size_t   i;
    json_t  *keys, *org, *orgs, *users, *roles, *document;

    keys = json_object();
    users = json_object();
    roles = json_object();
    org = json_object();
    orgs = json_object();
    document = json_object();

    json_object_set(keys, k->id, member);

    if (k->user) {
        json_object_set_new(users, k->user, json_object());
    }

    for (i = 0; i < k->roles.n; i++) {
        json_object_set_new(roles, k->roles.value[i], json_object());
    }

    json_object_set_new(org, "users", users);
    json_object_set_new(org, "roles", roles);
    json_object_set_new(org, "keys", keys);
    json_object_set_new(orgs, k->org, org);
    json_object_set_new(document, "version", json_integer(1));
    json_object_set_new(document, "organizations", orgs);

    return document;
}


/* RFC 7517, with the thumbprint for an id: what a key directory of Web Bot
   Auth holds */

static int
cli_key_jwk(const postern_key_t *key)
{
    char     text[POSTERN_JWK_MAX], id[POSTERN_THUMBPRINT_LEN + 1];
    json_t  *jwk;

    if (postern_jwk_write(key->algorithm, key->public_key, text, sizeof(text))
        == 0
        || postern_jwk_thumbprint(key->algorithm, key->public_key, id) != 0)
    {
        return cli_error("the key has no public JWK");
    }

    jwk = json_loads(text, 0, NULL);

    json_object_set_new(jwk, "kid", json_string(id));
    json_object_set_new(jwk, "alg",
                        json_string(postern_jwk_alg(key->algorithm)));
    json_object_set_new(jwk, "use", json_string("sig"));

    json_dumpf(jwk, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(jwk);

    return 0;
}


static void
cli_key_print(const cli_key_t *k, json_t *member)
{
    json_t  *all;

    all = json_object();
    json_object_set(all, k->id, member);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}


/*
 * Lines for redis-cli: the key, and what leads to it where requests do not name
 * it.  Several keys may have one fingerprint or issuer, so that these are
 * appended; one that is there twice counts once.
 */

static void
cli_key_records(const cli_key_t *k, json_t *member)
{
    char        *text;
    size_t       i;
    json_t      *record;
    const char  *prefix;

    prefix = k->prefix ? k->prefix : "postern:";

    record = json_object();
    json_object_set_new(record, "org", json_string(k->org));
    json_object_update(record, member);

    text = json_dumps(record, 0);
    json_decref(record);

    printf("SET '%skey:{%s}' ", prefix, k->id);
    cli_key_quoted(text);
    free(text);

    for (i = 0; i < k->nnames; i++) {
        printf("APPEND '%skey:%s:{%.*s}' ' %s'\n", prefix,
               k->names[i].by == POSTERN_BY_ISSUER ? "issuer" : "fingerprint",
               (int) k->names[i].len, (const char *) k->names[i].text, k->id);
    }

    fflush(stdout);
    fprintf(stderr, "postern: redis-cli takes %s\n",
            k->nnames ? "these lines" : "this line");
}


/* between single quotes redis-cli takes all for itself but these */

static void
cli_key_quoted(const char *text)
{
    putchar('\'');

    for ( /* void */ ; *text; text++) {

        if (*text == '\'') {
            putchar('\\');
        }

        putchar(*text);
    }

    puts("'");
}


static void
cli_key_help(void)
{
    puts(
"NAME\n"
"    postern key - make a signing key, both sides of it\n"
"\n"
"SYNOPSIS\n"
"    postern key --org ORG --id ID --algorithm ALGORITHM\n"
"                {--user NAME | --role ROLE...} [--scheme NAME...]\n"
"                [--rate RATE] [--not-before TIME] [--not-after TIME]\n"
"                [--master-key FILE] [--out FILE | --outward]\n"
"                [--jwk | --redis [--prefix TEXT]]\n"
"    postern key ... --public FILE [--crl FILE] [--principal NAME...]\n"
"                [--subject NAME=VALUE...]\n"
"\n"
"DESCRIPTION\n"
"    Makes a key and prints the gateway's side of it as a JSON object, to be\n"
"    merged into \"keys\" of the organization.  The client's side, the secret\n"
"    or the private key, goes to a new file of mode 0600 and is printed\n"
"    nowhere.  Of a key that is there already, --public names the public\n"
"    half.\n"
"\n"
"OPTIONS\n"
"    --org ORG            the organization; a sealed secret is bound to it\n"
"    --id ID              the key's id, unique in the directory\n"
"    --algorithm NAME     hmac-sha256 (also for AWS SigV4: curl --aws-sigv4),\n"
"                         hmac-sha384, hmac-sha512, ed25519,\n"
"                         ecdsa-p256-sha256, ecdsa-p384-sha384,\n"
"                         rsa-pss-sha512, rsa-v1_5-sha256 (3072 bits);\n"
"                         with --public also ssh, ssh-ca, x509, x509-ca\n"
"    --user NAME          whose key it is; it acts with that user's roles\n"
"    --role ROLE          a role of a key that is its own subject; repeatable\n"
"    --scheme NAME        a scheme it is for: rfc9421, sigv4, sigv4a, cavage,\n"
"                         enos, webhook, sshsig, mtls; repeatable; without\n"
"                         it, all that suit but enos and webhook\n"
"    --rate RATE          how many requests it may sign: 100/s, 6000/m,\n"
"                         50000/h\n"
"    --not-before TIME    from when it is valid: 2027-01-01T00:00:00Z\n"
"    --not-after TIME     until when it is valid\n"
"    --master-key FILE    seal what is secret; without it that is written as\n"
"                         \"plain:\", for first steps only\n"
"    --out FILE           where the client's side goes: ID.secret or ID.pem\n"
"                         where it is left out; an existing file is never\n"
"                         overwritten\n"
"    --outward            the key is nginx's own, to sign with: the private\n"
"                         half becomes \"private_key\" of the directory and\n"
"                         goes to no file\n"
"    --jwk                print the public half as a JWK whose \"kid\" is its\n"
"                         thumbprint (RFC 7638) instead of the member\n"
"    --redis              print what redis-cli is to be told instead of the\n"
"                         member: the record postern:key:{ID}, and those by\n"
"                         which an ssh, ssh-ca, x509 or x509-ca key is found\n"
"                         (postern_keys)\n"
"    --prefix TEXT        of the keys in Redis: prefix= of postern_redis;\n"
"                         postern: where it is left out\n"
"    --public FILE        the public half: PEM; the .pub file of an ssh or\n"
"                         ssh-ca key; the certificate of an x509 or x509-ca\n"
"                         one\n"
"    --crl FILE           revocation lists, of x509 and x509-ca\n"
"    --principal NAME     of ssh-ca: whom certificates may speak for;\n"
"                         repeatable\n"
"    --subject NAME=VALUE of x509-ca: what must be in a certificate: CN, OU,\n"
"                         O, dns, email or uri; VALUE * is any; repeatable\n"
"    --help               this text\n"
"\n"
"EXAMPLES\n"
"    postern key --org acme --id AK1 --algorithm hmac-sha256 --user alice \\\n"
"        --master-key postern.key > AK1.json\n"
"    jq --slurpfile k AK1.json '.organizations.acme.keys += $k[0]' \\\n"
"        postern.json > new.json && postern check new.json\n"
"    postern key --org acme --id robot-7 --algorithm ed25519 --role viewer\n"
"    postern key --org acme --id AK2 --algorithm hmac-sha256 --user alice \\\n"
"        --master-key postern.key --redis | redis-cli\n"
"    postern key --org acme --id laptop --algorithm ssh --user alice \\\n"
"        --public ~/.ssh/id_ed25519.pub\n"
"    postern key --org acme --id devices --algorithm x509-ca --role device \\\n"
"        --public ca.pem --crl ca.crl --subject O=Acme --subject 'CN=*' \\\n"
"        --redis | redis-cli\n"
"\n"
"EXIT STATUS\n"
"    0 done, 1 failed, 2 wrong call\n"
"\n"
"SEE ALSO\n"
"    postern sign, postern check");
}
