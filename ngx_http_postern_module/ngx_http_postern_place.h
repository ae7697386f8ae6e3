
/*
 * Where directives stand.  What is wrong with several of them together is known
 * when levels are merged; nginx is at the end of the http block by then, and
 * that is the line it would name.
 *
 * A module notes the directives it may have to speak of as they are read, in a
 * list of each level, and merges the lists as it merges the values.  A level
 * begins with the directives of its own, so that the first place found is that
 * of the value that counts.
 */


#ifndef _NGX_HTTP_POSTERN_PLACE_H_INCLUDED_
#define _NGX_HTTP_POSTERN_PLACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_postern_place_s  ngx_http_postern_place_t;

struct ngx_http_postern_place_s {
    ngx_str_t                   directive;
    ngx_str_t                   file;
    ngx_fd_t                    fd;        /* NGX_INVALID_FILE: nginx -g */
    ngx_uint_t                  line;
    ngx_uint_t                  said;      /* bits, the module's own: warnings
                                              that were given of it */
    ngx_http_postern_place_t   *next;
};


/* room for what ngx_http_postern_at() returns */

typedef struct {
    ngx_conf_t                  cf;
    ngx_conf_file_t             file;
} ngx_http_postern_at_t;


/*
 * Of the directive that is being read, first in the list; in create_loc_conf()
 * it is the block that begins ("server", "location").
 */

static ngx_inline ngx_int_t
ngx_http_postern_note(ngx_conf_t *cf, ngx_http_postern_place_t **places)
{
    ngx_str_t                 *value;
    ngx_http_postern_place_t  *place;

    place = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_place_t));
    if (place == NULL) {
        return NGX_ERROR;
    }

    value = cf->args->elts;

    place->directive = value[0];
    place->file = cf->conf_file->file.name;
    place->fd = cf->conf_file->file.fd;
    place->line = cf->conf_file->line;
    place->next = *places;

    *places = place;

    return NGX_OK;
}


/* once for each level: the outer places, which stay shared, behind its own */

static ngx_inline void
ngx_http_postern_merge_places(ngx_http_postern_place_t *prev,
    ngx_http_postern_place_t **places)
{
    while (*places) {
        places = &(*places)->next;
    }

    *places = prev;
}


/* NULL where no level has the directive */

static ngx_inline ngx_http_postern_place_t *
ngx_http_postern_place(ngx_http_postern_place_t *places, const char *directive)
{
    size_t  len;

    len = ngx_strlen(directive);

    while (places) {

        if (places->directive.len == len
            && ngx_strncmp(places->directive.data, directive, len) == 0)
        {
            break;
        }

        places = places->next;
    }

    return places;
}


/*
 * For ngx_conf_log_error(): cf as it was at that place, or cf itself where it
 * is not known.
 */

static ngx_inline ngx_conf_t *
ngx_http_postern_at(ngx_conf_t *cf, const ngx_http_postern_place_t *place,
    ngx_http_postern_at_t *at)
{
    if (place == NULL) {
        return cf;
    }

    ngx_memzero(&at->file, sizeof(ngx_conf_file_t));

    at->file.file.name = place->file;
    at->file.file.fd = place->fd;
    at->file.line = place->line;

    at->cf = *cf;
    at->cf.conf_file = &at->file;

    return &at->cf;
}


/* 1 for the first who asks: however many levels inherit the directive, one
   warning will do */

static ngx_inline ngx_uint_t
ngx_http_postern_first(ngx_http_postern_place_t *place, ngx_uint_t bit)
{
    if (place == NULL) {
        return 1;
    }

    if (place->said & bit) {
        return 0;
    }

    place->said |= bit;

    return 1;
}


#endif /* _NGX_HTTP_POSTERN_PLACE_H_INCLUDED_ */
