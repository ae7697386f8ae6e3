
/*
 * The one header of the core that feature modules include.
 *
 * The core exports one constant table of functions, ngx_http_postern_api.  A
 * feature module refers to it weakly and calls ngx_http_postern_check_api() in
 * its preconfiguration, so that a missing, late or old core is one readable
 * line and not an undefined symbol.
 */


#ifndef _NGX_HTTP_POSTERN_API_H_INCLUDED_
#define _NGX_HTTP_POSTERN_API_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_postern_place.h"
#include "postern_buf.h"
#include "postern_directory.h"
#include "postern_seal.h"


/* changes whenever the table or a type below does */
#define NGX_HTTP_POSTERN_API_VERSION  8


/*
 * A feature module keeps what it learned of a request, and what it compiled
 * from a directory snapshot, in a slot of its own.
 */

typedef enum {
    NGX_HTTP_POSTERN_SIGN = 0,
    NGX_HTTP_POSTERN_MFA,
    NGX_HTTP_POSTERN_RBAC,
    NGX_HTTP_POSTERN_AUDIT,
    NGX_HTTP_POSTERN_FEATURES
} ngx_http_postern_feature_e;


/*
 * Identity: written once by whoever authenticated the request (sign, mfa),
 * read by everybody.  Pointers go into the directory snapshot that the request
 * holds, strings into it or the pool of the main request.
 */

typedef struct {
    const postern_org_t           *org;
    ngx_str_t                      subject;     /* "alice", "robot-7" */
    ngx_str_t                      kind;        /* "user" or "key" */
    const postern_role_t *const   *roles;
    ngx_uint_t                     nroles;
    ngx_str_t                      credential;  /* id of a key or session */
    ngx_str_t                      scheme;      /* "rfc9421", "sigv4" */
    ngx_str_t                      amr;         /* RFC 8176, comma separated */
    ngx_uint_t                     aal;         /* 0: not a person's sign-in */
    time_t                         auth_time;   /* 0: unknown */
    ngx_str_t                      session;
} ngx_http_postern_identity_t;


/*
 * What a module decided, for variables and the audit record: verdict is one
 * of the words below, code is stable ("sign/replayed", "rbac/no-grant"),
 * detail is free text for operators and never shown to clients.
 */

typedef struct {
    ngx_str_t                      verdict;
    ngx_str_t                      code;
    ngx_str_t                      detail;
} ngx_http_postern_decision_t;

/* verdicts: "allow", "deny", "error" (could not decide: denied), "observe"
   (would have denied, was let through) */


/*
 * A refusal.  The handler returns the status it gets back; nginx then answers
 * as it always does (satisfy, error_page, …), and where it would send its own
 * page the core sends application/problem+json instead, or leaves the page to
 * clients that ask for text/html.
 */

typedef struct {
    ngx_uint_t                     status;      /* 400, 401, 403, 429, 503 … */
    ngx_str_t                      code;        /* stable, shown to clients */
    ngx_str_t                      detail;      /* one sentence or empty */
    ngx_str_t                      www_authenticate;   /* 401 only */
    ngx_str_t                      accept_signature;   /* 401 only */
    ngx_str_t                      want_digest;        /* RFC 9530 */
    time_t                         retry_after;        /* 429, 503; 0: none */
} ngx_http_postern_refusal_t;


/*
 * A key that stands apart from the directory's file, for as long as the request
 * that it was found for lives.  The one who asks may leave there what it makes
 * of the key, and how that is freed: it stays as long as the key does.
 */

typedef struct {
    const postern_key_t           *key;       /* its index: _KEY_APART */
    const postern_str_t           *ids;       /* where the question was not by
                                                 id: the keys to ask for */
    uint32_t                       nids;
    uint64_t                       serial;    /* another one, another number */
    void                          *prepared;
    void                         (*destroy)(void *prepared);
} ngx_http_postern_apart_t;


/*
 * An operation of the store.  The caller owns the memory (zeroed, in the pool
 * of the main request or longer lived) and leaves it alone until done.
 *
 * Submitting returns
 *   NGX_OK     done at once, result is set;
 *   NGX_AGAIN  under way: the handler returns NGX_AGAIN, and is entered again
 *              when done (and perhaps before: it checks op->done first);
 *   NGX_ERROR  out of memory or wrong arguments.
 *
 * Where r is NULL, handler is called when done instead, never from inside the
 * submit call.  A request that ends cancels its operations by itself.
 */

typedef enum {
    NGX_HTTP_POSTERN_OK = 0,       /* first claim, found, stored, allowed */
    NGX_HTTP_POSTERN_NO,           /* duplicate, not found, over the limit */
    NGX_HTTP_POSTERN_UNAVAILABLE,  /* cannot tell: zone full, Redis away */
    NGX_HTTP_POSTERN_OVER          /* claim: op->quota is used up */
} ngx_http_postern_result_e;


/*
 * How many claims of one owner may be alive at this node, so that nobody fills
 * the zone alone.  No claim that is counted lasts longer than a window.  Zeroed
 * by the caller, who asks for one name alone.
 */

typedef struct {
    ngx_str_t                      name;      /* the owner's, within an org */
    ngx_uint_t                     limit;     /* 0: half of what there is room
                                                 for */
    ngx_msec_t                     window;

    u_char                         hash[16];  /* the store's: of the name */
    unsigned                       hashed:1;
} ngx_http_postern_quota_t;

typedef struct ngx_http_postern_op_s  ngx_http_postern_op_t;

typedef void (*ngx_http_postern_op_handler_pt)(ngx_http_postern_op_t *op);

struct ngx_http_postern_op_s {
    ngx_http_postern_result_e        result;
    ngx_str_t                        value;   /* get, take: in op's pool */
    ngx_http_postern_apart_t        *apart;   /* key: found */
    ngx_msec_t                       msec;    /* claim duplicate: age of the
                                                 first; rate over the limit,
                                                 claim over the quota: wait
                                                 before the next try */
    ngx_http_postern_quota_t        *quota;   /* claim: or NULL */
    ngx_http_postern_op_handler_pt   handler;
    void                            *data;    /* the caller's */
    ngx_pool_t                      *pool;    /* set where r is NULL */

    void                            *private; /* the store's */
    unsigned                         done:1;
    unsigned                         pending:1;

    unsigned                         local:1; /* claim, key, the caller's:
                                                 where Redis cannot be asked,
                                                 what this node knows counts */
    unsigned                         alone:1; /* and that was so */
};


/*
 * How guesses are slowed down: free of them at once, then a wait in front of
 * each further one, doubled each time up to wait_max; after max there is no
 * further one until somebody clears the count.  The count is forgotten ttl ms
 * after the last guess; where there is no max, n guesses n times wait_max after
 * it, if that is sooner.  A spare guess is one that cannot be right: a zone
 * that is short of room lets it be made without counting it.
 */

typedef struct {
    ngx_uint_t    free;
    ngx_msec_t    wait;
    ngx_msec_t    wait_max;
    ngx_uint_t    max;          /* 0: no end */
    ngx_msec_t    ttl;
    unsigned      spare:1;
} ngx_http_postern_backoff_t;


/*
 * A lane to threads, of one worker: no more than running jobs at a time in the
 * pool, no more than queued ones waiting here.  The caller's, zeroed but for
 * the first four members, lives as long as the worker.  nice lowers the
 * priority of the pool's threads for good: for a pool that nobody else uses.
 */

#if !(NGX_THREADS)
typedef struct ngx_thread_pool_s  ngx_thread_pool_t;
#endif

typedef struct {
    ngx_thread_pool_t   *pool;
    ngx_uint_t           running;
    ngx_uint_t           queued;
    int                  nice;        /* 0: as the worker */

    ngx_uint_t           nrunning;    /* the core's */
    ngx_uint_t           nqueued;
    ngx_queue_t          queue;
} ngx_http_postern_lane_t;


typedef struct {
    ngx_uint_t    version;

    /*
     * Identity.  identity() is NULL until somebody authenticated the request.
     * authenticated() copies *id, NGX_ERROR when out of memory; it forgets an
     * earlier refusal; with NULL it forgets the identity, of whoever finds that
     * what was proven does not hold.  All take any request of the tree and mean
     * the main one; what they keep survives internal redirects, named
     * locations, error_page.
     */
    const ngx_http_postern_identity_t *(*identity)(ngx_http_request_t *r);
    ngx_int_t  (*authenticated)(ngx_http_request_t *r,
                                const ngx_http_postern_identity_t *id);

    /* the feature's own context of this request, NULL when not set yet */
    void      *(*ctx)(ngx_http_request_t *r, ngx_http_postern_feature_e f);
    ngx_int_t  (*set_ctx)(ngx_http_request_t *r, ngx_http_postern_feature_e f,
                          void *ctx);

    /* decisions: the last one of a feature counts; decision() may be NULL */
    ngx_int_t  (*decide)(ngx_http_request_t *r, ngx_http_postern_feature_e f,
                         const ngx_http_postern_decision_t *d);
    const ngx_http_postern_decision_t *(*decision)(ngx_http_request_t *r,
                         ngx_http_postern_feature_e f);

    /* remembers what to answer and returns refusal->status (500 when out of
       memory): return api.refuse(r, &refusal) */
    ngx_int_t  (*refuse)(ngx_http_request_t *r,
                         const ngx_http_postern_refusal_t *refusal);

    /*
     * Directory.  The snapshot that this request keeps until its end, or NULL
     * where no directory is configured.  org() is what postern_org says here:
     * NGX_DECLINED where it is not set, any organization will do then; NGX_OK
     * with a *name that may be empty, which is that of none; NGX_ERROR out of
     * memory.
     */
    const postern_directory_t *(*directory)(ngx_http_request_t *r);
    ngx_int_t  (*org)(ngx_http_request_t *r, ngx_str_t *name);

    /*
     * What a feature derives from a snapshot.  build() runs where the snapshot
     * is loaded, perhaps in a thread: it is pure, takes memory from the arena,
     * returns NULL only when out of memory (the old snapshot then stays).
     * prepare() runs in the worker at the first call of data() instead, for
     * what belongs to one process; its result is freed by destroy().
     * Registered in preconfiguration.
     */
    ngx_int_t  (*register_directory)(ngx_conf_t *cf,
                         ngx_http_postern_feature_e f,
                         void *(*build)(const postern_directory_t *dir,
                                        postern_arena_t *arena),
                         void *(*prepare)(const postern_directory_t *dir),
                         void (*destroy)(void *prepared));
    const void *(*built)(ngx_http_request_t *r, ngx_http_postern_feature_e f);
    void       *(*prepared)(ngx_http_request_t *r,
                            ngx_http_postern_feature_e f);

    /* is postern_directory configured? for checks in merge; and what the
       directory says as nginx starts, for warnings in init_module */
    ngx_flag_t (*has_directory)(ngx_conf_t *cf);
    const postern_directory_t *(*loaded)(ngx_cycle_t *cycle);

    /* opens a secret with the key ring; out (POSTERN_SECRET_MAX bytes) is the
       caller's to wipe; failures are logged, without the secret */
    ngx_int_t  (*secret)(ngx_log_t *log, postern_str_t text,
                         postern_str_t name, u_char *out, size_t *len);

    /*
     * Store: over the zone alone, or over the zone and Redis.  org ("" where
     * there is none) becomes the hash tag of the Redis key; names are bytes of
     * any kind up to NGX_HTTP_POSTERN_NAME_MAX; ttl and period in ms.
     *
     *   claim   OK for the first, NO for every later one within ttl, with
     *           Redis for its timeout longer; with op->quota one more is
     *           counted in the same step, or OVER, and nothing is claimed
     *   get     OK with value, NO where there is none
     *   put     OK when kept for ttl
     *   delete  OK whether it was there or not
     *   take    get and delete in one step: one of all callers gets it
     *   rate    OK for a burst of limit, then for one more each period / limit
     *           (GCRA), else NO
     */
    ngx_int_t  (*claim)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                        ngx_str_t *org, ngx_str_t *name, ngx_msec_t ttl);
    ngx_int_t  (*get)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                      ngx_str_t *org, ngx_str_t *name);
    ngx_int_t  (*put)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                      ngx_str_t *org, ngx_str_t *name, ngx_str_t *value,
                      ngx_msec_t ttl);
    ngx_int_t  (*delete)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                         ngx_str_t *org, ngx_str_t *name);
    ngx_int_t  (*take)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                       ngx_str_t *org, ngx_str_t *name);
    ngx_int_t  (*rate)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                       ngx_str_t *org, ngx_str_t *name, ngx_uint_t limit,
                       ngx_msec_t period);

    /* is there a zone to keep state in? for checks in merge; redis: also one
       that nodes share and that outlives nginx */
    ngx_flag_t (*has_store)(ngx_conf_t *cf);
    ngx_flag_t (*has_redis)(ngx_conf_t *cf);

    /*
     *   recent   as get, but with Redis a copy in the zone answers that was
     *            asked for less than age ms ago; put, swap, take and delete at
     *            this node drop that copy
     *   swap     compare and set in one step: OK where the record read *old
     *            (NULL: there was none) and now reads *value (NULL: is gone);
     *            NO where it did not, and nothing changed
     *   attempt  counts a guess before it is made: OK, go on, op->msec is the
     *            number of it; NO, not now, nothing changed: op->msec is the
     *            wait before the next one, 0 where there is none
     *   clear    forgets what attempt counted
     */
    ngx_int_t  (*recent)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                         ngx_str_t *org, ngx_str_t *name, ngx_msec_t age);
    ngx_int_t  (*swap)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                       ngx_str_t *org, ngx_str_t *name, ngx_str_t *old,
                       ngx_str_t *value, ngx_msec_t ttl);
    ngx_int_t  (*attempt)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                          ngx_str_t *org, ngx_str_t *name,
                          const ngx_http_postern_backoff_t *backoff);
    ngx_int_t  (*clear)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                        ngx_str_t *org, ngx_str_t *name);

    /*
     * Master keys.  has_keys(): is postern_master_key configured?  seal() is
     * the reverse of secret(), *len the room in out and then the length.  mac()
     * is a keyed hash (BLAKE2b, 32 bytes) of data under the nth master key,
     * n from 0, first the one that seals; purpose (up to 16 characters) keeps
     * one use from another.  NGX_DECLINED where there is no nth key.
     */
    ngx_flag_t (*has_keys)(ngx_conf_t *cf);
    ngx_int_t  (*seal)(ngx_log_t *log, postern_str_t secret,
                       postern_str_t name, u_char *out, size_t *len);
    ngx_int_t  (*mac)(ngx_uint_t n, const char *purpose, postern_str_t data,
                      u_char out[32]);

    /*
     * Work for a thread.  job() gives size bytes, zeroed, where run() will find
     * its arguments and leave its results; NULL when out of memory.  They stay
     * until both the request and the thread are done with them, are wiped then,
     * and hold no pointer into the request's pool; without a request, until the
     * handler or a start() that is not NGX_AGAIN returns.  start() is an
     * operation like those of the store: NGX_OK with UNAVAILABLE where the lane
     * is full, else NGX_AGAIN, and OK when run() has returned.  A request that
     * ends takes its job back where no thread has begun it.  Needs nginx with
     * threads: without, job() returns NULL.
     */
    void      *(*job)(ngx_http_request_t *r, size_t size);
    ngx_int_t  (*start)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                        ngx_http_postern_lane_t *lane, void *job,
                        void (*run)(void *job));

    /*
     * All pages of a zone that nginx has just made, for its init handler, kept
     * over an upgrade of the binary.  NGX_OK: zeroed; NGX_DECLINED: there
     * already, with processes of the old binary at work in them.
     */
    ngx_int_t  (*memory)(ngx_shm_zone_t *zone, u_char **addr, size_t *size);

    /*
     * May this owner claim one more at this node?  Asked before the work that
     * a claim is preceded by; the claim itself counts.  NGX_OK; NGX_BUSY where
     * the quota is used up, *wait is then the time until it may not be;
     * NGX_ERROR where nobody can tell.
     */
    ngx_int_t  (*quota)(ngx_http_request_t *r, ngx_str_t *org,
                        ngx_http_postern_quota_t *quota,
                        ngx_msec_t *wait);

    /* secret() for the "private_key" of a key, a PEM of POSTERN_PRIVATE_MAX
       bytes at most, under the name org/keys/id/private_key */
    ngx_int_t  (*private_key)(ngx_log_t *log, postern_str_t text,
                              postern_str_t name, u_char *out, size_t *len);

    /*
     * A key that the directory's file does not have: an operation like those of
     * the store, for a request.  OK with op->apart; NO where there is none that
     * can be used; UNAVAILABLE where nobody can tell.  With op->local, which is
     * for places that cannot wait, only what the worker remembers counts.  By a
     * fingerprint or an issuer there are ids alone, and the keys of these are
     * asked for then: whoever asks sees to it that they are what they were
     * asked for.
     * NGX_DECLINED: there are no keys but those of the file (postern_keys);
     * has_apart() says so too.
     */
    ngx_int_t  (*key)(ngx_http_request_t *r, ngx_http_postern_op_t *op,
                      postern_by_e by, ngx_str_t *name);
    ngx_flag_t (*has_apart)(ngx_http_request_t *r);

    /*
     * Drops the identity headers that the client sent where the location does
     * not do so by itself (postern_identity_headers): before anything is said
     * to the application that it takes for our word.  NGX_ERROR when out of
     * memory.
     */
    ngx_int_t  (*drop_headers)(ngx_http_request_t *r);

    /* has_apart() of a configuration */
    ngx_flag_t (*keeps_apart)(ngx_conf_t *cf);

    /* has_apart() as nginx starts, for warnings in init_module */
    ngx_flag_t (*loaded_apart)(ngx_cycle_t *cycle);
} ngx_http_postern_api_t;


#define NGX_HTTP_POSTERN_NAME_MAX    256      /* bytes of a name in the store */
#define NGX_HTTP_POSTERN_VALUE_MAX   65536    /* bytes of a value */

/* ttl of a record that is kept until it is deleted */
#define NGX_HTTP_POSTERN_FOREVER     ((ngx_msec_t) 3650 * 86400 * 1000)


#ifndef NGX_HTTP_POSTERN_CORE

extern const ngx_http_postern_api_t  ngx_http_postern_api
    __attribute__((weak));

#define postern_api  ngx_http_postern_api


/* for preconfiguration: is the core there, and is it the one built against */

static ngx_inline ngx_int_t
ngx_http_postern_check_api(ngx_conf_t *cf, const char *module)
{
    if (&ngx_http_postern_api == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s needs ngx_http_postern_module: load it first",
                      module);
        return NGX_ERROR;
    }

    if (ngx_http_postern_api.version != NGX_HTTP_POSTERN_API_VERSION) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "%s needs version %d of ngx_http_postern_module, "
                      "version %ui is loaded: install both from one build",
                      module, NGX_HTTP_POSTERN_API_VERSION,
                      ngx_http_postern_api.version);
        return NGX_ERROR;
    }

    return NGX_OK;
}

#endif


/* between slices of the pure files and strings of nginx */

static ngx_inline ngx_str_t
ngx_http_postern_str(postern_str_t s)
{
    ngx_str_t  n;

    n.len = s.len;
    n.data = (u_char *) s.data;

    return n;
}


static ngx_inline postern_str_t
ngx_http_postern_slice(ngx_str_t n)
{
    postern_str_t  s;

    s.len = n.len;
    s.data = n.data;

    return s;
}


/*
 * The ":authority" of HTTP/3, which nginx keeps apart from the header fields,
 * where it makes a Host field of that of HTTP/2; empty with other protocols.
 */

static ngx_inline ngx_str_t
ngx_http_postern_authority(ngx_http_request_t *r)
{
    ngx_str_t  authority;

    r = r->main;

    ngx_str_null(&authority);

    if (r->http_version > NGX_HTTP_VERSION_20 && r->host_start) {
        authority.data = r->host_start;
        authority.len = r->host_end - r->host_start;
    }

    return authority;
}


#endif /* _NGX_HTTP_POSTERN_API_H_INCLUDED_ */
