
/*
 * Inside the directory: a file read into a snapshot.  Nothing here logs or
 * takes memory from a pool, so that it may run in a thread.
 */


#ifndef _NGX_HTTP_POSTERN_SNAPSHOT_H_INCLUDED_
#define _NGX_HTTP_POSTERN_SNAPSHOT_H_INCLUDED_


#include "ngx_http_postern_directory.h"


#define NGX_HTTP_POSTERN_DIGEST  32


/* lies in the arena of its directory */

struct ngx_http_postern_snapshot_s {
    postern_directory_t                    *dir;
    ngx_uint_t                              refs;
    ngx_http_postern_directory_feature_t
                                      features[NGX_HTTP_POSTERN_FEATURES];
    void                                   *built[NGX_HTTP_POSTERN_FEATURES];
    void                                   *prepared[NGX_HTTP_POSTERN_FEATURES];
#if (NGX_THREADS)
    ngx_thread_pool_t                      *thread_pool;  /* to free it in */
#endif
};


/* what of a file changes whenever its content may have; a preserved mtime hides
   nothing, since ctime cannot be set */

typedef struct {
    dev_t                                   dev;
    ino_t                                   ino;
    off_t                                   size;
    struct timespec                         mtime;
    struct timespec                         ctime;
} ngx_http_postern_file_t;


typedef enum {
    NGX_HTTP_POSTERN_LOAD_OK = 0,           /* snapshot is set, refs is 1 */
    NGX_HTTP_POSTERN_LOAD_SAME,             /* the text is that of `digest` */
    NGX_HTTP_POSTERN_LOAD_BROKEN,           /* fault is set */
    NGX_HTTP_POSTERN_LOAD_UNREADABLE,       /* err, failed are set */
    NGX_HTTP_POSTERN_LOAD_MEMORY
} ngx_http_postern_load_e;


typedef struct {
    /* in; digest is that of the text last tried, and of this one afterwards */
    const char                             *name;
    const ngx_http_postern_directory_feature_t  *features;
    u_char                                  digest[NGX_HTTP_POSTERN_DIGEST];

    /* out */
    ngx_http_postern_load_e                 result;
    ngx_http_postern_snapshot_t            *snapshot;
    ngx_http_postern_file_t                 file;
    postern_error_t                         fault;
    ngx_err_t                               err;
    const char                             *failed;  /* what could not be */
} ngx_http_postern_load_t;


void ngx_http_postern_snapshot_load(ngx_http_postern_load_t *load);

void ngx_http_postern_file_set(ngx_http_postern_file_t *file,
    const struct stat *st);


#endif /* _NGX_HTTP_POSTERN_SNAPSHOT_H_INCLUDED_ */
