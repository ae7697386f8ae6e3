
/*
 * What is known of a request, in the terms of a record.  Nothing is copied and
 * nothing is kept: all of it lives until the record is written.
 */


#include "ngx_http_audit.h"


static void ngx_http_audit_from(ngx_http_request_t *r, audit_request_t *a);
static void ngx_http_audit_asked(ngx_http_request_t *r,
    ngx_http_audit_ctx_t *ctx, audit_request_t *a);
static ngx_uint_t ngx_http_audit_decisions(ngx_http_request_t *r,
    audit_decision_t *d);
static const audit_identity_t *ngx_http_audit_identity(ngx_http_request_t *r,
    audit_identity_t *id);
static void ngx_http_audit_upstream(ngx_http_request_t *r,
    audit_request_t *a);
static postern_str_t ngx_http_audit_header(ngx_table_elt_t *h);


/* of this worker: ids are its random number and a count */

static uint64_t       ngx_http_audit_seed;
static uint64_t       ngx_http_audit_count;
static audit_clock_t  ngx_http_audit_clock;


ngx_int_t
ngx_http_audit_init_ids(ngx_cycle_t *cycle)
{
    if (getentropy(&ngx_http_audit_seed, sizeof(ngx_http_audit_seed)) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "getentropy() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


uint64_t
ngx_http_audit_next_id(void)
{
    return ++ngx_http_audit_count;
}


size_t
ngx_http_audit_line(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    u_char *line, audit_head_t *head)
{
    audit_request_t              a;
    audit_decision_t             d[AUDIT_MAX_DECISIONS];
    audit_identity_t             id;
    ngx_http_audit_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_audit_module);

    ngx_memzero(&a, sizeof(audit_request_t));

    head->id[0] = ngx_http_audit_seed;
    head->id[1] = ctx ? ctx->id : ngx_http_audit_next_id();

    ngx_http_audit_head(r, ctx, head);
    ngx_http_audit_from(r, &a);
    ngx_http_audit_asked(r, ctx, &a);
    ngx_http_audit_upstream(r, &a);

    a.identity = ngx_http_audit_identity(r, &id);
    a.decisions = d;
    a.ndecisions = ngx_http_audit_decisions(r, d);

    return audit_record_write(line, amcf->redact, head, &a);
}


/*
 * The clocks are read for what is final.  An answer under way has the time of
 * this turn of the event loop: its head is written again as soon as it has
 * left.
 */

void
ngx_http_audit_head(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    audit_head_t *head)
{
    uint64_t     start;
    ngx_time_t  *tp;

    head->clock = &ngx_http_audit_clock;

    if (head->complete) {
        head->time = ngx_http_audit_now();

    } else {
        tp = ngx_timeofday();
        head->time = ((uint64_t) tp->sec * 1000 + tp->msec) * 1000;
    }

    if (ctx && head->complete) {
        head->duration = ctx->before + ngx_http_audit_ticks() - ctx->started;

    } else {
        start = ((uint64_t) r->start_sec * 1000 + r->start_msec) * 1000;
        head->duration = head->time > start ? head->time - start : 0;
    }

    if (r->err_status) {
        head->status = (unsigned) r->err_status;

    } else if (r->headers_out.status) {
        head->status = (unsigned) r->headers_out.status;

    } else {
        head->status = (r->http_version == NGX_HTTP_VERSION_9) ? 9 : 0;
    }

    head->bytes_in = (uint64_t) ngx_max(r->request_length, 0);
    head->bytes_out = (uint64_t) ngx_max(r->connection->sent, 0);
}


static void
ngx_http_audit_from(ngx_http_request_t *r, audit_request_t *a)
{
    ngx_connection_t          *c;
    ngx_http_core_srv_conf_t  *cscf;

    c = r->connection;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    a->server = ngx_http_postern_slice(cscf->server_name);
    a->addr = ngx_http_postern_slice(c->addr_text);
    a->port = ngx_inet_get_port(c->sockaddr);

#if (NGX_HTTP_SSL)

    if (c->ssl && c->ssl->handshaked) {
        const char  *text;

        a->tls = 1;

        text = SSL_get_version(c->ssl->connection);
        a->tls_version.data = (u_char *) text;
        a->tls_version.len = ngx_strlen(text);

        text = SSL_get_cipher_name(c->ssl->connection);
        a->tls_cipher.data = (u_char *) text;
        a->tls_cipher.len = ngx_strlen(text);

        text = SSL_get_servername(c->ssl->connection,
                                  TLSEXT_NAMETYPE_host_name);
        if (text) {
            a->tls_sni.data = (u_char *) text;
            a->tls_sni.len = ngx_strlen(text);
        }
    }

#endif

    a->host = ngx_http_postern_slice(ngx_http_postern_authority(r));

    if (r->headers_in.host) {
        a->host = ngx_http_audit_header(r->headers_in.host);

    } else if (a->host.len == 0 && r->headers_in.server.len) {
        a->host = ngx_http_postern_slice(r->headers_in.server);
    }
}


static void
ngx_http_audit_asked(ngx_http_request_t *r, ngx_http_audit_ctx_t *ctx,
    audit_request_t *a)
{
    ngx_str_t  *uri;

    if (r->request_line.len) {
        a->target = audit_record_target(
                                     ngx_http_postern_slice(r->request_line));
    }

    if (r->http_protocol.len) {
        a->protocol = ngx_http_postern_slice(r->http_protocol);
    }

    if (r->method_name.len && r->method_name.data) {
        a->method = ngx_http_postern_slice(r->method_name);
    }

    uri = (r->error_page && ctx && ctx->uri.len) ? &ctx->uri : &r->uri;

    if (uri->len) {
        a->uri = ngx_http_postern_slice(*uri);
    }

    a->user_agent = ngx_http_audit_header(r->headers_in.user_agent);
    a->referer = ngx_http_audit_header(r->headers_in.referer);
}


static postern_str_t
ngx_http_audit_header(ngx_table_elt_t *h)
{
    postern_str_t  none = postern_null_string;

    return h ? ngx_http_postern_slice(h->value) : none;
}


static const audit_identity_t *
ngx_http_audit_identity(ngx_http_request_t *r, audit_identity_t *id)
{
    const ngx_http_postern_identity_t  *known;

    known = postern_api.identity(r);

    if (known == NULL) {
        return NULL;
    }

    ngx_memzero(id, sizeof(audit_identity_t));

    if (known->org) {
        id->org = known->org->name;
    }

    id->subject = ngx_http_postern_slice(known->subject);
    id->kind = ngx_http_postern_slice(known->kind);
    id->roles = known->roles;
    id->nroles = known->nroles;
    id->credential = ngx_http_postern_slice(known->credential);
    id->scheme = ngx_http_postern_slice(known->scheme);
    id->amr = ngx_http_postern_slice(known->amr);
    id->aal = (unsigned) known->aal;
    id->auth_time = known->auth_time;

    return id;
}


static ngx_uint_t
ngx_http_audit_decisions(ngx_http_request_t *r, audit_decision_t *d)
{
    ngx_uint_t                          i, n;
    const ngx_http_postern_decision_t  *decision;

    static const struct {
        ngx_http_postern_feature_e      feature;
        const char                     *name;
    } features[AUDIT_MAX_DECISIONS] = {
        { NGX_HTTP_POSTERN_SIGN, "sign" },
        { NGX_HTTP_POSTERN_MFA, "mfa" },
        { NGX_HTTP_POSTERN_RBAC, "rbac" }
    };

    n = 0;

    for (i = 0; i < AUDIT_MAX_DECISIONS; i++) {

        decision = postern_api.decision(r, features[i].feature);

        if (decision == NULL) {
            continue;
        }

        d[n].feature = features[i].name;
        d[n].verdict = ngx_http_postern_slice(decision->verdict);
        d[n].code = ngx_http_postern_slice(decision->code);
        d[n].detail = ngx_http_postern_slice(decision->detail);
        n++;
    }

    return n;
}


static void
ngx_http_audit_upstream(ngx_http_request_t *r, audit_request_t *a)
{
    ngx_uint_t                  i;
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL || r->upstream_states->nelts == 0) {
        return;
    }

    state = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {

        if (state[i].peer == NULL) {
            continue;
        }

        a->upstream = ngx_http_postern_slice(*state[i].peer);
        a->upstream_status = (unsigned) state[i].status;
        a->upstream_tries++;
    }
}
