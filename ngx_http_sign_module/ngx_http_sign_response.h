
/*
 * Inside sign_response: what its parts know of an answer.
 *
 *     ngx_http_sign_response.c         the filters: what is held, and how long
 *     ngx_http_sign_response_make.c    the signatures, and what they cover
 */


#ifndef _NGX_HTTP_SIGN_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_SIGN_RESPONSE_H_INCLUDED_


#include "ngx_http_sign_outward.h"


#define NGX_HTTP_SIGN_RESPONSE_FIELDS    4
#define NGX_HTTP_SIGN_RESPONSE_TRAILERS  4


typedef struct {
    ngx_http_sign_outward_conf_t  *conf;
    sign_maker_t                  *maker;
    postern_str_t                  key_id;

    const sign_request_t          *request;
    postern_str_t                  label;     /* of its signature */
    sign_field_t                   fields[NGX_HTTP_SIGN_RESPONSE_FIELDS];
    size_t                         nfields;   /* as they were in the head */

    sign_digest_t                 *digest;
    ngx_chain_t                   *out;       /* what is held */
    ngx_chain_t                  **last;
    ngx_buf_t                     *buf;       /* the one with room left */
    size_t                         size;

    unsigned                       waiting:1;   /* the head, for the body */
    unsigned                       trailing:1;  /* the head is sent, trailers
                                                   follow the body */
} ngx_http_sign_response_ctx_t;


/*
 * The signature in the head, which covers the body where digest is set.
 * NGX_DECLINED: it cannot be signed.
 */
ngx_int_t ngx_http_sign_response_make(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest);

/* 1 where the client reads trailers, and there is a place for them */
ngx_uint_t ngx_http_sign_response_may_trail(ngx_http_request_t *r);

/* says in a head that is signed what will follow the body */
ngx_int_t ngx_http_sign_response_announce(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);

/* the signature that follows it; NGX_ERROR where there can be none */
ngx_int_t ngx_http_sign_response_trail(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx);


#endif /* _NGX_HTTP_SIGN_RESPONSE_H_INCLUDED_ */
