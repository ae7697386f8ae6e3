
/*
 * What the files of the pages share: a page is a request that comes to the
 * location of mfa_pages.
 *
 *   ngx_http_mfa_pages.c         which page, who may come to it, waiting
 *   ngx_http_mfa_pages_form.c    what was sent: body, csrf
 *   ngx_http_mfa_pages_value.c   what templates are given
 *   ngx_http_mfa_pages_send.c    what is answered: pages, assets, headers
 *   ngx_http_mfa_pages_go.c      where people are sent next
 *   ngx_http_mfa_user.c          who is meant
 *
 * What a state of a page leads to:
 *
 *                     no session   aal 1                       aal 2
 *   sign-in           form         code, enrol or back (1)     back (1)
 *   code, recovery    sign-in      form; without a factor      back (1)
 *                                  enrol (2)
 *   enrol             sign-in      form (3); with a factor     form (3)
 *                                  code
 *   account, password sign-in      page; with a factor code    page
 *   sessions          sign-in      as account                  as account
 *   recovery-codes    sign-in      code; without a factor      page, POST (3)
 *   and factors                    enrol
 *   sign-out          done         asks                        asks
 *
 * (1) the form where again=1 is; back is where people wanted to go, or their
 * account.  (2) with again=1 the password anew; an error where enrolment is
 * off.  (3) of somebody whose second factor was proven in the last ten minutes,
 * or who has none and gave the password then; else that first.
 */


#ifndef _NGX_HTTP_MFA_PAGES_H_INCLUDED_
#define _NGX_HTTP_MFA_PAGES_H_INCLUDED_


#include "ngx_http_mfa_module.h"

#include "mfa_form.h"
#include "mfa_http.h"


#define NGX_HTTP_MFA_VALUES    64      /* of a page */
#define NGX_HTTP_MFA_CSRF      64      /* hex digits of a token */
#define NGX_HTTP_MFA_FORM      43      /* characters of the cookie of forms */
#define NGX_HTTP_MFA_FRESH     600     /* s, that a second factor counts for
                                          changes to an account */
#define NGX_HTTP_MFA_RETRIES    4       /* to write an account that changes */
#define NGX_HTTP_MFA_RETRY     5       /* s, Retry-After of 503 */


typedef struct ngx_http_mfa_page_s  ngx_http_mfa_page_t;

/* NGX_AGAIN: is waiting; else what the content handler is to return */
typedef ngx_int_t (*ngx_http_mfa_page_pt)(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


typedef enum {
    NGX_HTTP_MFA_OPEN = 0,      /* for anybody */
    NGX_HTTP_MFA_SIGNED,        /* a session of any assurance */
    NGX_HTTP_MFA_OWNER          /* aal 2, or no second factor to be had */
} ngx_http_mfa_needs_e;

typedef struct {
    ngx_str_t                   name;
    ngx_http_mfa_needs_e        needs;
    ngx_http_mfa_page_pt        get;
    ngx_http_mfa_page_pt        post;         /* NULL: GET and HEAD only */
    ngx_http_mfa_page_pt        show;         /* a form that cannot be taken */
    unsigned                    asset:1;
} ngx_http_mfa_route_t;


struct ngx_http_mfa_page_s {
    const ngx_http_mfa_route_t *route;
    ngx_http_mfa_loc_conf_t    *conf;
    void                      **loc_conf;     /* whose page this is: there is */
    u_char                     *uri;          /*   another after error_page */

    ngx_http_mfa_page_pt        run;          /* get, post or show */
    ngx_uint_t                  step;         /* of what all pages do */
    ngx_uint_t                  state;        /* of what this one does */
    ngx_uint_t                  tries;

    ngx_str_t                   base;
    ngx_str_t                   to;           /* allowed, or empty */
    ngx_str_t                   notice;
    ngx_uint_t                  language;
    ngx_uint_t                  status;       /* of the answer */
    const char                 *error;
    time_t                      wait;
    ngx_str_t                   user;         /* as typed, to show again */
    ngx_str_t                   org;

    u_char                     *body;
    size_t                      len;
    mfa_form_t                  form;
    ngx_str_t                   cookie;       /* of forms */

    ngx_http_mfa_session_t     *session;      /* NULL: none */
    const u_char               *key;          /* of the session that forms are
                                                 bound to, NULL: none */
    ngx_http_mfa_account_t      account;      /* of who is signed in */
    ngx_http_mfa_start_t        next;
    int64_t                     began;        /* ms */
    void                       *data;         /* of this page */

    mfa_value_t                 values[NGX_HTTP_MFA_VALUES];
    ngx_uint_t                  nvalues;

    unsigned                    again:1;
    unsigned                    post:1;
    unsigned                    read:1;       /* the body has come */
    unsigned                    too_large:1;
    unsigned                    malformed:1;
    unsigned                    known:1;      /* the account is loaded */
    unsigned                    has_factor:1;
};


/* the pages */
ngx_int_t ngx_http_mfa_sign_in_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_sign_in_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_code_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_code_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_recovery_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_recovery_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_enrol_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_enrol_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_codes_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_codes_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_account_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_sessions_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_factors_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_password_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_password_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_sign_out_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_sign_out_post(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* ngx_http_mfa_sign_out_page.c: a session that its owner has ended */
ngx_int_t ngx_http_mfa_page_forget(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


/* ngx_http_mfa_pages.c */

/* zeroed memory of this page, the same at each call */
void *ngx_http_mfa_page_data(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    size_t size);

/* waits: for a content handler to return */
ngx_int_t ngx_http_mfa_page_wait(ngx_http_request_t *r);

/* the form again, with p->error and p->status */
ngx_int_t ngx_http_mfa_page_show(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* what a step answered that was not NGX_OK: NGX_AGAIN waits, NGX_DECLINED: the
   session is gone, NGX_DONE: cannot tell, else 500 */
ngx_int_t ngx_http_mfa_page_fail(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_int_t rc);

/* a proof that was not NGX_HTTP_MFA_YES: shows the form again, and decides */
ngx_int_t ngx_http_mfa_page_unproven(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_proof_t *proof, const char *what);

/* an own thread that is not to be had: 503 */
ngx_int_t ngx_http_mfa_page_busy(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* a new token after a proof; NGX_OK or as above */
ngx_int_t ngx_http_mfa_page_proven(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, const postern_user_t *user, ngx_uint_t amr,
    ngx_uint_t aal);

/* what came of it, for the audit; who may be empty */
void ngx_http_mfa_page_decide(ngx_http_request_t *r, const char *verdict,
    const char *code, ngx_str_t *who);

int64_t ngx_http_mfa_now(void);     /* ms since the epoch */


/* ngx_http_mfa_pages_form.c */

/* reads the body into p->body, bounded; then calls the page's handler anew.
   What the content handler is to return. */
ngx_int_t ngx_http_mfa_form_read(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* the cookie of forms, a new one where there is none */
ngx_int_t ngx_http_mfa_form_cookie(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* writes the token of the forms of this page */
ngx_int_t ngx_http_mfa_form_token(ngx_http_mfa_page_t *p,
    u_char token[NGX_HTTP_MFA_CSRF]);

/* was the form made here, for this session? */
ngx_flag_t ngx_http_mfa_form_ours(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

ngx_flag_t ngx_http_mfa_form_origin(ngx_http_request_t *r);
ngx_str_t ngx_http_mfa_form_value(ngx_http_mfa_page_t *p, const char *name);

/* wiped when the request's pool goes */
ngx_int_t ngx_http_mfa_wipe(ngx_http_request_t *r, u_char *data, size_t len);


/* ngx_http_mfa_pages_value.c: names must stay, where there are too many values
   the rest is left out */

void ngx_http_mfa_text(ngx_http_mfa_page_t *p, const char *name,
    ngx_str_t text);
void ngx_http_mfa_flag(ngx_http_mfa_page_t *p, const char *name,
    ngx_uint_t set);
void ngx_http_mfa_number(ngx_http_mfa_page_t *p, const char *name, int64_t n);
void ngx_http_mfa_markup(ngx_http_mfa_page_t *p, const char *name,
    ngx_str_t text);
void ngx_http_mfa_values(ngx_http_mfa_page_t *p, const char *name,
    const mfa_scope_t *list, ngx_uint_t n);

/* those of every page */
ngx_int_t ngx_http_mfa_page_values(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

/* the flag error_<error>, in the pool */
ngx_int_t ngx_http_mfa_named_flag(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, const char *prefix, const char *name, size_t len);


/* ngx_http_mfa_pages_send.c */

/* renders and sends, with p->status */
ngx_int_t ngx_http_mfa_page_send(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, mfa_page_e page);

ngx_int_t ngx_http_mfa_page_error(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_uint_t status, const char *error);

ngx_int_t ngx_http_mfa_style_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
ngx_int_t ngx_http_mfa_logo_get(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);

ngx_int_t ngx_http_mfa_send_header(ngx_http_request_t *r, const char *name,
    ngx_str_t value);

/* one buffer of content; head only where that was asked for */
ngx_int_t ngx_http_mfa_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t type, ngx_buf_t *b);


/* ngx_http_mfa_pages_go.c: each what the handler is to return */

/* <base><page>?again=1&notice=…&to=… */
ngx_int_t ngx_http_mfa_page_go(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *page, ngx_uint_t again, const char *notice);

/* to where people wanted to go, or their account with this notice */
ngx_int_t ngx_http_mfa_page_back(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, const char *notice);

/* to sign-in or code, and back to this page */
ngx_int_t ngx_http_mfa_page_via(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, const char *page, ngx_uint_t again);

/* NGX_OK where a change to the account may be made; else *rc */
ngx_int_t ngx_http_mfa_page_fresh(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_int_t *rc);

/* can this person get a second factor here? */
ngx_flag_t ngx_http_mfa_page_can_enrol(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


#endif /* _NGX_HTTP_MFA_PAGES_H_INCLUDED_ */
