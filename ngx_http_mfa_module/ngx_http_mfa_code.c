
/*
 * A signed request that carries a one-time code: the key is something its
 * holder has, the code shows that the person is there.
 */


#include "ngx_http_mfa_module.h"
#include "ngx_http_mfa_guard.h"


static ngx_uint_t ngx_http_mfa_is_code(ngx_str_t *header, ngx_str_t *name);
static ngx_int_t ngx_http_mfa_signed_enough(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);
static ngx_int_t ngx_http_mfa_prove(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard, const postern_user_t *user);
static const postern_user_t *ngx_http_mfa_signer(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);
static ngx_int_t ngx_http_mfa_raise(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);


ngx_int_t
ngx_http_mfa_take_code(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    ngx_uint_t                i, n, total;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    n = 0;
    total = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;
        total += part->nelts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_mfa_is_code(&mlcf->code_header, &h[i].key)) {
                guard->code = h[i].value;
                n++;
            }
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    if (n > 1 || guard->taken) {
        guard->many = 1;
    }

    guard->taken = 1;

    return ngx_http_mfa_strip(r, &mlcf->code_header, total, 0);
}


/* "X-Code", "x_code" and "X.CODE" are one and the same to applications that
   see HTTP_X_CODE */

static ngx_uint_t
ngx_http_mfa_is_code(ngx_str_t *header, ngx_str_t *name)
{
    u_char      a, b;
    ngx_uint_t  i;

    if (name->len != header->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        a = header->data[i];
        b = ngx_tolower(name->data[i]);

        if (a == b) {
            continue;
        }

        if ((a == '-' || a == '_')
            && !((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9')))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


/* the list of nginx is shared with subrequests and cannot give up an element */

ngx_int_t
ngx_http_mfa_strip(ngx_http_request_t *r, ngx_str_t *header, ngx_uint_t total,
    ngx_uint_t empty)
{
    ngx_uint_t        i;
    ngx_list_t        headers;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *to;

    if (ngx_list_init(&headers, r->pool, total, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if ((!empty || h[i].value.len == 0)
                && ngx_http_mfa_is_code(header, &h[i].key))
            {
                continue;
            }

            to = ngx_list_push(&headers);
            if (to == NULL) {
                return NGX_ERROR;
            }

            *to = h[i];
        }
    }

    r->headers_in.headers = headers;

    /* the list points into itself */

    if (headers.last == &headers.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_signed(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    const postern_user_t     *user;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    user = ngx_http_mfa_signer(r, guard);

    if (user == NULL) {
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_NO_PERSON, 0);
    }

    if (guard->raised) {
        return NGX_OK;
    }

    if (guard->many) {
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_WRONG, 0);
    }

    if (guard->code.len) {
        return ngx_http_mfa_prove(r, guard, user);
    }

    if (mlcf->aal > 1) {
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_NEEDED, 0);
    }

    return ngx_http_mfa_signed_enough(r, guard);
}


/* aal 1: the key of a person is a factor of its own */

static ngx_int_t
ngx_http_mfa_signed_enough(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    ngx_http_mfa_loc_conf_t      *mlcf;
    ngx_http_postern_identity_t   id;
    ngx_http_postern_decision_t   decision;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (mlcf->max_age
        && ngx_time() - guard->identity.auth_time > mlcf->max_age)
    {
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_TOO_OLD, 0);
    }

    id = guard->identity;
    id.aal = 1;

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    ngx_str_set(&decision.verdict, "allow");
    ngx_str_set(&decision.code, "mfa/key");

    if (postern_api.authenticated(r, &id) != NGX_OK
        || postern_api.decide(r, NGX_HTTP_POSTERN_MFA, &decision) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_null(&guard->error);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_prove(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard,
    const postern_user_t *user)
{
    ngx_int_t              rc;
    ngx_http_mfa_proof_t  *p;

    if (guard->proof == NULL) {
        p = ngx_pcalloc(r->main->pool, sizeof(ngx_http_mfa_proof_t));
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p->user = user;
        p->org = ngx_http_postern_str(p->user->org->name);
        p->name = ngx_http_postern_str(p->user->name);
        ngx_str_set(&p->lane, "");

        guard->proof = p;
    }

    p = guard->proof;

    if (!guard->proven) {
        rc = ngx_http_mfa_prove_code(r, p, &guard->code);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        guard->proven = 1;
    }

    switch (p->result) {

    case NGX_HTTP_MFA_YES:
        return ngx_http_mfa_raise(r, guard);

    case NGX_HTTP_MFA_NO:
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_WRONG, 0);

    case NGX_HTTP_MFA_USED:
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_USED, 0);

    case NGX_HTTP_MFA_WAIT:
        return ngx_http_mfa_refuse(r, guard,
                                   p->wait ? NGX_HTTP_MFA_CODE_WAIT
                                           : NGX_HTTP_MFA_CODE_LOCKED,
                                   p->wait);

    default: /* NGX_HTTP_MFA_BUSY, NGX_HTTP_MFA_UNAVAILABLE */
        return ngx_http_mfa_refuse(r, guard, NGX_HTTP_MFA_CODE_UNAVAILABLE,
                                   0);
    }
}


/* the person whose key it was, as long as the directory has them and this
   location, perhaps not the one with sign, is of their organization */

static const postern_user_t *
ngx_http_mfa_signer(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    ngx_int_t                   rc;
    ngx_str_t                   name;
    const postern_user_t       *user;
    const postern_directory_t  *directory;

    if (guard->identity.kind.len != sizeof("user") - 1) {
        return NULL;
    }

    rc = postern_api.org(r, &name);

    if (rc != NGX_DECLINED
        && (rc != NGX_OK
            || !postern_str_eq(ngx_http_postern_slice(name),
                               guard->identity.org->name)))
    {
        return NULL;
    }

    directory = postern_api.directory(r);

    if (directory == NULL) {
        return NULL;
    }

    user = postern_directory_user(directory, guard->identity.org,
                           ngx_http_postern_slice(guard->identity.subject));

    return (user && user->status == POSTERN_STATUS_ACTIVE) ? user : NULL;
}


static ngx_int_t
ngx_http_mfa_raise(ngx_http_request_t *r, ngx_http_mfa_guard_t *guard)
{
    ngx_http_postern_identity_t  id;
    ngx_http_postern_decision_t  decision;

    id = guard->identity;
    id.aal = 2;
    id.auth_time = ngx_time();
    ngx_str_set(&id.amr, "pop,otp,mfa");

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    ngx_str_set(&decision.verdict, "allow");
    ngx_str_set(&decision.code, "mfa/code");

    if (postern_api.authenticated(r, &id) != NGX_OK
        || postern_api.decide(r, NGX_HTTP_POSTERN_MFA, &decision) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    guard->raised = 1;
    ngx_str_null(&guard->error);

    return NGX_OK;
}
