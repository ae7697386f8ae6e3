
/*
 * The signatures of an answer: that in its head, and that in its trailers.
 *
 * RFC 9421, sections 4.1 and 4.2, would rather have Signature-Input in the
 * head; but there it would name a signature that is nowhere to whoever looks at
 * the head alone.  So the head has one of its own, which is good without
 * trailers, since intermediaries may drop them, and the trailers have both
 * fields of theirs.
 */


#include "ngx_http_sign_response.h"


static ngx_int_t ngx_http_sign_response_signature(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_list_t *to,
    const sign_field_t *trailers, size_t ntrailers);
static const sign_request_t *ngx_http_sign_response_request(
    ngx_http_request_t *r, postern_str_t *label);
static size_t ngx_http_sign_response_fields(ngx_http_request_t *r,
    sign_field_t *fields);
static postern_str_t ngx_http_sign_response_type(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_response_digest(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, postern_str_t *value);
static size_t ngx_http_sign_response_trailers(ngx_http_request_t *r,
    sign_field_t *trailers);
static ngx_table_elt_t *ngx_http_sign_response_find(ngx_list_t *list,
    const char *name);
static void ngx_http_sign_response_drop(ngx_list_t *list, const char *name);
static ngx_int_t ngx_http_sign_response_add(ngx_list_t *list,
    const char *name, postern_str_t value);


ngx_int_t
ngx_http_sign_response_make(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_uint_t digest)
{
    ngx_int_t       rc;
    sign_field_t   *field;
    postern_str_t   hash;

    ctx->request = ngx_http_sign_response_request(r, &ctx->label);

    if (ctx->request == NULL) {
        return NGX_DECLINED;
    }

    ctx->nfields = ngx_http_sign_response_fields(r, ctx->fields);

    if (!digest) {
        return ngx_http_sign_response_signature(r, ctx,
                                                &r->headers_out.headers,
                                                NULL, 0);
    }

    if (ngx_http_sign_response_digest(r, ctx, &hash) != NGX_OK) {
        return NGX_ERROR;
    }

    field = &ctx->fields[ctx->nfields++];

    field->name = (postern_str_t) postern_string("content-digest");
    field->value = hash;

    rc = ngx_http_sign_response_signature(r, ctx, &r->headers_out.headers,
                                          NULL, 0);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_sign_response_drop(&r->headers_out.headers, "Content-Digest");

    return ngx_http_sign_response_add(&r->headers_out.headers,
                                      "Content-Digest", hash);
}


/* NGX_DECLINED: it cannot be signed */

static ngx_int_t
ngx_http_sign_response_signature(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, ngx_list_t *to,
    const sign_field_t *trailers, size_t ntrailers)
{
    sign_code_e            code;
    postern_str_t          input, signature;
    sign_message_t         msg;
    postern_alloc_t        alloc;
    sign_make_response_t   response;

    ngx_memzero(&response, sizeof(sign_make_response_t));

    response.status = r->headers_out.status;
    response.fields = ctx->fields;
    response.nfields = ctx->nfields;
    response.trailers = trailers;
    response.ntrailers = ntrailers;
    response.request = ctx->request;
    response.label = ctx->label;
    response.key_id = ctx->key_id;
    response.tag = ngx_http_postern_slice(ctx->conf->response_tag);
    response.now = ngx_time();

    alloc = ngx_http_sign_allocator(r->pool);
    msg.detail[0] = '\0';

    code = sign_make_response(&response, ctx->maker, &alloc, &msg, &input,
                              &signature);

    if (code != SIGN_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the response cannot be signed (%s): %s",
                      sign_code(code), msg.detail);

        return code == SIGN_NO_MEMORY ? NGX_ERROR : NGX_DECLINED;
    }

    /* those of the application are about another request, or another body */

    ngx_http_sign_response_drop(to, "Signature-Input");
    ngx_http_sign_response_drop(to, "Signature");

    if (ngx_http_sign_response_add(to, "Signature-Input", input) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sign_response_add(to, "Signature", signature);
}


/*
 * RFC 9110, section 10.1.4: "trailers" in TE speaks for the client, and for
 * those that it forwards to.
 */

ngx_uint_t
ngx_http_sign_response_may_trail(ngx_http_request_t *r)
{
    u_char                    *p, *last, *end;
    ngx_table_elt_t           *te;
    ngx_http_core_loc_conf_t  *clcf;

    te = r->headers_in.te;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (te == NULL || r->http_version < NGX_HTTP_VERSION_11
        || (r->http_version == NGX_HTTP_VERSION_11
            && !clcf->chunked_transfer_encoding))
    {
        return 0;
    }

    last = te->value.data + te->value.len;

    for (p = te->value.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if ((size_t) (end - p) < sizeof("trailers") - 1
            || ngx_strncasecmp(p, (u_char *) "trailers",
                               sizeof("trailers") - 1)
               != 0)
        {
            continue;
        }

        for (p += sizeof("trailers") - 1; p < end; p++) {
            if (*p != ' ' && *p != '\t') {
                break;
            }
        }

        if (p == end) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_sign_response_announce(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    static const postern_str_t  names =
        postern_string("Content-Digest, Signature-Input, Signature");

    ngx_http_sign_response_drop(&r->headers_out.headers, "Content-Digest");

    ctx->trailing = 1;
    r->expect_trailers = 1;

    return ngx_http_sign_response_add(&r->headers_out.headers, "Trailer",
                                      names);
}


/* too late for an error: what cannot be signed now has no end */

ngx_int_t
ngx_http_sign_response_trail(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx)
{
    size_t         n;
    ngx_list_t    *to;
    sign_field_t   trailers[NGX_HTTP_SIGN_RESPONSE_TRAILERS];
    postern_str_t  hash;

    to = &r->headers_out.trailers;

    if (ngx_http_sign_response_digest(r, ctx, &hash) != NGX_OK) {
        return NGX_ERROR;
    }

    trailers[0].name = (postern_str_t) postern_string("content-digest");
    trailers[0].value = hash;

    n = 1 + ngx_http_sign_response_trailers(r, &trailers[1]);

    ngx_http_sign_response_drop(to, "Content-Digest");

    if (ngx_http_sign_response_add(to, "Content-Digest", hash) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sign_response_signature(r, ctx, to, trailers, n) == NGX_OK
           ? NGX_OK : NGX_ERROR;
}


/* what gRPC says only there, and is the answer as much as its body */

static size_t
ngx_http_sign_response_trailers(ngx_http_request_t *r, sign_field_t *trailers)
{
    size_t            n;
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    static const postern_str_t  names[NGX_HTTP_SIGN_RESPONSE_TRAILERS - 1] = {
        postern_string("grpc-status"),
        postern_string("grpc-message"),
        postern_string("grpc-status-details-bin")
    };

    n = 0;

    for (i = 0; i < NGX_HTTP_SIGN_RESPONSE_TRAILERS - 1; i++) {
        h = ngx_http_sign_response_find(&r->headers_out.trailers,
                                        (const char *) names[i].data);
        if (h) {
            trailers[n].name = names[i];
            trailers[n++].value = ngx_http_postern_slice(h->value);
        }
    }

    return n;
}


/* as it was read where its signature was verified, or read now */

static const sign_request_t *
ngx_http_sign_response_request(ngx_http_request_t *r, postern_str_t *label)
{
    ngx_http_sign_ctx_t  *sctx;

    sctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (sctx && sctx->request.target.len && sctx->request.authority.len) {

        if (sctx->verified && sctx->message.scheme == SIGN_RFC9421) {
            *label = sctx->message.label;
        }

        return &sctx->request;
    }

    sctx = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_ctx_t));

    if (sctx == NULL || r->request_line.len == 0) {
        return NULL;
    }

    sctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (ngx_http_sign_request(r, sctx) != SIGN_OK) {
        return NULL;
    }

    return &sctx->request;
}


/*
 * What tells how the body is to be read, and where a client is sent.  A
 * Location that nginx will make absolute is not yet what the client gets.
 */

static size_t
ngx_http_sign_response_fields(ngx_http_request_t *r, sign_field_t *fields)
{
    size_t                     n;
    ngx_table_elt_t           *h;
    ngx_http_core_loc_conf_t  *clcf;

    n = 0;

    if (r->headers_out.content_type.len) {
        fields[n].name = (postern_str_t) postern_string("content-type");
        fields[n++].value = ngx_http_sign_response_type(r);
    }

    h = r->headers_out.content_encoding;

    if (h && h->hash && h->value.len) {
        fields[n].name = (postern_str_t) postern_string("content-encoding");
        fields[n++].value = ngx_http_postern_slice(h->value);
    }

    h = r->headers_out.location;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (h && h->hash && h->value.len
        && !(clcf->absolute_redirect && h->value.data[0] == '/'))
    {
        fields[n].name = (postern_str_t) postern_string("location");
        fields[n++].value = ngx_http_postern_slice(h->value);
    }

    return n;
}


/* as it is written: a charset that the type does not name is put behind it */

static postern_str_t
ngx_http_sign_response_type(ngx_http_request_t *r)
{
    u_char         *p;
    ngx_str_t      *type, *charset;
    postern_str_t   value;

    type = &r->headers_out.content_type;
    charset = &r->headers_out.charset;

    value = ngx_http_postern_slice(*type);

    if (r->headers_out.content_type_len != type->len || charset->len == 0) {
        return value;
    }

    p = ngx_pnalloc(r->pool, type->len + sizeof("; charset=") - 1
                             + charset->len);
    if (p == NULL) {
        return value;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%V; charset=%V", type, charset) - p;

    return value;
}


static ngx_int_t
ngx_http_sign_response_digest(ngx_http_request_t *r,
    ngx_http_sign_response_ctx_t *ctx, postern_str_t *value)
{
    u_char  *p, hash[64];

    (void) sign_digest_final(ctx->digest, hash);

    p = ngx_pnalloc(r->pool, sizeof("sha-256=::") + SIGN_MAKE_BASE64(32));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = sign_make_put(p, "sha-256=:");
    p += sign_make_base64(hash, 32, p);
    *p++ = ':';

    value->len = p - value->data;

    return NGX_OK;
}


/* the first that is sent */

static ngx_table_elt_t *
ngx_http_sign_response_find(ngx_list_t *list, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    for (part = &list->part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash && h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                return &h[i];
            }
        }
    }

    return NULL;
}


static void
ngx_http_sign_response_drop(ngx_list_t *list, const char *name)
{
    ngx_table_elt_t  *h;

    while ((h = ngx_http_sign_response_find(list, name)) != NULL) {
        h->hash = 0;
    }
}


static ngx_int_t
ngx_http_sign_response_add(ngx_list_t *list, const char *name,
    postern_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(list);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = ngx_http_postern_str(value);

    return NGX_OK;
}
