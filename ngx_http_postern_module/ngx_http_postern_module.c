
/*
 * The shared core: directives, phases and the API table.  What it is made of:
 *
 *     ngx_http_postern_identity.c    what is known of one request
 *     ngx_http_postern_refuse.c      what a refused client is answered
 *     ngx_http_postern_directory.c   who exists and what they may do
 *     ngx_http_postern_jwks.c        sets of keys beside it
 *     ngx_http_postern_keys.c        the key ring for sealed secrets
 *     ngx_http_postern_store.c       claims and records, over zone and Redis
 *     ngx_http_postern_apart.c       keys that stand in Redis
 *     ngx_http_postern_job.c         work for threads
 *     ngx_http_postern_memory.c      shared memory, over upgrades too
 *     ngx_http_postern_filters.c     chains of filters, over failed reloads too
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_apart.h"
#include "ngx_http_postern_filters.h"
#include "ngx_http_postern_identity.h"
#include "ngx_http_postern_job.h"
#include "ngx_http_postern_keys.h"
#include "ngx_http_postern_memory.h"
#include "ngx_http_postern_store.h"


typedef struct {
    ngx_http_postern_directory_conf_t   directory;
    ngx_http_postern_keys_conf_t        keys;
    ngx_http_postern_store_conf_t       store;
    ngx_http_postern_apart_conf_t       apart;

    ngx_flag_t                          identity_headers;  /* anywhere */
} ngx_http_postern_main_conf_t;


typedef struct {
    ngx_http_complex_value_t           *org;
    ngx_flag_t                          identity_headers;
} ngx_http_postern_loc_conf_t;


extern ngx_module_t  ngx_http_postern_module;


static ngx_int_t ngx_http_postern_preaccess_handler(ngx_http_request_t *r);

static char *ngx_http_postern_set_org(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_postern_org(ngx_http_request_t *r, ngx_str_t *name);
static ngx_int_t ngx_http_postern_register_directory(ngx_conf_t *cf,
    ngx_http_postern_feature_e f,
    void *(*build)(const postern_directory_t *dir, postern_arena_t *arena),
    void *(*prepare)(const postern_directory_t *dir),
    void (*destroy)(void *prepared));
static ngx_flag_t ngx_http_postern_has_directory(ngx_conf_t *cf);
static const postern_directory_t *ngx_http_postern_loaded(ngx_cycle_t *cycle);
static ngx_flag_t ngx_http_postern_has_store(ngx_conf_t *cf);
static ngx_flag_t ngx_http_postern_has_redis(ngx_conf_t *cf);
static ngx_flag_t ngx_http_postern_has_keys(ngx_conf_t *cf);
static ngx_flag_t ngx_http_postern_has_apart(ngx_http_request_t *r);
static ngx_flag_t ngx_http_postern_keeps_apart(ngx_conf_t *cf);
static ngx_flag_t ngx_http_postern_loaded_apart(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_postern_secret(ngx_log_t *log, postern_str_t text,
    postern_str_t name, u_char *out, size_t *len);
static ngx_int_t ngx_http_postern_private_key(ngx_log_t *log,
    postern_str_t text, postern_str_t name, u_char *out, size_t *len);
static ngx_int_t ngx_http_postern_seal(ngx_log_t *log, postern_str_t secret,
    postern_str_t name, u_char *out, size_t *len);
static ngx_int_t ngx_http_postern_mac(ngx_uint_t n, const char *purpose,
    postern_str_t data, u_char out[32]);

static ngx_int_t ngx_http_postern_add_handlers(ngx_conf_t *cf);
static void *ngx_http_postern_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_postern_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_postern_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_postern_init(ngx_conf_t *cf);
static void ngx_http_postern_check_secrets(ngx_conf_t *cf,
    ngx_http_postern_main_conf_t *pmcf);
static ngx_int_t ngx_http_postern_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_postern_init_process(ngx_cycle_t *cycle);
static void ngx_http_postern_exit_process(ngx_cycle_t *cycle);


/* of the process: refusals are, or were, in the chains of filters */

static ngx_uint_t  ngx_http_postern_refuses;


static ngx_command_t  ngx_http_postern_commands[] = {

    { ngx_string("postern_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_postern_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, store),
      NULL },

    { ngx_string("postern_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_postern_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, store),
      NULL },

    { ngx_string("postern_jwks"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_postern_jwks,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, directory),
      NULL },

    { ngx_string("postern_directory"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_postern_directory,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, directory),
      NULL },

    { ngx_string("postern_master_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_postern_master_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, keys),
      NULL },

    { ngx_string("postern_keys"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_postern_apart_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_main_conf_t, apart),
      NULL },

    { ngx_string("postern_org"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_postern_set_org,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_loc_conf_t, org),
      NULL },

    { ngx_string("postern_identity_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_loc_conf_t, identity_headers),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_module_ctx = {
    ngx_http_postern_add_handlers,         /* preconfiguration */
    ngx_http_postern_init,                 /* postconfiguration */

    ngx_http_postern_create_main_conf,     /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_postern_create_loc_conf,      /* create location configuration */
    ngx_http_postern_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_postern_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_module_ctx,          /* module context */
    ngx_http_postern_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_postern_init_module,          /* init module */
    ngx_http_postern_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_postern_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* the one symbol that feature modules look for, see exports.map */

extern const ngx_http_postern_api_t  ngx_http_postern_api;

const ngx_http_postern_api_t  ngx_http_postern_api = {
    NGX_HTTP_POSTERN_API_VERSION,

    ngx_http_postern_identity,
    ngx_http_postern_authenticated,
    ngx_http_postern_feature_ctx,
    ngx_http_postern_set_feature_ctx,
    ngx_http_postern_decide,
    ngx_http_postern_decision,
    ngx_http_postern_refuse,

    ngx_http_postern_request_directory,
    ngx_http_postern_org,
    ngx_http_postern_register_directory,
    ngx_http_postern_built,
    ngx_http_postern_prepared,
    ngx_http_postern_has_directory,
    ngx_http_postern_loaded,
    ngx_http_postern_secret,

    ngx_http_postern_store_claim,
    ngx_http_postern_store_get,
    ngx_http_postern_store_put,
    ngx_http_postern_store_delete,
    ngx_http_postern_store_take,
    ngx_http_postern_store_rate,
    ngx_http_postern_has_store,
    ngx_http_postern_has_redis,

    ngx_http_postern_store_recent,
    ngx_http_postern_store_swap,
    ngx_http_postern_store_attempt,
    ngx_http_postern_store_clear,

    ngx_http_postern_has_keys,
    ngx_http_postern_seal,
    ngx_http_postern_mac,

    ngx_http_postern_job,
    ngx_http_postern_job_start,

    ngx_http_postern_memory,

    ngx_http_postern_store_quota,

    ngx_http_postern_private_key,

    ngx_http_postern_apart_key,
    ngx_http_postern_has_apart,

    ngx_http_postern_drop_headers,

    ngx_http_postern_keeps_apart,
    ngx_http_postern_loaded_apart
};


/*
 * Before anybody is authenticated: no client-sent identity header may reach an
 * authorization subrequest, and after an internal redirect ours have to be
 * there again.
 */

static ngx_int_t
ngx_http_postern_preaccess_handler(ngx_http_request_t *r)
{
    if (!ngx_http_postern_wants_headers(r)) {
        return NGX_DECLINED;
    }

    if (ngx_http_postern_identity_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


ngx_flag_t
ngx_http_postern_wants_headers(ngx_http_request_t *r)
{
    ngx_http_postern_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_postern_module);

    return plcf->identity_headers;
}


ngx_http_postern_directory_conf_t *
ngx_http_postern_directory_conf(ngx_http_request_t *r)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_postern_module);

    return &pmcf->directory;
}


ngx_http_postern_store_conf_t *
ngx_http_postern_store_conf(ngx_http_request_t *r)
{
    ngx_http_postern_main_conf_t  *pmcf;

    /* without a request: of the cycle this worker runs */

    pmcf = r ? ngx_http_get_module_main_conf(r, ngx_http_postern_module)
             : ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                                   ngx_http_postern_module);

    return &pmcf->store;
}


ngx_http_postern_apart_conf_t *
ngx_http_postern_apart_conf(ngx_http_request_t *r)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_postern_module);

    return &pmcf->apart;
}


static ngx_flag_t
ngx_http_postern_has_apart(ngx_http_request_t *r)
{
    return ngx_http_postern_apart_conf(r)->enable;
}


static ngx_flag_t
ngx_http_postern_keeps_apart(ngx_conf_t *cf)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return pmcf->apart.enable;
}


static ngx_flag_t
ngx_http_postern_loaded_apart(ngx_cycle_t *cycle)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_postern_module);

    return pmcf->apart.enable;
}


static char *
ngx_http_postern_set_org(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of an organization: leave it out where any "
               "will do";
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


static ngx_int_t
ngx_http_postern_org(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_http_postern_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_postern_module);

    if (plcf->org == NULL) {
        ngx_str_null(name);
        return NGX_DECLINED;
    }

    return ngx_http_complex_value(r, plcf->org, name);
}


static ngx_int_t
ngx_http_postern_register_directory(ngx_conf_t *cf,
    ngx_http_postern_feature_e f,
    void *(*build)(const postern_directory_t *dir, postern_arena_t *arena),
    void *(*prepare)(const postern_directory_t *dir),
    void (*destroy)(void *prepared))
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return ngx_http_postern_directory_register(cf, &pmcf->directory, f, build,
                                               prepare, destroy);
}


static ngx_flag_t
ngx_http_postern_has_directory(ngx_conf_t *cf)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return pmcf->directory.file.len != 0;
}


static const postern_directory_t *
ngx_http_postern_loaded(ngx_cycle_t *cycle)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_postern_module);

    return ngx_http_postern_directory_loaded(&pmcf->directory);
}


static ngx_flag_t
ngx_http_postern_has_store(ngx_conf_t *cf)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return pmcf->store.zone != NULL;
}


static ngx_flag_t
ngx_http_postern_has_redis(ngx_conf_t *cf)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return pmcf->store.redis != NULL;
}


static ngx_flag_t
ngx_http_postern_has_keys(ngx_conf_t *cf)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    return pmcf->keys.ring != NULL;
}


static ngx_int_t
ngx_http_postern_secret(ngx_log_t *log, postern_str_t text,
    postern_str_t name, u_char *out, size_t *len)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_postern_module);

    return ngx_http_postern_keys_open(log, &pmcf->keys, text, name, out, len);
}


static ngx_int_t
ngx_http_postern_private_key(ngx_log_t *log, postern_str_t text,
    postern_str_t name, u_char *out, size_t *len)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_postern_module);

    return ngx_http_postern_keys_private(log, &pmcf->keys, text, name, out,
                                         len);
}


static ngx_int_t
ngx_http_postern_seal(ngx_log_t *log, postern_str_t secret,
    postern_str_t name, u_char *out, size_t *len)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_postern_module);

    return ngx_http_postern_keys_seal(log, &pmcf->keys, secret, name, out, len);
}


static ngx_int_t
ngx_http_postern_mac(ngx_uint_t n, const char *purpose, postern_str_t data,
    u_char out[32])
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_postern_module);

    return ngx_http_postern_keys_mac(&pmcf->keys, n, purpose, data, out);
}


static ngx_int_t
ngx_http_postern_add_handlers(ngx_conf_t *cf)
{
    if (ngx_http_postern_filters_begin(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_postern_add_variables(cf);
}


static void *
ngx_http_postern_create_main_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->directory, conf->keys, conf->store, conf->apart: not
     *     configured;
     *     conf->identity_headers = 0;
     */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_main_conf_t));
}


static void *
ngx_http_postern_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_postern_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->org = NULL;
     */

    conf->identity_headers = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_postern_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_postern_loc_conf_t *prev = parent;
    ngx_http_postern_loc_conf_t *conf = child;

    ngx_http_postern_main_conf_t  *pmcf;

    if (conf->org == NULL) {
        conf->org = prev->org;
    }

    ngx_conf_merge_value(conf->identity_headers, prev->identity_headers, 0);

    if (conf->identity_headers) {
        pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);
        pmcf->identity_headers = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt           *h;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_module);

    if (ngx_http_postern_directory_init(cf, &pmcf->directory) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_postern_check_secrets(cf, pmcf);

    if (pmcf->apart.enable
        && (pmcf->store.redis == NULL || pmcf->directory.file.len == 0))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"postern_keys redis\" needs %s: add it at http level",
                      pmcf->store.redis == NULL
                      ? "\"postern_redis\", where the keys are"
                      : "\"postern_directory\", which says what they may do");
        return NGX_ERROR;
    }

    if (pmcf->identity_headers) {
        cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

        h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_postern_preaccess_handler;
    }

    /* nobody can be refused where nobody can be known; see
       ngx_http_postern_filters.c */

    if (pmcf->directory.file.len || pmcf->store.zone) {
        ngx_http_postern_refuses = 1;
    }

    if (ngx_http_postern_refuses) {
        ngx_http_postern_refuse_init();
    }

    return NGX_OK;
}


/* said now, and not when a client first uses a key */

static void
ngx_http_postern_check_secrets(ngx_conf_t *cf,
    ngx_http_postern_main_conf_t *pmcf)
{
    uint32_t                      lost;
    const postern_directory_t    *dir;
    ngx_http_postern_snapshot_t  *snapshot;

    snapshot = ngx_http_postern_snapshot_acquire(&pmcf->directory);

    if (snapshot == NULL) {
        return;
    }

    dir = ngx_http_postern_snapshot_directory(snapshot);

    lost = dir->nsealed ? postern_sealed_lost(pmcf->keys.ring, dir) : 0;

    if (lost && pmcf->keys.ring) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "directory \"%V\": sealed secrets: %uD, by master keys "
                      "that \"%V\" lacks; \"postern check --master-key\" "
                      "names them", &pmcf->directory.file, lost,
                      &pmcf->keys.file);

    } else if (lost) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "directory \"%V\": sealed secrets: %uD, which nothing "
                      "opens without a \"postern_master_key\"",
                      &pmcf->directory.file, lost);
    }

    ngx_http_postern_snapshot_release(snapshot);
}


/* nothing can keep this configuration from being in force any more */

static ngx_int_t
ngx_http_postern_init_module(ngx_cycle_t *cycle)
{
    ngx_http_postern_filters_keep();

    return ngx_http_postern_memory_init_module(cycle);
}


static ngx_int_t
ngx_http_postern_init_process(ngx_cycle_t *cycle)
{
    ngx_http_postern_main_conf_t  *pmcf;

    /* also where a configuration without this module came to nothing */

    ngx_http_postern_filters_restore();

    ngx_http_postern_memory_init_process();

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_postern_module);

    if (pmcf == NULL) {
        /* no http block */
        return NGX_OK;
    }

    if (ngx_http_postern_keys_init_process(cycle, &pmcf->keys) != NGX_OK
        || ngx_http_postern_directory_init_process(cycle, &pmcf->directory)
           != NGX_OK
        || ngx_http_postern_apart_init_process(cycle, &pmcf->apart,
                                               pmcf->store.redis,
                                               &pmcf->directory)
           != NGX_OK
        || ngx_http_postern_store_init_process(cycle, &pmcf->store) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_postern_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_postern_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_postern_module);

    if (pmcf == NULL) {
        return;
    }

    ngx_http_postern_job_exit_process();
    ngx_http_postern_apart_exit_process(cycle, &pmcf->apart);
    ngx_http_postern_store_exit_process(cycle, &pmcf->store);
    ngx_http_postern_directory_exit_process(cycle, &pmcf->directory);
}
