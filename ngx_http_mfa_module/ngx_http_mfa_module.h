
/*
 * The glue of mfa.
 *
 *   ngx_http_mfa_module.c     directives, merge
 *   ngx_http_mfa_conf.c       setters
 *   ngx_http_mfa_look.c       templates, texts, logo, lists: what is read at
 *                             configuration time
 *   ngx_http_mfa_access.c     the guard: session, assurance
 *   ngx_http_mfa_code.c       a code beside a signature
 *   ngx_http_mfa_refuse.c     how the guard says no
 *   ngx_http_mfa_hide.c       Postern's cookies, kept from the application
 *   ngx_http_mfa_session.c    the session of a request
 *   ngx_http_mfa_begin.c      a new one
 *   ngx_http_mfa_sessions.c   those of a user: list, end
 *   ngx_http_mfa_cookie.c     cookies
 *   ngx_http_mfa_known.c      known devices
 *   ngx_http_mfa_variables.c
 *   ngx_http_mfa_account.c    accounts in Redis or in files
 *   ngx_http_mfa_lane.c       the ways to the threads
 *   ngx_http_mfa_prove.c      password, code, recovery code: counted, checked,
 *                             taken once; one file each: _prove_*.c
 *   ngx_http_mfa_pages.c      routing, forms, rendering
 *   ngx_http_mfa_*_page.c     one page each
 *   ngx_http_mfa_admin.c      what an administrator may see and end
 *
 * Waiting.  Each function below that may wait returns NGX_AGAIN while an
 * operation is under way and is called again with the same arguments when the
 * request wakes up (and perhaps before); its structure, zeroed at first, keeps
 * where it stands.  NGX_ERROR is for what a client cannot help: 500.
 */


#ifndef _NGX_HTTP_MFA_MODULE_H_INCLUDED_
#define _NGX_HTTP_MFA_MODULE_H_INCLUDED_


#include "ngx_http_postern_api.h"

#include "mfa_account.h"
#include "mfa_device.h"
#include "mfa_http.h"
#include "mfa_page.h"
#include "mfa_password.h"
#include "mfa_session.h"
#include "mfa_tags.h"


#define NGX_HTTP_MFA_NICE        10     /* of threads in a pool of their own */
#define NGX_HTTP_MFA_RECENT      400     /* ms that a copy of a session counts:
                                            an end elsewhere is seen within */
#define NGX_HTTP_MFA_DEVICE_AGE  (400 * 86400)    /* s, the most that browsers
                                                     keep a cookie */
#define NGX_HTTP_MFA_GUESS_TTL   ((ngx_msec_t) 90 * 86400 * 1000)
#define NGX_HTTP_MFA_PASSWORD_CHARS  256    /* code points, at most */
#define NGX_HTTP_MFA_RETRY_AFTER     5      /* seconds, with 503 */


/* what pages are made of; shared by all locations that name the same files */

typedef struct {
    ngx_str_t                   folder;       /* of mfa_templates, or "" */
    ngx_str_t                   file;         /* of mfa_texts, or "" */
    const mfa_catalogue_t      *texts;
    mfa_template_t             *templates[MFA_PAGES];
    postern_str_t               style;        /* style.css as written */
} ngx_http_mfa_look_t;


/* lists of common passwords; the one that is built in has no name */

typedef struct {
    ngx_str_t                   file;
    const mfa_block_list_t     *list;
} ngx_http_mfa_list_file_t;


/* http level */

typedef struct {
    mfa_argon2_t                argon2;       /* mfa_argon2id memory= passes= */
    ngx_uint_t                  running;      /*   running= */
    ngx_uint_t                  queued;       /*   queue= */
    ngx_str_t                   pool_name;    /* mfa_thread_pool */
    ngx_thread_pool_t          *thread_pool;
    ngx_str_t                   accounts;     /* mfa_accounts; empty: none */
    ngx_flag_t                  redis;        /* has_redis(): accounts are
                                                 there, not in the folder */
    ngx_flag_t                  used;         /* mfa is somewhere */
    ngx_http_postern_lane_t    *lane;         /* of Argon2id, and */
    ngx_http_postern_lane_t    *files;        /*   of files: lanes() */
    ngx_uint_t                  kept;         /* places kept in lane */
    ngx_array_t                *looks;        /* of ngx_http_mfa_look_t * */
    ngx_array_t                *lists;        /* of ngx_http_mfa_list_file_t */
    char                      (*tags)[5];     /* of master keys, of a worker */
    ngx_uint_t                  ntags;
    mfa_limits_t                widest;       /* of all locations */
} ngx_http_mfa_main_conf_t;


/*
 * Lanes to the threads, of this worker: called in init_process.  Files have one
 * of their own, so that a flood of passwords does not keep people with a
 * session from their accounts.  Without a thread pool both stay NULL.
 */
ngx_int_t ngx_http_mfa_lanes(ngx_cycle_t *cycle);

/*
 * Room for one job in the lane of passwords, kept until it is given back or the
 * request ends: who counts a guess first must be able to check it then.
 * NGX_OK; NGX_BUSY: there is none; NGX_ERROR.  Given back right before start().
 */
typedef struct {
    ngx_http_mfa_main_conf_t   *in;           /* NULL: none is kept */
} ngx_http_mfa_room_t;

ngx_int_t ngx_http_mfa_room_take(ngx_http_request_t *r,
    ngx_http_mfa_room_t *room);
void ngx_http_mfa_room_give(ngx_http_mfa_room_t *room);


typedef struct ngx_http_mfa_loc_conf_s  ngx_http_mfa_loc_conf_t;


/* of a server: where its pages are, and what they look like */

typedef struct {
    ngx_str_t                   pages;        /* path of mfa_pages, "" none */
    ngx_http_mfa_loc_conf_t    *look;         /* of that location */
    ngx_flag_t                  warned;
} ngx_http_mfa_srv_conf_t;


/*
 * What belongs to pages (from enrol on, but for limit) counts where mfa_pages
 * or mfa_admin is, and is not filled in elsewhere: a page that the guard shows
 * is made of srv_conf->look.
 */

struct ngx_http_mfa_loc_conf_s {
    ngx_http_postern_place_t   *places;       /* of directives that -t may have
                                                 to speak of */

    ngx_flag_t                  enable;       /* mfa */
    ngx_uint_t                  aal;          /* mfa_require aal=, default 2 */
    time_t                      max_age;      /*   max_age=, 0: any */

    ngx_flag_t                  pages;        /* mfa_pages is here */
    ngx_flag_t                  admin;        /* mfa_admin is here */

    mfa_limits_t                limits;       /* mfa_session idle= absolute= */
    ngx_str_t                   cookie;       /* mfa_cookie */
    ngx_str_t                   device;       /* its name with "-device" */
    ngx_str_t                   form;         /* its name with "-form" */
    ngx_flag_t                  insecure;     /* mfa_insecure_cookie */
    ngx_str_t                   authenticate; /* WWW-Authenticate */

    ngx_str_t                   code_header;  /* mfa_code_header, lower case */
    mfa_otp_t                   otp;          /* mfa_totp digits= algorithm=
                                                 period=, of new ones */
    ngx_uint_t                  window;       /*   window= */
    ngx_http_postern_backoff_t  backoff;      /* mfa_limit, per authenticator */
    ngx_uint_t                  address;      /*   address=, a minute */

    ngx_flag_t                  enrol;        /* mfa_enrol */
    mfa_password_rules_t        rules;        /* mfa_password */
    ngx_str_t                   block_file;   /*   block= */
    ngx_flag_t                  block;        /* mfa_insecure_block_list */

    ngx_str_t                   brand;        /* mfa_name */
    ngx_str_t                   logo_file;    /* mfa_logo */
    ngx_str_t                   logo;         /*   its content */
    ngx_str_t                   logo_type;
    mfa_colors_t                colors;       /* mfa_colors */
    ngx_str_t                   style;        /* style.css as sent */
    ngx_str_t                   style_etag;
    ngx_str_t                   language_tag; /* mfa_language */
    ngx_uint_t                  language;
    ngx_str_t                   texts_file;   /* mfa_texts */
    const mfa_catalogue_t      *texts;
    ngx_str_t                   folder;       /* mfa_templates */
    mfa_template_t *const      *templates;    /* MFA_PAGES of them */
};


extern ngx_module_t  ngx_http_mfa_module;


/* sessions */

#define NGX_HTTP_MFA_SESSION       "mfa/s/"      /* and the key */
#define NGX_HTTP_MFA_SESSION_NAME  (sizeof(NGX_HTTP_MFA_SESSION) - 1          \
                                    + MFA_SESSION_KEY)
#define NGX_HTTP_MFA_SESSIONS      "mfa/u/"      /* and the user */
#define NGX_HTTP_MFA_LIST_TRIES    16    /* of compare and set */

typedef enum {
    NGX_HTTP_MFA_NONE = 0,      /* no cookie */
    NGX_HTTP_MFA_UNKNOWN,       /* not ours, or gone */
    NGX_HTTP_MFA_ENDED          /* idle or absolute limit */
} ngx_http_mfa_why_e;

typedef struct {
    ngx_http_postern_op_t       op;
    ngx_uint_t                  state;
    unsigned                    loaded:1;
    ngx_http_mfa_why_e          why;          /* where there is none */
    mfa_session_t               session;
    const postern_user_t       *user;
    ngx_str_t                   record;       /* as it was read */
    u_char                      name[NGX_HTTP_MFA_SESSION_NAME];
    u_char                     *key;          /* of the record, within name */
} ngx_http_mfa_session_t;

/*
 * The session of this request.  NGX_OK: loaded, within its limits, of an active
 * user whose password is still the same, and of this location's organization;
 * NGX_DECLINED: there is none, why says more; NGX_DONE: cannot tell (503).
 * Marks the last use now and then.  Called once more, it judges what it found
 * by the location that the request has come to since.
 */
ngx_int_t ngx_http_mfa_session_load(ngx_http_request_t *r,
    ngx_http_mfa_session_t *s);

/* whose it is and what was proven; id points to name, where the session's is
   written */
void ngx_http_mfa_session_identity(ngx_http_mfa_session_t *s,
    u_char name[2 * MFA_SESSION_ID], ngx_http_postern_identity_t *id);

/*
 * A new session, or a new token for one whose assurance changed: old is the
 * loaded session it takes the place of, or NULL.  What is in next->session
 * (org, user, amr, aal, times) is completed and stored; Set-Cookie is written.
 * began: ms since the epoch when the proof began.  NGX_OK; NGX_DECLINED: all
 * sessions of the user were ended meanwhile; NGX_DONE: cannot tell.
 */
typedef struct {
    ngx_http_postern_op_t       op;
    ngx_uint_t                  state;
    ngx_uint_t                  tries;
    mfa_session_t               session;
    u_char                      token[MFA_TOKEN];
    u_char                      name[NGX_HTTP_MFA_SESSION_NAME];
    u_char                     *key;          /* of the record, within name */
    char                        label[MFA_SESSION_LABEL];
    ngx_str_t                   list;         /* as it was read */
    mfa_sessions_t              sessions;
    mfa_listed_t                pushed;
    unsigned                    full:1;       /* pushed has to go */
} ngx_http_mfa_start_t;

ngx_int_t ngx_http_mfa_session_start(ngx_http_request_t *r,
    ngx_http_mfa_start_t *next, const postern_user_t *user,
    ngx_http_mfa_session_t *old, int64_t began);

/*
 * The sessions of a user, most recently used first; those that have gone are
 * left out.  NGX_OK, NGX_DONE.
 */
typedef struct {
    ngx_http_postern_op_t       op;
    ngx_uint_t                  state;
    ngx_uint_t                  i;
    ngx_str_t                   list;
    mfa_sessions_t              sessions;
    mfa_session_t               found[MFA_SESSIONS_MAX];
    ngx_uint_t                  n;
} ngx_http_mfa_list_t;

ngx_int_t ngx_http_mfa_session_list(ngx_http_request_t *r,
    ngx_http_mfa_list_t *l, const postern_user_t *user);

/*
 * Ends sessions of a user: the one of this id, or all (id NULL) but keep (a
 * key, or NULL).  own, where it is set, is the key of one that ends first of
 * all, listed or not.  NGX_OK, NGX_DECLINED: there is none of this id in the
 * list, NGX_DONE.
 */
typedef struct {
    ngx_http_postern_op_t       op;
    ngx_uint_t                  state;
    ngx_uint_t                  tries;
    ngx_uint_t                  i;
    ngx_uint_t                  ended;        /* how many */
    const u_char               *own;
    ngx_str_t                   list;
    mfa_sessions_t              sessions;
    mfa_sessions_t              gone;
} ngx_http_mfa_end_t;

ngx_int_t ngx_http_mfa_session_end(ngx_http_request_t *r,
    ngx_http_mfa_end_t *e, const postern_user_t *user, const u_char *id,
    const u_char *keep);

/* for what waits: what a step returns that submitted op */
static ngx_inline ngx_int_t
ngx_http_mfa_submitted(ngx_http_postern_op_t *op, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        op->done = 1;
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_AGAIN;
}


/* names in the store: of a session; of the sessions of a user, from the pool */
void ngx_http_mfa_session_name(u_char name[NGX_HTTP_MFA_SESSION_NAME],
    const u_char *key);
ngx_int_t ngx_http_mfa_sessions_name(ngx_http_request_t *r,
    const postern_user_t *user, ngx_str_t *name);

/* how long the list of a user's sessions is kept */
ngx_msec_t ngx_http_mfa_sessions_ttl(ngx_http_request_t *r);

/* Set-Cookie with all that __Host- asks for; age in seconds, -1: of the browser
   session, 0: away with it */
ngx_int_t ngx_http_mfa_set_cookie(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value, time_t age);

/* the ith Cookie line, the one behind line (NULL for the first), or NULL */
ngx_table_elt_t *ngx_http_mfa_cookie_line(ngx_http_request_t *r,
    ngx_table_elt_t *line, ngx_uint_t i);

/* the first header of this name, in lower case, or NULL */
ngx_table_elt_t *ngx_http_mfa_header(ngx_http_request_t *r, const char *name);

/* one cookie over all lines, whatever nginx keeps them in; NGX_DECLINED: none,
   or more than one */
ngx_int_t ngx_http_mfa_cookie(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *value);


/* known devices */

/*
 * The lane of this device for this user, "" where it is a stranger.  aal is
 * what must have been proven there: for codes a second factor, or whoever has
 * a password would get a new lane with each sign-in, and 5 guesses in each.
 */
void ngx_http_mfa_device_lane(ngx_http_request_t *r,
    const postern_user_t *user, ngx_uint_t aal, ngx_str_t *lane);

/* from now on it is known, with what was proven there now */
ngx_int_t ngx_http_mfa_device_remember(ngx_http_request_t *r,
    const postern_user_t *user, ngx_uint_t aal);


/* accounts */

typedef struct {
    ngx_http_postern_op_t       op;
    ngx_uint_t                  state;
    void                       *job;
    unsigned                    loaded:1;
    ngx_str_t                   text;         /* as it was read, or null */
    ngx_str_t                   next;
    mfa_account_t               record;
} ngx_http_mfa_account_t;

/* NGX_OK, NGX_DONE (cannot tell) */
ngx_int_t ngx_http_mfa_account_load(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a, const postern_user_t *user);

/* writes a->record in place of what was read; NGX_OK, NGX_DECLINED (changed
   meanwhile: zero *a, load and decide anew), NGX_DONE */
ngx_int_t ngx_http_mfa_account_save(ngx_http_request_t *r,
    ngx_http_mfa_account_t *a);

/* of configuration: makes the folder of mfa_accounts, if it has to */
ngx_int_t ngx_http_mfa_account_folder(ngx_conf_t *cf,
    ngx_http_mfa_main_conf_t *mmcf);

/* can accounts be written at all here? */
ngx_flag_t ngx_http_mfa_account_writable(ngx_http_request_t *r);


/*
 * Proofs.  Counted before they are checked, under the names given, whether
 * there is such a user or not; a right one clears the count.
 */

typedef enum {
    NGX_HTTP_MFA_YES = 0,
    NGX_HTTP_MFA_NO,            /* wrong, unknown, disabled: nobody tells */
    NGX_HTTP_MFA_WAIT,          /* too many: wait seconds (0: no more at all) */
    NGX_HTTP_MFA_USED,          /* a right code, once too often */
    NGX_HTTP_MFA_BUSY,          /* queue of threads is full: 503 */
    NGX_HTTP_MFA_UNAVAILABLE    /* no store, no Redis, no file: 503 */
} ngx_http_mfa_result_e;

typedef struct {
    ngx_http_postern_op_t       op;
    ngx_http_mfa_result_e       result;
    time_t                      wait;
    void                       *job;

    ngx_str_t                   org;          /* as counted, "" unknown */
    ngx_str_t                   name;
    ngx_str_t                   lane;         /* of a known device, or "" */
    const postern_user_t       *user;         /* NULL: nobody, not active */

    ngx_http_mfa_account_t      account;      /* loaded on the way */
    mfa_account_otp_t           otps[MFA_ACCOUNT_ALL];
    ngx_uint_t                  notps;
    ngx_uint_t                  i;
    uint64_t                    counter;
    void                       *own;          /* of ngx_http_mfa_prove*.c */
} ngx_http_mfa_proof_t;

/* each NGX_OK with result, or NGX_ERROR.  password() also looks at the limit
   per address, and writes the hash anew where it is old. */
ngx_int_t ngx_http_mfa_prove_password(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *password);
ngx_int_t ngx_http_mfa_prove_code(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *code);
ngx_int_t ngx_http_mfa_prove_recovery(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *code);

/* forgets all counts of a user: an administrator's help */
ngx_int_t ngx_http_mfa_prove_forget(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p);


/*
 * What mfa knows of a request: one for the main request and all its internal
 * redirects, kept by the core (NGX_HTTP_POSTERN_MFA).  Each part is made by
 * whom it belongs to, NULL until then; the session is loaded once, by whoever
 * comes first.
 */

typedef struct {
    ngx_http_mfa_session_t      session;
    unsigned                    settled:1;    /* session_load() has answered: */
    ngx_int_t                   answer;       /* NGX_OK, NGX_DECLINED */
    void                       *guard;        /* of the access phase */
    void                       *page;         /* of the pages */
    void                       *admin;        /* of mfa_admin */
} ngx_http_mfa_ctx_t;

/* makes it where there is none yet; NULL out of memory */
static ngx_inline ngx_http_mfa_ctx_t *
ngx_http_mfa_need_ctx(ngx_http_request_t *r)
{
    ngx_http_mfa_ctx_t  *ctx;

    ctx = postern_api.ctx(r, NGX_HTTP_POSTERN_MFA);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->main->pool, sizeof(ngx_http_mfa_ctx_t));

        if (ctx == NULL
            || postern_api.set_ctx(r, NGX_HTTP_POSTERN_MFA, ctx) != NGX_OK)
        {
            return NULL;
        }
    }

    return ctx;
}


/*
 * Where the guard sends people, with to=<path and query, escaped> each:
 *
 *     sign-in?to=…            no cookie
 *     sign-in?again=1&to=…    a cookie, and no session that counts there: the
 *                             pages, of other limits or another organization,
 *                             might find it good and send people straight back
 *     code?to=…               MFA_SESSION_LOW
 *     code?again=1&to=…       MFA_SESSION_OLD
 *
 * The pages show a form wherever again=1 is, so that there are no loops.
 */

/* phases and handlers */

ngx_int_t ngx_http_mfa_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_mfa_pages_handler(ngx_http_request_t *r);
char *ngx_http_mfa_admin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_mfa_admin_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_mfa_admin_preaccess(ngx_http_request_t *r);
ngx_int_t ngx_http_mfa_add_variables(ngx_conf_t *cf);

/* a page that the guard shows in place of the application: RESEND; the request
   is answered with status.  Returns what the phase handler has to return. */
ngx_int_t ngx_http_mfa_show(ngx_http_request_t *r, mfa_page_e page,
    ngx_uint_t status, ngx_uint_t step_up);

/* people of this request: those of an organization's name ("" where only one
   can be meant), NULL where there is no such active user; *org: as counted */
const postern_user_t *ngx_http_mfa_find_user(ngx_http_request_t *r,
    ngx_str_t *org, ngx_str_t *name);

/* adds the headers of a 303 to a path of this host, as given: never made
   absolute; returns the status, for any handler to return */
ngx_int_t ngx_http_mfa_redirect(ngx_http_request_t *r, ngx_str_t *to);

/* setters of ngx_http_mfa_conf.c */
char *ngx_http_mfa_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_pages(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_set_session(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_cookie_name(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_flag(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_insecure(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_code_header(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_totp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_set_password(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_set_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_set_argon2id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_mfa_look.c: what mfa_name, mfa_logo, mfa_colors, mfa_templates,
   mfa_texts, mfa_language and the list of mfa_password say, read and compiled
   for a location with pages */
char *ngx_http_mfa_set_name(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_mfa_set_colors(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_mfa_look(ngx_conf_t *cf, ngx_http_mfa_loc_conf_t *conf);


#endif /* _NGX_HTTP_MFA_MODULE_H_INCLUDED_ */
