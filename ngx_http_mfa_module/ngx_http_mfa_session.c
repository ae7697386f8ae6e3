
/*
 * The session of a request, and a new one.
 */


#include "ngx_http_mfa_module.h"


ngx_int_t
ngx_http_mfa_session_load(ngx_http_request_t *r, ngx_http_mfa_session_t *s)
{
    return NGX_DONE;
}


ngx_int_t
ngx_http_mfa_session_start(ngx_http_request_t *r, ngx_http_mfa_start_t *next,
    const postern_user_t *user, ngx_http_mfa_session_t *old, int64_t began)
{
    return NGX_DONE;
}


void
ngx_http_mfa_tag(const postern_user_t *user, u_char tag[MFA_SESSION_TAG])
{
    ngx_memzero(tag, MFA_SESSION_TAG);
}
