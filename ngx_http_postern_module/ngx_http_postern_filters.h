
/*
 * The chains of filters are variables of the process, which every reading of a
 * configuration makes anew: also one that breaks off in the middle, or whose
 * sockets cannot be opened.  A worker that then takes a dead one's place
 * inherits them, beside the configuration that is in force: bodies would go by
 * unhashed, and answers unsigned.
 */


#ifndef _NGX_HTTP_POSTERN_FILTERS_H_INCLUDED_
#define _NGX_HTTP_POSTERN_FILTERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* in preconfiguration: what this configuration makes of the chains lasts only
   if it comes into force */
ngx_int_t ngx_http_postern_filters_begin(ngx_conf_t *cf);

/* when it has; and in each process, where the chains of its own are put back */
void ngx_http_postern_filters_keep(void);
void ngx_http_postern_filters_restore(void);


#endif /* _NGX_HTTP_POSTERN_FILTERS_H_INCLUDED_ */
