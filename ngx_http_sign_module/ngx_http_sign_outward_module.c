
/*
 * sign_upstream and sign_response: directives, and what merging makes of them.
 */


#include "ngx_http_sign_outward.h"


typedef struct {
    const char                    *module;
    const char                    *directive;
} ngx_http_sign_pass_t;


static void *ngx_http_sign_outward_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_sign_outward_init_main_conf(ngx_conf_t *cf, void *conf);
static ngx_http_handler_pt ngx_http_sign_handler_of(ngx_conf_t *cf,
    ngx_http_sign_pass_t *pass, ngx_uint_t *index);
static ngx_command_t *ngx_http_sign_command(ngx_module_t *module,
    const char *name);
static void *ngx_http_sign_outward_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_sign_outward_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_sign_merge_upstream(ngx_conf_t *cf,
    ngx_http_sign_outward_conf_t *prev, ngx_http_sign_outward_conf_t *conf);
static char *ngx_http_sign_merge_response(ngx_conf_t *cf,
    ngx_http_sign_outward_conf_t *prev, ngx_http_sign_outward_conf_t *conf);
static ngx_int_t ngx_http_sign_outward_postconfiguration(ngx_conf_t *cf);
static char *ngx_http_sign_set_upstream(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_sign_upstream_param(ngx_conf_t *cf, ngx_command_t *cmd,
    sign_make_t *make, ngx_str_t *value);
static char *ngx_http_sign_upstream_field(ngx_conf_t *cf, sign_make_t *make,
    ngx_str_t *name);
static char *ngx_http_sign_set_response_key(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_uint_t ngx_http_sign_is_text(const u_char *data, size_t len,
    const char *none);


static ngx_http_sign_pass_t  ngx_http_sign_proxy = {
    "ngx_http_proxy_module", "proxy_pass"
};

static ngx_http_sign_pass_t  ngx_http_sign_others[NGX_HTTP_SIGN_OTHERS] = {
    { "ngx_http_fastcgi_module", "fastcgi_pass" },
    { "ngx_http_grpc_module", "grpc_pass" },
    { "ngx_http_scgi_module", "scgi_pass" },
    { "ngx_http_uwsgi_module", "uwsgi_pass" }
};


/* of the process: the filters of answers are, or were, in their chains */

static ngx_uint_t  ngx_http_sign_responds;


static ngx_command_t  ngx_http_sign_outward_commands[] = {

    { ngx_string("sign_upstream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF
                        |NGX_CONF_1MORE,
      ngx_http_sign_set_upstream,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_response"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_outward_conf_t, response),
      NULL },

    { ngx_string("sign_response_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_sign_set_response_key,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sign_response_buffer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_sign_outward_conf_t, response_buffer),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_sign_outward_module_ctx = {
    NULL,                                    /* preconfiguration */
    ngx_http_sign_outward_postconfiguration, /* postconfiguration */

    ngx_http_sign_outward_create_main_conf,  /* create main configuration */
    ngx_http_sign_outward_init_main_conf,    /* init main configuration */

    NULL,                                    /* create server configuration */
    NULL,                                    /* merge server configuration */

    ngx_http_sign_outward_create_loc_conf,   /* create location configuration */
    ngx_http_sign_outward_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_sign_outward_module = {
    NGX_MODULE_V1,
    &ngx_http_sign_outward_module_ctx,       /* module context */
    ngx_http_sign_outward_commands,          /* module directives */
    NGX_HTTP_MODULE,                         /* module type */
    NULL,                                    /* init master */
    NULL,                                    /* init module */
    NULL,                                    /* init process */
    NULL,                                    /* init thread */
    NULL,                                    /* exit thread */
    NULL,                                    /* exit process */
    NULL,                                    /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_sign_outward_create_main_conf(ngx_conf_t *cf)
{
    /* all set by ngx_pcalloc() */

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_outward_main_conf_t));
}


static char *
ngx_http_sign_outward_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_sign_outward_main_conf_t *omcf = conf;

    ngx_uint_t  i, index;

    omcf->proxy = ngx_http_sign_handler_of(cf, &ngx_http_sign_proxy,
                                           &omcf->proxy_index);

    for (i = 0; i < NGX_HTTP_SIGN_OTHERS; i++) {
        omcf->others[i] = ngx_http_sign_handler_of(cf,
                                                   &ngx_http_sign_others[i],
                                                   &index);
    }

    return NGX_CONF_OK;
}


/*
 * Which content handler a directive sets is known to its module only, so it is
 * asked: the directive is read once more, into a configuration that nobody will
 * use, with a variable for an address, as that makes no upstream.
 */

static ngx_http_handler_pt
ngx_http_sign_handler_of(ngx_conf_t *cf, ngx_http_sign_pass_t *pass,
    ngx_uint_t *index)
{
    void                      *scratch;
    ngx_str_t                  args[2];
    ngx_uint_t                 i;
    ngx_array_t                array, *saved;
    ngx_module_t              *module;
    ngx_command_t             *cmd;
    ngx_http_module_t         *ctx;
    ngx_http_handler_pt        handler;
    ngx_http_core_loc_conf_t  *clcf, keep;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, pass->module) == 0) {
            break;
        }
    }

    module = cf->cycle->modules[i];

    if (module == NULL) {
        return NULL;
    }

    ctx = module->ctx;
    cmd = ngx_http_sign_command(module, pass->directive);
    scratch = ctx->create_loc_conf ? ctx->create_loc_conf(cf) : NULL;

    if (cmd == NULL || scratch == NULL) {
        return NULL;
    }

    args[0] = cmd->name;
    ngx_str_set(&args[1], "http://$host");

    ngx_memzero(&array, sizeof(ngx_array_t));
    array.elts = args;
    array.nelts = 2;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    keep = *clcf;
    saved = cf->args;

    clcf->handler = NULL;
    cf->args = &array;

    handler = cmd->set(cf, cmd, scratch) == NGX_CONF_OK ? clcf->handler : NULL;

    cf->args = saved;
    *clcf = keep;

    *index = module->ctx_index;

    return handler;
}


static ngx_command_t *
ngx_http_sign_command(ngx_module_t *module, const char *name)
{
    ngx_command_t  *cmd;

    for (cmd = module->commands; cmd && cmd->name.len; cmd++) {

        if (ngx_strlen(name) == cmd->name.len
            && ngx_strncmp(cmd->name.data, name, cmd->name.len) == 0)
        {
            return cmd;
        }
    }

    return NULL;
}


static void *
ngx_http_sign_outward_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_sign_outward_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_outward_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->make = { 0 };
     *     conf->upstream_key = NULL;
     *     conf->answer_key = NULL;
     *     conf->content = NULL;
     *     conf->proxy = NULL;
     *     conf->streams = 0;
     *     conf->response_key = { 0, NULL };
     *     conf->response_tag = { 0, NULL };
     */

    conf->upstream = NGX_CONF_UNSET;
    conf->response = NGX_CONF_UNSET;
    conf->response_buffer = NGX_CONF_UNSET_SIZE;

    return conf;
}


static char *
ngx_http_sign_outward_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_sign_outward_conf_t *prev = parent;
    ngx_http_sign_outward_conf_t *conf = child;

    char  *rv;

    if (conf->upstream == NGX_CONF_UNSET) {
        conf->make = prev->make;
        conf->upstream_key = prev->upstream_key;
    }

    ngx_conf_merge_value(conf->upstream, prev->upstream, 0);
    ngx_conf_merge_value(conf->response, prev->response, 0);
    ngx_conf_merge_size_value(conf->response_buffer, prev->response_buffer,
                              256 * 1024);

    if (conf->response_key.data == NULL) {
        conf->response_key = prev->response_key;
        conf->response_tag = prev->response_tag;
        conf->answer_key = prev->answer_key;
    }

    rv = ngx_http_sign_merge_upstream(cf, prev, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_sign_merge_response(cf, prev, conf);
}


/*
 * Our handler takes the place of that of proxy_pass.  A block of "if" without a
 * proxy_pass of its own uses that around it, and the handler with it.
 */

static char *
ngx_http_sign_merge_upstream(ngx_conf_t *cf,
    ngx_http_sign_outward_conf_t *prev, ngx_http_sign_outward_conf_t *conf)
{
    ngx_uint_t                          i;
    ngx_http_core_loc_conf_t           *clcf;
    ngx_http_sign_outward_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler && clcf->handler == omcf->proxy) {
        conf->content = omcf->proxy;

    } else if (clcf->noname && clcf->handler == NULL) {
        conf->content = prev->content;
    }

    if (!conf->upstream) {
        return NGX_CONF_OK;
    }

    if (!postern_api.has_directory(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sign_upstream\" needs \"postern_directory\", "
                           "which has the key: add it at http level");
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < NGX_HTTP_SIGN_OTHERS; i++) {

        if (clcf->handler && clcf->handler == omcf->others[i]) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"sign_upstream\" signs requests of "
                               "\"proxy_pass\", not of \"%s\": set "
                               "\"sign_upstream off\" in this location",
                               ngx_http_sign_others[i].directive);
            return NGX_CONF_ERROR;
        }
    }

    if (conf->content == NULL) {
        return NGX_CONF_OK;
    }

    omcf->upstream = 1;
    conf->upstream_key->used = 1;

    if (conf->make.unsigned_body) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"insecure_unsigned_body\" is set in "
                           "\"sign_upstream\": who sees a request on its way "
                           "to the application may change its body");
    }

    clcf->handler = ngx_http_sign_upstream_handler;

    /* the first member of the module's configuration; that it is is looked at
       again when the upstream is there */

    conf->proxy = clcf->loc_conf[omcf->proxy_index];

    if (conf->proxy->request_buffering) {
        return NGX_CONF_OK;
    }

    conf->streams = conf->make.unsigned_body;

    if (!conf->streams) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"proxy_request_buffering off\" has no effect with "
                           "\"sign_upstream\": the body is read before the "
                           "request is signed");
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_merge_response(ngx_conf_t *cf,
    ngx_http_sign_outward_conf_t *prev, ngx_http_sign_outward_conf_t *conf)
{
    ngx_http_sign_loc_conf_t           *slcf;
    ngx_http_sign_outward_main_conf_t  *omcf;

    if (conf->response_buffer > NGX_HTTP_SIGN_MAX_BUFFER) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sign_response_buffer\" is held in memory for "
                           "each response: at most 16m");
        return NGX_CONF_ERROR;
    }

    if (!conf->response) {
        return NGX_CONF_OK;
    }

    if (!postern_api.has_directory(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sign_response on\" needs \"postern_directory\", "
                           "which has the key: add it at http level");
        return NGX_CONF_ERROR;
    }

    slcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_sign_module);

    /* whether sign is on is not known of the levels above locations */

    if (conf->response_key.len == 0 && slcf->enable == 0
        && prev->response != conf->response)
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"sign_response on\" signs nothing here: without "
                           "\"sign_response_key\" the key is that of the "
                           "request, and \"sign\" is off");
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);
    omcf->response = 1;

    if (conf->answer_key) {
        conf->answer_key->used = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_sign_outward_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt                *h;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_sign_outward_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_sign_outward_module);

    /* among the filters of nginx, where one that goes leaves its neighbours
       pointing past it, also if the configuration comes to nothing */

    if (omcf->response) {
        ngx_http_sign_responds = 1;
    }

    if (ngx_http_sign_responds) {
        ngx_http_sign_response_init();
    }

    if ((!omcf->upstream && !omcf->response)
        || !postern_api.keeps_apart(cf))
    {
        return NGX_OK;
    }

    /* before the access phase, as refusals are answers, too */

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_sign_outward_preaccess;

    return NGX_OK;
}


static char *
ngx_http_sign_set_upstream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_outward_conf_t *ocf = conf;

    char         *rv;
    ngx_str_t    *value;
    ngx_uint_t    i;
    sign_make_t  *make;

    if (ocf->upstream != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    make = &ocf->make;

    ocf->upstream = !postern_str_is(value[1], "off");

    if (!ocf->upstream) {
        return cf->args->nelts == 2 ? NGX_CONF_OK
                                    : "takes nothing behind \"off\"";
    }

    make->scheme = postern_scheme_parse(ngx_http_postern_slice(value[1]));

    if (make->scheme != SIGN_RFC9421 && make->scheme != SIGN_SIGV4) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown scheme \"%V\" in \"%V\": \"rfc9421\", "
                           "\"sigv4\" and \"off\" are known",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        rv = ngx_http_sign_upstream_param(cf, cmd, make, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (make->key_id.len == 0) {
        return "needs \"key=\"";
    }

    if (make->scheme == SIGN_SIGV4
        && (make->region.len == 0 || make->service.len == 0))
    {
        return "needs \"region=\" and \"service=\" with \"sigv4\"";
    }

    ocf->upstream_key = ngx_http_sign_named_key(cf, cmd, make->key_id,
                                                make->scheme);

    return ocf->upstream_key ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_sign_upstream_param(ngx_conf_t *cf, ngx_command_t *cmd,
    sign_make_t *make, ngx_str_t *value)
{
    u_char          *p;
    size_t           max;
    ngx_str_t        text;
    const char      *none;
    postern_str_t   *to;

    if (postern_str_is(*value, "insecure_unsigned_body")) {
        make->unsigned_body = 1;
        return NGX_CONF_OK;
    }

    p = ngx_strlchr(value->data, value->data + value->len, '=');
    text = *value;

    if (p) {
        text.len = value->data + value->len - p - 1;
        text.data = p + 1;
    }

    to = NULL;
    none = "\"\\,; ";
    max = SIGN_SIGV4_SCOPE_MAX;

    if (ngx_strncmp(value->data, "key=", 4) == 0) {
        to = &make->key_id;
        max = SIGN_MAX_KEY_ID;

    } else if (ngx_strncmp(value->data, "field=", 6) == 0) {
        return ngx_http_sign_upstream_field(cf, make, &text);

    } else if (make->scheme == SIGN_RFC9421
               && ngx_strncmp(value->data, "tag=", 4) == 0)
    {
        to = &make->tag;
        none = "\"\\";

    } else if (make->scheme == SIGN_SIGV4) {

        none = "\"\\,; /";

        if (ngx_strncmp(value->data, "region=", 7) == 0) {
            to = &make->region;

        } else if (ngx_strncmp(value->data, "service=", 8) == 0) {
            to = &make->service;
        }
    }

    if (to == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\" in \"%V\"", value,
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (to->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\" in \"%V\"", value,
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (text.len > max || !ngx_http_sign_is_text(text.data, text.len, none)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value of \"%V\" in \"%V\"", value,
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    *to = ngx_http_postern_slice(text);

    return NGX_CONF_OK;
}


/* what changes on the way, or is covered in another way, is none */

static char *
ngx_http_sign_upstream_field(ngx_conf_t *cf, sign_make_t *make,
    ngx_str_t *name)
{
    ngx_uint_t      i;
    postern_str_t  *fields;

    static const char  *never[] = {
        "host", "connection", "keep-alive", "te", "trailer", "upgrade",
        "transfer-encoding", "proxy-connection", "authorization", "signature",
        "signature-input", "content-digest", "x-amz-date",
        "x-amz-content-sha256", NULL
    };

    ngx_strlow(name->data, name->data, name->len);

    for (i = 0; never[i]; i++) {
        if (name->len == ngx_strlen(never[i])
            && ngx_strncmp(name->data, never[i], name->len) == 0)
        {
            break;
        }
    }

    if (never[i] || !ngx_http_sign_is_token(name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"sign_upstream\" is no header field "
                           "that can be covered in this way", name);
        return NGX_CONF_ERROR;
    }

    if (make->nfields == SIGN_MAKE_MAX_FIELDS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d fields in \"sign_upstream\"",
                           SIGN_MAKE_MAX_FIELDS);
        return NGX_CONF_ERROR;
    }

    fields = (postern_str_t *) make->fields;

    if (fields == NULL) {
        fields = ngx_pcalloc(cf->pool, SIGN_MAKE_MAX_FIELDS
                                       * sizeof(postern_str_t));
        if (fields == NULL) {
            return NGX_CONF_ERROR;
        }

        make->fields = fields;
    }

    fields[make->nfields++] = ngx_http_postern_slice(*name);

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_set_response_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_sign_outward_conf_t *ocf = conf;

    ngx_str_t  *value;

    if (ocf->response_key.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len > SIGN_MAX_KEY_ID
        || !ngx_http_sign_is_text(value[1].data, value[1].len, "\"\\"))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid key \"%V\" in \"%V\"", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    ocf->response_key = value[1];
    ocf->answer_key = ngx_http_sign_named_key(cf, cmd,
                                              ngx_http_postern_slice(value[1]),
                                              SIGN_RFC9421);

    if (ocf->answer_key == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "tag=", 4) != 0
        || value[2].len > 4 + SIGN_MAX_KEY_ID
        || !ngx_http_sign_is_text(value[2].data + 4, value[2].len - 4, "\"\\"))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\": "
                           "\"tag=text\" is expected", &value[2], &cmd->name);
        return NGX_CONF_ERROR;
    }

    ocf->response_tag.data = value[2].data + 4;
    ocf->response_tag.len = value[2].len - 4;

    return NGX_CONF_OK;
}


/* printable ASCII, and none of those characters */

static ngx_uint_t
ngx_http_sign_is_text(const u_char *data, size_t len, const char *none)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (data[i] < 0x20 || data[i] > 0x7e
            || ngx_strchr(none, data[i]) != NULL)
        {
            return 0;
        }
    }

    return len != 0;
}


ngx_http_sign_outward_ctx_t *
ngx_http_sign_outward_ctx(ngx_http_request_t *r)
{
    ngx_http_sign_outward_ctx_t  *octx;

    octx = ngx_http_get_module_ctx(r, ngx_http_sign_outward_module);

    if (octx == NULL) {
        octx = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_outward_ctx_t));
        if (octx == NULL) {
            return NULL;
        }

        ngx_http_set_ctx(r, octx, ngx_http_sign_outward_module);
    }

    return octx;
}
