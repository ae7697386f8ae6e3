
/*
 * A new password, chosen by its owner: the old one is proven first, and counted
 * like any other guess.  All other sessions end.
 */


#include "ngx_http_mfa_pages.h"

#include <sodium.h>


typedef enum {
    NGX_HTTP_MFA_PASSWORD_PROVE = 0,
    NGX_HTTP_MFA_PASSWORD_HASH,
    NGX_HTTP_MFA_PASSWORD_LOAD,
    NGX_HTTP_MFA_PASSWORD_SAVE,
    NGX_HTTP_MFA_PASSWORD_START,
    NGX_HTTP_MFA_PASSWORD_END
} ngx_http_mfa_password_e;


/* lies in a job: no pointer in it */

typedef struct {
    mfa_argon2_t            params;
    int                     rc;
    size_t                  len;
    u_char                  password[MFA_PASSWORD_MAX];
    char                    hash[MFA_HASH_TEXT];
} ngx_http_mfa_password_job_t;


typedef struct {
    ngx_http_mfa_proof_t          proof;
    ngx_http_postern_op_t         op;
    ngx_http_mfa_password_job_t  *job;
    ngx_http_mfa_account_t        account;
    ngx_http_mfa_end_t            end;
    ngx_str_t                     old;
    u_char                        chosen[MFA_PASSWORD_MAX];    /* in NFC */
    size_t                        len;
    char                          over[33];
    unsigned                      set:1;
} ngx_http_mfa_password_t;


static ngx_int_t ngx_http_mfa_password_begin(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_password_t **password);
static const char *ngx_http_mfa_password_rule(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_password_t *w);
static ngx_int_t ngx_http_mfa_password_again(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, const char *error);
static ngx_int_t ngx_http_mfa_password_prove(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_password_t *w, ngx_int_t *answer);
static ngx_int_t ngx_http_mfa_password_hash(ngx_http_request_t *r,
    ngx_http_mfa_password_t *w);
static void ngx_http_mfa_password_run(void *data);
static ngx_int_t ngx_http_mfa_password_save(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_password_t *w);
static ngx_int_t ngx_http_mfa_password_finish(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_password_t *w);


ngx_int_t
ngx_http_mfa_password_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    if (!ngx_http_mfa_account_writable(r)) {
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN, "forbidden");
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_mfa_number(p, "min", p->conf->rules.min);
    ngx_http_mfa_flag(p, "old", 1);
    ngx_http_mfa_flag(p, "rule_short", 1);
    ngx_http_mfa_flag(p, "rule_common", p->conf->rules.block != NULL);
    ngx_http_mfa_flag(p, "rule_context", 1);
    ngx_http_mfa_flag(p, "rule_classes", p->conf->rules.classes != 0);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_PASSWORD);
}


ngx_int_t
ngx_http_mfa_password_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t                 rc;
    const char               *error;
    ngx_http_mfa_password_t  *w;

    if (p->data == NULL) {

        if (!ngx_http_mfa_account_writable(r)) {
            return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN,
                                           "forbidden");
        }

        if (ngx_http_mfa_password_begin(r, p, &w) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        error = ngx_http_mfa_password_rule(r, p, w);

        if (error) {
            return ngx_http_mfa_password_again(r, p, error);
        }
    }

    w = p->data;

    if (p->state == NGX_HTTP_MFA_PASSWORD_PROVE
        && ngx_http_mfa_password_prove(r, p, w, &rc) != NGX_OK)
    {
        return rc;
    }

    if (p->state == NGX_HTTP_MFA_PASSWORD_HASH) {

        rc = ngx_http_mfa_password_hash(r, w);

        if (rc == NGX_BUSY) {
            return ngx_http_mfa_page_busy(r, p);
        }

        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->state = NGX_HTTP_MFA_PASSWORD_LOAD;
    }

    if (p->state <= NGX_HTTP_MFA_PASSWORD_SAVE) {

        rc = ngx_http_mfa_password_save(r, p, w);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->state = NGX_HTTP_MFA_PASSWORD_START;
    }

    return ngx_http_mfa_password_finish(r, p, w);
}


static ngx_int_t
ngx_http_mfa_password_begin(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_password_t **password)
{
    const postern_user_t     *user;
    ngx_http_mfa_password_t  *w;

    w = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_password_t));

    if (w == NULL
        || ngx_http_mfa_wipe(r, w->chosen, sizeof(w->chosen)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    user = p->session->user;

    w->old = ngx_http_mfa_form_value(p, "old");
    w->proof.user = user;
    w->proof.org = ngx_http_postern_str(user->org->name);
    w->proof.name = ngx_http_postern_str(user->name);

    ngx_http_mfa_device_lane(r, user, 1, &w->proof.lane);

    *password = w;

    return NGX_OK;
}


/* NULL, or what is wrong with the new one: tells nothing of the old one */

static const char *
ngx_http_mfa_password_rule(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_password_t *w)
{
    u_char                 was[MFA_PASSWORD_MAX];
    size_t                 len;
    ngx_str_t              chosen, again;
    ngx_uint_t             same;
    postern_str_t          context[4], text;
    mfa_password_e         rule;
    const postern_user_t  *user;

    static const char *const  names[] = {
        NULL, "malformed", "short", "long", "common", "context", "classes",
        "same"
    };

    chosen = ngx_http_mfa_form_value(p, "new");
    again = ngx_http_mfa_form_value(p, "again");

    if (chosen.len != again.len
        || ngx_memcmp(chosen.data, again.data, chosen.len) != 0)
    {
        return "differ";
    }

    w->len = mfa_password_normalize(ngx_http_postern_slice(chosen), w->chosen,
                                    sizeof(w->chosen));

    if (w->len == 0) {
        return chosen.len == 0 ? "short"
               : chosen.len > MFA_PASSWORD_MAX ? "long" : "malformed";
    }

    user = p->session->user;

    context[0] = user->name;
    context[1] = user->display;
    context[2] = user->email;
    context[3] = ngx_http_postern_slice(p->conf->brand);

    text.len = w->len;
    text.data = w->chosen;

    rule = mfa_password_check(&p->conf->rules, text, context, 4);

    if (rule != MFA_PASSWORD_OK) {
        return names[rule];
    }

    len = mfa_password_normalize(ngx_http_postern_slice(w->old), was,
                                 sizeof(was));
    same = (len == w->len && ngx_memcmp(was, w->chosen, len) == 0);

    sodium_memzero(was, sizeof(was));

    return same ? names[MFA_PASSWORD_SAME] : NULL;
}


static ngx_int_t
ngx_http_mfa_password_again(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    const char *error)
{
    ngx_http_mfa_page_decide(r, "deny", "mfa/password-rule", NULL);

    p->status = 422;                  /* RFC 9110, section 15.5.21 */
    p->error = error;

    return ngx_http_mfa_page_show(r, p);
}


static ngx_int_t
ngx_http_mfa_password_prove(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_password_t *w, ngx_int_t *answer)
{
    ngx_int_t  rc;

    rc = ngx_http_mfa_prove_password(r, &w->proof, &w->old);

    if (rc != NGX_OK) {
        *answer = (rc == NGX_AGAIN) ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }

    if (w->proof.result != NGX_HTTP_MFA_YES) {
        *answer = ngx_http_mfa_page_unproven(r, p, &w->proof, "password");
        return NGX_DECLINED;
    }

    p->state = NGX_HTTP_MFA_PASSWORD_HASH;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_password_hash(ngx_http_request_t *r, ngx_http_mfa_password_t *w)
{
    ngx_int_t                     rc;
    ngx_http_mfa_main_conf_t     *mmcf;
    ngx_http_mfa_password_job_t  *job;

    if (w->job == NULL) {

        mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

        if (mmcf->lane == NULL) {
            return NGX_DONE;
        }

        job = postern_api.job(r, sizeof(ngx_http_mfa_password_job_t));
        if (job == NULL) {
            return NGX_ERROR;
        }

        job->params = mmcf->argon2;
        job->rc = -1;
        job->len = w->len;
        ngx_memcpy(job->password, w->chosen, w->len);

        w->job = job;

        rc = postern_api.start(r, &w->op, mmcf->lane, job,
                               ngx_http_mfa_password_run);

        rc = ngx_http_mfa_submitted(&w->op, rc);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    if (!w->op.done) {
        return NGX_AGAIN;
    }

    if (w->op.result != NGX_HTTP_POSTERN_OK) {
        return NGX_BUSY;
    }

    return (w->job->rc == 0) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_mfa_password_run(void *data)
{
    ngx_http_mfa_password_job_t *job = data;

    postern_str_t  password;

    password.len = job->len;
    password.data = job->password;

    job->rc = mfa_hash_make(&job->params, password, job->hash);
}


/* what was proven may have written the account meanwhile, so it is read anew */

static ngx_int_t
ngx_http_mfa_password_save(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_password_t *w)
{
    ngx_int_t       rc;
    mfa_account_t  *a;

    for ( ;; ) {

        if (p->state == NGX_HTTP_MFA_PASSWORD_LOAD) {

            rc = ngx_http_mfa_account_load(r, &w->account, p->session->user);
            if (rc != NGX_OK) {
                return rc;
            }

            mfa_account_over(p->session->user, w->over);

            a = &w->account.record;
            a->password.data = (u_char *) w->job->hash;
            a->password.len = ngx_strlen(w->job->hash);
            a->password_time = ngx_time();
            a->password_over.data = (u_char *) w->over;
            a->password_over.len = ngx_strlen(w->over);

            p->state = NGX_HTTP_MFA_PASSWORD_SAVE;
        }

        rc = ngx_http_mfa_account_save(r, &w->account);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (++p->tries == NGX_HTTP_MFA_RETRIES) {
            return NGX_DONE;
        }

        ngx_memzero(&w->account, sizeof(ngx_http_mfa_account_t));
        p->state = NGX_HTTP_MFA_PASSWORD_LOAD;
    }
}


/* the new token first: what ends then is everything but it */

static ngx_int_t
ngx_http_mfa_password_finish(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_password_t *w)
{
    ngx_int_t       rc;
    mfa_session_t  *next, *old;

    if (p->state == NGX_HTTP_MFA_PASSWORD_START) {

        old = &p->session->session;
        next = &p->next.session;

        if (!w->set) {
            w->set = 1;
            next->aal = old->aal;
            next->amr = old->amr | MFA_AMR_PWD;
            next->password_time = ngx_time();
            next->factor_time = old->factor_time;
        }

        rc = ngx_http_mfa_page_proven(r, p, p->session->user, 0, 0);
        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->state = NGX_HTTP_MFA_PASSWORD_END;
    }

    rc = ngx_http_mfa_session_end(r, &w->end, p->session->user, NULL,
                                  p->next.key);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    if (ngx_http_mfa_device_remember(r, p->session->user,
                                     p->session->session.aal)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_mfa_page_decide(r, "allow", "mfa/password-changed",
                             &w->proof.name);

    return ngx_http_mfa_page_go(r, p, "account", 0, "password");
}
