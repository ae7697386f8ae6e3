
/*
 * Enrolment of an authenticator.
 *
 * The new secret is sealed at once and kept in the store for ten minutes, bound
 * to the session; it becomes part of the account when a code of it was given.
 */


#include "ngx_http_mfa_enrol.h"

#define NGX_HTTP_MFA_PENDING      ((ngx_msec_t) 600 * 1000)
#define NGX_HTTP_MFA_FACTOR_NAME  64     /* bytes of a device's name */


typedef enum {
    NGX_HTTP_MFA_ENROL_GET = 0,
    NGX_HTTP_MFA_ENROL_PUT,
    NGX_HTTP_MFA_ENROL_ATTEMPT,
    NGX_HTTP_MFA_ENROL_CLAIM,
    NGX_HTTP_MFA_ENROL_CODES,
    NGX_HTTP_MFA_ENROL_LOAD,
    NGX_HTTP_MFA_ENROL_SAVE,
    NGX_HTTP_MFA_ENROL_CLEAR,
    NGX_HTTP_MFA_ENROL_FORGET,
    NGX_HTTP_MFA_ENROL_START
} ngx_http_mfa_enrol_e;


static ngx_int_t ngx_http_mfa_enrol_begin(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t **enrol);
static ngx_int_t ngx_http_mfa_enrol_refused(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_enrol_done(ngx_http_mfa_enrol_t *e,
    ngx_int_t rc);
static ngx_int_t ngx_http_mfa_enrol_read(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_check(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e, ngx_int_t *answer);
static ngx_int_t ngx_http_mfa_enrol_attempt(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e, ngx_int_t *answer);
static ngx_int_t ngx_http_mfa_enrol_known(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e, ngx_int_t rc,
    ngx_int_t *answer);
static ngx_int_t ngx_http_mfa_enrol_claim(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_save(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_add(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_name(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_finish(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);
static ngx_int_t ngx_http_mfa_enrol_again(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_uint_t status, const char *error,
    const char *code);


ngx_int_t
ngx_http_mfa_enrol_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t              rc;
    ngx_http_mfa_enrol_t  *e;

    if (p->data == NULL) {
        rc = ngx_http_mfa_enrol_refused(r, p);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_mfa_enrol_begin(r, p, &e) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->state == NGX_HTTP_MFA_ENROL_GET) {

        rc = ngx_http_mfa_enrol_read(r, p, e);

        if (rc == NGX_OK) {
            return ngx_http_mfa_enrol_form(r, p, e);
        }

        if (rc != NGX_DECLINED) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        if (ngx_http_mfa_enrol_new(r, p, e) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p->state = NGX_HTTP_MFA_ENROL_PUT;
    }

    rc = e->submitted ? NGX_AGAIN
                      : postern_api.put(r, &e->op, &e->org, &e->pending,
                                        &e->value, NGX_HTTP_MFA_PENDING);

    rc = ngx_http_mfa_enrol_done(e, rc);

    if (rc != NGX_OK) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    if (e->op.result != NGX_HTTP_POSTERN_OK) {
        return ngx_http_mfa_page_fail(r, p, NGX_DONE);
    }

    return ngx_http_mfa_enrol_form(r, p, e);
}


ngx_int_t
ngx_http_mfa_enrol_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t              rc;
    ngx_http_mfa_enrol_t  *e;

    if (p->data == NULL) {
        rc = ngx_http_mfa_enrol_refused(r, p);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_mfa_enrol_begin(r, p, &e) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->state <= NGX_HTTP_MFA_ENROL_CLAIM
        && ngx_http_mfa_enrol_check(r, p, e, &rc) != NGX_OK)
    {
        return rc;
    }

    if (p->state == NGX_HTTP_MFA_ENROL_CODES) {

        if (e->fresh_codes) {
            rc = ngx_http_mfa_codes_make(r, &e->codes);

            if (rc == NGX_BUSY) {
                return ngx_http_mfa_page_busy(r, p);
            }

            if (rc != NGX_OK) {
                return ngx_http_mfa_page_fail(r, p, rc);
            }
        }

        if (ngx_http_mfa_enrol_add(r, p, e) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p->state = NGX_HTTP_MFA_ENROL_SAVE;
    }

    if (p->state <= NGX_HTTP_MFA_ENROL_SAVE) {

        rc = ngx_http_mfa_enrol_save(r, p, e);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->state = NGX_HTTP_MFA_ENROL_CLEAR;
    }

    return ngx_http_mfa_enrol_finish(r, p, e);
}


/* NGX_DECLINED: nothing speaks against it; else what to return */

static ngx_int_t
ngx_http_mfa_enrol_refused(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t  rc;

    if (ngx_http_mfa_page_fresh(r, p, &rc) != NGX_OK) {
        return rc;
    }

    if (!ngx_http_mfa_page_can_enrol(r, p)) {
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN, "enrol_off");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_mfa_enrol_begin(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t **enrol)
{
    u_char                *q;
    const postern_user_t  *user;
    ngx_http_mfa_enrol_t  *e;

    if (p->data) {
        *enrol = p->data;
        return NGX_OK;
    }

    e = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_enrol_t));

    if (e == NULL
        || ngx_http_mfa_wipe(r, e->secret, sizeof(e->secret)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    user = p->session->user;
    e->org = ngx_http_postern_str(user->org->name);

    q = ngx_pnalloc(r->pool, sizeof("mfa/e/mfa/g/enrol/") + MFA_SESSION_ID
                             + user->name.len);
    if (q == NULL) {
        return NGX_ERROR;
    }

    e->pending.data = q;
    q = ngx_cpymem(q, "mfa/e/", sizeof("mfa/e/") - 1);
    q = ngx_cpymem(q, p->session->session.id, MFA_SESSION_ID);
    e->pending.len = q - e->pending.data;

    e->guesses.data = q;
    q = ngx_cpymem(q, "mfa/g/enrol/", sizeof("mfa/g/enrol/") - 1);
    q = ngx_cpymem(q, user->name.data, user->name.len);
    e->guesses.len = q - e->guesses.data;

    *enrol = e;

    return NGX_OK;
}


/* rc of submitting the operation of a state, or NGX_AGAIN where that has been
   done; NGX_OK: done, the next state has op for itself */

static ngx_int_t
ngx_http_mfa_enrol_done(ngx_http_mfa_enrol_t *e, ngx_int_t rc)
{
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_AGAIN && !e->op.done) {
        e->submitted = 1;
        return NGX_AGAIN;
    }

    e->submitted = 0;

    return NGX_OK;
}


/* what is pending; NGX_DECLINED: nothing */

static ngx_int_t
ngx_http_mfa_enrol_read(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    ngx_int_t  rc;

    rc = e->submitted ? NGX_AGAIN
                      : postern_api.get(r, &e->op, &e->org, &e->pending);

    rc = ngx_http_mfa_enrol_done(e, rc);

    if (rc != NGX_OK) {
        return rc;
    }

    switch (e->op.result) {

    case NGX_HTTP_POSTERN_OK:
        e->value = e->op.value;
        rc = ngx_http_mfa_enrol_open(r, p, e);
        break;

    case NGX_HTTP_POSTERN_NO:
        rc = NGX_DECLINED;
        break;

    default:
        rc = NGX_DONE;
    }

    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    return rc;
}


/* is the code right, and the first to say so? */

static ngx_int_t
ngx_http_mfa_enrol_check(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e, ngx_int_t *answer)
{
    ngx_int_t  rc;

    if (p->state == NGX_HTTP_MFA_ENROL_GET) {

        rc = ngx_http_mfa_enrol_read(r, p, e);

        if (rc == NGX_DECLINED) {
            *answer = ngx_http_mfa_enrol_again(r, p, NGX_HTTP_FORBIDDEN,
                                               "expired", "mfa/form");
            return NGX_DECLINED;
        }

        if (rc != NGX_OK) {
            *answer = ngx_http_mfa_page_fail(r, p, rc);
            return NGX_DECLINED;
        }

        p->state = NGX_HTTP_MFA_ENROL_ATTEMPT;
    }

    if (p->state == NGX_HTTP_MFA_ENROL_ATTEMPT) {

        if (ngx_http_mfa_enrol_attempt(r, p, e, answer) != NGX_OK) {
            return NGX_DECLINED;
        }

        p->state = NGX_HTTP_MFA_ENROL_CLAIM;
    }

    rc = e->submitted ? NGX_AGAIN : ngx_http_mfa_enrol_claim(r, p, e);

    if (ngx_http_mfa_enrol_known(r, p, e, rc, answer) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (e->op.result == NGX_HTTP_POSTERN_NO) {
        *answer = ngx_http_mfa_enrol_again(r, p, NGX_HTTP_UNAUTHORIZED, "used",
                                           "mfa/code-used");
        return NGX_DECLINED;
    }

    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    p->state = NGX_HTTP_MFA_ENROL_CODES;
    e->fresh_codes = !p->account.record.nrecovery;

    return NGX_OK;
}


/* counted first, looked at then */

static ngx_int_t
ngx_http_mfa_enrol_attempt(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e, ngx_int_t *answer)
{
    uint64_t       from, to;
    ngx_int_t      rc;
    ngx_str_t      code;
    postern_str_t  secret;

    rc = e->submitted ? NGX_AGAIN
                      : postern_api.attempt(r, &e->op, &e->org, &e->guesses,
                                            &p->conf->backoff);

    if (ngx_http_mfa_enrol_known(r, p, e, rc, answer) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (e->op.result == NGX_HTTP_POSTERN_NO) {
        p->wait = (e->op.msec + 999) / 1000;
        *answer = ngx_http_mfa_enrol_again(r, p, NGX_HTTP_TOO_MANY_REQUESTS,
                                           "wait", "mfa/wait");
        return NGX_DECLINED;
    }

    ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));

    secret.len = e->len;
    secret.data = e->secret;
    code = ngx_http_mfa_form_value(p, "code");

    mfa_totp_range(&p->conf->otp, ngx_time(), p->conf->window, &from, &to);

    if (!mfa_otp_match(&p->conf->otp, secret, ngx_http_postern_slice(code),
                       from, to, &e->counter))
    {
        *answer = ngx_http_mfa_enrol_again(r, p, NGX_HTTP_UNAUTHORIZED,
                                           "failed", "mfa/code-wrong");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* has the store answered?  Where it has not, *answer is what to return. */

static ngx_int_t
ngx_http_mfa_enrol_known(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e, ngx_int_t rc, ngx_int_t *answer)
{
    rc = ngx_http_mfa_enrol_done(e, rc);

    if (rc == NGX_OK && e->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        rc = NGX_DONE;
    }

    if (rc != NGX_OK) {
        *answer = ngx_http_mfa_page_fail(r, p, rc);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* under the name that ngx_http_mfa_prove_code() claims: what confirmed the
   enrolment does not sign in as well */

static ngx_int_t
ngx_http_mfa_enrol_claim(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    ngx_str_t              name;
    ngx_msec_t             ttl;
    const postern_user_t  *user;

    user = p->session->user;

    name.data = ngx_pnalloc(r->pool, sizeof("mfa/otp///") + user->name.len
                                     + MFA_OTP_ID + NGX_INT64_LEN);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_sprintf(name.data, "mfa/otp/%*s/%V/%uL", user->name.len,
                           user->name.data, &e->id, e->counter)
               - name.data;

    ttl = (ngx_msec_t) (2 * p->conf->window + 2) * p->conf->otp.period;
    ttl = (ttl + 3600) * 1000;

    return postern_api.claim(r, &e->op, &e->org, &name, ttl);
}


static ngx_int_t
ngx_http_mfa_enrol_save(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (p->state == NGX_HTTP_MFA_ENROL_LOAD) {

            rc = ngx_http_mfa_account_load(r, &p->account, p->session->user);
            if (rc != NGX_OK) {
                return rc;
            }

            /* somebody else with this password was faster: what a password
               alone may do has ended */

            if (p->session->session.aal < 2
                && mfa_account_has_factor(&p->account.record,
                                          p->session->user))
            {
                return NGX_DECLINED;
            }

            if (ngx_http_mfa_enrol_add(r, p, e) != NGX_OK) {
                return NGX_ERROR;
            }

            p->state = NGX_HTTP_MFA_ENROL_SAVE;
        }

        rc = ngx_http_mfa_account_save(r, &p->account);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (++p->tries == NGX_HTTP_MFA_RETRIES) {
            return NGX_DONE;
        }

        ngx_memzero(&p->account, sizeof(ngx_http_mfa_account_t));
        p->state = NGX_HTTP_MFA_ENROL_LOAD;
    }
}


static ngx_int_t
ngx_http_mfa_enrol_add(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    mfa_account_t      *a;
    mfa_account_otp_t  *otp;

    a = &p->account.record;

    if (a->ntotp == MFA_ACCOUNT_OTPS) {
        return NGX_ERROR;
    }

    otp = &a->totp[a->ntotp++];
    ngx_memzero(otp, sizeof(mfa_account_otp_t));

    if (ngx_http_mfa_enrol_name(r, p, e) != NGX_OK) {
        return NGX_ERROR;
    }

    otp->id = ngx_http_postern_slice(e->id);
    otp->name = ngx_http_postern_slice(e->name);
    otp->secret = ngx_http_postern_slice(e->sealed);
    otp->otp = p->conf->otp;
    otp->time = ngx_time();

    if (e->name.len == 0) {
        otp->name.data = NULL;
    }

    if (!e->fresh_codes) {
        return NGX_OK;
    }

    return ngx_http_mfa_codes_set(r, &e->codes, a);
}


/* what its owner calls it: text of one line, or nothing */

static ngx_int_t
ngx_http_mfa_enrol_name(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    size_t         len;
    postern_str_t  typed;

    typed = ngx_http_postern_slice(ngx_http_mfa_form_value(p, "name"));
    len = ngx_min(typed.len, NGX_HTTP_MFA_FACTOR_NAME);

    /* no half character at the end */

    while (len && len < typed.len && (typed.data[len] & 0xc0) == 0x80) {
        len--;
    }

    typed.len = len;

    e->name.data = ngx_pnalloc(r->pool, MFA_PASSWORD_MAX);
    if (e->name.data == NULL) {
        return NGX_ERROR;
    }

    e->name.len = mfa_password_normalize(typed, e->name.data,
                                         MFA_PASSWORD_MAX);

    return NGX_OK;
}


/* enrolled: what was only needed for it goes, and the session is of aal 2 */

static ngx_int_t
ngx_http_mfa_enrol_finish(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    ngx_int_t   rc;
    ngx_str_t   who;

    if (p->state == NGX_HTTP_MFA_ENROL_CLEAR) {

        rc = e->submitted ? NGX_AGAIN
                          : postern_api.clear(r, &e->op, &e->org, &e->guesses);

        if (ngx_http_mfa_enrol_done(e, rc) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        ngx_memzero(&e->op, sizeof(ngx_http_postern_op_t));
        p->state = NGX_HTTP_MFA_ENROL_FORGET;
    }

    if (p->state == NGX_HTTP_MFA_ENROL_FORGET) {

        rc = e->submitted ? NGX_AGAIN
                          : postern_api.delete(r, &e->op, &e->org,
                                               &e->pending);

        if (ngx_http_mfa_enrol_done(e, rc) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        p->state = NGX_HTTP_MFA_ENROL_START;
    }

    rc = ngx_http_mfa_page_proven(r, p, p->session->user,
                                  MFA_AMR_OTP|MFA_AMR_MFA, 2);
    if (rc != NGX_OK) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    if (ngx_http_mfa_device_remember(r, p->session->user, 2) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    who = ngx_http_postern_str(p->session->user->name);
    ngx_http_mfa_page_decide(r, "allow", "mfa/enrolled", &who);

    if (e->fresh_codes) {
        ngx_str_set(&p->notice, "enrolled");

        return ngx_http_mfa_codes_show(r, p, &e->codes);
    }

    return ngx_http_mfa_page_back(r, p, "enrolled");
}


static ngx_int_t
ngx_http_mfa_enrol_again(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_uint_t status, const char *error, const char *code)
{
    ngx_str_t  who;

    who = ngx_http_postern_str(p->session->user->name);
    ngx_http_mfa_page_decide(r, "deny", code, &who);

    p->status = status;
    p->error = error;

    return ngx_http_mfa_page_show(r, p);
}
