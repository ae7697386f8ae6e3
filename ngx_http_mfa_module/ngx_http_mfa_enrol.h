
/*
 * What enrolment and recovery codes share: ten new codes, hashed in a thread,
 * and shown once.
 */


#ifndef _NGX_HTTP_MFA_ENROL_H_INCLUDED_
#define _NGX_HTTP_MFA_ENROL_H_INCLUDED_


#include "ngx_http_mfa_pages.h"

#include "mfa_recovery.h"


/* lies in a job: no pointer in it */

typedef struct {
    mfa_argon2_t            params;
    int                     rc;
    char                    codes[MFA_RECOVERY_CODES][MFA_RECOVERY_SHOWN];
    char                    hashes[MFA_RECOVERY_CODES][MFA_HASH_TEXT];
} ngx_http_mfa_codes_job_t;

typedef struct {
    ngx_http_postern_op_t      op;
    ngx_http_mfa_codes_job_t  *job;
} ngx_http_mfa_codes_t;


/* makes them; NGX_OK, NGX_AGAIN, NGX_BUSY, NGX_ERROR */
ngx_int_t ngx_http_mfa_codes_make(ngx_http_request_t *r,
    ngx_http_mfa_codes_t *c);

/* puts the hashes in place of those of the account */
ngx_int_t ngx_http_mfa_codes_set(ngx_http_request_t *r,
    ngx_http_mfa_codes_t *c, mfa_account_t *account);

/* the page that shows them, once */
ngx_int_t ngx_http_mfa_codes_show(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_codes_t *c);


#endif /* _NGX_HTTP_MFA_ENROL_H_INCLUDED_ */
