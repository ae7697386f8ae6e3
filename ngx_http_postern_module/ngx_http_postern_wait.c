
/*
 * What a request does while its operation is under way.  Nothing here counts
 * references to the request: nginx ends it whenever it likes, and the clean-up
 * handler cancels the operation then.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_store.h"


typedef struct {
    ngx_http_postern_op_t        *op;
    void                        (*cancel)(ngx_http_postern_op_t *op);
    ngx_http_event_handler_pt     read_event_handler;
    unsigned                      watching:1;
} ngx_http_postern_waiting_t;


static void ngx_http_postern_wait_cleanup(void *data);


ngx_int_t
ngx_http_postern_wait(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    void (*cancel)(ngx_http_postern_op_t *op))
{
    ngx_http_cleanup_t          *cln;
    ngx_http_postern_waiting_t  *w;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_postern_waiting_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    w = cln->data;
    w->op = op;
    w->cancel = cancel;
    w->watching = 0;

    /* a subrequest's client is watched by the main request */

    if (r == r->main) {

        if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        w->read_event_handler = r->read_event_handler;
        w->watching = 1;

        r->read_event_handler = ngx_http_test_reading;
    }

    cln->handler = ngx_http_postern_wait_cleanup;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "postern wait for op %p", op);

    return NGX_OK;
}


static void
ngx_http_postern_wait_cleanup(void *data)
{
    ngx_http_postern_waiting_t *w = data;

    w->op->pending = 0;
    w->cancel(w->op);
}


void
ngx_http_postern_wake(ngx_http_request_t *r, ngx_http_postern_op_t *op)
{
    ngx_connection_t            *c;
    ngx_http_cleanup_t          *cln;
    ngx_http_postern_waiting_t  *w;

    c = r->connection;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "postern wake after op %p", op);

    for (cln = r->main->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_postern_wait_cleanup) {
            continue;
        }

        w = cln->data;

        if (w->op != op) {
            continue;
        }

        cln->handler = NULL;

        /* unless somebody else has begun to read meanwhile */

        if (w->watching && r->read_event_handler == ngx_http_test_reading) {
            r->read_event_handler = w->read_event_handler;
        }

        break;
    }

    /* re-armed, lest an event that came meanwhile is lost to who reads next */

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    if (ngx_http_post_request(r, NULL) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    ngx_http_run_posted_requests(c);
}
