
/*
 * Who is this person, and how sure are we: sign-in, second factor, sessions.
 */


#include "ngx_http_mfa_module.h"


#define NGX_HTTP_MFA_ANYWHERE                                                 \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
#define NGX_HTTP_MFA_KEYS     16      /* master keys that sessions are looked
                                         for under */


static ngx_int_t ngx_http_mfa_preconfiguration(ngx_conf_t *cf);
static void *ngx_http_mfa_build(const postern_directory_t *dir,
    postern_arena_t *arena);
static ngx_int_t ngx_http_mfa_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_mfa_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_mfa_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_mfa_create_srv_conf(ngx_conf_t *cf);
static void *ngx_http_mfa_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_mfa_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_http_mfa_merge_guard(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf);
static void ngx_http_mfa_merge_proof(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf);
static void ngx_http_mfa_merge_pages(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf);
static char *ngx_http_mfa_check(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static char *ngx_http_mfa_names(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static ngx_int_t ngx_http_mfa_authenticate(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static ngx_int_t ngx_http_mfa_init_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_http_mfa_commands[] = {

    { ngx_string("mfa"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_FLAG,
      ngx_http_mfa_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, enable),
      NULL },

    { ngx_string("mfa_require"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE12,
      ngx_http_mfa_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_pages"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mfa_pages,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_admin"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_mfa_admin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_session"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE12,
      ngx_http_mfa_set_session,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_cookie"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_set_cookie_name,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_insecure_cookie"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_FLAG,
      ngx_http_mfa_set_insecure,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, insecure),
      NULL },

    { ngx_string("mfa_code_header"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_mfa_set_code_header,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_totp"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1234,
      ngx_http_mfa_set_totp,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_enrol"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, enrol),
      NULL },

    { ngx_string("mfa_password"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_mfa_set_password,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_insecure_block_list"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_FLAG,
      ngx_http_mfa_set_flag,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, block),
      NULL },

    { ngx_string("mfa_limit"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_mfa_set_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_argon2id"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_http_mfa_set_argon2id,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_insecure_argon2id"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_http_mfa_set_argon2id,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_mfa_main_conf_t, pool_name),
      NULL },

    { ngx_string("mfa_accounts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_mfa_main_conf_t, accounts),
      NULL },

    { ngx_string("mfa_name"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_mfa_set_name,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_logo"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, logo_file),
      NULL },

    { ngx_string("mfa_colors"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE12,
      ngx_http_mfa_set_colors,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mfa_templates"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, folder),
      NULL },

    { ngx_string("mfa_texts"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, texts_file),
      NULL },

    { ngx_string("mfa_language"),
      NGX_HTTP_MFA_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mfa_loc_conf_t, language_tag),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_mfa_module_ctx = {
    ngx_http_mfa_preconfiguration,         /* preconfiguration */
    ngx_http_mfa_postconfiguration,        /* postconfiguration */

    ngx_http_mfa_create_main_conf,         /* create main configuration */
    ngx_http_mfa_init_main_conf,           /* init main configuration */

    ngx_http_mfa_create_srv_conf,          /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_mfa_create_loc_conf,          /* create location configuration */
    ngx_http_mfa_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_http_mfa_module = {
    NGX_MODULE_V1,
    &ngx_http_mfa_module_ctx,              /* module context */
    ngx_http_mfa_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_mfa_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_mfa_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_postern_check_api(cf, "ngx_http_mfa_module") != NGX_OK) {
        return NGX_ERROR;
    }

    if (postern_api.register_directory(cf, NGX_HTTP_POSTERN_MFA,
                                       ngx_http_mfa_build, NULL, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_mfa_add_variables(cf);
}


/* where a directory is loaded, perhaps in a thread */

static void *
ngx_http_mfa_build(const postern_directory_t *dir, postern_arena_t *arena)
{
    return mfa_tags_build(dir, arena);
}


/* where mfa is nowhere on, requests do not notice the module */

static ngx_int_t
ngx_http_mfa_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_mfa_main_conf_t   *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (!mmcf->used) {
        return NGX_OK;
    }

#if (NGX_THREADS)

    mmcf->thread_pool = ngx_thread_pool_add(cf, mmcf->pool_name.len
                                                ? &mmcf->pool_name : NULL);
    if (mmcf->thread_pool == NULL) {
        return NGX_ERROR;
    }

#else

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "mfa needs an nginx that was built with \"--with-threads\": "
                  "passwords are hashed in a thread");
    return NGX_ERROR;

#endif

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_mfa_admin_preaccess;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_mfa_access_handler;

    return NGX_OK;
}


static void *
ngx_http_mfa_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_main_conf_t));
    if (mmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     mmcf->argon2 = { 0, 0 };
     *     mmcf->pool_name = { 0, NULL };
     *     mmcf->thread_pool = NULL;
     *     mmcf->accounts = { 0, NULL };
     *     mmcf->redis = 0;
     *     mmcf->used = 0;
     *     mmcf->lane = NULL;
     *     mmcf->kept = 0;
     *     mmcf->files = NULL;
     *     mmcf->tags = NULL;
     *     mmcf->ntags = 0;
     *     mmcf->widest = { 0, 0 };
     */

    mmcf->running = NGX_CONF_UNSET_UINT;
    mmcf->queued = NGX_CONF_UNSET_UINT;

    mmcf->looks = ngx_array_create(cf->pool, 1,
                                   sizeof(ngx_http_mfa_look_t *));
    mmcf->lists = ngx_array_create(cf->pool, 1,
                                   sizeof(ngx_http_mfa_list_file_t));

    if (mmcf->looks == NULL || mmcf->lists == NULL) {
        return NULL;
    }

    return mmcf;
}


static char *
ngx_http_mfa_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_mfa_main_conf_t *mmcf = conf;

    if (mmcf->argon2.memory == 0) {
        mmcf->argon2.memory = MFA_ARGON2_MEMORY;
        mmcf->argon2.passes = MFA_ARGON2_PASSES;
    }

    ngx_conf_init_uint_value(mmcf->running, 2);
    ngx_conf_init_uint_value(mmcf->queued, 64);

    mmcf->redis = postern_api.has_redis(cf);

    if (mmcf->accounts.len && ngx_http_mfa_account_folder(cf, mmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_mfa_create_srv_conf(ngx_conf_t *cf)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conf->pages = { 0, NULL };
     *     conf->look = NULL;
     *     conf->warned = 0;
     */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_srv_conf_t));
}


static void *
ngx_http_mfa_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_mfa_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc(), 0 and NULL stand for what is not set:
     *
     *     conf->places, aal, max_age, pages, admin, limits, cookie,
     *     code_header, otp, window, backoff, address, rules, block_file,
     *     brand, logo_file, colors, language_tag, texts_file, folder, and what
     *     is made of them
     */

    conf->enable = NGX_CONF_UNSET;
    conf->insecure = NGX_CONF_UNSET;
    conf->enrol = NGX_CONF_UNSET;
    conf->block = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_mfa_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mfa_loc_conf_t *prev = parent;
    ngx_http_mfa_loc_conf_t *conf = child;

    ngx_conf_t                *there;
    const char                *directive;
    ngx_http_postern_at_t      at;
    ngx_http_mfa_main_conf_t  *mmcf;

    ngx_http_postern_merge_places(prev->places, &conf->places);

    ngx_http_mfa_merge_guard(prev, conf);
    ngx_http_mfa_merge_proof(prev, conf);
    ngx_http_mfa_merge_pages(prev, conf);

    if (!conf->enable && !conf->pages && !conf->admin) {
        return NGX_CONF_OK;
    }

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    mmcf->used = 1;
    mmcf->widest.idle = ngx_max(mmcf->widest.idle, conf->limits.idle);
    mmcf->widest.absolute = ngx_max(mmcf->widest.absolute,
                                    conf->limits.absolute);

    directive = conf->pages ? "mfa_pages" : conf->admin ? "mfa_admin" : "mfa";

    there = ngx_http_postern_at(cf, ngx_http_postern_place(conf->places,
                                                           directive),
                                &at);

    if (ngx_http_mfa_check(there, conf) != NGX_CONF_OK
        || ngx_http_mfa_names(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return (conf->pages || conf->admin) ? ngx_http_mfa_look(there, conf)
                                        : NGX_CONF_OK;
}


/* a directive with parameters is inherited whole or not at all */

static void
ngx_http_mfa_merge_guard(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_value(conf->insecure, prev->insecure, 0);

    if (conf->aal == 0) {
        conf->aal = prev->aal ? prev->aal : 2;
        conf->max_age = prev->max_age;
    }

    if (conf->limits.idle == 0) {
        conf->limits = prev->limits;
    }

    if (conf->limits.idle == 0) {
        conf->limits.idle = 60 * 60;
        conf->limits.absolute = 24 * 60 * 60;
    }

    if (conf->cookie.data == NULL) {
        conf->cookie = prev->cookie;
    }

    if (conf->code_header.data == NULL) {
        conf->code_header = prev->code_header;
    }
}


static void
ngx_http_mfa_merge_proof(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf)
{
    if (conf->otp.digits == 0) {
        conf->otp = prev->otp;
        conf->window = prev->window;
    }

    if (conf->otp.digits == 0) {
        conf->otp.hash = POSTERN_OTP_SHA1;
        conf->otp.digits = 6;
        conf->otp.period = 30;
        conf->window = 1;
    }

    if (conf->address == 0) {
        conf->backoff = prev->backoff;
        conf->address = prev->address;
    }

    if (conf->address == 0) {
        conf->backoff.free = 5;
        conf->backoff.wait = 30 * 1000;
        conf->backoff.wait_max = 60 * 60 * 1000;
        conf->backoff.max = 100;
        conf->backoff.ttl = NGX_HTTP_MFA_GUESS_TTL;
        conf->address = 30;
    }
}


static void
ngx_http_mfa_merge_pages(ngx_http_mfa_loc_conf_t *prev,
    ngx_http_mfa_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->enrol, prev->enrol, 1);
    ngx_conf_merge_value(conf->block, prev->block, 1);

    if (conf->rules.min == 0) {
        conf->rules = prev->rules;
        conf->block_file = prev->block_file;
    }

    if (conf->rules.min == 0) {
        conf->rules.min = 8;
        conf->rules.max = NGX_HTTP_MFA_PASSWORD_CHARS;
    }

    ngx_conf_merge_str_value(conf->brand, prev->brand, "");
    ngx_conf_merge_str_value(conf->logo_file, prev->logo_file, "");
    ngx_conf_merge_str_value(conf->language_tag, prev->language_tag, "");
    ngx_conf_merge_str_value(conf->texts_file, prev->texts_file, "");
    ngx_conf_merge_str_value(conf->folder, prev->folder, "");

    if (conf->colors.accent.data == NULL
        && conf->colors.accent_dark.data == NULL)
    {
        conf->colors = prev->colors;
    }
}


static char *
ngx_http_mfa_check(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    const char                *word;
    ngx_http_mfa_srv_conf_t   *mscf;
    ngx_http_mfa_main_conf_t  *mmcf;

    word = conf->pages ? "mfa_pages" : conf->admin ? "mfa_admin" : "mfa on";

    if (!postern_api.has_directory(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" needs \"postern_directory\", which says "
                           "who may sign in: add it at http level", word);
        return NGX_CONF_ERROR;
    }

    if (!postern_api.has_store(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" needs \"postern_zone\", in which sessions "
                           "are kept: add it at http level, and "
                           "\"postern_redis\" where several nodes share them",
                           word);
        return NGX_CONF_ERROR;
    }

    if (!postern_api.has_keys(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" needs \"postern_master_key\", which seals "
                           "what it keeps: add it at http level; \"postern "
                           "master-key\" makes one", word);
        return NGX_CONF_ERROR;
    }

    mscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);

    if (conf->enable && mscf->pages.len == 0 && conf->code_header.len == 0
        && !mscf->warned)
    {
        mscf->warned = 1;
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"mfa on\" in a server without \"mfa_pages\": "
                           "nobody can sign in here; add \"location "
                           "/.postern/ { mfa_pages; }\"");
    }

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);

    if (conf->pages && conf->enrol && !mmcf->redis && !mmcf->accounts.len) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"mfa_pages\" has no place to keep what people "
                           "enrol: add \"mfa_accounts\" or \"postern_redis\" "
                           "at http level, or say \"mfa_enrol off\"");
    }

    return NGX_CONF_OK;
}


/* cookies */

static char *
ngx_http_mfa_names(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    u_char                 *p;
    ngx_uint_t              host;
    ngx_conf_t             *there;
    ngx_http_postern_at_t   at;

    there = ngx_http_postern_at(cf, ngx_http_postern_place(conf->places,
                                                           "mfa_cookie"),
                                &at);

    if (conf->cookie.data == NULL) {

        if (conf->insecure) {
            ngx_str_set(&conf->cookie, "postern");

        } else {
            ngx_str_set(&conf->cookie, "__Host-postern");
        }
    }

    host = conf->cookie.len > 7
           && ngx_strncmp(conf->cookie.data, "__Host-", 7) == 0;

    if (!host && !conf->insecure) {
        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "the name \"%V\" of \"mfa_cookie\" must begin with "
                           "\"__Host-\", so that no other host can set it",
                           &conf->cookie);
        return NGX_CONF_ERROR;
    }

    if (host && conf->insecure) {
        ngx_conf_log_error(NGX_LOG_EMERG, there, 0,
                           "browsers keep no cookie \"%V\" that is not "
                           "\"Secure\": with \"mfa_insecure_cookie on\" its "
                           "name must not begin with \"__Host-\"",
                           &conf->cookie);
        return NGX_CONF_ERROR;
    }

    p = ngx_pnalloc(cf->pool, 2 * conf->cookie.len + sizeof("-device-form"));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->device.data = p;
    p = ngx_sprintf(p, "%V-device", &conf->cookie);
    conf->device.len = p - conf->device.data;

    conf->form.data = p;
    p = ngx_sprintf(p, "%V-form", &conf->cookie);
    conf->form.len = p - conf->form.data;

    if (ngx_http_mfa_authenticate(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* a realm is what tells users where they are: the name of the service, where
   that can stand between quotes */

static ngx_int_t
ngx_http_mfa_authenticate(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    u_char                   *p;
    ngx_str_t                 realm;
    ngx_uint_t                i;
    ngx_http_mfa_srv_conf_t  *mscf;

    mscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);

    realm = conf->brand;

    for (i = 0; i < realm.len; i++) {
        if (realm.data[i] < 0x20 || realm.data[i] > 0x7e
            || realm.data[i] == '"' || realm.data[i] == '\\')
        {
            realm.len = 0;
        }
    }

    if (realm.len == 0) {
        ngx_str_set(&realm, "postern");
    }

    p = ngx_pnalloc(cf->pool, sizeof("Cookie realm=\"\", form-action=\"sign-in"
                                     "\", cookie-name=\"\"")
                              + realm.len + mscf->pages.len
                              + conf->cookie.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    conf->authenticate.data = p;

    p = ngx_sprintf(p, "Cookie realm=\"%V\"", &realm);

    if (mscf->pages.len) {
        p = ngx_sprintf(p, ", form-action=\"%Vsign-in\"", &mscf->pages);
    }

    p = ngx_sprintf(p, ", cookie-name=\"%V\"", &conf->cookie);

    conf->authenticate.len = p - conf->authenticate.data;

    return NGX_OK;
}


/*
 * What belongs to one worker: its lane to the threads, and by which tag of a
 * token it knows the master key (see mfa_http.h).
 */

static ngx_int_t
ngx_http_mfa_init_process(ngx_cycle_t *cycle)
{
    u_char                     mac[32];
    char                       text[48];
    ngx_uint_t                 n;
    postern_str_t              empty = postern_string("");
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mfa_module);

    if (mmcf == NULL || !mmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_mfa_lanes(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    mmcf->tags = ngx_pcalloc(cycle->pool, NGX_HTTP_MFA_KEYS * 5);
    if (mmcf->tags == NULL) {
        return NGX_ERROR;
    }

    for (n = 0; n < NGX_HTTP_MFA_KEYS; n++) {

        if (postern_api.mac(n, "mfa key tag", empty, mac) != NGX_OK) {
            break;
        }

        (void) mfa_base64url(mac, 3, text);
        ngx_memcpy(mmcf->tags[n], text, 4);
    }

    mmcf->ntags = n;

    return NGX_OK;
}
