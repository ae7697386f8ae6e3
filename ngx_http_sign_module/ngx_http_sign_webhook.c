
/*
 * sign_webhook: which webhooks a location takes, and whose.
 */


#include "ngx_http_sign_module.h"
#include "sign_webhook.h"


#define NGX_HTTP_SIGN_PARAMETERS                                              \
    (sizeof(ngx_http_sign_parameters) / sizeof(ngx_http_sign_parameters[0]))

#define NGX_HTTP_SIGN_ENCODING  3        /* which of them that is */


struct ngx_http_sign_webhook_s {
    sign_webhook_t   webhook;
    ngx_array_t      values;      /* of ngx_int_t, indices of variables */
    unsigned         given;       /* bits: which parameters */
    unsigned         warned:1;
};


typedef struct {
    ngx_str_t        name;        /* with "=" */
    char          *(*set)(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
                          ngx_str_t *value);
} ngx_http_sign_parameter_t;


static char *ngx_http_sign_webhook_parameter(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_add_key(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_header(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_algorithm(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_encoding(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_prefix(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_timestamp(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_template(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w, ngx_str_t *value);
static char *ngx_http_sign_webhook_field(ngx_conf_t *cf, ngx_str_t *value,
    postern_str_t *name);
static char *ngx_http_sign_webhook_complete(ngx_conf_t *cf,
    ngx_http_sign_webhook_t *w);
static sign_code_e ngx_http_sign_webhook_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_uint_t i);
static void ngx_http_sign_webhook_warn_key(ngx_cycle_t *cycle,
    const sign_webhook_t *webhook, postern_str_t id,
    const postern_directory_t *directory);


/* the first is for all kinds, the others for "custom" */

static const ngx_http_sign_parameter_t  ngx_http_sign_parameters[] = {
    { ngx_string("key="), ngx_http_sign_webhook_add_key },
    { ngx_string("header="), ngx_http_sign_webhook_header },
    { ngx_string("algorithm="), ngx_http_sign_webhook_algorithm },
    { ngx_string("encoding="), ngx_http_sign_webhook_encoding },
    { ngx_string("prefix="), ngx_http_sign_webhook_prefix },
    { ngx_string("timestamp="), ngx_http_sign_webhook_timestamp },
    { ngx_string("template="), ngx_http_sign_webhook_template }
};


char *
ngx_http_sign_set_webhook(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    char                     *rv;
    ngx_str_t                *value;
    ngx_uint_t                i;
    const sign_webhook_t     *kind;
    ngx_http_sign_webhook_t  *w;

    if (slcf->webhook != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (ngx_http_postern_note(cf, &slcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    w = ngx_pcalloc(cf->pool, sizeof(ngx_http_sign_webhook_t));
    if (w == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    kind = sign_webhook_kind(ngx_http_postern_slice(value[1]));

    if (kind) {
        w->webhook = *kind;

    } else if (ngx_strcmp(value[1].data, "custom") == 0) {
        w->webhook.name = ngx_http_postern_slice(value[1]);
        w->webhook.undated = 1;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown kind \"%V\" in \"%V\": \"standard\", "
                           "\"github\", \"stripe\", \"slack\", \"shopify\" "
                           "and \"custom\" are known", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_array_init(&w->values, cf->pool, 1, sizeof(ngx_int_t)) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_sign_webhook_parameter(cf, w, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    slcf->webhook = w;

    return ngx_http_sign_webhook_complete(cf, w);
}


static char *
ngx_http_sign_webhook_parameter(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    ngx_str_t                         text;
    ngx_uint_t                        i, known;
    const ngx_http_sign_parameter_t  *p;

    /* a name of a kind says all but whose keys it takes */

    known = sign_webhook_kind(w->webhook.name) ? 1 : NGX_HTTP_SIGN_PARAMETERS;

    for (i = 0; i < known; i++) {
        p = &ngx_http_sign_parameters[i];

        if (value->len > p->name.len
            && ngx_strncmp(value->data, p->name.data, p->name.len) == 0)
        {
            break;
        }
    }

    if (i == known) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\" in \"sign_webhook\" of "
                           "the kind \"%*s\"", value,
                           w->webhook.name.len, w->webhook.name.data);
        return NGX_CONF_ERROR;
    }

    if (i > 0 && (w->given & 1u << i)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\" in \"sign_webhook\"",
                           value);
        return NGX_CONF_ERROR;
    }

    w->given |= 1u << i;

    p = &ngx_http_sign_parameters[i];

    text.data = value->data + p->name.len;
    text.len = value->len - p->name.len;

    /* quotes that stand behind "=" are part of the word to nginx */

    if (text.len > 1 && text.data[0] == '"' && text.data[text.len - 1] == '"') {
        text.data++;
        text.len -= 2;
    }

    /* cppcheck-suppress returnDanglingLifetime ; the message lasts */
    return p->set(cf, w, &text);
}


static char *
ngx_http_sign_webhook_add_key(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    if (value->len == 0 || value->len > SIGN_MAX_KEY_ID) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"sign_webhook\" is no id of a key",
                           value);
        return NGX_CONF_ERROR;
    }

    if (w->webhook.nkeys == SIGN_MAX_KEYS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d keys in \"sign_webhook\"",
                           SIGN_MAX_KEYS);
        return NGX_CONF_ERROR;
    }

    w->webhook.keys[w->webhook.nkeys++] = ngx_http_postern_slice(*value);

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_webhook_header(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    return ngx_http_sign_webhook_field(cf, value, &w->webhook.header);
}


static char *
ngx_http_sign_webhook_timestamp(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    w->webhook.undated = 0;

    return ngx_http_sign_webhook_field(cf, value, &w->webhook.timestamp);
}


static char *
ngx_http_sign_webhook_field(ngx_conf_t *cf, ngx_str_t *value,
    postern_str_t *name)
{
    ngx_strlow(value->data, value->data, value->len);

    if (!ngx_http_sign_is_token(value)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"sign_webhook\" is no name of a header "
                           "field", value);
        return NGX_CONF_ERROR;
    }

    *name = ngx_http_postern_slice(*value);

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_webhook_algorithm(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    w->webhook.algorithm = postern_alg_parse(ngx_http_postern_slice(*value));

    if (postern_alg_is_hmac(w->webhook.algorithm)
        || w->webhook.algorithm == POSTERN_ALG_ED25519)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown algorithm \"%V\" in \"sign_webhook\": "
                       "\"hmac-sha256\", \"hmac-sha384\", \"hmac-sha512\" and "
                       "\"ed25519\" are known", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_sign_webhook_encoding(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    postern_str_t  name;

    name = ngx_http_postern_slice(*value);

    if (postern_str_is(name, "hex")) {
        w->webhook.encoding = SIGN_WEBHOOK_HEX;

    } else if (postern_str_is(name, "base64")) {
        w->webhook.encoding = SIGN_WEBHOOK_BASE64;

    } else if (postern_str_is(name, "base64url")) {
        w->webhook.encoding = SIGN_WEBHOOK_BASE64URL;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown encoding \"%V\" in \"sign_webhook\": "
                           "\"hex\", \"base64\" and \"base64url\" are known",
                           value);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_webhook_prefix(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    w->webhook.prefix = ngx_http_postern_slice(*value);

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_webhook_template(ngx_conf_t *cf, ngx_http_sign_webhook_t *w,
    ngx_str_t *value)
{
    ngx_int_t             *index;
    ngx_str_t              name;
    ngx_uint_t             i;
    const char            *wrong;
    postern_alloc_t        alloc;
    sign_webhook_part_t   *part;

    alloc = ngx_http_sign_allocator(cf->pool);

    wrong = sign_webhook_template(ngx_http_postern_slice(*value), &alloc,
                                  &w->webhook);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the template \"%V\" in \"sign_webhook\" %s",
                           value, wrong);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < w->webhook.nparts; i++) {
        part = &w->webhook.parts[i];

        if (part->type != SIGN_WEBHOOK_VALUE) {
            continue;
        }

        name = ngx_http_postern_str(part->text);
        index = ngx_array_push(&w->values);

        if (index == NULL) {
            return NGX_CONF_ERROR;
        }

        *index = ngx_http_get_variable_index(cf, &name);

        if (*index == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_sign_webhook_complete(ngx_conf_t *cf, ngx_http_sign_webhook_t *w)
{
    const char      *missing;
    sign_webhook_t  *webhook;

    webhook = &w->webhook;
    missing = NULL;

    if (webhook->nkeys == 0) {
        missing = "key=";

    } else if (webhook->header.len == 0) {
        missing = "header=";

    } else if (webhook->nparts == 0) {
        missing = "template=";

    } else if (webhook->form != SIGN_WEBHOOK_STANDARD
               && webhook->algorithm == 0)
    {
        missing = "algorithm=";

    } else if (sign_webhook_kind(webhook->name) == NULL
               && !(w->given & 1u << NGX_HTTP_SIGN_ENCODING))
    {
        missing = "encoding=";
    }

    if (missing) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sign_webhook\" of the kind \"%*s\" needs \"%s\"",
                           webhook->name.len, webhook->name.data, missing);
        return NGX_CONF_ERROR;
    }

    if (webhook->timestamp.len
        && !sign_webhook_has(webhook, webhook->timestamp))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the template in \"sign_webhook\" leaves out the "
                           "field \"%*s\": a time that is not signed is "
                           "anybody's",
                           webhook->timestamp.len, webhook->timestamp.data);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* of ngx_http_sign_compile(), where sign is on */

char *
ngx_http_sign_compile_webhook(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf)
{
    ngx_http_sign_webhook_t    *w, **noted;
    ngx_http_sign_main_conf_t  *smcf;

    w = conf->webhook;

    if (!(conf->schemes & SIGN_WEBHOOK)) {

        if (conf->own_webhook) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"sign_webhook\" has no effect: add "
                               "\"webhook\" to \"sign_schemes\"");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (w == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the scheme \"webhook\" needs \"sign_webhook\", "
                           "which says of what kind and by which keys");
        return NGX_CONF_ERROR;
    }

    if (w->webhook.undated && !conf->insecure_freshness) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "webhooks of the kind \"%*s\" sign no time, so that "
                           "each is good again after \"sign_window\": accept "
                           "that by \"sign_insecure_freshness on\"",
                           w->webhook.name.len, w->webhook.name.data);
        return NGX_CONF_ERROR;
    }

    conf->policy.webhook = &w->webhook;

    if (w->warned) {
        return NGX_CONF_OK;
    }

    w->warned = 1;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sign_module);

    if (smcf->webhooks == NULL) {
        smcf->webhooks = ngx_array_create(cf->pool, 4, sizeof(void *));
    }

    noted = smcf->webhooks ? ngx_array_push(smcf->webhooks) : NULL;

    if (noted == NULL) {
        return NGX_CONF_ERROR;
    }

    *noted = w;

    return NGX_CONF_OK;
}


/* a key may come later, so that this is no error */

void
ngx_http_sign_warn_webhooks(ngx_cycle_t *cycle, ngx_array_t *webhooks)
{
    ngx_uint_t                   i, n;
    const sign_webhook_t        *webhook;
    ngx_http_sign_webhook_t    **w;
    const postern_directory_t   *directory;

    directory = postern_api.loaded(cycle);

    if (directory == NULL || webhooks == NULL) {
        return;
    }

    w = webhooks->elts;

    for (i = 0; i < webhooks->nelts; i++) {
        webhook = &w[i]->webhook;

        for (n = 0; n < webhook->nkeys; n++) {
            ngx_http_sign_webhook_warn_key(cycle, webhook, webhook->keys[n],
                                           directory);
        }
    }
}


static void
ngx_http_sign_webhook_warn_key(ngx_cycle_t *cycle,
    const sign_webhook_t *webhook, postern_str_t id,
    const postern_directory_t *directory)
{
    const char           *wrong;
    const postern_key_t  *key;

    key = postern_directory_key(directory, id);

    /* in Redis it may be */

    if (key == NULL && postern_api.loaded_apart(cycle)) {
        return;
    }

    if (key == NULL) {
        wrong = "which the directory does not have";

    } else if (!(key->schemes & SIGN_WEBHOOK)) {
        wrong = "which is not for webhooks: it needs \"schemes\": "
                "[\"webhook\"] in the directory";

    } else if (!sign_webhook_takes(webhook, key)) {
        wrong = "whose algorithm such webhooks are not signed with";

    } else {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                  "\"sign_webhook\" names the key \"%*s\", %s",
                  id.len, id.data, wrong);
}


/* the variables of a template, evaluated where the request came in */

ngx_int_t
ngx_http_sign_webhook_values(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    ngx_int_t                  *index;
    ngx_uint_t                  i;
    postern_str_t              *values;
    ngx_http_sign_webhook_t    *w;
    ngx_http_variable_value_t  *v;

    w = ctx->conf->webhook;

    if (ctx->conf->policy.webhook == NULL || w->values.nelts == 0) {
        return NGX_OK;
    }

    values = ngx_pcalloc(r->pool, w->values.nelts * sizeof(postern_str_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    index = w->values.elts;

    for (i = 0; i < w->values.nelts; i++) {
        v = ngx_http_get_flushed_variable(r, index[i]);

        if (v == NULL) {
            return NGX_ERROR;
        }

        if (!v->not_found) {
            values[i].data = v->data;
            values[i].len = v->len;
        }
    }

    ctx->request.values = values;

    return NGX_OK;
}


/*
 * Any of the keys may be the one.  Those that may not be used have their place
 * taken by nobody's, so that there is always the same work.
 */

ngx_int_t
ngx_http_sign_webhook_keys(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    char                  detail[sizeof(ctx->message.detail)];
    ngx_int_t             rc;
    ngx_uint_t            i;
    sign_code_e           code, doubt;
    sign_message_t       *msg;
    const postern_key_t  *decoy;

    msg = &ctx->message;
    doubt = SIGN_OK;
    detail[0] = '\0';

    /* the first that may be used, not the first that there is */

    ctx->key = NULL;

    for (i = 0; i < msg->nkeys; i++) {
        code = ngx_http_sign_webhook_key(r, ctx, i);

        if (code == SIGN_OK) {

            if (ctx->key == NULL) {
                ctx->key = msg->keys[i];
                ctx->sign_key = msg->opened[i];
            }

            continue;
        }

        if (code < SIGN_UNKNOWN_KEY || code > SIGN_ALGORITHM) {
            return ngx_http_sign_refuse(r, ctx, code, code);
        }

        if (doubt == SIGN_OK) {
            doubt = code;
            (void) ngx_cpystrn((u_char *) detail, (u_char *) msg->detail,
                               sizeof(detail));
        }

        msg->keys[i] = NULL;
        msg->opened[i] = ngx_http_sign_decoy(r, msg, &decoy);
    }

    if (ctx->key) {
        msg->key_id = ctx->key->id;

        rc = (msg->nkeys == 1) ? ngx_http_sign_cap(r, ctx) : NGX_OK;

        return rc == NGX_OK ? ngx_http_sign_read_body(r, ctx) : rc;
    }

    (void) ngx_cpystrn((u_char *) msg->detail, (u_char *) detail,
                       sizeof(detail));
    msg->key_id = ctx->conf->policy.webhook->keys[0];

    return ngx_http_sign_doubt(r, ctx, doubt);
}


static sign_code_e
ngx_http_sign_webhook_key(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    ngx_uint_t i)
{
    sign_code_e            code;
    sign_message_t        *msg;
    const postern_key_t   *key;
    const sign_webhook_t  *webhook;

    msg = &ctx->message;
    webhook = ctx->conf->policy.webhook;
    key = msg->keys[i];

    msg->key_id = webhook->keys[i];

    code = ngx_http_sign_judge(r, ctx, key);

    if (code != SIGN_OK) {
        return code;
    }

    /* the claim is one organization's: a copy must not get into another's by
       losing a signature */

    if (ctx->key && ctx->key->org != key->org) {
        return sign_fail(msg, SIGN_KEY_ORG, "key \"%.*s\" is of another "
                         "organization than the first one",
                         SIGN_TEXT(msg->key_id));
    }

    if (!sign_webhook_takes(webhook, key)) {
        return sign_fail(msg, SIGN_ALGORITHM, "key \"%.*s\" is of an algorithm "
                         "that such webhooks are not signed with",
                         SIGN_TEXT(msg->key_id));
    }

    msg->opened[i] = ngx_http_sign_key(r, ctx, key);

    if (msg->opened[i] == NULL) {
        return sign_fail(msg, SIGN_KEY_UNUSABLE,
                         "the key cannot be made ready");
    }

    return SIGN_OK;
}


/* now that it is known which key it was: it must be good at this instant, too,
   and have some left of what it may have in use */

ngx_int_t
ngx_http_sign_webhook_settle(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx)
{
    sign_code_e  code;

    ctx->key = ctx->message.keys[ctx->message.which];

    code = ngx_http_sign_judge(r, ctx, ctx->key);

    if (code != SIGN_OK) {
        return ngx_http_sign_refuse(r, ctx, code, code);
    }

    return ctx->message.nkeys > 1 ? ngx_http_sign_cap(r, ctx) : NGX_OK;
}
