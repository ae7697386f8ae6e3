
/*
 * Scaffold: stands in for parts of the core that are being built, so that the
 * other modules load meanwhile.  Removed with the last of them.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_identity.h"
#include "ngx_http_postern_keys.h"
#include "ngx_http_postern_store.h"

#define PENDING  __attribute__((weak))


PENDING char *
ngx_http_postern_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_postern_store_conf_t *scf =
        (void *) ((char *) conf + cmd->offset);

    scf->zone = (void *) 1;

    return NGX_CONF_OK;
}


PENDING char *
ngx_http_postern_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}


PENDING ngx_int_t
ngx_http_postern_store_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf)
{
    return NGX_OK;
}


PENDING void
ngx_http_postern_store_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_store_conf_t *scf)
{
}


PENDING ngx_int_t
ngx_http_postern_store_claim(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_msec_t ttl)
{
    op->result = NGX_HTTP_POSTERN_UNAVAILABLE;
    op->done = 1;
    return NGX_OK;
}


PENDING ngx_int_t
ngx_http_postern_store_get(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return NGX_ERROR;
}


PENDING ngx_int_t
ngx_http_postern_store_put(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_str_t *value, ngx_msec_t ttl)
{
    return NGX_ERROR;
}


PENDING ngx_int_t
ngx_http_postern_store_delete(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_str_t *org, ngx_str_t *name)
{
    return NGX_ERROR;
}


PENDING ngx_int_t
ngx_http_postern_store_take(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name)
{
    return NGX_ERROR;
}


PENDING ngx_int_t
ngx_http_postern_store_rate(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_str_t *org, ngx_str_t *name, ngx_uint_t limit, ngx_msec_t period)
{
    return NGX_ERROR;
}


PENDING char *
ngx_http_postern_directory(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}


PENDING ngx_int_t
ngx_http_postern_directory_register(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf, ngx_http_postern_feature_e f,
    void *(*build)(const postern_directory_t *dir, postern_arena_t *arena),
    void *(*prepare)(const postern_directory_t *dir),
    void (*destroy)(void *prepared))
{
    return NGX_OK;
}


PENDING ngx_int_t
ngx_http_postern_directory_init(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf)
{
    return NGX_OK;
}


PENDING ngx_int_t
ngx_http_postern_directory_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf)
{
    return NGX_OK;
}


PENDING void
ngx_http_postern_directory_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf)
{
}


PENDING ngx_http_postern_snapshot_t *
ngx_http_postern_snapshot_acquire(ngx_http_postern_directory_conf_t *dcf)
{
    return NULL;
}


PENDING void
ngx_http_postern_snapshot_release(ngx_http_postern_snapshot_t *snapshot)
{
}


PENDING const postern_directory_t *
ngx_http_postern_snapshot_directory(ngx_http_postern_snapshot_t *snapshot)
{
    return NULL;
}


PENDING const void *
ngx_http_postern_snapshot_built(ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_feature_e f)
{
    return NULL;
}


PENDING void *
ngx_http_postern_snapshot_prepared(ngx_http_postern_snapshot_t *snapshot,
    ngx_http_postern_feature_e f)
{
    return NULL;
}


PENDING char *
ngx_http_postern_master_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "is not there yet";
}


PENDING ngx_int_t
ngx_http_postern_keys_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_keys_conf_t *kcf)
{
    return NGX_OK;
}


PENDING ngx_int_t
ngx_http_postern_keys_open(ngx_log_t *log, ngx_http_postern_keys_conf_t *kcf,
    postern_str_t text, postern_str_t name, u_char *out, size_t *len)
{
    return NGX_ERROR;
}
