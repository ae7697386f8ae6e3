
/*
 * What the proofs of all kinds share; included by ngx_http_mfa_prove*.c only.
 *
 * A proof is a chain of steps, one function each.  A step says what comes next
 * (w->step), submits at most one operation, and returns
 *
 *   NGX_OK     go on with the next step;
 *   NGX_AGAIN  under way; the next step runs when it is done;
 *   NGX_DONE   decided: p->result;
 *   NGX_ERROR
 *
 * The order is the same for all: room for the work, the count, the account,
 * the check of its kind, and where that says yes, the count forgotten.
 */


#ifndef _NGX_HTTP_MFA_PROVE_H_INCLUDED_
#define _NGX_HTTP_MFA_PROVE_H_INCLUDED_


#include "ngx_http_mfa_module.h"


#define NGX_HTTP_MFA_TRIES   8      /* when an account changes meanwhile */


typedef ngx_int_t (*ngx_http_mfa_step_pt)(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);


/* one kind of proof */

typedef struct {
    const char             *what;      /* in the names of counts */
    unsigned                address:1; /* strangers count by address, too */
    unsigned                thread:1;  /* needs a thread */
    unsigned                endless:1; /* the wait grows, but never ends */
    ngx_http_mfa_step_pt    check;     /* counted, and the account is there */
    ngx_http_mfa_step_pt    proven;    /* right, and the count forgotten */
} ngx_http_mfa_kind_t;


/* p->own */

typedef struct {
    const ngx_http_mfa_kind_t  *kind;
    ngx_http_mfa_step_pt        step;
    ngx_http_mfa_room_t         room;
    ngx_str_t                   count_org;
    ngx_str_t                   count;       /* name of the count */
    const postern_user_t       *who;         /* p->user, or nobody: */
    postern_user_t              nobody;      /*   a user with nothing */
    postern_org_t               nowhere;
    ngx_uint_t                  tries;
    ngx_uint_t                  used;        /* a right code, but not first */
    ngx_uint_t                  shut;        /* secrets that do not open */
    uint64_t                    far;         /* HOTP: counter that matched */
    char                        ids[MFA_ACCOUNT_ALL][MFA_OTP_ID + 1];
    ngx_str_t                   match;       /* recovery: hash that matched */
    ngx_http_mfa_account_t     *fresh;       /* password: with the new hash */
} ngx_http_mfa_work_t;


ngx_int_t ngx_http_mfa_prove_run(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given,
    const ngx_http_mfa_kind_t *kind);

/* steps that the kinds go on with: the account (again), the account written,
   which must be before a code counts, and the clearing */
ngx_int_t ngx_http_mfa_prove_load(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
ngx_int_t ngx_http_mfa_prove_save(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
ngx_int_t ngx_http_mfa_prove_right(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);

/* decided; always NGX_DONE */
ngx_int_t ngx_http_mfa_prove_end(ngx_http_mfa_proof_t *p,
    ngx_http_mfa_result_e result);

/* the account changed under us: read it again, or give up */
ngx_int_t ngx_http_mfa_prove_again(ngx_http_mfa_proof_t *p);

/* starts p->job, for which room was kept */
ngx_int_t ngx_http_mfa_prove_start(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, void (*run)(void *job));

/* "mfa/", what and the parts, joined by "/"; NGX_ERROR out of memory */
ngx_int_t ngx_http_mfa_prove_name(ngx_http_request_t *r, ngx_str_t *name,
    const char *what, ngx_str_t *parts, ngx_uint_t n);


#endif /* _NGX_HTTP_MFA_PROVE_H_INCLUDED_ */
