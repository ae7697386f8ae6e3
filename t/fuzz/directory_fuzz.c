/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto */

/*
 * Any bytes as a directory document.  A broken one has a reason and a place
 * that lies in it; of a good one everything is found under its name, and every
 * byte of it is there to be read.
 */


#include <stdlib.h>

#include "postern_directory.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
expect(int held)
{
    if (!held) {
        abort();
    }
}


static void
touch(postern_str_t s)
{
    size_t                  i;
    static volatile size_t  sum;

    for (i = 0; i < s.len; i++) {
        sum += s.data[i];
    }
}


static void
fault(const uint8_t *data, size_t size, const postern_error_t *err)
{
    size_t    i;
    unsigned  lines;

    expect(err->text[0] != '\0');
    expect(strlen(err->text) < sizeof(err->text));
    expect(strlen(err->path) < sizeof(err->path));

    for (lines = 1, i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }

    expect(err->line >= 1 && err->line <= lines);
    expect(err->column >= 1 && err->column <= size + 1);

    for (i = 0; err->text[i]; i++) {
        expect((unsigned char) err->text[i] >= 0x20 && err->text[i] != 0x7f);
    }

    for (i = 0; err->path[i]; i++) {
        expect((unsigned char) err->path[i] >= 0x20 && err->path[i] != 0x7f);
    }
}


static void
role(const postern_org_t *org, const postern_role_t *r)
{
    uint32_t  i, k;

    touch(r->name);

    for (i = 0; i < r->ninherits; i++) {
        expect(r->inherits[i] == &org->roles[r->inherits[i]->index]);
        expect(r->inherits[i] != r);
    }

    for (i = 0; i < r->ngrants; i++) {
        for (k = 0; k < r->grants[i].permission->nmethods; k++) {
            touch(r->grants[i].permission->methods[k]);
        }

        for (k = 0; k < r->grants[i].resource->npatterns; k++) {
            expect(r->grants[i].resource->patterns[k].data[0] == '/');
            touch(r->grants[i].resource->patterns[k]);
        }
    }
}


static void
key(const postern_directory_t *dir, const postern_key_t *k)
{
    uint32_t  i;

    expect(postern_directory_key(dir, k->id) == k);
    expect(k->not_before < k->not_after);
    expect(k->user == NULL || k->roles == k->user->roles);

    expect(postern_alg_is_hmac(k->algorithm)
           ? k->secret.len > 0 && k->public_key.len == 0
           : k->secret.len == 0 && k->public_key.len > 0);
    expect(k->schemes != 0
           && (k->schemes & ~postern_alg_schemes(k->algorithm)) == 0);
    expect(!(k->schemes & POSTERN_SCHEMES_APART)
           || (k->schemes & (k->schemes - 1)) == 0);
    expect((k->rate == 0) == (k->rate_period == 0));

    switch (k->algorithm) {

    case POSTERN_ALG_ED25519:
        expect(k->public_key.len == 32);
        break;

    case POSTERN_ALG_ECDSA_P256_SHA256:
        expect(k->public_key.len == 65);
        break;

    case POSTERN_ALG_ECDSA_P384_SHA384:
        expect(k->public_key.len == 97);
        break;

    case POSTERN_ALG_SSH_CA:
        expect(k->nprincipals > 0);
        break;

    case POSTERN_ALG_X509_CA:
        expect(k->nsubject > 0);
        break;

    default:
        break;
    }

    if (postern_alg_is_found(k->algorithm)) {
        expect(postern_directory_fingerprint(dir, k->fingerprint) == k);
    }

    for (i = 0; i < k->nprincipals; i++) {
        touch(k->principals[i]);
    }

    for (i = 0; i < k->nsubject; i++) {
        touch(k->subject[i].name);
        touch(k->subject[i].value);
    }

    touch(k->secret);
    touch(k->public_key);
    touch(k->private_key);
    touch(k->crl);
}


static void
otp(const postern_otp_t *otp)
{
    expect(otp->secret.len != 0 && (otp->digits == 6 || otp->digits == 8));

    touch(otp->secret);
    touch(otp->name);
}


static void
organization(const postern_directory_t *dir, const postern_org_t *org)
{
    uint32_t  i, k;

    expect(postern_directory_org(dir, org->name) == org);

    for (i = 0; i < org->nusers; i++) {
        expect(postern_directory_user(dir, org, org->users[i].name)
               == &org->users[i]);

        touch(org->users[i].display);
        touch(org->users[i].email);
        touch(org->users[i].password);

        for (k = 0; k < org->users[i].ntotp; k++) {
            otp(&org->users[i].totp[k]);
            expect(org->users[i].totp[k].period >= 15);
        }

        for (k = 0; k < org->users[i].nhotp; k++) {
            otp(&org->users[i].hotp[k]);
            expect(org->users[i].hotp[k].period == 0);
        }

        for (k = 0; k < org->users[i].nrecovery; k++) {
            touch(org->users[i].recovery[k]);
        }
    }

    for (i = 0; i < org->nroles; i++) {
        role(org, &org->roles[i]);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t              i;
    postern_str_t         json;
    postern_error_t       err;
    postern_directory_t  *dir;

    json.data = data;
    json.len = size;

    dir = postern_directory_parse(json, &err);

    if (dir == NULL) {
        fault(data, size, &err);
        return 0;
    }

    for (i = 0; i < dir->norgs; i++) {
        organization(dir, &dir->orgs[i]);
    }

    for (i = 0; i < dir->nkeys; i++) {
        key(dir, &dir->keys[i]);
    }

    postern_directory_destroy(dir);

    return 0;
}
