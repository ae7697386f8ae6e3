
/*
 * The certificates of a TLS client, and what is known of them: taken from the
 * connection once and kept with it, for all requests that it carries.
 */


#include "ngx_http_sign_module.h"
#include "sign_mtls.h"


#if (NGX_HTTP_SSL)


typedef struct {
    ngx_uint_t       n;
    postern_str_t    certificates[SIGN_MTLS_MAX_CERTIFICATES];
    sign_mtls_t      known;
} ngx_http_sign_peer_t;


/* a server with the scheme "mtls" */

typedef struct {
    ngx_http_postern_place_t   *place;      /* where its block begins */
    ngx_http_ssl_srv_conf_t    *sscf;
} ngx_http_sign_asker_t;


static ngx_http_sign_peer_t *ngx_http_sign_peer(ngx_connection_t *c);
static void ngx_http_sign_peer_gone(void *data);
static ngx_int_t ngx_http_sign_peer_read(ngx_connection_t *c,
    ngx_http_sign_peer_t *peer);
static ngx_int_t ngx_http_sign_peer_add(ngx_connection_t *c,
    ngx_http_sign_peer_t *peer, X509 *cert);


/*
 * Streams of HTTP/2 have connections of their own that share the pool of the
 * real one; those of HTTP/3 have pools of their own, and know the real one.
 */

sign_code_e
ngx_http_sign_certificates(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    uint64_t               serial;
    ngx_connection_t      *c;
    ngx_http_sign_peer_t  *peer;

    c = r->connection;

#if (NGX_HTTP_V3)

    if (c->quic) {
        c = c->quic->parent;
    }

#endif

    if (c->ssl == NULL) {
        return SIGN_OK;
    }

    peer = ngx_http_sign_peer(c);
    if (peer == NULL) {
        return SIGN_NO_MEMORY;
    }

    if (peer->n == 0) {
        return SIGN_OK;
    }

    serial = ngx_http_sign_keys_serial(r);

    if (peer->known.serial != serial) {
        ngx_memzero(&peer->known, sizeof(sign_mtls_t));
        peer->known.serial = serial;
    }

    ctx->request.certificates = peer->certificates;
    ctx->request.ncertificates = peer->n;

    /* 0: there is no directory, by which anything could be known */

    ctx->request.mtls = serial ? &peer->known : NULL;

    return SIGN_OK;
}


static ngx_http_sign_peer_t *
ngx_http_sign_peer(ngx_connection_t *c)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_sign_peer_t  *peer;

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_sign_peer_gone) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_http_sign_peer_t));
    if (cln == NULL) {
        return NULL;
    }

    peer = cln->data;
    ngx_memzero(peer, sizeof(ngx_http_sign_peer_t));

    if (ngx_http_sign_peer_read(c, peer) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_http_sign_peer_gone;

    return peer;
}


/* by which the pool knows us */

static void
ngx_http_sign_peer_gone(void *data)
{
    /* void */
}


/* a session that was resumed has the client's certificate alone; too many are
   left for the scheme to refuse, by their number */

static ngx_int_t
ngx_http_sign_peer_read(ngx_connection_t *c, ngx_http_sign_peer_t *peer)
{
    int              i;
    X509            *cert;
    ngx_int_t        rc;
    STACK_OF(X509)  *chain;

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_sign_peer_add(c, peer, cert);

    X509_free(cert);

    chain = SSL_get_peer_cert_chain(c->ssl->connection);

    for (i = 0; i < sk_X509_num(chain) && rc == NGX_OK; i++) {

        if (peer->n == SIGN_MTLS_MAX_CERTIFICATES) {
            peer->n++;
            break;
        }

        rc = ngx_http_sign_peer_add(c, peer, sk_X509_value(chain, i));
    }

    return rc;
}


static ngx_int_t
ngx_http_sign_peer_add(ngx_connection_t *c, ngx_http_sign_peer_t *peer,
    X509 *cert)
{
    int             len;
    u_char         *p;
    postern_str_t  *s;

    len = i2d_X509(cert, NULL);
    if (len <= 0) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(c->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    s = &peer->certificates[peer->n++];

    s->data = p;
    s->len = i2d_X509(cert, &p);

    return NGX_OK;
}


/*
 * nginx asks for certificates where ssl_verify_client says so, and only there.
 * What it says is known when the module of TLS has merged it, which is behind
 * this one.
 */

char *
ngx_http_sign_note_mtls(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_http_sign_asker_t      *asker;
    ngx_http_postern_place_t   *place;
    ngx_http_sign_main_conf_t  *smcf;

    place = ngx_http_postern_place(conf->places, "server");

    if (!(conf->schemes & SIGN_MTLS)
        || !ngx_http_postern_first(place, NGX_HTTP_SIGN_SAID_MTLS))
    {
        return NGX_CONF_OK;
    }

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sign_module);

    if (smcf->askers == NULL) {
        smcf->askers = ngx_array_create(cf->pool, 4,
                                        sizeof(ngx_http_sign_asker_t));
    }

    asker = smcf->askers ? ngx_array_push(smcf->askers) : NULL;

    if (asker == NULL) {
        return NGX_CONF_ERROR;
    }

    asker->place = place;
    asker->sscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_ssl_module);

    return NGX_CONF_OK;
}


void
ngx_http_sign_check_mtls(ngx_conf_t *cf, ngx_array_t *askers)
{
    ngx_uint_t              i, n;
    ngx_http_sign_asker_t  *asker;
    ngx_http_postern_at_t   at;

    n = askers ? askers->nelts : 0;
    asker = askers ? askers->elts : NULL;

    for (i = 0; i < n; i++) {

        if (asker[i].sscf->verify) {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_WARN,
                           ngx_http_postern_at(cf, asker[i].place, &at), 0,
                           "the scheme \"mtls\" sees no certificates here: "
                           "nginx does not ask for them where "
                           "\"ssl_verify_client\" is off, set it to \"on\", "
                           "\"optional\" or \"optional_no_ca\", in the server "
                           "that begins");
    }
}


#else


sign_code_e
ngx_http_sign_certificates(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    return SIGN_OK;
}


char *
ngx_http_sign_note_mtls(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_conf_t             *there;
    ngx_http_postern_at_t   at;

    if (!(conf->schemes & SIGN_MTLS)
        || !ngx_http_sign_first(conf, "sign_schemes", NGX_HTTP_SIGN_SAID_MTLS))
    {
        return NGX_CONF_OK;
    }

    there = ngx_http_sign_at(cf, conf, "sign_schemes", &at);

    ngx_conf_log_error(NGX_LOG_WARN, there, 0,
                       "the scheme \"mtls\" sees no certificates: this nginx "
                       "is built without TLS");

    return NGX_CONF_OK;
}


void
ngx_http_sign_check_mtls(ngx_conf_t *cf, ngx_array_t *askers)
{
    /* void */
}


#endif
