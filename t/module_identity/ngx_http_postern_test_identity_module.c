
/*
 * Tests only: somebody is authenticated by configuration, so that decisions can
 * be tested without signatures and sessions.
 *
 *     postern_test_identity organization subject [role ...];
 *     postern_test_identity off;
 *
 * Values may hold variables; an empty role is none, an empty subject is nobody.
 */


#include "ngx_http_postern_api.h"


typedef struct {
    ngx_array_t   *values;       /* of ngx_http_complex_value_t */
    ngx_flag_t     off;
} ngx_http_postern_test_identity_conf_t;


static ngx_int_t ngx_http_postern_test_identity_handler(ngx_http_request_t *r);
static const postern_org_t *ngx_http_postern_test_identity_org(
    const postern_directory_t *dir, ngx_str_t *name);
static const postern_role_t *ngx_http_postern_test_identity_role(
    const postern_org_t *org, ngx_str_t *name);
static char *ngx_http_postern_test_identity(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_postern_test_identity_check(ngx_conf_t *cf);
static ngx_int_t ngx_http_postern_test_identity_init(ngx_conf_t *cf);
static void *ngx_http_postern_test_identity_create_conf(ngx_conf_t *cf);
static char *ngx_http_postern_test_identity_merge_conf(ngx_conf_t *cf,
    void *parent, void *child);


static ngx_command_t  ngx_http_postern_test_identity_commands[] = {

    { ngx_string("postern_test_identity"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_postern_test_identity,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_test_identity_module_ctx = {
    ngx_http_postern_test_identity_check,  /* preconfiguration */
    ngx_http_postern_test_identity_init,   /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_postern_test_identity_create_conf, /* create location conf */
    ngx_http_postern_test_identity_merge_conf   /* merge location conf */
};


ngx_module_t  ngx_http_postern_test_identity_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_test_identity_module_ctx, /* module context */
    ngx_http_postern_test_identity_commands,    /* module directives */
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


static ngx_int_t
ngx_http_postern_test_identity_handler(ngx_http_request_t *r)
{
    ngx_str_t                               value;
    ngx_uint_t                              i;
    const postern_role_t                  **roles, *role;
    const postern_directory_t              *dir;
    ngx_http_complex_value_t               *cv;
    ngx_http_postern_identity_t             id;
    ngx_http_postern_test_identity_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r,
                                        ngx_http_postern_test_identity_module);

    if (conf->values == NULL) {
        return NGX_DECLINED;
    }

    dir = ngx_http_postern_api.directory(r);
    if (dir == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&id, sizeof(ngx_http_postern_identity_t));

    cv = conf->values->elts;

    roles = ngx_palloc(r->pool, conf->values->nelts * sizeof(void *));

    if (roles == NULL
        || ngx_http_complex_value(r, &cv[0], &value) != NGX_OK
        || ngx_http_complex_value(r, &cv[1], &id.subject) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (id.subject.len == 0) {
        return NGX_DECLINED;
    }

    id.org = ngx_http_postern_test_identity_org(dir, &value);
    if (id.org == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 2; i < conf->values->nelts; i++) {

        if (ngx_http_complex_value(r, &cv[i], &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len == 0) {
            continue;
        }

        role = ngx_http_postern_test_identity_role(id.org, &value);
        if (role == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        roles[id.nroles++] = role;
    }

    ngx_str_set(&id.kind, "user");
    ngx_str_set(&id.scheme, "test");
    id.roles = roles;

    return ngx_http_postern_api.authenticated(r, &id);
}


static const postern_org_t *
ngx_http_postern_test_identity_org(const postern_directory_t *dir,
    ngx_str_t *name)
{
    uint32_t  i;

    for (i = 0; i < dir->norgs; i++) {
        if (postern_str_eq(dir->orgs[i].name, ngx_http_postern_slice(*name))) {
            return &dir->orgs[i];
        }
    }

    return NULL;
}


static const postern_role_t *
ngx_http_postern_test_identity_role(const postern_org_t *org, ngx_str_t *name)
{
    uint32_t  i;

    for (i = 0; i < org->nroles; i++) {
        if (postern_str_eq(org->roles[i].name, ngx_http_postern_slice(*name)))
        {
            return &org->roles[i];
        }
    }

    return NULL;
}


static char *
ngx_http_postern_test_identity(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_postern_test_identity_conf_t *tcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    if (tcf->values || tcf->off) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "off") != 0) {
            return "needs an organization and a subject";
        }

        tcf->off = 1;
        return NGX_CONF_OK;
    }

    tcf->values = ngx_array_create(cf->pool, cf->args->nelts,
                                   sizeof(ngx_http_complex_value_t));
    if (tcf->values == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        cv = ngx_array_push(tcf->values);
        if (cv == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[i];
        ccv.complex_value = cv;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_test_identity_check(ngx_conf_t *cf)
{
    return ngx_http_postern_check_api(cf,
                                      "ngx_http_postern_test_identity_module");
}


static ngx_int_t
ngx_http_postern_test_identity_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_postern_test_identity_handler;

    return NGX_OK;
}


static void *
ngx_http_postern_test_identity_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool,
                       sizeof(ngx_http_postern_test_identity_conf_t));
}


static char *
ngx_http_postern_test_identity_merge_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_postern_test_identity_conf_t *prev = parent;
    ngx_http_postern_test_identity_conf_t *conf = child;

    if (conf->values == NULL && !conf->off) {
        conf->values = prev->values;
        conf->off = prev->off;
    }

    return NGX_CONF_OK;
}
