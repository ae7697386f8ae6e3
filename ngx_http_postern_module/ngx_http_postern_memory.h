
/*
 * Shared memory that outlives an upgrade of nginx's binary.
 *
 * nginx hands listening sockets to a new binary (USR2), and no shared memory:
 * two masters would keep two records of what was used once, side by side.  So
 * the pages of a zone are those of a memfd, whose descriptor the new binary
 * inherits like the sockets.  nginx's own header of the zone, which has
 * pointers in it, stays each master's own.
 */


#ifndef _NGX_HTTP_POSTERN_MEMORY_H_INCLUDED_
#define _NGX_HTTP_POSTERN_MEMORY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * For the init handler of a zone that nginx has just made: all its pages, for
 * good.  NGX_OK: zeroed; NGX_DECLINED: with what the nginx that this one takes
 * over from has in them; NGX_ERROR.
 */
ngx_int_t ngx_http_postern_memory(ngx_shm_zone_t *zone, u_char **addr,
    size_t *size);

/* the configuration is in force: so are the zones that it has made */
ngx_int_t ngx_http_postern_memory_init_module(ngx_cycle_t *cycle);

/* a worker keeps the memory and no descriptor of it */
void ngx_http_postern_memory_init_process(void);


#endif /* _NGX_HTTP_POSTERN_MEMORY_H_INCLUDED_ */
