
/*
 * The ways to the threads: one of passwords, one of files of accounts.
 */


#include "ngx_http_mfa_module.h"


static ngx_http_postern_lane_t *ngx_http_mfa_lane(ngx_cycle_t *cycle,
    ngx_http_mfa_main_conf_t *mmcf);
static void ngx_http_mfa_room_keep(ngx_http_mfa_main_conf_t *mmcf,
    ngx_uint_t n);
static void ngx_http_mfa_room_cleanup(void *data);


ngx_int_t
ngx_http_mfa_lanes(ngx_cycle_t *cycle)
{
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mfa_module);

    if (mmcf == NULL || mmcf->thread_pool == NULL) {
        return NGX_OK;
    }

    mmcf->lane = ngx_http_mfa_lane(cycle, mmcf);
    mmcf->files = ngx_http_mfa_lane(cycle, mmcf);

    return (mmcf->lane && mmcf->files) ? NGX_OK : NGX_ERROR;
}


static ngx_http_postern_lane_t *
ngx_http_mfa_lane(ngx_cycle_t *cycle, ngx_http_mfa_main_conf_t *mmcf)
{
    ngx_http_postern_lane_t  *lane;

    static ngx_str_t  shared = ngx_string("default");

    lane = ngx_pcalloc(cycle->pool, sizeof(ngx_http_postern_lane_t));
    if (lane == NULL) {
        return NULL;
    }

    lane->pool = mmcf->thread_pool;
    lane->running = mmcf->running;
    lane->queued = mmcf->queued;

    /* in nginx's own pool the threads also read files */

    if (mmcf->pool_name.len
        && (mmcf->pool_name.len != shared.len
            || ngx_memcmp(mmcf->pool_name.data, shared.data, shared.len) != 0))
    {
        lane->nice = NGX_HTTP_MFA_NICE;
    }

    return lane;
}


/*
 * A place is kept by making the queue one shorter for everybody else, who do
 * not keep places.  The sum of jobs and places is never more than the lane
 * holds, so that whoever gives a place back to start a job finds it free.
 */

ngx_int_t
ngx_http_mfa_room_take(ngx_http_request_t *r, ngx_http_mfa_room_t *room)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_postern_lane_t   *lane;
    ngx_http_mfa_main_conf_t  *mmcf;

    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);
    lane = mmcf->lane;

    if (lane == NULL) {
        return NGX_ERROR;
    }

    if (lane->nrunning + lane->nqueued + mmcf->kept
        >= mmcf->running + mmcf->queued)
    {
        return NGX_BUSY;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_mfa_room_cleanup;
    cln->data = room;

    room->in = mmcf;
    ngx_http_mfa_room_keep(mmcf, mmcf->kept + 1);

    return NGX_OK;
}


void
ngx_http_mfa_room_give(ngx_http_mfa_room_t *room)
{
    if (room->in) {
        ngx_http_mfa_room_keep(room->in, room->in->kept - 1);
        room->in = NULL;
    }
}


static void
ngx_http_mfa_room_keep(ngx_http_mfa_main_conf_t *mmcf, ngx_uint_t n)
{
    mmcf->kept = n;
    mmcf->lane->queued = mmcf->queued - ngx_min(n, mmcf->queued);
}


static void
ngx_http_mfa_room_cleanup(void *data)
{
    ngx_http_mfa_room_give(data);
}
