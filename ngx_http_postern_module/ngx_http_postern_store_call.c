
/*
 * The store over Redis: the steps of an operation, one function each.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_store_call.h"

#include <sodium.h>


static ngx_int_t ngx_http_postern_store_submit(
    ngx_http_postern_store_call_t *call, const postern_str_t *args,
    size_t nargs, ngx_http_postern_redis_handler_pt handler);
static void ngx_http_postern_store_cancel(ngx_http_postern_op_t *op);
static void ngx_http_postern_store_end(ngx_http_postern_store_call_t *call);

static ngx_uint_t ngx_http_postern_store_claim_local(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_set(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_claim_somebodys(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_made(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_store_claim_seen(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_claim_open(
    ngx_http_postern_store_call_t *call,
    ngx_http_postern_redis_outcome_e outcome);
static void ngx_http_postern_store_get_done(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_put_done(ngx_http_postern_redis_op_t *rop);
static void ngx_http_postern_store_delete_done(
    ngx_http_postern_redis_op_t *rop);


/*
 * The key is prefix{org}:kind:name.  What would end the tag early is escaped,
 * so that two organizations never share a key.
 */

ngx_http_postern_store_call_t *
ngx_http_postern_store_call(ngx_http_request_t *r, ngx_http_postern_op_t *op,
    ngx_http_postern_redis_t *redis, postern_table_kind_e kind, ngx_str_t *org,
    ngx_str_t *name)
{
    size_t                          i;
    u_char                         *p;
    ngx_pool_t                     *pool;
    ngx_http_postern_store_call_t  *call;

    pool = r ? r->main->pool : op->pool;

    call = ngx_pcalloc(pool, sizeof(ngx_http_postern_store_call_t)
                             + redis->prefix.len + 3 * org->len + name->len
                             + sizeof("{}:c:"));
    if (call == NULL) {
        return NULL;
    }

    call->op = op;
    call->request = r;
    call->pool = pool;
    call->redis = redis;
    call->deadline = ngx_current_msec + redis->timeout;

    p = (u_char *) (call + 1);
    call->key.data = p;

    p = ngx_cpymem(p, redis->prefix.data, redis->prefix.len);
    *p++ = '{';

    for (i = 0; i < org->len; i++) {
        if (org->data[i] == '{' || org->data[i] == '}' || org->data[i] == '%') {
            *p++ = '%';
            p = ngx_hex_dump(p, &org->data[i], 1);

        } else {
            *p++ = org->data[i];
        }
    }

    *p++ = '}';
    *p++ = ':';
    *p++ = (u_char) kind;
    *p++ = ':';
    p = ngx_cpymem(p, name->data, name->len);

    call->key.len = p - call->key.data;

    return call;
}


ngx_int_t
ngx_http_postern_store_send(ngx_http_postern_store_call_t *call,
    const ngx_http_postern_redis_command_t *commands, ngx_uint_t n,
    ngx_http_postern_redis_handler_pt handler)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);

    call->rop = ngx_http_postern_redis_submit(call->redis, commands, n,
                                              ngx_max(left, 1), handler, call);

    return call->rop ? NGX_OK : NGX_DECLINED;
}


/* the first and often only step of an operation */

static ngx_int_t
ngx_http_postern_store_submit(ngx_http_postern_store_call_t *call,
    const postern_str_t *args, size_t nargs,
    ngx_http_postern_redis_handler_pt handler)
{
    ngx_http_postern_redis_command_t  command;

    command.args = args;
    command.nargs = nargs;

    if (ngx_http_postern_store_send(call, &command, 1, handler) != NGX_OK) {
        return ngx_http_postern_store_refused(call->op);
    }

    return ngx_http_postern_store_wait(call);
}


ngx_int_t
ngx_http_postern_store_wait(ngx_http_postern_store_call_t *call)
{
    call->op->private = call;
    call->op->pending = 1;

    if (call->request
        && ngx_http_postern_wait(call->request, call->op,
                                 ngx_http_postern_store_cancel)
           != NGX_OK)
    {
        call->op->pending = 0;
        ngx_http_postern_store_cancel(call->op);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_http_postern_store_cancel(ngx_http_postern_op_t *op)
{
    ngx_http_postern_store_call_t     *call;
    ngx_http_postern_redis_outcome_e   outcome;

    call = op->private;

    outcome = ngx_http_postern_redis_cancel(call->rop);

    /* whatever Redis has done: nobody was accepted */

    ngx_http_postern_store_claim_open(call, outcome);
    ngx_http_postern_store_end(call);
}


/*
 * A copy was dropped before the record was written, and is once more after it:
 * whoever asked in between may have seen the record as it was.
 */

static void
ngx_http_postern_store_end(ngx_http_postern_store_call_t *call)
{
    if (call->drops) {
        ngx_http_postern_zone_drop(&call->zn);
    }

    ngx_http_postern_store_script_wipe(call);
}


void
ngx_http_postern_store_finish(ngx_http_postern_store_call_t *call,
    ngx_http_postern_result_e result)
{
    ngx_http_postern_op_t  *op;

    ngx_http_postern_store_end(call);

    op = call->op;
    op->result = result;
    op->done = 1;
    op->pending = 0;
    op->private = NULL;

    if (call->request) {
        ngx_http_postern_wake(call->request, op);
        return;
    }

    op->handler(op);
}


redisReply *
ngx_http_postern_store_reply(ngx_http_postern_redis_op_t *rop, int type)
{
    redisReply  *reply;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED) {
        return NULL;
    }

    reply = rop->replies[0];

    if (reply->type == type) {
        return reply;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_http_postern_redis_complain(rop->redis, reply);
    }

    return NULL;
}


/* SET key node-token-ttl NX PX ttl */

ngx_int_t
ngx_http_postern_store_call_claim(ngx_http_postern_store_call_t *call)
{
    u_char                            *p, px[POSTERN_RESP_INT_MAX];
    uint64_t                           node, token;
    postern_str_t                      args[6];
    ngx_http_postern_redis_command_t   command;

    if (call->attempt.owner) {
        node = postern_table_node(call->zn.zone->table);
        token = call->attempt.token;

    } else {
        randombytes_buf(&node, sizeof(node));
        randombytes_buf(&token, sizeof(token));
    }

    p = ngx_sprintf(call->claim, "%016xL-%016xL-%M", node, token, call->ttl);
    call->claim_len = p - call->claim;

    args[0] = (postern_str_t) postern_string("SET");
    args[1] = ngx_http_postern_slice(call->key);
    args[2].data = call->claim;
    args[2].len = call->claim_len;
    args[3] = (postern_str_t) postern_string("NX");
    args[4] = (postern_str_t) postern_string("PX");
    args[5] = postern_resp_int(px, call->ttl);

    command.args = args;
    command.nargs = 6;

    if (ngx_http_postern_store_send(call, &command, 1,
                                    ngx_http_postern_store_claim_set)
        != NGX_OK)
    {
        if (ngx_http_postern_store_claim_local(call)) {
            call->op->result = NGX_HTTP_POSTERN_OK;
            call->op->done = 1;
            return NGX_OK;
        }

        ngx_http_postern_store_claim_open(call, NGX_HTTP_POSTERN_REDIS_UNSENT);
        return ngx_http_postern_store_refused(call->op);
    }

    return ngx_http_postern_store_wait(call);
}


/*
 * Redis has said nothing of the claim.  Where the caller has asked for it, this
 * node then decides alone: its reservation becomes the claim, once.
 */

static ngx_uint_t
ngx_http_postern_store_claim_local(ngx_http_postern_store_call_t *call)
{
    if (!call->op->local || call->attempt.owner == 0
        || ngx_http_postern_zone_settle(&call->zn, call->attempt.owner)
           != POSTERN_TABLE_OK)
    {
        return 0;
    }

    call->op->alone = 1;

    return 1;
}


static void
ngx_http_postern_store_claim_set(ngx_http_postern_redis_op_t *rop)
{
    postern_str_t                      args[2][2];
    ngx_http_postern_store_call_t     *call;
    ngx_http_postern_redis_command_t   commands[2];

    call = rop->data;

    if (ngx_http_postern_store_reply(rop, REDIS_REPLY_STATUS)) {
        ngx_http_postern_store_claim_made(call);
        return;
    }

    if (ngx_http_postern_store_reply(rop, REDIS_REPLY_NIL) == NULL) {

        if (ngx_http_postern_store_claim_local(call)) {
            ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_OK);
            return;
        }

        /* a SET that fails has set nothing */

        ngx_http_postern_store_claim_open(call,
                           rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
                           ? NGX_HTTP_POSTERN_REDIS_UNSENT : rop->outcome);
        ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_UNAVAILABLE);
        return;
    }

    /* somebody's: whose, and since when? */

    args[0][0] = (postern_str_t) postern_string("GET");
    args[0][1] = ngx_http_postern_slice(call->key);
    args[1][0] = (postern_str_t) postern_string("PTTL");
    args[1][1] = args[0][1];

    commands[0].args = args[0];
    commands[0].nargs = 2;
    commands[1].args = args[1];
    commands[1].nargs = 2;

    if (ngx_http_postern_store_send(call, commands, 2,
                                    ngx_http_postern_store_claim_seen)
        == NGX_OK)
    {
        return;
    }

    ngx_http_postern_store_claim_somebodys(call);
}


/*
 * The key is there, and it cannot be seen whose it is.  A first attempt knows
 * that it is not its own; one that took over an attempt in doubt does not.
 */

static void
ngx_http_postern_store_claim_somebodys(ngx_http_postern_store_call_t *call)
{
    ngx_uint_t  first;

    first = (call->attempt.owner == call->attempt.token);

    ngx_http_postern_store_claim_open(call, NGX_HTTP_POSTERN_REDIS_UNSENT);
    ngx_http_postern_store_finish(call, first ? NGX_HTTP_POSTERN_NO
                                              : NGX_HTTP_POSTERN_UNAVAILABLE);
}


/* Redis says that the claim is ours: it counts if the zone still says so */

static void
ngx_http_postern_store_claim_made(ngx_http_postern_store_call_t *call)
{
    postern_table_result_e  rc;

    /* past the deadline it says nothing, see ngx_http_postern_store_claim() */

    if ((ngx_msec_int_t) (ngx_current_msec - call->deadline) > 0) {

        if (ngx_http_postern_store_claim_local(call)) {
            ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_OK);
            return;
        }

        ngx_http_postern_store_claim_open(call,
                                          NGX_HTTP_POSTERN_REDIS_UNKNOWN);
        ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_UNAVAILABLE);
        return;
    }

    rc = POSTERN_TABLE_OK;

    if (call->attempt.owner) {
        rc = ngx_http_postern_zone_confirm(&call->zn, call->attempt.owner);
    }

    ngx_http_postern_store_finish(call, rc == POSTERN_TABLE_OK
                                        ? NGX_HTTP_POSTERN_OK
                                        : NGX_HTTP_POSTERN_UNAVAILABLE);
}


static void
ngx_http_postern_store_claim_seen(ngx_http_postern_redis_op_t *rop)
{
    int64_t                         ttl, rest;
    redisReply                     *value, *pttl;
    postern_str_t                   s;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;

    if (rop->outcome != NGX_HTTP_POSTERN_REDIS_REPLIED
        || rop->replies[0]->type != REDIS_REPLY_STRING
        || rop->replies[1]->type != REDIS_REPLY_INTEGER)
    {
        /* also where it has expired in between: the next attempt will see */

        ngx_http_postern_store_claim_somebodys(call);
        return;
    }

    value = rop->replies[0];
    pttl = rop->replies[1];

    if (value->len > NGX_HTTP_POSTERN_STORE_TOKEN
        && call->claim_len > NGX_HTTP_POSTERN_STORE_TOKEN
        && ngx_memcmp(value->str, call->claim, NGX_HTTP_POSTERN_STORE_TOKEN)
           == 0)
    {
        /* an attempt of ours that nobody has heard of */

        ngx_http_postern_store_claim_made(call);
        return;
    }

    s.data = (u_char *) value->str;
    s.len = value->len;

    if (s.len > NGX_HTTP_POSTERN_STORE_TOKEN + 1) {
        s.data += NGX_HTTP_POSTERN_STORE_TOKEN + 1;
        s.len -= NGX_HTTP_POSTERN_STORE_TOKEN + 1;
    }

    rest = ngx_max(pttl->integer, 0);

    if (postern_resp_parse_int(s, &ttl) && ttl >= rest) {
        call->op->msec = (ngx_msec_t) (ttl - rest);
    }

    if (call->attempt.owner) {
        ngx_http_postern_zone_known(&call->zn, call->attempt.owner,
                                    call->op->msec, (ngx_msec_t) rest);
    }

    ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_NO);
}


/* leaves the reservation of a claim that was not accepted */

static void
ngx_http_postern_store_claim_open(ngx_http_postern_store_call_t *call,
    ngx_http_postern_redis_outcome_e outcome)
{
    if (call->attempt.owner == 0) {
        return;
    }

    /* an attempt before this one may have got through */

    if (outcome == NGX_HTTP_POSTERN_REDIS_UNSENT
        && call->attempt.owner == call->attempt.token)
    {
        ngx_http_postern_zone_release(&call->zn, &call->quota,
                                      call->attempt.owner);
        return;
    }

    ngx_http_postern_zone_doubt(&call->zn, call->attempt.owner);
}


ngx_int_t
ngx_http_postern_store_call_get(ngx_http_postern_store_call_t *call,
    ngx_uint_t take)
{
    postern_str_t  args[2];

    args[0] = take ? (postern_str_t) postern_string("GETDEL")
                   : (postern_str_t) postern_string("GET");
    args[1] = ngx_http_postern_slice(call->key);

    return ngx_http_postern_store_submit(call, args, 2,
                                         ngx_http_postern_store_get_done);
}


static void
ngx_http_postern_store_get_done(ngx_http_postern_redis_op_t *rop)
{
    redisReply                     *reply;
    ngx_http_postern_result_e       result;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;
    result = NGX_HTTP_POSTERN_UNAVAILABLE;

    reply = ngx_http_postern_store_reply(rop, REDIS_REPLY_STRING);

    if (reply) {
        if (reply->len <= NGX_HTTP_POSTERN_VALUE_MAX
            && ngx_http_postern_store_value(call->request, call->op,
                                            (u_char *) reply->str, reply->len)
               == NGX_OK)
        {
            result = NGX_HTTP_POSTERN_OK;

            if (call->keeps) {
                ngx_http_postern_zone_copy(&call->zn, call->epoch, call->asked,
                                           call->age,
                                     ngx_http_postern_slice(call->op->value));
            }
        }

    } else if (rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
               && rop->replies[0]->type == REDIS_REPLY_NIL)
    {
        result = NGX_HTTP_POSTERN_NO;
    }

    ngx_http_postern_store_finish(call, result);
}


ngx_int_t
ngx_http_postern_store_call_put(ngx_http_postern_store_call_t *call,
    ngx_str_t *value, ngx_msec_t ttl)
{
    u_char         px[POSTERN_RESP_INT_MAX];
    postern_str_t  args[5];

    args[0] = (postern_str_t) postern_string("SET");
    args[1] = ngx_http_postern_slice(call->key);
    args[2] = ngx_http_postern_slice(*value);
    args[3] = (postern_str_t) postern_string("PX");
    args[4] = postern_resp_int(px, ttl);

    return ngx_http_postern_store_submit(call, args, 5,
                                         ngx_http_postern_store_put_done);
}


static void
ngx_http_postern_store_put_done(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_store_finish(rop->data,
                          ngx_http_postern_store_reply(rop, REDIS_REPLY_STATUS)
                          ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_UNAVAILABLE);
}


ngx_int_t
ngx_http_postern_store_call_delete(ngx_http_postern_store_call_t *call)
{
    postern_str_t  args[2];

    args[0] = (postern_str_t) postern_string("DEL");
    args[1] = ngx_http_postern_slice(call->key);

    return ngx_http_postern_store_submit(call, args, 2,
                                         ngx_http_postern_store_delete_done);
}


static void
ngx_http_postern_store_delete_done(ngx_http_postern_redis_op_t *rop)
{
    ngx_http_postern_store_finish(rop->data,
                         ngx_http_postern_store_reply(rop, REDIS_REPLY_INTEGER)
                         ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_UNAVAILABLE);
}
