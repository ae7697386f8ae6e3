
/*
 * Requests to the application behind, signed anew.
 *
 * What is signed must be what is sent, byte for byte, and only the head that
 * the handler of proxy_pass has written tells: after rewrites, variables,
 * proxy_set_header and the rest.  nginx offers no hook there, so the order of
 * work is turned around a little:
 *
 *   1. Our content handler stands before that of proxy_pass.  It reads the
 *      body, which is hashed while it comes in.
 *
 *   2. The handler of proxy_pass runs with r->aio set, by which nginx itself
 *      keeps an upstream from being started while a file is read: it sets up
 *      r->upstream and starts nothing.
 *
 *   3. r->upstream->create_request becomes ours, and the upstream is started.
 *      Whatever way it takes from here (an upstream block, a name resolved at
 *      run time, an answer from the cache that has to be fetched first), it
 *      cannot send a request that create_request has not written.
 *
 * A try at another server is a request of its own and is signed anew, in
 * reinit_request: the first server may have claimed the nonce.
 */


#include "ngx_http_sign_outward.h"
#include "sign_webhook.h"

#include <openssl/rand.h>


#define NGX_HTTP_SIGN_UPSTREAM_READ  65536


/* of the main request: it survives internal redirects */

typedef struct {
    u_char                         hash[64];
    unsigned                       hashing:1;
    unsigned                       done:1;
    sign_digest_t                 *digest;
    ngx_temp_file_t               *file;      /* where what was hashed lies */
} ngx_http_sign_upstream_body_t;


/* of a request or subrequest */

typedef struct {
    ngx_http_sign_outward_conf_t  *conf;
    ngx_http_sign_upstream_body_t *body;

    ngx_int_t                    (*create)(ngx_http_request_t *r);
    ngx_int_t                    (*reinit)(ngx_http_request_t *r);

    ngx_buf_t                     *head;
    postern_str_t                  bytes;     /* the head as nginx wrote it,
                                                 and what follows in it */
    u_char                         hash[64];
    unsigned                       reads:1;   /* the body was hashed for us */
    unsigned                       has_body:1;
} ngx_http_sign_upstream_ctx_t;


static void ngx_http_sign_upstream_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_upstream_start(ngx_http_request_t *r);
static const char *ngx_http_sign_upstream_unfit(ngx_http_upstream_t *u,
    ngx_http_sign_outward_conf_t *ocf);
static ngx_int_t ngx_http_sign_upstream_stop(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sign_upstream_ambiguous(ngx_http_request_t *r);
static ngx_http_sign_upstream_ctx_t *ngx_http_sign_upstream_ctx(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_upstream_create(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_upstream_reinit(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_upstream_payload(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx);
static ngx_int_t ngx_http_sign_upstream_unsigned(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx, ngx_uint_t set);
static ngx_uint_t ngx_http_sign_upstream_hashed(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx);
static ngx_int_t ngx_http_sign_upstream_hash(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_sign_upstream_hash_file(ngx_http_request_t *r,
    sign_digest_t *digest, ngx_buf_t *b);
static ngx_int_t ngx_http_sign_upstream_sign(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx);
static ngx_int_t ngx_http_sign_upstream_failed(ngx_http_request_t *r,
    sign_code_e code, const char *detail);
static ngx_http_sign_upstream_body_t *ngx_http_sign_upstream_body(
    ngx_http_request_t *r);
static void ngx_http_sign_upstream_cleanup(void *data);
static sign_digest_t *ngx_http_sign_upstream_digest(ngx_pool_t *pool);
static ngx_int_t ngx_http_sign_upstream_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


ngx_int_t
ngx_http_sign_upstream_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_http_sign_outward_ctx_t    *octx;
    ngx_http_sign_upstream_ctx_t   *ctx;
    ngx_http_sign_outward_conf_t   *ocf;

    ocf = ngx_http_get_module_loc_conf(r, ngx_http_sign_outward_module);

    if (ocf->content == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* "if" has its own configuration and the content handler around it */

    if (!ocf->upstream) {
        return ocf->content(r);
    }

    if (ngx_http_sign_upstream_ambiguous(r)) {
        return NGX_HTTP_BAD_REQUEST;
    }

    octx = ngx_http_sign_outward_ctx(r);
    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_sign_upstream_ctx_t));

    /* what says who the client is will be signed, and so be our word */

    if (octx == NULL || ctx == NULL || postern_api.drop_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    octx->upstream = ctx;
    ctx->conf = ocf;

    if (ocf->streams) {
        r->request_body_no_buffering = 1;

    } else if (!ocf->make.unsigned_body) {
        ctx->body = ngx_http_sign_upstream_body(r);

        if (ctx->body == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (r == r->main && r->request_body == NULL && !r->discard_body) {
            ctx->body->hashing = 1;
            ctx->reads = 1;
        }
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_sign_upstream_read);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/*
 * What the client sent in two lines of a field that has one value cannot be
 * signed, and is the client's fault: an upstream that cannot write its request
 * would answer 500.
 */

static ngx_uint_t
ngx_http_sign_upstream_ambiguous(ngx_http_request_t *r)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    len = sizeof("content-type") - 1;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            n += (h[i].key.len == len
                  && ngx_strncasecmp(h[i].key.data,
                                     (u_char *) "content-type", len) == 0);
        }
    }

    if (n > 1) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client sent \"Content-Type\" twice, which cannot be "
                      "signed for the upstream");
    }

    return n > 1;
}


/* the body is here, or begins to be where it streams; the handler of proxy_pass
   will take it for read in either case */

static void
ngx_http_sign_upstream_read(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_sign_upstream_start(r));
}


static ngx_int_t
ngx_http_sign_upstream_start(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_uint_t                     unbuffered;
    const char                    *why;
    ngx_http_upstream_t           *u;
    ngx_http_sign_upstream_ctx_t  *ctx;

    ctx = ngx_http_sign_upstream_ctx(r);

    unbuffered = r->request_body_no_buffering;

    r->aio = 1;
    rc = ctx->conf->content(r);
    r->aio = 0;

    if (rc != NGX_DONE) {
        return rc;
    }

    u = r->upstream;

    why = ngx_http_sign_upstream_unfit(u, ctx->conf);

    if (why) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "the request to the upstream cannot be signed: %s", why);

        return ngx_http_sign_upstream_stop(r);
    }

    ctx->create = u->create_request;
    ctx->reinit = u->reinit_request;

    u->create_request = ngx_http_sign_upstream_create;
    u->reinit_request = ngx_http_sign_upstream_reinit;

    r->request_body_no_buffering = unbuffered;

    ngx_http_upstream_init(r);

    return NGX_DONE;
}


/* why what the handler set up is not what was looked for when nginx started */

static const char *
ngx_http_sign_upstream_unfit(ngx_http_upstream_t *u,
    ngx_http_sign_outward_conf_t *ocf)
{
    if (u == NULL || u->conf == NULL || u->create_request == NULL
        || !postern_str_is(u->conf->module, "proxy"))
    {
        return "it is not one of \"proxy_pass\"";
    }

    if (u->cleanup) {
        return "it was sent already";
    }

    if (ocf->proxy != u->conf) {
        return "the configuration of \"proxy_pass\" is not where it was "
               "looked for";
    }

    return NULL;
}


/* the handler took a reference to the request, for an upstream that will not be
   started, or that gives it back when it is ended */

static ngx_int_t
ngx_http_sign_upstream_stop(ngx_http_request_t *r)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u && u->cleanup && *u->cleanup) {
        (*u->cleanup)(r);

    } else {
        r->main->count--;
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* of a request that came by the handler, which makes it */

static ngx_http_sign_upstream_ctx_t *
ngx_http_sign_upstream_ctx(ngx_http_request_t *r)
{
    ngx_http_sign_outward_ctx_t  *octx;

    octx = ngx_http_get_module_ctx(r, ngx_http_sign_outward_module);

    return octx->upstream;
}


static ngx_int_t
ngx_http_sign_upstream_create(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_buf_t                     *b;
    ngx_http_upstream_t           *u;
    ngx_http_sign_upstream_ctx_t  *ctx;

    ctx = ngx_http_sign_upstream_ctx(r);

    rc = ctx->create(r);

    if (rc != NGX_OK) {
        return rc;
    }

    u = r->upstream;

    if (u->request_bufs == NULL || !ngx_buf_in_memory(u->request_bufs->buf)) {
        return ngx_http_sign_upstream_failed(r, SIGN_UNSUPPORTED,
                                             "there is no head to sign");
    }

    b = u->request_bufs->buf;

    ctx->head = b;
    ctx->bytes.data = b->pos;
    ctx->bytes.len = b->last - b->pos;

    if (ngx_http_sign_upstream_payload(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sign_upstream_sign(r, ctx);
}


static ngx_int_t
ngx_http_sign_upstream_reinit(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_sign_upstream_ctx_t  *ctx;

    ctx = ngx_http_sign_upstream_ctx(r);

    rc = ctx->reinit(r);

    if (rc != NGX_OK || ctx->head == NULL) {
        return rc;
    }

    return ngx_http_sign_upstream_sign(r, ctx);
}


/*
 * The body: what proxy_set_body wrote behind the head, or that of the client,
 * or one that is still coming in.
 */

static ngx_int_t
ngx_http_sign_upstream_payload(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx)
{
    u_char       *end;
    ngx_buf_t     b;
    ngx_chain_t   set, *body, *cl;

    body = r->upstream->request_bufs->next;

    end = ngx_strnstr((u_char *) ctx->bytes.data, CRLF CRLF, ctx->bytes.len);

    if (end && end + 4 < ctx->bytes.data + ctx->bytes.len) {
        ngx_memzero(&b, sizeof(ngx_buf_t));

        b.pos = end + 4;
        b.last = (u_char *) ctx->bytes.data + ctx->bytes.len;
        b.memory = 1;

        set.buf = &b;
        set.next = NULL;

        body = &set;

    }

    for (cl = body; cl; cl = cl->next) {
        ctx->has_body |= (ngx_buf_size(cl->buf) > 0);
    }

    if (ctx->conf->make.unsigned_body) {
        return ngx_http_sign_upstream_unsigned(r, ctx, body == &set);
    }

    /* a location before this one began to read it, and may have handed it on
       as it came */

    if (body != &set && r->upstream->conf->pass_request_body
        && (r->main->reading_body
            || (r->request_body && r->request_body->rest > 0)))
    {
        return ngx_http_sign_upstream_failed(r, SIGN_UNSUPPORTED,
                                             "there is a body, and its end has "
                                             "not come");
    }

    if (!ctx->has_body) {
        return NGX_OK;
    }

    if (body != &set && ngx_http_sign_upstream_hashed(r, ctx)) {
        ngx_memcpy(ctx->hash, ctx->body->hash, sizeof(ctx->hash));
        return NGX_OK;
    }

    return ngx_http_sign_upstream_hash(r, ctx, body);
}


/* nginx itself looks at none of this when it streams a body read by others */

static ngx_int_t
ngx_http_sign_upstream_unsigned(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx, ngx_uint_t set)
{
    u_char  *end;

    if (!r->request_body_no_buffering) {
        return NGX_OK;
    }

    ctx->has_body = 1;

    end = ngx_strnstr((u_char *) ctx->bytes.data, CRLF, ctx->bytes.len);

    if (set || !r->upstream->conf->pass_request_body
        || (r->headers_in.chunked && end && end[-1] == '0'))
    {
        return ngx_http_sign_upstream_failed(r, SIGN_UNSUPPORTED,
                                  "a body that streams needs "
                                  "\"proxy_http_version 1.1\", and neither "
                                  "\"proxy_set_body\" nor "
                                  "\"proxy_pass_request_body off\"");
    }

    return NGX_OK;
}


/*
 * Subrequests have bodies of their own, and between internal redirects modules
 * put others in place: only where nobody could, and in the temporary file as it
 * was, is the body known to be the one that was hashed.
 */

static ngx_uint_t
ngx_http_sign_upstream_hashed(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx)
{
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = r->request_body;

    if (rb == NULL || !ctx->body->done) {
        return 0;
    }

    if (ctx->reads) {
        ctx->body->file = rb->temp_file;
        return 1;
    }

    cl = rb->bufs;

    return ctx->body->file && ctx->body->file == rb->temp_file
           && cl && cl->next == NULL && cl->buf->in_file
           && cl->buf->file == &rb->temp_file->file;
}


static ngx_int_t
ngx_http_sign_upstream_hash(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_buf_t      *b;
    ngx_chain_t    *cl;
    sign_digest_t  *digest;

    digest = ngx_http_sign_upstream_digest(r->pool);
    if (digest == NULL) {
        return NGX_ERROR;
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            sign_digest_update(digest, b->pos, b->last - b->pos);

        } else if (b->in_file
                   && ngx_http_sign_upstream_hash_file(r, digest, b) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    (void) sign_digest_final(digest, ctx->hash);

    return NGX_OK;
}


/* a body that another module had read before us: it lies in the page cache */

static ngx_int_t
ngx_http_sign_upstream_hash_file(ngx_http_request_t *r, sign_digest_t *digest,
    ngx_buf_t *b)
{
    off_t     offset;
    size_t    size;
    u_char   *buffer;
    ssize_t   n;

    buffer = ngx_palloc(r->pool, NGX_HTTP_SIGN_UPSTREAM_READ);
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {
        size = ngx_min((off_t) NGX_HTTP_SIGN_UPSTREAM_READ,
                       b->file_last - offset);

        n = ngx_read_file(b->file, buffer, size, offset);

        if (n <= 0) {
            return NGX_ERROR;
        }

        sign_digest_update(digest, buffer, n);
    }

    return ngx_pfree(r->pool, buffer);
}


static ngx_int_t
ngx_http_sign_upstream_sign(ngx_http_request_t *r,
    ngx_http_sign_upstream_ctx_t *ctx)
{
    size_t                        len, rest;
    u_char                       *p;
    ngx_buf_t                    *b;
    sign_code_e                   code;
    sign_maker_t                 *maker;
    postern_str_t                 head;
    sign_message_t                msg;
    postern_alloc_t               alloc;
    sign_make_now_t               now;
    ngx_http_sign_ctx_t          *sctx;
    ngx_http_sign_outward_ctx_t  *octx;

    octx = ngx_http_get_module_ctx(r, ngx_http_sign_outward_module);

    maker = ngx_http_sign_outward_key(r, &octx->upstream_key,
                                      ctx->conf->make.key_id,
                                      ctx->conf->make.scheme);
    if (maker == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&now, sizeof(sign_make_now_t));

    now.scheme = (postern_str_t) postern_string("http");

#if (NGX_HTTP_SSL)

    if (r->upstream->ssl) {
        now.scheme = (postern_str_t) postern_string("https");
    }

#endif

    now.now = ngx_time();
    now.has_body = ctx->has_body;
    now.hash = (ctx->has_body && !ctx->conf->make.unsigned_body) ? ctx->hash
                                                                 : NULL;

    sctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (sctx) {
        now.enos = (sctx->message.scheme == SIGN_ENOS);
        now.decoded = sctx->decoding;

        if (sctx->message.scheme == SIGN_WEBHOOK) {
            now.credential = sctx->conf->policy.webhook->header;
        }
    }

    if (RAND_bytes(now.nonce, sizeof(now.nonce)) != 1) {
        return ngx_http_sign_upstream_failed(r, SIGN_NO_MEMORY,
                                             "no random bytes");
    }

    alloc = ngx_http_sign_allocator(r->pool);
    msg.detail[0] = '\0';

    code = sign_make_request(ctx->bytes, &ctx->conf->make, &now, maker, &alloc,
                             &msg, &head, &len);

    if (code != SIGN_OK) {
        return ngx_http_sign_upstream_failed(r, code, msg.detail);
    }

    rest = ctx->bytes.len - len;
    p = (u_char *) head.data;

    if (rest) {
        p = ngx_pnalloc(r->pool, head.len + rest);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, head.data, head.len);
        ngx_memcpy(p + head.len, ctx->bytes.data + len, rest);
    }

    b = ctx->head;

    b->start = p;
    b->pos = p;
    b->last = p + head.len + rest;
    b->end = b->last;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign upstream head:%N\"%*s\"", head.len, head.data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_sign_upstream_failed(ngx_http_request_t *r, sign_code_e code,
    const char *detail)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "the request to the upstream cannot be signed (%s): %s",
                  sign_code(code), detail);

    return NGX_ERROR;
}


/* kept with the pool, as contexts are forgotten by internal redirects */

static ngx_http_sign_upstream_body_t *
ngx_http_sign_upstream_body(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_sign_upstream_body_t  *body;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_sign_upstream_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(r->main->pool,
                               sizeof(ngx_http_sign_upstream_body_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_sign_upstream_cleanup;

    body = cln->data;
    ngx_memzero(body, sizeof(ngx_http_sign_upstream_body_t));

    body->digest = ngx_http_sign_upstream_digest(r->main->pool);

    return body->digest ? body : NULL;
}


static void
ngx_http_sign_upstream_cleanup(void *data)
{
    /* nothing to free: it is only found by this */
}


static sign_digest_t *
ngx_http_sign_upstream_digest(ngx_pool_t *pool)
{
    void  *memory;

    memory = ngx_palloc(pool, sign_digest_size());

    return memory ? sign_digest_begin(memory, SIGN_DIGEST_SHA256) : NULL;
}


void
ngx_http_sign_upstream_body_init(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_sign_upstream_body_filter;
}


/* what goes to memory or to the temporary file, and from there on */

static ngx_int_t
ngx_http_sign_upstream_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                    *cl;
    ngx_http_sign_outward_ctx_t    *octx;
    ngx_http_sign_upstream_ctx_t   *ctx;
    ngx_http_sign_upstream_body_t  *body;

    octx = ngx_http_get_module_ctx(r, ngx_http_sign_outward_module);
    ctx = octx ? octx->upstream : NULL;
    body = ctx ? ctx->body : NULL;

    if (body && body->hashing) {

        for (cl = in; cl; cl = cl->next) {
            sign_digest_update(body->digest, cl->buf->pos,
                               cl->buf->last - cl->buf->pos);

            if (cl->buf->last_buf) {
                (void) sign_digest_final(body->digest, body->hash);
                body->hashing = 0;
                body->done = 1;
                break;
            }
        }
    }

    return ngx_http_next_request_body_filter(r, in);
}
