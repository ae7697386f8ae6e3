
/*
 * The sessions of a user: list, end.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_session_list(ngx_http_request_t *r, ngx_http_mfa_list_t *l,
    const postern_user_t *user)
{
    return NGX_DONE;
}


ngx_int_t
ngx_http_mfa_session_end(ngx_http_request_t *r, ngx_http_mfa_end_t *e,
    const postern_user_t *user, const u_char *id, const u_char *keep)
{
    return NGX_DONE;
}
