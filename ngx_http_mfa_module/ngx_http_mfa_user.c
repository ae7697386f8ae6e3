
/*
 * Who is meant by a name that somebody typed.
 */


#include "ngx_http_mfa_module.h"


static void ngx_http_mfa_trim(ngx_str_t *name);


/*
 * Names are counted as they are looked up, so that no other spelling of a name
 * has guesses of its own; those that nobody can have are all counted as one.
 */

const postern_user_t *
ngx_http_mfa_find_user(ngx_http_request_t *r, ngx_str_t *org, ngx_str_t *name)
{
    ngx_int_t                   rc;
    ngx_str_t                   here;
    const postern_org_t        *found;
    const postern_user_t       *user;
    const postern_directory_t  *dir;

    ngx_http_mfa_trim(org);
    ngx_http_mfa_trim(name);

    dir = postern_api.directory(r);
    rc = postern_api.org(r, &here);

    if (rc == NGX_OK) {

        if (org->len && (org->len != here.len
                         || ngx_memcmp(org->data, here.data, org->len) != 0))
        {
            dir = NULL;
        }

        *org = here;

    } else if (rc != NGX_DECLINED) {
        dir = NULL;

    } else if (org->len == 0 && dir && dir->norgs == 1) {
        *org = ngx_http_postern_str(dir->orgs[0].name);
    }

    if (dir == NULL) {
        return NULL;
    }

    found = postern_directory_org(dir, ngx_http_postern_slice(*org));
    if (found == NULL) {
        return NULL;
    }

    user = postern_directory_user(dir, found, ngx_http_postern_slice(*name));

    return (user && user->status == POSTERN_STATUS_ACTIVE) ? user : NULL;
}


static void
ngx_http_mfa_trim(ngx_str_t *name)
{
    while (name->len && name->data[0] == ' ') {
        name->data++;
        name->len--;
    }

    while (name->len && name->data[name->len - 1] == ' ') {
        name->len--;
    }

    if (name->len > POSTERN_NAME_MAX) {
        name->len = 0;
    }
}
