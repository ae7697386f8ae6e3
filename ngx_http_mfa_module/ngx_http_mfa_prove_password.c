
/*
 * A password: Argon2id in a thread, over the same path and with the same work
 * whether the user is unknown, disabled, without a password or right.
 */


#include "ngx_http_mfa_prove.h"


/* what the thread is given, and what it found */

typedef struct {
    mfa_argon2_t    params;
    size_t          hash_len;
    size_t          password_len;
    ngx_uint_t      nobody;
    mfa_hash_e      result;
    int             made;            /* of mfa_hash_make() */
    u_char          hash[MFA_HASH_TEXT];
    u_char          password[MFA_PASSWORD_MAX];
} ngx_http_mfa_password_job_t;


static ngx_int_t ngx_http_mfa_password_check(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_password_job(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static void ngx_http_mfa_password_verify(void *data);
static ngx_int_t ngx_http_mfa_password_checked(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);

static ngx_int_t ngx_http_mfa_password_proven(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static void ngx_http_mfa_password_hash(void *data);
static ngx_int_t ngx_http_mfa_password_hashed(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_password_save(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_password_unsaved(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, const char *why);


static const ngx_http_mfa_kind_t  ngx_http_mfa_password_kind = {
    "g/pwd", 1, 1, 1, ngx_http_mfa_password_check, ngx_http_mfa_password_proven
};


ngx_int_t
ngx_http_mfa_prove_password(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *password)
{
    return ngx_http_mfa_prove_run(r, p, password,
                                  &ngx_http_mfa_password_kind);
}


static ngx_int_t
ngx_http_mfa_password_check(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    postern_str_t                 hash;
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_password_job_t  *job;

    w = p->own;
    w->step = ngx_http_mfa_password_checked;

    if (ngx_http_mfa_password_job(r, p, given) != NGX_OK) {
        return NGX_ERROR;
    }

    job = p->job;

    /* nobody has no password, and no account that could hold one counts */

    hash = mfa_account_password(&p->account.record, w->who);

    if (p->user == NULL || hash.data == NULL || hash.len >= MFA_HASH_TEXT
        || given->len > MFA_PASSWORD_MAX)
    {
        job->nobody = 1;

    } else {
        job->hash_len = hash.len;
        ngx_memcpy(job->hash, hash.data, hash.len);
    }

    return ngx_http_mfa_prove_start(r, p, ngx_http_mfa_password_verify);
}


static ngx_int_t
ngx_http_mfa_password_job(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_main_conf_t     *mmcf;
    ngx_http_mfa_password_job_t  *job;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    job = postern_api.job(r, sizeof(ngx_http_mfa_password_job_t));
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->params = mmcf->argon2;
    job->password_len = ngx_min(given->len, MFA_PASSWORD_MAX);
    ngx_memcpy(job->password, given->data, job->password_len);

    p->job = job;

    return NGX_OK;
}


/* in a thread */

static void
ngx_http_mfa_password_verify(void *data)
{
    ngx_http_mfa_password_job_t *job = data;

    postern_str_t  hash, password;

    hash.len = job->hash_len;
    hash.data = job->nobody ? NULL : job->hash;

    password.len = job->password_len;
    password.data = job->password;

    job->result = mfa_hash_verify(&job->params, hash, password);
}


static ngx_int_t
ngx_http_mfa_password_checked(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_password_job_t  *job;

    w = p->own;
    job = p->job;

    if (p->op.result != NGX_HTTP_POSTERN_OK) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_BUSY);
    }

    if (job->result == MFA_HASH_FAILED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no memory for Argon2id (%uD KiB)",
                      job->params.memory);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    if (job->result != MFA_HASH_YES || p->user == NULL || job->nobody) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_NO);
    }

    w->step = ngx_http_mfa_prove_right;

    return NGX_OK;
}


/*
 * A hash that is weaker than those made today is replaced while the password
 * is at hand.  Nothing that goes wrong here fails the sign-in.
 */

static ngx_int_t
ngx_http_mfa_password_proven(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    int                           old;
    postern_str_t                 hash;
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_password_job_t  *job;

    w = p->own;
    job = p->job;

    hash.len = job->hash_len;
    hash.data = job->hash;

    if (!mfa_hash_parse(hash, &job->params, &old)
        || !old
        || !ngx_http_mfa_account_writable(r)
        || ngx_http_mfa_room_take(r, &w->room) != NGX_OK)
    {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_YES);
    }

    if (ngx_http_mfa_password_job(r, p, given) != NGX_OK) {
        return ngx_http_mfa_password_unsaved(r, p, "there is no memory");
    }

    w->step = ngx_http_mfa_password_hashed;

    return ngx_http_mfa_prove_start(r, p, ngx_http_mfa_password_hash);
}


/* in a thread */

static void
ngx_http_mfa_password_hash(void *data)
{
    ngx_http_mfa_password_job_t *job = data;

    postern_str_t  password;

    password.len = job->password_len;
    password.data = job->password;

    job->made = mfa_hash_make(&job->params, password, (char *) job->hash);
}


static ngx_int_t
ngx_http_mfa_password_hashed(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    u_char                       *over;
    ngx_str_t                     hash;
    ngx_http_mfa_work_t          *w;
    ngx_http_mfa_password_job_t  *job;

    w = p->own;
    job = p->job;

    if (p->op.result != NGX_HTTP_POSTERN_OK) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_YES);
    }

    if (job->made != 0) {
        return ngx_http_mfa_password_unsaved(r, p, "there is no memory");
    }

    /* beside the account that was loaded, which stays as it is stored */

    w->fresh = ngx_palloc(r->pool, sizeof(ngx_http_mfa_account_t));
    over = ngx_pnalloc(r->pool, MFA_ACCOUNT_OVER + 1);

    hash.len = ngx_strlen(job->hash);
    hash.data = ngx_pnalloc(r->pool, hash.len);

    if (w->fresh == NULL || over == NULL || hash.data == NULL) {
        return ngx_http_mfa_password_unsaved(r, p, "there is no memory");
    }

    ngx_memcpy(hash.data, job->hash, hash.len);
    mfa_account_over(p->user, (char *) over);

    *w->fresh = p->account;
    w->fresh->record.password = ngx_http_postern_slice(hash);
    w->fresh->record.password_over.len = MFA_ACCOUNT_OVER;
    w->fresh->record.password_over.data = over;

    w->step = ngx_http_mfa_password_save;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_password_save(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_int_t             rc;
    ngx_http_mfa_work_t  *w;

    w = p->own;

    rc = ngx_http_mfa_account_save(r, w->fresh);

    switch (rc) {

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_OK:
        p->account = *w->fresh;

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "the password of \"%*s\" was hashed anew: its hash was "
                      "weaker than mfa_argon2id asks for",
                      p->user->name.len, p->user->name.data);

        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_YES);

    case NGX_DECLINED:
        return ngx_http_mfa_password_unsaved(r, p, "the account has changed");

    default:
        return ngx_http_mfa_password_unsaved(r, p, "it cannot be written");
    }
}


static ngx_int_t
ngx_http_mfa_password_unsaved(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    const char *why)
{
    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "the password of \"%*s\" keeps its old hash for now: %s",
                  p->user->name.len, p->user->name.data, why);

    return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_YES);
}
