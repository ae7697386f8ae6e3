
/*
 * sign_tag: which of several signatures in a request count (RFC 9421, section
 * 2.3), and what Accept-Signature says of them.
 */


#include "ngx_http_sign_module.h"


static ngx_uint_t ngx_http_sign_is_tag(ngx_str_t *tag);


char *
ngx_http_sign_set_tag(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sign_loc_conf_t *slcf = conf;

    ngx_str_t      *value;
    ngx_uint_t      i, n;
    postern_str_t  *tags, *tag;

    if (slcf->tags != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts - 1 > SIGN_MAX_TAGS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d tags in \"%V\"", SIGN_MAX_TAGS,
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    slcf->tags = ngx_array_create(cf->pool, cf->args->nelts,
                                  sizeof(postern_str_t));
    if (slcf->tags == NULL) {
        return NGX_CONF_ERROR;
    }

    tags = slcf->tags->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_sign_is_tag(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" in \"%V\" is no tag: up to %d printable "
                               "ASCII characters without quotes and "
                               "backslashes are expected", &value[i],
                               &cmd->name, SIGN_MAX_NONCE);
            return NGX_CONF_ERROR;
        }

        for (n = 0; n < slcf->tags->nelts; n++) {
            if (postern_str_eq(tags[n], ngx_http_postern_slice(value[i]))) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate tag \"%V\" in \"%V\"", &value[i],
                                   &cmd->name);
                return NGX_CONF_ERROR;
            }
        }

        tag = ngx_array_push(slcf->tags);
        if (tag == NULL) {
            return NGX_CONF_ERROR;
        }

        *tag = ngx_http_postern_slice(value[i]);
    }

    return NGX_CONF_OK;
}


/* an empty one stands for signatures without a tag */

static ngx_uint_t
ngx_http_sign_is_tag(ngx_str_t *tag)
{
    ngx_uint_t  i;

    for (i = 0; i < tag->len; i++) {

        if (tag->data[i] < ' ' || tag->data[i] > '~'
            || tag->data[i] == '"' || tag->data[i] == '\\')
        {
            return 0;
        }
    }

    return tag->len <= SIGN_MAX_NONCE;
}


/* 1 where the signatures that count are all of bots */

ngx_uint_t
ngx_http_sign_is_bot(const sign_policy_t *policy)
{
    return policy->ntags == 1
           && postern_str_is(policy->tags[0], SIGN_RFC9421_BOT);
}


/* the parameters that we ask for; a tag where none would not do */

u_char *
ngx_http_sign_accept_params(u_char *p, const sign_policy_t *policy)
{
    size_t  i;

    p = ngx_sprintf(p, ";created%s",
                    ngx_http_sign_is_bot(policy) ? ";expires" : "");

    for (i = 0; i < policy->ntags; i++) {
        if (policy->tags[i].len == 0) {
            return p;
        }
    }

    if (policy->ntags) {
        p = ngx_sprintf(p, ";tag=\"%*s\"", policy->tags[0].len,
                        policy->tags[0].data);
    }

    return p;
}
