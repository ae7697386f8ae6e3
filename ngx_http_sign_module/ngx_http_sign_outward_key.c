
/*
 * Keys that sign outward.  The configuration names them, and the directory has
 * them, or Redis: what nginx -t says of that, and how they are found.
 *
 * nginx runs what modules do at the end of a configuration in their order, and
 * this one has no place of its own in it: it comes behind the core, which has
 * loaded the directory then.
 */


#include "ngx_http_sign_outward.h"


static ngx_int_t ngx_http_sign_outward_check(ngx_conf_t *cf);
static const char *ngx_http_sign_outward_never(const postern_key_t *key,
    sign_scheme_e scheme);
static const char *ngx_http_sign_outward_not_yet(const postern_key_t *key,
    sign_scheme_e scheme);
static ngx_int_t ngx_http_sign_outward_ask(ngx_http_request_t *r,
    ngx_http_sign_asked_key_t *asked, postern_str_t id);
static ngx_uint_t ngx_http_sign_outward_begin(
    ngx_http_sign_asked_key_t *asked, postern_str_t id);
static ngx_int_t ngx_http_sign_outward_unavailable(ngx_http_request_t *r,
    postern_str_t id);
static ngx_http_postern_apart_t *ngx_http_sign_outward_apart(
    ngx_http_request_t *r, ngx_http_sign_asked_key_t *asked, postern_str_t id);
static sign_code_e ngx_http_sign_outward_judge(const postern_key_t *key,
    sign_scheme_e scheme, time_t now);


static ngx_http_module_t  ngx_http_sign_outward_key_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_sign_outward_check,           /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_sign_outward_key_module = {
    NGX_MODULE_V1,
    &ngx_http_sign_outward_key_module_ctx, /* module context */
    NULL,                                  /* module directives */
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


ngx_http_sign_named_key_t *
ngx_http_sign_named_key(ngx_conf_t *cf, ngx_command_t *cmd, postern_str_t id,
    sign_scheme_e scheme)
{
    ngx_http_sign_named_key_t          *key, **noted;
    ngx_http_sign_outward_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);

    if (omcf->keys == NULL) {
        omcf->keys = ngx_array_create(cf->pool, 4, sizeof(void *));
    }

    noted = omcf->keys ? ngx_array_push(omcf->keys) : NULL;
    key = ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_named_key_t));

    if (noted == NULL || key == NULL) {
        return NULL;
    }

    key->directive = cmd->name;
    key->id = id;
    key->scheme = scheme;
    key->file = cf->conf_file->file.name;
    key->line = cf->conf_file->line;

    *noted = key;

    return key;
}


/*
 * The directory may change while nginx runs, and is then not looked at in this
 * way: what it lacks now is a warning.  A key of another kind is a mistake.
 */

static ngx_int_t
ngx_http_sign_outward_check(ngx_conf_t *cf)
{
    ngx_uint_t                           i, level;
    const char                          *wrong;
    const postern_key_t                 *key;
    const postern_directory_t           *directory;
    ngx_http_sign_named_key_t          **named, *n;
    ngx_http_sign_outward_main_conf_t   *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);

    directory = postern_api.loaded(cf->cycle);

    if (directory == NULL || omcf->keys == NULL) {
        return NGX_OK;
    }

    named = omcf->keys->elts;

    for (i = 0; i < omcf->keys->nelts; i++) {
        n = named[i];

        if (!n->used) {
            continue;
        }

        key = postern_directory_key(directory, n->id);

        if (key == NULL && postern_api.keeps_apart(cf)) {
            continue;
        }

        level = NGX_LOG_EMERG;
        wrong = key ? ngx_http_sign_outward_never(key, n->scheme) : NULL;

        if (wrong == NULL) {
            level = NGX_LOG_WARN;
            wrong = ngx_http_sign_outward_not_yet(key, n->scheme);
        }

        if (wrong) {
            ngx_log_error(level, cf->log, 0,
                          "\"%V\" names the key \"%*s\", %s in %V:%ui",
                          &n->directive, n->id.len, n->id.data, wrong,
                          &n->file, n->line);

            if (level == NGX_LOG_EMERG) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static const char *
ngx_http_sign_outward_never(const postern_key_t *key, sign_scheme_e scheme)
{
    if (scheme == SIGN_SIGV4 && key->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return "whose algorithm is not \"hmac-sha256\", the only one of "
               "\"sigv4\"";
    }

    if (key->algorithm > POSTERN_ALG_RSA_V1_5_SHA256) {
        return "whose algorithm is none of RFC 9421";
    }

    return NULL;
}


static const char *
ngx_http_sign_outward_not_yet(const postern_key_t *key, sign_scheme_e scheme)
{
    if (key == NULL) {
        return "which the directory does not have";
    }

    if (key->algorithm != POSTERN_ALG_HMAC_SHA256
        && key->private_key.len == 0)
    {
        return "which has no \"private_key\" to sign with";
    }

    switch (ngx_http_sign_outward_judge(key, scheme, ngx_time())) {

    case SIGN_OK:
        return NULL;

    case SIGN_KEY_DISABLED:
        return "which is disabled";

    case SIGN_KEY_EXPIRED:
        return "which is not valid at this time";

    default: /* SIGN_KEY_SCHEME */
        return "whose \"schemes\" leave this one out";
    }
}


/* what is signed later is signed where nobody can wait */

ngx_int_t
ngx_http_sign_outward_preaccess(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_uint_t                     upstream, response;
    postern_str_t                  id;
    ngx_http_sign_outward_ctx_t   *octx;
    ngx_http_sign_outward_conf_t  *ocf;

    ocf = ngx_http_get_module_loc_conf(r, ngx_http_sign_outward_module);

    upstream = ocf->upstream && ocf->content;
    response = ocf->response && ocf->answer_key && r == r->main;

    if (!upstream && !response) {
        return NGX_DECLINED;
    }

    octx = ngx_http_sign_outward_ctx(r);
    if (octx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* one behind the other: workers remember them, so there is seldom a wait */

    if (upstream) {
        id = ocf->upstream_key->id;
        rc = ngx_http_sign_outward_ask(r, &octx->upstream_key, id);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (response) {
        id = ocf->answer_key->id;
        rc = ngx_http_sign_outward_ask(r, &octx->answer_key, id);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_sign_outward_ask(ngx_http_request_t *r,
    ngx_http_sign_asked_key_t *asked, postern_str_t id)
{
    ngx_str_t                   name;
    const postern_directory_t  *directory;

    if (ngx_http_sign_outward_begin(asked, id)) {
        asked->op.done = 1;
        asked->op.result = NGX_HTTP_POSTERN_NO;

        directory = postern_api.directory(r);
        name = ngx_http_postern_str(id);

        if (directory && postern_directory_key(directory, id) == NULL
            && postern_api.key(r, &asked->op, POSTERN_BY_ID, &name)
               == NGX_ERROR)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (!asked->op.done) {
        return NGX_AGAIN;
    }

    return asked->op.result == NGX_HTTP_POSTERN_UNAVAILABLE
           ? ngx_http_sign_outward_unavailable(r, id) : NGX_OK;
}


/* modules can lead a request into another location with its contexts kept */

static ngx_uint_t
ngx_http_sign_outward_begin(ngx_http_sign_asked_key_t *asked,
    postern_str_t id)
{
    if (asked->op.pending || postern_str_eq(asked->id, id)) {
        return 0;
    }

    ngx_memzero(asked, sizeof(ngx_http_sign_asked_key_t));

    asked->id = id;

    return 1;
}


/* before the application has done what could not be signed */

static ngx_int_t
ngx_http_sign_outward_unavailable(ngx_http_request_t *r, postern_str_t id)
{
    ngx_http_postern_refusal_t  refusal;

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "the key \"%*s\" cannot sign: Redis cannot be asked for it",
                  id.len, id.data);

    /* what a client is told is about its own request */

    if (r != r->main) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_memzero(&refusal, sizeof(ngx_http_postern_refusal_t));

    refusal.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    refusal.retry_after = NGX_HTTP_SIGN_RETRY_AFTER;
    ngx_str_set(&refusal.code, "unavailable");

    return postern_api.refuse(r, &refusal);
}


sign_maker_t *
ngx_http_sign_outward_key(ngx_http_request_t *r,
    ngx_http_sign_asked_key_t *asked, postern_str_t id, sign_scheme_e scheme)
{
    sign_code_e                 code;
    sign_maker_t               *maker;
    const postern_key_t        *key;
    ngx_http_postern_apart_t   *apart;
    const postern_directory_t  *directory;

    maker = NULL;
    apart = NULL;
    directory = postern_api.directory(r);
    key = directory ? postern_directory_key(directory, id) : NULL;

    if (key == NULL) {
        apart = ngx_http_sign_outward_apart(r, asked, id);
        key = apart ? apart->key : NULL;
    }

    code = ngx_http_sign_outward_judge(key, scheme, ngx_time());

    if (code == SIGN_OK) {
        maker = apart ? ngx_http_sign_apart_maker(r, apart)
                      : ngx_http_sign_maker(r, key);
        code = maker ? SIGN_OK : SIGN_KEY_UNUSABLE;
    }

    if (code != SIGN_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the key \"%*s\" cannot sign: %s", id.len, id.data,
                      sign_code(code));
    }

    return maker;
}


/* where the request was answered before anybody could ask ("return"), what the
   worker remembers has to do */

static ngx_http_postern_apart_t *
ngx_http_sign_outward_apart(ngx_http_request_t *r,
    ngx_http_sign_asked_key_t *asked, postern_str_t id)
{
    ngx_str_t  name;

    if (ngx_http_sign_outward_begin(asked, id)) {
        asked->op.local = 1;

        name = ngx_http_postern_str(id);

        if (postern_api.key(r, &asked->op, POSTERN_BY_ID, &name) != NGX_OK) {
            return NULL;
        }
    }

    return asked->op.done ? asked->op.apart : NULL;
}


static sign_code_e
ngx_http_sign_outward_judge(const postern_key_t *key, sign_scheme_e scheme,
    time_t now)
{
    if (key == NULL) {
        return SIGN_UNKNOWN_KEY;
    }

    if (key->status != POSTERN_STATUS_ACTIVE
        || (key->user && key->user->status != POSTERN_STATUS_ACTIVE))
    {
        return SIGN_KEY_DISABLED;
    }

    if (now < key->not_before || now >= key->not_after) {
        return SIGN_KEY_EXPIRED;
    }

    if (!(key->schemes & scheme)) {
        return SIGN_KEY_SCHEME;
    }

    if (scheme == SIGN_SIGV4 && key->algorithm != POSTERN_ALG_HMAC_SHA256) {
        return SIGN_ALGORITHM;
    }

    return SIGN_OK;
}
