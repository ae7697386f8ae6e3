
/*
 * Cookies: those that came, and those that go.
 */


#include "ngx_http_mfa_module.h"


static void ngx_http_mfa_forget_cookie(ngx_http_request_t *r,
    ngx_str_t *name);


ngx_int_t
ngx_http_mfa_cookie(ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *value)
{
    size_t            total;
    unsigned          found, n;
    ngx_uint_t        i;
    postern_str_t     v;
    ngx_table_elt_t  *line;

    found = 0;
    total = 0;
    line = NULL;

    for (i = 0; /* void */ ; i++) {

        line = ngx_http_mfa_cookie_line(r, line, i);
        if (line == NULL) {
            break;
        }

        total += line->value.len;

        if (total > MFA_COOKIES_MAX) {
            return NGX_DECLINED;
        }

        n = mfa_cookie_find(ngx_http_postern_slice(line->value),
                            ngx_http_postern_slice(*name), &v);

        if (n) {
            *value = ngx_http_postern_str(v);
            found += n;
        }
    }

    return (found == 1) ? NGX_OK : NGX_DECLINED;
}


/* since 1.23.0 nginx keeps lines of a kind in a list of their own */

ngx_table_elt_t *
ngx_http_mfa_cookie_line(ngx_http_request_t *r, ngx_table_elt_t *line,
    ngx_uint_t i)
{
#if (nginx_version >= 1023000)

    return line ? line->next : r->headers_in.cookie;

#else

    ngx_table_elt_t  **lines;

    if (i >= r->headers_in.cookies.nelts) {
        return NULL;
    }

    lines = r->headers_in.cookies.elts;

    return lines[i];

#endif
}


ngx_int_t
ngx_http_mfa_set_cookie(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value, time_t age)
{
    u_char                   *p;
    const char               *site;
    ngx_table_elt_t          *h;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    p = ngx_pnalloc(r->pool, name->len + value->len + NGX_TIME_T_LEN
                             + sizeof("=; Path=/; HttpOnly; Secure; SameSite="
                                      "Strict; Max-Age="));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_mfa_forget_cookie(r, name);

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    /* people follow links to where they are signed in; forms are of here */

    site = (name->data == mlcf->form.data) ? "Strict" : "Lax";

    h->hash = 1;
    ngx_str_set(&h->key, "Set-Cookie");
    h->value.data = p;

    p = ngx_sprintf(p, "%V=%V; Path=/; HttpOnly; %sSameSite=%s", name, value,
                    mlcf->insecure ? "" : "Secure; ", site);

    if (age >= 0) {
        p = ngx_sprintf(p, "; Max-Age=%T", age);
    }

    h->value.len = p - h->value.data;

    return NGX_OK;
}


/* the last word about a cookie is the only one */

static void
ngx_http_mfa_forget_cookie(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == sizeof("Set-Cookie") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Set-Cookie",
                                   h[i].key.len) == 0
                && h[i].value.len > name->len
                && h[i].value.data[name->len] == '='
                && ngx_strncmp(h[i].value.data, name->data, name->len) == 0)
            {
                h[i].hash = 0;
            }
        }
    }
}
