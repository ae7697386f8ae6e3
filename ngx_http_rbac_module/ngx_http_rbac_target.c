
#include "ngx_http_rbac_module.h"


static void *ngx_http_rbac_target_alloc(void *data, size_t size);
static ngx_str_t *ngx_http_rbac_target_client(ngx_http_request_t *r);
static ngx_int_t ngx_http_rbac_target_set(ngx_http_request_t *r,
    postern_str_t path, ngx_str_t *args);


/*
 * A rewrite, an internal redirect or a subrequest may build its URI from bytes
 * of the client, so that URI is looked at as well; the client's own target is
 * looked at even then, because it can still be sent as $request_uri.
 */

ngx_int_t
ngx_http_rbac_target_check(ngx_http_request_t *r, rbac_path_mode_e mode,
    ngx_http_rbac_target_t *t)
{
    ngx_str_t        *target;
    postern_str_t     uri;
    postern_alloc_t   alloc;

    ngx_memzero(t, sizeof(ngx_http_rbac_target_t));

    target = ngx_http_rbac_target_client(r);
    if (target == NULL) {
        return NGX_ERROR;
    }

    alloc.alloc = ngx_http_rbac_target_alloc;
    alloc.data = r->pool;

    t->form = rbac_path_check(ngx_http_postern_slice(*target), mode, &alloc,
                              &t->path, &t->at);

    if (t->form == RBAC_PATH_NO_MEMORY) {
        return NGX_ERROR;
    }

    if (t->form != RBAC_PATH_OK) {
        return NGX_DECLINED;
    }

    uri = ngx_http_postern_slice(r->uri);

    t->rewritten = (r != r->main || !r->valid_unparsed_uri);

    if (!t->rewritten) {

        if (postern_str_eq(uri, t->path)) {
            return NGX_OK;
        }

        /* nginx read the target in another way than rbac_path.c does */

        t->form = RBAC_PATH_DIFFERS;

        return NGX_DECLINED;
    }

    t->form = rbac_path_decoded(uri, mode, &t->at);

    if (t->form != RBAC_PATH_OK) {
        t->routed = 1;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void *
ngx_http_rbac_target_alloc(void *data, size_t size)
{
    ngx_pool_t  *pool = data;

    return ngx_palloc(pool, size);
}


/* as the client sent it: forward() changes r->unparsed_uri */

static ngx_str_t *
ngx_http_rbac_target_client(ngx_http_request_t *r)
{
    ngx_str_t  *target;

    target = ngx_http_postern_api.ctx(r, NGX_HTTP_POSTERN_RBAC);

    if (target == NULL) {
        target = ngx_palloc(r->main->pool, sizeof(ngx_str_t));
        if (target == NULL) {
            return NULL;
        }

        *target = r->main->unparsed_uri;

        if (ngx_http_postern_api.set_ctx(r, NGX_HTTP_POSTERN_RBAC, target)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return target;
}


/*
 * proxy_pass and its like send r->unparsed_uri as long as nobody rewrote the
 * URI, and r->uri escaped afterwards; with variables they send what those say,
 * most often $request_uri, which is r->unparsed_uri.
 *
 * The variables of a subrequest are those of the main request, so that its
 * $request_uri is left alone.
 */

ngx_int_t
ngx_http_rbac_target_forward(ngx_http_request_t *r, rbac_path_mode_e mode,
    ngx_http_rbac_target_t *t)
{
    u_char     *p;
    ngx_str_t   args, *target;

    if (r != r->main) {
        return NGX_OK;
    }

    if (t->rewritten) {
        return ngx_http_rbac_target_set(r, ngx_http_postern_slice(r->uri),
                                        &r->args);
    }

    if (mode == RBAC_PATH_STRICT) {
        return NGX_OK;
    }

    target = ngx_http_rbac_target_client(r);
    if (target == NULL) {
        return NGX_ERROR;
    }

    /* even an empty query is the client's, "/a?" is not "/a" */

    p = ngx_strlchr(target->data, target->data + target->len, '?');

    if (p == NULL) {
        return ngx_http_rbac_target_set(r, t->path, NULL);
    }

    args.data = p + 1;
    args.len = target->data + target->len - args.data;

    return ngx_http_rbac_target_set(r, t->path, &args);
}


static ngx_int_t
ngx_http_rbac_target_set(ngx_http_request_t *r, postern_str_t path,
    ngx_str_t *args)
{
    u_char                     *p, *target;
    ngx_http_variable_value_t  *v;
    ngx_http_rbac_main_conf_t  *rmcf;

    target = ngx_pnalloc(r->pool, 3 * path.len + 1 + (args ? args->len : 0));
    if (target == NULL) {
        return NGX_ERROR;
    }

    p = target + rbac_path_escape(path, target);

    if (args && args->data) {
        *p++ = '?';
        p = ngx_cpymem(p, args->data, args->len);
    }

    r->unparsed_uri.data = target;
    r->unparsed_uri.len = p - target;

    /* "map" or "if" may have read it, and then it is kept */

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_rbac_module);

    v = &r->variables[rmcf->request_uri];
    v->valid = 0;
    v->not_found = 0;

    return NGX_OK;
}
