
/*
 * Keys in Redis, asked for by requests whose key the directory's file does not
 * have:
 *
 *     prefixkey:{id}                       the object of the key and its
 *                                          organization
 *     prefixkey:fingerprint:{SHA256:...}   ids of keys that have it
 *     prefixkey:issuer:{0a1b2c3d}          ids of authorities of that name
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_apart.h"
#include "ngx_http_postern_identity.h"

#include <sodium.h>


#define NGX_HTTP_POSTERN_APART_SIZE      1000     /* keys that are kept */
#define NGX_HTTP_POSTERN_APART_SIZE_MAX  100000
#define NGX_HTTP_POSTERN_APART_ASKING    512      /* questions at a time */
#define NGX_HTTP_POSTERN_APART_TOLD      60       /* s between two of one */
#define NGX_HTTP_POSTERN_APART_MAX       NGX_HTTP_POSTERN_VALUE_MAX

#define NGX_HTTP_POSTERN_APART_NAME                                           \
    (sizeof("fingerprint:{") - 1 + POSTERN_NAME_MAX)



/* a question that is under way */

typedef struct {
    ngx_http_postern_op_t            *op;
    ngx_http_request_t               *request;
    ngx_http_postern_apart_conf_t    *conf;
    ngx_http_postern_redis_op_t      *rop;
    ngx_http_postern_snapshot_t      *snapshot;    /* the request's */
    uint32_t                          epoch;
    postern_by_e                      by;
    ngx_str_t                         key;
    postern_str_t                     name;        /* in it */
} ngx_http_postern_apart_call_t;


static postern_str_t ngx_http_postern_apart_name(postern_by_e by,
    ngx_str_t *text, u_char *buf);
static ngx_int_t ngx_http_postern_apart_ask(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_http_postern_apart_conf_t *acf,
    postern_by_e by, postern_str_t name,
    ngx_http_postern_snapshot_t *snapshot);
static ngx_int_t ngx_http_postern_apart_submit(
    ngx_http_postern_apart_call_t *call);
static void ngx_http_postern_apart_cancel(ngx_http_postern_op_t *op);
static void ngx_http_postern_apart_done(ngx_http_postern_redis_op_t *rop);
static ngx_http_postern_result_e ngx_http_postern_apart_answer(
    ngx_http_postern_apart_call_t *call, ngx_http_postern_redis_op_t *rop);
static ngx_http_postern_result_e ngx_http_postern_apart_text(
    ngx_http_postern_apart_call_t *call, postern_str_t json, long long rest);
static ngx_http_postern_record_t *ngx_http_postern_apart_parse(
    ngx_http_postern_apart_call_t *call, postern_str_t text,
    const u_char *digest, postern_error_t *err);
static ngx_int_t ngx_http_postern_apart_read(
    ngx_http_postern_apart_call_t *call, postern_str_t text,
    ngx_http_postern_record_t *record, postern_arena_t *arena,
    postern_error_t *err);
static void ngx_http_postern_apart_fault(ngx_http_postern_apart_call_t *call,
    const u_char *digest, const postern_error_t *err);
static ngx_int_t ngx_http_postern_apart_give(ngx_http_request_t *r,
    ngx_http_postern_op_t *op, ngx_http_postern_record_t *record);
static void ngx_http_postern_apart_cleanup(void *data);
static ngx_int_t ngx_http_postern_apart_at_once(ngx_http_postern_op_t *op,
    ngx_http_postern_result_e result);


char *
ngx_http_postern_apart_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t                       n;
    ngx_str_t                      *value;
    ngx_http_postern_apart_conf_t  *acf;

    acf = (ngx_http_postern_apart_conf_t *) ((char *) conf + cmd->offset);

    if (acf->enable) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len != 5 || ngx_strncmp(value[1].data, "redis", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"postern_keys\": it must "
                           "be \"redis\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    acf->enable = 1;
    acf->size = NGX_HTTP_POSTERN_APART_SIZE;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (value[2].len > 6 && ngx_strncmp(value[2].data, "cache=", 6) == 0) {
        n = ngx_atoi(value[2].data + 6, value[2].len - 6);
    }

    if (n < 1 || n > NGX_HTTP_POSTERN_APART_SIZE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"postern_keys\": it "
                           "must be \"cache=\" and a number from 1 to %d",
                           &value[2], NGX_HTTP_POSTERN_APART_SIZE_MAX);
        return NGX_CONF_ERROR;
    }

    acf->size = n;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_postern_apart_init_process(ngx_cycle_t *cycle,
    ngx_http_postern_apart_conf_t *acf, ngx_http_postern_redis_t *redis,
    ngx_http_postern_directory_conf_t *dcf)
{
    /* the cache manager and its like have no requests */

    if (!acf->enable
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    acf->redis = redis;
    acf->cache = ngx_http_postern_apart_cache_create(cycle, redis, acf->size);

    if (acf->cache == NULL) {
        return NGX_ERROR;
    }

    dcf->swapped = ngx_http_postern_apart_cache_forget;
    dcf->swapped_data = acf->cache;

    return NGX_OK;
}


void
ngx_http_postern_apart_exit_process(ngx_cycle_t *cycle,
    ngx_http_postern_apart_conf_t *acf)
{
    if (acf->cache) {
        ngx_http_postern_apart_cache_exit(acf->cache);
    }
}


ngx_int_t
ngx_http_postern_apart_key(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    postern_by_e by, ngx_str_t *text)
{
    u_char                          buf[NGX_HTTP_POSTERN_APART_NAME];
    postern_str_t                   name;
    ngx_http_postern_record_t      *record;
    ngx_http_postern_snapshot_t    *snapshot;
    ngx_http_postern_apart_conf_t  *acf;

    acf = ngx_http_postern_apart_conf(r);

    if (acf->cache == NULL) {
        return NGX_DECLINED;
    }

    op->done = 0;
    op->pending = 0;
    op->msec = 0;
    op->apart = NULL;
    op->private = NULL;
    ngx_str_null(&op->value);

    snapshot = ngx_http_postern_snapshot(r);
    if (snapshot == NULL) {
        return NGX_ERROR;
    }

    if (!postern_directory_key_id(ngx_http_postern_slice(*text))) {
        return ngx_http_postern_apart_at_once(op, NGX_HTTP_POSTERN_NO);
    }

    name = ngx_http_postern_apart_name(by, text, buf);

    switch (ngx_http_postern_apart_cache_find(acf->cache, name, snapshot,
                                              &record))
    {
    case NGX_OK:
        return (ngx_http_postern_apart_give(r, op, record) == NGX_OK)
               ? ngx_http_postern_apart_at_once(op, NGX_HTTP_POSTERN_OK)
               : NGX_ERROR;

    case NGX_DECLINED:
        return ngx_http_postern_apart_at_once(op, NGX_HTTP_POSTERN_NO);

    default:
        return ngx_http_postern_apart_ask(r, op, acf, by, name, snapshot);
    }
}


/* as the cache has it */

static postern_str_t
ngx_http_postern_apart_name(postern_by_e by, ngx_str_t *text, u_char *buf)
{
    u_char         *p;
    postern_str_t   name;

    p = buf;

    if (by == POSTERN_BY_FINGERPRINT) {
        p = ngx_cpymem(p, "fingerprint:{", sizeof("fingerprint:{") - 1);

    } else if (by == POSTERN_BY_ISSUER) {
        p = ngx_cpymem(p, "issuer:{", sizeof("issuer:{") - 1);
    }

    p = ngx_cpymem(p, text->data, text->len);

    name.data = buf;
    name.len = p - buf;

    return name;
}


static ngx_int_t
ngx_http_postern_apart_at_once(ngx_http_postern_op_t *op,
    ngx_http_postern_result_e result)
{
    op->result = result;
    op->done = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_postern_apart_ask(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_apart_conf_t *acf, postern_by_e by, postern_str_t name,
    ngx_http_postern_snapshot_t *snapshot)
{
    u_char                         *p;
    ngx_str_t                      *prefix;
    ngx_http_postern_apart_call_t  *call;

    if (op->local) {
        return ngx_http_postern_apart_at_once(op,
                                              NGX_HTTP_POSTERN_UNAVAILABLE);
    }

    /* strangers may ask for what there is not: so many at a time */

    if (acf->asking >= NGX_HTTP_POSTERN_APART_ASKING) {
        return ngx_http_postern_apart_at_once(op,
                                              NGX_HTTP_POSTERN_UNAVAILABLE);
    }

    prefix = &acf->cache->prefix;

    call = ngx_pcalloc(r->main->pool, sizeof(ngx_http_postern_apart_call_t)
                                      + prefix->len + name.len + 2);
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->op = op;
    call->request = r;
    call->conf = acf;
    call->by = by;
    call->snapshot = snapshot;
    call->epoch = ngx_http_postern_apart_cache_epoch(acf->cache, name);

    p = (u_char *) (call + 1);
    call->key.data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);

    if (by == POSTERN_BY_ID) {
        *p++ = '{';
    }

    call->name.data = p;
    call->name.len = name.len;

    p = ngx_cpymem(p, name.data, name.len);
    *p++ = '}';

    call->key.len = p - call->key.data;

    return ngx_http_postern_apart_submit(call);
}


/* one byte more than a record may have, so that a longer one is seen to be */

static ngx_int_t
ngx_http_postern_apart_submit(ngx_http_postern_apart_call_t *call)
{
    u_char                             last[POSTERN_RESP_INT_MAX];
    postern_str_t                      args[2][4];
    ngx_http_postern_op_t             *op;
    ngx_http_postern_redis_command_t   commands[2];

    args[0][0] = (postern_str_t) postern_string("GETRANGE");
    args[0][1] = ngx_http_postern_slice(call->key);
    args[0][2] = (postern_str_t) postern_string("0");
    args[0][3] = postern_resp_int(last, NGX_HTTP_POSTERN_APART_MAX);
    args[1][0] = (postern_str_t) postern_string("PTTL");
    args[1][1] = args[0][1];

    commands[0].args = args[0];
    commands[0].nargs = 4;
    commands[1].args = args[1];
    commands[1].nargs = 2;

    op = call->op;

    call->rop = ngx_http_postern_redis_submit(call->conf->redis, commands, 2,
                                              call->conf->redis->timeout,
                                              ngx_http_postern_apart_done,
                                              call);
    if (call->rop == NULL) {
        return ngx_http_postern_apart_at_once(op,
                                              NGX_HTTP_POSTERN_UNAVAILABLE);
    }

    call->conf->asking++;

    op->private = call;
    op->pending = 1;

    if (ngx_http_postern_wait(call->request, op,
                              ngx_http_postern_apart_cancel)
        != NGX_OK)
    {
        op->pending = 0;
        ngx_http_postern_apart_cancel(op);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_http_postern_apart_cancel(ngx_http_postern_op_t *op)
{
    ngx_http_postern_apart_call_t  *call;

    call = op->private;

    call->conf->asking--;

    (void) ngx_http_postern_redis_cancel(call->rop);
}


static void
ngx_http_postern_apart_done(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_op_t          *op;
    ngx_http_postern_apart_call_t  *call;

    call = rop->data;
    op = call->op;

    call->conf->asking--;

    op->result = ngx_http_postern_apart_answer(call, rop);
    op->done = 1;
    op->pending = 0;
    op->private = NULL;

    ngx_http_postern_wake(call->request, op);
}


static ngx_http_postern_result_e
ngx_http_postern_apart_answer(ngx_http_postern_apart_call_t *call,
    ngx_http_postern_redis_op_t *rop)
{
    redisReply     *value, *rest;
    postern_str_t   json;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED) {
        return NGX_HTTP_POSTERN_UNAVAILABLE;
    }

    value = rop->replies[0];
    rest = rop->replies[1];

    if (value->type != REDIS_REPLY_STRING
        || rest->type != REDIS_REPLY_INTEGER)
    {
        if (value->type == REDIS_REPLY_ERROR) {
            ngx_http_postern_redis_complain(rop->redis, value);

        } else if (rest->type == REDIS_REPLY_ERROR) {
            ngx_http_postern_redis_complain(rop->redis, rest);
        }

        return NGX_HTTP_POSTERN_UNAVAILABLE;
    }

    if (value->len == 0 && rest->integer == -2) {
        ngx_http_postern_apart_cache_keep(call->conf->cache, call->name,
                                          call->epoch, NULL, NULL);
        return NGX_HTTP_POSTERN_NO;
    }

    json.data = (u_char *) value->str;
    json.len = value->len;

    return ngx_http_postern_apart_text(call, json, rest->integer);
}


/* rest: ms until it expires, -1 never, -2 it has in between */

static ngx_http_postern_result_e
ngx_http_postern_apart_text(ngx_http_postern_apart_call_t *call,
    postern_str_t json, long long rest)
{
    u_char                           digest[NGX_HTTP_POSTERN_APART_DIGEST];
    ngx_int_t                        rc;
    postern_error_t                  err;
    ngx_http_postern_record_t       *record;
    ngx_http_postern_apart_cache_t  *cache;

    if (rest == 0 || rest < -1) {
        return NGX_HTTP_POSTERN_NO;
    }

    cache = call->conf->cache;

    (void) crypto_generichash(digest, sizeof(digest), json.data, json.len,
                              NULL, 0);

    record = ngx_http_postern_apart_cache_same(cache, call->name,
                                               call->snapshot, digest);

    if (record) {
        record->refs++;

    } else {
        ngx_memzero(&err, sizeof(postern_error_t));

        record = ngx_http_postern_apart_parse(call, json, digest, &err);

        if (record == NULL && ngx_strcmp(err.text, "out of memory") == 0) {
            return NGX_HTTP_POSTERN_UNAVAILABLE;
        }

        if (record == NULL) {
            ngx_http_postern_apart_fault(call, digest, &err);
            ngx_http_postern_apart_cache_keep(cache, call->name, call->epoch,
                                              call->snapshot, NULL);
            return NGX_HTTP_POSTERN_NO;
        }
    }

    record->ends = (rest > 0);
    record->expires = ngx_current_msec + (ngx_msec_t) ngx_max(rest, 0);

    ngx_http_postern_apart_cache_keep(cache, call->name, call->epoch,
                                      call->snapshot, record);

    rc = ngx_http_postern_apart_give(call->request, call->op, record);

    ngx_http_postern_record_release(record);

    return (rc == NGX_OK) ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_UNAVAILABLE;
}


/* the record has one reference, the caller's */

static ngx_http_postern_record_t *
ngx_http_postern_apart_parse(ngx_http_postern_apart_call_t *call,
    postern_str_t text, const u_char *digest, postern_error_t *err)
{
    ngx_int_t                   rc;
    postern_arena_t            *arena;
    ngx_http_postern_record_t  *record;

    ngx_memcpy(err->text, "out of memory", sizeof("out of memory"));

    arena = postern_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    record = postern_arena_alloc(arena, sizeof(ngx_http_postern_record_t));

    rc = record ? ngx_http_postern_apart_read(call, text, record, arena, err)
                : NGX_ERROR;

    if (rc != NGX_OK) {
        postern_arena_destroy(arena);
        return NULL;
    }

    ngx_http_postern_snapshot_hold(call->snapshot);

    record->refs = 1;
    record->arena = arena;
    record->snapshot = call->snapshot;
    record->apart.serial = ++call->conf->serial;
    ngx_memcpy(record->digest, digest, NGX_HTTP_POSTERN_APART_DIGEST);

    return record;
}


static ngx_int_t
ngx_http_postern_apart_read(ngx_http_postern_apart_call_t *call,
    postern_str_t text, ngx_http_postern_record_t *record,
    postern_arena_t *arena, postern_error_t *err)
{
    ngx_http_postern_apart_t  *apart;

    apart = &record->apart;

    if (text.len > NGX_HTTP_POSTERN_APART_MAX) {
        ngx_memzero(err, sizeof(postern_error_t));
        (void) ngx_snprintf((u_char *) err->text, sizeof(err->text) - 1,
                            "has more than %d bytes",
                            NGX_HTTP_POSTERN_APART_MAX);
        return NGX_ERROR;
    }

    if (call->by == POSTERN_BY_ID) {
        apart->key = postern_directory_key_parse(
                       ngx_http_postern_snapshot_directory(call->snapshot),
                       call->name, text, arena, err);

        return apart->key ? NGX_OK : NGX_ERROR;
    }

    apart->ids = postern_directory_ids_parse(text, arena, &apart->nids, err);

    return apart->ids ? NGX_OK : NGX_ERROR;
}


/* each text once in a while: without the other connection nothing is kept of
   it, and any client may ask for it */

static void
ngx_http_postern_apart_fault(ngx_http_postern_apart_call_t *call,
    const u_char *digest, const postern_error_t *err)
{
    ngx_http_postern_apart_conf_t  *acf;

    acf = call->conf;

    if (ngx_time() - acf->told < NGX_HTTP_POSTERN_APART_TOLD
        && ngx_memcmp(acf->broken, digest, NGX_HTTP_POSTERN_APART_DIGEST) == 0)
    {
        return;
    }

    acf->told = ngx_time();
    ngx_memcpy(acf->broken, digest, NGX_HTTP_POSTERN_APART_DIGEST);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "key \"%V\" of postern_redis %V cannot be used: "
                  "%ui:%ui: %s%s%s", &call->key, &acf->redis->name,
                  (ngx_uint_t) err->line, (ngx_uint_t) err->column,
                  err->path, err->path[0] ? ": " : "", err->text);
}


/* for as long as the request lives, whatever becomes of it in the cache */

static ngx_int_t
ngx_http_postern_apart_give(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_record_t *record)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->main->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_postern_apart_cleanup;
    cln->data = record;

    record->refs++;
    op->apart = &record->apart;

    return NGX_OK;
}


static void
ngx_http_postern_apart_cleanup(void *data)
{
    ngx_http_postern_record_release(data);
}
