
/*
 * A handler of proxy_pass that is not what sign_upstream takes it for: for
 * tests of what cannot happen with nginx's own.  It is built by
 * util/build-test-module and never shipped.
 *
 *     postern_test_pass alien | moved | started;
 *
 * beside proxy_pass and sign_upstream: the upstream it sets up is one of another
 * module, has its configuration elsewhere, or is started at once.
 */


#include "ngx_http_sign_outward.h"


typedef enum {
    NGX_HTTP_POSTERN_TEST_ALIEN = 1,
    NGX_HTTP_POSTERN_TEST_MOVED,
    NGX_HTTP_POSTERN_TEST_STARTED
} ngx_http_postern_test_pass_e;


typedef struct {
    ngx_uint_t                    what;
    ngx_http_handler_pt           content;    /* of proxy_pass */
} ngx_http_postern_test_pass_conf_t;


extern ngx_module_t  ngx_http_postern_test_outward_module;


static ngx_int_t ngx_http_postern_test_pass(ngx_http_request_t *r);
static void *ngx_http_postern_test_create_pass(ngx_conf_t *cf);
static char *ngx_http_postern_test_merge_pass(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_conf_enum_t  ngx_http_postern_test_passes[] = {
    { ngx_string("alien"), NGX_HTTP_POSTERN_TEST_ALIEN },
    { ngx_string("moved"), NGX_HTTP_POSTERN_TEST_MOVED },
    { ngx_string("started"), NGX_HTTP_POSTERN_TEST_STARTED },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_postern_test_outward_commands[] = {

    { ngx_string("postern_test_pass"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_test_pass_conf_t, what),
      &ngx_http_postern_test_passes },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_test_outward_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_postern_test_create_pass,     /* create location configuration */
    ngx_http_postern_test_merge_pass       /* merge location configuration */
};


ngx_module_t  ngx_http_postern_test_outward_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_test_outward_module_ctx, /* module context */
    ngx_http_postern_test_outward_commands,    /* module directives */
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


/* what nginx's build would write for a dynamic module */

ngx_module_t *ngx_modules[] = { &ngx_http_postern_test_outward_module, NULL };
char *ngx_module_names[] = { "ngx_http_postern_test_outward_module", NULL };
char *ngx_module_order[] = { NULL };


static ngx_int_t
ngx_http_postern_test_pass(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_upstream_conf_t           *copy;
    ngx_http_postern_test_pass_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r,
                                        ngx_http_postern_test_outward_module);

    if (conf->what == NGX_HTTP_POSTERN_TEST_STARTED) {
        r->aio = 0;
    }

    rc = conf->content(r);

    if (rc != NGX_DONE || conf->what == NGX_HTTP_POSTERN_TEST_STARTED) {
        return rc;
    }

    copy = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    *copy = *r->upstream->conf;

    if (conf->what == NGX_HTTP_POSTERN_TEST_ALIEN) {
        ngx_str_set(&copy->module, "alien");
    }

    r->upstream->conf = copy;

    return rc;
}


static void *
ngx_http_postern_test_create_pass(ngx_conf_t *cf)
{
    ngx_http_postern_test_pass_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_test_pass_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->what = NGX_CONF_UNSET_UINT;

    return conf;
}


/* behind the merge of sign_upstream, as this module is loaded behind it */

static char *
ngx_http_postern_test_merge_pass(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_uint_t                          i;
    ngx_http_conf_ctx_t                *ctx;
    ngx_http_sign_outward_conf_t       *ocf;
    ngx_http_postern_test_pass_conf_t  *conf = child;

    if (conf->what == NGX_CONF_UNSET_UINT) {
        return NGX_CONF_OK;
    }

    /* its name does not leave the .so */

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name,
                       "ngx_http_sign_outward_module")
            == 0)
        {
            break;
        }
    }

    if (cf->cycle->modules[i] == NULL) {
        return "needs ngx_http_sign_module";
    }

    ctx = cf->ctx;
    ocf = ctx->loc_conf[cf->cycle->modules[i]->ctx_index];

    conf->content = ocf->content;
    ocf->content = ngx_http_postern_test_pass;

    return NGX_CONF_OK;
}
