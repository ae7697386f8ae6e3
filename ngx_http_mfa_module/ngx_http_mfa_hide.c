
/*
 * What is between a browser and Postern stays there: the application behind a
 * guarded location gets the cookies without the session's token, the known
 * device's and the form's.  Who reads the application's logs is nobody's guest.
 */


#include "ngx_http_mfa_guard.h"


static ngx_int_t ngx_http_mfa_hide_line(ngx_http_request_t *r,
    ngx_str_t *line, ngx_uint_t *left);


ngx_int_t
ngx_http_mfa_hide_cookies(ngx_http_request_t *r)
{
    ngx_str_t         name = ngx_string("cookie");
    ngx_uint_t        i, total, lines, left;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    total = 0;
    lines = 0;
    left = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;
        total += part->nelts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != name.len
                || ngx_strncasecmp(h[i].key.data, name.data, name.len) != 0)
            {
                continue;
            }

            lines++;

            if (ngx_http_mfa_hide_line(r, &h[i].value, &left) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    /* where the list was rewritten, variables read another copy of a line */

    h = NULL;

    for (i = 0; /* void */ ; i++) {

        h = ngx_http_mfa_cookie_line(r, h, i);

        if (h == NULL) {
            break;
        }

        if (ngx_http_mfa_hide_line(r, &h->value, &left) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return (lines && left == 0) ? ngx_http_mfa_strip(r, &name, total) : NGX_OK;
}


/* adds to *left what is left of the line, in bytes */

static ngx_int_t
ngx_http_mfa_hide_line(ngx_http_request_t *r, ngx_str_t *line,
    ngx_uint_t *left)
{
    size_t                    len;
    u_char                   *p;
    postern_str_t             names[3];
    ngx_http_mfa_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    names[0] = ngx_http_postern_slice(mlcf->cookie);
    names[1] = ngx_http_postern_slice(mlcf->device);
    names[2] = ngx_http_postern_slice(mlcf->form);

    p = ngx_pnalloc(r->main->pool, line->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = mfa_cookie_without(ngx_http_postern_slice(*line), names, 3, p);

    *left += len;

    if (len < line->len) {
        p[len] = '\0';
        line->data = p;
        line->len = len;
    }

    return NGX_OK;
}
