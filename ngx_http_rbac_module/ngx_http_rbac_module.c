
#include "ngx_http_rbac_module.h"


static char *ngx_http_rbac(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_rbac_mode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

static ngx_int_t ngx_http_rbac_decision_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_rbac_reason_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static void *ngx_http_rbac_build(const postern_directory_t *dir,
    postern_arena_t *arena);
static ngx_int_t ngx_http_rbac_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_rbac_init(ngx_conf_t *cf);
static void *ngx_http_rbac_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_rbac_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_rbac_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_conf_enum_t  ngx_http_rbac_modes[] = {
    { ngx_string("enforce"), NGX_HTTP_RBAC_ENFORCE },
    { ngx_string("observe"), NGX_HTTP_RBAC_OBSERVE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_rbac_paths[] = {
    { ngx_string("strict"), RBAC_PATH_STRICT },
    { ngx_string("canonical"), RBAC_PATH_CANONICAL },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_rbac_commands[] = {

    { ngx_string("rbac"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_rbac,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rbac_loc_conf_t, enable),
      NULL },

    { ngx_string("rbac_mode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_rbac_mode,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rbac_loc_conf_t, mode),
      &ngx_http_rbac_modes },

    { ngx_string("rbac_path"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_rbac_loc_conf_t, path),
      &ngx_http_rbac_paths },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_rbac_module_ctx = {
    ngx_http_rbac_preconfiguration,        /* preconfiguration */
    ngx_http_rbac_init,                    /* postconfiguration */

    ngx_http_rbac_create_main_conf,        /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_rbac_create_loc_conf,         /* create location configuration */
    ngx_http_rbac_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_rbac_module = {
    NGX_MODULE_V1,
    &ngx_http_rbac_module_ctx,             /* module context */
    ngx_http_rbac_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* not cacheable: an internal redirect decides again */

static ngx_http_variable_t  ngx_http_rbac_variables[] = {

    { ngx_string("rbac_decision"), NULL, ngx_http_rbac_decision_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("rbac_reason"), NULL, ngx_http_rbac_reason_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_rbac_decision_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const ngx_http_postern_decision_t  *d;

    d = ngx_http_postern_api.decision(r, NGX_HTTP_POSTERN_RBAC);

    if (d == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = d->verdict.len;
    v->data = d->verdict.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* "rbac/no-grant: no role …"; what was allowed has no code in front */

static ngx_int_t
ngx_http_rbac_reason_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                             *p;
    const ngx_http_postern_decision_t  *d;

    d = ngx_http_postern_api.decision(r, NGX_HTTP_POSTERN_RBAC);

    if (d == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = d->detail.len;
    v->data = d->detail.data;

    if (d->code.len != 0) {
        p = ngx_pnalloc(r->pool, d->code.len + 2 + d->detail.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        v->data = p;
        v->len = ngx_sprintf(p, "%V: %V", &d->code, &d->detail) - p;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static char *
ngx_http_rbac(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rbac_loc_conf_t  *rlcf = conf;

    return ngx_http_postern_note(cf, &rlcf->places) == NGX_OK
           ? ngx_conf_set_flag_slot(cf, cmd, conf) : NGX_CONF_ERROR;
}


static char *
ngx_http_rbac_mode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_rbac_loc_conf_t  *rlcf = conf;

    char  *rv;

    rv = ngx_conf_set_enum_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && rlcf->mode == NGX_HTTP_RBAC_OBSERVE) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"rbac_mode observe\" refuses nothing: every "
                           "request that roles do not allow is let through");
    }

    return rv;
}


static void *
ngx_http_rbac_build(const postern_directory_t *dir, postern_arena_t *arena)
{
    return rbac_policy_compile(dir, arena);
}


static ngx_int_t
ngx_http_rbac_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    if (ngx_http_postern_check_api(cf, "ngx_http_rbac_module") != NGX_OK) {
        return NGX_ERROR;
    }

    for (v = ngx_http_rbac_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return ngx_http_postern_api.register_directory(cf, NGX_HTTP_POSTERN_RBAC,
                                                   ngx_http_rbac_build, NULL,
                                                   NULL);
}


/*
 * PRECONTENT and not ACCESS: "satisfy any" ends the access phase at the first
 * module that is content, and subrequests never see it.
 */

static ngx_int_t
ngx_http_rbac_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_rbac_main_conf_t  *rmcf;

    static ngx_str_t  request_uri = ngx_string("request_uri");

    rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_rbac_module);

    if (!rmcf->used) {
        return NGX_OK;
    }

    rmcf->request_uri = ngx_http_get_variable_index(cf, &request_uri);
    if (rmcf->request_uri == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_rbac_handler;

    return NGX_OK;
}


static void *
ngx_http_rbac_create_main_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->used = 0;
     *     conf->request_uri = 0;
     */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_rbac_main_conf_t));
}


static void *
ngx_http_rbac_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_rbac_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_rbac_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->places = NULL;
     */

    conf->enable = NGX_CONF_UNSET;
    conf->mode = NGX_CONF_UNSET_UINT;
    conf->path = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_rbac_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_rbac_loc_conf_t *prev = parent;
    ngx_http_rbac_loc_conf_t *conf = child;

    ngx_conf_t                 *there;
    ngx_http_postern_at_t       at;
    ngx_http_rbac_main_conf_t  *rmcf;

    ngx_http_postern_merge_places(prev->places, &conf->places);

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_RBAC_ENFORCE);
    ngx_conf_merge_uint_value(conf->path, prev->path, RBAC_PATH_STRICT);

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (!ngx_http_postern_api.has_directory(cf)) {
        there = ngx_http_postern_at(cf, ngx_http_postern_place(conf->places,
                                                               "rbac"),
                                    &at);

        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "\"rbac on\" needs roles and resources: name a "
                           "\"postern_directory\"");
        return NGX_CONF_ERROR;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_rbac_module);
    rmcf->used = 1;

    return NGX_CONF_OK;
}
