
/*
 * The store as directives, for tests.  It is built by util/build-test-module,
 * never shipped, and uses the core as features do: through its one header.
 *
 *     postern_test claim  org name ttl;          first | duplicate AGE
 *     postern_test get    org name;              found VALUE | none
 *     postern_test put    org name value ttl;    kept
 *     postern_test delete org name;              deleted
 *     postern_test take   org name;              found VALUE | none
 *     postern_test rate   org name limit period; allowed | limited WAIT
 *     postern_test recent org name age;          found VALUE | none
 *     postern_test swap   org name old new ttl;  swapped | differs; "-": none
 *     postern_test attempt org name free wait wait_max max ttl;
 *                                                go NUMBER | wait MS | never
 *     postern_test clear  org name;              cleared
 *     postern_test local  org name ttl;          as claim; "alone" where Redis
 *                                                had no part in it
 *     postern_test capped org name ttl owner limit window;
 *                                                as claim, or over WAIT
 *     postern_test job    text ms;               done TEXT, backwards
 *
 * and "unavailable" for each; all arguments may hold variables, times are in
 * ms.  With "postern_test_detached on" the operation is not the request's own:
 * its result goes to the error log, and the client hears "submitted".
 *
 * With "postern_test_beside MS" a job of that time begins before the operation,
 * and the client is answered after both.
 *
 * Jobs go through the lane of "postern_test_lane running queued", on the level
 * of http, and tell the error log when they begin and end.  At once answer
 *
 *     postern_test mac    n purpose data;        hex | no key | error
 *     postern_test seal   name secret;           SEALED opens as SECRET
 *     postern_test lane;                         RUNNING running, QUEUED queued
 *     postern_test quota  org owner limit window; free | over WAIT | unknown
 *
 * and "postern_test_has" warns of what the core says that there is.
 */


#include "ngx_http_postern_api.h"


typedef enum {
    NGX_HTTP_POSTERN_TEST_CLAIM = 0,
    NGX_HTTP_POSTERN_TEST_GET,
    NGX_HTTP_POSTERN_TEST_PUT,
    NGX_HTTP_POSTERN_TEST_DELETE,
    NGX_HTTP_POSTERN_TEST_TAKE,
    NGX_HTTP_POSTERN_TEST_RATE,
    NGX_HTTP_POSTERN_TEST_RECENT,
    NGX_HTTP_POSTERN_TEST_SWAP,
    NGX_HTTP_POSTERN_TEST_ATTEMPT,
    NGX_HTTP_POSTERN_TEST_CLEAR,
    NGX_HTTP_POSTERN_TEST_LOCAL,
    NGX_HTTP_POSTERN_TEST_CAPPED,
    NGX_HTTP_POSTERN_TEST_JOB,
    NGX_HTTP_POSTERN_TEST_MAC,
    NGX_HTTP_POSTERN_TEST_SEAL,
    NGX_HTTP_POSTERN_TEST_LANE,
    NGX_HTTP_POSTERN_TEST_QUOTA,
    NGX_HTTP_POSTERN_TEST_NONE
} ngx_http_postern_test_op_e;


#define NGX_HTTP_POSTERN_TEST_ARGS  7


typedef struct {
    ngx_http_postern_lane_t      lane;
    ngx_flag_t                   has;
} ngx_http_postern_test_main_conf_t;


typedef struct {
    ngx_uint_t                   what;
    ngx_array_t                  args;    /* ngx_http_complex_value_t */
    ngx_flag_t                   detached;
    ngx_http_complex_value_t    *beside;
} ngx_http_postern_test_conf_t;


typedef struct {
    ngx_http_postern_op_t        op;
    ngx_http_postern_op_t        beside;
    ngx_str_t                    args[NGX_HTTP_POSTERN_TEST_ARGS];
    ngx_uint_t                   what;
    ngx_uint_t                   entered;
    void                        *job;
    ngx_http_postern_quota_t     quota;
} ngx_http_postern_test_ctx_t;


typedef struct {
    ngx_msec_t                   msec;
    size_t                       len;
    u_char                       text[64];
} ngx_http_postern_test_job_t;


static ngx_int_t ngx_http_postern_test_access(ngx_http_request_t *r);
static ngx_int_t ngx_http_postern_test_submit(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx, ngx_http_request_t *owner);
static void ngx_http_postern_test_quota(ngx_http_postern_test_ctx_t *ctx,
    ngx_str_t *a);
static ngx_int_t ngx_http_postern_test_beside(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx, ngx_http_complex_value_t *msec);
static ngx_int_t ngx_http_postern_test_swap(ngx_http_postern_test_ctx_t *ctx,
    ngx_http_request_t *owner);
static ngx_int_t ngx_http_postern_test_attempt(
    ngx_http_postern_test_ctx_t *ctx, ngx_http_request_t *owner);
static ngx_int_t ngx_http_postern_test_job(ngx_http_postern_test_ctx_t *ctx,
    ngx_http_request_t *owner);
static void ngx_http_postern_test_run(void *data);
static ngx_int_t ngx_http_postern_test_detach(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx);
static void ngx_http_postern_test_detached(ngx_http_postern_op_t *op);
static u_char *ngx_http_postern_test_text(u_char *p,
    ngx_http_postern_test_ctx_t *ctx);
static u_char *ngx_http_postern_test_at_once(u_char *p, ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx);
static ngx_int_t ngx_http_postern_test_content(ngx_http_request_t *r);
static char *ngx_http_postern_test(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_postern_test_lane(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_postern_test_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_postern_test_create_conf(ngx_conf_t *cf);
static char *ngx_http_postern_test_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_postern_test_check(ngx_conf_t *cf);
static ngx_int_t ngx_http_postern_test_init(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_postern_test_module;


static const struct {
    ngx_str_t    name;
    ngx_uint_t   nargs;
    const char  *ok;
    const char  *no;
} ngx_http_postern_test_ops[] = {
    { ngx_string("claim"), 3, "first", "duplicate" },
    { ngx_string("get"), 2, "found", "none" },
    { ngx_string("put"), 4, "kept", "not kept" },
    { ngx_string("delete"), 2, "deleted", "not deleted" },
    { ngx_string("take"), 2, "found", "none" },
    { ngx_string("rate"), 4, "allowed", "limited" },
    { ngx_string("recent"), 3, "found", "none" },
    { ngx_string("swap"), 5, "swapped", "differs" },
    { ngx_string("attempt"), 7, "go", "wait" },
    { ngx_string("clear"), 2, "cleared", "not cleared" },
    { ngx_string("local"), 3, "first", "duplicate" },
    { ngx_string("capped"), 6, "first", "duplicate" },
    { ngx_string("job"), 2, "done", "" },
    { ngx_string("mac"), 3, "", "" },
    { ngx_string("seal"), 2, "", "" },
    { ngx_string("lane"), 0, "", "" },
    { ngx_string("quota"), 4, "", "" }
};


static ngx_command_t  ngx_http_postern_test_commands[] = {

    { ngx_string("postern_test"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_postern_test,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("postern_test_detached"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_test_conf_t, detached),
      NULL },

    { ngx_string("postern_test_beside"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_postern_test_conf_t, beside),
      NULL },

    { ngx_string("postern_test_lane"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_postern_test_lane,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("postern_test_has"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_postern_test_main_conf_t, has),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_postern_test_module_ctx = {
    ngx_http_postern_test_check,           /* preconfiguration */
    ngx_http_postern_test_init,            /* postconfiguration */

    ngx_http_postern_test_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_postern_test_create_conf,     /* create location configuration */
    ngx_http_postern_test_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_postern_test_module = {
    NGX_MODULE_V1,
    &ngx_http_postern_test_module_ctx,     /* module context */
    ngx_http_postern_test_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* what nginx's build would write for a dynamic module */

ngx_module_t *ngx_modules[] = { &ngx_http_postern_test_module, NULL };
char *ngx_module_names[] = { "ngx_http_postern_test_module", NULL };
char *ngx_module_order[] = { NULL };


static ngx_int_t
ngx_http_postern_test_access(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    ngx_http_complex_value_t      *cv;
    ngx_http_postern_test_ctx_t   *ctx;
    ngx_http_postern_test_conf_t  *tcf;

    tcf = ngx_http_get_module_loc_conf(r, ngx_http_postern_test_module);

    if (tcf->what == NGX_HTTP_POSTERN_TEST_NONE) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_postern_test_module);

    if (ctx) {
        ctx->entered++;
        return (ctx->op.done && !ctx->beside.pending) ? NGX_OK : NGX_AGAIN;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_postern_test_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_postern_test_module);

    ctx->what = tcf->what;
    cv = tcf->args.elts;

    for (i = 0; i < tcf->args.nelts; i++) {
        if (ngx_http_complex_value(r, &cv[i], &ctx->args[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ctx->what >= NGX_HTTP_POSTERN_TEST_MAC) {
        ctx->op.done = 1;
        return NGX_OK;
    }

    if (tcf->detached) {
        return ngx_http_postern_test_detach(r, ctx);
    }

    if (tcf->beside
        && ngx_http_postern_test_beside(r, ctx, tcf->beside) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_postern_test_submit(r, ctx, r);

    return (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}


static ngx_int_t
ngx_http_postern_test_submit(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx, ngx_http_request_t *owner)
{
    ngx_int_t   n[4];
    ngx_str_t  *a;
    ngx_uint_t  i;

    a = ctx->args;

    for (i = 2; i < 4; i++) {
        n[i] = ngx_atoi(a[i].data, a[i].len);
    }

    switch (ctx->what) {

    case NGX_HTTP_POSTERN_TEST_CLAIM:
        return postern_api.claim(owner, &ctx->op, &a[0], &a[1], n[2]);

    case NGX_HTTP_POSTERN_TEST_LOCAL:
        ctx->op.local = 1;
        return postern_api.claim(owner, &ctx->op, &a[0], &a[1], n[2]);

    case NGX_HTTP_POSTERN_TEST_CAPPED:
        ngx_http_postern_test_quota(ctx, &a[3]);
        ctx->op.quota = &ctx->quota;
        return postern_api.claim(owner, &ctx->op, &a[0], &a[1], n[2]);

    case NGX_HTTP_POSTERN_TEST_GET:
        return postern_api.get(owner, &ctx->op, &a[0], &a[1]);

    case NGX_HTTP_POSTERN_TEST_PUT:
        return postern_api.put(owner, &ctx->op, &a[0], &a[1], &a[2], n[3]);

    case NGX_HTTP_POSTERN_TEST_DELETE:
        return postern_api.delete(owner, &ctx->op, &a[0], &a[1]);

    case NGX_HTTP_POSTERN_TEST_TAKE:
        return postern_api.take(owner, &ctx->op, &a[0], &a[1]);

    case NGX_HTTP_POSTERN_TEST_RATE:
        return postern_api.rate(owner, &ctx->op, &a[0], &a[1], n[2], n[3]);

    case NGX_HTTP_POSTERN_TEST_RECENT:
        return postern_api.recent(owner, &ctx->op, &a[0], &a[1], n[2]);

    case NGX_HTTP_POSTERN_TEST_SWAP:
        return ngx_http_postern_test_swap(ctx, owner);

    case NGX_HTTP_POSTERN_TEST_ATTEMPT:
        return ngx_http_postern_test_attempt(ctx, owner);

    case NGX_HTTP_POSTERN_TEST_CLEAR:
        return postern_api.clear(owner, &ctx->op, &a[0], &a[1]);

    default:
        return ngx_http_postern_test_job(ctx, owner);
    }
}


static void
ngx_http_postern_test_quota(ngx_http_postern_test_ctx_t *ctx, ngx_str_t *a)
{
    ctx->quota.name = a[0];
    ctx->quota.limit = ngx_atoi(a[1].data, a[1].len);
    ctx->quota.window = ngx_atoi(a[2].data, a[2].len);
}


/* a request may wait for several operations at once */

static ngx_int_t
ngx_http_postern_test_beside(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx, ngx_http_complex_value_t *msec)
{
    ngx_str_t                           text;
    ngx_http_postern_test_job_t        *job;
    ngx_http_postern_test_main_conf_t  *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_postern_test_module);

    job = postern_api.job(r, sizeof(ngx_http_postern_test_job_t));

    if (job == NULL || ngx_http_complex_value(r, msec, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    job->msec = ngx_atoi(text.data, text.len);
    job->len = ngx_sprintf(job->text, "beside") - job->text;

    return (postern_api.start(r, &ctx->beside, &tmcf->lane, job,
                              ngx_http_postern_test_run)
            == NGX_AGAIN)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_postern_test_swap(ngx_http_postern_test_ctx_t *ctx,
    ngx_http_request_t *owner)
{
    ngx_str_t  *a, *old, *value;

    a = ctx->args;

    old = (a[2].len == 1 && a[2].data[0] == '-') ? NULL : &a[2];
    value = (a[3].len == 1 && a[3].data[0] == '-') ? NULL : &a[3];

    return postern_api.swap(owner, &ctx->op, &a[0], &a[1], old, value,
                            ngx_atoi(a[4].data, a[4].len));
}


static ngx_int_t
ngx_http_postern_test_attempt(ngx_http_postern_test_ctx_t *ctx,
    ngx_http_request_t *owner)
{
    ngx_str_t                   *a;
    ngx_http_postern_backoff_t   b;

    a = ctx->args;

    b.free = ngx_atoi(a[2].data, a[2].len);
    b.wait = ngx_atoi(a[3].data, a[3].len);
    b.wait_max = ngx_atoi(a[4].data, a[4].len);
    b.max = ngx_atoi(a[5].data, a[5].len);
    b.ttl = ngx_atoi(a[6].data, a[6].len);
    b.spare = 0;

    return postern_api.attempt(owner, &ctx->op, &a[0], &a[1], &b);
}


static ngx_int_t
ngx_http_postern_test_job(ngx_http_postern_test_ctx_t *ctx,
    ngx_http_request_t *owner)
{
    ngx_str_t                          *a;
    ngx_http_postern_test_job_t        *job;
    ngx_http_postern_test_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_postern_test_module);

    job = postern_api.job(owner, sizeof(ngx_http_postern_test_job_t));
    if (job == NULL) {
        return NGX_ERROR;
    }

    a = ctx->args;

    job->msec = ngx_atoi(a[1].data, a[1].len);
    job->len = ngx_min(a[0].len, sizeof(job->text));
    ngx_memcpy(job->text, a[0].data, job->len);

    ctx->job = job;

    return postern_api.start(owner, &ctx->op, &tmcf->lane, job,
                             ngx_http_postern_test_run);
}


/* in a thread */

static void
ngx_http_postern_test_run(void *data)
{
    ngx_http_postern_test_job_t *job = data;

    u_char  c;
    size_t  i;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "job \"%*s\" begins",
                  job->len, job->text);

    ngx_msleep(job->msec);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "job \"%*s\" ends",
                  job->len, job->text);

    for (i = 0; i < job->len / 2; i++) {
        c = job->text[i];
        job->text[i] = job->text[job->len - 1 - i];
        job->text[job->len - 1 - i] = c;
    }
}


/* an operation of its own pool, which outlives the request */

static ngx_int_t
ngx_http_postern_test_detach(ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_pool_t                   *pool;
    ngx_http_postern_test_ctx_t  *own;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    own = ngx_pcalloc(pool, sizeof(ngx_http_postern_test_ctx_t));
    if (own == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    own->what = ctx->what;

    for (i = 0; i < NGX_HTTP_POSTERN_TEST_ARGS; i++) {
        own->args[i].data = ngx_pstrdup(pool, &ctx->args[i]);
        own->args[i].len = ctx->args[i].len;
    }

    own->op.pool = pool;
    own->op.data = own;
    own->op.handler = ngx_http_postern_test_detached;

    rc = ngx_http_postern_test_submit(r, own, NULL);

    if (rc == NGX_OK) {
        ngx_http_postern_test_detached(&own->op);
    }

    ctx->what = NGX_HTTP_POSTERN_TEST_NONE;
    ctx->op.done = 1;

    return (rc == NGX_ERROR) ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_OK;
}


static void
ngx_http_postern_test_detached(ngx_http_postern_op_t *op)
{
    u_char  *p, text[256];

    op->value.len = ngx_min(op->value.len, 64);

    p = ngx_http_postern_test_text(text, op->data);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "detached: %*s",
                  (size_t) (p - text), text);

    ngx_destroy_pool(op->pool);
}


static u_char *
ngx_http_postern_test_text(u_char *p, ngx_http_postern_test_ctx_t *ctx)
{
    ngx_http_postern_test_job_t  *job;

    if (ctx->what == NGX_HTTP_POSTERN_TEST_NONE) {
        return ngx_sprintf(p, "submitted");
    }

    switch (ctx->op.result) {

    case NGX_HTTP_POSTERN_OK:
        p = ngx_sprintf(p, "%s", ngx_http_postern_test_ops[ctx->what].ok);

        if (ctx->what == NGX_HTTP_POSTERN_TEST_ATTEMPT) {
            p = ngx_sprintf(p, " %M", ctx->op.msec);

        } else if (ctx->what == NGX_HTTP_POSTERN_TEST_JOB) {
            job = ctx->job;
            p = ngx_sprintf(p, " %*s", job->len, job->text);

        } else if (ctx->op.alone) {
            p = ngx_sprintf(p, " alone");
        }

        break;

    case NGX_HTTP_POSTERN_NO:
        if (ctx->what == NGX_HTTP_POSTERN_TEST_ATTEMPT && ctx->op.msec == 0) {
            p = ngx_sprintf(p, "never");
            break;
        }

        p = ngx_sprintf(p, "%s", ngx_http_postern_test_ops[ctx->what].no);

        if (ctx->what == NGX_HTTP_POSTERN_TEST_CLAIM
            || ctx->what == NGX_HTTP_POSTERN_TEST_LOCAL
            || ctx->what == NGX_HTTP_POSTERN_TEST_CAPPED
            || ctx->what == NGX_HTTP_POSTERN_TEST_RATE
            || ctx->what == NGX_HTTP_POSTERN_TEST_ATTEMPT)
        {
            p = ngx_sprintf(p, " %M", ctx->op.msec);
        }

        break;

    case NGX_HTTP_POSTERN_OVER:
        p = ngx_sprintf(p, "over %M", ctx->op.msec);
        break;

    default:
        p = ngx_sprintf(p, "unavailable");
        break;
    }

    if (ctx->op.value.data) {
        p = ngx_sprintf(p, " %V", &ctx->op.value);
    }

    return p;
}


static u_char *
ngx_http_postern_test_at_once(u_char *p, ngx_http_request_t *r,
    ngx_http_postern_test_ctx_t *ctx)
{
    size_t                              len, n;
    u_char                              mac[32], purpose[32];
    u_char                              text[POSTERN_SEALED_MAX];
    u_char                              out[POSTERN_SECRET_MAX];
    ngx_int_t                           rc;
    ngx_str_t                          *a;
    ngx_msec_t                          wait;
    postern_str_t                       s;
    ngx_http_postern_lane_t            *lane;
    ngx_http_postern_test_main_conf_t  *tmcf;

    a = ctx->args;

    switch (ctx->what) {

    case NGX_HTTP_POSTERN_TEST_MAC:
        (void) ngx_cpystrn(purpose, a[1].data,
                           ngx_min(a[1].len + 1, sizeof(purpose)));

        rc = postern_api.mac(ngx_atoi(a[0].data, a[0].len), (char *) purpose,
                             ngx_http_postern_slice(a[2]), mac);

        if (rc != NGX_OK) {
            return ngx_sprintf(p, rc == NGX_DECLINED ? "no key" : "error");
        }

        return ngx_hex_dump(p, mac, sizeof(mac));

    case NGX_HTTP_POSTERN_TEST_SEAL:
        len = sizeof(text);

        if (postern_api.seal(r->connection->log, ngx_http_postern_slice(a[1]),
                             ngx_http_postern_slice(a[0]), text, &len)
            != NGX_OK)
        {
            return ngx_sprintf(p, "not sealed");
        }

        s.data = text;
        s.len = len;

        if (postern_api.secret(r->connection->log, s,
                               ngx_http_postern_slice(a[0]), out, &n)
            != NGX_OK)
        {
            return ngx_sprintf(p, "does not open");
        }

        return ngx_sprintf(p, "%*s opens as %*s", len, text, n, out);

    case NGX_HTTP_POSTERN_TEST_QUOTA:
        ngx_http_postern_test_quota(ctx, &a[1]);

        rc = postern_api.quota(r, &a[0], &ctx->quota, &wait);

        return (rc == NGX_BUSY) ? ngx_sprintf(p, "over %M", wait)
                                : ngx_sprintf(p, rc == NGX_OK ? "free"
                                                              : "unknown");

    default:
        tmcf = ngx_http_get_module_main_conf(r, ngx_http_postern_test_module);
        lane = &tmcf->lane;

        return ngx_sprintf(p, "%ui running, %ui queued", lane->nrunning,
                           lane->nqueued);
    }
}


static ngx_int_t
ngx_http_postern_test_content(ngx_http_request_t *r)
{
    u_char                       *p;
    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    ngx_chain_t                   out;
    ngx_http_postern_test_ctx_t  *ctx;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_postern_test_module);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = ngx_create_temp_buf(r->pool, ctx->op.value.len + 2048);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = (ctx->what == NGX_HTTP_POSTERN_TEST_MAC
         || ctx->what == NGX_HTTP_POSTERN_TEST_SEAL
         || ctx->what == NGX_HTTP_POSTERN_TEST_LANE
         || ctx->what == NGX_HTTP_POSTERN_TEST_QUOTA)
        ? ngx_http_postern_test_at_once(b->last, r, ctx)
        : ngx_http_postern_test_text(b->last, ctx);
    *p++ = LF;
    b->last = p;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = b->last - b->pos;
    ngx_str_set(&r->headers_out.content_type, "text/plain");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static char *
ngx_http_postern_test(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_postern_test_conf_t *tcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_complex_value_t          *cv;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;

    for (i = 0; i < NGX_HTTP_POSTERN_TEST_NONE; i++) {
        if (value[1].len == ngx_http_postern_test_ops[i].name.len
            && ngx_strcmp(value[1].data, ngx_http_postern_test_ops[i].name.data)
               == 0)
        {
            break;
        }
    }

    if (i == NGX_HTTP_POSTERN_TEST_NONE
        || cf->args->nelts != ngx_http_postern_test_ops[i].nargs + 2)
    {
        return "has invalid arguments";
    }

    tcf->what = i;

    if (ngx_array_init(&tcf->args, cf->pool, NGX_HTTP_POSTERN_TEST_ARGS,
                       sizeof(ngx_http_complex_value_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        cv = ngx_array_push(&tcf->args);
        if (cv == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[i];
        ccv.complex_value = cv;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_postern_test_content;

    return NGX_CONF_OK;
}


static char *
ngx_http_postern_test_lane(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_postern_test_main_conf_t *tmcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    tmcf->lane.running = ngx_atoi(value[1].data, value[1].len);
    tmcf->lane.queued = ngx_atoi(value[2].data, value[2].len);

#if (NGX_THREADS)
    tmcf->lane.pool = ngx_thread_pool_add(cf, NULL);
    if (tmcf->lane.pool == NULL) {
        return NGX_CONF_ERROR;
    }
#endif

    return NGX_CONF_OK;
}


static void *
ngx_http_postern_test_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_postern_test_main_conf_t  *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_test_main_conf_t));
    if (tmcf == NULL) {
        return NULL;
    }

    tmcf->has = NGX_CONF_UNSET;

    return tmcf;
}


static void *
ngx_http_postern_test_create_conf(ngx_conf_t *cf)
{
    ngx_http_postern_test_conf_t  *tcf;

    tcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_postern_test_conf_t));
    if (tcf == NULL) {
        return NULL;
    }

    tcf->what = NGX_HTTP_POSTERN_TEST_NONE;
    tcf->detached = NGX_CONF_UNSET;

    return tcf;
}


static char *
ngx_http_postern_test_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_postern_test_conf_t *prev = parent;
    ngx_http_postern_test_conf_t *conf = child;

    ngx_conf_merge_value(conf->detached, prev->detached, 0);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_postern_test_check(ngx_conf_t *cf)
{
    return ngx_http_postern_check_api(cf, "ngx_http_postern_test_module");
}


static ngx_int_t
ngx_http_postern_test_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt                *h;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_postern_test_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_postern_test_module);

    if (tmcf->has == 1) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "postern has store %i, redis %i, keys %i",
                      postern_api.has_store(cf), postern_api.has_redis(cf),
                      postern_api.has_keys(cf));
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_postern_test_access;

    return NGX_OK;
}
