
/*
 * Inside the core: the key ring.  The master reads the file of master keys at
 * configuration time, while it is still root; workers inherit the ring over
 * fork and never see the file.
 */


#ifndef _NGX_HTTP_POSTERN_KEYS_H_INCLUDED_
#define _NGX_HTTP_POSTERN_KEYS_H_INCLUDED_


#include "ngx_http_postern_api.h"


/* the part of the core's main configuration that belongs to the ring; zeroed
   (ngx_pcalloc) means not configured */

typedef struct {
    ngx_str_t                   file;    /* full name, or empty */
    const postern_ring_t       *ring;    /* locked memory, read-only; NULL
                                            without postern_master_key */
} ngx_http_postern_keys_conf_t;


/* the setter of "postern_master_key file"; main level of http, NGX_CONF_TAKE1;
   reads the file at once; cmd->offset is that of the keys conf in the conf */
char *ngx_http_postern_master_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* of the core's init_process: locks the ring again, which fork undid */
ngx_int_t ngx_http_postern_keys_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_keys_conf_t *kcf);

/*
 * Opens a secret of any form into out (POSTERN_SECRET_MAX bytes, the caller's
 * to wipe).  NGX_ERROR with an [error] line that names the record but never the
 * secret.  kcf->ring may be NULL: then sealed secrets do not open.
 */
ngx_int_t ngx_http_postern_keys_open(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t text, postern_str_t name,
    u_char *out, size_t *len);

/* the same of a private key: POSTERN_PRIVATE_MAX bytes of PEM */
ngx_int_t ngx_http_postern_keys_private(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t text, postern_str_t name,
    u_char *out, size_t *len);

/* seal() and mac() of the API table */
ngx_int_t ngx_http_postern_keys_seal(ngx_log_t *log,
    ngx_http_postern_keys_conf_t *kcf, postern_str_t secret,
    postern_str_t name, u_char *out, size_t *len);
ngx_int_t ngx_http_postern_keys_mac(ngx_http_postern_keys_conf_t *kcf,
    ngx_uint_t n, const char *purpose, postern_str_t data, u_char out[32]);


#endif /* _NGX_HTTP_POSTERN_KEYS_H_INCLUDED_ */
