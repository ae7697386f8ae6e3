
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_directory.h"


#define NGX_HTTP_POSTERN_JWKS_LIST  64    /* entries of an argument */


typedef struct {
    ngx_str_t    name;
    char      *(*set)(ngx_conf_t *cf, postern_jwks_t *set, ngx_str_t *value);
} ngx_http_postern_jwks_arg_t;


static char *ngx_http_postern_jwks_arg(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *arg);
static char *ngx_http_postern_jwks_org(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value);
static char *ngx_http_postern_jwks_roles(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value);
static char *ngx_http_postern_jwks_schemes(ngx_conf_t *cf,
    postern_jwks_t *set, ngx_str_t *value);
static char *ngx_http_postern_jwks_networks(ngx_conf_t *cf,
    postern_jwks_t *set, ngx_str_t *value);
static char *ngx_http_postern_jwks_id(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value);
static ngx_uint_t ngx_http_postern_jwks_next(ngx_str_t *list,
    ngx_str_t *entry);


static const ngx_http_postern_jwks_arg_t  ngx_http_postern_jwks_args[] = {
    { ngx_string("org="), ngx_http_postern_jwks_org },
    { ngx_string("roles="), ngx_http_postern_jwks_roles },
    { ngx_string("schemes="), ngx_http_postern_jwks_schemes },
    { ngx_string("networks="), ngx_http_postern_jwks_networks },
    { ngx_string("id="), ngx_http_postern_jwks_id },
    { ngx_null_string, NULL }
};


char *
ngx_http_postern_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    char                               *rv;
    ngx_str_t                          *value;
    ngx_uint_t                          i;
    ngx_http_postern_jwks_t            *jwks;
    ngx_http_postern_directory_conf_t  *dcf;

    dcf = (ngx_http_postern_directory_conf_t *) (p + cmd->offset);
    value = cf->args->elts;

    if (dcf->jwks == NULL) {
        dcf->jwks = ngx_array_create(cf->pool, 2,
                                     sizeof(ngx_http_postern_jwks_t));
        if (dcf->jwks == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    jwks = ngx_array_push(dcf->jwks);
    if (jwks == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(jwks, sizeof(ngx_http_postern_jwks_t));

    jwks->file = value[1];

    if (jwks->file.len == 0) {
        return "needs the name of a file";
    }

    if (ngx_conf_full_name(cf->cycle, &jwks->file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_postern_jwks_arg(cf, &jwks->set, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (jwks->set.org.len == 0) {
        return "needs \"org=\", the organization that the keys belong to";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_jwks_arg(ngx_conf_t *cf, postern_jwks_t *set, ngx_str_t *arg)
{
    ngx_str_t                           value;
    const ngx_http_postern_jwks_arg_t  *known;

    for (known = ngx_http_postern_jwks_args; known->name.len; known++) {

        if (arg->len > known->name.len
            && ngx_strncmp(arg->data, known->name.data, known->name.len) == 0)
        {
            value.data = arg->data + known->name.len;
            value.len = arg->len - known->name.len;

            /* cppcheck-suppress returnDanglingLifetime ; the message lasts */
            return known->set(cf, set, &value);
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\", known are \"org=name\", "
                       "\"roles=name,...\", \"schemes=name,...\", "
                       "\"networks=cidr,...\" and \"id=thumbprint\"", arg);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_postern_jwks_org(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value)
{
    if (set->org.len) {
        return "has \"org=\" twice";
    }

    set->org = ngx_http_postern_slice(*value);

    return NGX_CONF_OK;
}


/* looked up in the directory whenever that is read */

static char *
ngx_http_postern_jwks_roles(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value)
{
    ngx_str_t       entry;
    postern_str_t  *roles;

    if (set->nroles) {
        return "has \"roles=\" twice";
    }

    roles = ngx_palloc(cf->pool,
                       NGX_HTTP_POSTERN_JWKS_LIST * sizeof(postern_str_t));
    if (roles == NULL) {
        return NGX_CONF_ERROR;
    }

    while (ngx_http_postern_jwks_next(value, &entry)) {

        if (entry.len == 0 || set->nroles == NGX_HTTP_POSTERN_JWKS_LIST) {
            return "needs 1 to 64 names in \"roles=\", parted by commas";
        }

        roles[set->nroles++] = ngx_http_postern_slice(entry);
    }

    set->roles = roles;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_jwks_schemes(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value)
{
    unsigned   scheme;
    ngx_str_t  entry;

    if (set->schemes) {
        return "has \"schemes=\" twice";
    }

    while (ngx_http_postern_jwks_next(value, &entry)) {
        scheme = postern_scheme_parse(ngx_http_postern_slice(entry));

        if (!(scheme & (POSTERN_SCHEME_RFC9421|POSTERN_SCHEME_CAVAGE
                        |POSTERN_SCHEME_WEBHOOK)))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid scheme \"%V\": keys of a set serve "
                               "rfc9421, cavage or webhook", &entry);
            return NGX_CONF_ERROR;
        }

        set->schemes |= scheme;
    }

    if ((set->schemes & POSTERN_SCHEME_WEBHOOK)
        && set->schemes != POSTERN_SCHEME_WEBHOOK)
    {
        return "has keys for \"webhook\" and another scheme: those of a "
               "webhook are for nothing else";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_jwks_networks(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value)
{
    const char         *fault;
    ngx_str_t           entry;
    postern_network_t  *networks;

    if (set->nnetworks) {
        return "has \"networks=\" twice";
    }

    networks = ngx_palloc(cf->pool, NGX_HTTP_POSTERN_JWKS_LIST
                                    * sizeof(postern_network_t));
    if (networks == NULL) {
        return NGX_CONF_ERROR;
    }

    while (ngx_http_postern_jwks_next(value, &entry)) {

        if (set->nnetworks == NGX_HTTP_POSTERN_JWKS_LIST) {
            return "names more than 64 networks";
        }

        fault = postern_network_parse(ngx_http_postern_slice(entry),
                                      &networks[set->nnetworks]);
        if (fault) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", &entry,
                               fault);
            return NGX_CONF_ERROR;
        }

        set->nnetworks++;
    }

    set->networks = networks;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_jwks_id(ngx_conf_t *cf, postern_jwks_t *set,
    ngx_str_t *value)
{
    if (!postern_str_is(*value, "thumbprint")) {
        return "knows but one \"id=\": \"id=thumbprint\"";
    }

    set->thumbprint = 1;

    return NGX_CONF_OK;
}


/* takes the next of a list from its front; the last one leaves a list with no
   data */

static ngx_uint_t
ngx_http_postern_jwks_next(ngx_str_t *list, ngx_str_t *entry)
{
    u_char  *comma;

    if (list->data == NULL) {
        return 0;
    }

    comma = ngx_strlchr(list->data, list->data + list->len, ',');

    *entry = *list;

    if (comma == NULL) {
        ngx_str_null(list);
        return 1;
    }

    entry->len = comma - list->data;
    list->len -= entry->len + 1;
    list->data = comma + 1;

    return 1;
}
