
/*
 * What the guard keeps of a request, and how it says no.
 */


#ifndef _NGX_HTTP_MFA_GUARD_H_INCLUDED_
#define _NGX_HTTP_MFA_GUARD_H_INCLUDED_


#include "ngx_http_mfa_module.h"


/* stable codes: docs/mfa.md */

typedef enum {
    NGX_HTTP_MFA_CODE_SIGN_IN = 0,
    NGX_HTTP_MFA_CODE_ENDED,
    NGX_HTTP_MFA_CODE_STEP_UP,
    NGX_HTTP_MFA_CODE_TOO_OLD,
    NGX_HTTP_MFA_CODE_NEEDED,
    NGX_HTTP_MFA_CODE_WRONG,
    NGX_HTTP_MFA_CODE_USED,
    NGX_HTTP_MFA_CODE_WAIT,
    NGX_HTTP_MFA_CODE_LOCKED,
    NGX_HTTP_MFA_CODE_NO_PERSON,
    NGX_HTTP_MFA_CODE_UNAVAILABLE
} ngx_http_mfa_code_e;


typedef struct {
    ngx_http_postern_identity_t   identity;   /* of the key, as sign found it */
    ngx_str_t                     code;       /* that came in the header */
    ngx_http_mfa_proof_t         *proof;
    ngx_str_t                     error;      /* $mfa_error */
    u_char                        id[2 * MFA_SESSION_ID];
    unsigned                      key:1;      /* identity is there */
    unsigned                      taken:1;    /* the header was looked for */
    unsigned                      many:1;     /* and was there twice */
    unsigned                      proven:1;   /* the proof is at its end */
    unsigned                      raised:1;   /* the identity says aal 2 */
    unsigned                      allowed:1;
} ngx_http_mfa_guard_t;


/* ngx_http_mfa_code.c: takes the header away from the request, so that no
   application sees it; lets a signed request in, or not */
ngx_int_t ngx_http_mfa_take_code(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);
ngx_int_t ngx_http_mfa_signed(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard);

/* takes every header of this name away, "-" and "_" being one, or those alone
   that are empty; total: how many there are of all */
ngx_int_t ngx_http_mfa_strip(ngx_http_request_t *r, ngx_str_t *header,
    ngx_uint_t total, ngx_uint_t empty);

/* ngx_http_mfa_hide.c: takes Postern's cookies out of what is forwarded */
ngx_int_t ngx_http_mfa_hide_cookies(ngx_http_request_t *r);

/*
 * ngx_http_mfa_refuse.c: what a phase handler returns.  refuse() answers with a
 * problem document; ask() sends people to a page first, where there are pages
 * and the client looks like a browser.  page is its name and the beginning of
 * the query.
 */
ngx_int_t ngx_http_mfa_refuse(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard, ngx_http_mfa_code_e code, time_t wait);
ngx_int_t ngx_http_mfa_ask(ngx_http_request_t *r,
    ngx_http_mfa_guard_t *guard, ngx_http_mfa_code_e code, const char *page);


#endif /* _NGX_HTTP_MFA_GUARD_H_INCLUDED_ */
