
/*
 * The proofs of mfa as a directive, for tests: what its pages ask, without
 * pages, sessions and cookies, so that a test says who is asked for and from
 * which lane.  util/build-test-mfa links it with the objects of the real module
 * into one .so, which is loaded in place of ngx_http_mfa_module.so; it is never
 * shipped.
 *
 *     mfa_test_prove pwd | otp | recovery | forget;
 *
 * takes org, name, lane and given from the query and answers
 *
 *     yes | no | wait SECONDS | used | busy | unavailable
 *
 * in the body, and the first word also in X-Proof, for logs to count.
 * "no" is what was checked and found wrong; "wait" was not checked.
 */


#include "ngx_http_mfa_module.h"


typedef ngx_int_t (*ngx_http_mfa_test_pt)(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);


typedef struct {
    ngx_http_mfa_test_pt     prove;
} ngx_http_mfa_test_conf_t;


typedef struct {
    ngx_http_mfa_proof_t     proof;
    ngx_str_t                given;
    ngx_uint_t               decided;
} ngx_http_mfa_test_ctx_t;


extern ngx_module_t  ngx_http_postern_test_mfa_module;


static ngx_int_t ngx_http_mfa_test_access(ngx_http_request_t *r);
static ngx_http_mfa_test_ctx_t *ngx_http_mfa_test_begin(ngx_http_request_t *r);
static ngx_int_t ngx_http_mfa_test_argument(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_mfa_test_content(ngx_http_request_t *r);
static ngx_int_t ngx_http_mfa_test_header(ngx_http_request_t *r,
    ngx_http_mfa_result_e result);
static ngx_int_t ngx_http_mfa_test_forget(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static char *ngx_http_mfa_test_prove(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_mfa_test_create_conf(ngx_conf_t *cf);
static ngx_int_t ngx_http_mfa_test_init(ngx_conf_t *cf);


static const struct {
    const char            *name;
    ngx_http_mfa_test_pt   prove;
} ngx_http_mfa_test_kinds[] = {
    { "pwd", ngx_http_mfa_prove_password },
    { "otp", ngx_http_mfa_prove_code },
    { "recovery", ngx_http_mfa_prove_recovery },
    { "forget", ngx_http_mfa_test_forget },
    { NULL, NULL }
};


/* of ngx_http_mfa_result_e */

static const char *ngx_http_mfa_test_results[] = {
    "yes", "no", "wait", "used", "busy", "unavailable"
};


static ngx_command_t  ngx_http_mfa_test_commands[] = {

    { ngx_string("mfa_test_prove"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_mfa_test_prove,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_test_mfa_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_mfa_test_init,                /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_mfa_test_create_conf,         /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_postern_test_mfa_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_test_mfa_module_ctx, /* module context */
    ngx_http_mfa_test_commands,            /* module directives */
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


/* what nginx's build would write for a dynamic module of two */

ngx_module_t *ngx_modules[] = {
    &ngx_http_mfa_module, &ngx_http_postern_test_mfa_module, NULL
};

char *ngx_module_names[] = {
    "ngx_http_mfa_module", "ngx_http_postern_test_mfa_module", NULL
};

char *ngx_module_order[] = {
    "ngx_http_mfa_module", "ngx_http_sign_module", "ngx_http_access_module",
    NULL
};


static ngx_int_t
ngx_http_mfa_test_access(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_mfa_test_ctx_t   *ctx;
    ngx_http_mfa_test_conf_t  *tcf;

    tcf = ngx_http_get_module_loc_conf(r, ngx_http_postern_test_mfa_module);

    if (tcf->prove == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_postern_test_mfa_module);

    if (ctx == NULL) {
        ctx = ngx_http_mfa_test_begin(r);

        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->decided) {
        return NGX_OK;
    }

    rc = tcf->prove(r, &ctx->proof, &ctx->given);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->decided = (rc == NGX_OK);

    return rc;
}


static ngx_http_mfa_test_ctx_t *
ngx_http_mfa_test_begin(ngx_http_request_t *r)
{
    ngx_http_mfa_proof_t       *p;
    const postern_org_t        *org;
    const postern_user_t       *user;
    ngx_http_mfa_test_ctx_t    *ctx;
    const postern_directory_t  *directory;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_test_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_postern_test_mfa_module);

    p = &ctx->proof;

    if (ngx_http_mfa_test_argument(r, "org", &p->org) != NGX_OK
        || ngx_http_mfa_test_argument(r, "name", &p->name) != NGX_OK
        || ngx_http_mfa_test_argument(r, "lane", &p->lane) != NGX_OK
        || ngx_http_mfa_test_argument(r, "given", &ctx->given) != NGX_OK)
    {
        return NULL;
    }

    directory = postern_api.directory(r);
    org = directory ? postern_directory_org(directory,
                                            ngx_http_postern_slice(p->org))
                    : NULL;
    user = org ? postern_directory_user(directory, org,
                                        ngx_http_postern_slice(p->name))
               : NULL;

    p->user = (user && user->status == POSTERN_STATUS_ACTIVE) ? user : NULL;

    return ctx;
}


static ngx_int_t
ngx_http_mfa_test_argument(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    u_char     *dst, *src;
    ngx_str_t   arg;

    ngx_str_set(value, "");

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, arg.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    value->len = dst - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_test_content(ngx_http_request_t *r)
{
    u_char                   *p;
    ngx_str_t                 type;
    ngx_http_mfa_test_ctx_t  *ctx;
    ngx_http_complex_value_t  text;

    ctx = ngx_http_get_module_ctx(r, ngx_http_postern_test_mfa_module);

    ngx_memzero(&text, sizeof(ngx_http_complex_value_t));
    ngx_str_set(&type, "text/plain");

    p = ngx_pnalloc(r->pool, 64);
    if (p == NULL
        || ngx_http_mfa_test_header(r, ctx->proof.result) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.value.data = p;

    p = ngx_sprintf(p, "%s", ngx_http_mfa_test_results[ctx->proof.result]);

    if (ctx->proof.result == NGX_HTTP_MFA_WAIT) {
        p = ngx_sprintf(p, " %T", ctx->proof.wait);
    }

    *p++ = LF;

    text.value.len = p - text.value.data;

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &text);
}


static ngx_int_t
ngx_http_mfa_test_header(ngx_http_request_t *r, ngx_http_mfa_result_e result)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "X-Proof");
    h->value.data = (u_char *) ngx_http_mfa_test_results[result];
    h->value.len = ngx_strlen(h->value.data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_test_forget(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    return ngx_http_mfa_prove_forget(r, p);
}


static char *
ngx_http_mfa_test_prove(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_test_conf_t *tcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;

    for (i = 0; ngx_http_mfa_test_kinds[i].name; i++) {
        if (ngx_strcmp(value[1].data, ngx_http_mfa_test_kinds[i].name) == 0) {
            tcf->prove = ngx_http_mfa_test_kinds[i].prove;
        }
    }

    if (tcf->prove == NULL) {
        return "has an invalid argument";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_mfa_test_content;

    return NGX_CONF_OK;
}


static void *
ngx_http_mfa_test_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_test_conf_t));
}


static ngx_int_t
ngx_http_mfa_test_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_mfa_test_access;

    return NGX_OK;
}
