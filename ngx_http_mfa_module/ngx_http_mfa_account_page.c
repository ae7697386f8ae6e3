
/*
 * A person's own account: sessions and authenticators, and what may be ended
 * of them.
 *
 * The last authenticator stays while a second factor is asked for here: whoever
 * wants another one enrols it first, and whoever lost it uses a recovery code
 * or asks an administrator.  Without it the password alone would be enough to
 * enrol the next one.
 */


#include "ngx_http_mfa_pages.h"


#define NGX_HTTP_MFA_OTPS  (2 * MFA_ACCOUNT_OTPS)


typedef enum {
    NGX_HTTP_MFA_FACTORS_SAVE = 0,
    NGX_HTTP_MFA_FACTORS_LOAD
} ngx_http_mfa_factors_e;


typedef struct {
    mfa_value_t   values[8];
    ngx_uint_t    n;
} ngx_http_mfa_row_t;


static ngx_int_t ngx_http_mfa_account_sessions(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_list_t *l);
static ngx_int_t ngx_http_mfa_account_factors(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);
static ngx_http_mfa_row_t *ngx_http_mfa_account_rows(ngx_http_request_t *r,
    ngx_uint_t n, mfa_scope_t **list);
static void ngx_http_mfa_row(ngx_http_mfa_row_t *row, const char *name,
    postern_str_t text);
static void ngx_http_mfa_row_flag(ngx_http_mfa_row_t *row, const char *name,
    ngx_uint_t set);
static void ngx_http_mfa_row_time(ngx_http_request_t *r,
    ngx_http_mfa_row_t *row, const char *name, int64_t time);
static ngx_uint_t ngx_http_mfa_account_last(ngx_http_mfa_page_t *p);
static ngx_int_t ngx_http_mfa_sessions_id(ngx_str_t *text, u_char *id);
static ngx_int_t ngx_http_mfa_factors_remove(mfa_account_t *a, ngx_str_t *id);
static ngx_uint_t ngx_http_mfa_factors_take(mfa_account_otp_t *otps,
    unsigned *n, ngx_str_t *id);
static ngx_int_t ngx_http_mfa_factors_error(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p);


ngx_int_t
ngx_http_mfa_account_get(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned              left;
    ngx_int_t             rc;
    postern_str_t         hashes[MFA_ACCOUNT_RECOVERY];
    ngx_http_mfa_list_t  *l;

    l = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_list_t));
    if (l == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_mfa_session_list(r, l, p->session->user);
    if (rc != NGX_OK) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK
        || ngx_http_mfa_account_sessions(r, p, l) != NGX_OK
        || ngx_http_mfa_account_factors(r, p) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    left = mfa_account_recovery(&p->account.record, p->session->user, hashes,
                                MFA_ACCOUNT_RECOVERY);

    ngx_http_mfa_number(p, "recovery_left", left);
    ngx_http_mfa_flag(p, "has_factor", p->has_factor);
    ngx_http_mfa_flag(p, "can_enrol", ngx_http_mfa_page_can_enrol(r, p));
    ngx_http_mfa_flag(p, "can_password", ngx_http_mfa_account_writable(r));

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_ACCOUNT);
}


static ngx_int_t
ngx_http_mfa_account_sessions(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_list_t *l)
{
    u_char              *hex;
    ngx_uint_t           i;
    mfa_scope_t         *list;
    mfa_session_t       *s;
    postern_str_t        id;
    ngx_http_mfa_row_t  *row;

    row = ngx_http_mfa_account_rows(r, l->n, &list);
    hex = ngx_pnalloc(r->pool, 2 * MFA_SESSION_ID * MFA_SESSIONS_MAX);

    if (row == NULL || hex == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < l->n; i++) {
        s = &l->found[i];

        id.data = hex;
        id.len = 2 * MFA_SESSION_ID;
        hex = ngx_hex_dump(hex, s->id, MFA_SESSION_ID);

        ngx_http_mfa_row(&row[i], "id", id);
        ngx_http_mfa_row(&row[i], "label", s->label);
        ngx_http_mfa_row(&row[i], "address", s->address);
        ngx_http_mfa_row_time(r, &row[i], "created", s->created);
        ngx_http_mfa_row_time(r, &row[i], "last", s->last);
        ngx_http_mfa_row_flag(&row[i], "current",
                              ngx_memcmp(s->id, p->session->session.id,
                                         MFA_SESSION_ID)
                              == 0);

        list[i].values = row[i].values;
        list[i].n = row[i].n;
    }

    ngx_http_mfa_values(p, "sessions", list, l->n);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_account_factors(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    unsigned             n;
    ngx_str_t            kind;
    ngx_uint_t           i, last;
    mfa_scope_t         *list;
    mfa_account_otp_t    otps[NGX_HTTP_MFA_OTPS], *otp;
    ngx_http_mfa_row_t  *row;

    n = mfa_account_otps(&p->account.record, p->session->user, otps,
                         NGX_HTTP_MFA_OTPS);

    row = ngx_http_mfa_account_rows(r, n, &list);
    if (row == NULL) {
        return NGX_ERROR;
    }

    last = ngx_http_mfa_account_last(p);

    for (i = 0; i < n; i++) {
        otp = &otps[i];

        if (otp->otp.period) {
            ngx_str_set(&kind, "TOTP");

        } else {
            ngx_str_set(&kind, "HOTP");
        }

        ngx_http_mfa_row(&row[i], "id", otp->id);
        ngx_http_mfa_row(&row[i], "name", otp->name);
        ngx_http_mfa_row(&row[i], "kind", ngx_http_postern_slice(kind));

        if (otp->time) {
            ngx_http_mfa_row_time(r, &row[i], "added", otp->time);
        }

        ngx_http_mfa_row_flag(&row[i], "directory", otp->time == 0);
        ngx_http_mfa_row_flag(&row[i], "removable", otp->time && !last);

        list[i].values = row[i].values;
        list[i].n = row[i].n;
    }

    ngx_http_mfa_values(p, "factors", list, n);

    return NGX_OK;
}


/* at least one, so that none is not taken for out of memory */

static ngx_http_mfa_row_t *
ngx_http_mfa_account_rows(ngx_http_request_t *r, ngx_uint_t n,
    mfa_scope_t **list)
{
    *list = ngx_pcalloc(r->pool, (n + 1) * sizeof(mfa_scope_t));
    if (*list == NULL) {
        return NULL;
    }

    return ngx_pcalloc(r->pool, (n + 1) * sizeof(ngx_http_mfa_row_t));
}


static void
ngx_http_mfa_row(ngx_http_mfa_row_t *row, const char *name, postern_str_t text)
{
    mfa_value_t  *v;

    v = &row->values[row->n++];

    v->name = name;
    v->kind = MFA_VALUE_TEXT;
    v->text = text;
}


static void
ngx_http_mfa_row_flag(ngx_http_mfa_row_t *row, const char *name,
    ngx_uint_t set)
{
    mfa_value_t  *v;

    v = &row->values[row->n++];

    v->name = name;
    v->kind = MFA_VALUE_FLAG;
    v->number = set ? 1 : 0;
}


static void
ngx_http_mfa_row_time(ngx_http_request_t *r, ngx_http_mfa_row_t *row,
    const char *name, int64_t time)
{
    char           *out;
    postern_str_t   text = postern_null_string;

    out = ngx_pnalloc(r->pool, 24);

    if (out) {
        text.len = mfa_page_time(time, out);
        text.data = (u_char *) out;
    }

    ngx_http_mfa_row(row, name, text);
}


static ngx_uint_t
ngx_http_mfa_account_last(ngx_http_mfa_page_t *p)
{
    mfa_account_otp_t  otps[NGX_HTTP_MFA_OTPS];

    return p->conf->aal >= 2
           && mfa_account_otps(&p->account.record, p->session->user, otps,
                               NGX_HTTP_MFA_OTPS)
              < 2;
}


ngx_int_t
ngx_http_mfa_sessions_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    u_char                    id[MFA_SESSION_ID], *which;
    ngx_int_t                 rc;
    ngx_str_t                 end, who;
    const u_char             *keep;
    ngx_uint_t                own;
    ngx_http_mfa_end_t       *e;
    ngx_http_mfa_session_t   *s;

    e = ngx_http_mfa_page_data(r, p, sizeof(ngx_http_mfa_end_t));
    if (e == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s = p->session;
    end = ngx_http_mfa_form_value(p, "end");

    which = NULL;
    keep = NULL;
    own = 0;

    if (end.len == 6 && ngx_strncmp(end.data, "others", 6) == 0) {
        keep = s->key;

    } else if (end.len == 3 && ngx_strncmp(end.data, "all", 3) == 0) {
        own = 1;

    } else if (ngx_http_mfa_sessions_id(&end, id) == NGX_OK) {
        which = id;
        own = ngx_memcmp(id, s->session.id, MFA_SESSION_ID) == 0;

    } else {
        return ngx_http_mfa_page_error(r, p, NGX_HTTP_BAD_REQUEST,
                                       "malformed");
    }

    e->own = own ? s->key : NULL;

    rc = ngx_http_mfa_session_end(r, e, s->user, which, keep);

    /* gone already is as well */

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return ngx_http_mfa_page_fail(r, p, rc);
    }

    who = ngx_http_postern_str(s->user->name);
    ngx_http_mfa_page_decide(r, "allow", "mfa/session-ended", &who);

    if (!own) {
        return ngx_http_mfa_page_go(r, p, "account", 0, "ended");
    }

    if (ngx_http_mfa_page_forget(r, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_page_go(r, p, "sign-in", 0, NULL);
}


static ngx_int_t
ngx_http_mfa_sessions_id(ngx_str_t *text, u_char *id)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (text->len != 2 * MFA_SESSION_ID) {
        return NGX_DECLINED;
    }

    for (i = 0; i < MFA_SESSION_ID; i++) {

        n = ngx_hextoi(text->data + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        id[i] = (u_char) n;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_factors_post(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_int_t  rc;
    ngx_str_t  id, who;

    if (ngx_http_mfa_page_fresh(r, p, &rc) != NGX_OK) {
        return rc;
    }

    id = ngx_http_mfa_form_value(p, "remove");

    for ( ;; ) {

        if (p->state == NGX_HTTP_MFA_FACTORS_LOAD) {
            rc = ngx_http_mfa_account_load(r, &p->account, p->session->user);
            if (rc != NGX_OK) {
                return ngx_http_mfa_page_fail(r, p, rc);
            }
        }

        /* the account that is being saved has it taken out already */

        if (p->state != NGX_HTTP_MFA_FACTORS_SAVE || p->data == NULL) {

            if (ngx_http_mfa_account_last(p)
                || ngx_http_mfa_factors_remove(&p->account.record, &id)
                   != NGX_OK)
            {
                return ngx_http_mfa_factors_error(r, p);
            }

            p->data = p;
            p->state = NGX_HTTP_MFA_FACTORS_SAVE;
        }

        rc = ngx_http_mfa_account_save(r, &p->account);

        if (rc != NGX_DECLINED || ++p->tries == NGX_HTTP_MFA_RETRIES) {
            break;
        }

        ngx_memzero(&p->account, sizeof(ngx_http_mfa_account_t));
        p->state = NGX_HTTP_MFA_FACTORS_LOAD;
    }

    if (rc != NGX_OK) {
        return ngx_http_mfa_page_fail(r, p, rc == NGX_DECLINED ? NGX_DONE : rc);
    }

    who = ngx_http_postern_str(p->session->user->name);
    ngx_http_mfa_page_decide(r, "allow", "mfa/factor-removed", &who);

    return ngx_http_mfa_page_go(r, p, "account", 0, "removed");
}


static ngx_int_t
ngx_http_mfa_factors_remove(mfa_account_t *a, ngx_str_t *id)
{
    if (ngx_http_mfa_factors_take(a->totp, &a->ntotp, id)
        || ngx_http_mfa_factors_take(a->hotp, &a->nhotp, id))
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_mfa_factors_take(mfa_account_otp_t *otps, unsigned *n, ngx_str_t *id)
{
    unsigned  i;

    for (i = 0; i < *n; i++) {
        if (postern_str_eq(otps[i].id, ngx_http_postern_slice(*id))) {

            (*n)--;
            ngx_memmove(&otps[i], &otps[i + 1],
                        (*n - i) * sizeof(mfa_account_otp_t));

            return 1;
        }
    }

    return 0;
}


/* not there, of the directory, or the last one */

static ngx_int_t
ngx_http_mfa_factors_error(ngx_http_request_t *r, ngx_http_mfa_page_t *p)
{
    ngx_http_mfa_page_decide(r, "deny", "mfa/factor-stays", NULL);

    return ngx_http_mfa_page_error(r, p, NGX_HTTP_FORBIDDEN, "forbidden");
}
