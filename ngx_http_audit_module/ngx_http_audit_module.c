
/*
 * The activity log: directives, and when a record is made.
 *
 * A record is made in the log phase, which every request reaches, however it
 * ends.  But by then the client has its answer, and a worker killed in between
 * would leave a request that was answered and not recorded.  So where an answer
 * is about to leave whole, its record is put into the ring first, and completed
 * when the answer is gone (ngx_http_audit_answer()).
 */


#include "ngx_http_audit.h"


typedef struct {
    ngx_flag_t                   enable;
} ngx_http_audit_loc_conf_t;


static ngx_int_t ngx_http_audit_rewrite_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_audit_log_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_audit_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_audit_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_audit_answer(ngx_http_request_t *r,
    ngx_http_audit_ctx_t *ctx, ngx_chain_t *in, ngx_uint_t header);
static ngx_http_audit_ctx_t *ngx_http_audit_wanted(ngx_http_request_t *r);
static ngx_http_audit_ctx_t *ngx_http_audit_find_ctx(ngx_http_request_t *r);
static ngx_http_audit_ctx_t *ngx_http_audit_make_ctx(ngx_http_request_t *r);
static void ngx_http_audit_cleanup(void *data);

static char *ngx_http_audit_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_audit_redact(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_audit_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_audit_init(ngx_conf_t *cf);
static void *ngx_http_audit_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_audit_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_audit_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_audit_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_audit_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_audit_init_process(ngx_cycle_t *cycle);


/* of the process: its filters are, or were, in the chains */

static ngx_uint_t  ngx_http_audit_filters;


static ngx_command_t  ngx_http_audit_commands[] = {

    { ngx_string("audit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_audit_loc_conf_t, enable),
      NULL },

    { ngx_string("audit_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_audit_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("audit_ring"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_audit_main_conf_t, ring_size),
      NULL },

    { ngx_string("audit_flush"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_audit_main_conf_t, flush),
      NULL },

    { ngx_string("audit_redact"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_audit_redact,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_audit_module_ctx = {
    ngx_http_audit_preconfiguration,       /* preconfiguration */
    ngx_http_audit_init,                   /* postconfiguration */

    ngx_http_audit_create_main_conf,       /* create main configuration */
    ngx_http_audit_init_main_conf,         /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_audit_create_loc_conf,        /* create location configuration */
    ngx_http_audit_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_audit_module = {
    NGX_MODULE_V1,
    &ngx_http_audit_module_ctx,            /* module context */
    ngx_http_audit_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_audit_init_module,            /* init module */
    ngx_http_audit_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_audit_sink_exit_process,      /* exit process */
    ngx_http_audit_sink_exit_master,       /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/*
 * The first handler of the first location: whether the request is recorded is
 * decided here, so that an error_page elsewhere does not lose it.
 */

static ngx_int_t
ngx_http_audit_rewrite_handler(ngx_http_request_t *r)
{
    ngx_http_audit_ctx_t       *ctx;
    ngx_http_audit_loc_conf_t  *alcf;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_audit_module);

    if (!alcf->enable) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_audit_find_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_audit_make_ctx(r);

        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (!r->error_page) {
        ctx->uri = r->uri;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_audit_log_handler(ngx_http_request_t *r)
{
    size_t                      n;
    u_char                      line[AUDIT_RECORD_MAX];
    uint64_t                    pos;
    audit_head_t                head;
    ngx_http_audit_ctx_t       *ctx;
    ngx_http_audit_loc_conf_t  *alcf;

    if (r != r->main) {
        return NGX_OK;
    }

    ctx = ngx_http_audit_find_ctx(r);

    if (ctx == NULL) {
        alcf = ngx_http_get_module_loc_conf(r, ngx_http_audit_module);

        if (!alcf->enable) {
            return NGX_OK;
        }

    } else if (ctx->recorded) {
        return NGX_OK;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0, "audit log");

    head.complete = 1;

    n = ngx_http_audit_line(r, ctx, line, &head);

    (void) ngx_http_audit_sink_add(line, n, head.time, 0, &pos);

    return NGX_OK;
}


static ngx_int_t
ngx_http_audit_header_filter(ngx_http_request_t *r)
{
    ngx_http_audit_ctx_t  *ctx;

    if (r == r->main
        && (r->header_only
            || r->method == NGX_HTTP_HEAD
            || r->headers_out.status == NGX_HTTP_NO_CONTENT
            || r->headers_out.status == NGX_HTTP_NOT_MODIFIED))
    {
        ctx = ngx_http_audit_wanted(r);

        if (ctx) {
            ctx->last = 1;
            return ngx_http_audit_answer(r, ctx, NULL, 1);
        }
    }

    return ngx_http_next_header_filter(r);
}


/*
 * Is this the last of the answer?  That is so with the last buffer, and before
 * it where the length was told and is reached: the client then waits no longer.
 */

static ngx_int_t
ngx_http_audit_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t           *cl;
    ngx_http_audit_ctx_t  *ctx;

    if (r != r->main) {
        return ngx_http_next_body_filter(r, in);
    }

    ctx = ngx_http_audit_wanted(r);

    if (ctx == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {

        ctx->sent += ngx_buf_size(cl->buf);

        if (cl->buf->last_buf) {
            ctx->last = 1;
        }
    }

    if (r->headers_out.content_length_n > 0
        && ctx->sent >= r->headers_out.content_length_n)
    {
        ctx->last = 1;
    }

    if (!ctx->last) {
        return ngx_http_next_body_filter(r, in);
    }

    return ngx_http_audit_answer(r, ctx, in, 0);
}


/*
 * Hands the last of the answer on, behind its record.  Should the worker die
 * right now, the record goes out as it is, "complete": false.  Should the
 * client not take all of it now, the record is withdrawn until the next try or
 * the log phase: an open one holds up those behind it.
 */

static ngx_int_t
ngx_http_audit_answer(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    ngx_chain_t *in, ngx_uint_t header)
{
    size_t        n;
    u_char        line[AUDIT_RECORD_MAX];
    uint64_t      pos;
    ngx_int_t     rc;
    audit_head_t  head;

    head.complete = 0;

    n = ngx_http_audit_line(r, ctx, line, &head);

    if (ngx_http_audit_sink_add(line, n, head.time, 1, &pos) != NGX_OK) {

        /* counted as dropped, which is all there is to tell of it */

        ctx->recorded = 1;

        return header ? ngx_http_next_header_filter(r)
                      : ngx_http_next_body_filter(r, in);
    }

    rc = header ? ngx_http_next_header_filter(r)
                : ngx_http_next_body_filter(r, in);

    if (rc == NGX_OK && r->out == NULL && !r->connection->buffered) {

        ctx->recorded = 1;

        head.complete = 1;
        ngx_http_audit_head(r, ctx, &head);
        audit_record_head_again(line, &head);

        ngx_http_audit_sink_settle(pos, line, n);

    } else {
        ngx_http_audit_sink_settle(pos, NULL, n);
    }

    return rc;
}


/* the context of a request that is to be recorded and is not yet */

static ngx_http_audit_ctx_t *
ngx_http_audit_wanted(ngx_http_request_t *r)
{
    ngx_http_audit_ctx_t       *ctx;
    ngx_http_audit_loc_conf_t  *alcf;

    ctx = ngx_http_audit_find_ctx(r);

    if (ctx == NULL) {
        alcf = ngx_http_get_module_loc_conf(r, ngx_http_audit_module);

        if (!alcf->enable) {
            return NULL;
        }

        /* out of memory: the log phase does without */

        ctx = ngx_http_audit_make_ctx(r);
        if (ctx == NULL) {
            return NULL;
        }
    }

    return ctx->recorded ? NULL : ctx;
}


/* internal redirects forget contexts; the pool of the request does not */

static ngx_http_audit_ctx_t *
ngx_http_audit_find_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_audit_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_audit_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_audit_cleanup) {
            ngx_http_set_ctx(r, cln->data, ngx_http_audit_module);
            return cln->data;
        }
    }

    return NULL;
}


static ngx_http_audit_ctx_t *
ngx_http_audit_make_ctx(ngx_http_request_t *r)
{
    ngx_msec_int_t         ms;
    ngx_pool_cleanup_t    *cln;
    ngx_http_audit_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_audit_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_audit_ctx_t));

    cln->handler = ngx_http_audit_cleanup;
    ngx_http_set_ctx(r, ctx, ngx_http_audit_module);

    /* nginx knows the start to the millisecond, as of its event loop's turn:
       right for what passed in turns before this one */

    ms = (ngx_msec_int_t) ((ngx_time() - r->start_sec) * 1000
                           + ((ngx_msec_int_t) ngx_timeofday()->msec
                              - (ngx_msec_int_t) r->start_msec));

    ctx->before = (uint64_t) ngx_max(ms, 0) * 1000;
    ctx->started = ngx_http_audit_ticks();
    ctx->id = ngx_http_audit_next_id();

    return ctx;
}


static void
ngx_http_audit_cleanup(void *data)
{
    /* marks the context, see ngx_http_audit_find_ctx() */
}


static char *
ngx_http_audit_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_audit_main_conf_t *amcf = conf;

    ngx_str_t  *value;

    if (amcf->file) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit_file\" needs the name of a file");
        return NGX_CONF_ERROR;
    }

    /* as access_log has them; here they would be names of files */

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit_file\" names a file: \"audit off\" "
                           "turns records off");
        return NGX_CONF_ERROR;
    }

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit_file\" takes no variables: \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    amcf->file = ngx_conf_open_file(cf->cycle, &value[1]);

    return amcf->file ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_audit_redact(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_audit_main_conf_t *amcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;
    const char  *fault;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        switch (audit_redact_add(amcf->redact,
                                 ngx_http_postern_slice(value[i])))
        {
        case AUDIT_REDACT_OK:
            continue;

        case AUDIT_REDACT_EMPTY:
            fault = "has neither letters nor digits";
            break;

        case AUDIT_REDACT_LONG:
            fault = "is longer than 64 bytes";
            break;

        default:
            fault = "is one too many: 256 are kept";
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name \"%V\" of \"audit_redact\" %s",
                           &value[i], fault);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_audit_preconfiguration(ngx_conf_t *cf)
{
    return ngx_http_postern_check_api(cf, "ngx_http_audit_module");
}


/* where no location says "audit on" nothing is hooked in; but filters that were
   once in their chains stay there: see ngx_http_postern_filters.c */

static ngx_int_t
ngx_http_audit_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt         *h;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_audit_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_audit_module);

    if (amcf->used || ngx_http_audit_filters) {
        ngx_http_audit_filters = 1;

        ngx_http_next_header_filter = ngx_http_top_header_filter;
        ngx_http_top_header_filter = ngx_http_audit_header_filter;

        ngx_http_next_body_filter = ngx_http_top_body_filter;
        ngx_http_top_body_filter = ngx_http_audit_body_filter;
    }

    if (!amcf->used) {
        return NGX_OK;
    }

    if (amcf->file == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit on\" needs \"audit_file\" in the \"http\" "
                           "block");
        return NGX_ERROR;
    }

    if (ngx_http_audit_sink_configure(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_audit_rewrite_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_audit_log_handler;

    return NGX_OK;
}


static void *
ngx_http_audit_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_audit_main_conf_t  *amcf;

    amcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_audit_main_conf_t));
    if (amcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     amcf->used = 0;
     *     amcf->file = NULL;
     *     amcf->zone = NULL;
     */

    amcf->ring_size = NGX_CONF_UNSET_SIZE;
    amcf->flush = NGX_CONF_UNSET_MSEC;

    amcf->redact = ngx_palloc(cf->pool, sizeof(audit_redact_t));
    if (amcf->redact == NULL) {
        return NULL;
    }

    audit_redact_init(amcf->redact);

    return amcf;
}


static char *
ngx_http_audit_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_audit_main_conf_t *amcf = conf;

    ngx_conf_init_size_value(amcf->ring_size, NGX_HTTP_AUDIT_RING_DEFAULT);
    ngx_conf_init_msec_value(amcf->flush, 100);

    if (amcf->ring_size < NGX_HTTP_AUDIT_RING_MIN
        || amcf->ring_size > NGX_HTTP_AUDIT_RING_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit_ring\" must be between 256k and 1024m");
        return NGX_CONF_ERROR;
    }

    if (amcf->flush < 1 || amcf->flush > 60000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"audit_flush\" must be between 1ms and 60s");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_audit_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_audit_loc_conf_t  *alcf;

    alcf = ngx_palloc(cf->pool, sizeof(ngx_http_audit_loc_conf_t));
    if (alcf == NULL) {
        return NULL;
    }

    alcf->enable = NGX_CONF_UNSET;

    return alcf;
}


static char *
ngx_http_audit_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_audit_loc_conf_t *prev = parent;
    ngx_http_audit_loc_conf_t *conf = child;

    ngx_http_audit_main_conf_t  *amcf;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);

    if (conf->enable) {
        amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_audit_module);
        amcf->used = 1;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_audit_init_module(ngx_cycle_t *cycle)
{
    ngx_http_audit_main_conf_t  *amcf;

    amcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_audit_module);

    if (amcf && !amcf->used) {
        amcf = NULL;
    }

    return ngx_http_audit_sink_init_module(cycle, amcf);
}


static ngx_int_t
ngx_http_audit_init_process(ngx_cycle_t *cycle)
{
    if (ngx_http_audit_init_ids(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_audit_sink_init_process(cycle);
}
