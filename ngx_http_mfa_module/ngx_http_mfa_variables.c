
#include "ngx_http_mfa_module.h"
#include "ngx_http_mfa_guard.h"


static ngx_int_t ngx_http_mfa_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_str_t ngx_http_mfa_fact(ngx_http_request_t *r, uintptr_t data);


enum {
    NGX_HTTP_MFA_VAR_AMR = 0,
    NGX_HTTP_MFA_VAR_SESSION,
    NGX_HTTP_MFA_VAR_ERROR,
    NGX_HTTP_MFA_VAR_STATUS
};


/* not cacheable: asked for early, they may be known only later */

static ngx_http_variable_t  ngx_http_mfa_vars[] = {

    { ngx_string("mfa_amr"), NULL, ngx_http_mfa_variable,
      NGX_HTTP_MFA_VAR_AMR, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mfa_session"), NULL, ngx_http_mfa_variable,
      NGX_HTTP_MFA_VAR_SESSION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mfa_error"), NULL, ngx_http_mfa_variable,
      NGX_HTTP_MFA_VAR_ERROR, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mfa_status"), NULL, ngx_http_mfa_variable,
      NGX_HTTP_MFA_VAR_STATUS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_mfa_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_mfa_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t  value;

    value = ngx_http_mfa_fact(r, data);

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
ngx_http_mfa_fact(ngx_http_request_t *r, uintptr_t data)
{
    ngx_str_t                           value;
    ngx_http_mfa_ctx_t                 *ctx;
    ngx_http_mfa_guard_t               *guard;
    const ngx_http_postern_identity_t  *id;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_MFA);
    guard = ctx ? ctx->guard : NULL;
    id = postern_api.identity(r);

    ngx_str_null(&value);

    switch (data) {

    case NGX_HTTP_MFA_VAR_AMR:
        return id ? id->amr : value;

    case NGX_HTTP_MFA_VAR_SESSION:
        return id ? id->session : value;

    case NGX_HTTP_MFA_VAR_ERROR:
        return guard ? guard->error : value;

    default: /* NGX_HTTP_MFA_VAR_STATUS */

        if (guard && guard->error.len) {
            ngx_str_set(&value, "refused");

        } else if (guard && guard->allowed) {
            ngx_str_set(&value, "session");

        } else if (guard && guard->raised) {
            ngx_str_set(&value, "code");

        } else {
            ngx_str_set(&value, "none");
        }

        return value;
    }
}
