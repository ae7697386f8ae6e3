
#include "ngx_http_sign_module.h"


static ngx_int_t ngx_http_sign_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_str_t ngx_http_sign_status(ngx_http_sign_ctx_t *ctx);


enum {
    NGX_HTTP_SIGN_VAR_KEY_ID = 0,
    NGX_HTTP_SIGN_VAR_SCHEME,
    NGX_HTTP_SIGN_VAR_STATUS,
    NGX_HTTP_SIGN_VAR_ERROR
};


/* not cacheable: asked for early, they may be known only later */

static ngx_http_variable_t  ngx_http_sign_vars[] = {

    { ngx_string("sign_key_id"), NULL, ngx_http_sign_variable,
      NGX_HTTP_SIGN_VAR_KEY_ID, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("sign_scheme"), NULL, ngx_http_sign_variable,
      NGX_HTTP_SIGN_VAR_SCHEME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("sign_status"), NULL, ngx_http_sign_variable,
      NGX_HTTP_SIGN_VAR_STATUS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("sign_error"), NULL, ngx_http_sign_variable,
      NGX_HTTP_SIGN_VAR_ERROR, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_sign_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_sign_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * The key id is that of a verified signature only: with "satisfy any" a request
 * goes on though its signature was refused, and the id is then anybody's word.
 */

static ngx_int_t
ngx_http_sign_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t             value;
    ngx_http_sign_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    ngx_str_null(&value);

    switch (data) {

    case NGX_HTTP_SIGN_VAR_KEY_ID:

        if (ctx && ctx->verified) {
            value = ngx_http_postern_str(ctx->key->id);
        }

        break;

    case NGX_HTTP_SIGN_VAR_SCHEME:

        if (ctx && ctx->message.scheme) {
            value.data = (u_char *) sign_scheme_name(ctx->message.scheme);
            value.len = ngx_strlen(value.data);
        }

        break;

    case NGX_HTTP_SIGN_VAR_STATUS:
        value = ngx_http_sign_status(ctx);
        break;

    default: /* NGX_HTTP_SIGN_VAR_ERROR */

        if (ctx) {
            value = ctx->error;
        }

        break;
    }

    if (value.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value.len;
    v->data = value.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_str_t
ngx_http_sign_status(ngx_http_sign_ctx_t *ctx)
{
    ngx_str_t  status;

    if (ctx && ctx->verified) {
        ngx_str_set(&status, "verified");

    } else if (ctx && ctx->refused && ctx->code != SIGN_MISSING) {
        ngx_str_set(&status, "refused");

    } else {
        ngx_str_set(&status, "none");
    }

    return status;
}
