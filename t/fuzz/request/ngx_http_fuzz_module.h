
/*
 * The application behind the gateway, as the fuzzer sees it: a handler that
 * tells of every request that reaches it.
 */


#ifndef _NGX_HTTP_FUZZ_MODULE_H_INCLUDED_
#define _NGX_HTTP_FUZZ_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_str_t  name;        /* of the location: fuzz_guarded NAME; */
} ngx_http_fuzz_conf_t;


/* called with each request that reaches a location with fuzz_guarded; NULL
   outside of the fuzzer */
extern void (*ngx_http_fuzz_reached)(ngx_http_request_t *r,
    const ngx_str_t *name);


extern ngx_module_t  ngx_http_fuzz_module;


#endif /* _NGX_HTTP_FUZZ_MODULE_H_INCLUDED_ */
