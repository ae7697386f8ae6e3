
/*
 * The directives that take a list, and the policy that is made of them.
 */


#include "ngx_http_sign_module.h"


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   bit;
} ngx_http_sign_component_t;


static char *ngx_http_sign_add_field(ngx_conf_t *cf, ngx_array_t *fields,
    ngx_str_t *name);
static ngx_int_t ngx_http_sign_challenge(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
static char *ngx_http_sign_policy(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
static unsigned ngx_http_sign_cover(ngx_uint_t listed);
static char *ngx_http_sign_check_coverage(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
static ngx_int_t ngx_http_sign_accept(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf, ngx_uint_t body, ngx_str_t *value);


static ngx_http_sign_component_t  ngx_http_sign_components[] = {
    { ngx_string("@method"), NGX_HTTP_SIGN_LIST_METHOD },
    { ngx_string("@target-uri"), NGX_HTTP_SIGN_LIST_TARGET
                                 |NGX_HTTP_SIGN_LIST_AUTHORITY },
    { ngx_string("@request-target"), NGX_HTTP_SIGN_LIST_TARGET },
    { ngx_string("@path"), NGX_HTTP_SIGN_LIST_PATH },
    { ngx_string("@query"), NGX_HTTP_SIGN_LIST_QUERY },
    { ngx_string("@authority"), NGX_HTTP_SIGN_LIST_AUTHORITY },
    { ngx_string("host"), NGX_HTTP_SIGN_LIST_AUTHORITY },
    { ngx_string("@scheme"), NGX_HTTP_SIGN_LIST_SCHEME },
    { ngx_string("content-digest"), NGX_HTTP_SIGN_LIST_BODY },
    { ngx_null_string, 0 }
};


char *
ngx_http_sign_set_flag(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    return ngx_http_postern_note(cf, &slcf->places) == NGX_OK
           ? ngx_conf_set_flag_slot(cf, cmd, conf) : NGX_CONF_ERROR;
}


char *
ngx_http_sign_set_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    return ngx_http_postern_note(cf, &slcf->places) == NGX_OK
           ? ngx_conf_set_enum_slot(cf, cmd, conf) : NGX_CONF_ERROR;
}


/* sign_insecure_replay [local] [reuse] | off */

char *
ngx_http_sign_set_insecure_replay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    char  *rv;

    if (slcf->insecure_replay) {
        return "is duplicate";
    }

    if (ngx_http_postern_note(cf, &slcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    rv = ngx_conf_set_bitmask_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK
        && (slcf->insecure_replay & NGX_HTTP_SIGN_REPLAY_SET)
        && cf->args->nelts > 2)
    {
        return "takes nothing beside \"off\"";
    }

    return rv;
}


char *
ngx_http_sign_set_schemes(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, bit;

    if (slcf->schemes) {
        return "is duplicate";
    }

    if (ngx_http_postern_note(cf, &slcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        bit = postern_scheme_parse(ngx_http_postern_slice(value[i]));

        if (bit == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown scheme \"%V\" in \"%V\": "
                               "\"rfc9421\", \"sigv4\", \"sigv4a\", "
                               "\"cavage\", \"enos\", \"webhook\", "
                               "\"sshsig\" and \"mtls\" are known",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        if (slcf->schemes & bit) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate scheme \"%V\" in \"%V\"",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        slcf->schemes |= bit;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_sign_set_components(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    char                       *rv;
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_sign_component_t  *c;

    if (slcf->fields != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    slcf->fields = ngx_array_create(cf->pool, 4, sizeof(postern_str_t));

    if (slcf->fields == NULL
        || ngx_http_postern_note(cf, &slcf->places) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        ngx_strlow(value[i].data, value[i].data, value[i].len);

        for (c = ngx_http_sign_components; c->name.len; c++) {

            if (c->name.len == value[i].len
                && ngx_strncmp(c->name.data, value[i].data, value[i].len) == 0)
            {
                break;
            }
        }

        if (c->name.len) {
            slcf->listed |= c->bit;
            continue;
        }

        rv = ngx_http_sign_add_field(cf, slcf->fields, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_add_field(ngx_conf_t *cf, ngx_array_t *fields, ngx_str_t *name)
{
    postern_str_t  *field;

    if (name->len && name->data[0] == '@') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown component \"%V\" in \"sign_components\": "
                           "known are \"@method\", \"@target-uri\", "
                           "\"@request-target\", \"@path\", \"@query\", "
                           "\"@authority\" and \"@scheme\"", name);
        return NGX_CONF_ERROR;
    }

    if (!ngx_http_sign_is_token(name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"sign_components\" is neither a "
                           "component nor the name of a header field", name);
        return NGX_CONF_ERROR;
    }

    if (fields->nelts == SIGN_MAX_COMPONENTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d fields in \"sign_components\"",
                           SIGN_MAX_COMPONENTS);
        return NGX_CONF_ERROR;
    }

    field = ngx_array_push(fields);
    if (field == NULL) {
        return NGX_CONF_ERROR;
    }

    *field = ngx_http_postern_slice(*name);

    return NGX_CONF_OK;
}


/* RFC 9110, section 5.6.2 */

ngx_uint_t
ngx_http_sign_is_token(ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')) {
            continue;
        }

        if (ch == '\0' || ngx_strchr("!#$%&'*+-.^_`|~", ch) == NULL) {
            return 0;
        }
    }

    return name->len != 0;
}


/*
 * Everything a request is verified with, made once.
 */

char *
ngx_http_sign_compile(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t             *there;
    ngx_http_postern_at_t   at;

    if (ngx_http_sign_policy(cf, conf) != NGX_CONF_OK
        || ngx_http_sign_note_mtls(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_sign_warn(cf, conf);

    there = ngx_http_sign_at(cf, conf,
                             conf->webhook ? "sign_webhook" : "sign_schemes",
                             &at);

    if (ngx_http_sign_compile_webhook(there, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_sign_challenge(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (!(conf->schemes & (SIGN_RFC9421|SIGN_SSHSIG))) {
        return NGX_CONF_OK;
    }

    if (ngx_http_sign_accept(cf, conf, 0, &conf->accept) != NGX_OK
        || ngx_http_sign_accept(cf, conf, 1, &conf->accept_body) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_policy(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    sign_policy_t  *policy;

    policy = &conf->policy;

    policy->cover = conf->fields ? ngx_http_sign_cover(conf->listed)
                                 : SIGN_COVER_DEFAULT;

    if (ngx_http_sign_check_coverage(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    policy->schemes = conf->schemes;
    policy->nonces = conf->nonces;
    policy->window = conf->window;
    policy->skew = conf->skew;

    if (conf->fields) {
        policy->fields = conf->fields->elts;
        policy->nfields = conf->fields->nelts;
    }

    if (conf->tags) {
        policy->tags = conf->tags->elts;
        policy->ntags = conf->tags->nelts;
    }

    policy->insecure = (conf->insecure_coverage ? SIGN_INSECURE_COVERAGE : 0)
                       |(conf->insecure_body ? SIGN_INSECURE_BODY : 0)
                       |(conf->insecure_freshness ? SIGN_INSECURE_FRESHNESS
                                                  : 0);

    return NGX_CONF_OK;
}


/* RFC 9110, section 11.6.1: one challenge for each scheme that has one */

static ngx_int_t
ngx_http_sign_challenge(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    u_char       *p;
    ngx_uint_t    bit;
    const char   *challenge;

    p = ngx_pnalloc(cf->pool, NGX_HTTP_SIGN_CHALLENGE_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    conf->authenticate.data = p;

    for (bit = 1; bit & NGX_HTTP_SIGN_SCHEMES; bit <<= 1) {
        challenge = (conf->schemes & bit) ? sign_scheme_challenge(bit) : NULL;

        /* "sshsig" has that of "rfc9421" */

        if (challenge == NULL
            || (bit == SIGN_SSHSIG && (conf->schemes & SIGN_RFC9421)))
        {
            continue;
        }

        p = ngx_slprintf(p, conf->authenticate.data
                            + NGX_HTTP_SIGN_CHALLENGE_MAX,
                         "%s%s", p == conf->authenticate.data ? "" : ", ",
                         challenge);
    }

    conf->authenticate.len = p - conf->authenticate.data;

    return NGX_OK;
}


static unsigned
ngx_http_sign_cover(ngx_uint_t listed)
{
    unsigned    cover;
    ngx_uint_t  both;

    both = NGX_HTTP_SIGN_LIST_PATH|NGX_HTTP_SIGN_LIST_QUERY;
    cover = 0;

    if (listed & NGX_HTTP_SIGN_LIST_METHOD) {
        cover |= SIGN_COVER_METHOD;
    }

    if ((listed & NGX_HTTP_SIGN_LIST_TARGET) || (listed & both) == both) {
        cover |= SIGN_COVER_TARGET;
    }

    if (listed & NGX_HTTP_SIGN_LIST_AUTHORITY) {
        cover |= SIGN_COVER_AUTHORITY;
    }

    if (listed & NGX_HTTP_SIGN_LIST_SCHEME) {
        cover |= SIGN_COVER_SCHEME;
    }

    if (listed & NGX_HTTP_SIGN_LIST_BODY) {
        cover |= SIGN_COVER_BODY;
    }

    return cover;
}


static char *
ngx_http_sign_check_coverage(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    unsigned                cover;
    ngx_conf_t             *there;
    const char             *missing, *means;
    ngx_http_postern_at_t   at;

    cover = conf->policy.cover;

    if (conf->insecure_coverage) {
        return NGX_CONF_OK;
    }

    if (conf->schemes & SIGN_ENOS) {
        there = ngx_http_sign_at(cf, conf, "sign_schemes", &at);

        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "the scheme \"enos\" covers neither method nor "
                           "path nor host, which anybody on the way could "
                           "change: accept that by "
                           "\"sign_insecure_coverage on\"");
        return NGX_CONF_ERROR;
    }

    if (!(cover & SIGN_COVER_METHOD)) {
        missing = "@method";
        means = "the method";

    } else if (!(cover & SIGN_COVER_TARGET)) {
        missing = "@target-uri";
        means = "the path and the query";

    } else if (!(cover & SIGN_COVER_AUTHORITY)) {
        missing = "@authority";
        means = "the host";

    } else if (!(cover & SIGN_COVER_BODY)) {
        missing = "content-digest";
        means = "the body";

    } else {
        return NGX_CONF_OK;
    }

    there = ngx_http_sign_at(cf, conf, "sign_components", &at);

    ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                       "\"sign_components\" does not cover %s, which anybody "
                       "on the way could change: add \"%s\", or accept "
                       "that by \"sign_insecure_coverage on\"",
                       means, missing);

    return NGX_CONF_ERROR;
}


/*
 * RFC 9421, section 5.1: the signature we would accept.  The components are
 * those that cost a client the least trouble behind proxies.
 */

static ngx_int_t
ngx_http_sign_accept(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf,
    ngx_uint_t body, ngx_str_t *value)
{
    size_t          len;
    u_char         *p;
    unsigned        cover;
    ngx_uint_t      i;
    postern_str_t  *fields;

    static u_char   all[] = "sig1=(\"@method\" \"@authority\" \"@path\" "
                            "\"@query\" \"@scheme\" \"content-digest\" "
                            ");created;expires;tag=\"\"";

    cover = conf->policy.cover;
    fields = (postern_str_t *) conf->policy.fields;
    len = sizeof(all) + SIGN_MAX_NONCE;

    if (ngx_http_sign_is_bot(&conf->policy)) {
        cover |= SIGN_COVER_AUTHORITY;
    }

    for (i = 0; i < conf->policy.nfields; i++) {
        len += sizeof("\"\" ") - 1 + fields[i].len;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = ngx_sprintf(p, "sig1=(%s%s%s%s%s",
                    (cover & SIGN_COVER_METHOD) ? "\"@method\" " : "",
                    (cover & SIGN_COVER_AUTHORITY) ? "\"@authority\" " : "",
                    (cover & SIGN_COVER_TARGET) ? "\"@path\" \"@query\" " : "",
                    (cover & SIGN_COVER_SCHEME) ? "\"@scheme\" " : "",
                    (body && (cover & SIGN_COVER_BODY))
                    ? "\"content-digest\" " : "");

    for (i = 0; i < conf->policy.nfields; i++) {
        p = ngx_sprintf(p, "\"%*s\" ", fields[i].len, fields[i].data);
    }

    if (p[-1] == ' ') {
        p--;
    }

    *p++ = ')';
    p = ngx_http_sign_accept_params(p, &conf->policy);

    value->len = p - value->data;

    return NGX_OK;
}


/* sign_replay safe | once | nonce [scheme ...] */

char *
ngx_http_sign_set_replay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, bit, schemes;

    value = cf->args->elts;
    schemes = 0;

    for (i = 2; i < cf->args->nelts; i++) {
        bit = postern_scheme_parse(ngx_http_postern_slice(value[i]));

        if (bit == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown scheme \"%V\" in \"%V\"",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        schemes |= bit;
    }

    if (schemes == 0) {
        schemes = NGX_HTTP_SIGN_SCHEMES;
    }

    if (schemes & slcf->replays) {
        return "says two things of one scheme";
    }

    slcf->replays |= schemes;

    if (ngx_strcmp(value[1].data, "safe") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "once") == 0) {
        slcf->once |= schemes;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "nonce") == 0) {

        if (cf->args->nelts > 2 && (schemes & ~NGX_HTTP_SIGN_NONCES)) {
            return "demands a nonce of a scheme that has none: \"rfc9421\" "
                   "and \"sshsig\" have one";
        }

        slcf->nonces |= schemes;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\": it must be \"safe\", "
                       "\"once\" or \"nonce\"", &value[1], &cmd->name);

    return NGX_CONF_ERROR;
}


char *
ngx_http_sign_set_nonce_cap(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (slcf->nonce_cap != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "auto") == 0) {
        slcf->nonce_cap = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        slcf->nonce_cap = NGX_HTTP_SIGN_CAP_OFF;
        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\" in \"%V\": a number from "
                           "1 to %d, \"auto\" or \"off\" is expected",
                           &value[1], &cmd->name, NGX_MAX_INT32_VALUE);
        return NGX_CONF_ERROR;
    }

    slcf->nonce_cap = n;

    return NGX_CONF_OK;
}


/* for each scheme, what the nearest level says of it */

void
ngx_http_sign_merge_replay(ngx_http_sign_loc_conf_t *prev,
    ngx_http_sign_loc_conf_t *conf)
{
    conf->once |= prev->once & ~conf->replays;
    conf->nonces |= prev->nonces & ~conf->replays;
    conf->replays |= prev->replays;
}


char *
ngx_http_sign_set_window(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_str_t  *value, skew;

    if (slcf->window != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    slcf->window = ngx_parse_time(&value[1], 1);
    slcf->skew = 60;

    /* NGX_ERROR is less than 1, too */

    if (slcf->window < 1 || slcf->window > NGX_HTTP_SIGN_MAX_WINDOW) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"%V\": a time from 1s to "
                           "7d is expected", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "skew=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\" in \"%V\": only "
                           "\"skew=time\" is known", &value[2], &cmd->name);
        return NGX_CONF_ERROR;
    }

    skew.data = value[2].data + 5;
    skew.len = value[2].len - 5;

    slcf->skew = ngx_parse_time(&skew, 1);

    if (slcf->skew == (time_t) NGX_ERROR
        || slcf->skew > NGX_HTTP_SIGN_MAX_SKEW)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid skew \"%V\" in \"%V\": a time from 0s to "
                           "1h is expected", &skew, &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
