
/*
 * Enrolment (ngx_http_mfa_enrol_page.c, ngx_http_mfa_enrol_form.c), and what it
 * shares with recovery codes (ngx_http_mfa_codes_page.c): ten new codes, hashed
 * in a thread, and shown once.
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


typedef struct {
    ngx_http_postern_op_t   op;
    ngx_uint_t              submitted;   /* op is that of this state */
    ngx_str_t               org;
    ngx_str_t               pending;     /* name in the store */
    ngx_str_t               guesses;
    ngx_str_t               id;
    ngx_str_t               sealed;
    ngx_str_t               value;       /* "<id> <sealed>" */
    u_char                  secret[POSTERN_SECRET_MAX];
    size_t                  len;
    uint64_t                counter;
    ngx_str_t               name;        /* of the device */
    ngx_http_mfa_codes_t    codes;
    unsigned                fresh_codes:1;
} ngx_http_mfa_enrol_t;


/* what is pending, from e->value; NGX_DECLINED: it cannot be read */
ngx_int_t ngx_http_mfa_enrol_open(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);

/* a new secret into e->secret, and sealed into e->value */
ngx_int_t ngx_http_mfa_enrol_new(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);

/* the page that shows it */
ngx_int_t ngx_http_mfa_enrol_form(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);


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
