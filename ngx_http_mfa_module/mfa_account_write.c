
#include <jansson.h>

#include "mfa_account.h"


static json_t *mfa_write_document(const mfa_account_t *account);
static int mfa_write_factors(json_t *document, const mfa_account_t *account);
static int mfa_write_otps(json_t *factors, const char *kind,
    const mfa_account_otp_t *otps, unsigned n);
static int mfa_write_hashes(json_t *object, const char *name,
    const postern_str_t *hashes, unsigned n);
static int mfa_write_counters(json_t *document, const mfa_account_t *account);
static int mfa_write_string(json_t *object, const char *name, postern_str_t s);
static int mfa_write_number(json_t *object, const char *name, int64_t number);


postern_str_t
mfa_account_write(const mfa_account_t *account, const postern_alloc_t *alloc)
{
    char           *data;
    size_t          len;
    json_t         *json;
    postern_str_t   text = postern_null_string;

    json = mfa_write_document(account);
    if (json == NULL) {
        return text;
    }

    len = json_dumpb(json, NULL, 0, JSON_COMPACT);

    /* 0: out of memory */

    if (len > 0 && len <= MFA_ACCOUNT_MAX) {
        data = postern_alloc(alloc, len);

        if (data && json_dumpb(json, data, len, JSON_COMPACT) == len) {
            text.data = (unsigned char *) data;
            text.len = len;
        }
    }

    json_decref(json);

    return text;
}


/* what is absent, empty or 0 is left out */

static json_t *
mfa_write_document(const mfa_account_t *a)
{
    json_t  *json;

    json = json_object();

    if (mfa_write_number(json, "version", 1) != 0
        || mfa_write_string(json, "org", a->org) != 0
        || mfa_write_string(json, "user", a->user) != 0
        || mfa_write_string(json, "password", a->password) != 0
        || mfa_write_number(json, "password_time", a->password_time) != 0
        || mfa_write_string(json, "password_over", a->password_over) != 0
        || mfa_write_factors(json, a) != 0
        || mfa_write_number(json, "recovery_time", a->recovery_time) != 0
        || mfa_write_hashes(json, "recovery_used", a->recovery_used, a->nused)
           != 0
        || mfa_write_counters(json, a) != 0)
    {
        json_decref(json);
        return NULL;
    }

    return json;
}


static int
mfa_write_factors(json_t *document, const mfa_account_t *a)
{
    json_t  *factors;

    if (a->ntotp + a->nhotp + a->nrecovery == 0) {
        return 0;
    }

    factors = json_object();

    if (json_object_set_new(document, "factors", factors) != 0
        || mfa_write_otps(factors, "totp", a->totp, a->ntotp) != 0
        || mfa_write_otps(factors, "hotp", a->hotp, a->nhotp) != 0)
    {
        return -1;
    }

    return mfa_write_hashes(factors, "recovery", a->recovery, a->nrecovery);
}


static int
mfa_write_otps(json_t *factors, const char *kind,
    const mfa_account_otp_t *otps, unsigned n)
{
    json_t         *array, *json;
    unsigned        i;
    postern_str_t   hash;

    static const postern_str_t  hashes[] = {
        postern_string("sha1"),
        postern_string("sha256"),
        postern_string("sha512")
    };

    if (n == 0) {
        return 0;
    }

    array = json_array();

    if (json_object_set_new(factors, kind, array) != 0) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        hash = hashes[otps[i].otp.hash];
        json = json_object();

        if (json_array_append_new(array, json) != 0
            || mfa_write_string(json, "id", otps[i].id) != 0
            || mfa_write_string(json, "name", otps[i].name) != 0
            || mfa_write_string(json, "secret", otps[i].secret) != 0
            || mfa_write_string(json, "algorithm", hash) != 0
            || mfa_write_number(json, "digits", otps[i].otp.digits) != 0
            || mfa_write_number(json, "period", otps[i].otp.period) != 0
            || mfa_write_number(json, "counter", (int64_t) otps[i].counter)
               != 0
            || mfa_write_number(json, "time", otps[i].time) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
mfa_write_hashes(json_t *object, const char *name,
    const postern_str_t *hashes, unsigned n)
{
    json_t    *array, *hash;
    unsigned   i;

    if (n == 0) {
        return 0;
    }

    array = json_array();

    if (json_object_set_new(object, name, array) != 0) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        hash = json_stringn((const char *) hashes[i].data, hashes[i].len);

        if (json_array_append_new(array, hash) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
mfa_write_counters(json_t *document, const mfa_account_t *a)
{
    char      id[MFA_OTP_ID + 1];
    json_t   *object;
    unsigned  i;

    if (a->ncounters == 0) {
        return 0;
    }

    object = json_object();

    if (json_object_set_new(document, "counters", object) != 0) {
        return -1;
    }

    for (i = 0; i < a->ncounters; i++) {
        if (a->counters[i].id.len > MFA_OTP_ID
            || a->counters[i].counter > INT64_MAX)
        {
            return -1;
        }

        memcpy(id, a->counters[i].id.data, a->counters[i].id.len);
        id[a->counters[i].id.len] = '\0';

        if (json_object_set_new(object, id,
                         json_integer((json_int_t) a->counters[i].counter))
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
mfa_write_string(json_t *object, const char *name, postern_str_t s)
{
    if (s.len == 0) {
        return 0;
    }

    return json_object_set_new(object, name,
                               json_stringn((const char *) s.data, s.len));
}


static int
mfa_write_number(json_t *object, const char *name, int64_t number)
{
    if (number == 0) {
        return 0;
    }

    /* what would not be read again is not written */

    if (number < 0) {
        return -1;
    }

    return json_object_set_new(object, name, json_integer(number));
}
