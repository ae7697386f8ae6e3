
/*
 * The first page: a name and a password.
 *
 * Unknown, disabled and wrong are answered alike: 401, the same bytes.  Success
 * gives a session of aal 1, whatever there was before, and leads on to a second
 * factor where there is one.
 */


#include "ngx_http_mfa_pages.h"


typedef enum {
    NGX_HTTP_MFA_SIGN_IN_PROVE = 0,
    NGX_HTTP_MFA_SIGN_IN_START,
    NGX_HTTP_MFA_SIGN_IN_OLD,
    NGX_HTTP_MFA_SIGN_IN_DONE
} ngx_http_mfa_sign_in_e;


typedef struct {
    ngx_http_mfa_proof_t   proof;
    ngx_http_mfa_end_t     end;
    ngx_str_t              password;
} ngx_http_mfa_sign_in_t;


static ngx_int_t ngx_http_mfa_sign_in_on(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_http_mfa_sign_in_t *ngx_http_mfa_sign_in_data(
    ngx_http_request_t *r, ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_sign_in_prove(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_sign_in_t *s, ngx_int_t *answer);
static ngx_int_t ngx_http_mfa_sign_in_old(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_sign_in_t *s);
static ngx_uint_t ngx_http_mfa_sign_in_factor(ngx_http_mfa_sign_in_t *s);
static ngx_int_t ngx_http_mfa_sign_in_done(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_sign_in_t *s);


ngx_int_t
ngx_http_mfa_sign_in_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_str_t                   org;
    const postern_directory_t  *dir;

    if (p->session && !p->again && p->error == NULL) {
        return ngx_http_mfa_sign_in_on(r, p);
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    dir = postern_api.directory(r);

    ngx_http_mfa_flag(p, "again", p->session != NULL);
    ngx_http_mfa_flag(p, "ask_org",
                      postern_api.org(r, &org) == NGX_DECLINED
                      && dir && dir->norgs > 1);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_SIGN_IN);
}


/* somebody who is signed in already */

static ngx_int_t
ngx_http_mfa_sign_in_on(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    if (p->session->session.aal >= 2) {
        return ngx_http_mfa_page_back(r, p, NULL);
    }

    if (p->has_factor) {
        return ngx_http_mfa_page_go(r, p, "code", 0, NULL);
    }

    if (p->conf->aal >= 2 && ngx_http_mfa_page_can_enrol(r, p)) {
        return ngx_http_mfa_page_go(r, p, "enrol", 0, NULL);
    }

    return ngx_http_mfa_page_back(r, p, NULL);
}


ngx_int_t
ngx_http_mfa_sign_in_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t                rc;
    const postern_user_t    *user;
    ngx_http_mfa_sign_in_t  *s;

    s = ngx_http_mfa_sign_in_data(r, p);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->state == NGX_HTTP_MFA_SIGN_IN_PROVE) {

        if (ngx_http_mfa_sign_in_prove(r, p, s, &rc) != NGX_OK) {
            return rc;
        }
    }

    user = s->proof.user;

    if (p->state == NGX_HTTP_MFA_SIGN_IN_START) {

        rc = ngx_http_mfa_page_proven(r, p, user, MFA_AMR_PWD, 1);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        /*
         * A device is known when all that there is to prove was proven there:
         * its lane would give whoever stole a password guesses at the code, as
         * many as they have browsers.
         */

        if (!ngx_http_mfa_sign_in_factor(s)
            && ngx_http_mfa_device_remember(r, user, 1) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p->state = NGX_HTTP_MFA_SIGN_IN_OLD;
    }

    if (p->state == NGX_HTTP_MFA_SIGN_IN_OLD) {

        rc = ngx_http_mfa_sign_in_old(r, p, s);
        if (rc == NGX_AGAIN) {
            return rc;
        }
    }

    return ngx_http_mfa_sign_in_done(r, p, s);
}


static ngx_http_mfa_sign_in_t *
ngx_http_mfa_sign_in_data(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_http_mfa_proof_t    *proof;
    ngx_http_mfa_sign_in_t  *s;

    if (p->data) {
        return p->data;
    }

    s = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_sign_in_t));
    if (s == NULL) {
        return NULL;
    }

    proof = &s->proof;

    s->password = ngx_http_mfa_form_value(p, "password");
    proof->org = ngx_http_mfa_form_value(p, "org");
    proof->name = ngx_http_mfa_form_value(p, "user");

    p->org = proof->org;
    p->user = proof->name;

    proof->user = ngx_http_mfa_find_user(r, &proof->org, &proof->name);

    if (proof->user) {
        ngx_http_mfa_device_lane(r, proof->user, 1, &proof->lane);
    }

    return s;
}


static ngx_int_t
ngx_http_mfa_sign_in_prove(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_sign_in_t *s, ngx_int_t *answer)
{
    ngx_int_t  rc;

    rc = ngx_http_mfa_prove_password(r, &s->proof, &s->password);

    if (rc != NGX_OK) {
        *answer = (rc == NGX_AGAIN) ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }

    if (s->proof.result != NGX_HTTP_MFA_YES || s->proof.user == NULL) {

        /* the name as typed, not that of a session there may be */

        p->session = NULL;

        *answer = ngx_http_mfa_page_unproven(r, p, &s->proof, "password");
        return NGX_DECLINED;
    }

    p->state = NGX_HTTP_MFA_SIGN_IN_START;

    return NGX_OK;
}


/* the session that this browser had: nobody holds its token now, and to end it
   is better, though not worth a failure */

static ngx_int_t
ngx_http_mfa_sign_in_old(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_sign_in_t *s)
{
    if (p->session == NULL) {
        return NGX_OK;
    }

    s->end.own = p->session->key;

    return ngx_http_mfa_session_end(r, &s->end, p->session->user,
                                    p->session->session.id, NULL);
}


static ngx_uint_t
ngx_http_mfa_sign_in_factor(ngx_http_mfa_sign_in_t *s)
{
    return s->proof.account.loaded
           && mfa_account_has_factor(&s->proof.account.record, s->proof.user);
}


static ngx_int_t
ngx_http_mfa_sign_in_done(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_sign_in_t *s)
{
    ngx_http_mfa_page_decide(r, "allow", "mfa/password", &s->proof.name);

    if (s->proof.account.loaded) {
        p->account = s->proof.account;
    }

    if (ngx_http_mfa_sign_in_factor(s)) {
        return ngx_http_mfa_page_go(r, p, "code", 0, NULL);
    }

    if (p->conf->aal >= 2 && ngx_http_mfa_page_can_enrol(r, p)) {
        return ngx_http_mfa_page_go(r, p, "enrol", 0, NULL);
    }

    return ngx_http_mfa_page_back(r, p, NULL);
}
