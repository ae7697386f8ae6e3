
/*
 * The store over Redis: what it takes more than one command to decide is a
 * script there, called by its digest, and sent whole where Redis does not know
 * it.  A script reads the clock of Redis, which all nodes share, has one key,
 * and answers with one number.
 */


#define NGX_HTTP_POSTERN_CORE

#include "ngx_http_postern_store_call.h"

#include <ngx_sha1.h>


/* EVALSHA, the digest, 1, the key */
#define NGX_HTTP_POSTERN_SCRIPT_ARGS  (4 + NGX_HTTP_POSTERN_STORE_ARGS)


struct ngx_http_postern_script_s {
    postern_str_t                text;

    /* what its answer means */
    ngx_http_postern_result_e  (*answer)(ngx_http_postern_op_t *op,
                                         long long number);

    u_char                       sha[40];
};


static ngx_int_t ngx_http_postern_script_call(
    ngx_http_postern_store_call_t *call, ngx_http_postern_script_t *script);
static ngx_int_t ngx_http_postern_script_copy(
    ngx_http_postern_store_call_t *call);
static ngx_int_t ngx_http_postern_script_send(
    ngx_http_postern_store_call_t *call);
static void ngx_http_postern_script_done(ngx_http_postern_redis_op_t *rop);
static ngx_http_postern_result_e ngx_http_postern_script_rate_answer(
    ngx_http_postern_op_t *op, long long number);
static ngx_http_postern_result_e ngx_http_postern_script_swap_answer(
    ngx_http_postern_op_t *op, long long number);
static ngx_http_postern_result_e ngx_http_postern_script_guess_answer(
    ngx_http_postern_op_t *op, long long number);


/*
 * GCRA as in postern_table_rate(), in µs: 0, or the ms to wait.  ARGV: the step
 * between two, the span of a burst.
 */

static ngx_http_postern_script_t  ngx_http_postern_script_rate = {
    postern_string(
    "if redis.replicate_commands then redis.replicate_commands() end "
    "local t = redis.call('TIME') "
    "local now = t[1] * 1000000 + t[2] "
    "local step, span = tonumber(ARGV[1]), tonumber(ARGV[2]) "
    "local tat = tonumber(redis.call('GET', KEYS[1]) or 0) "
    "if tat < now then tat = now end "
    "if tat > now + span then tat = now + span end "
    "local over = tat + step - now - span "
    "if over > 0 then return math.ceil(over / 1000) end "
    "tat = tat + step "
    "redis.call('SET', KEYS[1], string.format('%.0f', tat), "
    "'PX', math.ceil((tat - now) / 1000)) "
    "return 0"),
    ngx_http_postern_script_rate_answer,
    { 0 }
};


/*
 * 1, or 0 where the record read otherwise.  ARGV: the ttl; "1" and the value it
 * must have, or "0" and "" for none; the same of what it gets.
 */

static ngx_http_postern_script_t  ngx_http_postern_script_swap = {
    postern_string(
    "local v = redis.call('GET', KEYS[1]) "
    "if ARGV[2] == '1' then "
    "if v ~= ARGV[3] then return 0 end "
    "elseif v then return 0 end "
    "if ARGV[4] == '1' then "
    "redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[1]) "
    "else redis.call('DEL', KEYS[1]) end "
    "return 1"),
    ngx_http_postern_script_swap_answer,
    { 0 }
};


/*
 * As postern_table_guess(): the number of the guess, 0 where there is no
 * further one, or minus the ms to wait.  ARGV: free, max, wait, wait_max, ttl.
 */

static ngx_http_postern_script_t  ngx_http_postern_script_guess = {
    postern_string(
    "if redis.replicate_commands then redis.replicate_commands() end "
    "local t = redis.call('TIME') "
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
    "local free, max = tonumber(ARGV[1]), tonumber(ARGV[2]) "
    "local wait, longest = tonumber(ARGV[3]), tonumber(ARGV[4]) "
    "local ttl = tonumber(ARGV[5]) "
    "local n, after = 0, now "
    "local v = redis.call('GET', KEYS[1]) "
    "if v then "
    "local a, b = string.match(v, '^(%d+) (%d+)$') "
    "n, after = tonumber(a), tonumber(b) end "
    "if max > 0 and n >= max then return 0 end "
    "if after > now + longest then after = now + longest end "
    "if after > now then return now - after end "
    "n = n + 1 "
    "local w = 0 "
    "if n >= free and wait > 0 then "
    "w = math.min(wait * 2 ^ math.min(n - free, 50), longest) end "
    "if max == 0 and wait > 0 and longest > 0 then "
    "ttl = math.min(ttl, n * longest) end "
    "redis.call('SET', KEYS[1], string.format('%.0f %.0f', n, now + w), "
    "'PX', string.format('%.0f', math.max(ttl, w))) "
    "return n"),
    ngx_http_postern_script_guess_answer,
    { 0 }
};


static ngx_http_postern_script_t  *ngx_http_postern_scripts[] = {
    &ngx_http_postern_script_rate,
    &ngx_http_postern_script_swap,
    &ngx_http_postern_script_guess
};


void
ngx_http_postern_store_script_init(void)
{
    u_char                      digest[20];
    ngx_sha1_t                  sha1;
    ngx_uint_t                  i;
    ngx_http_postern_script_t  *script;

    for (i = 0;
         i < sizeof(ngx_http_postern_scripts)
             / sizeof(ngx_http_postern_scripts[0]);
         i++)
    {
        script = ngx_http_postern_scripts[i];

        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, script->text.data, script->text.len);
        ngx_sha1_final(digest, &sha1);
        (void) ngx_hex_dump(script->sha, digest, sizeof(digest));
    }
}


/* the first step: with a copy of the arguments, which may be sent twice */

static ngx_int_t
ngx_http_postern_script_call(ngx_http_postern_store_call_t *call,
    ngx_http_postern_script_t *script)
{
    call->script = script;

    if (ngx_http_postern_script_copy(call) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_postern_script_send(call) != NGX_OK) {
        ngx_http_postern_store_script_wipe(call);
        return ngx_http_postern_store_refused(call->op);
    }

    return ngx_http_postern_store_wait(call);
}


static ngx_int_t
ngx_http_postern_script_copy(ngx_http_postern_store_call_t *call)
{
    u_char      *p;
    ngx_uint_t   i;

    call->ncopied = 0;

    for (i = 0; i < call->nargs; i++) {
        call->ncopied += call->args[i].len;
    }

    p = ngx_pnalloc(call->pool, call->ncopied);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->copied = p;

    for (i = 0; i < call->nargs; i++) {
        if (call->args[i].len) {
            ngx_memcpy(p, call->args[i].data, call->args[i].len);
        }

        call->args[i].data = p;
        p += call->args[i].len;
    }

    return NGX_OK;
}


void
ngx_http_postern_store_script_wipe(ngx_http_postern_store_call_t *call)
{
    if (call->copied) {
        ngx_explicit_memzero(call->copied, call->ncopied);
        call->copied = NULL;
    }
}


static ngx_int_t
ngx_http_postern_script_send(ngx_http_postern_store_call_t *call)
{
    ngx_uint_t                         i;
    postern_str_t                      args[NGX_HTTP_POSTERN_SCRIPT_ARGS];
    ngx_http_postern_redis_command_t   command;

    if (call->whole) {
        args[0] = (postern_str_t) postern_string("EVAL");
        args[1] = call->script->text;

    } else {
        args[0] = (postern_str_t) postern_string("EVALSHA");
        args[1].data = call->script->sha;
        args[1].len = sizeof(call->script->sha);
    }

    args[2] = (postern_str_t) postern_string("1");
    args[3] = ngx_http_postern_slice(call->key);

    for (i = 0; i < call->nargs; i++) {
        args[4 + i] = call->args[i];
    }

    command.args = args;
    command.nargs = 4 + call->nargs;

    return ngx_http_postern_store_send(call, &command, 1,
                                       ngx_http_postern_script_done);
}


static void
ngx_http_postern_script_done(ngx_http_postern_redis_op_t *rop)
{
    redisReply                     *reply;
    ngx_http_postern_result_e       result;
    ngx_http_postern_store_call_t  *call;

    call = rop->data;

    if (rop->outcome == NGX_HTTP_POSTERN_REDIS_REPLIED
        && rop->replies[0]->type == REDIS_REPLY_ERROR
        && ngx_strncmp(rop->replies[0]->str, "NOSCRIPT", 8) == 0
        && !call->whole)
    {
        call->whole = 1;

        if (ngx_http_postern_script_send(call) == NGX_OK) {
            return;
        }

        ngx_http_postern_store_finish(call, NGX_HTTP_POSTERN_UNAVAILABLE);
        return;
    }

    reply = ngx_http_postern_store_reply(rop, REDIS_REPLY_INTEGER);

    result = reply ? call->script->answer(call->op, reply->integer)
                   : NGX_HTTP_POSTERN_UNAVAILABLE;

    ngx_http_postern_store_finish(call, result);
}


/* steps and spans as in postern_table_rate() */

ngx_int_t
ngx_http_postern_store_call_rate(ngx_http_postern_store_call_t *call,
    ngx_uint_t limit, ngx_msec_t period)
{
    u_char    buf[2][POSTERN_RESP_INT_MAX];
    uint64_t  step;

    step = ((uint64_t) period * 1000 + limit - 1) / limit;

    call->args[0] = postern_resp_int(buf[0], step);
    call->args[1] = postern_resp_int(buf[1], step * limit);
    call->nargs = 2;

    return ngx_http_postern_script_call(call, &ngx_http_postern_script_rate);
}


static ngx_http_postern_result_e
ngx_http_postern_script_rate_answer(ngx_http_postern_op_t *op,
    long long number)
{
    if (number < 0) {
        return NGX_HTTP_POSTERN_UNAVAILABLE;
    }

    op->msec = (ngx_msec_t) number;

    return number ? NGX_HTTP_POSTERN_NO : NGX_HTTP_POSTERN_OK;
}


ngx_int_t
ngx_http_postern_store_call_swap(ngx_http_postern_store_call_t *call,
    ngx_str_t *old, ngx_str_t *value, ngx_msec_t ttl)
{
    u_char     buf[POSTERN_RESP_INT_MAX];
    ngx_str_t  none = ngx_null_string;

    call->args[0] = postern_resp_int(buf, ttl);
    call->args[1] = old ? (postern_str_t) postern_string("1")
                        : (postern_str_t) postern_string("0");
    call->args[2] = ngx_http_postern_slice(old ? *old : none);
    call->args[3] = value ? (postern_str_t) postern_string("1")
                          : (postern_str_t) postern_string("0");
    call->args[4] = ngx_http_postern_slice(value ? *value : none);
    call->nargs = 5;

    return ngx_http_postern_script_call(call, &ngx_http_postern_script_swap);
}


static ngx_http_postern_result_e
ngx_http_postern_script_swap_answer(ngx_http_postern_op_t *op,
    long long number)
{
    return (number == 1) ? NGX_HTTP_POSTERN_OK : NGX_HTTP_POSTERN_NO;
}


ngx_int_t
ngx_http_postern_store_call_guess(ngx_http_postern_store_call_t *call,
    const postern_table_backoff_t *backoff)
{
    u_char  buf[5][POSTERN_RESP_INT_MAX];

    call->args[0] = postern_resp_int(buf[0], backoff->free);
    call->args[1] = postern_resp_int(buf[1], backoff->max);
    call->args[2] = postern_resp_int(buf[2], (uint64_t) backoff->wait);
    call->args[3] = postern_resp_int(buf[3], (uint64_t) backoff->wait_max);
    call->args[4] = postern_resp_int(buf[4], (uint64_t) backoff->ttl);
    call->nargs = 5;

    return ngx_http_postern_script_call(call, &ngx_http_postern_script_guess);
}


static ngx_http_postern_result_e
ngx_http_postern_script_guess_answer(ngx_http_postern_op_t *op,
    long long number)
{
    if (number > 0) {
        op->msec = (ngx_msec_t) number;
        return NGX_HTTP_POSTERN_OK;
    }

    op->msec = (ngx_msec_t) -number;

    return NGX_HTTP_POSTERN_NO;
}
