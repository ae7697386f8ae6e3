
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_identity.h"


#define NGX_HTTP_POSTERN_HEADER_PREFIX  "postern-"


typedef struct {
    ngx_str_t    name;
    ngx_str_t    lowcase;
    uintptr_t    data;
} ngx_http_postern_fact_t;


extern ngx_module_t  ngx_http_postern_module;


static void ngx_http_postern_cleanup_ctx(void *data);
static ngx_uint_t ngx_http_postern_is_ours(ngx_table_elt_t *h);
static ngx_uint_t ngx_http_postern_is_our_name(u_char *p, size_t len);
static ngx_int_t ngx_http_postern_set_headers(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id);
static ngx_uint_t ngx_http_postern_count_headers(ngx_http_request_t *r,
    ngx_uint_t *total);
static ngx_int_t ngx_http_postern_add_facts(ngx_http_request_t *r,
    ngx_list_t *headers, const ngx_http_postern_identity_t *id);
static ngx_int_t ngx_http_postern_fact(ngx_pool_t *pool,
    const ngx_http_postern_identity_t *id, uintptr_t data, ngx_str_t *value);
static ngx_int_t ngx_http_postern_join_roles(ngx_pool_t *pool,
    const ngx_http_postern_identity_t *id, ngx_str_t *value);
static ngx_int_t ngx_http_postern_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


/* what is said of an identity, as variables and as request headers */

enum {
    NGX_HTTP_POSTERN_FACT_ORG = 0,
    NGX_HTTP_POSTERN_FACT_SUBJECT,
    NGX_HTTP_POSTERN_FACT_ROLES,
    NGX_HTTP_POSTERN_FACT_CREDENTIAL,
    NGX_HTTP_POSTERN_FACT_AMR,
    NGX_HTTP_POSTERN_FACT_AAL,
    NGX_HTTP_POSTERN_FACT_AUTH_TIME
};


static ngx_http_postern_fact_t  ngx_http_postern_facts[] = {

    { ngx_string("Postern-Org"), ngx_string("postern-org"),
      NGX_HTTP_POSTERN_FACT_ORG },

    { ngx_string("Postern-Subject"), ngx_string("postern-subject"),
      NGX_HTTP_POSTERN_FACT_SUBJECT },

    { ngx_string("Postern-Roles"), ngx_string("postern-roles"),
      NGX_HTTP_POSTERN_FACT_ROLES },

    { ngx_string("Postern-Credential"), ngx_string("postern-credential"),
      NGX_HTTP_POSTERN_FACT_CREDENTIAL },

    { ngx_string("Postern-Amr"), ngx_string("postern-amr"),
      NGX_HTTP_POSTERN_FACT_AMR },

    { ngx_string("Postern-Aal"), ngx_string("postern-aal"),
      NGX_HTTP_POSTERN_FACT_AAL },

    { ngx_string("Postern-Auth-Time"), ngx_string("postern-auth-time"),
      NGX_HTTP_POSTERN_FACT_AUTH_TIME },

    { ngx_null_string, ngx_null_string, 0 }
};


/* not cacheable: asked for early, they may be known only later */

static ngx_http_variable_t  ngx_http_postern_vars[] = {

    { ngx_string("postern_org"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_ORG, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("postern_subject"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_SUBJECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("postern_roles"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_ROLES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("postern_credential"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_CREDENTIAL, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("postern_aal"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_AAL, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("postern_auth_time"), NULL, ngx_http_postern_variable,
      NGX_HTTP_POSTERN_FACT_AUTH_TIME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_http_postern_ctx_t *
ngx_http_postern_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_postern_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_postern_module);

    /* contexts are lost only where the request was redirected internally, or a
       filter put an error in the place of its answer */

    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_postern_cleanup_ctx) {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_postern_module);
            return ctx;
        }
    }

    return NULL;
}


ngx_http_postern_ctx_t *
ngx_http_postern_need_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_get_ctx(r);

    if (ctx != NULL) {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->main->pool, sizeof(ngx_http_postern_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_postern_ctx_t));
    cln->handler = ngx_http_postern_cleanup_ctx;

    ngx_http_set_ctx(r->main, ctx, ngx_http_postern_module);

    return ctx;
}


static void
ngx_http_postern_cleanup_ctx(void *data)
{
    ngx_http_postern_ctx_t *ctx = data;

    if (ctx->snapshot) {
        ngx_http_postern_snapshot_release(ctx->snapshot);
        ctx->snapshot = NULL;
    }
}


const ngx_http_postern_identity_t *
ngx_http_postern_identity(ngx_http_request_t *r)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_get_ctx(r);

    return (ctx && ctx->identified) ? &ctx->identity : NULL;
}


ngx_int_t
ngx_http_postern_authenticated(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_need_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (id == NULL) {

        if (!ctx->identified) {
            return NGX_OK;
        }

        ctx->identified = 0;

        /* with nobody known this only drops what was added */

        return ngx_http_postern_identity_headers(r);
    }

    ctx->identity = *id;
    ctx->identified = 1;

    /* with "satisfy any" another module may have refused before */

    ctx->refused = 0;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "postern identity: %V by %V \"%V\"",
                   &id->subject, &id->scheme, &id->credential);

    if (ngx_http_postern_wants_headers(r)) {
        return ngx_http_postern_identity_headers(r);
    }

    return NGX_OK;
}


void *
ngx_http_postern_feature_ctx(ngx_http_request_t *r,
    ngx_http_postern_feature_e f)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_get_ctx(r);

    return ctx ? ctx->features[f] : NULL;
}


ngx_int_t
ngx_http_postern_set_feature_ctx(ngx_http_request_t *r,
    ngx_http_postern_feature_e f, void *data)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_need_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->features[f] = data;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_decide(ngx_http_request_t *r, ngx_http_postern_feature_e f,
    const ngx_http_postern_decision_t *d)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_need_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->decisions[f] = *d;

    return NGX_OK;
}


const ngx_http_postern_decision_t *
ngx_http_postern_decision(ngx_http_request_t *r, ngx_http_postern_feature_e f)
{
    ngx_http_postern_ctx_t  *ctx;

    ctx = ngx_http_postern_get_ctx(r);

    if (ctx == NULL || ctx->decisions[f].verdict.len == 0) {
        return NULL;
    }

    return &ctx->decisions[f];
}


/*
 * The first module that asks pins the snapshot for the whole request, so that
 * key, roles and policy are of one and the same document.
 */

ngx_http_postern_snapshot_t *
ngx_http_postern_snapshot(ngx_http_request_t *r)
{
    ngx_http_postern_ctx_t             *ctx;
    ngx_http_postern_directory_conf_t  *dcf;

    ctx = ngx_http_postern_need_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    if (ctx->snapshot == NULL) {
        dcf = ngx_http_postern_directory_conf(r);
        ctx->snapshot = ngx_http_postern_snapshot_acquire(dcf);
    }

    return ctx->snapshot;
}


const postern_directory_t *
ngx_http_postern_request_directory(ngx_http_request_t *r)
{
    ngx_http_postern_snapshot_t  *snapshot;

    snapshot = ngx_http_postern_snapshot(r);

    return snapshot ? ngx_http_postern_snapshot_directory(snapshot) : NULL;
}


const void *
ngx_http_postern_built(ngx_http_request_t *r, ngx_http_postern_feature_e f)
{
    ngx_http_postern_snapshot_t  *snapshot;

    snapshot = ngx_http_postern_snapshot(r);

    return snapshot ? ngx_http_postern_snapshot_built(snapshot, f) : NULL;
}


void *
ngx_http_postern_prepared(ngx_http_request_t *r, ngx_http_postern_feature_e f)
{
    ngx_http_postern_snapshot_t  *snapshot;

    snapshot = ngx_http_postern_snapshot(r);

    return snapshot ? ngx_http_postern_snapshot_prepared(snapshot, f) : NULL;
}


/*
 * Request headers for the application.  The list of nginx is shared with
 * subrequests and cannot give up an element, so it is built anew for this
 * request only.
 */

ngx_int_t
ngx_http_postern_identity_headers(ngx_http_request_t *r)
{
    return ngx_http_postern_set_headers(r, ngx_http_postern_identity(r));
}


ngx_int_t
ngx_http_postern_drop_headers(ngx_http_request_t *r)
{
    return ngx_http_postern_wants_headers(r)
           ? NGX_OK : ngx_http_postern_set_headers(r, NULL);
}


static ngx_int_t
ngx_http_postern_set_headers(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id)
{
    ngx_uint_t        i, ours, total;
    ngx_list_t        headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *to;

    ours = ngx_http_postern_count_headers(r, &total);

    if (ours == 0 && id == NULL) {
        return NGX_OK;
    }

    if (ngx_list_init(&headers, r->pool,
                      total + sizeof(ngx_http_postern_facts)
                              / sizeof(ngx_http_postern_fact_t),
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_postern_is_ours(&h[i])) {
                ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                               "postern drops client header \"%V\"",
                               &h[i].key);
                continue;
            }

            to = ngx_list_push(&headers);
            if (to == NULL) {
                return NGX_ERROR;
            }

            *to = h[i];
        }
    }

    if (id && ngx_http_postern_add_facts(r, &headers, id) != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_in.headers = headers;

    /* the list points into itself */

    if (headers.last == &headers.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


/*
 * A field under one of our names, or a Connection that names one: the next
 * proxy would take away what we say (RFC 9110, section 7.6.1).
 */

static ngx_uint_t
ngx_http_postern_is_ours(ngx_table_elt_t *h)
{
    u_char  *p, *last;

    static u_char  connection[] = "connection";

    if (h->key.len != sizeof(connection) - 1
        || ngx_strncasecmp(h->key.data, connection, sizeof(connection) - 1)
           != 0)
    {
        return ngx_http_postern_is_our_name(h->key.data, h->key.len);
    }

    p = h->value.data;
    last = p + h->value.len;

    while (p && p < last) {

        if (*p == ' ' || *p == '\t' || *p == ',') {
            p++;
            continue;
        }

        if (ngx_http_postern_is_our_name(p, last - p)) {
            return 1;
        }

        p = ngx_strlchr(p, last, ',');
    }

    return 0;
}


/*
 * Applications see "Postern-Org", "postern_org" and "POSTERN_ORG" as one and
 * the same (CGI makes HTTP_POSTERN_ORG of each), so each is refused a way in.
 */

static ngx_uint_t
ngx_http_postern_is_our_name(u_char *p, size_t len)
{
    u_char      ch;
    ngx_uint_t  i;

    static u_char  prefix[] = NGX_HTTP_POSTERN_HEADER_PREFIX;

    if (len < sizeof(prefix) - 1) {
        return 0;
    }

    for (i = 0; i < sizeof(prefix) - 1; i++) {
        ch = ngx_tolower(p[i]);

        if (ch == prefix[i]) {
            continue;
        }

        /* any byte that is no letter or digit may end up as "_" */

        if (prefix[i] == '-'
            && !((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


static ngx_uint_t
ngx_http_postern_count_headers(ngx_http_request_t *r, ngx_uint_t *total)
{
    ngx_uint_t        i, ours;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ours = 0;
    *total = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;
        *total += part->nelts;

        for (i = 0; i < part->nelts; i++) {
            ours += ngx_http_postern_is_ours(&h[i]);
        }
    }

    return ours;
}


static ngx_int_t
ngx_http_postern_add_facts(ngx_http_request_t *r, ngx_list_t *headers,
    const ngx_http_postern_identity_t *id)
{
    ngx_str_t                 value;
    ngx_table_elt_t          *h;
    ngx_http_postern_fact_t  *fact;

    for (fact = ngx_http_postern_facts; fact->name.len; fact++) {

        if (ngx_http_postern_fact(r->pool, id, fact->data, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len == 0) {
            continue;
        }

        h = ngx_list_push(headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(h, sizeof(ngx_table_elt_t));

        h->hash = ngx_hash_key(fact->lowcase.data, fact->lowcase.len);
        h->key = fact->name;
        h->lowcase_key = fact->lowcase.data;
        h->value = value;
    }

    return NGX_OK;
}


/* an empty value where there is nothing to say */

static ngx_int_t
ngx_http_postern_fact(ngx_pool_t *pool, const ngx_http_postern_identity_t *id,
    uintptr_t data, ngx_str_t *value)
{
    u_char  *p;

    switch (data) {

    case NGX_HTTP_POSTERN_FACT_ORG:
        *value = ngx_http_postern_str(id->org->name);
        return NGX_OK;

    case NGX_HTTP_POSTERN_FACT_SUBJECT:
        *value = id->subject;
        return NGX_OK;

    case NGX_HTTP_POSTERN_FACT_ROLES:
        return ngx_http_postern_join_roles(pool, id, value);

    case NGX_HTTP_POSTERN_FACT_CREDENTIAL:
        *value = id->credential;
        return NGX_OK;

    case NGX_HTTP_POSTERN_FACT_AMR:
        *value = id->amr;
        return NGX_OK;

    case NGX_HTTP_POSTERN_FACT_AUTH_TIME:

        if (id->auth_time == 0) {
            ngx_str_null(value);
            return NGX_OK;
        }

        break;

    default: /* NGX_HTTP_POSTERN_FACT_AAL */
        break;
    }

    p = ngx_pnalloc(pool, NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    if (data == NGX_HTTP_POSTERN_FACT_AUTH_TIME) {
        value->len = ngx_sprintf(p, "%T", id->auth_time) - p;

    } else {
        value->len = ngx_sprintf(p, "%ui", id->aal) - p;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_join_roles(ngx_pool_t *pool,
    const ngx_http_postern_identity_t *id, ngx_str_t *value)
{
    size_t       len;
    u_char      *p;
    ngx_uint_t   i;

    len = 0;

    for (i = 0; i < id->nroles; i++) {
        len += id->roles[i]->name.len + 1;
    }

    if (len == 0) {
        ngx_str_null(value);
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;
    value->len = len - 1;

    for (i = 0; i < id->nroles; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, id->roles[i]->name.data, id->roles[i]->name.len);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_postern_vars; v->name.len; v++) {
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
ngx_http_postern_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t                           value;
    const ngx_http_postern_identity_t  *id;

    id = ngx_http_postern_identity(r);

    if (id == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_http_postern_fact(r->pool, id, data, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    v->len = value.len;
    v->data = value.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
