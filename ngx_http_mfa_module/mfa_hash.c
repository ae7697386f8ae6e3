
#include <sodium.h>

#include "mfa_hash.h"
#include "postern_assert.h"
#include "postern_argon2.h"


#define MFA_HASH_DIGEST   32       /* bytes of the work nobody looks at */
#define MFA_LANES_MAX     16       /* p=; others' default is 1 or 4 */

#define MFA_HASH_MEMORY_MIN                                                   \
    ((int64_t) crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024)


static int mfa_hash_read(postern_str_t text, postern_argon2_t *hash);
static mfa_hash_e mfa_hash_compare(postern_str_t text,
    const postern_argon2_t *made, postern_str_t password);
static mfa_hash_e mfa_hash_compare_foreign(postern_str_t hash,
    postern_str_t password);
static int mfa_hash_rest(const mfa_argon2_t *params,
    const postern_argon2_t *made, postern_str_t password);
static int mfa_hash_work(const mfa_argon2_t *work, postern_str_t password);


/* shaped as those of mfa_hash_make() */

static const postern_str_t  mfa_hash_nobody = postern_string(
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");


size_t
mfa_password_normalize(postern_str_t typed, unsigned char *out, size_t size)
{
    size_t  len;

    len = mfa_unicode_nfc(typed, out, size);

    if (len > MFA_PASSWORD_MAX) {
        sodium_memzero(out, len);
        return 0;
    }

    return len;
}


int
mfa_hash_make(const mfa_argon2_t *params, postern_str_t password,
    char out[MFA_HASH_TEXT])
{
    int            rc;
    size_t         len;
    unsigned char  nfc[MFA_PASSWORD_MAX];

    len = mfa_password_normalize(password, nfc, sizeof(nfc));

    rc = sodium_init();

    if (len == 0 || POSTERN_NEVER(rc < 0)) {
        return -1;
    }

    rc = crypto_pwhash_argon2id_str(out, (char *) nfc, len, params->passes,
                                    (size_t) params->memory * 1024);

    sodium_memzero(nfc, sizeof(nfc));

    return rc == 0 ? 0 : -1;
}


mfa_hash_e
mfa_hash_verify(const mfa_argon2_t *params, postern_str_t hash,
    postern_str_t password)
{
    int               real;
    mfa_hash_e        rc;
    unsigned char     nfc[MFA_PASSWORD_MAX];
    postern_str_t     normal;
    postern_argon2_t  made;

    real = sodium_init();

    if (POSTERN_NEVER(real < 0)) {
        return MFA_HASH_FAILED;
    }

    normal.data = nfc;
    normal.len = mfa_password_normalize(password, nfc, sizeof(nfc));

    /* nobody's hash goes the way of all hashes; what no password can be costs
       the same, whoever it is tried for */

    real = normal.len != 0 && mfa_hash_read(hash, &made) == 0;

    if (!real) {
        (void) postern_argon2_parse(mfa_hash_nobody, &made);

        made.memory = params->memory;
        made.passes = params->passes;
    }

    rc = mfa_hash_compare(hash, &made, normal);

    if (rc != MFA_HASH_FAILED && mfa_hash_rest(params, &made, normal) != 0) {
        rc = MFA_HASH_FAILED;
    }

    if (!real && rc != MFA_HASH_FAILED) {
        rc = MFA_HASH_NO;
    }

    sodium_memzero(nfc, sizeof(nfc));
    sodium_memzero(&made, sizeof(made));

    return rc;
}


int
mfa_hash_parse(postern_str_t hash, const mfa_argon2_t *params, int *old)
{
    int               ours;
    postern_argon2_t  made;

    *old = 0;
    ours = mfa_hash_read(hash, &made) == 0;

    if (ours) {

        /* by the work of a guess: a hash of more memory and fewer passes must
           not be replaced by one that is cheaper to attack */

        *old = (uint64_t) made.memory * made.passes
               < (uint64_t) params->memory * params->passes;
    }

    sodium_memzero(&made, sizeof(made));

    return ours;
}


/*
 * A stranger's hash says what it costs to verify: nothing is begun before that
 * is known to be bearable.
 */

static int
mfa_hash_read(postern_str_t text, postern_argon2_t *hash)
{
    if (postern_argon2_parse(text, hash) != 0
        || hash->memory > MFA_ARGON2_MEMORY_MAX
        || hash->passes > MFA_ARGON2_PASSES_MAX
        || hash->lanes > MFA_LANES_MAX)
    {
        return -1;
    }

    return 0;
}


static mfa_hash_e
mfa_hash_compare(postern_str_t text, const postern_argon2_t *made,
    postern_str_t password)
{
    int            rc, same;
    unsigned char  hash[POSTERN_ARGON2_HASH_MAX];

    if (made->lanes != 1 || made->salt_len != POSTERN_ARGON2_SALT) {
        return mfa_hash_compare_foreign(text, password);
    }

    rc = crypto_pwhash_argon2id(hash, made->hash_len,
                                (const char *) password.data, password.len,
                                made->salt, made->passes,
                                (size_t) made->memory * 1024,
                                crypto_pwhash_argon2id_ALG_ARGON2ID13);

    same = rc == 0 && sodium_memcmp(hash, made->hash, made->hash_len) == 0;

    sodium_memzero(hash, sizeof(hash));

    if (rc != 0) {
        return MFA_HASH_FAILED;
    }

    return same ? MFA_HASH_YES : MFA_HASH_NO;
}


/*
 * Of another program, with a salt or lanes that libsodium does not make itself:
 * it verifies them as text alone, and says of no memory that they differ.
 */

static mfa_hash_e
mfa_hash_compare_foreign(postern_str_t hash, postern_str_t password)
{
    int   rc;
    char  text[POSTERN_ARGON2_TEXT + 1];

    memcpy(text, hash.data, hash.len);
    text[hash.len] = '\0';

    rc = crypto_pwhash_argon2id_str_verify(text,
                                           (const char *) password.data,
                                           password.len);

    sodium_memzero(text, sizeof(text));

    return rc == 0 ? MFA_HASH_YES : MFA_HASH_NO;
}


/*
 * A hash that cost less than one of params, made before they were raised,
 * would tell that its user exists: the rest of the work is done for nothing.
 *
 * Argon2 takes time in proportion to memory times passes, and more for memory
 * that is met first: of all ways to have the former right, the one that comes
 * nearest to having the latter right too.  It is near, not the same.
 */

static int
mfa_hash_rest(const mfa_argon2_t *params, const postern_argon2_t *made,
    postern_str_t password)
{
    int64_t       rest, memory, off, best;
    uint32_t      passes;
    mfa_argon2_t  work = { 0, 0 };

    rest = (int64_t) params->memory * params->passes
           - (int64_t) made->memory * made->passes;
    best = INT64_MAX;

    for (passes = 1; passes <= MFA_ARGON2_PASSES_MAX; passes++) {
        memory = rest / passes;

        if (memory < MFA_HASH_MEMORY_MIN) {
            break;
        }

        off = (int64_t) made->memory + memory - params->memory;
        off = off < 0 ? -off : off;

        if (off < best) {
            best = off;
            work.memory = (uint32_t) memory;
            work.passes = passes;
        }
    }

    return work.passes ? mfa_hash_work(&work, password) : 0;
}


static int
mfa_hash_work(const mfa_argon2_t *work, postern_str_t password)
{
    int            rc;
    unsigned char  hash[MFA_HASH_DIGEST];

    static const unsigned char  salt[crypto_pwhash_argon2id_SALTBYTES];

    rc = crypto_pwhash_argon2id(hash, sizeof(hash),
                                (const char *) password.data, password.len,
                                salt, work->passes,
                                (size_t) work->memory * 1024,
                                crypto_pwhash_argon2id_ALG_ARGON2ID13);

    sodium_memzero(hash, sizeof(hash));

    return rc == 0 ? 0 : -1;
}


uint32_t
mfa_argon2_least(uint32_t passes)
{
    size_t  n;

    /* the Password Storage Cheat Sheet, for 1, 2, … passes */

    static const uint32_t  least[] = { 47104, 19456, 12288, 9216, 7168 };

    n = sizeof(least) / sizeof(least[0]);

    return least[passes < n ? passes - 1 : n - 1];
}
