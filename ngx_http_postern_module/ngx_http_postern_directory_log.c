
/* what is said of the directory's files */

#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_snapshot.h"


void
ngx_http_postern_directory_fault(ngx_http_postern_watch_t *watch,
    ngx_uint_t level)
{
    char                       *kept;
    postern_error_t            *fault;
    ngx_http_postern_load_t    *load;
    ngx_http_postern_source_t  *source;

    load = &watch->load;
    fault = &load->fault;
    source = &load->sources[load->at];

    kept = level == NGX_LOG_EMERG ? "" : "; the last good one stays in force";

    switch (load->result) {

    case NGX_HTTP_POSTERN_LOAD_BROKEN:

        if (fault->line) {
            ngx_log_error(level, watch->log, 0,
                          "%s \"%s:%ui:%ui\": %s%s%s%s", source->kind,
                          source->name, (ngx_uint_t) fault->line,
                          (ngx_uint_t) fault->column, fault->path,
                          fault->path[0] ? ": " : "", fault->text, kept);
            return;
        }

        ngx_log_error(level, watch->log, 0, "%s \"%s\": %s%s%s%s",
                      source->kind, source->name, fault->path,
                      fault->path[0] ? ": " : "", fault->text, kept);
        return;

    case NGX_HTTP_POSTERN_LOAD_UNREADABLE:
        ngx_log_error(level, watch->log, load->err, "%s \"%s\": %s failed%s",
                      source->kind, source->name, load->failed, kept);
        return;

    default:
        ngx_log_error(level, watch->log, 0, "%s \"%s\": out of memory%s",
                      source->kind, source->name, kept);
        return;
    }
}


void
ngx_http_postern_directory_plain(ngx_http_postern_watch_t *watch,
    ngx_http_postern_snapshot_t *snapshot)
{
    ngx_str_t  first;

    if (snapshot->dir->nplain == 0) {
        return;
    }

    first = ngx_http_postern_str(snapshot->dir->plain_first);

    ngx_log_error(NGX_LOG_WARN, watch->log, 0,
                  "directory \"%V\": secrets that lie open: %uD, the first at "
                  "%V; seal them with \"postern seal\"", &watch->conf->file,
                  snapshot->dir->nplain, &first);
}


/* real sets hold keys of other kinds: counted, for those who miss one */

void
ngx_http_postern_directory_skipped(ngx_http_postern_watch_t *watch)
{
    ngx_uint_t                i;
    postern_jwks_t           *set;
    ngx_http_postern_load_t  *load;

    load = &watch->load;

    for (i = 0; i + 1 < load->nsources; i++) {
        set = &load->sets[i];

        if (set->nskipped) {
            ngx_log_error(NGX_LOG_INFO, watch->log, 0,
                          "jwks \"%s\": keys %uD, skipped as they sign no "
                          "requests here: %uD", load->sources[i + 1].name,
                          set->nkeys, set->nskipped);
        }
    }
}


/* else the first change would tell, which may be a revocation */

void
ngx_http_postern_directory_access(ngx_http_postern_watch_t *watch)
{
    ngx_uint_t                  i;
    ngx_http_postern_source_t  *source;

    for (i = 0; i < watch->load.nsources; i++) {
        source = &watch->load.sources[i];

        if (access(source->name, R_OK) == -1) {
            watch->failed = ngx_errno;
            watch->failed_at = i;

            ngx_log_error(NGX_LOG_ERR, watch->log, ngx_errno,
                          "%s \"%s\" cannot be read by workers: changes of "
                          "it will not come into force", source->kind,
                          source->name);
            return;
        }
    }
}
