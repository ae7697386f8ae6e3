
/*
 * A code of an authenticator.  TOTP: claimed, so that of all who send the same
 * one exactly one is let in.  HOTP: the counter is moved behind it first, by
 * compare and set, which does the same.
 */


#include "ngx_http_mfa_prove.h"


/*
 * A claim is kept for as long as its code would match, and an hour longer: a
 * clock that is set back by so much makes no old code new.
 */

#define NGX_HTTP_MFA_CLAIM_SLACK  3600

/*
 * HOTP: a code so few counters ahead counts at once.  One further ahead may be
 * of a token whose button was pressed in a pocket: it counts when the very next
 * one follows (RFC 4226, section 7.4), or else each guess would be one at fifty
 * codes.
 */

#define NGX_HTTP_MFA_NEAR         10
#define NGX_HTTP_MFA_FAR_TTL      ((ngx_msec_t) 600 * 1000)


static ngx_int_t ngx_http_mfa_code_check(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_match(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_found(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static void ngx_http_mfa_code_range(ngx_http_request_t *r,
    mfa_account_otp_t *otp, uint64_t *from, uint64_t *to);
static ngx_int_t ngx_http_mfa_code_name(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, const char *what, ngx_str_t *name);

static ngx_int_t ngx_http_mfa_code_claim(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_claimed(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);

static ngx_int_t ngx_http_mfa_code_counted(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_far(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_near(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_kept(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);
static ngx_int_t ngx_http_mfa_code_move(ngx_http_request_t *r,
    ngx_http_mfa_proof_t *p, ngx_str_t *given);


static const ngx_http_mfa_kind_t  ngx_http_mfa_code_kind = {
    "g/otp", 0, 0, 0, ngx_http_mfa_code_check, NULL
};


ngx_int_t
ngx_http_mfa_prove_code(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *code)
{
    return ngx_http_mfa_prove_run(r, p, code, &ngx_http_mfa_code_kind);
}


static ngx_int_t
ngx_http_mfa_code_check(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_code_match;

    p->i = 0;
    p->notps = 0;
    w->shut = 0;

    if (p->user) {
        p->notps = mfa_account_otps(&p->account.record, p->user, p->otps,
                                    MFA_ACCOUNT_ALL);
    }

    return NGX_OK;
}


/* the next authenticator that has this code now */

static ngx_int_t
ngx_http_mfa_code_match(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    for ( /* void */ ; p->i < p->notps; p->i++) {

        if (ngx_http_mfa_code_found(r, p, given) == NGX_OK) {
            w->step = p->otps[p->i].otp.period ? ngx_http_mfa_code_claim
                                               : ngx_http_mfa_code_counted;
            return NGX_OK;
        }
    }

    /* no code is right where none can be looked at: that is no one's guess */

    if (p->notps && w->shut == p->notps) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    return ngx_http_mfa_prove_end(p, w->used ? NGX_HTTP_MFA_USED
                                             : NGX_HTTP_MFA_NO);
}


static ngx_int_t
ngx_http_mfa_code_found(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    int                   found;
    char                  name[2 * POSTERN_NAME_MAX + 64];
    u_char                bytes[POSTERN_SECRET_MAX];
    size_t                len;
    uint64_t              from, to;
    postern_str_t         record, secret;
    mfa_account_otp_t    *otp;
    ngx_http_mfa_work_t  *w;

    w = p->own;
    otp = &p->otps[p->i];

    record.len = postern_seal_name(name, sizeof(name), p->user->org->name,
                                   "users", p->user->name,
                                   otp->otp.period ? "totp" : "hotp");
    record.data = (u_char *) name;

    if (record.len == 0
        || postern_api.secret(r->connection->log, otp->secret, record, bytes,
                              &len)
           != NGX_OK)
    {
        /* why has been logged; another authenticator may still do */

        w->shut++;
        return NGX_DECLINED;
    }

    secret.len = len;
    secret.data = bytes;

    if (otp->otp.period == 0 && otp->id.len < MFA_OTP_ID_MIN) {
        mfa_account_follow(&p->account.record, secret, otp, w->ids[p->i]);
    }

    ngx_http_mfa_code_range(r, otp, &from, &to);

    found = mfa_otp_match(&otp->otp, secret, ngx_http_postern_slice(*given),
                          from, to, &p->counter);

    ngx_explicit_memzero(bytes, sizeof(bytes));

    return found ? NGX_OK : NGX_DECLINED;
}


/* of HOTP the one before as well, to know a code that was used just now */

static void
ngx_http_mfa_code_range(ngx_http_request_t *r, mfa_account_otp_t *otp,
    uint64_t *from, uint64_t *to)
{
    ngx_http_mfa_loc_conf_t  *mlcf;

    if (otp->otp.period == 0) {
        *from = otp->counter ? otp->counter - 1 : 0;
        *to = *from + MFA_OTP_LOOK_MAX;
        return;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    mfa_totp_range(&otp->otp, ngx_time(), mlcf->window, from, to);
}


static ngx_int_t
ngx_http_mfa_code_name(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    const char *what, ngx_str_t *name)
{
    u_char     digits[NGX_INT64_LEN + 1];
    ngx_str_t  parts[3];

    parts[0] = ngx_http_postern_str(p->user->name);
    parts[1] = ngx_http_postern_str(p->otps[p->i].id);

    parts[2].len = ngx_sprintf(digits, "%uL", p->counter) - digits;
    parts[2].data = digits;

    return ngx_http_mfa_prove_name(r, name, what, parts,
                                   p->otps[p->i].otp.period ? 3 : 2);
}


static ngx_int_t
ngx_http_mfa_code_claim(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    uint64_t                  end;
    ngx_str_t                 name;
    ngx_http_mfa_work_t      *w;
    ngx_http_mfa_loc_conf_t  *mlcf;

    w = p->own;
    w->step = ngx_http_mfa_code_claimed;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mfa_module);

    if (ngx_http_mfa_code_name(r, p, "otp", &name) != NGX_OK) {
        return NGX_ERROR;
    }

    /* whenever the code is sent, its claim ends at the same time */

    end = (p->counter + mlcf->window + 2) * p->otps[p->i].otp.period
          + NGX_HTTP_MFA_CLAIM_SLACK;

    return postern_api.claim(r, &p->op, &w->count_org, &name,
                             (ngx_msec_t) (end - (uint64_t) ngx_time())
                             * 1000);
}


static ngx_int_t
ngx_http_mfa_code_claimed(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    switch (p->op.result) {

    case NGX_HTTP_POSTERN_OK:
        w->step = ngx_http_mfa_prove_right;
        return NGX_OK;

    case NGX_HTTP_POSTERN_NO:

        /* two authenticators may have the same code */

        w->used = 1;
        w->step = ngx_http_mfa_code_match;
        p->i++;
        return NGX_OK;

    default:
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }
}


/* HOTP: where does the counter stand? */

static ngx_int_t
ngx_http_mfa_code_counted(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    if (!ngx_http_mfa_account_writable(r)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%*s\" has an authenticator that counts (HOTP), and "
                      "nothing can be written about users here: that needs "
                      "\"mfa_accounts\" or \"postern_redis\"",
                      p->user->name.len, p->user->name.data);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    if (p->counter < p->otps[p->i].counter) {
        w->used = 1;
        w->step = ngx_http_mfa_code_match;
        p->i++;
        return NGX_OK;
    }

    w->step = (p->counter - p->otps[p->i].counter > NGX_HTTP_MFA_NEAR)
              ? ngx_http_mfa_code_far : ngx_http_mfa_code_move;

    return NGX_OK;
}


/* is it the one behind a code that was far ahead, too? */

static ngx_int_t
ngx_http_mfa_code_far(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_str_t             name;
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_code_near;

    if (ngx_http_mfa_code_name(r, p, "far", &name) != NGX_OK) {
        return NGX_ERROR;
    }

    return postern_api.take(r, &p->op, &w->count_org, &name);
}


static ngx_int_t
ngx_http_mfa_code_near(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    u_char                digits[NGX_INT64_LEN + 1];
    ngx_str_t             name, value;
    ngx_http_mfa_work_t  *w;

    w = p->own;

    if (p->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    value.data = digits;

    if (p->counter != 0) {
        value.len = ngx_sprintf(digits, "%uL", p->counter - 1) - digits;

        if (p->op.result == NGX_HTTP_POSTERN_OK
            && p->op.value.len == value.len
            && ngx_memcmp(p->op.value.data, digits, value.len) == 0)
        {
            w->step = ngx_http_mfa_code_move;
            return NGX_OK;
        }
    }

    w->step = ngx_http_mfa_code_kept;

    value.len = ngx_sprintf(digits, "%uL", p->counter) - digits;

    if (ngx_http_mfa_code_name(r, p, "far", &name) != NGX_OK) {
        return NGX_ERROR;
    }

    return postern_api.put(r, &p->op, &w->count_org, &name, &value,
                           NGX_HTTP_MFA_FAR_TTL);
}


static ngx_int_t
ngx_http_mfa_code_kept(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;

    if (p->op.result == NGX_HTTP_POSTERN_UNAVAILABLE) {
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "the authenticator \"%*s\" of \"%*s\" is ahead by %uL: "
                  "the code after this one will do",
                  p->otps[p->i].id.len, p->otps[p->i].id.data,
                  p->user->name.len, p->user->name.data,
                  p->counter - p->otps[p->i].counter);

    w->step = ngx_http_mfa_code_match;
    p->i++;

    return NGX_OK;
}


/* the counter behind the code, before the code counts */

static ngx_int_t
ngx_http_mfa_code_move(ngx_http_request_t *r, ngx_http_mfa_proof_t *p,
    ngx_str_t *given)
{
    ngx_http_mfa_work_t  *w;

    w = p->own;
    w->step = ngx_http_mfa_prove_save;

    if (mfa_account_count(&p->account.record, p->otps[p->i].id,
                          p->counter + 1)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%*s\" has too many authenticators that count (HOTP)",
                      p->user->name.len, p->user->name.data);
        return ngx_http_mfa_prove_end(p, NGX_HTTP_MFA_UNAVAILABLE);
    }

    return NGX_OK;
}
