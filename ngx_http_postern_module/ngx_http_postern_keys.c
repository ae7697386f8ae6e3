
#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_keys.h"

#include <pthread.h>
#include <sodium.h>
#include <sys/mman.h>


/* more than BLAKE2b leaves of a key below the caller's frame */
#define NGX_HTTP_POSTERN_KEYS_STACK  2048


static ngx_int_t ngx_http_postern_keys_load(ngx_conf_t *cf,
    ngx_http_postern_keys_conf_t *kcf);
static ngx_fd_t ngx_http_postern_keys_open_file(ngx_conf_t *cf,
    ngx_str_t *file);
static ngx_int_t ngx_http_postern_keys_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_fd_t fd, u_char *buf, size_t *len);
static ngx_int_t ngx_http_postern_keys_follow(ngx_conf_t *cf,
    postern_ring_t *ring);
static ngx_int_t ngx_http_postern_keys_opened(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t name, postern_open_e rc);
static void ngx_http_postern_keys_forked(void);
static void ngx_http_postern_keys_cleanup(void *data);


/*
 * fork() undoes locks, and nginx tells modules of the forks of workers only,
 * not of the one by which the master becomes a daemon: so each fork is followed
 * here, with the ring of the newest configuration.
 */

static postern_ring_t  *ngx_http_postern_keys_ring;
static ngx_uint_t       ngx_http_postern_keys_followed;


char *
ngx_http_postern_master_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                     *value;
    ngx_http_postern_keys_conf_t  *kcf;

    kcf = (ngx_http_postern_keys_conf_t *) (p + cmd->offset);

    if (kcf->file.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    kcf->file = value[1];

    if (kcf->file.len == 0) {
        return "needs the name of a file";
    }

    if (ngx_conf_full_name(cf->cycle, &kcf->file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_postern_keys_load(cf, kcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_keys_load(ngx_conf_t *cf, ngx_http_postern_keys_conf_t *kcf)
{
    u_char              *buf;
    size_t               len;
    ngx_fd_t             fd;
    ngx_int_t            rc;
    postern_str_t        text;
    postern_ring_t      *ring;
    postern_error_t      err;
    ngx_pool_cleanup_t  *cln;

    if (sodium_init() < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "sodium_init() failed");
        return NGX_ERROR;
    }

    fd = ngx_http_postern_keys_open_file(cf, &kcf->file);
    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    /* the pool of the cycle ends in the master too, so this is wiped there on
       reload, and in each worker at its end */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    ring = sodium_malloc(sizeof(postern_ring_t));
    buf = sodium_malloc(POSTERN_RING_MAX_FILE + 1);

    if (cln == NULL || ring == NULL || buf == NULL) {
        sodium_free(ring);
        sodium_free(buf);
        ngx_close_file(fd);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "no memory for the keys of \"%V\"", &kcf->file);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_postern_keys_cleanup;
    cln->data = ring;

    rc = ngx_http_postern_keys_read(cf, &kcf->file, fd, buf, &len);

    ngx_close_file(fd);

    if (rc == NGX_OK) {
        text.data = buf;
        text.len = len;

        if (postern_ring_parse(text, ring, &err) != 0) {
            rc = NGX_ERROR;

            if (err.line) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "master keys \"%V:%ui\": %s", &kcf->file,
                                   (ngx_uint_t) err.line, err.text);

            } else {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "master keys \"%V\": %s", &kcf->file,
                                   err.text);
            }
        }
    }

    sodium_free(buf);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    (void) sodium_mprotect_readonly(ring);

    kcf->ring = ring;

    return ngx_http_postern_keys_follow(cf, ring);
}


static ngx_fd_t
ngx_http_postern_keys_open_file(ngx_conf_t *cf, ngx_str_t *file)
{
    int              fd;
    ngx_uint_t       mode;
    ngx_file_info_t  fi;

    /* a fifo must not hold the start; a symbolic link is followed, secrets of
       containers are mounted as such: what counts is the file behind it */

    fd = open((const char *) file->data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot open the master keys \"%V\"", file);
        return NGX_INVALID_FILE;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", file);
        goto failed;
    }

    if (!S_ISREG(fi.st_mode)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "master keys must be a regular file: \"%V\"", file);
        goto failed;
    }

    if (fi.st_uid != 0 && fi.st_uid != geteuid()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the master keys \"%V\" belong to another user "
                           "(uid %ui): \"chown root %V\", and replace the keys",
                           file, (ngx_uint_t) fi.st_uid, file);
        goto failed;
    }

    mode = fi.st_mode & 0777;

    if (mode & 077) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the master keys \"%V\" are open to others (mode "
                           "0%ui%ui%ui): \"chmod 600 %V\", and replace the "
                           "keys if somebody could have read them", file,
                           mode >> 6, mode >> 3 & 7, mode & 7, file);
        goto failed;
    }

    return fd;

failed:

    ngx_close_file(fd);

    return NGX_INVALID_FILE;
}


static ngx_int_t
ngx_http_postern_keys_read(ngx_conf_t *cf, ngx_str_t *file, ngx_fd_t fd,
    u_char *buf, size_t *len)
{
    ssize_t  n;

    /* one byte more than allowed is read, so that too much is seen as such */

    for (*len = 0; *len <= POSTERN_RING_MAX_FILE; *len += n) {

        n = read(fd, buf + *len, POSTERN_RING_MAX_FILE + 1 - *len);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "cannot read the master keys \"%V\"", file);
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_keys_follow(ngx_conf_t *cf, postern_ring_t *ring)
{
    ngx_err_t  err;

    ngx_http_postern_keys_ring = ring;

    if (ngx_http_postern_keys_followed) {
        return NGX_OK;
    }

    err = pthread_atfork(NULL, NULL, ngx_http_postern_keys_forked);

    if (err) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err, "pthread_atfork() failed");
        return NGX_ERROR;
    }

    ngx_http_postern_keys_followed = 1;

    return NGX_OK;
}


/* a lock that fails is told in init_process, where there is a log */

static void
ngx_http_postern_keys_forked(void)
{
    if (ngx_http_postern_keys_ring) {
        (void) mlock(ngx_http_postern_keys_ring, sizeof(postern_ring_t));
    }
}


static void
ngx_http_postern_keys_cleanup(void *data)
{
    if (ngx_http_postern_keys_ring == data) {
        ngx_http_postern_keys_ring = NULL;
    }

    /* wipes first */
    sodium_free(data);
}


ngx_int_t
ngx_http_postern_keys_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_keys_conf_t *kcf)
{
    if (kcf->ring == NULL) {
        return NGX_OK;
    }

    if (mlock(kcf->ring, sizeof(postern_ring_t)) == -1) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                      "master keys may reach the swap: mlock() failed; raise "
                      "RLIMIT_MEMLOCK (\"LimitMEMLOCK=\" in the unit of "
                      "systemd, \"ulimit -l\" in a shell)");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_keys_open(ngx_log_t *log, ngx_http_postern_keys_conf_t *kcf,
    postern_str_t text, postern_str_t name, u_char *out, size_t *len)
{
    postern_open_e  rc;

    rc = postern_secret_open(kcf->ring, text, name, out, len);

    return ngx_http_postern_keys_opened(log, kcf, name, rc);
}


ngx_int_t
ngx_http_postern_keys_private(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t text, postern_str_t name,
    u_char *out, size_t *len)
{
    postern_open_e  rc;

    rc = postern_private_open(kcf->ring, text, name, out, len);

    return ngx_http_postern_keys_opened(log, kcf, name, rc);
}


static ngx_int_t
ngx_http_postern_keys_opened(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t name, postern_open_e rc)
{
    ngx_str_t  record;

    if (rc == POSTERN_OPEN_OK) {
        return NGX_OK;
    }

    record = ngx_http_postern_str(name);

    if (rc == POSTERN_OPEN_NO_KEY && kcf->ring == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "the secret of \"%V\" is sealed, and there is no "
                      "\"postern_master_key\" to open it", &record);
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, log, 0, "the secret of \"%V\" does not open: "
                  "%s", &record, postern_open_text(rc));

    return NGX_ERROR;
}


ngx_int_t
ngx_http_postern_keys_seal(ngx_log_t *log, ngx_http_postern_keys_conf_t *kcf,
    postern_str_t secret, postern_str_t name, u_char *out, size_t *len)
{
    size_t     n;
    ngx_str_t  record;

    record = ngx_http_postern_str(name);

    if (kcf->ring == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "the secret of \"%V\" cannot be sealed: there is no "
                      "\"postern_master_key\"", &record);
        return NGX_ERROR;
    }

    n = postern_seal(kcf->ring, secret, name, (char *) out, *len);

    if (n == 0) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "the secret of \"%V\" cannot be sealed: %uz bytes, "
                      "room for %uz", &record, secret.len, *len);
        return NGX_ERROR;
    }

    *len = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_postern_keys_mac(ngx_http_postern_keys_conf_t *kcf, ngx_uint_t n,
    const char *purpose, postern_str_t data, u_char out[32])
{
    size_t  len;
    u_char  personal[crypto_generichash_blake2b_PERSONALBYTES];

    static const u_char  salt[crypto_generichash_blake2b_SALTBYTES];

    if (kcf->ring == NULL || n >= kcf->ring->nkeys) {
        return NGX_DECLINED;
    }

    len = ngx_strlen(purpose);

    if (len == 0 || len > sizeof(personal)) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "postern mac called with the purpose \"%s\"", purpose);
        return NGX_ERROR;
    }

    ngx_memzero(personal, sizeof(personal));
    ngx_memcpy(personal, purpose, len);

    if (crypto_generichash_blake2b_salt_personal(out, 32, data.data, data.len,
                                                 kcf->ring->keys[n].key,
                                                 sizeof(kcf->ring->keys[n].key),
                                                 salt, personal)
        != 0)
    {
        return NGX_ERROR;
    }

    /* its first block is the key */

    sodium_stackzero(NGX_HTTP_POSTERN_KEYS_STACK);

    return NGX_OK;
}
