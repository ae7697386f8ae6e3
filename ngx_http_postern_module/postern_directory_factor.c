
#include "postern_argon2.h"
#include "postern_directory_parse.h"


#define POSTERN_FACTOR_NAME_MAX  64      /* of a device, in bytes */
#define POSTERN_PERIOD_MIN       15      /* seconds */
#define POSTERN_PERIOD_MAX       120


typedef struct {
    const char           *member;        /* of "factors", and for sealing */
    const char *const    *members;       /* of an entry */
    postern_otp_t        *otps;
    postern_str_t         user;
} postern_factor_t;


static int postern_parse_otps(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *factors, postern_factor_t *factor, uint32_t *n);
static int postern_parse_otp(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *entry, const postern_factor_t *factor, postern_otp_t *otp);
static int postern_parse_otp_secret(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *entry,
    const postern_factor_t *factor, postern_otp_t *otp);
static int postern_parse_otp_hash(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *entry, postern_otp_t *otp);
static int postern_parse_number(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *object, const char *name,
    postern_json_at_t *at, json_int_t *number);
static int postern_parse_recovery(postern_parse_t *p,
    const postern_json_at_t *up, const json_t *factors, postern_user_t *user);
static int postern_parse_recovery_hash(postern_parse_t *p,
    const postern_json_at_t *at, const json_t *value, postern_str_t *text,
    postern_argon2_t *hash);


int
postern_parse_factors(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *json, postern_user_t *user)
{
    const json_t       *factors;
    postern_factor_t    totp, hotp;
    postern_json_at_t   at;

    static const char *const  members[] = { "totp", "hotp", "recovery", NULL };

    static const char *const  of_totp[] = {
        "secret", "name", "algorithm", "digits", "period", NULL
    };

    static const char *const  of_hotp[] = {
        "secret", "name", "algorithm", "digits", "counter", NULL
    };

    if (postern_parse_member(p, up, json, "factors", JSON_OBJECT, &at,
                             &factors)
        != 0)
    {
        return -1;
    }

    if (factors == NULL) {
        return 0;
    }

    totp.member = "totp";
    totp.members = of_totp;
    totp.otps = NULL;
    totp.user = user->name;

    hotp.member = "hotp";
    hotp.members = of_hotp;
    hotp.otps = NULL;
    hotp.user = user->name;

    if (postern_parse_members(p, &at, factors, members) != 0
        || postern_parse_otps(p, &at, factors, &totp, &user->ntotp) != 0
        || postern_parse_otps(p, &at, factors, &hotp, &user->nhotp) != 0
        || postern_parse_recovery(p, &at, factors, user) != 0)
    {
        return -1;
    }

    user->totp = totp.otps;
    user->hotp = hotp.otps;

    return 0;
}


static int
postern_parse_otps(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *factors, postern_factor_t *factor, uint32_t *n)
{
    size_t              size;
    const json_t       *list, *entry;
    postern_json_at_t   here, at = { &here, NULL, 0 };

    if (postern_parse_member(p, up, factors, factor->member, JSON_ARRAY, &here,
                             &list)
        != 0)
    {
        return -1;
    }

    size = list ? json_array_size(list) : 0;

    if (size == 0) {
        return 0;
    }

    if (size > POSTERN_OTP_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "holds more than %d authenticators",
                             POSTERN_OTP_MAX);
    }

    factor->otps = postern_parse_array(p, size, sizeof(postern_otp_t));
    if (factor->otps == NULL) {
        return -1;
    }

    for (at.index = 0; at.index < size; at.index++) {
        entry = json_array_get(list, at.index);

        if (postern_parse_otp(p, &at, entry, factor, &factor->otps[at.index])
            != 0)
        {
            return -1;
        }
    }

    *n = (uint32_t) size;

    return 0;
}


static int
postern_parse_otp(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *entry, const postern_factor_t *factor, postern_otp_t *otp)
{
    json_int_t         digits, period, counter;
    postern_json_at_t  here;

    if (!postern_json_is(entry, JSON_OBJECT)) {
        return postern_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    digits = 6;
    period = 30;
    counter = 0;

    if (postern_parse_members(p, at, entry, factor->members) != 0
        || postern_parse_otp_secret(p, at, entry, factor, otp) != 0
        || postern_parse_text(p, at, entry, "name", POSTERN_FACTOR_NAME_MAX,
                              &otp->name)
           != 0
        || postern_parse_otp_hash(p, at, entry, otp) != 0
        || postern_parse_number(p, at, entry, "digits", &here, &digits) != 0)
    {
        return -1;
    }

    if (digits != 6 && digits != 8) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE, "must be 6 or 8");
    }

    /* one of the two is no member here, as has been seen above */

    if (postern_parse_number(p, at, entry, "period", &here, &period) != 0) {
        return -1;
    }

    if (period < POSTERN_PERIOD_MIN || period > POSTERN_PERIOD_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "must be %d to %d seconds", POSTERN_PERIOD_MIN,
                             POSTERN_PERIOD_MAX);
    }

    if (postern_parse_number(p, at, entry, "counter", &here, &counter) != 0) {
        return -1;
    }

    if (counter < 0 || counter > POSTERN_COUNTER_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "must be 0 to %lld",
                             (long long) POSTERN_COUNTER_MAX);
    }

    otp->digits = (uint32_t) digits;
    otp->period = strcmp(factor->member, "totp") == 0 ? (uint32_t) period : 0;
    otp->counter = (uint64_t) counter;

    return 0;
}


static int
postern_parse_otp_secret(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *entry, const postern_factor_t *factor, postern_otp_t *otp)
{
    const json_t       *value;
    postern_json_at_t   at;

    if (postern_parse_member(p, up, entry, "secret", JSON_STRING, &at, &value)
        != 0)
    {
        return -1;
    }

    if (value == NULL) {
        return postern_fault(p, up, POSTERN_JSON_VALUE,
                             "the member \"secret\" is missing");
    }

    return postern_parse_secret(p, &at, value, "users", factor->user,
                                factor->member, &otp->secret);
}


static int
postern_parse_otp_hash(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *entry, postern_otp_t *otp)
{
    unsigned            i;
    const char         *s;
    const json_t       *value;
    postern_json_at_t   at;

    static const char *const  hashes[] = { "sha1", "sha256", "sha512" };

    if (postern_parse_member(p, up, entry, "algorithm", JSON_STRING, &at,
                             &value)
        != 0)
    {
        return -1;
    }

    s = value ? json_string_value(value) : "sha1";

    for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (strcmp(s, hashes[i]) == 0) {
            otp->hash = (postern_otp_hash_e) i;
            return 0;
        }
    }

    return postern_fault(p, &at, POSTERN_JSON_VALUE,
                         "must be \"sha1\", \"sha256\" or \"sha512\"");
}


/* *number stays what it is where there is none */

static int
postern_parse_number(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *object, const char *name, postern_json_at_t *at,
    json_int_t *number)
{
    const json_t  *value;

    if (postern_parse_member(p, up, object, name, JSON_INTEGER, at, &value)
        != 0)
    {
        return -1;
    }

    if (value) {
        *number = json_integer_value(value);
    }

    return 0;
}


/* a guess costs one Argon2id for the whole set: all share salt and cost */

static int
postern_parse_recovery(postern_parse_t *p, const postern_json_at_t *up,
    const json_t *factors, postern_user_t *user)
{
    size_t              n;
    const json_t       *list;
    postern_str_t      *texts;
    postern_argon2_t    first, hash;
    postern_json_at_t   here, at = { &here, NULL, 0 };

    if (postern_parse_member(p, up, factors, "recovery", JSON_ARRAY, &here,
                             &list)
        != 0)
    {
        return -1;
    }

    n = list ? json_array_size(list) : 0;

    if (n == 0) {
        return 0;
    }

    if (n > POSTERN_RECOVERY_MAX) {
        return postern_fault(p, &here, POSTERN_JSON_VALUE,
                             "holds more than %d recovery codes",
                             POSTERN_RECOVERY_MAX);
    }

    texts = postern_parse_array(p, n, sizeof(postern_str_t));
    if (texts == NULL) {
        return -1;
    }

    memset(&first, 0, sizeof(first));

    for (at.index = 0; at.index < n; at.index++) {

        if (postern_parse_recovery_hash(p, &at,
                                        json_array_get(list, at.index),
                                        &texts[at.index], &hash)
            != 0)
        {
            return -1;
        }

        if (at.index == 0) {
            first = hash;

        } else if (!postern_str_eq(first.prefix, hash.prefix)
                   || first.hash_len != hash.hash_len)
        {
            return postern_fault(p, &at, POSTERN_JSON_VALUE,
                                 "is not of one set with the first: salt and "
                                 "cost of all must be the same (\"postern "
                                 "recovery\" makes a set)");
        }
    }

    user->recovery = texts;
    user->nrecovery = (uint32_t) n;

    return 0;
}


static int
postern_parse_recovery_hash(postern_parse_t *p, const postern_json_at_t *at,
    const json_t *value, postern_str_t *text, postern_argon2_t *hash)
{
    postern_str_t  s;

    if (postern_parse_string(p, at, value, POSTERN_ARGON2_TEXT, &s) != 0
        || postern_parse_keep(p, s, text) != 0)
    {
        return -1;
    }

    if (postern_argon2_parse(*text, hash) != 0) {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "must be an Argon2id hash "
                             "(\"$argon2id$v=19$...\"), as \"postern "
                             "recovery\" prints it, never the code itself");
    }

    if (!postern_argon2_bearable(hash) || hash->lanes != 1
        || hash->salt_len != POSTERN_ARGON2_SALT)
    {
        return postern_fault(p, at, POSTERN_JSON_VALUE,
                             "cannot be verified: a recovery code is hashed "
                             "with %d bytes of salt, p=1, t up to %d and m up "
                             "to %d", POSTERN_ARGON2_SALT,
                             POSTERN_ARGON2_PASSES_MAX,
                             POSTERN_ARGON2_MEMORY_MAX);
    }

    return 0;
}
