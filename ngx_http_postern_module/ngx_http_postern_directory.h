
/*
 * Inside the core: the directory file.  The master reads it at configuration
 * time, workers inherit that snapshot over fork and read the file again when it
 * changes; a request keeps the snapshot it began with.
 */


#ifndef _NGX_HTTP_POSTERN_DIRECTORY_H_INCLUDED_
#define _NGX_HTTP_POSTERN_DIRECTORY_H_INCLUDED_


#include "ngx_http_postern_api.h"


/* a parsed directory with what the features made of it; refers to nothing of
   the cycle it was loaded in, and belongs to one process */

typedef struct ngx_http_postern_snapshot_s  ngx_http_postern_snapshot_t;

/* what changes while a worker runs: the snapshot in force, the file last seen,
   the timer, the thread task */

typedef struct ngx_http_postern_watch_s  ngx_http_postern_watch_t;


/* of one feature: the three functions of api.register_directory(), each may be
   NULL */

typedef struct {
    void                      *(*build)(const postern_directory_t *dir,
                                        postern_arena_t *arena);
    void                      *(*prepare)(const postern_directory_t *dir);
    void                       (*destroy)(void *prepared);
} ngx_http_postern_directory_feature_t;


/* a set of keys beside it: what of it stands in the configuration */

typedef struct {
    ngx_str_t                              file;      /* full name */
    postern_jwks_t                         set;
} ngx_http_postern_jwks_t;


/* the part of the core's main configuration that belongs to the directory;
   zeroed (ngx_pcalloc) means not configured */

typedef struct {
    ngx_str_t                              file;      /* full name, or empty */
    ngx_msec_t                             interval;  /* between two looks */
    ngx_array_t                           *jwks;      /* of
                                                   ngx_http_postern_jwks_t */
    ngx_http_postern_directory_feature_t
                                     features[NGX_HTTP_POSTERN_FEATURES];
    ngx_http_postern_watch_t              *watch;

    /* of the worker: called when another snapshot has come into force */
    void                                 (*swapped)(void *data);
    void                                  *swapped_data;
} ngx_http_postern_directory_conf_t;


/* the setter of "postern_directory file [interval]"; main level of http,
   NGX_CONF_TAKE12; cmd->offset is that of the directory conf in the conf */
char *ngx_http_postern_directory(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the setter of "postern_jwks file org=name ..."; the same, NGX_CONF_2MORE */
char *ngx_http_postern_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* behind api.register_directory(); NGX_ERROR when the feature did so already */
ngx_int_t ngx_http_postern_directory_register(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf, ngx_http_postern_feature_e f,
    void *(*build)(const postern_directory_t *dir, postern_arena_t *arena),
    void *(*prepare)(const postern_directory_t *dir),
    void (*destroy)(void *prepared));

/*
 * Loads the file; for the core's init_main_conf or postconfiguration, once all
 * features have registered.  NGX_ERROR with an [emerg] line when the file
 * cannot be read, is broken, or memory is out; NGX_OK at once when there is no
 * postern_directory.
 */
ngx_int_t ngx_http_postern_directory_init(ngx_conf_t *cf,
    ngx_http_postern_directory_conf_t *dcf);

/* what was loaded so, NULL where there is none: until workers watch the file */
const postern_directory_t *ngx_http_postern_directory_loaded(
    ngx_http_postern_directory_conf_t *dcf);

/* of the core's init_process and exit_process: watch the file, stop doing so */
ngx_int_t ngx_http_postern_directory_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf);
void ngx_http_postern_directory_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_directory_conf_t *dcf);


/*
 * The snapshot in force, which stays as it is until released, whatever happens
 * to the file, the configuration or the cycle meanwhile.  NULL when there is no
 * postern_directory.  Release it exactly once, in the same process: for
 * requests by a cleanup of the main request's pool.
 */
ngx_http_postern_snapshot_t *ngx_http_postern_snapshot_acquire(
    ngx_http_postern_directory_conf_t *dcf);
void ngx_http_postern_snapshot_release(ngx_http_postern_snapshot_t *snapshot);

/* once more, by whoever outlives the one that has acquired it */
void ngx_http_postern_snapshot_hold(ngx_http_postern_snapshot_t *snapshot);

const postern_directory_t *ngx_http_postern_snapshot_directory(
    ngx_http_postern_snapshot_t *snapshot);

/* what build() returned; NULL for a feature without one */
const void *ngx_http_postern_snapshot_built(
    ngx_http_postern_snapshot_t *snapshot, ngx_http_postern_feature_e f);

/* what prepare() returned, called now where this is the first time in the
   process; NULL without one, and when it failed (the next call tries again) */
void *ngx_http_postern_snapshot_prepared(
    ngx_http_postern_snapshot_t *snapshot, ngx_http_postern_feature_e f);


#endif /* _NGX_HTTP_POSTERN_DIRECTORY_H_INCLUDED_ */
