
/*
 * The second factor: a one-time code, or one of the recovery codes.  Either
 * gives a session of aal 2 under a new token; the same pages serve those who
 * prove it anew because a place asks for a proof that is not old.
 */


#include "ngx_http_mfa_pages.h"


typedef enum {
    NGX_HTTP_MFA_CODE_PROVE = 0,
    NGX_HTTP_MFA_CODE_START
} ngx_http_mfa_code_e;


typedef struct {
    ngx_http_mfa_proof_t   proof;
    ngx_str_t              code;
} ngx_http_mfa_code_t;


typedef ngx_int_t (*ngx_http_mfa_prove_pt)(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *code);


static ngx_int_t ngx_http_mfa_code_form(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, mfa_page_e page);
static ngx_int_t ngx_http_mfa_code_none(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_code_prove(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_prove_pt prove, ngx_uint_t amr,
    ngx_int_t *answer);


ngx_int_t
ngx_http_mfa_code_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    return ngx_http_mfa_code_form(r, p, MFA_PAGE_CODE);
}


ngx_int_t
ngx_http_mfa_recovery_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    return ngx_http_mfa_code_form(r, p, MFA_PAGE_RECOVERY);
}


static ngx_int_t
ngx_http_mfa_code_form(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    mfa_page_e page)
{
    unsigned                 left;
    postern_str_t            hashes[MFA_ACCOUNT_RECOVERY];
    ngx_http_mfa_session_t  *s;

    s = p->session;

    if (s->session.aal >= 2 && !p->again && p->error == NULL) {
        return ngx_http_mfa_page_back(r, p, NULL);
    }

    if (!p->has_factor) {
        return ngx_http_mfa_code_none(r, p);
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    left = mfa_account_recovery(&p->account.record, s->user, hashes,
                                MFA_ACCOUNT_RECOVERY);

    ngx_http_mfa_flag(p, "has_recovery", left > 0);
    ngx_http_mfa_flag(p, "step_up", s->session.aal >= 2);

    return ngx_http_mfa_page_send(r, p, page);
}


/* a second factor is asked of somebody who has none */

static ngx_int_t
ngx_http_mfa_code_none(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    if (p->again) {
        return ngx_http_mfa_page_go(r, p, "sign-in", 1, NULL);
    }

    if (ngx_http_mfa_page_can_enrol(r, p)) {
        return ngx_http_mfa_page_go(r, p, "enrol", 0, NULL);
    }

    return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN, "enrol_off");
}


ngx_int_t
ngx_http_mfa_code_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t             answer;
    ngx_http_mfa_code_t  *c;

    if (!p->has_factor) {
        return ngx_http_mfa_code_none(r, p);
    }

    if (ngx_http_mfa_code_prove(r, p, ngx_http_mfa_prove_code,
                                MFA_AMR_OTP|MFA_AMR_MFA,
                                &answer)
        != NGX_OK)
    {
        return answer;
    }

    c = p->data;

    ngx_http_mfa_page_decide(r, "allow", "mfa/signed-in", &c->proof.name);

    return ngx_http_mfa_page_back(r, p, NULL);
}


/* whoever had to take one out of the drawer is to see how many are left */

ngx_int_t
ngx_http_mfa_recovery_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t             answer;
    ngx_http_mfa_code_t  *c;

    if (!p->has_factor) {
        return ngx_http_mfa_code_none(r, p);
    }

    if (ngx_http_mfa_code_prove(r, p, ngx_http_mfa_prove_recovery,
                                MFA_AMR_RECOVERY|MFA_AMR_MFA,
                                &answer)
        != NGX_OK)
    {
        return answer;
    }

    c = p->data;

    ngx_http_mfa_page_decide(r, "allow", "mfa/recovered", &c->proof.name);

    return ngx_http_mfa_page_go(r, p, "account", 0, "recovery");
}


/* NGX_OK: proven, and the session is a new one; else what to return is in
   *answer */

static ngx_int_t
ngx_http_mfa_code_prove(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_prove_pt prove, ngx_uint_t amr,
    ngx_int_t *answer)
{
    ngx_int_t              rc;
    const postern_user_t  *user;
    ngx_http_mfa_code_t   *c;

    user = p->session->user;

    if (p->data == NULL) {
        c = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_code_t));
        if (c == NULL) {
            *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;
            return NGX_DECLINED;
        }

        c->code = ngx_http_mfa_form_value(p, "code");
        c->proof.user = user;
        c->proof.org = ngx_http_postern_str(user->org->name);
        c->proof.name = ngx_http_postern_str(user->name);

        ngx_http_mfa_device_lane(r, user, 2, &c->proof.lane);
    }

    c = p->data;

    if (p->state == NGX_HTTP_MFA_CODE_PROVE) {

        rc = prove(r, &c->proof, &c->code);

        if (rc != NGX_OK) {
            *answer = (rc == NGX_AGAIN) ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
            return NGX_DECLINED;
        }

        if (c->proof.result != NGX_HTTP_MFA_YES) {
            *answer = ngx_http_mfa_page_unproven(r, p, &c->proof,
                                                 (amr & MFA_AMR_OTP)
                                                 ? "code" : "recovery");
            return NGX_DECLINED;
        }

        p->state = NGX_HTTP_MFA_CODE_START;
    }

    rc = ngx_http_mfa_page_proven(r, p, user, amr, 2);

    if (rc != NGX_OK) {
        *answer = ngx_http_mfa_page_fail(r, p, rc);
        return NGX_DECLINED;
    }

    /* both factors were proven here */

    if (ngx_http_mfa_device_remember(r, user, 2) != NGX_OK) {
        *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }

    return NGX_OK;
}
