
/*
 * Signing outward: requests to the application behind, and answers to clients.
 *
 * A module of its own within ngx_http_sign_module.so, since nginx orders
 * modules and this one has filters: what is signed must be what leaves, behind
 * every filter that changes it.
 */


#ifndef _NGX_HTTP_SIGN_OUTWARD_H_INCLUDED_
#define _NGX_HTTP_SIGN_OUTWARD_H_INCLUDED_


#include "ngx_http_sign_module.h"
#include "sign_make.h"
#include "sign_sigv4.h"


#define NGX_HTTP_SIGN_MAX_BUFFER  (16 * 1024 * 1024)   /* of one response */


#define NGX_HTTP_SIGN_OTHERS      4       /* …_pass that cannot be signed */


/* a key that a directive names, and where it does */

typedef struct {
    ngx_str_t                        directive;
    postern_str_t                    id;
    sign_scheme_e                    scheme;
    ngx_str_t                        file;
    ngx_uint_t                       line;
    unsigned                         used:1;      /* by a location */
} ngx_http_sign_named_key_t;


typedef struct {
    unsigned                         upstream:1;  /* in use somewhere */
    unsigned                         response:1;
    ngx_array_t                     *keys;        /* of
                                               ngx_http_sign_named_key_t * */

    ngx_http_handler_pt              proxy;       /* of proxy_pass */
    ngx_uint_t                       proxy_index;
    ngx_http_handler_pt              others[NGX_HTTP_SIGN_OTHERS];
} ngx_http_sign_outward_main_conf_t;


typedef struct {
    ngx_flag_t                       upstream;
    sign_make_t                      make;
    ngx_http_sign_named_key_t       *upstream_key;
    ngx_http_handler_pt              content;     /* of proxy_pass here, NULL:
                                                     there is none */
    ngx_http_upstream_conf_t        *proxy;       /* its configuration */
    unsigned                         streams:1;   /* request buffering is off,
                                                     bodies are not signed */

    ngx_flag_t                       response;
    ngx_str_t                        response_key;   /* empty: the request's */
    ngx_str_t                        response_tag;
    ngx_http_sign_named_key_t       *answer_key;     /* NULL: the request's */
    size_t                           response_buffer;
} ngx_http_sign_outward_conf_t;


/* what Redis was asked of a key, before anything has to be signed */

typedef struct {
    ngx_http_postern_op_t            op;
    postern_str_t                    id;          /* absent: nothing yet */
} ngx_http_sign_asked_key_t;


/* what the two parts know of a request; forgotten by internal redirects, after
   which both begin anew */

typedef struct {
    void                            *upstream;
    void                            *response;

    ngx_http_sign_asked_key_t        upstream_key;
    ngx_http_sign_asked_key_t        answer_key;
} ngx_http_sign_outward_ctx_t;


extern ngx_module_t  ngx_http_sign_outward_module;
extern ngx_module_t  ngx_http_sign_outward_key_module;


/*
 * ngx_http_sign_upstream.c.  handler() stands before the handler of proxy_pass.
 * body_init() puts the filter in place that hashes bodies; it must see what the
 * filter of ngx_http_sign_body.c made of them, and so comes before that.
 */
ngx_int_t ngx_http_sign_upstream_handler(ngx_http_request_t *r);
void ngx_http_sign_upstream_body_init(void);

/* ngx_http_sign_response.c */
void ngx_http_sign_response_init(void);

/* ngx_http_sign_outward_module.c: NULL when out of memory */
ngx_http_sign_outward_ctx_t *ngx_http_sign_outward_ctx(ngx_http_request_t *r);

/*
 * ngx_http_sign_outward_key.c.  named_key() remembers for nginx -t that cmd
 * names that key.  preaccess() asks Redis for those that the directory's file
 * does not have.  key() gives one made ready to sign by the scheme, NULL where
 * there is none that may; the reason is logged.
 */
ngx_http_sign_named_key_t *ngx_http_sign_named_key(ngx_conf_t *cf,
    ngx_command_t *cmd, postern_str_t id, sign_scheme_e scheme);
ngx_int_t ngx_http_sign_outward_preaccess(ngx_http_request_t *r);
sign_maker_t *ngx_http_sign_outward_key(ngx_http_request_t *r,
    ngx_http_sign_asked_key_t *asked, postern_str_t id, sign_scheme_e scheme);


#endif /* _NGX_HTTP_SIGN_OUTWARD_H_INCLUDED_ */
