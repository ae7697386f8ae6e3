
/*
 * The directives that take parameters.
 */


#include "ngx_http_mfa_module.h"


#define NGX_HTTP_MFA_SESSION_MAX   (30 * 86400)    /* s: NIST, AAL1 */
#define NGX_HTTP_MFA_AGE_MAX       (30 * 86400)
#define NGX_HTTP_MFA_COOKIE_LEN    64
#define NGX_HTTP_MFA_HEADER_LEN    64
#define NGX_HTTP_MFA_RUNNING_MAX   64
#define NGX_HTTP_MFA_QUEUE_MAX     4096
#define NGX_HTTP_MFA_ATTEMPTS_MAX  100      /* NIST SP 800-63B-4, 3.2.2 */
#define NGX_HTTP_MFA_ADDRESS_MAX   100000


static ngx_int_t ngx_http_mfa_param(ngx_str_t *arg, const char *name,
    ngx_str_t *value);
static char *ngx_http_mfa_unknown(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *arg, const char *known);
static char *ngx_http_mfa_number(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *arg, ngx_str_t *value, ngx_int_t min, ngx_int_t max,
    ngx_uint_t *number);
static char *ngx_http_mfa_time(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *arg, ngx_str_t *value, time_t max, time_t *time);
static ngx_uint_t ngx_http_mfa_is_token(ngx_str_t *name);
static char *ngx_http_mfa_totp_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg);
static char *ngx_http_mfa_password_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg, ngx_uint_t *classes);
static char *ngx_http_mfa_limit_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg);
static char *ngx_http_mfa_check_limit(ngx_conf_t *cf,
    ngx_http_postern_backoff_t *backoff);
static char *ngx_http_mfa_address(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg, ngx_str_t *value);
static char *ngx_http_mfa_argon2id_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_main_conf_t *mmcf, ngx_str_t *arg);
static char *ngx_http_mfa_check_argon2id(ngx_conf_t *cf, ngx_command_t *cmd,
    mfa_argon2_t *argon2);


char *
ngx_http_mfa_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char        *rv;
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    if (mlcf->aal) {
        return "is duplicate";
    }

    arg = cf->args->elts;
    mlcf->aal = 2;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {

        if (ngx_http_mfa_param(&arg[i], "aal=", &value) == NGX_OK) {
            rv = ngx_http_mfa_number(cf, cmd, &arg[i], &value, 1, 2,
                                     &mlcf->aal);

        } else if (ngx_http_mfa_param(&arg[i], "max_age=", &value) == NGX_OK) {
            rv = ngx_http_mfa_time(cf, cmd, &arg[i], &value,
                                   NGX_HTTP_MFA_AGE_MAX, &mlcf->max_age);

        } else {
            rv = ngx_http_mfa_unknown(cf, cmd, &arg[i],
                                      "\"aal=\" and \"max_age=\"");
        }
    }

    return rv;
}


char *
ngx_http_mfa_pages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    u_char                    ch;
    ngx_str_t                *name;
    ngx_uint_t                i;
    ngx_http_mfa_srv_conf_t  *mscf;
    ngx_http_core_loc_conf_t *clcf;

    if (mlcf->pages) {
        return "is duplicate";
    }

    mscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_mfa_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (mscf->pages.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mfa_pages\" is in \"location %V\" of this "
                           "server already: one place is enough",
                           &mscf->pages);
        return NGX_CONF_ERROR;
    }

    name = &clcf->name;

    if (clcf->exact_match || clcf->noname || clcf->named
#if (NGX_PCRE)
        || clcf->regex
#endif
        || name->len == 0 || name->data[name->len - 1] != '/')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mfa_pages\" needs a prefix location whose name "
                           "ends with \"/\": write \"location /.postern/ { "
                           "mfa_pages; }\"");
        return NGX_CONF_ERROR;
    }

    /* it is written into pages, cookies and Location as it is */

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (!((ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a'
              && (ch | 0x20) <= 'z') || ch == '/' || ch == '-' || ch == '_'
              || ch == '.' || ch == '~')
            || (i && ch == '/' && name->data[i - 1] == '/'))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the location \"%V\" of \"mfa_pages\" may have "
                               "letters, digits, \"-\", \"_\", \".\" and "
                               "\"~\" between single slashes", name);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_postern_note(cf, &mlcf->places) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    mlcf->pages = 1;
    mscf->pages = *name;
    mscf->look = mlcf;
    clcf->handler = ngx_http_mfa_pages_handler;

    return NGX_CONF_OK;
}


/* nginx's own, and where it stands */

char *
ngx_http_mfa_set_flag(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    return ngx_http_postern_note(cf, &mlcf->places) == NGX_OK
           ? ngx_conf_set_flag_slot(cf, cmd, conf) : NGX_CONF_ERROR;
}


char *
ngx_http_mfa_set_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char        *rv;
    time_t       idle, absolute;
    ngx_str_t   *arg, value;
    ngx_uint_t   i;

    if (mlcf->limits.idle) {
        return "is duplicate";
    }

    arg = cf->args->elts;
    idle = 60 * 60;
    absolute = 24 * 60 * 60;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {

        if (ngx_http_mfa_param(&arg[i], "idle=", &value) == NGX_OK) {
            rv = ngx_http_mfa_time(cf, cmd, &arg[i], &value,
                                   NGX_HTTP_MFA_SESSION_MAX, &idle);

        } else if (ngx_http_mfa_param(&arg[i], "absolute=", &value) == NGX_OK)
        {
            rv = ngx_http_mfa_time(cf, cmd, &arg[i], &value,
                                   NGX_HTTP_MFA_SESSION_MAX, &absolute);

        } else {
            rv = ngx_http_mfa_unknown(cf, cmd, &arg[i],
                                      "\"idle=\" and \"absolute=\"");
        }
    }

    mlcf->limits.idle = ngx_min(idle, absolute);
    mlcf->limits.absolute = absolute;

    return rv;
}


char *
ngx_http_mfa_set_cookie_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    ngx_str_t  *value;

    if (mlcf->cookie.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!ngx_http_mfa_is_token(&value[1])
        || value[1].len > NGX_HTTP_MFA_COOKIE_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"%V\" cannot be the name of a cookie: "
                           "up to %d letters, digits, \"-\" and \"_\" are "
                           "expected", &value[1], &cmd->name,
                           NGX_HTTP_MFA_COOKIE_LEN);
        return NGX_CONF_ERROR;
    }

    mlcf->cookie = value[1];

    return ngx_http_postern_note(cf, &mlcf->places) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_mfa_set_insecure(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char  *rv;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && mlcf->insecure) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"mfa_insecure_cookie on\" lets everybody on the "
                           "way read sessions: for trying out only");
    }

    return rv;
}


char *
ngx_http_mfa_set_code_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    ngx_str_t  *value;

    if (mlcf->code_header.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&mlcf->code_header, "");
        return NGX_CONF_OK;
    }

    if (!ngx_http_mfa_is_token(&value[1])
        || value[1].len > NGX_HTTP_MFA_HEADER_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"%V\" cannot be the name of a header "
                           "field: up to %d letters, digits, \"-\" and \"_\" "
                           "are expected", &value[1], &cmd->name,
                           NGX_HTTP_MFA_HEADER_LEN);
        return NGX_CONF_ERROR;
    }

    ngx_strlow(value[1].data, value[1].data, value[1].len);
    mlcf->code_header = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_set_totp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char        *rv;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    if (mlcf->otp.digits) {
        return "is duplicate";
    }

    arg = cf->args->elts;
    mlcf->otp.hash = POSTERN_OTP_SHA1;
    mlcf->otp.digits = 6;
    mlcf->otp.period = 30;
    mlcf->window = 1;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {
        rv = ngx_http_mfa_totp_param(cf, cmd, mlcf, &arg[i]);
    }

    return rv;
}


static char *
ngx_http_mfa_totp_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg)
{
    char        *rv;
    ngx_str_t    value;
    ngx_uint_t   n;

    n = 0;

    if (ngx_http_mfa_param(arg, "digits=", &value) == NGX_OK) {
        rv = ngx_http_mfa_number(cf, cmd, arg, &value, 6, 8, &n);

        if (rv == NGX_CONF_OK && n == 7) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\" in \"%V\": authenticators show "
                               "6 or 8 digits", arg, &cmd->name);
            return NGX_CONF_ERROR;
        }

        mlcf->otp.digits = n;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "period=", &value) == NGX_OK) {
        rv = ngx_http_mfa_number(cf, cmd, arg, &value, 15, 120, &n);
        mlcf->otp.period = n;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "window=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 0,
                                   MFA_OTP_WINDOW_MAX, &mlcf->window);
    }

    if (ngx_http_mfa_param(arg, "algorithm=", &value) != NGX_OK) {
        return ngx_http_mfa_unknown(cf, cmd, arg, "\"digits=\", \"algorithm=\""
                                    ", \"period=\" and \"window=\"");
    }

    if (ngx_strcmp(value.data, "sha1") == 0) {
        mlcf->otp.hash = POSTERN_OTP_SHA1;

    } else if (ngx_strcmp(value.data, "sha256") == 0) {
        mlcf->otp.hash = POSTERN_OTP_SHA256;

    } else if (ngx_strcmp(value.data, "sha512") == 0) {
        mlcf->otp.hash = POSTERN_OTP_SHA512;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown algorithm \"%V\" in \"%V\": \"sha1\", "
                           "\"sha256\" and \"sha512\" are known", &value,
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_set_password(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char        *rv;
    ngx_str_t   *arg;
    ngx_uint_t   i, classes;

    if (mlcf->rules.min) {
        return "is duplicate";
    }

    arg = cf->args->elts;
    mlcf->rules.min = 8;
    mlcf->rules.max = NGX_HTTP_MFA_PASSWORD_CHARS;
    classes = 0;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {
        rv = ngx_http_mfa_password_param(cf, cmd, mlcf, &arg[i], &classes);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (classes && mlcf->rules.classes == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"classes=\" in \"mfa_password\" needs "
                           "\"profile=complexity\"");
        return NGX_CONF_ERROR;
    }

    if (classes) {
        mlcf->rules.classes = classes;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_password_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg, ngx_uint_t *classes)
{
    char        *rv;
    ngx_str_t    value;
    ngx_uint_t   n;

    n = 0;

    if (ngx_http_mfa_param(arg, "min=", &value) == NGX_OK) {
        rv = ngx_http_mfa_number(cf, cmd, arg, &value, 8, 64, &n);
        mlcf->rules.min = n;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "max=", &value) == NGX_OK) {
        rv = ngx_http_mfa_number(cf, cmd, arg, &value, 64,
                                 NGX_HTTP_MFA_PASSWORD_CHARS, &n);
        mlcf->rules.max = n;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "classes=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 1, 4, classes);
    }

    if (ngx_http_mfa_param(arg, "block=", &value) == NGX_OK && value.len) {
        mlcf->block_file = value;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(arg->data, "profile=complexity") == 0) {
        mlcf->rules.classes = 3;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(arg->data, "profile=nist") == 0) {
        mlcf->rules.classes = 0;
        return NGX_CONF_OK;
    }

    return ngx_http_mfa_unknown(cf, cmd, arg, "\"min=\", \"max=\", "
                                "\"block=file\", \"profile=nist\", "
                                "\"profile=complexity\" and \"classes=\"");
}


char *
ngx_http_mfa_set_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    char        *rv;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    if (mlcf->address) {
        return "is duplicate";
    }

    arg = cf->args->elts;
    mlcf->backoff.free = 5;
    mlcf->backoff.wait = 30 * 1000;
    mlcf->backoff.wait_max = 60 * 60 * 1000;
    mlcf->backoff.max = NGX_HTTP_MFA_ATTEMPTS_MAX;
    mlcf->backoff.ttl = NGX_HTTP_MFA_GUESS_TTL;
    mlcf->address = 30;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {
        rv = ngx_http_mfa_limit_param(cf, cmd, mlcf, &arg[i]);
    }

    return (rv == NGX_CONF_OK) ? ngx_http_mfa_check_limit(cf, &mlcf->backoff)
                               : rv;
}


static char *
ngx_http_mfa_limit_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg)
{
    char                        *rv;
    time_t                       t;
    ngx_str_t                    value;
    ngx_http_postern_backoff_t  *backoff;

    backoff = &mlcf->backoff;
    t = 0;

    if (ngx_http_mfa_param(arg, "free=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 1,
                                   NGX_HTTP_MFA_ATTEMPTS_MAX, &backoff->free);
    }

    if (ngx_http_mfa_param(arg, "attempts=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 1,
                                   NGX_HTTP_MFA_ATTEMPTS_MAX, &backoff->max);
    }

    if (ngx_http_mfa_param(arg, "wait=", &value) == NGX_OK) {
        rv = ngx_http_mfa_time(cf, cmd, arg, &value, 60 * 60, &t);
        backoff->wait = t * 1000;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "max_wait=", &value) == NGX_OK) {
        rv = ngx_http_mfa_time(cf, cmd, arg, &value, 24 * 60 * 60, &t);
        backoff->wait_max = t * 1000;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "address=", &value) == NGX_OK) {
        return ngx_http_mfa_address(cf, cmd, mlcf, arg, &value);
    }

    return ngx_http_mfa_unknown(cf, cmd, arg, "\"free=\", \"wait=\", "
                                "\"max_wait=\", \"attempts=\" and "
                                "\"address=\"");
}


static char *
ngx_http_mfa_check_limit(ngx_conf_t *cf, ngx_http_postern_backoff_t *backoff)
{
    if (backoff->wait > backoff->wait_max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"wait=\" in \"mfa_limit\" is longer than "
                           "\"max_wait=\"");
        return NGX_CONF_ERROR;
    }

    if (backoff->free > backoff->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"free=\" in \"mfa_limit\" is more than "
                           "\"attempts=\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_address(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_loc_conf_t *mlcf, ngx_str_t *arg, ngx_str_t *value)
{
    if (value->len < 4
        || ngx_strncmp(value->data + value->len - 3, "r/m", 3) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\" in \"%V\": a rate such as "
                           "\"address=30r/m\" is expected", arg, &cmd->name);
        return NGX_CONF_ERROR;
    }

    value->len -= 3;

    return ngx_http_mfa_number(cf, cmd, arg, value, 1,
                               NGX_HTTP_MFA_ADDRESS_MAX, &mlcf->address);
}


char *
ngx_http_mfa_set_argon2id(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_main_conf_t *mmcf = conf;

    char        *rv;
    ngx_str_t   *arg;
    ngx_uint_t   i;

    if (mmcf->argon2.memory) {
        return "is duplicate: \"mfa_argon2id\" and \"mfa_insecure_argon2id\" "
               "are one";
    }

    arg = cf->args->elts;
    mmcf->argon2.memory = MFA_ARGON2_MEMORY;
    mmcf->argon2.passes = MFA_ARGON2_PASSES;
    rv = NGX_CONF_OK;

    for (i = 1; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {
        rv = ngx_http_mfa_argon2id_param(cf, cmd, mmcf, &arg[i]);
    }

    return (rv == NGX_CONF_OK)
           ? ngx_http_mfa_check_argon2id(cf, cmd, &mmcf->argon2) : rv;
}


static char *
ngx_http_mfa_argon2id_param(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_http_mfa_main_conf_t *mmcf, ngx_str_t *arg)
{
    char        *rv;
    ssize_t      size;
    ngx_str_t    value;
    ngx_uint_t   n;

    n = 0;

    if (ngx_http_mfa_param(arg, "memory=", &value) == NGX_OK) {
        size = ngx_parse_size(&value);

        if (size < 8 * 1024 || size / 1024 > MFA_ARGON2_MEMORY_MAX) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\" in \"%V\": a size from 8k to "
                               "%dm is expected", arg, &cmd->name,
                               MFA_ARGON2_MEMORY_MAX / 1024);
            return NGX_CONF_ERROR;
        }

        mmcf->argon2.memory = size / 1024;
        return NGX_CONF_OK;
    }

    if (ngx_http_mfa_param(arg, "passes=", &value) == NGX_OK) {
        rv = ngx_http_mfa_number(cf, cmd, arg, &value, 1,
                                 MFA_ARGON2_PASSES_MAX, &n);
        mmcf->argon2.passes = n;
        return rv;
    }

    if (ngx_http_mfa_param(arg, "running=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 1,
                                   NGX_HTTP_MFA_RUNNING_MAX, &mmcf->running);
    }

    if (ngx_http_mfa_param(arg, "queue=", &value) == NGX_OK) {
        return ngx_http_mfa_number(cf, cmd, arg, &value, 1,
                                   NGX_HTTP_MFA_QUEUE_MAX, &mmcf->queued);
    }

    return ngx_http_mfa_unknown(cf, cmd, arg, "\"memory=\", \"passes=\", "
                                "\"running=\" and \"queue=\"");
}


static char *
ngx_http_mfa_check_argon2id(ngx_conf_t *cf, ngx_command_t *cmd,
    mfa_argon2_t *argon2)
{
    uint32_t  least;

    least = mfa_argon2_least(argon2->passes);

    if (argon2->memory >= least) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(cmd->name.data, "mfa_insecure_argon2id") == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"mfa_insecure_argon2id\" makes passwords easy to "
                           "guess for whoever steals their hashes");
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"mfa_argon2id\" is too weak: OWASP asks for \"memory="
                       "%uDk\" with \"passes=%uD\"; accept less by "
                       "\"mfa_insecure_argon2id\"", least, argon2->passes);

    return NGX_CONF_ERROR;
}


/* "name=value" */

static ngx_int_t
ngx_http_mfa_param(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len < len || ngx_strncmp(arg->data, name, len) != 0) {
        return NGX_DECLINED;
    }

    value->data = arg->data + len;
    value->len = arg->len - len;

    return NGX_OK;
}


static char *
ngx_http_mfa_unknown(ngx_conf_t *cf, ngx_command_t *cmd, ngx_str_t *arg,
    const char *known)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" in \"%V\": %s are known",
                       arg, &cmd->name, known);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_mfa_number(ngx_conf_t *cf, ngx_command_t *cmd, ngx_str_t *arg,
    ngx_str_t *value, ngx_int_t min, ngx_int_t max, ngx_uint_t *number)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n < min || n > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\" in \"%V\": a number from %i to %i "
                           "is expected", arg, &cmd->name, min, max);
        return NGX_CONF_ERROR;
    }

    *number = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_time(ngx_conf_t *cf, ngx_command_t *cmd, ngx_str_t *arg,
    ngx_str_t *value, time_t max, time_t *time)
{
    time_t  t;

    t = ngx_parse_time(value, 1);

    if (t < 1 || t > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%V\" in \"%V\": a time from 1s to %Ts "
                           "is expected", arg, &cmd->name, max);
        return NGX_CONF_ERROR;
    }

    *time = t;

    return NGX_CONF_OK;
}


/* what cookies and header fields may be called without trouble anywhere */

static ngx_uint_t
ngx_http_mfa_is_token(ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch >= '0' && ch <= '9') || ch == '-' || ch == '_'
            || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z'))
        {
            continue;
        }

        return 0;
    }

    return name->len != 0;
}
