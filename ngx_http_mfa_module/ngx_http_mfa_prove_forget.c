
/*
 * An administrator forgets the guesses at a user: those of strangers, and
 * those of one known device where its lane is given.
 */


#include "ngx_http_mfa_prove.h"


static const char *ngx_http_mfa_forget_kinds[] = {
    "g/pwd", "g/otp", "g/recovery"
};


#define NGX_HTTP_MFA_FORGET_KINDS                                             \
    (sizeof(ngx_http_mfa_forget_kinds) / sizeof(ngx_http_mfa_forget_kinds[0]))


ngx_int_t
ngx_http_mfa_prove_forget(ngx_http_request_t *r, ngx_http_mfa_proof_t *p)
{
    ngx_int_t    rc;
    ngx_str_t    org, name, parts[2];
    ngx_uint_t   n;
    const char  *kind;

    if (p->user == NULL) {
        p->result = NGX_HTTP_MFA_NO;
        return NGX_OK;
    }

    org = ngx_http_postern_str(p->user->org->name);
    parts[0] = ngx_http_postern_str(p->user->name);
    parts[1] = p->lane;

    /* strangers first, then the lane */

    n = NGX_HTTP_MFA_FORGET_KINDS * (p->lane.len ? 2 : 1);

    for ( ;; ) {

        if (p->op.pending) {
            return NGX_AGAIN;
        }

        if (p->op.done && p->op.result != NGX_HTTP_POSTERN_OK) {
            p->result = NGX_HTTP_MFA_UNAVAILABLE;
            return NGX_OK;
        }

        if (p->i == n) {
            p->result = NGX_HTTP_MFA_YES;
            return NGX_OK;
        }

        kind = ngx_http_mfa_forget_kinds[p->i % NGX_HTTP_MFA_FORGET_KINDS];

        if (ngx_http_mfa_prove_name(r, &name, kind, parts,
                                    p->i < NGX_HTTP_MFA_FORGET_KINDS ? 1 : 2)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        p->i++;

        rc = postern_api.clear(r, &p->op, &org, &name);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}
