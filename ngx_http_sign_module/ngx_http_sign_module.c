
#include "ngx_http_sign_module.h"
#include "ngx_http_sign_outward.h"


static ngx_int_t ngx_http_sign_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_sign_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_sign_init_module(ngx_cycle_t *cycle);
static void *ngx_http_sign_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_sign_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_sign_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_sign_check_needs(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);


static ngx_conf_enum_t  ngx_http_sign_modes[] = {
    { ngx_string("enforce"), NGX_HTTP_SIGN_ENFORCE },
    { ngx_string("observe"), NGX_HTTP_SIGN_OBSERVE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_sign_chunkings[] = {
    { ngx_string("forward"), NGX_HTTP_SIGN_CHUNKED_FORWARD },
    { ngx_string("decode"), NGX_HTTP_SIGN_CHUNKED_DECODE },
    { ngx_null_string, 0 }
};


static ngx_conf_bitmask_t  ngx_http_sign_insecure_replays[] = {
    { ngx_string("off"), NGX_HTTP_SIGN_REPLAY_SET },
    { ngx_string("local"), NGX_HTTP_SIGN_REPLAY_LOCAL },
    { ngx_string("reuse"), NGX_HTTP_SIGN_REPLAY_REUSE },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_sign_commands[] = {

    { ngx_string("sign"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_sign_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, enable),
      NULL },

    { ngx_string("sign_schemes"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_sign_set_schemes,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_components"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_sign_set_components,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_tag"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_sign_set_tag,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_insecure_coverage"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_sign_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, insecure_coverage),
      NULL },

    { ngx_string("sign_insecure_body"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_sign_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, insecure_body),
      NULL },

    { ngx_string("sign_insecure_freshness"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_sign_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, insecure_freshness),
      NULL },

    { ngx_string("sign_insecure_preflight"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_sign_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, insecure_preflight),
      NULL },

    { ngx_string("sign_insecure_replay"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_sign_set_insecure_replay,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, insecure_replay),
      &ngx_http_sign_insecure_replays },

    { ngx_string("sign_aws_chunked"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, aws_chunked),
      &ngx_http_sign_chunkings },

    { ngx_string("sign_mode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_sign_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, mode),
      &ngx_http_sign_modes },

    { ngx_string("sign_nonce_cap"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_sign_set_nonce_cap,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_replay"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_sign_set_replay,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_enos_token"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_sign_set_enos_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_webhook"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_sign_set_webhook,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_window"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_sign_set_window,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_explain"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_loc_conf_t, explain),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_sign_module_ctx = {
    ngx_http_sign_preconfiguration,        /* preconfiguration */
    ngx_http_sign_postconfiguration,       /* postconfiguration */

    ngx_http_sign_create_main_conf,        /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_sign_create_loc_conf,         /* create location configuration */
    ngx_http_sign_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_sign_module = {
    NGX_MODULE_V1,
    &ngx_http_sign_module_ctx,             /* module context */
    ngx_http_sign_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_sign_init_module,             /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_sign_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_postern_check_api(cf, "ngx_http_sign_module") != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_sign_keys_register(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sign_add_variables(cf);
}


/* where no location has sign on, requests do not notice the module */

static ngx_int_t
ngx_http_sign_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_sign_main_conf_t  *smcf;

    ngx_http_sign_outward_main_conf_t  *omcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sign_module);
    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);

    /* first, so that it sees bodies behind the other one */

    if (omcf->upstream) {
        ngx_http_sign_upstream_body_init();
    }

    if (!smcf->used) {
        return NGX_OK;
    }

    ngx_http_sign_check_mtls(cf, smcf->askers);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_sign_access_handler;

    ngx_http_sign_body_init();

    return NGX_OK;
}


/* when all is configured, and the directory is loaded */

static ngx_int_t
ngx_http_sign_init_module(ngx_cycle_t *cycle)
{
    ngx_http_sign_main_conf_t  *smcf;

    smcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_sign_module);

    if (smcf) {
        ngx_http_sign_warn_webhooks(cycle, smcf->webhooks);
    }

    return NGX_OK;
}


static void *
ngx_http_sign_create_main_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->used = 0;
     *     conf->window = 0;
     *     conf->skew = 0;
     *     conf->webhooks = NULL;
     *     conf->askers = NULL;
     */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_main_conf_t));
}


static void *
ngx_http_sign_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_sign_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->insecure_replay = 0;
     *     conf->schemes = 0;
     *     conf->replays = 0;
     *     conf->once = 0;
     *     conf->nonces = 0;
     *     conf->listed = 0;
     *     conf->own_webhook = 0;
     *     conf->enos_token = 0;
     *     conf->places = NULL;
     *     conf->policy = { 0 };
     *     conf->authenticate = { 0, NULL };
     *     conf->accept = { 0, NULL };
     *     conf->accept_body = { 0, NULL };
     */

    conf->enable = NGX_CONF_UNSET;
    conf->explain = NGX_CONF_UNSET;
    conf->insecure_coverage = NGX_CONF_UNSET;
    conf->insecure_body = NGX_CONF_UNSET;
    conf->aws_chunked = NGX_CONF_UNSET_UINT;
    conf->insecure_freshness = NGX_CONF_UNSET;
    conf->insecure_preflight = NGX_CONF_UNSET;
    conf->mode = NGX_CONF_UNSET_UINT;
    conf->nonce_cap = NGX_CONF_UNSET_UINT;
    conf->fields = NGX_CONF_UNSET_PTR;
    conf->tags = NGX_CONF_UNSET_PTR;
    conf->webhook = NGX_CONF_UNSET_PTR;
    conf->window = NGX_CONF_UNSET;
    conf->skew = NGX_CONF_UNSET;

    /* where the block begins */

    if (ngx_http_postern_note(cf, &conf->places) != NGX_OK) {
        return NULL;
    }

    return conf;
}


static char *
ngx_http_sign_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_sign_loc_conf_t *prev = parent;
    ngx_http_sign_loc_conf_t *conf = child;

    ngx_http_sign_main_conf_t  *smcf;

    ngx_http_postern_merge_places(prev->places, &conf->places);

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_value(conf->explain, prev->explain, 0);
    ngx_conf_merge_value(conf->insecure_coverage, prev->insecure_coverage, 0);
    ngx_conf_merge_value(conf->insecure_body, prev->insecure_body, 0);
    ngx_conf_merge_uint_value(conf->aws_chunked, prev->aws_chunked,
                              NGX_HTTP_SIGN_CHUNKED_FORWARD);
    ngx_conf_merge_value(conf->insecure_freshness, prev->insecure_freshness,
                         0);
    ngx_conf_merge_value(conf->insecure_preflight, prev->insecure_preflight,
                         0);
    ngx_conf_merge_bitmask_value(conf->insecure_replay, prev->insecure_replay,
                                 NGX_HTTP_SIGN_REPLAY_SET);
    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_SIGN_ENFORCE);
    ngx_conf_merge_uint_value(conf->nonce_cap, prev->nonce_cap, 0);
    ngx_http_sign_merge_replay(prev, conf);
    ngx_conf_merge_sec_value(conf->window, prev->window, 15 * 60);
    ngx_conf_merge_sec_value(conf->skew, prev->skew, 60);

    conf->own_webhook = (conf->webhook != NGX_CONF_UNSET_PTR);
    ngx_conf_merge_ptr_value(conf->webhook, prev->webhook, NULL);

    /* a level with sign_webhook is for webhooks, unless it says otherwise */

    if (conf->schemes == 0 && conf->own_webhook) {
        conf->schemes = SIGN_WEBHOOK;
    }

    if (conf->schemes == 0) {
        conf->schemes = prev->schemes ? prev->schemes
                                      : (SIGN_RFC9421|SIGN_SIGV4);
    }

    /* both are of the same directive */

    if (conf->fields == NGX_CONF_UNSET_PTR) {
        conf->listed = prev->listed;
    }

    ngx_conf_merge_ptr_value(conf->fields, prev->fields, NULL);
    ngx_conf_merge_ptr_value(conf->tags, prev->tags, NULL);

    if (!conf->enable && !conf->enos_token) {
        return NGX_CONF_OK;
    }

    if (ngx_http_sign_check_needs(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sign_module);
    smcf->used = 1;
    smcf->window = ngx_max(smcf->window, conf->window);
    smcf->skew = ngx_max(smcf->skew, conf->skew);

    return conf->enos_token ? ngx_http_sign_compile_enos_token(cf, conf)
                            : ngx_http_sign_compile(cf, conf);
}


static char *
ngx_http_sign_check_needs(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t             *there;
    const char             *directive, *what;
    ngx_http_postern_at_t   at;

    directive = conf->enos_token ? "sign_enos_token" : "sign";
    what = conf->enos_token ? "sign_enos_token" : "sign on";

    there = ngx_http_sign_at(cf, conf, directive, &at);

    if (!postern_api.has_directory(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "\"%s\" needs \"postern_directory\", which says "
                           "whose keys are accepted: add it at http level",
                           what);
        return NGX_CONF_ERROR;
    }

    if (!postern_api.has_store(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "\"%s\" needs \"postern_zone\", in which replays "
                           "are recognized: add it at http level, and "
                           "\"postern_redis\" where several nodes share it",
                           what);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
