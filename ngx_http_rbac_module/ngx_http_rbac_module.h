
/*
 * Inside the rbac module: configuration, and the two steps of a decision.
 */


#ifndef _NGX_HTTP_RBAC_MODULE_H_INCLUDED_
#define _NGX_HTTP_RBAC_MODULE_H_INCLUDED_


#include "ngx_http_postern_api.h"
#include "rbac_match.h"
#include "rbac_path.h"


typedef enum {
    NGX_HTTP_RBAC_ENFORCE = 0,
    NGX_HTTP_RBAC_OBSERVE
} ngx_http_rbac_mode_e;


typedef struct {
    ngx_flag_t    used;           /* on in some location */
    ngx_int_t     request_uri;    /* index of $request_uri */
} ngx_http_rbac_main_conf_t;


typedef struct {
    ngx_flag_t                  enable;
    ngx_uint_t                  mode;
    ngx_uint_t                  path;      /* rbac_path_mode_e */
    ngx_http_postern_place_t   *places;    /* where "rbac" stands, for errors */
} ngx_http_rbac_loc_conf_t;


/*
 * The views of a request's path.  check() makes sure that they agree: that of
 * the client's target, and that of nginx, which is decided on.  forward() is
 * for requests that were allowed: it sees to it that no content handler can
 * send another path than the one decided on.
 */

typedef struct {
    rbac_path_e   form;
    size_t        at;             /* the offending byte, from 0 */
    unsigned      routed:1;       /* it is in the URI, not in the target */
    unsigned      rewritten:1;    /* the URI is not the client's any more */
    postern_str_t path;           /* of the target, decoded */
} ngx_http_rbac_target_t;


ngx_int_t ngx_http_rbac_handler(ngx_http_request_t *r);

ngx_int_t ngx_http_rbac_target_check(ngx_http_request_t *r,
    rbac_path_mode_e mode, ngx_http_rbac_target_t *t);
ngx_int_t ngx_http_rbac_target_forward(ngx_http_request_t *r,
    rbac_path_mode_e mode, ngx_http_rbac_target_t *t);


extern ngx_module_t  ngx_http_rbac_module;


#endif /* _NGX_HTTP_RBAC_MODULE_H_INCLUDED_ */
