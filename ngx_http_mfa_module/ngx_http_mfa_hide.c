
/*
 * What is between a browser and Postern stays there: the application behind a
 * guarded location gets the cookies without the session's token, the known
 * device's and the form's.  Who reads the application's logs is nobody's guest.
 */


#include "ngx_http_mfa_guard.h"


static ngx_int_t ngx_http_mfa_hide_line(ngx_pool_t *pool,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *line);
static void ngx_http_mfa_drop_lines(ngx_http_request_t *r);


ngx_int_t
ngx_http_mfa_hide_cookies(ngx_http_request_t *r)
{
    ngx_str_t                 name = ngx_string("cookie");
    ngx_uint_t                i, total, empty;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    total = 0;
    empty = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;
        total += part->nelts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != name.len
                || ngx_strncasecmp(h[i].key.data, name.data, name.len) != 0)
            {
                continue;
            }

            if (ngx_http_mfa_hide_line(r->main->pool, mlcf, &h[i].value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            empty += (h[i].value.len == 0);
        }
    }

    /* where the list was rewritten, variables read another copy of a line */

    h = NULL;

    for (i = 0; /* void */ ; i++) {

        h = ngx_http_mfa_cookie_line(r, h, i);

        if (h == NULL) {
            break;
        }

        if (ngx_http_mfa_hide_line(r->main->pool, mlcf, &h->value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (empty == 0) {
        return NGX_OK;
    }

    ngx_http_mfa_drop_lines(r);

    return ngx_http_mfa_strip(r, &name, total, 1);
}


static ngx_int_t
ngx_http_mfa_hide_line(ngx_pool_t *pool, ngx_http_mfa_loc_conf_t *mlcf,
    ngx_str_t *line)
{
    size_t         len;
    u_char        *p;
    postern_str_t  names[3];

    /* all three begin alike; most often this is the same line once more */

    if (ngx_strnstr(line->data, (char *) mlcf->cookie.data, line->len)
        == NULL)
    {
        return NGX_OK;
    }

    names[0] = ngx_http_postern_slice(mlcf->cookie);
    names[1] = ngx_http_postern_slice(mlcf->device);
    names[2] = ngx_http_postern_slice(mlcf->form);

    p = ngx_pnalloc(pool, line->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = mfa_cookie_without(ngx_http_postern_slice(*line), names, 3, p);

    if (len < line->len) {
        p[len] = '\0';
        line->data = p;
        line->len = len;
    }

    return NGX_OK;
}


/* $http_cookie joins the lines: an empty one would leave a "; " behind */

static void
ngx_http_mfa_drop_lines(ngx_http_request_t *r)
{
#if (nginx_version >= 1023000)

    ngx_table_elt_t  **line;

    line = &r->headers_in.cookie;

    while (*line) {

        if ((*line)->value.len == 0) {
            *line = (*line)->next;

        } else {
            line = &(*line)->next;
        }
    }

#else

    ngx_uint_t         i, n;
    ngx_table_elt_t  **lines;

    n = 0;
    lines = r->headers_in.cookies.elts;

    for (i = 0; i < r->headers_in.cookies.nelts; i++) {

        if (lines[i]->value.len) {
            lines[n++] = lines[i];
        }
    }

    r->headers_in.cookies.nelts = n;

#endif
}
