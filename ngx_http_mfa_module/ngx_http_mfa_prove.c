
/*
 * What all proofs have in common: the limit of an address, room for the work,
 * the count of guesses, the account; and the end of it.
 *
 * Whoever asks for somebody that is not there goes the same way over the same
 * operations as for somebody who is.
 */


#include "ngx_http_mfa_prove.h"


#define NGX_HTTP_MFA_PASSWORD_TTL  ((ngx_msec_t) 86400 * 1000)


static ngx_int_t ngx_http_mfa_prove_begin(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, const ngx_http_mfa_kind_t *kind);
static ngx_int_t ngx_http_mfa_prove_short(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_mfa_prove_address(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_address_name(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_http_mfa_prove_addressed(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_room(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_attempt(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_attempted(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_cleared(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_ended(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_prove_counted(ngx_http_mfa_proof_t *p);


ngx_int_t
ngx_http_mfa_prove_run(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given, const ngx_http_mfa_kind_t *kind)
{
    ngx_int_t             rc;
    ngx_http_mfa_work_t  *w;

    if (p->own == NULL && ngx_http_mfa_prove_begin(r, p, kind) != NGX_OK) {
        return NGX_ERROR;
    }

    w = p->own;

    do {
        if (p->op.pending) {
            return NGX_AGAIN;
        }

        rc = w->step(r, p, given);

    } while (rc == NGX_OK);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_http_mfa_room_give(&w->room);

    return (rc == NGX_DONE) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_mfa_prove_begin(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    const ngx_http_mfa_kind_t *kind)
{
    ngx_str_t             parts[3];
    ngx_http_mfa_work_t  *w;

    w = ngx_pcalloc(r->pool, sizeof(ngx_http_mfa_work_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    /* whatever goes wrong on the way: nothing is proven yet */

    p->result = NGX_HTTP_MFA_UNAVAILABLE;
    p->wait = 0;

    w->kind = kind;

    /*
     * A user counts under the name in the directory, however it was spelt;
     * nobody under the name that was typed.
     */

    w->who = p->user;

    if (w->who == NULL) {
        if (ngx_http_mfa_prove_short(r, &p->org) != NGX_OK
            || ngx_http_mfa_prove_short(r, &p->name) != NGX_OK)
        {
            return NGX_ERROR;
        }

        w->nowhere.name = ngx_http_postern_slice(p->org);
        w->nobody.org = &w->nowhere;
        w->nobody.name = ngx_http_postern_slice(p->name);
        w->who = &w->nobody;
    }

    w->count_org = ngx_http_postern_str(w->who->org->name);

    parts[0] = ngx_http_postern_str(w->who->name);
    parts[1] = p->lane;

    if (ngx_http_mfa_prove_name(r, &w->count, kind->what, parts,
                                p->lane.len ? 2 : 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    w->step = kind->address ? ngx_http_mfa_prove_address
                            : ngx_http_mfa_prove_room;
    p->own = w;

    return NGX_OK;
}


/* no directory has names this long, or empty ones: a hash stands for it */

static ngx_int_t
ngx_http_mfa_prove_short(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char  *p, hash[32];

    if (text->len && text->len <= POSTERN_NAME_MAX) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, 2 * sizeof(hash));

    if (p == NULL
        || postern_api.mac(0, "mfa no name", ngx_http_postern_slice(*text),
                           hash)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    text->len = ngx_hex_dump(p, hash, sizeof(hash)) - p;
    text->data = p;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_name(ngx_http_request_t *r, ngx_str_t *name,
    const char *what, ngx_str_t *parts, ngx_uint_t n)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    len = sizeof("mfa/") - 1 + ngx_strlen(what);

    for (i = 0; i < n; i++) {
        len += 1 + parts[i].len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name->data = p;
    name->len = len;

    p = ngx_cpymem(p, "mfa/", sizeof("mfa/") - 1);
    p = ngx_cpymem(p, what, ngx_strlen(what));

    for (i = 0; i < n; i++) {
        *p++ = '/';
        p = ngx_cpymem(p, parts[i].data, parts[i].len);
    }

    return NGX_OK;
}


/* strangers of one address, whoever they say they are */

static ngx_int_t
ngx_http_mfa_prove_address(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_str_t                 org, name;
    ngx_http_mfa_work_t      *w;
    ngx_http_mfa_loc_conf_t  *mlcf;

    w = p->own;
    w->step = ngx_http_mfa_prove_room;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (p->lane.len || mlcf->address == 0) {
        return NGX_OK;
    }

    w->step = ngx_http_mfa_prove_addressed;

    ngx_str_set(&org, "");

    if (ngx_http_mfa_prove_address_name(r, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    return postern_api.rate(r, &p->op, &org, &name, mlcf->address,
                            60 * 1000);
}


/*
 * Whoever has an IPv6 address has at least the 2^64 of its network; an IPv4
 * address may come written as one.
 */

static ngx_int_t
ngx_http_mfa_prove_address_name(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_str_t         part;
    struct sockaddr  *sa;
#if (NGX_HAVE_INET6)
    struct in6_addr  *in6;
#endif

    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        part.len = 4;
        part.data = (u_char *) &((struct sockaddr_in *) sa)->sin_addr;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) sa)->sin6_addr;
        part.len = 8;
        part.data = in6->s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            part.len = 4;
            part.data += 12;
        }

        break;
#endif

    default:

        /* of a Unix socket: all that come by it are one */

        ngx_str_set(&part, "unix");
        break;
    }

    return ngx_http_mfa_prove_name(r, name, "addr", &part, 1);
}


static ngx_int_t
ngx_http_mfa_prove_addressed(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_room;

    return ngx_http_mfa_prove_counted(p);
}


/*
 * Before the count, so that a full queue costs nobody a guess; kept until the
 * work starts, so that what was counted is also checked.
 */

static ngx_int_t
ngx_http_mfa_prove_room(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_int_t             rc;
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_attempt;

    if (!w->kind->thread) {
        return NGX_OK;
    }

    rc = ngx_http_mfa_room_take(r, &w->room);

    if (rc == NGX_BUSY) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_BUSY);
    }

    return rc;
}


static ngx_int_t
ngx_http_mfa_prove_attempt(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t         *w;
    ngx_http_mfa_loc_conf_t     *mlcf;
    ngx_http_postern_backoff_t   backoff;

    w = p->own;
    w->step = ngx_http_mfa_prove_attempted;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);
    backoff = mlcf->backoff;

    if (w->kind->endless) {

        /* else strangers could end a password for good */

        backoff.max = 0;
        backoff.ttl = NGX_HTTP_MFA_PASSWORD_TTL;
    }

    /* names that nobody has are without number, the zone is not */

    backoff.spare = (p->user == NULL);

    return postern_api.attempt(r, &p->op, &w->count_org, &w->count, &backoff);
}


static ngx_int_t
ngx_http_mfa_prove_attempted(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_load;

    return ngx_http_mfa_prove_counted(p);
}


/* where there are too many, p->op.msec is the time to wait, 0 where that does
   not help */

static ngx_int_t
ngx_http_mfa_prove_counted(ngx_http_mfa_proof_t *p)
{
    switch (p->op.result) {

    case NGX_HTTP_POSTERN_OK:
        return NGX_OK;

    case NGX_HTTP_POSTERN_NO:
        p->wait = (p->op.msec + 999) / 1000;
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_WAIT);

    default: /* NGX_HTTP_POSTERN_UNAVAILABLE */
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }
}


/* nobody's account is asked for like everybody's */

ngx_int_t
ngx_http_mfa_prove_load(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_int_t             rc;
    ngx_http_mfa_work_t  *w;

    w = p->own;

    rc = ngx_http_mfa_account_load(r, &p->account, w->who);

    if (rc == NGX_DONE) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    if (rc == NGX_OK) {
        w->step = w->kind->check;
    }

    return rc;
}


ngx_int_t
ngx_http_mfa_prove_again(ngx_http_mfa_proof_t *p)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    if (++w->tries > NGX_HTTP_MFA_TRIES) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    ngx_memzero(&p->account, sizeof(ngx_http_mfa_account_t));

    w->step = ngx_http_mfa_prove_load;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_save(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_int_t             rc;
    ngx_http_mfa_work_t  *w;

    w = p->own;

    rc = ngx_http_mfa_account_save(r, &p->account);

    switch (rc) {

    case NGX_OK:
        w->step = ngx_http_mfa_prove_right;
        return NGX_OK;

    case NGX_DECLINED:

        /* perhaps by who sent the same code: it is looked for anew */

        return ngx_http_mfa_prove_again(p);

    case NGX_DONE:
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);

    default:
        return rc;
    }
}


ngx_int_t
ngx_http_mfa_prove_start(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    void (*run)(void *job))
{
    ngx_http_mfa_work_t       *w;
    ngx_http_mfa_main_conf_t  *mmcf;

    w = p->own;
    mmcf = ngx_http_get_module_main_conf(r, ngx_http_mfa_module);

    /* nobody comes between */

    ngx_http_mfa_room_give(&w->room);

    return postern_api.start(r, &p->op, mmcf->lane, p->job, run);
}


/* right: the guesses before it are forgotten */

ngx_int_t
ngx_http_mfa_prove_right(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_cleared;

    return postern_api.clear(r, &p->op, &w->count_org, &w->count);
}


/* it was right whether or not the count could be forgotten */

static ngx_int_t
ngx_http_mfa_prove_cleared(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    if (p->op.result != NGX_HTTP_POSTERN_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the guesses before a right one stay counted: "
                      "the store is unavailable");
    }

    if (w->kind->proven == NULL) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_YES);
    }

    w->step = w->kind->proven;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_prove_end(ngx_http_mfa_proof_t *p, ngx_http_mfa_result_e result)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_ended;

    p->result = result;

    return NGX_DONE;
}


/* asked once more, it answers the same */

static ngx_int_t
ngx_http_mfa_prove_ended(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    return NGX_DONE;
}
