
/*
 * A new secret on its way to an authenticator: made, sealed, shown.
 */


#include "ngx_http_mfa_enrol.h"

#include <sodium.h>

#include "mfa_qr.h"


static postern_str_t ngx_http_mfa_enrol_record(ngx_http_mfa_page_t *p,
    char *out, size_t size);
static ngx_int_t ngx_http_mfa_enrol_qr(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e, ngx_str_t *issuer,
    ngx_str_t *account);
static ngx_int_t ngx_http_mfa_enrol_text(ngx_http_request_t *r,
    ngx_http_mfa_page_t *p, ngx_http_mfa_enrol_t *e);


ngx_int_t
ngx_http_mfa_enrol_open(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    char  record[2 * POSTERN_NAME_MAX + 64];

    if (e->value.len <= MFA_OTP_ID + 1 || e->value.data[MFA_OTP_ID] != ' ') {
        return NGX_DECLINED;
    }

    e->id.len = MFA_OTP_ID;
    e->id.data = e->value.data;
    e->sealed.len = e->value.len - MFA_OTP_ID - 1;
    e->sealed.data = e->value.data + MFA_OTP_ID + 1;

    if (postern_api.secret(r->connection->log,
                           ngx_http_postern_slice(e->sealed),
                           ngx_http_mfa_enrol_record(p, record,
                                                     sizeof(record)),
                           e->secret, &e->len)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static postern_str_t
ngx_http_mfa_enrol_record(ngx_http_mfa_page_t *p, char *out, size_t size)
{
    postern_str_t          name;
    const postern_user_t  *user;

    user = p->session->user;

    name.data = (u_char *) out;
    name.len = postern_seal_name(out, size, user->org->name, "users",
                                 user->name, "totp");

    return name;
}


ngx_int_t
ngx_http_mfa_enrol_new(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    char            record[2 * POSTERN_NAME_MAX + 64];
    size_t          len;
    u_char          bytes[MFA_OTP_ID / 2], id[MFA_OTP_ID];
    postern_str_t   secret;

    switch (p->conf->otp.hash) {

    case POSTERN_OTP_SHA512:
        e->len = 64;
        break;

    case POSTERN_OTP_SHA256:
        e->len = 32;
        break;

    default:
        e->len = MFA_OTP_SECRET;
    }

    randombytes_buf(e->secret, e->len);
    randombytes_buf(bytes, sizeof(bytes));

    (void) ngx_hex_dump(id, bytes, sizeof(bytes));

    e->value.data = ngx_pnalloc(r->pool, MFA_OTP_ID + 1 + POSTERN_SEALED_MAX);
    if (e->value.data == NULL) {
        return NGX_ERROR;
    }

    e->id.len = MFA_OTP_ID;
    e->id.data = e->value.data;
    e->sealed.data = ngx_sprintf(e->value.data, "%*s ", (size_t) MFA_OTP_ID,
                                 id);

    secret.len = e->len;
    secret.data = e->secret;
    len = POSTERN_SEALED_MAX;

    if (postern_api.seal(r->connection->log, secret,
                         ngx_http_mfa_enrol_record(p, record, sizeof(record)),
                         e->sealed.data, &len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    e->sealed.len = len;
    e->value.len = MFA_OTP_ID + 1 + len;

    return NGX_OK;
}


ngx_int_t
ngx_http_mfa_enrol_form(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    ngx_str_t              issuer, account;
    const postern_user_t  *user;

    user = p->session->user;
    issuer = p->conf->brand.len ? p->conf->brand : r->headers_in.server;
    account = ngx_http_postern_str(user->email.len ? user->email : user->name);

    ngx_http_mfa_text(p, "issuer", issuer);
    ngx_http_mfa_text(p, "account", account);
    ngx_http_mfa_text(p, "name", ngx_http_mfa_form_value(p, "name"));
    ngx_http_mfa_flag(p, "first", !p->has_factor && p->conf->aal >= 2);

    if (ngx_http_mfa_form_cookie(r, p) != NGX_OK
        || ngx_http_mfa_enrol_qr(r, p, e, &issuer, &account) != NGX_OK
        || ngx_http_mfa_enrol_text(r, p, e) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_mfa_page_send(r, p, MFA_PAGE_ENROL);
}


/* names of any length come with a code that scans less well, or with none: the
   secret stands beside it */

static ngx_int_t
ngx_http_mfa_enrol_qr(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e, ngx_str_t *issuer, ngx_str_t *account)
{
    ngx_str_t      uri, svg, label;
    postern_str_t  secret;

    secret.len = e->len;
    secret.data = e->secret;

    uri.data = ngx_pnalloc(r->pool, MFA_OTP_URI_MAX);
    svg.data = ngx_pnalloc(r->pool, MFA_QR_SVG_MAX);

    if (uri.data == NULL
        || svg.data == NULL
        || ngx_http_mfa_wipe(r, uri.data, MFA_OTP_URI_MAX) != NGX_OK
        || ngx_http_mfa_wipe(r, svg.data, MFA_QR_SVG_MAX) != NGX_OK)
    {
        return NGX_ERROR;
    }

    uri.len = mfa_otp_uri(&p->conf->otp, secret,
                          ngx_http_postern_slice(*issuer),
                          ngx_http_postern_slice(*account), 0,
                          (char *) uri.data, MFA_OTP_URI_MAX);

    ngx_str_set(&label, "QR code");

    svg.len = uri.len ? mfa_qr_svg(ngx_http_postern_slice(uri),
                                   ngx_http_postern_slice(label),
                                   (char *) svg.data, MFA_QR_SVG_MAX)
                      : 0;

    ngx_http_mfa_text(p, "uri", uri);
    ngx_http_mfa_markup(p, "qr", svg);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mfa_enrol_text(ngx_http_request_t *r, ngx_http_mfa_page_t *p,
    ngx_http_mfa_enrol_t *e)
{
    char           text[MFA_BASE32_MAX];
    size_t         i, n;
    u_char        *q;
    ngx_str_t      shown;
    postern_str_t  secret;

    secret.len = e->len;
    secret.data = e->secret;

    n = mfa_base32_encode(secret, text, sizeof(text));

    shown.data = ngx_pnalloc(r->pool, 2 * MFA_BASE32_MAX);

    if (shown.data == NULL
        || ngx_http_mfa_wipe(r, shown.data, 2 * MFA_BASE32_MAX) != NGX_OK)
    {
        sodium_memzero(text, sizeof(text));
        return NGX_ERROR;
    }

    q = shown.data;

    for (i = 0; i < n; i++) {
        if (i && i % 4 == 0) {
            *q++ = ' ';
        }

        *q++ = (u_char) text[i];
    }

    shown.len = q - shown.data;
    sodium_memzero(text, sizeof(text));

    ngx_http_mfa_text(p, "secret", shown);

    return NGX_OK;
}
