
#include <sodium.h>

#include "mfa_password.h"
#include "postern_assert.h"
#include "mfa_unicode.h"


#define MFA_PASSWORD_DIGITS  1
#define MFA_PASSWORD_UPPER   2
#define MFA_PASSWORD_LOWER   4
#define MFA_PASSWORD_OTHER   8


/*
 * What it is good for is to be asked once per chosen password: a password and
 * all that is folded lie here for that time, and are wiped.
 */

typedef struct {
    unsigned char  nfc[MFA_PASSWORD_MAX];
    unsigned char  folded[MFA_UNICODE_FOLDED];
    unsigned char  core[MFA_UNICODE_FOLDED];
    unsigned char  word[MFA_UNICODE_FOLDED];
    unsigned char  local[MFA_UNICODE_FOLDED];
} mfa_password_room_t;


static mfa_password_e mfa_password_measure(const mfa_password_rules_t *rules,
    postern_str_t password, unsigned *classes);
static int mfa_password_context(mfa_password_room_t *room,
    postern_str_t folded, const postern_str_t *context, unsigned ncontext);
static postern_str_t mfa_password_core(postern_str_t folded,
    unsigned char *out);
static int mfa_password_repeats(postern_str_t core, postern_str_t word);


mfa_password_e
mfa_password_check(const mfa_password_rules_t *rules, postern_str_t typed,
    const postern_str_t *context, unsigned ncontext)
{
    unsigned             i, has, classes;
    postern_str_t        password, folded;
    mfa_password_e       rc;
    mfa_password_room_t  room;

    if (typed.len == 0) {
        return MFA_PASSWORD_SHORT;
    }

    if (typed.len > MFA_PASSWORD_MAX) {
        return MFA_PASSWORD_LONG;
    }

    password.data = room.nfc;
    password.len = mfa_password_normalize(typed, room.nfc, sizeof(room.nfc));

    folded.data = room.folded;
    folded.len = mfa_unicode_fold(password, room.folded, sizeof(room.folded));

    if (password.len == 0 || POSTERN_NEVER(folded.len == 0)) {
        rc = MFA_PASSWORD_MALFORMED;
        goto done;
    }

    rc = mfa_password_measure(rules, password, &classes);
    if (rc != MFA_PASSWORD_OK) {
        goto done;
    }

    if (rules->block && mfa_block_list_has(rules->block, folded)) {
        rc = MFA_PASSWORD_COMMON;
        goto done;
    }

    if (mfa_password_context(&room, folded, context, ncontext)) {
        rc = MFA_PASSWORD_CONTEXT;
        goto done;
    }

    for (has = 0, i = classes; i; i >>= 1) {
        has += i & 1;
    }

    if (has < rules->classes) {
        rc = MFA_PASSWORD_CLASSES;
    }

done:

    sodium_memzero(&room, sizeof(room));

    return rc;
}


/* each code point counts as one character, NIST SP 800-63B-4 section 3.1.1.2 */

static mfa_password_e
mfa_password_measure(const mfa_password_rules_t *rules, postern_str_t password,
    unsigned *classes)
{
    size_t    n, len;
    unsigned  found;

    found = 0;

    for (n = 0; password.len; n++) {

        switch (mfa_unicode_kind(password, &len)) {

        case MFA_UNICODE_UPPER:
            found |= MFA_PASSWORD_UPPER;
            break;

        case MFA_UNICODE_LOWER:
            found |= MFA_PASSWORD_LOWER;
            break;

        case MFA_UNICODE_DIGIT:
            found |= MFA_PASSWORD_DIGITS;
            break;

        default:
            found |= MFA_PASSWORD_OTHER;
        }

        password.data += len;
        password.len -= len;
    }

    *classes = found;

    if (n < rules->min) {
        return MFA_PASSWORD_SHORT;
    }

    return n > rules->max ? MFA_PASSWORD_LONG : MFA_PASSWORD_OK;
}


/*
 * A name is no better as a password for the digits and signs in it, nor for
 * being written twice: what is left without these is compared.  Of an address
 * of mail the part before the "@" is a word too.
 */

static int
mfa_password_context(mfa_password_room_t *room, postern_str_t folded,
    const postern_str_t *context, unsigned ncontext)
{
    unsigned              i;
    postern_str_t         core, word, local;
    const unsigned char  *at;

    core = mfa_password_core(folded, room->core);

    for (i = 0; i < ncontext; i++) {
        word.data = room->word;
        word.len = mfa_unicode_fold(context[i], room->word,
                                    sizeof(room->word));
        at = word.len ? memchr(word.data, '@', word.len) : NULL;

        if (at) {
            local.data = word.data;
            local.len = at - word.data;

            local = mfa_password_core(local, room->local);

            if (mfa_password_repeats(core, local)) {
                return 1;
            }
        }

        word = mfa_password_core(word, room->word);

        if (mfa_password_repeats(core, word)) {
            return 1;
        }
    }

    return 0;
}


/* the letters of a text, or its digits where it has none; in place, too */

static postern_str_t
mfa_password_core(postern_str_t folded, unsigned char *out)
{
    size_t         len;
    unsigned       digits, kind;
    postern_str_t  rest, core;

    core.data = out;

    for (digits = 0; digits <= 1; digits++) {
        core.len = 0;

        for (rest = folded; rest.len; rest.data += len, rest.len -= len) {
            kind = mfa_unicode_kind(rest, &len);

            if (kind != MFA_UNICODE_OTHER
                && (kind == MFA_UNICODE_DIGIT) == digits)
            {
                memmove(out + core.len, rest.data, len);
                core.len += len;
            }
        }

        if (core.len) {
            break;
        }
    }

    return core;
}


/* is it the word, once or more often? */

static int
mfa_password_repeats(postern_str_t core, postern_str_t word)
{
    size_t  i;

    if (word.len == 0 || core.len == 0 || core.len % word.len != 0) {
        return 0;
    }

    for (i = 0; i < core.len; i += word.len) {
        if (memcmp(core.data + i, word.data, word.len) != 0) {
            return 0;
        }
    }

    return 1;
}
