
/*
 * Signed requests: the glue between nginx and sign_message.h.
 *
 * A request is verified once, on the main request.  What was found lives in the
 * context that the core keeps over internal redirects, and the context's state
 * is the function that goes on with the work: ngx_http_sign_access.c.
 */


#ifndef _NGX_HTTP_SIGN_MODULE_H_INCLUDED_
#define _NGX_HTTP_SIGN_MODULE_H_INCLUDED_


#include "ngx_http_postern_api.h"
#include "sign_make.h"
#include "sign_rfc9421.h"


/* milliseconds in which a safe request without nonce may be repeated: clocks
   of signers have a resolution of one second, and one more may have begun */
#define NGX_HTTP_SIGN_REPEAT       2000

#define NGX_HTTP_SIGN_SCHEMES      0xff      /* bits of sign_scheme_e */
#define NGX_HTTP_SIGN_NONCES       (SIGN_RFC9421|SIGN_SSHSIG)
#define NGX_HTTP_SIGN_CHALLENGE_MAX  256     /* bytes of WWW-Authenticate */
#define NGX_HTTP_SIGN_CLAIM        "sign:"
#define NGX_HTTP_SIGN_RATE_NAME    "sign-rate:"
#define NGX_HTTP_SIGN_MAX_WINDOW   (7 * 24 * 60 * 60)   /* seconds */
#define NGX_HTTP_SIGN_MAX_SKEW     (60 * 60)            /* seconds */
#define NGX_HTTP_SIGN_RETRY_AFTER  5                    /* seconds, with 503 */
#define NGX_HTTP_SIGN_NONCE        18   /* random bytes of one we propose */


/* sign_components as written: what is listed of derived components, and the
   further fields */

#define NGX_HTTP_SIGN_LIST_METHOD     0x01
#define NGX_HTTP_SIGN_LIST_TARGET     0x02
#define NGX_HTTP_SIGN_LIST_PATH       0x04
#define NGX_HTTP_SIGN_LIST_QUERY      0x08
#define NGX_HTTP_SIGN_LIST_AUTHORITY  0x10
#define NGX_HTTP_SIGN_LIST_SCHEME     0x20
#define NGX_HTTP_SIGN_LIST_BODY       0x40


#define NGX_HTTP_SIGN_CAP_OFF         ((ngx_uint_t) -2)

#define NGX_HTTP_SIGN_ENFORCE         0
#define NGX_HTTP_SIGN_OBSERVE         1

#define NGX_HTTP_SIGN_CHUNKED_FORWARD  0
#define NGX_HTTP_SIGN_CHUNKED_DECODE   1

/* warnings of one place: ngx_http_sign_first() */

#define NGX_HTTP_SIGN_SAID_SET        0x01      /* that it is given up */
#define NGX_HTTP_SIGN_SAID_REUSE      0x02      /* … in a second way */
#define NGX_HTTP_SIGN_SAID_SCHEME     0x04      /* refuses all of a scheme */
#define NGX_HTTP_SIGN_SAID_MTLS       0x08      /* asks for no certificates */
#define NGX_HTTP_SIGN_SAID_RETURN     0x10      /* answers before it is asked */

/* of sign_insecure_replay */

#define NGX_HTTP_SIGN_REPLAY_SET      0x01
#define NGX_HTTP_SIGN_REPLAY_LOCAL    0x02      /* the zone alone will do */
#define NGX_HTTP_SIGN_REPLAY_REUSE    0x04      /* by safe methods */


typedef struct {
    ngx_flag_t                       used;      /* some location has sign on */
    time_t                           window;    /* seconds: the widest of */
    time_t                           skew;      /* those */
    ngx_array_t                     *webhooks;  /* of ngx_http_sign_webhook_t *
                                                   where sign is on */
    ngx_array_t                     *askers;    /* of ngx_http_sign_asker_t, the
                                                   servers that take mtls */
} ngx_http_sign_main_conf_t;


/* ngx_http_sign_webhook.c */

typedef struct ngx_http_sign_webhook_s  ngx_http_sign_webhook_t;


typedef struct {
    ngx_flag_t                       enable;
    ngx_flag_t                       explain;
    ngx_flag_t                       insecure_coverage;
    ngx_flag_t                       insecure_body;
    ngx_flag_t                       insecure_freshness;
    ngx_flag_t                       insecure_preflight;
    ngx_uint_t                       insecure_replay;
    ngx_uint_t                       mode;
    ngx_uint_t                       aws_chunked;
    ngx_uint_t                       nonce_cap;     /* 0: auto */
    ngx_uint_t                       schemes;   /* of sign_scheme_e, 0: unset */
    ngx_uint_t                       replays;   /* schemes sign_replay names */
    ngx_uint_t                       once;      /* … without repetitions */
    ngx_uint_t                       nonces;    /* … and with a nonce */
    ngx_uint_t                       listed;    /* NGX_HTTP_SIGN_LIST_* */
    ngx_array_t                     *fields;    /* of postern_str_t */
    ngx_array_t                     *tags;      /* of postern_str_t */
    ngx_http_sign_webhook_t         *webhook;
    ngx_uint_t                       own_webhook;   /* it is of this level */
    ngx_uint_t                       enos_token;    /* it gives tokens out */
    time_t                           window;    /* seconds */
    time_t                           skew;      /* seconds */

    ngx_http_postern_place_t        *places;    /* of directives that -t may
                                                   have to speak of */

    /* made of the above where sign is on */
    sign_policy_t                    policy;
    ngx_str_t                        authenticate;    /* WWW-Authenticate */
    ngx_str_t                        accept;          /* Accept-Signature */
    ngx_str_t                        accept_body;     /* … with a body */
} ngx_http_sign_loc_conf_t;


typedef struct ngx_http_sign_ctx_s  ngx_http_sign_ctx_t;

/* ngx_http_sign_enos.c */

typedef struct ngx_http_sign_lookup_s  ngx_http_sign_lookup_t;

/* ngx_http_sign_apart.c */

typedef struct ngx_http_sign_asked_s  ngx_http_sign_asked_t;

typedef ngx_int_t (*ngx_http_sign_state_pt)(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

struct ngx_http_sign_ctx_s {
    ngx_http_sign_state_pt           state;
    ngx_http_sign_loc_conf_t        *conf;      /* whose policy was applied */

    const postern_key_t             *key;
    sign_key_t                      *sign_key;
    sign_request_t                   request;
    sign_message_t                   message;
    time_t                           now;       /* the instant of judgement */

    /* what is wrong with the key; the work goes on as if nothing were, so that
       the answer comes after the same time */
    sign_code_e                      doubt;
    char                            *doubt_detail;

    /* a signature that failed, while the next one is tried */
    sign_message_t                  *first;
    sign_code_e                      first_code;
    sign_code_e                      first_shown;

    sign_code_e                      code;      /* how it ended */
    time_t                           retry_after;   /* seconds; 0: the usual */
    ngx_str_t                        error;     /* the same, "sign/…" */
    ngx_http_postern_refusal_t       refusal;

    ngx_http_sign_lookup_t          *token;     /* of EnOS: its key */
    sign_sink_t                     *sink;      /* while the body streams */

    ngx_http_sign_asked_t           *asked;     /* of keys in Redis */
    ngx_http_postern_op_t            rate;
    ngx_http_postern_quota_t         quota;
    ngx_http_postern_op_t            claim;
    u_char                           claim_name[sizeof(NGX_HTTP_SIGN_RATE_NAME)
                                                + SIGN_CLAIM_MAX];
    u_char                           address[16];

    unsigned                         has_address:1;
    unsigned                         has_body:1;
    unsigned                         body_begun:1;
    unsigned                         decoding:1;     /* aws-chunked */
    unsigned                         verified:1;
    unsigned                         refused:1;
};


extern ngx_module_t  ngx_http_sign_module;


/* ngx_http_sign_access.c */
ngx_int_t ngx_http_sign_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_sign_accepted(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

ngx_int_t ngx_http_sign_found_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/* ngx_http_sign_find.c: ends in found_key(), or webhook_keys() */
ngx_int_t ngx_http_sign_find_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/*
 * ngx_http_sign_apart.c: keys that the directory's file does not have.  ask()
 * goes on in next() when all n questions are answered; answered() says there
 * whether they are.  asked_keys() are the keys that came, up to SIGN_MAX_APART;
 * asked_ids() the keys to be asked for next, as many.  apart_key() is what
 * ngx_http_sign_key() is for keys that were asked for last, and apart_maker()
 * what ngx_http_sign_maker() is.
 */
ngx_int_t ngx_http_sign_ask(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx,
    const postern_key_name_t *names, ngx_uint_t n,
    ngx_http_sign_state_pt next);
sign_code_e ngx_http_sign_answered(ngx_http_sign_ctx_t *ctx);
size_t ngx_http_sign_asked_keys(ngx_http_sign_ctx_t *ctx, sign_apart_t *keys);
ngx_uint_t ngx_http_sign_asked_ids(ngx_http_sign_ctx_t *ctx,
    const postern_directory_t *directory, postern_key_name_t *names);
sign_key_t *ngx_http_sign_apart_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const postern_key_t *key);
sign_maker_t *ngx_http_sign_apart_maker(ngx_http_request_t *r,
    ngx_http_postern_apart_t *apart);

/* ngx_http_sign_claim.c: claim() is what comes behind the cryptography, and
   ends in accepted() */
ngx_int_t ngx_http_sign_claim(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/* its parts, for tokens of EnOS as well: what became of ctx->rate, which was
   asked for limit requests in period seconds; and the claim, to ctx->claim, as
   an operation of the store */
sign_code_e ngx_http_sign_rate_code(ngx_http_sign_ctx_t *ctx,
    ngx_uint_t limit, ngx_uint_t period);
ngx_int_t ngx_http_sign_submit_claim(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/* SIGN_OK, or SIGN_REPLAYED where it came before and may not come again here */
sign_code_e ngx_http_sign_unrepeated(ngx_http_sign_ctx_t *ctx,
    ngx_http_sign_loc_conf_t *slcf);

/* cap() is asked before it: NGX_OK, or what the phase shall return */
ngx_int_t ngx_http_sign_cap(ngx_http_request_t *r, ngx_http_sign_ctx_t *ctx);

/* its states that others lead back into, and what they judge keys by */
sign_code_e ngx_http_sign_judge(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const postern_key_t *key);
ngx_int_t ngx_http_sign_doubt(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, sign_code_e code);
ngx_int_t ngx_http_sign_read_body(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/*
 * ngx_http_sign_webhook.c: the directive, what -t says of it, and the states of
 * access.c that differ where a message names no key.
 */
char *ngx_http_sign_set_webhook(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_compile_webhook(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
void ngx_http_sign_warn_webhooks(ngx_cycle_t *cycle, ngx_array_t *webhooks);
ngx_int_t ngx_http_sign_webhook_values(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
ngx_int_t ngx_http_sign_webhook_keys(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
ngx_int_t ngx_http_sign_webhook_settle(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/*
 * ngx_http_sign_token.c: the handler that gives tokens of EnOS out.
 * ngx_http_sign_enos.c: the state in which the key of one is looked up, which
 * goes on in find_key().
 */
char *ngx_http_sign_set_enos_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_compile_enos_token(ngx_conf_t *cf,
    ngx_http_sign_loc_conf_t *conf);
ngx_int_t ngx_http_sign_enos_lookup(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, postern_str_t token);

/*
 * ngx_http_sign_conf.c: directive setters, and what merging makes of them.  The
 * first two are nginx's own, and note where the directive stands.
 */
char *ngx_http_sign_set_flag(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_insecure_replay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_schemes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_components(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_nonce_cap(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_replay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_sign_set_window(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_sign_merge_replay(ngx_http_sign_loc_conf_t *prev,
    ngx_http_sign_loc_conf_t *conf);
char *ngx_http_sign_compile(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf);
ngx_uint_t ngx_http_sign_is_token(ngx_str_t *name);

/* ngx_http_sign_tag.c */
char *ngx_http_sign_set_tag(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_uint_t ngx_http_sign_is_bot(const sign_policy_t *policy);
u_char *ngx_http_sign_accept_params(u_char *p, const sign_policy_t *policy);

/*
 * ngx_http_sign_warn.c: for nginx -t.  at() is cf as it was at the directive,
 * of this level or the one that it is inherited from; first() is 1 where no
 * warning of that bit was given of it before.
 */
void ngx_http_sign_warn(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf);
ngx_conf_t *ngx_http_sign_at(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf,
    const char *directive, ngx_http_postern_at_t *at);
ngx_uint_t ngx_http_sign_first(ngx_http_sign_loc_conf_t *conf,
    const char *directive, ngx_uint_t bit);

/*
 * ngx_http_sign_request.c: fills in ctx->request and ctx->address from the
 * request as the client sent it, whatever nginx made of it since; memory of the
 * main request's pool.  Failures have their reason in ctx->message.detail.
 */
sign_code_e ngx_http_sign_request(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
postern_alloc_t ngx_http_sign_allocator(ngx_pool_t *pool);

/*
 * ngx_http_sign_body.c.  init() puts the filter in place.  begin() hands what
 * comes through it from now on to the sink of the message; NGX_ERROR when out
 * of memory.  present() hands on a body that was read before, to its end.
 */
void ngx_http_sign_body_init(void);
ngx_int_t ngx_http_sign_body_begin(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
sign_code_e ngx_http_sign_body_present(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/*
 * ngx_http_sign_chunked.c: sign_aws_chunked.  begin() decides for the request;
 * decode() takes the place of the sink's update(), and leaves the payload in
 * *in; decoded() tells nginx and the application what they have now.
 */
void ngx_http_sign_decode_begin(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
sign_code_e ngx_http_sign_decode(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, ngx_chain_t **in, ngx_uint_t *last);
ngx_int_t ngx_http_sign_decoded(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/*
 * ngx_http_sign_keys.c: keys made ready, per worker and directory snapshot; ctx
 * is that of the request that has found the key, and may be NULL otherwise.
 * NULL where the secret does not open or memory is out.  decoy() gives a key
 * that costs as much as the one the message speaks of, and is nobody's.
 */
ngx_int_t ngx_http_sign_keys_register(ngx_conf_t *cf);
sign_key_t *ngx_http_sign_key(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, const postern_key_t *key);
sign_maker_t *ngx_http_sign_maker(ngx_http_request_t *r,
    const postern_key_t *key);
sign_key_t *ngx_http_sign_open(ngx_http_request_t *r,
    const postern_key_t *key);
sign_maker_t *ngx_http_sign_open_private(ngx_http_request_t *r,
    const postern_key_t *key);
sign_key_t *ngx_http_sign_decoy(ngx_http_request_t *r,
    const sign_message_t *msg, const postern_key_t **key);

/* of the request's snapshot of the directory: another one, another number; 0
   where there is none */
uint64_t ngx_http_sign_keys_serial(ngx_http_request_t *r);

/*
 * ngx_http_sign_mtls.c: certificates() fills in those of the TLS client, where
 * it has any.  note() remembers the servers that want them, check() warns in
 * postconfiguration of those to which none will ever come.
 */
sign_code_e ngx_http_sign_certificates(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);
char *ngx_http_sign_note_mtls(ngx_conf_t *cf, ngx_http_sign_loc_conf_t *conf);
void ngx_http_sign_check_mtls(ngx_conf_t *cf, ngx_array_t *askers);

/*
 * ngx_http_sign_refuse.c: ends the work on this request.  code is the truth,
 * for logs, variables and sign_explain; shown is what other clients may learn.
 * Returns the status, or NGX_DECLINED where the location only observes.
 */
ngx_int_t ngx_http_sign_refuse(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx, sign_code_e code, sign_code_e shown);
ngx_int_t ngx_http_sign_too_early(ngx_http_request_t *r,
    ngx_http_sign_ctx_t *ctx);

/* what quotes a client, for logs */
void ngx_http_sign_printable(char *text, size_t size);

/* ngx_http_sign_variables.c */
ngx_int_t ngx_http_sign_add_variables(ngx_conf_t *cf);


#endif /* _NGX_HTTP_SIGN_MODULE_H_INCLUDED_ */
