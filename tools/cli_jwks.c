
/*
 * --jwks: a set of keys beside the directory.  ORG=FILE is the short form; the
 * long one is what "postern_jwks" takes in nginx.conf, so that the line of
 * there can be given as it is.
 */


#include <string.h>

#include "cli_jwks.h"


#define CLI_JWKS_BLANKS  " \t\r\n"


static int cli_jwks_directive(cli_jwks_t *j, const char *command, char *text);
static int cli_jwks_argument(cli_jwks_t *j, const char *command, char *word);
static int cli_jwks_roles(cli_jwks_t *j, const char *command, char *list);
static int cli_jwks_schemes(cli_jwks_t *j, const char *command, char *list);
static int cli_jwks_networks(cli_jwks_t *j, const char *command, char *list);
static int cli_jwks_entries(const char *command, const char *name,
    uint32_t n);


int
cli_jwks_add(cli_jwks_t *j, const char *command, const char *arg)
{
    int    rc;
    char  *text, *equals;

    if (j->n == CLI_JWKS_MAX) {
        return cli_usage(command, "more than %d --jwks", CLI_JWKS_MAX);
    }

    text = cli_alloc(strlen(arg) + 1);
    memcpy(text, arg, strlen(arg) + 1);
    j->texts[j->n] = text;
    equals = strchr(text, '=');

    rc = -1;

    if (strstr(text, " org=") || strstr(text, "\torg=")) {
        rc = cli_jwks_directive(j, command, text);

    } else if (equals == NULL || equals == text || equals[1] == '\0') {
        rc = cli_usage(command, "--jwks must be ORG=FILE, or what postern_jwks "
                       "has: \"FILE org=NAME ...\"");

    } else {
        *equals = '\0';
        j->sets[j->n].org = cli_str(text);
        j->files[j->n] = equals + 1;
    }

    j->n++;

    return rc;
}


/* with the directive's name in front and the semicolon behind, or without */

static int
cli_jwks_directive(cli_jwks_t *j, const char *command, char *text)
{
    int    rc;
    char  *word, *last;

    word = text + strlen(text);

    while (word > text && strchr(CLI_JWKS_BLANKS ";", word[-1])) {
        *--word = '\0';
    }

    word = strtok_r(text, CLI_JWKS_BLANKS, &last);

    if (word && strcmp(word, "postern_jwks") == 0) {
        word = strtok_r(NULL, CLI_JWKS_BLANKS, &last);
    }

    j->files[j->n] = word;

    for ( ;; ) {
        word = strtok_r(NULL, CLI_JWKS_BLANKS, &last);

        if (word == NULL) {
            break;
        }

        rc = cli_jwks_argument(j, command, word);

        if (rc != -1) {
            return rc;
        }
    }

    return j->sets[j->n].org.len ? -1
           : cli_usage(command, "--jwks has no name behind \"org=\"");
}


static int
cli_jwks_argument(cli_jwks_t *j, const char *command, char *word)
{
    postern_jwks_t  *set;

    set = &j->sets[j->n];

    if (strncmp(word, "org=", 4) == 0) {
        set->org = cli_str(word + 4);
        return -1;
    }

    if (strncmp(word, "roles=", 6) == 0) {
        return cli_jwks_roles(j, command, word + 6);
    }

    if (strncmp(word, "schemes=", 8) == 0) {
        return cli_jwks_schemes(j, command, word + 8);
    }

    if (strncmp(word, "networks=", 9) == 0) {
        return cli_jwks_networks(j, command, word + 9);
    }

    if (strcmp(word, "id=thumbprint") == 0) {
        set->thumbprint = 1;
        return -1;
    }

    return cli_usage(command, "--jwks: \"%.60s\" is none of org=, roles=, "
                     "schemes=, networks= and id=thumbprint", word);
}


static int
cli_jwks_roles(cli_jwks_t *j, const char *command, char *list)
{
    char            *name, *last;
    postern_jwks_t  *set;

    set = &j->sets[j->n];
    set->roles = j->roles[j->n];

    for (name = strtok_r(list, ",", &last);
         name && set->nroles < CLI_JWKS_LIST;
         name = strtok_r(NULL, ",", &last))
    {
        j->roles[j->n][set->nroles++] = cli_str(name);
    }

    return cli_jwks_entries(command, "roles=", name ? 0 : set->nroles);
}


/* which ones a set can have: ngx_http_postern_jwks.c */

static int
cli_jwks_schemes(cli_jwks_t *j, const char *command, char *list)
{
    char            *name, *last;
    unsigned         scheme;
    postern_jwks_t  *set;

    set = &j->sets[j->n];

    for (name = strtok_r(list, ",", &last);
         name;
         name = strtok_r(NULL, ",", &last))
    {
        scheme = postern_scheme_parse(cli_str(name));

        if (!(scheme & (POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE
                        |POSTERN_SCHEME_WEBHOOK)))
        {
            return cli_usage(command, "--jwks: keys of a set serve rfc9421, "
                             "cavage or webhook, not \"%.40s\"", name);
        }

        set->schemes |= scheme;
    }

    return cli_jwks_entries(command, "schemes=", set->schemes);
}


static int
cli_jwks_networks(cli_jwks_t *j, const char *command, char *list)
{
    char            *text, *last;
    const char      *fault;
    postern_jwks_t  *set;

    set = &j->sets[j->n];
    set->networks = j->networks[j->n];

    for (text = strtok_r(list, ",", &last);
         text && set->nnetworks < CLI_JWKS_LIST;
         text = strtok_r(NULL, ",", &last))
    {
        fault = postern_network_parse(cli_str(text),
                                      &j->networks[j->n][set->nnetworks++]);

        if (fault) {
            return cli_usage(command, "--jwks: \"%.60s\" %s", text, fault);
        }
    }

    return cli_jwks_entries(command, "networks=", text ? 0 : set->nnetworks);
}


static int
cli_jwks_entries(const char *command, const char *name, uint32_t n)
{
    return n ? -1 : cli_usage(command, "--jwks needs 1 to %d entries in "
                              "\"%s\", parted by commas", CLI_JWKS_LIST, name);
}


postern_directory_t *
cli_jwks_directory(cli_jwks_t *j, const char *name)
{
    return cli_directory_sets(name, j->sets, j->files, j->n);
}


void
cli_jwks_free(cli_jwks_t *j)
{
    uint32_t  i;

    for (i = 0; i < j->n; i++) {
        free(j->texts[i]);
    }
}
