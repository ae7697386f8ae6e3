
/*
 * A recovery code: one Argon2id in a thread for all codes of a user, and for
 * those who have none; marked as used by compare and set before it counts.
 */


#include "ngx_http_mfa_prove.h"

#include "mfa_recovery.h"


/* what the thread is given, and what it found */

typedef struct {
    mfa_argon2_t    params;
    unsigned        n;
    int             found;
    mfa_hash_e      wasted;
    char            code[MFA_RECOVERY_CODE];
    size_t          len[MFA_ACCOUNT_RECOVERY];
    u_char          hashes[MFA_ACCOUNT_RECOVERY][MFA_HASH_TEXT];
} ngx_http_mfa_recovery_job_t;


static ngx_int_t ngx_http_mfa_recovery_check(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static void ngx_http_mfa_recovery_fill(ngx_http_mfa_proof_t *p,
    ngx_http_mfa_recovery_job_t *job);
static void ngx_http_mfa_recovery_match(void *data);
static ngx_int_t ngx_http_mfa_recovery_checked(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_recovery_mark(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_recovery_left(ngx_http_mfa_proof_t *p,
    ngx_str_t *match);
static ngx_int_t ngx_http_mfa_recovery_use(ngx_http_mfa_proof_t *p,
    ngx_str_t *match);
static ngx_uint_t ngx_http_mfa_recovery_in(const postern_str_t *set,
    ngx_uint_t n, postern_str_t hash);


static const ngx_http_mfa_kind_t  ngx_http_mfa_recovery_kind = {
    "g/recovery", 0, 1, 0, ngx_http_mfa_recovery_check, NULL
};


ngx_int_t
ngx_http_mfa_prove_recovery(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *code)
{
    return ngx_http_mfa_prove_run(r, p, code, &ngx_http_mfa_recovery_kind);
}


static ngx_int_t
ngx_http_mfa_recovery_check(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_main_conf_t     *mmcf;
    ngx_http_mfa_recovery_job_t  *job;

    w = p->own;

    if (w->match.len) {

        /* the account changed meanwhile, the code has been found */

        w->step = ngx_http_mfa_recovery_mark;
        return NGX_OK;
    }

    w->step = ngx_http_mfa_recovery_checked;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    job = postern_api.job(r, sizeof(ngx_http_mfa_recovery_job_t));
    if (job == NULL) {
        return NGX_ERROR;
    }

    p->job = job;
    job->params = mmcf->argon2;

    if (mfa_recovery_normalize(ngx_http_postern_slice(*given), job->code)
        == 0)
    {
        ngx_http_mfa_recovery_fill(p, job);
    }

    return ngx_http_mfa_prove_start(r, p, ngx_http_mfa_recovery_match);
}


static void
ngx_http_mfa_recovery_fill(ngx_http_mfa_proof_t *p,
    ngx_http_mfa_recovery_job_t *job)
{
    unsigned       i, n;
    postern_str_t  hashes[MFA_ACCOUNT_RECOVERY];

    if (p->user == NULL) {
        return;
    }

    n = mfa_account_recovery(&p->account.record, p->user, hashes,
                             MFA_ACCOUNT_RECOVERY);

    for (i = 0; i < n; i++) {

        if (hashes[i].len >= MFA_HASH_TEXT) {
            continue;
        }

        job->len[job->n] = hashes[i].len;
        ngx_memcpy(job->hashes[job->n], hashes[i].data, hashes[i].len);
        job->n++;
    }
}


/* in a thread */

static void
ngx_http_mfa_recovery_match(void *data)
{
    ngx_http_mfa_recovery_job_t *job = data;

    unsigned       i;
    postern_str_t  code, none, hashes[MFA_ACCOUNT_RECOVERY];

    if (job->n == 0) {
        none.len = 0;
        none.data = NULL;

        code.len = MFA_RECOVERY_CODE;
        code.data = (u_char *) "no recovery code";

        job->wasted = mfa_hash_verify(&job->params, none, code);
        job->found = -1;
        return;
    }

    for (i = 0; i < job->n; i++) {
        hashes[i].len = job->len[i];
        hashes[i].data = job->hashes[i];
    }

    job->found = mfa_recovery_match(job->code, hashes, job->n);
}


static ngx_int_t
ngx_http_mfa_recovery_checked(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_recovery_job_t  *job;

    w = p->own;
    job = p->job;

    if (p->op.result != NGX_HTTP_POSTERN_OK) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_BUSY);
    }

    if (job->found == -2) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the recovery codes of \"%*s\" cannot be checked: they "
                      "are not one set, or there is no memory",
                      w->who->name.len, w->who->name.data);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    if (job->found < 0 || (unsigned) job->found >= job->n || p->user == NULL) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_NO);
    }

    if (!ngx_http_mfa_account_writable(r)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a recovery code of \"%*s\" is refused, for it could be "
                      "used again: that needs \"mfa_accounts\" or "
                      "\"postern_redis\"",
                      p->user->name.len, p->user->name.data);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    w->match.len = job->len[job->found];
    w->match.data = ngx_pnalloc(r->pool, w->match.len);

    if (w->match.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(w->match.data, job->hashes[job->found], w->match.len);

    w->step = ngx_http_mfa_recovery_mark;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_recovery_mark(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_save;

    if (ngx_http_mfa_recovery_left(p, &w->match) != NGX_OK) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_USED);
    }

    if (ngx_http_mfa_recovery_use(p, &w->match) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "there is no room to note another used recovery code "
                      "of \"%*s\"", p->user->name.len, p->user->name.data);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    return NGX_OK;
}


/* does it still count? */

static ngx_int_t
ngx_http_mfa_recovery_left(ngx_http_mfa_proof_t *p, ngx_str_t *match)
{
    unsigned       n;
    postern_str_t  hashes[MFA_ACCOUNT_RECOVERY];

    n = mfa_account_recovery(&p->account.record, p->user, hashes,
                             MFA_ACCOUNT_RECOVERY);

    return ngx_http_mfa_recovery_in(hashes, n,
                                    ngx_http_postern_slice(*match))
           ? NGX_OK : NGX_DECLINED;
}


/* notes it, and forgets those that no set has any more */

static ngx_int_t
ngx_http_mfa_recovery_use(ngx_http_mfa_proof_t *p, ngx_str_t *match)
{
    unsigned        i, n;
    mfa_account_t  *record;
    postern_str_t   used;

    record = &p->account.record;

    for (i = 0, n = 0; i < record->nused; i++) {
        used = record->recovery_used[i];

        if (ngx_http_mfa_recovery_in(record->recovery, record->nrecovery, used)
            || ngx_http_mfa_recovery_in(p->user->recovery, p->user->nrecovery,
                                        used))
        {
            record->recovery_used[n++] = used;
        }
    }

    record->nused = n;

    if (n == MFA_ACCOUNT_USED) {
        return NGX_DECLINED;
    }

    record->recovery_used[record->nused++] = ngx_http_postern_slice(*match);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_mfa_recovery_in(const postern_str_t *set, ngx_uint_t n,
    postern_str_t hash)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (postern_str_eq(set[i], hash)) {
            return 1;
        }
    }

    return 0;
}
