
/*
 * Accounts: what Postern writes about a user, as a record in Redis where there
 * is Redis, else as a file, which threads read and write.  Where there is
 * neither, every account is empty and none can be written.
 */


#include "ngx_http_mfa_module.h"

#include "mfa_file.h"


enum {
    NGX_HTTP_MFA_ACCOUNT_START = 0,
    NGX_HTTP_MFA_ACCOUNT_READING,
    NGX_HTTP_MFA_ACCOUNT_LOADED,
    NGX_HTTP_MFA_ACCOUNT_WRITING
};


/* what a thread is given: it holds no pointer but to itself */

typedef struct {
    mfa_file_e     result;
    int            err;
    ngx_uint_t     exists;       /* is there an old text? */
    size_t         old_len;
    size_t         next_len;
    char           path[MFA_FILE_PATH_MAX];
    u_char         text[];       /* old, then next */
} ngx_http_mfa_file_job_t;


static ngx_int_t ngx_http_mfa_account_read(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_account_finish_read(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a, const postern_user_t *user);
static ngx_int_t ngx_http_mfa_account_was_read(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a);
static ngx_int_t ngx_http_mfa_account_write(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a);
static ngx_int_t ngx_http_mfa_account_finish_write(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a);
static ngx_int_t ngx_http_mfa_account_name(ngx_http_request_t *r,
    postern_str_t user, ngx_str_t *name);

static ngx_int_t ngx_http_mfa_account_job(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a, postern_str_t org, postern_str_t user,
    size_t size);
static void ngx_http_mfa_account_read_file(void *data);
static void ngx_http_mfa_account_swap_file(void *data);
static void *ngx_http_mfa_account_alloc(void *data, size_t size);


/* nginx makes the folder, and gives it to the user of the workers */

ngx_int_t
ngx_http_mfa_account_folder(ngx_conf_t *cf, ngx_http_mfa_main_conf_t *mmcf)
{
    ngx_path_t       *path;
    ngx_file_info_t   fi;

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    if (mmcf->accounts.len > 1
        && mmcf->accounts.data[mmcf->accounts.len - 1] == '/')
    {
        mmcf->accounts.data[--mmcf->accounts.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &mmcf->accounts, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_file_info(mmcf->accounts.data, &fi) != NGX_FILE_ERROR
        && !ngx_is_dir(&fi))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"mfa_accounts\" names \"%V\", which is no folder",
                      &mmcf->accounts);
        return NGX_ERROR;
    }

    path->name = mmcf->accounts;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    return ngx_add_path(cf, &path);
}


ngx_int_t
ngx_http_mfa_account_load(ngx_http_request_t *r, ngx_http_mfa_account_t *a,
    const postern_user_t *user)
{
    ngx_int_t  rc;

    if (a->loaded) {
        return NGX_OK;
    }

    if (a->op.pending) {
        return NGX_AGAIN;
    }

    if (a->state == NGX_HTTP_MFA_ACCOUNT_START) {
        a->state = NGX_HTTP_MFA_ACCOUNT_READING;

        rc = ngx_http_mfa_account_read(r, a, user);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_mfa_account_finish_read(r, a, user);
}


static ngx_int_t
ngx_http_mfa_account_read(ngx_http_request_t *r, ngx_http_mfa_account_t *a,
    const postern_user_t *user)
{
    ngx_str_t                  org, name;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    if (mmcf->redis) {
        org = ngx_http_postern_str(user->org->name);

        if (ngx_http_mfa_account_name(r, user->name, &name) != NGX_OK) {
            return NGX_ERROR;
        }

        return postern_api.get(r, &a->op, &org, &name);
    }

    if (mmcf->accounts.len == 0) {
        a->op.result = NGX_HTTP_POSTERN_NO;
        return NGX_OK;
    }

    if (ngx_http_mfa_account_job(r, a, user->org->name, user->name,
                                 MFA_ACCOUNT_MAX)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return postern_api.start(r, &a->op, mmcf->files, a->job,
                             ngx_http_mfa_account_read_file);
}


static ngx_int_t
ngx_http_mfa_account_finish_read(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a, const postern_user_t *user)
{
    ngx_int_t        rc;
    postern_alloc_t  alloc;
    postern_error_t  err;

    rc = ngx_http_mfa_account_was_read(r, a);

    if (rc != NGX_OK) {
        return rc;
    }

    alloc.alloc = ngx_http_mfa_account_alloc;
    alloc.data = r->pool;

    if (mfa_account_parse(ngx_http_postern_slice(a->text), user->org->name,
                          user->name, &alloc, &a->record, &err)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the account of \"%*s\" in \"%*s\" cannot be used: "
                      "%s%s%s",
                      user->name.len, user->name.data,
                      user->org->name.len, user->org->name.data,
                      err.text, err.path[0] ? " at " : "", err.path);
        return NGX_DONE;
    }

    a->state = NGX_HTTP_MFA_ACCOUNT_LOADED;
    a->loaded = 1;

    return NGX_OK;
}


/* the text, from wherever it was asked for; null where there is no account */

static ngx_int_t
ngx_http_mfa_account_was_read(ngx_http_request_t *r, ngx_http_mfa_account_t *a)
{
    ngx_http_mfa_file_job_t  *job;

    if (a->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        return NGX_DONE;
    }

    ngx_str_null(&a->text);

    if (a->op.result == NGX_HTTP_POSTERN_NO) {
        return NGX_OK;
    }

    job = a->job;

    if (job == NULL) {
        a->text = a->op.value;
        return NGX_OK;
    }

    if (job->result == MFA_FILE_FAILED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, job->err,
                      "cannot read the account \"%s\"", job->path);
        return NGX_DONE;
    }

    if (job->result == MFA_FILE_OK) {

        /* of a length that no longer text has */

        a->text.data = ngx_pnalloc(r->pool, job->old_len + 1);
        if (a->text.data == NULL) {
            return NGX_ERROR;
        }

        a->text.len = job->old_len;
        ngx_memcpy(a->text.data, job->text, job->old_len);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_account_save(ngx_http_request_t *r, ngx_http_mfa_account_t *a)
{
    ngx_int_t  rc;

    if (a->op.pending) {
        return NGX_AGAIN;
    }

    if (!a->loaded) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "an account is written that was not read");
        return NGX_ERROR;
    }

    if (a->state == NGX_HTTP_MFA_ACCOUNT_LOADED) {

        if (!ngx_http_mfa_account_writable(r)) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "nothing can be written about users here: that "
                          "needs \"mfa_accounts\" or \"postern_redis\"");
            return NGX_DONE;
        }

        a->state = NGX_HTTP_MFA_ACCOUNT_WRITING;

        rc = ngx_http_mfa_account_write(r, a);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_mfa_account_finish_write(r, a);
}


static ngx_int_t
ngx_http_mfa_account_write(ngx_http_request_t *r, ngx_http_mfa_account_t *a)
{
    u_char                    *p;
    ngx_str_t                  org, name, *old;
    postern_alloc_t            alloc;
    ngx_http_mfa_file_job_t   *job;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    alloc.alloc = ngx_http_mfa_account_alloc;
    alloc.data = r->pool;

    a->next = ngx_http_postern_str(mfa_account_write(&a->record, &alloc));

    if (a->next.data == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the account of \"%*s\" would be longer than %d bytes, "
                      "or there is no memory", a->record.user.len,
                      a->record.user.data, MFA_ACCOUNT_MAX);
        return NGX_ERROR;
    }

    old = a->text.data ? &a->text : NULL;

    if (mmcf->redis) {
        org = ngx_http_postern_str(a->record.org);

        if (ngx_http_mfa_account_name(r, a->record.user, &name) != NGX_OK) {
            return NGX_ERROR;
        }

        return postern_api.swap(r, &a->op, &org, &name, old, &a->next,
                                NGX_HTTP_POSTERN_FOREVER);
    }

    if (ngx_http_mfa_account_job(r, a, a->record.org, a->record.user,
                                 a->text.len + a->next.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    job = a->job;
    job->exists = (old != NULL);
    job->old_len = a->text.len;
    job->next_len = a->next.len;

    p = job->text;

    if (old) {
        p = ngx_cpymem(p, old->data, old->len);
    }

    ngx_memcpy(p, a->next.data, a->next.len);

    return postern_api.start(r, &a->op, mmcf->files, job,
                             ngx_http_mfa_account_swap_file);
}


static ngx_int_t
ngx_http_mfa_account_finish_write(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a)
{
    ngx_http_mfa_file_job_t  *job;

    a->state = NGX_HTTP_MFA_ACCOUNT_LOADED;

    if (a->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        return NGX_DONE;
    }

    if (a->op.result == NGX_HTTP_POSTERN_NO) {
        return NGX_DECLINED;
    }

    job = a->job;

    if (job) {
        if (job->result == MFA_FILE_NO) {
            return NGX_DECLINED;
        }

        if (job->result != MFA_FILE_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, job->err,
                          "cannot write the account \"%s\"", job->path);
            return NGX_DONE;
        }
    }

    a->text = a->next;

    return NGX_OK;
}


ngx_flag_t
ngx_http_mfa_account_writable(ngx_http_request_t *r)
{
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    return mmcf->redis || mmcf->accounts.len != 0;
}


static ngx_int_t
ngx_http_mfa_account_name(ngx_http_request_t *r, postern_str_t user,
    ngx_str_t *name)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, sizeof("mfa/a/") - 1 + user.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name->data = p;

    p = ngx_cpymem(p, "mfa/a/", sizeof("mfa/a/") - 1);
    p = ngx_cpymem(p, user.data, user.len);

    name->len = p - name->data;

    return NGX_OK;
}


/* a job with the path of the account and room for size bytes of text */

static ngx_int_t
ngx_http_mfa_account_job(ngx_http_request_t *r, ngx_http_mfa_account_t *a,
    postern_str_t org, postern_str_t user, size_t size)
{
    ngx_http_mfa_file_job_t   *job;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    if (mmcf->files == NULL) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "there are no threads to read accounts with");
        return NGX_ERROR;
    }

    job = postern_api.job(r, sizeof(ngx_http_mfa_file_job_t) + size);
    if (job == NULL) {
        return NGX_ERROR;
    }

    if (mfa_file_path((char *) mmcf->accounts.data, org, user, job->path)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the path of the account of \"%*s\" in \"%V\" is too "
                      "long", user.len, user.data, &mmcf->accounts);
        return NGX_ERROR;
    }

    a->job = job;

    return NGX_OK;
}


/* in a thread */

static void
ngx_http_mfa_account_read_file(void *data)
{
    ngx_http_mfa_file_job_t *job = data;

    job->old_len = MFA_ACCOUNT_MAX;
    job->result = mfa_file_read(job->path, job->text, &job->old_len);
    job->err = errno;
}


/* in a thread */

static void
ngx_http_mfa_account_swap_file(void *data)
{
    ngx_http_mfa_file_job_t *job = data;

    postern_str_t  old, next;

    old.len = job->old_len;
    old.data = job->exists ? job->text : NULL;

    next.len = job->next_len;
    next.data = job->text + job->old_len;

    job->result = mfa_file_swap(job->path, old, next);
    job->err = errno;
}


static void *
ngx_http_mfa_account_alloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}
