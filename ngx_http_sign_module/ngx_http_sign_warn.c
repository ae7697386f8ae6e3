
/*
 * What nginx -t says of a configuration that is accepted.
 */


#include "ngx_http_sign_module.h"


typedef struct {
    ngx_uint_t    given;
    const char   *directive;
    const char   *word;       /* of several that it takes */
    ngx_uint_t    bit;
    const char   *means;
} ngx_http_sign_weakness_t;


/* how ngx_http_rewrite_module's configuration of a location begins, which no
   header of nginx declares: what "return", "rewrite", "if" and "set" became */

typedef struct {
    ngx_array_t  *codes;      /* of bytes: ngx_http_script_*_code_t */
} ngx_http_sign_rewrite_conf_t;


/* nginx can be built without it */

extern ngx_module_t  ngx_http_rewrite_module
    __attribute__((weak));


static void ngx_http_sign_warn_scheme(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
static void ngx_http_sign_warn_return(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
static ngx_uint_t ngx_http_sign_returns(ngx_conf_t *cf);


/*
 * Whoever runs nginx -t sees what was given up, and what is not guarded though
 * it looks so: "return" answers in the rewrite phase, before any access phase.
 */

void
ngx_http_sign_warn(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_uint_t                    i;
    ngx_conf_t                   *there;
    ngx_http_postern_at_t         at;
    ngx_http_sign_weakness_t     *w;

    ngx_http_sign_weakness_t  weaknesses[] = {
        { conf->insecure_coverage,
          "sign_insecure_coverage", "", NGX_HTTP_SIGN_SAID_SET,
          "who sees a request on its way may change what is not signed" },
        { conf->insecure_body,
          "sign_insecure_body", "", NGX_HTTP_SIGN_SAID_SET,
          "who sees a request on its way may change its body" },
        { conf->insecure_freshness,
          "sign_insecure_freshness", "", NGX_HTTP_SIGN_SAID_SET,
          "a signature that was seen is good again after sign_window" },
        { conf->insecure_preflight,
          "sign_insecure_preflight", "", NGX_HTTP_SIGN_SAID_SET,
          "requests of the method OPTIONS reach the application unsigned" },
        { conf->insecure_replay & NGX_HTTP_SIGN_REPLAY_LOCAL,
          "sign_insecure_replay", " local", NGX_HTTP_SIGN_SAID_SET,
          "while Redis is away each node accepts a signature once" },
        { conf->insecure_replay & NGX_HTTP_SIGN_REPLAY_REUSE,
          "sign_insecure_replay", " reuse", NGX_HTTP_SIGN_SAID_REUSE,
          "a signature that was seen reads again until it expires" },
        { conf->mode == NGX_HTTP_SIGN_OBSERVE,
          "sign_mode", " observe", NGX_HTTP_SIGN_SAID_SET,
          "requests are let through whatever their signatures are" }
    };

    for (i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
        w = &weaknesses[i];

        if (!w->given || !ngx_http_sign_first(conf, w->directive, w->bit)) {
            continue;
        }

        there = ngx_http_sign_at(cf, conf, w->directive, &at);

        ngx_conf_log_error(NGX_LOG_WARN, there, 0, "\"%s%s\" is set: %s",
                           w->directive, w->word, w->means);
    }

    ngx_http_sign_warn_scheme(cf, conf);
    ngx_http_sign_warn_return(cf, conf);
}


static void
ngx_http_sign_warn_scheme(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t             *there;
    ngx_http_postern_at_t   at;

    if (!(conf->policy.cover & SIGN_COVER_SCHEME)
        || !(conf->schemes & SIGN_SIGV4)
        || !ngx_http_sign_first(conf, "sign_components",
                                NGX_HTTP_SIGN_SAID_SCHEME))
    {
        return;
    }

    there = ngx_http_sign_at(cf, conf, "sign_components", &at);

    ngx_conf_log_error(NGX_LOG_WARN, there, 0,
                       "\"sign_components @scheme\" refuses every request of "
                       "the scheme \"sigv4\", which cannot cover it: set "
                       "\"sign_schemes rfc9421\"");
}


ngx_conf_t *
ngx_http_sign_at(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf,
    const char *directive, ngx_http_postern_at_t *at)
{
    return ngx_http_postern_at(cf, ngx_http_postern_place(conf->places,
                                                          directive),
                               at);
}


ngx_uint_t
ngx_http_sign_first(ngx_http_sign_loc_conf_t *conf, const char *directive,
    ngx_uint_t bit)
{
    return ngx_http_postern_first(ngx_http_postern_place(conf->places,
                                                         directive),
                                  bit);
}


/* nginx keeps no line of a "return": that of the block which holds it does */

static void
ngx_http_sign_warn_return(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t                *there;
    const char                *block;
    ngx_http_postern_at_t      at;
    ngx_http_core_loc_conf_t  *clcf;

    /* an "if" shares the code of the block around it */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname || !ngx_http_sign_returns(cf)) {
        return;
    }

    block = clcf->name.len ? "location" : "server";

    if (!ngx_http_sign_first(conf, block, NGX_HTTP_SIGN_SAID_RETURN)) {
        return;
    }

    there = ngx_http_sign_at(cf, conf, block, &at);

    ngx_conf_log_error(NGX_LOG_WARN, there, 0,
                       "\"return\" answers before signatures are verified: "
                       "what it returns is for everybody, \"sign on\" or not, "
                       "in the %s that begins", block);
}


/* 1 where "return" sends a text: redirects and errors give nothing away */

static ngx_uint_t
ngx_http_sign_returns(ngx_conf_t *cf)
{
    size_t                          i;
    ngx_array_t                    *codes;
    ngx_http_script_code_pt         code;
    ngx_http_script_return_code_t  *ret;
    ngx_http_sign_rewrite_conf_t   *rlcf;

    if (&ngx_http_rewrite_module == NULL) {
        return 0;
    }

    rlcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_rewrite_module);

    codes = rlcf ? rlcf->codes : NULL;

    if (codes == NULL || codes->size != 1) {
        return 0;
    }

    for (i = 0; i + sizeof(*ret) <= codes->nelts; i += sizeof(uintptr_t)) {
        ret = (ngx_http_script_return_code_t *) ((u_char *) codes->elts + i);
        code = ret->code;

        if (code == ngx_http_script_return_code
            && ret->status >= NGX_HTTP_OK
            && ret->status < NGX_HTTP_SPECIAL_RESPONSE
            && ret->text.value.len)
        {
            return 1;
        }
    }

    return 0;
}
