
/*
 * The directive:
 *
 *     postern_redis url [timeout=500ms] [prefix=postern:] [on_error=deny]
 *                   [user=] [password_file=] [ssl_trusted=] [ssl_name=]
 *                   [insecure_ssl_verify=off];
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_redis.h"


#define NGX_HTTP_POSTERN_REDIS_TIMEOUT       500      /* ms */
#define NGX_HTTP_POSTERN_REDIS_TIMEOUT_MAX   60000
#define NGX_HTTP_POSTERN_REDIS_PREFIX_MAX    64       /* bytes */
#define NGX_HTTP_POSTERN_REDIS_PASSWORD_MAX  512


typedef struct {
    ngx_str_t                     password_file;
    ngx_str_t                     ssl_trusted;
    ngx_uint_t                    ssl_options;
} ngx_http_postern_redis_options_t;


typedef char *(*ngx_http_postern_redis_setter_pt)(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);


static char *ngx_http_postern_redis_option(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *arg);
static char *ngx_http_postern_redis_timeout(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_prefix(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_on_error(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_user(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_file(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_ssl_trusted(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_ssl_name(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_ssl_verify(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text);
static char *ngx_http_postern_redis_credentials(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options);
static char *ngx_http_postern_redis_password_file(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_str_t *file);
static char *ngx_http_postern_redis_address(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis);
static char *ngx_http_postern_redis_ssl(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options);
static ngx_int_t ngx_http_postern_redis_string(ngx_conf_t *cf, ngx_str_t *to,
    postern_str_t from);
static void *ngx_http_postern_redis_alloc(void *data, size_t size);


char *
ngx_http_postern_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                              *rv;
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    postern_alloc_t                    alloc;
    postern_error_t                    error;
    ngx_http_postern_redis_t          *redis;
    ngx_http_postern_store_conf_t     *scf;
    ngx_http_postern_redis_options_t   options;

    scf = (ngx_http_postern_store_conf_t *) ((char *) conf + cmd->offset);

    if (scf->redis) {
        return "is duplicate";
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_redis_t));
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&options, sizeof(options));

    redis->timeout = NGX_HTTP_POSTERN_REDIS_TIMEOUT;
    redis->ssl_verify = 1;
    ngx_str_set(&redis->prefix, "postern:");

    value = cf->args->elts;

    alloc.alloc = ngx_http_postern_redis_alloc;
    alloc.data = cf->pool;

    if (!postern_url_parse(ngx_http_postern_slice(value[1]), &alloc,
                           &redis->url, &error))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address in \"postern_redis\": %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_postern_redis_option(cf, redis, &options, &value[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (ngx_http_postern_redis_credentials(cf, redis, &options) != NGX_CONF_OK
        || ngx_http_postern_redis_address(cf, redis) != NGX_CONF_OK
        || ngx_http_postern_redis_ssl(cf, redis, &options) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    scf->redis = redis;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_option(ngx_conf_t *cf, ngx_http_postern_redis_t *redis,
    ngx_http_postern_redis_options_t *options, ngx_str_t *arg)
{
    u_char      *eq;
    ngx_str_t    name, text;
    ngx_uint_t   i;

    static const struct {
        ngx_str_t                          name;
        ngx_http_postern_redis_setter_pt   set;
    } setters[] = {
        { ngx_string("timeout"), ngx_http_postern_redis_timeout },
        { ngx_string("prefix"), ngx_http_postern_redis_prefix },
        { ngx_string("on_error"), ngx_http_postern_redis_on_error },
        { ngx_string("user"), ngx_http_postern_redis_user },
        { ngx_string("password_file"), ngx_http_postern_redis_file },
        { ngx_string("ssl_trusted"), ngx_http_postern_redis_ssl_trusted },
        { ngx_string("ssl_name"), ngx_http_postern_redis_ssl_name },
        { ngx_string("insecure_ssl_verify"), ngx_http_postern_redis_ssl_verify }
    };

    eq = ngx_strlchr(arg->data, arg->data + arg->len, '=');

    name.data = arg->data;
    name.len = eq ? (size_t) (eq - arg->data) : arg->len;

    if (eq && name.len + 1 < arg->len) {
        text.data = eq + 1;
        text.len = arg->len - name.len - 1;

        for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
            if (name.len == setters[i].name.len
                && ngx_strncmp(name.data, setters[i].name.data, name.len) == 0)
            {
                return setters[i].set(cf, redis, options, &text);
            }
        }
    }

    /* only the name is shown: what stands behind it may be a password */

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"postern_redis\": "
                       "there are timeout=, prefix=, on_error=, user=, "
                       "password_file=, ssl_trusted=, ssl_name= and "
                       "insecure_ssl_verify=", &name);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_postern_redis_timeout(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    ngx_int_t  ms;

    ms = ngx_parse_time(text, 0);

    if (ms < 1 || ms > NGX_HTTP_POSTERN_REDIS_TIMEOUT_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid timeout \"%V\" of \"postern_redis\": "
                           "it must be from 1ms to 60s", text);
        return NGX_CONF_ERROR;
    }

    redis->timeout = (ngx_msec_t) ms;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_prefix(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    if (text->len > NGX_HTTP_POSTERN_REDIS_PREFIX_MAX
        || ngx_strlchr(text->data, text->data + text->len, '{')
        || ngx_strlchr(text->data, text->data + text->len, '}'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid prefix \"%V\" of \"postern_redis\": it "
                           "must be up to 64 bytes without braces, which mark "
                           "the organization in a key", text);
        return NGX_CONF_ERROR;
    }

    redis->prefix = *text;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_on_error(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    if (text->len != 4 || ngx_strncmp(text->data, "deny", 4) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid on_error \"%V\" of \"postern_redis\": "
                           "it can only be \"deny\"", text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_user(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    if (redis->url.user.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"postern_redis\" has a user in its address and "
                           "another in \"user=\"");
        return NGX_CONF_ERROR;
    }

    redis->user = *text;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_file(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    options->password_file = *text;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_ssl_trusted(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    options->ssl_trusted = *text;
    options->ssl_options = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_ssl_name(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    redis->ssl_name = *text;
    options->ssl_options = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_redis_ssl_verify(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options,
    ngx_str_t *text)
{
    options->ssl_options = 1;

    if (text->len == 3 && ngx_strncmp(text->data, "off", 3) == 0) {
        redis->ssl_verify = 0;
        return NGX_CONF_OK;
    }

    if (text->len == 2 && ngx_strncmp(text->data, "on", 2) == 0) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid insecure_ssl_verify \"%V\" of "
                       "\"postern_redis\": it must be \"on\" or \"off\"",
                       text);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_postern_redis_credentials(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_http_postern_redis_options_t *options)
{
    if (redis->url.user.len
        && ngx_http_postern_redis_string(cf, &redis->user, redis->url.user)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (redis->url.password.len) {

        if (options->password_file.len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"postern_redis\" has a password in its "
                               "address and another in \"password_file=\"");
            return NGX_CONF_ERROR;
        }

        if (ngx_http_postern_redis_string(cf, &redis->password,
                                          redis->url.password)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (options->password_file.len
        && ngx_http_postern_redis_password_file(cf, redis,
                                                &options->password_file)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (redis->user.len && redis->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"postern_redis\" has a user and no password: "
                           "add \"password_file=\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* read by the master, while it is still root: workers need not see the file */

static char *
ngx_http_postern_redis_password_file(ngx_conf_t *cf,
    ngx_http_postern_redis_t *redis, ngx_str_t *file)
{
    char             *rv;
    u_char            buf[NGX_HTTP_POSTERN_REDIS_PASSWORD_MAX + 2];
    ssize_t           n;
    ngx_fd_t          fd;
    postern_str_t     password;
    ngx_file_info_t   fi;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* a fifo must not hold the start */

    fd = open((const char *) file->data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" of \"postern_redis\" "
                           "failed", file);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_ERROR;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", file);
        goto done;
    }

    if (!S_ISREG(fi.st_mode)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "password file \"%V\" of \"postern_redis\" must "
                           "be a regular file", file);
        goto done;
    }

    if (ngx_file_access(&fi) & (S_IRWXG|S_IRWXO)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "password file \"%V\" of \"postern_redis\" is open "
                           "to group or others: run \"chmod 600 %V\"",
                           file, file);
        goto done;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", file);
        goto done;
    }

    while (n && (buf[n - 1] == LF || buf[n - 1] == CR)) {
        n--;
    }

    if (n == 0 || n > NGX_HTTP_POSTERN_REDIS_PASSWORD_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "password file \"%V\" of \"postern_redis\" must "
                           "hold one password of up to %d bytes",
                           file, NGX_HTTP_POSTERN_REDIS_PASSWORD_MAX);
        goto done;
    }

    password.data = buf;
    password.len = (size_t) n;

    if (ngx_http_postern_redis_string(cf, &redis->password, password)
        == NGX_OK)
    {
        rv = NGX_CONF_OK;
    }

done:

    ngx_explicit_memzero(buf, sizeof(buf));

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return rv;
}


static char *
ngx_http_postern_redis_address(ngx_conf_t *cf, ngx_http_postern_redis_t *redis)
{
    u_char                    *p;
    ngx_url_t                  u;
    ngx_uint_t                 literal;
    postern_url_t             *url;
    ngx_http_core_loc_conf_t  *clcf;

    url = &redis->url;

    p = ngx_pnalloc(cf->pool, url->path.len + url->host.len
                              + sizeof("unix:[]:65535"));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->name.data = p;

    if (url->path.len) {
        p = ngx_sprintf(p, "unix:%*s", url->path.len, url->path.data);
        literal = 1;

    } else {
        p = ngx_sprintf(p, url->ipv6 ? "[%*s]:%ud" : "%*s:%ud",
                        url->host.len, url->host.data, url->port);
        literal = url->ipv6
                  || ngx_inet_addr((u_char *) url->host.data, url->host.len)
                     != INADDR_NONE;
    }

    *p = '\0';
    redis->name.len = p - redis->name.data;

    if (!literal
        && ngx_http_postern_redis_string(cf, &redis->host, url->host) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = redis->name;
    u.default_port = (in_port_t) url->port;

    if (ngx_parse_url(cf->pool, &u) == NGX_OK) {
        redis->conf_addrs = u.addrs;
        redis->conf_naddrs = u.naddrs;
        return NGX_CONF_OK;
    }

    /* a name that is not there yet, and somebody to ask for it later */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (redis->host.len && clcf->resolver) {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "%s in \"%V\" of \"postern_redis\"%s",
                       u.err ? u.err : "invalid address", &redis->name,
                       redis->host.len ? ": with a \"resolver\" above it, it "
                                         "is looked up at run time" : "");

    return NGX_CONF_ERROR;
}


static char *
ngx_http_postern_redis_ssl(ngx_conf_t *cf, ngx_http_postern_redis_t *redis,
    ngx_http_postern_redis_options_t *options)
{
    ngx_str_t            *trusted;
    ngx_pool_cleanup_t   *cln;

    if (!redis->url.tls) {

        if (options->ssl_options) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"postern_redis\" has parameters for TLS and "
                               "an address without it: write \"rediss://\"");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (redis->ssl_name.len == 0
        && ngx_http_postern_redis_string(cf, &redis->ssl_name, redis->url.host)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    redis->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (redis->ssl == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->ssl->log = cf->log;

    if (ngx_ssl_create(redis->ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(redis->ssl);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = redis->ssl;

    trusted = &options->ssl_trusted;

    if (trusted->len) {
        return (ngx_ssl_trusted_certificate(cf, redis->ssl, trusted, 4)
                == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (redis->ssl_verify
        && SSL_CTX_set_default_verify_paths(redis->ssl->ctx) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* with a NUL behind it, for OpenSSL */

static ngx_int_t
ngx_http_postern_redis_string(ngx_conf_t *cf, ngx_str_t *to, postern_str_t from)
{
    to->data = ngx_pnalloc(cf->pool, from.len + 1);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from.data, from.len);
    to->data[from.len] = '\0';
    to->len = from.len;

    return NGX_OK;
}


static void *
ngx_http_postern_redis_alloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}
