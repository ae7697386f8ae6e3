
/*
 * Recovery codes: ten of them, shown once, stored as hashes.
 */


#include "ngx_http_mfa_enrol.h"

#include <sodium.h>


typedef enum {
    NGX_HTTP_MFA_CODES_MAKE = 0,
    NGX_HTTP_MFA_CODES_SAVE,
    NGX_HTTP_MFA_CODES_LOAD
} ngx_http_mfa_codes_e;


static void ngx_http_mfa_codes_run(void *data);
static ngx_int_t ngx_http_mfa_codes_save(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_codes_t *c);


ngx_int_t
ngx_http_mfa_codes_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned       left;
    postern_str_t  hashes[MFA_ACCOUNT_RECOVERY];

    if (!p->has_factor) {
        return ngx_http_mfa_page_go(r, p, "enrol", 0, NULL);
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    left = mfa_account_recovery(&p->account.record, p->session->user, hashes,
                                MFA_ACCOUNT_RECOVERY);

    ngx_http_mfa_number(p, "left", left);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_CODES);
}


ngx_int_t
ngx_http_mfa_codes_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t              rc;
    ngx_http_mfa_codes_t  *c;

    c = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_codes_t));
    if (c == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (p->state == NGX_HTTP_MFA_CODES_MAKE && c->job == NULL) {

        if (!p->has_factor) {
            return ngx_http_mfa_page_go(r, p, "enrol", 0, NULL);
        }

        if (ngx_http_mfa_page_fresh(r, p, &rc) != NGX_OK) {
            return rc;
        }

        if (!ngx_http_mfa_account_writable(r)) {
            return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN,
                                           "forbidden");
        }
    }

    if (p->state == NGX_HTTP_MFA_CODES_MAKE) {

        rc = ngx_http_mfa_codes_make(r, c);

        if (rc == NGX_BUSY) {
            return ngx_http_mfa_page_busy(r, p);
        }

        if (rc != NGX_OK) {
            return ngx_http_mfa_page_fail(r, p, rc);
        }

        p->state = NGX_HTTP_MFA_CODES_SAVE;

        if (ngx_http_mfa_codes_set(r, c, &p->account.record) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_mfa_codes_save(r, p, c);

    if (rc != NGX_OK) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    ngx_http_mfa_page_decide(r, "allow", "mfa/codes", NULL);

    return ngx_http_mfa_codes_show(r, p, c);
}


/* until nobody else writes at the same time */

static ngx_int_t
ngx_http_mfa_codes_save(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_codes_t *c)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (p->state == NGX_HTTP_MFA_CODES_LOAD) {

            rc = ngx_http_mfa_account_load(r, &p->account, p->session->user);
            if (rc != NGX_OK) {
                return rc;
            }

            p->state = NGX_HTTP_MFA_CODES_SAVE;

            if (ngx_http_mfa_codes_set(r, c, &p->account.record) != NGX_OK) {
                return NGX_ERROR;
            }
        }

        rc = ngx_http_mfa_account_save(r, &p->account);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (++p->tries == NGX_HTTP_MFA_RETRIES) {
            return NGX_DONE;
        }

        ngx_memzero(&p->account, sizeof(ngx_http_mfa_account_t));
        p->state = NGX_HTTP_MFA_CODES_LOAD;
    }
}


ngx_int_t
ngx_http_mfa_codes_make(ngx_http_request_t *r, ngx_http_mfa_codes_t *c)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_http_mfa_codes_job_t  *job;
    ngx_http_mfa_main_conf_t  *mmcf;

    if (c->job == NULL) {

        mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

        if (mmcf->lane == NULL) {
            return NGX_DONE;
        }

        job = postern_api.job(r, sizeof(ngx_http_mfa_codes_job_t));
        if (job == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < MFA_RECOVERY_CODES; i++) {
            mfa_recovery_generate(job->codes[i]);
        }

        job->params = mmcf->argon2;
        job->rc = -1;
        c->job = job;

        rc = postern_api.start(r, &c->op, mmcf->lane, job,
                               ngx_http_mfa_codes_run);

        rc = ngx_http_mfa_submitted(&c->op, rc);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    if (!c->op.done) {
        return NGX_AGAIN;
    }

    if (c->op.result != NGX_HTTP_POSTERN_OK) {
        return NGX_BUSY;
    }

    return (c->job->rc == 0) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_mfa_codes_run(void *data)
{
    ngx_http_mfa_codes_job_t *job = data;

    job->rc = mfa_recovery_hash(&job->params,
                            (const char (*)[MFA_RECOVERY_SHOWN]) job->codes,
                            MFA_RECOVERY_CODES, job->hashes);
}


ngx_int_t
ngx_http_mfa_codes_set(ngx_http_request_t *r, ngx_http_mfa_codes_t *c,
    mfa_account_t *account)
{
    size_t      len;
    u_char     *text;
    ngx_uint_t  i;

    if (c->job == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {

        len = ngx_strlen(c->job->hashes[i]);

        text = ngx_pnalloc(r->pool, len);
        if (text == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(text, c->job->hashes[i], len);

        account->recovery[i].len = len;
        account->recovery[i].data = text;
    }

    account->nrecovery = MFA_RECOVERY_CODES;
    account->recovery_time = ngx_time();

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_codes_show(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_codes_t *c)
{
    ngx_uint_t    i;
    mfa_scope_t  *list;
    mfa_value_t  *values;

    list = ngx_pcalloc(r->pool, MFA_RECOVERY_CODES * sizeof(mfa_scope_t));
    values = ngx_pcalloc(r->pool, MFA_RECOVERY_CODES * sizeof(mfa_value_t));

    if (list == NULL || values == NULL || c->job == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < MFA_RECOVERY_CODES; i++) {
        values[i].name = "code";
        values[i].kind = MFA_VALUE_TEXT;
        values[i].text.data = (u_char *) c->job->codes[i];
        values[i].text.len = ngx_strlen(c->job->codes[i]);

        list[i].values = &values[i];
        list[i].n = 1;
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_mfa_values(p, "codes", list, MFA_RECOVERY_CODES);
    ngx_http_mfa_number(p, "left", MFA_RECOVERY_CODES);

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_CODES);
}
