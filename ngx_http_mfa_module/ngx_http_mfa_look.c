
/*
 * What pages are made of: read and compiled when the configuration is read,
 * once for all locations that name the same files.
 */


#include "ngx_http_mfa_module.h"

#include <sodium.h>


typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_mfa_look_t         *look;
    ngx_uint_t                   failed;
} ngx_http_mfa_reading_t;


static char *ngx_http_mfa_alone(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static char *ngx_http_mfa_find_look(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf, ngx_http_mfa_look_t **found);
static ngx_int_t ngx_http_mfa_texts(ngx_conf_t *cf,
    ngx_http_mfa_look_t *look);
static ngx_int_t ngx_http_mfa_templates(ngx_conf_t *cf,
    ngx_http_mfa_look_t *look);
static ngx_int_t ngx_http_mfa_folder(ngx_conf_t *cf, ngx_str_t *folder);
static ngx_int_t ngx_http_mfa_asset(ngx_conf_t *cf,
    ngx_http_mfa_look_t *look, postern_str_t name, postern_str_t *text,
    ngx_str_t *from);
static postern_str_t ngx_http_mfa_partial(void *data, postern_str_t name);
static char *ngx_http_mfa_style(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf, ngx_http_mfa_look_t *look);
static char *ngx_http_mfa_language(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static char *ngx_http_mfa_logo(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static char *ngx_http_mfa_block_list(ngx_conf_t *cf,
    ngx_http_mfa_loc_conf_t *conf);
static ngx_int_t ngx_http_mfa_read_list(ngx_conf_t *cf,
    ngx_http_mfa_list_file_t *list);
static ngx_int_t ngx_http_mfa_read(ngx_conf_t *cf, ngx_str_t *file,
    size_t max, ngx_uint_t optional, ngx_str_t *content);
static void ngx_http_mfa_fault(ngx_conf_t *cf, ngx_str_t *file,
    const postern_error_t *err);
static postern_alloc_t ngx_http_mfa_conf_allocator(ngx_conf_t *cf);
static void *ngx_http_mfa_conf_palloc(void *data, size_t size);


typedef struct {
    ngx_str_t   ending;
    ngx_str_t   type;
} ngx_http_mfa_image_t;


static ngx_http_mfa_image_t  ngx_http_mfa_images[] = {
    { ngx_string(".svg"), ngx_string("image/svg+xml") },
    { ngx_string(".png"), ngx_string("image/png") },
    { ngx_string(".jpg"), ngx_string("image/jpeg") },
    { ngx_string(".jpeg"), ngx_string("image/jpeg") },
    { ngx_string(".webp"), ngx_string("image/webp") },
    { ngx_null_string, ngx_null_string }
};


static ngx_str_t  ngx_http_mfa_built_in = ngx_string("built in");


char *
ngx_http_mfa_set_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    u_char      *p, *last;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (mlcf->brand.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > MFA_BRAND_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name \"%V\" in \"mfa_name\" must have from 1 "
                           "to %d bytes", &value[1], MFA_BRAND_MAX);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < value[1].len; i++) {

        if (value[1].data[i] < 0x20 || value[1].data[i] == 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "control characters in \"mfa_name\"");
            return NGX_CONF_ERROR;
        }
    }

    p = value[1].data;
    last = p + value[1].len;

    while (p < last) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        if (ngx_utf8_decode(&p, last - p) > 0x10ffff) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the name in \"mfa_name\" is not UTF-8");
            return NGX_CONF_ERROR;
        }
    }

    mlcf->brand = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_set_colors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mfa_loc_conf_t *mlcf = conf;

    ngx_str_t      *arg;
    ngx_uint_t      i;
    postern_str_t   color, *to;

    if (mlcf->colors.accent.data || mlcf->colors.accent_dark.data) {
        return "is duplicate";
    }

    arg = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        color = ngx_http_postern_slice(arg[i]);

        if (ngx_strncmp(arg[i].data, "accent=", 7) == 0) {
            to = &mlcf->colors.accent;
            color.data += 7;
            color.len -= 7;

        } else if (ngx_strncmp(arg[i].data, "accent_dark=", 12) == 0) {
            to = &mlcf->colors.accent_dark;
            color.data += 12;
            color.len -= 12;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown parameter \"%V\" in \"%V\": "
                               "\"accent=\" and \"accent_dark=\" are known",
                               &arg[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        if (!mfa_color_valid(color)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\" in \"%V\": a colour such as "
                               "\"#1a5fb4\" is expected", &arg[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        *to = color;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_mfa_look(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    ngx_http_mfa_look_t  *look;

    if (ngx_http_mfa_alone(cf, conf) != NGX_CONF_OK
        || ngx_http_mfa_find_look(cf, conf, &look) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    conf->texts = look->texts;
    conf->templates = look->templates;

    if (ngx_http_mfa_style(cf, conf, look) != NGX_CONF_OK
        || ngx_http_mfa_language(cf, conf) != NGX_CONF_OK
        || ngx_http_mfa_logo(cf, conf) != NGX_CONF_OK
        || ngx_http_mfa_block_list(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* who else answers there, a proxy perhaps, would be guarded by nobody */

static char *
ngx_http_mfa_alone(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if ((conf->pages && clcf->handler != ngx_http_mfa_pages_handler)
        || (conf->admin && clcf->handler != ngx_http_mfa_admin_handler))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" does not go with another directive that "
                           "answers requests in \"location %V\"",
                           conf->pages ? "mfa_pages" : "mfa_admin",
                           &clcf->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_find_look(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf,
    ngx_http_mfa_look_t **found)
{
    ngx_uint_t                  i;
    ngx_http_mfa_look_t        *look, **looks, **slot;
    ngx_http_mfa_main_conf_t   *mmcf;

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    looks = mmcf->looks->elts;

    for (i = 0; i < mmcf->looks->nelts; i++) {
        look = looks[i];

        if (look->folder.len == conf->folder.len
            && look->file.len == conf->texts_file.len
            && ngx_strncmp(look->folder.data, conf->folder.data,
                           look->folder.len) == 0
            && ngx_strncmp(look->file.data, conf->texts_file.data,
                           look->file.len) == 0)
        {
            *found = look;
            return NGX_CONF_OK;
        }
    }

    look = ngx_pcalloc(cf->pool, sizeof(ngx_http_mfa_look_t));
    if (look == NULL) {
        return NGX_CONF_ERROR;
    }

    look->folder = conf->folder;
    look->file = conf->texts_file;

    if (ngx_http_mfa_texts(cf, look) != NGX_OK
        || ngx_http_mfa_templates(cf, look) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    slot = ngx_array_push(mmcf->looks);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = look;
    *found = look;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_mfa_texts(ngx_conf_t *cf, ngx_http_mfa_look_t *look)
{
    ngx_str_t         content;
    postern_str_t     json, name = postern_string("texts.json");
    postern_error_t   err;
    postern_alloc_t   alloc;

    ngx_memzero(&err, sizeof(postern_error_t));

    alloc = ngx_http_mfa_conf_allocator(cf);
    json = mfa_asset(name);

    look->texts = mfa_catalogue_parse(json, NULL, &alloc, &err);

    if (look->texts == NULL) {
        ngx_http_mfa_fault(cf, &ngx_http_mfa_built_in, &err);
        return NGX_ERROR;
    }

    if (look->file.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_mfa_read(cf, &look->file, MFA_CATALOGUE_MAX, 0, &content)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    look->texts = mfa_catalogue_parse(ngx_http_postern_slice(content),
                                      look->texts, &alloc, &err);

    if (look->texts == NULL) {
        ngx_http_mfa_fault(cf, &look->file, &err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_templates(ngx_conf_t *cf, ngx_http_mfa_look_t *look)
{
    ngx_uint_t               page;
    ngx_str_t                from;
    postern_str_t            text, css = postern_string("style.css");
    postern_error_t          err;
    postern_alloc_t          alloc;
    mfa_template_env_t       env;
    ngx_http_mfa_reading_t   reading;

    if (look->folder.len && ngx_http_mfa_folder(cf, &look->folder) != NGX_OK) {
        return NGX_ERROR;
    }

    reading.cf = cf;
    reading.look = look;
    reading.failed = 0;

    env.partial = ngx_http_mfa_partial;
    env.data = &reading;
    env.names = mfa_page_names;
    env.texts = look->texts;

    alloc = ngx_http_mfa_conf_allocator(cf);

    for (page = 0; page < MFA_PAGES; page++) {

        if (ngx_http_mfa_asset(cf, look, mfa_page_file(page), &text, &from)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memzero(&err, sizeof(postern_error_t));

        look->templates[page] = mfa_template_compile(text, &env, &alloc, &err);

        if (reading.failed) {
            return NGX_ERROR;
        }

        if (look->templates[page] == NULL) {
            ngx_http_mfa_fault(cf, &from, &err);
            return NGX_ERROR;
        }
    }

    return ngx_http_mfa_asset(cf, look, css, &look->style, &from);
}


/* a file that is missing there is one of ours, a folder that is missing is a
   mistake */

static ngx_int_t
ngx_http_mfa_folder(ngx_conf_t *cf, ngx_str_t *folder)
{
    ngx_str_t        name;
    ngx_file_info_t  fi;

    name = *folder;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_file_info(name.data, &fi) == NGX_FILE_ERROR || !ngx_is_dir(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"mfa_templates\" is not a folder",
                           &name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a file of the operator's folder, or else the one that is built in */

static ngx_int_t
ngx_http_mfa_asset(ngx_conf_t *cf, ngx_http_mfa_look_t *look,
    postern_str_t name, postern_str_t *text, ngx_str_t *from)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   content = ngx_null_string;

    *from = ngx_http_mfa_built_in;

    if (look->folder.len) {
        p = ngx_pnalloc(cf->pool, look->folder.len + 1 + name.len + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        from->data = p;
        p = ngx_sprintf(p, "%V/%*s%Z", &look->folder, name.len, name.data);
        from->len = p - from->data - 1;

        rc = ngx_http_mfa_read(cf, from, MFA_TEMPLATE_MAX, 1, &content);

        if (rc != NGX_DECLINED) {
            *text = ngx_http_postern_slice(content);
            return rc;
        }

        *from = ngx_http_mfa_built_in;
    }

    *text = mfa_asset(name);

    return NGX_OK;
}


static postern_str_t
ngx_http_mfa_partial(void *data, postern_str_t name)
{
    ngx_http_mfa_reading_t *reading = data;

    ngx_str_t       from;
    postern_str_t   text, none = postern_null_string;

    if (name.len == 0 || memchr(name.data, '/', name.len) != NULL) {
        return none;
    }

    if (ngx_http_mfa_asset(reading->cf, reading->look, name, &text, &from)
        != NGX_OK)
    {
        reading->failed = 1;
        return none;
    }

    return text;
}


/* the style sheet as it is sent: the colours of the brand stand at its end */

static char *
ngx_http_mfa_style(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf,
    ngx_http_mfa_look_t *look)
{
    u_char   *p, hash[crypto_generichash_BYTES_MIN];
    size_t    n;

    p = ngx_pnalloc(cf->pool, look->style.len + MFA_STYLE_MAX);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->style.data = p;
    p = ngx_cpymem(p, look->style.data, look->style.len);

    if (conf->colors.accent.data || conf->colors.accent_dark.data) {
        n = mfa_style_colors(&conf->colors, (char *) p, MFA_STYLE_MAX);
        p += n;
    }

    conf->style.len = p - conf->style.data;

    (void) crypto_generichash(hash, sizeof(hash), conf->style.data,
                              conf->style.len, NULL, 0);

    p = ngx_pnalloc(cf->pool, 2 + 2 * sizeof(hash));
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->style_etag.data = p;

    *p++ = '"';
    p = ngx_hex_dump(p, hash, sizeof(hash));
    *p++ = '"';

    conf->style_etag.len = p - conf->style_etag.data;

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_language(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    unsigned              i, n;
    const postern_str_t  *tags;

    if (conf->language_tag.len == 0) {
        return NGX_CONF_OK;
    }

    tags = mfa_catalogue_languages(conf->texts, &n);

    for (i = 0; i < n; i++) {

        if (tags[i].len == conf->language_tag.len
            && ngx_strncasecmp((u_char *) tags[i].data,
                               conf->language_tag.data, tags[i].len) == 0)
        {
            conf->language = i;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "there are no texts for \"%V\" of \"mfa_language\": "
                       "name a file that has them in \"mfa_texts\"",
                       &conf->language_tag);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_mfa_logo(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    ngx_http_mfa_image_t  *image;

    if (conf->logo_file.len == 0) {
        return NGX_CONF_OK;
    }

    for (image = ngx_http_mfa_images; image->ending.len; image++) {

        if (conf->logo_file.len > image->ending.len
            && ngx_strncasecmp(conf->logo_file.data + conf->logo_file.len
                               - image->ending.len, image->ending.data,
                               image->ending.len) == 0)
        {
            conf->logo_type = image->type;
            break;
        }
    }

    if (image->ending.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the file \"%V\" of \"mfa_logo\" is no image that "
                           "pages can show: \".svg\", \".png\", \".jpg\" and "
                           "\".webp\" are known", &conf->logo_file);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_mfa_read(cf, &conf->logo_file, MFA_LOGO_MAX, 0, &conf->logo)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mfa_block_list(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf)
{
    ngx_uint_t                  i;
    ngx_http_postern_at_t       at;
    ngx_http_mfa_main_conf_t   *mmcf;
    ngx_http_mfa_list_file_t   *list;
    ngx_http_postern_place_t   *place;

    if (!conf->block) {
        place = ngx_http_postern_place(conf->places,
                                       "mfa_insecure_block_list");

        if (ngx_http_postern_first(place, 1)) {
            ngx_conf_log_error(NGX_LOG_WARN,
                               ngx_http_postern_at(cf, place, &at), 0,
                               "\"mfa_insecure_block_list off\" lets people "
                               "choose passwords that are guessed first");
        }

        conf->rules.block = NULL;
        return NGX_CONF_OK;
    }

    mmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_mfa_module);
    list = mmcf->lists->elts;

    for (i = 0; i < mmcf->lists->nelts; i++) {

        if (list[i].file.len == conf->block_file.len
            && (list[i].file.len == 0
                || ngx_strncmp(list[i].file.data, conf->block_file.data,
                               list[i].file.len) == 0))
        {
            conf->rules.block = list[i].list;
            return NGX_CONF_OK;
        }
    }

    list = ngx_array_push(mmcf->lists);
    if (list == NULL) {
        return NGX_CONF_ERROR;
    }

    list->file = conf->block_file;

    if (ngx_http_mfa_read_list(cf, list) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->rules.block = list->list;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_mfa_read_list(ngx_conf_t *cf, ngx_http_mfa_list_file_t *list)
{
    ngx_str_t         content, from;
    postern_str_t     text;
    postern_error_t   err;
    postern_alloc_t   alloc;

    if (list->file.len == 0) {
        from = ngx_http_mfa_built_in;
        text.data = mfa_common_passwords;
        text.len = mfa_common_passwords_len;

    } else {
        from = list->file;

        if (ngx_http_mfa_read(cf, &from, MFA_BLOCK_LIST_MAX, 0, &content)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        text = ngx_http_postern_slice(content);
    }

    ngx_memzero(&err, sizeof(postern_error_t));

    alloc = ngx_http_mfa_conf_allocator(cf);

    list->list = mfa_block_list_parse(text, &alloc, &err);

    if (list->list == NULL) {
        ngx_http_mfa_fault(cf, &from, &err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* NGX_DECLINED: there is no such file, and none is needed */

static ngx_int_t
ngx_http_mfa_read(ngx_conf_t *cf, ngx_str_t *file, size_t max,
    ngx_uint_t optional, ngx_str_t *content)
{
    off_t             size;
    ssize_t           n;
    ngx_err_t         err;
    ngx_str_t         name;
    ngx_file_t        f;
    ngx_file_info_t   fi;

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&f, sizeof(ngx_file_t));

    f.name = name;
    f.log = cf->log;
    f.fd = ngx_open_file(name.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                         NGX_FILE_OPEN, 0);

    if (f.fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (optional && err == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           ngx_open_file_n " \"%V\" failed", &name);
        return NGX_ERROR;
    }

    if (ngx_fd_info(f.fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a regular file", &name);
        (void) ngx_close_file(f.fd);
        return NGX_ERROR;
    }

    size = ngx_file_size(&fi);

    if (size > (off_t) max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has %O bytes, more than the %uz that are "
                           "read", &name, size, max);
        (void) ngx_close_file(f.fd);
        return NGX_ERROR;
    }

    content->len = size;
    content->data = ngx_pnalloc(cf->pool, size + 1);

    n = content->data ? ngx_read_file(&f, content->data, size, 0) : NGX_ERROR;

    if (n != (ssize_t) size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" could not be read to its end", &name);
        (void) ngx_close_file(f.fd);
        return NGX_ERROR;
    }

    (void) ngx_close_file(f.fd);

    return NGX_OK;
}


static void
ngx_http_mfa_fault(ngx_conf_t *cf, ngx_str_t *file,
    const postern_error_t *err)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V:%ui:%ui: %s%s%s", file,
                       (ngx_uint_t) err->line, (ngx_uint_t) err->column,
                       err->path, err->path[0] ? ": " : "", err->text);
}


static postern_alloc_t
ngx_http_mfa_conf_allocator(ngx_conf_t *cf)
{
    postern_alloc_t  alloc;

    alloc.alloc = ngx_http_mfa_conf_palloc;
    alloc.data = cf->pool;

    return alloc;
}


static void *
ngx_http_mfa_conf_palloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}
