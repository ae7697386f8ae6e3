
/*
 * Inside the core: what is known of one request.
 */


#ifndef _NGX_HTTP_POSTERN_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_POSTERN_IDENTITY_H_INCLUDED_


#include "ngx_http_postern_api.h"
#include "ngx_http_postern_directory.h"


/*
 * Lives in the pool of the main request, from the first module that has
 * something to say until the log phase is over.  nginx forgets the contexts of
 * a request on internal redirects; this one is found again by its cleanup.
 */

typedef struct {
    ngx_http_postern_identity_t    identity;
    ngx_http_postern_decision_t    decisions[NGX_HTTP_POSTERN_FEATURES];
    void                          *features[NGX_HTTP_POSTERN_FEATURES];
    ngx_http_postern_snapshot_t   *snapshot;

    /* the refusal, and where in the configuration it happened */
    ngx_http_postern_refusal_t     refusal;
    void                         **loc_conf;
    u_char                        *uri;

    ngx_buf_t                     *problem;    /* body that replaces nginx's */

    unsigned                       identified:1;
    unsigned                       refused:1;
} ngx_http_postern_ctx_t;


/* NULL where no module of Postern has touched the request */
ngx_http_postern_ctx_t *ngx_http_postern_get_ctx(ngx_http_request_t *r);

/* makes one where there is none; NULL when out of memory */
ngx_http_postern_ctx_t *ngx_http_postern_need_ctx(ngx_http_request_t *r);

/* the one that this request keeps until its end; NULL where there is none */
ngx_http_postern_snapshot_t *ngx_http_postern_snapshot(ngx_http_request_t *r);

/* drops every client-sent "Postern-…" field and, once the request is
   identified, adds ours; for locations with postern_identity_headers on */
ngx_int_t ngx_http_postern_identity_headers(ngx_http_request_t *r);

ngx_int_t ngx_http_postern_add_variables(ngx_conf_t *cf);

/* the core's module.c: what the location of r and its cycle are set to */
ngx_flag_t ngx_http_postern_wants_headers(ngx_http_request_t *r);
ngx_http_postern_directory_conf_t *ngx_http_postern_directory_conf(
    ngx_http_request_t *r);

/* functions of the API table, see ngx_http_postern_api.h */
const ngx_http_postern_identity_t *ngx_http_postern_identity(
    ngx_http_request_t *r);
ngx_int_t ngx_http_postern_authenticated(ngx_http_request_t *r,
    const ngx_http_postern_identity_t *id);
ngx_int_t ngx_http_postern_drop_headers(ngx_http_request_t *r);
void *ngx_http_postern_feature_ctx(ngx_http_request_t *r,
    ngx_http_postern_feature_e f);
ngx_int_t ngx_http_postern_set_feature_ctx(ngx_http_request_t *r,
    ngx_http_postern_feature_e f, void *data);
ngx_int_t ngx_http_postern_decide(ngx_http_request_t *r,
    ngx_http_postern_feature_e f, const ngx_http_postern_decision_t *d);
const ngx_http_postern_decision_t *ngx_http_postern_decision(
    ngx_http_request_t *r, ngx_http_postern_feature_e f);
const postern_directory_t *ngx_http_postern_request_directory(
    ngx_http_request_t *r);
const void *ngx_http_postern_built(ngx_http_request_t *r,
    ngx_http_postern_feature_e f);
void *ngx_http_postern_prepared(ngx_http_request_t *r,
    ngx_http_postern_feature_e f);

/* ngx_http_postern_refuse.c */
ngx_int_t ngx_http_postern_refuse(ngx_http_request_t *r,
    const ngx_http_postern_refusal_t *refusal);
void ngx_http_postern_refuse_init(void);


#endif /* _NGX_HTTP_POSTERN_IDENTITY_H_INCLUDED_ */
