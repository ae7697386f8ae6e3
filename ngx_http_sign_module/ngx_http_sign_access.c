
/*
 * The way of a request: shape, key, coverage, freshness, cap, crypto, claim;
 * cheap things first, and nothing is claimed that did not verify.
 *
 *   start -> [key] -> [body] -> crypto -> [rate] -> [claim] -> verified
 *     |        |         |         |         |          |           |
 *     +--------+---------+---------+---------+----------+-----------+-> refused
 *
 * Coverage, freshness and cap are looked at as soon as the key is there.  From
 * "rate" on it is ngx_http_sign_claim.c.  Where sign_mode is "observe", what
 * would have been refused goes on instead, as if there were no signature.
 *
 * Each state is a function that returns what the phase shall return, and leaves
 * in ctx->state the one to go on with when the handler is entered again.
 * States in brackets may wait.  Internal redirects, named locations and
 * error_page enter again in "verified" or "refused", so that a request is
 * verified and claimed once.
 */


#include "ngx_http_sign_module.h"
#include "sign_enos.h"


static ngx_http_sign_ctx_t *ngx_http_sign_create_ctx(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_start(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_fail(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, sign_code_e code, sign_code_e shown);
static ngx_uint_t ngx_http_sign_preflight(ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_pass(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_early_data(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_wait_body(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static void ngx_http_sign_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sign_still_fresh(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_crypto(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_check_body(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_identify(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_int_t ngx_http_sign_verified(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
static ngx_uint_t ngx_http_sign_erred(ngx_http_request_t *r,
    ngx_http_sign_loc_conf_t *slcf);
static ngx_int_t ngx_http_sign_let_in(ngx_http_sign_loc_conf_t *slcf);
static ngx_int_t ngx_http_sign_refused(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);


ngx_int_t
ngx_http_sign_access_handler(ngx_http_request_t *r)
{
    ngx_http_sign_ctx_t       *ctx;
    ngx_http_sign_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (!slcf->enable) {
        return NGX_DECLINED;
    }

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    if (ctx == NULL) {
        ctx = ngx_http_sign_create_ctx(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->refused) {
        return ngx_http_sign_refused(r, ctx);
    }

    /* nothing is known yet, or nothing was asked for where it came from */

    if (ctx->state == ngx_http_sign_start) {
        ctx->conf = slcf;
    }

    return ctx->state(r, ctx);
}


static ngx_http_sign_ctx_t *
ngx_http_sign_create_ctx(ngx_http_request_t *r)
{
    ngx_http_sign_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->main->pool, sizeof(ngx_http_sign_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->state = ngx_http_sign_start;

    if (postern_api.set_ctx(r, NGX_HTTP_POSTERN_SIGN, ctx) != NGX_OK) {
        return NULL;
    }

    return ctx;
}


static ngx_int_t
ngx_http_sign_start(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e      code;
    postern_str_t    token;
    postern_alloc_t  alloc;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0, "sign start");

    alloc = ngx_http_sign_allocator(r->pool);

    ctx->now = ngx_time();

    code = ngx_http_sign_request(r, ctx);

    if (ngx_http_sign_webhook_values(r, ctx) != NGX_OK) {
        code = SIGN_NO_MEMORY;
    }

    if (code == SIGN_OK) {
        code = sign_parse(&ctx->request, &ctx->conf->policy, &alloc,
                          &ctx->message);
    }

    if (code == SIGN_MISSING && ngx_http_sign_preflight(ctx)) {
        return ngx_http_sign_pass(r, ctx);
    }

    if (code != SIGN_OK && !ctx->message.further) {
        return ngx_http_sign_refuse(r, ctx, code, code);
    }

    if (ngx_http_sign_early_data(r)) {
        return ngx_http_sign_too_early(r, ctx);
    }

    if (code != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, code, code);
    }

    token = sign_enos_token(&ctx->message);

    return token.len ? ngx_http_sign_enos_lookup(r, ctx, token)
                     : ngx_http_sign_find_key(r, ctx);
}


/*
 * This signature is not the one: an intermediary may have put its own in front
 * of it.  The next one is tried, and the request is good where it is.  Which of
 * them is looked at never depends on what the directory knows, so that a second
 * signature, which somebody may make with a key of his own, does not turn the
 * answer into one about the key of the first.  Where both fail, the one that
 * seemed to get further says why: by what was shown of it, for the same reason.
 */

static ngx_int_t
ngx_http_sign_fail(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_code_e code, sign_code_e shown)
{
    postern_alloc_t  alloc;

    if (ctx->first) {

        if (ctx->first_shown > shown) {
            ctx->doubt = SIGN_OK;
            ctx->message = *ctx->first;

            code = ctx->first_code;
            shown = ctx->first_shown;
        }

        return ngx_http_sign_refuse(r, ctx, code, shown);
    }

    if (!ctx->message.further || code == SIGN_NO_MEMORY) {
        return ngx_http_sign_refuse(r, ctx, code, shown);
    }

    ctx->first = ngx_palloc(r->pool, sizeof(sign_message_t));
    if (ctx->first == NULL) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    *ctx->first = ctx->message;
    ctx->first_code = code;
    ctx->first_shown = shown;

    if (ctx->doubt && ctx->doubt == code) {
        ngx_memcpy(ctx->first->detail, ctx->doubt_detail,
                   sizeof(ctx->first->detail));
    }

    ngx_http_sign_printable(ctx->first->detail, sizeof(ctx->first->detail));

    ctx->doubt = SIGN_OK;

    alloc = ngx_http_sign_allocator(r->pool);

    code = sign_next(&ctx->request, &ctx->conf->policy, &alloc, &ctx->message);

    if (code == SIGN_MISSING) {
        ctx->message = *ctx->first;

        return ngx_http_sign_refuse(r, ctx, ctx->first_code, ctx->first_shown);
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "%s: a signature does not count, the next one is tried: %s",
                  sign_code(ctx->first_code), ctx->first->detail);

    if (code != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, code, code);
    }

    return ngx_http_sign_find_key(r, ctx);
}


/*
 * What browsers ask before they send a request to another origin (Fetch,
 * "CORS-preflight fetch") carries no credentials, whatever the page wants.
 */

static ngx_uint_t
ngx_http_sign_preflight(ngx_http_sign_ctx_t *ctx)
{
    size_t  i;

    static const postern_str_t  origin = postern_string("origin");
    static const postern_str_t  asked =
        postern_string("access-control-request-method");

    if (!ctx->conf->insecure_preflight
        || !postern_str_is(ctx->request.method, "OPTIONS"))
    {
        return 0;
    }

    i = 0;

    if (sign_field_next(&ctx->request, origin, &i) == NULL) {
        return 0;
    }

    i = 0;

    return sign_field_next(&ctx->request, asked, &i) != NULL;
}


static ngx_int_t
ngx_http_sign_pass(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_postern_decision_t  decision;

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    ngx_str_set(&decision.verdict, "allow");
    ngx_str_set(&decision.code, "sign/preflight");

    if (postern_api.decide(r, NGX_HTTP_POSTERN_SIGN, &decision) != NGX_OK) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    /* no say: with "satisfy any" somebody else has to let it in */

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_sign_early_data(ngx_http_request_t *r)
{
#if (NGX_HTTP_SSL)

    ngx_str_t  early;

    if (r->connection->ssl
        && ngx_ssl_get_early_data(r->connection, r->pool, &early) == NGX_OK)
    {
        return early.len != 0;
    }

#endif

    return 0;
}


/* what the directory has said of the key, NULL where it has none */

ngx_int_t
ngx_http_sign_found_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_int_t    rc;
    sign_code_e  code;

    code = ngx_http_sign_judge(r, ctx, ctx->key);

    if (code >= SIGN_UNKNOWN_KEY && code <= SIGN_ALGORITHM) {
        return ngx_http_sign_doubt(r, ctx, code);
    }

    if (code != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, code, code);
    }

    ctx->sign_key = ngx_http_sign_key(r, ctx, ctx->key);

    if (ctx->sign_key == NULL) {
        (void) sign_fail(&ctx->message, SIGN_KEY_UNUSABLE,
                         "the key cannot be made ready");
        return ngx_http_sign_doubt(r, ctx, SIGN_KEY_UNUSABLE);
    }

    /* what is no signature by its length alone would be refused at once, and
       tell that there is such a key: nobody's would have been put to work */

    if (!sign_fits(ctx->sign_key, &ctx->message)) {
        (void) sign_fail(&ctx->message, SIGN_INVALID,
                         "a signature of %zu octets is none of this key",
                         ctx->message.signature.len);
        return ngx_http_sign_doubt(r, ctx, SIGN_INVALID);
    }

    rc = ngx_http_sign_cap(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_sign_read_body(r, ctx);
}


sign_code_e
ngx_http_sign_judge(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const postern_key_t *key)
{
    ngx_int_t                  rc;
    ngx_str_t                  name;
    postern_str_t              org;
    ngx_http_sign_loc_conf_t  *slcf;

    rc = postern_api.org(r, &name);

    if (rc == NGX_ERROR) {
        return SIGN_NO_MEMORY;
    }

    org = ngx_http_postern_slice(name);

    /* without data there is no demand; a name that came out empty is one */

    if (rc == NGX_DECLINED) {
        org.data = NULL;

    } else if (org.len == 0) {
        org = (postern_str_t) postern_string("");
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    return sign_check(&ctx->request, &slcf->policy, key, org,
                      ctx->has_address ? ctx->address : NULL, ctx->now,
                      &ctx->message);
}


/*
 * Something is wrong with the key.  Whoever does not hold it shall not learn so
 * from the answer, nor from the time it takes: the work goes on with a key that
 * is nobody's, and is refused at its end whatever comes out.
 */

ngx_int_t
ngx_http_sign_doubt(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    sign_code_e code)
{
    char                 *detail;
    sign_code_e           shown;
    postern_str_t         any;
    const postern_key_t  *decoy;

    detail = ngx_palloc(r->pool, sizeof(ctx->message.detail));
    if (detail == NULL) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    ngx_memcpy(detail, ctx->message.detail, sizeof(ctx->message.detail));

    ctx->doubt = code;
    ctx->doubt_detail = detail;
    ctx->sign_key = ngx_http_sign_decoy(r, &ctx->message, &decoy);

    if (ctx->sign_key == NULL) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    any.len = 0;
    any.data = NULL;

    /* an SSH certificate may be for the client's address alone */

    shown = sign_check(&ctx->request, &ctx->conf->policy, decoy, any,
                       ctx->has_address ? ctx->address : NULL, ctx->now,
                       &ctx->message);

    if (shown != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, code, shown);
    }

    return ngx_http_sign_read_body(r, ctx);
}


/*
 * Some sign the body itself, or a hash that they do not send (SigV4 without
 * x-amz-content-sha256, EnOS, webhooks): it must be here before the signature
 * can be verified.
 */

ngx_int_t
ngx_http_sign_read_body(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_int_t    rc;
    sign_code_e  code;

    if (ctx->message.body != SIGN_BODY_BEFORE) {
        return ngx_http_sign_crypto(r, ctx);
    }

    if (!ctx->has_body || r->request_body || r->discard_body) {
        code = ngx_http_sign_body_present(r, ctx);

        if (code != SIGN_OK) {
            return ngx_http_sign_refuse(r, ctx, code, code);
        }

        return ngx_http_sign_crypto(r, ctx);
    }

    if (ngx_http_sign_body_begin(r, ctx) != NGX_OK) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    ctx->state = ngx_http_sign_wait_body;

    rc = ngx_http_read_client_request_body(r, ngx_http_sign_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


/* nothing enters here while the body is read: it failed, and error_page led
   back into a location with signatures */

static ngx_int_t
ngx_http_sign_wait_body(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    (void) sign_fail(&ctx->message, SIGN_DIGEST,
                     "the body could not be read to its end");

    return ngx_http_sign_refuse(r, ctx, SIGN_DIGEST, SIGN_DIGEST);
}


static void
ngx_http_sign_body_handler(ngx_http_request_t *r)
{
    ngx_http_sign_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_SIGN);

    ctx->state = ngx_http_sign_still_fresh;

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/*
 * A body may come in as slowly as its sender likes, and claims are forgotten
 * when signatures end: one that was fresh when the request began must be so
 * now, or a copy of it that dawdles would be the first again.
 */

static ngx_int_t
ngx_http_sign_still_fresh(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    ctx->now = ngx_time();

    /* where any of several keys may be the one, it is judged when known */

    if (ctx->doubt == SIGN_OK && ctx->message.nkeys == 0) {
        code = ngx_http_sign_judge(r, ctx, ctx->key);

        if (code != SIGN_OK) {
            return ngx_http_sign_refuse(r, ctx, code, code);
        }
    }

    return ngx_http_sign_crypto(r, ctx);
}


static ngx_int_t
ngx_http_sign_crypto(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_int_t        rc;
    sign_code_e      code, doubt;
    postern_alloc_t  alloc;

    alloc = ngx_http_sign_allocator(r->pool);

    doubt = ctx->doubt;

    code = sign_base(&ctx->request, &alloc, &ctx->message);

    if (code != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, doubt ? doubt : code, code);
    }

    code = sign_verify(ctx->sign_key, &ctx->message);

    if (doubt) {
        return ngx_http_sign_fail(r, ctx, doubt, SIGN_INVALID);
    }

    if (code != SIGN_OK) {
        return ngx_http_sign_fail(r, ctx, code, code);
    }

    if (ctx->message.nkeys) {
        rc = ngx_http_sign_webhook_settle(r, ctx);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_sign_check_body(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_sign_claim(r, ctx);
}


/*
 * A digest that is signed must be that of the body: compared at once where the
 * body is here already, or never will be, and in the body filter otherwise.
 */

static ngx_int_t
ngx_http_sign_check_body(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    if (ctx->message.body != SIGN_BODY_AFTER
        || (ctx->has_body && r->request_body == NULL && !r->discard_body))
    {
        return NGX_OK;
    }

    code = ngx_http_sign_body_present(r, ctx);

    return code == SIGN_OK ? NGX_OK
                           : ngx_http_sign_refuse(r, ctx, code, code);
}


ngx_int_t
ngx_http_sign_accepted(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_loc_conf_t     *slcf;
    ngx_http_postern_decision_t   decision;

    if (ctx->message.body == SIGN_BODY_AFTER
        && ctx->has_body && r->request_body == NULL && !r->discard_body
        && ngx_http_sign_body_begin(r, ctx) != NGX_OK)
    {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    if (ngx_http_sign_identify(r, ctx) != NGX_OK) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    ngx_memzero(&decision, sizeof(ngx_http_postern_decision_t));

    ngx_str_set(&decision.verdict, "allow");
    ngx_str_set(&decision.code, "sign/verified");

    if (ctx->message.weak) {
        decision.detail.data = (u_char *) ctx->message.weak;
        decision.detail.len = ngx_strlen(ctx->message.weak);

    } else if (ctx->message.regions.len) {
        decision.detail = ngx_http_postern_str(ctx->message.regions);
    }

    if (postern_api.decide(r, NGX_HTTP_POSTERN_SIGN, &decision) != NGX_OK) {
        return ngx_http_sign_refuse(r, ctx, SIGN_NO_MEMORY, SIGN_NO_MEMORY);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "sign verified key \"%*s\"",
                   ctx->key->id.len, ctx->key->id.data);

    ctx->verified = 1;
    ctx->state = ngx_http_sign_verified;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    /* while Redis was asked, the client may have given up, and "post_action"
       have led elsewhere */

    return (slcf == ctx->conf) ? ngx_http_sign_let_in(slcf)
                               : ngx_http_sign_verified(r, ctx);
}


static ngx_int_t
ngx_http_sign_identify(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    const postern_key_t          *key;
    ngx_http_postern_identity_t   id;

    key = ctx->key;

    ngx_memzero(&id, sizeof(ngx_http_postern_identity_t));

    id.org = key->org;
    id.roles = key->roles;
    id.nroles = key->nroles;
    id.credential = ngx_http_postern_str(key->id);
    id.auth_time = ctx->message.created;

    if (ctx->message.subject.len) {
        id.subject = ngx_http_postern_str(ctx->message.subject);
        ngx_str_set(&id.kind, "key");

    } else if (key->user) {
        id.subject = ngx_http_postern_str(key->user->name);
        ngx_str_set(&id.kind, "user");

    } else {
        id.subject = ngx_http_postern_str(key->id);
        ngx_str_set(&id.kind, "key");
    }

    id.scheme.data = (u_char *) sign_scheme_name(ctx->message.scheme);
    id.scheme.len = ngx_strlen(id.scheme.data);

    /* RFC 8176: proof of possession of a key */

    ngx_str_set(&id.amr, "pop");

    return postern_api.authenticated(r, &id);
}


/*
 * An internal redirect leads into another location: what was verified stays so,
 * but must satisfy the policy and the organization of that location too, as of
 * the instant the request came in.
 */

static ngx_int_t
ngx_http_sign_verified(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e                code;
    ngx_http_sign_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (ctx->sink && r->main->request_body) {

        /* what there is of it would be taken for the whole */

        if (ngx_http_sign_erred(r, slcf)) {
            return r->err_status;
        }

        code = sign_fail(&ctx->message, SIGN_DIGEST,
                         "the body was not read to its end where it was "
                         "signed for");

    } else if (!(slcf->policy.schemes & ctx->message.scheme)) {
        code = sign_fail(&ctx->message, SIGN_UNSUPPORTED,
                         "this location does not accept the scheme");

    } else {
        code = ngx_http_sign_judge(r, ctx, ctx->key);
    }

    if (code == SIGN_OK) {
        code = ngx_http_sign_unrepeated(ctx, slcf);
    }

    if (code == SIGN_OK) {
        return ngx_http_sign_let_in(slcf);
    }

    ctx->conf = slcf;

    return ngx_http_sign_refuse(r, ctx, code, code);
}


/*
 * An error broke the body off (it is too large, or the upstream is away), and
 * error_page led here: that error is the answer, not one about the signature.
 * With "satisfy any" 401 and 403 would leave others to let it in, and with
 * recursive_error_pages (r->error_page is 0) the same error would lead here.
 */

static ngx_uint_t
ngx_http_sign_erred(ngx_http_request_t *r, ngx_http_sign_loc_conf_t *slcf)
{
    return slcf->mode != NGX_HTTP_SIGN_OBSERVE
           && r->error_page
           && r->err_status >= NGX_HTTP_BAD_REQUEST
           && r->err_status != NGX_HTTP_UNAUTHORIZED
           && r->err_status != NGX_HTTP_FORBIDDEN;
}


/* with "satisfy any" a location that only observes has no say: the body may
   still turn out to be another, and would go on all the same */

static ngx_int_t
ngx_http_sign_let_in(ngx_http_sign_loc_conf_t *slcf)
{
    return slcf->mode == NGX_HTTP_SIGN_OBSERVE ? NGX_DECLINED : NGX_OK;
}


/* the answer stands, wherever error_page leads; but what one location only
   observed, the next one may enforce */

static ngx_int_t
ngx_http_sign_refused(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_http_sign_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sign_module);

    if (slcf->mode == NGX_HTTP_SIGN_OBSERVE) {
        return NGX_DECLINED;
    }

    return postern_api.refuse(r, &ctx->refusal);
}
