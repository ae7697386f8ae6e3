
/*
 * The activity log inside nginx: what the module (directives, records) and the
 * sink (ring, file) have of each other.
 */


#ifndef _NGX_HTTP_AUDIT_H_INCLUDED_
#define _NGX_HTTP_AUDIT_H_INCLUDED_


#include "ngx_http_postern_api.h"

#include "audit_drain.h"
#include "audit_record.h"


#define NGX_HTTP_AUDIT_RING_DEFAULT  (4 * 1024 * 1024)
#define NGX_HTTP_AUDIT_RING_MIN      (256 * 1024)
#define NGX_HTTP_AUDIT_RING_MAX      (1024 * 1024 * 1024)


typedef struct {
    ngx_flag_t           used;       /* some location says "audit on" */
    ngx_open_file_t     *file;
    size_t               ring_size;
    ngx_msec_t           flush;
    audit_redact_t      *redact;
    ngx_shm_zone_t      *zone;       /* its data is the audit_ring_t */
#if (NGX_THREADS)
    ngx_thread_pool_t   *thread_pool;
#endif
} ngx_http_audit_main_conf_t;


/* one for each request that is recorded; survives internal redirects */

typedef struct {
    uint64_t                     started;    /* ngx_http_audit_ticks() */
    uint64_t                     before;     /* microseconds until then */
    uint64_t                     id;
    ngx_str_t                    uri;        /* not that of an error_page */
    off_t                        sent;       /* of the body, in bytes */
    unsigned                     last:1;     /* all of it was handed on */
    unsigned                     recorded:1;
} ngx_http_audit_ctx_t;


extern ngx_module_t  ngx_http_audit_module;


/* ids: a random number of the worker and a count */
ngx_int_t ngx_http_audit_init_ids(ngx_cycle_t *cycle);
uint64_t ngx_http_audit_next_id(void);

/* writes a line (AUDIT_RECORD_MAX bytes) and returns its length; the caller
   has set head->complete; ctx may be NULL */
size_t ngx_http_audit_line(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    u_char *line, audit_head_t *head);

/* brings up to date what may have changed since; the same of head->complete */
void ngx_http_audit_head(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    audit_head_t *head);


/* in postconfiguration, where audit is used */
ngx_int_t ngx_http_audit_sink_configure(ngx_conf_t *cf,
    ngx_http_audit_main_conf_t *amcf);

/* amcf is NULL where audit is not used */
ngx_int_t ngx_http_audit_sink_init_module(ngx_cycle_t *cycle,
    ngx_http_audit_main_conf_t *amcf);
ngx_int_t ngx_http_audit_sink_init_process(ngx_cycle_t *cycle);
void ngx_http_audit_sink_exit_process(ngx_cycle_t *cycle);
void ngx_http_audit_sink_exit_master(ngx_cycle_t *cycle);

/*
 * Puts a line into the ring; `ready` ones stay open until settled below.
 * NGX_DECLINED: no room, counted as dropped.
 */
ngx_int_t ngx_http_audit_sink_add(u_char *line, size_t len, uint64_t usec,
    ngx_uint_t ready, uint64_t *pos);

/* writes the head anew and lets the line go out; head NULL withdraws it */
void ngx_http_audit_sink_settle(uint64_t pos, u_char *head, size_t len);

/* microseconds: wall clock, and one that never jumps */
uint64_t ngx_http_audit_now(void);
uint64_t ngx_http_audit_ticks(void);


#endif /* _NGX_HTTP_AUDIT_H_INCLUDED_ */
