
#include <stdio.h>

#include "mfa_account.h"
#include "postern_assert.h"
#include "postern_argon2.h"
#include "postern_json.h"
#include "postern_seal.h"


#define MFA_ACCOUNT_VERSION  1
#define MFA_PERIOD_MAX       3600    /* seconds of a TOTP step */


/*
 * Only Postern writes accounts, and what reads otherwise is not used at all:
 * half an account would be one with fewer factors.
 */

typedef struct {
    postern_str_t            text;
    const postern_alloc_t   *alloc;
    postern_error_t         *err;
} mfa_account_reader_t;

typedef postern_json_at_t  mfa_at_t;


static int mfa_read_document(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a);
static int mfa_read_version(mfa_account_reader_t *p, const json_t *json);
static int mfa_read_owner(mfa_account_reader_t *p, const json_t *json,
    const char *name, postern_str_t want);
static int mfa_read_password(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a);
static int mfa_read_factors(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a);
static int mfa_read_otps(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *factors, const char *kind, mfa_account_otp_t *otps,
    unsigned *notps);
static int mfa_read_otp(mfa_account_reader_t *p, const mfa_at_t *at,
    const json_t *json, int hotp, mfa_account_otp_t *otp);
static int mfa_read_otp_kind(mfa_account_reader_t *p, const mfa_at_t *at,
    const json_t *json, int hotp, mfa_account_otp_t *otp);
static int mfa_read_ids(mfa_account_reader_t *p, const mfa_account_t *a);
static int mfa_read_hashes(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, unsigned max, postern_str_t *hashes,
    unsigned *n);
static int mfa_read_counters(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a);
static int mfa_read_id(mfa_account_reader_t *p, const mfa_at_t *at,
    postern_json_part_e part, postern_str_t id, postern_str_t *copy);
static int mfa_read_string(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, size_t max, postern_str_t *s);
static int mfa_read_number(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, json_int_t max, int64_t *number);
static int mfa_read_array(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, unsigned max, const json_t **array);
static int mfa_read_members(mfa_account_reader_t *p, const mfa_at_t *at,
    const json_t *object, const char *const *members);
static int mfa_read_keep(mfa_account_reader_t *p, postern_str_t s,
    postern_str_t *copy);
static int mfa_read_fault(mfa_account_reader_t *p, const mfa_at_t *at,
    postern_json_part_e part, const char *text);


int
mfa_account_parse(postern_str_t text, postern_str_t org, postern_str_t user,
    const postern_alloc_t *alloc, mfa_account_t *account, postern_error_t *err)
{
    int                   rc;
    json_t               *json;
    mfa_account_reader_t  p = { text, alloc, err };

    memset(err, 0, sizeof(postern_error_t));
    memset(account, 0, sizeof(mfa_account_t));

    if (mfa_read_keep(&p, org, &account->org) != 0
        || mfa_read_keep(&p, user, &account->user) != 0)
    {
        return -1;
    }

    if (text.data == NULL) {
        return 0;
    }

    if (text.len > MFA_ACCOUNT_MAX) {
        snprintf(err->text, sizeof(err->text),
                 "the account is longer than %d bytes", MFA_ACCOUNT_MAX);
        return -1;
    }

    json = postern_json_load(text, err);
    if (json == NULL) {
        return -1;
    }

    rc = mfa_read_document(&p, json, account);

    json_decref(json);

    if (rc != 0) {
        memset(account, 0, sizeof(mfa_account_t));
    }

    return rc;
}


static int
mfa_read_document(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a)
{
    static const char *const  members[] = {
        "version", "org", "user", "password", "password_time", "password_over",
        "factors", "recovery_time", "recovery_used", "counters", NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return mfa_read_fault(p, NULL, POSTERN_JSON_VALUE,
                              "must be an object");
    }

    if (mfa_read_version(p, json) != 0
        || mfa_read_members(p, NULL, json, members) != 0
        || mfa_read_owner(p, json, "org", a->org) != 0
        || mfa_read_owner(p, json, "user", a->user) != 0
        || mfa_read_password(p, json, a) != 0
        || mfa_read_factors(p, json, a) != 0
        || mfa_read_number(p, NULL, json, "recovery_time", INT64_MAX,
                           &a->recovery_time)
           != 0
        || mfa_read_hashes(p, NULL, json, "recovery_used", MFA_ACCOUNT_USED,
                           a->recovery_used, &a->nused)
           != 0)
    {
        return -1;
    }

    return mfa_read_counters(p, json, a);
}


/* first of all: a later version may have members that this one does not know */

static int
mfa_read_version(mfa_account_reader_t *p, const json_t *json)
{
    mfa_at_t       at = { NULL, "version", 0 };
    const json_t  *value;

    value = json_object_get(json, "version");

    if (value == NULL) {
        return mfa_read_fault(p, NULL, POSTERN_JSON_VALUE,
                              "the member \"version\" is missing");
    }

    if (!postern_json_is(value, JSON_INTEGER)
        || json_integer_value(value) != MFA_ACCOUNT_VERSION)
    {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "must be 1, the only one that is known here");
    }

    return 0;
}


/* a record that was put in another's place is nobody's */

static int
mfa_read_owner(mfa_account_reader_t *p, const json_t *json, const char *name,
    postern_str_t want)
{
    mfa_at_t       at = { NULL, name, 0 };
    const json_t  *value;
    postern_str_t  s;

    value = json_object_get(json, name);

    if (value == NULL) {
        return mfa_read_fault(p, NULL, POSTERN_JSON_VALUE,
                              "the members \"org\" and \"user\" say whose "
                              "account it is: one is missing");
    }

    s.data = (const unsigned char *) json_string_value(value);
    s.len = json_string_length(value);

    if (!postern_json_is(value, JSON_STRING) || !postern_str_eq(s, want)) {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "is not whom this account was stored for");
    }

    return 0;
}


static int
mfa_read_password(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a)
{
    size_t            i;
    mfa_at_t          at = { NULL, "password", 0 };
    mfa_at_t          over = { NULL, "password_over", 0 };
    postern_argon2_t  hash;

    if (mfa_read_string(p, NULL, json, "password", MFA_HASH_TEXT - 1,
                        &a->password)
        != 0
        || mfa_read_string(p, NULL, json, "password_over", MFA_ACCOUNT_OVER,
                           &a->password_over)
           != 0
        || mfa_read_number(p, NULL, json, "password_time", INT64_MAX,
                           &a->password_time)
           != 0)
    {
        return -1;
    }

    if (a->password.data && postern_argon2_parse(a->password, &hash) != 0) {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "is not a whole Argon2id hash");
    }

    if ((a->password.data == NULL) != (a->password_over.data == NULL)) {
        return mfa_read_fault(p, NULL, POSTERN_JSON_VALUE,
                              "has \"password\" or \"password_over\" without "
                              "the other");
    }

    if (a->password_over.data == NULL) {
        return 0;
    }

    for (i = 0; i < a->password_over.len; i++) {
        if (strchr("0123456789abcdef", a->password_over.data[i]) == NULL) {
            break;
        }
    }

    if (i != a->password_over.len || i != MFA_ACCOUNT_OVER) {
        return mfa_read_fault(p, &over, POSTERN_JSON_VALUE,
                              "must be 32 digits, 0-9 and a-f");
    }

    return 0;
}


static int
mfa_read_factors(mfa_account_reader_t *p, const json_t *json, mfa_account_t *a)
{
    mfa_at_t       at = { NULL, "factors", 0 };
    const json_t  *factors;

    static const char *const  members[] = { "totp", "hotp", "recovery", NULL };

    factors = json_object_get(json, "factors");

    if (factors == NULL) {
        return 0;
    }

    if (!postern_json_is(factors, JSON_OBJECT)) {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE, "must be an object");
    }

    if (mfa_read_members(p, &at, factors, members) != 0
        || mfa_read_otps(p, &at, factors, "totp", a->totp, &a->ntotp) != 0
        || mfa_read_otps(p, &at, factors, "hotp", a->hotp, &a->nhotp) != 0
        || mfa_read_hashes(p, &at, factors, "recovery", MFA_ACCOUNT_RECOVERY,
                           a->recovery, &a->nrecovery)
           != 0)
    {
        return -1;
    }

    return mfa_read_ids(p, a);
}


static int
mfa_read_otps(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *factors, const char *kind, mfa_account_otp_t *otps,
    unsigned *notps)
{
    int            hotp;
    mfa_at_t       here = { up, kind, 0 };
    mfa_at_t       at = { &here, NULL, 0 };
    const json_t  *array;

    if (mfa_read_array(p, up, factors, kind, MFA_ACCOUNT_OTPS, &array) != 0) {
        return -1;
    }

    hotp = kind[0] == 'h';

    for ( /* void */ ; at.index < json_array_size(array); at.index++) {
        if (mfa_read_otp(p, &at, json_array_get(array, at.index), hotp,
                         &otps[at.index])
            != 0)
        {
            return -1;
        }
    }

    *notps = (unsigned) at.index;

    return 0;
}


static int
mfa_read_otp(mfa_account_reader_t *p, const mfa_at_t *at, const json_t *json,
    int hotp, mfa_account_otp_t *otp)
{
    mfa_at_t       secret = { at, "secret", 0 };
    mfa_at_t       here = { at, "id", 0 };
    postern_str_t  id = postern_null_string;

    static const char *const  totp_members[] = {
        "id", "name", "secret", "algorithm", "digits", "period", "time", NULL
    };
    static const char *const  hotp_members[] = {
        "id", "name", "secret", "algorithm", "digits", "counter", "time", NULL
    };

    if (!postern_json_is(json, JSON_OBJECT)) {
        return mfa_read_fault(p, at, POSTERN_JSON_VALUE, "must be an object");
    }

    if (mfa_read_members(p, at, json, hotp ? hotp_members : totp_members) != 0
        || mfa_read_string(p, at, json, "id", MFA_OTP_ID, &id) != 0
        || mfa_read_string(p, at, json, "name", MFA_OTP_NAME, &otp->name) != 0
        || mfa_read_string(p, at, json, "secret", POSTERN_SEALED_MAX,
                           &otp->secret)
           != 0
        || mfa_read_number(p, at, json, "time", INT64_MAX, &otp->time) != 0)
    {
        return -1;
    }

    if (id.data == NULL || otp->secret.data == NULL) {
        return mfa_read_fault(p, at, POSTERN_JSON_VALUE,
                              "must have an \"id\" and a \"secret\"");
    }

    if (otp->secret.len < 7 || memcmp(otp->secret.data, "sealed:", 7) != 0) {
        return mfa_read_fault(p, &secret, POSTERN_JSON_VALUE,
                              "must be sealed: \"sealed:...\"");
    }

    /* shorter ones are those of the directory: "d0" */

    if (id.len < MFA_OTP_ID_MIN) {
        return mfa_read_fault(p, &here, POSTERN_JSON_VALUE, "is too short");
    }

    if (mfa_read_id(p, &here, POSTERN_JSON_VALUE, id, &otp->id) != 0) {
        return -1;
    }

    return mfa_read_otp_kind(p, at, json, hotp, otp);
}


static int
mfa_read_otp_kind(mfa_account_reader_t *p, const mfa_at_t *at,
    const json_t *json, int hotp, mfa_account_otp_t *otp)
{
    int64_t        digits, period, counter;
    mfa_at_t       here = { at, "algorithm", 0 };
    postern_str_t  hash = postern_string("sha1");

    digits = 6;
    period = hotp ? 0 : 30;
    counter = 0;

    if (mfa_read_string(p, at, json, "algorithm", 16, &hash) != 0
        || mfa_read_number(p, at, json, "digits", MFA_OTP_DIGITS_MAX, &digits)
           != 0
        || mfa_read_number(p, at, json, "period", MFA_PERIOD_MAX, &period) != 0
        || mfa_read_number(p, at, json, "counter", INT64_MAX, &counter) != 0)
    {
        return -1;
    }

    if (postern_str_is(hash, "sha1")) {
        otp->otp.hash = POSTERN_OTP_SHA1;

    } else if (postern_str_is(hash, "sha256")) {
        otp->otp.hash = POSTERN_OTP_SHA256;

    } else if (postern_str_is(hash, "sha512")) {
        otp->otp.hash = POSTERN_OTP_SHA512;

    } else {
        return mfa_read_fault(p, &here, POSTERN_JSON_VALUE,
                              "must be \"sha1\", \"sha256\" or \"sha512\"");
    }

    if (digits != 6 && digits != 8) {
        here.member = "digits";
        return mfa_read_fault(p, &here, POSTERN_JSON_VALUE, "must be 6 or 8");
    }

    if (period == 0 && !hotp) {
        here.member = "period";
        return mfa_read_fault(p, &here, POSTERN_JSON_VALUE,
                              "must be at least 1");
    }

    otp->otp.digits = (unsigned) digits;
    otp->otp.period = (unsigned) period;
    otp->counter = (uint64_t) counter;

    return 0;
}


/* what was used under an id must not count for another */

static int
mfa_read_ids(mfa_account_reader_t *p, const mfa_account_t *a)
{
    unsigned       i, j, n;
    mfa_at_t       at = { NULL, "factors", 0 };
    postern_str_t  ids[2 * MFA_ACCOUNT_OTPS];

    n = 0;

    for (i = 0; i < a->ntotp; i++) {
        ids[n++] = a->totp[i].id;
    }

    for (i = 0; i < a->nhotp; i++) {
        ids[n++] = a->hotp[i].id;
    }

    for (i = 1; i < n; i++) {
        for (j = 0; j < i; j++) {
            if (postern_str_eq(ids[i], ids[j])) {
                return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                                      "holds two authenticators of one id");
            }
        }
    }

    return 0;
}


static int
mfa_read_hashes(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, unsigned max, postern_str_t *hashes,
    unsigned *n)
{
    mfa_at_t           here = { up, name, 0 };
    mfa_at_t           at = { &here, NULL, 0 };
    const json_t      *array, *value;
    postern_str_t      s;
    postern_argon2_t   hash;

    if (mfa_read_array(p, up, object, name, max, &array) != 0) {
        return -1;
    }

    for ( /* void */ ; at.index < json_array_size(array); at.index++) {
        value = json_array_get(array, at.index);

        s.data = (const unsigned char *) json_string_value(value);
        s.len = json_string_length(value);

        if (!postern_json_is(value, JSON_STRING)
            || postern_argon2_parse(s, &hash) != 0)
        {
            return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                                  "is not a whole Argon2id hash");
        }

        if (mfa_read_keep(p, s, &hashes[at.index]) != 0) {
            return -1;
        }
    }

    *n = (unsigned) at.index;

    return 0;
}


static int
mfa_read_counters(mfa_account_reader_t *p, const json_t *json,
    mfa_account_t *a)
{
    void                   *iter;
    json_t                 *object;
    int64_t                 number;
    mfa_at_t                here = { NULL, "counters", 0 };
    mfa_at_t                at = { &here, NULL, 0 };
    postern_str_t           id;
    mfa_account_counter_t  *counter;

    object = json_object_get(json, "counters");

    if (object == NULL) {
        return 0;
    }

    if (!postern_json_is(object, JSON_OBJECT)
        || json_object_size(object) > MFA_ACCOUNT_COUNTERS)
    {
        return mfa_read_fault(p, &here, POSTERN_JSON_VALUE,
                              "must be an object of at most 16 members");
    }

    for (iter = json_object_iter(object);
         iter;
         iter = json_object_iter_next(object, iter))
    {
        at.member = json_object_iter_key(iter);
        id.data = (const unsigned char *) at.member;
        id.len = strlen(at.member);
        counter = &a->counters[a->ncounters];
        number = 0;

        if (mfa_read_id(p, &at, POSTERN_JSON_NAME, id, &counter->id) != 0
            || mfa_read_number(p, &here, object, at.member, INT64_MAX, &number)
               != 0)
        {
            return -1;
        }

        counter->counter = (uint64_t) number;
        a->ncounters++;
    }

    return 0;
}


static int
mfa_read_id(mfa_account_reader_t *p, const mfa_at_t *at,
    postern_json_part_e part, postern_str_t id, postern_str_t *copy)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            break;
        }
    }

    if (id.len == 0 || id.len > MFA_OTP_ID || i != id.len) {
        return mfa_read_fault(p, at, part,
                              "an id has 1 to 16 characters, a-z and 0-9");
    }

    return mfa_read_keep(p, id, copy);
}


/* text without control characters, from 1 byte to max; absent stays as it is */

static int
mfa_read_string(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, size_t max, postern_str_t *s)
{
    size_t         i;
    mfa_at_t       at = { up, name, 0 };
    const json_t  *value;
    postern_str_t  text;

    value = json_object_get(object, name);

    if (value == NULL) {
        return 0;
    }

    text.data = (const unsigned char *) json_string_value(value);
    text.len = json_string_length(value);

    if (!postern_json_is(value, JSON_STRING) || text.len == 0
        || text.len > max)
    {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "must be a string, neither empty nor too long");
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f
            || (text.data[i] == 0xc2 && text.data[i + 1] < 0xa0))
        {
            return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                                  "holds a control character");
        }
    }

    return mfa_read_keep(p, text, s);
}


static int
mfa_read_number(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, json_int_t max, int64_t *number)
{
    mfa_at_t       at = { up, name, 0 };
    const json_t  *value;

    value = json_object_get(object, name);

    if (value == NULL) {
        return 0;
    }

    if (!postern_json_is(value, JSON_INTEGER) || json_integer_value(value) < 0
        || json_integer_value(value) > max)
    {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "must be a whole number within its limits");
    }

    *number = json_integer_value(value);

    return 0;
}


static int
mfa_read_array(mfa_account_reader_t *p, const mfa_at_t *up,
    const json_t *object, const char *name, unsigned max, const json_t **array)
{
    mfa_at_t  at = { up, name, 0 };

    *array = json_object_get(object, name);

    if (*array && (!postern_json_is(*array, JSON_ARRAY)
                   || json_array_size(*array) > max))
    {
        return mfa_read_fault(p, &at, POSTERN_JSON_VALUE,
                              "must be an array, and not too long");
    }

    return 0;
}


static int
mfa_read_members(mfa_account_reader_t *p, const mfa_at_t *at,
    const json_t *object, const char *const *members)
{
    void               *iter;
    mfa_at_t            member = { at, NULL, 0 };
    const char *const  *known;

    for (iter = json_object_iter((json_t *) object);
         iter;
         iter = json_object_iter_next((json_t *) object, iter))
    {
        member.member = json_object_iter_key(iter);

        for (known = members; *known; known++) {
            if (strcmp(*known, member.member) == 0) {
                break;
            }
        }

        if (*known == NULL) {
            return mfa_read_fault(p, &member, POSTERN_JSON_NAME,
                                  "unknown member");
        }
    }

    return 0;
}


static int
mfa_read_keep(mfa_account_reader_t *p, postern_str_t s, postern_str_t *copy)
{
    unsigned char  *data;

    data = postern_alloc(p->alloc, s.len + 1);

    if (data == NULL) {
        memset(p->err, 0, sizeof(postern_error_t));
        snprintf(p->err->text, sizeof(p->err->text), "out of memory");
        return -1;
    }

    /* nothing empty is kept */

    if (POSTERN_ALWAYS(s.len != 0)) {
        memcpy(data, s.data, s.len);
    }

    data[s.len] = '\0';

    copy->data = data;
    copy->len = s.len;

    return 0;
}


static int
mfa_read_fault(mfa_account_reader_t *p, const mfa_at_t *at,
    postern_json_part_e part, const char *text)
{
    int               rc;
    postern_error_t  *err;

    err = p->err;

    snprintf(err->text, sizeof(err->text), "%s", text);
    postern_json_path(at, err->path, sizeof(err->path));

    rc = postern_json_locate(p->text, at, part, &err->line, &err->column);

    /* jansson found it there */

    if (POSTERN_NEVER(rc != 0)) {
        err->line = 0;
        err->column = 0;
    }

    return -1;
}
