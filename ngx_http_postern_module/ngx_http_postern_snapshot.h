
/*
 * Inside the directory: its files read into a snapshot.  Nothing here logs or
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


/* a file that the snapshot is made of: the document first, then sets of keys */

typedef struct {
    const char                             *kind;    /* for messages */
    const char                             *name;
    off_t                                   max;
    ngx_http_postern_file_t                 file;    /* as it was read */

    /* while it is being read */
    u_char                                 *text;
    size_t                                  len;
} ngx_http_postern_source_t;


typedef enum {
    NGX_HTTP_POSTERN_LOAD_OK = 0,           /* snapshot is set, refs is 1 */
    NGX_HTTP_POSTERN_LOAD_SAME,             /* all is that of `digest` */
    NGX_HTTP_POSTERN_LOAD_BROKEN,           /* fault, at are set */
    NGX_HTTP_POSTERN_LOAD_UNREADABLE,       /* err, failed, at are set */
    NGX_HTTP_POSTERN_LOAD_MEMORY
} ngx_http_postern_load_e;


typedef struct {
    /* in; digest is that of the texts last tried, and of these afterwards */
    ngx_http_postern_source_t              *sources;
    ngx_uint_t                              nsources;
    postern_jwks_t                         *sets;    /* of sources[1] on */
    const ngx_http_postern_directory_feature_t  *features;
    u_char                                  digest[NGX_HTTP_POSTERN_DIGEST];

    /* out */
    ngx_http_postern_load_e                 result;
    ngx_http_postern_snapshot_t            *snapshot;
    ngx_uint_t                              at;      /* the source at fault */
    postern_error_t                         fault;
    ngx_err_t                               err;
    const char                             *failed;  /* what could not be */
} ngx_http_postern_load_t;


void ngx_http_postern_snapshot_load(ngx_http_postern_load_t *load);

void ngx_http_postern_file_set(ngx_http_postern_file_t *file,
    const struct stat *st);


struct ngx_http_postern_watch_s {
    ngx_event_t                             event;

    /* what nginx takes for a connection when it logs the event, see
       ngx_event_ident(): the number must follow three pointers */
    void                                   *ident[3];
    ngx_int_t                               ident_fd;

    ngx_http_postern_directory_conf_t      *conf;
    ngx_log_t                              *log;
    ngx_http_postern_snapshot_t            *current;
    ngx_http_postern_load_t                 load;
    ngx_http_postern_file_t                *seen;    /* of each source, when it
                                                        was read last */
    ngx_http_postern_file_t                *now;     /* and looked at last */
    ngx_msec_t                              started;
    ngx_int_t                               failed;  /* errno that was told,
                                                        0: could be read */
    ngx_uint_t                              failed_at;
#if (NGX_THREADS)
    ngx_thread_pool_t                      *thread_pool;
    ngx_thread_task_t                       task;
#endif

    unsigned                                again:1; /* look into it anyway */
};


/* ngx_http_postern_directory_log.c */

/* of what was loaded last, why it is not in force */
void ngx_http_postern_directory_fault(ngx_http_postern_watch_t *watch,
    ngx_uint_t level);
/* of it, what is in force and should be known */
void ngx_http_postern_directory_plain(ngx_http_postern_watch_t *watch,
    ngx_http_postern_snapshot_t *snapshot);
void ngx_http_postern_directory_skipped(ngx_http_postern_watch_t *watch);
/* may a worker read the files? */
void ngx_http_postern_directory_access(ngx_http_postern_watch_t *watch);


#endif /* _NGX_HTTP_POSTERN_SNAPSHOT_H_INCLUDED_ */
