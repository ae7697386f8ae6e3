
/*
 * Requests of EnOS: version 2 with an access token, version 1 with the key id
 * in the query.  The text that is hashed is made by the gateway's own reader of
 * queries.
 */


#include <openssl/evp.h>
#include <sodium.h>

#include "cli_sign.h"
#include "sign_enos.h"


static int cli_sign_enos_hash(cli_sign_t *s, const EVP_MD *md,
    const postern_str_t *parts, size_t n, char *hex, size_t size);


int
cli_sign_make_enos(cli_sign_t *s)
{
    char                hex[2 * EVP_MAX_MD_SIZE + 1];
    size_t              i;
    unsigned            version;
    postern_str_t       when, parts[5];
    cli_request_t      *r;
    sign_message_t      msg;
    postern_alloc_t     memory;
    sign_enos_query_t   query;

    r = &s->request;
    version = s->token ? 2 : 1;
    memory = postern_arena_allocator(r->arena);
    when = cli_format(r, "%lld", (long long) s->created * 1000);

    memset(&msg, 0, sizeof(msg));
    memset(&query, 0, sizeof(query));

    if (version == 1) {
        r->req.target = cli_format(r, "%.*s%caccessKey=%s&requestTimestamp=%s",
                                   (int) r->req.target.len,
                                   (const char *) r->req.target.data,
                                   memchr(r->req.target.data, '?',
                                          r->req.target.len) ? '&' : '?',
                                   s->key_id, (const char *) when.data);
    }

    if (sign_enos_query(r->req.target, version, &memory, &query, &msg)
        != SIGN_OK)
    {
        cli_error("this cannot be signed: %s", msg.detail);
        return -1;
    }

    parts[0] = cli_str(version == 2 ? s->token : s->key_id);
    parts[1] = query.text;
    parts[2] = s->body;
    parts[3] = version == 2 ? when : cli_str("");
    parts[4] = s->signer.secret;

    if (cli_sign_enos_hash(s, version == 2 ? EVP_sha256() : EVP_sha1(), parts,
                           5, hex, sizeof(hex))
        != 0)
    {
        return -1;
    }

    if (version == 1) {

        for (i = 0; hex[i]; i++) {
            hex[i] = (hex[i] >= 'a') ? hex[i] - 32 : hex[i];
        }

        r->req.target = cli_format(r, "%.*s&sign=%s", (int) r->req.target.len,
                                   (const char *) r->req.target.data, hex);
        return 0;
    }

    return cli_request_add(r, "apim-accesstoken", parts[0]) == 0
           && cli_request_add(r, "apim-timestamp", when) == 0
           && cli_request_add(r, "apim-signature", cli_str(hex)) == 0 ? 0 : -1;
}


/* --base: the secret is the last part, and is not printed */

static int
cli_sign_enos_hash(cli_sign_t *s, const EVP_MD *md, const postern_str_t *parts,
    size_t n, char *hex, size_t size)
{
    int            ok;
    size_t         i;
    unsigned       len;
    EVP_MD_CTX    *ctx;
    unsigned char  hash[EVP_MAX_MD_SIZE];

    ctx = EVP_MD_CTX_new();
    ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;

    for (i = 0; ok && i < n; i++) {

        if (parts[i].len == 0) {
            continue;
        }

        ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;

        if (s->print_base && i + 1 < n) {
            fwrite(parts[i].data, 1, parts[i].len, stdout);
        }
    }

    ok = ok && EVP_DigestFinal_ex(ctx, hash, &len) == 1;
    EVP_MD_CTX_free(ctx);

    if (!ok) {
        cli_error("OpenSSL cannot hash this");
        return -1;
    }

    if (s->print_base) {
        puts("(secret)");
    }

    sodium_bin2hex(hex, size, hash, len);

    return 0;
}
